"""The table of identities between expressions that round differently.

A row is an equation between formulas as one types them, in the letters u, v, w, s, t, which
stand for anything. It holds wherever both sides are defined, under the row's condition. The
identities are of no use to a reader, so they stand apart from those of ``identities``.

Sources: DLMF 4.8, 4.10 (logarithm, exponential), 4.21 (trigonometric), 4.28, 4.35 (hyperbolic),
7.2, 7.4 (error functions); the cancellations they avoid are those of N. J. Higham, *Accuracy and
Stability of Numerical Algorithms*, 2nd ed., sections 1.7 to 1.14, and of Kahan's notes on
log1p and expm1.
"""

from __future__ import annotations

from dataclasses import dataclass

LETTERS = ("u", "v", "w", "s", "t")


@dataclass(frozen=True, slots=True)
class FloatIdentity:
    """``left`` equals ``right``.

    Attributes:
        left: the side to look for.
        right: what it may be written as.
        both: whether the right side is looked for too.
        positive: letters that must be known to be positive.
        nonzero: letters that must be known not to vanish.
    """

    left: str
    right: str
    both: bool = False
    positive: tuple[str, ...] = ()
    nonzero: tuple[str, ...] = ()


def _row(left: str, right: str, *, positive: str = "", nonzero: str = "") -> FloatIdentity:
    return FloatIdentity(left, right, False, tuple(positive), tuple(nonzero))


def _both(left: str, right: str, *, positive: str = "", nonzero: str = "") -> FloatIdentity:
    return FloatIdentity(left, right, True, tuple(positive), tuple(nonzero))


REDUCING: tuple[FloatIdentity, ...] = (
    _row("0 + u", "u"),
    _row("1 * u", "u"),
    _row("0 * u", "0"),
    _row("u / 1", "u"),
    _row("u + -1 * u", "0"),
    _row("u / u", "1", nonzero="u"),
    _row("u + u", "2 * u"),
    _row("u * v + u * w", "u * (v + w)"),
    _row("u + u * v", "u * (1 + v)"),
    _row("exp(0)", "1"),
    _row("expm1(0)", "0"),
    _row("exp(log(u))", "u", positive="u"),
    _row("log(exp(u))", "u"),
    _row("exp(log1p(u))", "1 + u"),
    _row("log1p(expm1(u))", "u"),
    _row("expm1(log1p(u))", "u"),
    _row("sqrt(u) * sqrt(u)", "u", positive="u"),
    _row("(-1 * u) * (-1 * v)", "u * v"),
    _row("u / (-1 * v)", "-1 * (u / v)"),
    _row("sin(u) * sin(u) + cos(u) * cos(u)", "1"),
)
"""Identities whose right side is the simpler one. They are applied until nothing is left."""

ARRANGING: tuple[FloatIdentity, ...] = (
    _row("(u + v) + w", "u + (v + w)"),
    _row("(u * v) * w", "u * (v * w)"),
    _row("u * (v / w)", "(u * v) / w"),
    _row("(u * v) / w", "u * (v / w)"),
    _row("(u * v) / (w * s)", "(u / w) * (v / s)"),
    _row("(u / v) / w", "u / (v * w)"),
    _row("u / (v * w)", "(u / v) / w"),
    _row("u / (v / w)", "(u * w) / v"),
    _row("(u * v) / (u * w)", "v / w", nonzero="u"),
    _row("u / (u * w)", "1 / w", nonzero="u"),
    _row("(u * v) / u", "v", nonzero="u"),
    _row("-1 * (u / v)", "(-1 * u) / v"),
    _row("-1 * (u + v)", "-1 * u + -1 * v"),
)
"""Other orders of the same operations: which of two products is formed first, what divides what."""

OPENING: tuple[FloatIdentity, ...] = (
    _row("u * (v + w)", "u * v + u * w"),
    _row("(u + v) / w", "u / w + v / w"),
    _row("u / w + v / w", "(u + v) / w"),
    _row("u + v / w", "(u * w + v) / w", nonzero="w"),
    _row("u * u + -1 * (v * v)", "(u + v) * (u + -1 * v)"),
    _row("1 + -1 * (v * v)", "(1 + v) * (1 + -1 * v)"),
    _row("u * u + -1", "(u + 1) * (u + -1)"),
)
"""Brackets opened and fractions joined."""

FUNCTIONS: tuple[FloatIdentity, ...] = (
    # Exponentials: 1/e^u never overflows where e^{-u} does not.
    _both("exp(u) * exp(v)", "exp(u + v)"),
    _row("exp(u) * exp(u)", "exp(2 * u)"),
    _row("1 / exp(u)", "exp(-1 * u)"),
    _row("v / exp(u)", "v * exp(-1 * u)"),
    _row("exp(-1 * u)", "1 / exp(u)"),
    # 1 + e^u and its like by e^{-u}: what overflows above and below the line goes.
    _row("v / (w + exp(u))", "(v * exp(-1 * u)) / (1 + w * exp(-1 * u))"),
    _row("v / (w + s * exp(u))", "(v * exp(-1 * u)) / (s + w * exp(-1 * u))"),
    _row("exp(u) + v", "exp(u) * (1 + v * exp(-1 * u))"),
    _row("exp(u) / (1 + exp(u))", "1 / (1 + exp(-1 * u))"),
    _row("1 + -1 * (1 / (1 + exp(u)))", "1 / (1 + exp(-1 * u))"),
    # Differences from 1.
    _both("exp(u) + -1", "expm1(u)"),
    _row("1 + -1 * exp(u)", "-1 * expm1(u)"),
    _row("1 + expm1(u)", "exp(u)"),
    _row("exp(u) + v", "expm1(u) + (1 + v)"),
    _row("expm1(u)", "-1 * (exp(u) * expm1(-1 * u))"),
    _row("expm1(2 * u)", "expm1(u) * (2 + expm1(u))"),
    _row("exp(2 * u) + -1", "expm1(u) * (1 + exp(u))"),
    _row("exp(u) + -1 * exp(v)", "exp(v) * expm1(u + -1 * v)"),
    # Logarithms.
    _both("log(1 + u)", "log1p(u)"),
    _row("log(u * v)", "log(u) + log(v)", positive="uv"),
    _row("log(u / v)", "log(u) + -1 * log(v)", positive="uv"),
    _row("log(u) + -1 * log(v)", "log(u / v)", positive="uv"),
    _row("log(u) + log(v)", "log(u * v)", positive="uv"),
    _row("log(1 / u)", "-1 * log(u)", positive="u"),
    _row("log1p(exp(u))", "u + log1p(exp(-1 * u))"),
    _row("log(v + exp(u))", "u + log1p(v * exp(-1 * u))"),
    _row("-1 * log(u)", "log(1 / u)", positive="u"),
    _row("log(cosh(u))", "log1p(cosh(u) + -1)"),
    _row("log(cosh(u))", "u + log1p(exp(-2 * u)) + -1 * log(2)"),
    _row("log(sqrt(u))", "log(u) / 2", positive="u"),
    # Hyperbolic functions.
    _row("sinh(u)", "(exp(u) + -1 * exp(-1 * u)) / 2"),
    _row("cosh(u)", "(exp(u) + exp(-1 * u)) / 2"),
    _row("1 / cosh(u)", "(2 * exp(-1 * u)) / (1 + exp(-2 * u))"),
    _row("1 / sinh(u)", "(-2 * exp(-1 * u)) / expm1(-2 * u)"),
    _row("tanh(u)", "sinh(u) / cosh(u)"),
    _row("sinh(u) / cosh(u)", "tanh(u)"),
    _row("tanh(u)", "(-1 * expm1(-2 * u)) / (1 + exp(-2 * u))"),
    _row("tanh(u)", "expm1(2 * u) / (2 + expm1(2 * u))"),
    _row("expm1(u) / (2 + expm1(u))", "tanh(u / 2)"),
    _row("expm1(u) / (1 + exp(u))", "tanh(u / 2)"),
    _row("1 + -1 * (tanh(u) * tanh(u))", "1 / (cosh(u) * cosh(u))"),
    _row("1 + -1 * tanh(u)", "(2 * exp(-2 * u)) / (1 + exp(-2 * u))"),
    _row("1 + tanh(u)", "2 / (1 + exp(-2 * u))"),
    _row("1 / (1 + exp(u))", "(1 + -1 * tanh(u / 2)) / 2"),
    _row("exp(u) / ((1 + exp(u)) * (1 + exp(u)))", "1 / (4 * (cosh(u / 2) * cosh(u / 2)))"),
    _row("cosh(u) + -1", "2 * (sinh(u / 2) * sinh(u / 2))"),
    _row("1 + -1 * cosh(u)", "-2 * (sinh(u / 2) * sinh(u / 2))"),
    _row("cosh(u) * cosh(u) + -1", "sinh(u) * sinh(u)"),
    # Inverse functions.
    _row("log(u + sqrt(1 + u * u))", "asinh(u)"),
    _row("log(sqrt(1 + u * u) + -1 * u)", "-1 * asinh(u)"),
    _row("log(1 + u) + -1 * log(1 + -1 * u)", "2 * atanh(u)"),
    _row("log((1 + u) / (1 + -1 * u))", "2 * atanh(u)"),
    _row("atan(u) + -1 * atan(v)", "atan((u + -1 * v) / (1 + u * v))", positive="uv"),
    # Roots.
    _row("sqrt(u) + -1 * v", "(u + -1 * (v * v)) / (sqrt(u) + v)", positive="uv"),
    _row("v + -1 * sqrt(u)", "(v * v + -1 * u) / (sqrt(u) + v)", positive="uv"),
    _row("sqrt(u) + -1 * sqrt(v)", "(u + -1 * v) / (sqrt(u) + sqrt(v))", positive="uv"),
    _row("1 + -1 * (u / sqrt(v))", "(sqrt(v) + -1 * u) / sqrt(v)", positive="v"),
    _row("1 + u / sqrt(v)", "(sqrt(v) + u) / sqrt(v)", positive="v"),
    _row("u / sqrt(u)", "sqrt(u)", positive="u"),
    _row("sqrt(u) * u", "sqrt(u * u * u)", positive="u"),
    _row("sqrt(v + u * u)", "u * sqrt(1 + v / (u * u))", positive="u"),
    _row("1 + u * u", "(u * u) * (1 + 1 / (u * u))", nonzero="u"),
    _row("1 + u", "u * (1 + 1 / u)", nonzero="u"),
    # Error functions.
    _row("1 + -1 * erf(u)", "erfc(u)"),
    _row("1 + erf(u)", "erfc(-1 * u)"),
    _row("erfc(-1 * u)", "2 + -1 * erfc(u)"),
    _row("erf(-1 * u)", "-1 * erf(u)"),
    _row("erfc(u)", "1 + -1 * erf(u)"),
    # Trigonometric functions.
    _row("1 + -1 * cos(u)", "2 * (sin(u / 2) * sin(u / 2))"),
    _row("1 + -1 * (cos(u) * cos(u))", "sin(u) * sin(u)"),
    _row("1 + -1 * (sin(u) * sin(u))", "cos(u) * cos(u)"),
    _row("sin(u) / cos(u)", "tan(u)"),
)
"""Identities of the elementary functions."""

_H = "(floor(16 * u) / 16)"
SPLITTING: tuple[FloatIdentity, ...] = (
    # e^u in halves, so that a large factor comes in before it underflows: u e^{-u} as
    # (u e^{-u/2}) e^{-u/2}.
    _row("v * exp(u)", "(v * exp(u / 2)) * exp(u / 2)"),
    _row("exp(u) / v", "(exp(u / 2) / v) * exp(u / 2)"),
    # The error of a square in the exponent, made small: a multiple h of 1/16 next to u has an
    # exact square, and u² − h² = (u − h)(u + h) is small. (So computed in fdlibm's s_erf.c.)
    _row("exp(v * (u * u))", f"exp(v * ({_H} * {_H})) * exp(v * ((u + -1 * {_H}) * (u + {_H})))"),
    _row("exp(-1 * (u * u))", f"exp(-1 * ({_H} * {_H})) * exp(({_H} + -1 * u) * (u + {_H}))"),
)
"""Identities applied only once, for they could go on, and only where others do not suffice."""

POSITIVE: tuple[tuple[str, str], ...] = (
    ("exp(u)", ""),
    ("cosh(u)", ""),
    ("erfc(u)", ""),
    ("u + v", "uv"),
    ("u * v", "uv"),
    ("u / v", "uv"),
    ("sqrt(u)", "u"),
    ("log1p(u)", "u"),
    ("expm1(u)", "u"),
    ("sinh(u)", "u"),
    ("tanh(u)", "u"),
    ("erf(u)", "u"),
)
"""What is positive if the letters named are."""

NONZERO: tuple[tuple[str, str], ...] = (
    ("u * v", "uv"),
    ("u / v", "uv"),
    ("expm1(u)", "u"),
    ("sinh(u)", "u"),
    ("tanh(u)", "u"),
    ("erf(u)", "u"),
)
"""What does not vanish if the letters named do not."""
