"""Expressions on one line as one types them; the parser reads the text back.

Every multiplication is written, so that nothing depends on how words are split. What is read
back has the same text again. It is the same expression up to shapes that are written alike:
``-x/2`` stands for −(x/2) and for (−x)/2, ``1/2`` for the number one half and for the quotient
of 1 and 2, and ``e^x`` for a call of ``exp`` and for a power of e.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from fractions import Fraction
from typing import NamedTuple

from chainrule.errors import ChainruleError
from chainrule.expr.nodes import (
    Call,
    Comparison,
    Constant,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Unknown,
    postorder,
)

LONGEST_TEXT = 1_000_000
"""Characters, some 500 pages: as text a shared graph can be exponentially longer than itself."""


class TooLongError(ChainruleError):
    """The expression, written out, has more than ``LONGEST_TEXT`` characters."""

    def __init__(self, length: int) -> None:
        magnitude = int(length.bit_length() * 0.30103)
        size = f"{length:,}" if magnitude < 12 else f"about 10^{magnitude}"
        super().__init__(
            f"written out, this expression has {size} characters; "
            f"at most {LONGEST_TEXT:,} are written"
        )


class _Level(IntEnum):
    """How tightly a text holds together."""

    RELATION = 0
    SUM = 1
    SIGNED = 2
    """A product, quotient or number with a minus sign in front."""
    PRODUCT = 3
    QUOTIENT = 4
    POWER = 5
    ATOM = 6


class _Child(NamedTuple):
    """A child within its parent's text."""

    node: Expr
    brackets: bool = False
    without_sign: bool = False
    """Leave out the minus sign that the child's text begins with."""


_Piece = str | _Child

_SPELLINGS = {"log": "ln", "logb": "log"}


def to_text(expr: Expr) -> str:
    """The expression as typed: ``e^(-x)/(1 + e^(-x))^2``.

    Time and memory are linear in the size of the graph and the length of the text.

    >>> from chainrule.expr.nodes import Symbol, call
    >>> x = Symbol("x")
    >>> to_text(1 / (1 + call("exp", -x))), to_text(-2 * x * call("sqrt", x**2 - 1))
    ('1/(1 + e^(-x))', '-2*x*sqrt(x^2 - 1)')

    Raises:
        TooLongError: for more than a million characters.
    """
    levels: dict[Expr, _Level] = {}
    pieces: dict[Expr, tuple[_Piece, ...]] = {}
    lengths: dict[Expr, int] = {}
    for node in postorder(expr):
        levels[node], iterator = _set(node, levels)
        pieces[node] = tuple(iterator)
        lengths[node] = sum(_length(piece, lengths) for piece in pieces[node])
    if lengths[expr] > LONGEST_TEXT:
        raise TooLongError(lengths[expr])
    out: list[str] = []
    stack: list[_Piece] = [_Child(expr)]
    while stack:
        piece = stack.pop()
        if isinstance(piece, str):
            out.append(piece)
            continue
        if piece.brackets:
            out.append("(")
            stack.append(")")
        inner = pieces[piece.node]
        if piece.without_sign:
            inner = _unsigned(inner)
        stack += reversed(inner)
    return "".join(out)


def _length(piece: _Piece, lengths: dict[Expr, int]) -> int:
    if isinstance(piece, str):
        return len(piece)
    return lengths[piece.node] + 2 * piece.brackets - piece.without_sign


def _unsigned(pieces: tuple[_Piece, ...]) -> tuple[_Piece, ...]:
    """The pieces without the minus sign in front, which may be that of the first child."""
    first = pieces[0]
    start = first[1:] if isinstance(first, str) else first._replace(without_sign=True)
    return (start, *pieces[1:])


def _set(node: Expr, levels: dict[Expr, _Level]) -> tuple[_Level, Iterator[_Piece]]:
    """The level of a node's text, and its pieces."""
    match node:
        case Number(value):
            text = _digits(value, node.decimal)
            level = _Level.ATOM if isinstance(value, int) or node.decimal else _Level.QUOTIENT
            return (_Level.SIGNED if value < 0 else level), iter((text,))
        case Symbol(name) | Constant(name):
            return _Level.ATOM, iter((name,))
        case Sum(args):
            return _Level.SUM, _sum(args, levels)
        case Product(args):
            signed = levels[args[0]] is _Level.SIGNED and type(args[0]) is Number
            return (_Level.SIGNED if signed else _Level.PRODUCT), _product(args, levels)
        case Quotient(above, below):
            signed = levels[above] is _Level.SIGNED and not _is_minus_bracket(above, levels)
            level = _Level.SIGNED if signed else _Level.QUOTIENT
            numerator = _Child(above, not signed and levels[above] < _Level.PRODUCT)
            return level, iter((numerator, "/", _Child(below, levels[below] < _Level.POWER)))
        case Power(base, exponent):
            foot = _Child(base, levels[base] < _Level.ATOM)
            return _Level.POWER, iter((foot, "^", _exponent(exponent, levels)))
        case Call("exp", (exponent,)):
            return _Level.POWER, iter(("e^", _exponent(exponent, levels)))
        case Call("abs", (argument,)):
            return _Level.ATOM, iter(("|", _Child(argument), "|"))
        case Call(name, args):
            return _Level.ATOM, _call(_SPELLINGS.get(name, name), args)
        case Unknown(name, orders, args):
            return _Level.ATOM, _call(name + _derivative(orders), args)
        case Comparison(operators, args):
            return _Level.RELATION, _comparison(operators, args, levels)
        case Piecewise():
            return _Level.ATOM, _cases(node)
        case _:
            raise TypeError(f"no text for {type(node).__name__}")


def _is_minus_bracket(node: Expr, levels: dict[Expr, _Level]) -> bool:
    """Whether it is −(…) of a product or of what has a sign, whose bracket a quotient keeps.

    The sign of −(a·b)/c would be read as that of the whole, in which a·b needs no bracket.
    """
    match node:
        case Product((Number(-1), factor)):
            return _Level.SIGNED <= levels[factor] < _Level.QUOTIENT
    return False


def _digits(value: int | Fraction, decimal: bool) -> str:
    if isinstance(value, int):
        return _integer(value)
    if not decimal:
        return f"{_integer(value.numerator)}/{_integer(value.denominator)}"
    twos = fives = 0
    rest = value.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    figures = _integer(abs(value.numerator) * 10**places // value.denominator)
    sign = "-" if value < 0 else ""
    if places - len(figures) > 5:
        return f"{sign}{figures}e-{places}"
    figures = figures.rjust(places + 1, "0")
    return f"{sign}{figures[:-places]}.{figures[-places:]}"


def _integer(value: int) -> str:
    if value.bit_length() < 14_000:
        return str(value)
    # Python refuses to write more than 4,300 digits.
    from flint import fmpz

    return str(fmpz(value))


def _sum(args: tuple[Expr, ...], levels: dict[Expr, _Level]) -> Iterator[_Piece]:
    yield _Child(args[0], levels[args[0]] <= _Level.SUM)
    for arg in args[1:]:
        signed = levels[arg] is _Level.SIGNED
        yield " - " if signed else " + "
        yield _Child(arg, levels[arg] <= _Level.SUM, without_sign=signed)


def _product(args: tuple[Expr, ...], levels: dict[Expr, _Level]) -> Iterator[_Piece]:
    first, rest = args[0], args[1:]
    match first, rest[0]:
        case Number(-1), Number(value) if _is_read_as_number(rest[0]) and (
            value >= 0 or len(rest) > 1
        ):
            yield "-1"
        case Number(-1), _:
            yield "-"
            yield _Child(rest[0], levels[rest[0]] < _Level.QUOTIENT)
            rest = rest[1:]
        case Number(), _:
            yield _Child(first)
        case _:
            yield _Child(first, levels[first] < _Level.QUOTIENT)
    for arg in rest:
        yield "*"
        yield _Child(arg, levels[arg] < _Level.POWER)


def _is_read_as_number(node: Expr) -> bool:
    """Whether the text of a number is read as one; 1/2 is read as a quotient."""
    return isinstance(node, Number) and (isinstance(node.value, int) or node.decimal)


def _exponent(exponent: Expr, levels: dict[Expr, _Level]) -> _Child:
    return _Child(exponent, levels[exponent] < _Level.ATOM)


def _call(name: str, args: tuple[Expr, ...]) -> Iterator[_Piece]:
    yield name + "("
    for place, arg in enumerate(args):
        if place:
            yield ", "
        yield _Child(arg)
    yield ")"


def _derivative(orders: tuple[int, ...]) -> str:
    """Primes, or the orders in brackets: f'(x), f^(1,0)(x, y)."""
    if not any(orders):
        return ""
    if len(orders) == 1 and orders[0] <= 3:
        return "'" * orders[0]
    return f"^({','.join(map(str, orders))})"


def _comparison(
    operators: tuple[str, ...], args: tuple[Expr, ...], levels: dict[Expr, _Level]
) -> Iterator[_Piece]:
    yield _Child(args[0], levels[args[0]] is _Level.RELATION)
    for operator, arg in zip(operators, args[1:], strict=True):
        yield f" {operator} "
        yield _Child(arg, levels[arg] is _Level.RELATION)


def _cases(node: Piecewise) -> Iterator[_Piece]:
    yield "{"
    for place, (value, condition) in enumerate(node.branches):
        if place:
            yield ", "
        yield _Child(condition)
        yield ": "
        yield _Child(value)
    if node.otherwise is not None:
        yield ", else: "
        yield _Child(node.otherwise)
    yield "}"
