"""Elimination: what is left between z = g(x) and s = f'(x) once x is gone.

Both are polynomial equations in the parts of the formulas that vary, such as √(1 + x²) and x, or
sin x and cos x; so are the relations between those parts. Resultants remove one part after
the other until a polynomial in z and s alone is left, which is solved for s.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import cycle

from flint import fmpq_mpoly

from chainrule.balls.arithmetic import approximate
from chainrule.expr.nodes import (
    ONE,
    ZERO,
    Call,
    Expr,
    Number,
    Symbol,
    call,
    depends_on,
    negate,
    power,
    substitute,
    symbols,
)
from chainrule.record import Record
from chainrule.rewrite.field_writer import FieldWriter
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.rational import Exponential, Field, Ratio, TooLargeError

# Resultants of larger polynomials are slow, and what comes out of them helps nobody: of how many
# transcendental parts, and the degree and the terms of each polynomial.
_MAX_PARTS, _MAX_DEGREE, _MAX_TERMS = 3, 8, 40
# Where a solution is tried before it is believed: the sign of a root decides itself there.
_TRIED = tuple(
    Fraction(n, 100) for n in (-702, -231, -118, -83, -41, -13, 17, 37, 71, 129, 183, 317, 811)
)
_PARAMETERS = tuple(Fraction(n, 100) for n in (137, -73, 19, 231, -347, 523, -1163))
# With fewer places in the domain nothing is concluded: one may agree by chance. The form that comes
# of it is verified like any other.
_LEAST_TRIED = 3


class Eliminated(Record):
    """An equation in which the variable no longer occurs, and f' as it follows from it."""

    left: Expr
    right: Expr
    solution: Expr


def eliminate(
    part: Expr, slope: Expr, variable: Symbol, value: Symbol, letter: Symbol, tidier: Tidier
) -> Eliminated | None:
    """f' by a part of f alone, if a solution of the resultant is f' everywhere.

    Args:
        part: the part g(x), called ``value`` in the result.
        slope: f'(x), called ``letter`` in the relation.
        variable: x.
    """
    try:
        field = Field(part, slope, value, letter)
        resultant = _resultant(field, part, slope, variable, value, letter)
        if resultant is None:
            return None
        for factor, _ in resultant.factor()[1]:
            for found in _solutions(field, factor, letter):
                solution = tidier.tidy(found.solution)
                if _agree(substitute(solution, {value: part}), slope, variable):
                    return Eliminated(tidier.tidy(found.left), tidier.tidy(found.right), solution)
    except TooLargeError:
        return None
    return None


def _resultant(
    field: Field, part: Expr, slope: Expr, variable: Symbol, value: Symbol, letter: Symbol
) -> fmpq_mpoly | None:
    """The polynomial in ``value`` and ``letter``; ``None`` if the parts are not tied together."""
    varying = [i for i in range(len(field.kernels)) if _varies(field, i, variable)]
    relations = [(i, poly) for i in varying if (poly := _relation(field, i)) is not None]
    if len(varying) > _MAX_PARTS or len(relations) != len(varying) - 1:
        return None
    if [field.kernels[i] for i in varying] == [variable]:
        # x^5 is solved for x without this, or not at all.
        return None
    polys = []
    for expr, name in ((part, value), (slope, letter)):
        ratio, stands = field.ratio(expr), field.ratio(name).top
        polys.append(ratio.top - stands * ratio.bottom)
    for i, relation in relations:
        polys = [_without(field, i, poly, relation) for poly in polys]
    (last,) = set(varying) - {i for i, _ in relations}
    if any(poly.degrees()[last] == 0 for poly in polys):
        return None
    return _without(field, last, *polys)


def _varies(field: Field, i: int, variable: Symbol) -> bool:
    kernel = field.kernels[i]
    return depends_on(kernel.rest if isinstance(kernel, Exponential) else kernel, variable)


def _relation(field: Field, i: int) -> fmpq_mpoly | None:
    """The equation that a part satisfies together with others: √u² = u, cos² = 1 − sin²."""
    own = field.generators[i]
    root = field.root_of(i)
    if root is not None:
        degree, base = root
        return own**degree * base.bottom - base.top
    match field.kernels[i]:
        case Call("cos", args):
            partner, sign = Call("sin", args), 1
        case Call("cosh", args):
            partner, sign = Call("sinh", args), -1
        case _:
            return None
    if partner not in field.kernels:
        return None
    other = field.ratio(partner).top
    return own**2 + sign * other**2 - 1


def _without(field: Field, i: int, poly: fmpq_mpoly, relation: fmpq_mpoly) -> fmpq_mpoly:
    if poly.degrees()[i] == 0:
        return poly
    for p in (poly, relation):
        if len(p) > _MAX_TERMS or max(p.degrees()) > _MAX_DEGREE:
            raise TooLargeError
    return poly.resultant(relation, f"k{i}")


def _solutions(field: Field, poly: fmpq_mpoly, letter: Symbol) -> Iterator[Eliminated]:
    """Real solutions for ``letter`` of a polynomial with two terms in it, or of degree two."""
    rows = field.by_powers(field.kernels.index(letter), poly)
    degree = max(rows)
    if degree == 0 or 0 not in rows:
        return
    one = field.context.constant(1)
    if len(rows) == 2:
        factors = _factors(field, field.cancelled(-rows[0], rows[degree]))
        left, right = power(letter, Number(degree)), _product(factors, 1)
        root = _product(factors, degree)
        yield Eliminated(left, right, root)
        if degree % 2 == 0:
            yield Eliminated(left, right, negate(root))
    elif degree == 2:
        left = FieldWriter(field).expression(Ratio(poly, one), factored=False)
        c, b, a = rows[0], rows[1], rows[2]
        middle, below = _written(field, b, one), 2 * _written(field, a, one)
        root = call("sqrt", _written(field, b * b - 4 * a * c, one))
        for signed in (root, negate(root)):
            yield Eliminated(left, ZERO, (signed - middle) / below)


Factors = list[tuple[Expr, int]]


def _factors(field: Field, ratio: Ratio) -> Factors:
    """The fraction as powers of polynomials without multiple factors, a number among them."""
    one = field.context.constant(1)
    above, factors = ratio.top.factor_squarefree()
    below, divisors = ratio.bottom.factor_squarefree()
    powers = [(factor, int(times)) for factor, times in factors]
    powers += [(factor, -int(times)) for factor, times in divisors]
    content = above / below
    if content < 0:
        # Rather (1 − y²)³ than −(y² − 1)³, which has no root one can write factor by factor.
        flipped = next((i for i, (_, times) in enumerate(powers) if times % 2), None)
        if flipped is not None:
            powers[flipped] = -powers[flipped][0], powers[flipped][1]
            content = -content
    scale = _written(field, field.context.constant(content), one)
    return [(scale, 1), *((_written(field, factor, one), times) for factor, times in powers)]


def _product(factors: Factors, degree: int) -> Expr:
    """The root of the product, factor by factor: (1 − y²)^{3/2}."""
    result: Expr = ONE
    for factor, times in factors:
        result = result * power(factor, Number(Fraction(times, degree)))
    return result


def _written(field: Field, top: fmpq_mpoly, bottom: fmpq_mpoly) -> Expr:
    return FieldWriter(field).expression(field.cancelled(top, bottom), factored=False)


def two_valued(function: Expr, slope: Expr, variable: Symbol) -> bool:
    """Whether f(−x) is f(x), and f'(−x) is not f'(x), at the points tried.

    Then f' is no function of f: y'^2 = 1 − y² has two solutions for the cosine.
    """
    letters = [letter for letter in symbols(function, slope) if letter is not variable]
    for number in _TRIED[-2:]:
        values = []
        for sign in (1, -1):
            at: dict[Expr, Expr] = {variable: Number(sign * number)}
            at |= {s: Number(v) for s, v in zip(letters, cycle(_PARAMETERS), strict=False)}
            values.append([approximate(substitute(expr, at)) for expr in (function, slope)])
        (one, up), (other, down) = values
        if one is None or other is None or up is None or down is None:
            return False
        if not one.overlaps(other) or up.overlaps(down):
            return False
    return True


def _agree(one: Expr, other: Expr, variable: Symbol) -> bool:
    """Whether two formulas have the same value at all points tried, and these are enough."""
    letters = [letter for letter in symbols(one, other) if letter is not variable]
    tried = 0
    for turn, number in enumerate(_TRIED):
        at: dict[Expr, Expr] = {variable: Number(number)}
        for k, letter in enumerate(letters):
            at[letter] = Number(_PARAMETERS[(turn + k) % len(_PARAMETERS)])
        left, right = approximate(substitute(one, at)), approximate(substitute(other, at))
        if left is None or right is None:
            if (left is None) is not (right is None):
                return False
            continue
        if not left.overlaps(right):
            return False
        tried += 1
    return tried >= _LEAST_TRIED
