"""What PyTorch and JAX return at kinks: measured, and shipped as a table.

``bench/pages/write_frameworks.py`` runs both and writes ``expr/frameworks.tsv``. A formula that is
not in the table, or a point that is not, has no row, and nothing is said about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

from chainrule.expr.catalogue import Entry
from chainrule.expr.nodes import Call, Expr, Symbol, depends_on, substitute
from chainrule.parsing.definitions import definition, is_catalogue_name
from chainrule.rewrite.order import Order, UndecidedError

EVERY_INTEGER = "every integer"
"""The point of a row on a function that jumps at all of them."""
NOT_NUMBERS = ("nan", "inf", "-inf")


class Row(NamedTuple):
    """A line of the table, as text.

    Attributes:
        function: the name of a row of the catalogue, or a formula in x.
        point: the kink, a formula in the letters of the row.
        framework: "torch" or "jax".
        version: the framework's.
        api: what was called, with a space between several.
        returned: the slope, a formula in the letters, or one of ``NOT_NUMBERS``.
        measured: for which values of the letters; "" if there are none.
    """

    function: str
    point: str
    framework: Literal["torch", "jax"]
    version: str
    api: str
    returned: str
    measured: str


@dataclass(frozen=True, slots=True)
class Returned:
    """What a framework returns at a kink.

    Attributes:
        value: the slope, or one of ``NOT_NUMBERS``.
        version: of which version of the framework.
        api: what was called.
    """

    value: Expr | str
    version: str
    api: str


@dataclass(frozen=True, slots=True)
class KinkRow:
    """A row on one function, in that function's letters; ``at`` is ``None`` for all integers."""

    framework: Literal["torch", "jax"]
    at: Expr | None
    returned: Returned

    def is_at(self, kind: str, point: Expr, order: Order) -> bool:
        """Whether it is about a kink of this kind at this point."""
        if self.at is None or kind == "integers":
            return self.at is None and kind == "integers"
        if kind == "zeros":
            return False
        with suppress(UndecidedError):
            return order.compare(self.at, point) == 0
        return False


@cache
def table() -> tuple[Row, ...]:
    """The whole table."""
    text = files("chainrule.expr").joinpath("frameworks.tsv").read_text(encoding="utf-8")
    return tuple(Row(*line.split("\t")) for line in text.splitlines()[1:])  # type: ignore[arg-type]


def returned_by(function: Expr, variable: Symbol, entry: Entry | None) -> list[KinkRow]:
    """The rows about a formula, or about the row of the catalogue that it comes from."""
    if entry is not None:
        return list(_of(entry.name, {}))
    x = Symbol("x")
    if isinstance(function, Call) and is_catalogue_name(function.name):
        known = definition(function.name)
        rest = function.args[1:]
        if function.args[0] is not variable or any(depends_on(arg, variable) for arg in rest):
            return []
        letters: dict[Expr, Expr] = dict(known.defaults.items())
        letters.update(zip(known.symbols, function.args, strict=False))
        return list(_of(function.name, letters))
    for typed, meant in _formulas().items():
        if substitute(meant, {x: variable}) is function:
            return list(_of(typed, {x: variable}))
    return []


@cache
def _formulas() -> Mapping[str, Expr]:
    """The formulas of the table that are no names of the catalogue."""
    from chainrule.expr.catalogue import BY_NAME
    from chainrule.parsing.formula import parse_text

    names = dict.fromkeys(row.function for row in table() if row.function not in BY_NAME)
    return {name: parse_text(name).expr for name in names}


def _of(function: str, letters: Mapping[Expr, Expr]) -> Iterator[KinkRow]:
    from chainrule.parsing.formula import parse_text

    for row in table():
        if row.function != function:
            continue
        value: Expr | str = row.returned
        if row.returned not in NOT_NUMBERS:
            value = substitute(parse_text(row.returned).expr, letters)
        at = None
        if row.point != EVERY_INTEGER:
            at = substitute(parse_text(row.point).expr, letters)
        yield KinkRow(row.framework, at, Returned(value, row.version, row.api))
