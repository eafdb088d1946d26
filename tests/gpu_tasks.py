"""Tasks for the processes of bench/gpu/pool.py, of which some do not end well."""

from __future__ import annotations

import os
import time
from typing import Any


def begin() -> None:
    """Nothing is needed."""


def cannot_begin() -> None:
    raise ImportError("no module named torch")


def work(task: Any) -> dict[str, Any]:
    """A task by its name; what is any other is given back."""
    if task == "fail":
        raise ValueError("it is wrong")
    if task == "hang":
        time.sleep(60)
    if task == "crash":
        os._exit(3)
    if task == "break":
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
    return {"found": task, "process": os.getpid()}
