"""What approximations are made of: operations whose shape is kept, and polynomials.

They are formulas in one letter, for one of three working precisions:

======== ============ ==============================================================
name     arithmetic   relative error
======== ============ ==============================================================
single   float32      about one unit in the last place of float32
short    float64      about 2^-33: for results that are rounded once, to float32 or less
double   float64      about 2^-51: the same where much cancels before the rounding
======== ============ ==============================================================

Two operations have no name in formulas. ``scaled(x, n + 1.5·2^52)``, in float32 with 2^23, is
x·2^n for a whole n and an x that is not 0, where neither leaves the range of normal numbers.
``exponent(x)`` is the k for which x·2^-k is between √½ and √2.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from chainrule.elementary.coefficients import COEFFICIENTS
from chainrule.expr.nodes import (
    MINUS_ONE,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Product,
    Sum,
    Symbol,
    call,
)

Working = Literal["library", "single", "short", "double"]
"""Whose elementary functions: the language's own library, or the ones here."""
ARGUMENT = Symbol("x")
PRIMITIVES = ("scaled", "exponent", "fma")
# Numbers added to and taken off again to round to a whole one: 1.5 times 2^52 or 2^23.
_ROUNDER = {"single": 1.5 * 2.0**23, "short": 1.5 * 2.0**52, "double": 1.5 * 2.0**52}


def number(value: float) -> Expr:
    return Number(Fraction(value))


def plus(*terms: Expr) -> Expr:
    return Sum(terms)


def minus(first: Expr, second: Expr) -> Expr:
    return Sum((first, Product((MINUS_ONE, second))))


def times(*factors: Expr) -> Expr:
    return Product(factors)


def negated(term: Expr) -> Expr:
    return Product((MINUS_ONE, term))


def choose(condition: Expr, then: Expr, otherwise: Expr) -> Expr:
    return Piecewise((then, condition, otherwise))


def less(first: Expr, second: Expr) -> Expr:
    return Comparison(("<",), (first, second))


def below(x: Expr, high: int) -> Expr:
    """x, but no more than a number; NaN stays NaN."""
    return choose(less(Number(high), x), Number(high), x)


def above(x: Expr, low: int) -> Expr:
    """x, but no less than a number; NaN stays NaN."""
    return choose(less(x, Number(low)), Number(low), x)


def within(low: int | None, x: Expr, high: int | None) -> Expr:
    """x, but not outside of an interval; NaN stays NaN."""
    x = x if high is None else below(x, high)
    return x if low is None else above(x, low)


def with_rounder(x: Expr, working: Working) -> Expr:
    """x next to a number so large that what is kept of x is the whole number next to it."""
    return plus(x, number(_ROUNDER[working]))


def without_rounder(lifted: Expr, working: Working) -> Expr:
    """The whole number itself."""
    return minus(lifted, number(_ROUNDER[working]))


def times_power(x: Expr, n: Expr, working: Working) -> Expr:
    """x·2^n for a whole n."""
    return call("scaled", x, with_rounder(n, working))


def horner(name: str, working: Working, x: Expr) -> Expr:
    """By Horner's rule."""
    *rest, total = (number(value) for value in COEFFICIENTS[name][working][1])
    for coefficient in reversed(rest):
        total = plus(coefficient, times(total, x))
    return total


def by_pairs(name: str, working: Working, x: Expr, square: Expr) -> Expr:
    """The same by c₀ + c₁x + x²(c₂ + c₃x + …): fewer operations wait for each other."""
    numbers = [number(value) for value in COEFFICIENTS[name][working][1]]
    pairs = [
        plus(pair[0], times(pair[1], x)) if len(pair) == 2 else pair[0]
        for pair in (numbers[i : i + 2] for i in range(0, len(numbers), 2))
    ]
    *rest, total = pairs
    for pair in reversed(rest):
        total = plus(pair, times(total, square))
    return total
