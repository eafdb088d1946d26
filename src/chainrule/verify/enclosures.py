"""Values over an interval, as intervals of two endpoints.

A ball is a midpoint and a radius, and so does not know that e^[100, 200] is positive. Where an
argument goes over more than a factor of two, as far out on the real line, intervals with two
endpoints do: a function that is monotone is evaluated at both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from flint import arb

from chainrule.balls import arithmetic
from chainrule.balls.program import Arithmetic, Program
from chainrule.expr.functions import FUNCTIONS
from chainrule.expr.nodes import Expr

Interval = tuple[arb, arb]
"""Two exact numbers, or infinities, the smaller first; two NaN if nothing is known."""


def undefined() -> Interval:
    return arb.nan(), arb.nan()


def interval(low: arb, high: arb) -> Interval:
    """The least interval that holds two balls, of which neither need be the lower one."""
    if low.is_nan() or high.is_nan():
        return undefined()
    return low.lower().min(high.lower()), low.upper().max(high.upper())


def _known(a: Interval) -> bool:
    return not a[0].is_nan()


def _add(a: Interval, b: Interval) -> Interval:
    return interval(a[0] + b[0], a[1] + b[1])


def _multiply(a: Interval, b: Interval) -> Interval:
    if a is b:
        # A square, as programs write it.
        a = b = _absolute(a)
    corners = [a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]]
    return _hull(corners)


def _hull(values: Sequence[arb]) -> Interval:
    if any(value.is_nan() for value in values):
        return undefined()
    low, high = values[0].lower(), values[0].upper()
    for value in values[1:]:
        low, high = low.min(value.lower()), high.max(value.upper())
    return low, high


def _invert(a: Interval) -> Interval:
    return interval(1 / a[1], 1 / a[0]) if a[0] > 0 or a[1] < 0 else undefined()


def _divide(a: Interval, b: Interval) -> Interval:
    return _multiply(a, _invert(b))


def _power(base: Interval, exponent: Interval) -> Interval:
    if exponent[0] == exponent[1]:
        n = arithmetic.integer(exponent[0])
        if n is not None:
            return _integer_power(n)(base)
    if not base[0] > 0:
        return undefined()
    corners = [b**e for b in base for e in exponent]
    return _hull(corners)


@lru_cache(maxsize=256)
def _integer_power(n: int) -> Callable[[Interval], Interval]:
    if n < 0:
        return lambda a: _invert(_integer_power(-n)(a))
    if n % 2:
        return lambda a: interval(a[0] ** n, a[1] ** n)

    def even(a: Interval) -> Interval:
        size = _absolute(a)
        return interval(size[0] ** n, size[1] ** n)

    return even


def _root(numerator: int, denominator: int) -> Callable[[Interval], Interval]:
    # Monotone where it is defined; the balls say where it is not: below 0, or at 0.
    return _monotone(arithmetic.root(numerator, denominator))


def _absolute(a: Interval) -> Interval:
    if not _known(a):
        return a
    size = abs(a[0]), abs(a[1])
    inside = a[0] <= 0 and a[1] >= 0
    return (arb(0) if inside else size[0].min(size[1])), size[0].max(size[1])


def _monotone(function: Callable[[arb], arb]) -> Callable[[Interval], Interval]:
    return lambda a: interval(function(a[0]), function(a[1]))


def _by_ball(function: Callable[..., arb]) -> Callable[..., Interval]:
    """Any function: of the ball that holds the interval."""

    def evaluate(*args: Interval) -> Interval:
        if not all(_known(a) and a[0].is_finite() and a[1].is_finite() for a in args):
            return undefined()
        value = function(*(a[0].union(a[1]) for a in args))
        return interval(value, value)

    return evaluate


def _less(a: Interval, b: Interval) -> bool | None:
    return True if a[1] < b[0] else (False if a[0] >= b[1] else None)


def _less_equal(a: Interval, b: Interval) -> bool | None:
    return True if a[1] <= b[0] else (False if a[0] > b[1] else None)


def _equal(a: Interval, b: Interval) -> bool | None:
    if a[1] < b[0] or b[1] < a[0]:
        return False
    return True if a[0] == a[1] == b[0] == b[1] else None


_SPECIAL: dict[str, Callable[..., Interval]] = {
    "abs": _absolute,
    "undefined": lambda _: undefined(),
    "max": lambda a, b: (a[0].max(b[0]), a[1].max(b[1])),
    "min": lambda a, b: (a[0].min(b[0]), a[1].min(b[1])),
}


def _no_samples(name: str, orders: tuple[int, ...]) -> Callable[[list[Interval]], Interval]:
    """A function that nobody defined has no values."""
    return lambda _: undefined()


ENCLOSURES = Arithmetic(
    lift=lambda value: interval(value, value),
    negate=lambda a: (-a[1], -a[0]),
    add=_add,
    multiply=_multiply,
    divide=_divide,
    invert=_invert,
    power=_power,
    integer_power=_integer_power,
    root=_root,
    compare=arithmetic.comparisons(_less, _less_equal, _equal),
    undefined=undefined,
    functions={
        row.name: (_monotone if row.monotone else _by_ball)(arithmetic.BALLS.functions[row.name])
        for row in FUNCTIONS
        if row.name in arithmetic.BALLS.functions
    }
    | _SPECIAL,
    unknown=_no_samples,
)


def compile_enclosures(roots: Iterable[Expr]) -> Program:
    """One program for the ranges of all ``roots`` over intervals of their symbols."""
    return Program(ENCLOSURES, roots)
