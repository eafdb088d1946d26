"""The four words of a verdict, and what may be believed."""

from __future__ import annotations

from typing import get_args

import pytest

from chainrule.balls.arithmetic import MAX_PRECISION
from chainrule.expr.nodes import Symbol
from chainrule.parsing.formula import parse_text
from chainrule.verify.comparison import Claim, compare
from chainrule.verify.verdict import Counterexample, Verdict, Word

X = Symbol("x")


@pytest.mark.parametrize("word", get_args(Word))
def test_only_what_was_proved_or_checked_holds(word: Word) -> None:
    assert Verdict(word).holds == (word in {"proved", "checked"})


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (Verdict("proved"), "proved as both sides are the same"),
        (Verdict("checked", points=1, digits=15), "checked at 1 point to 15 digits"),
        (
            Verdict("checked", points=3, digits=30, interval=("-2", "5"), reason="with a guess"),
            "checked at 3 points of [-2, 5] to 30 digits, with a guess",
        ),
        (
            Verdict("wrong", counterexample=Counterexample({"x": "1", "a": "2"}, "3", "4")),
            "wrong at x = 1, a = 2: 3 against 4",
        ),
        (Verdict("wrong", counterexample=Counterexample({}, "3", "4")), "wrong 3 against 4"),
        (Verdict("not checked", reason="nobody looked"), "not checked, because nobody looked"),
    ],
)
def test_a_verdict_in_words(verdict: Verdict, sentence: str) -> None:
    assert verdict.sentence() == sentence


@pytest.mark.parametrize(
    ("lost", "word"), [(20, "checked"), (60, "not checked"), (90, "not checked")]
)
def test_no_claim_is_checked_to_fewer_digits_than_15(lost: int, word: str) -> None:
    """(e^x + 2^n) − 2^n has n bits less than the balls; most of what is left is too few."""
    n = MAX_PRECISION - 100 + lost
    left = parse_text(f"(e^x + 2^{n}) - 2^{n}").expr
    [found] = compare([Claim(left, parse_text("e^x + sin(x) - sin(x)").expr)], variable=X)
    assert found.word == word
    assert found.digits >= 15 or not found.holds
