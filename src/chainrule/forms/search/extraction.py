"""The accurate expressions in a graph of equal ones: each is evaluated and compared with the truth.

An e-graph knows which terms are equal, not which are accurate. Here every class is given its true
values at some inputs, in balls, and every term of it the values that it has in the format, made
from the few best expressions of the classes below. The cost of an expression is thus its measured
error, and not a guess by its shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from flint import arb

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.expr.nodes import Expr, Symbol, substitute
from chainrule.floats.evaluate import FUNCTIONS, apply_operation, evaluate
from chainrule.floats.formats import Format
from chainrule.floats.ulp import Floats, Truth, errors, faulty
from chainrule.forms.search.saturation import Saturated, Term, build
from chainrule.program.lower import lower

# Bits of the truth about a class; a value that is not known to 60 of them is no truth.
_BITS = 640
_CERTAIN = 60
# The error of a result that is none: NaN, a wrong infinity, a wrong sign, a zero too early.
FAULT_BITS = 64.0
# The same by the lenient measure.
_MILD = 6.0
_MEASURES = 4
# Of two expressions of like accuracy the shorter one is better: bits for each operation.
_BITS_PER_OPERATION = 0.02
# A class is looked at again when one below it keeps other expressions, at most so often.
_ROUNDS = 3
# Longer expressions are not looked at: forms to twice the precision are no longer.
_LONGEST = 60
# Expressions of the whole, ten by each measure, for a choice of where they serve.
_KEPT_AT_ROOT = 40

# Of two forms of like accuracy the one with the plainer function is better.
_LENGTHS = {"expm1": 2, "log1p": 2, "erfc": 2, "floor": 3}

_OPERATIONS = {"+": "add", "*": "multiply", "/": "divide", "^": "power"}


class Extracted(NamedTuple):
    """An expression of a class.

    Attributes:
        expr: the expression.
        values: what it evaluates to in the format, for every input.
        costs: its cost by all the inputs, by the smaller, by the larger ones, and by all of them
            with faults counting little, since one may switch to another expression there. Each is
            the root of the mean square of the error in bits, and something for its length.
        operations: its length.
    """

    expr: Expr
    values: npt.NDArray[Any]
    costs: tuple[float, ...]
    operations: int


class _Draft(NamedTuple):
    """A candidate whose expression is not built yet: most are not kept."""

    term: Term
    choice: tuple[Extracted, ...]
    values: npt.NDArray[Any]
    costs: tuple[float, ...]
    operations: int

    def built(self) -> Extracted:
        expr = build(self.term, [part.expr for part in self.choice])
        return Extracted(expr, self.values, self.costs, self.operations)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where expressions are compared.

    Attributes:
        variables: the symbols that occur.
        values: for each symbol its value at every input; those of the first symbol increase.
        fmt: the format of the values and of the arithmetic.
        meanings: what other symbols stand for.
    """

    variables: tuple[Symbol, ...]
    values: tuple[npt.NDArray[Any], ...]
    fmt: Format
    meanings: Mapping[Symbol, Expr]


def fault_or_bits(results: npt.NDArray[Any], truth: Truth, fmt: Format) -> Floats:
    """log₂(1 + error in ULP) of each result, at most ``FAULT_BITS``, which a fault has."""
    with np.errstate(all="ignore"):
        off = errors(results, truth, fmt)
        fault = faulty(results, off, truth, fmt)
    bits: Floats = np.log2(1 + np.where(fault, 0.0, off))
    return np.where(fault, FAULT_BITS, np.minimum(bits, FAULT_BITS))


def extract(graph: Saturated, inputs: Inputs) -> list[Extracted]:
    """The best expressions of the root: by all inputs, by the smaller and by the larger ones."""
    return _Extraction(graph, inputs).best()


class _Extraction:
    def __init__(self, graph: Saturated, inputs: Inputs) -> None:
        self._graph = graph
        self._inputs = inputs
        shortest = _shortest(graph)
        self._order = sorted(shortest, key=lambda number: (shortest[number][1], number))
        self._truths = self._true_values([shortest[number][0] for number in self._order])
        self._kept: dict[int, list[Extracted]] = {number: [] for number in self._order}
        self._leaves: dict[Expr, npt.NDArray[Any]] = {}
        # A class is looked at again only when one below it keeps other expressions than before.
        self._versions = dict.fromkeys(range(len(graph.classes)), 0)
        self._seen: dict[int, tuple[int, ...]] = {}

    def best(self) -> list[Extracted]:
        for _ in range(_ROUNDS):
            changed = False
            for number in self._order:
                changed |= self._visit(number)
            if not changed:
                break
        return self._kept[self._graph.root]

    # --- the truth -----------------------------------------------------------------------------
    def _true_values(self, exprs: Sequence[Expr]) -> dict[int, Truth]:
        program = compile_balls([substitute(expr, self._inputs.meanings) for expr in exprs])
        places = [self._inputs.variables.index(symbol) for symbol in program.symbols]
        rows = []
        with precision(_BITS):
            for point in np.stack([v.astype(np.float64) for v in self._inputs.values], 1).tolist():
                rows.append(program.run([arb(point[place]) for place in places]))
        found: dict[int, Truth] = {}
        for number, balls in zip(self._order, zip(*rows, strict=True), strict=True):
            middles = [ball.mid() for ball in balls]
            high = np.array([float(middle) for middle in middles])
            low = np.array([float(m - arb(h)) for m, h in zip(middles, high, strict=True)])
            sign = np.array([1 if b > 0 else -1 if b < 0 else 0 for b in balls], np.int8)
            known = np.array(
                [
                    b.is_finite() and (b.is_exact() or b.rel_accuracy_bits() > _CERTAIN)
                    for b in balls
                ]
            )
            found[number] = Truth(high, low, sign, known)
        return found

    # --- one class -----------------------------------------------------------------------------
    def _visit(self, number: int) -> bool:
        """Expressions for all terms of a class; whether others are kept now than before."""
        terms = self._graph.classes[number]
        versions = tuple(self._versions[arg] for term in terms for arg in term.args)
        if self._seen.get(number) == versions:
            return False
        self._seen[number] = versions
        before = self._kept[number]
        found: dict[bytes, Extracted | _Draft] = {c.values.tobytes(): c for c in before}
        for term in terms:
            for draft in self._drafts(term, number):
                key = draft.values.tobytes()
                other = found.get(key)
                # Of two that agree everywhere the shorter one stays.
                if other is None or draft.operations < other.operations:
                    found[key] = draft
        each = _KEPT_AT_ROOT // 4 if number == self._graph.root else 1
        kept = [
            c if isinstance(c, Extracted) else c.built()
            for c in _selection([*found.values()], each)
        ]
        self._kept[number] = kept
        changed = [c.expr for c in kept] != [c.expr for c in before]
        self._versions[number] += changed
        return changed

    def _drafts(self, term: Term, number: int) -> list[_Draft]:
        if term.leaf is not None:
            return [_Draft(term, (), self._leaf(term.leaf), (0.0,) * _MEASURES, 0)]
        choices = [
            choice
            for choice in product(*(self._kept.get(arg, []) for arg in term.args))
            if sum(part.operations for part in choice) < _LONGEST
        ]
        if not choices:
            return []
        columns = [
            np.array([choice[i].values for choice in choices]) for i in range(len(term.args))
        ]
        name = _OPERATIONS.get(term.operation, term.operation)
        with np.errstate(all="ignore"):
            results = apply_operation(name, columns, self._inputs.fmt)
        bits = fault_or_bits(results, self._truths[number], self._inputs.fmt)
        squares = bits**2
        third = squares.shape[1] // 3
        mild = np.where(bits == FAULT_BITS, _MILD**2, squares)
        parts = (squares, squares[:, :third], squares[:, -third:], mild)
        costs = np.sqrt([part.mean(1) for part in parts]).T.tolist()
        drafts = []
        for row, choice in enumerate(choices):
            length = _LENGTHS.get(term.operation, 1) + sum(part.operations for part in choice)
            weight = _BITS_PER_OPERATION * length
            weighed = tuple([cost + weight for cost in costs[row]])
            drafts.append(_Draft(term, choice, results[row], weighed, length))
        return drafts

    def _leaf(self, leaf: Expr) -> npt.NDArray[Any]:
        found = self._leaves.get(leaf)
        if found is None:
            inputs = self._inputs
            meaning = substitute(leaf, inputs.meanings)
            program = lower([meaning], inputs.variables, FUNCTIONS)
            [found] = evaluate(program, inputs.values, inputs.fmt)
            self._leaves[leaf] = found
        return found


def _selection(candidates: Sequence[Extracted | _Draft], each: int) -> list[Extracted | _Draft]:
    """The best ``each`` by every measure, and the shortest."""
    kept: dict[int, Extracted | _Draft] = {}
    for measure in range(_MEASURES):
        ranked = sorted(candidates, key=lambda c: (c.costs[measure], c.operations))
        kept |= {id(candidate): candidate for candidate in ranked[:each]}
    if candidates:
        shortest = min(candidates, key=lambda c: (c.operations, c.costs))
        kept[id(shortest)] = shortest
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
                length = sum(found[arg][1] for arg in term.args)
                length += _LENGTHS.get(term.operation, 1) if term.args else 0
                if number not in found or length < found[number][1]:
                    expr = build(term, [found[arg][0] for arg in term.args])
                    found[number] = (expr, length)
                    changed = True
    return found
