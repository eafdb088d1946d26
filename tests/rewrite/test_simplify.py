"""Simplification: what a teacher would write, always the same, always true."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import chainrule
from chainrule.expr.nodes import Expr, Number, Symbol, call
from chainrule.rewrite.simplify import simplify
from chainrule.verify.certified import decimal
from chainrule.verify.check import equal

X, A = Symbol("x"), Symbol("a")

TEACHER = [
    ("x^3", "3*x^2"),
    ("1/x", "-1/x^2"),
    ("sqrt(x)", "1/(2*sqrt(x))"),
    ("x^2 e^-x", "x*e^(-x)*(2 - x)"),
    ("x ln x - x", "ln(x)"),
    ("ln(cos x)", "-tan(x)"),
    ("ln(cosh x)", "tanh(x)"),
    ("sin(x)/cos(x)", "1/cos(x)^2"),
    ("x/sqrt(x^2+1)", "1/(x^2 + 1)^(3/2)"),
    ("arctan((1+x)/(1-x))", "1/(1 + x^2)"),
    ("(x+1)/(x-1)", "-2/(x - 1)^2"),
    ("ln(ln x)", "1/(x*ln(x))"),
    ("(e^x-e^-x)/(e^x+e^-x)", "4/(e^x + e^(-x))^2"),
    ("x/(1+|x|)", "1/(1 + |x|)^2"),
    ("sin(a x) e^(-a x)", "a*e^(-a*x)*(cos(a*x) - sin(a*x))"),
    ("x^a ln x", "x^(a - 1)*(a*ln(x) + 1)"),
    ("(x^2+1)^3 x", "(7*x^2 + 1)*(x^2 + 1)^2"),
    ("(1+x)^100000", "100000*(1 + x)^99999"),
    ("x*sigmoid(x)", "sigmoid(x)*(1 + x*(1 - sigmoid(x)))"),
    ("x^x", "x^x*(ln(x) + 1)"),
    ("0.5 x^2", "x"),
    ("0.1 x^3", "0.3*x^2"),
    ("softplus(x) - x*y", "sigmoid(x) - y"),
]


@pytest.mark.parametrize(("formula", "derivative"), TEACHER)
def test_as_a_teacher_would_write_it(formula: str, derivative: str) -> None:
    assert str(chainrule.diff(formula, "x")) == derivative


def expressions() -> st.SearchStrategy[Expr]:
    leaves = st.one_of(
        st.sampled_from([X, A]),
        st.integers(-3, 5).map(Number),
        st.just(Number(1) / 2),
        # x to the a, and with whole numbers in the exponent, once or twice.
        st.integers(-2, 2).map(lambda n: X ** (n + A)),
        st.tuples(*[st.integers(-2, 2).map(Number)] * 2).map(lambda n: X ** (n[0] - A + n[1])),
    )

    def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        pairs = st.tuples(inner, inner)
        return st.one_of(
            pairs.map(lambda p: p[0] + p[1]),
            pairs.map(lambda p: p[0] - p[1]),
            pairs.map(lambda p: p[0] * p[1]),
            pairs.map(lambda p: p[0] / (1 + p[1] ** 2)),
            st.tuples(inner, st.integers(-3, 4)).map(lambda p: p[0] ** p[1]),
            st.tuples(
                st.sampled_from(["exp", "sin", "cos", "tanh", "abs", "atan", "sinh"]), inner
            ).map(lambda p: call(p[0], p[1])),
            inner.map(lambda u: call("log", 1 + u**2)),
            inner.map(lambda u: call("sqrt", 1 + u**2)),
        )

    return st.recursive(leaves, grow, max_leaves=8)


def _simplified(expr: Expr) -> Expr:
    steps = simplify(expr, X)
    return steps[-1].after if steps else expr


def test_whole_numbers_in_an_exponent_are_added() -> None:
    """x·x^(n + 1) has two of them."""
    for text, simple in (
        ("x*x^(n + 1)", "x^(n + 2)"),
        ("x^(2 - n) - x*x^(1 - n)", "0"),
        ("x^(n + 2 - 2)/x^n", "1"),
    ):
        assert str(_simplified(chainrule.parse(text))) == simple
    [step] = simplify(chainrule.parse("x*x^(n + 1)"), X)
    # That "powers of e multiply by adding their exponents" is said of e alone.
    assert "same-base" in step.reasons
    assert "add-exponents" not in step.reasons


@pytest.mark.parametrize(
    ("formula", "simple"),
    [
        ("2x e^x + 4a x^2 e^x", "2*x*e^x*(1 + 2*a*x)"),
        ("6x y e^x + 4x y^2 e^x - 2x y", "2*x*y*(3*e^x + 2*y*e^x - 1)"),
        ("x e^x/2 + x^2 e^x/4", "x*e^x*(2 + x)/4"),
    ],
)
def test_what_terms_have_in_common_stands_in_front(formula: str, simple: str) -> None:
    assert str(_simplified(chainrule.parse(formula))) == simple


@pytest.mark.parametrize(
    ("formula", "simple"),
    [
        ("sin(x)^2/4 + cos(x)^2/4 + x", "x + 1/4"),
        ("3cosh(x)^2 - 3sinh(x)^2", "3"),
    ],
)
def test_an_identity_with_a_number_in_front(formula: str, simple: str) -> None:
    assert str(_simplified(chainrule.parse(formula))) == simple


@settings(max_examples=150)
@given(expressions())
def test_equal_and_idempotent(expr: Expr) -> None:
    # What divides by 0 wherever one looks has no simplest form.
    assume(any(decimal(expr, {X: x, A: 2}) for x in (1, 2, Fraction(1, 3))))
    result = _simplified(expr)
    assert equal(expr, result).word != "wrong"
    assert _simplified(result) is result


@settings(max_examples=100)
@given(expressions())
def test_derivatives_are_those_of_the_power_series(expr: Expr) -> None:
    derivation = chainrule.derive(expr, "x")
    wrong = [step for step, verdict in derivation.verdicts.items() if verdict.word == "wrong"]
    assert not wrong


def test_the_same_in_every_process() -> None:
    code = "import chainrule; print(chainrule.diff('sin(a x)*e^(b*x)/(x^2+c)'))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2, 3)
    }
    assert len(outputs) == 1
