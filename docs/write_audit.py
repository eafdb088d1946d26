"""Audit whole frameworks: the tables at the end of docs/audit.md, and docs/findings/.

``python docs/write_audit.py`` takes the functions and gradients of PyTorch and JAX. For every kind
of fault of a function or its gradient there is one page, in the first of float32, bfloat16,
float16 and float64 that shows it without an excuse (see ``chainrule.audit.excuses``).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from chainrule.api import derive
from chainrule.audit import progress
from chainrule.audit.audit_report import audit_document
from chainrule.audit.campaign import Options, everything, outcomes
from chainrule.audit.excuses import inexcusable
from chainrule.audit.finding_pages import file_name, page
from chainrule.audit.findings import Finding, finding
from chainrule.audit.frameworks.implementation import load
from chainrule.audit.runner import Outcome
from chainrule.render.markdown import render

HERE = Path(__file__).parent
TARGET, FINDINGS = HERE / "audit.md", HERE / "findings"
MARK = "<!-- Everything below this line is written by docs/write_audit.py. -->"
DTYPES = ("float32", "bfloat16", "float16", "float64")
FRAMEWORKS = ("torch", "jax")


def main() -> None:
    """Replace what is below the mark, and all pages."""
    with progress.bar() as bar:
        found = list(outcomes(everything(FRAMEWORKS), Options(dtypes=DTYPES), progress.Bar(bar)))
    write_tables(found)
    write_findings(found)


def write_tables(found: Sequence[Outcome]) -> None:
    """What is below the mark."""
    # The page has a title of its own; the frameworks are one level below its last section.
    whole = render(audit_document(found, listing=True), front_matter=False)
    _, _, tables = whole.partition("\n\n")
    tables = "\n".join(f"#{line}" if line.startswith("#") else line for line in tables.split("\n"))
    head = TARGET.read_text("utf-8").partition(MARK)[0]
    TARGET.write_text(f"{head}{MARK}\n\n{tables}", "utf-8")


def write_findings(found: Iterable[Outcome]) -> None:
    """A page for every kind of fault of a function, whatever its other arguments are."""
    FINDINGS.mkdir(exist_ok=True)
    for old in FINDINGS.glob("*.md"):
        old.unlink()
    seen: set[tuple[str, ...]] = set()
    for outcome in found:
        job, measured = outcome.job, outcome.measured
        for fault in measured.first if measured is not None else ():
            framework = job.target.partition(":")[0]
            one = (framework, job.formula, job.kind, fault)
            if one not in seen and (shown := _shown(outcome, fault)) is not None:
                seen.add(one)
                (FINDINGS / file_name(shown)).write_text(page(shown), "utf-8")
    write_index()
    # The formatter looks at Python in Markdown too.
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", FINDINGS], check=True)


def _shown(outcome: Outcome, fault: str) -> Finding | None:
    """The fault at an input that shows it without an excuse, if there is one."""
    job = outcome.job
    implementation = load(job.target, job.dtype)
    at = inexcusable(job, implementation, outcome.rows, fault)
    if at is None:
        return None
    return finding(
        implementation,
        derive(job.formula),
        at,
        kind=job.kind,
        values=dict(job.values),
        measured=outcome.measured,
    )


def write_index() -> None:
    """The list of all pages."""
    pages = sorted(path for path in FINDINGS.glob("*.md") if path.name != "README.md")
    lines = []
    for path in pages:
        title = path.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}]({quote(path.name)})")
    text = (
        "# Findings\n\nOne page for each kind of fault of a function, with lines that show it. "
        "What a framework need not answer for [is left out](../audit.md#what-is-reported).\n\n"
    )
    (FINDINGS / "README.md").write_text(text + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
