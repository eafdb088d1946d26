"""What is to be differentiated, and the letters used in telling it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from chainrule.errors import InputError
from chainrule.expr.catalogue import Entry
from chainrule.expr.nodes import Expr, Symbol, Unknown, postorder, symbols
from chainrule.parsing.names import GREEK_WORDS
from chainrule.parsing.tokens import Note
from chainrule.record import Record


class Problem(Record):
    """What is to be differentiated, and how it is to be called.

    Attributes:
        function: the formula.
        variables: the variables to differentiate by, one after the other.
        name: the letter of the function: ``f``, ``sigma``, or an upright ``SiLU``.
        arguments: those written after its name, as in f(x) or L(p, y).
        method: "power" or "quotient", see ``differentiate``.
        entry: the row of the catalogue it comes from.
        defaults: values of parameters, for numbers to try and for checking.
        notes: what can be read in more than one way, and how it was read.
    """

    function: Expr
    variables: tuple[Symbol, ...]
    name: str = "f"
    arguments: tuple[Symbol, ...] = ()
    method: str = "power"
    entry: Entry | None = None
    defaults: Mapping[Symbol, Expr] = {}
    notes: tuple[Note, ...] = ()

    @property
    def partial(self) -> bool:
        """Whether derivatives are partial, so that it has to be said by which argument."""
        return len({*self.arguments, *self.variables}) > 1

    @property
    def ranges(self) -> dict[Symbol, tuple[Fraction, Fraction]]:
        """Where a catalogue function makes sense: its samples, and where its conditions hold."""
        if self.entry is None:
            return {}
        ranges = {}
        for name, (low, high) in self.entry.bounds.items():
            if low is not None:
                inside = low + Fraction(1, 10), low + 4
                ranges[Symbol(name)] = inside if high is None else (low, high)
            elif high is not None:
                ranges[Symbol(name)] = high - 4, high - Fraction(1, 10)
        for name, text in self.entry.sample:
            start, dots, end = text.partition("..")
            if dots:
                ranges[Symbol(name)] = (Fraction(start), Fraction(end))
        return ranges


def names(expr: Expr) -> set[str]:
    """What letters and functions that nobody defined are called in a formula."""
    return {node.name for node in postorder(expr) if isinstance(node, Symbol | Unknown)}


def fresh_letter(wanted: Sequence[str], taken: set[str]) -> str:
    """The first of the wanted names that is one letter (or Greek) and not taken."""
    for name in wanted:
        if name not in taken and (len(name) == 1 or name in GREEK_WORDS):
            return name
    return next(f"{wanted[-1]}_{i}" for i in range(1, 1000) if f"{wanted[-1]}_{i}" not in taken)


def choose_variable(function: Expr, declared: Sequence[Symbol], wrt: str | None) -> Symbol:
    """The variable to differentiate by: the one asked for, else the one that is meant.

    That is the first declared argument, else x, else the only letter there is.

    Raises:
        InputError: several letters and none of them x.
    """
    if wrt is not None:
        return Symbol(wrt)
    if declared:
        return declared[0]
    found = symbols(function)
    names = [symbol.name for symbol in found]
    if "x" in names or not names:
        return Symbol("x")
    if len(found) == 1:
        return found[0]
    for usual in ("t", "z", "u", "theta"):
        if usual in names:
            return Symbol(usual)
    raise InputError(
        f"which of {', '.join(names)} is the variable?",
        hint=f"say so, for example --wrt {names[0]}",
    )
