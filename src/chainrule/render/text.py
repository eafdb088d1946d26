"""A document as plain text: two-dimensional mathematics in Unicode, no colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise, zip_longest

from chainrule.document.blocks import (
    Block,
    Bullets,
    Code,
    Display,
    Document,
    Emphasis,
    Fold,
    Heading,
    Inline,
    Math,
    Paragraph,
    Quote,
    Steps,
    Strong,
    Table,
)
from chainrule.render.breaking import Rank
from chainrule.render.display import layout_chain, line_breaks, unicode_chain
from chainrule.render.excerpt import readable
from chainrule.render.layout import width as columns

Span = tuple[str, str]
"""Text and the style it has on a terminal: see ``terminal.STYLES``."""
Line = list[Span]

_MARGIN = "    "
_KEEP = "\u00a0"
"""A blank at which a line is not broken."""
# Columns, of the 80 of a line; a matter of taste. What is kept whole leaves less than half a line
# blank, and a piece between two signs that fills more than three quarters is broken inside too.
_LONGEST_UNBROKEN = 32
_LONGEST_KEPT = 60


def render(document: Document, width: int = 80) -> str:
    """The document in lines of at most ``width`` columns, where mathematics allows it."""
    lines = ("".join(text for text, _ in line) for line in compose(document, width))
    return "\n".join(lines) + "\n"


def compose(document: Document, width: int) -> Iterator[Line]:
    """The lines of the document, with styles."""
    return map(_trimmed, _blocks(readable(document).blocks, max(width, 20)))


def _trimmed(line: Line) -> Line:
    """The line without blanks at its end."""
    while line:
        text, style = line[-1]
        if shown := text.rstrip():
            return [*line[:-1], (shown, style)]
        line = line[:-1]
    return line


def _blocks(blocks: Iterable[Block], width: int) -> Iterator[Line]:
    for index, block in enumerate(blocks):
        if index:
            yield []
        yield from _block(block, width)


def _block(block: Block, width: int) -> Iterator[Line]:
    match block:
        case Heading(level, inline, number):
            yield from _heading(level, numbered(number, inline), width)
        case Paragraph(inline):
            yield from _wrap(inline, width)
        case Quote(name, inline):
            text = (Strong(_sentence(name)), " ", *inline)
            yield from _prefixed("│ ", "│ ", _wrap(text, width - 2), "bar")
        case Display():
            yield from _display(block, width)
        case Steps(items):
            for count, item in enumerate(items, start=1):
                mark = f"{count}. "
                lines = _wrap(item, width - len(mark))
                yield from _prefixed(mark, " " * len(mark), lines, "number")
        case Bullets(items):
            for item in items:
                yield from _prefixed("• ", "  ", _wrap(item, width - 2), "number")
        case Table():
            yield from _table(block, width)
        case Fold(title, blocks):
            yield from _prefixed("▸ ", "  ", _wrap(title, width - 2, "fold"), "fold")
            yield []
            yield from _prefixed("  ", "  ", _blocks(blocks, width - 2), "")


def _sentence(name: str) -> str:
    return name if name.endswith((".", ":", "?")) else name + "."


def numbered(number: str, inline: Inline) -> Inline:
    """The heading with its number: "1. …", "1.2 …"."""
    if not number:
        return inline
    return (f"{number} " if "." in number else f"{number}. ", *inline)


def _heading(level: int, inline: Inline, width: int) -> Iterator[Line]:
    style = "title" if level == 1 else "heading"
    longest = 0
    for line in _wrap(inline, width, style):
        longest = max(longest, sum(columns(text) for text, _ in line))
        yield line
    if level <= 2:
        yield [("═" * longest if level == 1 else "─" * longest, style)]


def _prefixed(first: str, rest: str, lines: Iterable[Line], style: str) -> Iterator[Line]:
    prefix = first
    for line in lines:
        yield [(prefix, style), *line]
        prefix = rest


def _display(block: Display, width: int) -> Iterator[Line]:
    """The chain, indented; its note beside the last row if there is room, else below."""
    rows = layout_chain(block.chain, width - len(_MARGIN))
    note = list(_wrap(("(", *block.note, ")"), width - len(_MARGIN), "note")) if block.note else []
    beside = len(note) == 1 and (
        len(_MARGIN) + rows[-1].width + 3 + sum(columns(text) for text, _ in note[0]) <= width
    )
    for index, row in enumerate(rows):
        if index and (row.height > 1 or rows[index - 1].height > 1):
            yield []
        for number, text in enumerate(row.lines):
            line: Line = [(_MARGIN, ""), (text, "math")]
            if beside and index == len(rows) - 1 and number == row.base:
                line += [("   ", ""), *note[0]]
            yield line
    if not beside:
        yield from _prefixed(_MARGIN, _MARGIN, note, "")


# --- inline text --------------------------------------------------------------------------------
def _spans(inline: Inline, style: str) -> Iterator[Span]:
    for piece in inline:
        match piece:
            case str():
                yield piece, style
            case Math(math):
                yield _unbroken(unicode_chain(math)), style or "math"
            case Strong(text):
                yield text, style or "strong"
            case Emphasis(text):
                yield text, style or "emphasis"
            case Code(text):
                yield text.replace(" ", _KEEP), style or "code"


def _unbroken(math: str) -> str:
    """Short mathematics is kept on one line, long is broken before its operators only."""
    if columns(math) <= _LONGEST_UNBROKEN:
        return math.replace(" ", _KEEP)
    loosest = [b.offset for b in line_breaks(math) if b.rank > Rank.FACTOR]
    longest = max(b - a for a, b in pairwise([0, *loosest, len(math)]))
    if longest > _LONGEST_KEPT:
        loosest = [b.offset for b in line_breaks(math)]
    kept = list(math.replace(" ", _KEEP))
    for offset in loosest:
        kept[offset] = math[offset]
    return "".join(kept)


def _words(spans: Iterable[Span]) -> Iterator[Line]:
    """The spans cut at blanks; spans without a blank between them stay together."""
    word: Line = []
    for text, style in spans:
        for index, part in enumerate(text.split(" ")):
            if index and word:
                yield word
                word = []
            if part:
                word.append((part, style))
    if word:
        yield word


def _wrap(inline: Inline, width: int, style: str = "") -> Iterator[Line]:
    line: Line = []
    used = 0
    for word in _words(_spans(inline, style)):
        size = sum(columns(text) for text, _ in word)
        if line and used + 1 + size > width:
            yield line
            line, used = [], 0
        if line:
            line.append((" ", word[0][1] if word[0][1] == line[-1][1] else ""))
            used += 1
        line += [(text.replace(_KEEP, " "), each) for text, each in word]
        used += size
    if line:
        yield line


# --- tables ---------------------------------------------------------------------------------------
def _table(table: Table, width: int) -> Iterator[Line]:
    """Columns as wide as their contents, the widest ones wrapped if there is no room."""
    rows = [table.header, *table.rows]
    natural = [max(_natural(cell) for cell in column) for column in zip(*rows, strict=True)]
    sizes = _shrunk(natural, width - 3 * (len(natural) - 1))
    yield from _table_row(table.header, sizes, "strong")
    yield [("─┼─".join("─" * size for size in sizes), "bar")]
    for row in table.rows:
        yield from _table_row(row, sizes, "")


def _natural(cell: Inline) -> int:
    return sum(columns(text) for text, _ in _spans(cell, ""))


def _shrunk(sizes: list[int], room: int) -> list[int]:
    sizes = list(sizes)
    while sum(sizes) > room and max(sizes) > 6:
        sizes[sizes.index(max(sizes))] -= 1
    return sizes


def _table_row(row: tuple[Inline, ...], sizes: list[int], style: str) -> Iterator[Line]:
    cells = [list(_wrap(cell, size, style)) for cell, size in zip(row, sizes, strict=True)]
    for lines in zip_longest(*cells, fillvalue=None):
        padded = [_padded(line or [], size) for line, size in zip(lines, sizes, strict=True)]
        joined = [padded[0], *([(" │ ", "bar"), *cell] for cell in padded[1:])]
        yield list(chain.from_iterable(joined))


def _padded(line: Line, size: int) -> Line:
    free = size - sum(columns(text) for text, _ in line)
    return [*line, (" " * free, "")]
