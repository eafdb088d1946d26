"""Where a program of float64 computes the very value, and rounds nothing on the way.

The error of a sum, a product and the residual of a quotient are themselves numbers of the format
(J.-M. Muller et al., Handbook of Floating-Point Arithmetic, 2nd ed., 4.3 and 4.4): they are 0 or
they are not. What is 0, 1/2, or an integer on the way to a result often makes it a tie of a shorter
format, at thousands of inputs, for which no other proof is so short.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.expr.nodes import Expr, rational_value
from chainrule.floats.error_free import two_product, two_sum
from chainrule.floats.evaluate import every_value
from chainrule.floats.formats import Format
from chainrule.floats.ulp import Flags
from chainrule.program.lower import COMPARISONS, Lowered

Array = npt.NDArray[Any]
_AS_THEY_ARE = frozenset(("negative", "abs", "max", "min", "logical_and", *COMPARISONS.values()))
# Sizes between which a product and its error are numbers.
_LEAST, _LARGEST = 2.0**-900, 2.0**900


def exact(program: Lowered, inputs: Sequence[Array], fmt: Format) -> Flags:
    """Whether each result of a program with one output is exactly what its operations mean.

    Args:
        program: straight-line code; what it calls is taken to be inexact.
        inputs: arrays or numbers of float64.
        fmt: float64.
    """
    values = every_value(program, inputs, fmt)
    flags: list[Any] = [True] * len(inputs)
    first = len(inputs)
    flags += [
        _is(constant, value)
        for constant, value in zip(program.constants, values[first:], strict=False)
    ]
    with np.errstate(all="ignore"):
        for (name, operands), result in zip(program.code, values[len(flags) :], strict=True):
            args, known = [values[i] for i in operands], [flags[i] for i in operands]
            if name == "select":
                flags.append(known[0] & np.where(args[0], known[1], known[2]))
                continue
            flags.append(
                np.logical_and.reduce(np.broadcast_arrays(*known)) & _here(name, args, result)
            )
    [output] = program.outputs
    shape = np.broadcast_shapes(*(np.shape(array) for array in inputs))
    return np.broadcast_to(np.asarray(flags[output], np.bool_), shape)


def _is(constant: Expr, value: Array) -> bool:
    rational = rational_value(constant)
    return rational is not None and bool(np.isfinite(value)) and rational == Fraction(float(value))


def _here(name: str, args: Sequence[Array], result: Array) -> Any:
    """Whether one operation rounded nothing."""
    if name in _AS_THEY_ARE:
        return True
    match name, args:
        case "add", (a, b):
            return _sum_is_exact(a, b)
        case "subtract", (a, b):
            return _sum_is_exact(a, -b)
        case "multiply", (a, b):
            return _product_is(a, b, result)
        case "divide", (a, b):
            return _product_is(b, result, a)
    return False


def _sum_is_exact(a: Array, b: Array) -> Any:
    return two_sum(a, b)[1] == 0


def _product_is(a: Array, b: Array, product: Array) -> Any:
    """Whether a·b is a number exactly."""
    rounded, rest = two_product(a, b)
    size = np.abs(product)
    sizes = (np.abs(a) < _LARGEST) & (np.abs(b) < _LARGEST) & (size < _LARGEST) & (size > _LEAST)
    # A product of 0 is exact if a factor is 0, not if it underflowed.
    return np.where(product == 0, (a == 0) | (b == 0), (rest == 0) & sizes & (rounded == product))
