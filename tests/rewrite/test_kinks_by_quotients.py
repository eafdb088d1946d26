"""Kinks against one-sided difference quotients of mpmath, and diff against explain.

Every kink of the catalogue, a table of formulas with points filled in, and formulas drawn by
chance. Truth is mpmath's value of the function beside the point and at it.
"""

from __future__ import annotations

import random
from fractions import Fraction
from functools import cache
from typing import Any

import mpmath
import pytest

import chainrule
from chainrule.deriving.derivation import Derivation
from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.nodes import Call, Expr, Power, Symbol, postorder
from chainrule.parsing.definitions import expand_all
from chainrule.rewrite.kinks import Kink, kinks
from chainrule.rewrite.line import Side
from chainrule.rewrite.order import values_of_letters
from oracle import evaluate

DIGITS = 200
STEPS = [mpmath.mpf(10) ** -k for k in (10, 20, 40)]
FILLED = [
    "{x != 0: (e^x - 1)/x, else: 1}",
    "{x = 0: 1, else: sin(x)/x}",
    "{x = 0: 1/2, else: (1 - cos x)/x^2}",
    "{x = 0: 2, else: sin(x)/x}",
    "{x = 1: 1, else: ln(x)/(x - 1)}",
    "{x > 0: e^(-1/x), else: 0}",
    "{x != 0: e^(-1/x^2), else: 0}",
    "{|x| < 1: e^(-1/(1 - x^2)), else: 0}",
    "{x > 0: e^(-1/x)/x^3, else: x}",
    "{x = 1: x^2 - 1, else: x^3}",
    "{x = 1: x^2, else: x^3}",
    "{x < 0: sin(x)/x, x > 0: sin(x)/x, else: 1}",
    "{x < 0: sin(x)/x, x <= 0: 1, else: sin(x)/x}",
    "{0 <= x <= 0: 1, else: sin(x)/x}",
    "{x^2 = 0: 1, else: sin(x)/x}",
    "{|x| <= 0: 1, else: sin(x)/x}",
    "{x^2 > 0: sin(x)/x, else: 1}",
    "{x < 1: x, 1 < x < 2: x^2, x > 2: 4x - 4, else: 3}",
    "{x < 1: 2x, 1 < x < 2: x^2 + 1, x > 2: 4x - 3, else: x^2 + 1}",
    "{x = 0: 1, x >= 0: sin(x)/x, else: cos(x)}",
    "{x = 0: 0, else: x^2 sin(1/x)}",
    "x {x = 0: 1, else: sin(x)/x}",
    "x^2 {x = 0: 0, else: sin(1/x)}",
    "{x = 0: 1, else: sin(x)/x}^2 + |x|",
    "{x != 0: x/|x|, else: 0}",
    "{x != 0: 1/x, else: 0}",
    "{x = 0: 0, else: x ln|x|}",
    "{x = 0: 0, else: x^2 ln|x|}",
    "x + {x = 0: 1, else: 0}",
    "{x > 0: x, else: 0} + {x > 0: 0, else: x}",
    "{x > 1: x + 1, else: x}",
    "{x < 1: 2, x > 1: 2}",
    "{x > 0: 1/(1 + e^(1/x)), else: 0}",
    "{x >= 0: sqrt x, else: 0}",
    "{x > 0: x sqrt x, else: x^2}",
    "{x > 2: floor(x), else: 2}",
    "{x > 0: arctan(1/x), else: pi/2}",
]


# --- truth ----------------------------------------------------------------------------------------
class Truth:
    """A function and its slopes beside points, as mpmath has them."""

    def __init__(self, derivation: Derivation) -> None:
        self.function = expand_all(derivation.function)
        self.variable = derivation.variable.name
        given = values_of_letters(self.function, derivation.variable, derivation.problem.defaults)
        self.letters = {s.name: evaluate(v, {}) for s, v in given.items()}

    def at(self, expr: Expr, x: Any = None) -> Any:
        """A value; ``None`` where it is not defined."""
        values = self.letters | ({} if x is None else {self.variable: x})
        try:
            found = evaluate(expr, values)
        except (ValueError, ZeroDivisionError):
            return None
        return None if mpmath.isnan(found) or mpmath.isinf(found) or mpmath.im(found) else found

    def beside(self, point: Any, way: int) -> list[Any]:
        return [self.at(self.function, point + way * step) for step in STEPS]

    def slopes(self, point: Any, way: int, start: Any) -> list[Any]:
        values = self.beside(point, way)
        return [way * (value - start) / step for value, step in zip(values, STEPS, strict=True)]


def tends(values: list[Any], limit: Any) -> bool:
    """Whether values go to a limit, be it as slowly as 1/ln x."""
    far = [abs(value - limit) for value in values]
    close = far[-1] < mpmath.mpf(10) ** -8 * max(1, abs(limit))
    return close or (far[1] < 0.7 * far[0] and far[2] < 0.7 * far[1])


def grows(values: list[Any], sign: int) -> bool:
    signed = [sign * value for value in values]
    return signed[0] > 0 and signed[1] > 1.4 * signed[0] and signed[2] > 1.4 * signed[1]


def check(derivation: Derivation, kink: Kink) -> None:
    """Everything a kink says."""
    if kink.left is None or kink.right is None:
        return
    truth = Truth(derivation)
    point = truth.at(kink.at)
    here = truth.at(truth.function, point)
    assert (kink.here is None) == (here is None)
    ways: tuple[tuple[Side, int], ...] = ((kink.left, -1), (kink.right, 1))
    limits = [check_side(truth, side, point, way) for side, way in ways]
    if kink.here is not None:
        assert mpmath.almosteq(truth.at(kink.here), here, 1e-30, 1e-30)
    if kink.kind == "edge":
        assert None in limits
        return
    if kink.jump and kink.condition is None:
        apart = [limit is None or here is None or abs(limit - here) > 1e-9 for limit in limits]
        assert any(apart)
    if kink.exists is None:
        return
    smooth = here is not None and all(
        limit is not None and abs(limit - here) < 1e-9 and not side.infinite
        for limit, (side, _) in zip(limits, ways, strict=True)
    )
    if smooth:
        left, right = (truth.slopes(point, way, here)[-1] for way in (-1, 1))
        smooth = abs(left - right) < 1e-8
    assert kink.exists == smooth


def check_side(truth: Truth, side: Side, point: Any, way: int) -> Any:
    """What is said of one side; its limit, ``None`` if there is none."""
    values = truth.beside(point, way)
    if not side.defined:
        assert values == [None] * len(values)
        return None
    assert None not in values
    if side.grows:
        assert grows(values, side.grows)
    if side.value is None:
        return None
    limit = truth.at(side.value)
    assert tends(values, limit)
    found = truth.slopes(point, way, limit)
    if side.infinite:
        assert grows(found, side.infinite)
    elif side.slope is not None:
        assert tends(found, truth.at(side.slope))
    return limit


def check_diff(derivation: Derivation) -> None:
    """At a kink diff has the derivative or nothing, and nothing where there is said to be none."""
    truth = Truth(derivation)
    expr = expand_all(derivation.derivative)
    for kink in derivation.kinks:
        if kink.left is None or kink.exists is None or not _is_exact(kink.at):
            continue
        point = truth.at(kink.at)
        value = truth.at(expr, point)
        if value is None or _at_a_jump(truth, expr, point):
            continue
        assert kink.exists
        assert kink.left.slope is not None
        assert mpmath.almosteq(value, truth.at(kink.left.slope), 1e-20, 1e-20)


def _is_exact(point: Expr) -> bool:
    """Whether mpmath can tell which case applies at the point."""
    return not any(isinstance(n, Call | Power) for n in postorder(point))


def _at_a_jump(truth: Truth, expr: Expr, point: Any) -> bool:
    """Whether a sign or the like jumps there, whose value at the jump is a convention."""
    jumping = [n for n in postorder(expr) if isinstance(n, Call) and n.name in ("sign", "floor")]
    return any(truth.at(node.args[0], point) == 0 for node in jumping)


# --- formulas drawn by chance ---------------------------------------------------------------------
PIECES = (
    *("x", "-x", "2x - 1", "x^2", "x^3 - x", "1", "0", "1/2", "e^x", "sin x", "cos x", "|x|"),
    *("x|x|", "ln(2 + x)", "1/(3 + x)", "sqrt(4 + x)", "x e^x", "tanh x", "arctan(2x)", "x^2/4"),
)
HOLES = (
    *("sin({u})/({u})", "(e^({u}) - 1)/({u})", "({u})^2/sin({u})", "(1 - cos({u}))/({u})"),
    *("({u}) ln|{u}|", "e^(-1/({u})^2)", "({u})^2 sin(1/({u}))", "arctan({u})/({u})"),
)
POINTS = ("-1", "0", "1", "1/2")


def drawn(seed: int) -> str:
    """A formula with a switch or two."""
    choose = random.Random(seed)
    first, second = choose.sample(PIECES, 2)
    a = choose.choice(POINTS)
    kind = choose.randrange(8)
    if kind == 0:
        condition = choose.choice([f"x > {a}", f"x >= {a}", f"x < {a}", f"2x <= 2*({a})"])
        return f"{{{condition}: {first}, else: {second}}}"
    if kind == 1:
        # Made continuous.
        at = Fraction(a)
        return f"{{x > {a}: {first}, else: {second} + (({put(first, at)}) - ({put(second, at)}))}}"
    if kind == 2:
        return f"max({first}, {second})"
    if kind == 3:
        low, high = choose.sample(sorted(POINTS, key=Fraction), 2)
        low, high = sorted((low, high), key=Fraction)
        third = choose.choice(PIECES)
        return f"{{x < {low}: {first}, x <= {high}: {second}, else: {third}}}"
    if kind == 4:
        return f"|{choose.choice(['x', 'x - 1', 'x^2 - 1', '2x + 1'])}|*({first})"
    if kind in (5, 6):
        hole = choose.choice(HOLES).format(u=f"x - ({a})")
        value = choose.choice(["0", "1", "1/2"])
        spelling = choose.choice(
            [
                f"{{x != {a}: {hole}, else: {value}}}",
                f"{{x = {a}: {value}, else: {hole}}}",
                f"{{x < {a}: {hole}, x > {a}: {hole}, else: {value}}}",
                f"{{|x - ({a})| > 0: {hole}, else: {value}}}",
            ]
        )
        return spelling if kind == 5 else f"({spelling})*({first}) + ({second})"
    return f"min({first}, max({second}, {choose.choice(['0', 'x/2', '1 - x'])}))"


def put(formula: str, at: Fraction) -> str:
    """The formula with a number for x."""
    from chainrule.expr.nodes import Number, substitute
    from chainrule.parsing.formula import parse_text

    return str(substitute(parse_text(formula).expr, {Symbol("x"): Number(at)}))


DRAWN = [drawn(seed) for seed in range(240)]


# --- tests ----------------------------------------------------------------------------------------
@cache
def derived(formula: str) -> Derivation:
    return chainrule.derive(formula)


SWITCHES = ("{", "|", "max", "min", "sqrt", "floor", "relu", "clip", "hard", "sign")
ROWS = [e.name for e in CATALOGUE if e.kinks or any(s in e.formula for s in SWITCHES)]
QUICK = [*ROWS, *FILLED, *DRAWN[:40]]
SLOW = [
    *(pytest.param(e.name, marks=pytest.mark.slow) for e in CATALOGUE if e.name not in ROWS),
    *(pytest.param(formula, marks=pytest.mark.slow) for formula in DRAWN[40:]),
]


@pytest.mark.parametrize("formula", [*QUICK, *SLOW])
def test_kinks_and_derivative(formula: str) -> None:
    derivation = derived(formula)
    with mpmath.workdps(DIGITS):
        for kink in derivation.kinks:
            check(derivation, kink)
        check_diff(derivation)


@pytest.mark.parametrize("formula", [*QUICK, *SLOW])
def test_balls_agree_with_every_expansion(formula: str) -> None:
    """What the product checks of a kink before it says so strikes nothing out."""
    derivation = derived(formula)
    problem, tidier = derivation.problem, derivation._stages.tidier
    letters = problem.defaults, _slope, problem.entry, tidier
    assert list(kinks(derivation.function, derivation.variable, *letters)) == list(derivation.kinks)


def _slope(name: str, index: int, args: tuple[Expr, ...]) -> Expr:
    from chainrule.deriving.derivation import named_slope

    return named_slope(name, index, args)


@pytest.mark.parametrize("formula", [*DRAWN[:40], *SLOW[-200:]])
def test_no_kink_is_missed(formula: str) -> None:
    """At every candidate where mpmath sees a jump or a turn, a kink is told."""
    derivation = derived(formula)
    with mpmath.workdps(DIGITS):
        truth = Truth(derivation)
        told = [truth.at(k.at) for k in derivation.kinks if k.left is not None]
        if any(kink.left is None for kink in derivation.kinks):
            return  # where they lie cannot be written down, and that is said
        for point in map(mpmath.mpf, ("-1", "-0.5", "0", "0.5", "1")):
            if any(abs(point - other) < 1e-20 for other in told):
                continue
            here = truth.at(truth.function, point)
            assert here is not None or None in truth.beside(point, 1)
            if here is None:
                continue
            left, right = (truth.slopes(point, way, here)[-1] for way in (-1, 1))
            assert abs(left - right) < 1e-8


@pytest.mark.parametrize(
    ("formula", "order", "expected"),
    [
        ("{x != 0: (e^x - 1)/x, else: 1}", 1, "1/2"),
        ("{x != 0: (e^x - 1)/x, else: 1}", 2, "1/3"),
        ("{x != 0: (e^x - 1)/x, else: 1}", 3, "1/4"),
        ("{x = 0: 1, else: sin(x)/x}", 2, "-1/3"),
        ("{x = 0: 1, else: sin(x)/x}", 3, "0"),
        ("{x = 0: 1, else: sin(x)/x}", 4, "1/5"),
        ("{x = 1: 1, else: ln(x)/(x - 1)}", 2, "2/3"),
        ("{x > 0: e^(-1/x), else: 0}", 3, "0"),
        ("{x != 0: e^(-1/x^2), else: 0}", 2, "0"),
        ("{x = 1: x^2 - 1, else: x^3}", 1, None),
        ("{x = 1: x^2 - 1, else: x^3}", 2, None),
        ("{x = 0: 0, else: x^2 sin(1/x)}", 2, None),
        ("{x > 0: |sin x|, else: 0}", 1, None),
        ("{x > 0: x|sin x|, else: 0}", 1, "0"),
        ("relu", 2, None),
        ("{x > 0: x^3, else: 0}", 2, "0"),
        ("{x > 0: x^3, else: 0}", 3, None),
    ],
)
def test_higher_orders_at_a_point(formula: str, order: int, expected: str | None) -> None:
    expr = chainrule.diff(formula, order=order)
    at = "1" if "x = 1" in formula else "0"
    found = evaluate(expand_all(expr), {"x": mpmath.mpf(at)})
    if expected is None:
        assert mpmath.isnan(found)
    else:
        assert mpmath.almosteq(
            found, mpmath.mpf(Fraction(expected).numerator) / Fraction(expected).denominator
        )


LETTERS = {
    "{x < k: x^2, x < 3: k x, else: 5}": ["k < 3"],
    "{x < a: 1, x < b: x, else: 2}": ["a < b"],
    "{x < a: x, x < b: x, x < c: 2x, else: 7}": ["a < b", "a < c", "b < c"],
    "clip(x, a, b)": ["a < b"],
    "|x - a| + |x - b|": ["a < b"],
    "|a x - b|": ["a > 0"],
    "max(a x, b x)": ["a < b"],
    "max(x, m) ln(m^2) x": [],
    "6 ln(c^2) |x|": [],
    "a|x|": [],
    "(a^2 + 1)|x|": [],
    "e^a|x| + b x": [],
    "{x < 0: a, else: sqrt(2 - a)}": [],
    "{x < 0: a x, else: b x + c}": [],
    "{x < a: e^x, else: e^b}": [],
}
"""Formulas of x, with what of their letters is taken for granted where their kinks are told."""


@pytest.mark.parametrize("formula", LETTERS)
def test_what_is_said_holds_for_all_letters_that_it_is_said_for(formula: str) -> None:
    derivation = chainrule.derive(formula, "x")
    found = derivation.kinks
    assert [str(c) for c in found[0].supposed] == LETTERS[formula]
    choose = random.Random(formula)
    truth = Truth(derivation)
    tried = 0
    for _ in range(60):
        # Among them those for which gaps close: 0, 1, −1, and equal ones.
        truth.letters = {
            name: mpmath.mpf(choose.choice([-2, -1, 0, 1, 2, 0.5, choose.uniform(-3, 3)]))
            for name in truth.letters
        }
        if all(truth.at(condition) for condition in found[0].supposed):
            tried += 1
            with mpmath.workdps(DIGITS):
                for kink in found:
                    _check_with_letters(truth, kink)
    assert tried > 5


def _check_with_letters(truth: Truth, kink: Kink) -> None:
    """The slopes, and that there is no derivative, unless under the condition."""
    point = truth.at(kink.at)
    here = None if point is None else truth.at(truth.function, point)
    if here is None:
        return
    sides = []
    for side, way in ((kink.left, -1), (kink.right, 1)):
        assert side is not None
        values = truth.beside(point, way)
        if None in values:
            return
        limit = None if side.value is None else truth.at(side.value)
        assert limit is None or tends(values, limit)
        slope = truth.slopes(point, way, values[-1] if limit is None else limit)
        if side.slope is not None:
            assert tends(slope, truth.at(side.slope))
        sides.append((values[-1], slope[-1]))
    (low, left), (high, right) = sides
    smooth = abs(low - here) + abs(high - here) < 1e-9 and abs(left - right) < 1e-8
    if kink.condition is not None:
        assert not smooth or truth.at(kink.condition)
    elif kink.exists is not None:
        assert kink.exists == smooth


def test_a_condition_without_a_solution_is_an_equation() -> None:
    (kink,) = chainrule.derive("max(x, m) ln(m^2) x", "x").kinks
    assert (kink.exists, str(kink.condition)) == (None, "m*ln(m^2) == 0")
    (kink,) = chainrule.derive("(a^2 + 1)|x|", "x").kinks
    assert (kink.exists, kink.condition) == (False, None)
