"""Gradients with one fault each, for audits to find; all else is right to a few ULP.

In 16-bit formats they compute in double and round once; in float32, of which there are many more
inputs, in float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

ROOT = -1.2784645427610738
"""Of the derivative of SiLU."""


def _wide(x: Array) -> Array:
    return x.astype(np.float64) if x.dtype.itemsize == 2 else x


def _sigmoid_grad(x: Array) -> Array:
    z = np.exp(-np.abs(x))
    return z / (1 + z) ** 2


def _silu_grad(x: Array) -> Array:
    z = np.exp(-np.abs(x))
    s = np.where(x > 0, 1 / (1 + z), z / (1 + z))
    return s + x * _sigmoid_grad(x)


def right(x: Array) -> Array:
    """No fault: σ′."""
    return _sigmoid_grad(_wide(x)).astype(x.dtype)


def early_zero(x: Array) -> Array:
    """σ′, and 0 where it is still a normal number."""
    wide = _wide(x)
    return np.where((wide > 8.5) & (wide < 20), 0.0, _sigmoid_grad(wide)).astype(x.dtype)


def nan_tail(x: Array) -> Array:
    """σ′, and NaN where the exponential of a naive form overflows."""
    wide = _wide(x)
    return np.where(wide < -88.7, np.nan, _sigmoid_grad(wide)).astype(x.dtype)


def wrong_sign(x: Array) -> Array:
    """SiLU′ with the other sign next to its root."""
    wide = _wide(x)
    slope = _silu_grad(wide)
    return np.where(np.abs(wide - ROOT) < 2.0**-8, -slope, slope).astype(x.dtype)


def off_on_an_interval(x: Array) -> Array:
    """σ′, too large by a quarter on an interval of width 2^-10."""
    wide = _wide(x)
    slope = _sigmoid_grad(wide)
    return np.where((wide >= 1) & (wide < 1 + 2.0**-10), 1.25 * slope, slope).astype(x.dtype)


def wrong_kink(x: Array) -> Array:
    """ReLU6′ with its upper kink in the wrong place."""
    wide = _wide(x)
    return ((wide > 0) & (wide < 6.0625)).astype(x.dtype)


def untaken(x: Array) -> Array:
    """{x < 1: x, else: √x}′ as it comes of both branches: NaN where x is not positive."""
    wide = _wide(x)
    slope = np.where(wide < 1, 1.0, 0.0) + np.where(wide < 1, 0.0, 1.0) * 0.5 / np.sqrt(wide)
    return slope.astype(x.dtype)


def minus_zero(x: Array) -> Array:
    """σ′, and NaN at −0."""
    return np.where((x == 0) & np.signbit(x), np.nan, right(x)).astype(x.dtype)


# --- right for arrays as a sweep's, and an upstream gradient of ones ------------------------------
def _times(slope: Array, upstream: Array, x: Array) -> Array:
    return (_sigmoid_grad(_wide(x)) * slope * upstream.astype(np.float64)).astype(x.dtype)


def upstream_taken(x: Array, upstream: Array) -> Array:
    """No fault: σ′ times the upstream gradient."""
    return _times(np.float64(1), upstream, x)


def upstream_ignored(x: Array, upstream: Array) -> Array:
    return right(x)


def upstream_squared(x: Array, upstream: Array) -> Array:
    return _times(upstream.astype(np.float64), upstream, x)


def upstream_without_sign(x: Array, upstream: Array) -> Array:
    return _times(np.sign(upstream).astype(np.float64), upstream, x)


def upstream_clipped(x: Array, upstream: Array) -> Array:
    return _times(np.float64(1), np.clip(upstream, -1, 1), x)


def upstream_of_the_first(x: Array, upstream: Array) -> Array:
    return _times(np.float64(1), np.broadcast_to(upstream[:1], x.shape), x)


def upstream_shortened(x: Array, upstream: Array) -> Array:
    """To so few bits that powers of two do not show it."""
    return _times(np.float64(1), np.rint(8 * upstream.astype(np.float64)) / 8, x)


def upstream_not_finite_at_zero(x: Array, upstream: Array) -> Array:
    """Divides by it to be rid of it again."""
    wide = upstream.astype(np.float64)
    return _times(wide / wide, upstream, x)


def tail(x: Array) -> Array:
    """σ′, and 0 for the last elements if they do not fill a vector of eight."""
    whole = len(x) - len(x) % 8
    return np.where(np.arange(len(x)) < whole, right(x), 0).astype(x.dtype)


def one_short(x: Array) -> Array:
    """σ′, and twice that for the last element of an array with an odd number of them."""
    last = (np.arange(len(x)) == len(x) - 1) & (len(x) % 2 == 1)
    return np.where(last, 2 * right(x), right(x)).astype(x.dtype)


def without_gaps(x: Array) -> Array:
    """σ′ of the memory from the first element on."""
    flat = np.lib.stride_tricks.as_strided(x, strides=(x.itemsize,))
    return right(flat)


def not_for_none(x: Array) -> Array:
    """σ′, but not of an array without elements."""
    return right(x) * (x.max() < np.inf)


def neighbours(x: Array) -> Array:
    """σ′ with the wrong sign at 4,000 numbers that follow each other."""
    first = int(np.float32(3.0).view(np.int32))
    patterns = x.view(np.int32)
    return np.where((patterns >= first) & (patterns < first + 4000), -right(x), right(x))
