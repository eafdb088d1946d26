"""Answers that are right, wrong by a slip, and wrong by anything else."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import mpmath
import pytest

from chainrule.check import answer as answers
from chainrule.check.answer import Judgement, check_answer
from chainrule.check.compare import ComparedPoints, boundary
from chainrule.check.model import ResultSlip, RuleSlip, plain
from chainrule.check.slips import SLIPS
from chainrule.deriving.problem import Problem, choose_variable
from chainrule.differentiate.rules import BY_NAME_OF_RULE
from chainrule.expr.nodes import Symbol, size
from chainrule.parsing.reader import parse

HERE = Path(__file__).parent


def table(name: str) -> Iterator[tuple[str, ...]]:
    for line in (HERE / name).read_text().splitlines():
        if line and not line.startswith("#"):
            yield tuple(line.split("\t"))


def judge(formula: str, answer: str, wrt: str | None = None) -> Judgement:
    read = parse(formula)
    variable = choose_variable(read.expr, read.variables, wrt)
    problem = Problem(function=read.expr, variables=(variable,), name=read.name or "f")
    return check_answer(problem, parse(answer).expr)


@pytest.mark.parametrize(("formula", "answer", "slip"), list(table("slips.tsv")))
def test_slip_is_recognised(formula: str, answer: str, slip: str) -> None:
    judgement = judge(formula, answer)
    assert judgement.equal is False
    assert judgement.verdict.word == "wrong"
    assert judgement.slip is not None
    assert judgement.slip.name == slip, str(judgement.slip)
    assert judgement.relation is None


@pytest.mark.parametrize(("formula", "answer"), list(table("equal.tsv")))
def test_right_answer_in_another_form(formula: str, answer: str) -> None:
    judgement = judge(formula, answer)
    assert judgement.equal is True, str(judgement.counterexample)
    assert judgement.verdict.word in ("proved", "checked")
    assert judgement.counterexample is None
    assert judgement.slip is None


@pytest.mark.parametrize(("formula", "answer"), list(table("different.tsv")))
def test_wrong_answer_without_a_slip(formula: str, answer: str) -> None:
    judgement = judge(formula, answer)
    assert judgement.equal is False
    assert judgement.slip is None, str(judgement.slip)
    gap = judgement.counterexample
    assert gap is not None
    assert gap.answer is not None
    assert gap.answer.text != gap.expected.text


def test_the_tables_are_large_and_cover_every_slip() -> None:
    slips = list(table("slips.tsv"))
    assert len(slips) >= 60
    assert len(list(table("equal.tsv"))) >= 40
    shown = {slip for _, _, slip in slips}
    never_shown = {row.name for row in SLIPS} - shown
    assert shown <= {row.name for row in SLIPS}
    # These are made in lines of a derivation, see test_lines.
    assert never_shown <= {"sign-in-result", "term-lost"}


def test_every_row_names_rules_and_is_unique() -> None:
    assert len({row.name for row in SLIPS}) == len(SLIPS)
    for row in SLIPS:
        match row:
            case RuleSlip():
                assert row.rules
                assert row.rules <= set(BY_NAME_OF_RULE)
            case ResultSlip():
                assert row.sentence


@pytest.mark.parametrize(
    ("formula", "answer", "point", "expected", "given"),
    [
        ("x^2", "3x", {"x": 1}, "2", "3"),
        ("sin(2x)", "cos(2x)", {"x": 0}, "2", "1"),
        ("ln x", "2/x", {"x": 1}, "1", "2"),
        ("x^2", "x^2", {"x": 1}, "2", "1"),
        ("x^3", "3x", {"x": 2}, "12", "6"),
        ("sqrt(x - 50)", "1/sqrt(x - 50)", {"x": 100}, "0.0707106…", "0.141421…"),
        ("x^2", "2x + 10^-15 x", {"x": 1}, "2", "2.000000000000001"),
    ],
)
def test_the_simplest_point_and_both_values(
    formula: str, answer: str, point: dict[str, int], expected: str, given: str
) -> None:
    gap = judge(formula, answer).counterexample
    assert gap is not None
    assert {symbol.name: value for symbol, value in gap.point} == point
    assert (str(gap.expected), str(gap.answer)) == (expected, given)


def test_values_agree_with_mpmath() -> None:
    gap = judge("x^2 sin(3x)", "2x sin(3x) + x^2 cos(3x)").counterexample
    assert gap is not None
    (x,) = (value for _, value in gap.point)
    truth = mpmath.diff(lambda t: t**2 * mpmath.sin(3 * t), mpmath.mpf(x.numerator))
    assert str(gap.expected).startswith(mpmath.nstr(truth, 12)[:7])


def test_the_sentence_names_the_place() -> None:
    slip = judge("1/(1+e^-x)", "-e^-x/(1+e^-x)^2").slip
    assert str(slip) == "the inner derivative of e^(-x), which is -1, was forgotten"
    slip = judge("cos x", "sin x").slip
    assert str(slip) == "a sign is wrong: the derivative of cos(x) is -sin(x), not sin(x)"
    slip = judge("sin(2x) + sin(3x)", "cos(2x) + cos(3x)").slip
    assert str(slip).endswith("was forgotten, and likewise at the other places")


@pytest.mark.parametrize(
    ("formula", "answer", "sentence"),
    [
        ("x^2", "14x", "it is off by the factor 7"),
        ("x^2 + sin x", "-2x - cos x", "it is off by the factor -1"),
        ("x^2 + sin x", "2x + cos x + 3", "it is off by the constant 3"),
        ("e^(a x)", "4 a e^(a x)", "it is off by the factor 4"),
    ],
)
def test_off_by_a_constant(formula: str, answer: str, sentence: str) -> None:
    judgement = judge(formula, answer)
    assert judgement.slip is None, str(judgement.slip)
    assert judgement.relation is not None
    assert plain(judgement.relation.sentence) == sentence


def remarks(judgement: Judgement) -> list[str]:
    return [plain(remark) for remark in judgement.remarks]


def test_other_letters() -> None:
    judgement = judge("x^2", "2t")
    assert judgement.equal is False
    assert remarks(judgement) == ["your answer has a letter t that the function does not have"]
    assert judge("x^2", "2x + t - t").equal is True


def test_right_on_one_side_only() -> None:
    judgement = judge("ln|x|", "1/|x|")
    assert judgement.equal is False
    assert remarks(judgement) == [
        "at the points tried it is right where x > 0, and wrong where x < 0"
    ]
    gap = judgement.counterexample
    assert gap is not None
    assert dict(gap.point) == {Symbol("x"): -1}


@pytest.mark.parametrize(("right", "wrong"), [(4, 4), (4, 3), (3, 4), (9, 5)])
@pytest.mark.parametrize("way", [1, -1])
def test_a_side_has_four_points_at_least(right: int, wrong: int, way: int) -> None:
    x = Symbol("x")
    samples = [ComparedPoints({x: Fraction(way * (1 + i))}, "same") for i in range(right)]
    samples += [ComparedPoints({x: Fraction(-way * (1 + i))}, "different") for i in range(wrong)]
    found = boundary(samples, x)
    assert found == (None if min(right, wrong) < 4 else (Fraction(0), way > 0))
    mixed = [*samples, ComparedPoints({x: Fraction(-way * 2)}, "same")]
    assert boundary(mixed, x) is None


def test_a_constant_is_looked_for_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Symbol("x")
    answer, right = parse("14x").expr, parse("2x").expr
    nodes = size(answer, right)
    for limit, found in ((nodes, True), (nodes - 1, False)):
        monkeypatch.setattr(answers, "MAX_NODES", limit)
        assert (answers.constant_relation(answer, right, x) is not None) == found


def test_right_where_both_are_defined() -> None:
    judgement = judge("ln|x|", "e^(-ln x)")
    assert judgement.equal is True
    assert remarks(judgement) == [
        "your answer is not defined at x = -1, where the right value is -1"
    ]
    # An answer that is defined at more points than the function is right.
    assert judge("ln x", "1/x").equal is True
    assert judge("ln x", "1/|x|").equal is True


def test_defined_nowhere() -> None:
    judgement = judge("ln x", "ln(-x)/(x ln(-x))")
    assert judgement.equal is False
    gap = judgement.counterexample
    assert gap is not None
    assert gap.answer is None
    assert plain(gap.sentence) == "at x = 1 your answer is not defined, and the right value is 1"


def test_higher_and_mixed_orders() -> None:
    x, y = Symbol("x"), Symbol("y")
    function = parse("x^3 y^2").expr
    mixed = Problem(function=function, variables=(x, y))
    assert check_answer(mixed, parse("6x^2 y").expr).equal is True
    assert check_answer(mixed, parse("6x^2 y^2").expr).equal is False
    # What was done wrong, and where it is right, is told by the letter differentiated by last.
    last = check_answer(
        Problem(function=parse("x^2 sin(2y)").expr, variables=(x, y)), parse("2x cos(2y)").expr
    )
    assert last.slip is not None
    assert last.slip.name == "inner-derivative"
    beside = Problem(function=parse("x^2 ln|y|").expr, variables=(x, y))
    assert remarks(check_answer(beside, parse("2x/|y|").expr)) == [
        "at the points tried it is right where y > 0, and wrong where y < 0"
    ]
    second = Problem(function=parse("sin(2x)").expr, variables=(x, x))
    assert check_answer(second, parse("-4sin(2x)").expr).equal is True
    wrong = check_answer(second, parse("-2sin(2x)").expr)
    assert wrong.slip is not None
    assert wrong.slip.name == "inner-derivative"


def test_large_formulas_are_judged_quickly() -> None:
    formula = "x"
    for _ in range(40):
        formula = f"sin({formula})"
    assert judge(formula, "cos x").equal is False
