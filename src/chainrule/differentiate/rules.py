"""The rules of differentiation: one object each, and nothing else decides a derivative.

Adding a rule is adding an object to ``RULES``.
"""

from __future__ import annotations

from chainrule.differentiate.rule import Context, Rule
from chainrule.errors import InputError
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Unknown,
    add,
    call,
    depends_on,
    divide,
    multiply,
    negate,
    power,
    rational_value,
)

# A product of more factors than this shares its partial products, so that its derivative
# stays linear in the number of factors; shorter ones are written out flat.
FLAT_FACTORS = 6


def lowered(exponent: Expr) -> Expr:
    """The exponent less one."""
    value = rational_value(exponent)
    if value is None:
        return add(exponent, MINUS_ONE)
    return Number(value - 1, isinstance(exponent, Number) and exponent.decimal)


# --- derivatives ----------------------------------------------------------------------------
def _sum(node: Expr, context: Context) -> Expr:
    steps = context.steps
    terms = [step.after for term in node.args if (step := steps.get(term)) is not None]
    return add(*terms)


def _product(node: Expr, context: Context) -> Expr:
    factors = node.args
    steps = context.steps
    if len(factors) <= FLAT_FACTORS:
        return add(
            *(
                multiply(*factors[:i], step.after, *factors[i + 1 :])
                for i, factor in enumerate(factors)
                if (step := steps.get(factor)) is not None
            )
        )
    return _long_product(factors, context)


def _long_product(factors: tuple[Expr, ...], context: Context) -> Expr:
    """(u₁⋯uₙ)' over shared partial products: linear in n, where the plain rule is quadratic."""
    after: list[Expr] = [ONE]
    for factor in reversed(factors[1:]):
        rest = after[-1]
        after.append(factor if rest is ONE else Product((factor, rest)))
    after.reverse()
    before: Expr = ONE
    terms: list[Expr] = []
    for factor, tail in zip(factors, after, strict=True):
        slope = context.derivative(factor)
        if slope is not ZERO:
            kept = tuple(part for part in (before, slope, tail) if part is not ONE)
            terms.append(kept[0] if len(kept) == 1 else Product(kept) if kept else ONE)
        before = factor if before is ONE else Product((before, factor))
    return terms[0] if len(terms) == 1 else Sum(tuple(terms))


def _constant_multiple(node: Expr, context: Context) -> Expr:
    steps = context.steps
    return multiply(
        *[step.after if (step := steps.get(factor)) is not None else factor for factor in node.args]
    )


def _constant_divisor(node: Expr, context: Context) -> Expr:
    top, bottom = node.args
    return divide(context.derivative(top), bottom)


def _reciprocal(node: Expr, context: Context) -> Expr:
    top, bottom = node.args
    return multiply(negate(top), Power(bottom, Number(-2)), context.derivative(bottom))


def _quotient(node: Expr, context: Context) -> Expr:
    top, bottom = node.args
    return Quotient(
        add(
            multiply(context.derivative(top), bottom),
            negate(multiply(top, context.derivative(bottom))),
        ),
        Power(bottom, Number(2)),
    )


def _power(node: Expr, context: Context) -> Expr:
    base, exponent = node.args
    return multiply(exponent, power(base, lowered(exponent)), context.derivative(base))


def _exponential(node: Expr, context: Context) -> Expr:
    base, exponent = node.args
    return multiply(node, call("log", base), context.derivative(exponent))


def _general_power(node: Expr, context: Context) -> Expr:
    base, exponent = node.args
    return multiply(
        node,
        add(
            multiply(context.derivative(exponent), call("log", base)),
            multiply(exponent, divide(context.derivative(base), base)),
        ),
    )


def _elementary(node: Expr, context: Context) -> Expr:
    assert isinstance(node, Call)
    row = BY_NAME[node.name]
    terms: list[Expr] = []
    for argument, partial in zip(node.args, row.derivatives, strict=True):
        step = context.steps.get(argument)
        if step is None:
            continue
        if partial is None:
            raise InputError(f"{row.title} cannot be differentiated by its order")
        terms.append(multiply(partial(*node.args), step.after))
    return terms[0] if len(terms) == 1 else add(*terms)


def _catalogue(node: Expr, context: Context) -> Expr:
    assert isinstance(node, Call)
    return add(
        *(
            multiply(context.named(node.name, i, node.args), step.after)
            for i, argument in enumerate(node.args)
            if (step := context.steps.get(argument)) is not None
        )
    )


def _unknown(node: Expr, context: Context) -> Expr:
    assert isinstance(node, Unknown)
    terms: list[Expr] = []
    for i, argument in enumerate(node.args):
        slope = context.derivative(argument)
        if slope is not ZERO:
            orders = tuple(order + (j == i) for j, order in enumerate(node.orders))
            terms.append(multiply(Unknown(node.name, orders, node.args), slope))
    return add(*terms)


def _extreme(node: Expr, context: Context) -> Expr:
    assert isinstance(node, Call)
    u, v = node.args
    if u is v:
        return context.derivative(u)
    first, second = (">", "<") if node.name == "max" else ("<", ">")
    slopes = context.derivative(u), context.derivative(v)
    if slopes[0] is slopes[1]:
        return slopes[0]
    cases = [slopes[0], Comparison((first,), (u, v)), slopes[1], Comparison((second,), (u, v))]
    if _may_touch(u, v, slopes, context.variable):
        cases += [slopes[0], Comparison(("==",), slopes)]
    return Piecewise(tuple(cases))


def _may_touch(u: Expr, v: Expr, slopes: tuple[Expr, Expr], variable: Symbol) -> bool:
    """Whether u and v may meet with one slope: x and |x| do, for all x > 0.

    Of functions that have cases themselves, those that have each other in them may.
    """
    if not any(depends_on(slope, variable) for slope in slopes):
        return False
    if not any(isinstance(slope, Piecewise) for slope in slopes):
        return True
    named = any(isinstance(part, Call) and part.name not in BY_NAME for part in (u, v))
    return named or u in v.args or v in u.args


def _piecewise(node: Expr, context: Context) -> Expr:
    assert isinstance(node, Piecewise)
    return node.with_values([context.derivative(value) for value in node.values])


# --- outer functions as they are written --------------------------------------------------------
def _as_power(outer: Expr, letter: Symbol) -> tuple[Expr, tuple[Expr, ...]]:
    exponent = outer.args[1]
    return outer, (exponent, Power(letter, Sum((exponent, MINUS_ONE))))


def _reciprocal_as_power(outer: Expr, letter: Symbol) -> tuple[Expr, tuple[Expr, ...]]:
    factor = outer.args[0]
    power_of_letter, slope = _as_power(Power(letter, MINUS_ONE), letter)
    if factor is ONE:
        return power_of_letter, slope
    return Product((factor, power_of_letter)), (factor, *slope)


# --- when they apply --------------------------------------------------------------------------
def _one_depends(node: Expr, context: Context) -> bool:
    steps = context.steps
    return len([factor for factor in node.args if factor in steps]) == 1


def _first_only(node: Expr, context: Context) -> bool:
    return node.args[1] not in context.steps


def _second_only(node: Expr, context: Context) -> bool:
    return node.args[0] not in context.steps


_U, _V, _C, _N, _A = (Symbol(letter) for letter in "uvcna")
_DU, _DV = (Unknown(letter, (1,), ()) for letter in "uv")

_POWER_RULE = "Bring the exponent down in front, then lower it by one."
_CHAIN_RULE = (
    "The derivative of a composition is the derivative of the outer function, taken at the inner "
    "one, times the derivative of the inner one."
)

RULES: tuple[Rule, ...] = (
    Rule(
        name="sum",
        title="Sum rule",
        words="Differentiate term by term; a constant term does not change, so its derivative "
        "is 0.",
        statement=(Sum((_U, _V, _C)), _DU + _DV),
        kinds=(Sum,),
        derive=_sum,
    ),
    Rule(
        name="constant-multiple",
        title="Constant multiple",
        words="A constant factor stays in front.",
        statement=(_C * _U, _C * _DU),
        kinds=(Product,),
        applies=_one_depends,
        derive=_constant_multiple,
    ),
    Rule(
        name="product",
        title="Product rule",
        words="Differentiate one factor at a time, leave the others as they are, and add up.",
        statement=(_U * _V, _DU * _V + _U * _DV),
        kinds=(Product,),
        derive=_product,
    ),
    Rule(
        name="constant-divisor",
        title="Constant multiple",
        words="A constant divisor stays where it is.",
        statement=(_U / _C, _DU / _C),
        kinds=(Quotient,),
        applies=_first_only,
        derive=_constant_divisor,
    ),
    Rule(
        name="reciprocal",
        title="Power rule",
        words=_POWER_RULE,
        statement=(_U**_N, _N * _U ** (_N - 1)),
        kinds=(Quotient,),
        applies=lambda node, context: context.method == "power" and _second_only(node, context),
        derive=_reciprocal,
        chain=True,
        written=_reciprocal_as_power,
    ),
    Rule(
        name="quotient",
        title="Quotient rule",
        words="The derivative of the top times the bottom, minus the top times the derivative of "
        "the bottom, all over the bottom squared.",
        statement=(_U / _V, (_DU * _V - _U * _DV) / _V**2),
        kinds=(Quotient,),
        derive=_quotient,
    ),
    Rule(
        name="power",
        title="Power rule",
        words=_POWER_RULE,
        statement=(_U**_N, _N * _U ** (_N - 1)),
        kinds=(Power,),
        applies=_first_only,
        derive=_power,
        chain=True,
        written=_as_power,
    ),
    Rule(
        name="exponential",
        title="Exponential rule",
        words="A power with a constant base is its own derivative, but for the factor ln a.",
        statement=(_A**_U, _A**_U * call("log", _A)),
        kinds=(Power,),
        applies=_second_only,
        derive=_exponential,
        chain=True,
    ),
    Rule(
        name="general-power",
        title="General power",
        words="Where base and exponent both vary, write the power as an exponential, "
        "u^v = e^(v ln u), and differentiate the exponent as a product.",
        statement=(_U**_V, _U**_V * (_DV * call("log", _U) + _V * (_DU / _U))),
        kinds=(Power,),
        derive=_general_power,
    ),
    Rule(
        name="extreme",
        title="Larger or smaller of two",
        words="The larger (or smaller) of two functions has the derivative of the one it equals; "
        "where they meet there may be a kink.",
        kinds=(Call,),
        applies=lambda node, context: node.name in ("max", "min"),  # type: ignore[attr-defined]
        derive=_extreme,
    ),
    Rule(
        name="elementary",
        title="Chain rule",
        words=_CHAIN_RULE,
        kinds=(Call,),
        applies=lambda node, context: node.name in BY_NAME,  # type: ignore[attr-defined]
        derive=_elementary,
        chain=True,
    ),
    Rule(
        name="named",
        title="Chain rule",
        words=_CHAIN_RULE,
        kinds=(Call,),
        derive=_catalogue,
        chain=True,
    ),
    Rule(
        name="unknown",
        title="Chain rule",
        words=_CHAIN_RULE,
        kinds=(Unknown,),
        derive=_unknown,
        chain=True,
    ),
    Rule(
        name="piecewise",
        title="Case by case",
        words="Inside each case only that case's formula counts, so differentiate them one by "
        "one; where two cases meet, compare the slopes from both sides.",
        kinds=(Piecewise,),
        derive=_piecewise,
    ),
    Rule(
        name="single-point",
        title="Case by case, and by the limit at a point",
        words="Inside each case only that case's formula counts, so differentiate them one by "
        "one. A case that holds at a single point has nothing inside: the slope there is the "
        "limit of the difference quotient, if there is one.",
        kinds=(Piecewise,),
        # Where a case holds is not seen from the node: see ``rewrite.single_points``.
        applies=lambda node, context: False,
        derive=_piecewise,
    ),
)

BY_NAME_OF_RULE: dict[str, Rule] = {rule.name: rule for rule in RULES}
BY_KIND: dict[type[Expr], tuple[Rule, ...]] = {
    kind: tuple(rule for rule in RULES if kind in rule.kinds)
    for kind in (Sum, Product, Quotient, Power, Call, Unknown, Piecewise)
}
