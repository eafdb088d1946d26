"""From a derivation to what a target is given: expressions, names, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from fractions import Fraction
from typing import NamedTuple, cast

from chainrule.audit.choose import (
    Array,
    Candidate,
    Laboratory,
    forward_candidates,
    gradient_candidates,
    laboratory,
    saved_by,
    second_candidates,
)
from chainrule.audit.measure import Measured
from chainrule.audit.ulp import Truth
from chainrule.codegen.approximations import Working
from chainrule.codegen.cases import with_value_at
from chainrule.codegen.source import DTYPES, Accuracy, Job
from chainrule.codegen.targets import known as known_target
from chainrule.derivations import Derivation, Problem
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
_SMALL = 0.01
LOOPS = ("numba", "c")
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
    one_of("dtype", dtype, DTYPES)
    one_of("accuracy", accuracy, ACCURACIES)
    one_of("choice of what to save", save, SAVES)
    _check(derivation)
    job = _job(derivation, dtype, cast(Accuracy, accuracy))
    # In the file the output is y, or whatever of these is not taken.
    renamed = {derivation.output: job.output}
    lab = laboratory(job.variable, dtype, job.accuracy, _numbers(derivation, job))
    function = derivation.function
    exact = lab.truth(function), lab.truth(derivation.derivative)
    forward = lab.best(
        forward_candidates(function, job.variable, functions or {}),
        exact[0],
        {job.variable: lab.inputs},
    )
    outputs, _ = lab.values(forward.expr, {job.variable: lab.inputs})
    values = {job.variable: lab.inputs, job.output: outputs}
    candidates = []
    for candidate in gradient_candidates(derivation, forward.expr, save, gradients or {}):
        whole = substitute(settled(candidate.expr, derivation, target, lab.fixed), renamed)
        saved = saved_by(whole, job.variable, job.output)
        candidates.append(replace(candidate, expr=whole, saved=saved))
    if save == "input":
        candidates = [c for c in candidates if job.output not in c.saved]
    gradient = lab.best(candidates, exact[1], values)
    lab, forward, gradient = _with_vectors(lab, target, forward, gradient, exact, values)
    first = gradient.expr
    if gradient.saved == (job.variable,):
        # Not from a form with |x| and the like, which have derivatives that are long.
        first = settled(derivation.derivative, derivation, target, lab.fixed)
    second = _second(first, gradient.saved, lab, target) if target in SECOND else ()
    notes = _notes(derivation, job, lab, forward, gradient, target)
    working = lab.working
    job = replace(job, saved=gradient.saved, second=second, working=working, notes=notes)
    return Plan(forward.expr, gradient.expr, job)


def _with_vectors(
    lab: Laboratory,
    target: str,
    forward: Candidate,
    gradient: Candidate,
    exact: tuple[Truth, Truth],
    values: Mapping[Symbol, Array],
) -> tuple[Laboratory, Candidate, Candidate]:
    """The forms measured with approximated functions, which loops call many at a time.

    The first working precision is taken with which they are as good as is asked, or nearly as
    good as with the functions of the library; the library if there is none.
    """
    choices: tuple[Working, ...] = ()
    if target in LOOPS and lab.form.name != "float64":
        choices = ("short", "double") if lab.form is not lab.work else ("single",)
    pairs = ((forward, exact[0]), (gradient, exact[1]))
    for working in choices:
        there = replace(lab, working=working)
        found = [there.best([candidate], truth, values) for candidate, truth in pairs]
        good = all(map(_nearly_as_good, found, (forward, gradient)))
        if good and not any(_spoilt(lab, there, *pair, values) for pair in pairs):
            return there, found[0], found[1]
    return lab, forward, gradient


def _nearly_as_good(new: Candidate, old: Candidate) -> bool:
    assert new.measured is not None
    assert old.measured is not None
    largest = max(2.0, 1.5 * old.measured.largest)
    return new.measured.faults <= old.measured.faults and new.measured.largest <= largest


def _spoilt(
    lab: Laboratory,
    there: Laboratory,
    candidate: Candidate,
    exact: Truth,
    values: Mapping[Symbol, Array],
) -> bool:
    """Whether a value that is to be rounded once is off by more than a hundredth of an ULP."""
    if there.form is there.work:
        return False
    before = lab.before_rounding(candidate, exact, values)
    return there.before_rounding(candidate, exact, values) > max(_SMALL, 2 * before)


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


def _numbers(derivation: Derivation, job: Job) -> dict[Symbol, Fraction]:
    """A number for every letter but the variable: its default, of its samples, or 1, 2, …"""
    entry = derivation.problem.entry
    samples = dict(entry.sample) if entry is not None else {}
    found: dict[Symbol, Fraction] = {}
    for symbol in job.others:
        low, dots, high = samples.get(symbol.name, "0..1").partition("..")
        first = Fraction(low.split(",")[0])
        found[symbol] = (first + Fraction(high)) / 2 if dots else first
    for i, (symbol, default) in enumerate(job.parameters, 1):
        found[symbol] = Fraction(i) if default is None else default
    return found


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
    lines = [
        f"{job.name}({given}) = {derivation.function}",
        f"d/d{variable} = {derivation.derivative}",
        f"The gradient is computed from {source}, in {lab.work.name}{once}, as "
        f"{gradient.expr} ({gradient.name}).",
        _measured(lab, forward, gradient),
    ]
    lines += _at_kinks(derivation.kinks, variable, target)
    return tuple(lines)


def _measured(lab: Laboratory, forward: Candidate, gradient: Candidate) -> str:
    assert forward.measured is not None
    assert gradient.measured is not None
    at = ", ".join(f"{s.name} = {float(v):.4g}" for s, v in lab.fixed.items())
    where = f" with {at}" if at else ""
    return (
        f"Measured in NumPy at {gradient.measured.count} inputs of {lab.form.name}{where}: the "
        f"gradient {_errors(gradient.measured)}; the function {_errors(forward.measured)}."
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
