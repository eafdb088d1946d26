"""All that walk-throughs display, evaluated by mpmath."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from chainrule.document.style import Style
from chainrule.expr.catalogue import GROUPS
from displayed import Report
from pace import few
from random_formulas import formulas
from read_documents import read, read_curve

STYLES = [Style(*kind) for kind in product(("brief", "normal", "full"), ("leibniz", "lagrange"))]
CURVES = ["x^2 + y^2 = 1", "x y + e^y = 3", "y^5 + x y = 2", "sin(x y) = x^2/4", "x = tan y"]
SEED = 11
BATCH = 50


@pytest.mark.parametrize("group", GROUPS)
def test_catalogue(group: str) -> None:
    for entry in GROUPS[group]:
        report = read(entry.name)
        assert report.faults == [], entry.name
        assert report.equal >= 2, entry.name


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES, ids=lambda style: f"{style.detail}-{style.notation}")
@pytest.mark.parametrize("group", GROUPS)
def test_catalogue_in_every_style(group: str, style: Style) -> None:
    for entry in GROUPS[group]:
        report = read(entry.name, style)
        assert report.faults == [], entry.name


def random_formulas_hold(texts: list[str], style: Style) -> None:
    total = Report()
    for text in texts:
        report = read(text, style, wrt="x")
        assert report.wrong == [], text
        assert report.words == [], text
        total.add(report)
    # Where a function is flat, a step may divide 0 by 0: √trunc(x) below 1. And what the row of
    # a case needs may hold at none of the points of that case.
    assert len(total.narrower) <= 0.02 * total.pairs, total.narrower
    assert len(total.unread) <= 0.02 * total.pairs, total.unread


@pytest.mark.parametrize("batch", few(range(6), 0, 1, 2))
def test_random_formulas(batch: int) -> None:
    texts = list(formulas(SEED + batch, BATCH))
    random_formulas_hold(texts, Style())


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(6))
@pytest.mark.parametrize("style", STYLES, ids=lambda style: f"{style.detail}-{style.notation}")
def test_random_formulas_in_every_style(batch: int, style: Style) -> None:
    random_formulas_hold(list(formulas(SEED + batch, BATCH)), style)


OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("x^3 sin x", {"order": 3}),
    ("sigmoid", {"order": 2}),
    ("g(x) = x^3", {"order": 2}),
    ("x^2 y^3", {"wrt": "x,y"}),
    ("x^2 y^3", {"wrt": "x,y,x"}),
    ("huber", {"wrt": "y"}),
    ("f(x, y) = e^(x y)", {}),
    ("1/(1+x^2)", {"method": "quotient"}),
    ("5", {}),
    ("a^2", {"wrt": "x"}),
    ("u v x", {}),
    ("x plu(x)", {}),
    ("max(x, x)^2", {}),
    # A composition by each of the rules that have an outer function.
    ("2^(x^2)", {}),
    ("3/(1 + x^2)", {}),
    ("(1 + x^2)^(-5/2)", {}),
    ("atan2(x^2, 3)", {}),
    ("silu(x^2)", {}),
    # Functions that nobody defined.
    ("f(x)^2", {}),
    ("f(g(x)) h(x)", {}),
    ("f(x, x^2) + f(x, a)", {}),
    # Variables by whose letters rules are stated.
    ("3c^2 + c", {"wrt": "c"}),
    ("n^2 + a n", {"wrt": "n"}),
    ("u v", {"wrt": "v"}),
    ("u^u", {"wrt": "u"}),
    ("a^(2a)", {"wrt": "a"}),
    ("c/(1 + c)", {"wrt": "c", "method": "quotient"}),
]


@pytest.mark.parametrize("style", STYLES, ids=lambda style: f"{style.detail}-{style.notation}")
def test_other_kinds(style: Style) -> None:
    for text, options in OTHERS:
        report = read(text, style, **options)
        assert report.faults == [], text


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("curve", CURVES)
def test_curves(curve: str, order: int) -> None:
    for style in (Style(), Style("brief"), Style("full", "lagrange")):
        report = read_curve(curve, style, order=order)
        assert report.faults == []
        assert report.equal >= 2
