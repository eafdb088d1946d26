"""Correct rounding in exact arithmetic, for tests."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import mpmath

from chainrule.floats.formats import Format


def nearest(value: Fraction, fmt: Format) -> float:
    """The number of a format that is nearest to a fraction, the even one of two."""
    if not value:
        return 0.0
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length()
    if abs(value) < Fraction(2) ** exponent:
        exponent -= 1
    unit = Fraction(2) ** (max(exponent, fmt.least_exponent) - fmt.precision + 1)
    # Python rounds a fraction to the nearest whole number, to an even one if there are two.
    found = round(value / unit) * unit
    return float(found) if abs(found) <= fmt.largest else inf if value > 0 else -inf


def fraction(value: mpmath.mpf) -> Fraction:
    """The number that an mpf is."""
    mantissa, exponent = value.man_exp
    size = Fraction(int(mantissa)) * Fraction(2) ** exponent
    return size if value >= 0 else -size
