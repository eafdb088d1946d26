"""Points on every piece of the line, however narrow, and on both sides of where it is cut."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from chainrule.expr.nodes import Expr, Symbol
from chainrule.parsing.formula import parse_text
from chainrule.verify.pieces import defined_as_far, on_every_piece

X, A = Symbol("x"), Symbol("a")


def parse(text: str) -> Expr:
    return parse_text(text).expr


# A formula, and where it is cut: what it switches at, and where its parts begin to be defined.
CUTS = [
    ("|x - 20|", [20]),
    ("|x - 3| + |x - 301/100|", [3, Fraction(301, 100)]),
    ("max(x, 1/1000)", [Fraction(1, 1000)]),
    ("min(x, 5)*sign(x + 7)", [-7, 5]),
    ("{x < -2: 1, x < 4: x, else: 2}", [-2, 4]),
    ("ln(x - 1)", [1]),
    ("sqrt(x + 50)", [-50]),
    ("arcsin(x/9)", [-9, 9]),
    ("arctanh(x)", [-1, 1]),
    ("|x^2 - 6|", [-(6**0.5), 6**0.5]),
    ("|e^x - 100000|", [11.512925464970229]),
    ("x^(1/3) + |x - 100000|", [0, 100000]),
]


@pytest.mark.parametrize(("formula", "cuts"), CUTS)
def test_every_piece_has_points_at_both_ends_and_inside(
    formula: str, cuts: list[Fraction | float]
) -> None:
    found = on_every_piece([parse(formula)], [X], {}, {})
    places = sorted({Fraction(at.values[0]) for at in found})
    near = Fraction(1, 1000)
    for cut in map(Fraction, cuts):
        beside = near * max(1, abs(cut))
        assert any(cut - beside < x < cut for x in places)
        assert any(cut < x < cut + beside for x in places)
    for low, high in pairwise([Fraction(-(10**12)), *map(Fraction, cuts), Fraction(10**12)]):
        assert len([x for x in places if low < x < high]) >= 3


@pytest.mark.parametrize("limits", [(0, 1), (-5, -4), (100, 1000)])
def test_only_within_the_range(limits: tuple[int, int]) -> None:
    low, high = map(Fraction, limits)
    cut = (low * 2 + high) / 3
    formula = parse(f"|x - ({cut})|")
    found = on_every_piece([formula], [X], {X: (low, high)}, {})
    places = [Fraction(at.values[0]) for at in found]
    assert all(low <= x <= high for x in places)
    assert any(x < cut for x in places)
    assert any(x > cut for x in places)
    assert min(abs(x - cut) for x in places) < (high - low) / 1000


def test_other_letters_have_several_values() -> None:
    found = on_every_piece([parse("|x - a|")], [X, A], {}, {})
    others = {at.values[1] for at in found}
    assert len(others) >= 4
    assert {a > 0 for a in others} == {True, False}
    for a in others:
        sides = {at.values[0] > a for at in found if at.values[1] == a}
        assert sides == {True, False}


def test_other_letters_stay_in_their_range() -> None:
    for limits, signs in (((1, 2), {True}), ((-2, -1), {False})):
        ranges = {A: (Fraction(limits[0]), Fraction(limits[1]))}
        found = on_every_piece([parse("|x - a|")], [X, A], ranges, {})
        assert {at.values[1] > 0 for at in found} == signs


def test_two_letters_do_not_always_have_the_same_sign() -> None:
    letters = [X, A, Symbol("b")]
    found = on_every_piece([parse("|x - a b|")], letters, {}, {})
    signs = {tuple(value > 0 for value in at.values[1:]) for at in found}
    assert {(True, True), (False, False)} < signs


def test_what_stands_for_a_formula_is_followed_too() -> None:
    y = Symbol("y")
    found = on_every_piece([parse("2*y")], [X], {}, {y: parse("|x - 30|")})
    near = [at for at in found if abs(Fraction(at.values[0]) - 30) < Fraction(1, 100)]
    assert {at.values[0] > 30 for at in near} == {True, False}


def test_without_letters_or_cuts_there_is_little_to_see() -> None:
    assert on_every_piece([parse("2")], [], {}, {}) == []
    assert len(on_every_piece([parse("x^2")], [X], {}, {})) <= 3


def test_many_pieces_are_looked_at_next_to_one() -> None:
    places = [float(at.values[0]) for at in on_every_piece([parse("|sin(1/x)|")], [X], {}, {})]
    assert len(places) < 200
    assert len([x for x in places if 0.03 < abs(x) < 30]) > 10


@pytest.mark.parametrize(
    ("left", "right", "far"),
    [
        ("x", "x^2 + e^x", True),
        ("x", "sqrt(x)^2", False),
        ("ln(x)", "sqrt(x)", True),
        ("ln(x)", "sqrt(x - 1/2)", False),
        ("sqrt(x)", "ln(x)", True),  # at 0 alone there is no logarithm
        ("1/x", "1/x^2", True),
        ("arcsin(x)", "sqrt(1 - x^2)", True),
        ("x", "sqrt(1 - x^2)", False),
        ("x", "ln(x - 1000)", False),
        ("ln(-x)", "ln(x)", False),
        ("a*x", "sqrt(a)^2*x", False),
        ("a*x", "a^2*x/ln(-a)", False),
        ("sqrt(a)*x", "ln(a)*x", True),
        ("ln(x)*ln(-x)", "sqrt(-1 - x^2)", True),  # defined nowhere, as far as that goes
        ("ln(x)", "{x > 0: ln(x), else: sqrt(x)}", True),
    ],
)
def test_whether_one_side_is_defined_as_far_as_the_other(left: str, right: str, far: bool) -> None:
    assert defined_as_far(parse(left), parse(right), X, {}, {}) == far
