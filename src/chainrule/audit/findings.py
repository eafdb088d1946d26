"""A fault of somebody's function or gradient, looked at closely.

At a round input: what comes out, the exact value to 50 digits, and where forms of the formula
tell, which of them loses the digits, at which operation, and which keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.audit.excuses import at_limits, neighbours, right_nearby
from chainrule.audit.frameworks.implementation import Computed, Function, Implementation
from chainrule.deriving.derivation import Derivation
from chainrule.errors import InputError
from chainrule.expr.nodes import Comparison, Expr, Symbol, postorder, substitute
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import Format, format_named
from chainrule.floats.letters import typical_values
from chainrule.floats.measure import Measured
from chainrule.floats.truth import truth
from chainrule.floats.ulp import Truth, errors, faults
from chainrule.forms.listing import ListedForm
from chainrule.program.lower import lower
from chainrule.verify.certified import ELLIPSIS, decimal

Array = npt.NDArray[Any]

DIGITS = 50
"""Of an exact value: more than three times those of float64."""
LARGE_ERROR = "large error"
"""The kind of fault that is none of those of ``ulp.faults``: a number, but not the right one."""
LOST = 1000.0
"""In ULP: an operation that is off by this much, from operands that are not, has lost the digits;
in a format of few digits, a sixteenth of them all."""
LONGEST = 160
"""Letters of a formula; a longer one is no help to anybody."""
FINE = 1.0
"""What a form is off by at most that keeps them."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a formula is worth at the input, computed in the dtype.

    Attributes:
        name: of the form.
        formula: as text.
        got: the result.
        error: in ULP.
        fault: the kind of its fault, "" if there is none.
        lost: the first operation that loses digits its operands still have, with what it gives
            and should give, as text; ``None`` if no single one does.
    """

    name: str
    formula: str
    got: float
    error: float
    fault: str
    lost: tuple[str, float, str] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, with all that its page says.

    Attributes:
        implementation: whose.
        kind: whether of the gradient or of the function itself.
        fault: "not finite", "early zero", "wrong sign" or ``LARGE_ERROR``.
        at: the input.
        got: what comes out there.
        exact: what should, to 50 digits.
        nearest: the number of the dtype that is nearest to it.
        error: in ULP.
        function: the formula of the function.
        derivative: that of its derivative.
        variable: the letter of the input in these.
        output: the letter that stands for the function's value in a form.
        values: of the letters beside the variable.
        measured: over how many inputs, and what was found there; ``None`` if it was not.
        loses: a form of the derivative, or the function's formula, with the same fault at this
            input.
        keeps: a form that has none.
        kept: what that form is worth over many inputs; ``None`` if it was computed in double
            and rounded once.
    """

    implementation: Implementation
    kind: Computed
    fault: str
    at: float
    got: float
    exact: str
    nearest: float
    error: float
    function: str
    derivative: str
    variable: str
    output: str
    values: Mapping[str, Fraction]
    measured: Measured | None
    loses: Value | None
    keeps: Value | None
    kept: Measured | None


def finding(
    implementation: Implementation,
    derivation: Derivation,
    at: float,
    *,
    kind: Computed = "gradient",
    values: Mapping[str, Fraction] | None = None,
    measured: Measured | None = None,
    forms: list[ListedForm] | None = None,
) -> Finding:
    """What is wrong at an input, or at a rounder number near it with the same fault.

    Args:
        implementation: whose function it is.
        derivation: of what it should compute.
        at: where a fault was found.
        kind: which of its functions.
        values: numbers for the letters beside the variable, as ``Reference.values``.
        measured: what was found over all inputs.
        forms: those of the derivative, with every operation rounded to this dtype, the best first.

    Raises:
        InputError: there is no such function, no exact value, or no fault at this input.
    """
    usual = {symbol.name: value for symbol, value in typical_values(derivation).items()}
    case = _Case(derivation, implementation.format, {**usual, **(values or {})})
    expr = derivation.derivative if kind == "gradient" else derivation.function
    judged = _at_fault(case, implementation, kind, expr, at)
    point = judged.point
    there = {derivation.variable: Fraction(float(point[0])), **case.parameters}
    digits = decimal(expr, there, digits=DIGITS)
    if digits is None:
        raise InputError(f"the exact value at {float(point[0])!r} cannot be told")
    loses = case.loses(case.textbook() if kind == "gradient" else {"as defined": expr}, judged)
    keeps, kept = case.keeps(point, forms or []) if kind == "gradient" else (None, None)
    with np.errstate(over="ignore"):
        nearest = judged.exact.high.astype(case.fmt.dtype)
    return Finding(
        implementation=implementation,
        kind=kind,
        fault=judged.fault,
        at=float(point[0]),
        got=float(judged.result[0]),
        exact=digits.text.removesuffix(ELLIPSIS),
        nearest=float(nearest[0]),
        error=judged.error,
        function=str(derivation.function),
        derivative=str(derivation.derivative),
        variable=derivation.variable.name,
        output=derivation.output.name,
        values={symbol.name: value for symbol, value in case.parameters.items()},
        measured=measured,
        loses=loses,
        keeps=keeps,
        kept=kept,
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """One result beside the exact value; arrays of one element."""

    point: Array
    result: Array
    exact: Truth
    fault: str
    error: float


def _judged(point: Array, result: Array, exact: Truth, fmt: Format) -> _Judged:
    off = errors(result, exact, fmt)
    kinds = faults(result, off, exact, fmt)
    named = next((kind for kind, where in kinds.items() if where[0]), "")
    fault = named or (LARGE_ERROR if off[0] > FINE else "")
    return _Judged(point, result, exact, fault, float(off[0]))


def _at_fault(
    case: _Case, implementation: Implementation, kind: Computed, expr: Expr, at: float
) -> _Judged:
    """The fault at an input, or at a rounder number near it."""
    function = implementation.functions().get(kind)
    if function is None:
        raise InputError(f"{implementation.label} has no {kind}")
    judged = case.judge(expr, function, at)
    if not judged.fault:
        raise InputError(f"there is no fault of {implementation.label} at {at!r}")
    return _rounder(case, expr, function, judged, implementation.flushes)


def _rounder(
    case: _Case, expr: Expr, function: Function, judged: _Judged, flushes: bool
) -> _Judged:
    """The same fault, about as large, at the input with the fewest digits nearby.

    One that there is no excuse for does not become one that there is an excuse for.
    """
    excused = case.excused(expr, judged, flushes)
    for places in range(1, 9):
        try:
            nearby = case.judge(expr, function, float(f"{float(judged.point[0]):.{places}g}"))
        except InputError:
            continue
        if nearby.fault == judged.fault and nearby.error >= judged.error / 2:
            if not excused and case.excused(expr, nearby, flushes):
                continue
            return nearby
    return judged


class _Case:
    """A derivation in one format, with numbers for all letters but the variable."""

    def __init__(self, derivation: Derivation, fmt: Format, values: Mapping[str, Fraction]) -> None:
        self.derivation, self.fmt = derivation, fmt
        self.parameters = {Symbol(name): value for name, value in values.items()}

    def exact(self, expr: Expr, point: Array) -> Truth:
        whole = substitute(expr, {self.derivation.output: self.derivation.function})
        return truth(whole, self.derivation.variable, point, self.parameters)

    def judge(self, expr: Expr, function: Function, at: float) -> _Judged:
        """What comes out at the input, rounded to the format.

        Raises:
            InputError: there is none.
        """
        with np.errstate(over="ignore"):
            point = np.full(1, at).astype(self.fmt.dtype)
        exact = self.exact(expr, point)
        if not exact.known[0] or not np.isfinite(point.astype(np.float64)[0]):
            raise InputError(f"there is no exact value at {at!r}")
        return _judged(point, function(point), exact, self.fmt)

    def excused(self, expr: Expr, judged: _Judged, flushes: bool) -> bool:
        """Whether there is an excuse for a fault."""
        point, result, fault, fmt = judged.point, judged.result, judged.fault, self.fmt
        if fault == LARGE_ERROR:
            return False
        if at_limits(fault, point, result, judged.exact, fmt, flushes=flushes)[0]:
            return True
        return right_nearby(result[0], self.exact(expr, neighbours(point[0], fmt)), fmt)

    def value(self, name: str, expr: Expr, point: Array, work: Format | None = None) -> Value:
        """A form, computed in the format, or in another and rounded to it in the end.

        What it needs saved from the forward pass is as good as can be.
        """
        exact = self.exact(expr, point)
        with np.errstate(over="ignore"):
            got = self._compute(expr, point, work or self.fmt).astype(self.fmt.dtype)
        judged = _judged(point, got, exact, self.fmt)
        return Value(name, str(expr), float(got[0]), judged.error, judged.fault)

    def _compute(self, expr: Expr, point: Array, work: Format) -> Array:
        variable, output = self.derivation.variable, self.derivation.output
        with np.errstate(over="ignore"):
            saved = self.exact(self.derivation.function, point).high.astype(self.fmt.dtype)
        numbers = [np.asarray(float(v)).astype(work.dtype) for v in self.parameters.values()]
        program = lower([expr], (variable, output, *self.parameters), FUNCTIONS)
        [found] = evaluate(program, [point, saved, *numbers], work)
        return np.array(found)

    def textbook(self) -> dict[str, Expr]:
        """The forms of the derivative that a textbook ends with."""
        stage, output_form = self.derivation.stages[-1], self.derivation.output_form
        found = {"as derived": stage.raw, "simplified": self.derivation.derivative}
        if output_form is not None:
            found["by the output"] = output_form.expr
        return found

    def loses(self, candidates: Mapping[str, Expr], judged: _Judged) -> Value | None:
        """The shortest of the forms that has the same fault, with where it comes from.

        One that is off by much less has not the same fault.
        """
        for name, expr in sorted(candidates.items(), key=lambda item: len(str(item[1]))):
            found = self.value(name, expr, judged.point)
            if found.fault == judged.fault and found.error >= judged.error / 2:
                lost = self._lost(expr, judged.point)
                return Value(name, str(expr), found.got, found.error, judged.fault, lost)
        return None

    def _lost(self, expr: Expr, point: Array) -> tuple[str, float, str] | None:
        fine: dict[Expr, bool] = {}
        most = min(LOST, 2.0 ** (self.fmt.precision - 4))
        for node in postorder(expr):
            if isinstance(node, Comparison):
                fine[node] = True
                continue
            exact = self.exact(node, point)
            got = self._compute(node, point, self.fmt)
            with np.errstate(over="ignore"):
                nearest = exact.high.astype(self.fmt.dtype)
            underflow = got[0] == 0 and nearest[0] != 0
            # An infinity may be the nearest there is; what comes of it is lost all the same.
            overflow = np.isinf(got[0]) and np.isfinite(exact.high[0])
            close = errors(got, exact, self.fmt)[0] < most
            fine[node] = bool(close and not underflow and not overflow)
            # What has no value is in a branch that is not taken.
            if not fine[node] and exact.known[0] and all(fine[arg] for arg in node.args):
                there = {self.derivation.variable: Fraction(float(point[0])), **self.parameters}
                whole = substitute(node, {self.derivation.output: self.derivation.function})
                digits = decimal(whole, there, digits=12)
                if digits is not None:
                    return str(node), float(got[0]), digits.text.removesuffix(ELLIPSIS)
        return None

    def keeps(self, point: Array, forms: list[ListedForm]) -> tuple[Value | None, Measured | None]:
        """The best form that is right here and has no fault anywhere, and what it is worth.

        If the format has none, one that is right here when it is computed in double.
        """
        short = [form for form in forms if len(str(form.expr)) <= LONGEST]
        for form in short:
            measured = form.measured
            found = self.value(form.name, form.expr, point)
            if not measured.faults and found.error <= FINE:
                return found, measured
        double = format_named("float64")
        for form in short if self.fmt is not double else []:
            found = self.value(form.name, form.expr, point, double)
            if found.error <= FINE:
                return found, None
        return None, None
