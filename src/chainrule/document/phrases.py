"""Small pieces of wording that several parts of a walk-through share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chainrule.document.blocks import Inline, Piece
from chainrule.expr.nodes import (
    Call,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    postorder,
)
from chainrule.rewrite.identities import WORDS

NUMERALS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NATURAL_LOG = "A log without a base is read as the natural logarithm, ln."


def numeral(count: int) -> str:
    """A small count in words."""
    return NUMERALS[count] if count < len(NUMERALS) else str(count)


def look_alike(a: object, b: object) -> bool:
    """Whether two expressions are written the same: (−1)/u and −(1/u) are."""
    return isinstance(a, Expr) and isinstance(b, Expr) and (a is b or str(a) == str(b))


def counted(count: int, noun: str) -> str:
    """ "one subtraction", "two multiplications"."""
    return f"{numeral(count)} {noun}{'' if count == 1 else 's'}"


def listing(items: Sequence[str]) -> str:
    """ "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def joined(parts: Iterable[Inline], separator: str = ", ", last: str = " and ") -> Inline:
    """Inline parts as a list within a sentence."""
    rows = list(parts)
    pieces: list[Piece] = []
    for i, row in enumerate(rows):
        if i:
            pieces.append(last if i == len(rows) - 1 else separator)
        pieces += row
    return tuple(pieces)


def because(reasons: Iterable[str]) -> Inline:
    """The identities behind a rewriting, as a note; arithmetic nobody needs explained is left
    out."""
    used = dict.fromkeys(reasons)
    if "negative-power" in used:
        used.pop("fractions", None)
    words = [WORDS[reason] for reason in used if reason not in OBVIOUS]
    return ("; ".join(words),) if words else ()


OBVIOUS = frozenset({"order-factors", "multiply-numbers", "add-numbers", "drop-zero"})


def operations(expr: Expr) -> str:
    """What it costs to compute: "one subtraction and one multiplication"."""
    counts = {"addition": 0, "subtraction": 0, "multiplication": 0, "division": 0}
    other = 0
    for node in postorder(expr):
        match node:
            case Sum(args):
                minus = sum(type(arg) is Product and _is_negative(arg) for arg in args)
                counts["subtraction"] += minus
                counts["addition"] += len(args) - 1 - minus
            case Product(args):
                signs = isinstance(args[0], Number) and args[0].value == -1
                counts["multiplication"] += len(args) - 1 - signs
            case Power(_, Number(2)):
                counts["multiplication"] += 1
            case Quotient():
                counts["division"] += 1
            case Call() | Power() | Piecewise():
                other += 1
    parts = [counted(count, noun) for noun, count in counts.items() if count]
    if other:
        parts.append(counted(other, "function call"))
    return listing(parts)


def _is_negative(product: Expr) -> bool:
    first = product.args[0]
    return isinstance(first, Number) and first.value < 0
