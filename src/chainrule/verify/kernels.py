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

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from flint import Ordering, fmpz, fmpz_mpoly, fmpz_mpoly_ctx

from chainrule.expr.nodes import Expr
from chainrule.verify import ratio as arithmetic
from chainrule.verify.ratio import Ratio, TooLargeError, UndefinedError, key

# Of an exponential of a longer sum nothing is taken apart.
_MAX_TERMS = 8

UNKNOWN, NOT_NEGATIVE, POSITIVE = 0, 1, 2

Factor = tuple[fmpz_mpoly, int]


@dataclass(slots=True)
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
    """

    index: int
    poly: fmpz_mpoly
    node: Expr
    sign: int = UNKNOWN
    exponent: Ratio | None = None
    root_of: tuple[int, Ratio] | None = None
    log_of: Ratio | None = None


@dataclass(frozen=True, slots=True)
class Factored:
    """sign · Π positive · Π unknown; the positive factors may be 0 if ``strict`` is not set."""

    sign: int
    positive: list[Factor]
    unknown: list[Factor]
    strict: bool


class Kernels:
    """The generators made so far, in a ring with room for ``room`` of them."""

    def __init__(self, room: int) -> None:
        self.ring = fmpz_mpoly_ctx.get(("k", room), Ordering.degrevlex)
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
        """From here on ``generator`` is written by a newer one.

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
        return (n, None) if d is None else arithmetic.cancelled((n, d))

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
            UndefinedError: u is 0.
        """
        sign, strict = 1, True
        positive: list[Factor] = []
        unknown: list[Factor] = []
        for poly, side in ((u[0], 1), (u[1], -1)):
            if poly is None:
                continue
            if poly.is_zero():
                raise UndefinedError
            constant, factors = poly.factor()
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
        return self.generators[list(p.degrees()).index(1)]

    # --- exponentials ---------------------------------------------------------------------------
    def exp(self, u: Ratio) -> Ratio:
        """e^u as a product over the terms of u: e^(x+2a) = e^x·(e^a)²."""
        u = self.canonical(u)
        if len(u[0]) > _MAX_TERMS:
            return self._exp_term(Fraction(1), u, ("whole", key(u)))
        total: Ratio = (self.one, None)
        for share, term, name in self.terms(u):
            logarithm = self.sole(term[0]) if term[1] is None else None
            if logarithm is not None and logarithm.log_of is not None:
                part = self.rational_power(logarithm.log_of, share)
            else:
                part = self._exp_term(share, term, name)
            total = arithmetic.multiply(total, part)
        return total

    def terms(self, u: Ratio) -> Iterator[tuple[Fraction, Ratio, Hashable]]:
        """A fraction in canonical form as a sum: rational factors, terms, names of the terms."""
        n, d = u
        content, below = (1, None) if d is None else d.primitive()
        if below is not None and below.is_one():
            below = None
        for exponents, coefficient in n.terms():
            share = Fraction(int(coefficient), int(content))
            term: Ratio = (self.ring.term(exp_vec=exponents), below)
            if below is not None:
                term = arithmetic.cancelled(term)
            yield share, term, key(term)

    def _exp_term(self, share: Fraction, u: Ratio, name: Hashable) -> Ratio:
        """e^(share·u), as a power of the generator e^(c·u), c as it was first needed."""
        name = ("exp", name)
        found = self._scaled.get(name)
        if found is None:
            # e^(2u) is the square of e^u from the start; e^(-u) keeps its sign.
            first = share / abs(share.numerator)
            found = self._scaled[name] = (first, self._exponential(first, u), None)
        scale, generator, _ = found
        times = share / scale
        if times.denominator != 1:
            finer = self._exponential(scale / times.denominator, u)
            power = arithmetic.polynomial_power(finer.poly, times.denominator)
            self._refine(generator, (power, None))
            self._scaled[name] = (scale / times.denominator, finer, None)
            generator, times = finer, times * times.denominator
        return arithmetic.power((generator.poly, None), int(times))

    def _exponential(self, share: Fraction, u: Ratio) -> Generator:
        # x^v = e^(v ln x) is negative for some x < 0, so ln x has to be a real one.
        used = {
            index
            for poly in u
            if poly is not None
            for index, degree in enumerate(poly.degrees())
            if degree
        }
        logarithms = [self.generators[index].log_of for index in used]
        real = all(inner is None or self._is_positive(inner) for inner in logarithms)
        generator = self.new(POSITIVE if real else UNKNOWN)
        generator.exponent = self.scaled(share, u)
        return generator

    def _is_positive(self, u: Ratio) -> bool:
        factors = self.factored(u)
        return not factors.unknown and factors.sign > 0

    # --- logarithms -----------------------------------------------------------------------------
    def log(self, u: Ratio) -> Ratio:
        """ln u, taken apart as far as that is right for every u > 0.

        Raises:
            UndefinedError: u is never positive.
        """
        factors = self.factored(self.canonical(u))
        total: Ratio = (self.zero, None)
        for factor, times in factors.positive:
            part = self._log_factor(factor)
            total = arithmetic.add(total, self.scaled(Fraction(times), part))
        unknown = factors.unknown
        if not unknown:
            if factors.sign < 0:
                raise UndefinedError
            return total
        if factors.sign > 0 and all(times % 2 == 0 for _, times in unknown):
            for factor, times in unknown:
                size = self._log_generator((self.absolute(factor), None))
                total = arithmetic.add(total, self.scaled(Fraction(times), size))
            return total
        if len(unknown) == 1:
            factor, times = unknown[0]
            inner = self._log_generator((factor * factors.sign, None))
            return arithmetic.add(total, self.scaled(Fraction(times), inner))
        unknown = sorted(unknown, key=lambda row: str(row[0]))
        side = 1 if unknown[0][1] > 0 else -1
        rest = self.multiplied(((p, times * side) for p, times in unknown), factors.sign)
        return arithmetic.add(total, self.scaled(Fraction(side), self._log_generator(rest)))

    def _log_factor(self, factor: fmpz_mpoly) -> Ratio:
        generator = self.sole(factor)
        if generator is not None and generator.exponent is not None:
            return generator.exponent
        if generator is not None and generator.root_of is not None:
            degree, base = generator.root_of
            return self.scaled(Fraction(1, degree), self.log(base))
        return self._log_generator((factor, None))

    def _log_generator(self, u: Ratio) -> Ratio:
        generator = self.generator(("log", key(u)))
        generator.log_of = u
        return generator.poly, None

    # --- roots ------------------------------------------------------------------------------------
    def rational_power(self, u: Ratio, exponent: Fraction, odd_root: bool = False) -> Ratio:
        """u^(p/q) for u ≥ 0, or for any u if it is an ``odd_root``.

        Raises:
            UndefinedError: u is never positive (nor 0), or 0 has a negative power.
        """
        if exponent.denominator == 1:
            return arithmetic.power(u, exponent.numerator)
        u = self.canonical(u)
        if u[0].is_zero():
            if exponent < 0:
                raise UndefinedError
            return u
        factors = self.factored(u)
        total: Ratio = (self.one, None)
        for factor, times in factors.positive:
            total = arithmetic.multiply(total, self._power_of_factor(factor, times * exponent))
        unknown, sign = factors.unknown, factors.sign
        if odd_root:
            for factor, times in unknown:
                part = self._root((factor, None), times * exponent, odd_root)
                total = arithmetic.multiply(total, part)
            return arithmetic.negate(total) if sign < 0 and exponent.numerator % 2 else total
        if not unknown:
            if sign < 0:
                raise UndefinedError
            return total
        if len(unknown) == 1 and unknown[0][1] % 2:
            factor, times = unknown[0]
            part = self._root((factor * sign, None), times * exponent)
        elif exponent.denominator == 2:
            part = self._square_root(unknown, sign, exponent.numerator)
        else:
            part = self._root(self.canonical(self.multiplied(unknown, sign)), exponent)
        return arithmetic.multiply(total, part)

    def _square_root(self, factors: list[Factor], sign: int, numerator: int) -> Ratio:
        outside = [(self.absolute(p), times // 2 * numerator) for p, times in factors]
        inside = [(p, 1) for p, times in factors if times % 2]
        if not inside and sign < 0:
            raise UndefinedError
        total = self.multiplied(outside)
        if inside:
            part = self._root(self.multiplied(inside, sign), Fraction(numerator, 2))
            total = arithmetic.multiply(total, part)
        return total

    def _power_of_factor(self, factor: fmpz_mpoly, exponent: Fraction) -> Ratio:
        generator = self.sole(factor)
        if generator is not None and generator.exponent is not None:
            return self.exp(self.scaled(exponent, generator.exponent))
        if generator is not None and generator.root_of is not None:
            degree, base = generator.root_of
            return self._root(base, exponent / degree)
        return self._root((factor, None), exponent)

    def _root(self, base: Ratio, exponent: Fraction, odd_root: bool = False) -> Ratio:
        """base^exponent, the base not taken apart any more."""
        if exponent.denominator == 1:
            return arithmetic.power(base, exponent.numerator)
        name = ("root", key(base), odd_root)
        found = self._scaled.get(name)
        if found is None:
            found = self._scaled[name] = self._radical(base, exponent.denominator, odd_root)
        scale, generator, _ = found
        if (exponent / scale).denominator != 1:
            degree = lcm(scale.denominator, exponent.denominator)
            found = self._scaled[name] = self._radical(base, degree, odd_root)
            finer = arithmetic.polynomial_power(found[1].poly, degree // scale.denominator)
            self._refine(generator, (finer, None))
            scale, generator, _ = found
        whole, rest = divmod(int(exponent / scale), scale.denominator)
        return arithmetic.multiply(
            arithmetic.power(base, whole),
            (arithmetic.polynomial_power(generator.poly, rest), None),
        )

    def _radical(
        self, base: Ratio, degree: int, odd_root: bool
    ) -> tuple[Fraction, Generator, None]:
        positive = base[1] is None and self.sign_of(base[0]) == POSITIVE
        # Only the root of an odd degree that is meant for every base can be negative.
        generator = self.new(POSITIVE if positive else UNKNOWN if odd_root else NOT_NEGATIVE)
        generator.root_of = (degree, base)
        self._relations.append((generator.index, degree, base))
        return Fraction(1, degree), generator, None

    # --- absolute values --------------------------------------------------------------------------
    def absolute(self, p: fmpz_mpoly) -> fmpz_mpoly:
        """|p| for a polynomial without square factors."""
        known = self.sign_of(p)
        if known:
            return p if known > 0 else -p
        if p.leading_coefficient() < 0:
            p = -p
        name = ("abs", str(p))
        if name not in self._table:
            generator = self.generator(name, NOT_NEGATIVE)
            self._relations.append((generator.index, 2, (p * p, None)))
        return self._table[name].poly

    def abs(self, u: Ratio) -> Ratio:
        u = self.canonical(u)
        if u[0].is_zero():
            return u
        factors = self.factored(u)
        total = self.multiplied(factors.positive)
        for factor, times in factors.unknown:
            if times % 2:
                total = arithmetic.multiply(total, (self.absolute(factor), None))
                times -= 1
            total = arithmetic.multiply(total, arithmetic.power((factor, None), times))
        return total

    # --- sine and cosine -----------------------------------------------------------------------
    def angle(self, share: Fraction, u: Ratio, name: Hashable) -> tuple[Ratio, Ratio]:
        """Sine and cosine of share·u as polynomials in those of c·u, c as in ``_exp_term``."""
        name = ("angle", name)
        found = self._scaled.get(name)
        if found is None:
            found = self._scaled[name] = (abs(share), *self._circle())
        scale, sine, cosine = found
        assert cosine is not None
        times = abs(share) / scale
        if times.denominator != 1:
            if times.denominator > 6:
                raise TooLargeError
            finer = self._circle()
            old = _multiple((self.one, None), (finer[0].poly, finer[1].poly), times.denominator)
            self._refine(sine, old[0])
            self._refine(cosine, old[1])
            scale, (sine, cosine) = scale / times.denominator, finer
            self._scaled[name] = (scale, sine, cosine)
            times = abs(share) / scale
        if times > 12:
            raise TooLargeError
        s, c = _multiple((self.one, None), (sine.poly, cosine.poly), int(times))
        return (arithmetic.negate(s) if share < 0 else s), c

    def _circle(self) -> tuple[Generator, Generator]:
        sine, cosine = self.new(), self.new()
        self._relations.append((cosine.index, 2, (self.one - sine.poly**2, None)))
        return sine, cosine


def _multiple(one: Ratio, pair: tuple[fmpz_mpoly, fmpz_mpoly], times: int) -> tuple[Ratio, Ratio]:
    """Sine and cosine of ``times`` the angle."""
    s, c = pair
    sine, cosine = one[0] * 0, one[0]
    for _ in range(times):
        sine, cosine = sine * c + cosine * s, cosine * c - sine * s
    return (sine, None), (cosine, None)


def _primes(n: fmpz) -> list[tuple[int, int]]:
    if n == 1:
        return []
    if n.bit_length() > 64:
        return [(int(n), 1)]
    return [(int(prime), int(times)) for prime, times in n.factor()]


class RingFullError(Exception):
    """More generators than the ring has room for. Never leaves ``verify``."""
