"""Formulas in plain text: what they are read as, and what is said about bad ones."""

from __future__ import annotations

import subprocess
import sys
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import InputError
from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.nodes import (
    Call,
    Comparison,
    Constant,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Unknown,
    postorder,
)
from chainrule.parsing import build, tables
from chainrule.parsing.formula import Formula, parse_text
from chainrule.parsing.reader import parse


def shape(expr: Expr) -> str:
    """The graph written out, head first: every node visible, nothing left to conventions."""
    text: dict[Expr, str] = {}
    for node in postorder(expr):
        inner = ",".join(text[arg] for arg in node.args)
        match node:
            case Number(value):
                text[node] = f"{value}d" if node.decimal else f"{value}"
            case Symbol(name) | Constant(name):
                text[node] = name
            case Call(name):
                text[node] = f"{name}({inner})"
            case Unknown(name, orders):
                text[node] = f"{name}{list(orders)}({inner})".replace(" ", "")
            case Comparison(operators):
                text[node] = f"{' '.join(operators)}({inner})"
            case _:
                text[node] = f"{type(node).__name__}({inner})"
    return text[expr]


SHAPES = [
    # --- the list ---
    ("1/(1+e^-x)", "Quotient(1,Sum(1,exp(Product(-1,x))))"),
    ("1/(1+exp(-x))", "Quotient(1,Sum(1,exp(Product(-1,x))))"),
    ("(1+e^{-x})^{-1}", "Power(Sum(1,exp(Product(-1,x))),-1)"),
    ("2x", "Product(2,x)"),
    ("x sin(x)", "Product(x,sin(x))"),
    ("sin^2 x", "Power(sin(x),2)"),
    ("|x|", "abs(x)"),
    ("x²", "Power(x,2)"),
    ("√x", "sqrt(x)"),
    ("ln x", "log(x)"),
    ("log x", "log(x)"),
    ("x*σ(βx)", "Product(x,sigmoid(Product(beta,x)))"),
    ("max(0, x)", "max(0,x)"),
    ("x if x > 0 else a*(exp(x)-1)", "Piecewise(x,>(x,0),Product(a,Sum(exp(x),-1)))"),
    ("where(x>0, x, a*x)", "Piecewise(x,>(x,0),Product(a,x))"),
    ("{x>0: x, else: 0}", "Piecewise(x,>(x,0),0)"),
    # --- signs and precedence ---
    ("-x^2", "Product(-1,Power(x,2))"),
    ("-2^2", "Product(-1,Power(2,2))"),
    ("(-2)^2", "Power(-2,2)"),
    ("2^-x", "Power(2,Product(-1,x))"),
    ("2^-x^2", "Power(2,Product(-1,Power(x,2)))"),
    ("e^-x/2", "Quotient(exp(Product(-1,x)),2)"),
    ("a^b^c", "Power(a,Power(b,c))"),
    ("a**b**c", "Power(a,Power(b,c))"),
    ("--x", "Product(-1,Product(-1,x))"),
    ("+x", "x"),
    ("-3", "-3"),
    ("--3", "Product(-1,-3)"),
    ("-2x", "Product(-2,x)"),
    ("-x*y", "Product(-1,x,y)"),
    ("-(x*y)", "Product(-1,Product(x,y))"),
    ("-x/2", "Product(-1,Quotient(x,2))"),
    ("a-b", "Sum(a,Product(-1,b))"),
    ("a - 2x", "Sum(a,Product(-2,x))"),
    ("a - -b", "Sum(a,Product(-1,Product(-1,b)))"),
    ("a*-b", "Product(a,Product(-1,b))"),
    ("a/-b", "Quotient(a,Product(-1,b))"),
    ("a+b-c+1", "Sum(a,b,Product(-1,c),1)"),
    ("a+(b+c)", "Sum(a,Sum(b,c))"),
    ("a*b*c", "Product(a,b,c)"),
    ("a*(b*c)", "Product(a,Product(b,c))"),
    ("a/b/c", "Quotient(Quotient(a,b),c)"),
    ("a/b*c", "Product(Quotient(a,b),c)"),
    ("a*b/c", "Quotient(Product(a,b),c)"),
    ("1/2x", "Product(Quotient(1,2),x)"),
    ("1/2", "Quotient(1,2)"),
    ("x^(1/4)", "Power(x,Quotient(1,4))"),
    ("a − b × c ÷ d · g", "Sum(a,Product(-1,Quotient(Product(b,c),d),g))"),
    # --- numbers ---
    ("0.5", "1/2d"),
    (".5x", "Product(1/2d,x)"),
    ("2.0", "2"),
    ("1e-3", "1/1000d"),
    ("2e^x", "Product(2,exp(x))"),
    ("2e", "Product(2,e)"),
    ("½x", "Product(Quotient(1,2),x)"),
    ("3!", "gamma(Sum(3,1))"),
    ("9^9^9^9", "Power(9,Power(9,Power(9,9)))"),
    ("(x+1)^100000", "Power(Sum(x,1),100000)"),
    # --- implicit products and words ---
    ("xy", "Product(x,y)"),
    ("x y", "Product(x,y)"),
    ("(a)(b)", "Product(a,b)"),
    ("2(x+1)", "Product(2,Sum(x,1))"),
    ("x(x+1)", "Product(x,Sum(x,1))"),
    ("a(exp(x)-1)", "Product(a,Sum(exp(x),-1))"),
    ("a b(x+1)", "Product(a,b,Sum(x,1))"),
    ("βx", "Product(beta,x)"),
    ("beta x", "Product(beta,x)"),
    ("betax", "Product(beta,x)"),
    ("2pix", "Product(2,pi,x)"),
    ("2πx", "Product(2,pi,x)"),
    ("xe^x", "Product(x,exp(x))"),
    ("x e^x", "Product(x,exp(x))"),
    ("alpha1", "alpha1"),
    ("beta_1", "beta_1"),
    ("β₁", "beta_1"),
    ("x_1", "x_1"),
    ("x_{1}", "x_1"),
    ("x_{max}", "x_max"),
    ("w_ij", "w_ij"),
    ("w_{i,j}", "w_ij"),
    ("x1 + x2", "Sum(x1,x2)"),
    ("threshold + signal", "Sum(threshold,signal)"),
    ("𝑥 + ϕ", "Sum(x,phi)"),
    ("x²y³", "Product(Power(x,2),Power(y,3))"),
    ("x⁻¹", "Power(x,-1)"),
    ("e⁻ˣ", "exp(Product(-1,x))"),
    ("e^x²", "exp(Power(x,2))"),
    # --- functions without brackets ---
    ("sinx", "sin(x)"),
    ("xsinx", "Product(x,sin(x))"),
    ("xlnx", "Product(x,log(x))"),
    ("sinxcosx", "Product(sin(x),cos(x))"),
    ("sqrt2", "sqrt(2)"),
    ("sin2x", "sin(Product(2,x))"),
    ("sin 2x", "sin(Product(2,x))"),
    ("sin 2x + 1", "Sum(sin(Product(2,x)),1)"),
    ("sin^2 x cos x", "Product(Power(sin(x),2),cos(x))"),
    ("sin²x", "Power(sin(x),2)"),
    ("sin x^2", "sin(Power(x,2))"),
    ("sin(x)^2", "Power(sin(x),2)"),
    ("sin(x) y", "Product(sin(x),y)"),
    ("sin x/2", "Quotient(sin(x),2)"),
    ("sin -x", "sin(Product(-1,x))"),
    ("sin 2(x+1)", "sin(Product(2,Sum(x,1)))"),
    ("sin 2π(x+1)", "sin(Product(2,pi,Sum(x,1)))"),
    ("sin x (1 - cos x)", "Product(sin(x),Sum(1,Product(-1,cos(x))))"),
    ("sin π^2", "sin(Power(pi,2))"),
    ("ln sin x", "log(sin(x))"),
    ("ln |x|", "log(abs(x))"),
    ("e^sin x", "exp(sin(x))"),
    ("exp -x^2", "exp(Product(-1,Power(x,2)))"),
    ("sin^-1 x", "asin(x)"),
    ("sin⁻¹ x", "asin(x)"),
    ("tanh^-1(x)", "atanh(x)"),
    ("sin^-2 x", "Power(sin(x),-2)"),
    # --- roots, bars, logarithms ---
    ("√(x+1)", "sqrt(Sum(x,1))"),
    ("√2x", "Product(sqrt(2),x)"),
    ("√x²", "sqrt(Power(x,2))"),
    ("∛x", "cbrt(x)"),
    ("cbrt(x)", "cbrt(x)"),
    ("1/√(2π) e^(-x²/2)",
     "Product(Quotient(1,sqrt(Product(2,pi))),exp(Product(-1,Quotient(Power(x,2),2))))"),
    ("|x + |y||", "abs(Sum(x,abs(y)))"),
    ("||x| - |y||", "abs(Sum(abs(x),Product(-1,abs(y))))"),
    ("|x||y|", "Product(abs(x),abs(y))"),
    ("2|x|", "Product(2,abs(x))"),
    ("⌊x⌋ + ⌈x⌉", "Sum(floor(x),ceil(x))"),
    ("log_2(x)", "log2(x)"),
    ("log₂(x)", "log2(x)"),
    ("log2(x)", "log2(x)"),
    ("log_2 x", "log2(x)"),
    ("log_10(x)", "log10(x)"),
    ("log_b(x)", "logb(x,b)"),
    ("log_{b+1}(x)", "logb(x,Sum(b,1))"),
    ("log(x, b)", "logb(x,b)"),
    ("log_2^2 x", "Power(log2(x),2)"),
    # --- known, unknown and named functions ---
    ("max(a, b, c)", "max(max(a,b),c)"),
    ("f(g(x))", "f[0](g[0](x))"),
    ("f(x, y)", "f[0,0](x,y)"),
    ("f'(x)", "f[1](x)"),
    ("f′′(x)", "f[2](x)"),
    ("f^(4)(x)", "f[4](x)"),
    ("f^(1,0)(x, y)", "f[1,0](x,y)"),
    ("f^2(x)", "Power(f[0](x),2)"),
    ("f_1(x)", "f_1[0](x)"),
    ("u'(x)v(x)+u(x)v'(x)",
     "Sum(Product(u[1](x),v[0](x)),Product(u[0](x),v[1](x)))"),
    ("f(x) + f", "Sum(Product(f,x),f)"),
    ("Φ(x) + φ(x)", "Sum(normcdf(x),normpdf(x))"),
    ("Γ(x) ψ(x)", "Product(gamma(x),digamma(x))"),
    ("ψ'(x)", "polygamma(1,x)"),
    ("γ(x+1)", "Product(gamma,Sum(x,1))"),
    ("gamma(x+1)", "gamma(Sum(x,1))"),
    ("σ/σ(x)", "Quotient(sigma,sigmoid(x))"),
    ("elu(x)", "elu(x,1)"),
    ("elu(x, a)", "elu(x,a)"),
    ("elu(x, alpha=0.5)", "elu(x,1/2d)"),
    ("LeakyReLU(x)", "leaky_relu(x,1/100d)"),
    ("srelu(x, -2, b=3)", "srelu(x,-2,1/10d,1,3)"),
    ("huber(p, t)", "huber(p,t,1)"),
    ("relu x", "relu(x)"),
    ("np.exp(x)*torch.nn.functional.relu(x)", "Product(exp(x),relu(x))"),
    ("np.where(x > 0, np.square(x), math.pi)", "Piecewise(Power(x,2),>(x,0),pi)"),
    ("np.maximum(x, 0)", "max(x,0)"),
    # --- cases ---
    ("x if x>0 else y if y>0 else 0", "Piecewise(x,>(x,0),y,>(y,0),0)"),
    ("x if x>0 else (y if y>0 else 0)", "Piecewise(x,>(x,0),Piecewise(y,>(y,0),0))"),
    ("{x<0: -1; x=0: 0; otherwise: 1}", "Piecewise(-1,<(x,0),0,==(x,0),1)"),
    ("{x if x≥0, 0 otherwise}", "Piecewise(x,>=(x,0),0)"),
    ("{-1 < x <= 1: x, x != 2: 1}", "Piecewise(x,< <=(-1,x,1),1,!=(x,2))"),
    ("2{x>0: x, else: 0}", "Product(2,Piecewise(x,>(x,0),0))"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SHAPES, ids=[text for text, _ in SHAPES])
def test_shape(text: str, expected: str) -> None:
    formula = parse(text)
    assert shape(formula.expr) == expected
    assert formula == Formula(None, (), formula.expr, notes=formula.notes)


X, A = Symbol("x"), Symbol("a")

HEADS = [
    ("f(x) = x^2", "f", (X,), "Power(x,2)", None),
    ("f(x, a) = a x", "f", (X, A), "Product(a,x)", None),
    ("f(x) := x^2", "f", (X,), "Power(x,2)", None),
    ("σ(x) = 1/(1+e^-x)", "sigma", (X,), "Quotient(1,Sum(1,exp(Product(-1,x))))", None),
    ("swish(x) = x*sigmoid(x)", "swish", (X,), "Product(x,sigmoid(x))", None),
    ("tanh(x) = x", "tanh", (X,), "x", None),
    ("f(ab) = ab^2", "f", (Symbol("ab"),), "Power(ab,2)", None),
    ("f(x_1, β₂) = x_1 β_2", "f", (Symbol("x_1"), Symbol("beta_2")),
     "Product(x_1,beta_2)", None),
    ("f(x, h) = h(x+1)", "f", (X, Symbol("h")), "Product(h,Sum(x,1))", None),
    ("y = 3x", "y", (), "Product(3,x)", None),
    ("σ = 1/x", "sigma", (), "Quotient(1,x)", None),
    ("y = x if x == 0 else 1", "y", (), "Piecewise(x,==(x,0),1)", None),
    ("y = x y", None, (), "y", "Product(x,y)"),
    ("x^2 + y^2 = 1", None, (), "Sum(Power(x,2),Power(y,2))", "1"),
    ("x^2 + y^2 == 1", None, (), "Sum(Power(x,2),Power(y,2))", "1"),
    ("sin(y) = x", None, (), "sin(y)", "x"),
    ("e^y = x", None, (), "exp(y)", "x"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name", "variables", "expr", "equals"), HEADS, ids=[row[0] for row in HEADS]
)
def test_names_and_equations(
    text: str, name: str | None, variables: tuple[Symbol, ...], expr: str, equals: str | None
) -> None:
    formula = parse(text)
    assert (formula.name, formula.variables) == (name, variables)
    assert shape(formula.expr) == expr
    assert (formula.equals and shape(formula.equals)) == equals


def test_declared_symbols_are_read_as_one() -> None:
    assert shape(parse("lr*ab", symbols=["lr"]).expr) == "Product(lr,a,b)"


def test_a_condition_is_read_but_is_no_formula() -> None:
    assert shape(parse_text("-1 < x").expr) == "<(-1,x)"
    with pytest.raises(InputError, match="condition"):
        parse("-1 < x")


@pytest.mark.parametrize("entry", CATALOGUE, ids=[entry.name for entry in CATALOGUE])
def test_every_formula_of_the_catalogue(entry) -> None:  # type: ignore[no-untyped-def]
    found = {n.name for n in postorder(parse(entry.formula).expr) if isinstance(n, Symbol)}
    assert found == set(entry.symbols) & found
    assert set(entry.arguments[:1]) <= found
    for spelling in entry.spellings:
        called = parse(f"{spelling}({', '.join(entry.arguments)})").expr
        assert isinstance(called, Call)
        assert called.name == entry.name
        assert len(called.args) == len(entry.symbols)


# --- bad input ----------------------------------------------------------------------------------
BAD = [
    # text, offset of the trouble, words of the message, words of the hint
    ("", 0, "no formula", ""),
    ("   ", 0, "no formula", ""),
    ("x +", 3, "expected a number, a name or an opening bracket", ""),
    ("x + * y", 4, "unexpected `*`", ""),
    ("(x + (y*2)", 0, "never closed", ""),
    ("2*(x + 1", 2, "never closed", ""),
    ("x + 1)", 5, "never opened", ""),
    ("(x]", 2, "does not close", ""),
    ("|x", 0, "bar is never closed", ""),
    ("1/0", 1, "divides by zero", ""),
    ("x/(0)", 1, "divides by zero", ""),
    ("1/0.0", 1, "divides by zero", ""),
    ("2 3", 2, "the number 3 cannot stand here", ""),
    ("3,5", 1, "unexpected `,`", "point"),
    ("x @ y", 2, "`@` has no meaning", ""),
    ("∫x", 0, "`∫`", "integrals"),
    ("sni(x)", 0, "`sni` is not a function", "did you mean `sin`?"),
    ("2*tahn(x)", 2, "`tahn` is not a function", "did you mean `tanh`?"),
    ("sigmiod(x)", 0, "`sigmiod` is not a function", "did you mean `sigmoid`?"),
    ("sin", 3, "`sin` has no argument", "sin(x)"),
    ("tanh * 2", 5, "`tanh` has no argument", "tanh(x)"),
    ("f' + 1", 3, "no argument", "f'(x)"),
    ("sin(x, y)", 0, "takes 1 argument, not 2", "sin(x)"),
    ("max(x)", 0, "takes 2 or more arguments", "max(x, y)"),
    ("elu(x, 1, 2)", 0, "takes 1 to 2 arguments, not 3", "elu(x, alpha=1)"),
    ("elu(x, 1, alpha=2)", 0, "given twice", ""),
    ("where(x, 1, 2)", 0, "condition", "where(x > 0"),
    ("sin(x > 0)", 0, "condition", ""),
    ("x if x > 0", 10, "`else`", ""),
    ("{x>0: 1, else: 0, x<0: 2}", 9, "nothing may follow", ""),
    ("{0 < x and x < 1: 1, else: 0}", 7, "`and`", "chain"),
    ("x = y = 2", 6, "unexpected `=`", "one `=`"),
    ("f(x) = x = 2", 9, "only one `=`", ""),
    ("f(x) = f(x) + 1", 6, "defined by itself", ""),
    ("f(x, x) = x", 1, "declared twice", ""),
    ("f(e) = e", 1, "is a constant", ""),
    ("f(sin) = sin", 1, "is a function", ""),
    ("sin'(x)", 0, "derivatives of `sin'`", ""),
    ("2 f^-1(x)", 2, "the inverse of a function", "1/f(x) is the reciprocal"),
    ("f^{-1}(x)", 0, "the inverse of a function", "f(y) - x = 0"),
    ("log^-1 x", 0, "inverse function or a reciprocal", "1/log(x)"),
    ("foo.exp(x)", 0, "`foo` is no library", ""),
    ("x_{i+1}", 0, "subscript", ""),
    ("2½", 1, "mixed number", ""),
    ("1" * 5000, 0, "too many digits", ""),
    ("1e99999999999", 0, "too many digits", ""),
    ("x" * 100_001, None, "100,001 characters", ""),
]


@pytest.mark.parametrize(
    ("text", "position", "message", "hint"), BAD, ids=[row[0][:30] or "empty" for row in BAD]
)
def test_bad_input(text: str, position: int | None, message: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    error = caught.value
    assert message in error.message
    assert hint in (error.hint or "")
    assert (error.position, error.text) == (position, text if position is not None else None)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "x" + ")" * 10_000,
        "{" * 10_000 + "x" + "}" * 10_000,
        "|" * 10_000 + "x" + "|" * 10_000,
        "sin(" * 10_000 + "x" + ")" * 10_000,
        "-" * 10_000 + "x",
        "x" + "^x" * 10_000,
        "x" + "+x" * 10_000,
        "√" * 10_000 + "x",
        "{x>0: " * 10_000 + "x" + "}" * 10_000,
        "x if x>0 else " * 5_000 + "0",
        "{" + "x<" * 10_000 + "x: 1}",
        "max(" + "x," * 10_000 + "x)",
    ],
    ids=lambda text: text[:8],
)
def test_deep_formulas_are_read(text: str) -> None:
    began = time.process_time()
    formula = parse(text)
    # A generous bound that only a quadratic or worse algorithm exceeds.
    assert time.process_time() - began < 10
    assert len(str(formula.expr)) >= 1


@pytest.mark.parametrize(
    "unit", ["(", "sin(", "x_", "x_{", "((", "|", "f'", "log_", "1e", "²", "_"]
)
def test_long_nonsense_is_refused_soon(unit: str) -> None:
    began = time.process_time()
    text = unit * (99_000 // len(unit))
    try:
        parse(text + "+")
    except InputError as error:
        assert len(str(error)) < 1_000  # noqa: PT017
    else:
        pytest.fail("this should have been refused")
    assert time.process_time() - began < 10


# --- against Python's own grammar ---------------------------------------------------------------
EXPONENTS = st.sampled_from(["2", "-1", "(1-3)", "0", "-2"])
ATOMS = st.sampled_from(["x", "y", "2", "3", "0.5", "7"])


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.builds(
        lambda a, sign, b: f"{a}{sign}{b}", inner, st.sampled_from(["+", "-", "*", "/"]), inner
    )
    powers = st.builds("{}**{}".format, inner, EXPONENTS)
    return binary | powers | inner.map("-{}".format) | inner.map("({})".format)


@given(st.recursive(ATOMS, _compound, max_leaves=12))
def test_python_reads_the_same(text: str) -> None:
    """For signs, brackets, * / and **, the values agree exactly with those of Python."""
    values = {"x": Fraction(3, 7), "y": Fraction(-5, 3)}
    try:
        expected = eval(_exact(text), {"Fraction": Fraction}, dict(values))
    except ZeroDivisionError:
        return
    if not isinstance(expected, int | Fraction):
        return  # a power with a fractional exponent, of which Python makes a float
    try:
        expr = parse(text).expr
    except InputError as error:
        # A typed 1/0 is refused although Python gets past 0*(1/0) no more than we do.
        assert "zero" in error.message  # noqa: PT017
        return
    assert _evaluate(expr, values) == expected


def _exact(text: str) -> str:
    import re

    return re.sub(r"(?<!\*\*)(?<!\*\*-)(?<![.\d])(\d+(?:\.\d+)?)", r'Fraction("\1")', text)


def _evaluate(expr: Expr, values: dict[str, Fraction]) -> Fraction:
    found: dict[Expr, Fraction] = {}
    for node in postorder(expr):
        args = [found[arg] for arg in node.args]
        match node:
            case Number(value):
                found[node] = Fraction(value)
            case Symbol(name):
                found[node] = values[name]
            case Sum():
                found[node] = sum(args, Fraction(0))
            case Product():
                product = Fraction(1)
                for arg in args:
                    product *= arg
                found[node] = product
            case Quotient():
                found[node] = args[0] / args[1]
            case Power():
                found[node] = args[0] ** int(args[1])
            case _:
                raise AssertionError(f"unexpected {node!r}")
    return found[expr]


# --- the tables ---------------------------------------------------------------------------------
def test_tables_belong_to_the_grammar() -> None:
    """If this fails: python -m chainrule.parsing.build."""
    assert build.tables() == build.TARGET.read_text(encoding="utf-8")


def test_every_rule_has_its_method() -> None:
    from chainrule.parsing.tree import Builder

    assert all(not method or hasattr(Builder, method) for *_, method in tables.RULES)


def test_reading_a_formula_loads_no_large_library() -> None:
    code = (
        "import sys; from chainrule.parsing.reader import parse; parse('1/(1+e^-x)');"
        "print(sorted({'lark', 'sympy', 'numpy', 'logging', 'flint'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
