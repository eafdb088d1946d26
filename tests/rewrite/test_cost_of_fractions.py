"""What a form takes at least is never more than what it takes once it is written out."""

from __future__ import annotations

from fractions import Fraction

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


def check(expr: Expr) -> int:
    """How many of the bounds say anything."""
    tidier = Tidier()
    try:
        field, ratio = tidier.fraction(tidier.tidy(expr))
    except TooLargeError:
        return 0
    ink = Ink(field, {}, tidier.costs)
    forms = [
        (ink.expanded(ratio), field.expression(ratio, factored=False)),
        (ink.factored(ratio), field.expression(ratio, factored=True)),
    ]
    if len(ratio.bottom) == 1 and len(ratio.top) > 1:
        forms.append((ink.termwise(ratio), field.termwise(ratio)))
    for least, form in forms:
        assert least <= tidier.cost(tidier.tidy(form)), form
    return sum(least > 0 for least, _ in forms)


@settings(deadline=None, max_examples=300)
@given(expressions())
def test_never_more(expr: Expr) -> None:
    check(expr)


def test_over_the_catalogue() -> None:
    assert sum(check(chainrule.diff(entry.name)) for entry in CATALOGUE) > len(CATALOGUE)
