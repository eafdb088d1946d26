"""The same ranges on a Dask cluster: each worker loads the target and builds the reference once.

The ranges are tasks. Dask runs a task again whose worker has died, or whose result died with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np

from chainrule.audit.calls import Called
from chainrule.audit.running.child import Counted, FunctionError, Loaded, Rows, failing
from chainrule.audit.running.jobs import Job, Witness
from chainrule.errors import InputError, require

TASKS = 256
"""Tasks of a job: enough that no worker waits for another one, and few enough to be handed out."""
BUILDING = 600.0
"""Seconds more that the first task of a job may take, in which references are built."""
# Seconds until a scheduler has answered; Dask itself waits for 30.
_CONNECTING = 15.0

_building = Lock()


# --- on a worker --------------------------------------------------------------------------------
@lru_cache(maxsize=2)
def _loaded_once(job: Job) -> Loaded:
    return Loaded(job)


def _loaded(job: Job) -> Loaded:
    # A worker may have several threads.
    with _building:
        return _loaded_once(job)


def _versions(job: Job) -> Mapping[str, str] | None:
    with _building:
        return _loaded_once(job).versions()


def _count(job: Job, indices: Sequence[int]) -> tuple[Rows, int] | str:
    """Rows and how many inputs are left out in all, or what went wrong."""
    loaded = _loaded(job)
    with _building:
        sweep, evaluate = loaded.sweep, failing(loaded.evaluate)
    try:
        rows = [loaded.count(evaluate, batch) for batch in loaded.batches(indices)]
    except FunctionError as error:
        return loaded.failure(error, error.values)
    return Rows(indices, np.concatenate(rows)), sweep.left_out


def _look(job: Job, places: Sequence[tuple[str, int]]) -> tuple[Witness, ...]:
    return _loaded(job).look(places)


def _called(job: Job) -> Called:
    return _loaded(job).called()


# --- on this machine ----------------------------------------------------------------------------
class Cluster:
    """A Dask cluster that a scheduler stands for, or workers of our own on this machine."""

    def __init__(self, address: str | None, workers: int, time_limit: float) -> None:
        """Connect.

        Args:
            address: of the scheduler ("tcp://host:8786"); ``None`` for processes of our own.
            workers: how many of these.
            time_limit: seconds without any result after which a job is given up.

        Raises:
            InputError: there is no scheduler at the address.
            MissingExtraError: Dask is not installed.
        """
        require("cluster", distributed="Dask (distributed)")
        from distributed import Client, LocalCluster

        self._limit = time_limit
        self._own = None
        if address is None:
            self._own = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs="ERROR",
            )
        try:
            self.client = Client(self._own or address, timeout=_CONNECTING)
        except (OSError, ValueError, TypeError) as error:
            raise InputError(
                f"there is no Dask scheduler at {address}", hint="as in --dask tcp://host:8786"
            ) from error

    def begin(self, job: Job) -> Mapping[str, str] | None:
        found: Mapping[str, str] | None = self._one(_versions, job)
        return found

    def rows(self, job: Job, indices: Sequence[int]) -> Iterator[Rows | Counted]:
        from distributed import wait

        size = -(-len(indices) // TASKS)
        batches = [indices[start : start + size] for start in range(0, len(indices), size)]
        pending = {self.client.submit(_count, job, batch, pure=False) for batch in batches}
        what, left_out, grace = f"the {job.kind} of {job.target} in {job.dtype}", 0, BUILDING
        try:
            while pending:
                done, pending = self._finished(wait, pending, grace, what)
                grace = 0.0
                for future in done:
                    found = self._result(future, what)
                    if isinstance(found, str):
                        raise InputError(found)
                    rows, left_out = found
                    yield rows
        finally:
            for future in pending:
                future.cancel()
        yield Counted(left_out)

    def look(self, job: Job, places: Sequence[tuple[str, int]]) -> tuple[Witness, ...]:
        found: tuple[Witness, ...] = self._one(_look, job, places)
        return found

    def called(self, job: Job) -> Called:
        found: Called = self._one(_called, job)
        return found

    def close(self) -> None:
        self.client.close()
        if self._own is not None:
            self._own.close()

    def _one(self, function: Any, job: Job, *args: Any) -> Any:
        from distributed import wait

        future = self.client.submit(function, job, *args, pure=False)
        what = f"loading {job.target}"
        self._finished(wait, {future}, BUILDING, what)
        return self._result(future, what)

    def _finished(
        self, wait: Any, pending: set[Any], grace: float, what: str
    ) -> tuple[set[Any], set[Any]]:
        try:
            done, left = wait(pending, timeout=self._limit + grace, return_when="FIRST_COMPLETED")
        except TimeoutError:
            raise InputError(
                f"{what} gave no result for {self._limit + grace:g} s, and was given up",
                hint="--time-limit allows it more; workers may still be busy with it",
            ) from None
        return set(done), set(left)

    def _result(self, future: Any, what: str) -> Any:
        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker as error:
            raise InputError(
                f"{what} ended the process of several workers",
                hint=f"the last one was {error.last_worker.address}",
            ) from error
