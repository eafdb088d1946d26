"""Sines and cosines by the addition theorems, as polynomials in those of a few angles."""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction

from chainrule.verify import ratio as arithmetic
from chainrule.verify.generators import Generator
from chainrule.verify.kernels import Kernels
from chainrule.verify.ratio import Ratio, RatioTooLargeError, key

# The addition theorems are not used on longer sums: the terms double with each angle.
_MAX_ANGLES = 3
# sin 12u by sin u and cos u is a polynomial of degree 12 with coefficients in the thousands. Nobody
# writes identities of higher multiples, or of finer parts of an angle than sixths.
_MAX_TIMES, _FINEST = 12, 6

SineCosine = tuple[Ratio, Ratio]


class Angles(Kernels):
    """Sines and cosines over the generators made so far."""

    def angles(self, u: Ratio) -> SineCosine:
        """Sine and cosine of u, by the addition theorems over its terms."""
        u = self.canonical(u)
        if len(u[0]) > _MAX_ANGLES:
            return self._angle(*_oriented(u))
        found = self.constant(0), self.constant(1)
        for share, term, name in self.terms(u):
            found = _added(found, self._term(share, term, name))
        return found

    def tangent(self, u: Ratio) -> Ratio:
        """Sine over cosine."""
        s, c = self.angles(u)
        return arithmetic.multiply(s, arithmetic.invert(c))

    def _term(self, share: Fraction, u: Ratio, name: Hashable) -> SineCosine:
        """Sine and cosine of share·u, where u is one term."""
        generator = self.sole(u[0]) if u[1] is None else None
        if generator is not None and share.denominator == 1 and abs(share) <= _MAX_TIMES:
            known = self._by_inverse(generator)
            if known is None and generator is self._table.get("pi"):
                known = self.constant(0), self.constant(-1)
            if known is not None:
                return self._turned(known, int(share))
        return self._angle(share, u, name)

    def _by_inverse(self, generator: Generator) -> SineCosine | None:
        """Sine and cosine of an arc that is given by its tangent, sine or cosine."""
        if generator.call is None:
            return None
        name, u = generator.call
        one, square = self.constant(1), arithmetic.multiply(u, u)
        match name:
            case "atan":
                size = self.rational_power(arithmetic.add(one, square), Fraction(-1, 2))
                return arithmetic.multiply(u, size), size
            case "asin":
                return u, self.rational_power(arithmetic.subtract(one, square), Fraction(1, 2))
            case "acos":
                return self.rational_power(arithmetic.subtract(one, square), Fraction(1, 2)), u
        return None

    def _angle(self, share: Fraction, u: Ratio, name: Hashable) -> SineCosine:
        """Sine and cosine of share·u as polynomials in those of c·u, c as for exponentials."""
        name = ("angle", name)
        found = self._scaled.get(name)
        if found is None:
            found = self._scaled[name] = (abs(share), *self._circle())
        scale, sine, cosine = found
        assert cosine is not None
        times = abs(share) / scale
        if times.denominator != 1:
            if times.denominator > _FINEST:
                raise RatioTooLargeError
            finer = self._circle()
            old = self._turned(_as_pair(*finer), times.denominator)
            self._refine(sine, old[0])
            self._refine(cosine, old[1])
            scale, (sine, cosine) = scale / times.denominator, finer
            self._scaled[name] = (scale, sine, cosine)
            times = abs(share) / scale
        if times > _MAX_TIMES:
            raise RatioTooLargeError
        return self._turned(_as_pair(sine, cosine), int(times) if share > 0 else -int(times))

    def _circle(self) -> tuple[Generator, Generator]:
        sine, cosine = self.new(), self.new()
        self._relations.append((cosine.index, 2, (self.one - sine.poly**2, None)))
        return sine, cosine

    def _turned(self, pair: SineCosine, times: int) -> SineCosine:
        """Those of ``times`` the angle."""
        found = self.constant(0), self.constant(1)
        for _ in range(abs(times)):
            found = _added(found, pair)
        return (arithmetic.negate(found[0]), found[1]) if times < 0 else found


def _added(a: SineCosine, b: SineCosine) -> SineCosine:
    """Those of the sum of two angles: DLMF 4.21.2 and 4.21.3."""
    (s, c), (sine, cosine) = a, b
    return (
        arithmetic.add(arithmetic.multiply(s, cosine), arithmetic.multiply(c, sine)),
        arithmetic.subtract(arithmetic.multiply(c, cosine), arithmetic.multiply(s, sine)),
    )


def _as_pair(sine: Generator, cosine: Generator) -> SineCosine:
    return (sine.poly, None), (cosine.poly, None)


def _oriented(u: Ratio) -> tuple[Fraction, Ratio, Hashable]:
    """±u with its first coefficient positive: an angle and its negative have one name."""
    if u[0].leading_coefficient() < 0:
        u = arithmetic.negate(u)
        return Fraction(-1), u, ("whole", key(u))
    return Fraction(1), u, ("whole", key(u))
