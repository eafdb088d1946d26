"""How the files of each target are called for NumPy arrays: function and gradient on a device."""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from bench.gpu.cases import Array, Case
from chainrule.floats.formats import Format

Both = Callable[[Array, float], tuple[Array, Array]]
"""From inputs and the upstream gradient at all of them to the function and the gradient."""


def caller(folder: Path, case: Case, device: str) -> Both:
    """How a case is called."""
    if case.target == "jax":
        return _by_jax(folder, case, device)
    if case.target == "torch":
        return _by_torch(folder, case, device)
    call = {"cuda": cuda, "triton": triton}[case.target](folder, case, device)
    return _by_kernels(case, call, device)


def load(path: Path) -> ModuleType:
    """A file as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


# --- tensors ------------------------------------------------------------------------------------
def tensor(array: Array, device: str) -> Any:
    """A tensor of a NumPy array; NumPy's bfloat16 is unknown to PyTorch."""
    import torch

    array = np.ascontiguousarray(array)
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16).to(device)
    return torch.from_numpy(array).to(device)


def array(found: Any, fmt: Format) -> Array:
    """The NumPy array of a tensor, which must have the dtype."""
    import torch

    assert found.dtype == getattr(torch, fmt.name), found.dtype
    found = found.detach().contiguous().cpu()
    if fmt.name == "bfloat16":
        plain: Array = found.view(torch.int16).numpy().view(fmt.dtype)
        return plain
    whole: Array = found.numpy()
    return whole


Kernel = Callable[[str, Sequence[Any]], Any]
"""From "forward" or "grad", and tensors, to a new tensor."""


def _by_kernels(case: Case, call: Kernel, device: str) -> Both:
    import torch

    def both(x: Array, upstream: float) -> tuple[Array, Array]:
        given = tensor(x, device)
        others = [torch.full_like(given, value) for value in case.others]
        value = call("forward", [given, *others])
        saved = [{"input": given, "output": value}[kind] for kind in case.saved]
        slopes = call("grad", [*saved, torch.full_like(given, upstream), *others])
        if device == "cuda":
            torch.cuda.synchronize()
        return array(value, case.fmt), array(slopes, case.fmt)

    return both


def cuda(folder: Path, case: Case, device: str) -> Kernel:
    """The functions that launch the kernels, in a shared library."""
    import torch

    library = _library(folder / case.file)
    real = ctypes.c_double if case.double else ctypes.c_float
    numbers = [real(value) for value in case.numbers]
    launch = {kind: library[f"{case.function}_{kind}_launch"] for kind in ("forward", "grad")}

    def call(kind: str, tensors: Sequence[Any]) -> Any:
        out = torch.empty_like(tensors[0])
        stream = torch.cuda.current_stream().cuda_stream if device == "cuda" else None
        pointers = [ctypes.c_void_p(t.data_ptr()) for t in (*tensors, out)]
        size = ctypes.c_size_t(out.numel())
        code = launch[kind](*pointers, size, *numbers, ctypes.c_void_p(stream))
        if code != 0:
            raise RuntimeError(f"cudaError {code} when {case.function}_{kind} was launched")
        return out

    return call


@cache
def _library(path: Path) -> ctypes.CDLL:
    return ctypes.CDLL(str(path))


def triton(folder: Path, case: Case, device: str) -> Kernel:
    """The functions of a file for Triton."""
    module = load(folder / case.file)
    names = {"forward": case.function, "grad": f"{case.function}_grad"}
    return lambda kind, tensors: getattr(module, names[kind])(*tensors)


# --- by autograd --------------------------------------------------------------------------------
def _by_torch(folder: Path, case: Case, device: str) -> Both:
    import torch

    function = getattr(load(folder / case.file), case.function)

    def both(x: Array, upstream: float) -> tuple[Array, Array]:
        given = tensor(x, device).requires_grad_()
        others = [torch.full_like(given.detach(), value) for value in case.others]
        value = function(given, *others)
        value.backward(torch.full_like(value, upstream))
        return array(value, case.fmt), array(given.grad, case.fmt)

    return both


def _by_jax(folder: Path, case: Case, device: str) -> Both:
    import jax

    function = getattr(load(folder / case.file), case.function)
    place = jax.devices("cpu" if device == "cpu" else "gpu")[0]

    @jax.jit
    def vjp(x: Any, upstream: Any) -> Any:
        value, back = jax.vjp(lambda x: function(x, *case.others), x)
        return value, back(upstream)[0]

    def both(x: Array, upstream: float) -> tuple[Array, Array]:
        given = [jax.device_put(a, place) for a in (x, np.full_like(x, upstream))]
        value, slopes = vjp(*given)
        assert value.devices() == {place}, value.devices()
        return np.array(value), np.array(slopes)

    return both
