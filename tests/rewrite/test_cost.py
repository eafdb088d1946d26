"""What a formula costs on paper: of two ways to write something, the one that takes less ink."""

from __future__ import annotations

import pytest

from chainrule.parsing.formula import parse_text
from chainrule.rewrite.cost import cost


@pytest.mark.parametrize(
    ("less", "more"),
    [
        *[
            ("x", "-x"),
            ("-x", "2x"),
            ("2", "1/3"),
            ("x^2", "x a"),
            ("x^2", "x^a"),
            ("e^x", "ln(x)"),
        ],
        *[("x a", "x + a"), ("x a", "x/a"), ("x/a", "x + a + 1"), ("x + a", "x + a + b")],
        *[("x a", "x a b"), ("e^x", "e^(2x)"), ("sin(x)", "sin(x)^2"), ("tan(x)", "sin(x)/cos(x)")],
        *[("x^3/2", "x^3 + x + 1"), ("e^x", "sin(x)"), ("e^x/x", "ln(x)/x"), ("x + 1", "x ln(x)")],
        ("x", "{x > 0: x, else: x}"),
    ],
)
def test_what_takes_less_costs_less(less: str, more: str) -> None:
    assert cost(parse_text(less).expr) < cost(parse_text(more).expr)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *[("x", "5"), ("x", "pi"), ("sin(x)", "ln(x)"), ("x - a", "a - x"), ("2x", "x a")],
        *[("sqrt(x)", "sin(x)"), ("1/x", "x + 1"), ("{x > 0: x, else: a}", "x + a + ln(x)")],
    ],
)
def test_what_takes_as_much_costs_as_much(one: str, other: str) -> None:
    assert cost(parse_text(one).expr) == cost(parse_text(other).expr)
