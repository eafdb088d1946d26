"""From formulas to fractions of polynomials in generators (see ``generators``).

A part that is not understood becomes a generator of its own: nothing is known of it but that
it equals itself.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from typing import Any

from flint import fmpz_mpoly

from chainrule.balls.program import definition
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    MINUS_ONE,
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
    Unknown,
)
from chainrule.expr.relations import HOLDS
from chainrule.verify import ratio as arithmetic
from chainrule.verify.angles import Angles
from chainrule.verify.generators import NOT_NEGATIVE, POSITIVE
from chainrule.verify.ratio import Ratio, RatioTooLargeError, RatioUndefinedError, key

# Of a power that is not multiplied out. Nobody writes a higher one; that of a generator alone takes
# no time, but those of several may come together.
_MAX_EXPONENT = 1_000_000


class UndecidedSignError(Exception):
    """A case distinction depends on the sign of ``node``. Never leaves ``verify``."""

    def __init__(self, node: Expr) -> None:
        super().__init__(node)
        self.node = node


class Converter(Angles):
    """Fractions for formulas, each distinct subexpression converted once.

    Attributes:
        sums: generators that stand for a sum of which a high power occurs.
    """

    def __init__(self, room: int, aliases: Mapping[Expr, Expr] | None = None) -> None:
        """``aliases`` gives symbols that stand for formulas."""
        super().__init__(room)
        self._memo: dict[Expr, Ratio] = {}
        self._known_signs: dict[tuple[str, str], int] = {}
        self.sums: dict[int, fmpz_mpoly] = {}
        self._aliases = dict(aliases or {})

    def ratio(self, root: Expr) -> Ratio:
        """The formula as a fraction.

        Raises:
            RatioUndefinedError: it is defined nowhere.
            UndecidedSignError: it depends on the sign of something (see ``assume``).
            RingFullError: too many generators.
        """
        memo, convert = self._memo, _CONVERT
        deciding: dict[Expr, Generator[Expr, None, Expr]] = {}
        stack = [root]
        while stack:
            node = stack[-1]
            if node in memo:
                stack.pop()
                continue
            if type(node) is Piecewise and node not in self._aliases:
                try:
                    stack.append(next(deciding.setdefault(node, self._case(node))))
                    continue
                except StopIteration as decided:
                    self._aliases[node] = decided.value
            stands_for = self._aliases.get(node)
            args = node.args if stands_for is None else (stands_for,)
            if args:
                pending = [arg for arg in args if arg not in memo]
                if pending:
                    stack += reversed(pending)
                    continue
            stack.pop()
            self.current = node
            try:
                memo[node] = (
                    convert[type(node)](self, node) if stands_for is None else memo[stands_for]
                )
            except RatioTooLargeError:
                memo[node] = self._opaque(node)
        return memo[root]

    # --- signs and cases ---------------------------------------------------------------------
    def assume(self, node: Expr, sign: int) -> None:
        """Take ``node`` for positive (1) or negative (−1) from here on."""
        self._assume(node, sign, POSITIVE)

    def assume_not_negative(self, node: Expr) -> None:
        """Take ``node`` for positive or 0 from here on."""
        self._assume(node, 1, NOT_NEGATIVE)

    def _assume(self, node: Expr, sign: int, strength: int) -> None:
        u = self.canonical(self.ratio(node))
        if strength == POSITIVE:
            self._known_signs[key(u)] = sign
        if u[0].is_zero():
            return
        factors = self.factored(u)
        if len(factors.unknown) == 1 and factors.unknown[0][1] % 2:
            self._learn(factors.unknown[0][0], sign * factors.sign * strength)

    def _learn(self, p: fmpz_mpoly, sign: int) -> None:
        self.signs[str(p)] = sign
        generator = self.sole(p)
        if generator is not None and sign > 0:
            generator.sign = max(generator.sign, sign)

    def sign(self, node: Expr) -> int:
        """−1, 0 or 1.

        Raises:
            UndecidedSignError: it differs from point to point.
        """
        u = self.canonical(self.ratio(node))
        if u[0].is_zero():
            return 0
        known = self._known_signs.get(key(u))
        if known is not None:
            return known
        known = self._known_signs.get(key(arithmetic.negate(u)))
        if known is not None:
            return -known
        factors = self.factored(u)
        if factors.unknown or not factors.strict:
            raise UndecidedSignError(node)
        return factors.sign

    def _case(self, node: Piecewise) -> Generator[Expr, None, Expr]:
        """The case that applies; yields what is to be converted first to tell."""
        for value, condition in node.branches:
            if not isinstance(condition, Comparison):
                raise RatioTooLargeError
            for operator, (left, right) in zip(
                condition.operators, pairwise(condition.args), strict=True
            ):
                difference = left - right
                if difference not in self._memo:
                    yield difference
                if not HOLDS[operator](self.sign(difference), 0):
                    break
            else:
                return value
        if node.otherwise is None:
            raise RatioUndefinedError
        return node.otherwise

    # --- one node at a time ---------------------------------------------------------------------
    def _symbol(self, node: Symbol) -> Ratio:
        return self.generator(("symbol", node.name)).poly, None

    def _constant(self, node: Constant) -> Ratio:
        if node.name == "pi":
            return self.generator("pi", POSITIVE).poly, None
        return self.exp((self.one, None))

    def _sum(self, node: Expr) -> Ratio:
        memo = self._memo
        return reduce(arithmetic.add, [memo[arg] for arg in node.args])

    def _product(self, node: Expr) -> Ratio:
        memo = self._memo
        first, *rest = node.args
        if first is MINUS_ONE:
            return arithmetic.negate(reduce(arithmetic.multiply, [memo[arg] for arg in rest]))
        return reduce(arithmetic.multiply, [memo[arg] for arg in node.args])

    def _quotient(self, node: Expr) -> Ratio:
        above, below = node.args
        return arithmetic.multiply(self._memo[above], arithmetic.invert(self._memo[below]))

    def _unknown(self, node: Unknown) -> Ratio:
        keys = tuple(key(self.canonical(self._memo[arg])) for arg in node.args)
        return self.generator(("unknown", node.name, node.orders, keys)).poly, None

    def _opaque(self, node: Expr) -> Ratio:
        self.current = node
        return self.generator(("node", node)).poly, None

    def rational(self, u: Ratio) -> Fraction | None:
        """The value of a fraction that has no generators in it."""
        n, d = u
        if not n.is_constant() or (d is not None and not d.is_constant()):
            return None
        above = int(n.leading_coefficient()) if not n.is_zero() else 0
        return Fraction(above, 1 if d is None else int(d.leading_coefficient()))

    def _power(self, node: Expr) -> Ratio:
        base, exponent = [self._memo[arg] for arg in node.args]
        value = self.rational(exponent)
        if value is None:
            exponent = self.canonical(exponent)
            value = self.rational(exponent)
        if value is None:
            return self.exp(arithmetic.multiply(exponent, self.log(base)))
        if value == 0 and base[0].is_zero():
            raise RatioUndefinedError
        if value.denominator == 1 and abs(value) > 1:
            try:
                return arithmetic.power(base, value.numerator)
            except RatioTooLargeError:
                return self._unexpanded(base, value.numerator)
        return self.rational_power(base, value)

    def _unexpanded(self, base: Ratio, exponent: int) -> Ratio:
        """A high power of a sum: the sum becomes a generator, tied to its terms at the end."""
        if abs(exponent) > _MAX_EXPONENT:
            raise RatioTooLargeError
        base = self.canonical(base)
        above, below = base
        whole = self._sum_generator(above), None if below is None else self._sum_generator(below)
        return arithmetic.power(whole, exponent)

    def _sum_generator(self, poly: fmpz_mpoly) -> fmpz_mpoly:
        if len(poly) <= 1:
            return poly
        generator = self.generator(("sum", str(poly)), self.sign_of(poly))
        self.sums[generator.index] = poly
        return generator.poly

    def _call(self, node: Call) -> Ratio:
        memo, name, args = self._memo, node.name, node.args
        special = _SPECIAL.get(name)
        if special is not None and len(args) == 1:
            return special(self, memo[args[0]])
        if name == "undefined":
            raise RatioUndefinedError
        row = BY_NAME.get(name)
        if row is None or (row.definition is not None and name not in _OPAQUE):
            return self.ratio(definition(node))
        return self._kernel(name, args)

    def _kernel(self, name: str, args: tuple[Expr, ...]) -> Ratio:
        """A function that is only known to be odd or even, and what its inverse is."""
        operands = [self.canonical(self._memo[arg]) for arg in args]
        row = BY_NAME[name]
        flipped = False
        if row.parity and len(operands) == 1 and not operands[0][0].is_zero():
            flipped = bool(operands[0][0].leading_coefficient() < 0)
            if flipped:
                operands[0] = arithmetic.negate(operands[0])
        generator = self.generator((name, *[key(u) for u in operands]))
        generator.call = name, operands[0]
        result: Ratio = (generator.poly, None)
        return arithmetic.negate(result) if flipped and row.parity == "odd" else result


def _undo(inverse: str, name: str) -> Callable[[Converter, Ratio], Ratio]:
    """A function that is known to undo its inverse."""

    def convert(field: Converter, u: Ratio) -> Ratio:
        generator = field.sole(field.canonical(u)[0]) if u[1] is None else None
        if generator is not None and generator.call is not None:
            name_, argument = generator.call
            if name_ == inverse:
                return argument
        return field._kernel(name, field.current.args)

    return convert


_CONVERT: dict[type[Expr], Callable[[Converter, Any], Ratio]] = {
    Number: lambda field, node: field.constant(node.value),
    Symbol: Converter._symbol,
    Constant: Converter._constant,
    Sum: Converter._sum,
    Product: Converter._product,
    Quotient: Converter._quotient,
    Power: Converter._power,
    Call: Converter._call,
    Comparison: Converter._opaque,
    Unknown: Converter._unknown,
}

_SPECIAL: dict[str, Callable[[Converter, Ratio], Ratio]] = {
    "exp": lambda field, u: field.exp(u),
    "log": lambda field, u: field.log(u),
    "sqrt": lambda field, u: field.rational_power(u, Fraction(1, 2)),
    "cbrt": lambda field, u: field.rational_power(u, Fraction(1, 3), odd_root=True),
    "abs": lambda field, u: field.abs(u),
    "sin": lambda field, u: field.angles(u)[0],
    "cos": lambda field, u: field.angles(u)[1],
    "tan": lambda field, u: field.tangent(u),
    "erf": _undo("erfinv", "erf"),
}

_OPAQUE = frozenset({"atan2", "round", "trunc"})
"""Of what these are defined by, nothing more is known than of themselves."""
