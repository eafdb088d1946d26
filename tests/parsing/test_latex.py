"""Formulas in LaTeX mean what the same formula means as typed text."""

from __future__ import annotations

import pytest

from chainrule.errors import InputError
from chainrule.parsing.latex import parse_latex
from chainrule.parsing.reader import parse

SAME = [
    (r"\frac{1}{1+e^{-x}}", "1/(1+e^-x)"),
    (r"\dfrac{1}{1+\mathrm{e}^{-x}}", "1/(1+e^-x)"),
    (r"\left(1+e^{-x}\right)^{-1}", "(1+e^-x)^-1"),
    (r"\sigma(x)", "σ(x)"),
    (r"x\,\sigma(\beta x)", "x*σ(βx)"),
    (r"\frac12 x", "(1/2)*x"),
    (r"\operatorname{erf}(x)", "erf(x)"),
    (r"\mathrm{erf}(x)", "erf(x)"),
    (r"\sqrt{x}", "√x"),
    (r"\sqrt[3]{x}", "cbrt(x)"),
    (r"|x|", "|x|"),
    (r"\left|x-1\right|", "|x-1|"),
    (r"\lvert x \rvert", "|x|"),
    (r"\log x", "log(x)"),
    (r"\ln(1+e^x)", "ln(1+e^x)"),
    (r"\log_{2} x", "log2(x)"),
    (r"\tanh x", "tanh(x)"),
    (r"\sin^2 x", "sin(x)^2"),
    (r"\sin^{-1} x", "asin(x)"),
    (r"x^{2}", "x^2"),
    (r"2 \cdot x", "2*x"),
    (r"a \times b \div c", "a*b/c"),
    (r"x \, y", "x*y"),
    (r"\exp(-x^2)", "e^(-x^2)"),
    (r"\max\{0, x\}", "max(0,x)"),
    (r"\max(0, x)", "max(0,x)"),
    (r"\alpha x_{1}", "alpha*x_1"),
    (r"\begin{cases} x & x>0 \\ \alpha(e^x-1) & \text{otherwise} \end{cases}",
     "{x>0: x, else: alpha*(e^x-1)}"),
    (r"\begin{cases} x & \text{if } x \ge 0 \\ 0 & x < 0 \end{cases}", "{x>=0: x, x<0: 0}"),
    (r"$x^2$", "x^2"),
    (r"$$\displaystyle x^2$$", "x^2"),
    (r"\[x^2\]", "x^2"),
    (r"\lfloor x \rfloor", "floor(x)"),
    (r"\Gamma(x)", "gamma(x)"),
    (r"f'(x)", "f'(x)"),
    (r"\bigl(x+1\bigr)^2", "(x+1)^2"),
]  # fmt: skip


@pytest.mark.parametrize(("latex", "text"), SAME)
def test_the_same_as_text(latex: str, text: str) -> None:
    assert parse_latex(latex).expr is parse(text).expr


def test_a_name_in_front() -> None:
    formula = parse(r"\sigma(x) = \frac{1}{1+e^{-x}}")
    assert formula.name == "sigma"
    assert [v.name for v in formula.variables] == ["x"]


def test_an_equation() -> None:
    formula = parse(r"x^{2} + y^{2} = 1 \,")
    assert formula.equals is not None


@pytest.mark.parametrize(
    ("latex", "said"),
    [
        (r"\frac{1}{", "never closed"),
        (r"\frac{1}", "expected"),
        (r"\tahn x", "did you mean"),
        (r"\left(x", "never closed"),
        (r"\begin{cases} x", "cases"),
        (r"\sqrt[", "never closed"),
        (r"x^", "expected"),
        (r"x_{} + 1", "subscript"),
        ("\\", ""),
    ],
)
def test_mistakes_are_told_with_their_place(latex: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_latex(latex)
    assert said in caught.value.describe()
    assert caught.value.position is not None
