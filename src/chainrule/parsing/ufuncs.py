"""What NumPy's and SciPy's functions mean as expressions, by name.

The shapes are those the parser gives to the same formula as text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chainrule.errors import InputError
from chainrule.expr import catalogue, functions
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    PI,
    TWO,
    ZERO,
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
)
from chainrule.expr.relations import MIRRORED, NEGATED
from chainrule.parsing.names import spellings


def apply(name: str, args: tuple[Expr, ...]) -> Expr:
    """The ufunc ``name`` of NumPy or ``scipy.special`` of its arguments.

    Raises:
        InputError: chainrule has no such function.
    """
    shape = _SHAPES.get(name)
    if shape is not None:
        return shape(*args)
    row = functions.BY_NAME.get(_ELEMENTARY.get(name, ""))
    if row is not None and row.arity == len(args):
        return Call(row.name, args)
    entry = catalogue.BY_NAME.get(catalogue.SPELLINGS.get(name, ""))
    if entry is not None and len(entry.symbols) == len(args) == 1:
        return Call(entry.name, args)
    raise InputError(f"{name} is not a function that can be traced")


# --- shapes -------------------------------------------------------------------------------------
def plus(left: Expr, right: Expr) -> Expr:
    """left + right; a sum on the left goes on, one on the right was bracketed."""
    terms = left.args if type(left) is Sum else (left,)
    return Sum((*terms, right))


def times(left: Expr, right: Expr) -> Expr:
    """left · right; a product on the left goes on, one on the right was bracketed."""
    factors = left.args if type(left) is Product else (left,)
    return Product((*factors, right))


def negated(term: Expr) -> Expr:
    """−term; the sign goes to a number in front."""
    match term:
        case Number(value):
            return Number(-value, term.decimal)
        case Product((Number(value) as first, *rest)) if value > 0:
            return Product((Number(-value, first.decimal), *rest))
        case Product((first, *_)) if type(first) is not Number:
            return Product((MINUS_ONE, *term.args))
    return Product((MINUS_ONE, term))


def raised(base: Expr, exponent: Expr) -> Expr:
    """The power; a power of e is a call of ``exp``."""
    return Call("exp", (exponent,)) if base is E else Power(base, exponent)


def floor_quotient(left: Expr, right: Expr) -> Expr:
    """Python's ``//``."""
    return Call("floor", (Quotient(left, right),))


def remainder(left: Expr, right: Expr) -> Expr:
    """Python's ``%``, with the sign of the divisor."""
    return Sum((left, negated(times(right, floor_quotient(left, right)))))


def both(first: Expr, second: Expr) -> Expr:
    """Two conditions at once, where they are one chain: (0 < x) & (x < 1).

    Raises:
        InputError: they do not share a side.
    """
    for left in _readings(first):
        for right in _readings(second):
            if left.args[-1] is right.args[0]:
                return Comparison(left.operators + right.operators, left.args + right.args[1:])
            if right.args[-1] is left.args[0]:
                return Comparison(right.operators + left.operators, right.args + left.args[1:])
    raise InputError(
        "only conditions that make one chain, such as (0 < x) & (x < 1), can be joined",
        hint="nest np.where instead",
    )


def _readings(condition: Expr) -> list[Comparison]:
    """A comparison, and the same read from right to left; the ascending one first."""
    match condition:
        case Comparison(operators, args):
            mirrored = tuple(MIRRORED[operator] for operator in reversed(operators))
            readings = [condition, Comparison(mirrored, args[::-1])]
            return readings[::-1] if operators[0].startswith(">") else readings
    return []


def opposite(condition: Expr) -> Expr:
    """The condition that holds where ``condition`` does not."""
    match condition:
        case Comparison((operator,), args):
            return Comparison((NEGATED[operator],), args)
    raise InputError("only a single comparison can be negated")


def cases(pairs: Sequence[tuple[Expr, Expr]], otherwise: Expr) -> Expr:
    """The first value whose condition holds; cases in the last value go on with the list."""
    if not pairs:
        return otherwise
    rest = otherwise.args if type(otherwise) is Piecewise else (otherwise,)
    return Piecewise((*(part for pair in pairs for part in pair), *rest))


def larger(left: Expr, right: Expr) -> Expr:
    """max(left, right)."""
    return Call("max", (left, right))


def smaller(left: Expr, right: Expr) -> Expr:
    """min(left, right)."""
    return Call("min", (left, right))


def sinc(x: Expr) -> Expr:
    """NumPy's sinc, sin(πx)/(πx)."""
    angle = Product((PI, x))
    return Quotient(Call("sin", (angle,)), angle)


def step(x: Expr, at_zero: Expr) -> Expr:
    """The unit step with the given value at 0."""
    if at_zero is ONE:
        return Call("heaviside", (x,))
    return Piecewise((ONE, Comparison((">",), (x, ZERO)), at_zero, _compare("==", x, ZERO), ZERO))


def _compare(operator: str, left: Expr, right: Expr) -> Expr:
    return Comparison((operator,), (left, right))


def _comparison(operator: str) -> Callable[[Expr, Expr], Expr]:
    return lambda left, right: _compare(operator, left, right)


def _log_sum(function: str, base: Expr) -> Callable[[Expr, Expr], Expr]:
    def shape(left: Expr, right: Expr) -> Expr:
        return Call(function, (Sum((raised(base, left), raised(base, right))),))

    return shape


_SHAPES: dict[str, Callable[..., Expr]] = {
    "add": plus,
    "subtract": lambda left, right: plus(left, negated(right)),
    "multiply": times,
    "divide": Quotient,
    "true_divide": Quotient,
    "floor_divide": floor_quotient,
    "remainder": remainder,
    "power": raised,
    "pow": raised,
    "float_power": raised,
    "negative": negated,
    "positive": lambda x: x,
    "square": lambda x: Power(x, TWO),
    "reciprocal": lambda x: Quotient(ONE, x),
    "exp2": lambda x: Power(TWO, x),
    "hypot": lambda x, y: Call("sqrt", (Sum((Power(x, TWO), Power(y, TWO))),)),
    "logaddexp": _log_sum("log", E),
    "logaddexp2": _log_sum("log2", TWO),
    "heaviside": step,
    "deg2rad": lambda x: Quotient(Product((x, PI)), Number(180)),
    "radians": lambda x: Quotient(Product((x, PI)), Number(180)),
    "rad2deg": lambda x: Quotient(Product((x, Number(180))), PI),
    "degrees": lambda x: Quotient(Product((x, Number(180))), PI),
    "greater": _comparison(">"),
    "greater_equal": _comparison(">="),
    "less": _comparison("<"),
    "less_equal": _comparison("<="),
    "equal": _comparison("=="),
    "not_equal": _comparison("!="),
    "logical_and": both,
    "bitwise_and": both,
    "logical_not": opposite,
    "invert": opposite,
    # scipy.special
    "xlogy": lambda x, y: Product((x, Call("log", (y,)))),
    "xlog1py": lambda x, y: Product((x, Call("log1p", (y,)))),
    "log_ndtr": lambda x: Call("log", (Call("normcdf", (x,)),)),
    "rel_entr": lambda x, y: Product((x, Call("log", (Quotient(x, y),)))),
    "kl_div": lambda x, y: Sum((Product((x, Call("log", (Quotient(x, y),)))), negated(x), y)),
}
"""Functions that are no call of one of ours."""

_ELEMENTARY = spellings()
