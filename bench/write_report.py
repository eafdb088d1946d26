"""Run every benchmark: ``write_report.py docs/results/benchmarks.md`` writes that page."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import catalogue
import growth
import kernels
import startup
import verifying
from measure import machine


def report() -> str:
    return "\n".join(
        [
            "# Speed and growth",
            "",
            "Written by `make bench`. Times differ from machine to machine and from day to day; "
            "the ratios, taken side by side in one run, are what to look at.",
            "",
            f"{date.today():%Y-%m-%d}: {machine()}",
            "",
            "## Start",
            "",
            startup.report(),
            "## The catalogue",
            "",
            catalogue.report(),
            "## Verification",
            "",
            verifying.report(),
            "## Growth",
            "",
            growth.report(),
            "## Kernels",
            "",
            kernels.report(),
        ]
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(report(), encoding="utf-8")
    print(f"wrote {sys.argv[1]}")
