"""Elimination of x: the equation between g(x) and f'(x) holds, and its solution is f'."""

from __future__ import annotations

import mpmath
import pytest

from chainrule.expr.nodes import Symbol
from chainrule.parsing.formula import parse_text
from chainrule.rewrite import elimination
from chainrule.rewrite.elimination import Eliminated, eliminate, two_valued
from chainrule.rewrite.normal_form import Tidier
from oracle import evaluate

X, VALUE, SLOPE = Symbol("x"), Symbol("y"), Symbol("s")


def found(part: str, slope: str) -> Eliminated | None:
    exprs = [parse_text(text).expr for text in (part, slope)]
    return eliminate(exprs[0], exprs[1], X, VALUE, SLOPE, Tidier())


TABLE = [
    # two terms: a power is a product of powers
    ("sinh x", "cosh x", "s^2", "1 + y^2"),
    ("x/sqrt(1 + x^2)", "1/((1 + x^2) sqrt(1 + x^2))", "s^2", "(1 - y^2)^3"),
    ("a^2 sinh x", "a^2 cosh x", "s^2", "y^2 + a^4"),
    ("1/(1 + sqrt(x))", "-1/(2 sqrt(x) (1 + sqrt(x))^2)", "s", "y^3/(2*(y - 1))"),
    # a square with something in the middle
    ("sinh x", "sinh x + cosh x", "1 + 2*s*y - s^2", "0"),
    ("sinh x", "cosh x - 3 sinh x", "8*y^2 + 6*s*y + s^2 - 1", "0"),
]


@pytest.mark.parametrize(("part", "slope", "left", "right"), TABLE)
def test_the_equation_and_its_solution(part: str, slope: str, left: str, right: str) -> None:
    row = found(part, slope)
    assert row is not None
    assert (str(row.left), str(row.right)) == (left, right)
    for x in map(mpmath.mpf, ("0.3", "1.7", "4")):
        env = {"x": x, "a": mpmath.mpf("1.4")}
        y, s = (evaluate(parse_text(text).expr, env) for text in (part, slope))
        known = env | {"y": y, "s": s}
        sides = [evaluate(side, known) for side in (row.left, row.right)]
        assert mpmath.almosteq(*sides, 1e-10, 1e-10)
        assert mpmath.almosteq(evaluate(row.solution, known), s, 1e-10, 1e-10)


@pytest.mark.parametrize(
    ("part", "slope"),
    [
        ("sin x", "cos x"),  # the sign of the root is not the same everywhere
        ("a sinh x", "a cosh x"),  # nor for every a
        ("x^5 + x", "5x^4 + 1"),
        ("sin x + e^x", "cos x + e^x"),  # not tied together
    ],
)
def test_what_has_no_solution_that_holds_everywhere(part: str, slope: str) -> None:
    assert found(part, slope) is None


@pytest.mark.parametrize(
    ("shift", "tried"), [("0", True), ("1.8", True), ("2", False), ("8", False)]
)
def test_three_places_at_least_are_tried(shift: str, tried: bool) -> None:
    """Numbers from −7.02 to 8.11, of which 1.83, 3.17 and 8.11 are above 1.8."""
    root = f"sqrt(x - {shift})"
    row = found(f"1/(1 + {root})", f"-1/(2 {root} (1 + {root})^2)")
    assert (row is not None) == tried


@pytest.mark.parametrize("limit", ["_MAX_TERMS", "_MAX_DEGREE", "_MAX_PARTS"])
def test_each_limit_is_one_by_itself(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(elimination, limit, 1)
    assert found("sinh x", "cosh x") is None


@pytest.mark.parametrize(
    ("function", "slope", "two"),
    [
        ("cos x", "-sin x", True),
        ("a x^2", "2 a x", True),
        ("e^x", "e^x", False),
        ("sin x", "cos x", False),
        ("cos x", "cos x", False),
        ("ln x", "1/x", False),
    ],
)
def test_a_value_with_two_slopes(function: str, slope: str, two: bool) -> None:
    exprs = [parse_text(text).expr for text in (function, slope)]
    assert two_valued(exprs[0], exprs[1], X) == two
