"""Between which numbers values lie: what is proved, and what is not."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

import chainrule
from chainrule.elementary.approximations import BOUNDED
from chainrule.errors import InputError
from chainrule.expr.nodes import Symbol
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import format_named
from chainrule.program.inlining import prepared
from chainrule.program.lower import lower
from chainrule.program.ranges import ranges

X = Symbol("x")
RANGES = [
    ("x", (-inf, inf)),
    ("|x|", (0, inf)),
    ("max(x, -3)", (-3, inf)),
    ("min(max(x, -3), 5) - 2", (-5, 3)),
    ("-2 min(|x|, 4)", (-8, 0)),
    ("{x < 1: 1, else: x}", (1, inf)),
    ("{x > 1: 1, else: x}", (-inf, 1)),
    ("{1 <= x: 7, else: x}", (-inf, 7)),
    ("{2 < |x|: 2, else: |x|} * 3", (0, 6)),
    ("x * x", (-inf, inf)),
    ("e^x", (-inf, inf)),
]


@pytest.mark.parametrize(("formula", "expected"), RANGES)
def test_ranges(formula: str, expected: tuple[float, float]) -> None:
    program = lower([chainrule.parse(formula)], [X], FUNCTIONS)
    [output] = program.outputs
    low, high = ranges(program)[output]
    assert (low, high) == expected
    double = format_named("float64")
    with np.errstate(all="ignore"):
        [values] = evaluate(program, [np.linspace(-20, 20, 4_001)], double)
    assert ((values >= low) & (values <= high)).all()


@pytest.mark.parametrize(
    ("formula", "bounded"),
    [
        ("expm1(min(max(x, -600), 44))", True),
        ("expm1(2 min(|x|, 22))", True),
        ("expm1(min(x, 44))", False),
        ("expm1(-|x|)", False),
        ("expm1(min(|x|, 701))", False),
    ],
)
def test_exponentials_of_what_cannot_be_large(formula: str, bounded: bool) -> None:
    program = lower([chainrule.parse(formula)], [X], FUNCTIONS)
    called = {operation for operation, _ in prepared(program, "short").code}
    assert (BOUNDED["expm1"] in called) is bounded
    assert ("expm1" in called) is not bounded
    # Only with short functions there is another program.
    assert "expm1" in {operation for operation, _ in prepared(program, "double").code}


def test_a_number_that_no_double_holds_is_named() -> None:
    with pytest.raises(InputError, match="is no number that float64 has"):
        chainrule.code("10^400*x*sigmoid(x)", target="numba")
