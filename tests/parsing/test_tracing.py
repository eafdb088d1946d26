"""Python functions traced: the expression that comes out is the one the same text gives."""

from __future__ import annotations

import builtins
import math
import operator
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from chainrule.errors import InputError
from chainrule.expr.nodes import PI, Call, E, Expr, Number, Quotient, Symbol, call
from chainrule.parsing.formula import parse_text
from chainrule.parsing.tracing import Tracer, trace
from oracle import evaluate

X = Symbol("x")


def traced(function: Callable[..., Any]) -> Expr:
    return trace(function)[0]


def read(text: str) -> Expr:
    return parse_text(text).expr


SAME_AS_TEXT: list[tuple[Callable[..., Any], str]] = [
    (lambda x: 1 / (1 + np.exp(-x)), "1/(1 + e^(-x))"),
    (lambda x: 1 / (1 + math.e**-x), "1/(1 + e^(-x))"),
    (lambda x: np.e**-x, "e^(-x)"),
    (lambda x: (1 + np.exp(-x)) ** -1, "(1 + e^(-x))^(-1)"),
    (lambda x: 2 * x, "2*x"),
    (lambda x: -2 * x, "-2*x"),
    (lambda x: -x, "-x"),
    (lambda x: +x, "x"),
    (lambda x: x - 3, "x - 3"),
    (lambda x: 3 - 2 * x, "3 - 2*x"),
    (lambda x, y: x + y - x * y, "x + y - x*y"),
    (lambda x, y: x + (y + 1), "x + (y + 1)"),
    (lambda x, y: x * y * 2, "x*y*2"),
    (lambda x, y: x * (y * 2), "x*(y*2)"),
    (lambda x: x / 2 / 3, "x/2/3"),
    (lambda x: x**2, "x^2"),
    (lambda x: 2**x, "2^x"),
    (lambda x: x**x, "x^x"),
    (lambda x: np.pi * x, "pi*x"),
    (lambda x: 0.5 * x, "0.5*x"),
    (lambda x: 1e-3 * x, "0.001*x"),
    (abs, "|x|"),
    (lambda x: abs(x - 1), "|x - 1|"),
    (lambda x: np.sin(x) ** 2, "sin(x)^2"),
    (np.tanh, "tanh(x)"),
    (np.arctan2, "atan2(x, y)"),
    (lambda x: np.sqrt(x) + np.cbrt(x), "sqrt(x) + cbrt(x)"),
    (lambda x: np.log(x) + np.log2(x) + np.log10(x), "ln(x) + log2(x) + log10(x)"),
    (lambda x: np.log1p(np.expm1(x)), "log1p(expm1(x))"),
    (lambda x: np.arcsin(x) + np.arccosh(x), "asin(x) + acosh(x)"),
    (lambda x: np.square(x) + np.power(x, 3), "x^2 + x^3"),
    (np.reciprocal, "1/x"),
    (lambda x: np.subtract(1, np.multiply(x, 2)), "1 - x*2"),
    (lambda x: np.maximum(0, x), "max(0, x)"),
    (lambda x: np.clip(x, -1, 1), "min(max(x, -1), 1)"),
    (lambda x: np.clip(x, 0, np.inf), "max(x, 0)"),
    (lambda x: np.clip(x, min=None, max=6), "min(x, 6)"),
    (lambda x: np.fabs(x) + np.sign(x), "|x| + sign(x)"),
    (lambda x: np.logaddexp(0, x), "ln(e^0 + e^x)"),
    (lambda x: np.hypot(x, 1), "sqrt(x^2 + 1^2)"),
    (lambda x: np.heaviside(x, 1), "heaviside(x)"),
    (lambda x: np.exp2(x), "2^x"),
    (lambda x: np.sinc(x), "sin(pi*x)/(pi*x)"),
    (lambda x: np.float64(0.1) * x, "0.1*x"),
    (lambda x: np.float32(0.1) * x, "0.1*x"),
    (lambda x: np.int64(3) + x, "3 + x"),
    (lambda x: np.array(2.5) * x, "2.5*x"),
    (lambda x: Decimal("0.25") * x, "0.25*x"),
    (lambda x: math.floor(x) + math.ceil(x), "floor(x) + ceil(x)"),
    (lambda x: round(x) + math.trunc(x), "round(x) + trunc(x)"),
    (lambda x: np.round(x), "round(x)"),
    (lambda x: np.where(x > 0, x, 0.1 * x), "{x > 0: x, else: 0.1*x}"),
    (lambda x: np.where(x < -1, -1, np.where(x > 1, 1, x)), "{x < -1: -1, x > 1: 1, else: x}"),
    (lambda x: np.where(x > 0, x, 0), "{x > 0: x, else: 0}"),
    (lambda x: np.where((x > 0) & (x < 1), x, 0), "{0 < x < 1: x, else: 0}"),
    (lambda x: np.where(~(x > 0), 0, x), "{x <= 0: 0, else: x}"),
    (lambda x: np.where(x == 0, 1, x), "{x == 0: 1, else: x}"),
    (lambda x: np.where(True, x, 0), "x"),
    (lambda x: np.select([x < 0, x < 1], [0, x], 1), "{x < 0: 0, x < 1: x, else: 1}"),
    (
        lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda u: -u, 7]),
        "{x < 0: -x, x >= 0: 7, else: 0}",
    ),
]


@pytest.mark.parametrize(("function", "text"), SAME_AS_TEXT, ids=[t for _, t in SAME_AS_TEXT])
def test_the_shape_is_that_of_the_text(function: Callable[..., Any], text: str) -> None:
    assert traced(function) is read(text)


def test_parameters_become_symbols_in_order() -> None:
    def loss(p: Any, y: Any = 1.0, *, gamma: Any = 2.0) -> Any:
        return -y * (1 - p) ** gamma * np.log(p)

    expr, names = trace(loss)
    assert [symbol.name for symbol in names] == ["p", "y", "gamma"]
    assert expr is read("-y*(1 - p)^gamma*ln(p)")


def test_greek_parameters_have_english_names() -> None:
    expr, names = trace(lambda β, x_1: β * x_1)
    assert [symbol.name for symbol in names] == ["beta", "x_1"]
    assert expr is read("beta*x_1")


def test_a_function_that_calls_functions_and_loops() -> None:
    def sigmoid(u: Any) -> Any:
        return 1 / (1 + np.exp(-u))

    def nested(x: Any) -> Any:
        for _ in range(3):
            x = sigmoid(x)
        return x

    one = "1/(1 + e^(-({})))"
    assert traced(nested) is read(one.format(one.format(one.format("x"))))


def test_depth_is_no_trouble() -> None:
    def deep(x: Any) -> Any:
        for _ in range(10_000):
            x = np.sin(x)
        return x

    assert traced(deep).args[0].args[0] is not X


def test_constants_are_exact() -> None:
    assert traced(lambda x: 0.1) is Number(Fraction(1, 10), decimal=True)
    assert traced(lambda x: Fraction(1, 3)) is Number(Fraction(1, 3))
    assert traced(lambda x: 3.0) is Number(3)
    assert traced(lambda x: math.pi) is PI
    assert traced(lambda x: np.float64(math.e)) is E
    assert traced(lambda x: 1 / x) is Quotient(Number(1), X)
    assert traced(lambda x: True) is Number(1)


def test_expressions_mix_with_tracers() -> None:
    assert traced(lambda x: x + Symbol("a")) is read("x + a")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("erf", call("erf", X)),
        ("erfc", call("erfc", X)),
        ("ndtr", call("normcdf", X)),
        ("psi", call("digamma", X)),
        ("gammaln", call("lgamma", X)),
        ("expit", Call("sigmoid", (X,))),
        ("log_expit", Call("log_sigmoid", (X,))),
        ("logit", Call("logit", (X,))),
        ("entr", Call("entropy", (X,))),
    ],
)
def test_ufuncs_of_scipy_go_by_their_names(name: str, wanted: Expr) -> None:
    class Ufunc:
        nin = 1
        __name__ = name

        def __call__(self, x: Tracer) -> Any:
            return x.__array_ufunc__(self, "__call__", x)

    assert traced(Ufunc()) is wanted


VALUES: list[Callable[..., Any]] = [
    lambda x: x // 2 + x % 3 + 7 % x,
    lambda x: np.remainder(x, 2) + np.floor_divide(x, 3),
    lambda x: np.heaviside(x, 0.5) + np.heaviside(-x, 0.25),
    lambda x: np.deg2rad(x) + np.degrees(x),
    lambda x: np.logaddexp(x, 1) + np.logaddexp2(x, 1),
    lambda x: np.rint(x) + np.trunc(x) + np.fix(x) + np.floor(x) + np.ceil(x),
    lambda x: 5 // (x + 10) - x / 4,
    lambda x: np.where(np.logical_and(x > 0, x <= 1), x, np.minimum(x, 2)),
    lambda x: np.fmax(x, 0.5) * np.arcsinh(x) + np.arctan(x) - np.cosh(x),
]


@pytest.mark.parametrize("function", VALUES)
@pytest.mark.parametrize("point", [-2.7, -0.3, 0.0, 0.4, 1.0, 2.2])
def test_values_are_numpys(function: Callable[..., Any], point: float) -> None:
    if point == 0 and function is VALUES[0]:
        return
    got = evaluate(traced(function), {"x": mpmath.mpf(point)})
    assert float(got) == pytest.approx(float(function(np.float64(point))), abs=1e-12)


def branch(x: Any) -> Any:
    if x > 0:
        return x
    return 0


REFUSED: list[tuple[Callable[..., Any], str]] = [
    (branch, r"(?s)cannot decide whether .*x > 0.*np\.where"),
    (lambda x: max(x, 0), "np.maximum"),
    (lambda x: math.exp(x), r"np\.exp instead of math\.exp"),
    (lambda x: float(x), "no value yet"),
    (lambda x: builtins.int(x), "no value yet"),
    (lambda x: operator.index(x), "no value yet"),
    (lambda x: complex(x), "no value yet"),
    (lambda x: None, "(?s)returns nothing.*return"),
    (lambda x: (x, x), "tuple"),
    (lambda x: x + "1", "a str"),
    (lambda x: x * math.nan, "nan"),
    (lambda x: x * math.inf, "inf"),
    (lambda x: x * 1j, "complex"),
    (lambda x: x + np.array([1.0, 2.0]), "ndarray"),
    (lambda x: np.array([x, x]).sum(), "array"),
    (lambda x: np.sum(x), "np.sum"),
    (lambda x: np.add.reduce(x), "np.add.reduce"),
    (lambda x: np.exp(x, where=False), "where"),
    (lambda x: np.isnan(x), "isnan"),
    (lambda x: x[0], "no elements"),
    (lambda x: list(x), "not a sequence"),
    (lambda x: sum(u for u in x), "not a sequence"),
    (lambda x: round(x, 2), "decimal places"),
    (max, "(?s)which arguments.*wrap it"),
    (lambda *xs: xs[0], "any number of arguments"),
    (lambda x: np.where((x > 0) & (x**2 > 1), x, 0), "nest np.where"),
    (lambda e: e**2, "taken for the number"),
    (lambda x: np.where(x > 0), "indices"),
]


@pytest.mark.parametrize(("function", "message"), REFUSED)
def test_what_a_formula_cannot_follow_is_refused(
    function: Callable[..., Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        trace(function)


def test_the_functions_own_errors_pass_through() -> None:
    with pytest.raises(ZeroDivisionError):
        trace(lambda x: x + 1 / 0)


def test_numpy_is_not_needed() -> None:
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "from chainrule.parsing.tracing import trace\n"
        "expr, (x,) = trace(lambda x: 1/(1 + 2**-x))\n"
        "assert type(expr).__name__ == 'Quotient' and x.name == 'x'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
