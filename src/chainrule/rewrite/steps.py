"""Where a function steps and has a derivative all the same: the value of the derivative's formula.

The value of a step where it steps is an agreement: sign 0 = 0, ⌈0⌉ = 0. Beside 0 there is no 0
among the values of sign x, and none among those of ⌈|x|⌉, so that x cosh(sign x) and x⌈|x|⌉ have
derivatives at 0 which the formulas cosh(sign x) and ⌈|x|⌉ do not have. Where the argument of a
rounding goes through a whole number, the rounding has there the value that it has on one side;
where the function has a derivative that is the limit of its formula from that side, and right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise

from chainrule.expr.functions import BY_NAME, STEPS
from chainrule.expr.nodes import (
    HALF,
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Product,
    Quotient,
    Sum,
    Symbol,
    call,
    depends_on,
    multiply,
    postorder,
    substitute,
    symbols,
)
from chainrule.record import Record
from chainrule.rewrite.intervals import ROUNDING, on_intervals
from chainrule.rewrite.order import Order, UndecidedError, order_on, sorted_points

_SAMPLES = [Number(n) for n in (1, -1, 0, Fraction(1, 2), Fraction(-1, 2), 2)]
"""Values of a letter: of both signs, whole or not, and the one that makes things vanish."""

Values = dict[Expr, Expr]
"""Of letters."""


def steps_in(expr: Expr, variable: Symbol) -> list[Call]:
    """The steps in a formula that change with the variable."""
    return [
        node
        for node in postorder(expr)
        if isinstance(node, Call) and node.name in STEPS and depends_on(node, variable)
    ]


class Edges(Record):
    """Where a formula may have the values of neither side.

    Attributes:
        points: places that can be written down.
        beside: conditions that hold everywhere but at the others.
    """

    points: list[Expr]
    beside: list[Comparison]


def edges(expr: Expr, order: Order) -> Edges:
    """Where the steps in a formula may have another value than on either side.

    Args:
        expr: any formula of ``order.variable``.
        order: what is known about the letters.
    """
    points: list[Expr] = []
    beside: dict[Comparison, None] = {}
    roundings: list[Call] = []
    sides: set[int] = set()
    for node in steps_in(expr, order.variable):
        try:
            if node.name in ROUNDING:
                landings, ways = _landings(node, order)
                roundings.append(node)
                sides |= ways
            else:
                landings = order.zeros(node.args[0])[0]
            points = sorted_points([*points, *landings], order)
        except UndecidedError:
            if not _indifferent(expr, node, order):
                beside[_beside(node)] = None
    if len(roundings) > 1 and len(sides) > 1:
        # ⌊x⌋ is at 0 what it is on the right, ⌈x⌉ what it is on the left.
        beside |= dict.fromkeys(map(_beside, roundings))
    return Edges(points, list(beside))


def _level(node: Call) -> Expr:
    """What is a whole number where a rounding jumps."""
    (inner,) = node.args
    return inner + HALF if node.name == "round" else inner


def _beside(node: Call) -> Comparison:
    """A condition that holds where a step does not step."""
    level = _level(node)
    rounding = node.name in ROUNDING
    return Comparison(("!=",), (level, call("floor", level) if rounding else ZERO))


def _indifferent(expr: Expr, node: Call, order: Order) -> bool:
    """Whether a formula has the same value on, before and after a step, as sin(x)²sign(sin x)."""
    if node.name in ROUNDING:
        return False
    values = [substitute(expr, {node: Number(n)}) for n in (0, 1, -1)]
    gaps = (order.simplified(value - values[0]) for value in values[1:])
    return all(order.simplified(substitute(gap, {node.args[0]: ZERO})) is ZERO for gap in gaps)


def _landings(node: Call, order: Order) -> tuple[list[Expr], set[int]]:
    """Where the argument of a rounding turns at a level, or may; and which side it takes after.

    1 if the rounding has where it jumps the value on the right, −1 if that on the left, both if
    one here and the other there.

    Raises:
        UndecidedError: that cannot be told.
    """
    variable = order.variable
    core, way = _core(node.args[0], order)
    line = on_intervals(core, order)
    cuts = list(line.points)
    slopes: list[Expr] = []
    for piece in line.intervals:
        if piece is not None:
            slopes.append(_slope(piece, order))
            cuts += order.zeros(slopes[-1])[0]
    cuts = sorted_points(cuts, order)
    ways: set[int] = set()
    ends: list[Expr | None] = [None, *cuts, None]
    for low, high in pairwise(ends):
        at = order.between(low, high)
        for slope in slopes:
            if order.number(slope, at) is not None:
                sign = order.sign(slope, at if depends_on(slope, variable) else None)
                ways |= {way * sign} if way and not _unknown(slope, order) else {1, -1}
    if node.name == "ceil":
        ways = {-w for w in ways}
    elif node.name == "trunc":
        # Down where the argument is positive, up where it is not; around 0 it does not jump.
        ways = {1, -1}
    level = _level(node)
    return [cut for cut in cuts if _may_be_whole(level, cut, order)], ways - {0}


def _may_be_whole(level: Expr, point: Expr, order: Order) -> bool:
    if set(symbols(substitute(level, {order.variable: point}))):
        return True
    value = order.number(level, point)
    return value is not None and value.contains_integer()


def _core(expr: Expr, order: Order) -> tuple[Expr, int]:
    """What is left of a formula without the monotone functions around it, and their direction.

    0 if that depends on letters.

    Raises:
        UndecidedError: it cannot be told.
    """
    way = 1
    while expr is not order.variable:
        inside = [arg for arg in expr.args if depends_on(arg, order.variable)]
        if len(inside) != 1:
            break
        (inner,) = inside
        match expr:
            case Sum():
                pass
            case Product():
                others = [arg for arg in expr.args if arg is not inner]
                way *= _direction(multiply(*others), order)
            case Quotient(_, bottom) if bottom is not inner:
                way *= _direction(bottom, order)
            case Call(name) if name in BY_NAME and name not in STEPS and BY_NAME[name].monotone:
                way *= 1 if BY_NAME[name].monotone == "increasing" else -1
            case _:
                break
        expr = inner
    return expr, way


def _direction(factor: Expr, order: Order) -> int:
    return 0 if _unknown(factor, order) else order.sign(order.simplified(factor))


def _unknown(expr: Expr, order: Order) -> bool:
    """Whether there are letters in it that may have any sign."""
    return any(
        letter is not order.variable and not order.tidier.is_positive(letter)
        for letter in symbols(expr)
    )


def _slope(piece: Expr, order: Order) -> Expr:
    from chainrule.differentiate.differentiate import differentiate
    from chainrule.parsing.definitions import expand_all

    def none(name: str, index: int, args: tuple[Expr, ...]) -> Expr:
        raise UndecidedError

    step = differentiate(expand_all(piece), order.variable, named=none)
    return order.simplified(step.after)


# --- whether the value there is right -------------------------------------------------------------
class Doubt(Record):
    """That a derivative has the right value, or none, where steps in it step.

    Attributes:
        function: what was differentiated.
        order: what is known about the letters.
        defaults: letters whose values are known.
        places: where it has to be looked at.
    """

    function: Expr
    order: Order
    defaults: Mapping[Symbol, Expr]
    places: Edges

    def wrong(self, form: Expr) -> list[Expr]:
        """The points at which a form has another value than the derivative, or may.

        Letters get values of all kinds: ⌈a|x|⌉ has another value at 0 than beside it if a > 0.
        """
        found: dict[Expr, None] = {}
        order, points = self.order, self.places.points
        letters = [s for s in symbols(form, self.function) if s is not order.variable]
        for values in _samples(letters, self.defaults) if points else ():
            for point in points:
                if point not in found and _false(form, self.function, point, values, order):
                    found[point] = None
        return list(found)

    def cleared(self, form: Expr) -> bool:
        """Whether nothing that a form says is false."""
        return not edges(form, self.order).beside and not self.wrong(form)

    def settled(
        self, forms: Sequence[Expr], base: Expr, plainness: Callable[[Expr], tuple[int, float]]
    ) -> Expr:
        """The plainest form about which there is no doubt.

        Args:
            forms: those that there are.
            base: what gets the right values at points or, if all that is no help, is only said
                beside them.
            plainness: less for what is plainer.
        """
        wrong, beside = self.wrong(base), self.places.beside
        told = []
        if not beside:
            with suppress(UndecidedError):
                told.append(_with_values(base, self.function, wrong, self.order))
        for form in sorted([*forms, *told], key=plainness):
            if self.cleared(form):
                return form
        return _left_out(base, wrong, beside, self.order.variable)


def doubt_about(
    expr: Expr, function: Expr, order: Order, defaults: Mapping[Symbol, Expr]
) -> Doubt | None:
    """What has to be looked at where steps in a derivative step; ``None`` if nothing has to.

    Their value there may be false if they were in the function; that |u| has the derivative 0
    where u is 0, or none, is false only if something is divided by 0 there: |x²|/x.
    """
    if steps_in(function, order.variable) or _divides_by_zero(expr, function, order):
        return Doubt(function, order, defaults, edges(expr, order))
    return None


def _divides_by_zero(expr: Expr, function: Expr, order: Order) -> bool:
    for node in steps_in(expr, order.variable):
        with suppress(UndecidedError):
            zeros = order.zeros(node.args[0])[0]
            if any(order.number(function, zero) is None for zero in zeros):
                return True
    return False


def _samples(letters: Sequence[Symbol], defaults: Mapping[Symbol, Expr]) -> Iterator[Values]:
    known: Values = dict(defaults.items())
    free = [letter for letter in letters if letter not in known]
    many = len(_SAMPLES)
    # The first two letters have every pair of values.
    rows = [[(k * j + k // many) % many for j, _ in enumerate(free)] for k in range(many**2)]
    for row in dict.fromkeys(map(tuple, rows)):
        yield {**known, **{s: _SAMPLES[i] for s, i in zip(free, row, strict=True)}}


def _false(expr: Expr, function: Expr, point: Expr, values: Values, order: Order) -> bool:
    if values:
        expr, function, point = (substitute(e, values) for e in (expr, function, point))
        order = order_on(order.variable, {}, order.tidier)
        point = order.simplified(point)
    if (value := order.number(expr, point)) is None:
        return False
    try:
        slope = slope_through(function, function, function, point, order)
    except UndecidedError:
        return True
    right = None if slope is None else order.number(slope)
    return right is not None and not right.overlaps(value)


def slope_through(
    left: Expr | None, middle: Expr | None, right: Expr | None, point: Expr, order: Order
) -> Expr | None:
    """The derivative where three formulas meet, ``None`` if there is none; or, where the one at
    the point is not defined, as x²/x at 0, the slope of the others, if they have one.

    Raises:
        UndecidedError: it cannot be told.
    """
    from chainrule.rewrite.limits import joint, slope_of

    found = joint(left, middle, right, point, order)
    if found.here is None and middle is not None:
        return found.left.slope if found.turn is ZERO else None
    return slope_of(found)


def _with_values(expr: Expr, function: Expr, points: Sequence[Expr], order: Order) -> Expr:
    """A derivative with the right value at some points, or none where there is no derivative."""
    for point in points:
        condition = Comparison(("!=",), (order.variable, point))
        slope = slope_through(function, function, function, point, order)
        expr = Piecewise((expr, condition) if slope is None else (expr, condition, slope))
    return expr


def _left_out(
    expr: Expr, points: Sequence[Expr], beside: Sequence[Comparison], variable: Symbol
) -> Expr:
    """A formula without points, and only where some conditions hold."""
    at = [Comparison(("!=",), (variable, point)) for point in points]
    for condition in reversed([*at, *beside]):
        expr = Piecewise((expr, condition))
    return expr
