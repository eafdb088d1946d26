"""What is said of an audit: tables, inputs that show the faults, versions; and the same as data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from math import floor, isfinite, log2
from typing import Any

from chainrule.audit.calls import Called, Wrong
from chainrule.audit.frameworks.implementation import CPU
from chainrule.audit.running.jobs import LARGEST, Witness
from chainrule.audit.running.runner import Outcome
from chainrule.document.blocks import (
    Block,
    Bullets,
    Code,
    Document,
    Heading,
    Inline,
    InlinePiece,
    Paragraph,
    Strong,
    Table,
)
from chainrule.floats.measure import Measured
from chainrule.forms.report import figure, number

ROUNDED = 0.5
"""What a correctly rounded result may be off by, in ULP."""
LONGEST = 60
"""Letters of a target's name in a table of many."""
_SHORTER = {"nn.functional.": "F."}
SCHEMA = "chainrule/audit/1"
KINDS = {"gradient": "Gradients", "forward": "Functions"}
_HEADER = ("dtype", "largest", "at", "mean", "off", "NaN, ∞", "0", "sign")
_FAULTS = {
    "not finite": "no finite number",
    "early zero": "zero",
    "wrong sign": "the wrong sign",
    LARGEST: "the largest error",
}
_LEGEND = (
    "The errors are in units in the last place (ULP) of the exact result, which comes from ball "
    "arithmetic; a correctly rounded result is off by at most 0.5, and “off” is the share of "
    "results that are not correctly rounded. The last three columns count results that are no "
    "number or infinite, zero where a normal number is right, or of the wrong sign; the sign of a "
    "zero is not judged."
)


def audit_document(outcomes: Sequence[Outcome], *, listing: bool = False) -> Document:
    """The document that `chainrule audit` prints.

    Args:
        listing: a row for each target and dtype, and of targets that are right everywhere the
            names, and nothing else; for whole frameworks.
    """
    names = list(dict.fromkeys(outcome.job.target for outcome in outcomes))
    frameworks = list(dict.fromkeys(name.partition(":")[0] for name in names))
    subject = ", ".join(frameworks) if listing or len(names) > 1 else names[0]
    elsewhere = dict.fromkeys(o.job.device for o in outcomes if o.job.device != CPU)
    subject = f"{subject} on {', '.join(elsewhere)}" if elsewhere else subject
    blocks: list[Block] = [Heading(1, (f"Audit of {subject}",))]
    if listing:
        blocks += _listing(outcomes)
    else:
        for target, own in groupby(outcomes, key=lambda outcome: outcome.job.target):
            blocks += _target(target, list(own), level=2 if len(names) > 1 else 1)
    blocks.append(Paragraph((_LEGEND,)))
    return Document(f"Audit of {subject}", tuple(blocks))


def audit_data(outcomes: Iterable[Outcome], max_ulp: float) -> dict[str, Any]:
    """The same as plain data for JSON; ``docs/audit.md`` documents it."""
    return {
        "schema": SCHEMA,
        "max_ulp": max_ulp,
        "audits": [_outcome_data(outcome, max_ulp) for outcome in outcomes],
    }


def _outcome_data(outcome: Outcome, max_ulp: float) -> dict[str, Any]:
    job, found = outcome.job, outcome.measured
    return {
        **job.data(),
        "exhaustive": job.plan.exhaustive,
        "versions": dict(outcome.versions),
        "failure": outcome.failure,
        "done": outcome.done,
        "passes": outcome.failure is None and outcome.passes(max_ulp),
        "left_out": outcome.left_out,
        "measured": None if found is None else _measured_data(found),
        "witnesses": [_finite(asdict(witness)) for witness in outcome.witnesses],
        "calls": None if outcome.called is None else _calls_data(outcome.called),
        "untried": _untried(outcome),
    }


def _calls_data(called: Called) -> dict[str, Any]:
    return {
        "inputs": called.inputs,
        "tried": list(called.tried),
        "wrong": [asdict(wrong) for wrong in called.wrong],
        "beyond": dict(called.beyond),
    }


def _measured_data(found: Measured) -> dict[str, Any]:
    """What a tally counts; ``senseless`` is none of it."""
    return _finite({k: v for k, v in asdict(found).items() if k != "senseless"})


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """With texts for NaN and infinities, which JSON has no numbers for."""
    return {
        key: str(value) if isinstance(value, float) and not isfinite(value) else value
        for key, value in values.items()
    }


def exit_status(outcomes: Iterable[Outcome], named: Collection[str], max_ulp: float) -> int:
    """0 if all is well, 1 for a fault or a large error, 2 if one that was named was not done.

    3 if what one was to be measured against came out wrong, a fault of ours.
    """
    found = list(outcomes)
    if any(outcome.fault is not None for outcome in found):
        return 3
    if any(o.failure is not None and o.job.target in named for o in found):
        return 2
    return int(any(o.measured is not None and not o.passes(max_ulp) for o in found))


# --- whole frameworks ---------------------------------------------------------------------------
def _listing(outcomes: Sequence[Outcome]) -> list[Block]:
    blocks: list[Block] = []
    frameworks = dict.fromkeys(o.job.target.partition(":")[0] for o in outcomes)
    for framework in frameworks:
        mine = [o for o in outcomes if o.job.target.startswith(f"{framework}:")]
        blocks.append(Heading(2, (framework,)))
        blocks += [Paragraph((f"{line}.",)) for line in [_versions(mine)] if line]
        for kind, title in KINDS.items():
            own = [o for o in mine if o.job.kind == kind and o.measured is not None]
            if own:
                blocks += [Heading(3, (title,)), *_measured(own)]
            wrong = [
                (Code(_name(outcome)), ": ", *_wrong(outcome, outcome.called.wrong))
                for outcome in own
                if outcome.called is not None and outcome.called.wrong
            ]
            blocks += [Bullets(tuple(wrong))] if wrong else []
        refused = dict.fromkeys(_refused(o) for o in mine if o.failure is not None)
        blocks += [Bullets(tuple(refused))] if refused else []
    return blocks


def _measured(outcomes: Sequence[Outcome]) -> Iterator[Block]:
    """A row for each function and dtype; what is right everywhere is only named."""
    right: list[str] = []
    lines: list[tuple[Inline, ...]] = []
    for _, group in groupby(outcomes, key=lambda outcome: outcome.job.target):
        own = list(group)
        if all(outcome.failure is None and outcome.passes(ROUNDED) for outcome in own):
            right.append(_name(own[0]))
        else:
            lines += [((Code(_name(outcome)),), *_row(outcome)) for outcome in own]
    if lines:
        yield Table(tuple((name,) for name in ("function", *_HEADER)), tuple(lines))
    if right:
        named: list[InlinePiece] = [Strong("Correctly rounded at every input tried: ")]
        for name in right:
            named += [", ", Code(name)] if len(named) > 1 else [Code(name)]
        yield Paragraph((*named, "."))


def _name(outcome: Outcome) -> str:
    """What is called, without the framework; no longer than a column should be."""
    name = outcome.job.target.partition(":")[2]
    for prefix, shorter in _SHORTER.items():
        if name.startswith(prefix):
            name = shorter + name.removeprefix(prefix)
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _refused(outcome: Outcome) -> Inline:
    return (Code(_name(outcome)), f": {_failure(outcome)}")


# --- one target ---------------------------------------------------------------------------------
def _target(target: str, outcomes: Sequence[Outcome], level: int) -> list[Block]:
    blocks: list[Block] = [] if level == 1 else [Heading(2, (target,))]
    if outcomes[0].job.formula:
        blocks.append(Paragraph(_against(outcomes)))
    for kind, title in KINDS.items():
        rows = [o for o in outcomes if o.job.kind == kind and o.measured is not None]
        if rows:
            header = tuple((name,) for name in _HEADER)
            blocks.append(Heading(level + 1, (title[:-1],)))
            blocks.append(Table(header, tuple(_row(outcome) for outcome in rows)))
            blocks.append(Paragraph(_counted(rows)))
            blocks += _shown(rows)
            blocks += _called(rows)
    said = dict.fromkeys(_failure(outcome) for outcome in outcomes if outcome.failure is not None)
    blocks += [Paragraph((Strong("Not done: "), failure)) for failure in said]
    blocks += [Paragraph((f"{line}.",)) for line in [_versions(outcomes)] if line]
    return blocks


def _shown(outcomes: Sequence[Outcome]) -> list[Block]:
    """Inputs at which something is wrong."""
    shown = [
        _witness(outcome, witness)
        for outcome in outcomes
        for witness in outcome.witnesses
        if not witness.error <= ROUNDED
    ]
    return [Bullets(tuple(shown))] if shown else []


def _against(outcomes: Sequence[Outcome]) -> Inline:
    """What it is compared with; 16-bit formats may round the values of parameters."""
    job = outcomes[-1].job
    values = ", ".join(f"{name} = {float(value):.9g}" for name, value in job.values)
    return ("Against ", Code(job.formula), *([f" with {values}"] if values else []), ".")


def _row(outcome: Outcome) -> tuple[Inline, ...]:
    found = outcome.measured
    assert found is not None
    finite = found.count - found.not_finite
    cells = (
        outcome.job.dtype + ("*" if outcome.failure else ""),
        figure(found.largest),
        number(found.worst, 6),
        figure(found.mean),
        _share(found.misrounded, finite),
        f"{found.not_finite:,}",
        f"{found.early_zeros:,}",
        f"{found.wrong_signs:,}",
    )
    return tuple((cell,) for cell in cells)


def _share(part: int, whole: int) -> str:
    if not part or not whole:
        return "0"
    percent = 100 * part / whole
    return f"{percent:.2g} %" if percent < 10 else f"{percent:.0f} %"


def _counted(outcomes: Sequence[Outcome]) -> Inline:
    """How many inputs there were."""
    parts = []
    for outcome in outcomes:
        assert outcome.measured is not None
        of = "all " if outcome.job.plan.exhaustive and outcome.failure is None else ""
        text = f"{outcome.job.dtype}: {of}{outcome.measured.count:,}"
        if not outcome.job.plan.exhaustive:
            text += f", one drawn at random of every {_neighbours(outcome)} neighbours"
        if outcome.left_out:
            text += f" but {outcome.left_out:,}"
        parts.append(text)
    return ("Inputs at which there is an exact value — ", "; ".join(parts), ".")


def _neighbours(outcome: Outcome) -> str:
    step = outcome.job.plan.step
    return f"{step:,}" if step < 10**6 else f"2^{log2(step):.0f}"


def _called(outcomes: Sequence[Outcome]) -> Iterator[Block]:
    """What came of calls in other ways, and what was not tried."""
    found = [(outcome, outcome.called) for outcome in outcomes if outcome.called is not None]
    for names in dict.fromkeys(called.tried for _, called in found if called.tried):
        dtypes = ", ".join(outcome.job.dtype for outcome, called in found if called.tried == names)
        yield Paragraph((Strong("Called too with "), f"{'; '.join(names)} ({dtypes})."))
    wrong = [_wrong(outcome, called.wrong) for outcome, called in found if called.wrong]
    if wrong:
        yield Bullets(tuple(wrong))
    beyond = "; ".join(
        f"{outcome.job.dtype} {', '.join(got for _, got in called.beyond)}"
        for outcome, called in found
    )
    if beyond:
        yield Paragraph((f"At ∞, −∞ and NaN, which is not judged: {beyond}.",))
    untried = dict.fromkeys(said for outcome in outcomes for said in _untried(outcome))
    if untried:
        yield Paragraph((Strong("Not tried: "), f"{'; '.join(untried)}."))


def _wrong(outcome: Outcome, wrong: Sequence[Wrong]) -> Inline:
    """Of several calls that are wrong the first is shown."""
    dtype, first = outcome.job.dtype, wrong[0]
    ways = "; ".join(one.way for one in wrong)
    return (Strong(f"{dtype}, wrong with {ways}"), f": {first.said} ({first.way}).")


def _untried(outcome: Outcome) -> list[str]:
    """What was not, though somebody may think so."""
    job, called = outcome.job, outcome.called
    found = list(called.untried) if called is not None else []
    if not job.plan.exhaustive:
        found.append(f"all other inputs of {job.dtype}")
        if job.fmt.bits == 64 and not job.exhaustive:
            found.append(f"the neighbours of roots and kinks in {job.dtype}")
    return found


def _failure(outcome: Outcome) -> str:
    said = "; ".join((outcome.failure or "").splitlines())
    if outcome.job.dtype not in said:
        said = f"{outcome.job.dtype}, {said}"
    if 0 < outcome.done < 1:
        part = floor(100 * outcome.done)
        said += f". What was counted before, {part} % of the ranges, is in the table, marked *"
    return said if said.endswith(("?", ".")) else f"{said}."


def _witness(outcome: Outcome, witness: Witness) -> Inline:
    dtype = outcome.job.dtype
    pieces: list[InlinePiece] = [Strong(f"{dtype}, {_FAULTS[witness.kind]}"), f": {witness.got!r}"]
    pieces.append(f" at {witness.x!r}, where the exact value is {witness.exact}")
    if witness.kind == LARGEST:
        pieces.append(f" ({figure(witness.error)} ULP)")
    return (*pieces, ": ", Code(witness.line))


def _versions(outcomes: Sequence[Outcome]) -> str:
    """The versions, each one once."""
    found: dict[str, str] = {}
    for outcome in outcomes:
        found |= outcome.versions
    return ", ".join(f"{name} {version}" for name, version in found.items())
