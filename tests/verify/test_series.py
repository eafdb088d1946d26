"""The truth about derivatives against numerical differentiation in mpmath."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from flint import arb

from chainrule.balls.program import ball
from chainrule.expr.functions import FUNCTIONS, Function
from chainrule.expr.nodes import Call, Expr, Number, Symbol, Unknown
from chainrule.parsing.formula import parse_text
from chainrule.verify.series import series, truth
from oracle import MPMATH

X, Y, Z = Symbol("x"), Symbol("y"), Symbol("z")
POINTS = [Fraction(n, 1024) for n in (-3333, -1300, -700, -99, 101, 345, 717, 1500, 2600, 5000)]


def parse(text: str) -> Expr:
    return parse_text(text).expr


def to_mpmath(value: arb) -> mpmath.mpf:
    return mpmath.mpf(value.mid().str(60, radius=False))


def _arguments(row: Function) -> list[tuple[Expr, ...]]:
    """The variable in each place, beside numbers of either sign."""
    if row.name == "polygamma":
        return [(Number(n), X) for n in (0, 1, 2)]
    if row.name in ("xlogy", "xlog1py"):
        return [
            args
            for other in (Number(3), Number(Fraction(1, 3)))
            for args in ((X, other), (other, X))
        ]
    if row.arity == 2:
        others = [Number(Fraction(*pair)) for pair in ((3, 7), (-5, 3), (9, 4))]
        return [args for other in others for args in ((X, other), (other, X))]
    return [(X,)]


EVERY = [(row, args) for row in FUNCTIONS for args in _arguments(row)]


@pytest.mark.parametrize(("row", "args"), EVERY, ids=[str(Call(r.name, a)) for r, a in EVERY])
def test_every_function_to_order_four(row, args):
    seen = 0
    for x in POINTS:
        coefficients = series(Call(row.name, args), X, {X: x}, 4, bits=256)
        if coefficients is None:
            continue
        with mpmath.workdps(80):
            rest = [
                mpmath.mpf(a.value.numerator) / a.value.denominator if isinstance(a, Number) else a
                for a in args
            ]

            def value(t: mpmath.mpf, rest: list[object] = rest) -> mpmath.mpf:
                return MPMATH[row.name](*[t if a is X else a for a in rest])

            true = mpmath.taylor(value, mpmath.mpf(x.numerator) / x.denominator, 4)
            for got, wanted in zip(coefficients, true, strict=True):
                # mpmath's differences lose some of the 80 digits.
                tolerance = mpmath.mpf(10) ** -10 * max(1, abs(wanted))
                assert abs(to_mpmath(got) - wanted) < tolerance, (row.name, x)
        seen += 1
    # A logarithm has neither a negative base nor a negative argument.
    nowhere = row.name == "logb" and any(isinstance(a, Number) and a.value < 0 for a in args)
    assert seen == 0 if nowhere else seen >= 3


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("abs(x)", 0),
        ("sqrt(x)", 0),
        ("floor(x)", 2),
        ("max(x, 0)", 0),
        ("{x > 0: x, else: 0}", 0),
        ("log(x)", -1),
        ("cbrt(x)", 0),
        ("1/x", 0),
        ("x^(1/3)", 0),
        ("erfinv(x)", 1),
        ("digamma(x)", -1),
    ],
)
def test_not_differentiable(text, x):
    assert series(parse(text), X, {X: x}, 1) is None


@pytest.mark.parametrize("n", [-5, -2, -1, 0, 1, 2, 3])
@pytest.mark.parametrize("x", [Fraction(-3, 2), Fraction(7, 4)])
def test_powers_with_an_exponent_that_happens_to_be_an_integer(n, x):
    """The base need not be positive then, as for real exponents."""
    found = series(parse("x^y"), X, {X: x, Y: n}, 4)
    assert found is not None
    binomial = Fraction(1)
    for k, coefficient in enumerate(found):
        assert coefficient.overlaps(ball(binomial * x ** (n - k)))
        assert coefficient.rad() < 1e-20
        binomial *= Fraction(n - k, k + 1)


@pytest.mark.parametrize(
    ("text", "orders", "value"),
    [
        ("x^2*y^3", {X: 1}, 108),
        ("x^2*y^3", {X: 1, Y: 1}, 108),
        ("x^2*y^3", {X: 2, Y: 1}, 54),
        ("x^2*y^3*z", {X: 2, Y: 1, Z: 1}, 54),
        ("x^2*y^3", {X: 3}, 0),
        ("x^2*y^3", {Z: 1}, 0),
        ("x^2*y^3", {}, 108),
    ],
)
def test_partial_derivatives(text, orders, value):
    found = truth(parse(text), orders, {X: 2, Y: 3, Z: 1})
    assert found is not None
    assert found.overlaps(arb(value))
    assert found.rad() < 1e-20


def test_mixed_derivatives_of_a_transcendental_function():
    # ∂³/∂x²∂y of sin(xy) is −2y sin(xy) − xy² cos(xy).
    found = truth(parse("sin(x*y)"), {X: 2, Y: 1}, {X: 2, Y: 3})
    x, y = arb(2), arb(3)
    assert found is not None
    assert found.overlaps(-2 * y * (x * y).sin() - x * y**2 * (x * y).cos())


def test_order_twelve():
    found = truth(parse("exp(2*x)"), {X: 12}, {X: 0})
    assert found is not None
    assert found.overlaps(arb(4096))


def test_unknown_functions_obey_the_chain_rule():
    inner = Unknown("g", (0,), (X,))
    left = truth(Unknown("f", (0,), (inner,)), {X: 1}, {X: 1})
    slope = Unknown("f", (1,), (inner,)) * Unknown("g", (1,), (X,))
    right = truth(slope, {}, {X: 1})
    assert left is not None
    assert right is not None
    assert left.overlaps(right)
    assert left.rad() < 1e-30
    two = Unknown("F", (0, 0), (X, X**2))
    total = Unknown("F", (1, 0), (X, X**2)) + 2 * X * Unknown("F", (0, 1), (X, X**2))
    left, right = truth(two, {X: 1}, {X: 1}), truth(total, {}, {X: 1})
    assert left is not None
    assert right is not None
    assert left.overlaps(right)
