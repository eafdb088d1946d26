"""What can be computed of a floating-point format: its limits, and rounding to it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import InputError
from chainrule.floats.dtypes import DTYPES


@dataclass(frozen=True, slots=True)
class Format:
    """A binary floating-point format, with the attributes of a row of ``DTYPES``."""

    name: str
    bits: int
    precision: int
    least_exponent: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy type; bfloat16 comes with the package ml_dtypes."""
        if self.name == "bfloat16":
            import ml_dtypes

            bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
            return bfloat16
        named: np.dtype[Any] = np.dtype(self.name)
        return named

    @property
    def pattern(self) -> np.dtype[Any]:
        """The unsigned integer of the same width."""
        unsigned: np.dtype[Any] = np.dtype(f"uint{self.bits}")
        return unsigned

    @property
    def smallest_normal(self) -> float:
        return float(2.0**self.least_exponent)

    @property
    def smallest(self) -> float:
        """The smallest subnormal number, and the spacing of all subnormal ones."""
        return float(2.0 ** (self.least_exponent - self.precision + 1))

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return float((2.0 - 2.0 ** (1 - self.precision)) * 2.0 ** (1 - self.least_exponent))

    @property
    def overflow(self) -> float:
        """What is at least this large is rounded to infinity."""
        return float((2.0 - 2.0**-self.precision) * 2.0 ** (1 - self.least_exponent))

    def rounded(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values of any format rounded to this one, once."""
        with np.errstate(all="ignore"):
            if self.name == "bfloat16" and values.dtype == np.float64:
                values = _rounded_to_odd(values)
            found: npt.NDArray[Any] = values.astype(self.dtype)
        return found

    def nearest(self, value: Fraction) -> Fraction:
        """The number of the format that is next to it, by way of float64."""
        return Fraction(float(self.rounded(np.asarray(float(value)))))


def _rounded_to_odd(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """float64 to float32 such that rounding what comes out once more is as good as rounding once.

    ml_dtypes takes a float64 to bfloat16 by way of float32. Of the two float32 around a value the
    one with an odd last bit is taken (S. Boldo and G. Melquiond, IEEE Trans. Comput. 57, 2008).
    """
    single = np.asarray(values.astype(np.float32))
    rest = values - single
    even = single.view(np.uint32) & np.uint32(1) == 0
    toward = np.where(rest > 0, np.float32(np.inf), np.float32(-np.inf))
    return np.where((rest != 0) & even, np.nextafter(single, toward), single)


FORMATS: tuple[Format, ...] = tuple(Format(*row) for row in DTYPES)
BY_NAME: dict[str, Format] = {row.name: row for row in FORMATS}


def format_named(name: str) -> Format:
    """The row called ``name``.

    Raises:
        InputError: there is none.
    """
    found = BY_NAME.get(name)
    if found is None:
        raise InputError(f"unknown dtype {name!r}", hint=f"choose from {', '.join(BY_NAME)}")
    return found
