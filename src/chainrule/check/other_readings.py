"""What an answer that is wrong as it was read may have been meant to be."""

from __future__ import annotations

from chainrule.check.answer import check_answer
from chainrule.deriving.problem import Problem
from chainrule.document.blocks import Code, Inline
from chainrule.errors import InputError
from chainrule.parsing.reader import parse
from chainrule.parsing.tokens import Note

# Each is judged like an answer of its own.
MOST_TRIED = 3
_BY_SPELLING = frozenset({"exponent", "fraction", "argument", "tower", "root"})
"""Kinds of notes whose other reading is spelled by putting it in place of what was typed."""


def right_reading(problem: Problem, answer: str, notes: tuple[Note, ...]) -> Inline:
    """A remark about another reading of ``answer`` that is right, empty if there is none."""
    tried = [note for note in notes if note.kind in _BY_SPELLING and note.typed in answer]
    for note in tried[:MOST_TRIED]:
        other = answer.replace(note.typed, note.instead, 1)
        try:
            expr = parse(other).expr
            right = check_answer(problem, expr).equal
        except InputError:
            continue
        if right:
            return (Code(other), " would be right")
    return ()
