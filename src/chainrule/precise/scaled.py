"""A formula times a power of two, for results next to the smallest or largest numbers of a format.

e^x + x·e^x is made of numbers that have lost their last digits, or all of them, where it is a
normal number itself (e^x is subnormal below −708, its product with x only below −715). Here the
power of two goes into the exponentials, before anything is rounded to what small numbers can
hold, and is taken off at the end. Everything is computed to twice the precision (``compensated``).
With a power that is less than 1 it is the same for what overflows on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import reduce

from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    ONE,
    PI,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    call,
    postorder,
    rational_value,
)
from chainrule.precise.compensated import Compensation
from chainrule.precise.double_word import Pair, add, chosen
from chainrule.precise.error_function import erfc
from chainrule.precise.exponentials import exp

_SLOPE_OF_ERF = 2 / call("sqrt", PI)
# u itself to twice the precision, for |u| below 2^−_TINY.
_TINY = 120


def lifted(root: Expr, significand: int, terms: int, lift: int) -> Expr | None:
    """An expression that evaluates to ``root``, by way of ``root``·2^lift.

    Args:
        root: an expression of functions that a target has.
        significand: bits of the format's significand.
        terms: of the series in two parts, as for ``compensated``; not 0.
        lift: the exponent of two: positive against underflow, negative against overflow.

    Returns:
        ``None`` if the power can go into no exponential.
    """
    found = _Lifting(significand, terms, lift).lifted(root)
    if found is None:
        return None
    return Product((Number(Fraction(2) ** -lift), Sum((found.hi, found.lo))))


class _Lifting:
    """``up`` and ``down``: values times 2^lift and 2^−lift, of each part once."""

    def __init__(self, significand: int, terms: int, lift: int) -> None:
        compensation = Compensation(significand, terms)
        self._of, self._plain, self._lift = compensation.of, compensation.pair, lift
        self._up: dict[Expr, Pair | None] = {}
        self._down: dict[Expr, Pair] = {}

    def lifted(self, root: Expr) -> Pair | None:
        self._plain(root)
        for node in postorder(root):
            self._up[node] = self._lifted(node)
            self._down[node] = self._lowered(node)
        return self._up[root]

    def _times_power(self, node: Expr, exponent: int) -> Pair:
        return self._of.multiply(Pair(Number(Fraction(2) ** exponent)), self._plain(node))

    def _lifted(self, node: Expr) -> Pair | None:
        """The value times 2^lift, if it is small where exponentials in it are."""
        of, up, plain = self._of, self._up, self._plain
        match node:
            case Call("exp", (u,)):
                return exp(of, plain(u), self._lift)
            case Call("erfc", (u,)):
                return erfc(of, plain(u), self._lift)
            case Call("log", (Sum((first, *rest)),)) if first is ONE and len(rest) == 1:
                return self._like(up[rest[0]], node)
            case Call(name, (u,)) if name in BY_NAME and BY_NAME[name].like_argument:
                return self._like(up[u], node)
            case Call("erf", (u,)):
                small = up[u]
                return small and self._like(of.multiply(plain(_SLOPE_OF_ERF), small), node)
            case Sum(args):
                terms = [term for arg in args if (term := up[arg]) is not None]
                return reduce(add, terms) if len(terms) == len(args) else None
            case Product(args):
                index = next((i for i, arg in enumerate(args) if up[arg] is not None), None)
                return None if index is None else self._product(args, index, up)
            case Power(base, exponent):
                small, value = up[base], rational_value(exponent) or 0
                return self._times_base(small, base, value) if small and value > 1 else None
            case Piecewise(args):
                return self._cases(args)
            case Quotient(top, bottom):
                small = up[top]
                if small is not None:
                    return of.divide(small, plain(bottom))
                grows = any(isinstance(n, Call) and n.name == "exp" for n in postorder(bottom))
                return of.divide(plain(top), self._down[bottom]) if grows else None
        return None

    def _lowered(self, node: Expr) -> Pair:
        """The value times 2^−lift, if need be of a value that overflows."""
        of, down, plain = self._of, self._down, self._plain
        match node:
            case Call("exp", (u,)):
                return exp(of, plain(u), -self._lift)
            case Sum(args):
                return reduce(add, [down[arg] for arg in args])
            case Product(args):
                return self._product(args, len(args) - 1, down)
            case Power(base, exponent) if (value := rational_value(exponent) or 0) > 1:
                return self._times_base(down[base], base, value)
            case Quotient(top, bottom):
                small = self._up[bottom]
                if small is not None:
                    return of.divide(plain(top), small)
                return of.divide(down[top], plain(bottom))
        return self._times_power(node, -self._lift)

    def _like(self, small: Pair | None, node: Expr) -> Pair | None:
        """A function of the table, of an argument that is given lifted, where that is tiny."""
        if small is None:
            return None
        least = Number(Fraction(2) ** (self._lift - _TINY))
        tiny = Comparison(("<",), (call("abs", small.hi), least))
        return chosen(small, tiny, self._times_power(node, self._lift))

    def _cases(self, args: tuple[Expr, ...]) -> Pair | None:
        """Cases of which at least one is small."""
        if all(self._up[value] is None for value in (*args[::2], args[-1])):
            return None
        pairs = [
            self._plain(arg) if i % 2 else self._up[arg] or self._times_power(arg, self._lift)
            for i, arg in enumerate(args)
        ]
        high, low = (
            Piecewise(tuple([p.hi if i % 2 else p[part] for i, p in enumerate(pairs)]))
            for part in (0, 1)
        )
        return Pair(high, low)

    def _product(
        self, args: tuple[Expr, ...], index: int, scaled: Mapping[Expr, Pair | None]
    ) -> Pair:
        """The product of factors of which one is scaled."""
        factor = scaled[args[index]]
        assert factor is not None
        others = [self._plain(arg) for arg in args[:index] + args[index + 1 :]]
        return reduce(self._of.multiply, others, factor)

    def _times_base(self, scaled: Pair, base: Expr, exponent: Fraction | int) -> Pair:
        """A power whose base is given scaled: once, the rest of the power is as it is."""
        return self._of.multiply(scaled, self._plain(Power(base, Number(Fraction(exponent) - 1))))
