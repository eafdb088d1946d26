"""Two-dimensional layout, and chains that do not fit on a line."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.document.blocks import At, Boxed, Chain, Derivative, Dots, Term, equation
from chainrule.expr.nodes import Number, Product, Sum, Symbol, call
from chainrule.parsing.reader import parse
from chainrule.render.display import latex_display, layout_chain, unicode_chain, wrapped
from chainrule.render.layout import width

DRAWN = {
    "1/(1+e^-x)": """
           1
        ───────
        1 + e⁻ˣ
        """,
    "a - x/y": """
            x
        a − ─
            y
        """,
    "-x/y": """
          x
        − ─
          y
        """,
    "(1+x/y)^-2": """
        ⎛    x⎞⁻²
        ⎜1 + ─⎟
        ⎝    y⎠
        """,
    "e^(-x^2/2)": """
         −x²/2
        e
        """,
    "e^(x ln x)": """
         x ln x
        e
        """,
    "sqrt(1+x)": """
         _____
        √1 + x
        """,
    "cbrt(x/2)": """
           __
          ╱ x
         ╱  ─
        ∛   2
        """,
    "|x/2|": """
        │x│
        │─│
        │2│
        """,
    "x if x>0 else a*x": """
        ⎧ x    if x > 0
        ⎨
        ⎩ ax   otherwise
        """,
}


@pytest.mark.parametrize("formula", DRAWN)
def test_drawn(formula: str) -> None:
    (box,) = layout_chain(equation(parse(formula).expr), 80)
    assert str(box) == dedent(DRAWN[formula]).strip("\n").rstrip()


def test_cancelled_differentials_are_struck_and_the_result_is_framed() -> None:
    x, y = Symbol("x"), Symbol("y")
    above = Derivative("m", (("x", 1),), cancel_above=True)
    below = Derivative("y", (("m", 1),), cancel_below=True)
    (box,) = layout_chain(equation(Dots((below, above)), Boxed(y * x)), 80)
    assert str(box) == (
        "dy   d\u0336m\u0336   ┌────┐\n── · ── = │ yx │\nd\u0336m\u0336   dx   └────┘"
    )


def test_a_value_at_a_point() -> None:
    term = At(Derivative("f", (("x", 1),)), "x", Number(5))
    (box,) = layout_chain(equation(term), 80)
    assert str(box) == "df│\n──│\ndx│x = 5"
    assert unicode_chain(equation(term)) == "df/dx|ₓ₌₅"


def long_sum(n: int) -> Term:
    x = Symbol("x")
    return Sum(tuple(call("sin", Product((Number(k), x))) / k for k in range(2, n + 2)))


@given(st.integers(1, 30), st.integers(1, 30), st.integers(40, 120))
def test_no_line_is_wider_than_the_room_and_nothing_is_lost(n: int, m: int, room: int) -> None:
    chain = equation(Symbol("f"), long_sum(n), long_sum(m))
    boxes = layout_chain(chain, room)
    assert max(box.width for box in boxes) <= room
    shown = "".join(line for box in boxes for line in box.lines)
    assert shown.count("sin") == n + m
    assert all(len({width(line) for line in box.lines}) == 1 for box in boxes)


def test_a_long_chain_is_aligned_at_its_relations() -> None:
    rows = [
        str(box).splitlines() for box in layout_chain(equation(Symbol("f"), *[long_sum(4)] * 3), 50)
    ]
    assert [row[1].index("=") for row in rows] == [2, 2, 2]


def test_a_fraction_too_wide_is_written_on_one_line_and_broken() -> None:
    chain = equation(Symbol("f"), 1 / long_sum(20))
    boxes = layout_chain(chain, 60)
    assert len(boxes) > 1
    assert max(box.width for box in boxes) <= 60
    assert "".join(str(box).strip() for box in boxes).count("sin") == 20


def test_a_tower_becomes_one_line() -> None:
    expr = Symbol("x")
    for _ in range(6):
        expr = 1 / (1 + expr)
    (box,) = layout_chain(equation(expr), 80)
    assert box.height == 1


def test_equations_side_by_side_go_one_below_the_other() -> None:
    chain = Chain((Symbol("u"), long_sum(4), Symbol("v"), long_sum(4)), ("=", ",", "="))
    rows = layout_chain(chain, 60)
    assert len(rows) == 2
    assert rows[0].lines[rows[0].base].rstrip().endswith(",")


def test_wrapped_breaks_inside_brackets_only_at_need() -> None:
    text = "f(a + b + c) + g(a + b + c) − h(a + b + c)"
    assert wrapped(text, 32) == ["f(a + b + c) + g(a + b + c)", "  − h(a + b + c)"]


def test_latex_breaks_before_relations_and_terms() -> None:
    short, long = equation(Symbol("f"), long_sum(2)), equation(Symbol("f"), long_sum(20))
    assert "aligned" not in latex_display(short).text
    text = latex_display(long).text
    assert text.startswith("\\begin{aligned}\nf&=")
    assert all(line.startswith(("f&=", r"&\quad{}+")) for line in text.splitlines()[1:-1])
