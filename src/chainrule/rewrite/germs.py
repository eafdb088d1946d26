"""What a function is like just beside a point: its expansion for t → 0 from above.

A germ is

    e^E · (Σ c t^p (ln t)^q + O(t^p (ln t)^q))

with exact coefficients c, rational p and whole q; E is a sum of such terms that grow beyond all
bounds, so that e^E is smaller or larger than every power of t. That is a finite piece of a
transseries (J. van der Hoeven, Transseries and Real Differential Algebra, 2006). The error is an
upper bound and is never differentiated; a coefficient is dropped only where it is proved to be 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce

from chainrule.expr.nodes import (
    ZERO,
    Expr,
    Number,
    Value,
    add,
    divide,
    multiply,
)
from chainrule.rewrite.order import Order, UndecidedError, UndefinedError

Monomial = tuple[Value, int]
"""t^p (ln t)^q. A whole p is an int: fractions are slow."""

UNIT: Monomial = (0, 0)
LINEAR: Monomial = (1, 0)
LOGARITHM: Monomial = (0, 1)
"""1, t and ln t."""


def size(monomial: Monomial) -> tuple[Value, int]:
    """A key by which larger monomials come first: −ln t grows slower than every power of t."""
    return monomial[0], -monomial[1]


def times(first: Monomial, second: Monomial) -> Monomial:
    return first[0] + second[0], first[1] + second[1]


def over(first: Monomial, second: Monomial) -> Monomial:
    return first[0] - second[0], first[1] - second[1]


@dataclass(frozen=True, slots=True)
class Germ:
    """An expansion; see the module's docstring.

    Attributes:
        terms: coefficients by monomials, the largest first, none of them 0.
        error: a bound for what is left out; ``None`` if nothing is.
        exponent: E, in the same form as ``terms``.
    """

    terms: Mapping[Monomial, Expr]
    error: Monomial | None = None
    exponent: Mapping[Monomial, Expr] = field(default_factory=dict)

    @property
    def leading(self) -> Monomial | None:
        """The largest monomial; ``None`` if only a bound is known, or the function is 0."""
        return next(iter(self.terms), None)

    @property
    def bound(self) -> Monomial | None:
        """A monomial that the factor after e^E stays below; ``None`` for 0."""
        return self.leading or self.error

    @property
    def is_zero(self) -> bool:
        return not self.terms and self.error is None

    def vanishes(self) -> bool:
        """Whether the factor after e^E is known to go to 0."""
        return self.bound is None or size(self.bound) > size(UNIT)


class Germs:
    """Arithmetic of germs.

    Attributes:
        order: tells signs, and whether a coefficient is 0.
        depth: how many powers of t are kept after the first.
    """

    def __init__(self, order: Order, depth: int) -> None:
        self.order = order
        self.depth = depth

    # --- signs ----------------------------------------------------------------------------------
    def sign(self, coefficient: Expr) -> int:
        found = self.order.sign(coefficient)
        if not found:
            # The letters only happen to have values for which it is 0.
            raise UndecidedError
        return found

    def leading_sign(self, germ: Germ) -> int:
        """The sign of the function beside the point, 0 if it is 0 there.

        Raises:
            UndecidedError: only a bound is known.
        """
        if germ.is_zero:
            return 0
        if germ.leading is None:
            raise UndecidedError
        odd = germ.leading[1] % 2
        return self.sign(germ.terms[germ.leading]) * (-1 if odd else 1)

    def grows(self, exponent: Mapping[Monomial, Expr]) -> int:
        """1 if e^E grows beyond all bounds, −1 if it vanishes, 0 if E is 0."""
        return self.leading_sign(Germ(exponent))

    # --- making them ----------------------------------------------------------------------------
    def made(
        self,
        terms: Iterable[tuple[Monomial, Expr]],
        error: Monomial | None = None,
        exponent: Mapping[Monomial, Expr] | None = None,
    ) -> Germ:
        """A germ of terms in any order, cut off behind ``depth`` powers or at the error.

        Raises:
            UndecidedError: a coefficient is too close to 0 to tell.
            TooMuchWorkError: there were too many.
        """
        sums: dict[Monomial, Expr] = {}
        for monomial, coefficient in terms:
            before = sums.get(monomial)
            sums[monomial] = coefficient if before is None else add(before, coefficient)
        kept: dict[Monomial, Expr] = {}
        last: Value | None = None
        for monomial in sorted(sums, key=size):
            if error is not None and size(monomial) >= size(error):
                break
            if last is not None and monomial[0] >= last:
                error = monomial
                break
            coefficient = self.order.settled(sums[monomial])
            if coefficient is ZERO:
                continue
            if last is None:
                last = monomial[0] + self.depth
            kept[monomial] = coefficient
        return Germ(kept, error, exponent or {})

    def constant(self, value: Expr) -> Germ:
        return self.made([(UNIT, value)])

    def bounded(self, error: Monomial = UNIT) -> Germ:
        """A function of which no more is known than that it stays below a monomial."""
        return Germ({}, error)

    @property
    def negligible(self) -> Monomial:
        """The bound for what is smaller than every power of t."""
        return self.depth, 0

    # --- operations -----------------------------------------------------------------------------
    def total(self, parts: Iterable[Germ]) -> Germ:
        """The sum of any number of germs; those without e^E at once."""
        terms: list[tuple[Monomial, Expr]] = []
        error: Monomial | None = None
        others: list[Germ] = []
        for part in parts:
            if part.exponent:
                others.append(part)
            else:
                terms += part.terms.items()
                error = larger(error, part.error)
        return reduce(self.plus, others, self.made(terms, error))

    def plus(self, a: Germ, b: Germ) -> Germ:
        if a.is_zero or b.is_zero:
            return b if a.is_zero else a
        if not a.exponent and not b.exponent:
            return self.total((a, b))
        difference = self.made([*a.exponent.items(), *_negated(b.exponent)])
        if not difference.terms:
            error = larger(a.error, b.error)
            return self.made([*a.terms.items(), *b.terms.items()], error, a.exponent)
        main = a if self.grows(difference.terms) > 0 else b
        if main.leading is None:
            return main
        swallowed = main.leading[0] + self.depth, 0
        return self.made(main.terms.items(), larger(main.error, swallowed), main.exponent)

    def scaled(self, factor: Expr, a: Germ) -> Germ:
        terms = [(m, multiply(factor, c)) for m, c in a.terms.items()]
        return self.made(terms, a.error, a.exponent)

    def negative(self, a: Germ) -> Germ:
        return self.scaled(Number(-1), a)

    def product(self, a: Germ, b: Germ) -> Germ:
        if a.is_zero or b.is_zero:
            return Germ({})
        assert a.bound is not None
        assert b.bound is not None
        error = None
        if b.error is not None:
            error = times(a.bound, b.error)
        if a.error is not None:
            error = larger(error, times(b.bound, a.error))
        terms = [
            (times(m, n), multiply(c, d)) for m, c in a.terms.items() for n, d in b.terms.items()
        ]
        exponent: Mapping[Monomial, Expr] = {}
        if a.exponent or b.exponent:
            exponent = self.made([*a.exponent.items(), *b.exponent.items()]).terms
        return self.made(terms, error, exponent)

    def split(self, a: Germ) -> tuple[Monomial, Expr, Germ]:
        """The leading term, and δ with a = e^E · term · (1 + δ).

        Raises:
            UndecidedError: no leading term is known.
            UndefinedError: the function is 0.
        """
        if a.is_zero:
            raise UndefinedError
        first = a.leading
        if first is None:
            raise UndecidedError
        lead = a.terms[first]
        rest = [(over(m, first), divide(c, lead)) for m, c in a.terms.items() if m != first]
        error = None if a.error is None else over(a.error, first)
        return first, lead, self.made(rest, error)


def _negated(terms: Mapping[Monomial, Expr]) -> Iterator[tuple[Monomial, Expr]]:
    return ((m, multiply(Number(-1), c)) for m, c in terms.items())


def larger(a: Monomial | None, b: Monomial | None) -> Monomial | None:
    """The larger of two bounds, of which there may be none."""
    found = [m for m in (a, b) if m is not None]
    return min(found, key=size, default=None)
