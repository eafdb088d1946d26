"""Faults planted in derivatives, of the kinds that rewriting and tables of rules may have."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from fractions import Fraction

import mpmath
import numpy as np

import chainrule
from chainrule.expr.nodes import (
    Call,
    Comparison,
    Constant,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    negate,
    postorder,
    substitute,
    symbols,
)
from fuzz.formulas import Formula, Tree, make
from fuzz.meaning import NAMED, Case
from fuzz.values import Program, UndefinedError, exact

SWAPPED = {
    "sin": "cos",
    "cos": "sin",
    "tanh": "atan",
    "sinh": "cosh",
    "cosh": "sinh",
    "exp": "expm1",
}
SWAPPED |= {"sqrt": "cbrt", "log": "log1p", "atan": "tanh", "erf": "tanh", "normpdf": "sech"}
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "!=", "!=": "=="}


def _opened(node: Expr) -> Expr | None:
    """1/(a − b) as a − b."""
    if isinstance(node, Quotient) and isinstance(node.denominator, Sum):
        return Product((node.numerator, node.denominator))
    return None


def _sign(node: Expr) -> Expr | None:
    return negate(node) if isinstance(node, (Product, Call, Quotient, Power)) else None


def _coefficient(node: Expr) -> Expr | None:
    return Number(node.value + 1) if isinstance(node, Number) else None


def _digits(node: Expr) -> Expr | None:
    """0.797 for 0.798, or a constant with three digits."""
    if isinstance(node, Number) and node.decimal:
        return Number(Fraction(node.value) * Fraction(1001, 1000), True)
    return Number(Fraction(314, 100)) if node is Constant("pi") else None


def _dropped(node: Expr) -> Expr | None:
    if isinstance(node, (Product, Sum)):
        return node.args[0] if len(node.args) == 2 else type(node)(node.args[:-1])
    return None


def _exponent(node: Expr) -> Expr | None:
    if isinstance(node, Power) and isinstance(node.exponent, Number):
        return Power(node.base, Number(node.exponent.value + 1))
    return None


def _function(node: Expr) -> Expr | None:
    if isinstance(node, Call) and node.name in SWAPPED:
        return Call(SWAPPED[node.name], node.args)
    return None


def _side(node: Expr) -> Expr | None:
    """|u| as u, sign u as 1: right on one side only."""
    if isinstance(node, Call) and node.name == "abs":
        return node.args[0]
    return Number(1) if isinstance(node, Call) and node.name == "sign" else None


def _branch(node: Expr) -> Expr | None:
    """Two cases exchanged."""
    if isinstance(node, Piecewise) and len(node.values) > 1:
        first, second, *rest = node.values
        return node.with_values([second, first, *rest])
    return None


def _condition(node: Expr) -> Expr | None:
    if isinstance(node, Comparison) and len(node.operators) == 1:
        return Comparison((FLIPPED[node.operators[0]],), node.args)
    return None


KINDS: dict[str, Callable[[Expr], Expr | None]] = {
    "a quotient opened": _opened,
    "a sign": _sign,
    "a coefficient": _coefficient,
    "a digit": _digits,
    "a factor or a term dropped": _dropped,
    "an exponent": _exponent,
    "another function": _function,
    "a wrong side": _side,
    "two branches exchanged": _branch,
    "a condition": _condition,
}


def planted(seed: int) -> Iterator[tuple[str, Case, Expr, Expr]]:
    """Each kind of fault that the derivative of a seed's formula has a place for.

    Yields the kind, the formula with its points, its derivative, and a wrong one.
    """
    rng = random.Random(f"planted {seed}")
    formula = make(seed, NAMED)
    derivative = chainrule.diff(formula.text, formula.variable, verify=False)
    nodes = postorder(derivative)
    for kind, wrong in KINDS.items():
        places = [node for node in nodes if wrong(node) not in (None, node)]
        if places:
            node = rng.choice(places)
            changed = wrong(node)
            assert changed is not None
            yield kind, Case(formula, seed), derivative, substitute(derivative, {node: changed})


def case_of(text: str) -> Case:
    """A formula in x as chainrule reads it, for faults that are planted by hand."""
    expr = chainrule.parse(text)
    nodes: list[Tree] = []
    for kind, args, own in Program.of_expr(expr).rows:
        nodes.append(Tree(kind, tuple([nodes[i] for i in args]), own))
    letters = dict.fromkeys(["x", *(letter.name for letter in symbols(expr))])
    return Case(Formula(nodes[-1], text, "x", tuple(letters)), 1)


def noticed(case: Case, wrong: Expr) -> bool:
    """Whether the comparison that the fuzzer makes finds it."""
    with np.errstate(all="ignore"):
        right = case.grid.value * 0 if case.grid.first is None else case.grid.first
        return not case.judge("planted", Program.of_expr(wrong), str(wrong), right, case.first)


def differs(case: Case, derivative: Expr, wrong: Expr) -> bool:
    """Whether two derivatives differ anywhere, by mpmath at all points of another sample."""
    fresh = Case(case.formula, 987_654_321)
    known = fresh.grid.first is None or np.isfinite(fresh.grid.first)
    programs = Program.of_expr(derivative), Program.of_expr(wrong)
    with mpmath.workdps(40):
        for index in np.flatnonzero(np.isfinite(fresh.grid.value) & known)[::3]:
            point = {name: mpmath.mpf(float(a[index])) for name, a in fresh.values.items()}
            try:
                one = exact(programs[0], point)
            except UndefinedError:
                continue
            try:
                other = exact(programs[1], point)
            except UndefinedError:
                return True
            if abs(one - other) > mpmath.mpf(10) ** -20 * (abs(one) + abs(other)):
                return True
    return False
