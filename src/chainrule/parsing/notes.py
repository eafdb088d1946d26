"""What can be read in more than one way: found among the tokens, and told to the reader.

Each kind is a function from a place among the tokens to a note, or to nothing; ``_KINDS`` lists
them. ``docs/reading.md`` shows one example of each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import gcd
from typing import NamedTuple

from chainrule.expr.nodes import MINUS_ONE, ONE, E, Expr, Number
from chainrule.parsing.tokens import END, FunctionName, Note, Token

_LETTERS = ("NAME", "CONSTANT")
_SIMPLE = ("NUMBER", *_LETTERS)
_LOGARITHMS = frozenset({"log", "log2", "log10"})
_FARTHEST = 80
"""Tokens after which a closing bracket is no longer looked for: nobody reads so long a note."""
_ENDS = Token(END, None, 0, 0)


class _Place(NamedTuple):
    """A token among the others."""

    tokens: Sequence[Token]
    at: int
    text: str
    latex: bool

    def token(self, ahead: int = 0) -> Token:
        place = self.at + ahead
        return self.tokens[place] if 0 <= place < len(self.tokens) else _ENDS

    def kinds(self, *wanted: str | tuple[str, ...], start: int = 0) -> bool:
        """Whether tokens of these kinds follow one another from ``start`` on."""
        return all(
            self.token(start + i).kind in ((kind,) if isinstance(kind, str) else kind)
            for i, kind in enumerate(wanted)
        )

    def tight(self, first: int, last: int) -> bool:
        """Whether there is no space between these tokens."""
        return all(self.token(i).end == self.token(i + 1).start for i in range(first, last))

    def typed(self, first: int, last: int | None = None) -> str:
        """What was typed from one token to another."""
        stop = self.token(first if last is None else last).end
        return " ".join(self.text[self.token(first).start : stop].split())

    def letters(self, start: int) -> int:
        """Where the run of letters without spaces that begins at ``start`` ends."""
        end = start
        while self.token(end + 1).kind in _LETTERS and self.tight(end, end + 1):
            end += 1
        return end

    def closing(self, start: int) -> int:
        """Where the bracket that opens at ``start`` is closed."""
        depth, end = 0, start
        while end - start < _FARTHEST:
            kind = self.token(end).kind
            depth += (kind == "OPEN") - (kind == "CLOSE")
            if not depth:
                return end
            end += 1
        return start


def notes(tokens: Sequence[Token], text: str, latex: bool) -> list[Note]:
    """What is worth saying about how ``tokens`` are read, in the order of the text."""
    found = []
    for at, token in enumerate(tokens):
        place = _Place(tokens, at, text, latex)
        found += [note for kind in _KINDS.get(token.kind, ()) if (note := kind(place))]
    return found


def _whole(value: Expr) -> int:
    return (
        value.value.numerator if isinstance(value, Number) and value.value.denominator == 1 else 0
    )


# --- what an exponent takes in ------------------------------------------------------------------
def _exponent_runs_on(place: _Place) -> Note | None:
    """``e^2x`` and ``e^ax`` are e²·x and eᵃ·x."""
    minus = int(place.token(1).kind == "MINUS")
    first = 1 + minus
    base = place.token(-1)
    plain = not place.latex and place.token(first).kind in _SIMPLE
    if not plain or base.kind not in ("NUMBER", "CONSTANT", "NAME"):
        return None
    number = place.token(first).kind == "NUMBER"
    likely = base.kind != "NAME" or minus or not number
    if not likely or not place.tight(first, first + 1):
        return None
    follows = place.token(first + 1).kind
    if follows in _LETTERS:
        last = place.letters(first + 1)
    elif follows == "OPEN" and number and place.token(first + 1).value == "(":
        last = first + 1 + place._replace(at=place.at + first + 1).closing(0)
    else:
        return None
    head, taken = place.typed(-1, first), place.typed(first + 1, last)
    whole = place.typed(1, last)
    return Note("exponent", head + taken, f"{head}*{taken}", f"{place.typed(-1)}^({whole})")


def _exponent_is_no_fraction(place: _Place) -> Note | None:
    """``x^1/2`` is (x¹)/2, ``e^x/2`` and ``e^-x^2/2`` are halves of exponentials."""
    at = 1
    base = place.token(-1)
    minus = place.token(at).kind == "MINUS"
    at += minus
    top = place.token(at)
    if top.kind not in _SIMPLE or base.kind not in ("NUMBER", "CONSTANT", "NAME", "CLOSE"):
        return None
    if top.kind == "NUMBER" and place.token(at + 1).kind in _LETTERS and not place.latex:
        return None
    if place.kinds("CARET", "NUMBER", start=at + 1):
        at += 2
    if not place.kinds("OVER", "NUMBER", start=at + 1) or not place.tight(-1, at + 2):
        return None
    below = _whole(place.token(at + 2).value)
    if top.kind == "NUMBER":
        if base.value is E and not minus:
            likely = True
        else:
            likely = gcd(_whole(top.value), below) == 1 and below > 1
    else:
        likely = base.kind in ("NUMBER", "CONSTANT")
    if not likely:
        return None
    whole = place.typed(1, at + 2)
    power = "…" if base.kind == "CLOSE" else place.typed(-1)
    return Note(
        "exponent",
        f"{power}^{whole}",
        f"({power}^{place.typed(1, at)})/{place.typed(at + 2)}",
        f"{power}^({whole})",
    )


def _tower(place: _Place) -> Note | None:
    """``e^x^2`` is e^(x²)."""
    if not place.kinds(_SIMPLE, "CARET", _SIMPLE, start=1) or place.token(-1).kind not in _SIMPLE:
        return None
    first, rest = place.typed(-1), place.typed(1, 3)
    inner = f"({first}^{place.typed(1)})^{place.typed(3)}"
    return Note("tower", f"{first}^{rest}", f"{first}^({rest})", inner)


def _digits_in_latex(place: _Place) -> Note | None:
    """``x^12`` is set as x¹2, and read as it was meant."""
    exponent = place.token(1)
    if not place.latex or exponent.kind != "NUMBER" or exponent.end - exponent.start < 2:
        return None
    typed = f"{place.typed(-1)}^{place.typed(1)}"
    braced = f"{place.typed(-1)}^{{{place.typed(1)}}}"
    return Note("exponent", typed, braced, rf"{place.typed(-1)}^1 \cdot {place.typed(1)[1:]}")


# --- what a slash takes in ----------------------------------------------------------------------
def _slash_runs_on(place: _Place) -> Note | None:
    """``1/2x`` is (1/2)·x, ``1/x(x+1)`` is (1/x)·(x+1)."""
    if place.token(1).kind not in _SIMPLE or not place.tight(0, 1):
        return None
    last = 1
    if place.kinds("CARET", "NUMBER", start=2) and place.tight(1, 3):
        last = 3
    follows = place.token(last + 1)
    beside = follows.kind in (*_LETTERS, "FUNCTION", "RADICAL") or follows.value == "("
    if not beside or follows.kind == "CLOSE" or not place.tight(last, last + 1):
        return None
    end = place.letters(last + 1) if follows.kind in _LETTERS else last + 1
    if place.kinds("CARET", _SIMPLE, start=end + 1) and place.tight(end, end + 2):
        end += 2
    if follows.kind == "OPEN":
        end = last + 1 + place._replace(at=place.at + last + 1).closing(0)
    elif follows.kind in ("FUNCTION", "RADICAL") and place.token(last + 2).value == "(":
        end = last + 2 + place._replace(at=place.at + last + 2).closing(0)
    elif follows.kind in ("FUNCTION", "RADICAL"):
        end = place.letters(last + 2)
    above = place.typed(-1) if place.token(-1).kind in _SIMPLE else "…"
    below, beside_it = place.typed(1, last), place.typed(last + 1, end)
    return Note(
        "fraction",
        f"{above}/{below}{beside_it}",
        f"({above}/{below})*{beside_it}",
        f"{above}/({below}*{beside_it})",
    )


# --- what a function takes in -------------------------------------------------------------------
def _argument_ends(place: _Place) -> Note | None:
    """``sin x/2``, ``sin x^2``, ``sin x y`` and ``sin x(x+1)``."""
    name: FunctionName = place.token().value
    if place.token(1).kind not in _SIMPLE or not name.known:
        return None
    last = 1
    while place.token(last + 1).kind in _LETTERS and place.tight(last, last + 1):
        last += 1
    function = place.typed(0)
    run = place.typed(1, last)
    typed = place.typed(0, last)
    if place.kinds("OVER", _SIMPLE, start=last + 1) and place.tight(last, last + 2):
        if place.token(last + 2).kind == "NAME":
            return None
        below = place.typed(last + 2)
        read = f"{function}({run})/{below}"
        return Note("argument", f"{typed}/{below}", read, f"{function}({run}/{below})")
    if place.kinds("CARET", _SIMPLE, start=last + 1) and place.token(last).kind == "NAME":
        power = place.typed(last + 2)
        inner = place.typed(1, last)
        return Note(
            "argument",
            f"{typed}^{power}",
            f"{function}({inner}^{power})",
            f"({function} {inner})^{power}",
        )
    follows = place.token(last + 1)
    if follows.kind == "NAME" and place.token(last).kind == "NAME":
        more = place.typed(last + 1)
        read = f"{function}({run}*{more})"
        return Note("argument", f"{typed} {more}", read, f"{function}({run})*{more}")
    if follows.kind == "OPEN" and follows.value == "(" and place.token(last).kind == "NAME":
        read = f"{function}({run})*(…)"
        return Note("argument", f"{typed}(…)", read, f"{function}({run}*(…))")
    return None


def _power_of_logarithm(place: _Place) -> Note | None:
    """``log_7(x)^5`` is the fifth power of the logarithm."""
    if place.token().value.name not in _LOGARITHMS:
        return None
    at = 1
    if place.kinds("UNDERSCORE", start=1):
        at = 2 + place._replace(at=place.at + 2).closing(0) + 1
    if place.token(at).value != "(":
        return None
    end = at + place._replace(at=place.at + at).closing(0)
    if not place.kinds("CARET", _SIMPLE, start=end + 1):
        return None
    function, power = place.typed(0, at - 1), place.typed(end + 2)
    inside = "…" if end - at > 6 else place.typed(at + 1, end - 1)
    return Note(
        "argument",
        f"{function}({inside})^{power}",
        f"({function}({inside}))^{power}",
        f"{function}(({inside})^{power})",
    )


def _inverse(place: _Place) -> Note | None:
    """``sin^-1 x`` is the inverse function."""
    braces = int(place.token(2).kind == "OPEN")
    at = 2 + braces
    minus_one = place.kinds("CARET", start=1) and (
        (place.token(at).kind == "MINUS" and place.token(at + 1).value is ONE)
        or place.token(at).value is MINUS_ONE
    )
    if not minus_one or not place.token().value.known:
        return None
    function = place.typed(0)
    return Note("inverse", f"{function}^-1", f"the inverse of {function}", f"1/{function}(x)")


def _glued_base(place: _Place) -> Note | None:
    """``log2x`` is ln(2x)."""
    function = place.token().value
    if function.name != "log" or not place.kinds("NUMBER", _LETTERS, start=1):
        return None
    if not place.tight(0, 2):
        return None
    base, rest = place.typed(1), place.typed(2, place.letters(2))
    name = place.typed(0)
    return Note("argument", f"{name}{base}{rest}", f"ln({base}*{rest})", f"{name}_{base}({rest})")


def _natural(place: _Place) -> Note | None:
    typed = place.typed(0).strip("\\")
    if place.token().value.name != "log" or not typed.startswith("log"):
        return None
    if place.token(1).kind == "UNDERSCORE" or _has_comma(place):
        return None
    return Note("log", "log", "the natural logarithm, ln", "log10(x) or log_b(x)")


def _has_comma(place: _Place) -> bool:
    """Whether the call has a second argument, such as the base of log(x, 2)."""
    if place.token(1).kind != "OPEN":
        return False
    depth = 0
    for ahead in range(1, place._replace(at=place.at + 1).closing(0) + 2):
        token = place.token(ahead)
        depth += (token.kind == "OPEN") - (token.kind == "CLOSE")
        if depth == 1 and token.kind == "COMMA":
            return True
    return False


def _unknown(place: _Place) -> Note | None:
    name: FunctionName = place.token().value
    if name.known or name.orders or place.token(1).kind != "OPEN":
        return None
    typed = place.typed(0)
    return Note("function", f"{typed}(…)", "a function that is not given", f"{typed}*(…)")


def _branch(place: _Place) -> Note | None:
    name = place.token().value.name
    if name != "acot":
        return None
    return Note(
        "branch", place.typed(0), "atan(1/x), with values between −π/2 and π/2", "pi/2 - atan(x)"
    )


# --- letters and signs --------------------------------------------------------------------------
def _letter_before_bracket(place: _Place) -> Note | None:
    """``a(x + 1)`` and ``2(x)`` are products."""
    if place.token(1).value != "(" or place.token(1).kind != "OPEN" or not place.tight(0, 1):
        return None
    end = 1 + place._replace(at=place.at + 1).closing(0)
    inside = {place.token(i).value for i in range(2, end) if place.token(i).kind == "NAME"}
    token = place.token()
    if token.kind == "NUMBER" and not (end == 3 and inside):
        return None
    if token.value in inside or not inside or place.token(-1).kind in ("CARET", "UNDERSCORE"):
        return None
    shown = place.typed(1, end) if end <= 7 else "(…)"
    typed = place.typed(0)
    return Note("product", f"{typed}{shown}", f"{typed}*{shown}", "")


def _letters_of_constants(place: _Place) -> Note | None:
    name = place.token().value.name
    if name == "E":
        return Note("letter", "E", "a letter", "e for the number 2.718…")
    if name == "i" and place.token(-1).kind != "UNDERSCORE":
        return Note("letter", "i", "a letter, not the imaginary unit", "")
    return None


def _factorial(place: _Place) -> Note | None:
    if place.token(-1).kind == "NUMBER":
        return None
    typed = place.typed(-1) if place.token(-1).kind == "NAME" else "(…)"
    return Note("factorial", f"{typed}!", f"Γ({typed} + 1)", "")


def _root_of_number(place: _Place) -> Note | None:
    """``√2x`` is √2·x."""
    if not place.kinds("NUMBER", _LETTERS, start=1) or not place.tight(0, 2):
        return None
    root, number, rest = place.typed(0), place.typed(1), place.typed(2, place.letters(2))
    return Note(
        "root", f"{root}{number}{rest}", f"{root}{number}*{rest}", f"{root}({number}{rest})"
    )


def _power_of_ten(place: _Place) -> Note | None:
    """``2e3x`` has the number 2000 in it."""
    typed = place.typed(0)
    if "e" not in typed.lower() or place.token(1).kind not in (*_LETTERS, "CARET"):
        return None
    before, _, after = typed.lower().partition("e")
    return Note("number", typed, str(place.token().value), f"{before}*e*{after}")


def _differential(place: _Place) -> Note | None:
    """``d/dx (x^2) sin x`` is the derivative of the product."""
    if place.token(1).kind != "OPEN":
        return None
    end = 1 + place._replace(at=place.at + 1).closing(0)
    if place.token(end + 1).kind in (END, "PLUS", "MINUS", "CLOSE", "EQUALS", "COMMA", "CARET"):
        return None
    typed = place.typed(0)
    read = "the derivative of all up to the next sign + or −"
    return Note("derivative", f"{typed} (…)…", read, f"({typed} (…))*…")


_KINDS: dict[str, tuple[Callable[[_Place], Note | None], ...]] = {
    "CARET": (_exponent_runs_on, _exponent_is_no_fraction, _tower, _digits_in_latex),
    "OVER": (_slash_runs_on,),
    "FUNCTION": (
        _argument_ends,
        _power_of_logarithm,
        _inverse,
        _glued_base,
        _natural,
        _unknown,
        _branch,
    ),
    "NAME": (_letters_of_constants, _letter_before_bracket),
    "NUMBER": (_letter_before_bracket, _power_of_ten),
    "BANG": (_factorial,),
    "DIFFERENTIAL": (_differential,),
    "RADICAL": (_root_of_number,),
}
