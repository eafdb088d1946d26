"""Ranges over intervals hold the values at every point of them."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product

import mpmath
import pytest
from flint import arb

import oracle
from chainrule.api import derive, parse
from chainrule.balls.arithmetic import evaluate, precision
from chainrule.balls.program import ball
from chainrule.expr.functions import BY_NAME, FUNCTIONS
from chainrule.expr.nodes import Expr, Symbol
from chainrule.floats.letters import typical_values
from chainrule.verify.enclosures import compile_enclosures

X = Symbol("x")
NAMES = ("sigmoid", "gelu", "mish", "softsign", "elu", "hardswish", "snake", "squareplus", "lisht")


@pytest.mark.parametrize("name", NAMES)
def test_values_lie_within(name: str) -> None:
    derivation = derive(name)
    variable, fixed = derivation.variable, typical_values(derivation)
    program = compile_enclosures([derivation.derivative])
    chosen = random.Random(name)
    decided = 0
    for _ in range(60):
        middle = chosen.uniform(-1, 1) * 2 ** chosen.uniform(-8, 8)
        width = abs(middle) * 2 ** chosen.uniform(-12, 1)
        a, b = middle - width, middle + width
        with precision(96):
            given = {s: (ball(v),) * 2 for s, v in fixed.items()}
            given[variable] = (arb(a), arb(b))
            [(low, high)] = program.run([given[symbol] for symbol in program.symbols])
        if not low.is_finite():
            continue
        decided += 1
        for _ in range(5):
            point = Fraction(chosen.uniform(a, b))
            value = evaluate(derivation.derivative, {**fixed, variable: point})
            assert value is None or (low <= value.upper() and value.lower() <= high)
    assert decided > 10


@pytest.mark.parametrize(
    ("formula", "a", "b", "low", "high"),
    [
        # A ball of this radius would go down to 0 and below.
        ("1/(1 + e^x)", 100, 200, 0.0, 1e-43),
        ("e^-|x|", -1e30, -1e20, 0.0, 1e-300),
        ("x^2", -1, 2, 0.0, 4.0),
        ("x^3", -1, 2, -1.0, 8.0),
        ("max(0, x)", -3, -2, 0.0, 0.0),
        ("arccos x", 0, 1, 0.0, 1.5708),
    ],
)
def test_intervals_are_tight(formula: str, a: float, b: float, low: float, high: float) -> None:
    program = compile_enclosures([parse(formula)])
    with precision(128):
        [(down, up)] = program.run([(arb(a), arb(b))])
    assert low - 1e-30 <= float(down) <= float(up) <= high + 1e-30


def test_a_pole_has_no_range() -> None:
    program = compile_enclosures([parse("1/x")])
    [(low, high)] = program.run([(arb(-1), arb(1))])
    assert low.is_nan()
    assert high.is_nan()


@pytest.mark.parametrize("formula", ["sin(x)", "gamma(x)", "arctan(x)*sin(x)"])
def test_of_an_infinite_interval_nothing_is_said_by_a_ball(formula: str) -> None:
    program = compile_enclosures([parse(formula)])
    for ends in ((arb(1), arb("inf")), (arb("-inf"), arb(1))):
        [(low, high)] = program.run([ends])
        assert low.is_nan()
        assert high.is_nan()


# Formulas of one operation each: an interval is to hold every value, and no more than it must.
OPERATIONS = (
    *("x + y", "x - y", "x*y", "x*x", "x/y", "1/x", "x^2", "x^3", "x^4", "x^5", "x^(-1)", "x^(-2)"),
    *("x^(-3)", "x^y", "2^x", "x^(1/2)", "x^(3/2)", "x^(1/3)", "x^(-1/2)", "|x|", "max(x, y)"),
    *("min(x, y)", "e^x", "-x", "3*x", "{x < y: 1, else: 2}", "{x <= y: 1, else: 2}"),
    *("{x > y: 1, else: 2}", "{x >= y: 1, else: 2}", "{x == y: 1, else: 2}"),
    *("{x != y: 1, else: 2}",),
)
ENDS = [Fraction(k, 4) for k in (-13, -8, -5, -4, -1, 0, 1, 3, 4, 8, 9)]


def _values(expr: Expr, xs: list[Fraction], ys: list[Fraction]) -> list[mpmath.mpf | None]:
    found: list[mpmath.mpf | None] = []
    for a, b in product(xs, ys):
        try:
            value = oracle.evaluate(expr, {"x": _mpf(a), "y": _mpf(b)})
        except (ValueError, ZeroDivisionError):
            value = mpmath.nan
        real = not isinstance(value, mpmath.mpc) and mpmath.isfinite(value)
        found.append(value if real else None)
    return found


def _mpf(value: Fraction) -> mpmath.mpf:
    return mpmath.mpf(value.numerator) / value.denominator


def _within(a: Fraction, b: Fraction, count: int) -> list[Fraction]:
    inside = [Fraction(0)] if a < 0 < b else []
    return [*inside, *(a + (b - a) * k / count for k in range(count + 1))] if count else [a]


@pytest.mark.parametrize(
    "formula",
    [*OPERATIONS, *(f"{row.name}(x)" for row in FUNCTIONS if row.arity == 1)],
)
def test_an_interval_holds_every_value_and_reaches_the_extremes(formula: str) -> None:
    expr = parse(formula)
    program = compile_enclosures([expr])
    chosen = random.Random(formula)
    row = BY_NAME.get(formula.removesuffix("(x)"))
    # What is not monotone, or defined by others, is evaluated by balls: they hold more.
    tight = row is None or (bool(row.monotone) and row.arb != "") or row.name == "abs"
    decided = 0
    for _ in range(40):
        (a, b), (c, d) = (sorted(chosen.choices(ENDS, k=2)) for _ in range(2))
        given = {X: (a, b), Symbol("y"): (c, d)}
        with precision(128):
            [(low, high)] = program.run(
                [(ball(given[s][0]), ball(given[s][1])) for s in program.symbols]
            )
        if not (low.is_finite() and high.is_finite()):
            continue
        decided += 1
        with mpmath.workdps(40):
            values = _values(expr, _within(a, b, 8), _within(c, d, 4 if "y" in formula else 0))
            least, most = (mpmath.mpf(end.str(40, radius=False)) for end in (low, high))
            slack = mpmath.mpf(10) ** -30
            for value in values:
                assert value is not None
                assert least - slack * (1 + abs(value)) <= value
                assert value <= most + slack * (1 + abs(value))
            if tight and formula != "x^y":
                assert abs(min(values) - least) <= slack * (1 + abs(least))
                assert abs(max(values) - most) <= slack * (1 + abs(most))
    assert decided >= 1


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "==", "!="])
def test_a_comparison_is_decided_where_it_can_be_and_nowhere_else(operator: str) -> None:
    """Of two intervals it holds everywhere, nowhere, or it depends."""
    program = compile_enclosures([parse(f"{{x {operator} y: 1, else: 2}}")])
    numbers = [Fraction(k, 2) for k in range(4)]
    pairs = [(a, b) for a in numbers for b in numbers if a <= b]
    for (a, b), (c, d) in product(pairs, pairs):
        one, other = ((c, d), (a, b)) if operator in (">", ">=") else ((a, b), (c, d))
        match operator:
            case "<" | ">":
                always, never = one[1] < other[0], one[0] >= other[1]
            case "<=" | ">=":
                always, never = one[1] <= other[0], one[0] > other[1]
            case _:
                always, never = a == b == c == d, b < c or d < a
        if operator == "!=":
            always, never = never, always
        given = {"x": (a, b), "y": (c, d)}
        with precision(64):
            [(low, high)] = program.run(
                [(ball(given[s.name][0]), ball(given[s.name][1])) for s in program.symbols]
            )
        if always or never:
            assert low == high == (1 if always else 2)
        else:
            # One case or the other: nothing is known, or both values are held.
            assert low.is_nan() or (low <= 1 and high >= 2)
