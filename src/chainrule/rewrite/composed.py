"""What differentiating operation by operation gives at a kink, as code has to give something."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isnan, nan

from chainrule.differentiate.differentiate import differentiate
from chainrule.differentiate.rule import Context, NamedDerivative, Rule
from chainrule.expr.nodes import (
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    divide,
    postorder,
    substitute,
)
from chainrule.rewrite.intervals import on_intervals, spread
from chainrule.rewrite.order import Order, UndecidedError, sorted_points

NOT_A_NUMBER = "nan"
INFINITE = "inf"


def _tied(node: Expr, context: Context) -> Expr:
    u, v = node.args
    first, second = (">", "<") if isinstance(node, Call) and node.name == "max" else ("<", ">")
    slopes = [context.derivative(u), context.derivative(v)]
    cases = (slopes[0], Comparison((first,), (u, v)), slopes[1], Comparison((second,), (u, v)))
    return Piecewise((*cases, divide(slopes[0] + slopes[1], Number(2))))


TIED = Rule(
    name="tied-extreme",
    title="Larger or smaller of two, by halves",
    words="At a tie, each of the two gets half of the slope.",
    kinds=(Call,),
    derive=_tied,
)


def composed(whole: Expr, point: Expr, order: Order, named: NamedDerivative) -> Expr | str:
    """The slope that differentiating operation by operation gives at the point: a convention.

    An expression, "nan", "inf" or "-inf"; "" if it cannot be told.

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
        return order.shown(there)
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
    return nan
