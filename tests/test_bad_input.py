"""Enormous and nonsensical input: a result or a clear error, in a bounded time and memory.

Each case runs in a process of its own, which limits itself to 60 seconds and 500 MB; the
times, which are far below, are measured by ``bench/``.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from chainrule.cli.main import main
sys.argv = ["chainrule", *sys.argv[1:]]
status = 0
try:
    main()
except SystemExit as done:
    status = done.code
finally:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if os.path.exists("/proc/self/status"):
        # On Linux ru_maxrss begins with what the process that started this one had.
        with open("/proc/self/status") as lines:
            peak = int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
    print(f"peak={peak // 1024}", file=sys.stderr)
sys.exit(status)
"""


def run(command: str, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, command, "-", *options],
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    peak = int(done.stderr.rpartition("peak=")[2])
    assert peak < 500
    return done


HUGE = {
    "brackets": "(" * 10_000 + "x" + ")" * 10_000,
    "functions": "sin(" * 10_000 + "x" + ")" * 10_000,
    "bars": "|" * 9_999,
    "open": "(" * 50_000,
    "tower": "9^9^9^9",
    "tower-of-x": "^".join(["x"] * 3_000),
    "degree": "(x+1)^100000",
    "megabyte": "x+" * 500_000 + "1",
    "digits": "9" * 50_000,
    "sum": "+".join(f"x^{i}" for i in range(5_000)),
    "product": "*".join(f"(x+{i})" for i in range(3_000)),
    "fraction": "1/(1+" * 5_000 + "x" + ")" * 5_000,
    "minuses": "-" * 20_000 + "x",
    "names": "a" * 50_000,
    "cases": "{" + ", ".join(f"x > {i}: x^{i}" for i in range(1_000)) + "}",
}


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize("command", ["diff", "explain"])
def test_enormous_input_ends_well(name: str, command: str) -> None:
    done = run(command, HUGE[name])
    assert done.returncode in (0, 2)
    if done.returncode == 2:
        assert done.stderr.startswith("chainrule: ")
        assert len(done.stderr) < 2_000


@pytest.mark.parametrize("name", ["functions", "fraction", "sum", "product"])
def test_raw_derivatives_of_large_formulas(name: str) -> None:
    assert run("diff", HUGE[name], "--form", "raw").returncode in (0, 2)


def test_a_variable_that_does_not_occur() -> None:
    done = run("explain", "x^2", "--wrt", "t")
    assert done.returncode == 0
    assert "does not occur" in done.stdout


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("x^2", ("--wrt", "2")),
        ("x^2", ("--wrt", "")),
        ("x^2", ("--order", "0")),
        ("x^2", ("--order", "99")),
        ("x y", ("--wrt", "x,y", "--order", "2")),
        ("a b c", ()),
        ("sin(x) = ", ()),
        ("x < 1", ()),
        ("f(x) = f(x) + 1", ()),
        ("sin(x, x)", ()),
        ("0^0/0", ()),
        ("\\frac{1}{", ()),
        ("__import__('os').system('true')", ()),
    ],
)
def test_nonsense_is_refused(text: str, options: tuple[str, ...]) -> None:
    done = run("diff", text, *options)
    assert done.returncode == 2
    assert done.stderr.startswith("chainrule: ")
