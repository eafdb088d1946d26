"""A document on a terminal: as plain text, with colour where the terminal wants it."""

from __future__ import annotations

from io import StringIO
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from chainrule.document.blocks import Document
from chainrule.render import text

if TYPE_CHECKING:
    from rich.console import Console

STYLES: dict[str, str] = {
    "title": "bold",
    "heading": "bold cyan",
    "strong": "bold",
    "emphasis": "italic",
    "code": "green",
    "math": "",
    "bar": "cyan",
    "number": "cyan",
    "note": "italic dim",
    "fold": "bold dim",
    "": "",
}
"""Rich's style for each style of a span."""

WIDEST = 100
"""Lines of prose longer than this are hard to read."""


def print_document(document: Document, console: Console | None = None) -> None:
    """Print the document; colour only where ``console`` is a terminal and NO_COLOR is not set.

    Without a console, standard output is used.
    """
    from rich.console import Console
    from rich.text import Text

    console = console or Console(highlight=False)
    for line in text.compose(document, min(console.width, WIDEST)):
        spans = (
            ("".join(part for part, _ in spans), STYLES[style])
            for style, spans in groupby(line, key=itemgetter(1))
        )
        console.print(Text.assemble(*spans), soft_wrap=True, highlight=False)


def render(document: Document, width: int = 80, colour: bool = True) -> str:
    """The document as a terminal of ``width`` columns would get it, with escape sequences."""
    from rich.console import Console

    out = StringIO()
    console = Console(
        file=out, width=width, force_terminal=colour, color_system="standard" if colour else None
    )
    print_document(document, console)
    return out.getvalue()
