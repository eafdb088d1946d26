"""Derivatives as one fraction in one exponential, and as squares of such."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import mpmath
import pytest

import chainrule
from chainrule.expr.nodes import Call, Expr, Symbol, postorder
from chainrule.forms.candidates.exponentials import exponential_fractions, fractions_of_one_argument
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


def by_tanh(x: mpmath.mpf) -> mpmath.mpf:
    """GELU by tanh."""
    inner = mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3)
    return x / 2 * (1 + mpmath.tanh(inner))


OF_ONE_ARGUMENT: dict[str, Callable[[mpmath.mpf], mpmath.mpf]] = {
    "gelu_tanh": by_tanh,
    "x*sigmoid(1.702x)": lambda x: x / (1 + mpmath.exp(-mpmath.mpf("1.702") * x)),
    "x*sigmoid(-a*x)": lambda x: x / (1 + mpmath.exp(2 * x)),
    "x*tanh(x)": lambda x: x * mpmath.tanh(x),
    "x^2*sinh(a*x)": lambda x: x**2 * mpmath.sinh(2 * x),
    "1/(1 + e^(x^2 - x))": lambda x: 1 / (1 + mpmath.exp(x**2 - x)),
}
"""Functions once more, with a = 2."""


@pytest.mark.parametrize("formula", OF_ONE_ARGUMENT)
def test_any_one_argument(formula: str) -> None:
    """One exponential, of which nothing overflows, on both sides."""
    derivation = chainrule.derive(formula)
    x, a = derivation.variable, Symbol("a")
    found = fractions_of_one_argument(derivation.derivative, x)
    assert FRACTION in found
    for form in found.values():
        calls = {node for node in postorder(form) if isinstance(node, Call)}
        assert sum(node.name == "exp" for node in calls) == 1
        assert {node.name for node in calls} <= {"exp", "abs"}
        for place in ("-5.25", "-0.5", "0", "0.75", "4"):
            value = decimal(form, {x: Fraction(place), a: Fraction(2)}, digits=30)
            assert value is not None
            with mpmath.workdps(40):
                digits = mpmath.mpf(value.text.rstrip("…").replace("−", "-"))
                exact = mpmath.diff(OF_ONE_ARGUMENT[formula], mpmath.mpf(place))
                assert abs(digits - exact) <= 1e-13 * abs(exact) + 1e-25


@pytest.mark.parametrize(
    "formula",
    [
        "gelu",
        "softsign",
        "e^x + e^(x^2)",
        "sin(x)",
        "x*tanh(e^x)",
        "e^x*log(x, 3)",
        "e^x/atan2(x, 2)",
    ],
)
def test_not_of_one_argument(formula: str) -> None:
    derivation = chainrule.derive(formula)
    assert not fractions_of_one_argument(derivation.derivative, derivation.variable)


@pytest.mark.parametrize("number", ["sqrt(-2)", "1/ln(1)", "tan(pi/2)", "10^400", "e^1000"])
@pytest.mark.parametrize("formula", ["tanh(3x)*{}", "{}/(1 + e^(2x/7))", "e^(x*{})/x"])
def test_numbers_that_no_double_holds(formula: str, number: str) -> None:
    derivation = chainrule.derive(formula.format(number))
    assert not fractions_of_one_argument(derivation.derivative, derivation.variable)


def test_gelu_by_tanh_takes_one_exponential() -> None:
    """Its argument, a cubic with a square root for a factor, is positive or negative."""
    code = chainrule.code("gelu_tanh", target="numba")
    gradient = code[code.index("def _slope(") : code.index("def _slope_at(")]
    assert gradient.count("_decay(") == 1
    assert "_exp" not in gradient
