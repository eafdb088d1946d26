"""What a formula means: its value and its derivatives as numbers.

Two evaluators of the same trees. ``on_grid`` takes hundreds of points at once in float64 and
carries first and second derivatives along (hyper-dual numbers: Fike and Alonso, "The Development
of Hyper-Dual Numbers", 2011); it is fast and loses digits where terms cancel. ``Exact`` takes one
point with as many digits as wanted, by mpmath, and differentiates by differences: it decides.

Everything is real: an even root of a negative number is undefined (nan).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import cycle
from typing import Any

import mpmath
import numpy as np
from scipy import special

from chainrule.expr.nodes import (
    Call,
    Comparison,
    Constant,
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
from chainrule.parsing.definitions import definition, expand_all, is_catalogue_name
from fuzz.formulas import Tree, walk
from oracle import COMPARE, MPMATH

Array = Any
LN2, LN10 = np.log(2.0), np.log(10.0)
ROOT_PI = np.sqrt(np.pi)


def _pdf(u: Array) -> Array:
    return np.exp(-u * u / 2) / np.sqrt(2 * np.pi)


def _inside(u: Array) -> Array:
    return np.sqrt(1 - u * u)


def _outside(u: Array) -> Array:
    return np.sqrt(u * u - 1)


def _zero(u: Array, *_: Array) -> Array:
    return np.zeros_like(u)


def _positive(u: Array) -> Array:
    return np.where(u > 0, u, np.nan)


def _polygamma(order: int, u: Array) -> Array:
    """nan far left, where SciPy's series takes forever."""
    return special.polygamma(order, np.where(u > -100, u, np.nan))


ROWS: dict[str, tuple[Callable[..., Array], Callable[..., Array], Callable[..., Array]]] = {
    # The function of u; its slope by u and the value v; its second derivative by u, v, slope.
    "exp": (np.exp, lambda u, v: v, lambda u, v, s: v),
    "expm1": (np.expm1, lambda u, v: np.exp(u), lambda u, v, s: s),
    "log": (np.log, lambda u, v: 1 / _positive(u), lambda u, v, s: -s * s),
    "log1p": (np.log1p, lambda u, v: 1 / _positive(1 + u), lambda u, v, s: -s * s),
    "log2": (np.log2, lambda u, v: 1 / _positive(u) / LN2, lambda u, v, s: -s / u),
    "log10": (np.log10, lambda u, v: 1 / _positive(u) / LN10, lambda u, v, s: -s / u),
    "sqrt": (np.sqrt, lambda u, v: 0.5 / v, lambda u, v, s: -s / (2 * u)),
    "cbrt": (np.cbrt, lambda u, v: 1 / (3 * v * v), lambda u, v, s: -2 * s / (3 * u)),
    "sin": (np.sin, lambda u, v: np.cos(u), lambda u, v, s: -v),
    "cos": (np.cos, lambda u, v: -np.sin(u), lambda u, v, s: -v),
    "tan": (np.tan, lambda u, v: 1 / np.cos(u) ** 2, lambda u, v, s: 2 * v * s),
    "cot": (lambda u: 1 / np.tan(u), lambda u, v: -1 / np.sin(u) ** 2, lambda u, v, s: -2 * v * s),
    "sec": (
        lambda u: 1 / np.cos(u),
        lambda u, v: v * np.tan(u),
        lambda u, v, s: s * np.tan(u) + v**3,
    ),
    "csc": (
        lambda u: 1 / np.sin(u),
        lambda u, v: -v / np.tan(u),
        lambda u, v, s: -s / np.tan(u) + v**3,
    ),
    "asin": (np.arcsin, lambda u, v: 1 / _inside(u), lambda u, v, s: u * s**3),
    "acos": (np.arccos, lambda u, v: -1 / _inside(u), lambda u, v, s: u * s**3),
    "atan": (np.arctan, lambda u, v: 1 / (1 + u * u), lambda u, v, s: -2 * u * s * s),
    "acot": (
        lambda u: np.arctan(1 / u),
        lambda u, v: -1 / (1 + u * u),
        lambda u, v, s: 2 * u * s * s,
    ),
    "asec": (
        lambda u: np.arccos(1 / u),
        lambda u, v: 1 / (np.abs(u) * _outside(u)),
        lambda u, v, s: -s / u - s * u / (u * u - 1),
    ),
    "acsc": (
        lambda u: np.arcsin(1 / u),
        lambda u, v: -1 / (np.abs(u) * _outside(u)),
        lambda u, v, s: -s / u - s * u / (u * u - 1),
    ),
    "sinh": (np.sinh, lambda u, v: np.cosh(u), lambda u, v, s: v),
    "cosh": (np.cosh, lambda u, v: np.sinh(u), lambda u, v, s: v),
    "tanh": (np.tanh, lambda u, v: 1 / np.cosh(u) ** 2, lambda u, v, s: -2 * v * s),
    "coth": (
        lambda u: 1 / np.tanh(u),
        lambda u, v: -1 / np.sinh(u) ** 2,
        lambda u, v, s: -2 * v * s,
    ),
    "sech": (
        lambda u: 1 / np.cosh(u),
        lambda u, v: -v * np.tanh(u),
        lambda u, v, s: v * (2 * np.tanh(u) ** 2 - 1),
    ),
    "csch": (
        lambda u: 1 / np.sinh(u),
        lambda u, v: -v / np.tanh(u),
        lambda u, v, s: v * (2 / np.tanh(u) ** 2 - 1),
    ),
    "asinh": (np.arcsinh, lambda u, v: 1 / np.sqrt(1 + u * u), lambda u, v, s: -u * s**3),
    "acosh": (np.arccosh, lambda u, v: 1 / _outside(u), lambda u, v, s: -u * s**3),
    "atanh": (
        np.arctanh,
        lambda u, v: 1 / _inside(u) ** 2,
        lambda u, v, s: 2 * u * s * s,
    ),
    "acoth": (
        lambda u: np.arctanh(1 / u),
        lambda u, v: -1 / _outside(u) ** 2,
        lambda u, v, s: 2 * u * s * s,
    ),
    "asech": (
        lambda u: np.arccosh(1 / u),
        lambda u, v: -1 / (_positive(u) * _inside(u)),
        lambda u, v, s: -s / u + s * u / (1 - u * u),
    ),
    "acsch": (
        lambda u: np.arcsinh(1 / u),
        lambda u, v: -1 / (np.abs(u) * np.sqrt(1 + u * u)),
        lambda u, v, s: -s / u - s * u / (1 + u * u),
    ),
    "erf": (special.erf, lambda u, v: 2 / ROOT_PI * np.exp(-u * u), lambda u, v, s: -2 * u * s),
    "erfc": (special.erfc, lambda u, v: -2 / ROOT_PI * np.exp(-u * u), lambda u, v, s: -2 * u * s),
    "erfinv": (
        special.erfinv,
        lambda u, v: ROOT_PI / 2 * np.exp(v * v),
        lambda u, v, s: 2 * v * s * s,
    ),
    "normpdf": (_pdf, lambda u, v: -u * v, lambda u, v, s: (u * u - 1) * v),
    "normcdf": (special.ndtr, lambda u, v: _pdf(u), lambda u, v, s: -u * s),
    "gamma": (
        special.gamma,
        lambda u, v: v * special.digamma(u),
        lambda u, v, s: v * (special.digamma(u) ** 2 + _polygamma(1, u)),
    ),
    "lgamma": (
        lambda u: special.gammaln(_positive(u)),
        lambda u, v: special.digamma(_positive(u)),
        lambda u, v, s: _polygamma(1, u),
    ),
    "digamma": (
        special.digamma,
        lambda u, v: _polygamma(1, u),
        lambda u, v, s: _polygamma(2, u),
    ),
    "abs": (np.abs, lambda u, v: np.sign(u), _zero),
    "sign": (np.sign, _zero, _zero),
    "heaviside": (lambda u: np.where(np.isnan(u), np.nan, u >= 0), _zero, _zero),
    "floor": (np.floor, _zero, _zero),
    "ceil": (np.ceil, _zero, _zero),
    "round": (lambda u: np.floor(u + 0.5), _zero, _zero),
    "trunc": (np.trunc, _zero, _zero),
}
"""Functions of one argument with two derivatives, in float64."""

SWITCHES = frozenset({"abs", "sign", "heaviside"})
STEPS = frozenset({"floor", "ceil", "round", "trunc"})


# --- programs -----------------------------------------------------------------------------------
class Program:
    """A formula as a list of operations, each on results before it.

    Attributes:
        rows: kind, numbers of the arguments, and what the node holds.
    """

    __slots__ = ("_free", "rows")

    def __init__(self, rows: list[tuple[str, tuple[int, ...], Any]]) -> None:
        self.rows = rows
        self._free: list[bool] | None = None

    @property
    def free(self) -> list[bool]:
        """Of each row, whether a letter is in it."""
        if self._free is None:
            self._free = []
            for kind, args, _ in self.rows:
                self._free.append(kind == "symbol" or any(self._free[i] for i in args))
        return self._free

    @classmethod
    def of_tree(cls, root: Tree) -> Program:
        rows: list[tuple[str, tuple[int, ...], Any]] = []
        place: dict[int, int] = {}
        for node in walk(root):
            args = tuple([place[id(arg)] for arg in node.args])
            if node.kind == "call" and is_catalogue_name(node.own):
                known = definition(node.own)
                given = dict(zip((s.name for s in known.symbols), args, strict=False))
                formula = expand_all(known.expr)
                defaults = {s.name: value for s, value in known.defaults.items()}
                place[id(node)] = _append(rows, formula, given, defaults)
            else:
                rows.append((node.kind, args, node.own))
                place[id(node)] = len(rows) - 1
        return cls(rows)

    def with_numbers(self, factors: Sequence[Fraction]) -> Program:
        """The same with all numbers but small whole ones times one factor after the other."""
        turn = cycle(factors)
        return Program(
            [
                (kind, args, (own[0] * next(turn), False))
                if kind == "number" and not (own[0].denominator == 1 and abs(own[0]) < 100)
                else (kind, args, own)
                for kind, args, own in self.rows
            ]
        )

    @classmethod
    def of_expr(cls, root: Expr) -> Program:
        rows: list[tuple[str, tuple[int, ...], Any]] = []
        last = _append(rows, expand_all(root), {}, {})
        return cls(rows[: last + 1])


def _append(
    rows: list[tuple[str, tuple[int, ...], Any]],
    root: Expr,
    given: Mapping[str, int],
    defaults: Mapping[str, Expr],
) -> int:
    """Adds the rows of an expression of chainrule's; symbols may be results that stand already."""
    place: dict[Expr, int] = {}
    for node in postorder(root):
        args = tuple([place[arg] for arg in node.args])
        own: Any = None
        match node:
            case Symbol(name):
                if name in given:
                    place[node] = given[name]
                    continue
                if name in defaults:
                    place[node] = _append(rows, defaults[name], {}, {})
                    continue
                kind, own = "symbol", name
            case Number(value):
                kind, own = "number", (Fraction(value), node.decimal)
            case Constant(name):
                kind, own = "constant", name
            case Sum():
                kind = "add"
            case Product():
                kind = "mul"
            case Quotient():
                kind = "div"
            case Power():
                kind = "pow"
            case Call(name):
                kind, own = "call", name
            case Comparison(operators):
                kind, own = "compare", operators
            case Piecewise():
                kind = "cases"
            case _:
                raise TypeError(f"no value for {node!r}")
        rows.append((kind, args, own))
        place[node] = len(rows) - 1
    return place[root]


# --- on a grid ----------------------------------------------------------------------------------
class Grid:
    """Values at many points, with derivatives if letters are given to differentiate by.

    Attributes:
        value: of the formula; nan where it is undefined.
        first: its derivative by the first letter, ``None`` if that is 0 everywhere.
        second: its derivative by the second letter.
        mixed: the one by both.
        switches: for each point a number that tells which way each case, |u|, max, … went.
        signs: the same for the sign of every part of the formula.
    """

    __slots__ = ("first", "mixed", "second", "signs", "switches", "value")

    def __init__(self, parts: Dual, switches: Array, signs: Array) -> None:
        self.value = parts[0]
        # Where the formula is undefined so are its derivatives.
        hole = self.value * 0
        self.first, self.second, self.mixed = (None if p is None else p + hole for p in parts[1:])
        self.switches = switches
        self.signs = signs


Dual = tuple[Array, Array, Array, Array]
"""A value and its derivatives by the first, by the second, and by both; ``None`` for 0."""


def on_grid(
    program: Program,
    values: Mapping[str, Array],
    by: tuple[str, str] | None = None,
    paths: bool = False,
) -> Grid:
    """The formula at all points.

    Args:
        program: the formula.
        values: an array for each letter.
        by: the two letters to differentiate by, maybe the same.
        paths: whether to tell which way each point goes.
    """
    shape = next(iter(values.values())).shape
    one = np.ones(shape)
    found: list[Any] = []
    switches = np.zeros(shape, np.int64)
    signs = np.zeros(shape, np.int64)
    for kind, args, own in program.rows:
        match kind:
            case "symbol":
                first = one if by is not None and own == by[0] else None
                second = one if by is not None and own == by[1] else None
                found.append((values[own], first, second, None))
            case "number":
                found.append((np.full(shape, float(own[0])), None, None, None))
            case "constant":
                found.append((np.full(shape, np.e if own == "e" else np.pi), None, None, None))
            case "compare":
                found.append(_compared(own, [found[i][0] for i in args]))
            case "same":
                found.append(found[args[0]])
            case "undefined" | "cases" if not args:
                found.append((np.full(shape, np.nan), None, None, None))
            case "and":
                (one_holds, one_valid), (holds, valid) = (found[i] for i in args)
                found.append((one_holds & holds, one_valid & valid))
            case "cases":
                found.append(_chosen([found[i] for i in args]))
            case "call" if len(args) == 1:
                found.append(_unary(own, found[args[0]]))
            case _:
                found.append(_operation(kind, own, [found[i] for i in args]))
        if paths:
            if kind == "compare":
                way = found[-1][0].astype(np.int64)
            elif kind == "call" and own in STEPS:
                way = np.nan_to_num(np.clip(found[-1][0], -1e6, 1e6)).astype(np.int64)
            elif kind == "call" and own in SWITCHES:
                way = _sign(found[args[0]][0])
            elif kind == "call" and own in ("max", "min"):
                way = _sign(found[args[0]][0] - found[args[1]][0])
            else:
                way = None
            if way is not None:
                switches = switches * 31 + way + 1
            if kind not in ("compare", "and") and args:
                signs = signs * 5 + _sign(found[-1][0]) + 1
    return Grid(found[-1], switches, signs)


def _sign(value: Array) -> Array:
    return (value > 0).astype(np.int64) - (value < 0)


def _plus(a: Array, b: Array) -> Array:
    return b if a is None else a if b is None else a + b


def _times(a: Array, b: Array) -> Array:
    return None if a is None or b is None else a * b


def _over(a: Array, b: Array) -> Array:
    return None if a is None else a / b


def _product(a: Dual, b: Dual) -> Dual:
    mixed = _plus(_times(a[1], b[2]), _times(a[2], b[1]))
    mixed = _plus(mixed, _plus(_times(a[3], b[0]), _times(a[0], b[3])))
    first = _plus(_times(a[1], b[0]), _times(a[0], b[1]))
    second = first if a[1] is a[2] and b[1] is b[2] else None
    if second is None:
        second = _plus(_times(a[2], b[0]), _times(a[0], b[2]))
    return a[0] * b[0], first, second, mixed


def _chain(value: Array, slope: Array, curve: Array, u: Dual) -> Dual:
    """g(u), from g, g′ and g″ at u."""
    mixed = _plus(_times(slope, u[3]), _times(curve, _times(u[1], u[2])))
    first = _times(slope, u[1])
    return value, first, first if u[1] is u[2] else _times(slope, u[2]), mixed


def _unary(name: str, u: Dual) -> Dual:
    function, slope, curve = ROWS[name]
    value = function(u[0])
    if u[1] is None and u[2] is None:
        return value, None, None, None
    rise = slope(u[0], value)
    second = curve(u[0], value, rise) if u[1] is not None and u[2] is not None else None
    return _chain(value, rise, second, u)


def _operation(kind: str, own: Any, args: Sequence[Dual]) -> Dual:
    match kind:
        case "add":
            total = args[0]
            for arg in args[1:]:
                total = _added(total, arg)
            return total
        case "sub":
            return _added(args[0], _negative(args[1]))
        case "neg":
            return _negative(args[0])
        case "mul":
            total = args[0]
            for arg in args[1:]:
                total = _product(total, arg)
            return total
        case "div":
            below = args[1]
            rest = 1 / below[0]
            if below[1] is None and below[2] is None:
                value, first, second, mixed = args[0]
                first, second = _over(first, below[0]), _over(second, below[0])
                return value / below[0], first, second, _over(mixed, below[0])
            inverse = _chain(rest, -rest * rest, 2 * rest**3, below)
            value, *slopes = _product(args[0], inverse)
            return args[0][0] / below[0], *slopes
        case "pow":
            return _raised(*args)
    return _two(own, *args)


def _added(a: Dual, b: Dual) -> Dual:
    return a[0] + b[0], _plus(a[1], b[1]), _plus(a[2], b[2]), _plus(a[3], b[3])


def _negative(a: Dual) -> Dual:
    value, first, second, mixed = (None if part is None else -part for part in a)
    return value, first, second, mixed


def _raised(base: Dual, exponent: Dual) -> Dual:
    if exponent[1] is None and exponent[2] is None:
        n = exponent[0]
        value = np.power(base[0], n)
        if base[1] is None and base[2] is None:
            return value, None, None, None
        slope = np.where(n == 0, 0, n * np.power(base[0], n - 1))
        curve = np.where((n == 0) | (n == 1), 0, n * (n - 1) * np.power(base[0], n - 2))
        return _chain(value, slope, curve, base)
    value = np.power(base[0], exponent[0])
    inner = _product(exponent, _unary("log", base))
    return _chain(value, value, value, inner)


def _two(name: str, u: Dual, v: Dual) -> Dual:
    match name:
        case "max" | "min":
            larger = u[0] >= v[0] if name == "max" else u[0] <= v[0]
            valid = ~(np.isnan(u[0]) | np.isnan(v[0]))
            return _chosen([u, (larger, valid), v])
        case "atan2":
            value = np.arctan2(u[0], v[0])
            square = u[0] * u[0] + v[0] * v[0]
            if all(part is None for part in (u[1], u[2], v[1], v[2])):
                return value, None, None, None
            over = _chain(1 / square, -1 / square**2, 2 / square**3, _squares(u, v))
            by_u, by_v = _product(v, over), _negative(_product(u, over))
            mixed = _plus(_times(by_u[0], u[3]), _times(by_v[0], v[3]))
            mixed = _plus(mixed, _plus(_times(by_u[2], u[1]), _times(by_v[2], v[1])))
            first = _plus(_times(by_u[0], u[1]), _times(by_v[0], v[1]))
            return value, first, _plus(_times(by_u[0], u[2]), _times(by_v[0], v[2])), mixed
        case "logb":
            return _operation("div", None, [_unary("log", u), _unary("log", v)])
        case "polygamma":
            n = int(u[0].flat[0])
            value, slope, curve = (_polygamma(n + i, v[0]) for i in range(3))
            return _chain(value, slope, curve, v)
    raise TypeError(f"no value for {name}")


def _squares(u: Dual, v: Dual) -> Dual:
    return _added(_product(u, u), _product(v, v))


def _compared(operators: Sequence[str], args: Sequence[Array]) -> tuple[Array, Array]:
    """Where the comparison holds, and where it can be told."""
    holds = np.ones(args[0].shape, bool)
    for operator, left, right in zip(operators, args, args[1:], strict=False):
        holds &= COMPARE[operator](left, right)
    valid = ~np.isnan(sum(args[1:], args[0] * 0))
    return holds, valid


def _chosen(args: Sequence[Any]) -> Dual:
    """The first value whose condition holds; nan after a condition that cannot be told."""
    values = list(args[0::2])
    shape = values[0][0].shape
    undefined = np.full(shape, np.nan)
    total: list[Array] = list(values.pop()) if len(args) % 2 else [undefined, None, None, None]
    for value, (holds, valid) in reversed(list(zip(values, args[1::2], strict=True))):
        for i in range(4):
            if value[i] is None and total[i] is None:
                continue
            zero = 0.0 if i else undefined
            then = zero if value[i] is None else value[i]
            other = zero if total[i] is None else total[i]
            total[i] = np.where(holds, then, other)
            if i == 0:
                total[i] = np.where(valid, total[i], np.nan)
    return total[0], total[1], total[2], total[3]


# --- with as many digits as wanted ---------------------------------------------------------------
class UndefinedError(Exception):
    """The formula has no real value there."""


class UnknownError(UndefinedError):
    """It is beyond what can be computed in reasonable time."""


class ImpreciseError(Exception):
    """A derivative of which too few digits are known.

    Attributes:
        value: what came out.
        error: by about how much it may be wrong.
    """

    def __init__(self, value: Any, error: Any) -> None:
        super().__init__(value, error)
        self.value, self.error = value, error


def exact(program: Program, values: Mapping[str, Any], path: list[Any] | None = None) -> Any:
    """The value at one point in mpmath's current precision.

    Args:
        program: the formula.
        values: mpmath numbers by letter.
        path: receives which way each case, |u|, max, … went.

    Raises:
        UndefinedError: there is none.
        UnknownError: it would take too long.
    """
    found: list[Any] = []
    for kind, args, own in program.rows:
        given = [found[i] for i in args]
        if kind == "cases":
            found.append(_case(given))
        elif kind == "undefined" or any(arg is None for arg in given):
            found.append(None)
        else:
            value = _number(kind, own, given, values)
            # (−2)^n at n = 1 is a power; whether (−2)^(cos x/cos x) is one can be disputed, and
            # so can 0^(x − x).
            varies = (
                kind == "pow" and program.free[args[1]] and program.rows[args[1]][0] != "symbol"
            )
            if varies and value is not None and (given[0] < 0 or not any(given)):
                raise UnknownError
            if path is not None and (own in SWITCHES or own in STEPS or kind == "compare"):
                path.append(value if kind == "compare" else MPMATH["sign"](given[0]))
                if own in STEPS:
                    path.append(value)
            if path is not None and own in ("max", "min"):
                path.append(MPMATH["sign"](given[0] - given[1]))
            if path is not None and own == "atan2":
                path += [MPMATH["sign"](arg) for arg in given]
            found.append(value)
    if found[-1] is None:
        raise UndefinedError
    return found[-1]


def _case(args: Sequence[Any]) -> Any:
    for value, condition in zip(args[0::2], args[1::2], strict=False):
        if condition is None:
            return None
        if condition:
            return value
    return args[-1] if len(args) % 2 else None


def _number(kind: str, own: Any, args: Sequence[Any], values: Mapping[str, Any]) -> Any:
    """One operation; ``None`` where it is undefined."""
    match kind:
        case "number":
            return mpmath.mpf(own[0].numerator) / own[0].denominator
        case "constant":
            return +mpmath.e if own == "e" else +mpmath.pi
        case "symbol":
            return values[own]
        case "add":
            return mpmath.fsum(args)
        case "sub":
            return args[0] - args[1]
        case "neg":
            return -args[0]
        case "same":
            return args[0]
        case "mul":
            return mpmath.fprod(args)
        case "div":
            return args[0] / args[1] if args[1] else None
        case "pow":
            return _power(*args)
        case "and":
            return args[0] and args[1]
        case "compare":
            pairs = zip(own, args, args[1:], strict=False)
            return all(COMPARE[operator](a, b) for operator, a, b in pairs)
    if abs(args[-1]) > LARGEST_ARGUMENT.get(own, mpmath.inf):
        raise UnknownError
    if own in GAMMAS and mpmath.mp.dps > MOST_DIGITS:
        raise UnknownError
    if own == "acot" and not args[0]:
        # π/2 by agreement; as the inverse tangent of 1/u it has no value.
        raise UnknownError
    try:
        value = MPMATH[own](*args)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return value if isinstance(value, mpmath.mpf) and mpmath.isfinite(value) else None


LARGEST = 10**8
"""An exponent of e above this one is beyond any number that is of interest."""
GAMMAS = "gamma", "lgamma", "digamma", "polygamma"
MOST_DIGITS = 1000
"""With more of them each of ``GAMMAS`` takes mpmath a second."""
LARGEST_ARGUMENT = {
    **dict.fromkeys(("exp", "expm1", "sinh", "cosh", "tanh", "coth", "sech", "csch"), LARGEST),
    **dict.fromkeys(("sin", "cos", "tan", "cot", "sec", "csc"), 10**40),
    **dict.fromkeys(GAMMAS, 1000),
    **dict.fromkeys(("erf", "erfc", "normpdf", "normcdf"), 1000),
}
"""Beyond these mpmath takes its time; there the value counts as unknown."""


def _power(base: Any, exponent: Any) -> Any:
    if base == 0 and exponent < 0:
        return None
    if base < 0 and not mpmath.isint(exponent):
        return None
    if base and abs(exponent * mpmath.log(abs(base))) > LARGEST:
        raise UnknownError
    return mpmath.power(base, exponent)


FEW_DIGITS = mpmath.mpf(10) ** -14


def slope(program: Program, values: Mapping[str, Any], by: Sequence[str], digits: int) -> Any:
    """The derivative by each of ``by`` (one or two letters), by central differences.

    Raises:
        UndefinedError: the formula switches or ends within the small step that is taken.
        ImpreciseError: the formula's values are too large for so many digits.
    """
    with mpmath.workdps(digits):
        step = mpmath.mpf(10) ** (-digits // (2 + len(by)))
        wide = {name: step * max(1, abs(values[name])) for name in by}
        paths: set[tuple[Any, ...]] = set()
        sizes: list[Any] = []

        def at(*steps: tuple[str, int]) -> Any:
            moved = dict(values)
            for name, sign in steps:
                moved[name] += sign * wide[name]
            path: list[Any] = []
            value = exact(program, moved, path)
            paths.add(tuple(path))
            sizes.append(abs(value))
            return value

        first, last = by[0], by[-1]
        if len(by) == 1:
            at()
            result = (at((first, 1)) - at((first, -1))) / (2 * wide[first])
        elif first == last:
            result = (at((first, 1)) - 2 * at() + at((first, -1))) / wide[first] ** 2
        else:
            corners = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
            total = [a * b * at((first, a), (last, b)) for a, b in corners]
            result = sum(total) / (4 * wide[first] * wide[last])
        if len(paths) > 1:
            raise UndefinedError
        width = wide[first] if len(by) == 1 else wide[first] * wide[last]
        noise = max(sizes) * mpmath.mpf(10) ** -digits / width
        if noise > abs(result) * FEW_DIGITS and noise > FEW_DIGITS**2:
            raise ImpreciseError(result, noise)
        return result
