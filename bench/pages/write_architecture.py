"""Write the sizes of the packages into docs/architecture.md: ``make sizes``.

A line is one of a file in Python, be it blank or a comment: what a reader has to scroll past. The
tables that ``parsing/build.py`` makes of the grammar are left out.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "chainrule"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- Written by bench/pages/write_architecture.py: -->"
END = "<!-- Written by hand: -->"
MADE = (SOURCE / "parsing" / "tables.py",)


def lines(path: Path) -> int:
    """The lines of a file."""
    return len(path.read_text("utf-8").splitlines())


def sizes() -> str:
    """A row for every package, the largest first; the files beside them together; the sum."""
    files: dict[str, list[int]] = {}
    for path in sorted(set(SOURCE.rglob("*.py")).difference(MADE)):
        first, *rest = path.relative_to(SOURCE).parts
        files.setdefault(f"`{first}`" if rest else "beside them", []).append(lines(path))
    rows = sorted(files.items(), key=lambda row: -sum(row[1]))
    rows.append(("together", [size for _, found in rows for size in found]))
    table = ["| package | files | lines | longest file |", "|---|---:|---:|---:|"]
    for name, found in rows:
        table.append(f"| {name} | {len(found)} | {sum(found):,} | {max(found):,} |")
    return "\n".join(table)


def written(page: str) -> str:
    """The page with the sizes of today."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{PAGE} has no line {BEGIN if not begin else END}")
    return f"{before}{BEGIN}\n\n{sizes()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
