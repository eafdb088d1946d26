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
from chainrule.floats.letters import FITTED, value_rows
from chainrule.forms.candidate import Candidate
from chainrule.forms.choice.correct_rounding import rounded_correctly
from chainrule.forms.choice.everywhere import (
    Everywhere,
    free_letters,
    good_over,
    measured_over,
    over_all_letters,
    rank_over,
)
from chainrule.forms.choice.kink_values import settled
from chainrule.forms.choice.laboratory import (
    SAMPLE,
    Laboratory,
    laboratory,
    second_candidates,
)
from chainrule.forms.choice.promises import promised, refusal
from chainrule.forms.choice.selection import Asked, Chosen, chosen_forms
from chainrule.forms.choice.space import Space
from chainrule.forms.choice.vectors import with_vectors
from chainrule.forms.notes import notes
from chainrule.program.kernel_spec import Accuracy, KernelSpec
from chainrule.program.targets import ACCURACIES, SAVES, Target, target_named


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
    written_for = target_named(target)
    one_of("dtype", dtype, NAMES)
    one_of("accuracy", accuracy, ACCURACIES)
    one_of("choice of what to save", save, SAVES)
    _check(derivation)
    spec = _spec(derivation, dtype, cast(Accuracy, accuracy))
    asked = Asked(derivation, written_for, spec, save, functions or {}, gradients or {})
    rows = value_rows(derivation)

    def labs(*, double: bool = False) -> list[Laboratory]:
        sample = SAMPLE // min(len(rows), FITTED)
        return [
            laboratory(
                spec.variable,
                dtype,
                spec.accuracy,
                row,
                arguments=spec.others,
                double=double,
                sample=sample,
            )
            for row in rows
        ]

    plain, space = _best_forms(asked, labs())
    chosen = _with_vectors(asked, plain, space)
    calls = written_for.loops and _calls(chosen)
    good = good_over(space, asked, chosen)
    if accuracy == "fast" and dtype != "float64" and (calls or not (good and chosen.good)):
        # Nothing is accurate enough in the dtype itself, or only what takes a library's functions:
        # then a loop is faster in double, if it can do without.
        double, wide = _best_forms(asked, labs(double=True))
        vectors = _with_vectors(asked, double, wide)
        alone = calls and vectors.good and not _calls(vectors)
        better = (not good_over(wide, asked, double), double.rank) < (not good, chosen.rank)
        if alone or better:
            plain, chosen, space, spec = double, vectors, wide, replace(spec, promoted=True)
    if accuracy == "fast" and dtype == "float64" and not (good and _as_promised(spec, chosen)):
        # There is no wider format, but twice the precision.
        precise = asked._replace(spec=replace(spec, accuracy="best"))
        double, wide = _best_forms(precise, labs())
        if (not good_over(wide, asked, double), double.rank) < (not good, chosen.rank):
            plain, chosen, space = double, _with_vectors(precise, double, wide), wide
    rounding = None
    if spec.short and accuracy == "best" and save != "output":
        rounding = rounded_correctly(asked, chosen)
        chosen = rounding.chosen
    everywhere = None if space is None else measured_over(space, asked, chosen)
    faults = _faults(spec, chosen, everywhere)
    lab, forward, gradient = chosen.lab, chosen.forward, chosen.gradient
    first = gradient.expr
    if gradient.saved == (spec.variable,):
        # Not from a form with |x| and the like, which have derivatives that are long.
        first = settled(derivation.derivative, derivation, written_for, lab.fixed)
    second = _second(first, gradient.saved, lab, written_for) if written_for.second else ()
    library = None
    if lab.working != "library" and not spec.short and plain.gradient.saved == gradient.saved:
        library = (plain.forward.expr, plain.gradient.expr)
    spec = replace(
        spec,
        saved=gradient.saved,
        second=second,
        working=lab.working,
        library=library,
        notes=notes(derivation, spec, chosen, rounding, everywhere, faults, written_for),
        faults=faults,
    )
    return Plan(forward.expr, gradient.expr, spec)


def _best_forms(asked: Asked, labs: Sequence[Laboratory]) -> tuple[Chosen, Space | None]:
    """The best forms; if there are several free letters, for all of them, and their points."""
    if not free_letters(asked):
        return chosen_forms(asked, labs), None
    # What is put together switches at numbers that suit the values of the letters.
    found, space = over_all_letters(asked, chosen_forms(asked, labs, single=True))
    if found.good and good_over(space, asked, found):
        return found, space
    more = over_all_letters(asked, chosen_forms(asked, labs))
    return min((more, (found, space)), key=lambda one: rank_over(one[1], asked, one[0]))


def _with_vectors(asked: Asked, plain: Chosen, space: Space | None) -> Chosen:
    """With approximated functions, unless these are good at some values of letters only."""
    found = with_vectors(asked, plain)
    spoilt = good_over(space, asked, plain) and not good_over(space, asked, found)
    return plain if spoilt else found


def _faults(spec: KernelSpec, chosen: Chosen, everywhere: Everywhere | None) -> tuple[str, ...]:
    """Why a file should be refused: what is known to be wrong of the gradient and the function."""
    allowed = promised(spec.dtype, spec.accuracy)
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


def _as_promised(spec: KernelSpec, chosen: Chosen) -> bool:
    return chosen.gradient.good(promised(spec.dtype, spec.accuracy)) and not chosen.faults


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
def _second(
    first: Expr, saved: Sequence[Symbol], lab: Laboratory, target: Target
) -> tuple[Expr, ...]:
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
