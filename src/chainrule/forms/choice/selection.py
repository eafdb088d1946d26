"""Which forms a file computes: measured at hard inputs, in every format of the arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from chainrule.deriving.derivation import Derivation
from chainrule.expr.nodes import Expr, Symbol, size, substitute
from chainrule.floats.letters import FITTED
from chainrule.floats.measure import together
from chainrule.forms.candidate import MAX_ASSEMBLED, Candidate
from chainrule.forms.candidates.near_targets import meetings
from chainrule.forms.candidates.regimes import elementary
from chainrule.forms.candidates.rescaled import rescaled
from chainrule.forms.choice.assemble import Effort, assembled
from chainrule.forms.choice.hard_inputs import doubtful
from chainrule.forms.choice.kink_values import settled
from chainrule.forms.choice.laboratory import (
    Laboratory,
    forward_candidates,
    gradient_candidates,
    saved_by,
)
from chainrule.forms.choice.promises import promised, refusal
from chainrule.program.kernel_spec import KernelSpec
from chainrule.program.targets import Target

# Errors in ULP of a function that are no reason to compute it to twice the precision: in float64,
# and where it is rounded once to float32.
_ERROR_OF_FUNCTION, _ROUNDED_ONCE = 2.5, 0.55
# So often is it searched again, with the inputs at which what was found turned out to be worse.
_SEARCHES = 3


class Asked(NamedTuple):
    """What a plan is asked for."""

    derivation: Derivation
    target: Target
    spec: KernelSpec
    save: str
    functions: Mapping[str, Expr]
    gradients: Mapping[str, Expr]

    def settled(self, expr: Expr, lab: Laboratory) -> Expr:
        """With the values at kinks, and the output by the name that it has in the file."""
        found = settled(expr, self.derivation, self.target, lab.fixed)
        return substitute(found, {self.derivation.output: self.spec.output})


class Chosen(NamedTuple):
    """The forms that were chosen, and where they were measured."""

    labs: tuple[Laboratory, ...]
    forward: Candidate
    gradient: Candidate

    @property
    def lab(self) -> Laboratory:
        """The one with the usual values of all letters."""
        return self.labs[0]

    @property
    def faults(self) -> int:
        """Results of the function itself that are no answers."""
        assert self.forward.measured is not None
        return self.forward.measured.faults

    @property
    def good(self) -> bool:
        """Whether the gradient is accurate enough, and the function has no faults."""
        return self.gradient.good(self.lab.allowed) and not self.faults

    @property
    def rank(self) -> tuple[float, ...]:
        """Smaller is better: results of either that are no answer, then the gradient."""
        assert self.forward.measured is not None
        none, *rest = self.gradient.rank(self.lab.allowed)
        return (none + self.faults + self.forward.measured.senseless, *rest)


def chosen_forms(
    asked: Asked, labs: Sequence[Laboratory], most: Effort = Effort.SATURATION
) -> Chosen:
    """The best forms. What is chosen is measured where it has thresholds of its own, too.

    They are put together by what they are worth in all laboratories, if possible, with no more than
    the ``most`` effort.
    """
    derivation = asked.derivation
    labs = [lab.at_places([derivation.derivative, derivation.function]) for lab in labs]
    search = partial(_forward, most=most)
    _, forward = _where_it_switches(search, asked, derivation.function, _of_function(labs))
    labs = [lab.without(_kinks(derivation, lab)) for lab in labs]
    search = partial(_gradient, forward=forward, most=most)
    labs, gradient = _where_it_switches(search, asked, derivation.derivative, labs)
    return Chosen(tuple(labs), forward, gradient)


def _where_it_switches(
    search: Callable[[Asked, Sequence[Laboratory]], Candidate],
    asked: Asked,
    exact: Expr,
    labs: Sequence[Laboratory],
) -> tuple[Sequence[Laboratory], Candidate]:
    """What a search finds, measured also next to its own thresholds and where it may be off by
    most; if it is worse there, again.

    And the laboratories in which it was measured.
    """
    allowed = labs[0].allowed
    found = search(asked, labs)
    if asked.spec.output in found.saved:
        return labs, found
    for _ in range(_SEARCHES):
        labs = [lab.at_places([found.plain]).spread_to(doubtful(lab, found)) for lab in labs]
        there = measured_in(labs, exact, found)
        if there.good(allowed) or there.rank(allowed) <= found.rank(allowed):
            return labs, there
        found = search(asked, labs)
    return labs, found


def _of_function(labs: Sequence[Laboratory]) -> list[Laboratory]:
    """With the error that is small enough for a function."""
    if labs[0].fmt.bits < 64:
        return list(labs)
    return [replace(lab, allowed=_ERROR_OF_FUNCTION) for lab in labs]


def _forward(asked: Asked, labs: Sequence[Laboratory], *, most: Effort) -> Candidate:
    """The best form of the function itself; where the format has few digits, a short one."""
    function, variable = asked.derivation.function, asked.spec.variable
    found = forward_candidates(function, variable, asked.functions)
    measured = partial(measured_in, labs, function)
    tried = [measured(one) for one in found]
    lab = labs[0]
    whole = {one.name: one.expr for one in found}
    precise: float | None = None
    if _is_precise(asked, lab):
        to_float32 = lab.fmt.bits == 32 and lab.work is not lab.fmt
        precise = _ROUNDED_ONCE if to_float32 else lab.allowed
    best = min(tried, key=lambda one: one.rank(lab.allowed))
    if most is Effort.SINGLE or (precise is None and not _is_refused(asked, best)):
        return best
    best = _best(asked, tried, whole, function, labs, measured, most, precise=precise)
    if not _is_refused(asked, best):
        return best
    letters = (variable, *asked.spec.others)
    more = [
        version
        for one in found
        if size(one.expr) <= MAX_ASSEMBLED
        for version in rescaled(one, elementary(one.expr), letters, lab.work)
    ]
    return min([best, *map(measured, more)], key=lambda one: one.rank(lab.allowed))


def _is_refused(asked: Asked, one: Candidate) -> bool:
    """Whether a file with it would be."""
    assert one.measured is not None
    promise = promised(asked.spec.dtype, asked.spec.accuracy)
    return refusal("", one.measured, promise, str) is not None


def _gradient(
    asked: Asked, labs: Sequence[Laboratory], forward: Candidate, *, most: Effort
) -> Candidate:
    """The best form of the gradient: a single one, or if none is good one of several."""
    derivation, spec, lab = asked.derivation, asked.spec, labs[0]
    whole: dict[Expr, Candidate] = {}
    by_input: dict[str, Expr] = {}
    for candidate in gradient_candidates(derivation, forward.plain, asked.save, asked.gradients):
        expr = asked.settled(candidate.expr, lab)
        saved = saved_by(expr, spec.variable, spec.output)
        if asked.save == "input" and spec.output in saved:
            continue
        whole.setdefault(expr, replace(candidate, expr=expr, saved=saved))
        if saved == (spec.variable,):
            by_input[candidate.name] = candidate.expr
    exact = derivation.derivative
    outputs = {spec.output: forward.expr}
    tried = [measured_in(labs, exact, one, outputs) for one in whole.values()]
    if most is Effort.SINGLE or not by_input or asked.save == "output":
        return min(tried, key=lambda one: one.rank(lab.allowed))

    def measured(one: Candidate) -> Candidate:
        shown = None if one.shown is None else asked.settled(one.shown, lab)
        return measured_in(
            labs, exact, replace(one, expr=asked.settled(one.expr, lab), shown=shown)
        )

    precise = lab.allowed if _is_precise(asked, lab) else None
    return _best(asked, tried, by_input, exact, labs, measured, most, precise=precise)


def _is_precise(asked: Asked, lab: Laboratory) -> bool:
    """Whether formulas to twice the precision may be of use."""
    return asked.spec.accuracy == "best" or lab.work is not lab.fmt


def _best(
    asked: Asked,
    tried: list[Candidate],
    whole: Mapping[str, Expr],
    exact: Expr,
    labs: Sequence[Laboratory],
    measured: Callable[[Candidate], Candidate],
    most: Effort,
    *,
    precise: float | None,
) -> Candidate:
    """The best of these, or if none is good, of what is put together of several forms.

    First of forms as they are, then with polynomials and what is computed to twice the precision;
    and where a file would be refused even so, of forms that saturation finds.

    Args:
        asked: for what.
        tried: forms that have been measured.
        whole: those of the variable alone, by their names.
        exact: what they are to be.
        labs: where they were measured.
        measured: measures a form.
        most: how much is tried.
        precise: an error in ULP that is no reason to compute forms to twice the precision;
            ``None`` if nothing is.
    """
    variable, allowed = labs[0].variable, labs[0].allowed
    best = min(tried, key=lambda one: one.rank(allowed))
    some = labs[:FITTED]
    truths = [] if best.good(allowed) else [lab.truth(exact) for lab in some]
    known: list[Candidate] = []
    enough = allowed if precise is None else precise
    for effort in (Effort.PLAIN, Effort.PRECISE, Effort.SATURATION)[:most]:
        if best.good(allowed if effort is Effort.PLAIN else enough):
            break
        if effort is Effort.SATURATION and not _is_refused(asked, best):
            break
        for name, expr, shown, told in assembled(
            whole, some, truths, known, effort, twice=precise is not None
        ):
            plain = shown if shown is not expr else None
            one = Candidate(name, expr, (variable,), plain, told if told is not shown else None)
            tried.append(measured(one))
        best = min(tried, key=lambda one: one.rank(allowed))
        by_x = [one for one in tried if one.saved == (variable,)]
        by_x.sort(key=lambda one: one.rank(allowed))
        # What is put together may be the better one here and beyond repair there.
        single = [one for one in by_x if one.name in whole]
        known = list({one.expr: one for one in (*by_x[:1], *single[:1])}.values())
    if not best.good(allowed):
        tried += [measured(one) for one in _with_meetings(tried, exact, labs[0])]
        best = min(tried, key=lambda one: one.rank(allowed))
    return best


def _with_meetings(tried: Iterable[Candidate], exact: Expr, lab: Laboratory) -> Iterator[Candidate]:
    """Forms with a polynomial for where the variable is next to another letter."""
    for meeting in meetings(exact, lab.variable, lab.fixed):
        for one in tried:
            if one.saved == (lab.variable,):
                name = f"{one.name}, and its Taylor polynomial next to {meeting.letter}"
                expr, shown = meeting.patched(one.expr), meeting.patched(one.plain)
                yield replace(one, name=name, expr=expr, shown=shown)


def measured_in(
    labs: Sequence[Laboratory],
    exact: Expr,
    candidate: Candidate,
    outputs: Mapping[Symbol, Expr] | None = None,
) -> Candidate:
    """The candidate with its errors from ``exact`` in all laboratories.

    What it is computed from besides the variable, by expressions in that, is in ``outputs``.
    """
    found = []
    for lab in labs:
        known = {lab.variable: lab.inputs}
        values = {s: lab.values(e, known)[0] for s, e in (outputs or {}).items()}
        found.append(lab.measured(candidate, lab.truth(exact), known | values))
    errors = [one.measured for one in found if one.measured is not None]
    before = max(one.before for one in found)
    return replace(found[0], measured=together(errors), before=before)


def _kinks(derivation: Derivation, lab: Laboratory) -> list[float]:
    """The points at which the gradient is a matter of choice, as a file computes them."""
    found = []
    for kink in derivation.kinks:
        if not kink.removable and kink.kind not in ("zeros", "integers"):
            value, _ = lab.values(kink.at, {lab.variable: lab.inputs[:1]})
            found.append(float(value[0]))
    return found
