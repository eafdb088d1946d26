"""Every function of the catalogue through the whole road, in every format."""

from __future__ import annotations

import pytest

import chainrule
from chainrule import commands
from chainrule.document.blocks import Block, Display, Fold, Inline, Math
from chainrule.document.style import Style
from chainrule.expr.catalogue import CATALOGUE
from chainrule.render.display import latex_chain, latex_display
from katex_check import katex_available, katex_failures

NAMES = [entry.name for entry in CATALOGUE]
OTHERS = ["x^x", "f(g(x)) h(x)", "|x^2-1|", "floor(2x)", "ln(1+e^(x^2))^3", "x^2 + y^2 = 1"]


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_holds(name: str) -> None:
    derivation = chainrule.derive(name)
    words = {verdict.word for verdict in derivation.verdicts.values()}
    assert words <= {"proved", "checked"}
    assert derivation.verdict.word == "checked"
    assert derivation.verdict.points >= 4
    assert derivation.verdict.digits >= 15


@pytest.mark.parametrize("name", [*NAMES, *OTHERS])
def test_every_format_has_something_to_say(name: str) -> None:
    for derivation in commands.derivations(name, wrt=None, order=1, method="power"):
        text = derivation.to_text()
        assert "Checked" in text
        assert "bug of chainrule" not in text
        assert max(map(len, text.splitlines())) <= 80
        assert derivation.to_markdown().startswith("---\n")
        assert derivation.to_latex().startswith("\\documentclass")
        assert derivation.to_json().startswith("{")


def _mathematics(blocks: tuple[Block, ...]) -> list[str]:
    found: list[str] = []

    def inline(pieces: Inline) -> None:
        found.extend(latex_chain(piece.chain) for piece in pieces if isinstance(piece, Math))

    for block in blocks:
        match block:
            case Display():
                found.append(latex_display(block.chain).text)
                inline(block.note)
            case Fold():
                inline(block.title)
                found += _mathematics(block.blocks)
            case _:
                for name in ("inline",):
                    inline(getattr(block, name, ()))
                for item in getattr(block, "items", ()):
                    inline(item)
    return found


@pytest.mark.skipif(not katex_available(), reason="needs Node and KaTeX: make test")
@pytest.mark.parametrize("style", [Style(), Style("full", "lagrange"), Style("brief")])
def test_katex_renders_every_piece_in_strict_mode(style: Style) -> None:
    pieces: list[str] = []
    for name in [*NAMES, *OTHERS]:
        for derivation in commands.derivations(name, wrt=None, order=1, method="power"):
            pieces += _mathematics(derivation.document(style).blocks)
    assert len(pieces) > 1_000
    assert katex_failures(sorted(set(pieces))) == []
