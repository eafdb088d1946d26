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
