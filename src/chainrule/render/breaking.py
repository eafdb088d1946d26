"""Where a long formula may be broken: before relations, then before + and −, then at dots."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple


class Rank(IntEnum):
    """The rank of a break; the looser the sign, the better the place."""

    NESTED = 1
    FACTOR = 2
    """Between factors without a dot; the next line starts with one."""
    DOT = 3
    TERM = 4


class Break(NamedTuple):
    """A place where a line may end: offset into the material, width before it, rank."""

    offset: int
    width: float
    rank: Rank


def choose(breaks: Sequence[Break], total: float, room: float, indent: float) -> list[Break]:
    """The breaks to take so that no line is wider than ``room``, where that is possible.

    Lines after the first are ``indent`` further right. A line ends at the best kind of break
    that leaves at least a third of it filled, else at the last one that fits, else at the
    first one.
    """
    taken: list[Break] = []
    start, available = 0.0, room
    ahead = list(breaks)
    while total - start > available and ahead:
        fitting = [b for b in ahead if b.width - start <= available]
        filled = [b for b in fitting if b.width - start >= available / 3]
        rank = max((b.rank for b in filled), default=Rank.NESTED)
        best = ([b for b in filled if b.rank is rank] or fitting or ahead[:1])[-1]
        taken.append(best)
        start, available = best.width, room - indent
        ahead = [b for b in ahead if b.width > start]
    return taken
