"""Which expressions a file computes: the candidates for each, measured, and the best of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.audit import evaluate
from chainrule.audit.exponentials import exponential_fraction
from chainrule.audit.formats import Format, format_named
from chainrule.audit.inputs import stratified
from chainrule.audit.measure import Measured, measure
from chainrule.audit.respell import respelled
from chainrule.audit.truth import truth
from chainrule.audit.ulp import Truth, spacing
from chainrule.codegen.approximations import Working, inlined
from chainrule.codegen.lower import lower
from chainrule.codegen.source import Accuracy
from chainrule.derivations import Derivation
from chainrule.errors import InputError
from chainrule.expr.nodes import Expr, Symbol, call, depends_on, substitute

Array = npt.NDArray[Any]
SAMPLE = 3_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to compute something.

    Attributes:
        name: where it comes from, in words.
        expr: the expression, in ``saved`` and in parameters.
        saved: the variable, the output, or both.
        measured: its errors; ``None`` until it is measured.
        steps: how many operations it takes.
    """

    name: str
    expr: Expr
    saved: tuple[Symbol, ...]
    measured: Measured | None = None
    steps: int = 0

    @property
    def rank(self) -> tuple[float, ...]:
        """Smaller is better: faults, the largest error, what is saved, operations.

        Errors count as one if they are within a quarter of an ULP, or of themselves.
        """
        assert self.measured is not None
        largest = self.measured.largest
        error = np.ceil(4 * np.log2(max(largest, 0.5) + 0.25)) if largest == largest else np.inf
        return (self.measured.faults, float(error), len(self.saved), self.steps)


@dataclass(frozen=True, slots=True)
class Laboratory:
    """What candidates are measured with.

    Attributes:
        variable: what the inputs are values of.
        form: the format of inputs and results.
        work: the format of the arithmetic.
        inputs: values of the variable.
        fixed: the values of all other letters.
        working: whose elementary functions are called.
    """

    variable: Symbol
    form: Format
    work: Format
    inputs: Array
    fixed: Mapping[Symbol, Fraction]
    working: Working = "library"

    def truth(self, expr: Expr) -> Truth:
        return truth(expr, self.variable, self.inputs, self.fixed)

    def values(self, expr: Expr, arrays: Mapping[Symbol, Array]) -> tuple[Array, int]:
        """What the arithmetic makes of it, rounded once, and by how many operations."""
        result, steps = self._computed(expr, arrays)
        with np.errstate(all="ignore"):
            return result.astype(self.form.dtype), steps

    def _computed(self, expr: Expr, arrays: Mapping[Symbol, Array]) -> tuple[Array, int]:
        letters = (*arrays, *self.fixed)
        program = inlined(lower([expr], letters, evaluate.FUNCTIONS), self.working)
        given = [array.astype(self.work.dtype) for array in arrays.values()]
        given += [np.asarray(float(value), self.work.dtype) for value in self.fixed.values()]
        [result] = evaluate.evaluate(program, given, self.work)
        # A function of any library takes as long as about what it is here.
        steps = len(inlined(program, "short").code)
        return np.broadcast_to(result, self.inputs.shape), steps

    def before_rounding(
        self, candidate: Candidate, exact: Truth, known: Mapping[Symbol, Array]
    ) -> float:
        """The largest error that a result has before it is rounded to the format, in its ULP.

        It tells at a thousand inputs what the error after rounding shows at one in a million.
        """
        arrays = {symbol: known[symbol] for symbol in candidate.saved}
        result, _ = self._computed(candidate.expr, arrays)
        with np.errstate(all="ignore"):
            normal = np.abs(result.astype(self.form.dtype)) < np.inf
            off = np.abs((result - exact.high) - exact.low) / spacing(exact.high, self.form)
        return float(np.max(off, where=exact.known & normal, initial=0.0))

    def best(
        self, candidates: Sequence[Candidate], exact: Truth, known: Mapping[Symbol, Array]
    ) -> Candidate:
        """The candidate of the best rank; the first of equals."""
        measured = []
        for candidate in candidates:
            arrays = {symbol: known[symbol] for symbol in candidate.saved}
            results, steps = self.values(candidate.expr, arrays)
            errors = measure(self.inputs, results, exact, self.form)
            measured.append(replace(candidate, measured=errors, steps=steps))
        return min(measured, key=lambda candidate: candidate.rank)


def laboratory(
    variable: Symbol, dtype: str, accuracy: Accuracy, fixed: Mapping[Symbol, Fraction]
) -> Laboratory:
    """A sample over the whole format, and as many inputs again of everyday size."""
    form = format_named(dtype)
    arithmetic = "float64" if accuracy == "best" else "float32" if form.bits == 16 else dtype
    work = format_named(arithmetic)
    everywhere = stratified(form, SAMPLE)
    usual = stratified(form, 40 * SAMPLE)
    size = np.abs(usual.astype(np.float64))
    usual = usual[(size > 2.0**-6) & (size < 2.0**6)]
    inputs = np.concatenate([everywhere, usual[:: max(len(usual) // SAMPLE, 1)]])
    # What a file holds is the parameter as it is stored in the format of the arithmetic.
    stored = {s: Fraction(float(np.asarray(float(v), work.dtype))) for s, v in fixed.items()}
    return Laboratory(variable, form, work, inputs, stored)


def forward_candidates(
    function: Expr, variable: Symbol, more: Mapping[str, Expr]
) -> list[Candidate]:
    """The function, as it is and respelled, and what else it is said to be."""
    found = {"as it was given": function, "respelled": respelled(function), **more}
    fraction = exponential_fraction(function, variable)
    if fraction is not None:
        found["as a fraction in one exponential"] = fraction
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
        found |= _variants(found, variable) | dict(more) | _in_one_exponential(derivation)
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


def _in_one_exponential(derivation: Derivation) -> dict[str, Expr]:
    found = exponential_fraction(derivation.derivative, derivation.variable)
    return {} if found is None else {"as a fraction in one exponential": found}


def second_candidates(derivation: Derivation, saved: Sequence[Symbol]) -> list[Candidate]:
    """The derivative of a gradient by one of what is saved."""
    found = {"simplified": derivation.derivative, "as derived": derivation.raw}
    if len(saved) == 1:
        found |= _variants(found, derivation.variable)
    return [Candidate(name, expr, tuple(saved)) for name, expr in _distinct(found)]


def _variants(found: Mapping[str, Expr], variable: Symbol) -> dict[str, Expr]:
    """The same, respelled, and for an even derivative with |x| or −|x| instead of x.

    Whether it is even is not asked: a candidate that is wrong is measured to be so.
    """
    size = call("abs", variable)
    more = {f"{name}, respelled": respelled(expr) for name, expr in found.items()}
    both = {**found, **more}
    for name, expr in both.items():
        more[f"{name}, of |{variable}|"] = substitute(expr, {variable: size})
        more[f"{name}, of -|{variable}|"] = substitute(expr, {variable: -size})
    return more


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
