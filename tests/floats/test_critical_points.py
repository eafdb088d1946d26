"""Places: where values change their kind, and where they dip."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule
from chainrule.expr.nodes import Symbol
from chainrule.floats.critical_points import MOST_OF_A_VALUE, places
from chainrule.floats.evaluate import FUNCTIONS
from chainrule.floats.formats import format_named
from chainrule.floats.inputs import stratified, usual
from chainrule.floats.positions import at
from chainrule.program.lower import lower

X = Symbol("x")


def found(formula: str, dtype: str = "float32") -> list[float]:
    fmt, work = format_named(dtype), format_named("float64")
    sample = np.concatenate([stratified(fmt, 3_000), usual(fmt, 3_000)])
    program = lower([chainrule.parse(formula)], [X], FUNCTIONS)
    return [float(x) for x in at(places(program, [], sample, fmt, work), fmt)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_change_of_sign(dtype: str) -> None:
    """x - 0.7 is 0 between two neighbours."""
    fmt = format_named(dtype)
    root = float(np.asarray(0.7, fmt.dtype))
    assert any(
        abs(x - root) <= np.spacing(np.asarray(root, fmt.dtype)) for x in found("x - 0.7", dtype)
    )


@pytest.mark.parametrize("formula", ["1 + cos(x)", "x + 10 + (1 + cos(x))*e^x"])
def test_a_dip(formula: str) -> None:
    """Next to the odd multiples of pi 1 + cos x is next to nothing, and never below."""
    places_ = found(formula)
    for k in (1, 3, 5):
        assert min(abs(x - k * np.pi) for x in places_) < 1e-6


def test_what_is_no_dip() -> None:
    """The least value of cosh is 1."""
    assert not [x for x in found("cosh(x) + 3") if 0.5 < abs(x) < 50]


def test_a_long_program_has_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """From one end to the other."""
    many = found("x^9 - x")
    monkeypatch.setattr("chainrule.floats.critical_points.OPERATIONS", 1)
    few = found("x^9 - x")
    assert len(few) == MOST_OF_A_VALUE < len(many)
    assert (few[0], few[-1]) == (many[0], many[-1])
