"""Verdicts: right claims are proved or checked, planted errors are found, nothing is overstated."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

from chainrule.differentiate.derivation import Step
from chainrule.expr import catalogue
from chainrule.expr.nodes import Expr, Number, Symbol, Unknown, call
from chainrule.parsing.definitions import definition, expand_all
from chainrule.parsing.formula import parse_text
from chainrule.verify.check import derivative, equal, verify_steps
from chainrule.verify.verdict import Verdict
from oracle import evaluate

X, Y, A = Symbol("x"), Symbol("y"), Symbol("a")


def parse(text: str) -> Expr:
    return parse_text(text).expr


def check(f: str, claimed: str, **orders: int) -> Verdict:
    by = {Symbol(name): order for name, order in (orders or {"x": 1}).items()}
    return derivative(parse(f), parse(claimed), by)


@pytest.mark.parametrize(
    ("f", "claimed", "orders"),
    [
        ("1/(1+exp(-x))", "exp(-x)/(1+exp(-x))^2", {"x": 1}),
        ("x^x", "x^x*(log(x)+1)", {"x": 1}),
        ("asin(x)", "1/sqrt(1-x^2)", {"x": 1}),
        ("log(log(x))", "1/(x*log(x))", {"x": 1}),
        ("sqrt(x-100)", "1/(2*sqrt(x-100))", {"x": 1}),
        ("sigmoid(x)", "sigmoid(x)*(1-sigmoid(x))*(1-2*sigmoid(x))", {"x": 2}),
        ("sin(x*y)", "cos(x*y) - x*y*sin(x*y)", {"x": 1, "y": 1}),
        ("abs(x)", "sign(x)", {"x": 1}),
        ("max(0, x)", "heaviside(x)", {"x": 1}),
        ("{x > 0: x, else: a*(exp(x)-1)}", "{x > 0: 1, else: a*exp(x)}", {"x": 1}),
        ("x^5", "120", {"x": 5}),
        ("5", "0", {"x": 1}),
        ("a*x", "x", {"a": 1}),
    ],
)
def test_derivatives_that_are_right(f, claimed, orders):
    verdict = check(f, claimed, **orders)
    assert verdict.word == "checked"
    assert verdict.points >= 4
    assert verdict.digits >= 25


@pytest.mark.parametrize(
    ("f", "claimed"),
    [
        # a sign, a factor, an exponent, the inner derivative
        ("1/(1+exp(-x))", "-exp(-x)/(1+exp(-x))^2"),
        ("sin(2*x)", "cos(2*x)"),
        ("x^3", "3*x^3"),
        ("exp(-x)", "exp(-x)"),
        # a relative error of 10^-20
        ("exp(x)", "exp(x)*(1 + 10^(-20))"),
        # far out only
        ("exp(x)", "{x > 100: 2*exp(x), else: exp(x)}"),
        ("tanh(x)", "{x > 600: 0, else: 1 - tanh(x)^2}"),
        # in one branch only, a narrow one too
        ("{x > 0: x, else: a*(exp(x)-1)}", "{x > 0: 1, else: exp(x)}"),
        ("x^2", "{100 < x < 101: 0, else: 2*x}"),
        ("x^2", "{0 < x < 1/500: 0, else: 2*x}"),
        ("hardswish(x)", "{x < -3: 0, x > 3: 1, else: (2*x + 2)/6}"),
        # in a tiny domain
        ("sqrt(x - 100)", "1/sqrt(x - 100)"),
        ("asin(x/1000000)", "1/sqrt(10^12 - x^2) + 10^(-30)"),
        # a parameter
        ("a*x", "x"),
        ("log(x)", "1/(x + 10^(-25))"),
    ],
)
def test_planted_errors_are_found(f, claimed):
    verdict = check(f, claimed)
    assert verdict.word == "wrong"
    assert verdict.counterexample is not None
    assert verdict.counterexample.left != verdict.counterexample.right


def test_the_counterexample_is_a_simple_point_with_true_values():
    verdict = check("sin(2*x)", "cos(2*x)")
    found = verdict.counterexample
    assert found is not None
    assert found.point == {"x": "1"}
    assert found.left.startswith("-0.832293673")
    assert found.right.startswith("-0.416146836")
    assert verdict.sentence() == f"wrong at x = 1: {found.left} against {found.right}"


def test_a_tiny_difference_is_shown_with_as_many_digits_as_it_takes():
    found = check("exp(x)", "exp(x)*(1 + 10^(-20))").counterexample
    assert found is not None
    assert found.left[:12] == found.right[:12]
    assert found.left != found.right


@pytest.mark.parametrize(
    ("f", "claimed", "because"),
    [
        ("log(-1 - x^2)", "1", "no point was found"),
        ("floor(log(-1 - x^2))", "0", "no point was found"),
        ("x", "log(-1 - x^2)", "not defined where the left side is"),
    ],
)
def test_what_cannot_be_checked_says_why(f, claimed, because):
    verdict = check(f, claimed)
    assert verdict.word == "not checked"
    assert because in verdict.sentence()


def test_identities():
    assert equal(parse("sigmoid(x)*(1-sigmoid(x))"), parse("exp(-x)/(1+exp(-x))^2")).sentence() == (
        "proved as an identity between rational functions of e^(-x)"
    )
    gamma = equal(parse("gamma(x+1)"), parse("x*gamma(x)"))
    assert gamma.word == "checked"
    assert gamma.digits >= 30
    assert equal(parse("gamma(x+1)"), parse("x*gamma(x) + 10^(-25)")).word == "wrong"
    assert equal(parse("sin(x)"), parse("sin(x)")).sentence() == (
        "proved as both sides are the same"
    )
    # Far out 1 − tanh² needs thousands of bits.
    assert equal(parse("gamma(x)*(1-tanh(x)^2)"), parse("gamma(x+1)/(x*cosh(x)^2)")).word == (
        "checked"
    )
    # Zero against what cannot be told from zero.
    assert equal(parse("gamma(x+1) - x*gamma(x)"), parse("0")).word == "checked"


def test_conditions_and_ranges():
    assert equal(parse("gamma(abs(x))"), parse("gamma(x)")).word == "wrong"
    positive = parse("{x > 0: 1}").args[1]
    assert equal(parse("gamma(abs(x))"), parse("gamma(x)"), condition=positive).holds
    far = equal(parse("gamma(x+1)"), parse("x*gamma(x)"), ranges={X: (Fraction(2), Fraction(3))})
    assert far.interval is not None
    assert 2 <= float(far.interval[0]) < float(far.interval[1]) <= 3


def test_an_output_stands_for_its_formula():
    sigma = parse("1/(1+exp(-x))")
    slope = parse("exp(-x)/(1+exp(-x))^2")
    assert equal(Y * (1 - Y), slope, where={Y: sigma}).word == "proved"
    assert equal(Y * (1 + Y), slope, where={Y: sigma}).word == "wrong"


def test_unknown_functions_are_checked_with_samples():
    right = check("f(g(x))", "f'(g(x))*g'(x)")
    assert right.word == "checked"
    assert right.sentence().endswith("with sample functions in place of f, g")
    assert check("f(g(x))", "f'(x)*g'(x)").word == "wrong"
    assert check("f(x)/g(x)", "(f'(x)*g(x) - f(x)*g'(x))/g(x)^2").word == "checked"
    assert check("f(x)/g(x)", "(f(x)*g'(x) - f'(x)*g(x))/g(x)^2").word == "wrong"


# --- whole derivations ---------------------------------------------------------------------------
def steps_of_the_sigmoid() -> tuple[Expr, list[Step]]:
    f = parse("1/(1+exp(-x))")
    m, slope = parse("1+exp(-x)"), parse("exp(-x)/(1+exp(-x))^2")
    return f, [
        Step("derivative", "elementary", call("exp", -X), -call("exp", -X), X),
        Step("derivative", "sum", m, -call("exp", -X), X),
        Step("derivative", "reciprocal", f, slope, X),
        Step("rewriting", "power", slope, m**-2 * call("exp", -X), X),
        Step("solving", "solve", m, 1 / Y, X, output=Y),
        Step("solving", "solve", call("exp", -X), 1 / Y - 1, X, output=Y),
        Step("rewriting", "expand", Y**2 * (1 / Y - 1), Y - Y**2, X),
    ]


def test_every_step_of_a_derivation_gets_a_verdict():
    f, steps = steps_of_the_sigmoid()
    verdicts = verify_steps(f, steps)
    assert list(verdicts) == steps
    assert [verdicts[step].word for step in steps] == ["checked"] * 3 + ["proved"] * 4


@pytest.mark.parametrize("number", range(7))
def test_a_wrong_step_among_right_ones(number):
    f, steps = steps_of_the_sigmoid()
    bad = steps[number]
    steps[number] = Step(
        bad.kind, bad.rule, bad.before, bad.after * (1 + Number(Fraction(1, 10**12))), X,
        output=bad.output,
    )  # fmt: skip
    verdicts = verify_steps(f, steps)
    assert [step for step in steps if verdicts[step].word == "wrong"] == [steps[number]]


def test_samples_of_functions_of_several_arguments_have_no_special_form():
    """Of a product g(x)·h(y), f times its mixed derivative would be f_x times f_y."""

    def f(*orders: int) -> Expr:
        return Unknown("f", orders, (X, Y))

    assert equal(f(0, 0) * f(1, 1), f(1, 0) * f(0, 1)).word == "wrong"
    assert equal(f(1, 0) + f(0, 1), f(0, 1) + f(1, 0)).holds


@pytest.mark.parametrize(
    ("applied", "word"),
    [("2*cos(x)*sin(x)", "checked"), ("sin(x)^2", "wrong"), ("log(-1 - x^2)", "checked")],
)
def test_what_is_shown_of_a_step_counts_where_it_is_wrong(applied, word):
    """It may be undefined where the derivative is not: √trunc(x) on the way."""
    step = Step("derivative", "power", parse("sin(x)^2"), parse("sin(2*x)"), X)
    shown = Step("derivative", "power", step.before, step.after, X, applied=parse(applied))
    assert verify_steps(step.before, [step])[step].word == "checked"
    found = verify_steps(shown.before, [shown])[shown]
    assert found.word == word
    assert (found.points > 0) == (word == "checked")


def test_steps_about_one_case_of_a_piecewise_function():
    f = parse("{x > 0: x, else: a*(exp(x)-1)}")
    good = Step("solving", "solve", call("exp", X), Y / A + 1, X, output=Y)
    bad = Step("solving", "solve", call("exp", X), Y / A - 1, X, output=Y)
    whole = Step(
        "rewriting", "output-form", parse("{x > 0: 1, else: a*exp(x)}"),
        parse("{x > 0: 1, else: a + y}"), X, output=Y,
    )  # fmt: skip
    wrong = Step(
        "rewriting", "output-form", parse("{x > 0: 1, else: a*exp(x)}"),
        parse("{x > 0: 1, else: a - y}"), X, output=Y,
    )  # fmt: skip
    verdicts = verify_steps(f, [good, bad, whole, wrong])
    assert [verdict.word for verdict in verdicts.values()] == ["proved", "wrong", "proved", "wrong"]


@pytest.mark.parametrize("name", sorted(catalogue.BY_NAME))
def test_slopes_by_central_differences_pass_the_same_test(name):
    """The truth that claims are compared with, against mpmath, over the whole catalogue."""
    from chainrule.verify.series import truth

    known = definition(name)
    f, variable = expand_all(known.expr), known.arguments[0]
    seen = 0
    for n in (-1300, -333, 217, 700, 1450):
        values = {
            symbol: Fraction(n, 1024) if symbol is variable else Fraction(5, 8)
            for symbol in known.symbols
        }
        slope = truth(known.expr, {variable: 1}, values, 200)
        if slope is None:
            continue
        with mpmath.workdps(60):
            env = {s.name: mpmath.mpf(v.numerator) / v.denominator for s, v in values.items()}
            h = mpmath.mpf(10) ** -20
            low, high = (
                evaluate(f, {**env, variable.name: env[variable.name] + t}) for t in (-h, h)
            )
            got = mpmath.mpf(slope.mid().str(50, radius=False))
            assert abs((high - low) / (2 * h) - got) < mpmath.mpf(10) ** -25 * max(1, abs(got))
        seen += 1
    assert seen >= 1
