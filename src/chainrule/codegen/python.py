"""What the targets in Python share: words, signatures, definitions."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from ctypes import c_float

from chainrule.codegen.source import INFIX, Language, Precedence, Spelling, calls, decimal, indented
from chainrule.program.kernel_spec import KernelSpec
from chainrule.program.lower import Emit, Instruction, Lowered, rewritten

PYTHON_WORDS = frozenset(keyword.kwlist)
LONGEST = 88
"""Columns, as the usual formatters have them (black, ruff)."""

_PARTS = (Precedence.RELATION, Precedence.RELATION, Precedence.RELATION)
_ORDERS = ("less", "less_equal", "greater", "greater_equal")
CHOICES = {
    "select": Spelling("{1} if {0} else {2}", Precedence.CONDITIONAL, _PARTS),
    "select unless": Spelling("{2} if not {0} else {1}", Precedence.CONDITIONAL, _PARTS),
}
"""Choices between numbers; for the second see ``unlike_extremes``."""


def of_arrays(module: str, functions: Mapping[str, str]) -> dict[str, Spelling]:
    """What a module that computes with arrays spells as NumPy does."""
    within = (Precedence.SUM, Precedence.SUM)
    return {
        **INFIX,
        **calls(functions, f"{module}."),
        "select": Spelling(f"{module}.where({{0}}, {{1}}, {{2}})"),
        "undefined": Spelling(f"{module}.nan"),
        "logical_and": Spelling("{0} & {1}", Precedence.RELATION, within),
    }


def unlike_extremes(lowered: Lowered, choice: str = "select") -> Lowered:
    """The choices between the two numbers that are compared, by "unless" instead of "if".

    ``0 if x < 0 else x`` keeps a NaN. Linters would have ``max(x, 0)`` in its place, and do not
    know that this has a NaN of x only where x comes first.

    Args:
        choice: the operation; what it becomes is called ``f"{choice} unless"``.
    """

    def visit(_: int, instruction: Instruction, given: Sequence[int], emit: Emit) -> int:
        operation, operands = instruction
        if operation == choice and operands[0] >= lowered.first:
            compared, pair = lowered.code[operands[0] - lowered.first]
            if compared in _ORDERS and sorted(pair) == sorted(operands[1:]):
                operation = f"{choice} unless"
        return emit(operation, *given)

    return rewritten(lowered, visit)


def by_choices(lowered: Lowered) -> Lowered:
    """``max`` and ``min`` of a number and something else, which may be NaN, by choices.

    The vector instructions for these take the second for a NaN of either: what is written for a
    NaN on both sides takes five of them.
    """
    constants = range(len(lowered.inputs), lowered.first)

    def visit(_: int, instruction: Instruction, given: Sequence[int], emit: Emit) -> int:
        operation = instruction.operation
        numbers = [value for value in given if value in constants]
        if operation not in ("max", "min") or len(numbers) != 1:
            return emit(operation, *given)
        [number] = numbers
        [value] = [value for value in given if value != number]
        compared = (value, number) if operation == "max" else (number, value)
        return emit("select", emit("less", *compared), number, value)

    return rewritten(lowered, visit)


def single_number(value: float) -> str:
    """The same for a number that float32 has: with no more digits than tell it from others."""
    shown = (float(f"{value:.{digits}g}") for digits in range(1, 18))
    return decimal(next(v for v in shown if c_float(v).value == value))


def signature(
    spec: KernelSpec, language: Language, arrays: Sequence[str], *, annotation: str = ""
) -> list[str]:
    """Arrays, then parameters with their defaults; those without one come first."""
    shown = [f"{name}: {annotation}" if annotation else name for name in arrays]
    return shown + parameters(spec, language, annotated=bool(annotation))


def parameters(spec: KernelSpec, language: Language, *, annotated: bool = False) -> list[str]:
    """``alpha=0.01``, or ``alpha: float = 0.01``."""
    found = []
    for symbol, default in spec.parameters:
        name = language.named(symbol)
        shown = f"{name}: float" if annotated else name
        equals = " = " if annotated else "="
        found.append(shown if default is None else f"{shown}{equals}{decimal(default)}")
    return found


def arguments(spec: KernelSpec, language: Language, first: Sequence[str]) -> list[str]:
    """What an inner function is called with."""
    return [*first, *(language.named(symbol) for symbol in spec.extra)]


def together(names: Sequence[str]) -> str:
    """Names as a tuple: ``x, y``, or ``(x,)``."""
    return f"({names[0]},)" if len(names) == 1 else ", ".join(names)


def tuple_of(names: Sequence[str]) -> str:
    """A tuple as an argument: ``(x, y)``, ``(x,)`` or ``()``."""
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def define(
    name: str,
    parameters: Sequence[str],
    lines: Sequence[str],
    returns: str = "",
    width: int = LONGEST,
    *,
    depth: int = 0,
) -> str:
    """A function definition, in the layout of the usual formatters.

    Args:
        width: of a line.
        depth: how far it will be indented.
    """
    arrow = f" -> {returns}" if returns else ""
    start = bracketed(f"def {name}(", parameters, f"){arrow}:", width - 4 * depth)
    return f"{start}\n{indented(lines)}\n"


def bracketed(start: str, parts: Sequence[str], end: str, width: int = LONGEST) -> str:
    """A list in brackets, in the layout of the usual formatters."""
    joined = ", ".join(parts)
    if len(start) + len(joined) + len(end) <= width:
        return f"{start}{joined}{end}"
    if len(joined) + 4 <= width:
        return f"{start}\n    {joined}\n{end}"
    return "\n".join([start, *(f"    {part}," for part in parts), end])


def call_lines(
    start: str, parts: Sequence[str], width: int = LONGEST, *, depth: int = 1
) -> list[str]:
    """A call inside of a function, in as many lines as it takes."""
    return bracketed(f"{start}(", parts, ")", width - 4 * depth).splitlines()
