"""Forms that evaluate well: what is found, and that it equals what it replaces."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from chainrule import derive, parse
from chainrule.expr.nodes import Expr, Number, Symbol, symbols
from chainrule.floats.formats import format_named
from chainrule.floats.truth import truth
from chainrule.forms.candidates.patches import patches
from chainrule.forms.candidates.regimes import elementary, regimes
from chainrule.forms.candidates.signs import collected
from chainrule.forms.search.extraction import FAULT_BITS, Inputs, extract, fault_or_bits
from chainrule.forms.search.pool import sample
from chainrule.forms.search.saturation import saturate
from chainrule.forms.search.search import FoundForm, search, stable_forms
from chainrule.forms.search.switching import Choice, Cut, choices
from chainrule.verify.check import equal

X = Symbol("x")
F32 = format_named("float32")
DEFAULTS = {"a": Fraction(3, 2), "alpha": Fraction(1)}


def gradient(name: str, **options: bool) -> list[FoundForm]:
    found = derive(name)
    parameters = {s: DEFAULTS[s.name] for s in symbols(found.raw, found.function) if s is not X}
    return search(
        found.function, [found.raw, found.derivative], X, parameters=parameters, **options
    )


# --- saturation and extraction --------------------------------------------------------------------
def test_equal_expressions_meet_in_one_class() -> None:
    graph = saturate([parse("1/(1 + exp(-x))")], [X])
    other = saturate([parse("1/(1 + exp(-x))"), parse("exp(x)/(exp(x) + 1)")], [X])
    assert len(graph.classes[graph.root]) > 10
    assert len(other.classes[other.root]) > 10
    assert graph == saturate([parse("1/(1 + exp(-x))")], [X])


def test_extraction_finds_what_does_not_cancel() -> None:
    sizes = np.exp2(np.linspace(-30, 60, 80)).astype(np.float32)
    inputs = Inputs((X,), (sizes,), F32, {})
    best = extract(saturate([parse("sqrt(x + 1) - sqrt(x)")], [X]), inputs)[0]
    value = truth(parse("sqrt(x + 1) - sqrt(x)"), X, sizes, {})
    assert fault_or_bits(best.values, value, F32).max() < 2.5


def test_parts_of_the_line_are_in_a_positive_variable() -> None:
    left, right = regimes([elementary(parse("exp(abs(x)) + x"))], X, {})
    assert (left.mirrored, right.mirrored) == (True, False)
    assert equal(left.exprs[0], parse("exp(x) - x")).holds
    assert equal(right.exprs[0], parse("exp(x) + x")).holds


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(-x)^2", "x^2"),
        ("exp(-(-x))", "exp(x)"),
        ("(-x)*(-1 - exp(x))", "x*(1 + exp(x))"),
        ("cosh(-x/2)", "cosh(x/2)"),
        ("x/(-(1 + x))", "(-x)/(1 + x)"),
    ],
)
def test_signs_are_collected(before: str, after: str) -> None:
    assert collected(parse(before)) is collected(parse(after))


# --- switching and patches ---------------------------------------------------------------------
def test_the_cheapest_choice_for_each_number_of_switches() -> None:
    costs = np.array([[0.0, 0.0, 9.0, 9.0], [5.0, 5.0, 0.0, 1.0]])
    cuts = [Cut(Number(k), float(k)) for k in (0, 1, 2)]
    found = choices(costs, np.array([-0.5, 0.5, 1.5, 2.5]), cuts, 2)
    assert [choice.numbers for choice in found] == [(1,), (0, 1)]
    assert [cut.value for cut in found[1].cuts] == [1.0]


def test_no_switch_between_the_same_expressions() -> None:
    choice = Choice((0, 1, 2), (Cut(Number(0), 0.0), Cut(Number(1), 1.0)))
    forms = [parse("1 + x"), parse("1 + x"), parse("x")]
    assert choice.written(forms, X) is parse("{x < 1: 1 + x, else: x}")
    assert choice.written([forms[0]] * 3, X) is forms[0]


def test_a_polynomial_at_a_removable_singularity() -> None:
    values = sample(F32)
    expr = parse("(exp(x) - 1 - x)/x^2")
    [patch] = patches(expr, X, values.astype(np.float64), truth(expr, X, values, {}))
    assert patch.center == 0
    low = patch.polynomials[0]
    assert equal(low, parse("1/2 + x/6 + x^2/24 + x^3/120 + x^4/720 + x^5/5040 + x^6/40320")).holds


def test_a_polynomial_at_a_zero_between_numbers() -> None:
    values = sample(F32)
    expr = parse("exp(x) - 2")
    found = patches(expr, X, values.astype(np.float64), truth(expr, X, values, {}))
    assert [round(patch.center, 12) for patch in found] == [0, round(float(np.log(2)), 12)]


def test_faults_weigh_most() -> None:
    values = np.array([1.0, 2.0, 3.0], np.float32)
    exact = truth(parse("x"), X, values, {})
    bits = fault_or_bits(np.array([1.0, np.nan, -3.0], np.float32), exact, F32)
    assert bits.tolist() == [0.0, FAULT_BITS, FAULT_BITS]


# --- the search ---------------------------------------------------------------------------------
def check(found: list[FoundForm], largest: float) -> None:
    best = found[0]
    assert best.measured.faults == 0
    assert best.measured.largest < largest


def test_the_logistic_function() -> None:
    found = gradient("sigmoid")
    check(found, 4)
    assert all(equal(one.expr, derive("sigmoid").derivative, variable=X).holds for one in found)


@pytest.mark.slow
def test_the_same_forms_in_every_run() -> None:
    first, second = (gradient("softplus") for _ in range(2))
    assert [one.expr for one in first] == [one.expr for one in second]


def test_an_expression_is_used_only_where_it_holds() -> None:
    """Near 0 from below, 1 is within rounding of e^x, but it is not equal."""
    for one in gradient("elu"):
        assert "2^" not in str(one.expr)


def test_an_unlisted_function() -> None:
    expr = parse("1 - cos(x)")
    [best, *_] = stable_forms(expr, [expr], X, parameters={})
    assert equal(best, expr, variable=X).holds
    assert "sin" in str(best)


GRADIENTS: tuple[tuple[str, float], ...] = (
    ("sigmoid", 4),
    ("tanh", 4),
    ("silu", 12),
    ("softplus", 4),
    ("log_sigmoid", 4),
    ("mish", 64),
    ("elu", 4),
    ("softsign", 4),
    ("gelu", 200),
    ("gelu_tanh", 700),
    ("exp(-x^2)", 8),
    ("log(cosh(x))", 4),
    ("log(1 + exp(-x^2))", 8),
    ("sqrt(1 + x^2) - x", 4),
    ("x*tanh(x)", 4),
    ("1 - 1/sqrt(1 + x^2)", 4),
    ("exp(x)/(1 + exp(2*x))", 6),
    ("x/(1 + exp(-a*x))", 200),
)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "largest"), GRADIENTS, ids=[name for name, _ in GRADIENTS])
def test_gradients_without_faults(name: str, largest: float) -> None:
    check(gradient(name), largest)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["silu", "gelu", "mish", "(exp(x) - 1)/x"])
def test_polynomials_near_zeros(name: str) -> None:
    found = gradient(name, approximate=True)
    check(found, 8)
    assert found[0].approximate


FUNCTIONS: tuple[tuple[str, float], ...] = (
    ("log(cosh(x))", 4),
    ("log(1 + exp(x))", 4),
    ("log(1 + exp(-x^2))", 6),
    ("tanh(log(1 + exp(x)))", 4),
    ("exp(x)/(1 + exp(2*x))", 4),
    ("1 - cos(x)", 4),
    ("(exp(x) - 1)/x", 4),
    ("1 - 1/sqrt(1 + x^2)", 4),
    ("log(x + sqrt(x^2 + 1))", 4),
)


@pytest.mark.slow
@pytest.mark.parametrize(("formula", "largest"), FUNCTIONS, ids=[name for name, _ in FUNCTIONS])
def test_functions_without_faults(formula: str, largest: float) -> None:
    expr: Expr = parse(formula)
    check(search(expr, [expr], X, parameters={}), largest)
