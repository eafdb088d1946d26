"""Where floating point goes wrong: roots, kinks and thresholds of a program, and what lies around.

A place is where some value on the way to the result changes its kind: its sign (there something
cancels, or a formula switches), from normal to subnormal or 0, to infinity or NaN; or where it is
next to nothing and keeps its sign, as 1 + cos x is next to π. Between two neighbours of a sample
the one is found by bisecting the bit patterns, between three the other by cutting off thirds, so
that nothing needs to be known about the formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.floats.evaluate import every_value
from chainrule.floats.formats import Format
from chainrule.floats.positions import Positions, at, finite_count, positions
from chainrule.program.lower import Lowered

Array = npt.NDArray[Any]

# How many changes of kind, and how many dips, are looked at; sin(x) has more of them.
MOST_OF_A_VALUE, MOST_DIPS = 12, 40
# Of a program of a hundred operations two thousand places are looked at, of a longer one fewer.
OPERATIONS = 200_000
# The kind of a NaN: none of those that signs and sizes have (see ``_kind``).
_NAN = 9
# What dips this far below its neighbours in the sample has lost half of its digits, or more.
_DEEP = 2.0**-20


def places(
    program: Lowered, fixed: Sequence[Array], sample: Array, fmt: Format, work: Format
) -> Positions:
    """The positions next to which a value of the program changes its kind or next to vanishes.

    Args:
        program: of one varying input, which comes first.
        fixed: its other inputs.
        sample: finite inputs in ``fmt``.
        fmt: the format of inputs.
        work: the format of the arithmetic.
    """
    rows = np.unique(positions(sample, fmt))

    def values(places_: Positions) -> list[Array]:
        """Each value of the program that varies, at each input."""
        given = [at(places_, fmt).astype(work.dtype), *fixed]
        return [value for value in every_value(program, given, work) if np.shape(value)]

    known = values(rows)
    changes = _changes(rows, known, values, lambda value: _kind(value, work))
    found = np.unique(np.concatenate([changes, _dips(rows, known, values)]))
    # A power of each of a thousand factors has its own thresholds.
    return _some(found, max(OPERATIONS // max(len(program.code), 1), MOST_OF_A_VALUE))


def _changes(
    rows: Positions,
    known: Sequence[Array],
    values: Callable[[Positions], list[Array]],
    kind: Callable[[Array], Array],
) -> Positions:
    """Where a value changes its kind: the last of one, and the first of the other."""
    kinds = np.stack([kind(value) for value in known])
    first = [_some(np.flatnonzero(row[1:] != row[:-1])) for row in kinds]
    left, right, numbers = _between(rows, first, [one + 1 for one in first])
    columns = np.arange(len(left))
    before = kinds[numbers, np.searchsorted(rows, left)]
    while np.any(right - left > 1):
        middle = left + (right - left) // 2
        same = np.stack([kind(value) for value in values(middle)])[numbers, columns] == before
        left, right = np.where(same, middle, left), np.where(same, right, middle)
    return np.concatenate([left, right])


def _dips(
    rows: Positions, known: Sequence[Array], values: Callable[[Positions], list[Array]]
) -> Positions:
    """Where a value keeps its sign and is next to nothing, compared with what is around."""
    lowest = [_lowest(value, rows) for value in known]
    left, right, numbers = _between(rows, [i - 1 for i in lowest], [i + 1 for i in lowest])
    columns = np.arange(len(left))

    def sizes(places_: Positions) -> Array:
        found: Array = np.stack([_size(value) for value in values(places_)])[numbers, columns]
        return found

    beside = np.minimum(sizes(left), sizes(right))
    while np.any(right - left > 2):
        third = (right - left) // 3
        one, other = left + third, right - third
        lower = sizes(one) < sizes(other)
        left, right = np.where(lower, left, one), np.where(lower, other, right)
    middle = left + (right - left) // 2
    deep: Positions = middle[sizes(middle) < _DEEP * beside]
    return deep


def _lowest(value: Array, rows: Positions) -> npt.NDArray[np.intp]:
    """Where it is smaller than on either side, with the same sign, by their numbers."""
    size, sign = _size(value), np.sign(value.astype(np.float64))
    least = (size[1:-1] < size[:-2]) & (size[1:-1] < size[2:])
    least &= (sign[1:-1] == sign[:-2]) & (sign[1:-1] == sign[2:])
    found = 1 + np.flatnonzero(least)
    # Where the sample is dense it shows what there is, and no pattern of its own.
    gaps = rows[found + 1] - rows[found - 1]
    chosen: npt.NDArray[np.intp] = found[np.argsort(gaps, kind="stable")[:MOST_DIPS]]
    return chosen


def _between(
    rows: Positions, first: Sequence[npt.NDArray[np.intp]], last: Sequence[npt.NDArray[np.intp]]
) -> tuple[Positions, Positions, npt.NDArray[np.intp]]:
    """Ends of intervals, given for each value by the numbers of rows, and whose each is."""
    numbers = np.repeat(np.arange(len(first)), [len(one) for one in first])
    return rows[np.concatenate(first)], rows[np.concatenate(last)], numbers


def _some(numbers: Positions, most: int = MOST_OF_A_VALUE) -> Positions:
    """All of them, or ``most``, evenly from one end to the other."""
    if len(numbers) <= most:
        return numbers
    chosen = np.linspace(0, len(numbers) - 1, most).round().astype(np.intp)
    found: Positions = numbers[chosen]
    return found


def _size(value: Array) -> Array:
    """How far it is from 0; NaN is far."""
    size = np.abs(value.astype(np.float64))
    return np.where(np.isnan(size), np.inf, size)


def _kind(value: Array, work: Format) -> npt.NDArray[np.int8]:
    if value.dtype == np.bool_:
        return value.astype(np.int8)
    wide = value.astype(np.float64)
    size = np.abs(wide)
    with np.errstate(invalid="ignore"):
        steps = (size > 0).astype(np.int8) + (size >= work.smallest_normal) + np.isinf(size)
    found: npt.NDArray[np.int8] = np.where(np.isnan(wide), _NAN, np.sign(wide) * steps)
    return found.astype(np.int8)


def around(centers: Positions, fmt: Format, each: int = 1) -> Array:
    """The numbers at these positions, and those 2^k units in the last place from them for every k.

    Args:
        centers: positions.
        fmt: the format.
        each: how many on each side for each k, between 2^k and 2^(k + 1).
    """
    count = finite_count(fmt)
    powers = (1 << np.arange(fmt.bits - 1, dtype=np.int64)).tolist()
    steps = sorted({0, *(p + p * i // each for p in powers for i in range(each))})
    offsets = np.array([*(-s for s in steps), *steps], np.int64)
    # In Python's own whole numbers: sums of two positions of float64 may overflow.
    near = {int(c) + int(o) for c in centers for o in offsets}
    kept = np.array(sorted(place for place in near if -count <= place < count), np.int64)
    return at(kept, fmt)


def landmarks(fmt: Format) -> Positions:
    """0, the smallest normal number, 1 and the largest number, both signs."""
    sizes = np.array([0.0, fmt.smallest_normal, 1.0, fmt.largest]).astype(fmt.dtype)
    return np.unique(positions(np.concatenate([sizes, -sizes]), fmt))


def unique(parts: Iterable[Array], fmt: Format) -> Array:
    """All the numbers once each, in increasing order."""
    return at(np.unique(positions(np.concatenate(list(parts)), fmt)), fmt)
