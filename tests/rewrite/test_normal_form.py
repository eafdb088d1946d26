"""Everyday rewriting: what becomes of a formula, what is said of it, and that it stays the same."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import pytest

from chainrule.expr.nodes import Call, Expr, Number, Power, Product, Quotient, Symbol, call
from chainrule.parsing.formula import parse_text
from chainrule.rewrite.identities import WORDS
from chainrule.rewrite.monomial import split
from chainrule.rewrite.normal_form import Tidier
from oracle import evaluate

# The formula, what it is rewritten to, and the identities that are named for it.
REWRITTEN = [
    ("2*3*x", "6*x", "multiply-numbers"),
    ("(-x)*(-a)", "a*x", "two-signs"),
    ("(-2)*(-3)*x", "6*x", "two-signs"),
    ("x*2", "2*x", "order-factors"),
    ("x^2*x", "x^3", "same-base"),
    ("x^(-2)", "1/x^2", "negative-power"),
    ("a*x^(-2)", "a/x^2", "negative-power fractions"),
    ("2*(x/3)", "2*x/3", "fractions"),
    ("(x/2)*(a/3)", "a*x/6", "fractions"),
    ("x/(2*3)", "x/6", "multiply-numbers"),
    ("(-x)/(-a)", "x/a", "two-signs"),
    ("x/(-2)", "-x/2", "fractions"),
    ("-(x - a)", "a - x", "open-bracket"),
    ("-(x+a)", "-(x + a)", ""),
    ("-(-x - a)", "x + a", "two-signs"),
    ("x - (a - x)", "2*x - a", "open-bracket like-terms"),
    ("2+3+x", "5 + x", "add-numbers"),
    ("2*x+3*x", "5*x", "like-terms"),
    ("x - x", "0", "like-terms drop-zero"),
    ("x+0", "x", "drop-zero"),
    ("x*0", "0", "order-factors"),
    ("x^0", "1", ""),
    ("x^1", "x", "order-factors"),
    ("1^x", "1", ""),
    ("(x^2)^3", "x^6", "power-of-power"),
    ("(x^2)^(1/2)", "|x|", "root-of-square"),
    ("sqrt(4*x)", "2*sqrt(x)", "root-of-square"),
    ("sqrt(e^x)", "e^(x/2)", "root-of-power"),
    ("sqrt(x^4)", "x^2", "root-of-square"),
    ("sqrt(x^6*a)", "sqrt(a)*|x|^3", "order-factors root-of-square"),
    ("sqrt(x^2*e^x)", "|x|*e^(x/2)", "root-of-square root-of-power"),
    ("sqrt(e^(2*x)*a)", "sqrt(a*e^(2*x))", "order-factors"),
    ("e^(ln x)", "x", "inverse"),
    ("e^(2*ln x)", "x^2", "exp-log"),
    ("e^(x + ln a)", "a*e^x", "exp-log"),
    ("e^(x + 2*ln(a) - 1)", "a^2*e^(x - 1)", "exp-log"),
    ("ln(e^x)", "x", "inverse"),
    ("e^x*e^a", "e^x*e^a", ""),
    ("e^x*e^x", "e^(2*x)", "like-terms add-exponents same-base"),
    ("e^x*e^(-x)", "1", "like-terms drop-zero add-exponents same-base"),
    ("sin(-x)", "-sin(x)", "parity"),
    ("cos(-2*x)", "cos(2*x)", "parity"),
    ("tanh(-x)", "-tanh(x)", "parity"),
    ("|-x|", "|x|", "parity"),
    ("|x^2|", "x^2", "absolute-of-positive"),
    ("|-3|", "3", "parity"),
    ("|e^x*a^2|", "a^2*e^x", "order-factors absolute-of-positive"),
    ("sin(0)", "0", "special-value"),
    ("cos(pi)", "-1", "special-value"),
    ("arctan(tan x)", "atan(tan(x))", ""),
    ("tan(arctan x)", "x", "inverse"),
    ("sin(arcsin x)", "x", "inverse"),
    ("arcsin(sin x)", "asin(sin(x))", ""),
    ("x^(1/2)", "sqrt(x)", ""),
    ("x^(3/2)", "x^(3/2)", ""),
    ("(4*x)^(3/2)", "8*x^(3/2)", "root-of-square multiply-numbers"),
    ("x^(-1/2)", "1/sqrt(x)", "negative-power"),
    ("x^(-3/2)", "1/x^(3/2)", "negative-power"),
    ("{x > 0: a, else: a}", "a", "same-cases"),
    ("{x > 0: a}", "{x > 0: a}", ""),
    ("x/x", "1", "same-base"),
    ("a/x*x", "a", "same-base"),
    ("x^2/x", "x", "same-base"),
    ("(x+1)*(x+1)", "(x + 1)^2", "same-base"),
    ("3/6", "1/2", "fractions"),
    ("0.5+0.5", "1", "add-numbers"),
    ("1/2+1/3", "5/6", "add-numbers"),
    ("x/2+x/3", "5*x/6", "like-terms"),
    ("(x/2)/3", "x/6", "fractions"),
    ("1/(1/x)", "x", "fractions"),
    ("x/(a/x)", "x^2/a", "same-base"),
    ("(-1)*(-1)*x", "x", "two-signs"),
    ("2*(-3)", "-6", "multiply-numbers"),
    ("x*(-3)", "-3*x", "order-factors"),
    ("4^(1/2)", "2", "root-of-square"),
    ("8^(1/3)", "8^(1/3)", ""),
    ("2^(-1)", "1/2", "negative-power"),
    ("0^(-1)", "0^(-1)", ""),
    ("e^0", "1", "special-value"),
    ("e^1", "e", "special-value"),
    ("(-x)^2", "x^2", "multiply-numbers"),
    ("(-x)^3", "-x^3", "multiply-numbers"),
    ("(2*x)^3", "8*x^3", "multiply-numbers"),
    ("(x/2)^2", "x^2/4", "fractions"),
    ("(x*a)^(1/2)", "sqrt(a*x)", "order-factors"),
    ("(x^2*a^2)^(1/2)", "|x|*|a|", "order-factors root-of-square"),
    ("x^a*x", "x^(a + 1)", "same-base"),
    ("x^a*x^a", "x^(2*a)", "like-terms same-base"),
    ("x^a/x", "x^(a - 1)", "same-base"),
    ("x^a*x^(-a)", "1", "like-terms drop-zero same-base"),
    ("sqrt(9)", "3", "root-of-square"),
    ("sqrt(2)", "sqrt(2)", ""),
    ("sqrt(2)*ln(2)*sqrt(pi)*x", "x*ln(2)*sqrt(2*pi)", "order-factors"),
    ("sqrt(1/4)", "1/2", "root-of-square"),
    ("-x*x", "-x^2", "same-base"),
    ("-(x/a)", "-x/a", ""),
    ("x*a*x", "a*x^2", "same-base"),
    ("sin(x)*x*sin(x)", "x*sin(x)^2", "same-base"),
    ("-1*(1-x)/a", "-(1 - x)/a", "order-factors"),
    ("(1-x)/(-1)", "x - 1", "fractions open-bracket"),
    ("-2*(a-x)", "-2*(a - x)", ""),
    ("-1/(a-x)", "-1/(a - x)", ""),
    ("-1/(a+x)", "-1/(a + x)", ""),
    ("(a-x)/(-2)", "-(a - x)/2", "fractions"),
    ("x - 2 - 3", "x - 5", "add-numbers"),
    ("-x - a", "-(x + a)", ""),
    ("-x + a", "a - x", ""),
    ("-3 - x + a", "a - 3 - x", ""),
    ("2*x - 2*x + a", "a", "like-terms drop-zero"),
    ("0.1*x + 0.2*x", "0.3*x", "like-terms"),
    ("sin(x) + sin(x)", "2*sin(x)", "like-terms"),
    ("a*x + x*a", "2*a*x", "order-factors like-terms"),
    ("x + a - (x + a)", "0", "open-bracket like-terms drop-zero"),
]
VALUES = ("0.3125", "1.75", "-0.6875", "-2.5", "0.9375")


@pytest.mark.parametrize(("before", "after", "reasons"), REWRITTEN)
def test_what_is_rewritten_and_why(before: str, after: str, reasons: str) -> None:
    tidier = Tidier()
    found, used = tidier.explained(parse_text(before).expr)
    assert str(found) == after
    assert " ".join(used) == reasons
    assert set(used) <= WORDS.keys()
    # A second time there is nothing left to do.
    assert tidier.explained(found) == (found, ())
    assert Tidier().explained(found)[0] is found


@pytest.mark.parametrize(("before", "after", "reasons"), REWRITTEN)
def test_values_stay_the_same(before: str, after: str, reasons: str) -> None:
    left, right = (parse_text(text).expr for text in (before, after))
    compared = 0
    with mpmath.workdps(30):
        for x in VALUES:
            for a in VALUES:
                try:
                    at = {"x": mpmath.mpf(x), "a": mpmath.mpf(a)}
                    sides = [evaluate(side, at) for side in (left, right)]
                except (ValueError, ZeroDivisionError):
                    continue
                if all(isinstance(v, mpmath.mpf) and mpmath.isfinite(v) for v in sides):
                    compared += 1
                    assert abs(sides[0] - sides[1]) <= 1e-25 * (1 + abs(sides[0]))
    assert compared >= 4 or before == "0^(-1)"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # A root of a number stands above or below, whichever takes less.
        *[("sqrt(2)/2", "1/sqrt(2)"), ("2/sqrt(2)", "sqrt(2)"), ("3/sqrt(6)", "3/sqrt(6)")],
        *[("x*2^(-3/2)", "x/(2*sqrt(2))"), ("3^(5/2)/9", "sqrt(3)"), ("4*8^(1/3)", "4*8^(1/3)")],
        # A power of many digits stays one.
        *[("2^10*x", "1024*x"), ("3^1000*x", "3^1000*x"), ("x/7^500", "x/7^500")],
    ],
)
def test_powers_of_numbers(before: str, after: str) -> None:
    found = Tidier().tidy(parse_text(before).expr)
    assert str(found) == after
    with mpmath.workdps(30):
        left, right = (evaluate(u, {"x": mpmath.mpf(3)}) for u in (parse_text(before).expr, found))
        assert abs(left / right - 1) < 1e-25


@pytest.mark.parametrize(
    "name",
    [
        *("exp", "cosh", "sech", "sqrt", "abs", "normpdf", "normcdf", "erfc", "sigmoid"),
        "softplus",
    ],
)
def test_what_is_never_negative_is_its_own_absolute_value(name: str) -> None:
    expr = Call(name, (Symbol("x"),))
    assert Tidier().tidy(Call("abs", (expr,))) is expr


def test_what_is_assumed_positive_is_its_own_absolute_value() -> None:
    x, tidier = Symbol("x"), Tidier()
    assert str(tidier.tidy(parse_text("sqrt(x^2)").expr)) == "|x|"
    assuming = Tidier()
    assuming.assume_positive(x)
    assert str(assuming.tidy(parse_text("sqrt(x^2)").expr)) == "x"
    assert str(assuming.tidy(parse_text("|x*e^x| + |x - 1|").expr)) == "x*e^x + |x - 1|"


x, y = Symbol("x"), Symbol("y")
FOLDED: list[tuple[Expr, Callable[[Expr], Expr], str]] = [
    (x, lambda u: Product((u, u)), f"x^{2**60}"),
    (x, lambda u: Power(u, Number(2)), f"x^{2**60}"),
    (call("sqrt", x), lambda u: Product((u, u)), f"x^{2**59}"),
    (Power(x, y), lambda u: Product((u, u)), f"x^({2**60}*y)"),
    (call("exp", x), lambda u: Product((u, u)), f"e^({2**60}*x)"),
    (x, lambda u: Quotient(Product((u, u)), Product((y, u))), "x/y^60"),
    (x, lambda u: Quotient(Product((u, u)), y), f"x^{2**60}/y^{2**60 - 1}"),
]


@pytest.mark.parametrize(("start", "link", "whole"), FOLDED, ids=[w for *_, w in FOLDED])
def test_what_occurs_in_itself_is_opened_once(
    start: Expr, link: Callable[[Expr], Expr], whole: str
) -> None:
    # Written out, it has 2⁶⁰ factors.
    root = start
    for _ in range(60):
        root = link(root)
    assert str(Tidier().tidy(root)) == whole
    assert str(Tidier().tidy(split(root).build())) == whole


def test_zero_does_not_cancel() -> None:
    none = Product((x, Number(0)))
    assert str(split(Quotient(none, Product((y, none)))).build()) == "0"
    assert split(Quotient(none, Product((y, none)))).powers[Number(0)].number == -1
