"""How a derivative by the product rule is written before it is tidied."""

from __future__ import annotations

import pytest

import chainrule


@pytest.mark.parametrize(
    ("formula", "line"),
    [
        ("x sin(x)", "1·sin x + x cos x = sin x + x cos x"),
        ("5x sin(x)", "= 5 sin x + 5x cos x"),
        ("a b x sin(x)", "= ab sin x + abx cos x"),
    ],
)
def test_a_factor_of_one_is_written_where_it_tells_something(formula: str, line: str) -> None:
    text = chainrule.derive(formula).to_text()
    assert line in text
    assert "·1 " not in text
