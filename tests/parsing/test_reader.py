"""Values as they are typed for a point."""

from __future__ import annotations

import pytest

from chainrule.errors import InputError
from chainrule.expr.nodes import Symbol
from chainrule.parsing.reader import point

X = Symbol("x")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("5", {"x": "5"}),
        ("x=5, a=1/2", {"x": "5", "a": "1/2"}),
        ("alpha = pi, 2", {"alpha": "pi", "x": "2"}),
        (r"x_{1}=\frac{1}{3}", {"x_1": "1/3"}),
    ],
)
def test_a_point(text: str, values: dict[str, str]) -> None:
    found = point(text, X)
    assert {symbol.name: str(value) for symbol, value in found.items()} == values


@pytest.mark.parametrize("text", ["a", "x=2y", "3=4", "x=1=2", "x<2", "", "x=", "2, x=z"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(InputError):
        point(text, X)
