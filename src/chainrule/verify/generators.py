"""Generators of the field in which identities are proved, and the relations between them.

A formula becomes a quotient of polynomials in *generators*: symbols, exponentials, roots,
logarithms, sines and cosines, absolute values, and whatever is not understood as itself. All
that holds between generators is

* a relation ``gᵠ = r`` with r made of older generators (roots, cos² = 1 − sin², |p|² = p²), or
* a refinement ``g = r`` with r made of a newer one (e^x = (e^(x/2))² once e^(x/2) occurs).

Every one of them is an identity at all real points at which the formulas are defined. Where a
generator itself is not real there (the root of a negative number), it stands for a complex
number that satisfies the same relations, so a polynomial identity still says something true.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from fractions import Fraction
from functools import lru_cache

from flint import Ordering, fmpz, fmpz_mpoly, fmpz_mpoly_ctx

from chainrule.expr.nodes import Expr
from chainrule.record import Record
from chainrule.verify import ratio as arithmetic
from chainrule.verify.ratio import Ratio, RatioUndefinedError

# Above this degree no factors are looked for: FLINT takes up to 30 ms for some of 100 terms, and
# every logarithm, root and sign asks for them.
_MAX_DEGREE = 60

UNKNOWN, NOT_NEGATIVE, POSITIVE = 0, 1, 2
"""What is known of a sign, the larger the stronger; negated for what is not positive."""

Factor = tuple[fmpz_mpoly, int]


class Generator:
    """One generator.

    Attributes:
        index: its place in the ring.
        poly: the generator as a polynomial.
        node: the expression it came from, for describing a proof.
        sign: what is known of its sign.
        exponent: for e^u, the exponent u.
        root_of: for a root, the degree and the polynomial under it.
        log_of: for a logarithm, its argument.
        call: for a function of which little is known, its name and first argument.
    """

    __slots__ = ("call", "exponent", "index", "log_of", "node", "poly", "root_of", "sign")

    def __init__(self, index: int, poly: fmpz_mpoly, node: Expr, sign: int) -> None:
        self.index = index
        self.poly = poly
        self.node = node
        self.sign = sign
        self.exponent: Ratio | None = None
        self.root_of: tuple[int, Ratio] | None = None
        self.log_of: Ratio | None = None
        self.call: tuple[str, Ratio] | None = None


class Factored(Record):
    """sign · Π positive · Π unknown; the positive factors may be 0 if ``strict`` is not set."""

    sign: int
    positive: list[Factor]
    unknown: list[Factor]
    strict: bool


@lru_cache(maxsize=8)
def _ring(room: int) -> fmpz_mpoly_ctx:
    return fmpz_mpoly_ctx.get(("k", room), Ordering.degrevlex)


class Generators:
    """The generators made so far, in a ring with room for ``room`` of them."""

    def __init__(self, room: int) -> None:
        self.ring = _ring(room)
        self.one = self.ring.constant(1)
        self.zero = self.ring.constant(0)
        self.room = room
        self.generators: list[Generator] = []
        self.current: Expr  # what is being converted, for the generators made on the way
        self._table: dict[Hashable, Generator] = {}
        self._scaled: dict[Hashable, tuple[Fraction, Generator, Generator | None]] = {}
        self._relations: list[tuple[int, int, Ratio]] = []
        self._refined: dict[int, Ratio] = {}
        self.signs: dict[str, int] = {}
        self.finer: list[Expr] = []

    # --- generators ---------------------------------------------------------------------------
    def new(self, sign: int = UNKNOWN) -> Generator:
        index = len(self.generators)
        if index >= self.room:
            raise RingFullError
        generator = Generator(index, self.ring.gen(index), self.current, sign)
        self.generators.append(generator)
        return generator

    def generator(self, name: Hashable, sign: int = UNKNOWN) -> Generator:
        """The generator with this name, made when it is first asked for."""
        found = self._table.get(name)
        if found is None:
            found = self._table[name] = self.new(sign)
        return found

    def constant(self, value: Fraction | int) -> Ratio:
        if type(value) is int:
            return self.ring.constant(value), None
        above = self.ring.constant(value.numerator)
        if value.denominator == 1:
            return above, None
        return above, self.ring.constant(value.denominator)

    def scaled(self, factor: Fraction, u: Ratio) -> Ratio:
        return arithmetic.multiply(self.constant(factor), u)

    def _refine(self, generator: Generator, value: Ratio) -> None:
        """Write ``generator`` by a newer one from here on.

        What was named after it before will not be recognised, so ``finer`` keeps the
        expressions that should have come first.
        """
        self._refined[generator.index] = value
        self.finer.append(self.current)

    # --- normal forms ---------------------------------------------------------------------------
    def reduced(self, p: fmpz_mpoly) -> Ratio:
        """p with refined generators replaced and every relation used up."""
        result: Ratio = (p, None)
        if not (self._relations or self._refined):
            return result
        while True:
            before = result
            for index in sorted(self._refined):
                result = self._replace(result, index, 1, self._refined[index])
            for index, degree, value in reversed(self._relations):
                result = self._replace(result, index, degree, value)
            # What came in place of a generator can hold one that was refined since.
            if result is before:
                return result

    def _replace(self, u: Ratio, index: int, degree: int, value: Ratio) -> Ratio:
        """Powers gᵠ of the numerator replaced by ``value``."""
        p, below = u
        if p.is_zero() or p.degrees()[index] < degree:
            return u
        parts: dict[int, dict[tuple[int, ...], fmpz]] = {}
        for exponents, coefficient in p.terms():
            times, rest = divmod(exponents[index], degree)
            kept = (*exponents[:index], rest, *exponents[index + 1 :])
            parts.setdefault(times, {})[kept] = coefficient
        most = max(parts)
        n, d = value
        total = self.zero
        for times, terms in parts.items():
            part = arithmetic.product(
                self.ring.from_dict(terms), arithmetic.polynomial_power(n, times)
            )
            if d is not None:
                part = arithmetic.product(part, arithmetic.polynomial_power(d, most - times))
            total += part
        if d is None:
            return total, below
        lower = arithmetic.polynomial_power(d, most)
        return total, lower if below is None else arithmetic.product(below, lower)

    def canonical(self, u: Ratio) -> Ratio:
        """In lowest terms, relations used: equal arguments have equal canonical forms."""
        n, d = u
        if self._relations or self._refined:
            above = self.reduced(n)
            if d is not None:
                above = arithmetic.multiply(above, arithmetic.invert(self.reduced(d)))
            n, d = above
        return (n, None) if d is None else arithmetic.cancelled(n, d)

    def is_zero(self, p: fmpz_mpoly) -> bool:
        """Whether p is 0 by the relations. ``False`` does not say that it is not 0."""
        return bool(p.is_zero()) or bool(self.reduced(p)[0].is_zero())

    # --- signs -------------------------------------------------------------------------------
    def sign_of(self, p: fmpz_mpoly) -> int:
        """POSITIVE or NOT_NEGATIVE if p is so wherever it is defined; negated if −p is."""
        if self.signs:
            text = str(p)
            if text in self.signs:
                return self.signs[text]
            text = str(-p)
            if text in self.signs:
                return -self.signs[text]
        best = NOT_NEGATIVE
        orientation = 1 if p.leading_coefficient() > 0 else -1
        for exponents, coefficient in p.terms():
            if (coefficient > 0) != (orientation > 0):
                return UNKNOWN
            term = POSITIVE
            for index, exponent in enumerate(exponents):
                if exponent:
                    sign = self.generators[index].sign
                    if sign != POSITIVE:
                        term = NOT_NEGATIVE
                    if sign == UNKNOWN and exponent % 2:
                        return UNKNOWN
            best = max(best, term)
        return best * orientation

    def factored(self, u: Ratio) -> Factored:
        """The factors of a fraction in canonical form.

        Raises:
            RatioUndefinedError: u is 0.
        """
        sign, strict = 1, True
        positive: list[Factor] = []
        unknown: list[Factor] = []
        for poly, side in ((u[0], 1), (u[1], -1)):
            if poly is None:
                continue
            if poly.is_zero():
                raise RatioUndefinedError
            constant, factors = _factors(poly)
            if constant < 0:
                sign = -sign
            for prime, times in _primes(abs(constant)):
                positive.append((self.ring.constant(prime), times * side))
            for factor, times in factors:
                known = self.sign_of(factor)
                if known < 0:
                    factor, known = -factor, -known
                    sign = sign if times % 2 == 0 else -sign
                if known == UNKNOWN:
                    unknown.append((factor, int(times) * side))
                else:
                    strict = strict and known == POSITIVE
                    positive.append((factor, int(times) * side))
        return Factored(sign, positive, unknown, strict)

    def multiplied(self, factors: Iterable[Factor], start: int = 1) -> Ratio:
        total = self.constant(start)
        for factor, times in factors:
            total = arithmetic.multiply(total, arithmetic.power((factor, None), times))
        return total

    def sole(self, p: fmpz_mpoly) -> Generator | None:
        """The generator that p consists of, if it does."""
        if len(p) != 1 or p.total_degree() != 1 or p.leading_coefficient() != 1:
            return None
        return self.generators[p.monomial(0).index(1)]


def _factors(p: fmpz_mpoly) -> tuple[fmpz, list[tuple[fmpz_mpoly, int]]]:
    """A constant and factors; a polynomial of high degree stays whole, which is right too."""
    degree = p.total_degree()
    # A linear one has no factors, and FLINT takes its time to find that out.
    if len(p) == 1 or 1 < degree <= _MAX_DEGREE:
        constant, factors = p.factor()
        return constant, list(factors)
    constant, rest = p.primitive()
    if rest.leading_coefficient() < 0:
        constant, rest = -constant, -rest
    return constant, [(rest, 1)]


def _primes(n: fmpz) -> list[tuple[int, int]]:
    if n.bit_length() > 64:
        return [(int(n), 1)]
    return [(int(prime), int(times)) for prime, times in n.factor()]


class RingFullError(Exception):
    """More generators than the ring has room for. Never leaves ``verify``."""
