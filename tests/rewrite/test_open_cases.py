"""Cases that meet at letters without a value: right beside these points, nothing where they jump.

The values are those of ``real_values``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, permutations
from random import Random

import mpmath
import pytest

import chainrule
from chainrule.expr.nodes import Symbol
from chainrule.rewrite.open_cases import disjoint
from chainrule.rewrite.order import Order
from real_values import DIGITS, Point

VALUES = "x", "x^2", "5", "sin(x)", "a*x", "x^2 + 1", "2x - 1"
FORMULAS = "{}", "3 + {}", "tanh({})", "x*{}", "{}*|{}|"
EPSILON = mpmath.mpf(10) ** -20


def _conditions(rng: Random) -> Iterator[str]:
    for _ in range(rng.randint(1, 3)):
        one, other = rng.sample(("a", "b", "3"), 2)
        yield rng.choice([
            f"x < {one}", f"x <= {one}", f"x > {one}", f"x >= {one}", f"{one} > x",
            f"x != {one}", f"x == {one}", f"{one} < x < {other}", f"{one} >= x >= {other}",
            f"a*x < {one}", f"{one} - x >= b", f"{one} < x + a <= {other}", f"a < {one}",
        ])  # fmt: skip


def _around(letters: dict[str, mpmath.mpf]) -> Iterator[tuple[bool, list[Point]]]:
    """Points left of, at and right of a joint, and around other points; whether it is a joint."""
    a, b = letters["a"], letters["b"]
    places = a, b, mpmath.mpf(3)
    joints = {x for p in places for x in (p, p / a, p - b, p - a)}
    for x in sorted({*joints, *(joint + mpmath.mpf(k) / 8 for joint in joints for k in (-3, 5))}):
        with mpmath.workdps(DIGITS):
            yield x in joints, [Point({**letters, "x": x + step * EPSILON}) for step in (-1, 0, 1)]


@pytest.mark.parametrize("seed", range(80))
def test_disjoint_cases_are_the_same_whatever_the_order(seed: int) -> None:
    """Each case with a number of its own: it applies where it did, without its ends."""
    rng, number = Random(seed), count(1)
    cases = [f"{condition}: {next(number)}" for condition in _conditions(rng)]
    formula = chainrule.parse("{" + ", ".join([*cases, f"else: {next(number)}"]) + "}")
    found = disjoint(formula, Order(Symbol("x")))
    for a, b, three in permutations(range(3)):
        letters = {
            "a": 3 + mpmath.mpf(5 * (a - three)) / 4,
            "b": 3 + mpmath.mpf(5 * (b - three)) / 4,
        }
        for joint, points in _around(letters):
            said = points[1].value(found)
            typed = [point.value(formula) for point in points]
            if said is not None or not joint:
                assert [said] * 3 == typed, f"{formula} as {found} at {points[1]}"


@pytest.mark.parametrize("seed", range(120))
def test_no_value_where_cases_jump(seed: int) -> None:
    rng = Random(seed)
    cases = [f"{condition}: {rng.choice(VALUES)}" for condition in _conditions(rng)]
    cases.append(f"else: {rng.choice(VALUES)}")
    text = rng.choice(FORMULAS).replace("{}", "{" + ", ".join(cases) + "}")
    derivation = chainrule.derive(text, "x", verify=False)
    # The order in which chainrule puts letters.
    for joint, points in _around({"a": mpmath.mpf(1), "b": mpmath.mpf(2)}):
        said = points[1].value(derivation.derivative)
        values = [point.value(derivation.function) for point in points]
        with mpmath.workdps(DIGITS):
            slopes = [(values[1] - values[0]) / EPSILON, (values[2] - values[1]) / EPSILON]
        if said is not None or not joint:
            where = f"{text} by x: {derivation.derivative} at {points[1]}"
            assert all(abs(slope - said) < 1e-12 for slope in slopes), where


@pytest.mark.parametrize(
    ("text", "derivative"),
    [
        ("{x < k: x^2, x < 3: x, else: 5}", "{x < k: 2*x, k < x < 3: 1, x > max(k, 3): 0}"),
        (
            "{x > 0.5: 1, x >= k: x^2, else: x}",
            "{x > 0.5: 0, k < x < 0.5: 2*x, x < min(0.5, k): 1}"),
        ("{a < x < b: x^2, else: 0}", "{a < x < b: 2*x, x < a: 0, x > b: 0}"),
        ("{x < a: x, x > b: x, else: x + 1}", "{x < a: 1, x > max(a, b): 1, a < x < b: 1}"),
        # Here nothing jumps.
        ("{x < a: x, x > b: x, else: x}", "1"),
        (
            "{x < -3: x, k*x <= 4: x^2, else: 5}",
            "{x < -3: 1, x > -3: {k*x < 4: 2*x, k*x > 4: 0}}",
        ),
        (
            "3*{x >= 2: x, k < 5: x^2, x + k > 1: 5}",
            "3*{x > 2: 1, x < 2: {k < 5: 2*x, else: {x + k > 1: 0}}}",
        ),
    ],
)  # fmt: skip
def test_each_case_has_its_own_interval(text: str, derivative: str) -> None:
    assert str(chainrule.diff(text, "x")) == derivative


@pytest.mark.parametrize("inner", ["sign(x)", "sign(-x)", "heaviside(x)", "sign(2x^3)"])
@pytest.mark.parametrize("outer", ["x*cosh({})", "tan(x)/cosh({})", "x*{}", "x^2*{}", "x*{}^2"])
def test_a_sign_of_0_is_no_derivative(outer: str, inner: str) -> None:
    """Where the slopes from both sides agree, the derivative at 0 is theirs, or is not given."""
    derivation = chainrule.derive(outer.replace("{}", inner), "x")
    with mpmath.workdps(DIGITS):
        values = [Point({"x": step * EPSILON}).value(derivation.function) for step in (-1, 0, 1)]
        slopes = (values[1] - values[0]) / EPSILON, (values[2] - values[1]) / EPSILON
    said = Point({"x": mpmath.mpf(0)}).value(derivation.derivative)
    assert said is None or abs(slopes[0] - slopes[1]) > 0.1 or abs(said - slopes[0]) < 1e-12


@pytest.mark.parametrize(
    ("typed", "apart"),
    [
        # Of ends whose order is known one is left.
        (
            "{x < 2: x, x < k: 1, x < 3: x^2, else: 5}",
            "{x < 2: x, 2 < x < k: 1, max(2, k) < x < 3: x^2, x > max(k, 3): 5}",
        ),
        ("{x < 4: x, x < 3: 1, else: 5}", "{x < 4: x, x > 4: 5}"),
    ],
)
def test_no_end_that_does_not_matter(typed: str, apart: str) -> None:
    assert str(disjoint(chainrule.parse(typed), Order(Symbol("x")))) == apart


def test_cases_at_places_nobody_knows_keep_their_ends() -> None:
    """smoothstep is smooth at 0 and 1, wherever Φ may be that."""
    found = str(chainrule.derive("smoothstep(Phi(x))").derivative)
    assert "normcdf(x) <= 0: 0" in found
    assert "normcdf(x) >= 1: 0" in found
