"""Inputs cut into intervals on which a function is its Taylor polynomial.

The polynomial is the one around the middle, whose coefficients are Arb's power series, and whose
remainder is bounded by the next coefficient over the whole interval (Lagrange). Where the
function is flat, or too small for the format, intervals with two endpoints say so. An interval
is halved until the bound is a small part of an ULP; what is left at kinks and roots are a few
inputs that ball arithmetic settles one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import frexp, ldexp

import numpy as np
from flint import arb, arb_series, ctx

from chainrule.balls.arithmetic import precision
from chainrule.balls.program import ball
from chainrule.deriving.derivation import Derivation
from chainrule.deriving.problem import Problem
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import Call, Expr, Symbol, postorder
from chainrule.floats.formats import Format
from chainrule.floats.positions import finite_count, input_at
from chainrule.floats.truth import truth as exact_truth
from chainrule.parsing.definitions import expand_all
from chainrule.sweep.pieces import DEGREE, HUGE, Piece, PieceKind
from chainrule.verify.enclosures import compile_enclosures
from chainrule.verify.series import compile_series

SINGLE, DOUBLE = 20, 5
"""The bound of a reference, in bits below an ULP, for formats up to 24 bits and for float64."""
LEAST = 64
"""Intervals of no more inputs are not halved, but settled one by one."""
MANY = 1 << 14
"""With more intervals than this none is halved any more: the function changes too quickly."""
# Where in a binade it is tried whether a thousandth part has a polynomial: at no simple fractions,
# since there a periodic function may happen to be calm.
_PROBES = (0.23, 0.51, 0.82)
_FINEST = 1024
# Points at which a function that is defined somewhere on an interval is hoped to be: both ends, and
# every eighth part.
_SPREAD = 9
# A function that is flat is so over a good part of a binade.
_LEVELS = 3
# Bits for coefficients, of which 106 are kept and the others may cancel; and for the remainder,
# which is only a bound.
_BITS, _AROUND = 256, 64
# Half an ULP of float64.
_EPSILON = 2.0**-53


def cut(
    expr: Expr, variable: Symbol, parameters: Mapping[Symbol, Fraction], fmt: Format
) -> Iterator[Piece]:
    """The intervals of all finite inputs, in no order; arguments as of ``reference.reference``."""
    return _Cutter(expr, variable, parameters, fmt).pieces()


class _Cutter:
    def __init__(
        self, expr: Expr, variable: Symbol, parameters: Mapping[Symbol, Fraction], fmt: Format
    ) -> None:
        self.expr, self.variable, self.parameters, self.fmt = expr, variable, parameters, fmt
        self.series = compile_series([expr])
        slope = Derivation(Problem(function=expr, variables=(variable,))).derivative
        self.ranges = compile_enclosures([expr, slope])
        self.jumps = any(
            isinstance(node, Call) and BY_NAME[node.name].jumps
            for node in postorder(expand_all(expr))
        )
        self.seen = False
        self.double = fmt.precision > 24
        self.bits = DOUBLE if self.double else SINGLE
        # So that 1 − (1 − u), times a cube of the largest number, is still seen to vanish.
        self.range_bits = 64 - (2 if self.double else 4) * fmt.least_exponent + fmt.precision

    def pieces(self) -> Iterator[Piece]:
        binade = 1 << (self.fmt.precision - 1)
        count = finite_count(self.fmt) // binade
        todo = [(k * binade, (k + 1) * binade - 1) for k in range(count)]
        todo += [(-b - 1, -a - 1) for a, b in todo]
        return self._refined(todo)

    def _refined(self, todo: list[tuple[int, int]]) -> Iterator[Piece]:
        level = 0
        while todo:
            again: list[tuple[int, int]] = []
            for first, last in todo:
                found = self._attempt(first, last, level)
                if found is None and last - first < LEAST:
                    found = Piece(first, last, PieceKind.SETTLED)
                if found is None and not self.seen and self._undefined(first, last):
                    found = Piece(first, last, PieceKind.UNDEFINED)
                if found is None and not level and self._wild(first, last):
                    found = Piece(first, last, PieceKind.WILD)
                if found is not None:
                    yield found
                    continue
                middle = (first + last) // 2
                again += [(first, middle), (middle + 1, last)]
            level += 1
            if len(again) > MANY:
                yield from (Piece(a, b, PieceKind.WILD) for a, b in again)
                return
            todo = again

    def _undefined(self, first: int, last: int) -> bool:
        """Whether there is no value at any of a few points, the ends among them."""
        steps = range(_SPREAD)
        places = [first + (last - first) * k // (_SPREAD - 1) for k in steps]
        # The middle first, which is enough where the function is defined.
        places.sort(key=lambda place: abs(place - (first + last) // 2))
        return not any(self._defined(place) for place in places)

    def _defined(self, place: int) -> bool:
        at_place = np.array([input_at(place, self.fmt)])
        found = exact_truth(self.expr, self.variable, at_place, self.parameters)
        return bool(found.known[0])

    def _wild(self, first: int, last: int) -> bool:
        """Whether a small part of a binade has no polynomial, wherever it is tried."""
        size = (last - first) // _FINEST
        for share in _PROBES:
            start = first + int(share * (last - first))
            if size < LEAST or self._attempt(start, start + size, 0) is not None:
                return False
            if self._undefined(start, start + size):
                return False
        return True

    # --- one interval -------------------------------------------------------------------------
    def _attempt(self, first: int, last: int, level: int) -> Piece | None:
        """A polynomial, if one is good enough; ``seen`` says whether a value was met with."""
        self.seen = False
        a, b = sorted((input_at(first, self.fmt), input_at(last, self.fmt)))
        found = self._flat(first, last, a, b) if level < _LEVELS else None
        return found or self._taylor(first, last, a, b)

    def _close(self, bound: arb, least: arb) -> bool:
        """Whether an error is small beside an ULP, the value being at least so large."""
        exponent = max(_exponent(least) - 1 if least > 0 else -(10**9), self.fmt.least_exponent)
        return bool(bound <= arb(2) ** (exponent - self.fmt.precision + 1 - self.bits))

    def _flat(self, first: int, last: int, a: float, b: float) -> Piece | None:
        """A constant."""
        with precision(self.range_bits):
            given = {s: (ball(v),) * 2 for s, v in self.parameters.items()}
            given[self.variable] = (arb(a), arb(b))
            (low, high), (down, up) = self.ranges.run([given[s] for s in self.ranges.symbols])
            known = low.is_finite() and high.is_finite()
            if known and (low >= 2 * self.fmt.overflow or high <= -2 * self.fmt.overflow):
                # Whatever it is, it rounds to infinity.
                sign = 1.0 if low > 0 else -1.0
                return Piece(first, last, PieceKind.POLYNOMIAL, power=HUGE, coefficients=(sign,))
            if known and (low > 0 or high < 0) and self._close(max(abs(low), abs(high)), arb(0)):
                # It is smaller than what matters, but for its sign.
                sign = 1.0 if low > 0 else -1.0
                return Piece(first, last, PieceKind.POLYNOMIAL, power=-HUGE, coefficients=(sign,))
            middle, reach = (low + high) / 2, (high - low) / 2
            if known and not self.jumps and down.is_finite() and up.is_finite():
                # By the slope, at one point: e^x/(1 + e^x) goes over no range to speak of. With a
                # range that is known, no case of the function begins or ends in between.
                value = self._value((a + b) / 2)
                change = max(abs(down), abs(up)) * (b - a)
                if value is not None and reach > change:
                    middle, reach = value, change + value.rad()
            if not known or not self._close(reach, abs(middle) - reach):
                return None
            return self._polynomial(first, last, 0.0, 0.0, [middle], reach)

    def _value(self, x: float) -> arb | None:
        given = {s: (ball(v),) * 2 for s, v in self.parameters.items()}
        given[self.variable] = (arb(x), arb(x))
        [(low, high), _] = self.ranges.run([given[s] for s in self.ranges.symbols])
        return (low + high) / 2 + arb(0, (high - low) / 2) if low.is_finite() else None

    def _taylor(self, first: int, last: int, a: float, b: float) -> Piece | None:
        middle = input_at((first + last) // 2, self.fmt)
        reach = max(b - middle, middle - a)
        scale = ldexp(1.0, -frexp(reach)[1]) if 2.0**-1000 < reach < 2.0**1000 else 0.0
        if not scale:
            return None
        for bits, more in ((_BITS, _AROUND), (_BITS - self.fmt.least_exponent,) * 2):
            with precision(more, DEGREE + 2):
                around = self._series(arb(middle, reach), scale)
                if around is None:
                    return None
            with precision(bits, DEGREE + 1):
                exact = self._series(arb(middle), scale)
                if exact is None:
                    return None
                self.seen = True
                width = arb(reach) * scale
                remainder = (around[DEGREE + 1] * width ** (DEGREE + 1)).abs_upper()
                found = self._polynomial(first, last, middle, scale, exact, remainder)
                if found is not None or exact[0].rel_accuracy_bits() > self.fmt.precision + 64:
                    return found
            # What is left of 1 − (1 − u) had too few bits.
        return None

    def _polynomial(
        self,
        first: int,
        last: int,
        center: float,
        scale: float,
        exact: Sequence[arb],
        remainder: arb,
    ) -> Piece | None:
        """The polynomial in float64, if its error is small enough."""
        sizes = [c.abs_upper() for c in exact]
        # Horner's rule: each coefficient is rounded once, and passes 2k operations (Higham,
        # Accuracy and Stability of Numerical Algorithms, 5.1). |t| ≤ 1.
        start = 2 if self.double else 0
        rounding = sum(((2 * k + 2) * size for k, size in enumerate(sizes) if k >= start), arb(0))
        bound = remainder + rounding * (1.01 * _EPSILON) + sum((c.rad() for c in exact), arb(0))
        if self.double:
            bound += sum(sizes, arb(0)) * 2.0**-100
        least = exact[0].abs_lower() - sum(sizes[1:], arb(0)) - remainder
        if not self._close(bound, least):
            return None
        power = _exponent(sum(sizes, arb(0)).upper())
        if abs(power) >= HUGE:
            # Infinite or nothing in every format; its sign is known if it does not reach 0.
            sign = float(exact[0].sgn()) if least > 0 else 0.0
            huge = HUGE if power > 0 else -HUGE
            return Piece(first, last, PieceKind.POLYNOMIAL, power=huge, coefficients=(sign,))
        unit = arb(2) ** -power
        coefficients = [float(c * unit) for c in exact]
        low = [float(c * unit - v) for c, v in zip(exact[:2], coefficients, strict=False)]
        return Piece(
            first,
            last,
            PieceKind.POLYNOMIAL,
            center,
            scale,
            power,
            tuple(coefficients),
            (low[0], low[1] if len(low) > 1 else 0.0) if self.double else (0.0, 0.0),
            float((bound * unit).upper()),
        )

    def _series(self, around: arb, scale: float) -> list[arb] | None:
        """Coefficients of the Taylor polynomial in t = (x − around)·scale."""
        program = self.series
        given = {s: arb_series([ball(v)]) for s, v in self.parameters.items()}
        given[self.variable] = arb_series([around, 1 / arb(scale)])
        [line] = program.run([given[symbol] for symbol in program.symbols])
        found = [line[k] for k in range(ctx.cap)]
        return found if all(c.is_finite() for c in found) else None


def _exponent(size: arb) -> int:
    """e such that size is at least 2^(e−1) and less than 2^e; very small for 0."""
    mantissa, exponent = size.mid().man_exp()
    return int(exponent) + int(mantissa).bit_length() if mantissa != 0 else -(10**9)
