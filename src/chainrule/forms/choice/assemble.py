"""A gradient put together: of several forms of it, each where it serves best.

Forms that hold on the whole line, and forms for its parts (left and right of 0, between kinks);
where none is accurate enough, the better ones once more with what was rounded carried along
(``precise.compensated``). Which of them serves where is decided by their measured errors, with as
few switches as do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.expr.nodes import (
    MINUS_ONE,
    ZERO,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Sum,
    Symbol,
    Unknown,
    negate,
    size,
    symbols,
)
from chainrule.floats.formats import Format
from chainrule.floats.ulp import Truth
from chainrule.forms.candidate import MAX_ASSEMBLED, Candidate
from chainrule.forms.candidates.by_parts import SCALE, in_the_variable, parts_of_the_line
from chainrule.forms.candidates.overflow import shrunk
from chainrule.forms.candidates.patches import (
    series_at_origin,
    series_at_zeros,
    taylor_coefficients,
)
from chainrule.forms.candidates.regimes import (
    Regime,
    by_sign_of_exponent,
    elementary,
    number,
    seeds,
)
from chainrule.forms.choice.laboratory import Laboratory
from chainrule.forms.choice.switching import Cut, choices
from chainrule.forms.choice.trial import Part, Trial, part_of
from chainrule.forms.search.extraction import FAULT_BITS
from chainrule.forms.search.saturated import saturated
from chainrule.precise.compensated import compensated, polynomial_near
from chainrule.precise.scaled import lifted

Array = npt.NDArray[Any]
# Forms of one part that are computed with twice the precision, and the most switches.
_COMPENSATED, _MOST_SWITCHES = 2, 4
# What a thousand operations weigh against one input whose error is just too large.
_THOUSAND_OPERATIONS = 0.05
# Terms of the exponential series when it is computed to twice the precision of float64.
PRECISE_TERMS = 7
# Where a multiple of an input is no exact argument of a sine.
_FAR_OUT_OF_REACH = 2.0**20
# Polynomials near a zero, and near how many zeros at most.
_DEGREE, _MOST_ZEROS = 26, 4
# Of the inputs at which no form is good, about so many are shown to a search.
_WORST = 30
# Half of the digits of float32: below, x² is rounded off beside 1, and what cancels is lost.
_NEXT_TO_ORIGIN = 2.0**-12
# A coefficient that is less is 0.
_NOTHING = Fraction(1, 2**90)
# Compared are powers of two up to this one, beyond it every 16th.
_EVERY = 16


class Effort(IntEnum):
    """What forms are put together of, if they are: each effort takes what the one before does."""

    SINGLE = 0
    """Nothing is put together: a form serves on the whole line."""
    PLAIN = 1
    """Forms as they are."""
    PRECISE = 2
    """Polynomials, and forms computed to twice the precision."""
    SATURATION = 3
    """What saturation finds, which takes seconds."""


class Assembled(NamedTuple):
    """A gradient of several forms.

    Its names, the expression, the same as one would write it, and as its reader is told of it.
    """

    name: str
    expr: Expr
    shown: Expr
    told: Expr


def assembled(
    whole: Mapping[str, Expr],
    labs: Sequence[Laboratory],
    truths: Sequence[Truth],
    best: Sequence[Candidate],
    effort: Effort,
    *,
    twice: bool,
) -> list[Assembled]:
    """Gradients out of several forms, the one of fewer switches first.

    Args:
        whole: forms that hold on the whole line, by their names.
        labs: evaluate a form at their inputs, each with other values of letters. Where it
            depends on these at which place a form switches, only the first one is asked.
        truths: the values there.
        best: the best forms that are known.
        effort: with what else than forms as they are.
        twice: whether forms may be computed to twice the precision, the best ones among them.
    """
    variable, fixed = labs[0].variable, labs[0].fixed
    lines: list[tuple[Regime, list[Expr]]] = []
    if size(*whole.values()) <= MAX_ASSEMBLED:
        lines = parts_of_the_line(list(whole.values())[:2], variable, fixed)
        whole = {**whole, **_by_sign(list(whole.values())[:2], variable, fixed)}
    ends = _ends(lines, fixed)
    alike = [(i, t) for i, t in zip(labs, truths, strict=True) if _ends(lines, i.fixed) == ends]
    trial = Trial(*(tuple(part) for part in zip(*alike, strict=True)))
    pool = [part_of(trial, name, expr, -np.inf, np.inf) for name, expr in whole.items()]
    known = {one.expr for one in pool}
    for (_, exprs), (low, high) in zip(lines, ends, strict=True):
        new = [expr for expr in dict.fromkeys(exprs) if expr not in known]
        pool += [part_of(trial, "by parts", expr, low, high) for expr in new]
    cuts = _cuts([regime for regime, _ in lines], fixed, trial.lab.fmt)
    if effort is Effort.PLAIN:
        return _chosen(pool, trial, cuts)
    if effort is Effort.SATURATION:
        pool += _saturated(lines, ends, pool, trial)
    more = _more_precise(pool, ends or [(-np.inf, np.inf)], trial) if twice else []
    for candidate in best if twice else ():
        name, expr, shown = candidate.name, candidate.expr, candidate.shown
        part = part_of(trial, name, expr, -np.inf, np.inf, shown)
        more += _precise_versions(part, trial)
    for one, places in _polynomials(whole, pool, trial):
        more.append(one)
        cuts = sorted([*cuts, *places], key=lambda cut: (cut.value, cut.inclusive))
    everywhere = [
        Assembled(one.name, one.expr, one.shown, one.told)
        for one in more
        if one.low == -one.high == -np.inf
    ]
    return [*_chosen([*pool, *more], trial, cuts), *everywhere]


def _saturated(
    lines: Sequence[tuple[Regime, list[Expr]]],
    ends: Sequence[tuple[float, float]],
    pool: Sequence[Part],
    trial: Trial,
) -> list[Part]:
    """What saturation finds for the parts of the line."""
    lab, x = trial.lab, trial.x
    found = []
    for (regime, known), (low, high) in zip(lines, ends, strict=True):
        if regime not in lab.rewritten:
            usable = [one.bits for one in pool if one.low <= low and one.high >= high]
            inside = np.flatnonzero((x > low) & (x < high) & (np.min(usable, axis=0) > 0))
            starts = dict.fromkeys(regime.exprs)
            for expr in regime.exprs[:2]:
                starts |= dict.fromkeys(seeds(expr, lab.variable, lab.fixed))
            worst = x[inside[:: max(len(inside) // _WORST, 1)]]
            lab.rewritten[regime] = saturated(
                regime, list(starts), lab.variable, lab.fixed, (low, high), worst, lab.work
            )
        new = lab.rewritten[regime]
        exprs = dict.fromkeys(in_the_variable(regime, expr, lab.variable) for expr in new)
        found += [part_of(trial, "rewritten", e, low, high) for e in exprs if e not in known]
    return found


def _by_sign(
    exprs: Sequence[Expr], variable: Symbol, fixed: Mapping[Symbol, Fraction]
) -> dict[str, Expr]:
    found: dict[str, Expr] = {}
    for expr in exprs:
        form = by_sign_of_exponent(elementary(expr), variable, fixed)
        if form is not None:
            found["by the sign of the exponent"] = form
            break
    return found


def _more_precise(
    pool: Sequence[Part], ends: Iterable[tuple[float, float]], trial: Trial
) -> list[Part]:
    """The better forms of every part that has no good one, to twice the precision."""
    x = trial.x
    found: dict[tuple[Expr, float, float], list[Part]] = {}
    for low, high in ends:
        inside = (x >= low) & (x <= high)
        usable = [one for one in pool if one.low <= low and one.high >= high]
        if not inside.any():
            continue
        bits = {one.expr: one.bits[inside] for one in usable}
        # Cancellation near a root is what twice the precision mends; a fault it does not.
        by_mean = sorted(usable, key=lambda one: (float(bits[one.expr].mean()), one.steps))
        by_faults = sorted(
            usable, key=lambda one: (int((bits[one.expr] == FAULT_BITS).sum()), one.steps)
        )
        best = {one.expr: one for one in (*by_mean[:_COMPENSATED], *by_faults[:_COMPENSATED])}
        for one in best.values():
            if (one.expr, one.low, one.high) not in found:
                found[one.expr, one.low, one.high] = _precise_versions(one, trial)
    return [version for versions in found.values() for version in versions]


def _polynomials(
    whole: Mapping[str, Expr], pool: Iterable[Part], trial: Trial
) -> list[tuple[Part, list[Cut]]]:
    """Polynomials around zeros that do not depend on parameters, and where they may serve.

    And one around 0, if nothing in the pool is good there.
    """
    first, lab = next(iter(whole.values())), trial.lab
    if set(symbols(first)) - {lab.variable}:
        return []
    found, digits = [], lab.work.precision
    for root, coefficients in series_at_zeros(
        first, trial.x, trial.truths[0], _DEGREE, _MOST_ZEROS
    ):
        expr = polynomial_near(lab.variable, root, coefficients, digits)
        found.append(_near(root, expr, first, trial))
    next_to_0 = np.abs(trial.x) < _NEXT_TO_ORIGIN
    if np.min([one.bits[next_to_0] for one in pool], axis=0).any():
        series = series_at_origin(first, lab.variable, _DEGREE)
        near = None if series is None else _near(Fraction(0), series, first, trial)
        known = taylor_coefficients(first, _DEGREE) if near is None else None
        if known is not None and abs(known[0]) < _NOTHING:
            # Rounding its first coefficient, the sum and the product may be too much.
            used = [value if abs(value) >= _NOTHING else Fraction(0) for value in known[1:]]
            precise = polynomial_near(lab.variable, Fraction(0), used, digits)
            near = _near(Fraction(0), precise, first, trial)
        found.append(near)
    return [one for one in found if one is not None]


def _near(root: Fraction, expr: Expr, first: Expr, trial: Trial) -> tuple[Part, list[Cut]] | None:
    """A polynomial near a point, as far from it as it is good."""
    name = f"its Taylor polynomial T near {float(root):.4g}"
    told = Unknown("T", (0,), (trial.lab.variable,))
    everywhere = part_of(trial, name, expr, -np.inf, np.inf, first, told)
    for exponent in range(1, 12):
        # The ends are short numbers.
        ends = [Fraction(round(root * 2**exponent) + side, 2**exponent) for side in (-1, 1)]
        low, high = (float(end) for end in ends)
        inside = (trial.x >= low) & (trial.x <= high)
        if inside.any() and not everywhere.bits[inside].any():
            bits = np.where(inside, everywhere.bits, FAULT_BITS)
            part = Part(expr, first, told, name, low, high, bits, everywhere.steps)
            return part, [Cut(Number(end), float(end)) for end in ends]
    return None


def _precise_versions(one: Part, trial: Trial) -> list[Part]:
    """The form to twice the precision, with functions of the library and with our own.

    With our own also times powers of two, which are taken off again, where that is of use: a
    large one for what is next to the smallest numbers, a small one next to the largest. And with
    large multiples of the variable in sines and cosines taken exactly.
    """
    digits, plain = trial.lab.work.precision, elementary(one.expr)

    def version(precise: Expr, more: str = "") -> Part:
        name = f"{one.name}, to twice the precision{more}"
        expr = guarded(precise, one.expr)
        return part_of(trial, name, expr, one.low, one.high, one.shown)

    found = [version(compensated(plain, digits))]
    if digits == 53:
        found.append(version(compensated(plain, digits, PRECISE_TERMS)))
        bad = (trial.x >= one.low) & (trial.x <= one.high) & (found[-1].bits > 0)
        if (np.abs(trial.x[bad]) > _FAR_OUT_OF_REACH).any():
            small = shrunk(plain, trial.lab.variable, SCALE)
            if small is not plain:
                found.append(
                    version(compensated(small, digits, PRECISE_TERMS, far=True), " far out")
                )
        sizes = trial.exponents[bad]
        for sign in (1, -1):
            if (sign * sizes < 3 * digits - abs(trial.lab.fmt.least_exponent)).any():
                scaled = lifted(plain, digits, PRECISE_TERMS, sign * 2 * digits)
                found += [] if scaled is None else [version(scaled, " and scaled")]
    return found


def _chosen(pool: Sequence[Part], trial: Trial, cuts: Sequence[Cut]) -> list[Assembled]:
    """The best choice for each number of switches."""
    x, variable = trial.x, trial.lab.variable
    order = np.argsort(x, kind="stable")
    weight = _THOUSAND_OPERATIONS / 1000 / len(x)
    costs = np.stack([one.bits**2 + weight * one.steps for one in pool])
    exprs, shown = [one.expr for one in pool], [one.shown for one in pool]
    told = [one.told for one in pool]
    return [
        Assembled(
            " and ".join(dict.fromkeys(pool[i].name for i in choice.numbers)),
            choice.written(exprs, variable),
            choice.written(shown, variable),
            choice.written(told, variable),
        )
        for choice in choices(costs[:, order], x[order], cuts, _MOST_SWITCHES)
    ]


def _ends(
    lines: Iterable[tuple[Regime, object]], fixed: Mapping[Symbol, Fraction]
) -> list[tuple[float, float]]:
    """Where the parts of the line begin and end."""
    return [(_end(r.low, fixed, -1), _end(r.high, fixed, 1)) for r, _ in lines]


def _end(place: Expr | None, fixed: Mapping[Symbol, Fraction], sign: int) -> float:
    return sign * np.inf if place is None else number(place, fixed)


def _cuts(lines: Sequence[Regime], fixed: Mapping[Symbol, Fraction], fmt: Format) -> list[Cut]:
    """0, powers of two, and where the parts meet."""
    cuts = [Cut(Number(0), 0.0), Cut(Number(0), 0.0, True)]
    for exponent in range(fmt.least_exponent, -fmt.least_exponent):
        if abs(exponent) <= _EVERY or exponent % _EVERY == 0:
            value = 2.0**exponent
            place = _power_of_two(exponent)
            cuts += [Cut(place, value), Cut(negate(place), -value)]
            if -4 < exponent < 10:
                middle = Number(Fraction(3, 2) * Fraction(2) ** exponent)
                cuts += [Cut(middle, 1.5 * value), Cut(negate(middle), -1.5 * value)]
    for regime in lines:
        if regime.low is not None and (value := number(regime.low, fixed)):
            cuts += [Cut(regime.low, value), Cut(regime.low, value, True)]
    return sorted(cuts, key=lambda cut: (cut.value, cut.inclusive))


def _power_of_two(exponent: int) -> Expr:
    if abs(exponent) <= 10:
        return Number(Fraction(2) ** exponent)
    return Power(Number(2), Number(exponent))


def guarded(precise: Expr, plain: Expr) -> Expr:
    """The precise form, and the plain one where something overflowed in the precise one."""
    difference = Sum((precise, Product((MINUS_ONE, precise))))
    is_finite = Comparison(("==",), (difference, ZERO))
    return Piecewise((precise, is_finite, plain))
