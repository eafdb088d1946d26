"""Elementary functions as programs without branches, over operations that have vector forms.

A call of ``exp`` in the library of C or Python computes one number at a time; the programs here
are additions, multiplications, choices and shifts of exponents, of which compilers make vector
code (see ``arithmetic.py`` for the working precisions, ``exponential.py`` for e^x).

Sources: the FreeBSD msun library, ``e_log.c`` and ``s_log1p.c`` (the logarithm by f/(2 + f)); M. M.
Shepherd and J. G. Laframboise, "Chebyshev approximation of (1 + 2x)exp(x²)erfc x", 1981.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from chainrule.elementary.arithmetic import (
    ARGUMENT,
    Working,
    below,
    choose,
    horner,
    less,
    minus,
    negated,
    number,
    plus,
    times,
    times_power,
)
from chainrule.elementary.coefficients import ERFC_SHIFT
from chainrule.elementary.exponential import (
    LOG2,
    LOG2_PARTS,
    STEP,
    decay,
    decay_power,
    decay_power_to_zero,
    decay_rest,
    exp,
    exp_between,
    exp_power,
    exp_rest,
    expm1,
    expm1_between,
    half_exp,
)
from chainrule.expr.nodes import (
    HALF,
    ONE,
    TWO,
    ZERO,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Quotient,
    call,
)

_LARGEST = {
    "single": float.fromhex("0x1.fffffep127"),
    "short": float.fromhex("0x1.fffffffffffffp1023"),
    "double": float.fromhex("0x1.fffffffffffffp1023"),
}
"""The largest number of the arithmetic."""
EXP_BOUND = 700
"""Up to it e^x is a normal number of float64 either way, with room for a power of two or three."""
BOUNDED = {"exp": "exp_between", "decay": "exp_between", "expm1": "expm1_between"}
"""What is called instead for what is between −``EXP_BOUND`` and it."""
_BETWEEN = f" for x from -{EXP_BOUND} to {EXP_BOUND}"


def _log_near_one(f: Expr, k: Expr, working: Working) -> Expr:
    """ln((1 + f)·2^k)."""
    s = Quotient(f, plus(TWO, f))
    w = times(s, s)
    rest = minus(f, times(w, horner("logarithm", working, w)))
    value = minus(f, times(s, rest))
    if working == "short":
        return plus(times(k, LOG2), value)
    first, second = (number(part) for part in LOG2_PARTS[working])
    return plus(times(k, first), plus(times(k, second), value))


def _defined(x: Expr, u: Expr, value: Expr, working: Working) -> Expr:
    """A logarithm of u, which is x or 1 + x: −∞ at 0, NaN below, ∞ at ∞."""
    largest = number(_LARGEST[working])
    finite = Comparison(("<=",), (u, largest))
    infinite = times(minus(u, largest), largest)
    above = choose(finite, value, x)
    return Piecewise((above, less(ZERO, u), infinite, Comparison(("==",), (u, ZERO))))


def log(x: Expr, working: Working) -> Expr:
    k = call("exponent", x)
    if working != "single":
        f = minus(times_power(x, negated(k), working), ONE)
        return _defined(x, x, _log_near_one(f, k, working), working)
    # Not from the pattern of a subnormal number.
    tiny = less(x, number(2.0**-126))
    normal = choose(tiny, times(x, number(2.0**24)), x)
    k = call("exponent", normal)
    f = minus(times_power(normal, negated(k), working), ONE)
    power = choose(tiny, minus(k, Number(24)), k)
    return _defined(x, x, _log_near_one(f, power, working), working)


def log1p(x: Expr, working: Working) -> Expr:
    u = plus(ONE, x)
    k = call("exponent", u)
    # (1 + x)·2^-k − 1, in which x is not rounded where it is small.
    f = times(
        plus(x, minus(ONE, times_power(ONE, k, working))),
        times_power(ONE, negated(k), working),
    )
    if working == "single":
        f = choose(less(Number(2**30), x), minus(times_power(u, negated(k), working), ONE), f)
    return _defined(x, u, _log_near_one(f, k, working), working)


def tanh(x: Expr, working: Working) -> Expr:
    # By the side of e^(2x) − 1 where its error does not grow.
    expm1 = BOUNDED["expm1"] if working == "short" else "expm1"
    e = call(expm1, times(TWO, below(call("abs", x), 22)))
    value = Quotient(e, plus(TWO, e))
    return choose(less(x, ZERO), negated(value), value)


def cosh(x: Expr, working: Working) -> Expr:
    size = call("abs", x)
    if working == "single":
        half = half_exp(size, working)
        return plus(half, Quotient(Number(Fraction(1, 4)), half))
    e = call("exp", size)
    return times(HALF, plus(e, Quotient(ONE, e)))


def sinh(x: Expr, working: Working) -> Expr:
    size = call("abs", x)
    e = call("expm1", size)
    value = times(HALF, plus(e, Quotient(e, plus(ONE, e))))
    if working == "single":
        value = choose(less(Number(10), size), half_exp(size, working), value)
    return choose(less(x, ZERO), negated(value), value)


def erfc(x: Expr, working: Working) -> Expr:
    size = call("abs", x)
    shift = Number(ERFC_SHIFT)
    if working == "single":
        # Beyond, it is 0 in float32, and parts of the exponent would not be small.
        size = below(size, 11)
    q = Quotient(ONE, plus(size, shift))
    # Not written as a second division, since q comes first.
    t = minus(ONE, times(q, Number(2 * ERFC_SHIFT)))
    if working == "single":
        t = times(minus(size, shift), q)
        # The square in two parts: of few bits, which is exact, and the rest.
        rounder = number(1.5 * 2.0**17)
        short = minus(plus(size, rounder), rounder)
        rest = times(minus(short, size), plus(short, size))
        decay = times(call("decay", negated(times(short, short))), call("exp", rest))
    else:
        decay = call("decay", negated(times(x, x)))
    tail = times(decay, times(q, horner("scaled_erfc", working, t)))
    return choose(less(x, ZERO), minus(TWO, tail), tail)


def erf(x: Expr, working: Working) -> Expr:
    size = call("abs", x)
    near = times(x, horner("error", working, times(x, x)))
    far = minus(ONE, call("erfc", size))
    return choose(less(size, ONE), near, choose(less(x, ZERO), negated(far), far))


# --- the table --------------------------------------------------------------------------------
class Approximation(NamedTuple):
    """A function that vector code can be made of.

    Attributes:
        name: what programs call.
        meaning: what it is, as a sentence without its full stop.
        formula: of the argument, for a working precision.
        errors: the largest relative error for each working precision that has a use for it, where
            values are normal numbers of float32; tests measure them. ``None`` of what has no error.
    """

    name: str
    meaning: str
    formula: Callable[[Expr, Working], Expr]
    errors: Mapping[Working, float | None]


def _row(
    name: str,
    meaning: str,
    formula: Callable[[Expr, Working], Expr],
    single: float,
    short: float,
    double: float,
) -> Approximation:
    return Approximation(
        name, meaning, formula, {"single": single, "short": short, "double": double}
    )


_POWER = "The power of two of e^x = 2^n (1 + p)"
_REST = "The p of e^x = 2^n (1 + p)"
APPROXIMATIONS = {
    row.name: row
    for row in (
        _row("exp", "e^x", exp, 7e-8, 1.2e-10, 2e-16),
        _row("decay", "e^x for x <= 0", decay, 7e-8, 1.2e-10, 2e-16),
        _row("expm1", "e^x - 1", expm1, 1e-7, 3.3e-10, 3e-16),
        _row("log", "ln x", log, 8e-8, 2e-11, 2e-16),
        _row("log1p", "ln (1 + x)", log1p, 1.1e-7, 2e-11, 2e-16),
        _row("tanh", "The hyperbolic tangent of x", tanh, 1.5e-7, 3.3e-10, 3.5e-16),
        _row("sinh", "The hyperbolic sine of x", sinh, 1.5e-7, 3.4e-10, 4e-16),
        _row("cosh", "The hyperbolic cosine of x", cosh, 1.3e-7, 1.2e-10, 3e-16),
        _row("erf", "The error function of x", erf, 2e-7, 2.5e-11, 3e-16),
        _row("erfc", "1 minus the error function of x", erfc, 3.5e-7, 1.3e-10, 7e-16),
        Approximation("exp_power", _POWER, exp_power, {"single": None}),
        Approximation("exp_rest", _REST, exp_rest, {"single": 5e-8}),
        Approximation(
            "decay_power", f"2^{STEP} times t{_POWER[1:]} for x <= 0", decay_power, {"single": None}
        ),
        Approximation(
            "decay_power_to_zero",
            "The same, and 0 for what is below the end of it",
            decay_power_to_zero,
            {"single": None},
        ),
        Approximation("decay_rest", f"{_REST} for x <= 0", decay_rest, {"single": 5e-8}),
        Approximation("exp_between", f"e^x{_BETWEEN}", exp_between, {"short": 1.2e-10}),
        Approximation("expm1_between", f"e^x - 1{_BETWEEN}", expm1_between, {"short": 3.3e-10}),
    )
}
PARTS = frozenset(n for n in APPROXIMATIONS if n.endswith(("_power", "_rest", "_to_zero")))
"""Of an exponential."""


@cache
def functions(working: Working) -> frozenset[str]:
    """What there is an approximation of."""
    return frozenset(name for name, row in APPROXIMATIONS.items() if working in row.errors)


@cache
def approximation(name: str, working: Working) -> Expr:
    """A function of ``ARGUMENT`` by primitive operations and other functions of the table."""
    return APPROXIMATIONS[name].formula(ARGUMENT, working)


def stated_error(name: str, working: Working) -> str:
    """What a function is and how far it is off, as a sentence."""
    row = APPROXIMATIONS[name]
    error = row.errors[working]
    if error is None:
        return f"{row.meaning}."
    whole = "1 + p" if name in PARTS else "its value"
    return f"{row.meaning}, to within {error:.2g} of {whole}."
