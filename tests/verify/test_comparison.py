"""Where claims are compared, and how what was found is put into words."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from flint import arb

from chainrule.balls.arithmetic import precision
from chainrule.balls.program import ball
from chainrule.expr.nodes import Symbol
from chainrule.parsing.formula import parse_text
from chainrule.verify.comparison import Claim, _near_zero, compare
from chainrule.verify.shown import apart, reach

X, A = Symbol("x"), Symbol("a")
# A step at 20 so smooth that 2 to the left or right of it nothing is to be seen of that.
STEP = "tanh(400*(x-20))"
CORNER = f"(x-20)*{STEP}"


def parse(text: str):
    return parse_text(text).expr


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("|x - 20|", CORNER),
        ("sign(x - 20)", STEP),
        ("max(x, 20)", f"(x + 20 + {CORNER})/2"),
        ("min(x, 20)", f"(x + 20 - {CORNER})/2"),
        ("heaviside(x - 20)", f"(1 + {STEP})/2"),
        ("{x > 20: x, else: 20}", f"(x + 20 + {CORNER})/2"),
        ("{x <= 20: 20, else: x}", f"(x + 20 + {CORNER})/2"),
        ("relu(x - 20)", f"(x - 20 + {CORNER})/2"),
    ],
)
def test_a_fault_next_to_a_switch_is_found(left: str, right: str) -> None:
    """Both sides agree to 40 digits but next to 20, where no point of the grid is."""
    [found] = compare([Claim(parse(left), parse(right))], variable=X)
    assert found.word == "wrong"
    assert found.counterexample is not None
    assert abs(Fraction(found.counterexample.point["x"]) - 20) < Fraction(1, 10)


def test_without_a_switch_nobody_looks_there() -> None:
    [found] = compare([Claim(parse("x"), parse(f"x + 1 - {STEP}^2"))], variable=X)
    assert found.word == "checked"


@pytest.mark.parametrize(
    ("left", "right", "word"),
    [
        ("sqrt(x)", "x^(1/2)", "checked"),
        # One side alone has a value: nothing can be compared.
        ("x", "x + 0*ln(-1 - x^2)", "not checked"),
        ("ln(-1 - x^2)", "x", "not checked"),
        ("x^2", "x*|x|", "wrong"),
    ],
)
def test_only_where_both_sides_are_defined(left: str, right: str, word: str) -> None:
    [found] = compare([Claim(parse(left), parse(right))], variable=X)
    assert found.word == word
    if word == "not checked":
        assert "defined" in found.reason


@pytest.mark.parametrize("wrong", [False, True])
def test_a_small_domain_is_searched(wrong: bool) -> None:
    """Few points of the grid, or none, lie in it."""
    left, right = "ln(x*(1/2 - x))", "ln(x) + ln(1/2 - x)"
    [found] = compare([Claim(parse(left), parse(f"{right} + {int(wrong)}/10^9"))], variable=X)
    assert found.word == ("wrong" if wrong else "checked")
    assert wrong or found.points > 1


@pytest.mark.parametrize(
    ("low", "width"), [("41/100", "1/2"), ("0", "1/10"), ("0", "1/100"), ("0", "1/100000")]
)
def test_points_of_a_small_domain_are_many_if_one_is_found(low: str, width: str) -> None:
    left = f"ln((x - {low})*({low} + {width} - x))"
    right = f"ln(x - {low}) + ln({low} + {width} - x)"
    [found] = compare([Claim(parse(left), parse(right))], variable=X)
    assert found.word == "checked"
    assert found.points > 8


@pytest.mark.parametrize("below", [-1, 0, 3])
def test_only_where_the_condition_holds(below: int) -> None:
    condition = parse(f"{{x < {below}: 1}}").args[1]
    claims = [Claim(parse("|x - 3|"), parse("3 - x")), Claim(parse("|x - 3|"), parse("x - 3"))]
    right, wrong = compare(claims, variable=X, condition=condition)
    assert (right.word, wrong.word) == ("checked", "wrong")
    assert right.interval is not None
    assert float(right.interval[1]) <= below


def test_two_sides_that_may_both_be_0_agree_after_the_point() -> None:
    for radius, bits in ((2.0**-110, 101), (2.0**-90, 0)):
        assert _near_zero(arb(0, radius), arb(0, radius), 7) == bits
    assert _near_zero(arb(0, 2.0**-110), arb(0, 2.0**-90), 7) == 0
    assert _near_zero(arb(1), arb(0, 2.0**-110), 7) == 7


def test_many_claims_are_judged_one_by_one() -> None:
    """Right and wrong ones, easy ones and such as need more bits, in one batch."""
    rows = [
        ("sin(x)^2 + cos(x)^2", "1", True),
        ("(e^x + 2^900) - 2^900", "e^x", True),
        ("(e^x + 2^900) - 2^900", "e^x + 10^(-9)", False),
        ("x - x", "0", True),
        ("x*a", "a*x + 10^(-40)*x", False),
        *((f"(e^x + 2^{n}) - 2^{n}", "e^x", True) for n in range(500, 507)),
    ]
    found = compare([Claim(parse(left), parse(right)) for left, right, _ in rows], variable=X)
    assert [verdict.holds for verdict in found] == [right for *_, right in rows]
    assert all(v.digits >= 30 for v in found if v.holds)
    derivatives = compare(
        [
            Claim(parse("x^3*a"), parse("3*x^2*a"), ((X, 1),)),
            Claim(parse("x^3*a"), parse("6*x*a"), ((X, 2),)),
            Claim(parse("x^3*a"), parse("3*x^2"), ((X, 1), (A, 1))),
            Claim(parse("x^3*a"), parse("3*x^2*a + 1"), ((X, 1),)),
        ],
        variable=X,
    )
    assert [verdict.holds for verdict in derivatives] == [True, True, True, False]


def test_what_is_said_to_be_reached_was_reached() -> None:
    """The interval that is told lies within the points, and is not much shorter."""
    choose = random.Random(1)
    for _ in range(500):
        ends = [choose.choice((-1, 1)) * 10 ** choose.uniform(-9, 9) for _ in range(2)]
        low, high = sorted(ends)
        said = reach(low, high)
        assert all(len(bound) <= 9 for bound in said)
        lower, upper = map(float, said)
        if lower < upper:
            assert low <= lower
            assert upper <= high
        for told, end in ((lower, low), (upper, high)):
            assert (
                abs(told - end) <= (0.5 if abs(end) >= 1e6 else 0.15) * abs(end) or lower == upper
            )
    assert reach(0.0, 0.0) == ("0", "0")


def test_two_numbers_are_shown_with_the_digits_that_tell_them_apart() -> None:
    with precision(300):
        assert apart(ball(Fraction(1, 3)), ball(Fraction(1, 7))) == (
            "0.3333333333…",
            "0.1428571428…",
        )
        for digits in (5, 15, 25, 35, 45):
            left, right = arb(1) / 3, arb(1) / 3 + arb(10) ** -digits
            shown = apart(left, right)
            assert shown[0] != shown[1]
            assert max(map(len, shown)) <= max(10, digits + 10) + 5


@pytest.mark.parametrize(
    ("left", "right", "place"),
    [
        ("x + 10^(-30)", "x", {"x"}),
        ("x*a", "x + a", {"x", "a"}),
        ("2", "3", set()),
    ],
)
def test_a_counterexample_can_be_worked_out_again(left: str, right: str, place: set[str]) -> None:
    [found] = compare([Claim(parse(left), parse(right))], variable=X)
    assert found.counterexample is not None
    assert found.counterexample.point.keys() == place
    for value in found.counterexample.point.values():
        assert Fraction(value) == Fraction(value).limit_denominator(10**12)
    assert found.counterexample.left != found.counterexample.right
