"""Fit the polynomials of approximations.py: ``python -m chainrule.elementary.fit`` writes them.

A polynomial interpolates its function at Chebyshev nodes, in ball arithmetic, which leaves an
error within a factor of a few of the smallest there is (L. N. Trefethen, "Approximation Theory
and Approximation Practice", 2013, chapter 8). The coefficients are rounded to the format, and
then the error of the rounded polynomial is bounded on the whole interval: on each of many small
pieces by a Taylor expansion with a remainder in balls. So the bound that is written down is
proved, for exact arithmetic; what rounding adds is measured by the tests.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import factorial
from pathlib import Path
from typing import Any, NamedTuple

from flint import arb, arb_mat, arb_series, ctx

from chainrule.balls.arithmetic import precision
from chainrule.balls.program import ball

TARGET = Path(__file__).parent / "coefficients.py"
# Solving for 25 coefficients loses some hundred at most; 106 are wanted.
_BITS = 500
# Terms of the Taylor expansions that bound an error.
_TERMS = 14
# A piece is halved where that bounds the error better, into this many parts at most.
_MOST_PARTS = 256
# Of these series on these intervals, and a bound of what is left out.
_SUMMED, _TAIL = 60, 1e-60
HEADER = '''"""Coefficients of polynomials, made by ``python -m chainrule.elementary.fit``.

By name and working precision (see approximations.py): a bound of the relative error, which is
proved when they are made, and the coefficients from the constant upwards, exact. Of "twice" (see
compensated.py) each coefficient is the sum of two numbers.
"""

from __future__ import annotations

ERFC_SHIFT = %d
"""The s of ``scaled_erfc``: (s + a)·e^(a²)·erfc(a) as a polynomial in (a − s)/(a + s)."""
COEFFICIENTS: dict[str, dict[str, tuple[float, tuple[float, ...]]]] = {
'''
# A place about which the scaled erfc is told well by few terms.
ERFC_SHIFT = 3


class Task(NamedTuple):
    """A polynomial to be fitted.

    Attributes:
        function: of a number or of a power series.
        low, high: the interval.
        degrees: for each working precision.
        pieces: into how many the interval goes when the error is bounded.
    """

    function: Callable[[Any], Any]
    low: Fraction
    high: Fraction
    degrees: dict[str, int]
    pieces: int = 60


def _series(coefficient: Callable[[int], arb]) -> Callable[[Any], Any]:
    """A function by its power series around 0, where the terms from ``_SUMMED`` on are nothing."""

    def function(x: Any) -> Any:
        total = 0 * x
        for k in reversed(range(_SUMMED)):
            total = total * x + coefficient(k)
        return total + arb(0, _TAIL)

    return function


def _factorial(n: int) -> arb:
    found: arb = arb(factorial(n))
    return found


@_series
def _power_of_two(k: int) -> arb:
    """(2^r − 1)/r."""
    return arb.const_log2() ** (k + 1) / _factorial(k + 1)


@_series
def _exponential(k: int) -> arb:
    """(e^r − 1 − r)/r²."""
    return 1 / _factorial(k + 2)


@_series
def _logarithm(k: int) -> arb:
    """(2 atanh(√w)/√w − 2)/w."""
    return arb(2) / (2 * k + 3)


@_series
def _error(k: int) -> arb:
    """erf(√w)/√w."""
    found: arb = arb(2 * (-1) ** k) / (arb.pi().sqrt() * _factorial(k) * (2 * k + 1))
    return found


def _scaled_erfc(t: Any) -> Any:
    """(s + a)·e^(a²)·erfc(a) where t = (a − s)/(a + s)."""
    a = ERFC_SHIFT * (1 + t) / (1 - t)
    return (ERFC_SHIFT + a) * (a * a).exp() * a.erfc()


_HALF = Fraction(1, 2)
# Half of ln 2 and a little: the remainder of a reduction by rounded constants.
_HALF_LOG2 = Fraction(3466, 10_000)
# f/(2 + f) for f from √½ − 1 to √2 − 1, squared.
_LARGEST_SQUARE = Fraction(295, 10_000)
# Where erfc is less than the smallest float32.
_LARGEST_T = Fraction(102 - 10 * ERFC_SHIFT, 102 + 10 * ERFC_SHIFT)
# Where it is less than the smallest float64.
_LARGEST_DOUBLE_T = Fraction(28 - ERFC_SHIFT, 28 + ERFC_SHIFT)

# The degree is the least for which the bound is a small part of the error of the whole function.
TASKS: dict[str, Task] = {
    "power_of_two": Task(_power_of_two, -_HALF, _HALF, {"short": 6}),
    "exponential": Task(_exponential, -_HALF_LOG2, _HALF_LOG2, {"single": 4, "double": 9}),
    "logarithm": Task(
        _logarithm, Fraction(0), _LARGEST_SQUARE, {"single": 2, "short": 3, "double": 6}
    ),
    "error": Task(_error, Fraction(0), Fraction(1), {"single": 6, "short": 8, "double": 11}),
    "scaled_erfc": Task(
        _scaled_erfc, Fraction(-1), _LARGEST_T, {"single": 9, "short": 13, "double": 20}, 6000
    ),
    "scaled_erfc_far": Task(_scaled_erfc, Fraction(-1), _LARGEST_DOUBLE_T, {"twice": 24}, 48_000),
}


def fitted(task: Task, degree: int) -> list[arb]:
    """The coefficients of the polynomial that interpolates at Chebyshev nodes."""
    middle, half = (ball(task.high) + ball(task.low)) / 2, (ball(task.high) - ball(task.low)) / 2
    count = degree + 1
    nodes = [middle + half * (arb(2 * k + 1) / (2 * count) * arb.pi()).cos() for k in range(count)]
    powers = arb_mat([[node**k for k in range(count)] for node in nodes])
    solved = powers.solve(arb_mat([[task.function(node)] for node in nodes]))
    return [solved[k, 0] for k in range(count)]


def rounded(value: arb, working: str) -> list[float]:
    """The coefficient in the format of the arithmetic; of "twice" in two parts."""
    near = float(value)
    if working == "single":
        return [float(struct.unpack("f", struct.pack("f", near))[0])]
    return [near, float(value - near)] if working == "twice" else [near]


def error_bound(task: Task, coefficients: Sequence[arb]) -> float:
    """A bound of the relative error on the interval, for exact arithmetic."""
    worst = 0.0
    step = (task.high - task.low) / task.pieces
    pieces = [(task.low + step * piece, step) for piece in range(task.pieces)]
    while pieces:
        low, width = pieces.pop()
        middle = ball(low + width / 2)
        away = arb(0, 1.0001 * float(width / 2))
        near = _relative(task, coefficients, arb_series([middle, 1], prec=_TERMS))
        far = _relative(task, coefficients, arb_series([middle + away, 1], prec=_TERMS))
        rest = far[_TERMS - 1]
        total = near[_TERMS - 2]
        for k in reversed(range(_TERMS - 2)):
            total = total * away + near[k]
        remainder = rest.abs_upper() * away.abs_upper() ** (_TERMS - 1)
        if not remainder < abs(total).abs_upper() and width > step / _MOST_PARTS:
            pieces += [(low, width / 2), (low + width / 2, width / 2)]
            continue
        found = float(abs(total).abs_upper() + remainder)
        if not found < 1:
            raise ArithmeticError("the pieces are too wide to bound an error on them")
        worst = max(worst, found)
    return worst


def _relative(task: Task, coefficients: Sequence[arb], at: arb_series) -> arb_series:
    total = arb_series([0], prec=at.prec)
    for coefficient in reversed(coefficients):
        total = total * at + coefficient
    relative: arb_series = total / task.function(at) - 1
    return relative


def source() -> str:
    """The text of coefficients.py."""
    lines = [HEADER % ERFC_SHIFT]
    ctx.cap = _TERMS
    with precision(_BITS):
        for name, task in TASKS.items():
            lines.append(f'    "{name}": {{\n')
            for working, degree in task.degrees.items():
                found = [rounded(value, working) for value in fitted(task, degree)]
                sums = [sum(map(arb, parts), arb(0)) for parts in found]
                bound = float(f"{error_bound(task, sums) * 1.05:.1e}")
                lines.append(f'        "{working}": (\n            {bound!r},\n            (\n')
                lines += [f"                {value!r},\n" for parts in found for value in parts]
                lines.append("            ),\n        ),\n")
            lines.append("    },\n")
    return "".join([*lines, "}\n"])


if __name__ == "__main__":
    TARGET.write_text(source(), encoding="utf-8")
