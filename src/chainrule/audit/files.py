"""What an audit leaves in a folder: JSON, and a picture and a Parquet table of each job."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.audit.picture import save
from chainrule.audit.running.runner import Outcome
from chainrule.errors import InputError
from chainrule.floats.formats import Format
from chainrule.floats.positions import at
from chainrule.sweep.tally import KINDS, NOWHERE

if TYPE_CHECKING:
    import pyarrow

METADATA = b"chainrule"
"""The key that a Parquet file says under what it is a table of, as JSON."""


def write_all(outcomes: Iterable[Outcome], data: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write everything; the paths.

    Args:
        data: what ``audit_report.audit_data`` gives.

    Raises:
        InputError: a file cannot be written.
    """
    import pyarrow.parquet

    paths = [folder / "audit.json"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths[0].write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")
        for outcome in outcomes:
            if outcome.measured is None:
                continue
            base = folder / outcome.job.slug
            paths += save(outcome, data["max_ulp"], base)
            paths.append(base.with_name(f"{base.name}.parquet"))
            pyarrow.parquet.write_table(table(outcome), paths[-1])
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror or error}") from error
    return paths


def table(outcome: Outcome) -> pyarrow.Table:
    """One row for each range of inputs, in order.

    ``first`` and ``last`` are the range, ``worst`` is where the largest error is, and
    ``not_finite_at`` and the like are the first input with such a fault, all of them as inputs
    and null where there is none. ``total`` is the sum of the errors of the ``finite`` results.
    """
    import pyarrow

    rows, fmt = outcome.rows, outcome.job.fmt
    columns: dict[str, Any] = {
        "first": _values(rows["first"], fmt),
        "last": _values(rows["last"], fmt),
        "done": pyarrow.array(rows["compared"] >= 0),
        "compared": pyarrow.array(np.maximum(rows["compared"], 0)),
        "finite": pyarrow.array(rows["finite"]),
        "largest": pyarrow.array(rows["largest"], mask=rows["largest"] < 0),
        "worst": _values(rows["worst"], fmt),
        "total": pyarrow.array(rows["total"]),
        "misrounded": pyarrow.array(rows["misrounded"]),
    }
    for index, kind in enumerate(KINDS):
        name = kind.replace(" ", "_")
        columns[name] = pyarrow.array(rows["faults"][:, index])
        columns[f"{name}_at"] = _values(rows["where"][:, index], fmt)
    whose = json.dumps({**outcome.job.data(), "versions": dict(outcome.versions)})
    return pyarrow.table(columns).replace_schema_metadata({METADATA: whose.encode()})


def _values(places: Any, fmt: Format) -> pyarrow.Array:
    import pyarrow

    nowhere = places == NOWHERE
    values = at(np.where(nowhere, 0, places), fmt).astype(np.float64)
    return pyarrow.array(values, mask=nowhere)
