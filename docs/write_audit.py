"""Audit whole frameworks and write the tables at the end of docs/audit.md.

``python docs/write_audit.py`` takes PyTorch and JAX, ``python docs/write_audit.py jax`` one of
them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from chainrule import api
from chainrule.audit import progress
from chainrule.audit.campaign import Options
from chainrule.audit.formats import BY_NAME
from chainrule.render.markdown import render

TARGET = Path(__file__).with_name("audit.md")
MARK = "<!-- Everything below this line is written by docs/write_audit.py. -->"


def main(frameworks: list[str]) -> None:
    """Replace what is below the mark."""
    with progress.bar() as bar:
        document, _, _ = api.audit(
            [],
            Options(dtypes=list(BY_NAME)),
            frameworks=frameworks,
            watcher=progress.Bar(bar),
        )
    # The page has a title of its own; the frameworks are one level below its last section.
    _, _, tables = render(document, front_matter=False).partition("\n\n")
    tables = "\n".join(f"#{line}" if line.startswith("#") else line for line in tables.split("\n"))
    head = TARGET.read_text("utf-8").partition(MARK)[0]
    TARGET.write_text(f"{head}{MARK}\n\n{tables}", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:] or ["torch", "jax"])
