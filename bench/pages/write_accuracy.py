"""Measure gradient and function of every row of the catalogue: docs/results/accuracy.md.

``python bench/pages/write_accuracy.py`` measures what is not in ``accuracy.tsv`` yet (delete it to
measure all anew: an hour or so on two cores), then writes the page and ``tests/data/accuracy.tsv``,
the list of what misses. With ``--page`` it writes these of what has been measured.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import chainrule
from chainrule.expr.catalogue import CATALOGUE
from chainrule.forms.accuracy import accuracy_of, accuracy_of_function
from chainrule.forms.choice.promises import promised
from chainrule.forms.plan import plan

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "results"
RESULTS, PAGE = DOCS / "accuracy.tsv", DOCS / "accuracy.md"
MISSES = ROOT / "tests" / "data" / "accuracy.tsv"
COLUMNS = (
    ("float32", "best"),
    ("float32", "fast"),
    ("float64", "best"),
    ("bfloat16", "best"),
    ("float16", "best"),
)


class Row(NamedTuple):
    """What was measured of one gradient; ``misrounded`` in the formats of 16 bits only.

    The function itself is measured in the other formats only.
    """

    name: str
    dtype: str
    accuracy: str
    largest: float
    worst: float
    not_finite: int
    early_zeros: int
    wrong_signs: int
    promoted: bool
    misrounded: int | None
    function_largest: float | None
    function_worst: float | None
    function_faults: int | None

    @property
    def faults(self) -> int:
        return self.not_finite + self.early_zeros + self.wrong_signs

    @property
    def misses(self) -> bool:
        """Whether the gradient is not what is promised."""
        allowed = promised(self.dtype, "best" if self.accuracy == "best" else "fast")
        return bool(self.faults or self.misrounded) or self.largest > allowed

    @property
    def function_misses(self) -> bool:
        """Whether the function is more in error than a gradient may be, by half at most."""
        assert self.function_largest is not None
        allowed = promised(self.dtype, "best" if self.accuracy == "best" else "fast")
        allowed *= 1 if allowed < 1 else 1.5
        return bool(self.function_faults) or not self.function_largest <= allowed


def measured(task: tuple[str, str, str]) -> Row:
    """One gradient, measured."""
    name, dtype, accuracy = task
    derivation = chainrule.derive(name)
    made = plan(derivation, "numpy", dtype=dtype, accuracy=accuracy)
    found = accuracy_of(derivation, made)
    counts = (found.not_finite, found.early_zeros, found.wrong_signs)
    gradient = (name, dtype, accuracy, found.largest, found.worst, *counts, made.spec.promoted)
    if made.spec.short:
        return Row(*gradient, found.misrounded, None, None, None)
    function = accuracy_of_function(derivation, made)
    return Row(*gradient, None, function.largest, function.worst, function.faults)


def read(path: Path) -> list[Row]:
    """The rows that were measured before."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file, delimiter="\t"))
    return [
        Row(
            row["name"],
            row["dtype"],
            row["accuracy"],
            float(row["largest"]),
            float(row["worst"]),
            int(row["not_finite"]),
            int(row["early_zeros"]),
            int(row["wrong_signs"]),
            row["promoted"] == "True",
            int(row["misrounded"]) if row["misrounded"] else None,
            float(row["function_largest"]) if row.get("function_largest") else None,
            float(row["function_worst"]) if row.get("function_worst") else None,
            int(row["function_faults"]) if row.get("function_faults") else None,
        )
        for row in table
    ]


def write(path: Path, rows: Iterable[Row]) -> None:
    """The rows as a table, in the catalogue's order."""
    order = {entry.name: place for place, entry in enumerate(CATALOGUE)}
    ordered = sorted(rows, key=lambda r: (COLUMNS.index((r.dtype, r.accuracy)), order[r.name]))
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(Row._fields)
        table.writerows(in_short(row) for row in ordered)


def in_short(row: Row) -> Row:
    """With errors of six digits."""
    row = row._replace(largest=float(f"{row.largest:.6g}"))
    if row.function_largest is None:
        return row
    return row._replace(function_largest=float(f"{row.function_largest:.6g}"))


HEAD = """# How accurate the gradients are

The largest error in ULP of the gradient of every row of the catalogue, computed as `chainrule
code --target numpy` writes it, with the parameters at their defaults; a loss at several targets.
The truth is ball arithmetic. Of bfloat16 and float16 all inputs are tried, of float32 and float64
6,000 that are spread over all bit patterns, and next to every root, kink and threshold (where any
value on the way to the result changes its sign, overflows or underflows) the numbers 2^k units in
the last place from it, for every k.

Promised are 0.51 ULP for float32 `best` (computed in double, rounded once), 2 ULP for float32
`fast` and for float64, correct rounding (0.5) for the formats of 16 bits; no NaN where the truth is
finite, no zero where it is a normal number, no wrong sign. What misses is **bold**, with the number
of such faults in brackets. A *d* says that `fast` computes in double, for want of an accurate form
in float32; files for Numba, C and CUDA, which bring their own exponential, find one more often.

What misses by so much that nobody should use it is not written: a result that is no answer (NaN or
infinite, 0, or of the wrong sign where it should not be), or an error 16 times as large as is
promised, of the gradient or of the function, at any input that is tried when a file is made.
`chainrule code` ends with exit status 1 then and says what is wrong, and `chainrule.code` and
`compile` raise `InaccurateError`; with `--allow-bad` (`allow_bad=True`) the file is written all the
same, and its header says so. The rule stands in `forms/choice/promises.py`. What misses by less,
such as 3.77 ULP, is written, with the figure in the header.

A row of this page is measured with its parameters at their defaults and a loss at five targets, and
the header of a file says at which. A letter of a formula of yours has no default: there gradient
and function are measured over all letters, at points that are spread over all bit patterns of
each, at the ends of the format, next to each other, on lines through thresholds and roots, and
around the worst. That is a sample of a few thousand points, no proof.

Not reached in float64, and refused, are sines of products beyond what the library can reduce: of
`siren` the gradient is off by 204 ULP at x = 1.25·10^297 and not finite where 30x overflows, of
`snake` by 15,700 at 1.7·10^308, and sin(w·x) with any w and x has wrong signs where w·x is as large
as 10^107: rounding w·x turns it by more than a period. Whoever has no such inputs takes
`--allow-bad`; in float32 the product is exact in double, and the file is written.

In the formats of 16 bits a gradient is *correct* if at every input there is, finite and no kink, it
is the number of the format that is nearest to the truth, the even one of two; else it says at how
many inputs it is not. The truth is so exact that this holds next to the middle of two numbers too.

What was tried at every float32 there is stands in [exhaustive.md](exhaustive.md).

This page is written by `python bench/pages/write_accuracy.py`; what misses is listed in
`tests/data/accuracy.tsv`, and a slow test holds every gradient that was measured to it. It has
passed with AVX2 and with AVX-512, for which NumPy has functions of its own.
"""


def page(rows: Sequence[Row]) -> str:
    """The text of docs/results/accuracy.md."""
    found = {(row.name, row.dtype, row.accuracy): row for row in rows}
    lines = [HEAD, "| | gradients | as promised | miss |", "|---|---|---|---|"]
    for dtype, accuracy in COLUMNS:
        these = [row for row in rows if (row.dtype, row.accuracy) == (dtype, accuracy)]
        bad = sum(row.misses for row in these)
        lines.append(f"| {dtype} `{accuracy}` | {len(these)} | {len(these) - bad} | {bad} |")
    titles = [f"{dtype} `{accuracy}`" for dtype, accuracy in COLUMNS]
    lines += ["", f"| | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
    for entry in CATALOGUE:
        cells = [cell(found.get((entry.name, *column))) for column in COLUMNS]
        lines.append(f"| `{entry.name}` | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *functions(rows)]) + "\n"


FUNCTIONS = """## The functions themselves

A file computes the function too, by the best form that was found, at the same inputs. Meant are
0.51 ULP for float32 `best`, and 3 ULP elsewhere: to twice the precision a function is computed only
if it is worse otherwise. These miss; the number of faults is in brackets. With faults, or an error
above 16 times what is promised, `chainrule code` refuses the file (see above), whatever the
gradient is worth: `--allow-bad` has it.
"""


def functions(rows: Sequence[Row]) -> list[str]:
    """What the functions are worth, where all were measured: how many are as meant, the others."""
    columns = [column for column in COLUMNS if column[0] in ("float32", "float64")]
    lines = [FUNCTIONS, "| | functions | as meant | miss |", "|---|---|---|---|"]
    for dtype, accuracy in columns:
        these = [
            row
            for row in rows
            if (row.dtype, row.accuracy) == (dtype, accuracy) and row.function_largest is not None
        ]
        if len(these) < len(CATALOGUE):
            continue
        bad = [row for row in these if row.function_misses]
        named = ", ".join(f"`{row.name}` {_function_figure(row)}" for row in bad) or "none"
        lines.append(f"| {dtype} `{accuracy}` | {len(these)} | {len(these) - len(bad)} | {named} |")
    return lines


def _function_figure(row: Row) -> str:
    assert row.function_largest is not None
    return figure(row.function_largest, row.function_faults or 0, misses=False)


def figure(largest: float, faults: int, *, misses: bool) -> str:
    """An error, with faults if there are any; bold where the promise is missed."""
    text = f"{largest:.3g}" + (f" ({faults:,})" if faults else "")
    return f"**{text}**" if misses else text


def cell(row: Row | None) -> str:
    """What a gradient is worth."""
    if row is None:
        return "not measured"
    if row.misrounded is not None:
        wrong = f"**{row.misrounded + row.faults:,}**"
        return wrong if row.misses else "correct"
    return figure(row.largest, row.faults, misses=row.misses) + (" d" if row.promoted else "")


def main() -> None:
    """Measure what is missing, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--page", action="store_true", help="measure nothing")
    options = parser.parse_args()
    rows = {(row.name, row.dtype, row.accuracy): row for row in read(RESULTS)}
    tasks = [
        (entry.name, *column)
        for column in COLUMNS
        for entry in CATALOGUE
        if not is_whole(rows.get((entry.name, *column))) and not options.page
    ]
    with ProcessPoolExecutor(options.processes) as pool:
        for row in pool.map(measured, tasks):
            rows[row.name, row.dtype, row.accuracy] = row
            write(RESULTS, rows.values())
            print(row)
    write(MISSES, [row for row in rows.values() if row.misses])
    PAGE.write_text(page(list(rows.values())), encoding="utf-8")


def is_whole(row: Row | None) -> bool:
    """Whether all was measured that is measured of a row."""
    return row is not None and (row.misrounded is not None or row.function_largest is not None)


if __name__ == "__main__":
    main()
