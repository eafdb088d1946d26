"""The everyday rewriting of one node whose parts are in everyday form: arithmetic, signs, brackets,
like terms, powers of one base, fractions.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from fractions import Fraction
from typing import Any

from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Call,
    Constant,
    E,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Value,
    negate,
    postorder,
    rational_value,
)
from chainrule.rewrite.monomial import (
    Exponent,
    Monomial,
    coefficient_and_rest,
    exact_root,
    number_power,
    scaled,
    split,
)


class Known:
    """What rewriting goes by, and the names of the identities that it has used.

    Attributes:
        positive: expressions that count as not negative.
        sums: the sum of each set of terms as it was first written.
        reasons: what was noted, in order.
    """

    def __init__(self) -> None:
        self.positive: set[Expr] = set()
        self.sums: dict[frozenset[Expr], Expr] = {}
        self.reasons: list[str] = []

    def note(self, reason: str) -> None:
        """Remember that an identity was used."""
        if reason not in self.reasons:
            self.reasons.append(reason)

    def is_positive(self, expr: Expr) -> bool:
        """Whether the expression is not negative, given what is assumed."""
        return is_positive(expr, self.positive)

    def ordered(self, terms: list[Expr]) -> Expr:
        """The sum of the terms, in the order in which it was first written."""
        return self.sums.setdefault(frozenset(terms), Sum(tuple(terms)))


def once(known: Known, node: Expr) -> Expr:
    """The node after one rewriting; itself if there is none."""
    rewrite = ONCE.get(type(node))
    return node if rewrite is None else rewrite(known, node)


# --- sums ------------------------------------------------------------------------------
def _sum(known: Known, args: Sequence[Expr]) -> Expr:
    terms: list[Expr] = []
    for arg in args:
        terms += _flat_terms(known, arg)
    numbers: dict[Expr, tuple[Value, bool]] = {}
    for term in terms:
        value, decimal, rest = coefficient_and_rest(term)
        seen = numbers.get(rest)
        if seen is None:
            numbers[rest] = (value, decimal)
        else:
            known.note("add-numbers" if rest is ONE else "like-terms")
            numbers[rest] = (seen[0] + value, seen[1] or decimal)
    kept: list[tuple[Value, bool, Expr]] = []
    for rest, (value, decimal) in numbers.items():
        if value == 0:
            if (rest is not ONE) or len(numbers) > 1:
                known.note("drop-zero")
        else:
            kept.append((value, decimal, rest))
    if not kept:
        return ZERO
    if len(kept) > 1 and all(value < 0 for value, _, _ in kept):
        inner = known.ordered([scaled(-value, d, rest) for value, d, rest in kept])
        return Product((MINUS_ONE, inner))
    if kept[0][0] < 0:
        # An author begins a sum with a term that has no minus sign.
        first = next((i for i, row in enumerate(kept) if row[0] > 0), 0)
        kept.insert(0, kept.pop(first))
    rebuilt = [scaled(*row) for row in kept]
    return rebuilt[0] if len(rebuilt) == 1 else known.ordered(rebuilt)


def _flat_terms(known: Known, arg: Expr) -> list[Expr]:
    if type(arg) is Sum:
        return list(arg.args)
    if terms := _under_a_minus(arg):
        known.note("open-bracket")
        return [negate_term(term) for term in terms]
    return [arg]


def _under_a_minus(node: Expr) -> tuple[Expr, ...]:
    """The terms of −(a + b)."""
    match node:
        case Product((Number(-1), Sum(terms))):
            return terms
    return ()


# --- products and fractions -----------------------------------------------------------------------
def _product(known: Known, node: Expr) -> Expr:
    if opened := _opened(known, node):
        return opened
    monomial = _gathered(known, node)
    result = monomial.build()
    if result is not node:
        known.note("same-base" if monomial.merged else _shape_reason(node))
    return result


def _gathered(known: Known, node: Expr) -> Monomial:
    """A product or a power by its bases, with one exponent each."""
    monomial = split(node)
    _logarithms_upstairs(known, monomial)
    for base, exponent in monomial.powers.items():
        # e^x and e^{e^x} stay apart.
        _add_exponents(known, exponent, apart=base is E)
    return monomial


def _opened(known: Known, node: Expr) -> Expr | None:
    """−(a − b) is b − a; −(a + b) stays."""
    terms = _under_a_minus(node)
    if any(coefficient_and_rest(term)[0] < 0 for term in terms):
        known.note("open-bracket")
        return _sum(known, [negate_term(term) for term in terms])
    return None


def _logarithms_upstairs(known: Known, monomial: Monomial) -> None:
    """e^{u + c ln v} = v^c e^u for a rational number c."""
    exponential = monomial.powers.get(E)
    if exponential is None:
        return
    for k, argument in list(exponential.terms):
        rest: list[Expr] = []
        for term in argument.args if type(argument) is Sum else (argument,):
            value, _, inner = coefficient_and_rest(term)
            if isinstance(inner, Call) and inner.name == "log":
                monomial.raise_base(inner.args[0], k * value, None)
                known.note("exp-log")
            else:
                rest.append(term)
        if len(rest) < (len(argument.args) if type(argument) is Sum else 1):
            exponential.terms.remove((k, argument))
            if rest:
                joined = rest[0] if len(rest) == 1 else Sum(tuple(rest))
                exponential.terms.append((k, joined))


def _add_exponents(known: Known, exponent: Exponent, *, apart: bool) -> None:
    """The exponents of one base as one sum; ``apart`` only where something is collected."""
    if not exponent.terms:
        return
    parts = [scaled(k, False, u) for k, u in exponent.terms]
    if exponent.number:
        parts.append(Number(exponent.number))
    if apart and len(parts) == 1:
        return
    joined = _sum(known, parts)
    collected = _count(joined) < sum(map(_count, parts))
    if collected and apart:
        known.note("add-exponents")
    if collected or not apart:
        value = rational_value(joined)
        exponent.number = value or 0
        exponent.terms = [(1, joined)] if value is None else []


# --- powers ---------------------------------------------------------------------------------------
def _power(known: Known, node: Expr) -> Expr:
    base, exponent = node.args
    if base is E:
        return Call("exp", (exponent,))
    value = rational_value(exponent)
    if value is None:
        return ONE if base is ONE else node
    if value <= 0 and base is ZERO:
        return node
    if value == 0:
        return ONE
    if value.__class__ is int:
        result = _gathered(known, node).build()
        if result is not node:
            known.note("power-of-power" if type(base) is Power else _shape_reason(node))
        return result
    if value > 0:
        if value == Fraction(1, 2):
            return _root(known, base)
        if value.denominator == 2:
            root = _root(known, base)
            if root is not Call("sqrt", (base,)):
                return Power(root, Number(value.numerator))
        return number_power(base, value)
    result = Quotient(ONE, number_power(base, -value))
    known.note("negative-power")
    return result


def _root(known: Known, base: Expr) -> Expr:
    """√base, with whole squares taken out."""
    if isinstance(base, Number) and (root := exact_root(base.value)) is not None:
        known.note("root-of-square")
        return Number(root, base.decimal)
    if isinstance(base, Call) and base.name == "exp":
        known.note("root-of-power")
        return Call("exp", (scaled(Fraction(1, 2), False, base.args[0]),))
    if type(base) not in (Product, Quotient, Power):
        return Call("sqrt", (base,))
    monomial = split(base)
    outside = Monomial()
    root = exact_root(abs(Fraction(monomial.coefficient)))
    if root is not None and root != 1:
        outside.coefficient = root
        monomial.coefficient = 1 if monomial.coefficient > 0 else -1
    for inner, exponent in monomial.powers.items():
        number = exponent.number
        if not exponent.terms and number.__class__ is int and number % 2 == 0 and number:
            half = int(number) // 2
            signed = half % 2 and not known.is_positive(inner)
            outside.raise_base(Call("abs", (inner,)) if signed else inner, half, None)
            exponent.number = 0
    if outside.coefficient == 1 and not outside.powers:
        return Call("sqrt", (base,))
    known.note("root-of-square")
    remaining = monomial.build()
    if isinstance(remaining, Call) and remaining.name == "exp":
        outside.raise_base(_root(known, remaining), 1, None)
    elif remaining is not ONE:
        outside.raise_base(remaining, Fraction(1, 2), None)
    return outside.build()


# --- functions ------------------------------------------------------------------------------------
def _call(known: Known, node: Call) -> Expr:
    name = node.name
    if name == "sqrt":
        return _root(known, node.args[0])
    row = BY_NAME.get(name)
    if row is None or len(node.args) != 1:
        return node
    argument = node.args[0]
    if row.step is not None and isinstance(argument, Number):
        known.note("special-value")
        return Number(row.step(argument.value))
    special = next((value for at, value in row.values if at is argument), None)
    if special is not None:
        known.note("special-value")
        return special
    if isinstance(argument, Call):
        inner = BY_NAME.get(argument.name)
        if inner is not None and inner.inverse == name and not inner.inverse_range:
            known.note("inverse")
            return argument.args[0]
    if name == "exp":
        monomial = split(node)
        _logarithms_upstairs(known, monomial)
        return monomial.build()
    if row.parity:
        value, _, _ = coefficient_and_rest(argument)
        if value < 0:
            known.note("parity")
            flipped = Call(name, (negate_term(argument),))
            return flipped if row.parity == "even" else negate(flipped)
    if name == "abs":
        return _absolute(known, node)
    return node


def _absolute(known: Known, node: Call) -> Expr:
    argument = node.args[0]
    if isinstance(argument, Number):
        return Number(abs(Fraction(argument.value)), argument.decimal)
    if known.is_positive(argument):
        known.note("absolute-of-positive")
        return argument
    return node


def _piecewise(known: Known, node: Piecewise) -> Expr:
    values = node.values
    if node.otherwise is not None and all(value is values[0] for value in values):
        known.note("same-cases")
        return values[0]
    return node


def _count(expr: Expr) -> int:
    """How many terms a sum has."""
    if expr is ZERO:
        return 0
    if type(expr) is Product and expr.args[0] is MINUS_ONE and len(expr.args) == 2:
        expr = expr.args[1]
    return len(expr.args) if type(expr) is Sum else 1


def negate_term(term: Expr) -> Expr:
    """−term, with the sign where an author puts it."""
    value, decimal, rest = coefficient_and_rest(term)
    return scaled(-value, decimal, rest)


def is_positive(root: Expr, assumed: Container[Expr] = frozenset()) -> bool:
    """Whether the expression is certainly not negative, for all real values of its letters.

    What is in ``assumed`` counts as not negative.
    """
    stack = [root]
    while stack:
        node = stack.pop()
        match node:
            case Sum() | Product() | Quotient():
                stack += node.args
                continue
            case Number(value):
                positive = value >= 0
            case Call("log", (Sum(args),)) if any(
                isinstance(arg, Number) and arg.value >= 1 for arg in args
            ):
                stack += args
                continue
            case Call(name) if name in BY_NAME:
                positive = BY_NAME[name].never_negative
            case Call(name) if node not in assumed:
                # Most formulas call nothing of the catalogue, which takes long to import.
                from chainrule.parsing.definitions import expand, is_catalogue_name

                if is_catalogue_name(name):
                    stack.append(expand(node))
                    continue
                positive = False
            case Power(_, Number(value)):
                positive = value.__class__ is int and value % 2 == 0
            case _:
                positive = isinstance(node, Constant)
        if not positive and node not in assumed:
            return False
    return True


def _shape_reason(node: Expr) -> str:
    """Why a product, quotient or power was rewritten although no base met itself."""
    signs = 0
    negative_power = False
    numbers = 0
    for part in postorder(node):
        if type(part) is Power and (value := rational_value(part.args[1])) is not None:
            negative_power = negative_power or value < 0
    for factor in node.args:
        first = factor.args[0] if type(factor) is Product else factor
        if isinstance(first, Number):
            numbers += 1
            signs += first.value < 0
    if negative_power:
        return "negative-power"
    if signs > 1:
        return "two-signs"
    if type(node) is Quotient or any(type(arg) is Quotient for arg in node.args):
        return "fractions"
    return "multiply-numbers" if numbers > 1 else "order-factors"


ONCE: dict[type[Expr], Callable[[Known, Any], Expr]] = {
    Sum: lambda known, node: _sum(known, node.args),
    Product: _product,
    Quotient: _product,
    Power: _power,
    Call: _call,
    Piecewise: _piecewise,
}
"""How a node of each kind is rewritten; of the others there is nothing to rewrite."""
