"""Doubles that are rounded once more: against exact fractions, and mpmath."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt
import pytest

import chainrule
from chainrule.expr.nodes import Expr, Symbol
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import format_named
from chainrule.floats.inputs import every
from chainrule.precise.round_to_odd import sticky
from chainrule.program.lower import lower
from fractional import fraction, nearest

X = Symbol("x")
DOUBLE = format_named("float64")


def doubles(expr: Expr, x: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    [found] = evaluate(lower([expr], [X], FUNCTIONS), [x.astype(np.float64)], DOUBLE)
    return found


EXACT = {
    "6*x - 6*x^2": lambda x: 6 * x - 6 * x**2,
    "1/3 + x/5": lambda x: Fraction(1, 3) + x / 5,
    "(x - 3*x^3)/(1 + x^2)": lambda x: (x - 3 * x**3) / (1 + x**2),
    "x*(3/2 + x)*|x - 1|": lambda x: x * (Fraction(3, 2) + x) * abs(x - 1),
}
"""Formulas, and the same in exact arithmetic."""
WRONG_WITHOUT = {("6*x - 6*x^2", "bfloat16"), ("x*(3/2 + x)*|x - 1|", "bfloat16")}
"""Where the double itself, rounded, is wrong somewhere."""


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("formula", EXACT)
def test_rounded_again_it_is_the_nearest(formula: str, dtype: str) -> None:
    fmt, expr = format_named(dtype), chainrule.parse(formula)
    x = every(fmt)
    size = np.abs(x.astype(np.float64))
    x = x[(size < 2.0**20) & (size > 2.0**-90)][::7]
    exact = [nearest(EXACT[formula](Fraction(float(value))), fmt) for value in x]
    assert fmt.rounded(doubles(sticky(expr), x)).astype(np.float64).tolist() == exact
    plain = fmt.rounded(doubles(expr, x)).astype(np.float64).tolist()
    assert (plain != exact) == ((formula, dtype) in WRONG_WITHOUT)


def test_it_moves_by_one_double_and_only_from_a_short_number() -> None:
    x = np.array([1.0, 1.5, 2.0**-80, 1 + 2.0**-30])
    for rest, towards in ((Fraction(1, 2**200), np.inf), (-Fraction(1, 2**200), -np.inf)):
        found = doubles(sticky(chainrule.parse(f"x*(1 + {rest.numerator}*2^-200)")), x)
        wanted = np.nextafter(x, towards)
        wanted[3] = x[3]
        assert found.tolist() == wanted.tolist()
    # What is exact stays, be it 0 or a tie.
    assert doubles(sticky(chainrule.parse("x/2 - x^2")), np.array([0.5, 3.0])).tolist() == [0, -7.5]


def test_functions_to_twice_the_precision() -> None:
    """The slope of a Mexican hat is next to -3x, the middle of two bfloat16 at every other x."""
    fmt, expr = format_named("bfloat16"), chainrule.parse("x*exp(-x^2/2)*(x^2 - 3)")
    x = every(fmt)
    x = x[(x > 2.0**-30) & (x < 2.0**-20)]
    with mpmath.workdps(60):
        exact = [
            mpmath.mpf(v) * mpmath.exp(-(mpmath.mpf(v) ** 2) / 2) * (mpmath.mpf(v) ** 2 - 3)
            for v in x.astype(float)
        ]
        wanted = [nearest(fraction(value), fmt) for value in exact]
    assert fmt.rounded(doubles(sticky(expr, 7), x)).astype(float).tolist() == wanted
    assert fmt.rounded(doubles(expr, x)).astype(float).tolist() != wanted
