"""The rule of an elementary function as a sentence, with the words for the slope made from it.

A row of the table of functions says its derivative once, as a formula; what is said of it here
is read off that formula.
"""

from __future__ import annotations

from chainrule.document.phrases import numeral
from chainrule.expr.functions import BY_NAME, Function
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    Call,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
)

U = Symbol("u")


def rule_in_words(row: Function) -> str:
    """The rule of differentiation of a function.

    >>> rule_in_words(BY_NAME["cos"])
    'The derivative of the cosine is minus the sine.'
    >>> rule_in_words(BY_NAME["acos"])
    'The derivative of the inverse cosine is minus one over the root of 1 − u².'
    """
    if "{slope}" not in row.rule:
        return row.rule
    own = row.derivatives[0]
    assert own is not None
    return row.rule.format(title=row.title, slope=_words(own(U), row.name))


def _words(expr: Expr, own: str) -> str:
    """A slope in words; "minus" and "over" go as far as the phrase does.

    Args:
        expr: a formula of u.
        own: the function whose slope it is.
    """
    match expr:
        case Symbol():
            return "its argument"
        case Product((first, *rest)) if first is MINUS_ONE:
            return f"minus {_product(rest, own)}"
        case Product(factors):
            return _product(factors, own)
        case Quotient(top, bottom) if top is MINUS_ONE:
            return f"minus one over {_words(bottom, own)}"
        case Quotient(top, bottom) if top is ONE:
            return f"one over {_words(bottom, own)}"
        case Sum((first, Product((minus, Power() as square)))) if minus is MINUS_ONE:
            if any(isinstance(arg, Call) for arg in square.args):
                return f"{_words(first, own)} minus {_words(square, own)}"
        case Power(Call(name), Number(2)):
            return "its square" if name == own else f"the squared {_noun(name)}"
        case Call("sqrt", (Sum() as inner,)):
            return f"the root of {_symbols(inner)}"
        case Call("exp", (exponent,)) if exponent is not U:
            return f"e to the power of {_symbols(exponent)}"
        case Call(name) if name != "abs":
            return BY_NAME[name].title
        case Number(value) if value.denominator == 1:
            return numeral(int(value))
    return _symbols(expr)


def _product(factors: list[Expr] | tuple[Expr, ...], own: str) -> str:
    first, *rest = ("u" if factor is U else _words(factor, own) for factor in factors)
    if first == "two":
        return f"twice {' times '.join(rest)}"
    return " times ".join([first, *rest])


def _noun(name: str) -> str:
    return BY_NAME[name].title.removeprefix("the ")


def _symbols(expr: Expr) -> str:
    """A short formula within a sentence."""
    match expr:
        case Call("sqrt", (inner,)):
            return f"√{_symbols(inner)}"
        case Quotient(top, bottom):
            return f"{_symbols(top)}/{_symbols(bottom)}"
    return str(expr).replace("-", "−").replace("^2", "²").replace("pi", "π")
