"""JAX: `jax:nn.gelu(approximate=False)`, `jax:numpy.sinh`, `jax:my.module.f`.

The gradient is that of reverse mode, `jit` of a vector-Jacobian product with ones, which gives
to the last bit what `jit(vmap(grad(f)))` gives and trains with; forward mode (`jvp`) orders the
same operations otherwise, and may round otherwise.

Double precision is switched on for float64 only, and only while its functions run: the setting
is that of the thread, and nothing changes for other dtypes.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from typing import Any

import numpy as np

from chainrule.audit.formats import format_named
from chainrule.audit.frameworks.implementation import LANES, Array, Implementation, versions
from chainrule.audit.frameworks.matching import (
    Reference,
    by_api,
    elementary,
    namespace,
    targets_of,
    to_dtype,
)
from chainrule.audit.frameworks.target import arguments, callable_at, read_call, written
from chainrule.errors import InputError, require

_ELEMENTARY = ("numpy.", "lax.", "scipy.special.")


def load(target: str, rest: str, dtype: str) -> Implementation:
    """The target for blocks of ``dtype``. Errors as in ``implementation.load``."""
    require("frameworks", jax="JAX")
    import jax

    call = read_call(rest)
    found, module, name = callable_at(call.name, namespace("jax", "jax"))

    def function(x: Any) -> Any:
        positional, keywords = arguments(call, x, call.keywords)
        return found(*positional, **keywords)

    def slope(x: Any) -> Any:
        y, back = jax.vjp(function, x)
        if y.shape != x.shape:
            raise InputError(f"{target} gives shape {y.shape} for an input of shape {x.shape}")
        return back(jax.numpy.ones_like(y))[0]

    double = dtype == "float64"
    text = written(call, f"{module}.{name}")
    modules = ("jax",) if module.split(".")[0] == "jax" else ("jax", module)
    start = f"import {', '.join(modules)}"
    if double:
        start += "; jax.config.update('jax_enable_x64', True)"
    x = f"x = jax.numpy.full({LANES}, {{x}}, jax.numpy.{dtype})"
    return Implementation(
        label=target,
        dtype=dtype,
        gradient=_compiled(jax, slope, double),
        forward=_compiled(jax, function, double),
        versions=versions("jax", "jaxlib"),
        calls={
            "gradient": f"{start}; {x}; f = jax.jit(jax.vmap(jax.grad(lambda x: {text}))); "
            "print(float(f(x)[0]))",
            "forward": f"{start}; {x}; f = jax.jit(lambda x: {text}); print(float(f(x)[0]))",
        },
        flushes=_flushes(jax, dtype, double),
    )


def reference(rest: str, dtype: str) -> Reference | None:
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


def _flushes(jax: Any, dtype: str, double: bool) -> bool:
    """Whether XLA takes subnormal numbers for 0, which it does on a processor, but for float16."""
    form = format_named(dtype)
    least = np.full(LANES, form.smallest).astype(form.dtype)
    doubled = _compiled(jax, lambda x: x + x, double)(least)
    return not doubled.astype(np.float64).any()


def _compiled(jax: Any, function: Any, double: bool) -> Any:
    compiled = jax.jit(function)

    def run(values: Array) -> Array:
        precision: AbstractContextManager[Any] = jax.enable_x64(True) if double else nullcontext()
        with precision:
            return np.asarray(compiled(values))

    return run
