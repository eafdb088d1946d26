"""What was checked and how, in words: never a stronger one than was earned."""

from __future__ import annotations

from collections.abc import Iterable

from chainrule.derivations import Derivation
from chainrule.differentiate.derivation import Step
from chainrule.document.blocks import (
    Block,
    Bullets,
    Derivative,
    Heading,
    Inline,
    Paragraph,
    Piece,
    Strong,
    math,
)
from chainrule.document.phrases import joined, numeral
from chainrule.verify.verdict import Verdict

# More transcendental parts than this are not listed.
MAX_PARTS = 3


def checked_blocks(derivation: Derivation) -> list[Block]:
    """The last section of a walk-through."""
    verdicts = derivation.verdicts
    groups: dict[str, list[Step]] = {"derivative": [], "rewriting": [], "output": []}
    for step in derivation.steps:
        if step.rule == "whole":
            continue
        key = "output" if step.kind == "solving" or step.output is not None else step.kind
        groups[key].append(step)
    rows: list[Inline] = [
        ("The derivative itself: ", *verdict_words(derivation.verdict, whole=True), "."),
    ]
    for key, title in (
        ("derivative", "rule"),
        ("rewriting", "rewriting"),
        ("output", "step to the last form"),
    ):
        steps = groups[key]
        if steps and not (key == "derivative" and len(steps) == 1):
            rows.append(_group(title, [verdicts[step] for step in steps]))
    if any(kink.left is not None and kink.left.slope is not None for kink in derivation.kinks):
        rows.append(
            (
                "The slopes from both sides: ",
                Strong("checked"),
                " against difference quotients in ball arithmetic, at distances down to 10⁻³⁸.",
            )
        )
    return [Heading(2, ("Checked",)), Bullets(tuple(rows))]


def _group(title: str, verdicts: list[Verdict]) -> Inline:
    """ "Five rewritings: four proved as …, one checked at …" """
    by_word: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_word.setdefault(verdict.word, []).append(verdict)
    count = len(verdicts)
    uses = {"rule": "rule application", "step to the last form": "step to the last form"}
    noun = uses.get(title, title)
    plural = noun.replace("step", "steps", 1) if noun.startswith("step") else f"{noun}s"
    lead = f"{numeral(count).capitalize()} {noun if count == 1 else plural}: "
    parts: list[Inline] = []
    for found in by_word.values():
        which = () if len(by_word) == 1 else (f"{numeral(len(found))} ",)
        parts.append((*which, *verdict_words(_weakest(found), least=len(found) > 1)))
    return (lead, *joined(parts, ", "), ".")


def _weakest(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that claims least."""
    return min(verdicts, key=lambda verdict: (verdict.digits, verdict.points))


def verdict_words(verdict: Verdict, *, whole: bool = False, least: bool = False) -> Inline:
    """What a verdict says.

    Args:
        verdict: any.
        whole: whether it is about the derivative itself and not about one step.
        least: whether it is the weakest of several.
    """
    match verdict.word:
        case "proved":
            pieces: list[Piece] = [Strong("proved")]
            parts = verdict.parts
            if parts and len(parts) <= MAX_PARTS and not least:
                pieces.append(" as an identity between rational functions of ")
                pieces += joined([(math(part),) for part in parts])
            else:
                pieces.append(" by exact algebra")
            return tuple(pieces)
        case "checked":
            against = " against the power series of the function" if whole else ""
            where = ""
            if verdict.interval is not None:
                low, high = (bound.replace("-", "−") for bound in verdict.interval)
                where = f" between {low} and {high}"
            more = " or more" if least else ""
            how = f", {verdict.reason}" if verdict.reason else ""
            return (
                Strong("checked"),
                f"{against} in ball arithmetic at {verdict.points} points{more}{where} "
                f"to {verdict.digits} digits{more}{how}",
            )
        case "wrong":
            return (Strong("wrong"), f" {verdict.counterexample}")
    return (Strong("not checked"), f", because {verdict.reason}")


def failure_blocks(derivation: Derivation) -> list[Block]:
    """What is said instead of a walk-through if a step turns out to be wrong."""
    blocks: list[Block] = [
        Paragraph(
            (
                Strong("A step of this derivation is wrong. That is a bug of chainrule;"),
                " please report it with what follows.",
            )
        )
    ]
    for step, verdict in derivation.verdicts.items():
        if verdict.word == "wrong":
            left = (
                Derivative(step.before, ((step.variable.name, 1),))
                if step.kind == "derivative"
                else step.before
            )
            blocks.append(Paragraph((f"Step {step.rule!r} claims ", math(left, step.after), ",")))
            blocks.append(Paragraph((f"but {verdict.counterexample}.",)))
    return blocks
