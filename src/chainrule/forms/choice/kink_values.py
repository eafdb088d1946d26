"""The gradient at a kink: where there is no derivative, a framework's word for it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.balls.program import ball
from chainrule.deriving.derivation import Derivation
from chainrule.expr.nodes import ZERO, Expr, Symbol, substitute
from chainrule.program.cases import with_value_at
from chainrule.program.targets import Target
from chainrule.rewrite.frameworks import Returned
from chainrule.rewrite.kinks import Kink


def settled(
    expr: Expr, derivation: Derivation, target: Target, fixed: Mapping[Symbol, Fraction]
) -> Expr:
    """A derivative that has, at every kink of the function, the value it is to have there."""
    output, variable = derivation.output, derivation.variable
    for kink in derivation.kinks:
        value = convention(kink, target)
        if value is None or kink.kind in ("zeros", "integers"):
            continue
        there = {variable: kink.at}
        by_input = substitute(expr, {output: derivation.function})
        if not _agree(substitute(by_input, there), value, fixed):
            limit = kink.left.value if kink.left is not None and not kink.jump else None
            known = there if limit is None else {**there, output: limit}
            expr = with_value_at(expr, variable, known, value)
    return expr


def convention(kink: Kink, target: Target) -> Expr | None:
    """The gradient at a kink: the derivative if there is one, else what the framework returns.

    All but JAX get what PyTorch returns, and JAX does where only PyTorch was measured. Where
    neither was, it is what differentiating operation by operation gives; where that is not
    known, the slope on the left, or 0. Where it is no number, the formula is left as it is.
    """
    left = kink.left.slope if kink.left is not None else None
    if kink.removable and left is not None:
        return left
    measured = measured_for(kink, target)
    value = kink.composed if measured is None else measured.value
    if isinstance(value, Expr):
        return value
    return None if value else left or ZERO


def measured_for(kink: Kink, target: Target) -> Returned | None:
    """What was measured of the framework whose word counts for a target."""
    return (kink.jax or kink.torch) if target.kinks == "jax" else kink.torch


def _agree(first: Expr, second: Expr, fixed: Mapping[Symbol, Fraction]) -> bool:
    """Whether two expressions are equal where every letter is near its number.

    Not at the number itself: ELU has one slope at 0 for α = 1, and two for any other α.
    """
    program = compile_balls([first, second])
    with precision(192):
        near = {s: v * Fraction(9, 8) + Fraction(1, 64) for s, v in fixed.items()}
        balls = program.run([ball(near[symbol]) for symbol in program.symbols])
        return bool(all(b.is_finite() for b in balls) and (balls[0] - balls[1]).contains(0))
