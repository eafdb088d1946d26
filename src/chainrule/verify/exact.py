"""Exact values: formulas of rational operations at rational points."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from chainrule.expr.nodes import (
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    postorder,
)

# Numbers of more than 6,000 digits are left to balls, which take no longer for them.
_MAX_BITS = 20_000


def rational_value(expr: Expr, env: Mapping[Symbol, object]) -> Fraction | None:
    """The value, or ``None`` if something in the formula is not rational (or is too long).

    A division by 0 gives ``None`` too.
    """
    values: dict[Expr, Fraction] = {}
    for node in postorder(expr):
        value = _value(node, values, env)
        if value is None or value.numerator.bit_length() > _MAX_BITS:
            return None
        values[node] = value
    return values[expr]


def _value(
    node: Expr, values: Mapping[Expr, Fraction], env: Mapping[Symbol, object]
) -> Fraction | None:
    match node:
        case Number(value):
            return Fraction(value)
        case Symbol():
            given = env.get(node)
            return Fraction(given) if isinstance(given, (int, Fraction)) else None
        case Sum(args):
            return sum((values[arg] for arg in args), Fraction(0))
        case Product(args):
            total = Fraction(1)
            for arg in args:
                total *= values[arg]
            return total
        case Quotient(above, below):
            return values[above] / values[below] if values[below] else None
        case Power(base, exponent):
            return _power(values[base], values[exponent])
        case _:
            return None


def _power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if exponent.denominator != 1 or (base == 0 and exponent <= 0):
        return None
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if size * abs(exponent) > _MAX_BITS:
        return None
    return base ** int(exponent)
