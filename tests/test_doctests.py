"""The examples in docstrings give what stands under them."""

from __future__ import annotations

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src"
EXAMPLE = re.compile(r"^ *>>> ", re.MULTILINE)


def modules() -> list[str]:
    """Every module in whose text an example stands, whether or not a docstring has it."""
    return [
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(SOURCE.rglob("*.py"))
        if EXAMPLE.search(path.read_text("utf-8"))
    ]


@pytest.mark.parametrize("name", modules())
def test_examples(name: str) -> None:
    module = import_module(name)
    assert module.__file__ is not None
    text = Path(module.__file__).read_text("utf-8")
    assert "+SKIP" not in text
    result = doctest.testmod(module)
    assert (result.failed, result.attempted) == (0, len(EXAMPLE.findall(text)))


def test_a_wrong_example_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "planted_example.py").write_text('"""Planted.\n\n    >>> 1 + 1\n    3\n"""\n')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(AssertionError, match=r"\(1, 1\) == \(0, 1\)"):
        test_examples("planted_example")
