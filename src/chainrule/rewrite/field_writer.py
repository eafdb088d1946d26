"""How an author writes a rational function: order, signs, factors, what shares a fraction.

What the function is, ``rational`` knows; everything here is a matter of taste, and nothing here
changes a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property, reduce
from math import lcm
from typing import NamedTuple

from flint import fmpq, fmpq_mpoly

from chainrule.expr.nodes import ONE, E, Expr, Product, Sum, Value
from chainrule.rewrite.monomial import Monomial, coefficient_and_rest, scaled
from chainrule.rewrite.rational import Exponential, Field, Ratio, Row


class Factor(NamedTuple):
    """An irreducible factor and how often it occurs."""

    poly: fmpq_mpoly
    exponent: int

    def is_difference(self) -> bool:
        """Two terms of different signs, an odd number of times."""
        signs = [value > 0 for value in self.poly.coeffs()]
        return len(signs) == 2 and signs[0] != signs[1] and self.exponent % 2 == 1


class FieldWriter:
    """Writes elements of a field as expressions, which still want tidying.

    Attributes:
        field: the field.
    """

    def __init__(self, field: Field) -> None:
        self.field = field
        self._balanced = False
        self._factored: dict[int, tuple[fmpq_mpoly, tuple[Fraction, tuple[Factor, ...], int]]] = {}

    def expression(self, ratio: Ratio, *, factored: bool, balanced: bool = False) -> Expr:
        """The rational function as an expression; the denominator is always factored.

        With ``factored`` the numerator is too. With ``balanced`` a factor such as 1 + e^{2x} is
        written e^x (e^x + e^{-x}). The result still wants tidying.
        """
        self._balanced = balanced
        if not factored:
            scale, bottom = self.denominator(ratio)
            rest = self._written(scale, [], bottom)
            whole = self._sum_expression(ratio.top.terms())
            return whole if rest is ONE else Product((whole, rest))
        return self._written(*self.fraction(ratio))

    def denominator(self, ratio: Ratio) -> tuple[Fraction, list[Factor]]:
        """The denominator's factors, and the number that remains to be multiplied by."""
        scale, below, sign = self._factors(ratio.bottom)
        return 1 / (scale * sign), list(below)

    def fraction(self, ratio: Ratio) -> tuple[Fraction, list[Factor], list[Factor]]:
        """A number, the numerator's factors and the denominator's."""
        scale, bottom = self.denominator(ratio)
        top_scale, above, top_sign = self._factors(ratio.top)
        top = list(above)
        scale = scale * top_scale * top_sign
        if scale < 0:
            # Rather y (1 − y) than −y (y − 1): a difference takes the sign.
            for pieces in (top, bottom):
                found = [i for i, piece in enumerate(pieces) if piece.is_difference()]
                new = [i for i in found if _shape(pieces[i].poly) not in self._sums]
                i = next(iter(new or found), None)
                if i is not None:
                    pieces[i] = Factor(-pieces[i].poly, pieces[i].exponent)
                    scale = -scale
                    break
        return scale, top, bottom

    def balances(self, ratio: Ratio) -> bool:
        """Whether the balanced form differs from the factored one."""
        _, top, bottom = self.fraction(ratio)
        degrees = [piece.poly.degrees() for piece in (*top, *bottom) if len(piece.poly) > 1]
        return any(
            row[i] and row[i] % 2 == 0
            for i, kernel in enumerate(self.field.kernels)
            if isinstance(kernel, Exponential)
            for row in degrees
        )

    def _written(self, scale: Fraction, top: list[Factor], bottom: list[Factor]) -> Expr:
        result = Monomial(coefficient=scale, decimal=self.field.decimal)
        for pieces, sign in ((top, 1), (bottom, -1)):
            for piece in pieces:
                self._raise_piece(result, piece, sign)
        return self._with_exponentials(result)

    def _raise_piece(self, result: Monomial, piece: Factor, sign: int) -> None:
        exponent = piece.exponent * sign
        if len(piece.poly) == 1:
            ((exponents, _),) = piece.poly.terms()
            for i, degree in enumerate(exponents):
                if degree:
                    result.raise_base(self.field.bases[i], int(degree) * exponent, None)
            return
        rows = [(tuple(map(int, exponents)), value) for exponents, value in piece.poly.terms()]
        if self._balanced:
            for i, kernel in enumerate(self.field.kernels):
                highest = max(exponents[i] for exponents, _ in rows)
                if isinstance(kernel, Exponential) and highest and highest % 2 == 0:
                    middle = highest // 2
                    result.raise_base(self.field.bases[i], middle * exponent, None)
                    rows = [((*e[:i], e[i] - middle, *e[i + 1 :]), v) for e, v in rows]
        result.raise_base(self._sum_expression(rows), exponent, None)

    def termwise(self, ratio: Ratio) -> Expr:
        """The rational function with the terms of the numerator divided by the denominator.

        Terms that end up over the same denominator share a fraction.
        """
        parts: list[Expr] = []
        for (denominator, *shift), rows in self.term_groups(ratio).items():
            divide = Monomial(coefficient=Fraction(1, denominator), decimal=self.field.decimal)
            for i, power in enumerate(shift):
                if power:
                    divide.raise_base(self.field.bases[i], power, None)
            whole = self._sum_expression(rows)
            parts.append(Product((whole, self._with_exponentials(divide))))
        return parts[0] if len(parts) == 1 else Sum(tuple(parts))

    def term_groups(self, ratio: Ratio) -> dict[tuple[int, ...], list[Row]]:
        """The terms of ratio.top over the single term ratio.bottom, by what divides them.

        The key is the denominator of the number and the powers of the kernels, none positive;
        each term of the group is to be multiplied by both.
        """
        ((below, divisor),) = ratio.bottom.terms()
        groups: dict[tuple[int, ...], list[Row]] = {}
        for exponents, coefficient in ratio.top.terms():
            powers = [int(e) - int(b) for e, b in zip(exponents, below, strict=True)]
            value = coefficient / divisor
            denominator = int(value.q)
            shift = [min(power, 0) for power in powers]
            raised = tuple(power - s for power, s in zip(powers, shift, strict=True))
            groups.setdefault((denominator, *shift), []).append((raised, value * denominator))
        return groups

    def _with_exponentials(self, monomial: Monomial) -> Expr:
        for placeholder, kernel in self.field.exponentials:
            exponent = monomial.powers.pop(placeholder, None)
            if exponent is not None:
                amount = kernel.unit * exponent.number
                monomial.raise_base(
                    E, 0, (1, scaled_argument(amount, kernel.rest, self.field.decimal))
                )
        if monomial.coefficient.denominator == 1:
            monomial.coefficient = monomial.coefficient.numerator
        return monomial.build()

    def kernel_power(self, position: int, exponent: int) -> Expr:
        """The kernel raised to a power, as an expression."""
        monomial = Monomial()
        monomial.raise_base(self.field.bases[position], exponent, None)
        return self._with_exponentials(monomial)

    def _factors(self, poly: fmpq_mpoly) -> tuple[Fraction, tuple[Factor, ...], int]:
        """Positive content, factors with integer coefficients and a good sign, and the sign.

        Kept, since a ratio is written in several ways.
        """
        known = self._factored.get(id(poly))
        if known is None:
            known = self._factored[id(poly)] = (poly, self._factor(poly))
        return known[1]

    def _factor(self, poly: fmpq_mpoly) -> tuple[Fraction, tuple[Factor, ...], int]:
        if len(poly) == 1:
            ((_, coefficient),) = poly.terms()
            value = Fraction(int(coefficient.p), int(coefficient.q))
            sign = 1 if value > 0 else -1
            return abs(value), (Factor(poly / coefficient, 1),), sign
        content, factors = poly.factor()
        sign = 1 if content > 0 else -1
        scale = abs(Fraction(int(content.p), int(content.q)))
        pieces: list[Factor] = []
        for factor, power in factors:
            exponent = int(power)
            denominators = self._clearing(factor)
            factor = factor * fmpq(denominators.numerator, denominators.denominator)
            scale = scale / denominators**exponent
            if len(factor) > 1 and self._is_better_negative(factor):
                factor = -factor
                sign = -sign if exponent % 2 else sign
            pieces.append(Factor(factor, exponent))
        return scale, tuple(pieces), sign

    def _is_better_negative(self, factor: fmpq_mpoly) -> bool:
        """Whether a sum is rather written with all signs the other way: as it was typed."""
        shape = _shape(factor)
        if shape in self._sums:
            return False
        if -shape in self._sums:
            return True
        if self.field.one_letter and abs(self._constant_term(factor)) != 1:
            return bool(factor.leading_coefficient() < 0)
        return not _starts_positive(factor)

    def _constant_term(self, poly: fmpq_mpoly) -> fmpq:
        return poly.to_dict().get((0,) * len(self.field.kernels), fmpq(0))

    @cached_property
    def _sums(self) -> list[fmpq_mpoly]:
        """The sums that occur in the expressions, but for a positive factor."""
        ratios = (ratio for node, ratio in self.field.converted.items() if type(node) is Sum)
        return [_shape(r.top) for r in ratios if r.bottom.is_one() and 1 < len(r.top) <= 6]

    def _clearing(self, factor: fmpq_mpoly) -> Fraction:
        """What to multiply a factor by for whole coefficients, or for 1 + 1.702x with decimals."""
        if self.field.decimal and len(factor) > 1:
            lowest = min(factor.terms(), key=lambda term: sum(map(int, term[0])))[1]
            return abs(Fraction(int(lowest.q), int(lowest.p)))
        return Fraction(reduce(lcm, (int(c.q) for c in factor.coeffs()), 1))

    def _sum_expression(self, terms: Iterable[Row]) -> Expr:
        rows: list[tuple[tuple[int, ...], Value]] = []
        for exponents, coefficient in terms:
            top, bottom = int(coefficient.p), int(coefficient.q)
            value = top if bottom == 1 else Fraction(top, bottom)
            rows.append((tuple(map(int, exponents)), value))
        if len(rows) > 1:
            falling = self._falls(rows)
            rows.sort(key=lambda row: (0, -sum(row[0])) if falling else self._author_order(row))
        written = [self._term(exponents, value) for exponents, value in rows]
        return written[0] if len(written) == 1 else Sum(tuple(written))

    def _falls(self, rows: Sequence[tuple[tuple[int, ...], Value]]) -> bool:
        """Whether a polynomial in one letter goes by falling powers: 1 + x² and 2 − x do not."""
        if not self.field.one_letter or len(rows) > 2:
            return self.field.one_letter
        constant = next((value for exponents, value in rows if not any(exponents)), 1)
        return constant not in (1, -1) and all(value > 0 for _, value in rows)

    def _author_order(self, row: tuple[tuple[int, ...], Value]) -> tuple[object, ...]:
        """Constants first, what has a minus sign last."""
        exponents, value = row
        return (value < 0, sum(exponents), tuple(-power for power in exponents))

    def _term(self, exponents: tuple[int, ...], value: Value) -> Expr:
        monomial = Monomial(coefficient=value, decimal=self.field.decimal)
        for i, degree in enumerate(exponents):
            if degree:
                monomial.raise_base(self.field.bases[i], degree, None)
        return self._with_exponentials(monomial)


def scaled_argument(amount: Fraction, rest: Expr, decimal: bool) -> Expr:
    """``amount`` times an exponent; with ``decimal`` 1.702 x rather than 851x/500."""
    if type(rest) is not Sum:
        return _multiple(amount, rest, decimal)
    if amount == 1:
        return rest
    return Sum(tuple([_multiple(amount, term, decimal) for term in rest.args]))


def _multiple(amount: Fraction, rest: Expr, decimal: bool) -> Expr:
    value, was_decimal, inner = coefficient_and_rest(rest)
    whole = Fraction(amount * value)
    # A whole number or a half needs no decimals.
    keeps = decimal and whole.denominator > 2
    return scaled(_plain(whole), keeps or was_decimal, inner)


def _plain(value: Fraction) -> Value:
    return value.numerator if value.denominator == 1 else value


def _shape(poly: fmpq_mpoly) -> fmpq_mpoly:
    """A polynomial up to a positive factor."""
    first = poly.leading_coefficient()
    return poly / (first if first > 0 else -first)


def _starts_positive(poly: fmpq_mpoly) -> bool:
    """Whether an author would write the sum with these signs: the constant term, or else most
    of the terms, positive."""
    terms = [(sum(map(int, exponents)), value) for exponents, value in poly.terms()]
    degree, value = min(terms, key=lambda term: term[0])
    if degree == 0:
        return bool(value > 0)
    positive = sum(value > 0 for _, value in terms)
    return 2 * positive > len(terms) or (2 * positive == len(terms) and bool(terms[0][1] > 0))
