"""The error function and its kin to twice the precision, out of operations."""

from __future__ import annotations

from fractions import Fraction
from math import factorial

from chainrule.elementary.coefficients import COEFFICIENTS, ERFC_SHIFT
from chainrule.expr.nodes import (
    HALF,
    MINUS_ONE,
    ONE,
    PI,
    TWO,
    Call,
    Comparison,
    Expr,
    Number,
    Quotient,
    call,
)
from chainrule.precise.double_word import (
    DoubleWords,
    Pair,
    add,
    by_the_library,
    chosen,
    horner,
    is_negative,
    known,
    minus,
    negative,
    plus,
    quick_two_sum,
    subtract,
    times,
    with_sign,
)
from chainrule.precise.exponentials import exp, size_of

# Coefficients of the scaled erfc in two parts; what is left adds less than 2^-5 of the value.
_ERFC_PAIRS = 6
# The series of erf serves below 1/16. Terms, and how many of them in two parts: x^18/9! is below
# 2^-90, and x^6/3! below 2^-26 of the value.
_NEAR, _ERF_TERMS, _ERF_PAIRS = Number(Fraction(1, 16)), 9, 3
# What erfc is multiplied by where it may be less than the smallest normal number.
_LIFT = 128
_QUANTILE = (
    [Number(Fraction(c)) for c in ("2.515517", "0.802853", "0.010328")],
    [Number(Fraction(c)) for c in ("1", "1.432788", "0.189269", "0.001308")],
)
"""The quantile of the normal distribution (Abramowitz and Stegun, 26.2.23, to 4.5e-4)."""


def _scaled_erfc() -> list[Pair]:
    """Coefficients of (s + a)·e^(a²)·erfc(a), in (a − s)/(a + s)."""
    _, parts = COEFFICIENTS["scaled_erfc_far"]["twice"]
    numbers = [Number(Fraction(part)) for part in parts]
    return [Pair(high, low) for high, low in zip(numbers[::2], numbers[1::2], strict=True)]


def _plain_scaled_erfc(a: Expr) -> Expr:
    """e^(a²)·erfc(a) for a ≥ 0, not to twice the precision."""
    shift = Number(ERFC_SHIFT)
    above = plus(a, shift)
    t = Quotient(minus(a, shift), above)
    return Quotient(horner([pair.hi for pair in _scaled_erfc()], t), above)


def erfc(of: DoubleWords, a: Pair, lift: int = 0) -> Pair:
    """erfc(a)·2^lift: e^{−a²} times a polynomial over s + |a|, to some 60 bits."""
    size = size_of(of, a)
    shift = Pair(Number(ERFC_SHIFT))
    above = add(size, shift)
    t = of.divide(subtract(size, shift), above)
    total = of.polynomial(_scaled_erfc(), t, _ERFC_PAIRS)
    decay = exp(of, negative(of.multiply(a, a)), lift)
    tail = of.multiply(decay, of.divide(total, above))
    return chosen(subtract(Pair(Number(Fraction(2) ** (lift + 1))), tail), is_negative(a), tail)


def erf(of: DoubleWords, a: Pair) -> Pair:
    """1 − erfc, and the power series next to 0."""
    size = size_of(of, a)
    far = with_sign(subtract(Pair(ONE), erfc(of, size)), a)
    slope = 2 / known(call("sqrt", PI))
    terms = range(_ERF_TERMS)
    series = [of.constant(slope * (-1) ** k / (factorial(k) * (2 * k + 1))) for k in terms]
    near = of.multiply(a, of.polynomial(series, of.multiply(a, a), _ERF_PAIRS))
    return chosen(near, Comparison(("<",), (size.hi, _NEAR)), far)


def erfinv(of: DoubleWords, a: Pair) -> Pair:
    """Near ±1 by 1 − |a|, of which no digit is lost: the y with erfc(y) = 1 − |a|.

    The quantile, two steps of Newton's method for the logarithm of erfc, and one with what is left
    of erfc itself.
    """
    size = size_of(of, a)
    m = subtract(Pair(ONE), size)
    w = times(MINUS_ONE, Call("log", (m.hi,)))
    t = Call("sqrt", (plus(times(TWO, w), of.nearest(2 * known(call("log", 2)))),))
    top, bottom = (horner(rows, t) for rows in _QUANTILE)
    y = times(of.nearest(known(call("sqrt", HALF))), minus(t, Quotient(top, bottom)))
    half_root_pi = of.nearest(known(HALF * call("sqrt", PI)))
    for _ in range(2):
        scaled = _plain_scaled_erfc(y)
        off = minus(minus(times(y, y), Call("log", (scaled,))), w)
        y = minus(y, times(times(off, scaled), half_root_pi))
    there = erfc(of, Pair(y), _LIFT)
    off = subtract(there, of.multiply(Pair(Number(2**_LIFT)), m)).hi
    low = times(times(Quotient(off, there.hi), _plain_scaled_erfc(y)), half_root_pi)
    far = with_sign(quick_two_sum(y, low), a)
    return chosen(by_the_library("erfinv", a), Comparison(("<",), (size.hi, HALF)), far)
