r"""The notation of derivatives: the question that it asks, or the derivative within a formula."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import chainrule
from chainrule import commands
from chainrule.cli.main import main
from chainrule.errors import InputError
from chainrule.parsing.reader import parse, parse_question

QUESTIONS = [
    # typed, the function, the variables in order ("" if they are not named)
    ("d/dx (x^2)", "x^2", "x"),
    ("d/dx x^3", "x^3", "x"),
    ("d/dx[x^2 + 1]", "x^2 + 1", "x"),
    ("d / dx (x^2)", "x^2", "x"),
    ("d/dx x^2 + 3x", "x^2 + 3x", "x"),
    ("d/dx (x^2+1)^3", "(x^2+1)^3", "x"),
    ("d/dx (x+1)(x-2)", "(x+1)(x-2)", "x"),
    ("d/dx (x^2) sin x", "(x^2) sin x", "x"),
    ("d/dt t^3", "t^3", "t"),
    ("d/dtheta sin(theta)", "sin(theta)", "theta"),
    ("d/dθ sin θ", "sin(theta)", "theta"),
    ("d^2/dx^2 x^3", "x^3", "xx"),
    ("d²/dx² x^3", "x^3", "xx"),
    ("d^3/dx^3 (x^5)", "x^5", "xxx"),
    ("d/dx(d/dx(x^3))", "x^3", "xx"),
    ("∂/∂x (x^2 y)", "x^2*y", "x"),
    ("∂²/∂x² (x^2 y)", "x^2*y", "xx"),
    ("d^2/(dx dy) x^2 y", "x^2*y", "xy"),
    ("d^2/dxdy x^2 y", "x^2*y", "xy"),
    ("d(x^2)/dx", "x^2", "x"),
    ("d^2(x^4)/dx^2", "x^4", "xx"),
    (r"\frac{d}{dx} x^3", "x^3", "x"),
    (r"\dfrac{d}{dt}(t^3)", "t^3", "t"),
    (r"\frac{\mathrm d}{\mathrm dx}[x^2 + 1]", "x^2+1", "x"),
    (r"\frac{\mathrm{d}}{\mathrm{d}x}\left(x^2\right)", "x^2", "x"),
    (r"\frac{\differentialD}{\differentialD x} x^2", "x^2", "x"),
    (r"\frac{d^2}{dx^2} x^3", "x^3", "xx"),
    (r"\frac{d^{2}}{dx^{2}} \sin x", "sin(x)", "xx"),
    (r"\frac{\partial}{\partial x} x^2 y", "x^2*y", "x"),
    (r"\frac{\partial^2}{\partial x \partial y} x^2 y", "x^2*y", "xy"),
    (r"\frac{d(x^2)}{dx}", "x^2", "x"),
    ("D[x^2, x]", "x^2", "x"),
    ("D[x^2*y, x, y]", "x^2*y", "xy"),
    ("D_x x^2", "x^2", "x"),
    ("diff(x^2, x)", "x^2", "x"),
    ("diff(x^3, x, 2)", "x^3", "xx"),
    ("diff(x^2)", "x^2", ""),
    ("Derivative(x^2, x)", "x^2", "x"),
    ("derivative(t^2, t)", "t^2", "t"),
    ("derivative of x^2", "x^2", ""),
    ("Find the derivative of ln(x)/x.", "ln(x)/x", ""),
    ("differentiate x^2 sin x", "x^2*sin(x)", ""),
    ("the derivative of t^2 with respect to t", "t^2", "t"),
    ("differentiate a t^2 wrt t", "a*t^2", "t"),
    ("second derivative of x^3 with respect to x", "x^3", "xx"),
    ("what is the derivative of x^2", "x^2", ""),
]


@pytest.mark.parametrize(("typed", "function", "by"), QUESTIONS)
def test_questions(typed: str, function: str, by: str) -> None:
    formula = parse_question(typed)
    assert str(formula.expr) == str(parse(function).expr)
    assert formula.question is not None
    assert "".join(symbol.name for symbol in formula.question).replace("theta", "θ") == by.replace(
        "theta", "θ"
    )


@pytest.mark.parametrize(("typed", "function", "by"), QUESTIONS)
def test_what_is_no_question_is_not_taken_for_one(typed: str, function: str, by: str) -> None:
    with pytest.raises(InputError, match="this is a derivative"):
        parse(typed)


WITHIN = [
    ("x + d/dx(x^2)", "3"),
    ("d/dx (x^2) + 3x", "5"),
    ("3x - d/dx x^3", "3 - 6*x"),
    ("(d/dx x^3)/x", "3"),
    ("f(x) = d/dx(x^3)", "6*x"),
    ("x*diff(x^2, x)", "4*x"),
    ("x*d/dx(x^2)", "4*x"),
    ("x d/dx(x^2) x", "6*x^2"),
    ("D[t^3, t] + t", "6*t + 1"),
    ("d/dx(x*d/dx(x^2)) + x", "5"),
    (r"x + \frac{d}{dx}(x^2)", "3"),
    ("d/dx y(x)", "y'(x)"),
    ("y' = d/dx x^3", "3*x^2"),
]


@pytest.mark.parametrize(("typed", "slope"), WITHIN)
def test_within_a_formula_it_is_evaluated(typed: str, slope: str) -> None:
    assert str(chainrule.diff(typed)) == slope


def test_and_that_is_said() -> None:
    assert "Read d/dx (x^2) as 2*x." in chainrule.derive("x + d/dx(x^2)").to_text()


BAD = [
    (("diff", "d/dx (x^2 y)", "--wrt", "y"), "by x, and the option by y"),
    (("diff", "d/dx (x^2)", "--order", "2"), "order 1, and the option for order 2"),
    (("diff", "d/dx (x^2 y)", "--wrt", "all"), "leave one of them out"),
    (("explain", "dy/dx = x^2"), "says what a derivative is"),
    (("explain", "y' = 3x^2"), "says what a derivative is"),
    (("diff", "f'(x) = 3x^2"), "says what a derivative is"),
    (("diff", r"\frac{dy}{dx} = x"), "says what a derivative is"),
    (("diff", "d/dx (x^2) = 2x"), "an equation with a derivative in it"),
    (("diff", "2x + 2y dy/dx = 0"), "write y'(x)"),
    (("diff", "x^2 dx"), "belongs to an integral"),
    (("diff", r"x^2\,\mathrm{d}x"), "belongs to an integral"),
    (("diff", r"\sin x\,dx"), "belongs to an integral"),
    (("diff", "(x^2)'"), "write d/dx (…)"),
    (("diff", "x * d/dx x^2"), "put brackets around it"),
    (("diff", "d/dx"), "ends too early"),
    (("diff", "∂ x"), "∂/∂x"),
    (("diff", "diff(x^2, 3)"), "taken by variables"),
    (("diff", "find f'(2) if f(x) = x^2"), "--at 2"),
    (("diff", "second derivative of x^3"), "with respect to"),
    (("check", "x^2", "--answer", "dy/dt = 2x"), "--wrt t"),
    (("check", "x^2", "--answer", "y'' = 2"), "--order 2"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD)
def test_what_is_said_where_it_makes_no_sense(arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == 2, done.output
    assert said in done.output


LETTERS = ["ax^3+bx^2+cx+d", "cx+dx", "d x + x", "d/x", "f(x, d) = d/dx"]


@pytest.mark.parametrize("typed", LETTERS)
def test_d_is_a_letter_too(typed: str) -> None:
    formula = parse(typed)
    assert "d" in {symbol.name for symbol in chainrule.expr.nodes.symbols(formula.expr)}


ANSWERS = ["2x", "f'(x) = 2x", "dy/dx = 2x", "y' = 2x", "d/dx(x^2)", r"\frac{dy}{dx} = 2x"]


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers(answer: str) -> None:
    right, _, _ = commands.check("x^2", answer)
    assert right


def test_lines(tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_text("f(x) = x^2\nd/dx (x^2) = 2x\nf'(x) = 2x\n")
    assert CliRunner().invoke(main, ["check", "--lines", str(lines)]).exit_code == 0


@pytest.mark.parametrize(
    "text",
    ["d/dx " * 5000 + "x", "1" + "+d/dx(x)" * 5000, "x + " + "d/dx " * 13 + "x", "D[x^2, x, 13]"],
)
def test_as_many_as_anybody_asks_for(text: str) -> None:
    with pytest.raises(InputError):
        chainrule.diff(text)
    done = CliRunner().invoke(main, ["check", "x^2", "--answer", text])
    assert done.exit_code == 2


@pytest.mark.parametrize(
    "text",
    ["d(" * 9000 + "x" + ")" * 9000 + "/dx", "d(" * 3000 + "x" + ")/dx" * 3000, "d(x" * 9000],
)
def test_nested_as_deep_as_you_like(text: str) -> None:
    try:
        parse_question(text)
    except InputError as error:
        assert len(str(error)) < 1_000  # noqa: PT017
