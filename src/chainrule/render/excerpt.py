"""A document fit to be read: formulas too large for a page are cut short, and it says so."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.document.blocks import (
    At,
    Block,
    Boxed,
    Bullets,
    Chain,
    Derivative,
    Display,
    Document,
    Dots,
    Emphasis,
    Fold,
    Heading,
    Inline,
    InlinePiece,
    Math,
    Name,
    Paragraph,
    Plus,
    Quote,
    Steps,
    Table,
    Term,
)
from chainrule.expr.nodes import Expr
from chainrule.render.abridge import abridge, unfolded_size

LARGEST_ON_PAGE = 600
"""Nodes of a formula that is shown whole, which fills about a page: a matter of taste."""
DEEPEST_ON_PAGE = 40
"""Levels of expressions; TeX itself gives up at about six times as many."""

Cut = Callable[[Expr], Expr]


def readable(document: Document) -> Document:
    """The document with its largest formulas cut short, each followed by a sentence about it."""
    return document.replaced(blocks=_blocks(document.blocks))


def _blocks(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    new: list[Block] = []
    for block in blocks:
        sizes: list[int] = []

        def cut(expr: Expr, sizes: list[int] = sizes) -> Expr:
            short = abridge(expr, LARGEST_ON_PAGE, DEEPEST_ON_PAGE)
            if short is not expr:
                sizes.append(unfolded_size(expr))
            return short

        new.append(_block(block, cut))
        if sizes:
            new.append(Paragraph((Emphasis(_sentence(max(sizes))),)))
    return tuple(new)


def _sentence(size: int) -> str:
    written = f"{size:,}" if size < 10**12 else f"more than 10^{len(str(min(size, 10**4000))) - 1}"
    return (
        "“…” stands for parts that are left out here: written out in full, the formula would "
        f"have {written} symbols."
    )


def _block(block: Block, cut: Cut) -> Block:
    match block:
        case Heading() | Paragraph() | Quote():
            return block.replaced(inline=_inline(block.inline, cut))
        case Display(chain, note):
            return Display(_chain(chain, cut), _inline(note, cut))
        case Steps(items):
            return Steps(tuple(_inline(item, cut) for item in items))
        case Bullets(items):
            return Bullets(tuple(_inline(item, cut) for item in items))
        case Table(header, rows):
            return Table(
                tuple(_inline(cell, cut) for cell in header),
                tuple(tuple(_inline(cell, cut) for cell in row) for row in rows),
            )
        case Fold(title, blocks):
            return Fold(_inline(title, cut), _blocks(blocks))


def _inline(inline: Inline, cut: Cut) -> Inline:
    return tuple(_piece(piece, cut) for piece in inline)


def _piece(piece: InlinePiece, cut: Cut) -> InlinePiece:
    return Math(_chain(piece.chain, cut)) if isinstance(piece, Math) else piece


def _chain(chain: Chain, cut: Cut) -> Chain:
    return Chain(tuple(_term(term, cut) for term in chain.terms), chain.relations)


def _term(term: Term, cut: Cut) -> Term:
    match term:
        case Expr():
            return cut(term)
        case Name(args=args):
            return term.replaced(args=tuple(cut(arg) for arg in args))
        case Derivative(of=Expr() as of):
            return term.replaced(of=cut(of))
        case Dots(factors):
            return Dots(tuple(_term(factor, cut) for factor in factors))
        case Plus(terms):
            return Plus(tuple(_term(each, cut) for each in terms))
        case Boxed(inner):
            return Boxed(_term(inner, cut))
        case At(inner, variable, value):
            return At(_term(inner, cut), variable, cut(value))
        case _:
            return term
