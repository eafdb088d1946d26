"""Fractions in one exponential, written around a zero of theirs."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

import chainrule
from chainrule.expr.nodes import Number, Symbol
from chainrule.floats.truth import truth
from chainrule.forms.candidates.centred import centred_fraction
from chainrule.forms.plan import plan
from near_zeros import around, has_its_digits, values, zero_of_derivative
from pace import slow

CASES = {
    "x*sigmoid(x)": (lambda x: x / (1 + mpmath.exp(-x)), -1.3),
    "x*sigmoid(-x)": (lambda x: x / (1 + mpmath.exp(x)), 1.3),
    "x/(1 + e^(-3x))": (lambda x: x / (1 + mpmath.exp(-3 * x)), -0.4),
    "x/(1 + e^(-2x/7))": (lambda x: x / (1 + mpmath.exp(-2 * x / 7)), -4.5),
    "x*sigmoid(1.702x)": (lambda x: x / (1 + mpmath.exp(-mpmath.mpf("1.702") * x)), -0.75),
    "x*tanh(ln(1 + e^x))": (lambda x: x * mpmath.tanh(mpmath.log(1 + mpmath.exp(x))), -1.2),
    "(x + 2)/(1 + e^(x/2))": (lambda x: (x + 2) / (1 + mpmath.exp(x / 2)), 1.1),
}
"""The function once more, and a place near the zero of its derivative."""


@pytest.mark.parametrize("formula", CASES)
def test_it_has_its_digits_next_to_the_zero_and_everywhere(formula: str) -> None:
    derivation = chainrule.derive(formula)
    zero = zero_of_derivative(*CASES[formula])
    expr = centred_fraction(derivation.derivative, derivation.variable, zero)
    assert expr is not None
    has_its_digits(expr, derivation, zero)
    # The fraction as it stands has no right digit at the zero.
    near = around(zero)
    plain = values(derivation.derivative, derivation.variable, near)
    there = truth(derivation.derivative, derivation.variable, near, {})
    assert np.max(np.abs(plain - there.high) / np.abs(there.high)) > 1e-7


@pytest.mark.parametrize(
    ("formula", "zero"),
    [
        # Without an exponential, with two, with another letter, of a square.
        *(("x^2 + x", "-0.5"), ("x e^x + e^(x sqrt(2))", "-1.5"), ("a x sigmoid(x)", "-1.27")),
        ("x e^(-x^2)", "0.7071"),
        # Nowhere 0 far out, and on both sides.
        *(("x + 1/(1 + e^x)", "0"), ("x/(e^x + e^(-x))", "1.19967864")),
    ],
)
def test_what_is_no_such_fraction(formula: str, zero: str) -> None:
    derivation = chainrule.derive(formula)
    x = Symbol("x")
    assert centred_fraction(derivation.derivative, x, Fraction(zero)) is None


def test_a_number_is_none() -> None:
    assert centred_fraction(Number(3), Symbol("x"), Fraction(1)) is None


@pytest.mark.parametrize("name", ["silu", *slow("mish", "x*sigmoid(3x)")])
def test_a_plan_takes_it_where_it_may(name: str) -> None:
    derivation = chainrule.derive(name)
    source = " ".join(plan(derivation, "numba").spec.notes)
    assert "around its zero at -" in source
    # To twice the precision of float32 only.
    assert "around its zero" not in " ".join(plan(derivation, "numba", dtype="float64").spec.notes)
