"""Equal expressions that evaluate well, found by saturation: for a part of the line.

The identities of ``identities`` give a graph of equal expressions, and ``extraction`` the accurate
ones in it. It takes seconds, so that it is asked where nothing else is good (``choice.selection``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.expr.nodes import Comparison, Expr, Symbol, postorder, size, substitute
from chainrule.floats.formats import Format
from chainrule.floats.ulp import Floats
from chainrule.forms.candidates.regimes import Regime, lettered
from chainrule.forms.search.extraction import Inputs, extract
from chainrule.forms.search.saturation import saturate

MAX_SATURATED = 60
"""Formulas of more nodes would take minutes."""

# Inputs of a part for the extraction: over all exponents of the format, and of everyday size.
_WIDE, _NEAR, _INSIDE = 40, 90, 60
_NEAR_EXPONENTS = -14.0, 8.0


def saturated(
    regime: Regime,
    starts: Sequence[Expr],
    variable: Symbol,
    fixed: Mapping[Symbol, Fraction],
    ends: tuple[float, float],
    worst: Floats,
    work: Format,
) -> list[Expr]:
    """Expressions that equal a part's, as accurate as can be in the format of the arithmetic.

    Args:
        regime: the part of the line.
        starts: equal forms of its formula, in a positive variable as the formula is.
        variable: the variable.
        fixed: a value for every other letter; what is found holds for all of the same sign.
        ends: where the part begins and ends.
        worst: inputs in it at which what is known is worst.
        work: what operations are rounded to.
    """
    if any(isinstance(node, Comparison) for node in postorder(*starts)):
        # Where its cases meet could not be told.
        return []
    low, high = (-ends[1], -ends[0]) if regime.mirrored else ends
    points = _points(low, high, -worst if regime.mirrored else worst, work)
    if not len(points):
        return []
    found: dict[Expr, None] = {}
    positive = [variable, *(letter for letter, value in fixed.items() if value > 0)]
    values = [np.full(len(points), float(value)).astype(work.dtype) for value in fixed.values()]
    shorter, meanings = lettered(starts, variable)
    for exprs, names in ((starts, {}), (shorter, meanings)) if meanings else ((starts, {}),):
        small = [expr for expr in exprs if size(expr) <= MAX_SATURATED]
        inputs = Inputs((variable, *fixed), (points, *values), work, names)
        for split in (False, True) if small else ():
            graph = saturate(small, positive, split=split)
            found |= dict.fromkeys(substitute(one.expr, names) for one in extract(graph, inputs))
    return list(found)


def _points(low: float, high: float, worst: Floats, work: Format) -> npt.NDArray[Any]:
    """Sizes of the variable between two ends, increasing."""
    near = np.exp2(np.linspace(*_NEAR_EXPONENTS, _NEAR)) * 1.0003
    # Subnormal numbers are left out: what is lost there no rewriting brings back.
    wide = np.exp2(np.linspace(work.least_exponent, -work.least_exponent, _WIDE))
    sizes = np.concatenate([near, wide, worst])
    if high < inf:
        sizes = np.concatenate([sizes, low + (high - low) * np.linspace(0.005, 0.995, _INSIDE)])
    sizes = np.unique(sizes[(sizes > low) & (sizes < high)].astype(work.dtype))
    return sizes[np.isfinite(sizes.astype(np.float64))]
