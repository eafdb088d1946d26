"""Forms in other letters: scaled by a power of two, or less the largest of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from chainrule.expr.nodes import Expr, Symbol
from chainrule.floats.formats import Format
from chainrule.forms.candidate import Candidate
from chainrule.forms.candidates.mantissas import Mantissas, mantissas
from chainrule.forms.candidates.scaling import Scaled, scaled_forms
from chainrule.forms.candidates.shifting import Shifted, shifted

REACH = {32: 120, 64: 1000}
"""The largest exponents of what letters are scaled by, for the bits of the arithmetic."""


def rescaled(
    one: Candidate, plain: Expr, letters: Sequence[Symbol], work: Format
) -> Iterator[Candidate]:
    """A candidate in other letters.

    Args:
        one: the candidate.
        plain: the same by elementary functions.
        letters: the variable, and others that vary.
        work: the format of the arithmetic.
    """
    reach = REACH[work.bits]
    for found in in_other_letters(plain, letters, reach):
        expr = found.written(reach) if isinstance(found, Scaled) else found.written()
        what = "less the largest" if isinstance(found, Shifted) else "scaled by a power of two"
        yield replace(one, name=f"{one.name}, with letters {what}", expr=expr, shown=one.plain)


def in_other_letters(
    plain: Expr, letters: Sequence[Symbol], reach: int
) -> Iterator[Scaled | Mantissas | Shifted]:
    """A formula in other letters: all scaled alike, one against another, or each; or shifted."""
    variable, *others = letters
    alike = dict.fromkeys(letters, 1)
    for weights in (alike, *({variable: 1, letter: -1} for letter in others)):
        yield from scaled_forms(plain, weights)
    apart = mantissas(plain, letters, reach)
    if apart is not None:
        yield apart
    moved = shifted(plain, letters)
    if moved is not None:
        yield moved
