"""Every rule at work on formulas of its kind, against difference quotients of mpmath."""

from __future__ import annotations

import mpmath
import pytest

import chainrule
from chainrule.differentiate.rules import FLAT_FACTORS
from chainrule.expr.nodes import Symbol, postorder
from chainrule.parsing.definitions import expand_all
from oracle import evaluate

FACTORS = ("x", "sin(x)", "a", "e^x", "(x^2 + 1)", "cos(3*x)", "3", "(x - a)", "atan(x)", "x^3")
POINTS = ("-1.375", "0.625", "2.25")


def slope_and_derivative(formula: str, point: str) -> tuple[mpmath.mpf, mpmath.mpf]:
    """The slope by differences, and what the rules say before anything is simplified."""
    function = expand_all(chainrule.parse(formula))
    raw = expand_all(chainrule.diff(formula, "x", form="raw"))
    at = {"x": mpmath.mpf(point), "a": mpmath.mpf("0.8125")}
    slope = mpmath.diff(lambda x: evaluate(function, at | {"x": x}), at["x"])
    return slope, evaluate(raw, at)


@pytest.mark.parametrize("first", range(3))
@pytest.mark.parametrize("count", range(2, 3 * FLAT_FACTORS))
def test_a_product_of_any_number_of_factors(count: int, first: int) -> None:
    """Each factor has its turn, the first and the last too; constants among them."""
    formula = "*".join(FACTORS[(first + i) % len(FACTORS)] for i in range(count))
    with mpmath.workdps(30):
        for point in POINTS:
            slope, derivative = slope_and_derivative(formula, point)
            assert abs(slope - derivative) <= 1e-12 * (1 + abs(slope))


@pytest.mark.parametrize(
    "formula",
    [
        # one of each rule, and of what is special in it
        "x + sin(x) + a", "a + 2", "3*a*sin(x)", "2*3*x", "sin(x)/a", "a/(x^2 + 1)", "1/(x^2 + 1)",
        "sin(x)/(x^2 + 1)", "(x^2 + 1)^3", "(x^2 + 1)^(-2)", "(x^2 + 1)^a", "(x^2 + 1)^(1/2)",
        "(x^2 + 1)^2.5", "3^x", "a^(x^2)", "e^(a*x)", "(x^2 + 1)^sin(x)", "(x^2 + 2)^x",
        "atan2(x, x^2 + 1)", "atan2(a, x)", "atan2(x, a)", "max(x, a)", "min(x, x^2)", "max(x, 1)",
        "min(a, 2*x)", "log(x^2 + 2, 3)", "log(3, x^2 + 2)", "log(x^2 + 3, x^2 + 2)",
        "polygamma(1, x^2 + 1)", "sigmoid(a*x)", "elu(x, a)", "mish(x^2)",
        "{x < 0: x^2, x < 1: sin(x), else: a*x}",
    ],
)  # fmt: skip
def test_one_of_each_rule(formula: str) -> None:
    with mpmath.workdps(30):
        for point in POINTS:
            slope, derivative = slope_and_derivative(formula, point)
            assert abs(slope - derivative) <= 1e-12 * (1 + abs(slope))


def test_a_long_product_grows_with_its_factors() -> None:
    """Ten times as many factors, ten times as many nodes."""
    sizes = []
    for count in (20, 200):
        formula = "*".join(f"(x + {i})" for i in range(count))
        raw = chainrule.diff(formula, "x", form="raw")
        sizes.append(len(set(postorder(raw))))
    assert sizes[1] < 12 * sizes[0]
    assert Symbol("x") in set(postorder(raw))
