"""What a notation must be able to set, and what is known of a piece that has been set.

``notation`` decides what a careful author would write: which brackets, which minus signs,
which dots. A ``Setter`` only spells: one for LaTeX, one for a line of Unicode, one for
two-dimensional layout. ``T`` is the material that a setter works in.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, IntEnum, auto
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

from chainrule.record import Record

T = TypeVar("T")


class Mark(Enum):
    """Signs that stand between pieces or before them."""

    PLUS = auto()
    MINUS = auto()
    SIGN = auto()
    """A minus in front of a term, without the room of a difference."""
    DOT = auto()
    WIDE_DOT = auto()
    """A dot between factors that are formulas of their own: dσ/dm · dm/dx."""
    THIN = auto()
    """The little room between factors that would run into each other."""
    NEXT = auto()
    """Nothing: factors side by side."""
    APPLY = auto()
    """Room around an upright name such as ``sin``, which LaTeX leaves by itself."""
    SLASH = auto()
    COMMA = auto()
    DIFFERENTIAL = auto()
    PARTIAL = auto()
    PRIME = auto()
    ELLIPSIS = auto()


class Setter(Protocol[T]):
    """How one notation spells."""

    @property
    def stacked(self) -> bool:
        """Whether fractions have a bar; if not they are written with a slash."""

    @property
    def script(self) -> Setter[T]:
        """How exponents and indices are set."""

    def token(self, token: Mark) -> T: ...
    def relation(self, operator: str) -> T: ...
    def number(self, figures: str) -> T: ...
    def letter(self, name: str) -> T: ...
    def function(self, latex: str, text: str) -> T: ...
    def words(self, text: str) -> T: ...
    def row(self, pieces: Sequence[T]) -> T: ...
    def fraction(self, above: T, below: T) -> T: ...
    def raised(self, base: T, exponent: T) -> T: ...
    def lowered(self, base: T, index: T) -> T: ...
    def root(self, degree: int, body: T, simple: bool) -> T: ...
    def enclosed(self, left: str, body: T, right: str, tall: bool) -> T: ...
    def cases(self, rows: Sequence[tuple[T, T | None]]) -> T: ...
    def struck(self, body: T) -> T: ...
    def framed(self, body: T) -> T: ...
    def evaluated(self, body: T, condition: T) -> T: ...


class Level(IntEnum):
    """How tightly a piece holds together; below what its place needs, it gets brackets."""

    RELATION = 0
    SUM = 1
    RATIO = 2
    """A fraction on one line, a/b."""
    PRODUCT = 3
    PREFIX = 4
    """A function whose argument has no brackets: sin x."""
    FRACTION = 5
    """A fraction with a bar."""
    POWER = 6
    ATOM = 7


class Shape(Enum):
    """What a piece starts or ends with: decides how factors stand side by side."""

    NUMBER = auto()
    COEFFICIENT = auto()
    """A numeric fraction with a bar."""
    LETTER = auto()
    FUNCTION_LETTER = auto()
    """A letter that looks like a function when a bracket follows: f, σ, φ."""
    WORD = auto()
    POWER = auto()
    CALL = auto()
    PREFIX = auto()
    """Starts with the name of a function that needs no brackets, or ends with its argument."""
    GROUP = auto()
    DOTTED_GROUP = auto()
    """A bracket that needs a dot before it: (−a) looks like a difference, (a/b) like a call."""
    FRACTION = auto()
    ROOT = auto()
    BAR = auto()
    EXPONENTIAL = auto()
    CASES = auto()


class Piece(Record, Generic[T]):
    """Something that has been set, and what its surroundings need to know of it.

    Attributes:
        body: the material, without the minus sign that ``negative`` stands for.
        level: how tightly it holds together.
        first: what it starts with.
        last: what it ends with.
        negative: whether a minus sign belongs in front.
        tall: whether brackets around it must grow.
        leading_sign: whether ``body`` itself starts with a minus sign.
        joined: whether it is a product, whose factors a following factor must not blur.
    """

    body: T
    level: Level
    first: Shape
    last: Shape
    negative: bool = False
    tall: bool = False
    leading_sign: bool = False
    joined: bool = False


def atom(body: T, shape: Shape, last: Shape | None = None, *, tall: bool = False) -> Piece[T]:
    """A piece that never needs brackets."""
    return Piece(body, Level.ATOM, shape, last or shape, tall=tall)


def signed(piece: Piece[T], s: Setter[T]) -> T:
    """The material with its minus sign."""
    return s.row([s.token(Mark.SIGN), piece.body]) if piece.negative else piece.body


def bracketed(piece: Piece[T], s: Setter[T]) -> Piece[T]:
    """The piece in round brackets."""
    body = s.enclosed("(", signed(piece, s), ")", piece.tall)
    dotted = piece.negative or piece.level is Level.RATIO
    return atom(body, Shape.DOTTED_GROUP if dotted else Shape.GROUP, tall=piece.tall)


def at_least(piece: Piece[T], level: Level, s: Setter[T]) -> Piece[T]:
    """The piece, in brackets if it is looser than ``level`` or has a sign."""
    return bracketed(piece, s) if piece.negative or piece.level < level else piece


def joint(last: Shape, first: Shape) -> Mark:
    """What stands between two factors, the left one ending and the right one starting so."""
    if first in _DOT_BEFORE or last is Shape.FRACTION:
        return Mark.DOT
    if first is Shape.PREFIX:
        return Mark.APPLY
    if last is Shape.PREFIX:
        return Mark.DOT
    if last in (Shape.NUMBER, Shape.COEFFICIENT):
        return Mark.THIN if first in (Shape.CALL, Shape.WORD) else Mark.NEXT
    if first is Shape.GROUP:
        return Mark.THIN if last in _THIN_BEFORE_BRACKET else Mark.NEXT
    if first in _THIN_BEFORE or last in _THIN_AFTER:
        return Mark.THIN
    return Mark.NEXT


_DOT_BEFORE = {Shape.NUMBER, Shape.COEFFICIENT, Shape.FRACTION, Shape.DOTTED_GROUP}
_THIN_BEFORE_BRACKET = {Shape.FUNCTION_LETTER, Shape.WORD, Shape.CALL}
_THIN_BEFORE = {Shape.CALL, Shape.WORD, Shape.BAR, Shape.EXPONENTIAL}
_THIN_AFTER = {Shape.CALL, Shape.WORD, Shape.BAR}


def product(factors: Sequence[Piece[T]], s: Setter[T]) -> Piece[T]:
    """Factors side by side, with dots and brackets only where they are needed."""
    negative = factors[0].negative
    unsigned = [factors[0].replaced(negative=False), *factors[1:]]
    kept = [_factor(f, i, len(factors), s) for i, f in enumerate(unsigned)]
    parts = [kept[0].body]
    for left, right in pairwise(kept):
        between = Mark.DOT if right.joined else joint(left.last, right.first)
        if between is Mark.NEXT and _runs_together(left, right):
            between = Mark.THIN
        parts += [s.token(between), right.body]
    tall = any(piece.tall for piece in kept)
    first, last = kept[0].first, kept[-1].last
    return Piece(s.row(parts), Level.PRODUCT, first, last, negative, tall, joined=True)


def _runs_together(left: Piece[T], right: Piece[T]) -> bool:
    """Whether a letter stands before one with a long exponent, as in n m^{n-1}."""
    return left.last is Shape.LETTER and right.first is Shape.LETTER and right.tall


def _factor(piece: Piece[T], index: int, count: int, s: Setter[T]) -> Piece[T]:
    if piece.first is Shape.CASES and index < count - 1:
        return bracketed(piece, s)
    return at_least(piece, Level.PRODUCT, s)


def total(terms: Sequence[Piece[T]], s: Setter[T]) -> Piece[T]:
    """Terms with plus and minus signs between them."""
    kept = [_term(t, i, len(terms), s) for i, t in enumerate(terms)]
    parts = [signed(kept[0], s)]
    for piece in kept[1:]:
        parts += [s.token(Mark.MINUS if piece.negative else Mark.PLUS), piece.body]
    tall = any(piece.tall for piece in kept)
    leading_sign = kept[0].negative or kept[0].leading_sign
    first, last = kept[0].first, kept[-1].last
    return Piece(s.row(parts), Level.SUM, first, last, False, tall, leading_sign)


def _term(piece: Piece[T], index: int, count: int, s: Setter[T]) -> Piece[T]:
    hidden_sign = index > 0 and piece.leading_sign
    open_cases = piece.first is Shape.CASES and index < count - 1
    return bracketed(piece, s) if hidden_sign or open_cases or not piece.level else piece
