"""Which tests can see a line: each everyday test, with the lines of the scope it runs.

Every file of tests runs once, in a process of its own, under coverage.py with one context for
each test. What is found is kept below ``.mutation``, one file for each file of tests, and made
again when the sources or the tests have changed.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from mutants import ROOT, files, read

KEPT = ROOT / ".mutation"
SOURCE = ROOT / "src" / "chainrule"
LEFT_OUT = ("test_bench_gpu.py", "test_katex.py", "test_readme.py", "test_floors.py")
"""Files of tests that see nothing of what formulas mean."""


class Recorder:
    """A plugin of pytest: one context of coverage for each test, and its processor time."""

    def __init__(self, coverage: Any) -> None:
        self.coverage = coverage
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.coverage.switch_context(nodeid)
        self.seconds[nodeid] = -time.process_time()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.seconds[nodeid] += time.process_time()

    def pytest_runtest_logreport(self, report: Any) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)


def record(test_file: str, target: Path) -> None:
    """Run one file of tests, and write what its tests run."""
    import coverage
    import pytest

    scope = [str(SOURCE / path) for path in files()]
    measured = coverage.Coverage(data_file=None, include=scope, config_file=False)
    recorder = Recorder(measured)
    measured.start()
    pytest.main(["-q", "-m", "not slow", "-p", "no:cacheprovider", test_file], [recorder])
    measured.stop()
    data, tests = measured.get_data(), sorted(recorder.seconds.keys() - recorder.failed)
    number = {name: i for i, name in enumerate(tests)}
    lines: dict[str, dict[str, list[int]]] = {}
    for path in data.measured_files():
        by_line = data.contexts_by_lineno(path)
        rows = {
            str(line): [number[name] for name in contexts if name in number]
            for line, contexts in by_line.items()
        }
        lines[str(Path(path).relative_to(SOURCE))] = {k: v for k, v in rows.items() if v}
    seconds = [round(recorder.seconds[name], 4) for name in tests]
    failed = sorted(recorder.failed)
    found = {"tests": tests, "seconds": seconds, "failed": failed, "lines": lines}
    target.write_text(json.dumps(found))


def test_files() -> list[str]:
    found = sorted((ROOT / "tests").rglob("test_*.py"))
    return [str(path.relative_to(ROOT)) for path in found if path.name not in LEFT_OUT]


def _stamp(test_file: str) -> str:
    text = "".join(map(read, files())) + (ROOT / test_file).read_text("utf-8")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def kept(test_file: str) -> Path:
    """Where the record of a file of tests lies."""
    return KEPT / "covering" / f"{test_file.replace('/', '.')}-{_stamp(test_file)}.json"


def record_all() -> None:
    """Record whatever is missing."""
    (KEPT / "covering").mkdir(parents=True, exist_ok=True)
    for test_file in test_files():
        target = kept(test_file)
        if target.exists():
            continue
        for old in target.parent.glob(f"{test_file.replace('/', '.')}-*.json"):
            old.unlink()
        begun = time.monotonic()
        command = [sys.executable, __file__, test_file, str(target)]
        subprocess.run(command, cwd=ROOT, env=os.environ | {"CI": "1"}, stdout=subprocess.DEVNULL)
        print(f"{test_file}: {time.monotonic() - begun:.0f} s", flush=True)


@dataclass
class Covering:
    """The records of all files of tests.

    Attributes:
        seconds: how long each test took.
        lines: for each file of the source, the tests that run a line.
        failed: tests that fail, or are skipped, as it is.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    @classmethod
    def load(cls) -> Covering:
        found = cls()
        for test_file in test_files():
            record = kept(test_file)
            if not record.exists():
                continue
            data = json.loads(record.read_text())
            tests = data["tests"]
            found.seconds |= dict(zip(tests, data["seconds"], strict=True))
            found.failed.update(data["failed"])
            for path, rows in data["lines"].items():
                lines = found.lines.setdefault(path, {})
                for line, numbers in rows.items():
                    lines.setdefault(int(line), []).extend(tests[i] for i in numbers)
        return found

    @cached_property
    def importers(self) -> dict[str, set[str]]:
        """For each file of the source, the files of source and tests that import from it."""
        found: dict[str, set[str]] = {}
        for path in (*SOURCE.rglob("*.py"), *(ROOT / name for name in test_files())):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.ImportFrom) or not node.module:
                    continue
                for name in (node.module, *(f"{node.module}.{a.name}" for a in node.names)):
                    if name.startswith("chainrule."):
                        module = name.removeprefix("chainrule.").replace(".", "/") + ".py"
                        inside = path.is_relative_to(SOURCE)
                        user = path.relative_to(SOURCE if inside else ROOT)
                        found.setdefault(module, set()).add(str(user))
        return found

    def seeing(self, path: str, line: int) -> list[str]:
        """The tests that can see a line, those first that run little else.

        A line of a table runs when its module is loaded: whoever runs its function, imports the
        module, or runs what imports it can see it, in this order.
        """
        lines = self.lines.get(path, {})
        statement = _statement(path, line)
        first = {test for i in statement for test in lines.get(i, ())}
        found = self._sorted(first)
        if not _inside_function(path, line):
            users = self.importers.get(path, set())
            direct = {test for test in self.seconds if test.split("::")[0] in users}
            own = {test for tests in lines.values() for test in tests}
            others = {
                test
                for user in users
                for tests in self.lines.get(user, {}).values()
                for test in tests
            }
            for more in (direct, own, others):
                found += self._sorted(more - set(found))
        return found

    @cached_property
    def extent(self) -> Counter[str]:
        """How many lines of the scope each test runs."""
        return Counter(
            test for lines in self.lines.values() for tests in lines.values() for test in tests
        )

    def _sorted(self, tests: set[str]) -> list[str]:
        return sorted(tests, key=lambda test: (self.extent[test], self.seconds[test], test))


def _statement(path: str, line: int) -> range:
    """The lines of the statement around a line; of a compound one only its head."""
    best: ast.stmt | None = None
    for node in ast.walk(ast.parse(read(path))):
        if (
            isinstance(node, ast.stmt)
            and node.lineno <= line <= (node.end_lineno or 0)
            and (best is None or node.lineno >= best.lineno)
        ):
            best = node
    if best is None:
        return range(line, line + 1)
    body = getattr(best, "body", None) or getattr(best, "cases", None)
    if not body:
        return range(best.lineno, (best.end_lineno or line) + 1)
    head = getattr(body[0], "lineno", None) or body[0].pattern.lineno
    return range(best.lineno, max(head, line + 1)) if line < head else range(line, line + 1)


def _inside_function(path: str, line: int) -> bool:
    return any(
        isinstance(node, ast.FunctionDef) and node.lineno < line <= (node.end_lineno or 0)
        for node in ast.walk(ast.parse(read(path)))
    )


if __name__ == "__main__":
    record(sys.argv[1], Path(sys.argv[2]))
