"""Forms that evaluate well: what is found, and that it equals what it replaces."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from chainrule import derive, parse
from chainrule.expr.nodes import Number, Symbol
from chainrule.floats.formats import format_named
from chainrule.floats.truth import truth
from chainrule.forms.candidate import Candidate
from chainrule.forms.candidates.regimes import elementary, regimes
from chainrule.forms.candidates.signs import collected
from chainrule.forms.choice.decision import laboratories
from chainrule.forms.choice.selection import Chosen, chosen_forms
from chainrule.forms.choice.switching import Choice, Cut, choices
from chainrule.forms.plan import asked_for
from chainrule.forms.search.extraction import FAULT_BITS, Inputs, extract, fault_or_bits
from chainrule.forms.search.saturated import saturated
from chainrule.forms.search.saturation import saturate
from chainrule.verify.check import equal

X = Symbol("x")
F32 = format_named("float32")


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


# --- switching ---------------------------------------------------------------------
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


def test_faults_weigh_most() -> None:
    values = np.array([1.0, 2.0, 3.0], np.float32)
    exact = truth(parse("x"), X, values, {})
    bits = fault_or_bits(np.array([1.0, np.nan, -3.0], np.float32), exact, F32)
    assert bits.tolist() == [0.0, FAULT_BITS, FAULT_BITS]


# --- what is found ------------------------------------------------------------------------------
def chosen(formula: str, dtype: str, arithmetic: str | None = None) -> Chosen:
    asked = asked_for(derive(formula), "numpy", dtype=dtype, accuracy="fast", save="input")
    return chosen_forms(asked, laboratories(asked, arithmetic))


def check(found: Candidate, largest: float) -> None:
    assert found.measured is not None
    assert found.measured.faults == 0
    assert found.measured.largest < largest


def test_what_is_found_equals_what_it_replaces() -> None:
    """In every part of the line, and in the variable itself."""
    expr = parse("log(x + sqrt(x^2 + 1))")
    for regime in regimes([elementary(expr)], X, {}):
        ends = (-np.inf, 0.0) if regime.mirrored else (0.0, np.inf)
        found = saturated(regime, regime.exprs, X, {}, ends, np.empty(0), F32)
        assert len(found) > 5
        ranges = {X: (Fraction(1, 100), Fraction(100))}
        for one in found:
            assert equal(one, regime.exprs[0], variable=X, ranges=ranges).holds, str(one)


def test_a_part_that_switches_is_left_as_it_is() -> None:
    [left, _] = regimes([parse("{sin(x) < 0: x, else: 1}")], X, {})
    assert saturated(left, left.exprs, X, {}, (-np.inf, 0.0), np.empty(0), F32) == []


@pytest.mark.parametrize("dtype", [pytest.param("float32", marks=pytest.mark.slow), "float64"])
def test_what_overflows_and_cancels_otherwise(dtype: str) -> None:
    """The inverse hyperbolic sine by its logarithm, of which no other form is good everywhere."""
    found = chosen("log(x + sqrt(x^2 + 1))", dtype)
    check(found.forward, 4)
    assert "rewritten" in found.forward.name


# Largest errors that were seen, and a little more.
GRADIENTS: tuple[tuple[str, float], ...] = (
    ("sigmoid", 4),
    ("tanh", 4.5),
    ("silu", 5),
    ("softplus", 4),
    ("mish", 6),
    ("elu", 4),
    ("softsign", 4),
    ("log(cosh(x))", 4),
    ("sqrt(1 + x^2) - x", 4),
    ("sqrt(x + 1) - sqrt(x)", 8),
    ("x*tanh(x)", 4),
    ("exp(x)/(1 + exp(2*x))", 6),
)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "largest"), GRADIENTS, ids=[name for name, _ in GRADIENTS])
def test_gradients_in_float32_itself(name: str, largest: float) -> None:
    check(chosen(name, "float32").gradient, largest)


FUNCTIONS: tuple[tuple[str, float], ...] = (
    ("log(1 + exp(x))", 4),
    ("tanh(log(1 + exp(x)))", 4),
    ("exp(x)/(1 + exp(2*x))", 4),
    ("1 - cos(x)", 4),
    ("(exp(x) - 1)/x", 5),
    ("1 - 1/sqrt(1 + x^2)", 4),
    ("sqrt(x + 1) - sqrt(x)", 4),
)


@pytest.mark.slow
@pytest.mark.parametrize(("formula", "largest"), FUNCTIONS, ids=[name for name, _ in FUNCTIONS])
def test_functions_in_float32_itself(formula: str, largest: float) -> None:
    check(chosen(formula, "float32").forward, largest)
