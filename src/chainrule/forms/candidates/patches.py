"""Polynomials that stand in for a function near one point.

Near a removable singularity, and near a zero that is no number of the format, no expression in
the function's own terms is accurate: what cancels has been rounded already. There the Taylor
polynomial takes its place, around 0 in x, around a zero r in x − r. The coefficients come from
divided differences of values in balls, at nodes so close together that they agree with the
derivatives to more digits than any format has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import islice, pairwise

import numpy as np
from flint import arb

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.balls.program import Program
from chainrule.expr.nodes import Expr, Number, Symbol, add, multiply, power
from chainrule.floats.ulp import Floats, Truth

# Nodes lie 2^-_STEP apart; with n of them _STEP·n bits cancel in a divided difference.
_STEP = 120
# What the formula itself may cancel besides, next to a removable singularity.
_SPARE = 400
# A zero r to five doubles, so that x − r has the digits of a double for the x next to it.
_ROOT_BITS = 260
# A coefficient below this counts as 0, a rational this close to one as that rational.
_NOTHING = arb(2) ** -90
_LARGEST_DENOMINATOR = 10**10
# Decimals that tell a double, and a few more.
_DIGITS = 20
# Bits that a coefficient must be known to, for a double with a rest.
_ACCURATE = 80


def series_at_zeros(
    expr: Expr, values: Floats, truth: Truth, degree: int, most: int
) -> list[tuple[Fraction, list[Fraction]]]:
    """The simple zeros between the inputs, with the Taylor coefficients there from degree 1 on.

    None if there are more than ``most``: then no polynomial is the answer.
    """
    program = compile_balls([expr])
    zeros = list(islice(_zeros(program, values, truth), most + 1))
    found = []
    for center in zeros if len(zeros) <= most else ():
        coefficients = _coefficients(program, center, degree + 1)
        if coefficients is not None:
            found.append((_fraction(center), [_fraction(value) for value in coefficients[1:]]))
    return found


def series_at_origin(expr: Expr, variable: Symbol, degree: int) -> Expr | None:
    """The Taylor polynomial around 0 of a formula in the variable alone, if there is one."""
    coefficients = _coefficients(compile_balls([expr]), arb(0), degree + 1)
    return None if coefficients is None else _polynomial(variable, coefficients)


def taylor_coefficients(expr: Expr, degree: int) -> list[Fraction] | None:
    """Those around 0 of a formula in one letter, the constant first, if there are any."""
    found = _coefficients(compile_balls([expr]), arb(0), degree + 1)
    return None if found is None else [_fraction(value) for value in found]


def _fraction(value: arb) -> Fraction:
    middle = value.mid().fmpq()
    return Fraction(int(middle.p), int(middle.q))


def _value(program: Program, at: arb) -> arb:
    [ball] = program.run([at] * len(program.symbols))
    found: arb = ball
    return found


def _zeros(program: Program, values: Floats, truth: Truth) -> Iterable[arb]:
    """Where the sign changes between neighbours, not at 0, to ``_ROOT_BITS``."""
    places = np.flatnonzero(truth.known & (truth.sign != 0))
    signs = truth.sign[places]
    for k in np.flatnonzero(signs[:-1] != signs[1:]):
        low, high = (float(values[places[k]]), float(values[places[k + 1]]))
        if low * high <= 0:
            continue
        with precision(2 * _ROOT_BITS):
            left, right = arb(low), arb(high)
            for _ in range(_ROOT_BITS):
                middle = (left + right) / 2
                value = _value(program, middle)
                if not value > 0 and not value < 0:
                    break
                if (value > 0) == (signs[k] > 0):
                    left = middle
                else:
                    right = middle
            # A jump from one sign to the other is no zero.
            if abs(_value(program, left) - _value(program, right)) < _NOTHING:
                yield left


def _coefficients(program: Program, center: arb, count: int) -> list[arb] | None:
    """Taylor coefficients, from divided differences at nodes next to the centre (not on it)."""
    with precision(_STEP * (count + 2) + _SPARE):
        step = arb(2) ** -_STEP
        nodes = [center + (k - count // 2) * step + step / 2 for k in range(count)]
        table = [_value(program, node) for node in nodes]
        if not all(value.is_finite() for value in table):
            return None
        newton = [table[0]]
        for order in range(1, count):
            table = [(b - a) / (order * step) for a, b in pairwise(table)]
            newton.append(table[0])
        # The nodes differ from the centre by next to nothing: Newton's form is Taylor's.
        told = (abs(value) < _NOTHING or value.rel_accuracy_bits() > _ACCURATE for value in newton)
        return newton if all(told) else None


def _polynomial(base: Expr, coefficients: Sequence[arb]) -> Expr:
    """Horner's scheme in ``base``, by the powers that occur."""
    used = [k for k, value in enumerate(coefficients) if not abs(value) < _NOTHING]
    total: Expr = Number(0)
    last = used[-1] if used else 0
    for degree in reversed(used):
        total = add(
            multiply(power(base, Number(last - degree)), total), _number(coefficients[degree])
        )
        last = degree
    return multiply(power(base, Number(last)), total)


def _number(value: arb) -> Expr:
    """A fraction if it is one with a short denominator, else a decimal."""
    exact = _fraction(value)
    near = exact.limit_denominator(_LARGEST_DENOMINATOR)
    if abs(exact - near) < Fraction(1, 2**90) * max(abs(exact), Fraction(1)):
        return Number(near)
    return Number(Fraction(value.mid().str(_DIGITS, radius=False)), decimal=True)
