"""The rule for inverse functions, from which the derivative of arcsin or ln follows."""

from __future__ import annotations

from chainrule.differentiate.derivation import Step
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import ONE, Call, Expr, Symbol, divide

TITLE = "Inverse function"
WORDS = (
    "The slope of an inverse function is one over the slope of the function that it undoes, "
    "taken at its value."
)


def inverse_rule(node: Expr, variable: Symbol) -> Step | None:
    """The claim that 1/g'(f(u)) is f'(u), for a call f(u) of what is defined as the inverse of g.

    It is a rewriting, to be verified like any other. ``None`` for other expressions.
    """
    if not isinstance(node, Call) or node.name not in BY_NAME:
        return None
    row = BY_NAME[node.name]
    (own,) = row.derivatives[:1]
    if not row.undoes or own is None:
        return None
    reason = "inverse-function"
    before = divide(ONE, slope_of_inverse(node.name, node))
    return Step("rewriting", reason, before, own(*node.args), variable, reasons=(reason,))


def slope_of_inverse(name: str, at: Expr) -> Expr:
    """g'(``at``), where the function called ``name`` is the inverse of g."""
    slope = BY_NAME[BY_NAME[name].inverse].derivatives[0]
    assert slope is not None
    return slope(at)
