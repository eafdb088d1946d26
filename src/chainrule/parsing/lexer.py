"""From characters to tokens, for formulas in plain text."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple
from unicodedata import decomposition, normalize

from chainrule.errors import InputError
from chainrule.expr.nodes import Symbol
from chainrule.parsing.names import FUNCTION_LETTERS, GREEK, MODULES
from chainrule.parsing.tokens import FunctionName, Token, number
from chainrule.parsing.words import Reader

_LETTER = r"[^\W\d_]"
"""A letter of any alphabet. Raised characters and fractions are told apart afterwards."""
_INDEX = rf"(?:_(?:[A-Za-z0-9]+|{_LETTER}|\{{[^{{}}]*\}}))*"
_PIECE = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    rf"|(?P<word>(?:[A-Za-z][A-Za-z0-9]*|{_LETTER}[0-9]*){_INDEX})"
    r"|(?P<sign>\*\*|[<>=!]=|:=|.)",
    re.DOTALL,
)
_MODULES = re.compile(r"(?:[A-Za-z][A-Za-z0-9_]*\.)+(?=[A-Za-z])")
_LOG_WITH_BASE = re.compile(rf"(log|ln)(?:(?=_\{{)|_([0-9]+|{_LETTER}))")
_PRIMES = re.compile(r"['’′″‴]+")
_ORDER = re.compile(r"\s*\^\s*(\{\s*)?\(([0-9,\s]+)\)(?(1)\s*\})(?=\s*\()")
_SMALL_POWER = re.compile(r"\s*\^\s*(?:[0-9]|\{[0-9]\})\s*\(")
_FOLLOWING = re.compile(r"[ \t\r\n]*(?!(?:if|else|otherwise|and|or|not)\b)(.)", re.DOTALL)
_OPERAND_SIGNS = frozenset("√∛∜⌊⌈½{'’′")

_SIGNS: dict[str, tuple[str, object]] = {
    "+": ("PLUS", None),
    **dict.fromkeys("-−–—‐‑‒", ("MINUS", None)),
    **dict.fromkeys("*·⋅∙•×✕∗", ("TIMES", None)),
    **dict.fromkeys("/÷∕⁄", ("OVER", None)),
    **dict.fromkeys(("^", "**"), ("CARET", None)),
    "!": ("BANG", None),
    "∂": ("NAME", Symbol("d")),
    **dict.fromkeys(",;", ("COMMA", None)),
    ":": ("COLON", None),
    ":=": ("EQUALS", None),
    **{bracket: ("OPEN", bracket) for bracket in "([{"},
    **{bracket: ("CLOSE", bracket) for bracket in ")]}"},
    **dict.fromkeys("|∣", ("BAR", None)),
    "⌊": ("FLOOR_OPEN", None),
    "⌋": ("FLOOR_CLOSE", None),
    "⌈": ("CEIL_OPEN", None),
    "⌉": ("CEIL_CLOSE", None),
    "<": ("COMPARE", "<"),
    ">": ("COMPARE", ">"),
    "==": ("COMPARE", "=="),
    **dict.fromkeys(("!=", "≠"), ("COMPARE", "!=")),
    **dict.fromkeys(("<=", "≤", "≦", "⩽"), ("COMPARE", "<=")),
    **dict.fromkeys((">=", "≥", "≧", "⩾"), ("COMPARE", ">=")),
    "√": ("RADICAL", 2),
    "∛": ("RADICAL", 3),
    "∜": ("RADICAL", 4),
}

_REFUSED = {
    **dict.fromkeys("'’′", "for a derivative write d/dx (…)"),
    "∞": "infinity is not a number here",
    "∫": "integrals cannot be read: give the function that is to be differentiated",
    "∑": "sums over an index cannot be read",
    "∏": "products over an index cannot be read",
    "±": "write two formulas, one with + and one with -",
    "%": "write a division by 100",
    "°": "angles are in radians: write x*pi/180",
    "\\": "a formula with LaTeX commands is read by parse or parse_latex",
}


class TypedDefinition(NamedTuple):
    """The beginning ``f(x, a) =`` of a formula, up to the offset ``end``."""

    name: str
    variables: tuple[str, ...]
    end: int


_DEFINITION = (
    rf"\s*((?:[A-Za-z][A-Za-z0-9]*|{_LETTER}[0-9]*){_INDEX}[₀-₉ₐ-ₜ]*)"
    r"\s*\(([\w\s,;{}]*)\)\s*(?::=|=(?!=))"
)
_VARIABLE = rf"(?:[A-Za-z][A-Za-z0-9]*|{_LETTER}[0-9]*){_INDEX}"


def find_definition(text: str) -> TypedDefinition | None:
    """The head of ``f(x, a) = …``, if there is one."""
    found = re.match(_DEFINITION, text) if "=" in text else None
    if not found:
        return None
    variables = [_with_index(variable.strip()) for variable in re.split("[,;]", found[2])]
    if not all(re.fullmatch(_VARIABLE, variable) for variable in variables):
        return None
    names = tuple(symbol_name(variable) for variable in variables)
    return TypedDefinition(symbol_name(_with_index(found[1])), names, found.end())


def _with_index(word: str) -> str:
    """``x₁`` as ``x_1``."""
    return re.sub("[₀-₉ₐ-ₜ]+", lambda lowered: "_" + _level(lowered[0]), word)


def plain_tokens(text: str, reader: Reader) -> list[Token]:
    """The tokens of a plain formula, before brackets are settled."""
    tokens: list[Token] = []
    position, depth, conditional = 0, 0, False
    while position < len(text):
        piece = _PIECE.match(text, position)
        assert piece is not None, "the pattern matches any character"
        start, position = position, piece.end()
        match piece.lastgroup:
            case "number":
                value = number(piece[0], reader.text, start)
                tokens.append(Token("NUMBER", value, start, position))
            case "word" if not _is_special(text[start]):
                position = _read_word(text, start, position, reader, tokens)
                conditional = conditional or tokens[-1].kind == "IF"
            case "sign" if piece[0] in _SIGNS:
                kind, meaning = _SIGNS[piece[0]]
                tokens.append(Token(kind, meaning, start, position))
                depth += (kind == "OPEN") - (kind == "CLOSE")
            case "sign" if piece[0] == "=":
                # Within brackets and after "if" an equals sign compares.
                compares = depth > 0 or conditional
                kind = "COMPARE" if compares else "EQUALS"
                tokens.append(Token(kind, "==", start, position))
            case "word" | "sign":
                found, position = special_tokens(text, start, reader, tokens)
                tokens += found
    return tokens


# --- words ------------------------------------------------------------------------------
def _read_word(text: str, start: int, end: int, reader: Reader, tokens: list[Token]) -> int:
    """Append the tokens of the word at ``start``; returns where reading goes on."""
    prefix = _MODULES.match(text, start) if text[end : end + 1] == "." else None
    if prefix:
        modules = prefix[0].rstrip(".").split(".")
        unknown = [module for module in modules if module not in MODULES]
        if unknown:
            raise reader.error(f"`{unknown[0]}` is no library that chainrule knows", start)
        word = _PIECE.match(text, prefix.end())
        assert word is not None, "a letter follows the prefix"
        start, end = prefix.end(), word.end()
    word_text = text[start:end]
    if word_text not in reader.names.functions:
        base = _LOG_WITH_BASE.match(text, start)
        if base:
            return _read_log(base, reader, tokens)
    lowered = _run(text, end, "<sub>")
    if lowered > end:
        index = _level(text[end:lowered])
        if word_text in ("log", "ln"):
            tokens.append(Token("FUNCTION", FunctionName("log"), start, end))
            tokens.append(Token("UNDERSCORE", None, end, lowered))
            tokens += _on_the_line(index, end, lowered, reader)
            return lowered
        word_text, end = f"{word_text}_{index}", lowered
    name = symbol_name(word_text, reader, start)
    primes = _PRIMES.match(text, end)
    if primes:
        count = len(normalize("NFKC", primes[0]).replace("’", "'").replace("'", "′"))
        tokens.append(_primed(name, count, start, primes.end(), reader))
        return primes.end()
    order = _ORDER.match(text, end)
    if order and _takes_order(name):
        function = (
            FunctionName(name, known=False)
            if name[0] in FUNCTION_LETTERS
            else FunctionName("digamma")
        )
        orders = tuple(int(n or 0) for n in re.split(r"\s*,\s*", order[2].strip()) if len(n) < 5)
        tokens.append(Token("FUNCTION", function, start, end))
        tokens.append(Token("ORDER", orders, end, order.end()))
        return order.end()
    called = following(text, end)
    if word_text[0] in GREEK and name in GREEK.values():
        tokens.append(reader.greek(name, start, end, called))
    else:
        tokens += reader.read(name, start, end, called)
    return end


def _read_log(found: re.Match[str], reader: Reader, tokens: list[Token]) -> int:
    tokens.append(Token("FUNCTION", FunctionName("log"), found.start(), found.end(1)))
    start = found.end(1) + 1
    tokens.append(Token("UNDERSCORE", None, start - 1, start))
    if not found[2]:
        return start
    tokens += _on_the_line(found[2], start, found.end(), reader)[1:-1]
    return found.end()


def _primed(name: str, count: int, start: int, end: int, reader: Reader) -> Token:
    if name in ("psi", "digamma"):
        return Token("FUNCTION", FunctionName("digamma", orders=(count,)), start, end)
    known = reader.names.functions.get(name)
    if known is not None and len(name) > 1:
        return Token("FUNCTION", FunctionName(known, orders=(count,)), start, end)
    return Token("FUNCTION", FunctionName(name, known=False, orders=(count,)), start, end)


def _takes_order(name: str) -> bool:
    letter = name.partition("_")[0]
    return letter in FUNCTION_LETTERS or name in ("psi", "digamma")


def following(text: str, end: int) -> str:
    """What follows a word: "(" for a bracket, "^" for one after a small power, "x" for an
    operand, "" for anything else."""
    found = _FOLLOWING.match(text, end)
    if not found:
        return ""
    character = found[1]
    if character in "([":
        return "("
    if character in "|∣":
        return "|"
    if character.isalnum() or character in _OPERAND_SIGNS:
        return "x"
    return "^" if character == "^" and _SMALL_POWER.match(text, end) else ""


def symbol_name(word: str, reader: Reader | None = None, start: int = 0) -> str:
    """A symbol's name in ASCII where there is one: β₁ and β_{1} are beta_1."""
    if word.isascii() and "{" not in word:
        return word
    base, *indices = word.replace("{", "").replace("}", "").split("_")
    base = GREEK.get(base[0], base[0]) + base[1:]
    cleaned = [GREEK.get(index, index).replace(",", "").replace(" ", "") for index in indices]
    if not all(_is_index(index) for index in cleaned):
        if reader is None:
            return word
        raise reader.error("a subscript is made of letters and digits", start)
    return "_".join([base, *cleaned])


def _is_index(text: str) -> bool:
    return text != "" and all(c.isalpha() or c in "0123456789" for c in text)


# --- raised and lowered characters, fractions -------------------------------------------
def special_tokens(
    text: str, start: int, reader: Reader, before: list[Token]
) -> tuple[list[Token], int]:
    """The tokens of ⁻¹, ½ and the like, and where reading goes on."""
    character = text[start]
    end = _run(text, start, "<super>")
    if end > start:
        caret = Token("CARET", None, start, start)
        return [caret, *_on_the_line(_level(text[start:end]), start, end, reader)], end
    if decomposition(character).startswith("<fraction>"):
        above, _, below = normalize("NFKC", character).partition("⁄")
        if before and before[-1].kind == "NUMBER" and before[-1].end == start:
            raise reader.error("a mixed number can be read in two ways", start, "write a sum")
        if below:
            value = (int(above), int(below))
            return [Token("FRACTION", value, start, start + 1)], start + 1
    printable = f"`{character}`" if character.isprintable() else f"U+{ord(character):04X}"
    raise reader.error(
        f"the character {printable} has no meaning in a formula", start, _REFUSED.get(character)
    )


def _on_the_line(inner: str, start: int, end: int, reader: Reader) -> list[Token]:
    """The tokens of raised or lowered characters, in brackets; all in the same place."""
    inside = Reader(inner, reader.names, reader.symbols, reader.latex, reader.notes)
    try:
        tokens = plain_tokens(inner, inside)
    except InputError as error:
        raise reader.error(error.message, start, error.hint) from None
    tokens = [Token("OPEN", "(", 0, 0), *tokens, Token("CLOSE", ")", 0, 0)]
    return [token._replace(start=start, end=end) for token in tokens]


def _is_special(character: str) -> bool:
    kinds = ("<super>", "<sub>", "<fraction>")
    return not character.isascii() and decomposition(character).startswith(kinds)


def _run(text: str, start: int, kind: str) -> int:
    """Where the run of raised (or lowered) characters that begins at ``start`` ends."""
    end = start
    while end < len(text) and not text[end].isascii() and decomposition(text[end]).startswith(kind):
        end += 1
    return end


def _level(characters: str) -> str:
    """Raised or lowered characters on the line: ⁻ˣ is −x."""
    return "".join(normalize("NFKC", character) for character in characters)


def simplify_characters(text: str) -> str:
    """Full-width, mathematical and other variants of a character as that: 𝑥 is x, ϕ is φ.

    Raised and lowered characters stay, since they mean something. The length stays as well.
    """
    if text.isascii():
        return text
    return text.translate({ord(c): _simpler(c) for c in set(text) if not c.isascii()})


@cache
def _simpler(character: str) -> str:
    simple = normalize("NFKC", character)
    return character if _is_special(character) or len(simple) != 1 else simple
