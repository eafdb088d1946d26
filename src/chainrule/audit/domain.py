"""Where a derivative is one: where the function has a value.

The formula of a derivative may have values where the function has none: 1/x has one at −1, where
the logarithm has not. A result there is neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

import numpy as np
from flint import arb

from chainrule.audit.formats import Format
from chainrule.audit.inputs import stratified
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import Call, Expr, Piecewise, Symbol, postorder
from chainrule.parsing.definitions import expand_all
from chainrule.verify.balls import compile_balls, precision
from chainrule.verify.program import ball

_POINTS, _BITS = 400, 192


def within_domain(
    expr: Expr,
    function: Expr,
    variable: Symbol,
    parameters: Mapping[Symbol, Fraction],
    form: Format,
) -> Expr:
    """``expr``, undefined where a condition of ``function`` fails that fails somewhere at all."""
    points = stratified(form, _POINTS).astype(np.float64).tolist()
    for condition in dict.fromkeys(_conditions(function)):
        program = compile_balls([condition])
        with precision(_BITS):
            given = {s: ball(v) for s, v in parameters.items()}
            values = []
            for point in points:
                at = {**given, variable: arb(point)}
                values += program.run([at[symbol] for symbol in program.symbols])
        if False in values:
            expr = Piecewise((expr, condition))
    return expr


def _conditions(function: Expr) -> Iterator[Expr]:
    for node in postorder(expand_all(function)):
        if isinstance(node, Call) and node.name in BY_NAME:
            condition = BY_NAME[node.name].domain
            if condition is not None:
                yield condition(*node.args)
