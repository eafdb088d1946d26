"""A fraction in one exponential, written around a zero of it.

SiLU′ = (1 + v(1 + x))/(1 + v)² with v = e^(-x) has a zero at r = −1.278… Next to it 1 and v(1 + x)
cancel, and what is left is the error of v. With t = x − r and p = e^(-t) − 1, so that v = e^(-r)·
(1 + p), the numerator is a polynomial in t and p without a constant: where x is near r it is small
because t and p are, and both have all their digits. (With the r that a double has, the constant is
not 0 but what belongs there.) It takes no polynomial of its own near the zero, and hardly more
operations than the fraction.

Far out the fraction is a constant in any format, on one side 0: t is kept within the interval
where it is not, which keeps everything finite as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import comb

from flint import arb, fmpq, fmpz_mpoly

from chainrule.balls.arithmetic import precision
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    call,
)
from chainrule.forms.candidates.exponentials import ExponentialFraction, in_one_exponential
from chainrule.forms.candidates.formulas import at_least, at_most, horner, polynomial

# Nearly four doubles, since coefficients around a zero come out of what cancels there.
_BITS = 200
# Where it is constant: e^-44 is 2^-63, less than any digit of a double. And where it is 0: the
# numerator is at most e^600 times a float32 and finite, and the denominator larger or infinite.
_SMALL, _LARGE = 44, 600

Terms = dict[tuple[int, int], int]
"""Of a polynomial in x and v: coefficients by both powers."""
Bottoms = list[tuple[Terms, int]]
"""The factors below the line, and how often each occurs."""


def centred_fraction(expr: Expr, variable: Symbol, zero: Fraction) -> Expr | None:
    """A formula in the variable around a simple zero of it, for float64 that is rounded later.

    Args:
        expr: the formula.
        zero: the zero, to 200 bits.

    Returns:
        ``None`` if it is no fraction in one exponential e^(cx) whose denominator has no x, and
        which is 0 far out on one side and another number on the other.
    """
    found = in_one_exponential(expr, variable)
    if found is None or any(g.node is not variable for g in found.plain):
        return None
    content, factors = found.below.factor()
    top = _terms(found.top, found)
    bottoms = [(_terms(poly, found), times) for poly, times in factors]
    rate = -found.factor
    if not _vanishes(top, bottoms):
        top, bottoms = _flipped(top, bottoms)
        rate = -rate
    if not _vanishes(top, bottoms):
        return None
    if rate > 0:
        return _written(top, bottoms, int(content), rate, variable, zero)
    # In −x, in which v falls.
    top = {(i, k): (-1) ** i * c for (i, k), c in top.items()}
    mirrored = Product((MINUS_ONE, variable))
    return _written(top, bottoms, int(content), -rate, mirrored, -zero)


def _terms(poly: fmpz_mpoly, found: ExponentialFraction) -> Terms:
    line = next((g.index for g in found.plain), None)
    return {
        (0 if line is None else int(powers[line]), int(powers[found.exponential.index])): int(value)
        for powers, value in poly.terms()
    }


def _degree(terms: Terms) -> int:
    return max(k for _, k in terms)


def _flipped(top: Terms, bottoms: Bottoms) -> tuple[Terms, Bottoms]:
    """The same fraction in 1/v."""
    below = sum(times * _degree(terms) for terms, times in bottoms)
    degree = max(below, _degree(top))
    spare = [({(0, 1): 1}, degree - below)] if degree > below else []
    return _reversed(top, degree), [
        *((_reversed(terms, _degree(terms)), times) for terms, times in bottoms),
        *spare,
    ]


def _reversed(terms: Terms, degree: int) -> Terms:
    return {(i, degree - k): value for (i, k), value in terms.items()}


def _vanishes(top: Terms, bottoms: Bottoms) -> bool:
    """Whether it is 0 for v → ∞, another number for v → 0, and has x above only."""
    below = [terms for terms, _ in bottoms]
    if any(i for terms in below for i, _ in terms) or not all((0, 0) in t for t in below):
        return False
    at_zero = [i for i, k in top if k == 0]
    return at_zero == [0] and _degree(top) < sum(_degree(t) * times for t, times in bottoms)


def _written(
    top: Terms,
    bottoms: Bottoms,
    content: int,
    rate: Fraction,
    variable: Expr,
    zero: Fraction,
) -> Expr:
    """For v = e^(-rate·x)."""
    # Not both ends of an interval on one value: compilers make five operations of two then.
    x = at_least(variable, -_LARGE / (max(_degree(top), 1) * rate))
    center = Fraction(float(zero))
    t = at_most(Sum((x, Number(-center))), _SMALL / rate)
    p = call("expm1", Product((Number(-rate), t)))
    with precision(_BITS):
        root = arb(fmpq(center.numerator, center.denominator))
        scale = (arb(fmpq(-rate.numerator, rate.denominator)) * root).exp()
        numerator = _around(top, root, scale, content)
        parts = [
            (polynomial(_in_one(terms, scale), Sum((ONE, p))), times) for terms, times in bottoms
        ]
    above_line = horner([polynomial(row, t) for row in numerator], p)
    below = [Power(part, Number(times)) if times > 1 else part for part, times in parts]
    return Quotient(above_line, below[0] if len(below) == 1 else Product(tuple(below)))


def _around(terms: Terms, root: arb, scale: arb, divisor: int) -> list[list[float]]:
    """The coefficients in t and p of a polynomial in x = r + t and v = s(1 + p), by powers of p.

    Divided by a number.
    """
    width, count = max(i for i, _ in terms) + 1, _degree(terms) + 1
    found = [[arb(0)] * width for _ in range(count)]
    for (i, k), value in terms.items():
        for a in range(i + 1):
            for b in range(k + 1):
                found[b][a] += value * comb(i, a) * comb(k, b) * root ** (i - a) * scale**k
    return [[float(value / divisor) for value in row] for row in found]


def _in_one(terms: Terms, scale: arb) -> Iterator[float]:
    """The coefficients in v/s of a polynomial in v."""
    for k in range(_degree(terms) + 1):
        yield float(terms.get((0, k), 0) * scale**k)
