r"""Formulas as people type, paste and export them: what each is read as, or what is said about it.

Left is what was typed. Right is the same formula in the plainest spelling, which the other tests of
this folder read, or after a question mark a part of the error.
"""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from chainrule.cli.main import main
from chainrule.errors import InputError
from chainrule.parsing.reader import parse

EDITORS = [
    # Plain TeX, MathLive, MathQuill, and what is pasted from a page.
    (r"{x \over 2}", "(x)/(2)"),
    (r"x+1 \over {y \over 2}", "(x+1)/((y)/(2))"),
    (r"{1 \over {x}}^2", "((1)/(x))^2"),
    (r"1 \over 2 \over 3", r"? two \over in one group"),
    (r"\over x", r"? unexpected `\over`"),
    (r"\exponentialE^x", "e^x"),
    (r"\exponentialE^{-x}", "e^(-x)"),
    (r"\mathrm{e}^{x}", "e^x"),
    (r"\mleft(x+1\mright)^2", "(x+1)^2"),
    (r"\mleft|x\mright|", "|x|"),
    (r"\lvert x \rvert", "|x|"),
    (r"\left\lvert x\right\rvert", "|x|"),
    (r"\operatorname{sin}(x)", "sin(x)"),
    (r"\operatorname{arcsin}\left(x\right)", "asin(x)"),
    (r"{g}_{k} \cdot x", "g_k*x"),
    (r"{\beta}_{1} \cdot x", "beta_1*x"),
    (r"\imaginaryI x", "? real numbers"),
    (r"\dfrac12x", "1/2 x"),
    (r"\sqrt[3]{x}", "cbrt(x)"),
    ("y=3x²−5x+1", "3x^2-5x+1"),
    ("½x² × 3 ÷ 2", "1/2*x^2*3/2"),
    ("ｘ＋１", "x+1"),
    ("ｓｉｎ（２ｘ）", "sin(2x)"),
    ("e⁻ˣ", "e^(-x)"),
    ("x∙y·z⋅u", "x*y*z*u"),
]


def assert_read(typed: str, wanted: str) -> None:
    if wanted.startswith("?"):
        with pytest.raises(InputError) as caught:
            parse(typed)
        assert wanted[1:].strip() in str(caught.value)
    else:
        assert parse(typed).expr is parse(wanted).expr


@pytest.mark.parametrize(("typed", "wanted"), EDITORS)
def test_from_editors_and_pages(typed: str, wanted: str) -> None:
    assert_read(typed, wanted)


MINUS = [
    (("diff", "-x^2"), "-2*x"),
    (("diff", "-sin(x)", "--order", "2"), "sin(x)"),
    (("diff", "--order", "2", "-x^2"), "-2"),
    (("diff", "--x"), "1"),
    (("diff", "--wrt", "t", "--", "-t^2"), "-2*t"),
    (("diff", "-h^2", "--wrt", "h"), "-2*h"),
    (("explain", "-x^2"), "2x"),
    (("check", "-x^2", "--answer", "-2x"), "Right"),
    (("check", "--answer", "-2x", "-x^2"), "Right"),
    (("code", "-x^2", "--target", "c"), "f_grad"),
]


@pytest.mark.parametrize(("arguments", "said"), MINUS)
def test_a_formula_may_begin_with_a_minus_sign(arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == 0, done.output
    assert said in done.output


NO_FORMULA = [
    (("diff", "sin", "x"), 'chainrule diff "sin x"'),
    (("explain", "x", "+", "1"), 'chainrule explain "x + 1"'),
    (("check", "x^2", "2x"), "--answer"),
    (("diff", "x", "--wrtt", "x"), "--wrt"),
    (("diff", "--ordr=2", "x"), "--ordr"),
]


@pytest.mark.parametrize(("arguments", "said"), NO_FORMULA)
def test_what_is_said_about_more_than_one(arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == 2
    assert said in done.output
