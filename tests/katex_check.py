"""Renders formulas with KaTeX in strict mode. Needs Node and ``npm ci`` in tests/katex."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).parent / "katex"


def katex_available() -> bool:
    return shutil.which("node") is not None and (FOLDER / "node_modules" / "katex").is_dir()


def katex_failures(strings: Iterable[str], *, display: bool = True) -> list[str]:
    """A line for each string that KaTeX refuses: the string and what it says."""
    asked = "".join(json.dumps({"latex": text, "display": display}) + "\n" for text in strings)
    answer = subprocess.run(
        ["node", "check.mjs"], cwd=FOLDER, input=asked, capture_output=True, text=True, check=True
    )
    failures = map(json.loads, answer.stdout.splitlines())
    return [f"{failure['latex']}: {failure['error']}" for failure in failures]
