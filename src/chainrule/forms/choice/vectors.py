"""Approximated functions in place of a library's, where the results are as good.

Loops that call nothing become vector code (see ``codegen.approximations``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from chainrule.elementary.arithmetic import Working
from chainrule.expr.nodes import (
    Comparison,
    Expr,
    Number,
    Piecewise,
    Product,
    Sum,
    Symbol,
    call,
    size,
    symbols,
)
from chainrule.forms.candidate import Candidate
from chainrule.forms.candidates.centred import centred_fraction
from chainrule.forms.candidates.exponentials import exponential_fractions, fractions_of_one_argument
from chainrule.forms.candidates.fitted import fitted
from chainrule.forms.candidates.patches import series_at_zeros
from chainrule.forms.candidates.regimes import elementary
from chainrule.forms.choice.hard_inputs import doubtful
from chainrule.forms.choice.laboratory import (
    FEW_ULP,
    Laboratory,
    forward_candidates,
    gradient_candidates,
)
from chainrule.forms.choice.selection import Asked, Chosen, measured_in
from chainrule.precise.float32 import with_rests

Zeros = list[tuple[Fraction, list[Fraction]]]

# How much more than with a library's functions, which take ten times as long, an error may be;
# what a value may be off in ULP before it is rounded once.
_FACTOR, _SMALL = 4.0, 0.01
# Errors in ULP that leave room for those at all inputs: at a sample, where they are half as large
# again, and with inputs at which most is to be expected.
_SURE, _SURE_AT_WORST = 1.5, 1.6
# Formulas of more nodes are not tried with what is rounded off.
_MOST_KEPT = 60
# Of a polynomial near a zero: the degree at most, and which part of its value it may lack; near
# how many zeros, and within which powers of 1/2 of them.
_DEGREE, _DIGITS, _MOST_ZEROS, _WIDTHS = 26, Fraction(1, 2**31), 2, (4, 3, 2, 1)


def with_vectors(asked: Asked, chosen: Chosen) -> Chosen:
    """The forms measured with approximated functions, which loops call many at a time.

    The first working precision is taken with which they are as good as is asked, or nearly as
    good as with the functions of the library; the library if there is none. A form to twice the
    precision is not tried: it would not survive a loop that rounds less often. In float32 forms of
    ``codegen.rests`` are, which do.
    """
    lab = chosen.lab
    single = lab.work.name == "float32"
    if lab.fmt.name == "float64" or lab.working != "library":
        return chosen
    if asked.target.device and not single:
        return _shorter(asked, chosen)
    wanting = single and asked.target.keeps_rests and not chosen.good
    if not asked.target.loops and not wanting:
        return chosen
    choices: tuple[Working, ...] = ("single",) if single else ("short", "double")
    function, derivation = asked.derivation.function, asked.derivation
    outputs = {asked.spec.output: chosen.forward.expr}
    for working in choices:
        labs = [replace(lab, working=working) for lab in chosen.labs]
        known = {lab.variable: lab.inputs}
        exact = labs[0].truth(function)
        forwards = [] if chosen.forward.shown else [chosen.forward]
        if _keeps(asked, labs[0]):
            forwards += _keeping(forward_candidates(function, lab.variable, asked.functions))
        if not forwards:
            continue
        forward, *_ = _surer((labs[0].measured(one, exact, known) for one in forwards), _SURE)
        measured = (
            measured_in(_at_its_worst(labs, one), derivation.derivative, one, outputs)
            for one in _gradients(asked, chosen, labs[0])
        )
        for gradient in _surer(measured, _SURE_AT_WORST) if working == "single" else measured:
            there = Chosen(tuple(labs), forward, gradient)
            good = _nearly_as_good(forward, chosen.forward, there.lab)
            good = good and _nearly_as_good(gradient, chosen.gradient, there.lab)
            if good and not _spoilt(chosen, there, asked):
                return there
    return chosen


def _shorter(asked: Asked, chosen: Chosen) -> Chosen:
    """The gradient by fewer operations of the library: float64 is what a GPU has few units for."""
    if chosen.gradient.shown or chosen.gradient.saved != (chosen.lab.variable,):
        return chosen
    zeros = _zeros(asked, chosen)
    # Not around a zero by expm1, which takes a GPU as long as several exponentials.
    for one in _fitted(asked, chosen, zeros):
        gradient = measured_in(chosen.labs, asked.derivation.derivative, one)
        there = chosen._replace(gradient=gradient)
        shorter = gradient.steps < chosen.gradient.steps
        if shorter and there.good and not _spoilt(chosen, there, asked):
            return there
    return chosen


def _at_its_worst(labs: Sequence[Laboratory], gradient: Candidate) -> Sequence[Laboratory]:
    """In float32 also with the inputs at which a gradient from the variable may be off by most."""
    if labs[0].working != "single" or gradient.saved != (labs[0].variable,):
        return labs
    return [lab.spread_to(doubtful(lab, gradient)) for lab in labs]


def _surer(candidates: Iterable[Candidate], enough: float) -> list[Candidate]:
    """The first one whose error is so small that it will not be too large anywhere; else all.

    The smallest error comes first then.
    """
    tried = []
    for candidate in candidates:
        if candidate.good(enough):
            return [candidate]
        tried.append(candidate)
    return sorted(tried, key=_error)


def _error(candidate: Candidate) -> tuple[float, float]:
    assert candidate.measured is not None
    return candidate.measured.faults, candidate.measured.largest


def _worth(candidate: Candidate) -> tuple[float, ...]:
    """The least steps of those whose error is small enough, before the least error."""
    return (0, candidate.steps) if candidate.good(_SURE) else (1, *_error(candidate))


def _gradients(asked: Asked, chosen: Chosen, lab: Laboratory) -> Iterator[Candidate]:
    """What may serve with the functions of a laboratory, the form that was chosen first."""
    if not chosen.gradient.shown:
        if lab.working == "short" and chosen.gradient.saved == (lab.variable,):
            forms = [chosen.gradient, *_as_fraction(asked, chosen)]
            forms.sort(key=lambda one: lab.in_vectors(one.expr))
            yield from forms
            zeros = _zeros(asked, chosen)
            yield from _centred(asked, chosen, zeros)
            yield from _fitted(asked, chosen, zeros)
            for one in forms:
                yield from _patched(one, zeros)
        else:
            yield chosen.gradient
    if _keeps(asked, lab) and asked.save != "output":
        forms = gradient_candidates(
            asked.derivation, chosen.forward.plain, "input", asked.gradients
        )
        settled = [replace(one, expr=asked.settled(one.expr, lab)) for one in forms]
        known = {lab.variable: lab.inputs}
        exact = lab.truth(asked.derivation.derivative)
        tried = [lab.measured(one, exact, known) for one in _keeping(settled)]
        yield from sorted(tried, key=_worth)[:2]


def _keeps(asked: Asked, lab: Laboratory) -> bool:
    """Whether forms that carry along what is rounded off may serve."""
    return lab.working == "single" and asked.target.keeps_rests


def _keeping(forms: Iterable[Candidate]) -> list[Candidate]:
    """The forms once more in float32, with what is rounded off."""
    return [
        replace(
            one,
            name=f"{one.name}, carrying along what is rounded off",
            expr=with_rests(elementary(one.expr), products=products),
            shown=one.expr,
        )
        for products in (False, True)
        for one in forms
        if size(one.expr) <= _MOST_KEPT
    ]


def _as_fraction(asked: Asked, chosen: Chosen) -> Iterator[Candidate]:
    """The gradient by one exponential and one division, which may be less work than it is."""
    lab, exact = chosen.lab, asked.derivation.derivative
    fractions = exponential_fractions(exact, lab.variable)
    for name, expr in fractions.items():
        yield Candidate(name, asked.settled(expr, lab), (lab.variable,))
    for name, expr in fractions_of_one_argument(exact, lab.variable).items():
        if expr in fractions.values():
            continue
        form = replace(chosen.gradient, name=name, expr=asked.settled(expr, lab))
        yield replace(form, shown=chosen.gradient.plain)


def _zeros(asked: Asked, chosen: Chosen) -> Zeros:
    """The zeros of a gradient that has no letter but the variable, with Taylor coefficients."""
    variable, exact = chosen.lab.variable, asked.derivation.derivative
    if set(symbols(exact)) != {variable}:
        return []
    x = chosen.lab.inputs.astype(np.float64)
    return series_at_zeros(exact, x, chosen.lab.truth(exact), _DEGREE, _MOST_ZEROS)


def _centred(asked: Asked, chosen: Chosen, zeros: Zeros) -> Iterator[Candidate]:
    """The gradient as a fraction written around its zero, where short functions have digits."""
    for zero, _ in zeros if len(zeros) == 1 else ():
        expr = centred_fraction(asked.derivation.derivative, chosen.lab.variable, zero)
        if expr is not None:
            name = f"as a fraction in one exponential, around its zero at {float(zero):.4g}"
            plain = chosen.gradient.plain
            yield replace(chosen.gradient, name=name, expr=expr, shown=plain)


def _fitted(asked: Asked, chosen: Chosen, zeros: Zeros) -> Iterator[Candidate]:
    """The gradient as an exponential times a polynomial, which has digits at its zero too."""
    for zero, _ in zeros if len(zeros) == 1 else ():
        lab = chosen.lab
        expr = fitted(asked.derivation.derivative, lab.variable, zero, lab.fmt)
        if expr is not None:
            name = f"as an exponential times a polynomial, which is 0 at {float(zero):.4g}"
            yield replace(chosen.gradient, name=name, expr=expr, shown=chosen.gradient.plain)


def _patched(gradient: Candidate, zeros: Zeros) -> Iterator[Candidate]:
    """A form with a polynomial near its zeros, where short functions have too few digits."""
    [variable] = gradient.saved
    for exponent in _WIDTHS if zeros else ():
        expr = gradient.expr
        for zero, coefficients in zeros:
            expr = _near(variable, zero, coefficients, exponent, expr)
        places = " and ".join(f"{float(zero):.4g}" for zero, _ in zeros)
        name = f"{gradient.name}, and its Taylor polynomial near {places}"
        yield replace(gradient, name=name, expr=expr, shown=gradient.plain)


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


def _nearly_as_good(new: Candidate, old: Candidate, lab: Laboratory) -> bool:
    """Whether the error is one that is allowed, or not much larger where it is rounded later."""
    assert new.measured is not None
    assert old.measured is not None
    if lab.working == "single":
        return new.good(lab.allowed)
    largest = max(FEW_ULP, _FACTOR * old.measured.largest)
    return new.measured.faults <= old.measured.faults and new.measured.largest <= largest


def _spoilt(chosen: Chosen, there: Chosen, asked: Asked) -> bool:
    """Whether a value that is to be rounded once is off by more than a hundredth of an ULP."""
    if there.lab.fmt is there.lab.work:
        return False
    derivation, output = asked.derivation, asked.spec.output
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
