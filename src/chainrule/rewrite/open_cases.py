"""Conditions without their end points: where two cases meet there may be no derivative."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from itertools import pairwise
from math import nan

from chainrule.expr.nodes import (
    Comparison,
    Expr,
    Piecewise,
    call,
    depends_on,
    postorder,
    symbols,
    transform,
)
from chainrule.expr.relations import MIRRORED, STRICT
from chainrule.rewrite.intervals import EVERY_SWITCH, ROUNDING, expand_switches, is_switch
from chainrule.rewrite.order import Order, UndecidedError

_EDGES = EVERY_SWITCH | ROUNDING
_MOST_PARTS = 16
"""Cases with more parts than this are no clearer than the cases as they were typed."""

Ends = tuple[Expr, ...]
Interval = tuple[Ends, Ends]
"""An open interval, from the largest of the lower ends to the smallest of the upper ones."""


def strict(expr: Piecewise) -> Expr | None:
    """Every condition without its end points, and "else" as the complement of the others.

    ``None`` where the complement is not one chain of comparisons.
    """
    conditions: list[Comparison] = []
    for _, condition in expr.branches:
        assert isinstance(condition, Comparison)
        if any(op not in STRICT for op in condition.operators):
            return None
        operators = tuple(STRICT[op] for op in condition.operators)
        conditions.append(_variable_first(Comparison(operators, condition.args)))
    if expr.otherwise is not None:
        complement = _complement(conditions)
        if complement is None:
            return None
        conditions.append(complement)
    pairs = zip(expr.values, conditions, strict=True)
    return Piecewise(tuple(part for pair in pairs for part in pair))


def _variable_first(condition: Comparison) -> Comparison:
    """0 > x is x < 0."""
    if len(condition.args) == 2 and not symbols(condition.args[0]):
        (operator,) = condition.operators
        return Comparison((MIRRORED[operator],), condition.args[::-1])
    return condition


def _complement(conditions: Sequence[Comparison]) -> Comparison | None:
    """What is left by one or two simple conditions on the same expression, ends excluded."""
    if any(len(condition.operators) != 1 for condition in conditions):
        return None
    bounds = [(c.args[0], MIRRORED[c.operators[0]], c.args[1]) for c in conditions]
    if len(bounds) == 1:
        ((left, operator, right),) = bounds
        return Comparison((operator,), (left, right))
    if len(bounds) != 2 or bounds[0][0] is not bounds[1][0]:
        return None
    lower = next((right for _, operator, right in bounds if operator == ">"), None)
    upper = next((right for _, operator, right in bounds if operator == "<"), None)
    if lower is None or upper is None:
        return None
    return Comparison(("<", "<"), (lower, bounds[0][0], upper))


# --- whatever the order of the points is ----------------------------------------------------------
def disjoint(root: Expr, order: Order) -> Expr:
    """A formula with each of its cases where none before it applies, ends excluded.

    {x < k: u, x < 3: v, else: w} becomes {x < k: u, k < x < 3: v, x > max(k, 3): w}, which says
    the same beside the points where cases meet, whatever k is, and nothing at these points.

    Cases told apart by more than the variable alone are put into one another.
    """

    def visit(node: Expr) -> Expr:
        if not isinstance(node, Piecewise):
            return node
        try:
            return _disjoint(node, order)
        except UndecidedError:
            return _nested(node, order)

    return transform(root, visit)


def _nested(expr: Piecewise, order: Order) -> Expr:
    """{c: u, d: v, else: w} as {c: u, not c: {d: v, not d: w}}, with strict conditions.

    Itself, if two sides of a condition may be equal on a whole piece, as those of x ≥ |x|.
    """
    if any(is_switch(n, _EDGES) for _, c in expr.branches for n in postorder(expand_switches(c))):
        return expr
    rest = expr.otherwise
    for value, condition in reversed(expr.branches):
        assert isinstance(condition, Comparison)
        inside, outside = condition, _outside(condition)
        if depends_on(condition, order.variable):
            operators = [STRICT.get(op, op) for op in condition.operators]
            inside = Comparison(tuple(operators), condition.args)
        elif rest is not None:
            rest = Piecewise((value, condition, rest))
            continue
        args: list[Expr] = [] if "==" in inside.operators else [value, inside]
        if rest is not None:
            args += [part for other in outside for part in (rest, other)]
        rest = Piecewise(tuple(args)) if args else None
    return expr if rest is None else rest


def _outside(condition: Comparison) -> list[Comparison]:
    """Where a condition does not hold: one of these does, or two sides are equal."""
    found: list[Comparison] = []
    for operator, pair in zip(condition.operators, pairwise(condition.args), strict=True):
        if operator == "==":
            found.append(Comparison(("!=",), pair))
        elif operator != "!=":
            found.append(Comparison((MIRRORED[STRICT[operator]],), pair))
    return found


def _disjoint(expr: Piecewise, order: Order) -> Expr:
    left: list[Interval] = [((), ())]
    args: list[Expr] = []
    for value, condition in expr.branches:
        assert isinstance(condition, Comparison)
        inside, outside = _parts(condition, order)
        for part in _met(left, inside, order):
            args += [value, _between(part, order)]
        left = _met(left, outside, order)
    if expr.otherwise is not None:
        for part in left:
            args += [expr.otherwise, _between(part, order)]
    if not 0 < len(args) <= 2 * _MOST_PARTS:
        raise UndecidedError
    return Piecewise(tuple(args))


def _parts(condition: Comparison, order: Order) -> tuple[list[Interval], list[Interval]]:
    """Where a condition on the variable holds, and where it does not, without the ends.

    Raises:
        UndecidedError: the condition is of another kind.
    """
    x = order.variable
    match condition:
        case Comparison((operator,), (left, right)) if left is x or right is x:
            at = right if left is x else left
            turned = operator if left is x else MIRRORED[operator]
            below: list[Interval] = [((), (at,))]
            above: list[Interval] = [((at,), ())]
            found = {
                "<": (below, above),
                ">": (above, below),
                "==": ([], below + above),
                "!=": (below + above, []),
            }[STRICT.get(turned, turned)]
        case Comparison(("<" | "<=", "<" | "<="), (low, middle, high)) if middle is x:
            found = [((low,), (high,))], [((), (low,)), ((high,), ())]
        case Comparison((">" | ">=", ">" | ">="), (high, middle, low)) if middle is x:
            found = [((low,), (high,))], [((), (low,)), ((high,), ())]
        case _:
            raise UndecidedError
    ends = [end for part in found for interval in part for side in interval for end in side]
    if any(depends_on(end, x) for end in ends):
        raise UndecidedError
    return found


def _met(first: list[Interval], second: list[Interval], order: Order) -> list[Interval]:
    """What two unions of intervals share, without parts that are known to be empty."""
    found: list[Interval] = []
    for a in first:
        for b in second:
            low = reduce(partial(_with_end, sign=1, order=order), b[0], a[0])
            high = reduce(partial(_with_end, sign=-1, order=order), b[1], a[1])
            if not any(_compared(p, q, order) >= 0 for p in low for q in high):
                found.append((low, high))
    return found


def _with_end(ends: Ends, new: Expr, sign: int, order: Order) -> Ends:
    """Ends with one more, without those that are known not to matter.

    Args:
        sign: 1 where the largest matters, −1 where the smallest does.
    """
    if any(sign * _compared(end, new, order) >= 0 for end in ends):
        return ends
    return (*(end for end in ends if not sign * _compared(new, end, order) > 0), new)


def _compared(a: Expr, b: Expr, order: Order) -> float:
    """−1, 0 or 1 as ``a`` lies left of, on or right of ``b``; nan if that is not known."""
    try:
        return order.compare(a, b)
    except UndecidedError:
        return nan


def _between(part: Interval, order: Order) -> Comparison:
    low, high = part
    above = [reduce(partial(call, "max"), low)] if low else []
    below = [reduce(partial(call, "min"), high)] if high else []
    if not below:
        return Comparison((">",), (order.variable, *above))
    return Comparison(("<",) * (len(above) + 1), (*above, order.variable, *below))
