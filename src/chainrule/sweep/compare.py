"""Results in float32 against a polynomial, compiled: a sweep over all inputs has 4·10^9 of them.

What is right to within one ULP goes by in loops that the compiler turns into vector code. Only
blocks in which something is off by more, or in which a rounding is not certain, are looked at
one by one.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

BLOCK = 1024
"""Inputs at a time: what is computed of them stays in the first cache."""
HARD = 4096
"""The most inputs of one call that can be left to ball arithmetic."""
# float32, in terms of the exponent field of float64: that of the smallest normal number, and
# twice the bias plus the bits of the fraction, from which 1/ULP is made.
_LEAST = 1023 - 126
_INVERSE = 2 * 1023 + 23
# As in ``floats.formats``; the bits of 1, and those of a number without its sign.
_SMALLEST_NORMAL = 2.0**-126
_OVERFLOW = (2.0 - 2.0**-24) * 2.0**127
_ONE = int(np.float32(1.0).view(np.int32))
_SIZE = 0x7FFFFFFF

Doubles = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]
Words = npt.NDArray[np.int32]


@numba.njit(nogil=True, cache=True)
def compare(
    x: Singles,
    got: Singles,
    center: float,
    scale: float,
    coefficients: Doubles,
    bound: float,
    margin: float,
    numbers: Doubles,
    counts: Counts,
    hard: Counts,
) -> int:
    """Count the errors of ``got`` at ``x``.

    Args:
        x, got: float32, shape (n,).
        center, scale, coefficients, bound: of a polynomial, see ``pieces.Pieces``.
        margin: the largest bound in ULP. A result whose error is so near to half an ULP goes to
            ``hard`` and is not counted as misrounded.
        numbers: the largest error and the sum of the errors; updated.
        counts: finite results, misrounded ones, and the three kinds of fault; added to. Then the
            index into x of the largest error and of the first of each kind, set where there is
            a larger or a first one.
        hard: indices of inputs whose rounding is not certain, shape (``HARD``,).

    Returns: how many there are of ``hard``.
    """
    value = np.empty(BLOCK, np.float64)
    units = np.empty(BLOCK, np.int64)
    off = np.empty(BLOCK, np.float32)
    left = 0
    low, high = np.float32(0.5 - margin), np.float32(0.5 + margin)
    for start in range(0, len(x), BLOCK):
        n = min(BLOCK, len(x) - start)
        gots = got[start : start + n]
        _polynomial(x[start : start + n], center, scale, coefficients, value)
        _units(value.view(np.int64), units)
        unit = units.view(np.float64)
        _errors(gots, value, unit, off)
        most, above, below = _extremes(n, off, off.view(np.int32), low, high)
        if most <= _ONE and above == below:
            numbers[1] += _sum(n, off)
            counts[0] += n
            counts[1] += above
            for i in range(n):
                if off[i] > numbers[0]:
                    numbers[0] = off[i]
                    counts[5] = start + i
        else:
            left = _one_by_one(gots, value, unit, start, bound, margin, numbers, counts, hard, left)
    return left


# Each loop is a function of its own: in one function, views of one array keep the compiler from
# vectorising. A sum in any order, and a multiplication and addition in one, do no harm here.
@numba.njit(nogil=True, cache=True, fastmath={"contract"})
def _polynomial(
    x: Singles, center: float, scale: float, coefficients: Doubles, value: Doubles
) -> None:
    c = coefficients
    for i in range(len(x)):
        t = (np.float64(x[i]) - center) * scale
        p = c[8] + t * (c[9] + t * c[10])
        p = c[4] + t * (c[5] + t * (c[6] + t * (c[7] + t * p)))
        value[i] = c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * p)))


@numba.njit(nogil=True, cache=True)
def _units(value_bits: Counts, units: Counts) -> None:
    """The bits of one over an ULP at each value."""
    for i in range(BLOCK):
        exponent = max((value_bits[i] >> 52) & 0x7FF, _LEAST)
        units[i] = (_INVERSE - exponent) << 52


@numba.njit(nogil=True, cache=True)
def _errors(got: Singles, value: Doubles, unit: Doubles, off: Singles) -> None:
    for i in range(len(got)):
        off[i] = np.float32(abs(np.float64(got[i]) - value[i]) * unit[i])


@numba.njit(nogil=True, cache=True)
def _extremes(
    n: int, off: Singles, off_bits: Words, low: np.float32, high: np.float32
) -> tuple[np.int32, np.int32, np.int32]:
    """The bits of the largest error, that of a NaN being larger than all, and two counts."""
    most, above, below = np.int32(0), np.int32(0), np.int32(0)
    for i in range(n):
        most = max(most, off_bits[i] & np.int32(_SIZE))
        above += np.int32(off[i] > high)
        below += np.int32(off[i] > low)
    return most, above, below


@numba.njit(nogil=True, cache=True, fastmath={"reassoc"})
def _sum(n: int, off: Singles) -> float:
    total = 0.0
    for i in range(n):
        total += np.float64(off[i])
    return total


@numba.njit(nogil=True, cache=True)
def _one_by_one(
    got: Singles,
    value: Doubles,
    unit: Doubles,
    start: int,
    bound: float,
    margin: float,
    numbers: Doubles,
    counts: Counts,
    hard: Counts,
    left: int,
) -> int:
    """The same as ``ulp.errors`` and ``ulp.faults``, for one block."""
    for i in range(len(got)):
        p, g = value[i], np.float64(got[i])
        infinite = np.isinf(g)
        right = infinite and abs(p) >= _OVERFLOW and (g > 0) == (p > 0)
        if np.isnan(g) or (infinite and not right):
            kind = 0
        else:
            error = 0.0 if right else abs(g - p) * unit[i]
            counts[0] += 1
            numbers[1] += error
            if error > numbers[0]:
                numbers[0] = error
                counts[5] = start + i
            if abs(error - 0.5) <= margin and left < HARD:
                hard[left] = start + i
                left += 1
            elif error > 0.5:
                counts[1] += 1
            if g == 0.0 and abs(p) >= _SMALLEST_NORMAL:
                kind = 1
            elif not right and g * p < 0 and abs(p) > bound:
                kind = 2
            else:
                continue
        counts[2 + kind] += 1
        if counts[6 + kind] < 0:
            counts[6 + kind] = start + i
    return left
