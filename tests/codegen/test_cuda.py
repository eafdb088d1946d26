"""Files for CUDA: what nvcc says of them, and what only their launchers do."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import chainrule
from chainrule.codegen.generate import generate
from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.nodes import Symbol
from chainrule.floats.dtypes import NAMES as DTYPES
from chainrule.floats.measure import measure
from chainrule.floats.truth import truth
from chainrule.forms.plan import Plan, plan
from written import toolkit, write

ROOT = toolkit()
pytestmark = pytest.mark.skipif(
    ROOT is None, reason="pip install 'chainrule[dev]' brings nvcc, on Linux"
)
DOUBLE_ONLY = {"probit"}
"""Gradients by numbers that float32 does not have: "fast" computes them in double."""
STRICT = ("-Werror", "all-warnings", "-Xcompiler", "-Wall,-Wextra,-Werror", "-arch=sm_80")


def compiled(path: Path) -> Path:
    """What nvcc makes of a file, for the device and the host."""
    assert ROOT is not None
    result = path.with_suffix(".o")
    subprocess.run([ROOT / "bin/nvcc", *STRICT, "-c", "-o", result, path], check=True)
    return result


def stored(made: Plan, dtype: str, accuracy: str, folder: Path) -> Path:
    """The file for another dtype than the one that was planned for."""
    promoted = made.spec.name in DOUBLE_ONLY
    spec = replace(made.spec, dtype=dtype, accuracy=accuracy, promoted=promoted)
    path = folder / f"{spec.name}_{dtype}_{accuracy}.cu"
    path.write_text(generate("cuda", made.forward, made.gradient, spec), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "dtype", "accuracy"),
    [("gelu", "float32", "best"), ("huber", "bfloat16", "fast"), ("elu", "float16", "best")],
)
def test_nvcc_compiles_it(name: str, dtype: str, accuracy: str, tmp_path: Path) -> None:
    made = plan(chainrule.derive(name), "cuda", dtype=dtype)
    result = compiled(stored(made, dtype, accuracy, tmp_path))
    names = result.read_bytes()
    for symbol in (f"{name}_forward_launch", f"{name}_grad_launch"):
        assert symbol.encode() in names


def included(paths: Sequence[Path], folder: Path) -> Path:
    """One file for all, which takes nvcc less time than each."""
    whole = folder / "all.cu"
    lines = [f'#include "{path}"\n' for path in paths]
    whole.write_text("".join(lines), encoding="utf-8")
    return whole


@pytest.mark.slow
def test_nvcc_compiles_the_whole_catalogue(tmp_path: Path) -> None:
    plans = [plan(chainrule.derive(entry.name), "cuda") for entry in CATALOGUE]
    for dtype, accuracy in zip(DTYPES, ("best", "best", "fast", "fast"), strict=True):
        paths = [stored(made, dtype, accuracy, tmp_path) for made in plans]
        compiled(included(paths, tmp_path))


def test_fast_is_float32_throughout(tmp_path: Path) -> None:
    """A GPU has few units for float64."""
    derivation = chainrule.derive("sigmoid")
    written = write(derivation, "cuda", tmp_path, accuracy="fast")
    assert "double" not in written.text.partition("*/")[2]
    x = np.linspace(-110, 110, 100_001).astype(np.float32)
    exact = truth(derivation.derivative, derivation.variable, x, {})
    measured = measure(x, written.slopes(x), exact, written.fmt)
    assert measured.largest <= 2
    assert not measured.faults
    path = tmp_path / "sigmoid_alone.cu"
    path.write_text(written.text, encoding="utf-8")
    compiled(path)


def test_more_elements_than_threads(tmp_path: Path) -> None:
    written = write(chainrule.derive("relu"), "cuda", tmp_path)
    x = np.resize(np.arange(-3, 4, dtype=np.float32), 65536 * 256 + 1000)
    assert np.array_equal(written.forward(x), np.maximum(x, 0))


def test_no_elements_start_nothing(tmp_path: Path) -> None:
    written = write(chainrule.derive("relu"), "cuda", tmp_path)
    nowhere, none = ctypes.c_void_p(None), ctypes.c_size_t(0)
    assert written.module.relu_forward_launch(nowhere, nowhere, none, nowhere) == 0
    assert written.forward(np.empty(0, np.float32)).shape == (0,)
    assert "if (n == 0)" in written.text


def test_parameters_stay_parameters(tmp_path: Path) -> None:
    written = write(chainrule.derive("leaky_relu"), "cuda", tmp_path)
    x, out = np.full(3, -2, np.float32), np.empty(3, np.float32)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (x, x, out)]
    written.module.leaky_relu_grad_launch(
        *pointers, ctypes.c_size_t(3), ctypes.c_double(0.5), ctypes.c_void_p(None)
    )
    assert out.tolist() == [-1.0, -1.0, -1.0]


def test_names_that_cuda_has_are_not_taken() -> None:
    x, this, result = (Symbol(name) for name in ("x", "this", "result"))
    text = generate("cuda", *plan(chainrule.derive(this * x + result, x), "cuda"))
    assert "double result_, double this_" in text
