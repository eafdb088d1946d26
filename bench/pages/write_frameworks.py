"""Write what PyTorch and JAX return at kinks: ``python bench/pages/write_frameworks.py``.

Both are run, in float64 on the CPU: rows of the catalogue by the functions that these name, and
formulas of elementary functions written with ``torch.…`` and ``jax.numpy.…``. What comes out is
said by a formula in the letters where one fits at three sets of values of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import partial, reduce
from importlib import import_module
from operator import add, mul
from pathlib import Path
from random import Random
from typing import Any, Literal

from chainrule import derive
from chainrule.audit.frameworks.target import TargetCall as Target
from chainrule.audit.frameworks.torch import TENSORS, unreduced
from chainrule.balls.arithmetic import evaluate
from chainrule.expr import catalogue
from chainrule.expr.catalogue import CATALOGUE, Entry
from chainrule.expr.catalogue.apis import Api, read_api
from chainrule.expr.nodes import (
    HALF,
    ONE,
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    postorder,
)
from chainrule.parsing.definitions import definition
from chainrule.parsing.formula import parse_text
from chainrule.rewrite.frameworks import EVERY_INTEGER, Row

TARGET = Path(__file__).resolve().parents[2] / "src/chainrule/expr/frameworks.tsv"
Framework = Literal["torch", "jax"]
FRAMEWORKS: tuple[Framework, ...] = ("torch", "jax")
DRAWS = 3
INTEGERS = (-2, 1, 3)

# Formulas in x, and the points at which they are measured.
FORMULAS: tuple[tuple[str, str], ...] = (
    ("|x|", "0"),
    ("x|x|", "0"),
    ("sqrt(|x|)", "0"),
    ("sqrt(x^2)", "0"),
    ("|x|^3", "0"),
    ("sign(x)", "0"),
    ("x sign(x)", "0"),
    ("sqrt(x)", "0"),
    ("x sqrt(x)", "0"),
    ("cbrt(x)", "0"),
    ("max(0, x)", "0"),
    ("max(x, 0)", "0"),
    ("min(0, x)", "0"),
    ("min(x, 0)", "0"),
    ("max(x, -x)", "0"),
    ("max(x, 1 - x)", "1/2"),
    ("min(x, 1 - x)", "1/2"),
    ("max(0, x)^2", "0"),
    ("min(max(x, 0), 1)", "0"),
    ("min(max(x, 0), 1)", "1"),
    ("max(0, min(x, 1))", "0"),
    ("max(0, min(x, 1))", "1"),
    ("min(max(x, -1), 1)", "-1"),
    ("min(max(x, -1), 1)", "1"),
    ("arcsin(x)", "-1"),
    ("arcsin(x)", "1"),
    ("arccos(x)", "-1"),
    ("arccos(x)", "1"),
    ("arcosh(x)", "1"),
    ("heaviside(x)", "0"),
    ("floor(x)", EVERY_INTEGER),
    ("ceil(x)", EVERY_INTEGER),
    ("trunc(x)", EVERY_INTEGER),
    ("floor(x) x", EVERY_INTEGER),
    ("x floor(x)", EVERY_INTEGER),
    ("x - floor(x)", EVERY_INTEGER),
    ("{x > 0: x, else: 0}", "0"),
    ("{x >= 0: x, else: 0}", "0"),
    ("{x > 0: 1, else: 0}", "0"),
    ("{x >= 0: x, else: -x}", "0"),
    ("{x > 0: x^2, else: 0}", "0"),
    ("{x > 0: sqrt(x), else: 0}", "0"),
    ("{x > 0: ln(x), else: 0}", "0"),
    ("{x > 0: x ln(x), else: 0}", "0"),
    ("{x > 0: e^(-1/x), else: 0}", "0"),
    ("{x != 0: sin(x)/x, else: 1}", "0"),
    ("{x = 0: 1, else: sin(x)/x}", "0"),
    ("{x != 0: (e^x - 1)/x, else: 1}", "0"),
    ("{x < 1: x, else: sqrt(x)}", "1"),
    ("{|x| < 1: e^(-1/(1 - x^2)), else: 0}", "-1"),
    ("{|x| < 1: e^(-1/(1 - x^2)), else: 0}", "1"),
)


# Where a framework has a name for a formula, that is what is measured.
NAMED: dict[str, dict[Framework, tuple[str, Callable[[Any, Any], Any]]]] = {
    f"min(max(x, {low}), 1)": {
        "torch": ("torch.clamp", lambda torch, x, low=low: torch.clamp(x, low, 1)),
        "jax": ("jax.numpy.clip", lambda jax, x, low=low: jax.numpy.clip(x, low, 1)),
    }
    for low in (0, -1)
}


# --- frameworks ---------------------------------------------------------------------------------
def load(name: Framework) -> Any:
    """The framework, with numbers of 64 bits."""
    found = import_module(name)
    if name == "jax":
        found.config.update("jax_enable_x64", True)
        import_module("jax.nn")
        import_module("jax.numpy")
    return found


def slope(framework: Any, function: Callable[[Any], Any], at: float) -> float:
    """The derivative that a framework gives of a function of one number."""
    if framework.__name__ == "jax":
        return float(framework.grad(lambda x: function(x).sum())(at))
    x = framework.tensor([at], dtype=framework.float64, requires_grad=True)
    result = function(x)
    if not result.requires_grad:  # it has none, as of a comparison
        return 0.0
    result.sum().backward()
    return float(x.grad.item())


# --- rows of the catalogue ------------------------------------------------------------------------
def called(entry: Entry, api: Api, framework: Any) -> Callable[..., Any]:
    """Takes the first argument as an array, and numbers for the other symbols."""
    found = reduce(getattr, api.path.split("."), framework)
    given = {*api.symbols.values()}

    def call(x: Any, values: dict[str, float]) -> Any:
        keywords: dict[str, Any] = {
            key: values[symbol] for key, symbol in api.symbols.items() if symbol in values
        }
        positional = [x]
        for key, symbol in api.symbols.items():
            if symbol == entry.symbols[0]:
                keywords[key], positional = x, []
        others = [name for name in entry.arguments[1:] if name not in given]
        if others:
            raise LookupError
        if api.library == "torch":
            for key in keywords.keys() & TENSORS.keys():
                keywords[key] = framework.as_tensor(keywords[key], dtype=x.dtype)
            for key, symbol in api.symbols.items():
                if symbol in entry.arguments[1:]:
                    keywords[key] = framework.as_tensor([values[symbol]], dtype=x.dtype)
            keywords |= unreduced(found, Target(api.path)).keywords
        if isinstance(found, type):
            return found(**keywords, **api.fixed)(*positional)
        return found(*positional, **keywords, **api.fixed)

    return call


def usable(entry: Entry, library: Framework) -> Api | None:
    """The first function of the library for a row, or the first class where there is none."""
    found = [read_api(text, entry.symbols) for text in entry.apis]
    found = [api for api in found if api.library == library]
    found.sort(key=lambda api: api.path.split(".")[-1][0].isupper())
    return found[0] if found else None


def draws(entry: Entry, api: Api) -> list[dict[str, float]]:
    """Values of the symbols that the function takes; defaults for those that it does not."""
    choose = Random(entry.name)
    rows = []
    for _ in range(DRAWS):
        row = {p.name: float(p.value.value) for p in entry.parameters}
        for name in entry.symbols[1:]:
            low, dots, high = entry.range_of[name].partition("..")
            if name in api.symbols.values() and dots:
                drawn = float(Fraction(low)) + (
                    float(Fraction(high)) - float(Fraction(low))
                ) * choose.uniform(0.05, 0.95)
                # In multiples of 1/64, so that floats meet the kink exactly.
                row[name] = round(drawn * 64) / 64
            elif name in api.symbols.values():
                row[name] = float(Fraction(choose.choice(entry.range_of[name].split(","))))
        rows.append(row)
    return [row for i, row in enumerate(rows) if row not in rows[:i]]


def value(expr: Expr, letters: dict[str, float]) -> float | None:
    """A formula at numbers; ``None`` where it is not defined."""
    found = evaluate(expr, {Symbol(name): Fraction(v) for name, v in letters.items()})
    return None if found is None else float(found.mid())


def candidates(entry: Entry, kept: Iterable[str]) -> list[tuple[str, Expr]]:
    """Formulas that a slope may be: as it was written, 0, 1, a slope from one side, their mean."""
    found = [(text, parse_text(text).expr) for text in kept if text not in ("nan", "inf", "-inf")]
    sides = [side for kink in derive(entry.name).kinks for side in (kink.left, kink.right)]
    slopes = dict.fromkeys(side.slope for side in sides if side is not None and side.slope)
    terms: list[Expr] = [ZERO, ONE, *slopes]
    if len(slopes) > 1:
        terms += [reduce(add, pair) * HALF for pair in zip(slopes, [*slopes][1:], strict=False)]
    return found + [(str(expr), expr) for expr in terms]


def of_row(entry: Entry, name: Framework, framework: Any, before: Sequence[Row]) -> Iterator[Row]:
    """The rows on one function of the catalogue by one framework."""
    api = usable(entry, name)
    if api is None:
        return
    function = called(entry, api, framework)
    values = draws(entry, api)
    taken = [s for s in entry.symbols[1:] if s in api.symbols.values()]
    for text, point in zip(entry.kinks, definition(entry.name).kinks, strict=True):
        found = []
        for row in values:
            at = value(point, row)
            assert at is not None
            try:
                found.append(slope(framework, lambda x, row=row: function(x, row), at))
            except LookupError:
                return
        kept = [row.returned for row in before if row.function == entry.name]
        said = described(found, values, candidates(entry, kept))
        if said is None:
            print(f"{entry.name} at {text} in {name}: {found} fits no formula", file=sys.stderr)
            continue
        measured = "; ".join(
            ", ".join(f"{s} = {row[s]:g}" for s in (taken or [p.name for p in entry.parameters]))
            for row in values
        )
        path = f"{name}.{api.path}"
        yield Row(entry.name, text, name, version(framework), path, said, measured)


def described(
    found: Sequence[float],
    values: Sequence[dict[str, float]],
    formulas: Iterable[tuple[str, Expr]],
) -> str | None:
    """The formula that gives what was found at every set of values."""
    if all(number != number for number in found):
        return "nan"
    if all(abs(number) == float("inf") for number in found):
        return "inf" if found[0] > 0 else "-inf"
    for text, expr in formulas:
        given = [value(expr, row) for row in values]
        pairs = zip(given, found, strict=True)
        # PyTorch keeps a few constants in single precision.
        if all(a is not None and abs(a - b) <= 1e-6 * max(1, abs(b)) for a, b in pairs):
            return text
    if all(number == found[0] for number in found):
        return str(Number(Fraction(str(found[0]))))
    return None


def version(framework: Any) -> str:
    """2.13.0, without what it was built for."""
    return str(framework.__version__).partition("+")[0]


# --- formulas -------------------------------------------------------------------------------------
_NAMES = {"asin": ("asin", "arcsin"), "acos": ("acos", "arccos"), "acosh": ("acosh", "arccosh")}
_PAIRS = {"max": "maximum", "min": "minimum"}
_COMPARED = {
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
    "==": "eq",
    "!=": "ne",
}
_OF_JAX = {"eq": "equal", "ne": "not_equal"}


def composed(root: Expr, framework: Any, used: dict[str, None]) -> Callable[[Any], Any]:
    """A formula in x as one writes it with the framework; ``used`` gets what it calls.

    Raises:
        AttributeError: the framework lacks a function.
    """
    space = framework.numpy if framework.__name__ == "jax" else framework
    prefix = "jax.numpy." if framework.__name__ == "jax" else "torch."

    def named(name: str) -> Any:
        if framework.__name__ == "jax":
            name = _OF_JAX.get(name, name)
        function = getattr(space, name)
        used[prefix + name] = None
        return function

    def evaluate_at(x: Any) -> Any:
        def constant(number: float) -> Any:
            return space.zeros_like(x) + number

        found: dict[Expr, Any] = {}
        for node in postorder(root):
            args = [found[arg] for arg in node.args]
            match node:
                case Number(number):
                    found[node] = float(number)
                case Symbol():
                    found[node] = x
                case Sum():
                    found[node] = reduce(add, args)
                case Product():
                    found[node] = reduce(mul, args)
                case Quotient():
                    found[node] = args[0] / args[1]
                case Power():
                    found[node] = args[0] ** args[1]
                case Comparison(operators, _):
                    (operator,) = operators
                    operands = [constant(a) if isinstance(a, float) else a for a in args]
                    found[node] = named(_COMPARED[operator])(*operands)
                case Piecewise():
                    (then, condition, otherwise) = args
                    found[node] = named("where")(condition, then, otherwise)
                case Call(name, _) if name in _PAIRS:
                    both = [constant(a) if isinstance(a, float) else a for a in args]
                    found[node] = named(_PAIRS[name])(*both)
                case Call("heaviside", _):
                    found[node] = named("heaviside")(*args, constant(1.0))
                case Call("exp", _) if isinstance(args[0], float):
                    found[node] = args[0]
                case Call(name, _):
                    choices = _NAMES.get(name, (name,))
                    own = next((n for n in choices if hasattr(space, n)), name)
                    found[node] = named(own)(*args)
                case _:
                    raise AttributeError(str(node))
        return found[root]

    return evaluate_at


def of_formula(text: str, point: str, name: Framework, framework: Any) -> Iterator[Row]:
    """The rows on a formula."""
    root = parse_text(text).expr
    places = INTEGERS if point == EVERY_INTEGER else (value(parse_text(point).expr, {}),)
    used: dict[str, None] = {}
    function = composed(root, framework, used)
    if text in NAMED:
        api, call = NAMED[text][name]
        used[api] = None
        function = partial(call, framework)
    try:
        found = [slope(framework, function, float(at or 0)) for at in places]
    except (AttributeError, RuntimeError) as missing:  # a function, or its derivative
        print(f"{text} in {name}: {missing}", file=sys.stderr)
        return
    letters = [{"x": float(at or 0)} for at in places]
    forms: list[tuple[str, Expr]] = [(str(n), Number(n)) for n in range(-3, 4)]
    forms += [("x", Symbol("x"))] if point == EVERY_INTEGER else []
    said = described(found, letters, [*forms, ("1/2", HALF), ("-1/2", -HALF)])
    if said is None:
        print(f"{text} at {point} in {name}: {found} fits no formula", file=sys.stderr)
        return
    at = ", ".join(f"x = {place}" for place in INTEGERS) if point == EVERY_INTEGER else ""
    yield Row(text, point, name, version(framework), " ".join(used), said, at)


def measured(
    before: Sequence[Row] = (), frameworks: Sequence[Framework] = FRAMEWORKS
) -> Iterator[Row]:
    """Every row of the table, measured with what is installed.

    A slope that several formulas give is said as it was ``before``.
    """
    for name in frameworks:
        framework = load(name)
        for entry in CATALOGUE:
            yield from of_row(entry, name, framework, before)
        for text, point in FORMULAS:
            yield from of_formula(text, point, name, framework)


def main() -> None:
    """Write the table."""
    before: list[Row] = []
    if TARGET.exists():
        lines = TARGET.read_text(encoding="utf-8").splitlines()[1:]
        before = [Row(*line.split("\t")) for line in lines]  # type: ignore[arg-type]
    rows = list(measured(before))
    order = {
        name: i for i, name in enumerate([*catalogue.BY_NAME, *(text for text, _ in FORMULAS)])
    }
    rows.sort(key=lambda row: order[row.function])
    lines = ["\t".join(Row._fields), *("\t".join(row) for row in rows)]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
