"""Points on both sides of every place where a formula may change its branch.

Formulas of elementary functions are analytic between the zeros of what stands under a root, in
a logarithm, in |.| or below a line: what holds near one point of such a piece holds on all of
it. Zeros without a change of sign matter too, √((√x − 3)²) is 3 − √x left of 9 and √x − 3 right
of it; there the slope of what is under the root changes its sign. So the signs of all of these
and of their slopes are followed along the line.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from math import log

from flint import arb, arb_series

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.balls.program import ball
from chainrule.expr.nodes import Expr, Symbol, symbols
from chainrule.parsing.definitions import expand_all
from chainrule.rewrite.demands import demands
from chainrule.verify.points import (
    MAIN,
    Point,
    Range,
    Values,
    dyadic,
    grid,
    point,
    spread,
    switches,
)
from chainrule.verify.series import SERIES, compile_series

# Only signs are looked at; one that these bits leave open is left out.
_BITS = 128
# Where signs are looked at: eight sizes in a decade from 10⁻¹¹ to 10⁹, thirty where functions
# bend, on both sides of 0.
_SIZES = sorted({k / 8 for k in range(-88, 73)} | {k / 30 for k in range(-60, 61)})
_LINE = sorted(sign * dyadic(10.0**size) for size in _SIZES for sign in (-1, 1))
# Points inside the range of the variable where it has one; enough, since changes of sign are
# narrowed down.
_INSIDE = 96
# With other letters there are several lines, and every third point has to do.
_THINNER = 3
# How often the gap with a change of sign is halved: to 1/65,536 of it.
_HALVINGS = 16
# How many pieces are looked at of what oscillates; more of them show nothing new.
_MOST_CHANGES = 24
# How many points of each round of the grid give the other letters their values.
_RESTS = 2

Signs = tuple[int | None, ...]
"""Of all that is followed: 0 where the ball does not tell, ``None`` where it is undefined."""


def on_every_piece(
    roots: Sequence[Expr],
    letters: Sequence[Symbol],
    ranges: Mapping[Symbol, Range],
    aliases: Mapping[Expr, Expr],
) -> list[Point]:
    """Points at both ends and in the middle of every piece of the line.

    Args:
        roots: the formulas.
        letters: the coordinates of a point, the variable of the line first.
        ranges: where to look, for letters that are not to go everywhere.
        aliases: symbols in ``roots`` that stand for formulas.
    """
    if not letters:
        return []
    program = compile_series(_followed([*roots, *aliases.values()]), aliases)
    row = _row(ranges.get(letters[0]), alone=len(letters) == 1)
    found: list[Point] = []
    for rest in _rests(letters, ranges):
        given = dict(zip(letters[1:], map(SERIES.lift, map(ball, rest)), strict=True))

        def signs(xs: Sequence[float], given: Mapping[Symbol, arb_series] = given) -> list[Signs]:
            inputs = [
                [given[s]] * len(xs) if s in given else [arb_series([x, 1]) for x in xs]
                for s in program.symbols
            ]
            with precision(_BITS, 2):
                columns = program.columns(inputs, len(xs))
                rows = zip(*chain.from_iterable(map(_signs, columns)), strict=True)
                # Where nothing is followed, nothing changes.
                return list(rows) if columns else [()] * len(xs)

        found += [point((x, *rest)) for x in _beside(_changes(signs, row), row)]
    return found


def defined_as_far(
    left: Expr,
    right: Expr,
    variable: Symbol,
    aliases: Mapping[Expr, Expr],
    ranges: Mapping[Symbol, Range],
) -> bool:
    """Whether every operation of ``right`` has a value wherever ``left`` has one.

    Single points at which it divides by 0 are not counted.
    """
    conditions = [c for c in demands(right) if c.operators != ("!=",)]
    if not conditions:
        return True
    program = compile_balls([left, right, *conditions], aliases)
    letters = [variable, *(symbol for symbol in program.symbols if symbol is not variable)]
    row = _row(ranges.get(variable), alone=len(letters) == 1)
    for rest in _rests(letters, ranges):
        given = dict(zip(letters[1:], map(ball, rest), strict=True))
        inputs = [
            [given[s]] * len(row) if s in given else [arb(x) for x in row] for s in program.symbols
        ]
        with precision(_BITS):
            for one, other, *inside in zip(*program.columns(inputs, len(row)), strict=True):
                if one.is_finite() and not other.is_finite() and False in inside:
                    return False
    return True


# --- what is followed -----------------------------------------------------------------------------
def _followed(roots: Sequence[Expr]) -> list[Expr]:
    """Expressions at whose zeros something in the formulas is not analytic."""
    found = dict.fromkeys(switches(map(expand_all, roots)))
    for condition in demands(*roots):
        found.update((left - right, None) for left, right in pairwise(condition.args))
    return [node for node in found if symbols(node)]


def _signs(column: Sequence[arb_series]) -> tuple[list[int | None], list[int | None]]:
    """Signs of the values and of the slopes."""
    return [_sign(series[0]) for series in column], [_sign(series[1]) for series in column]


def _sign(value: arb) -> int | None:
    if value > 0:
        return 1
    if value < 0:
        return -1
    return 0 if value.is_finite() else None


# --- where it changes -----------------------------------------------------------------------------
def _changes(
    signs: Callable[[Sequence[float]], list[Signs]], row: Sequence[float]
) -> list[tuple[float, float]]:
    """Close neighbours between which a sign changes or something ceases to be defined."""
    known = dict(zip(row, signs(row), strict=True))
    pairs = [(x, y) for x, y in pairwise(row) if _differ(known[x], known[y])]
    narrow: list[tuple[float, float]] = []
    for _ in range(_HALVINGS):
        # Of very many changes those nearest to 1 are looked at, where people look.
        pairs = sorted(pairs, key=lambda pair: abs(log(_size(pair))))[:_MOST_CHANGES]
        middles = [_middle(x, y) for x, y in pairs]
        known |= zip(middles, signs(middles), strict=True)
        halves: list[tuple[float, float]] = []
        for (x, y), middle in zip(pairs, middles, strict=True):
            both = [(x, middle), (middle, y)]
            changed = [(a, b) for a, b in both if _differ(known[a], known[b])]
            halves += changed
            if not changed:
                narrow.append((x, y))
        pairs = halves
    return sorted([*narrow, *pairs])


def _differ(one: Signs, other: Signs) -> bool:
    return any(
        a != b and (a is None or b is None or a * b < 0) for a, b in zip(one, other, strict=True)
    )


def _size(pair: tuple[float, float]) -> float:
    return max(abs(pair[0]), abs(pair[1]))


def _middle(x: float, y: float) -> float:
    """Not quite in the middle, where special numbers lie, 0 for one."""
    return x + (y - x) * 0.53


def _beside(changes: Sequence[tuple[float, float]], row: Sequence[float]) -> Iterator[float]:
    """Both ends of every piece between the changes, and the middle of the row's points on it."""
    ends = [row[0], *chain.from_iterable(changes), row[-1]]
    for low, high in zip(ends[::2], ends[1::2], strict=True):
        inside = row[bisect_right(row, low) : bisect_left(row, high)]
        middle = inside[len(inside) // 2] if inside else _middle(low, high)
        yield from dict.fromkeys((low, middle, high))


def _row(limits: Range | None, *, alone: bool) -> Sequence[float]:
    row = _LINE
    if limits is not None:
        low, high = map(float, limits)
        more = [spread(low, high - low, i) for i in range(_INSIDE)]
        row = sorted({*more, *(x for x in _LINE if low <= x <= high)})
    return row if alone else row[::_THINNER]


def _rests(letters: Sequence[Symbol], ranges: Mapping[Symbol, Range]) -> Iterator[Values]:
    """Values of the letters that are not the variable, of both signs where they have no range."""
    points = grid(len(letters), tuple(map(ranges.get, letters)))
    if len(letters) == 1:
        yield ()
        return
    free = [ranges.get(letter) is None for letter in letters[1:]]
    for number, start in enumerate(range(0, len(points), len(MAIN))):
        first, *others = (at.values[1:] for at in points[start : start + _RESTS])
        yield first
        for values in others:
            # All of them change their sign, then every other one, then the rest.
            turned = [number == 0 or (i + number) % 2 == 1 for i in range(len(values))]
            signs = (-1 if t and f else 1 for t, f in zip(turned, free, strict=True))
            yield tuple(sign * value for sign, value in zip(signs, values, strict=True))
