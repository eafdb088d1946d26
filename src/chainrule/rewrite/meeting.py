"""Where formulas meet: whether they agree at a point, and the slope of what they make together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from chainrule.expr.nodes import ZERO, Expr, depends_on, substitute
from chainrule.rewrite.order import Order, UndecidedError
from chainrule.rewrite.steps import slope_through


def slope_between(
    function: Sequence[Expr | None], left: Expr, right: Expr, point: Expr, order: Order
) -> Expr | None:
    """The derivative of a function at a point, given it on both sides; ``None`` if unknown."""
    before, here, after = function
    with suppress(UndecidedError):
        return slope_through(before, here, after, point, order.generous)
    # A continuous function whose derivative has one limit from both sides has that derivative.
    return common_value(left, right, point, order) if continuous(function, point, order) else None


def common_value(left: Expr, right: Expr, point: Expr, order: Order) -> Expr | None:
    """The value at a point of two formulas that are equal there."""
    if not agree(left, right, point, order):
        return None
    return order.simplified(substitute(left, {order.variable: point}))


def agree(left: Expr, right: Expr, point: Expr, order: Order) -> bool:
    """Whether two formulas are known to be defined and equal at a point."""
    if left is right and not depends_on(left, order.variable):
        return True
    ends = [substitute(side, {order.variable: point}) for side in (left, right)]
    values = [order.generous.number(end) for end in ends]
    if values[0] is None or values[1] is None or not values[0].overlaps(values[1]):
        return False
    from chainrule.rewrite.expansion import expanded

    gap = ends[0] - ends[1]
    # cosh 1 is (e + 1/e)/2.
    return order.simplified(gap) is ZERO or order.simplified(expanded(gap)) is ZERO


def continuous(values: Sequence[Expr | None], point: Expr, order: Order) -> bool:
    """Whether the formulas left of, at and right of a point are known to agree there."""
    left, middle, right = values
    if left is None or middle is None or right is None:
        return False
    return agree(left, middle, point, order) and agree(middle, right, point, order)
