"""Somebody's function and gradient, ready to be called with blocks of inputs.

The frameworks are modules here with three functions each: ``load``, ``reference`` and ``targets``.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chainrule.audit.frameworks.matching import AuditedFormula, Domain, domain_of
from chainrule.audit.frameworks.target import foreign, split
from chainrule.errors import InputError
from chainrule.floats.formats import Format, format_named
from chainrule.floats.inputs import stratified

Array = npt.NDArray[Any]
Function = Callable[[Array], Array]
Backward = Callable[[Array, Array], Array]
Computed = Literal["gradient", "forward"]

FRAMEWORKS = ("torch", "jax", "numpy", "c", "onnxruntime", "chainrule")
"""Modules of this package, by the word before the colon of a target."""
LANES = 64
"""The most elements that vector code handles at a time (bfloat16 in AVX-512, two vectors).

The elements that are left over go through scalar code, which rounds differently: PyTorch's GELU
at −14.2857 in float32 is 0 in a long tensor and −2e-44 as a scalar. Blocks are filled up, so that
a result does not depend on where in a block its input stands, and a reproduction has as many
elements.
"""
PROBES = 256
"""Inputs of all sizes and both signs that a target is tried with when it is loaded."""
CPU = "cpu"
WITH_DEVICES = ("torch", "jax")
"""Those that compute elsewhere too; their modules have a function ``device_named``."""


@dataclass(frozen=True, slots=True)
class Implementation:
    """Somebody's function and gradient, for arrays of one dtype.

    It lives in the process that loaded it. Its functions take an array of one dimension without
    gaps, of the NumPy type of ``Format(dtype)``, and give one of the same shape and dtype.

    Attributes:
        label: as typed ("torch:nn.functional.silu").
        dtype: "bfloat16", "float16", "float32" or "float64".
        gradient: the derivative at each input, for an upstream gradient of 1; ``None`` where
            the framework has none.
        forward: the function itself, ``None`` where only its gradient is known.
        versions: of the framework and all that its results depend on.
        calls: for each kind, a line of Python that prints what comes out at ``{x}``.
        flushes: whether the framework takes subnormal numbers for 0.
        device: where it computes, as the framework calls it.
        backward: the gradient at each input for the upstream gradient there; ``None`` if it takes
            no upstream gradient.
        gaps: whether arrays with gaps, as every other element of one is, get to it as they are.
        compiles: whether it compiles anew for every length.
        bare: the same without what ``load`` puts around it: its functions get arrays as they
            come, of any length.
    """

    label: str
    dtype: str
    gradient: Function | None
    forward: Function | None
    versions: Mapping[str, str]
    calls: Mapping[Computed, str]
    flushes: bool = False
    device: str = CPU
    backward: Backward | None = None
    gaps: bool = False
    compiles: bool = False
    bare: Implementation | None = None

    @property
    def call(self) -> str:
        """The line for the gradient, or for the function where there is no gradient."""
        return self.calls["gradient" if self.gradient is not None else "forward"]

    @property
    def format(self) -> Format:
        return format_named(self.dtype)

    def reproduction(self, x: float, kind: Computed | None = None) -> str:
        """A line of Python that prints the result at ``x``."""
        number = repr(float(x)) if np.isfinite(x) else f"float('{float(x)}')"
        return (self.calls[kind] if kind else self.call).replace("{x}", number)

    def functions(self) -> dict[Computed, Function]:
        """The functions that there are, by their kind."""
        both: dict[Computed, Function | None] = {"gradient": self.gradient, "forward": self.forward}
        return {kind: function for kind, function in both.items() if function is not None}


def load(target: str, dtype: str, device: str = CPU) -> Implementation:
    """Load a target and try it at a few inputs.

    Inputs go to the device and results come back: its functions take and give NumPy's arrays.

    A library in C that crashes takes the process with it, and anybody's function may hang: call
    this where that does no harm.

    Raises:
        InputError: the target, or the dtype in it, does not exist; it cannot be imported or
            called; it cannot be differentiated; what comes out has another shape or dtype, or
            is NaN everywhere; there is no such device.
        MissingExtraError: the framework is not installed.
    """
    fmt = format_named(dtype)
    framework, rest = split(target, FRAMEWORKS)
    module = _module(framework)
    if framework in WITH_DEVICES:
        bare: Implementation = module.load(target, rest, dtype, device)
    else:
        _only_on_cpu(framework, device)
        bare = module.load(target, rest, dtype)
    loaded = replace(_guarded(bare), bare=bare)
    refused: InputError | None = None
    if device == CPU:
        try:
            return _tried(loaded, fmt)
        except InputError as error:
            refused = error
    # PyTorch's binary cross-entropy, for one, refuses what is no probability; on a GPU its process
    # can do nothing more after that, so that it is not tried there.
    known = reference(target, dtype)
    domain = domain_of(known.formula) if known is not None else None
    if domain is not None:
        return _tried(_within(loaded, domain), fmt)
    if refused is not None:
        raise refused
    return _tried(loaded, fmt)


def check_device(target: str, device: str) -> None:
    """Whether the framework of a target has such a device here; it is imported for that.

    Raises:
        InputError: it has not, or there is no such framework.
        MissingExtraError: it is not installed.
    """
    framework, _ = split(target, FRAMEWORKS)
    if framework in WITH_DEVICES:
        _module(framework).device_named(device)
    else:
        _only_on_cpu(framework, device)


def _only_on_cpu(framework: str, device: str) -> None:
    if device != CPU:
        raise InputError(
            f"{framework} has no devices, and cannot compute on {device!r}",
            hint=f"--device is for targets of {' and '.join(WITH_DEVICES)}",
        )


def _tried(loaded: Implementation, fmt: Format) -> Implementation:
    """The implementation, after each function has been called with inputs of every size.

    Raises:
        InputError: one fails, or gives NaN only.
    """
    values = stratified(fmt, PROBES)
    for kind, function in loaded.functions().items():
        if np.isnan(function(values).astype(np.float64)).all():
            raise InputError(f"the {kind} of {loaded.label} in {loaded.dtype} is NaN everywhere")
    return loaded


def _mapped(
    implementation: Implementation, change: Callable[[Computed, Function], Function]
) -> Implementation:
    gradient, forward = implementation.gradient, implementation.forward
    return replace(
        implementation,
        gradient=change("gradient", gradient) if gradient is not None else None,
        forward=change("forward", forward) if forward is not None else None,
    )


def _guarded(bare: Implementation) -> Implementation:
    """The implementation for blocks of any length, with results that are what they should be."""

    def guarded(kind: Computed, function: Function) -> Function:
        def run(values: Array) -> Array:
            if not len(values):
                return values.copy()
            full = filled(values)
            doing = f"the {kind} of {bare.label} in {bare.dtype} fails"
            with foreign(doing), np.errstate(all="ignore"):
                results = function(full)
            return checked(bare, kind, full, results)[: len(values)]

        return run

    return _mapped(bare, guarded)


def _within(implementation: Implementation, domain: Domain) -> Implementation:
    """The implementation, given only what is inside the domain; elsewhere its results are NaN."""

    def restricted(_: Computed, function: Function) -> Function:
        def run(values: Array) -> Array:
            inside = domain.contains(values)
            results = function(np.where(inside, values, values.dtype.type(domain.typical)))
            return np.where(inside, results, results.dtype.type(np.nan))

        return run

    return _mapped(implementation, restricted)


def filled(values: Array) -> Array:
    """The values, and the last one again and again up to a power of two, at least ``LANES``.

    JAX compiles anew for every length, so there should be few.
    """
    length = max(LANES, 1 << (len(values) - 1).bit_length())
    missing = length - len(values)
    return np.concatenate([values, np.repeat(values[-1:], missing)]) if missing else values


def checked(implementation: Implementation, kind: Computed, values: Array, results: Any) -> Array:
    """The results of one block, if they are an array like its inputs.

    NaN is not looked for: where the function is undefined it is right, and elsewhere a fault
    that is counted. ``load`` sees whether there is nothing else.

    Raises:
        InputError: they have another shape or dtype, or are no array.
    """
    what = f"the {kind} of {implementation.label}"
    if not isinstance(results, np.ndarray):
        raise InputError(f"{what} is no array but of type {type(results).__name__}")
    if results.shape != values.shape:
        raise InputError(
            f"{what} has shape {results.shape} for inputs of shape {values.shape}",
            hint="one result for each input is needed",
        )
    if results.dtype != values.dtype:
        raise InputError(
            f"{what} has dtype {results.dtype.name} for inputs of dtype {values.dtype.name}"
        )
    return results


def reference(target: str, dtype: str) -> AuditedFormula | None:
    """What a target claims to compute, with the values of parameters; ``None`` if unknown.

    Raises:
        InputError: the target cannot be read.
    """
    framework, rest = split(target, FRAMEWORKS)
    found: AuditedFormula | None = _module(framework).reference(rest, dtype)
    return found


def entry_for(target: str) -> str | None:
    """The name of the catalogue's row, or the formula, that a target claims to compute.

    Raises:
        InputError: the target cannot be read.
    """
    found = reference(target, "float64")
    return found.formula if found is not None else None


def targets(framework: str) -> list[str]:
    """Every target of a framework that is known to compute a row of the catalogue.

    Raises:
        InputError: there is no such framework.
        MissingExtraError: it is not installed.
    """
    split(f"{framework}:-", FRAMEWORKS)
    found: list[str] = _module(framework).targets()
    return found


def _module(framework: str) -> ModuleType:
    return import_module(f"chainrule.audit.frameworks.{framework}")


# --- for the modules ----------------------------------------------------------------------------
def with_ones(backward: Backward) -> Function:
    """The gradient for an upstream gradient of ones."""
    return lambda values: backward(values, np.ones_like(values))


def versions(*packages: str) -> dict[str, str]:
    """The versions of packages, of Python and NumPy, and the processor.

    With its vector instructions: NumPy and others have functions for AVX-512 that are not those
    for AVX2, and give other results.
    """
    return {package: version_of(package) for package in packages} | {
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "cpu": cpu(),
        "simd": simd(),
    }


def version_of(package: str) -> str:
    """Its version; a package may be imported from its source, without being installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "from source"


@cache
def simd() -> str:
    """The widest vector instructions that NumPy found here, by its own name for them."""
    levels = (np.show_config(mode="dicts") or {}).get("SIMD Extensions", {})
    names: list[str] = [*levels.get("baseline", ()), *levels.get("found", ())]
    return names[-1] if names else "none"


@cache
def cpu() -> str:
    """The processor's name, as far as the system tells."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text("utf-8").splitlines() if listing.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def numpy_type(dtype: str) -> str:
    """The dtype in Python, for a reproduction that imports numpy and ml_dtypes."""
    return f"{'ml_dtypes' if dtype == 'bfloat16' else 'numpy'}.{dtype}"


def imports(dtype: str, *modules: str) -> str:
    """The import statement at the start of a reproduction."""
    extra = ("ml_dtypes",) if dtype == "bfloat16" else ()
    return f"import {', '.join([*modules, *extra])}"
