"""Curves given by an equation: points on them, and their slopes.

Points are proved to lie on the curve by the interval Newton method; what is claimed of y′, y″, …
is put into the equation as a power series.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import factorial

from flint import arb, arb_series

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.balls.program import ball
from chainrule.expr.nodes import Expr, Symbol
from chainrule.verify.certified import ball_decimal
from chainrule.verify.points import MAIN, POSITIVE, ROW, bisect
from chainrule.verify.series import SERIES, compile_series, finite, inputs
from chainrule.verify.shown import apart, reach
from chainrule.verify.verdict import Counterexample, Verdict

# Twice the bits that verification begins with: the point itself is a ball, and slopes lose some.
BITS = 256


def curve_points(
    equation: Expr, x: Symbol, y: Symbol, wanted: int = 12, bits: int = BITS
) -> list[dict[Symbol, arb]]:
    """Points on the curve ``equation = 0``; y is a ball that is proved to hold a solution.

    Sign changes in y are bisected, and the interval Newton operator
    m − F(m)/F′([y]) ⊂ [y] proves that exactly one zero is inside.
    """
    program = compile_series([equation])
    others = [s for s in program.symbols if s not in (x, y)]
    found: list[dict[Symbol, arb]] = []
    with precision(bits, 2):
        for i, main in enumerate(MAIN):
            if len(found) >= wanted:
                break
            env = {s: ball(POSITIVE[(i + k) % len(POSITIVE)]) for k, s in enumerate(others)}
            env[x] = ball(main)

            def line(at: arb, env: dict[Symbol, arb] = env) -> arb_series:
                result: arb_series = program.run(inputs(program.symbols, {**env, y: at}, {y: 1}))[0]
                return result

            found += [{**env, y: at} for at in _zeros(line)]
    return found[:wanted]


def _zeros(line: Callable[[arb], arb_series]) -> Iterator[arb]:
    row = [(t, line(arb(t))[0]) for t in ROW]
    for (low, f_low), (high, f_high) in pairwise(row):
        if not ((f_low > 0 and f_high < 0) or (f_low < 0 and f_high > 0)):
            continue
        rising = bool(f_low < 0)

        def sign(t: float, rising: bool = rising) -> int:
            return -1 if (line(arb(t))[0] < 0) == rising else 1

        zero = _newton(line, arb(bisect(sign, low, high, -1)))
        if zero is not None:
            yield zero


def _newton(line: Callable[[arb], arb_series], middle: arb) -> arb | None:
    """A proved zero near ``middle``, as narrow as the precision allows."""
    for _ in range(8):
        here = line(middle)
        if not (here[0].is_finite() and here[1].is_finite()) or here[1].contains(0):
            return None
        middle = (middle - here[0] / here[1]).mid()
    for exponent in (-160, -120, -80, -40):
        wide = middle + arb(0, arb(2) ** exponent)
        slope = line(wide)[1]
        if not slope.is_finite() or slope.contains(0):
            continue
        narrow = middle - line(middle)[0] / slope
        if wide.contains(narrow):
            return narrow
    return None


def implicit_derivative(
    equation: Expr,
    x: Symbol,
    y: Symbol,
    claimed: Sequence[Expr],
    *,
    points: int = 12,
) -> Verdict:
    """Whether y′, y″, … of the curve ``equation = 0`` are as ``claimed`` (in x and y).

    At points that are proved to lie on the curve, ``equation`` is expanded along
    (x + t, y + y′t + …) with the claims before the last one, whose true value is then the one
    that makes the next coefficient 0.
    """
    agreed: list[tuple[float, int]] = []
    for env, truth, claim in _truths(equation, x, y, claimed, points):
        if not truth.overlaps(claim):
            place = {symbol.name: ball_decimal(value, 10) for symbol, value in env.items()}
            return Verdict("wrong", counterexample=Counterexample(place, *apart(truth, claim)))
        bits = min(truth.rel_accuracy_bits(), claim.rel_accuracy_bits(), BITS)
        agreed.append((float(env[x].mid()), bits - 2))
    if not agreed:
        return Verdict("not checked", reason="no point was found on the curve")
    places = [at for at, _ in agreed]
    return Verdict(
        "checked",
        points=len(agreed),
        digits=int(min(bits for _, bits in agreed) * 0.30103),
        interval=reach(min(places), max(places)),
        variable=x.name,
    )


def _truths(
    equation: Expr, x: Symbol, y: Symbol, claimed: Sequence[Expr], points: int
) -> Iterator[tuple[dict[Symbol, arb], arb, arb]]:
    """Points on the curve, with the highest derivative there and what is claimed of it."""
    order = len(claimed)
    values, curve = compile_balls(claimed), compile_series([equation])
    for env in curve_points(equation, x, y, points):
        with precision(BITS, order + 1):
            slopes = values.run([env[symbol] for symbol in values.symbols])
            lines = {symbol: SERIES.lift(value) for symbol, value in env.items()}
            across = curve.run([{**lines, y: arb_series([env[y], 1])}[s] for s in curve.symbols])
            taylor = [slope / factorial(k) for k, slope in enumerate(slopes[:-1], start=1)]
            lines |= {x: arb_series([env[x], 1]), y: arb_series([env[y], *taylor])}
            along = curve.run([lines[symbol] for symbol in curve.symbols])
            truth = -along[0][order] * factorial(order) / across[0][1]
        if finite((*slopes, truth)):
            yield env, truth, slopes[-1]
