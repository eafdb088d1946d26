"""Jobs of an audit, one after the other, each in a process that may die of it.

Whatever runs a job (a child here, a cluster in ``cluster``) is an ``Executor``; what is done is
kept in a file all the while, so that an interrupted audit can go on.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import numpy as np

from chainrule.audit.calls import Called
from chainrule.audit.running import child, state
from chainrule.audit.running.child import (
    Begin,
    Begun,
    Count,
    Counted,
    Failed,
    Look,
    Looked,
    Rows,
    Tried,
    Try,
)
from chainrule.audit.running.jobs import LARGEST, Job, Witness, places_to_look_at
from chainrule.errors import FaultError, InputError
from chainrule.floats.measure import Measured
from chainrule.sweep import tally
from chainrule.sweep.tally import Tallies

POLL = 0.2
"""Seconds between looks at what the child is at."""
SAVE = 3.0
"""Seconds between two times that what is done is written."""
CLOSE = 2.0**-9
"""A largest error that comes out so nearly again, relatively, is the same: sweeps count in
float32, against polynomials."""


# Whoever starts a process asks after all others that have ended; a second one who does, in another
# thread at the same moment, is not told how.
_STARTING = threading.Lock()


class Executor(Protocol):
    """Where somebody's code runs. All of it raises ``InputError`` where that fails."""

    def begin(self, job: Job) -> Mapping[str, str] | None:
        """Load the target; its versions, or ``None`` if it has no such function."""

    def rows(self, job: Job, indices: Sequence[int]) -> Iterator[Rows | Counted]:
        """Count the ranges with these numbers."""

    def look(self, job: Job, places: Sequence[tuple[str, int]]) -> tuple[Witness, ...]:
        """Evaluate again at positions."""

    def called(self, job: Job) -> Called:
        """Call the target in other ways."""

    def close(self) -> None:
        """End it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job came to.

    Attributes:
        rows: the table of its ranges.
        measured: what these come to; ``None`` if there are none. Its largest error is by ball
            arithmetic.
        left_out: see ``Sweep``.
        versions: of all that the results depend on.
        witnesses: the worst input, and one for each kind of fault.
        done: which part of the ranges is done, from 0 to 1.
        failure: why it could not be done, or not to the end.
        called: what came of calls in other ways; ``None`` if it did not come to that.
        fault: where it could not be done because the truth came out wrong: a fault of
            chainrule, and none of the target.
    """

    job: Job
    rows: Tallies
    measured: Measured | None
    left_out: int
    versions: Mapping[str, str]
    witnesses: tuple[Witness, ...]
    done: float
    failure: str | None = None
    called: Called | None = None
    fault: FaultError | None = None

    def passes(self, max_ulp: float) -> bool:
        """Whether there is no fault, in no way to call it, and no error above ``max_ulp``."""
        found = self.measured
        wrong = self.called is not None and self.called.wrong
        return found is not None and not (found.faults or wrong or found.largest > max_ulp)


def failed(job: Job, failure: str, fault: FaultError | None = None) -> Outcome:
    """The outcome of a job that could not be begun."""
    return Outcome(job, tally.none(), None, 0, {}, (), 0.0, failure, fault=fault)


def run(
    job: Job,
    executor: Executor,
    *,
    kept: Path,
    resume: bool = False,
    advance: Callable[[int], None] = lambda inputs: None,
) -> Outcome | None:
    """Do a job; ``None`` if the target has no such function.

    Args:
        kept: the file that what is done is written to.
        resume: go on from that file, if it is there.
        advance: is told how many inputs have been done.

    Raises:
        InputError: the file is of another audit.
    """
    rows = tally.empty(job.plan.ranges())
    try:
        versions = executor.begin(job)
    except InputError as error:
        return failed(job, error.describe())
    if versions is None:
        return None
    header = {**job.data(), "versions": dict(versions), "left_out": 0}
    if resume and kept.exists():
        rows, header = state.read(kept, header)
    failure: str | None = None
    witnesses: tuple[Witness, ...] = ()
    called: Called | None = None
    try:
        advance(_inputs(rows[rows["compared"] >= 0], job))
        for inputs in _counted(job, executor, rows, header, kept):
            advance(inputs)
        witnesses = executor.look(job, places_to_look_at(rows))
        called = executor.called(job)
    except InputError as error:
        failure = error.describe()
    finally:
        state.write(kept, rows, header)
    measured = tally.measured(rows, job.fmt) if (rows["compared"] >= 0).any() else None
    return Outcome(
        job,
        rows,
        _settled(measured, witnesses),
        int(header["left_out"]),
        versions,
        witnesses,
        float((rows["compared"] >= 0).mean()),
        failure,
        called,
    )


def _counted(
    job: Job, executor: Executor, rows: Tallies, header: dict[str, Any], kept: Path
) -> Iterator[int]:
    """Have the ranges counted that are not yet, into ``rows``; how many inputs each time."""
    todo = np.flatnonzero(rows["compared"] < 0).tolist()
    saved = monotonic()
    for reply in executor.rows(job, todo) if todo else ():
        if isinstance(reply, Counted):
            header["left_out"] = reply.left_out
            continue
        rows[list(reply.indices)] = reply.rows
        yield _inputs(reply.rows, job)
        if monotonic() - saved > SAVE:
            state.write(kept, rows, header)
            saved = monotonic()


def _inputs(rows: Tallies, job: Job) -> int:
    return int((rows["last"] - rows["first"] + 1).sum()) // job.plan.step


def _settled(measured: Measured | None, witnesses: Sequence[Witness]) -> Measured | None:
    """With the largest error as ball arithmetic has it.

    Where the target gives another result at a second time, what the sweep saw stands.
    """
    worst = next((finding for finding in witnesses if finding.kind == LARGEST), None)
    if measured is None or worst is None:
        return measured
    if abs(worst.error - measured.largest) > CLOSE * (measured.largest + 1):
        return measured
    return replace(measured, largest=worst.error)


# --- a child on this machine --------------------------------------------------------------------
class Child:
    """A process with a pool of threads; another one for each target, and after each death."""

    def __init__(
        self, threads: int, time_limit: float, stop: threading.Event | None = None
    ) -> None:
        """
        Args:
            time_limit: seconds that a call of somebody's code may take.
            stop: once it is set, whatever is asked fails.
        """
        self._threads, self._limit = threads, time_limit
        self._stop = stop or threading.Event()
        self._context = get_context("spawn")
        self._target: str | None = None
        self._process: Any = None

    def begin(self, job: Job) -> Mapping[str, str] | None:
        self._heed(f"loading {job.target}")
        if self._process is None or self._target != job.target:
            self.close()
            self._start(job.target)
        for reply in self._ask(Begin(job), f"loading {job.target}"):
            if isinstance(reply, Begun):
                return reply.versions
        raise AssertionError("no reply")

    def rows(self, job: Job, indices: Sequence[int]) -> Iterator[Rows | Counted]:
        what = f"the {job.kind} of {job.target} in {job.dtype}"
        for reply in self._ask(Count(job, indices), what):
            assert isinstance(reply, Rows | Counted)
            yield reply

    def look(self, job: Job, places: Sequence[tuple[str, int]]) -> tuple[Witness, ...]:
        what = f"the {job.kind} of {job.target} in {job.dtype}"
        for reply in self._ask(Look(job, places), what):
            if isinstance(reply, Looked):
                return reply.witnesses
        raise AssertionError("no reply")

    def called(self, job: Job) -> Called:
        what = f"the {job.kind} of {job.target} in {job.dtype}"
        for reply in self._ask(Try(job), what):
            if isinstance(reply, Tried):
                return reply.called
        raise AssertionError("no reply")

    def close(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.join()
        self._connection.close()
        self._log.unlink()
        self._process = None

    def _start(self, target: str) -> None:
        descriptor, log = tempfile.mkstemp(prefix="chainrule-audit-", suffix=".log")
        os.close(descriptor)
        self._log = Path(log)
        self._slots = self._context.RawArray("d", child.SLOT * (self._threads + 1))
        self._connection, other = self._context.Pipe()
        args = (other, self._slots, log, self._threads)
        process = self._context.Process(target=child.serve, args=args, daemon=True)
        with ExitStack() as unused, _deaf(), _STARTING:
            unused.callback(self._log.unlink)
            unused.callback(self._connection.close)
            # Refused where a script without a main guard is imported by its own child.
            process.start()
            unused.pop_all()
        # So that the end of the pipe is seen when the child is gone.
        other.close()
        self._process, self._target = process, target

    def _ask(self, request: child.Request, doing: str) -> Iterator[child.Reply]:
        """The replies to a request.

        Raises:
            InputError: the target failed, or the process died or hung, which is its end; or all
                is to stop.
        """
        self._connection.send(request)
        seen, since = list(self._slots[:: child.SLOT]), [monotonic()] * (self._threads + 1)
        while True:
            self._heed(doing)
            if self._connection in wait([self._connection], timeout=POLL):
                try:
                    reply = self._connection.recv()
                except (EOFError, ConnectionResetError):
                    raise self._died(doing) from None
                if isinstance(reply, Failed):
                    raise InputError(reply.message)
                yield reply
                if not isinstance(reply, Rows):
                    return
            now = monotonic()
            for slot, calls in enumerate(self._slots[:: child.SLOT]):
                if calls != seen[slot]:
                    seen[slot], since[slot] = calls, now
                elif calls % 2 and now - since[slot] > self._limit:
                    raise self._hung(doing, slot)

    def _heed(self, doing: str) -> None:
        if self._stop.is_set():
            self.close()
            raise InputError(f"{doing} was stopped")

    def _hung(self, doing: str, slot: int) -> InputError:
        where = self._inputs([slot])
        self.close()
        return InputError(
            f"{doing} took more than {self._limit:g} s{where}, and was given up",
            hint="--time-limit allows it more",
        )

    def _died(self, doing: str) -> InputError:
        with _STARTING:
            self._process.join()
            code = self._process.exitcode
        how = f"with exit status {code}"
        if code < 0:
            how = f"by {signal.Signals(-code).name}"
        busy = [i for i, calls in enumerate(self._slots[:: child.SLOT]) if calls % 2]
        where = self._inputs(busy)
        lines = self._log.read_text("utf-8", errors="replace").splitlines()
        last = next((line.strip() for line in lines if line.strip()), "")
        self.close()
        return InputError(
            f"{doing} ended its process {how}{where}", hint=f"its words: {last}" if last else None
        )

    def _inputs(self, busy: Sequence[int]) -> str:
        """The inputs that threads are at."""
        spans = []
        for slot in busy:
            first, last = self._slots[child.SLOT * slot + 1 : child.SLOT * slot + 3]
            if first == first:
                spans.append(f"from {first!r} to {last!r}" if first != last else f"at {first!r}")
        return f" at inputs {' or '.join(spans)}" if spans else ""


@contextmanager
def _deaf() -> Iterator[None]:
    """Without Ctrl-C, which a process that is being started inherits."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
