"""The truth about a function at floating-point inputs, in ball arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from math import copysign, frexp, isfinite, ldexp
from sys import float_info
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb

from chainrule.balls.arithmetic import MAX_PRECISION, compile_balls, precision
from chainrule.balls.program import Program, ball
from chainrule.expr.nodes import Expr, Symbol
from chainrule.floats.formats import Format
from chainrule.floats.ulp import Truth

# Bits that a value is known to: those of a float64, and as many again to settle its rounding.
_WANTED = 110
_FIRST = 192
# So narrow are the balls in which 1 − x is not 1, for every x of a float64: only then is a function
# taken not to be defined.
_NARROW = 1_400
# Far below 2^-1074, the smallest number of float64, and that number.
_NOTHING = arb(2) ** -1200
_LEAST = 5e-324
# Bits at which a value around 0 is taken for 0: x − sin x has lost 2·1074 of them at 2^-1074, and
# (1 − cos x)/x² four times as many.
_MOST = 2 * MAX_PRECISION
# A slope is taken between points that are 2^-_STEP of their size apart.
_STEP = 600


def truth(
    expr: Expr,
    variable: Symbol,
    values: npt.NDArray[Any],
    parameters: Mapping[Symbol, Fraction],
    fmt: Format | None = None,
) -> Truth:
    """The values of ``expr`` at ``values`` of the variable, to 110 bits.

    More bits are used where some cancel. A value that stays a ball around 0 at the largest
    precision is taken for 0. With a ``fmt`` of 16 bits more bits are also used until it is certain
    on which side of the middle of two of its numbers a value is; one that stays a ball around the
    middle is taken for it.
    """
    short = fmt if fmt is not None and fmt.bits == 16 else None
    program = _program(expr)
    fixed = {symbol: ball(value) for symbol, value in parameters.items()}
    rows = values.astype(np.float64).tolist()
    found = (_value(program, variable, value, fixed, parameters, short) for value in rows)
    return _gathered(found, len(rows), short)


def truth_at_points(
    expr: Expr,
    points: Mapping[Symbol, npt.NDArray[Any]],
    constants: Mapping[Symbol, Fraction],
    fmt: Format | None = None,
    slope_of: Expr | None = None,
) -> Truth:
    """The values of ``expr`` at points of several letters, as ``truth`` has them for one.

    Args:
        expr: the formula.
        points: the values of each letter that varies, of one length; the variable comes first.
        constants: the values of the others.
        fmt: as for ``truth``.
        slope_of: what ``expr`` is the derivative of by the first letter, if it is one. Where the
            formula has no value, as b^x·ln b has none at b = 0, but this has a slope that is the
            same from both sides, the slope is the truth.
    """
    short = fmt if fmt is not None and fmt.bits == 16 else None
    program = _program(expr)
    whole = None if slope_of is None else _program(slope_of)
    letters = list(points)
    numbers: dict[Symbol, Fraction | float] = dict(constants)
    with precision(_FIRST):
        known = {symbol: ball(value) for symbol, value in constants.items()}
    rows = list(zip(*(points[s].astype(np.float64).tolist() for s in letters), strict=True))

    def values() -> Iterator[arb | None]:
        for row in rows:
            at = dict(zip(letters[1:], row[1:], strict=True))
            fixed = {symbol: ball(value) for symbol, value in at.items()} | known
            found = _value(program, letters[0], row[0], fixed, at | numbers, short)
            if found is None and whole is not None:
                found = _slope(whole, letters[0], row[0], at | numbers)
            yield found

    return _gathered(values(), len(rows), short)


def _gathered(values: Iterable[arb | None], count: int, short: Format | None) -> Truth:
    high, low = np.zeros(count), np.zeros(count)
    sign, known = np.zeros(count, np.int8), np.zeros(count, np.bool_)
    # A ball is rounded to doubles with their bits; how many it has itself, each value says.
    with precision(float_info.mant_dig):
        for i, found in enumerate(values):
            if found is None:
                continue
            known[i] = True
            high[i] = float(found)
            if np.isfinite(high[i]):
                low[i] = float(found - high[i]) if short is None else _rest(found, high[i])
            else:
                low[i] = float(found - copysign(float_info.max, high[i]))
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
    parameters: Mapping[Symbol, Fraction | float],
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
                if bits >= _MOST:
                    return arb(tie)
            if abs(found) < _NOTHING and not found.contains(0):
                # Of what is 0 in every format, the sign is all that matters.
                return found
            if bits >= _MOST:
                return arb(0) if found.contains(0) else None
        bits = min(max(2 * bits, bits + _WANTED - max(accurate, -(10**6)) + 32), _MOST)


def _slope(
    program: Program, variable: Symbol, value: float, parameters: Mapping[Symbol, Fraction | float]
) -> arb | None:
    """The slope at a point from differences so small that nothing is left of what they leave out.

    ``None`` if the sides do not agree.
    """
    with precision(MAX_PRECISION):
        fixed = {s: ball(v) for s, v in parameters.items()}
        step = arb(2) ** -_STEP * (abs(value) or arb(2) ** -_STEP)

        def at(place: arb) -> arb:
            given = {**fixed, variable: place}
            found: arb
            [found] = program.run([given[symbol] for symbol in program.symbols])
            return found

        middle = arb(value)
        low, here, high = (at(middle + k * step) for k in (-1, 0, 1))
        left, right = (here - low) / step, (high - here) / step
        if not (left.is_finite() and right.is_finite()):
            return None
        slope = (left + right) / 2
        agree = abs(right - left) <= abs(slope) * arb(2) ** -_WANTED
        return slope if agree or (left.is_zero() and right.is_zero()) else None


def _tie(value: float, fmt: Format) -> float | None:
    """The value, if it is the middle of two neighbours of the format."""
    exponent = max(frexp(value)[1] - 1, fmt.least_exponent) - fmt.precision
    # In units of half a step: an odd number of them.
    return value if isfinite(value) and ldexp(value, -exponent) % 2 == 1 else None
