"""JAX: `jax:nn.gelu(approximate=False)`, `jax:numpy.sinh`, `jax:my.module.f`.

The gradient is that of reverse mode, `jit` of a vector-Jacobian product with ones, which gives
to the last bit what `jit(vmap(grad(f)))` gives and trains with; forward mode (`jvp`) orders the
same operations otherwise, and may round otherwise.

The device is the CPU if no other is asked for, also where JAX would take another one by itself.

Double precision is switched on for float64 only, and only while its functions run: the setting
is that of the thread, and nothing changes for other dtypes.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
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
from chainrule.audit.frameworks.target import arguments, callable_at, read_call, written
from chainrule.errors import InputError, require
from chainrule.floats.formats import format_named

_ELEMENTARY = ("numpy.", "lax.", "scipy.special.")


def load(target: str, rest: str, dtype: str, device: str = CPU) -> Implementation:
    """The target for blocks of ``dtype``. Errors as in ``implementation.load``."""
    require("frameworks", jax="JAX")
    import jax

    call, where = read_call(rest), device_named(device)
    found, module, name = callable_at(call.name, namespace("jax", "jax"))

    def function(x: Any) -> Any:
        positional, keywords = arguments(call, x, call.keywords)
        return found(*positional, **keywords)

    def backward(x: Any, upstream: Any) -> Any:
        y, back = jax.vjp(function, x)
        if y.shape != x.shape:
            raise InputError(f"{target} gives shape {y.shape} for an input of shape {x.shape}")
        return back(jax.numpy.asarray(upstream, y.dtype))[0]

    def slope(x: Any) -> Any:
        return backward(x, jax.numpy.ones_like(x))

    double = dtype == "float64"
    text = written(call, f"{module}.{name}")
    modules = ("jax",) if module.split(".")[0] == "jax" else ("jax", module)
    start = f"import {', '.join(modules)}"
    if double:
        start += "; jax.config.update('jax_enable_x64', True)"
    platform, number = _parts(device)
    usual = device == CPU and where == jax.devices()[0]
    there = "" if usual else f", device=jax.devices({platform!r})[{number}]"
    x = f"x = jax.numpy.full({LANES}, {{x}}, jax.numpy.{dtype}{there})"
    return Implementation(
        label=target,
        dtype=dtype,
        gradient=_compiled(jax, slope, double, where),
        forward=_compiled(jax, function, double, where),
        versions=versions("jax", "jaxlib") | _versions_of(where),
        calls={
            "gradient": f"{start}; {x}; f = jax.jit(jax.vmap(jax.grad(lambda x: {text}))); "
            "print(float(f(x)[0]))",
            "forward": f"{start}; {x}; f = jax.jit(lambda x: {text}); print(float(f(x)[0]))",
        },
        flushes=_flushes(jax, dtype, double, where),
        device=device,
        backward=_compiled(jax, backward, double, where),
        compiles=True,
    )


def device_named(name: str) -> Any:
    """The device: "cuda", "gpu", "tpu" or "cpu", of several the first unless as in "cuda:1".

    Several processes share one: none takes all of its memory, as JAX does when it starts.

    Raises:
        InputError: there is none.
        MissingExtraError: JAX is not installed.
    """
    require("frameworks", jax="JAX")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import jax

    platform, number = _parts(name)
    some = _devices(jax, platform)
    if not number.isdecimal() or int(number) >= len(some):
        known = [*_devices(jax, CPU)[:1], *_devices(jax, None)]
        names = dict.fromkeys(f"{one.platform}:{one.local_hardware_id or 0}" for one in known)
        raise InputError(
            f"JAX {jax.__version__} has no device {name!r} here",
            hint=f"devices that it has: {', '.join(names)}",
        )
    return some[int(number)]


def _devices(jax: Any, platform: str | None) -> list[Any]:
    """Those of a platform, none if there is no such; of the usual one if it is ``None``."""
    if platform == "":
        return []
    try:
        return list(jax.devices(platform))
    except RuntimeError:
        return []


def _parts(name: str) -> tuple[str, str]:
    """ "cuda:1" as platform and number, which is "0" where it is left out."""
    platform, colon, number = name.partition(":")
    return platform, number if colon else "0"


def _versions_of(device: Any) -> dict[str, str]:
    """What results depend on beside JAX, on a device."""
    if device.platform == CPU:
        return {}
    backend = " ".join(device.client.platform_version.split())
    return {"device": device.device_kind, "backend": backend}


def reference(rest: str, dtype: str) -> AuditedFormula | None:
    """What it computes. A number beside an array becomes one of the array's dtype."""

    def rounding(keyword: str, value: Fraction) -> Fraction:
        return to_dtype(value, dtype)

    call = read_call(rest)
    own = next((call.name.removeprefix(p) for p in _ELEMENTARY if call.name.startswith(p)), "")
    return by_api("jax", call, rounding) or elementary(call, own)


def targets() -> list[str]:
    """Everything of the catalogue that JAX has."""
    require("frameworks", jax="JAX")
    return targets_of("jax", "jax")


def _flushes(jax: Any, dtype: str, double: bool, device: Any) -> bool:
    """Whether XLA takes subnormal numbers for 0, which it does on a processor, but for float16."""
    fmt = format_named(dtype)
    least = np.full(LANES, fmt.smallest).astype(fmt.dtype)
    doubled = _compiled(jax, lambda x: x + x, double, device)(least)
    return not doubled.astype(np.float64).any()


def _compiled(jax: Any, function: Any, double: bool, device: Any) -> Any:
    compiled = jax.jit(function)

    def run(*arrays: Array) -> Array:
        precision: AbstractContextManager[Any] = jax.enable_x64(True) if double else nullcontext()
        with precision:
            return np.asarray(compiled(*[jax.device_put(array, device) for array in arrays]))

    return run
