"""Wrong displays, planted in what tells a walk-through, have to be noticed by who reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chainrule.deriving.derivation import Derivation
from chainrule.differentiate.rules import BY_NAME_OF_RULE
from chainrule.document import calculator, implicit, inverse, narrative, telling
from chainrule.document.blocks import (
    At,
    Block,
    Chain,
    Derivative,
    Digits,
    Display,
    Document,
    Dots,
    Fold,
    Heading,
    InlinePiece,
    Math,
    Name,
    Paragraph,
    Plus,
    Term,
    Words,
    equation,
    math,
)
from chainrule.document.teller import Outer, Teller
from chainrule.expr.nodes import ONE, TWO, ZERO, Number, Product, Symbol, call
from chainrule.record import Record
from displayed import equalities, walk
from read_documents import read, read_curve

x, m, sigma = map(Symbol, ("x", "m", "sigma"))
Plant = Callable[[pytest.MonkeyPatch], None]


def changed(whole: Any, **parts: Any) -> Any:
    """A record or a step with other parts."""
    if isinstance(whole, Record):
        return whole.replaced(**parts)
    return type(whole)(**{name: getattr(whole, name) for name in whole.__slots__} | parts)


def _outer(change: Callable[[Outer], Outer]) -> Plant:
    outer = Teller.outer

    def plant(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(Teller, "outer", lambda self, *args: change(outer(self, *args)))

    return plant


def _literal(patch: pytest.MonkeyPatch) -> None:
    clause = Teller.clause

    def wrong(self: Teller, step: Any) -> Any:
        sentence, literal = clause(self, step)
        return sentence, Dots((literal, TWO))

    patch.setattr(Teller, "clause", wrong)


def _statement(rule: str, change: Callable[[Any, Any], tuple[Any, Any]]) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        row = BY_NAME_OF_RULE[rule]
        assert row.statement is not None
        patch.setitem(BY_NAME_OF_RULE, rule, changed(row, statement=change(*row.statement)))

    return plant


def _rewriting(patch: pytest.MonkeyPatch) -> None:
    simplified = narrative._simplified

    def wrong(slope: Any, steps: Any) -> Any:
        return simplified(slope, tuple(changed(step, after=step.after + 1) for step in steps))

    patch.setattr(narrative, "_simplified", wrong)


def _form(change: Callable[[Any], Any]) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        by_itself = narrative._by_itself

        def wrong(derivation: Derivation) -> Any:
            form = derivation.output_form
            assert form is not None
            derivation.__dict__["output_form"] = change(form)
            blocks = by_itself(derivation)
            derivation.__dict__["output_form"] = form
            return blocks

        patch.setattr(narrative, "_by_itself", wrong)

    return plant


def _case(form: Any) -> Any:
    return changed(form, claim=changed(form.claim, after=ZERO))


def _digits(patch: pytest.MonkeyPatch) -> None:
    usual = calculator.value_at

    def wrong(derivation: Derivation, at: Any) -> calculator.ValueAt | None:
        found = usual(derivation, at)
        if found is None or found.digits is None:
            return found
        text = found.digits.text
        last = str((int(text[-1]) + 1) % 10)
        return found.replaced(digits=found.digits.replaced(text=text[:-1] + last))

    patch.setattr(calculator, "value_at", wrong)


def _inverse(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(inverse, "slope_of_inverse", lambda name, at: -call("cos", at))


def _curve(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(implicit, "Plus", lambda terms: Plus(terms[:1]))


def _sum_for_product(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(telling, "Sum", Product)


def _plus_for_minus(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(telling, "MINUS_ONE", ONE)


PLANTED: dict[str, tuple[str, Plant]] = {
    "df/dm = 2^m + ln 2": (
        "2^(x^2)",
        _outer(lambda o: changed(o, applied=o.expr + call("log", 2))),
    ),
    "a slope tidied wrongly": ("sin(x^2)^3", _outer(lambda o: changed(o, slope=-o.slope))),
    "another outer function": ("3 sin(2x) + x^3", _outer(lambda o: changed(o, expr=2 * o.expr))),
    "a literal in a sum": ("x^2 + sin(x) + 3", _literal),
    "the product rule": ("x sin x", _sum_for_product),
    "the quotient rule": ("sin(x)/x", _plus_for_minus),
    "the statement of the product rule": (
        "x sin x",
        _statement("product", lambda before, after: (before, after.args[0])),
    ),
    "the statement of the quotient rule": (
        "sin(x)/x",
        _statement("quotient", lambda before, after: (before, -after)),
    ),
    "the statement of the power rule": (
        "(1 + x)^3",
        _statement("power", lambda before, after: (before, before)),
    ),
    "the statement of the sum rule": (
        "x^2 + x",
        _statement("sum", lambda before, after: (before, after + 1)),
    ),
    "the statement of the constant divisor": (
        "sin(x)/3",
        _statement("constant-divisor", lambda before, after: (before, after.args[0])),
    ),
    "a simplification": ("x^2 e^x", _rewriting),
    "the output form": (
        "sigmoid",
        _form(lambda form: changed(form, rewriting=(changed(form.rewriting[-1], after=ONE),))),
    ),
    "what was solved for": (
        "sigmoid",
        _form(lambda form: changed(form, solved=(changed(form.solved[0], after=x),))),
    ),
    "the output form of a case": (
        "elu",
        _form(lambda form: changed(form, cases=(form.cases[0], _case(form.cases[1])))),
    ),
    "a digit": ("sigmoid", _digits),
    "the slope of what an inverse undoes": ("arcsin x", _inverse),
    "what is collected for a curve": ("x^2 + y^2 = 1", _curve),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_display_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, plant = PLANTED[name]
    reader = read_curve if "y^2" in text else read
    assert not reader(text).wrong
    plant(monkeypatch)
    assert reader(text).wrong


f = Name("f", (x,))
TITLE = Heading(1, (math(f, x**2 + 1),))
SLOPE = Derivative("f", (("x", 1),))


def shown(*terms: Term) -> Block:
    return Display(equation(*terms))


def said(*pieces: InlinePiece) -> Block:
    return Paragraph(pieces)


def sides(left: Number, right: Number, then: str) -> Block:
    words = " the slope from the left is ", math(left), " and from the right ", math(right), then
    return Paragraph(("At ", math(x, ONE), *words))


THIRD = ONE / 3
WRONG: dict[str, Block] = {
    "a value": said(math(Name("f", (Number(3),)), Digits("10.5", more=False))),
    "digits that are rounded": said(math(Name("f", (THIRD,)), Digits("1.12"))),
    "a value at a point": shown(At(SLOPE, "x", Number(5)), Number(9)),
    "a value of a prime": said(math(Name("f", (TWO,), 1), Number(5))),
    "a second derivative": shown(Derivative("f", (("x", 2),)), Number(3)),
    "the end of a chain": shown(SLOPE, 2 * x, x + x, 3 * x),
    "in a fold": Fold((), (TITLE, shown(Name("f", (), 1), x))),
    "a composition": said(math(x**4), " is a composition, ", math(m**3), " with ", math(m, x**2)),
    "under a condition": said("At ", math(x, ONE), ", ", math(f, Number(3)), "."),
    "a slope at a kink": sides(ONE, TWO, "."),
    "that there is no derivative": sides(TWO, TWO, ": there is no derivative."),
}
UNREAD: dict[str, Block] = {
    "a letter from nowhere": shown(SLOPE, m),
    "a derivative by a letter from nowhere": shown(Derivative("f", (("m", 1),)), ONE),
    "words": shown(f, Words("undefined")),
    "nowhere defined": shown(call("log", -(x**2)), ONE),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong(name: str) -> None:
    report = walk(Document("", (TITLE, WRONG[name])))
    assert report.wrong
    assert not report.narrower + report.unread


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read(name: str) -> None:
    report = walk(Document("", (TITLE, UNREAD[name])))
    assert report.unread
    assert not report.wrong + report.narrower


def test_what_is_undefined_on_a_side() -> None:
    report = walk(Document("", (TITLE, shown(SLOPE, 2 * x + call("log", x) - call("log", x)))))
    assert report.narrower
    assert not report.wrong + report.unread


def test_a_derivative_that_is_to_exist() -> None:
    title = Heading(1, (math(f, call("abs", x)),))
    claim = sides(Number(-1), ONE, ": the derivative exists.")
    at_one = walk(Document("", (title, claim)))
    assert [row.startswith("a slope of") for row in at_one.wrong] == [True] * len(at_one.wrong)
    at_zero = Paragraph(("At ", math(x, ZERO), *claim.inline[2:]))  # type: ignore[union-attr]
    found = walk(Document("", (title, at_zero))).wrong
    assert found
    assert all("is to exist" in row for row in found)


def test_what_is_right_is_counted() -> None:
    blocks = (
        TITLE,
        said(math(Name("f", (THIRD,)), Digits("1.11"))),
        Display(Chain((sigma, m**2 + 1, m, x), ("=", ",", "="))),
        shown(Derivative("sigma", (("m", 1),)), 2 * m, 2 * x),
        shown(At(SLOPE, "x", Number(5)), Number(10)),
        said("For ", Math(Chain((x,))), " ", math(f, sigma), "."),
        sides(TWO, TWO, ": the derivative exists."),
    )
    document = Document("", blocks)
    report = walk(document)
    assert not report.wrong + report.narrower + report.unread
    assert report.pairs == equalities(document) == 9
