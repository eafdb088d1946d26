"""The generator of formulas: what it draws, and that it draws the same again."""

from __future__ import annotations

from random import Random

import mpmath

from chainrule.expr.functions import FUNCTIONS
from chainrule.expr.nodes import (
    Call,
    Number,
    Piecewise,
    Power,
    Quotient,
    Sum,
    Symbol,
    postorder,
    symbols,
)
from chainrule.parsing.definitions import expand_all
from chainrule.parsing.reader import parse
from random_formulas import formulas
from real_values import Point, places

DRAWN = list(formulas(3, 400))
NODES = [node for text in DRAWN for node in postorder(parse(text).expr)]


def test_everything_is_drawn() -> None:
    called = {node.name for node in NODES if isinstance(node, Call)}
    assert {row.name for row in FUNCTIONS} <= called
    assert {"x", "a", "b", "y"} <= {node.name for node in NODES if isinstance(node, Symbol)}
    assert any(isinstance(node, Piecewise) for node in NODES)
    assert any(isinstance(n, Power) and isinstance(n.args[0], Power) for n in NODES)
    assert any(
        isinstance(n, Quotient) and isinstance(n.args[0], Sum) and isinstance(n.args[1], Sum)
        for n in NODES
    )


def test_the_same_seed_gives_the_same_formulas() -> None:
    assert list(formulas(3, 20)) == DRAWN[:20]
    assert list(formulas(4, 20)) != DRAWN[:20]


def test_each_is_defined_somewhere() -> None:
    for text in DRAWN[:50]:
        expr = expand_all(parse(text).expr)
        assert Symbol("x") in symbols(expr)
        assert places(expr, Random(0), 1, tries=400), text


def test_values_and_derivatives_are_real_or_none() -> None:
    def at(x: float) -> Point:
        return Point({"x": mpmath.mpf(x)})

    cube = parse("x^3").expr
    assert at(2).value(cube) == 8
    for order, truth in enumerate((8, 12, 12, 6)):
        assert abs(at(2).derivative(cube, ["x"] * order) - truth) < 1e-25
    for text, x in (("sqrt(x)", -1), ("1/x", 0), ("asin(x)", 2), ("{x > 0: x}", -1), ("ln x", 0)):
        assert at(x).value(parse(text).expr) is None, text
    # An undefined case that is not taken does no harm.
    assert at(4).value(parse("{x > 0: sqrt(x), else: sqrt(-x)}").expr) == 2
    assert at(4).value(Number(3)) == 3
