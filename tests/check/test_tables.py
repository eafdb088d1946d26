"""The tables of answers, seen from outside: difference quotients of mpmath, no power series."""

from __future__ import annotations

from pathlib import Path

import mpmath
import pytest

from chainrule.expr.nodes import Expr, Symbol, substitute
from chainrule.parsing.reader import parse
from chainrule.render.code_syntax import python

HERE = Path(__file__).parent
POINTS = (0.37, 0.8125, 1.9, 2.6, 4.3, -0.71, -2.2)
LETTERS = {"a": 1.75, "b": 2.25, "c": 0.375, "m": 0.625, "s": 1.25}
NAMES = dict(vars(mpmath)) | {
    "fabs": abs,
    "max": max,
    "min": min,
    "log2": lambda u: mpmath.log(u, 2),
}


def rows(table: str) -> list[tuple[str, str]]:
    lines = (HERE / table).read_text().splitlines()
    found = [tuple(line.split("\t")[:2]) for line in lines if line and line[0] != "#"]
    # `f` is a function that nobody defined.
    return [(formula, answer) for formula, answer in found if not formula.startswith("f(")]


def value(expr: Expr, x: mpmath.mpf) -> mpmath.mpf | None:
    """The value in floating point, ``None`` outside the domain."""
    try:
        found = eval(python(expr), NAMES | LETTERS | {"x": x})
    except (ValueError, ZeroDivisionError):
        return None
    return None if isinstance(found, mpmath.mpc) or not mpmath.isfinite(found) else found


def largest_error(formula: str, answer: str) -> mpmath.mpf:
    """By how much the answer misses the difference quotient, over the points of the domain."""
    function = parse(formula).expr
    claimed = substitute(parse(answer).expr, {Symbol("y"): function})
    errors = []
    with mpmath.workdps(60):
        step = mpmath.mpf(10) ** -20
        for point in map(mpmath.mpf, POINTS):
            above, below = value(function, point + step), value(function, point - step)
            given = value(claimed, point)
            if above is not None and below is not None and given is not None:
                errors.append(abs((above - below) / (2 * step) - given))
    assert errors
    return max(errors)


@pytest.mark.parametrize(("formula", "answer"), rows("equal.tsv"))
def test_right_answers_are_right(formula: str, answer: str) -> None:
    assert largest_error(formula, answer) < 1e-12


@pytest.mark.parametrize(("formula", "answer"), rows("slips.tsv"))
def test_slips_are_wrong(formula: str, answer: str) -> None:
    assert largest_error(formula, answer) > 1e-3
