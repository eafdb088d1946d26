"""`make lint` sees an import that goes upstairs, whenever it is made."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAZY = "\n\ndef later() -> None:\n    from chainrule.audit import findings\n"
TYPING = "\n\nif TYPE_CHECKING:\n    from chainrule.rewrite.kinks import Kink\n"
SIDEWAYS = "\n\ndef later() -> None:\n    from chainrule.rewrite import kinks\n"


@pytest.mark.parametrize(
    ("file", "more", "seen"),
    [
        ("verify/verdict.py", "", None),
        ("verify/verdict.py", LAZY, "chainrule.verify is not allowed to import chainrule.audit"),
        ("expr/nodes.py", TYPING, "chainrule.expr is not allowed to import chainrule.rewrite"),
        ("rewrite/limits.py", SIDEWAYS, "No cycles are allowed in chainrule.rewrite"),
    ],
)
def test_an_import_that_is_planted(file: str, more: str, seen: str | None, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / "src" / "chainrule" / file
    path.write_text(path.read_text("utf-8") + more, "utf-8")
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
    ]
    environment = {"PYTHONPATH": str(tmp_path / "src")}
    found = subprocess.run(
        [*command, "--no-cache"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert found.returncode == (seen is not None), found.stdout + found.stderr
    assert seen is None or seen in found.stdout
