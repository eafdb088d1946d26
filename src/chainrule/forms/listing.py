"""The forms of a derivative, and what each is worth when it is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.deriving.derivation import Derivation
from chainrule.expr.nodes import Expr, Symbol, size, symbols
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import Format
from chainrule.floats.inputs import SAMPLE, inputs
from chainrule.floats.letters import typical_values
from chainrule.floats.measure import Measured, measure
from chainrule.floats.truth import truth
from chainrule.forms.search.search import search as search_forms
from chainrule.forms.sweeping import measured_by_sweep
from chainrule.program.lower import COMPARISONS, Lowered, lower

# Of larger formulas no other form is searched for: it would take minutes.
MAX_SEARCHED = 60
# Of so many forms that were found, the best one without a polynomial is shown beside the best.
_MOST_FOUND = 12
# Operations that cost nothing worth counting, or are not arithmetic.
_FREE = frozenset({"negative", "abs", "undefined"})
_ARITHMETIC = frozenset(
    {"add", "subtract", "multiply", "divide", "select", "logical_and", *COMPARISONS.values()}
)


@dataclass(frozen=True, slots=True)
class ListedForm:
    """One way to compute the derivative.

    Attributes:
        name: "as derived", "simplified", "by the output", "rewritten", "with a polynomial".
        expr: the formula.
        saves: the letters that a backward pass needs from the forward pass, x or y or both.
        operations: additions, multiplications, divisions and choices.
        calls: calls of functions such as exp.
        measured: what it is worth, by the name of the format.
    """

    name: str
    expr: Expr
    saves: tuple[Symbol, ...]
    operations: int
    calls: int
    measured: dict[str, Measured]

    def bytes_saved(self, form: Format) -> int:
        """Bytes kept from the forward pass for each element."""
        return len(self.saves) * form.bits // 8


def forms(
    derivation: Derivation,
    formats: Iterable[Format],
    *,
    sample: int = SAMPLE,
    search: bool = True,
    exhaustive: bool = False,
    threads: int = 1,
    advance: Callable[[str, float], None] = lambda name, part: None,
) -> list[ListedForm]:
    """The forms of a derivative, measured, the best in the last of the formats first.

    With ``search``, which takes some seconds, one that evaluates well is searched for too.
    The inputs are all there are of a format of 16 bits, and a sample of a longer one; or, if
    ``exhaustive``, all 2^32 of float32 and 10^8 of float64, which takes minutes: by ``threads``,
    and ``advance`` is told which is measured and what part of all is done. The parameters have
    their default values, rounded to the format. A form by the output is given the correctly
    rounded output, which is the best that it can be given.

    Raises:
        InputError: a function that nobody defined, or that cannot be computed.
    """
    variable, output = derivation.variable, derivation.output
    values = typical_values(derivation)
    candidates = dict(_candidates(derivation))
    if search:
        candidates |= rewritten(derivation)
    measured: dict[str, dict[str, Measured]] = {name: {} for name in candidates}
    programs: dict[str, Lowered] = {}
    letters = (variable, output, *values)
    for name, expr in candidates.items():
        programs[name] = lower([expr], letters, FUNCTIONS)
    chosen = list(formats)
    for form in chosen:
        rounded = {s: Fraction(float(form.dtype.type(float(v)))) for s, v in values.items()}
        if exhaustive and form.bits > 16:
            worth = measured_by_sweep(
                derivation, programs, rounded, form, threads=threads, advance=advance
            )
        else:
            worth = _measured_at(inputs(form, sample), derivation, programs, rounded, form)
        for name, figures in worth.items():
            measured[name][form.name] = figures
    found = [
        _form(name, expr, programs[name], measured[name], (variable, output))
        for name, expr in candidates.items()
    ]
    return sorted(found, key=lambda row: rank(row, chosen[-1]))


def _measured_at(
    points: npt.NDArray[Any],
    derivation: Derivation,
    programs: Mapping[str, Lowered],
    parameters: Mapping[Symbol, Fraction],
    form: Format,
) -> dict[str, Measured]:
    """What each form is worth at the points."""
    variable = derivation.variable
    slopes = truth(derivation.derivative, variable, points, parameters)
    with np.errstate(over="ignore"):
        outputs = truth(derivation.function, variable, points, parameters).high.astype(form.dtype)
    given = [points, outputs, *(form.dtype.type(float(value)) for value in parameters.values())]
    return {
        name: measure(points, evaluate(program, given, form)[0], slopes, form)
        for name, program in programs.items()
    }


def rank(row: ListedForm, form: Format) -> tuple[bool, int, float, int]:
    """The order in which forms are preferred: faults, then the largest error, then the cost."""
    found = row.measured[form.name]
    return found.count == 0, found.faults, found.largest, row.operations + 8 * row.calls


def _candidates(derivation: Derivation) -> Iterable[tuple[str, Expr]]:
    stage = derivation.stages[-1]
    yield "as derived", stage.raw
    if derivation.derivative is not stage.raw:
        yield "simplified", derivation.derivative
    if derivation.output_form is not None:
        yield "by the output", derivation.output_form.expr


def rewritten(derivation: Derivation) -> dict[str, Expr]:
    """The best form in x that was found, and where it is not good, one with a polynomial."""
    variable, values = derivation.variable, typical_values(derivation)
    forms: dict[str, Expr] = {}
    known = [expr for _, expr in _candidates(derivation) if derivation.output not in symbols(expr)]
    if size(derivation.function, *known) > MAX_SEARCHED:
        return forms
    found = search_forms(
        derivation.function,
        known,
        variable,
        parameters=values,
        limit=_MOST_FOUND,
        approximate=not values,
    )
    exact = [form.expr for form in found if not form.approximate]
    if exact and exact[0] not in known:
        forms["rewritten"] = exact[0]
    if found and found[0].approximate:
        forms["with a polynomial"] = found[0].expr
    return forms


def _form(
    name: str,
    expr: Expr,
    program: Lowered,
    measured: dict[str, Measured],
    letters: Sequence[Symbol],
) -> ListedForm:
    used = symbols(expr)
    operations = [step.operation for step in program.code if step.operation not in _FREE]
    arithmetic = sum(operation in _ARITHMETIC for operation in operations)
    saves = tuple(letter for letter in letters if letter in used)
    return ListedForm(name, expr, saves, arithmetic, len(operations) - arithmetic, measured)
