"""Output forms hold on the whole domain: on every piece between turning points, near the ends of
the domain and far out. The truth is a difference quotient of the function by mpmath."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import mpmath
import pytest
from click.testing import CliRunner

import chainrule
from chainrule.cli.main import main
from chainrule.differentiate.derivation import Step
from chainrule.expr.nodes import Expr, Symbol, negate
from chainrule.parsing.definitions import expand_all
from chainrule.rewrite import output_form
from chainrule.rewrite.elimination import Eliminated
from chainrule.rewrite.solve import Solved, inner_parts
from chainrule.verify.check import verify_form
from real_values import Point

# Sizes of x from 10⁻⁷ to 10⁵, both signs, and closer together where most formulas turn.
SIZES = sorted({k / 2 for k in range(-14, 11)} | {k / 12 for k in range(-14, 15)})
LINE = [sign * 1.00102 * 10**size for size in SIZES for sign in (-1, 1)]
MANY_DIGITS = 50_000
"""More than e^x has before or behind the point, for any x of the line."""
PARAMETERS = (1.37, -0.73, 0.19, -3.1)

KERNELS = (
    *("x", "sqrt(x)", "e^x", "ln(x)", "|x|", "sin(x)", "cos(x)", "tan(x)", "cosh(x)", "sinh(x)"),
    *("tanh(x)", "arcsin(x)", "arccos(x)", "arctan(x)", "arsinh(x)", "artanh(x)", "x^2", "1/x"),
    *("x^(1/3)", "x^(2/3)", "cbrt(x)", "sqrt(1+x^2)", "sqrt(1-x^2)", "sqrt(x+2)", "2^x"),
    *("sigmoid(x)", "coth(x)", "arcosh(x)"),
)
# Functions of u that turn somewhere, or have an inverse with branches. A, B and C are numbers.
SHAPES = (
    *("A*u^2 + B*u + C", "sqrt(A*u^2 + B*u + C)", "u/(1 + u^2)", "(u - B)^2", "(u - B)^4"),
    *("u + A/u", "A/u - B/u^2", "1/(u^2 + B*u + C)", "|u - B|", "e^(-u^2)", "ln(1 + u^2)"),
    *("sqrt(|u - B|)", "arcsin(u)", "arctan(u)", "sin(u)", "cosh(u)", "(u - B)^(2/3)", "x*u"),
    *("u - A*x", "u^2/(1 + u)", "sqrt(u) - A*u", "ln|u - B|", "u*sqrt(1 - u^2)", "|u|^3", "1/u"),
    *("(1 - u)^2*(u + 2)", "e^u - A*u", "u*|u|", "{x > 0: u, else: A*u}", "u^2/x", "max(u, B)"),
)
NUMBERS = ("1", "2", "3", "(1/2)", "(-1)", "(-2)", "5", "0.1", "10", "100", "(1/3)")


def formulas(seed: int, count: int, numbers: tuple[str, ...]) -> Iterator[str]:
    rng = Random(seed)
    for _ in range(count):
        text = rng.choice(KERNELS)
        for _ in range(rng.choice((1, 1, 2))):
            shape = rng.choice(SHAPES)
            # "max" has no letter u or A of its own.
            parts = [rng.choice(numbers) if c in "ABC" else c for c in shape]
            text = "".join(f"({text})" if c == "u" else c for c in parts)
        yield text


def wrong_at(function: Expr, form: Expr, output: str, a: float) -> Point | None:
    """Where a form is not the derivative, or is undefined."""
    function, form = expand_all(function), expand_all(form)
    for x in LINE:
        at = Point({"x": mpmath.mpf(x), "a": mpmath.mpf(a)})
        slope, value = at.derivative(function, ["x"]), at.value(function)
        # Far out values differ by less than mpmath's digits.
        if slope is None or value is None or not 1e-30 < abs(slope) < 1e30 or abs(value) > 1e30:
            continue
        found = Point({**at.letters, output: value}).value(form)
        nudged = Point({**at.letters, output: value * (1 + mpmath.mpf(10) ** -70)}).value(form)
        if found is None and nudged is None:
            # Or no digit is left, as of 1 - sigmoid(316)^2.
            exact = Point(at.letters, MANY_DIGITS)
            letters = {**at.letters, output: exact.value(function)}
            if Point(letters, MANY_DIGITS).value(form) is None:
                return at
            continue
        if found is None or nudged is None or abs(found - nudged) > 1e-12 * abs(slope):
            continue
        if abs(found - slope) > 1e-9 * abs(slope):
            return at
    return None


def swept(texts: Iterator[str], parameters: tuple[float, ...]) -> int:
    """How many of the formulas have an output form; none of them may be wrong anywhere."""
    found = 0
    for text in dict.fromkeys(texts):
        derivation = chainrule.derive(text, wrt="x")
        form = derivation.output_form
        if form is not None:
            found += 1
            for a in parameters:
                at = wrong_at(derivation.function, form.expr, form.output.name, a)
                assert at is None, f"{text}: {form.expr} at {at}"
    return found


def test_forms_hold_everywhere() -> None:
    assert swept(formulas(1, 50, NUMBERS), PARAMETERS[:1]) > 15


def test_forms_with_other_letters_hold_for_all_their_values() -> None:
    assert swept(formulas(2, 20, ("a", "a", "2", "(-1)")), PARAMETERS) > 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_many_forms_hold_everywhere(seed: int) -> None:
    assert swept(formulas(100 + seed, 400, NUMBERS), PARAMETERS[:1]) > 60
    assert swept(formulas(200 + seed, 200, ("a", *NUMBERS[:5])), PARAMETERS) > 10


# --- the guard ----------------------------------------------------------------------------------
# f, and what is f' on a part of the domain only, however small that is.
BY_PARTS = [
    ("2x - sqrt(x)", "2 + (1 - sqrt(1 + 8y))/(4y)"),
    ("sqrt(x) - 2x", "(1 - sqrt(1 - 8y))/(4y) - 2"),
    ("(3 - sqrt(x))^2", "sqrt(y)/(sqrt(y) - 3)"),
    ("2/x - 1/sqrt(x)", "-(sqrt(4 + 80y + 528y^2 + 1152y^3) + 2 + 20y + 32y^2)/64"),
    *((f"(sqrt(x) - {c})^2", f"sqrt(y)/(sqrt(y) + {c})") for c in (0.0001, 0.01, 30, 2000)),
    *((f"(x - {c})^2", "2sqrt(y)") for c in ("10^(-7)", 5, 700, 10**6)),
    ("cosh(x)", "sqrt(y^2 - 1)"),
    ("sin(x)", "sqrt(1 - y^2)"),
    ("sin(x)^2", "2sqrt(y)*sqrt(1 - y)"),
    ("x^3 - 3x", "3*((y/2 + sqrt(y^2/4 - 1))^(1/3) + (y/2 - sqrt(y^2/4 - 1))^(1/3))^2 - 3"),
    ("(|x| - 3)^2", "2sqrt(y)"),
    ("ln(x)^2", "2sqrt(y)*e^(-sqrt(y))"),
    ("(e^x - 1000)^2", "2sqrt(y)*(sqrt(y) + 1000)"),
    ("arctan(x)^2", "2sqrt(y)*cos(sqrt(y))^2"),
    ("(x - a)^2", "2sqrt(y)"),
    ("x/(a + |x|)", "(1 - |y|)^2/a"),
    ("sqrt(4 - x)*sqrt(x - 3)", "sqrt(1 - 4y^2)/(2y)"),
]


def claim(slope: str | Expr, form: str) -> Step:
    before = chainrule.parse(slope) if isinstance(slope, str) else slope
    after, output = chainrule.parse(form), Symbol("y")
    return Step("rewriting", "output-form", before, after, Symbol("x"), output=output)


@pytest.mark.parametrize(("formula", "form"), BY_PARTS)
def test_what_holds_on_a_part_only_is_found_out(formula: str, form: str) -> None:
    function = chainrule.parse(formula)
    slope = chainrule.diff(function, "x")
    [verdict] = verify_form(function, [claim(slope, form)]).values()
    assert not verdict.holds


@pytest.mark.parametrize("formula", [formula for formula, _ in BY_PARTS])
def test_no_form_is_handed_out_that_holds_on_a_part_only(formula: str) -> None:
    derivation = chainrule.derive(formula, wrt="x")
    form = derivation.output_form
    if form is not None:
        for a in PARAMETERS:
            assert wrong_at(derivation.function, form.expr, form.output.name, a) is None
    assert derivation.verdict.holds


def test_a_form_with_fewer_values_than_the_derivative_is_left_out() -> None:
    [verdict] = verify_form(chainrule.parse("x"), [claim("1", "ln(y)/ln(y)")]).values()
    assert not verdict.holds
    [verdict] = verify_form(chainrule.parse("e^x"), [claim("e^x", "y*ln(y)/ln(y)")]).values()
    assert verdict.holds


def page(formula: str) -> str:
    result = CliRunner().invoke(main, ["explain", formula], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_a_wrong_form_leaves_the_page_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    original = output_form.eliminate

    def with_the_other_sign(*args: Any) -> Eliminated | None:
        found = original(*args)
        return found and Eliminated(found.left, found.right, negate(found.solution))

    before, _, after = page("x/sqrt(1+x^2)").partition("By the function itself")
    monkeypatch.setattr(output_form, "eliminate", with_the_other_sign)
    planted = page("x/sqrt(1+x^2)")
    assert "(1 − f²)" in after
    assert "(1 − f²)" not in planted
    assert planted.startswith(before)
    assert "The derivative itself: checked" in planted


def test_a_wrong_way_of_solving_leaves_the_page_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def doubled(*args: Any) -> Iterator[Solved]:
        for row in inner_parts(*args):
            yield row if row.inner is args[0] else Solved(row.inner, 2 * row.value)

    before, _, after = page("ln(1+e^x)").partition("By the function itself")
    monkeypatch.setattr(output_form, "inner_parts", doubled)
    planted = page("ln(1+e^x)")
    assert after
    assert "By the function itself" not in planted
    assert planted.startswith(before)
    assert "The derivative itself: checked" in planted
