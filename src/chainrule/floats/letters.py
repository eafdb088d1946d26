"""Numbers for the letters of a formula, where it is measured."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction

from chainrule.deriving.derivation import Derivation
from chainrule.errors import InputError
from chainrule.expr.catalogue import Entry
from chainrule.expr.nodes import Expr, Symbol, rational_value, symbols
from chainrule.floats.formats import Format
from chainrule.verify.certified import decimal

# A typical value, two inside of a range, and one next to either end (see ``_of_range``).
_ROWS = 5
FITTED = 3
"""How many rows decide where a formula switches; the others tell whether that holds for other
numbers too."""


def typical_values(derivation: Derivation) -> dict[Symbol, Fraction]:
    """A number for every letter but the variable.

    Its default, or a typical value of the catalogue's range, or 1, 2, … in the order in which
    they occur.

    Raises:
        InputError: a default that is no number.
    """
    return value_rows(derivation)[0]


def value_rows(derivation: Derivation) -> list[dict[Symbol, Fraction]]:
    """Numbers for every letter but the variable: typical ones, and for the arguments of a row
    of the catalogue four others of their range, in an order in which the first ``FITTED`` differ.

    Raises:
        InputError: a default that is no number.
    """
    problem, variable = derivation.problem, derivation.variable
    used = (*problem.arguments, *symbols(problem.function), *problem.defaults)
    letters = [letter for letter in dict.fromkeys(used) if letter is not variable]
    rows: list[dict[Symbol, Fraction]] = [{} for _ in range(_ROWS)]
    for letter in letters:
        default = problem.defaults.get(letter)
        if default is not None:
            values = [_number(default)] * _ROWS
        elif problem.entry is not None:
            values = _of_range(problem.entry, letter.name)
        else:
            free = [one for one in letters if one not in problem.defaults]
            values = [Fraction(1 + free.index(letter))] * _ROWS
        for row, value in zip(rows, values, strict=True):
            row[letter] = value
    return [dict(row) for row in dict.fromkeys(tuple(row.items()) for row in rows)]


def as_stored(
    values: Mapping[Symbol, Fraction], arguments: Collection[Symbol], fmt: Format, work: Format
) -> dict[Symbol, Fraction]:
    """The numbers as a file holds them: arrays in its format, parameters in its arithmetic's."""
    return {s: (fmt if s in arguments else work).nearest(v) for s, v in values.items()}


def _of_range(entry: Entry, name: str) -> list[Fraction]:
    """A typical value of an argument, and others from end to end."""
    low, dots, high = entry.range_of[name].partition("..")
    if dots:
        a, b = Fraction(low), Fraction(high)
        parts = (Fraction(part, 32) for part in (8, 28, 1, 31))
        return [entry.typical(name), *(a + (b - a) * part for part in parts)]
    listed = [Fraction(part.strip()) for part in low.split(",")]
    count = len(listed)
    return [entry.typical(name), listed[0], listed[count // 2], listed[-1], listed[1 % count]]


def _number(expr: Expr) -> Fraction:
    value = rational_value(expr)
    if value is not None:
        return Fraction(value)
    digits = decimal(expr, {}, digits=25)
    if digits is None:
        raise InputError(f"{expr} is no number")
    return Fraction(digits.text.rstrip("…").replace("−", "-"))
