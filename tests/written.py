"""Files of every target, made and run: what they compute for NumPy arrays."""

from __future__ import annotations

import ctypes
import importlib.util
import multiprocessing
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt

from chainrule.codegen.generate import generate
from chainrule.deriving.derivation import Derivation
from chainrule.floats.formats import Format, format_named
from chainrule.floats.inputs import stratified, usual
from chainrule.floats.truth import truth
from chainrule.floats.ulp import Truth
from chainrule.forms.plan import Plan, plan
from chainrule.program.targets import TARGETS

Array = npt.NDArray[Any]

FUNCTIONS = (
    *("sigmoid", "tanh", "silu", "gelu", "softplus", "mish", "elu", "relu", "hardswish"),
    *("leaky_relu", "huber", "x^x"),
)
OTHERS = {"huber": Fraction(1, 4)}
"""The value of the other arguments, where there are some."""

TIES = [
    ("x (1 + 2^-8 + 2^-40)", "bfloat16", 1 + 2**-7),
    ("x (1 + 3*2^-8 - 2^-40)", "bfloat16", 1 + 2**-7),
    ("x (1 + 2^-11 + 2^-40)", "float16", 1 + 2**-10),
    ("x (1 + 3*2^-11 - 2^-40)", "float16", 1 + 2**-10),
]
"""Formulas whose value at 1 float32 would make a tie, a dtype, and the value rounded once."""

WARNINGS = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Werror")
_numbers = count()


@dataclass(frozen=True)
class Written:
    """A file that has been made, and its two functions.

    The gradient takes what is saved, then the upstream gradient. Other arguments and
    parameters are filled in. Where a framework differentiates it takes the input instead.
    """

    text: str
    plan: Plan
    fmt: Format
    forward: Callable[[Array], Array]
    gradient: Callable[..., Array]
    module: Any = None
    traced: bool = False

    def slopes(self, x: Array, upstream: float = 1.0) -> Array:
        """The gradient at x, by way of the output if that is what is saved."""
        spec = self.plan.spec
        if self.traced:
            return self.gradient(x, np.full_like(x, upstream))
        known = {spec.variable: x, spec.output: self.forward(x) if spec.output in spec.saved else x}
        return self.gradient(*(known[s] for s in spec.saved), np.full_like(x, upstream))


def write(
    derivation: Derivation,
    target: str,
    folder: Path,
    other: Fraction | None = None,
    made: Plan | None = None,
    **options: str,
) -> Written:
    """The file for a target, loaded; ``made`` is what to write if it is known already."""
    made = made or plan(derivation, target, **options)
    text = generate(target, *made)
    fmt = format_named(made.spec.dtype)
    path = folder / f"made_{next(_numbers)}{TARGETS[target].ending}"
    path.write_text(text, encoding="utf-8")
    forward, gradient, module = _RUNNERS[target](path, made, fmt, other)
    return Written(text, made, fmt, forward, gradient, module, target in ("jax", "torch"))


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _numpy(path: Path, made: Plan, fmt: Format, other: Fraction | None) -> tuple[Any, Any, Any]:
    module = load(path)
    name = made.spec.name
    more = () if other is None else (float(other),) * len(made.spec.others)
    return (
        lambda x: getattr(module, name)(x, *more),
        lambda *given: getattr(module, f"{name}_grad")(*given, *more),
        module,
    )


def _c(path: Path, made: Plan, fmt: Format, other: Fraction | None) -> tuple[Any, Any, Any]:
    library = path.with_suffix(".so")
    subprocess.run(["gcc", *WARNINGS, "-shared", "-fPIC", "-o", library, path, "-lm"], check=True)
    return _of_library(library, made, fmt, other)


def _of_library(
    library: Path,
    made: Plan,
    fmt: Format,
    other: Fraction | None,
    ending: str = "",
    more: Sequence[Any] = (),
) -> tuple[Any, Any, Any]:
    """The functions NAME_forward and NAME_grad in C's way, whose names have a certain ending."""
    loaded = ctypes.CDLL(str(library))
    spec = made.spec
    real = ctypes.c_double if spec.double else ctypes.c_float

    def call(name: str, arrays: list[Array]) -> Array:
        if other is not None:
            arrays = [*arrays, *[np.full_like(arrays[0], float(other))] * len(spec.others)]
        arrays = [np.ascontiguousarray(array, fmt.dtype) for array in arrays]
        out = np.empty_like(arrays[0])
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (*arrays, out)]
        numbers = [real(float(v)) for _, v in spec.parameters if v is not None]
        getattr(loaded, name + ending)(*pointers, ctypes.c_size_t(out.size), *numbers, *more)
        return out

    return (
        lambda x: call(f"{spec.name}_forward", [x]),
        lambda *given: call(f"{spec.name}_grad", list(given)),
        loaded,
    )


def toolkit() -> Path | None:
    """The folder of the CUDA toolkit that pip installs, with nvcc and headers, if it is there."""
    spec = importlib.util.find_spec("nvidia")
    for place in (spec.submodule_search_locations or []) if spec is not None else []:
        if (Path(place) / "cu13/bin/nvcc").exists():
            return Path(place) / "cu13"
    return None


def _cuda(path: Path, made: Plan, fmt: Format, other: Fraction | None) -> tuple[Any, Any, Any]:
    library = emulated(path)
    return _of_library(library, made, fmt, other, "_launch", [ctypes.c_void_p(None)])


def emulated(path: Path) -> Path:
    """A library of a whole CUDA file for the CPU, kernels and launchers: see emulation.h."""
    text = re.sub(
        r"(\w+)<<<(.+), (\d+), 0, (\w+)>>>\(([^;]*)\);",
        r"emulated(\2, \3, \4, [&] { \1(\5); });",
        path.read_text(encoding="utf-8"),
    )
    source, library = path.with_suffix(".cpp"), path.with_suffix(".cuda.so")
    source.write_text(text, encoding="utf-8")
    root = toolkit()
    assert root is not None
    headers = root / "include"
    shim = Path(__file__).with_name("emulation.h")
    command = ["g++", "-std=c++17", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
    command += ["-isystem", str(headers), "-isystem", str(headers / "cccl"), "-include", str(shim)]
    subprocess.run([*command, "-shared", "-fPIC", "-o", library, source], check=True)
    return library


def _jax(path: Path, made: Plan, fmt: Format, other: Fraction | None) -> tuple[Any, Any, Any]:
    import jax

    module = load(path)
    function = getattr(module, made.spec.name)
    more = () if other is None else (float(other),)

    def gradient(*given: Array) -> Array:
        x, upstream = given[0], given[-1]
        _, back = jax.vjp(lambda x: function(x, *more), jax.numpy.asarray(x))
        return np.asarray(back(jax.numpy.asarray(upstream))[0])

    return lambda x: np.asarray(function(x, *more)), gradient, module


def _torch(path: Path, made: Plan, fmt: Format, other: Fraction | None) -> tuple[Any, Any, Any]:
    import torch

    module = load(path)
    function = getattr(module, made.spec.name)
    short = fmt.name == "bfloat16"

    def tensor(array: Array) -> Any:
        if short:
            return torch.from_numpy(array.astype(np.float32)).bfloat16()
        return torch.from_numpy(np.ascontiguousarray(array))

    def back(found: Any) -> Array:
        plain: Array = found.float().numpy() if short else found.numpy()
        return plain.astype(fmt.dtype)

    def forward(x: Array) -> Array:
        t = tensor(x)
        more = () if other is None else (torch.full_like(t, float(other)),)
        return back(function(t, *more))

    def gradient(*given: Array) -> Array:
        t = tensor(given[0]).requires_grad_()
        more = () if other is None else (torch.full_like(t.detach(), float(other)),)
        function(t, *more).backward(tensor(given[-1]))
        return back(t.grad)

    return forward, gradient, module


def _triton(path: Path, made: Plan, fmt: Format, other: Fraction | None) -> tuple[Any, Any, Any]:
    name = made.spec.name

    def call(function: str, arrays: list[Array]) -> Array:
        if other is not None:
            arrays = [*arrays, *[np.full_like(arrays[0], float(other))] * len(made.spec.others)]
        return interpreted(path, function, arrays)

    return lambda x: call(name, [x]), lambda *given: call(f"{name}_grad", list(given)), None


def interpreted(path: Path, function: str, arrays: Sequence[Array], **numbers: float) -> Array:
    """What a function of a file gives in Triton's interpreter."""
    result: Array = _interpreter().submit(_on_tensors, path, function, arrays, numbers).result()
    return result


@cache
def _interpreter() -> ProcessPoolExecutor:
    """Another process: Triton wants to be told when it is imported."""
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    with mock.patch.dict(os.environ, TRITON_INTERPRET="1"):
        pool.submit(int).result()
    return pool


_loaded = cache(load)


def _on_tensors(
    path: Path, function: str, arrays: Sequence[Array], numbers: dict[str, float]
) -> Array:
    import torch

    def tensor(array: Array) -> torch.Tensor:
        if array.dtype.name == "bfloat16":
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(array)

    with np.errstate(all="ignore"):
        found = getattr(_loaded(path), function)(*map(tensor, arrays), **numbers)
    if found.dtype == torch.bfloat16:
        plain: Array = found.view(torch.int16).numpy()
        return plain.view(format_named("bfloat16").dtype)
    whole: Array = found.numpy()
    return whole


_RUNNERS = {
    **{"numpy": _numpy, "numba": _numpy, "c": _c, "cuda": _cuda},
    **{"jax": _jax, "torch": _torch, "triton": _triton},
}


def sample(fmt: Format, size: int = 800) -> Array:
    """Inputs over the whole format, and as many of everyday size."""
    return np.concatenate([stratified(fmt, size), usual(fmt, size)])


def truths(derivation: Derivation, made: Plan, x: Array, other: Fraction | None) -> list[Truth]:
    """The function and its derivative at x, for the parameters as the file stores them."""
    spec = made.spec
    work = np.float64 if spec.double else np.float32
    fixed = {s: Fraction(float(work(float(v)))) for s, v in spec.parameters if v is not None}
    if other is not None:
        fixed |= dict.fromkeys(spec.others, other)
    exprs = (derivation.function, derivation.derivative)
    return [truth(expr, spec.variable, x, fixed) for expr in exprs]


def formatted(folder: Path) -> None:
    """Whether the files are as ruff wants them, by its own defaults, or clang-format."""
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", folder],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout
    others = [path for path in folder.iterdir() if path.suffix in (".c", ".cu")]
    clang_format = Path(sys.executable).with_name("clang-format")
    command = [clang_format, "--style=WebKit", "--dry-run", "--Werror", *others]
    assert not others or subprocess.run(command).returncode == 0
