"""Gradients of large arrays: our kernels, PyTorch, JAX and numexpr, beside a memory triad.

x and the upstream gradient go in, the gradient comes out, 2^24 float32 each, into memory that is
there already where the library can do that. The triad o = a·x + g moves the same bytes. Every round
runs each of them once; the median of the ratios counts. A thread count is a process of its own,
because the frameworks fix theirs when they start.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from statistics import median
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import binding as llvm

import chainrule
from chainrule.codegen.kernel import Kernel
from chainrule.floats.formats import format_named
from chainrule.floats.inputs import stratified
from chainrule.floats.measure import measure
from chainrule.floats.truth import truth
from eager import FROM_OUTPUT, backward
from measure import table

Array = npt.NDArray[Any]
Work = Callable[[Array, Array], Array]

SIZE = 1 << 24
ROUNDS = 15
PAUSE = 0.03
SAMPLE = 6_000
# Longer than this and it is run in the first rounds only.
LONG = 1.0
AIMS = {
    ("sigmoid", "fast"): 1.15,
    ("sigmoid", "best"): 1.6,
    ("silu", "best"): 2.0,
    ("gelu", "best"): 2.8,
    ("mish", "best"): 3.0,
    ("softplus", "best"): 1.8,
    ("tanh", "best"): 1.8,
}
NAMES = ("sigmoid", "silu", "gelu", "gelu_tanh", "mish", "softplus", "tanh")
NUMEXPR = {
    "sigmoid": "g*exp(-abs(x))/(1+exp(-abs(x)))**2",
    "silu": "g*(1+exp(-x)+x*exp(-x))/(1+exp(-x))**2",
    "softplus": "g/(1+exp(-x))",
    "tanh": "g*(1-tanh(x)**2)",
}
"""What one would type; it has no error function, and mish is left out."""


# --- the competitors -----------------------------------------------------------------------------
def triad(threads: int) -> Work:
    """o = a·x + g, in parts for the threads of a pool as our kernels do it."""

    @numba.njit(nogil=True, fastmath={"contract"})  # type: ignore[untyped-decorator]
    def loop(x: Array, g: Array, out: Array) -> None:
        for i in range(out.size):
            out[i] = np.float32(1.5) * x[i] + g[i]

    kernel = chainrule.compile("2x", threads=threads)
    kernel._gradient = _as_gradient(loop)
    return _of_kernel(kernel)


def _as_gradient(loop: Callable[[Array, Array, Array], None]) -> Callable[..., Array]:
    def gradient(x: Array, upstream: Array, out: Array) -> Array:
        loop(x, upstream, out)
        return out

    return gradient


def _of_kernel(kernel: Kernel) -> Work:
    kept: dict[int, Array] = {}

    def work(x: Array, g: Array) -> Array:
        out = kept.setdefault(x.size, np.empty_like(x))
        return kernel.grad(x, g, out=out)

    return work


def ours(name: str, accuracy: str, threads: int) -> Work:
    return _of_kernel(chainrule.compile(name, accuracy=accuracy, threads=threads))


def torch_eager(name: str, threads: int) -> Work:
    """The backward operation itself, without the bookkeeping of autograd."""
    import torch

    torch.set_num_threads(threads)
    operation = backward(name)
    function = getattr(torch, name) if name in FROM_OUTPUT else None
    kept: dict[int, Any] = {}

    def work(x: Array, g: Array) -> Array:
        given, upstream = torch.from_numpy(x), torch.from_numpy(g)
        out = kept.setdefault(x.size, torch.empty_like(given))
        # These two read the output, which the forward pass has saved.
        saved = given if function is None else _saved(function, given)
        found: Array = operation(saved, upstream, out).numpy()
        return found

    outputs: dict[int, Any] = {}

    def _saved(function: Callable[[Any], Any], given: Any) -> Any:
        if given.numel() not in outputs:
            outputs[given.numel()] = function(given)
        return outputs[given.numel()]

    return work


def torch_compiled(name: str, threads: int) -> Work:
    """The same by autograd, compiled: ahead-of-time backward from the input."""
    import torch

    torch.set_num_threads(threads)
    functional = torch.nn.functional
    named = {"gelu_tanh": partial(functional.gelu, approximate="tanh")}
    function = named.get(name) or getattr(functional, name, None) or getattr(torch, name)

    @torch.compile  # type: ignore[untyped-decorator]
    def gradient(x: Any, g: Any) -> Any:
        return torch.func.vjp(function, x)[1](g)[0]

    def work(x: Array, g: Array) -> Array:
        found: Array = gradient(torch.from_numpy(x), torch.from_numpy(g)).numpy()
        return found

    return work


def jax_jitted(name: str, _threads: int) -> Work:
    import jax

    gelu = jax.nn.gelu
    named = {
        "tanh": jax.numpy.tanh,
        "gelu": partial(gelu, approximate=False),
        "gelu_tanh": partial(gelu, approximate=True),
    }
    function = named.get(name) or getattr(jax.nn, name)

    @jax.jit
    def gradient(x: Any, g: Any) -> Any:
        return jax.vjp(function, x)[1](g)[0]

    placed: dict[int, tuple[Any, Any]] = {}

    def work(x: Array, g: Array) -> Array:
        if x.size not in placed:
            placed[x.size] = (jax.numpy.asarray(x), jax.numpy.asarray(g))
        return np.asarray(gradient(*placed[x.size]).block_until_ready())

    return work


def by_numexpr(name: str, threads: int) -> Work:
    import numexpr

    numexpr.set_num_threads(threads)
    kept: dict[int, Array] = {}

    def work(x: Array, g: Array) -> Array:
        out = kept.setdefault(x.size, np.empty_like(x))
        found: Array = numexpr.evaluate(NUMEXPR[name], {"x": x, "g": g}, out=out)
        return found

    return work


def competitors(name: str, threads: int) -> dict[str, Work]:
    found = {
        "chainrule `fast`": ours(name, "fast", threads),
        "chainrule `best`": ours(name, "best", threads),
        "PyTorch": torch_eager(name, threads),
        "`torch.compile`": torch_compiled(name, threads),
        "JAX": jax_jitted(name, threads),
    }
    if name in NUMEXPR:
        found["numexpr"] = by_numexpr(name, threads)
    return found


# --- measuring ----------------------------------------------------------------------------------
def timed(plain: Work, works: Mapping[str, Work], x: Array, g: Array) -> dict[str, list[float]]:
    """Seconds of each in every round, those of the triad by the name "triad"."""
    times: dict[str, list[float]] = {name: [] for name in ("triad", *works)}
    for round_ in range(ROUNDS + 1):
        for name, work in {"triad": plain, **works}.items():
            if round_ > 2 and times[name][-1] > LONG:
                continue
            # Threads of a library look for more work for a while after they are done.
            time.sleep(PAUSE)
            start = time.perf_counter()
            work(x, g)
            passed = time.perf_counter() - start
            # The first call may compile.
            if round_:
                times[name].append(passed)
    return times


def ratio(times: Sequence[float], unit: Sequence[float]) -> float:
    """The median over the rounds: how fast memory is differs from second to second."""
    return median(one / other for one, other in zip(times, unit, strict=False))


def largest_errors(name: str, works: Mapping[str, Work]) -> dict[str, str]:
    """In ULP over a sample of all float32, and what is no answer at all."""
    fmt = format_named("float32")
    x = stratified(fmt, SAMPLE)
    usual = np.linspace(-20, 20, SAMPLE, dtype=np.float32)
    x = np.concatenate([x, usual])
    derivation = chainrule.derive(name)
    exact = truth(derivation.derivative, derivation.variable, x, {})
    found = {}
    for title, work in works.items():
        with np.errstate(all="ignore"):
            measured = measure(x, work(x, np.ones_like(x)), exact, fmt)
        faults = f", {measured.faults} faults" if measured.faults else ""
        found[title] = f"{measured.largest:.3g}{faults}"
    return found


def measured(threads: int) -> dict[str, Any]:
    """Ratios to the triad and errors, for one number of threads, which JAX is told from outside."""
    rng = np.random.default_rng(0)
    x = (3 * rng.standard_normal(SIZE)).astype(np.float32)
    g = rng.standard_normal(SIZE).astype(np.float32)
    plain = triad(threads)
    rows: dict[str, Any] = {}
    unit = float("inf")
    for name in NAMES:
        works = competitors(name, threads)
        times = timed(plain, works, x, g)
        unit = min(unit, *times["triad"])
        rows[name] = {title: ratio(times[title], times["triad"]) for title in works}
        rows[name]["errors"] = largest_errors(name, works) if threads == 1 else {}
    return {"triad": unit / SIZE, "rows": rows}


def in_a_process(threads: int) -> dict[str, Any]:
    """With no more processors than threads, so that every library keeps to them."""
    code = f"import kernels, json; print(json.dumps(kernels.measured({threads})))"
    command = [sys.executable, "-c", code]
    if sys.platform == "linux":
        command = ["taskset", "--cpu-list", ",".join(map(str, range(threads))), *command]
    done = subprocess.run(
        command, cwd=sys.path[0], capture_output=True, text=True, check=True, timeout=3600
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def report() -> str:
    runs = {threads: in_a_process(threads) for threads in (1, 2)}
    one, two = runs[1]["rows"], runs[2]["rows"]
    lines = []
    for name in NAMES:
        for title in [t for t in one[name] if t != "errors"]:
            aim = AIMS.get((name, title.split("`")[1] if "chainrule" in title else ""))
            lines.append(
                [
                    f"{name}: {title}",
                    f"{one[name][title]:.2f}",
                    f"{two[name][title]:.2f}",
                    f"{aim}" if aim else "",
                    one[name]["errors"][title],
                ]
            )
    units = " and ".join(f"{run['triad'] * 1e9:.2f} ns" for run in runs.values())
    head = ["gradient", "1 thread", "2 threads", "aim", "largest error, ULP"]
    wide = "with" if llvm.get_host_cpu_features().get("avx512f") else "without"
    return (
        f"{date.today():%Y-%m-%d}, {llvm.get_host_cpu_name()} {wide} AVX-512; "
        f"[kernels.md](../kernels.md) has the figures of other processors and what limits them.\n\n"
        f"2^24 float32, x and upstream in, gradient out; times as ratios to the triad "
        f"`o = a*x + g` in the same round, the median of {ROUNDS} rounds; it takes {units} an "
        f"element with 1 and 2 threads at best. PyTorch's sigmoid and tanh read the output that "
        f"the forward pass has saved. Errors over {2 * SAMPLE} inputs; a fault is a result that is "
        f"not finite, of the wrong sign, or 0 for a normal number.\n\n{table(head, lines)}\n"
    )


if __name__ == "__main__":
    print(report())
