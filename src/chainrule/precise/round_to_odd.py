"""A double that may be rounded once more, to a format of fewer bits, as if it were the exact value.

A value next to the middle of two numbers of a short format has that middle as its nearest double,
and rounding it again takes the even one of the two whatever side the value was on. So what was
rounded off is kept as an odd last bit: rounding to odd (S. Boldo and G. Melquiond, "Emulation of
FMA and correctly rounded sums: proved algorithms using rounding to odd", IEEE Trans. Comput. 57,
2008), as far as another rounding can tell.
"""

from __future__ import annotations

from fractions import Fraction

from chainrule.expr.nodes import ZERO, Call, Comparison, Expr, Number, Piecewise
from chainrule.precise.compensated import Compensation
from chainrule.precise.double_word import minus, plus, times

# What is computed in is float64.
_SIGNIFICAND = 53
# c + u(1 + 2u)|c| is the next double after c (S. M. Rump, P. Zimmermann, S. Boldo, G. Melquiond,
# "Computing predecessor and successor in rounding to nearest", BIT 49, 2009).
_STEP = Number(Fraction(2**52 + 1, 2**105))


def sticky(root: Expr, terms: int = 0) -> Expr:
    """An expression that evaluates in float64 to what rounds to short formats as ``root`` does.

    The value is computed as hi + lo, to twice the precision. Where hi has no more than 26 bits, as
    the middle of two numbers of a format of up to 25 has, the result is the next double after hi
    on the side of lo. Anywhere else it is hi, which lies on the same side of every such middle as
    hi + lo does.

    Args:
        root: an expression of functions that a target has.
        terms: as for ``compensated``.
    """
    compensation = Compensation(_SIGNIFICAND, terms)
    hi, lo = compensation.pair(root)
    if lo is ZERO:
        return hi
    step = times(_STEP, Call("abs", (hi,)))
    above, below = Comparison((">",), (lo, ZERO)), Comparison(("<",), (lo, ZERO))
    beside = Piecewise((plus(hi, step), above, minus(hi, step), below, hi))
    leading, _ = compensation.of.halves(hi)
    return Piecewise((beside, Comparison(("==",), (leading, hi)), hi))
