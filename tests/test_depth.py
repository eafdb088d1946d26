"""Deep and long formulas, through everything that is done to one before it is written or computed.

Rewriting and the preparation of code run with so little room on Python's stack that a function
which called itself for each level would be seen; what anybody calls runs at 3,000 levels (1,000 of
cases in cases) with the room that Python gives.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import cycle

import pytest

import chainrule
from chainrule.balls import program
from chainrule.errors import InputError
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Unknown,
    call,
)
from chainrule.forms.candidates import conjugates, signs
from chainrule.forms.candidates import overflow as large
from chainrule.precise.compensated import compensated
from chainrule.precise.float32 import with_rests
from chainrule.program.inlining import inlined, prepared
from chainrule.program.lower import Lowered, lower
from chainrule.rewrite import monomial
from chainrule.rewrite.cases import merge_cases
from chainrule.rewrite.normal_form import Tidier
from chainrule.verify.convert import Converter, UndecidedSignError
from chainrule.verify.generators import RingFullError
from chainrule.verify.ratio import RatioTooLargeError, RatioUndefinedError

x, y = Symbol("x"), Symbol("y")

LINKS: dict[str, Callable[[Expr], Expr]] = {
    "sigmoid": lambda u: 1 / (1 + call("exp", u)),
    "minus": lambda u: Product((MINUS_ONE, u)),
    "abs": lambda u: call("abs", Sum((u, y))),
    "max": lambda u: call("max", u, x),
    "root": lambda u: call("sqrt", u),
    "root of a sum": lambda u: call("sqrt", Sum((Power(u, TWO), ONE))),
    "log of a quotient": lambda u: call("log", Quotient(x, Product((u, x)))),
    "numerator": lambda u: Quotient(u, y),
    "denominator": lambda u: Quotient(y, u),
    "half": lambda u: Quotient(u, TWO),
    "minus a third": lambda u: Product((MINUS_ONE, Quotient(u, Number(3)))),
    "product": lambda u: Product((u, x)),
    "product on the right": lambda u: Product((x, u)),
    "product of one with itself": lambda u: Product((u, u)),
    "sum": lambda u: Sum((u, x)),
    "sum of one with itself": lambda u: Sum((u, u)),
    "difference": lambda u: Sum((Product((MINUS_ONE, u)), Product((MINUS_ONE, x)))),
    "square": lambda u: Power(u, TWO),
    "power": lambda u: Power(u, y),
    "exponent": lambda u: Power(x, u),
    "decay": lambda u: call("exp", Product((MINUS_ONE, call("abs", u)))),
    "case": lambda u: Piecewise((u, Comparison((">",), (x, ZERO)), x)),
    "otherwise": lambda u: Piecewise((x, Comparison((">",), (x, y)), u)),
    "case by a parameter": lambda u: Piecewise((u, Comparison((">",), (y, ZERO)), x)),
    "condition": lambda u: Piecewise((x, Comparison((">",), (u, ZERO)), y)),
    "wave": lambda u: call("sin", u),
    "unknown": lambda u: Unknown("f", (0,), (u,)),
}
"""Ways to put one more level on a formula."""

PARTS: dict[str, Callable[[Expr], Expr]] = {
    "sizes": lambda u: call("abs", u),
    "larger ones": lambda u: call("max", u, Product((MINUS_ONE, u))),
    "roots": lambda u: call("sqrt", Sum((Power(u, TWO), ONE))),
    "quotients": lambda u: Quotient(ONE, Sum((ONE, Power(u, TWO)))),
    "cases": lambda u: Piecewise((u, Comparison((">",), (u, ZERO)), ZERO)),
}
"""Parts of a long sum or product."""


def deep(link: Callable[[Expr], Expr], levels: int) -> Expr:
    found: Expr = x
    for _ in range(levels):
        found = link(found)
    return found


def long(kind: Callable[[tuple[Expr, ...]], Expr], n: int) -> Expr:
    """A sum or a product of every kind of part in turn."""
    return kind(tuple(part(x + i) for i, part in zip(range(n), cycle(PARTS.values()))))


# --- with little room -------------------------------------------------------------------------
LEVELS, ROOM = 200, 120


@contextmanager
def little_room() -> Iterator[None]:
    frame, used = sys._getframe(), 0
    while frame is not None:  # type: ignore[redundant-expr]
        frame, used = frame.f_back, used + 1  # type: ignore[assignment]
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(used + ROOM)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def lowered(root: Expr) -> Lowered:
    return lower([root], [x, y], {"exp", "log", "abs", "sqrt", "max", "min", "sin"})


def converted(root: Expr) -> None:
    with suppress(RatioTooLargeError, RatioUndefinedError, UndecidedSignError, RingFullError):
        Converter(64).ratio(root)


STAGES: dict[str, Callable[[Expr], object]] = {
    "divided": large.divided,
    "for_large": lambda root: large.for_large(root, x),
    "large_apart": lambda root: large.large_apart(root, x),
    "scaled_for_large": lambda root: large.scaled_for_large(root, x, 30),
    "logarithms_apart": large.logarithms_apart,
    "halved": large.halved,
    "joined": large.joined,
    "conjugated": lambda root: conjugates.conjugated(Sum((ONE, root)), x),
    "roots_conjugated": conjugates.roots_conjugated,
    "coefficient_and_rest": monomial.coefficient_and_rest,
    "signs collected": signs.collected,
    "tidied": lambda root: Tidier().tidy(root),
    "cases merged": lambda root: merge_cases(root, x, {y: ONE}),
    "rational": program.rational,
    "converted": converted,
    "with_rests": with_rests,
    "compensated": lambda root: compensated(root, 24),
    "prepared": lambda root: prepared(lowered(root), "single"),
    "inlined": lambda root: inlined(lowered(root), "single"),
}


@pytest.mark.parametrize("name", STAGES)
def test_no_stage_goes_deeper_with_the_formula(name: str) -> None:
    stage = STAGES[name]
    for kind, link in LINKS.items():
        shallow, whole = deep(link, 3), deep(link, LEVELS)
        for formula, room in ((shallow, None), (whole, little_room())):
            try:
                if room is None:  # what is imported or cached for the first time
                    stage(formula)
                else:
                    with room:
                        stage(formula)
            except RecursionError:
                pytest.fail(f"{name} goes down into: {kind}")
            except InputError:
                # Nothing is computed of a function that nobody defined.
                assert kind == "unknown"


def test_recursion_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def depth(root: Expr) -> int:
        return 1 + max(map(depth, root.args), default=0)

    monkeypatch.setitem(STAGES, "planted", depth)
    with pytest.raises(pytest.fail.Exception, match="planted goes down into: sigmoid"):
        test_no_stage_goes_deeper_with_the_formula("planted")


# --- what anybody calls -------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [k for k in LINKS if k != "product of one with itself"])
def test_three_thousand_levels(kind: str) -> None:
    # The time for cases in cases grows with the square of their number.
    root = deep(LINKS[kind], 1000 if "case" in kind else 3000)
    slope = chainrule.diff(root, "x", form="raw", verify=False)
    assert slope is chainrule.derive(root, "x", verify=False).raw
    if "itself" not in kind and "log" not in kind:
        text = str(root)
        if len(text) < 100_000:
            assert str(chainrule.parse(text)) == text


@pytest.mark.parametrize("kind", [Sum, Product])
def test_three_thousand_parts(kind: Callable[[tuple[Expr, ...]], Expr]) -> None:
    root = long(kind, 3000)
    chainrule.diff(root, "x", form="raw", verify=False)
    inlined(lowered(root), "single")
    with_rests(root)
