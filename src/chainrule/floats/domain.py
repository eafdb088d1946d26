"""Where a derivative is one: where the function has a value.

The formula of a derivative may have values where the function has none: 1/x has one at −1, where
the logarithm has not. A result there is neither right nor wrong. Of cases it is the one that holds
that must have a value: {x < 1: x, else: √x} has one at −1, whatever √x is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

import numpy as np
from flint import arb

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.balls.program import ball
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import Call, Expr, Piecewise, Symbol, postorder, substitute
from chainrule.floats.formats import Format
from chainrule.floats.inputs import stratified
from chainrule.parsing.definitions import expand_all

# Inputs of all sizes at which a condition is tried: if it holds at all of them, it is taken to
# hold. Bits as in ``truth``.
_POINTS, _BITS = 400, 192
_VALUE = Symbol("·")
"""What a guard is put around: {x > 0: ·} is one."""


def within_domain(
    expr: Expr,
    function: Expr,
    variable: Symbol,
    parameters: Mapping[Symbol, Fraction],
    fmt: Format,
) -> Expr:
    """``expr``, undefined where ``function`` is by the domain of one of its functions."""
    points = stratified(fmt, _POINTS).astype(np.float64).tolist()
    for guard in _guards(function):
        program = compile_balls([guard])
        with precision(_BITS):
            given = {_VALUE: arb(1), **{s: ball(v) for s, v in parameters.items()}}
            values = []
            for point in points:
                at = {**given, variable: arb(point)}
                values += program.run([at[symbol] for symbol in program.symbols])
        if not all(value.is_finite() for value in values):
            expr = substitute(guard, {_VALUE: expr})
    return expr


def _guards(function: Expr) -> Iterable[Expr]:
    """What must hold for the function to have a value, one condition each."""
    found: dict[Expr, dict[Expr, None]] = {}
    for node in postorder(root := expand_all(function)):
        # Of a case what decides about it must have a value, in any case.
        parts = node.args[1::2] if isinstance(node, Piecewise) else node.args
        own = {guard: None for part in parts for guard in found[part]}
        if isinstance(node, Piecewise) and any(found[value] for value in node.values):
            own[node.with_values([_all(found[value]) for value in node.values])] = None
        if isinstance(node, Call) and node.name in BY_NAME:
            condition = BY_NAME[node.name].domain
            if condition is not None:
                own[Piecewise((_VALUE, condition(*node.args)))] = None
        found[node] = own
    return found[root]


def _all(guards: Iterable[Expr]) -> Expr:
    """One guard for several."""
    value: Expr = _VALUE
    for guard in guards:
        value = substitute(guard, {_VALUE: value})
    return value
