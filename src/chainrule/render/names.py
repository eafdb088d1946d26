"""Names of variables and functions as pieces of any notation."""

from __future__ import annotations

from typing import TypeVar

from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import Expr
from chainrule.parsing.names import spellings
from chainrule.render.function_names import in_latex, in_text, operator_name
from chainrule.render.letters import GREEK, is_single_letter
from chainrule.render.setter import Mark, Piece, Setter, Shape, atom

T = TypeVar("T")

FUNCTION_LETTERS = frozenset("fghFGH") | {"sigma", "phi", "varphi", "Phi", "psi", "Gamma"}
"""Symbols that one takes for a function when a bracket follows."""

_ELEMENTARY = spellings()


def symbol(name: str, s: Setter[T]) -> Piece[T]:
    """A variable or a parameter."""
    if name == "…":
        return atom(s.token(Mark.ELLIPSIS), Shape.WORD)
    if name in FUNCTION_LETTERS:
        return atom(s.letter(name), Shape.FUNCTION_LETTER)
    return atom(s.letter(name), Shape.LETTER if is_single_letter(name) else Shape.WORD)


def function_name(name: str, s: Setter[T]) -> T:
    """The name of a known function: a letter (σ, Γ), or upright (SiLU, tanh)."""
    if name in BY_NAME:
        return s.function(in_latex(name), in_text(name))
    return own_name(_catalogue_letter(name), s)


def own_name(name: str, s: Setter[T]) -> T:
    """A name that a document gives to its function: σ, f, or upright if longer."""
    if len(name) == 1 or name in GREEK:
        return s.letter(name)
    if name in BY_NAME:
        return function_name(name, s)
    return s.function(operator_name(name), name)


def _catalogue_letter(name: str) -> str:
    """The catalogue's symbol for the function, if no other function is meant by it."""
    # Most formulas call nothing of the catalogue, which takes longer to import than they do.
    from chainrule.expr.catalogue import BY_NAME as ENTRIES
    from chainrule.expr.catalogue import SPELLINGS

    if name not in ENTRIES:
        return name
    letter = ENTRIES[name].letter
    if letter in GREEK:
        known = letter in _ELEMENTARY or any(
            entry.letter == letter and entry.name != name for entry in ENTRIES.values()
        )
        return name if known else letter
    means = SPELLINGS.get(letter) or SPELLINGS.get(letter.lower())
    return letter if means == name and len(letter) > 1 else name


def without_defaults(name: str, args: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """A call of the catalogue without the last parameters that have their usual values."""
    if name in BY_NAME:
        return args
    from chainrule.expr.catalogue import BY_NAME as ENTRIES

    if name not in ENTRIES:
        return args
    entry = ENTRIES[name]
    usual = (*[None] * len(entry.arguments), *[p.value for p in entry.parameters])
    while len(args) > 1 and len(args) == len(usual) and args[-1] is usual[-1]:
        args, usual = args[:-1], usual[:-1]
    return args


def primed(name: T, order: int, s: Setter[T]) -> T:
    """f, f', f'', f''', f⁽⁴⁾."""
    if order <= 3:
        return s.row([name, *[s.token(Mark.PRIME)] * order])
    return s.raised(name, s.enclosed("(", s.number(str(order)), ")", False))
