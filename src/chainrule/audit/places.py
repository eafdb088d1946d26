"""Where floating point goes wrong: roots, kinks and thresholds of a program, and what lies around.

A place is where some value on the way to the result changes its kind: its sign (there something
cancels, or a formula switches), from normal to subnormal or 0, to infinity or NaN. Between two
neighbours of a sample it is found by bisecting the bit patterns, so that nothing needs to be
known about the formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.audit.evaluate import every_value
from chainrule.audit.formats import Format
from chainrule.audit.positions import Positions, at, finite_count, positions
from chainrule.codegen.lower import Lowered

Array = npt.NDArray[Any]

# Of a value that changes its kind more often, as sin(x) does, so many changes are looked at.
MOST_OF_A_VALUE = 12
_NAN, _NORMAL = 9, 2


def places(
    program: Lowered, fixed: Sequence[Array], sample: Array, form: Format, work: Format
) -> Positions:
    """The positions next to which a value of the program changes its kind.

    Args:
        program: of one varying input, which comes first.
        fixed: its other inputs.
        sample: finite inputs in ``form``.
        form: the format of inputs.
        work: the format of the arithmetic.
    """
    rows = np.unique(positions(sample, form))
    kinds = _kinds(program, fixed, rows, form, work)
    low, high, which = [], [], []
    for number, kind in enumerate(kinds):
        changes = np.flatnonzero(kind[1:] != kind[:-1])
        if len(changes) > MOST_OF_A_VALUE:
            chosen = np.linspace(0, len(changes) - 1, MOST_OF_A_VALUE).round().astype(np.int64)
            changes = changes[chosen]
        low.append(rows[changes])
        high.append(rows[changes + 1])
        which.append(np.full(len(changes), number))
    left, right, numbers = (np.concatenate(part) for part in (low, high, which))
    if not len(left):
        return left
    columns = np.arange(len(left))
    before = np.stack(kinds)[numbers, np.searchsorted(rows, left)]
    while np.any(right - left > 1):
        middle = left + (right - left) // 2
        there = np.stack(_kinds(program, fixed, middle, form, work))[numbers, columns]
        same = there == before
        left, right = np.where(same, middle, left), np.where(same, right, middle)
    return np.unique(np.concatenate([left, right]))


def _kinds(
    program: Lowered, fixed: Sequence[Array], rows: Positions, form: Format, work: Format
) -> list[npt.NDArray[np.int8]]:
    """What kind of number each value of the program is at each input."""
    given = [at(rows, form).astype(work.dtype), *fixed]
    varying = [value for value in every_value(program, given, work) if np.shape(value)]
    return [_kind(value, work) for value in varying]


def _kind(value: Array, work: Format) -> npt.NDArray[np.int8]:
    if value.dtype == np.bool_:
        return value.astype(np.int8)
    wide = value.astype(np.float64)
    size = np.abs(wide)
    with np.errstate(invalid="ignore"):
        steps = (size > 0).astype(np.int8) + (size >= work.smallest_normal) + np.isinf(size)
    found: npt.NDArray[np.int8] = np.where(np.isnan(wide), _NAN, np.sign(wide) * steps)
    return found.astype(np.int8)


def around(centers: Positions, form: Format, each: int = 1) -> Array:
    """The numbers at these positions, and those 2^k units in the last place from them for every k.

    Args:
        centers: positions.
        form: the format.
        each: how many on each side for each k, between 2^k and 2^(k + 1).
    """
    count = finite_count(form)
    powers = (1 << np.arange(form.bits - 1, dtype=np.int64)).tolist()
    steps = sorted({0, *(p + p * i // each for p in powers for i in range(each))})
    offsets = np.array([*(-s for s in steps), *steps], np.int64)
    # In Python's own whole numbers: sums of two positions of float64 may overflow.
    near = {int(c) + int(o) for c in centers for o in offsets}
    kept = np.array(sorted(place for place in near if -count <= place < count), np.int64)
    return at(kept, form)


def landmarks(form: Format) -> Positions:
    """0, the smallest normal number, 1 and the largest number, both signs."""
    sizes = np.array([0.0, form.smallest_normal, 1.0, form.largest]).astype(form.dtype)
    return np.unique(positions(np.concatenate([sizes, -sizes]), form))


def unique(parts: Iterable[Array], form: Format) -> Array:
    """All the numbers once each, in increasing order."""
    return at(np.unique(positions(np.concatenate(list(parts)), form)), form)
