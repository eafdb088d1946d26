"""Decimals every digit of which is certain."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from flint import arb

from chainrule.balls.arithmetic import MAX_PRECISION, compile_balls, precision
from chainrule.balls.program import Coordinate, Program, ball
from chainrule.expr.nodes import Expr, Symbol
from chainrule.record import Record

ELLIPSIS = "…"
# Enough for the sizes of a ball, which are compared and no more.
_CLOSE_BITS = 64
# Numbers from 10^-5 to 10^16 are written out, others as 1.25e-30.
_SMALLEST, _LARGEST = -5, 16
# FLINT aborts the process when a fraction gets too long; these are 12,000 digits.
_HUGE_BITS = 40_000


class CertifiedDigits(Record):
    """A number in decimals.

    Attributes:
        text: the number; what is cut off is never rounded. Ends in "…" unless it is exact.
        exact: whether ``text`` is the number itself.
    """

    text: str
    exact: bool

    def __str__(self) -> str:
        return self.text


def decimal(
    expr: Expr, env: Mapping[Symbol, Coordinate] | None = None, digits: int = 15
) -> CertifiedDigits | None:
    """``expr`` at a point to ``digits`` significant digits, ``None`` where it is not defined.

    >>> from chainrule.expr.nodes import Number, Symbol, call
    >>> x = Symbol("x")
    >>> decimal(1 / (1 + call("exp", -x)), {x: 5}, digits=17).text
    '0.99330714907571514…'
    >>> decimal(Number(3) / 4).text
    '0.75'
    """
    program = compile_balls([expr])
    point = [(env or {})[symbol] for symbol in program.symbols]
    exact = _exactly(expr, env or {})
    if exact is not None:
        return exact_decimal(exact, digits)
    bits = max(64, digits * 4 + 32)
    value = _run(program, point, bits)
    undecided = not value.is_finite()
    while bits <= max(MAX_PRECISION, 8 * digits):
        value = _run(program, point, bits)
        if value.is_finite():
            text = _common_digits(value, digits)
            if text is not None:
                return text
            undecided = False
        elif bits > 1024:
            return None
        bits *= 2
    if undecided:
        return None
    if _is_huge(value) and not value.contains(0):
        return CertifiedDigits(value.str(digits, radius=False) + ELLIPSIS, False)
    return _closest(expr, env or {}, value, digits)


def _run(program: Program, point: list[Coordinate], bits: int) -> arb:
    with precision(bits):
        result = program.run([ball(value) for value in point])[0]
    return result if type(result) is arb else arb.nan()


def _exactly(expr: Expr, env: Mapping[Symbol, Coordinate]) -> Fraction | None:
    """The value, if it comes from rational operations on rational numbers of moderate size."""
    from chainrule.verify.exact import rational_value

    return rational_value(expr, env)


def ball_decimal(value: arb, digits: int = 15) -> str:
    """The digits of a ball that are certain, at most ``digits`` of them."""
    for count in range(digits, 0, -1):
        found = _common_digits(value, count)
        if found is not None:
            return found.text
    return str(value)


def _common_digits(value: arb, digits: int) -> CertifiedDigits | None:
    """The truncation that all numbers of the ball share, ``None`` if they differ."""
    if not value.is_finite() or value.contains(0):
        return exact_decimal(Fraction(0)) if value.is_zero() else None
    if _is_huge(value):
        return _digits_of_huge(value, digits)
    low, high = _bounds(value)
    if low == high:
        return exact_decimal(low, digits)
    first, second = _truncated(low, digits), _truncated(high, digits)
    return CertifiedDigits(_written(*first) + ELLIPSIS, False) if first == second else None


def _is_huge(value: arb) -> bool:
    """Whether the number is too large or too small to be written out as a fraction."""
    return not arb(2) ** -_HUGE_BITS < abs(value.mid()) < arb(2) ** _HUGE_BITS


def _digits_of_huge(value: arb, digits: int) -> CertifiedDigits | None:
    """By dividing by a power of ten, in balls too."""
    with precision(digits * 4 + 256):
        ten = arb(10)
        exponent = (abs(value).log() / ten.log()).floor().unique_fmpz()
        if exponent is None:
            return None
        leading = value / ten**exponent
    if not (abs(leading) > 0.01 and abs(leading) < 100):
        return None
    low, high = _bounds(leading)
    first, second = _truncated(low, digits), _truncated(high, digits)
    if first != second:
        return None
    negative, shown, shift = first
    return CertifiedDigits(_written(negative, shown, int(exponent) + shift) + ELLIPSIS, False)


def _bounds(value: arb) -> tuple[Fraction, Fraction]:
    """Rational bounds of a ball that is not huge. (FLINT aborts the process on those.)"""
    # A radius that is smaller still is rounded up to this one.
    radius = max(value.rad(), arb(2) ** (-2 * _HUGE_BITS)) if not value.is_exact() else arb(0)
    middle, distance = _fraction(value.mid()), _fraction(radius)
    return middle - distance, middle + distance


def _fraction(exact: arb) -> Fraction:
    rational = exact.fmpq()
    return Fraction(int(rational.p), int(rational.q))


def _exponent(value: Fraction) -> int:
    """The power of ten of the first digit of a number that is not 0."""
    value = abs(value)
    guess = int((value.numerator.bit_length() - value.denominator.bit_length()) * 0.30103)
    while Fraction(10) ** guess > value:
        guess -= 1
    while Fraction(10) ** (guess + 1) <= value:
        guess += 1
    return guess


def _truncated(value: Fraction, digits: int) -> tuple[bool, str, int]:
    """Sign, digits (cut off, not rounded), power of ten of the first."""
    exponent = _exponent(value)
    scaled = abs(value) * Fraction(10) ** (digits - 1 - exponent)
    return value < 0, str(scaled.numerator // scaled.denominator), exponent


def _written(negative: bool, digits: str, exponent: int) -> str:
    sign = "-" if negative else ""
    if exponent < _SMALLEST or exponent >= max(_LARGEST, len(digits)):
        point = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
        return f"{sign}{point}e{exponent}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    digits = digits.ljust(exponent + 1, "0")
    whole, part = digits[: exponent + 1], digits[exponent + 1 :]
    return f"{sign}{whole}.{part}" if part else sign + whole


def exact_decimal(value: Fraction, digits: int = 15) -> CertifiedDigits:
    """A rational in decimals: all of them if they end within ``digits``, or "0.333…"."""
    if value == 0:
        return CertifiedDigits("0", True)
    negative, shown, exponent = _truncated(value, digits)
    size = Fraction(int(shown)) * Fraction(10) ** (exponent - len(shown) + 1)
    if size == abs(value):
        return CertifiedDigits(_written(negative, shown.rstrip("0"), exponent), True)
    if value.denominator == 1 and exponent < 2 * _LARGEST:
        return CertifiedDigits(str(value), True)
    return CertifiedDigits(_written(negative, shown, exponent) + ELLIPSIS, False)


def _closest(
    expr: Expr, env: Mapping[Symbol, Coordinate], value: arb, digits: int
) -> CertifiedDigits | None:
    """For a number that is within 10⁻¹⁰⁰⁰ of a short decimal: that decimal.

    It is called exact only if algebra proves it. ``None`` if nobody knows the number so well: where
    a function steps at a number that no ball tells from its neighbours, its ball stays wide.
    """
    from chainrule.expr.nodes import Number, substitute
    from chainrule.verify.algebra import prove_equal

    middle = Fraction(0)
    if not value.contains(0):
        low, high = _bounds(value)
        scale = Fraction(10) ** (digits - 1 - _exponent(low))
        middle = Fraction(round((low + high) / 2 * scale)) / scale
    given: dict[Expr, Expr] = {
        symbol: Number(v) for symbol, v in env.items() if not isinstance(v, arb)
    }
    proved = prove_equal(substitute(expr, given), Number(middle))
    shown = exact_decimal(middle, digits)
    if proved:
        return shown
    with precision(_CLOSE_BITS):
        if value.rad() > max(abs(value.mid()), arb(1)) * arb(10) ** (-2 * digits):
            return None
    padded = shown.text if "." in shown.text else shown.text + "."
    return CertifiedDigits(padded.ljust(digits + 1, "0") + ELLIPSIS, False)
