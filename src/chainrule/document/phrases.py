"""Small pieces of wording that several parts of a walk-through share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from chainrule.document.blocks import Block, Code, Inline, InlinePiece, Paragraph
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    Call,
    Comparison,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Unknown,
    postorder,
    transform,
)
from chainrule.parsing.tokens import Note
from chainrule.rewrite.identities import WORDS

NUMERALS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
MOST_READINGS = 5
"""Doubts about a formula that one line tells; a formula with more is unclear anyway."""
_PROSE = re.compile(r"[^\W\d_]{2,} [^\W\d_]{2,}")


def numeral(count: int) -> str:
    """A small count in words."""
    return NUMERALS[count] if count < len(NUMERALS) else str(count)


def how_it_was_read(notes: Sequence[Note]) -> list[Block]:
    """One line about what could have been read in another way, if there is anything."""
    if not notes:
        return []
    told = [_reading(note) for note in notes[:MOST_READINGS]]
    if len(notes) > MOST_READINGS:
        told.append((f"{len(notes) - MOST_READINGS} more like these",))
    return [Paragraph(("Read ", *joined(told), "."))]


def _reading(note: Note) -> Inline:
    read = note.read if _PROSE.search(note.read) else Code(note.read)
    other = f" (else write {note.instead})" if note.instead else ""
    return (Code(note.typed), " as ", read, other)


def look_alike(a: object, b: object) -> bool:
    """Whether two expressions are written the same: (−1)/u and −(1/u) are, (2x) eˣ and 2x eˣ."""
    if not (isinstance(a, Expr) and isinstance(b, Expr)):
        return False
    return a is b or str(transform(a, _opened)) == str(transform(b, _opened))


def _opened(node: Expr) -> Expr:
    """A product that begins another is written without brackets."""
    match node:
        case Product((Product(first), *rest)):
            return Product((*first, *rest))
    return node


def listing(items: Sequence[str]) -> str:
    """ "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def joined(parts: Iterable[Inline], separator: str = ", ", last: str = " and ") -> Inline:
    """Inline parts as a list within a sentence."""
    rows = list(parts)
    pieces: list[InlinePiece] = []
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


SIGN = "change of sign"
NOUNS = (
    SIGN,
    "addition",
    "subtraction",
    "multiplication",
    "division",
    "comparison",
    "function call",
)


def operations(expr: Expr) -> str:
    """What it costs to compute: "one subtraction and one multiplication".

    What holds no letter is a number that is known before, and what occurs twice is computed once.
    """
    varying: set[Expr] = set()
    # −u is subtracted in a sum, and elsewhere takes a change of sign.
    turned: dict[Expr, None] = {}
    total: Counter[str] = Counter()
    nodes = postorder(expr)
    for node in nodes:
        if isinstance(node, Symbol) or not varying.isdisjoint(node.args):
            varying.add(node)
            turned |= dict.fromkeys(() if isinstance(node, Sum) else node.args)
            total += _operations_of(node, [arg for arg in node.args if arg in varying])
    turned[expr] = None
    total[SIGN] += sum(node in varying and _is_minus(node) for node in turned)
    return listing([_counted(total[noun], noun) for noun in NOUNS if total[noun]])


def _operations_of(node: Expr, varying: Sequence[Expr]) -> Counter[str]:
    """Those of one node, given which of its parts vary."""
    match node:
        case Sum(args):
            # Constant terms are one number, and are added or taken away at once.
            constants = [arg for arg in args if arg not in varying]
            first, *others = (arg for arg in args if arg not in constants[1:])
            minus = sum(map(_is_negative, others))
            added = len(others) - minus
            signs = int(_is_minus(first))
            return Counter(subtraction=minus, addition=added) + Counter({SIGN: signs})
        case Product(args):
            rest = [arg for arg in args if arg not in varying and arg not in (ONE, MINUS_ONE)]
            return Counter(multiplication=len(varying) - 1 + bool(rest))
        case Power(_, Number(n)) if n.denominator == 1 and n:
            # By squaring again and again.
            times = abs(n.numerator).bit_length() + abs(n.numerator).bit_count() - 2
            return Counter(multiplication=times, division=int(n < 0))
        case Quotient():
            return Counter(division=1)
        case Comparison(operators):
            return Counter(comparison=len(operators))
        case Call() | Power() | Unknown():
            return Counter({"function call": 1})
    return Counter()


def _counted(count: int, noun: str) -> str:
    plural = "changes of sign" if noun == SIGN else f"{noun}s"
    return f"{numeral(count)} {noun if count == 1 else plural}"


def _is_minus(term: Expr) -> bool:
    return isinstance(term, Product) and term.args[0] is MINUS_ONE


def _is_negative(term: Expr) -> bool:
    first = term.args[0] if isinstance(term, Product | Quotient) else term
    return isinstance(first, Number) and first.value < 0
