"""What an audit of whole frameworks found, as JSON: made where the devices are, read anywhere.

For each target there is a file. Beside what ``chainrule audit --format json`` prints it holds, for
each fault that is to have a page, what came out at all inputs that the page was made from, so that
it can be made again without the target: exact values need no device.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.api import derive
from chainrule.audit.excuses import inexcusable
from chainrule.audit.findings import Finding, finding
from chainrule.audit.frameworks.implementation import Array, Function, Implementation, load
from chainrule.audit.report import audit_data
from chainrule.audit.running.jobs import Job, Witness
from chainrule.audit.running.runner import Outcome
from chainrule.errors import InputError
from chainrule.floats.measure import Measured
from chainrule.sweep import tally

MAX_ULP = 1.0


@dataclass(frozen=True)
class Fault:
    """A fault that no excuse is for.

    Attributes:
        outcome: of which audit.
        fault: its kind.
        at: an input that shows it.
        implementation: gives what was recorded, and nothing elsewhere.
    """

    outcome: Outcome
    fault: str
    at: float
    implementation: Implementation

    def finding(self) -> Finding:
        """All that its page says."""
        job = self.outcome.job
        return finding(
            self.implementation,
            derive(job.formula),
            self.at,
            kind=job.kind,
            values=dict(job.values),
            measured=self.outcome.measured,
        )


# --- where the target is --------------------------------------------------------------------------
def write(outcomes: Sequence[Outcome], path: Path) -> None:
    """The outcomes of a target, with its faults."""
    faults = [
        {"audit": index, **found}
        for index, outcome in enumerate(outcomes)
        for kind in (outcome.measured.first if outcome.measured is not None else ())
        if (found := _recorded(outcome, kind)) is not None
    ]
    data = {**audit_data(outcomes, MAX_ULP), "faults": faults}
    path.write_text(json.dumps(data, ensure_ascii=False) + "\n", "utf-8")


def _recorded(outcome: Outcome, fault: str) -> dict[str, Any] | None:
    """The fault at an input that shows it without an excuse, if there is one."""
    job = outcome.job
    loaded = load(job.target, job.dtype, job.device)
    at = inexcusable(job, loaded, outcome.rows, fault)
    if at is None:
        return None
    results: dict[str, str] = {}
    noted = replace(loaded, **{job.kind: _noting(loaded.functions()[job.kind], results)})
    Fault(outcome, fault, at, noted).finding()
    return {
        "fault": fault,
        "at": repr(at),
        "results": results,
        "calls": dict(loaded.calls),
        "versions": dict(loaded.versions),
        "flushes": loaded.flushes,
    }


def _noting(function: Function, results: dict[str, str]) -> Function:
    def run(values: Array) -> Array:
        found = function(values)
        results.update(zip(_texts(values), _texts(found), strict=True))
        return found

    return run


def _texts(values: Array) -> list[str]:
    return [repr(value) for value in values.astype(np.float64).tolist()]


# --- anywhere -------------------------------------------------------------------------------------
def read(folder: Path) -> Iterator[tuple[Outcome, list[Fault]]]:
    """Every outcome in the files of a folder, and its faults."""
    for path in sorted(folder.glob("*.json")):
        data = json.loads(path.read_text("utf-8"))
        for index, one in enumerate(data["audits"]):
            outcome = _outcome(one)
            faults = [_fault(outcome, f) for f in data["faults"] if f["audit"] == index]
            yield outcome, faults


def _outcome(data: Mapping[str, Any]) -> Outcome:
    """The outcome without the rows of its table."""
    values = tuple((name, Fraction(value)) for name, value in data["values"].items())
    job = Job(
        target=data["target"],
        dtype=data["dtype"],
        kind=data["kind"],
        formula=data["formula"],
        values=values,
        exhaustive=data["exhaustive"],
        device=data["device"],
    )
    return Outcome(
        job=job,
        rows=tally.none(),
        # A tally counts nothing as senseless, so that it is not recorded.
        measured=data["measured"] and _as(Measured, {**data["measured"], "senseless": 0}),
        left_out=data["left_out"],
        versions=data["versions"],
        witnesses=tuple(_as(Witness, witness) for witness in data["witnesses"]),
        done=data["done"],
        failure=data["failure"],
    )


def _as(kind: Any, data: Mapping[str, Any]) -> Any:
    """With numbers where JSON has texts for what is not finite."""
    floats = {field.name for field in fields(kind) if field.type == "float"}
    return kind(**{k: float(value) if k in floats else value for k, value in data.items()})


def _fault(outcome: Outcome, data: Mapping[str, Any]) -> Fault:
    job, results = outcome.job, data["results"]

    def replayed(values: Array) -> Array:
        try:
            found = [float(results[x]) for x in _texts(values)]
        except KeyError as error:
            raise InputError(f"what comes out at {error} was not recorded") from None
        return np.array(found).astype(values.dtype)

    implementation = Implementation(
        label=job.target,
        dtype=job.dtype,
        versions=data["versions"],
        calls=data["calls"],
        flushes=data["flushes"],
        device=job.device,
        gradient=replayed if job.kind == "gradient" else None,
        forward=replayed if job.kind == "forward" else None,
    )
    return Fault(outcome, data["fault"], float(data["at"]), implementation)
