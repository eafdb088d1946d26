"""Ranges over intervals hold the values at every point of them."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from flint import arb

from chainrule.api import derive, parse
from chainrule.audit.letters import typical_values
from chainrule.expr.nodes import Symbol
from chainrule.verify.balls import evaluate, precision
from chainrule.verify.enclosures import compile_enclosures
from chainrule.verify.program import ball

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
