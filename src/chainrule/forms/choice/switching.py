"""Which expression to use where: the line in segments, each with the expression of least cost.

The choice of Herbie ("regime inference", Panchekha et al., PLDI 2015): dynamic programming over
the inputs in order, for every number of switches up to a limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

import numpy as np
import numpy.typing as npt

from chainrule.expr.nodes import Comparison, Expr, Piecewise
from chainrule.floats.ulp import Floats


@dataclass(frozen=True, slots=True)
class Cut:
    """A place where one may switch.

    Attributes:
        place: the number.
        value: what it is about.
        inclusive: whether the place itself belongs to the left.
    """

    place: Expr
    value: float
    inclusive: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Expressions, by their numbers, from left to right, and the cuts between them."""

    numbers: tuple[int, ...]
    cuts: tuple[Cut, ...]

    def parts(self) -> list[tuple[int, float, float]]:
        """Each number with the ends between which its expression serves."""
        ends = [-inf, *(cut.value for cut in self.cuts), inf]
        return list(zip(self.numbers, ends, ends[1:], strict=False))

    def written(self, exprs: Sequence[Expr], subject: Expr) -> Expr:
        """The choice as one expression that compares ``subject`` with the cuts.

        Where the expressions on both sides of a cut are the same, there is no switch.
        """
        values = [exprs[number] for number in self.numbers]
        args: list[Expr] = []
        for value, after, cut in zip(values, values[1:], self.cuts, strict=False):
            if value is not after:
                condition = Comparison(("<=" if cut.inclusive else "<",), (subject, cut.place))
                args += [value, condition]
        args.append(values[-1])
        return Piecewise(tuple(args)) if len(args) > 1 else args[0]


def choices(
    costs: Floats, positions: npt.NDArray[np.float64], cuts: Sequence[Cut], most: int
) -> list[Choice]:
    """The cheapest choice for every number of switches from 0 to ``most``, without repetitions.

    Args:
        costs: the cost of each expression (row) at each input (column).
        positions: where the inputs lie, in increasing order.
        cuts: where one may switch, in increasing order.
        most: how many switches at most.
    """
    starts = [
        int(np.searchsorted(positions, cut.value, "right" if cut.inclusive else "left"))
        for cut in cuts
    ]
    # Of cuts with no input between them the first one does.
    used = [
        (start, cut)
        for (start, cut), (before, _) in zip(
            zip(starts, cuts, strict=True),
            [(0, None), *zip(starts, cuts, strict=True)],
            strict=False,
        )
        if before < start < len(positions)
    ]
    edges = [0, *(start for start, _ in used)]
    sums = np.add.reduceat(costs, edges, axis=1)
    count, segments = sums.shape
    best = np.full((most + 1, count), np.inf)
    best[0] = sums[:, 0]
    # From which expression each one was reached, and whether by a switch.
    origin = np.zeros((segments, most + 1, count), np.int64)
    origin[:] = np.arange(count)
    for segment in range(1, segments):
        cheapest = best.argmin(axis=1)
        for switches in range(most, 0, -1):
            before = cheapest[switches - 1]
            reached = best[switches - 1, before]
            better = reached < best[switches]
            best[switches] = np.where(better, reached, best[switches])
            origin[segment, switches] = np.where(better, -1 - before, origin[segment, switches])
        best += sums[:, segment]
    found = [_followed(origin, switches, int(best[switches].argmin()), [c for _, c in used])
             for switches in range(most + 1)
             if np.isfinite(best[switches].min())]  # fmt: skip
    return list(dict.fromkeys(found))


def _followed(
    origin: npt.NDArray[np.int64], switches: int, last: int, cuts: Sequence[Cut]
) -> Choice:
    """The way that led to an expression in the last segment."""
    row = [last]
    for segment in range(len(origin) - 1, 0, -1):
        step = int(origin[segment, switches, row[-1]])
        if step < 0:
            switches -= 1
            step = -1 - step
        row.append(step)
    row.reverse()
    changes = [i for i, (a, b) in enumerate(pairwise(row)) if a != b]
    return Choice((row[0], *(row[i + 1] for i in changes)), tuple(cuts[i] for i in changes))
