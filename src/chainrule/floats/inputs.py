"""Which inputs are tried: all there are, or a sample that is spread over the bit patterns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.floats.formats import Format
from chainrule.floats.positions import at, finite_count

SAMPLE = 60_000
"""About a second of ball arithmetic, at 15 µs for a value."""


def every(fmt: Format) -> npt.NDArray[Any]:
    """All inputs of a format of 16 bits, the finite ones, by increasing bit pattern."""
    patterns = np.arange(1 << fmt.bits, dtype=np.int64).astype(fmt.pattern)
    values: npt.NDArray[Any] = patterns.view(fmt.dtype)
    with np.errstate(invalid="ignore"):
        return values[np.isfinite(values.astype(np.float64))]


def stratified(fmt: Format, count: int = SAMPLE) -> npt.NDArray[Any]:
    """About ``count`` finite inputs at equal distances of the bit pattern, both signs alike.

    Every power of two has the same number of them, and so do the subnormal numbers. The same
    inputs in every run; the last bits are scrambled, so that they are no round numbers.
    """
    finite = finite_count(fmt)
    step = max(finite // max(count // 2, 1), 1)
    positive = np.arange(0, finite, step, dtype=np.uint64)
    # A multiplicative hash (Knuth, TAOCP 6.4) moves each one within its step.
    scrambled = (np.arange(len(positive), dtype=np.uint64) * np.uint64(2654435761)) % np.uint64(
        step
    )
    positive = np.minimum(positive + scrambled, np.uint64(finite - 1))
    sizes = positive.astype(np.int64)
    return at(np.concatenate([sizes, -1 - sizes]), fmt)


def usual(fmt: Format, count: int) -> npt.NDArray[Any]:
    """About ``count`` inputs of everyday size, between 1/64 and 64."""
    spread = stratified(fmt, 40 * count)
    size = np.abs(spread.astype(np.float64))
    found: npt.NDArray[Any] = spread[(size > 2.0**-6) & (size < 2.0**6)]
    return found[:: max(len(found) // count, 1)]


def inputs(fmt: Format, count: int = SAMPLE) -> npt.NDArray[Any]:
    """All inputs of a short format, a sample of a long one."""
    return every(fmt) if fmt.bits <= 16 else stratified(fmt, count)
