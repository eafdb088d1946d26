"""What expressions are at kinks and for a NaN, and how constants and programs are written."""

from __future__ import annotations

import pytest

import chainrule
from chainrule.codegen import c, numba, numpy, torch
from chainrule.codegen.source import Language, body, program
from chainrule.expr.nodes import Symbol
from chainrule.program.cases import explicit, with_value_at

X = Symbol("x")


@pytest.mark.parametrize(
    ("formula", "functions", "wanted"),
    [
        ("{x > 1: x^2, else: 0}", (), "{x <= 1: 0, else: x^2}"),
        ("{x > 1: 1, else: 0}", (), "{x > 1: 1, x <= 1: 0}"),
        ("{x > 0: x, else: 0}", ("max", "min"), "max(x, 0)"),
        ("{x > 0: 0, else: x}", ("max", "min"), "min(x, 0)"),
        ("{x < 0: 1, x > 2: 3, else: 2}", ("abs",), "{x < 0: 1, x > 2: 3, x <= |x|: 2}"),
        ("{x < 0: 1, else: x}", (), "{x < 0: 1, else: x}"),
        ("max(x, 0)", (), "{x < 0: 0, else: x}"),
    ],
)
def test_cases_keep_a_nan(formula: str, functions: tuple[str, ...], wanted: str) -> None:
    assert str(explicit(chainrule.parse(formula), functions)) == wanted


@pytest.mark.parametrize(
    ("formula", "value", "wanted"),
    [
        ("{x < 0: 0, x > 0: 1}", "0", "{x <= 0: 0, x > 0: 1}"),
        ("{x < 0: 0, x > 0: 1}", "1", "{x < 0: 0, x >= 0: 1}"),
        ("{x < 0: a e^x, x > 0: 1}", "a", "{x <= 0: a*e^x, x > 0: 1}"),
        ("{-1 < x < 0: x, 0 < x: 1}", "0", "{-1 < x <= 0: x, 0 < x: 1}"),
        ("{x < 0: 0, x > 0: 1}", "1/2", "{x == 0: 1/2, x < 0: 0, x > 0: 1}"),
        ("1/x", "7", "{x == 0: 7, else: 1/x}"),
    ],
)
def test_a_value_at_a_point(formula: str, value: str, wanted: str) -> None:
    there = {X: chainrule.parse("0")}
    found = with_value_at(chainrule.parse(formula), X, there, chainrule.parse(value))
    assert str(found) == wanted


@pytest.mark.parametrize(
    ("language", "formula", "wanted"),
    [
        (numpy.LANGUAGE, "x - (2 - x)", "return x - (2.0 - x)"),
        (numpy.LANGUAGE, "e^(-(-x))", "return np.exp(x)"),
        (numpy.LANGUAGE, "x/(2x)", "return x / (2.0 * x)"),
        (numpy.LANGUAGE, "-(x+1)*pi", "return -(x + 1.0) * 3.141592653589793"),
        (numpy.LANGUAGE, "{-1 < x < 1: x, else: 0}", "return np.where((-1.0 < x) & (x < 1.0), x"),
        (numba.DOUBLE, "{-1 < x < 1: x, else: x^2}", "return x if -1.0 < x < 1.0 else x * x"),
        (numba.SINGLE, "x/3", "return x / np.float32(3.0)"),
        (c.DOUBLE, "x/10", "return x / 10.0;"),
        (c.DOUBLE, "0.1 x", "return 0x1.999999999999ap-4 * x;"),
        (c.SINGLE, "0.1 x", "return 0x1.99999ap-4f * x;"),
        (c.SINGLE, "e^x + 0.375", "return expf(x) + 0.375f;"),
        (torch.LANGUAGE, "ln(x)", "return torch.log(x)"),
    ],
)
def test_one_line(language: Language, formula: str, wanted: str) -> None:
    lowered = program(chainrule.parse(formula), (X,), language)
    double = language not in (numba.SINGLE, c.SINGLE)
    assert body(lowered, language, double=double)[-1].startswith(wanted)


def test_what_is_used_twice_is_computed_once() -> None:
    lowered = program(chainrule.parse("e^(2x) + 1/e^(2x)"), (X,), numpy.LANGUAGE)
    lines = body(lowered, numpy.LANGUAGE, double=True)
    assert lines == ["t1 = np.exp(2.0 * x)", "return t1 + 1.0 / t1"]


def test_lines_are_short() -> None:
    formula = "+".join(f"sin(x+{i})*cos(x-{i})" for i in range(30))
    lowered = program(chainrule.parse(formula), (X,), numpy.LANGUAGE)
    assert all(len(line) < 80 for line in body(lowered, numpy.LANGUAGE, double=True))
