"""What results are worth: their errors and faults over many inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.floats.formats import Format
from chainrule.floats.ulp import Truth, errors, faults, misrounded


@dataclass(frozen=True, slots=True)
class Measured:
    """The errors of results against the truth.

    Attributes:
        count: at how many inputs there was a truth to compare with.
        largest: the largest error in ULP among finite results.
        worst: the input at which that is.
        mean: the mean error of the finite results.
        not_finite: NaN or infinity where the truth rounds to a finite number.
        early_zeros: 0 where the truth is a normal number.
        wrong_signs: results of the opposite sign.
        first: an input for each kind of fault that was found, by its name.
        misrounded: finite results that are not the nearest number: errors above 0.5, exactly.
        senseless: finite results without one right digit, that are no other fault.
    """

    count: int
    largest: float
    worst: float
    mean: float
    not_finite: int
    early_zeros: int
    wrong_signs: int
    first: dict[str, float]
    misrounded: int
    senseless: int

    @property
    def faults(self) -> int:
        """How many results are no answer at all."""
        return self.not_finite + self.early_zeros + self.wrong_signs


def measure(
    values: npt.NDArray[Any], results: npt.NDArray[Any], truth: Truth, fmt: Format
) -> Measured:
    """The errors of ``results`` at the inputs ``values``, all of one length."""
    off = errors(results, truth, fmt)
    finite = np.isfinite(off) & truth.known
    kinds = faults(results, off, truth, fmt)
    wrong = np.logical_or.reduce([*kinds.values()])
    some = bool(finite.any())
    worst = int(np.argmax(np.where(finite, off, -1.0)))
    first = {name: float(values[np.argmax(where)]) for name, where in kinds.items() if where.any()}
    return Measured(
        count=int(truth.known.sum()),
        largest=float(off[worst]) if some else float("nan"),
        worst=float(values[worst]),
        mean=float(off[finite].mean()) if some else float("nan"),
        not_finite=int(kinds["not finite"].sum()),
        early_zeros=int(kinds["early zero"].sum()),
        wrong_signs=int(kinds["wrong sign"].sum()),
        first=first,
        misrounded=int(misrounded(results, off, truth, fmt).sum()),
        senseless=int((off[finite & ~wrong] >= 2.0 ** (fmt.precision - 1)).sum()),
    )


def worse(one: Measured, other: Measured) -> Measured:
    """The one with more faults, or else the larger error."""
    return max(
        one, other, key=lambda found: (found.faults, not found.largest <= np.inf, found.largest)
    )


def together(found: Sequence[Measured]) -> Measured:
    """Several measurements as one."""
    if len(found) == 1:
        return found[0]
    count = sum(one.count for one in found)
    some = [one for one in found if one.largest == one.largest]
    worst = max(some, key=lambda one: one.largest, default=found[0])
    first: dict[str, float] = {}
    for one in reversed(found):
        first |= one.first
    return Measured(
        count=count,
        largest=worst.largest,
        worst=worst.worst,
        mean=sum(one.mean * one.count for one in some) / max(count, 1),
        not_finite=sum(one.not_finite for one in found),
        early_zeros=sum(one.early_zeros for one in found),
        wrong_signs=sum(one.wrong_signs for one in found),
        first=first,
        misrounded=sum(one.misrounded for one in found),
        senseless=sum(one.senseless for one in found),
    )
