"""What the tests notice, package by package: docs/results/mutation.md, of the kept results.

    python bench/mutation/report.py 1 2

The numbers are the seeds of the samples.

``equivalent.tsv`` names the mutants that survive because they change nothing that can be seen
from outside, each with the reason: path, lines before, lines after, reason.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from covering import ROOT
from planted import planted
from run import COUNT, KILLED, SECONDS, results, results_of

EQUIVALENT = Path(__file__).with_name("equivalent.tsv")
TARGET = ROOT / "docs" / "results" / "mutation.md"

HEAD = """\
# Mutation testing

A mutant is the program with one small fault planted: a sign, a comparison, a number, a name in a
table, a row left out. The tests are good if they notice. `make mutation` draws a sample of places
by a seed, in `differentiate`, `balls`, `rewrite`, `verify`, `check`, `document`, the table of
elementary functions, what rewrites formulas for floating point, and what errors in ULP are measured
with (`bench/mutation/mutants.py`); each place is as likely as any other, those in tables included.
The operators are those of
[cosmic-ray](https://cosmic-ray.readthedocs.io), without those that only ever raise a TypeError, and
a few for what it leaves alone: names of functions and facts in tables, formulas written as text,
rows of tables and calls left out, and limits (to 1). What annotations,
imports and decorators say is left as it is.

Each mutant is tried with the everyday tests that can see it: those that run the line, by a
record of coverage for each test; for a line of a table, those that import it or run what imports
it. Those that run little else come first, up to {seconds:.0f} seconds of tests; what survives
them is tried with all. It is killed when one fails, or takes three times as long as it should.
"""

SHORT = """\
{tried} of the {count} that `make mutation` draws; it goes on with the others. What survives here
has passed only as many tests as there was time for, a few seconds of those that run its line or
belong to its package: some of it would be killed by the others.
"""

SEEN = """\
Tests have been written for what survived in the sample of seed 1. How many faults that nobody
looked at are noticed, the samples of other seeds say: they stand here as
they were found, before any test was written for them.
"""

PLANTED = """\
## Planted by hand

Faults of the kinds that matter most, each with the test that is there to notice it:
`bench/mutation/planted.py` plants them, one after another, and fails if one is not noticed.

| fault | in | noticed by |
|---|---|---|
"""


def equivalent() -> dict[str, str]:
    """The reason for each mutant that is known to change nothing, by its key."""
    with EQUIVALENT.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row]
    return {"\t".join(row[:3]): row[3] for row in rows if not row[0].startswith("#")}


def write(seeds: Sequence[int]) -> None:
    reasons = equivalent()
    lines = [HEAD.format(seconds=SECONDS), SEEN]
    survivors: list[dict[str, Any]] = []
    for seed in seeds:
        rows = results(results_of(seed))
        survived = [row for row in rows if row["outcome"] not in KILLED]
        survivors += survived
        lines += [f"## The sample of seed {seed}", ""]
        if len(rows) < COUNT:
            lines += [SHORT.format(tried=len(rows), count=COUNT)]
        lines += _table(rows, {row["key"] for row in survived if row["key"] not in reasons})
        lines += [""]
    left = [row for row in survivors if row["key"] not in reasons]
    lines += [PLANTED.rstrip()]
    lines += [f"| {row.what} | `{row.path}` | `{row.test}` |" for row in planted()]
    lines += ["", "## What survives", ""]
    lines += ["Nothing." if not left else "Lines before and after, as they stand in the file.", ""]
    lines += [line for row in left for line in _shown(row, "")]
    lines += ["## What survives and changes nothing", ""]
    lines += [
        line
        for row in survivors
        if row["key"] in reasons
        for line in _shown(row, reasons[row["key"]])
    ]
    TARGET.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _table(rows: list[dict[str, Any]], left: set[str]) -> list[str]:
    found = [
        "| package | mutants | killed | change nothing | survive | killed of those that count |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    packages = sorted({row["path"].split("/")[0] for row in rows})
    for name in (*packages, ""):
        chosen = [row for row in rows if row["path"].startswith(f"{name}/") or not name]
        counts = Counter(
            "killed"
            if row["outcome"] in KILLED
            else "survive"
            if row["key"] in left
            else "equivalent"
            for row in chosen
        )
        counted = len(chosen) - counts["equivalent"]
        rate = f"{100 * counts['killed'] / counted:.1f} %" if counted else ""
        found.append(
            f"| {name or '**all**'} | {len(chosen)} | {counts['killed']} "
            f"| {counts['equivalent']} | {counts['survive']} | {rate} |"
        )
    return found


def _shown(row: dict[str, Any], reason: str) -> list[str]:
    path, before, after = row["key"].split("\t")
    said = reason or ("no test runs the line" if row["outcome"] == "unseen" else "")
    head = f"`{path}`, line {row['line']}" + (f": {said}" if said else "")
    return [head, "", "```diff", f"- {before}", f"+ {after}", "```", ""]


if __name__ == "__main__":
    write([int(seed) for seed in sys.argv[1:]] or [1])
