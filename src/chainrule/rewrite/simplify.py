"""Simplification: a sequence of named rewritings, each of which can be shown.

The everyday rewriting comes first; then, as long as something gets simpler by ``cost``, an
identity of the table, a common factor taken out, or the fraction in lowest terms. Every choice
is made by a fixed order and a strict decrease, so the result is the same in every run and
simplifying it again does nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
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
from chainrule.rewrite.cost_of_fractions import Ink
from chainrule.rewrite.monomial import Exponent, Monomial, coefficient_and_rest, split
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.patterns import apply_patterns
from chainrule.rewrite.rational import TooLargeError

# Above this many nodes, more than a page, only the everyday rewriting is done: the rest is for
# readers.
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

    def move(rule: str, after: Expr, reasons: tuple[str, ...] = ()) -> None:
        nonlocal current
        if after is not current:
            steps.append(
                Step("rewriting", rule, current, after, variable, reasons=reasons or (rule,))
            )
            current = after

    move("tidy", *tidier.explained(expr))
    if current not in tidier.improvements and size(current) > MAX_NODES:
        return steps
    if isinstance(current, Piecewise):
        return steps + _case_by_case(current, variable, tidier)
    weight = tidier.cost(current)
    known = tidier.improvements
    while True:
        if current not in known:
            known[current] = _improvement(current, weight, tidier)
        best = known[current]
        if best is None:
            return steps
        for rule, after in best:
            move(rule, after)
        weight = tidier.cost(current)


def simplified(expr: Expr, variable: Symbol, tidier: Tidier | None = None) -> Expr:
    """The simplest form that ``simplify`` finds."""
    steps = simplify(expr, variable, tidier)
    return steps[-1].after if steps else expr


def _improvement(current: Expr, weight: float, tidier: Tidier) -> list[tuple[str, Expr]] | None:
    """The next rewritings that make ``current`` strictly simpler, in the order to be shown."""

    def accept(before: Expr, after: Expr) -> Expr | None:
        tidied = tidier.tidy(after)
        return tidied if tidier.cost(tidied) < weight else None

    nodes = postorder(current)
    name, after = apply_patterns(current, nodes, accept)
    if name:
        return [(name, after)]
    if not any(type(node) is Sum for node in nodes):
        return None
    best: list[tuple[str, Expr]] | None = None
    factored = tidier.tidy(transform(current, factor_out))
    if tidier.cost(factored) < weight:
        best, weight = [("factor-out", factored)], tidier.cost(factored)
    return _lowest_terms(current, nodes, weight, tidier) or best


def _lowest_terms(
    current: Expr, nodes: Sequence[Expr], weight: float, tidier: Tidier
) -> list[tuple[str, Expr]] | None:
    """The best form in lowest terms, if it costs less than ``weight``.

    ``nodes`` are those of ``current``. The form is multiplied out, divided term by term,
    factored, or has its exponentials balanced.
    """
    closed, opened = _closed_sum(current, nodes)
    try:
        writer, ratio = tidier.fraction(closed)
    except TooLargeError:
        return None
    ink = Ink(writer, opened, tidier.costs)
    # In order of preference among those that cost the same, with what each costs at least.
    forms: list[tuple[str, float, Callable[[], Expr]]] = [
        ("expand", ink.expanded(ratio), lambda: writer.expression(ratio, factored=False))
    ]
    if len(ratio.bottom) == 1 and len(ratio.top) > 1:
        forms.append(("divide-terms", ink.termwise(ratio), lambda: writer.termwise(ratio)))
    forms.append(("factor", ink.factored(ratio), lambda: writer.expression(ratio, factored=True)))
    if len(ratio.bottom) > 1 and writer.balances(ratio):
        forms.append(
            ("factor", 0.0, lambda: writer.expression(ratio, factored=True, balanced=True))
        )
    best: tuple[str, Expr] | None = None
    for name, least, form in forms:
        if least < weight:
            after = tidier.tidy(substitute(form(), opened))
            if tidier.cost(after) < weight:
                best, weight = (name, after), tidier.cost(after)
    if best is None or best[0] == "divide-terms":
        return best and [best]
    expanded = tidier.tidy(substitute(writer.expression(ratio, factored=False), opened))
    fractions = any(type(node) is Quotient for node in nodes)
    combine = "common-denominator" if type(current) is Sum else "cancel"
    if not fractions or (type(expanded) is not Quotient and type(current) is not Sum):
        combine = "expand"
    if best[0] == "expand":
        return [(combine, expanded)]
    if expanded is not current and tidier.cost(expanded) <= 1.5 * tidier.cost(current):
        return [(combine, expanded), best]
    return [best]


def _closed_sum(current: Expr, nodes: Sequence[Expr]) -> tuple[Expr, dict[Expr, Expr]]:
    """With x − y as one letter where neither occurs outside it, and what opens it again.

    Nobody wants (x − y)² multiplied out.
    """
    for node in nodes:
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
    merged, reasons = tidier.explained(current)
    if merged is not current:
        steps.append(Step("rewriting", "tidy", current, merged, variable, reasons=reasons))
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
            # A term can be there twice: what all have in common is counted.
            terms = list((Counter(terms) & Counter(other.terms)).elements())
        else:
            if base is E and not terms:
                continue
            number = min(numbers) if base is not E else 0
            if number != 0 or terms:
                common[base] = Exponent(number, terms)
    return common
