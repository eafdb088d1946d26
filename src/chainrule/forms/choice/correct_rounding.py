"""Gradients of 16 bits that are rounded correctly at all inputs, not at most of them.

What is computed in double and rounded to 16 bits is rounded twice. That is wrong where the value
lies next to the middle of two numbers of the format, a tie, on the other side of it than its double
or on either side of it where the double is the tie. So the gradient is computed at all inputs, and
compared with the truth where its double is so near to a tie that it might be on the other side. If
one is wrong, functions of more digits are tried, and then forms that keep what was rounded off
(``codegen.sticky``), next to 0 only or on the whole line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import factorial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.deriving.derivation import Derivation
from chainrule.deriving.problem import Problem
from chainrule.elementary.arithmetic import Working
from chainrule.expr.nodes import (
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    call,
    multiply,
    postorder,
    size,
    substitute,
    symbols,
)
from chainrule.floats.measure import Measured, measure
from chainrule.floats.ulp import spacing, ties
from chainrule.forms.candidate import MAX_ASSEMBLED, Candidate
from chainrule.forms.candidates.regimes import elementary
from chainrule.forms.choice.assemble import PRECISE_TERMS, guarded
from chainrule.forms.choice.laboratory import Laboratory
from chainrule.forms.choice.selection import Asked, Chosen, measured_in
from chainrule.precise.double_word import value_of
from chainrule.precise.round_to_odd import sticky

Array = npt.NDArray[Any]
# Next to a tie is what lies within this part of it, or within so many times the largest error of a
# double at the inputs that are measured anyway.
_PART, _TIMES = 2.0**-30, 4.0
# Within its reach of 0 the first term that a polynomial lacks is 2^-100 of its value.
_DEGREE, _REACH = 5, Fraction(1, 2**20)
_KEPT = "with what is rounded off in the last bit"


class Settled(NamedTuple):
    """Forms, and what the gradient is at all inputs of the format.

    Attributes:
        chosen: the forms.
        inputs: how many inputs there are for one choice of the other letters, at the most.
        compared: at how many of them the result was compared with the truth, as the double is
            next to a tie and not exactly the value.
        misrounded: how many of these results are not the nearest number.
        faults: how many of them are no answer at all.
    """

    chosen: Chosen
    inputs: int
    compared: int
    misrounded: int
    faults: int

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller is better: results that are no answer, misrounded ones."""
        assert self.chosen.gradient.measured is not None
        return self.chosen.gradient.measured.faults + self.faults, self.misrounded


def rounded_correctly(asked: Asked, chosen: Chosen) -> Settled:
    """The forms that were chosen, or others if these are misrounded at an input next to a tie.

    The first one that is correct everywhere is taken, else the one that is wrong at the fewest
    inputs.

    Args:
        asked: for a format of 16 bits, with accuracy "best", and not from the output alone.
        chosen: the best forms, in double.
    """
    best = _settled(asked, chosen)
    for more in (_with_longer_functions, _with_series, _to_twice_the_precision):
        for other in more(asked, best.chosen) if best.misrounded else ():
            if best.misrounded and other.gradient.good(other.lab.allowed):
                best = min(best, _settled(asked, other), key=lambda found: found.rank)
    return best


def _with_longer_functions(asked: Asked, chosen: Chosen) -> Iterator[Chosen]:
    """The gradient with functions of more digits."""
    workings: tuple[Working, ...] = ("short", "double", "library")
    for working in workings[workings.index(chosen.lab.working) + 1 :]:
        yield _measured(asked, chosen, chosen.gradient, working)


def _to_twice_the_precision(asked: Asked, chosen: Chosen) -> Iterator[Chosen]:
    """Forms that keep what is rounded off.

    They are not for loops that round less often than they say, as those with approximated
    functions do.
    """
    derivation, variable = asked.derivation, asked.spec.variable
    exprs: dict[Expr, str] = {}
    gradient = chosen.gradient
    if gradient.saved == (variable,):
        exprs[gradient.plain] = gradient.name
    exprs.setdefault(derivation.derivative, "simplified")
    exprs.setdefault(derivation.raw, "as derived")
    for terms in (0, PRECISE_TERMS):
        for expr, name in exprs.items():
            if size(expr) > MAX_ASSEMBLED:
                continue
            precise = guarded(sticky(elementary(expr), terms), expr)
            candidate = Candidate(
                f"{name}, to twice the precision, {_KEPT}",
                asked.settled(precise, chosen.lab),
                (variable,),
                asked.settled(expr, chosen.lab),
            )
            yield _measured(asked, chosen, candidate, "library")


def _with_series(asked: Asked, chosen: Chosen) -> Iterator[Chosen]:
    """The gradient with its Taylor polynomial next to 0.

    Next to an input of 10^-38, z/4 - z^3/48 is on one side of the tie that z/4 is, by less than
    even twice the precision can tell of what z/4 is a difference of.
    """
    variable, gradient = asked.spec.variable, chosen.gradient
    series = _taylor(asked.derivation.derivative, variable)
    if gradient.saved != (variable,) or series is None:
        return
    near = Comparison(("<",), (call("abs", variable), Number(_REACH)))
    candidate = replace(
        gradient,
        name=f"{gradient.name}, next to 0 its Taylor polynomial {_KEPT}",
        expr=Piecewise((sticky(elementary(series)), near, gradient.expr)),
        shown=gradient.plain,
    )
    yield _measured(asked, chosen, candidate, "library")


def _taylor(expr: Expr, variable: Symbol) -> Expr | None:
    """c0 + x(c1 + x(c2 + ...)), where the coefficients depend on the other letters."""
    if not all(_has_series(node, variable) for node in postorder(expr)):
        return None
    coefficients = []
    for degree in range(_DEGREE + 1):
        at_0 = substitute(expr, {variable: ZERO})
        if not symbols(at_0) and value_of(at_0) is None:
            return None
        coefficients.append(multiply(Number(Fraction(1, factorial(degree))), at_0))
        expr = Derivation(Problem(function=expr, variables=(variable,))).derivative
    total = coefficients.pop()
    while coefficients:
        total = Sum((coefficients.pop(), Product((variable, total))))
    return total


def _has_series(node: Expr, variable: Symbol) -> bool:
    """Whether a node is smooth, and other letters do not change how far its series reaches.

    For e^(ax) they would, for a e^x they do not.
    """
    if isinstance(node, Piecewise):
        return False
    if not isinstance(node, (Call, Power, Quotient)) or variable not in symbols(node):
        return True
    kink = isinstance(node, Call) and node.name in ("abs", "max", "min", "sign")
    return not kink and set(symbols(node)) == {variable}


def _measured(asked: Asked, chosen: Chosen, gradient: Candidate, working: Working) -> Chosen:
    """A gradient with the functions of ``working``, and what it and the function are worth."""
    labs = tuple(replace(lab, working=working) for lab in chosen.labs)
    forward = chosen.forward
    if working != chosen.lab.working:
        known = {labs[0].variable: labs[0].inputs}
        forward = labs[0].measured(forward, labs[0].truth(asked.derivation.function), known)
    outputs = {asked.spec.output: chosen.forward.expr}
    return Chosen(labs, forward, measured_in(labs, asked.derivation.derivative, gradient, outputs))


def _settled(asked: Asked, chosen: Chosen) -> Settled:
    count, found = 0, list[Measured]()
    for lab in chosen.labs:
        everywhere = lab.at_all_inputs()
        count = max(count, len(everywhere.inputs))
        found += _beside_ties(asked, chosen, lab, everywhere)
    sums = (sum(getattr(one, name) for one in found) for name in ("count", "misrounded", "faults"))
    return Settled(chosen, count, *sums)


def _arrays(asked: Asked, chosen: Chosen, lab: Laboratory) -> dict[Symbol, Array]:
    """What is saved, at the inputs of a laboratory."""
    arrays = {lab.variable: lab.inputs}
    if asked.spec.output in chosen.gradient.saved:
        arrays[asked.spec.output], _ = lab.values(chosen.forward.expr, arrays)
    return {symbol: arrays[symbol] for symbol in chosen.gradient.saved}


def _beside_ties(
    asked: Asked, chosen: Chosen, sample: Laboratory, everywhere: Laboratory
) -> list[Measured]:
    """The errors at the inputs whose double is next to a tie, and not exactly the value, if any."""
    derivative, fmt = asked.derivation.derivative, sample.fmt
    before = sample.before_rounding(
        chosen.gradient, sample.truth(derivative), _arrays(asked, chosen, sample)
    )
    arrays = _arrays(asked, chosen, everywhere)
    values, _ = everywhere.computed(chosen.gradient.expr, arrays)
    middle = ties(values, fmt)
    reach = np.maximum(_PART * np.abs(middle), _TIMES * before * spacing(values, fmt))
    with np.errstate(invalid="ignore"):
        beside = (np.abs(values - middle) <= reach) & (np.abs(values) < 2 * fmt.largest)
    near = np.flatnonzero(beside)
    if asked.spec.output not in arrays:
        # The output has been rounded itself.
        there = {symbol: array[near] for symbol, array in arrays.items()}
        near = near[~everywhere.exact(chosen.gradient.expr, there)]
    if not len(near):
        return []
    suspects = replace(everywhere, inputs=everywhere.inputs[near])
    results = fmt.rounded(values[near])
    return [measure(suspects.inputs, results, suspects.truth(derivative), fmt)]
