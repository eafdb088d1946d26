"""Tokens, and what can be settled before the grammar sees them: brackets, bars, primes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from chainrule.errors import InputError
from chainrule.expr.nodes import ONE, Number, Symbol
from chainrule.parsing.names import FUNCTION_LETTERS

LONGEST_TEXT = 100_000
"""Characters that a formula may have."""

HIGHEST = 12
"""Order of a derivative that a formula can ask for."""

MOST_DIGITS = 4_000
"""Digits that a number may have (Python itself prints no integer of more than 4,300)."""


class Token(NamedTuple):
    """``kind`` is a terminal of formula.lark; ``start`` and ``end`` are offsets in the text.

    ``value`` is an expression for NUMBER, CONSTANT and NAME, a ``FunctionName`` for FUNCTION and
    DIFFERENTIAL, the degree for RADICAL, the orders of differentiation for ORDER, the operator
    for COMPARE, a pair for FRACTION, the typed character for brackets.
    """

    kind: str
    value: Any
    start: int
    end: int


class FunctionName(NamedTuple):
    """The value of a FUNCTION token. ``known`` ones are in the table or the catalogue."""

    name: str
    known: bool = True
    orders: tuple[int, ...] = ()
    """How often it is differentiated by each argument, where primes or ∂ say so."""
    by: tuple[tuple[Symbol, int], ...] | None = None
    """Of what differentiates (``d/dx``): the variables, and how often by each; () for those that
    are given as arguments."""


class Note(NamedTuple):
    """Something that can be read in more than one way.

    Attributes:
        kind: what the doubt is about: "exponent", "fraction", "function", …
        typed: the part of the formula.
        read: what it is read as.
        instead: what to write for the other meaning, "" if that is plain.
    """

    kind: str
    typed: str
    read: str
    instead: str


END = "$END"
CLOSING = {
    "OPEN": "CLOSE",
    "BAR_OPEN": "BAR_CLOSE",
    "FLOOR_OPEN": "FLOOR_CLOSE",
    "CEIL_OPEN": "CEIL_CLOSE",
    "CASES_BEGIN": "CASES_END",
}
_CLOSERS = frozenset(CLOSING.values())
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_OPERAND_ENDS = frozenset({"NUMBER", "FRACTION", "CONSTANT", "NAME", "BANG", *_CLOSERS})


def check_length(text: str) -> None:
    """Refuse what is too long before any work is done on it."""
    if len(text) > LONGEST_TEXT:
        raise InputError(
            f"the formula has {len(text):,} characters; at most {LONGEST_TEXT:,} can be read"
        )


def number(literal: str, text: str, start: int) -> Number:
    """The exact value of ``12``, ``0.5``, ``1e-3``."""
    mantissa, _, scale = literal.replace("E", "e").partition("e")
    whole, _, places = mantissa.partition(".")
    exponent = (int(scale) if len(scale) < 9 else MOST_DIGITS * 2) if scale else 0
    if len(whole) + len(places) + abs(exponent) > MOST_DIGITS:
        raise InputError(
            f"this number has too many digits; at most {MOST_DIGITS:,} can be read",
            text=text,
            position=start,
        )
    figures, exponent = int(whole + places), exponent - len(places)
    if exponent >= 0:
        return Number(figures * 10**exponent)
    return Number(Fraction(figures, 10**-exponent), decimal=True)


def settle(tokens: Sequence[Token], text: str) -> list[Token]:
    """Tell opening bars from closing ones, and see that every bracket has its partner.

    A bar closes where an operand ends and a bar is open within the innermost brackets;
    otherwise it opens: ``|x + |y||``, ``|x||y|``, ``2|x|``.
    """
    settled: list[Token] = []
    opened: list[Token] = []
    after_operand = False
    for token in tokens:
        kind = token.kind
        if kind == "BAR":
            closes = after_operand and opened and opened[-1].kind == "BAR_OPEN"
            kind = "BAR_CLOSE" if closes else "BAR_OPEN"
            token = token._replace(kind=kind)
        if kind in CLOSING:
            opened.append(token)
        elif kind in _CLOSERS:
            if not opened:
                raise InputError(
                    f"`{_typed(token, text)}` closes a bracket that was never opened",
                    text=text,
                    position=token.start,
                )
            opener = opened.pop()
            fits = CLOSING[opener.kind] == kind
            if not fits or (kind == "CLOSE" and _PAIRS[opener.value] != token.value):
                raise InputError(
                    f"`{_typed(token, text)}` does not close the "
                    f"`{_typed(opener, text)}` in column {_column(opener, text)}",
                    text=text,
                    position=token.start,
                )
        settled.append(token)
        after_operand = kind in _OPERAND_ENDS
    if opened:
        raise _never_closed(opened[-1], text)
    settled.append(Token(END, None, len(text.rstrip()), len(text)))
    return settled


def _never_closed(opener: Token, text: str) -> InputError:
    what = "bar" if opener.kind == "BAR_OPEN" else "bracket"
    return InputError(f"this {what} is never closed", text=text, position=opener.start)


def _typed(token: Token, text: str) -> str:
    return text[token.start : token.end]


def _column(token: Token, text: str) -> int:
    return token.start - text.rfind("\n", 0, token.start)


def settle_functions(
    tokens: list[Token], text: str, declared: frozenset[str] = frozenset()
) -> list[Token]:
    """Decide which letters are functions by looking at the whole formula.

    A letter with a prime somewhere is a function everywhere: ``u'(x) v(x) + u(x) v'(x)``.
    A letter that also stands alone is a number: in ``f(x + 1) + f`` both are products.
    One before a bracket that holds nothing but another letter is a function: ``y(x)``.

    Raises:
        InputError: ``f^-1(x)``, which might be the inverse function or 1/f(x).
    """
    for at, token in enumerate(tokens):
        if token.kind == "NAME" and token.value.name in FUNCTION_LETTERS:
            _refuse_inverse(tokens, at, text)
    primed = {
        token.value.name
        for token in tokens
        if token.kind == "FUNCTION" and not token.value.known and token.value.orders
    }
    alone = set()
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.kind == "NAME" and not (following and following.kind == "OPEN"):
            alone.add(token.value.name)
    of_a_letter = {
        token.value.name
        for at, token in enumerate(tokens)
        if token.kind == "NAME" and _holds_another_letter(tokens, at)
    }
    called = primed | (of_a_letter - alone - declared)
    return [
        _settled(token, following, called, alone)
        for token, following in zip(tokens, [*tokens[1:], None], strict=True)
    ]


def _holds_another_letter(tokens: list[Token], at: int) -> bool:
    """Whether a bracket with one other letter follows at once, as in ``y(x)``."""
    if at + 3 >= len(tokens) or (at and tokens[at - 1].kind == "UNDERSCORE"):
        return False
    name, opener, inner, closer = tokens[at : at + 4]
    return (
        (opener.kind, inner.kind, closer.kind) == ("OPEN", "NAME", "CLOSE")
        and opener.value == "("
        and name.end == opener.start
        and name.value is not inner.value
    )


def _refuse_inverse(tokens: list[Token], at: int, text: str) -> None:
    after = [token for token in tokens[at + 1 : at + 7] if token.kind != "CLOSE"]
    kinds = [token.kind for token in after]
    if kinds[:2] == ["CARET", "OPEN"]:
        del kinds[1], after[1]
    minus_one = kinds[:4] == ["CARET", "MINUS", "NUMBER", "OPEN"] and after[2].value is ONE
    if minus_one and after[3].value == "(":
        name = tokens[at].value.name
        raise InputError(
            f"`{name}^-1(…)` is the inverse of a function that nobody defined",
            text=text,
            position=tokens[at].start,
            hint=f"1/{name}(x) is the reciprocal; for the inverse, differentiate the equation "
            f"{name}(y) - x = 0",
        )


def _settled(token: Token, following: Token | None, primed: set[str], alone: set[str]) -> Token:
    if token.kind == "NAME":
        name = token.value.name
        if name in primed and following and following.kind == "OPEN":
            return token._replace(kind="FUNCTION", value=FunctionName(name, known=False))
    elif token.kind == "FUNCTION" and not token.value.known:
        name = token.value.name
        if name in alone and name not in primed and following and following.kind == "OPEN":
            return token._replace(kind="NAME", value=Symbol(name))
    return token
