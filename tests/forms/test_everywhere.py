"""Formulas of several letters: measured over all of them, and right for all of them."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import chainrule
from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.codegen.generate import generate
from chainrule.expr.nodes import Symbol, symbols
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import format_named
from chainrule.floats.positions import at, positions
from chainrule.floats.truth import truth_at_points
from chainrule.forms.candidate import Candidate
from chainrule.forms.candidates.mantissas import mantissas
from chainrule.forms.candidates.regimes import elementary
from chainrule.forms.candidates.scaling import scaled_forms
from chainrule.forms.candidates.shifting import shifted
from chainrule.forms.choice.everywhere import over_all_letters
from chainrule.forms.choice.laboratory import laboratory
from chainrule.forms.choice.promises import FAR, promised
from chainrule.forms.choice.selection import Asked, Chosen
from chainrule.forms.choice.space import Space, around, drawn
from chainrule.forms.plan import plan
from chainrule.precise.compensated import compensated
from chainrule.program.lower import lower
from chainrule.program.targets import TARGETS

X, Y = Symbol("x"), Symbol("y")
DOUBLE, SINGLE = format_named("float64"), format_named("float32")
Exact = Callable[..., Any]


@cache
def module(formula: str, wrt: str, dtype: str) -> tuple[types.ModuleType, str]:
    """A file for NumPy, and what it says of itself."""
    made = plan(chainrule.derive(formula, wrt), "numpy", dtype=dtype)
    found = types.ModuleType("made")
    exec(generate("numpy", *made), found.__dict__)
    return found, "\n".join(made.spec.notes)


# By the first letter. The sizes are those at which squares, products and exponentials leave the
# format, and what is next to each other.
SIZES = [0.0, 1e-310, 3e-200, 1e-25, 0.75, 1.0, 1.0 + 2**-52, 3.0, 1e25, 2e200, 1.7e308]
QUICK = [
    ("sqrt(x^2+y^2)", "x", "float64", lambda x, y: x / mp.sqrt(x * x + y * y)),
    ("a^b", "b", "float32", lambda b, a: mp.mpf(0) if a == 0 else a**b * mp.log(a)),
    ("atan2(y,x)", "x", "float32", lambda x, y: -y / (x * x + y * y)),
    ("x*y", "x", "float32", lambda x, y: y),
]
LONG = [
    ("a^b", "b", "float64", lambda b, a: mp.mpf(0) if a == 0 else a**b * mp.log(a)),
    ("atan2(y,x)", "x", "float64", lambda x, y: -y / (x * x + y * y)),
    ("sqrt(1+x^2+y^2)", "x", "float64", lambda x, y: x / mp.sqrt(1 + x * x + y * y)),
    ("(x-y)^2/2", "x", "float64", lambda x, y: x - y),
    ("x^2*y^3", "x", "float64", lambda x, y: 2 * x * y**3),
    ("x/(|x|+|y|)", "x", "float64", lambda x, y: abs(y) / (abs(x) + abs(y)) ** 2),
    (
        "1/(1+e^(-a x))",
        "x",
        "float64",
        lambda x, a: a * mp.exp(-a * x) / (1 + mp.exp(-a * x)) ** 2,
    ),
    ("sqrt(x^2+y^2)", "x", "bfloat16", lambda x, y: x / mp.sqrt(x * x + y * y)),
    ("x*y/(x+y)", "x", "float64", lambda x, y: (y / (x + y)) ** 2),
    ("x^2*y/(x^2+y^2)", "x", "float64", lambda x, y: 2 * x * y**3 / (x * x + y * y) ** 2),
    ("a*e^(-a*x)", "x", "float64", lambda x, a: -a * a * mp.exp(-a * x)),
]


def compared(formula: str, wrt: str, dtype: str, exact: Exact) -> int:
    """At how many points the gradient of a file is as promised, or nearly; it is at all."""
    found, _ = module(formula, wrt, dtype)
    form = format_named(dtype)
    count = 0
    signed = sorted({*SIZES, *(-s for s in SIZES)})
    for first, second in product(signed, signed):
        one, other = (form.rounded(np.array([v])).astype(form.dtype) for v in (first, second))
        if not (np.isfinite(one) & np.isfinite(other)).all():
            continue
        with mp.workprec(4_400):
            given = [mp.mpf(float(v[0])) for v in (one, other)]
            try:
                right = mp.mpf(exact(*given))
            except (ZeroDivisionError, ValueError, TypeError):
                continue
            if formula == "a^b" and (given[1] < 0 or (given[1] == 0 and given[0] <= 0)):
                continue
            # An array of the format's own, as a user has it.
            [got] = found.f_grad(one, np.ones(1, form.dtype), other)
            most = (2 - mp.mpf(2) ** -form.precision) * mp.mpf(2) ** (1 - form.least_exponent)
            if abs(right) >= most:
                assert got == np.sign(float(mp.sign(right))) * np.inf, (first, second)
                continue
            exponent = max(mp.frexp(right)[1] - 1 if right else -9999, form.least_exponent)
            unit = mp.mpf(2) ** (exponent - form.precision + 1)
            off = abs(mp.mpf(float(got)) - right) / unit
            assert off <= 1.1 * promised(dtype, "best"), (first, second, float(got), float(right))
            count += 1
    return count


@pytest.mark.parametrize(("formula", "wrt", "dtype", "exact"), QUICK)
def test_for_all_letters(formula: str, wrt: str, dtype: str, exact: Exact) -> None:
    assert compared(formula, wrt, dtype, exact) > 100
    _, notes = module(formula, wrt, dtype)
    assert "Measured over all letters" in notes


@pytest.mark.slow
@pytest.mark.parametrize(("formula", "wrt", "dtype", "exact"), LONG)
def test_for_all_letters_too(formula: str, wrt: str, dtype: str, exact: Exact) -> None:
    assert compared(formula, wrt, dtype, exact) > 100


def test_letters_are_promoted() -> None:
    """A letter of float32 is squared in float64, where 10^-50 is a number."""
    found, _ = module("atan2(y,x)", "x", "float32")
    tiny = np.float32(1e-25)
    got = found.f_grad(tiny, np.float32(1), np.array([tiny]))
    assert abs(got[0] / (-0.5 / float(tiny)) - 1) < 1e-6


# --- the points ---------------------------------------------------------------------------------
@pytest.mark.parametrize("form", [SINGLE, DOUBLE, format_named("float16")])
def test_points_are_of_all_kinds(form: Any) -> None:
    points = drawn(2, 2_000, form)
    x, y = (at(row, form).astype(np.float64) for row in points)
    assert np.isfinite(x).all()
    assert np.isfinite(y).all()
    size_x, size_y = (np.log2(np.maximum(abs(v), 1e-320)) for v in (x, y))
    kinds = {
        "0": x == 0,
        "−0": (x == 0) & np.signbit(x),
        "both 0": (x == 0) & (y == 0),
        "subnormal": (x != 0) & (abs(x) < form.smallest_normal),
        "the largest": abs(x) == form.largest,
        "both the largest": (abs(x) == form.largest) & (abs(y) == form.largest),
        "the same": x == y,
        "next to each other": (x != y) & (abs(points[0] - points[1]) < 100),
        "next to the negative": (x != -y) & (abs(points[0] + points[1] + 1) < 100),
        "inverse": (abs(size_x) > 10) & (abs(size_x + size_y) < 6),
        "of unlike size": abs(size_x - size_y) > 20,
    }
    assert [kind for kind, which in kinds.items() if which.sum() < 3] == []
    assert np.array_equal(points, drawn(2, 2_000, form))


def test_around_a_point() -> None:
    place = positions(np.array([1.0, -8.0]), DOUBLE).reshape(2, 1)
    found = {tuple(at(p, DOUBLE).tolist()) for p in around(place, DOUBLE).T}
    assert {(2.0, -16.0), (0.5, -4.0), (np.nextafter(1, 2), -8.0), (1.0, -8 + 2**-50)} <= found


def test_a_spike_is_found() -> None:
    """What is wrong next to x·y = 2^600 only is found by its neighbours on lines."""
    derivation = chainrule.derive("x y", "x")
    lab = laboratory(X, "float64", "best", {})
    bad = chainrule.parse("{|x| > 2^600: y + y/2, else: y}")
    points = drawn(2, 50, DOUBLE)
    space = Space(lab, derivation, (X, Y), points[:, :0])
    along = space.along_lines([bad])
    space = space.also(along)
    found = space.measured(Candidate("bad", bad, (X,)), derivation.derivative, {})
    assert found.measured is not None
    assert found.measured.largest > 1e15
    assert "y = " in space.named(found.measured.worst)


# --- the truth ----------------------------------------------------------------------------------
def test_slope_where_the_formula_has_none() -> None:
    """a^b·ln a is 0·∞ at a = 0; the function is 0 for all b > 0, and so is its slope."""
    a, b = Symbol("a"), Symbol("b")
    derivation = chainrule.derive("a^b", "b")
    values = {b: np.array([2.0, 0.5, -1.0, 0.0]), a: np.zeros(4)}
    found = truth_at_points(derivation.derivative, values, {}, DOUBLE, slope_of=derivation.function)
    assert found.known.tolist() == [True, True, False, False]
    assert found.high[:2].tolist() == [0, 0]


def test_no_slope_at_a_kink() -> None:
    derivation = chainrule.derive("|x-y|", "x")
    there = np.array([3.0])
    found = truth_at_points(
        chainrule.parse("1/(x-y)"), {X: there, Y: there}, {}, DOUBLE, slope_of=derivation.function
    )
    assert not found.known[0]


# --- scaling ------------------------------------------------------------------------------------
SCALED = [
    ("sqrt(x^2+y^2)", {1: 1}),
    ("x/sqrt(x^2+y^2)", {1: 0}),
    ("-y/(x^2+y^2)", {1: -1}),
    ("sqrt(1+x^2+y^2)", {1: 1}),
    ("x^2*y^3/(x+y)^4", {1: 1}),
    ("(x+1)/(x+y)", {1: 0}),
    ("atan2(y,x)*x", {1: 1}),
    ("{x > y: x, else: y^2}", {1: 2}),
]


@pytest.mark.parametrize(("formula", "degrees"), SCALED)
def test_scaled(formula: str, degrees: dict[int, int]) -> None:
    """The same value where nothing overflows, and one also where squares do."""
    expr = chainrule.parse(formula)
    found = next(scaled_forms(expr, {X: 1, Y: 1}))
    assert found.degree == degrees[1]
    written = found.written(1000)
    program = compile_balls([expr, written])
    for x, y in ((3.5, -0.25), (1e-30, 7.0), (2e150, 3e149), (1e200, -1e180)):
        with precision(300):
            given = {X: x, Y: y}
            one, other = program.run([program_ball(given[s]) for s in program.symbols])
            assert one.is_finite(), (x, y)
            assert (one - other).contains(0), (x, y)


MONOMIALS = [
    "x^2*y^3",
    "3*x/y^2",
    "sqrt(x^4*y^2)",
    "x^3*ln(y)",
    "x*y/(x+y)",
    "x^2*y/(x^2+y^2)",
    "sqrt(x*y/(x+y))",
    "ln(x*y/(x+y))",
    "arctan(x*y/(x+y))",
    "ln(x)*x",
    "x*e^(-x*y)",
    "x^2*e^(-x*y)/y",
]


@pytest.mark.parametrize("formula", MONOMIALS)
def test_by_mantissas(formula: str) -> None:
    """The same value, and in float64 one wherever it is a number of the format."""
    expr = elementary(chainrule.parse(formula))
    found = mantissas(expr, (X, Y), 1000)
    assert found is not None
    precise = found._replace(expr=compensated(found.expr, 53, 7)).written()
    program = compile_balls([expr, found.written()])
    single = lower([precise], (X, Y), FUNCTIONS)
    points = [(3.5, 0.25), (1e200, 1e-200), (1e-300, 1e300), (1.7e308, 1e-300), (1e-5, 3e7)]
    for x, y in points:
        with precision(4_000):
            given = {X: x, Y: y}
            one, other = program.run([program_ball(given[s]) for s in program.symbols])
            assert one.is_finite(), (x, y)
            assert (one - other).contains(0), (x, y)
            right = float(one)
        [got] = evaluate(single, [np.array([x]), np.array([y])], DOUBLE)
        assert got[0] == right or abs(got[0] - right) <= 2 * np.spacing(abs(right)), (x, y)


@pytest.mark.parametrize("formula", ["x^2+y", "x+y+1", "sin(x)+y", "3"])
def test_no_product_of_powers(formula: str) -> None:
    assert mantissas(chainrule.parse(formula), (X, Y), 1000) is None


SHIFTED = [
    ("ln(e^x+e^y)", False),
    ("e^x/(e^x+e^y)", False),
    ("ln(1+e^x+e^y)", True),
    ("ln(e^(2x)+e^(2y))/2", False),
    ("x-ln(e^x+e^y)", False),
]


@pytest.mark.parametrize(("formula", "beside"), SHIFTED)
def test_shifted(formula: str, beside: bool) -> None:
    expr = chainrule.parse(formula)
    found = shifted(expr, (X, Y))
    assert found is not None
    assert found.beside == beside
    written = found.written()
    program = compile_balls([expr, written])
    single = lower([written], (X, Y), FUNCTIONS)
    for x, y in ((3.5, 0.25), (-2.0, 7.0), (-800.0, -801.0), (1000.0, 1001.0)):
        with precision(2_000):
            given = {X: x, Y: y}
            one, other = program.run([program_ball(given[s]) for s in program.symbols])
            assert one.is_finite(), (x, y)
            assert (one - other).contains(0), (x, y)
        [got] = evaluate(single, [np.array([x]), np.array([y])], DOUBLE)
        assert abs(got[0] - float(one)) <= 1e-12 * max(abs(float(one)), 1e-300), (x, y)


@pytest.mark.parametrize("formula", ["e^x+e^y", "x*y", "x^2", "ln(x)+y", "e^x"])
def test_not_shifted(formula: str) -> None:
    assert shifted(chainrule.parse(formula), (X, Y)) is None


def program_ball(value: float) -> Any:
    from flint import arb

    return arb(value)


def test_only_parts_are_scaled() -> None:
    expr = chainrule.parse("a*exp(-a*x)")
    a = Symbol("a")
    whole, parts = scaled_forms(expr, {X: 1, a: -1})
    assert (whole.degree, parts.degree, parts.outside) == (-1, 0, -1)
    assert a in symbols(parts.expr)
    assert X not in symbols(parts.expr)


@pytest.mark.parametrize("formula", ["e^x+y", "ln(x)*y", "sqrt(x)+y", "floor(x)*y"])
def test_not_homogeneous(formula: str) -> None:
    assert list(scaled_forms(chainrule.parse(formula), {X: 1, Y: 1})) == []


# --- what is chosen -----------------------------------------------------------------------------
def test_a_form_that_is_bad_elsewhere_is_replaced() -> None:
    """A form planted that is right for y = 1 only."""
    derivation = chainrule.derive("x y", "x")
    made = plan(derivation, "numpy")
    lab = laboratory(X, "float32", "best", {Y: 1})
    one = Candidate("planted", chainrule.parse("y^2"), (X,))
    asked = Asked(derivation, TARGETS["numpy"], replace(made.spec, saved=(X,)), "auto", {}, {})
    forward = Candidate("as it was given", derivation.function, (X,))
    exact = lab.truth(derivation.derivative)
    known = {X: lab.inputs}
    chosen = Chosen((lab,), forward, lab.measured(one, exact, known))
    assert chosen.gradient.measured is not None
    assert chosen.gradient.measured.largest == 0
    found, space = over_all_letters(asked, chosen)
    assert space is not None
    assert found.gradient.expr is Y


def test_values_of_a_loss_are_said() -> None:
    made = plan(chainrule.derive("squared_error"), "numpy")
    said = "Measured in NumPy with y = 1, -3, 4.5, -5.625, 5.625 in turn:"
    assert any(note.startswith(said) for note in made.spec.notes)


def test_forms_say_at_which_values() -> None:
    from chainrule.commands import forms
    from chainrule.render.formats import rendered

    document, data = forms("a x^2+b", dtypes=["bfloat16"], wrt="x", search=False)
    assert "with a = 1 and b = 2, and at no other" in " ".join(rendered(document, "text").split())
    assert data[0]["at"] == {"a": 1.0, "b": 2.0}
    assert FAR > 1


def test_two_powers_of_two_do_not_overflow_before_the_value() -> None:
    """x/y is 2^1024/3.9: of mantissas 1 and 3.9, and 2^1024 is no number of the format."""
    found = mantissas(chainrule.parse("x/y"), (X, Y), 1000)
    assert found is not None
    program = lower([found.written()], (X, Y), FUNCTIONS)
    x, y = 2.0**1000, 3.9 * 2.0**-24
    [got] = evaluate(program, [np.array([x]), np.array([y])], DOUBLE)
    assert got[0] == pytest.approx(x / y, rel=1e-15)


def test_powers_that_cancel_are_none() -> None:
    """y/y has no power of two, and can be added to 1."""
    found = mantissas(chainrule.parse("x*(y/y + 1)"), (X, Y), 1000)
    assert found is not None
    assert len(found.powers) == 1
