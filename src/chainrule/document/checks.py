"""What was checked and how, in words: never a stronger one than was earned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chainrule.deriving.derivation import Derivation
from chainrule.differentiate.derivation import Step
from chainrule.document.blocks import (
    Block,
    Bullets,
    Derivative,
    Heading,
    Inline,
    InlinePiece,
    Paragraph,
    Strong,
    math,
)
from chainrule.document.phrases import joined, numeral
from chainrule.verify.verdict import MOST_LISTED, Verdict


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
    by_kind: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        by_kind.setdefault((verdict.word, verdict.reason), []).append(verdict)
    count = len(verdicts)
    uses = {"rule": "rule application", "step to the last form": "step to the last form"}
    noun = uses.get(title, title)
    plural = noun.replace("step", "steps", 1) if noun.startswith("step") else f"{noun}s"
    lead = f"{numeral(count).capitalize()} {noun if count == 1 else plural}: "
    parts: list[Inline] = []
    for found in by_kind.values():
        which = () if len(by_kind) == 1 else (f"{numeral(len(found))} ",)
        parts.append((*which, *(_all_words(found) if len(found) > 1 else verdict_words(*found))))
    return (lead, *joined(parts, ", "), ".")


def _all_words(verdicts: Sequence[Verdict]) -> Inline:
    """What several verdicts of one kind say: what is so of each of them."""
    first = verdicts[0]
    match first.word:
        case "proved":
            return (Strong("proved"), " by exact algebra")
        case "checked":
            points = min(verdict.points for verdict in verdicts)
            digits = min(verdict.digits for verdict in verdicts)
            how = f", {first.reason}" if first.reason else ""
            return (
                Strong("checked"),
                f" in ball arithmetic at {_points(points)} or more"
                f"{_common(verdict.interval for verdict in verdicts)} to {digits} digits or more"
                f"{how}",
            )
    return verdict_words(first)


def _common(intervals: Iterable[tuple[str, str] | None]) -> str:
    """Between which numbers the points of each verdict were spread."""
    found = list(intervals)
    known = [interval for interval in found if interval is not None]
    if not known or len(known) < len(found):
        return ""
    if len(set(known)) == 1:
        return _between(known[0])
    low = max((low for low, _ in known), key=float)
    high = min((high for _, high in known), key=float)
    if float(low) >= float(high):
        return ""
    return f", from {_minus(low)} or less to {_minus(high)} or more,"


def _between(interval: tuple[str, str] | None) -> str:
    if interval is None:
        return ""
    low, high = interval
    return f" between {_minus(low)} and {_minus(high)}"


def _minus(number: str) -> str:
    return number.replace("-", "−")


def _points(count: int) -> str:
    """ "1 point", "16 points"."""
    return f"{count} point{'' if count == 1 else 's'}"


def verdict_words(verdict: Verdict, *, whole: bool = False) -> Inline:
    """What a verdict says.

    Args:
        verdict: any.
        whole: whether it is about the derivative itself and not about one step.
    """
    match verdict.word:
        case "proved":
            pieces: list[InlinePiece] = [Strong("proved")]
            parts = verdict.parts
            if parts and len(parts) <= MOST_LISTED:
                pieces.append(" as an identity between rational functions of ")
                pieces += joined([(math(part),) for part in parts])
            else:
                pieces.append(" by exact algebra")
            return tuple(pieces)
        case "checked":
            against = " against the power series of the function" if whole else ""
            how = f", {verdict.reason}" if verdict.reason else ""
            return (
                Strong("checked"),
                f"{against} in ball arithmetic at {_points(verdict.points)}"
                f"{_between(verdict.interval)} to {verdict.digits} digits{how}",
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
