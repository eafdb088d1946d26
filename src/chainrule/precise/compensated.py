"""Twice the precision out of ordinary operations, where a formula cancels what was rounded.

Every value becomes an unevaluated sum of two numbers of the format (``double_word.py``; J.-M.
Muller et al., Handbook of Floating-Point Arithmetic, 2nd ed., chapters 4 and 14). What comes out
is again an expression of ordinary operations, so that every target can write it.

The order of operations is what it is about: a target must not reorder them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce

from chainrule.expr.nodes import (
    ONE,
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    postorder,
    rational_value,
    symbols,
)
from chainrule.precise import angles, error_function, exponentials
from chainrule.precise.double_word import (
    DoubleWords,
    Pair,
    add,
    by_the_library,
    plus,
    quick_two_sum,
    rounded,
    subtract,
    times,
    two_sum,
    value_of,
)

# As in ``program.lower``: a power up to this one is multiplied out.
_LARGEST_POWER = 16


def compensated(root: Expr, significand: int, terms: int = 0, *, far: bool = False) -> Expr:
    """An expression that evaluates to ``root`` with errors of about one rounding.

    Args:
        root: an expression of functions that a target has.
        significand: bits of the format's significand: 53, or 24 for float32.
        terms: 0 for functions as accurate as a library has them. In float64, exponentials and
            logarithms are computed here, with this many terms of the series in both parts: 2 give
            some 75 bits, 7 more than 100.
        far: whether sines and cosines of large angles that are no numbers of the format are
            meant to be right, as that of c·x is not, with c·x rounded.
    """
    return as_one(Compensation(significand, terms, far=far).pair(root))


def as_one(found: Pair) -> Expr:
    """hi + lo as one number."""
    return plus(found.hi, found.lo)


def polynomial_near(
    variable: Expr, root: Fraction, coefficients: Sequence[Fraction], significand: int
) -> Expr:
    """c₁t + c₂t² + … with t = x − r, where r is 0 or no number of the format.

    What is small, from the third coefficient on, is computed as usual.
    """
    of = DoubleWords(significand)
    rest, parts = root, []
    for _ in range(3):
        parts.append(rounded(rest, significand))
        rest -= parts[-1]
    t = Pair(variable)
    if root:
        t = two_sum(variable, Number(-parts[0]))
        t = add(t, Pair(Number(-parts[1])))
        t = Pair(t.hi, plus(t.lo, Number(-parts[2])))
    pairs = [of.constant(coefficient) for coefficient in coefficients]
    return as_one(of.multiply(of.polynomial(pairs, t, 2), t))


class Compensation:
    """Pairs for expressions, and for each of their parts once.

    Attributes:
        of: the arithmetic.
    """

    def __init__(self, significand: int, terms: int, *, far: bool = False) -> None:
        self.of = DoubleWords(significand, terms, far)
        self._pairs: dict[Expr, Pair] = {}

    def pair(self, root: Expr) -> Pair:
        """The value to twice the precision."""
        pairs = self._pairs
        for node in postorder(root):
            if node not in pairs:
                pairs[node] = self._node(node)
        return pairs[root]

    def _node(self, node: Expr) -> Pair:
        of = self.of
        if not symbols(node) and not isinstance(node, (Comparison, Piecewise)):
            value = value_of(node)
            return Pair(node) if value is None else of.constant(value)
        args = [self._pairs[arg] for arg in node.args]
        match node:
            case Sum():
                return reduce(add, args)
            case Product():
                return reduce(of.multiply, args)
            case Quotient():
                return of.divide(*args)
            case Power(_, exponent):
                base, power = args
                return _power(of, base, power, rational_value(exponent))
            case Piecewise():
                return _cases(args)
            case Comparison(operators):
                return Pair(_comparison(operators, args))
            case Call(name) if name in _EXACT or (of.terms and name in _ACCURATE):
                return {**_EXACT, **_ACCURATE}[name](of, *args)
            case Call(name):
                return by_the_library(name, *args)
        return Pair(node)


def _comparison(operators: tuple[str, ...], args: list[Pair]) -> Expr:
    # Longer chains are compared by their leading parts.
    if all(arg.lo is ZERO for arg in args) or len(args) > 3:
        return Comparison(operators, tuple([arg.hi for arg in args]))
    # Differences from the second, whose signs are exact.
    first, base, *others = args
    ends = [subtract(arg, base).hi for arg in (first, *others)]
    return Comparison(operators, (ends[0], ZERO, *ends[1:]))


def _cases(args: list[Pair]) -> Pair:
    high = Piecewise(tuple([pair.hi for pair in args]))
    conditions = range(1, len(args), 2)
    if all(pair.lo is ZERO for i, pair in enumerate(args) if i not in conditions):
        return Pair(high)
    low = [pair.hi if i in conditions else pair.lo for i, pair in enumerate(args)]
    return Pair(high, Piecewise(tuple(low)))


def _power(of: DoubleWords, base: Pair, power: Pair, value: Fraction | int | None) -> Pair:
    if value is not None and value.denominator <= 2 and abs(value.numerator) <= _LARGEST_POWER:
        start = of.sqrt(base) if value.denominator == 2 else base
        found = of.powered(start, abs(value.numerator))
        return of.divide(Pair(ONE), found) if value < 0 else found
    if of.terms:
        return exponentials.exp(of, of.multiply(power, exponentials.log(of, base)))
    whole = Power(base.hi, power.hi)
    by_base = times(Quotient(power.hi, base.hi), base.lo)
    by_exponent = times(Call("log", (base.hi,)), power.lo)
    return quick_two_sum(whole, times(whole, plus(by_base, by_exponent)))


def _extreme(name: str, operator: str) -> Callable[[DoubleWords, Pair, Pair], Pair]:
    """The larger or smaller of two."""

    def function(_: DoubleWords, a: Pair, b: Pair) -> Pair:
        exact = a.lo is ZERO and b.lo is ZERO
        first = Comparison((operator,), (a.hi, b.hi))
        low = ZERO if exact else Piecewise((a.lo, first, b.lo))
        return Pair(Call(name, (a.hi, b.hi)), low)

    return function


_EXACT: Mapping[str, Callable[..., Pair]] = {
    "abs": exponentials.size_of,
    "max": _extreme("max", ">="),
    "min": _extreme("min", "<="),
    "sqrt": DoubleWords.sqrt,
}
"""Functions of which twice the precision takes operations only."""
_ACCURATE: Mapping[str, Callable[..., Pair]] = {
    "exp": exponentials.exp,
    "expm1": exponentials.expm1,
    "log": exponentials.log,
    "log1p": exponentials.log1p,
    "tanh": exponentials.tanh,
    "sinh": exponentials.sinh,
    "cosh": exponentials.cosh,
    "sin": angles.sin,
    "cos": angles.cos,
    "tan": angles.tan,
    "atan": angles.atan,
    "erf": error_function.erf,
    "erfc": error_function.erfc,
    "erfinv": error_function.erfinv,
}
"""Functions that are computed to twice the precision if that is asked for."""
