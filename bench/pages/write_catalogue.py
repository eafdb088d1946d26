"""Write docs/results/catalogue.md of the catalogue: ``python bench/pages/write_catalogue.py``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from chainrule.expr.catalogue import CATALOGUE, GROUPS, Entry
from chainrule.rewrite.frameworks import table

TARGET = Path(__file__).parents[2] / "docs" / "results" / "catalogue.md"

HEAD = """# The catalogue

{activations} activations and {losses} losses of one element. Each name can be explained
(`chainrule explain mish`) and used inside formulas (`x*sigmoid(b*x)`, `elu(2x, 0.5)`);
parameters follow the arguments, and those left out have the values given here.

A *kink* is a point where the function, its slope or its curvature jumps; the slopes that
{torch} and {jax} were measured to return there (`bench/pages/write_frameworks.py`) are given in
the same order.

This page is written by `bench/pages/write_catalogue.py` from the table in
`src/chainrule/expr/catalogue/`.
"""


def page() -> str:
    """The text of docs/results/catalogue.md."""
    kinds = [entry.kind for entry in CATALOGUE]
    counted = {"activations": kinds.count("activation"), "losses": kinds.count("loss")}
    parts = [HEAD.format(**counted, torch=version("torch"), jax=version("jax"))]
    for title, entries in GROUPS.items():
        parts.append(f"## {title}\n\n" + "\n".join(map(described, entries)) + "\n")
    return "\n".join(parts)


def described(entry: Entry) -> str:
    """One row as an item of a list."""
    signature = f"{entry.name}({', '.join(entry.symbols)})"
    lines = [f"- **`{signature}`**, {entry.title}: `{entry.formula}`"]
    given = [
        f"`{p.name} = {p.default}`" + (f" (`{p.domain}`)" if p.domain else "")
        for p in entry.parameters
    ]
    lines += [f"Parameters: {', '.join(given)}."] if given else []
    lines += [f"For `{entry.domain}`."] if entry.domain else []
    if entry.kinks:
        slopes = [f"; {said}" for said in map(partial(returned, entry), NAMES) if said]
        lines.append(f"Kinks: {code(entry.kinks)}{''.join(slopes)}.")
    lines += [f"Also: {code(entry.spellings[1:])}."] if entry.spellings[1:] else []
    lines += [f"In {code(entry.apis)}."] if entry.apis else []
    lines += [f"Source: {entry.source}."] if entry.source else []
    return "  \n  ".join(lines)


NAMES = {"torch": "PyTorch", "jax": "JAX"}


def returned(entry: Entry, framework: str) -> str:
    """What a framework was measured to return at the kinks of a row, in a few words."""
    rows = {r.point: r for r in table() if (r.function, r.framework) == (entry.name, framework)}
    if not rows:
        return ""
    slopes = tuple(rows[kink].returned for kink in entry.kinks)
    return f"{NAMES[framework]} returns {code(slopes)}"


def version(framework: str) -> str:
    """The framework and the version that was measured."""
    (found,) = {row.version for row in table() if row.framework == framework}
    return f"{NAMES[framework]} {found}"


def code(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
