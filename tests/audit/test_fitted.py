"""Gradients as an exponential times a polynomial."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

import chainrule
from chainrule.audit.evaluate import FUNCTIONS, evaluate
from chainrule.audit.fitted import fitted
from chainrule.audit.formats import format_named
from chainrule.audit.inputs import stratified
from chainrule.audit.plan import plan
from chainrule.audit.truth import truth
from chainrule.codegen.approximations import functions
from chainrule.codegen.inlining import inlined
from chainrule.codegen.lower import lower

SINGLE, DOUBLE = format_named("float32"), format_named("float64")
KNOWN = FUNCTIONS | functions("short")


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
    function, place = CASES[formula]
    with mpmath.workdps(60):
        root = mpmath.findroot(lambda x: mpmath.diff(function, x), place)
        zero = Fraction(mpmath.nstr(root, 50))
    expr = fitted(derivation.derivative, derivation.variable, zero, SINGLE)
    assert expr is not None
    single = np.float32(float(zero))
    near = (single + np.arange(-200, 201) * np.spacing(single)).astype(np.float32)
    x = np.unique(np.concatenate([near, stratified(SINGLE, 4_000)]))
    exact = truth(derivation.derivative, derivation.variable, x, {})
    program = inlined(lower([expr], [derivation.variable], KNOWN), "short")
    with np.errstate(all="ignore"):
        [got] = evaluate(program, [x.astype(np.float64)], DOUBLE)
    off = np.abs((got - exact.high) - exact.low)
    large = np.abs(exact.high) >= SINGLE.smallest_normal
    assert (off[large] < 1e-9 * np.abs(exact.high[large])).all()
    assert (off[~large] < 0.01 * SINGLE.smallest).all()


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


def test_a_plan_takes_it_where_it_may() -> None:
    """GELU′ has an error function, and is no fraction in one exponential."""
    derivation = chainrule.derive("gelu")
    notes = " ".join(plan(derivation, "numba").job.notes)
    assert "as an exponential times a polynomial, which is 0 at -0.75" in notes
    notes = " ".join(plan(derivation, "numba", dtype="float64").job.notes)
    assert "times a polynomial, which is 0" not in notes


@pytest.mark.parametrize("target", ["cuda", "triton"])
def test_a_gpu_takes_what_is_shorter(target: str) -> None:
    """One exponential for an error function and one; SiLU' is as short as it stands."""
    notes = " ".join(plan(chainrule.derive("gelu"), target).job.notes)
    assert "times a polynomial, which is 0 at -0.75" in notes
    notes = " ".join(plan(chainrule.derive("silu"), target).job.notes)
    assert "zero" not in notes
