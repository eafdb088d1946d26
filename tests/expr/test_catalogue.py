"""Every row of the catalogue: its own data, its kinks, and its values in PyTorch and JAX."""

from __future__ import annotations

import importlib
import random
import runpy
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import mpmath
import pytest

from chainrule.errors import InputError
from chainrule.expr.catalogue import BY_NAME, CATALOGUE, SPELLINGS, Entry, Parameter
from chainrule.expr.nodes import Call, Expr, Number, Symbol, symbols
from chainrule.parsing.definitions import (
    definition,
    expand,
    expand_all,
    is_catalogue_name,
)
from chainrule.parsing.formula import parse_text
from chainrule.parsing.names import spellings
from chainrule.rewrite.frameworks import table
from frameworks import JAX, SINGLE, TORCH, draw, samples
from oracle import evaluate

rows = pytest.mark.parametrize("entry", CATALOGUE, ids=[entry.name for entry in CATALOGUE])
with_kinks = pytest.mark.parametrize(
    "entry", [e for e in CATALOGUE if e.kinks], ids=[e.name for e in CATALOGUE if e.kinks]
)
X = Symbol("x")


def plain(entry: Entry) -> Expr:
    """The row's formula over elementary functions."""
    return expand_all(definition(entry.name).expr)


def draws(entry: Entry, count: int) -> list[dict[str, Any]]:
    """Values for every symbol, the same in every run."""
    choose = random.Random(entry.name)
    return [
        {name: mpmath.mpf(draw(entry, name, choose)) for name in entry.symbols}
        for _ in range(count)
    ]


# --- the data ------------------------------------------------------------------------------------
def test_it_is_large_enough() -> None:
    kinds = [entry.kind for entry in CATALOGUE]
    assert kinds.count("activation") >= 80
    assert kinds.count("loss") >= 40


def test_names_and_spellings_are_unambiguous() -> None:
    every = [spelling for entry in CATALOGUE for spelling in entry.spellings]
    assert len(every) == len(set(every)) == len(SPELLINGS)
    assert set(every) & spellings().keys() == {"tanh"}
    assert SPELLINGS["LeakyReLU"] == "leaky_relu"
    assert SPELLINGS["hardsigmoid"] == "hard_sigmoid"


@rows
def test_formulas_use_the_symbols_they_declare(entry: Entry) -> None:
    known = definition(entry.name)
    assert set(symbols(known.expr)) == set(known.symbols)
    assert len(set(entry.symbols)) == len(entry.symbols)
    others = set(known.symbols[1:])
    assert all(set(symbols(kink)) <= others for kink in known.kinks)
    assert all(set(symbols(condition)) <= set(known.symbols) for condition in known.conditions)
    assert {name for name, _ in entry.sample} <= set(entry.symbols)


@rows
def test_values_are_real_on_the_sample_and_inside_the_domain(entry: Entry) -> None:
    known = definition(entry.name)
    formula = plain(entry)
    for values in draws(entry, 20):
        if all(evaluate(condition, values) for condition in known.conditions):
            value = evaluate(formula, values)
            assert mpmath.isfinite(value)
            assert not isinstance(value, mpmath.mpc)
        own = set(known.parameters)
        for condition in known.conditions:
            assert evaluate(condition, values) or not set(symbols(condition)) <= own, condition


def test_defaults_are_exact_as_written() -> None:
    assert Parameter("a", "0.01").value is Number(Fraction(1, 100), decimal=True)
    assert Parameter("a", "1/8").value is Number(Fraction(1, 8))
    assert Parameter("a", "2").value is Number(2)


def test_the_page_of_the_catalogue_is_current() -> None:
    root = Path(__file__).parents[2]
    page: str = runpy.run_path(str(root / "bench/pages/write_catalogue.py"))["page"]()
    assert (root / "docs/results/catalogue.md").read_text(encoding="utf-8") == page, (
        "run python bench/pages/write_catalogue.py"
    )


# --- kinks ---------------------------------------------------------------------------------------
@with_kinks
def test_kinks_are_where_value_slope_or_curvature_jump(entry: Entry) -> None:
    known, formula = definition(entry.name), plain(entry)
    variable = entry.arguments[0]
    choose = random.Random(entry.name)
    for values in draws(entry, 4):
        if entry.name == "hinge_embedding":
            values["y"] = mpmath.mpf(-1)
        with mpmath.workdps(60):
            found = [evaluate(kink, values) for kink in known.kinks]
            for kink in found:
                assert jumps(formula, values, variable, kink), (kink, values)
            other = mpmath.mpf(draw(entry, variable, choose))
            assert not jumps(formula, values, variable, other)


@rows
def test_no_kink_is_missing(entry: Entry) -> None:
    """Where the evaluation takes another branch, there is a kink, or nothing jumps."""
    known, formula = definition(entry.name), plain(entry)
    variable = entry.arguments[0]
    low, high = (mpmath.mpf(end) for end in sample_ends(entry))
    for values in draws(entry, 2):
        with mpmath.workdps(60):
            listed = [evaluate(kink, values) for kink in known.kinks]
            for point in turning_points(formula, values, variable, low, high):
                if any(abs(point - kink) < 1e-20 for kink in listed):
                    continue
                assert not jumps(formula, values, variable, point), (point, values)


def sample_ends(entry: Entry) -> list[str]:
    return entry.range_of[entry.arguments[0]].split("..")


def turning_points(
    formula: Expr, values: dict[str, Any], variable: str, low: Any, high: Any
) -> list[Any]:
    """Points between ``low`` and ``high`` where another branch begins, by bisection."""

    def path(x: Any) -> list[Any]:
        taken: list[Any] = []
        evaluate(formula, values | {variable: x}, taken)
        return taken

    found = []
    grid = [low + (high - low) * (mpmath.mpf(i) + mpmath.mpf("0.317")) / 48 for i in range(48)]
    for left, right in pairwise(grid):
        before, after = path(left), path(right)
        if before == after:
            continue
        while right - left > mpmath.mpf(10) ** -45:
            middle = (left + right) / 2
            left, right = (left, middle) if path(middle) != before else (middle, right)
        found.append(right)
    return found


def jumps(formula: Expr, values: dict[str, Any], variable: str, point: Any) -> bool:
    """Whether value, slope or curvature differ on the two sides of ``point``."""
    step = mpmath.mpf(10) ** -15
    sides = []
    for side in (-1, 1):
        near = [evaluate(formula, values | {variable: point + side * n * step}) for n in (1, 2, 3)]
        slope = (near[1] - near[0]) / (side * step)
        curvature = (near[2] - 2 * near[1] + near[0]) / step**2
        sides.append((near[0], slope, curvature))
    return any(
        abs(left - right) > 1e-6 * (1 + abs(left)) for left, right in zip(*sides, strict=True)
    )


# --- PyTorch and JAX -----------------------------------------------------------------------------
def test_what_the_frameworks_have_is_compared() -> None:
    """Rows that name a function of torch or jax say how it is called."""
    torch_rows = {e.name for e in CATALOGUE if any(api.startswith("torch.") for api in e.apis)}
    jax_rows = {e.name for e in CATALOGUE if any(api.startswith("jax.") for api in e.apis)}
    assert torch_rows <= TORCH.keys()
    assert jax_rows - {"hard_tanh"} <= JAX.keys()  # jax.nn.hard_tanh has no parameters


@pytest.mark.slow
@pytest.mark.parametrize("name", TORCH)
def test_values_of_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")

    def compute(arguments: list[list[float]], parameters: list[float]) -> list[float]:
        tensors = [torch.tensor(values, dtype=torch.float64) for values in arguments]
        found: list[float] = TORCH[name](torch, *tensors, *parameters).tolist()
        return found

    compare(BY_NAME[name], compute, 1e-6 if name in SINGLE else 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", JAX)
def test_values_of_jax(name: str) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)

    def compute(arguments: list[list[float]], parameters: list[float]) -> list[float]:
        arrays = [jax.numpy.asarray(values) for values in arguments]
        found: list[float] = JAX[name](jax, *arrays, *parameters).tolist()
        return found

    compare(BY_NAME[name], compute, 1e-12)


def compare(
    entry: Entry,
    compute: Callable[[list[list[float]], list[float]], list[float]],
    tolerance: float,
) -> None:
    formula = plain(entry)
    for arguments, parameters in samples(entry):
        theirs = compute([*arguments.values()], [*parameters.values()])
        for index, got in enumerate(theirs):
            point = {name: values[index] for name, values in arguments.items()} | parameters
            truth = evaluate(formula, {name: mpmath.mpf(value) for name, value in point.items()})
            assert got == pytest.approx(float(truth), rel=tolerance, abs=tolerance), point


@with_kinks
def test_slopes_were_measured_for_every_kink_of_a_framework(entry: Entry) -> None:
    for library in ("torch", "jax"):
        has_it = any(api.startswith(library + ".") for api in entry.apis)
        measured = {
            row.point for row in table() if (row.function, row.framework) == (entry.name, library)
        }
        assert measured == (set(entry.kinks) if has_it else set())


@pytest.mark.slow
@rows
def test_named_apis_exist(entry: Entry) -> None:
    for api in entry.apis:
        library, *path = api.partition("(")[0].split(".")
        if library not in ("torch", "jax", "scipy"):
            continue
        pytest.importorskip(library)
        found: Any = importlib.import_module(library)
        for depth, name in enumerate(path, 1):
            if not hasattr(found, name):
                importlib.import_module(".".join([library, *path[:depth]]))
            found = getattr(found, name)


# --- definitions ---------------------------------------------------------------------------------
def test_a_call_stands_for_its_formula() -> None:
    call = parse_text("elu(2x, 3)").expr
    assert isinstance(call, Call)
    assert expand(call) is parse_text("{2*x > 0: 2*x, else: 3*(e^(2*x) - 1)}").expr


def test_parameters_left_out_have_their_defaults() -> None:
    assert expand(Call("swish", (X,))) is parse_text("x*sigmoid(1*x)").expr


def test_expanding_goes_down_to_elementary_functions() -> None:
    mish = expand_all(parse_text("mish(3x)").expr)
    assert mish is parse_text("(3*x)*tanh(ln(1 + e^(3*x)))").expr
    assert (
        expand_all(Call("phish", (X,)))
        is parse_text("x*tanh(x/2*(1 + erf(x/sqrt(2))))".replace("x/2*(1", "(x/2)*(1")).expr
    )


def test_a_deep_formula_is_expanded_without_recursion() -> None:
    deep: Expr = X
    for _ in range(10_000):
        deep = Call("sigmoid", (deep,))
    assert expand_all(deep) is not deep


def test_an_elementary_function_is_not_taken_for_the_row_of_its_name() -> None:
    assert not is_catalogue_name("tanh")
    assert is_catalogue_name("silu")
    assert definition("tanh").expr is parse_text("(e^x - e^(-x))/(e^x + e^(-x))").expr
    assert expand_all(Call("tanh", (X,))) is Call("tanh", (X,))


def test_spellings_are_accepted() -> None:
    assert definition("SiLU") == definition("silu")


def test_an_unknown_name_is_an_error_with_a_hint() -> None:
    with pytest.raises(InputError, match="did you mean sigmoid"):
        definition("sigmiod")


def test_too_many_arguments_are_an_error() -> None:
    with pytest.raises(InputError, match=r"called as elu\(x, alpha\)"):
        expand(Call("elu", (X, X, X)))
