"""Where a form may be off by most."""

from __future__ import annotations

import numpy as np

import chainrule
from chainrule.expr.nodes import Symbol
from chainrule.floats.formats import format_named
from chainrule.floats.measure import measure
from chainrule.floats.positions import at, positions
from chainrule.floats.truth import truth
from chainrule.forms.candidate import Candidate
from chainrule.forms.choice.hard_inputs import doubtful
from chainrule.forms.choice.laboratory import Laboratory, laboratory
from chainrule.forms.choice.promises import promised
from chainrule.forms.plan import plan
from chainrule.program.kernel_spec import Accuracy

X = Symbol("x")
# Rounded four times in two of two thousand powers of two.
STEEP = chainrule.parse("{x < 2^52: 1, x > 2^54: 1, else: 1/2/(1 + x)/(1 + x)}")


def lab_of(dtype: str, accuracy: Accuracy) -> Laboratory:
    return laboratory(X, dtype, accuracy, {})


def largest(lab: Laboratory) -> float:
    """The largest error of STEEP at the inputs."""
    found = lab.measured(Candidate("", STEEP, (X,)), lab.truth(STEEP), {X: lab.inputs})
    assert found.measured is not None
    return found.measured.largest


def test_an_error_that_a_sample_does_not_show() -> None:
    lab = lab_of("float64", "best")
    assert largest(lab) < 1.25
    found = doubtful(lab, Candidate("", STEEP, (X,)))
    assert 2 < largest(lab.also(found)) < 2.6


def test_an_error_that_rounding_hides() -> None:
    """Of 1 + x/sqrt(x² + 4) in float64 seven digits of 24 bits are left at −6000."""
    exact = chainrule.parse("(1 + x/sqrt(x^2 + 4))/2")
    late = chainrule.parse(
        "{x < -2^13: 4/(x^2 + 4)/(1 - x/sqrt(x^2 + 4))/2, else: (1 + x/sqrt(x^2 + 4))/2}"
    )
    lab = lab_of("float32", "best")
    lab = lab.spread_to(doubtful(lab, Candidate("", late, (X,))))
    found = lab.measured(Candidate("", late, (X,)), lab.truth(exact), {X: lab.inputs})
    assert found.measured is not None
    assert found.measured.largest < 0.55
    assert 0.02 < found.before < 0.1
    assert not found.good(lab.allowed)


def test_none_of_16_bits() -> None:
    assert doubtful(lab_of("bfloat16", "fast"), Candidate("", STEEP, (X,))).size == 0


def test_inputs_that_are_sought_out_are_no_fair_sample() -> None:
    lab = lab_of("float64", "best")
    assert not lab.sought_out.any()
    wider = lab.also(np.array([np.pi]))
    assert wider.inputs[wider.sought_out].tolist() == [np.pi]
    assert not lab.spread_to(np.array([np.pi])).sought_out.any()


def test_a_gradient_is_not_off_by_more_between_the_inputs_of_a_sample() -> None:
    derivation = chainrule.derive("x/(2(1 + abs(x)))")
    gradient = plan(derivation, "numpy", dtype="float64").gradient
    form = format_named("float64")
    ends = positions(np.array([2.0**47, 2.0**55]), form)
    x = at(np.linspace(ends[0], ends[1], 40_000).astype(np.int64), form)
    results, _ = lab_of("float64", "best").values(gradient, {X: x})
    exact = truth(derivation.derivative, X, x, {}, form)
    assert measure(x, results, exact, form).largest <= promised("float64", "best")


def test_float32_by_a_library_is_slower_than_double_without() -> None:
    """Approximated in float32, lisht′ is off by more than 2 ULP next to 1.7."""
    loops = plan(chainrule.derive("lisht"), "numba", accuracy="fast").spec
    assert (loops.promoted, loops.working) == (True, "short")
    arrays = plan(chainrule.derive("lisht"), "numpy", accuracy="fast").spec
    assert (arrays.promoted, arrays.working) == (False, "library")
