"""What a sweep counts, range by range of inputs, so that parts can be done apart and put together.

A tally is one row of a table; the rows of two parts of a range are added by ``merged``. Inputs
go by their position (see ``positions``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.floats.formats import Format
from chainrule.floats.measure import Measured
from chainrule.floats.positions import input_at
from chainrule.floats.ulp import Truth, errors, faults, misrounded

KINDS = ("not finite", "early zero", "wrong sign")
"""The kinds of fault, in the order of their columns."""
NOWHERE = np.iinfo(np.int64).max

TALLY = np.dtype(
    [
        ("first", np.int64),  # the range: positions, both ends in it
        ("last", np.int64),
        ("compared", np.int64),  # inputs at which there was a truth; −1: not done yet
        ("largest", np.float64),  # error in ULP among finite results; −1 if there is none
        ("worst", np.int64),  # where that is
        ("total", np.float64),  # the sum of the errors of finite results
        ("finite", np.int64),  # how many these are
        ("misrounded", np.int64),  # results that are not the nearest number
        ("faults", np.int64, (3,)),  # by kind
        ("where", np.int64, (3,)),  # the first position of each kind, NOWHERE if there is none
    ]
)

Tallies = npt.NDArray[Any]
"""A structured array of ``TALLY``."""


def empty(ranges: npt.NDArray[np.int64]) -> Tallies:
    """A row that nothing was counted for yet, for each range; shape (ranges, 2)."""
    rows = np.zeros(len(ranges), TALLY)
    rows["first"], rows["last"] = ranges[:, 0], ranges[:, 1]
    rows["compared"], rows["largest"] = -1, -1.0
    rows["worst"] = rows["where"] = NOWHERE
    return rows


def none() -> Tallies:
    """No rows."""
    return empty(np.zeros((0, 2), np.int64))


def started(row: Any) -> None:
    """From "not done yet" to nothing counted."""
    row["compared"] = max(int(row["compared"]), 0)


def count(
    row: Any,
    places: npt.NDArray[np.int64],
    results: npt.NDArray[Any],
    truth: Truth,
    fmt: Format,
) -> None:
    """Add results at positions to a row."""
    started(row)
    off = errors(results, truth, fmt)
    finite = np.isfinite(off) & truth.known
    row["compared"] += int(truth.known.sum())
    row["finite"] += int(finite.sum())
    row["total"] += float(off.sum(where=finite))
    row["misrounded"] += int(misrounded(results, off, truth, fmt).sum())
    if finite.any():
        worst = int(np.argmax(off if finite.all() else np.where(finite, off, -1.0)))
        if off[worst] > row["largest"]:
            row["largest"], row["worst"] = off[worst], places[worst]
    for k, where in enumerate(faults(results, off, truth, fmt).values()):
        row["faults"][k] += int(where.sum())
        if where.any():
            row["where"][k] = min(int(row["where"][k]), int(places[where].min()))


def merged(rows: Tallies) -> Any:
    """All rows that are done as one."""
    total = empty(np.array([[rows["first"].min(), rows["last"].max()]]))[0]
    done = rows[rows["compared"] >= 0]
    if not len(done):
        return total
    started(total)
    for name in ("compared", "total", "finite", "misrounded"):
        total[name] = done[name].sum()
    best = done[np.argmax(done["largest"])]
    total["largest"], total["worst"] = best["largest"], best["worst"]
    total["faults"] = done["faults"].sum(axis=0)
    total["where"] = done["where"].min(axis=0)
    return total


def measured(rows: Tallies, fmt: Format) -> Measured:
    """What the rows that are done come to."""
    total = merged(rows)
    finite = int(total["finite"])
    return Measured(
        count=max(int(total["compared"]), 0),
        largest=float(total["largest"]) if finite else float("nan"),
        worst=input_at(int(total["worst"]), fmt) if finite else float("nan"),
        mean=float(total["total"]) / finite if finite else float("nan"),
        not_finite=int(total["faults"][0]),
        early_zeros=int(total["faults"][1]),
        wrong_signs=int(total["faults"][2]),
        first={
            kind: input_at(int(place), fmt)
            for kind, place in zip(KINDS, total["where"], strict=True)
            if place != NOWHERE
        },
        misrounded=int(total["misrounded"]),
        senseless=0,  # a sweep does not count them by themselves
    )
