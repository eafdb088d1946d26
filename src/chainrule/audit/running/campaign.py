"""An audit: which jobs there are, and what they come to."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock

from chainrule.audit.frameworks.implementation import CPU, Computed, check_device, targets
from chainrule.audit.running import state
from chainrule.audit.running.jobs import SAMPLE, Job, UnknownTargetError, job_for, truth_of
from chainrule.audit.running.runner import Child, Executor, Outcome, failed, run
from chainrule.errors import FaultError, InputError
from chainrule.sweep.processors import processors

KINDS: tuple[Computed, ...] = ("gradient", "forward")
TIME_LIMIT = 60.0
"""Seconds that one call may take, the first one with what is compiled in it."""
AT_ONCE, SHARING = 16, 8
"""Processes at a time at most, and such that share a device. Each takes 500 MB of memory, and of a
GPU's as much just for being there."""

# Formulas are read and derived by one thread at a time: Arb's precision is one for them all.
_DERIVING = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to audit.

    Attributes:
        dtypes, kinds: each target in each dtype, its gradient, itself, or both.
        against: see ``jobs.job_for``.
        device: where targets compute, as their framework calls it.
        exhaustive, sample: see ``sweep.plan``.
        threads: how many of them evaluate and compare; as many as there are processors if 0.
            Samples of several targets are done side by side, each in a process of its own with
            its part of the threads: much of the work for one is no work for several.
        time_limit: seconds for one call of somebody's code.
        folder: where what is done is kept; a folder of the user's cache if ``None``.
        resume: go on where an interrupted audit of the same things stopped.
        cluster: the address of a Dask scheduler, "" for a cluster of this machine, ``None`` for
            a process of our own.
    """

    dtypes: Sequence[str]
    kinds: Sequence[Computed] = KINDS
    against: str | None = None
    device: str = CPU
    exhaustive: bool = False
    sample: int = SAMPLE
    threads: int = 0
    time_limit: float = TIME_LIMIT
    folder: Path | None = None
    resume: bool = False
    cluster: str | None = None

    def kept(self, job: Job) -> Path:
        """The file of a job."""
        return (self.folder or state.folder()) / f"{job.slug}.rows.npz"


class Watcher:
    """Is told how an audit goes, from several threads. This one says nothing."""

    def begin(self, job: Job, inputs: int) -> Callable[[int], None]:
        """A job begins; what is returned is told how many inputs have been done."""
        return lambda done: None

    def end(self, outcome: Outcome | None) -> None:
        """What this thread began has ended; ``None`` if there was nothing to do."""


def everything(frameworks: Sequence[str]) -> list[str]:
    """All targets of frameworks.

    Raises:
        InputError: there is no such framework, or it has none.
        MissingExtraError: it is not installed.
    """
    found = [target for framework in frameworks for target in targets(framework)]
    if frameworks and not found:
        raise InputError(
            f"{', '.join(frameworks)} has nothing that the catalogue knows of",
            hint="name a target",
        )
    return found


def outcomes(
    names: Sequence[str], options: Options, watcher: Watcher | None = None
) -> Iterator[Outcome]:
    """Do all of it; the outcomes in the order of the names.

    What cannot be done is an outcome with a ``failure``, and the rest goes on. What is done of an
    interrupted audit stays on disk; after the last job it is removed.

    Raises:
        InputError: what was done before is of another audit, a file cannot be written, or there
            is no such device.
        MissingExtraError: the framework that should have it is not installed.
    """
    watcher = watcher or Watcher()
    names = list(dict.fromkeys(names))
    if options.device != CPU and options.cluster is None:
        # Before each of them fails for itself. On a cluster it is the workers that have devices.
        for one in {name.partition(":")[0]: name for name in names}.values():
            check_device(one, options.device)
    kept: list[Path] = []
    for outcome in _all(names, options, watcher):
        kept.append(options.kept(outcome.job))
        yield outcome
    for path in kept:
        path.unlink(missing_ok=True)


def _all(names: Sequence[str], options: Options, watcher: Watcher) -> Iterator[Outcome]:
    threads = options.threads or processors()
    at_once = min(threads, len(names), AT_ONCE if options.device == CPU else SHARING)
    if options.exhaustive or options.cluster is not None or at_once < 2:
        with closing(_executor(options, threads)) as executor:
            for name in names:
                yield from _of_target(name, options, executor, watcher)
        return
    stop = Event()

    def work(name: str) -> list[Outcome]:
        with closing(Child(threads // at_once, options.time_limit, stop)) as executor:
            return list(_of_target(name, options, executor, watcher))

    with ThreadPoolExecutor(at_once, initializer=_deaf) as pool:
        try:
            for found in [pool.submit(work, name) for name in names]:
                yield from found.result()
        finally:
            # After Ctrl-C, say: what is done is written by each of them.
            stop.set()
            pool.shutdown(cancel_futures=True)


def _deaf() -> None:
    """Ctrl-C is for the main thread, and not for what this thread starts."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _of_target(
    name: str, options: Options, executor: Executor, watcher: Watcher
) -> Iterator[Outcome]:
    """The jobs of a target, one after the other."""
    for dtype in options.dtypes:
        for kind in options.kinds:
            outcome = _outcome(name, dtype, kind, options, executor, watcher)
            watcher.end(outcome)
            if outcome is not None:
                yield outcome
            if outcome is not None and not len(outcome.rows):
                # What cannot be loaded fails for the other kind too.
                break


def _outcome(
    target: str,
    dtype: str,
    kind: Computed,
    options: Options,
    executor: Executor,
    watcher: Watcher,
) -> Outcome | None:
    try:
        with _DERIVING:
            job = job_for(
                target,
                dtype,
                kind,
                against=options.against,
                exhaustive=options.exhaustive,
                sample=options.sample,
                device=options.device,
            )
            truth_of(job)
    except FaultError as error:
        bare = Job(target, dtype, kind, "", (), device=options.device)
        return failed(bare, str(error), error)
    except UnknownTargetError as error:
        # More often its name is misspelt.
        bare = Job(target, dtype, kind, "", (), device=options.device)
        return failed(bare, _unloadable(bare, executor) or error.describe())
    except InputError as error:
        bare = Job(target, dtype, kind, "", (), device=options.device)
        return failed(bare, error.describe())
    ranges = job.plan.ranges()
    inputs = int((ranges[:, 1] - ranges[:, 0] + 1).sum()) // job.plan.step
    advance = watcher.begin(job, inputs)
    return run(job, executor, kept=options.kept(job), resume=options.resume, advance=advance)


def _unloadable(job: Job, executor: Executor) -> str | None:
    """Why a target cannot be loaded; ``None`` if it can."""
    try:
        executor.begin(job)
    except InputError as error:
        return error.describe()
    return None


def _executor(options: Options, threads: int) -> Executor:
    if options.cluster is None:
        return Child(threads, options.time_limit)
    from chainrule.audit.running.cluster import Cluster

    return Cluster(options.cluster or None, threads, options.time_limit)
