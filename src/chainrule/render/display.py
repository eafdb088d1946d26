"""Chains of equations as displays: on one line if they fit, else aligned at their relations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from chainrule.document.blocks import Boxed, Chain, Term
from chainrule.expr.nodes import Expr, Piecewise, postorder
from chainrule.render.breaking import Break, Rank, choose
from chainrule.render.latex import LATEX, Tex
from chainrule.render.layout import LAYOUT, Box, beside, broken, text_box, width
from chainrule.render.setter import Mark, signed
from chainrule.render.terms import set_chain, set_term
from chainrule.render.unicode import UNICODE

LATEX_ROOM = 64
"""Width of a LaTeX display in digits: what the text of an article holds, and a phone's half."""

_TALLEST = 7
"""Lines of a fraction of two fractions."""
_TALLEST_CASES = 25
"""Lines of a terminal's window; cases cannot be read when they are all on one line."""
_OPERATORS = frozenset("+−·=<>≤≥≈")


def latex_chain(chain: Chain) -> str:
    """A chain in LaTeX on one line, without dollar signs."""
    return set_chain(chain, LATEX).text


def latex_display(chain: Chain) -> Tex:
    """A chain in LaTeX as a display; a long one is broken before its relations.

    The width is that of the longest line.
    """
    whole = set_chain(chain, LATEX)
    if whole.width <= LATEX_ROOM:
        return whole
    groups = list(_groups(chain))
    rows: list[Tex] = []
    for index, group in enumerate(groups):
        lines = _latex_rows(group)
        if index < len(groups) - 1:
            lines[-1] = LATEX.row([lines[-1], LATEX.token(Mark.COMMA)])
        rows += lines
    widest = max(row.width for row in rows)
    if len(rows) == 1:
        return Tex(rows[0].text.replace("&", "", 1), widest)
    body = " \\\\\n".join(row.text for row in rows)
    return Tex(f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}", widest)


def _groups(chain: Chain) -> Iterator[Chain]:
    """The equations of a chain, which commas separate."""
    start = 0
    for index, relation in enumerate(chain.relations):
        if relation == ",":
            yield Chain(chain.terms[start : index + 1], chain.relations[start:index])
            start = index + 1
    yield Chain(chain.terms[start:], chain.relations[start:])


# LaTeX, and its width in digits.
_ALIGN = Tex("&", 0)
_QUAD = Tex(r"\quad{}", 2)


def _latex_rows(chain: Chain) -> list[Tex]:
    """The left side, then a relation and a right side per row, aligned at the relations."""
    left, *right = (_latex_part(term) for term in chain.terms)
    start, lead, rows = [left, _ALIGN], [_ALIGN], []
    if left.width > LATEX_ROOM / 3 or not right:
        first, *rest = _latex_lines(left, LATEX_ROOM)
        rows = [LATEX.row([_ALIGN, first])]
        rows += [LATEX.row([_ALIGN, _QUAD, line]) for line in rest]
        start = lead = [_ALIGN, _QUAD]
    room = LATEX_ROOM - 3 - sum(piece.width for piece in start)
    for relation, part in zip(chain.relations, right, strict=True):
        first, *rest = _latex_lines(part, room)
        rows.append(LATEX.row([*start, LATEX.relation(relation), first]))
        rows += [LATEX.row([*lead, _QUAD, line]) for line in rest]
        start = lead
    return rows


def _latex_part(term: Term) -> Tex:
    """The term; a frame that could not be broken is left out."""
    part = signed(set_term(term, LATEX), LATEX)
    if isinstance(term, Boxed) and part.width > LATEX_ROOM / 2:
        return signed(set_term(term.term, LATEX), LATEX)
    return part


def _latex_lines(part: Tex, room: float) -> list[Tex]:
    """A term, cut where it is broken."""
    lines, start = [], Tex("", 0)
    position, width_before = 0, 0.0
    for taken in choose(part.breaks, part.width, room, 2):
        line = Tex(part.text[position : taken.offset], taken.width - width_before)
        lines.append(LATEX.row([start, line]))
        position, width_before = taken.offset, taken.width
        start = Tex(r"\cdot ", 1) if taken.rank is Rank.FACTOR else Tex("", 0)
    last = Tex(part.text[position:], part.width - width_before)
    return [*lines, LATEX.row([start, last])]


# --- two-dimensional Unicode --------------------------------------------------------------------
def unicode_chain(chain: Chain) -> str:
    """A chain on one line of Unicode."""
    return set_chain(chain, UNICODE)


def layout_chain(chain: Chain, room: int) -> list[Box]:
    """A chain in rows of two-dimensional Unicode no wider than ``room`` where that can be."""
    boxes = [_term_box(term) for term in chain.terms]
    whole = _joined(chain, boxes)
    if whole.width <= room:
        return [whole]
    rows: list[Box] = []
    groups = list(_groups(chain))
    for index, group in enumerate(groups):
        count = len(group.terms)
        lines = _rows(group, boxes[:count], room)
        boxes = boxes[count:]
        if index < len(groups) - 1:
            lines[-1] = beside([lines[-1], text_box(",")])
        rows += lines
    return rows


def _joined(chain: Chain, boxes: list[Box]) -> Box:
    row = boxes[:1]
    for relation, box in zip(chain.relations, boxes[1:], strict=True):
        row += [LAYOUT.relation(relation), box]
    return beside(row)


def _term_box(term: Term) -> Box:
    """The term in two dimensions, or on one line if it would tower above everything."""
    box = signed(set_term(term, LAYOUT), LAYOUT)
    if box.height <= _TALLEST or (box.height <= _TALLEST_CASES and _has_cases(term)):
        return box
    return text_box(signed(set_term(term, UNICODE), UNICODE))


def _has_cases(term: Term) -> bool:
    return isinstance(term, Expr) and any(isinstance(node, Piecewise) for node in postorder(term))


def _rows(chain: Chain, boxes: list[Box], room: int) -> list[Box]:
    """The left side, then one relation and its right side per row."""
    left, *right = boxes
    if not right:
        return _fitted(chain.terms[0], left, room)
    rows: list[Box] = []
    start = left
    if left.width > room / 3:
        rows, start = _fitted(chain.terms[0], left, room), text_box("")
    margin = start.width
    for relation, term, box in zip(chain.relations, chain.terms[1:], right, strict=True):
        sign = LAYOUT.relation(relation)
        first, *rest = _fitted(term, box, room - margin - sign.width)
        rows.append(beside([start, sign, first]))
        blank = text_box(" " * (margin + sign.width))
        rows += [beside([blank, line]) for line in rest]
        start = text_box(" " * margin)
    return rows


def _fitted(term: Term, box: Box, room: int) -> list[Box]:
    """The term in lines that fit: broken where it has places for that, else on one line."""
    if isinstance(term, Boxed) and box.width > room:
        return _fitted(term.term, _term_box(term.term), room)
    lines = broken(box, room)
    if max(line.width for line in lines) <= room:
        return lines
    text = signed(set_term(term, UNICODE), UNICODE)
    return [text_box(line) for line in wrapped(text, room)]


def wrapped(text: str, room: int, indent: str = "  ") -> list[str]:
    """One-line mathematics in several lines, broken before operators or at other blanks."""
    taken = choose(line_breaks(text), width(text), room, len(indent))
    edges = [0, *(b.offset for b in taken), len(text)]
    pieces = [text[a:b].strip() for a, b in pairwise(edges)]
    return [pieces[0], *(indent + piece for piece in pieces[1:])]


def line_breaks(text: str) -> list[Break]:
    """Blanks and dots, ranked; those within brackets are the last resort."""
    breaks: list[Break] = []
    depth, column = 0, 0
    for offset, character in enumerate(text):
        depth += (character in "({⁽") - (character in ")}⁾")
        if character == " " or (character == "·" and text[offset - 1] != " "):
            following = text[offset + 1 : offset + 2]
            if depth or (character == " " and following not in _OPERATORS):
                rank = Rank.NESTED
            else:
                rank = Rank.DOT if "·" in (character, following) else Rank.TERM
            breaks.append(Break(offset, column, rank))
        column += width(character)
    return breaks
