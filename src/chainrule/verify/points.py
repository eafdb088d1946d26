"""Where to test: points over the whole domain, the same ones in every run.

Coordinates are dyadic rationals, mostly floating point numbers, which are exact as balls at any
precision, and have no relation to the special points of any formula. They are laid out by size,
from 10⁻⁶ to 700 on both sides of 0, the most telling ones first.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache, partial
from itertools import pairwise
from typing import NamedTuple, overload

from flint import arb, arb_series

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.balls.program import Program, ball, definition
from chainrule.expr.nodes import (
    Call,
    Comparison,
    Expr,
    Number,
    Product,
    Sum,
    Symbol,
    postorder,
)
from chainrule.verify.series import SERIES

Range = tuple[Fraction, Fraction]
Values = tuple[Fraction | float, ...]


def dyadic(value: float, bits: int = 12) -> float:
    """A nearby number with a power of two below the line and an odd number above."""
    scale = 1 << max(bits - math.frexp(value)[1], 0)
    return (2 * round(value * scale / 2) + 1) / scale


# Every prefix of this row spreads over sizes and signs; half the points are inside ±6, where
# activation functions bend.
MAIN = tuple(
    dyadic(value)
    for value in (
        *(0.7183, -1.2824, 2.6457, -0.3337, 0.1459, -3.1679, 5.2915, -11.358, 1.4427, -0.8414),
        *(23.14, -37.7, -0.0457, 347.1, -702.3, 0.0106, 4.123, -2.236, 121.7, -5.744, 0.5306),
        *(-68.43, 701.6, -0.5813, 1.1087, -131.9, 8.485, -1.732, 0.2764, -0.1901, 3.3166),
        *(-4.583, 9.7e-4, -1.1e-3, 57.31, -17.23, 14.87, -7.681, -345.8, 6.403, 1.9e-6, -2.3e-6),
        *(0.8862, -0.9428, 0.9642, 1.7725, 2.0801, -2.9155, 1.0471e3, -1.3e3),
    )
)
ROW = tuple(sorted(MAIN))
_MIXED = tuple(
    dyadic(value, 8)
    for value in (0.683, 1.317, -0.442, 0.31, 2.19, -1.57, 0.558, 3.41, -0.83, 0.127, -2.71)
)
POSITIVE = tuple(
    dyadic(value, 8) for value in (1.317, 0.683, 2.19, 0.31, 3.41, 0.558, 1.73, 0.127, 5.21)
)
_UNIT = tuple(dyadic(value, 8) for value in (0.442, 0.683, 0.31, 0.127, 0.558, 0.83, 0.94))
_ROUNDS = (_MIXED, POSITIVE, _UNIT)


class Point(NamedTuple):
    """Coordinates, with the inputs of programs made ready.

    ``along`` are power series in the direction of the first coordinate, ``main`` is about that
    coordinate.
    """

    values: Values
    main: float
    balls: tuple[arb, ...]
    along: tuple[arb_series, ...]


def point(values: Values) -> Point:
    if not values:
        return Point((), 0.0, (), ())
    first, *rest = balls = tuple([ball(value) for value in values])
    along = (arb_series([first, 1]), *[SERIES.lift(value) for value in rest])
    return Point(values, float(values[0]), balls, along)


class Grid(Sequence[Point]):
    """Points for ``count`` symbols, the variable first and parameters behind.

    A symbol with a range gets values spread over it. A point is made when it is first asked
    for: most comparisons are content with a few.
    """

    def __init__(self, count: int, ranges: tuple[Range | None, ...]) -> None:
        self._count = count
        self._ranges = [
            (k, float(limits[0]), float(limits[1] - limits[0]))
            for k, limits in enumerate(ranges)
            if limits is not None
        ]
        self._pools = _ROUNDS if count > 1 else (_MIXED,)
        self._points: dict[int, Point] = {}

    def __len__(self) -> int:
        return len(self._pools) * len(MAIN) if self._count else 1

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> list[Point]: ...
    def __getitem__(self, index: int | slice) -> Point | list[Point]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        found = self._points.get(index)
        if found is None:
            if not 0 <= index < len(self):
                raise IndexError(index)
            found = self._points[index] = point(self._values(*divmod(index, len(MAIN))))
        return found

    def _values(self, number: int, i: int) -> Values:
        if not self._count:
            return ()
        pool = self._pools[number]
        values: list[Fraction | float] = [MAIN[i]]
        for k in range(1, self._count):
            values.append(pool[(i * (2 * k + 1) + 3 * k + number) % len(pool)])
        for k, low, width in self._ranges:
            values[k] = spread(low, width, i * (2 * k + 1) + k + number)
        return tuple(values)


@lru_cache(maxsize=64)
def grid(count: int, ranges: tuple[Range | None, ...] = ()) -> Grid:
    """The points for ``count`` symbols with such ranges, kept for the next time."""
    return Grid(count, ranges)


def spread(low: float, width: float, i: int) -> float:
    """The i-th of a sequence that fills the interval evenly, the ends left out.

    A dyadic number, so that its ball is exact at every precision.
    """
    # The fractional part of a van der Corput sequence, moved off the dyadic numbers.
    share, step = 3 / 256, 0.5
    i += 1
    while i:
        share += step * (i & 1)
        step /= 2
        i >>= 1
    exact = low + width * (share % 1)
    bits = max(24 - math.frexp(width)[1], 0)
    return math.ldexp(round(math.ldexp(exact, bits)), -bits)


def search(
    symbols: Sequence[Symbol],
    defined: Callable[[Point], bool],
    wanted: int,
    ranges: Mapping[Symbol, Range] | None = None,
    extra: Iterable[float] = (),
) -> list[Point]:
    """Up to ``wanted`` points with ``defined``, looked for more closely where they are rare.

    ``extra`` are values of the variable to try first (see ``turning_points``).
    """
    limits = tuple((ranges or {}).get(symbol) for symbol in symbols)
    candidates = grid(len(symbols), limits)
    found: list[Point] = []
    if symbols:
        rests = [p.values[1:] for p in candidates[:: len(MAIN)]]
        tried = (point((value, *rest)) for value in extra for rest in rests[:3])
        found += [p for p in tried if _inside(p, limits) and defined(p)]
    bad: list[Point] = []
    for candidate in candidates:
        if len(found) >= wanted:
            return found
        (found if defined(candidate) else bad).append(candidate)
    if symbols:
        for candidate in _between(found, bad, limits):
            if len(found) >= wanted:
                break
            if defined(candidate):
                found.append(candidate)
    return found


def _inside(p: Point, limits: Sequence[Range | None]) -> bool:
    return all(
        span is None or span[0] <= value <= span[1]
        for value, span in zip(p.values, limits, strict=True)
    )


def _between(
    found: Sequence[Point], bad: Sequence[Point], limits: Sequence[Range | None]
) -> Iterator[Point]:
    """More candidates: around the points that were found, or on a finer grid if none was."""
    if found:
        for depth in range(9):
            for good in found[:8]:
                rest = good.values[1:]
                center = Fraction(good.values[0])
                lower = [Fraction(p.values[0]) for p in bad if p.values[0] < center]
                upper = [Fraction(p.values[0]) for p in bad if p.values[0] > center]
                for edge in (max(lower, default=center - 8), min(upper, default=center + 8)):
                    share = Fraction(3, 4 << depth)
                    yield point((_short(center + (edge - center) * share), *rest))
        return
    rests = [p.values[1:] for p in grid(len(limits), tuple(limits))[:: len(MAIN)]]
    for rest in rests:
        for tenths in range(-90, 91):
            size = dyadic(10 ** (tenths / 15))
            yield point((size, *rest))
            yield point((-size, *rest))


def _short(value: Fraction) -> Fraction:
    """A dyadic number close by (within 2⁻⁴⁰ of its size)."""
    size = max(abs(value), Fraction(1, 2**60))
    shift = 40 - (size.numerator.bit_length() - size.denominator.bit_length())
    scale = Fraction(2) ** shift
    return Fraction(round(value * scale)) / scale


# --- where formulas change ----------------------------------------------------------------------
def switches(roots: Iterable[Expr]) -> list[Expr]:
    """Expressions at whose zeros a piecewise formula, |x|, max, … changes its branch."""
    found: dict[Expr, None] = {}
    pending = list(roots)
    seen: set[Expr] = set()
    while pending:
        nodes = [node for node in postorder(*pending) if node not in seen]
        seen.update(nodes)
        pending = []
        for node in nodes:
            match node:
                case Comparison(_, args):
                    found.update((left - right, None) for left, right in pairwise(args))
                case Call("abs" | "sign" | "heaviside" | "cbrt", (u,)):
                    found[u] = None
                case Call("max" | "min", (u, v)):
                    found[u - v] = None
                case Call(name) if name not in SERIES.functions and name != "undefined":
                    pending.append(definition(node))
                case _:
                    pass
    return list(found)


def turning_points(
    roots: Iterable[Expr],
    symbols: Sequence[Symbol],
    rest: Values,
    aliases: Mapping[Expr, Expr] | None = None,
) -> list[float]:
    """Values of the first symbol on either side of every switch, and between neighbours.

    The other symbols have the values ``rest``; ``aliases`` are symbols that stand for formulas.
    """
    changing = switches(roots)
    if not changing or not symbols:
        return []
    values_of = dict(zip(symbols[1:], map(ball, rest), strict=True))

    def values(program: Program, x: float) -> list[arb]:
        env = {symbols[0]: arb(x), **values_of}
        return program.run([env[symbol] for symbol in program.symbols])

    straight = {node for node in changing if _is_straight(node, symbols)}
    at: set[float] = set()
    with precision(64):
        if straight:
            line = compile_balls(straight)
            for here, there in zip(values(line, 0.0), values(line, 1.0), strict=True):
                zero = here / (here - there)
                if zero > ROW[0] and zero < ROW[-1]:
                    at.add(_bisected(float(zero)))
        if len(straight) < len(changing):
            curve = compile_balls([node for node in changing if node not in straight], aliases)
            at.update(_sign_changes(partial(values, curve)))
    near = sorted(at)
    found = []
    for t in near:
        offset = max(abs(t), 1.0) / 2**9
        found += [t - offset, t + offset]
    # The same switch can be found twice, a little apart.
    found += [(s + t) / 2 for s, t in pairwise(near) if t - s > max(abs(t), 1.0) / 2**12]
    return found


def _is_straight(node: Expr, symbols: Sequence[Symbol]) -> bool:
    """Whether it is c·x + d for the first symbol x, the others constant: most switches are."""
    first, *others = symbols
    for term in node.args if type(node) is Sum else (node,):
        factors = term.args if type(term) is Product else (term,)
        if factors.count(first) > 1:
            return False
        if any(type(u) is not Number and u is not first and u not in others for u in factors):
            return False
    return True


def _bisected(zero: float) -> float:
    """A zero as ``_sign_changes`` would find it: what both find is to count once."""
    place = bisect_left(ROW, zero)
    return bisect(lambda x: (x > zero) - (x < zero), ROW[place - 1], ROW[place], -1)


def _sign_changes(values: Callable[[float], list[arb]]) -> Iterator[float]:
    def signs(x: float) -> list[int]:
        return [1 if b > 0 else -1 if b < 0 else 0 for b in values(x)]

    row = [(x, signs(x)) for x in ROW]
    for (x, before), (y, after) in pairwise(row):
        for k, below in enumerate(before):
            if below * after[k] < 0:
                yield bisect(partial(_sign_at, signs, k), x, y, below)


def _sign_at(signs: Callable[[float], list[int]], k: int, t: float) -> int:
    return signs(t)[k]


def bisect(sign: Callable[[float], int], low: float, high: float, below: int) -> float:
    """Where the sign stops being ``below``, to about four digits."""
    while high - low > max(abs(low), abs(high), 1.0) / 2**13:
        middle = (low + high) / 2
        if sign(middle) == below:
            low = middle
        else:
            high = middle
    return (low + high) / 2
