"""Loading functions from Python, from C and from chainrule itself, and what may go wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import version
from math import erf, exp, tau
from pathlib import Path

import numpy as np
import pytest

import chainrule
from chainrule.audit.frameworks.implementation import (
    LANES,
    Implementation,
    cpu,
    filled,
    load,
    targets,
)
from chainrule.errors import InputError
from chainrule.floats.formats import FORMATS, format_named
from chainrule.floats.inputs import stratified

OWN = """
import numpy as np

def silu(x):
    return x / (1 + np.exp(-x))

def silu_grad(x):
    s = 1 / (1 + np.exp(-x))
    return (s * (1 + x * (1 - s))).astype(x.dtype)

def elu_grad(x, upstream, alpha=1.0):
    return np.where(x > 0, upstream, upstream * alpha * np.exp(x)).astype(x.dtype)

def in_place(x):
    x *= 2
    return x

def shorter(x): return x[1:]
def total(x): return x.sum()
def double(x): return x.astype(np.float64)
def a_list(x): return x.tolist()
def all_nan(x): return x * np.nan
def raises(x): raise ZeroDivisionError("divided\\nby zero")
def positive_only(x):
    if (x <= 0).any():
        raise ValueError("there is a negative number")
    return 1 / x
"""

C = """
#include <stddef.h>
#include <stdint.h>
#define EACH for (size_t i = 0; i < n; i++) out[i] =
void slope(const float *x, float *out, size_t n) { EACH 2 * x[i]; }
void slope64(const double *x, double *out, size_t n) { EACH 3 * x[i]; }
void same(const uint16_t *x, uint16_t *out, size_t n) { EACH x[i]; }
void many(int k, float *out, const float *x, const float *upstream, float a, double b, size_t n)
{ EACH k * a * b * x[i] * upstream[i]; }
void crash(const float *x, float *out, size_t n) { *(volatile int *)0 = 0 * (x - out) + n; }
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module in the current directory."""
    name = f"own_functions_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return name


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    (folder / "own.c").write_text(C)
    path = folder / "libown.so"
    compiler = shutil.which("cc")
    assert compiler is not None
    subprocess.run([compiler, "-shared", "-fPIC", "-o", path, folder / "own.c"], check=True)
    return path


def printed(line: str, folder: Path) -> float:
    """What a reproduction prints in a process of its own."""
    done = subprocess.run([sys.executable, "-c", line], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def reproduces(implementation: Implementation, x: float, folder: Path) -> None:
    """Whether the lines print what the functions give."""
    at = np.full(5, x, implementation.format.dtype)
    for kind, function in implementation.functions().items():
        line = implementation.reproduction(float(at[0]), kind)
        assert "\n" not in line
        assert printed(line, folder) == float(function(at)[3]), line


# --- NumPy --------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [fmt.name for fmt in FORMATS])
def test_a_gradient_in_numpy(dtype: str, own: str, tmp_path: Path) -> None:
    found = load(f"numpy:{own}:silu_grad", dtype)
    assert found.forward is None
    assert found.gradient is not None
    x = np.linspace(-4, 4, 77).astype(format_named(dtype).dtype)
    with np.errstate(all="ignore"):
        s = 1 / (1 + np.exp(-x))
        assert (found.gradient(x) == (s * (1 + x * (1 - s)))).all()
    assert found.gradient(x).dtype == x.dtype
    assert found.gradient(x[:0]).shape == (0,)
    reproduces(found, 0.7, tmp_path)


def test_a_function_and_a_gradient_with_an_upstream_one(own: str, tmp_path: Path) -> None:
    found = load(f"numpy:{own}:silu,elu_grad(alpha=0.5)", "float32")
    assert found.forward is not None
    assert found.gradient is not None
    x = np.array([-1, 2], np.float32)
    assert found.gradient(x).tolist() == [np.float32(0.5) * np.exp(np.float32(-1)), 1]
    assert found.forward(x)[1] == np.float32(2) / (1 + np.exp(np.float32(-2)))
    reproduces(found, -1.25, tmp_path)


def test_inputs_are_not_written_to(own: str) -> None:
    found = load(f"numpy:{own}:in_place", "float32")
    assert found.gradient is not None
    x = np.ones(LANES, np.float32)
    assert (found.gradient(x) == 2).all()
    assert (x == 1).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shorter", r"has shape \(255,\) for inputs of shape \(256,\)"),
        ("total", "is no array but of type float32"),
        ("double", "has dtype float64 for inputs of dtype float32"),
        ("a_list", "is no array but of type list"),
        ("all_nan", "is NaN everywhere"),
        ("raises", "fails: ZeroDivisionError: divided$"),
        ("positive_only", "fails: ValueError: there is a negative number"),
        ("silu_grad(beta=1)", "fails: TypeError: .*unexpected keyword argument 'beta'"),
        ("nothing", r"there is no own_functions\w*.nothing"),
        ("silu_grda", r"there is no own_functions\w*.silu_grda"),
        ("np", "is no function but of type module"),
    ],
)
def test_functions_that_will_not_do(name: str, message: str, own: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load(f"numpy:{own}:{name}", "float32")
    if name == "silu_grda":
        assert caught.value.hint == f"did you mean numpy:{own}:silu_grad?"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("numpy:silu_grad", "names no function in a module"),
        ("numpy:silu:", "names no function in a module"),
        ("numpy:no_such_module:f", "there is no no_such_module.f"),
        (
            "numpy:nump.linalg:norm",
            "there is no nump.linalg.norm\ndid you mean numpy:numpy.linalg:n",
        ),
        (
            "numpy:numpy.linlag:norm",
            "there is no numpy.linlag\ndid you mean numpy:numpy.linalg:norm",
        ),
        ("c:libfoo.so", "names no function in a library"),
        ("c:./no_such_library.so:f", "there is no file ./no_such_library.so"),
        ("torch", "names no framework"),
    ],
)
def test_targets_that_name_nothing(target: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(target, "float32")


def test_unknown_dtypes_and_frameworks() -> None:
    with pytest.raises(InputError, match="unknown dtype 'float8'"):
        load("numpy:os:path", "float8")
    with pytest.raises(InputError, match="unknown framework 'tensorflow'"):
        targets("tensorflow")


# --- C ------------------------------------------------------------------------------------------
def test_functions_in_c(library: Path, tmp_path: Path) -> None:
    for name, dtype, factor in (("slope", "float32", 2), ("slope64", "float64", 3)):
        found = load(f"c:{library}:{name}", dtype)
        assert found.gradient is not None
        x = stratified(format_named(dtype), 1000)
        with np.errstate(over="ignore"):
            assert (found.gradient(x) == factor * x).all()
        reproduces(found, 0.1, tmp_path)
    assert found.versions[library.name].startswith("sha256 ")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_bit_patterns_in_c(dtype: str, library: Path, tmp_path: Path) -> None:
    found = load(f"c:{library}:same", dtype)
    assert found.gradient is not None
    x = stratified(format_named(dtype), 1000)
    assert (found.gradient(x) == x).all()
    reproduces(found, 0.1, tmp_path)


def test_arguments_in_any_order(library: Path, tmp_path: Path) -> None:
    call = "many(int(3), out, x, upstream, float(0.5), 4, n)"
    found = load(f"c:{library}:slope,{call}", "float32")
    assert found.gradient is not None
    x = np.array([1, -2], np.float32)
    assert found.gradient(x).tolist() == [6, -12]
    reproduces(found, 0.1, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("accuracy", ["best", "fast"])
def test_a_file_that_chainrule_wrote(accuracy: str, tmp_path: Path) -> None:
    file, path = tmp_path / "elu.c", tmp_path / "libelu.so"
    text = chainrule.code("elu", "c", accuracy=accuracy, save="input")
    file.write_text(text)
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", path, file, "-lm"], check=True)
    # "fast" computes in double where float32 has no form that is accurate enough.
    alpha = "2.0" if "double alpha" in text else "float(2)"
    names = f"elu_forward(x, out, n, {alpha}),elu_grad(x, upstream, out, n, {alpha})"
    found = load(f"c:{path}:{names}", "float32")
    assert found.gradient is not None
    assert found.forward is not None
    x = np.array([-0.5, 3], np.float32)
    assert found.gradient(x) == pytest.approx([2 * np.exp(-0.5), 1], rel=1e-6)
    assert found.forward(x) == pytest.approx([2 * np.expm1(-0.5), 3], rel=1e-6)
    reproduces(found, -0.3, tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("slpoe", "has no function slpoe"),
        ("slope(x, n)", "the arguments of slope are x, out"),
        ("slope(out=1)", "the arguments of slope are x, out"),
        ("slope(x, out, 'n')", "'n' is no double: ValueError"),
    ],
)
def test_what_a_library_lacks(name: str, message: str, library: Path) -> None:
    with pytest.raises(InputError, match=message):
        load(f"c:{library}:{name}", "float32")


def test_a_file_that_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "text.so").write_text("no library")
    with pytest.raises(InputError, match=r"text.so cannot be loaded: OSError: "):
        load(f"c:{tmp_path}/text.so:f", "float32")


def test_a_crash_ends_the_process_that_loads(library: Path) -> None:
    code = "from chainrule.audit.frameworks.implementation import load\n"
    code += f"load('c:{library}:crash', 'float32')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert done.returncode < 0


# --- our own ------------------------------------------------------------------------------------
def test_our_own_kernel() -> None:
    found = load("chainrule:huber(y=-2, delta=1.5)", "bfloat16")
    assert found.gradient is not None
    assert found.forward is not None
    x = np.array([-4, -2.5, -2, 0], format_named("bfloat16").dtype)
    assert found.gradient(x).tolist() == [-1.5, -0.5, 0, 1.5]
    assert found.forward(x).tolist() == [1.875, 0.125, 0, 1.875]
    assert found.versions["chainrule"] == version("chainrule")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "dtype", "slope"),
    [
        ("chainrule:gelu", "float32", erf(0.8 / 2**0.5) / 2 + 0.5 + 0.8 * exp(-0.32) / tau**0.5),
        ("chainrule:elu(alpha=0.5, accuracy='fast')", "float16", 1),
        ("chainrule:hard_shrink(lambda=0.25)", "bfloat16", 1),
        ("chainrule:3x^2", "float32", 4.8),
    ],
)
def test_our_own_kernels(target: str, dtype: str, slope: float, tmp_path: Path) -> None:
    found = load(target, dtype)
    assert found.gradient is not None
    x = np.full(70, 0.8, format_named(dtype).dtype)
    assert found.gradient(x).astype(float) == pytest.approx(slope, rel=2e-7 * 2**13)
    reproduces(found, 0.3, tmp_path)


# --- what is common -----------------------------------------------------------------------------
def test_blocks_are_filled_up() -> None:
    x = np.arange(1, 6, dtype=np.float32)
    assert filled(x).tolist() == [1, 2, 3, 4, 5, *[5] * (LANES - 5)]
    whole = np.ones(4 * LANES, np.float32)
    assert filled(whole) is whole
    assert len(filled(np.ones(3 * LANES, np.float32))) == 4 * LANES


def test_numbers_in_reproductions() -> None:
    found = Implementation("t", "float32", None, None, {}, {"forward": "f({x})"})
    assert found.reproduction(-0.0) == "f(-0.0)"
    assert found.reproduction(float("inf")) == "f(float('inf'))"
    assert found.reproduction(float(np.float32(0.1))) == "f(0.10000000149011612)"


def test_versions_are_recorded(own: str) -> None:
    found = load(f"numpy:{own}:silu_grad", "float32")
    assert found.versions.keys() >= {"python", "numpy", "cpu", "simd", "platform"}
    assert found.versions["numpy"] == np.__version__
    assert cpu()
