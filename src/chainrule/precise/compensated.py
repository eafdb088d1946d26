"""Twice the precision out of ordinary operations, where a formula cancels what was rounded.

Every value becomes an unevaluated sum of two numbers, hi + lo, with lo below the last place of
hi. The errors of sums and products are themselves numbers of the format and are carried along
(T. J. Dekker, Numer. Math. 18, 1971; D. E. Knuth, TAOCP 4.2.2; J.-M. Muller et al., Handbook of
Floating-Point Arithmetic, 2nd ed., chapters 4 and 14). What comes out is again an expression of
ordinary operations, so that every target can write it.

The order of operations is what it is about: a target must not reorder them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import factorial

from chainrule.elementary.coefficients import COEFFICIENTS, ERFC_SHIFT
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    HALF,
    MINUS_ONE,
    ONE,
    PI,
    TWO,
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    call,
    postorder,
    rational_value,
    symbols,
)
from chainrule.precise.double_word import (
    Pair,
    is_power_of_two,
    known,
    minus,
    plus,
    quick_two_sum,
    rounded,
    split_number,
    times,
    two_sum,
    value_of,
)

_LARGEST_POWER = 16
# e^r − 1 is taken of r/2^_HALVINGS, and doubled so often.
_HALVINGS = 5
_PLAIN_TERMS = 6
# ln 2 in parts, the first two so short that a multiple by an exponent is exact.
_LN2_BITS = 40
# e^u − 1 is u, to twice the precision, for |u| < 2^−_TINY.
_TINY = 200
# The same of π/2. Terms of the series of sine and cosine, and how many of them in two parts.
_PI_BITS, _TURN_TERMS, _TURN_PAIRS = 32, 15, 9
# Bits of an angle after the first 53.
_MORE_BITS = 48
# Coefficients of the scaled erfc in two parts; what is left adds less than 2^-5 of the value.
_ERFC_PAIRS = 6
# Terms of the series of erf below 1/16, and how many of them in two parts.
_ERF_TERMS, _ERF_PAIRS = 9, 3
# What erfc is multiplied by where it may be less than the smallest normal number.
_LIFT = 128
_LN2, _ROOT_HALF = call("log", 2), call("sqrt", HALF)
_HALF_ROOT_PI = HALF * call("sqrt", PI)
_QUANTILE = (
    [Number(Fraction(c)) for c in ("2.515517", "0.802853", "0.010328")],
    [Number(Fraction(c)) for c in ("1", "1.432788", "0.189269", "0.001308")],
)


def compensated(root: Expr, significand: int, terms: int = 0, *, far: bool = False) -> Expr:
    """An expression that evaluates to ``root`` with errors of about one rounding.

    Args:
        root: an expression of functions that a target has.
        significand: bits of the format's significand: 53, or 24 for float32.
        terms: 0 for functions as accurate as a library has them. In float64, exponentials and
            logarithms are computed here, with so many terms of the series in both parts: 2 give
            some 75 bits, 7 more than 100.
        far: whether sines and cosines of large angles that are no numbers of the format are
            meant to be right, as that of c·x is not, with c·x rounded.
    """
    found = Compensation(significand, terms, far=far).pair(root)
    return found.hi if found.lo is ZERO else Sum((found.hi, found.lo))


def polynomial_near(
    variable: Expr, root: Fraction, coefficients: Sequence[Fraction], significand: int
) -> Expr:
    """c₁t + c₂t² + … with t = x − r, where r is 0 or no number of the format.

    What is small, from the third coefficient on, is computed as usual.
    """
    compensation = Compensation(significand, 0)
    rest, parts = root, []
    for _ in range(3):
        parts.append(rounded(rest, significand))
        rest -= parts[-1]
    t = Pair(variable)
    if root:
        t = two_sum(variable, Number(-parts[0]))
        t = compensation.add(t, Pair(Number(-parts[1])))
        t = Pair(t.hi, plus(t.lo, Number(-parts[2])))
    pairs = [split_number(coefficient, significand) for coefficient in coefficients]
    found = compensation.multiply(compensation.polynomial(pairs, t, 2), t)
    return plus(found.hi, found.lo)


def _negative(a: Expr) -> Comparison:
    return Comparison(("<",), (a, ZERO))


def _horner(coefficients: Sequence[Expr], x: Expr) -> Expr:
    """A polynomial, the constant first."""
    *rest, total = coefficients
    for coefficient in reversed(rest):
        total = plus(times(total, x), coefficient)
    return total


def _scaled_erfc() -> list[Pair]:
    """Coefficients of (s + a)·e^(a²)·erfc(a), in (a − s)/(a + s)."""
    _, parts = COEFFICIENTS["scaled_erfc_far"]["twice"]
    numbers = [Number(Fraction(part)) for part in parts]
    return [Pair(high, low) for high, low in zip(numbers[::2], numbers[1::2], strict=True)]


def _plain_scaled_erfc(a: Expr) -> Expr:
    """e^(a²)·erfc(a) for a ≥ 0, not to twice the precision."""
    shift = Number(ERFC_SHIFT)
    above = plus(a, shift)
    t = Quotient(minus(a, shift), above)
    return Quotient(_horner([pair.hi for pair in _scaled_erfc()], t), above)


class Compensation:
    def __init__(self, significand: int, terms: int, *, far: bool = False) -> None:
        self._significand = significand
        self._far = far
        self._terms = terms
        # Veltkamp's constant, which splits a number into halves.
        self._splitter = Number(2 ** ((significand + 1) // 2) + 1)
        self._pairs: dict[Expr, Pair] = {}

    def pair(self, root: Expr) -> Pair:
        pairs = self._pairs
        for node in postorder(root):
            if node not in pairs:
                pairs[node] = self._node(node)
        return pairs[root]

    def _node(self, node: Expr) -> Pair:
        if not symbols(node) and not isinstance(node, (Comparison, Piecewise)):
            value = value_of(node)
            return Pair(node) if value is None else self._constant(value)
        pairs = self._pairs
        match node:
            case Sum(args):
                total = pairs[args[0]]
                for arg in args[1:]:
                    total = self.add(total, pairs[arg])
                return total
            case Product(args):
                total = pairs[args[0]]
                for arg in args[1:]:
                    total = self.multiply(total, pairs[arg])
                return total
            case Quotient(top, bottom):
                return self.divide(pairs[top], pairs[bottom])
            case Power(base, exponent):
                return self._power(pairs[base], exponent)
            case Piecewise(args):
                return self._cases(args)
            case Comparison(operators, args):
                return Pair(self._comparison(operators, [pairs[arg] for arg in args]))
            case Call(name, args):
                return self._call(name, [pairs[arg] for arg in args])
        return Pair(node)

    def _comparison(self, operators: tuple[str, ...], args: list[Pair]) -> Expr:
        if all(arg.lo is ZERO for arg in args):
            return Comparison(operators, tuple([arg.hi for arg in args]))
        if len(args) > 3:
            # Longer chains are compared by their leading parts.
            return Comparison(operators, tuple([arg.hi for arg in args]))
        # Differences from the second, whose signs are exact.
        base = args[1]
        ends = [self.subtract(arg, base).hi for arg in (args[0], *args[2:])]
        return Comparison(operators, (ends[0], ZERO, *ends[1:]))

    def _constant(self, value: Fraction) -> Pair:
        return split_number(value, self._significand)

    def _cases(self, args: tuple[Expr, ...]) -> Pair:
        pairs = [self._pairs[arg] for arg in args]
        high = Piecewise(tuple([pair.hi for pair in pairs]))
        conditions = range(1, len(args), 2)
        if all(pair.lo is ZERO for i, pair in enumerate(pairs) if i not in conditions):
            return Pair(high)
        low = [pair.hi if i in conditions else pair.lo for i, pair in enumerate(pairs)]
        return Pair(high, Piecewise(tuple(low)))

    # --- arithmetic ---------------------------------------------------------------------------
    def add(self, a: Pair, b: Pair) -> Pair:
        total = two_sum(a.hi, b.hi)
        if a.lo is ZERO and b.lo is ZERO:
            return total
        if a.lo is ZERO or b.lo is ZERO:
            return quick_two_sum(total.hi, plus(total.lo, plus(a.lo, b.lo)))
        rest = two_sum(a.lo, b.lo)
        total = quick_two_sum(total.hi, plus(total.lo, rest.hi))
        return quick_two_sum(total.hi, plus(total.lo, rest.lo))

    def negative(self, a: Pair) -> Pair:
        return Pair(times(MINUS_ONE, a.hi), times(MINUS_ONE, a.lo))

    def subtract(self, a: Pair, b: Pair) -> Pair:
        return self.add(a, self.negative(b))

    def halves(self, a: Expr) -> tuple[Expr, Expr]:
        """a as a sum of two numbers whose products are exact (Veltkamp)."""
        if isinstance(a, Number):
            top = rounded(Fraction(a.value), self._significand - (self._significand + 1) // 2)
            return Number(top), Number(Fraction(a.value) - top)
        large = Product((self._splitter, a))
        top_ = minus(large, minus(large, a))
        return top_, minus(a, top_)

    def two_product(self, a: Expr, b: Expr) -> Pair:
        """a·b exactly (Dekker)."""
        if a is ZERO or b is ZERO:
            return Pair(ZERO)
        if is_power_of_two(a) or is_power_of_two(b):
            return Pair(times(a, b))
        product = times(a, b)
        a1, a2 = self.halves(a)
        b1, b2 = self.halves(b)
        error = minus(times(a1, b1), product)
        cross = plus(times(a1, b2), times(a2, b1))
        if a is b:
            cross = times(TWO, times(a1, a2))
        return Pair(product, plus(plus(error, cross), times(a2, b2)))

    def multiply(self, a: Pair, b: Pair) -> Pair:
        for one, other in ((a, b), (b, a)):
            if one.lo is ZERO and is_power_of_two(one.hi):
                return Pair(times(one.hi, other.hi), times(one.hi, other.lo))
        total = self.two_product(a.hi, b.hi)
        cross = plus(times(a.hi, b.lo), times(a.lo, b.hi))
        if cross is ZERO:
            return total
        return quick_two_sum(total.hi, plus(total.lo, cross))

    def divide(self, a: Pair, b: Pair) -> Pair:
        if b.lo is ZERO and is_power_of_two(b.hi):
            assert isinstance(b.hi, Number)
            inverse = Number(1 / Fraction(b.hi.value))
            return self.multiply(a, Pair(inverse))
        first = Quotient(a.hi, b.hi)
        product = self.two_product(first, b.hi)
        rest = plus(minus(minus(a.hi, product.hi), product.lo), a.lo)
        if b.lo is not ZERO:
            rest = minus(rest, times(first, b.lo))
        return quick_two_sum(first, Quotient(rest, b.hi))

    def polynomial(self, coefficients: Sequence[Pair], x: Pair, exact: int) -> Pair:
        """The constant first; from number ``exact`` on it is small, and computed as usual."""
        total = Pair(_horner([coefficient.hi for coefficient in coefficients[exact:]], x.hi))
        for coefficient in reversed(coefficients[:exact]):
            total = self.add(coefficient, self.multiply(total, x))
        return total

    def sqrt(self, a: Pair) -> Pair:
        root = Call("sqrt", (a.hi,))
        square = self.two_product(root, root)
        rest = plus(minus(minus(a.hi, square.hi), square.lo), a.lo)
        # 0 has no slope, and needs no correction.
        low = Quotient(rest, times(TWO, root))
        positive = Comparison((">",), (a.hi, ZERO))
        return quick_two_sum(root, Piecewise((low, positive, ZERO)))

    def _power(self, base: Pair, exponent: Expr) -> Pair:
        value = rational_value(exponent)
        if value is not None and value.denominator <= 2 and abs(value.numerator) <= _LARGEST_POWER:
            start = self.sqrt(base) if value.denominator == 2 else base
            found = self._multiplied(start, abs(value.numerator))
            return self.divide(Pair(ONE), found) if value < 0 else found
        power = self._pairs[exponent]
        if self._terms:
            return self.exp(self.multiply(power, self.log(base)))
        whole = Power(base.hi, power.hi)
        log = Call("log", (base.hi,))
        by_base = times(Quotient(power.hi, base.hi), base.lo)
        by_exponent = times(log, power.lo)
        return quick_two_sum(whole, times(whole, plus(by_base, by_exponent)))

    def _multiplied(self, base: Pair, exponent: int) -> Pair:
        found: Pair | None = None
        while exponent:
            if exponent & 1:
                found = base if found is None else self.multiply(found, base)
            exponent >>= 1
            if exponent:
                base = self.multiply(base, base)
        return found or Pair(ONE)

    # --- functions ----------------------------------------------------------------------------
    def _call(self, name: str, args: list[Pair]) -> Pair:
        if name == "abs":
            [a] = args
            negative = Comparison(("<",), (a.hi, ZERO))
            low = a.lo if a.lo is ZERO else Piecewise((times(MINUS_ONE, a.lo), negative, a.lo))
            return Pair(Call("abs", (a.hi,)), low)
        if name in ("max", "min"):
            a, b = args
            first = Comparison((">=" if name == "max" else "<=",), (a.hi, b.hi))
            high = Call(name, (a.hi, b.hi))
            exact = a.lo is ZERO and b.lo is ZERO
            return Pair(high, ZERO if exact else Piecewise((a.lo, first, b.lo)))
        if name == "sqrt":
            return self.sqrt(args[0])
        if self._terms and name in _ACCURATE:
            return _ACCURATE[name](self, args[0])
        return self._by_the_library(name, args)

    def _by_the_library(self, name: str, args: list[Pair]) -> Pair:
        """As the library has it, corrected to first order for what was rounded in the argument."""
        leading = tuple([arg.hi for arg in args])
        value: Expr = Call(name, leading)
        correction: Expr = ZERO
        for i, arg in enumerate(args):
            slope = BY_NAME[name].derivatives[i]
            if arg.lo is not ZERO and slope is not None:
                correction = plus(correction, times(slope(*leading), arg.lo))
        return Pair(value) if correction is ZERO else quick_two_sum(value, correction)

    def _reduced(self, a: Pair) -> tuple[Expr, Pair]:
        """k and r with a = k·ln 2 + r."""
        ln2 = known(_LN2)
        first = rounded(ln2, _LN2_BITS)
        second = rounded(ln2 - first, _LN2_BITS)
        third = rounded(ln2 - first - second, self._significand)
        inverse = Number(rounded(1 / ln2, self._significand))
        k = Call("floor", (Sum((Product((inverse, a.hi)), Number(Fraction(1, 2)))),))
        rest = minus(a.hi, Product((Number(first), k)))
        pair = two_sum(rest, Product((Number(-second), k)))
        low = plus(plus(pair.lo, a.lo), Product((Number(-third), k)))
        return k, quick_two_sum(pair.hi, low)

    def _expm1_small(self, r: Pair) -> Pair:
        """e^r − 1 for |r| < 0.35: the series at r/2^n, then (1 + q)² − 1 = q(2 + q), n times."""
        small = self.multiply(r, Pair(Number(Fraction(1, 2**_HALVINGS))))
        last = self._terms + _PLAIN_TERMS
        series = [self._constant(Fraction(1, factorial(n))) for n in range(1, last + 1)]
        total = self.multiply(self.polynomial(series, small, self._terms + 1), small)
        for _ in range(_HALVINGS):
            total = self.multiply(total, self.add(Pair(TWO), total))
        # Of a tiny argument the parts of the series underflow; it is the result itself.
        tiny = Comparison(("<",), (Call("abs", (r.hi,)), Power(TWO, Number(-_TINY))))
        return Pair(Piecewise((r.hi, tiny, total.hi)), Piecewise((r.lo, tiny, total.lo)))

    def _scaled(self, a: Pair, k: Expr) -> Pair:
        """a·2^k, in two steps: 2^k alone may be out of range where the result is not."""
        half = Call("floor", (Product((Number(Fraction(1, 2)), k)),))
        first = Power(TWO, half)
        second = Power(TWO, minus(k, half))
        return Pair(times(times(a.hi, first), second), times(times(a.lo, first), second))

    def exp(self, a: Pair, lift: int = 0) -> Pair:
        """e^a·2^lift, where e^a itself may be too large or too small."""
        k, r = self._reduced(a)
        k = plus(k, Number(lift)) if lift else k
        return self._scaled(self.add(Pair(ONE), self._expm1_small(r)), k)

    def expm1(self, a: Pair) -> Pair:
        k, r = self._reduced(a)
        q = self._scaled(self._expm1_small(r), k)
        whole = self._scaled(Pair(ONE), k)
        return self.add(self.add(whole, Pair(MINUS_ONE)), q)

    def log1p(self, a: Pair) -> Pair:
        """y₀ of the library, less what e^{y₀} − 1 is too much."""
        y = Call("log1p", (a.hi,))
        off = self.subtract(self.expm1(Pair(y)), a)
        return quick_two_sum(y, times(MINUS_ONE, Quotient(off.hi, Sum((ONE, a.hi)))))

    def log(self, a: Pair) -> Pair:
        y = Call("log", (a.hi,))
        off = self.add(self.multiply(a, self.exp(Pair(times(MINUS_ONE, y)))), Pair(MINUS_ONE))
        square = times(Number(Fraction(1, 2)), times(off.hi, off.hi))
        far = two_sum(y, plus(off.hi, plus(off.lo, times(MINUS_ONE, square))))
        near = self.log1p(self.add(a, Pair(MINUS_ONE)))
        is_near = Comparison(("<",), (Call("abs", (minus(a.hi, ONE),)), Number(Fraction(1, 2))))
        return Pair(Piecewise((near.hi, is_near, far.hi)), Piecewise((near.lo, is_near, far.lo)))

    def tanh(self, a: Pair) -> Pair:
        """From e^{−2|u|} − 1, which does not overflow."""
        size = self._call("abs", [a])
        m = self.expm1(self.multiply(Pair(Number(-2)), size))
        found = self.negative(self.divide(m, self.add(Pair(TWO), m)))
        return self._signed(found, a)

    def sinh(self, a: Pair) -> Pair:
        size = self._call("abs", [a])
        m = self.expm1(size)
        fraction = self.divide(m, self.add(Pair(ONE), m))
        found = self.multiply(Pair(Number(Fraction(1, 2))), self.add(m, fraction))
        return self._signed(found, a)

    def cosh(self, a: Pair) -> Pair:
        e = self.exp(self._call("abs", [a]))
        return self.multiply(Pair(Number(Fraction(1, 2))), self.add(e, self.divide(Pair(ONE), e)))

    def _turned(self, a: Pair) -> tuple[Expr, Pair, Pair]:
        """k mod 4, and sine and cosine of r, for a = k·π/2 + r; only for |a| < 2^20."""
        half_pi = known(PI) / 2
        k = Call("floor", (plus(times(Number(rounded(1 / half_pi, 53)), a.hi), HALF),))
        r = Pair(a.hi)
        rest = half_pi
        for bits in (_PI_BITS, _PI_BITS, _PI_BITS, self._significand):
            part = rounded(rest, bits)
            rest -= part
            r = self.add(r, self.two_product(Number(-part), k) if bits > _PI_BITS else
                         Pair(Product((Number(-part), k))))  # fmt: skip
        r = self.add(r, Pair(a.lo))
        square = self.multiply(r, r)
        sine = self.multiply(r, self._series(square, 1))
        quadrant = minus(k, times(Number(4), Call("floor", (times(Number(Fraction(1, 4)), k),))))
        return quadrant, sine, self._series(square, 0)

    def _series(self, square: Pair, first: int) -> Pair:
        """1 − s/((first + 1)(first + 2)) + …: the cosine, or the sine over its argument."""
        signed = [Fraction((-1) ** n, factorial(2 * n + first)) for n in range(_TURN_TERMS)]
        return self.polynomial([self._constant(c) for c in signed], square, _TURN_PAIRS)

    def _of_quadrant(self, quadrant: Expr, values: tuple[Pair, Pair, Pair, Pair]) -> Pair:
        parts = []
        for i in (0, 1):
            args: list[Expr] = []
            for number, value in enumerate(values[:3]):
                args += [value[i], Comparison(("==",), (quadrant, Number(number)))]
            parts.append(Piecewise((*args, values[3][i])))
        return Pair(*parts)

    def _angle(self, x: Expr) -> Pair:
        """A large x less a multiple of 2π, by what the library makes of x and of 2^n·x.

        Its sine and cosine tell an angle to 53 bits, those of 2^n·x its next n bits.
        """
        sine, cosine = Call("sin", (x,)), Call("cos", (x,))
        half_turn = Piecewise((Number(rounded(known(PI), 53)), _negative(cosine), ZERO))
        first = plus(Call("atan", (Quotient(sine, cosine),)), half_turn)
        turns = Number(2**_MORE_BITS)
        (s, c), (s0, c0) = (
            (Call("sin", (times(turns, u),)), Call("cos", (times(turns, u),))) for u in (x, first)
        )
        across, along = minus(times(s, c0), times(c, s0)), plus(times(c, c0), times(s, s0))
        rest = times(Number(Fraction(1, 2**_MORE_BITS)), Call("atan", (Quotient(across, along),)))
        finite = Comparison(("<",), (Call("abs", (x,)), Number(2 ** (1020 - _MORE_BITS))))
        return quick_two_sum(first, Piecewise((rest, finite, ZERO)))

    def _within_reach(self, a: Pair) -> Pair:
        """The same angle, less than 2^20, of one that is no number of the format."""
        if a.lo is ZERO or not self._far:
            return a
        small = Comparison(("<",), (Call("abs", (a.hi,)), Number(2**20)))
        near = self.add(self._angle(a.hi), self._angle(a.lo))
        return Pair(*(Piecewise((u, small, v)) for u, v in zip(a, near, strict=True)))

    def sin(self, a: Pair) -> Pair:
        near = self._within_reach(a)
        quadrant, s, c = self._turned(near)
        found = self._of_quadrant(quadrant, (s, c, self.negative(s), self.negative(c)))
        return self._unless_large(a, found, "sin")

    def cos(self, a: Pair) -> Pair:
        near = self._within_reach(a)
        quadrant, s, c = self._turned(near)
        found = self._of_quadrant(quadrant, (c, self.negative(s), self.negative(c), s))
        return self._unless_large(a, found, "cos")

    def tan(self, a: Pair) -> Pair:
        return self.divide(self.sin(a), self.cos(a))

    def _unless_large(self, a: Pair, found: Pair, name: str) -> Pair:
        """A large number of the format itself is left to the library."""
        other = self._by_the_library(name, [a])
        here: Expr = Comparison(("<",), (Call("abs", (a.hi,)), Number(2**20)))
        if self._far and a.lo is not ZERO:
            # Also what is none but by its form.
            here = Comparison(("!=",), (Piecewise((ONE, here, a.lo)), ZERO))
        return Pair(Piecewise((found.hi, here, other.hi)), Piecewise((found.lo, here, other.lo)))

    def atan(self, a: Pair) -> Pair:
        """y₀ of the library, and the angle between its direction and the one that is meant."""
        y = Call("atan", (a.hi,))
        s, c = self.sin(Pair(y)), self.cos(Pair(y))
        top = self.subtract(self.multiply(a, c), s)
        return quick_two_sum(y, Quotient(top.hi, plus(c.hi, times(a.hi, s.hi))))

    def erfc(self, a: Pair, lift: int = 0) -> Pair:
        """erfc(a)·2^lift: e^{−a²} times a polynomial over s + |a|, to some 60 bits."""
        size = self._call("abs", [a])
        shift = Pair(Number(ERFC_SHIFT))
        above = self.add(size, shift)
        t = self.divide(self.subtract(size, shift), above)
        total = self.polynomial(_scaled_erfc(), t, _ERFC_PAIRS)
        decay = self.exp(self.negative(self.multiply(a, a)), lift)
        tail = self.multiply(decay, self.divide(total, above))
        other = self.subtract(Pair(Number(Fraction(2) ** (lift + 1))), tail)
        negative = Comparison(("<",), (a.hi, ZERO))
        return Pair(
            *(Piecewise((low, negative, high)) for low, high in zip(other, tail, strict=True))
        )

    def erf(self, a: Pair) -> Pair:
        """1 − erfc, and the power series next to 0."""
        size = self._call("abs", [a])
        far = self._signed(self.subtract(Pair(ONE), self.erfc(size)), a)
        square = self.multiply(a, a)
        slope = 2 / known(call("sqrt", PI))
        series = [slope * (-1) ** k / (factorial(k) * (2 * k + 1)) for k in range(_ERF_TERMS)]
        pairs = [self._constant(coefficient) for coefficient in series]
        near = self.multiply(a, self.polynomial(pairs, square, _ERF_PAIRS))
        is_near = Comparison(("<",), (size.hi, Number(Fraction(1, 16))))
        return Pair(*(Piecewise((n, is_near, f)) for n, f in zip(near, far, strict=True)))

    def erfinv(self, a: Pair) -> Pair:
        """Near ±1 by 1 − |a|, of which no digit is lost: the y with erfc(y) = 1 − |a|.

        A rational approximation (Abramowitz and Stegun, 26.2.23, to 4.5e-4), two steps of
        Newton's method for the logarithm of erfc, and one with what is left of erfc itself.
        """
        size = self._call("abs", [a])
        m = self.subtract(Pair(ONE), size)
        w = times(MINUS_ONE, Call("log", (m.hi,)))
        t = Call("sqrt", (plus(times(TWO, w), Number(rounded(2 * known(_LN2), 53))),))
        top, bottom = (_horner(rows, t) for rows in _QUANTILE)
        y = times(Number(rounded(known(_ROOT_HALF), 53)), minus(t, Quotient(top, bottom)))
        half_root_pi = Number(rounded(known(_HALF_ROOT_PI), 53))
        for _ in range(2):
            scaled = _plain_scaled_erfc(y)
            off = minus(minus(times(y, y), Call("log", (scaled,))), w)
            y = minus(y, times(times(off, scaled), half_root_pi))
        there = self.erfc(Pair(y), _LIFT)
        off = self.subtract(there, self.multiply(Pair(Number(2**_LIFT)), m)).hi
        low = times(times(Quotient(off, there.hi), _plain_scaled_erfc(y)), half_root_pi)
        far = self._signed(quick_two_sum(y, low), a)
        near = self._by_the_library("erfinv", [a])
        is_near = Comparison(("<",), (size.hi, HALF))
        return Pair(*(Piecewise((n, is_near, f)) for n, f in zip(near, far, strict=True)))

    def _signed(self, found: Pair, like: Pair) -> Pair:
        negative = Comparison(("<",), (like.hi, ZERO))
        other = self.negative(found)
        return Pair(
            Piecewise((other.hi, negative, found.hi)), Piecewise((other.lo, negative, found.lo))
        )


_ACCURATE: Mapping[str, Callable[[Compensation, Pair], Pair]] = {
    "exp": Compensation.exp,
    "expm1": Compensation.expm1,
    "log": Compensation.log,
    "log1p": Compensation.log1p,
    "tanh": Compensation.tanh,
    "sinh": Compensation.sinh,
    "cosh": Compensation.cosh,
    "sin": Compensation.sin,
    "cos": Compensation.cos,
    "tan": Compensation.tan,
    "atan": Compensation.atan,
    "erf": Compensation.erf,
    "erfc": Compensation.erfc,
    "erfinv": Compensation.erfinv,
}
"""Functions that are computed here to twice the precision."""
