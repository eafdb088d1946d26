"""The error in ULP against NumPy's own spacing, and the truth against mpmath."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

import chainrule
from chainrule.errors import InputError
from chainrule.expr.nodes import Number, Product, Symbol
from chainrule.floats.formats import FORMATS, Format, format_named
from chainrule.floats.inputs import every, inputs, stratified
from chainrule.floats.measure import measure, together
from chainrule.floats.truth import truth, truth_at_points
from chainrule.floats.ulp import MOST, Truth, errors, errors_before, faults, nearest, spacing, ties

x = Symbol("x")
BY_FORMAT = pytest.mark.parametrize("fmt", FORMATS, ids=[row.name for row in FORMATS])


def exactly(values: list[float]) -> Truth:
    high = np.array(values, np.float64)
    known = np.ones(len(values), np.bool_)
    return Truth(high, np.zeros_like(high), np.sign(high).astype(np.int8), known)


@BY_FORMAT
def test_the_formats_are_what_numpy_has(fmt: Format) -> None:
    import ml_dtypes

    info: Any = ml_dtypes.finfo(fmt.dtype)
    assert fmt.largest == float(info.max)
    assert fmt.smallest_normal == float(info.smallest_normal)
    assert fmt.smallest == float(info.smallest_subnormal)


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_spacing_is_numpys(name: str) -> None:
    fmt = format_named(name)
    values = stratified(fmt, 5_000)
    values = values[np.abs(values) < fmt.largest / 2]
    # NumPy's spacing at a power of two, and at 0, is that of the binade above: the same.
    ours = spacing(values.astype(np.float64), fmt)
    assert np.array_equal(ours, np.spacing(np.abs(values)).astype(np.float64))


@BY_FORMAT
def test_the_neighbour_is_one_ulp_off(fmt: Format) -> None:
    values = inputs(fmt, 4_000)
    values = values[(values != 0) & (np.abs(values.astype(np.float64)) < fmt.largest)]
    patterns = values.view(fmt.pattern)
    outward = (patterns + 1).astype(fmt.pattern).view(fmt.dtype)
    found = errors(outward, exactly(values.astype(np.float64).tolist()), fmt)
    assert np.all(found == 1)


def test_what_no_number_can_express() -> None:
    fmt = format_named("float32")
    large, tiny = fmt.overflow, fmt.smallest
    known = exactly([1.0, 1.0, large, -large, large, tiny * 0.25, tiny * 0.75])
    got = np.array([np.nan, np.inf, np.inf, -np.inf, -np.inf, 0.0, 0.0], np.float32)
    assert errors(got, known, fmt).tolist() == [np.inf, np.inf, 0, 0, np.inf, 0.25, 0.75]


@BY_FORMAT
def test_infinity_is_right_from_the_middle_above_the_largest_number_on(fmt: Format) -> None:
    """Below it the largest number is the nearest one, and infinity is no answer."""
    unit = spacing(np.array([fmt.largest]), fmt)[0]
    # What lies between them is no float64 where the format is float64.
    middle = np.inf if fmt.bits == 64 else fmt.largest + unit / 2
    below = fmt.largest if fmt.bits == 64 else float(np.nextafter(middle, 0))
    assert fmt.overflow == middle
    truths = [fmt.largest, below, middle, -fmt.largest, -below, -middle]
    got = np.copysign(np.full(6, np.inf), truths).astype(fmt.dtype)
    assert errors(got, exactly(truths), fmt).tolist() == [np.inf, np.inf, 0] * 2
    largest = np.copysign(np.full(6, fmt.largest), truths).astype(fmt.dtype)
    found = errors(largest, exactly(truths), fmt)
    assert found[0] == found[3] == 0
    assert np.all(found[[1, 2, 4, 5]] <= (MOST if fmt.bits == 64 else 0.5))
    assert (
        faults(got, errors(got, exactly(truths), fmt), exactly(truths), fmt)["not finite"].tolist()
        == [True, True, False] * 2
    )


def test_an_error_that_no_number_can_express() -> None:
    fmt = format_named("float64")
    found = errors(
        np.array([0.5, 1.0, np.nan, np.inf]), exactly([1e-309, np.inf, 1e-309, 1.0]), fmt
    )
    # Infinity stands for what is at least as large as the largest number.
    assert found.tolist() == [MOST, 2.0**53 - 1, np.inf, np.inf]


def test_what_overflows_is_compared_with_its_true_size() -> None:
    """Next to the largest number a finite result for a truth above it is off by little."""
    fmt = format_named("float64")
    times = np.array([1.0, 1.5, 2.0, 64.0])
    known = truth(Product((Number(Fraction(fmt.largest)), x)), x, times, {}, fmt)
    got = np.full(4, fmt.largest)
    unit = 2.0**971
    assert errors(got, known, fmt).tolist() == [0, fmt.largest / 2 / unit, 2.0**53 - 1, MOST]


def test_no_truth_no_error() -> None:
    known = exactly([1.0, 2.0])
    known.known[0] = False
    assert errors(np.array([9, 2], np.float32), known, format_named("float32")).tolist() == [0, 0]


@BY_FORMAT
def test_inputs_are_finite_and_different(fmt: Format) -> None:
    values = inputs(fmt, 10_000).astype(np.float64)
    assert np.all(np.isfinite(values))
    assert len(np.unique(values[values != 0])) == np.count_nonzero(values)
    assert values.max() > fmt.largest / 2
    assert values.min() < -fmt.largest / 2


def test_every_input_of_bfloat16() -> None:
    # 2 · 255 · 128 patterns have an exponent that is not all ones.
    fmt = format_named("bfloat16")
    assert len(every(fmt)) == 65_280
    assert np.array_equal(inputs(fmt, 10), every(fmt), equal_nan=True)
    assert 900 < len(inputs(format_named("float32"), 1000)) < 1100


@pytest.mark.parametrize("text", ["e^-x/(1+e^-x)^2", "1-tanh(x)^2", "ln(1+e^x)-x", "cos(x)-1"])
def test_truth_against_mpmath(text: str) -> None:
    expr = chainrule.parse(text)
    values = np.array([-300.0, -20.5, -1e-3, 3e-9, 0.7, 17.25, 40.0, 123.0])
    found = truth(expr, x, values, {})
    functions = {"e": mpmath.e, "tanh": mpmath.tanh, "ln": mpmath.log, "cos": mpmath.cos}
    with mpmath.workdps(400):
        for value, high, low in zip(values, found.high, found.low, strict=True):
            python = text.replace("^", "**")
            wanted = eval(python, functions | {"x": mpmath.mpf(value)})
            assert abs(mpmath.mpf(high) + mpmath.mpf(low) - wanted) <= abs(wanted) * 2.0**-100


def test_truth_with_parameters_and_without_a_value() -> None:
    a = Symbol("a")
    found = truth(chainrule.parse("a/x"), x, np.array([0.0, 4.0]), {a: Fraction(3)})
    assert found.known.tolist() == [False, True]
    assert found.high[1] == 0.75


def test_what_is_left_of_a_value_has_its_sign_however_small_it_is() -> None:
    fmt = format_named("bfloat16")
    middle = 1 + 2.0**-8  # of two numbers, where the sign decides
    values = np.array([0.0, middle, -middle])
    for text, low in (
        ("x", 0.0),
        ("x + 10^(-400)", 5e-324),
        ("x - 10^(-400)", -5e-324),
        ("x + 2^(-100)", 2.0**-100),
        ("x - 3*2^(-200)", -3 * 2.0**-200),
    ):
        found = truth(chainrule.parse(text), x, values, {}, fmt)
        assert found.sign.tolist() == [np.sign(low), 1, -1]
        assert found.high[1:].tolist() == [middle, -middle]
        assert found.low[1:].tolist() == [low, low]


def test_the_slope_is_the_truth_where_the_formula_has_no_value() -> None:
    b = Symbol("b")
    points = {b: np.array([0.0, 2.0]), x: np.array([3.0, 3.0])}
    slope = chainrule.parse("x b^x/b")
    without = truth_at_points(slope, points, {})
    assert without.known.tolist() == [False, True]
    found = truth_at_points(slope, points, {}, slope_of=chainrule.parse("b^2 b"))
    assert found.known.tolist() == [True, True]
    assert found.high.tolist() == [0.0, 12.0]
    away = {b: np.array([1.0, 2.0]), x: np.array([1.0, 2.0])}
    hole, filled = chainrule.parse("3 x b^2 (b - 1)/(b - 1)"), chainrule.parse("x b^3")
    assert truth_at_points(hole, away, {}, slope_of=filled).high.tolist() == [3.0, 24.0]
    kink = truth_at_points(slope, points, {}, slope_of=chainrule.parse("|b|"))
    assert kink.known.tolist() == [False, True]


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_next_to_a_tie_a_result_is_misrounded_by_less_than_an_error_can_say(name: str) -> None:
    fmt = format_named(name)
    lower = every(fmt)
    lower = lower[~np.signbit(lower)][:-1]
    upper = (lower.view(fmt.pattern) + 1).astype(fmt.pattern).view(fmt.dtype)
    middle = (lower.astype(np.float64) + upper.astype(np.float64)) / 2
    assert np.array_equal(ties(middle * (1 + 2.0**-30), fmt), middle)
    sign = np.ones(len(middle), np.int8)
    even = np.where(lower.view(fmt.pattern) % 2 == 0, lower, upper)
    for low, right in ((-1e-300, lower), (1e-300, upper), (0.0, even)):
        known = Truth(middle, np.full_like(middle, low), sign, sign == 1)
        assert np.array_equal(nearest(known, fmt), right)
        assert measure(lower, right, known, fmt).misrounded == 0
        for odd in (np.nextafter(middle, 0), np.nextafter(middle, np.inf)):
            # Whatever is left of it, the last bit says on which side of the middle it is.
            beside = Truth(odd, np.full_like(odd, low), sign, sign == 1)
            assert np.array_equal(nearest(beside, fmt), np.where(odd < middle, lower, upper))
        wrong = np.where(right == lower, upper, lower)
        found = measure(lower, wrong, known, fmt)
        assert found.misrounded == len(lower)
        assert found.largest == 0.5


def test_each_kind_of_fault_is_counted() -> None:
    fmt = format_named("float32")
    values = np.arange(5, dtype=np.float32)
    known = exactly([1.0, 1e-30, 2.0, -3.0, 5.0])
    got = np.array([np.nan, 0.0, -2.0, -3.0, 5.0 + 2**-21], np.float32)
    found = measure(values, got, known, fmt)
    assert (found.not_finite, found.early_zeros, found.wrong_signs) == (1, 1, 1)
    assert found.first == {"not finite": 0.0, "early zero": 1.0, "wrong sign": 2.0}
    assert found.count == 5
    assert found.faults == 3
    both = together([found, measure(values[3:], got[3:], exactly([-3.0, -5.0]), fmt)])
    assert (both.not_finite, both.early_zeros, both.wrong_signs) == (1, 1, 2)
    assert both.faults == 4


def test_an_error_before_rounding() -> None:
    fmt = format_named("float32")
    unit = 2.0**-23
    exact = Truth(np.full(4, 1.0), np.zeros(4), np.ones(4, np.int8), np.array([True] * 3 + [False]))
    # The second one is a number of the format already: nothing is rounded any more.
    computed = np.array([1 + unit / 16, 1 + unit, 1e39, 1 + unit / 4])
    assert errors_before(computed, exact, fmt).tolist() == [1 / 16, 0, 0, 0]


def test_unknown_format() -> None:
    with pytest.raises(InputError, match="unknown dtype"):
        format_named("float31")
