"""Every column of every row of the table of elementary functions, against mpmath and flint."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import flint
import mpmath
import pytest

from chainrule.errors import InputError
from chainrule.expr.functions import BY_NAME, FUNCTIONS, Function
from chainrule.expr.nodes import Call, Expr, Number, Symbol
from chainrule.parsing.names import ALIASES, spellings
from chainrule.parsing.sympy_bridge import CLASSES
from chainrule.render import code_syntax, function_names
from chainrule.render.notation import latex, unicode
from oracle import MPMATH, evaluate

U, V = Symbol("u"), Symbol("v")
DIGITS = 40
CLOSE = mpmath.mpf(10) ** -25
REAL_LINE = (-4.0, 4.0)

DOMAINS = {
    "u > 0": (0.0, 5.0),
    "u > -1": (-1.0, 5.0),
    "u > 1": (1.0, 6.0),
    "-1 < u < 1": (-1.0, 1.0),
    "0 < u < 1": (0.0, 1.0),
    "|u| > 1": (1.0, 6.0),
    "0 < u < 2": (0.0, 2.0),
    "u > -e^(-1)": (-0.36, 4.0),
    "v > 0": (-3.0, 3.0),
    "v > -1": (-3.0, 3.0),
}
"""Where to look for points, by the condition."""

DEGREES = ("sind", "cosd", "tand")
"""Functions whose arguments are as large as those of others times some ninety."""

INVERTIBLE = {
    "between −π/2 and π/2": (-math.pi / 2, math.pi / 2),
    "between 0 and π": (0.0, math.pi),
    "not negative": (0.0, 4.0),
}
"""The same by ``inverse_range``."""

rows = pytest.mark.parametrize("row", FUNCTIONS, ids=[row.name for row in FUNCTIONS])


def points(row: Function, limits: tuple[float, float] | None = None) -> list[tuple[Any, ...]]:
    """Arguments inside the domain, no whole numbers, the same in every run."""
    choose = random.Random(row.name)
    where = REAL_LINE if row.domain is None else DOMAINS[str(row.domain(*(U, V)[: row.arity]))]
    low, high = limits or where
    if row.name in DEGREES:
        low, high = 90 * low, 90 * high
    found = []
    for _ in range(12):
        first = mpmath.mpf(low + (high - low) * choose.uniform(0.01, 0.99))
        match row.name:
            case "polygamma":
                found.append((mpmath.mpf(choose.randint(1, 3)), first))
            case "logb":
                found.append((first, mpmath.mpf(choose.choice([0.3, 2.5, 7.0]))))
            case "xlogy" | "xlog1py":
                found.append((first, mpmath.mpf(choose.uniform(0.1, 4))))
            case _:
                others = [mpmath.mpf(choose.uniform(-3, 3)) for _ in range(row.arity - 1)]
                found.append((first, *others))
    return found


def at(formula: Callable[..., Expr], args: tuple[Any, ...]) -> Any:
    """A column's formula at a point."""
    symbols = (U, V)[: len(args)]
    return evaluate(formula(*symbols), dict(zip("uv", args, strict=False)))


def close(got: Any, wanted: Any, tolerance: Any = CLOSE) -> bool:
    return bool(abs(got - wanted) <= tolerance * (1 + abs(wanted)))


@rows
def test_the_derivative_is_the_slope(row: Function) -> None:
    function = MPMATH[row.name]
    with mpmath.workdps(DIGITS):
        for args in points(row):
            for place, derivative in enumerate(row.derivatives):
                if derivative is None:
                    continue

                def along(t: Any, args: Any = args, place: int = place) -> Any:
                    return function(*args[:place], t, *args[place + 1 :])

                slope = mpmath.diff(along, args[place])
                assert close(at(derivative, args), slope), (args, place)


def test_only_orders_have_no_derivative() -> None:
    without = [
        (row.name, row.derivatives.index(None)) for row in FUNCTIONS if None in row.derivatives
    ]
    assert without == [("polygamma", 0)]


@rows
def test_the_definition_is_the_function(row: Function) -> None:
    if row.definition is None:
        assert row.arb or row.arity == 2
        return
    with mpmath.workdps(DIGITS):
        for args in points(row):
            assert close(at(row.definition, args), MPMATH[row.name](*args)), args


@rows
def test_the_inverse_gives_the_argument_back(row: Function) -> None:
    if not row.inverse:
        assert not row.inverse_range
        return
    limits = INVERTIBLE[row.inverse_range] if row.inverse_range else None
    inverse = MPMATH[row.inverse]
    with mpmath.workdps(DIGITS):
        for (u,) in points(row, limits):
            assert close(inverse(MPMATH[row.name](u)), u), u
    if BY_NAME[row.inverse].inverse:
        assert BY_NAME[row.inverse].inverse == row.name


@rows
def test_without_a_range_the_inverse_holds_everywhere(row: Function) -> None:
    """A range in words is there exactly where the inverse fails outside of it."""
    if not row.inverse or row.domain is not None:
        return
    with mpmath.workdps(DIGITS):
        holds = all(
            close(MPMATH[row.inverse](MPMATH[row.name](u)), u)
            for u in mpmath.linspace(-4, 4, 41)
            if u
        )
    assert holds == (not row.inverse_range)


@rows
def test_parity(row: Function) -> None:
    if row.arity > 1:
        assert not row.parity
        return
    with mpmath.workdps(DIGITS):
        signs = [
            (close(f(-u), f(u)), close(f(-u), -f(u)))
            for f in [MPMATH[row.name]]
            for (u,) in points(row)
            if row.parity or row.domain is None
        ]
    even, odd = (all(column) for column in zip(*signs, strict=True)) if signs else (False, False)
    assert row.parity == ("even" if even else "odd" if odd else "")


@rows
def test_monotone(row: Function) -> None:
    """A function is called increasing exactly where it is, over all of its domain at once."""
    if row.arity > 1:
        assert not row.monotone
        return
    function = MPMATH[row.name]
    with mpmath.workdps(DIGITS):
        unit = mpmath.mpf(60 if row.name in DEGREES else 1) / 128
        line = [(2 * k + 1) * unit for k in range(-400, 400)]
        found = [function(u) for u in line if row.domain is None or at(row.domain, (u,))]
    assert len(found) > 50
    up = all(a <= b for a, b in pairwise(found))
    down = all(a >= b for a, b in pairwise(found))
    assert row.monotone == ("increasing" if up else "decreasing" if down else "")


@rows
def test_never_negative(row: Function) -> None:
    """A function is called so exactly where no value of its domain is below 0."""
    if row.arity > 1:
        assert not row.never_negative
        return
    with mpmath.workdps(DIGITS):
        both = [side * u for (u,) in points(row) for side in (1, -1)]
        inside = [u for u in both if row.domain is None or at(row.domain, (u,))]
        assert row.never_negative == all(MPMATH[row.name](u) >= 0 for u in inside)


@rows
def test_like_its_argument(row: Function) -> None:
    """A function is called so exactly where it has the tangent u at 0."""
    if row.arity > 1 or (row.domain is not None and not at(row.domain, (mpmath.mpf(0),))):
        assert not row.like_argument
        return
    with mpmath.workdps(DIGITS):
        u = mpmath.mpf(2) ** -60
        alike = all(abs(MPMATH[row.name](s * u) / (s * u) - 1) < 4 * u for s in (-1, 1))
    assert row.like_argument == alike


def test_what_jumps_is_constant_between_its_kinks() -> None:
    jumping = {row.name for row in FUNCTIONS if row.jumps}
    assert jumping == {"sign", "heaviside", "floor", "ceil", "round", "trunc"}


@rows
def test_the_domain_is_where_values_are_real(row: Function) -> None:
    function = MPMATH[row.name]
    with mpmath.workdps(DIGITS):
        for args in points(row):
            value = function(*args)
            assert mpmath.isfinite(value)
            assert not isinstance(value, mpmath.mpc)
            assert row.domain is None or at(row.domain, args)
        if row.domain is None or row.name == "lgamma":
            return
        others = points(row)[0][1:]
        for u in (mpmath.mpf(t) / 8 + mpmath.mpf(1) / 64 for t in range(-40, 40)):
            assert at(row.domain, (u, *others)) == is_real(function, (u, *others)), u


def is_real(function: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    try:
        return not isinstance(function(*args), mpmath.mpc)
    except ValueError:  # erfinv
        return False


@rows
def test_kinks_are_where_the_slope_breaks(row: Function) -> None:
    """Left and right of a kink the slopes or the values differ, or the slope is infinite."""
    function = MPMATH[row.name]
    if row.arity > 1:
        assert bool(row.kinks) == (row.name in ("max", "min"))
        return
    expected = {kink for kink in row.kinks if kink is not None}
    if None in row.kinks:
        expected = {-2, -1, 1, 2} | ({0} if row.name != "trunc" else set())
    shift = mpmath.mpf(1) / 2 if row.name == "round" else 0
    with mpmath.workdps(60):
        for kink in range(-2, 3):
            point = kink + shift
            if row.domain is None or at(row.domain, (point,)):
                assert breaks(function, point) == (kink in expected), point


def breaks(function: Callable[..., Any], point: Any) -> bool:
    """Whether value or slope jump, or the slope is infinite; a pole is no kink."""
    step = mpmath.mpf(10) ** -12
    near = [function(point + side * step) for side in (-1, 1)]
    slopes = [
        (function(point + side * 2 * step) - function(point + side * step)) / (side * step)
        for side in (-1, 1)
    ]
    if max(map(abs, near)) > 20:
        return False
    return abs(near[0] - near[1]) > 1e-3 or abs(slopes[0] - slopes[1]) > 1e-3 or slopes[0] > 1e6


@rows
def test_arb_and_python_compute_the_same(row: Function) -> None:
    with mpmath.workdps(20):
        for args in points(row):
            wanted = MPMATH[row.name](*args)
            if row.arb and row.name != "polygamma":
                ball = getattr(flint.arb(str(args[0])), row.arb)()
                assert close(mpmath.mpf(ball.mid().str(20, radius=False)), wanted, 1e-12)
            if row.name in code_syntax.MATH:
                code = f"{code_syntax.MATH[row.name]}({', '.join(map(repr, map(float, args)))})"
                got = eval(code, vars(math) | {"max": max, "min": min, "round": round})
                assert close(got, wanted, 1e-9), code


def test_inverses_come_in_pairs_of_which_one_undoes_the_other() -> None:
    pairs = {frozenset({row.name, row.inverse}) for row in FUNCTIONS if row.inverse}
    for pair in pairs:
        first, second = (BY_NAME[name] for name in pair)
        assert (first.inverse, second.inverse) == (second.name, first.name)
        # Both are defined by the exponential and the logarithm.
        assert first.undoes + second.undoes == (0 if pair == {"expm1", "log1p"} else 1), pair
    assert len(pairs) == 15


def test_every_spelling_is_one_functions() -> None:
    every = [name for row in FUNCTIONS for name in (row.name, *ALIASES.get(row.name, ()))]
    assert len(every) == len(set(every)) == len(spellings())
    assert spellings()["ln"] == "log"


SYMBOLS = {
    **{"sqrt": "√", "cbrt": "∛", "log2": "log₂", "log10": "log₁₀", "logb": "log", "normpdf": "φ"},
    **{"normcdf": "Φ", "gamma": "Γ", "lgamma": "lnΓ", "digamma": "ψ", "polygamma": "ψ"},
    "heaviside": "H",
}
"""Names in Unicode text that nobody would type."""


@rows
def test_the_name_in_text_is_a_spelling_or_a_symbol(row: Function) -> None:
    text = function_names.in_text(row.name)
    assert text == SYMBOLS[row.name] if row.name in SYMBOLS else spellings()[text] == row.name


def test_tables_of_spellings_have_rows_of_functions_only() -> None:
    for table in (ALIASES, CLASSES, code_syntax.MATH):
        assert table.keys() <= BY_NAME.keys()
    special = {*function_names.DELIMITERS, *function_names.ROOTS, *function_names.WITHOUT_BRACKETS}
    assert special <= BY_NAME.keys()


def test_no_two_functions_are_written_alike() -> None:
    """What is not mentioned in a notation is written by its name, and that is nobody else's."""
    nodes = [Call(row.name, (U, V)[: row.arity]) for row in FUNCTIONS]
    for write in (latex, unicode):
        assert len({write(node) for node in nodes}) == len(nodes)


@rows
def test_every_function_is_written_as_code(row: Function) -> None:
    """By the name it has there, by its definition, or with a plain refusal."""
    node = Call(row.name, (U, V)[: row.arity])
    notations = (code_syntax.python, code_syntax.MATH), (code_syntax.sympy, CLASSES)
    for write, names in notations:
        if row.name in names:
            assert write(node).startswith(f"{names[row.name]}(")
        elif row.definition is not None and not (
            write is code_syntax.python and row.name in ("erfcinv", "li")
        ):
            assert write(node) == write(row.definition(*node.args))
        else:
            with pytest.raises(InputError, match="no function for"):
                write(node)


def test_the_oracle_knows_every_function() -> None:
    assert MPMATH.keys() == BY_NAME.keys()


def test_the_test_can_fail() -> None:
    """A wrong derivative is noticed."""
    with mpmath.workdps(DIGITS):
        assert not close(at(lambda u: u + Number(1), (mpmath.mpf(2),)), mpmath.mpf(2))


@rows
def test_step(row: Function) -> None:
    """At whole numbers, halfway between and beside; and every row that is constant has one."""
    flat = len(row.derivatives) == 1 and row.derivatives[0](U) is Number(0)
    assert (row.step is not None) == flat
    for n in range(-12, 13) if row.step is not None else ():
        value = Fraction(n, 4)
        assert row.step(value) == MPMATH[row.name](mpmath.mpf(n) / 4)
