"""Walk-throughs as they were read and found good; a change must be read before it is kept.

``GOLDEN=write pytest tests/document/test_golden.py`` writes them anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chainrule.commands import derivations
from chainrule.document.style import Style

GOLDEN = Path(__file__).with_name("golden")
CASES = {
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "silu": "silu",
    "gelu": "gelu",
    "mish": "mish",
    "elu": "elu",
    "x-to-the-x": "x^x",
    "bce-with-logits": "bce_with_logits",
    "circle": "x^2 + y^2 = 1",
    "softsign": "softsign",
    "absolute-value": "|x^2 - 1|",
    "composition-of-compositions": "ln(1 + e^(x^2))^3",
    "unknown-functions": "f(g(x)) h(x)",
    "larger-of-two": "max(x^3 sin x, x e^x)",
    "cases-in-a-sum": "x^2 e^x + {x > 0: x sin x, else: x^2}",
    "exponent-with-a-letter": "(x^2 + 1)^(a + 1)",
    "quotient-of-products": "x^2 e^x/(x sin x + 1)",
    "general-power": "(x sin x)^(x^2 e^x)",
}
TWICE = {"circle": "x^2 + y^2 = 1", "hyperbola": "x y = 1", "line": "2x + 3y = 1", "log": "x ln x"}
"""Derivatives of the second order."""
STYLES = {
    "": Style(),
    "-brief": Style(detail="brief"),
    "-full-lagrange": Style(detail="full", notation="lagrange"),
}


def walk(formula: str, style: Style, order: int = 1) -> str:
    [derivation] = derivations(formula, wrt=None, order=order, method="power")
    return derivation.to_text(style)


def compare(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("style", STYLES)
def test_golden(name: str, style: str) -> None:
    if style and name not in ("sigmoid", "silu", "composition-of-compositions"):
        return
    compare(f"{name}{style}", walk(CASES[name], STYLES[style]))


@pytest.mark.parametrize("name", TWICE)
def test_golden_of_the_second_order(name: str) -> None:
    compare(f"{name}-twice", walk(TWICE[name], Style(), 2))


def test_a_number_for_every_order() -> None:
    text = walk("x^2 e^x", Style(), 7)
    ordinals = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth")
    titles = [f"{word} derivative" for word in ordinals] + ["Derivative 7"]
    lines = text.splitlines()
    places = [lines.index(title) for title in titles]
    assert places == sorted(places)
    assert text.count("Now differentiate ") == 6
