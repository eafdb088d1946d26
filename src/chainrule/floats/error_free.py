"""What rounding takes from sums and products of arrays, exactly.

The errors of a sum and of a product are themselves numbers of float64 (D. E. Knuth, TAOCP 4.2.2;
T. J. Dekker, Numer. Math. 18, 1971), unless something underflows or overflows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
# Veltkamp's constant: it splits a float64 into two numbers of 26 bits.
_SPLITTER = 2.0**27 + 1


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b rounded, and the rest (Knuth)."""
    total = a + b
    part = total - a
    return np.asarray(total), (a - (total - part)) + (b - part)


def two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """a·b rounded, and the rest (Dekker); for factors far from the largest numbers."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _split(a), _split(b)
    rest = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return np.asarray(product), rest


def _split(a: Array) -> tuple[Array, Array]:
    scaled = a * _SPLITTER
    high = scaled - (scaled - a)
    return high, a - high
