"""A pool of equal expressions: found part by part of the line, measured at the whole sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.balls.arithmetic import approximate
from chainrule.expr.nodes import (
    Call,
    Comparison,
    Expr,
    Number,
    Symbol,
    negate,
    postorder,
    substitute,
    symbols,
)
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import Format, format_named
from chainrule.floats.inputs import stratified
from chainrule.floats.truth import truth
from chainrule.floats.ulp import Floats, Truth
from chainrule.forms.candidates.patches import patches
from chainrule.forms.candidates.regimes import Regime, elementary, lettered, regimes, seeds
from chainrule.forms.candidates.signs import collected
from chainrule.forms.search.extraction import FAULT_BITS, Inputs, extract, fault_or_bits
from chainrule.forms.search.saturation import saturate
from chainrule.program.lower import lower

# Inputs of the sample: over all bit patterns, and where formulas have their features.
_WIDE, _NEAR = 1500, 1500
_NEAR_EXPONENTS = (-12.0, 8.0)
# Inputs of one part for the extraction, of the same two kinds, and where what is known is worst.
_FEW_WIDE, _FEW_NEAR, _FEW_WORST = 40, 90, 30
# Errors up to this many bits are what a handful of correctly rounded operations makes.
_GOOD_BITS = 1.6
_BAD_BITS = 2.5
# Expressions of a part that are kept, by each measure.
_KEPT_BY_EACH = 5
_OPERATION_COST = 5e-4
# Other formats than the one asked for count less, at every so manieth input.
_OTHERS = ("float16", "float32", "float64")
_THINNED, _WEIGHT_OF_OTHERS = 3, 0.5


@dataclass(frozen=True, slots=True)
class SearchSample:
    """Inputs in a format, increasing, and the truth at them."""

    form: Format
    values: npt.NDArray[Any]
    truth: Truth


class Pool:
    """Equal expressions with what each costs at every input of the sample.

    Attributes:
        given: the formulas that are to be replaced.
        regimes: the parts of the line.
        switches: where the parts meet.
        samples: inputs and the truth, first in the format that is asked for, then in others in
            which a form should be of some use too.
        positions: all inputs, one sample after the other.
        costs: for each expression its cost at every one of them.
        stand_ins: polynomials, and what they stand for.
        centers: the points around which they are polynomials.
    """

    def __init__(
        self,
        function: Expr,
        candidates: Sequence[Expr],
        variable: Symbol,
        parameters: Mapping[Symbol, Fraction],
        form: Format,
    ) -> None:
        self.variable, self.parameters, self.form = variable, parameters, form
        self.variables = (variable, *parameters)
        self.given = [elementary(candidate) for candidate in candidates]
        self.regimes = regimes(self.given, variable, parameters)
        lows = [regime.low for regime in self.regimes if regime.low is not None]
        self.switches = sorted({number(low, parameters) for low in lows})
        others = [row for row in map(format_named, _OTHERS) if row is not form]
        self.samples = [
            self._sample(function, form, 1),
            *(self._sample(function, other, _THINNED) for other in others),
        ]
        self.positions = np.concatenate([one.values.astype(np.float64) for one in self.samples])
        self._counted = np.concatenate([one.truth.known for one in self.samples])
        self.costs: dict[Expr, Floats] = {}
        self.stand_ins: dict[Expr, Expr] = {}
        self.centers: list[float] = []
        for expr in self.given:
            self._enter(expr)

    # --- measuring -----------------------------------------------------------------------------
    def _sample(self, function: Expr, form: Format, every: int) -> SearchSample:
        values = sample(form)[::every]
        found = truth(self.given[0], self.variable, values, self.parameters)
        defined = truth(elementary(function), self.variable, values, self.parameters)
        known = found.known & defined.known
        return SearchSample(form, values, Truth(found.high, found.low, found.sign, known))

    def results(self, expr: Expr, one: SearchSample) -> tuple[npt.NDArray[Any], int]:
        """The values at a sample, and the number of operations."""
        program = lower([expr], self.variables, FUNCTIONS)
        dtype = one.form.dtype
        fixed = [np.asarray(float(value)).astype(dtype) for value in self.parameters.values()]
        [found] = evaluate(program, [one.values, *fixed], one.form)
        return found, len(program.code)

    def _enter(self, expr: Expr) -> None:
        if expr in self.costs:
            return
        columns = []
        for one in self.samples:
            results, operations = self.results(expr, one)
            bits = fault_or_bits(results, one.truth, one.form)
            over = np.maximum(bits - _GOOD_BITS, 0.0) ** 2
            weight = 1.0 if one is self.samples[0] else _WEIGHT_OF_OTHERS
            columns.append(weight * over + _OPERATION_COST * operations)
        self.costs[expr] = np.where(self._counted, np.concatenate(columns), 0.0)

    # --- finding -------------------------------------------------------------------------------
    def fill(self, best: Expr | None = None) -> None:
        """Expressions for the parts of the line.

        Args:
            best: what was found before; it is improved where it is worst, with the identities
                that are applied only once.
        """
        split = best is not None
        worst = np.empty(0) if best is None else self._worst(best)
        for regime in self.regimes:
            points = self._few(regime, worst)
            if not len(points):
                continue
            if any(isinstance(node, Comparison) for node in postorder(*regime.exprs)):
                # Where the cases meet could not be told: they are left as they are.
                self._promising(list(regime.exprs), regime)
                continue
            starts = dict.fromkeys(regime.exprs)
            for expr in regime.exprs:
                starts |= dict.fromkeys(seeds(expr, self.variable, self.parameters))
            self._promising(list(starts), regime)
            self._explore(list(starts), {}, regime, points, split)
            shorter, meanings = lettered(list(starts), self.variable)
            if meanings:
                self._explore(shorter, meanings, regime, points, split)

    def _explore(
        self,
        starts: Sequence[Expr],
        meanings: Mapping[Symbol, Expr],
        regime: Regime,
        points: npt.NDArray[Any],
        split: bool,
    ) -> None:
        """Saturation of one graph, and what of it promises something."""
        positive = [name for name, value in self.parameters.items() if value > 0]
        graph = saturate(starts, [self.variable, *positive], split=split)
        fixed = [
            np.full(len(points), float(value)).astype(self.form.dtype)
            for value in self.parameters.values()
        ]
        inputs = Inputs(self.variables, (points, *fixed), self.form, meanings)
        found = [substitute(one.expr, meanings) for one in extract(graph, inputs)]
        self._promising(found, regime)

    def _worst(self, expr: Expr) -> Floats:
        """Inputs at which an expression has large errors, from the whole line."""
        asked = self.samples[0]
        bits = fault_or_bits(self.results(expr, asked)[0], asked.truth, self.form)
        places = np.flatnonzero(bits > _BAD_BITS)
        parts = [part for part in np.array_split(places, _FEW_WORST) if len(part)]
        chosen = [int(part[bits[part].argmax()]) for part in parts]
        found: Floats = asked.values[chosen].astype(np.float64)
        return found

    def _few(self, regime: Regime, worst: Floats) -> npt.NDArray[Any]:
        """Inputs for the extraction: sizes of the variable in this part, increasing."""
        low, high = _ends(regime, self.parameters)
        form = self.form
        near = np.exp2(np.linspace(-14.0, 8.0, _FEW_NEAR)) * 1.0003
        # Subnormal numbers are left out: what is lost there no rewriting brings back.
        wide = np.exp2(np.linspace(form.least_exponent, -form.least_exponent, _FEW_WIDE))
        sizes = np.concatenate([near, wide, -worst if regime.mirrored else worst])
        if high < inf:
            sizes = np.concatenate([sizes, low + (high - low) * np.linspace(0.005, 0.995, 60)])
        sizes = np.unique(sizes[(sizes > low) & (sizes < high)].astype(form.dtype))
        return sizes[np.isfinite(sizes.astype(np.float64))]

    def _promising(self, exprs: Sequence[Expr], regime: Regime) -> None:
        """Of a part's expressions those go on that are among the best somewhere in it."""
        low, high = _ends(regime, self.parameters)
        sizes = -self.positions if regime.mirrored else self.positions
        inside = np.flatnonzero((sizes > low) & (sizes < high) & self._counted)
        inside = inside[np.argsort(sizes[inside], kind="stable")]
        if not len(inside):
            return
        back: dict[Expr, Expr] = {self.variable: negate(self.variable)} if regime.mirrored else {}
        tidied = [collected(substitute(expr, back)) for expr in exprs]
        costs = []
        for expr in tidied:
            self._enter(expr)
            costs.append(self.costs[expr][inside])
        # Quarters of the part, and the whole of it.
        parts = [np.arange(len(inside)), *np.array_split(np.arange(len(inside)), 4)]
        kept: dict[Expr, None] = {}
        for part in parts:
            totals = [float(cost[part].sum()) for cost in costs]
            ranked = sorted(range(len(tidied)), key=totals.__getitem__)
            kept |= dict.fromkeys(exprs[i] for i in ranked[:_KEPT_BY_EACH])
        wanted = {collected(substitute(expr, back)) for expr in kept}
        for expr in tidied:
            if expr not in wanted and expr not in self.given:
                self.costs.pop(expr, None)
        size = Call("abs", (self.variable,))
        for expr in kept:
            self._enter(collected(substitute(expr, {self.variable: size})))

    def patch(self) -> None:
        """Polynomials near 0 and near zeros, among the expressions to choose from."""
        asked = self.samples[0]
        values = asked.values.astype(np.float64)
        for found in patches(self.given[0], self.variable, values, asked.truth):
            self.centers.append(found.center)
            for polynomial in found.polynomials:
                self.stand_ins[polynomial] = self.given[0]
                self._enter(polynomial)

    def forbid(self, expr: Expr, low: float, high: float) -> None:
        """An expression is not to be chosen where it does not hold."""
        x = self.positions
        inside = (x >= low) & (x < high) & self._counted
        costs = self.costs[expr]
        self.costs[expr] = np.where(inside, FAULT_BITS**2, costs)


def sample(form: Format) -> npt.NDArray[Any]:
    """The inputs that expressions are measured at, the same in every run, increasing."""
    wide = stratified(form, _WIDE)
    low, high = _NEAR_EXPONENTS
    near = np.exp2(np.linspace(low, min(high, -form.least_exponent), _NEAR // 2))
    near = near.astype(form.dtype)
    values = np.concatenate([wide, near, -near])
    # −0 and 0 are different inputs: the order is by value, then as they came.
    return values[np.argsort(values.astype(np.float64), kind="stable")]


def _ends(regime: Regime, parameters: Mapping[Symbol, Fraction]) -> tuple[float, float]:
    """Between which sizes of the variable the part lies."""
    low = -inf if regime.low is None else number(regime.low, parameters)
    high = inf if regime.high is None else number(regime.high, parameters)
    return (-high, -low) if regime.mirrored else (low, high)


def number(expr: Expr, parameters: Mapping[Symbol, Fraction]) -> float:
    """The value of an expression in the parameters."""
    given: dict[Expr, Expr] = {name: Number(parameters[name]) for name in symbols(expr)}
    value = approximate(substitute(expr, given))
    return float("nan") if value is None else float(value)
