"""From a derivation to what a target is given: expressions, names, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from fractions import Fraction
from typing import NamedTuple, cast

from chainrule.audit.assemble import assembled
from chainrule.audit.choose import (
    FEW_ULP,
    SAMPLE,
    Candidate,
    Laboratory,
    forward_candidates,
    gradient_candidates,
    laboratory,
    saved_by,
    second_candidates,
)
from chainrule.audit.letters import value_rows
from chainrule.audit.measure import Measured, together
from chainrule.codegen.approximations import Working
from chainrule.codegen.cases import with_value_at
from chainrule.codegen.source import Accuracy, Job
from chainrule.codegen.targets import known as known_target
from chainrule.derivations import Derivation, Problem
from chainrule.dtypes import NAMES
from chainrule.errors import InputError
from chainrule.expr.nodes import (
    ZERO,
    Expr,
    Symbol,
    Unknown,
    depends_on,
    postorder,
    rational_value,
    substitute,
    symbols,
)
from chainrule.rewrite.kinks import Kink
from chainrule.verify.balls import compile_balls, precision
from chainrule.verify.program import ball

ACCURACIES = ("best", "fast")
SAVES = ("input", "output", "auto")
SECOND = ("jax", "torch")
"""Targets that are differentiated twice."""
# How much more than with a library's functions, which take ten times as long, an error may be;
# what a value may be off in ULP before it is rounded once.
_FACTOR, _SMALL = 4.0, 0.01
LOOPS = ("numba", "c", "torch")
"""Targets whose loops go over elements, and call functions of one number."""


class Plan(NamedTuple):
    """The arguments of ``generate``, but for the target."""

    forward: Expr
    gradient: Expr
    job: Job


def plan(
    derivation: Derivation,
    target: str,
    *,
    dtype: str = "float32",
    accuracy: str = "best",
    save: str = "auto",
    functions: Mapping[str, Expr] | None = None,
    gradients: Mapping[str, Expr] | None = None,
) -> Plan:
    """The forms to compute a function and its gradient by, the best that are known.

    Args:
        derivation: of the function.
        target: a name of ``TARGETS``; kinks follow its convention.
        dtype: what arrays hold.
        accuracy: "best" or "fast".
        save: what the gradient is computed from: "input", "output" or "auto".
        functions: more candidates for the function, by a name to call them.
        gradients: more candidates for its derivative, in the variable.

    Raises:
        InputError: an option that does not exist, a function that nobody defined, or a formula
            without the variable.
    """
    known_target(target)
    one_of("dtype", dtype, NAMES)
    one_of("accuracy", accuracy, ACCURACIES)
    one_of("choice of what to save", save, SAVES)
    _check(derivation)
    job = _job(derivation, dtype, cast(Accuracy, accuracy))
    asked = _Asked(derivation, target, job, save, functions or {}, gradients or {})
    rows = value_rows(derivation)

    def labs(*, double: bool = False) -> list[Laboratory]:
        sample = SAMPLE // len(rows)
        return [
            laboratory(job.variable, dtype, job.accuracy, row, double=double, sample=sample)
            for row in rows
        ]

    chosen = _chosen(asked, labs())
    if accuracy == "fast" and dtype != "float64" and not chosen.good:
        # Nothing is accurate enough in the dtype itself.
        double = _chosen(asked, labs(double=True))
        if double.rank < chosen.rank:
            chosen, job = double, replace(job, promoted=True)
    chosen = _with_vectors(asked, chosen)
    lab, forward, gradient = chosen.lab, chosen.forward, chosen.gradient
    first = gradient.expr
    if gradient.saved == (job.variable,):
        # Not from a form with |x| and the like, which have derivatives that are long.
        first = settled(derivation.derivative, derivation, target, lab.fixed)
    second = _second(first, gradient.saved, lab, target) if target in SECOND else ()
    notes = _notes(derivation, job, lab, forward, gradient, target)
    working = lab.working
    job = replace(job, saved=gradient.saved, second=second, working=working, notes=notes)
    return Plan(forward.expr, gradient.expr, job)


class _Asked(NamedTuple):
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


class _Chosen(NamedTuple):
    """The forms that were chosen, and where they were measured."""

    labs: tuple[Laboratory, ...]
    forward: Candidate
    gradient: Candidate

    @property
    def lab(self) -> Laboratory:
        """The one with the usual values of all letters."""
        return self.labs[0]

    @property
    def good(self) -> bool:
        return self.gradient.good(self.lab.allowed)

    @property
    def rank(self) -> tuple[float, ...]:
        return self.gradient.rank(self.lab.allowed)


def _chosen(asked: _Asked, labs: Sequence[Laboratory]) -> _Chosen:
    """The best forms. What is chosen is measured where it has thresholds of its own, too.

    They are put together in the first laboratory, and measured in all.
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
        there = _measured_in(wider, derivation, gradient)
        allowed = labs[0].allowed
        if there.good(allowed) or there.rank(allowed) <= gradient.rank(allowed):
            return _Chosen(tuple(wider), forward, there)
        labs = wider
    return _Chosen(tuple(labs), forward, gradient)


def _gradient(asked: _Asked, labs: Sequence[Laboratory], forward: Candidate) -> Candidate:
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
    tried = [_measured_in(labs, derivation, one, outputs) for one in whole.values()]
    best = min(tried, key=lambda one: one.rank(lab.allowed))
    if best.good(lab.allowed) or not by_input or asked.save == "output":
        return best
    precise = job.accuracy == "best" or lab.work is not lab.form
    exact = lab.truth(derivation.derivative)
    known = None
    for _ in range(1 + precise):
        for found in assembled(by_input, lab, exact, known):
            expr, shown = (asked.settled(e, lab) for e in (found.expr, found.shown))
            candidate = Candidate(found.name, expr, (job.variable,), shown)
            tried.append(_measured_in(labs, derivation, candidate))
        best = min(tried, key=lambda one: one.rank(lab.allowed))
        if best.good(lab.allowed):
            break
        by_x = [one for one in tried if one.saved == (job.variable,)]
        known = min(by_x, key=lambda one: one.rank(lab.allowed))
    return best


def _measured_in(
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


def _with_vectors(asked: _Asked, chosen: _Chosen) -> _Chosen:
    """The forms measured with approximated functions, which loops call many at a time.

    The first working precision is taken with which they are as good as is asked, or nearly as
    good as with the functions of the library; the library if there is none. A form that keeps
    what is rounded off stays as it is: it would not survive a loop that rounds less often.
    """
    lab = chosen.lab
    if asked.target not in LOOPS or lab.form.name == "float64" or chosen.gradient.shown:
        return chosen
    choices: tuple[Working, ...] = (
        ("short", "double") if lab.work.name == "float64" else ("single",)
    )
    function, derivation = asked.derivation.function, asked.derivation
    outputs = {asked.job.output: chosen.forward.expr}
    for working in choices:
        labs = [replace(lab, working=working) for lab in chosen.labs]
        known = {lab.variable: lab.inputs}
        forward = labs[0].measured(chosen.forward, labs[0].truth(function), known)
        gradient = _measured_in(labs, derivation, chosen.gradient, outputs)
        there = _Chosen(tuple(labs), forward, gradient)
        good = _nearly_as_good(forward, chosen.forward) and _nearly_as_good(
            gradient, chosen.gradient
        )
        if good and not _spoilt(chosen, there, asked):
            return there
    return chosen


def _nearly_as_good(new: Candidate, old: Candidate) -> bool:
    assert new.measured is not None
    assert old.measured is not None
    largest = max(FEW_ULP, _FACTOR * old.measured.largest)
    return new.measured.faults <= old.measured.faults and new.measured.largest <= largest


def _spoilt(chosen: _Chosen, there: _Chosen, asked: _Asked) -> bool:
    """Whether a value that is to be rounded once is off by more than a hundredth of an ULP."""
    if there.lab.form is there.lab.work:
        return False
    derivation, output = asked.derivation, asked.job.output
    for old, new in zip(chosen.labs, there.labs, strict=True):
        values = {old.variable: old.inputs}
        values[output] = new.values(there.forward.expr, values)[0]
        for candidate, expr in (
            (chosen.forward, derivation.function),
            (chosen.gradient, derivation.derivative),
        ):
            exact = old.truth(expr)
            before = old.before_rounding(candidate, exact, values)
            if new.before_rounding(candidate, exact, values) > max(_SMALL, 2 * before):
                return True
    return False


def one_of(what: str, given: str, choices: Sequence[str]) -> None:
    """Whether it is one of the choices.

    Raises:
        InputError: it is not.
    """
    if given not in choices:
        near = get_close_matches(given, choices, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(choices)}"
        raise InputError(f"unknown {what} {given!r}", hint=hint)


def _check(derivation: Derivation) -> None:
    for node in postorder(derivation.function):
        if isinstance(node, Unknown):
            raise InputError(f"`{node.name}` is not defined, so that it cannot be computed")
    if derivation.order > 1:
        raise InputError("code is written for first derivatives only")
    if not depends_on(derivation.function, derivation.variable):
        raise InputError(f"the formula does not depend on {derivation.variable.name}")


def _job(derivation: Derivation, dtype: str, accuracy: Accuracy) -> Job:
    problem = derivation.problem
    variable = derivation.variable
    others = tuple(s for s in problem.arguments if s is not variable)
    free = [s for s in symbols(problem.function) if s not in (variable, *others)]
    required = sorted((s for s in free if s not in problem.defaults), key=lambda s: s.name)
    usual = {s: rational_value(value) for s, value in problem.defaults.items()}
    taken = {symbol.name for symbol in (variable, *others, *free, *usual)}
    output = next(name for name in ("y", "value", "result", "output_") if name not in taken)
    name = problem.entry.name if problem.entry is not None else problem.name
    return Job(
        name=name if name.isidentifier() and name.isascii() else "f",
        variable=variable,
        output=Symbol(output),
        saved=(variable,),
        others=others,
        parameters=(
            *((symbol, None) for symbol in required),
            *(
                (s, None if v is None else Fraction(v))
                for s, v in usual.items()
                if s is not variable
            ),
        ),
        dtype=dtype,
        accuracy=accuracy,
    )


# --- kinks --------------------------------------------------------------------------------------
def settled(
    expr: Expr, derivation: Derivation, target: str, fixed: Mapping[Symbol, Fraction]
) -> Expr:
    """A derivative that has, at every kink of the function, the value it is to have there."""
    output, variable = derivation.output, derivation.variable
    for kink in derivation.kinks:
        value = convention(kink, target)
        if value is None or kink.kind in ("zeros", "integers"):
            continue
        there = {variable: kink.at}
        by_input = substitute(expr, {output: derivation.function})
        if not _agree(substitute(by_input, there), value, fixed):
            limit = kink.left.value if kink.left is not None and not kink.jump else None
            known = there if limit is None else {**there, output: limit}
            expr = with_value_at(expr, variable, known, value)
    return expr


def convention(kink: Kink, target: str) -> Expr | None:
    """The gradient at a kink: the derivative if there is one, else what the framework returns.

    All but JAX get what PyTorch returns. Where that is not known it is the slope on the
    left, or 0; where it is no number, the formula is left as it is.
    """
    left = kink.left.slope if kink.left is not None else None
    if kink.removable and left is not None:
        return left
    framework = kink.jax if target == "jax" else kink.torch
    if isinstance(framework, Expr):
        return framework
    return None if framework else left or ZERO


def _agree(first: Expr, second: Expr, fixed: Mapping[Symbol, Fraction]) -> bool:
    """Whether two expressions are equal where every letter is near its number.

    Not at the number itself: ELU has one slope at 0 for α = 1, and two for any other α.
    """
    program = compile_balls([first, second])
    with precision(192):
        near = {s: v * Fraction(9, 8) + Fraction(1, 64) for s, v in fixed.items()}
        balls = program.run([ball(near[symbol]) for symbol in program.symbols])
        return bool(all(b.is_finite() for b in balls) and (balls[0] - balls[1]).contains(0))


# --- the second derivative ----------------------------------------------------------------------
def _second(first: Expr, saved: Sequence[Symbol], lab: Laboratory, target: str) -> tuple[Expr, ...]:
    """The derivative of the gradient by each of what is saved."""
    found = []
    for symbol in saved:
        derivation = Derivation(Problem(function=first, variables=(symbol,)))
        candidates = [
            replace(c, expr=settled(c.expr, derivation, target, lab.fixed))
            for c in second_candidates(derivation, saved)
        ]
        best = candidates[0]
        if tuple(saved) == (lab.variable,):
            exact = lab.truth(derivation.derivative)
            best = lab.best(candidates, exact, {lab.variable: lab.inputs})
        found.append(best.expr)
    return tuple(found)


# --- what is said -------------------------------------------------------------------------------
def _notes(
    derivation: Derivation,
    job: Job,
    lab: Laboratory,
    forward: Candidate,
    gradient: Candidate,
    target: str,
) -> tuple[str, ...]:
    variable = job.variable.name
    given = ", ".join(symbol.name for symbol in (job.variable, *job.extra))
    source = " and ".join(symbol.name for symbol in gradient.saved)
    once = " and rounded once" if lab.form is not lab.work else ""
    if job.promoted:
        once += f" (no form was found that is accurate enough in {_native(job)})"
    lines = [
        f"{job.name}({given}) = {derivation.function}",
        f"d/d{variable} = {derivation.derivative}",
        f"The gradient is computed from {source}, in {lab.work.name}{once}, as "
        f"{gradient.shown or gradient.expr} ({gradient.name}).",
        _measured(lab, forward, gradient),
    ]
    lines += _at_kinks(derivation.kinks, variable, target)
    return tuple(lines)


def _native(job: Job) -> str:
    """The format in which "fast" computes if it can."""
    return "float32" if job.short else job.dtype


def _measured(lab: Laboratory, forward: Candidate, gradient: Candidate) -> str:
    assert forward.measured is not None
    assert gradient.measured is not None
    at = ", ".join(f"{s.name} = {float(v):.4g}" for s, v in lab.fixed.items())
    where = f" with {at}" if at else ""
    return (
        f"Measured in NumPy{where}: the gradient {_errors(gradient.measured)} at "
        f"{gradient.measured.count} inputs of {lab.form.name}, its roots, kinks and thresholds "
        f"among them; the function {_errors(forward.measured)} at {forward.measured.count}."
    )


def _errors(measured: Measured) -> str:
    text = f"is off by at most {measured.largest:.3g} ULP (mean {measured.mean:.2g})"
    counts = {
        "not finite": measured.not_finite,
        "0 too early": measured.early_zeros,
        "of the wrong sign": measured.wrong_signs,
    }
    bad = [f"{count} are {words}" for words, count in counts.items() if count]
    return text + (f", but {' and '.join(bad)}" if bad else "")


def _at_kinks(kinks: Iterable[Kink], variable: str, target: str) -> list[str]:
    found = []
    whose = "JAX" if target == "jax" else "PyTorch"
    for kink in kinks:
        value = convention(kink, target)
        if kink.removable or value is None or kink.kind in ("zeros", "integers"):
            continue
        stated = isinstance(kink.jax if target == "jax" else kink.torch, Expr)
        as_in = f", as in {whose}" if stated else ""
        found.append(f"at {variable} = {kink.at} it is {value}{as_in}")
    return [f"Where there is no derivative, the gradient is chosen: {'; '.join(found)}."] * bool(
        found
    )
