"""The process in which somebody's code runs: it may crash, hang or exit without harm.

The parent sends requests over a pipe, and gets replies until there is a last one. What each
thread is at stands in memory that both share, so that it can be told when the process is gone.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import count
from multiprocessing.connection import Connection
from threading import local
from typing import Any

import numpy as np

from chainrule.audit.calls import Called, called
from chainrule.audit.frameworks.implementation import (
    CPU,
    Array,
    Implementation,
    load,
    version_of,
)
from chainrule.audit.running.jobs import (
    Job,
    Witness,
    exact,
    found_at,
    function_of,
    narrowed,
    sweep_of,
)
from chainrule.errors import ChainruleError, InputError
from chainrule.sweep.sweep import Evaluate, Sweep
from chainrule.sweep.tally import Tallies

# The pool has as many threads as there are slots; the libraries must not have more of their own.
ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
ONE_THREAD_OF_XLA = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
SLOT = 3
"""Numbers that a thread shares: calls begun and ended (odd inside of one), first and last input."""
AT_ONCE = 1 << 16
"""Inputs of a sample that a device gets at once."""
# Seconds until what is done is told: often enough for a bar that moves.
_FLUSH = 0.1


# --- what is said over the pipe -----------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Begin:
    """Load the target of a job."""

    job: Job


@dataclass(frozen=True, slots=True)
class Begun:
    """The versions of all that its results depend on, ``None`` if it has no such function."""

    versions: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Count:
    """Do the ranges with these numbers."""

    job: Job
    indices: Sequence[int]


@dataclass(frozen=True, slots=True)
class Rows:
    """Ranges that are done; more will follow."""

    indices: Sequence[int]
    rows: Tallies


@dataclass(frozen=True, slots=True)
class Counted:
    """All of them are done. ``left_out``: see ``Sweep``."""

    left_out: int


@dataclass(frozen=True, slots=True)
class Look:
    """Evaluate again at the inputs at positions."""

    job: Job
    places: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Looked:
    witnesses: tuple[Witness, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """The target does not do what it should."""

    message: str


@dataclass(frozen=True, slots=True)
class Try:
    """Call in other ways."""

    job: Job


@dataclass(frozen=True, slots=True)
class Tried:
    called: Called


Request = Begin | Count | Look | Try
Reply = Begun | Rows | Counted | Looked | Tried | Failed


# --- a job, loaded ------------------------------------------------------------------------------
@lru_cache(maxsize=1)
def _implementation(target: str, dtype: str, device: str) -> Implementation:
    """The gradient and the function of one dtype are jobs of their own, and loaded once."""
    loaded = load(target, dtype, device)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    return loaded


class Loaded:
    """A target and what it is compared with, each built when it is first asked for."""

    def __init__(self, job: Job) -> None:
        self.job = job

    @property
    def implementation(self) -> Implementation:
        return _implementation(self.job.target, self.job.dtype, self.job.device)

    @cached_property
    def sweep(self) -> Sweep:
        return sweep_of(self.job)

    @property
    def evaluate(self) -> Evaluate:
        found = function_of(self.implementation, self.job.kind)
        assert found is not None
        return found

    def batches(self, indices: Sequence[int]) -> list[Sequence[int]]:
        """The numbers of ranges, by those that are done in one call.

        On a processor each has one, whose numbers stay in its cache; a device has a call take
        long, and the more so the more processes share it.
        """
        size = 1 if self.job.device == CPU else self.sweep.together(AT_ONCE)
        return [indices[start : start + size] for start in range(0, len(indices), size)]

    def count(self, evaluate: Evaluate, indices: Sequence[int]) -> Tallies:
        """The rows of ranges with these numbers."""
        ranges = [(first, last) for first, last in self.sweep.ranges[list(indices)].tolist()]
        return self.sweep.count_together(evaluate, ranges)

    def versions(self) -> Mapping[str, str] | None:
        """The versions of all that its results depend on, ``None`` if it has no such function."""
        if function_of(self.implementation, self.job.kind) is None:
            return None
        own = {name: version_of(name) for name in ("chainrule", "python-flint")}
        return {**self.implementation.versions, **own}

    def look(self, places: Sequence[tuple[str, int]]) -> tuple[Witness, ...]:
        return tuple(found_at(self.job, self.implementation, kind, place) for kind, place in places)

    def called(self) -> Called:
        return called(self.implementation, self.job.kind, lambda values: exact(self.job, values))

    def failure(self, error: InputError, values: Array) -> str:
        """What is to be said of a failure among the inputs: at which of them it is."""
        found = narrowed(self.evaluate, values)
        if found is None:
            return f"{error.describe()}\n{_where(values)}; a second time it did not"
        fewer, again = found
        said = f"{again.describe()}\n{_where(fewer)}"
        if len(fewer) > 1:
            return said
        return f"{said}: {self.implementation.reproduction(float(fewer[0]), self.job.kind)}"


def _where(values: Array) -> str:
    first, last = float(values[0]), float(values[-1])
    return f"at {first!r}" if len(values) == 1 else f"at inputs from {first!r} to {last!r}"


class FunctionError(InputError):
    """Somebody's function failed.

    Attributes:
        values: the inputs that it was given.
    """

    def __init__(self, error: InputError, values: Array) -> None:
        super().__init__(error.message, hint=error.hint)
        self.values = values


def failing(evaluate: Evaluate) -> Evaluate:
    """The function, with the inputs in what it raises."""

    def run(values: Array) -> Array:
        try:
            return evaluate(values)
        except InputError as error:
            raise FunctionError(error, values) from error

    return run


# --- the process --------------------------------------------------------------------------------
class Watch:
    """Says in shared memory which inputs a thread is at."""

    def __init__(self, slots: Any) -> None:
        self._slots = slots
        self._own = local()

    def take(self, number: int) -> None:
        """Give the thread that calls this a place of its own."""
        self._own.start = SLOT * number

    @contextmanager
    def busy(self, first: float = np.nan, last: float = np.nan) -> Iterator[None]:
        start = self._own.start
        self._slots[start + 1 : start + 3] = first, last
        self._slots[start] += 1
        try:
            yield
        finally:
            self._slots[start] += 1

    def watched(self, evaluate: Evaluate) -> Evaluate:
        def run(values: Array) -> Array:
            if not len(values):
                return evaluate(values)
            with self.busy(float(values[0]), float(values[-1])):
                return evaluate(values)

        return run


def serve(connection: Connection[Reply, Request], slots: Any, log: str, threads: int) -> None:
    """Answer requests until the parent is gone.

    Args:
        slots: shared memory, ``SLOT`` numbers for each thread and for the main one.
        log: a file for what somebody's code prints.
    """
    # Ctrl-C is for the parent to deal with.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    faulthandler.enable(descriptor)
    os.environ.update(ONE_THREAD)
    # What the user says stands: how many devices a CPU is, for one.
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {ONE_THREAD_OF_XLA}".lstrip()
    watch, loaded = Watch(slots), None
    watch.take(0)
    while True:
        try:
            request = connection.recv()
        except EOFError:
            return
        if loaded is None or loaded.job != request.job:
            loaded = Loaded(request.job)
        try:
            for reply in _answers(request, loaded, watch, connection, threads):
                connection.send(reply)
        except ChainruleError as error:
            said = error.describe() if isinstance(error, InputError) else str(error)
            connection.send(Failed(said))


def _answers(
    request: Request,
    loaded: Loaded,
    watch: Watch,
    connection: Connection[Reply, Request],
    threads: int,
) -> Iterator[Reply]:
    match request:
        case Begin():
            with watch.busy():
                versions = loaded.versions()
            yield Begun(versions)
        case Count(_, indices):
            yield from _counted(loaded, indices, watch, connection, threads)
        case Look(_, places):
            with watch.busy():
                witnesses = loaded.look(places)
            yield Looked(witnesses)
        case Try():
            with watch.busy():
                found = loaded.called()
            yield Tried(found)


def _counted(
    loaded: Loaded,
    indices: Sequence[int],
    watch: Watch,
    connection: Connection[Reply, Request],
    threads: int,
) -> Iterator[Reply]:
    left_out = loaded.sweep.left_out
    evaluate = watch.watched(failing(loaded.evaluate))
    places = count(1)
    with ThreadPoolExecutor(threads, initializer=lambda: watch.take(next(places))) as pool:
        numbers = {
            pool.submit(loaded.count, evaluate, batch): batch for batch in loaded.batches(indices)
        }
        pending = set(numbers)
        while pending:
            done, pending = wait(pending, timeout=_FLUSH)
            if connection.poll():
                # Nothing is asked in between: the parent is gone.
                os._exit(1)
            errors = (future.exception() for future in done)
            failed = next((error for error in errors if isinstance(error, FunctionError)), None)
            if failed is not None:
                pool.shutdown(cancel_futures=True)
                with watch.busy():
                    said = loaded.failure(failed, failed.values)
                yield Failed(said)
                return
            if done:
                rows = np.concatenate([future.result() for future in done])
                yield Rows([index for future in done for index in numbers[future]], rows)
    yield Counted(left_out)
