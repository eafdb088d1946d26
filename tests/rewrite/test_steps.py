"""The value of a derivative where the function steps, by difference quotients of mpmath."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import mpmath
import pytest

import chainrule
from chainrule.expr.functions import STEPS
from chainrule.expr.nodes import Expr
from chainrule.parsing.definitions import expand_all
from oracle import evaluate

pytestmark = pytest.mark.filterwarnings("error::chainrule.errors.FaultWarning")

POINTS = [Fraction(n, 2) for n in range(-4, 5)]
FAR, NEAR = (mpmath.mpf(10) ** -n for n in (15, 25))

ARGUMENTS = [
    "x",
    "-x",
    "|x|",
    "-|x|",
    "x^2",
    "1 - x^2",
    "x/2 + 1/2",
    "sin(x)",
    "1 - cos(x)",
    "-e^(x^2)",
]
FORMS = [
    "x {}", "x cosh({})", "x^2 {}", "{} + x", "|x| {}", "x {} |x - 1|", "(x - 1) {}", "sin(x) {}",
    "{{x < 0: x {}, else: x}}", "{} x {}",
]  # fmt: skip


def derivative(function: Expr, at: Fraction, letters: dict[str, Any]) -> Any:
    """The limit of the difference quotients; ``None`` if there is none."""
    with mpmath.workdps(60):
        x = mpmath.mpf(at.numerator) / at.denominator

        def value(step: Any) -> Any:
            return evaluate(function, {**letters, "x": x + step})

        found = [(value(h) - value(0)) / h for h in (FAR, -FAR, NEAR, -NEAR)]
        settled = max(found) - min(found) < 1e-12 * max(1, *map(abs, found))
        return found[-1] if settled else None


def false_values(text: str, **letters: Any) -> list[str]:
    """Where the derivative has a value that is not the derivative, which exists."""
    function, found = expand_all(chainrule.parse(text)), expand_all(chainrule.diff(text, "x"))
    wrong = []
    for at in POINTS:
        right = derivative(function, at, letters)
        got = evaluate(found, {**letters, "x": mpmath.mpf(at.numerator) / at.denominator})
        if (
            right is not None
            and mpmath.isfinite(got)
            and not mpmath.almosteq(got, right, 1e-9, 1e-9)
        ):
            wrong.append(f"{found} at {at} is {got}, right is {right}")
    return wrong


KINDS = list(product(FORMS, sorted(STEPS), ARGUMENTS))


@pytest.mark.parametrize("form", FORMS)
def test_no_value_is_false(form: str) -> None:
    for other, name, argument in KINDS:
        if other == form:
            assert not false_values(form.format(*[f"{name}({argument})"] * 2))


@pytest.mark.parametrize("letter", ["a", "-a"])
@pytest.mark.parametrize(
    "text",
    [
        "x ceil(a|x|)",
        "x floor(|x| + a)",
        "x cosh(sign(x - a))",
        "x sign(a x)",
        "x floor(x) ceil(a x)",
    ],
)
def test_no_value_is_false_whatever_a_letter_is(text: str, letter: str) -> None:
    for value in (-2, -1, -0.5, 0, 0.5, 1, 2):
        assert not false_values(text.replace("a", f"({letter})", 1), a=mpmath.mpf(value))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("x ceil(|x|)", "{x != 0: ceil(|x|), else: 1}"),
        ("x cosh(sign(x))", "cosh(1)"),
        ("x cosh(sign(x - a))", "{x != a: cosh(1)}"),
        ("x ceil(a|x|)", "{x != 0: ceil(a*|x|)}"),
        ("x cosh(sign(sin x))", "{sin(x) != 0: cosh(sign(sin(x)))}"),
        ("x (floor(x) - ceil(x))", "{x != floor(x): floor(x) - ceil(x)}"),
        ("x ceil(|x|)|x - 3|", "{x != 0: ceil(|x|)*(|x - 3| + x*sign(x - 3)), else: 3}"),
        # Where nothing is divided by, the sign of what is never negative is 1.
        ("|x^2|/x", "1"),
        ("tanh(|x x|/(3x))", "(1 - tanh(x/3)^2)/3"),
        # Nothing is false here.
        ("x floor(x)", "floor(x)"),
        ("x floor(x) floor(x/2)", "floor(x)*floor(x/2)"),
        ("x round(x)", "round(x)"),
        ("x trunc(|x|)", "trunc(|x|)"),
        ("x floor(e^x)", "floor(e^x)"),
        ("arctan(cosh(e^trunc(x))) x", "atan(cosh(e^trunc(x)))"),
        ("x sign(x - a)", "sign(x - a)"),
        ("x sign(a x)", "sign(a*x)"),
        ("x ceil(|x - 1|) + |x|", "ceil(|x - 1|) + sign(x)"),
        ("sin(x)^2 heaviside(sin x)", "2*cos(x)*heaviside(sin(x))*sin(x)"),
    ],
)
def test_forms_are_as_plain_as_is_right(text: str, form: str) -> None:
    assert str(chainrule.diff(text, "x")) == form


def test_what_is_false_is_seen() -> None:
    function = chainrule.parse("x ceil(|x|)")
    assert derivative(function, Fraction(0), {}) == pytest.approx(1)
    assert derivative(function, Fraction(1), {}) is None


def test_no_derivative_is_said_to_exist_where_a_part_is_undefined() -> None:
    """(|u|/u⁻¹)² has a 0 in it at 0, and 1/0."""
    for text in ("cosh(|(u(-u)(|u|/u^(-1)))^2|)", "|u^2/u| u^2", "max(u/u, 0)"):
        assert not any(kink.exists for kink in chainrule.derive(text, "u").kinks)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("max(tanh(x), x)", "{tanh(x) < x: 1, tanh(x) > x: 1 - tanh(x)^2, x == 0: 1}"),
        ("max(e^(x - 1), x)", "{e^(x - 1) < x: 1, e^(x - 1) > x: e^(x - 1), x == 1: 1}"),
        (
            "min(x^2, 1 - cos(x)) x",
            "{x^2 < 1 - cos(x): 3*x^2, x^2 > 1 - cos(x): x*sin(x) + 1 - cos(x), x == 0: 0}",
        ),
        # Here they meet at an angle.
        ("max(x^2, sin(x))", "{x^2 < sin(x): cos(x), x^2 > sin(x): 2*x}"),
    ],
)
def test_a_point_where_two_formulas_touch_has_its_case(text: str, form: str) -> None:
    assert str(chainrule.diff(text)) == form
    assert not false_values(text)
