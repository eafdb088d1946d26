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
from chainrule.precise.double_word import Pair

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
    def __init__(self, significand: int, terms: int, lift: int) -> None:
        self._of = Compensation(significand, terms)
        self._lift = lift

    def lifted(self, root: Expr) -> Pair | None:
        self._of.pair(root)
        up: dict[Expr, Pair | None] = {}
        down: dict[Expr, Pair] = {}
        for node in postorder(root):
            up[node] = self._up(node, up, down)
            down[node] = self._down(node, up, down)
        return up[root]

    def _times_power(self, pair: Pair, exponent: int) -> Pair:
        return self._of.multiply(Pair(Number(Fraction(2) ** exponent)), pair)

    def _up(
        self, node: Expr, up: Mapping[Expr, Pair | None], down: Mapping[Expr, Pair]
    ) -> Pair | None:
        """The value times 2^lift, if it is small where exponentials in it are."""
        of = self._of
        match node:
            case Call("exp", (u,)):
                return of.exp(of.pair(u), self._lift)
            case Call("erfc", (u,)):
                return of.erfc(of.pair(u), self._lift)
            case Call("log", (Sum((first, *rest)),)) if first is ONE and len(rest) == 1:
                return self._like(up[rest[0]], of.pair(node))
            case Call(name, (u,)) if name in BY_NAME and BY_NAME[name].like_argument:
                return self._like(up[u], of.pair(node))
            case Call("erf", (u,)):
                small = up[u]
                small = None if small is None else of.multiply(of.pair(_SLOPE_OF_ERF), small)
                return self._like(small, of.pair(node))
            case Sum(args):
                terms = [term for arg in args if (term := up[arg]) is not None]
                if len(terms) < len(args):
                    return None
                total = terms[0]
                for term in terms[1:]:
                    total = of.add(total, term)
                return total
            case Product(args):
                chosen = next((i for i, arg in enumerate(args) if up[arg] is not None), None)
                return None if chosen is None else self._product(args, chosen, up[args[chosen]])
            case Power(base, exponent):
                small, value = up[base], rational_value(exponent)
                if small is None or value is None or not value > 1:
                    return None
                return of.multiply(small, of.pair(Power(base, Number(Fraction(value) - 1))))
            case Piecewise(args):
                return self._cases(args, up)
            case Quotient(top, bottom):
                small = up[top]
                if small is not None:
                    return of.divide(small, of.pair(bottom))
                grows = any(isinstance(n, Call) and n.name == "exp" for n in postorder(bottom))
                return of.divide(of.pair(top), down[bottom]) if grows else None
        return None

    def _like(self, small: Pair | None, value: Pair) -> Pair | None:
        """A function of the table, of an argument that is given lifted, where that is tiny."""
        if small is None:
            return None
        tiny = Comparison(
            ("<",), (call("abs", small.hi), Number(Fraction(2) ** (self._lift - _TINY)))
        )
        plain = self._times_power(value, self._lift)
        return Pair(*(Piecewise((a, tiny, b)) for a, b in zip(small, plain, strict=True)))

    def _cases(self, args: tuple[Expr, ...], up: Mapping[Expr, Pair | None]) -> Pair | None:
        """Cases of which at least one is small."""
        of = self._of
        values = dict.fromkeys([*args[::2], args[-1]])
        if all(up[value] is None for value in values):
            return None
        pairs = []
        for i, arg in enumerate(args):
            small = up[arg] or self._times_power(of.pair(arg), self._lift)
            pairs.append(of.pair(arg) if i % 2 else small)
        high, low = (
            Piecewise(tuple([p.hi if i % 2 else p[part] for i, p in enumerate(pairs)]))
            for part in (0, 1)
        )
        return Pair(high, low)

    def _product(self, args: tuple[Expr, ...], chosen: int, factor: Pair | None) -> Pair:
        of = self._of
        assert factor is not None
        total = factor
        for arg in args[:chosen] + args[chosen + 1 :]:
            total = of.multiply(total, of.pair(arg))
        return total

    def _down(self, node: Expr, up: Mapping[Expr, Pair | None], down: Mapping[Expr, Pair]) -> Pair:
        """The value times 2^−lift, if need be of a value that overflows."""
        of = self._of
        match node:
            case Call("exp", (u,)):
                return of.exp(of.pair(u), -self._lift)
            case Sum(args):
                total = down[args[0]]
                for arg in args[1:]:
                    total = of.add(total, down[arg])
                return total
            case Product(args):
                return self._product(args, len(args) - 1, down[args[-1]])
            case Power(base, exponent) if (value := rational_value(exponent) or 0) > 1:
                return of.multiply(down[base], of.pair(Power(base, Number(Fraction(value) - 1))))
            case Quotient(top, bottom):
                small = up[bottom]
                if small is not None:
                    return of.divide(of.pair(top), small)
                return of.divide(down[top], of.pair(bottom))
        return self._times_power(of.pair(node), -self._lift)
