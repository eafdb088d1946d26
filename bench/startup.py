"""The whole process ``chainrule explain sigmoid`` beside processes that only import.

The commands take turns, so that whatever else the machine does falls on all of them alike.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from measure import duration, table

CHAINRULE = str(Path(sys.executable).with_name("chainrule"))
COMMANDS = {
    "chainrule explain sigmoid": [CHAINRULE, "explain", "sigmoid"],
    'python -c "import sympy"': [sys.executable, "-c", "import sympy"],
    'python -c "import symengine"': [sys.executable, "-c", "import symengine"],
    'python -c "pass"': [sys.executable, "-c", "pass"],
}
REFERENCE = 'python -c "import sympy"'
ROUNDS = 21
# As pip installs packages: with their byte code, which the first round writes where it lacks.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def run(command: list[str]) -> float:
    """Seconds from start to end of the process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - start


def measure(rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Seconds of every round, by command. The first round, with cold files, is left out."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds + 1):
        for name, command in COMMANDS.items():
            times[name].append(run(command))
    return {name: measured[1:] for name, measured in times.items()}


def report() -> str:
    times = measure()
    rows = []
    for name, measured in times.items():
        ratios = [own / other for own, other in zip(measured, times[REFERENCE], strict=True)]
        rows.append([f"`{name}`", duration(median(measured)), f"{median(ratios):.2f}"])
    return (
        f"Medians of {ROUNDS} rounds; the ratio is taken in each round.\n\n"
        + table(["process", "time", "ratio to `import sympy`"], rows)
        + "\n"
    )


if __name__ == "__main__":
    print(report())
