"""A function and its gradient as kernels for NumPy arrays, compiled in memory by Numba."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.codegen.numba import DOUBLE, write
from chainrule.errors import InputError
from chainrule.expr.nodes import Expr
from chainrule.program.kernel_spec import KernelSpec

Array = npt.NDArray[Any]
# With fewer elements for each thread, starting the threads takes longer than the work.
LEAST_SHARE = 1 << 15


class Kernel:
    """A compiled function and its gradient.

    Attributes:
        name: of the function.
        source: the module that was compiled, as ``chainrule code --target numba`` writes it.
        dtype: of what comes out; what goes in is converted to it.
        parameters: the names of keyword arguments.

    >>> import chainrule
    >>> kernel = chainrule.compile("x^2")
    >>> kernel([1, 2, 3]), kernel.grad([1, 2, 3], 10)
    (array([1., 4., 9.], dtype=float32), array([20., 40., 60.], dtype=float32))
    """

    def __init__(
        self, forward: Expr, gradient: Expr, spec: KernelSpec, threads: int | None
    ) -> None:
        if threads is not None and threads < 1:
            raise InputError(f"the number of threads must be at least 1, not {threads}")
        self.name = spec.name
        self.source = write(forward, gradient, spec)
        self.parameters = tuple(DOUBLE.named(symbol) for symbol, _ in spec.parameters)
        self.threads = threads or os.cpu_count() or 1
        module: dict[str, Any] = {"__name__": f"chainrule.kernel.{spec.name}"}
        exec(compile(self.source, f"<chainrule kernel {spec.name}>", "exec"), module)
        self.dtype: np.dtype[Any] = np.dtype(module["DTYPE"])
        self._count = 1 + len(spec.others)
        self._forward: Callable[..., Array] = module[spec.name]
        self._gradient: Callable[..., Array] = module[f"{spec.name}_grad"]

    def __repr__(self) -> str:
        return f"Kernel({self.name!r}, dtype={self.dtype.name!r})"

    def __call__(self, *arrays: npt.ArrayLike, out: Array | None = None, **numbers: float) -> Array:
        """The function of its arguments, which are broadcast together.

        Args:
            arrays: the variable, then the other arguments.
            out: where to put it; an array of the kernel's dtype.
            numbers: parameters by their names.
        """
        self._counted(len(arrays))
        return self._apply(self._forward, arrays, out, numbers)

    def grad(
        self,
        x: npt.ArrayLike,
        upstream: npt.ArrayLike,
        *others: npt.ArrayLike,
        out: Array | None = None,
        **numbers: float,
    ) -> Array:
        """``upstream`` times the derivative at ``x``, rounded once."""
        self._counted(1 + len(others))
        return self._apply(self._gradient, (x, upstream, *others), out, numbers)

    def _counted(self, given: int) -> None:
        if given != self._count:
            arrays = "array" if self._count == 1 else "arrays"
            raise InputError(f"{self.name} takes {self._count} {arrays}, not {given}")

    def _apply(
        self,
        function: Callable[..., Array],
        arrays: Sequence[npt.ArrayLike],
        out: Array | None,
        numbers: dict[str, float],
    ) -> Array:
        unknown = set(numbers) - set(self.parameters)
        if unknown:
            known = ", ".join(self.parameters) or "none"
            raise InputError(f"unknown parameter {min(unknown)!r}", hint=f"parameters: {known}")
        given = [np.asarray(array, self.dtype) for array in arrays]
        shape = np.broadcast_shapes(*(array.shape for array in given))
        if out is None:
            out = np.empty(shape, self.dtype)
        elif out.shape != shape or out.dtype != self.dtype:
            raise InputError(
                f"`out` must have shape {shape} and dtype {self.dtype.name}, "
                f"not {out.shape} and {out.dtype.name}"
            )
        count = min(self.threads, out.size // LEAST_SHARE)
        whole = [np.broadcast_to(array, shape) for array in given]
        overlapping = any(np.may_share_memory(array, out) for array in whole)
        if count < 2 or overlapping:
            # NumPy itself sees to it that an overlap does no harm, within one call.
            function(*given, out=out, **numbers)
            return out
        if all(array.flags.c_contiguous for array in (*whole, out)):
            whole, flat = [array.reshape(-1) for array in whole], out.reshape(-1)
            axis = 0
        else:
            flat, axis = out, int(np.argmax(out.shape))
        parts = zip(*(np.array_split(array, count, axis) for array in (*whole, flat)), strict=True)

        def run(part: Sequence[Array]) -> None:
            function(*part[:-1], out=part[-1], **numbers)

        # Compiled ufuncs let go of Python's lock.
        list(_pool(self.threads).map(run, parts))
        return out


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="chainrule")
