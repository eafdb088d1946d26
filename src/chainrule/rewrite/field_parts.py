"""What the kernels of some expressions are made of: what arithmetic does not see into, roots, and
exponents of e over a basis.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from chainrule.expr.nodes import (
    Call,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    postorder_through,
    rational_value,
)
from chainrule.rewrite.monomial import coefficient_and_rest


class Parts(NamedTuple):
    """What the kernels of some expressions are made of, in the order in which it occurs.

    Attributes:
        plain: what arithmetic does not see into.
        roots: what stands under roots, and the least common degree of these.
        arguments: exponents of e.
        decimal: whether any number was written as a decimal.
    """

    plain: dict[Expr, None]
    roots: dict[Expr, int]
    arguments: dict[Expr, None]
    decimal: bool


def parts(expressions: Sequence[Expr]) -> Parts:
    """What the kernels of the expressions are made of."""
    plain: dict[Expr, None] = {}
    roots: dict[Expr, int] = {}
    arguments: dict[Expr, None] = {}
    decimal = False
    for node in structure(expressions):
        match node:
            case Number():
                decimal = decimal or node.decimal
            case Call("exp", (argument,)):
                arguments[argument] = None
            case Call("sqrt", (base,)):
                roots[base] = lcm(roots.get(base, 1), 2)
            case Power(base, exponent):
                value = rational_value(exponent)
                if value is None:
                    plain[symbolic_part(node)] = None
                elif value.__class__ is not int:
                    roots[base] = lcm(roots.get(base, 1), value.denominator)
            case Sum() | Product() | Quotient():
                pass
            case _:
                plain[node] = None
    return Parts(plain, roots, arguments, decimal)


def exponent_basis(
    arguments: Sequence[Expr],
) -> tuple[dict[Expr, list[tuple[Fraction, Expr]]], dict[Expr, list[Fraction]]]:
    """Each exponent as a sum of rational multiples of common parts, and all multiples of each.

    A part is a term, or a whole exponent if no other one shares a term with it except in
    proportion: e^{1-x} alone stays e^{1-x}, and is not taken apart into e and e^{-x}.
    """
    terms: dict[Expr, dict[Expr, Fraction]] = {}
    for argument in arguments:
        row = terms[argument] = {}
        for term in _terms(argument):
            value, _, rest = coefficient_and_rest(term)
            row[rest] = row.get(rest, Fraction(0)) + Fraction(value)
    exponents: dict[Expr, list[tuple[Fraction, Expr]]] = {}
    for argument, row in terms.items():
        if len(row) > 1:
            sharing = [other for other in arguments if not row.keys().isdisjoint(terms[other])]
            lead = sharing[0]
            ratios = [_proportion(row, terms[other]) for other in sharing]
            if all(ratios):
                exponents[argument] = [(1 / Fraction(ratios[0] or 1), lead)]
                continue
        exponents[argument] = [(value, rest) for rest, value in row.items()]
    units: dict[Expr, list[Fraction]] = {}
    for parts in exponents.values():
        for value, rest in parts:
            units.setdefault(rest, []).append(value)
    return exponents, units


def _proportion(row: dict[Expr, Fraction], other: dict[Expr, Fraction]) -> Fraction | None:
    """The number by which ``row`` is multiplied to give ``other``, if there is one."""
    if row.keys() != other.keys():
        return None
    ratios = {other[rest] / value for rest, value in row.items() if value}
    return ratios.pop() if len(ratios) == 1 else None


def _terms(argument: Expr) -> tuple[Expr, ...]:
    return argument.args if type(argument) is Sum else (argument,)


def numeric_shift(exponent: Expr) -> int:
    """The integer terms of a symbolic exponent: a − 1 has −1, and 1 − a + 1 has 2."""
    values = map(rational_value, _terms(exponent))
    return sum(int(value) for value in values if value.__class__ is int)


def symbolic_part(node: Expr) -> Expr:
    """x^{a−1} is x^a times x^{−1}; this is the first of them."""
    base, exponent = node.args
    if numeric_shift(exponent) == 0:
        return node
    rest = tuple(
        term
        for term in _terms(exponent)
        if not ((value := rational_value(term)) is not None and value.__class__ is int)
    )
    return Power(base, rest[0] if len(rest) == 1 else Sum(rest))


def structure(roots: Sequence[Expr]) -> list[Expr]:
    """Nodes that arithmetic sees into, and kernels, children before parents."""
    return postorder_through(*roots, inside=_seen_into)


def _seen_into(node: Expr) -> tuple[Expr, ...]:
    match node:
        case Sum() | Product() | Quotient():
            return node.args
        case Power(base, _) | Call("sqrt", (base,)):
            return (base,)
    return ()
