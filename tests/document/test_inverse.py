"""The rule for inverse functions, told for arcsin and the like and verified for each of them."""

from __future__ import annotations

import pytest

import chainrule
from chainrule.differentiate.inverse import TITLE
from chainrule.document.telling import Style
from chainrule.expr.functions import BY_NAME, FUNCTIONS

UNDOING = [row.name for row in FUNCTIONS if row.undoes]


def test_both_ways() -> None:
    assert {"asin", "log", "acosh"} <= set(UNDOING)
    for name in UNDOING:
        assert BY_NAME[BY_NAME[name].inverse].inverse == name


@pytest.mark.parametrize("name", UNDOING)
def test_told_and_verified(name: str) -> None:
    derivation = chainrule.derive(f"{name}(x)")
    claim = derivation.inverse_claim
    assert claim is not None
    assert derivation.verdicts[claim].holds
    assert TITLE in derivation.to_text()


@pytest.mark.parametrize(
    ("text", "detail", "told"),
    [
        ("asin(x^2)", "normal", False),
        ("asin(x^2)", "full", True),
        ("asin x", "brief", False),
        ("sin x", "full", False),
    ],
)
def test_how_much_is_said(text: str, detail: str, told: bool) -> None:
    said = chainrule.derive(text).to_text(Style(detail=detail))  # type: ignore[arg-type]
    assert (TITLE in said) is told


def test_a_planted_error_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a wrong slope of what arcsin undoes, the claim is left out, and nothing else."""

    from chainrule.expr.nodes import call

    wrong = BY_NAME["sin"].replaced(derivatives=(lambda u: -call("cos", u),))
    monkeypatch.setitem(BY_NAME, "sin", wrong)
    derivation = chainrule.derive("asin x")
    assert derivation.inverse_claim is None
    assert derivation.verdict.holds
    assert "Inverse function" not in derivation.to_text()
