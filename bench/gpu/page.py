"""What was seen on a GPU, as a page: docs/gpu.md, of docs/results/gpu.json.

The second is what the page needs of the results of ``python -m bench.gpu run`` and ``speed``, and
of exhaustive audits (``chainrule audit … --exhaustive --format json``). What stands above the mark
in the page was written by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.gpu.summary import Record, badness
from bench.measure import table

DOCS = Path(__file__).parents[2] / "docs"
PAGE, DATA = DOCS / "gpu.md", DOCS / "results" / "gpu.json"
MARK = "<!-- Everything below this line is written by python -m bench.gpu report. -->"
TITLES = {"cuda": "CUDA", "torch": "PyTorch", "triton": "Triton", "jax": "JAX"}
KINDS = ("gradient", "function")
NAMED = 12
"""How many of those that miss are named in a line."""
FIGURES = ("largest", "faults", "different", "not_finite")
DTYPES = ("float32", "float64", "bfloat16", "float16")
VERSIONS = ("card", "cuda", "torch", "triton", "jax", "numpy", "python")

Data = dict[str, Any]


# --- what is kept -------------------------------------------------------------------------------
def condensed(run: Mapping[str, Any], speed: Mapping[str, Any], audits: Iterable[Data]) -> Data:
    """What the page needs of two results and of exhaustive audits of one target each."""
    records: Sequence[Record] = run["records"]
    groups: dict[tuple[str, str, str], list[Record]] = {}
    checks: dict[str, list[int]] = {}
    for record in records:
        if record["check"]:
            counts = checks.setdefault(record["check"], [0, 0])
            counts[0] += 1
            counts[1] += "error" in record
        else:
            key = (record["target"], record["dtype"], record["accuracy"])
            groups.setdefault(key, []).append(record)
    ordered = sorted(groups.items(), key=lambda item: _place(*item[0]))
    return {
        "versions": [[name, run["versions"][name]] for name in VERSIONS],
        "checks": [[check, *counts] for check, counts in checks.items()],
        "groups": [_group(key, group) for key, group in ordered],
        "misses": [miss for _, group in ordered for miss in _misses(group)],
        "speed": [
            {key: value for key, value in speed.items() if key != "rows"},
            *(_timed(row) for row in speed["rows"]),
        ],
        "exhaustive": [_audited(one) for audit in audits for one in audit["audits"]],
    }


def _place(target: str, dtype: str, accuracy: str) -> tuple[int, int, str]:
    return list(TITLES).index(target), DTYPES.index(dtype), accuracy


def _group(key: tuple[str, str, str], group: Sequence[Record]) -> Data:
    there = [record for record in group if "error" not in record]
    off = {kind: sum(badness(record, kind) > 0 for record in there) for kind in KINDS}
    sums = {
        word: sum(record[kind].get(word, 0) for record in there for kind in KINDS)
        for word in ("zeros", "special")
    }
    which = dict(zip(("target", "dtype", "accuracy"), key, strict=True))
    return {**which, "cases": len(group), "failed": len(group) - len(there), **off, **sums}


def _misses(group: Iterable[Record]) -> list[Data]:
    """The results that are not as promised, the worst first."""
    found = []
    for record in group:
        for kind in KINDS if "error" not in record else ():
            if bad := badness(record, kind):
                which = {key: record[key] for key in ("target", "dtype", "accuracy", "row")}
                told = {key: record[kind][key] for key in FIGURES if record[kind].get(key)}
                if "largest" in told:
                    told["largest"] = float(f"{told['largest']:.6g}")
                found.append((bad, {**which, "kind": kind, **told}))
    return [miss for _, miss in sorted(found, key=lambda pair: -pair[0])]


def _timed(row: Mapping[str, Any]) -> Data:
    """A time and an error; of what failed neither."""
    found = {key: row[key] for key in ("name", "dtype", "title")}
    if "error" in row:
        return found
    worth = {key: float(f"{row[key]:.6g}") for key in ("ms", "ulp") if key in row}
    return {**found, **worth, **{key: row[key] for key in ("different", "faults") if row.get(key)}}


def _audited(audit: Mapping[str, Any]) -> Data:
    measured = audit["measured"]
    counts = ("count", "misrounded", "not_finite", "early_zeros", "wrong_signs")
    return {
        "target": audit["target"],
        "largest": float(f"{measured['largest']:.10g}"),
        "worst": measured["worst"],
        **{key: measured[key] for key in counts},
    }


def as_text(data: Mapping[str, Any]) -> str:
    """The data as JSON, a line for each entry."""
    parts = []
    for name, entries in data.items():
        lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
        parts.append(f"{json.dumps(name)}: [\n{lines}\n]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


# --- the page -----------------------------------------------------------------------------------
def write(run: Path, speed: Path, audits: Sequence[Path]) -> None:
    """The data of results, and the page; what was written by hand is kept."""
    found, times, *exhaustive = (
        json.loads(path.read_text(encoding="utf-8")) for path in (run, speed, *audits)
    )
    data = condensed(found, times, exhaustive)
    DATA.write_text(as_text(data), encoding="utf-8")
    head, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    PAGE.write_text(f"{head}{MARK}\n\n{tables(data)}", encoding="utf-8")


def tables(data: Mapping[str, Any]) -> str:
    """All that stands below the mark."""
    versions = ", ".join(f"{name} {said}" for name, said in data["versions"])
    checked = ", ".join(
        f"`{check}` {rows - failed} of {rows}" for check, rows, failed in data["checks"]
    )
    parts = [
        f"## As promised, or not\n\nVersions: {versions}.",
        _counts(data["groups"]),
        f"What PyTorch is to do with its files, and for how many functions it did: {checked}.",
        "## What misses\n\nWorst first, with the largest error in ULP, or at how many of the "
        "65,536 inputs the result is another number; faults, or numbers that are not finite or "
        "should not be, in brackets.",
        _named(data["misses"]),
        *_speeds(*data["speed"][:1], data["speed"][1:]),
        "## Every float32\n\nGradients at all 4,278,190,080 inputs. “Off” are results that are "
        "not the nearest number.",
        _exhaustive(data["exhaustive"]),
    ]
    return "\n\n".join(parts) + "\n"


def _counts(groups: Iterable[Data]) -> str:
    head = ["", "cases", "gradients miss", "functions miss", "zeros of the other sign"]
    head.append("at NaN, ∞, kinks")
    rows = []
    for group in groups:
        numbers = [group[key] for key in ("cases", *KINDS, "zeros", "special")]
        cells = [f"{number:,}" for number in numbers]
        cells[0] += f", {group['failed']} failed" if group["failed"] else ""
        rows.append([_where(group["target"], group), *cells])
    return table(head, rows)


def _where(targets: str, which: Mapping[str, str]) -> str:
    names = " and ".join(TITLES[target] for target in targets.split(" "))
    return f"{names} {which['dtype']} `{which['accuracy']}`"


def _named(misses: Sequence[Data]) -> str:
    """A line for the gradients or functions of a target; targets that miss alike share one."""
    lines: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for miss in sorted(misses, key=lambda miss: (DTYPES.index(miss["dtype"]), miss["accuracy"])):
        key = (miss["dtype"], miss["accuracy"], miss["kind"])
        said = lines.setdefault(key, {}).setdefault(miss["target"], [])
        said.append(f"`{miss['row']}` {_figure(miss)}")
    rows = []
    for (dtype, accuracy, kind), by in lines.items():
        alike: dict[frozenset[str], list[str]] = {}
        for target, said in by.items():
            alike.setdefault(frozenset(said), []).append(target)
        for targets in alike.values():
            said = by[targets[0]]
            where = _where(" ".join(targets), {"dtype": dtype, "accuracy": accuracy})
            more = f", {len(said) - NAMED} more" if len(said) > NAMED else ""
            rows.append([f"{where}, {kind}s: {len(said)}", ", ".join(said[:NAMED]) + more])
    return "\n".join(f"- **{where}**: {said}" for where, said in rows)


def _figure(miss: Mapping[str, Any]) -> str:
    if "different" in miss:
        other = f" ({miss['not_finite']:,})" if "not_finite" in miss else ""
        return f"{miss['different']:,}{other}"
    faults = f" ({miss['faults']:,})" if "faults" in miss else ""
    return f"{miss.get('largest', 0.0):.3g}{faults}"


def _speeds(found: Mapping[str, Any], rows: Sequence[Data]) -> list[str]:
    """Tables of times, one for each dtype."""
    parts = [
        f"## Speed\n\n{found['card']}, {found['size']:,} elements: the gradient, from what the "
        f"forward pass saved and the upstream gradient, medians of {found['rounds']}. Each cell is "
        "the time over that of the memory triad o = a·x + g, which moves the same bytes, and the "
        "largest error in ULP, or for bfloat16 at how many inputs the result is wrong; faults in "
        "brackets."
    ]
    by = {(row["name"], row["dtype"], row["title"]): row for row in rows}
    titles = list(dict.fromkeys(row["title"] for row in rows))
    names = list(dict.fromkeys(row["name"] for row in rows))
    for dtype in dict.fromkeys(row["dtype"] for row in rows):
        unit, width = found[f"triad {dtype}"], 4 if dtype == "float32" else 2
        cells = [
            [f"`{name}`", *(_cell(by.get((name, dtype, title)), unit) for title in titles)]
            for name in names
        ]
        rate = 3 * width * found["size"] / unit / 1e9
        parts.append(
            f"**{dtype}** (the triad: {unit:.3f} ms, {rate:.2f} TB/s; PyTorch's `add`: "
            f"{found[f'torch.add {dtype}']:.3f} ms)"
        )
        parts.append(table(["", *titles], cells))
    return parts


def _cell(row: Mapping[str, Any] | None, unit: float) -> str:
    if row is None or "ms" not in row:
        return "not measured"
    worth = f"{row['ulp']:.3g}" if "ulp" in row else f"{row.get('different', 0):,}"
    faults = f" ({row['faults']:,})" if "faults" in row else ""
    return f"{row['ms'] / unit:.2f} · {worth}{faults}"


def _exhaustive(audits: Iterable[Data]) -> str:
    head = ["", "largest, ULP", "at", "off", "NaN, ∞", "0", "sign"]
    rows = []
    for one in audits:
        counts = [one[key] for key in ("misrounded", "not_finite", "early_zeros", "wrong_signs")]
        framework, _, name = one["target"].partition(":")
        ours = name.startswith("made_")
        title = f"ours, `{name.partition('.')[2]}`" if ours else f"`{framework}.{name}`"
        # A result that is not the nearest may be off by hardly more than a half.
        digits = 9 if one["largest"] < 1 else 3
        figures = [f"{one['largest']:.{digits}g}", f"{one['worst']:.9g}"]
        rows.append([title, *figures, *(f"{count:,}" for count in counts)])
    return table(head, rows)
