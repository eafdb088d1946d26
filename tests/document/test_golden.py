"""Walk-throughs as they were read and found good; a change must be read before it is kept.

``GOLDEN=write pytest tests/document/test_golden.py`` writes them anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chainrule.api import derivations
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
}
STYLES = {
    "": Style(),
    "-brief": Style(detail="brief"),
    "-full-lagrange": Style(detail="full", notation="lagrange"),
}


def walk(formula: str, style: Style) -> str:
    [derivation] = derivations(formula, wrt=None, order=1, method="power")
    return derivation.to_text(style)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("style", STYLES)
def test_golden(name: str, style: str) -> None:
    if style and name not in ("sigmoid", "silu", "composition-of-compositions"):
        return
    path = GOLDEN / f"{name}{style}.txt"
    text = walk(CASES[name], STYLES[style])
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
