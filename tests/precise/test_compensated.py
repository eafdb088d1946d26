"""Twice the precision: what cancels, measured against ball arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

import chainrule
from chainrule.expr.nodes import Expr, Number, Symbol
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import format_named
from chainrule.floats.measure import Measured, measure
from chainrule.floats.truth import truth
from chainrule.precise.compensated import compensated, polynomial_near
from chainrule.precise.double_word import split_number
from chainrule.precise.scaled import lifted
from chainrule.program.lower import lower

X = Symbol("x")
DOUBLE, SINGLE = format_named("float64"), format_named("float32")
EVERYDAY = np.sort(np.random.default_rng(1).uniform(-30, 30, 400))
NEXT_TO = np.arange(-200, 200) * 2.0**-52


def measured(
    exact: Expr, computed: Expr, values: npt.NDArray[np.float64], terms: int = 0
) -> Measured:
    fmt = DOUBLE if terms >= 0 else SINGLE
    values = values.astype(fmt.dtype)
    [found] = evaluate(lower([computed], [X], FUNCTIONS), [values], fmt)
    return measure(values, found, truth(exact, X, values, {}), fmt)


@pytest.mark.parametrize(
    ("formula", "values"),
    [
        ("x^2 - 2", 2**0.5 + NEXT_TO),
        ("1/3 - x", 1 / 3 + NEXT_TO),
        ("sqrt(1 + x^2) - x", 100 * np.abs(EVERYDAY)),
        ("(x - 1)^3 - x^3 + 3x^2", EVERYDAY),
        ("max(x, 1/3) - min(x, 1/3) - |x|", EVERYDAY),
        ("{x < 1/3: x - 1/3, else: 2/3 - x}", 1 / 3 + NEXT_TO / 2),
        ("(x^2 - 1/9)/(x - 1/3)", 1 / 3 + NEXT_TO),
    ],
)
def test_arithmetic(formula: str, values: npt.NDArray[np.float64]) -> None:
    expr = chainrule.parse(formula)
    found = measured(expr, compensated(expr, 53), values)
    assert found.largest < 0.7
    assert not found.faults


@pytest.mark.parametrize(
    ("formula", "values"),
    [
        ("e^x - 1 - x - x^2/2", EVERYDAY / 100),
        ("x ln(x) - 1/3", np.abs(EVERYDAY)),
        ("ln(1 + e^x) - x", EVERYDAY),
        ("expm1(x) - x", EVERYDAY / 30),
        ("log1p(x) - x", np.abs(EVERYDAY)),
        ("1 - tanh(x)", EVERYDAY / 2),
        ("sinh(x) - x", EVERYDAY / 30),
        ("cosh(x) - 1", EVERYDAY / 30),
        ("x^x - 1", np.abs(EVERYDAY)),
        ("sin(x) - x", EVERYDAY),
        ("cos(x) - 1", EVERYDAY),
        ("tan(x) - x", EVERYDAY),
        ("atan(x) - 1", EVERYDAY / 10),
        ("sin(x) - 1/2", 1000 * EVERYDAY),
        ("erfc(x)", EVERYDAY * 26 / 30),
        ("erf(x)", EVERYDAY / 5),
        ("erf(x)", EVERYDAY / 500),
        # The exponential of a square is off by the square times what the root is off.
        ("e^(erfinv(2x - 1)^2)", 10 ** (-np.abs(EVERYDAY))),
        # Next to the zero of the derivative of SiLU.
        ("1/(1 + e^-x) + x e^-x/(1 + e^-x)^2", -1.2784645427610737 + NEXT_TO),
    ],
)
def test_functions(formula: str, values: npt.NDArray[np.float64]) -> None:
    expr = chainrule.parse(formula)
    found = measured(expr, compensated(expr, 53, 7), values)
    assert found.largest < 0.6
    assert not found.faults


FAR_BELOW = np.linspace(-746, -600, 700)


@pytest.mark.parametrize(
    ("formula", "values", "before"),
    [
        ("e^x + x e^x", FAR_BELOW, 100),
        ("erfc(-x/sqrt(2))/2 + x e^(-x^2/2)/sqrt(2 pi)", FAR_BELOW / 19.3, 2),
        ("tanh(e^x) + x e^x/cosh(e^x)^2", FAR_BELOW, 100),
        ("erf(ln(1 + e^x)) + x e^x", FAR_BELOW, 100),
        ("x/(1 + e^(-x))", FAR_BELOW, 1),
        ("{x < -650: x e^x, else: e^x}", FAR_BELOW, 100),
        ("x^2/(1 + e^(-x))^2", FAR_BELOW / 2, 1000),
    ],
)
def test_small_numbers_are_scaled(
    formula: str, values: npt.NDArray[np.float64], before: float
) -> None:
    expr = chainrule.parse(formula)
    scaled = lifted(expr, 53, 7, 106)
    assert scaled is not None
    found = measured(expr, scaled, values, 7)
    # Rounded to twice: to the format, and to what a subnormal number can hold.
    assert found.largest <= 1.01
    assert not found.faults
    plain = measured(expr, compensated(expr, 53, 7), values, 7)
    assert plain.faults or plain.largest > before


def test_large_numbers_are_scaled() -> None:
    """The root of 2π times an exponential that is next to the largest number."""
    expr = chainrule.parse("sqrt(2 pi)*e^x")
    values = np.linspace(705, 708.85, 300)
    scaled = lifted(expr, 53, 7, -106)
    assert scaled is not None
    found = measured(expr, scaled, values, 7)
    assert found.largest < 0.6
    assert not found.faults


def test_what_is_not_small_is_not_scaled() -> None:
    assert lifted(chainrule.parse("1 + e^x"), 53, 7, 106) is None
    assert lifted(chainrule.parse("x^2 + 1/x"), 53, 7, 106) is None


def test_the_sine_of_a_multiple_far_out() -> None:
    """30x is no number of the format, and is rounded by more than a turn."""
    expr = chainrule.parse("sin(30x)")
    values = np.sort(10.0 ** np.random.default_rng(2).uniform(6.5, 290, 600))
    assert measured(expr, compensated(expr, 53, 7), values, 7).largest > 1e9
    found = measured(expr, compensated(expr, 53, 7, far=True), values, 7)
    assert found.largest < 0.6
    assert not found.faults


def test_functions_of_the_library_get_the_whole_argument() -> None:
    """The square is rounded by up to half an ULP, which e^{−x²} multiplies by x²."""
    expr = chainrule.parse("e^(-x^2)")
    values = np.linspace(10, 26, 300)
    assert measured(expr, expr, values).largest > 20
    assert measured(expr, compensated(expr, 53), values).largest < 1.2


def test_float32() -> None:
    expr = chainrule.parse("x^2 - 2")
    values = (np.float32(2**0.5) + np.arange(-50, 50) * 2.0**-23).astype(np.float64)
    assert measured(expr, compensated(expr, 24), values, -1).largest < 0.6


def test_a_polynomial_next_to_its_zero() -> None:
    """ln 2 is no number of the format: what is next to it differs from it by less than its ULP."""
    exact = Fraction("0.69314718055994530941723212145817656807550013436025525412068000949339362")
    # 1 − e^{−t} with t = x − ln 2.
    coefficients = [Fraction((-1) ** n, _factorial(n + 1)) for n in range(12)]
    found = polynomial_near(X, exact, coefficients, 53)
    expr = chainrule.parse("1 - 2*e^(-x)")
    values = float(np.log(2)) + np.concatenate([NEXT_TO, NEXT_TO * 2.0**40])
    assert measured(expr, found, values).largest < 1


def _factorial(n: int) -> int:
    return 1 if n < 2 else n * _factorial(n - 1)


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(-7, 10**30), Fraction(2**60 + 1)])
@pytest.mark.parametrize("significand", [24, 53])
def test_numbers_in_two_parts(value: Fraction, significand: int) -> None:
    high, low = split_number(value, significand)
    assert isinstance(high, Number)
    assert isinstance(low, Number)
    off = value - Fraction(high.value) - Fraction(low.value)
    assert abs(off) <= abs(value) * Fraction(1, 2 ** (2 * significand))
    assert Fraction(float(high.value)) == high.value
