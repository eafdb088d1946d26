"""The lines of a derivation as they are written: labels, equals signs, expressions.

``dy/dx = cos(u) * du/dx = 2x cos(x^2)`` is a label and two expressions; the letters that
stand for derivatives within an expression (``du/dx``, ``u'``) become symbols.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from chainrule.errors import InputError
from chainrule.expr.nodes import Expr, Symbol, symbols
from chainrule.parsing.reader import parse

_WORD = r"[^\W\d_]\w*"
_LEIBNIZ = re.compile(
    r"\\d?frac\s*\{\s*(?:d|\\partial)\s*(?P<above1>\\?" + _WORD + r")\s*\}"
    r"\s*\{\s*(?:d|\\partial)\s*(?P<below1>\\?" + _WORD + r")\s*\}"
    r"|(?<!\w)[d∂](?P<above2>" + _WORD + r")\s*/\s*[d∂](?P<below2>" + _WORD + r")(?!\w)"
)
_OPERATOR = re.compile(
    r"(?:\\d?frac\s*\{\s*(?:d|\\partial)\s*\}\s*\{\s*(?:d|\\partial)\s*(?P<below1>\\?"
    + _WORD
    + r")\s*\}|(?<!\w)[d∂]\s*/\s*[d∂](?P<below2>"
    + _WORD
    + r")(?!\w))(?P<rest>.*)$",
    re.DOTALL,
)
_HIGHER = re.compile(
    r"[d∂]\^\{?(?P<order>\d)\}?\s*(?P<above>" + _WORD + r")\s*/\s*[d∂](?P<below>" + _WORD + r")"
    r"\^\{?(?P=order)\}?$"
)
_CALLED = re.compile(r"(?P<name>\\?" + _WORD + r")(?P<primes>['’′]*)\s*(?:\((?P<args>[^()]*)\))?$")
_LET = re.compile(r"(?:let|with|where|put|set|sei)\s+", re.IGNORECASE)
_PRIMED = re.compile(r"(?<![\w'])(?P<name>" + _WORD + r")['’′](?!['’′(])")


@dataclass(frozen=True, slots=True)
class Label:
    """What stands before an equals sign to say what is equal: f(x), y', du/dx, d/dx f.

    ``order`` 0 is the function itself. ``by`` is the variable where it is named.
    """

    name: str
    order: int
    by: str | None = None
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StatementSide:
    """One side of an equals sign.

    Attributes:
        text: as written.
        start: its offset in the whole text.
        label: what it is, if it is a name and no expression.
        operand: for ``d/dx (…)``, the expression under the operator, as a side of its own.
        by: the variable of that operator.
    """

    text: str
    start: int
    label: Label | None = None
    operand: StatementSide | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """One line: sides joined by equals signs.

    Attributes:
        number: of the line, from 1.
        text: the line without its comment.
        let: whether it introduces a name ("let u = …").
        continues: whether it begins with an equals sign.
        sides: what stands between the signs.
    """

    number: int
    text: str
    let: bool
    continues: bool
    sides: tuple[StatementSide, ...]


def statements(text: str) -> list[Statement]:
    """The lines that say something; ``#`` begins a comment."""
    found: list[Statement] = []
    offset = 0
    for number, line in enumerate(text.split("\n"), start=1):
        content = line.split("#", 1)[0]
        if content.strip(" \t\r&$\\"):
            found.append(_statement(number, content, offset, text))
        offset += len(line) + 1
    return found


def _statement(number: int, line: str, offset: int, whole: str) -> Statement:
    start = len(line) - len(line.lstrip())
    end = len(line.rstrip().rstrip(".,;\\").rstrip())
    let = _LET.match(line, start)
    if let:
        start = let.end()
    continues = False
    sides: list[StatementSide] = []
    for left, right in _split(line, start, end):
        if line[left:right].strip(" \t&$"):
            sides.append(_side(line, left, right, offset))
        elif not sides:
            continues = True
        else:
            raise InputError(
                "there is nothing on one side of `=`", text=whole, position=offset + right
            )
    if not sides:
        raise InputError("there is nothing on this line", text=whole, position=offset + start)
    return Statement(number, line.strip(), let is not None, continues, tuple(sides))


def _split(line: str, start: int, end: int) -> Iterable[tuple[int, int]]:
    """The stretches between equals signs that are not in brackets nor part of a comparison."""
    depth = 0
    left = start
    for i in range(start, end):
        character = line[i]
        depth += (character in "([{") - (character in ")]}")
        if (
            character == "="
            and depth <= 0
            and line[i + 1 : i + 2] != "="
            and line[i - 1 : i] not in ("=", "<", ">", "!")
        ):
            yield left, i
            left = i + 1
    yield left, end


def _side(line: str, left: int, right: int, offset: int) -> StatementSide:
    operators: list[tuple[str, int, str]] = []
    while True:
        while left < right and line[left] in " \t&$":
            left += 1
        while right > left and line[right - 1] in " \t&$":
            right -= 1
        text = line[left:right]
        operator = _OPERATOR.match(text)
        if not operator or not operator["rest"].strip():
            break
        by = _plain(operator["below1"] or operator["below2"])
        operators.append((text, offset + left, by))
        left += operator.start("rest")
    side = StatementSide(text, offset + left, label(text))
    for text, start, by in reversed(operators):
        if side.label is not None and side.label.order == 0:
            side = StatementSide(text, start, Label(side.label.name, 1, by))
        else:
            side = StatementSide(text, start, None, side, by)
    return side


def label(text: str) -> Label | None:
    """The text as a label; ``None`` if it is an expression."""
    if leibniz := _LEIBNIZ.fullmatch(text):
        above, below = _names(leibniz)
        return Label(above, 1, below)
    if higher := _HIGHER.match(text):
        return Label(higher["above"], int(higher["order"]), higher["below"])
    called = _CALLED.match(text)
    if called and (called["primes"] or called["args"] is not None or _is_letter(called["name"])):
        arguments = tuple(
            _plain(part.strip()) for part in (called["args"] or "").split(",") if part.strip()
        )
        if all(re.fullmatch(_WORD, argument) for argument in arguments):
            return Label(_plain(called["name"]), len(called["primes"]), None, arguments)
    return None


def _is_letter(name: str) -> bool:
    return len(name) == 1 or name.startswith("\\")


def _plain(name: str) -> str:
    """The name as a symbol's: α and \\alpha are alpha."""
    found = symbols(parse(name).expr) if len(name) == 1 else []
    return found[0].name if len(found) == 1 else name.lstrip("\\")


def _names(match: re.Match[str]) -> tuple[str, str]:
    return _plain(match["above1"] or match["above2"]), _plain(match["below1"] or match["below2"])


# --- expressions -----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Reading:
    """An expression, and what the symbols in it stand for that were written du/dx or u'."""

    expr: Expr
    derivatives: dict[Symbol, tuple[str, str | None]]


def read(side: StatementSide, whole: str, names: Iterable[str]) -> Reading:
    """Read an expression.

    Args:
        side: where it stands.
        whole: the whole text, for errors.
        names: letters that stand for functions, whose derivatives may occur.

    Raises:
        InputError: with the position in the whole text.
    """
    known = set(names)
    found: dict[Symbol, tuple[str, str | None]] = {}
    moved: list[tuple[int, int]] = []
    text = side.text

    def stand_in(match: re.Match[str], meaning: tuple[str, str | None]) -> str:
        name = meaning[0]
        if name not in known:
            raise InputError(
                f"no line above says what `{name}` is",
                text=whole,
                position=side.start + match.start(),
                hint=f"say so first: let {name} = …",
            )
        symbol = Symbol(f"derivative_{meaning[0]}_{meaning[1] or 'x'}")
        found[symbol] = meaning
        moved.append((match.start(), len(symbol.name) + 2 - len(match[0])))
        return f"({symbol.name})"

    text = _LEIBNIZ.sub(lambda match: stand_in(match, _names(match)), text)
    text = _PRIMED.sub(lambda match: stand_in(match, (_plain(match["name"]), None)), text)
    try:
        formula = parse(text, [symbol.name for symbol in found])
    except InputError as error:
        shift = sum(growth for at, growth in moved if at < (error.position or 0))
        position = side.start + max(0, (error.position or 0) - shift)
        raise InputError(
            error.message, text=whole, position=min(position, len(whole)), hint=error.hint
        ) from None
    if formula.equals is not None or formula.name is not None:
        raise InputError("an expression was expected here", text=whole, position=side.start)
    return Reading(formula.expr, found)
