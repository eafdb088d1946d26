"""Between which numbers the values of a program lie."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from sys import float_info

from chainrule.expr.nodes import Number
from chainrule.program.lower import Instruction, Lowered

Range = tuple[float, float]
_EVERYTHING: Range = (-inf, inf)
_LARGEST = float_info.max


def ranges(program: Lowered) -> list[Range]:
    """Between which numbers every value is, if it is one: by its sums, products and choices."""
    found = [_EVERYTHING] * len(program.inputs)
    for constant in program.constants:
        # What is no float64 is complained of where it is written.
        if isinstance(constant, Number) and -_LARGEST <= constant.value <= _LARGEST:
            value = float(constant.value)
            found.append((value, value))
        else:
            found.append(_EVERYTHING)
    first = len(found)
    for operation, operands in program.code:
        given = [found[i] for i in operands]
        if operation == "select" and operands[0] >= first:
            compared = program.code[operands[0] - first]
            _, then, otherwise = operands
            given = [
                _chosen(compared, then, True, found),
                _chosen(compared, otherwise, False, found),
            ]
        found.append(_range(operation, given))
    return found


def _chosen(compared: Instruction, value: int, then: bool, found: Sequence[Range]) -> Range:
    """Where a value is that is chosen if a comparison holds, or if it does not."""
    low, high = found[value]
    if compared.operation not in ("less", "less_equal", "greater", "greater_equal"):
        return low, high
    smaller, larger = compared.operands
    if compared.operation.startswith("greater") == then:
        smaller, larger = larger, smaller
    if value == smaller:
        high = min(high, found[larger][1])
    elif value == larger:
        low = max(low, found[smaller][0])
    return low, high


def _range(operation: str, given: Sequence[Range]) -> Range:
    match operation, given:
        case "add", [(a, b), (c, d)]:
            return a + c, b + d
        case "subtract", [(a, b), (c, d)]:
            return a - d, b - c
        case "negative", [(a, b)]:
            return -b, -a
        case "abs", [(a, b)]:
            return max(a, -b, 0.0), max(-a, b)
        case "max", [(a, b), (c, d)]:
            return max(a, c), max(b, d)
        case "min", [(a, b), (c, d)]:
            return min(a, c), min(b, d)
        case "select", [(a, b), (c, d)]:
            return min(a, c), max(b, d)
        case "multiply", [first, second]:
            corners = [a * b if a and b else 0.0 for a in first for b in second]
            return min(corners), max(corners)
    return _EVERYTHING
