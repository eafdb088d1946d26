"""A derivative as one fraction in one exponential: what takes a single call of ``exp``.

The sigmoid and its relatives, hyperbolic functions, logarithms of such inside of exponentials: all
of them are fractions of polynomials in e^(cx), with coefficients in x. Written with
t = e^(-|cx|), which cannot overflow, on each side of 0, they take one exponential and one division:
mish' = tanh(ln(1 + e^x)) + … has five of the one and three of the other as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import gcd, isfinite
from typing import NamedTuple

from flint import arb, fmpq, fmpz_mpoly
from flint.utils.flint_exceptions import DomainError

from chainrule.balls.arithmetic import compile_balls, precision
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
    Product,
    Symbol,
    add,
    call,
    depends_on,
    divide,
    multiply,
    postorder,
    power,
    rational_value,
    substitute,
    symbols,
)
from chainrule.parsing.definitions import expand_all
from chainrule.rewrite.monomial import coefficient_and_rest
from chainrule.verify.convert import Converter, UndecidedSignError
from chainrule.verify.generators import Generator, RingFullError
from chainrule.verify.ratio import RatioTooLargeError, RatioUndefinedError

# Generators of the ring for exact algebra: what needs more of them makes no short fraction.
_ROOM = 32
# Longer formulas make no short fraction.
_LARGEST = 200
# A longer polynomial takes more operations than the exponentials it would save.
_LARGEST_DEGREE = 12
# Numbers such as e and sqrt(pi) are taken to three times the digits of a double.
_BITS = 200

Coefficients = dict[int, Expr]
"""Of a polynomial in t, by the power."""


class ExponentialFraction(NamedTuple):
    """A fraction of polynomials in e^(cx), x, other letters and constants.

    Attributes:
        top, below: the polynomials, over the generators of a ``Converter``.
        exponential: the generator that stands for e^(cx).
        plain: the others that are used.
        factor: c.
    """

    top: fmpz_mpoly
    below: fmpz_mpoly
    exponential: Generator
    plain: Sequence[Generator]
    factor: Fraction


def in_one_exponential(expr: Expr, variable: Symbol) -> ExponentialFraction | None:
    """The formula as such a fraction, or ``None`` if it is none."""
    whole = expand_all(expr)
    if len(postorder(whole)) > _LARGEST:
        return None
    field = Converter(_ROOM)
    try:
        top, bottom = field.canonical(field.ratio(whole))
    except (UndecidedSignError, RatioUndefinedError, RingFullError, RatioTooLargeError):
        return None
    below = field.one if bottom is None else bottom
    used = [
        g
        for g in field.generators
        if any(p.degrees()[g.index] > 0 for p in (top, below) if not p.is_zero())
    ]
    exponentials = [g for g in used if g.exponent is not None]
    plain = [g for g in used if isinstance(g.node, (Symbol, Constant)) and g.exponent is None]
    if len(exponentials) != 1 or len(plain) + 1 != len(used):
        return None
    [exponential] = exponentials
    factor = _factor(exponential, variable, field)
    if factor is None:
        return None
    found = ExponentialFraction(top, below, exponential, plain, factor)
    if _degree(found) > _LARGEST_DEGREE:
        # Of e^(1.702x) it is the power 851 of e^(x/500).
        found = _in_its_power(found)
    return found if _degree(found) <= _LARGEST_DEGREE else None


def _degree(found: ExponentialFraction) -> int:
    return max(int(p.degrees()[found.exponential.index]) for p in (found.top, found.below))


def _in_its_power(found: ExponentialFraction) -> ExponentialFraction:
    """The same in the e^(kcx) of which all powers of e^(cx) are powers."""
    index = found.exponential.index
    parts = (found.top, found.below)
    times = gcd(*(int(powers[index]) for poly in parts for powers, _ in poly.terms()))
    steps = [1] * len(found.top.degrees())
    steps[index] = times
    top, below = (poly.deflate(steps) for poly in parts)
    return found._replace(top=top, below=below, factor=times * found.factor)


def exponential_fractions(expr: Expr, variable: Symbol) -> dict[str, Expr]:
    """The formula as N(x, t)/D(x, t) with t = e^(-|cx|), by what that is called.

    And as the square of such a fraction, which takes a multiplication less. None of it where the
    formula is no such fraction.
    """
    found = in_one_exponential(expr, variable)
    return {} if found is None else _fractions(found, _Writing(variable, variable))


def fractions_of_one_argument(expr: Expr, variable: Symbol) -> dict[str, Expr]:
    """The same where all functions are of one u, with t = e^(-|cu|), whatever the sign of u is.

    So are swish, of βx, and GELU by tanh, of a cubic. All numbers are rounded to float64: it is
    for results that are rounded later.
    """
    whole = expand_all(expr)
    calls = [
        node for node in postorder(whole) if isinstance(node, Call) and depends_on(node, variable)
    ]
    if any(len(node.args) != 1 for node in calls):
        return {}
    amounts = {node: _amount(node.args[0]) for node in calls}
    if len({rest for _, rest in amounts.values()}) != 1:
        return {}
    unit, rest = min(amounts.values(), key=lambda found: abs(found[0]))
    argument = Symbol(" u")
    # None is inside of another one: then their arguments would not be the same.
    lettered = substitute(
        whole,
        {
            node: Call(node.name, (multiply(Number(amount / unit), argument),))
            for node, (amount, _) in amounts.items()
        },
    )
    numbers = {node: Symbol(f" c{i}") for i, node in enumerate(_irrational(lettered))}
    found = in_one_exponential(substitute(lettered, numbers), argument)
    if found is None:
        return {}
    found = _in_its_power(found)
    with precision(_BITS):
        balls = compile_balls(list(numbers)).run([])
        writing = _Writing(argument, variable, dict(zip(numbers.values(), balls, strict=True)))
        try:
            meant = _rounded_product(unit * abs(found.factor), rest)
            forms = _fractions(found._replace(factor=found.factor / abs(found.factor)), writing)
        except _NotInFloat64Error:
            return {}
    return {name: substitute(form, {argument: meant}) for name, form in forms.items()}


def _amount(term: Expr) -> tuple[Fraction, Expr]:
    """A term as a number times the rest."""
    amount = Fraction(1)
    while True:
        value, _, rest = coefficient_and_rest(term)
        if rest is term or rest is ONE:
            return amount, term
        amount, term = amount * Fraction(value), rest


def _rounded_product(amount: Fraction, rest: Expr) -> Expr:
    """The product, with all factors that are numbers in one."""
    factors = rest.args if isinstance(rest, Product) else (rest,)
    numbers = [factor for factor in factors if not symbols(factor)]
    if not numbers:
        return multiply(Number(amount), rest)
    total = arb(fmpq(amount.numerator, amount.denominator))
    for ball in compile_balls(numbers).run([]):
        total *= ball
    varying = [factor for factor in factors if symbols(factor)]
    return multiply(_number(total), *varying)


def _irrational(root: Expr) -> list[Expr]:
    """What is a number but no rational one, as large as it is."""
    return list(
        dict.fromkeys(
            arg
            for node in postorder(root)
            if symbols(node)
            for arg in node.args
            if not symbols(arg) and rational_value(arg) is None
        )
    )


class _NotInFloat64Error(ArithmeticError):
    """A coefficient is too large for float64, or no number at all, as √−2 is."""


class _Writing(NamedTuple):
    """How a fraction is written.

    Attributes:
        argument: the u of e^(-|cu|).
        variable: by whose powers coefficients go.
        numbers: letters that stand for numbers; ``None`` keeps all numbers as they are.
    """

    argument: Symbol
    variable: Symbol
    numbers: Mapping[Expr, arb] | None = None


def _fractions(found: ExponentialFraction, writing: _Writing) -> dict[str, Expr]:
    forms = {"as a fraction in one exponential": _written(found, writing)}
    top, below = _root(found.top), _root(found.below)
    if top is not None and below is not None and not below.is_constant():
        root = _written(found._replace(top=top, below=below), writing)
        forms["as the square of a fraction in one exponential"] = power(root, TWO)
    return forms


def _root(poly: fmpz_mpoly) -> fmpz_mpoly | None:
    """The polynomial of which it is the square, or ``None``."""
    try:
        root: fmpz_mpoly = poly.sqrt()
    except DomainError:
        return None
    return root


def _factor(exponential: Generator, variable: Symbol, field: Converter) -> Fraction | None:
    """The c of e^(cx)."""
    assert exponential.exponent is not None
    above, below = exponential.exponent
    lines = [g for g in field.generators if g.node is variable]
    if not lines or (below is not None and not below.is_constant()):
        return None
    line = lines[0]
    if len(above) != 1 or not (above // line.poly).is_constant() or above.total_degree() != 1:
        return None
    scale = 1 if below is None else int(below.leading_coefficient())
    return Fraction(int(above.leading_coefficient()), scale)


def _written(found: ExponentialFraction, writing: _Writing) -> Expr:
    top, below, exponential, plain, factor = found
    t = call("exp", multiply(Number(-abs(factor)), call("abs", writing.argument)))
    positive = Comparison((">" if factor > 0 else "<",), (writing.argument, ZERO))

    def sides(p: fmpz_mpoly, divisor: int = 1) -> tuple[Coefficients, Coefficients]:
        """In t where cu is negative; and where it is positive, times t^degree."""
        small = _coefficients(p, exponential.index, plain, writing, divisor)
        degree = max(small)
        return small, {degree - k: value for k, value in small.items()}

    def choice(large: Expr, small: Expr) -> Expr:
        return large if large is small else Piecewise((large, positive, small))

    content, factors = below.factor()
    divisor = 1 if writing.numbers is None else int(content)
    bottom: Expr = Number(int(content) // divisor)
    degree = 0
    for poly, times in factors:
        small, large = sides(poly)
        degree += max(small) * times if min(small) >= 0 else 0
        part = choice(_horner(large, t), _horner(small, t))
        bottom = multiply(bottom, power(part, Number(times)) if times > 1 else part)
    small, large = sides(top, divisor)
    excess = degree - max(small)
    if excess < 0:
        # More in the numerator: on the side where e^(cu) is large it is large itself.
        bottom = multiply(bottom, choice(power(t, Number(-excess)), ONE))
        excess = 0
    above = choice(_horner({k + excess: v for k, v in large.items()}, t), _horner(small, t))
    return divide(above, bottom)


def _coefficients(
    p: fmpz_mpoly, index: int, plain: Sequence[Generator], writing: _Writing, divisor: int
) -> Coefficients:
    """The coefficient of each power of one generator, written in the others."""
    numbers = writing.numbers
    by_power: dict[int, dict[int, dict[tuple[Expr, ...], int | arb]]] = {}
    line = next((g.index for g in plain if g.node is writing.variable), -1)
    for exponents, value in p.terms():
        amount = int(value) if numbers is None else arb(int(value)) / divisor
        letters: list[Expr] = []
        for g in plain:
            times = int(exponents[g.index])
            if not times or g.index == line:
                continue
            if numbers is not None and g.node in numbers:
                amount *= numbers[g.node] ** times
            else:
                letters.append(power(g.node, Number(times)) if times > 1 else g.node)
        of_x = by_power.setdefault(int(exponents[index]), {})
        of_letters = of_x.setdefault(int(exponents[line]) if line >= 0 else 0, {})
        of_letters[tuple(letters)] = of_letters.get(tuple(letters), 0) + amount

    def sum_of(terms: Mapping[tuple[Expr, ...], int | arb]) -> Expr:
        return add(*(multiply(_number(amount), *letters) for letters, amount in terms.items()))

    return {
        k: _horner({j: sum_of(terms) for j, terms in of_x.items()}, writing.variable)
        for k, of_x in by_power.items()
    }


def _number(amount: int | arb) -> Number:
    if isinstance(amount, int):
        return Number(amount)
    value = float(amount)
    if not isfinite(value):
        raise _NotInFloat64Error
    return Number(Fraction(value))


def _horner(coefficients: Mapping[int, Expr], at: Expr) -> Expr:
    """A polynomial by Horner's rule, by the powers that occur."""
    used = sorted(coefficients, reverse=True)
    total = coefficients[used[0]]
    for last, this in pairwise(used):
        total = add(multiply(_power(at, last - this), total), coefficients[this])
    return multiply(_power(at, used[-1]), total)


def _power(base: Expr, exponent: int) -> Expr:
    if exponent == 0:
        return ONE
    return base if exponent == 1 else power(base, Number(exponent))
