"""Which rows of a test are for every day, and which for the slow tests only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def slow(*rows: Any) -> list[Any]:
    """The rows as parameters of slow tests; a tuple has a value for each name."""
    return [
        pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=pytest.mark.slow)
        for row in rows
    ]


def few(rows: Iterable[Any], *every_day: Any) -> list[Any]:
    """All rows, of which only some are tried every day."""
    rows = list(rows)
    assert all(row in rows for row in every_day), every_day
    return [row if row in every_day else slow(row)[0] for row in rows]
