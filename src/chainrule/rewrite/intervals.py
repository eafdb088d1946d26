"""A formula on each of the intervals between the points at which it switches.

``on_intervals`` takes a formula with cases, max, min, |u|, … apart: the points where one of
them switches, in order, and the formula that is left on every open interval between them and
at every point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from itertools import pairwise

from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Call,
    Comparison,
    Expr,
    Piecewise,
    Symbol,
    depends_on,
    postorder,
    substitute,
    symbols,
)
from chainrule.expr.relations import HOLDS
from chainrule.parsing.definitions import definition, expand, is_catalogue_name
from chainrule.rewrite.line import Line
from chainrule.rewrite.order import Order, UndefinedError, sorted_points

EXTREMES = frozenset({"max", "min"})
SIGNED = frozenset({"abs", "sign", "heaviside"})
EVERY_SWITCH = EXTREMES | SIGNED
ROUNDING = frozenset({"floor", "ceil", "round", "trunc"})


# --- taking a formula apart -----------------------------------------------------------------------
def is_switch(node: Expr, names: frozenset[str]) -> bool:
    return isinstance(node, Piecewise) or (isinstance(node, Call) and node.name in names)


def expand_switches(root: Expr, names: frozenset[str] = EVERY_SWITCH) -> Expr:
    """Catalogue functions replaced by their formulas, where these have a switch in them."""
    while True:
        mapping: dict[Expr, Expr] = {
            node: expand(node)
            for node in postorder(root)
            if isinstance(node, Call)
            and is_catalogue_name(node.name)
            and _row_has_switch(node.name, names)
        }
        if not mapping:
            return root
        root = substitute(root, mapping)


@cache
def _row_has_switch(name: str, names: frozenset[str]) -> bool:
    """Whether the formula of a row of the catalogue, or of a row it calls, has a switch."""
    return any(
        is_switch(node, names)
        or (
            isinstance(node, Call)
            and is_catalogue_name(node.name)
            and _row_has_switch(node.name, names)
        )
        for node in postorder(definition(name).expr)
    )


def on_intervals(root: Expr, order: Order, names: frozenset[str] = EVERY_SWITCH) -> Line:
    """The formula without cases, and without the functions ``names``, piece by piece.

    Raises:
        UndecidedError: a condition is not of the kind that ``roots`` solves, or depends on
            letters nothing is known about.
    """
    root = expand_switches(root, names)
    lines = order.lines.setdefault(names, {})
    for node in postorder(root):
        if node in lines:
            continue
        switches = is_switch(node, names)
        if not switches and all(lines[arg].values == (arg,) for arg in node.args):
            lines[node] = Line((), (node,))
            continue
        points = sorted_points((p for arg in node.args for p in lines[arg].points), order)
        rows = [spread(lines[arg], points, order) for arg in node.args]
        line = _columns(points, rows, node)
        # A comparison is decided by the cases it belongs to.
        lines[node] = _decided(node, line, order) if switches else line
    return lines[root]


def spread(line: Line, points: Sequence[Expr], order: Order) -> tuple[Expr | None, ...]:
    """The values of ``line`` on the finer line cut at ``points``."""
    if not line.points:
        return line.values * (2 * len(points) + 1)
    values: list[Expr | None] = []
    place = 0
    for point in points:
        values.append(line.values[place])
        if place // 2 < len(line.points) and order.compare(point, line.points[place // 2]) == 0:
            values.append(line.values[place + 1])
            place += 2
        else:
            values.append(line.values[place])
    values.append(line.values[place])
    return tuple(values)


def _columns(points: Sequence[Expr], rows: Sequence[Sequence[Expr | None]], node: Expr) -> Line:
    values: list[Expr | None] = []
    # Where there are no cases, nothing holds anywhere.
    columns = zip(*rows, strict=True) if rows else [()] * (2 * len(points) + 1)
    for column in columns:
        if isinstance(node, Piecewise):
            # A case without a value does not hurt where it does not apply.
            values.append(node.with_args(tuple(_UNDEFINED if v is None else v for v in column)))
        elif None in column:
            values.append(None)
        else:
            values.append(node.with_args(tuple(v for v in column if v is not None)))
    return Line(tuple(points), tuple(values))


_UNDEFINED = Symbol(" undefined")


def _decided(node: Expr, line: Line, order: Order) -> Line:
    """The line cut further so that the switch is open on every part of it."""
    cuts: list[Expr] = list(line.points)
    for i, value in enumerate(line.intervals):
        if value is None:
            continue
        low = line.points[i - 1] if i else None
        high = line.points[i] if i < len(line.points) else None
        for difference in differences(value):
            for root in order.zeros(difference)[0]:
                if (low is None or order.compare(low, root) < 0) and (
                    high is None or order.compare(root, high) < 0
                ):
                    cuts.append(root)
    points = sorted_points(cuts, order)
    values = list(spread(line, points, order))
    for i, value in enumerate(values):
        if value is None:
            continue
        if i % 2:
            # (|u|/u⁻¹)² is no number at 0, though there is a 0 in it.
            with suppress(UndefinedError):
                values[i] = None
                values[i] = chosen(value, partial(_sign_at, point=points[i // 2], order=order))
        else:
            low = points[i // 2 - 1] if i else None
            high = points[i // 2] if i // 2 < len(points) else None
            values[i] = chosen(value, partial(_sign_on, low=low, high=high, order=order))
    return Line(tuple(points), tuple(values))


def _sign_at(difference: Expr, point: Expr, order: Order) -> int:
    value = substitute(difference, {order.variable: point})
    if order.number(value) is None and all(s in order.defaults for s in symbols(value)):
        raise UndefinedError
    return order.sign(order.simplified(value))


def _sign_on(difference: Expr, low: Expr | None, high: Expr | None, order: Order) -> int:
    """The sign on an open interval that holds no zero."""
    zeros, slope = order.zeros(difference)
    if slope is None:
        at = order.between(low, high) if depends_on(difference, order.variable) else None
        return order.sign(difference, at)
    right = low is not None and order.compare(zeros[0], low) <= 0
    return order.sign(slope) if right else -order.sign(slope)


def differences(node: Expr) -> list[Expr]:
    """The expressions at whose zeros the switch changes."""
    match node:
        case Piecewise():
            found: list[Expr] = []
            for _, condition in node.branches:
                args = condition.args
                found += [a - b for a, b in pairwise(args)]
            return found
        case Call("max" | "min", (u, v)):
            return [u - v]
    return [node.args[0]]


def chosen(node: Expr, sign_of: Callable[[Expr], int]) -> Expr | None:
    """What the switch comes to, given the signs of its differences."""
    match node:
        case Piecewise():
            for value, condition in node.branches:
                if condition is _UNDEFINED:
                    return None
                assert isinstance(condition, Comparison)
                signs = (sign_of(a - b) for a, b in pairwise(condition.args))
                if all(HOLDS[op](s, 0) for op, s in zip(condition.operators, signs, strict=True)):
                    return None if value is _UNDEFINED else value
            return None if node.otherwise is _UNDEFINED else node.otherwise
        case Call("max", (u, v)):
            return u if sign_of(u - v) >= 0 else v
        case Call("min", (u, v)):
            return u if sign_of(u - v) <= 0 else v
        case Call("abs", (u,)):
            sign = sign_of(u)
            return u if sign > 0 else -u if sign < 0 else ZERO
        case Call("sign", (u,)):
            return (ZERO, ONE, MINUS_ONE)[sign_of(u)]
        case Call("heaviside", (u,)):
            return ONE if sign_of(u) >= 0 else ZERO
    return node
