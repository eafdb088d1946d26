"""Simplification: a sequence of named rewritings, each of which can be shown.

The everyday rewriting comes first; then, as long as something gets simpler by ``cost``, an
identity of the table, a common factor taken out, or the fraction in lowest terms. Every choice
is made by a fixed order and a strict decrease, so the result is the same in every run and
simplifying it again does nothing.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from math import gcd

from chainrule.differentiate.derivation import Step
from chainrule.expr.nodes import (
    ONE,
    E,
    Expr,
    Number,
    Piecewise,
    Product,
    Quotient,
    Sum,
    Symbol,
    Value,
    postorder,
    size,
    substitute,
    symbols,
    transform,
)
from chainrule.rewrite.cost import cost
from chainrule.rewrite.monomial import Exponent, Monomial, coefficient_and_rest, split
from chainrule.rewrite.patterns import apply_patterns
from chainrule.rewrite.rational import Field, TooLargeError
from chainrule.rewrite.tidy import Tidier

# Above this many nodes only the everyday rewriting is done: the rest is for readers.
MAX_NODES = 400


def simplify(expr: Expr, variable: Symbol, tidier: Tidier | None = None) -> list[Step]:
    """The rewritings that lead from ``expr`` to its simplest form found; empty if none helps.

    Args:
        expr: any expression.
        variable: recorded in the steps.
        tidier: the derivation's own, so that sums keep the order they were written in.
    """
    tidier = tidier or Tidier()
    steps: list[Step] = []
    current = expr

    def move(rule: str, after: Expr) -> None:
        nonlocal current
        if after is not current:
            reasons = tuple(tidier.reasons) if rule == "tidy" else (rule,)
            steps.append(
                Step("rewriting", rule, current, after, variable, reasons=reasons or (rule,))
            )
            current = after

    tidier.reasons.clear()
    move("tidy", tidier.tidy(expr))
    if size(current) > MAX_NODES:
        return steps
    if isinstance(current, Piecewise):
        return steps + _case_by_case(current, variable, tidier)
    weight = cost(current)
    known = tidier.improvements
    while True:
        if current not in known:
            known[current] = _improvement(current, weight, tidier)
        best = known[current]
        if best is None:
            return steps
        for rule, after in best:
            move(rule, after)
        weight = cost(current)


def _improvement(current: Expr, weight: float, tidier: Tidier) -> list[tuple[str, Expr]] | None:
    """The next rewritings that make ``current`` strictly simpler, in the order to be shown."""

    def accept(before: Expr, after: Expr) -> Expr | None:
        tidied = tidier.tidy(after)
        return tidied if cost(tidied) < weight else None

    name, after = apply_patterns(current, accept)
    if name:
        return [(name, after)]
    if not any(type(node) is Sum for node in postorder(current)):
        return None
    candidates: list[tuple[float, int, list[tuple[str, Expr]]]] = []
    factored = tidier.tidy(transform(current, factor_out))
    if factored is not current:
        candidates.append((cost(factored), 0, [("factor-out", factored)]))
    candidates += [
        (cost(moves[-1][1]), order, moves)
        for order, moves in enumerate(_lowest_terms(current, tidier), start=1)
    ]
    if not candidates:
        return None
    least, _, moves = min(candidates, key=lambda row: row[:2])
    return moves if least < weight else None


def _lowest_terms(current: Expr, tidier: Tidier) -> list[list[tuple[str, Expr]]]:
    """The fraction in lowest terms: multiplied out, factored, and with balanced exponentials."""
    closed, opened = _closed_sum(current)
    try:
        field = Field(closed)
        ratio = field.ratio(closed)
        expanded = tidier.tidy(substitute(field.expression(ratio, factored=False), opened))
        forms = [field.expression(ratio, factored=True)]
        if len(ratio.bottom) > 1:
            forms.append(field.expression(ratio, factored=True, balanced=True))
    except TooLargeError:
        return []
    fractions = any(type(node) is Quotient for node in postorder(current))
    combine = "common-denominator" if type(current) is Sum else "cancel"
    if not fractions or (type(expanded) is not Quotient and type(current) is not Sum):
        combine = "expand"
    sequences = [[(combine, expanded)]]
    if len(ratio.bottom) == 1 and len(ratio.top) > 1:
        sequences.append([("divide-terms", tidier.tidy(substitute(field.termwise(ratio), opened)))])
    for form in forms:
        factored = tidier.tidy(substitute(form, opened))
        moves = [("factor", factored)]
        if expanded is not current and cost(expanded) <= 1.5 * cost(current):
            moves = [(combine, expanded), ("factor", factored)]
        sequences.append(moves)
    return sequences


def _closed_sum(current: Expr) -> tuple[Expr, dict[Expr, Expr]]:
    """With x − y as one letter where neither occurs outside it, and what opens it again.

    Nobody wants (x − y)² multiplied out.
    """
    for node in postorder(current):
        if type(node) is Sum and all(map(_is_letter, node.args)):
            inside = symbols(node)
            letter = Symbol(" sum")
            closed = substitute(current, {node: letter})
            if closed is not letter and set(inside).isdisjoint(symbols(closed)):
                return closed, {letter: node}
    return current, {}


def _is_letter(term: Expr) -> bool:
    """A letter, or a letter with a number before it."""
    return isinstance(coefficient_and_rest(term)[2], Symbol)


def _case_by_case(node: Piecewise, variable: Symbol, tidier: Tidier) -> list[Step]:
    """Simplify the value of each case; the steps are rewritings of the whole."""
    steps: list[Step] = []
    current = node
    for i in range(len(node.values)):
        for step in simplify(current.values[i], variable, tidier):
            values = list(current.values)
            values[i] = step.after
            after = current.with_values(values)
            steps.append(
                Step("rewriting", step.rule, current, after, variable, reasons=step.reasons)
            )
            current = after
    merged = tidier.tidy(current)
    if merged is not current:
        steps.append(
            Step("rewriting", "tidy", current, merged, variable, reasons=tuple(tidier.reasons))
        )
    return steps


def factor_out(node: Expr) -> Expr:
    """A sum with what all its terms share taken out; other nodes as they are.

    A number alone is not taken out: 2x + 2 stays.
    """
    if type(node) is not Sum:
        return node
    parts = [split(term) for term in node.args]
    common = _common_powers(parts)
    if not common:
        return node
    number: Value = reduce(gcd, (abs(part.coefficient.numerator) for part in parts))
    if any(part.coefficient.denominator != 1 for part in parts):
        number = 1
    outside = Monomial(coefficient=number)
    for base, exponent in common.items():
        outside.powers[base] = Exponent(exponent.number, list(exponent.terms))
        for part in parts:
            inner = part.powers[base]
            inner.number -= exponent.number
            for term in exponent.terms:
                inner.terms.remove(term)
    if number != 1:
        for part in parts:
            value = Fraction(part.coefficient) / number
            part.coefficient = value.numerator if value.denominator == 1 else value
    rest = Sum(tuple(part.build() for part in parts))
    outer = outside.build()
    return rest if outer is ONE else Product((*_factors(outer), rest))


def _factors(outer: Expr) -> tuple[Expr, ...]:
    return outer.args if type(outer) is Product else (outer,)


def _common_powers(parts: list[Monomial]) -> dict[Expr, Exponent]:
    common: dict[Expr, Exponent] = {}
    first = parts[0]
    for base, exponent in first.powers.items():
        if isinstance(base, Number):
            continue
        others = [part.powers.get(base) for part in parts[1:]]
        numbers = [exponent.number]
        terms = list(exponent.terms)
        for other in others:
            if other is None:
                break
            numbers.append(other.number)
            terms = [term for term in terms if term in other.terms]
        else:
            if base is E and not terms:
                continue
            number = min(numbers) if base is not E else 0
            if number != 0 or terms:
                common[base] = Exponent(number, terms)
    return common
