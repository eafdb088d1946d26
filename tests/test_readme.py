"""The examples of README.md and docs/ do what they say.

In a ``console`` block each line ``$ chainrule …`` is run and prints what stands under it, where a
line that is just ``…`` stands for any lines. ``>>>`` lines in a ``python`` block are doctests.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    *sorted([*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "results").glob("*.md")]),
]
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CHAINRULE = Path(sys.executable).with_name("chainrule")


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """Name ("README.md:12") and text of every block in that language."""
    for page in PAGES:
        text = page.read_text("utf-8")
        for block in BLOCK.finditer(text):
            if block[1] == language:
                yield f"{page.name}:{text.count(chr(10), 0, block.start()) + 1}", block[2]


def commands() -> Iterator[tuple[str, str, str]]:
    """Where, the command line, what is printed. Other commands (make, pip) are not run."""
    for where, block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            if line.startswith("chainrule "):
                yield where, line, output


def matches(printed: str, wanted: str) -> bool:
    """Whether the lines agree but for spaces at their ends; ``…`` stands for any lines."""
    lines = [line.rstrip() for line in wanted.strip("\n").split("\n")]
    pattern = "".join(r"(?:.*\n)*" if line == "…" else re.escape(line) + r"\n" for line in lines)
    got = "".join(line.rstrip() + "\n" for line in printed.strip("\n").split("\n"))
    return re.fullmatch(pattern, got) is not None


def test_the_readme_has_examples() -> None:
    pages = {where.partition(":")[0] for where, *_ in commands()}
    assert "README.md" in pages


@pytest.mark.parametrize(("where", "line", "output"), list(commands()))
def test_commands_print_what_the_page_shows(
    where: str, line: str, output: str, tmp_path: Path
) -> None:
    shell = f'chainrule() {{ "{CHAINRULE}" "$@"; }}\n{line}'
    done = subprocess.run(
        ["bash", "-c", shell],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
    )
    printed = done.stdout + done.stderr
    assert matches(printed, output), f"{where} prints\n{printed}"


@pytest.mark.parametrize(("where", "block"), list(blocks("python")))
def test_python_examples(where: str, block: str) -> None:
    test = doctest.DocTestParser().get_doctest(block, {}, where, where, 0)
    report: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failures, _ = doctest.DocTestRunner(optionflags=flags).run(test, out=report.append)
    assert failures == 0, "".join(report)


def test_dots_stand_for_any_lines() -> None:
    assert matches("a\nb  \nc\n", "a\n…\nc\n")
    assert matches("a\nc\n", "a\n…\nc\n")
    assert not matches("a\nb\nc\n", "a\nc\n")
    assert not matches("a\nb\nd\n", "a\n…\nc\n")
