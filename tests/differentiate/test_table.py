"""A table of functions with derivatives from published sources and from paper.

Two questions are asked of each row of ``tests/data/derivatives.tsv``. Is the table right? SymPy
and numerical differentiation say so, and nothing of chainrule takes part. Does chainrule agree
with the table? Both sides are evaluated to 30 digits by SymPy and mpmath.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath
import pytest
import sympy
from sympy.parsing.sympy_parser import (
    convert_xor,
    parse_expr,
    rationalize,
    standard_transformations,
)

import chainrule
from chainrule.expr.functions import FUNCTIONS
from chainrule.expr.nodes import Call, postorder
from chainrule.parsing.sympy_bridge import to_sympy

TABLE = Path(__file__).parents[1] / "data" / "derivatives.tsv"
DIGITS = 30
TOLERANCE = mpmath.mpf(10) ** -20

OTHERS = {
    "a": sympy.Rational(13, 10),
    "b": sympy.Rational(7, 10),
    "c": sympy.Rational(2, 5),
    "m": sympy.Rational(-3, 10),
    "s": sympy.Rational(6, 5),
    "x": sympy.Rational(-9, 8),
    "y": sympy.Rational(3, 4),
}
"""What every symbol but the variable stands for."""

SYMBOLS = {name: sympy.Symbol(name, real=True) for name in OTHERS}


def _sigmoid(u: Any) -> Any:
    return 1 / (1 + sympy.exp(-u))


def _of_degrees(function: Any) -> Any:
    return lambda u: function(sympy.pi * u / 180)


def _in_degrees(function: Any) -> Any:
    return lambda u: 180 * function(u) / sympy.pi


def _of_half_turns(function: Any) -> Any:
    return lambda u: function(sympy.pi * u)


SPELLINGS: dict[str, Any] = SYMBOLS | {
    "e": sympy.E,
    "pi": sympy.pi,
    "ln": sympy.log,
    "log1p": lambda u: sympy.log(1 + u),
    "log2": lambda u: sympy.log(u, 2),
    "log10": lambda u: sympy.log(u, 10),
    "expm1": lambda u: sympy.exp(u) - 1,
    "cbrt": lambda u: sympy.sign(u) * sympy.Abs(u) ** sympy.Rational(1, 3),
    "arcsin": sympy.asin,
    "arccos": sympy.acos,
    "arctan": sympy.atan,
    "abs": sympy.Abs,
    "max": sympy.Max,
    "min": sympy.Min,
    "ceil": sympy.ceiling,
    "round": lambda u: sympy.floor(u + sympy.Rational(1, 2)),
    "trunc": lambda u: sympy.sign(u) * sympy.floor(sympy.Abs(u)),
    "heaviside": lambda u: sympy.Heaviside(u, 1),
    "where": lambda condition, yes, no: sympy.Piecewise((yes, condition), (no, True)),
    "lgamma": sympy.loggamma,
    "normpdf": lambda u: sympy.exp(-(u**2) / 2) / sympy.sqrt(2 * sympy.pi),
    "normcdf": lambda u: (1 + sympy.erf(u / sympy.sqrt(2))) / 2,
    "exp10": lambda u: 10**u,
    "hypot": lambda u, v: sympy.sqrt(u**2 + v**2),
    "logaddexp": lambda u, v: sympy.log(sympy.exp(u) + sympy.exp(v)),
    "xlogy": lambda u, v: u * sympy.log(v),
    "xlog1py": lambda u, v: u * sympy.log(1 + v),
    **{f"{name}d": _of_degrees(getattr(sympy, name)) for name in ("sin", "cos", "tan")},
    **{f"{name}d": _in_degrees(getattr(sympy, name)) for name in ("asin", "acos", "atan")},
    **{f"{name}pi": _of_half_turns(getattr(sympy, name)) for name in ("sin", "cos", "tan")},
    "erfcx": lambda u: sympy.exp(u**2) * sympy.erfc(u),
    "erfcinv": lambda u: sympy.erfinv(1 - u),
    "lambertw": sympy.LambertW,
    "sigmoid": _sigmoid,
    "softplus": lambda u: sympy.log(1 + sympy.exp(u)),
}


@dataclass(frozen=True)
class Row:
    topic: str
    function: str
    derivative: str
    variable: str
    where: str
    source: str

    def points(self) -> Iterator[dict[Any, Any]]:
        """Three values of the variable in each interval, none of them round."""
        for interval in self.where.split(","):
            low, high = (sympy.Rational(end.strip()) for end in interval.split(".."))
            for part in (sympy.Rational(3, 31), sympy.Rational(50, 97), sympy.Rational(20, 23)):
                values = OTHERS | {self.variable: low + (high - low) * part}
                yield {SYMBOLS[name]: value for name, value in values.items()}


def rows() -> list[Row]:
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [Row(*cells) for cells in list(csv.reader(lines, delimiter="\t"))[1:]]


def by_sympy(text: str) -> Any:
    """The formula as SymPy reads it, decimals as exact rationals."""
    transformations = (*standard_transformations, convert_xor, rationalize)
    return sympy.sympify(parse_expr(text, SPELLINGS, transformations))


def value(expression: Any, point: dict[Any, Any]) -> Any:
    # SymPy has no digits of erfcinv.
    known = sympy.sympify(expression).replace(sympy.erfcinv, lambda u: sympy.erfinv(1 - u))
    with mpmath.workdps(DIGITS):
        real, imaginary = known.evalf(DIGITS, subs=point).as_real_imag()
        assert abs(imaginary) < TOLERANCE
        return mpmath.mpf(real)


def close(got: Any, wanted: Any, tolerance: Any = TOLERANCE) -> bool:
    return bool(abs(got - wanted) <= tolerance * max(1, abs(wanted)))


ROWS = rows()
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.function} by {row.variable}")


def test_the_table_is_long_and_says_where_its_rows_come_from() -> None:
    assert len(ROWS) >= 150
    assert all(row.source and row.topic for row in ROWS)
    assert len({(row.function, row.variable) for row in ROWS}) == len(ROWS)


@each_row
def test_the_table_is_right_by_sympy_and_by_differences(row: Row) -> None:
    function, derivative = by_sympy(row.function), by_sympy(row.derivative)
    variable = SYMBOLS[row.variable]
    slope = function.diff(variable)
    symbolic = not slope.has(sympy.Derivative, sympy.Subs)
    for point in row.points():
        wanted = value(derivative, point)
        if symbolic:
            assert close(value(slope, point), wanted)
        fixed = function.subs({name: v for name, v in point.items() if name is not variable})
        with mpmath.workdps(DIGITS):
            numeric = mpmath.diff(sympy.lambdify(variable, fixed, "mpmath"), point[variable])
        assert close(numeric, wanted, mpmath.mpf(10) ** -8)


@each_row
@pytest.mark.parametrize("form", ["raw", "simplified"])
def test_chainrule_agrees_with_the_table(row: Row, form: str) -> None:
    derivative = to_sympy(chainrule.diff(chainrule.parse(row.function), row.variable, form=form))
    named = {s: SYMBOLS[s.name] for s in derivative.free_symbols}
    for point in row.points():
        got = value(derivative.subs(named), point)
        assert close(got, value(by_sympy(row.derivative), point)), f"{derivative} at {point}"


def test_every_elementary_function_has_a_row() -> None:
    tried = {
        node.name
        for row in ROWS
        for node in postorder(chainrule.parse(row.function))
        if isinstance(node, Call)
    }
    assert {function.name for function in FUNCTIONS} <= tried
