"""The document model: what a walk-through consists of, whatever format sets it.

A ``Document`` is a sequence of blocks; blocks hold inline pieces; mathematics is held as
expressions and the few shapes below, never as LaTeX or text. A format (one file each in
``render/``) is a function from ``Document`` to a string.
"""

from __future__ import annotations

from chainrule.expr.nodes import Expr
from chainrule.record import Record

# --- mathematics ---------------------------------------------------------------------------


class Name(Record):
    """The function's own letter, optionally with arguments and primes: σ, σ(x), f'(x).

    ``name`` is a symbol name as in expressions (``sigma``) or an upright operator name
    (``SiLU``; more than one letter and no Greek name).
    """

    name: str
    args: tuple[Expr, ...] = ()
    primes: int = 0


class Derivative(Record):
    """Leibniz notation: d``of``/d``by``; ``partial`` sets ∂ for d, ``order`` the power.

    ``of`` is a name (``sigma``, ``m``) that stands in the numerator, or an expression that
    stands to the right of the operator: d/dx (1 + e^{-x}).
    ``by`` lists the variables with their multiplicities: (("x", 2),) or (("x", 1), ("y", 1)).
    ``cancel_above``/``cancel_below`` strike out the numerator or the denominator.
    """

    of: str | Expr
    by: tuple[tuple[str, int], ...]
    partial: bool = False
    cancel_above: bool = False
    cancel_below: bool = False

    @property
    def order(self) -> int:
        return sum(count for _, count in self.by)


class Dots(Record):
    """Juxtaposed factors with a dot between them: dσ/dm · dm/dx."""

    factors: tuple[Term, ...]


class Plus(Record):
    """A sum whose terms are any mathematics: u' v + u v' with derivatives written out."""

    terms: tuple[Term, ...]


class Digits(Record):
    """A decimal value that is certified as far as it is written; ``more`` adds an ellipsis."""

    text: str
    more: bool = True


class Words(Record):
    """A few upright words within mathematics: "if x > 0"."""

    text: str


class Boxed(Record):
    """The result, framed."""

    term: Term


class At(Record):
    """A term at a point: dσ/dx |_{x=5}."""

    term: Term
    variable: str
    value: Expr


Term = Expr | Name | Derivative | Dots | Plus | Digits | Words | Boxed | At


class Chain(Record):
    """``terms`` joined by ``relations`` (one fewer): "=", "≈", "≠", ":=", "<", "≤", "⟹", ",".

    A display of one term has no relations.
    """

    terms: tuple[Term, ...]
    relations: tuple[str, ...] = ()


def equation(*terms: Term) -> Chain:
    """All terms joined by "="."""
    return Chain(terms, ("=",) * (len(terms) - 1))


# --- inline pieces -----------------------------------------------------------------------------


class Math(Record):
    """Inline mathematics."""

    chain: Chain


class Strong(Record):
    text: str


class Emphasis(Record):
    text: str


class Code(Record):
    text: str


InlinePiece = str | Math | Strong | Emphasis | Code
Inline = tuple[InlinePiece, ...]


def math(*terms: Term) -> Math:
    """Inline mathematics: one term, or several joined by "="."""
    return Math(equation(*terms))


# --- blocks --------------------------------------------------------------------------------------


class Heading(Record):
    """``level`` 1 is the document's title; ``number`` ("2.1") is set before the text."""

    level: int
    inline: Inline
    number: str = ""


class Paragraph(Record):
    inline: Inline


class Quote(Record):
    """A rule, quoted where it is used: its name, its words, and its formula if it has one."""

    name: str
    inline: Inline


class Display(Record):
    """A displayed chain; ``note`` is the reason, set beside or under it.

    Formats may break a long chain before its relations, never elsewhere.
    """

    chain: Chain
    note: Inline = ()


class Steps(Record):
    """The plan: a numbered list."""

    items: tuple[Inline, ...]


class Bullets(Record):
    items: tuple[Inline, ...]


class Table(Record):
    header: tuple[Inline, ...]
    rows: tuple[tuple[Inline, ...], ...]


class Fold(Record):
    """A part the reader may skip; formats that cannot fold set it indented or in small type."""

    title: Inline
    blocks: tuple[Block, ...]


Block = Heading | Paragraph | Quote | Display | Steps | Bullets | Table | Fold


class Document(Record):
    """A walk-through. ``title`` is plain text for page titles and front matter."""

    title: str
    blocks: tuple[Block, ...]
