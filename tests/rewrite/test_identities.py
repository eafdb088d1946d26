"""Every row of every table of identities, against mpmath.

The tests walk the tables: a row is tested from the moment it stands there. A row that has a
condition is also tested where that fails: there it must go wrong somewhere, or it needs none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import mpmath
import pytest

from chainrule.balls.arithmetic import approximate
from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.functions import BY_NAME, FUNCTIONS
from chainrule.expr.nodes import Call, Expr, Number, Symbol, postorder, symbols
from chainrule.forms.candidates import respell
from chainrule.forms.search import identities as float_identities
from chainrule.forms.search.identities import FloatIdentity
from chainrule.parsing.definitions import expand_all
from chainrule.parsing.formula import parse_text
from chainrule.program.library import NATIVE
from chainrule.rewrite.everyday import is_positive
from chainrule.rewrite.identities import PATTERNS, WORDS, Identity
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.output_form import RELATIVES
from oracle import MPMATH, evaluate

SIZES = ("0.015625", "0.375", "0.8125", "1.5625", "3.140625", "7.25", "0.5", "0.25", "4", "2")
X = Symbol("x")
Letters = Mapping[str, Any]


def value(expr: Expr, letters: Letters) -> Any:
    """The value, ``None`` where it is not a finite real number."""
    try:
        found = evaluate(expr, letters)
    except (ValueError, ZeroDivisionError):
        return None
    return found if isinstance(found, mpmath.mpf) and mpmath.isfinite(found) else None


def points(letters: str, signs: Mapping[str, tuple[int, ...]]) -> Iterator[dict[str, Any]]:
    """Values of the letters in every combination of the signs allowed; 0 is a sign."""
    choose = random.Random(letters)
    for chosen in product(*(signs[letter] for letter in letters)):
        for _ in range(8):
            sizes = [mpmath.mpf(choose.choice(SIZES)) for _ in letters]
            yield {
                name: sign * size for name, sign, size in zip(letters, chosen, sizes, strict=True)
            }


def same(one: Any, other: Any) -> bool:
    return bool(abs(one - other) <= mpmath.mpf(10) ** -40 * (1 + abs(one)))


def differ(left: Expr, right: Expr, at: Letters) -> bool | None:
    """Whether two sides differ; ``None`` where one of them is not defined."""
    sides = value(left, at), value(right, at)
    return None if None in sides else not same(*sides)


# --- identities for rewriting ---------------------------------------------------------------------
@pytest.mark.parametrize("row", PATTERNS, ids=lambda row: f"{row.pattern} = {row.replacement}")
def test_both_sides_of_a_pattern_are_equal(row: Identity) -> None:
    names = "".join(sorted(symbol.name for symbol in symbols(row.pattern, row.replacement)))
    with mpmath.workdps(50):
        found = [
            differ(row.pattern, row.replacement, at)
            for at in points(names, dict.fromkeys(names, (1, -1)))
        ]
    assert not any(found)
    assert found.count(False) > len(found) / 2
    assert row.name in WORDS
    assert row.needs == {node.name for node in _calls(row.pattern)}


def _calls(expr: Expr) -> set[Call]:
    return {node for node in postorder(expr) if isinstance(node, Call)}


@pytest.mark.parametrize(
    ("name", "argument", "known"),
    [(row.name, *pair) for row in FUNCTIONS for pair in row.values],
    ids=[f"{row.name}({argument})" for row in FUNCTIONS for argument, _ in row.values],
)
def test_a_special_value_is_the_value(name: str, argument: Expr, known: Expr) -> None:
    assert Tidier().tidy(Call(name, (argument,))) is known
    with mpmath.workdps(50):
        found = MPMATH[name](value(argument, {}))
        assert same(found, value(known, {}))


# --- what is positive -----------------------------------------------------------------------------
NEVER_NEGATIVE = [
    *(row.name for row in FUNCTIONS if row.never_negative),
    *(e.name for e in CATALOGUE if len(e.symbols) == 1 and is_positive(Call(e.name, (X,)))),
]


@pytest.mark.parametrize("name", NEVER_NEGATIVE)
def test_what_is_never_negative_never_is(name: str) -> None:
    expr = expand_all(Call(name, (X,)))
    with mpmath.workdps(50):
        found = [value(expr, {"x": mpmath.mpf(k) / 16}) for k in range(-320, 321)]
    defined = [v for v in found if v is not None]
    assert len(defined) > 15
    assert min(defined) >= 0


@pytest.mark.parametrize("row", [row for row in FUNCTIONS if row.arity == 1], ids=lambda r: r.name)
def test_a_function_with_negative_values_is_not_declared(row: Any) -> None:
    with mpmath.workdps(20):
        found = [value(Call(row.name, (X,)), {"x": mpmath.mpf(k) / 16}) for k in range(-80, 81)]
        negative = any(v is not None and v < 0 for v in found)
    assert not (negative and is_positive(Call(row.name, (X,))))


@pytest.mark.parametrize(
    ("formula", "positive"),
    [
        ("3", True), ("-3", False), ("pi", True), ("e", True), ("x", False), ("x^2", True),
        ("x^3", False), ("x^(1/2)", False), ("e^x + x^2", True), ("e^x*x", False),
        ("e^x/(1 + x^2)", True), ("e^x/x", False), ("ln(1 + e^x)", True), ("ln(x^2)", False),
        ("ln(1/2 + e^x)", False), ("ln(1 + x)", False), ("cosh(x)*|x|", True), ("sinh(x)", False),
        ("sqrt(x)*sigmoid(x)*softplus(x)", True), ("{x > 0: 1, else: 2}", False),
    ],
)  # fmt: skip
def test_what_counts_as_not_negative_is(formula: str, positive: bool) -> None:
    expr = parse_text(formula).expr
    assert is_positive(expr) == positive
    if positive:
        with mpmath.workdps(20):
            plain = expand_all(expr)
            found = [value(plain, {"x": mpmath.mpf(k) / 8 + 1}) for k in range(-80, 81)]
            assert all(v is None or v >= 0 for v in found)


# --- derivatives by the function itself -----------------------------------------------------------
@pytest.mark.parametrize("name", RELATIVES)
def test_the_relatives_of_a_function_are_what_it_says(name: str) -> None:
    function = Call(name, (X,))
    pairs = RELATIVES[name](function)
    assert pairs
    with mpmath.workdps(50):
        for left, right in pairs:
            found = [differ(left, right, at) for at in points("x", {"x": (1, -1)})]
            assert found == [False] * len(found)
            # It is by the function alone.
            assert value(right, {"x": mpmath.mpf("0.7")}) is not None
            assert {node for node in _calls(right) if X in node.args} == {function}


# --- numbers --------------------------------------------------------------------------------------
@pytest.mark.parametrize("row", [row for row in FUNCTIONS if row.arity == 1], ids=lambda r: r.name)
def test_numbers_that_order_points_are_what_mpmath_says(row: Any) -> None:
    compared = 0
    with mpmath.workdps(60):
        for k in (-37, -9, 3, 9, 12, 23, 41):
            expr = Call(row.name, (Number(k) / Number(16),))
            found, wanted = approximate(expr), value(expr, {})
            if wanted is not None and found is not None:
                compared += 1
                assert same(mpmath.mpf(found.mid().str(60, radius=False)), wanted)
            elif found is not None:
                assert not found.is_finite()
    # The unit step is defined by cases, which numbers have no use for.
    assert compared >= 2 or row.name == "heaviside"


@pytest.mark.parametrize("formula", ["e", "pi", "2 - 1/3", "2^10", "2^(1/2)", "3*pi/e", "|1 - pi|"])
def test_arithmetic_of_numbers_is_what_mpmath_says(formula: str) -> None:
    expr = parse_text(formula).expr
    found = approximate(expr)
    with mpmath.workdps(60):
        assert found is not None
        assert same(mpmath.mpf(found.mid().str(60, radius=False)), value(expr, {}))


# --- spellings that lose no digits ----------------------------------------------------------------
@pytest.mark.parametrize(("left", "right"), respell.TABLE)
def test_a_respelling_is_equal(left: str, right: str) -> None:
    sides = [expand_all(parse_text(side).expr) for side in (left, right)]
    with mpmath.workdps(80):
        found = [
            differ(*sides, {"u": sign * mpmath.mpf(k) / 32})
            for sign in (1, -1)
            for k in (1, 5, 20, 31, 40, 70, 200, 2000)
        ]
    assert not any(found)
    assert found.count(False) >= 4


# --- identities between what rounds differently ---------------------------------------------------
GROUPS = {
    name: rows
    for name, rows in vars(float_identities).items()
    if isinstance(rows, tuple) and rows and isinstance(rows[0], FloatIdentity)
}
ROWS = [row for rows in GROUPS.values() for row in rows]
LETTERS = "".join(float_identities.LETTERS)


def letters_of(row: FloatIdentity) -> str:
    found = symbols(parse_text(row.left).expr, parse_text(row.right).expr)
    return "".join(sorted((symbol.name for symbol in found), key=LETTERS.index))


def differences(row: FloatIdentity, signs: Mapping[str, tuple[int, ...]]) -> list[bool | None]:
    left, right = (parse_text(side).expr for side in (row.left, row.right))
    with mpmath.workdps(80):
        return [differ(left, right, at) for at in points(letters_of(row), signs)]


def allowed(row: FloatIdentity) -> dict[str, tuple[int, ...]]:
    return {
        name: (1,) if name in row.positive else (1, -1) if name in row.nonzero else (1, -1, 0)
        for name in LETTERS
    }


def test_all_groups_are_walked() -> None:
    assert GROUPS.keys() == {"REDUCING", "ARRANGING", "OPENING", "FUNCTIONS", "SPLITTING"}


by_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.left} = {row.right}")


@by_row
def test_both_sides_of_a_row_are_equal(row: FloatIdentity) -> None:
    found = differences(row, allowed(row))
    assert not any(found)
    assert found.count(False) >= 3
    # A condition is on a letter of the row, and the right side has no other letters.
    assert {*row.positive, *row.nonzero} <= set(letters_of(row))
    assert {*symbols(parse_text(row.right).expr)} <= {*symbols(parse_text(row.left).expr)}


@pytest.mark.parametrize(
    ("row", "letter", "kind"),
    [(row, letter, kind) for row in ROWS for kind in ("positive", "nonzero")
     for letter in getattr(row, kind)],
    ids=lambda part: f"{part.left} = {part.right}" if isinstance(part, FloatIdentity) else part,
)  # fmt: skip
def test_a_condition_is_needed(row: FloatIdentity, letter: str, kind: str) -> None:
    """Without it the sides differ somewhere, or one of them has no value."""
    free = dict.fromkeys(LETTERS, (1, -1))
    found = differences(row, free | {letter: (-1,) if kind == "positive" else (0,)})
    assert any(outcome is not False for outcome in found)


FACTS: list[tuple[str, str, str, Callable[[Any], bool]]] = [
    *(
        (formula, given, "positive", lambda v: v > 0)
        for formula, given in float_identities.POSITIVE
    ),
    *((formula, given, "nonzero", lambda v: v != 0) for formula, given in float_identities.NONZERO),
]


@pytest.mark.parametrize(("formula", "given", "kind", "holds"), FACTS)
def test_a_fact_about_signs_is_true_and_needs_its_condition(
    formula: str, given: str, kind: str, holds: Callable[[Any], bool]
) -> None:
    expr = parse_text(formula).expr
    names = "".join(sorted(symbol.name for symbol in symbols(expr)))
    signs = dict.fromkeys(names, (1, -1)) | dict.fromkeys(
        given, (1,) if kind == "positive" else (1, -1)
    )
    with mpmath.workdps(30):
        found = [value(expr, at) for at in points(names, signs)]
        assert all(v is not None and holds(v) for v in found)
        for letter in given:
            others = signs | {letter: (-1,) if kind == "positive" else (0,)}
            outside = [value(expr, at) for at in points(names, others)]
            assert any(v is None or not holds(v) for v in outside)


def test_functions_that_every_library_has_are_functions_of_one_argument() -> None:
    assert all(BY_NAME[name].arity == 1 for name in NATIVE)
