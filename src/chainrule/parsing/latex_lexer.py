"""From characters to tokens, for formulas in LaTeX: ``latex_tokens``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest

from chainrule.expr.functions import BY_NAME
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
from chainrule.parsing.latex_letters import (
    FOLLOWING,
    INDEX,
    PRIMES,
    STYLE,
    Letters,
    plain_name,
)
from chainrule.parsing.lexer import special_tokens, symbol_name
from chainrule.parsing.names import GREEK, GREEK_WORDS
from chainrule.parsing.tokens import FunctionName, Token, number
from chainrule.parsing.words import Reader

_PIECE = re.compile(
    r"(?P<space>(?:\s|~|\$|\{\s*\}|\\[ ,;:!>()\[\]]|\\(?=\s))+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
    r"|(?P<word>[A-Za-z]+)"
    r"|(?P<command>\\[A-Za-z]+\*?)"
    r"|(?P<sign>\\\\(?:\s*\[[^\[\]]*\])?|\\[{}|_]|[<>=!]=|:=|.)",
    re.DOTALL,
)
_WORD_IN_STYLE = re.compile(r"\s*\{((?:[^{}\\]|\\[_ ,])*)\}")
_PARTIALS = re.compile(
    r"(?:\\partial\s*_\s*(?:[0-9]|\{[0-9]\})\s*(?:\^\s*(?:[0-9]|\{[0-9]+\}))?\s*)+"
)
_PARTIAL = re.compile(r"_\s*\{?([0-9])\}?\s*(?:\^\s*\{?([0-9]+))?")
_BEGIN = re.compile(r"\s*\{([A-Za-z]+\*?)\}(?:\s*\{[lcr|\s@{}]*\})?")
_BRACE_BEFORE_CASES = re.compile(r"\s*\\\{\s*(?=\\begin\s*\{)")


def latex_tokens(text: str, reader: Reader) -> list[Token]:
    """The tokens of a formula in LaTeX, before brackets are settled."""
    lexer = _Lexer(text, reader)
    position = 0
    while position < len(text):
        position = lexer.read(position)
    return list(_tidy(_over_all(lexer.tokens, reader)))


def _over_all(tokens: list[Token], reader: Reader) -> list[Token]:
    r"""``{a \over b}`` as ``{(a)/(b)}``: all that stands in the innermost braces."""
    if not any(token.kind == "OVER_ALL" for token in tokens):
        return tokens
    found: list[Token] = []
    starts, halves = [0], [False]
    """For each open brace: where what it holds begins, and whether it is a bottom by now."""
    for token in tokens:
        place = token.start
        if token.kind == "CLOSE" and len(starts) > 1:
            if halves.pop():
                found.append(Token("CLOSE", ")", place, place))
            starts.pop()
        if token.kind == "OVER_ALL":
            if halves[-1]:
                raise reader.error(r"two \over in one group", place, r"write \frac{a}{b}")
            found.insert(starts[-1], Token("OPEN", "(", place, token.end))
            found += [
                Token("CLOSE", ")", place, token.end),
                token._replace(kind="OVER"),
                Token("OPEN", "(", place, token.end),
            ]
            halves[-1] = True
            continue
        found.append(token)
        if token.kind == "OPEN":
            starts.append(len(found))
            halves.append(False)
    if halves[0]:
        found.append(Token("CLOSE", ")", tokens[-1].end, tokens[-1].end))
    return found


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


class _Lexer(Letters):
    """Signs, commands and environments."""

    def read(self, start: int) -> int:
        """Append what begins at ``start``; returns where reading goes on."""
        piece = _PIECE.match(self.text, start)
        assert piece is not None, "the pattern matches any character"
        end = piece.end()
        match piece.lastgroup:
            case "space":
                return end
            case "number":
                if self.argument_is_next():
                    end = start + 1
                literal = self.text[start:end]
                if literal == ".":
                    raise self.reader.error("unexpected `.`", start)
                value = number(literal, self.reader.text, start)
                self.add([Token("NUMBER", value, start, end)])
                return end
            case "word":
                return self.word(start, end)
            case "command":
                return self._command(piece[0], start, end)
        sign = piece[0]
        if sign.startswith(r"\\"):
            self.add([Token("NEW_ROW", None, start, end)])
        elif sign == "=":
            kind = "COMPARE" if self.depth else "EQUALS"
            self.add([Token(kind, "==", start, end)])
        elif sign in SIGNS:
            self.sign(sign, start, end)
        elif sign.isalpha():
            return self.letter(GREEK.get(sign, sign), start, end)
        else:
            tokens, end = special_tokens(self.text, start, self.reader, self.tokens)
            self.add(tokens)
        return end

    def _command(self, command: str, start: int, end: int) -> int:
        name = command[1:].rstrip("*")
        partials = _PARTIALS.match(self.text, start)
        if partials:
            return self._partials(partials)
        if command in SIGNS:
            self.sign(command, start, end)
            return end
        if command in IGNORED:
            return end
        if command in SIZES:
            return self._sized(command, end)
        if name in GREEK_WORDS or name in VARIANTS:
            return self.letter(VARIANTS.get(name, name), start, end)
        if command == r"\sqrt":
            return self._root(start, end)
        if command in (r"\begin", r"\end"):
            return self._environment(command, start, end)
        if re.fullmatch(STYLE, command):
            found = _WORD_IN_STYLE.match(self.text, end)
            return self._upright(command, found, start) if found else end
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
        index = INDEX.match(self.text, end)
        primes = PRIMES.match(self.text, end)
        if primes:
            return self.primed(FunctionName(known), start, primes)
        self.add([Token("FUNCTION", FunctionName(known), start, end)])
        return self.base_of_logarithm(index, end) if index and known == "log" else end

    def _sized(self, command: str, end: int) -> int:
        r"""\left and its kind: a dot after it stands for nothing, a bar has its direction."""
        found = re.compile(r"\s*(\.|\||\\vert(?![A-Za-z]))").match(self.text, end)
        cases = _BRACE_BEFORE_CASES.match(self.text, end)
        if cases:
            return cases.end()
        if not found:
            return end
        if found[1] != ".":
            opens = command in (r"\left", r"\mleft") or command.endswith("l")
            closes = command in (r"\right", r"\mright") or command.endswith("r")
            kind = "BAR_OPEN" if opens else "BAR_CLOSE" if closes else "BAR"
            self.add([Token(kind, None, found.start(1), found.end())])
        return found.end()

    def _root(self, start: int, end: int) -> int:
        following = FOLLOWING.match(self.text, end)
        if following and following[1] == "[":
            self.add([Token("ROOT", None, start, end)])
        else:
            self.add([Token("RADICAL", 2, start, end)])
        return end

    def _environment(self, command: str, start: int, end: int) -> int:
        found = _BEGIN.match(self.text, end)
        if not found or found[1] not in CASES:
            what = f"{command}{{{found[1]}}}" if found else command
            raise self.reader.error(
                f"`{what}` cannot be read here", start, r"only \begin{cases} … \end{cases} can"
            )
        kind = "CASES_BEGIN" if command == r"\begin" else "CASES_END"
        self.add([Token(kind, found[1], start, found.end())])
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
            self.add([Token(kind, word, start, end)])
            return end
        if len(word) == 1 and not command.startswith(r"\operatorname"):
            return self.letter(GREEK.get(word, word), start, end)
        if len(word) == 2 and word[0] == "d":
            self.letter("d", start, start)
            return self.letter(word[1], start, end)
        known = OPERATORS.get(word) or self.reader.names.lookup(word)
        called = self.following(end)
        if known and word not in self.reader.symbols and (known in BY_NAME or called):
            primes = PRIMES.match(self.text, end)
            if primes:
                return self.primed(FunctionName(known), start, primes)
            self.add([Token("FUNCTION", FunctionName(known), start, end)])
            index = INDEX.match(self.text, end)
            return self.base_of_logarithm(index, end) if index and known == "log" else end
        if not word.replace("_", "").isalnum():
            raise self.reader.error(f"`{word}` cannot be read here", start)
        self.reader.check_call(word, start, called)
        return self.letter(symbol_name(word), start, end)

    def _partials(self, found: re.Match[str]) -> int:
        r"""\partial_{1}^{2} f(x, y): derivatives by the place of the argument."""
        orders: dict[int, int] = {}
        for place, order in _PARTIAL.findall(found[0]):
            orders[int(place)] = orders.get(int(place), 0) + (int(order[:3]) if order else 1)
        letter = _PIECE.match(self.text, found.end())
        if 0 in orders or not letter or letter.lastgroup not in ("word", "command"):
            raise self.reader.error("expected a function after the derivative", found.start())
        end = found.end() + 1 if letter.lastgroup == "word" else letter.end()
        name = plain_name(self.text[found.end() : end])
        counts = tuple(orders.get(place, 0) for place in range(1, max(2, *orders, 2) + 1))
        self.add([Token("FUNCTION", FunctionName(name, False, counts), found.start(), end)])
        return end
