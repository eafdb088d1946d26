"""Judgements said in every format."""

from __future__ import annotations

import pytest

from chainrule.check.answer import check_answer
from chainrule.check.lines import check_lines
from chainrule.check.report import judgement_document, lines_document
from chainrule.deriving.problem import Problem
from chainrule.document.blocks import Document
from chainrule.expr.nodes import Symbol
from chainrule.parsing.reader import parse
from chainrule.render import markdown, text


def document(formula: str, answer: str) -> Document:
    problem = Problem(function=parse(formula).expr, variables=(Symbol("x"),))
    return judgement_document(check_answer(problem, parse(answer).expr), problem)


def test_a_slip_is_told() -> None:
    said = " ".join(text.render(document("sin(2x)", "cos(2x)")).split())
    assert "Not right." in said
    assert "At x = 0 your answer is 1, and the right value is 2." in said
    assert "The inner derivative of sin(2x), which is 2, was forgotten." in said


def test_a_right_answer_needs_no_derivative() -> None:
    said = text.render(document("sin(x)^2", "sin(2x)"))
    assert "Right: proved" in said
    assert "The derivative is" not in said


@pytest.mark.parametrize("answer", ["2x", "x^2", "14x", "1/(x-1)", "2t", "2x + sqrt(x) - sqrt(x)"])
def test_markdown_has_the_mathematics(answer: str) -> None:
    said = markdown.render(document("x^2", answer), front_matter=False)
    assert said.startswith("# Is this the derivative?")
    assert "None" not in said


def test_lines() -> None:
    said = " ".join(
        text.render(lines_document(check_lines("sin(x^2)\n= cos(x^2)\n= 1*cos(x^2)"))).split()
    )
    assert "Line 2 is the first that does not follow." in said
    assert "which is 2x, was forgotten" in said
    good = text.render(lines_document(check_lines("y = x^2\ny' = 2x")))
    assert "No line is wrong." in good


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            "y = ln(sin x - 2)\ny' = cos x",
            "Line 2 was not decided: not checked, because no point was found at which both sides "
            "are defined.",
        ),
        (
            "y = x e^(x^2)\nu = x^2\ndy/du = e^u",
            "Line 3 was not decided: no line says how it is written with u alone.",
        ),
    ],
)
def test_why_a_line_was_not_decided(lines: str, reason: str) -> None:
    said = " ".join(text.render(lines_document(check_lines(lines))).split())
    assert reason in said
    assert "No line is wrong." in said
