"""What was verified, and how: never a stronger word than was earned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from chainrule.expr.nodes import Expr
from chainrule.record import Record
from chainrule.verify.algebra import Proof

MOST_LISTED = 3
"""Transcendental parts that a sentence lists; more of them say nothing to a reader."""

Word = Literal["proved", "checked", "not checked", "wrong"]


class Counterexample(Record):
    """A point at which the two sides of a claim differ, and both values."""

    point: Mapping[str, str]
    left: str
    right: str

    def __str__(self) -> str:
        where = ", ".join(f"{name} = {value}" for name, value in self.point.items())
        return f"{'at ' + where + ': ' if where else ''}{self.left} against {self.right}"


class Verdict(Record):
    """The outcome for one claim.

    Attributes:
        word: "proved" (exact algebra), "checked" (rigorous balls at points), "wrong" (the
            balls at one point do not overlap), "not checked".
        points: at how many points the two sides were compared.
        digits: to how many decimal digits they agree for certain at every one of them.
        interval: least and greatest value of the variable among the points.
        variable: that variable.
        reason: what stood in for what, or why it was not checked.
        counterexample: for "wrong".
        proof: for "proved".
    """

    word: Word
    points: int = 0
    digits: int = 0
    interval: tuple[str, str] | None = None
    variable: str = ""
    reason: str = ""
    counterexample: Counterexample | None = None
    proof: Proof | None = None

    @property
    def parts(self) -> tuple[Expr, ...]:
        """For "proved": the transcendental parts between which it is a rational identity."""
        return self.proof.parts if self.proof else ()

    def _how_proved(self) -> str:
        if self.proof is None or not (self.proof.generators or self.proof.below):
            return "as both sides are the same"
        parts = self.parts
        shown = ", ".join(str(part) for part in parts[:MOST_LISTED])
        if len(parts) > MOST_LISTED:
            shown += ", …"
        of = f" of {shown}" if parts else ""
        cases = f", in {self.proof.cases} cases" if self.proof.below else ""
        return f"as an identity between rational functions{of}{cases}"

    @property
    def holds(self) -> bool:
        """Whether the claim was proved or checked."""
        return self.word in ("proved", "checked")

    def sentence(self) -> str:
        """The verdict in words, without a capital and a full stop.

        >>> Verdict("checked", points=16, digits=30, interval=("-745", "745")).sentence()
        'checked at 16 points of [-745, 745] to 30 digits'
        >>> Verdict("proved", reason="as an identity between rational functions").sentence()
        'proved as an identity between rational functions'
        """
        match self.word:
            case "proved":
                return f"proved {self.reason or self._how_proved()}"
            case "checked":
                where = f" of [{self.interval[0]}, {self.interval[1]}]" if self.interval else ""
                plural = "" if self.points == 1 else "s"
                how = f", {self.reason}" if self.reason else ""
                return f"checked at {self.points} point{plural}{where} to {self.digits} digits{how}"
            case "wrong":
                return f"wrong {self.counterexample}"
            case _:
                return f"not checked, because {self.reason}"
