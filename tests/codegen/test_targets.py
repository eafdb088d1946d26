"""Files for NumPy, Numba, C and CUDA: compiled, run, and measured against ball arithmetic."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

import chainrule
from chainrule.codegen.generate import generate
from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.nodes import symbols
from chainrule.floats.inputs import every
from chainrule.floats.measure import measure
from chainrule.forms.choice.kink_values import convention
from chainrule.forms.plan import plan
from chainrule.program.targets import TARGETS
from pace import few
from written import FUNCTIONS, OTHERS, TIES, WARNINGS, formatted, sample, toolkit, truths, write

ROUNDED_ONCE = {"numpy": 0.5001, "numba": 0.51, "c": 0.51, "cuda": 0.5001}
"""Half an ULP, and the error of what is rounded."""
HERE = ("numpy", "numba", "c", *(["cuda"] if toolkit() is not None else []))


@pytest.mark.parametrize("name", few(FUNCTIONS, "gelu", "elu", "huber", "x^x"))
def test_rounded_once(name: str, tmp_path: Path) -> None:
    derivation = chainrule.derive(name)
    other = OTHERS.get(name)
    made = plan(derivation, "numpy")
    x, known = None, None
    for target in HERE:
        written = write(derivation, target, tmp_path, other, made)
        if x is None or known is None:
            x = sample(written.fmt)
            known = truths(derivation, made, x, other)
        for got, exact in zip((written.forward(x), written.slopes(x)), known, strict=True):
            assert got.dtype == np.float32
            measured = measure(x, got, exact, written.fmt)
            assert measured.largest <= ROUNDED_ONCE[target], (target, measured)
            assert not measured.faults, (target, measured)
        nan = np.full(1, np.nan, np.float32)
        assert np.isnan(written.forward(nan)).all()
        assert np.isnan(written.slopes(nan)).all(), target
        for kink in derivation.kinks:
            value = convention(kink, TARGETS[target])
            if other is None and value is not None and not symbols(value):
                point = np.array([float(str(kink.at))], np.float32)
                assert written.slopes(point)[0] == np.float32(float(str(value)))
    formatted(tmp_path)


FORMS = [
    ("sigmoid", "float64", "best", 4.0),
    ("tanh", "float64", "best", 4.0),
    ("softplus", "float64", "best", 4.0),
    ("sigmoid", "float16", "best", 0.5001),
    ("gelu", "float16", "best", 0.5001),
    ("mish", "bfloat16", "best", 0.5001),
    ("elu", "bfloat16", "best", 0.5001),
    ("softplus", "float32", "fast", 2.0),
    ("elu", "float16", "fast", 1.75),
]


@pytest.mark.parametrize(("name", "dtype", "accuracy", "most"), few(FORMS, *FORMS[::3]))
def test_formats(name: str, dtype: str, accuracy: str, most: float, tmp_path: Path) -> None:
    derivation = chainrule.derive(name)
    made = plan(derivation, "numpy", dtype=dtype, accuracy=accuracy, save="input")
    for target in HERE:
        written = write(derivation, target, tmp_path, None, made)
        x = sample(written.fmt, 400)
        results = (written.forward(x), written.slopes(x))
        for got, exact in zip(results, truths(derivation, made, x, None), strict=True):
            measured = measure(x, got, exact, written.fmt)
            assert measured.largest <= most + 0.001, (target, measured)
            assert not measured.faults, (target, measured)
    formatted(tmp_path)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("target", HERE)
def test_sixteen_bits_are_rounded_as_in_numpy(target: str, dtype: str, tmp_path: Path) -> None:
    derivation = chainrule.derive("x/3")
    written = write(derivation, target, tmp_path, dtype=dtype)
    patterns = np.arange(1 << 16, dtype=np.uint16)
    x = patterns.view(written.fmt.dtype)
    got = written.forward(x)
    wanted = written.fmt.rounded(x.astype(np.float64) / 3)
    assert np.array_equal(got.astype(np.float64), wanted.astype(np.float64), equal_nan=True)


@pytest.mark.parametrize(("formula", "dtype", "wanted"), TIES)
@pytest.mark.parametrize("target", HERE)
def test_not_by_way_of_float32(
    target: str, formula: str, dtype: str, wanted: float, tmp_path: Path
) -> None:
    written = write(chainrule.derive(formula), target, tmp_path, dtype=dtype)
    x = np.array([1, -1], written.fmt.dtype)
    assert written.forward(x).astype(float).tolist() == [wanted, -wanted]


@pytest.mark.parametrize("name", ["smoothstep", "xielu"])
def test_no_compiler_loses_what_is_kept_next_to_a_tie(name: str, tmp_path: Path) -> None:
    """At every input the same in all targets; the double alone is not."""
    derivation = chainrule.derive(name)
    made = plan(derivation, "numba", dtype="bfloat16")
    wanted = None
    for target in HERE:
        written = write(derivation, target, tmp_path, None, made)
        x = every(written.fmt)
        found = written.slopes(x).astype(np.float64)
        wanted = found if wanted is None else wanted
        assert np.array_equal(found, wanted), target
    plain = write(
        derivation, "numpy", tmp_path, None, made._replace(gradient=derivation.derivative)
    )
    assert not np.array_equal(plain.slopes(x).astype(np.float64), wanted)
    formatted(tmp_path)


def test_next_to_a_root(tmp_path: Path) -> None:
    """No compiler reorders what computes SiLU's slope to twice the precision."""
    derivation = chainrule.derive("silu")
    made = plan(derivation, "numpy", dtype="float64", save="input")
    x = -1.2784645427610737 + np.arange(-200, 200) * 2.0**-52
    exact = truths(derivation, made, x, None)[1]
    for target in HERE:
        written = write(derivation, target, tmp_path, None, made)
        measured = measure(x, written.slopes(x), exact, written.fmt)
        assert measured.largest <= 2, (target, measured)
        assert not measured.faults, (target, measured)


def test_saved_output(tmp_path: Path) -> None:
    derivation = chainrule.derive("softplus")
    for target in HERE:
        written = write(derivation, target, tmp_path, save="output")
        assert [symbol.name for symbol in written.plan.spec.saved] == ["y"]
        x = sample(written.fmt, 300)
        exact = truths(derivation, written.plan, x, None)[1]
        assert measure(x, written.slopes(x), exact, written.fmt).largest < 2


def test_parameters_stay_parameters(tmp_path: Path) -> None:
    module = write(chainrule.derive("leaky_relu"), "numpy", tmp_path).module
    assert module.leaky_relu(-2.0) == np.float32(-0.02)
    assert module.leaky_relu(-2.0, alpha=0.5) == -1
    assert module.leaky_relu_grad([-2.0, 0.0, 1.0], 3.0, alpha=0.5).tolist() == [1.5, 1.5, 3.0]


def test_letters_without_a_default_must_be_given(tmp_path: Path) -> None:
    module = write(chainrule.derive("a e^(-b x)"), "numpy", tmp_path).module
    assert module.f(0.0, 2.0, 3.0) == 2
    assert module.f_grad(0.0, 1.0, 2.0, 3.0) == -6


def test_the_upstream_product_is_rounded_once(tmp_path: Path) -> None:
    derivation = chainrule.derive("sigmoid")
    for target in HERE:
        written = write(derivation, target, tmp_path)
        x = sample(written.fmt, 300)
        exact = truths(derivation, written.plan, x, None)[1]
        times = type(exact)(3 * exact.high, 3 * exact.low, exact.sign, exact.known)
        largest = measure(x, written.slopes(x, 3.0), times, written.fmt).largest
        assert largest <= ROUNDED_ONCE[target]


@pytest.mark.parametrize("target", HERE)
def test_the_heading_says_what_it_is(target: str, tmp_path: Path) -> None:
    text = write(chainrule.derive("relu6"), target, tmp_path).text
    words = " ".join(text.replace("*", " ").split())
    assert "relu6(x) = min(max(0, x), 6)" in words
    assert "d/dx = {x < 0: 0, 0 < x < 6: 1, x > 6: 0}" in words
    assert "at most 0 ULP" in words
    assert "at x = 0 it is 0, as in PyTorch; at x = 6 it is 0" in words
    assert all(len(line) <= 88 for line in text.splitlines())


@pytest.mark.parametrize("name", ["atan(sinh(x))", "asin(x) + acosh(x+2)", "cbrt(x) + log2(x)"])
def test_other_functions(name: str, tmp_path: Path) -> None:
    derivation = chainrule.derive(name)
    made = plan(derivation, "numpy", save="input")
    for target in HERE:
        written = write(derivation, target, tmp_path, None, made)
        x = sample(written.fmt, 200)
        exact = truths(derivation, made, x, None)[0]
        assert measure(x, written.forward(x), exact, written.fmt).largest <= 0.51
    formatted(tmp_path)


def test_e_as_a_factor(tmp_path: Path) -> None:
    module = write(chainrule.derive("a e x", "x"), "numpy", tmp_path).module
    assert module.f_grad(1.0, 1.0, 2.0) == np.float32(2 * np.e)


def test_forms_from_elsewhere_compete(tmp_path: Path) -> None:
    """The best one is taken, wherever it comes from; a wrong one is not."""
    derivation = chainrule.derive("x/(1+x^2)^2 - 1/(x+1)")
    right = chainrule.parse("(1 - 3x^2)/(1+x^2)^3 + 1/(x+1)^2")
    made = plan(derivation, "numpy", gradients={"wrong": chainrule.parse("1"), "ours": right})
    assert "(wrong)" not in made.spec.notes[2]
    softplus = chainrule.derive("softplus")
    form = chainrule.parse("{x > 40: x, else: log1p(e^x)}")
    made = plan(softplus, "numpy", functions={"by cases": form})
    assert made.forward in (form, chainrule.parse("max(x, 0) + log1p(e^(-|x|))"))


@pytest.mark.slow
def test_the_whole_catalogue_becomes_tidy_code(tmp_path: Path) -> None:
    for entry in CATALOGUE:
        derivation = chainrule.derive(entry.name)
        made = plan(derivation, "numpy")
        for target in HERE:
            if entry.name == "probit" and target in ("numba", "c"):
                # They have no inverse error function.
                continue
            text = generate(target, *made)
            path = tmp_path / f"{entry.name}_{target}{TARGETS[target].ending}"
            path.write_text(text, encoding="utf-8")
            if target == "c":
                command = ["gcc", *WARNINGS, "-c", "-o", path.with_suffix(".o"), path]
                subprocess.run(command, check=True)
    for entry in CATALOGUE[::3]:
        for target in ("jax", "torch"):
            text = generate(target, *plan(chainrule.derive(entry.name), target))
            (tmp_path / f"{entry.name}_{target}.py").write_text(text, encoding="utf-8")
    formatted(tmp_path)
