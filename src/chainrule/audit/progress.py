"""A bar for each job of an audit, with the rate and the time left, on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import TYPE_CHECKING

from chainrule.audit.running.campaign import Watcher
from chainrule.audit.running.jobs import Job
from chainrule.audit.running.runner import Outcome

if TYPE_CHECKING:
    from rich.progress import Progress, Task
    from rich.text import Text


class Bar(Watcher):
    """Shows how an audit goes, in a ``rich.progress.Progress`` that somebody else has started.

    There is a line for each thread that does jobs.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._own = local()
        self._failure: str | None = None

    def begin(self, job: Job, inputs: int) -> Callable[[int], None]:
        self._tell()
        if not hasattr(self._own, "task"):
            self._own.task = self._progress.add_task("", total=None, visible=False)
        task = self._own.task
        name = job.target if len(job.target) <= _LONGEST else f"{job.target[: _LONGEST - 1]}…"
        self._progress.reset(
            task, total=inputs, visible=True, description=f"{name} {job.dtype} {job.kind}"
        )

        def advance(done: int) -> None:
            self._progress.advance(task, done)

        return advance

    def end(self, outcome: Outcome | None) -> None:
        if outcome is not None and outcome.failure is not None:
            self._tell()
            self._failure = outcome.failure

    def _tell(self) -> None:
        """Print the last failure, once it is clear that something comes after it.

        After the last job the document, or an error message, says everything.
        """
        if self._failure is not None:
            self._progress.console.print(
                f"chainrule: {self._failure}", markup=False, highlight=False, soft_wrap=True
            )
            self._failure = None


# Letters of a label beside the bar, of 80 columns.
_LONGEST = 40


def bar(quiet: bool = False, rate: bool = True) -> Progress:
    """A progress display on standard error, shown only on a terminal, and not if ``quiet``."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Inputs per second."""

        def render(self, task: Task) -> Text:
            return Text(_rate(task.speed), style="progress.data.speed")

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        *([Rate()] if rate else []),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
        transient=True,
    )


@contextmanager
def showing(quiet: bool = False) -> Iterator[Callable[[str, float], None]]:
    """A bar for work whose parts have names; what is yielded is told a name and the part done."""
    with bar(quiet, rate=False) as progress:
        task = progress.add_task("", total=1.0)

        def advance(name: str, part: float) -> None:
            progress.update(task, description=name, completed=part)

        yield advance


def _rate(speed: float | None) -> str:
    if not speed:
        return ""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if speed >= size:
            return f"{speed / size:.1f} {unit} inputs/s"
    return f"{speed:.0f} inputs/s"
