"""Python functions as expressions: call them once with a tracer and see what they do to it.

    >>> import numpy as np
    >>> expr, (x,) = trace(lambda x: 1 / (1 + np.exp(-x)))
    >>> type(expr).__name__, x.name
    ('Quotient', 'x')

Operators, NumPy functions and PyTorch functions keep their shape. What a formula cannot follow,
such as a branch on a value or a function of ``math`` or JAX, is an ``InputError`` that says what
to write instead.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NoReturn, SupportsIndex

from chainrule.errors import InputError
from chainrule.expr.nodes import PI, Call, Comparison, E, Expr, Number, Quotient, Symbol
from chainrule.parsing import torch_functions
from chainrule.parsing.reader import symbol_named
from chainrule.parsing.ufuncs import (
    apply,
    both,
    cases,
    floor_quotient,
    larger,
    negated,
    opposite,
    plus,
    raised,
    remainder,
    sinc,
    smaller,
    times,
)


class Tracer:
    """Stands for a number while a function runs, and records what becomes of it."""

    __slots__ = ("expr",)

    def __init__(self, expr: Expr) -> None:
        self.expr = expr

    def __repr__(self) -> str:
        return f"Tracer({self.expr})"

    # --- operators ------------------------------------------------------------------------
    def __add__(self, other: object) -> Tracer:
        return Tracer(plus(self.expr, to_expr(other)))

    def __radd__(self, other: object) -> Tracer:
        return Tracer(plus(to_expr(other), self.expr))

    def __sub__(self, other: object) -> Tracer:
        return Tracer(plus(self.expr, negated(to_expr(other))))

    def __rsub__(self, other: object) -> Tracer:
        return Tracer(plus(to_expr(other), negated(self.expr)))

    def __mul__(self, other: object) -> Tracer:
        return Tracer(times(self.expr, to_expr(other)))

    def __rmul__(self, other: object) -> Tracer:
        return Tracer(times(to_expr(other), self.expr))

    def __truediv__(self, other: object) -> Tracer:
        return Tracer(Quotient(self.expr, to_expr(other)))

    def __rtruediv__(self, other: object) -> Tracer:
        return Tracer(Quotient(to_expr(other), self.expr))

    def __floordiv__(self, other: object) -> Tracer:
        return Tracer(floor_quotient(self.expr, to_expr(other)))

    def __rfloordiv__(self, other: object) -> Tracer:
        return Tracer(floor_quotient(to_expr(other), self.expr))

    def __mod__(self, other: object) -> Tracer:
        return Tracer(remainder(self.expr, to_expr(other)))

    def __rmod__(self, other: object) -> Tracer:
        return Tracer(remainder(to_expr(other), self.expr))

    def __pow__(self, other: object) -> Tracer:
        return Tracer(raised(self.expr, to_expr(other)))

    def __rpow__(self, other: object) -> Tracer:
        return Tracer(raised(to_expr(other), self.expr))

    def __neg__(self) -> Tracer:
        return Tracer(negated(self.expr))

    def __pos__(self) -> Tracer:
        return self

    def __abs__(self) -> Tracer:
        return Tracer(Call("abs", (self.expr,)))

    def __floor__(self) -> Tracer:
        return Tracer(Call("floor", (self.expr,)))

    def __ceil__(self) -> Tracer:
        return Tracer(Call("ceil", (self.expr,)))

    def __trunc__(self) -> Tracer:
        return Tracer(Call("trunc", (self.expr,)))

    def __round__(self, digits: SupportsIndex | None = None) -> Tracer:
        if digits is not None:
            raise InputError("rounding to decimal places cannot be traced")
        return Tracer(Call("round", (self.expr,)))

    # --- comparisons ------------------------------------------------------------------------
    def __lt__(self, other: object) -> Tracer:
        return Tracer(Comparison(("<",), (self.expr, to_expr(other))))

    def __le__(self, other: object) -> Tracer:
        return Tracer(Comparison(("<=",), (self.expr, to_expr(other))))

    def __gt__(self, other: object) -> Tracer:
        return Tracer(Comparison((">",), (self.expr, to_expr(other))))

    def __ge__(self, other: object) -> Tracer:
        return Tracer(Comparison((">=",), (self.expr, to_expr(other))))

    def __eq__(self, other: object) -> Tracer:  # type: ignore[override]
        return Tracer(Comparison(("==",), (self.expr, to_expr(other))))

    def __ne__(self, other: object) -> Tracer:  # type: ignore[override]
        return Tracer(Comparison(("!=",), (self.expr, to_expr(other))))

    __hash__ = object.__hash__

    def __and__(self, other: object) -> Tracer:
        return Tracer(both(self.expr, to_expr(other)))

    def __invert__(self) -> Tracer:
        return Tracer(opposite(self.expr))

    # --- NumPy --------------------------------------------------------------------------------
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: object, **kwargs: object) -> Tracer:
        name = ufunc.__name__
        if method != "__call__":
            raise InputError(f"np.{name}.{method} works on arrays; a formula has one number")
        _refuse_options(name, kwargs)
        return Tracer(apply(name, tuple(to_expr(value) for value in inputs)))

    def __array_function__(
        self, function: Any, types: object, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Tracer:
        name = function.__name__
        meaning = _FUNCTIONS.get(name)
        if meaning is None:
            raise InputError(f"np.{name} cannot be traced")
        return Tracer(meaning(*args, **kwargs))

    # --- PyTorch ------------------------------------------------------------------------------
    @classmethod
    def __torch_function__(
        cls, function: Any, types: object, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Tracer:
        name, options = function.__name__, dict(kwargs or {})
        meaning = _TORCH.get(name)
        if meaning is not None:
            return Tracer(meaning(*args, **options))
        options.pop("inplace", None)
        given = {key: v if isinstance(v, str) else to_expr(v) for key, v in options.items()}
        return Tracer(torch_functions.apply(name, tuple(to_expr(arg) for arg in args), given))

    # --- what a formula cannot do -------------------------------------------------------------
    def __bool__(self) -> bool:
        raise InputError(
            f"Python cannot decide whether {_shown(self.expr)}: it is a formula, not a number",
            hint="instead of `if`, `and` or `max`, write np.where(condition, value, otherwise), "
            "np.maximum or np.clip",
        )

    def __float__(self) -> float:
        _refuse_number(self.expr)

    def __int__(self) -> int:
        _refuse_number(self.expr)

    def __index__(self) -> int:
        _refuse_number(self.expr)

    def __complex__(self) -> complex:
        _refuse_number(self.expr)

    def __array__(self, dtype: object = None, copy: object = None) -> NoReturn:
        raise InputError(
            f"{_shown(self.expr)} cannot be put into an array: a formula has one number",
            hint="derive the function of one element",
        )

    def _sympy_(self) -> NoReturn:
        _refuse_number(self.expr, "SymPy")

    def __iter__(self) -> NoReturn:
        raise InputError(f"{_shown(self.expr)} is one number, not a sequence")

    def __getitem__(self, index: object) -> NoReturn:
        raise InputError(f"{_shown(self.expr)} is one number and has no elements")


def trace(function: Callable[..., Any]) -> tuple[Expr, tuple[Symbol, ...]]:
    """What ``function`` computes, and its parameters as symbols in their order.

    Parameters with defaults become symbols too.

    Raises:
        InputError: the function branches on its argument, needs a real float or an array, or
            does not return one number.
    """
    # What Numba compiled keeps the function that it was made of.
    function = getattr(function, "py_func", function)
    parameters = _parameters(function)
    positional = [Tracer(symbol) for name, symbol in parameters if not name]
    keywords = {name: Tracer(symbol) for name, symbol in parameters if name}
    try:
        result = function(*positional, **keywords)
    except (TypeError, AttributeError, ValueError, NotImplementedError) as problem:
        # Somebody else's code, and it is not made for what stands for a number here.
        raise InputError(
            f"the function cannot be followed: {_first_line(problem)}",
            hint="operators can be, and functions of one number of NumPy and PyTorch, such as "
            "np.exp or torch.nn.functional.silu; for those of JAX write NumPy's",
        ) from problem
    if result is None:
        raise InputError("the function returns nothing", hint="is a `return` missing?")
    return to_expr(result), tuple(symbol for _, symbol in parameters)


def _parameters(function: Callable[..., Any]) -> list[tuple[str, Symbol]]:
    """Pairs of keyword ("" where it is passed by position) and symbol."""
    count = getattr(function, "nin", None)
    if count is not None:
        return [("", Symbol(letter)) for letter in ("x", "y", "z")[:count]]
    try:
        signature = inspect.signature(function)
    except ValueError:
        raise InputError(
            f"Python does not say which arguments {function!r} takes",
            hint="wrap it: lambda x: …",
        ) from None
    found: list[tuple[str, Symbol]] = []
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise InputError(
                f"the function takes any number of arguments ({parameter})",
                hint="name its arguments: lambda x, a: …",
            )
        keyword = parameter.name if parameter.kind is parameter.KEYWORD_ONLY else ""
        symbol = symbol_named(parameter.name)
        if any(symbol is other for _, other in found):
            raise InputError(f"two parameters of the function would both be {symbol.name}")
        found.append((keyword, symbol))
    return found


def _first_line(problem: Exception) -> str:
    text = str(problem).partition("\n")[0]
    return text if len(text) <= 100 else f"{text[:99]}…"


# --- values -------------------------------------------------------------------------------------
def to_expr(value: object) -> Expr:
    """An expression for what the function computes with.

    A float stands for the decimal that Python prints for it; ``math.pi`` and ``math.e`` for
    themselves.

    Raises:
        InputError: the value is not one finite real number.
    """
    match value:
        case Tracer():
            return value.expr
        case Expr():
            return value
        case bool() | int():
            return Number(int(value))
        case float():
            return _decimal(value, repr(float(value)))
        case Fraction():
            return Number(value)
        case Decimal():
            return _decimal(value, str(value))
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        # NumPy's scalars and arrays without axes: their own digits, not those of a double.
        plain = value.item()
        own_digits = type(value).__module__.partition(".")[0] != "torch"
        digits = str(value) if own_digits else repr(plain)
        return _decimal(plain, digits) if type(plain) is float else to_expr(plain)
    raise InputError(
        f"a formula works with single numbers, and this is a {type(value).__name__}",
        hint="derive a function of single numbers, such as lambda x, a: a*x**2",
    )


def _decimal(value: float | Decimal, digits: str) -> Expr:
    if not math.isfinite(value):
        raise InputError(f"{digits} is not a number that a formula can contain")
    if value == math.pi:
        return PI
    if value == math.e:
        return E
    return Number(Fraction(digits), decimal=True)


# --- NumPy's functions that are no ufuncs: name → expression of the raw arguments ---------------
def _where(condition: object, value: object = None, otherwise: object = None) -> Expr:
    if value is None or otherwise is None:
        raise InputError("np.where of a condition alone gives indices, not a formula")
    return _select([condition], [value], otherwise)


def _select(conditions: Sequence[object], values: Sequence[object], default: object = 0) -> Expr:
    pairs: list[tuple[Expr, Expr]] = []
    for condition, value in zip(conditions, values, strict=True):
        if isinstance(condition, Tracer):
            pairs.append((to_expr(value), condition.expr))
        elif condition:
            return cases(pairs, to_expr(value))
    return cases(pairs, to_expr(default))


def _piecewise(x: object, conditions: Sequence[object], functions: Sequence[Any]) -> Expr:
    values = [function(x) if callable(function) else function for function in functions]
    default = values[-1] if len(values) > len(conditions) else 0
    return _select(conditions, values[: len(conditions)], default)


def _clip(
    a: object, a_min: object = None, a_max: object = None, *, min: object = None, max: object = None
) -> Expr:
    """``np.clip``; its bounds may be left out, or infinite."""
    clipped = to_expr(a)
    low, high = (a_min if a_min is not None else min), (a_max if a_max is not None else max)
    if low is not None and not _is_infinite(low):
        clipped = larger(clipped, to_expr(low))
    if high is not None and not _is_infinite(high):
        clipped = smaller(clipped, to_expr(high))
    return clipped


def _is_infinite(bound: object) -> bool:
    return isinstance(bound, float) and math.isinf(bound)


def _round(a: object, decimals: int = 0) -> Expr:
    return to_expr(round(Tracer(to_expr(a)), decimals or None))


_FUNCTIONS: dict[str, Callable[..., Expr]] = {
    "where": _where,
    "select": _select,
    "piecewise": _piecewise,
    "clip": _clip,
    "round": _round,
    "around": _round,
    "fix": lambda x: Call("trunc", (to_expr(x),)),
    "sinc": lambda x: sinc(to_expr(x)),
}


_TORCH: dict[str, Callable[..., Expr]] = {"where": _where, "clamp": _clip, "clip": _clip}


# --- refusals -------------------------------------------------------------------------------------
def _shown(expr: Expr, width: int = 60) -> str:
    text = str(expr)
    return text if len(text) <= width else text[: width - 1] + "…"


def _refuse_number(expr: Expr, library: str = "`math`") -> NoReturn:
    raise InputError(
        f"{_shown(expr)} has no value yet: functions of {library} need a number",
        hint="use NumPy's function of the same name: np.exp instead of math.exp",
    )


def _refuse_options(name: str, options: dict[str, object]) -> None:
    if options:
        raise InputError(f"np.{name} is traced without {', '.join(options)}")
