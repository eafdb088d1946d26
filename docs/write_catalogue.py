"""Write docs/catalogue.md from the catalogue: ``python docs/write_catalogue.py``."""

from __future__ import annotations

from pathlib import Path

from chainrule.expr.catalogue import CATALOGUE, GROUPS, Entry

TARGET = Path(__file__).with_name("catalogue.md")

HEAD = """# The catalogue

{activations} activations and {losses} losses of one element. Each name can be explained
(`chainrule explain mish`) and used inside formulas (`x*sigmoid(b*x)`, `elu(2x, 0.5)`);
parameters follow the arguments, and those left out have the values given here.

A *kink* is a point where the function, its slope or its curvature jumps; the slopes that
PyTorch 2.13 and JAX 0.10 return there are given in the same order.

This page is written by `docs/write_catalogue.py` from the table in
`src/chainrule/expr/catalogue/`.
"""


def page() -> str:
    """The text of docs/catalogue.md."""
    kinds = [entry.kind for entry in CATALOGUE]
    parts = [HEAD.format(activations=kinds.count("activation"), losses=kinds.count("loss"))]
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
    lines += [f"Defined for `{entry.domain}`."] if entry.domain else []
    if entry.kinks:
        returned = {"PyTorch": entry.torch_slopes, "JAX": entry.jax_slopes}
        slopes = [f"; {name} returns {code(found)}" for name, found in returned.items() if found]
        lines.append(f"Kinks: {code(entry.kinks)}{''.join(slopes)}.")
    lines += [f"Also: {code(entry.spellings[1:])}."] if entry.spellings[1:] else []
    lines += [f"In {code(entry.apis)}."] if entry.apis else []
    lines += [f"Source: {entry.source}."] if entry.source else []
    return "  \n  ".join(lines)


def code(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
