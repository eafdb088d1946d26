"""Zeros of formulas and the order of points, against numbers."""

from __future__ import annotations

from itertools import pairwise

import mpmath
import pytest

from chainrule.expr.nodes import Expr, Number, Symbol
from chainrule.parsing.formula import parse_text
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.order import (
    MAX_POINTS,
    Order,
    UndecidedError,
    order_on,
    roots,
    sorted_points,
    values_of_letters,
)
from oracle import evaluate

X, A = Symbol("x"), Symbol("a")


def parse(text: str) -> Expr:
    return parse_text(text).expr


@pytest.mark.parametrize(
    ("formula", "zeros"),
    [
        ("x", "0"), ("x + 3", "-3"), ("2*x - 1", "1/2"), ("x - pi", "pi"), ("3 - e*x", "3/e"),
        ("x^2 - 2", "-sqrt(2) sqrt(2)"), ("x^2 + x - 6", "-3 2"), ("2*x^2 - 3*x", "0 3/2"),
        ("x^2 + 1", ""), ("x^2", "0"), ("(x - 1)*(x + 2)*(3*x - 5)", "-2 1 5/3"),
        ("(x - 1)^3/(x^2 + 1)", None), ("(x^2 - 2)*(x^2 - 3)", "-sqrt(3) -sqrt(2) sqrt(2) sqrt(3)"),
        ("x^3 - x", "-1 0 1"), ("x^3 - 2", None), ("sin(x)", None), ("e^x - 1", None), ("5", ""),
        ("-x^2 + 4", "-2 2"), ("x/2 + 1/3", "-2/3"), ("x^2 - x - 1", "1/2-sqrt(5)/2 1/2+sqrt(5)/2"),
    ],
)  # fmt: skip
def test_the_zeros_of_a_formula(formula: str, zeros: str | None) -> None:
    order = Order(X)
    if zeros is None:
        with pytest.raises(UndecidedError):
            roots(parse(formula), order)
        return
    found, slope = roots(parse(formula), order)
    with mpmath.workdps(30):
        wanted = [evaluate(parse(text), {}) for text in zeros.split()]
        got = [evaluate(zero, {}) for zero in found]
        assert len(got) == len(wanted)
        assert all(abs(a - b) < 1e-25 for a, b in zip(got, wanted, strict=True))
        linear = len(wanted) == 1 and "^" not in formula
        assert (slope is not None) == linear
        if slope is not None:
            expr = parse(formula)
            rise = evaluate(expr, {"x": mpmath.mpf(2)}) - evaluate(expr, {"x": mpmath.mpf(1)})
            assert abs(rise - evaluate(slope, {})) < 1e-25


def test_zeros_with_letters() -> None:
    order = Order(X)
    assert [str(zero) for zero in roots(parse("x - a"), order)[0]] == ["a"]
    assert [str(zero) for zero in roots(parse("2*x + a - 1"), order)[0]] == ["(1 - a)/2"]
    with pytest.raises(UndecidedError):  # a could be 0
        roots(parse("a*x - 1"), order)
    known = Order(X, {A: Number(2)})
    assert [str(zero) for zero in roots(parse("a*x - 1"), known)[0]] == ["1/a"]
    with pytest.raises(UndecidedError):
        roots(parse("x^2 - a"), known)


@pytest.mark.parametrize("lenient", [False, True])
def test_letters_without_a_value_count_as_1_if_that_will_do(lenient: bool) -> None:
    order = Order(X, lenient=lenient)
    assert order.generous.lenient
    assert (order.generous is order) == lenient
    if not lenient:
        assert order.generous is order.generous
        with pytest.raises(UndecidedError):
            order.sign(parse("a + 1"))
        assert order.number(A) is None
        return
    assert order.sign(parse("a + 1")) == 1
    assert order.sign(parse("a - 2")) == -1
    assert order.number(X) is None


@pytest.mark.parametrize("lenient", [False, True])
def test_a_derivation_has_one_order_for_what_is_known(lenient: bool) -> None:
    tidier = Tidier()
    given: list[tuple[Symbol, dict[Symbol, Expr], bool]] = [
        (X, {}, lenient),
        (X, {}, not lenient),
        (A, {}, lenient),
        (X, {A: Number(2)}, lenient),
    ]
    orders = [order_on(v, known, tidier, lenient=flag) for v, known, flag in given]
    for order, (variable, known, flag) in zip(orders, given, strict=True):
        assert order is order_on(variable, dict(known), tidier, lenient=flag)
        assert (order.variable, order.defaults, order.lenient) == (variable, known, flag)
    assert orders[lenient].generous is orders[not lenient]
    assert order_on(X, {}, Tidier()) is not order_on(X, {}, tidier)


def test_letters_without_a_value_get_one_each() -> None:
    whole = parse("x*c + b*a + x^d")
    found = values_of_letters(whole, X, {Symbol("b"): Number(7)})
    assert {letter.name: str(value) for letter, value in found.items()} == {
        "a": "1", "b": "7", "c": "2", "d": "3",
    }  # fmt: skip


def test_a_value_that_is_given_counts() -> None:
    order = Order(X, {A: Number(-3)})
    assert [order.sign(parse(t)) for t in ("a", "-a", "a + 3", "7", "-7", "0", "a - a")] == [
        -1, 1, 0, 1, -1, 0, 0,
    ]  # fmt: skip
    assert order.sign(parse("x - a"), Number(-4)) == -1
    assert order.sign(parse("sin(x)"), parse("1")) == 1


POINTS = ["-7/2", "-sqrt(2)", "-1", "0", "1/3", "sqrt(2)/2", "1", "e", "pi", "22/7", "100"]


def test_points_are_put_in_order_and_equal_ones_once() -> None:
    order = Order(X)
    points = [parse(text) for text in POINTS]
    for (i, a), (j, b) in ((p, q) for p in enumerate(points) for q in enumerate(points)):
        assert order.compare(a, b) == (i > j) - (i < j)
    mixed = [*points[::2], *reversed(points), parse("sqrt(4)/2"), parse("(1 + 1)/2")]
    assert sorted_points(mixed, order) == points
    with pytest.raises(UndecidedError):
        sorted_points([A, parse("2*a")], order)
    with pytest.raises(UndecidedError):
        sorted_points(map(Number, range(MAX_POINTS + 1)), order)
    assert len(sorted_points(map(Number, range(MAX_POINTS)), order)) == MAX_POINTS


def test_a_number_between_lies_between() -> None:
    order = Order(X)
    ends = [None, *(parse(text) for text in POINTS), None]
    for low, high in pairwise(ends):
        middle = order.between(low, high)
        assert low is None or order.compare(low, middle) < 0
        assert high is None or order.compare(middle, high) < 0
    assert order.between(None, None) is Number(0)
    with pytest.raises(UndecidedError):
        order.between(A, None)
