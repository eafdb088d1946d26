"""Signs collected: what is written then, and that it has the same value."""

from __future__ import annotations

import mpmath
import pytest

from chainrule.forms.candidates.signs import collected
from chainrule.parsing.formula import parse_text
from oracle import evaluate


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(-x)*(-a)", "x*a"),
        ("(-x)*(-1)", "x"),
        ("x*(-3)*(-a)", "x*3*a"),
        ("x*(-3)*a*2", "x*(-3)*a*2"),
        ("2*(-x)*a", "(-2)*x*a"),
        ("(-x)*a*(-b)*(-1)", "-x*a*b"),
        ("x*(-1 - a)", "-x*(1 + a)"),
        ("x*(1 - a)", "x*(1 - a)"),
        ("x*(-3 - a - 2*b)", "-x*(3 + a + 2*b)"),
        ("(-x)/a", "(-x)/a"),
        ("x/(-a)", "(-x)/a"),
        ("(-x)/(-a)", "x/a"),
        ("2*x/(-a)", "(-2)*x/a"),
        ("0.5*x/(-a)", "(-0.5)*x/a"),
        ("x*b/(-a)", "(-1)*x*b/a"),
        ("2/(-a)", "(-2)/a"),
        ("(-2*x)/(-3*a)", "2*x/(3*a)"),
        ("(-2)*x/(-1 - a)", "2*x/(1 + a)"),
        ("((-x)/a)*(-b)", "x/a*b"),
        ("(-x)^2", "x^2"),
        ("(-x)^3", "-x^3"),
        ("(-2*x)^4", "(2*x)^4"),
        ("(-x)^(1/2)", "(-x)^(1/2)"),
        ("|x|^2", "x^2"),
        ("|x|^3", "|x|^3"),
        ("|x|^(-2)", "x^(-2)"),
        ("cos(-x)", "cos(x)"),
        ("e^(-|-|x||)", "e^(-|x|)"),
        ("sin(-2*x)", "-sin(2*x)"),
        ("tanh(-x/a)", "-tanh(x/a)"),
        ("e^(-x)", "e^(-x)"),
        ("e^(0)", "1"),
        ("(-3)*(-x)", "3*x"),
    ],
)
def test_where_they_cost_nothing(before: str, after: str) -> None:
    expr = parse_text(before).expr
    found = collected(expr)
    assert found is parse_text(after).expr
    with mpmath.workdps(30):
        env = {"x": mpmath.mpf("-1.25"), "a": mpmath.mpf("0.75"), "b": mpmath.mpf("2.5")}
        assert abs(evaluate(found, env) - evaluate(expr, env)) < 1e-25
