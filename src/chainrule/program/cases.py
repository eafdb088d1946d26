"""Cases for floating point: what an expression is at a kink, and for a NaN."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from chainrule.balls.arithmetic import approximate
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Symbol,
    depends_on,
    postorder,
    substitute,
    symbols,
    transform,
)
from chainrule.expr.relations import NEGATED
from chainrule.parsing.definitions import expand_all

_CLOSED = {"<": "<=", ">": ">="}


def explicit(expr: Expr, functions: Collection[str]) -> Expr:
    """The expression with cases that give NaN for a NaN.

    Functions that are defined by cases and that a target does not have in ``functions`` are
    written out, so that theirs do too.
    """

    def visit(node: Expr) -> Expr:
        if isinstance(node, Call) and node.name in BY_NAME and node.name not in functions:
            definition = BY_NAME[node.name].definition
            if definition is not None:
                meant = definition(*node.args)
                return visit(meant)
        if not isinstance(node, Piecewise):
            return node
        node = _open_to_nan(node)
        return _extreme(node) if "max" in functions else node

    whole = expand_all(expr)
    while (written := transform(whole, visit)) is not whole:
        whole = written
    return whole


def _extreme(node: Piecewise) -> Expr:
    """The larger or smaller of two, where the cases are that."""
    match node.args:
        case (value, Comparison((operator,), (left, right)), otherwise) if {left, right} == {
            value,
            otherwise,
        }:
            larger = (operator in (">", ">=")) == (value is left)
            return (
                node
                if operator in ("==", "!=")
                else Call("max" if larger else "min", (left, right))
            )
    return node


def _open_to_nan(node: Piecewise) -> Piecewise:
    """The "otherwise" made a condition, unless its value is a NaN where the conditions have one."""
    otherwise = node.otherwise
    seen = [symbol for _, condition in node.branches for symbol in symbols(condition)]
    if otherwise is None or not seen or all(depends_on(otherwise, s) for s in seen):
        return node
    *first, (value, condition) = node.branches
    before = [part for branch in first for part in branch]
    if not first and isinstance(condition, Comparison) and len(condition.operators) == 1:
        negated = Comparison((NEGATED[condition.operators[0]],), condition.args)
        if all(depends_on(value, s) for s in seen):
            return Piecewise((otherwise, negated, value))
        return Piecewise((value, condition, otherwise, negated))
    # No NaN is anything. (That |x| >= 0 some compilers take for true: ptxas 13.0 and XLA.)
    compared = [part for _, c in node.branches if isinstance(c, Comparison) for part in c.args]
    varying = next(part for part in compared if symbols(part))
    is_number = Comparison(("<=",), (varying, Call("abs", (varying,))))
    return Piecewise((*before, value, condition, otherwise, is_number))


def with_value_at(expr: Expr, variable: Symbol, there: Mapping[Symbol, Expr], value: Expr) -> Expr:
    """The expression, which has a hole or another value at a point, with ``value`` there.

    A case that ends at the point with that value takes it in; else the point is a case.
    ``there`` is what letters are at the point, the variable among them.
    """
    point = there[variable]
    if isinstance(expr, Piecewise) and expr.otherwise is None:
        for index, (case, condition) in enumerate(expr.branches):
            closed = _closed(condition, variable, point)
            if closed is not None and _same(substitute(case, there), value):
                args = list(expr.args)
                args[2 * index + 1] = closed
                return Piecewise(tuple(args))
    at_point = Comparison(("==",), (variable, point))
    if isinstance(expr, Piecewise):
        return Piecewise((value, at_point, *expr.args))
    return Piecewise((value, at_point, expr))


def _closed(condition: Expr, variable: Symbol, point: Expr) -> Comparison | None:
    """``x < point`` as ``x <= point``, also as a part of a chain; ``None`` for anything else."""
    if not isinstance(condition, Comparison):
        return None
    operators = list(condition.operators)
    for i, pair in enumerate(zip(condition.args, condition.args[1:], strict=False)):
        if set(pair) == {variable, point} and operators[i] in _CLOSED:
            operators[i] = _CLOSED[operators[i]]
            return Comparison(tuple(operators), condition.args)
    return None


def _same(first: Expr, second: Expr) -> bool:
    if any(isinstance(node, (Piecewise, Comparison)) for node in postorder(first)):
        return False
    value = approximate(substitute(first - second, generic_values(symbols(first, second))))
    return value is not None and bool(value.contains(0))


def generic_values(letters: Sequence[Symbol]) -> dict[Symbol, Expr]:
    """Numbers that nothing is special about, to tell whether two expressions are one."""
    ordered = sorted(letters, key=lambda symbol: symbol.name)
    return {letter: Number(7 * i + 11) / Number(8) for i, letter in enumerate(ordered)}
