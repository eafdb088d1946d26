"""Formulas for short functions, which are to have their digits next to a zero too."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt

from chainrule.deriving.derivation import Derivation
from chainrule.elementary.approximations import functions
from chainrule.expr.nodes import Expr, Symbol
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import format_named
from chainrule.floats.inputs import stratified
from chainrule.floats.truth import truth
from chainrule.program.inlining import inlined
from chainrule.program.lower import lower

Array = npt.NDArray[Any]
SINGLE, DOUBLE = format_named("float32"), format_named("float64")
KNOWN = FUNCTIONS | functions("short")


def zero_of_derivative(function: Callable[[mpmath.mpf], mpmath.mpf], place: float) -> Fraction:
    """The one next to a place, to 50 digits, by mpmath."""
    with mpmath.workdps(60):
        root = mpmath.findroot(lambda x: mpmath.diff(function, x), place)
        return Fraction(mpmath.nstr(root, 50))


def around(zero: Fraction) -> Array:
    """The 401 float32 that are nearest to it."""
    middle = np.float32(float(zero))
    found: Array = (middle + np.arange(-200, 201) * np.spacing(middle)).astype(np.float32)
    return found


def values(expr: Expr, x: Symbol, at: Array) -> Array:
    """What short functions make of an expression, in float64."""
    program = inlined(lower([expr], [x], KNOWN), "short")
    with np.errstate(all="ignore"):
        return np.asarray(evaluate(program, [at.astype(np.float64)], DOUBLE)[0])


def has_its_digits(expr: Expr, derivation: Derivation, zero: Fraction) -> None:
    """Whether it is the derivative, next to the zero and over all of float32."""
    x = np.unique(np.concatenate([around(zero), stratified(SINGLE, 4_000)]))
    exact = truth(derivation.derivative, derivation.variable, x, {})
    off = np.abs((values(expr, derivation.variable, x) - exact.high) - exact.low)
    large = np.abs(exact.high) >= SINGLE.smallest_normal
    assert (off[large] < 1e-9 * np.abs(exact.high[large])).all()
    assert (off[~large] < 0.01 * SINGLE.smallest).all()
