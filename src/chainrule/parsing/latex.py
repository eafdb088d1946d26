"""Formulas in LaTeX: what authors write, and everything that chainrule itself writes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from chainrule.parsing.formula import Formula, read_formula
from chainrule.parsing.latex_letters import SIZE, STYLE, plain_name
from chainrule.parsing.latex_lexer import latex_tokens
from chainrule.parsing.lexer import TypedDefinition, simplify_characters
from chainrule.parsing.names import Names, default_names
from chainrule.parsing.tokens import Note, check_length
from chainrule.parsing.words import Reader

_BRACED_LETTER = re.compile(r"\{([A-Za-z]|\\[A-Za-z]+)\}(?=\s*_)")
"""A letter in braces that has an index, as some editors write it."""
_LETTER = rf"(?:{STYLE}\s*\{{[A-Za-z0-9\\_ ]+\}}|\\[A-Za-z]+|[^\W\d_])"
_VARIABLE = rf"{_LETTER}(?:\s*_\s*(?:\{{[^{{}}]*\}}|[A-Za-z0-9]))?"
_DEFINITION = re.compile(
    rf"(?:\s|\$|\\\[|\\\(|\\displaystyle(?![A-Za-z]))*({_VARIABLE})\s*{SIZE}?\("
    rf"\s*({_VARIABLE}(?:\s*[,;]\s*{_VARIABLE})*)\s*{SIZE}?\)"
    r"\s*(?::=|=(?!=)|\\coloneqq(?![A-Za-z]))"
)


def parse_latex(
    text: str,
    symbols: Iterable[str] = (),
    names: Names | None = None,
    notes: list[Note] | None = None,
) -> Formula:
    r"""Read a formula, or a condition, in LaTeX; dollar signs around it are no matter.

    Letters are multiplied, as in LaTeX; upright words (``\mathrm{loss}``) are one symbol.

    >>> str(parse_latex(r"\sigma(x) = \frac1{1+e^{-x}}").expr)
    '1/(1 + e^(-x))'

    Raises:
        InputError: with the position and what was expected there.
    """
    check_length(text)
    source = _BRACED_LETTER.sub(r" \1 ", simplify_characters(text))
    definition = _find_definition(source)
    reader = Reader(text, names or default_names(), frozenset(symbols), latex=True, notes=notes)
    return read_formula(source, definition, latex_tokens, reader)


def _find_definition(text: str) -> TypedDefinition | None:
    found = _DEFINITION.match(text)
    if not found:
        return None
    variables = tuple(plain_name(part) for part in re.split("[,;]", found[2]))
    return TypedDefinition(plain_name(found[1]), variables, found.end())
