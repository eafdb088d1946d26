"""Polynomials for where the variable meets another letter, as a prediction does its target.

A deviance is 0 where x is y, and its derivative too: next to it two large terms leave a number as
small as (x − y)^2, of which floating point has lost every digit before it subtracts, and twice the
precision has lost them a little nearer. The Taylor polynomial there has coefficients in y, and
x − y is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import factorial
from typing import NamedTuple

from chainrule.deriving.derivation import Derivation
from chainrule.deriving.problem import Problem
from chainrule.expr.nodes import (
    ONE,
    ZERO,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Symbol,
    add,
    call,
    divide,
    multiply,
    postorder,
    power,
    size,
    substitute,
    symbols,
)
from chainrule.forms.candidate import MAX_ASSEMBLED
from chainrule.rewrite.simplify import simplified

# So many terms; where the second is below 2^-_REACH of the first, what is left out is below half
# a unit in the last place of float64.
_TERMS, _REACH = 4, 14


class Meeting(NamedTuple):
    """A polynomial that stands for a formula next to a letter.

    Attributes:
        letter: the letter.
        polynomial: the Taylor polynomial there, in the variable and all letters.
        near: where it has all its digits.
    """

    letter: Symbol
    polynomial: Expr
    near: Comparison

    def patched(self, expr: Expr) -> Expr:
        """The polynomial next to the letter, an expression elsewhere."""
        return Piecewise((self.polynomial, self.near, expr))


def meetings(expr: Expr, variable: Symbol, letters: Iterable[Symbol]) -> Iterator[Meeting]:
    """The letters at which a formula is 0, with its polynomial there.

    Args:
        expr: a formula without cases.
        variable: its variable.
        letters: letters that it may meet.
    """
    if size(expr) > MAX_ASSEMBLED or any(isinstance(n, Piecewise) for n in postorder(expr)):
        return
    used = set(symbols(expr))
    for letter in letters:
        if letter in used and (terms := _terms(expr, variable, letter)):
            yield _meeting(variable, letter, *terms)


def _terms(expr: Expr, variable: Symbol, letter: Symbol) -> tuple[int, list[Expr]] | None:
    """The order of the zero, and the Taylor coefficients from there on, if there is a zero."""
    found: list[Expr] = []
    order = 0
    for k in range(2 + _TERMS):
        at_letter = substitute(expr, {variable: letter})
        coefficient = simplified(multiply(Number(Fraction(1, factorial(k))), at_letter), letter)
        if found or coefficient is not ZERO:
            if k == 0:
                return None
            order = order or k
            found.append(coefficient)
        elif k == 2:
            # A zero of a higher order than that, or of all orders.
            return None
        if len(found) == _TERMS:
            break
        expr = Derivation(Problem(function=expr, variables=(variable,))).derivative
    return order, found


def _meeting(variable: Symbol, letter: Symbol, order: int, terms: list[Expr]) -> Meeting:
    # The difference of two numbers that are so near to each other is not rounded.
    distance = variable - letter
    first, *rest = terms
    total: Expr = ZERO
    ratios = [simplified(divide(term, first), letter) for term in rest]
    for ratio in reversed(ratios):
        total = multiply(distance, add(ratio, total))
    polynomial = multiply(first, power(distance, Number(order)), add(ONE, total))
    degree, ratio = next(((k, r) for k, r in enumerate(ratios, 1) if r is not ZERO), (1, ONE))
    second = call("abs", multiply(ratio, power(distance, Number(degree))))
    reach = Number(Fraction(1, 2 ** (_REACH * degree)))
    return Meeting(letter, polynomial, Comparison(("<=",), (second, reach)))
