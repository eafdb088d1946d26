"""Numbers as sums of two: what ``compensated`` computes with, written as expressions.

A value is hi + lo, with lo below the last place of hi; the errors of sums are themselves numbers
of the format (T. J. Dekker, Numer. Math. 18, 1971; D. E. Knuth, TAOCP 4.2.2).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import NamedTuple

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Expr,
    Number,
    Product,
    Sum,
    rational_value,
)

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
    """To so many bits, to the nearest."""
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
