"""Tasks in processes of their own, that may fail, hang or crash without harm to the others.

A process that has seen an error of CUDA is no good for anything after it, and takes no more tasks.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

Work = Callable[[Any], dict[str, Any]]

BEGINNING = 120.0
"""Seconds that a process may take to begin: imports, and a context on the GPU."""
AGAIN = 3
"""How many processes are started in all, for each that runs at a time: two may die."""
BROKEN = "CUDA error"
"""What PyTorch says when nothing more can be done in this process."""
SAID = 2_000
"""Characters of a message that are kept."""


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    since: float
    task: Any = None
    ready: bool = False

    @property
    def idle(self) -> bool:
        return self.ready and self.task is None


def spread(
    work: Work,
    begin: Callable[[], None],
    tasks: Sequence[Any],
    *,
    processes: int,
    limit: float,
    seconds: float,
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Each task with what ``work`` makes of it, or else with the "error", as they end.

    Args:
        work: a function of a module.
        begin: what a process does first.
        tasks: what can be pickled; they are begun in this order.
        processes: how many there are at once.
        limit: how many seconds a task may take.
        seconds: how many all together may; what is left then is not done.
    """
    until = time.monotonic() + seconds
    left, why = deque(tasks), "no time was left"
    workers = [_started(work, begin) for _ in range(min(processes, len(left)))]
    more = (AGAIN - 1) * processes
    try:
        while left or any(worker.task is not None for worker in workers):
            for worker in workers:
                if worker.idle and left:
                    worker.task, worker.since = left.popleft(), time.monotonic()
                    with suppress(OSError):  # One that has died is found out below.
                        worker.connection.send(worker.task)
            if not workers or time.monotonic() > until:
                break
            wait([worker.connection for worker in workers if not worker.idle], timeout=0.5)
            for worker in list(workers):
                task, found = _answered(worker, limit)
                if found is None:
                    continue
                if task is not None:
                    yield task, found
                if "ended" in found:
                    workers.remove(worker)
                    _stop(worker)
                    why = why if workers else f"no process is left: {found['error']}"
                    # One that could not begin is not tried again.
                    if left and task is not None and more:
                        workers.append(_started(work, begin))
                        more -= 1
        for task in [*(w.task for w in workers if w.task is not None), *left]:
            yield task, {"error": why}
    finally:
        for worker in workers:
            _stop(worker)


def _answered(worker: _Worker, limit: float) -> tuple[Any, dict[str, Any] | None]:
    """The task of a worker with what came of it; nothing if it is still at it."""
    task = worker.task
    allowed = limit if worker.ready else BEGINNING
    if worker.idle:
        return None, None
    if worker.connection.poll():
        try:
            found: dict[str, Any] = worker.connection.recv()
        except (EOFError, ConnectionError):
            worker.process.join(5)
            code = worker.process.exitcode
            return task, {"error": f"the process ended, exit code {code}", "ended": True}
        worker.ready, worker.task = True, None
        return task, found
    if time.monotonic() - worker.since > allowed:
        return task, {"error": f"took longer than {allowed:g} s", "ended": True}
    return None, None


def _started(work: Work, begin: Callable[[], None]) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_working, args=(theirs, work, begin), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours, time.monotonic())


def _stop(worker: _Worker) -> None:
    worker.connection.close()
    worker.process.kill()
    worker.process.join(10)


def _working(connection: Connection, work: Work, begin: Callable[[], None]) -> None:
    """What a process does: tasks one after the other, until nobody sends any."""
    found = _tried(begin)
    connection.send(found | ({"ended": True} if "error" in found else {}))
    while "ended" not in found:
        try:
            task = connection.recv()
        except EOFError:
            return
        start = time.monotonic()
        found = _tried(partial(work, task))
        found["seconds"] = round(time.monotonic() - start, 3)
        connection.send(found)


def _tried(work: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
    """What comes of it, be it an error: the others are to go on."""
    try:
        return work() or {}
    except Exception as error:
        said = f"{type(error).__name__}: {error}"[:SAID]
        return {"error": said} | ({"ended": True} if BROKEN in said else {})
