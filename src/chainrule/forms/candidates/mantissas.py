"""Formulas of several letters as numbers next to 1 times a power of two, which is put on last.

x²·y³ is that of two numbers next to 1, and leaves the format only where the value itself does. So
does x·y/(x + y), with letters that are scaled alike in the sum, and a²·e^(−a·x), with
e^(u − k·ln 2) for e^u, where k is a whole number (as libraries compute it; W. J. Cody and W. Waite,
Software Manual for the Elementary Functions, 1980). Of ln(x·y/(x + y)) the argument is put together
so. All exponents are even, so that roots can be taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from chainrule.expr.nodes import (
    HALF,
    ONE,
    TWO,
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
    add,
    call,
    multiply,
    negate,
    postorder,
    power,
    rational_value,
    substitute,
    symbols,
)
from chainrule.forms.candidates.scaling import UNIT, exponent_of, homogeneous

_LN2 = call("log", TWO)
# e^u is 0 or infinite from |u| = 745 on; of a product of some it is not.
_MOST = 8_000
# Nearer to 1 a sum of two logarithms may cancel.
_FAR = 512


class Mantissas(NamedTuple):
    """A formula in numbers next to 1 and powers of two.

    Attributes:
        expr: the formula, in letters that stand for these.
        powers: the power of two^letter that it is to be multiplied by, for some of these letters.
        meant: what each stands for, in the letters of the formula and such as come before it.
    """

    expr: Expr
    powers: Mapping[Symbol, Fraction]
    meant: Mapping[Symbol, Expr]

    def written(self) -> Expr:
        """The formula in the letters themselves."""
        first, second = _two_powers(self.powers)
        whole: Expr = Product((Product((self.expr, first)), second)) if self.powers else self.expr
        for symbol, value in reversed(list(self.meant.items())):
            whole = substitute(whole, {symbol: value})
        return whole


class _Part(NamedTuple):
    """A value as an expression times 2^(the sum of some exponents, each with a factor)."""

    expr: Expr
    powers: Mapping[Symbol, Fraction] = {}


def mantissas(root: Expr, letters: Sequence[Symbol], reach: int) -> Mantissas | None:
    """The formula by mantissas; ``None`` if nothing in it is a product of powers.

    Args:
        root: the formula, of elementary functions.
        letters: those that may be scaled.
        reach: the largest exponent of a power of two to scale by.
    """
    return _Splitter(letters, reach).split(root)


class _Splitter:
    def __init__(self, letters: Sequence[Symbol], reach: int) -> None:
        self._letters = letters
        self._reach = reach
        self._names: dict[Expr, Symbol] = {}
        # What stands for a letter that is scaled by itself, or for an exponent.
        self._own: set[Symbol] = set()

    def split(self, root: Expr) -> Mantissas | None:
        parts: dict[Expr, _Part] = {}
        whole: dict[Expr, Expr] = {}
        for node in postorder(root):
            found = self._node(node, [parts[arg] for arg in node.args], whole)
            parts[node] = found if found is not None else _Part(self._around(node, whole))
            whole[node] = self._whole(node, parts[node])
        expr, powers = parts[root]
        if self._own.isdisjoint(symbols(expr)):
            return None
        meant = {symbol: value for value, symbol in self._names.items()}
        return Mantissas(expr, powers, meant)

    def _node(self, node: Expr, parts: Sequence[_Part], whole: Mapping[Expr, Expr]) -> _Part | None:
        """A node of parts, if it is a product of powers; ``None`` if it is not."""
        exprs = tuple([part.expr for part in parts])
        match node:
            case Symbol() if node in self._letters:
                return self._letter(node)
            case Number() | Constant() | Symbol():
                return _Part(node)
            case Product():
                return _Part(Product(exprs), _sum([(part, 1) for part in parts]))
            case Quotient():
                return _Part(Quotient(*exprs), _sum([(parts[0], 1), (parts[1], -1)]))
            case Power(Constant("e"), exponent) | Call("exp", (exponent,)):
                return self._exponential(whole[exponent]) if symbols(exponent) else _Part(node)
            case Power(_, exponent) if (value := rational_value(exponent)) is not None:
                return self._roots(Power(exprs[0], exponent), parts[0], Fraction(value))
            case Call("sqrt"):
                return self._roots(call("sqrt", *exprs), parts[0], Fraction(1, 2))
            case Call("abs"):
                return _Part(call("abs", *exprs), parts[0].powers)
            case Call("log") if parts[0].powers:
                return _Part(_logarithm(call("log", whole[node.args[0]]), parts[0]))
            case Call("sign"):
                return _Part(call("sign", *exprs))
            case Sum() if all(part.powers == parts[0].powers for part in parts):
                return _Part(Sum(exprs), parts[0].powers)
            case Sum():
                return self._scaled(node)
        return None

    def _letter(self, letter: Symbol) -> _Part:
        exponent = self._named("exponent", self._even([call("abs", letter)]))
        mantissa = self._named(letter.name, multiply(letter, power(TWO, negate(exponent))))
        self._own.add(mantissa)
        return _Part(mantissa, {exponent: Fraction(1)})

    def _even(self, sizes: Sequence[Expr]) -> Expr:
        """An even exponent of the largest of some sizes."""
        return multiply(TWO, call("floor", multiply(HALF, exponent_of(sizes, self._reach))))

    def _exponential(self, exponent: Expr) -> _Part:
        """e^u as e^(u − k·ln 2) times 2^k."""
        k = self._named("growth", self._growth(exponent))
        self._own.add(k)
        return _Part(call("exp", Sum((exponent, negate(multiply(k, _LN2))))), {k: Fraction(1)})

    def _growth(self, exponent: Expr) -> Expr:
        turns = call("floor", add(Quotient(exponent, multiply(TWO, _LN2)), HALF))
        within = call("min", call("max", turns, Number(-_MOST // 2)), Number(_MOST // 2))
        return multiply(TWO, within)

    def _scaled(self, node: Expr) -> _Part | None:
        """A sum whose letters are all scaled alike, if that multiplies it."""
        found = homogeneous(node, dict.fromkeys(self._letters, 1))
        if found is None or found[1].denominator > 2:
            return None
        expr, degree = found
        used = [s for s in symbols(expr) if s in (*self._letters, UNIT)]
        sizes = [ONE if s is UNIT else call("abs", s) for s in used]
        k = self._named("exponent", self._even(sizes))
        down = power(TWO, negate(k))
        names: dict[Expr, Expr] = {
            s: self._named(s.name, down if s is UNIT else multiply(s, down)) for s in used
        }
        return _Part(substitute(expr, names), {k: degree})

    def _roots(self, expr: Expr, part: _Part, exponent: Fraction) -> _Part | None:
        powers = _sum([(part, exponent)])
        return _Part(expr, powers) if all(p.denominator <= 2 for p in powers.values()) else None

    def _around(self, node: Expr, whole: Mapping[Expr, Expr]) -> Expr:
        return node.with_args(tuple([whole[arg] for arg in node.args]))

    def _whole(self, node: Expr, part: _Part) -> Expr:
        """The value itself; letters are as they were."""
        if isinstance(node, (Symbol, Number, Constant)) or not part.powers:
            return node if isinstance(node, Symbol) else part.expr
        first, second = (self._named("power", p) for p in _two_powers(part.powers))
        return Product((Product((part.expr, first)), second))

    def _named(self, what: str, value: Expr) -> Symbol:
        """The letter that stands for a value."""
        if value not in self._names:
            self._names[value] = Symbol(f"chainrule {what} {len(self._names)}")
        return self._names[value]


def _logarithm(plain: Expr, part: _Part) -> Expr:
    """The logarithm of a part: of what is far from 1 by its mantissa, which no rounding spoils."""
    exponent = _total(part.powers)
    near = Comparison(("<",), (call("abs", exponent), Number(_FAR)))
    return Piecewise((plain, near, add(call("log", part.expr), multiply(exponent, _LN2))))


def _total(powers: Mapping[Symbol, Fraction]) -> Expr:
    return add(*(multiply(Number(degree), symbol) for symbol, degree in powers.items()))


def _sum(parts: Iterable[tuple[_Part, Fraction | int]]) -> dict[Symbol, Fraction]:
    """The powers of a product of parts, each to a power itself."""
    found: dict[Symbol, Fraction] = {}
    for part, exponent in parts:
        for symbol, degree in part.powers.items():
            found[symbol] = found.get(symbol, Fraction(0)) + degree * exponent
    return {symbol: degree for symbol, degree in found.items() if degree}


def _two_powers(powers: Mapping[Symbol, Fraction]) -> tuple[Expr, Expr]:
    """Powers of two whose product is meant: one alone may overflow where the value does not."""
    total = _total(powers)
    half = call("floor", multiply(HALF, total))
    return power(TWO, half), power(TWO, add(total, negate(half)))
