"""The error in units in the last place, defined once.

One ULP at a real number t is the spacing of the format's numbers in the binade of t, and that
of the subnormal numbers below the smallest normal one; the error of a result r is |r − t|/ulp(t)
(J.-M. Muller, "On the definition of ulp(x)", 2005, the first definition, extended to subnormal
numbers). A result of infinity for a t that rounds to infinity has no error. A correctly rounded
result has an error of at most 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from sys import float_info
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.floats.formats import Format

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MOST = 2.0**1000
"""In float64, 1/2 instead of 10^-309 is off by more units than a float64 can say; sums of errors
are to be finite."""
# Far more than float64 rounds off an error, and so rare that it costs nothing to look.
_CLOSE = 2.0**-20


@dataclass(frozen=True, slots=True)
class Truth:
    """Exact values, one for each input.

    Attributes:
        high: the value rounded to float64.
        low: what is left of it, rounded to float64; for short formats the least number if that
            is 0, for its sign. Of a value above all numbers what it is above the largest one.
        sign: −1, 0 or 1, also where ``high`` underflows to 0.
        known: where there is a truth: the function is defined, and its value could be told.
    """

    high: Floats
    low: Floats
    sign: npt.NDArray[np.int8]
    known: Flags

    def at(self, places: npt.NDArray[np.intp]) -> Truth:
        """The values at some of the inputs, by their numbers."""
        return Truth(self.high[places], self.low[places], self.sign[places], self.known[places])


def spacing(high: Floats, fmt: Format) -> Floats:
    """One ULP at each number."""
    # By the bits; of 0 and of the subnormal numbers of float64 the exponent comes out below all.
    exponent = (np.asarray(high).view(np.int64) >> 52 & 0x7FF) - 1023
    exponent = np.maximum(exponent, fmt.least_exponent) - fmt.precision + 1
    found: Floats = np.ldexp(1.0, exponent)
    return found


def ties(high: Floats, fmt: Format) -> Floats:
    """Next to each number the middle of two neighbours of the format, the nearest one.

    The largest number and infinity count as neighbours, with ``fmt.overflow`` between them.
    """
    unit = spacing(high, fmt)
    with np.errstate(invalid="ignore", over="ignore"):
        found: Floats = np.copysign((np.floor(np.abs(high) / unit) + 0.5) * unit, high)
    return found


def nearest(truth: Truth, fmt: Format) -> npt.NDArray[Any]:
    """The correctly rounded values, in the format; of two that are as near the even one."""
    if fmt.bits == 64:
        return truth.high
    bits = np.asarray(truth.high).view(np.int64)
    # An odd last bit tells the second rounding on which side the value is (Boldo and Melquiond).
    toward = np.where(truth.low > 0, np.inf, -np.inf)
    inexact = (truth.low != 0) & (bits & 1 == 0)
    return fmt.rounded(np.where(inexact, np.nextafter(truth.high, toward), truth.high))


def misrounded(results: npt.NDArray[Any], off: Floats, truth: Truth, fmt: Format) -> Flags:
    """Finite results that are not the nearest number; ``off`` are their errors.

    An error of 0.5 + 10^-20 ULP is 0.5 in float64: what is next to a tie is rounded, to compare.
    """
    compared = truth.known & np.isfinite(off)
    found: Flags = compared & (off > 0.5)
    close = np.flatnonzero(compared & (np.abs(off - 0.5) < _CLOSE))
    there = truth.at(close)
    found[close] = results[close].astype(np.float64) != nearest(there, fmt).astype(np.float64)
    return found


def faults(results: npt.NDArray[Any], off: Floats, truth: Truth, fmt: Format) -> dict[str, Flags]:
    """Results that are no answer at all, by the kind of fault; ``off`` are their errors."""
    got = results.astype(np.float64)
    finite = np.isfinite(off)
    return {
        "not finite": truth.known & ~finite,
        "early zero": truth.known & (got == 0) & (np.abs(truth.high) >= fmt.smallest_normal),
        "wrong sign": truth.known
        & finite
        & ((got < 0) & (truth.sign > 0) | (got > 0) & (truth.sign < 0)),
    }


def faulty(results: npt.NDArray[Any], off: Floats, truth: Truth, fmt: Format) -> Flags:
    """Which results are no answer at all, whatever the kind of fault."""
    found: Flags = np.logical_or.reduce([*faults(results, off, truth, fmt).values()])
    return found


def distance(values: npt.NDArray[Any], truth: Truth, fmt: Format) -> Floats:
    """How far values of any format are from the truth, in ULP of ``fmt``."""
    high = np.clip(truth.high, -float_info.max, float_info.max)
    found: Floats = np.abs((values - high) - truth.low) / spacing(high, fmt)
    return found


def errors(results: npt.NDArray[Any], truth: Truth, fmt: Format) -> Floats:
    """The error of each result in ULP; infinite for NaN and for a wrong infinity.

    Where there is no truth the error is 0. None is said to be larger than ``MOST``.
    """
    got = results.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.minimum(distance(got, truth, fmt), MOST)
    if np.isfinite(got).all() and truth.known.all():
        return off
    rounds_to_infinity = np.abs(truth.high) >= fmt.overflow
    right = np.isinf(got) & rounds_to_infinity & (np.sign(got) == truth.sign)
    # The largest finite number is as near to an overflowing truth as there is.
    off = np.where(right, 0.0, off)
    off = np.where(np.isfinite(got) | right, off, np.inf)
    return np.where(truth.known, off, 0.0)


def errors_before(computed: npt.NDArray[Any], truth: Truth, fmt: Format) -> Floats:
    """The error of each result before it is rounded to the format, in its ULP.

    0 where nothing is rounded any more, where the result rounds to infinity, and without a truth.
    """
    rounded = fmt.rounded(computed)
    with np.errstate(invalid="ignore", over="ignore"):
        off = distance(computed, truth, fmt)
        compared = truth.known & (np.abs(rounded) < np.inf) & (rounded != computed)
    return np.where(compared, off, 0.0)
