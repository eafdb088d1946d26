"""What is said about the points where a function switches or its domain ends."""

from __future__ import annotations

from chainrule.derivations import Derivation
from chainrule.document.blocks import (
    Block,
    Bullets,
    Heading,
    Inline,
    Paragraph,
    Piece,
    Term,
    math,
)
from chainrule.expr.nodes import ZERO, Expr
from chainrule.rewrite.kinks import Kink, Side

# Catalogue rows and typed formulas have at most a handful; more are not a reader's business.
MAX_KINKS = 8


def kink_blocks(derivation: Derivation) -> list[Block]:
    """A section on the points at which the derivative may not exist; empty if there is none."""
    found = derivation.kinks
    if not found:
        return []
    x = derivation.variable
    rows = [_sentence(kink, x) for kink in found[:MAX_KINKS]]
    blocks: list[Block] = [Heading(2, ("At the kinks",))]
    if all(kink.removable for kink in found):
        blocks = [Heading(2, ("Where the formula switches",))]
    if len(rows) == 1:
        blocks.append(Paragraph(rows[0]))
    else:
        blocks.append(Bullets(tuple(rows)))
    return blocks


def _sentence(kink: Kink, x: Expr) -> Inline:
    if kink.kind == "integers":
        return (
            "Wherever ",
            math(kink.at),
            " is a point at which the rounding jumps, the function jumps too and has no "
            "derivative; frameworks return 0 there.",
        )
    if kink.kind == "zeros":
        return (
            "Where ",
            math(kink.at, ZERO),
            ", the formula switches: compare the slopes from both sides there.",
        )
    where: Inline = ("At ", math(x, kink.at))
    if kink.kind == "edge":
        return (*where, " the domain ends, and there is no derivative", *_frameworks(kink), ".")
    if kink.jump and kink.condition is None:
        return (*where, " the function jumps and has no derivative", *_frameworks(kink), ".")
    assert kink.left is not None
    assert kink.right is not None
    slopes: Inline = (
        " the slope from the left is ",
        *_slope(kink.left),
        " and from the right ",
        *_slope(kink.right),
    )
    if kink.removable:
        return (*where, *slopes, ": the derivative exists.")
    if kink.condition is not None:
        return (
            *where,
            *slopes,
            ": the derivative exists only if ",
            math(kink.condition),
            *_frameworks(kink),
            ".",
        )
    if kink.exists is None:
        return (*where, *slopes, ".")
    return (*where, *slopes, ": there is no derivative", *_frameworks(kink), ".")


def _slope(side: Side) -> Inline:
    if side.infinite:
        return ("infinite",) if side.infinite > 0 else ("minus infinity",)
    return ("unknown",) if side.slope is None else (math(side.slope),)


def _frameworks(kink: Kink) -> Inline:
    torch, jax = _returned(kink.torch), _returned(kink.jax)
    if not torch and not jax:
        return ()
    if kink.torch == kink.jax or not jax:
        return ("; PyTorch and JAX return ", *torch)
    return ("; PyTorch returns ", *torch, ", JAX ", *jax)


def _returned(value: Expr | str) -> tuple[Piece, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    term: Term = value
    return (math(term),)
