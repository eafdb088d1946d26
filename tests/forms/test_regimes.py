"""Formulas prepared for evaluation, on parts of the line and in other forms: all are equal."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

from chainrule.expr.nodes import Call, Expr, Number, Symbol, depends_on, postorder
from chainrule.forms.candidates.regimes import (
    by_sign_of_exponent,
    elementary,
    lettered,
    regimes,
    seeds,
)
from chainrule.parsing.definitions import expand_all
from chainrule.parsing.formula import parse_text
from chainrule.program.library import NATIVE
from oracle import evaluate

X, A = Symbol("x"), Symbol("a")
PARAMETERS = {A: Fraction(3, 2)}
SWITCHES = {"abs", "sign", "max", "min", "heaviside", "floor", "ceil", "round", "trunc"}
PLACES = ["-7.25", "-1.5", "-0.375", "0.125", "0.75", "1.75", "2.5", "9.5"]


def parse(text: str) -> Expr:
    return parse_text(text).expr


def same(left: Expr, right: Expr, **values: str) -> bool:
    with mpmath.workdps(40):
        env = {name: mpmath.mpf(value) for name, value in values.items()}
        one, other = evaluate(expand_all(left), env), evaluate(right, env)
        return bool(abs(one - other) <= mpmath.mpf(10) ** -30 * (1 + abs(one)))


@pytest.mark.parametrize(
    "formula",
    [
        *("sinh(x)/cosh(x)", "tanh(x) + coth(1 + x^2)", "sech(x) csch(1 + x^2)", "log2(1 + x^2)"),
        *("sigmoid(x)", "silu(x)", "softplus(x)", "mish(x)", "hardswish(x)", "logb(1 + x^2, 3)"),
        *("sign(x) + |x|", "max(x, 2x) - min(x, 1)", "floor(x) + ceil(x)", "round(x) trunc(x)"),
    ],
)
def test_by_functions_that_libraries_have(formula: str) -> None:
    expr = parse(formula)
    found = elementary(expr)
    assert {n.name for n in postorder(found) if isinstance(n, Call)} <= NATIVE | SWITCHES
    assert all(same(expr, found, x=place) for place in PLACES)


def test_what_libraries_have_stays() -> None:
    for name in sorted(SWITCHES - {"max", "min"}):
        expr = Call(name, (X,))
        assert elementary(expr) is expr


@pytest.mark.parametrize(
    ("formula", "ends"),
    [
        ("x^2 e^x", ["0"]),
        ("|x| + |x - 1|", ["0", "1"]),
        ("max(x, -2) e^(-|x|)", ["-2", "0"]),
        ("{x < -3: 1, x < 2: x^2, else: sin(x)}", ["-3", "0", "2"]),
        ("a x + |x - a|", ["0", "a"]),
    ],
)
def test_the_line_in_parts(formula: str, ends: list[str]) -> None:
    expr = parse(formula)
    found = regimes([expr], X, PARAMETERS)
    assert [str(part.high) for part in found[:-1]] == ends
    assert [part.low for part in found[1:]] == [part.high for part in found[:-1]]
    assert found[0].low is None is found[-1].high
    for place in map(Fraction, PLACES):
        bounds = [Fraction(3, 2) if end == "a" else Fraction(end) for end in ends]
        part = found[sum(place > bound for bound in bounds)]
        assert part.mirrored == (place < 0)
        [form] = part.exprs
        assert not any(isinstance(n, Call) and n.name in SWITCHES for n in postorder(form))
        with mpmath.workdps(40):
            env = {"x": mpmath.mpf(float(place)), "a": mpmath.mpf(1.5)}
            inside = env | {"x": abs(env["x"])}
            assert abs(evaluate(expr, env) - evaluate(form, inside)) < 1e-30


FORMS = [
    *("e^x/(1 + e^x)", "e^(2x) x/(e^x + 1)^2", "tanh(x)^2 - x/cosh(x)", "(e^(-x) - 1)/x"),
    *("expm1(a x)/(x + expm1(x))", "x^2 e^(x/2) - x e^(x/3)", "e^(-x^2) (x^3 - x)/(1 + e^(-x^2))"),
    *("(1 - e^(a x))/(1 + e^(a x))", "e^(e^x) - 1", "x^3 + x^2 - x/3"),
]


@pytest.mark.parametrize("formula", FORMS)
def test_other_forms_are_equal(formula: str) -> None:
    expr = parse(formula)
    found = seeds(expr, X, PARAMETERS)
    assert found
    for form in found:
        assert same(expr, form, x="0.75", a="1.5"), form
        assert same(expr, form, x="2.5", a="1.5"), form


@pytest.mark.parametrize("formula", ["e^(3x)/(1 + e^x)^3", "tanh(x) - x/(e^(2x) + e^x)"])
def test_some_form_has_only_exponentials_that_do_not_overflow(formula: str) -> None:
    def decreases(form: Expr) -> bool:
        exponents = [n.args[0] for n in postorder(form) if isinstance(n, Call) and n.name == "exp"]
        with mpmath.workdps(30):
            return all(evaluate(u, {"x": mpmath.mpf(64)}) < 0 for u in exponents)

    assert any(map(decreases, seeds(parse(formula), X, {})))


@pytest.mark.parametrize("formula", ["e^(a x)/(1 + e^(a x))", "tanh(x/2)", "1/(3 + e^(-x))"])
def test_two_forms_for_the_signs_of_an_exponent(formula: str) -> None:
    expr = parse(formula)
    found = by_sign_of_exponent(expr, X, PARAMETERS)
    assert found is not None
    for a in ("1.5", "-2"):
        for place in PLACES:
            assert same(expr, found, x=place, a=a)
            # That of the case has an exponent that is not positive.
            with mpmath.workdps(30):
                env = {"x": mpmath.mpf(place), "a": mpmath.mpf(a)}
                holds = evaluate(found.args[1].args[0], env) > 0
                case = found.args[0 if holds else 2]
                inner = [n.args[0] for n in postorder(case) if isinstance(n, Call)]
                assert inner
                assert all(evaluate(u, env) <= 0 for u in inner)
    assert by_sign_of_exponent(parse("e^x + e^(x^2)"), X, {}) is None
    assert by_sign_of_exponent(parse("x^2"), X, {}) is None


def test_long_arguments_as_letters() -> None:
    long, short = parse("x^3 - 3x + x^2/2"), parse("2x")
    exprs = [Call("exp", (2 * long,)) + Call("sin", (long,)) * X, Call("exp", (short,))]
    found, meanings = lettered(exprs, X)
    assert list(meanings.values()) == [long]
    assert found[1] is exprs[1]
    [letter] = meanings
    assert not any(isinstance(n, Call) and depends_on(n, X) for n in postorder(found[0])), (
        "each argument is replaced, with its factor"
    )
    assert found[0] is Call("exp", (2 * letter,)) + Call("sin", (letter,)) * X
    assert lettered([Call("exp", (long * Call("sin", (X,)),))], X)[1] == {}
    # The larger of two arguments is none of one.
    larger = Call("max", (long, X)) + Call("exp", (long,))
    assert lettered([larger], X)[0] == [Call("max", (long, X)) + Call("exp", (letter,))]
    assert Number(2) in postorder(found[0])
