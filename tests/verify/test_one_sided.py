"""What is said of kinks is checked in balls: planted faults are seen, and are not said."""

from __future__ import annotations

from typing import Literal

import pytest

import chainrule
from chainrule.expr.nodes import HALF, ONE, ZERO, Expr, Number, Symbol
from chainrule.parsing.formula import parse_text
from chainrule.rewrite import cases, kinks, limits, meeting, single_points
from chainrule.rewrite.kinks import Kink
from chainrule.rewrite.line import Side
from chainrule.verify.one_sided import Beside, confirmed, derivative_at

X = Symbol("x")


def beside(formula: str, at: str = "0") -> Beside:
    return Beside(parse_text(formula).expr, X, parse_text(at).expr, {})


RIGHT = [
    ("|x|", -1, Side(ZERO, -ONE)),
    ("e^(-1/x)", 1, Side(ZERO, ZERO)),
    ("e^(-1/x)", -1, Side(None, None, grows=1)),
    ("sqrt x", 1, Side(ZERO, None, infinite=1)),
    ("sqrt x", -1, Side(None, None, defined=False)),
    ("1/ln x", 1, Side(ZERO, None, infinite=-1)),
    ("x ln x", 1, Side(ZERO, None, infinite=-1)),
    ("1/sqrt(x) - 1000", 1, Side(None, None, grows=1)),
    ("(1 - cos x)/x^2", 1, Side(HALF, ZERO)),
    ("x^2 sin(1/x)", 1, Side(ZERO, ZERO)),
]


@pytest.mark.parametrize(("formula", "way", "claimed"), RIGHT)
def test_what_is_so_is_confirmed(formula: str, way: Literal[-1, 1], claimed: Side) -> None:
    assert beside(formula).confirmed(claimed, way) == claimed


@pytest.mark.parametrize(
    ("formula", "way", "claimed"),
    [
        ("|x|", -1, Side(ZERO, ONE)),
        ("x", 1, Side(ZERO, ONE + Number(1) / Number(10**6))),
        ("e^(-1/x)", 1, Side(ZERO, ONE)),
        ("sqrt x", 1, Side(ZERO, None, infinite=-1)),
        ("1/ln x", 1, Side(ZERO, None, infinite=1)),
        ("(1 - cos x)/x^2", 1, Side(HALF, ONE)),
        ("x", 1, Side(ZERO, None, infinite=1)),
    ],
)
def test_a_wrong_slope_is_struck_out(formula: str, way: Literal[-1, 1], claimed: Side) -> None:
    assert beside(formula).confirmed(claimed, way) == Side(claimed.value, None)


@pytest.mark.parametrize(
    ("formula", "way", "claimed"),
    [
        ("(1 - cos x)/x^2", 1, Side(ONE, ZERO)),
        ("e^(-1/x)", -1, Side(None, None, grows=-1)),
        ("e^(-1/x)", -1, Side(ZERO, ZERO)),
        ("sqrt x", -1, Side(ZERO, ZERO)),
        ("x", -1, Side(None, None, defined=False)),
        ("sin(1/x)", 1, Side(ZERO, ZERO)),
        ("1 + 1/10^6", 1, Side(ONE, ZERO)),
    ],
)
def test_a_wrong_limit_is_struck_out(formula: str, way: Literal[-1, 1], claimed: Side) -> None:
    assert beside(formula).confirmed(claimed, way) == limits.UNKNOWN


# --- planted faults -------------------------------------------------------------------------------
def _turned(side: Side) -> Side:
    slope = None if side.slope is None else side.slope + 1
    return side.replaced(slope=slope, infinite=-side.infinite)


def plant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every slope from the right is found to be 1 more, or of the other sign."""
    right = limits.side

    def wrong(function: Expr, point: Expr, way: Literal[-1, 1], order: object) -> Side:
        found = right(function, point, way, order)  # type: ignore[arg-type]
        return _turned(found) if way > 0 else found

    monkeypatch.setattr(limits, "side", wrong)


@pytest.mark.parametrize("formula", ["|x|", "sqrt(|x|)", "max(x, 1 - x)", "elu", "x|x|"])
def test_wrong_slopes_are_not_said(formula: str, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = chainrule.derive(formula).kinks
    plant(monkeypatch)
    for before, kink in zip(honest, chainrule.derive(formula).kinks, strict=True):
        assert kink.left == before.left
        assert kink.right is not None
        assert kink.right.slope is None
        assert not kink.right.infinite
        assert kink.exists is None
        assert not kink.removable
    assert "unknown" in chainrule.derive(formula).to_text()


def test_a_wrong_tie_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinks, "_judged", lambda point, found, order: _tied(point, found))
    (kink,) = chainrule.derive("|x|").kinks
    assert kink.exists is None


def _tied(point: Expr, found: limits.Joint) -> Kink:
    both = found.left, found.left
    return Kink("switch", point, *both, exists=True, here=ZERO)


def test_a_wrong_value_at_the_point_is_not_said() -> None:
    function = parse_text("{x = 0: 1, else: x}").expr
    side = Side(ZERO, ONE)
    smooth = Kink("switch", ZERO, side, side, exists=True, here=ZERO)
    found = confirmed(function, X, smooth, [{}])
    assert found.exists is None
    assert not found.jump


@pytest.mark.parametrize(
    ("function", "derivative", "at"),
    [
        ("{x != 0: (e^x - 1)/x, else: 1}", "{x != 0: (x e^x + 1 - e^x)/x^2, else: 0}", "0"),
        ("{x > 0: x, else: 0}", "{x > 0: 1, else: 0}", "0"),
        ("{x > 0: x, else: 0}", "{x >= 0: 1, else: 0}", "0"),
        ("{x = 1: x^2 - 1, else: x^3}", "{x = 1: 2x, else: 3x^2}", "1"),
        ("{x > 1: x + 1, else: x}", "1", "1"),
        ("max(x, 1 - x)", "{x > 1/2: 1, else: -1}", "1/2"),
        ("{x > 0: sqrt x, else: 0}", "{x > 0: 1/(2 sqrt x), else: 0}", "0"),
    ],
)
def test_a_wrong_derivative_where_cases_meet(function: str, derivative: str, at: str) -> None:
    claim = parse_text(function).expr, parse_text(derivative).expr, X
    found = derivative_at(*claim, [parse_text(at).expr], {})
    assert found is not None
    assert found.word == "wrong"
    assert found.counterexample is not None
    assert found.counterexample.point == {"x": at}


@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        ("{x != 0: (e^x - 1)/x, else: 1}", "{x != 0: (x e^x + 1 - e^x)/x^2, else: 1/2}"),
        ("{x > 0: x, else: 0}", "{x > 0: 1, x < 0: 0}"),
        ("{x > 0: x^2, else: 0}", "{x > 0: 2x, else: 0}"),
        ("{x > 0: e^(-1/x), else: 0}", "{x > 0: e^(-1/x)/x^2, else: 0}"),
        ("|x|", "sign(x)"),
    ],
)
def test_a_right_one(function: str, derivative: str) -> None:
    claim = parse_text(function).expr, parse_text(derivative).expr, X
    assert derivative_at(*claim, [ZERO], {}) is None


def test_a_point_that_is_merged_by_mistake_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tie that counts as smooth gives a derivative that verification finds wrong."""
    monkeypatch.setattr(cases, "slope_between", lambda function, left, right, point, order: left)
    with pytest.warns(UserWarning, match="wrong"):
        chainrule.diff("{x > 0: x, else: 2x}")


def test_a_wrong_limit_at_a_point_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_points, "slope_at", lambda *pieces: Number(7))
    monkeypatch.setattr(meeting, "slope_through", lambda *pieces: Number(7))
    derivation = chainrule.derive("{x != 0: (e^x - 1)/x, else: 1}")
    with pytest.warns(UserWarning, match="wrong"):
        assert derivation.verdict.word == "wrong"


@pytest.mark.parametrize(
    "formula",
    [
        "{x < a: x, x < b: x^2, else: 1}",
        "{x = a: 1, x = b: 2, else: x}",
        "{x < a: 1, x < 1: 2x, else: x}",
        "{x > a: max(x, b), else: 0}",
        "max(x, a) + max(x, b)",
        "{0 < x < a: x, else: b}",
        "{a < x < b: x, else: x^2}",
        "{x > a: x, else: 2a - x}",
        "{|x - a| < b: x, else: a}",
        "{a x > 1: x, else: x^2}",
        "{a > 0: |x|, else: x}",
        "{a x > 2a: x^2, x > 1: floor(x), else: x}",
        "{|x| < 0: x, else: e^(a x)}",
        "{x != a: b x^2, x != 1: sin(b x), x >= 2a: e^(a x), else: -x}",
    ],
)
def test_letters_without_an_order_are_no_fault(formula: str) -> None:
    derivation = chainrule.derive(formula, wrt="x")
    assert derivation.derivative
    assert derivation.verdict.holds
    assert derivation.to_text()
