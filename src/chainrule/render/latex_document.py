"""A document as a complete LaTeX article: amsmath and cancel, any engine."""

from __future__ import annotations

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
from chainrule.render.display import LATEX_ROOM, latex_chain, latex_display, unicode_chain
from chainrule.render.excerpt import readable
from chainrule.render.latex import escape
from chainrule.render.letters import GREEK, SUBSCRIPTS, SUPERSCRIPTS

_PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath}
\usepackage{array}
\usepackage{cancel}
\usepackage[margin=1.1in]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6em}
\allowdisplaybreaks
\emergencystretch=3em
"""

_HEADINGS = {1: "section*", 2: "subsection*", 3: "subsubsection*"}
# Characters in a row of an article; in a wider table cells are broken.
_WIDEST_TABLE = 70
_SIZES = ((1.1, ""), (1.2, r"\small"), (1.35, r"\footnotesize"), (1.55, r"\scriptsize"))
_SMALLEST = r"\tiny"

_IN_WORDS: dict[str, str] = {
    "−": "$-$", "√": r"$\surd$", "∛": r"$\sqrt[3]{}$", "·": r"$\cdot$", "×": r"$\times$",
    "≤": r"$\le$", "≥": r"$\ge$", "≠": r"$\neq$", "≈": r"$\approx$", "∞": r"$\infty$",
    "∂": r"$\partial$", "→": r"$\to$", "⟹": r"$\implies$", "∈": r"$\in$", "±": r"$\pm$",
    "′": r"$'$", "ϑ": r"$\vartheta$", "…": r"\ldots{}", "“": "``", "”": "''", "‘": "`",
    "’": "'", "–": "--", "—": "---", "\u00a0": "~", "⌊": r"$\lfloor$", "⌋": r"$\rfloor$",
    "✓": r"$\surd$", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    '"': "''",
}  # fmt: skip
"""Characters in running text that need LaTeX's help."""


_CAPITALS = frozenset(
    ["Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"]
)


def _letters_in_words() -> dict[str, str]:
    letters = {
        letter: rf"$\{name}$"
        for name, letter in reversed(GREEK.items())
        if not ("Α" <= letter <= "Ω" and name not in _CAPITALS) and name != "omicron"
    }
    for table, sign in ((SUPERSCRIPTS, "^"), (SUBSCRIPTS, "_")):
        for plain, small in table.items():
            character = chr(small)
            script = letters.get(chr(plain), chr(plain)).strip("$").replace("−", "-")
            letters[character] = f"${sign}{{{script}}}$"
    return letters


_CHARACTERS = _letters_in_words() | _IN_WORDS


def render(document: Document) -> str:
    """A complete LaTeX file."""
    blocks = "\n\n".join(_block(block) for block in readable(document).blocks)
    return f"{_PREAMBLE}\n\\begin{{document}}\n\n{blocks}\n\n\\end{{document}}\n"


def _block(block: Block) -> str:
    match block:
        case Heading(level, inline, number):
            text = (rf"{_words(number)}\quad " if number else "") + _inline(inline, heading=True)
            return (
                rf"\{_HEADINGS[level]}{{{text}}}" if level in _HEADINGS else (rf"\textbf{{{text}}}")
            )
        case Paragraph(inline):
            return _inline(inline)
        case Quote(name, inline):
            name = name if name.endswith((".", ":", "?")) else name + "."
            return _environment("quote", rf"\textbf{{{_words(name)}}} {_inline(inline)}")
        case Display(chain, note):
            shown = _display(chain)
            return f"{shown}\n{{\\small({_inline(note)})\\par}}" if note else shown
        case Steps(items):
            return _environment("enumerate", "\n".join(rf"\item {_inline(i)}" for i in items))
        case Bullets(items):
            return _environment("itemize", "\n".join(rf"\item {_inline(i)}" for i in items))
        case Table():
            return _table(block)
        case Fold(title, blocks):
            body = "\n\n".join(_block(inner) for inner in blocks)
            return _environment("quote", f"\\small\\textbf{{{_inline(title)}}}\n\n{body}")


def _display(chain: Chain) -> str:
    """A display, in smaller type if it is still too wide after all its breaks."""
    display = latex_display(chain)
    shown = f"\\[\n{display.text}\n\\]"
    size = next((size for limit, size in _SIZES if display.width <= limit * LATEX_ROOM), _SMALLEST)
    return f"{{{size}\n{shown}\n}}" if size else shown


def _environment(name: str, body: str) -> str:
    return f"\\begin{{{name}}}\n{body}\n\\end{{{name}}}"


def _inline(inline: Inline, heading: bool = False) -> str:
    return "".join(_pieces(inline, heading))


def _pieces(inline: Inline, heading: bool) -> Iterator[str]:
    for piece in inline:
        match piece:
            case str():
                yield _words(piece)
            case Math(chain):
                math = latex_chain(chain)
                yield rf"{{\boldmath${math}$}}" if heading else f"${math}$"
            case Strong(text):
                yield rf"\textbf{{{_words(text)}}}"
            case Emphasis(text):
                yield rf"\emph{{{_words(text)}}}"
            case Code(text):
                yield rf"\texttt{{{_words(text)}}}"


def _words(text: str) -> str:
    """Running text in LaTeX."""
    return "".join(_CHARACTERS.get(character) or escape(character) for character in text).replace(
        "$$", ""
    )


def _table(table: Table) -> str:
    rows = [table.header, *table.rows]
    widths = [max(map(_length, column)) for column in zip(*rows, strict=True)]
    if sum(widths) <= _WIDEST_TABLE:
        columns = "l" * len(widths)
    else:
        widths = [min(size, _WIDEST_TABLE // 2) for size in widths]
        shares = [0.94 * size / sum(widths) - 0.02 for size in widths]
        columns = "".join(
            rf">{{\raggedright\arraybackslash}}p{{{share:.3f}\linewidth}}" for share in shares
        )
    header, *body = (" & ".join(map(_inline, row)) + r" \\" for row in rows)
    lines = [rf"\begin{{tabular}}{{{columns}}}", header, r"\hline", *body, r"\end{tabular}"]
    return _environment("center", "\\small\n" + "\n".join(lines))


def _length(cell: Inline) -> int:
    total = 0
    for piece in cell:
        match piece:
            case str():
                total += len(piece)
            case Math(chain):
                total += len(unicode_chain(chain))
            case Strong(text) | Emphasis(text) | Code(text):
                total += len(text)
    return total
