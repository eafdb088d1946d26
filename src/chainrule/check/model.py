"""What a slip is, and the sentence that is said about one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from re import split as split_text
from typing import NamedTuple

from chainrule.differentiate.rule import Context
from chainrule.document.blocks import (
    Code,
    Digits,
    Emphasis,
    Inline,
    InlinePiece,
    Math,
    Strong,
    Term,
    Words,
    math,
)
from chainrule.expr.nodes import Expr, Symbol


class Attempt(NamedTuple):
    """What comes out at a node where the slip is made, and the terms of its sentence."""

    after: Expr
    terms: Mapping[str, Expr] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSlip:
    """A rule of differentiation that is applied wrongly.

    Attributes:
        name: identifier.
        sentence: what is said to the student; ``{node}`` stands for the part of the formula
            where it happened, other names for the terms of the attempt.
        alone: the sentence where the inner part is nothing but the variable; "" for the same.
        rules: names of the rules that it distorts.
        distort: the ways in which the derivative of a node comes out wrong. The context holds
            the derivatives of its parts, and its own right one.
    """

    name: str
    sentence: str
    alone: str = ""
    rules: frozenset[str]
    distort: Callable[[Expr, Context], Iterator[Attempt]]


class SlipClaim(NamedTuple):
    """If ``left`` equals ``right``, the slip was made."""

    left: Expr
    right: Expr
    terms: Mapping[str, Expr] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipContext:
    """What a slip in the result can look at.

    Attributes:
        answer: the student's expression.
        forms: right expressions that it should equal.
        function: what was to be differentiated, ``None`` if the answer only rewrites.
        variable: by what.
        derivative: the derivative of an expression by the variable.
    """

    answer: Expr
    forms: tuple[Expr, ...]
    function: Expr | None
    variable: Symbol
    derivative: Callable[[Expr], Expr]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultSlip:
    """A slip that is made with the whole formula or while its derivative is rewritten."""

    name: str
    sentence: str
    claims: Callable[[SlipContext], Iterator[SlipClaim]]


@dataclass(frozen=True, slots=True)
class Slip:
    """A slip that was recognised.

    Attributes:
        name: identifier of its row in the table.
        sentence: what is said to the student, without a capital and a full stop.
    """

    name: str
    sentence: Inline = field(compare=False)

    def __str__(self) -> str:
        return plain(self.sentence)


def fill(template: str, terms: Mapping[str, Term | Math]) -> Inline:
    """The template with mathematics in place of its ``{names}``."""
    parts: list[InlinePiece] = []
    for i, part in enumerate(split_text(r"\{(\w+)\}", template)):
        if i % 2:
            term = terms[part]
            parts.append(term if isinstance(term, Math) else math(term))
        elif part:
            parts.append(part)
    return tuple(parts)


def plain(inline: Inline) -> str:
    """Inline pieces as one line of text."""
    return "".join(_plain_piece(piece) for piece in inline)


def _plain_piece(piece: InlinePiece) -> str:
    match piece:
        case str():
            return piece
        case Strong(text) | Emphasis(text) | Code(text):
            return text
        case Math(chain):
            terms = [_plain_term(term) for term in chain.terms]
            signs = [", " if sign == "," else f" {sign} " for sign in chain.relations]
            return "".join(map("".join, zip_longest(terms, signs, fillvalue="")))


def _plain_term(term: Term) -> str:
    match term:
        case Digits(text, more):
            return text + "…" * more
        case Words(text):
            return text
        case _:
            return str(term)
