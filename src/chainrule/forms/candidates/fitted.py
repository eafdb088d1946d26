"""A gradient that falls off like an exponential on one side, with a polynomial for the rest.

GELU′ = Φ(x) + xφ(x) is e^(-x²/2) times a smooth function where x < 0, and 1 minus its own mirror
image where x > 0. The smooth function has a zero, at which Φ and xφ cancel; divided by the
distance to it, it is a polynomial in t = (|x| − s)/(|x| + s), to any number of digits. So

    f′(−a) = (a − r) e^(-q(a)) P(t),    f′(a) = c − f′(−a),    a ≥ 0,

has all its digits next to the zero and far out, by one exponential and one division. The
polynomial interpolates the function at Chebyshev nodes, in balls (L. N. Trefethen, "Approximation
Theory and Approximation Practice", 2013, chapter 8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
from flint import arb, fmpq
from numpy.polynomial import Chebyshev, Polynomial

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Product,
    Quotient,
    Sum,
    Symbol,
    add,
    call,
    postorder,
    substitute,
)
from chainrule.floats.formats import Format
from chainrule.forms.candidates.formulas import at_most, by_halves, polynomial
from chainrule.forms.candidates.patches import taylor_coefficients
from chainrule.forms.candidates.regimes import elementary
from chainrule.verify.check import equal

# More than five doubles, since values are divided by what is next to 0 and multiplied by e^q.
_BITS = 300
# The error of the polynomial, and how long it may be.
_ERROR, _DEGREES = 2.0**-32, range(6, 17)
# What s may be in t = (a − s)/(a + s), which is 0 in the middle of the nodes.
_SHIFTS = (1, 2, 3, 4)
# Compared with at so many points for each node.
_POINTS = 8
# Exponents of at most this degree, and the end of what is looked at.
_LARGEST_POWER, _LARGEST = 4, 128
# What is less beside coefficients of everyday size is a zero that was not computed exactly.
_NOTHING = 2.0**-90

Function = Callable[[arb], arb]


def fitted(expr: Expr, variable: Symbol, zero: Fraction, fmt: Format) -> Expr | None:
    """A formula in the variable that has one simple zero, for float64 that is rounded later.

    Args:
        expr: the formula.
        variable: the variable.
        zero: the zero, to 200 bits.
        fmt: the format to which results are rounded.

    Returns:
        ``None`` if it is not symmetric as above, or no polynomial is found.
    """
    side = 1 if zero > 0 else -1
    total = _total(expr, variable)
    if total is None:
        return None
    program = compile_balls([expr])

    def value(a: arb) -> arb:
        [ball] = program.run([side * a] * len(program.symbols))
        found: arb = ball
        return found

    end, root = _end(value, fmt), abs(zero)
    if end is None:
        return None
    for exponent in _exponents(expr, side):
        found = _smooth(value, exponent, root, end)
        if found is not None:
            return _written(variable, side, total, exponent, root, end, *found)
    return None


def _total(expr: Expr, variable: Symbol) -> Fraction | None:
    """The number that f(x) + f(−x) is for every x."""
    mirrored = substitute(expr, {variable: Product((MINUS_ONE, variable))})
    whole = add(expr, mirrored)
    program = compile_balls([whole])
    with precision(_BITS):
        [ball] = program.run([arb(1)] * len(program.symbols))
        if not ball.is_finite():
            return None
        middle = ball.mid().fmpq()
    near = Fraction(int(middle.p), int(middle.q)).limit_denominator(64)
    if abs(float(near) - float(ball)) > _NOTHING:
        return None
    return near if equal(whole, Number(near), variable=variable).holds else None


def _end(value: Function, fmt: Format) -> int | None:
    """Where it is 0 in the format."""
    with precision(_BITS):
        for end in range(1, _LARGEST):
            if abs(value(arb(end))) < fmt.smallest / 4:
                return end
    return None


def _exponents(expr: Expr, side: int) -> Iterator[list[float]]:
    """The polynomials q for which e^(q(a)) or e^(-q(a)) occurs, constant first, so that q grows."""
    seen = set()
    for node in postorder(elementary(expr)):
        if not isinstance(node, Call) or node.name != "exp" or node.args[0] in seen:
            continue
        seen.add(node.args[0])
        found = taylor_coefficients(node.args[0], 2 * _LARGEST_POWER)
        if found is None:
            continue
        terms = [-float(c) * side**k for k, c in enumerate(found)]
        terms = [c if abs(c) > _NOTHING else 0.0 for c in terms]
        if any(terms[_LARGEST_POWER + 1 :]) or terms[0] or not any(terms):
            continue
        while not terms[-1]:
            terms.pop()
        # Above or below a line of a fraction.
        yield terms if terms[-1] > 0 else [-c for c in terms]


def _smooth(
    value: Function, exponent: list[float], root: Fraction, end: int
) -> tuple[int, list[float]] | None:
    """An s and the coefficients of P, the shortest that is found."""
    for degree in _DEGREES:
        for shift in _SHIFTS:
            low, high = -1.0, (end - shift) / (end + shift)
            nodes = np.cos((2 * np.arange(degree + 1) + 1) * np.pi / (2 * degree + 2))
            points = np.linspace(-1, 1, _POINTS * (degree + 1))
            both = np.concatenate([nodes, points])
            places = (low + high) / 2 + (high - low) / 2 * both
            smooth = np.array([_divided(value, exponent, root, shift, t) for t in places])
            if not np.isfinite(smooth).all():
                return None
            count = len(nodes)
            fit = Chebyshev.fit(places[:count], smooth[:count], degree, domain=[low, high])
            off = np.abs(fit(places[count:]) - smooth[count:])
            if (off < _ERROR * np.abs(smooth[count:])).all():
                terms = fit.convert(kind=Polynomial, domain=[-1, 1], window=[-1, 1]).coef
                return shift, [float(c) for c in terms]
    return None


def _divided(
    value: Function, exponent: list[float], root: Fraction, shift: int, place: float
) -> float:
    """f(a) e^(q(a))/(a − r) at the a of a place t."""
    with precision(_BITS):
        t = arb(place)
        if not t < 1:
            return float("nan")
        a = shift * (1 + t) / (1 - t)
        q = sum((arb(c) * a**k for k, c in enumerate(exponent)), arb(0))
        return float(value(a) * q.exp() / (a - arb(fmpq(root.numerator, root.denominator))))


def _written(
    variable: Symbol,
    side: int,
    total: Fraction,
    exponent: list[float],
    root: Fraction,
    end: int,
    shift: int,
    smooth: list[float],
) -> Expr:
    a = at_most(call("abs", variable), end)
    power = polynomial([-c for c in exponent], a)
    share = Quotient(ONE, Sum((a, Number(shift))))
    t = Sum((ONE, Product((Number(-2 * shift), share))))
    high = Fraction(float(root))
    distance = Sum((Sum((a, Number(-high))), Number(Fraction(float(high - root)))))
    falling = Product((call("exp", power), Product((distance, by_halves(smooth, t)))))
    rest = Sum((Number(total), Product((MINUS_ONE, falling)))) if total else -falling
    order = ">" if side < 0 else "<"
    return Piecewise((rest, Comparison((order,), (variable, ZERO)), falling))
