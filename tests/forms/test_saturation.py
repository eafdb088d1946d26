"""The graph of equal expressions: all terms of a class have the value of what it was made of."""

from __future__ import annotations

import mpmath
import pytest

from chainrule.expr.nodes import Expr, Symbol
from chainrule.forms.search.saturation import Saturated, build, saturate
from chainrule.parsing.formula import parse_text
from oracle import evaluate

X, A = Symbol("x"), Symbol("a")
ENV = {"x": mpmath.mpf("0.8125"), "a": mpmath.mpf("1.375")}


def parse(text: str) -> Expr:
    return parse_text(text).expr


def values(graph: Saturated) -> list[list[mpmath.mpf]]:
    """The value of every term of every class, its arguments taken by their classes."""
    known: dict[int, mpmath.mpf] = {}
    found: list[dict[int, mpmath.mpf]] = [{} for _ in graph.classes]
    while True:
        before = sum(map(len, found))
        for i, terms in enumerate(graph.classes):
            for j, term in enumerate(terms):
                if j in found[i] or any(arg not in known for arg in term.args):
                    continue
                letters = [Symbol(f"c{arg}") for arg in term.args]
                env = {f"c{arg}": known[arg] for arg in term.args}
                found[i][j] = evaluate(build(term, letters), ENV | env)
                known.setdefault(i, found[i][j])
        if sum(map(len, found)) == before:
            assert list(map(len, found)) == list(map(len, graph.classes))
            return [list(row.values()) for row in found]


@pytest.mark.parametrize(
    "formula",
    [
        *("sqrt(x + 1) - sqrt(x)", "1/(1 + e^(-x))", "(e^x - 1)/x^3", "x^6 - x^5 + 2/3*x^(-2)"),
        *(
            "ln(1 + e^x) - x",
            "x^(5/2)/(1 + x)^(1/2)",
            "1 - cos(x)",
            "x^a*(x/7) - 36893488147419103232",
        ),
        *("tanh(x)^2/sinh(2*x)", "sin(x)^2 + 1 - erf(x)", "a*x/(a - x) - digamma(x)^4"),
    ],
)
def test_all_terms_of_a_class_are_equal(formula: str) -> None:
    expr = parse(formula)
    graph = saturate([expr], [X, A], split=True, max_terms=150)
    with mpmath.workdps(40):
        found = values(graph)
        assert abs(found[graph.root][0] / evaluate(expr, ENV) - 1) < 1e-30
        for row in found:
            assert all(abs(value - row[0]) <= 1e-25 * (1 + abs(row[0])) for value in row)
    assert sum(map(len, graph.classes)) > len(graph.classes), "something was found"


def test_what_is_not_known_to_be_positive_keeps_its_sign() -> None:
    """√x·√x is x only for a positive x."""
    for letters, joined in (([], False), ([X], True)):
        graph = saturate([parse("sqrt(x)*sqrt(x)")], letters, max_terms=1000)
        leaves = {term.leaf for term in graph.classes[graph.root]}
        assert (X in leaves) == joined


def test_the_graph_stops_growing() -> None:
    formula = parse("(a + x + a*x)^4/(1 + e^x)^2")
    for limit in (200, 1000):
        graph = saturate([formula], [X], max_terms=limit)
        assert len(graph.classes) <= limit
    assert sum(map(len, graph.classes)) > 200, "up to the limit it grows"
