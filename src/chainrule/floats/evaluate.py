"""A lowered program, evaluated in a format's own arithmetic: every operation rounds to it.

NumPy computes float32 and float64 natively, float16 and bfloat16 in float32 with the result of
each operation rounded, which is what hardware with 16-bit storage does operation by operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.expr.nodes import Expr
from chainrule.floats.formats import Format
from chainrule.program.library import SPECIAL, UFUNCS
from chainrule.program.lower import COMPARISONS, Lowered

Array = npt.NDArray[Any]

_UFUNCS = {
    **UFUNCS,
    **{name: name for name in ("add", "subtract", "multiply", "divide", "negative")},
    **{name: name for name in ("logical_and", *COMPARISONS.values())},
}
"""Operations and functions by their NumPy ufuncs. SciPy has the others; what it has no loop for in
a short format goes through float32."""


def _scaled(x: Array, lifted: Array) -> Array:
    """x·2^n by the bits, as in elementary/approximations.py."""
    bits, fraction = _LAYOUT[np.asarray(x).dtype.itemsize]
    power = np.asarray(lifted).view(bits) << bits(fraction)
    found: Array = (np.asarray(x).view(bits) + power).view(np.asarray(x).dtype)
    return found


def _exponent(x: Array) -> Array:
    """The k for which x·2^-k is between √½ and √2, by the bits."""
    dtype = np.asarray(x).dtype
    bits, fraction = _LAYOUT[dtype.itemsize]
    one, root = (np.asarray(value, dtype).view(bits) for value in (1.0, 0.5**0.5))
    biased = (np.asarray(x).view(bits) + (one - root)) >> bits(fraction)
    found: Array = (biased.astype(np.int64) - int(one >> bits(fraction))).astype(dtype)
    return found


def _fma(x: Array, y: Array, z: Array) -> Array:
    """x·y + z in float32, rounded once but for one case in 2^29, which is rounded twice."""
    wide = np.asarray(x, np.float64) * np.asarray(y, np.float64) + np.asarray(z, np.float64)
    return wide.astype(np.float32)


# By the bytes of a number: the integer of the same width, and bits of the fraction (IEEE 754, 3.4).
_LAYOUT: dict[int, tuple[Any, int]] = {4: (np.uint32, 23), 8: (np.uint64, 52)}
_OWN: dict[str, Callable[..., Any]] = {"scaled": _scaled, "exponent": _exponent, "fma": _fma}

FUNCTIONS: frozenset[str] = frozenset([*_UFUNCS, *SPECIAL, *_OWN])
"""What a program to be evaluated here may call (see ``lower``)."""


@cache
def _operation(name: str) -> Callable[..., Any]:
    if name in _OWN:
        return _OWN[name]
    if name in _UFUNCS:
        found: Callable[..., Any] = getattr(np, _UFUNCS[name])
        return found
    import scipy.special

    special: Callable[..., Any] = getattr(scipy.special, SPECIAL[name])
    return special


def evaluate(program: Lowered, inputs: Sequence[Array], fmt: Format) -> list[Array]:
    """The outputs, in the format, for arrays (or scalars) of inputs in the format."""
    shape = np.broadcast_shapes(*(np.shape(array) for array in inputs))
    values = _given(program, inputs, fmt)
    # A value is dropped after its last use: there may be thousands.
    last = {value: place for place, (_, used) in enumerate(program.code) for value in used}
    last |= dict.fromkeys(program.outputs, len(program.code))
    with np.errstate(all="ignore"):
        for place, (name, operands) in enumerate(program.code):
            values.append(apply_operation(name, [values[i] for i in operands], fmt))
            for i in operands:
                if last[i] == place:
                    values[i] = None
    return [np.broadcast_to(np.asarray(values[i], fmt.dtype), shape) for i in program.outputs]


def every_value(program: Lowered, inputs: Sequence[Array], fmt: Format) -> list[Array]:
    """All values of the program by their numbers: inputs, constants, results of instructions."""
    values = _given(program, inputs, fmt)
    with np.errstate(all="ignore"):
        for name, operands in program.code:
            values.append(apply_operation(name, [values[i] for i in operands], fmt))
    return values


def _given(program: Lowered, inputs: Sequence[Array], fmt: Format) -> list[Any]:
    """The inputs and the constants."""
    values: list[Any] = [np.asarray(array, fmt.dtype) for array in inputs]
    return values + [constant_in(constant, fmt) for constant in program.constants]


def constant_in(constant: Expr, fmt: Format) -> Any:
    """A constant rounded to the format."""
    with precision(160):
        [ball] = compile_balls([constant]).run([])
    with np.errstate(over="ignore"):
        return np.asarray(float(ball), np.float64).astype(fmt.dtype)


def apply_operation(name: str, args: list[Any], fmt: Format) -> Any:
    if name == "select":
        condition, yes, no = args
        return np.where(condition, yes, no)
    if name == "undefined":
        return np.asarray(np.nan, fmt.dtype)
    operation = _operation(name)
    if name in SPECIAL and fmt.bits == 16:
        return operation(*(arg.astype(np.float32) for arg in args)).astype(fmt.dtype)
    return operation(*args)
