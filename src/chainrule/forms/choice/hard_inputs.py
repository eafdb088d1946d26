"""Inputs at which a form may be off by most: where twice the precision makes most of a difference.

An error that is large within a few powers of two shows in a sample of thousands by luck only, and
balls take a minute for a million inputs. Computing the form both ways takes a second. The
difference is a hint, no more: what the form is worth at these inputs, balls say.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.expr.nodes import size
from chainrule.floats.formats import Format, format_named
from chainrule.floats.inputs import stratified, usual
from chainrule.floats.ulp import spacing
from chainrule.forms.candidate import MAX_ASSEMBLED, Candidate
from chainrule.forms.candidates.regimes import elementary
from chainrule.forms.choice.assemble import PRECISE_TERMS
from chainrule.forms.choice.laboratory import Laboratory
from chainrule.precise.compensated import compensated

Array = npt.NDArray[Any]
# Inputs that are tried, spread over the format and of everyday size, by the bits of the arithmetic
# (in float64 a form to twice the precision is long), and how many are named.
_SPREAD, _USUAL, _NAMED = 100_000, {32: 300_000, 64: 20_000}, 200


def doubtful(lab: Laboratory, candidate: Candidate) -> Array:
    """Inputs at which a form of the variable may be off by most.

    None of 16 bits, of which all inputs are tried elsewhere, and of long formulas. For float32,
    float64 is precise enough.
    """
    plain = candidate.plain
    if lab.fmt.bits == 16 or size(plain) > MAX_ASSEMBLED:
        return lab.inputs[:0]
    exact, precise = replace(lab, working="library"), elementary(plain)
    if lab.work.bits < 64:
        exact = replace(exact, work=format_named("float64"))
    else:
        precise = compensated(precise, lab.work.precision, PRECISE_TERMS)
    x = _many(lab.fmt, _USUAL[lab.work.bits])
    results, _ = lab.computed(candidate.expr, {lab.variable: x})
    better, _ = exact.computed(precise, {lab.variable: x})
    with np.errstate(all="ignore"):
        off = np.abs(results - better) / spacing(better, lab.fmt)
        hidden = np.abs(lab.fmt.rounded(better)) == np.inf
    off = np.where(np.isfinite(off) & ~hidden, off, 0.0)
    # Stable, so that of equal ones the same are found on every processor.
    found: Array = x[np.argsort(off, kind="stable")[-_NAMED:]]
    return found


@cache
def _many(fmt: Format, count: int) -> Array:
    found: Array = np.concatenate([stratified(fmt, _SPREAD), usual(fmt, count)])
    return found
