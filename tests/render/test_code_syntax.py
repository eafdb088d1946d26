"""Source text for Python and SymPy: run by those two, compared with mpmath."""

from __future__ import annotations

import math

import mpmath
import pytest
import sympy as sp

from chainrule.errors import InputError
from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.nodes import Expr, Number, Symbol, call
from chainrule.parsing.definitions import definition, expand_all
from chainrule.parsing.reader import parse
from chainrule.render.code_syntax import python, sympy
from oracle import evaluate

SPELLED = [
    ("1/(1+e^-x)", "1/(1 + exp(-x))", "1/(1 + exp(-x))"),
    ("-2x^-3+|x|", "-2*x**-3 + fabs(x)", "-2*x**-3 + Abs(x)"),
    ("a-(b-c)", "a - (b - c)", "a - (b - c)"),
    ("-x^2", "-x**2", "-x**2"),
    ("(-2)^x", "(-2)**x", "(-2)**x"),
    ("2^3^x", "2**3**x", "2**3**x"),
    ("(2^3)^x", "(2**3)**x", "(2**3)**x"),
    ("x^(1/3)", "x**(1/3)", "x**Rational(1, 3)"),
    ("x*(y/z)", "x*(y/z)", "x*(y/z)"),
    ("0.1x", "0.1*x", "Rational(1, 10)*x"),
    ("e*pi", "e*pi", "E*pi"),
    ("log_3(x)", "log(x, 3)", "log(x)/log(3)"),
    ("x if x>0 else a", "x if x > 0 else a", "Piecewise((x, x > 0), (a, True))"),
    ("beta*S", "beta*S", "Symbol('beta')*Symbol('S')"),
    ("2*(x if 0<x<1 else 0)", "2*(x if 0 < x < 1 else 0)",
     "2*Piecewise((x, (0 < x) & (x < 1)), (0, True))"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "in_python", "in_sympy"), SPELLED)
def test_spelling(formula: str, in_python: str, in_sympy: str) -> None:
    expr = parse(formula).expr
    assert (python(expr), sympy(expr)) == (in_python, in_sympy)


def value_at(expr: Expr, point: dict[str, float]) -> float:
    with mpmath.workdps(30):
        return float(evaluate(expand_all(expr), {k: mpmath.mpf(v) for k, v in point.items()}))


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_the_catalogue_runs(entry) -> None:
    known = definition(entry.name)
    point = {symbol.name: 0.25 + 0.125 * i for i, symbol in enumerate(known.symbols)}
    expected = value_at(known.expr, point)
    names = {**vars(math), **{python(Symbol(k)): v for k, v in point.items()}}
    try:
        got = eval(python(known.expr), {"__builtins__": {"max": max, "min": min}}, names)
    except InputError:
        assert "polygamma" in str(known.expr) or "erfinv" in str(known.expr)
    else:
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-12)
    read = sp.sympify(sympy(known.expr))
    exact = {sp.Symbol(name): sp.Rational(value) for name, value in point.items()}
    assert complex(read.subs(exact).evalf()) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_unknown_functions_are_for_sympy_only() -> None:
    expr = parse("f'(x^2)").expr
    with pytest.raises(InputError, match="unknown function"):
        python(expr)
    f, x = sp.Function("f"), sp.Symbol("x")
    assert sp.sympify(sympy(expr)).doit().subs(f, sp.sin).doit() == sp.cos(x**2)


def test_no_function_of_math() -> None:
    with pytest.raises(InputError, match="digamma"):
        python(parse("digamma(x)").expr)


def test_deep_and_huge() -> None:
    deep = shared = Symbol("x") + 0
    for _ in range(3_000):
        deep = call("sin", deep)
        shared = shared * call("cos", shared)
    assert python(deep).count("sin(") == 3_000
    with pytest.raises(InputError, match="written out"):
        python(shared)
    assert python(Number(7**9000)).startswith("0x")
