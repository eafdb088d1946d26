"""Signs collected where they cost nothing: −x·(−1 − u) as x·(1 + u), (−x)² as x².

A change of sign is exact in floating point, so that none of this changes a result.
"""

from __future__ import annotations

from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Call,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    rational_value,
    transform,
)


def collected(root: Expr) -> Expr:
    """The expression with its signs collected, every other operation as it was."""
    return transform(root, _visit)


def _visit(node: Expr) -> Expr:
    match node:
        case Product(args):
            return _product(args)
        case Quotient(top, bottom):
            sign, above = _split(top)
            other, below = _split(bottom)
            if sign * other < 0 and other < 0:
                return Quotient(_negative(above), below)
            return Quotient(above, below) if other < 0 else node
        case Power(base, exponent):
            return _power(node, base, exponent)
        case Call("exp", (argument,)) if argument is ZERO:
            return ONE
        case Call(name, (argument,)) if parity := BY_NAME[name].parity:
            sign, inner = _split(argument)
            if sign < 0:
                call = Call(name, (inner,))
                return call if parity == "even" else _negative(call)
    return node


def _product(args: tuple[Expr, ...]) -> Expr:
    sign = 1
    kept: list[Expr] = []
    for arg in args:
        if arg is MINUS_ONE:
            sign = -sign
        elif isinstance(arg, Number):
            kept.append(arg)
        else:
            own, rest = _split(arg)
            sign *= own
            kept.append(rest)
    if sign < 0:
        place = next((i for i, arg in enumerate(kept) if isinstance(arg, Number)), None)
        if place is None:
            kept.insert(0, MINUS_ONE)
        else:
            kept[place] = _negative(kept[place])
    if len(kept) > 1 and kept[0] is ONE:
        del kept[0]
    return kept[0] if len(kept) == 1 else Product(tuple(kept))


def _power(node: Expr, base: Expr, exponent: Expr) -> Expr:
    value = rational_value(exponent)
    sign, inner = _split(base)
    if value is None or value.denominator != 1:
        return node
    if isinstance(inner, Call) and inner.name == "abs" and value % 2 == 0:
        return Power(inner.args[0], exponent)
    if sign > 0:
        return node
    return Power(inner, exponent) if value % 2 == 0 else _negative(Power(inner, exponent))


def _split(node: Expr) -> tuple[int, Expr]:
    """The sign in front of an expression, and what it is in front of."""
    match node:
        case Number(value) if value < 0:
            return -1, Number(-value, node.decimal)
        case Product(args) if isinstance(args[0], Number) and args[0].value < 0:
            if args[0] is MINUS_ONE:
                return -1, args[1] if len(args) == 2 else Product(args[1:])
            return -1, Product((Number(-args[0].value, args[0].decimal), *args[1:]))
        case Quotient(top, bottom):
            sign, above = _split(top)
            return (sign, Quotient(above, bottom)) if sign < 0 else (1, node)
        case Sum(args):
            parts = [_split(arg) for arg in args]
            if all(sign < 0 for sign, _ in parts):
                return -1, Sum(tuple(part for _, part in parts))
    return 1, node


def _negative(node: Expr) -> Expr:
    match node:
        case Number(value):
            return Number(-value, node.decimal)
        case Product(args) if isinstance(args[0], Number):
            first = Number(-args[0].value, args[0].decimal)
            if first is ONE:
                return args[1] if len(args) == 2 else Product(args[1:])
            return Product((first, *args[1:]))
        case Product(args):
            return Product((MINUS_ONE, *args))
    return Product((MINUS_ONE, node))
