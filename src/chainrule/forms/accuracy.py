"""How accurate the function and the gradient of a plan are, at inputs that are chosen to be hard.

All inputs of a format of 16 bits. Of a longer one a sample, and next to every place where a value
on the way to the result changes its kind (``places``) the numbers 2^k units in the last place from
it, for every k. The gradient is evaluated as the target NumPy does it, for every row of values of
the other letters (see ``letters``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.deriving.derivation import Derivation
from chainrule.expr.nodes import Expr, Symbol, size
from chainrule.floats.critical_points import around, landmarks, places, unique
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import Format, format_named
from chainrule.floats.inputs import every, stratified
from chainrule.floats.letters import as_stored, value_rows
from chainrule.floats.measure import Measured, measure, together
from chainrule.floats.truth import truth
from chainrule.forms.candidate import MAX_ASSEMBLED
from chainrule.forms.plan import Plan
from chainrule.program.cases import explicit
from chainrule.program.lower import Lowered, lower

Array = npt.NDArray[Any]
# Inputs of a sample, and how many lie between 2^k and 2^(k + 1) units next to a place.
SAMPLE, EACH = 6_000, 1


def accuracy_of(
    derivation: Derivation, made: Plan, *, sample: int = SAMPLE, each: int = EACH
) -> Measured:
    """The errors of the gradient of ``made``, a plan for the target NumPy, for all rows of values.

    Args:
        derivation: of the function.
        made: the plan.
        sample: how many inputs are spread over a format of more than 16 bits.
        each: how many lie between 2^k and 2^(k + 1) units next to each place.
    """
    rows = value_rows(derivation)
    return together([_gradient(_tried(derivation, made, row, sample, each)) for row in rows])


def accuracy_of_function(
    derivation: Derivation, made: Plan, *, sample: int = SAMPLE, each: int = EACH
) -> Measured:
    """The same of the function itself."""
    rows = value_rows(derivation)
    return together([_function(_tried(derivation, made, row, sample, each)) for row in rows])


def work_format(made: Plan) -> Format:
    """The format that a plan computes in."""
    return format_named("float64" if made.spec.double else "float32")


class _Tried(NamedTuple):
    """A plan for the target NumPy, with numbers for all letters, and what it gives for the output.

    Attributes:
        derivation: of the function.
        made: the plan.
        x: hard inputs, without those where the derivative is a convention.
        stored: the numbers of all letters but the variable, as the arithmetic has them.
        fixed: the same as arrays.
        outputs: what the function is at the inputs, in the format.
    """

    derivation: Derivation
    made: Plan
    x: Array
    stored: dict[Symbol, Fraction]
    fixed: list[Array]
    outputs: Array

    @property
    def fmt(self) -> Format:
        """The format of inputs and results."""
        return format_named(self.made.spec.dtype)

    def compared(self, results: Array, expr: Expr) -> Measured:
        """The errors of results."""
        exact = truth(expr, self.made.spec.variable, self.x, self.stored, self.fmt)
        return measure(self.x, np.broadcast_to(results, self.x.shape), exact, self.fmt)


def _tried(
    derivation: Derivation,
    made: Plan,
    values: Mapping[Symbol, Fraction],
    sample: int,
    each: int,
) -> _Tried:
    spec, fmt, work = made.spec, format_named(made.spec.dtype), work_format(made)
    stored = as_stored(values, spec.others, fmt, work)
    letters = (spec.variable, *stored)
    fixed = [np.asarray(float(value), work.dtype) for value in stored.values()]
    forward = lower([explicit(made.forward, FUNCTIONS)], letters, FUNCTIONS)
    programs = [
        lower([e], letters, FUNCTIONS) for e in (derivation.derivative, derivation.function)
    ]
    if size(made.forward) <= MAX_ASSEMBLED:
        # What is rounded off changes its sign at places that mean nothing, and at thousands.
        programs.append(forward)
    x = hard_inputs(programs, fixed, fmt, work, sample, each)
    chosen = [float(value) for value in kink_inputs(derivation, letters, fixed, fmt, work)]
    x = x[~np.isin(x.astype(np.float64), chosen)]
    [outputs] = evaluate(forward, [x.astype(work.dtype), *fixed], work)
    return _Tried(derivation, made, x, stored, fixed, fmt.rounded(np.asarray(outputs)))


def _function(tried: _Tried) -> Measured:
    return tried.compared(tried.outputs, tried.derivation.function)


def _gradient(tried: _Tried) -> Measured:
    spec, work = tried.made.spec, work_format(tried.made)
    saved = (*spec.saved, *tried.stored)
    program = lower([explicit(tried.made.gradient, FUNCTIONS)], saved, FUNCTIONS)
    arrays = {spec.variable: tried.x, spec.output: tried.outputs}
    given = [arrays[symbol].astype(work.dtype) for symbol in spec.saved]
    [slopes] = evaluate(program, [*given, *tried.fixed], work)
    results = tried.fmt.rounded(np.asarray(slopes))
    return tried.compared(results, tried.derivation.derivative)


def kink_inputs(
    derivation: Derivation,
    letters: Sequence[Symbol],
    fixed: Sequence[Array],
    fmt: Format,
    work: Format,
) -> list[Array]:
    """Where there is no derivative, as a file computes it: the value there is a convention."""
    places_ = [k.at for k in derivation.kinks if not k.removable and k.kind in ("switch", "edge")]
    zero = np.zeros((), work.dtype)
    return [
        fmt.rounded(v) for v in evaluate(lower(places_, letters, FUNCTIONS), [zero, *fixed], work)
    ]


def hard_inputs(
    programs: Iterable[Lowered],
    fixed: Sequence[Array],
    fmt: Format,
    work: Format,
    sample: int = SAMPLE,
    each: int = EACH,
) -> Array:
    """All inputs of a short format; of a long one a sample, and the neighbours of places."""
    if fmt.bits == 16:
        return every(fmt)
    spread = stratified(fmt, sample)
    coarse = np.concatenate([stratified(fmt, 3_000), np.linspace(-40, 40, 2_001).astype(fmt.dtype)])
    found = [places(program, fixed, coarse, fmt, work) for program in programs]
    centers = np.unique(np.concatenate([landmarks(fmt), *found]))
    return unique([spread, around(centers, fmt, each)], fmt)
