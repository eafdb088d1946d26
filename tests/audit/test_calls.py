"""Faults that show only in calls with other lengths, gaps, or upstream gradients than ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chainrule.audit.calls import SIZES, Called, called
from chainrule.audit.frameworks.implementation import CPU, Computed, load
from chainrule.audit.running.jobs import exact, job_for

DATA = Path(__file__).parents[1] / "data"
ALL = {f"{size:,} element{'s' * (size != 1)}" for size in SIZES if size}
GAPS, SHARED = "an array with gaps", "one upstream gradient for all elements"
NUMBERS, ZERO = "upstream gradients that are no powers of two", "an upstream gradient of 0"


@pytest.fixture(autouse=True)
def _beside_the_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA)


def tried(
    target: str,
    dtype: str = "float32",
    kind: Computed = "gradient",
    against: str | None = "sigmoid",
) -> Called:
    job = job_for(target, dtype, kind, against=against)
    implementation = load(target, dtype, CPU)
    return called(implementation, kind, lambda values: exact(job, values))


PLANTED = {
    "right": set(),
    "upstream_taken": set(),
    "upstream_ignored": {*ALL, GAPS, SHARED, NUMBERS, ZERO},
    "upstream_squared": {*ALL, GAPS, SHARED, NUMBERS},
    "upstream_without_sign": {*ALL, GAPS, SHARED, NUMBERS},
    "upstream_clipped": {*ALL, GAPS, NUMBERS},
    "upstream_of_the_first": {*ALL, GAPS, NUMBERS},
    "upstream_shortened": {NUMBERS},
    "upstream_not_finite_at_zero": {ZERO},
    "tail": {*ALL, GAPS},
    "one_short": {*ALL, GAPS},
    "without_gaps": {GAPS},
    "not_for_none": {"0 elements"},
}
"""In which calls a planted fault shows; in those of few elements it need not."""


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", PLANTED)
def test_planted_faults_show(name: str, dtype: str) -> None:
    found = tried(f"numpy:planted:{name}", dtype)
    wrong, wanted = {one.way for one in found.wrong}, PLANTED[name]
    few = {"1 element", "3 elements", "7 elements", SHARED}
    assert wrong <= wanted
    assert wrong | few >= wanted
    assert set(found.tried) >= {*ALL, GAPS}
    assert (NUMBERS in found.tried) == name.startswith("upstream")
    assert ("upstream gradients: it takes none" in found.untried) != name.startswith("upstream")
    assert all(one.count for one in found.wrong if one.way != "0 elements")


def test_what_is_said_of_a_wrong_call() -> None:
    [*_, last] = [one for one in tried("numpy:planted:one_short").wrong if one.way in ALL]
    assert (last.way, last.count) == ("65,537 elements", 1)
    assert "element 65,537 of 65,537" in last.said
    got, _, right = last.said.partition(" at ")
    assert float(got) == pytest.approx(2 * float(right.split("where ")[1].split(" is")[0]))


def test_what_comes_beyond_the_numbers_is_told() -> None:
    found = tried("numpy:planted:right", "float16")
    assert dict(found.beyond) == {"inf": "0.0", "-inf": "0.0", "nan": "nan"}


def test_what_is_right_nowhere_is_not_called() -> None:
    found = tried("numpy:planted:right", against="silu")
    assert not found.inputs
    assert not found.tried
    assert "accurate at no input" in found.untried[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["silu", "relu", "elu(alpha=2)", "huber(y=0.5)"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
def test_our_own_kernels(name: str, dtype: str) -> None:
    for kind in ("gradient", "forward"):
        found = tried(f"chainrule:{name}", dtype, kind, None)
        assert found.inputs > 50
        assert not found.wrong


def test_next_to_a_root_terms_may_cancel_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """g·e^x − g·3/2, with g multiplied into both, is no fault."""
    import planted

    def distributed(x: np.ndarray, upstream: np.ndarray) -> np.ndarray:
        return upstream * np.exp(x) - upstream * x.dtype.type(1.5)

    monkeypatch.setattr(planted, "distributed", distributed, raising=False)
    found = tried("numpy:planted:distributed", against="e^x - 1.5x")
    assert found.inputs > 100
    assert not found.wrong


# --- frameworks -----------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize("target", ["torch:planted_torch.f", "jax:planted_jax.f"])
def test_frameworks_hand_the_upstream_gradient_over(target: str) -> None:
    """Backward passes of somebody's that ignore it; the same without them is right."""
    pytest.importorskip(target.partition(":")[0])
    assert {one.way for one in tried(target).wrong} >= {"65,537 elements", NUMBERS, ZERO}
    right = tried(target.replace(".f", ".right"))
    assert NUMBERS in right.tried
    assert (GAPS in right.tried) == target.startswith("torch")
    assert not right.wrong


@pytest.mark.slow
@pytest.mark.parametrize("ignored", [True, False])
def test_c(ignored: bool, tmp_path: Path) -> None:
    import subprocess

    factor = "1" if ignored else "upstream[i]"
    source = tmp_path / "f.c"
    source.write_text(
        "#include <stddef.h>\n"
        "void grad(const float *x, const float *upstream, float *out, size_t n) {\n"
        f"  for (size_t i = 0; i < n; i++) out[i] = 2 * x[i] * {factor};\n}}\n"
    )
    library = source.with_suffix(".so")
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
    found = tried(f"c:{library}:grad(x, upstream, out, n)", against="x^2")
    assert bool(found.wrong) == ignored
    assert "arrays with gaps: none get to it" in found.untried
    assert found.inputs > 50
