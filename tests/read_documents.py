"""Walk-throughs of formulas and curves, read by ``displayed``."""

from __future__ import annotations

from random import Random
from typing import Any

import chainrule
from chainrule.document.style import Style
from chainrule.expr.nodes import Sum
from displayed import Report, equalities, walk
from real_values import curve_points
from sentences import faults


def read(text: str, style: Style | None = None, **options: Any) -> Report:
    """A walk-through, and what a reader makes of it."""
    derivation = chainrule.derive(text, **options)
    document = derivation.document(style)
    report = walk(document, variable=derivation.variable.name)
    assert report.pairs == equalities(document), "something was passed over"
    report.words = faults(document, derivation)
    return report


def read_curve(text: str, style: Style | None = None, **options: Any) -> Report:
    """The same for a curve."""
    derivation = chainrule.implicit(text, **options)
    relation = Sum((derivation.left, -derivation.right))
    x, y = derivation.x.name, derivation.y.name
    points = curve_points(relation, x, y, Random(0), 4)
    document = derivation.document(style)
    report = walk(document, variable=x, points=points)
    assert report.pairs == equalities(document)
    report.words = faults(document)
    return report
