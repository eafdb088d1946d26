"""Audit whole frameworks: the tables at the end of docs/audit.md, and docs/findings/.

``python docs/write_audit.py`` takes the gradients of PyTorch and JAX, ``python docs/write_audit.py
jax`` those of one of them. For every kind of fault of a function there is one page, in the first of
float32, bfloat16, float16 and float64 that shows it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from chainrule.api import derive
from chainrule.audit import progress
from chainrule.audit.audit_report import audit_document
from chainrule.audit.campaign import Options, everything, outcomes
from chainrule.audit.finding_pages import file_name, page
from chainrule.audit.findings import finding
from chainrule.audit.frameworks.implementation import load, reference
from chainrule.audit.runner import Outcome
from chainrule.errors import InputError
from chainrule.render.markdown import render

HERE = Path(__file__).parent
TARGET, FINDINGS = HERE / "audit.md", HERE / "findings"
MARK = "<!-- Everything below this line is written by docs/write_audit.py. -->"
DTYPES = ("float32", "bfloat16", "float16", "float64")


def main(frameworks: list[str]) -> None:
    """Replace what is below the mark, and the pages of these frameworks."""
    options = Options(dtypes=DTYPES, kinds=("gradient",))
    with progress.bar() as bar:
        found = list(outcomes(everything(frameworks), options, progress.Bar(bar)))
    # The page has a title of its own; the frameworks are one level below its last section.
    whole = render(audit_document(found, listing=True), front_matter=False)
    _, _, tables = whole.partition("\n\n")
    tables = "\n".join(f"#{line}" if line.startswith("#") else line for line in tables.split("\n"))
    head = TARGET.read_text("utf-8").partition(MARK)[0]
    TARGET.write_text(f"{head}{MARK}\n\n{tables}", "utf-8")
    write_findings(found)


def write_findings(found: Iterable[Outcome]) -> None:
    """A page for every kind of fault of a function."""
    FINDINGS.mkdir(exist_ok=True)
    seen: set[tuple[str, str]] = set()
    for outcome in found:
        target, measured = outcome.job.target, outcome.measured
        for fault, at in (measured.first if measured is not None else {}).items():
            if (target, fault) in seen:
                continue
            seen.add((target, fault))
            known = reference(target, outcome.job.dtype)
            implementation = load(target, outcome.job.dtype)
            derivation = derive(known.formula)
            try:
                one = finding(
                    implementation, derivation, at, values=known.values, measured=measured
                )
            except InputError as error:
                print(f"{target} in {outcome.job.dtype}: {error.describe()}", file=sys.stderr)
                continue
            (FINDINGS / file_name(one)).write_text(page(one), "utf-8")
    write_index()
    # The formatter looks at Python in Markdown too.
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", FINDINGS], check=True)


def write_index() -> None:
    """The list of all pages."""
    pages = sorted(path for path in FINDINGS.glob("*.md") if path.name != "README.md")
    lines = []
    for path in pages:
        title = path.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}]({quote(path.name)})")
    text = (
        "# Findings\n\nOne page for each kind of fault of a function, with lines that show it:\n\n"
    )
    (FINDINGS / "README.md").write_text(text + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:] or ["torch", "jax"])
