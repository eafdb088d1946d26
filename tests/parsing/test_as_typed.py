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


WORDS = [
    # Letters that people mean as a product.
    ("xy", "x*y"),
    ("xyz", "x*y*z"),
    ("xe^x", "x*e^x"),
    ("ut + 1/2 at^2", "u*t + 1/2*a*t^2"),
    ("xsinx", "x*sin(x)"),
    ("sinxcosx", "sin(x)*cos(x)"),
    ("xlnx", "x*ln(x)"),
    ("xsin(x)", "x*sin(x)"),
    ("betax", "beta*x"),
    ("2pix", "2*pi*x"),
    ("sinx(x+1)", "sin(x)*(x+1)"),
    ("threshold + 1", "threshold + 1"),
    # Words before a bracket that are no functions.
    ("sine(x)", "? did you mean `sin`"),
    ("foo(x)", "? `foo` is not a function"),
    ("ab(x+1)", "? a*b*(…)"),
    ("xy(x)", "? `xy` is not a function"),
    ("Zq(x)", "? `Zq` is not a function"),
    ("tann(x)", "? did you mean `tan`"),
    ("sigmiod(x)", "? did you mean `sigmoid`"),
    ("exp3(x)", "? write exp(3*(…))"),
    ("abs2(x)", "? write abs(2*(…))"),
    ("sin2cosh(x)", "? separate the factors"),
    ("expq(x)", "? `expq` is not a function"),
    ("arcsn x", "? did you mean `arcsin`"),
    ("cosine x", "? `cosine` is not a function"),
    # English.
    ("x plus 1", "? write +"),
    ("x squared", "? write ^2"),
    ("lim x", "? a word of English"),
    # Digits after letters.
    ("x2", "x_2"),
    ("x1 + x2", "x_1 + x_2"),
    ("x1^2", "x_1^2"),
    ("x2^x", "x*2^x"),
    ("x2^{x}", "x*2^{x}"),
    ("x2^(x+1)", "x*2^(x+1)"),
    ("x2y", "? x^2*y"),
    ("e2x", "? e^2x"),
    ("pi2", "? pi^2"),
    ("sinx2", "? x^2"),
    ("xsinx3", "? x^3"),
    ("sin2x", "sin(2x)"),
    ("sqrt2(x+1)", "sqrt(2(x+1))"),
    ("log2(x)", "log_2(x)"),
]


@pytest.mark.parametrize(("typed", "wanted"), WORDS)
def test_words(typed: str, wanted: str) -> None:
    if wanted.startswith("?"):
        assert_read(typed, wanted)
    else:
        # x2 and x_2 are two spellings, and two names, of one letter.
        assert str(parse(typed).expr).replace("_", "") == str(parse(wanted).expr).replace("_", "")


NOTES = [
    # typed, and for each note: what it was about, read as, written otherwise.
    ("e^2x", ("e^2x", "e^2*x", "e^(2x)")),
    ("e^-3x", ("e^-3x", "e^-3*x", "e^(-3x)")),
    ("e^ax", ("e^ax", "e^a*x", "e^(ax)")),
    ("2^3x", ("2^3x", "2^3*x", "2^(3x)")),
    ("e^2(x+1)", ("e^2(x+1)", "e^2*(x+1)", "e^(2(x+1))")),
    ("x^2y",),
    ("e^(2x)",),
    ("x²y",),
    ("x^1/2", ("x^1/2", "(x^1)/2", "x^(1/2)")),
    ("x^2/3", ("x^2/3", "(x^2)/3", "x^(2/3)")),
    ("x^3/3",),
    ("x^4/2",),
    ("e^x/2", ("e^x/2", "(e^x)/2", "e^(x/2)")),
    ("e^-x^2/2", ("e^-x^2/2", "(e^-x^2)/2", "e^(-x^2/2)")),
    ("e^x^2", ("e^x^2", "e^(x^2)", "(e^x)^2")),
    ("1/2x", ("1/2x", "(1/2)*x", "1/(2*x)")),
    ("1/2x^2", ("1/2x^2", "(1/2)*x^2", "1/(2*x^2)")),
    ("1/2 x",),
    ("1/xy", ("1/xy", "(1/x)*y", "1/(x*y)")),
    ("1/x(x+1)", ("1/x(x+1)", "(1/x)*(x+1)", "1/(x*(x+1))")),
    ("x/2sin(x)", ("x/2sin(x)", "(x/2)*sin(x)", "x/(2*sin(x))")),
    ("sin x/2", ("sin x/2", "sin(x)/2", "sin(x/2)")),
    ("lnx/x",),
    ("sin x^2", ("sin x^2", "sin(x^2)", "(sin x)^2")),
    ("sin x y", ("sin x y", "sin(x*y)", "sin(x)*y")),
    ("sin 2x cos x",),
    ("sin(x)^2",),
    ("ln(x)^2", ("ln(x)^2", "(ln(x))^2", "ln((x)^2)")),
    ("log_7(x)^5", ("log_7(x)^5", "(log_7(x))^5", "log_7((x)^5)")),
    ("sin^-1 x", ("sin^-1", "the inverse of sin", "1/sin(x)")),
    (r"\sin^{-1} x", (r"\sin^-1", "the inverse of \\sin", r"1/\sin(x)")),
    ("log x", ("log", "the natural logarithm, ln", "log10(x) or log_b(x)")),
    ("log(x, 2)",),
    ("log_2(x)",),
    ("x!", ("x!", "Γ(x + 1)", "")),
    ("5!",),
    ("E x", ("E", "a letter", "e for the number 2.718…")),
    ("2(x)", ("2(x)", "2*(x)", "")),
    ("a(x+1)", ("a(x+1)", "a*(x+1)", "")),
    ("x(x+1)",),
    ("f(x)", ("f(…)", "a function that is not given", "f*(…)")),
    ("y(x)", ("y(…)", "a function that is not given", "y*(…)")),
    ("x(t)", ("x(…)", "a function that is not given", "x*(…)")),
    ("σ(x)", ("σ(…)", "sigmoid(…)", "σ*(…)")),
    ("x2", ("x2", "one letter, x with the index 2", "x^2 or 2x")),
    ("x1 + x2",),
    ("threshold", ("threshold", "one letter", "")),
    ("xyz", ("xyz", "x*y*z", "")),
    ("√2x", ("√2x", "√2*x", "√(2x)")),
    ("2e3x", ("2e3", "2000", "2*e*3")),
    (r"\frac{x^12}{2}", ("x^12", "x^{12}", r"x^1 \cdot 2")),
]  # fmt: skip


@pytest.mark.parametrize("row", NOTES, ids=lambda row: row[0])
def test_ambiguities_are_noted(row: tuple[str, *tuple[tuple[str, str, str], ...]]) -> None:
    typed, *wanted = row
    assert [tuple(note)[1:] for note in parse(typed).notes] == wanted


@pytest.mark.parametrize("row", [row for row in NOTES if len(row) > 1], ids=lambda row: row[0])
def test_the_other_spelling_is_another_formula_without_the_doubt(row: tuple[str, ...]) -> None:
    typed, (part, read, instead) = row[0], row[1]
    if part not in typed or not instead or " or " in instead:
        return
    if "(…)" in instead or "e for" in instead or instead.startswith("1/"):
        return
    other = parse(typed.replace(part, instead))
    assert other.expr is not parse(typed).expr
    assert parse(typed.replace(part, read)).expr == parse(typed).expr or "*" in read


def test_an_answer_that_was_meant_otherwise() -> None:
    done = CliRunner().invoke(main, ["check", "e^(2x)", "--answer", "2e^2x"])
    assert done.exit_code == 1
    assert "Read e^2x as e^2*x (else write e^(2x))." in done.output
    assert "2e^(2x) would be right." in done.output


SPELLINGS = [
    *[(f"{typed}(x)", f"{name}(x)") for typed, name in {
        "sen": "sin", "tg": "tan", "ctg": "cot", "arctg": "atan", "arcctg": "acot", "sh": "sinh",
        "ch": "cosh", "th": "tanh", "cth": "coth", "lg": "log10", "lb": "log2", "expi": "Ei",
        "cosec": "csc", "arsh": "asinh", "arch": "acosh", "arth": "atanh", "LambertW": "lambertw",
    }.items()],
    ("sen x", "sin(x)"),
    ("sh x", "sinh(x)"),
    ("inv(x)", "1/x"),
    ("root(x, 3)", "cbrt(x)"),
    ("nthRoot(x, 4)", "x^(1/4)"),
    ("surd(x, 3)", "cbrt(x)"),
    ("surd(x, 5)", "sign(x)*|x|^(1/5)"),
    ("ifelse(x > 0, x, 0)", "{x > 0: x, else: 0}"),
    ("mod(x, 3)", "x - 3*floor(x/3)"),
    ("factorial(x)", "gamma(x + 1)"),
    ("trigamma(x)", "polygamma(1, x)"),
    ("ch + th", "c*h + t*h"),
    ("thx", "t*h*x"),
    ("Six", "S*i*x"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "wanted"), SPELLINGS)
def test_spellings_and_operations(typed: str, wanted: str) -> None:
    assert str(parse(typed).expr) == str(parse(wanted).expr)
