"""Double-word arithmetic, written as expressions of ordinary operations.

A value is the unevaluated sum hi + lo, with lo below the last place of hi. The errors of sums and
products are themselves numbers of the format, and are carried along (T. J. Dekker, Numer. Math.
18, 1971; D. E. Knuth, TAOCP 4.2.2; M. Joldes, J.-M. Muller and V. Popescu, ACM TOMS 44, 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Product,
    Quotient,
    Sum,
    rational_value,
)

# Constants are known to three times the bits of a float64 and more: a reduction takes its constant
# in four parts.
_BITS = 320


class Pair(NamedTuple):
    """hi + lo; ``lo`` is the number 0 where hi is exact."""

    hi: Expr
    lo: Expr = ZERO


def split_number(value: Fraction, significand: int) -> Pair:
    """A number in two parts of the format, to twice its precision."""
    high = rounded(value, significand)
    low = rounded(value - high, significand)
    return Pair(Number(high), Number(low) if low else ZERO)


def rounded(value: Fraction, significand: int) -> Fraction:
    """The nearest number of ``significand`` bits."""
    if not value:
        return value
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length() - significand
    unit = Fraction(2) ** (exponent + 1)
    if abs(value) / unit >= 2**significand:
        unit *= 2
    elif abs(value) / unit < 2 ** (significand - 1):
        unit /= 2
    return round(value / unit) * unit


@cache
def value_of(constant: Expr) -> Fraction | None:
    """A constant to some 300 bits."""
    exact = rational_value(constant)
    if exact is not None:
        return Fraction(exact)
    with precision(_BITS):
        [ball] = compile_balls([constant]).run([])
        if not ball.is_finite():
            return None
        middle = ball.mid().fmpq()
    return Fraction(int(middle.p), int(middle.q))


def known(constant: Expr) -> Fraction:
    """A constant that has a value, to some 300 bits."""
    value = value_of(constant)
    assert value is not None
    return value


# --- operations on numbers --------------------------------------------------------------------
def minus(a: Expr, b: Expr) -> Expr:
    """a − b as the target rounds it."""
    if isinstance(b, Number):
        return Sum((a, Number(-b.value)))
    return Sum((a, Product((MINUS_ONE, b))))


def plus(a: Expr, b: Expr) -> Expr:
    """a + b as the target rounds it."""
    if a is ZERO or b is ZERO:
        return b if a is ZERO else a
    return Sum((a, b))


def times(a: Expr, b: Expr) -> Expr:
    """a·b as the target rounds it."""
    if a is ZERO or b is ZERO:
        return ZERO
    if a is ONE or b is ONE:
        return b if a is ONE else a
    if isinstance(b, Number):
        a, b = b, a
    if a is MINUS_ONE:
        return Product((MINUS_ONE, b))
    # A sign in front of the first factor would be taken for one of the product.
    return Product((a, b))


def is_power_of_two(node: Expr) -> bool:
    """Whether a product with it is exact."""
    if not isinstance(node, Number) or not node.value:
        return False
    value = abs(Fraction(node.value))
    return (
        value.numerator & (value.numerator - 1) == 0 == value.denominator & (value.denominator - 1)
    )


def two_sum(a: Expr, b: Expr) -> Pair:
    """a + b exactly (Knuth)."""
    if a is ZERO or b is ZERO:
        return Pair(b if a is ZERO else a)
    total = Sum((a, b))
    part = minus(total, a)
    return Pair(total, Sum((minus(a, minus(total, part)), minus(b, part))))


def quick_two_sum(a: Expr, b: Expr) -> Pair:
    """a + b exactly, if a is the larger one (Dekker)."""
    if b is ZERO:
        return Pair(a)
    total = Sum((a, b))
    return Pair(total, minus(b, minus(total, a)))


def horner(coefficients: Sequence[Expr], x: Expr) -> Expr:
    """A polynomial as the target rounds it, the constant first."""
    *rest, total = coefficients
    for coefficient in reversed(rest):
        total = plus(times(total, x), coefficient)
    return total


# --- arithmetic on pairs ------------------------------------------------------------------------
def chosen(a: Pair, condition: Expr, b: Pair) -> Pair:
    """a where the condition holds, else b."""
    return Pair(*(Piecewise((yes, condition, no)) for yes, no in zip(a, b, strict=True)))


def negative(a: Pair) -> Pair:
    """−a."""
    return Pair(times(MINUS_ONE, a.hi), times(MINUS_ONE, a.lo))


def is_negative(a: Pair) -> Comparison:
    """a < 0, by the sign of hi."""
    return Comparison(("<",), (a.hi, ZERO))


def with_sign(size: Pair, like: Pair) -> Pair:
    """A value for |x| made one for x, of an odd function."""
    return chosen(negative(size), is_negative(like), size)


def add(a: Pair, b: Pair) -> Pair:
    """a + b, by AccurateDWPlusDW where both have a second part."""
    total = two_sum(a.hi, b.hi)
    if a.lo is ZERO and b.lo is ZERO:
        return total
    if a.lo is ZERO or b.lo is ZERO:
        return quick_two_sum(total.hi, plus(total.lo, plus(a.lo, b.lo)))
    rest = two_sum(a.lo, b.lo)
    total = quick_two_sum(total.hi, plus(total.lo, rest.hi))
    return quick_two_sum(total.hi, plus(total.lo, rest.lo))


def subtract(a: Pair, b: Pair) -> Pair:
    """a − b."""
    return add(a, negative(b))


class DoubleWords(NamedTuple):
    """Double-word arithmetic over a format.

    Attributes:
        significand: bits of the format's: 53, or 24 for float32.
        terms: of the series of a function that are summed in two parts; 0 where functions are as
            accurate as a library has them.
        far: whether sines and cosines of large angles that are no numbers of the format are
            meant to be right.
    """

    significand: int
    terms: int = 0
    far: bool = False

    def constant(self, value: Fraction) -> Pair:
        """A number to twice the precision."""
        return split_number(value, self.significand)

    def nearest(self, value: Fraction) -> Number:
        """A number of the format."""
        return Number(rounded(value, self.significand))

    def halves(self, a: Expr) -> tuple[Expr, Expr]:
        """a as a sum of two numbers whose products are exact (Veltkamp)."""
        half = (self.significand + 1) // 2
        if isinstance(a, Number):
            top = rounded(Fraction(a.value), self.significand - half)
            return Number(top), Number(Fraction(a.value) - top)
        large = Product((Number(2**half + 1), a))
        high = minus(large, minus(large, a))
        return high, minus(a, high)

    def two_product(self, a: Expr, b: Expr) -> Pair:
        """a·b exactly (Dekker)."""
        if a is ZERO or b is ZERO:
            return Pair(ZERO)
        if is_power_of_two(a) or is_power_of_two(b):
            return Pair(times(a, b))
        product = times(a, b)
        a1, a2 = self.halves(a)
        b1, b2 = self.halves(b)
        error = minus(times(a1, b1), product)
        cross = plus(times(a1, b2), times(a2, b1))
        if a is b:
            cross = times(TWO, times(a1, a2))
        return Pair(product, plus(plus(error, cross), times(a2, b2)))

    def multiply(self, a: Pair, b: Pair) -> Pair:
        """a·b."""
        for one, other in ((a, b), (b, a)):
            if one.lo is ZERO and is_power_of_two(one.hi):
                return Pair(times(one.hi, other.hi), times(one.hi, other.lo))
        total = self.two_product(a.hi, b.hi)
        cross = plus(times(a.hi, b.lo), times(a.lo, b.hi))
        if cross is ZERO:
            return total
        return quick_two_sum(total.hi, plus(total.lo, cross))

    def divide(self, a: Pair, b: Pair) -> Pair:
        """a/b: the rounded quotient, and what is left of a over b."""
        if b.lo is ZERO and is_power_of_two(b.hi):
            assert isinstance(b.hi, Number)
            return self.multiply(a, Pair(Number(1 / Fraction(b.hi.value))))
        first = Quotient(a.hi, b.hi)
        rest = self._left(a, first, b.hi)
        if b.lo is not ZERO:
            rest = minus(rest, times(first, b.lo))
        return quick_two_sum(first, Quotient(rest, b.hi))

    def sqrt(self, a: Pair) -> Pair:
        """√a: the rounded root, and half of what is left of a over it."""
        root = Call("sqrt", (a.hi,))
        # 0 has no slope, and needs no correction.
        low = Quotient(self._left(a, root, root), times(TWO, root))
        positive = Comparison((">",), (a.hi, ZERO))
        return quick_two_sum(root, Piecewise((low, positive, ZERO)))

    def _left(self, a: Pair, b: Expr, c: Expr) -> Expr:
        """a − b·c, where b·c is nearly a."""
        product = self.two_product(b, c)
        return plus(minus(minus(a.hi, product.hi), product.lo), a.lo)

    def powered(self, base: Pair, exponent: int) -> Pair:
        """base^exponent for a whole exponent of 0 or more, by squaring."""
        found: Pair | None = None
        while exponent:
            if exponent & 1:
                found = base if found is None else self.multiply(found, base)
            exponent >>= 1
            if exponent:
                base = self.multiply(base, base)
        return found or Pair(ONE)

    def polynomial(self, coefficients: Sequence[Pair], x: Pair, exact: int) -> Pair:
        """The constant first; from number ``exact`` on it is small, and computed as usual."""
        total = Pair(horner([coefficient.hi for coefficient in coefficients[exact:]], x.hi))
        for coefficient in reversed(coefficients[:exact]):
            total = add(coefficient, self.multiply(total, x))
        return total


def by_the_library(name: str, *args: Pair) -> Pair:
    """A function as a library has it, and to first order what was rounded in its arguments."""
    leading = tuple([arg.hi for arg in args])
    correction: Expr = ZERO
    for arg, slope in zip(args, BY_NAME[name].derivatives, strict=True):
        if arg.lo is not ZERO and slope is not None:
            correction = plus(correction, times(slope(*leading), arg.lo))
    return quick_two_sum(Call(name, leading), correction)
