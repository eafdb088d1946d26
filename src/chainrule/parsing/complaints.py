"""What to say when a formula does not go on as it should."""

from __future__ import annotations

from chainrule.errors import InputError
from chainrule.parsing.names import Names
from chainrule.parsing.shift_reduce import UnexpectedTokenError
from chainrule.parsing.tokens import END, Token

_OPERAND = "a number, a name or an opening bracket"
_OPERATOR = "an operator such as + or *"
_WORDS = {
    "NUMBER": _OPERAND,
    "TIMES": _OPERATOR,
    "CARET": _OPERATOR,
    "COMPARE": "a comparison such as <",
    "COMMA": "a comma",
    "COLON": "a colon",
    "IF": "`if`",
    "ELSE": "`else`",
    "CLOSE": "a closing bracket",
    "BAR_CLOSE": "a closing bar",
    "NEW_CELL": "`&`",
    "NEW_ROW": r"`\\`",
    "CASES_END": r"`\end{cases}`",
    "EQUALS": "`=`",
    END: "the end",
}
"""Terminals in the order in which they are named; what stands for others comes first."""

_SIMPLE_ENDS = frozenset({"NUMBER", "FRACTION", "CONSTANT", "NAME", "CLOSE", "BAR_CLOSE", "BANG"})


def complaint(problem: UnexpectedTokenError, text: str, names: Names) -> InputError:
    """The error for the user: what is wrong, where, and what would have been right."""
    token, previous, expected = problem.token, problem.previous, problem.expected
    message, hint = _message(token, previous, expected, text, names)
    return InputError(message, text=text, position=token.start, hint=hint)


def _message(
    token: Token,
    previous: Token | None,
    expected: frozenset[str],
    text: str,
    names: Names,
) -> tuple[str, str | None]:
    typed = _quoted(text, token)
    before = _quoted(text, previous) if previous else ""
    wanted = f"expected {listing(expected)}"
    if previous and previous.kind == "FUNCTION" and "NUMBER" in expected:
        example = f"{before}(x)"
        if previous.value.known and (signature := names.signature(previous.value.name)):
            example = str(signature)
        return f"the function `{before}` has no argument", f"write {example}"
    if expected == {"OPEN"} and previous and previous.kind == "FUNCTION":
        return f"expected an opening bracket after `{before}`", f"write {before}(x)"
    if token.kind == END:
        after = f" after `{before}`" if previous and previous.kind not in _SIMPLE_ENDS else ""
        return f"the formula ends too early{after}: {wanted}", None
    if token.kind == "NUMBER" and previous and previous.kind in _SIMPLE_ENDS:
        return f"the number {typed} cannot stand here: {wanted}", None
    hint = None
    if token.kind == "EQUALS":
        hint = "a formula has one `=` at most; in conditions write =="
    elif token.kind == "COMMA" and previous and previous.kind == "NUMBER":
        hint = "decimals are written with a point: 0.5"
    elif token.kind == "DIFFERENTIAL":
        hint = f"put brackets around it: ({typed} …)"
    elif token.kind == "IF":
        hint = "write: x if x > 0 else 0"
    return f"unexpected `{typed}`: {wanted}", hint


def _quoted(text: str, token: Token) -> str:
    typed = text[token.start : token.end].strip()
    return typed if len(typed) <= 24 else typed[:23] + "…"


def listing(expected: frozenset[str]) -> str:
    """The expected terminals in words: "a comma or a closing bracket"."""
    found = list(dict.fromkeys(words for kind, words in _WORDS.items() if kind in expected))
    if _OPERATOR in found and END in expected:
        found = [_OPERATOR, _WORDS[END]]
    elif _OPERATOR in found:
        found = [words for words in found if words not in (_OPERAND, _WORDS["COMPARE"])]
    elif _OPERAND in found:
        found = [_OPERAND]
    if not found:
        found = ["an opening bracket"] if "OPEN" in expected else ["something else"]
    return " or ".join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)
