"""The table of slips: one row each, in the order in which they are tried.

Where two slips give the same result, the first one is named: those made with one rule at one
place come before those made with the whole formula.
"""

from __future__ import annotations

from chainrule.check.distortions import (
    base_forgotten,
    chain,
    constants_as_one,
    constants_kept,
    divisor_dropped,
    each_term,
    factor_dropped,
    general_as_exponential,
    general_as_power,
    inner_power,
    integrated,
    logarithm_base_forgotten,
    minus_lost,
    power_rule_on_exponential,
    powers,
    product_minus,
    product_of_derivatives,
    product_term_forgotten,
    quotients,
    raised,
    reciprocal_of_derivative,
    sign_of_factor,
    sign_of_function,
    slope_inside,
    slope_inside_and_behind,
    sum_of_derivatives,
    wrong_elementary,
)
from chainrule.check.model import ResultSlip, RuleSlip
from chainrule.check.result_slips import (
    antiderivative,
    bracket_lost,
    changed_sign,
    constant,
    missing_term,
    nothing,
    power_of_part,
    second_derivative,
    termwise_power,
    unchanged,
)
from chainrule.differentiate.rules import RULES, lowered
from chainrule.expr.nodes import ZERO, multiply, negate, power

POWERS = frozenset({"power", "reciprocal"})
FUNCTIONS = frozenset({"elementary", "named", "unknown"})
EXPONENTIALS = frozenset({"elementary", "exponential"})
CHAIN = frozenset(rule.name for rule in RULES if rule.chain)


def _rules(*names: str) -> frozenset[str]:
    return frozenset(names)


SLIPS: tuple[RuleSlip | ResultSlip, ...] = (
    RuleSlip(
        name="inner-derivative",
        sentence="the inner derivative of {node}, which is {slope}, was forgotten",
        rules=CHAIN,
        distort=chain(lambda node, inner, slope, outer: outer),
    ),
    # --- powers ---
    RuleSlip(
        name="exponent-not-lowered",
        sentence="the exponent of {node} was brought down, but not lowered to {lowered}",
        rules=POWERS,
        distort=powers(lambda u, n: multiply(n, power(u, n))),
    ),
    RuleSlip(
        name="exponent-not-brought-down",
        sentence="the exponent of {node} was lowered, but {exponent} was not brought down in front",
        rules=POWERS,
        distort=powers(lambda u, n: power(u, lowered(n))),
    ),
    RuleSlip(
        name="exponent-raised",
        sentence="the exponent of {node} was raised by one, where it goes down to {lowered}",
        rules=POWERS,
        distort=powers(raised),
    ),
    RuleSlip(
        name="lowered-exponent-brought-down",
        sentence="the exponent of {node} was lowered before it was brought down: the factor in "
        "front is {exponent}, not {lowered}",
        rules=POWERS,
        distort=powers(lambda u, n: multiply(lowered(n), power(u, lowered(n)))),
    ),
    RuleSlip(
        name="power-of-inner-derivative",
        sentence="only the inner part {inner} of {node} was differentiated; the power rule was "
        "not applied",
        rules=_rules("power"),
        distort=inner_power,
    ),
    # --- exponentials and logarithms ---
    RuleSlip(
        name="power-rule-on-exponential",
        sentence="the power rule was applied to {node}, where the variable is in the exponent "
        "and not in the base",
        rules=EXPONENTIALS,
        distort=power_rule_on_exponential,
    ),
    RuleSlip(
        name="log-of-base",
        sentence="the factor {factor} in the derivative of {node} was forgotten",
        rules=_rules("exponential"),
        distort=base_forgotten,
    ),
    RuleSlip(
        name="base-of-logarithm",
        sentence="the derivative of {node} was taken as that of a natural logarithm: the divisor "
        "{factor} is missing",
        rules=_rules("elementary"),
        distort=logarithm_base_forgotten,
    ),
    RuleSlip(
        name="general-power-as-power",
        sentence="the power rule was applied to {node}, although the exponent varies too",
        rules=_rules("general-power"),
        distort=general_as_power,
    ),
    RuleSlip(
        name="general-power-as-exponential",
        sentence="{node} was treated as an exponential, although the base varies too",
        rules=_rules("general-power"),
        distort=general_as_exponential,
    ),
    # --- signs ---
    RuleSlip(
        name="sign-of-function",
        sentence="a sign is wrong: the derivative of the outer function in {node} is {outer}, "
        "not {wrong}",
        alone="a sign is wrong: the derivative of {node} is {outer}, not {wrong}",
        rules=_rules("elementary"),
        distort=sign_of_function(lost=True),
    ),
    RuleSlip(
        name="sign-lost",
        sentence="the minus sign before {term} was lost",
        rules=_rules("sum"),
        distort=minus_lost,
    ),
    RuleSlip(
        name="sign-of-factor",
        sentence="the minus sign of {node} was lost",
        rules=_rules("constant-multiple"),
        distort=sign_of_factor,
    ),
    # --- the table of derivatives ---
    RuleSlip(
        name="wrong-derivative",
        sentence="the derivative of the outer function in {node} is {outer}, not {wrong}",
        alone="the derivative of {node} is {outer}, not {wrong}",
        rules=_rules("elementary", "named"),
        distort=wrong_elementary,
    ),
    # --- constants ---
    RuleSlip(
        name="constant-kept",
        sentence="the derivative of the constant {constant} is 0; it was kept",
        rules=_rules("sum"),
        distort=constants_kept,
    ),
    RuleSlip(
        name="constant-as-one",
        sentence="the derivative of the constant {constant} is 0, not 1",
        rules=_rules("sum"),
        distort=constants_as_one,
    ),
    RuleSlip(
        name="constant-factor-dropped",
        sentence="the constant factor {constant} of {node} was dropped",
        rules=_rules("constant-multiple", "product"),
        distort=factor_dropped,
    ),
    RuleSlip(
        name="constant-divisor-dropped",
        sentence="the constant divisor {constant} of {node} was dropped",
        rules=_rules("constant-divisor"),
        distort=divisor_dropped,
    ),
    # --- products ---
    RuleSlip(
        name="product-of-derivatives",
        sentence="the derivative of the product {node} is not the product of the derivatives",
        rules=_rules("product"),
        distort=product_of_derivatives,
    ),
    RuleSlip(
        name="product-term-forgotten",
        sentence="in the product rule for {node}, the term {missing} is missing, in which "
        "{factor} is differentiated",
        rules=_rules("product"),
        distort=product_term_forgotten,
    ),
    RuleSlip(
        name="product-minus",
        sentence="in the product rule for {node}, the terms are added, not subtracted",
        rules=_rules("product"),
        distort=product_minus,
    ),
    RuleSlip(
        name="sum-of-derivatives",
        sentence="the derivatives of the factors of {node} were added; each must be multiplied "
        "by the other factors first",
        rules=_rules("product"),
        distort=sum_of_derivatives,
    ),
    # --- quotients ---
    RuleSlip(
        name="quotient-swapped",
        sentence="in the quotient rule for {node}, the order is swapped: first comes the "
        "derivative of the top times the bottom",
        rules=_rules("quotient"),
        distort=quotients(lambda u, v, du, dv: (u * dv - du * v) / v**2),
    ),
    RuleSlip(
        name="quotient-plus",
        sentence="in the quotient rule for {node}, the second term is subtracted, not added",
        rules=_rules("quotient"),
        distort=quotients(lambda u, v, du, dv: (du * v + u * dv) / v**2),
    ),
    RuleSlip(
        name="quotient-of-derivatives",
        sentence="the derivative of the quotient {node} is not the quotient of the derivatives",
        rules=_rules("quotient"),
        distort=quotients(lambda u, v, du, dv: du / dv),
    ),
    RuleSlip(
        name="reciprocal-of-derivative",
        sentence="the derivative of {node} is not one over the derivative of {bottom}",
        rules=_rules("reciprocal"),
        distort=reciprocal_of_derivative,
    ),
    RuleSlip(
        name="denominator-not-squared",
        sentence="in the quotient rule for {node}, the denominator must be squared: {square}",
        rules=_rules("quotient"),
        distort=quotients(lambda u, v, du, dv: (du * v - u * dv) / v),
    ),
    RuleSlip(
        name="denominator-lost",
        sentence="in the quotient rule for {node}, the division by {square} is missing",
        rules=_rules("quotient"),
        distort=quotients(lambda u, v, du, dv: du * v - u * dv),
    ),
    RuleSlip(
        name="denominator-as-constant",
        sentence="the denominator of {node} was treated as a constant, but it varies",
        rules=_rules("quotient"),
        distort=quotients(lambda u, v, du, dv: du / v),
    ),
    RuleSlip(
        name="denominator-differentiated",
        sentence="in the quotient rule for {node}, the denominator {bottom} itself is squared, "
        "not its derivative",
        rules=_rules("quotient"),
        distort=quotients(lambda u, v, du, dv: (du * v - u * dv) / dv**2),
    ),
    # --- signs that were not there ---
    RuleSlip(
        name="sign-added-to-function",
        sentence="a sign is wrong: the derivative of the outer function in {node} is {outer}, "
        "not {wrong}",
        alone="a sign is wrong: the derivative of {node} is {outer}, not {wrong}",
        rules=_rules("elementary"),
        distort=sign_of_function(lost=False),
    ),
    RuleSlip(
        name="sign-of-power",
        sentence="the sign of the derivative of {node} is wrong",
        rules=POWERS,
        distort=chain(
            lambda node, inner, slope, outer: negate(multiply(outer, slope)), inner_matters=False
        ),
    ),
    RuleSlip(
        name="sign-added",
        sentence="the derivative of {term} came with the wrong sign",
        rules=_rules("sum"),
        distort=each_term(lambda term, slope: negate(slope)),
    ),
    # --- the chain rule done otherwise ---
    RuleSlip(
        name="inner-derivative-inside",
        sentence="the derivative of the outer function in {node} must be taken at {inner}, not "
        "at its derivative {slope}",
        rules=CHAIN,
        distort=chain(slope_inside, slope_inside_and_behind),
    ),
    RuleSlip(
        name="inner-derivative-twice",
        sentence="the inner derivative of {node}, which is {slope}, was multiplied in twice",
        rules=CHAIN,
        distort=chain(lambda node, inner, slope, outer: multiply(outer, slope, slope)),
    ),
    RuleSlip(
        name="inner-derivative-added",
        sentence="the inner derivative of {node}, which is {slope}, was added; it is a factor",
        rules=CHAIN,
        distort=chain(lambda node, inner, slope, outer: outer + slope),
    ),
    RuleSlip(
        name="inner-derivative-divided",
        sentence="the inner derivative of {node}, which is {slope}, was divided by; it is a factor",
        rules=CHAIN,
        distort=chain(lambda node, inner, slope, outer: outer / slope),
    ),
    RuleSlip(
        name="multiplied-by-inner",
        sentence="in the derivative of {node}, the factor is the derivative of the inner "
        "function, {slope}, and not {inner} itself",
        rules=CHAIN,
        distort=chain(
            lambda node, inner, slope, outer: multiply(outer, inner), inner_matters=False
        ),
    ),
    # --- the whole formula ---
    ResultSlip(
        name="unchanged",
        sentence="this is {function} itself; it was not differentiated",
        claims=unchanged,
    ),
    ResultSlip(
        name="taken-for-constant",
        sentence="{function} is not constant in {variable}, so its derivative is not 0",
        claims=nothing,
    ),
    ResultSlip(
        name="constant",
        sentence="{function} does not change with {variable}, so its derivative is 0",
        claims=constant,
    ),
    ResultSlip(
        name="antiderivative",
        sentence="this is an antiderivative: {function} was integrated instead of differentiated",
        claims=antiderivative,
    ),
    ResultSlip(
        name="second-derivative",
        sentence="{function} was differentiated once too often",
        claims=second_derivative,
    ),
    RuleSlip(
        name="outer-kept",
        sentence="{node} itself was kept, where its derivative belongs",
        rules=CHAIN,
        distort=chain(lambda node, inner, slope, outer: multiply(node, slope), inner_matters=False),
    ),
    RuleSlip(
        name="term-copied",
        sentence="the term {term} was copied; its derivative is {slope}",
        rules=_rules("sum"),
        distort=each_term(lambda term, slope: term),
    ),
    RuleSlip(
        name="term-forgotten",
        sentence="the term {term} was forgotten; its derivative is {slope}",
        rules=_rules("sum"),
        distort=each_term(lambda term, slope: ZERO),
    ),
    RuleSlip(
        name="power-integrated",
        sentence="{node} was integrated instead of differentiated",
        rules=POWERS,
        distort=integrated,
    ),
    # --- while rewriting the result ---
    ResultSlip(
        name="bracket-lost",
        sentence="a bracket was lost: {right} is not {wrong}",
        claims=bracket_lost,
    ),
    ResultSlip(
        name="bracket-of-power-lost",
        sentence="a bracket was lost: {right} is not {wrong}",
        claims=power_of_part,
    ),
    ResultSlip(
        name="power-of-sum",
        sentence="{right} is not {wrong}",
        claims=termwise_power,
    ),
    ResultSlip(
        name="sign-in-result",
        sentence="in {right}, the sign of {term} was changed",
        claims=changed_sign,
    ),
    ResultSlip(
        name="term-lost",
        sentence="in {right}, the term {term} was lost",
        claims=missing_term,
    ),
)
