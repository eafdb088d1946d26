"""What is found on the real line: the pieces of a formula, and what it does beside a point."""

from __future__ import annotations

from chainrule.expr.nodes import Expr
from chainrule.record import Record


class Line(Record):
    """The real line cut at ``points``.

    Attributes:
        points: where the formula switches, in increasing order.
        values: the formula on the first interval, at the first point, on the second interval,
            and so on; ``None`` where no case applies.
    """

    points: tuple[Expr, ...]
    values: tuple[Expr | None, ...]

    @property
    def intervals(self) -> tuple[Expr | None, ...]:
        """The values on the open intervals."""
        return self.values[0::2]

    @property
    def at_points(self) -> tuple[Expr | None, ...]:
        return self.values[1::2]


class Side(Record):
    """What is left of, or right of, a point.

    Attributes:
        value: the limit of the function, ``None`` if there is none or it is not known.
        slope: the one-sided derivative of the function with that value at the point, ``None``
            if it is not known or infinite.
        infinite: 1 or −1 if the slope grows beyond all bounds.
        grows: 1 or −1 if the function itself does.
        defined: whether the function is defined there at all.
    """

    value: Expr | None
    slope: Expr | None
    infinite: int = 0
    grows: int = 0
    defined: bool = True


UNKNOWN = Side(None, None)
NOWHERE = Side(None, None, defined=False)
