"""The output form: what is expected of well known functions, and that it is always true."""

from __future__ import annotations

from itertools import pairwise

import pytest

import chainrule
from chainrule.expr.nodes import substitute
from chainrule.verify.check import equal

EXPECTED = [
    ("1/(1+e^-x)", "y*(1-y)"),
    ("(1+e^{-x})^{-1}", "y*(1-y)"),
    ("e^x/(1+e^x)", "y*(1-y)"),
    ("tanh(x)", "1-y^2"),
    ("(e^x-e^-x)/(e^x+e^-x)", "1-y^2"),
    ("ln(1+e^x)", "1-e^(-y)"),
    ("a*(e^x-1)", "y+a"),
    ("e^x", "y"),
    ("ln(x)", "e^(-y)"),
    ("tan(x)", "1+y^2"),
    ("cot(x)", "-(1+y^2)"),
    ("arctan(x)", "cos(y)^2"),
    ("arcsin(x)", "1/cos(y)"),
    ("arccos(x)", "-1/sin(y)"),
    ("x/(1+|x|)", "(1-|y|)^2"),
    ("sqrt(x)", "1/(2y)"),
    ("1/x", "-y^2"),
    ("x/(1+e^-x)", "y*(1+x-y)/x"),
    ("x*sigmoid(x)", "y*(1+x-y)/x"),
    ("e^(-x^2)", "-2x*y"),
    ("-ln(1+e^-x)", "1-e^y"),
    ("ln(1/(1+e^-x))", "1-e^y"),
    ("x^x", "y*(1+ln(x))"),
    ("a/(1+e^(-(b x+c)))+d", "b*(y-d)*(a+d-y)/a"),
    ("a*sigmoid(b*x+c)+d", "b*(y-d)*(a+d-y)/a"),
    ("a^x", "y*ln(a)"),
    ("2^x", "y*ln(2)"),
    ("10^normcdf(x)", "y*ln(10)*normpdf(x)"),
    ("(x+1)/(x-1)", "-(1-y)^2/2"),
    ("e^(e^x)", "y*ln(y)"),
    ("sinh(x)", "sqrt(1+y^2)"),
    ("arsinh(x)", "1/cosh(y)"),
    ("sigmoid(x)^2", "2*y*(1-sqrt(y))"),
    ("1-e^(-e^x)", "-(1-y)*ln(1-y)"),
    ("e^(2x)", "2y"),
    ("ln(x)/ln(10)", "e^(-y*ln(10))/ln(10)"),
    ("(x+sqrt(x^2+b))/2", "4y^2/(b+4y^2)"),
    ("2*sigmoid(x)-1", "(1-y^2)/2"),
    ("x-tanh(x)", "(x-y)^2"),
    ("sign(x)*ln(1+|x|)", "e^(-|y|)"),
    ("x/sqrt(1+x^2)", "(1-y^2)^(3/2)"),
    ("sin(x)/(1+cos(x))", "(1+y^2)/2"),
    ("ln(x+sqrt(1+x^2))", "2/(e^y+e^-y)"),
    ("sqrt(x)/(1+sqrt(x))", "(1-y)^3/(2y)"),
    ("x+sqrt(x)", "1+(1+sqrt(1+4y))/(4y)"),
    ("sin(x)/x", "(cos(x)-y)/x"),
    ("1/(1+x^2)", "-2x*y^2"),
    ("1/sqrt(1+x^2)", "-x*y^3"),
    ("ln(1+x^2)", "2x*e^(-y)"),
    ("(1+x^2)^3", "6x*y^(2/3)"),
]


@pytest.mark.parametrize(("formula", "expected"), EXPECTED)
def test_expected_forms(formula: str, expected: str) -> None:
    derivation = chainrule.derive(formula)
    form = derivation.output_form
    assert form is not None
    wanted = substitute(chainrule.parse(expected), {chainrule.parse("y"): form.output})
    assert equal(form.expr, wanted).holds
    assert str(form.output) in str(form.expr)
    needs_x = "x" in expected.replace("exp", "")
    assert form.needs_variable == needs_x


def test_second_derivative_of_the_sigmoid() -> None:
    form = chainrule.derive("sigmoid", order=2).output_form
    assert form is not None
    assert str(form.expr) == "sigma*(1 - sigma)*(1 - 2*sigma)"


def test_elu_case_by_case() -> None:
    form = chainrule.derive("elu").output_form
    assert form is not None
    assert str(form.expr) == "{x > 0: 1, x < 0: alpha + y}"


@pytest.mark.parametrize(
    "formula", ["x^2", "x^3 + x", "sin(x)", "x^2 e^x + sin(x)", "2x + 1", "(a^3 + b)*x^2"]
)
def test_none_where_there_is_none(formula: str) -> None:
    assert chainrule.derive(formula).output_form is None


def test_forms_of_the_catalogue_are_true() -> None:
    """Put back, every form equals the derivative; the verdicts say so."""
    from chainrule.expr.catalogue import CATALOGUE

    found = 0
    for entry in CATALOGUE:
        derivation = chainrule.derive(entry.name)
        if derivation.output_form is not None:
            found += 1
            claims = [step for step in derivation.steps if step.rule == "output-form"]
            assert claims
            assert all(derivation.verdicts[step].holds for step in claims), entry.name
    assert found > 60


@pytest.mark.parametrize("formula", ["sin(x)", "cosh(x)", "1/(e^x+e^-x)", "x^2", "sqrt(1+x^2)"])
def test_a_root_with_two_signs_is_no_form(formula: str) -> None:
    """y'^2 = 1 − y² for the sine, but cos x takes both signs."""
    form = chainrule.derive(formula).output_form
    assert form is None or form.needs_variable


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("x^2 e^x/(x sin x + 1)", ["divide-terms", "divide-terms", "factor"]),
        ("x tanh x", []),
        ("sin(x)/x", []),
    ],
)
def test_the_steps_to_a_form_lead_to_it(text: str, reasons: list[str]) -> None:
    form = chainrule.derive(text).output_form
    assert form is not None
    assert [step.rule for step in form.rewriting] == reasons
    for step, following in pairwise(form.rewriting):
        assert step.after is following.before
    if form.rewriting:
        assert form.rewriting[-1].after is form.expr
