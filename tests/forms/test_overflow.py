"""Forms for large arguments, and for waves that cancel: equal, and better where they are meant."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import mpmath
import numpy as np
import numpy.typing as npt
import pytest

import chainrule
from chainrule.expr.nodes import Expr, Symbol, symbols
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import format_named
from chainrule.floats.measure import Measured, measure
from chainrule.floats.truth import truth
from chainrule.forms.candidates.conjugates import conjugated, roots_conjugated
from chainrule.forms.candidates.overflow import (
    divided,
    for_large,
    halved,
    inverted,
    joined,
    large_apart,
    logarithms_apart,
    scaled_for_large,
    shrunk,
    terms_apart,
    without_growth,
)
from chainrule.program.lower import lower
from oracle import evaluate as evaluate_by_mpmath

X, C = Symbol("x"), Symbol("c")
DOUBLE = format_named("float64")
ONE_HALF = Fraction(1, 2)
HUGE = 10.0 ** np.linspace(160, 300, 300)
TINY = 10.0 ** -np.linspace(160, 323, 300)
ALL = np.concatenate([-np.geomspace(1e-3, 1e3, 200), np.geomspace(1e-3, 1e3, 200)])


def measured(exact: Expr, computed: Expr, values: npt.NDArray[np.float64]) -> Measured:
    program = lower([computed], [X, C], FUNCTIONS)
    [found] = evaluate(program, [values, np.asarray(0.5)], DOUBLE)
    return measure(values, found, truth(exact, X, values, {C: ONE_HALF}), DOUBLE)


@pytest.mark.parametrize(
    "formula",
    [
        "c^2*x/(x^2 + c^2)",
        "x/sqrt(1 + x^2/c^2)",
        "x*(x^2/c^2 + 1)^(c - 1)",
        "(1 - 2*c*x - x^2)/(x^2 + c^2)^2",
    ],
)
def test_squares_that_overflow(formula: str) -> None:
    expr = chainrule.parse(formula)
    better = for_large(expr, X)
    assert measured(expr, expr, HUGE).faults or measured(expr, expr, HUGE).largest > 1e10
    found = measured(expr, better, HUGE)
    assert not found.faults
    assert found.largest < 4
    # The same function elsewhere; c² + x² − … loses digits near a root.
    assert measured(expr, better, np.array([-700.0, -3.0, 0.25, 11.0])).largest < 8


@pytest.mark.parametrize(
    "formula", ["sqrt(x^2 + c^2)", "(x + sqrt(1 + x^2))/2", "ln(1 + x^2/c^2)", "c*ln(x^2 + 1) - 1"]
)
def test_roots_and_logarithms_of_squares_that_overflow(formula: str) -> None:
    expr = chainrule.parse(formula)
    assert measured(expr, expr, HUGE).faults
    for values in (HUGE, np.geomspace(0.1, 1e3, 200)):
        found = measured(expr, large_apart(expr, X), values)
        assert not found.faults
    assert measured(expr, large_apart(expr, X), HUGE).largest < 4


def test_results_next_to_the_smallest_numbers() -> None:
    expr = chainrule.parse("4*c*(2*atan(x) + 30)/(1 + x^2)")
    values = np.geomspace(1e153, 3e161, 300)
    assert measured(expr, for_large(expr, X), values).largest > 2
    assert measured(expr, scaled_for_large(expr, X, 64), values).largest < 2


@pytest.mark.parametrize("values", [HUGE * 1e8, TINY, -TINY])
def test_logarithms_of_what_underflows_or_overflows(values: npt.NDArray[np.float64]) -> None:
    expr = chainrule.parse("ln(x^2*4/(c*x)^2 + 1) + ln(2*x/(x*c^2))")
    apart = logarithms_apart(chainrule.parse("ln(2*x/(c*(x + c)))"))
    exact = chainrule.parse("ln(2*x/(c*(x + c)))")
    values = np.abs(values)
    found = measured(exact, apart, values)
    assert not found.faults
    assert found.largest < 1e4
    assert logarithms_apart(expr) is not expr


def test_sums_that_overflow_before_they_are_divided() -> None:
    expr = chainrule.parse("(x + |x|)/4")
    values = np.geomspace(1e308, 1.7e308, 20)
    assert measured(expr, expr, values).not_finite == 20
    assert not measured(expr, terms_apart(expr), values).faults


def test_arctangents_that_cancel_with_half_of_pi() -> None:
    expr = chainrule.parse("1/2 - atan(x)/pi")
    assert measured(expr, expr, HUGE).faults
    found = measured(expr, inverted(expr), HUGE)
    assert not found.faults
    assert found.largest < 4


def test_exponentials_stand_in_front() -> None:
    """3x·e^x is −∞·0 at −10^308."""
    expr = chainrule.parse("3*x*e^x")
    values = -np.geomspace(7e307, 1.7e308, 20)
    assert measured(expr, expr, values).not_finite
    assert not measured(expr, joined(expr), values).faults


def test_powers_in_halves() -> None:
    expr = chainrule.parse("x^(-3*c)*x^3")
    values = np.geomspace(1e-300, 1e-210, 50)
    assert measured(expr, expr, values).not_finite
    assert not measured(expr, halved(expr), values).faults


@pytest.mark.parametrize(
    "formula", ["1 + sin(x)", "cos(x) - 1", "1 + 2*sin(x)*cos(x)", "c*sin(x)/c - 1"]
)
def test_waves_that_cancel(formula: str) -> None:
    expr = chainrule.parse(formula)
    values = np.sort(10.0 ** np.random.default_rng(4).uniform(0, 300, 4_000))
    assert measured(expr, expr, values).largest > 1e3
    found = measured(expr, conjugated(expr, X), values)
    assert found.largest < 5
    assert not found.faults


def test_conjugates_are_not_taken_of_everything() -> None:
    for formula in ("x + sin(x)", "sin(x) + cos(x)", "1 + x"):
        expr = chainrule.parse(formula)
        assert conjugated(expr, X) is expr


def test_shrunk_multiples_are_the_same() -> None:
    expr = chainrule.parse("sin(30*x) + cos(c*x)*x")
    other = shrunk(expr, X, 64)
    assert other is not expr
    for values in (ALL, HUGE):
        programs = [lower([one], [X, C], FUNCTIONS) for one in (expr, other)]
        [[a], [b]] = [evaluate(p, [values, np.asarray(0.5)], DOUBLE) for p in programs]
        assert np.array_equal(a, b)


@pytest.mark.parametrize(
    ("formula", "conjugate"),
    [
        ("(sqrt(x^2 + c) - x)/2", "c/(sqrt(x^2 + c) + x)/2"),
        ("1 - x/sqrt(1 + x^2)", "1/(1 + x^2)/(x/sqrt(1 + x^2) + 1)"),
        ("sqrt(x^2 + 1) - 1", "x^2/(sqrt(x^2 + 1) + 1)"),
        ("sqrt(x + 1) - sqrt(x)", "1/(sqrt(x + 1) + sqrt(x))"),
        ("sqrt(x + 1) - 2*sqrt(x) + sqrt(c)", "sqrt(x + 1) - 2*sqrt(x) + sqrt(c)"),
    ],
)
def test_roots_that_cancel(formula: str, conjugate: str) -> None:
    assert str(roots_conjugated(chainrule.parse(formula))) == conjugate


FORMS: dict[str, Callable[[Expr], Expr]] = {
    "large": lambda expr: for_large(expr, X),
    "large apart": lambda expr: large_apart(expr, X),
    "scaled": lambda expr: scaled_for_large(expr, X, 64),
    "logarithms": logarithms_apart,
    "without growth": lambda expr: without_growth(expr, lambda u: X in symbols(u)),
    **{form.__name__: form for form in (divided, halved, inverted, joined, terms_apart)},
}
ALIKE = [
    "3*x*c*(x + c)*(x + 1)/(2*(x + 2))",
    "-x*c*(x + c)*(x - 1)*(x + 3)/(c*x^2)",
    "-5/(x^2*(x^2 + c)*(x + 7))",
    "x*(x + 1)/(c*(x + 2)*(x + 3)*x^4)",
    "x^3*(x + 1)*c/(x + 1)^2",
    "(x^2 + c*x + 1)^(2*c)/(x^2 + c)",
    "sqrt(x^4 + c)/(x*sqrt(x^2 + 1))",
    "ln(x^2*c/(x^2 + 1)) - ln(3/(x^2*c))",
    "1/2 - atan(x)/pi + atan(c*x)",
    "3*c*x*e^(c*x)*x^2",
    "-2*e^x*e^(c*x)*(x + 1)/(x^2 + 1)",
    "(e^x + c*e^(2*x) + 1)/(e^x*(1 + c))",
    "c*e^x/(e^x + e^(-x))",
    "(e^x*(x^2 + 1))^c*e^x",
    "x^4*(x^2)^c/(x^2 + 1)",
    "(x + |x| + c)/4 - (x - c)/8",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("formula", ALIKE)
def test_every_form_is_the_same_function(formula: str, form: str) -> None:
    expr = chainrule.parse(formula)
    other = FORMS[form](expr)
    with mpmath.workdps(40):
        # The arctangents are inverted for positive arguments.
        for x in (0.75, 2.5) if form == "inverted" else (-3.25, -0.5, 0.75, 2.5):
            env = {"x": mpmath.mpf(x), "c": mpmath.mpf("0.7")}
            right = evaluate_by_mpmath(expr, env)
            if mpmath.isfinite(right) and not mpmath.im(right):
                assert mpmath.almosteq(evaluate_by_mpmath(other, env), right, 1e-30, 1e-30), x
