"""How the derivative of one node comes out when a rule is applied wrongly.

Each function here is the ``distort`` of a row in ``slips``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chainrule.check.model import Attempt
from chainrule.check.wrong_derivatives import WRONG
from chainrule.differentiate.rule import Context
from chainrule.differentiate.rules import BY_NAME_OF_RULE, lowered
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Call,
    Expr,
    Number,
    Power,
    add,
    call,
    divide,
    multiply,
    negate,
    power,
    rational_value,
    substitute,
)
from chainrule.rewrite.monomial import coefficient_and_rest

Attempts = Iterator[Attempt]
Distort = Callable[[Expr, Context], Attempts]


# --- the chain rule ---------------------------------------------------------------------------
def inner_part(node: Expr, context: Context) -> Expr | None:
    """The part of a composition that depends on the variable, if it is one."""
    inner = [arg for arg in node.args if arg in context.steps]
    return inner[0] if len(inner) == 1 else None


def outer_slope(node: Expr, inner: Expr, context: Context) -> Expr:
    """The derivative of the outer function, taken at the inner one."""
    rule = BY_NAME_OF_RULE[context.steps[node].rule]
    return rule.slope(node, inner, context.variable, context.named)


Chain = Callable[[Expr, Expr, Expr, Expr], Expr]
"""Of (the node, its inner part, the inner derivative, the outer derivative)."""


def chain(*distorted: Chain, inner_matters: bool = True) -> Distort:
    """Slips with a composition; with ``inner_matters``, only if the inner derivative is not 1."""

    def attempts(node: Expr, context: Context) -> Attempts:
        inner = inner_part(node, context)
        if inner is None:
            return
        slope = context.derivative(inner)
        if inner_matters and slope is ONE:
            return
        outer = outer_slope(node, inner, context)
        terms = {"node": node, "inner": inner, "slope": slope, "outer": outer}
        for distort in distorted:
            yield Attempt(distort(node, inner, slope, outer), terms)

    return attempts


def slope_inside(node: Expr, inner: Expr, slope: Expr, outer: Expr) -> Expr:
    return substitute(outer, {inner: slope})


def slope_inside_and_behind(node: Expr, inner: Expr, slope: Expr, outer: Expr) -> Expr:
    return multiply(substitute(outer, {inner: slope}), slope)


# --- powers -------------------------------------------------------------------------------------
def _as_power(node: Expr) -> tuple[Expr, Expr, Expr]:
    """Coefficient, base and exponent of u^n or c/u."""
    if type(node) is Power:
        return ONE, node.base, node.exponent
    return node.args[0], node.args[1], MINUS_ONE


def powers(distort: Callable[[Expr, Expr], Expr]) -> Distort:
    """Slips with a power, from a function of (base, exponent); the coefficient and the inner
    derivative are multiplied on."""

    def attempts(node: Expr, context: Context) -> Attempts:
        coefficient, base, exponent = _as_power(node)
        slope = context.derivative(base)
        yield Attempt(
            multiply(coefficient, distort(base, exponent), slope),
            {"node": node, "exponent": exponent, "lowered": lowered(exponent)},
        )

    return attempts


def raised(base: Expr, exponent: Expr) -> Expr:
    return multiply(exponent, power(base, _next(exponent)))


def integrated(node: Expr, context: Context) -> Attempts:
    coefficient, base, exponent = _as_power(node)
    if base is context.variable and rational_value(exponent) != -1:
        after = multiply(coefficient, divide(power(base, _next(exponent)), _next(exponent)))
        yield Attempt(after, {"node": node, "wrong": after})


def _next(exponent: Expr) -> Expr:
    value = rational_value(exponent)
    return add(exponent, ONE) if value is None else Number(value + 1)


def inner_power(node: Expr, context: Context) -> Attempts:
    """(u^n)' taken for (u')^n."""
    coefficient, base, exponent = _as_power(node)
    slope = context.derivative(base)
    if base is not context.variable:
        yield Attempt(multiply(coefficient, power(slope, exponent)), {"node": node, "inner": base})


# --- exponentials ---------------------------------------------------------------------------------
def power_rule_on_exponential(node: Expr, context: Context) -> Attempts:
    match node:
        case Call("exp", (exponent,)):
            lower = call("exp", lowered(exponent))
        case Power(base, exponent):
            lower = power(base, lowered(exponent))
        case _:
            return
    slope = context.derivative(exponent)
    for after in (multiply(exponent, lower, slope), multiply(exponent, lower)):
        yield Attempt(after, {"node": node, "wrong": after})


def base_forgotten(node: Expr, context: Context) -> Attempts:
    base, exponent = node.args
    yield Attempt(
        multiply(node, context.derivative(exponent)), {"node": node, "factor": call("log", base)}
    )


def logarithm_base_forgotten(node: Expr, context: Context) -> Attempts:
    match node:
        case Call("log2" | "log10" as name, (u,)):
            base: Expr = Number(int(name[3:]))
        case Call("logb", (u, base)) if base not in context.steps:
            pass
        case _:
            return
    after = multiply(1 / u, context.derivative(u))
    yield Attempt(after, {"node": node, "factor": call("log", base)})


def general_as_power(node: Expr, context: Context) -> Attempts:
    base, exponent = node.args
    after = multiply(exponent, power(base, lowered(exponent)), context.derivative(base))
    yield Attempt(after, {"node": node})


def general_as_exponential(node: Expr, context: Context) -> Attempts:
    base, exponent = node.args
    after = multiply(node, call("log", base), context.derivative(exponent))
    yield Attempt(after, {"node": node})


# --- the table of functions -------------------------------------------------------------------
def wrong_elementary(node: Expr, context: Context) -> Attempts:
    inner = inner_part(node, context)
    if not isinstance(node, Call) or inner is None:
        return
    slope = context.derivative(inner)
    right = outer_slope(node, inner, context)
    for formula in WRONG.get(node.name, ()):
        wrong = formula(*node.args)
        terms = {"node": node, "inner": inner, "outer": right, "wrong": wrong}
        yield Attempt(multiply(wrong, slope), terms)


def sign_of_function(*, lost: bool) -> Distort:
    """The sign is lost of a derivative that has one, as of cos, or comes from nowhere."""

    def attempts(node: Expr, context: Context) -> Attempts:
        inner = inner_part(node, context)
        if inner is None:
            return
        right = outer_slope(node, inner, context)
        if _is_negative(right) is lost:
            wrong = negate(right)
            terms = {"node": node, "inner": inner, "outer": right, "wrong": wrong}
            yield Attempt(multiply(wrong, context.derivative(inner)), terms)

    return attempts


# --- sums -----------------------------------------------------------------------------------------
def each_term(distort: Callable[[Expr, Expr], Expr]) -> Distort:
    """One term of a sum comes out wrong: from a function of (term, its derivative)."""

    def attempts(node: Expr, context: Context) -> Attempts:
        slopes = [context.derivative(term) for term in node.args]
        for i, term in enumerate(node.args):
            if slopes[i] is not ZERO:
                after = add(*slopes[:i], distort(term, slopes[i]), *slopes[i + 1 :])
                yield Attempt(after, {"node": node, "term": term, "slope": slopes[i]})

    return attempts


def _is_negative(term: Expr) -> bool:
    return coefficient_and_rest(term)[0] < 0


def minus_lost(node: Expr, context: Context) -> Attempts:
    for attempt in each_term(lambda term, slope: negate(slope))(node, context):
        if _is_negative(attempt.terms["term"]):
            yield attempt


def constants_kept(node: Expr, context: Context) -> Attempts:
    constants = [term for term in node.args if term not in context.steps]
    right = add(*(context.derivative(term) for term in node.args))
    for kept in [constants, *([term] for term in constants)]:
        if kept:
            yield Attempt(add(right, *kept), {"node": node, "constant": add(*kept)})


def constants_as_one(node: Expr, context: Context) -> Attempts:
    constants = [term for term in node.args if term not in context.steps]
    right = add(*(context.derivative(term) for term in node.args))
    for constant in constants[:1]:
        yield Attempt(add(right, ONE), {"node": node, "constant": constant})


# --- products -------------------------------------------------------------------------------------
def product_of_derivatives(node: Expr, context: Context) -> Attempts:
    slopes = [context.derivative(factor) for factor in node.args]
    constants = [factor for factor in node.args if factor not in context.steps]
    moving = [slope for slope, u in zip(slopes, node.args, strict=True) if u in context.steps]
    yield Attempt(multiply(*constants, *moving), {"node": node})
    if constants:
        yield Attempt(multiply(*slopes), {"node": node})


def _product_terms(node: Expr, context: Context) -> list[tuple[Expr, Expr]]:
    """Each varying factor with the term of the product rule in which it is differentiated."""
    factors = node.args
    return [
        (factor, multiply(*factors[:i], context.derivative(factor), *factors[i + 1 :]))
        for i, factor in enumerate(factors)
        if factor in context.steps
    ]


def product_term_forgotten(node: Expr, context: Context) -> Attempts:
    rows = _product_terms(node, context)
    for i, (factor, term) in enumerate(rows):
        after = add(*(other for _, other in rows[:i] + rows[i + 1 :]))
        yield Attempt(after, {"node": node, "factor": factor, "missing": term})


def product_minus(node: Expr, context: Context) -> Attempts:
    terms = [term for _, term in _product_terms(node, context)]
    yield Attempt(add(terms[0], *map(negate, terms[1:])), {"node": node})
    yield Attempt(add(negate(terms[0]), *terms[1:]), {"node": node})


def sum_of_derivatives(node: Expr, context: Context) -> Attempts:
    constants = [factor for factor in node.args if factor not in context.steps]
    slopes = [context.derivative(factor) for factor in node.args if factor in context.steps]
    yield Attempt(multiply(*constants, add(*slopes)), {"node": node})


def factor_dropped(node: Expr, context: Context) -> Attempts:
    right = context.steps[node].after
    for constant in node.args:
        if constant not in context.steps and constant is not MINUS_ONE:
            yield Attempt(divide(right, constant), {"node": node, "constant": constant})


def divisor_dropped(node: Expr, context: Context) -> Attempts:
    yield Attempt(context.derivative(node.args[0]), {"node": node, "constant": node.args[1]})


def sign_of_factor(node: Expr, context: Context) -> Attempts:
    if _is_negative(node):
        yield Attempt(negate(context.steps[node].after), {"node": node})


# --- quotients ------------------------------------------------------------------------------------
def quotients(distort: Callable[[Expr, Expr, Expr, Expr], Expr]) -> Distort:
    """From a function of (u, v, u', v')."""

    def attempts(node: Expr, context: Context) -> Attempts:
        top, bottom = node.args
        after = distort(top, bottom, context.derivative(top), context.derivative(bottom))
        yield Attempt(after, {"node": node, "top": top, "bottom": bottom, "square": bottom**2})

    return attempts


def reciprocal_of_derivative(node: Expr, context: Context) -> Attempts:
    top, bottom = node.args
    yield Attempt(divide(top, context.derivative(bottom)), {"node": node, "bottom": bottom})
