"""Formulas in float32 that carry along what is rounded off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import chainrule
from chainrule.codegen.kernel import Kernel
from chainrule.elementary.approximations import functions
from chainrule.expr.nodes import ZERO, Expr, Symbol, call, postorder
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import format_named
from chainrule.floats.inputs import stratified
from chainrule.floats.measure import measure
from chainrule.floats.truth import truth
from chainrule.forms.plan import plan
from chainrule.precise.float32 import with_rests
from chainrule.program.inlining import contracted, inlined
from chainrule.program.lower import lower
from pace import slow
from written import write

SINGLE = format_named("float32")
X = Symbol("x")
SINGLE_ZERO = np.zeros(1, np.float32)
EVERYDAY = np.linspace(-30, 30, 60_001).astype(np.float32)
FORMS = (
    *("e^(-|x|)/(1 + e^(-|x|))^2", "4*(e^(-|x|))^2/(1 + (e^(-|x|))^2)^2", "1/(1 + |x|)^2"),
    *("{x > 0: 1, else: e^(-|x|)}/(1 + e^(-|x|))", "1/(1 + |x|)^3", "2/(1 + |x|)"),
    *("1/(1 + e^(-x^2/2))", "e^(-2|x|)/(3 + e^(-2|x|))", "1/3 + x^2/7"),
)


def computed(expr: Expr, x: np.ndarray) -> np.ndarray:
    program = inlined(lower([expr], [X], FUNCTIONS | functions("single")), "single")
    return evaluate(program, [x], SINGLE)[0]


@pytest.mark.parametrize("text", FORMS)
def test_two_units_at_most(text: str) -> None:
    """And not more than the formula as it stands."""
    form = chainrule.parse(text)
    exact = truth(form, X, EVERYDAY, {})
    kept = measure(EVERYDAY, computed(with_rests(form), EVERYDAY), exact, SINGLE)
    plain = measure(EVERYDAY, computed(form, EVERYDAY), exact, SINGLE)
    assert kept.largest <= 2
    assert kept.largest <= plain.largest
    assert not kept.faults


def test_what_is_kept_is_needed() -> None:
    """Without it the derivative of the sigmoid is off by more than two units."""
    form = chainrule.parse(FORMS[0])
    exact = truth(form, X, EVERYDAY, {})
    assert measure(EVERYDAY, computed(form, EVERYDAY), exact, SINGLE).largest > 2
    kept = with_rests(form)
    names = {node.name for node in postorder(kept) if hasattr(node, "name")}
    assert {"decay_power", "decay_rest", "fma"} <= names


def test_a_division_that_comes_out_is_exact() -> None:
    """However a compiler rounds: x/3 + 1/2 is 0 at −3/2."""
    made = plan(chainrule.derive("hard_swish"), "numba", accuracy="fast")
    x = np.array([-1.5, np.nextafter(np.float32(-1.5), np.float32(0))], np.float32)
    got = Kernel(*made, threads=1).grad(x, 1.0)
    assert got[0] == 0
    assert got[1] == pytest.approx((float(x[1]) + 1.5) / 3, rel=2**-23)


def test_products_and_sums_together() -> None:
    """a·b + c, c + a·b, a·b − c and c − a·b, but not where a product is used again."""
    a, b, c = (Symbol(letter) for letter in "abc")
    product = 1 - 2**-24
    exact = {"a b + c": product - 1, "c + a b": product - 1, "a b - c": product + 1}
    exact["c - a b"] = -1 - product
    numbers = [np.array([value], np.float32) for value in (1 + 2**-12, 1 - 2**-12, -1.0)]
    for text, value in exact.items():
        program = contracted(lower([chainrule.parse(text)], [a, b, c], FUNCTIONS))
        [got] = evaluate(program, numbers, SINGLE)
        assert got[0] == np.float32(value)
        assert "fma" in {operation for operation, _ in program.code}
    program = lower([(a * b + c) / (a * b)], [a, b, c], FUNCTIONS)
    assert contracted(program) == program


def test_other_functions_are_called_as_they_are() -> None:
    kept = with_rests(call("log1p", X) * 2)
    assert [node.name for node in postorder(kept) if hasattr(node, "name")] == ["x", "log1p"]


def test_what_is_rounded_off_of_constants() -> None:
    """An operation that rounds has no exact value, of numbers neither."""
    [found] = computed(
        call("fma", chainrule.parse("pi"), chainrule.parse("e"), ZERO) + X, SINGLE_ZERO
    )
    assert found == np.float32(np.float32(np.pi) * np.float64(np.float32(np.e)))


@pytest.mark.slow
def test_fast_is_double_where_constants_lose_what_is_rounded_off() -> None:
    assert plan(chainrule.derive("probit"), "cuda", accuracy="fast").spec.promoted


@pytest.mark.parametrize("name", ["sigmoid", *slow("tanh", "softsign", "softplus")])
def test_fast_kernels_compute_in_float32(name: str) -> None:
    made = plan(chainrule.derive(name), "numba", accuracy="fast")
    assert not made.spec.promoted
    assert made.spec.working == "single"
    kernel = Kernel(*made, threads=1)
    x = np.concatenate([stratified(SINGLE, 60_000), EVERYDAY])
    derivation = chainrule.derive(name)
    exact = truth(derivation.derivative, X, x, {})
    measured = measure(x, kernel.grad(x, 1.0), exact, SINGLE)
    assert measured.largest <= 2
    assert not measured.faults
    assert np.isnan(kernel.grad(np.full(9, np.nan, np.float32), 1.0)).all()


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_fast_c(name: str, tmp_path: Path) -> None:
    derivation = chainrule.derive(name)
    written = write(derivation, "c", tmp_path, save="input", accuracy="fast")
    assert "fmaf(" in written.text
    exact = truth(derivation.derivative, X, EVERYDAY, {})
    measured = measure(EVERYDAY, written.slopes(EVERYDAY), exact, SINGLE)
    assert measured.largest <= 2
    assert not measured.faults
