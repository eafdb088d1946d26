"""Expressions as rational functions of their kernels, computed with by FLINT.

A kernel is a part that arithmetic cannot see into: a symbol, a call, a root. Exponentials are
split over a basis, so that e^{2x}, e^{x} and e^{-x} are powers of one kernel. Everything here
gives up, by returning ``None``, where polynomials would grow too large.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property, reduce
from math import comb, gcd, lcm
from typing import NamedTuple

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from chainrule.expr.nodes import (
    ONE,
    Call,
    E,
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
from chainrule.rewrite.monomial import Monomial, coefficient_and_rest, number_power, scaled

MAX_TERMS = 600
MAX_KERNELS = 24
MAX_DEGREE = 16
MAX_EXPONENTIAL_DEGREE = 10_000
"""e and e^(1/0.79788) are powers of e^(1/19947): common factors of these are never found."""


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
            ``10 * MAX_TERMS`` terms or a degree past 10⁶.
    """
    if exponent < 2:
        return base if exponent else base**0
    terms = len(base)
    if exponent > 10**6 or (terms > 1 and exponent > MAX_DEGREE):
        raise TooLargeError
    # A sum of t terms has at most C(t + n − 1, n) different products of n of them.
    if terms > 2 and comb(terms + exponent - 1, exponent) > 10 * MAX_TERMS:
        raise TooLargeError
    return base**exponent


class Exponential(Record):
    """The kernel e^{argument}; e^{c·rest} is its power ``c / unit``."""

    rest: Expr
    unit: Fraction


class Piece(NamedTuple):
    """An irreducible factor and how often it occurs."""

    poly: fmpq_mpoly
    exponent: int

    def is_difference(self) -> bool:
        """Two terms of different signs, an odd number of times."""
        signs = [value > 0 for value in self.poly.coeffs()]
        return len(signs) == 2 and signs[0] != signs[1] and self.exponent % 2 == 1


class Field:
    """The field of rational functions over the kernels of some expressions.

    Attributes:
        kernels: the generators: an expression, or an ``Exponential``.
        decimal: whether any number was written as a decimal, so that results should be too.

    Raises:
        TooLargeError: while converting, where powers or polynomials grow too large.
    """

    def __init__(self, *roots: Expr) -> None:
        self.decimal = False
        self._balanced = False
        self._factored: dict[int, tuple[fmpq_mpoly, tuple[Fraction, tuple[Piece, ...], int]]] = {}
        arguments: dict[Expr, None] = {}
        plain: dict[Expr, None] = {}
        self._roots: dict[Expr, int] = {}
        for node in _structure(roots):
            match node:
                case Number():
                    self.decimal = self.decimal or node.decimal
                case Call("exp", (argument,)):
                    arguments[argument] = None
                case Call("sqrt", (base,)):
                    self._roots[base] = lcm(self._roots.get(base, 1), 2)
                case Power(base, exponent):
                    value_ = rational_value(exponent)
                    if value_ is None:
                        plain[_symbolic_part(node)] = None
                    elif value_.__class__ is not int:
                        self._roots[base] = lcm(self._roots.get(base, 1), value_.denominator)
                case Sum() | Product() | Quotient():
                    pass
                case _:
                    plain[node] = None
        # Beside √x, x is its square (see below).
        squares = {base for base in self._roots if isinstance(base, Symbol)}
        self.kernels: list[Expr | Exponential] = [k for k in plain if k not in squares]
        for base, degree in self._roots.items():
            self.kernels.append(number_power(base, Fraction(1, degree)))
        self._exponents, units = _exponent_basis(list(arguments))
        for rest, values in units.items():
            unit = Fraction(1, reduce(lcm, (v.denominator for v in values)))
            if max(abs(value) for value in values) > MAX_DEGREE * unit:
                # e^{1.702x} is a power of e^{x/500}, but its 851st.
                unit *= gcd(*(int(value / unit) for value in values))
                if max(abs(value) for value in values) > MAX_EXPONENTIAL_DEGREE * unit:
                    raise TooLargeError
            if all(value < 0 for value in values):
                unit = -unit
            self.kernels.append(Exponential(rest, unit))
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
        self._exponentials = [
            (Symbol(f" k{i}"), kernel)
            for i, kernel in enumerate(self.kernels)
            if isinstance(kernel, Exponential)
        ]
        self._bases = [k for k in self.kernels if not isinstance(k, Exponential)]
        self._bases += [placeholder for placeholder, _ in self._exponentials]
        names = [f"k{i}" for i in range(len(self.kernels))] or ["k0"]
        self.context = fmpq_mpoly_ctx.get(names, "lex")
        self.generators = self.context.gens()
        self._one = self.context.constant(1)
        self._one_letter = len(self.kernels) == 1 and isinstance(self.kernels[0], Symbol)
        self._done: dict[Expr, Ratio] = {}
        self._relations: list[tuple[int, int, Expr]] = []
        for base, degree in self._roots.items():
            position = self._position[number_power(base, Fraction(1, degree))]
            if base in squares:
                # So that 2√x + 4x + 2x√x can be factored.
                self._done[base] = Ratio(self.generators[position] ** degree, self._one)
            else:
                self._relations.append((position, degree, base))

    # --- into the field -----------------------------------------------------------------------
    def ratio(self, root: Expr) -> Ratio:
        """The expression as a cancelled rational function."""
        done = self._done
        for node in _structure((root,)):
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
        done = self._done
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
                    symbolic = _symbolic_part(node)
                    kernel = self.generators[self._position[symbolic]]
                    shift = _numeric_shift(exponent)
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
            if abs(degree) > 10**6:
                raise TooLargeError
            if degree >= 0:
                top = top * self.generators[position] ** degree
            else:
                bottom = bottom * self.generators[position] ** -degree
        return Ratio(top, bottom)

    def _root(self, base: Expr, exponent: Fraction) -> Ratio:
        degree = self._roots[base]
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
            if poly.degrees()[position] < degree or base not in self._done:
                continue
            square = self._done[base]
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

    # --- out of the field ----------------------------------------------------------------------
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

    def denominator(self, ratio: Ratio) -> tuple[Fraction, list[Piece]]:
        """The denominator's factors, and the number that remains to be multiplied by."""
        scale, below, sign = self._factors(ratio.bottom)
        return 1 / (scale * sign), list(below)

    def fraction(self, ratio: Ratio) -> tuple[Fraction, list[Piece], list[Piece]]:
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
                    pieces[i] = Piece(-pieces[i].poly, pieces[i].exponent)
                    scale = -scale
                    break
        return scale, top, bottom

    def balances(self, ratio: Ratio) -> bool:
        """Whether the balanced form differs from the factored one."""
        _, top, bottom = self.fraction(ratio)
        degrees = [piece.poly.degrees() for piece in (*top, *bottom) if len(piece.poly) > 1]
        return any(
            row[i] and row[i] % 2 == 0
            for i, kernel in enumerate(self.kernels)
            if isinstance(kernel, Exponential)
            for row in degrees
        )

    def _written(self, scale: Fraction, top: list[Piece], bottom: list[Piece]) -> Expr:
        result = Monomial(coefficient=scale, decimal=self.decimal)
        for pieces, sign in ((top, 1), (bottom, -1)):
            for piece in pieces:
                self._raise_piece(result, piece, sign)
        return self._with_exponentials(result)

    def _raise_piece(self, result: Monomial, piece: Piece, sign: int) -> None:
        exponent = piece.exponent * sign
        if len(piece.poly) == 1:
            ((exponents, _),) = piece.poly.terms()
            for i, degree in enumerate(exponents):
                if degree:
                    result.raise_base(self._bases[i], int(degree) * exponent, None)
            return
        rows = [(tuple(map(int, exponents)), value) for exponents, value in piece.poly.terms()]
        if self._balanced:
            for i, kernel in enumerate(self.kernels):
                highest = max(exponents[i] for exponents, _ in rows)
                if isinstance(kernel, Exponential) and highest and highest % 2 == 0:
                    middle = highest // 2
                    result.raise_base(self._bases[i], middle * exponent, None)
                    rows = [((*e[:i], e[i] - middle, *e[i + 1 :]), v) for e, v in rows]
        result.raise_base(self._sum_expression(rows), exponent, None)

    def termwise(self, ratio: Ratio) -> Expr:
        """The rational function with the terms of the numerator divided by the denominator.

        Terms that end up over the same denominator share a fraction.
        """
        parts: list[Expr] = []
        for (denominator, *shift), rows in self.term_groups(ratio).items():
            divide = Monomial(coefficient=Fraction(1, denominator), decimal=self.decimal)
            for i, power in enumerate(shift):
                if power:
                    divide.raise_base(self._bases[i], power, None)
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
        for placeholder, kernel in self._exponentials:
            exponent = monomial.powers.pop(placeholder, None)
            if exponent is not None:
                amount = kernel.unit * exponent.number
                monomial.raise_base(E, 0, (1, scaled_argument(amount, kernel.rest, self.decimal)))
        if monomial.coefficient.denominator == 1:
            monomial.coefficient = monomial.coefficient.numerator
        return monomial.build()

    def kernel_power(self, position: int, exponent: int) -> Expr:
        """The kernel raised to a power, as an expression."""
        monomial = Monomial()
        monomial.raise_base(self._bases[position], exponent, None)
        return self._with_exponentials(monomial)

    def _factors(self, poly: fmpq_mpoly) -> tuple[Fraction, tuple[Piece, ...], int]:
        """Positive content, factors with integer coefficients and a good sign, and the sign.

        Kept, since a ratio is written in several ways.
        """
        known = self._factored.get(id(poly))
        if known is None:
            known = self._factored[id(poly)] = (poly, self._factor(poly))
        return known[1]

    def _factor(self, poly: fmpq_mpoly) -> tuple[Fraction, tuple[Piece, ...], int]:
        if len(poly) == 1:
            ((_, coefficient),) = poly.terms()
            value = Fraction(int(coefficient.p), int(coefficient.q))
            sign = 1 if value > 0 else -1
            return abs(value), (Piece(poly / coefficient, 1),), sign
        content, factors = poly.factor()
        sign = 1 if content > 0 else -1
        scale = abs(Fraction(int(content.p), int(content.q)))
        pieces: list[Piece] = []
        for factor, power in factors:
            exponent = int(power)
            denominators = self._clearing(factor)
            factor = factor * fmpq(denominators.numerator, denominators.denominator)
            scale = scale / denominators**exponent
            if len(factor) > 1 and self._is_better_negative(factor):
                factor = -factor
                sign = -sign if exponent % 2 else sign
            pieces.append(Piece(factor, exponent))
        return scale, tuple(pieces), sign

    def _is_better_negative(self, factor: fmpq_mpoly) -> bool:
        """Whether a sum is rather written with all signs the other way: as it was typed."""
        shape = _shape(factor)
        if shape in self._sums:
            return False
        if -shape in self._sums:
            return True
        if self._one_letter and abs(self._constant_term(factor)) != 1:
            return bool(factor.leading_coefficient() < 0)
        return not _starts_positive(factor)

    def _constant_term(self, poly: fmpq_mpoly) -> fmpq:
        return poly.to_dict().get((0,) * len(self.kernels), fmpq(0))

    @cached_property
    def _sums(self) -> list[fmpq_mpoly]:
        """The sums that occur in the expressions, but for a positive factor."""
        ratios = (ratio for node, ratio in self._done.items() if type(node) is Sum)
        return [_shape(r.top) for r in ratios if r.bottom.is_one() and 1 < len(r.top) <= 6]

    def _clearing(self, factor: fmpq_mpoly) -> Fraction:
        """What to multiply a factor by for whole coefficients, or for 1 + 1.702x with decimals."""
        if self.decimal and len(factor) > 1:
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
        if not self._one_letter or len(rows) > 2:
            return self._one_letter
        constant = next((value for exponents, value in rows if not any(exponents)), 1)
        return constant not in (1, -1) and all(value > 0 for _, value in rows)

    def _author_order(self, row: tuple[tuple[int, ...], Value]) -> tuple[object, ...]:
        """Constants first, what has a minus sign last."""
        exponents, value = row
        return (value < 0, sum(exponents), tuple(-power for power in exponents))

    def _term(self, exponents: tuple[int, ...], value: Value) -> Expr:
        monomial = Monomial(coefficient=value, decimal=self.decimal)
        for i, degree in enumerate(exponents):
            if degree:
                monomial.raise_base(self._bases[i], degree, None)
        return self._with_exponentials(monomial)


def _exponent_basis(
    arguments: Sequence[Expr],
) -> tuple[dict[Expr, list[tuple[Fraction, Expr]]], dict[Expr, list[Fraction]]]:
    """Each exponent as a sum of rational multiples of common parts, and all multiples of each.

    A part is a term, or a whole exponent if no other one shares a term with it except in
    proportion: e^{1-x} alone stays e^{1-x}, and is not taken apart into e and e^{-x}.
    """
    terms: dict[Expr, dict[Expr, Fraction]] = {}
    for argument in arguments:
        row = terms[argument] = {}
        for term in _terms(argument):
            value, _, rest = coefficient_and_rest(term)
            row[rest] = row.get(rest, Fraction(0)) + Fraction(value)
    exponents: dict[Expr, list[tuple[Fraction, Expr]]] = {}
    for argument, row in terms.items():
        if len(row) > 1:
            sharing = [other for other in arguments if not row.keys().isdisjoint(terms[other])]
            lead = sharing[0]
            ratios = [_proportion(row, terms[other]) for other in sharing]
            if all(ratios):
                exponents[argument] = [(1 / Fraction(ratios[0] or 1), lead)]
                continue
        exponents[argument] = [(value, rest) for rest, value in row.items()]
    units: dict[Expr, list[Fraction]] = {}
    for parts in exponents.values():
        for value, rest in parts:
            units.setdefault(rest, []).append(value)
    return exponents, units


def _proportion(row: dict[Expr, Fraction], other: dict[Expr, Fraction]) -> Fraction | None:
    """The number by which ``row`` is multiplied to give ``other``, if there is one."""
    if row.keys() != other.keys():
        return None
    ratios = {other[rest] / value for rest, value in row.items() if value}
    return ratios.pop() if len(ratios) == 1 else None


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


def _terms(argument: Expr) -> tuple[Expr, ...]:
    return argument.args if type(argument) is Sum else (argument,)


def _numeric_shift(exponent: Expr) -> int:
    """The integer terms of a symbolic exponent: a − 1 has −1, and 1 − a + 1 has 2."""
    values = map(rational_value, _terms(exponent))
    return sum(int(value) for value in values if value.__class__ is int)


def _symbolic_part(node: Expr) -> Expr:
    """x^{a−1} is x^a times x^{−1}; this is the first of them."""
    base, exponent = node.args
    if _numeric_shift(exponent) == 0:
        return node
    rest = tuple(
        term
        for term in _terms(exponent)
        if not ((value := rational_value(term)) is not None and value.__class__ is int)
    )
    return Power(base, rest[0] if len(rest) == 1 else Sum(rest))


def _structure(roots: Sequence[Expr]) -> list[Expr]:
    """Nodes that arithmetic sees into, and kernels, children before parents."""
    done: set[Expr] = set()
    order: list[Expr] = []
    stack = list(reversed(roots))
    while stack:
        node = stack[-1]
        if node in done:
            stack.pop()
            continue
        match node:
            case Sum(args) | Product(args):
                inside = args
            case Quotient():
                inside = node.args
            case Power(base, _) | Call("sqrt", (base,)):
                inside = (base,)
            case _:
                inside = ()
        pending = [arg for arg in inside if arg not in done]
        if pending:
            stack += reversed(pending)
        else:
            stack.pop()
            done.add(node)
            order.append(node)
    return order
