"""Digits that are printed are digits of the number: against mpmath, and at the edges."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.expr.nodes import Expr, Number, Symbol
from chainrule.parsing.formula import parse_text
from chainrule.verify.certified import decimal, exact_decimal

X = Symbol("x")


def parse(text: str) -> Expr:
    return parse_text(text).expr


@pytest.mark.parametrize(
    ("text", "x", "digits", "wanted", "exact"),
    [
        ("1/(1+exp(-x))", 5, 17, "0.99330714907571514…", False),
        ("x/4", 3, 15, "0.75", True),
        ("x/3", 1, 5, "0.33333…", False),
        ("-x/3", 2, 5, "-0.66666…", False),
        ("x", 12345, 3, "12345", True),
        ("sqrt(x)", 4, 15, "2", True),
        ("sqrt(x)", 2, 10, "1.414213562…", False),
        ("exp(-x)", 100, 6, "3.72007e-44…", False),
        ("exp(x)", 100, 6, "2.68811e43…", False),
        ("x - x", 7, 15, "0", True),
        ("sin(x)^2 + cos(x)^2", 3, 15, "1", True),
        ("exp(log(x))", 7, 15, "7", True),
        ("exp(log(x))", 12345, 5, "12345", True),
        ("exp(log(x))", Fraction(-1, 8) + 2, 4, "1.875", True),
        ("exp(log(x))", 123456, 5, "123450…", False),
        ("tanh(x)", 100, 5, "0.99999…", False),
        ("1/1024", 0, 15, "0.0009765625", True),
        ("sin(x*pi)", 1, 15, "0", True),
        ("x^9^9", 9, 15, "4.28124773175747e369693099…", False),
        ("exp(-exp(x))", 20, 15, "6.63766300497058e-210704568…", False),
        ("3^(2^x)", 100, 6, "2.56126e604823044927026018840529136136…", False),
        ("exp(exp(x)) - exp(exp(x))", 9, 15, "0", True),
    ],
)
def test_digits(text, x, digits, wanted, exact):
    found = decimal(parse(text), {X: x}, digits)
    assert found is not None
    assert (found.text, found.exact) == (wanted, exact)


@pytest.mark.parametrize(("text", "x"), [("log(x)", -1), ("1/x", 0), ("sqrt(x)", -2), ("0^x", 0)])
def test_not_defined(text, x):
    assert decimal(parse(text), {X: x}) is None


@pytest.mark.parametrize("digits", [1, 5, 30, 200, 1000])
def test_as_many_digits_as_are_asked_for(digits):
    found = decimal(parse("pi"), {}, digits)
    assert found is not None
    with mpmath.workdps(digits + 20):
        true = mpmath.nstr(mpmath.pi, digits + 10)
    assert found.text == true[: digits + (digits > 1)] + "…"


@given(st.fractions(min_value=-1000, max_value=1000), st.integers(2, 25))
def test_exact_rationals_are_cut_off_not_rounded(value, digits):
    shown = exact_decimal(value, digits)
    text = shown.text.removesuffix("…")
    back = Fraction(text)
    assert shown.exact == (back == value)
    assert abs(back) <= abs(value)
    if value:
        assert abs(value - back) < abs(value) * Fraction(10) ** (1 - digits)


@given(st.integers(-300, 300), st.integers(3, 20))
def test_digits_of_exponentials(n, digits):
    found = decimal(parse("exp(x)"), {X: Fraction(n, 7)}, digits)
    assert found is not None
    with mpmath.workdps(60):
        true = mpmath.exp(mpmath.mpf(n) / 7)
        shown = mpmath.mpf(found.text.removesuffix("…"))
        assert 0 <= true - shown < true * mpmath.mpf(10) ** (1 - digits)


def test_a_number_that_cannot_be_told_from_a_short_one_is_not_called_exact():
    found = decimal(parse("sin(pi/6)"), {}, 10)
    assert found is not None
    assert found.text.startswith("0.5000000")
    assert not found.exact or found.text == "0.5"


@pytest.mark.parametrize(
    "text",
    [
        "sqrt(2)*sqrt(3) - sqrt(6)",
        "log(2) + log(3) - log(6)",
        "(sin(1)^2 + cos(1)^2 - 1)*e^(-9000)",
    ],
)
def test_what_is_0_for_all_one_can_tell_has_no_digits(text):
    found = decimal(parse(text), {}, 15)
    assert found is not None
    assert found.text == "0"


def test_numbers_by_themselves():
    assert str(decimal(Number(Fraction(22, 7)), {}, 6)) == "3.14285…"


@pytest.mark.parametrize(
    "text", ["trunc(asind(x))", "floor(2*asin(x)/pi)", "ceil(sqrt(2)^2*x) - 1/3", "sign(sin(pi*x))"]
)
def test_a_step_at_a_number_that_no_ball_tells(text: str) -> None:
    """A ball across a step holds both of its sides: it has no digits, and none are shown."""
    found = decimal(parse(text), {X: 1}, 15)
    assert found is None or found.exact
