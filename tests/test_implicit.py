"""Implicit differentiation, against SymPy's idiff."""

from __future__ import annotations

import pytest
import sympy

import chainrule
from chainrule.parsing.reader import parse
from chainrule.parsing.sympy_bridge import to_sympy

CURVES = [
    "x^2 + y^2 = 1",
    "x^3 + y^3 = 6x y",
    "y^2 = x^3 - x + 1",
    "sin(y) = x",
    "x*y = 1",
    "e^y + x*y = e",
    "sqrt(x) + sqrt(y) = 3",
    "ln(x*y) = x - y",
    "x^2/4 + y^2/9 = 1",
    "(x^2+y^2)^2 = x^2 - y^2",
]
VALUES = {"x": sympy.Rational(7, 10), "y": sympy.Rational(13, 10)}


def _at(expr: sympy.Expr) -> float:
    by_name = {s: VALUES[s.name] for s in expr.free_symbols}
    return float(expr.subs(by_name).evalf(30))


@pytest.mark.parametrize("curve", CURVES)
def test_first_derivative(curve: str) -> None:
    formula = parse(curve)
    assert formula.equals is not None
    left, right = to_sympy(formula.expr, evaluate=True), to_sympy(formula.equals, evaluate=True)
    found = {s.name: s for s in (left - right).free_symbols}
    truth = sympy.idiff(left - right, found["y"], found["x"])
    ours = chainrule.implicit(curve)
    assert _at(to_sympy(ours.derivative, evaluate=True)) == pytest.approx(_at(truth), rel=1e-12)
    assert ours.verdict.word == "checked"


@pytest.mark.parametrize(
    ("curve", "second"),
    [("x^2 + y^2 = 1", "-1/y^3"), ("x*y = 1", "2*y/x^2"), ("x^2/4 + y^2/9 = 1", "-81/(4*y^3)")],
)
def test_second_derivative(curve: str, second: str) -> None:
    derivation = chainrule.implicit(curve, order=2)
    assert derivation.verdict.word == "checked"
    assert str(derivation.derivative) == second


def test_other_letters() -> None:
    assert str(chainrule.implicit("p q = 5", wrt="p", of="q").derivative) == "-q/p"


@pytest.mark.parametrize("bad", ["x^2 + 1", "x^2 = 4", "x + y - y = 1", "a b c = 1"])
def test_what_has_no_slope_is_told(bad: str) -> None:
    with pytest.raises(chainrule.InputError):
        chainrule.implicit(bad)


def test_a_named_formula_is_an_equation_too() -> None:
    assert str(chainrule.implicit("x = f(y)").derivative) == "1/f'(y)"
    assert str(chainrule.implicit("y = x^3").derivative) == "3*x^2"


def test_of_y_and_another_letter_y_is_the_function() -> None:
    found = chainrule.implicit("y^2 + z^2 = 1")
    assert (found.label, str(found.derivative)) == ("dy/dz", "-z/y")
