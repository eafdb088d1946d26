"""Spelling in LaTeX, for amsmath and for KaTeX in its strict mode."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.record import Record
from chainrule.render.breaking import Break, Rank
from chainrule.render.letters import letter_latex
from chainrule.render.setter import Mark


class Tex(Record):
    """LaTeX source, its width when set (in digits, roughly), and where it may be broken."""

    text: str
    width: float
    breaks: tuple[Break, ...] = ()


_TOKENS: dict[Mark, Tex] = {
    Mark.PLUS: Tex("+", 2.4, (Break(0, 0, Rank.TERM),)),
    Mark.MINUS: Tex("-", 2.4, (Break(0, 0, Rank.TERM),)),
    Mark.SIGN: Tex("-", 1.3),
    Mark.DOT: Tex(r"\cdot", 1.6, (Break(0, 0, Rank.DOT),)),
    Mark.WIDE_DOT: Tex(r"\cdot", 1.6, (Break(0, 0, Rank.DOT),)),
    Mark.THIN: Tex(r"\,", 0.3, (Break(0, 0, Rank.FACTOR),)),
    Mark.NEXT: Tex("", 0, (Break(0, 0, Rank.FACTOR),)),
    Mark.APPLY: Tex("", 0.3),
    Mark.SLASH: Tex("/", 1),
    Mark.COMMA: Tex(",", 1),
    Mark.DIFFERENTIAL: Tex("d", 1),
    Mark.PARTIAL: Tex(r"\partial", 1),
    Mark.PRIME: Tex("'", 0.5),
    Mark.ELLIPSIS: Tex(r"\ldots", 2),
}

_RELATIONS = {
    "=": "=", "==": "=", "≈": r"\approx", "≠": r"\neq", "!=": r"\neq", ":=": ":=",
    "<": "<", ">": ">", "≤": r"\le", "<=": r"\le", "≥": r"\ge", ">=": r"\ge",
    "⟹": r"\implies", "∈": r"\in", "→": r"\to", ",": r",\quad ", "≡": r"\equiv",
}  # fmt: skip

_DELIMITERS = {"(": "(", ")": ")", "|": "|", "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil",
               "⌉": r"\rceil"}  # fmt: skip

_ENDS_IN_COMMAND = re.compile(r"\\[A-Za-z]+\Z")
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip


def escape(text: str) -> str:
    """Plain text as LaTeX text."""
    return "".join(_SPECIAL.get(character, character) for character in text)


class LatexSetter:
    """A ``Setter`` of ``Tex``. In exponents, fractions are written with a slash."""

    def __init__(self, stacked: bool = True) -> None:
        self.stacked = stacked

    @property
    def script(self) -> LatexSetter:
        return LATEX_SCRIPT

    def token(self, token: Mark) -> Tex:
        return _TOKENS[token]

    def relation(self, operator: str) -> Tex:
        return Tex(_RELATIONS[operator], 2.7)

    def number(self, figures: str) -> Tex:
        return Tex(figures.replace("…", r"\ldots "), len(figures))

    def letter(self, name: str) -> Tex:
        text = letter_latex(name)
        return Tex(text, 1.15 if text.startswith("\\") else 1.15 * len(name))

    def function(self, latex: str, text: str) -> Tex:
        return Tex(latex, len(text))

    def words(self, text: str) -> Tex:
        return Tex(rf"\text{{{escape(text)}}}", len(text))

    def row(self, pieces: Sequence[Tex]) -> Tex:
        parts: list[str] = []
        breaks: list[Break] = []
        offset, width, last = 0, 0.0, ""
        for piece in pieces:
            text = piece.text
            if text and text[0].isalnum() and _ENDS_IN_COMMAND.search(last, max(0, len(last) - 30)):
                parts.append(" ")
                offset += 1
            breaks += [Break(offset + b.offset, width + b.width, b.rank) for b in piece.breaks]
            parts.append(text)
            offset += len(text)
            width += piece.width
            last = text or last
        return Tex("".join(parts), width, tuple(breaks))

    def fraction(self, above: Tex, below: Tex) -> Tex:
        text = rf"\frac{{{above.text}}}{{{below.text}}}"
        return Tex(text, max(above.width, below.width) + 0.4)

    def raised(self, base: Tex, exponent: Tex) -> Tex:
        return Tex(f"{base.text}^{{{exponent.text}}}", base.width + 0.8 * exponent.width)

    def lowered(self, base: Tex, index: Tex) -> Tex:
        return Tex(f"{base.text}_{{{index.text}}}", base.width + 0.8 * index.width)

    def root(self, degree: int, body: Tex, simple: bool) -> Tex:
        index = "" if degree == 2 else f"[{degree}]"
        return Tex(rf"\sqrt{index}{{{body.text}}}", body.width + 1.5)

    def enclosed(self, left: str, body: Tex, right: str, tall: bool) -> Tex:
        opening, closing = Tex(_DELIMITERS[left], 0.8), Tex(_DELIMITERS[right], 0.8)
        if tall:
            opening, closing = Tex(r"\left" + opening.text, 0.8), Tex(r"\right" + closing.text, 0.8)
        whole = self.row([opening, body, closing])
        return Tex(whole.text, whole.width)

    def cases(self, rows: Sequence[tuple[Tex, Tex | None]]) -> Tex:
        lines = [
            f"{value.text} & "
            + (r"\text{otherwise}" if condition is None else rf"\text{{if }} {condition.text}")
            for value, condition in rows
        ]
        width = max(v.width + 5 + (c.width if c else 6) for v, c in rows)
        body = r" \\ ".join(lines)
        return Tex(rf"\begin{{cases}}{body}\end{{cases}}", width)

    def struck(self, body: Tex) -> Tex:
        return Tex(rf"\cancel{{{body.text}}}", body.width)

    def framed(self, body: Tex) -> Tex:
        return Tex(rf"\boxed{{{body.text}}}", body.width + 1)

    def evaluated(self, body: Tex, condition: Tex) -> Tex:
        return Tex(
            rf"\left.{body.text}\right|_{{{condition.text}}}",
            body.width + 0.8 * condition.width + 0.5,
        )


LATEX = LatexSetter()
LATEX_SCRIPT = LatexSetter(stacked=False)
