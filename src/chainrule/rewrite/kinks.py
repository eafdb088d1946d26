"""Where a formula switches: the slopes from both sides, and whether the derivative exists there.

Slopes are those of the formula that is left on either side of the point, so a kink is judged
by the function and not by how it was typed: x|x| has none at 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf, isinf, isnan, nan
from typing import Literal

from flint import arb

from chainrule.differentiate.differentiate import differentiate
from chainrule.differentiate.rules import Context, NamedDerivative, Rule
from chainrule.expr.catalogue import Entry
from chainrule.expr.nodes import (
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    depends_on,
    divide,
    postorder,
    rational_value,
    size,
    substitute,
    symbols,
)
from chainrule.parsing.definitions import definition
from chainrule.rewrite.intervals import (
    EVERY_SWITCH,
    ROUNDING,
    Line,
    differences,
    expand_switches,
    is_switch,
    on_intervals,
    spread,
)
from chainrule.rewrite.order import Order, UndecidedError, approximate, sorted_points
from chainrule.rewrite.simplify import MAX_NODES

Kind = Literal["switch", "edge", "zeros", "integers"]

NOT_A_NUMBER = "nan"
INFINITE = "inf"


@dataclass(frozen=True, slots=True)
class Side:
    """What is left of, or right of, a point.

    Attributes:
        value: the limit of the function, ``None`` if there is none that is known.
        slope: the one-sided derivative's limit, ``None`` if it is not known or infinite.
        infinite: 1 or −1 if the slope grows beyond all bounds.
        defined: whether the function is defined there at all.
    """

    value: Expr | None
    slope: Expr | None
    infinite: int = 0
    defined: bool = True


@dataclass(frozen=True, slots=True)
class Kink:
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
        condition: a condition on the letters under which it does.
        torch: what PyTorch returns there: an expression, "nan", "inf" or "-inf"; "" if unknown.
        jax: the same for JAX.
    """

    kind: Kind
    at: Expr
    left: Side | None = None
    right: Side | None = None
    jump: bool = False
    exists: bool | None = None
    condition: Comparison | None = None
    torch: Expr | str = ""
    jax: Expr | str = ""

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
) -> tuple[Kink, ...]:
    """The points at which a formula switches or its domain ends, from left to right.

    Args:
        function: any formula; () for one of more than ``MAX_NODES`` nodes.
        variable: the variable of differentiation.
        defaults: values of parameters; other letters count as 1, 2, … in the order of the
            alphabet where the order of two points depends on them.
        named: gives the derivatives of catalogue functions.
        entry: the row of the catalogue that the formula comes from: what it says about
            frameworks counts more than what is worked out here.
    """
    if size(function) > MAX_NODES:
        return ()
    whole = expand_switches(function)
    order = Order(variable, _generic(whole, variable, defaults), lenient=True)
    rounding = [
        Kink("integers", node.args[0], jump=True, exists=False, torch=ZERO, jax=ZERO)
        for node in postorder(whole)
        if isinstance(node, Call) and node.name in ROUNDING and depends_on(node, variable)
    ]
    found = [*_points(whole, order, named), *rounding]
    positive = _positive(entry)
    found = [_without_impossible(kink, positive) for kink in found]
    return tuple(found if entry is None else _as_in_row(found, entry, order))


def _generic(whole: Expr, variable: Symbol, defaults: Mapping[Symbol, Expr]) -> dict[Symbol, Expr]:
    letters = sorted(
        (s for s in symbols(whole) if s is not variable and s not in defaults),
        key=lambda symbol: symbol.name,
    )
    return {**{letter: Number(i) for i, letter in enumerate(letters, 1)}, **defaults}


def _points(whole: Expr, order: Order, named: NamedDerivative) -> list[Kink]:
    try:
        line = on_intervals(whole, order)
        edges = sorted_points(_edges(line, order), order)
        points = sorted_points([*line.points, *edges], order)
        values = spread(line, points, order)
    except UndecidedError:
        return list(_zeros(whole, order.variable))
    found: list[Kink] = []
    slopes = _Slopes(order, named)
    for i, point in enumerate(points):
        left, middle, right = values[2 * i : 2 * i + 3]
        if left is middle is right and point not in edges:
            continue
        kink = _judged(point, left, middle, right, slopes)
        if kink is not None:
            given = _by_frameworks(whole, point, order, named)
            found.append(replace(kink, torch=given, jax=given))
    return found


def _zeros(whole: Expr, variable: Symbol) -> Iterator[Kink]:
    seen: set[Expr] = set()
    for node in postorder(whole):
        if is_switch(node, EVERY_SWITCH):
            for difference in differences(node):
                if difference not in seen and depends_on(difference, variable):
                    seen.add(difference)
                    yield Kink("zeros", difference)


# --- ends of the domain -------------------------------------------------------------------------
def _edges(line: Line, order: Order) -> Iterator[Expr]:
    """Points at which a root is taken of 0, or an inverse sine of ±1."""
    for i, value in enumerate(line.intervals):
        low = line.points[i - 1] if i else None
        high = line.points[i] if i < len(line.points) else None
        for inner in () if value is None else _critical(value):
            # What cannot be solved is no edge anyone can be told about.
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
@dataclass(frozen=True, slots=True)
class _Slopes:
    order: Order
    named: NamedDerivative

    def of(self, value: Expr) -> Expr:
        variable = self.order.variable
        step = differentiate(value, variable, named=self.named, tidy=self.order.tidier.explained)
        return self.order.simplified(step.after)

    def side(self, value: Expr | None, point: Expr, direction: int) -> Side:
        order = self.order
        if value is None or order.number(value, _near(point, direction, 20)) is None:
            return Side(None, None, defined=False)
        limit = self.at(value, point)
        slope = self.of(value)
        found = self.at(slope, point)
        infinite = 0 if found is not None else _growth(slope, point, direction, order)
        return Side(limit, found, infinite)

    def at(self, value: Expr, point: Expr) -> Expr | None:
        """The value at the point, ``None`` where it is not defined."""
        if self.order.number(value, point) is None:
            return None
        return self.order.simplified(substitute(value, {self.order.variable: point}))


def _near(point: Expr, direction: int, bits: int) -> Expr:
    return point + direction * (Number(1) / Number(2**bits))


def _growth(slope: Expr, point: Expr, direction: int, order: Order) -> int:
    """The sign of a slope that grows beyond all bounds towards the point, else 0."""
    row: list[arb] = []
    for bits in (20, 40, 80):
        value = order.number(slope, _near(point, direction, bits))
        if value is None:
            return 0
        row.append(value)
    # A logarithm doubles from one to the next, a power does more.
    if all(abs(later) > 1.5 * abs(earlier) for earlier, later in pairwise(row)):
        return 1 if row[-1] > 0 else -1
    return 0


def _judged(
    point: Expr, left: Expr | None, middle: Expr | None, right: Expr | None, slopes: _Slopes
) -> Kink | None:
    order = slopes.order
    here = None if middle is None else slopes.at(middle, point)
    sides = slopes.side(left, point, -1), slopes.side(right, point, 1)
    if not sides[0].defined or not sides[1].defined:
        inside = sides[0] if sides[0].defined else sides[1]
        if here is None or not inside.defined:
            return None
        return Kink("edge", point, *sides, exists=False)
    gaps = [_gap(side.value, here, order) for side in sides]
    jump = any(gap is not ZERO for gap in gaps)
    if any(side.infinite for side in sides):
        return Kink("switch", point, *sides, jump=jump, exists=False)
    turn = _gap(sides[0].slope, sides[1].slope, order)
    open_gaps = {gap for gap in (*gaps, turn) if gap is not ZERO}
    if not open_gaps:
        return Kink("switch", point, *sides, exists=True)
    exists, condition = _verdict(open_gaps, order)
    return Kink("switch", point, *sides, jump=jump, exists=exists, condition=condition)


def _gap(first: Expr | None, second: Expr | None, order: Order) -> Expr | None:
    """By how much two values differ; ``None`` if one of them is not known."""
    if first is None or second is None:
        return None
    return order.simplified(first - second)


def _verdict(gaps: set[Expr | None], order: Order) -> tuple[bool | None, Comparison | None]:
    """Whether all gaps can close, and the condition under which the only one does."""
    for gap in gaps:
        if gap is not None and not symbols(gap):
            value = approximate(gap)
            if value is not None and not value.contains(0):
                return False, None
    if len(gaps) == 1:
        (gap,) = gaps
        if gap is not None and (condition := _closing(gap, order)) is not None:
            return None, condition
    return None if None in gaps else False, None


def _closing(gap: Expr, order: Order) -> Comparison | None:
    """α = 1, for a gap such as 1 − α: solved for the last letter that has one solution."""
    for letter in reversed(symbols(gap)):
        with suppress(UndecidedError):
            zeros, slope = replace(order, variable=letter, _zeros={}).zeros(gap)
            if slope is not None and len(zeros) == 1:
                return Comparison(("==",), (letter, zeros[0]))
    return None


def _positive(entry: Entry | None) -> frozenset[Symbol]:
    parameters = () if entry is None else entry.parameters
    return frozenset(Symbol(p.name) for p in parameters if p.domain == f"{p.name} > 0")


def _without_impossible(kink: Kink, positive: frozenset[Symbol]) -> Kink:
    """A condition such as α = 0 is none where the parameter is positive."""
    match kink.condition:
        case Comparison(("==",), (letter, Number(value))) if letter in positive and value <= 0:
            return replace(kink, condition=None, exists=False)
    return kink


# --- what frameworks return ---------------------------------------------------------------------
def _tied(node: Expr, context: Context) -> Expr:
    u, v = node.args
    first, second = (">", "<") if isinstance(node, Call) and node.name == "max" else ("<", ">")
    slopes = [context.derivative(u), context.derivative(v)]
    cases = (slopes[0], Comparison((first,), (u, v)), slopes[1], Comparison((second,), (u, v)))
    return Piecewise((*cases, divide(slopes[0] + slopes[1], Number(2))))


TIED = Rule(
    name="tied-extreme",
    title="Larger or smaller of two, as frameworks differentiate it",
    words="At a tie, each of the two gets half of the slope.",
    kinds=(Call,),
    derive=_tied,
)


def _by_frameworks(whole: Expr, point: Expr, order: Order, named: NamedDerivative) -> Expr | str:
    """The slope that differentiating operation by operation gives at the point.

    The sign of 0 is 0, a choice between cases takes the slope of the chosen one, and in a tie
    of max or min each side gets half.
    """
    ties: dict[Expr, Rule] = {
        n: TIED for n in postorder(whole) if isinstance(n, Call) and n.name in ("max", "min")
    }
    raw = differentiate(whole, order.variable, named=named, override=ties).after
    try:
        line = on_intervals(raw, order)
        points = sorted_points([*line.points, point], order)
        place = next(i for i, other in enumerate(points) if order.compare(point, other) == 0)
        value = spread(line, points, order)[2 * place + 1]
    except UndecidedError:
        return ""
    if value is None:
        return ""
    there = substitute(value, {order.variable: point})
    if order.number(there) is not None:
        return order.simplified(there)
    machine = _in_floats(there, order)
    return NOT_A_NUMBER if isnan(machine) else INFINITE if machine > 0 else "-" + INFINITE


def _in_floats(root: Expr, order: Order) -> float:
    """The value by the rules of floating point: 1/0 is infinite, 0 times that is not a number."""
    values: dict[Expr, float] = {}
    for node in postorder(root):
        exact = order.number(node)
        args = [values[arg] for arg in node.args]
        values[node] = float(exact) if exact is not None else _float_operation(node, args)
    return values[root]


def _float_operation(node: Expr, args: Sequence[float]) -> float:
    match node:
        case Sum():
            return sum(args)
        case Product():
            total = 1.0
            for value in args:
                total *= value
            return total
        case Quotient():
            if args[1] == 0:
                return nan if args[0] == 0 or isnan(args[0]) else inf * args[0]
            return args[0] / args[1]
        case Power() if args[0] == 0 and args[1] < 0:
            return inf
        case Power() if isinf(args[0]) and args[1] < 0:
            return 0.0
    return nan


def _as_in_row(found: Sequence[Kink], entry: Entry, order: Order) -> Iterator[Kink]:
    """The kinks with what the catalogue says that PyTorch and JAX return."""
    given = row_slopes(entry)
    for kink in found:
        for at, torch, jax in given:
            with suppress(UndecidedError):
                if kink.left is not None and order.compare(kink.at, at) == 0:
                    kink = replace(kink, torch=torch, jax=jax)
        yield kink


def row_slopes(entry: Entry) -> list[tuple[Expr, Expr, Expr]]:
    """For each kink of a row that says so: the point, PyTorch's slope, and JAX's."""
    from chainrule.parsing.formula import parse_text

    given = definition(entry.name).kinks
    if len(entry.torch_slopes) != len(given):
        return []
    torch = [parse_text(slope).expr for slope in entry.torch_slopes]
    jax = [parse_text(slope).expr for slope in entry.jax_slopes] or torch
    return list(zip(given, torch, jax, strict=True))
