"""A derivation as plain data for JSON; ``docs/json.md`` and the schema beside it document it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chainrule.differentiate.derivation import Step
from chainrule.differentiate.rules import BY_NAME_OF_RULE
from chainrule.expr.nodes import Expr, Symbol
from chainrule.render.notation import latex
from chainrule.rewrite.identities import WORDS

if TYPE_CHECKING:
    from chainrule.deriving.derivation import Derivation
    from chainrule.deriving.implicit import ImplicitDerivation
    from chainrule.parsing.tokens import Note
    from chainrule.rewrite.kinks import Kink
    from chainrule.rewrite.line import Side
    from chainrule.verify.verdict import Verdict

SCHEMA = "chainrule/derivation/1"
IMPLICIT_SCHEMA = "chainrule/implicit/1"


def derivation_data(
    derivation: Derivation, at: Mapping[Symbol, Expr] | None = None
) -> dict[str, Any]:
    """Formula, derivative, output form and every step with its verdict.

    ``schema`` names the version; its number changes when a field changes its meaning or goes.

    Args:
        derivation: any.
        at: values of letters; with them the value of the function there is given too.

    Raises:
        InputError: ``at`` has a letter that is not in the formula.
    """
    problem = derivation.problem
    form = derivation.output_form
    verdicts = derivation.verdicts
    number = {step: i for i, step in enumerate(derivation.steps)}
    return {
        "schema": SCHEMA,
        "name": problem.name,
        "formula": expression(problem.function),
        "variables": [variable.name for variable in problem.variables],
        "order": derivation.order,
        "derivative": expression(derivation.derivative),
        "output_form": None
        if form is None
        else {
            **expression(form.expr),
            "output": form.output.name,
            "needs_variable": form.needs_variable,
        },
        "kinks": [kink_data(kink) for kink in derivation.kinks],
        "readings": readings_data(problem.notes),
        "verdict": verdict(derivation.verdict),
        "steps": [
            step_data(step, i, [number[p] for p in step.premises], verdict(verdicts[step]))
            for step, i in number.items()
        ],
        **({} if at is None else {"at": _trial_data(derivation, at)}),
    }


def _trial_data(derivation: Derivation, at: Mapping[Symbol, Expr]) -> dict[str, Any] | None:
    """A point and the value of the function there; ``None`` if no letters have one."""
    from chainrule.document.calculator import value_at

    found = value_at(derivation, at)
    if found is None:
        return None
    digits = found.digits
    return {
        "point": {letter.name: expression(value) for letter, value in found.values.items()},
        "value": None if digits is None else digits.text,
        "exact": digits is not None and not digits.more,
    }


def implicit_data(derivation: ImplicitDerivation) -> dict[str, Any]:
    """An equation and the slope of its curve, after the schema ``IMPLICIT_SCHEMA``."""
    return {
        "schema": IMPLICIT_SCHEMA,
        "left": expression(derivation.left),
        "right": expression(derivation.right),
        "variable": derivation.x.name,
        "function": derivation.y.name,
        "order": derivation.order,
        "derivative": expression(derivation.derivative),
        "readings": readings_data(derivation.notes),
        "verdict": verdict(derivation.verdict),
        "steps": [
            step_data(step, i, [], verdict(derivation.verdicts[step]))
            for i, step in enumerate(derivation.steps)
        ],
    }


def readings_data(notes: Sequence[Note]) -> list[dict[str, str]]:
    """What could have been read in another way, and how it was read."""
    return [note._asdict() for note in notes]


def kink_data(kink: Kink) -> dict[str, Any]:
    """A point at which the derivative may not exist, and what frameworks return there."""
    return {
        "kind": kink.kind,
        "at": expression(kink.at),
        "jump": kink.jump,
        "exists": kink.exists,
        "supposed": [expression(comparison) for comparison in kink.supposed],
        "condition": None if kink.condition is None else expression(kink.condition),
        "left": _slope(kink.left),
        "right": _slope(kink.right),
        "torch": "" if kink.torch is None else str(kink.torch.value),
        "torch_version": "" if kink.torch is None else kink.torch.version,
        "jax": "" if kink.jax is None else str(kink.jax.value),
        "jax_version": "" if kink.jax is None else kink.jax.version,
    }


def _slope(side: Side | None) -> str | None:
    """The slope on one side as text; ``None`` if it is not known."""
    if side is None:
        return None
    if side.infinite:
        return "inf" if side.infinite > 0 else "-inf"
    return None if side.slope is None else str(side.slope)


def expression(expr: Expr) -> dict[str, str]:
    """An expression as text that ``chainrule.parse`` reads, and as LaTeX."""
    return {"text": str(expr), "latex": latex(expr)}


def step_data(
    step: Step, number: int, premises: list[int], judged: dict[str, Any]
) -> dict[str, Any]:
    """One step; ``premises`` are the numbers of the steps it rests on."""
    row = BY_NAME_OF_RULE.get(step.rule)
    return {
        "number": number,
        "kind": step.kind,
        "rule": step.rule,
        "title": row.title if row is not None else WORDS.get(step.rule, step.rule),
        "variable": step.variable.name,
        "before": expression(step.before),
        "after": expression(step.after),
        "premises": premises,
        "reasons": list(step.reasons),
        "verdict": judged,
    }


def verdict(found: Verdict) -> dict[str, Any]:
    """A verdict; ``counterexample`` is there only for "wrong"."""
    data: dict[str, Any] = {
        "word": found.word,
        "points": found.points,
        "digits": found.digits,
        "reason": found.reason,
    }
    if found.counterexample is not None:
        data["counterexample"] = {
            "point": dict(found.counterexample.point),
            "left": found.counterexample.left,
            "right": found.counterexample.right,
        }
    return data
