"""The forms of a derivative on all inputs of float32: programs in NumPy, through a sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.deriving.derivation import Derivation
from chainrule.expr.nodes import Expr, Symbol
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import Format, format_named
from chainrule.floats.measure import Measured
from chainrule.floats.positions import positions
from chainrule.program.lower import Lowered, lower
from chainrule.sweep import tally
from chainrule.sweep.pieces import HUGE, PieceKind
from chainrule.sweep.reference import reference
from chainrule.sweep.sweep import Evaluate, Sweep, plan

Array = npt.NDArray[Any]


class Outputs:
    """The function itself at inputs, correctly rounded but for one in 10^5 or so.

    It comes from a reference of its own. Where that has no polynomial (a sine of large numbers)
    it is computed in double, and rounded.
    """

    def __init__(
        self, function: Expr, variable: Symbol, parameters: Mapping[Symbol, Fraction], fmt: Format
    ) -> None:
        self._reference = reference(function, variable, parameters, fmt)
        self._program = lower([function], (variable, *parameters), FUNCTIONS)
        self._numbers = [np.asarray(float(v), np.float64) for v in parameters.values()]
        self._form = fmt

    def __call__(self, values: Array) -> Array:
        """The outputs at consecutive inputs, or at others, which takes longer."""
        places = positions(values, self._form)
        if len(places) and places[-1] - places[0] == len(places) - 1:
            return self._consecutive(values, int(places[0]), int(places[-1]))
        found = self._reference.truth(places)
        wild = self._reference.kinds(places) == PieceKind.WILD
        rounded = self._rounded(found.high)
        rounded[~found.known] = np.nan
        rounded[wild] = self._in_double(values[wild])
        return rounded

    def _consecutive(self, values: Array, first: int, last: int) -> Array:
        pieces = self._reference.pieces
        found = np.full(len(values), np.nan)
        index = int(np.searchsorted(pieces.first, first, side="right")) - 1
        while index < len(pieces) and pieces.first[index] <= last:
            a = max(int(pieces.first[index]), first) - first
            b = min(int(pieces.last[index]), last) - first + 1
            match pieces.kind[index]:
                case PieceKind.POLYNOMIAL:
                    found[a:b] = self._polynomial(index, values[a:b])
                case PieceKind.SETTLED:
                    exact = self._reference.exact(values[a:b])
                    found[a:b] = np.where(exact.known, exact.high, np.nan)
                case PieceKind.WILD:
                    found[a:b] = self._in_double(values[a:b])
            index += 1
        return self._rounded(found)

    def _polynomial(self, index: int, values: Array) -> npt.NDArray[np.float64]:
        pieces = self._reference.pieces
        coefficients, power = pieces.coefficients[index], int(pieces.power[index])
        if abs(power) == HUGE:
            return np.full(len(values), coefficients[0] * (np.inf if power > 0 else 0.0))
        t = (values.astype(np.float64) - pieces.center[index]) * pieces.scale[index]
        total = np.full(len(values), coefficients[-1])
        for coefficient in coefficients[-2::-1]:
            total *= t
            total += coefficient
        scaled: npt.NDArray[np.float64] = np.ldexp(total, power)
        return scaled

    def _in_double(self, values: Array) -> npt.NDArray[np.float64]:
        inputs = [values.astype(np.float64), *self._numbers]
        [found] = evaluate(self._program, inputs, format_named("float64"))
        return found

    def _rounded(self, values: npt.NDArray[np.float64]) -> Array:
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return values.astype(self._form.dtype)


def measured_by_sweep(
    derivation: Derivation,
    programs: Mapping[str, Lowered],
    parameters: Mapping[Symbol, Fraction],
    fmt: Format,
    work: Format,
    *,
    threads: int,
    advance: Callable[[str, float], None] = lambda name, part: None,
) -> dict[str, Measured]:
    """What each form is worth, by its name.

    Args:
        programs: of forms by the variable, the output and the parameters, in this order.
        parameters: the numbers that the arithmetic has.
        fmt: the format of inputs and results.
        work: that of the arithmetic.
        threads: how many of them evaluate and compare.
        advance: is told the name of a form, and which part of all the work has been done.
    """
    values = [np.asarray(float(value)).astype(work.dtype) for value in parameters.values()]
    sweep = Sweep(
        derivation.derivative, derivation.variable, parameters, plan(fmt, exhaustive=True)
    )
    outputs: Outputs | None = None
    if any(_uses_output(program) for program in programs.values()):
        outputs = Outputs(derivation.function, derivation.variable, parameters, fmt)
    found: dict[str, Measured] = {}
    for number, (name, program) in enumerate(programs.items()):
        run = _evaluating(program, outputs if _uses_output(program) else None, values, fmt, work)
        rows = tally.empty(sweep.ranges)
        with ThreadPoolExecutor(threads) as pool:
            tasks = {
                pool.submit(sweep.count, run, *span): index
                for index, span in enumerate(sweep.ranges.tolist())
            }
            for done, task in enumerate(as_completed(tasks), start=1):
                rows[tasks[task]] = task.result()
                advance(name, (number + done / len(rows)) / len(programs))
        found[name] = tally.measured(rows, fmt)
    return found


def _uses_output(program: Lowered) -> bool:
    """Whether its second input is an operand, or its result."""
    return 1 in program.outputs or any(1 in operands for _, operands in program.code)


def _evaluating(
    program: Lowered,
    outputs: Outputs | None,
    numbers: Sequence[Array],
    fmt: Format,
    work: Format,
) -> Evaluate:
    def run(values: Array) -> Array:
        saved = outputs(values) if outputs is not None else values
        given = [array.astype(work.dtype) for array in (values, saved)]
        [found] = evaluate(program, [*given, *numbers], work)
        # A constant comes as one number seen again and again.
        return np.ascontiguousarray(fmt.rounded(np.broadcast_to(found, values.shape)))

    return run
