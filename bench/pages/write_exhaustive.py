"""Audit our own gradients at every float32, and at 10^8 float64: docs/results/exhaustive.md.

``python bench/pages/write_exhaustive.py`` takes the rows of the catalogue that have not been done
yet, in the order of ``FIRST`` and then of the catalogue, a loss at each of several targets; with
names (``elu``, ``'huber(y=3)'``) it takes only these. A row takes 10 seconds to half a minute or
more on two cores, all of them hours; Ctrl-C keeps what is done.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from write_accuracy import figure

from chainrule.api import derive
from chainrule.audit.frameworks.chainrule import targets
from chainrule.audit.running.campaign import Options, outcomes
from chainrule.expr.catalogue import CATALOGUE
from chainrule.forms.choice.promises import promised
from chainrule.forms.plan import plan
from chainrule.program.kernel_spec import Accuracy

DOCS = Path(__file__).parents[2] / "docs" / "results"
RESULTS, PAGE = DOCS / "exhaustive.tsv", DOCS / "exhaustive.md"
COLUMNS: tuple[tuple[str, Accuracy], ...] = (
    ("float32", "best"),
    ("float32", "fast"),
    ("float64", "best"),
)
FIRST = (
    *("sigmoid", "tanh", "silu", "gelu", "mish", "softplus", "relu", "elu", "selu", "gelu_tanh"),
    *("hard_swish", "hard_sigmoid", "log_sigmoid", "softsign", "celu", "leaky_relu"),
)
"""Activations that everybody uses."""
HEAD = """# Every input there is

The largest error in ULP of the gradient as `chainrule.compile` makes it, with the parameters at
their defaults and losses by the prediction, at several targets, over all 4,278,190,080 finite
float32, and over 10^8 float64 with the neighbourhoods of roots, kinks and thresholds among them:
`chainrule audit 'chainrule:NAME' --kind gradient --exhaustive`. The figure is that of ball
arithmetic at the worst input. What misses the promise (0.51 ULP for float32 `best`, 2 for `fast`
and for float64, no fault) is **bold**, with the number of faults in brackets: results that are NaN
or infinite where the truth is finite, zeros where it is a normal number, wrong signs. An asterisk
says that some inputs had no quick truth, and were left out; how many stands in `exhaustive.tsv`,
with the worst input and the time. Where `fast` is the same code as `best`, it has the same figure,
and 0 seconds.

Written by `python bench/pages/write_exhaustive.py`; rows that are not here have not been done.
"""


def entry_of(name: str) -> str:
    """The row of the catalogue, without values in brackets."""
    return name.partition("(")[0]


class Row(NamedTuple):
    """What came of one audit; ``seconds`` of the whole on two cores.

    ``name`` has the values of a loss's other arguments in brackets.
    """

    name: str
    dtype: str
    accuracy: Accuracy
    largest: float
    worst: float
    not_finite: int
    early_zeros: int
    wrong_signs: int
    compared: int
    left_out: int
    seconds: float

    @property
    def entry(self) -> str:
        """The row of the catalogue."""
        return entry_of(self.name)

    @property
    def cell(self) -> str:
        """The error, with faults if there are any."""
        faults = self.not_finite + self.early_zeros + self.wrong_signs
        misses = bool(faults) or self.largest > promised(self.dtype, self.accuracy)
        return figure(self.largest, faults, misses=misses) + ("*" if self.left_out else "")


def audited(name: str, dtype: str, accuracy: Accuracy) -> Row | None:
    """One gradient at all inputs; ``None`` where that cannot be done, which is printed."""
    entry, _, given = name.partition("(")
    values = [given.removesuffix(")")] if given else []
    values += ["accuracy='fast'"] if accuracy == "fast" else []
    target = f"chainrule:{entry}({', '.join(values)})" if values else f"chainrule:{entry}"
    options = Options(dtypes=(dtype,), kinds=("gradient",), exhaustive=True)
    start = time.perf_counter()
    [outcome] = outcomes([target], options)
    seconds = time.perf_counter() - start
    found = outcome.measured
    if found is None or outcome.failure is not None:
        print(f"{target} in {dtype}: {outcome.failure}")
        return None
    counts = (found.not_finite, found.early_zeros, found.wrong_signs)
    errors = (float(f"{found.largest:.6g}"), found.worst)
    return Row(
        name, dtype, accuracy, *errors, *counts, found.count, outcome.left_out, round(seconds, 1)
    )


def same_code(name: str) -> bool:
    """Whether `fast` computes the gradient of float32 as `best` does."""
    derivation = derive(entry_of(name))
    best, fast = (plan(derivation, "numba", accuracy=accuracy) for accuracy in ("best", "fast"))
    same = best.gradient is fast.gradient and best.spec.working == fast.spec.working
    return same and fast.spec.double


def read() -> list[Row]:
    """The rows that were done before."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file, delimiter="\t"))
    found = []
    for row in table:
        accuracy: Accuracy = "best" if row["accuracy"] == "best" else "fast"
        found.append(
            Row(
                name=row["name"],
                dtype=row["dtype"],
                accuracy=accuracy,
                largest=float(row["largest"]),
                worst=float(row["worst"]),
                not_finite=int(row["not_finite"]),
                early_zeros=int(row["early_zeros"]),
                wrong_signs=int(row["wrong_signs"]),
                compared=int(row["compared"]),
                left_out=int(row["left_out"]),
                seconds=float(row["seconds"]),
            )
        )
    return found


def write(rows: Iterable[Row]) -> None:
    """The table, and the page."""
    order = {entry.name: place for place, entry in enumerate(CATALOGUE)}
    places = {name: place for place, name in enumerate(every_name())}

    def place(row: Row) -> tuple[int, int, int]:
        column = COLUMNS.index((row.dtype, row.accuracy))
        return order[row.entry], places.get(row.name, 0), column

    ordered = sorted(rows, key=place)
    with RESULTS.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(Row._fields)
        table.writerows(ordered)
    PAGE.write_text(page(ordered), encoding="utf-8")


def every_name() -> list[str]:
    """Activations by their names, losses with the values of their other arguments."""
    losses: dict[str, list[str]] = {}
    for target in targets():
        name = target.removeprefix("chainrule:")
        losses.setdefault(entry_of(name), []).append(name)
    found = []
    for entry in CATALOGUE:
        found += losses[entry.name] if entry.kind == "loss" else [entry.name]
    return found


def page(rows: Sequence[Row]) -> str:
    """The text of docs/results/exhaustive.md."""
    titles = [f"{dtype} `{accuracy}`" for dtype, accuracy in COLUMNS]
    lines = [HEAD, f"| | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
    cells = {(row.name, row.dtype, row.accuracy): row.cell for row in rows}
    for name in dict.fromkeys(row.name for row in rows):
        found = [cells.get((name, *column), "") for column in COLUMNS]
        lines.append(f"| `{name}` | {' | '.join(found)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Do what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="rows of the catalogue")
    parser.add_argument("--column", choices=range(len(COLUMNS)), type=int, action="append")
    options = parser.parse_args()
    rows = read()
    known = {(row.name, row.dtype, row.accuracy) for row in rows}
    names = options.names or dict.fromkeys([*FIRST, *every_name()])
    for column in [COLUMNS[i] for i in options.column or range(len(COLUMNS))]:
        for name in names:
            if (name, *column) in known:
                continue
            best = next((row for row in rows if row[:3] == (name, "float32", "best")), None)
            if column == ("float32", "fast") and best is not None and same_code(name):
                row: Row | None = best._replace(accuracy="fast", seconds=0.0)
            else:
                row = audited(name, *column)
            if row is not None:
                rows.append(row)
                write(rows)
                print(row)


if __name__ == "__main__":
    main()
