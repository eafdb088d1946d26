"""What holds for every test: property tests without a stopwatch, and no skips in CI."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

# A slow machine is no failure. In CI the examples are the same in every run, so that a change
# fails for what it does; elsewhere they are fresh each time.
settings.register_profile("chainrule", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("chainrule")

NO_SKIPS = os.environ.get("CHAINRULE_NO_SKIPS", "") not in ("", "0")


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if NO_SKIPS and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CHAINRULE_NO_SKIPS is set, and this was skipped: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report
