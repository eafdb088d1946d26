"""Faults planted by hand, each with the everyday test that is there to notice it.

    python bench/mutation/planted.py

``planted.tsv`` names them: what is wrong then, the file, what is replaced in it, what by, and
the test. Exit status 1 if one of them is not noticed, or if a test fails as it is.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from covering import KEPT
from run import copy_tree

TABLE = Path(__file__).with_name("planted.tsv")


class Planted(NamedTuple):
    """One fault, as in ``planted.tsv``."""

    what: str
    path: str
    before: str
    after: str
    test: str


def planted() -> list[Planted]:
    """Every fault of the table."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Planted(*row) for row in rows if row and not row[0].startswith("#")]


def main() -> int:
    tree = KEPT / "planted"
    copy_tree(tree)
    failed = _run(tree, *{row.test for row in planted()})
    print("as it is:", "a test fails" if failed else "all pass", flush=True)
    missed = []
    for row in planted():
        path = tree / "src" / "chainrule" / row.path
        source = path.read_text("utf-8")
        if row.before not in source:
            raise SystemExit(f"{row.path} has no {row.before!r} any more")
        path.write_text(source.replace(row.before, row.after, 1), "utf-8")
        noticed = _run(tree, row.test)
        path.write_text(source, "utf-8")
        print("noticed " if noticed else "MISSED  ", row.what, flush=True)
        missed += [] if noticed else [row]
    return 1 if failed or missed else 0


def _run(tree: Path, *tests: str) -> bool:
    """Whether one of the tests fails; byte code would hide a change within one second."""
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    paths = os.pathsep.join(filter(None, (str(tree / "src"), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": paths, "CI": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, check=False)
    if done.returncode not in (0, 1, 2):
        raise SystemExit(done.stdout.decode() + done.stderr.decode())
    return done.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
