"""Equal expressions that evaluate well: found by saturation, chosen by measurement, verified.

For every part of the line the identities of ``rewrite.float_identities`` give a graph of equal
expressions, and ``extraction`` the accurate ones in it, which are gathered in a ``pool``. Which of
them serves where is decided by their errors at a sample of inputs (``switching``), and a result
counts only if it is verified to equal what it replaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import inf, log2

import numpy as np

from chainrule.expr.nodes import Call, Expr, Number, Power, Symbol, negate, substitute
from chainrule.floats.formats import Format, format_named
from chainrule.floats.measure import Measured, measure
from chainrule.forms.search.pool import Pool, number
from chainrule.forms.search.switching import Cut, choices
from chainrule.verify.check import equal

# With a larger error than this, in ULP, more is tried.
_GOOD_ENOUGH = 6.0
_MOST_SWITCHES = 4
# One may switch at the multiples of 2^-k next to a zero.
_CUTS_AROUND = range(2, 8)
# How many single expressions are offered for the whole line.
_WHOLE = 8
# An end at infinity is looked at up to so many times the other end.
_FAR = 64.0
_MOST_REPAIRS = 5


@dataclass(frozen=True, slots=True)
class FoundForm:
    """An expression and what it is worth.

    Attributes:
        expr: the expression.
        measured: its errors at the sample.
        operations: how many operations its program has.
        approximate: whether a polynomial stands in for the function near some point.
        faults_elsewhere: its faults in other formats, at samples of their own.
    """

    expr: Expr
    measured: Measured
    operations: int
    approximate: bool
    faults_elsewhere: int

    @property
    def is_good(self) -> bool:
        """Whether nothing more needs to be tried."""
        return not self.measured.faults and self.measured.largest <= _GOOD_ENOUGH

    @property
    def rank(self) -> tuple[float, ...]:
        """Smaller is better: faults, those elsewhere, the largest error, the mean, the length.

        Errors count by powers of two, and those below 3 ULP alike: a tenth of an ULP at one input
        of the sample is not worth a longer expression.
        """
        measured = self.measured
        return (
            measured.faults,
            self.faults_elsewhere,
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
) -> list[FoundForm]:
    """What ``stable_forms`` returns, with the measurements; ``form`` is float32 if not given."""
    form = form or format_named("float32")
    rounded = {name: form.nearest(value) for name, value in parameters.items()}
    pool = Pool(function, candidates, variable, rounded, form)
    choice = _Choice(pool)
    pool.fill()
    found = choice.forms()
    if not found[0].is_good:
        pool.fill(found[0].expr)
        found = choice.forms()
    if approximate and not found[0].is_good and not parameters:
        pool.patch()
        found = choice.forms()
    kept: list[FoundForm] = []
    for _ in range(_MOST_REPAIRS):
        kept, sound = choice.verified(found, limit)
        if sound:
            break
        found = choice.forms()
    return kept


class _Choice:
    """Forms for the whole line out of the expressions of a pool."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._parts: dict[Expr, list[tuple[Expr, float, float]]] = {}
        self._known: dict[tuple[Expr, float, float], bool] = {}

    def measured(self, expr: Expr) -> FoundForm:
        pool = self.pool
        found: list[Measured] = []
        for one in pool.samples:
            results, operations = pool.results(expr, one)
            with np.errstate(invalid="ignore"):
                found.append(measure(one.values, results, one.truth, one.form))
        stands_in = substitute(expr, pool.stand_ins) is not expr
        elsewhere = sum(measured.faults for measured in found[1:])
        return FoundForm(expr, found[0], operations, stands_in, elsewhere)

    def forms(self) -> list[FoundForm]:
        """Expressions for the whole line, best first."""
        exprs = list(self.pool.costs)
        costs = np.array(list(self.pool.costs.values()))
        x = self.pool.positions
        totals = costs.sum(axis=1)
        whole = (*self.pool.given, *(exprs[i] for i in np.argsort(totals, kind="stable")[:_WHOLE]))
        self._parts = {expr: [(expr, -inf, inf)] for expr in whole}
        for subject, positions, cuts in (
            (self.pool.variable, x, self._cuts()),
            (Call("abs", (self.pool.variable,)), np.abs(x), _powers_of_two(self.pool.form)),
        ):
            order = np.argsort(positions, kind="stable")
            for choice in choices(costs[:, order], positions[order], cuts, _MOST_SWITCHES):
                parts = [(exprs[number], low, high) for number, low, high in choice.parts()]
                if subject is not self.pool.variable:
                    parts = [(expr, max(low, 0.0), high) for expr, low, high in parts]
                    parts += [(expr, -high, -low) for expr, low, high in parts]
                if len(parts) > 1:
                    parts = [piece for part in parts for piece in self._by_regime(*part)]
                self._parts.setdefault(choice.written(exprs, subject), parts)
        return sorted((self.measured(expr) for expr in self._parts), key=lambda one: one.rank)

    def verified(self, found: Sequence[FoundForm], limit: int) -> tuple[list[FoundForm], bool]:
        """The first forms that equal what they replace, and whether a part of one did not.

        Every part is looked at where it serves, and the whole once more. A polynomial is no equal:
        where one stands, what it stands for is looked at.
        """
        kept: list[FoundForm] = []
        sound = True
        for one in found:
            if len(kept) == limit:
                break
            parts = self._parts[one.expr]
            wrong = [part for part in parts if not self._holds(*part)]
            if len(parts) > 1 and wrong:
                sound = False
                for part in wrong:
                    self.pool.forbid(*part)
            elif not wrong and (len(parts) == 1 or self._holds(one.expr, -inf, inf)):
                kept.append(one)
        return kept, sound

    def _holds(self, expr: Expr, low: float, high: float) -> bool:
        key = expr, low, high
        if key not in self._known:
            ranges = {
                name: (value / 4, value * 4) if value > 0 else (value * 4, value / 4)
                for name, value in self.pool.parameters.items()
            }
            if low > -inf or high < inf:
                far = _FAR * max([abs(end) for end in (low, high, 1.0) if abs(end) < inf])
                ranges[self.pool.variable] = (Fraction(max(low, -far)), Fraction(min(high, far)))
            exact = substitute(expr, self.pool.stand_ins)
            verdict = equal(exact, self.pool.given[0], variable=self.pool.variable, ranges=ranges)
            self._known[key] = verdict.holds
        return self._known[key]

    def _by_regime(self, expr: Expr, low: float, high: float) -> list[tuple[Expr, float, float]]:
        """A part cut where the formulas switch: what holds on one side need not on the other."""
        inner = [place for place in self.pool.switches if low < place < high]
        ends = [low, *inner, high]
        return [(expr, left, right) for left, right in pairwise(ends)]

    def _cuts(self) -> list[Cut]:
        positive = _powers_of_two(self.pool.form)
        cuts = [Cut(negate(cut.place), -cut.value) for cut in reversed(positive)]
        cuts += [Cut(Number(0), 0.0), Cut(Number(0), 0.0, True), *positive]
        for regime in self.pool.regimes:
            if regime.low is not None and (value := number(regime.low, self.pool.parameters)):
                cuts += [Cut(regime.low, value), Cut(regime.low, value, True)]
        for center in self.pool.centers:
            for k in _CUTS_AROUND if center else ():
                for place in (Fraction(round(center * 2**k) + side, 2**k) for side in (-1, 1)):
                    cuts.append(Cut(Number(place), float(place)))
        return sorted(cuts, key=lambda cut: (cut.value, cut.inclusive))


def _powers_of_two(form: Format) -> list[Cut]:
    exponents: Iterable[int] = range(form.least_exponent, -form.least_exponent)
    return [Cut(_power_of_two(k), 2.0**k) for k in exponents if abs(k) <= 24 or k % 8 == 0]


def _power_of_two(exponent: int) -> Expr:
    """2^k, written out where it is short."""
    if abs(exponent) <= 10:
        return Number(Fraction(2) ** exponent)
    return Power(Number(2), Number(exponent))
