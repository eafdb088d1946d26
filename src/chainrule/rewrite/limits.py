"""One-sided limits of a formula and of its slope, found from its germ beside the point.

No rule of differentiation has a part in it: the slope is the second coefficient of the
function's own expansion, which is the limit of the difference quotient. What is found is exact;
where it cannot be decided, ``None`` says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.expr.nodes import ZERO, Expr, Number, multiply, substitute
from chainrule.rewrite.expansion import DEPTHS, Direction, expanded, expansion, germ_beside
from chainrule.rewrite.germs import LINEAR, UNIT, Germ, Germs, size
from chainrule.rewrite.line import NOWHERE, UNKNOWN, Side
from chainrule.rewrite.order import Order, UndecidedError, UndefinedError


def side(function: Expr, point: Expr, direction: Direction, order: Order) -> Side:
    """The limits of a function of ``order.variable``, and of its difference quotient.

    Args:
        function: any formula.
        point: where; it may hold letters.
        direction: −1 for the limit from the left, 1 from the right.
        order: what is known about the letters.
    """
    key = function, point, direction
    found = order.sides.get(key)
    if found is None:
        found = order.sides[key] = _side(expanded(function), point, direction, order)
    return found


def _side(whole: Expr, point: Expr, direction: Direction, order: Order) -> Side:
    order.at_once()
    try:
        germ = germ_beside(whole, point, direction, order)
    except UndefinedError:
        return NOWHERE
    except UndecidedError:
        return UNKNOWN
    return _read(germ, direction, expansion(order, DEPTHS[0]).germs)


def _read(germ: Germ, direction: Direction, germs: Germs) -> Side:
    try:
        growing = germs.grows(germ.exponent)
        if growing < 0:
            return Side(ZERO, ZERO)
        if growing > 0 or (germ.leading is not None and size(germ.leading) < size(UNIT)):
            return Side(None, None, grows=germs.leading_sign(germ))
    except UndecidedError:
        return UNKNOWN
    if germ.error is not None and size(germ.error) <= size(UNIT):
        return UNKNOWN
    value = germs.order.shown(germ.terms.get(UNIT, ZERO))
    rest = Germ({m: c for m, c in germ.terms.items() if m != UNIT}, germ.error)
    if rest.leading is not None and size(rest.leading) < size(LINEAR):
        try:
            return Side(value, None, infinite=direction * germs.leading_sign(rest))
        except UndecidedError:
            return Side(value, None)
    if germ.error is not None and size(germ.error) <= size(LINEAR):
        return Side(value, None)
    slope = multiply(Number(direction), rest.terms.get(LINEAR, ZERO))
    return Side(value, germs.order.shown(slope))


@dataclass(frozen=True, slots=True)
class Joint:
    """What is left of, at and right of a point.

    Attributes:
        left: the limits from the left.
        here: the value at the point, ``None`` if it is not defined.
        right: the limits from the right.
        jumps: by how much the function jumps on either side; ``None`` if that is not known.
        turn: by how much the slopes differ; ``None`` if that is not known.
    """

    left: Side
    here: Expr | None
    right: Side
    jumps: tuple[Expr | None, Expr | None]
    turn: Expr | None


def joint(
    left: Expr | None, middle: Expr | None, right: Expr | None, point: Expr, order: Order
) -> Joint:
    """Where three formulas meet, of which ``middle`` holds at the point; ``None`` for none."""
    before = NOWHERE if left is None else side(left, point, -1, order)
    after = NOWHERE if right is None else side(right, point, 1, order)
    here = None
    if middle is not None and order.number(middle, point) is not None:
        here = order.shown(substitute(middle, {order.variable: point}))
    jumps = gap(before.value, here, order), gap(after.value, here, order)
    return Joint(before, here, after, jumps, gap(before.slope, after.slope, order))


def gap(first: Expr | None, second: Expr | None, order: Order) -> Expr | None:
    """By how much two values differ; ``None`` if it cannot be told."""
    if first is None or second is None:
        return None
    difference = order.simplified(first - second)
    try:
        return order.settled(difference)
    except UndecidedError:
        return None


def slope_at(
    left: Expr | None, middle: Expr | None, right: Expr | None, point: Expr, order: Order
) -> Expr | None:
    """The derivative where three formulas meet; ``None`` if there is none for all letters.

    Raises:
        UndecidedError: it cannot be told.
    """
    return slope_of(joint(left, middle, right, point, order))


def slope_of(found: Joint) -> Expr | None:
    """The derivative at a joint; ``None`` if there is none for all letters.

    Raises:
        UndecidedError: it cannot be told.
    """
    sides = found.left, found.right
    if found.here is None or any(s.grows or s.infinite or not s.defined for s in sides):
        return None
    gaps = *found.jumps, found.turn
    if all(gap is ZERO for gap in gaps):
        return found.left.slope
    if any(gap is not None and gap is not ZERO for gap in gaps):
        return None
    raise UndecidedError
