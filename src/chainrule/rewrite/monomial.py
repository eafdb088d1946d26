"""A product seen as a coefficient and powers of bases, and written back as an author would.

``split`` takes products, quotients, powers, roots and exponentials apart; ``Monomial.build``
puts them together: number first, positive exponents above the line and negative ones below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isqrt

from chainrule.expr.nodes import (
    ONE,
    ZERO,
    Call,
    Constant,
    E,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Unknown,
    Value,
    add,
    order_key,
    postorder_through,
    rational_value,
)

# Exact powers of numbers are worked out up to this many bits, which is a line of digits, and left
# standing beyond.
MAX_BITS = 256


class Exponent:
    """A sum of a rational number and symbolic terms (each with an integer multiplier)."""

    __slots__ = ("number", "terms")

    def __init__(self, number: Value = 0, terms: list[tuple[int, Expr]] | None = None) -> None:
        self.number = number
        self.terms = [] if terms is None else terms

    def key(self) -> tuple[object, ...]:
        return (self.number, *self.terms)


class Monomial:
    """``coefficient`` times the product of base^exponent; e^u has the base ``E``.

    ``merged`` is set when two factors meet in one base: something was collected or cancelled.
    """

    __slots__ = ("coefficient", "decimal", "merged", "powers")

    def __init__(self, coefficient: Value = 1, *, decimal: bool = False) -> None:
        self.coefficient = coefficient
        self.decimal = decimal
        self.powers: dict[Expr, Exponent] = {}
        self.merged = False

    def raise_base(self, base: Expr, number: Value, symbolic: tuple[int, Expr] | None) -> None:
        exponent = self.powers.get(base)
        if exponent is None:
            exponent = self.powers[base] = Exponent()
        else:
            self.merged = True
        exponent.number += number
        if symbolic is not None:
            exponent.terms.append(symbolic)

    def build(self) -> Expr:
        """The expression, in the order in which an author writes factors."""
        above: list[Expr] = []
        below: list[Expr] = []
        self._settle()
        for base, exponent in self.powers.items():
            if base is E:
                # e^x and e^{e^x} stay apart; only what collects is brought together, by tidying.
                parts = [_times(k, u) for k, u in exponent.terms]
                parts += [Number(exponent.number)] if exponent.number else []
                above += [E if u is ONE else Call("exp", (u,)) for u in parts if u is not ZERO]
            elif exponent.terms:
                total = add(*(_times(k, u) for k, u in exponent.terms))
                total = add(total, Number(exponent.number))
                if total is not ZERO:
                    above.append(Power(base, total))
            elif exponent.number > 0:
                above.append(number_power(base, exponent.number))
            elif exponent.number < 0:
                below.append(number_power(base, -exponent.number))
        above = _in_author_order(above)
        below = _in_author_order(below)
        coefficient = self.coefficient
        if coefficient == 0:
            return ZERO
        top: Value = coefficient
        bottom: Value = 1
        if not self.decimal or not Number(coefficient, True).decimal:
            top, bottom = coefficient.numerator, coefficient.denominator
        if top != 1:
            above.insert(0, Number(top, self.decimal))
        if bottom != 1:
            below.insert(0, Number(bottom))
        sign: tuple[Expr, ...] = ()
        if below and above and type(above[0]) is Number and above[0].value < 0:
            # The sign of a fraction stands before the fraction.
            sign = (Number(-1),)
            positive = Number(-above[0].value, above[0].decimal)
            above[0:1] = [] if positive is ONE else [positive]
        numerator = _product(above)
        if not below:
            return numerator
        fraction = Quotient(numerator, _product(below))
        return Product((*sign, fraction)) if sign else fraction

    def _settle(self) -> None:
        """Whole powers of numbers go into the coefficient; |u| and sign u are brought together."""
        for base in list(self.powers):
            exponent = self.powers[base]
            if type(base) is Number and not exponent.terms:
                self._settle_number(base, exponent)
            elif type(base) is Call and not exponent.terms and exponent.number.__class__ is int:
                if base.name == "sign":
                    self._settle_sign(base, exponent.number)
                elif base.name == "abs" and exponent.number % 2 == 0 and exponent.number:
                    number = exponent.number
                    del self.powers[base]
                    self.raise_base(base.args[0], number, None)

    def _settle_sign(self, base: Call, number: Value) -> None:
        """sign² u = 1, |u| sign u = u, and u sign u = |u|."""
        del self.powers[base]
        argument = base.args[0]
        if number % 2 == 0:
            self.merged = True
            return
        for partner, product in ((Call("abs", (argument,)), argument), (argument, None)):
            other = self.powers.get(partner)
            if other is not None and not other.terms and other.number >= 1:
                other.number -= 1
                self.merged = True
                self.raise_base(product or Call("abs", (argument,)), 1, None)
                return
        self.powers[base] = Exponent(1)

    def _settle_number(self, base: Number, exponent: Exponent) -> None:
        whole = exponent.number.__floor__()
        rest = exponent.number - whole
        # 1/√2 stays as it is: only what has a root left above it is taken out.
        if whole < 0 < rest:
            whole, rest = whole + 1, rest - 1
        if base.value == 0 or abs(whole) * _bits(base.value) > MAX_BITS:
            return
        if whole:
            self.coefficient = self.coefficient * Fraction(base.value) ** whole
            if self.coefficient.denominator == 1:
                self.coefficient = self.coefficient.numerator
            exponent.number = rest
        # 2/√2 = √2 and √2/2 = 1/√2
        if base.value.__class__ is int and base.value > 1:
            coefficient = Fraction(self.coefficient)
            if exponent.number < 0 and coefficient.numerator % base.value == 0:
                coefficient, exponent.number = coefficient / base.value, exponent.number + 1
            elif exponent.number > 0 and coefficient.denominator % base.value == 0:
                coefficient, exponent.number = coefficient * base.value, exponent.number - 1
            self.coefficient = coefficient
        if self.coefficient.denominator == 1:
            self.coefficient = self.coefficient.numerator


def _times(k: int, term: Expr) -> Expr:
    """k·term, with the number where an author puts it."""
    if k == 1:
        return term
    value, decimal, rest = coefficient_and_rest(term)
    return scaled(k * value, decimal, rest)


def _bits(value: Value) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _product(factors: list[Expr]) -> Expr:
    if not factors:
        return ONE
    return factors[0] if len(factors) == 1 else Product(tuple(factors))


def _in_author_order(factors: list[Expr]) -> list[Expr]:
    return sorted(_one_root(factors), key=author_order) if len(factors) > 1 else factors


def _one_root(factors: list[Expr]) -> list[Expr]:
    """√2 √π is √(2π); roots of what varies are left alone."""
    roots = [
        factor.args[0]
        for factor in factors
        if type(factor) is Call
        and factor.name == "sqrt"
        and isinstance(factor.args[0], Number | Constant)
    ]
    if len(roots) < 2:
        return factors
    rest = [f for f in factors if not (type(f) is Call and f.name == "sqrt" and f.args[0] in roots)]
    return [*rest, Call("sqrt", (_product(sorted(roots, key=author_order)),))]


def number_power(base: Expr, exponent: Value) -> Expr:
    """base^exponent for a positive rational exponent; a half is a root."""
    if exponent == 1:
        return base
    if exponent == Fraction(1, 2):
        return Call("sqrt", (base,))
    return Power(base, Number(exponent))


def author_order(node: Expr) -> tuple[int, int, str, int]:
    """Where a factor stands: numbers, constants, letters, functions, brackets."""
    base = node
    while type(base) is Power or (type(base) is Call and base.name == "sqrt"):
        base = base.args[0]
    match base:
        case Number():
            place = 0 if base is node else 1
        case Constant():
            place = 1
        case Symbol():
            place = 2
        case Call(name) | Unknown(name):
            place = 5 if name == "exp" else 4
        case Sum():
            place = 6
        case _:
            place = 7
    order = order_key(base)
    return (place, order[0], order[1], order[2])


def split(*factors: Expr) -> Monomial:
    """The product of the factors as a monomial."""
    result = Monomial()
    for part, times in _parts(factors):
        kind = type(part)
        if isinstance(part, Number):
            _number(result, part, times)
        elif kind is Power:
            _power(result, part, times)
        elif isinstance(part, Call) and part.name == "exp":
            result.raise_base(E, 0, (times, part.args[0]))
        elif isinstance(part, Call) and part.name == "sqrt":
            result.raise_base(part.args[0], Fraction(times, 2) if times % 2 else times // 2, None)
        else:
            result.raise_base(part, times, None)
    return result


_OPENED = frozenset({Product, Quotient, Power})


def _parts(factors: Sequence[Expr]) -> list[tuple[Expr, int]]:
    """What products, quotients and powers of them are made of, each part with its exponent."""
    found: list[tuple[Expr, int]] = []
    opened: set[Expr] = set()
    shared = False
    stack: list[tuple[Expr, int]] = [(factor, 1) for factor in reversed(factors)]
    while stack:
        part, times = stack.pop()
        inside = _inside(part) if type(part) in _OPENED else ()
        if not inside:
            found.append((part, times))
        elif part in opened:
            shared = True
        else:
            opened.add(part)
            stack += [(factor, times * exponent) for factor, exponent in reversed(inside)]
    if shared:
        exponents = _exponents(_product(list(factors)))
        return [(part, k) for part in dict(found) for k in exponents[part]]
    return found


def _inside(part: Expr) -> Sequence[tuple[Expr, int]]:
    """The factors of a product, a quotient or a power of one, with their exponents."""
    kind = type(part)
    if kind is Product:
        return [(factor, 1) for factor in part.args]
    if kind is Quotient:
        return (part.args[0], 1), (part.args[1], -1)
    if kind is Power:
        base, exponent = part.args
        value = rational_value(exponent)
        opens = type(base) in (Product, Quotient, Power, Number) or _is_power_like(base)
        if value.__class__ is int and opens:
            return ((base, int(value)),)
    return ()


def _exponents(root: Expr) -> dict[Expr, list[int]]:
    """How often each part is a factor: what occurs many times within itself is opened once.

    The first time stands apart, so that factors that meet are seen to, and so do times below the
    line: 0 does not cancel.
    """
    order = postorder_through(root, inside=lambda part: [factor for factor, _ in _inside(part)])
    found: dict[Expr, list[int]] = {root: [1]}
    for part in reversed(order):
        for factor, exponent in _inside(part):
            row = found.setdefault(factor, [])
            for times in found[part]:
                k = times * exponent
                like = [i for i, other in enumerate(row) if (other > 0) == (k > 0)]
                if len(like) < 2:
                    row.append(k)
                else:
                    row[like[1]] += k
    return found


def _number(result: Monomial, part: Number, times: int) -> None:
    value = part.value
    if (value == 0 and times < 0) or abs(times) * _bits(value) > MAX_BITS:
        result.raise_base(part, times, None)
        return
    factor: Value = Fraction(value) ** times if times != 1 else value
    product = result.coefficient * factor
    result.coefficient = product.numerator if product.denominator == 1 else product
    result.decimal = result.decimal or part.decimal


def _power(result: Monomial, part: Expr, times: int) -> None:
    base, exponent = part.args
    value = rational_value(exponent)
    if value is None:
        result.raise_base(base, 0, (times, exponent))
    else:
        total = times * value
        result.raise_base(base, total.numerator if total.denominator == 1 else total, None)


def _is_power_like(base: Expr) -> bool:
    return type(base) is Call and base.name in ("exp", "sqrt")


def exact_root(value: Value) -> Value | None:
    """The square root of a rational number, if it is rational."""
    if value < 0:
        return None
    top, bottom = isqrt(value.numerator), isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom) if bottom != 1 else top
    return None


def coefficient_and_rest(term: Expr) -> tuple[Value, bool, Expr]:
    """A term as a number (and whether it is a decimal) times the rest: 3x/2 is (3/2, x)."""
    if not _fractions(term):
        return _coefficient(term, {})
    found: dict[Expr, tuple[Value, bool, Expr]] = {}
    for part in postorder_through(term, inside=_fractions):
        found[part] = _coefficient(part, found)
    return found[term]


def _fractions(term: Expr) -> Sequence[Expr]:
    """The parts whose coefficients go into that of ``term``."""
    match term:
        case Quotient():
            return term.args
        case Product((Number(-1), Quotient() as fraction)):
            return (fraction,)
    return ()


def _coefficient(
    term: Expr, found: Mapping[Expr, tuple[Value, bool, Expr]]
) -> tuple[Value, bool, Expr]:
    match term:
        case Number(value):
            return value, term.decimal, ONE
        case Product((Number(-1), Quotient() as fraction)):
            value, decimal, rest = found[fraction]
            return -value, decimal, rest
        case Product((Number(value) as first, *others)):
            return value, first.decimal, _product(others)
        case Quotient(top, bottom):
            value, decimal, above = found[top]
            divisor, decimal_below, below = found[bottom]
            if (value != 1 or divisor != 1) and divisor != 0:
                number = Fraction(value) / divisor
                rest = above if below is ONE else Quotient(above, below)
                return (
                    number.numerator if number.denominator == 1 else number,
                    decimal or decimal_below,
                    rest,
                )
    return 1, False, term


def scaled(value: Value, decimal: bool, rest: Expr) -> Expr:
    """The inverse of ``coefficient_and_rest``, written as an author would."""
    if value == 1:
        return rest
    if rest is ONE:
        return Number(value, decimal)
    monomial = split(rest)
    monomial.coefficient = monomial.coefficient * value
    monomial.decimal = monomial.decimal or decimal
    return monomial.build()
