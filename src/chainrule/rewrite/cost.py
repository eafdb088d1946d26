"""How much ink an expression takes: the measure by which one form is called simpler."""

from __future__ import annotations

from chainrule.expr.nodes import (
    MINUS_ONE,
    Call,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    unvisited,
)


def cost(root: Expr, known: dict[Expr, float] | None = None) -> float:
    """The weight of the expression written out; shared parts count as often as they appear.

    Args:
        root: any expression.
        known: the weights of nodes met before, to which those below ``root`` are added.
    """
    weight: dict[Expr, float] = {} if known is None else known
    for node in unvisited(root, weight):
        args = node.args
        total = 0.0
        for arg in args:
            total += weight[arg]
        match node:
            case Number(value):
                weight[node] = 0.5 if node is MINUS_ONE else 1.0 + (value.denominator != 1)
            case Sum():
                weight[node] = total + len(args) - 1
            case Product():
                weight[node] = total + 0.25 * (len(args) - 1)
            case Quotient():
                weight[node] = total + 1.0
            case Power(_, Number()):
                weight[node] = total - 0.5
            case Power():
                weight[node] = total + 0.5
            case Call("exp", _):
                weight[node] = total + 1.5
            case Call():
                weight[node] = total + 2.0
            case Piecewise():
                weight[node] = total + 2.0
            case _:
                weight[node] = total + 1.0
    return weight[root]
