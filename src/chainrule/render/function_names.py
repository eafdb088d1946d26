"""How the elementary functions are written in mathematics, where that is not by their names.

A function that is not mentioned here is set upright by its name and has its argument in brackets.
"""

from __future__ import annotations

_CIRCULAR = ("sin", "cos", "tan", "cot", "sec", "csc")

_TEXT = {
    **{f"a{name}": f"arc{name}" for name in _CIRCULAR},
    # Areas, not arcs: ISO 80000-2.
    **{f"a{name}h": f"ar{name}h" for name in _CIRCULAR},
    **{"log": "ln", "log2": "log₂", "log10": "log₁₀", "logb": "log", "sqrt": "√", "cbrt": "∛"},
    **{"normpdf": "φ", "normcdf": "Φ", "heaviside": "H"},
    **{"gamma": "Γ", "lgamma": "lnΓ", "digamma": "ψ", "polygamma": "ψ"},
}
"""Names in Unicode text."""

_LATEX = {
    **{"log2": r"\log_{2}", "log10": r"\log_{10}", "sqrt": r"\sqrt", "cbrt": r"\sqrt[3]"},
    **{"normpdf": r"\varphi", "normcdf": r"\Phi", "erfinv": r"\operatorname{erf}^{-1}"},
    **{"gamma": r"\Gamma", "lgamma": r"\ln\Gamma", "digamma": r"\psi", "polygamma": r"\psi"},
}
"""Names in LaTeX, of functions whose name in text is no word."""

_COMMANDS = frozenset(
    ("exp", "ln", "log", "max", "min", "arcsin", "arccos", "arctan", *_CIRCULAR)
) | {"sinh", "cosh", "tanh", "coth"}
r"""Words for which LaTeX has a command; others stand in ``\operatorname{…}``."""

EXPONENT_ON_NAME = frozenset(
    prefix + name + suffix for name in _CIRCULAR for prefix in ("", "a") for suffix in ("", "h")
)
"""Functions whose power is written sin² x."""

WITHOUT_BRACKETS = EXPONENT_ON_NAME | {"log", "log2", "log10", "logb"}
"""Functions that stand before a single symbol without brackets: sin x."""

DELIMITERS = {"abs": ("|", "|"), "floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉")}
"""Functions that stand around their argument."""

ROOTS = {"sqrt": 2, "cbrt": 3}
"""Functions that are written as roots, with their degrees."""


def in_text(name: str) -> str:
    """The name of an elementary function in Unicode text.

    >>> in_text("asinh"), in_text("tanh")
    ('arsinh', 'tanh')
    """
    return _TEXT.get(name, name)


def in_latex(name: str) -> str:
    r"""The command that sets the name of an elementary function, without its argument.

    >>> print(in_latex("asin"), in_latex("asinh"))
    \arcsin \operatorname{arsinh}
    """
    word = in_text(name)
    return _LATEX.get(name) or (rf"\{word}" if word in _COMMANDS else operator_name(word))


def operator_name(word: str) -> str:
    r"""A word set upright, with the space that an operator has.

    >>> print(operator_name("leaky_relu"))
    \operatorname{leaky\_relu}
    """
    escaped = word.replace("_", r"\_")
    return rf"\operatorname{{{escaped}}}"
