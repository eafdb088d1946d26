"""Expressions as source text: Python over ``from math import *``, and SymPy.

Functions that a language does not have are written by their definitions. The text is only
ever written here, never run.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import TypeAlias

from chainrule.errors import InputError
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
    transform,
)
from chainrule.expr.plain import to_text
from chainrule.expr.trampoline import run
from chainrule.parsing.sympy_bridge import CLASSES
from chainrule.render.abridge import unfolded_size

LARGEST_SOURCE = 200_000
"""Nodes that an expression may have when it is written out: what Python compiles in a second."""


class _Level(IntEnum):
    """How tightly source text holds together, in Python's order."""

    CONDITIONAL = 0
    RELATION = 1
    SUM = 2
    PRODUCT = 3
    SIGNED = 4
    POWER = 5
    ATOM = 6


@dataclass(frozen=True, slots=True)
class _Source:
    text: str
    level: _Level

    @property
    def signed(self) -> bool:
        return self.text.startswith("-")


_Walk: TypeAlias = Generator[Expr, _Source, _Source]


@dataclass(frozen=True, slots=True)
class _Language:
    """How a language spells what differs between the two."""

    name: str
    functions: Mapping[str, str]
    number: Callable[[Number], _Source]
    symbol: Callable[[str], str]
    constants: dict[str, str]
    comparison: Callable[[Comparison], _Walk]
    cases: Callable[[Piecewise], _Walk]
    unknown: Callable[[Unknown], _Walk]


def python(expr: Expr) -> str:
    """A Python expression over ``from math import *``.

    >>> from chainrule.expr.nodes import Symbol, call
    >>> python(1 / (1 + call("exp", -Symbol("x"))))
    '1/(1 + exp(-x))'

    Raises:
        InputError: a function is unknown or ``math`` cannot compute it, or the text would be
            too long.
    """
    return _source(expr, _PYTHON)


def sympy(expr: Expr) -> str:
    """Source text that ``sympy.sympify`` reads to an equal expression.

    >>> from chainrule.expr.nodes import Symbol, call
    >>> sympy(call("abs", Symbol("x")) / 2)
    'Abs(x)/2'

    Raises:
        InputError: SymPy has no such function, or the text would be too long.
    """
    return _source(expr, _SYMPY)


def _source(expr: Expr, language: _Language) -> str:
    spelled = _spelled(expr, language)
    size = unfolded_size(spelled)
    if size > LARGEST_SOURCE:
        shown = f"{size:,}" if size < 10**12 else "more than 10^12"
        raise InputError(
            f"written out, this expression has {shown} parts; "
            f"at most {LARGEST_SOURCE:,} are written"
        )
    return run(lambda node: _walk(node, language), spelled).text


def _spelled(expr: Expr, language: _Language) -> Expr:
    """The expression with the language's functions only; the others by their definitions."""
    # The catalogue is only needed where a formula calls something of it.
    from chainrule.parsing.definitions import expand_all

    def by_definition(node: Expr) -> Expr:
        match node:
            case Call(name, args) if name in BY_NAME and name not in language.functions:
                definition = BY_NAME[name].definition
                return definition(*args) if definition else node
            case _:
                return node

    while True:
        spelled = transform(expand_all(expr), by_definition)
        if spelled is expr:
            return expr
        expr = spelled


def _walk(node: Expr, language: _Language) -> _Walk:
    match node:
        case Number():
            return _leaf(language.number(node))
        case Symbol(name):
            return _leaf(_Source(language.symbol(name), _Level.ATOM))
        case Constant(name):
            return _leaf(_Source(language.constants[name], _Level.ATOM))
        case Sum(args):
            return _sum(args)
        case Product(args):
            return _product(args)
        case Quotient(above, below):
            return _quotient(above, below, language)
        case Power(base, exponent):
            return _power(base, exponent)
        case Call(name, args):
            return _call(name, args, language)
        case Comparison():
            return language.comparison(node)
        case Piecewise():
            return language.cases(node)
        case Unknown():
            return language.unknown(node)
        case _:
            raise TypeError(f"no source text for {type(node).__name__}")


def _leaf(source: _Source) -> _Walk:
    yield from ()
    return source


def _at_least(source: _Source, level: _Level) -> str:
    return source.text if source.level >= level else f"({source.text})"


def _sum(args: tuple[Expr, ...]) -> _Walk:
    text = _at_least((yield args[0]), _Level.SUM)
    for arg in args[1:]:
        term = yield arg
        if term.signed and term.level > _Level.SUM:
            text += f" - {term.text[1:]}"
        else:
            text += f" + {_at_least(term, _Level.PRODUCT)}"
    return _Source(text, _Level.SUM)


def _product(args: tuple[Expr, ...]) -> _Walk:
    """−1 in front becomes a sign, unless a number follows."""
    sign, rest = "", args
    if args[0] is Number(-1) and len(args) > 1 and not isinstance(args[1], Number):
        sign, rest = "-", args[1:]
    first = yield rest[0]
    texts = [_at_least(first, _Level.POWER if sign else _Level.PRODUCT)]
    if sign and first.level is _Level.PRODUCT and not first.signed:
        texts = [first.text]
    for arg in rest[1:]:
        texts.append(_at_least((yield arg), _Level.POWER))
    return _Source(sign + "*".join(texts), _Level.PRODUCT)


def _quotient(above: Expr, below: Expr, language: _Language) -> _Walk:
    match above, below:
        case Number(int(p)), Number(int(q)) if q:
            return language.number(Number(Fraction(p, q)))
    numerator, denominator = (yield above), (yield below)
    text = f"{_at_least(numerator, _Level.PRODUCT)}/{_at_least(denominator, _Level.POWER)}"
    return _Source(text, _Level.PRODUCT)


def _power(base: Expr, exponent: Expr) -> _Walk:
    foot, top = (yield base), (yield exponent)
    tight = top.level >= _Level.POWER or (top.level is _Level.SIGNED)
    shown = top.text if tight else f"({top.text})"
    return _Source(f"{_at_least(foot, _Level.ATOM)}**{shown}", _Level.POWER)


def _call(name: str, args: tuple[Expr, ...], language: _Language) -> _Walk:
    if name not in language.functions:
        raise InputError(f"{language.name} has no function for {name}")
    texts = []
    for arg in args:
        texts.append((yield arg).text)
    return _Source(f"{language.functions[name]}({', '.join(texts)})", _Level.ATOM)


def _integer(value: int) -> str:
    # Python refuses to write or read more than 4,300 decimal digits; hexadecimal has no limit.
    return str(value) if value.bit_length() < 13_000 else hex(value)


# --- Python -----------------------------------------------------------------------------------
MATH = {
    **{name: name for name in ("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt")},
    **{name: name for name in ("sin", "cos", "tan", "asin", "acos", "atan", "atan2")},
    **{name: name for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")},
    **{name: name for name in ("erf", "erfc", "gamma", "lgamma")},
    **{name: name for name in ("max", "min", "floor", "ceil", "round", "trunc")},
    **{"logb": "log", "abs": "fabs"},
}
"""Functions by their names in Python's ``math`` and among its built-in functions."""


def _python_number(node: Number) -> _Source:
    value = node.value
    if isinstance(value, int):
        return _Source(_integer(value), _Level.SIGNED if value < 0 else _Level.ATOM)
    if node.decimal:
        return _Source(to_text(node), _Level.SIGNED if value < 0 else _Level.ATOM)
    return _Source(f"{_integer(value.numerator)}/{_integer(value.denominator)}", _Level.PRODUCT)


def _python_symbol(name: str) -> str:
    return name + "_" if keyword.iskeyword(name) else name


def _python_comparison(node: Comparison) -> _Walk:
    text = _at_least((yield node.args[0]), _Level.SUM)
    for operator, arg in zip(node.operators, node.args[1:], strict=True):
        text += f" {operator} {_at_least((yield arg), _Level.SUM)}"
    return _Source(text, _Level.RELATION)


def _python_cases(node: Piecewise) -> _Walk:
    text = ""
    for value, condition in node.branches:
        value_text = _at_least((yield value), _Level.RELATION)
        text += f"{value_text} if {_at_least((yield condition), _Level.RELATION)} else "
    last = "nan" if node.otherwise is None else (yield node.otherwise).text
    return _Source(text + last, _Level.CONDITIONAL)


def _python_unknown(node: Unknown) -> _Walk:
    yield from ()
    raise InputError(f"Python cannot compute {node.name}: it is an unknown function")


_PYTHON = _Language(
    name="Python's math",
    functions=MATH,
    number=_python_number,
    symbol=_python_symbol,
    constants={"e": "e", "pi": "pi"},
    comparison=_python_comparison,
    cases=_python_cases,
    unknown=_python_unknown,
)


# --- SymPy ------------------------------------------------------------------------------------
def _sympy_number(node: Number) -> _Source:
    value = node.value
    if isinstance(value, int):
        return _Source(_integer(value), _Level.SIGNED if value < 0 else _Level.ATOM)
    above, below = _integer(value.numerator), _integer(value.denominator)
    return _Source(f"Rational({above}, {below})", _Level.ATOM)


def _sympy_symbol(name: str) -> str:
    """Names that mean something to SymPy, as ``beta`` and ``I`` do, are quoted."""
    plain = len(name) == 1 and name.isascii() and name.isalpha() and name not in "CEINOQS"
    indexed = name[:1].isalpha() and name[:1].isascii() and name[1:2] == "_"
    return name if plain or (indexed and name.isidentifier()) else f"Symbol('{name}')"


def _sympy_comparison(node: Comparison) -> _Walk:
    parts, left = [], (yield node.args[0])
    for operator, arg in zip(node.operators, node.args[1:], strict=True):
        right = yield arg
        match operator:
            case "==":
                parts.append(f"Eq({left.text}, {right.text})")
            case "!=":
                parts.append(f"Ne({left.text}, {right.text})")
            case _:
                parts.append(f"{left.text} {operator} {right.text}")
        left = right
    text = parts[0] if len(parts) == 1 else " & ".join(f"({part})" for part in parts)
    return _Source(text, _Level.RELATION)


def _sympy_cases(node: Piecewise) -> _Walk:
    pairs = []
    for value, condition in node.branches:
        value_text = (yield value).text
        pairs.append(f"({value_text}, {(yield condition).text})")
    if node.otherwise is not None:
        pairs.append(f"({(yield node.otherwise).text}, True)")
    return _Source(f"Piecewise({', '.join(pairs)})", _Level.ATOM)


def _sympy_unknown(node: Unknown) -> _Walk:
    """The derivative is taken by place holders, and the arguments are put in afterwards."""
    texts = []
    for arg in node.args:
        texts.append((yield arg).text)
    name = f"Function('{node.name}')"
    if not any(node.orders):
        return _Source(f"{name}({', '.join(texts)})", _Level.ATOM)
    letters = [f"Symbol('_u{i}')" for i in range(len(texts))]
    by = ", ".join(f"({u}, {n})" for u, n in zip(letters, node.orders, strict=True) if n)
    derivative = f"Derivative({name}({', '.join(letters)}), {by})"
    text = f"Subs({derivative}, ({', '.join(letters)},), ({', '.join(texts)},))"
    return _Source(text, _Level.ATOM)


_SYMPY = _Language(
    name="SymPy",
    functions=CLASSES,
    number=_sympy_number,
    symbol=_sympy_symbol,
    constants={"e": "E", "pi": "pi"},
    comparison=_sympy_comparison,
    cases=_sympy_cases,
    unknown=_sympy_unknown,
)
