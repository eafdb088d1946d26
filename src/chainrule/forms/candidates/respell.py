"""Spellings that lose no digits: a table of what to write instead of what one writes first.

They are equal as real numbers. In floating point the left sides cancel or overflow where the
right sides do not (N. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 1.14).
"""

from __future__ import annotations

from functools import cache

from chainrule.expr.nodes import MINUS_ONE, Expr, Product, multiply, transform
from chainrule.parsing.definitions import expand_all
from chainrule.parsing.formula import parse_text
from chainrule.rewrite.identities import Identity, identities
from chainrule.rewrite.patterns import apply_identity

TABLE: tuple[tuple[str, str], ...] = (
    ("ln(1 + e^u)", "max(u, 0) + log1p(e^(-|u|))"),
    ("ln(sigmoid(u))", "min(u, 0) - log1p(e^(-|u|))"),
    ("ln(1 - sigmoid(u))", "min(-u, 0) - log1p(e^(-|u|))"),
    ("ln(cosh(u))", "{|u| < 1: log1p(sinh(u)^2)/2, else: |u| + log1p(e^(-2*|u|)) - ln(2)}"),
    ("ln(1 + u)", "log1p(u)"),
    ("acos(1 - u)", "2*asin(sqrt(u/2))"),
    ("e^u - 1", "expm1(u)"),
    ("1 + erf(u)", "erfc(-u)"),
    ("1 - erf(u)", "erfc(u)"),
    ("1 - tanh(u)^2", "1/cosh(u)^2"),
    ("1 - sigmoid(u)", "sigmoid(-u)"),
    ("(e^u - e^(-u))/(e^u + e^(-u))", "tanh(u)"),
    ("(1 - e^(-u))/(1 + e^(-u))", "tanh(u/2)"),
    ("e^u/(1 + e^u)", "sigmoid(u)"),
    ("1 + 2*sin(u)*cos(u)", "(sin(u) + cos(u))^2"),
    ("1 + 2*cos(u)*sin(u)", "(sin(u) + cos(u))^2"),
    ("1 - cos(u)", "2*sin(u/2)^2"),
    ("1 + cos(u)", "2*cos(u/2)^2"),
    ("1 - sin(u)", "(sin(u/2) - cos(u/2))^2"),
    ("1 + sin(u)", "(sin(u/2) + cos(u/2))^2"),
)


@cache
def _identities() -> tuple[Identity, ...]:
    read = [(parse_text(left).expr, parse_text(right).expr) for left, right in TABLE]
    return tuple(identities("respelled", "a spelling that loses no digits", *read))


def respelled(expr: Expr) -> Expr:
    """The expression with every spelling of the table, before and after names are filled in."""
    for row in _identities():
        expr = apply_identity(expr, row)
    expr = expand_all(expr)
    for row in _identities():
        expr = apply_identity(expr, row)
    return transform(expand_all(expr), _without_two_signs)


def _without_two_signs(node: Expr) -> Expr:
    match node:
        case Product((first, Product((second, *rest)))) if first is second is MINUS_ONE:
            return multiply(*rest)
    return node
