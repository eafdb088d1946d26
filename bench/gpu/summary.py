"""What came of a run, in short."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

LIMITS = {("float32", "best"): 0.51, ("float32", "fast"): 2.0, ("float64", "best"): 2.0}
"""The largest error in ULP that a gradient may have; a function half as much again above 1."""
ALIKE = 1.1
"""The largest ratio of two errors that are taken for the same."""
WORST = 10

Record = dict[str, Any]


def allowed(record: Record, kind: str) -> float:
    """The largest error that a result of a format of more than 16 bits may have."""
    limit = LIMITS[record["dtype"], record["accuracy"]]
    return limit if kind == "gradient" or limit < 1 else 1.5 * limit


def badness(record: Record, kind: str) -> float:
    """How far a result is from what is promised: 0 if it is kept."""
    found = record[kind]
    if "different" in found:
        return float(found["different"])
    largest = found["largest"]
    if found["faults"]:
        return 1e6 * float(found["faults"])
    ratio = largest / allowed(record, kind)
    # Where nothing is finite there is no error.
    return ratio if ratio > 1 else 0.0


def unlike(records: Iterable[Record], others: Iterable[Record]) -> list[Record]:
    """The records; a result that is as far off in another run, by any target, is taken for right.

    That is the form's own error, and none of the device.
    """
    known: dict[tuple[str, ...], float] = {}
    for record in others:
        for kind in ("function", "gradient"):
            if kind in record:
                key = (record["row"], record["dtype"], record["accuracy"], kind)
                known[key] = max(known.get(key, 0.0), badness(record, kind))
    found = []
    for record in records:
        changed = dict(record)
        for kind in ("function", "gradient"):
            key = (record["row"], record["dtype"], record["accuracy"], kind)
            if kind in record and 0 < badness(record, kind) <= ALIKE * known.get(key, 0.0):
                changed[kind] = {**record[kind], "largest": 0.0, "faults": 0}
                if "different" in record[kind]:
                    changed[kind]["different"] = 0
        found.append(changed)
    return found


def summary(records: Sequence[Record]) -> str:
    """For each target, dtype and accuracy how many cases there are, failed, are off; the worst."""
    lines = []
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        if not record["check"]:
            key = (record["target"], record["dtype"], record["accuracy"])
            groups.setdefault(key, []).append(record)
    for key, group in groups.items():
        lines += _group(key, group)
    checks: dict[str, list[Record]] = {}
    for record in records:
        if record["check"]:
            checks.setdefault(record["check"], []).append(record)
    for check, group in checks.items():
        failed = [record for record in group if "error" in record]
        lines.append(f"torch {check}: {len(group)} rows, {len(failed)} failed")
        lines += [f"    {record['row']}: {record['error'][:200]}" for record in failed[:WORST]]
    return "\n".join(lines)


def _group(key: tuple[str, str, str], group: Sequence[Record]) -> list[str]:
    failed = [record for record in group if "error" in record]
    there = [record for record in group if "error" not in record]
    parts = [f"{' '.join(key)}: {len(group)} cases, {len(failed)} failed"]
    worst = []
    for kind in ("gradient", "function"):
        off = [(badness(record, kind), kind, record) for record in there]
        off = [row for row in off if row[0]]
        parts.append(f"{kind} off {len(off)}")
        worst += sorted(off, key=lambda row: -row[0])[:WORST]
    for word, count in (
        ("special", _sum(there, "special")),
        ("zeros", _sum(there, "zeros")),
        ("not negated", sum(record["not negated"] for record in there)),
    ):
        parts += [f"{word} {count}"] if count else []
    lines = [", ".join(parts)]
    lines += [f"    {record['row']}: {record['error'][:200]}" for record in failed[:WORST]]
    return lines + [f"    {_said(record, kind)}" for _, kind, record in worst]


def _sum(records: Iterable[Record], key: str) -> int:
    return sum(record[kind].get(key, 0) for record in records for kind in ("function", "gradient"))


def _said(record: Record, kind: str) -> str:
    found = record[kind]
    if "different" in found:
        text = f"{found['different']} of {found['count']} differ, by {found['steps']} at most"
        text += f", {found['not_finite']} not finite" if found["not_finite"] else ""
        return f"{record['row']} {kind}: {text}, first {found['at'][0]}"
    faults = f", {found['faults']} faults {found['first']}" if found["faults"] else ""
    return f"{record['row']} {kind}: {found['largest']:.4g} ULP at {found['worst']:.9g}{faults}"
