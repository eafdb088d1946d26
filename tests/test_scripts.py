"""The scripts beside the package import what there is, and plant faults where it stands."""

from __future__ import annotations

import ast
import csv
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = [path for folder in ("docs", "bench") for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("path", SCRIPTS, ids=[str(path.relative_to(ROOT)) for path in SCRIPTS])
def test_names_of_chainrule_exist(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("chainrule"):
            assert node.module is not None
            module = import_module(node.module)
            for alias in node.names:
                there = hasattr(module, alias.name) or find_spec(f"{node.module}.{alias.name}")
                assert there, f"{node.module} has no {alias.name}"


def table(name: str) -> list[list[str]]:
    """The rows below ``bench/mutation``, without the names of columns."""
    with (ROOT / "bench/mutation" / name).open(newline="", encoding="utf-8") as file:
        return [row for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row][1:]


def test_what_changes_nothing_still_has_its_place() -> None:
    for path, before, after, reason in table("equivalent.tsv"):
        lines = (ROOT / "src/chainrule" / path).read_text("utf-8").splitlines()
        assert before in " ".join(map(str.strip, lines)), (path, before)
        assert reason
        assert before != after


def test_planted_faults_still_have_their_places() -> None:
    for what, path, before, _, test in table("planted.tsv"):
        assert before in (ROOT / "src/chainrule" / path).read_text("utf-8"), what
        file_name, _, function = test.partition("::")
        # Of a file without the name of a test, all tests are meant.
        name = function.partition("[")[0]
        assert (f"def {name}(" if name else "def test_") in (ROOT / file_name).read_text("utf-8"), (
            what
        )
