"""An audit: which jobs there are, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from chainrule.audit import state
from chainrule.audit.frameworks.implementation import Kind, targets
from chainrule.audit.jobs import SAMPLE, Job, UnknownTargetError, job_for
from chainrule.audit.processors import processors
from chainrule.audit.runner import Child, Executor, Outcome, failed, run
from chainrule.errors import InputError

KINDS: tuple[Kind, ...] = ("gradient", "forward")
TIME_LIMIT = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to audit.

    Attributes:
        dtypes, kinds: each target in each dtype, its gradient, itself, or both.
        against: see ``jobs.job_for``.
        exhaustive, sample: see ``sweep.plan``.
        threads: how many of them evaluate and compare; as many as there are processors if 0.
        time_limit: seconds for one call of somebody's code.
        folder: where what is done is kept; a folder of the user's cache if ``None``.
        resume: go on where an interrupted audit of the same things stopped.
        cluster: the address of a Dask scheduler, "" for a cluster of this machine, ``None`` for
            a process of our own.
    """

    dtypes: Sequence[str]
    kinds: Sequence[Kind] = KINDS
    against: str | None = None
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
    """Is told how an audit goes. This one says nothing."""

    def begin(self, job: Job, inputs: int) -> Callable[[int], None]:
        """A job begins; what is returned is told how many inputs have been done."""
        return lambda done: None

    def end(self, outcome: Outcome | None) -> None:
        """It has ended; ``None`` if there was nothing to do."""


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
    """Do all of it, one job after the other.

    What cannot be done is an outcome with a ``failure``, and the rest goes on. What is done of an
    interrupted audit stays on disk; after the last job it is removed.

    Raises:
        InputError: what was done before is of another audit, or a file cannot be written.
    """
    watcher = watcher or Watcher()
    kept: list[Path] = []
    with closing(_executor(options)) as executor:
        for name in names:
            for dtype in options.dtypes:
                for kind in options.kinds:
                    outcome = _outcome(name, dtype, kind, options, executor, watcher)
                    watcher.end(outcome)
                    if outcome is not None:
                        kept.append(options.kept(outcome.job))
                        yield outcome
                    if outcome is not None and not len(outcome.rows):
                        # What cannot be loaded fails for the other kind too.
                        break
    for path in kept:
        path.unlink(missing_ok=True)


def _outcome(
    target: str,
    dtype: str,
    kind: Kind,
    options: Options,
    executor: Executor,
    watcher: Watcher,
) -> Outcome | None:
    try:
        job = job_for(
            target,
            dtype,
            kind,
            against=options.against,
            exhaustive=options.exhaustive,
            sample=options.sample,
        )
    except UnknownTargetError as error:
        # More often its name is misspelt.
        bare = Job(target, dtype, kind, "", ())
        return failed(bare, _unloadable(bare, executor) or error.describe())
    except InputError as error:
        return failed(Job(target, dtype, kind, "", ()), error.describe())
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


def _executor(options: Options) -> Executor:
    threads = options.threads or processors()
    if options.cluster is None:
        return Child(threads, options.time_limit)
    from chainrule.audit.cluster import Cluster

    return Cluster(options.cluster or None, threads, options.time_limit)
