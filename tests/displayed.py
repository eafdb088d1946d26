"""What a document displays, evaluated by mpmath: every chain of equalities, and every value in it.

``walk`` reads a document as a reader does, from the top. "m = 1 + e^{-x}" gives m its meaning, and
what was given one is compared: neighbours in a chain have to be equal at points of the domain,
wherever both are defined. A derivative is a difference quotient of what its name stands for:
dσ/dm of "σ = 1/m", dσ/dx of "σ(x) = 1/(1 + e^{-x})". Neither rules nor verification of chainrule
have a part in it, but for its nodes and the formulas of the catalogue.

What cannot be read is not passed over: it is among ``Report.unread``, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

import mpmath

from chainrule.document.blocks import (
    At,
    Block,
    Boxed,
    Bullets,
    Chain,
    Derivative,
    Digits,
    Display,
    Document,
    Dots,
    Fold,
    Heading,
    Inline,
    Math,
    Name,
    Paragraph,
    Plus,
    Quote,
    Steps,
    Table,
    Term,
    Words,
)
from chainrule.expr.nodes import (
    Comparison,
    Expr,
    Symbol,
    Unknown,
    contains,
    postorder,
    substitute,
    symbols,
)
from chainrule.parsing.definitions import expand_all
from real_values import DIGITS, CurvePoint, Point, Value, places

POINTS = 6
AGREED_DIGITS = 12
# Smaller than this counts as 0: what cancels in 90 digits.
NOTHING = mpmath.mpf(10) ** -30

_STAGE = re.compile(r"(First|Second|Third|Fourth|Fifth|Sixth) derivative$|Derivative \d+$")


class UnreadError(Exception):
    """A term whose value is not known, with the reason."""


@dataclass
class Report:
    """What was read.

    Attributes:
        equal: how many pairs of neighbours were compared, at one point or more, and are equal.
        defined: how many letters were given a meaning.
        conditions: how many conditions were read ("α = 1", "x > 0").
        narrower: what is not defined at a point drawn by chance, though what it is to be equal to
            is.
        unread: what could not be evaluated, and why.
        wrong: what is not equal, and where.
    """

    equal: int = 0
    defined: int = 0
    conditions: int = 0
    narrower: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        self.equal += other.equal
        self.defined += other.defined
        self.conditions += other.conditions
        self.narrower += other.narrower
        self.unread += other.unread
        self.wrong += other.wrong


def walk(
    document: Document,
    *,
    variable: str = "x",
    points: Sequence[Point] | None = None,
    seed: int = 0,
) -> Report:
    """Everything that a document displays, compared.

    Args:
        variable: what primes differentiate by.
        points: where to compare, for a curve; else they are looked for in the domain of what is
            defined first, where the conditions that the document states are met.
    """
    reader = _Reader(variable, points, Random(seed))
    reader.blocks(document.blocks)
    return reader.report


class _Reader:
    """A reader on the way: what each letter means by now, and where to compare."""

    def __init__(
        self,
        variable: str,
        points: Sequence[Point] | None,
        rng: Random,
    ) -> None:
        self.report = Report()
        self.variable = variable
        self.points = None if points is None else list(points)
        self.curve = bool(points) and isinstance(points[0], CurvePoint)
        self.letters = set() if points is None else set(points[0].letters)
        self.rng = rng
        # What was defined first, of what, and under which conditions.
        self.first: tuple[Expr, Sequence[str]] | None = None
        # What a name stands for, in letters with values; what it was said to be equal to; and of
        # what it is a function.
        self.bound: dict[str, Expr] = {}
        self.ways: dict[str, list[Expr]] = {}
        self.formals: dict[str, tuple[Expr, ...]] = {}
        # Whether the points are places that were named, such as kinks.
        self.exact = False
        # A whole function is not forgotten when its derivative is differentiated again.
        self.functions: set[str] = set()

    # --- blocks --------------------------------------------------------------------------------
    def blocks(self, blocks: Sequence[Block]) -> None:
        for block in blocks:
            match block:
                case Heading():
                    if _STAGE.match(_plain(block.inline)):
                        self._forget()
                    self.inline(block.inline)
                case Paragraph(inline):
                    self.inline(inline)
                case Quote(_, inline):
                    self._quote(inline)
                case Display(chain, note):
                    self.chain(chain)
                    self.inline(note)
                case Steps(items):
                    for item in items:
                        self.inline(item)
                case Bullets(items):
                    self._bullets(items)
                case Table(header, rows):
                    for cells in (header, *rows):
                        for cell in cells:
                            self.inline(cell)
                case Fold(title, inside):
                    self.inline(title)
                    # Another function in letters of its own.
                    other = _Reader(self.variable, None, self.rng)
                    other.blocks(inside)
                    self.report.add(other.report)

    def _forget(self) -> None:
        for name in list(self.bound):
            if name not in self.functions:
                del self.bound[name]
                self.ways.pop(name, None)
                self.formals.pop(name, None)

    def _quote(self, inline: Inline) -> None:
        """A rule's statement: u and v are any functions, other letters any numbers."""
        for piece in inline:
            if not isinstance(piece, Math) or len(piece.chain.terms) == 1:
                continue
            first = piece.chain.terms[0]
            if not isinstance(first, Derivative) or isinstance(first.of, str):
                self.report.unread.append(f"{piece.chain}: a statement of another kind")
                continue
            ((by, _),) = first.by
            values = {name: mpmath.mpf(self.rng.uniform(0.3, 3)) for name in (by, *"cnauv")}
            other = _Reader(by, [Point(values)], self.rng)
            for name in {"u", "v"} - {by}:
                other.bound[name] = Unknown(name, (0,), (Symbol(by),))
                other.letters.discard(name)
            other.chain(piece.chain)
            self.report.add(other.report)

    def _bullets(self, items: Sequence[Inline]) -> None:
        everywhere = self.points
        left = self.points
        for item in items:
            self.points = left
            conditions = [
                piece.chain.terms[0]
                for piece in item
                if isinstance(piece, Math) and _is_comparison(piece.chain)
            ]
            self.inline(item)
            if left is not None and len(conditions) == 1:
                (case,) = conditions
                assert isinstance(case, Expr)
                left = [p for p in left if p.value(self.resolved(case)) is False]
        self.points = everywhere

    # --- sentences -----------------------------------------------------------------------------
    def inline(self, pieces: Inline) -> None:
        """The mathematics of a sentence: its conditions hold for all of it."""
        chains = [piece.chain for piece in pieces if isinstance(piece, Math)]
        conditions = [chain for chain in chains if self._is_condition(chain)]
        if conditions and str(pieces[0]).startswith("This is the "):
            self._introduced(conditions)
            return
        if pieces[:1] == ("Where ",) and chains:
            # Where g(x) = 0: points that are not looked for.
            self.report.conditions += 1
            del chains[0]
        everywhere = self.points
        for condition in conditions:
            self.report.conditions += 1
            self._restrict(condition)
        self.exact = any(len(condition.terms) > 1 for condition in conditions)
        self._spoken(pieces)
        for chain in chains:
            if chain not in conditions:
                self.chain(chain)
        self.exact = False
        if conditions:
            self.points = everywhere

    def _introduced(self, conditions: Sequence[Chain]) -> None:
        """Conditions that hold for the whole of the document, and usual values, which need not."""
        self.report.conditions += len(conditions)
        self._look_for_points([chain.terms[0] for chain in conditions if _is_comparison(chain)])

    def _look_for_points(self, conditions: Sequence[Term] = ()) -> None:
        assert self.first is not None
        function, letters = self.first
        stated = [condition for condition in conditions if isinstance(condition, Expr)]
        self.points = places(function, self.rng, POINTS, letters=letters, conditions=stated)
        if not self.points:
            self.report.unread.append(f"{function}: no point was found in its domain")

    def _is_condition(self, chain: Chain) -> bool:
        if _is_comparison(chain):
            return True
        match chain.terms:
            case (Symbol(name), Expr() as value) if chain.relations == ("=",):
                others = {symbol.name for symbol in symbols(value)}
                return not self.curve and name in self.letters and others <= self.letters - {name}
        return False

    def _restrict(self, chain: Chain) -> None:
        if self.points is None:
            return
        match chain.terms:
            case (Comparison() as condition,):
                held = self.resolved(condition)
                self.points = [p for p in self.points if p.value(held)]
            case (Symbol(name), Expr() as value):
                self.points = [p.at({**p.letters, name: p.value(value)}) for p in self.points]

    def _spoken(self, pieces: Inline) -> None:
        """Equalities that are said in words between two pieces of mathematics."""
        for (before, said, after), then in zip(
            zip(pieces, pieces[1:], pieces[2:], strict=False),
            [*(pieces[i : i + 2] for i in range(3, len(pieces))), ()],
            strict=False,
        ):
            if not (isinstance(before, Math) and isinstance(after, Math)):
                continue
            (left,), (right,) = before.chain.terms[:1], after.chain.terms[:1]
            if said == " has the derivative " and isinstance(left, Expr):
                slope = Derivative(left, ((self.variable, 1),))
                self.chain(Chain((slope, right), ("=",)))
            elif said == " is a composition, ":
                match then:
                    case (" with ", Math(Chain((Symbol(name), Expr() as inner), ("=",)))):
                        assert isinstance(right, Expr)
                        whole = substitute(right, {Symbol(name): inner})
                        self.chain(Chain((left, whole), ("=",)))
                    case _:
                        self.report.unread.append(f"{pieces}: a composition of what?")

    # --- chains --------------------------------------------------------------------------------
    def chain(self, chain: Chain) -> None:
        """Definitions first, then all pairs of neighbours."""
        parts = _parts(chain)
        if len(chain.terms) == 1:
            return
        for _ in parts:
            for terms in parts:
                self._define(terms)
        for terms in parts:
            self._compare(terms)

    def _define(self, terms: Sequence[Term]) -> None:
        for term in terms:
            name = _name(term)
            others = [e for other in terms if other is not term for e in self._meaning(other)]
            if name is None or not others:
                continue
            if name not in self.bound and name not in self.letters:
                if self.points is None:
                    self._begin(term, others[0])
                with_meaning = (e for e in others if self._has_meaning(e))
                expr = next(with_meaning, None)
                if expr is None:
                    continue
                self.bound[name] = self.resolved(expr)
                self.report.defined += 1
                if isinstance(term, Name):
                    self.formals[name] = term.args
            elif isinstance(term, Name) and term.args and name in self.bound:
                self.formals.setdefault(name, term.args)
            row = self.ways.setdefault(name, [])
            row += [e for e in others if e not in row and _name(e) != name]

    def _meaning(self, term: Term) -> list[Expr]:
        """What a term is as an expression: itself, or what the function was said to be."""
        match term:
            case Expr():
                return [term]
            case Name(name, args, 0) if name in self.bound and args == self.formals.get(name, ()):
                return [self.bound[name]]
        return []

    def _begin(self, term: Term, function: Expr) -> None:
        """The first definition: its letters have values from now on."""
        args = term.args if isinstance(term, Name) else ()
        whole = expand_all(function)
        own = [a.name for a in args if isinstance(a, Symbol)]
        self.letters = {*own, *(symbol.name for symbol in symbols(whole))}
        self.first = whole, own or [self.variable]
        self._look_for_points()
        if isinstance(term, Name):
            self.functions.add(term.name)
            if own and self.variable not in self.letters:
                self.variable = own[0]

    def _has_meaning(self, expr: Expr) -> bool:
        return all(s.name in self.letters or s.name in self.bound for s in symbols(expr))

    def _compare(self, terms: Sequence[Term]) -> None:
        for left, right in pairwise(terms):
            said = f"{_shown(left)} = {_shown(right)}"
            try:
                compared, narrower, fault = self._compared(left, right)
            except UnreadError as problem:
                self.report.unread.append(f"{said}: {problem}")
                continue
            if fault:
                self.report.wrong.append(f"{said}: {fault}")
            elif narrower:
                self.report.narrower.append(f"{said}: {narrower}")
            elif compared:
                self.report.equal += 1
            else:
                self.report.unread.append(f"{said}: nowhere are both defined")

    def _compared(self, left: Term, right: Term) -> tuple[int, str, str]:
        """At how many points both are defined, where only the left is, and where they differ."""
        if self.points is None:
            raise UnreadError("nothing was defined before")
        compared = 0
        narrower = ""
        for point in self.points:
            a, b = self.value(left, point), self.value(right, point)
            if a is None or b is None:
                if a is not None and not self.exact:
                    narrower = f"only the left side is defined at {point}"
                continue
            compared += 1
            if not _agree(a, b):
                shown = (v if isinstance(v, Digits) else mpmath.nstr(v, 20) for v in (a, b))
                return compared, narrower, "{} against {} at {}".format(*shown, point)
        return compared, narrower, ""

    # --- values --------------------------------------------------------------------------------
    def resolved(self, expr: Expr, but: Container[str] = ()) -> Expr:
        """With all letters that stand for something replaced by it, but some."""
        mapping: dict[Expr, Expr] = {}
        for symbol in symbols(expr):
            if symbol.name in but or symbol.name in self.letters:
                continue
            if symbol.name not in self.bound:
                raise UnreadError(f"{symbol.name} was not introduced")
            mapping[symbol] = self.bound[symbol.name]
        return expand_all(substitute(expr, mapping))

    def value(self, term: Term, point: Point) -> Value:
        """The value of a term at a point, ``None`` where it has none; digits as they are."""
        match term:
            case Expr():
                return self._primed(term, point)
            case Name(name, args, primes):
                return self._named(name, args, primes, point)
            case Derivative(of, by):
                letters = [name for name, count in by for _ in range(count)]
                return self._slope(of, letters, point)
            case Dots(parts) | Plus(parts):
                values = [self.value(part, point) for part in parts]
                if None in values:
                    return None
                with mpmath.workdps(DIGITS):
                    joined = mpmath.fprod if isinstance(term, Dots) else mpmath.fsum
                    return joined(values)
            case Boxed(inner):
                return self.value(inner, point)
            case At(inner, variable, value):
                there = point.at({**point.letters, variable: self.value(value, point)})
                return self.value(inner, there)
            case Digits():
                return term
        raise UnreadError("words")

    def _primed(self, expr: Expr, point: Point) -> Value:
        """The value of an expression in which y' and the like may stand."""
        letters: dict[str, Value] = {}
        mapping: dict[Expr, Expr] = {}
        for node in postorder(expr):
            match node:
                case Unknown(name, (order,), ()) if name in self.bound:
                    letters[f" {name}{order}"] = self._named(name, (), order, point)
                    mapping[node] = Symbol(f" {name}{order}")
        if mapping:
            expr, point = substitute(expr, mapping), point.at({**point.letters, **letters})
        try:
            return point.value(self.resolved(expr, but=letters))
        except KeyError as letter:
            raise UnreadError(f"{letter} has no value") from None

    def _named(self, name: str, args: tuple[Expr, ...], primes: int, point: Point) -> Value:
        if name in self.letters and name not in self.bound:
            meaning: Expr = Symbol(name)
        elif name in self.bound:
            meaning = self.bound[name]
        else:
            raise UnreadError(f"{name} was not introduced")
        formals = self.formals.get(name) or (Symbol(self.variable),)
        by = [self.variable] * primes
        if args and args != formals:
            match args:
                case (Symbol(letter),) if letter not in self.letters or letter != self.variable:
                    if primes:
                        return self._slope(name, [letter] * primes, point)
            if len(args) != len(formals):
                raise UnreadError(f"{name} of {len(args)} arguments")
            values = [self.value(arg, point) for arg in args]
            names = [formal.name for formal in formals if isinstance(formal, Symbol)]
            point = point.at({**point.letters, **dict(zip(names, values, strict=True))})
            if primes == 1:
                return _slope_there(point, meaning, self.variable)
        return point.derivative(meaning, by)

    def _slope(self, of: str | Expr, by: Sequence[str], point: Point) -> Value:
        letters = set(by)
        if letters <= self.letters:
            if isinstance(of, Expr):
                return point.derivative(self.resolved(of), by)
            if of not in self.bound and of not in self.letters:
                raise UnreadError(f"{of} was not introduced")
            return point.derivative(self.bound.get(of, Symbol(of)), by)
        if len(letters) > 1:
            raise UnreadError(f"a derivative by {', '.join(by)}")
        (letter,) = letters
        if letter not in self.bound:
            raise UnreadError(f"{letter} was not introduced")
        if isinstance(of, str):
            ways = [way for way in self.ways.get(of, ()) if contains(way, Symbol(letter))]
            if not ways:
                raise UnreadError(f"{of} was not said to depend on {letter}")
            of = ways[-1]
        inner = point.value(self.bound[letter])
        if inner is None:
            return None
        there = Point({**point.letters, letter: inner})
        return there.derivative(self.resolved(of, but=letters), by)


def _slope_there(point: Point, expr: Expr, by: str) -> Value:
    """The derivative at a point that may be a kink: ``None`` if the sides differ."""
    before, here, after = (point.moved(by, steps).derivative(expr, [by]) for steps in (-3, 0, 3))
    if None in (before, here, after):
        return None
    return here if abs(after - before) < mpmath.mpf(10) ** -AGREED_DIGITS else None


def _agree(a: Any, b: Any) -> bool:
    if isinstance(a, Digits) or isinstance(b, Digits):
        digits, value = (a, b) if isinstance(a, Digits) else (b, a)
        return not isinstance(value, Digits) and _has_digits(value, digits)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    with mpmath.workdps(DIGITS):
        size = max(abs(a), abs(b))
        return bool(abs(a - b) <= size * mpmath.mpf(10) ** -AGREED_DIGITS + NOTHING)


def _has_digits(value: Value, digits: Digits) -> bool:
    """Whether a value begins with the digits; what is cut off is not rounded."""
    with mpmath.workdps(DIGITS):
        shown = mpmath.mpf(digits.text)
        if not digits.more:
            return bool(abs(value - shown) < NOTHING)
        mantissa, _, exponent = digits.text.partition("e")
        decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
        off = (abs(value) - abs(shown)) * mpmath.mpf(10) ** decimals
        same_sign = value * shown > 0 or not shown
        return bool(same_sign and -NOTHING <= off < 1)


def _parts(chain: Chain) -> list[list[Term]]:
    """The chain, cut at what is no equality."""
    parts: list[list[Term]] = [[chain.terms[0]]]
    for relation, term in zip(chain.relations, chain.terms[1:], strict=True):
        if relation in ("=", ":="):
            parts[-1].append(term)
        elif relation in (",", "⟹"):
            parts.append([term])
        else:
            raise UnreadError(f"the relation {relation}")
    return parts


def _name(term: Term) -> str | None:
    match term:
        case Symbol(name):
            return name
        case Name(name, args, 0) if all(isinstance(arg, Symbol) for arg in args):
            return name
    return None


def _is_comparison(chain: Chain) -> bool:
    return len(chain.terms) == 1 and isinstance(chain.terms[0], Comparison)


def _plain(inline: Inline) -> str:
    return "".join(piece for piece in inline if isinstance(piece, str))


def _shown(term: Term) -> str:
    match term:
        case Expr():
            return str(term)
        case Name(name, args, primes):
            inside = f"({', '.join(map(str, args))})" if args else ""
            return name + "'" * primes + inside
        case Derivative(of, by):
            return f"d {of}/d" + "d".join(name for name, count in by for _ in range(count))
        case Dots(parts):
            return " · ".join(map(_shown, parts))
        case Plus(parts):
            return " + ".join(map(_shown, parts))
        case Boxed(inner):
            return _shown(inner)
        case At(inner, variable, value):
            return f"{_shown(inner)} at {variable} = {value}"
        case Digits(text):
            return text
        case Words(text):
            return text
    raise TypeError(term)
