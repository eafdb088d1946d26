"""What the targets in Python share: words, signatures, definitions."""

from __future__ import annotations

import keyword
from collections.abc import Sequence

from chainrule.codegen.source import Job, Language, default_text, indented

PYTHON_WORDS = frozenset(keyword.kwlist)
LONGEST = 88

UFUNCS = {
    **{name: name for name in ("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt")},
    **{name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "floor", "ceil")},
    **{name: name for name in ("trunc", "sign", "abs", "power")},
    **{"asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2"},
    **{"asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh"},
    **{"max": "maximum", "min": "minimum"},
}
"""Functions by their names in NumPy and jax.numpy."""
SPECIAL = {
    **{name: name for name in ("erf", "erfc", "erfinv", "gamma")},
    **{"lgamma": "gammaln", "digamma": "digamma"},
}
"""What these do not have, and scipy.special and jax.scipy.special do."""


def signature(
    job: Job, language: Language, arrays: Sequence[str], *, annotation: str = ""
) -> list[str]:
    """Arrays, then parameters with their defaults; those without one come first."""
    shown = [f"{name}: {annotation}" if annotation else name for name in arrays]
    return shown + parameters(job, language, annotated=bool(annotation))


def parameters(job: Job, language: Language, *, annotated: bool = False) -> list[str]:
    """``alpha=0.01``, or ``alpha: float = 0.01``."""
    found = []
    for symbol, default in job.parameters:
        name = language.named(symbol)
        shown = f"{name}: float" if annotated else name
        equals = " = " if annotated else "="
        found.append(shown if default is None else f"{shown}{equals}{default_text(default)}")
    return found


def arguments(job: Job, language: Language, first: Sequence[str]) -> list[str]:
    """What an inner function is called with."""
    return [*first, *(language.named(symbol) for symbol in job.extra)]


def together(names: Sequence[str]) -> str:
    """Names as a tuple: ``x, y``, or ``(x,)``."""
    return f"({names[0]},)" if len(names) == 1 else ", ".join(names)


def tuple_of(names: Sequence[str]) -> str:
    """A tuple as an argument: ``(x, y)``, ``(x,)`` or ``()``."""
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def define(
    name: str,
    parameters: Sequence[str],
    lines: Sequence[str],
    returns: str = "",
    width: int = LONGEST,
    *,
    depth: int = 0,
) -> str:
    """A function definition, in the layout of the usual formatters.

    Args:
        width: of a line.
        depth: how far it will be indented.
    """
    arrow = f" -> {returns}" if returns else ""
    start = bracketed(f"def {name}(", parameters, f"){arrow}:", width - 4 * depth)
    return f"{start}\n{indented(lines)}\n"


def bracketed(start: str, parts: Sequence[str], end: str, width: int = LONGEST) -> str:
    """A list in brackets, in the layout of the usual formatters."""
    joined = ", ".join(parts)
    if len(start) + len(joined) + len(end) <= width:
        return f"{start}{joined}{end}"
    if len(joined) + 4 <= width:
        return f"{start}\n    {joined}\n{end}"
    return "\n".join([start, *(f"    {part}," for part in parts), end])


def call_lines(
    start: str, parts: Sequence[str], width: int = LONGEST, *, depth: int = 1
) -> list[str]:
    """A call inside of a function, in as many lines as it takes."""
    return bracketed(f"{start}(", parts, ")", width - 4 * depth).splitlines()
