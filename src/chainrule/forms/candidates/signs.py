"""Signs collected where they cost nothing: −x·(−1 − u) as x·(1 + u), (−x)² as x².

A change of sign is exact in floating point, so that none of this changes a result.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    postorder_through,
    rational_value,
    transform,
)

_Signed = tuple[int, Expr]
_Known = dict[Expr, _Signed]


def collected(root: Expr) -> Expr:
    """The expression with its signs collected, every other operation as it was."""
    known: _Known = {}
    return transform(root, lambda node: _visit(node, known))


def _visit(node: Expr, known: _Known) -> Expr:
    match node:
        case Product(args):
            return _product(args, known)
        case Quotient(top, bottom):
            sign, above = _split(top, known)
            other, below = _split(bottom, known)
            if sign * other < 0 and other < 0:
                return Quotient(_negative(above), below)
            return Quotient(above, below) if other < 0 else node
        case Power(base, exponent):
            return _power(node, base, exponent, known)
        case Call("exp", (argument,)) if argument is ZERO:
            return ONE
        case Call(name, (argument,)) if parity := BY_NAME[name].parity:
            sign, inner = _split(argument, known)
            if sign < 0:
                call = Call(name, (inner,))
                node = call if parity == "even" else _negative(call)
    match node:
        case Call("abs", (Call("abs") as size,)):
            return size
    return node


def _product(args: tuple[Expr, ...], known: _Known) -> Expr:
    sign = 1
    kept: list[Expr] = []
    for arg in args:
        if arg is MINUS_ONE:
            sign = -sign
        elif isinstance(arg, Number):
            kept.append(arg)
        else:
            own, rest = _split(arg, known)
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


def _power(node: Expr, base: Expr, exponent: Expr, known: _Known) -> Expr:
    value = rational_value(exponent)
    sign, inner = _split(base, known)
    if value is None or value.denominator != 1:
        return node
    if isinstance(inner, Call) and inner.name == "abs" and value % 2 == 0:
        return Power(inner.args[0], exponent)
    if sign > 0:
        return node
    return Power(inner, exponent) if value % 2 == 0 else _negative(Power(inner, exponent))


def _split(node: Expr, known: _Known) -> _Signed:
    """The sign in front of an expression, and what it is in front of."""
    if node not in known:
        for part in postorder_through(
            node, inside=lambda part: () if part in known else _signed(part)
        ):
            if part not in known:
                known[part] = _own_split(part, known)
    return known[node]


def _signed(node: Expr) -> Sequence[Expr]:
    """The parts whose signs decide on that of ``node``."""
    match node:
        case Quotient(top, _):
            return (top,)
        case Sum(args):
            return args
    return ()


def _own_split(node: Expr, known: _Known) -> _Signed:
    match node:
        case Number(value) if value < 0:
            return -1, Number(-value, node.decimal)
        case Product(args) if isinstance(args[0], Number) and args[0].value < 0:
            if args[0] is MINUS_ONE:
                return -1, args[1] if len(args) == 2 else Product(args[1:])
            return -1, Product((Number(-args[0].value, args[0].decimal), *args[1:]))
        case Quotient(top, bottom):
            sign, above = known[top]
            return sign, Quotient(above, bottom)
        case Sum(args):
            parts = [known[arg] for arg in args]
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
