"""Elementary functions as programs: their errors, their limits, and where the numbers come from."""

from __future__ import annotations

import re
import subprocess
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from flint import arb

import chainrule
from chainrule.balls.arithmetic import precision
from chainrule.codegen.generate import generate
from chainrule.codegen.kernel import Kernel
from chainrule.elementary import coefficients, fit
from chainrule.elementary.approximations import APPROXIMATIONS, BOUNDED, EXP_BOUND, PARTS, functions
from chainrule.elementary.arithmetic import ARGUMENT, Working
from chainrule.expr.nodes import Symbol, call
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import format_named
from chainrule.floats.inputs import stratified
from chainrule.floats.measure import measure
from chainrule.floats.truth import truth
from chainrule.forms.plan import plan
from chainrule.program.inlining import inlined
from chainrule.program.kernel_spec import KernelSpec
from chainrule.program.lower import lower
from chainrule.program.targets import TARGETS
from pace import few, slow
from written import formatted, truths, write
from written import sample as everywhere

WORKINGS: tuple[Working, ...] = ("single", "short", "double")
ROWS = [(name, working) for working in WORKINGS for name in sorted(functions(working) - PARTS)]
SINGLE = format_named("float32")
NAMES = (
    *("sigmoid", "tanh", "silu", "gelu", "mish", "softplus", "log_sigmoid", "elu", "softsign"),
    *("selu", "celu", "hardswish"),
)


def run(name: str, working: Working, x: np.ndarray) -> np.ndarray:
    fmt = format_named("float32" if working == "single" else "float64")
    known = FUNCTIONS | functions(working)
    program = inlined(lower([call(name, ARGUMENT)], [ARGUMENT], known), working)
    assert not {operation for operation, _ in program.code} & functions(working)
    return evaluate(program, [x.astype(fmt.dtype)], fmt)[0]


def error(name: str, working: Working) -> float:
    stated = APPROXIMATIONS[name].errors[working]
    assert stated is not None
    return stated


@pytest.mark.parametrize(("name", "working"), ROWS)
def test_error_is_what_is_said(name: str, working: Working) -> None:
    spread = np.random.default_rng(0).standard_normal(3_000) * 4
    near_one = 1 + np.linspace(-0.5, 0.5, 500) ** 3
    parts = [stratified(SINGLE, 3_000), spread, near_one, -near_one]
    x = np.concatenate(parts).astype(np.float32).astype(np.float64)
    if name == "decay":
        x = -np.abs(x)
    if name in BOUNDED.values():
        x = x[np.abs(x) <= EXP_BOUND]
    meant = {"decay": "exp"}.get(name, name.removesuffix("_between"))
    exact = truth(call(meant, ARGUMENT), ARGUMENT, x, {})
    got = run(name, working, x).astype(np.float64)
    size = np.abs(exact.high)
    normal = exact.known & (size >= SINGLE.smallest_normal) & (size < SINGLE.overflow)
    assert normal.sum() > 1_000
    off = np.abs((got[normal] - exact.high[normal]) - exact.low[normal]) / size[normal]
    assert off.max() <= error(name, working)
    # Half as much would not be true: the number is no guess.
    assert off.max() >= error(name, working) / 3
    small = exact.known & (size < SINGLE.smallest_normal)
    assert (np.abs(got[small] - exact.high[small]) <= 0.75 * SINGLE.smallest).all()
    large = exact.known & (size >= SINGLE.overflow)
    with np.errstate(over="ignore"):
        assert np.isinf(got[large].astype(np.float32)).all()
    assert np.isnan(got[~exact.known & ~np.isin(x, [0.0, -1.0])]).all()


@pytest.mark.parametrize(("kind", "unit"), [("exp", 1.0), ("decay", 2.0**-64)])
def test_an_exponential_in_two_parts(kind: str, unit: float) -> None:
    """A power of two times 1 + p, where the product need not have the digits of a float32."""
    spread = np.random.default_rng(0).standard_normal(20_000) * 30
    x = np.concatenate([stratified(SINGLE, 3_000), spread]).astype(np.float32)
    x = x[(x < 88.37) & (x > (-86.6 if kind == "exp" else -130))]
    x = -np.abs(x) if kind == "decay" else x
    power = run(f"{kind}_power", "single", x).astype(np.float64)
    rest = run(f"{kind}_rest", "single", x).astype(np.float64)
    assert set(np.frexp(power)[0]) == {0.5}
    exact = truth(call("exp", ARGUMENT), ARGUMENT, x, {})
    off = np.abs((power * unit * (1 + rest) - exact.high) - exact.low) / exact.high
    assert off.max() <= error(f"{kind}_rest", "single")
    assert off.max() >= error(f"{kind}_rest", "single") / 3


LIMITS = {
    "exp": (1, 0, np.inf, np.nan),
    "decay": (1, 0, 0, np.nan),
    "expm1": (0, -1, np.inf, np.nan),
    "log": (-np.inf, np.nan, np.inf, np.nan),
    "log1p": (0, np.nan, np.inf, np.nan),
    "tanh": (0, -1, 1, np.nan),
    "sinh": (0, -np.inf, np.inf, np.nan),
    "cosh": (1, np.inf, np.inf, np.nan),
    "erf": (0, -1, 1, np.nan),
    "erfc": (1, 2, 0, np.nan),
}
"""At 0, −∞, ∞ and NaN; for e^x where x is not positive at −∞ instead of ∞."""


@pytest.mark.parametrize(("name", "working"), [row for row in ROWS if row[0] in LIMITS])
def test_limits(name: str, working: Working) -> None:
    given = np.array([0, -np.inf, -np.inf if name == "decay" else np.inf, np.nan])
    with np.errstate(over="ignore", under="ignore"):
        got = run(name, working, given).astype(np.float32)
    assert np.array_equal(got, np.array(LIMITS[name], np.float32), equal_nan=True)


def test_coefficients_are_those_that_fit_makes() -> None:
    """But for the slow ones; the bound is proved again on the way."""
    with precision(500):
        for name, task in fit.TASKS.items():
            if name.startswith("scaled_erfc"):
                continue
            for working, degree in task.degrees.items():
                bound, stored = coefficients.COEFFICIENTS[name][working]
                made = [fit.rounded(value, working) for value in fit.fitted(task, degree)]
                assert tuple(chain.from_iterable(made)) == stored
                assert fit.error_bound(task, [arb(value) for [value] in made]) <= bound


def sample() -> np.ndarray:
    """More than a million numbers: all sizes, and everyday ones closer together."""
    everyday = np.linspace(-12, 12, 500_001).astype(np.float32)
    return np.concatenate([stratified(SINGLE, 600_000), everyday])


@pytest.mark.parametrize("name", few(NAMES, *NAMES[::3]))
def test_the_kernel_is_rounded_once(name: str) -> None:
    """What is compiled, against the same form in NumPy with functions that share no code."""
    made = plan(chainrule.derive(name), "numba", save="input")
    x = sample()
    assert len(x) > 1_000_000
    kernel = Kernel(*made, threads=1)
    double = format_named("float64")
    letters = [symbol for symbol, _ in made.spec.parameters]
    numbers = [np.asarray(float(v)) for _, v in made.spec.parameters if v is not None]
    pairs = [(made.forward, kernel(x)), (made.gradient, kernel.grad(x, 1.0))]
    for expr, got in pairs:
        program = lower([expr], [made.spec.variable, *letters], FUNCTIONS)
        [wide] = evaluate(program, [x.astype(np.float64), *numbers], double)
        with np.errstate(over="ignore", invalid="ignore"):
            near = wide.astype(np.float32)
            unit = np.maximum(np.abs(np.spacing(near)), SINGLE.smallest)
            below = np.abs(np.nextafter(near, np.float32(0)) - near.astype(np.float64))
            unit = np.where(np.abs(near) > np.abs(wide), np.minimum(unit, below), unit)
            off = np.where(got == near, 0.0, np.abs(got - wide) / unit)
        assert off.max() <= 0.51, (name, x[np.argmax(off)], off.max())


@pytest.mark.parametrize("name", ["sigmoid", "silu", "gelu", "mish", "softplus", "elu"])
def test_c_is_rounded_once(name: str, tmp_path: Path) -> None:
    derivation = chainrule.derive(name)
    written = write(derivation, "c", tmp_path, save="input")
    assert written.plan.spec.working in ("short", "double")
    x = everywhere(SINGLE)
    results = (written.forward(x), written.slopes(x))
    for got, exact in zip(results, truths(derivation, written.plan, x, None), strict=True):
        measured = measure(x, got, exact, SINGLE)
        assert measured.largest <= 0.51
        assert not measured.faults
    nan = np.full(9, np.nan, np.float32)
    assert np.isnan(written.forward(nan)).all()
    assert np.isnan(written.slopes(nan)).all()


@pytest.mark.parametrize("working", WORKINGS)
def test_what_is_written_is_tidy(working: Working, tmp_path: Path) -> None:
    """Every approximated function, and choices between numbers that are compared."""
    x = ARGUMENT
    whole = chainrule.parse("x {a < 2: 2, else: a} + e^(-|x|) + expm1(min(|x|, 5)) + e^min(|x|, 5)")
    for name in sorted(functions(working) - {"decay", *BOUNDED.values()} - PARTS):
        whole = whole + call(name, x)
    parts = whole
    if working == "single":
        parts = call("fma", whole, *(call(name, x) for name in ("exp_power", "exp_rest")))
        for name in ("decay_power", "decay_rest", "decay_power_to_zero"):
            parts = parts + call(name, -x)
    spec = KernelSpec(
        name="f",
        variable=x,
        output=Symbol("y"),
        saved=(x,),
        parameters=tuple((Symbol(letter), None) for letter in "abcde"),
        dtype="bfloat16" if working == "single" else "float32",
        accuracy="fast" if working == "single" else "best",
        second=(whole,),
        notes=("What it is.",),
        working=working,
    )
    for target in ("numba", "torch", "c"):
        called = functions(working) - (PARTS if target == "torch" else set())
        text = generate(target, whole, whole if target == "torch" else parts, spec)
        assert all(f"_{name}(" in text for name in called if target != "c")
        (tmp_path / f"made_{target}{TARGETS[target].ending}").write_text(text, encoding="utf-8")
    formatted(tmp_path)


def packed(assembly: str) -> int:
    """How many multiplications of whole vectors there are."""
    return len(re.findall(r"\bv?f?n?m(?:add|sub|ul)\w*p[sd]\b", assembly))


@pytest.mark.parametrize("accuracy", ["best", "fast"])
@pytest.mark.parametrize("name", ["silu", *slow("sigmoid", "softplus")])
def test_numba_makes_vector_code(name: str, accuracy: str) -> None:
    made = plan(chainrule.derive(name), "numba", accuracy=accuracy, save="input")
    module: dict[str, object] = {"__name__": "made"}
    exec(generate("numba", *made), module)
    for loop in (module["_values"], module["_gradients"]):
        [assembly] = loop.inspect_asm().values()  # type: ignore[attr-defined]
        assert packed(assembly) >= 10


@pytest.mark.parametrize("accuracy", ["best", "fast"])
@pytest.mark.parametrize("name", ["mish", "elu", *slow("sigmoid", "silu", "softplus")])
def test_gcc_makes_vector_code(name: str, accuracy: str, tmp_path: Path) -> None:
    made = plan(chainrule.derive(name), "c", accuracy=accuracy, save="input")
    path = tmp_path / "made.c"
    path.write_text(generate("c", *made), encoding="utf-8")
    flags = ["-std=c99", "-O3", "-march=x86-64-v3", "-Wall", "-Wextra", "-Werror"]
    command = ["gcc", *flags, "-fopt-info-vec-optimized", "-c", str(path), "-o", "made.o"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = path.read_text(encoding="utf-8").splitlines()
    loops = {i for i, line in enumerate(lines, 1) if "for (size_t i" in line}
    told = {
        int(line.split(":")[1]) for line in done.stderr.splitlines() if "loop vectorized" in line
    }
    assert len(loops) == 2
    assert loops <= told


def test_a_division_counts_as_several_additions() -> None:
    """cosh and its reciprocal take two; as a fraction in one exponential there is one."""
    made = plan(chainrule.derive("tanh"), "numba", save="input")
    assert "fraction in one exponential" in " ".join(made.spec.notes)
    program = inlined(lower([made.gradient], [made.spec.variable], FUNCTIONS), "short")
    assert [operation for operation, _ in program.code].count("divide") == 1
