"""Every link from a page to a file or a heading of this repository leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *(page for folder in ("docs", "bench") for page in sorted((ROOT / folder).rglob("*.md"))),
]
FENCED = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def prose(text: str) -> str:
    """The text without blocks of code, in which brackets are no links."""
    return FENCED.sub("", text)


def links(text: str) -> list[str]:
    """Where the links lead that do not leave the repository."""
    found = LINK.findall(CODE.sub("code", prose(text)))
    return [target for target in found if not ELSEWHERE.match(target)]


def anchors(text: str) -> Iterator[str]:
    """The names of headings, as GitHub makes them."""
    for title in re.findall(r"^#+ +(.*?) *$", prose(text), re.MULTILINE):
        kept = re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", title).lower())
        yield kept.replace(" ", "-")


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for target in links(page.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        there = page.parent / unquote(path) if path else page
        if not there.exists() or (
            anchor and unquote(anchor) not in anchors(there.read_text("utf-8"))
        ):
            found.append(target)
    return found


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Once\n\n## What `a(x)` is, on CUDA\n", "utf-8")
    page = tmp_path / "page.md"
    lines = [
        "[a file](other.md), [a heading](other.md#what-ax-is-on-cuda), [away](https://x.y/z)",
        "[no file](gone.md), [no heading](other.md#twice), [none here](#twice) and `f[0](x)`",
        "```\n[no](link)\n```",
    ]
    page.write_text("\n".join(lines), "utf-8")
    assert broken(page) == ["gone.md", "other.md#twice", "#twice"]
