"""Expressions as rational functions of their kernels, computed with by FLINT.

A kernel is a part that arithmetic cannot see into: a symbol, a call, a root. Exponentials are
split over a basis, so that e^{2x}, e^{x} and e^{-x} are powers of one kernel. Everything here
gives up, by a ``TooLargeError``, where polynomials would grow too large.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from math import comb, gcd, lcm
from typing import NamedTuple

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from chainrule.expr.nodes import (
    Call,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Value,
    rational_value,
)
from chainrule.record import Record
from chainrule.rewrite.field_parts import (
    exponent_basis,
    numeric_shift,
    parts,
    structure,
    symbolic_part,
)
from chainrule.rewrite.monomial import number_power

# Limits on time, and matters of taste.
MAX_TERMS = 600
"""A common divisor of two polynomials of so many terms takes some milliseconds."""
MAX_KERNELS = 24
"""What is made of more parts rarely gets shorter when it is put in order."""
MAX_DEGREE = 16
"""Nobody multiplies out the seventeenth power of a sum."""
MAX_EXPONENTIAL_DEGREE = 10_000
"""e and e^(1/0.79788) are powers of e^(1/19947): common factors of these are never found."""
_MAX_POWER = 10**6
"""A common divisor of polynomials in one letter takes half a second at this degree, and more time
and memory the higher it is."""

Row = tuple[tuple[int, ...], fmpq]
"""A term of a polynomial: exponents and coefficient."""


class TooLargeError(Exception):
    """A polynomial grew past the limits; the caller falls back to what it had."""


class Ratio(NamedTuple):
    """A rational function: two coprime polynomials in the kernels of a field."""

    top: fmpq_mpoly
    bottom: fmpq_mpoly


def polynomial_power(base: fmpq_mpoly, exponent: int) -> fmpq_mpoly:
    """``base`` to a power of at least 0, where that cannot grow past the limits.

    Raises:
        TooLargeError: before anything is computed, when the power could have more than
            ``10 * MAX_TERMS`` terms or a degree past a million.
    """
    if exponent < 2:
        return base if exponent else base**0
    terms = len(base)
    if exponent > _MAX_POWER or (terms > 1 and exponent > MAX_DEGREE):
        raise TooLargeError
    # A sum of t terms has at most C(t + n − 1, n) different products of n of them.
    if terms > 2 and comb(terms + exponent - 1, exponent) > 10 * MAX_TERMS:
        raise TooLargeError
    return base**exponent


class Exponential(Record):
    """The kernel e^{argument}; e^{c·rest} is its power ``c / unit``."""

    rest: Expr
    unit: Fraction


def _unit(values: Sequence[Fraction]) -> Fraction:
    """The exponent of a kernel of which e to the power of each value is a power.

    Raises:
        TooLargeError: one of them is a higher power than ``MAX_EXPONENTIAL_DEGREE``.
    """
    unit = Fraction(1, reduce(lcm, (v.denominator for v in values)))
    if max(abs(value) for value in values) > MAX_DEGREE * unit:
        # e^{1.702x} is a power of e^{x/500}, but its 851st.
        unit *= gcd(*(int(value / unit) for value in values))
        if max(abs(value) for value in values) > MAX_EXPONENTIAL_DEGREE * unit:
            raise TooLargeError
    return -unit if all(value < 0 for value in values) else unit


class Field:
    """The field of rational functions over the kernels of some expressions.

    Attributes:
        kernels: the generators: an expression, or an ``Exponential``.
        decimal: whether any number was written as a decimal, so that results should be too.
        bases: the kernels as expressions, letters for exponentials.
        exponentials: these letters, and what they stand for.
        one_letter: whether the one kernel is a letter.
        converted: the expressions that were converted, as fractions not yet in lowest terms.

    Raises:
        TooLargeError: while converting, where powers or polynomials grow too large.
    """

    def __init__(self, *roots: Expr) -> None:
        found = parts(roots)
        self.decimal = found.decimal
        self._degrees = found.roots
        # Beside √x, x is its square (see below).
        squares = {base for base in found.roots if isinstance(base, Symbol)}
        self.kernels: list[Expr | Exponential] = [k for k in found.plain if k not in squares]
        for base, degree in found.roots.items():
            self.kernels.append(number_power(base, Fraction(1, degree)))
        self._exponents, units = exponent_basis(list(found.arguments))
        self.kernels += (Exponential(rest, _unit(values)) for rest, values in units.items())
        self._index = {
            kernel.rest: (i, kernel)
            for i, kernel in enumerate(self.kernels)
            if isinstance(kernel, Exponential)
        }
        self._position = {
            kernel: i
            for i, kernel in enumerate(self.kernels)
            if not isinstance(kernel, Exponential)
        }
        if len(self.kernels) > MAX_KERNELS:
            raise TooLargeError
        self.exponentials = [
            (Symbol(f" k{i}"), kernel)
            for i, kernel in enumerate(self.kernels)
            if isinstance(kernel, Exponential)
        ]
        self.bases = [k for k in self.kernels if not isinstance(k, Exponential)]
        self.bases += [placeholder for placeholder, _ in self.exponentials]
        names = [f"k{i}" for i in range(len(self.kernels))] or ["k0"]
        self.context = fmpq_mpoly_ctx.get(names, "lex")
        self.generators = self.context.gens()
        self._one = self.context.constant(1)
        self.one_letter = len(self.kernels) == 1 and isinstance(self.kernels[0], Symbol)
        self.converted: dict[Expr, Ratio] = {}
        self._relations: list[tuple[int, int, Expr]] = []
        for base, degree in found.roots.items():
            position = self._position[number_power(base, Fraction(1, degree))]
            if base in squares:
                # So that 2√x + 4x + 2x√x can be factored.
                self.converted[base] = Ratio(self.generators[position] ** degree, self._one)
            else:
                self._relations.append((position, degree, base))

    # --- into the field -----------------------------------------------------------------------
    def ratio(self, root: Expr) -> Ratio:
        """The expression as a cancelled rational function."""
        done = self.converted
        for node in structure((root,)):
            if node not in done:
                done[node] = self._convert(node)
        found = done[root]
        if self._relations:
            # Before √u² becomes u, which may hide what top and bottom share.
            found = self.cancelled(found.top, found.bottom)
        bottom = self._reduced(found.bottom)
        if bottom.is_zero():
            # 1/(√u² − u), or 0 to a negative power.
            raise TooLargeError
        return self.cancelled(self._reduced(found.top), bottom)

    def _convert(self, node: Expr) -> Ratio:
        one = self._one
        done = self.converted
        match node:
            case Number(value):
                return Ratio(self._constant(value), one)
            case Sum(args):
                return self._sum([done[arg] for arg in args])
            case Product(args):
                top, bottom = one, one
                for arg in args:
                    part = done[arg]
                    # Checked at every factor: thirty of two terms make a thousand million.
                    product = self._checked(top * part.top, bottom * part.bottom)
                    top, bottom = product.top, product.bottom
                return Ratio(top, bottom)
            case Quotient(numerator, denominator):
                above, below = done[numerator], done[denominator]
                if below.top.is_zero():
                    raise TooLargeError
                return self._checked(above.top * below.bottom, above.bottom * below.top)
            case Call("exp", (argument,)):
                return self._exponential(argument)
            case Call("sqrt", (base,)):
                return self._root(base, Fraction(1, 2))
            case Power(base, exponent):
                value_ = rational_value(exponent)
                if value_ is None:
                    symbolic = symbolic_part(node)
                    kernel = self.generators[self._position[symbolic]]
                    shift = numeric_shift(exponent)
                    if shift == 0:
                        return Ratio(kernel, one)
                    inner = self._power(done[base], shift)
                    return Ratio(kernel * inner.top, inner.bottom)
                if value_.__class__ is not int:
                    return self._root(base, Fraction(value_))
                return self._power(done[base], int(value_))
        return Ratio(self.generators[self._position[node]], one)

    def _constant(self, value: Value) -> fmpq_mpoly:
        return self.context.constant(fmpq(value.numerator, value.denominator))

    def _sum(self, parts: Sequence[Ratio]) -> Ratio:
        top, bottom = parts[0].top, parts[0].bottom
        for part in parts[1:]:
            if part.bottom == bottom:
                top = top + part.top
            else:
                common = bottom.gcd(part.bottom)
                scale = part.bottom // common
                top = top * scale + part.top * (bottom // common)
                bottom = bottom * scale
                self._checked(top, bottom)
        return self._checked(top, bottom)

    def _power(self, base: Ratio, exponent: int) -> Ratio:
        top = polynomial_power(base.top, abs(exponent))
        bottom = polynomial_power(base.bottom, abs(exponent))
        if exponent >= 0:
            return self._checked(top, bottom)
        if base.top.is_zero():
            raise TooLargeError
        return self._checked(bottom, top)

    def _exponential(self, argument: Expr) -> Ratio:
        top = bottom = self._one
        for value, rest in self._exponents[argument]:
            position, kernel = self._index[rest]
            degree = int(Fraction(value) / kernel.unit)
            if abs(degree) > _MAX_POWER:
                raise TooLargeError
            if degree >= 0:
                top = top * self.generators[position] ** degree
            else:
                bottom = bottom * self.generators[position] ** -degree
        return Ratio(top, bottom)

    def _root(self, base: Expr, exponent: Fraction) -> Ratio:
        degree = self._degrees[base]
        position = self._position[number_power(base, Fraction(1, degree))]
        power = int(exponent * degree)
        if abs(power) > MAX_DEGREE:
            raise TooLargeError
        kernel = self.generators[position] ** abs(power)
        return Ratio(kernel, self._one) if power >= 0 else Ratio(self._one, kernel)

    def _checked(self, top: fmpq_mpoly, bottom: fmpq_mpoly) -> Ratio:
        if len(top) > MAX_TERMS or len(bottom) > MAX_TERMS:
            raise TooLargeError
        return Ratio(top, bottom)

    def _reduced(self, poly: fmpq_mpoly) -> fmpq_mpoly:
        """With root kernels lowered by rootⁿ = base, where the base is a polynomial here."""
        for position, degree, base in self._relations:
            if poly.degrees()[position] < degree or base not in self.converted:
                continue
            square = self.converted[base]
            if not square.bottom.is_one():
                continue
            lowered = self.context.from_dict({})
            for exponents, coefficient in poly.terms():
                times, rest = divmod(exponents[position], degree)
                kept = (*exponents[:position], rest, *exponents[position + 1 :])
                lowered = lowered + self.context.from_dict(
                    {tuple(map(int, kept)): coefficient}
                ) * polynomial_power(square.top, int(times))
                self._checked(lowered, self._one)
            poly = lowered
        return poly

    def cancelled(self, top: fmpq_mpoly, bottom: fmpq_mpoly) -> Ratio:
        """In lowest terms."""
        if bottom.is_one():
            return Ratio(top, bottom)
        if top.is_zero():
            return Ratio(top, self._one)
        common = top.gcd(bottom)
        if not common.is_one():
            top, bottom = top // common, bottom // common
        number = gcd(_whole_content(top), _whole_content(bottom))
        if number > 1:
            top, bottom = top / number, bottom / number
        return Ratio(top, bottom)

    def by_powers(self, position: int, poly: fmpq_mpoly) -> dict[int, fmpq_mpoly]:
        """The coefficients of the powers of one generator."""
        rows: dict[int, dict[tuple[int, ...], fmpq]] = {}
        for exponents, coefficient in poly.terms():
            powers = tuple(map(int, exponents))
            rest = (*powers[:position], 0, *powers[position + 1 :])
            rows.setdefault(powers[position], {})[rest] = coefficient
        return {degree: self.context.from_dict(terms) for degree, terms in rows.items()}

    def root_of(self, position: int) -> tuple[int, Ratio] | None:
        """Of a kernel that is an n-th root: n, and what it is the root of."""
        for kernel, degree, base in self._relations:
            if kernel == position:
                return degree, self.ratio(base)
        return None


def _whole_content(poly: fmpq_mpoly) -> int:
    """The number that all coefficients have in common, 1 if one of them is a fraction."""
    content = 0
    for value in poly.coeffs():
        if value.q != 1:
            return 1
        content = gcd(content, int(value.p))
        if content == 1:
            break
    return content
