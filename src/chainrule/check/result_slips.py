"""Slips made with the whole formula, or while the result is rewritten.

Each function here is the ``claims`` of a row in ``slips``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chainrule.check.model import SlipClaim, SlipContext
from chainrule.expr.nodes import (
    ONE,
    ZERO,
    Expr,
    Power,
    Product,
    Quotient,
    Sum,
    add,
    divide,
    multiply,
    negate,
    postorder,
    power,
    substitute,
)

Claims = Iterator[SlipClaim]


# --- the whole formula -----------------------------------------------------------------------
def _terms(case: SlipContext, function: Expr) -> dict[str, Expr]:
    return {"function": function, "variable": case.variable}


def unchanged(case: SlipContext) -> Claims:
    if case.function is not None and case.forms[0] is not ZERO:
        yield SlipClaim(case.answer, case.function, _terms(case, case.function))


def nothing(case: SlipContext) -> Claims:
    if case.function is not None:
        yield SlipClaim(case.answer, ZERO, _terms(case, case.function))


def constant(case: SlipContext) -> Claims:
    if case.function is not None and case.forms[0] is ZERO:
        for wrong in (case.function, ONE):
            yield SlipClaim(case.answer, wrong, _terms(case, case.function))


def antiderivative(case: SlipContext) -> Claims:
    if case.function is not None and case.variable in postorder(case.answer):
        slope = case.derivative(case.answer)
        yield SlipClaim(slope, case.function, _terms(case, case.function))


def second_derivative(case: SlipContext) -> Claims:
    if case.function is not None:
        slope = case.derivative(case.forms[-1])
        yield SlipClaim(case.answer, slope, _terms(case, case.function))


# --- rewriting ---------------------------------------------------------------------------------
Wrong = Callable[[Expr], Iterator[tuple[Expr, dict[str, Expr]]]]
"""The ways in which a node can be rewritten wrongly, each with the terms of its sentence."""


def _rewritings(wrong: Wrong) -> Callable[[SlipContext], Claims]:
    """One node, wherever it is, is rewritten wrongly."""

    def claims(case: SlipContext) -> Claims:
        for form in case.forms:
            for node in postorder(form):
                for after, terms in wrong(node):
                    shown = {"right": node, "wrong": after, **terms}
                    yield SlipClaim(case.answer, substitute(form, {node: after}), shown)

    return claims


def _bracket(node: Expr) -> Iterator[tuple[Expr, dict[str, Expr]]]:
    """A factor or divisor reaches only one term of the sum that it belongs to."""
    match node:
        case Product(factors):
            for i, factor in enumerate(factors):
                if type(factor) is Sum:
                    others = (*factors[:i], *factors[i + 1 :])
                    first, *rest = factor.args
                    yield add(multiply(*others, first), *rest), {}
                    *start, last = factor.args
                    yield add(*start, multiply(*others, last)), {}
        case Quotient(Sum(terms), bottom):
            yield add(*terms[:-1], divide(terms[-1], bottom)), {}
            yield add(divide(terms[0], bottom), *terms[1:]), {}
        case _:
            pass


def _power_bracket(node: Expr) -> Iterator[tuple[Expr, dict[str, Expr]]]:
    """An exponent reaches only one factor of the product that it belongs to."""
    match node:
        case Power(Product(factors), exponent):
            yield multiply(*factors[:-1], power(factors[-1], exponent)), {}
            yield multiply(power(factors[0], exponent), *factors[1:]), {}
        case Power(Quotient(top, bottom), exponent):
            yield divide(power(top, exponent), bottom), {}
            yield divide(top, power(bottom, exponent)), {}
        case _:
            pass


def _sum_power(node: Expr) -> Iterator[tuple[Expr, dict[str, Expr]]]:
    match node:
        case Power(Sum(terms), exponent):
            yield add(*(power(term, exponent) for term in terms)), {}
        case _:
            pass


def _sign(node: Expr) -> Iterator[tuple[Expr, dict[str, Expr]]]:
    if type(node) is Sum:
        for i, term in enumerate(node.args):
            yield add(*node.args[:i], negate(term), *node.args[i + 1 :]), {"term": term}


def _loss(node: Expr) -> Iterator[tuple[Expr, dict[str, Expr]]]:
    if type(node) is Sum:
        for i, term in enumerate(node.args):
            yield add(*node.args[:i], *node.args[i + 1 :]), {"term": term}


bracket_lost = _rewritings(_bracket)
power_of_part = _rewritings(_power_bracket)
termwise_power = _rewritings(_sum_power)
changed_sign = _rewritings(_sign)
missing_term = _rewritings(_loss)
