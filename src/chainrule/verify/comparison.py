"""Claims compared in ball arithmetic at points over the whole domain.

All claims of one derivation share two programs, one for values and one for power series, and
are compared at the same points. Where the balls are too wide to agree on enough digits, the
claim alone is evaluated again with more bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain, count, product
from typing import NamedTuple

from flint import arb, ctx

from chainrule.balls.arithmetic import MAX_PRECISION, compile_balls, precision
from chainrule.expr.nodes import Expr, Symbol
from chainrule.record import Record
from chainrule.verify.pieces import on_every_piece
from chainrule.verify.points import Point, Range, grid, point, search, turning_points
from chainrule.verify.series import compile_series, derivatives
from chainrule.verify.shown import apart, plain, reach
from chainrule.verify.verdict import Counterexample, Verdict

BITS = 160
"""Bits to begin with: 128, and some to lose."""
POINTS = 16
"""Points to compare at unless told otherwise."""
LESS_DEFINED = "the right side is not defined where the left side is"

# The digits that are wanted at every point (30 decimals), and that will do (15).
_WANTED_BITS, _LEAST_BITS = 101, 51
# Two bits fewer are claimed than the ball has.
_ENOUGH_BITS = _WANTED_BITS + 2
# log₁₀ 2.
_DIGITS_A_BIT = 0.30103
# Bits that are taken more than seem to be missing.
_SPARE = 32
# With fewer points than this, more are searched for: the domain is a small one.
_FEW = 4
# The most claims in doubt that are evaluated one by one; more are quicker together.
_ALONE = 4
# Candidates that are tried for every point that is wanted: a half-line and a condition leave one in
# four.
_TRIES = 4
# The most points around places where a formula changes its branch: each takes as long as any other.
_TURNING_POINTS = 12
# Places where a reader would look for a difference, the simplest first.
_SIMPLE = tuple(
    Fraction(a, b)
    for a, b in (
        *((1, 1), (2, 1), (0, 1), (-1, 1), (1, 2), (3, 1), (-2, 1), (-1, 2), (5, 1), (1, 10)),
        *((-3, 1), (10, 1), (-10, 1), (-1, 10), (100, 1), (-100, 1), (1, 100), (1000, 1)),
    )
)
_SIMPLE_PARAMETERS = tuple(Fraction(a, b) for a, b in ((2, 1), (1, 1), (3, 1), (1, 2), (-1, 1)))


Orders = tuple[tuple[Symbol, int], ...]


class Claim(Record):
    """That ``left``, differentiated as ``orders`` says, equals ``right``."""

    left: Expr
    right: Expr
    orders: Orders = ()


class _Found:
    """What was found for one claim so far."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.points: list[Point] = []
        self.bits = BITS
        self.undecided = 0
        self.undefined = 0
        self.wrong: Point | None = None


class _Setting(Record):
    """What all claims of a batch have in common."""

    aliases: Mapping[Expr, Expr]
    condition: Expr | None
    ranges: Mapping[Symbol, Range]
    first: tuple[Symbol, ...]
    everywhere: bool = False


class _Sides(NamedTuple):
    """The points at which the condition holds, and both sides there: a row for each claim."""

    points: Sequence[Point]
    lefts: Sequence[Sequence[arb]]
    rights: Sequence[Sequence[arb]]


class _Batch:
    """Claims compiled together.

    Attributes:
        claims: those with the same derivative side by side, as ``sides`` gives their values.
        symbols: the coordinates of a point, in order.
        used: those that occur in the claims.
        samples: names of unknown functions that others stand in for.
        branches: whether some formula changes from point to point.
    """

    def __init__(self, claims: Sequence[Claim], setting: _Setting) -> None:
        self._alone: dict[Claim, _Batch] = {}
        self.setting = setting
        plain: list[Claim] = []
        groups: dict[Orders, list[Claim]] = {}
        for claim in claims:
            (groups.setdefault(claim.orders, []) if claim.orders else plain).append(claim)
        self.claims = [*chain.from_iterable(groups.values()), *plain]
        condition = [] if setting.condition is None else [setting.condition]
        rights = [claim.right for claim in self.claims]
        lefts = [claim.left for claim in plain]
        values = compile_balls([*condition, *rights, *lefts], setting.aliases)
        lines = [
            compile_series([claim.left for claim in group], setting.aliases)
            for group in groups.values()
        ]
        programs = [values, *lines]
        used = [symbol for program in programs for symbol in program.symbols]
        by = [symbol for orders in groups for symbol, _ in orders]
        self.symbols = tuple(dict.fromkeys([*setting.first, *by, *used]))
        self.used = {*used, *by}
        self.branches = any(program.branches for program in programs)
        self.samples = sorted({name for program in programs for name in program.samples})
        place = {symbol: i for i, symbol in enumerate(self.symbols)}
        places = [[place[symbol] for symbol in program.symbols] for program in programs]
        self._values, self._places = values, places[0]
        self._groups = list(zip(groups, lines, places[1:], strict=True))

    def alone(self, claim: Claim) -> _Batch:
        """One of the claims by itself, with the same coordinates."""
        found = self._alone.get(claim)
        if found is None:
            setting = self.setting.replaced(first=self.symbols)
            found = self._alone[claim] = _Batch([claim], setting)
        return found

    def sides(self, points: Sequence[Point]) -> _Sides:
        """Left and right sides at the precision in force, for power series of length 2."""
        inputs = [[at.balls[i] for at in points] for i in self._places]
        found = self._values.columns(inputs, len(points))
        if self.setting.condition is not None:
            holds, *found = found
            kept = [i for i, value in enumerate(holds) if value is True]
            points = [points[i] for i in kept]
            found = [[column[i] for i in kept] for column in found]
        lefts: list[Sequence[arb]] = []
        for orders, program, places in self._groups:
            if orders == ((self.symbols[0], 1),):
                along = [[at.along[i] for at in points] for i in places]
                for lines in program.columns(along, len(points)):
                    lefts.append([line[1] for line in lines])
            else:
                envs = [dict(zip(self.symbols, at.balls, strict=True)) for at in points]
                rows = [derivatives(program, dict(orders), env, ctx.prec) for env in envs]
                lefts += zip(*rows, strict=True) if rows else [()] * len(self.claims)
        rights = found[: len(self.claims)]
        return _Sides(points, [*lefts, *found[len(rights) :]], rights)

    def pair(self, at: Point) -> tuple[arb, arb] | None:
        """Both sides of the only claim, where the condition holds."""
        sides = self.sides([at])
        return (sides.lefts[0][0], sides.rights[0][0]) if sides.points else None


def compare(
    claims: Sequence[Claim],
    *,
    variable: Symbol | None = None,
    aliases: Mapping[Expr, Expr] | None = None,
    condition: Expr | None = None,
    ranges: Mapping[Symbol, Range] | None = None,
    points: int = POINTS,
    everywhere: bool = False,
) -> list[Verdict]:
    """A verdict for each claim.

    Args:
        claims: what is claimed.
        variable: the one that goes over the whole line; parameters take moderate values.
        aliases: symbols that stand for formulas.
        condition: only points at which it holds count.
        ranges: where to look, for each symbol that is not to go everywhere.
        points: how many are wanted.
        everywhere: whether to look on every piece between places where a formula may change its
            branch, for claims that may hold on some of them only.
    """
    if not claims:
        return []
    first = () if variable is None else (variable,)
    batch = _Batch(claims, _Setting(aliases or {}, condition, ranges or {}, first, everywhere))
    records = [_Found(claim) for claim in batch.claims]
    pool = grid(len(batch.symbols), tuple(map(batch.setting.ranges.get, batch.symbols)))
    extra = _extra_points(batch, pool)
    with precision(BITS, 2):
        _record(batch, records, [*extra, *pool[:points]])
        for number in range(points, min(_TRIES * points, len(pool))):
            if _enough(records, points):
                break
            _record(batch, records, [pool[number]])
        verdicts = {record.claim: _verdict(batch, record, points) for record in records}
    return [verdicts[claim] for claim in claims]


def _extra_points(batch: _Batch, pool: Sequence[Point]) -> list[Point]:
    """Points around the places where some formula changes its branch."""
    roots = [side for claim in batch.claims for side in (claim.left, claim.right)]
    aliases = batch.setting.aliases
    if batch.setting.everywhere:
        return on_every_piece(roots, batch.symbols, batch.setting.ranges, aliases)
    if not (batch.branches and batch.symbols):
        return []
    rest = pool[0].values[1:]
    values = turning_points([*roots, *aliases.values()], batch.symbols, rest, aliases)
    limits = batch.setting.ranges.get(batch.symbols[0])
    return [
        point((value, *rest))
        for value in values[:_TURNING_POINTS]
        if limits is None or limits[0] <= value <= limits[1]
    ]


def _enough(records: Iterable[_Found], points: int) -> bool:
    return all(len(record.points) * 2 >= points or record.wrong for record in records)


def _record(batch: _Batch, records: Sequence[_Found], points: Sequence[Point]) -> None:
    points, lefts, rights = batch.sides(points)
    doubtful: dict[int, list[int]] = {}
    for number, record in enumerate(records):
        for i, left, right in zip(count(), lefts[number], rights[number], strict=False):
            bits = left.rel_accuracy_bits()
            if (other := right.rel_accuracy_bits()) < bits:
                bits = other
            # What is not finite has no accurate bits.
            if bits >= _ENOUGH_BITS and left.overlaps(right):
                record.points.append(points[i])
                if bits - 2 < record.bits:
                    record.bits = bits - 2
            elif record.wrong is None:
                if not right.is_finite() or not left.is_finite():
                    record.undefined += bool(left.is_finite())
                elif left.overlaps(right):
                    doubtful.setdefault(i, []).append(number)
                else:
                    record.wrong = points[i]
    for i, numbers in doubtful.items():
        _look_again(batch, records, numbers, points[i])


def _look_again(
    batch: _Batch, records: Sequence[_Found], numbers: Sequence[int], at: Point
) -> None:
    """With more bits. Many claims are quicker together: alone, each brings what it rests on."""
    pending = [number for number in numbers if records[number].wrong is None]
    bits = 2 * BITS
    while pending and bits <= MAX_PRECISION and (bits == 2 * BITS or len(pending) > _ALONE):
        with precision(bits, 2):
            sides = batch.sides([at])
        left_over: list[int] = []
        last = 2 * bits > MAX_PRECISION
        for number in pending:
            record, [left], [right] = records[number], sides.lefts[number], sides.rights[number]
            found = min(left.rel_accuracy_bits(), right.rel_accuracy_bits()) - 2
            if not left.overlaps(right):
                record.wrong = at
            elif found >= _WANTED_BITS:
                _agreed(record, at, found)
            elif last:
                _agreed(record, at, _near_zero(left, right, found))
            else:
                left_over.append(number)
        pending = left_over
        bits *= 2
    for number in pending:
        record = records[number]
        agreed = _agreement(batch.alone(record.claim), at)
        if agreed is None:
            record.wrong = at
        else:
            _agreed(record, at, agreed)


def _agreed(record: _Found, at: Point, bits: int) -> None:
    if bits < _LEAST_BITS:
        record.undecided += 1
    else:
        record.points.append(at)
        record.bits = min(record.bits, bits)


def _agreement(batch: _Batch, at: Point) -> int | None:
    """Bits on which both sides agree for certain, with as much precision as it takes.

    ``None``: they differ. Two sides that cannot be told from 0 agree on bits after the point.
    """
    bits, best = 2 * BITS, 0
    while bits <= MAX_PRECISION:
        with precision(bits, 2):
            sides = batch.pair(at)
        if sides is None:
            return 0
        left, right = sides
        if not (left.is_finite() and right.is_finite()):
            return best
        if not left.overlaps(right):
            return None
        best = min(left.rel_accuracy_bits(), right.rel_accuracy_bits()) - 2
        if best >= _WANTED_BITS:
            return best
        # The accuracy that is missing says how many bits cancel, unless all of them do.
        missing = _WANTED_BITS - best + _SPARE
        bits = max(2 * bits, bits + missing if missing < MAX_PRECISION else 0)
    return _near_zero(left, right, best)


def _near_zero(left: arb, right: arb, bits: int) -> int:
    """The bits on which two sides agree that may both be 0: those after the point."""
    if left.contains(0) and right.contains(0):
        small = arb(2) ** -_WANTED_BITS
        return _WANTED_BITS if abs(left) < small and abs(right) < small else 0
    return bits


def _verdict(batch: _Batch, record: _Found, points: int) -> Verdict:
    if record.wrong is None and len(record.points) < min(_FEW, points):
        _look_closer(batch.alone(record.claim), record, points)
    if record.wrong is not None:
        alone = batch.alone(record.claim)
        return Verdict("wrong", counterexample=_counterexample(alone, record.wrong))
    if not record.points:
        return Verdict("not checked", reason=_why_not(record))
    samples = ", ".join(batch.samples)
    places = [at.main for at in record.points]
    return Verdict(
        "checked",
        points=len(record.points),
        digits=int(record.bits * _DIGITS_A_BIT),
        interval=reach(min(places), max(places)) if batch.symbols else None,
        variable=batch.symbols[0].name if batch.symbols else "",
        reason=f"with sample functions in place of {samples}" if samples else "",
    )


def _why_not(record: _Found) -> str:
    if record.undecided:
        return f"the balls stay too wide even with {MAX_PRECISION} bits"
    if record.undefined:
        return LESS_DEFINED
    return "no point was found at which both sides are defined"


def _look_closer(alone: _Batch, record: _Found, points: int) -> None:
    """Search for points of a small domain."""

    def defined(at: Point) -> bool:
        sides = alone.pair(at)
        return sides is not None and all(side.is_finite() for side in sides)

    known = {at.values for at in record.points}
    for at in search(alone.symbols, defined, points, alone.setting.ranges):
        if at.values not in known and record.wrong is None:
            _record(alone, [record], [at])


def _counterexample(alone: _Batch, fallback: Point) -> Counterexample:
    for at in (*_simple_points(alone), fallback):
        found = _difference(alone, at, 2 * BITS)
        if found is not None:
            return _shown(alone, at, *found)
    bits = 4 * BITS
    while bits < MAX_PRECISION:
        found = _difference(alone, fallback, bits)
        if found is not None:
            break
        bits *= 2
    found = found or _difference(alone, fallback, MAX_PRECISION)
    assert found is not None, "a difference was proved and cannot be found again"
    return _shown(alone, fallback, *found)


def _difference(alone: _Batch, at: Point, bits: int) -> tuple[arb, arb] | None:
    """Both sides, if they are certain to differ."""
    with precision(bits, 2):
        sides = alone.pair(at)
    if sides is None:
        return None
    left, right = sides
    differ = left.is_finite() and right.is_finite() and not left.overlaps(right)
    return (left, right) if differ else None


def _simple_points(batch: _Batch) -> Iterator[Point]:
    count = len(batch.symbols)
    spans = [batch.setting.ranges.get(symbol) for symbol in batch.symbols]
    if count == 0:
        return
    parameters = product(_SIMPLE_PARAMETERS, repeat=count - 1) if count <= 3 else iter(())
    for rest in parameters if count > 1 else ((),):
        for value in _SIMPLE:
            values = (value, *rest)
            if all(
                span is None or span[0] <= v <= span[1]
                for v, span in zip(values, spans, strict=True)
            ):
                yield point(values)


def _shown(alone: _Batch, at: Point, left: arb, right: arb) -> Counterexample:
    used = alone.used
    place = {
        symbol.name: plain(Fraction(value))
        for symbol, value in zip(alone.symbols, at.values, strict=True)
        if symbol in used
    }
    return Counterexample(place, *apart(left, right))
