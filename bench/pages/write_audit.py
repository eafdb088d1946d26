"""Audit whole frameworks: tables in docs/audit.md and docs/audit-cuda.md, docs/results/findings/.

``python bench/pages/write_audit.py`` takes the functions and gradients of PyTorch and JAX. For
every kind of fault of a function or its gradient there is one page, in the first of float32,
bfloat16, float16 and float64 that shows it without an excuse (see ``chainrule.audit.excuses``).

It has two steps, for a device that is not where the pages are written:

    python bench/pages/write_audit.py sweep FOLDER --device cuda
    python bench/pages/write_audit.py write FOLDER

The first leaves a file for each target, and may be stopped and started again: what is there is not
done anew. Of another device than the CPU the second writes the pages for what does not go wrong on
the CPU, to docs/results/findings/cuda/.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import quote

from audit_results import Fault, read, write

from chainrule.audit.finding_pages import file_name, page
from chainrule.audit.frameworks.implementation import CPU, Computed, check_device
from chainrule.audit.report import audit_document
from chainrule.audit.running.campaign import Options, everything, outcomes
from chainrule.audit.running.runner import Outcome
from chainrule.errors import InputError
from chainrule.render.markdown import render
from chainrule.sweep.processors import processors

DOCS = Path(__file__).parents[2] / "docs"
FINDINGS = DOCS / "results" / "findings"
MARK = "<!-- Everything below this line is written by bench/pages/write_audit.py. -->"
DTYPES = ("float32", "bfloat16", "float16", "float64")
FRAMEWORKS = ("torch", "jax")
TIME_LIMIT = 300.0
"""Seconds for a call; many processes that import a framework at once take their time."""
SLOWEST = "ndtri"
"""Its exact values take a minute or more; it is begun before all others."""
HEAD = """# The audit on `{device}`

The same tables as [for the CPU](audit.md#how-to-read-the-table), by `chainrule audit --all torch
--all jax --dtype all --device {device}`. A kind of fault that a function does not have on the CPU
has a [page](results/findings/README.md).

"""


def main() -> None:
    """Both steps, or one of them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("step", nargs="?", choices=["sweep", "write"])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--device", default=CPU)
    parser.add_argument("--framework", action="append", choices=FRAMEWORKS)
    parser.add_argument("--processes", type=int, default=processors())
    given = parser.parse_args()
    if given.step is not None and given.folder is None:
        parser.error(f"{given.step} needs a folder")
    frameworks = given.framework or FRAMEWORKS
    with tempfile.TemporaryDirectory() as own:
        folder = given.folder or Path(own)
        if given.step != "write":
            sweep(folder, everything(frameworks), given.device, given.processes)
        if given.step != "sweep":
            write_pages(folder)


# --- where the targets are ------------------------------------------------------------------------
def sweep(folder: Path, targets: Sequence[str], device: str, processes: int) -> None:
    """A file for each target that has none yet; several at once, and a line about each."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for target in {target.partition(":")[0]: target for target in targets}.values():
            check_device(target, device)
    except InputError as error:
        sys.exit(error.describe())
    start, failed = time.monotonic(), 0
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        ordered = sorted(targets, key=lambda target: SLOWEST not in target)
        pending = {pool.submit(_sweep_one, folder, one, device): one for one in ordered}
        for number, future in enumerate(as_completed(pending), 1):
            error = future.exception()
            failed += error is not None
            said = "" if error is None else f": {type(error).__name__}: {error}"
            seconds = time.monotonic() - start
            print(f"{number}/{len(targets)} {seconds:.0f} s {pending[future]}{said}", flush=True)
    if failed:
        sys.exit(f"{failed} of {len(targets)} could not be done")


def _sweep_one(folder: Path, target: str, device: str) -> None:
    options = Options(dtypes=DTYPES, device=device, threads=1, time_limit=TIME_LIMIT)
    path = folder / f"{_safe(target)}.{_safe(device)}.json"
    if path.exists():
        return
    part = path.with_suffix(".part")
    write(list(outcomes([target], options)), part)
    os.replace(part, path)


# --- where the pages are --------------------------------------------------------------------------
def write_pages(folder: Path) -> None:
    """The tables and the pages of all that is in a folder, device by device."""
    devices: dict[str, list[tuple[Outcome, list[Fault]]]] = defaultdict(list)
    order = {target: place for place, target in enumerate(everything(FRAMEWORKS))}
    found = sorted(read(folder), key=lambda one: order.get(one[0].job.target, len(order)))
    for outcome, faults in found:
        devices[outcome.job.device].append((outcome, faults))
    for device, some in sorted(devices.items(), key=lambda item: item[0] != CPU):
        write_tables([outcome for outcome, _ in some], device)
        write_findings(some, device)
    write_index()
    # The formatter looks at Python in Markdown too.
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", FINDINGS], check=True)


def write_tables(found: Sequence[Outcome], device: str) -> None:
    """What is below the mark, and what is above it where there is no page yet."""
    # The page has a title of its own; the frameworks are one level below its last section.
    whole = render(audit_document(found, listing=True), front_matter=False)
    _, _, tables = whole.partition("\n\n")
    on_cpu = device == CPU
    if on_cpu:
        tables = "\n".join(f"#{one}" if one.startswith("#") else one for one in tables.split("\n"))
    target = DOCS / ("audit.md" if on_cpu else f"audit-{_safe(device)}.md")
    head = target.read_text("utf-8") if target.exists() else HEAD.format(device=device)
    target.write_text(f"{head.partition(MARK)[0]}{MARK}\n\n{tables}", "utf-8")


def write_findings(found: Sequence[tuple[Outcome, Sequence[Fault]]], device: str) -> None:
    """A page for every kind of fault of a function, whatever its other arguments are.

    Of another device than the CPU those are left out that have a page for the CPU, in any dtype.
    """
    folder = FINDINGS if device == CPU else FINDINGS / _safe(device)
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    labels: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for outcome, _ in found:
        labels[_function(outcome)][outcome.job.target] = None
    seen: set[tuple[tuple[str, str], Computed, str]] = set()
    for outcome, faults in found:
        function, kind = _function(outcome), outcome.job.kind
        for fault in faults:
            one = (function, kind, fault.fault)
            if one in seen:
                continue
            seen.add(one)
            names = (file_name(n, d, kind, fault.fault) for n in labels[function] for d in DTYPES)
            if device != CPU and any((FINDINGS / name).exists() for name in names):
                continue
            name = file_name(outcome.job.target, outcome.job.dtype, kind, fault.fault)
            (folder / name).write_text(page(fault.finding()), "utf-8")


def _function(outcome: Outcome) -> tuple[str, str]:
    """Whose function, and which."""
    return outcome.job.target.partition(":")[0], outcome.job.formula


def write_index() -> None:
    """The list of all pages, those for the CPU first."""
    parts = []
    for folder in (FINDINGS, *sorted(path for path in FINDINGS.iterdir() if path.is_dir())):
        pages = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
        lines = [f"## On `{folder.name}`\n"] if folder != FINDINGS and pages else []
        for path in pages:
            title = path.read_text("utf-8").partition("\n")[0].removeprefix("# ")
            lines.append(f"- [{title}]({quote(path.relative_to(FINDINGS).as_posix())})")
        parts += ["\n".join(lines)] if lines else []
    text = (
        "# Findings\n\nOne page for each kind of fault of a function, with lines that show it. "
        "What a framework need not answer for [is left out](../../audit.md#what-is-reported).\n\n"
    )
    (FINDINGS / "README.md").write_text(text + "\n\n".join(parts) + "\n", "utf-8")


def _safe(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._=-" else "-" for letter in text)


if __name__ == "__main__":
    main()
