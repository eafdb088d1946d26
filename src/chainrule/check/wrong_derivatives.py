"""Wrong derivatives that people write down from memory.

A wrong sign is not listed: it is tried for every function.
"""

from __future__ import annotations

from chainrule.expr.functions import Formula
from chainrule.expr.nodes import ONE, call

WRONG: dict[str, tuple[Formula, ...]] = {
    "sqrt": (
        lambda u: 1 / call("sqrt", u),
        lambda u: 2 / call("sqrt", u),
        lambda u: 1 / (2 * u),
        lambda u: call("sqrt", u) / 2,
    ),
    "cbrt": (lambda u: 1 / (3 * call("cbrt", u)), lambda u: 1 / call("cbrt", u) ** 2),
    "log": (lambda u: call("exp", u), lambda u: 1 / call("log", u)),
    "log2": (lambda u: call("log", 2) / u,),
    "log10": (lambda u: call("log", 10) / u,),
    "logb": (lambda u, b: call("log", b) / u,),
    "sin": (lambda u: call("tan", u),),
    "cos": (lambda u: 1 / call("sin", u),),
    "tan": (
        lambda u: 1 / call("cos", u),
        lambda u: 1 / call("sin", u) ** 2,
        lambda u: call("sec", u) * call("tan", u),
        lambda u: 1 + call("tan", u),
        lambda u: 1 - call("tan", u) ** 2,
        lambda u: call("cot", u),
        lambda u: 1 / (1 + u**2),
        lambda u: call("cos", u) / -call("sin", u),
    ),
    "cot": (
        lambda u: -1 / call("cos", u) ** 2,
        lambda u: -1 / call("sin", u),
        lambda u: call("tan", u),
    ),
    "sec": (
        lambda u: call("tan", u) ** 2,
        lambda u: call("sec", u) ** 2,
        lambda u: call("csc", u),
        lambda u: -1 / call("sin", u),
    ),
    "csc": (
        lambda u: -(call("cot", u) ** 2),
        lambda u: call("sec", u),
        lambda u: 1 / call("cos", u),
    ),
    "asin": (
        lambda u: 1 / call("sqrt", 1 + u**2),
        lambda u: 1 / (1 - u**2),
        lambda u: 1 / (1 + u**2),
        lambda u: 1 / call("cos", u),
        lambda u: call("acos", u),
    ),
    "acos": (
        lambda u: -1 / call("sqrt", 1 + u**2),
        lambda u: -1 / (1 - u**2),
        lambda u: -1 / (1 + u**2),
        lambda u: -1 / call("sin", u),
    ),
    "atan": (
        lambda u: 1 / (1 - u**2),
        lambda u: 1 / call("sqrt", 1 + u**2),
        lambda u: 1 / call("sqrt", 1 - u**2),
        lambda u: 1 / (1 + u),
        lambda u: 1 / call("cos", u) ** 2,
        lambda u: call("cos", u) ** 2,
    ),
    "sinh": (lambda u: call("cos", u),),
    "cosh": (lambda u: call("sin", u), lambda u: -call("sin", u)),
    "tanh": (
        lambda u: 1 + call("tanh", u) ** 2,
        lambda u: 1 / call("cosh", u),
        lambda u: 1 / call("sinh", u) ** 2,
        lambda u: 1 - call("tanh", u),
    ),
    "coth": (lambda u: 1 / call("cosh", u) ** 2,),
    "asinh": (
        lambda u: 1 / call("sqrt", 1 - u**2),
        lambda u: 1 / call("sqrt", u**2 - 1),
        lambda u: 1 / (1 + u**2),
    ),
    "acosh": (
        lambda u: 1 / call("sqrt", 1 + u**2),
        lambda u: 1 / call("sqrt", 1 - u**2),
    ),
    "atanh": (lambda u: 1 / (1 + u**2), lambda u: 1 / call("sqrt", 1 - u**2)),
    "abs": (lambda u: ONE, lambda u: call("abs", u), lambda u: u),
    "erf": (lambda u: call("exp", -(u**2)),),
    "erfc": (lambda u: -call("exp", -(u**2)),),
    "sigmoid": (
        lambda u: 1 - call("sigmoid", u),
        lambda u: call("sigmoid", u) * (1 + call("sigmoid", u)),
        lambda u: call("sigmoid", u) * (call("sigmoid", u) - 1),
        lambda u: call("sigmoid", u) ** 2,
    ),
}
"""By name of the function: formulas that are taken for its derivative."""
