"""Derivatives as one fraction in one exponential, and as squares of such."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

import chainrule
from chainrule.audit.exponentials import exponential_fractions
from chainrule.expr.nodes import Call, Expr, postorder
from chainrule.verify.certified import decimal

FRACTION, SQUARE = (
    "as a fraction in one exponential",
    "as the square of a fraction in one exponential",
)


def forms(name: str) -> dict[str, Expr]:
    derivation = chainrule.derive(name)
    return exponential_fractions(derivation.derivative, derivation.variable)


@pytest.mark.parametrize("x", ["-30.5", "-1.25", "0", "0.5", "18"])
def test_tanh_is_a_square(x: str) -> None:
    """tanh' = 1/cosh(x)^2 is the square of 2t/(1 + t^2) for t = e^(-|x|)."""
    found = forms("tanh")
    assert set(found) == {FRACTION, SQUARE}
    variable = chainrule.derive("tanh").variable
    with mpmath.workdps(40):
        exact = mpmath.sech(mpmath.mpf(x)) ** 2
        for form in found.values():
            assert sum(isinstance(n, Call) and n.name == "exp" for n in postorder(form)) == 1
            value = decimal(form, {variable: Fraction(x)}, digits=30)
            assert value is not None
            digits = value.text.rstrip("…").replace("−", "-")
            assert abs(mpmath.mpf(digits) / exact - 1) < mpmath.mpf("1e-28"), digits


def test_what_is_no_square() -> None:
    """σ' = t/(1 + t)^2 is a square below the line alone; 1/x has no exponential."""
    assert set(forms("sigmoid")) == {FRACTION}
    assert not forms("softsign")


def test_fewer_operations_for_a_loop() -> None:
    """A product and a sum are one instruction; that is what makes the square the shorter form."""
    code = chainrule.code("tanh", target="numba")
    assert "square of a fraction" in " ".join(code.split())
