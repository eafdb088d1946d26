"""Derivatives with one switch: two cases, told apart by the sign of one expression."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

from chainrule.expr.nodes import (
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Sum,
    add,
    depends_on,
    negate,
    postorder,
    substitute,
    symbols,
)
from chainrule.rewrite.cost import cost
from chainrule.rewrite.intervals import EXTREMES, chosen, expand_switches, is_switch
from chainrule.rewrite.meeting import agree
from chainrule.rewrite.order import Order, UndecidedError
from chainrule.rewrite.steps import slope_through

# Points at which two formulas that people write may meet.
_PLAIN_POINTS = [Number(Fraction(n, 2)) for n in (0, 2, -2, 4, -4, 1, -1)]


def by_one_sign(expr: Expr, function: Expr | None, order: Order) -> Expr:
    """A derivative as two cases, where the sign of one expression decides every switch in it.

    Raises:
        UndecidedError: there is no such expression.
    """
    sides = _one_switch(expr, order)
    if sides is None:
        raise UndecidedError
    left, right = sides
    pivot = left - right
    values = [order.simplified(_on_sign(expr, pivot, sign, order)) for sign in (-1, 1)]
    joined = _vanishing(values[0] - values[1], pivot, order)
    if function is not None:
        parts = [_on_sign(function, pivot, sign, order) for sign in (-1, 1)]
        joined = (
            joined
            and _vanishing(parts[0] - parts[1], pivot, order)
            and _vanishing(parts[0] - _on_sign(function, pivot, 0, order), pivot, order)
        )
    if joined and values[0] is values[1]:
        return values[0]
    below = Comparison(("<=" if joined else "<",), (left, right))
    above = Comparison((">",), (left, right))
    found = [values[0], below, values[1], above]
    if function is not None and not joined:
        for point in _PLAIN_POINTS if symbols(function) == [order.variable] else ():
            found += _at_meeting(function, pivot, point, order)
    return Piecewise(tuple(found))


def _at_meeting(function: Expr, pivot: Expr, point: Expr, order: Order) -> list[Expr]:
    """A case for a point where two formulas meet, if there is a derivative: max(tanh x, x) at 0."""
    meets = order.number(pivot, point)
    if meets is not None and meets.is_zero():
        with suppress(UndecidedError):
            slope = slope_through(function, function, function, point, order)
            if slope is not None:
                return [slope, Comparison(("==",), (order.variable, point))]
    return []


def _one_switch(expr: Expr, order: Order) -> tuple[Expr, Expr] | None:
    """The two sides that the first switch compares, what varies on the left."""
    for node in postorder(expr):
        match node:
            case Comparison(_, (left, right)):
                break
            case Call("max" | "min", (left, right)):
                break
    else:
        return None
    if not symbols(left):
        left, right = right, left
    if right is not ZERO:
        return left, right
    # Rather y z < 1 than 1 − y z > 0.
    flipped = order.simplified(-left)
    if cost(flipped) < cost(left):
        left = flipped
    if isinstance(left, Sum):
        numbers = [term for term in left.args if isinstance(term, Number)]
        return add(*(t for t in left.args if t not in numbers)), negate(add(*numbers))
    return left, right


def _on_sign(root: Expr, pivot: Expr, sign: int, order: Order) -> Expr:
    """The formula where ``pivot`` has the sign: every switch must depend on it alone."""

    def sign_of(difference: Expr) -> int:
        if order.simplified(difference - pivot) is ZERO:
            return sign
        if order.simplified(difference + pivot) is ZERO:
            return -sign
        return _sure_sign(difference, order)

    new: dict[Expr, Expr] = {}
    whole = expand_switches(root)
    for node in postorder(whole):
        rebuilt = node.with_args(tuple(new[arg] for arg in node.args)) if node.args else node
        if is_switch(rebuilt, EXTREMES):
            value = chosen(rebuilt, sign_of)
            if value is None:
                raise UndecidedError
            rebuilt = value
        new[node] = rebuilt
    return new[whole]


def _sure_sign(difference: Expr, order: Order) -> int:
    """0 is compared with 0 where max(0, u) was replaced by 0."""
    if depends_on(difference, order.variable):
        raise UndecidedError
    return order.sign(difference)


def _vanishing(difference: Expr, pivot: Expr, order: Order) -> bool:
    """Whether the difference is known to be 0 where the pivot is."""
    found = order.simplified(difference)
    if found is ZERO:
        return True
    shown = [pivot, order.simplified(pivot)]
    if order.simplified(substitute(found, dict.fromkeys(shown, ZERO))) is ZERO:
        return True
    try:
        zeros, slope = order.generous.zeros(pivot)
    except UndecidedError:
        return False
    return slope is not None and agree(found, ZERO, zeros[0], order)
