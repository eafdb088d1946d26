"""Formulas of several letters with all of them multiplied by one number, which is taken off again.

√(x² + y²) is s·√((x/s)² + (y/s)²): where s is as large as the larger of x and y, no square
overflows, and none that matters underflows (as in ``hypot``; W. Kahan). A formula that is
homogeneous but for numbers is made so by one more letter that stands for 1: of √(1 + x²) it is
s·√((1/s)² + (x/s)²). What depends on a·x is the same for x/s and s·a.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from chainrule.expr.nodes import (
    ONE,
    TWO,
    ZERO,
    Call,
    Comparison,
    Constant,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    call,
    multiply,
    negate,
    postorder,
    power,
    rational_value,
    substitute,
    symbols,
)

# max(2a, 2b) = 2 max(a, b): a positive factor may be taken out.
_LINEAR = frozenset(("abs", "max", "min"))
UNIT = Symbol("chainrule unit")
"""Stands for 1; no formula that is read has a letter of this name."""


class Scaled(NamedTuple):
    """A formula in scaled letters, whose value is to be multiplied by s^degree.

    Attributes:
        expr: the formula; in ``UNIT`` where there was a number.
        degree: a whole number.
        weights: for each letter 1 or −1: by which power of s it has been divided.
        outside: the degree in those letters that are as they were, where only parts are scaled.
    """

    expr: Expr
    degree: int
    weights: Mapping[Symbol, int]
    outside: int | None = None

    def written(self, reach: int) -> Expr:
        """The formula in the letters themselves; the largest of those of weight 1 becomes about 1.

        Args:
            reach: the largest exponent of a power of two to scale by: that and what is left of the
                largest and smallest numbers is far from overflow and underflow.
        """
        used = set(symbols(self.expr))
        meant = {letter: _scaled(letter) for letter in self.weights if _scaled(letter) in used}
        sizes: list[Expr] = [call("abs", s) for s in meant if self.weights[s] > 0]
        if UNIT in used:
            sizes.append(ONE)
        exponent = exponent_of(sizes, reach)
        down, up = power(TWO, negate(exponent)), power(TWO, exponent)
        inside: dict[Expr, Expr] = {
            there: multiply(letter, down if self.weights[letter] > 0 else up)
            for letter, there in meant.items()
        }
        value = substitute(self.expr, {**inside, UNIT: down})
        # One after the other: the power itself may overflow where the value does not.
        for _ in range(abs(self.degree)):
            value = Product((value, up if self.degree > 0 else down))
        return value

    def smaller(self, made: Callable[[Expr], Expr], shift: int) -> Expr | None:
        """What is ``made`` of the formula with smaller letters outside of its scaled parts.

        Where these are near the largest number, splitting them would overflow. They are multiplied
        by 2^−shift, and the result by what that takes off; ``None`` if there are none, or several
        of which one would become larger.
        """
        letters = [s for s in symbols(self.expr) if s in self.weights]
        signs = {self.weights[letter] for letter in letters}
        if self.outside is None or len(signs) != 1:
            return None
        [sign] = signs
        small: dict[Expr, Expr] = {s: multiply(Number(Fraction(1, 2**shift)), s) for s in letters}
        back = Number(Fraction(2) ** (shift * sign * self.outside))
        return Product((back, substitute(made(self.expr), small)))


def exponent_of(sizes: Sequence[Expr], reach: int) -> Expr:
    """That of the largest of some sizes, in powers of two, within reach.

    A logarithm that is rounded to the next whole number does no harm.
    """
    largest: Expr = power(TWO, Number(-reach))
    for size in sizes:
        largest = call("max", size, largest)
    return call("min", call("floor", call("log2", largest)), Number(reach))


def _scaled(letter: Symbol) -> Symbol:
    return Symbol(f"chainrule scaled {letter.name}")


def scaled_forms(root: Expr, weights: Mapping[Symbol, int]) -> Iterator[Scaled]:
    """The formula in scaled letters, if it is one of roots, powers and the like.

    And with only those of its parts scaled that stay the same: in a·e^(−a·x) the exponential.
    """
    names: dict[Expr, Expr] = {letter: _scaled(letter) for letter in weights}
    found = _homogeneous_parts(root, weights)
    partly: dict[Expr, Expr] = {}
    for node in postorder(root):
        part = found[node]
        if part is not None and not part[1] and node.args:
            partly[node] = substitute(part[0], names)
        else:
            partly[node] = node.with_args(tuple([partly[arg] for arg in node.args]))
    last = found[root]
    if last is not None and last[1].denominator == 1:
        yield Scaled(substitute(last[0], names), int(last[1]), weights)
    if (last is None or last[1]) and partly[root] is not root:
        degree = None if last is None or last[1].denominator > 1 else int(last[1])
        yield Scaled(partly[root], 0, weights, degree)


def homogeneous(root: Expr, weights: Mapping[Symbol, int]) -> tuple[Expr, Fraction] | None:
    """The formula with ``UNIT`` for 1 where it takes that to be homogeneous, and its degree."""
    return _homogeneous_parts(root, weights)[root]


def _homogeneous_parts(
    root: Expr, weights: Mapping[Symbol, int]
) -> dict[Expr, tuple[Expr, Fraction] | None]:
    found: dict[Expr, tuple[Expr, Fraction] | None] = {}
    for node in postorder(root):
        parts = [found[arg] for arg in node.args]
        known = [part for part in parts if part is not None]
        found[node] = _node(node, known, weights) if len(known) == len(parts) else None
    return found


def _node(
    node: Expr, parts: Sequence[tuple[Expr, Fraction]], weights: Mapping[Symbol, int]
) -> tuple[Expr, Fraction] | None:
    """A node of parts with their degrees, and its own degree."""
    exprs = tuple(expr for expr, _ in parts)
    degrees = [degree for _, degree in parts]
    match node:
        case Number() | Constant():
            return node, Fraction(0)
        case Symbol():
            return node, Fraction(weights.get(node, 0))
        case Sum():
            return _alike(exprs, degrees, Sum)
        case Product():
            return Product(exprs), sum(degrees, Fraction(0))
        case Quotient():
            return Quotient(*exprs), degrees[0] - degrees[1]
        case Power(_, exponent):
            value = rational_value(exponent)
            if value is None:
                return (Power(*exprs), Fraction(0)) if not any(degrees) else None
            return Power(exprs[0], exponent), degrees[0] * Fraction(value)
        case Call("sqrt"):
            return call("sqrt", *exprs), degrees[0] / 2
        case Call("sign"):
            return call("sign", *exprs), Fraction(0)
        case Call("atan2"):
            found = _alike(exprs, degrees, lambda args: call("atan2", *args))
            return None if found is None else (found[0], Fraction(0))
        case Call(name) if name in _LINEAR:
            return _alike(exprs, degrees, lambda args: call(name, *args))
        case Comparison(operators):
            found = _alike(exprs, degrees, lambda args: Comparison(operators, args))
            return None if found is None else (found[0], Fraction(0))
        case Piecewise():
            values = [i for i in range(len(exprs)) if i % 2 == 0 or i == len(exprs) - 1]
            return _alike(exprs, degrees, Piecewise, values)
        case Call(name) if not any(degrees):
            return call(name, *exprs), Fraction(0)
    return None


def _alike(
    exprs: Sequence[Expr],
    degrees: Sequence[Fraction],
    made: Callable[[tuple[Expr, ...]], Expr],
    some: Sequence[int] | None = None,
) -> tuple[Expr, Fraction] | None:
    """What is made of parts, of which all or some get the largest of their degrees by the unit."""
    # 0 is of any degree.
    places = [i for i in some or range(len(exprs)) if exprs[i] is not ZERO]
    largest = max((degrees[i] for i in places), default=Fraction(0))
    raised = list(exprs)
    for i in places:
        lacking = largest - degrees[i]
        if lacking.denominator > 1:
            return None
        if lacking:
            raised[i] = multiply(power(UNIT, Number(lacking)), exprs[i])
    return made(tuple(raised)), largest
