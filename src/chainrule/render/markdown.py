"""A document in Markdown with ``$…$``, as a Jekyll blog with KaTeX (or GitHub) shows it.

Kramdown, Jekyll's Markdown, does not know ``$…$``: it passes it on, after having treated it
like any text. So inline mathematics avoids whatever Markdown would touch: ``|`` (a table),
``<`` (a tag), ``'`` (a curly quote), ``\\\\`` (an escaped backslash), ``\\_`` and an underscore
that could open an emphasis.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from chainrule.document.blocks import (
    Block,
    Bullets,
    Chain,
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
from chainrule.render.display import latex_chain, latex_display
from chainrule.render.excerpt import readable
from chainrule.render.text import numbered

_PRIMES = re.compile("'+")
_BARE_UNDERSCORE = re.compile(r"(?<=[^0-9A-Za-z\s])_(?=\{)")
_TO_ESCAPE = re.compile(r"[\\`*_{}\[\]<>|$]")
_LINE_START = re.compile(r"^(#|[-+](?=\s)|\d+[.)](?=\s)|:(?=\s))")


def render(document: Document, *, front_matter: bool = True) -> str:
    """The document in Markdown; with front matter the title is a theme's to show."""
    blocks = "\n\n".join(_block(block, front_matter) for block in readable(document).blocks)
    head = _front_matter(document) if front_matter else ""
    return f"{head}{blocks}\n"


def _front_matter(document: Document) -> str:
    fields = {"layout": "post", "title": document.title}
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()]
    lines[0] = "layout: " + fields["layout"]
    return "\n".join(["---", *lines, "math: true", "---", "", ""])


def _block(block: Block, front_matter: bool = True) -> str:
    match block:
        case Heading(level, inline, number):
            text = _inline(numbered(number, inline))
            if level == 1 and front_matter:
                return _inline(_emboldened(inline))
            return f"{'#' * level} {text}"
        case Paragraph(inline):
            return _paragraph(inline)
        case Quote(name, inline):
            name = name if name.endswith((".", ":", "?")) else name + "."
            return f"> **{_escaped(name)}** {_inline(inline)}"
        case Display(chain, note):
            shown = f"$$\n{safe_math(latex_display(chain).text)}\n$$"
            return f"{shown}\n\n*({_inline(note, emphasised=True)})*" if note else shown
        case Steps(items):
            return "\n".join(f"{n}. {_inline(item)}" for n, item in enumerate(items, start=1))
        case Bullets(items):
            return "\n".join(f"- {_inline(item)}" for item in items)
        case Table(header, rows):
            ruler = ("---",) * len(header)
            cells = [tuple(map(_inline, header)), ruler, *(tuple(map(_inline, r)) for r in rows)]
            return "\n".join("| " + " | ".join(row) + " |" for row in cells)
        case Fold(title, blocks):
            body = "\n\n".join(_block(inner, front_matter) for inner in blocks)
            summary = f"<summary>{_inline(title)}</summary>"
            return f'<details markdown="1">\n{summary}\n\n{body}\n\n</details>'


def _paragraph(inline: Inline) -> str:
    return _LINE_START.sub(lambda mark: "\\" + mark[0], _inline(inline))


def _emboldened(inline: Inline) -> Inline:
    return tuple(Strong(piece) if isinstance(piece, str) else piece for piece in inline)


def _inline(inline: Inline, emphasised: bool = False) -> str:
    return "".join(_pieces(inline, emphasised))


def _pieces(inline: Inline, emphasised: bool) -> Iterator[str]:
    for piece in inline:
        match piece:
            case str():
                yield _escaped(piece)
            case Math(chain):
                yield f"${_inline_math(chain)}$"
            case Strong(text):
                yield _marked("**", text)
            case Emphasis(text):
                yield _escaped(text) if emphasised else _marked("*", text)
            case Code(text):
                fence = "``" if "`" in text else "`"
                yield f"{fence}{text}{fence}"


def _inline_math(chain: Chain) -> str:
    return safe_math(latex_chain(chain)).replace(r" \\ ", r" \cr ")


def _marked(mark: str, text: str) -> str:
    """Marks stand next to the text, blanks outside of them."""
    inner = text.strip()
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{mark}{_escaped(inner)}{mark}{after}" if inner else text


def _escaped(text: str) -> str:
    return _TO_ESCAPE.sub(lambda character: "\\" + character[0], text)


def safe_math(latex: str) -> str:
    """The same mathematics without characters that Markdown would take for its own."""
    latex = _PRIMES.sub(lambda run: "^{" + r"\prime" * len(run[0]) + "}", latex)
    for character, command in (("<", r"\lt "), (">", r"\gt "), ("|", r"\vert "), (r"\_", r"\,")):
        latex = latex.replace(character, command)
    return _BARE_UNDERSCORE.sub("_ ", latex)
