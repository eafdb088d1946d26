"""The functions that are taken apart into generators: exponentials, logarithms, roots, |u|.

Each method returns a fraction in generators that equals the function wherever it is defined.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from fractions import Fraction
from math import lcm

from flint import fmpz_mpoly

from chainrule.verify import ratio as arithmetic
from chainrule.verify.generators import (
    NOT_NEGATIVE,
    POSITIVE,
    UNKNOWN,
    Factor,
    Generator,
    Generators,
)
from chainrule.verify.ratio import Ratio, RatioTooLargeError, RatioUndefinedError, key

# The exponential of a sum with more terms is one generator, and not a product: a ring has room for
# few of them (see ``algebra``).
_MAX_TERMS = 8


class Kernels(Generators):
    """Elementary functions over the generators made so far."""

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
        if below is None and len(n) == 1:
            # Nearly always; to build a polynomial from exponents would take longer.
            share = Fraction(int(n.leading_coefficient()), int(content))
            monomial = n.primitive()[1]
            whole: Ratio = (monomial if share > 0 else -monomial, None)
            yield share, whole, key(whole)
            return
        for exponents, coefficient in n.terms():
            share = Fraction(int(coefficient), int(content))
            above = self.ring.term(exp_vec=exponents)
            term: Ratio = (above, None) if below is None else arithmetic.cancelled(above, below)
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
            RatioUndefinedError: u is never positive.
        """
        factors = self.factored(self.canonical(u))
        total: Ratio = (self.zero, None)
        for factor, times in factors.positive:
            part = self._log_factor(factor)
            total = arithmetic.add(total, self.scaled(Fraction(times), part))
        unknown = factors.unknown
        if not unknown:
            if factors.sign < 0:
                raise RatioUndefinedError
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
            RatioUndefinedError: u is never positive (nor 0), or 0 has a negative power.
        """
        if exponent.denominator == 1:
            return arithmetic.power(u, exponent.numerator)
        u = self.canonical(u)
        if u[0].is_zero():
            if exponent < 0:
                raise RatioUndefinedError
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
                # The root of −|x| is defined at a point, which nothing here can express.
                raise RatioUndefinedError if factors.strict else RatioTooLargeError
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
            raise RatioTooLargeError
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
