"""What programs compute, operation by operation, against mpmath."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from chainrule.floats.evaluate import FUNCTIONS, apply_operation
from chainrule.floats.formats import format_named
from oracle import MPMATH

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negative": operator.neg,
    "power": mpmath.power,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "logical_and": lambda a, b: bool(a) and bool(b),
    "scaled": lambda a, n: a * mpmath.mpf(2) ** n,
    "fma": lambda a, b, c: a * b + c,
}
ARITY = {"negative": 1, "fma": 3, "atan2": 2, "max": 2, "min": 2}
BY_BITS = {"scaled", "exponent", "fma"}
"""Those that exist in some formats only, and have tests with the functions they are made for."""
VALUES = [-2.75, -1.5, -0.625, 0.0, 0.375, 0.75, 1.0, 2.5, 3.25]


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
@pytest.mark.parametrize("name", sorted(FUNCTIONS - BY_BITS))
def test_every_operation(name: str, dtype: str) -> None:
    fmt = format_named(dtype)
    meant = OPERATORS.get(name) or MPMATH[name]
    arity = ARITY.get(name, 2 if name in OPERATORS else 1)
    columns = np.meshgrid(*[np.array(VALUES, fmt.dtype)] * arity)
    args = [column.ravel() for column in columns]
    with np.errstate(all="ignore"):
        found = apply_operation(name, args, fmt)
    compared = 0
    for i in range(len(args[0])):
        try:
            right = meant(*(mpmath.mpf(float(arg[i])) for arg in args))
        except (ValueError, ZeroDivisionError):
            continue
        if mpmath.im(right) or not mpmath.isfinite(right):
            continue
        compared += 1
        # PyTorch's and NumPy's powers differ in the last bits; a wrong function is far off.
        allowed = 8 * 2.0 ** (1 - fmt.precision) * max(abs(right), 2.0**-20)
        assert abs(mpmath.mpf(float(found[i])) - right) <= allowed, [float(a[i]) for a in args]
    assert compared >= 3


FLOATS = [-3.75, -1.0, -0.1, 0.1, 0.3, 1.0, 1.9, 2.0**20 / 3]


def test_a_product_and_a_sum_rounded_once() -> None:
    form = format_named("float32")
    x, y, z = (array.ravel() for array in np.meshgrid(*[np.array(FLOATS, np.float32)] * 3))
    found = apply_operation("fma", [x, y, z], form)
    for a, b, c, got in zip(x, y, z, found, strict=True):
        exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
        assert got == np.float32(float(exact))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_powers_of_two_by_the_bits(dtype: str) -> None:
    form = format_named(dtype)
    sizes = np.abs(np.array(FLOATS, form.dtype))
    exponents = apply_operation("exponent", [sizes], form)
    for size, exponent in zip(sizes, exponents, strict=True):
        assert 0.5**0.5 <= float(size) * 2.0**-exponent <= 2**0.5
    # What is added to an exponent lies in the last bits of a number of this size.
    shift = np.asarray(1.5 * 2 ** (form.precision - 1), form.dtype)
    for n in (-3, 0, 5):
        lifted = shift + np.full(len(sizes), n, form.dtype)
        values = np.array(FLOATS, form.dtype)
        got = apply_operation("scaled", [values, lifted], form)
        assert got.tolist() == (values * np.asarray(2.0**n, form.dtype)).tolist()
