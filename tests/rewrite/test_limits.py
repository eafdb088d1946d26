"""One-sided limits and slopes: a table, and the same by high-precision difference quotients."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import mpmath
import pytest

import chainrule
from chainrule.expr.functions import FUNCTIONS
from chainrule.expr.nodes import ZERO, Call, Expr, Number, Symbol
from chainrule.parsing.definitions import expand_all
from chainrule.parsing.formula import parse_text
from chainrule.rewrite.germs import Germs
from chainrule.rewrite.limits import side
from chainrule.rewrite.line import UNKNOWN
from chainrule.rewrite.order import MOST_WORK, MOST_WORK_AT_ONCE, Order, UndecidedError
from oracle import MPMATH, evaluate

X = Symbol("x")

# Formula, point, direction, limit, slope; "inf" where they grow, "?" where no limit exists.
TABLE = [
    ("(e^x - 1)/x", "0", 1, "1", "1/2"),
    ("sin(x)/x", "0", -1, "1", "0"),
    ("(x cos x - sin x)/x^2", "0", 1, "0", "-1/3"),
    ("(x - sin x)/x^3", "0", -1, "1/6", "0"),
    ("(1 - cos x)/x^2", "0", 1, "1/2", "0"),
    ("ln(1 + x)/x", "0", 1, "1", "-1/2"),
    ("ln(cos x)/x^2", "0", 1, "-1/2", "0"),
    ("tan(x)/x", "0", 1, "1", "0"),
    ("arctan(x)/x", "0", -1, "1", "0"),
    ("erf(x)/x", "0", 1, "2/sqrt(pi)", "0"),
    ("gelu(x)/x", "0", 1, "1/2", "1/sqrt(2 pi)"),
    ("mish(x)/x", "0", 1, "3/5", "8/25"),
    ("tanh(x)/x", "0", 1, "1", "0"),
    ("x^2/(e^x - 1)", "0", 1, "0", "1"),
    ("x^2 cot x", "0", -1, "0", "1"),
    ("x^2/sin x", "0", 1, "0", "1"),
    ("(x^3 - 1)/(x - 1)", "1", 1, "3", "3"),
    ("sin(x)/(x - pi)", "pi", 1, "-1", "0"),
    # angles, also on the left half of the axis
    ("atan2(0 x, -1 + x)", "0", 1, "pi", "0"),
    ("atan2(0 x, x)", "0", -1, "pi", "0"),
    ("atan2(0 x, x)", "0", 1, "0", "0"),
    ("atan2(x, -1)", "0", 1, "pi", "-1"),
    ("atan2(x, -1)", "0", -1, "-pi", "-1"),
    ("atan2(x, x^2)", "0", -1, "-pi/2", "-1"),
    ("atan2(x^2, x)", "0", -1, "pi", "1"),
    ("atan2(1, x)", "0", 1, "pi/2", "-1"),
    ("atan2(x, 0 x)", "0", 1, "pi/2", "0"),
    ("atan2(1 + x, 2)", "0", 1, "atan(1/2)", "2/5"),
    # flat
    ("e^(-1/x)", "0", 1, "0", "0"),
    ("e^(-1/x)", "0", -1, "inf", ""),
    ("e^(-1/x^2)/x^7", "0", 1, "0", "0"),
    ("e^(-1/(1 - x^2))", "1", -1, "0", "0"),
    ("e^(-1/(1 - x^2))", "1", 1, "inf", ""),
    ("1/(1 + e^(1/x))", "0", 1, "0", "0"),
    ("1/(1 + e^(1/x))", "0", -1, "1", "0"),
    ("x/(1 + e^(1/x))", "0", -1, "0", "1"),
    ("e^(-e^(1/x))", "0", 1, "0", "0"),
    ("x e^(1/x)", "0", -1, "0", "0"),
    ("sigmoid(1/x)", "0", 1, "1", "0"),
    ("tanh(1/x)", "0", -1, "-1", "0"),
    ("softplus(-1/x)", "0", 1, "0", "0"),
    # bounded
    ("x^2 sin(1/x)", "0", 1, "0", "0"),
    ("x sin(1/x)", "0", 1, "0", "?"),
    ("sin(1/x)", "0", 1, "?", "?"),
    ("arctan(1/x)", "0", 1, "pi/2", "-1"),
    ("arctan(1/x)", "0", -1, "-pi/2", "-1"),
    ("x erf(1/x)", "0", -1, "0", "-1"),
    # roots, logarithms, powers
    ("sqrt x", "0", 1, "0", "inf"),
    ("sqrt x", "0", -1, "undefined", ""),
    ("-sqrt x", "0", 1, "0", "-inf"),
    ("sqrt(x^2)", "0", -1, "0", "-1"),
    ("sqrt(1 - cos x)", "0", -1, "0", "-1/sqrt 2"),
    ("cbrt x", "0", -1, "0", "inf"),
    ("cbrt(x^2)", "0", -1, "0", "-inf"),
    ("cbrt(x^2)", "0", 1, "0", "inf"),
    ("x ln x", "0", 1, "0", "-inf"),
    ("x^2 ln x", "0", 1, "0", "0"),
    ("x^x", "0", 1, "1", "-inf"),
    ("x/(1 + ln x)", "0", 1, "0", "0"),
    ("1/ln x", "0", 1, "0", "-inf"),
    ("sqrt(x) ln x", "0", 1, "0", "-inf"),
    ("x^(3/2)", "0", 1, "0", "0"),
    ("ln x", "0", 1, "-inf", ""),
    ("1/x", "0", -1, "-inf", ""),
    ("1/x^2", "0", -1, "inf", ""),
    ("arcsin x", "1", -1, "pi/2", "inf"),
    ("arcsin x", "1", 1, "undefined", ""),
    ("arccos x", "1", -1, "0", "-inf"),
    ("arcosh x", "1", 1, "0", "inf"),
    ("tan x", "pi/2", -1, "inf", ""),
    ("arcsin(sin x)", "pi/2", 1, "pi/2", "-1"),
    # steps
    ("|x|", "0", -1, "0", "-1"),
    ("x|x|", "0", -1, "0", "0"),
    ("floor(x) x", "2", -1, "2", "1"),
    ("floor(x) x", "2", 1, "4", "2"),
    ("ceil(x)", "2", 1, "3", "0"),
    ("round(x)", "1/2", -1, "0", "0"),
    ("sign(sin x)", "0", -1, "-1", "0"),
    ("max(x, x^2)", "0", -1, "0", "0"),
    ("min(x, x^2)", "0", -1, "0", "1"),
    ("{x > 0: 1/x, else: x}", "0", -1, "0", "1"),
    ("{x > -1: sin(x)/x, else: 7}", "0", 1, "1", "0"),
    ("{x > 1: x, else: 0}*e^x", "0", 1, "0", "0"),
    ("e^x*{x > 1: x, else: 0}", "0", -1, "0", "0"),
    ("x ln(x)^2", "0", 1, "0", "inf"),
    ("x^2 ln(x)^3", "0", 1, "0", "0"),
]


@pytest.mark.parametrize(("formula", "at", "way", "limit", "slope"), TABLE)
def test_table(formula: str, at: str, way: Literal[-1, 1], limit: str, slope: str) -> None:
    found = side(parse_text(formula).expr, parse_text(at).expr, way, Order(X, lenient=True))
    assert found.defined == (limit != "undefined")
    assert found.grows == _sign(limit)
    assert found.infinite == _sign(slope)
    assert _same(found.value, limit)
    assert _same(found.slope, slope)


def _sign(text: str) -> int:
    return {"inf": 1, "-inf": -1}.get(text, 0)


def _same(found: Expr | None, text: str) -> bool:
    if text in ("", "?", "inf", "-inf", "undefined"):
        return found is None
    if found is None:
        return False
    return mpmath.almosteq(evaluate(found, {}), evaluate(parse_text(text).expr, {}), 1e-12, 1e-12)


@pytest.mark.parametrize(("formula", "at", "way", "limit", "slope"), TABLE)
def test_the_table_is_right(
    formula: str, at: str, way: Literal[-1, 1], limit: str, slope: str
) -> None:
    if formula == "e^(-e^(1/x))":
        return  # too small for mpmath at any of the steps
    function, point = expand_all(parse_text(formula).expr), parse_text(at).expr
    with mpmath.workdps(120):
        here = evaluate(point, {})
        steps = [way * mpmath.mpf(10) ** -k for k in (6, 12, 24)]
        try:
            values = [evaluate(function, {"x": here + step}) for step in steps]
        except (ValueError, ZeroDivisionError):
            values = [mpmath.mpc(0, 1)]
        real = all(mpmath.im(value) == 0 for value in values)
        assert real == (limit != "undefined")
        if not real or limit == "?":
            return
        if _sign(limit):
            assert all(value * _sign(limit) > 0 for value in values)
            assert all(abs(b) > 1.5 * abs(a) for a, b in pairwise(values))
            return
        exact = evaluate(parse_text(limit).expr, {})
        _goes_to(values, exact)
        slopes = [(value - exact) / step for value, step in zip(values, steps, strict=True)]
        if _sign(slope):
            assert all(value * _sign(slope) > 0 for value in slopes)
            assert all(abs(b) > 1.5 * abs(a) for a, b in pairwise(slopes))
        elif slope != "?":
            _goes_to(slopes, evaluate(parse_text(slope).expr, {}))


def _goes_to(values: list[mpmath.mpf], limit: mpmath.mpf) -> None:
    distances = [abs(value - limit) for value in values]
    close = distances[-1] < mpmath.mpf(10) ** -7
    assert close or all(b < 0.7 * a for a, b in pairwise(distances))


@pytest.mark.parametrize(
    ("formula", "zero"),
    [
        ("0", True),
        ("sin(a)^2 + cos(a)^2 - 1", True),
        ("10^(-20)", False),
        ("a - 1/2", False),
        # Too close to 0 to tell, and nothing that is known to cancel.
        ("sqrt(2)*sqrt(3) - sqrt(6) + 10^(-90)", None),
    ],
)
def test_a_coefficient_is_0_only_if_that_is_certain(formula: str, zero: bool | None) -> None:
    order, coefficient = Order(X), parse_text(formula).expr
    if zero is None:
        with pytest.raises(UndecidedError):
            order.settled(coefficient)
    else:
        assert (order.settled(coefficient) is ZERO) == zero


@pytest.mark.parametrize(
    ("formula", "at", "limit", "slope"),
    [
        ("(e^x - e^a)/(x - a)", "a", "e^a", "e^a/2"),
        ("(x^a - 1)/(x - 1)", "1", "a", "a*(a - 1)/2"),
        ("a e^(-a/x)", "0", "0", "0"),
        ("c^2/6 (1 - (1 - ((x - y)/c)^2)^3)", "y + c", "c^2/6", "0"),
        ("sin(a x)/x", "0", "a", "0"),
    ],
)
def test_letters(formula: str, at: str, limit: str, slope: str) -> None:
    found = side(parse_text(formula).expr, parse_text(at).expr, 1, Order(X, lenient=True))
    assert (str(found.value), str(found.slope)) == (limit, slope)


@pytest.mark.parametrize(
    "formula", ["x^a", "gamma(x)", "f(x)", "sin(1/x)", "x + e^(-1/x) - x", "e^(e^(1/x))"]
)
def test_what_is_not_known_is_not_said(formula: str) -> None:
    found = side(parse_text(formula).expr, parse_text("0").expr, 1, Order(X, lenient=True))
    assert found.defined
    assert found.value is None or formula == "x + e^(-1/x) - x"


NO_SERIES = {"gamma", "lgamma", "digamma"}
"""Functions whose slope is not known at a point."""


@pytest.mark.parametrize("center", [Fraction(1, 3), Fraction(7, 3)], ids=str)
@pytest.mark.parametrize(
    "name", [row.name for row in FUNCTIONS if row.arity == 1 and row.derivatives[0] is not None]
)
def test_a_function_of_what_comes_from_both_sides(name: str, center: Fraction) -> None:
    """g(c + x) − g(c − 2x), of which one part goes to g(c) from above and one from below."""
    with mpmath.workdps(30):
        at = mpmath.mpf(center.numerator) / center.denominator
        inside = False
        with suppress(ValueError):
            inside = mpmath.im(MPMATH[name](at)) == 0
        if not inside:
            return
        right = 3 * mpmath.diff(MPMATH[name], at)
        parts = (Call(name, (Number(center) + X,)), Call(name, (Number(center) - 2 * X,)))
        for way in (1, -1):
            found = side(parts[0] - parts[1], ZERO, way, Order(X))
            if found.slope is None:
                assert name in NO_SERIES
                continue
            assert found.value is ZERO
            assert mpmath.almosteq(evaluate(found.slope, {}), right, 1e-20, 1e-20)


def test_many_holes_are_all_filled_in() -> None:
    parts = [f"{{x != {k}: (e^({k}(x - {k})) - 1)/({k}(x - {k})), else: 1}}" for k in range(1, 13)]
    found = chainrule.derive(" + ".join(parts), "x").kinks
    assert [str(kink.at) for kink in found] == [str(k) for k in range(1, 13)]
    assert all(kink.exists for kink in found)


def test_the_work_is_bounded() -> None:
    """Not known, after so many coefficients, and at no further point either."""
    order = Order(X, lenient=True)
    hard = parse_text(" + ".join(f"|x - {k}| e^(-x/{k})" for k in range(1, 60))).expr
    found = [side(hard, Number(k), 1, order) for k in range(1, 40)]
    assert found[-1] == UNKNOWN
    spent = order.work
    assert spent > MOST_WORK - MOST_WORK_AT_ONCE
    side(hard, Number(1000), 1, order)
    assert order.work - spent < 100
    # A new derivation has it all to itself.
    assert side(parse_text("sin(x)/x").expr, Number(0), 1, Order(X)).slope is ZERO


def test_zero_times_any_germ_is_zero() -> None:
    germs = Germs(Order(X), 3)
    zero, line = germs.constant(ZERO), germs.made([((0, 0), Number(2)), ((1, 0), Number(-3))])
    assert zero.is_zero
    for product in (germs.product(zero, line), germs.product(line, zero)):
        assert product.is_zero
    assert germs.product(line, line).terms == {
        (0, 0): Number(4), (1, 0): Number(-12), (2, 0): Number(9),
    }  # fmt: skip
