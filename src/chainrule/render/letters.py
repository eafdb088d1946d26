"""Names of symbols as letters: Greek, subscripts, superscripts; and digits of numbers."""

from __future__ import annotations

import math
import re
from operator import ne
from typing import NamedTuple

from chainrule.expr.nodes import Value

GREEK: dict[str, str] = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "omicron": "ο", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ",
    "psi": "ψ", "omega": "ω",
    "Alpha": "Α", "Beta": "Β", "Gamma": "Γ", "Delta": "Δ", "Epsilon": "Ε", "Zeta": "Ζ",
    "Eta": "Η", "Theta": "Θ", "Iota": "Ι", "Kappa": "Κ", "Lambda": "Λ", "Mu": "Μ", "Nu": "Ν",
    "Xi": "Ξ", "Omicron": "Ο", "Pi": "Π", "Rho": "Ρ", "Sigma": "Σ", "Tau": "Τ",
    "Upsilon": "Υ", "Phi": "Φ", "Chi": "Χ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
"""English names of Greek letters."""

_LATIN_LOOKALIKES = {
    "omicron": "o", "Alpha": "A", "Beta": "B", "Epsilon": "E", "Zeta": "Z", "Eta": "H",
    "Iota": "I", "Kappa": "K", "Mu": "M", "Nu": "N", "Omicron": "O", "Rho": "P", "Tau": "T",
    "Chi": "X",
}  # fmt: skip
"""Greek letters for which LaTeX has no command since a Latin letter looks the same."""

SUPERSCRIPTS = str.maketrans(
    "0123456789+−-=()abcdefghijklmnoprstuvwxyzαβγδθφχ",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵅᵝᵞᵟᶿᵠᵡ",
)
SUBSCRIPTS = str.maketrans(
    "0123456789+−-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ"
)

_AROUND_SIGN = re.compile(" ([+−=]) ")
# Longer exponents are hard to read so small.
_LONGEST_SMALL = 12
_TRAILING_DIGITS = re.compile(r"([A-Za-z])(\d+)")


class Letters(NamedTuple):
    """A symbol's name in two parts; ``subscript`` is "" where there is no subscript."""

    base: str
    subscript: str


def split_name(name: str) -> Letters:
    """``x_1`` and ``x1`` have the subscript 1, ``beta_max`` the subscript max."""
    base, _, index = name.partition("_")
    if base and index:
        return Letters(base, index)
    digits = _TRAILING_DIGITS.fullmatch(name)
    return Letters(*digits.groups()) if digits else Letters(name, "")


def is_single_letter(name: str) -> bool:
    """Whether the symbol is set as one italic letter, whatever its subscript."""
    base = split_name(name).base
    return len(base) == 1 or base in GREEK


def superscript(text: str) -> str | None:
    """The text in superscript characters, ``None`` if it is long or Unicode lacks one of them."""
    return _small(text, SUPERSCRIPTS)


def subscript(text: str) -> str | None:
    """The text in subscript characters, ``None`` if it is long or Unicode lacks one of them."""
    return _small(text, SUBSCRIPTS)


def _small(text: str, characters: dict[int, int]) -> str | None:
    """Blanks around signs go; a blank between letters cannot, so there is no small text then."""
    tight = _AROUND_SIGN.sub(r"\1", text)
    small = tight.translate(characters)
    possible = len(tight) <= _LONGEST_SMALL and all(map(ne, tight, small))
    return small if possible else None


def letter_latex(name: str) -> str:
    """A symbol's name in LaTeX: ``x_{1}``, ``\\beta``, ``\\mathrm{loss}``."""
    base, index = split_name(name)
    if not index:
        return _word_latex(base)
    return f"{_word_latex(base)}_{{{_word_latex(index)}}}"


def _word_latex(word: str) -> str:
    if word == "…":
        return r"\ldots"
    if word in _LATIN_LOOKALIKES:
        return rf"\mathrm{{{_LATIN_LOOKALIKES[word]}}}"
    if word in GREEK:
        return "\\" + word
    if word.isascii() and (len(word) == 1 or word.isdigit()) and word.isalnum():
        return word
    escaped = word.replace("_", r"\_")
    return rf"\mathrm{{{escaped}}}" if word.isascii() else rf"\text{{{escaped}}}"


def letter_unicode(name: str) -> str:
    """A symbol's name in Unicode: ``x₁``, ``β``, ``loss``."""
    base, index = split_name(name)
    base, index = GREEK.get(base, base), GREEK.get(index, index)
    if not index:
        return base
    low = subscript(index) if len(index) == 1 or index.isdigit() else None
    return base + (low or "_" + index)


# --- numbers ---------------------------------------------------------------------------------
LONGEST_INTEGER = 120
"""Digits beyond which an integer is shown by its first and last ones: two lines of a page."""


def digits(value: int) -> str:
    """A non-negative integer; a very long one keeps only its ends: ``123…789``."""
    if value.bit_length() < LONGEST_INTEGER * 3:
        return str(value)
    length = int(value.bit_length() * math.log10(2)) + 1
    if length <= LONGEST_INTEGER:
        return str(value)
    length += (10**length <= value) - (10 ** (length - 1) > value)
    return f"{value // 10 ** (length - 10)}…{value % 10**10:010d}"


class Decimal(NamedTuple):
    """``mantissa``·10^``exponent``; the exponent is 0 where it need not be written."""

    mantissa: str
    exponent: int


def decimal(value: Value) -> Decimal:
    """A positive number with a finite decimal expansion, as a person would write it."""
    numerator, denominator = value.numerator, value.denominator
    places = 0
    while denominator % 10 == 0:
        denominator //= 10
        places += 1
    while denominator > 1:
        factor = next(f for f in (2, 5) if denominator % f == 0)
        denominator //= factor
        numerator *= 10 // factor
        places += 1
    figures = digits(numerator)
    if places - len(figures) < 5 or "…" in figures:
        padded = figures.zfill(places + 1)
        return Decimal(f"{padded[:-places]}.{padded[-places:]}" if places else padded, 0)
    rest = figures[1:].rstrip("0")
    return Decimal(figures[0] + ("." + rest if rest else ""), len(figures) - 1 - places)
