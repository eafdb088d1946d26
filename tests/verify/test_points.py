"""Points: over the whole domain, in small domains, in every branch, on curves."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import arb

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.balls.program import ball
from chainrule.expr.nodes import Expr, Symbol
from chainrule.parsing.formula import parse_text
from chainrule.verify import points
from chainrule.verify.curves import curve_points, implicit_derivative

X, Y = Symbol("x"), Symbol("y")


def parse(text: str) -> Expr:
    return parse_text(text).expr


def test_the_grid_spreads_over_sizes_and_signs():
    first = [at.main for at in points.grid(1)[:16]]
    assert min(first) < -500
    assert max(first) > 300
    assert sum(abs(x) < 6 for x in first) >= 8
    assert sum(x < 0 for x in first) in range(6, 11)
    values = [at.values[0] for at in points.grid(1)]
    assert len(set(values)) == len(values)
    # Exact as balls, and no special points of anything.
    assert all(at.balls[0].is_exact() for at in points.grid(1))
    assert all(Fraction(value).denominator > 1 for value in values)


def test_parameters_take_moderate_values_of_both_signs():
    values = [v for at in points.grid(3)[:16] for v in at.values[1:]]
    assert all(Fraction(1, 10) < abs(v) < 4 for v in values)
    assert any(v < 0 for v in values)
    assert any(v > 1 for v in values)


def test_ranges_are_kept_and_filled():
    span = (Fraction(2), Fraction(3))
    values = [at.values[1] for at in points.grid(2, (None, span))[:16]]
    assert all(2 < v < 3 for v in values)
    assert len(set(values)) == 16
    assert any(v < Fraction(9, 4) for v in values)
    assert any(v > Fraction(11, 4) for v in values)


@pytest.mark.parametrize(
    "text",
    [
        "asin(x)",
        "log(log(x))",
        "log(log(log(log(x))))",
        "sqrt(x - 100)",
        "acosh(-x - 500)",
        "sqrt(10^(-9) - x^2)",
        "log(x) + log(1 - x)",
        "log(x*y - 3)",
    ],
)
def test_small_domains_are_found(text):
    program = compile_balls([parse(text)])
    index = [(X, Y).index(symbol) for symbol in program.symbols]
    symbols = [X, Y][: len(program.symbols)]

    def defined(at: points.Point) -> bool:
        with precision(128):
            return program.run([at.balls[i] for i in index])[0].is_finite()

    found = points.search(symbols, defined, 12)
    assert len(found) >= 8
    assert all(defined(at) for at in found)


def test_every_branch_is_hit():
    expr = parse("{x < -3: 1, -3 <= x < 0: 2, 0 <= x < 1/1000: 3, 100 < x < 101: 4, else: 5}")
    places = points.turning_points([expr], [X], ())
    assert all(abs(v) < 1000 for v in places)
    with precision(128):
        program = compile_balls([expr])
        seen = {str(program.run([ball(v)])[0].mid()) for v in places}
    assert len(seen) == 5


def test_hidden_branches_are_seen():
    assert points.turning_points([parse("sin(x) + exp(x)")], [X], ()) == []
    assert points.turning_points([parse("hardswish(x)")], [X], ())
    assert points.turning_points([parse("max(x, 3) + abs(x - 5)")], [X], ())


@pytest.mark.parametrize("zero", [-300.2, -0.7, 0.0, 0.3, 1.5, 77.7])
@pytest.mark.parametrize("below", [-1, 1])
def test_halving_finds_where_a_sign_changes(zero, below):
    found = points.bisect(lambda x: below if x < zero else -below, zero - 5, zero + 9, below)
    assert 0 < abs(found - zero) < max(1.0, abs(zero)) / 2**12


def test_switches_that_are_no_straight_lines_are_found():
    """Between neighbours of the row, where the sign changes in either direction."""
    for text, zeros in (
        ("abs(x^2 - 50)", [-(50**0.5), 50**0.5]),
        ("{exp(x) < 20: x, else: 1}", [2.9957]),
        ("max(x^3, 50)", [50 ** (1 / 3)]),
    ):
        found = points.turning_points([parse(text)], [X], ())
        assert all(any(abs(x - zero) < abs(zero) / 2**8 for x in found) for zero in zeros)


def test_points_on_a_curve():
    circle = parse("x^2 + y^2 - 1")
    found = curve_points(circle, X, Y, 8)
    assert len(found) == 8
    for env in found:
        with precision(200):
            assert env[Y].rad() < arb(2) ** -150
            assert (env[X] ** 2 + env[Y] ** 2 - 1).contains(0)
    assert {bool(env[Y] > 0) for env in found} == {True, False}


def test_points_on_a_curve_that_is_steep_only_next_to_it():
    """Newton's method finds the way from close by alone."""
    found = curve_points(parse("atan(50*(y - 3.1)) - x/1000"), X, Y, 8)
    assert len(found) == 8
    assert all(abs(env[Y] - 3.1) < 0.01 for env in found)


@pytest.mark.parametrize(
    ("equation", "claims"),
    [
        ("x^2 + y^2 - 1", ["-x/y"]),
        ("x^2 + y^2 - 1", ["-x/y", "-1/y^3"]),
        ("x^3 + y^3 - 6*x*y", ["(2*y - x^2)/(y^2 - 2*x)"]),
        ("exp(y) - x", ["1/x", "-1/x^2", "2/x^3"]),
    ],
)
def test_slopes_of_curves(equation, claims):
    verdict = implicit_derivative(parse(equation), X, Y, [parse(claim) for claim in claims])
    assert verdict.word == "checked"
    assert verdict.points >= 8
    assert verdict.digits >= 30


@pytest.mark.parametrize(
    ("equation", "claims"),
    [
        ("x^2 + y^2 - 1", ["x/y"]),
        ("x^2 + y^2 - 1", ["-x/y", "1/y^3"]),
        ("exp(y) - x", ["1/x + 10^(-20)"]),
    ],
)
def test_wrong_slopes_of_curves(equation, claims):
    verdict = implicit_derivative(parse(equation), X, Y, [parse(claim) for claim in claims])
    assert verdict.word == "wrong"
    assert verdict.counterexample is not None
    assert verdict.counterexample.left != verdict.counterexample.right


def test_no_curve():
    assert implicit_derivative(parse("x^2 + y^2 + 1"), X, Y, [X]).word == "not checked"
