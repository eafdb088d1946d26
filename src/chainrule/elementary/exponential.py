"""Exponentials as programs without branches: 2^n·(1 + p), by a reduction and a polynomial.

``short`` and ``double`` give numbers as small as e^-708 for what is smaller, as large as e^708
for what is larger: float32 has 0 and infinity there.

Source: P. T. P. Tang, "Table-driven implementation of the exponential function", 1989 (the
reduction by two parts of ln 2).
"""

from __future__ import annotations

from fractions import Fraction
from math import log
from typing import NamedTuple

from chainrule.elementary.arithmetic import (
    Working,
    above,
    below,
    by_pairs,
    choose,
    horner,
    less,
    minus,
    negated,
    number,
    plus,
    times,
    with_rounder,
    within,
    without_rounder,
)
from chainrule.expr.nodes import ONE, ZERO, Expr, Number, call

LOG2, _LOG2E = Number(Fraction(log(2))), Number(Fraction(1 / log(2)))
# So near to it that a number of powers is rounded to the same whole one, or where it is in the
# middle of two to the other.
_ABOUT_LOG2E = Number(Fraction(round(2**32 / log(2)), 2**32))
# A power of 2 in this many steps up or down is far from where numbers end in float32.
STEP = 64
# ln 2 in two parts; the product of the first with an exponent is exact.
LOG2_PARTS = {
    "single": (float.fromhex("0x1.62e4p-1"), float.fromhex("0x1.7f7d1cp-20")),
    "double": (float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33")),
}
DECAY_UNIT = Number(Fraction(1, 2**STEP))
"""``decay_power`` is a multiple of it, which float32 has where it has no power of two."""
# 2^190 times e^x is smaller than the smallest normal number.
_LEAST_DECAY = -131
# Where e^x is a normal number of float64; where it is not 0 and not infinite in float32.
_EXP_RANGE = {"single": (-104, 89), "short": (-708, 709), "double": (-708, 709)}


class _Reduced(NamedTuple):
    """e^x = 2^n·(1 + first + rest), where 1 + first may be rounded once more.

    ``lifted`` is n as ``with_rounder`` gives it.
    """

    lifted: Expr
    first: Expr
    rest: Expr

    @property
    def above_one(self) -> Expr:
        """What is added to the 1."""
        return self.rest if self.first is ZERO else plus(self.first, self.rest)


def _reduced(
    x: Expr, working: Working, low: int | None = None, high: int | None = None
) -> _Reduced:
    """Of x, or of the end of an interval where x is outside."""
    if working == "short":
        return _reduced_short(within(low, x, None), high)
    x = within(low, x, high)
    lifted = with_rounder(times(x, _LOG2E), working)
    power = without_rounder(lifted, working)
    first, second = (number(part) for part in LOG2_PARTS[working])
    nearly, little = minus(x, times(power, first)), times(power, second)
    remainder = minus(nearly, little)
    square = times(remainder, remainder)
    if working == "double":
        rest = times(square, horner("exponential", working, remainder))
        return _Reduced(lifted, remainder, rest)
    rest = times(square, by_pairs("exponential", working, remainder, square))
    # What the remainder has lost.
    rest = plus(rest, minus(minus(nearly, remainder), little))
    return _Reduced(lifted, remainder, rest)


def _reduced_short(x: Expr, high: int | None, sign: int = 1, *, waiting: bool = True) -> _Reduced:
    """Of x or −x, in powers of two, with an error that grows with x, by 2^-53 of it at most."""
    # Not both ends of an interval on one value: compilers make five operations of two then.
    scale, about = Number(sign * _LOG2E.value), Number(sign * _ABOUT_LOG2E.value)
    powers = within(None, times(x, scale), None if high is None else round(high / log(2)))
    # With a constant of its own the product is part of the sum.
    lifted = with_rounder(powers if high is not None else times(x, about), "short")
    remainder = minus(powers, without_rounder(lifted, "short"))
    if waiting:
        polynomial = horner("power_of_two", "short", remainder)
    else:
        square = times(remainder, remainder)
        polynomial = by_pairs("power_of_two", "short", remainder, square)
    return _Reduced(lifted, ZERO, times(remainder, polynomial))


def _one_plus(reduced: _Reduced, working: Working) -> Expr:
    """1 + first + rest; in float32 with what the first sum has lost."""
    if working != "single":
        return plus(ONE, reduced.above_one)
    total = plus(ONE, reduced.first)
    lost = minus(reduced.first, minus(total, ONE))
    return plus(total, plus(lost, reduced.rest))


def _in_two_steps(x: Expr, lifted: Expr, negative: Expr | None = None) -> Expr:
    """x·2^n, rounded once where it is no normal number; a NaN does not get its bits shifted.

    ``negative`` is the condition that n is; ``None`` if it always is.
    """
    up, down = number(2.0**STEP), number(2.0**-STEP)
    step: Expr = Number(STEP)
    rest = down
    if negative is not None:
        step, rest = choose(negative, step, Number(-STEP)), choose(negative, down, up)
    return times(times(x, call("scaled", ONE, plus(lifted, step))), rest)


def exp(x: Expr, working: Working) -> Expr:
    reduced = _reduced(x, working, *_EXP_RANGE[working])
    value = _one_plus(reduced, working)
    if working == "single":
        return _in_two_steps(value, reduced.lifted, less(x, ZERO))
    return call("scaled", value, reduced.lifted)


def decay(x: Expr, working: Working) -> Expr:
    """e^x where x is not positive."""
    least = _EXP_RANGE[working][0]
    if working == "short":
        # Not by −|x|: that would be an operation more than |x|.
        reduced = _reduced_short(below(negated(x), -least), None, -1)
    else:
        reduced = _reduced(x, working, least)
    value = _one_plus(reduced, working)
    if working == "single":
        return _in_two_steps(value, reduced.lifted)
    return call("scaled", value, reduced.lifted)


def exp_power(x: Expr, working: Working) -> Expr:
    lifted = _reduced(x, working, *_EXP_RANGE[working]).lifted
    return _in_two_steps(ONE, lifted, less(x, ZERO))


def exp_rest(x: Expr, working: Working) -> Expr:
    return _rest(within(_EXP_RANGE[working][0], x, _EXP_RANGE[working][1]), working)


def _rest(x: Expr, working: Working) -> Expr:
    """What e^x lacks of a power of two, over the power; what the remainder has lost is small."""
    high, low = (number(part) for part in LOG2_PARTS[working])
    power = without_rounder(_reduced(x, working).lifted, working)
    remainder = minus(minus(x, times(power, high)), times(power, low))
    square = times(remainder, remainder)
    return plus(remainder, times(square, by_pairs("exponential", working, remainder, square)))


def decay_power(x: Expr, working: Working) -> Expr:
    lifted = _reduced(x, working, _LEAST_DECAY).lifted
    return call("scaled", ONE, plus(lifted, Number(STEP)))


def decay_power_to_zero(x: Expr, working: Working) -> Expr:
    return choose(less(x, Number(_LEAST_DECAY)), ZERO, decay_power(x, working))


def decay_rest(x: Expr, working: Working) -> Expr:
    return _rest(above(x, _LEAST_DECAY), working)


def expm1(x: Expr, working: Working) -> Expr:
    reduced = _reduced(x, working, -60, _EXP_RANGE[working][1])
    scale = call("scaled", ONE, reduced.lifted)
    value = plus(times(reduced.above_one, scale), minus(scale, ONE))
    if working == "single":
        # Above, 2^n may be infinite, and the 1 is of no weight.
        large = _in_two_steps(_one_plus(reduced, working), reduced.lifted, less(x, ZERO))
        value = choose(less(Number(60), x), large, value)
    return value


def exp_between(x: Expr, working: Working) -> Expr:
    # It is called in long formulas, of which few are computed side by side.
    reduced = _reduced_short(x, None, waiting=False)
    return call("scaled", _one_plus(reduced, working), reduced.lifted)


def expm1_between(x: Expr, working: Working) -> Expr:
    reduced = _reduced(x, working)
    scale = call("scaled", ONE, reduced.lifted)
    return plus(times(reduced.above_one, scale), minus(scale, ONE))


def half_exp(size: Expr, working: Working) -> Expr:
    """Half of e^size in float32, where e^size itself may be infinite."""
    reduced = _reduced(size, working, high=90)
    return _in_two_steps(_one_plus(reduced, working), minus(reduced.lifted, ONE), less(size, ONE))
