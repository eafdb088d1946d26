"""Expressions in LaTeX and on a line of Unicode: what a careful author would write."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    PI,
    Call,
    Comparison,
    E,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    call,
)
from chainrule.parsing.definitions import definition
from chainrule.parsing.definitions import expand_all as expand
from chainrule.parsing.latex import parse_latex
from chainrule.parsing.reader import parse
from chainrule.render.notation import latex, unicode
from oracle import evaluate

x, y, z = map(Symbol, "xyz")

TYPED = [
    ("1/(1+e^-x)", r"\frac{1}{1+e^{-x}}", "1/(1 + e⁻ˣ)"),
    ("exp(-x)", "e^{-x}", "e⁻ˣ"),
    ("(1+e^-x)^-1", r"\left(1+e^{-x}\right)^{-1}", "(1 + e⁻ˣ)⁻¹"),
    ("(1+x^2)^2", "(1+x^{2})^{2}", "(1 + x²)²"),
    ("2x", "2x", "2x"),
    ("x*2", r"x\cdot 2", "x·2"),
    ("2*3*x", r"2\cdot 3x", "2·3x"),
    ("a-2x", "a-2x", "a − 2x"),
    ("-x+1", "-x+1", "−x + 1"),
    ("x*(-3)", r"x\cdot(-3)", "x·(−3)"),
    ("-(-x)", "-(-x)", "−(−x)"),
    ("a-(b+c)", "a-(b+c)", "a − (b + c)"),
    ("a+(b+c)", "a+b+c", "a + b + c"),
    ("(a+b)(a-b)", "(a+b)(a-b)", "(a + b)(a − b)"),
    ("sigma*(1-sigma)", r"\sigma\,(1-\sigma)", "σ (1 − σ)"),
    ("x sin(x)", r"x\sin x", "x sin x"),
    ("sin(2x)", r"\sin(2x)", "sin(2x)"),
    ("sin(x/2)", r"\sin\left(\frac{x}{2}\right)", "sin(x/2)"),
    ("sin(x)*y", r"\sin x\cdot y", "sin x·y"),
    ("sin^2 x", r"\sin^{2}x", "sin² x"),
    ("sin(x)^-1", r"(\sin x)^{-1}", "(sin x)⁻¹"),
    ("ln(x)^2", r"(\ln x)^{2}", "(ln x)²"),
    ("ln|x|", r"\ln|x|", "ln |x|"),
    ("tanh x", r"\tanh x", "tanh x"),
    ("e^(-x^2/2)", "e^{-x^{2}/2}", "e^(−x²/2)"),
    ("e^(e^x)", "e^{e^{x}}", "e^(eˣ)"),
    ("sqrt(x)", r"\sqrt{x}", "√x"),
    ("sqrt(1+x)", r"\sqrt{1+x}", "√(1 + x)"),
    ("cbrt(x)", r"\sqrt[3]{x}", "∛x"),
    ("x^(1/4)", "x^{1/4}", "x^(1/4)"),
    ("x^0.1", "x^{0.1}", "x^(0.1)"),
    ("0.044715x^3", "0.044715x^{3}", "0.044715x³"),
    ("1e-12", "10^{-12}", "10⁻¹²"),
    ("2.5e-9x", r"2.5\cdot 10^{-9}x", "2.5·10⁻⁹x"),
    ("(-2)^2", "(-2)^{2}", "(−2)²"),
    ("|x||y|", r"|x|\,|y|", "|x| |y|"),
    ("floor(x)", r"\lfloor x\rfloor", "⌊x⌋"),
    ("gamma(x)", r"\Gamma(x)", "Γ(x)"),
    ("polygamma(1,x)", r"\psi'(x)", "ψ′(x)"),
    ("polygamma(5,x)", r"\psi^{(5)}(x)", "ψ⁽⁵⁾(x)"),
    ("log_2(x)", r"\log_{2}x", "log₂ x"),
    ("log(x,b)", r"\log_{b}x", "log_b x"),
    ("max(a,b,c)", r"\max(a,b,c)", "max(a, b, c)"),
    ("f'(x)", "f'(x)", "f′(x)"),
    ("f^(4)(x)", "f^{(4)}(x)", "f⁽⁴⁾(x)"),
    ("f^(1,0)(x,y)", r"\partial_{1}f(x,y)", "∂₁f(x, y)"),
    ("x sigmoid(x)", r"x\,\sigma(x)", "x σ(x)"),
    ("silu(x)", r"\operatorname{SiLU}(x)", "SiLU(x)"),
    ("elu(x)", r"\operatorname{ELU}(x)", "ELU(x)"),
    ("elu(x, 2)", r"\operatorname{ELU}(x,2)", "ELU(x, 2)"),
    ("alpha*x_1", r"\alpha x_{1}", "αx₁"),
    ("2pi*x", r"2\pi x", "2πx"),
    ("x_max", r"x_{\mathrm{max}}", "x_max"),
    ("a-x/y", r"a-\frac{x}{y}", "a − x/y"),
    ("(-x)/y", r"-\frac{x}{y}", "−x/y"),
    ("x*(1/x)", r"x\cdot\frac{1}{x}", "x·(1/x)"),
    (
        "x if x>0 else 0",
        r"\begin{cases}x & \text{if } x>0 \\ 0 & \text{otherwise}\end{cases}",
        "{x if x > 0; 0 otherwise}",
    ),
]


@pytest.mark.parametrize(("formula", "in_latex", "in_unicode"), TYPED)
def test_as_a_careful_author_writes_it(formula: str, in_latex: str, in_unicode: str) -> None:
    expr = parse(formula).expr
    assert (latex(expr), unicode(expr)) == (in_latex, in_unicode)


RAW = [
    (Product((ONE, x)), r"1\cdot x"),
    (Product((Number(Fraction(1, 2)), x)), r"\frac{1}{2}x"),
    (call("exp", Product((Number(Fraction(-1, 2)), x**2))), "e^{-x^{2}/2}"),
    (Power(x, Number(Fraction(1, 5))), r"\sqrt[5]{x}"),
    (Power(x, Number(Fraction(1, 2))), "x^{1/2}"),
    (Product((-Power(1 + x, Number(-2)), -y)), r"-(1+x)^{-2}\cdot(-y)"),
    (Sum((x, Number(-3))), "x-3"),
    (Product((Symbol("n"), Power(x, Symbol("n") - 1))), r"n\,x^{n-1}"),
    (Symbol("loss") * x, r"\mathrm{loss}\,x"),
]


@pytest.mark.parametrize(("expr", "in_latex"), RAW)
def test_shapes_that_rules_make(expr: Expr, in_latex: str) -> None:
    assert latex(expr) == in_latex


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_latex_of_the_catalogue_reads_back_as_it_was(entry) -> None:
    known = definition(entry.name)
    for expr in (known.expr, Call(entry.name, known.symbols)):
        assert parse_latex(latex(expr)).expr is expr


POINT = {"x": mpmath.mpf("0.7315"), "y": mpmath.mpf("1.2119"), "z": mpmath.mpf("0.3877")}

numbers = [Number(2), Number(-3), Number(Fraction(2, 3)), Number(Fraction(3, 2), True)]
leaves = st.sampled_from([x, y, z, ONE, MINUS_ONE, E, PI, *numbers])


def _grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    condition = st.builds(lambda a, b: Comparison(("<",), (a, b)), inner, inner)
    names = ["sin", "tanh", "log", "sqrt", "exp", "abs", "erf", "sigmoid"]
    return st.one_of(
        several.map(Sum),
        several.map(Product),
        st.builds(Quotient, inner, inner),
        st.builds(Power, inner, inner),
        st.builds(lambda name, u: Call(name, (u,)), st.sampled_from(names), inner),
        st.builds(lambda a, c, b: Piecewise((a, c, b)), inner, condition, inner),
    )


@given(st.recursive(leaves, _grow, max_leaves=8))
@mpmath.workdps(30)
def test_no_bracket_is_missing(expr: Expr) -> None:
    """What is read back from the LaTeX has the same value."""
    try:
        expected = evaluate(expand(expr), POINT)
        if not mpmath.isfinite(expected) or abs(expected) > 1e30:
            return
    except (ZeroDivisionError, OverflowError, ValueError, TypeError):
        return
    value = evaluate(expand(parse_latex(latex(expr)).expr), POINT)
    assert mpmath.almosteq(value, expected, 1e-15, 1e-15), latex(expr)


def test_a_formula_ten_thousand_deep() -> None:
    expr: Expr = x
    for _ in range(10_000):
        expr = 1 / (1 + expr)
    assert latex(expr, limit=100_000).count(r"\frac") == 10_000


def test_what_unfolds_to_something_huge_is_cut_short_visibly() -> None:
    expr: Expr = x
    for _ in range(200):
        expr = expr * call("sin", expr)
    assert len(latex(expr, limit=500)) < 20_000
    assert r"\ldots" in latex(expr, limit=500)
    assert "…" in unicode(expr, limit=500)
