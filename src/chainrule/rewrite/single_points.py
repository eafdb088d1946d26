"""Cases that hold at a single point: there the slope is a limit, not that of the case's formula.

{x ≠ 0: (e^x − 1)/x, else: 1} has the slope 1/2 at 0, which says nothing of the 1; and where
another value is filled in, there is no slope at all. Any spelling of such a case is meant:
what counts is where a case applies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.differentiate.rule import Context, Rule
from chainrule.differentiate.rules import BY_NAME_OF_RULE
from chainrule.expr.nodes import ZERO, Expr, Piecewise, Symbol, depends_on, postorder
from chainrule.rewrite.cases import Case, written
from chainrule.rewrite.intervals import on_intervals
from chainrule.rewrite.limits import slope_at
from chainrule.rewrite.line import Line
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.order import Order, UndecidedError, order_on


def single_point_rules(
    function: Expr, variable: Symbol, defaults: Mapping[Symbol, Expr], tidier: Tidier
) -> dict[Expr, Rule]:
    """A rule for each part of a formula with a case that holds at single points only.

    Args:
        function: what is to be differentiated.
        variable: by what.
        defaults: values of the letters that are parameters, which decide the order of points.
        tidier: the derivation's own.
    """
    nodes = [n for n in postorder(function) if isinstance(n, Piecewise) and depends_on(n, variable)]
    if not nodes:
        return {}
    order = order_on(variable, defaults, tidier)
    return {node: found for node in nodes if (found := _rule(node, order)) is not None}


def _rule(node: Piecewise, order: Order) -> Rule | None:
    marks = [Symbol(f" case {i}") for i in range(len(node.values))]
    try:
        line = on_intervals(node.with_values(marks), order)
    except UndecidedError:
        return None
    value_of: dict[Expr | None, Expr | None] = {None: None}
    value_of.update(zip(marks, node.values, strict=True))
    slopes: dict[Expr, Expr | None] = {}
    for i, point in enumerate(line.points):
        left, here, right = line.values[2 * i : 2 * i + 3]
        if here is not None and here is not left and here is not right:
            pieces = [value_of[mark] for mark in (left, here, right)]
            slopes[point] = _slope(pieces, point, order.generous)
    if not slopes:
        return None
    found = _Found(node, tuple(marks), line, slopes, order.variable)
    rule = BY_NAME_OF_RULE["single-point"]
    return rule.replaced(applies=lambda node, context: True, derive=found.derivative)


def _slope(pieces: list[Expr | None], point: Expr, order: Order) -> Expr | None:
    try:
        left, middle, right = pieces
        return slope_at(left, middle, right, point, order)
    except UndecidedError:
        return None


@dataclass(frozen=True, slots=True)
class _Found:
    """Where each case of a formula applies, and the slopes at points with a case of their own.

    Attributes:
        node: the formula.
        marks: what stands for each of its cases in ``line``.
        line: where they apply.
        slopes: for each single point the slope, ``None`` if there is none that is known.
        variable: of the line.
    """

    node: Piecewise
    marks: tuple[Symbol, ...]
    line: Line
    slopes: Mapping[Expr, Expr | None]
    variable: Symbol

    def derivative(self, node: Expr, context: Context) -> Expr:
        values: dict[Expr, Expr] = {
            mark: context.derivative(value)
            for mark, value in zip(self.marks, self.node.values, strict=True)
        }
        return self._as_typed(values) or self._by_intervals(values)

    def _as_typed(self, values: Mapping[Expr, Expr]) -> Expr | None:
        """The cases as they were typed, where those of single points can be changed or left out."""
        alone = [mark for mark in self.marks if mark not in self.line.intervals]
        at = {m: p for p, m in zip(self.line.points, self.line.at_points, strict=True)}
        single = {mark: self.slopes[at[mark]] for mark in alone if mark in at}
        if len(single) != len(self.slopes):  # one case at several points, or elsewhere too
            return None
        new = [single.get(mark, values[mark]) for mark in self.marks]
        missing = [i for i, value in enumerate(new) if value is None]
        typed = self.node.with_values([ZERO if value is None else value for value in new])
        if not missing:
            return typed
        if missing == [len(new) - 1] and self.node.otherwise is not None:
            return Piecewise(typed.args[:-1])
        return None

    def _by_intervals(self, values: Mapping[Expr, Expr]) -> Expr:
        points, row = self.line.points, self.line.values
        cases: list[Case] = []
        for i in range(len(points) + 1):
            low = points[i - 1] if i else None
            high = points[i] if i < len(points) else None
            mark = row[2 * i]
            if mark is not None:
                closed = (
                    low is not None and row[2 * i - 1] is mark and row[2 * i - 2] is not mark,
                    high is not None and row[2 * i + 1] is mark,
                )
                cases.append(Case(values[mark], low, high, closed))
            slope = None if high is None else self.slopes.get(high)
            if slope is not None:
                cases.append(Case(slope, high, high, (True, True)))
        return written(_joined(cases), self.variable)


def _joined(cases: list[Case]) -> list[Case]:
    """Neighbours of one formula with no point left out between them as one case."""
    found: list[Case] = []
    for case in cases:
        last = found[-1] if found else None
        meets = last is not None and last.high is case.low and last.closed[1] != case.closed[0]
        if last is not None and meets and last.value is case.value:
            found[-1] = last.replaced(high=case.high, closed=(last.closed[0], case.closed[1]))
        else:
            found.append(case)
    return found
