"""How a word is read: as a function, a symbol, or several letters multiplied together."""

from __future__ import annotations

import re
from typing import NamedTuple

from chainrule.errors import InputError
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import PI, E, Expr, Symbol
from chainrule.parsing.names import (
    CONSTANTS,
    FUNCTION_LETTERS,
    GREEK_FUNCTIONS,
    GREEK_WORDS,
    KEYWORDS,
    LOGIC,
    ONLY_CALLED,
    Names,
    spellings,
)
from chainrule.parsing.tokens import FunctionName, Note, Token, number

LONGEST_PRODUCT = 3
"""Letters of the longest unknown word that is read as a product of its letters."""

_UNARY = frozenset(name for name, row in BY_NAME.items() if row.arity == 1)
_LONGEST_KNOWN = max(map(len, (*GREEK_WORDS, *spellings())))
"""No Greek letter and no elementary function has a longer name."""
_RADICALS = {"sqrt": 2, "cbrt": 3}
_CONSTANT_NODES: dict[str, Expr] = {"e": E, "pi": PI}
_POWER_OF_LETTERS = re.compile(r"\s*\^\s*[({]?\s*-?\s*[0-9]*\s*[^\W\d_]")
"""An exponent with a letter in it."""
_ENGLISH = {
    **dict.fromkeys(
        ["of", "the", "with", "respect", "find", "what", "when", "equals", "is", "lim", "limit"], ""
    ),
    **{"plus": "+", "minus": "-", "times": "*", "over": "/", "squared": "^2", "cubed": "^3"},
}
"""Words that no formula has, and what is written for them."""
_LONGEST_QUOTED = 24
"""Characters of a word that an error repeats."""
_DERIVATIVES = frozenset(("diff", "derivative", "differentiate", "Derivative", "Diff"))
"""What differentiates its first argument by the others."""
_BELOW = re.compile("(?:d[a-z]){1,3}")
"""What stands below the line of d/dx."""
_VARIABLES = frozenset("xyztu")
_WITH_DIGITS = re.compile(r"([^\W\d_]+)([0-9]+)(\w*)")


class Reader(NamedTuple):
    """What decides how words are read.

    Attributes:
        text: the whole formula, for errors.
        names: the known functions.
        symbols: words that were declared to be symbols.
        latex: whether every unknown word is a product of letters, as in LaTeX.
        notes: what is to be said about words is added here, if somebody wants to know.
    """

    text: str
    names: Names
    symbols: frozenset[str]
    latex: bool = False
    notes: list[Note] | None = None

    def read(self, word: str, start: int, end: int, called: str) -> list[Token]:
        """The tokens of a word (letters, digits, subscripts; Greek letters by their names).

        ``called`` is what follows: "(" for a bracket, "^" for one after a small power (f²(x)),
        "x" for the beginning of another operand, "" for anything else.
        """
        if word in self.symbols:
            return [Token("NAME", Symbol(word), start, end)]
        if word in CONSTANTS:
            return [Token("CONSTANT", _CONSTANT_NODES[word], start, end)]
        if called == "(" and word in _DERIVATIVES:
            return [Token("FUNCTION", FunctionName("d", by=()), start, end)]
        if word[0] == "d" and word[1:] in GREEK_WORDS:
            return self._spell_out(["d", word[1:]], start, called)
        if _BELOW.fullmatch(word) and self.text[:start].rstrip()[-1:] == "/":
            return self._spell_out(list(word), start, "")
        if word in KEYWORDS:
            return [Token(KEYWORDS[word], word, start, end)]
        if word in LOGIC:
            raise self.error(
                f"conditions cannot be joined with `{word}`",
                start,
                "write a chain such as 0 < x < 1, or one more case",
            )
        function = self.function(word, start, end, called)
        if function:
            return [function]
        if word.lower() in _ENGLISH and not self.latex:
            sign = _ENGLISH[word.lower()]
            hint = f"write {sign}" if sign else "give the formula alone"
            raise self.error(f"`{word}` is a word of English", start, hint)
        if word in GREEK_WORDS or word in self.names.words or len(word) == 1:
            return [Token("NAME", Symbol(word), start, end)]
        if "_" in word:
            return [self._subscripted(word, start, end, called)]
        digits = _WITH_DIGITS.fullmatch(word)
        if digits:
            return self._with_digits(word, digits, start, called)
        parts = split_letters(word, self.names, called)
        if parts and not (called == "(" and self._is_slip(parts)):
            return self._spell_out(parts, start, called)
        self.check_call(word, start, called)
        if self.latex or len(word) <= LONGEST_PRODUCT:
            if len(word) == LONGEST_PRODUCT or not word.islower():
                self.note("word", word, "*".join(word), "")
            return self._spell_out(list(word), start, called)
        self._check_words(word, start, called)
        self.note("word", word, "one letter", "")
        return [Token("NAME", Symbol(word), start, end)]

    def _is_slip(self, parts: list[str]) -> bool:
        """``erfi(x)`` is no erf of i times x: a product before a bracket ends in a function, or
        in a letter that a function may well be applied to."""
        last = parts[-1]
        if last in _VARIABLES and self.names.functions.get(parts[-2]) in _UNARY:
            return False
        return self.names.functions.get(last) not in _UNARY

    def _check_words(self, word: str, start: int, called: str) -> None:
        """A long word before an operand, without an operator, may be a misspelt function."""
        if called != "x":
            return
        near = self.names.near(word)
        if near is not None:
            raise self.error(
                f"`{word}` is not a function that chainrule knows",
                start,
                f"did you mean `{near}`? For a product write {word}*…",
            )

    def note(self, kind: str, typed: str, read: str, instead: str) -> None:
        """Something to be said about how a word is read."""
        if self.notes is not None:
            self.notes.append(Note(kind, typed, read, instead))

    def greek(self, name: str, start: int, end: int, called: str) -> Token:
        """A Greek letter: σ(x) is a function, γ(x) a product (but gamma(x) is a function)."""
        if name in self.symbols:
            return Token("NAME", Symbol(name), start, end)
        if name in CONSTANTS:
            return Token("CONSTANT", _CONSTANT_NODES[name], start, end)
        if called == "(" and name in GREEK_FUNCTIONS:
            known = GREEK_FUNCTIONS[name]
            typed = self.text[start:end]
            self.note("function", f"{typed}(…)", f"{known}(…)", f"{typed}*(…)")
            return Token("FUNCTION", FunctionName(known), start, end)
        return Token("NAME", Symbol(name), start, end)

    def function(self, word: str, start: int, end: int, called: str) -> Token | None:
        """The word as a function, if it is one here."""
        known: str | None
        if word in GREEK_WORDS:
            known = self.names.functions.get(word) if called == "(" else None
        elif len(word) == 1:
            if called in ("(", "^") and word in FUNCTION_LETTERS:
                return Token("FUNCTION", FunctionName(word, known=False), start, end)
            return None
        else:
            known = self.names.functions.get(word)
            if known is None and called == "(":
                known = self.names.lookup(word)
            if word in ONLY_CALLED and called in ("", "|"):
                return None
            # A bar may close as well as open: |threshold| is the size of a symbol.
            if known is not None and known not in BY_NAME and called in ("", "|"):
                return None
        if known is None:
            return None
        if known in _RADICALS and called == "(":
            return Token("RADICAL", _RADICALS[known], start, end)
        return Token("FUNCTION", FunctionName(known), start, end)

    def _subscripted(self, word: str, start: int, end: int, called: str) -> Token:
        base = word.partition("_")[0]
        if called == "(" and base in FUNCTION_LETTERS:
            return Token("FUNCTION", FunctionName(word, known=False), start, end)
        self.check_call(base, start, called)
        return Token("NAME", Symbol(word), start, end)

    def _with_digits(self, word: str, found: re.Match[str], start: int, called: str) -> list[Token]:
        """``sqrt2`` and ``sin2x`` are functions of a number, ``x1`` and ``alpha1`` symbols."""
        letters, digits, rest = found.groups()
        end = start + len(word)
        self._check_digits(word, found, start, called)
        if self.names.functions.get(letters) in _UNARY and letters not in GREEK_WORDS:
            middle = start + len(letters)
            after = middle + len(digits)
            function = self.function(letters, start, middle, "x")
            if function:
                value = number(digits, self.text, middle)
                following = self.read(rest, after, end, called) if rest else []
                return [function, Token("NUMBER", value, middle, after), *following]
        self.check_call(letters, start, called)
        if len(letters) == 1 and _POWER_OF_LETTERS.match(self.text, end):
            middle = start + 1
            self.note("index", word, f"{letters}*{digits}", f"{letters}_{digits}")
            value = number(digits, self.text, middle)
            return [
                Token("NAME", Symbol(letters), start, middle),
                Token("TIMES", None, middle, middle),
                Token("NUMBER", value, middle, end),
            ]
        if len(letters) == 1:
            other = f"{letters}^{digits} or {digits}{letters}"
            self.note("index", word, f"one letter, {letters} with the index {digits}", other)
        return [Token("NAME", Symbol(word), start, end)]

    def _check_digits(self, word: str, found: re.Match[str], start: int, called: str) -> None:
        """Refuse digits within a word that could be a factor, an exponent or an index."""
        letters, digits, rest = found.groups()
        if len(word) > _LONGEST_QUOTED:
            word, rest = f"{word[:_LONGEST_QUOTED]}…", f"{rest[:_LONGEST_QUOTED]}…"
        known = self.names.functions.get(letters)
        if known in _UNARY and letters not in GREEK_WORDS:
            if called == "(" and not rest and known not in _RADICALS:
                near = self.names.near(word)
                also = f"did you mean `{near}`? Or " if near and near != letters else ""
                raise self.error(
                    f"`{word}` is not a function that chainrule knows",
                    start,
                    f"{also}write {letters}({digits}*(…))",
                )
            if called == "(" and len(rest) > 1:
                raise self.error(
                    f"`{word}` is not a function that chainrule knows",
                    start,
                    "for a product separate the factors by spaces",
                )
            return
        parts = split_letters(letters, self.names, "") or [letters]
        functions = [part for part in parts if self.names.functions.get(part) in _UNARY]
        if len(parts) > 1 and functions and parts[-1] not in functions:
            last = parts[-1]
            choices = f"{last}^{digits}, {digits}*{last} or {last}_{digits}"
        elif letters in CONSTANTS:
            choices = f"{letters}^{digits}{rest} or {digits}{letters}{rest}"
        elif len(letters) == 1 and rest and not rest.startswith("_"):
            before = [f"{letters}^{digits}", f"{digits}*{letters}", f"{letters}_{digits}"]
            choices = " or ".join(f"{part}*{rest}" for part in before)
        else:
            return
        raise self.error(
            f"the digits in `{word}` can be read in several ways",
            start,
            f"write {choices}",
        )

    def _spell_out(self, parts: list[str], start: int, called: str) -> list[Token]:
        tokens: list[Token] = []
        for place, part in enumerate(parts):
            following = called if place == len(parts) - 1 else "x"
            # A part is a letter, a Greek letter or a function: none of these is split again.
            tokens += self.read(part, start, start + len(part), following)
            start += len(part)
        return tokens

    def check_call(self, word: str, start: int, called: str) -> None:
        """An unknown word before a bracket is more likely a slip than a product."""
        least = LONGEST_PRODUCT if self.latex else 2
        if called != "(" or len(word) < least or word in GREEK_WORDS:
            return
        near = self.names.near(word)
        if self.latex and near is None:
            return
        hint = f"For a product write {'*'.join(word) if len(word) == 2 else word}*(…)"
        raise self.error(
            f"`{word}` is not a function that chainrule knows",
            start,
            f"did you mean `{near}`? {hint}" if near else hint,
        )

    def error(self, message: str, position: int, hint: str | None = None) -> InputError:
        """The error, pointing at its place in the formula."""
        return InputError(message, text=self.text, position=position, hint=hint)


def split_letters(word: str, names: Names, called: str) -> list[str] | None:
    """The word as functions, Greek letters and single letters, if it was meant so.

    ``sinx`` and ``xlnx`` are functions of one letter, ``betax`` and ``pix`` products;
    ``xsin`` counts only before a bracket. ``None`` if the word is anything else: that its
    beginning spells a function does not make ``signal`` a product.
    """
    for first in range(2):
        parts = [word[:first]] if first else []
        place = first
        while place < len(word):
            known = _longest_known(word, place, names)
            if known is None:
                break
            place += len(known)
            greek = known in GREEK_WORDS
            if first and greek and len(word) > LONGEST_PRODUCT:
                break
            if place == len(word) and not greek and called != "(":
                break
            parts.append(known)
            parts += word[place : place + 1]
            place += 1
        else:
            return parts if len(parts) > 1 else None
    return None


def _longest_known(word: str, start: int, names: Names) -> str | None:
    for length in range(_LONGEST_KNOWN, 1, -1):
        piece = word[start : start + length]
        if piece in ONLY_CALLED and length < len(word):
            continue
        if piece in GREEK_WORDS or names.functions.get(piece) in _UNARY:
            return piece
    return None
