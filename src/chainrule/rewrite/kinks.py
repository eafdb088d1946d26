"""Where a formula switches: the slopes from both sides, and whether the derivative exists there.

Slopes are those of the formula that is left on either side of the point, so a kink is judged
by the function and not by how it was typed: x|x| has none at 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from chainrule.differentiate.rule import NamedDerivative
from chainrule.expr.catalogue import Entry
from chainrule.expr.nodes import (
    ZERO,
    Call,
    Comparison,
    Constant,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    depends_on,
    postorder,
    rational_value,
    size,
    symbols,
)
from chainrule.record import Record
from chainrule.rewrite.intervals import (
    EVERY_SWITCH,
    EXTREMES,
    ROUNDING,
    differences,
    expand_switches,
    is_switch,
    on_intervals,
    spread,
)
from chainrule.rewrite.line import Line
from chainrule.rewrite.monomial import coefficient_and_rest
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.order import (
    Order,
    UndecidedError,
    order_on,
    sorted_points,
    values_of_letters,
)
from chainrule.rewrite.simplify import MAX_NODES

if TYPE_CHECKING:
    from chainrule.rewrite.frameworks import Returned
    from chainrule.rewrite.limits import Joint
    from chainrule.rewrite.line import Side

KinkKind = Literal["switch", "edge", "zeros", "integers"]


class Kink(Record):
    """A point at which the derivative may not exist.

    Attributes:
        kind: "switch" where the formula changes; "edge" where the domain ends and the function
            is still defined; "zeros" for the zeros of ``at`` where they cannot be written
            down; "integers" for the points at which a floor-like function of ``at`` jumps.
        at: the point, or for the last two kinds an expression.
        left: what is left of the point; ``None`` for the last two kinds.
        right: what is right of it.
        jump: whether the function itself is discontinuous there.
        exists: whether the derivative exists; ``None`` if it is not known, or depends on
            ``condition``.
        condition: a condition on the letters without which it does not.
        here: the value at the point; ``None`` if the function is not defined there, or for the
            last two kinds.
        torch: what PyTorch was measured to return there; ``None`` if it was not measured.
        jax: the same for JAX.
        supposed: comparisons of letters that hold where what is said is meant.
        composed: what differentiating operation by operation gives there, see ``composed``.
    """

    kind: KinkKind
    at: Expr
    left: Side | None = None
    right: Side | None = None
    jump: bool = False
    exists: bool | None = None
    condition: Comparison | None = None
    here: Expr | None = None
    torch: Returned | None = None
    jax: Returned | None = None
    supposed: tuple[Comparison, ...] = ()
    composed: Expr | str = ""

    @property
    def defined(self) -> bool:
        """Whether the function is defined at the point itself."""
        return self.here is not None

    @property
    def removable(self) -> bool:
        """Whether the formula switches there, but the function has a derivative all the same."""
        return self.exists is True


def kinks(
    function: Expr,
    variable: Symbol,
    defaults: Mapping[Symbol, Expr],
    named: NamedDerivative,
    entry: Entry | None = None,
    tidier: Tidier | None = None,
) -> tuple[Kink, ...]:
    """The points at which a formula switches or its domain ends, from left to right.

    Args:
        function: any formula; () for one of more than ``MAX_NODES`` nodes.
        variable: the variable of differentiation.
        defaults: values of parameters; other letters count as 1, 2, … in the order of the
            alphabet where the order of two points depends on them.
        named: gives the derivatives of catalogue functions.
        entry: the row of the catalogue that the formula comes from.
        tidier: the derivation's own.
    """
    if size(function) > MAX_NODES:
        return ()
    whole = expand_switches(function)
    letters = values_of_letters(whole, variable, defaults)
    if len(letters) > len(defaults):
        order = Order(variable, letters, tidier, lenient=True, certain=defaults)
    else:
        order = order_on(variable, letters, tidier or Tidier(), lenient=True)
    rounding = [
        _at_integers(node, whole, order)
        for node in postorder(whole)
        if isinstance(node, Call) and node.name in ROUNDING and depends_on(node, variable)
    ]
    found = [*_points(whole, order, named), *rounding]
    if entry is not None:
        found = [_without_impossible(kink, entry) for kink in found]
    # Reading the table takes a while, and most formulas have no kink.
    return tuple(_measured(found, function, entry, order)) if found else ()


def _measured(
    found: Sequence[Kink], function: Expr, entry: Entry | None, order: Order
) -> Iterator[Kink]:
    """The kinks with what frameworks were measured to return there."""
    from chainrule.rewrite.frameworks import returned_by

    rows = returned_by(function, order.variable, entry)
    for kink in found:
        given = {r.framework: r.returned for r in rows if r.is_at(kink.kind, kink.at, order)}
        yield kink.replaced(
            torch=given.get("torch"), jax=given.get("jax"), supposed=tuple(order.supposed)
        )


def _points(whole: Expr, order: Order, named: NamedDerivative) -> list[Kink]:
    try:
        line = on_intervals(whole, order)
        edges = sorted_points(_edges(line, order), order)
        points = sorted_points([*line.points, *edges], order)
        values = spread(line, points, order)
    except UndecidedError:
        return list(_zeros(whole, order.variable))
    found: list[Kink] = []
    for i, point in enumerate(points):
        left, middle, right = values[2 * i : 2 * i + 3]
        if left is middle is right and point not in edges:
            continue
        # Most formulas have no such point, and start faster without these.
        from chainrule.rewrite.composed import composed
        from chainrule.rewrite.limits import joint

        kink = _judged(point, joint(left, middle, right, point, order), order)
        if kink is not None:
            found.append(kink.replaced(composed=composed(whole, point, order, named)))
    return found


def _zeros(whole: Expr, variable: Symbol) -> Iterator[Kink]:
    seen: set[Expr] = set()
    for node in postorder(whole):
        if is_switch(node, EVERY_SWITCH):
            for difference in differences(node):
                if difference not in seen and depends_on(difference, variable):
                    seen.add(difference)
                    yield Kink("zeros", difference)


def _at_integers(node: Call, whole: Expr, order: Order) -> Kink:
    """Where a rounding jumps. Whether the function does is known if it is the rounding itself."""
    (inner,) = node.args
    jumps = False
    if whole is node:
        # ⌊x²⌋ does not jump at 0.
        with suppress(UndecidedError):
            jumps = order.zeros(inner)[1] is not None
    return Kink("integers", inner, jump=jumps, exists=False if jumps else None)


def joints(
    formulas: Iterable[Expr], variable: Symbol, defaults: Mapping[Symbol, Expr]
) -> list[Expr]:
    """The points at which cases of one of the formulas meet, as far as they can be told.

    None, if where a case applies depends on letters without a value: a formula with such cases
    is left as it was typed.
    """
    order = Order(variable, defaults)
    found: list[Expr] = []
    try:
        for formula in formulas:
            found = sorted_points([*found, *on_intervals(formula, order, EXTREMES).points], order)
    except UndecidedError:
        return []
    return found


# --- ends of the domain -------------------------------------------------------------------------
def _edges(line: Line, order: Order) -> Iterator[Expr]:
    """Points at which a root is taken of 0, or an inverse sine of ±1."""
    for i, value in enumerate(line.intervals):
        low = line.points[i - 1] if i else None
        high = line.points[i] if i < len(line.points) else None
        for inner in () if value is None else _critical(value):
            # An edge that cannot be solved for cannot be told either.
            with suppress(UndecidedError):
                for zero in order.zeros(inner)[0]:
                    left_of = high is not None and order.compare(zero, high) > 0
                    right_of = low is not None and order.compare(zero, low) < 0
                    if not (left_of or right_of):
                        yield zero


def _critical(value: Expr) -> Iterator[Expr]:
    for node in postorder(value):
        match node:
            case Call("sqrt" | "cbrt", (inner,)):
                yield inner
            case Power(inner, exponent):
                number = rational_value(exponent)
                if number is not None and number > 0 and number.denominator != 1:
                    yield inner
            case Call("asin" | "acos", (inner,)):
                yield inner - 1
                yield inner + 1
            case Call("acosh", (inner,)):
                yield inner - 1


# --- slopes from both sides ---------------------------------------------------------------------
def _judged(point: Expr, found: Joint, order: Order) -> Kink | None:
    sides, here = (found.left, found.right), found.here
    gone = [jump is not None and jump is not ZERO for jump in found.jumps]
    jump = any(gone) or any(side.grows for side in sides)
    if not all(side.defined for side in sides):
        if found.here is None or not any(side.defined for side in sides):
            return None
        return Kink("edge", point, *sides, jump=jump, exists=False, here=here)
    if found.here is None:
        from chainrule.rewrite.limits import gap

        jump = jump or gap(found.left.value, found.right.value, order) not in (None, ZERO)
        return Kink("switch", point, *sides, jump=jump, exists=False)
    if any(side.infinite or side.grows for side in sides):
        return Kink("switch", point, *sides, jump=jump, exists=False, here=here)
    open_gaps = [g for g in (*found.jumps, found.turn) if g is not ZERO]
    if not open_gaps:
        return Kink("switch", point, *sides, exists=True, here=here)
    exists, condition = _verdict(open_gaps, order)
    return Kink("switch", point, *sides, jump, exists, condition, here)


def _verdict(gaps: Sequence[Expr | None], order: Order) -> tuple[bool | None, Comparison | None]:
    """Whether all gaps can close, and a condition without which one of them does not."""
    known = [gap for gap in gaps if gap is not None]
    if any(not symbols(gap) or _never_zero(gap, order) for gap in known):
        return False, None
    return None, _closing(known[0], order) if known else None


def _never_zero(gap: Expr, order: Order) -> bool:
    """Whether an expression is certainly not 0, whatever its letters are: e^a, a² + 1, 1/b."""
    stack = [order.tidier.tidy(gap)]
    while stack:
        node = stack.pop()
        match node:
            case Product(args) | Call("sqrt", args):
                stack += args
            case Quotient(top, _):
                stack.append(top)
            case Power(base, exponent):
                number = rational_value(exponent)
                if number is None or number > 0:
                    stack.append(base)
            case Sum():
                if not any(_above_zero(side, order) for side in (node, order.tidier.tidy(-node))):
                    return False
            case Symbol():
                if not order.tidier.is_positive(node):
                    return False
            case Number(value):
                if not value:
                    return False
            case Constant() | Call("exp" | "cosh"):
                pass
            case _:
                return False
    return True


def _above_zero(expr: Expr, order: Order) -> bool:
    number = any(isinstance(arg, Number) and arg.value > 0 for arg in expr.args)
    return number and order.tidier.is_positive(expr)


def _closing(gap: Expr, order: Order) -> Comparison:
    """α = 1, for a gap such as 1 − α: solved for the last letter that has one solution."""
    for letter in reversed(symbols(gap)):
        with suppress(UndecidedError):
            by_letter = order_on(letter, order.defaults, order.tidier, lenient=order.lenient)
            zeros, slope = by_letter.zeros(gap)
            if slope is not None and len(zeros) == 1:
                return Comparison(("==",), (letter, zeros[0]))
    _, _, rest = coefficient_and_rest(gap)
    return Comparison(("==",), (rest, ZERO))


def _without_impossible(kink: Kink, entry: Entry) -> Kink:
    """A condition such as α = 0 never holds where the row says that α > 0."""
    match kink.condition:
        case Comparison(("==",), (Symbol(letter), Number(value))) if not entry.allows(
            letter, value
        ):
            return kink.replaced(condition=None, exists=False)
    return kink
