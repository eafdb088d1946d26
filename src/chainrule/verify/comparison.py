"""Claims compared in ball arithmetic at points over the whole domain.

All claims of one derivation share two programs, one for values and one for power series, and
are compared at the same points. Where the balls are too wide to agree on enough digits, the
claim alone is evaluated again with more bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product

from flint import arb

from chainrule.expr.nodes import Expr, Symbol
from chainrule.verify import series
from chainrule.verify.balls import MAX_PRECISION, compile_balls, precision
from chainrule.verify.certified import ball_decimal
from chainrule.verify.points import Point, Range, grid, point, search, turning_points
from chainrule.verify.program import Program
from chainrule.verify.verdict import Counterexample, Verdict

BITS = 160
"""Bits to begin with: 128, and some to lose."""
POINTS = 16
"""Points to compare at unless told otherwise."""

# The digits that are wanted at every point (30 decimals), and that will do (15).
_WANTED_BITS, _LEAST_BITS = 101, 51
_FEW = 4
# Places where a reader would look for a difference, the simplest first.
_SIMPLE = tuple(
    Fraction(a, b)
    for a, b in (
        *((1, 1), (2, 1), (0, 1), (-1, 1), (1, 2), (3, 1), (-2, 1), (-1, 2), (5, 1), (1, 10)),
        *((-3, 1), (10, 1), (-10, 1), (-1, 10), (100, 1), (-100, 1), (1, 100), (1000, 1)),
    )
)
_SIMPLE_PARAMETERS = tuple(Fraction(a, b) for a, b in ((2, 1), (1, 1), (3, 1), (1, 2), (-1, 1)))


@dataclass(frozen=True, slots=True)
class Claim:
    """That ``left``, differentiated as ``orders`` says, equals ``right``."""

    left: Expr
    right: Expr
    orders: tuple[tuple[Symbol, int], ...] = ()


@dataclass(slots=True)
class _Record:
    """What was found for one claim so far."""

    points: list[Point] = field(default_factory=list)
    bits: int = BITS
    undecided: int = 0
    undefined: int = 0
    wrong: Point | None = None


@dataclass(frozen=True, slots=True)
class _Setting:
    """What all claims of a batch have in common."""

    symbols: tuple[Symbol, ...]
    aliases: Mapping[Expr, Expr]
    condition: Expr | None
    ranges: Mapping[Symbol, Range]


class _Batch:
    """Claims compiled together. ``values`` gives both sides of each at a point."""

    def __init__(self, claims: Sequence[Claim], setting: _Setting) -> None:
        self.claims = claims
        self.setting = setting
        plain = [claim.left for claim in claims if not claim.orders]
        extra = [] if setting.condition is None else [setting.condition]
        self._values = compile_balls(
            [*extra, *[claim.right for claim in claims], *plain], setting.aliases
        )
        groups: dict[tuple[tuple[Symbol, int], ...], list[Claim]] = {}
        for claim in claims:
            if claim.orders:
                groups.setdefault(claim.orders, []).append(claim)
        self._groups = [
            (orders, series.compile_series([c.left for c in group], setting.aliases))
            for orders, group in groups.items()
        ]
        self._order = [claim for group in groups.values() for claim in group]
        place = {symbol: i for i, symbol in enumerate(setting.symbols)}
        self._inputs = [place[symbol] for symbol in self._values.symbols]
        self._lines = [
            [place[symbol] for symbol in program.symbols] for _, program in self._groups
        ]
        # Where the left side of each claim is found among [series..., plain values...].
        numbers = {claim: i for i, claim in enumerate(self._order)}
        count = len(self._order)
        self._left = []
        for claim in claims:
            self._left.append(numbers[claim] if claim.orders else count)
            count += not claim.orders

    @property
    def samples(self) -> set[str]:
        return self._values.samples.union(*[program.samples for _, program in self._groups])

    def values(self, at: Point, bits: int) -> tuple[list[arb], list[arb]] | None:
        """Left and right sides, ``None`` where the condition does not hold."""
        with precision(bits, 2):
            found = self._values.run([at.balls[i] for i in self._inputs])
            if self.setting.condition is not None:
                if found[0] is not True:
                    return None
                found = found[1:]
            lefts: list[arb] = []
            for (orders, program), places in zip(self._groups, self._lines, strict=True):
                lefts += self._derivatives(orders, program, places, at, bits)
        count = len(self.claims)
        lefts += found[count:]
        return [lefts[i] for i in self._left], found[:count]

    def _derivatives(
        self,
        orders: tuple[tuple[Symbol, int], ...],
        program: Program,
        places: list[int],
        at: Point,
        bits: int,
    ) -> list[arb]:
        if len(orders) == 1 and orders[0] == (self.setting.symbols[0], 1):
            lines = program.run([at.along[i] for i in places])
            return [line[1] if line[0].is_finite() else line[0] for line in lines]
        env = dict(zip(self.setting.symbols, at.balls, strict=True))
        return series.derivatives(program, dict(orders), env, bits)


def compare(
    claims: Sequence[Claim],
    *,
    variable: Symbol | None = None,
    aliases: Mapping[Expr, Expr] | None = None,
    condition: Expr | None = None,
    ranges: Mapping[Symbol, Range] | None = None,
    points: int = POINTS,
) -> list[Verdict]:
    """A verdict for each claim.

    Args:
        claims: what is claimed.
        variable: the one that goes over the whole line; parameters take moderate values.
        aliases: symbols that stand for formulas.
        condition: only points at which it holds count.
        ranges: where to look, for each symbol that is not to go everywhere.
        points: how many are wanted.
    """
    if not claims:
        return []
    aliases = aliases or {}
    roots = [side for claim in claims for side in (claim.left, claim.right)]
    setting = _Setting(
        _symbols(claims, variable, aliases, condition), aliases, condition, ranges or {}
    )
    batch = _Batch(claims, setting)
    records = [_Record() for _ in claims]
    limits = tuple(setting.ranges.get(symbol) for symbol in setting.symbols)
    pool = grid(len(setting.symbols), limits)
    extra = _extra_points([*roots, *aliases.values()], setting, pool)
    for number, at in enumerate((*extra, *pool)):
        if number >= points + len(extra) and _enough(records, points):
            break
        if number >= 4 * points + len(extra):
            break
        _record(batch, records, at)
    return [
        _verdict(claim, record, setting, points, batch.samples)
        for claim, record in zip(claims, records, strict=True)
    ]


def _symbols(
    claims: Sequence[Claim],
    variable: Symbol | None,
    aliases: Mapping[Expr, Expr],
    condition: Expr | None,
) -> tuple[Symbol, ...]:
    roots = [side for claim in claims for side in (claim.left, claim.right)]
    used = compile_balls([*roots, *([condition] if condition else [])], aliases).symbols
    first = [variable] if variable is not None else []
    by = [symbol for claim in claims for symbol, _ in claim.orders]
    return tuple(dict.fromkeys([*first, *by, *used]))


def _extra_points(
    roots: Iterable[Expr], setting: _Setting, pool: Sequence[Point]
) -> list[Point]:
    """Points around the places where some formula changes its branch."""
    if not setting.symbols:
        return []
    rest = pool[0].values[1:]
    values = turning_points(roots, setting.symbols, rest)
    limits = setting.ranges.get(setting.symbols[0])
    return [
        point((value, *rest))
        for value in values[:12]
        if limits is None or limits[0] <= value <= limits[1]
    ]


def _enough(records: Iterable[_Record], points: int) -> bool:
    return all(len(record.points) * 2 >= points or record.wrong for record in records)


def _record(batch: _Batch, records: Sequence[_Record], at: Point) -> None:
    sides = batch.values(at, BITS)
    if sides is None:
        return
    for number, (left, right, record) in enumerate(zip(*sides, records, strict=True)):
        if record.wrong:
            continue
        if not right.is_finite() or not left.is_finite():
            record.undefined += bool(left.is_finite())
            continue
        bits: int | None = min(left.rel_accuracy_bits(), right.rel_accuracy_bits()) - 2
        if not left.overlaps(right):
            bits = None
        elif bits < _WANTED_BITS:
            alone = _Batch([batch.claims[number]], batch.setting)
            bits = _agreement(alone, at)
        if bits is None:
            record.wrong = at
        elif bits < _LEAST_BITS:
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
        sides = batch.values(at, bits)
        if sides is None:
            return 0
        [left], [right] = sides
        if not (left.is_finite() and right.is_finite()):
            return best
        if not left.overlaps(right):
            return None
        best = min(left.rel_accuracy_bits(), right.rel_accuracy_bits()) - 2
        if best >= _WANTED_BITS:
            return best
        bits *= 2
    if left.contains(0) and right.contains(0):
        size = max(abs(left).upper(), abs(right).upper(), key=float)
        return _WANTED_BITS if size < arb(2) ** -_WANTED_BITS else 0
    return best


def _verdict(
    claim: Claim, record: _Record, setting: _Setting, points: int, samples: set[str]
) -> Verdict:
    if record.wrong is None and len(record.points) < min(_FEW, points):
        _look_closer(claim, record, setting, points)
    if record.wrong is not None:
        return Verdict("wrong", counterexample=_counterexample(claim, record.wrong, setting))
    reasons = []
    if samples:
        reasons.append(f"with sample functions in place of {', '.join(sorted(samples))}")
    if record.points:
        variable = setting.symbols[0].name if setting.symbols else ""
        where = [at.values[0] for at in record.points if at.values]
        return Verdict(
            "checked",
            points=len(record.points),
            digits=int(record.bits * 0.30103),
            interval=(_inward(min(where)), _inward(max(where))) if where else None,
            variable=variable,
            reason="; ".join(reasons),
        )
    return Verdict("not checked", reason=_why_not(record))


def _why_not(record: _Record) -> str:
    if record.undecided:
        return f"the balls stay too wide even with {MAX_PRECISION} bits"
    if record.undefined:
        return "the right side is not defined where the left side is"
    return "no point was found at which both sides are defined"


def _look_closer(claim: Claim, record: _Record, setting: _Setting, points: int) -> None:
    """Search for points of a small domain."""
    alone = _Batch([claim], setting)

    def defined(at: Point) -> bool:
        sides = alone.values(at, BITS)
        return sides is not None and all(side[0].is_finite() for side in sides)

    known = {at.values for at in record.points}
    for at in search(setting.symbols, defined, points, setting.ranges):
        if at.values not in known and record.wrong is None:
            _record(alone, [record], at)


def _counterexample(claim: Claim, fallback: Point, setting: _Setting) -> Counterexample:
    alone = _Batch([claim], setting)
    for at in (*_simple_points(setting), fallback):
        sides = alone.values(at, 2 * BITS)
        if sides is None:
            continue
        [left], [right] = sides
        if left.is_finite() and right.is_finite() and not left.overlaps(right):
            return _shown(claim, at, left, right, setting)
    bits = 4 * BITS
    while bits <= MAX_PRECISION:
        sides = alone.values(fallback, bits)
        if sides is not None and not sides[0][0].overlaps(sides[1][0]):
            return _shown(claim, fallback, sides[0][0], sides[1][0], setting)
        bits *= 2
    raise AssertionError("a difference was proved and cannot be found again")


def _simple_points(setting: _Setting) -> Iterator[Point]:
    count = len(setting.symbols)
    if count == 0:
        return
    parameters = product(_SIMPLE_PARAMETERS, repeat=count - 1) if count <= 3 else iter(())
    for rest in parameters if count > 1 else ((),):
        for value in _SIMPLE:
            values = (value, *rest)
            if all(
                span is None or span[0] <= v <= span[1]
                for v, span in zip(
                    values, map(setting.ranges.get, setting.symbols), strict=True
                )
            ):
                yield point(values)


def _shown(
    claim: Claim, at: Point, left: arb, right: arb, setting: _Setting
) -> Counterexample:
    used = {*compile_balls([claim.left, claim.right], setting.aliases).symbols}
    place = {
        symbol.name: _plain(value)
        for symbol, value in zip(setting.symbols, at.values, strict=True)
        if symbol in used
    }
    digits = 10
    while digits < 60 and ball_decimal(left, digits) == ball_decimal(right, digits):
        digits += 10
    return Counterexample(place, ball_decimal(left, digits), ball_decimal(right, digits))


def _plain(value: Fraction) -> str:
    """A coordinate exactly, as a decimal if it is a short one."""
    if value.denominator == 1 or len(str(value.denominator)) <= 2:
        return str(value)
    return str(float(value)) if Fraction(str(float(value))) == value else str(value)


def _inward(value: Fraction) -> str:
    """A bound of the points, cut towards 0, so that the points reach at least that far."""
    size = abs(value)
    sign = "-" if value < 0 else ""
    if size >= 10:
        return f"{sign}{int(size)}"
    digits = 0
    while size * 10**digits < 10 and digits < 12:
        digits += 1
    return f"{sign}{float(Fraction(int(size * 10**digits), 10**digits)):g}"
