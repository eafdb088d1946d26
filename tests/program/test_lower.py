"""Lowering: the program computes the formula, and nothing twice."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule
from chainrule.errors import InputError
from chainrule.expr.nodes import Symbol
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import format_named
from chainrule.floats.truth import truth
from chainrule.program.lower import lower

x = Symbol("x")
DOUBLE = format_named("float64")


@pytest.mark.parametrize(
    "text",
    [
        "x^2 - 3x + 1/x",
        "gelu(x)",
        "x^-3 + sqrt(2 pi) x^2",
        "{x > 1: x, 0 < x < 1: -x, else: 2}",
        "|x| sign(x) - max(x, 2) + floor(x)",
        "sech(x) + csch(x) + acot(x)",
        "mish(x) - selu(x)",
        "x^21 + (1 + x^2)^(3/2) + 2^x",
        "-(x - (2 - x)) (1/x)",
    ],
)
def test_the_value_is_the_formulas(text: str) -> None:
    expr = chainrule.parse(text)
    values = np.array([-2.3, -0.7, 0.3, 1.9, 2.6])
    [found] = evaluate(lower([expr], [x], FUNCTIONS), [values], DOUBLE)
    wanted = truth(expr, x, values, {})
    assert np.array_equal(np.isfinite(found), wanted.known)
    assert np.allclose(found[wanted.known], wanted.high[wanted.known], rtol=1e-14)


def test_common_parts_are_computed_once() -> None:
    program = lower([chainrule.parse("e^-x/(1+e^-x)^2"), chainrule.parse("e^-x")], [x], {"exp"})
    names = [step.operation for step in program.code]
    assert names == ["negative", "exp", "add", "multiply", "divide"]
    assert program.outputs == (6, 3)


def test_constants_are_folded() -> None:
    program = lower([chainrule.parse("x/sqrt(2 pi)")], [x], {"sqrt"})
    assert [str(constant) for constant in program.constants] == ["sqrt(2*pi)"]
    assert len(program.code) == 1


@pytest.mark.parametrize("text", ["f(x)", "x + a"])
def test_what_has_no_value_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        lower([chainrule.parse(text)], [x], FUNCTIONS)
