"""Gradients of large tensors on a GPU: our kernels and PyTorch's, beside a memory triad.

x (or what the forward pass has saved) and the upstream gradient go in, the gradient comes out, into
memory that is there already where that can be. The triad o = a·x + g moves the same bytes. Errors
are of the very functions that are timed, over the inputs that were prepared.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.eager import FROM_OUTPUT, backward
from bench.gpu import calls
from bench.gpu.cases import Case, Data, read_cases, unpack
from bench.measure import table
from chainrule.floats.formats import format_named
from chainrule.floats.measure import measure

Work = Callable[[Any, Any, Any], Any]
"""From x, the upstream gradient and memory for the result to the gradient."""

SIZE = 1 << 26
ROUNDS, FIRST = 25, 3
"""How often each is timed, and run before that."""
WAIT = 20_000_000
"""Cycles for which the GPU is kept busy while the calls to be timed are sent to it."""
NAMES = ("sigmoid", "silu", "gelu", "mish", "softplus", "tanh")
DTYPES = ("float32", "bfloat16")


def speed(folder: Path, out: Path, *, device: str = "cuda", size: int = SIZE) -> str:
    """Times in milliseconds and errors, written to ``out`` as JSON; a table of both."""
    # One process is enough for the few kernels that PyTorch compiles.
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
    import torch

    cases = {(c.row, c.target, c.dtype, c.accuracy): c for c in read_cases(folder)}
    found: dict[str, Any] = {"size": size, "rounds": ROUNDS, "torch": torch.__version__}
    if device == "cuda":
        found["card"] = torch.cuda.get_device_name()
    rows: list[dict[str, Any]] = []
    for dtype in DTYPES:
        torch.manual_seed(0)
        x, g = (torch.randn(size, device=device).mul_(f).to(getattr(torch, dtype)) for f in (3, 1))
        memory = torch.empty_like(x)
        found[f"triad {dtype}"] = timed(_triad(device), x, g, memory, device)
        found[f"torch.add {dtype}"] = timed(_added, x, g, memory, device)
        for name in [name for name in NAMES if (name, "triton", dtype, "best") in cases]:
            data = _data(folder, cases[name, "triton", dtype, "best"])
            for title, make in contestants(folder, cases, name, dtype, device).items():
                row = {"name": name, "dtype": dtype, "title": title}
                try:
                    work = make()
                    row["ms"] = timed(work, x, g, memory, device)
                    row |= error(work, data, x)
                except Exception as failed:  # The others are to be timed all the same.
                    row["error"] = f"{type(failed).__name__}: {failed}"[:1000]
                rows.append(row)
                print(json.dumps(row), flush=True)
            found["rows"] = rows
            out.write_text(json.dumps(found, indent=0), encoding="utf-8")
    return report(found)


def _data(folder: Path, case: Case) -> Data:
    return unpack((folder / "data" / case.data).read_bytes(), case.fmt)


# --- the contestants ----------------------------------------------------------------------------
def _triad(device: str) -> Work:
    if device == "cpu":
        return _added
    from bench.gpu.triad import triad

    return triad


def _added(x: Any, g: Any, out: Any) -> Any:
    """The triad by PyTorch."""
    import torch

    return torch.add(g, x, alpha=1.5, out=out)


def contestants(
    folder: Path,
    cases: Mapping[tuple[str, ...], Case],
    name: str,
    dtype: str,
    device: str,
) -> dict[str, Callable[[], Work]]:
    """What is timed, by its title; each is made when its turn comes."""
    found: dict[str, Callable[[], Work]] = {}
    for target, title in (("triton", "Triton"), ("cuda", "CUDA")):
        for accuracy in ("best", "fast"):
            case = cases[name, target, dtype, accuracy]
            found[f"{title} `{accuracy}`"] = partial(ours, folder, case, device)
    found["PyTorch"] = partial(eager, name)
    found["`torch.compile`"] = partial(compiled, name)
    return found


def ours(folder: Path, case: Case, device: str) -> Work:
    """The gradient of a file; what it takes is made beforehand, as a forward pass does."""
    call = {"triton": calls.triton, "cuda": calls.cuda}[case.target](folder, case, device)
    saved = _kept(lambda x: [x if kind == "input" else call("forward", [x]) for kind in case.saved])
    return lambda x, g, out: call("grad", [*saved(x), g])


def _kept(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What is made of a tensor, made once."""
    kept: dict[int, Any] = {}

    def of(x: Any) -> Any:
        if id(x) not in kept:
            kept[id(x)] = make(x)
        return kept[id(x)]

    return of


def eager(name: str) -> Work:
    """The backward operation itself, without the bookkeeping of autograd."""
    import torch

    operation = backward(name)
    saved = _kept(getattr(torch, name) if name in FROM_OUTPUT else lambda x: x)
    return lambda x, g, out: operation(saved(x), g, out)


def compiled(name: str) -> Work:
    """The derivative that autograd makes of PyTorch's function, compiled: from the input."""
    import torch

    function = getattr(torch.nn.functional, name, None) or getattr(torch, name)
    # How often the same code may be compiled is limited, and here it is for every name.
    torch._dynamo.reset()

    @torch.compile(fullgraph=True, dynamic=False)  # type: ignore[untyped-decorator]
    def gradient(x: Any, g: Any) -> Any:
        return torch.func.vjp(function, x)[1](g)[0]

    return lambda x, g, out: gradient(x, g)


# --- measuring ----------------------------------------------------------------------------------
def timed(work: Work, x: Any, g: Any, memory: Any, device: str) -> float:
    """The median time in milliseconds, by the GPU's own clock."""
    import torch

    for _ in range(FIRST):
        work(x, g, memory)
    if device == "cpu":
        return float("nan")
    torch.cuda.synchronize()
    events = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(ROUNDS)]
    # The calls wait in a queue, so that the time it takes to send them is not counted.
    torch.cuda._sleep(WAIT)
    for start, end in events:
        start.record()
        work(x, g, memory)
        end.record()
    torch.cuda.synchronize()
    return median(start.elapsed_time(end) for start, end in events)


def error(work: Work, data: Data, like: Any) -> dict[str, Any]:
    """The largest error in ULP and faults; in 16 bits at how many inputs it is another number.

    The inputs are put into a tensor like the one that was timed, for the same kernel.
    """
    import numpy as np
    import torch

    fmt, count = format_named(data.x.dtype.name), len(data.x)
    x = torch.zeros_like(like)
    x[:count] = calls.tensor(data.x, like.device)
    found = work(x, torch.ones_like(x), torch.empty_like(x))
    with np.errstate(all="ignore"):
        got = calls.array(found[:count], fmt)
        if fmt.bits > 16:
            measured = measure(data.x, got, data.truths[1], fmt)
            return {"ulp": measured.largest, "faults": measured.faults}
        wide, right = (a.astype(np.float64) for a in (got, data.expected[1]))
        same = (wide == right) | (np.isnan(wide) & np.isnan(right))
        return {"different": int((~same).sum()), "faults": int((np.isnan(wide) & ~same).sum())}


def report(found: Mapping[str, Any]) -> str:
    """The table: for each gradient ratios to the triad, errors and faults."""
    titles = list(dict.fromkeys(row["title"] for row in found["rows"]))
    by = {(row["name"], row["dtype"], row["title"]): row for row in found["rows"]}
    lines = []
    for name in NAMES:
        for title in titles:
            cells = [f"{name}: {title}"]
            for dtype in DTYPES:
                row = by.get((name, dtype, title))
                cells += _cells(row, found[f"triad {dtype}"]) if row else ["", ""]
            if any(cells[1:]):
                lines.append(cells)
    head = ["gradient"]
    said = []
    for dtype in DTYPES:
        head += [dtype, {"float32": "largest error, ULP"}.get(dtype, "of 65,536 are wrong")]
        milliseconds, width = found[f"triad {dtype}"], 4 if dtype == "float32" else 2
        rate = 3 * width * found["size"] / milliseconds / 1e9
        other = found[f"torch.add {dtype}"]
        said.append(
            f"{milliseconds:.3f} ms in {dtype} ({rate:.2f} TB/s; {other:.3f} ms by PyTorch)"
        )
    return (
        f"{found.get('card', 'No GPU')}: {found['size']:,} elements; the triad takes "
        f"{' and '.join(said)}; times are ratios to it, medians of {found['rounds']}.\n\n"
        f"{table(head, lines)}\n"
    )


def _cells(row: Mapping[str, Any], unit: float) -> list[str]:
    if "error" in row:
        return ["failed", row["error"].split(":")[0]]
    worth = f"{row['ulp']:.3g}" if "ulp" in row else f"{row['different']:,}"
    return [
        f"{row['ms'] / unit:.2f}",
        worth + (f", {row['faults']} faults" if row["faults"] else ""),
    ]
