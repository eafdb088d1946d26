"""From a derivation to what a target is given: expressions, names, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple, cast

from chainrule.audit.choose import (
    SAMPLE,
    Candidate,
    Laboratory,
    laboratory,
    second_candidates,
)
from chainrule.audit.conventions import convention, measured_for, settled
from chainrule.audit.halfway import Settled, rounded_correctly
from chainrule.audit.letters import FITTED, value_rows
from chainrule.audit.measure import Measured
from chainrule.audit.selection import Asked, Chosen, chosen_forms
from chainrule.audit.vectors import LOOPS, with_vectors
from chainrule.codegen.source import Accuracy, Job
from chainrule.codegen.targets import known as known_target
from chainrule.derivations import Derivation, Problem
from chainrule.dtypes import NAMES
from chainrule.errors import InputError, nearest
from chainrule.expr.nodes import (
    Expr,
    Symbol,
    Unknown,
    depends_on,
    postorder,
    rational_value,
    symbols,
)
from chainrule.rewrite.kinks import Kink

ACCURACIES = ("best", "fast")
SAVES = ("input", "output", "auto")
SECOND = ("jax", "torch")
"""Targets that are differentiated twice."""


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
    asked = Asked(derivation, target, job, save, functions or {}, gradients or {})
    rows = value_rows(derivation)

    def labs(*, double: bool = False) -> list[Laboratory]:
        sample = SAMPLE // min(len(rows), FITTED)
        return [
            laboratory(
                job.variable,
                dtype,
                job.accuracy,
                row,
                arguments=job.others,
                double=double,
                sample=sample,
            )
            for row in rows
        ]

    plain = chosen_forms(asked, labs())
    chosen = with_vectors(asked, plain)
    calls = target in LOOPS and _calls(chosen)
    if accuracy == "fast" and dtype != "float64" and (calls or not chosen.good):
        # Nothing is accurate enough in the dtype itself, or only what takes a library's functions:
        # then a loop is faster in double, if it can do without.
        double = chosen_forms(asked, labs(double=True))
        vectors = with_vectors(asked, double)
        alone = calls and vectors.good and not _calls(vectors)
        if alone or double.rank < chosen.rank:
            plain, chosen, job = double, vectors, replace(job, promoted=True)
    everywhere = None
    if job.short and accuracy == "best" and save != "output":
        everywhere = rounded_correctly(asked, chosen)
        chosen = everywhere.chosen
    lab, forward, gradient = chosen.lab, chosen.forward, chosen.gradient
    first = gradient.expr
    if gradient.saved == (job.variable,):
        # Not from a form with |x| and the like, which have derivatives that are long.
        first = settled(derivation.derivative, derivation, target, lab.fixed)
    second = _second(first, gradient.saved, lab, target) if target in SECOND else ()
    notes = _notes(derivation, job, chosen, everywhere, target)
    library = None
    if lab.working != "library" and not job.short and plain.gradient.saved == gradient.saved:
        library = (plain.forward.expr, plain.gradient.expr)
    job = replace(
        job,
        saved=gradient.saved,
        second=second,
        working=lab.working,
        library=library,
        notes=notes,
    )
    return Plan(forward.expr, gradient.expr, job)


def _calls(chosen: Chosen) -> bool:
    """Whether the gradient takes functions of a library."""
    return chosen.lab.working == "library" and chosen.lab.calls(chosen.gradient)


def one_of(what: str, given: str, choices: Sequence[str]) -> None:
    """Whether it is one of the choices.

    Raises:
        InputError: it is not.
    """
    if given not in choices:
        near = nearest(given, choices)
        hint = f"did you mean {near}?" if near else f"choose from {', '.join(choices)}"
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
    chosen: Chosen,
    everywhere: Settled | None,
    target: str,
) -> tuple[str, ...]:
    lab, forward, gradient = chosen.lab, chosen.forward, chosen.gradient
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
        f"{gradient.plain} ({gradient.name}).",
        _measured(lab, forward, gradient) + (_rounding(everywhere) if everywhere else ""),
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


def _rounding(found: Settled) -> str:
    """What was found of the gradient at all inputs of a format of 16 bits."""
    name, rows = found.chosen.lab.form.name, len(found.chosen.labs)
    values = f", for each of {rows} choices of the other letters" if rows > 1 else ""
    if found.misrounded:
        return (
            f" At {found.misrounded} of all {found.inputs} inputs{values} the gradient is not the "
            f"nearest number of {name}."
        )
    how = (
        f"the {found.compared} next to the middle of two numbers of {name} were compared with "
        "the exact ones"
        if found.compared
        else f"none lies next to the middle of two numbers of {name} without being exact"
    )
    return (
        f" The gradient is correctly rounded at all {found.inputs} inputs{values}: of its values, "
        f"{how}."
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
    for kink in kinks:
        value = convention(kink, target)
        if kink.removable or value is None or kink.kind in ("zeros", "integers"):
            continue
        measured = measured_for(kink, target)
        whose = "JAX" if measured is not None and measured is kink.jax else "PyTorch"
        as_in = f", as in {whose}" if measured is not None else ""
        found.append(f"at {variable} = {kink.at} it is {value}{as_in}")
    return [f"Where there is no derivative, the gradient is chosen: {'; '.join(found)}."] * bool(
        found
    )
