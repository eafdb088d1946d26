"""What the targets share: the names of values, and a program as lines of source."""

from __future__ import annotations

import struct
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from math import isfinite
from typing import NamedTuple

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.errors import InputError
from chainrule.expr.nodes import Expr, Symbol
from chainrule.program.cases import explicit
from chainrule.program.inlining import prepared, uses
from chainrule.program.kernel_spec import KernelSpec
from chainrule.program.lower import Lowered, lower

# A line of source, its indentation not counted, and a part that is not worth a name.
_WIDTH, _PART = 68, 40
# Of a constant in balls, so that rounding it to a double is certain.
_BITS = 192


# --- from a program to text ---------------------------------------------------------------------
class Precedence(IntEnum):
    """How tightly source text holds together, in the order of C and Python alike."""

    CONDITIONAL = 0
    RELATION = 1
    SUM = 2
    PRODUCT = 3
    SIGNED = 4
    ATOM = 5


class Spelling(NamedTuple):
    """How an operation is spelled, at which level, and the least levels of its operands."""

    template: str
    level: Precedence = Precedence.ATOM
    operands: tuple[Precedence, ...] = ()


def _infix(sign: str, level: Precedence, right: Precedence) -> Spelling:
    return Spelling(f"{{0}} {sign} {{1}}", level, (level, right))


_RELATED = {
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "equal": "==",
    "not_equal": "!=",
}
INFIX: dict[str, Spelling] = {
    "add": _infix("+", Precedence.SUM, Precedence.PRODUCT),
    "subtract": _infix("-", Precedence.SUM, Precedence.PRODUCT),
    "multiply": _infix("*", Precedence.PRODUCT, Precedence.SIGNED),
    "divide": _infix("/", Precedence.PRODUCT, Precedence.SIGNED),
    "negative": Spelling("-{0}", Precedence.SIGNED, (Precedence.ATOM,)),
    **{
        name: Spelling(f"{{0}} {sign} {{1}}", Precedence.RELATION, (Precedence.SUM, Precedence.SUM))
        for name, sign in _RELATED.items()
    },
}
"""What all targets spell alike."""


def calls(names: Mapping[str, str], prefix: str = "") -> dict[str, Spelling]:
    """Operations that are calls, by the names of functions: {"power": "pow"}."""
    counts = {**dict.fromkeys(("power", "atan2", "max", "min", "scaled"), 2), "fma": 3}
    found = {}
    for operation, name in names.items():
        operands = ", ".join(f"{{{i}}}" for i in range(counts.get(operation, 1)))
        found[operation] = Spelling(f"{prefix}{name}({operands})")
    return found


@dataclass(frozen=True, slots=True)
class Language:
    """A target's spelling.

    Attributes:
        spellings: its operations; those that are functions are what programs may call.
        number: a constant, rounded to the format of the arithmetic.
        statement: a value gets a name.
        result: the last line.
        reserved: words that cannot be the name of a value.
        chains: whether ``a < b < c`` means a < b and b < c.
    """

    spellings: Mapping[str, Spelling]
    number: Callable[[float], str]
    statement: str = "{name} = {text}"
    result: str = "return {text}"
    reserved: frozenset[str] = frozenset()
    chains: bool = False

    @property
    def functions(self) -> Collection[str]:
        return self.spellings.keys()

    def named(self, symbol: Symbol) -> str:
        """The name of a symbol, as an identifier."""
        name = symbol.name if symbol.name.isascii() else f"v{symbol.name.encode().hex()}"
        return f"{name}_" if name in self.reserved else name


def program(root: Expr, inputs: Sequence[Symbol], language: Language) -> Lowered:
    """The straight-line program of one expression.

    Raises:
        InputError: the target lacks a function.
    """
    return lower([explicit(root, language.functions)], inputs, language.functions)


def programs(
    forward: Expr, gradient: Expr, spec: KernelSpec, language: Language
) -> tuple[Lowered, Lowered]:
    """The programs of a function and its gradient, for functions that are approximated.

    Raises:
        InputError: the target lacks a function.
    """
    value = program(forward, (spec.variable, *spec.extra), language)
    slope = program(gradient, (*spec.saved, *spec.extra), language)
    return prepared(value, spec.working), prepared(slope, spec.working)


def body(lowered: Lowered, language: Language, *, double: bool) -> list[str]:
    """The statements that compute the one output of a program and give it back.

    What is used once stands where it is used, as long as the line is not too long.
    """
    return _Writer(lowered, language, double).lines()


@dataclass(slots=True)
class _Text:
    text: str
    level: Precedence
    simple: bool = False


class _Writer:
    def __init__(self, lowered: Lowered, language: Language, double: bool) -> None:
        self._program, self._language = lowered, language
        self._first = lowered.first
        self._used = uses(lowered)
        self._taken = {language.named(symbol) for symbol in lowered.inputs}
        self._lines: list[str] = []
        self._values = [
            *(_Text(language.named(s), Precedence.ATOM, True) for s in lowered.inputs),
            *(self._number(constant, double) for constant in lowered.constants),
        ]

    def _number(self, constant: Expr, double: bool) -> _Text:
        text = self._language.number(constant_value(constant, double=double))
        return _Text(text, Precedence.SIGNED if text.startswith("-") else Precedence.ATOM, True)

    def lines(self) -> list[str]:
        for number, (operation, operands) in enumerate(self._program.code, self._first):
            if not self._used[number]:
                # What a sum subtracts has also been computed with its sign.
                self._values.append(_Text("", Precedence.ATOM))
                continue
            args = [self._values[i] for i in operands]
            spelling = self._language.spellings[operation]
            text = self._written(spelling, args)
            while len(text.text) > _WIDTH and not all(arg.simple for arg in args):
                self._name(max((a for a in args if not a.simple), key=lambda a: len(a.text)))
                text = self._written(spelling, args)
            long = len(text.text) > _PART or self._used[number] > 1
            if long and number != self._program.outputs[0]:
                self._name(text)
            self._values.append(text)
        last = self._values[self._program.outputs[0]]
        return [*self._lines, self._language.result.format(text=last.text)]

    def _name(self, text: _Text) -> None:
        """A statement for the value, which goes by a name from now on."""
        number = len(self._lines) + 1
        while f"t{number}" in self._taken:
            number += 1
        name = f"t{number}"
        self._taken.add(name)
        self._lines.append(self._language.statement.format(name=name, text=text.text))
        text.text, text.level, text.simple = name, Precedence.ATOM, True

    def _written(self, spelling: Spelling, args: Sequence[_Text]) -> _Text:
        if self._language.chains and spelling is self._language.spellings["logical_and"]:
            middle, rest, _ = args[1].text.partition(" ")
            if rest and args[0].text.endswith(f" {middle}"):
                return _Text(args[0].text + args[1].text[len(middle) :], Precedence.RELATION)
        if spelling is INFIX["negative"] and args[0].simple and args[0].text.startswith("-"):
            return _Text(args[0].text[1:], Precedence.ATOM, True)
        least = spelling.operands or (Precedence.CONDITIONAL,) * len(args)
        if spelling is INFIX["negative"] and args[0].level is Precedence.PRODUCT:
            least = (Precedence.PRODUCT,)
        texts = [
            arg.text
            if arg.level >= level and not (spelling is INFIX["negative"] and arg.text[0] == "-")
            else f"({arg.text})"
            for arg, level in zip(args, least, strict=True)
        ]
        level = Precedence.PRODUCT if least == (Precedence.PRODUCT,) else spelling.level
        return _Text(spelling.template.format(*texts), level)


def constant_value(constant: Expr, *, double: bool) -> float:
    """A constant in the format of the arithmetic.

    Raises:
        InputError: it is not a finite number of that format.
    """
    with precision(_BITS):
        [ball] = compile_balls([constant]).run([])
    value = float(ball)
    if not double and isfinite(value) and abs(value) < 2.0**128:
        (value,) = struct.unpack("f", struct.pack("f", value))
    if not isfinite(value) or (not double and abs(value) >= 2.0**128):
        raise InputError(f"`{constant}` is no number that {'float64' if double else 'float32'} has")
    return value


# --- the parts of a file ------------------------------------------------------------------------
def heading(spec: KernelSpec, first: str, width: int = 84) -> list[str]:
    """The title and the notes as lines, a blank one between paragraphs."""
    lines = textwrap.wrap(first, width)
    for note in spec.notes:
        lines += ["", *textwrap.wrap(note, width, break_long_words=False)]
    return lines


def docstring(spec: KernelSpec, first: str) -> str:
    """The docstring of a module in Python."""
    text = "\n".join(heading(spec, first)).replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{text}\n"""\n'


def indented(lines: Sequence[str], depth: int = 1) -> str:
    each = "\n".join(lines).splitlines()
    return "\n".join("    " * depth + line if line else "" for line in each)


def decimal(value: Fraction | float) -> str:
    """The nearest float64 as short as can be, in the layout of the usual formatters.

    It reads alike in Python and in C.
    """
    return repr(float(value)).replace("e+", "e")
