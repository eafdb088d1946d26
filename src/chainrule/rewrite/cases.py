"""Derivatives with cases, written as an author would: flat, in order, and honest at the kinks.

The rules give ``{max(0, x) < 6: {x > 0: 1, x < 0: 0}, …}``, and keep conditions as typed, so
that an "else" covers points at which there is no derivative. ``merge_cases`` takes such an
expression apart into the intervals between its switching points and writes it again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial

from chainrule.expr.nodes import (
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Sum,
    Symbol,
    call,
    depends_on,
    postorder,
    symbols,
)
from chainrule.expr.relations import MIRRORED
from chainrule.expr.trampoline import run
from chainrule.record import Record
from chainrule.rewrite.cost import cost
from chainrule.rewrite.intervals import (
    EVERY_SWITCH,
    EXTREMES,
    SIGNED,
    expand_switches,
    is_switch,
    on_intervals,
    spread,
)
from chainrule.rewrite.line import Line
from chainrule.rewrite.meeting import agree, common_value, slope_between
from chainrule.rewrite.monomial import coefficient_and_rest
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.one_switch import by_one_sign
from chainrule.rewrite.open_cases import disjoint, strict
from chainrule.rewrite.order import (
    Order,
    UndecidedError,
    order_on,
    sorted_points,
    values_of_letters,
)
from chainrule.rewrite.steps import doubt_about, steps_in

REASON = "cases"
"""The identity's name, for the step that the caller makes of it."""

_NOWHERE = Symbol(" nowhere")
"""The value outside the domain."""


def merge_cases(
    expr: Expr,
    variable: Symbol,
    defaults: Mapping[Symbol, Expr],
    function: Expr | None = None,
    tidier: Tidier | None = None,
) -> Expr:
    """A derivative with its cases merged into one flat list, itself if that cannot be done.

    A point where two cases meet belongs to one of them if the derivative exists there, and to
    none if it does not (or if that cannot be told).

    Args:
        expr: the derivative of ``function``.
        variable: the variable of differentiation.
        defaults: values of the letters that are parameters; they decide the order of points
            such as −λ and λ.
        function: what was differentiated; without it, a jump of the function is not seen.
        tidier: the derivation's own.
    """
    one_tidier = tidier or Tidier()

    def merged(pair: tuple[Expr, Expr | None]) -> Generator[tuple[Expr, Expr | None], Expr, Expr]:
        expr, function = pair
        if not isinstance(expr, Piecewise) or not _by_parameters(expr, variable):
            return _merged(expr, variable, defaults, function, one_tidier)
        values = []
        for part in zip(expr.values, _parts_of(function, expr), strict=True):
            values.append((yield part))
        return expr.with_values(values)

    return run(merged, (expr, function))


def _merged(
    expr: Expr,
    variable: Symbol,
    defaults: Mapping[Symbol, Expr],
    function: Expr | None,
    tidier: Tidier,
) -> Expr:
    """The same where the outermost cases are not told apart by parameters alone."""
    # Where all cases have one slope, the points between them are still to be looked at.
    cases = any(isinstance(n, Piecewise) for n in postorder(expr, *filter(None, (function,))))
    steps = function is not None and bool(steps_in(expr, variable))
    if not cases and not steps:
        return expr
    letters = symbols(expr) if function is None else symbols(expr, function)
    known = all(letter is variable or letter in defaults for letter in letters)
    # Where every letter has a value, a lenient order is no different, and what is found with
    # it serves both ways of writing.
    order = order_on(variable, defaults, tidier, lenient=known)
    whole = expr if function is None else function
    # Else the letters have the values with which kinks are put in order.
    some = (
        order
        if known
        else order_on(variable, values_of_letters(whole, variable, defaults), tidier, lenient=True)
    )
    doubt = doubt_about(expr, whole, some, defaults) if steps else None
    if not cases and (doubt is None or doubt.cleared(expr)):
        return expr
    expanded = expand_switches(expr, EXTREMES)
    cases_on = cache(partial(_cases, marks=doubt.places.points if doubt else ()))
    typed = _tightened(expr, function, some, cases_on)
    found = [] if typed is None else [typed]
    signed = _is_signed(expand_switches(expanded))
    for names in (EXTREMES, EVERY_SWITCH) if signed else (EXTREMES,):
        try:
            found.append(_flattened(expanded, function, order, names, cases_on))
        except UndecidedError:
            continue
    if len(found) == (typed is not None):
        with suppress(UndecidedError):
            found.append(by_one_sign(expanded, function, order))
    if not found:
        found.append(_apart(expr, function, order))
    plainest = min(found, key=_plainness)
    if doubt is None:
        return plainest
    return doubt.settled(found, plainest if cases else expr, _plainness)


def _plainness(form: Expr) -> tuple[int, float]:
    return nesting(form), cost(form)


def _apart(expr: Expr, function: Expr | None, order: Order) -> Expr:
    """The derivative without the points where cases meet, as far as that can be written."""
    found = disjoint(expr, order)
    if function is not None and not any(isinstance(n, Piecewise) for n in postorder(expr)):
        # Cases with one slope: they may still jump.
        for node in postorder(function):
            if isinstance(node, Piecewise):
                cases = node.with_values([found] * len(node.values))
                parted = disjoint(cases, order)
                found = found if parted is cases else parted
    return found


def _by_parameters(expr: Piecewise, variable: Symbol) -> bool:
    """Whether the outermost cases are told apart by parameters alone."""
    return not any(depends_on(condition, variable) for _, condition in expr.branches)


def _parts_of(function: Expr | None, expr: Piecewise) -> Sequence[Expr | None]:
    if isinstance(function, Piecewise) and function.args[1::2] == expr.args[1::2]:
        return function.values
    return [None] * len(expr.values)


def nesting(expr: Expr) -> int:
    """How many switches are not the outermost node: what a flat form has none of."""
    return sum(is_switch(node, EXTREMES) for node in postorder(expr)) - isinstance(expr, Piecewise)


# --- cases over intervals -------------------------------------------------------------------------
class Case(Record):
    """A value on an interval; ``closed`` says which of its ends belong to it."""

    value: Expr
    low: Expr | None
    high: Expr | None
    closed: tuple[bool, bool]

    def condition(self, variable: Symbol) -> Comparison:
        if self.low is not None and self.low is self.high:
            return Comparison(("==",), (variable, self.low))
        above = "<=" if self.closed[0] else "<"
        below = "<=" if self.closed[1] else "<"
        if self.low is None:
            assert self.high is not None
            return Comparison((below,), (variable, self.high))
        if self.high is None:
            return Comparison((MIRRORED[above],), (variable, self.low))
        return Comparison((above, below), (self.low, variable, self.high))


class Cases(Record):
    """A derivative over intervals.

    Attributes:
        row: from left to right; a point at which there is no derivative is in none of them.
        whole: whether no point is left out.
        honest: whether the derivative as it was typed has at every point the value that it is
            to have there, or none.
    """

    row: list[Case]
    whole: bool
    honest: bool


CasesOn = Callable[[Line, Line | None, Order], Cases]
"""``_cases`` with some points at which to look, and with what it found kept."""


def _flattened(
    expr: Expr, function: Expr | None, order: Order, names: frozenset[str], cases_on: CasesOn
) -> Expr:
    line = on_intervals(expr, order, names)
    whole = _function_line(function, order)
    found = cases_on(line, whole, order)
    cases = found.row
    if len(cases) == 1 and cases[0].low is cases[0].high is None:
        if whole is not None and whole.values == (None,):
            raise UndecidedError
        return cases[0].value
    flat = isinstance(expr, Piecewise) and not any(map(_is_signed, expr.values))
    as_typed = found.whole and found.honest and len(cases) == len(expr.args[0::2])
    if as_typed and flat and not nesting(expr):
        return expr
    extreme = _as_extreme(cases, expr, order) if found.whole else None
    return extreme or written(_in_typed_order(cases, expr, order), order.variable)


def _is_signed(value: Expr) -> bool:
    return any(is_switch(node, SIGNED) for node in postorder(value))


def _line_of(formula: Expr, order: Order) -> Line:
    """A formula by intervals; with signs left in it, where they change nobody knows where.

    Raises:
        UndecidedError: that of its cases cannot be told either.
    """
    try:
        return on_intervals(formula, order)
    except UndecidedError:
        return on_intervals(formula, order, EXTREMES)


def _function_line(function: Expr | None, order: Order) -> Line | None:
    """The function by intervals; nowhere, if nothing is known about where it may jump."""
    if function is None:
        return None
    try:
        return _line_of(function, order)
    except UndecidedError:
        return Line((), (None,))


def _cases(line: Line, whole: Line | None, order: Order, marks: Sequence[Expr]) -> Cases:
    points = sorted_points([*line.points, *(whole.points if whole else ()), *marks], order)
    values = spread(line, points, order)
    functions = spread(whole, points, order) if whole else None
    cases: list[Case] = []
    none_missing = honest = True
    for i in range(len(points) + 1):
        raw = values[2 * i]
        value = _NOWHERE if raw is None else order.simplified(raw)
        if not i:
            cases.append(Case(value, None, None, (False, False)))
            continue
        point, last, here = points[i - 1], cases[-1], values[2 * i - 1]
        if _NOWHERE in (value, last.value):
            # An end of the domain is in no case.
            none_missing = False
            honest = honest and here is None
            if value is not last.value:
                cases[-1] = last.replaced(high=point)
                cases.append(Case(value, point, None, (False, False)))
            continue
        if functions is None:
            slope = common_value(last.value, value, point, order)
        else:
            slope = slope_between(functions[2 * i - 2 : 2 * i + 1], last.value, value, point, order)
        if slope is None:
            none_missing = False
            honest = honest and here is None
            cases[-1] = last.replaced(high=point, closed=(last.closed[0], False))
            cases.append(Case(value, point, None, (False, False)))
            continue
        wrong = here is not None and not agree(here, slope, point, order)
        honest = honest and not wrong
        left, right = (agree(side, slope, point, order) for side in (last.value, value))
        if left and last.value is value:
            continue
        # The point stays in the case that was typed for it.
        right = right and (not left or (here is raw and values[2 * i - 2] is not raw))
        left = left and not right
        cases[-1] = last.replaced(high=point, closed=(last.closed[0], left))
        if not left and not right:
            cases.append(Case(slope, point, point, (True, True)))
        cases.append(Case(value, point, None, (right, False)))
    somewhere = [case for case in cases if case.value is not _NOWHERE]
    if not somewhere:
        raise UndecidedError
    return Cases(somewhere, none_missing, honest)


def _in_typed_order(cases: list[Case], expr: Expr, order: Order) -> list[Case]:
    """Cases in the order of the branches they come from, if each comes from one."""
    if not isinstance(expr, Piecewise) or nesting(expr):
        return cases
    typed = [order.simplified(value) for value in expr.values]
    if any(case.value not in typed for case in cases):
        return cases
    return sorted(cases, key=lambda case: typed.index(case.value))


def written(cases: Sequence[Case], variable: Symbol) -> Piecewise:
    """Cases as a formula; on both sides of a point that is not in them, as x ≠ a."""
    match cases:
        case [Case(value, None, low), *at, Case(other, high, None)] if (
            value is other and low is high and low is not None and len(at) <= 1
        ):
            rest = tuple(case.value for case in at)
            return Piecewise((value, Comparison(("!=",), (variable, low)), *rest))
    args: list[Expr] = []
    for case in cases:
        args += [case.value, case.condition(variable)]
    return Piecewise(tuple(args))


def _as_extreme(cases: list[Case], expr: Expr, order: Order) -> Expr | None:
    """max(0, v) for {x ≤ a: 0, x > a: v} where v rises through 0 at a (or mirrored)."""
    if len(cases) != 2 or not any(isinstance(n, Call) and n.name == "max" for n in postorder(expr)):
        return None
    values = [case.value for case in cases]
    if ZERO not in values:
        return None
    rising = values[0] is ZERO
    value = values[1] if rising else values[0]
    try:
        zeros, slope = order.zeros(value)
    except UndecidedError:
        return None
    if slope is None or len(zeros) != 1 or cases[0].high is None:
        return None
    if order.compare(zeros[0], cases[0].high) or order.sign(slope) != (1 if rising else -1):
        return None
    number, _, rest = coefficient_and_rest(value)
    if isinstance(rest, Sum) or number < 0:
        return call("max", ZERO, value)
    return Number(number) * call("max", ZERO, rest)


# --- conditions that stay as they were typed ------------------------------------------------------
def _tightened(expr: Expr, function: Expr | None, order: Order, cases_on: CasesOn) -> Expr | None:
    """The cases as typed; strict, with a strict complement, if the derivative is missing between
    them; ``None`` if they cannot be written so."""
    try:
        line = _line_of(expr, order)
        whole = _function_line(function, order)
        if cases_on(line, whole, order).honest:
            return expr
        found = strict(expr) if isinstance(expr, Piecewise) else None
        # Of x < −2 and x < 1 the second takes in −2, which the first has left out.
        if found is not None and cases_on(_line_of(found, order), whole, order).honest:
            return found
    except UndecidedError:
        # Where nobody knows where cases meet, most functions are smooth: smoothstep(Φ(x)). With
        # letters the order may be all that is unknown.
        return None if set(symbols(expr)) - {order.variable} else expr
    return None
