"""Mutants of functions, tried in a process that has everything loaded and collected.

Loading chainrule and collecting tests takes longer than the test that notices most mutants. Here
both are done once; a process is forked for each mutant, in which the code of one function is
exchanged. What this cannot do, or what survives it, is tried with a tree of its own: a line of a
table is evaluated when its module is loaded, and what was computed then is kept.
"""

from __future__ import annotations

import ast
import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FunctionType
from typing import Any

from mutants import Mutant, read


def changed_function(mutant: Mutant) -> FunctionType | None:
    """The function that the mutant changes the body of; ``None`` for all that is not in one."""
    names: list[str] = []
    body: list[ast.stmt] = ast.parse(read(mutant.path)).body
    while True:
        around = next((n for n in body if _heads(n) <= mutant.line <= (n.end_lineno or 0)), None)
        if isinstance(around, ast.ClassDef):
            names.append(around.name)
            body = around.body
            continue
        if not isinstance(around, ast.FunctionDef) or mutant.line < around.body[0].lineno:
            return None
        found = _live(mutant, [*names, around.name])
        right = found is not None and found.__code__.co_firstlineno == _heads(around)
        return found if right else None


def _heads(node: ast.stmt) -> int:
    """The first line, decorators with it."""
    return min((d.lineno for d in getattr(node, "decorator_list", ())), default=node.lineno)


def _live(mutant: Mutant, names: Sequence[str]) -> FunctionType | None:
    parts = ["chainrule", *mutant.path.removesuffix(".py").split("/")]
    found: Any = importlib.import_module(".".join(parts))
    for name in names:
        found = vars(found).get(name)
    while found is not None and not isinstance(found, FunctionType):
        inner = (getattr(found, key, None) for key in ("__wrapped__", "__func__", "fget", "func"))
        found = next(filter(None, inner), None)
    return found


def exchange(function: FunctionType, mutant: Mutant) -> None:
    """Give the function the code it has in the mutant."""
    module = compile(mutant.source, function.__code__.co_filename, "exec", dont_inherit=True)
    old = function.__code__
    where = old.co_qualname, old.co_firstlineno
    function.__code__ = next(
        c for c in _codes(module) if (c.co_qualname, c.co_firstlineno) == where
    )


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


class Server:
    """A plugin of pytest that collects, and then hands over to ``serve`` instead of running."""

    def __init__(self, serve: Callable[[Server], None]) -> None:
        self._serve = serve
        self.items: dict[str, Any] = {}
        self.failed = ""

    def pytest_runtestloop(self, session: Any) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        gc.collect()
        gc.freeze()
        self._serve(self)
        return True

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed = self.failed or report.nodeid

    def run(self, tests: Sequence[str]) -> str:
        """The first of the tests that fails, if one does."""
        chosen = [self.items[test] for test in tests]
        for item, following in zip(chosen, [*chosen[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                break
        return self.failed


def serve(files: Sequence[str], what: Callable[[Server], None]) -> None:
    """Collect the everyday tests of some files in this process, and call ``what`` with them."""
    import pytest

    options = ["-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=short"]
    pytest.main([*options, "-m", "not slow", *files], [Server(what)])
    sys.stdout.flush()
    os._exit(0)
