"""Derivatives as a teacher would write them: signs, orders and factors as they were typed."""

from __future__ import annotations

import pytest

import chainrule

WRITTEN = [
    ("(2x+1)^3(x-1)^2", "2*(2*x + 1)^2*(5*x - 2)*(x - 1)"),
    ("(x-3)^2(x+1)", "(3*x - 1)*(x - 3)"),
    ("(x-1)^2/(x+1)^3", "(5 - x)*(x - 1)/(x + 1)^4"),
    ("(1-x)^5", "-5*(1 - x)^4"),
    ("5(x^2+x)", "10*x + 5"),
    ("x(1-x)", "1 - 2*x"),
    ("ln|x|", "1/x"),
    ("ln(tan x)", "1/(cos(x)*sin(x))"),
    ("ln(x+sqrt(1+x^2))", "1/sqrt(1 + x^2)"),
    ("sqrt(x)/(1+sqrt(x))", "1/(2*sqrt(x)*(1 + sqrt(x))^2)"),
    ("(1+sqrt(x))^3", "3*(1 + sqrt(x))^2/(2*sqrt(x))"),
    ("(x-1)/(sqrt(x)-1)", "1/(2*sqrt(x))"),
    ("x ln x - x", "ln(x)"),
    ("x^3-3x^2+2", "3*x*(x - 2)"),
    ("(x^2-1)/(x^2+1)", "4*x/(x^2 + 1)^2"),
]


@pytest.mark.parametrize(("formula", "wanted"), WRITTEN)
def test_written(formula: str, wanted: str) -> None:
    derivation = chainrule.derive(formula)
    assert str(derivation.derivative) == wanted
    assert derivation.verdict.holds
