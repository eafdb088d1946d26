"""Approximated functions in place of a library's, where the results are as good.

Loops that call nothing become vector code (see ``codegen.approximations``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain

import numpy as np

from chainrule.audit.choose import FEW_ULP, Candidate
from chainrule.audit.patches import series_at_zeros
from chainrule.audit.selection import Asked, Chosen, measured_in
from chainrule.codegen.approximations import Working
from chainrule.expr.nodes import (
    Comparison,
    Expr,
    Number,
    Piecewise,
    Product,
    Sum,
    Symbol,
    call,
    symbols,
)

LOOPS = ("numba", "c", "torch")
"""Targets whose loops go over elements, and call functions of one number."""
# How much more than with a library's functions, which take ten times as long, an error may be;
# what a value may be off in ULP before it is rounded once.
_FACTOR, _SMALL = 4.0, 0.01
# Of a polynomial near a zero: the degree at most, and which part of its value it may lack; near
# how many zeros, and within which powers of 1/2 of them.
_DEGREE, _DIGITS, _MOST_ZEROS, _WIDTHS = 26, Fraction(1, 2**31), 2, (4, 3, 2, 1)


def with_vectors(asked: Asked, chosen: Chosen) -> Chosen:
    """The forms measured with approximated functions, which loops call many at a time.

    The first working precision is taken with which they are as good as is asked, or nearly as
    good as with the functions of the library; the library if there is none. A form that keeps
    what is rounded off stays as it is: it would not survive a loop that rounds less often.
    """
    lab = chosen.lab
    if asked.target not in LOOPS or lab.form.name == "float64" or chosen.gradient.shown:
        return chosen
    choices: tuple[Working, ...] = ("single",)
    if lab.work.name == "float64":
        choices = ("short", "double")
    function, derivation = asked.derivation.function, asked.derivation
    outputs = {asked.job.output: chosen.forward.expr}
    for working in choices:
        labs = [replace(lab, working=working) for lab in chosen.labs]
        known = {lab.variable: lab.inputs}
        forward = labs[0].measured(chosen.forward, labs[0].truth(function), known)
        gradients: Iterator[Candidate] = iter((chosen.gradient,))
        if working == "short":
            gradients = chain(gradients, _patched(asked, chosen))
        for candidate in gradients:
            gradient = measured_in(labs, derivation, candidate, outputs)
            there = Chosen(tuple(labs), forward, gradient)
            good = _nearly_as_good(forward, chosen.forward)
            good = good and _nearly_as_good(gradient, chosen.gradient)
            if good and not _spoilt(chosen, there, asked):
                return there
    return chosen


def _patched(asked: Asked, chosen: Chosen) -> Iterator[Candidate]:
    """The gradient with a polynomial near its zeros, where short functions have too few digits."""
    variable, exact = chosen.lab.variable, asked.derivation.derivative
    if chosen.gradient.saved != (variable,) or set(symbols(exact)) != {variable}:
        return
    x = chosen.lab.inputs.astype(np.float64)
    zeros = series_at_zeros(exact, x, chosen.lab.truth(exact), _DEGREE, _MOST_ZEROS)
    for exponent in _WIDTHS if zeros else ():
        expr = chosen.gradient.expr
        for zero, coefficients in zeros:
            expr = _near(variable, zero, coefficients, exponent, expr)
        places = " and ".join(f"{float(zero):.4g}" for zero, _ in zeros)
        name = f"{chosen.gradient.name}, and its Taylor polynomial near {places}"
        yield replace(chosen.gradient, name=name, expr=expr, shown=chosen.gradient.expr)


def _near(
    variable: Symbol, zero: Fraction, coefficients: Sequence[Fraction], exponent: int, else_: Expr
) -> Expr:
    """c₁t + c₂t² + … with t = x − r within 2^−exponent of a zero r, else another expression."""
    high = Fraction(float(zero))
    t = Sum((Sum((variable, Number(-high))), Number(-Fraction(float(zero - high)))))
    reach = Fraction(1, 2**exponent)
    count = len(coefficients)
    # So many terms that the next one is smaller than the digits that are missing elsewhere.
    while count > 1 and abs(coefficients[count - 1]) * reach ** (count - 1) < _DIGITS * abs(
        coefficients[0]
    ):
        count -= 1
    total: Expr = Number(Fraction(float(coefficients[count])) if count < len(coefficients) else 0)
    for coefficient in reversed(coefficients[:count]):
        total = Sum((Number(Fraction(float(coefficient))), Product((t, total))))
    near = Comparison(("<=",), (call("abs", t), Number(reach)))
    return Piecewise((Product((t, total)), near, else_))


def _nearly_as_good(new: Candidate, old: Candidate) -> bool:
    assert new.measured is not None
    assert old.measured is not None
    largest = max(FEW_ULP, _FACTOR * old.measured.largest)
    return new.measured.faults <= old.measured.faults and new.measured.largest <= largest


def _spoilt(chosen: Chosen, there: Chosen, asked: Asked) -> bool:
    """Whether a value that is to be rounded once is off by more than a hundredth of an ULP."""
    if there.lab.form is there.lab.work:
        return False
    derivation, output = asked.derivation, asked.job.output
    for old, new in zip(chosen.labs, there.labs, strict=True):
        values = {old.variable: old.inputs}
        values[output] = new.values(there.forward.expr, values)[0]
        for one, other, expr in (
            (chosen.forward, there.forward, derivation.function),
            (chosen.gradient, there.gradient, derivation.derivative),
        ):
            exact = old.truth(expr)
            before = old.before_rounding(one, exact, values)
            if new.before_rounding(other, exact, values) > max(_SMALL, 2 * before):
                return True
    return False
