"""Formulas of exponentials with a number taken off their letters have the value they had."""

from __future__ import annotations

import mpmath
import pytest

from chainrule.expr.nodes import Symbol, substitute
from chainrule.forms.candidates.shifting import shifted
from chainrule.parsing.formula import parse_text
from oracle import evaluate

LETTERS = [Symbol(name) for name in "xyz"]


@pytest.mark.parametrize(
    ("formula", "beside"),
    [
        ("ln(e^x + e^y)", False),
        ("e^x/(e^x + e^y + e^z)", False),
        ("ln(e^x + e^y)/2 + x/3", False),
        ("3*(x - y) + ln(e^(2x) + e^(x + y))", False),
        ("(2x + y)/4", False),
        ("ln((e^x + e^y)^3/e^z)", False),
        ("ln(e^x*e^y + 2*e^(x + y))", False),
        ("ln(1 + e^x + e^y)", True),
        ("e^(x + y)/(1 + e^(x + y))", True),
        ("(e^x + e^y)^(1/2)/(e^x - e^z)^(1/2)", False),
        ("sin(x - y)*(z - x)^0", False),
    ],
)
def test_the_value_is_the_same(formula: str, beside: bool) -> None:
    expr = parse_text(formula).expr
    found = shifted(expr, LETTERS)
    assert found is not None
    assert found.beside == beside
    shift = Symbol("chainrule shift")
    with mpmath.workdps(40):
        env = {"x": mpmath.mpf("1.75"), "y": mpmath.mpf("0.5"), "z": mpmath.mpf("-0.625")}
        true = evaluate(expr, env)
        assert abs(evaluate(found.written(), env) - true) < 1e-30
        for value in ("0", "0.25", "-3"):
            at = evaluate(substitute(found.expr, {shift: parse_text(value).expr}), env)
            assert abs(at - true) < 1e-30


@pytest.mark.parametrize(
    "formula", ["e^x", "x*y", "e^x + x", "x^2 + y", "ln(x + y)", "e^x + e^y", "sin(x + y)", "x/y"]
)
def test_what_changes_otherwise_is_left_alone(formula: str) -> None:
    assert shifted(parse_text(formula).expr, LETTERS) is None
