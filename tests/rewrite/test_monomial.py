"""A number in front of the rest, however it is written."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chainrule.expr.nodes import ZERO, Product, Quotient, Symbol, multiply
from chainrule.parsing.formula import parse_text
from chainrule.rewrite.monomial import author_order, coefficient_and_rest, scaled, split


@pytest.mark.parametrize(
    ("formula", "number", "decimal", "rest"),
    [
        ("x", "1", False, "x"),
        ("3", "3", False, "1"),
        ("0.5", "1/2", True, "1"),
        ("-x", "-1", False, "x"),
        ("2x", "2", False, "x"),
        ("0.5x", "1/2", True, "x"),
        ("x/3", "1/3", False, "x"),
        ("-(x/4)", "-1/4", False, "x"),
        ("2x/3", "2/3", False, "x"),
        ("x/(3a)", "1/3", False, "x/a"),
        ("x/(0.4a)", "5/2", True, "x/a"),
        ("0.5x/2", "1/4", True, "x"),
        ("x/a", "1", False, "x/a"),
        ("2/x", "2", False, "1/x"),
        ("0.3/x", "3/10", True, "1/x"),
        ("-(a x)", "-1", False, "a x"),
        ("x + a", "1", False, "x + a"),
        ("(x + a)/2", "1/2", False, "x + a"),
    ],
)
def test_a_number_and_the_rest(formula: str, number: str, decimal: bool, rest: str) -> None:
    expr = parse_text(formula).expr
    found = coefficient_and_rest(expr)
    assert found == (Fraction(number), decimal, parse_text(rest).expr)
    assert coefficient_and_rest(scaled(*found)) == found
    assert coefficient_and_rest(multiply(parse_text("7").expr, found[2])) == (7, False, found[2])


def test_0_below_the_line_does_not_cancel_in_what_is_shared() -> None:
    """0·x occurs three times, once below: 0 has no value there, and 0⁻¹ is kept."""
    shared = Product((ZERO, Symbol("x")))
    found = split(Product((shared, Quotient(shared, shared))))
    assert found.powers[ZERO].number == -1
    assert found.coefficient == 0


FACTORS = [
    "3",
    "2^(1/3)",
    "sqrt(2)",
    "pi",
    "a",
    "x^2",
    "sin(x)",
    "ln(x)^2",
    "e^x",
    "x + a",
    "|x|/a",
]


def test_factors_stand_in_the_order_of_an_author() -> None:
    """Numbers, constants and roots of numbers, letters, functions, exponentials, brackets."""
    factors = [parse_text(text).expr for text in FACTORS]
    places = [author_order(factor)[0] for factor in factors]
    assert places == [0, 1, 1, 1, 2, 2, 4, 4, 5, 6, 7]
