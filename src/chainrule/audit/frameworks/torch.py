"""PyTorch: `torch:nn.functional.silu`, `torch:nn.GELU(approximate='tanh')`, `torch:my.module.f`.

The gradient is autograd's. A path is looked for below `torch`
first, then among modules of the user's. A class is instantiated with the arguments of the target
and set to evaluation; a function gets them beside its input. What PyTorch wants as a tensor
(``TENSORS``) is given as a number, and a loss is not reduced.

Autograd keeps its graph for each thread: the functions may be called from several at a time. How
many threads an operation uses itself is left to the caller (``torch.set_num_threads``).

On a device blocks are copied there, and results back; a reproduction makes its tensor there.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np

from chainrule.audit.frameworks.implementation import (
    CPU,
    LANES,
    Array,
    Implementation,
    versions,
)
from chainrule.audit.frameworks.matching import (
    AuditedFormula,
    by_api,
    elementary,
    namespace,
    targets_of,
    to_dtype,
)
from chainrule.audit.frameworks.target import (
    TargetCall,
    arguments,
    callable_at,
    foreign,
    read_call,
    written,
)
from chainrule.errors import InputError, require

TENSORS = {
    **dict.fromkeys(("target", "input2", "var"), "torch.full_like(x, {})"),
    **dict.fromkeys(("weight", "pos_weight"), "x.new_tensor({})"),
}
"""Keywords that take tensors: as many elements as the input has, or one."""

AVERAGED = ("lower", "upper")
"""Keywords for numbers that are computed with in Python's own precision, before a kernel gets
what comes out."""


def load(target: str, rest: str, dtype: str, device: str = CPU) -> Implementation:
    """The target for blocks of ``dtype``. Errors as in ``implementation.load``."""
    require("frameworks", torch="PyTorch")
    import torch

    call = read_call(rest)
    found, module, name = callable_at(call.name, namespace("torch", "torch"))
    kind, where = getattr(torch, dtype), device_named(device)
    call = unreduced(found, call, target)
    function = _function(torch, found, call, kind, where)
    text = _text(found, call, f"{module}.{name}", dtype, device)

    def forward(values: Array) -> Array:
        with torch.no_grad():
            result = _is_tensor(torch, function(_tensor(torch, values, kind, where)), target)
            return _array(torch, result, values)

    def backward(values: Array, upstream: Array | None = None) -> Array:
        x = _tensor(torch, values, kind, where).requires_grad_()
        y = _is_tensor(torch, function(x), target)
        if not y.requires_grad:
            raise InputError(
                f"{target} cannot be differentiated: autograd knows of no way back to its input",
                hint="it has to compute with PyTorch's functions, without detach or .data",
            )
        above = torch.ones_like(y)
        if upstream is not None:
            above = _tensor(torch, upstream, kind, where)
        (slope,) = torch.autograd.grad(y, x, above, allow_unused=True)
        if slope is None:
            raise InputError(f"the result of {target} does not depend on its input")
        return _array(torch, slope, values)

    start = "import torch" if module.split(".")[0] == "torch" else f"import torch, {module}"
    there = f", device={device!r}" if device != CPU else ""
    x = f"x = torch.full(({LANES},), {{x}}, dtype=torch.{dtype}{there}"
    back = "y.backward(torch.ones_like(y)); print(x.grad[0].item())"
    return Implementation(
        label=target,
        dtype=dtype,
        gradient=backward,
        forward=forward,
        versions=versions("torch") | _versions_of(torch, where),
        calls={
            "gradient": f"{start}; {x}, requires_grad=True); y = {text}; {back}",
            "forward": f"{start}; {x}); print({text}[0].item())",
        },
        device=device,
        backward=backward,
        # Elsewhere the gaps are lost on the way.
        gaps=device == CPU,
    )


def device_named(name: str) -> Any:
    """The device, once a number has been there and back.

    Raises:
        InputError: there is none.
        MissingExtraError: PyTorch is not installed.
    """
    require("frameworks", torch="PyTorch")
    import torch

    try:
        found = torch.device(name)
        torch.zeros(1, device=found).cpu()
    # A build without CUDA asserts that it has it; other devices that are not there, and such as
    # hold no numbers, are RuntimeErrors and what is derived from that; a module for a device that
    # somebody else makes may be missing.
    except (RuntimeError, AssertionError, ImportError) as error:
        first = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")
        raise InputError(
            f"PyTorch {torch.__version__} cannot compute on {name!r} here: {first}",
            hint=f"devices that it has: {', '.join(_devices(torch))}",
        ) from error
    return found


def _devices(torch: ModuleType) -> list[str]:
    """The names of those that are there."""
    found = [CPU]
    if torch.accelerator.is_available():
        kind = torch.accelerator.current_accelerator().type
        found += [f"{kind}:{index}" for index in range(torch.accelerator.device_count())]
    return found


def _versions_of(torch: ModuleType, device: Any) -> dict[str, str]:
    """What results depend on beside PyTorch: the processor's instructions, or the device."""
    if device.type == CPU:
        return {"instructions": torch.backends.cpu.get_cpu_capability()}
    if device.type != "cuda":
        return {"device": device.type}
    # A build for AMD's devices calls them cuda too.
    library = {"cuda": torch.version.cuda} if torch.version.cuda else {"hip": torch.version.hip}
    return {"device": torch.cuda.get_device_name(device), **library}


def reference(rest: str, dtype: str) -> AuditedFormula | None:
    """What it computes.

    Tensors hold numbers of the dtype. Others are numbers of what its kernels compute in, which is
    float32 for shorter formats.
    """
    computed = dtype if dtype == "float64" else "float32"

    def rounding(keyword: str, value: Fraction) -> Fraction:
        if keyword in AVERAGED:
            return to_dtype(value, "float64")
        return to_dtype(value, dtype if keyword in TENSORS else computed)

    call = read_call(rest)
    own = call.name.removeprefix("special.")
    return by_api("torch", call, rounding) or elementary(call, own)


def targets() -> list[str]:
    """Everything of the catalogue that PyTorch has."""
    require("frameworks", torch="PyTorch")
    return targets_of("torch", "torch")


def unreduced(found: Any, call: TargetCall, target: str = "") -> TargetCall:
    """The call of a loss, with the values of all elements asked for.

    Raises:
        InputError: it is reduced to a number.
    """
    given = call.keywords.get("reduction")
    if given is not None and given != "none":
        raise InputError(
            f"{target} adds the losses of all elements up",
            hint="leave the reduction out: the loss of each element is audited",
        )
    try:
        known = inspect.signature(found).parameters
    except ValueError:
        # Built-in functions have no signature, and no reduction either.
        return call
    if "reduction" not in known:
        return call
    return replace(call, keywords={**call.keywords, "reduction": "none"})


def called(torch: ModuleType, found: Any, call: TargetCall, x: Any) -> Any:
    """The function of ``x`` and what the call gives it, numbers as tensors where it wants them."""
    given = {
        key: _as_tensor(torch, key, value, x) if key in TENSORS else value
        for key, value in call.keywords.items()
    }
    positional, keywords = arguments(call, x, given)
    return found(*positional, **keywords)


def _as_tensor(torch: ModuleType, keyword: str, value: object, x: Any) -> Any:
    if not isinstance(value, int | float):
        return value
    whole = TENSORS[keyword].startswith("torch.full_like")
    return torch.full_like(x, value) if whole else x.new_tensor(value)


def _function(torch: ModuleType, found: Any, call: TargetCall, kind: Any, device: Any) -> Any:
    if isinstance(found, type) and issubclass(found, torch.nn.Module):
        with foreign(f"{call.name} cannot be made"):
            module = found(*call.positional, **call.keywords)
        return module.eval().to(device, kind)
    return lambda x: called(torch, found, call, x)


def _text(found: Any, call: TargetCall, name: str, dtype: str, device: str) -> str:
    if isinstance(found, type):
        there = f"{device!r}, " if device != CPU else ""
        return f"{written(call, name, variable='')}.eval().to({there}torch.{dtype})(x)"
    spelled = {
        key: TENSORS[key].format(value)
        for key, value in call.keywords.items()
        if key in TENSORS and isinstance(value, int | float)
    }
    return written(call, name, spelled)


def _tensor(torch: ModuleType, values: Array, kind: Any, device: Any) -> Any:
    """The array as a tensor, on the CPU over the same memory; bfloat16 goes by its patterns."""
    patterns = kind is torch.bfloat16
    tensor = torch.from_numpy(values.view(np.int16) if patterns else values).to(device)
    return tensor.view(kind) if patterns else tensor


def _is_tensor(torch: ModuleType, result: Any, target: str) -> Any:
    if not isinstance(result, torch.Tensor):
        raise InputError(f"the result of {target} is no tensor but of type {type(result).__name__}")
    return result


def _array(torch: ModuleType, tensor: Any, values: Array) -> Array:
    found = tensor.detach().contiguous().cpu()
    if found.dtype is torch.bfloat16:
        array: Array = found.view(torch.int16).numpy()
        return array.view(values.dtype) if values.dtype.name == "bfloat16" else array
    return np.asarray(found.numpy())
