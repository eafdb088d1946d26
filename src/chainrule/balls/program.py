"""Straight-line programs: a set of expressions, compiled once, run at many points.

The program knows the shape of a formula and nothing about numbers; what its operations mean
is an ``Arithmetic``: balls (``arithmetic.py``) or power series with ball coefficients
(``verify/series.py``). Several expressions share one program, so what they have in common is
evaluated once per point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq

from chainrule.expr.functions import BY_NAME
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
    unvisited,
)
from chainrule.record import Record

_BRANCHING = frozenset({"abs", "sign", "max", "min"})

Element = Any
"""A ball, a power series, or the truth value of a comparison (``None``: not decided)."""

Coordinate = Fraction | int | arb
"""What a symbol can stand for; exact, or a ball that encloses it."""

# What stands where a slot, 0 or more, would name the second operand.
_UNARY = -1
_MANY = -2
_BINARY = -3


class Arithmetic(Record):
    """What the operations of a program do.

    ``functions`` holds the functions that are evaluated directly; every other one goes by its
    definition in the table of functions or in the catalogue. A result that is not defined is
    ``undefined()``, which every operation passes on.
    """

    lift: Callable[[arb], Element]
    negate: Callable[[Element], Element]
    add: Callable[[Element, Element], Element]
    multiply: Callable[[Element, Element], Element]
    divide: Callable[[Element, Element], Element]
    invert: Callable[[Element], Element]
    power: Callable[[Element, Element], Element]
    integer_power: Callable[[int], Callable[[Element], Element]]
    root: Callable[[int, int], Callable[[Element], Element]]
    compare: Mapping[str, Callable[[Element, Element], bool | None]]
    undefined: Callable[[], Element]
    functions: Mapping[str, Callable[..., Element]]
    unknown: Callable[[str, tuple[int, ...]], Callable[[list[Element]], Element]]


def ball(value: Coordinate | float) -> arb:
    """The number as a ball at the precision in force."""
    if isinstance(value, (float, int)):
        return arb(value)
    if isinstance(value, arb):
        return value
    return arb(fmpq(value.numerator, value.denominator))


class Program:
    """The expressions ``roots``, compiled.

    Attributes:
        symbols: the symbols that need a value, in the order of first use.
        samples: names of the unknown functions that sample functions stand in for.
        branches: whether something in it changes from one formula to another (see
            ``points.switches``).
    """

    def __init__(
        self,
        arithmetic: Arithmetic,
        roots: Iterable[Expr],
        aliases: Mapping[Expr, Expr] | None = None,
    ) -> None:
        """``aliases`` gives nodes that stand for other expressions, compiled in their place."""
        self.symbols: list[Symbol] = []
        self.samples: set[str] = set()
        self.branches = False
        self._arithmetic = arithmetic
        # Slots: leaves count down from -1, results count up from 0, until _finish joins them.
        self._leaves: list[Expr] = []
        self._slots: dict[Expr, int] = {}
        self._raw: list[tuple[Any, Any, int, int]] = []
        self._code: list[tuple[Any, Any, int]] = []
        self._constants: dict[tuple[int, int], list[Element]] = {}
        for node, meaning in (aliases or {}).items():
            self._slots[node] = self._compile(meaning)
        outputs = [self._compile(root) for root in roots]
        self._finish(outputs)

    def __len__(self) -> int:
        return len(self._code)

    def run(self, inputs: Sequence[Element]) -> list[Element]:
        """Evaluate at the precision in force; ``inputs`` are in the order of ``symbols``."""
        values = [*inputs, *self._lifted()]
        append = values.append
        for function, a, b in self._code:
            if b >= 0:
                append(function(values[a], values[b]))
            elif b == _UNARY:
                append(function(values[a]))
            else:
                append(function([values[i] for i in a]))
        return [values[slot] for slot in self._outputs]

    def columns(self, inputs: Sequence[Sequence[Element]], count: int) -> list[Sequence[Element]]:
        """The same at ``count`` points: each input and each result is a row of values.

        An operation is done at all points before the next one, which saves most of the work
        that is not arithmetic.
        """
        columns = [*inputs, *[(constant,) * count for constant in self._lifted()]]
        append = columns.append
        for function, a, b in self._code:
            if b >= 0:
                append(list(map(function, columns[a], columns[b])))
            elif b == _UNARY:
                append(list(map(function, columns[a])))
            else:
                rows = zip(*[columns[i] for i in a], strict=True) if a else [()] * count
                append([function(list(row)) for row in rows])
        return [columns[slot] for slot in self._outputs]

    def _lifted(self) -> list[Element]:
        """The constants at the precision in force, and for power series the length."""
        at = ctx.prec, ctx.cap
        constants = self._constants.get(at)
        if constants is None:
            constants = self._constants[at] = [
                self._arithmetic.lift(_constant(leaf)) for leaf in self._constant_leaves
            ]
        return constants

    # --- compiling ---------------------------------------------------------------------------
    def _finish(self, outputs: list[int]) -> None:
        self.symbols = [leaf for leaf in self._leaves if type(leaf) is Symbol]
        self._constant_leaves = [leaf for leaf in self._leaves if type(leaf) is not Symbol]
        place = {leaf: i for i, leaf in enumerate([*self.symbols, *self._constant_leaves])}
        # Python's negative indices reach the leaves; the results follow behind them.
        final = list(range(len(self._leaves), len(self._leaves) + len(self._raw)))
        final += [place[leaf] for leaf in reversed(self._leaves)]
        for function, a, b, kind in self._raw:
            if kind == _BINARY:
                self._code.append((function, final[a], final[b]))
            elif kind == _UNARY:
                self._code.append((function, final[a], _UNARY))
            else:
                self._code.append((function, tuple([final[i] for i in a]), _MANY))
        self._outputs = [final[slot] for slot in outputs]
        self._slots, self._raw = {}, []

    def _compile(self, root: Expr) -> int:
        slots, emit = self._slots, _EMIT
        for node in unvisited(root, slots):
            slots[node] = emit[type(node)](self, node)
        return slots[root]

    def _unary(self, function: Any, a: int) -> int:
        self._raw.append((function, a, 0, _UNARY))
        return len(self._raw) - 1

    def _binary(self, function: Any, a: int, b: int) -> int:
        self._raw.append((function, a, b, _BINARY))
        return len(self._raw) - 1

    def _many(self, function: Any, operands: tuple[int, ...]) -> int:
        self._raw.append((function, operands, 0, _MANY))
        return len(self._raw) - 1

    def _leaf(self, node: Expr) -> int:
        self._leaves.append(node)
        return -len(self._leaves)

    def _sum(self, node: Expr) -> int:
        return self._chain(self._arithmetic.add, node.args)

    def _product(self, node: Expr) -> int:
        first, *rest = node.args
        if type(first) is Number and first.value == -1:
            product = self._chain(self._arithmetic.multiply, rest)
            return self._unary(self._arithmetic.negate, product)
        return self._chain(self._arithmetic.multiply, node.args)

    def _quotient(self, node: Expr) -> int:
        above, below = node.args
        if type(above) is Number and above.value == 1:
            return self._unary(self._arithmetic.invert, self._slots[below])
        return self._binary(self._arithmetic.divide, self._slots[above], self._slots[below])

    def _piecewise(self, node: Expr) -> int:
        choose = _chooser(self._arithmetic.undefined)
        return self._many(choose, tuple([self._slots[arg] for arg in node.args]))

    def _unknown(self, node: Unknown) -> int:
        self.samples.add(node.name)
        function = self._arithmetic.unknown(node.name, node.orders)
        return self._many(function, tuple([self._slots[arg] for arg in node.args]))

    def _chain(self, operation: Any, args: Sequence[Expr]) -> int:
        slots = self._slots
        result = slots[args[0]]
        for arg in args[1:]:
            result = self._binary(operation, result, slots[arg])
        return result

    def _power(self, node: Expr) -> int:
        base, exponent = node.args
        arithmetic, slot = self._arithmetic, self._slots[base]
        value = rational(exponent)
        if value is None:
            return self._binary(arithmetic.power, slot, self._slots[exponent])
        if value == 2:
            return self._binary(arithmetic.multiply, slot, slot)
        if value == -1:
            return self._unary(arithmetic.invert, slot)
        if value.denominator == 1:
            return self._unary(arithmetic.integer_power(value.numerator), slot)
        return self._unary(arithmetic.root(value.numerator, value.denominator), slot)

    def _call(self, node: Call) -> int:
        operands = tuple([self._slots[arg] for arg in node.args])
        function = self._arithmetic.functions.get(node.name)
        if node.name in _BRANCHING:
            self.branches = True
        if function is None:
            # The definition may hold calls of its own; they go down to the table in a few steps.
            return self._compile(definition(node))
        if len(operands) == 1:
            return self._unary(function, operands[0])
        if len(operands) == 2:
            return self._binary(function, *operands)
        return self._many(function, operands)

    def _comparison(self, node: Comparison) -> int:
        self.branches = True
        compare = self._arithmetic.compare
        links = [
            self._binary(compare[operator], self._slots[left], self._slots[right])
            for operator, left, right in zip(node.operators, node.args, node.args[1:], strict=False)
        ]
        return links[0] if len(links) == 1 else self._many(_all_true, tuple(links))


_EMIT: dict[type[Expr], Callable[[Any, Any], int]] = {
    Number: Program._leaf,
    Symbol: Program._leaf,
    Constant: Program._leaf,
    Sum: Program._sum,
    Product: Program._product,
    Quotient: Program._quotient,
    Power: Program._power,
    Call: Program._call,
    Comparison: Program._comparison,
    Piecewise: Program._piecewise,
    Unknown: Program._unknown,
}


def _constant(leaf: Expr) -> arb:
    match leaf:
        case Number(value):
            return ball(value)
        case Constant("pi"):
            return arb.pi()
        case Constant("e"):
            return arb.const_e()
        case _:
            raise TypeError(f"not a constant: {leaf!r}")


def _chooser(undefined: Callable[[], Element]) -> Callable[[list[Element]], Element]:
    def choose(args: list[Element]) -> Element:
        """The value of the first case that holds, if every case before it certainly fails."""
        for i in range(1, len(args), 2):
            if args[i] is None:
                return undefined()
            if args[i]:
                return args[i - 1]
        return args[-1] if len(args) % 2 else undefined()

    return choose


def _all_true(links: list[bool | None]) -> bool | None:
    if False in links:
        return False
    return None if None in links else True


def rational(node: Expr) -> Fraction | int | None:
    """The value of an exact number, written as one or as a quotient of two, maybe negated."""
    sign = 1
    while True:
        match node:
            case Number(value):
                return sign * value
            case Quotient(Number(above), Number(below)) if below != 0:
                return sign * Fraction(above) / below
            case Product((Number(-1), factor)):
                sign, node = -sign, factor
            case _:
                return None


def definition(node: Call) -> Expr:
    """The call by more elementary functions: of the table of functions, or the catalogue's."""
    row = BY_NAME.get(node.name)
    if row is not None and row.definition is not None:
        return row.definition(*node.args)
    from chainrule.parsing.definitions import expand

    return expand(node)
