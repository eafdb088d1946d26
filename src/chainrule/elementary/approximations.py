"""Elementary functions as programs without branches, over operations that have vector forms.

A call of ``exp`` in the library of C or Python computes one number at a time; the programs here
are additions, multiplications, choices and shifts of exponents, of which compilers make vector
code. They are formulas in one letter, for one of three working precisions:

======== ============ ==============================================================
name     arithmetic   relative error
======== ============ ==============================================================
single   float32      about one unit in the last place of float32
short    float64      about 2^-33: for results that are rounded once, to float32 or less
double   float64      about 2^-51: the same where much cancels before the rounding
======== ============ ==============================================================

``short`` and ``double`` give numbers as small as e^-708 for what is smaller, as large as e^708
for what is larger: float32 has 0 and infinity there. Two operations have no name in formulas.
``scaled(x, n + 1.5·2^52)``, in float32 with 2^23, is x·2^n for a whole n and an x that is not 0,
where neither leaves the range of normal numbers. ``exponent(x)`` is the k for which x·2^-k is
between √½ and √2.

Sources: P. T. P. Tang, "Table-driven implementation of the exponential function", 1989 (the
reduction by two parts of ln 2); the FreeBSD msun library, ``e_log.c`` and ``s_log1p.c`` (the
logarithm by f/(2 + f)); M. M. Shepherd and J. G. Laframboise, "Chebyshev approximation of
(1 + 2x)exp(x²)erfc x", 1981.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import log
from typing import Literal, NamedTuple

from chainrule.elementary.coefficients import COEFFICIENTS, ERFC_SHIFT
from chainrule.expr.nodes import (
    HALF,
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Product,
    Quotient,
    Sum,
    Symbol,
    call,
)

Working = Literal["library", "single", "short", "double"]
"""Whose elementary functions: the language's own library, or the ones here."""
ARGUMENT = Symbol("x")
PRIMITIVES = ("scaled", "exponent", "fma")
_LOG2, _LOG2E = Number(Fraction(log(2))), Number(Fraction(1 / log(2)))
# So near to it that a number of powers is rounded to the same whole one, or where it is in the
# middle of two to the other.
_ABOUT_LOG2E = Number(Fraction(round(2**32 / log(2)), 2**32))
# Numbers added to and taken off again to round to a whole one: 1.5 times 2^52 or 2^23.
_ROUNDER = {"single": 1.5 * 2.0**23, "short": 1.5 * 2.0**52, "double": 1.5 * 2.0**52}
# A power of 2 in this many steps up or down is far from where numbers end in float32.
_STEP = 64
# ln 2 in two parts; the product of the first with an exponent is exact.
_LOG2PARTS = {
    "single": (float.fromhex("0x1.62e4p-1"), float.fromhex("0x1.7f7d1cp-20")),
    "double": (float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33")),
}
_LARGEST = {
    "single": float.fromhex("0x1.fffffep127"),
    "short": float.fromhex("0x1.fffffffffffffp1023"),
    "double": float.fromhex("0x1.fffffffffffffp1023"),
}
DECAY_UNIT = Number(Fraction(1, 2**_STEP))
"""``decay_power`` is a multiple of it, which float32 has where it has no power of two."""
# 2^190 times e^x is smaller than the smallest normal number.
_LEAST_DECAY = -131
# Where e^x is a normal number of float64; where it is not 0 and not infinite in float32.
_EXP_RANGE = {"single": (-104, 89), "short": (-708, 709), "double": (-708, 709)}


# --- formulas whose shape is kept ------------------------------------------------------------
def _number(value: float) -> Expr:
    return Number(Fraction(value))


def _plus(*terms: Expr) -> Expr:
    return Sum(terms)


def _minus(first: Expr, second: Expr) -> Expr:
    return Sum((first, Product((MINUS_ONE, second))))


def _times(*factors: Expr) -> Expr:
    return Product(factors)


def _negative(term: Expr) -> Expr:
    return Product((MINUS_ONE, term))


def _choose(condition: Expr, then: Expr, otherwise: Expr) -> Expr:
    return Piecewise((then, condition, otherwise))


def _less(first: Expr, second: Expr) -> Expr:
    return Comparison(("<",), (first, second))


def _below(x: Expr, high: int) -> Expr:
    """x, but no more than a number; NaN stays NaN."""
    return _choose(_less(Number(high), x), Number(high), x)


def _above(x: Expr, low: int) -> Expr:
    """x, but no less than a number; NaN stays NaN."""
    return _choose(_less(x, Number(low)), Number(low), x)


def _within(low: int | None, x: Expr, high: int | None) -> Expr:
    """x, but not outside of an interval; NaN stays NaN."""
    below = x if high is None else _below(x, high)
    return below if low is None else _above(below, low)


def _lifted(x: Expr, working: Working) -> Expr:
    """x next to a number so large that what is kept of x is the whole number next to it."""
    return _plus(x, _number(_ROUNDER[working]))


def _lowered(lifted: Expr, working: Working) -> Expr:
    """The whole number itself."""
    return _minus(lifted, _number(_ROUNDER[working]))


def _times_power(x: Expr, n: Expr, working: Working) -> Expr:
    """x·2^n for a whole n."""
    return call("scaled", x, _lifted(n, working))


def _polynomial(name: str, working: Working, x: Expr) -> Expr:
    """By Horner's rule."""
    *rest, total = (_number(value) for value in COEFFICIENTS[name][working][1])
    for coefficient in reversed(rest):
        total = _plus(coefficient, _times(total, x))
    return total


def _by_pairs(name: str, working: Working, x: Expr, square: Expr) -> Expr:
    """The same by c₀ + c₁x + x²(c₂ + c₃x + …): fewer operations wait for each other."""
    numbers = [_number(value) for value in COEFFICIENTS[name][working][1]]
    pairs = [
        _plus(pair[0], _times(pair[1], x)) if len(pair) == 2 else pair[0]
        for pair in (numbers[i : i + 2] for i in range(0, len(numbers), 2))
    ]
    *rest, total = pairs
    for pair in reversed(rest):
        total = _plus(pair, _times(total, square))
    return total


# --- the functions ---------------------------------------------------------------------------
class _Reduced(NamedTuple):
    """e^x = 2^n·(1 + first + rest), where 1 + first may be rounded once more.

    ``lifted`` is n as ``_lifted`` gives it.
    """

    lifted: Expr
    first: Expr
    rest: Expr

    @property
    def above_one(self) -> Expr:
        """What is added to the 1."""
        return self.rest if self.first is ZERO else _plus(self.first, self.rest)


def _reduced(
    x: Expr, working: Working, low: int | None = None, high: int | None = None
) -> _Reduced:
    """Of x, or of the end of an interval where x is outside."""
    if working == "short":
        return _reduced_short(_within(low, x, None), high)
    x = _within(low, x, high)
    lifted = _lifted(_times(x, _LOG2E), working)
    power = _lowered(lifted, working)
    first, second = (_number(part) for part in _LOG2PARTS[working])
    nearly, little = _minus(x, _times(power, first)), _times(power, second)
    remainder = _minus(nearly, little)
    square = _times(remainder, remainder)
    if working == "double":
        rest = _times(square, _polynomial("exponential", working, remainder))
        return _Reduced(lifted, remainder, rest)
    rest = _times(square, _by_pairs("exponential", working, remainder, square))
    # What the remainder has lost.
    rest = _plus(rest, _minus(_minus(nearly, remainder), little))
    return _Reduced(lifted, remainder, rest)


def _reduced_short(x: Expr, high: int | None, sign: int = 1, *, waiting: bool = True) -> _Reduced:
    """Of x or −x, in powers of two, with an error that grows with x, by 2^-53 of it at most."""
    # Not both ends of an interval on one value: compilers make five operations of two then.
    scale, about = Number(sign * _LOG2E.value), Number(sign * _ABOUT_LOG2E.value)
    powers = _within(None, _times(x, scale), None if high is None else round(high / log(2)))
    # With a constant of its own the product is part of the sum.
    lifted = _lifted(powers if high is not None else _times(x, about), "short")
    remainder = _minus(powers, _lowered(lifted, "short"))
    if waiting:
        polynomial = _polynomial("power_of_two", "short", remainder)
    else:
        square = _times(remainder, remainder)
        polynomial = _by_pairs("power_of_two", "short", remainder, square)
    return _Reduced(lifted, ZERO, _times(remainder, polynomial))


def _one_plus(reduced: _Reduced, working: Working) -> Expr:
    """1 + first + rest; in float32 with what the first sum has lost."""
    if working != "single":
        return _plus(ONE, reduced.above_one)
    total = _plus(ONE, reduced.first)
    lost = _minus(reduced.first, _minus(total, ONE))
    return _plus(total, _plus(lost, reduced.rest))


def _in_two_steps(x: Expr, lifted: Expr, negative: Expr | None = None) -> Expr:
    """x·2^n, rounded once where it is no normal number; a NaN does not get its bits shifted.

    ``negative`` is the condition that n is; ``None`` if it always is.
    """
    up, down = _number(2.0**_STEP), _number(2.0**-_STEP)
    step: Expr = Number(_STEP)
    rest = down
    if negative is not None:
        step, rest = _choose(negative, step, Number(-_STEP)), _choose(negative, down, up)
    return _times(_times(x, call("scaled", ONE, _plus(lifted, step))), rest)


def _exp(x: Expr, working: Working) -> Expr:
    reduced = _reduced(x, working, *_EXP_RANGE[working])
    value = _one_plus(reduced, working)
    if working == "single":
        return _in_two_steps(value, reduced.lifted, _less(x, ZERO))
    return call("scaled", value, reduced.lifted)


def _decay(x: Expr, working: Working) -> Expr:
    """e^x where x is not positive."""
    least = _EXP_RANGE[working][0]
    if working == "short":
        # Not by −|x|: that would be an operation more than |x|.
        reduced = _reduced_short(_below(_negative(x), -least), None, -1)
    else:
        reduced = _reduced(x, working, least)
    value = _one_plus(reduced, working)
    if working == "single":
        return _in_two_steps(value, reduced.lifted)
    return call("scaled", value, reduced.lifted)


def _exp_power(x: Expr, working: Working) -> Expr:
    lifted = _reduced(x, working, *_EXP_RANGE[working]).lifted
    return _in_two_steps(ONE, lifted, _less(x, ZERO))


def _exp_rest(x: Expr, working: Working) -> Expr:
    return _rest(_within(_EXP_RANGE[working][0], x, _EXP_RANGE[working][1]), working)


def _rest(x: Expr, working: Working) -> Expr:
    """What e^x lacks of a power of two, over the power; what the remainder has lost is small."""
    high, low = (_number(part) for part in _LOG2PARTS[working])
    power = _lowered(_reduced(x, working).lifted, working)
    remainder = _minus(_minus(x, _times(power, high)), _times(power, low))
    square = _times(remainder, remainder)
    return _plus(remainder, _times(square, _by_pairs("exponential", working, remainder, square)))


def _decay_power(x: Expr, working: Working) -> Expr:
    lifted = _reduced(x, working, _LEAST_DECAY).lifted
    return call("scaled", ONE, _plus(lifted, Number(_STEP)))


def _decay_power_to_zero(x: Expr, working: Working) -> Expr:
    return _choose(_less(x, Number(_LEAST_DECAY)), ZERO, _decay_power(x, working))


def _decay_rest(x: Expr, working: Working) -> Expr:
    return _rest(_above(x, _LEAST_DECAY), working)


def _expm1(x: Expr, working: Working) -> Expr:
    reduced = _reduced(x, working, -60, _EXP_RANGE[working][1])
    scale = call("scaled", ONE, reduced.lifted)
    value = _plus(_times(reduced.above_one, scale), _minus(scale, ONE))
    if working == "single":
        # Above, 2^n may be infinite, and the 1 is of no weight.
        large = _in_two_steps(_one_plus(reduced, working), reduced.lifted, _less(x, ZERO))
        value = _choose(_less(Number(60), x), large, value)
    return value


def _exp_between(x: Expr, working: Working) -> Expr:
    # It is called in long formulas, of which few are computed side by side.
    reduced = _reduced_short(x, None, waiting=False)
    return call("scaled", _one_plus(reduced, working), reduced.lifted)


def _expm1_between(x: Expr, working: Working) -> Expr:
    reduced = _reduced(x, working)
    scale = call("scaled", ONE, reduced.lifted)
    return _plus(_times(reduced.above_one, scale), _minus(scale, ONE))


def _log_near_one(f: Expr, k: Expr, working: Working) -> Expr:
    """ln((1 + f)·2^k)."""
    s = Quotient(f, _plus(TWO, f))
    w = _times(s, s)
    rest = _minus(f, _times(w, _polynomial("logarithm", working, w)))
    value = _minus(f, _times(s, rest))
    if working == "short":
        return _plus(_times(k, _LOG2), value)
    first, second = (_number(part) for part in _LOG2PARTS[working])
    return _plus(_times(k, first), _plus(_times(k, second), value))


def _defined(x: Expr, u: Expr, value: Expr, working: Working) -> Expr:
    """A logarithm of u, which is x or 1 + x: −∞ at 0, NaN below, ∞ at ∞."""
    largest = _number(_LARGEST[working])
    finite = Comparison(("<=",), (u, largest))
    infinite = _times(_minus(u, largest), largest)
    above = _choose(finite, value, x)
    return Piecewise((above, _less(ZERO, u), infinite, Comparison(("==",), (u, ZERO))))


def _log(x: Expr, working: Working) -> Expr:
    k = call("exponent", x)
    if working != "single":
        f = _minus(_times_power(x, _negative(k), working), ONE)
        return _defined(x, x, _log_near_one(f, k, working), working)
    # Not from the pattern of a subnormal number.
    tiny = _less(x, _number(2.0**-126))
    normal = _choose(tiny, _times(x, _number(2.0**24)), x)
    k = call("exponent", normal)
    f = _minus(_times_power(normal, _negative(k), working), ONE)
    power = _choose(tiny, _minus(k, Number(24)), k)
    return _defined(x, x, _log_near_one(f, power, working), working)


def _log1p(x: Expr, working: Working) -> Expr:
    u = _plus(ONE, x)
    k = call("exponent", u)
    # (1 + x)·2^-k − 1, in which x is not rounded where it is small.
    f = _times(
        _plus(x, _minus(ONE, _times_power(ONE, k, working))),
        _times_power(ONE, _negative(k), working),
    )
    if working == "single":
        f = _choose(_less(Number(2**30), x), _minus(_times_power(u, _negative(k), working), ONE), f)
    return _defined(x, u, _log_near_one(f, k, working), working)


def _tanh(x: Expr, working: Working) -> Expr:
    # By the side of e^(2x) − 1 where its error does not grow.
    expm1 = BOUNDED["expm1"] if working == "short" else "expm1"
    e = call(expm1, _times(TWO, _below(call("abs", x), 22)))
    value = Quotient(e, _plus(TWO, e))
    return _choose(_less(x, ZERO), _negative(value), value)


def _half_exp(size: Expr, working: Working) -> Expr:
    """Half of e^size in float32, where e^size itself may be infinite."""
    reduced = _reduced(size, working, high=90)
    return _in_two_steps(_one_plus(reduced, working), _minus(reduced.lifted, ONE), _less(size, ONE))


def _cosh(x: Expr, working: Working) -> Expr:
    size = call("abs", x)
    if working == "single":
        half = _half_exp(size, working)
        return _plus(half, Quotient(Number(Fraction(1, 4)), half))
    e = call("exp", size)
    return _times(HALF, _plus(e, Quotient(ONE, e)))


def _sinh(x: Expr, working: Working) -> Expr:
    size = call("abs", x)
    e = call("expm1", size)
    value = _times(HALF, _plus(e, Quotient(e, _plus(ONE, e))))
    if working == "single":
        value = _choose(_less(Number(10), size), _half_exp(size, working), value)
    return _choose(_less(x, ZERO), _negative(value), value)


def _erfc(x: Expr, working: Working) -> Expr:
    size = call("abs", x)
    shift = Number(ERFC_SHIFT)
    if working == "single":
        # Beyond, it is 0 in float32, and parts of the exponent would not be small.
        size = _below(size, 11)
    q = Quotient(ONE, _plus(size, shift))
    # Not written as a second division, since q comes first.
    t = _minus(ONE, _times(q, Number(2 * ERFC_SHIFT)))
    if working == "single":
        t = _times(_minus(size, shift), q)
        # The square in two parts: of few bits, which is exact, and the rest.
        rounder = _number(1.5 * 2.0**17)
        short = _minus(_plus(size, rounder), rounder)
        rest = _times(_minus(short, size), _plus(short, size))
        decay = _times(call("decay", _negative(_times(short, short))), call("exp", rest))
    else:
        decay = call("decay", _negative(_times(x, x)))
    tail = _times(decay, _times(q, _polynomial("scaled_erfc", working, t)))
    return _choose(_less(x, ZERO), _minus(TWO, tail), tail)


def _erf(x: Expr, working: Working) -> Expr:
    size = call("abs", x)
    near = _times(x, _polynomial("error", working, _times(x, x)))
    far = _minus(ONE, call("erfc", size))
    return _choose(_less(size, ONE), near, _choose(_less(x, ZERO), _negative(far), far))


_MEANT = {
    "exp": "e^x",
    "decay": "e^x for x <= 0",
    "exp_power": "The power of two of e^x = 2^n (1 + p)",
    "exp_rest": "The p of e^x = 2^n (1 + p)",
    "decay_power": f"2^{_STEP} times the power of two of e^x = 2^n (1 + p) for x <= 0",
    "decay_power_to_zero": "The same, and 0 for what is below the end of it",
    "decay_rest": "The p of e^x = 2^n (1 + p) for x <= 0",
    "expm1": "e^x - 1",
    "exp_between": "e^x for x from -700 to 700",
    "expm1_between": "e^x - 1 for x from -700 to 700",
    "log": "ln x",
    "log1p": "ln (1 + x)",
    "tanh": "The hyperbolic tangent of x",
    "sinh": "The hyperbolic sine of x",
    "cosh": "The hyperbolic cosine of x",
    "erf": "The error function of x",
    "erfc": "1 minus the error function of x",
}
ERRORS: dict[Working, dict[str, float]] = {
    "single": {
        **{"exp": 7e-8, "decay": 7e-8, "expm1": 1e-7, "log": 8e-8, "log1p": 1.1e-7},
        **{"exp_rest": 5e-8, "decay_rest": 5e-8},
        **{"tanh": 1.5e-7, "sinh": 1.5e-7, "cosh": 1.3e-7, "erf": 2e-7, "erfc": 3.5e-7},
    },
    "short": {
        **{"exp": 1.2e-10, "decay": 1.2e-10, "expm1": 3.3e-10, "log": 2e-11, "log1p": 2e-11},
        **{"exp_between": 1.2e-10, "expm1_between": 3.3e-10},
        **{"tanh": 3.3e-10, "sinh": 3.4e-10, "cosh": 1.2e-10, "erf": 2.5e-11, "erfc": 1.3e-10},
    },
    "double": {
        **{"exp": 2e-16, "decay": 2e-16, "expm1": 3e-16, "log": 2e-16, "log1p": 2e-16},
        **{"tanh": 3.5e-16, "sinh": 4e-16, "cosh": 3e-16, "erf": 3e-16, "erfc": 7e-16},
    },
}
"""The largest relative errors, where values are normal numbers of float32; tests measure them."""

_FORMULAS: dict[str, Callable[[Expr, Working], Expr]] = {
    "exp": _exp,
    "decay": _decay,
    "exp_power": _exp_power,
    "exp_rest": _exp_rest,
    "decay_power": _decay_power,
    "decay_power_to_zero": _decay_power_to_zero,
    "decay_rest": _decay_rest,
    "expm1": _expm1,
    "exp_between": _exp_between,
    "expm1_between": _expm1_between,
    "log": _log,
    "log1p": _log1p,
    "tanh": _tanh,
    "sinh": _sinh,
    "cosh": _cosh,
    "erf": _erf,
    "erfc": _erfc,
}


PARTS = frozenset(name for name in _FORMULAS if name.endswith(("_power", "_rest", "_to_zero")))
"""Of an exponential."""
EXP_BOUND = 700
BOUNDED = {"exp": "exp_between", "decay": "exp_between", "expm1": "expm1_between"}
"""What is called instead for what is between −``EXP_BOUND`` and it."""
_ONLY: dict[Working, frozenset[str]] = {
    "library": frozenset(),
    "single": PARTS,
    "short": frozenset(BOUNDED.values()),
    "double": frozenset(),
}
"""What only one working precision has a use for."""


def functions(working: Working) -> frozenset[str]:
    """What there is an approximation of."""
    if working == "library":
        return frozenset()
    return frozenset(_FORMULAS) - frozenset().union(*_ONLY.values()) | _ONLY[working]


@cache
def approximation(name: str, working: Working) -> Expr:
    """A function of ``ARGUMENT`` by primitive operations and other functions of the table."""
    return _FORMULAS[name](ARGUMENT, working)


def stated_error(name: str, working: Working) -> str:
    """What a function is and how far it is off, as a sentence."""
    if name not in ERRORS[working]:
        return f"{_MEANT[name]}."
    whole = "1 + p" if name in PARTS else "its value"
    return f"{_MEANT[name]}, to within {ERRORS[working][name]:.2g} of {whole}."
