"""A reference for sweeps: a function as polynomials in double, with a bound for their error.

The inputs of a format, ordered by bit pattern, are cut into intervals (``cutting``), each of which
has its polynomial (``pieces``), but for a few inputs that ball arithmetic settles one by one.
Nothing of this depends on the form that is measured, nor on the library functions of the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.expr.nodes import Expr, Symbol
from chainrule.floats.formats import Format
from chainrule.floats.positions import at
from chainrule.floats.truth import truth as exact_truth
from chainrule.floats.ulp import Truth
from chainrule.sweep.cutting import cut
from chainrule.sweep.pieces import PieceKind, Pieces, evaluated, table


@dataclass(frozen=True, slots=True)
class Reference:
    """A function, to be compared with.

    Attributes:
        expr, variable, parameters: what it is.
        fmt: the format of its inputs and results.
        pieces: all inputs that are finite.
    """

    expr: Expr
    variable: Symbol
    parameters: Mapping[Symbol, Fraction]
    fmt: Format
    pieces: Pieces

    def exact(self, values: npt.NDArray[Any]) -> Truth:
        """By ball arithmetic, about 15 µs for each."""
        return exact_truth(self.expr, self.variable, values, self.parameters)

    def kinds(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
        """What is known at positions: values of ``PieceKind``."""
        return self.pieces.kind[self._index(places)]

    def _index(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
        first = self.pieces.first
        if len(places) < 2 or (places[1:] < places[:-1]).any():
            return np.searchsorted(first, places, side="right") - 1
        # Of sorted ones there are many more than intervals they are in.
        start, end = np.searchsorted(first, places[[0, -1]], side="right") - 1
        counts = np.diff(np.searchsorted(places, first[start + 1 : end + 1]), prepend=0)
        counts = np.append(counts, len(places) - counts.sum())
        return np.repeat(np.arange(start, end + 1), counts)

    def truth(self, places: npt.NDArray[np.int64]) -> Truth:
        """The values at positions, in any order; those of wild intervals are not known."""
        pieces, fmt = self.pieces, self.fmt
        values = at(places, fmt).astype(np.float64)
        index = self._index(places)
        kind = pieces.kind[index]
        high, low, sign = evaluated(pieces, index, values, fmt)
        found = Truth(high, low, sign, kind == PieceKind.POLYNOMIAL)
        settled = np.flatnonzero(kind == PieceKind.SETTLED) if kind.any() else kind[:0]
        if len(settled):
            exact = self.exact(values[settled])
            for name in ("high", "low", "sign", "known"):
                getattr(found, name)[settled] = getattr(exact, name)
        return found


def reference(
    expr: Expr, variable: Symbol, parameters: Mapping[Symbol, Fraction], fmt: Format
) -> Reference:
    """The reference for an expression in one variable, the others having numbers."""
    pieces = table(cut(expr, variable, parameters, fmt))
    return Reference(expr, variable, parameters, fmt, pieces)
