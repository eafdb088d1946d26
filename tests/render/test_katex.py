"""KaTeX sets everything that is written as LaTeX, in its strict mode."""

from __future__ import annotations

import re

import pytest

from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.functions import FUNCTIONS
from chainrule.expr.nodes import Call, Symbol
from chainrule.parsing.definitions import definition
from chainrule.parsing.reader import parse
from chainrule.render import markdown
from chainrule.render.letters import GREEK
from chainrule.render.notation import latex
from katex_check import katex_available, katex_failures
from sample_documents import EVERYTHING, SIGMOID

pytestmark = pytest.mark.skipif(not katex_available(), reason="needs Node and KaTeX: make test")


def test_a_mistake_is_noticed() -> None:
    assert len(katex_failures([r"\frac{1}{2}", r"\frac{1}", r"\nosuch"])) == 2


def test_catalogue_and_functions() -> None:
    letters = [Symbol(letter) for letter in "uvwxyz"]
    calls = [Call(row.name, tuple(letters[: row.arity])) for row in FUNCTIONS]
    calls += [Call(entry.name, definition(entry.name).symbols) for entry in CATALOGUE]
    formulas = [definition(entry.name).expr for entry in CATALOGUE]
    symbols = [Symbol(name) for name in [*GREEK, "x_1", "x_max", "loss", "a_b_c", "ж"]]
    assert katex_failures(map(latex, [*calls, *formulas, *symbols])) == []


def test_derivatives_of_unknown_functions() -> None:
    formulas = ["f'''(x)", "f^(4)(g(x))^2", "f^(2,1)(x,y)", "(x if 0<x<=1 else -x)^2"]
    assert katex_failures(latex(parse(formula).expr) for formula in formulas) == []


@pytest.mark.parametrize("document", [SIGMOID, EVERYTHING], ids=["sigmoid", "all"])
def test_documents(document) -> None:
    source = markdown.render(document)
    displays = re.findall(r"^\$\$\n(.*?)\n\$\$$", source, flags=re.DOTALL | re.MULTILINE)
    outside = re.sub(r"^\$\$\n.*?\n\$\$$", "", source, flags=re.DOTALL | re.MULTILINE)
    inline = re.findall(r"(?<!\\)\$(.+?)(?<!\\)\$", outside)
    assert displays
    assert inline
    assert katex_failures(displays) == []
    assert katex_failures(inline, display=False) == []
