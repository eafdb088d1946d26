"""``docs/reading.md`` says of every formula on it what reading it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chainrule.parsing.reader import parse

PAGE = Path(__file__).parents[2] / "docs" / "reading.md"
ROWS = re.findall(
    r"^\| `(.*)` \| `(.*)` \| (.*) \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE
)


@pytest.mark.parametrize(("formula", "doubt", "read", "instead"), ROWS)
def test_a_row_is_what_is_noted(formula: str, doubt: str, read: str, instead: str) -> None:
    found = {note.typed: note for note in parse(formula).notes}[doubt]
    assert found.read.replace("*", "·") == read
    assert instead.strip("`").replace("–", "") in (found.instead, found.instead.replace("*", "·"))


def test_every_kind_is_there() -> None:
    kinds = {note.kind for formula, *_ in ROWS for note in parse(formula).notes}
    source = Path(parse.__code__.co_filename).parent
    named = {
        kind
        for file in ("notes.py", "words.py")
        for kind in re.findall(
            r"(?:Note|self\.note)\(\s*\"(\w+)\"", (source / file).read_text("utf-8")
        )
    }
    assert named - {"derivative"} == kinds
