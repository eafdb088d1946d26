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
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from random import Random
from typing import Any

import mpmath

from chainrule.document.blocks import (
    Block,
    Bullets,
    Chain,
    Derivative,
    Digits,
    Display,
    Document,
    Fold,
    Heading,
    Inline,
    Math,
    Name,
    Paragraph,
    Quote,
    Steps,
    Table,
    Term,
)
from chainrule.expr.nodes import Comparison, Expr, Symbol, Unknown, substitute, symbols
from chainrule.parsing.definitions import expand_all
from meanings import BESIDE, Meanings, UnreadError, name_of, same, shown
from real_values import CurvePoint, Point, places

POINTS = 6

_STAGE = re.compile(r"(First|Second|Third|Fourth|Fifth|Sixth) derivative$|Derivative \d+$")


@dataclass
class Report:
    """What was read.

    Attributes:
        pairs: how many neighbours with a sign of equality between them were looked at.
        equal: how many of them, and of what is said in words, were compared and are equal.
        conditions: how many of them are conditions: "at x = 0".
        narrower: what is not defined at a point drawn by chance, though what it is to be equal to
            is.
        unread: what could not be evaluated, and why.
        wrong: what is not equal, and where.
        words: sentences that have no row in ``docs/claims.md``, and those that are not so; for
            ``read_documents`` to fill in.
    """

    pairs: int = 0
    equal: int = 0
    conditions: int = 0
    narrower: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """All that is not as it should be."""
        return self.wrong + self.narrower + self.unread + self.words

    def add(self, other: Report) -> None:
        for row in fields(self):
            setattr(self, row.name, getattr(self, row.name) + getattr(other, row.name))


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


def equalities(part: Any) -> int:
    """How many signs of equality a document has, counted without reading it."""
    if isinstance(part, Chain):
        return sum(relation in ("=", ":=") for relation in part.relations)
    if isinstance(part, tuple):
        return sum(map(equalities, part))
    if isinstance(part, Document | Block):
        return sum(equalities(getattr(part, name)) for name in part.__match_args__)
    return equalities(part.chain) if isinstance(part, Math) else 0


class _Reader:
    """A reader on the way: what each letter means by now, and where to compare."""

    def __init__(self, variable: str, points: Sequence[Point] | None, rng: Random) -> None:
        self.report = Report()
        self.rng = rng
        self.points = None if points is None else list(points)
        self.curve = bool(points) and isinstance(points[0], CurvePoint)
        self.meanings = Meanings(points[0].letters if points else (), variable)
        # What was defined first, and of what.
        self.first: tuple[Expr, Sequence[str]] | None = None
        # A whole function is not forgotten when its derivative is differentiated again.
        self.whole: list[str] = []
        # Whether the points are places that were named, such as kinks.
        self.exact = False

    # --- blocks --------------------------------------------------------------------------------
    def blocks(self, blocks: Sequence[Block]) -> None:
        for block in blocks:
            match block:
                case Heading(_, inline):
                    if _STAGE.match("".join(piece for piece in inline if isinstance(piece, str))):
                        self.meanings.forget(but=self.whole)
                    self.inline(inline)
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
                    # Another function, in letters of its own.
                    other = _Reader("x", None, self.rng)
                    other.blocks(inside)
                    self.report.add(other.report)

    def _quote(self, inline: Inline) -> None:
        """A rule's statement: u and v are any functions, other letters any numbers."""
        for piece in inline:
            if not isinstance(piece, Math) or not piece.chain.relations:
                continue
            first = piece.chain.terms[0]
            if not isinstance(first, Derivative) or isinstance(first.of, str):
                self.report.pairs += len(piece.chain.relations)
                self.report.unread.append(f"{piece.chain}: a statement of another kind")
                continue
            ((by, _),) = first.by
            values = {name: mpmath.mpf(self.rng.uniform(0.3, 3)) for name in (by, *"cna")}
            other = _Reader(by, [Point(values)], self.rng)
            primes: dict[Expr, Expr] = {}
            for name in {"u", "v"} - {by}:
                other.meanings.stands_for(name, Unknown(name, (0,), (Symbol(by),)))
                primes[Unknown(name, (1,), ())] = Unknown(name, (1,), (Symbol(by),))
            terms = (substitute(t, primes) if isinstance(t, Expr) else t for t in piece.chain.terms)
            other.chain(Chain(tuple(terms), piece.chain.relations))
            self.report.add(other.report)

    def _bullets(self, items: Sequence[Inline]) -> None:
        """Each under its own condition, and where those before it do not hold."""
        everywhere = left = self.points
        for item in items:
            self.points = left
            self.inline(item)
            cases = [p.chain.terms[0] for p in item if isinstance(p, Math) and _is_case(p.chain)]
            if left is not None and len(cases) == 1:
                left = [point for point in left if not self._holds(cases[0], point)]
        self.points = everywhere

    # --- sentences -----------------------------------------------------------------------------
    def inline(self, pieces: Inline) -> None:
        """The mathematics of a sentence: its conditions hold for all of it."""
        chains = [piece.chain for piece in pieces if isinstance(piece, Math)]
        conditions = [chain for chain in chains if self._is_condition(chain)]
        self.report.pairs += sum(len(chain.relations) for chain in conditions)
        self.report.conditions += len(conditions)
        if conditions and str(pieces[0]).startswith("This is the "):
            # Of the whole document. The usual values of parameters are not its only ones.
            self._look_for_points([c.terms[0] for c in conditions if _is_case(c)])
            return
        if pieces[:1] == ("Where ",) and chains and chains[0] not in conditions:
            # Where g(x) = 0: such points are not looked for.
            self.report.conditions += 1
            self.report.pairs += len(chains[0].relations)
            del chains[0]
        everywhere = self.points
        for condition in conditions:
            self._restrict(condition)
        self.exact = any(condition.relations for condition in conditions)
        self._spoken(pieces)
        for chain in chains:
            if chain not in conditions:
                self.chain(chain)
        self.exact = False
        if conditions:
            self.points = everywhere

    def _is_condition(self, chain: Chain) -> bool:
        """Whether it says where: "x > 0", or "x = a" for letters that have any values."""
        match chain.terms:
            case (Comparison(),):
                return True
            case (Symbol(name), Expr() as value) if chain.relations == ("=",):
                letters = self.meanings.letters
                others = {symbol.name for symbol in symbols(value)}
                return not self.curve and name in letters and others <= letters - {name}
        return False

    def _restrict(self, chain: Chain) -> None:
        if self.points is None:
            return
        match chain.terms:
            case (Comparison() as case,):
                self.points = [point for point in self.points if self._holds(case, point)]
            case (Symbol(name), Expr() as value):
                self.points = [p.at({**p.letters, name: p.value(value)}) for p in self.points]

    def _holds(self, case: Term, point: Point) -> bool:
        return bool(self.meanings.value(case, point))

    def _spoken(self, pieces: Inline) -> None:
        """Equalities that are said in words between two pieces of mathematics."""
        said = [("", *pieces)[i : i + 5] for i in range(len(pieces))]
        for before in said:
            match before:
                case (
                    Math(Chain((whole,))),
                    " is a composition, ",
                    Math(Chain((outer,))),
                    " with ",
                    inner,
                ):
                    assert isinstance(outer, Expr)
                    assert isinstance(inner, Math)
                    letter, value = inner.chain.terms
                    assert isinstance(letter, Symbol)
                    assert isinstance(value, Expr)
                    self._compare((whole, substitute(outer, {letter: value})))
                case (
                    " the slope from the left is ",
                    left,
                    " and from the right ",
                    right,
                    str(then),
                ):
                    self._sides(left, right, then)
        match pieces:
            case ("This holds for ", *listed):
                terms = [t for m in listed if isinstance(m, Math) for t in m.chain.terms]
                self.points = [
                    point
                    for point in self.points or ()
                    if all(self._holds(term, point) for term in terms)
                ]

    def _sides(self, left: Any, right: Any, then: str) -> None:
        """Slopes from both sides of a kink, and whether the derivative exists there."""
        assert self.first is not None
        function, by = self.first[0], self.meanings.variable
        for point in self.points or ():
            beside = [point.moved(by, steps) for steps in (-3, 3)]
            slopes = [at.derivative(function, [by]) for at in beside]
            for claim, slope in zip((left, right), slopes, strict=True):
                if not isinstance(claim, Math) or slope is None:
                    continue
                value = self.meanings.value(claim.chain.terms[0], point)
                if value is not None and not same(value, slope, BESIDE):
                    self.report.wrong.append(f"a slope of {value} at {point}, where it is {slope}")
            values = [at.value(function) for at in beside]
            if None in values or None in slopes:
                continue
            exists = same(*slopes, BESIDE) and same(*values, BESIDE)
            if re.match(r": the derivative exists(?! only)", then) and not exists:
                self.report.wrong.append(f"the derivative is to exist at {point}")
            if then.startswith(": there is no derivative") and exists:
                self.report.wrong.append(f"there is to be no derivative at {point}")
            self.report.equal += 1

    # --- chains --------------------------------------------------------------------------------
    def chain(self, chain: Chain) -> None:
        """Definitions first, then all pairs of neighbours."""
        parts = _parts(chain)
        self.report.pairs += sum(len(terms) - 1 for terms in parts)
        if self.points is None:
            self._begin(parts[0])
        for _ in parts:
            for terms in parts:
                self.meanings.define(terms)
        for terms in parts:
            self._compare(terms)

    def _begin(self, terms: Sequence[Term]) -> None:
        """The first definition: its letters have values from now on."""
        named = [term for term in terms if isinstance(term, Name)]
        function = next((term for term in terms if isinstance(term, Expr)), None)
        if not named or function is None:
            return
        whole = expand_all(function)
        own = [arg.name for arg in named[0].args if isinstance(arg, Symbol)]
        letters = {*own, *(symbol.name for symbol in symbols(whole))}
        variable = self.meanings.variable
        if own and variable not in letters:
            variable = own[0]
        self.meanings = Meanings(letters, variable)
        self.whole += [name for term in named if (name := name_of(term)) is not None]
        self.first = whole, own or [variable]
        self._look_for_points([])

    def _look_for_points(self, conditions: Sequence[Term]) -> None:
        if self.first is None:
            return
        function, letters = self.first
        stated = [condition for condition in conditions if isinstance(condition, Expr)]
        self.points = places(function, self.rng, POINTS, letters=letters, conditions=stated)
        if not self.points:
            self.report.unread.append(f"{function}: no point was found in its domain")

    def _compare(self, terms: Sequence[Term]) -> None:
        for left, right in pairwise(terms):
            said = f"{shown(left)} = {shown(right)}"
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
            a, b = (self.meanings.value(side, point) for side in (left, right))
            if a is None or b is None:
                if a is not None and not self.exact:
                    narrower = f"only the left side is defined at {point}"
                continue
            compared += 1
            if not same(a, b):
                sides = (v if isinstance(v, Digits) else mpmath.nstr(v, 20) for v in (a, b))
                return compared, narrower, "{} against {} at {}".format(*sides, point)
        return compared, narrower, ""


def _parts(chain: Chain) -> list[list[Term]]:
    """The chain, cut at what is no equality."""
    parts: list[list[Term]] = [[chain.terms[0]]]
    for relation, term in zip(chain.relations, chain.terms[1:], strict=True):
        if relation in ("=", ":="):
            parts[-1].append(term)
        else:
            parts.append([term])
    return parts


def _is_case(chain: Chain) -> bool:
    return len(chain.terms) == 1 and isinstance(chain.terms[0], Comparison)
