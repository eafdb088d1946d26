"""The floating-point formats that arrays may hold: a table (IEEE 754-2019; bfloat16 is Intel's)."""

from __future__ import annotations

from typing import NamedTuple


class Dtype(NamedTuple):
    """A binary floating-point format.

    Attributes:
        name: as PyTorch and JAX call it.
        bits: storage.
        precision: bits of the significand, the leading one included.
        least_exponent: e such that 2^e is the smallest normal number.
    """

    name: str
    bits: int
    precision: int
    least_exponent: int


DTYPES: tuple[Dtype, ...] = (
    Dtype("bfloat16", 16, 8, -126),
    Dtype("float16", 16, 11, -14),
    Dtype("float32", 32, 24, -126),
    Dtype("float64", 64, 53, -1022),
)
NAMES: tuple[str, ...] = tuple(row.name for row in DTYPES)
