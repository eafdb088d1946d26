"""Two-dimensional layout in Unicode: fractions with a bar, raised exponents, tall brackets.

Everything is a ``Box``: lines of text of equal width with a baseline, which boxes in a row
have in common. Boxes are made by pure functions and never change.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from chainrule.record import Record
from chainrule.render.breaking import Break, Rank, choose
from chainrule.render.letters import letter_unicode, subscript, superscript
from chainrule.render.setter import Mark
from chainrule.render.unicode import RELATIONS, TOKENS, UNICODE, root_sign, strike

_COMBINING = "\u0336"

_NO_LETTER = frozenset(" ()⎛⎜⎝⎞⎟⎠│⎢⎣⎥⎦⎡⎤,·⎧⎨⎩⎪_╱")
"""What may stand next to a fraction bar without a blank."""

_TALL: dict[str, tuple[str, str, str]] = {
    "(": ("⎛", "⎜", "⎝"),
    ")": ("⎞", "⎟", "⎠"),
    "|": ("│", "│", "│"),
    "⌊": ("⎢", "⎢", "⎣"),
    "⌋": ("⎥", "⎥", "⎦"),
    "⌈": ("⎡", "⎢", "⎢"),
    "⌉": ("⎤", "⎥", "⎥"),
}
"""Top, middle and bottom of a tall bracket."""


def width(text: str) -> int:
    """Columns that the text takes; strokes through characters take none."""
    return len(text) - text.count(_COMBINING)


def _pad(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def _centre(text: str, columns: int) -> str:
    free = columns - width(text)
    return " " * (free // 2) + text + " " * (free - free // 2)


class Box(Record):
    """Lines of equal width; ``base`` is the index of the baseline."""

    lines: tuple[str, ...]
    base: int = 0
    breaks: tuple[Break, ...] = ()

    @property
    def width(self) -> int:
        return width(self.lines[0])

    @property
    def height(self) -> int:
        return len(self.lines)

    def __str__(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)


def text_box(text: str) -> Box:
    """One line."""
    return Box((text,))


def beside(boxes: Sequence[Box]) -> Box:
    """Boxes in a row on one baseline."""
    boxes = _spaced([box for box in boxes if box.width]) or [text_box("")]
    above = max(box.base for box in boxes)
    below = max(box.height - box.base for box in boxes)
    columns: list[list[str]] = []
    breaks: list[Break] = []
    position = 0
    for box in boxes:
        blank = " " * box.width
        top = above - box.base
        bottom = below - (box.height - box.base)
        columns.append([blank] * top + list(box.lines) + [blank] * bottom)
        breaks += [Break(position + b.offset, position + b.width, b.rank) for b in box.breaks]
        position += box.width
    lines = tuple("".join(parts) for parts in zip(*columns, strict=True))
    return Box(lines, above, tuple(breaks))


def _spaced(boxes: list[Box]) -> list[Box]:
    """With a blank between a fraction bar and a sign or letter that would touch it."""
    spaced = boxes[:1]
    for box in boxes[1:]:
        left, right = spaced[-1].lines[spaced[-1].base][-1], box.lines[box.base][0]
        if (left == "─" and right not in _NO_LETTER) or (right == "─" and left not in _NO_LETTER):
            spaced.append(text_box(" "))
        spaced.append(box)
    return spaced


def stack(boxes: Sequence[Box], base: int, *, centred: bool = False) -> Box:
    """Boxes one below the other, with the baseline at line ``base`` of the whole."""
    columns = max(box.width for box in boxes)
    place = _centre if centred else _pad
    return Box(tuple(place(line, columns) for box in boxes for line in box.lines), base)


def fraction(above: Box, below: Box) -> Box:
    """A numerator over a denominator."""
    columns = max(above.width, below.width)
    bar = text_box("─" * columns)
    return stack([above, bar, below], above.height, centred=True)


def raise_box(base: Box, exponent: Box) -> Box:
    """An exponent in small characters where Unicode has them all, else a line higher."""
    if exponent.height == 1 and (high := superscript(exponent.lines[0])):
        small = Box((high, *[" " * len(high)] * (base.height - 1)), base.base)
        return beside([base, small])
    rise = 0 if base.height > 1 else 1
    lines = exponent.lines + (" " * exponent.width,) * (base.height - (1 - rise))
    return beside([base, Box(lines, base.base + exponent.height - (1 - rise))])


def lower_box(base: Box, index: Box) -> Box:
    """An index in small characters where Unicode has them all, else a line lower."""
    if index.height == 1 and (low := subscript(index.lines[0])):
        small = Box((" " * len(low),) * (base.height - 1) + (low,), base.base)
        return beside([base, small])
    blank = (" " * index.width,) * base.height
    return beside([base, Box(blank + index.lines, base.base)])


def bracket(character: str, height: int, base: int) -> Box:
    """A bracket of the given height."""
    if height == 1:
        return text_box(character)
    top, middle, bottom = _TALL[character]
    return Box((top, *[middle] * (height - 2), bottom), base)


def root(degree: int, body: Box, simple: bool) -> Box:
    """A root: √x, or with a bar over what it covers."""
    if simple and body.height == 1:
        return beside([text_box(root_sign(degree)), body])
    height = body.height
    sign = root_sign(degree)
    blank = len(sign) - 1
    hook = [" " * (blank + height - 1 - i) + "╱" + " " * i for i in range(height - 1)]
    hook.append(sign + " " * (height - 1))
    left = Box((" " * len(hook[0]), *hook), body.base + 1)
    room = " " if height > 1 else ""
    lines = (room + line for line in body.lines)
    covered = Box(("_" * (body.width + len(room)), *lines), body.base + 1)
    return beside([left, covered])


def brace(rows: Sequence[tuple[Box, Box]]) -> Box:
    """Cases: values and conditions in two columns behind a brace."""
    values = max(value.width for value, _ in rows)
    set_rows = []
    for value, condition in rows:
        gap = text_box(" " * (values - value.width + 3))
        set_rows.append(beside([value, gap, condition]))
    tall = any(row.height > 1 for row in set_rows)
    if len(set_rows) == 2 or tall:
        spaced = [set_rows[0]]
        for row in set_rows[1:]:
            spaced += [text_box(" "), row]
        set_rows = spaced
    body = stack(set_rows, 0)
    height = body.height
    middle = height // 2
    if height == 1:
        return beside([text_box("{ "), body])
    left = ["⎪"] * height
    left[0], left[middle], left[-1] = "⎧", "⎨", "⎩"
    return beside([Box(tuple(left), middle), text_box(" "), Box(body.lines, middle)])


def frame(body: Box) -> Box:
    """A box drawn around the result."""
    bar = "─" * (body.width + 2)
    lines = (f"┌{bar}┐", *(f"│ {line} │" for line in body.lines), f"└{bar}┘")
    return Box(lines, body.base + 1)


def cut(box: Box, start: int, stop: int) -> Box:
    """The columns from ``start`` to ``stop``, without lines that are empty there."""
    lines = [_cut_line(line, start, stop) for line in box.lines]
    first = next((i for i, line in enumerate(lines) if line.strip() or i == box.base))
    last = next(i for i in range(len(lines) - 1, -1, -1) if lines[i].strip() or i == box.base)
    return Box(tuple(lines[first : last + 1]), box.base - first)


def _cut_line(line: str, start: int, stop: int) -> str:
    if _COMBINING not in line:
        return line[start:stop]
    kept, column = [], 0
    for character in line:
        column += character != _COMBINING
        if start < column <= stop:
            kept.append(character)
    return "".join(kept)


def broken(box: Box, room: int, indent: int = 2) -> list[Box]:
    """The box in pieces no wider than ``room`` where it has places to break."""
    taken = choose(box.breaks, box.width, room, indent)
    edges = [0, *[b.offset for b in taken], box.width]
    pieces = [cut(box, a, b) for a, b in pairwise(edges)]
    lines = pieces[:1]
    for taken_break, piece in zip(taken, pieces[1:], strict=True):
        lead = "· " if taken_break.rank is Rank.FACTOR else ""
        lines.append(beside([text_box(" " * indent + lead), _without_margin(piece)]))
    return lines


def _without_margin(box: Box) -> Box:
    """Without blank columns on the left: the room of a sign which now starts a line."""
    spare = min(len(line) - len(line.lstrip(" ")) for line in box.lines if line.strip())
    return Box(tuple(line[spare:] for line in box.lines), box.base)


class LayoutSetter:
    """A ``Setter`` of boxes."""

    stacked = True

    @property
    def script(self) -> LayoutSetter:
        return FLAT

    def token(self, token: Mark) -> Box:
        rank = _RANKS.get(token)
        return Box((TOKENS[token],), 0, (Break(0, 0, rank),) if rank else ())

    def relation(self, operator: str) -> Box:
        operator = RELATIONS.get(operator, operator)
        return text_box(",   " if operator == "," else f" {operator} ")

    def number(self, figures: str) -> Box:
        return text_box(figures)

    def letter(self, name: str) -> Box:
        return text_box(letter_unicode(name))

    def function(self, latex: str, text: str) -> Box:
        return text_box(text)

    def words(self, text: str) -> Box:
        return text_box(text)

    def row(self, pieces: Sequence[Box]) -> Box:
        """Side by side; a place to break that has no width goes to what follows it."""
        row: list[Box] = []
        pending: tuple[Break, ...] = ()
        for piece in pieces:
            if piece.width:
                row.append(piece.replaced(breaks=pending + piece.breaks))
                pending = ()
            else:
                pending = piece.breaks
        return beside(row)

    def fraction(self, above: Box, below: Box) -> Box:
        return fraction(above, below)

    def raised(self, base: Box, exponent: Box) -> Box:
        return raise_box(base, exponent)

    def lowered(self, base: Box, index: Box) -> Box:
        return lower_box(base, index)

    def root(self, degree: int, body: Box, simple: bool) -> Box:
        return root(degree, body, simple)

    def enclosed(self, left: str, body: Box, right: str, tall: bool) -> Box:
        sides = (bracket(side, body.height, body.base) for side in (left, right))
        opening, closing = sides
        whole = beside([opening, body, closing])
        return Box(whole.lines, whole.base)

    def cases(self, rows: Sequence[tuple[Box, Box | None]]) -> Box:
        return brace(
            [
                (
                    value,
                    text_box("otherwise")
                    if condition is None
                    else beside([text_box("if "), condition]),
                )
                for value, condition in rows
            ]
        )

    def struck(self, body: Box) -> Box:
        return Box(tuple(strike(line) for line in body.lines), body.base)

    def framed(self, body: Box) -> Box:
        return frame(body)

    def evaluated(self, body: Box, condition: Box) -> Box:
        bar = Box(("│",) * body.height, body.base)
        blank = (" " * condition.width,) * (body.height - (body.height > 1))
        return beside([body, bar, Box(blank + condition.lines, body.base)])


_RANKS = {
    Mark.NEXT: Rank.FACTOR,
    Mark.THIN: Rank.FACTOR,
    Mark.PLUS: Rank.TERM,
    Mark.MINUS: Rank.TERM,
    Mark.DOT: Rank.DOT,
    Mark.WIDE_DOT: Rank.DOT,
}


class FlatSetter(LayoutSetter):
    """Boxes of one line, for exponents: towers of towers cannot be read."""

    stacked = False

    def raised(self, base: Box, exponent: Box) -> Box:
        return text_box(UNICODE.raised(base.lines[0], exponent.lines[0]))

    def lowered(self, base: Box, index: Box) -> Box:
        return text_box(UNICODE.lowered(base.lines[0], index.lines[0]))

    def root(self, degree: int, body: Box, simple: bool) -> Box:
        return text_box(UNICODE.root(degree, body.lines[0], simple))

    def cases(self, rows: Sequence[tuple[Box, Box | None]]) -> Box:
        lines = [(value.lines[0], c.lines[0] if c else None) for value, c in rows]
        return text_box(UNICODE.cases(lines))


LAYOUT = LayoutSetter()
FLAT = FlatSetter()
