"""PyTorch: `torch:nn.functional.silu`, `torch:nn.GELU(approximate='tanh')`, `torch:my.module.f`.

The gradient is autograd's, for an upstream gradient of ones. A path is looked for below `torch`
first, then among modules of the user's. A class is instantiated with the arguments of the target
and set to evaluation; a function gets them beside its input. What PyTorch wants as a tensor
(``TENSORS``) is given as a number, and a loss is not reduced.

Autograd keeps its graph for each thread: the functions may be called from several at a time. How
many threads an operation uses itself is left to the caller (``torch.set_num_threads``).
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np

from chainrule.audit.frameworks.implementation import LANES, Array, Implementation, versions
from chainrule.audit.frameworks.matching import (
    Reference,
    by_api,
    elementary,
    namespace,
    targets_of,
    to_dtype,
)
from chainrule.audit.frameworks.target import (
    Call,
    arguments,
    callable_at,
    foreign,
    read_call,
    written,
)
from chainrule.errors import InputError, require

TENSORS = {
    **dict.fromkeys(("target", "input2", "var"), "torch.full_like(x, {})"),
    **dict.fromkeys(("weight", "pos_weight"), "torch.tensor({}, dtype=x.dtype)"),
}
"""Keywords that take tensors: as many elements as the input has, or one."""

AVERAGED = ("lower", "upper")
"""Keywords for numbers that are computed with in Python's own precision, before a kernel gets
what comes out."""


def load(target: str, rest: str, dtype: str) -> Implementation:
    """The target for blocks of ``dtype``. Errors as in ``implementation.load``."""
    require("frameworks", torch="PyTorch")
    import torch

    call = read_call(rest)
    found, module, name = callable_at(call.name, namespace("torch", "torch"))
    kind = getattr(torch, dtype)
    call = unreduced(found, call, target)
    function = _function(torch, found, call, kind)
    text = _text(found, call, f"{module}.{name}", dtype)

    def forward(values: Array) -> Array:
        with torch.no_grad():
            result = _is_tensor(torch, function(_tensor(torch, values, kind)), target)
            return _array(torch, result, values)

    def gradient(values: Array) -> Array:
        x = _tensor(torch, values, kind).requires_grad_()
        y = _is_tensor(torch, function(x), target)
        if not y.requires_grad:
            raise InputError(
                f"{target} cannot be differentiated: autograd knows of no way back to its input",
                hint="it has to compute with PyTorch's functions, without detach or .data",
            )
        (slope,) = torch.autograd.grad(y, x, torch.ones_like(y), allow_unused=True)
        if slope is None:
            raise InputError(f"the result of {target} does not depend on its input")
        return _array(torch, slope, values)

    start = "import torch" if module.split(".")[0] == "torch" else f"import torch, {module}"
    x = f"x = torch.full(({LANES},), {{x}}, dtype=torch.{dtype}"
    back = "y.backward(torch.ones_like(y)); print(x.grad[0].item())"
    return Implementation(
        label=target,
        dtype=dtype,
        gradient=gradient,
        forward=forward,
        versions=versions("torch") | {"instructions": torch.backends.cpu.get_cpu_capability()},
        calls={
            "gradient": f"{start}; {x}, requires_grad=True); y = {text}; {back}",
            "forward": f"{start}; {x}); print({text}[0].item())",
        },
    )


def reference(rest: str, dtype: str) -> Reference | None:
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


def unreduced(found: Any, call: Call, target: str = "") -> Call:
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


def called(torch: ModuleType, found: Any, call: Call, x: Any) -> Any:
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
    return torch.full_like(x, value) if whole else torch.tensor(value, dtype=x.dtype)


def _function(torch: ModuleType, found: Any, call: Call, kind: Any) -> Any:
    if isinstance(found, type) and issubclass(found, torch.nn.Module):
        with foreign(f"{call.name} cannot be made"):
            module = found(*call.positional, **call.keywords)
        return module.eval().to(kind)
    return lambda x: called(torch, found, call, x)


def _text(found: Any, call: Call, name: str, dtype: str) -> str:
    if isinstance(found, type):
        return f"{written(call, name, variable='')}.eval().to(torch.{dtype})(x)"
    spelled = {
        key: TENSORS[key].format(value)
        for key, value in call.keywords.items()
        if key in TENSORS and isinstance(value, int | float)
    }
    return written(call, name, spelled)


def _tensor(torch: ModuleType, values: Array, kind: Any) -> Any:
    """The array as a tensor over the same memory; bfloat16 goes by its bit patterns."""
    if kind is torch.bfloat16:
        return torch.from_numpy(values.view(np.int16)).view(kind)
    return torch.from_numpy(values)


def _is_tensor(torch: ModuleType, result: Any, target: str) -> Any:
    if not isinstance(result, torch.Tensor):
        raise InputError(f"the result of {target} is no tensor but of type {type(result).__name__}")
    return result


def _array(torch: ModuleType, tensor: Any, values: Array) -> Array:
    found = tensor.detach().contiguous()
    if found.dtype is torch.bfloat16:
        array: Array = found.view(torch.int16).numpy()
        return array.view(values.dtype) if values.dtype.name == "bfloat16" else array
    return np.asarray(found.numpy())
