"""The outside truth for values: expressions evaluated by mpmath, and nothing of chainrule but the
nodes themselves.

Conditions evaluate to Python's truth values. ``evaluate`` works in mpmath's current precision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import mpmath

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
    Symbol,
    postorder,
)

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne,
}  # fmt: skip


def _sign(u: Any) -> Any:
    return mpmath.mpf((u > 0) - (u < 0))


def _trunc(u: Any) -> Any:
    return mpmath.floor(u) if u >= 0 else mpmath.ceil(u)


MPMATH: dict[str, Callable[..., Any]] = {
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "log2": lambda u: mpmath.log(u, 2),
    "log10": mpmath.log10,
    "logb": mpmath.log,
    "sqrt": mpmath.sqrt,
    "cbrt": lambda u: mpmath.cbrt(u) if u >= 0 else -mpmath.cbrt(-u),
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "cot": mpmath.cot,
    "sec": mpmath.sec,
    "csc": mpmath.csc,
    "asin": mpmath.asin,
    "acos": mpmath.acos,
    "atan": mpmath.atan,
    "acot": mpmath.acot,
    "asec": mpmath.asec,
    "acsc": mpmath.acsc,
    "atan2": mpmath.atan2,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "coth": mpmath.coth,
    "sech": mpmath.sech,
    "csch": mpmath.csch,
    "asinh": mpmath.asinh,
    "acosh": mpmath.acosh,
    "atanh": mpmath.atanh,
    "acoth": mpmath.acoth,
    "asech": mpmath.asech,
    "acsch": mpmath.acsch,
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "erfinv": mpmath.erfinv,
    "normpdf": mpmath.npdf,
    "normcdf": mpmath.ncdf,
    "gamma": mpmath.gamma,
    "lgamma": mpmath.loggamma,
    "digamma": mpmath.digamma,
    "polygamma": lambda n, u: mpmath.polygamma(int(n), u),
    "exp10": lambda u: mpmath.power(10, u),
    "logaddexp": lambda u, v: mpmath.log(mpmath.exp(u) + mpmath.exp(v)),
    "xlogy": lambda u, v: u * mpmath.log(v),
    "xlog1py": lambda u, v: u * mpmath.log1p(v),
    "hypot": mpmath.hypot,
    "sinpi": mpmath.sinpi,
    "cospi": mpmath.cospi,
    "tanpi": lambda u: mpmath.sinpi(u) / mpmath.cospi(u),
    "sind": lambda u: mpmath.sin(mpmath.radians(u)),
    "cosd": lambda u: mpmath.cos(mpmath.radians(u)),
    "tand": lambda u: mpmath.tan(mpmath.radians(u)),
    "asind": lambda u: mpmath.degrees(mpmath.asin(u)),
    "acosd": lambda u: mpmath.degrees(mpmath.acos(u)),
    "atand": lambda u: mpmath.degrees(mpmath.atan(u)),
    "erfcinv": lambda u: mpmath.erfinv(1 - u),
    "erfcx": lambda u: mpmath.exp(u * u) * mpmath.erfc(u),
    "erfi": mpmath.erfi,
    "Ei": mpmath.ei,
    "li": mpmath.li,
    "Si": mpmath.si,
    "Ci": mpmath.ci,
    "Shi": mpmath.shi,
    "Chi": mpmath.chi,
    "fresnels": mpmath.fresnels,
    "fresnelc": mpmath.fresnelc,
    "lambertw": mpmath.lambertw,
    "abs": mpmath.fabs,
    "sign": _sign,
    "heaviside": lambda u: mpmath.mpf(u >= 0),
    "max": max,
    "min": min,
    "floor": mpmath.floor,
    "ceil": mpmath.ceil,
    "round": lambda u: mpmath.floor(u + mpmath.mpf(0.5)),
    "trunc": _trunc,
}
"""Every elementary function by its name in expressions."""


def evaluate(expr: Expr, values: Mapping[str, Any], path: list[Any] | None = None) -> Any:
    """The value of ``expr``; symbols by name. Calls of the catalogue must be expanded before.

    ``path`` receives which way the evaluation went: branches, signs, the larger of two.
    Outside all cases of a piecewise function the value is nan.
    """
    found: dict[Expr, Any] = {}
    for node in postorder(expr):
        found[node] = _value(node, [found[arg] for arg in node.args], values)
        if path is not None:
            path += _turns(node, [found[arg] for arg in node.args])
    return found[expr]


def _value(node: Expr, args: list[Any], values: Mapping[str, Any]) -> Any:
    match node:
        case Number(value):
            return mpmath.mpf(value.numerator) / value.denominator
        case Symbol(name):
            return values[name]
        case Constant(name):
            return {"e": +mpmath.e, "pi": +mpmath.pi}[name]
        case Sum():
            return mpmath.fsum(args)
        case Product():
            return mpmath.fprod(args)
        case Quotient():
            return args[0] / args[1] if args[1] else mpmath.nan
        case Power():
            return args[0] ** args[1] if args[0] or args[1] >= 0 else mpmath.inf
        case Call(name):
            return MPMATH[name](*args)
        case Comparison(operators):
            return all(
                COMPARE[op](a, b) for op, (a, b) in zip(operators, pairwise(args), strict=True)
            )
        case Piecewise():
            for value, condition in zip(args[0::2], args[1::2], strict=False):
                if condition:
                    return value
            return args[-1] if len(args) % 2 else mpmath.nan
    raise TypeError(node)


def _turns(node: Expr, args: list[Any]) -> list[Any]:
    match node:
        case Piecewise():
            return [tuple(args[1::2])]
        case Call("abs" | "sign" | "heaviside"):
            return [_sign(args[0])]
        case Call("max" | "min"):
            return [_sign(args[0] - args[1])]
    return []
