r"""Derivatives as they are written: ``d/dx``, ``\frac{d}{dx}``, ``D[x^2, x]``, "derivative of".

What differentiates becomes one token: a DIFFERENTIAL, which takes what follows up to a plus or
minus sign, or a function of a formula and its variables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from unicodedata import normalize

from chainrule.errors import InputError
from chainrule.expr.nodes import Number, Symbol
from chainrule.parsing.tokens import HIGHEST, FunctionName, Token

_OPERAND_ENDS = frozenset({"NUMBER", "FRACTION", "NAME", "CONSTANT", "CLOSE", "BAR_CLOSE", "BANG"})

_BEFORE_FACTORS = _OPERAND_ENDS | {"TIMES", "OVER"}
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_ASKED = re.compile(
    r"\s*(?:(?:please\s+)?(?:find|compute|calculate|determine|evaluate|give|what\s+is|what's)\s+)?"
    rf"(?:the\s+)?(?:(?P<nth>{'|'.join(_ORDINALS)})\s+)?(?:partial\s+)?"
    r"(?:derivative\s+of|differentiate|derive)(?:\s*:)?\s+(?:the\s+function\s+)?",
    re.IGNORECASE,
)
_BY = re.compile(
    r"[\s,]+(?:with\s+respect\s+to|w\.?\s?r\.?\s?t\.?)\s+(?P<by>[^\W\d]\w*)\s*[.?]?\s*$",
    re.IGNORECASE,
)
_AT_POINT = re.compile(
    r"\s*(?:find|compute|calculate|determine|evaluate|give|what\s+is)\s+"
    r"(?P<name>[^\W\d])(?P<primes>['’′]+)\s*\((?P<at>[^()]+)\)\s*(?:,|if|when|where|for|given)\s+",
    re.IGNORECASE,
)


def asked_in_words(text: str) -> tuple[str, int, str | None]:
    """The formula in "the second derivative of … with respect to t", its order and its variable.

    The formula has blanks for the words, so that places in it are places in the text.

    Raises:
        InputError: a value is asked for, which is what ``--at`` is for.
    """
    if point := _AT_POINT.match(text):
        value = point["at"].strip()
        raise InputError(
            f"the derivative at {value} is asked for in words",
            text=text,
            position=0,
            hint=f"give the function alone, and the point with --at {value}",
        )
    found = _ASKED.match(text)
    if not found:
        return text, 1, None
    order = _ORDINALS.index(found["nth"].lower()) + 1 if found["nth"] else 1
    by = _BY.search(text, found.end())
    end = by.start() if by else len(text.rstrip(" .?"))
    return " " * found.end() + text[found.end() : end], order, by["by"] if by else None


_D = r"(?:d|∂|\\partial|\\differentialD|\\mathrm\s*\{\s*d\s*\}|\\mathrm\s+d)\s*"
_NAME = r"\\?[^\W\d_]\w*"
_POWER = r"(?:\s*\^\s*\{?\s*[2-9]\s*\}?|[²³⁴])?\s*"
_LABEL = re.compile(
    rf"\s*\$*\s*(?:{_D}(?P<n1>{_POWER})(?P<y1>{_NAME})\s*/\s*{_D}(?P<x1>{_NAME}?){_POWER}"
    rf"|\\[dt]?frac\s*\{{\s*{_D}(?P<n2>{_POWER})(?P<y2>{_NAME})\s*\}}"
    rf"\s*\{{\s*{_D}(?P<x2>{_NAME}?){_POWER}\}}"
    rf"|(?P<y3>{_NAME})\s*(?P<primes>['’′″]+|\^\s*\{{?(?:\s*\\prime)+\s*\}}?)"
    rf"\s*(?:(?:\\left)?\(\s*(?P<x3>{_NAME})\s*(?:\\right)?\))?)\s*=(?!=)"
)


class Label(NamedTuple):
    """``dy/dx =`` and ``f'(x) =`` before a formula: its variable if it is named, the order."""

    typed: str
    by: str | None
    order: int
    formula: str
    """The rest, after blanks, so that places are those of the text."""


def label(text: str) -> Label | None:
    """What the text says that it is, if that is a derivative."""
    found = _LABEL.match(text)
    if not found:
        return None
    by = found["x1"] or found["x2"] or found["x3"]
    raised = normalize("NFKC", found["n1"] or found["n2"] or "").strip(" ^{}")
    primes = found["primes"] or ""
    marks = primes.count(r"\prime") or len(normalize("NFKC", primes))
    typed = text[: found.end()].rstrip("= ").strip()
    rest = " " * found.end() + text[found.end() :]
    return Label(typed, by.strip("\\") if by else None, int(raised or marks or 1), rest)


# --- among the tokens ---------------------------------------------------------------------------
def differentials(tokens: Sequence[Token], text: str) -> list[Token]:
    r"""``tokens`` with those of ``d/dx`` and its kind as one.

    Raises:
        InputError: a ``dx`` at the end, ``dy/dx`` within a formula, or a ∂ that stands alone.
    """
    found: list[Token] = []
    ends = _closing(tokens)
    # After the bracket of d(…)/dx: the rest of it, which is skipped.
    after: dict[int, int] = {}
    at = 0
    while at < len(tokens):
        whole = _around(tokens, at, ends)
        if whole is not None:
            by, at, stop = whole
            opener = tokens[at]
            name = FunctionName("d", by=by)
            found += [opener, Token("DIFFERENTIAL", name, opener.start, opener.end), opener]
            after[ends[at]] = stop
            at += 1
            continue
        if at in after:
            found += [tokens[at], tokens[at]]
            at = after[at]
            continue
        operator = _fraction(tokens, at) or _slash(tokens, at) or _word(tokens, at)
        if operator is None:
            _refuse(tokens, at, text)
            found.append(tokens[at])
            at += 1
            continue
        by, end = operator
        bracket = end < len(tokens) and tokens[end].kind == "OPEN"
        factor = bool(found) and found[-1].kind in _BEFORE_FACTORS
        # As a factor it takes its bracket alone: x·d/dx(x²).
        kind = "FUNCTION" if not by or (factor and bracket) else "DIFFERENTIAL"
        first, last = tokens[at], tokens[end - 1]
        found.append(Token(kind, FunctionName("d", by=by), first.start, last.end))
        at = end
    return found


By = tuple[tuple[Symbol, int], ...]
"""Variables, and how often by each."""


def _is_d(tokens: Sequence[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].kind == "NAME" and tokens[at].value.name == "d"


def _order(tokens: Sequence[Token], at: int) -> tuple[int, int]:
    """The whole number after a caret at ``at``, 1 if there is none, and where it ends."""
    if at >= len(tokens) or tokens[at].kind != "CARET":
        return 1, at
    inner = at + 1 + (tokens[at + 1].kind == "OPEN" if at + 1 < len(tokens) else 0)
    braces = inner - at - 1
    if inner >= len(tokens) or tokens[inner].kind != "NUMBER":
        return 0, at
    value = tokens[inner].value
    whole = isinstance(value, Number) and value.value.denominator == 1
    order = int(value.value) if whole and 1 <= value.value <= HIGHEST else 0
    return order, inner + 1 + braces


def _below(tokens: Sequence[Token], at: int) -> tuple[By, int] | None:
    """``dx``, ``dx^2`` or ``dx dy``, and where it ends."""
    by: list[tuple[Symbol, int]] = []
    while _is_d(tokens, at) and at + 1 < len(tokens) and tokens[at + 1].kind == "NAME":
        order, end = _order(tokens, at + 2)
        if not order:
            return None
        by.append((tokens[at + 1].value, order))
        at = end
    return (tuple(by), at) if by else None


def _matching(order: int, by: By) -> bool:
    return sum(times for _, times in by) == order


def _slash(tokens: Sequence[Token], at: int) -> tuple[By, int] | None:
    """``d/dx``, ``d^2/dx^2``, ``d^2/(dx dy)``."""
    if not _is_d(tokens, at):
        return None
    order, end = _order(tokens, at + 1)
    if not order or end >= len(tokens) or tokens[end].kind != "OVER":
        return None
    braces = end + 1 < len(tokens) and tokens[end + 1].kind == "OPEN"
    below = _below(tokens, end + 1 + braces)
    if below is None or not _matching(order, below[0]):
        return None
    by, stop = below
    if braces:
        if stop >= len(tokens) or tokens[stop].kind != "CLOSE":
            return None
        stop += 1
    return by, stop


def _fraction(tokens: Sequence[Token], at: int) -> tuple[By, int] | None:
    r"""``\frac{d}{dx}``, ``\frac{d^2}{dx^2}``."""
    if tokens[at].kind != "FRAC" or not _is_d(tokens, at + 2):
        return None
    order, end = _order(tokens, at + 3)
    kinds = [token.kind for token in tokens[end : end + 2]]
    if not order or kinds != ["CLOSE", "OPEN"]:
        return None
    below = _below(tokens, end + 2)
    if below is None or not _matching(order, below[0]):
        return None
    by, stop = below
    if stop >= len(tokens) or tokens[stop].kind != "CLOSE":
        return None
    return by, stop + 1


def _closing(tokens: Sequence[Token]) -> dict[int, int]:
    """Where each bracket is closed."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for at, token in enumerate(tokens):
        if token.kind == "OPEN":
            opened.append(at)
        elif token.kind == "CLOSE" and opened:
            ends[opened.pop()] = at
    return ends


def _around(tokens: Sequence[Token], at: int, ends: dict[int, int]) -> tuple[By, int, int] | None:
    r"""``d(x^2)/dx`` and ``\frac{d(x^2)}{dx}``: by what, where the bracket opens, and the end."""
    braces = 2 if tokens[at].kind == "FRAC" else 0
    if not _is_d(tokens, at + braces):
        return None
    order, start = _order(tokens, at + braces + 1)
    if not order or start not in ends:
        return None
    end = ends[start]
    kinds = [token.kind for token in tokens[end + 1 : end + 3]]
    if kinds[:braces] != ["CLOSE", "OPEN"][:braces] or (not braces and kinds[:1] != ["OVER"]):
        return None
    below = _below(tokens, end + 1 + max(braces, 1))
    if below is None or not _matching(order, below[0]):
        return None
    by, stop = below
    return by, start, stop + bool(braces)


def _word(tokens: Sequence[Token], at: int) -> tuple[By, int] | None:
    """``D_x``, and D before a bracket that names its variables: ``D[x^2, x]``."""
    token = tokens[at]
    if token.kind != "NAME" or at + 1 >= len(tokens):
        return None
    name, _, index = token.value.name.partition("_")
    if name != "D":
        return None
    if index:
        return ((Symbol(index), 1),), at + 1
    square = tokens[at + 1].value == "["
    return ((), at + 1) if square and tokens[at + 1].kind == "OPEN" else None


def _refuse(tokens: Sequence[Token], at: int, text: str) -> None:
    token = tokens[at]
    if not _is_d(tokens, at):
        return
    typed = text[token.start : token.end]
    if "partial" in typed or "∂" in typed:
        raise InputError(
            f"`{typed.strip()}` is not part of a derivative here",
            text=text,
            position=token.start,
            hint="a derivative is written ∂/∂x (…)",
        )
    label = (
        at + 4 < len(tokens)
        and tokens[at + 1].kind == "NAME"
        and tokens[at + 2].kind == "OVER"
        and _is_d(tokens, at + 3)
        and tokens[at + 4].kind == "NAME"
    )
    if label:
        y, x = tokens[at + 1].value.name, tokens[at + 4].value.name
        raise InputError(
            f"`d{y}/d{x}` is the derivative of a function that is not given",
            text=text,
            position=token.start,
            hint=f"for a function {y} of {x} write {y}'({x})",
        )
    last = at + 2 == len(tokens) and tokens[at + 1].kind == "NAME"
    if last and at and tokens[at - 1].kind in _OPERAND_ENDS:
        x = tokens[at + 1].value.name
        apart = token.start > tokens[at - 1].end or tokens[at - 1].kind != "NAME"
        ds = sum(_is_d(tokens, i) for i in range(len(tokens)))
        if apart and ds == 1 and any(t.value is tokens[at + 1].value for t in tokens[:at]):
            raise InputError(
                f"`d{x}` belongs to an integral or a differential",
                text=text,
                position=token.start,
                hint="give the function that is to be differentiated, without it; "
                f"for a product write d*{x}",
            )
