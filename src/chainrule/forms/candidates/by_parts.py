"""Forms for the parts of the line: left and right of 0, between kinks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial

from chainrule.expr.nodes import Comparison, Expr, Number, Symbol, negate, postorder, substitute
from chainrule.forms.candidates.conjugates import roots_conjugated
from chainrule.forms.candidates.overflow import (
    divided,
    for_large,
    halved,
    inverted,
    joined,
    large_apart,
    logarithms_apart,
    scaled_for_large,
    terms_apart,
    without_growth,
)
from chainrule.forms.candidates.regimes import Regime, elementary, regimes, seeds
from chainrule.forms.candidates.signs import collected
from chainrule.rewrite.order import Order

# Whether an exponent is positive far out is told by its value here.
_FAR_OUT = Number(64)
SCALE = 64
"""The power of two that results next to the smallest numbers are scaled by."""


def parts_of_the_line(
    exprs: Sequence[Expr], variable: Symbol, fixed: Mapping[Symbol, Fraction]
) -> list[tuple[Regime, list[Expr]]]:
    """Forms for the parts of the line, in the variable itself."""
    found = []
    order = Order(variable, {letter: Number(value) for letter, value in fixed.items()})
    for regime in regimes([elementary(expr) for expr in exprs], variable, fixed):
        if any(isinstance(node, Comparison) for node in postorder(*regime.exprs)):
            same = [in_the_variable(regime, expr, variable) for expr in regime.exprs]
            found.append((regime, same))
            continue
        forms, first = dict.fromkeys(regime.exprs), regime.exprs[:2]
        for expr in first:
            forms |= dict.fromkeys(seeds(expr, variable, fixed))
        forms |= dict.fromkeys([without_growth(expr, partial(_grows, order)) for expr in first])
        forms |= dict.fromkeys([joined(expr) for expr in forms])
        forms |= dict.fromkeys([divided(expr) for expr in forms])
        forms |= dict.fromkeys([halved(expr) for expr in forms])
        forms |= dict.fromkeys([for_large(expr, variable) for expr in first])
        conjugates = [roots_conjugated(expr) for expr in first]
        forms |= dict.fromkeys(conjugates)
        forms |= dict.fromkeys([large_apart(expr, variable) for expr in (*first, *conjugates)])
        forms |= dict.fromkeys([terms_apart(expr) for expr in forms])
        forms |= dict.fromkeys([scaled_for_large(e, variable, SCALE) for e in first])
        forms |= dict.fromkeys([logarithms_apart(expr) for expr in first])
        forms |= dict.fromkeys([inverted(expr) for expr in first])
        found.append((regime, [in_the_variable(regime, expr, variable) for expr in forms]))
    return found


def _grows(order: Order, exponent: Expr) -> bool:
    """Whether an exponent is positive far out, where its exponential may overflow."""
    size = order.number(exponent, _FAR_OUT)
    return size is not None and bool(size > 0)


def in_the_variable(regime: Regime, expr: Expr, variable: Symbol) -> Expr:
    """A form of a part of the line, in the variable itself again."""
    back: dict[Expr, Expr] = {variable: negate(variable)} if regime.mirrored else {}
    return collected(substitute(expr, back))
