"""Which faults are reported: a function's own, and none that a framework need not answer for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.audit.excuses import NEAR, at_limits, inexcusable, neighbours, right_nearby
from chainrule.audit.frameworks.implementation import Implementation, load
from chainrule.audit.running.jobs import Job, job_for, sweep_of
from chainrule.floats.formats import format_named
from chainrule.floats.positions import positions
from chainrule.floats.ulp import Truth
from chainrule.sweep import tally
from chainrule.sweep.tally import Tallies

DATA = Path(__file__).parents[1] / "data"
SINGLES = format_named("float32")


@pytest.fixture(autouse=True)
def _beside_the_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA)
    monkeypatch.setattr(sys, "path", list(sys.path))


def counted(job: Job, implementation: Implementation) -> Tallies:
    """The table of an audit, made in this process."""
    evaluate = implementation.gradient if job.kind == "gradient" else implementation.forward
    assert evaluate is not None
    sweep = sweep_of(job)
    return np.array([sweep.count(evaluate, a, b) for a, b in sweep.ranges.tolist()], tally.TALLY)


def shown(target: str, against: str, dtype: str, fault: str) -> float | None:
    job = job_for(target, dtype, "gradient", against=against)
    implementation = load(target, dtype)
    rows = counted(job, implementation)
    assert tally.merged(rows)["faults"][tally.KINDS.index(fault)] > 0
    return inexcusable(job, implementation, rows, fault)


def known(*values: float) -> Truth:
    high = np.array(values)
    sign = np.sign(np.nan_to_num(high)).astype(np.int8)
    return Truth(high, np.zeros(len(high)), sign, ~np.isnan(high))


# --- what stays -----------------------------------------------------------------------------------
def test_the_fault_nearest_to_1_is_shown() -> None:
    # From 8.5 to 20, where σ′ is between 2e-4 and 2e-9.
    assert shown("numpy:planted:early_zero", "sigmoid", "bfloat16", "early zero") == 8.5625


def test_a_wrong_sign_farther_from_the_root_than_its_neighbours_stays() -> None:
    # Within 2^-8 of the root: 16 numbers of float16, no more than one of bfloat16.
    at = shown("numpy:planted:wrong_sign", "silu", "float16", "wrong sign")
    assert at is not None
    assert abs(at + 1.2784645427610738) < 2.0**-8
    [place, root] = positions(np.float16([at, -1.2784645427610738]), format_named("float16"))
    assert abs(place - root) >= NEAR - 1
    assert shown("numpy:planted:wrong_sign", "silu", "bfloat16", "wrong sign") is None


# --- what is right for an input nearby ------------------------------------------------------------
def test_neighbours_end_with_the_format() -> None:
    steps = positions(neighbours(np.float32(1.0), SINGLES), SINGLES)
    assert steps.tolist() == [*range(steps[0], steps[0] + 2 * NEAR + 1)]
    assert neighbours(np.float32(SINGLES.largest), SINGLES)[-1] == np.float32(SINGLES.largest)
    assert len(neighbours(np.float32(SINGLES.largest), SINGLES)) == NEAR + 1
    assert np.signbit(neighbours(np.float32(0.0), SINGLES)).sum() == NEAR


@pytest.mark.parametrize(
    ("result", "around", "right"),
    [
        (0.0, (-1e-8, 2e-8), True),
        (0.0, (1e-8, 2e-8), False),
        (1.5e-8, (-1e-8, 2e-8), True),
        (3e-8, (-1e-8, 2e-8), False),
        (0.0, (np.nan, 0.0, 1.0), True),
        (np.inf, (1e38, 1e39), True),
        (-np.inf, (1e38, 1e39), False),
        (np.inf, (1e37, 1e38), False),
        (np.nan, (0.0, 1.0), False),
        (0.0, (np.nan, np.nan), False),
    ],
)
def test_a_result_between_exact_values(
    result: float, around: tuple[float, ...], right: bool
) -> None:
    assert right_nearby(np.float32(result), known(*around), SINGLES) is right


# --- at the limits of the format ------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fault", "x", "got", "exact", "excused"),
    [
        ("not finite", 1e38, np.nan, 1.0, True),
        ("not finite", 1e30, np.inf, 2e38, True),
        ("not finite", 1e30, np.inf, 1e30, False),
        ("not finite", 1e-40, np.nan, 1.0, False),
        ("early zero", -90.0, 0.0, -5e-38, True),
        ("early zero", -89.0, 0.0, -5e-37, False),
        ("early zero", 1e38, 0.0, 1.0, False),
        ("wrong sign", -100.0, 4e-44, -4e-42, True),
        ("wrong sign", -100.0, 4e-30, -4e-42, False),
    ],
)
def test_limits(fault: str, x: float, got: float, exact: float, excused: bool) -> None:
    values, results = np.float32([x]), np.float32([got])
    found = at_limits(fault, values, results, known(exact), SINGLES, flushes=False)
    assert found.tolist() == [excused]
    # Only where the framework takes it for 0 is a subnormal input an excuse.
    found = at_limits(fault, values, results, known(exact), SINGLES, flushes=True)
    assert found.tolist() == [excused or abs(x) < SINGLES.smallest_normal]


def _flushing(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        least = x.dtype.type(2.0**-126)
        return function(np.where(np.abs(x) < least, x.dtype.type(0), x))

    return run


def test_subnormal_inputs_of_who_flushes_them() -> None:
    job = job_for("chainrule:relu", "bfloat16", "gradient")
    own = load("chainrule:relu", "bfloat16")
    assert own.gradient is not None
    plain = replace(own, gradient=_flushing(own.gradient))
    rows = counted(job, plain)
    assert tally.merged(rows)["faults"][1] == 127
    # The largest of them, which is nearest to 1; that of either sign is as good.
    assert inexcusable(job, plain, rows, "early zero") == 127 * 2.0**-133
    assert inexcusable(job, replace(plain, flushes=True), rows, "early zero") is None
