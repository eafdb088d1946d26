"""Gradients as an exponential times a polynomial."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

import chainrule
from chainrule.forms.candidates.fitted import fitted
from chainrule.forms.plan import plan
from near_zeros import SINGLE, has_its_digits, zero_of_derivative
from pace import slow


def gelu(x: mpmath.mpf) -> mpmath.mpf:
    return x * mpmath.ncdf(x)


CASES = {
    "gelu": (gelu, -0.75),
    "x erfc(x)": (lambda x: x * mpmath.erfc(x), 0.5),
    "x erfc(-3x)/5": (lambda x: x * mpmath.erfc(-3 * x), -0.2),
}
"""The function once more, up to a factor, and a place near the zero of its derivative."""


@pytest.mark.parametrize("formula", CASES)
def test_it_has_its_digits_next_to_the_zero_and_everywhere(formula: str) -> None:
    derivation = chainrule.derive(formula)
    zero = zero_of_derivative(*CASES[formula])
    expr = fitted(derivation.derivative, derivation.variable, zero, SINGLE)
    assert expr is not None
    has_its_digits(expr, derivation, zero)


@pytest.mark.parametrize(
    ("formula", "zero"),
    [
        # Not symmetric; nowhere small; no exponential; with more than a polynomial for the rest.
        *(("mish", "-1.1924"), ("x^2 + e^x", "-0.35"), ("x^3/3 - x", "1")),
        *(("x sigmoid(x) + x/(1 + x^2)^2", "-0.7"), ("gelu_tanh", "-0.7524614")),
    ],
)
def test_what_is_none(formula: str, zero: str) -> None:
    derivation = chainrule.derive(formula)
    found = fitted(derivation.derivative, derivation.variable, Fraction(zero), SINGLE)
    assert found is None


@pytest.mark.slow
def test_a_plan_takes_it_where_it_may() -> None:
    """GELU′ has an error function, and is no fraction in one exponential."""
    derivation = chainrule.derive("gelu")
    notes = " ".join(plan(derivation, "numba").spec.notes)
    assert "as an exponential times a polynomial, which is 0 at -0.75" in notes
    notes = " ".join(plan(derivation, "numba", dtype="float64").spec.notes)
    assert "times a polynomial, which is 0" not in notes


@pytest.mark.parametrize("target", ["cuda", *slow("triton")])
def test_a_gpu_takes_what_is_shorter(target: str) -> None:
    """One exponential for an error function and one; SiLU' is as short as it stands."""
    notes = " ".join(plan(chainrule.derive("gelu"), target).spec.notes)
    assert "times a polynomial, which is 0 at -0.75" in notes
    notes = " ".join(plan(chainrule.derive("silu"), target).spec.notes)
    assert "zero" not in notes
