"""Proofs of identities by exact algebra.

Both sides become fractions of polynomials in generators (``convert``), and the difference is
reduced by the relations between them to 0, or it is not proved: that says nothing against the
identity. What is proved holds at every point at which both sides are defined.

Case distinctions are taken apart: for each sign of what a condition compares with 0, including
0 itself, the sides are proved equal separately.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import pairwise

from flint import fmpz_mpoly

from chainrule.balls.program import rational
from chainrule.expr.nodes import (
    ONE,
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Power,
    Symbol,
    add,
    multiply,
    negate,
    power,
    size,
    substitute,
)
from chainrule.record import Record
from chainrule.verify import ratio as arithmetic
from chainrule.verify.convert import Converter, UndecidedSignError
from chainrule.verify.generators import Generator, RingFullError
from chainrule.verify.ratio import Ratio, RatioTooLargeError, RatioUndefinedError

# Limits on time; what is beyond them is compared at points.
MAX_NODES = 1500
# Each split by a sign gives a claim for either sign and one for each zero, and each of these may be
# split again.
_MAX_CASES = 3
# How often to begin again with the finer generators made first.
_TRIES = 3
# Generators that a ring has room for, the smallest first: each costs time in every polynomial.
_ROOMS = (12, 32, 96)

Assumption = tuple[Expr, int]
"""An expression and its sign: 1, −1, or 0 for "not negative"."""


class Proof(Record):
    """That two formulas are equal.

    Attributes:
        generators: those of the ring in which both sides were written.
        polynomials: numerators and denominators of both sides.
        below: the proofs of the cases, where cases were told apart.
    """

    generators: tuple[Generator, ...] = ()
    polynomials: tuple[fmpz_mpoly, ...] = ()
    below: tuple[Proof, ...] = ()

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The transcendental parts between which it is an identity of rational functions."""
        used: dict[Expr, None] = {}
        for poly in self.polynomials:
            for generator, degree in zip(self.generators, poly.degrees(), strict=False):
                if degree and type(generator.node) is not Symbol:
                    used[generator.node] = None
        for proof in self.below:
            used.update(dict.fromkeys(proof.parts))
        return tuple(used)

    @property
    def cases(self) -> int:
        """How many cases were told apart."""
        return sum(proof.cases for proof in self.below) or 1


def prove_equal(a: Expr, b: Expr, assume: Iterable[Assumption] = ()) -> bool:
    """Whether ``a`` and ``b`` are proved to be equal wherever both are defined.

    ``assume`` gives expressions whose sign is known. ``False`` means: not proved by this.

    >>> from chainrule.expr.nodes import call
    >>> x = Symbol("x")
    >>> prove_equal(call("sin", x) ** 2, 1 - call("cos", x) ** 2)
    True
    """
    return prove(a, b, assume) is not None


def prove(a: Expr, b: Expr, assume: Iterable[Assumption] = ()) -> Proof | None:
    """The proof behind ``prove_equal``, ``None`` if none was found."""
    if a is b:
        return Proof()
    if size(a, b) > MAX_NODES:
        return None
    known = tuple(assume)
    proof = _prove(a, b, known, 0)
    if proof is None:
        implied = (*known, *implied_signs((a, b)))
        if len(implied) > len(known):
            proof = _prove(a, b, implied, 0)
    return proof


def prove_with(fields: Converter, a: Expr, b: Expr) -> Proof | None:
    """The same with generators that are shared between many claims, and no assumptions."""
    if a is b:
        return Proof()
    try:
        return _compare(fields, fields.ratio(a), fields.ratio(b))
    except (RatioTooLargeError, RatioUndefinedError, UndecidedSignError):
        return None


def _prove(a: Expr, b: Expr, known: tuple[Assumption, ...], depth: int) -> Proof | None:
    for room in _ROOMS:
        try:
            return _attempt(a, b, known, depth, room)
        except RingFullError:
            continue
    return None


def _attempt(
    a: Expr, b: Expr, known: tuple[Assumption, ...], depth: int, room: int
) -> Proof | None:
    first: list[Expr] = []
    for _ in range(_TRIES):
        converter = _prepared(known, room, first)
        try:
            proof = _compare(converter, converter.ratio(a), converter.ratio(b))
        except RatioTooLargeError:
            return None
        except RatioUndefinedError:
            # In one case of many, sides that are not both defined have nothing to agree on.
            return Proof() if depth else None
        except UndecidedSignError as undecided:
            return _by_cases(a, b, known, depth, undecided.node) if depth < _MAX_CASES else None
        if proof is not None or not converter.finer:
            return proof
        first = [*converter.finer, *first]
    return None


def _prepared(known: Iterable[Assumption], room: int, first: Iterable[Expr]) -> Converter:
    """A ring with what is known of signs, and with the generators of some nodes made first."""
    converter = Converter(room)
    for node in first:
        with suppress(RatioTooLargeError, RatioUndefinedError, UndecidedSignError):
            converter.ratio(node)
    for node, sign in known:
        # What cannot be written in the field is not used.
        with suppress(RatioTooLargeError, RatioUndefinedError, UndecidedSignError):
            if sign == 0:
                converter.assume_not_negative(node)
            else:
                converter.assume(node, sign)
    return converter


def _by_cases(
    a: Expr, b: Expr, known: tuple[Assumption, ...], depth: int, node: Expr
) -> Proof | None:
    zeros = _zeros(node)
    if zeros is None:
        return None
    proofs: list[Proof] = []
    for left, right, facts in _cases(a, b, known, node, zeros):
        proof = _prove(left, right, facts, depth + 1)
        if proof is None:
            return None
        proofs.append(proof)
    return Proof(below=tuple(proofs))


def _cases(
    a: Expr,
    b: Expr,
    known: tuple[Assumption, ...],
    node: Expr,
    zeros: Iterable[tuple[Symbol, Expr]],
) -> Iterator[tuple[Expr, Expr, tuple[Assumption, ...]]]:
    """Both sides, and what is known, where ``node`` is positive, negative and 0."""
    for sign in (1, -1):
        yield a, b, (*known, (node, sign))
    for symbol, value in zeros:
        there = {symbol: value}
        facts = tuple((substitute(fact, there), sign) for fact, sign in known)
        yield substitute(a, there), substitute(b, there), facts


def _zeros(node: Expr) -> list[tuple[Symbol, Expr]] | None:
    """Where ``node`` is 0, as values of a symbol; ``None`` if it cannot be solved for one."""
    converter = Converter(_ROOMS[1])
    try:
        u = converter.canonical(converter.ratio(node))
        if u[0].is_zero():
            return None
        factors = converter.factored((u[0], None))
    except (RatioTooLargeError, RatioUndefinedError, UndecidedSignError, RingFullError):
        return None
    if not factors.strict:
        # A factor such as √x or |x| may be 0 too.
        return None
    zeros = []
    for factor, _ in factors.unknown:
        zero = _solved(converter, factor)
        if zero is None:
            return None
        zeros.append(zero)
    return zeros


def _solved(converter: Converter, p: fmpz_mpoly) -> tuple[Symbol, Expr] | None:
    """A polynomial in symbols, linear in one of them with a constant factor, solved for it."""
    nodes = [generator.node for generator in converter.generators]
    terms = [
        (int(c), [(i, int(e)) for i, e in enumerate(exponents) if e]) for exponents, c in p.terms()
    ]
    if any(type(nodes[i]) is not Symbol for _, row in terms for i, _ in row):
        return None
    for coefficient, row in terms:
        if len(row) != 1 or row[0][1] != 1:
            continue
        index = row[0][0]
        if sum(any(i == index for i, _ in other) for _, other in terms) > 1:
            continue
        rest = add(
            *[
                multiply(Number(c), *[power(nodes[i], Number(e)) for i, e in other])
                for c, other in terms
                if other != row
            ]
        )
        symbol = nodes[index]
        assert isinstance(symbol, Symbol)
        return symbol, multiply(Number(-1) / coefficient, rest)
    return None


def _compare(converter: Converter, a: Ratio, b: Ratio) -> Proof | None:
    (n, d), (m, e) = a, b
    if d is not None and e is not None and d == e:
        difference = n - m
    else:
        left = n if e is None else arithmetic.product(n, e)
        right = m if d is None else arithmetic.product(m, d)
        difference = left - right
    if not _vanishes(converter, difference):
        return None
    # A denominator that is 0 by the relations would make anything equal to anything.
    if any(below is not None and converter.is_zero(below) for below in (d, e)):
        return None
    polynomials = tuple(p for p in (n, d, m, e) if p is not None)
    return Proof(tuple(converter.generators), polynomials)


def _vanishes(converter: Converter, p: fmpz_mpoly) -> bool:
    if converter.is_zero(p):
        return True
    for index, total in converter.sums.items():
        degrees = [exponents[index] for exponents, _ in p.terms()]
        if not any(degrees):
            continue
        least, most = min(degrees), max(degrees)
        if most - least > 8:
            return False
        parts: list[fmpz_mpoly] = [converter.zero] * (most - least + 1)
        for exponents, coefficient in p.terms():
            rest = (*exponents[:index], 0, *exponents[index + 1 :])
            parts[exponents[index] - least] += converter.ring.from_dict({rest: coefficient})
        p = converter.zero
        for part in reversed(parts):
            p = arithmetic.product(p, total) + part
    return converter.is_zero(p)


# --- what is known because both sides have to be defined --------------------------------------
def implied_signs(roots: Iterable[Expr]) -> list[Assumption]:
    """Signs without which some root would not be defined: ln u needs u > 0."""
    return [fact for node in _unconditional(roots) for fact in _implied(node)]


def _unconditional(roots: Iterable[Expr]) -> Iterator[Expr]:
    """Nodes that are evaluated in any case, children first."""
    done: set[Expr] = set()
    stack = list(roots)
    while stack:
        node = stack[-1]
        if node in done:
            stack.pop()
            continue
        below = () if type(node) is Piecewise else node.args
        pending = [arg for arg in below if arg not in done]
        if pending:
            stack += pending
            continue
        stack.pop()
        done.add(node)
        yield node


def _implied(node: Expr) -> list[Assumption]:
    match node:
        case Call("log" | "log2" | "log10" | "lgamma" | "logb", (u, *_)):
            return [(u, 1)]
        case Call("log1p", (u,)):
            return [(add(ONE, u), 1)]
        case Call("sqrt", (u,)):
            return [(u, 0)]
        case Call("acosh", (u,)):
            return [(u, 1), (add(u, negate(ONE)), 0)]
        case Call("atanh", (u,)):
            return [(add(ONE, u), 1), (add(ONE, negate(u)), 1)]
        case Power(base, exponent):
            value = rational(exponent)
            if value is not None and value.denominator > 1:
                return [(base, 0 if value > 0 else 1)]
            return []
        case _:
            return []


def signs_of_condition(condition: Expr | None) -> list[Assumption]:
    """What a condition such as ``0 < x < 1`` says about signs."""
    if not isinstance(condition, Comparison):
        return []
    facts = []
    for operator, (left, right) in zip(condition.operators, pairwise(condition.args), strict=True):
        above, below = (left, right) if operator[0] == ">" else (right, left)
        if operator[0] in "<>":
            node = above if below is ZERO else add(above, negate(below))
            facts.append((node, 1 if len(operator) == 1 else 0))
    return facts


def shared_converter(nodes: int, aliases: Mapping[Expr, Expr]) -> Converter:
    """Generators for the claims of one derivation, which has ``nodes`` nodes."""
    room = next((room for room in _ROOMS if nodes <= 4 * room), _ROOMS[-1])
    return Converter(room, aliases)
