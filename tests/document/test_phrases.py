"""What a derivative by the output is said to cost, against what Python does when it computes it."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

import chainrule
from chainrule.commands import written
from chainrule.document.phrases import operations
from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.nodes import Expr, Piecewise, postorder, symbols


class Counting:
    """A number that counts what is done with it. Numbers that hold no letter are plain ones."""

    def __init__(self, done: Counter[str]) -> None:
        self.done = done

    def _after(self, name: str) -> Counting:
        self.done[name] += 1
        return self

    def __add__(self, other: object) -> Counting:
        return self._after("addition")

    def __sub__(self, other: object) -> Counting:
        return self._after("subtraction")

    def __mul__(self, other: object) -> Counting:
        return self._after("multiplication")

    def __truediv__(self, other: object) -> Counting:
        return self._after("division")

    def __neg__(self) -> Counting:
        return self._after("change of sign")

    def __pow__(self, exponent: Any) -> Counting:
        if exponent not in (2, 3, 4, 5):
            return self._after("function call")
        self.done["multiplication"] += {2: 1, 3: 2, 4: 2, 5: 3}[exponent]
        return self

    def __rpow__(self, base: object) -> Counting:
        return self._after("function call")

    __radd__, __rsub__, __rmul__, __rtruediv__ = __add__, __sub__, __mul__, __truediv__


def called(*args: Any) -> Any:
    for arg in args:
        if isinstance(arg, Counting):
            return arg._after("function call")
    return 0.5


def executed(expr: Expr) -> Counter[str]:
    """What Python does for an expression, as it is printed."""
    done: Counter[str] = Counter()
    text = written(expr, "python").replace("lambda", "lambda_")
    functions = dict.fromkeys(re.findall(r"\w+(?=\()", text), called)
    letters = {symbol.name.replace("lambda", "lambda_"): Counting(done) for symbol in symbols(expr)}
    eval(text, {"e": 2.7, "pi": 3.1, **functions, **letters})
    return done


def in_words(done: Counter[str]) -> Counter[str]:
    return Counter({name: count for name, count in done.items() if count})


NUMERALS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def read(said: str) -> Counter[str]:
    """The sentence as numbers."""
    done: Counter[str] = Counter()
    for part in said.replace(" and ", ", ").split(", "):
        if part:
            number, _, noun = part.partition(" ")
            done[noun.replace("changes", "change").removesuffix("s")] += NUMERALS.index(number)
    return done


CASES = (
    "y (1 - y); -y; 1 - y^2; y - 1; -y - y^2; -2y - 1; -y^3; 2y; y/2; 1/y; 3; y; e^(-y)",
    "1 - e^(-y); y ln(2); y (ln(2) + 1/2) + 1; a + b + y; a - b - y; (a y - 3)^4; -(a + y)/b",
    "2^y; y^(3/2); 1/(2 y); sqrt(1 + y^2); y^5 - y; -3a y + 2b; 1 - (1 - y)^2",
)


@pytest.mark.parametrize("text", "; ".join(CASES).split("; "))
def test_what_is_said_is_what_it_costs(text: str) -> None:
    expr = chainrule.parse(text)
    assert read(operations(expr)) == in_words(executed(expr))


def test_the_catalogue() -> None:
    compared = 0
    for entry in CATALOGUE:
        form = chainrule.derive(entry.name).output_form
        if form is None or form.needs_variable:
            continue
        nodes = postorder(form.expr)
        places = Counter(arg for node in nodes for arg in node.args if arg.args and symbols(arg))
        if any(count > 1 for count in places.values()) or isinstance(form.expr, Piecewise):
            # Python computes it twice; and it cannot compare what it counts.
            continue
        compared += 1
        assert read(operations(form.expr)) == in_words(executed(form.expr)), entry.name
    assert compared > 25


def test_what_occurs_twice_is_computed_once() -> None:
    assert operations(chainrule.parse("e^y/(1 + e^y)")) == (
        "one addition, one division and one function call"
    )


def test_cases_cost_a_comparison() -> None:
    assert operations(chainrule.parse("{y > 0: 1, else: y^2}")) == (
        "one multiplication and one comparison"
    )
