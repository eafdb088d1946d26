"""Which forms a file computes: measured at hard inputs, in every format of the arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from chainrule.audit.assemble import assembled
from chainrule.audit.choose import (
    Candidate,
    Laboratory,
    forward_candidates,
    gradient_candidates,
    saved_by,
)
from chainrule.audit.conventions import settled
from chainrule.audit.measure import together
from chainrule.codegen.source import Job
from chainrule.derivations import Derivation
from chainrule.expr.nodes import Expr, Symbol, substitute


class Asked(NamedTuple):
    """What a plan is asked for."""

    derivation: Derivation
    target: str
    job: Job
    save: str
    functions: Mapping[str, Expr]
    gradients: Mapping[str, Expr]

    def settled(self, expr: Expr, lab: Laboratory) -> Expr:
        """With the values at kinks, and the output by the name that it has in the file."""
        found = settled(expr, self.derivation, self.target, lab.fixed)
        return substitute(found, {self.derivation.output: self.job.output})


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


def chosen_forms(asked: Asked, labs: Sequence[Laboratory]) -> Chosen:
    """The best forms. What is chosen is measured where it has thresholds of its own, too.

    They are put together by what they are worth in all laboratories, if possible.
    """
    derivation, job = asked.derivation, asked.job
    forward = labs[0].best(
        forward_candidates(derivation.function, job.variable, asked.functions),
        labs[0].truth(derivation.function),
        {job.variable: labs[0].inputs},
    )
    labs = [lab.without(_kinks(derivation, lab)) for lab in labs]
    labs = [lab.at_places([derivation.derivative, derivation.function]) for lab in labs]
    for last in (False, True):
        gradient = _gradient(asked, labs, forward)
        if last or job.output in gradient.saved:
            break
        wider = [lab.at_places([gradient.shown or gradient.expr]) for lab in labs]
        there = measured_in(wider, derivation, gradient)
        allowed = labs[0].allowed
        if there.good(allowed) or there.rank(allowed) <= gradient.rank(allowed):
            return Chosen(tuple(wider), forward, there)
        labs = wider
    return Chosen(tuple(labs), forward, gradient)


def _gradient(asked: Asked, labs: Sequence[Laboratory], forward: Candidate) -> Candidate:
    """The best form of the gradient: a single one, or if none is good one of several."""
    derivation, job, lab = asked.derivation, asked.job, labs[0]
    whole: dict[Expr, Candidate] = {}
    by_input: dict[str, Expr] = {}
    for candidate in gradient_candidates(derivation, forward.expr, asked.save, asked.gradients):
        expr = asked.settled(candidate.expr, lab)
        saved = saved_by(expr, job.variable, job.output)
        if asked.save == "input" and job.output in saved:
            continue
        whole.setdefault(expr, replace(candidate, expr=expr, saved=saved))
        if saved == (job.variable,):
            by_input[candidate.name] = candidate.expr
    outputs = {job.output: forward.expr}
    tried = [measured_in(labs, derivation, one, outputs) for one in whole.values()]
    best = min(tried, key=lambda one: one.rank(lab.allowed))
    if best.good(lab.allowed) or not by_input or asked.save == "output":
        return best
    precise = job.accuracy == "best" or lab.work is not lab.form
    exact = [one.truth(derivation.derivative) for one in labs]
    known = None
    for _ in range(1 + precise):
        for found in assembled(by_input, labs, exact, known):
            expr, shown = (asked.settled(e, lab) for e in (found.expr, found.shown))
            candidate = Candidate(found.name, expr, (job.variable,), shown)
            tried.append(measured_in(labs, derivation, candidate))
        best = min(tried, key=lambda one: one.rank(lab.allowed))
        if best.good(lab.allowed):
            break
        by_x = [one for one in tried if one.saved == (job.variable,)]
        known = min(by_x, key=lambda one: one.rank(lab.allowed))
    return best


def measured_in(
    labs: Sequence[Laboratory],
    derivation: Derivation,
    candidate: Candidate,
    outputs: Mapping[Symbol, Expr] | None = None,
) -> Candidate:
    """The candidate with its errors in all laboratories; other letters saved by expressions."""
    found = []
    for lab in labs:
        known = {lab.variable: lab.inputs}
        values = {s: lab.values(e, known)[0] for s, e in (outputs or {}).items()}
        exact = lab.truth(derivation.derivative)
        found.append(lab.measured(candidate, exact, known | values))
    errors = [one.measured for one in found if one.measured is not None]
    return replace(found[0], measured=together(errors))


def _kinks(derivation: Derivation, lab: Laboratory) -> list[float]:
    """The points at which the gradient is a matter of choice, as a file computes them."""
    found = []
    for kink in derivation.kinks:
        if not kink.removable and kink.kind not in ("zeros", "integers"):
            value, _ = lab.values(kink.at, {lab.variable: lab.inputs[:1]})
            found.append(float(value[0]))
    return found
