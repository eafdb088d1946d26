"""Calls that are read as something else: ``where`` as cases, ``max`` of three as two of two."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from typing import NamedTuple

from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    TWO,
    Call,
    E,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    negate,
)


class Operation(NamedTuple):
    """How many arguments it takes, how it is called, and what it makes of them."""

    least: int
    most: int
    example: str
    build: Callable[..., Expr]


MANY = 1_000_000
"""As many arguments as you like."""


def root(degree: Expr, radicand: Expr) -> Expr:
    """The root of any degree; only numbers are kept as an exponent 1/n."""
    match degree:
        case Number(2):
            return Call("sqrt", (radicand,))
        case Number(3):
            return Call("cbrt", (radicand,))
        case Number(int(n)) if n > 0:
            return Power(radicand, Number(Fraction(1, n)))
        case _:
            return Power(radicand, Quotient(ONE, degree))


def _logarithm(argument: Expr, base: Expr = E) -> Expr:
    name = {E: "log", TWO: "log2", Number(10): "log10"}.get(base)
    return Call(name, (argument,)) if name else Call("logb", (argument, base))


def remainder(a: Expr, b: Expr) -> Expr:
    """What is left of ``a`` after whole multiples of ``b``; it has the sign of ``b``."""
    return Sum((a, negate(Product((b, Call("floor", (Quotient(a, b),)))))))


def _real_root(radicand: Expr, degree: Expr) -> Expr:
    """The root that is negative for a negative number if the degree is odd."""
    match degree:
        case Number(int(n)) if n > 3 and n % 2:
            size = Power(Call("abs", (radicand,)), Number(Fraction(1, n)))
            return Product((Call("sign", (radicand,)), size))
    return root(degree, radicand)


def _nested(name: str) -> Callable[..., Expr]:
    return lambda *args: reduce(lambda left, right: Call(name, (left, right)), args)


OPERATIONS: dict[str, Operation] = {
    "where": Operation(
        3, 3, "where(x > 0, x, a*x)", lambda condition, yes, no: Piecewise((yes, condition, no))
    ),
    "max": Operation(2, MANY, "max(x, y)", _nested("max")),
    "min": Operation(2, MANY, "min(x, y)", _nested("min")),
    "log": Operation(1, 2, "log(x), or log(x, b) to base b", _logarithm),
    "pow": Operation(2, 2, "pow(x, n)", Power),
    "power": Operation(2, 2, "power(x, n)", Power),
    "square": Operation(1, 1, "square(x)", lambda argument: Power(argument, TWO)),
    "inv": Operation(1, 1, "inv(x)", lambda argument: Quotient(ONE, argument)),
    "ifelse": Operation(
        3, 3, "ifelse(x > 0, x, a*x)", lambda condition, yes, no: Piecewise((yes, condition, no))
    ),
    **dict.fromkeys(
        ("root", "nthRoot", "nthroot"),
        Operation(2, 2, "root(x, 3)", lambda radicand, degree: root(degree, radicand)),
    ),
    "surd": Operation(2, 2, "surd(x, 3)", _real_root),
    "mod": Operation(2, 2, "mod(x, y)", remainder),
    "factorial": Operation(1, 1, "factorial(x)", lambda n: Call("gamma", (Sum((n, ONE)),))),
    "trigamma": Operation(1, 1, "trigamma(x)", lambda u: Call("polygamma", (ONE, u))),
    "reciprocal": Operation(1, 1, "reciprocal(x)", lambda argument: Quotient(ONE, argument)),
    "negative": Operation(1, 1, "negative(x)", lambda argument: Product((MINUS_ONE, argument))),
    "exp2": Operation(1, 1, "exp2(x)", lambda argument: Power(TWO, argument)),
}
"""Operations by name."""
