"""The rule for inverse functions, told for arcsin and the like and verified for each of them."""

from __future__ import annotations

import mpmath
import pytest

import chainrule
from chainrule.differentiate.inverse import TITLE
from chainrule.document.style import Style
from chainrule.expr.functions import BY_NAME, FUNCTIONS
from oracle import MPMATH

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


RANGES = {
    "": (-mpmath.inf, mpmath.inf),
    "not negative": (0, mpmath.inf),
    "between −π/2 and π/2": (-mpmath.pi / 2, mpmath.pi / 2),
    "between 0 and π": (0, mpmath.pi),
}


@pytest.mark.parametrize("name", UNDOING)
def test_it_says_the_same(name: str) -> None:
    """y = arcsin x and x = sin y are the same for y in the range that is said, by mpmath."""
    row = BY_NAME[name]
    low, high = RANGES[BY_NAME[row.inverse].inverse_range]
    own, other = MPMATH[name], MPMATH[row.inverse]
    compared = 0
    for k in range(-37, 38, 2):
        value = mpmath.mpf(k) / 11
        y = own(value) if name != "erfinv" or abs(value) < 1 else mpmath.mpc(0, 1)
        if not isinstance(y, mpmath.mpc) or y.imag == 0:
            assert low <= y.real <= high
            assert abs(other(y) - value) < 1e-12
            compared += 1
        if low < value < high:
            assert abs(own(other(value)) - value) < 1e-9 * max(1, abs(value) ** 8)
            compared += 1
    assert compared >= 10
