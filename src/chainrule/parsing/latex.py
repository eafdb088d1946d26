"""Formulas in LaTeX: what authors write, and everything that chainrule itself writes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest

from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import Symbol
from chainrule.parsing.formula import Formula, read_formula
from chainrule.parsing.latex_commands import (
    CASES,
    ELSE_WORDS,
    IF_WORDS,
    IGNORED,
    OPERATORS,
    REFUSED,
    SIGNS,
    SIZES,
    VARIANTS,
)
from chainrule.parsing.lexer import (
    TypedDefinition,
    simplify_characters,
    special_tokens,
    symbol_name,
)
from chainrule.parsing.names import (
    CONSTANTS,
    FUNCTION_LETTERS,
    GREEK,
    GREEK_WORDS,
    Names,
    default_names,
)
from chainrule.parsing.tokens import FunctionName, Token, check_length, number
from chainrule.parsing.words import Reader

_PIECE = re.compile(
    r"(?P<space>(?:\s|~|\$|\{\s*\}|\\[ ,;:!>()\[\]]|\\(?=\s))+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
    r"|(?P<word>[A-Za-z]+)"
    r"|(?P<command>\\[A-Za-z]+\*?)"
    r"|(?P<sign>\\\\(?:\s*\[[^\[\]]*\])?|\\[{}|_]|[<>=!]=|:=|.)",
    re.DOTALL,
)
_INDEX = re.compile(
    r"\s*_\s*(?:\{((?:[^{}]|\{[^{}]*\})*)\}|([A-Za-z0-9])|(\\[A-Za-z]+(?![A-Za-z])))"
)
_STYLE = r"\\(?:text|math|operatorname|mbox|boldsymbol|bm)[a-z]*\*?"
_WORD_IN_STYLE = re.compile(r"\s*\{((?:[^{}\\]|\\[_ ,])*)\}")
_PRIMES = re.compile(r"\s*(?:(['’′]+)|\^\s*(?:\\prime(?![A-Za-z])|\{((?:\s*\\prime)+)\s*\}))")
_ORDER = re.compile(
    r"\s*\^\s*\{?\s*(?:\\left\s*)?\(([0-9,\s]+)(?:\\right\s*)?\)\s*\}?(?=\s*(?:\\left)?\s*\()"
)
_PARTIALS = re.compile(
    r"(?:\\partial\s*_\s*(?:[0-9]|\{[0-9]\})\s*(?:\^\s*(?:[0-9]|\{[0-9]+\}))?\s*)+"
)
_PARTIAL = re.compile(r"_\s*\{?([0-9])\}?\s*(?:\^\s*\{?([0-9]+))?")
_SIZES = r"(?:\\(?:left|right|mathopen|mathclose|[bB]igg?[lrm]?)(?![A-Za-z])\s*)"
_FOLLOWING = re.compile(rf"\s*{_SIZES}?(.)", re.DOTALL)
_SMALL_POWER = re.compile(rf"\s*\^\s*(?:[0-9]|\{{\s*[0-9]\s*\}})\s*{_SIZES}?\(")
_BEGIN = re.compile(r"\s*\{([A-Za-z]+\*?)\}(?:\s*\{[lcr|\s@{}]*\})?")
_BRACE_BEFORE_CASES = re.compile(r"\s*\\\{\s*(?=\\begin\s*\{)")

_LETTER = rf"(?:{_STYLE}\s*\{{[A-Za-z0-9\\_ ]+\}}|\\[A-Za-z]+|[^\W\d_])"
_VARIABLE = rf"{_LETTER}(?:\s*_\s*(?:\{{[^{{}}]*\}}|[A-Za-z0-9]))?"
_DEFINITION = re.compile(
    rf"(?:\s|\$|\\\[|\\\(|\\displaystyle(?![A-Za-z]))*({_VARIABLE})\s*{_SIZES}?\("
    rf"\s*({_VARIABLE}(?:\s*[,;]\s*{_VARIABLE})*)\s*{_SIZES}?\)"
    r"\s*(?::=|=(?!=)|\\coloneqq(?![A-Za-z]))"
)


def parse_latex(text: str, symbols: Iterable[str] = (), names: Names | None = None) -> Formula:
    r"""Read a formula, or a condition, in LaTeX; dollar signs around it are no matter.

    Letters are multiplied, as in LaTeX; upright words (``\mathrm{loss}``) are one symbol.

    >>> str(parse_latex(r"\sigma(x) = \frac1{1+e^{-x}}").expr)
    '1/(1 + e^(-x))'

    Raises:
        InputError: with the position and what was expected there.
    """
    check_length(text)
    source = simplify_characters(text)
    definition = _find_definition(source)
    names = names or default_names()
    return read_formula(text, source, definition, latex_tokens, symbols, names, latex=True)


def _find_definition(text: str) -> TypedDefinition | None:
    found = _DEFINITION.match(text)
    if not found:
        return None
    variables = tuple(_plain_name(part) for part in re.split("[,;]", found[2]))
    return TypedDefinition(_plain_name(found[1]), variables, found.end())


def _plain_name(latex: str) -> str:
    r"""The symbol's name that ``\beta_{1}`` or ``\mathrm{SiLU}`` is set for."""
    words = re.sub(rf"{_STYLE}\s*\{{([^{{}}]*)\}}", r"\1", latex).replace(r"\_", "_")
    words = re.sub(r"\\([A-Za-z]+)", lambda m: VARIANTS.get(m[1], m[1]), words)
    return symbol_name(re.sub(r"[\s{},]", "", words))


def latex_tokens(text: str, reader: Reader) -> list[Token]:
    """The tokens of a formula in LaTeX, before brackets are settled."""
    lexer = _Lexer(text, reader)
    position = 0
    while position < len(text):
        position = lexer.read(position)
    return list(_tidy(lexer.tokens))


def _tidy(tokens: list[Token]) -> Iterable[Token]:
    r"""Without commas at the ends of cells, and without the & beside an "if"."""
    last = ""
    for token, following in zip_longest(tokens, tokens[1:]):
        upcoming = following.kind if following else ""
        ends_cell = upcoming in ("NEW_CELL", "NEW_ROW", "CASES_END", "IF")
        if token.kind == "COMMA" and ends_cell:
            continue
        if token.kind == "NEW_CELL" and (upcoming in ("IF", "ELSE") or last == "IF"):
            continue
        last = token.kind
        yield token


class _Lexer:
    """The tokens so far, and what the next ones depend on."""

    def __init__(self, text: str, reader: Reader) -> None:
        self.text = text
        self.reader = reader
        self.tokens: list[Token] = []
        self.depth = 0
        self.wanted: list[list[int]] = []
        r"""Open \frac's: the depth at which each stands, and how many arguments are to come."""

    def read(self, start: int) -> int:
        """Append what begins at ``start``; returns where reading goes on."""
        piece = _PIECE.match(self.text, start)
        assert piece is not None, "the pattern matches any character"
        end = piece.end()
        match piece.lastgroup:
            case "space":
                return end
            case "number":
                if self._argument_is_next():
                    end = start + 1
                literal = self.text[start:end]
                if literal == ".":
                    raise self.reader.error("unexpected `.`", start)
                value = number(literal, self.reader.text, start)
                self._add([Token("NUMBER", value, start, end)])
                return end
            case "word":
                return self._word(start, end)
            case "command":
                return self._command(piece[0], start, end)
        sign = piece[0]
        if sign.startswith(r"\\"):
            self._add([Token("NEW_ROW", None, start, end)])
        elif sign == "=":
            kind = "COMPARE" if self.depth else "EQUALS"
            self._add([Token(kind, "==", start, end)])
        elif sign in SIGNS:
            self._sign(sign, start, end)
        elif sign.isalpha():
            return self._letter(GREEK.get(sign, sign), start, end)
        else:
            tokens, end = special_tokens(self.text, start, self.reader, self.tokens)
            self._add(tokens)
        return end

    # --- \frac and its arguments --------------------------------------------------------
    def _argument_is_next(self) -> bool:
        return bool(self.wanted) and self.wanted[-1][0] == self.depth

    def _add(self, tokens: list[Token]) -> None:
        r"""Append tokens; a single one becomes a braced argument where \frac wants one."""
        first = tokens[0]
        alone = self._argument_is_next()
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
                if self._argument_is_next():
                    self.wanted[-1][1] -= 1
                    if not self.wanted[-1][1]:
                        self.wanted.pop()

    def _sign(self, sign: str, start: int, end: int) -> None:
        kind, value = SIGNS[sign]
        if kind == "FRAC" and self._argument_is_next():
            raise self.reader.error(r"write the argument of \frac in braces", start)
        self._add([Token(kind, value, start, end)])
        if kind == "FRAC":
            self.wanted.append([self.depth, 2])

    # --- letters and words --------------------------------------------------------------
    def _word(self, start: int, end: int) -> int:
        """A run of letters: a function typed without its backslash, or a product."""
        if self._argument_is_next():
            end = start + 1
        if end == start + 1:
            return self._letter(self.text[start], start, end)
        word = self.text[start:end]
        if word in self.reader.symbols or self.reader.names.functions.get(word):
            return self._function_or_letter(word, start, end)
        # An index or a prime belongs to the last letter.
        if _INDEX.match(self.text, end) or _PRIMES.match(self.text, end):
            for place in range(start, end - 1):
                self._add(self.reader.read(self.text[place], place, place + 1, "x"))
            return self._letter(word[-1], end - 1, end)
        self._add(self.reader.read(word, start, end, self._following(end)))
        return end

    def _function_or_letter(self, word: str, start: int, end: int) -> int:
        name = self.reader.names.functions.get(word)
        if name == "log" and (index := _INDEX.match(self.text, end)):
            self._add([Token("FUNCTION", FunctionName(name), start, end)])
            return self._base_of_logarithm(index, end)
        primes = _PRIMES.match(self.text, end)
        if primes and name:
            return self._primed(FunctionName(name), start, primes)
        self._add(self.reader.read(word, start, end, self._following(end)))
        return end

    def _base_of_logarithm(self, index: re.Match[str], end: int) -> int:
        start = index.start(index.lastindex or 0)
        self._add([Token("UNDERSCORE", None, end, start)])
        if index[1] is not None:
            return start - 1
        stop = self.read(start) if index[3] else start + 1
        if not index[3]:
            self._add(self._single(index[2], start))
        return stop

    def _single(self, character: str, start: int) -> list[Token]:
        if character.isalpha():
            return self.reader.read(character, start, start + 1, "")
        value = number(character, self.reader.text, start)
        return [Token("NUMBER", value, start, start + 1)]

    def _letter(self, name: str, start: int, end: int) -> int:
        """A letter, Greek or Latin, or an upright word, with its index and primes."""
        index = _INDEX.match(self.text, end)
        if index:
            inner = _plain_name(next(part for part in index.groups() if part is not None))
            if not inner.replace("_", "").isalnum():
                raise self.reader.error("a subscript is made of letters and digits", index.start())
            name, end = f"{name}_{inner}", index.end()
        primes = _PRIMES.match(self.text, end)
        base = name.partition("_")[0]
        if primes:
            known = "digamma" if name == "psi" else None
            return self._primed(FunctionName(known or name, known=bool(known)), start, primes)
        order = _ORDER.match(self.text, end)
        if order and (base in FUNCTION_LETTERS or name == "psi"):
            known = "digamma" if name == "psi" else None
            function = FunctionName(known or name, known=bool(known))
            orders = tuple(int(part or 0) for part in order[1].split(",") if len(part) < 5)
            self._add([Token("FUNCTION", function, start, end)])
            self._add([Token("ORDER", orders, end, order.end())])
            return order.end()
        called = self._following(end)
        if name in GREEK_WORDS:
            self._add([self.reader.greek(name, start, end, called)])
        elif called in ("(", "^") and base in FUNCTION_LETTERS and name not in self.reader.symbols:
            self._add([Token("FUNCTION", FunctionName(name, known=False), start, end)])
        elif name in CONSTANTS:
            self._add(self.reader.read(name, start, end, called))
        else:
            self._add([Token("NAME", Symbol(name), start, end)])
        return end

    def _primed(self, name: FunctionName, start: int, primes: re.Match[str]) -> int:
        count = len(primes[1]) if primes[1] else max(1, primes[0].count(r"\prime"))
        name = name._replace(orders=(count,))
        self._add([Token("FUNCTION", name, start, primes.end())])
        return primes.end()

    def _following(self, end: int) -> str:
        found = _FOLLOWING.match(self.text, end)
        if not found:
            return ""
        if found[1] in "([":
            return "("
        if found[1] == "^" and _SMALL_POWER.match(self.text, end):
            return "^"
        return "x" if found[1].isalnum() or found[1] in "{|\\" else ""

    # --- commands -----------------------------------------------------------------------
    def _command(self, command: str, start: int, end: int) -> int:
        name = command[1:].rstrip("*")
        if command in SIGNS:
            self._sign(command, start, end)
            return end
        if command in IGNORED:
            return end
        if command in SIZES:
            return self._sized(command, end)
        if name in GREEK_WORDS or name in VARIANTS:
            return self._letter(VARIANTS.get(name, name), start, end)
        if command == r"\sqrt":
            return self._root(start, end)
        if command in (r"\begin", r"\end"):
            return self._environment(command, start, end)
        if re.fullmatch(_STYLE, command):
            found = _WORD_IN_STYLE.match(self.text, end)
            return self._upright(command, found, start) if found else end
        partials = _PARTIALS.match(self.text, start)
        if partials:
            return self._partials(partials)
        if self.reader.names.functions.get(name):
            return self._named_function(name, start, end)
        hint = REFUSED.get(command)
        near = None if hint else self.reader.names.near(name)
        raise self.reader.error(
            f"the command `{command}` cannot be read here",
            start,
            hint or (f"did you mean `{near}`?" if near else None),
        )

    def _named_function(self, name: str, start: int, end: int) -> int:
        known = self.reader.names.functions[name]
        index = _INDEX.match(self.text, end)
        primes = _PRIMES.match(self.text, end)
        if primes:
            return self._primed(FunctionName(known), start, primes)
        self._add([Token("FUNCTION", FunctionName(known), start, end)])
        return self._base_of_logarithm(index, end) if index and known == "log" else end

    def _sized(self, command: str, end: int) -> int:
        r"""\left and its kind: a dot after it stands for nothing, a bar has its direction."""
        found = re.compile(r"\s*(\.|\||\\vert(?![A-Za-z]))").match(self.text, end)
        cases = _BRACE_BEFORE_CASES.match(self.text, end)
        if cases:
            return cases.end()
        if not found:
            return end
        if found[1] != ".":
            opens = command == r"\left" or command.endswith("l")
            closes = command == r"\right" or command.endswith("r")
            kind = "BAR_OPEN" if opens else "BAR_CLOSE" if closes else "BAR"
            self._add([Token(kind, None, found.start(1), found.end())])
        return found.end()

    def _root(self, start: int, end: int) -> int:
        following = _FOLLOWING.match(self.text, end)
        if following and following[1] == "[":
            self._add([Token("ROOT", None, start, end)])
        else:
            self._add([Token("RADICAL", 2, start, end)])
        return end

    def _environment(self, command: str, start: int, end: int) -> int:
        found = _BEGIN.match(self.text, end)
        if not found or found[1] not in CASES:
            what = f"{command}{{{found[1]}}}" if found else command
            raise self.reader.error(
                f"`{what}` cannot be read here", start, r"only \begin{cases} … \end{cases} can"
            )
        kind = "CASES_BEGIN" if command == r"\begin" else "CASES_END"
        self._add([Token(kind, found[1], start, found.end())])
        return found.end()

    def _upright(self, command: str, found: re.Match[str], start: int) -> int:
        r"""The word in \text{…}, \mathrm{…}, \operatorname{…}."""
        end = found.end()
        word = re.sub(r"\\[ ,]|[~.,:;]", " ", found[1]).replace(r"\_", "_").strip()
        lowered = word.lower()
        if not word:
            return end
        if lowered in IF_WORDS or lowered in ELSE_WORDS:
            kind = "IF" if lowered in IF_WORDS else "ELSE"
            self._add([Token(kind, word, start, end)])
            return end
        if len(word) == 1 and not command.startswith(r"\operatorname"):
            return self._letter(GREEK.get(word, word), start, end)
        known = OPERATORS.get(word) or self.reader.names.lookup(word)
        called = self._following(end)
        if known and word not in self.reader.symbols and (known in BY_NAME or called):
            primes = _PRIMES.match(self.text, end)
            if primes:
                return self._primed(FunctionName(known), start, primes)
            self._add([Token("FUNCTION", FunctionName(known), start, end)])
            index = _INDEX.match(self.text, end)
            return self._base_of_logarithm(index, end) if index and known == "log" else end
        if not word.replace("_", "").isalnum():
            raise self.reader.error(f"`{word}` cannot be read here", start)
        self.reader.check_call(word, start, called)
        return self._letter(symbol_name(word), start, end)

    def _partials(self, found: re.Match[str]) -> int:
        r"""\partial_{1}^{2} f(x, y): derivatives by the place of the argument."""
        orders: dict[int, int] = {}
        for place, order in _PARTIAL.findall(found[0]):
            orders[int(place)] = orders.get(int(place), 0) + (int(order[:3]) if order else 1)
        letter = _PIECE.match(self.text, found.end())
        if 0 in orders or not letter or letter.lastgroup not in ("word", "command"):
            raise self.reader.error("expected a function after the derivative", found.start())
        end = found.end() + 1 if letter.lastgroup == "word" else letter.end()
        name = _plain_name(self.text[found.end() : end])
        counts = tuple(orders.get(place, 0) for place in range(1, max(2, *orders, 2) + 1))
        self._add([Token("FUNCTION", FunctionName(name, False, counts), found.start(), end)])
        return end
