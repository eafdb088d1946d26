"""The table of what frameworks return: read, matched with formulas, and measured again."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

import chainrule
from chainrule.parsing.formula import parse_text
from chainrule.rewrite.frameworks import EVERY_INTEGER, NOT_NUMBERS, Row, table

SCRIPT = Path(__file__).resolve().parents[2] / "bench/pages/write_frameworks.py"


@pytest.mark.parametrize("row", table(), ids=lambda row: f"{row.function} {row.framework}")
def test_rows_can_be_read(row: Row) -> None:
    assert row.version
    assert all(api.startswith(row.framework + ".") for api in row.api.split())
    if row.point != EVERY_INTEGER:
        parse_text(row.point)
    if row.returned not in NOT_NUMBERS:
        parse_text(row.returned)


def stated(formula: str) -> list[tuple[str, str]]:
    """What is said of PyTorch and of JAX at each kink."""
    found = chainrule.derive(formula).kinks
    return [
        tuple("" if r is None else str(r.value) for r in (kink.torch, kink.jax)) for kink in found
    ]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("|x|", [("0", "1")]),
        ("|t|", [("0", "1")]),
        ("min(max(x, 0), 1)", [("1", "1/2"), ("1", "1/2")]),
        ("floor(x) x", [("x", "x")]),
        ("{x > 0: sqrt(x), else: 0}", [("nan", "nan")]),
        ("leaky_relu", [("alpha", "1")]),
        ("elu(x, 3)", [("3", "3")]),
        ("elu(t, 2b)", [("2*b", "2*b")]),
        # What was not measured is not claimed.
        ("|2x|", [("", "")]),
        ("elu(2x, 3)", [("", "")]),
        ("relu(x) + |x|", [("", "")]),
        ("clipped_relu", [("", ""), ("", "")]),
        ("floor(2x)", [("", "")]),
    ],
)
def test_what_is_said_was_measured(formula: str, expected: list[tuple[str, str]]) -> None:
    assert stated(formula) == expected


def test_the_version_is_said() -> None:
    text = " ".join(chainrule.derive("|x|").to_text().split())
    (torch,) = {row.version for row in table() if row.framework == "torch"}
    (jax,) = {row.version for row in table() if row.framework == "jax"}
    assert f"PyTorch {torch} returns 0, JAX {jax} 1." in text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["torch", "jax"])
def test_measured_again(name: str) -> None:
    pytest.importorskip(name)
    script = runpy.run_path(str(SCRIPT))
    framework = script["load"](name)
    assert script["version"](framework) == table_version(name), "write the table again"
    rows = list(script["measured"](table(), (name,)))
    assert sorted(rows) == sorted(row for row in table() if row.framework == name)


def table_version(name: str) -> str:
    (version,) = {row.version for row in table() if row.framework == name}
    return version
