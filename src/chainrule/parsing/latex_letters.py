"""Letters, words and their indices in LaTeX; tokens as they come, with the arguments of \\frac."""

from __future__ import annotations

import re

from chainrule.expr.nodes import Symbol
from chainrule.parsing.latex_commands import SIGNS, VARIANTS
from chainrule.parsing.lexer import symbol_name
from chainrule.parsing.names import CONSTANTS, FUNCTION_LETTERS, GREEK_WORDS
from chainrule.parsing.tokens import FunctionName, Token, number
from chainrule.parsing.words import Reader

STYLE = r"\\(?:text|math|operatorname|mbox|boldsymbol|bm)[a-z]*\*?"
"""Commands that set a word in another type."""
SIZE = r"(?:\\(?:m?left|m?right|mathopen|mathclose|[bB]igg?[lrm]?)(?![A-Za-z])\s*)"
"""Commands before a bracket."""
INDEX = re.compile(
    r"\s*_\s*(?:\{((?:[^{}]|\{[^{}]*\})*)\}|([A-Za-z0-9])|(\\[A-Za-z]+(?![A-Za-z])))"
)
PRIMES = re.compile(r"\s*(?:(['’′]+)|\^\s*(?:\\prime(?![A-Za-z])|\{((?:\s*\\prime)+)\s*\}))")
FOLLOWING = re.compile(rf"\s*{SIZE}?(.)", re.DOTALL)
_ORDER = re.compile(
    r"\s*\^\s*\{?\s*(?:\\m?left\s*)?\(([0-9,\s]+)(?:\\m?right\s*)?\)\s*\}?(?=\s*(?:\\m?left)?\s*\()"
)
_SMALL_POWER = re.compile(rf"\s*\^\s*(?:[0-9]|\{{\s*[0-9]\s*\}})\s*{SIZE}?\(")


def plain_name(latex: str) -> str:
    r"""The symbol's name that ``\beta_{1}`` or ``\mathrm{SiLU}`` is set for."""
    words = re.sub(rf"{STYLE}\s*\{{([^{{}}]*)\}}", r"\1", latex).replace(r"\_", "_")
    words = re.sub(r"\\([A-Za-z]+)", lambda m: VARIANTS.get(m[1], m[1]), words)
    return symbol_name(re.sub(r"[\s{},]", "", words))


class Letters:
    """The tokens so far, what the next ones depend on, and how letters are read.

    A method that is given a place returns where reading goes on.
    """

    def __init__(self, text: str, reader: Reader) -> None:
        self.text = text
        self.reader = reader
        self.tokens: list[Token] = []
        self.depth = 0
        self.wanted: list[list[int]] = []
        r"""Open \frac's: the depth at which each stands, and how many arguments are to come."""

    def argument_is_next(self) -> bool:
        return bool(self.wanted) and self.wanted[-1][0] == self.depth

    def add(self, tokens: list[Token]) -> None:
        r"""Append tokens; a single one becomes a braced argument where \frac wants one."""
        first = tokens[0]
        alone = self.argument_is_next()
        if alone and first.kind != "OPEN":
            if len(tokens) > 1 or first.kind not in ("NUMBER", "NAME", "CONSTANT"):
                raise self.reader.error(
                    r"\frac needs two arguments in braces", first.start, r"write \frac{a}{b}"
                )
            opener = Token("OPEN", "{", first.start, first.start)
            tokens = [opener, first, Token("CLOSE", "}", first.end, first.end)]
        for token in tokens:
            self.tokens.append(token)
            if token.kind in ("OPEN", "CASES_BEGIN"):
                self.depth += 1
            elif token.kind in ("CLOSE", "CASES_END"):
                self.depth -= 1
                if self.argument_is_next():
                    self.wanted[-1][1] -= 1
                    if not self.wanted[-1][1]:
                        self.wanted.pop()

    def sign(self, sign: str, start: int, end: int) -> None:
        kind, value = SIGNS[sign]
        if kind == "FRAC" and self.argument_is_next():
            raise self.reader.error(r"write the argument of \frac in braces", start)
        self.add([Token(kind, value, start, end)])
        if kind == "FRAC":
            self.wanted.append([self.depth, 2])

    def word(self, start: int, end: int) -> int:
        """A run of letters: a function typed without its backslash, or a product."""
        if self.argument_is_next():
            end = start + 1
        if end == start + 1:
            return self.letter(self.text[start], start, end)
        word = self.text[start:end]
        if word in self.reader.symbols or self.reader.names.functions.get(word):
            return self.function_or_letter(word, start, end)
        # An index or a prime belongs to the last letter.
        if INDEX.match(self.text, end) or PRIMES.match(self.text, end):
            for place in range(start, end - 1):
                self.add(self.reader.read(self.text[place], place, place + 1, "x"))
            return self.letter(word[-1], end - 1, end)
        self.add(self.reader.read(word, start, end, self.following(end)))
        return end

    def function_or_letter(self, word: str, start: int, end: int) -> int:
        name = self.reader.names.functions.get(word)
        if name == "log" and (index := INDEX.match(self.text, end)):
            self.add([Token("FUNCTION", FunctionName(name), start, end)])
            return self.base_of_logarithm(index, end)
        primes = PRIMES.match(self.text, end)
        if primes and name:
            return self.primed(FunctionName(name), start, primes)
        self.add(self.reader.read(word, start, end, self.following(end)))
        return end

    def base_of_logarithm(self, index: re.Match[str], end: int) -> int:
        start = index.start(index.lastindex or 0)
        self.add([Token("UNDERSCORE", None, end, start)])
        if index[1] is not None:
            return start - 1
        if index[3]:
            name = index[3][1:]
            if name not in GREEK_WORDS and name not in VARIANTS:
                raise self.reader.error("the base of a logarithm stands in braces", start)
            return self.letter(VARIANTS.get(name, name), start, index.end())
        self.add(self._single(index[2], start))
        return start + 1

    def _single(self, character: str, start: int) -> list[Token]:
        if character.isalpha():
            return self.reader.read(character, start, start + 1, "")
        value = number(character, self.reader.text, start)
        return [Token("NUMBER", value, start, start + 1)]

    def letter(self, name: str, start: int, end: int) -> int:
        """A letter, Greek or Latin, or an upright word, with its index and primes."""
        index = INDEX.match(self.text, end)
        if index:
            inner = plain_name(next(part for part in index.groups() if part is not None))
            if not inner.replace("_", "").isalnum():
                raise self.reader.error("a subscript is made of letters and digits", index.start())
            name, end = f"{name}_{inner}", index.end()
        primes = PRIMES.match(self.text, end)
        base = name.partition("_")[0]
        if primes:
            known = "digamma" if name == "psi" else None
            return self.primed(FunctionName(known or name, known=bool(known)), start, primes)
        order = _ORDER.match(self.text, end)
        if order and (base in FUNCTION_LETTERS or name == "psi"):
            known = "digamma" if name == "psi" else None
            function = FunctionName(known or name, known=bool(known))
            orders = tuple(int(part or 0) for part in order[1].split(",") if len(part) < 5)
            self.add([Token("FUNCTION", function, start, end)])
            self.add([Token("ORDER", orders, end, order.end())])
            return order.end()
        called = self.following(end)
        if name in GREEK_WORDS:
            self.add([self.reader.greek(name, start, end, called)])
        elif called in ("(", "^") and base in FUNCTION_LETTERS and name not in self.reader.symbols:
            self.add([Token("FUNCTION", FunctionName(name, known=False), start, end)])
        elif name in CONSTANTS:
            self.add(self.reader.read(name, start, end, called))
        else:
            self.add([Token("NAME", Symbol(name), start, end)])
        return end

    def primed(self, name: FunctionName, start: int, primes: re.Match[str]) -> int:
        count = len(primes[1]) if primes[1] else max(1, primes[0].count(r"\prime"))
        name = name._replace(orders=(count,))
        self.add([Token("FUNCTION", name, start, primes.end())])
        return primes.end()

    def following(self, end: int) -> str:
        found = FOLLOWING.match(self.text, end)
        if not found:
            return ""
        if found[1] in "([":
            return "("
        if found[1] == "^" and _SMALL_POWER.match(self.text, end):
            return "^"
        return "x" if found[1].isalnum() or found[1] in "{|\\" else ""
