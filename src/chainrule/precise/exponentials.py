"""Exponentials, logarithms and hyperbolic functions to twice the precision, out of operations.

An exponential is reduced by parts of ln 2 that are so short that their multiples are exact
(W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980, chapter 6), and then
a series; a logarithm is the library's, and one step of Newton's method.
"""

from __future__ import annotations

from fractions import Fraction
from math import factorial

from chainrule.expr.nodes import (
    HALF,
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    call,
)
from chainrule.precise.double_word import (
    DoubleWords,
    Pair,
    add,
    chosen,
    is_negative,
    known,
    minus,
    negative,
    plus,
    quick_two_sum,
    rounded,
    subtract,
    times,
    two_sum,
    with_sign,
)

# e^r − 1 is taken of r/2^_HALVINGS, less than 0.011, and doubled so often.
_HALVINGS = 5
# Terms of its series after those in two parts: 0.011^8/8! is below 2^-67, times 2^-9 for the first.
_PLAIN_TERMS = 6
# ln 2 in parts, the first two so short that a multiple by an exponent, of 11 bits, is exact.
_LN2_BITS = 40
# e^u − 1 is u, to twice the precision, for |u| < 2^−_TINY.
_TINY = 200
_LN2 = call("log", 2)


def size_of(_: DoubleWords, a: Pair) -> Pair:
    """|a|."""
    low = a.lo
    if low is not ZERO:
        low = Piecewise((times(MINUS_ONE, low), is_negative(a), low))
    return Pair(Call("abs", (a.hi,)), low)


def _reduced(of: DoubleWords, a: Pair) -> tuple[Expr, Pair]:
    """k and r with a = k·ln 2 + r."""
    ln2 = known(_LN2)
    first = rounded(ln2, _LN2_BITS)
    second = rounded(ln2 - first, _LN2_BITS)
    k = Call("floor", (Sum((Product((of.nearest(1 / ln2), a.hi)), HALF)),))
    rest = minus(a.hi, Product((Number(first), k)))
    pair = two_sum(rest, Product((Number(-second), k)))
    third = Number(-of.nearest(ln2 - first - second).value)
    low = plus(plus(pair.lo, a.lo), Product((third, k)))
    return k, quick_two_sum(pair.hi, low)


def _expm1_small(of: DoubleWords, r: Pair) -> Pair:
    """e^r − 1 for |r| < 0.35: the series at r/2^n, then (1 + q)² − 1 = q(2 + q), n times."""
    small = of.multiply(r, Pair(Number(Fraction(1, 2**_HALVINGS))))
    last = of.terms + _PLAIN_TERMS
    series = [of.constant(Fraction(1, factorial(n))) for n in range(1, last + 1)]
    total = of.multiply(of.polynomial(series, small, of.terms + 1), small)
    for _ in range(_HALVINGS):
        total = of.multiply(total, add(Pair(TWO), total))
    # Of a tiny argument the parts of the series underflow; it is the result itself.
    tiny = Comparison(("<",), (Call("abs", (r.hi,)), Power(TWO, Number(-_TINY))))
    return chosen(r, tiny, total)


def _scaled(a: Pair, k: Expr) -> Pair:
    """a·2^k, in two steps: 2^k alone may be out of range where the result is not."""
    half = Call("floor", (Product((HALF, k)),))
    first = Power(TWO, half)
    second = Power(TWO, minus(k, half))
    return Pair(times(times(a.hi, first), second), times(times(a.lo, first), second))


def exp(of: DoubleWords, a: Pair, lift: int = 0) -> Pair:
    """e^a·2^lift, where e^a itself may be too large or too small."""
    k, r = _reduced(of, a)
    k = plus(k, Number(lift)) if lift else k
    return _scaled(add(Pair(ONE), _expm1_small(of, r)), k)


def expm1(of: DoubleWords, a: Pair) -> Pair:
    """e^a − 1."""
    k, r = _reduced(of, a)
    q = _scaled(_expm1_small(of, r), k)
    whole = _scaled(Pair(ONE), k)
    return add(add(whole, Pair(MINUS_ONE)), q)


def log1p(of: DoubleWords, a: Pair) -> Pair:
    """y₀ of the library, less what e^{y₀} − 1 is too much."""
    y = Call("log1p", (a.hi,))
    off = subtract(expm1(of, Pair(y)), a)
    return quick_two_sum(y, times(MINUS_ONE, Quotient(off.hi, Sum((ONE, a.hi)))))


def log(of: DoubleWords, a: Pair) -> Pair:
    """y₀ of the library, and the logarithm of a·e^{−y₀}; near 1 that of 1 + (a − 1)."""
    y = Call("log", (a.hi,))
    off = add(of.multiply(a, exp(of, Pair(times(MINUS_ONE, y)))), Pair(MINUS_ONE))
    square = times(HALF, times(off.hi, off.hi))
    far = two_sum(y, plus(off.hi, plus(off.lo, times(MINUS_ONE, square))))
    near = log1p(of, add(a, Pair(MINUS_ONE)))
    is_near = Comparison(("<",), (Call("abs", (minus(a.hi, ONE),)), HALF))
    return chosen(near, is_near, far)


def tanh(of: DoubleWords, a: Pair) -> Pair:
    """From e^{−2|u|} − 1, which does not overflow."""
    m = expm1(of, of.multiply(Pair(Number(-2)), size_of(of, a)))
    return with_sign(negative(of.divide(m, add(Pair(TWO), m))), a)


def sinh(of: DoubleWords, a: Pair) -> Pair:
    """(m + m/(1 + m))/2 for m = e^|u| − 1."""
    m = expm1(of, size_of(of, a))
    fraction = of.divide(m, add(Pair(ONE), m))
    return with_sign(of.multiply(Pair(HALF), add(m, fraction)), a)


def cosh(of: DoubleWords, a: Pair) -> Pair:
    """(e^|u| + e^−|u|)/2."""
    e = exp(of, size_of(of, a))
    return of.multiply(Pair(HALF), add(e, of.divide(Pair(ONE), e)))
