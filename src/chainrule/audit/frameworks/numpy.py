"""NumPy and anything else in Python: `numpy:package.module:my_grad`.

`my_grad` takes an array of x and gives the array of gradients; after a comma before it may stand
the function itself, `numpy:package.module:my_function,my_grad`. One that needs two arrays takes
an upstream gradient too, as those of `chainrule code --target numpy` do, and gets ones. Further
arguments are given as literals: `numpy:module:my_grad(alpha=0.5)`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.audit.frameworks.implementation import (
    LANES,
    Array,
    Backward,
    Computed,
    Implementation,
    imports,
    numpy_type,
    versions,
    with_ones,
)
from chainrule.audit.frameworks.matching import AuditedFormula
from chainrule.audit.frameworks.target import (
    VARIABLE,
    Namespace,
    TargetCall,
    Word,
    arguments,
    callable_at,
    read_call,
    split_pair,
    written,
)
from chainrule.errors import InputError

_UPSTREAM = Word("upstream")
_ONES = "numpy.ones_like(x)"


def load(target: str, rest: str, dtype: str) -> Implementation:
    """The target for blocks of ``dtype``. Errors as in ``implementation.load``."""
    module, colon, names = rest.partition(":")
    if not colon or not names:
        raise InputError(
            f"{target} names no function in a module", hint="as in numpy:package.module:my_grad"
        )
    functions: dict[Computed, Any] = {}
    backward: Backward | None = None
    calls: dict[Computed, str] = {}
    for kind, text in split_pair(names).items():
        call = read_call(text)
        found, where, name = callable_at(f"{module}.{call.name}", Namespace(target=_target(module)))
        call = _with_upstream(found, call)
        run = _function(found, call)
        functions[kind] = with_ones(run)
        if kind == "gradient" and _UPSTREAM in call.positional:
            backward = run
        x = f"x = numpy.full({LANES}, {{x}}, {numpy_type(dtype)})"
        shown = written(call, f"{where}.{name}").replace("=upstream", f"={_ONES}")
        shown = shown.replace("(x, upstream", f"(x, {_ONES}")
        calls[kind] = f"{imports(dtype, 'numpy', where)}; {x}; print(float({shown}[0]))"
    return Implementation(
        label=target,
        dtype=dtype,
        gradient=functions.get("gradient"),
        forward=functions.get("forward"),
        versions=versions(),
        calls=calls,
        backward=backward,
        gaps=True,
    )


def reference(rest: str, dtype: str) -> AuditedFormula | None:
    """Nobody knows what a function of the user's is to compute."""
    return None


def targets() -> list[str]:
    """None: these are the user's."""
    return []


def _target(module: str) -> Callable[[str], str]:
    """From a dotted path to a target, for modules at the depth of this one."""
    depth = module.count(".") + 1

    def written(path: str) -> str:
        parts = path.split(".")
        return f"numpy:{'.'.join(parts[:depth])}:{'.'.join(parts[depth:])}"

    return written


def _with_upstream(found: Any, call: TargetCall) -> TargetCall:
    """The call with a second array, if the function needs one that it is not given."""
    try:
        parameters = inspect.signature(found).parameters.values()
    except (ValueError, TypeError):
        return call
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p for p in parameters if p.kind in positional and p.default is p.empty]
    missing = [p.name for p in needed if p.name not in call.keywords]
    if len(missing) != 2 or call.positional:
        return call
    return TargetCall(call.name, (VARIABLE, _UPSTREAM), call.keywords)


def _function(found: Any, call: TargetCall) -> Any:
    def run(values: Array, upstream: Array) -> Any:
        positional, keywords = arguments(call, _copied(values), call.keywords)
        positional = [_copied(upstream) if isinstance(a, Word) else a for a in positional]
        return found(*positional, **keywords)

    return run


def _copied(values: Array) -> Array:
    """A copy with the same gaps: the function may work in place."""
    apart = values.strides[0] // values.itemsize
    return np.repeat(values, apart)[::apart] if apart > 1 else values.copy()
