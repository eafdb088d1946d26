"""Numbers as a reader is shown them: where sides were compared, and where they differ."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor

from flint import arb

from chainrule.verify.certified import ball_decimal

# Digits of two values that differ: those that everybody reads, and at most what fits on a line.
_FEW_DIGITS, _MOST_DIGITS = 10, 60


def apart(left: arb, right: arb) -> tuple[str, str]:
    """Two different numbers, with as many digits as it takes to tell them apart."""
    digits = _FEW_DIGITS
    while digits < _MOST_DIGITS and ball_decimal(left, digits) == ball_decimal(right, digits):
        digits += _FEW_DIGITS
    return ball_decimal(left, digits), ball_decimal(right, digits)


def plain(value: Fraction) -> str:
    """A coordinate exactly, as a decimal if it is a short one."""
    if value.denominator == 1 or len(str(value.denominator)) <= 2:
        return str(value)
    return str(float(value)) if Fraction(str(float(value))) == value else str(value)


@lru_cache(maxsize=1024)
def reach(low: float, high: float) -> tuple[str, str]:
    """From where to where points go, rounded so that they reach at least that far.

    >>> reach(-702.25, 0.0457), reach(0.0457, 12345678.5), reach(1.91e-6, 1.91e-6)
    (('-702', '0.045'), ('0.046', '1e+07'), ('1.9e-06', '1.9e-06'))
    """
    shown = _rounded(low, ceil), _rounded(high, floor)
    if float(shown[0]) > float(shown[1]):
        return _rounded(high, floor), _rounded(high, floor)
    return shown


def _rounded(value: float, towards: Callable[[float], int]) -> str:
    if abs(value) >= 1e6:
        unit = 10 ** (len(str(abs(int(value)))) - 1)
        return f"{towards(value / unit) * unit:.0e}"
    if abs(value) >= 10:
        return str(towards(value))
    digits = 1
    while abs(value) * 10**digits < 10 and digits < 12:
        digits += 1
    return f"{towards(value * 10**digits) / 10**digits:g}"
