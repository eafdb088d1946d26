"""What a formula needs to be defined: the conditions, and that they are what decides it."""

from __future__ import annotations

from itertools import pairwise

import mpmath
import pytest

from chainrule.expr.nodes import Comparison
from chainrule.parsing.formula import parse_text
from chainrule.rewrite.demands import demands
from oracle import evaluate

# The formula and its conditions. Nothing is said of e^u, which is positive.
DEMANDS = [
    ("x^2 + sin(x)", ""),
    ("1/x", "x != 0"),
    ("1/(x^2*(x - 1))", "x != 0, x - 1 != 0"),
    ("1/|x - 2|", "x - 2 != 0"),
    ("1/(x^3*sqrt(x + 1))", "x != 0, x + 1 != 0, x + 1 > 0"),
    ("x/(e^x*(x + 3))", "x + 3 != 0"),
    ("x^(-2)", "x != 0"),
    ("x^(1/2)", "x >= 0"),
    ("x^(-1/2)", "x >= 0, x != 0"),
    ("x^(x + 1)", "x >= 0, x != 0"),
    ("x^3", ""),
    ("(e^x)^x", ""),
    ("ln(x - 1)", "x - 1 > 0"),
    ("ln(e^x)", ""),
    ("arcsin(x/3)", "-1 < x/3 < 1"),
    ("sqrt(x)*ln(x + 2)", "x > 0, x + 2 > 0"),
    ("arcosh(x)", "x > 1"),
]


@pytest.mark.parametrize(("formula", "conditions"), DEMANDS)
def test_what_is_needed(formula: str, conditions: str) -> None:
    found = demands(parse_text(formula).expr)
    assert {str(condition) for condition in found} == set(filter(None, conditions.split(", ")))


@pytest.mark.parametrize(("formula", "conditions"), DEMANDS)
def test_where_they_hold_and_nowhere_else_it_has_a_value(formula: str, conditions: str) -> None:
    expr = parse_text(formula).expr
    found = demands(expr)
    holding = set()
    for x in (-4.5, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4.5):
        env = {"x": mpmath.mpf(x)}
        try:
            value = evaluate(expr, env)
        except (ValueError, ZeroDivisionError):
            value = mpmath.nan
        defined = bool(isinstance(value, mpmath.mpf) and mpmath.isfinite(value))
        holds = all(_holds(condition, env) for condition in found)
        holding.add(holds)
        if holds:
            assert defined, x
        elif formula != "x^(x + 1)":  # (−3)^(−2) has a value, of a real exponent it would have none
            assert not defined or any(_on_the_edge(condition, env) for condition in found), x
    assert holding == ({True, False} if conditions else {True})


def _on_the_edge(condition: Comparison, env: dict[str, mpmath.mpf]) -> bool:
    """A root has a value at 0, but no slope."""
    values = [evaluate(arg, env) for arg in condition.args]
    return any(a == b for a, b in pairwise(values))


def _holds(condition: Comparison, env: dict[str, mpmath.mpf]) -> bool:
    values = [evaluate(arg, env) for arg in condition.args]
    tests = {"!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b}
    tests |= {">": lambda a, b: a > b, ">=": lambda a, b: a >= b}
    pairs = zip(condition.operators, values[:-1], values[1:], strict=True)
    return all(tests[operator](a, b) for operator, a, b in pairs)
