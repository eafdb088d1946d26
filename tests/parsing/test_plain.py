"""Expressions as text: how they read, and that the parser reads them back."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.deriving.derivation import named_slope
from chainrule.differentiate.differentiate import differentiate
from chainrule.errors import ChainruleError
from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.nodes import (
    MINUS_ONE,
    Call,
    Comparison,
    E,
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
    transform,
)
from chainrule.expr.plain import to_text
from chainrule.parsing.formula import parse_text
from chainrule.parsing.reader import parse

x, y, a = Symbol("x"), Symbol("y"), Symbol("a")
one_plus = Sum((Number(1), Call("exp", (Product((MINUS_ONE, x)),))))

TEXTS = [
    (Quotient(Call("exp", (-x,)), Power(one_plus, Number(2))), "e^(-x)/(1 + e^(-x))^2"),
    (x**2, "x^2"),
    (Product((Number(-2), x, y)), "-2*x*y"),
    (call("sqrt", x), "sqrt(x)"),
    (Piecewise((x, Comparison((">",), (x, Number(0))), Number(0))), "{x > 0: x, else: 0}"),
    (Unknown("f", (1,), (x,)), "f'(x)"),
    (Unknown("f", (4,), (x,)), "f^(4)(x)"),
    (Unknown("f", (1, 0), (x, y)), "f^(1,0)(x, y)"),
    (1 - x, "1 - x"),
    (a - Quotient(Number(1), x), "a - 1/x"),
    (Sum((a, Product((MINUS_ONE, Sum((x, y)))))), "a - (x + y)"),
    (Sum((a, Sum((x, y)))), "a + (x + y)"),
    (Sum((a, Number(-3))), "a - 3"),
    (Product((MINUS_ONE, Quotient(x, Number(2)))), "-x/2"),
    (Quotient(Number(-1), x**2), "-1/x^2"),
    (Quotient(Product((MINUS_ONE, Number(-2))), y), "(-(-2))/y"),
    (Quotient(Product((MINUS_ONE, Product((x, y)))), a), "(-(x*y))/a"),
    (Quotient(Product((MINUS_ONE, Number(Fraction(1, 2)))), Number(1)), "-1/2/1"),
    (Product((x, MINUS_ONE)), "x*(-1)"),
    (Product((x, Quotient(y, a))), "x*(y/a)"),
    (Quotient(x, Product((y, a))), "x/(y*a)"),
    (Quotient(Quotient(x, y), a), "x/y/a"),
    (Power(Power(x, y), a), "(x^y)^a"),
    (Power(x, Power(y, a)), "x^(y^a)"),
    (Power(Number(-2), x), "(-2)^x"),
    (Power(x, Number(Fraction(1, 3))), "x^(1/3)"),
    (Power(x, Number(-1)), "x^(-1)"),
    (Power(call("sin", x), Number(2)), "sin(x)^2"),
    (call("log", x), "ln(x)"),
    (call("logb", x, a), "log(x, a)"),
    (call("abs", call("abs", x) - y), "||x| - y|"),
    (Number(Fraction(1, 8), decimal=True), "0.125"),
    (Number(Fraction(1, 10**9), decimal=True), "1e-9"),
    (Number(Fraction(-3, 2)) * x, "-3/2*x"),
    (call("elu", x, 1), "elu(x, 1)"),
    (Comparison(("<", "<="), (Number(-1), x, a)), "-1 < x <= a"),
]


@pytest.mark.parametrize(("expr", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_text(expr: Expr, text: str) -> None:
    assert to_text(expr) == str(expr) == text
    assert alike(parse_text(text).expr) is alike(expr)


def alike(expr: Expr) -> Expr:
    """One shape for those that are written alike."""
    return transform(expr, _alike)


def _alike(node: Expr) -> Expr:
    match node:
        case Number(Fraction() as value) if not node.decimal:
            ratio = Quotient(Number(abs(value.numerator)), Number(value.denominator))
            return Product((MINUS_ONE, ratio)) if value < 0 else ratio
        case Power(base, exponent) if base is E:
            return Call("exp", (exponent,))
        case Product((Product((Number(-1), Quotient(Number(), Number()) as ratio)), *rest)):
            return Product((MINUS_ONE, ratio, *rest))
        case Quotient(Number(value), below) if value < 0:
            positive = Number(-value, node.numerator.decimal)  # type: ignore[attr-defined]
            return Product((MINUS_ONE, Quotient(positive, below)))
        case Quotient(Product((Number(value) as first, *rest)), below) if value < 0:
            if value != -1 or isinstance(rest[0], Number):
                rest = [Number(-value, first.decimal), *rest]
            above = rest[0] if len(rest) == 1 else _alike(Product(tuple(rest)))
            return Product((MINUS_ONE, _alike(Quotient(above, below))))
    return node


NUMBERS = st.builds(Number, st.integers(-12, 12)) | st.builds(
    lambda n, d, decimal: Number(Fraction(n, d), decimal),
    st.integers(-30, 30),
    st.sampled_from([2, 3, 8, 10, 1000, 10**9]),
    st.booleans(),
)
SYMBOLS = st.sampled_from(["x", "y", "a", "alpha", "x_1", "w_ij", "threshold", "lambda"])
LEAVES = NUMBERS | SYMBOLS.map(Symbol) | st.sampled_from([E, parse("pi").expr])


OPERATORS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
FUNCTIONS = st.sampled_from(["exp", "log", "sqrt", "abs", "sin", "log2", "gamma", "floor", "relu"])
KINDS = st.sampled_from(
    [
        "sum",
        "product",
        "minus",
        "quotient",
        "power",
        "call",
        "call",
        "call",
        "max",
        "elu",
        "f",
        "g",
        "cases",
        "case",
    ]
)


@st.composite
def _node(draw: st.DrawFn, inner: st.SearchStrategy[Expr]) -> Expr:
    kind = draw(KINDS)
    u, v = draw(inner), draw(inner)
    match kind:
        case "sum":
            return Sum((u, v, *draw(st.lists(inner, max_size=2))))
        case "product":
            return Product((u, v, *draw(st.lists(inner, max_size=2))))
        case "minus":
            return Product((MINUS_ONE, u))
        case "quotient":
            return Quotient(u, v if v is not Number(0) else Number(1))
        case "power":
            return Power(u, v)
        case "call":
            return Call(draw(FUNCTIONS), (u,))
        case "max" | "elu":
            return Call(kind, (u, v))
        case "f":
            return Unknown("f", (draw(st.integers(0, 5)),), (u,))
        case "g":
            return Unknown("g", (1, 2), (u, v))
        case "cases":
            return Piecewise((u, Comparison((draw(OPERATORS),), (u, v)), v))
        case _:
            return Piecewise((v, Comparison((draw(OPERATORS),), (v, u))))


EXPRESSIONS = st.recursive(LEAVES, _node, max_leaves=15)


@settings(max_examples=500)
@given(EXPRESSIONS)
def test_round_trip(expr: Expr) -> None:
    text = to_text(expr)
    again = parse(text).expr
    assert to_text(again) == text
    assert alike(again) is alike(expr), text


def test_every_way_to_put_signs_into_a_quotient() -> None:
    """Products of up to three with signs in front, their quotients, and these once more."""
    numbers = [Number(-2), Number(2), Number(Fraction(-1, 2)), Number(Fraction(1, 2)), x, x + 1]
    inner = [*numbers, *[Product((a, b)) for a in numbers for b in numbers]]
    signed = [Product((MINUS_ONE, u, *more)) for u in inner for more in ((), (x,), (Number(-3),))]
    for u in [*inner, *signed, *[Product((MINUS_ONE, v)) for v in signed]]:
        for expr in (Quotient(u, y), Quotient(Quotient(u, Number(1)), y), Quotient(y, u), u - y):
            for whole in (expr, Product((MINUS_ONE, expr)), Product((x, expr)), Power(expr, x)):
                text = to_text(whole)
                again = parse(text).expr
                assert to_text(again) == text
                assert alike(again) is alike(whole), text


@pytest.mark.parametrize("entry", CATALOGUE, ids=[entry.name for entry in CATALOGUE])
def test_round_trip_of_derivatives(entry) -> None:  # type: ignore[no-untyped-def]
    expr, variable = parse(entry.formula).expr, Symbol(entry.arguments[0])
    for _ in range(2):
        expr = differentiate(expr, variable, named=named_slope).after
        assert alike(parse(str(expr)).expr) is alike(expr)


# --- size ---------------------------------------------------------------------------------------
def test_what_unfolds_to_too_much_is_refused() -> None:
    expr: Expr = x
    for _ in range(20_000):
        expr = Product((expr, expr))
    with pytest.raises(ChainruleError, match="10\\^60"):
        to_text(expr)


def test_depth() -> None:
    expr: Expr = x
    for _ in range(10_000):
        expr = 1 / (1 + call("exp", -expr))
    text = to_text(expr)
    assert len(text) == len("1/(1 + e^(-))") * 10_000 + 1


def test_long_numbers_are_written_in_full() -> None:
    assert len(to_text(Number(10**5000))) == 5001
