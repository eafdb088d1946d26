"""A derivative as one fraction in one exponential: what takes a single call of ``exp``.

The sigmoid and its relatives, hyperbolic functions, logarithms of such inside of exponentials: all
of them are fractions of polynomials in e^(cx), with coefficients in x. Written with
t = e^(-|cx|), which cannot overflow, on each side of 0, they take one exponential and one division:
mish' = tanh(ln(1 + e^x)) + … has five of the one and three of the other as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from flint import fmpz_mpoly
from flint.utils.flint_exceptions import DomainError

from chainrule.expr.nodes import (
    ONE,
    TWO,
    ZERO,
    Comparison,
    Constant,
    Expr,
    Number,
    Piecewise,
    Symbol,
    add,
    call,
    divide,
    multiply,
    postorder,
    power,
)
from chainrule.parsing.definitions import expand_all
from chainrule.verify.convert import Converter, UndecidedError
from chainrule.verify.generators import Generator, RingFullError
from chainrule.verify.ratio import TooLargeError, UndefinedError

_ROOM = 32
# Longer formulas make no short fraction.
_LARGEST = 200
_LARGEST_DEGREE = 12

Coefficients = dict[int, Expr]
"""Of a polynomial in t, by the power."""


class ExponentialFraction(NamedTuple):
    """A fraction of polynomials in e^(cx), x, other letters and constants.

    Attributes:
        top, below: the polynomials, over the generators of a ``Converter``.
        exponential: the generator that stands for e^(cx).
        plain: the others that are used.
        factor: c.
    """

    top: fmpz_mpoly
    below: fmpz_mpoly
    exponential: Generator
    plain: Sequence[Generator]
    factor: Fraction


def in_one_exponential(expr: Expr, variable: Symbol) -> ExponentialFraction | None:
    """The formula as such a fraction, or ``None`` if it is none."""
    whole = expand_all(expr)
    if len(postorder(whole)) > _LARGEST:
        return None
    field = Converter(_ROOM)
    try:
        top, bottom = field.canonical(field.ratio(whole))
    except (UndecidedError, UndefinedError, RingFullError, TooLargeError):
        return None
    below = field.one if bottom is None else bottom
    used = [
        g
        for g in field.generators
        if any(p.degrees()[g.index] > 0 for p in (top, below) if not p.is_zero())
    ]
    exponentials = [g for g in used if g.exponent is not None]
    plain = [g for g in used if isinstance(g.node, (Symbol, Constant)) and g.exponent is None]
    if len(exponentials) != 1 or len(plain) + 1 != len(used):
        return None
    [exponential] = exponentials
    factor = _factor(exponential, variable, field)
    if (
        factor is None
        or max(p.degrees()[exponential.index] for p in (top, below)) > _LARGEST_DEGREE
    ):
        return None
    return ExponentialFraction(top, below, exponential, plain, factor)


def exponential_fractions(expr: Expr, variable: Symbol) -> dict[str, Expr]:
    """The formula as N(x, t)/D(x, t) with t = e^(-|cx|), by what that is called.

    And as the square of such a fraction, which takes a multiplication less. None of it where the
    formula is no such fraction.
    """
    found = in_one_exponential(expr, variable)
    if found is None:
        return {}
    forms = {"as a fraction in one exponential": _written(found, variable)}
    top, below = _root(found.top), _root(found.below)
    if top is not None and below is not None and not below.is_constant():
        root = _written(found._replace(top=top, below=below), variable)
        forms["as the square of a fraction in one exponential"] = power(root, TWO)
    return forms


def _root(poly: fmpz_mpoly) -> fmpz_mpoly | None:
    """The polynomial of which it is the square, or ``None``."""
    try:
        root: fmpz_mpoly = poly.sqrt()
    except DomainError:
        return None
    return root


def _factor(exponential: Generator, variable: Symbol, field: Converter) -> Fraction | None:
    """The c of e^(cx)."""
    assert exponential.exponent is not None
    above, below = exponential.exponent
    lines = [g for g in field.generators if g.node is variable]
    if not lines or (below is not None and not below.is_constant()):
        return None
    line = lines[0]
    if len(above) != 1 or not (above // line.poly).is_constant() or above.total_degree() != 1:
        return None
    scale = 1 if below is None else int(below.leading_coefficient())
    return Fraction(int(above.leading_coefficient()), scale)


def _written(found: ExponentialFraction, variable: Symbol) -> Expr:
    top, below, exponential, plain, factor = found
    t = call("exp", multiply(Number(-abs(factor)), call("abs", variable)))
    positive = Comparison((">" if factor > 0 else "<",), (variable, ZERO))

    def sides(p: fmpz_mpoly) -> tuple[Coefficients, Coefficients]:
        """In t where cx is negative; and where it is positive, times t^degree."""
        small = _coefficients(p, exponential.index, plain, variable)
        degree = max(small)
        return small, {degree - k: value for k, value in small.items()}

    def choice(large: Expr, small: Expr) -> Expr:
        return large if large is small else Piecewise((large, positive, small))

    content, factors = below.factor()
    bottom: Expr = Number(int(content))
    degree = 0
    for poly, times in factors:
        small, large = sides(poly)
        degree += max(small) * times if min(small) >= 0 else 0
        part = choice(_horner(large, t), _horner(small, t))
        bottom = multiply(bottom, power(part, Number(times)) if times > 1 else part)
    small, large = sides(top)
    excess = degree - max(small)
    if excess < 0:
        # More in the numerator: on the side where e^(cx) is large it is large itself.
        bottom = multiply(bottom, choice(power(t, Number(-excess)), ONE))
        excess = 0
    above = choice(_horner({k + excess: v for k, v in large.items()}, t), _horner(small, t))
    return divide(above, bottom)


def _coefficients(
    p: fmpz_mpoly, index: int, plain: Sequence[Generator], variable: Symbol
) -> Coefficients:
    """The coefficient of each power of one generator, written in the others."""
    by_power: dict[int, dict[int, list[Expr]]] = {}
    line = next((g.index for g in plain if g.node is variable), -1)
    for exponents, value in p.terms():
        parts: list[Expr] = [Number(int(value))]
        for g in plain:
            times = int(exponents[g.index])
            if times and g.index != line:
                parts.append(power(g.node, Number(times)) if times > 1 else g.node)
        of_x = by_power.setdefault(int(exponents[index]), {})
        of_x.setdefault(int(exponents[line]) if line >= 0 else 0, []).append(multiply(*parts))
    return {
        k: _horner({j: add(*terms) for j, terms in of_x.items()}, variable)
        for k, of_x in by_power.items()
    }


def _horner(coefficients: Mapping[int, Expr], at: Expr) -> Expr:
    """A polynomial by Horner's rule, by the powers that occur."""
    used = sorted(coefficients, reverse=True)
    total = coefficients[used[0]]
    for last, this in pairwise(used):
        total = add(multiply(_power(at, last - this), total), coefficients[this])
    return multiply(_power(at, used[-1]), total)


def _power(base: Expr, exponent: int) -> Expr:
    if exponent == 0:
        return ONE
    return base if exponent == 1 else power(base, Number(exponent))
