"""Kinks: slopes from both sides against numerical ones, and what frameworks return."""

from __future__ import annotations

import mpmath
import pytest

import chainrule
from chainrule.expr.nodes import Expr, symbols
from oracle import evaluate

CASES = [
    ("relu", ["0"], [False]),
    ("|x|", ["0"], [False]),
    ("x|x|", ["0"], [True]),
    ("x/(1+|x|)", ["0"], [True]),
    ("max(x, 1-x)", ["1/2"], [False]),
    ("|x^2-1|", ["-1", "1"], [False, False]),
    ("hard_tanh", None, [False, False]),
    ("relu6", ["0", "6"], [False, False]),
    ("{x > 0: x^2, else: 0}", ["0"], [True]),
    ("{x > 1: x, else: 0}", ["1"], [False]),
]


@pytest.mark.parametrize(("formula", "points", "exist"), CASES)
def test_where_and_whether(formula: str, points: list[str] | None, exist: list[bool]) -> None:
    kinks = chainrule.derive(formula).kinks
    if points is not None:
        assert [str(kink.at) for kink in kinks] == points
    assert [kink.exists for kink in kinks] == exist


@pytest.mark.parametrize("formula", ["|x|", "max(x, 1-x)", "|x^2-1|", "relu6", "x*max(0,x+1)"])
@mpmath.workdps(40)
def test_slopes_are_the_one_sided_limits(formula: str) -> None:
    derivation = chainrule.derive(formula)
    for kink in derivation.kinks:
        assert kink.left is not None
        assert kink.right is not None
        assert not symbols(kink.at)
        at = evaluate(kink.at, {})
        for side, sign in ((kink.left, -1), (kink.right, 1)):
            assert side.slope is not None
            step = sign * mpmath.mpf(10) ** -15
            numerical = (_at(derivation.function, at + step) - _at(derivation.function, at)) / step
            assert abs(numerical - evaluate(side.slope, {})) < 1e-10


def _at(function: Expr, x: mpmath.mpf) -> mpmath.mpf:
    return evaluate(function, {"x": x})


def test_elu_has_a_derivative_only_if_alpha_is_one() -> None:
    (kink,) = chainrule.derive("elu").kinks
    assert kink.exists is None
    assert str(kink.condition) == "alpha == 1"


def test_floor_jumps_at_integers() -> None:
    (kink,) = chainrule.derive("floor(2x)").kinks
    assert kink.kind == "integers"
    assert kink.jump


@pytest.mark.parametrize("formula", ["floor(x^2)", "floor(x) sin(pi x)", "x - floor(x)"])
def test_what_is_made_of_a_rounding_need_not_jump(formula: str) -> None:
    (kink,) = chainrule.derive(formula).kinks
    assert kink.kind == "integers"
    assert not kink.jump
    assert kink.exists is None


def test_the_root_has_none_at_the_end_of_its_domain() -> None:
    (kink,) = chainrule.derive("sqrt(x)").kinks
    assert kink.kind == "edge"


@pytest.mark.parametrize(
    ("formula", "at"),
    [
        # The root of x − 1 is taken from 2 on, that of 5 − x up to 4: where it is 0 is no edge.
        ("{x < 0: 0, x < 2: x, else: sqrt(x - 1)}", ["0", "2"]),
        ("{x > 7: 0, x > 4: x, else: sqrt(5 - x)}", ["4", "7"]),
        ("{x < 0: 0, x < 2: x, else: sqrt(x - 2)}", ["0", "2"]),
        ("{x < 0: 0, x < 2: x, else: sqrt(x - 3)}", ["0", "3"]),
    ],
)
def test_an_edge_lies_where_the_root_is_taken(formula: str, at: list[str]) -> None:
    assert [str(kink.at) for kink in chainrule.derive(formula).kinks] == at


@pytest.mark.parametrize(
    ("formula", "derivative"),
    [
        ("max(x*y, 0)", "{x*y > 0: y, x*y < 0: 0}"),
        ("min(x*y, 0)", "{x*y < 0: y, x*y > 0: 0}"),
        ("max(1 - x*y, 0)", "{x*y < 1: -y, x*y > 1: 0}"),
        ("max(x*y, z)", "{x*y > z: y, x*y < z: 0}"),
        ("max(x*y^2 - 3, 0)", "{x*y^2 < 3: 0, x*y^2 > 3: y^2}"),
        ("max(a*x - b, 0)", "{a*x - b > 0: a, a*x - b < 0: 0}"),
    ],
)
def test_how_a_condition_on_several_letters_is_written(formula: str, derivative: str) -> None:
    assert str(chainrule.derive(formula, "x").derivative) == derivative


@pytest.mark.parametrize(
    ("formula", "merged"),
    [
        ("relu", "{x > 0: 1, x < 0: 0}"),
        ("min(max(0, x), 6)", "{x < 0: 0, 0 < x < 6: 1, x > 6: 0}"),
        ("soft_shrink", "{x > lambda: 1, x < -lambda: 1, -lambda < x < lambda: 0}"),
        ("{x > 0: x^2, else: 0}", "{x > 0: 2*x, else: 0}"),
        ("max(0, 1 - x)^2", "{x <= 1: 2*(x - 1), x > 1: 0}"),
        ("max(0, x)^2", "2*max(0, x)"),
        ("x max(0, 3x)", "6*max(0, x)"),
        ("max(0, 3x - 6)^2", "max(0, 18*x - 36)"),
    ],
)
def test_cases_are_listed_by_intervals(formula: str, merged: str) -> None:
    assert str(chainrule.diff(formula)) == merged


@pytest.mark.parametrize(
    "formula",
    ["sqrt(|x|)", "-sqrt(|x|)", "cbrt(x)", "-cbrt(x)", "x + cbrt(x - 1)", "-2*sqrt(|x - 3|)",
     "{x > 0: sqrt(x), else: x}", "{x > 0: x, else: -sqrt(-x)}", "{x > 0: x*ln(x), else: x^2}",
     "|x|^(1/3)", "-|x + 2|^0.3", "{x > 0: x, else: x*ln(-x)}"],
)  # fmt: skip
def test_an_infinite_slope_has_the_sign_of_the_function(formula: str) -> None:
    """The quotient of differences grows without bounds, and is positive or negative."""
    derivation = chainrule.derive(formula)
    (kink,) = derivation.kinks
    assert kink.exists is False
    with mpmath.workdps(60):
        at = evaluate(kink.at, {})
        for side, sign in ((kink.left, -1), (kink.right, 1)):
            assert side is not None
            near, nearer = (
                (_at(derivation.function, at + step) - _at(derivation.function, at + step / 2))
                / (step / 2)
                for step in (sign * mpmath.mpf(10) ** -15, sign * mpmath.mpf(10) ** -40)
            )
            grows = abs(nearer) > 2 * abs(near) and abs(nearer) > 10
            assert side.infinite == (int(mpmath.sign(nearer)) if grows else 0)
            if not grows:
                assert side.slope is not None
                assert abs(evaluate(side.slope, {}) - nearer) < 1e-10
