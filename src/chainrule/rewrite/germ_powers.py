"""Powers, exponentials and logarithms of germs, by the series of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from chainrule.expr.nodes import ONE, ZERO, Expr, Number, Value, add, call, divide, multiply, power
from chainrule.rewrite.germs import (
    LOGARITHM,
    UNIT,
    Germ,
    Germs,
    Monomial,
    larger,
    size,
    times,
)
from chainrule.rewrite.order import UndecidedError, UndefinedError

# How many terms of a series in 1/ln t are kept; each gains next to nothing.
_LOGARITHMIC_TERMS = 4
# Powers of δ that are looked at, for each power of t that is kept: those of t^(1/4) get there.
_POWERS_A_TERM = 4


def series(germs: Germs, coefficients: Callable[[int], Expr], delta: Germ) -> Germ:
    """Σ c_k δ^k for a δ that goes to 0.

    Raises:
        UndecidedError: it is not known to.
    """
    if not delta.vanishes() or delta.exponent:
        raise UndecidedError
    terms: list[tuple[Monomial, Expr]] = [(UNIT, coefficients(0))]
    error, k = delta.error, 1
    if delta.bound is None:
        return germs.made(terms)
    powered = delta
    while powered.bound is not None:
        if powered.bound[0] >= germs.depth or k > germs.depth * _POWERS_A_TERM:
            break
        if delta.bound[0] == 0 and k > _LOGARITHMIC_TERMS:
            break
        terms += [(m, multiply(coefficients(k), c)) for m, c in powered.terms.items()]
        error = larger(error, powered.error)
        powered = germs.product(powered, delta)
        k += 1
    return germs.made(terms, larger(error, powered.bound))


def inverse(germs: Germs, a: Germ) -> Germ:
    return raised(germs, a, Number(-1))


def raised(germs: Germs, base: Germ, exponent: Expr) -> Germ:
    """A power with a constant exponent.

    Raises:
        UndefinedError: 0 to a power that is not positive, or a root of what is negative.
        UndecidedError: t to a power that is not rational.
    """
    r = exponent.value if isinstance(exponent, Number) else None
    error: Monomial | None
    if base.is_zero:
        if r is None:
            raise UndecidedError
        if r <= 0:
            raise UndefinedError
        return base
    whole = r is not None and r == int(r)
    if base.leading is None and whole and r is not None and 0 < r <= germs.depth * _POWERS_A_TERM:
        assert base.error is not None
        error = base.error[0] * int(r), base.error[1] * int(r)
        return Germ({}, error, _multiplied(germs, base.exponent, exponent))
    first, lead, delta = germs.split(base)
    if not whole and germs.leading_sign(base) < 0:
        raise UndefinedError
    monomial: Monomial = UNIT
    if first != UNIT or base.exponent:
        if r is None or (first[1] * r) != int(first[1] * r):
            raise UndecidedError
        monomial = _whole(first[0] * Fraction(r)), int(first[1] * r)
    rest = series(germs, _binomial(exponent), delta)
    # −ln t is what is positive.
    powered = power(multiply(Number(-1 if first[1] % 2 else 1), lead), exponent)
    powered = multiply(Number(-1 if monomial[1] % 2 else 1), powered)
    terms = [(times(monomial, m), multiply(powered, c)) for m, c in rest.terms.items()]
    error = None if rest.error is None else times(monomial, rest.error)
    return germs.made(terms, error, _multiplied(germs, base.exponent, exponent))


def _multiplied(
    germs: Germs, exponent: Mapping[Monomial, Expr], factor: Expr
) -> Mapping[Monomial, Expr]:
    return germs.scaled(factor, Germ(exponent)).terms if exponent else {}


def exponential(germs: Germs, u: Germ) -> Germ:
    """e^u.

    Raises:
        UndecidedError: it grows faster than e^E, or no more is known than a bound.
    """
    if u.exponent:
        if germs.grows(u.exponent) < 0:
            return germs.plus(germs.constant(ONE), germs.bounded(germs.negligible))
        if germs.leading_sign(u) < 0:
            return germs.bounded(germs.negligible)
        raise UndecidedError
    if u.error is not None and size(u.error) <= size(UNIT):
        raise UndecidedError
    large: dict[Monomial, Expr] = {}
    small: list[tuple[Monomial, Expr]] = []
    monomial: Monomial = UNIT
    factor: Expr = ONE
    for m, c in u.terms.items():
        if m[0] < 0:
            large[m] = c
        elif m == LOGARITHM and isinstance(c, Number):
            monomial = c.value, 0
        elif size(m) < size(UNIT):
            raise UndecidedError
        elif m == UNIT:
            factor = call("exp", c)
        else:
            small.append((m, c))
    rest = series(germs, _exponential, Germ(dict(small), u.error))
    terms = [(times(monomial, m), multiply(factor, c)) for m, c in rest.terms.items()]
    error = None if rest.error is None else times(monomial, rest.error)
    return germs.made(terms, error, large)


def logarithm(germs: Germs, u: Germ) -> Germ:
    """ln u.

    Raises:
        UndefinedError: u is not positive.
        UndecidedError: it is ln(−ln t), which is no germ.
    """
    first, lead, delta = germs.split(u)
    if germs.leading_sign(u) < 0:
        raise UndefinedError
    if first[1]:
        raise UndecidedError
    rest = series(germs, _logarithm, delta)
    large = [*u.exponent.items(), (LOGARITHM, Number(first[0]))]
    return germs.made([*large, (UNIT, call("log", lead)), *rest.terms.items()], rest.error)


def _whole(power: Value) -> Value:
    return power.numerator if power.denominator == 1 else power


def _exponential(k: int) -> Expr:
    return Number(_over_factorial(Fraction(1), k))


def _over_factorial(value: Fraction, k: int) -> Value:
    for i in range(2, k + 1):
        value /= i
    return value


def _logarithm(k: int) -> Expr:
    return Number(Fraction((-1) ** (k + 1), k)) if k else ZERO


def _binomial(exponent: Expr) -> Callable[[int], Expr]:
    def coefficient(k: int) -> Expr:
        value: Expr = ONE
        for i in range(k):
            value = multiply(value, divide(add(exponent, Number(-i)), Number(i + 1)))
        return value

    return coefficient
