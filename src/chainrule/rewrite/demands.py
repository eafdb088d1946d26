"""What a formula demands of its letters: where its operations have values."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    ZERO,
    Call,
    Comparison,
    Expr,
    Power,
    Product,
    Quotient,
    postorder,
    rational_value,
    symbols,
)
from chainrule.parsing.definitions import expand_all


def demands(*roots: Expr) -> tuple[Comparison, ...]:
    """Conditions that the operations make, each once, in the order of the formulas.

    Denominators and bases of negative powers are not 0; a root, a logarithm or a function of the
    table is taken where it is defined. Functions of the catalogue make those of their formulas.
    """
    expanded = [expand_all(root) for root in roots]
    found = dict.fromkeys(c for node in postorder(*expanded) for c in _demands(node))
    return tuple(condition for condition in found if symbols(condition))


def _demands(node: Expr) -> Iterator[Comparison]:
    match node:
        case Call(name, args) if name in BY_NAME:
            domain = BY_NAME[name].domain
            condition = None if domain is None else domain(*args)
            if isinstance(condition, Comparison) and not _is_exponential(args[0]):
                yield condition
        case Quotient(_, bottom):
            yield from _not_zero(bottom)
        case Power(base, exponent):
            value = rational_value(exponent)
            if (value is None or value.denominator != 1) and not _is_exponential(base):
                yield Comparison((">=",), (base, ZERO))
            if value is None or value < 0:
                yield from _not_zero(base)


def _not_zero(expr: Expr) -> Iterator[Comparison]:
    """That no factor is 0."""
    stack = [expr]
    while stack:
        match stack.pop():
            case Product(args):
                stack += args
            case Power(base, exponent) if (rational_value(exponent) or 0) > 0:
                stack.append(base)
            case Call("sqrt" | "abs", (inner,)):
                stack.append(inner)
            case factor if not _is_exponential(factor):
                yield Comparison(("!=",), (factor, ZERO))


def _is_exponential(expr: Expr) -> bool:
    return isinstance(expr, Call) and expr.name == "exp"
