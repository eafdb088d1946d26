"""Fractions in one exponential, written around a zero of theirs."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

import chainrule
from chainrule.audit.centred import centred_fraction
from chainrule.audit.evaluate import FUNCTIONS, evaluate
from chainrule.audit.formats import format_named
from chainrule.audit.inputs import stratified
from chainrule.audit.plan import plan
from chainrule.audit.truth import truth
from chainrule.codegen.approximations import functions
from chainrule.codegen.inlining import inlined
from chainrule.codegen.lower import lower
from chainrule.expr.nodes import Expr, Number, Symbol

SINGLE, DOUBLE = format_named("float32"), format_named("float64")
KNOWN = FUNCTIONS | functions("short")
ZEROS = {
    "x*sigmoid(x)": "-1.27846454276107379510935873902298015543947748",
    "x*sigmoid(-x)": "1.27846454276107379510935873902298015543947748",
    "x/(1 + e^(-3x))": None,
    "x*tanh(ln(1 + e^x))": None,
    "(x + 2)/(1 + e^(x/2))": None,
}
"""Zeros of derivatives; what is not written here mpmath finds, from near the given place."""
NEAR = {"x/(1 + e^(-3x))": -0.4, "x*tanh(ln(1 + e^x))": -1.2, "(x + 2)/(1 + e^(x/2))": 1.1}


def zero_of(formula: str) -> Fraction:
    text = ZEROS[formula]
    with mpmath.workdps(60):
        if text is not None:
            return Fraction(text)
        function = {
            "x/(1 + e^(-3x))": lambda x: x / (1 + mpmath.exp(-3 * x)),
            "x*tanh(ln(1 + e^x))": lambda x: x * mpmath.tanh(mpmath.log(1 + mpmath.exp(x))),
            "(x + 2)/(1 + e^(x/2))": lambda x: (x + 2) / (1 + mpmath.exp(x / 2)),
        }[formula]
        root = mpmath.findroot(lambda x: mpmath.diff(function, x), NEAR[formula])
        return Fraction(mpmath.nstr(root, 50))


def values(expr: Expr, x: Symbol, at: np.ndarray) -> np.ndarray:
    program = inlined(lower([expr], [x], KNOWN), "short")
    with np.errstate(all="ignore"):
        return np.asarray(evaluate(program, [at.astype(np.float64)], DOUBLE)[0])


@pytest.mark.parametrize("formula", ZEROS)
def test_it_has_its_digits_next_to_the_zero_and_everywhere(formula: str) -> None:
    derivation = chainrule.derive(formula)
    zero = zero_of(formula)
    expr = centred_fraction(derivation.derivative, derivation.variable, zero)
    assert expr is not None
    near = np.float32(float(zero)) + np.arange(-200, 201) * np.spacing(np.float32(float(zero)))
    x = np.unique(np.concatenate([near.astype(np.float32), stratified(SINGLE, 4_000)]))
    exact = truth(derivation.derivative, derivation.variable, x, {})
    got = values(expr, derivation.variable, x)
    off = np.abs((got - exact.high) - exact.low)
    large = np.abs(exact.high) >= SINGLE.smallest_normal
    assert (off[large] < 1e-9 * np.abs(exact.high[large])).all()
    assert (off[~large] < 0.01 * SINGLE.smallest).all()
    # The fraction as it stands has no right digit at the zero.
    plain = values(derivation.derivative, derivation.variable, near.astype(np.float32))
    there = truth(derivation.derivative, derivation.variable, near.astype(np.float32), {})
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


@pytest.mark.parametrize("name", ["silu", "mish", "x*sigmoid(3x)"])
def test_a_plan_takes_it_where_it_may(name: str) -> None:
    derivation = chainrule.derive(name)
    source = " ".join(plan(derivation, "numba").job.notes)
    assert "around its zero at -" in source
    # To twice the precision of float32 only.
    assert "around its zero" not in " ".join(plan(derivation, "numba", dtype="float64").job.notes)
