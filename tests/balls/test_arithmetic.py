"""Balls against mpmath: every function of the table, and where formulas are not defined."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from flint import arb, ctx

from chainrule.balls import arithmetic
from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.balls.program import ball, rational
from chainrule.expr.functions import FUNCTIONS
from chainrule.expr.nodes import ONE, ZERO, Call, Expr, Quotient, Symbol, Unknown
from chainrule.parsing.definitions import expand_all
from chainrule.parsing.formula import parse_text
from oracle import MPMATH, evaluate

X, Y = Symbol("x"), Symbol("y")
POINTS = [
    Fraction(n, 1024)
    for n in (-40961, -5121, -2047, -1025, -513, -37, 3, 129, 511, 1023, 1031, 2561, 7001, 60001)
]


def parse(text: str) -> Expr:
    return parse_text(text).expr


def to_mpmath(value: arb) -> mpmath.mpf:
    return mpmath.mpf(value.mid().str(60, radius=False))


def arguments(name: str, arity: int) -> list[tuple[Fraction, ...]]:
    if arity == 1:
        return [(u,) for u in POINTS]
    if name == "polygamma":
        return [(Fraction(n), u) for n in range(5) for u in POINTS if abs(u) < 20]
    return [(u, v) for u in POINTS[::2] for v in POINTS[::3]]


@pytest.mark.parametrize("row", FUNCTIONS, ids=lambda row: row.name)
def test_every_function_is_what_mpmath_says(row):
    symbols = (X, Y)[: row.arity]
    program = compile_balls([Call(row.name, symbols)])
    seen = 0
    for point in arguments(row.name, row.arity):
        with precision(200):
            value = program.run([ball(u) for u in point])[0]
        if row.domain is not None:
            condition = row.domain(*symbols)
            with precision(200):
                env = dict(zip(symbols, point, strict=True))
                inside = compile_balls([condition])
                if inside.run([ball(env[s]) for s in inside.symbols])[0] is not True:
                    assert not value.is_finite(), (row.name, point)
                    continue
        if not value.is_finite():
            continue
        with mpmath.workdps(60):
            exact = [mpmath.mpf(u.numerator) / u.denominator for u in point]
            true = MPMATH[row.name](*exact)
            got = to_mpmath(value)
            assert abs(got - true) <= mpmath.mpf(10) ** -45 * max(1, abs(true)), (row.name, point)
        seen += 1
    assert seen >= 4


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("log(x)", -1),
        ("log(x)", 0),
        ("sqrt(x)", -1),
        ("1/x", 0),
        ("0*log(x)", -1),
        ("x^x", -Fraction(1, 2)),
        ("x^x", 0),
        ("x^(1/3)", -8),
        ("x^(-1)", 0),
        ("atan(1/x)", 0),
        ("sign(1/x)", 0),
        ("asin(x)", 2),
        ("gamma(x)", -2),
        ("polygamma(-1, x)", 2),
        ("polygamma(-2, x)", 2),
        ("polygamma(1/2, x)", 2),
        ("{x > 0: x}", -1),
        ("{1/x > 0: 1, else: 2}", 0),
        ("exp(exp(exp(x)))", 700),
    ],
)
def test_not_defined(text, x):
    assert arithmetic.evaluate(parse(text), {X: x}) is None


@pytest.mark.parametrize(
    ("text", "x", "value"),
    [
        ("x^x", -2, Fraction(1, 4)),
        ("x^2", -3, 9),
        ("x^(1/2)", 4, 2),
        ("cbrt(x)", -8, -2),
        ("{x > 0: log(x), else: x^2}", -3, 9),
        ("max(x, 1/2)", -3, Fraction(1, 2)),
        ("{1 < x <= 2: 5, x > 2: 6, else: 7}", 2, 5),
        ("floor(x) + ceil(x)", Fraction(5, 2), 5),
        ("relu(x) + sigmoid(0)", 3, Fraction(7, 2)),
        ("x*0", 5, 0),
        # A base that is not positive, to a power that is an integer.
        *(("(-3)^x", n, Fraction(-3) ** n) for n in (-3, -2, -1, 0, 1, 2, 5, 18)),
        ("(-1)^x", 1001, -1),
        ("0^x", 3, 0),
        # An angle, on all sides of the cut.
        ("atan2(0, x)", 2, 0),
        ("4*atan2(x, x)/pi", 7, 1),
        ("4*atan2(x, -x)/pi", 7, 3),
        ("4*atan2(-x, -x)/pi", 7, -3),
        ("2*atan2(x, 0)/pi", 7, 1),
    ],
)
def test_values(text, x, value):
    found = arithmetic.evaluate(parse(text), {X: x})
    assert found is not None
    assert found.overlaps(ball(value))
    assert found.rad() < 1e-30


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("2/5", Fraction(2, 5)), ("-(2/5)", Fraction(-2, 5)), ("2/(-1)", -2), ("-4", -4)],
)
def test_what_is_an_exact_number(text, value):
    assert rational(parse(text)) == value
    for other in (parse("x"), parse("sqrt(4)"), parse("-x"), Quotient(ONE, ZERO)):
        assert rational(other) is None


def test_a_condition_inside_the_radius_is_not_decided():
    wide = arb(0, 0.001)
    program = compile_balls([parse("{x > 0: 1, else: 2}"), parse("floor(x)")])
    undecided, step = program.run([wide])
    assert not undecided.is_finite()
    for operator in ("==", "!="):
        equal = compile_balls([parse(f"{{x {operator} 0: 1, else: 2}}")])
        assert not equal.run([wide])[0].is_finite()
        assert equal.run([arb(1, 0.001)])[0] == (2 if operator == "==" else 1)
    assert step.rad() >= 0.5


def test_several_expressions_share_what_they_have_in_common():
    shared = parse("exp(sin(x))")
    one = compile_balls([shared])
    both = compile_balls([shared, shared + 1, 2 * shared])
    assert len(both) == len(one) + 2


def test_ten_thousand_deep():
    expr: Expr = X
    for _ in range(10_000):
        expr = Call("sin", (expr,))
    value = arithmetic.evaluate(expr, {X: 1}, bits=256)
    assert value is not None
    assert 0 < float(value.mid()) < 0.02


def test_aliases_stand_for_formulas():
    program = compile_balls([parse("y*(1 - y)")], {Y: parse("1/(1+exp(-x))")})
    assert program.symbols == [X]
    assert program.run([arb(0)])[0].overlaps(arb(0.25))


def test_sample_functions_have_their_own_derivatives():
    # Central differences of the sample function itself, in high precision.
    h = Fraction(1, 2**60)
    for orders in ((0,), (1,), (2,)):
        up = (orders[0] + 1,)
        high = arithmetic.evaluate(Unknown("g", orders, (X,)), {X: 1 + h}, 400)
        low = arithmetic.evaluate(Unknown("g", orders, (X,)), {X: 1 - h}, 400)
        slope = arithmetic.evaluate(Unknown("g", up, (X,)), {X: 1}, 400)
        assert high is not None
        assert low is not None
        assert slope is not None
        with precision(400):
            assert abs((high - low) / (2 * ball(h)) - slope) < 1e-30
    f = arithmetic.evaluate(Unknown("f", (0,), (X,)), {X: 1})
    g = arithmetic.evaluate(Unknown("g", (0,), (X,)), {X: 1})
    assert f is not None
    assert g is not None
    assert not f.overlaps(g)


def test_precision_is_put_back():
    before = ctx.prec, ctx.cap
    with pytest.raises(KeyError), precision(500, 7):
        raise KeyError
    assert (ctx.prec, ctx.cap) == before


@pytest.mark.parametrize("text", ["x*sigmoid(x)", "gelu(x)", "mish(x)", "elu(x)", "huber(x, 0)"])
def test_catalogue_functions_by_their_formulas(text):
    expr = parse(text)
    for x in POINTS[2:-2]:
        value = arithmetic.evaluate(expr, {X: x}, 200)
        assert value is not None
        with mpmath.workdps(50):
            true = evaluate(expand_all(expr), {"x": mpmath.mpf(x.numerator) / x.denominator})
            assert abs(to_mpmath(value) - true) < mpmath.mpf(10) ** -40


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("middle", [0, Fraction(1, 2**20)])
def test_powers_of_a_ball_around_0(n: int, middle: Fraction) -> None:
    # With the middle at 0 exactly, which Arb itself leaves undefined.
    base = arb(ball(middle), 1e-9 + float(middle))
    found = arithmetic.integer_power(n)(base)
    assert found.is_finite()
    for end in (base.lower(), arb(0), base.upper()):
        assert found.contains(end**n)
    assert found.rad() < 4 * (base.abs_upper()) ** n
    assert not arithmetic.integer_power(-n)(base).is_finite()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sqrt(2)*sqrt(2)", 2),
        ("1 - (1 - (((1 - 1*4.6851) - 1*1)/4.6851)^2)^3", 1),
        ("{1 > 0: 3, else: 4}", 3),
        ("max(2, sign(-3))", 2),
        ("ln(0)", None),
        ("{sqrt(2)^2 > 2: 3, else: 4}", None),
        # An unknown function, of which nothing is known, and a letter without a value.
        ("f(1) - f(1)", None),
        ("x - x", None),
    ],
)
def test_a_value_without_letters(text: str, value: int | None) -> None:
    found = arithmetic.approximate(parse(text))
    if value is None:
        assert found is None
    else:
        assert found is not None
        assert found.contains(value)
        assert found.rad() < 1e-70
