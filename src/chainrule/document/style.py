"""How a walk-through is told: what can be chosen of it, in tables that cost nothing to read."""

from __future__ import annotations

from typing import Literal, get_args

from chainrule.record import Record

Detail = Literal["brief", "normal", "full"]
"""How much is said."""
Notation = Literal["leibniz", "lagrange"]
"""df/dx, or f′(x)."""

DETAILS: tuple[Detail, ...] = get_args(Detail)
NOTATIONS: tuple[Notation, ...] = get_args(Notation)


class Style(Record):
    """How much is said, and in whose notation."""

    detail: Detail = "normal"
    notation: Notation = "leibniz"
