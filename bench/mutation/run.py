"""Change the sources at one place after another, and see whether the everyday tests notice.

    python bench/mutation/run.py --count 600 --seed 1

A sample of mutants is drawn by a seed. Each is put into a copy of the tree and tried with the
tests that can see its line, the quickest first, until one fails or all have passed. Results are
kept below ``.mutation`` as they come: what was interrupted goes on where it was.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial
from math import inf
from pathlib import Path
from types import FunctionType
from typing import Any

from covering import KEPT, Covering, record_all
from mutants import ROOT, Mutant, Place, drawn, mutated
from warm import Server, changed_function, exchange, serve

COUNT = 640
FIRST_SECONDS, SECONDS = 4.0, 12.0
"""How many seconds of tests a mutant is tried with: at first, and if it survives these.

With ``--again`` there is no limit: what survived is tried with all that can see it.
"""
FIRST_FILES = 6
KILLED = ("killed", "too slow")
MEMORY = 8 << 30
"""Bytes that a test may take."""
SLACK = 6.0
"""Seconds of processor time for loading; a mutant may take three times as long as the tests do."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=COUNT, help="how many mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="try the survivors with all tests")
    parser.add_argument("--workers", type=int, default=1, help="how many at a time")
    options = parser.parse_args()
    target = results_of(options.seed)
    record_all()
    covering = Covering.load()
    _load_what_tests_import()
    known = {row["key"]: row for row in results(target)}
    chosen = list(enumerate(drawn(options.count, options.seed), 1))
    workers = [
        _Worker(number, covering, inf if options.again else SECONDS).start(
            chosen[number :: options.workers], known, target, options
        )
        for number in range(options.workers)
    ]
    for worker in workers:
        os.waitpid(worker, 0)


def results_of(seed: int) -> Path:
    """Where the results of a sample are kept."""
    return KEPT / f"results-{seed}.jsonl"


def results(target: Path) -> list[dict[str, Any]]:
    """What was found so far; of a mutant that was tried twice the last outcome counts."""
    lines = target.read_text().splitlines() if target.exists() else []
    return list({row["key"]: row for row in map(json.loads, lines)}.values())


def _killed(row: Mapping[str, Any]) -> bool:
    return row["outcome"] in KILLED


def _load_what_tests_import() -> None:
    """Libraries are loaded once, and a process is forked for each mutant; chainrule is not."""
    os.environ |= {"CI": "1", "OPENBLAS_NUM_THREADS": "1"}
    sys.dont_write_bytecode = False
    for name in (
        *("pytest", "hypothesis.strategies", "numpy", "mpmath", "sympy", "flint", "ml_dtypes"),
        "scipy.special",
    ):
        importlib.import_module(name)
    assert not any(name.startswith("chainrule") for name in sys.modules)


def _portions(
    tests: Sequence[str], seconds: dict[str, float], limit: float
) -> tuple[list[str], list[str]]:
    """The first tests to try, in few files, and the others as far as there is time for them."""
    first: list[str] = []
    rest: list[str] = []
    spent = {"first": 0.0, "rest": 0.0}
    loaded: set[str] = set()
    for test in tests:
        file = test.split("::")[0]
        few = file in loaded or len(loaded) < FIRST_FILES
        if few and spent["first"] + seconds[test] <= FIRST_SECONDS:
            loaded.add(file)
            first.append(test)
            spent["first"] += seconds[test]
        elif spent["rest"] + seconds[test] <= limit or not rest:
            rest.append(test)
            spent["rest"] += seconds[test]
    return first, rest


def copy_tree(target: Path) -> None:
    """What tests need, in a folder where faults can be planted."""
    target.mkdir(parents=True, exist_ok=True)
    for name in ("src", "tests", "docs", "bench"):
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(ROOT / name, target / name, ignore=ignored, dirs_exist_ok=True)
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, target / name)


class _Worker:
    """A copy of the tree, in which one mutant after another is tried."""

    def __init__(self, number: int, covering: Covering, limit: float) -> None:
        self.tree = KEPT / f"tree-{number}"
        self.report = KEPT / f"report-{number}"
        self.output = KEPT / f"output-{number}"
        self.covering = covering
        self.limit = limit
        self.known = covering.seconds.keys() | covering.failed
        self.written = 0

    def start(
        self,
        chosen: Sequence[tuple[int, tuple[Place, str, int]]],
        known: Mapping[str, Any],
        target: Path,
        options: argparse.Namespace,
    ) -> int:
        """Try the chosen ones in a process of its own, whose number is returned."""
        child = os.fork()
        if child:
            return child
        copy_tree(self.tree)
        mutants = [(number, mutated(*choice)) for number, choice in chosen]
        left = [
            (number, mutant)
            for number, mutant in mutants
            if mutant is not None
            and (mutant.key not in known or (options.again and not _killed(known[mutant.key])))
        ]
        warm = os.fork()
        if warm == 0:
            self._enter()
            files = dict.fromkeys(test.split("::")[0] for test in self.covering.seconds)
            serve(list(files), lambda server: self._try_warm(server, left, target))
        os.waitpid(warm, 0)
        done = {row["key"] for row in results(target) if _killed(row)}
        for number, mutant in left:
            if mutant.key not in done:
                self._note(target, number, self._tried(mutant))
        os._exit(0)

    def _note(self, target: Path, number: int, row: Mapping[str, Any]) -> None:
        with target.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(f"{number:4} {row['outcome']:9} {row['seconds']:5.1f} s {row['key']}", flush=True)

    def _try_warm(self, server: Server, mutants: list[tuple[int, Mutant]], target: Path) -> None:
        """Those that change a function; what survives here is tried once more, with its tree."""
        for number, mutant in mutants:
            function = changed_function(mutant)
            seeing = self.covering.seeing(mutant.path, mutant.line)
            first, rest = _portions(
                [t for t in seeing if t in server.items], self.covering.seconds, self.limit
            )
            if function is None or not first + rest:
                continue

            def run(
                f: FunctionType = function, m: Mutant = mutant, t: list[str] = first + rest
            ) -> int:
                exchange(f, m)
                failed = server.run(t)
                self.report.write_text(failed)
                return 1 if failed else 0

            row = self._row(mutant, first + rest, self._outcome(first + rest, run))
            if _killed(row):
                self._note(target, number, row)

    def _write(self, path: Path, text: str) -> None:
        """Python takes byte code to be fresh by the second; each version gets a second."""
        self.written += 1
        path.write_text(text, "utf-8")
        moment = 1_000_000_000 + self.written
        os.utime(path, (moment, moment))

    def _tried(self, mutant: Mutant) -> dict[str, Any]:
        tests = self.covering.seeing(mutant.path, mutant.line)
        first, rest = _portions(tests, self.covering.seconds, self.limit)
        outcome, by, spent = "unseen", "", 0.0
        path = self.tree / "src" / "chainrule" / mutant.path
        original = path.read_text("utf-8")
        try:
            self._write(path, mutant.source)
            for portion in filter(None, (first, rest)):
                outcome, by, seconds = self._outcome(portion, partial(self._run, portion))
                spent += seconds
                if outcome != "survived":
                    break
        finally:
            self._write(path, original)
        return self._row(mutant, first + rest, (outcome, by, spent))

    def _row(
        self, mutant: Mutant, tests: Sequence[str], found: tuple[str, str, float]
    ) -> dict[str, Any]:
        outcome, by, seconds = found
        return {
            "key": mutant.key,
            "path": mutant.path,
            "line": mutant.line,
            "operator": mutant.operator,
            "outcome": outcome,
            "by": by,
            "tests": len(tests),
            "seconds": round(seconds, 1),
        }

    def _outcome(self, tests: Sequence[str], run: Callable[[], int]) -> tuple[str, str, float]:
        """Run tests in a process of their own: the outcome, the test that failed, its seconds."""
        allowed = int(3 * sum(self.covering.seconds[test] for test in tests) + SLACK)
        self.report.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            self._limited(run, allowed)
        begun = time.monotonic()
        while not (ended := os.wait4(child, os.WNOHANG))[0]:
            if time.monotonic() - begun > 8 * allowed:
                os.killpg(child, signal.SIGKILL)
            time.sleep(0.05)
        by = self.report.read_text() if self.report.exists() else ""
        _, status, used = ended
        seconds = used.ru_utime + used.ru_stime
        if os.WIFSIGNALED(status):
            slow = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
            return ("too slow" if slow else "killed"), by, seconds
        passed = os.WEXITSTATUS(status) in (0, 5)  # 5: none of the tests is there any more
        return ("survived" if passed else "killed"), by, seconds

    def _limited(self, run: Callable[[], int], allowed: int) -> None:
        """In the child: never returns."""
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, allowed + 5))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        sink = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        code = 1
        try:
            code = run()
        finally:
            os._exit(code)

    def _enter(self) -> None:
        """From here on, chainrule is that of the copied tree."""
        os.chdir(self.tree)
        source, tests_folder = str(self.tree / "src"), str(self.tree / "tests")
        os.environ["PYTHONPATH"] = f"{source}:{os.environ.get('PYTHONPATH', '')}"
        sys.path[:0] = [source, tests_folder]

    def _run(self, tests: Sequence[str]) -> int:
        self._enter()
        import pytest

        files = list(dict.fromkeys(test.split("::")[0] for test in tests))
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=short"]
        return int(pytest.main([*options, *files], [_Chosen(tests, self.known, self.report)]))


class _Chosen:
    """A plugin of pytest: of what was collected the chosen tests, in their order.

    A mutant may change which tests there are: those of a table's rows that nobody had seen are
    run, too.
    """

    def __init__(self, tests: Sequence[str], known: Set[str], report: Path) -> None:
        self.order = {name: i for i, name in enumerate(tests)}
        self.known = known
        self.report = report

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        kept = [item for item in items if item.nodeid in self.order or self._new(item)]
        kept.sort(key=lambda item: self.order.get(item.nodeid, -1))
        items[:] = kept

    def _new(self, item: Any) -> bool:
        return item.nodeid not in self.known and item.get_closest_marker("slow") is None

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.report.write_text(report.nodeid)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.report.write_text(f"{report.nodeid} (while loading)")


if __name__ == "__main__":
    main()
