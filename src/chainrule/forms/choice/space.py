"""Points of a formula of several letters, where any letter may be any number of the format.

A form that is good for y = 1 may overflow for y = 10^200, cancel next to x = y, or be NaN for
a = 0. The points are drawn so that each letter is as often one of the numbers at which formats end
(0, subnormal, the smallest normal, 1, the largest), any bit pattern, of everyday size, or next to
another letter or its negative; and around those at which a form turned out to be worst.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.deriving.derivation import Derivation
from chainrule.expr.nodes import Expr, Symbol, symbols
from chainrule.floats.critical_points import landmarks, places
from chainrule.floats.evaluate import FUNCTIONS
from chainrule.floats.formats import Format
from chainrule.floats.inputs import stratified, usual
from chainrule.floats.positions import Positions, at, finite_count, positions
from chainrule.floats.truth import truth_at_points
from chainrule.floats.ulp import Truth, errors, faulty
from chainrule.forms.candidate import Candidate
from chainrule.forms.choice.laboratory import Laboratory
from chainrule.program.lower import lower

Array = npt.NDArray[Any]
# Points that are drawn, and how many at most where every letter is one of the ends.
POINTS, _GRID = 2_500, 1_000
# Around how many of the worst points more are tried.
_WORST = 12
# Inputs of a line on which roots and thresholds are looked for.
_ALONG = 500
# Any number: the points are to be the same ones in every run.
_SEED = 20_200_419
# Of more letters than this, so many vary by themselves: a product of a thousand would take hours.
_VARIED = 12


def drawn(letters: int, count: int, fmt: Format) -> Positions:
    """At least ``count`` points as positions, a row for each letter. The same ones each time."""
    bits = np.random.PCG64(_SEED)

    def random(below: int) -> Positions:
        found: Positions = (bits.random_raw(count) % np.uint64(below)).astype(np.int64)
        return found

    finite = finite_count(fmt)
    small = np.array([0.5, 2, 3, 10]).astype(fmt.dtype)
    ends = np.concatenate([landmarks(fmt), positions(np.concatenate([small, -small]), fmt)])
    subnormal = 1 << (fmt.precision - 1)
    everyday = positions(usual(fmt, 2_000), fmt)
    whole = np.empty((letters, count), np.int64)
    for index in range(letters):
        kinds = [
            random(2 * finite) - finite,
            random(2 * subnormal) - subnormal,
            everyday[random(len(everyday))],
            ends[random(len(ends))],
        ]
        if index:
            other = whole[random(index), np.arange(count)]
            # By up to 2^k units in the last place, for any k, or not at all.
            away = (random(1 << 62) >> random(62)) * (random(3) - 1)
            near = np.where(random(2) == 0, other, -1 - other) + away
            size = at(everyday[random(len(everyday))], fmt).astype(np.float64)
            with np.errstate(all="ignore"):
                inverse = fmt.rounded(size / at(other, fmt).astype(np.float64))
            inverse = np.where(np.isfinite(inverse), inverse, 0).astype(fmt.dtype)
            kinds += [np.clip(near, -finite, finite - 1), positions(inverse, fmt)]
        whole[index] = np.stack(kinds)[random(len(kinds)), np.arange(count)]
    if len(ends) ** letters > _GRID:
        return whole
    grid = np.array(list(product(ends.tolist(), repeat=letters)), np.int64)
    return np.concatenate([grid.T, whole], axis=1)


def _varied(letters: int) -> list[int]:
    """Which letters vary by themselves: the first, the last, and some between."""
    chosen = np.linspace(0, letters - 1, min(letters, _VARIED)).round()
    return [int(index) for index in chosen]


def around(points: Positions, fmt: Format) -> Positions:
    """The points, one letter of each moved by 4^k units in the last place for every k, either way.

    And by the same powers of two in all letters.
    """
    count, finite = len(points), finite_count(fmt)
    steps = 4 ** np.arange(fmt.bits // 2 - 1, dtype=np.int64)
    binades = 4 ** np.arange(5, dtype=np.int64) << (fmt.precision - 1)
    # Away from 0 for either sign.
    outward = np.where(points < 0, -1, 1)
    found = []
    for step in np.concatenate([steps, -steps]):
        for letter in _varied(count):
            moved = points.copy()
            moved[letter] += step
            found.append(moved)
    found += [points + outward * binade for binade in (*binades, *-binades)]
    near = np.concatenate(found, axis=1)
    return near[:, np.all((near >= -finite) & (near < finite), axis=0)]


@dataclass(frozen=True, slots=True)
class Space:
    """Points, and what is known of the truth at them.

    Attributes:
        lab: has the arithmetic, and the values of the letters that stay as they are.
        derivation: of the function.
        letters: those that vary, the variable first.
        points: a row of positions for each letter.
        truths: the values of the function and of the gradient.
    """

    lab: Laboratory
    derivation: Derivation
    letters: tuple[Symbol, ...]
    points: Positions
    truths: Mapping[Expr, Truth] = field(default_factory=dict)

    @property
    def columns(self) -> dict[Symbol, Array]:
        """The values of each letter."""
        return self._columns(self.points)

    def _columns(self, points: Positions) -> dict[Symbol, Array]:
        fmt = self.lab.fmt
        return {s: at(row, fmt) for s, row in zip(self.letters, points, strict=True)}

    def also(self, points: Positions) -> Space:
        """With more points, those left out at which the gradient is a matter of choice."""
        known = set(map(tuple, self.points.T.tolist()))
        fresh = [p for p in dict.fromkeys(map(tuple, points.T.tolist())) if p not in known]
        new = np.array(fresh, np.int64).reshape(-1, len(self.letters)).T
        new = new[:, ~self._at_kinks(new)]
        columns, fixed, fmt = self._columns(new), self.lab.fixed, self.lab.fmt
        function, slope = self.derivation.function, self.derivation.derivative
        there = {
            function: truth_at_points(function, columns, fixed, fmt),
            slope: truth_at_points(slope, columns, fixed, fmt, function),
        }
        truths = {e: _joined(self.truths[e], t) if self.truths else t for e, t in there.items()}
        whole = np.concatenate([self.points, new], axis=1)
        return replace(self, points=whole, truths=truths)

    def _at_kinks(self, points: Positions) -> npt.NDArray[np.bool_]:
        found = np.zeros(points.shape[1], np.bool_)
        columns = self._columns(points)
        variable = self.letters[0]
        for kink in self.derivation.kinks:
            if not kink.removable and kink.kind not in ("zeros", "integers"):
                place, _ = self.lab.values(kink.at, columns)
                found |= place == columns[variable]
        return found

    def at_numbers(self) -> Laboratory:
        """A laboratory whose inputs are the numbers of the points."""
        numbers = np.arange(self.points.shape[1], dtype=np.float64)
        return replace(self.lab, inputs=numbers, spread=numbers)

    def _known(self, candidate: Candidate, outputs: Mapping[Symbol, Expr]) -> dict[Symbol, Array]:
        """The values of all that a candidate is computed from."""
        known = self.columns
        used = {s: expr for s, expr in outputs.items() if s in candidate.saved}
        return known | {s: self.lab.values(expr, known)[0] for s, expr in used.items()}

    def measured(
        self, candidate: Candidate, exact: Expr, outputs: Mapping[Symbol, Expr]
    ) -> Candidate:
        """The candidate with its errors from ``exact``; inputs are numbers of points.

        Args:
            outputs: what it is computed from besides letters, by expressions in them.
        """
        known = self._known(candidate, outputs)
        wide = replace(candidate, saved=tuple(known))
        found = self.at_numbers().measured(wide, self.truths[exact], known)
        return replace(found, saved=candidate.saved)

    def worst(self, candidate: Candidate, exact: Expr, outputs: Mapping[Symbol, Expr]) -> Positions:
        """The points at which a candidate is off by most, faults first."""
        fmt, truth = self.lab.fmt, self.truths[exact]
        results, _ = self.lab.values(candidate.expr, self._known(candidate, outputs))
        off = errors(results, truth, fmt)
        wrong = faulty(results, off, truth, fmt)
        off = np.where(wrong, np.inf, off)
        # Stable, so that of equal ones the same are found on every processor.
        found: Positions = self.points[:, np.argsort(-off, kind="stable")[:_WORST]]
        return found

    def along_lines(self, exprs: Iterable[Expr]) -> Positions:
        """Points next to roots and thresholds of expressions, where one letter varies.

        The others are 1, or large, or small, or such that their squares overflow or underflow.
        """
        fmt, work = self.lab.fmt, self.lab.work
        used = [expr for expr in exprs if set(symbols(expr)) <= {*self.letters, *self.lab.fixed}]
        sample = np.concatenate([stratified(fmt, _ALONG), usual(fmt, _ALONG)])
        sizes = [2.0 ** (fmt.least_exponent * part / 8) for part in (-6, -3, 0, 3, 6)]
        found = []
        for index in _varied(len(self.letters)):
            letter = self.letters[index]
            others = [s for s in self.letters if s is not letter]
            for size in sizes:
                numbers = [np.asarray(size, work.dtype) for _ in others]
                fixed = [np.asarray(float(v), work.dtype) for v in self.lab.fixed.values()]
                program = lower(used, (letter, *others, *self.lab.fixed), FUNCTIONS)
                row = places(program, [*numbers, *fixed], sample, fmt, work)
                position = positions(np.array([size]).astype(fmt.dtype), fmt)
                points = np.tile(position, (len(self.letters), len(row)))
                points[index] = row
                found.append(points)
        whole = np.concatenate(found, axis=1)
        return whole[:, :: max(whole.shape[1] // POINTS, 1)]

    def named(self, number: float) -> str:
        """A point in words, by its number."""
        values = {s: column[int(number)] for s, column in self.columns.items()}
        return ", ".join(f"{s.name} = {float(v):.6g}" for s, v in values.items())


def _joined(one: Truth, other: Truth) -> Truth:
    pairs = ((getattr(t, name) for t in (one, other)) for name in ("high", "low", "sign", "known"))
    return Truth(*(np.concatenate(list(pair)) for pair in pairs))
