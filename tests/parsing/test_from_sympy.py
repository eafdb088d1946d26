"""Whatever SymPy has: the derivative that SymPy finds too, or an error that says what is wrong.

Values are compared at points by mpmath for ours, and by SymPy's ``evalf`` for its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import pytest
import sympy
from sympy.core.function import FunctionClass

import chainrule
from chainrule.errors import InputError
from chainrule.expr.nodes import Expr, symbols
from chainrule.parsing.definitions import expand_all
from oracle import evaluate

x, y, a = sympy.symbols("x y a")
f = sympy.Function("f")
# Of |u|, SymPy finds the derivative where u is known to be real.
REAL = sympy.symbols("x y a", real=True)
POINTS = [
    {"x": sympy.Rational(p), "y": sympy.Rational(q), "a": sympy.Rational(r)}
    for p, q, r in (("3/10", "7/5", "1/3"), ("-7/10", "2/5", "3/2"), ("23/10", "-5/7", "5/3"))
]


def theirs_at(expr: Any, point: dict[str, Any]) -> float | None:
    try:
        value = expr.subs({letter: point[letter.name] for letter in expr.free_symbols}).evalf(25)
    except ValueError:  # outside the domain
        return None
    real = value.is_Number and value.is_finite
    return float(value) if real else None


def ours_at(expr: Expr, point: dict[str, Any]) -> float | None:
    try:
        with mpmath.workdps(25):
            values = {name: mpmath.mpf(u.p) / u.q for name, u in point.items()}
            value = evaluate(expand_all(expr), values)
            real = mpmath.isfinite(value) and abs(mpmath.im(value)) < 1e-20
            return float(mpmath.re(value)) if real else None
    except (ValueError, ZeroDivisionError):
        return None


def compared(theirs: Any) -> int:
    """At how many points the derivative by x was compared, at which there is one."""
    slope = chainrule.diff(theirs, "x", verify=False)
    by_sympy = sympy.diff(theirs, REAL[0])
    if by_sympy.has(sympy.Derivative, sympy.Subs):
        return 0
    count = 0
    for point in POINTS:
        wanted, got = theirs_at(by_sympy, point), ours_at(slope, point)
        if wanted is not None and theirs_at(theirs, point) is not None:
            assert got == pytest.approx(wanted, rel=1e-9, abs=1e-12), (theirs, slope, point)
            count += 1
    return count


def applied() -> Iterator[Any]:
    """Every function of SymPy's of letters, of as many as it takes."""
    for name in sorted(dir(sympy.functions)):
        function = getattr(sympy.functions, name)
        if isinstance(function, FunctionClass):
            for count in (1, 2, 3):
                try:
                    yield name, function(*REAL[:count])
                except (TypeError, ValueError, AttributeError, NotImplementedError):
                    continue


FUNCTIONS = list(applied())


def test_every_function_of_sympys_is_understood_or_refused() -> None:
    understood = set()
    for name, theirs in FUNCTIONS:
        try:
            if compared(theirs):
                understood.add(name)
        except InputError:
            continue
    names = "sin cos tan cot sec csc sinh cosh tanh coth sech csch exp log erf erfc gamma loggamma"
    more = "asin acos atan acot asinh acosh atanh acoth atan2 factorial Abs Max Min sign Heaviside"
    assert understood >= {*names.split(), *more.split()}


def drawn(choose: random.Random, depth: int) -> Any:
    """A formula drawn by chance, as SymPy's own operators and functions leave it."""
    x = REAL[0]
    if depth == 0 or choose.random() < 0.15:
        return choose.choice(
            [x, x, x, *REAL[1:], sympy.pi, sympy.Rational(choose.randint(-9, 9), 4)]
        )
    u, v = drawn(choose, depth - 1), drawn(choose, choose.randrange(depth))
    links: list[Callable[[], Any]] = [
        lambda: u + v,
        lambda: u - 2 * v,
        lambda: u * v,
        lambda: u / (v**2 + 1),
        lambda: u ** choose.choice([2, 3, -1, -2]),
        lambda: (u**2 + 1) ** choose.choice([v, sympy.Rational(1, 2), sympy.Rational(-3, 2)]),
        lambda: choose.choice([sympy.sin, sympy.cos, sympy.atan, sympy.tanh, sympy.erf])(u),
        lambda: sympy.exp(-(u**2) / 4),
        lambda: sympy.log(u**2 + 1),
        # Not of two parts that may be equal on an interval, where SymPy has Heaviside(0).
        lambda: sympy.Max(u, x * REAL[1] + sympy.E) + sympy.Min(u, sympy.sqrt(7)),
        lambda: sympy.Piecewise((u, x > v), (u * v, x < -1), (v, True)),
        lambda: sympy.Piecewise((u, sympy.And(x > -1, x < 1)), (v, True)),
    ]
    return choose.choice(links)()


def test_formulas_drawn_by_chance() -> None:
    choose, count = random.Random(9), 0
    for _ in range(120):
        theirs = drawn(choose, 3)
        if not theirs.has(sympy.nan, sympy.zoo, sympy.oo, sympy.I):
            try:
                count += compared(theirs)
            except InputError:
                # SymPy makes one condition of several, which need not be a chain any more.
                assert theirs.has(sympy.ITE, sympy.And, sympy.Or, sympy.Not)
    assert count > 200


# --- names ------------------------------------------------------------------------------------
SPELLINGS = [("x_{1}", "x_1", "x₁"), ("θ", "theta", r"\theta", "ϑ"), ("lambda", "λ", r"\lambda")]
CALLABLES: dict[str, Callable[..., Any]] = {
    "x_1": lambda x_1, b: x_1**2 * b,
    "theta": lambda θ, b: θ**2 * b,
    "lambda": lambda lambda_, b: lambda_**2 * b,
}


@pytest.mark.parametrize("spellings", SPELLINGS, ids=[s[1] for s in SPELLINGS])
def test_a_variable_is_the_same_however_it_is_spelled(spellings: tuple[str, ...]) -> None:
    plain = next(iter(symbols(chainrule.parse(f"{spellings[0]}^2")))).name
    sources: list[Any] = [f"{name}^2*b" for name in spellings]
    sources += [sympy.Symbol(name) ** 2 * sympy.Symbol("b") for name in spellings]
    sources.append(CALLABLES[plain])
    wanted = chainrule.parse(f"2*{spellings[0]}*b")
    value = {plain: mpmath.mpf(3), "b": mpmath.mpf(5)}
    for source in sources:
        for name in (*spellings, *[sympy.Symbol(name) for name in spellings]):
            got = chainrule.diff(source, name, verify=False)
            assert evaluate(got, value) == evaluate(wanted, value) == 30, (source, name)
    for name in spellings:
        slope = chainrule.implicit(f"{spellings[0]}^2 + b^2 = 1", wrt=name, of="b").derivative
        assert evaluate(slope, value) == mpmath.mpf(-3) / 5


def test_words_that_are_one_symbol_in_the_formula() -> None:
    assert str(chainrule.diff(sympy.Symbol("dt") ** 2, "dt")) == "2*dt"
    assert str(chainrule.diff(lambda dt, b: dt**2 * b, "dt")) == "2*b*dt"
    with pytest.raises(InputError, match="not the name of a variable"):
        chainrule.diff("x y", "xy")


@pytest.mark.parametrize("wrt", [(x, y), [x, "y"], "x,y", ("x", y)], ids=str)
def test_several_variables(wrt: Any) -> None:
    assert str(chainrule.diff(x**2 * y, wrt)) == "2*x"


@pytest.mark.parametrize(
    "wrt", [3, x**2, f(x), (x, 2), sympy.Tuple(x, y), "", "e", "x+1", [], ()], ids=str
)
def test_what_is_no_variable(wrt: Any) -> None:
    with pytest.raises(InputError):
        chainrule.diff(x**2, wrt)


@pytest.mark.parametrize(
    "name", ["e", "pi", "π", "sin", "exp", "max", "sqrt", "if", "else", "and", "a b", "x+1", "x[0]"]
)
def test_names_that_mean_something_else(name: str) -> None:
    with pytest.raises(InputError):
        chainrule.diff(sympy.Symbol(name) * x, x)


@pytest.mark.parametrize("name", ["E", "I", "N", "S", "beta", "gamma", "zeta", "sigma", "f", "d"])
def test_names_that_are_free(name: str) -> None:
    symbol = sympy.Symbol(name)
    got = chainrule.diff(symbol**2 * x, symbol)
    assert evaluate(got, {name: mpmath.mpf(3), "x": mpmath.mpf(5)}) == 30


TWINS = [
    (sympy.Symbol("x_1"), sympy.Symbol("x_{1}")),
    (sympy.Symbol("x", positive=True), x),
    (sympy.Dummy("x"), x),
    (sympy.Symbol("θ"), sympy.Symbol("theta")),
]


@pytest.mark.parametrize(("one", "other"), TWINS, ids=str)
def test_two_symbols_are_never_taken_for_one(one: Any, other: Any) -> None:
    assert chainrule.diff(one**2, one) is chainrule.diff(other**2, other)
    with pytest.raises(InputError, match="two different symbols"):
        chainrule.diff(one * other, one)


# --- what is no expression ----------------------------------------------------------------------
def test_equations() -> None:
    circle = sympy.Eq(x**2 + y**2, 1)
    assert str(chainrule.implicit(circle).derivative) == "-x/y"
    assert str(chainrule.implicit(circle, wrt=y, of=x).derivative) == "-y/x"
    for function in (chainrule.diff, chainrule.derive, chainrule.gradient):
        with pytest.raises(InputError, match=r"equation.*\n.*implicit"):
            function(circle)
    with pytest.raises(InputError, match="no equals sign"):
        chainrule.implicit(x**2)


def test_functions_and_polynomials() -> None:
    assert str(chainrule.diff(sympy.Lambda((y, x), x * y**2))) == "2*x*y"
    assert str(chainrule.diff(sympy.sin)) == "cos(x)"
    assert str(chainrule.diff(sympy.atan2, "y")) == "-x/(y^2 + x^2)"
    assert str(chainrule.diff(sympy.Poly(x**2 + 1, x))) == "2*x"
    assert str(chainrule.diff(f(x), "x")) == "f'(x)"
    assert str(chainrule.diff(f(x).diff(x), x)) == "f''(x)"


def test_floats_that_no_double_holds() -> None:
    for text in ("1e400", "1e-400", "2.5e-330"):
        slope = chainrule.diff(sympy.Float(text) * x, x)
        assert evaluate(slope, {}) == pytest.approx(mpmath.mpf(text), rel=1e-14)


def deep() -> Any:
    """What cannot be read and is too deep for SymPy to write."""
    found: Any = x
    for _ in range(3000):
        found = sympy.zeta(sympy.sin(found, evaluate=False), evaluate=False)
    return found


class OwnSine(sympy.Function):
    """Somebody's own function."""


OwnSine.__name__ = "sin"
REFUSED = [
    sympy.I * x,
    *(sympy.oo, -sympy.oo, sympy.zoo, sympy.nan, sympy.EulerGamma, sympy.true),
    *(x < 1, sympy.Ne(x, 0), sympy.And(x > 0, x < 1), sympy.Xor(x > 0, y > 0)),
    *(sympy.Matrix([x, y]), sympy.ImmutableMatrix([x]), sympy.MatrixSymbol("M", 2, 2)),
    *(sympy.IndexedBase("b")[1], sympy.Tuple(x, y), sympy.FiniteSet(x), sympy.Interval(0, 1)),
    *(sympy.Integral(sympy.exp(-(x**2)), x), sympy.Integral(x, (x, 0, y))),
    *(sympy.Derivative(sympy.sin(x), x), sympy.Subs(sympy.sin(x), x, y), sympy.O(x)),
    *(sympy.Sum(x**a, (a, 0, 3)), sympy.Limit(sympy.sin(x) / x, x, 0)),
    sympy.Piecewise((x, sympy.And(x > 0, y > 1)), (1, True)),
    sympy.Piecewise((x, sympy.Symbol("b")), (1, True)),
    sympy.Piecewise((x, sympy.Contains(x, sympy.Integers)), (1, True)),
    *(sympy.Max, f, sympy.Function("sin")(x), OwnSine(x), sympy.UnevaluatedExpr(x) * 2),
    *(sympy.zeta(x), sympy.sinc(x), sympy.re(x), sympy.hyper((1,), (2,), x)),
    deep(),
]


@pytest.mark.parametrize("theirs", REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_formula_is_refused_with_a_sentence(theirs: Any) -> None:
    with pytest.raises(InputError) as problem:
        chainrule.diff(theirs, "x")
    assert "Tuple" in str(problem.value) or len(str(problem.value)) < 300
