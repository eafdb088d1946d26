"""Rational functions of kernels: all forms are one function, and what is too large is refused."""

from __future__ import annotations

import mpmath
import pytest

from chainrule.expr.nodes import Expr, Product, Sum, Symbol, multiply
from chainrule.parsing.formula import parse_text
from chainrule.rewrite.field_writer import FieldWriter
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.rational import MAX_DEGREE, MAX_KERNELS, Field, Ratio, TooLargeError
from oracle import evaluate

PLACES = [{"x": "0.625", "a": "1.375", "b": "-0.75"}, {"x": "2.5", "a": "0.375", "b": "3.25"}]
FORMULAS = [
    *(
        "(x^2 - a^2)/(x - a)",
        "1/x + 1/a + 1/(x a)",
        "x^3/(x^2 - 1) - 2/3",
        "(x - 1/2)^3 (2x/3 + a)",
    ),
    *("-(x - a + b)/(x^2 a^3)", "x^(-3) + a x^(-2)", "(1.702x + 0.3)^2/x", "0.5 a - 1.5/x^2"),
    *("e^x/(1 + e^x)^2", "1 + e^(2x) + e^(2a)", "(1 + e^(2x) e^(2a))^3/(e^(4x) - e^(2a))"),
    *(
        "e^(x/2) + e^(-x/3)",
        "e^(1.702x)/(1 + e^(1.702x))",
        "e^(2a - 2x) + e^(x - a)",
        "e^(1 - x) x",
    ),
    *("sqrt(x) + 2x sqrt(x) + x^2", "(x + a)^(3/2)/sqrt(x + a) + x", "1/(sqrt(1 + x^2) - x)"),
    *("x^(a - 1) + x^(a + 2)", "(x + 1)^(b - 2)/(x + 1)^b", "x^(1/3) a^(2/3) - x", "e^(x + a)/e^a"),
    *("sin(x)^2/(1 - cos(x)) + tanh(a)", "(a x - b)^4 - (b - a x)^3", "e^(x^2 - a x)(x + e^(a x))"),
    "sqrt(2) x + pi/x",
]


def parse(text: str) -> Expr:
    return parse_text(text).expr


def same(left: Expr, right: Expr) -> bool:
    with mpmath.workdps(40):
        for place in PLACES:
            env = {name: mpmath.mpf(value) for name, value in place.items()}
            one, other = evaluate(left, env), evaluate(right, env)
            if abs(one - other) > 1e-30 * (1 + abs(one)):
                return False
    return True


@pytest.mark.parametrize("formula", FORMULAS)
def test_every_form_is_the_same_function(formula: str) -> None:
    expr = parse(formula)
    field = Field(expr)
    ratio = field.ratio(expr)
    assert ratio.top.gcd(ratio.bottom).is_one()
    assert same(expr, FieldWriter(field).expression(ratio, factored=True))
    assert same(expr, FieldWriter(field).expression(ratio, factored=False))
    assert same(expr, FieldWriter(field).expression(ratio, factored=True, balanced=True))
    if len(ratio.bottom) == 1:
        assert same(expr, FieldWriter(field).termwise(ratio))
    one = ratio.bottom**0
    below = FieldWriter(field).expression(Ratio(one, ratio.bottom), factored=True)
    for position in range(len(field.kernels)):
        terms = [
            multiply(
                FieldWriter(field).expression(Ratio(poly, one), factored=False),
                FieldWriter(field).kernel_power(position, degree),
                below,
            )
            for degree, poly in field.by_powers(position, ratio.top).items()
        ]
        assert same(expr, Sum(tuple(terms)) if len(terms) > 1 else terms[0])


@pytest.mark.parametrize(
    ("formula", "factored", "expanded"),
    [
        # Signs as they were typed; else the constant positive, or most of the terms.
        ("(1 - x)(x - 2)", "(1 - x)*(x - 2)", "3*x - x^2 - 2"),
        ("x - x^2", "x*(1 - x)", "x - x^2"),
        ("a b - a^2", "a*(b - a)", "a*b - a^2"),
        ("2x^2 - 8", "2*(x + 2)*(x - 2)", "2*x^2 - 8"),
        ("3 - 2x - x^2", "(x + 3)*(1 - x)", "3 - x^2 - 2*x"),
        ("-x - a - b", "-(x + a + b)", "-(x + a + b)"),
        ("x/2 - a/3 + 1/6", "(1 + 3*x - 2*a)/6", "(1 + 3*x - 2*a)/6"),
        ("(2 - x - a)(b + 1)", "(2 - x - a)*(1 + b)", "2 + 2*b - x - a - b*x - a*b"),
        # Powers fall in one letter, but not in 1 + x² and 2 − x.
        ("x^2 + x + 2", "x^2 + x + 2", "x^2 + x + 2"),
        ("x^2 + 1", "1 + x^2", "1 + x^2"),
        ("5x + 7x^2", "x*(7*x + 5)", "5*x + 7*x^2"),
        ("2 - x", "2 - x", "2 - x"),
        ("x + 3", "x + 3", "x + 3"),
        # With several, what has a minus sign is last, and then by degrees.
        ("a x - 3b + 2 - x^2", "2 + a*x - 3*b - x^2", "2 + a*x - 3*b - x^2"),
        ("0.5 x + 1.5", "1.5*(1 + x/3)", "0.5*x + 1.5"),
        ("a b c - a x - a y", "-a*(x + y - b*c)", "a*b*c - a*x - a*y"),
        # A minus sign goes into one difference.
        ("-(a - b)/(x - y)", "(b - a)/(x - y)", "(b - a)/(x - y)"),
        # Decimals only where there were some.
        ("e^(x/4) + e^(3x/4)", "e^(x/4)*(1 + e^(x/2))", "e^(x/4) + e^(3*x/4)"),
    ],
)
def test_how_it_is_written(formula: str, factored: str, expanded: str) -> None:
    expr = parse(formula)
    field = Field(expr)
    ratio = field.ratio(expr)
    tidy = Tidier().tidy
    assert str(tidy(FieldWriter(field).expression(ratio, factored=True))) == factored
    assert str(tidy(FieldWriter(field).expression(ratio, factored=False))) == expanded


@pytest.mark.parametrize(
    ("formula", "balanced"),
    [
        ("1 + e^(2x)", "e^x*(e^(-x) + e^x)"),
        ("1/(1 + e^(2x))^2", "e^(-2*x)/(e^(-x) + e^x)^2"),
        ("1 + e^x", None),
        ("x^2 + 1", None),
    ],
)
def test_balanced(formula: str, balanced: str | None) -> None:
    expr = parse(formula)
    field = Field(expr)
    ratio = field.ratio(expr)
    assert FieldWriter(field).balances(ratio) == (balanced is not None)
    if balanced is not None:
        found = FieldWriter(field).expression(ratio, factored=True, balanced=True)
        assert str(Tidier().tidy(found)) == balanced


@pytest.mark.parametrize(
    "formula",
    [
        *("x^1000001", f"(x + 1)^{MAX_DEGREE + 1}", "1/(x - x)", "(x - x)^(-2)", "x/(a - a)"),
        *("e^x + e^(1000001x)", f"x^({2 * MAX_DEGREE + 1}/2)", "1/(sqrt(1 + x^2)^2 - 1 - x^2)"),
        f"(1 + x + x^2 + x^3 + x^4 + x^5 + x^6)^{MAX_DEGREE}",
        *("(1 + x + a + b + sin(x))^60", "(1 + x + a + b)^15 (1 - sin(x) + cos(x) + tan(x))^15"),
        " + ".join(f"sin(x^{k})" for k in range(2, MAX_KERNELS + 3)),
    ],
)
def test_what_is_too_large(formula: str) -> None:
    expr = parse(formula)
    with pytest.raises(TooLargeError):
        Field(expr).ratio(expr)


@pytest.mark.parametrize(
    "formula", ["x^1000000", f"(x + 1)^{MAX_DEGREE}", "(1 + x + a)^12", "e^x + e^(300x)"]
)
def test_what_is_not(formula: str) -> None:
    expr = parse(formula)
    assert Field(expr).ratio(expr).bottom.is_one()


def test_thirty_factors_of_two_terms() -> None:
    """They would make a thousand million terms: it is noticed on the way."""
    factors = [Sum((Symbol("x"), Symbol(f"a{k}"))) for k in range(30)]
    product = Product(tuple(factors))
    with pytest.raises(TooLargeError):
        Field(product).ratio(product)


def test_exponents_without_a_small_common_unit_are_too_large() -> None:
    """e^x and e^(x/0.79788) are powers of e^(x/19947), of which FLINT finds no common factor."""
    with pytest.raises(TooLargeError):
        Field(parse("e^x + e^(x/0.79788)"))
    # e^x and e^(1.702x) are powers of e^(x/500).
    assert Field(parse("e^x + e^(1.702x)")).kernels
