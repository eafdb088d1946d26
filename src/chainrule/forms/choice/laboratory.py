"""Which expressions a file computes: the candidates for each, measured, and the best of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.deriving.derivation import Derivation
from chainrule.elementary.approximations import functions
from chainrule.elementary.arithmetic import PRIMITIVES, Working
from chainrule.errors import InputError
from chainrule.expr.nodes import Expr, Symbol, call, depends_on, negate, substitute
from chainrule.floats import evaluate, exactness
from chainrule.floats.critical_points import around, landmarks, places, unique
from chainrule.floats.formats import Format, format_named
from chainrule.floats.inputs import every, stratified, usual
from chainrule.floats.letters import as_stored
from chainrule.floats.measure import measure, worse
from chainrule.floats.positions import positions
from chainrule.floats.truth import truth
from chainrule.floats.ulp import Flags, Floats, Truth, distance, errors_before
from chainrule.forms.candidate import Candidate
from chainrule.forms.candidates.conjugates import conjugated
from chainrule.forms.candidates.exponentials import exponential_fractions
from chainrule.forms.candidates.regimes import Regime
from chainrule.forms.candidates.respell import respelled
from chainrule.forms.candidates.signs import collected
from chainrule.program.inlining import contracted, inlined, uses
from chainrule.program.kernel_spec import Accuracy
from chainrule.program.lower import COMPARISONS, Lowered, lower
from chainrule.verify.check import equal

Array = npt.NDArray[Any]
# Inputs of either kind. In ball arithmetic, at 15 µs each, their values take a tenth of a second.
SAMPLE = 3_000
# So many times more of everyday size in float64, where nothing is rounded once more.
_MORE = 3
# Errors in ULP that are small enough: of what is computed in double and rounded once, of what is
# computed in a format of 32 bits or less, and in float64. At a sample somewhat less is asked for
# than is promised for every input; the less, the more inputs there are.
ROUNDED_ONCE, FEW_ULP, FEW_ULP_OF_DOUBLE = 0.508, 1.75, 1.25
# A call of a function takes as long as so many additions.
_CALL = 8
# A division in vector code takes as long as so many.
_DIVISION = 6
_ARITHMETIC = frozenset(
    ("add", "subtract", "multiply", "divide", "negative", "abs", "select", "logical_and", "max")
) | {"min", "undefined", "sqrt", "floor", *COMPARISONS.values(), *PRIMITIVES}


@dataclass(frozen=True, slots=True)
class Laboratory:
    """What candidates are measured with.

    Attributes:
        variable: what the inputs are values of.
        fmt: the format of inputs and results.
        work: the format of the arithmetic.
        inputs: values of the variable.
        spread: those of the inputs that were not sought out as hard ones.
        fixed: the values of all other letters.
        allowed: an error in ULP that is small enough.
        working: whose elementary functions are called.
        excluded: values that are no inputs.
        memory: what is known of the truth about expressions, by the positions of inputs.
        rewritten: what saturation found for parts of the line, which takes seconds.
    """

    variable: Symbol
    fmt: Format
    work: Format
    inputs: Array
    spread: Array
    fixed: Mapping[Symbol, Fraction]
    allowed: float
    working: Working = "library"
    excluded: tuple[float, ...] = ()
    memory: dict[Expr, dict[int, tuple[float, float, int, bool]]] = field(default_factory=dict)
    rewritten: dict[Regime, list[Expr]] = field(default_factory=dict)

    def without(self, points: Sequence[float]) -> Laboratory:
        """The same without some inputs, and without them when there are more."""
        return replace(self, inputs=self._kept(self.inputs, points), excluded=tuple(points))

    def _kept(self, inputs: Array, points: Sequence[float]) -> Array:
        found: Array = inputs[~np.isin(inputs.astype(np.float64), np.array(points, np.float64))]
        return found

    def at_all_inputs(self) -> Laboratory:
        """The same with all inputs of a format of 16 bits."""
        return replace(self, inputs=self._kept(every(self.fmt), self.excluded))

    def at_places(self, exprs: Iterable[Expr]) -> Laboratory:
        """The same, with more inputs: near roots, kinks and thresholds of these expressions."""
        letters = (self.variable, *self.fixed)
        fixed = [np.asarray(float(value), self.work.dtype) for value in self.fixed.values()]
        found = [landmarks(self.fmt)]
        sample = np.concatenate([stratified(self.fmt, SAMPLE), usual(self.fmt, SAMPLE)])
        for expr in exprs:
            program = lower([expr], letters, evaluate.FUNCTIONS)
            found.append(places(program, fixed, sample, self.fmt, self.work))
        return self.also(around(np.unique(np.concatenate(found)), self.fmt))

    def also(self, more: Array) -> Laboratory:
        """The same, with more inputs."""
        inputs = unique([self.inputs, more], self.fmt)
        return replace(self, inputs=self._kept(inputs, self.excluded))

    def spread_to(self, more: Array) -> Laboratory:
        """The same, with more inputs that count as a fair sample."""
        spread = unique([self.spread, more], self.fmt) if more.size else self.spread
        return replace(self.also(more), spread=spread)

    @property
    def sought_out(self) -> Flags:
        """Which of the inputs are no fair sample."""
        found: Flags = ~np.isin(self.inputs, self.spread)
        return found

    def truth(self, expr: Expr) -> Truth:
        """The values of an expression at the inputs."""
        known = self.memory.setdefault(expr, {})
        rows = positions(self.inputs, self.fmt).tolist()
        new = np.array([row not in known for row in rows], np.bool_)
        found = truth(expr, self.variable, self.inputs[new], self.fixed, self.fmt)
        parts = (found.high, found.low, found.sign, found.known)
        values = zip(*(part.tolist() for part in parts), strict=True)
        known |= dict(zip(np.array(rows)[new].tolist(), values, strict=True))
        high, low, sign, told = zip(*(known[row] for row in rows), strict=True)
        return Truth(
            np.array(high), np.array(low), np.array(sign, np.int8), np.array(told, np.bool_)
        )

    def values(self, expr: Expr, arrays: Mapping[Symbol, Array]) -> tuple[Array, int]:
        """What the arithmetic makes of it, rounded once, and by how many operations."""
        result, steps = self.computed(expr, arrays)
        return self.fmt.rounded(result), steps

    def computed(
        self, expr: Expr, arrays: Mapping[Symbol, Array], *, together: bool = False
    ) -> tuple[Array, int]:
        """What the arithmetic makes of it, not rounded yet, and by how many operations.

        With ``together`` products and sums are rounded once, where compilers may do so.
        """
        plain = self._lowered(expr, arrays)
        program = inlined(plain, self.working)
        program = contracted(program) if together else program
        given = self._given(arrays)
        [result] = evaluate.evaluate(program, given, self.work)
        # A function of any library takes as long as about what it is here.
        code = inlined(plain, "short").code
        calls = sum(step.operation not in _ARITHMETIC for step in code)
        shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
        return np.broadcast_to(np.asarray(result), shape), len(code) + _CALL * calls

    def program(self, expr: Expr, letters: Iterable[Symbol]) -> Lowered:
        """What is evaluated: of values of the letters, then of the fixed ones."""
        return inlined(self._lowered(expr, letters), self.working)

    def calls(self, candidate: Candidate) -> bool:
        """Whether it takes functions of a library."""
        program = self.program(candidate.expr, candidate.saved)
        return any(step.operation not in _ARITHMETIC for step in program.code)

    def in_vectors(self, expr: Expr) -> int:
        """As long as how many additions it takes by vector instructions, from the variable."""
        program = contracted(self.program(expr, (self.variable,)))
        used = uses(program)
        first = len(program.inputs) + len(program.constants)
        return sum(
            _DIVISION if operation == "divide" else 1
            for number, (operation, _) in enumerate(program.code, first)
            # Instructions that multiply and add have forms with either sign.
            if used[number] and operation != "negative"
        )

    def _lowered(self, expr: Expr, arrays: Iterable[Symbol]) -> Lowered:
        functions_ = evaluate.FUNCTIONS | functions(self.working)
        return lower([expr], (*arrays, *self.fixed), functions_)

    def _given(self, arrays: Mapping[Symbol, Array]) -> list[Array]:
        given = [array.astype(self.work.dtype) for array in arrays.values()]
        fixed = [np.asarray(float(value), self.work.dtype) for value in self.fixed.values()]
        return given + fixed

    def exact(self, expr: Expr, arrays: Mapping[Symbol, Array]) -> Flags:
        """Where the arithmetic rounds nothing on the way to the result (see ``exactness``)."""
        return exactness.exact(self._lowered(expr, arrays), self._given(arrays), self.work)

    def before_rounding(
        self, candidate: Candidate, exact: Truth, known: Mapping[Symbol, Array]
    ) -> float:
        """The largest error that a result has before it is rounded to the format, in its ULP."""
        arrays = {symbol: known[symbol] for symbol in candidate.saved}
        result, _ = self.computed(candidate.expr, arrays)
        with np.errstate(all="ignore"):
            normal = np.abs(self.fmt.rounded(result)) < np.inf
            off = distance(result, exact, self.fmt)
        return float(np.max(off, where=exact.known & normal, initial=0.0))

    def hidden(self, computed: Array, exact: Truth) -> Floats:
        """What rounding hides: the error of each result before it, in ULP of the format.

        0 at inputs that were sought out, and where nothing is rounded any more.
        """
        if self.fmt is self.work:
            return np.zeros(self.inputs.shape)
        return np.where(self.sought_out, 0.0, errors_before(computed, exact, self.fmt))

    def best(
        self, candidates: Sequence[Candidate], exact: Truth, known: Mapping[Symbol, Array]
    ) -> Candidate:
        """The candidate of the best rank; the first of equals."""
        measured = [self.measured(candidate, exact, known) for candidate in candidates]
        return min(measured, key=lambda candidate: candidate.rank(self.allowed))

    def measured(
        self, candidate: Candidate, exact: Truth, known: Mapping[Symbol, Array]
    ) -> Candidate:
        """The candidate with its errors; in float32 with those of either way to round."""
        arrays = {symbol: known[symbol] for symbol in candidate.saved}
        result, steps = self.computed(candidate.expr, arrays)
        errors = measure(self.inputs, self.fmt.rounded(result), exact, self.fmt)
        if self.working == "single":
            other, _ = self.computed(candidate.expr, arrays, together=True)
            errors = worse(errors, measure(self.inputs, self.fmt.rounded(other), exact, self.fmt))
        before = float(np.max(self.hidden(result, exact), initial=0.0))
        return replace(candidate, measured=errors, before=before, steps=steps)


def laboratory(
    variable: Symbol,
    dtype: str,
    accuracy: Accuracy,
    fixed: Mapping[Symbol, Fraction],
    *,
    arguments: Collection[Symbol] = (),
    arithmetic: str | None = None,
    sample: int = SAMPLE,
) -> Laboratory:
    """A sample over the whole format, and as many inputs again of everyday size.

    Args:
        variable: the variable.
        dtype: the format of inputs and results.
        accuracy: what errors are allowed.
        fixed: values of all other letters.
        arguments: those of them that are arrays like the inputs, and stored as they are.
        arithmetic: the format of the arithmetic; if left out, float64 for "best", and for "fast"
            the dtype, or float32 where that has 16 bits.
        sample: how many inputs of either kind.
    """
    fmt = format_named(dtype)
    if arithmetic is None:
        arithmetic = "float64" if accuracy == "best" else "float32" if fmt.bits == 16 else dtype
    work = format_named(arithmetic)
    # A float64 that is not rounded once more shows an error of its form at few inputs.
    everyday = usual(fmt, sample if fmt.bits < 64 else _MORE * sample)
    inputs = unique([stratified(fmt, sample), everyday], fmt)
    stored = as_stored(fixed, arguments, fmt, work)
    rounded_once = accuracy == "best" and work is not fmt
    few = FEW_ULP_OF_DOUBLE if work.bits == 64 else FEW_ULP
    allowed = ROUNDED_ONCE if rounded_once else few
    return Laboratory(variable, fmt, work, inputs, inputs, stored, allowed)


def forward_candidates(
    function: Expr, variable: Symbol, more: Mapping[str, Expr]
) -> list[Candidate]:
    """The function, as it is and respelled, and what else it is said to be."""
    found = {"as it was given": function, **more}
    found |= _variants(found, variable, function)
    found |= exponential_fractions(function, variable)
    return [Candidate(name, expr, (variable,)) for name, expr in _distinct(found)]


def gradient_candidates(
    derivation: Derivation, forward: Expr, save: str, more: Mapping[str, Expr]
) -> list[Candidate]:
    """Everything that is a derivative, from the input, from the output, or from both.

    Raises:
        InputError: the output was asked for, and there is no such form.
    """
    variable, output = derivation.variable, derivation.output
    by_output = derivation.output_form.expr if derivation.output_form is not None else None
    found: dict[str, Expr] = {}
    if save != "output":
        found |= {"simplified": derivation.derivative, "as derived": derivation.raw}
        if by_output is not None:
            found["the form by the output"] = substitute(by_output, {output: forward})
        more_forms = dict(more) | exponential_fractions(derivation.derivative, variable)
        found |= _variants(found, variable, derivation.derivative) | more_forms
    if save != "input" and by_output is not None:
        found["by the output"] = by_output
        found["by the output, respelled"] = respelled(by_output)
    if save == "output" and by_output is None:
        raise InputError(
            "the derivative has no form by the function's own output",
            hint="--save input always works",
        )
    return [
        Candidate(name, expr, saved_by(expr, variable, output)) for name, expr in _distinct(found)
    ]


def second_candidates(derivation: Derivation, saved: Sequence[Symbol]) -> list[Candidate]:
    """The derivative of a gradient by one of what is saved."""
    found = {"simplified": derivation.derivative, "as derived": derivation.raw}
    if len(saved) == 1:
        found |= _variants(found, derivation.variable, derivation.derivative)
    return [Candidate(name, expr, tuple(saved)) for name, expr in _distinct(found)]


def _variants(found: Mapping[str, Expr], variable: Symbol, derivative: Expr) -> dict[str, Expr]:
    """The same, respelled, by conjugates, and for an even derivative with |x| or −|x| for x."""
    size = call("abs", variable)
    more = {f"{name}, respelled": respelled(expr) for name, expr in found.items()}
    more |= {f"{name}, by conjugates": conjugated(expr, variable) for name, expr in found.items()}
    if not _is_even(derivative, variable):
        return more
    both = {**found, **more}
    for name, expr in both.items():
        more[f"{name}, of |{variable}|"] = substitute(expr, {variable: size})
        more[f"{name}, of -|{variable}|"] = collected(substitute(expr, {variable: -size}))
    return more


def _is_even(expr: Expr, variable: Symbol) -> bool:
    mirrored = substitute(expr, {variable: negate(variable)})
    return equal(expr, mirrored, variable=variable).holds


def _distinct(found: Mapping[str, Expr]) -> Iterator[tuple[str, Expr]]:
    seen: set[Expr] = set()
    for name, expr in found.items():
        if expr not in seen:
            seen.add(expr)
            yield name, expr


def saved_by(expr: Expr, variable: Symbol, output: Symbol) -> tuple[Symbol, ...]:
    """What an expression is computed from; the variable if it is a constant."""
    used = tuple(s for s in (variable, output) if depends_on(expr, s))
    return used or (variable,)
