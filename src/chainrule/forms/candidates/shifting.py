"""Formulas of exponentials with one number taken off all letters, which is put back at the end.

ln(eˣ + eʸ) is s + ln(e^(x − s) + e^(y − s)): where s is the larger of x and y, no exponential
overflows, and one of them is 1 (the log-sum-exp; P. Blanchard, D. Higham, N. Higham, IMA J. Numer.
Anal. 41, 2021). A number beside exponentials is one of e⁰, so that 0 is among the letters then.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from chainrule.expr.nodes import (
    ZERO,
    Call,
    Constant,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    add,
    call,
    multiply,
    negate,
    postorder,
    rational_value,
    substitute,
    symbols,
)

_SHIFT = Symbol("chainrule shift")
_NO = Fraction(0)


class Shifted(NamedTuple):
    """A formula in letters less a number, and that number.

    Attributes:
        expr: the formula, in the letters and the letter that stands for the number.
        letters: those from which it is taken off.
        beside: whether it has numbers beside exponentials.
    """

    expr: Expr
    letters: tuple[Symbol, ...]
    beside: bool

    def written(self) -> Expr:
        """The formula in the letters themselves."""
        largest: Expr = ZERO if self.beside else self.letters[0]
        for letter in self.letters if self.beside else self.letters[1:]:
            largest = call("max", largest, letter)
        return substitute(self.expr, {_SHIFT: largest})


class _Part(NamedTuple):
    """A node in shifted letters; the value is that plus ``more``·s, or times e^(``power``·s)."""

    expr: Expr
    more: Fraction = _NO
    power: Fraction = _NO


def shifted(root: Expr, letters: Sequence[Symbol]) -> Shifted | None:
    """The formula with a number taken off its letters, if that changes it by a multiple of it."""
    used = tuple(s for s in letters if s in set(symbols(root)))
    taken: dict[Symbol, Expr] = {s: Sum((s, negate(_SHIFT))) for s in used}
    found: dict[Expr, _Part | None] = {}
    for node in postorder(root):
        parts = [found[arg] for arg in node.args]
        known = [part for part in parts if part is not None]
        found[node] = _node(node, known, taken) if len(known) == len(parts) else None
    last = found[root]
    if last is None or last.power or len(used) < 2:
        return None
    # What is beside exponentials has been multiplied by one of the shift alone.
    alone = any(
        isinstance(n, Call) and n.name == "exp" and symbols(n) == [_SHIFT]
        for n in postorder(last.expr)
    )
    back = multiply(Number(last.more), _SHIFT)
    return Shifted(add(last.expr, back) if last.more else last.expr, used, alone)


def _node(node: Expr, parts: Sequence[_Part], taken: dict[Symbol, Expr]) -> _Part | None:
    exprs = tuple([part.expr for part in parts])
    steady = not any(part.more or part.power for part in parts)
    match node:
        case Symbol():
            return _Part(taken[node], Fraction(1)) if node in taken else _Part(node)
        case Number() | Constant():
            return _Part(node)
        case Sum() if not any(part.power for part in parts):
            return _Part(Sum(exprs), sum((part.more for part in parts), _NO))
        case Sum() if not any(part.more for part in parts):
            largest = max(part.power for part in parts)
            return _Part(Sum(tuple([_raised(part, largest) for part in parts])), _NO, largest)
        case Product() if not any(part.more for part in parts):
            return _Part(Product(exprs), _NO, sum((part.power for part in parts), _NO))
        case Product():
            moving = [part for part in parts if part.more]
            factor = Fraction(1)
            for arg, part in zip(node.args, parts, strict=True):
                value = Fraction(1) if part.more else rational_value(arg)
                if value is None:
                    return None
                factor *= value
            return _Part(Product(exprs), factor * moving[0].more) if len(moving) == 1 else None
        case Quotient() if not any(part.more for part in parts):
            return _Part(Quotient(*exprs), _NO, parts[0].power - parts[1].power)
        case Quotient(_, bottom) if (value := rational_value(bottom)) and not parts[0].power:
            return _Part(Quotient(*exprs), parts[0].more / Fraction(value))
        case Power(Constant("e"), _) if not parts[1].power:
            return _Part(Power(*exprs), _NO, parts[1].more)
        case Power(_, exponent) if (value := rational_value(exponent)) is not None:
            return None if parts[0].more else _Part(Power(*exprs), _NO, parts[0].power * value)
        case Call("exp") if not parts[0].power:
            return _Part(call("exp", *exprs), _NO, parts[0].more)
        case Call("log") if not parts[0].more:
            return _Part(call("log", *exprs), parts[0].power)
    return _Part(node.with_args(exprs)) if steady else None


def _raised(part: _Part, power: Fraction) -> Expr:
    lacking = part.power - power
    if not lacking:
        return part.expr
    return multiply(part.expr, call("exp", multiply(Number(lacking), _SHIFT)))
