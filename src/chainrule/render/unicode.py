"""Spelling on one line of Unicode."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from chainrule.render.letters import letter_unicode, subscript, superscript
from chainrule.render.setter import Mark

TOKENS: dict[Mark, str] = {
    Mark.PLUS: " + ",
    Mark.MINUS: " − ",
    Mark.SIGN: "−",
    Mark.DOT: "·",
    Mark.WIDE_DOT: " · ",
    Mark.THIN: " ",
    Mark.NEXT: "",
    Mark.APPLY: " ",
    Mark.SLASH: "/",
    Mark.COMMA: ", ",
    Mark.DIFFERENTIAL: "d",
    Mark.PARTIAL: "∂",
    Mark.PRIME: "′",
    Mark.ELLIPSIS: "…",
}
RELATIONS = {"==": "=", "<=": "≤", ">=": "≥", "!=": "≠"}
_ROOTS = {2: "√", 3: "∛", 4: "∜"}
_STROKE = "\u0336"


def root_sign(degree: int) -> str:
    """√, ∛, ∜, ⁵√, …"""
    return _ROOTS.get(degree) or (superscript(str(degree)) or "") + "√"


def strike(text: str) -> str:
    """The text with a stroke through every character."""
    return "".join(character + _STROKE for character in text)


def _is_word(text: str) -> bool:
    return text.isalnum() and not any(unicodedata.decomposition(c) for c in text)


class UnicodeSetter:
    """A ``Setter`` of plain strings."""

    stacked = False

    @property
    def script(self) -> UnicodeSetter:
        return self

    def token(self, token: Mark) -> str:
        return TOKENS[token]

    def relation(self, operator: str) -> str:
        operator = RELATIONS.get(operator, operator)
        return operator + " " if operator == "," else f" {operator} "

    def number(self, figures: str) -> str:
        return figures

    def letter(self, name: str) -> str:
        return letter_unicode(name)

    def function(self, latex: str, text: str) -> str:
        return text

    def words(self, text: str) -> str:
        return text

    def row(self, pieces: Sequence[str]) -> str:
        return "".join(pieces)

    def fraction(self, above: str, below: str) -> str:
        return f"{above}/{below}"

    def raised(self, base: str, exponent: str) -> str:
        if high := superscript(exponent):
            return base + high
        return f"{base}^{exponent}" if _is_word(exponent) else f"{base}^({exponent})"

    def lowered(self, base: str, index: str) -> str:
        if low := subscript(index):
            return base + low
        return f"{base}_{index}" if _is_word(index) else f"{base}_({index})"

    def root(self, degree: int, body: str, simple: bool) -> str:
        return root_sign(degree) + (body if simple else f"({body})")

    def enclosed(self, left: str, body: str, right: str, tall: bool) -> str:
        return f"{left}{body}{right}"

    def cases(self, rows: Sequence[tuple[str, str | None]]) -> str:
        parts = [
            f"{value} otherwise" if condition is None else f"{value} if {condition}"
            for value, condition in rows
        ]
        return "{" + "; ".join(parts) + "}"

    def struck(self, body: str) -> str:
        return strike(body)

    def framed(self, body: str) -> str:
        return body

    def evaluated(self, body: str, condition: str) -> str:
        return self.lowered(body + "|", condition)


UNICODE = UnicodeSetter()
