"""A function as a table of polynomials, one for each interval of inputs, and its evaluation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from chainrule.floats.error_free import two_product, two_sum
from chainrule.floats.formats import Format

DEGREE = 10
"""With a lower one there are more pieces, with a higher one each takes longer."""
# A power of two of this size is a float64, and so is its product with the size of a polynomial.
_EXPONENTS = 1000
HUGE = 1 << 20
"""The power of two of what is infinite, or nothing, in any format."""


class PieceKind(IntEnum):
    """What is known on an interval."""

    POLYNOMIAL = 0
    UNDEFINED = 1  # at each of a few points, and by every enclosure
    SETTLED = 2  # a few inputs, by ball arithmetic
    WILD = 3  # no polynomial will do: some of the inputs, by ball arithmetic


@dataclass(frozen=True, slots=True)
class Piece:
    """One row of ``Pieces``."""

    first: int
    last: int
    kind: PieceKind
    center: float = 0.0
    scale: float = 0.0
    power: int = 0
    coefficients: tuple[float, ...] = ()
    low: tuple[float, float] = (0.0, 0.0)
    bound: float = 0.0


@dataclass(frozen=True, slots=True)
class Pieces:
    """Intervals of inputs, by increasing position (see ``positions.at``).

    Attributes:
        first, last: positions, int64.
        kind: a ``PieceKind``.
        center: of the polynomial.
        scale: a power of two; the polynomial is one in (x − center)·scale, at most 1.
        power: the value is 2^power times the polynomial.
        coefficients: shape (pieces, ``DEGREE`` + 1).
        low: what the first two coefficients lack, for float64; shape (pieces, 2).
        bound: of the error of the polynomial.
    """

    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int8]
    center: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    power: npt.NDArray[np.int64]
    coefficients: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    bound: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.first)


def table(found: Iterable[Piece]) -> Pieces:
    """The rows in order."""
    ordered = sorted(found, key=lambda piece: piece.first)
    count = len(ordered)
    coefficients = np.zeros((count, DEGREE + 1))
    for row, piece in zip(coefficients, ordered, strict=True):
        row[: len(piece.coefficients)] = piece.coefficients
    return Pieces(
        first=np.array([p.first for p in ordered], np.int64),
        last=np.array([p.last for p in ordered], np.int64),
        kind=np.array([p.kind for p in ordered], np.int8),
        center=np.array([p.center for p in ordered]),
        scale=np.array([p.scale for p in ordered]),
        power=np.array([p.power for p in ordered], np.int64),
        coefficients=coefficients,
        low=np.array([p.low for p in ordered]).reshape(count, 2),
        bound=np.array([p.bound for p in ordered]),
    )


def evaluated(
    pieces: Pieces, index: npt.NDArray[np.intp], values: npt.NDArray[np.float64], fmt: Format
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int8]]:
    """The functions of the rows ``index`` at ``values``, shape (n,) all: high and low parts, signs.

    Quick where neighbours are of one row. The sign is 0 where the bound does not tell it.
    """
    high, low, sign = np.empty(len(values)), np.zeros(len(values)), np.empty(len(values), np.int8)
    starts = np.flatnonzero(np.diff(index, prepend=-1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(values)], strict=False):
        part, row = slice(start, end), index[start]
        value, rest = _polynomial(pieces, row, values[part], fmt)
        bound, power = float(pieces.bound[row]), int(pieces.power[row])
        sign[part] = (value > bound).view(np.int8) - (value < -bound).view(np.int8)
        with np.errstate(over="ignore", under="ignore"):
            high[part] = _scaled(value, power)
            if rest is not None:
                low[part] = np.where(np.isfinite(high[part]), _scaled(rest, power), 0.0)
    return high, low, sign


def _scaled(values: npt.NDArray[np.float64], power: int) -> npt.NDArray[np.float64]:
    """Times a power of two, which NumPy is quicker with if it is a float64."""
    scaled: npt.NDArray[np.float64]
    scaled = values * 2.0**power if abs(power) < _EXPONENTS else np.ldexp(values, power)
    return scaled


def _polynomial(
    pieces: Pieces, row: np.intp, values: npt.NDArray[np.float64], fmt: Format
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None]:
    """The polynomial of a row, and what it lacks, which for short formats is left out."""
    coefficients = pieces.coefficients[row].tolist()
    t = (values - pieces.center[row]) * pieces.scale[row]
    tail = coefficients[DEGREE] * t
    for k in range(DEGREE - 1, 2, -1):
        tail += coefficients[k]
        tail *= t
    tail += coefficients[2]
    if fmt.precision <= 24:
        # The bound is that of float64.
        return coefficients[0] + t * (coefficients[1] + t * tail), None
    low = pieces.low[row]
    product, rest = two_product(t, np.asarray(coefficients[1]))
    total, left = two_sum(np.asarray(coefficients[0]), product)
    below = left + (rest + (low[0] + t * (low[1] + t * tail)))
    return two_sum(total, below)
