"""What a form is worth where, for a choice of several: its error at each input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.expr.nodes import Expr
from chainrule.floats.ulp import Floats, Truth, errors, faulty
from chainrule.forms.choice.laboratory import Laboratory
from chainrule.forms.search.extraction import FAULT_BITS

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A form, where it holds, and what it is worth.

    Attributes:
        expr: the form.
        shown: the same as one would write it.
        told: what the program computes, for its reader: a polynomial goes by a name.
        name: where it comes from, in words.
        low: it holds for values from here,
        high: to here.
        bits: at each input 0 if the error is small enough, else 1 + log₂ of the error over the
            one that is allowed. At inputs that were not sought out, an error is what rounding may
            make of it: what shows at one input in a million after a value is rounded shows at all
            of them before.
        steps: how many operations it takes.
    """

    expr: Expr
    shown: Expr
    told: Expr
    name: str
    low: float
    high: float
    bits: Floats
    steps: int


class Trial(NamedTuple):
    """Where forms are tried: laboratories that differ in the values of letters, and the truth.

    Attributes:
        labs: the laboratories.
        truths: the values at the inputs of each.
    """

    labs: tuple[Laboratory, ...]
    truths: tuple[Truth, ...]

    @property
    def lab(self) -> Laboratory:
        """The one with the usual values."""
        return self.labs[0]

    @property
    def x(self) -> Floats:
        """The inputs of all laboratories, one after the other."""
        return np.concatenate([lab.inputs.astype(np.float64) for lab in self.labs])

    @property
    def exponents(self) -> npt.NDArray[np.int64]:
        """Those of the values, in powers of two."""
        sizes = np.concatenate([np.abs(truth.high) for truth in self.truths])
        largest = self.lab.fmt.largest
        found = np.frexp(np.clip(sizes, self.lab.fmt.smallest, largest))[1]
        return np.asarray(found, np.int64)

    def bits(self, expr: Expr) -> tuple[Floats, int]:
        """What a form is worth at each input, as in a ``Part``, and its operations."""
        found, steps = [], 0
        for lab, truth in zip(self.labs, self.truths, strict=True):
            results, steps = lab.computed(expr, {lab.variable: lab.inputs})
            found.append(excess(results, truth, lab))
        return np.concatenate(found), steps


def excess(computed: Array, truth: Truth, lab: Laboratory) -> Floats:
    """The bits of a ``Part``; ``FAULT_BITS`` for a fault."""
    fmt, allowed = lab.fmt, lab.allowed
    results = fmt.rounded(computed)
    with np.errstate(all="ignore"):
        off = errors(results, truth, fmt)
        fault = faulty(results, off, truth, fmt)
        hidden = lab.hidden(computed, truth)
        off = np.maximum(off, np.where(hidden > 0, 0.5 + hidden, 0.0))
        bits = np.where(off > allowed, 1 + np.log2(off / allowed), 0.0)
    # A result without one right bit is no better than none.
    found: Floats = np.where(fault | (bits > fmt.precision), FAULT_BITS, bits)
    return np.where(truth.known, found, 0.0)


def part_of(
    trial: Trial,
    name: str,
    expr: Expr,
    low: float,
    high: float,
    shown: Expr | None = None,
    told: Expr | None = None,
) -> Part:
    """A form, measured, that holds between two ends."""
    bits, steps = trial.bits(expr)
    x = trial.x
    bits = np.where((x < low) | (x > high), FAULT_BITS, bits)
    plain = shown or expr
    return Part(expr, plain, told or plain, name, low, high, bits, steps)
