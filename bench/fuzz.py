"""The fuzzer of meaning over as many random formulas as one likes.

Seeds are done in blocks; each block is a line of the record, and blocks that are in it already,
at any commit, are left out, so that a run can be stopped and taken up again: `make fuzz N=100000`.
What is found is printed. The formulas and what is asked of them are in `tests/fuzz`.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from fuzz.formulas import make  # noqa: E402
from fuzz.meaning import NAMED, Tally, checked  # noqa: E402

RECORD = ROOT / "docs" / "results" / "fuzzing.tsv"
COLUMNS = ("first seed", "formulas", "commit", "claims", "wrong", "without a value", "given up")
BLOCK = 1_000
PATIENCE = 60
"""Seconds of processor time for one formula."""
SLOW = 2
"""Seconds after which a formula is printed as slow."""


class _GivenUp(BaseException):
    """Raised in the middle of anything, so that nothing takes it for its own."""


@contextmanager
def _patience() -> Iterator[None]:
    def give_up(*_: object) -> NoReturn:
        raise _GivenUp

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def block(first: int, count: int) -> tuple[Tally, list[int]]:
    """What was found for a block of seeds, and the seeds that took too long."""
    total, late = Tally(), []
    for seed in range(first, first + count):
        before = time.process_time()
        try:
            with _patience():
                found = checked(seed)
        except _GivenUp:
            late.append(seed)
            print(f"{seed} takes too long: {make(seed, NAMED).text}", flush=True)
            continue
        took = time.process_time() - before
        if took > SLOW:
            print(f"{seed} takes {took:.1f} s: {make(seed, NAMED).text}", flush=True)
        for fault in found.faults:
            print(f"{seed} {fault}", flush=True)
        for fault in found.missing:
            print(f"{seed} without a value, {fault}", flush=True)
        total.add(found)
    return total, late


def done(record: Path) -> set[int]:
    """The first seeds of the blocks that the record has."""
    if not record.exists():
        return set()
    return {int(line.split("\t")[0]) for line in record.read_text("utf-8").splitlines()[1:]}


def _commit() -> str:
    found = subprocess.run(
        ["git", "-C", ROOT, "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed, a multiple of 1,000")
    parser.add_argument("--count", type=int, default=BLOCK, help="how many formulas")
    parser.add_argument("--record", type=Path, default=RECORD)
    asked = parser.parse_args()
    record, commit = asked.record, _commit()
    if not record.exists():
        record.write_text("\t".join(COLUMNS) + "\n", "utf-8")
    bad = 0
    for first in range(asked.seed, asked.seed + asked.count, BLOCK):
        if first in done(record):
            continue
        total, late = block(first, BLOCK)
        bad += len(total.faults)
        claims = sum(total.judged.values())
        figures = (claims, len(total.faults), len(total.missing), len(late))
        with record.open("a", encoding="utf-8") as lines:
            lines.write("\t".join(map(str, (first, BLOCK, commit, *figures))) + "\n")
        print(f"{first:,} to {first + BLOCK - 1:,}: {claims:,} claims, {len(total.faults)} wrong")
        sys.stdout.flush()
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
