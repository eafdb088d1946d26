"""The accurate expressions in a graph of equal ones: each is evaluated and compared with the truth.

An e-graph knows which terms are equal, not which are accurate. Here every class is given its true
values at some inputs, in balls, and every term of it the values that it has in the format, made
from the few best expressions of the classes below. The cost of an expression is thus its measured
error, and not a guess by its shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from flint import arb

from chainrule.audit.evaluate import apply_operation, constant_in
from chainrule.audit.formats import Format
from chainrule.audit.ulp import Floats, Truth, errors
from chainrule.expr.nodes import Expr, Number, Symbol
from chainrule.rewrite.stable import Saturated, Term, build
from chainrule.verify.balls import compile_balls, precision

# Bits of the truth about a class; a value that is not known to 60 of them is no truth.
_BITS = 640
_CERTAIN = 60
# The error of a result that is none: NaN, a wrong infinity, a wrong sign, a zero too early.
FAULT_BITS = 64.0
# Of two expressions of like accuracy the shorter one is better: bits for each operation.
_BITS_PER_OPERATION = 0.02
_ROUNDS = 3
_LONGEST = 60
_KEPT_AT_ROOT = 40

_OPERATIONS = {"+": "add", "*": "multiply", "/": "divide", "^": "power"}


class Candidate(NamedTuple):
    """An expression of a class.

    Attributes:
        expr: the expression.
        values: what it evaluates to in the format, for every input.
        costs: its cost by all the inputs, by the smaller, and by the larger ones; each is the
            root of the mean square of the error in bits, and something for its length.
        operations: its length.
    """

    expr: Expr
    values: npt.NDArray[Any]
    costs: tuple[float, float, float]
    operations: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where expressions are compared.

    Attributes:
        variables: the symbols that occur.
        values: for each symbol its value at every input; those of the first symbol increase.
        form: the format of the values and of the arithmetic.
    """

    variables: tuple[Symbol, ...]
    values: tuple[npt.NDArray[Any], ...]
    form: Format


def fault_or_bits(results: npt.NDArray[Any], truth: Truth, form: Format) -> Floats:
    """log₂(1 + error in ULP) of each result; ``FAULT_BITS`` for a fault."""
    with np.errstate(invalid="ignore"):
        off = errors(results, truth, form)
        got = results.astype(np.float64)
        early = (got == 0) & (np.abs(truth.high) >= form.smallest_normal)
        fault = (~np.isfinite(off) | early | (got * truth.sign < 0)) & truth.known
    bits: Floats = np.where(fault, FAULT_BITS, np.log2(1 + np.where(fault, 0.0, off)))
    return bits


def extract(graph: Saturated, inputs: Inputs) -> list[Candidate]:
    """The best expressions of the root: by all inputs, by the smaller and by the larger ones."""
    return _Extraction(graph, inputs).best()


class _Extraction:
    def __init__(self, graph: Saturated, inputs: Inputs) -> None:
        self._graph = graph
        self._inputs = inputs
        shortest = _shortest(graph)
        self._order = sorted(shortest, key=lambda number: (shortest[number][1], number))
        self._truths = self._true_values([shortest[number][0] for number in self._order])
        self._kept: dict[int, list[Candidate]] = {number: [] for number in self._order}
        self._leaves: dict[Expr, npt.NDArray[Any]] = {}

    def best(self) -> list[Candidate]:
        for _ in range(_ROUNDS):
            changed = False
            for number in self._order:
                changed |= self._visit(number)
            if not changed:
                break
        return self._kept[self._graph.root]

    # --- the truth -----------------------------------------------------------------------------
    def _true_values(self, exprs: Sequence[Expr]) -> dict[int, Truth]:
        program = compile_balls(exprs)
        places = [self._inputs.variables.index(symbol) for symbol in program.symbols]
        rows = []
        with precision(_BITS):
            for point in zip(*(v.astype(np.float64).tolist() for v in self._inputs.values)):
                rows.append(program.run([arb(point[place]) for place in places]))
        found: dict[int, Truth] = {}
        for number, balls in zip(self._order, zip(*rows, strict=True), strict=True):
            high = np.array([float(ball.mid()) for ball in balls])
            sign = np.array([1 if b > 0 else -1 if b < 0 else 0 for b in balls], np.int8)
            known = np.array(
                [b.is_finite() and (b.is_exact() or b.rel_accuracy_bits() > _CERTAIN) for b in balls]
            )
            found[number] = Truth(high, np.zeros_like(high), sign, known)
        return found

    # --- one class -----------------------------------------------------------------------------
    def _visit(self, number: int) -> bool:
        """Expressions for all terms of a class; whether others are kept now than before."""
        before = self._kept[number]
        found: dict[bytes, Candidate] = {}
        for candidate in before:
            found[candidate.values.tobytes()] = candidate
        for term in self._graph.classes[number]:
            for candidate in self._made(term, number):
                key = candidate.values.tobytes()
                other = found.get(key)
                # Of two that agree everywhere the shorter one stays.
                if other is None or candidate.operations < other.operations:
                    found[key] = candidate
        kept = _selection(list(found.values()), many=number == self._graph.root)
        self._kept[number] = kept
        return [c.expr for c in kept] != [c.expr for c in before]

    def _made(self, term: Term, number: int) -> list[Candidate]:
        below = [self._kept.get(arg, []) for arg in term.args]
        if term.leaf is not None:
            values = self._leaf(term.leaf)
            return [Candidate(term.leaf, values, (0.0, 0.0, 0.0), 0)]
        choices = [
            choice
            for choice in product(*below)
            if sum(part.operations for part in choice) < _LONGEST
        ]
        if not choices:
            return []
        columns = [np.stack([choice[i].values for choice in choices]) for i in range(len(below))]
        name = _OPERATIONS.get(term.operation, term.operation)
        with np.errstate(all="ignore"):
            results = apply_operation(name, columns, self._inputs.form)
        bits = fault_or_bits(results, self._truths[number], self._inputs.form)
        squares = bits**2
        third = squares.shape[1] // 3
        costs = np.sqrt(
            np.stack(
                [squares.mean(1), squares[:, :third].mean(1), squares[:, -third:].mean(1)], axis=1
            )
        )
        made = []
        for row, choice in enumerate(choices):
            length = 1 + sum(part.operations for part in choice)
            weight = _BITS_PER_OPERATION * length
            every, small, large = (float(cost) + weight for cost in costs[row])
            expr = build(term, [part.expr for part in choice])
            made.append(Candidate(expr, results[row], (every, small, large), length))
        return made

    def _leaf(self, leaf: Expr) -> npt.NDArray[Any]:
        found = self._leaves.get(leaf)
        if found is None:
            inputs = self._inputs
            if isinstance(leaf, Symbol) and leaf in inputs.variables:
                found = inputs.values[inputs.variables.index(leaf)]
            else:
                found = np.full(len(inputs.values[0]), constant_in(leaf, inputs.form))
            self._leaves[leaf] = found
        return found


def _selection(candidates: list[Candidate], many: bool) -> list[Candidate]:
    """The best by each measure, and the shortest; at the root more of them."""
    each = _KEPT_AT_ROOT // 4 if many else 1
    kept: dict[Expr, Candidate] = {}
    for measure in range(3):
        ranked = sorted(candidates, key=lambda c: (c.costs[measure], c.operations, str(c.expr)))
        for candidate in ranked[:each]:
            kept.setdefault(candidate.expr, candidate)
    shortest = min(candidates, key=lambda c: (c.operations, c.costs, str(c.expr)), default=None)
    if shortest is not None:
        kept.setdefault(shortest.expr, shortest)
    return list(kept.values())


def _shortest(graph: Saturated) -> dict[int, tuple[Expr, int]]:
    """A shortest expression for every class that has one, and its length."""
    found: dict[int, tuple[Expr, int]] = {}
    changed = True
    while changed:
        changed = False
        for number, terms in enumerate(graph.classes):
            for term in terms:
                if any(arg not in found for arg in term.args):
                    continue
                length = sum(found[arg][1] for arg in term.args) + bool(term.args)
                if number not in found or length < found[number][1]:
                    expr = build(term, [found[arg][0] for arg in term.args])
                    found[number] = (expr, length)
                    changed = True
    return found
