"""Whether the files that were prepared are right on a GPU: every case measured, every error kept.

With the device "cpu" the same is done without a GPU: Triton's interpreter (TRITON_INTERPRET=1),
PyTorch and JAX on the CPU, and for CUDA libraries that somebody made of the files with a C++
compiler.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.gpu.calls import Both, caller
from bench.gpu.cases import Array, Case, Data, as_case, read_cases, unpack
from bench.gpu.pool import spread
from bench.gpu.summary import summary
from bench.gpu.transforms import CHECKS, checked
from chainrule.floats.measure import measure
from chainrule.floats.positions import positions
from chainrule.floats.ulp import spacing

TARGETS = ("cuda", "torch", "triton", "jax")
STAGES = (("cuda", "torch", "triton"), ("jax",))
"""Targets whose processes are the same: PyTorch's and JAX's."""
LIMIT = 60.0
SHARES = (0.68, 0.32)
"""The part of the time that each stage may take; what one leaves is the next one's."""
EVERY = 8.0
"""Seconds between two lines of progress."""
SAFE = {
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    "TORCHINDUCTOR_COMPILE_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""What processes beside each other on one machine are told."""


def run(
    folder: Path,
    out: Path,
    *,
    device: str = "cuda",
    only: Sequence[str] = TARGETS,
    processes: int = 14,
    seconds: float = 150.0,
) -> str:
    """Every case measured, written to ``out`` as JSON; the summary."""
    os.environ.update(SAFE)
    start = time.monotonic()
    cases = read_cases(folder)
    records: list[dict[str, Any]] = []
    versions: dict[str, Any] = {"python": sys.version.split()[0], "numpy": np.__version__}
    versions |= {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    for stage, share in zip(STAGES, SHARES, strict=True):
        targets = [target for target in stage if target in only]
        tasks = [{"versions": stage[-1]}, *_tasks(folder, cases, targets)]
        if not targets:
            continue
        left = start + seconds - time.monotonic()
        found = spread(
            partial(worked, folder, device),
            partial(_begin, targets),
            tasks,
            processes=processes,
            limit=LIMIT,
            seconds=left if stage is STAGES[-1] else min(left, share * seconds),
        )
        for records_ in _progress(found, versions, len(tasks), targets):
            records += records_
            _write(out, versions, records, time.monotonic() - start)
    _write(out, versions, records, time.monotonic() - start)
    return summary(records)


def _tasks(folder: Path, cases: Iterable[Case], targets: Sequence[str]) -> list[dict[str, Any]]:
    """What is to be done for some targets: the cases of one after the other, then PyTorch's checks.

    Of a target the longest files come first, so that none is left to the end.
    """

    def place(case: Case) -> tuple[int, int]:
        return targets.index(case.target), -(folder / case.file).stat().st_size

    there = sorted((case for case in cases if case.target in targets), key=place)
    tasks: list[dict[str, Any]] = [{"case": asdict(case)} for case in there]
    rows: dict[str, dict[str, Any]] = {}
    for case in there:
        if case.target == "torch":
            rows.setdefault(case.row, {})[case.dtype] = asdict(case)
    return tasks + [{"check": check, "cases": row} for check in CHECKS for row in rows.values()]


def _progress(
    found: Iterator[tuple[dict[str, Any], dict[str, Any]]],
    versions: dict[str, Any],
    count: int,
    targets: Sequence[str],
) -> Iterator[list[dict[str, Any]]]:
    """The records, some at a time, with a line for each lot."""
    start = last = time.monotonic()
    lot: list[dict[str, Any]] = []
    done = bad = 0
    for task, answer in found:
        done += 1
        bad += "error" in answer
        if "versions" in task:
            versions |= answer
            print(json.dumps(answer), flush=True)
            continue
        lot.append(_record(task, answer))
        if "error" in answer and bad <= 12:
            print(f"  {_titled(lot[-1])}: {answer['error'][:300]}", flush=True)
        if time.monotonic() - last > EVERY:
            last = time.monotonic()
            passed = f"{last - start:.0f} s"
            print(f"{'+'.join(targets)}: {done} of {count}, {bad} failed, {passed}", flush=True)
            yield lot
            lot = []
    yield lot
    passed = f"{time.monotonic() - start:.0f} s"
    print(f"{'+'.join(targets)}: {done} of {count}, {bad} failed, {passed}", flush=True)


def _titled(record: dict[str, Any]) -> str:
    words = [record[key] for key in ("target", "row", "dtype", "accuracy", "check")]
    return " ".join(word for word in words if word)


def _record(task: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """What came of a task, with what it was."""
    check = task.get("check", "")
    case = task["case"] if "case" in task else next(iter(task["cases"].values()))
    which = {key: case[key] for key in ("row", "target", "dtype", "accuracy", "double")}
    if check:
        which |= {"dtype": "", "accuracy": ""}
    return {**which, "check": check, **answer}


def _write(
    out: Path, versions: dict[str, Any], records: list[dict[str, Any]], seconds: float
) -> None:
    whole = {"versions": versions, "seconds": round(seconds, 1), "records": records}
    partly = out.with_suffix(".part")
    partly.write_text(json.dumps(whole, indent=0), encoding="utf-8")
    partly.replace(out)


# --- in a process -------------------------------------------------------------------------------
def _begin(targets: Sequence[str]) -> None:
    if "jax" in targets:
        import jax

        jax.config.update("jax_enable_compilation_cache", False)
        return
    import torch

    torch.set_num_threads(1)
    if torch.cuda.is_available():
        torch.zeros(1, device="cuda").cpu()


def worked(folder: Path, device: str, task: dict[str, Any]) -> dict[str, Any]:
    """One task done: a case measured, a check passed, or versions told."""
    if "versions" in task:
        return _versions(task["versions"])
    if "check" in task:
        cases = {dtype: as_case(fields) for dtype, fields in task["cases"].items()}
        checked(folder, task["check"], cases, device)
        return {}
    case = as_case(task["case"])
    data = unpack((folder / "data" / case.data).read_bytes(), case.fmt)
    with np.errstate(all="ignore"):
        return compared(case, data, caller(folder, case, device))


def _versions(target: str) -> dict[str, Any]:
    if target == "jax":
        import jax

        return {"jax": jax.__version__, "jax devices": str(jax.devices())}
    import torch
    import triton

    found = {"torch": torch.__version__, "triton": triton.__version__, "cuda": torch.version.cuda}
    if torch.cuda.is_available():
        found["card"] = torch.cuda.get_device_name()
    return found


# --- measuring ----------------------------------------------------------------------------------
def compared(case: Case, data: Data, both: Both) -> dict[str, Any]:
    """What the function and the gradient of a case are worth."""
    fmt, count = case.fmt, len(data.x)
    given = np.concatenate([data.x, data.special])
    found = both(given, 1.0)
    negated = both(given, -1.0)[1]
    # The conventions at kinks are PyTorch's.
    alike = ~np.isin(given.astype(np.float64), data.kinks if case.target == "jax" else [])
    record: dict[str, Any] = {}
    for kind, got, wanted in zip(("function", "gradient"), found, data.expected, strict=True):
        assert got.dtype == fmt.dtype, f"{kind}: {got.dtype}"
        assert got.shape == given.shape, f"{kind}: {got.shape}"
        if fmt.bits == 16:
            record[kind] = _different(given, got, wanted, alike, case)
            continue
        truth = data.truths[kind == "gradient"]
        measured = asdict(measure(data.x, got[:count], truth, fmt))
        record[kind] = {**measured, "faults": _faults(measured)}
        far = _far(got[count:], wanted, case)
        record[kind]["special"] = int((far & alike[count:]).sum())
        record[kind]["at"] = [float(x) for x in data.special[far & alike[count:]]]
    number = ~np.isnan(negated.astype(np.float64)) | ~np.isnan(found[1].astype(np.float64))
    record["not negated"] = int(((-negated != found[1]) & number).sum())
    return record


def _faults(measured: dict[str, Any]) -> int:
    return int(sum(measured[key] for key in ("not_finite", "early_zeros", "wrong_signs")))


def _different(x: Array, got: Array, wanted: Array, alike: Array, case: Case) -> dict[str, Any]:
    """At which inputs of a format of 16 bits a result is another number, or another zero."""
    fmt = case.fmt
    wide, right = got.astype(np.float64), wanted.astype(np.float64)
    same = (got.view(fmt.pattern) == wanted.view(fmt.pattern)) | (np.isnan(wide) & np.isnan(right))
    off = alike & ~same
    zeros = off & (wide == 0) & (right == 0)
    numbers = off & np.isfinite(wide) & np.isfinite(right)
    steps = np.abs(positions(got[numbers], fmt) - positions(wanted[numbers], fmt))
    return {
        "count": int(alike.sum()),
        "different": int(off.sum()) - int(zeros.sum()),
        "zeros": int(zeros.sum()),
        "not_finite": int((off & ~numbers).sum()),
        "steps": int(steps.max(initial=0)),
        "at": np.stack([x[off].astype(np.float64), wide[off], right[off]], 1)[:5].tolist(),
    }


def _far(got: Array, wanted: Array, case: Case) -> Array:
    """Whether results are other numbers, and not the same by and large."""
    wide, right = got.astype(np.float64), wanted.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        unit = spacing(np.where(np.isfinite(right), right, 1.0), case.fmt)
        near = (wide == right) | (np.abs(wide - right) <= 4 * unit)
    far: Array = ~(near | (np.isnan(wide) & np.isnan(right)))
    return far
