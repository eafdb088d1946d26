"""Gradients of 16 bits at all inputs, against arithmetic that shares nothing with them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

import chainrule
from chainrule.expr.nodes import Symbol
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.exactness import exact
from chainrule.floats.formats import format_named
from chainrule.floats.inputs import every
from chainrule.floats.truth import truth
from chainrule.forms.accuracy import accuracy_of
from chainrule.forms.plan import Plan, plan
from chainrule.program.lower import lower
from fractional import fraction, nearest
from written import write

X = Symbol("x")
DOUBLE = format_named("float64")


def planned(name: str, target: str, dtype: str, **options: Any) -> Plan:
    return plan(chainrule.derive(name), target, dtype=dtype, **options)


ALPHA, BETA = Fraction(0.8), Fraction(0.5)
SLOPES: dict[tuple[str, str], Callable[[Fraction], Fraction]] = {
    ("smoothstep", "bfloat16"): lambda x: 6 * x - 6 * x**2 if 0 < x < 1 else Fraction(0),
    ("xielu", "float16"): lambda x: 2 * ALPHA * x + BETA,
}
"""Slopes in exact arithmetic, that of xielu for x > 0."""


@pytest.mark.parametrize(("name", "dtype"), SLOPES)
def test_every_input_against_fractions(name: str, dtype: str, tmp_path: Path) -> None:
    made = planned(name, "numpy", dtype)
    assert "correctly rounded at all" in made.spec.notes[3]
    written = write(chainrule.derive(name), "numpy", tmp_path, made=made)
    x = every(written.fmt)
    x = x[x > 0] if name == "xielu" else x
    wanted = [nearest(SLOPES[name, dtype](Fraction(float(value))), written.fmt) for value in x]
    assert written.slopes(x).astype(np.float64).tolist() == wanted


def test_next_to_0_by_a_polynomial(tmp_path: Path) -> None:
    """z/4 - z^3/48 at 10^-38 is next to a tie by less than 10^-75 of it."""
    made = planned("bce_with_logits", "numpy", "bfloat16")
    written = write(chainrule.derive("bce_with_logits"), "numpy", tmp_path, Fraction(1, 2), made)
    x = every(written.fmt)
    size = np.abs(x.astype(np.float64))
    x = x[(size > 2.0**-128) & (size < 2.0**-122)]
    with mpmath.workdps(250):
        values = [mpmath.tanh(mpmath.mpf(v) / 2) / 2 for v in x.astype(float)]
        wanted = [nearest(fraction(value), written.fmt) for value in values]
    assert written.slopes(x).astype(float).tolist() == wanted
    quarters = [nearest(Fraction(float(value)) / 4, written.fmt) for value in x]
    assert quarters != wanted


def test_no_polynomial_where_a_letter_decides_how_far_it_reaches(tmp_path: Path) -> None:
    """tanh(kz/2)/2 is kz/4 next to 0, and no more for a k of ten million."""
    derivation = chainrule.derive("log(1 + exp(k*z))/k - z/2", "z")
    written = write(derivation, "numpy", tmp_path, dtype="bfloat16")
    z = np.array([2.0**-21, 2.0**-22], written.fmt.dtype)
    found = written.module.f_grad(z, np.ones_like(z), k=1e7)
    wanted = np.tanh(1e7 * z.astype(np.float64) / 2) / 2
    assert np.allclose(found.astype(np.float64), wanted, rtol=2.0**-8)


def test_all_rows_of_values_are_looked_at() -> None:
    derivation = chainrule.derive("gaussian_nll")
    made = plan(derivation, "numpy", dtype="bfloat16")
    found = accuracy_of(derivation, made)
    assert found.count > 5 * 65_000
    assert found.misrounded == 0
    assert "for each of 5 choices of the other letters" in made.spec.notes[3]


def test_a_loop_that_rounds_less_often_gets_other_functions() -> None:
    # Its polynomial for e^x has the digits that most inputs need.
    assert planned("sigmoid", "c", "float16").spec.working == "short"
    assert planned("xielu", "c", "float16").spec.working == "library"


def test_what_is_asked_to_be_computed_from_the_output_is() -> None:
    made = planned("tanh", "numpy", "bfloat16", save="output")
    assert [symbol.name for symbol in made.spec.saved] == ["y"]
    assert "rounded at all" not in made.spec.notes[3]


def test_other_formats_are_left_alone() -> None:
    for dtype, accuracy in (("float32", "best"), ("bfloat16", "fast")):
        assert (
            "rounded at all"
            not in planned("smoothstep", "numpy", dtype, accuracy=accuracy).spec.notes[3]
        )


# --- what it rests on ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("formula", "slope"),
    [
        ("x/3 + 1/2", lambda x: x / 3 + Fraction(1, 2)),
        (
            "{x > 1: x^2 - 1/4, else: 1 - x*0.1}",
            lambda x: x * x - Fraction(1, 4) if x > 1 else None,
        ),
        ("(x + 1)*(x - 1)", lambda x: (x + 1) * (x - 1)),
    ],
)
def test_what_is_said_to_be_exact_is(
    formula: str, slope: Callable[[Fraction], Fraction | None]
) -> None:
    x = np.concatenate(
        [every(format_named("float16"))[::5].astype(np.float64), [2.0**600, 2.0**-600]]
    )
    program = lower([chainrule.parse(formula)], [X], FUNCTIONS)
    said = exact(program, [x], DOUBLE)
    [values] = evaluate(program, [x], DOUBLE)
    for value, result, flag in zip(x.tolist(), values.tolist(), said.tolist(), strict=True):
        true = slope(Fraction(value))
        assert not flag or (true is not None and Fraction(result) == true)
    assert 100 < said.sum() < len(x)


def test_the_truth_tells_the_side_of_a_tie() -> None:
    fmt = format_named("bfloat16")
    small = np.array([2.0**-130, 2.0**-300])
    below = truth(chainrule.parse("1 + 2^-8 - x^2"), X, small, {}, fmt)
    assert below.high.tolist() == [1 + 2.0**-8] * 2
    assert np.all(below.low < 0)
    on = truth(chainrule.parse("sin(x)^2 + cos(x)^2 + 2^-8"), X, np.array([1.0, 0.3]), {}, fmt)
    assert on.high.tolist() == [1 + 2.0**-8] * 2
    assert on.low.tolist() == [0, 0]
