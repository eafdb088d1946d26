"""The formats of a document, a table: what the command line offers and what endings mean."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from chainrule.errors import InputError, nearest

if TYPE_CHECKING:
    from chainrule.document.blocks import Document


class DocumentFormat(NamedTuple):
    """How a document can be written.

    Attributes:
        name: as it is asked for.
        module: the file here whose ``render(document)`` gives the text; ``None`` for what is
            made from the data of a derivation instead of its document.
        endings: of names of files; such a file is written in this format unless told otherwise.
    """

    name: str
    module: str | None
    endings: tuple[str, ...] = ()


# A terminal gets the same characters as a file of text; `render.terminal` adds the colours.
FORMATS = {
    row.name: row
    for row in (
        DocumentFormat("terminal", "text"),
        DocumentFormat("text", "text", (".txt",)),
        DocumentFormat("markdown", "markdown", (".md",)),
        DocumentFormat("latex", "latex_document", (".tex",)),
        DocumentFormat("json", None, (".json",)),
    )
}
USUAL = "text"
"""What a file gets whose name has no ending."""

Syntax = Literal["plain", "latex", "python", "sympy"]
"""How one expression can be written in one line."""
SYNTAXES: tuple[Syntax, ...] = get_args(Syntax)


def endings() -> dict[str, str]:
    """The endings of names of files, and the format that each of them means."""
    return {ending: row.name for row in FORMATS.values() for ending in row.endings}


def by_ending(ending: str) -> str:
    """The format for a file whose name ends so: ".md".

    Raises:
        InputError: no format is known by this ending.
    """
    if not ending:
        return USUAL
    known = endings()
    if ending.lower() not in known:
        raise InputError(
            f"no format is known by the ending {ending!r}",
            hint=f"choose from {', '.join(known)}, or name the format",
        )
    return known[ending.lower()]


def rendered(document: Document, name: str) -> str:
    """The document in one of the formats.

    Raises:
        InputError: there is no such format, or documents cannot be written in it.
    """
    row = FORMATS.get(name)
    if row is None or row.module is None:
        documents = [known for known, format_ in FORMATS.items() if format_.module is not None]
        near = nearest(name, documents, 0.5)
        hint = f"did you mean {near}?" if near else f"choose from {', '.join(documents)}"
        raise InputError(f"a walk-through cannot be written as {name!r}", hint=hint)
    render: Callable[[Document], str] = import_module(f"chainrule.render.{row.module}").render
    return render(document)
