"""Values in rigorous ball arithmetic (Arb): every result encloses the true number.

A value that is not defined, or that the ball cannot decide (a condition within its radius),
is a ball that is not finite; nothing here raises for a point outside the domain.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from threading import RLock
from typing import Any

from flint import arb, ctx

from chainrule.balls import samples
from chainrule.balls.program import Arithmetic, Coordinate, Program, ball
from chainrule.expr.functions import FUNCTIONS
from chainrule.expr.nodes import Expr, Symbol

PRECISION = 128
"""Bits of a ball to begin with: twice those of a double, and some to lose."""
MAX_PRECISION = 4096
"""Bits at which one gives up on a number that cancels: 1,200 digits of it are 0."""
_TURN = RLock()


@contextmanager
def precision(bits: int, cap: int | None = None) -> Iterator[None]:
    """Set FLINT's precision and the length of its power series, and put them back at the end.

    There is one of each for the whole process: other threads wait until it is their turn.
    """
    with _TURN:
        before = ctx.prec, ctx.cap
        ctx.prec = bits
        if cap is not None:
            ctx.cap = cap
        try:
            yield
        finally:
            ctx.prec, ctx.cap = before


def undefined() -> arb:
    return arb.nan()


def power(base: arb, exponent: arb) -> arb:
    """Real powers: of a positive base, or of any base with an exponent known to be integer."""
    if base > 0:
        return base**exponent
    n = integer(exponent)
    if n is not None:
        return integer_power(n)(base)
    if base.is_zero() and exponent > 0:
        return base
    return undefined()


def integer(u: arb) -> int | None:
    """The number, if the ball is one integer exactly, and not an enormous one."""
    return int(u.mid().fmpq().p) if u.is_integer() and abs(u) < 2**64 else None


@lru_cache(maxsize=256)
def integer_power(n: int) -> Callable[[arb], arb]:
    exponent = arb(n)
    if n == 0:
        return lambda base: undefined() if base.contains(0) else base**0
    if n < 0:
        return lambda base: base**exponent

    def whole(base: arb) -> arb:
        found = base**exponent
        if found.is_finite() or not base.is_finite():
            return found
        # Arb's power of a ball around 0 is not a number.
        return arb(0, base.rad() ** n)

    return whole


@lru_cache(maxsize=256)
def root(numerator: int, denominator: int) -> Callable[[arb], arb]:
    if denominator == 2:
        if numerator == 1:
            return arb.sqrt
        return lambda base: base.sqrt() ** numerator

    def fractional(base: arb) -> arb:
        # Arb's root of an exact 0 is not a number.
        if base.is_zero():
            return base if numerator > 0 else undefined()
        return base.root(denominator) ** numerator

    return fractional


def sign(u: arb) -> arb:
    return u.sgn() if u.is_finite() else undefined()


def polygamma(order: arb, u: arb) -> arb:
    """ψ⁽ⁿ⁾(u) for an integer n ≥ 0: DLMF 5.15.1, with the Hurwitz zeta function."""
    n = integer(order)
    if n is None or n < 0:
        return undefined()
    if n == 0:
        return u.digamma()
    zeta = arb(n + 1).zeta(u) if u > 0 else _zeta_left_of_0(n + 1, u)
    size = arb.fac_ui(n) * zeta
    return size if n % 2 else -size


def _zeta_left_of_0(s: int, u: arb) -> arb:
    """Hurwitz zeta, stepwise: ζ(s, u) = ζ(s, u+1) + u⁻ˢ (DLMF 25.11.3)."""
    if not u.is_finite() or u < -1000:
        return undefined()
    steps = int(1 - float(u.lower()))
    total = arb(s).zeta(u + steps)
    for k in range(steps):
        total += 1 / (u + k) ** s
    return total


def atan2(y: arb, x: arb) -> arb:
    """The angle of (x, y), which is not defined on the cut x ≤ 0, y = 0."""
    if x > 0 or not y.contains(0):
        return arb.atan2(y, x)
    return undefined()


Comparer = Callable[[Any, Any], bool | None]


def _less(a: arb, b: arb) -> bool | None:
    return True if a < b else (False if a >= b else None)


def _less_equal(a: arb, b: arb) -> bool | None:
    return True if a <= b else (False if a > b else None)


def _equal(a: arb, b: arb) -> bool | None:
    if a.is_exact() and b.is_exact():
        return bool(a == b) if a.is_finite() and b.is_finite() else None
    return None if a.overlaps(b) else False


def comparisons(less: Comparer, less_equal: Comparer, equal: Comparer) -> dict[str, Comparer]:
    """All six, from three; ``None`` is what cannot be decided."""

    def unequal(a: Any, b: Any) -> bool | None:
        same = equal(a, b)
        return None if same is None else not same

    return {
        "<": less,
        "<=": less_equal,
        ">": lambda a, b: less(b, a),
        ">=": lambda a, b: less_equal(b, a),
        "==": equal,
        "!=": unequal,
    }


_SPECIAL: dict[str, Callable[..., arb]] = {
    "abs": operator.abs,
    "sign": sign,
    "polygamma": polygamma,
    "atan2": atan2,
    "undefined": lambda _: undefined(),
    "max": arb.max,
    "min": arb.min,
}

BALLS = Arithmetic(
    lift=lambda value: value,
    negate=operator.neg,
    add=operator.add,
    multiply=operator.mul,
    divide=operator.truediv,
    invert=lambda u: 1 / u,
    power=power,
    integer_power=integer_power,
    root=root,
    compare=comparisons(_less, _less_equal, _equal),
    undefined=undefined,
    functions={
        row.name: getattr(arb, row.arb) for row in FUNCTIONS if row.arb and row.name not in _SPECIAL
    }
    | _SPECIAL,
    unknown=samples.value,
)


def compile_balls(roots: Iterable[Expr], aliases: Mapping[Expr, Expr] | None = None) -> Program:
    """One program for the values of all ``roots``."""
    return Program(BALLS, roots, aliases)


def evaluate(expr: Expr, env: Mapping[Symbol, Coordinate], bits: int = PRECISION) -> arb | None:
    """A ball around the value, ``None`` where it is not defined or not decided.

    Raises:
        KeyError: a symbol has no value in ``env``.
    """
    program = compile_balls([expr])
    with precision(bits):
        value = program.run([ball(env[symbol]) for symbol in program.symbols])[0]
    return value if type(value) is arb and value.is_finite() else None


def approximate(expr: Expr) -> arb | None:
    """A ball around the value of an expression without letters, as far as one try goes.

    ``None`` where it is not defined or not decided, and where an unknown function occurs.
    """
    program = compile_balls([expr])
    if program.symbols or program.samples:
        return None
    with precision(2 * PRECISION):
        value = program.run([])[0]
    return value if type(value) is arb and value.is_finite() else None


def accuracy(value: arb) -> int:
    """Bits of ``value`` that are certain, counted from its first one."""
    return int(value.rel_accuracy_bits())
