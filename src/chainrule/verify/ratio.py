"""Fractions of polynomials, without effort to keep them in lowest terms.

A ``Ratio`` is a pair of a numerator and a denominator, ``None`` for a denominator of 1. Two
are equal if the cross products are: nothing has to be cancelled to see that, and a greatest
common divisor costs more than a few products.
"""

from __future__ import annotations

from flint import fmpz_mpoly

Ratio = tuple[fmpz_mpoly, fmpz_mpoly | None]

# Products of terms in a product: 3,000 take half a millisecond, but denominators multiply on.
_MAX_TERMS = 3000
# From so many terms of their product on denominators are compared before they are multiplied; a
# greatest common divisor costs as much as a few of shorter ones.
_LARGE = 16
# Above this degree nothing is cancelled: a greatest common divisor takes FLINT 40 ms at half of it.
_MAX_DEGREE = 500


class RatioTooLargeError(Exception):
    """A polynomial would have too many terms. Never leaves ``verify``."""


class RatioUndefinedError(Exception):
    """A division by 0, or the logarithm of a number that is not positive."""


def product(p: fmpz_mpoly, q: fmpz_mpoly) -> fmpz_mpoly:
    if len(p) * len(q) > _MAX_TERMS:
        raise RatioTooLargeError
    return p * q


def _joined(p: fmpz_mpoly | None, q: fmpz_mpoly | None) -> fmpz_mpoly | None:
    if p is None:
        return q
    return p if q is None else product(p, q)


def add(a: Ratio, b: Ratio) -> Ratio:
    (n, d), (m, e) = a, b
    if d is None:
        return (n + m, None) if e is None else (product(n, e) + m, e)
    if e is None:
        return n + product(m, d), d
    if d == e:
        return n + m, d
    if len(d) * len(e) > _LARGE:
        common = d.gcd(e)
        if not common.is_one():
            rest = e // common
            return product(n, rest) + product(m, d // common), product(d, rest)
    return product(n, e) + product(m, d), product(d, e)


def subtract(a: Ratio, b: Ratio) -> Ratio:
    return add(a, negate(b))


def multiply(a: Ratio, b: Ratio) -> Ratio:
    (n, d), (m, e) = a, b
    if d is not None and d == m:
        return n, e
    if e is not None and e == n:
        return m, d
    return product(n, m), _joined(d, e)


def invert(a: Ratio) -> Ratio:
    """1/a.

    Raises:
        RatioUndefinedError: a is 0.
    """
    n, d = a
    if n.is_zero():
        raise RatioUndefinedError
    one = d if d is not None else n.context().constant(1)
    return one, (None if n.is_one() else n)


def negate(a: Ratio) -> Ratio:
    return -a[0], a[1]


def polynomial_power(p: fmpz_mpoly, n: int) -> fmpz_mpoly:
    """pⁿ for n ≥ 0, as long as that stays small."""
    if n == 0:
        return p * 0 + 1
    if n == 1:
        return p
    terms = len(p)
    bits = max([c.bit_length() for c in p.coeffs()], default=0)
    long = bits > 1 and bits * n > 20_000
    if long or n > 1_000_000 or (terms > 1 and (n > 40 or terms * n > 120)):
        raise RatioTooLargeError
    return p**n


def power(a: Ratio, n: int) -> Ratio:
    """aⁿ for any integer n."""
    if n < 0:
        a, n = invert(a), -n
    d = a[1]
    return polynomial_power(a[0], n), None if d is None else polynomial_power(d, n)


def cancelled(n: fmpz_mpoly, d: fmpz_mpoly) -> Ratio:
    """n/d in lowest terms, the denominator with a positive first coefficient."""
    common = n.gcd(d) if n.total_degree() + d.total_degree() <= _MAX_DEGREE else n * 0 + 1
    if not common.is_one():
        n, d = n // common, d // common
    if d.leading_coefficient() < 0:
        n, d = -n, -d
    return n, (None if d.is_one() else d)


def key(a: Ratio) -> tuple[str, str]:
    """What two equal fractions in lowest terms have in common."""
    return str(a[0]), "" if a[1] is None else str(a[1])
