"""Formulas that are computed as they are written here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from chainrule.expr.nodes import ONE, ZERO, Comparison, Expr, Number, Piecewise, Product, Sum


def at_least(x: Expr, low: Fraction) -> Expr:
    """x, but no less than a number."""
    return Piecewise((Number(low), Comparison(("<",), (x, Number(low))), x))


def at_most(x: Expr, high: Fraction | int) -> Expr:
    """x, but no more than a number."""
    return Piecewise((Number(high), Comparison(("<",), (Number(high), x)), x))


def polynomial(coefficients: Iterable[float], at: Expr) -> Expr:
    """By Horner's rule, the constant first."""
    return horner([Number(Fraction(value)) for value in coefficients], at)


def by_halves(coefficients: Sequence[float], at: Expr) -> Expr:
    """The even powers, and the odd ones: in long formulas half as many sums wait for each other."""
    square = Product((at, at))
    even, odd = (polynomial(coefficients[start::2], square) for start in (0, 1))
    return Sum((Product((odd, at)), even))


def horner(coefficients: Sequence[Expr], at: Expr) -> Expr:
    """The same with expressions for coefficients; what is 0 is left out."""
    *rest, total = coefficients
    for coefficient in reversed(rest):
        product = at if total is ONE else Product((total, at))
        total = product if coefficient is ZERO else Sum((product, coefficient))
    return total
