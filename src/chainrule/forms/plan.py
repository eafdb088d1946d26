"""From a derivation to what a target is given: expressions, names, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import NamedTuple, cast

from chainrule.deriving.derivation import Derivation
from chainrule.deriving.problem import Problem
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
from chainrule.floats.dtypes import NAMES
from chainrule.forms.candidate import Candidate
from chainrule.forms.choice.decision import Decision, decide
from chainrule.forms.choice.kink_values import settled
from chainrule.forms.choice.laboratory import second_candidates
from chainrule.forms.choice.promises import promised, refusal
from chainrule.forms.choice.selection import Asked, Chosen
from chainrule.forms.notes import notes
from chainrule.program.kernel_spec import Accuracy, KernelSpec
from chainrule.program.targets import ACCURACIES, SAVES, target_named


class Plan(NamedTuple):
    """The arguments of ``generate``, but for the target."""

    forward: Expr
    gradient: Expr
    spec: KernelSpec


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
    asked = asked_for(
        derivation,
        target,
        dtype=dtype,
        accuracy=accuracy,
        save=save,
        functions=functions,
        gradients=gradients,
    )
    found = decide(asked)
    chosen, gradient = found.chosen, found.chosen.gradient
    spec = replace(asked.spec, promoted=found.promoted)
    library = None
    plain, working = found.plain, chosen.lab.working
    if working != "library" and not spec.short and plain.gradient.saved == gradient.saved:
        library = (plain.forward.expr, plain.gradient.expr)
    faults = _faults(spec, found)
    spec = replace(
        spec,
        saved=gradient.saved,
        second=_second(asked, chosen) if asked.target.second else (),
        working=working,
        library=library,
        notes=notes(asked, spec, found, faults),
        faults=faults,
    )
    return Plan(chosen.forward.expr, gradient.expr, spec)


def asked_for(
    derivation: Derivation,
    target: str,
    *,
    dtype: str,
    accuracy: str,
    save: str = "auto",
    functions: Mapping[str, Expr] | None = None,
    gradients: Mapping[str, Expr] | None = None,
) -> Asked:
    """What ``plan`` is asked for, with its arguments.

    Raises:
        InputError: as ``plan``.
    """
    written_for = target_named(target)
    one_of("dtype", dtype, NAMES)
    one_of("accuracy", accuracy, ACCURACIES)
    one_of("choice of what to save", save, SAVES)
    _check(derivation)
    spec = _spec(derivation, dtype, cast(Accuracy, accuracy))
    return Asked(derivation, written_for, spec, save, functions or {}, gradients or {})


def _faults(spec: KernelSpec, decided: Decision) -> tuple[str, ...]:
    """Why a file should be refused: what is known to be wrong of the gradient and the function."""
    allowed = promised(spec.dtype, spec.accuracy)
    chosen, everywhere = decided.chosen, decided.everywhere
    found: dict[str, str] = {}
    measured: list[tuple[Candidate, Candidate, Callable[[float], str]]]
    measured = [(chosen.forward, chosen.gradient, partial(_input, spec.variable))]
    if everywhere is not None:
        measured = [(everywhere.forward, everywhere.gradient, everywhere.space.named), *measured]
    for forward, gradient, named in measured:
        for what, one in (("the gradient", gradient), ("the function", forward)):
            assert one.measured is not None
            reason = refusal(what, one.measured, allowed, named)
            if reason is not None:
                found.setdefault(what, reason)
    return tuple(found.values())


def _input(variable: Symbol, value: float) -> str:
    return f"{variable.name} = {value:.6g}"


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


def _spec(derivation: Derivation, dtype: str, accuracy: Accuracy) -> KernelSpec:
    problem = derivation.problem
    variable = derivation.variable
    others = tuple(s for s in problem.arguments if s is not variable)
    free = [s for s in symbols(problem.function) if s not in (variable, *others)]
    required = sorted((s for s in free if s not in problem.defaults), key=lambda s: s.name)
    usual = {s: rational_value(value) for s, value in problem.defaults.items()}
    taken = {symbol.name for symbol in (variable, *others, *free, *usual)}
    output = next(name for name in ("y", "value", "result", "output_") if name not in taken)
    name = problem.entry.name if problem.entry is not None else problem.name
    return KernelSpec(
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
def _second(asked: Asked, chosen: Chosen) -> tuple[Expr, ...]:
    """The derivative of the gradient by each of what is saved."""
    lab, saved, first = chosen.lab, chosen.gradient.saved, chosen.gradient.expr
    if saved == (lab.variable,):
        # Not from a form with |x| and the like, which have derivatives that are long.
        first = asked.settled(asked.derivation.derivative, lab)
    found = []
    for symbol in saved:
        derivation = Derivation(Problem(function=first, variables=(symbol,)))
        candidates = [
            replace(c, expr=settled(c.expr, derivation, asked.target, lab.fixed))
            for c in second_candidates(derivation, saved)
        ]
        best = candidates[0]
        if saved == (lab.variable,):
            exact = lab.truth(derivation.derivative)
            best = lab.best(candidates, exact, {lab.variable: lab.inputs})
        found.append(best.expr)
    return tuple(found)
