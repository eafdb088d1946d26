"""A file is one idea, a class one state, a function one thought: how long each may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "chainrule"
FILE, CLASS, FUNCTION = 450, 250, 60
"""The most lines: a file is read at one sitting, a class on three pages, a function on one."""

EXCEPTIONS = {
    "expr/functions.py": "a table",
    "expr/nodes.py": "what a formula is, in one reading: nodes, what makes and what walks them",
    "parsing/tables.py": "a table, written by a script",
}
"""What is longer, and why."""


def too_long(name: str, text: str) -> Iterator[str]:
    """The file, its classes and its functions that are longer than they may be.

    The decorators of a function do not count: those of a command are its table of options.
    """
    if len(text.splitlines()) > FILE:
        yield name
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            most = CLASS if isinstance(node, ast.ClassDef) else FUNCTION
            if node.end_lineno - node.lineno + 1 > most:
                yield f"{name} {node.name}"


def test_nothing_is_too_long_but_what_is_named() -> None:
    found = [
        long
        for path in sorted(SOURCE.rglob("*.py"))
        for long in too_long(path.relative_to(SOURCE).as_posix(), path.read_text("utf-8"))
    ]
    assert sorted(found) == sorted(EXCEPTIONS)


@pytest.mark.parametrize(
    ("lines", "long"),
    [
        ("x = 1\n" * (FILE + 1), ["it.py"]),
        ("x = 1\n" * FILE, []),
        ("class A:\n" + "    x = 1\n" * CLASS, ["it.py A"]),
        ("class A:\n" + "    x = 1\n" * (CLASS - 1), []),
        ("def f():\n" + "    x = 1\n" * FUNCTION, ["it.py f"]),
        ("@a(\n    1,\n)\ndef f():\n" + "    x = 1\n" * (FUNCTION - 1), []),
        ("class A:\n    async def f():\n" + "        x = 1\n" * FUNCTION, ["it.py f"]),
        ("def f():\n    def g():\n" + "        x = 1\n" * FUNCTION, ["it.py f", "it.py g"]),
    ],
)
def test_what_is_too_long_is_noticed(lines: str, long: list[str]) -> None:
    assert list(too_long("it.py", lines)) == long
