"""What the letters of a document stand for, and the values of its terms by mpmath."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

import mpmath

from chainrule.document.blocks import At, Boxed, Derivative, Digits, Dots, Name, Plus, Term, Words
from chainrule.expr.nodes import Expr, Symbol, Unknown, contains, postorder, substitute, symbols
from chainrule.parsing.definitions import expand_all
from real_values import DIGITS, Point, Value

AGREED_DIGITS = 12
# Smaller than this counts as 0: what cancels in 90 digits.
NOTHING = mpmath.mpf(10) ** -30
# The same for slopes next to a kink, which are those a few steps away from it.
BESIDE = mpmath.mpf(10) ** -15


class UnreadError(Exception):
    """A term whose value is not known, with the reason."""


class Meanings:
    """What was said of letters so far.

    Attributes:
        letters: those that have values at a point.
        variable: what primes differentiate by.
    """

    def __init__(self, letters: Iterable[str], variable: str) -> None:
        self.letters = set(letters)
        self.variable = variable
        # What a name stands for, in letters with values; all that it was said to be equal to; and
        # of what it is a function.
        self._bound: dict[str, Expr] = {}
        self._ways: dict[str, list[Expr]] = {}
        self._formals: dict[str, tuple[Expr, ...]] = {}

    def is_known(self, name: str) -> bool:
        """Whether a name has values, or stands for something."""
        return name in self.letters or name in self._bound

    def stands_for(self, name: str, meaning: Expr) -> None:
        """Give a name its meaning, in letters with values."""
        self.letters.discard(name)
        self._bound[name] = meaning

    def forget(self, but: Container[str]) -> None:
        """All names but some."""
        for name in [name for name in self._bound if name not in but]:
            del self._bound[name]
            self._ways.pop(name, None)
            self._formals.pop(name, None)

    def define(self, terms: Sequence[Term]) -> list[str]:
        """Read an equality as a definition; the names that have a meaning only now."""
        new: list[str] = []
        for term in terms:
            name = name_of(term)
            others = [e for other in terms if other is not term for e in self._meaning(other)]
            if name is None or not others:
                continue
            if not self.is_known(name):
                expr = next((e for e in others if self._has_meaning(e)), None)
                if expr is None:
                    continue
                self._bound[name] = self.resolved(expr)
                new.append(name)
            if isinstance(term, Name) and term.args:
                self._formals.setdefault(name, term.args)
            row = self._ways.setdefault(name, [])
            row += [e for e in others if e not in row and name_of(e) != name]
        return new

    def _meaning(self, term: Term) -> list[Expr]:
        """What a term is as an expression: itself, or what the function was said to be."""
        match term:
            case Expr():
                return [term]
            case Name(name, args, 0) if name in self._bound:
                return [self._bound[name]] if args == self._formals.get(name, ()) else []
        return []

    def _has_meaning(self, expr: Expr) -> bool:
        return all(self.is_known(symbol.name) for symbol in symbols(expr))

    # --- values ----------------------------------------------------------------------------------
    def resolved(self, expr: Expr, but: Container[str] = ()) -> Expr:
        """With all letters that stand for something replaced by it, but some."""
        mapping: dict[Expr, Expr] = {}
        for symbol in symbols(expr):
            if symbol.name in but or symbol.name in self.letters:
                continue
            if symbol.name not in self._bound:
                raise UnreadError(f"{symbol.name} was not introduced")
            mapping[symbol] = self._bound[symbol.name]
        return expand_all(substitute(expr, mapping))

    def value(self, term: Term, point: Point) -> Value:
        """The value of a term at a point, ``None`` where it has none; digits as they are.

        Raises:
            UnreadError: it is not known what is meant.
        """
        match term:
            case Expr():
                return self._value(term, point)
            case Name(name, args, primes):
                return self._named(name, args, primes, point)
            case Derivative(of, by):
                return self._slope(of, [name for name, count in by for _ in range(count)], point)
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

    def _value(self, expr: Expr, point: Point) -> Value:
        """The value of an expression, in which y' and the like may stand."""
        letters: dict[str, Value] = {}
        mapping: dict[Expr, Expr] = {}
        for node in postorder(expr):
            match node:
                case Unknown(name, (order,), ()) if name in self._bound:
                    letters[f" {name}{order}"] = self._named(name, (), order, point)
                    mapping[node] = Symbol(f" {name}{order}")
        if mapping:
            expr, point = substitute(expr, mapping), point.at({**point.letters, **letters})
        try:
            return point.value(self.resolved(expr, but=letters))
        except KeyError as letter:
            raise UnreadError(f"{letter} has no value") from None

    def _named(self, name: str, args: tuple[Expr, ...], primes: int, point: Point) -> Value:
        if not self.is_known(name):
            raise UnreadError(f"{name} was not introduced")
        meaning = self._bound.get(name, Symbol(name))
        formals = self._formals.get(name) or (Symbol(self.variable),)
        by = [self.variable] * primes
        match args:
            case () | _ if not args or args == formals:
                return point.derivative(meaning, by)
            case (Symbol(letter),) if primes:
                return self._slope(name, [letter] * primes, point)
        if len(args) != len(formals):
            raise UnreadError(f"{name} of {len(args)} arguments")
        names = [formal.name for formal in formals if isinstance(formal, Symbol)]
        values = [self.value(arg, point) for arg in args]
        there = point.at({**point.letters, **dict(zip(names, values, strict=True))})
        found = slope_at(there, meaning, by)
        return limit(there, meaning, self.variable) if found is None and not primes else found

    def _slope(self, of: str | Expr, by: Sequence[str], point: Point) -> Value:
        letters = set(by)
        if isinstance(of, str) and not self.is_known(of):
            raise UnreadError(f"{of} was not introduced")
        if letters <= self.letters:
            whole = self.resolved(of) if isinstance(of, Expr) else self._bound.get(of, Symbol(of))
            return point.derivative(whole, by)
        if len(letters) > 1:
            raise UnreadError(f"a derivative by {', '.join(by)}")
        (letter,) = letters
        if letter not in self._bound:
            raise UnreadError(f"{letter} was not introduced")
        if isinstance(of, str):
            ways = [way for way in self._ways.get(of, ()) if contains(way, Symbol(letter))]
            if not ways:
                raise UnreadError(f"{of} was not said to depend on {letter}")
            of = ways[-1]
        inner = point.value(self._bound[letter])
        if inner is None:
            return None
        # The letter is free here, and may be at a kink: a rounded value is.
        return slope_at(Point({**point.letters, letter: inner}), self.resolved(of, letters), by)


def slope_at(point: Point, expr: Expr, by: Sequence[str]) -> Value:
    """The derivative at a point that may be a kink: ``None`` if the sides differ."""
    if not by:
        return point.value(expr)
    before, here, after = (point.moved(by[0], steps).derivative(expr, by) for steps in (-3, 0, 3))
    if None in (before, here, after):
        return None
    return here if same(before, after, BESIDE) and same(here, after, BESIDE) else None


def limit(point: Point, expr: Expr, by: str) -> Value:
    """What fills a hole: the value next to it, if it is the same on both sides."""
    before, after = (point.moved(by, steps).value(expr) for steps in (-1, 1))
    return after if None not in (before, after) and same(before, after, BESIDE) else None


def same(a: Any, b: Any, nothing: Value = NOTHING) -> bool:
    """Whether two values agree, or a value begins with certain digits."""
    if isinstance(a, Digits) or isinstance(b, Digits):
        digits, value = (a, b) if isinstance(a, Digits) else (b, a)
        return not isinstance(value, Digits) and _has_digits(value, digits)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    with mpmath.workdps(DIGITS):
        size = max(abs(a), abs(b))
        return bool(abs(a - b) <= size * mpmath.mpf(10) ** -AGREED_DIGITS + nothing)


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
        # tanh 700 is 0.99…, though it is 1 in 90 digits.
        return bool(same_sign and -NOTHING <= off < 1 + NOTHING)


def name_of(term: Term) -> str | None:
    """The name, if a term is nothing else: y, or f(x)."""
    match term:
        case Symbol(name):
            return name
        case Name(name, args, 0) if all(isinstance(arg, Symbol) for arg in args):
            return name
    return None


def shown(term: Term) -> str:
    """A term in one line, for messages."""
    match term:
        case Expr():
            return str(term)
        case Name(name, args, primes):
            inside = f"({', '.join(map(str, args))})" if args else ""
            return name + "'" * primes + inside
        case Derivative(of, by):
            return f"d {of}/d" + "d".join(name for name, count in by for _ in range(count))
        case Dots(parts):
            return " · ".join(map(shown, parts))
        case Plus(parts):
            return " + ".join(map(shown, parts))
        case Boxed(inner):
            return shown(inner)
        case At(inner, variable, value):
            return f"{shown(inner)} at {variable} = {value}"
        case Digits(text) | Words(text):
            return text
    raise TypeError(term)
