"""The document's mathematics beyond expressions: derivatives, chains, certified digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from chainrule.document.blocks import (
    At,
    Boxed,
    Chain,
    Derivative,
    Digits,
    Dots,
    Name,
    Plus,
    Term,
    Words,
)
from chainrule.expr.nodes import Expr
from chainrule.render.names import own_name, primed, symbol
from chainrule.render.notation import typeset
from chainrule.render.setter import (
    Level,
    Mark,
    Piece,
    Setter,
    Shape,
    at_least,
    atom,
    signed,
    total,
)

T = TypeVar("T")


def set_term(term: Term, s: Setter[T]) -> Piece[T]:
    """Any mathematics of a document as a piece."""
    match term:
        case Expr():
            return typeset(term, s)
        case Name():
            return _name(term, s)
        case Derivative():
            return _derivative(term, s)
        case Dots(factors):
            return _dots([set_term(factor, s) for factor in factors], s)
        case Plus(terms):
            return total([set_term(each, s) for each in terms], s)
        case Digits(text, more):
            return _digits(text, more, s)
        case Words(text):
            return atom(s.words(text), Shape.WORD)
        case Boxed(inner):
            return atom(s.framed(signed(set_term(inner, s), s)), Shape.GROUP, tall=True)
        case At(inner, variable, value):
            body = signed(set_term(inner, s), s)
            point = signed(typeset(value, s.script), s)
            condition = s.row([s.letter(variable), s.relation("="), point])
            return atom(s.evaluated(body, condition), Shape.CALL, tall=True)


def _name(term: Name, s: Setter[T]) -> Piece[T]:
    name = primed(own_name(term.name, s), term.primes, s)
    if not term.args:
        return atom(name, Shape.FUNCTION_LETTER)
    pieces = [typeset(arg, s) for arg in term.args]
    row = [signed(pieces[0], s)]
    for piece in pieces[1:]:
        row += [s.token(Mark.COMMA), signed(piece, s)]
    tall = any(piece.tall for piece in pieces)
    return atom(s.row([name, s.enclosed("(", s.row(row), ")", tall)]), Shape.CALL, tall=tall)


def _derivative(term: Derivative, s: Setter[T]) -> Piece[T]:
    d = s.token(Mark.PARTIAL if term.partial else Mark.DIFFERENTIAL)
    above = s.raised(d, s.number(str(term.order))) if term.order > 1 else d
    if isinstance(term.of, str):
        above = s.row([above, own_name(term.of, s)])
    below: list[T] = []
    for index, (variable, count) in enumerate(term.by):
        letter = symbol(variable, s).body
        power = s.raised(letter, s.number(str(count))) if count > 1 else letter
        below += [s.token(Mark.THIN)] * (index > 0 and s.stacked) + [d, power]
    denominator = s.row(below)
    fraction = s.fraction(
        s.struck(above) if term.cancel_above else above,
        s.struck(denominator) if term.cancel_below else denominator,
    )
    if isinstance(term.of, str):
        return Piece(fraction, Level.FRACTION, Shape.FRACTION, Shape.FRACTION, tall=True)
    operand = at_least(typeset(term.of, s), Level.PREFIX, s)
    row = s.row([fraction, s.token(Mark.APPLY), operand.body])
    return Piece(row, Level.PREFIX, Shape.FRACTION, Shape.PREFIX, tall=True)


def _dots(factors: Sequence[Piece[T]], s: Setter[T]) -> Piece[T]:
    """Factors with a dot between any two; the sign of the first stands in front."""
    first = factors[0]
    kept = [first if first.level >= Level.RATIO else at_least(first, Level.RATIO, s)]
    kept += [at_least(factor, Level.RATIO, s) for factor in factors[1:]]
    parts = [kept[0].body]
    for factor in kept[1:]:
        parts += [s.token(Mark.WIDE_DOT), factor.body]
    tall = any(factor.tall for factor in kept)
    negative = kept[0].negative
    return Piece(
        s.row(parts), Level.PRODUCT, kept[0].first, kept[-1].last, negative, tall, joined=True
    )


def _digits(text: str, more: bool, s: Setter[T]) -> Piece[T]:
    figures = s.number(text.lstrip("-−"))
    body = s.row([figures, s.token(Mark.ELLIPSIS)]) if more else figures
    return atom(body, Shape.NUMBER).replaced(negative=text[:1] in ("-", "−"))


def set_chain(chain: Chain, s: Setter[T]) -> T:
    """A chain on one line."""
    parts = [signed(set_term(term, s), s) for term in chain.terms]
    row = parts[:1]
    for relation, part in zip(chain.relations, parts[1:], strict=True):
        row += [s.relation(relation), part]
    return s.row(row)
