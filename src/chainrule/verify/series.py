"""Derivatives from Arb's power series: what is claimed about f' is compared with this.

A node's value here is its Taylor polynomial along a line through the point. Where Arb has no
power series for a function, its definition is used, or its Taylor coefficients are obtained
from series that Arb has (digamma from gamma, erfinv by reversion of erf).

A power series whose coefficients are not finite says that the function is not defined, not
differentiable, or that the balls are too wide to tell.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import combinations_with_replacement
from math import factorial, prod

from flint import arb, arb_series, ctx, fmpq, fmpq_mat

from chainrule.balls import arithmetic, samples
from chainrule.balls.arithmetic import PRECISION, precision
from chainrule.balls.program import Arithmetic, Coordinate, Program, ball
from chainrule.expr.functions import FUNCTIONS
from chainrule.expr.nodes import Expr, Symbol


def undefined() -> arb_series:
    return arb_series([arb.nan()] * ctx.cap)


def divide(a: arb_series, b: arb_series) -> arb_series:
    # Flint shifts 0/0 down to lower powers, and so loses the highest coefficients.
    if b[0].contains(0):
        return undefined()
    try:
        return a / b
    except (ValueError, ZeroDivisionError):  # the denominator is 0, or may be
        return undefined()


def invert(u: arb_series) -> arb_series:
    try:
        return u.inv()
    except (ValueError, ZeroDivisionError):
        return undefined()


def _is_constant(u: arb_series) -> bool:
    return bool(u.length() <= 1)


def power(base: arb_series, exponent: arb_series) -> arb_series:
    """Real powers, as for balls: the base positive, or the exponent an integer throughout."""
    if _is_constant(exponent):
        n = arithmetic.integer(exponent[0])
        if n is not None:
            return integer_power(n)(base)
    return base**exponent if base[0] > 0 else undefined()


@lru_cache(maxsize=256)
def integer_power(n: int) -> Callable[[arb_series], arb_series]:
    if n == 0:
        return lambda base: undefined() if base[0].contains(0) else arb_series([1])
    if n < 0:
        return lambda base: invert(base**-n)
    return lambda base: base**n


@lru_cache(maxsize=256)
def root(numerator: int, denominator: int) -> Callable[[arb_series], arb_series]:
    def fractional(base: arb_series) -> arb_series:
        if not base[0] > 0:
            return undefined()
        if denominator == 2:
            return integer_power(numerator)(base.sqrt())
        return base ** arb_series([arb(numerator) / denominator])

    return fractional


def compose(outer: arb_series, u: arb_series) -> arb_series:
    """``outer``, expanded around ``u[0]``, of ``u``."""
    change = arb_series([0, *[u[k] for k in range(1, ctx.cap)]])
    # Flint refuses to put 0 into a power series.
    return outer(change) if change.length() else arb_series([outer[0]])


def absolute(u: arb_series) -> arb_series:
    if u[0] > 0:
        return u
    return -u if u[0] < 0 else undefined()


def sign(u: arb_series) -> arb_series:
    if _is_constant(u):
        return arb_series([arithmetic.sign(u[0])])
    return undefined() if u[0].contains(0) else arb_series([u[0].sgn()])


def _steps(function: Callable[[arb], arb]) -> Callable[[arb_series], arb_series]:
    """Functions that are constant between integers, and jump there."""

    def evaluate(u: arb_series) -> arb_series:
        step = function(u[0])
        certain = step.is_exact() and (_is_constant(u) or not u[0].contains_integer())
        return arb_series([step]) if certain else undefined()

    return evaluate


def maximum(u: arb_series, v: arb_series) -> arb_series:
    if u[0] > v[0]:
        return u
    return v if u[0] < v[0] else undefined()


def minimum(u: arb_series, v: arb_series) -> arb_series:
    if u[0] < v[0]:
        return u
    return v if u[0] > v[0] else undefined()


def lgamma(u: arb_series) -> arb_series:
    return u.lgamma() if u[0] > 0 else undefined()


def polygamma(order: arb_series, u: arb_series) -> arb_series:
    """ψ⁽ⁿ⁾ from ψ = Γ′/Γ, differentiated n more times as a power series."""
    n = arithmetic.integer(order[0])
    if n is None or n < 0 or not _is_constant(order):
        return undefined()
    before = ctx.cap
    ctx.cap = before + n + 1
    try:
        gamma = arb_series([u[0], 1]).gamma()
        outer = divide(gamma.derivative(), gamma)
        for _ in range(n):
            outer = outer.derivative()
    finally:
        ctx.cap = before
    return compose(outer, u)


def digamma(u: arb_series) -> arb_series:
    return polygamma(arb_series([0]), u)


def erfinv(u: arb_series) -> arb_series:
    """By reversion of the power series of erf around erfinv(u[0])."""
    center = u[0].erfinv()
    if not center.is_finite():
        return undefined()
    forward = arb_series([center, 1]).erf()
    try:
        back = arb_series([0, *[forward[k] for k in range(1, ctx.cap)]]).reversion()
    except ValueError:  # the slope of erf is lost in its radius
        return undefined()
    return compose(back + arb_series([center]), u)


def atan2(y: arb_series, x: arb_series) -> arb_series:
    """By the arctangent of whichever quotient is safe (DLMF 4.23.E24)."""
    if x[0] > 0:
        return divide(y, x).atan()
    if y[0] > 0:
        return arb_series([arb.pi() / 2]) - divide(x, y).atan()
    if y[0] < 0:
        return arb_series([-arb.pi() / 2]) - divide(x, y).atan()
    return undefined()


def _compare(name: str) -> Callable[[arb_series, arb_series], bool | None]:
    """A condition decides a power series only if it still holds around the point."""
    values = arithmetic.BALLS.compare[name]

    def evaluate(a: arb_series, b: arb_series) -> bool | None:
        if (_is_constant(a) and _is_constant(b)) or not a[0].overlaps(b[0]):
            return values(a[0], b[0])
        return None

    return evaluate


_SPECIAL: dict[str, Callable[..., arb_series]] = {
    "abs": absolute,
    "sign": sign,
    "floor": _steps(arb.floor),
    "ceil": _steps(arb.ceil),
    "max": maximum,
    "min": minimum,
    "lgamma": lgamma,
    "digamma": digamma,
    "polygamma": polygamma,
    "erfinv": erfinv,
    "atan2": atan2,
    "undefined": lambda _: undefined(),
}

SERIES = Arithmetic(
    lift=lambda value: arb_series([value]),
    negate=operator.neg,
    add=operator.add,
    multiply=operator.mul,
    divide=divide,
    invert=invert,
    power=power,
    integer_power=integer_power,
    root=root,
    compare={name: _compare(name) for name in arithmetic.BALLS.compare},
    undefined=undefined,
    functions={
        row.name: getattr(arb_series, row.arb)
        for row in FUNCTIONS
        if row.arb and row.name not in _SPECIAL and hasattr(arb_series, row.arb)
    }
    | _SPECIAL,
    unknown=lambda name, orders: samples.series(name, orders, compose),
)


def compile_series(roots: Iterable[Expr], aliases: Mapping[Expr, Expr] | None = None) -> Program:
    """One program for the Taylor polynomials of all ``roots``."""
    return Program(SERIES, roots, aliases)


def inputs(
    symbols: Sequence[Symbol],
    env: Mapping[Symbol, Coordinate],
    direction: Mapping[Symbol, Coordinate],
) -> list[arb_series]:
    """The symbols along the line ``env + t·direction``."""
    line = []
    for symbol in symbols:
        slope = direction.get(symbol)
        here = ball(env[symbol])
        line.append(arb_series([here] if slope is None else [here, ball(slope)]))
    return line


def finite(values: Iterable[arb]) -> bool:
    return all(value.is_finite() for value in values)


def series(
    expr: Expr,
    variable: Symbol,
    env: Mapping[Symbol, Coordinate],
    order: int,
    bits: int = PRECISION,
) -> list[arb] | None:
    """Balls around f, f′, f″/2, … f⁽ᵏ⁾/k! for k = ``order`` at a point.

    ``None`` where they do not exist, or cannot be told to.
    """
    program = compile_series([expr])
    with precision(bits, order + 1):
        line = program.run(inputs(program.symbols, env, {variable: 1}))[0]
        coefficients = [line[k] for k in range(order + 1)]
    return coefficients if finite(coefficients) else None


# --- mixed partial derivatives ----------------------------------------------------------------
@lru_cache(maxsize=64)
def _polarisation(
    wanted: tuple[int, ...],
) -> tuple[tuple[tuple[int, ...], fmpq], ...]:
    """Directions d and weights w such that Σ w·(n-th derivative along d) is ∂^wanted.

    The n-th derivative along d is the sum of n!/α!·d^α·∂^α over all |α| = n. The directions
    (j, j^(n+1), j^((n+1)²), …) for j = 1, 2, … make that a generalised Vandermonde system,
    which has exactly one solution.
    """
    order, count = sum(wanted), len(wanted)
    indices = [
        tuple(choice.count(i) for i in range(count))
        for choice in combinations_with_replacement(range(count), order)
    ]
    directions = [
        tuple(j ** ((order + 1) ** i - 1) for i in range(count)) for j in range(1, len(indices) + 1)
    ]
    matrix = fmpq_mat(
        len(indices),
        len(indices),
        [
            fmpq(factorial(order), prod(map(factorial, index)))
            * prod(d**k for d, k in zip(direction, index, strict=True))
            for index in indices
            for direction in directions
        ],
    )
    unit = fmpq_mat(len(indices), 1, [int(index == wanted) for index in indices])
    weights = matrix.solve(unit)
    return tuple((d, weights[i, 0]) for i, d in enumerate(directions))


def derivatives(
    program: Program, orders: Mapping[Symbol, int], env: Mapping[Symbol, Coordinate], bits: int
) -> list[arb]:
    """A partial derivative of everything in a program of power series.

    Where it does not exist, or cannot be told to, the ball is not finite.
    """
    by = tuple(symbol for symbol, order in orders.items() if order)
    wanted = tuple(orders[symbol] for symbol in by)
    order = sum(wanted)
    ways = _polarisation(wanted) if len(by) > 1 else (((1,) * len(by), fmpq(1)),)
    totals: list[arb] = []
    with precision(bits, order + 1):
        for direction, weight in ways:
            along = dict(zip(by, direction, strict=True))
            lines = program.run(inputs(program.symbols, env, along))
            shares = [_last(line, order) * arb(weight) for line in lines]
            totals = [a + b for a, b in zip(totals, shares, strict=True)] if totals else shares
    return totals


def _last(line: arb_series, order: int) -> arb:
    if not finite(line[k] for k in range(order + 1)):
        return arb.nan()
    return line[order] * factorial(order)


def truth(
    expr: Expr,
    orders: Mapping[Symbol, int],
    env: Mapping[Symbol, Coordinate],
    bits: int = PRECISION,
) -> arb | None:
    """A ball around a partial derivative, ``{x: 2, y: 1}`` for ∂³f/∂x²∂y.

    ``None`` where it does not exist, or cannot be told to.
    """
    value = derivatives(compile_series([expr]), orders, env, bits)[0]
    return value if value.is_finite() else None
