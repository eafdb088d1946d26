"""Real values and derivatives of expressions, by mpmath: nothing of chainrule but the nodes.

A ``Point`` gives letters their values. What is not a real number there (a root of a negative
number, a pole, a case that is missing) is ``None``, and so is all that depends on it. Derivatives
are difference quotients in so many digits that they are right to some twenty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from random import Random
from typing import Any

import mpmath

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
    Unknown,
    postorder,
    symbols,
)
from oracle import COMPARE, MPMATH

DIGITS = 90
STEP_DIGITS = 20
# With fewer left, a difference quotient has no value.
ENOUGH = 15
# Beyond these powers of two a value counts as undefined: its exponential would fill the memory.
LARGEST, SMALLEST = 200_000, 10**15

Value = Any
"""An mpf, a truth value for a condition, or None."""


class Point:
    """Letters with values, and the values of all expressions asked for there.

    Attributes:
        letters: values by name.
        digits: how many are carried.
    """

    def __init__(self, letters: Mapping[str, Value], digits: int = DIGITS) -> None:
        self.letters = dict(letters)
        self.digits = digits
        self._found: dict[Expr, Value] = {}
        self._moved: dict[tuple[str, int], Point] = {}

    def __repr__(self) -> str:
        values = ", ".join(f"{k} = {mpmath.nstr(v, 8)}" for k, v in self.letters.items())
        return f"({values})"

    def value(self, expr: Expr) -> Value:
        """The value; ``None`` where it is no real number.

        Raises:
            KeyError: a letter without a value.
        """
        found = self._found
        if expr in found:
            return found[expr]
        with mpmath.workdps(self.digits):
            for node in _missing(expr, found):
                found[node] = self._of(node, [found[arg] for arg in node.args])
        return found[expr]

    def _of(self, node: Expr, args: list[Value]) -> Value:
        match node:
            case Symbol(name):
                return self.letters[name]
            case Unknown(name, (order,), ()):
                return self.prime(name, order)
            case Piecewise():
                return _chosen(args)
        if None in args:
            return None
        try:
            return _real(_computed(node, args))
        except (ZeroDivisionError, ValueError, OverflowError):
            return None

    def moved(self, letter: str, steps: int) -> Point:
        """The point at so many steps further on."""
        key = letter, steps
        if key not in self._moved:
            with mpmath.workdps(DIGITS):
                there = self.letters[letter] + steps * self.step(letter)
            self._moved[key] = self.at({**self.letters, letter: there})
        return self._moved[key]

    def step(self, letter: str) -> Value:
        """The 10^-20th part of a letter's value."""
        return (abs(self.letters[letter]) or 1) * mpmath.mpf(10) ** -STEP_DIGITS

    def at(self, letters: Mapping[str, Value]) -> Point:
        """Another point of the same kind."""
        return Point(letters)

    def prime(self, name: str, order: int) -> Value:
        """The value of y', y'' and the like, which have none unless y is a function."""
        raise KeyError(name)

    def derivative(self, expr: Expr, by: Sequence[str]) -> Value:
        """The derivative by one letter after the other; ``None`` where a quotient has no value."""
        if not by:
            return self.value(expr)
        *others, last = by
        left, right = self.moved(last, -1), self.moved(last, 1)
        ends = left.derivative(expr, others), right.derivative(expr, others)
        if None in ends:
            return None
        with mpmath.workdps(DIGITS):
            apart = right.letters[last] - left.letters[last]
            slope = (ends[1] - ends[0]) / apart
            lost = max(map(abs, ends)) * mpmath.mpf(10) ** (2 - DIGITS) / apart
        return slope if lost < max(abs(slope), 1) * mpmath.mpf(10) ** -ENOUGH else None

    def path(self, expr: Expr) -> tuple[Any, ...]:
        """Which way the evaluation goes: what conditions hold, signs inside of |u| and the like."""
        self.value(expr)
        turns: list[Any] = []
        for node in postorder(expr):
            match node:
                case Comparison():
                    turns.append(self._found[node])
                case Call("abs" | "sign" | "heaviside", (inner,)):
                    turns.append((self._found[inner] or 0) > 0)
                case Call("max" | "min", (one, two)):
                    turns.append((self._found[one] or 0) > (self._found[two] or 0))
        return tuple(turns)


class CurvePoint(Point):
    """A point on the curve ``equation`` = 0, on which ``y`` moves when ``x`` does."""

    def __init__(self, letters: Mapping[str, Value], equation: Expr, x: str, y: str) -> None:
        super().__init__(letters)
        self.equation, self.x, self.y = equation, x, y

    def at(self, letters: Mapping[str, Value]) -> Point:
        def beside(y: Value) -> Value:
            return Point({**letters, self.y: y}).value(self.equation)

        with mpmath.workdps(DIGITS):
            y = mpmath.findroot(beside, letters[self.y], tol=mpmath.mpf(10) ** (5 - 2 * DIGITS))
        return CurvePoint({**letters, self.y: y}, self.equation, self.x, self.y)

    def prime(self, name: str, order: int) -> Value:
        return self.derivative(Symbol(name), [self.x] * order)


def curve_points(
    equation: Expr, x: str, y: str, rng: Random, count: int, tries: int = 60
) -> list[Point]:
    """Points on a curve at which it has a slope, found from places drawn by chance."""
    found: list[Point] = []
    for start in places(equation, rng, tries, letters=(x, y), tries=tries):
        with suppress(ValueError, ZeroDivisionError, TypeError):
            point = CurvePoint(start.letters, equation, x, y).at(start.letters)
            if point.prime(y, 1) is not None:
                found.append(point)
        if len(found) == count:
            break
    return found


def _missing(expr: Expr, found: Mapping[Expr, Value]) -> Iterator[Expr]:
    """What is below an expression and has no value yet, children first."""
    stack = [expr]
    while stack:
        node = stack[-1]
        missing = [arg for arg in node.args if arg not in found]
        if missing:
            stack += missing
        else:
            stack.pop()
            if node not in found:
                yield node


def _chosen(args: list[Value]) -> Value:
    for value, condition in zip(args[0::2], args[1::2], strict=False):
        if condition is None:
            return None
        if condition:
            return value
    return args[-1] if len(args) % 2 else None


def _real(value: Value) -> Value:
    if isinstance(value, mpmath.mpc):
        return None
    if isinstance(value, bool):
        return value
    if not mpmath.isfinite(value):
        return None
    return value if not value or -SMALLEST < mpmath.mag(value) < LARGEST else None


def _computed(node: Expr, args: list[Value]) -> Value:
    match node:
        case Number(value):
            return mpmath.mpf(value.numerator) / value.denominator
        case Constant(name):
            return {"e": +mpmath.e, "pi": +mpmath.pi}[name]
        case Sum():
            return mpmath.fsum(args)
        case Product():
            return mpmath.fprod(args)
        case Quotient():
            return args[0] / args[1]
        case Power():
            return args[0] ** args[1]
        case Call(name):
            return MPMATH[name](*args)
        case Unknown(name, orders):
            return sample(name, orders, args)
        case Comparison(operators):
            return all(
                COMPARE[op](a, b) for op, (a, b) in zip(operators, pairwise(args), strict=True)
            )
    raise TypeError(node)


def sample(name: str, orders: Sequence[int], args: Sequence[Value]) -> Value:
    """A function that stands in for one nobody defined: a product of sines, or a derivative."""
    rng = Random(name)
    result = mpmath.mpf(1)
    for order, arg in zip(orders, args, strict=True):
        speed, phase = (mpmath.mpf(rng.randint(40, 160)) / 100 for _ in range(2))
        wave = speed**order * mpmath.sin(speed * arg + phase + order * mpmath.pi / 2)
        # 2 + sin keeps away from 0.
        result *= wave if order else 2 + wave
    return result


# Of the first letter: both signs, inside and outside of 1, far from 0 and near.
_RANGES = ((-3, 3), (0, 1), (1, 4), (-1, 0), (-8, 8), (-0.1, 0.1), (0, 30))


def places(
    expr: Expr,
    rng: Random,
    count: int,
    *,
    letters: Sequence[str] = (),
    conditions: Sequence[Expr] = (),
    tries: int = 300,
) -> list[Point]:
    """Points at which a formula is defined, if possible one on every way through its cases.

    Args:
        letters: letters that have values too, whether they occur or not.
        conditions: what is to hold there.
    """
    names = list(dict.fromkeys([*letters, *(symbol.name for symbol in symbols(expr))]))
    first = letters[0] if letters else "x"
    found: dict[tuple[Any, ...], list[Point]] = {}
    some = 0
    for i in range(tries):
        values: dict[str, Value] = {}
        for name in names:
            if name == first:
                low, high = _RANGES[i % len(_RANGES)]
            else:
                low, high = (-3, 3) if i % 4 == 3 else (0.2, 3)
            values[name] = mpmath.mpf(rng.uniform(low, high))
        look = Point(values, digits=20)
        if all(map(look.value, conditions)) and look.value(expr) is not None:
            found.setdefault(look.path(expr), []).append(Point(values))
            some += 1
            if some >= count and i >= (3 if len(found) >= count else 6) * count:
                break
    # In turns, one of each way.
    rows = [row[i] for i in range(count) for row in found.values() if i < len(row)]
    return rows[:count]
