"""What a form takes at least is never more than what it takes once it is written out."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule
from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.nodes import Expr, Number, Symbol, call
from chainrule.rewrite.cost_of_fractions import Ink
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.rational import TooLargeError

LETTERS = [Symbol("x"), Symbol("a"), Symbol("b")]


def expressions() -> st.SearchStrategy[Expr]:
    numbers = st.fractions(-3, 3, max_denominator=4).map(Number)
    decimals = st.sampled_from([Number(Fraction(1, 10), True), Number(-3)])
    leaves = st.one_of(st.sampled_from(LETTERS), numbers, decimals)

    def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        pairs = st.tuples(inner, inner)
        return st.one_of(
            pairs.map(lambda p: p[0] + p[1]),
            pairs.map(lambda p: p[0] - p[1]),
            pairs.map(lambda p: p[0] * p[1]),
            pairs.map(lambda p: p[0] / (1 + p[1] ** 2)),
            st.tuples(inner, st.integers(-3, 3)).map(lambda p: p[0] ** p[1]),
            st.tuples(st.sampled_from(["exp", "exp", "log", "tanh", "abs", "sqrt"]), inner).map(
                lambda p: call(p[0], p[1])
            ),
        )

    return st.recursive(leaves, grow, max_leaves=10)


def bounds(expr: Expr) -> list[tuple[float, float]]:
    """What each form takes at least, and what it takes."""
    tidier = Tidier()
    try:
        field, ratio = tidier.fraction(tidier.tidy(expr))
    except TooLargeError:
        return []
    ink = Ink(field, {}, tidier.costs)
    forms = [
        (ink.expanded(ratio), field.expression(ratio, factored=False)),
        (ink.factored(ratio), field.expression(ratio, factored=True)),
    ]
    if len(ratio.bottom) == 1 and len(ratio.top) > 1:
        forms.append((ink.termwise(ratio), field.termwise(ratio)))
    return [(least, tidier.cost(tidier.tidy(form))) for least, form in forms]


def check(expr: Expr) -> int:
    """How many of the bounds say anything."""
    found = bounds(expr)
    assert all(least <= cost for least, cost in found), found
    return sum(least > 0 for least, _ in found)


@settings(deadline=None, max_examples=300)
@given(expressions())
def test_never_more(expr: Expr) -> None:
    check(expr)


def test_over_the_catalogue() -> None:
    assert sum(check(chainrule.diff(entry.name)) for entry in CATALOGUE) > len(CATALOGUE)


@pytest.mark.parametrize(
    "formula",
    [
        *("x", "-x", "2x", "-2x", "x/3", "-x/3", "-2x/3", "a b x", "-a b x", "x^2", "x^2/a^3", "5"),
        *(
            "1/x",
            "-1/x",
            "2/x",
            "-2/(3x)",
            "1/(a x)",
            "1/(a^2 x b^3)",
            "-1",
            "0.5",
            "0.3x",
            "-0.3x",
        ),
        *(
            "x + a",
            "x - a",
            "1 - x",
            "2x + 3a",
            "x/2 + a/3",
            "(x^2 - 1)/2",
            "-(a - b + x)",
            "x^2 - 1",
        ),
        *(
            "(x + a)/(x - a)",
            "1/(x + 1)^2",
            "-3/(x + 1)^3",
            "x(x + 1)/(a b (x - 1)^2)",
            "x^2 + 1/x",
        ),
        *(
            "e^x",
            "e^-x",
            "e^(2x)",
            "e^-x/(1 + e^-x)^2",
            "x e^-x (2 - x)",
            "-x e^-x",
            "sin(x) cos(x)",
        ),
        *("-sin(x)/x^2", "-0.25x + 0.1", "0.3x/(x + 1)"),
    ],
)
def test_exact_in_the_usual_case(formula: str) -> None:
    assert all(least == cost for least, cost in bounds(chainrule.parse(formula)))


def test_nothing_is_said_of_exponentials_that_can_meet() -> None:
    """e^(a + x²) opens, or does not, in ways that only tidying up finds."""
    for formula in ("e^(x/2) - x e^(x^2 + 1)", "e^(a + x^2) + e^x"):
        assert {least for least, _ in bounds(chainrule.parse(formula))} == {0.0}
