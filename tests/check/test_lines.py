"""Whole derivations: which line is the first that does not follow, and why."""

from __future__ import annotations

import pytest

from chainrule.check.lines import LineJudgement, check_lines, first_failure
from chainrule.errors import InputError

RIGHT = {
    "sigmoid": r"""
        f(x) = 1/(1+e^-x)           # the function
        f(x) = (1+e^-x)^-1
        f'(x) = -(1+e^-x)^-2 * (-e^-x)
              = e^-x/(1+e^-x)^2
              = f(x)(1 - f(x))
        """,
    "LaTeX": r"""
        \sigma(x) = \frac{1}{1+e^{-x}}
        \sigma(x) = (1+e^{-x})^{-1}
        \frac{d\sigma}{dx} = -(1+e^{-x})^{-2} \cdot (-e^{-x})
        \sigma'(x) = \sigma(x)(1-\sigma(x))
        """,
    "Leibniz": """
        y = (1+x^2)^3

        let u = 1 + x^2
        y = u^3
        dy/du = 3u^2
        du/dx = 2x
        dy/dx = dy/du * du/dx = 3u^2 * 2x
              = 6x(1+x^2)^2
        """,
    "the outer function found": """
        y = sin(x^2)
        u = x^2
        dy/du = cos u
        dy/dx = cos(u) * du/dx
        """,
    "primes": """
        y = x sin x
        u = x
        v = sin x
        u' = 1
        v' = cos x
        y' = u'v + u v' = sin x + x cos x
        y'' = 2cos x - x sin x
        """,
    "operator": """
        y = x^2 + 3x
        d/dx (x^2) = 2x
        d/dx [3x] = 3
        y' = 2x + 3
        d/dx y = 3 + 2x
        """,
    "bare": """
        sin(x)^2
        = 1 - cos(x)^2
        2 sin x cos x
        sin(2x)
        """,
    "other letter": """
        s = 5t^2 + 2t
        ds/dt = 10t + 2
        """,
    "operator on the right": """
        f(x) = x^2 + sin x
        f'(x) = d/dx (x^2 + sin x) = 2x + cos x
        """,
    "domain": """
        f(x) = ln x
        f'(x) = 1/x
        = 1/|x|
        """,
}

WRONG = [
    ("sin(x^2)\n= cos(x^2)\n= cos(x^2)*1", 2, "inner-derivative"),
    ("f(x) = 3(x^2+2x)\nf'(x) = 3(2x+2)\n= 6x + 2", 3, "bracket-lost"),
    ("f(x) = 3(x^2+2x)\nf'(x) = 3(2x+2) = 6x + 2", 2, "bracket-lost"),
    ("y = x sin x\n\ny' = sin x + x cos x\n= sin x - x cos x", 4, "sign-in-result"),
    ("y = x e^x\ny' = e^x + x e^x\n= e^x", 3, "term-lost"),
    ("y = (x+3)^2\ny = x^2 + 9\ny' = 2x", 2, "power-of-sum"),
    ("y = (1+x^2)^3\nlet u = 1+x^2\ny = u^3\ndy/du = 3u^3", 4, "exponent-not-lowered"),
    ("y = x^2 cos x\nu = x^2\nv = cos x\nv' = sin x\ny' = u'v + u v'", 4, "sign-of-function"),
    ("f(x)=x^2\nf'(x) = x\nf'(x) = 2x", 2, "exponent-not-brought-down"),
    ("f(x)=sin(2x)\nf'(x) = 2cos(2x)\nf''(x) = -2sin(2x)", 3, "inner-derivative"),
    ("f(x)=x^2\nf'(x) = 2x + 1 - 1\n= 5x", 3, None),
    ("y = x^2 + sin(2x)\nd/dx sin(2x) = cos(2x)\ny' = 2x + cos(2x)", 2, "inner-derivative"),
]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_every_line_follows(text: str) -> None:
    judged = check_lines(text)
    assert [line.number for line in judged if line.follows is not True] == []


@pytest.mark.parametrize(("text", "number", "slip"), WRONG)
def test_the_first_line_that_does_not_follow(text: str, number: int, slip: str | None) -> None:
    line = failure(text)
    assert line.number == number
    assert line.judgement is not None
    assert line.judgement.counterexample is not None
    found = line.judgement.slip
    assert (found.name if found else None) == slip


def failure(text: str) -> LineJudgement:
    line = first_failure(check_lines(text))
    assert line is not None
    return line


def test_lines_after_a_wrong_one_are_judged_by_it() -> None:
    judged = check_lines("y = x^2\ny' = 3x\n= x + 2x\n= 4x\n= 2x")
    assert [line.follows for line in judged] == [True, False, True, False, True]


def test_what_a_line_does() -> None:
    judged = check_lines("y = x^4\nu = x^2\ny = u^2\ny' = 4x^3\n= 4 u x")
    claims = [line.claim for line in judged]
    assert claims == ["function", "name", "rewriting", "derivative", "derivative"]
    assert all(line.follows for line in judged)


def test_what_cannot_be_told_is_not_called_wrong() -> None:
    judged = check_lines("y = x e^(x^2)\nu = x^2\ndy/du = e^u")
    assert judged[-1].follows is None
    assert judged[-1].note
    assert first_failure(judged) is None


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("f(x) = x^2\nf'(x) = 2x +* 3", 2, 13),
        ("f(x) = x^2\n\n  = 2x + )", 3, 10),
        ("f(x) = x^2\nf'(x) = 2x = ", 2, 13),
        ("f(x) = x^2\ny' = u'v + u", 2, 6),
        ("f(x) = x^2\nf'(x) = foo(x)", 2, 9),
        ("y = sin(x\ny' = cos(x)", 1, 8),
    ],
)
def test_errors_name_the_line(text: str, line: int, column: int) -> None:
    with pytest.raises(InputError) as caught:
        check_lines(text)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    "text", ["", "\n# nothing\n", "=", "\\\\", "f'(x) = 2x", "= x^2", "x^2 + y^2 = 1"]
)
def test_the_first_line_must_be_a_function(text: str) -> None:
    with pytest.raises(InputError):
        check_lines(text)


def test_an_error_behind_a_derivative_has_the_right_column() -> None:
    text = "y = x^3\nu = x\ny' = 3 * u^2 * du/dx + )"
    with pytest.raises(InputError) as caught:
        check_lines(text)
    assert caught.value.column == text.split("\n")[2].index(")") + 1
