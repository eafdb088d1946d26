"""A way to compute something, and how good it was measured to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.expr.nodes import Expr, Symbol
from chainrule.floats.measure import Measured

MAX_ASSEMBLED = 150
"""Formulas of more nodes are taken as they are: nothing is put together from them."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to compute something.

    Attributes:
        name: where it comes from, in words.
        expr: the expression, in ``saved`` and in parameters.
        saved: the variable, the output, or both.
        shown: the same as one would write it, where ``expr`` is much longer: it computes to
            twice the precision, keeps what is rounded off, or has a polynomial in it.
        told: what the program computes, for its reader, where ``shown`` has what a polynomial
            stands for instead.
        measured: its errors; ``None`` until it is measured.
        before: the largest error at a fair sample before results are rounded once more, 0 if they
            are not. It tells at a thousand inputs what the error after rounding shows at one in a
            million.
        steps: how many operations it takes.
    """

    name: str
    expr: Expr
    saved: tuple[Symbol, ...]
    shown: Expr | None = None
    told: Expr | None = None
    measured: Measured | None = None
    before: float = 0.0
    steps: int = 0

    @property
    def plain(self) -> Expr:
        """As one would write it."""
        return self.expr if self.shown is None else self.shown

    def good(self, allowed: float) -> bool:
        """Whether every result is an answer, and no error is larger than what is allowed."""
        assert self.measured is not None
        return not self.measured.faults and not self.largest > allowed

    @property
    def largest(self) -> float:
        """The largest error in ULP, or the largest that there may be, which can be more."""
        assert self.measured is not None
        return max(self.measured.largest, 0.5 + self.before if self.before else 0.0)

    def rank(self, allowed: float) -> tuple[float, ...]:
        """Smaller is better: results that are no answer, the largest error, what is saved, steps.

        Errors that are allowed are all alike; others count as one if they are within a quarter
        of an ULP, or of themselves.
        """
        assert self.measured is not None
        largest = self.largest
        error = np.ceil(4 * np.log2(max(largest, 0.5) + 0.25)) if largest == largest else np.inf
        error = -np.inf if self.good(allowed) else error
        none = self.measured.faults + self.measured.senseless
        return (none, float(error), len(self.saved), self.steps)
