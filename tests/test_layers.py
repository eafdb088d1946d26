"""Data goes one way: a module imports nothing of a later stage when it is loaded."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "chainrule"
STAGES = (
    {"errors", "dtypes", "record"},
    {"expr"},
    {"parsing"},
    {"differentiate"},
    {"rewrite"},
    {"verify"},
    {"derivations", "problems", "curves"},
    {"document", "check"},
    {"render", "codegen"},
    {"audit"},
    {"api"},
    {"cli_shared", "cli_measuring", "cli", "__main__"},
)
STAGE = {name: number for number, names in enumerate(STAGES) for name in names}


def imported(path: Path) -> set[str]:
    """Parts of chainrule that the module imports at its top level."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.startswith("chainrule."):
                found.add(name.split(".")[1])
    return found


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE))
)
def test_nothing_is_imported_from_a_later_stage(path: Path) -> None:
    own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    if own == "__init__":
        return
    later = {name for name in imported(path) if STAGE[name] > STAGE[own]}
    assert not later, f"{path.name} imports {later}"
