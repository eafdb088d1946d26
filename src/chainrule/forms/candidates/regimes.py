"""The parts of the line on which a formula is one formula in a positive variable; forms of it.

Conditions such as u > 0 are what most identities between roots, logarithms and exponentials
need. Left of 0 the formula is therefore taken in −x, so that the variable is positive in every
part, and the exponentials in it are written with the exponents that decrease.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial, reduce
from math import gcd

from chainrule.balls.arithmetic import approximate
from chainrule.expr.functions import BY_NAME
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
    Symbol,
    add,
    depends_on,
    multiply,
    negate,
    postorder,
    power,
    substitute,
    symbols,
    transform,
)
from chainrule.parsing.definitions import expand_all
from chainrule.program.library import NATIVE
from chainrule.rewrite.field_writer import FieldWriter
from chainrule.rewrite.intervals import on_intervals, spread
from chainrule.rewrite.monomial import coefficient_and_rest, scaled
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.order import Order, UndecidedError, sorted_points
from chainrule.rewrite.rational import Field, Ratio, TooLargeError

_KEPT = NATIVE | {"abs", "sign", "max", "min", "heaviside", "floor", "ceil", "round", "trunc"}
# Which way an exponential goes far out is told by its exponent here.
_FAR_OUT = Number(64)
_BY_EXPONENTIALS = frozenset({"sinh", "cosh", "tanh", "expm1", "log1p"})


@dataclass(frozen=True, slots=True)
class Regime:
    """An open interval that does not contain 0, and equal formulas on it.

    Attributes:
        low: its lower end, ``None`` for −∞.
        high: its upper end, ``None`` for ∞.
        mirrored: whether it lies left of 0, so that the formulas are in −x.
        exprs: the formulas, without switches, in a positive variable.
    """

    low: Expr | None
    high: Expr | None
    mirrored: bool
    exprs: tuple[Expr, ...]


def elementary(root: Expr) -> Expr:
    """The formula by functions that numerical libraries have."""
    while True:
        root = expand_all(root)
        found = transform(root, _defined)
        if found is root:
            return root
        root = found


def _defined(node: Expr) -> Expr:
    if isinstance(node, Call) and node.name not in _KEPT:
        row = BY_NAME.get(node.name)
        if row is not None and row.definition is not None:
            return row.definition(*node.args)
    return node


def regimes(
    exprs: Sequence[Expr], variable: Symbol, parameters: Mapping[Symbol, Fraction]
) -> list[Regime]:
    """The parts of the line, from left to right, cut at 0 and wherever a formula switches."""
    defaults: dict[Symbol, Expr] = {name: Number(value) for name, value in parameters.items()}
    order = Order(variable, defaults)
    try:
        lines = [on_intervals(expr, order) for expr in exprs]
        points = sorted_points([ZERO, *(p for line in lines for p in line.points)], order)
        columns = [spread(line, points, order)[0::2] for line in lines]
        middle = next(i for i, point in enumerate(points) if order.compare(point, ZERO) == 0)
    except UndecidedError:
        points, middle = [ZERO], 0
        columns = [(expr, expr) for expr in exprs]
    ends = [None, *points, None]
    found = []
    for i, values in enumerate(zip(*columns, strict=True)):
        mirrored = i <= middle
        flip: dict[Expr, Expr] = {variable: negate(variable)} if mirrored else {}
        tidied = [Tidier().tidy(substitute(v, flip)) for v in values if v is not None]
        if tidied:
            found.append(Regime(ends[i], ends[i + 1], mirrored, tuple(dict.fromkeys(tidied))))
    return found


def number(expr: Expr, parameters: Mapping[Symbol, Fraction]) -> float:
    """The value of an expression in the parameters, such as an end of a part."""
    given: dict[Expr, Expr] = {name: Number(parameters[name]) for name in symbols(expr)}
    value = approximate(substitute(expr, given))
    return float("nan") if value is None else float(value)


def seeds(expr: Expr, variable: Symbol, parameters: Mapping[Symbol, Fraction]) -> list[Expr]:
    """Forms of a formula in a positive variable that saturation alone would reach late.

    The formula as one fraction in exponentials that decrease, which do not overflow: factored,
    multiplied out, and by powers of the variable with factored coefficients; and as one in
    e^{−u} − 1, for where u is small.
    """
    tidy = Tidier().tidy
    found = []
    for start in (expr, tidy(_opened(expr))):
        lettered, meanings = _decreasing(start, variable, parameters)
        lettered = tidy(lettered)
        try:
            field = Field(lettered)
            ratio = field.ratio(lettered)
            forms = [
                tidy(FieldWriter(field).expression(ratio, factored=factored))
                for factored in (True, False)
            ]
            forms.append(_by_powers(field, ratio, variable))
            forms.append(transform(forms[1], partial(_small_first, small=frozenset(meanings))))
        except TooLargeError:
            continue
        found += [substitute(form, meanings) for form in forms]
        found += _by_expm1(lettered, meanings)
    return [form for form in dict.fromkeys(found) if form is not expr]


def by_sign_of_exponent(
    expr: Expr, variable: Symbol, parameters: Mapping[Symbol, Fraction]
) -> Expr | None:
    """A formula in one exponential e^u as two: in e^{−u} where u is positive, else in e^u.

    It holds for all values of the parameters, whatever sign they give u. ``None`` if there are
    several exponentials, or none.
    """
    tidy = Tidier().tidy
    opened = tidy(_opened(expr))
    forms = []
    for reverse in (False, True):
        lettered, meanings = _decreasing(opened, variable, parameters, reverse=reverse)
        if len(meanings) != 1 or any(isinstance(node, Piecewise) for node in postorder(lettered)):
            return None
        lettered = tidy(lettered)
        try:
            field = Field(lettered)
            form = tidy(FieldWriter(field).expression(field.ratio(lettered), factored=True))
        except TooLargeError:
            return None
        forms.append(substitute(form, meanings))
        [decreasing] = meanings.values()
        exponent = decreasing.args[0]
    # The exponent of the second one is positive where the first one decreases.
    return Piecewise((forms[0], Comparison((">",), (exponent, ZERO)), forms[1]))


def _by_expm1(lettered: Expr, meanings: Mapping[Expr, Expr]) -> list[Expr]:
    """A formula in letters for exponentials as a fraction in what these differ from 1 by."""
    if not meanings:
        return []
    less: dict[Expr, Expr] = {meaning: Call("expm1", meaning.args) for meaning in meanings.values()}
    opened = substitute(lettered, {letter: add(ONE, letter) for letter in meanings})
    tidy = Tidier().tidy
    try:
        field = Field(opened)
        ratio = field.ratio(opened)
        forms = [tidy(FieldWriter(field).expression(ratio, factored=False))]
        # By powers of an exponential, what has none is added up before it.
        forms += [_by_powers(field, ratio, letter) for letter in meanings]
    except TooLargeError:
        return []
    return [substitute(form, {letter: less[m] for letter, m in meanings.items()}) for form in forms]


def lettered(exprs: Sequence[Expr], variable: Symbol) -> tuple[list[Expr], dict[Symbol, Expr]]:
    """Long polynomial arguments of functions as letters, and what the letters stand for.

    The graph of what equals e^u (1 + e^u) is small for a letter u, and hopelessly large where u is
    a sum of products itself.
    """
    letters: dict[Expr, Symbol] = {}
    for node in postorder(*exprs):
        if isinstance(node, Call) and len(node.args) == 1 and node.name in NATIVE:
            rest = coefficient_and_rest(node.args[0])[2]
            if _is_long(rest, variable) and rest not in letters:
                letters[rest] = Symbol(f" u{len(letters)}")

    def visit(node: Expr) -> Expr:
        if not (isinstance(node, Call) and len(node.args) == 1):
            return node
        value, decimal, rest = coefficient_and_rest(node.args[0])
        if rest not in letters:
            return node
        return Call(node.name, (scaled(value, decimal, letters[rest]),))

    meanings = {letter: rest for rest, letter in letters.items()}
    return [transform(expr, visit) for expr in exprs], meanings


def _is_long(rest: Expr, variable: Symbol) -> bool:
    inner = postorder(rest)
    varying = [node for node in inner if depends_on(node, variable)]
    return len(varying) > 3 and not any(isinstance(node, Call) for node in varying)


def _opened(root: Expr) -> Expr:
    """Hyperbolic functions, expm1 and log1p by exponentials and logarithms."""

    def visit(node: Expr) -> Expr:
        if isinstance(node, Call) and node.name in _BY_EXPONENTIALS:
            definition = BY_NAME[node.name].definition
            assert definition is not None
            return definition(*node.args)
        return node

    return transform(root, visit)


def _decreasing(
    root: Expr,
    variable: Symbol,
    parameters: Mapping[Symbol, Fraction],
    *,
    reverse: bool = False,
) -> tuple[Expr, dict[Expr, Expr]]:
    """Exponentials as whole powers of letters, and the e^{−u} with u > 0 that these stand for.

    The sign of u is told at one place that stands for all, far out, where it matters: it only
    says which form is better. With ``reverse`` it is taken to be the other one.
    """
    order = Order(variable, {name: Number(value) for name, value in parameters.items()})
    amounts: dict[Expr, list[Fraction]] = {}
    for node in postorder(root):
        if isinstance(node, Call) and node.name == "exp":
            amount, _, rest = coefficient_and_rest(node.args[0])
            amounts.setdefault(rest, []).append(Fraction(amount))
    letters: dict[Expr, tuple[Symbol, Fraction]] = {}
    meanings: dict[Expr, Expr] = {}
    for rest, values in amounts.items():
        size = order.number(rest, _FAR_OUT)
        unit = reduce(_common_measure, values, Fraction(0))
        positive = size is not None and bool(size > 0)
        unit = -unit if positive != reverse else unit
        letter = Symbol(f" e{len(letters)}")
        letters[rest] = letter, unit
        meanings[letter] = Call("exp", (scaled(unit, False, rest),))

    # The outermost ones: an exponential in an exponent stays there as it is.
    written: dict[Expr, Expr] = {}
    for node in postorder(root):
        if isinstance(node, Call) and node.name == "exp":
            amount, _, rest = coefficient_and_rest(node.args[0])
            letter, unit = letters[rest]
            written[node] = power(letter, Number(amount / unit))
    return substitute(root, written), meanings


def _common_measure(a: Fraction, b: Fraction) -> Fraction:
    """The largest number of which both are whole multiples."""
    return Fraction(gcd(a.numerator * b.denominator, b.numerator * a.denominator)) / (
        a.denominator * b.denominator
    )


def _small_first(node: Expr, small: frozenset[Expr]) -> Expr:
    """A product with the decreasing exponentials in front and its powers written out.

    What underflows then meets one large factor at a time, and no power of one that overflowed.
    """
    if not isinstance(node, Product):
        return node
    factors: list[Expr] = []
    for factor in node.args:
        match factor:
            case Power(base, Number(exponent)) if isinstance(exponent, int) and 1 < exponent <= 6:
                factors += [base] * exponent
            case _:
                factors.append(factor)
    if not small.intersection(factors):
        return node
    return Product(tuple(sorted(factors, key=lambda factor: factor not in small)))


def _by_powers(field: Field, ratio: Ratio, variable: Expr) -> Expr:
    """The fraction with its numerator by powers of the variable (Horner's scheme)."""
    tidy = Tidier().tidy
    place = next((i for i, kernel in enumerate(field.kernels) if kernel is variable), None)
    if place is None or not ratio.top:
        return tidy(FieldWriter(field).expression(ratio, factored=True))
    one = ratio.top**0
    rows = field.by_powers(place, ratio.top)
    below = FieldWriter(field).expression(field.cancelled(one, ratio.bottom), factored=True)
    total: Expr = ZERO
    last = max(rows)
    for degree in sorted(rows, reverse=True):
        row = FieldWriter(field).expression(field.cancelled(rows[degree], one), factored=True)
        total = add(multiply(total, power(variable, Number(last - degree))), tidy(row))
        last = degree
    return tidy(multiply(total, power(variable, Number(last)), below))
