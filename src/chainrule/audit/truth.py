"""The truth about a function at floating-point inputs, in ball arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from math import frexp, isfinite, ldexp
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb

from chainrule.audit.formats import Format
from chainrule.audit.ulp import Truth
from chainrule.expr.nodes import Expr, Symbol
from chainrule.verify.balls import MAX_PRECISION, compile_balls, precision
from chainrule.verify.program import Program, ball

# Bits that a value is known to: those of a float64, and as many again to settle its rounding.
_WANTED = 110
_FIRST = 192
# So narrow are the balls in which 1 − x is not 1, for every x of a float64: only then is a function
# taken not to be defined.
_NARROW = 1_400
_NOTHING = arb(2) ** -1200
_LEAST = 5e-324


def truth(
    expr: Expr,
    variable: Symbol,
    values: npt.NDArray[Any],
    parameters: Mapping[Symbol, Fraction],
    form: Format | None = None,
) -> Truth:
    """The values of ``expr`` at ``values`` of the variable, to 110 bits.

    More bits are used where some cancel. A value that stays a ball around 0 at the largest
    precision is taken for 0. With a ``form`` of 16 bits more bits are also used until it is certain
    on which side of the middle of two of its numbers a value is; one that stays a ball around the
    middle is taken for it.
    """
    short = form if form is not None and form.bits == 16 else None
    program = _program(expr)
    count = len(values)
    high, low = np.zeros(count), np.zeros(count)
    sign, known = np.zeros(count, np.int8), np.zeros(count, np.bool_)
    fixed = {symbol: ball(value) for symbol, value in parameters.items()}
    for i, value in enumerate(values.astype(np.float64).tolist()):
        found = _value(program, variable, value, fixed, parameters, short)
        if found is None:
            continue
        known[i] = True
        high[i] = float(found)
        if np.isfinite(high[i]):
            low[i] = float(found - high[i]) if short is None else _rest(found, high[i])
        sign[i] = 1 if found > 0 else -1 if found < 0 else 0
    return Truth(high, low, sign, known)


def _rest(found: arb, high: float) -> float:
    """What is left of a value; 0 if its sign is not known, of a smaller one the least number.

    That is far below the units of a short format, and tells the side of a tie. In float64 it may be
    a unit itself.
    """
    rest = found - high
    if rest.contains(0):
        return 0.0
    return float(rest) or (_LEAST if rest > 0 else -_LEAST)


@lru_cache(maxsize=64)
def _program(expr: Expr) -> Program:
    return compile_balls([expr])


def _value(
    program: Program,
    variable: Symbol,
    value: float,
    fixed: Mapping[Symbol, arb],
    parameters: Mapping[Symbol, Fraction],
    short: Format | None,
) -> arb | None:
    bits = _FIRST
    found: arb
    while True:
        with precision(bits):
            if bits > _FIRST:
                fixed = {s: ball(v) for s, v in parameters.items()}
            at = {**fixed, variable: arb(value)}
            [found] = program.run([at[symbol] for symbol in program.symbols])
            if not found.is_finite():
                if bits >= _NARROW:
                    return None
                bits = _NARROW
                continue
            accurate = found.rel_accuracy_bits()
            if found.is_exact():
                return found
            if accurate >= _WANTED:
                tie = None if short is None else _tie(float(found), short)
                if tie is None or not (found - tie).contains(0):
                    return found
                if bits >= MAX_PRECISION:
                    return arb(tie)
            if abs(found) < _NOTHING and not found.contains(0):
                # Of what is 0 in every format, the sign is all that matters.
                return found
            if bits >= MAX_PRECISION:
                return arb(0) if found.contains(0) else None
        bits = min(max(2 * bits, bits + _WANTED - max(accurate, -(10**6)) + 32), MAX_PRECISION)


def _tie(value: float, form: Format) -> float | None:
    """The value, if it is the middle of two neighbours of the format."""
    exponent = max(frexp(value)[1] - 1, form.least_exponent) - form.precision
    # In units of half a step: an odd number of them.
    return value if isfinite(value) and ldexp(value, -exponent) % 2 == 1 else None
