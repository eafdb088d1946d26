"""Parts of a formula while it is read, and the expressions they become."""

from __future__ import annotations

from typing import NamedTuple

from chainrule.expr.nodes import (
    MINUS_ONE,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Product,
    Sum,
    Symbol,
)
from chainrule.parsing.tokens import Token


class Terms(list[Expr]):
    """A sum that may go on."""


class Factors(list[Expr]):
    """A product that may go on."""


class ParsedCases(list[Expr]):
    """value, condition, value, condition, …, [otherwise] of a function given by cases."""


class ParsedChain(NamedTuple):
    """Comparisons that may go on: a < b <= c."""

    operators: list[str]
    args: list[Expr]


class Arguments(list[Expr]):
    """What stands in the brackets of a call."""


class Equation(NamedTuple):
    """Two sides with = between them."""

    left: Expr
    right: Expr


class Head(NamedTuple):
    """A function before its argument: sin, sin², log₂, f'."""

    token: Token
    exponent: Expr | None = None
    base: Expr | None = None


class Inner(NamedTuple):
    """A derivative within a formula: the symbol that stands for it, and what it is of."""

    symbol: Symbol
    of: Expr
    by: tuple[Symbol, ...]
    typed: str


Part = Expr | Terms | Factors | ParsedCases | ParsedChain


def close(part: Part) -> Expr:
    """The finished expression."""
    if isinstance(part, Expr):
        return part
    if type(part) is Terms:
        return Sum(tuple(part))
    if type(part) is Factors:
        return Product(tuple(part))
    if isinstance(part, ParsedChain):
        return Comparison(tuple(part.operators), tuple(part.args))
    return Piecewise(tuple(part))


def variables_of(token: Token) -> tuple[Symbol, ...]:
    """By what a token differentiates."""
    return tuple(symbol for symbol, times in token.value.by for _ in range(times))


def negated(part: Part) -> Part:
    """−part. The sign goes to a numeral in front; before another sign it starts a new product."""
    match part:
        case Number(value) if value >= 0:
            return Number(-value, part.decimal)
        case Factors():
            first = part[0]
            if type(first) is Number:
                if first.value > 0:
                    part[0] = Number(-first.value, first.decimal)
                    return part
            else:
                part.insert(0, MINUS_ONE)
                return part
    return Factors((MINUS_ONE, close(part)))
