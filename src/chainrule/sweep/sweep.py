"""A sweep: results at many inputs, counted range by range.

A range is an interval of positions; whatever runs a sweep (threads here, other processes, other
machines) does ranges, in any order, and puts the rows of the table together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ldexp, log2
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.expr.nodes import Expr, Symbol
from chainrule.floats.formats import Format
from chainrule.floats.positions import at, consecutive, corners, finite_count
from chainrule.floats.truth import truth as exact_truth
from chainrule.floats.ulp import errors, misrounded
from chainrule.sweep import tally
from chainrule.sweep.cutting import SINGLE
from chainrule.sweep.pieces import HUGE, PieceKind
from chainrule.sweep.reference import Reference
from chainrule.sweep.reference import reference as make_reference
from chainrule.sweep.tally import Tallies

Array = npt.NDArray[Any]
Evaluate = Callable[[Array], Array]
"""From inputs, shape (n,), to results of the same shape and dtype."""

RANGES, RANGES_OF_SAMPLE, LEAST_RANGE = 4096, 1024, 64
"""The most rows of a table, and of that of a sample; the fewest inputs of a row."""
CHUNK, CHUNK_OF_DEVICE = 1 << 18, 1 << 20
"""Inputs that are evaluated at once: they and their results stay in a processor's cache. A device
has a call take long, and longer if several processes share it."""
FEW = 1 << 16
"""The most inputs of a long format that are left to ball arithmetic: a reference takes longer."""
WILD = 1 << 17
"""The most inputs, in a whole sweep, from where no polynomial will do."""
LONG = 10**8
"""Inputs of float64 in a sweep that is called exhaustive."""

# Any number will do: the same inputs are drawn each time.
_SEED = 2718


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """Which inputs are tried.

    Attributes:
        fmt: their format.
        step: one of this many neighbours is drawn; 1 for all of them.
    """

    fmt: Format
    step: int

    @property
    def exhaustive(self) -> bool:
        return self.step == 1

    def ranges(self) -> npt.NDArray[np.int64]:
        """Intervals of positions, negative inputs first; shape (ranges, 2)."""
        count = finite_count(self.fmt)
        # A power of two, so that no binade is in two ranges unless it is larger than both.
        inputs = 2 * count // self.step
        rows = min(RANGES if inputs >= LONG else RANGES_OF_SAMPLE, inputs // LEAST_RANGE)
        width = 1 << (2 * count // rows - 1).bit_length()
        starts = np.arange(0, count, width, dtype=np.int64)
        # The end of the last range of float64 may be beyond an int64.
        ends = np.append(starts[1:], count) - 1
        positive = np.stack([starts, ends], axis=1)
        return np.concatenate([-1 - positive[::-1, ::-1], positive])

    def places(self, first: int, last: int) -> npt.NDArray[np.int64]:
        """The positions that are tried in a range, by size; the same ones in every run."""
        if self.exhaustive:
            return np.arange(first, last + 1, dtype=np.int64)
        starts = np.arange(first, last + 1, self.step, dtype=np.int64)
        moved = np.random.default_rng([_SEED, first % (1 << 64)]).integers(
            0, self.step, len(starts)
        )
        moved[-1] %= last - starts[-1] + 1
        return starts + moved


def plan(fmt: Format, *, exhaustive: bool = False, sample: int = 60_000) -> SweepPlan:
    """All inputs of a format of 16 bits, of float32 too if it is to be exhaustive, else a sample.

    Args:
        exhaustive: of float64 a sample of some 10^8.
        sample: about how many inputs otherwise; of float64 no more than ball arithmetic does in
            seconds, since a reference would take longer to make.
    """
    if fmt.bits == 64:
        sample = min(sample, FEW // 4)
    if fmt.bits <= 16 or (exhaustive and fmt.bits == 32):
        return SweepPlan(fmt, 1)
    distance = 2 * finite_count(fmt) / (LONG if exhaustive else sample)
    # A power of two, as the ranges are.
    return SweepPlan(fmt, 1 << max(round(log2(distance)), 0))


class Sweep:
    """Compares results with the values of an expression.

    Safe to use from several threads at once.

    Attributes:
        plan: which inputs.
        ranges: intervals of positions, shape (ranges, 2); the unit of work.
        left_out: inputs at which there is a value that nothing was compared with, since no
            polynomial will do there and ball arithmetic would take too long.
    """

    def __init__(
        self,
        expr: Expr,
        variable: Symbol,
        parameters: Mapping[Symbol, Fraction],
        chosen: SweepPlan,
        reference: Reference | None = None,
        *,
        chunk: int = CHUNK,
    ) -> None:
        """
        Args:
            reference: is made if it is needed and not given, which takes some seconds.
            chunk: how many are evaluated at once, of all of float32.
        """
        self.plan, self.ranges = chosen, chosen.ranges()
        self._expr, self._variable, self._parameters = expr, variable, parameters
        self._chunk = chunk
        count = 2 * finite_count(chosen.fmt) // chosen.step
        self.reference = reference
        if reference is None and (count > FEW or chosen.fmt.bits <= 16):
            self.reference = make_reference(expr, variable, parameters, chosen.fmt)
        wild = _inputs_of(self.reference, PieceKind.WILD) // chosen.step if self.reference else 0
        # Of wild inputs only some are compared, at equal distances.
        self._stride = -(-wild // WILD) or 1
        self.left_out = wild - wild // self._stride

    def count(self, evaluate: Evaluate, first: int, last: int) -> Any:
        """The row of a table (see ``tally``) for a range."""
        return self.count_together(evaluate, [(first, last)])[0]

    def count_together(self, evaluate: Evaluate, ranges: Sequence[tuple[int, int]]) -> Tallies:
        """The rows for ranges, whose inputs are evaluated in one call, if they are a sample."""
        rows = tally.empty(np.array(ranges))
        for row in rows:
            tally.started(row)
        if self._all_floats:
            for row, (first, last) in zip(rows, ranges, strict=True):
                for start in range(first, last + 1, self._chunk):
                    self._compiled(row, evaluate, start, min(start + self._chunk - 1, last))
            return rows
        tried = [self._tried(first, last) for first, last in ranges]
        results = evaluate(at(np.concatenate([places for places, _ in tried]), self.plan.fmt))
        ends = np.cumsum([len(places) for places, _ in tried])
        for row, (places, kinds), own in zip(rows, tried, np.split(results, ends), strict=False):
            self._sampled(row, places, kinds, own)
        return rows

    def together(self, inputs: int) -> int:
        """How many ranges there are, of about equally many inputs."""
        if self._all_floats:
            return 1
        count = 2 * finite_count(self.plan.fmt) // self.plan.step
        return max(inputs * len(self.ranges) // count, 1)

    @property
    def _all_floats(self) -> bool:
        return self.plan.exhaustive and self.plan.fmt.name == "float32"

    def _tried(self, first: int, last: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
        """The positions that are tried in a range, and which kind of piece each is in."""
        places = self.plan.places(first, last)
        if not self.plan.exhaustive:
            more = corners(self.plan.fmt)
            more = np.concatenate([more[(more >= first) & (more <= last)], self._near(first, last)])
            places = np.unique(np.concatenate([places, more])) if len(more) else places
        if self.reference is None:
            return places, np.full(len(places), PieceKind.SETTLED)
        kinds = self.reference.kinds(places)
        if not kinds.any():
            return places, kinds
        keep = kinds != PieceKind.UNDEFINED
        wild = np.flatnonzero(kinds == PieceKind.WILD)
        keep[wild] = np.arange(len(wild)) % self._stride == 0
        return places[keep], kinds[keep]

    def _exactly(self, row: Any, places: Array, results: Array, values: Array) -> None:
        fmt = self.plan.fmt
        truth = exact_truth(self._expr, self._variable, values, self._parameters, fmt)
        tally.count(row, places, results, truth, fmt)

    def _sampled(self, row: Any, places: Array, kinds: Array, results: Array) -> None:
        smooth = kinds == PieceKind.POLYNOMIAL
        if self.reference is not None:
            if smooth.all():
                tally.count(row, places, results, self.reference.truth(places), self.plan.fmt)
                return
            truth = self.reference.truth(places[smooth])
            tally.count(row, places[smooth], results[smooth], truth, self.plan.fmt)
        rest = places[~smooth]
        if len(rest):
            self._exactly(row, rest, results[~smooth], at(rest, self.plan.fmt))

    def _near(self, first: int, last: int) -> npt.NDArray[np.int64]:
        """Positions around roots, kinks and ends: what no polynomial could do, and next to it."""
        if self.reference is None:
            return np.zeros(0, np.int64)
        pieces = self.reference.pieces
        inside = (
            (pieces.kind == PieceKind.SETTLED) & (pieces.first >= first) & (pieces.last <= last)
        )
        steps = 1 << np.arange(self.plan.fmt.precision - 2, dtype=np.int64)
        found = [
            np.concatenate([np.arange(a, b + 1), a - steps, b + steps])
            for a, b in zip(
                pieces.first[inside].tolist(), pieces.last[inside].tolist(), strict=True
            )
        ]
        if not found:
            return np.zeros(0, np.int64)
        places = np.unique(np.concatenate(found))
        return places[(places >= first) & (places <= last)]

    def _compiled(self, row: Any, evaluate: Evaluate, first: int, last: int) -> None:
        from chainrule.sweep.compare import HARD, compare

        assert self.reference is not None
        pieces, fmt = self.reference.pieces, self.plan.fmt
        values = consecutive(first, last, fmt)
        results = evaluate(values)
        numbers = np.array([row["largest"], 0.0])
        hard = np.empty(HARD, np.int64)
        index = int(np.searchsorted(pieces.first, first, side="right")) - 1
        while index < len(pieces) and pieces.first[index] <= last:
            a = max(int(pieces.first[index]), first) - first
            b = min(int(pieces.last[index]), last) - first + 1
            kind = pieces.kind[index]
            if kind in (PieceKind.SETTLED, PieceKind.WILD):
                step = self._stride if kind == PieceKind.WILD else 1
                some = np.arange(a, b, step)
                self._exactly(row, some + first, results[some], values[some])
                numbers[0] = row["largest"]
            elif kind == PieceKind.POLYNOMIAL:
                counts = np.array([0] * 5 + [-1] * 4, np.int64)
                numbers[1] = 0.0
                unit = _unit(int(pieces.power[index]))
                left = compare(
                    values[a:b],
                    results[a:b],
                    pieces.center[index],
                    pieces.scale[index],
                    pieces.coefficients[index] * unit,
                    pieces.bound[index] * unit,
                    2.0**-SINGLE + 2.0**-23,
                    numbers,
                    counts,
                    hard,
                )
                _add(row, numbers, counts, first + a, b - a)
                if left:
                    self._settle(row, hard[:left] + a, values, results)
            index += 1

    def _settle(self, row: Any, where: Array, values: Array, results: Array) -> None:
        """Whether results are the nearest numbers, where the reference cannot say."""
        assert self.reference is not None
        truth = self.reference.exact(values[where])
        off = errors(results[where], truth, self.plan.fmt)
        row["misrounded"] += int(misrounded(results[where], off, truth, self.plan.fmt).sum())


def _unit(power: int) -> float:
    """2^power as far as float32 can tell: an infinity and a nothing with a sign are left."""
    if abs(power) == HUGE:
        return 2.0**1000 if power > 0 else 2.0**-1074
    return ldexp(1.0, power)


def _add(row: Any, numbers: Array, counts: Array, first: int, count: int) -> None:
    """Put what ``compare`` found at positions from ``first`` on into a row."""
    row["compared"] += count
    row["finite"] += counts[0]
    row["misrounded"] += counts[1]
    row["faults"] += counts[2:5]
    row["total"] += numbers[1]
    if counts[5] >= 0:
        row["largest"], row["worst"] = numbers[0], first + counts[5]
    for k, index in enumerate(counts[6:9].tolist()):
        if index >= 0:
            row["where"][k] = min(int(row["where"][k]), first + index)


def _inputs_of(reference: Reference, kind: PieceKind) -> int:
    pieces = reference.pieces
    chosen = pieces.kind == kind
    return int((pieces.last[chosen] - pieces.first[chosen] + 1).sum())
