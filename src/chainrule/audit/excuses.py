"""Faults that nobody would mend: what a framework would answer to a report of them.

An audit counts every fault there is. A report is worth its reader's time if the fault is the
function's own, so three kinds are left out of reports, by rules that know of no function:

1. A result that is right for an input at most ``NEAR`` units in the last place away. So it is at
   the one or two numbers next to a root, where what cancels has no digits left, next to a kink or
   a threshold, and next to an overflow. It is a small backward error, which is all that a
   function in one precision can promise (Higham, Accuracy and Stability of Numerical Algorithms,
   1.5).
2. What happens at the limits of the format: an overflow on the way where the input or the exact
   value is within ``MARGIN`` of the largest number, a zero or a sign where the exact value is
   within ``MARGIN`` of the smallest normal number.
3. What comes of a subnormal input where the framework takes subnormal numbers for 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.audit.frameworks.implementation import Implementation
from chainrule.audit.running.jobs import Job, function_of, truth_of
from chainrule.floats.formats import Format
from chainrule.floats.positions import Positions, at, finite_count, positions
from chainrule.floats.truth import truth
from chainrule.floats.ulp import Flags, Truth, errors, faults
from chainrule.sweep import tally
from chainrule.sweep.tally import Tallies

Array = npt.NDArray[Any]

NEAR = 4
"""The one or two numbers next to a root, and as many again."""
MARGIN = 8.0
"""Three binades: a sum of a few terms of one size, or a small factor, leaves the format there."""


def inexcusable(
    job: Job, implementation: Implementation, rows: Tallies, fault: str
) -> float | None:
    """An input that shows a fault for which there is no excuse; ``None`` if all have one.

    Args:
        job: what was audited.
        implementation: the same target, loaded in this process.
        rows: what the audit counted.
        fault: a kind of fault, one of ``tally.KINDS``.

    Returns: of those that the audit came by, the one whose size is nearest to 1 by its exponent:
        inputs of everyday size are those that people have.
    """
    function = function_of(implementation, job.kind)
    assert function is not None
    expr, variable, parameters = truth_of(job)
    for first, last in _ranges(rows, fault, job.fmt):
        values = at(job.plan.places(first, last), job.fmt)
        results = function(values)
        exact = truth(expr, variable, values, parameters)
        there = faults(results, errors(results, exact, job.fmt), exact, job.fmt)[fault]
        limits = at_limits(fault, values, results, exact, job.fmt, flushes=implementation.flushes)
        found = np.flatnonzero(there & ~limits)
        from_one = _from_one(positions(values[found], job.fmt), job.fmt)
        for index in found[np.argsort(from_one, kind="stable")].tolist():
            near = neighbours(values[index], job.fmt)
            if not right_nearby(results[index], truth(expr, variable, near, parameters), job.fmt):
                return float(values[index])
    return None


def _ranges(rows: Tallies, fault: str, fmt: Format) -> Iterator[tuple[int, int]]:
    """The ranges with such a fault, those near 1 and −1 first."""
    some = rows[rows["faults"][:, tally.KINDS.index(fault)] > 0]
    middles = some["first"] + (some["last"] - some["first"]) // 2
    for row in some[np.argsort(_from_one(middles, fmt), kind="stable")]:
        yield int(row["first"]), int(row["last"])


def _from_one(places: Positions, fmt: Format) -> Positions:
    """How far positions are from that of 1 or −1, whichever is nearer."""
    [one] = positions(np.array([1.0]), fmt)
    found: Positions = np.abs(np.where(places < 0, -1 - places, places) - one)
    return found


def at_limits(
    fault: str, values: Array, results: Array, exact: Truth, fmt: Format, *, flushes: bool
) -> Flags:
    """Where a fault is excused by the limits of the format.

    Args:
        fault: its kind.
        values, results: inputs, and what comes out; shape (n,).
        exact: what should.
        flushes: whether subnormal numbers are taken for 0.
    """
    x, got = (np.abs(array.astype(np.float64)) for array in (values, results))
    size = np.abs(exact.high)
    most, least = fmt.largest / MARGIN, fmt.smallest_normal * MARGIN
    limits = {
        "not finite": (x >= most) | (size >= most),
        "early zero": size < least,
        "wrong sign": (size < least) & (got < least),
    }
    found: Flags = limits[fault] | (flushes & (x > 0) & (x < fmt.smallest_normal))
    return found


def neighbours(value: Any, fmt: Format) -> Array:
    """The number and those at most ``NEAR`` units in the last place away."""
    [place] = positions(np.array([value]), fmt).tolist()
    count = finite_count(fmt)
    return at(np.arange(max(place - NEAR, -count), min(place + NEAR, count - 1) + 1), fmt)


def right_nearby(result: Any, around: Truth, fmt: Format) -> bool:
    """Whether a result is between the exact values at neighbours of its input."""
    got, exact = float(result), around.high[around.known]
    if np.isnan(got) or not len(exact):
        return False
    if np.isinf(got):
        return bool((np.copysign(exact, got) == exact)[np.abs(exact) >= fmt.overflow].any())
    return bool(exact.min() <= got <= exact.max())
