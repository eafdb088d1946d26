"""Lowering: expressions become a straight-line program, in which nothing is computed twice.

A program numbers its values: first the inputs, then the constants, then one value for each
instruction. Operations are named by what C or NumPy call them (``add``, ``exp``, ``select``);
functions that a target does not have go by their definition in the table of functions or the
catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chainrule.errors import InputError
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
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
    Unknown,
    postorder,
    rational_value,
)
from chainrule.parsing.definitions import expand

COMPARISONS = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal"}
COMPARISONS |= {"==": "equal", "!=": "not_equal"}
# A whole power up to this one is multiplied out, by squaring.
LARGEST_MULTIPLIED = 16


class Instruction(NamedTuple):
    """One operation on values that are already there, by their numbers."""

    operation: str
    operands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lowered:
    """A straight-line program.

    Attributes:
        inputs: symbols, values 0, 1, …
        constants: expressions without symbols, the values after the inputs. A target rounds
            them to its format once.
        code: instructions, the values after the constants.
        outputs: the numbers of the results.
    """

    inputs: tuple[Symbol, ...]
    constants: tuple[Expr, ...]
    code: tuple[Instruction, ...]
    outputs: tuple[int, ...]

    @property
    def first(self) -> int:
        """The number of the first instruction's value."""
        return len(self.inputs) + len(self.constants)


Emit = Callable[..., int]
"""Appends an operation on values of the new program; gives the number of its value."""


def rewritten(
    program: Lowered, visit: Callable[[int, Instruction, Sequence[int], Emit], int]
) -> Lowered:
    """A program with other instructions in the place of each.

    Args:
        visit: is given the number of an instruction, the instruction, what its operands are in the
            new program, and ``emit``; it gives back the number of the value in the new program.
    """
    first = program.first
    code: list[Instruction] = []
    final = [*range(first)]

    def emit(operation: str, *operands: int) -> int:
        code.append(Instruction(operation, operands))
        return first + len(code) - 1

    for number, instruction in enumerate(program.code, first):
        given = [final[value] for value in instruction.operands]
        final.append(visit(number, instruction, given, emit))
    outputs = tuple([final[value] for value in program.outputs])
    return Lowered(program.inputs, program.constants, tuple(code), outputs)


def lower(roots: Iterable[Expr], inputs: Sequence[Symbol], functions: Collection[str]) -> Lowered:
    """The program that computes ``roots`` from ``inputs``.

    Args:
        roots: what to compute.
        inputs: every symbol that occurs, in the order in which values are given.
        functions: names of the functions that the target has of its own.

    Raises:
        InputError: a function that nobody defined occurs.
    """
    builder = _Builder(inputs, functions)
    outputs = [builder.value(root) for root in roots]
    return builder.finish(outputs)


class _Builder:
    """Values are keys until all are known: inputs, constants and instructions by their own."""

    def __init__(self, inputs: Sequence[Symbol], functions: Collection[str]) -> None:
        self._inputs = tuple(inputs)
        self._functions = functions
        self._values: dict[Expr, int] = {symbol: -1 - i for i, symbol in enumerate(inputs)}
        self._constants: dict[Expr, int] = {}
        self._varying: dict[Expr, bool] = {}
        self._code: list[Instruction] = []
        self._numbers: dict[Instruction, int] = {}

    def finish(self, outputs: Sequence[int]) -> Lowered:
        # Until now −1, −2, … were inputs, and after them constants; instructions count from 0.
        used = {value for _, operands in self._code for value in operands} | set(outputs)
        constants = [node for node, value in self._constants.items() if value in used]
        count = len(self._inputs)
        final = {-1 - i: i for i in range(count)}
        final |= {self._constants[node]: count + i for i, node in enumerate(constants)}
        final |= {i: count + len(constants) + i for i in range(len(self._code))}
        code = [Instruction(op, tuple([final[v] for v in args])) for op, args in self._code]
        results = tuple([final[value] for value in outputs])
        return Lowered(self._inputs, tuple(constants), tuple(code), results)

    def value(self, root: Expr) -> int:
        values = self._values
        stack = [root]
        while stack:
            node = stack[-1]
            if node in values:
                stack.pop()
                continue
            if not self._varies(node):
                values[node] = self._constant(node)
                continue
            pending = [arg for arg in node.args if arg not in values]
            if pending:
                stack += reversed(pending)
                continue
            replaced = self._replaced(node)
            if replaced is None:
                values[node] = self._node(node)
            elif replaced in values:
                values[node] = values[replaced]
            else:
                stack.append(replaced)
        return values[root]

    def _replaced(self, node: Expr) -> Expr | None:
        """A call of a function that the target does not have, by more elementary ones."""
        if not isinstance(node, Call) or node.name in self._functions:
            return None
        row = BY_NAME.get(node.name)
        if row is None:
            return expand(node)
        if row.definition is None:
            raise InputError(f"{row.title} cannot be computed by this target")
        return row.definition(*node.args)

    def _varies(self, root: Expr) -> bool:
        """Whether the value depends on the inputs, or is none that a constant can have."""
        known = self._varying
        if root not in known:
            for node in postorder(root):
                known[node] = (
                    isinstance(node, (Symbol, Unknown, Comparison, Piecewise))
                    or self._rounds(node)
                    or any(known[arg] for arg in node.args)
                )
        return known[root]

    def _rounds(self, node: Expr) -> bool:
        """Whether it is an operation of the target alone, such as ``fma``: no exact value."""
        return isinstance(node, Call) and node.name in self._functions and node.name not in BY_NAME

    def _constant(self, node: Expr) -> int:
        found = self._constants.get(node)
        if found is None:
            found = self._constants[node] = -1 - len(self._inputs) - len(self._constants)
        return found

    def emit(self, operation: str, *operands: int) -> int:
        if operation == "negative" and operands[0] >= 0:
            inner = self._code[operands[0]]
            if inner.operation == "negative":
                return inner.operands[0]
        instruction = Instruction(operation, operands)
        found = self._numbers.get(instruction)
        if found is None:
            found = self._numbers[instruction] = len(self._code)
            self._code.append(instruction)
        return found

    # --- one node ------------------------------------------------------------------------------
    def _node(self, node: Expr) -> int:
        values = self._values
        match node:
            case Sum(args):
                return self._sum(args)
            case Product(args):
                return self._product(args)
            case Quotient(top, bottom):
                return self.emit("divide", values[top], values[bottom])
            case Power(base, exponent):
                return self._power(base, exponent)
            case Call(name, args):
                return self.emit(name, *(values[arg] for arg in args))
            case Comparison(operators, args):
                return self._comparison(operators, args)
            case Piecewise():
                return self._piecewise(node)
            case Unknown(name):
                raise InputError(f"`{name}` is not defined, so that it cannot be computed")
            case Symbol(name):
                raise InputError(f"no value is given for `{name}`")
        raise TypeError(f"not an expression: {node!r}")

    def _sum(self, args: Sequence[Expr]) -> int:
        total: int | None = None
        for arg in args:
            positive = _without_minus(arg)
            if total is None:
                total = self.value(arg)
            elif positive is not None:
                total = self.emit("subtract", total, self.value(positive))
            else:
                total = self.emit("add", total, self.value(arg))
        assert total is not None
        return total

    def _product(self, args: Sequence[Expr]) -> int:
        negative = args[0] is MINUS_ONE
        factors = args[1:] if negative else args
        total = self._values[factors[0]]
        for factor in factors[1:]:
            if isinstance(factor, Quotient) and factor.args[0] is ONE:
                total = self.emit("divide", total, self.value(factor.args[1]))
            else:
                total = self.emit("multiply", total, self._values[factor])
        return self.emit("negative", total) if negative else total

    def _power(self, base: Expr, exponent: Expr) -> int:
        value = rational_value(exponent)
        slot = self._values[base]
        if value is None or value.denominator > 2 or abs(value.numerator) > LARGEST_MULTIPLIED:
            return self.emit("power", slot, self._values[exponent])
        if value.denominator == 2:
            slot = self.emit("sqrt", slot)
        power = self._multiplied(slot, abs(value.numerator))
        return self.emit("divide", self._constant(ONE), power) if value < 0 else power

    def _multiplied(self, slot: int, exponent: int) -> int:
        result: int | None = None
        square = slot
        while exponent:
            if exponent & 1:
                result = square if result is None else self.emit("multiply", result, square)
            exponent >>= 1
            if exponent:
                square = self.emit("multiply", square, square)
        return self._constant(ONE) if result is None else result

    def _comparison(self, operators: Sequence[str], args: Sequence[Expr]) -> int:
        total: int | None = None
        for operator, left, right in zip(operators, args, args[1:], strict=False):
            link = self.emit(COMPARISONS[operator], self._values[left], self._values[right])
            total = link if total is None else self.emit("logical_and", total, link)
        assert total is not None
        return total

    def _piecewise(self, node: Piecewise) -> int:
        otherwise = node.otherwise
        total = self.emit("undefined") if otherwise is None else self._values[otherwise]
        for value, condition in reversed(node.branches):
            total = self.emit("select", self._values[condition], self._values[value], total)
        return total


def _without_minus(term: Expr) -> Expr | None:
    """What a term is the negative of, if it is written with a minus sign."""
    if isinstance(term, Product) and term.args[0] is MINUS_ONE:
        rest = term.args[1:]
        return rest[0] if len(rest) == 1 else Product(rest)
    if isinstance(term, Number) and term.value < 0:
        return Number(-term.value, term.decimal)
    return None
