"""The inputs of a format in one order, that of the numbers: each has a position, a whole number.

0, 1, 2, … are 0 and the positive numbers by size; −1, −2, … are −0 and the negative ones. Two
numbers whose positions differ by n are n units in the last place apart.
"""

from __future__ import annotations

from math import ldexp
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.floats.formats import Format

Positions = npt.NDArray[np.int64]


def finite_count(fmt: Format) -> int:
    """How many finite inputs of one sign there are."""
    return ((1 << (fmt.bits - fmt.precision)) - 1) << (fmt.precision - 1)


def corners(fmt: Format) -> Positions:
    """Where the format begins and ends: ±0, the smallest numbers, normal ones, the largest."""
    normal = 1 << (fmt.precision - 1)
    sizes = np.array([0, 1, normal - 1, normal, finite_count(fmt) - 1], np.int64)
    return np.concatenate([-1 - sizes[::-1], sizes])


def at(places: Positions, fmt: Format) -> npt.NDArray[Any]:
    """The inputs at positions."""
    negative = places >> 63
    # Of −1 − n the bits are those of n turned over.
    size, sign = (places ^ negative).astype(fmt.pattern), negative.astype(fmt.pattern)
    values: npt.NDArray[Any] = (size | sign << (fmt.bits - 1)).view(fmt.dtype)
    return values


def consecutive(first: int, last: int, fmt: Format) -> npt.NDArray[Any]:
    """The inputs at all positions from one to another, which are of one sign."""
    step = -1 if first < 0 else 1
    a, b = (-1 - first, -2 - last) if first < 0 else (first, last + 1)
    patterns = np.arange(a, b, step, dtype=np.int64).astype(fmt.pattern)
    if first < 0:
        patterns |= fmt.pattern.type(1 << (fmt.bits - 1))
    values: npt.NDArray[Any] = patterns.view(fmt.dtype)
    return values


def positions(values: npt.NDArray[Any], fmt: Format) -> Positions:
    """The positions of inputs, rounded to the format."""
    patterns = np.ascontiguousarray(values, fmt.dtype).view(fmt.pattern).astype(np.uint64)
    sign = np.uint64(1 << (fmt.bits - 1))
    size = (patterns & (sign - np.uint64(1))).astype(np.int64)
    return np.where(patterns & sign, -1 - size, size)


def input_at(place: int, fmt: Format) -> float:
    """The input at one position."""
    size = -1 - place if place < 0 else place
    exponent, fraction = divmod(size, 1 << (fmt.precision - 1))
    if exponent:
        fraction += 1 << (fmt.precision - 1)
    value = ldexp(fraction, fmt.least_exponent - fmt.precision + max(exponent, 1))
    return -value if place < 0 else value
