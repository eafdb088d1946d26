"""Equal expressions that evaluate well: found by saturation, chosen by measurement, verified.

For every part of the line the identities of ``rewrite.float_identities`` give a graph of equal
expressions, and ``extraction`` the accurate ones in it. Which of them serves where is decided by
their errors at a sample of inputs (``switching``), and a result counts only if it is verified to
equal what it replaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import inf, log2
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.audit.evaluate import FUNCTIONS, evaluate
from chainrule.audit.extraction import FAULT_BITS, Inputs, extract, fault_or_bits
from chainrule.audit.formats import Format, format_named
from chainrule.audit.inputs import stratified
from chainrule.audit.measure import Measured, measure
from chainrule.audit.patches import patches
from chainrule.audit.switching import Cut, choices
from chainrule.audit.truth import truth
from chainrule.audit.ulp import Floats, Truth
from chainrule.codegen.lower import lower
from chainrule.expr.nodes import (
    Call,
    Expr,
    Number,
    Power,
    Symbol,
    negate,
    substitute,
    symbols,
)
from chainrule.rewrite.order import approximate
from chainrule.rewrite.regimes import Regime, elementary, lettered, regimes, seeds
from chainrule.rewrite.signs import collected
from chainrule.rewrite.stable import saturate
from chainrule.verify.check import equal

# Inputs of the sample: over all bit patterns, and where formulas have their features.
_WIDE, _NEAR = 1500, 1500
_NEAR_EXPONENTS = (-12.0, 8.0)
# Inputs of one part for the extraction, of the same two kinds.
_FEW_WIDE, _FEW_NEAR, _FEW_WORST = 40, 90, 30
# Errors up to this many bits are what a handful of correctly rounded operations makes.
_GOOD_BITS = 1.6
# With a larger error than this, in ULP, more is tried.
_GOOD_ENOUGH = 6.0
_BAD_BITS = 2.5
# One may switch at the multiples of 2^-k next to a zero.
_CUTS_AROUND = range(2, 8)
_MOST_SWITCHES = 4
# Expressions of a part that go on to the choice, by each measure.
_KEPT_BY_EACH = 5
_OPERATION_COST = 5e-4
# How many single expressions are offered for the whole line.
_WHOLE = 8
# An end at infinity is looked at up to so many times the other end.
_FAR = 64.0
_MOST_REPAIRS = 5


@dataclass(frozen=True, slots=True)
class Form:
    """An expression and what it is worth.

    Attributes:
        expr: the expression.
        measured: its errors at the sample.
        operations: how many operations its program has.
        approximate: whether a polynomial stands in for the function near some point.
    """

    expr: Expr
    measured: Measured
    operations: int
    approximate: bool

    @property
    def rank(self) -> tuple[float, ...]:
        """Smaller is better: faults, then the largest error and the mean, then the length.

        Errors count by powers of two, and those below 3 ULP alike: a tenth of an ULP at one input
        of the sample is not worth a longer expression.
        """
        measured = self.measured
        return (
            measured.faults,
            max(2, round(log2(1 + measured.largest) + 0.3)) if measured.count else 0,
            round(4 * measured.mean) if measured.count else 0,
            self.operations,
            measured.largest,
        )


def stable_forms(
    function: Expr,
    candidates: Sequence[Expr],
    variable: Symbol,
    *,
    parameters: Mapping[Symbol, Fraction],
    limit: int = 5,
    approximate: bool = False,
) -> list[Expr]:
    """Expressions that equal ``candidates`` and evaluate well in float32, the best one first.

    Args:
        function: where it is not defined, nothing is asked of the expressions.
        candidates: what is to be computed, in one or several equal forms.
        variable: the variable.
        parameters: a value for every other symbol. The results hold for all values of the same
            sign; these are the ones they are measured at.
        limit: how many to return at most.
        approximate: whether polynomials may stand in near a zero or a removable singularity.
    """
    found = search(
        function,
        candidates,
        variable,
        parameters=parameters,
        limit=limit,
        approximate=approximate,
    )
    return [form.expr for form in found]


def search(
    function: Expr,
    candidates: Sequence[Expr],
    variable: Symbol,
    *,
    parameters: Mapping[Symbol, Fraction],
    limit: int = 5,
    approximate: bool = False,
    form: Format | None = None,
) -> list[Form]:
    """What ``stable_forms`` returns, with the measurements; ``form`` is float32 if not given."""
    form = form or format_named("float32")
    rounded = {
        name: Fraction(float(np.asarray(float(value)).astype(form.dtype)))
        for name, value in parameters.items()
    }
    task = _Task(function, candidates, variable, rounded, form)
    found = task.forms(task.pool())
    best = found[0].measured
    if best.faults or best.largest > _GOOD_ENOUGH:
        found = task.forms(task.pool(found[0].expr))
        best = found[0].measured
    if approximate and best.largest > _GOOD_ENOUGH and not parameters:
        task.patch()
        found = task.forms(task.pool_of_all)
    kept: list[Form] = []
    for _ in range(_MOST_REPAIRS):
        kept, sound = task.verified(found, limit)
        if sound:
            break
        found = task.forms(task.pool_of_all)
    return kept


class _Task:
    """One search: the sample, the truth at it, and the expressions found so far."""

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
        self._switches = sorted({_number(low, parameters) for low in lows})
        self.values = sample(form)
        self.truth = truth(self.given[0], variable, self.values, parameters)
        defined = truth(elementary(function), variable, self.values, parameters)
        self.truth = Truth(
            self.truth.high, self.truth.low, self.truth.sign, self.truth.known & defined.known
        )
        self.pool_of_all: dict[Expr, Floats] = {}
        self.stand_ins: dict[Expr, Expr] = {}
        self._centers: list[float] = []
        self._parts: dict[Expr, list[tuple[Expr, float, float]]] = {}
        self._known: dict[tuple[Expr, float, float], bool] = {}
        for expr in self.given:
            self._enter(expr)

    # --- measuring -----------------------------------------------------------------------------
    def results(self, expr: Expr) -> tuple[npt.NDArray[Any], int]:
        """The values at the sample, and the number of operations."""
        program = lower([expr], self.variables, FUNCTIONS)
        dtype = self.form.dtype
        fixed = [np.asarray(float(value)).astype(dtype) for value in self.parameters.values()]
        [found] = evaluate(program, [self.values, *fixed], self.form)
        return found, len(program.code)

    def measured(self, expr: Expr) -> Form:
        results, operations = self.results(expr)
        with np.errstate(invalid="ignore"):
            found = measure(self.values, results, self.truth, self.form)
        return Form(expr, found, operations, substitute(expr, self.stand_ins) is not expr)

    def _enter(self, expr: Expr) -> None:
        if expr not in self.pool_of_all:
            results, operations = self.results(expr)
            bits = fault_or_bits(results, self.truth, self.form)
            over = np.maximum(bits - _GOOD_BITS, 0.0) ** 2
            self.pool_of_all[expr] = np.where(
                self.truth.known, over + _OPERATION_COST * operations, 0.0
            )

    # --- finding -------------------------------------------------------------------------------
    def pool(self, best: Expr | None = None) -> dict[Expr, Floats]:
        """Expressions for the parts of the line, and what each costs at the whole sample.

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
            starts = dict.fromkeys(regime.exprs)
            for expr in regime.exprs:
                starts |= dict.fromkeys(seeds(expr, self.variable, self.parameters))
            self._promising(list(starts), regime)
            self._explore(list(starts), {}, regime, points, split)
            shorter, meanings = lettered(list(starts), self.variable)
            if meanings:
                self._explore(shorter, meanings, regime, points, split)
        return self.pool_of_all

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
        bits = fault_or_bits(self.results(expr)[0], self.truth, self.form)
        places = np.flatnonzero(bits > _BAD_BITS)
        parts = [part for part in np.array_split(places, _FEW_WORST) if len(part)]
        chosen = [int(part[bits[part].argmax()]) for part in parts]
        found: Floats = self.values[chosen].astype(np.float64)
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
        x = self.values.astype(np.float64)
        sizes = -x if regime.mirrored else x
        inside = np.flatnonzero((sizes > low) & (sizes < high) & self.truth.known)
        inside = inside[np.argsort(sizes[inside], kind="stable")]
        if not len(inside):
            return
        back: dict[Expr, Expr] = {self.variable: negate(self.variable)} if regime.mirrored else {}
        tidied = [collected(substitute(expr, back)) for expr in exprs]
        costs = []
        for expr in tidied:
            self._enter(expr)
            costs.append(self.pool_of_all[expr][inside])
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
                self.pool_of_all.pop(expr, None)
        size = Call("abs", (self.variable,))
        for expr in kept:
            self._enter(collected(substitute(expr, {self.variable: size})))

    def patch(self) -> None:
        """Polynomials near 0 and near zeros, among the expressions to choose from."""
        values = self.values.astype(np.float64)
        for found in patches(self.given[0], self.variable, values, self.truth):
            self._centers.append(found.center)
            for polynomial in found.polynomials:
                self.stand_ins[polynomial] = self.given[0]
                self._enter(polynomial)

    # --- choosing ------------------------------------------------------------------------------
    def forms(self, pool: Mapping[Expr, Floats]) -> list[Form]:
        """Expressions for the whole line, best first."""
        exprs = list(pool)
        costs = np.array([pool[expr] for expr in exprs])
        x = self.values.astype(np.float64)
        totals = costs.sum(axis=1)
        whole = (*self.given, *(exprs[i] for i in np.argsort(totals, kind="stable")[:_WHOLE]))
        self._parts = {expr: [(expr, -inf, inf)] for expr in whole}
        for subject, positions, cuts in (
            (self.variable, x, self._cuts()),
            (Call("abs", (self.variable,)), np.abs(x), _powers_of_two(self.form)),
        ):
            order = np.argsort(positions, kind="stable")
            for choice in choices(costs[:, order], positions[order], cuts, _MOST_SWITCHES):
                parts = [(exprs[number], low, high) for number, low, high in choice.parts()]
                if subject is not self.variable:
                    parts = [(expr, max(low, 0.0), high) for expr, low, high in parts]
                    parts += [(expr, -high, -low) for expr, low, high in parts]
                if len(parts) > 1:
                    parts = [piece for part in parts for piece in self._by_regime(*part)]
                self._parts.setdefault(choice.written(exprs, subject), parts)
        return sorted((self.measured(expr) for expr in self._parts), key=lambda one: one.rank)

    def verified(self, found: Sequence[Form], limit: int) -> tuple[list[Form], bool]:
        """The first forms that equal what they replace, and whether a part of one did not.

        Every part is looked at where it serves, and the whole once more. A polynomial is no equal:
        where one stands, what it stands for is looked at.
        """
        kept: list[Form] = []
        sound = True
        for one in found:
            if len(kept) == limit:
                break
            parts = self._parts[one.expr]
            wrong = [part for part in parts if not self._holds(*part)]
            if len(parts) > 1 and wrong:
                sound = False
                for part in wrong:
                    self._forbid(*part)
            elif not wrong and (len(parts) == 1 or self._holds(one.expr, -inf, inf)):
                kept.append(one)
        return kept, sound

    def _holds(self, expr: Expr, low: float, high: float) -> bool:
        key = expr, low, high
        if key not in self._known:
            ranges = {
                name: (value / 4, value * 4) if value > 0 else (value * 4, value / 4)
                for name, value in self.parameters.items()
            }
            if low > -inf or high < inf:
                far = _FAR * max([abs(end) for end in (low, high, 1.0) if abs(end) < inf])
                ranges[self.variable] = (Fraction(max(low, -far)), Fraction(min(high, far)))
            exact = substitute(expr, self.stand_ins)
            verdict = equal(exact, self.given[0], variable=self.variable, ranges=ranges)
            self._known[key] = verdict.holds
        return self._known[key]

    def _by_regime(self, expr: Expr, low: float, high: float) -> list[tuple[Expr, float, float]]:
        """A part cut where the formulas switch: what holds on one side need not on the other."""
        inner = [place for place in self._switches if low < place < high]
        ends = [low, *inner, high]
        return [(expr, left, right) for left, right in pairwise(ends)]

    def _forbid(self, expr: Expr, low: float, high: float) -> None:
        """An expression is not to be chosen where it does not hold."""
        x = self.values.astype(np.float64)
        inside = (x >= low) & (x < high) & self.truth.known
        costs = self.pool_of_all[expr]
        self.pool_of_all[expr] = np.where(inside, FAULT_BITS**2, costs)

    def _cuts(self) -> list[Cut]:
        positive = _powers_of_two(self.form)
        cuts = [Cut(negate(cut.place), -cut.value) for cut in reversed(positive)]
        cuts += [Cut(Number(0), 0.0), Cut(Number(0), 0.0, True), *positive]
        for regime in self.regimes:
            if regime.low is not None and (value := _number(regime.low, self.parameters)):
                cuts += [Cut(regime.low, value), Cut(regime.low, value, True)]
        for center in self._centers:
            for k in _CUTS_AROUND if center else ():
                for place in (Fraction(round(center * 2**k) + side, 2**k) for side in (-1, 1)):
                    cuts.append(Cut(Number(place), float(place)))
        return sorted(cuts, key=lambda cut: (cut.value, cut.inclusive))


def sample(form: Format) -> npt.NDArray[Any]:
    """The inputs that expressions are measured at, the same in every run, increasing."""
    wide = stratified(form, _WIDE)
    low, high = _NEAR_EXPONENTS
    near = np.exp2(np.linspace(low, min(high, -form.least_exponent), _NEAR // 2))
    near = near.astype(form.dtype)
    values = np.concatenate([wide, near, -near])
    # −0 and 0 are different inputs: the order is by value, then as they came.
    return values[np.argsort(values.astype(np.float64), kind="stable")]


def _powers_of_two(form: Format) -> list[Cut]:
    exponents: Iterable[int] = range(form.least_exponent, -form.least_exponent)
    return [Cut(_power_of_two(k), 2.0**k) for k in exponents if abs(k) <= 24 or k % 8 == 0]


def _power_of_two(exponent: int) -> Expr:
    """2^k, written out where it is short."""
    if abs(exponent) <= 10:
        return Number(Fraction(2) ** exponent)
    return Power(Number(2), Number(exponent))


def _ends(regime: Regime, parameters: Mapping[Symbol, Fraction]) -> tuple[float, float]:
    """Between which sizes of the variable the part lies."""
    low = -inf if regime.low is None else _number(regime.low, parameters)
    high = inf if regime.high is None else _number(regime.high, parameters)
    return (-high, -low) if regime.mirrored else (low, high)


def _number(expr: Expr, parameters: Mapping[Symbol, Fraction]) -> float:
    given: dict[Expr, Expr] = {name: Number(parameters[name]) for name in symbols(expr)}
    value = approximate(substitute(expr, given))
    return float("nan") if value is None else float(value)
