"""Where formulas are zero, and which of two such points lies left of the other.

Points may hold letters; what is known about these decides their order.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from flint import arb, fmpq_mpoly

from chainrule.balls.arithmetic import approximate
from chainrule.expr.nodes import (
    ONE,
    ZERO,
    Comparison,
    Expr,
    Number,
    Sum,
    Symbol,
    add,
    call,
    depends_on,
    size,
    substitute,
    symbols,
)
from chainrule.rewrite.everyday import negate_term
from chainrule.rewrite.field_writer import FieldWriter
from chainrule.rewrite.line import Line, Side
from chainrule.rewrite.monomial import coefficient_and_rest
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.rational import Exponential, Field, TooLargeError
from chainrule.rewrite.simplify import simplified

if TYPE_CHECKING:
    from chainrule.rewrite.expansion import Expansion

# More switching points than this are nobody's activation function.
MAX_POINTS = 40
# Nodes of coefficients that are looked at in expansions, beside one point and beside all: more
# takes longer than anyone waits.
MOST_WORK_AT_ONCE, MOST_WORK = 3_000, 50_000
# Values and slopes of more nodes are shown as they were found: nobody sees a common factor.
_LARGEST_SHOWN = 60


class UndecidedError(Exception):
    """Which case applies cannot be told; the caller leaves the formula as it is."""


class UndefinedError(Exception):
    """A function is not defined at a point, or beside it."""


class TooMuchWorkError(UndecidedError):
    """The coefficients of an expansion grew too large, or there were too many."""


class Order:
    """What is known about the letters that are not the variable.

    Attributes:
        variable: the variable of the line.
        defaults: values of letters. Their domains are taken to be such that comparisons have
            the same outcome throughout.
        lenient: whether letters without a value count as 1 instead of being unknown.
        lines: what ``on_intervals`` found for each node, for each set of switches.
        expansions: what ``expansion`` found, for each depth.
        work: how many nodes of coefficients ``settled`` has looked at.
        sides: what ``limits.side`` found, by function, point and direction.
        supposed: what was decided by the values of letters that are not in ``certain``.
    """

    def __init__(
        self,
        variable: Symbol,
        defaults: Mapping[Symbol, Expr] | None = None,
        tidier: Tidier | None = None,
        *,
        lenient: bool = False,
        certain: Container[Symbol] | None = None,
    ) -> None:
        self.variable = variable
        self.defaults = defaults or {}
        self.lenient = lenient
        self._certain = certain
        self.supposed: dict[Comparison, None] = {}
        self.tidier = tidier or Tidier()
        self.lines: dict[frozenset[str], dict[Expr, Line]] = {}
        self.sides: dict[tuple[Expr, Expr, int], Side] = {}
        self.expansions: dict[int, Expansion] = {}
        self._settled: dict[Expr, Expr] = {}
        self.work = 0
        self._most_work = MOST_WORK
        self._zeros: dict[Expr, tuple[list[Expr], Expr | None]] = {}
        self._simplified: dict[Expr, Expr] = {}
        self._numbers: dict[Expr, arb | None] = {}

    @property
    def generous(self) -> Order:
        """This order with letters without a value counting as 1."""
        if self.lenient:
            return self
        return order_on(self.variable, self.defaults, self.tidier, lenient=True)

    def zeros(self, expr: Expr) -> tuple[list[Expr], Expr | None]:
        """What ``roots`` gives, worked out once."""
        found = self._zeros.get(expr)
        if found is None:
            found = self._zeros[expr] = roots(expr, self)
        return found

    def simplified(self, expr: Expr) -> Expr:
        found = self._simplified.get(expr)
        if found is None:
            # What everyday rewriting turns into a number or a letter needs no more.
            found = self.tidier.tidy(expr)
            if found.args:
                found = simplified(found, self.variable, self.tidier)
            self._simplified[expr] = found
        return found

    def shown(self, expr: Expr) -> Expr:
        """A value or a slope as a reader is told it."""
        tidied = self.tidier.tidy(expr)
        return self.simplified(tidied) if size(tidied) <= _LARGEST_SHOWN else tidied

    def at_once(self) -> None:
        """What follows, until this is called again, is one piece of work for ``settled``."""
        self._most_work = min(self.work + MOST_WORK_AT_ONCE, MOST_WORK)

    def settled(self, expr: Expr) -> Expr:
        """A tidied expression without the variable; ``ZERO`` if it is 0 whatever its letters are.

        Raises:
            UndecidedError: it is too close to 0 to tell.
            TooMuchWorkError: there were too many of them.
        """
        if isinstance(expr, Number):
            return expr if expr.value else ZERO
        self.work += 1
        found = self._settled.get(expr)
        if found is None:
            self.work += size(expr)
            if self.work > self._most_work:
                raise TooMuchWorkError
            found = self.tidier.tidy(expr)
            self._settled[expr] = found = ZERO if self._is_zero(found) else found
        return found

    def _is_zero(self, expr: Expr) -> bool:
        if isinstance(expr, Number):
            return not expr.value
        value = approximate(substitute(expr, _near(expr, self.defaults)))
        if value is not None and not value.contains(0):
            return False
        if value is not None and value.is_zero() and not symbols(expr):
            return True
        if self.simplified(expr) is ZERO:
            return True
        raise UndecidedError

    def number(self, expr: Expr, at: Expr | None = None) -> arb | None:
        """The value with every letter replaced; ``at`` is the variable's."""
        if at is not None:
            expr = substitute(expr, {self.variable: at})
        numbers = self._numbers
        if expr not in numbers:
            numbers[expr] = self._number(expr)
        return numbers[expr]

    def _number(self, expr: Expr) -> arb | None:
        mapping: dict[Expr, Expr] = {}
        for letter in symbols(expr):
            if letter in self.defaults:
                mapping[letter] = self.defaults[letter]
            elif self.lenient and letter is not self.variable:
                mapping[letter] = ONE
            else:
                return None
        return approximate(substitute(expr, mapping) if mapping else expr)

    def sign(self, expr: Expr, at: Expr | None = None) -> int:
        """The sign of an expression without the variable, or at a point.

        Raises:
            UndecidedError: it depends on letters without a value, or is too close to 0.
        """
        if isinstance(expr, Number):
            return (expr.value > 0) - (expr.value < 0)
        value = self.number(expr, at)
        if value is None:
            raise UndecidedError
        if value > 0 or value < 0:
            self._suppose(*((ZERO, expr) if value > 0 else (expr, ZERO)))
            return 1 if value > 0 else -1
        if at is None and self.simplified(expr) is ZERO:
            return 0
        if value.is_exact() and value.is_zero() and not self.supposes(expr):
            return 0
        raise UndecidedError

    def supposes(self, expr: Expr) -> bool:
        """Whether there are letters in it whose values are only supposed, for an example."""
        certain = self._certain
        return certain is not None and any(
            letter is not self.variable and letter not in certain for letter in symbols(expr)
        )

    def _suppose(self, smaller: Expr, larger: Expr) -> None:
        if not self.supposes(larger - smaller):
            return
        number, _, rest = coefficient_and_rest(self.tidier.tidy(larger - smaller))
        difference = rest if number > 0 else self.tidier.tidy(-rest)
        # λ > 0 is known of a width.
        if not self.tidier.is_positive(difference):
            self.supposed[_positive(difference)] = None

    def compare(self, first: Expr, second: Expr) -> int:
        """−1, 0 or 1 as ``first`` lies left of, on or right of ``second``."""
        if first is second:
            return 0
        values = self.number(first), self.number(second)
        if values[0] is not None and values[1] is not None:
            # Most points are numbers far apart, and need no algebra.
            if values[0] < values[1]:
                self._suppose(first, second)
                return -1
            if values[0] > values[1]:
                self._suppose(second, first)
                return 1
        difference = self.simplified(first - second)
        if difference is ZERO:
            return 0
        found = self.sign(difference)
        if found == 0:
            # Two letters that only happen to have the same default.
            raise UndecidedError
        return found

    def between(self, low: Expr | None, high: Expr | None) -> Expr:
        """A number inside the interval."""
        ends = [None if end is None else self.number(end) for end in (low, high)]
        if low is None and high is None:
            return ZERO
        known = [end for end in ends if end is not None]
        if len(known) < (low is not None) + (high is not None):
            raise UndecidedError
        if low is None or high is None:
            middle = known[0].mid() + (1 if high is None else -1)
        else:
            middle = (known[0].mid() + known[1].mid()) / 2
        return _rational(middle)


def _positive(difference: Expr) -> Comparison:
    """k < 3, for 3 − k."""
    terms = difference.args if isinstance(difference, Sum) else (difference,)
    below = [term for term in terms if coefficient_and_rest(term)[0] < 0]
    above = [term for term in terms if term not in below]
    if not below:
        return Comparison((">",), (add(*above), ZERO))
    return Comparison(("<",), (add(*map(negate_term, below)), add(*above)))


def order_on(
    variable: Symbol, defaults: Mapping[Symbol, Expr], tidier: Tidier, *, lenient: bool = False
) -> Order:
    """The order that a tidier's derivation has on a line: the same one, with what it has found."""
    key = variable, tuple(defaults.items()), lenient
    found = tidier.kept.get(key)
    if not isinstance(found, Order):
        found = tidier.kept[key] = Order(variable, defaults, tidier, lenient=lenient)
    return found


def values_of_letters(
    whole: Expr, variable: Symbol, defaults: Mapping[Symbol, Expr]
) -> dict[Symbol, Expr]:
    """Values for all letters but the variable: 1, 2, … by the alphabet where they have none."""
    letters = sorted(
        (s for s in symbols(whole) if s is not variable and s not in defaults),
        key=lambda symbol: symbol.name,
    )
    return {**{letter: Number(i) for i, letter in enumerate(letters, 1)}, **defaults}


def _near(expr: Expr, usual: Mapping[Symbol, Expr]) -> dict[Expr, Expr]:
    """Values near those of the letters, about which there is nothing special."""
    values: dict[Expr, Expr] = {}
    for i, letter in enumerate(symbols(expr), start=1):
        value = usual.get(letter, ONE)
        values[letter] = value * Number(Fraction(9, 8)) + Number(Fraction(i, 64))
    return values


def _rational(value: arb) -> Expr:
    exact = value.mid().fmpq()
    return Number(int(exact.p)) / Number(int(exact.q))


# --- where a formula changes its sign -------------------------------------------------------------
def roots(expr: Expr, order: Order) -> tuple[list[Expr], Expr | None]:
    """Every real zero of ``expr`` as a function of the variable, and the slope if it is linear.

    Linear ones with any letters; polynomials of numbers whose factors are at most quadratic.

    Raises:
        UndecidedError: they cannot be written down.
    """
    variable = order.variable
    if not depends_on(expr, variable):
        return [], None
    if (shift := _shift(expr, variable)) is not None:
        return [order.simplified(-shift)], ONE
    try:
        field_ = Field(expr)
        ratio = field_.ratio(expr)
    except TooLargeError:
        raise UndecidedError from None
    position = -1
    for i, kernel in enumerate(field_.kernels):
        inner = kernel.rest if isinstance(kernel, Exponential) else kernel
        if inner is variable and not isinstance(kernel, Exponential):
            position = i
        elif depends_on(inner, variable):
            raise UndecidedError
    if ratio.bottom.degrees()[position]:
        raise UndecidedError
    found: list[Expr] = []
    _, factors = ratio.top.factor()
    for factor, _ in factors:
        found += _zeros(_coefficients(field_, factor, ratio.bottom, position), order)
    slope = None
    if ratio.top.degrees()[position] == 1:
        slope = _coefficients(field_, ratio.top, ratio.bottom, position)[1]
    return sorted_points(found, order), slope


def _shift(expr: Expr, variable: Symbol) -> Expr | None:
    """c, for x + c and for x itself."""
    if expr is variable:
        return ZERO
    if not isinstance(expr, Sum) or variable not in expr.args:
        return None
    rest = [term for term in expr.args if term is not variable]
    if len(rest) != len(expr.args) - 1 or any(depends_on(term, variable) for term in rest):
        return None
    return add(*rest)


def _coefficients(
    field_: Field, poly: fmpq_mpoly, bottom: fmpq_mpoly, position: int
) -> dict[int, Expr]:
    """poly/bottom by powers of one kernel."""
    writer = FieldWriter(field_)
    return {
        degree: writer.expression(field_.cancelled(coefficient, bottom), factored=False)
        for degree, coefficient in field_.by_powers(position, poly).items()
    }


def _zeros(coefficients: Mapping[int, Expr], order: Order) -> list[Expr]:
    degree = max(coefficients)
    a, b, c = (coefficients.get(k, ZERO) for k in (2, 1, 0))
    if degree == 0:
        return []
    if degree == 1:
        # A slope of unknown sign could be 0, and there would be no zero at all.
        order.sign(b)
        return [order.simplified(-c / b)]
    if degree == 2 and all(isinstance(k, Number) for k in (a, b, c)):
        discriminant = order.simplified(b**2 - 4 * a * c)
        if order.sign(discriminant) < 0:
            return []
        root = call("sqrt", discriminant)
        return [order.simplified((-b + sign * root) / (2 * a)) for sign in (-1, 1)]
    raise UndecidedError


def sorted_points(points: Iterable[Expr], order: Order) -> list[Expr]:
    """The points in increasing order, equal ones once."""
    row: list[Expr] = []
    for point in points:
        for i, other in enumerate(row):
            side = order.compare(point, other)
            if side == 0:
                break
            if side < 0:
                row.insert(i, point)
                break
        else:
            row.append(point)
    if len(row) > MAX_POINTS:
        raise UndecidedError
    return row
