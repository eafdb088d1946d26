"""``log`` is the natural logarithm, and the walk-through says so where it was typed."""

from __future__ import annotations

import pytest

import chainrule
from chainrule.document.phrases import NATURAL_LOG


@pytest.mark.parametrize("text", ["log(1+x^2)", "log x", r"\log x", "f(x) = log(x)/x"])
def test_said(text: str) -> None:
    assert NATURAL_LOG in chainrule.derive(text).to_text()


@pytest.mark.parametrize(
    "text", ["ln x", r"\ln x", "log_2 x", "log(x, 3)", r"\log_{10} x", "log1p(x)"]
)
def test_not_said(text: str) -> None:
    assert "A log without" not in chainrule.derive(text).to_text()


def test_said_of_a_curve() -> None:
    assert NATURAL_LOG in chainrule.implicit("log(x) + y^2 = 1").to_text()
