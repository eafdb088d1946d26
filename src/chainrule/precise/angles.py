"""Sines, cosines and their kin to twice the precision, and the reduction of their angles."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import factorial

from chainrule.expr.nodes import (
    HALF,
    ONE,
    PI,
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Product,
    Quotient,
)
from chainrule.precise.double_word import (
    DoubleWords,
    Pair,
    add,
    by_the_library,
    chosen,
    known,
    minus,
    negative,
    plus,
    quick_two_sum,
    rounded,
    subtract,
    times,
)

# π/2 in parts, the first three so short that a multiple by a number of quarter turns, which has
# 20 bits, is exact.
_PI_BITS = 32
# Terms of the series of sine and cosine, and how many of them in two parts: (π/4)^30/30! is below
# 2^-117, and (π/4)^18/18! below 2^-53 of it.
_TERMS, _PAIRS = 15, 9
# Bits of an angle after the first 53.
_MORE_BITS = 48
# Beyond, the number of quarter turns has more than 20 bits.
_REACH = Number(2**20)


def _within_reach(x: Expr) -> Expr:
    return Comparison(("<",), (Call("abs", (x,)), _REACH))


def _turned(of: DoubleWords, a: Pair) -> tuple[Expr, Pair, Pair]:
    """k mod 4, and sine and cosine of r, for a = k·π/2 + r; only for |a| below ``_REACH``."""
    rest = known(PI) / 2
    k = Call("floor", (plus(times(of.nearest(1 / rest), a.hi), HALF),))
    r = Pair(a.hi)
    for _ in range(3):
        part = rounded(rest, _PI_BITS)
        rest -= part
        r = add(r, Pair(Product((Number(-part), k))))
    r = add(r, of.two_product(of.nearest(-rest), k))
    r = add(r, Pair(a.lo))
    square = of.multiply(r, r)
    quadrant = minus(k, times(Number(4), Call("floor", (times(Number(Fraction(1, 4)), k),))))
    return quadrant, of.multiply(r, _series(of, square, 1)), _series(of, square, 0)


def _series(of: DoubleWords, square: Pair, first: int) -> Pair:
    """1 − s/((first + 1)(first + 2)) + …: the cosine, or the sine over its argument."""
    signed = [Fraction((-1) ** n, factorial(2 * n + first)) for n in range(_TERMS)]
    return of.polynomial([of.constant(c) for c in signed], square, _PAIRS)


def _of_quadrant(quadrant: Expr, values: Sequence[Pair]) -> Pair:
    """The one of four values that the number of quarter turns tells."""
    conditions = [Comparison(("==",), (quadrant, Number(number))) for number in range(3)]
    parts = []
    for column in zip(*values, strict=True):
        *first, last = column
        branches = [part for branch in zip(first, conditions, strict=True) for part in branch]
        parts.append(Piecewise((*branches, last)))
    return Pair(*parts)


def _angle(of: DoubleWords, x: Expr) -> Pair:
    """A large x less a multiple of 2π, by what the library makes of x and of 2^n·x.

    Its sine and cosine tell an angle to 53 bits, those of 2^n·x its next n bits.
    """
    sine, cosine = Call("sin", (x,)), Call("cos", (x,))
    backward = Comparison(("<",), (cosine, ZERO))
    half_turn = Piecewise((of.nearest(known(PI)), backward, ZERO))
    first = plus(Call("atan", (Quotient(sine, cosine),)), half_turn)
    turns = Number(2**_MORE_BITS)
    (s, c), (s0, c0) = (
        (Call("sin", (times(turns, u),)), Call("cos", (times(turns, u),))) for u in (x, first)
    )
    across, along = minus(times(s, c0), times(c, s0)), plus(times(c, c0), times(s, s0))
    rest = times(Number(Fraction(1, 2**_MORE_BITS)), Call("atan", (Quotient(across, along),)))
    finite = Comparison(("<",), (Call("abs", (x,)), Number(2 ** (1020 - _MORE_BITS))))
    return quick_two_sum(first, Piecewise((rest, finite, ZERO)))


def _by_quarters(of: DoubleWords, name: str, a: Pair) -> Pair:
    """The sine or the cosine; of a large number of the format itself it is the library's."""
    sought = of.far and a.lo is not ZERO
    near = a
    if sought:
        near = chosen(a, _within_reach(a.hi), add(_angle(of, a.hi), _angle(of, a.lo)))
    quadrant, s, c = _turned(of, near)
    quarters = (s, c, negative(s), negative(c))
    found = _of_quadrant(quadrant, quarters if name == "sin" else (*quarters[1:], s))
    here: Expr = _within_reach(a.hi)
    if sought:
        # Also a number that is the sum of two of the format.
        here = Comparison(("!=",), (Piecewise((ONE, here, a.lo)), ZERO))
    return chosen(found, here, by_the_library(name, a))


def sin(of: DoubleWords, a: Pair) -> Pair:
    """By quarter turns, for angles below ``_REACH``."""
    return _by_quarters(of, "sin", a)


def cos(of: DoubleWords, a: Pair) -> Pair:
    """By quarter turns, for angles below ``_REACH``."""
    return _by_quarters(of, "cos", a)


def tan(of: DoubleWords, a: Pair) -> Pair:
    """sin/cos."""
    return of.divide(sin(of, a), cos(of, a))


def atan(of: DoubleWords, a: Pair) -> Pair:
    """y₀ of the library, and the angle between its direction and the one that is meant."""
    y = Call("atan", (a.hi,))
    s, c = sin(of, Pair(y)), cos(of, Pair(y))
    top = subtract(of.multiply(a, c), s)
    return quick_two_sum(y, Quotient(top.hi, plus(c.hi, times(a.hi, s.hi))))
