"""Formulas in float32 that carry along the largest of what is rounded off, and no more.

To twice the precision (``compensated.py``) an operation takes ten others; here one or two. An
exponential is a power of two times 1 + p, and the p goes into the result with a rounding of its
own, which is small. The sum 1 + e^−|x| keeps what it lacks, and so does a reciprocal; a product
does if it is asked to. That leaves errors of one to two units in the last place, where the plain
formula has three to five.

It does no harm if a target takes a product and a sum together, rounded once. Where that must be
so, the operation is ``fma`` (``approximations.py``).

Sources: J.-M. Muller et al., Handbook of Floating-Point Arithmetic, 2nd ed., chapters 4 and 5 (sums
and their errors, and what a quotient lacks); W. J. Cody and W. Waite, Software Manual for the
Elementary Functions, 1980, chapter 6 (an exponential as 2^n·(1 + p)).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from chainrule.elementary.exponential import DECAY_UNIT
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
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
    postorder_through,
    rational_value,
    symbols,
    transform,
)
from chainrule.precise.double_word import (
    is_power_of_two,
    minus,
    plus,
    quick_two_sum,
    rounded,
    split_number,
    two_sum,
    value_of,
)

# Bits of float32.
_SIGNIFICAND = 24
_Multiply = Callable[["Kept", "Kept"], "Kept"]
# Each factor adds a rounding of half an ULP: a higher power is the library's.
_LARGEST_POWER = 4
# e^x is 0 or infinite for an x that is so large.
_FAR_OUT = Number(256)


class Kept(NamedTuple):
    """unit·scale·(1 + rest)·(1 + lack)·(high + low).

    ``unit`` and ``scale`` are powers of two, and ``rest`` is not small; ``lack`` is a unit in the
    last place of 1 or less, and so is ``low`` of ``high``. The unit is multiplied last: with it a
    product may be smaller than the numbers that have all their digits.
    """

    high: Expr
    low: Expr = ZERO
    scale: Expr = ONE
    rest: Expr = ZERO
    lack: Expr = ZERO
    unit: Expr = ONE

    @property
    def more(self) -> Expr:
        """The product of the factors 1 + …, less 1."""
        if self.rest is ZERO or self.lack is ZERO:
            return plus(self.rest, self.lack)
        return Sum((self.rest, _times(self.lack, Sum((ONE, self.rest)))))


def with_rests(root: Expr, *, products: bool = False) -> Expr:
    """An expression for float32 that evaluates to ``root`` with few roundings.

    It calls ``exp_power``, ``exp_rest`` and ``fma``, which a target has where elementary functions
    are approximated.

    Args:
        root: a formula of functions that targets have.
        products: they, too, keep what they lack.
    """
    kept: dict[Expr, Kept] = {}
    multiply = _multiply_exactly if products else _multiply
    for node in postorder(root):
        kept[node] = _node(node, kept, multiply)
    found = _rounded(kept[root])
    # A product with what is as large as float32 has it is 0 only if a factor is.
    return transform(found, _to_zero) if products else found


def _to_zero(node: Expr) -> Expr:
    if isinstance(node, Call) and node.name == "decay_power":
        return Call("decay_power_to_zero", node.args)
    return node


def _node(node: Expr, kept: Mapping[Expr, Kept], multiply: _Multiply) -> Kept:
    constant = _value(node)
    if constant is not None:
        return _constant(constant)
    match node:
        case Sum(args):
            return _sum(args, kept)
        case Product(args):
            total = kept[args[0]]
            for arg in args[1:]:
                total = multiply(total, kept[arg])
            return total
        case Quotient(top, Number() as bottom) if not is_power_of_two(bottom):
            return _divide(kept[top], bottom)
        case Quotient(top, bottom):
            return multiply(kept[top], _reciprocal(bottom, kept, multiply))
        case Power(Call("exp", (argument,)), Number(2)) if _is_exact(kept[argument]):
            double = Kept(_times(TWO, _tight(kept[argument]).high))
            return _exp(double, _never_positive(argument))
        case Power(base, exponent):
            return _power(base, exponent, kept, multiply)
        case Piecewise(args):
            return _cases([kept[arg] for arg in args])
        case Comparison(operators, args):
            return Kept(Comparison(operators, tuple([_rounded(kept[arg]) for arg in args])))
        case Call("exp", (argument,)):
            return _exp(kept[argument], _never_positive(argument))
        case Call("abs", (argument,)) if _is_exact(kept[argument]):
            return Kept(call("abs", _tight(kept[argument]).high))
        case Call(name, args):
            return Kept(Call(name, tuple([_rounded(kept[arg]) for arg in args])))
    return Kept(node)


# --- operations on numbers -----------------------------------------------------------------------
def _times(a: Expr, b: Expr) -> Expr:
    if a is ZERO or b is ZERO:
        return ZERO
    if isinstance(a, Number) and isinstance(b, Number):
        return Number(Fraction(a.value) * Fraction(b.value))
    if a is ONE or b is ONE:
        return b if a is ONE else a
    if a is b:
        return Power(a, TWO)
    # A factor 1/b that is not the first one is written as a division.
    reciprocal = isinstance(b, Quotient) and b.args[0] is ONE
    return Product((b, a) if reciprocal or b is MINUS_ONE else (a, b))


def _negative(a: Expr) -> Expr:
    return Number(-a.value) if isinstance(a, Number) else _times(MINUS_ONE, a)


def _value(node: Expr) -> Fraction | None:
    """The number that a node is, if it is one."""
    if symbols(node) or isinstance(node, (Comparison, Piecewise)):
        return None
    return value_of(node)


def _constant(value: Fraction) -> Kept:
    high, low = split_number(value, _SIGNIFICAND)
    return Kept(ONE, unit=high) if is_power_of_two(high) else Kept(high, low)


def _is_exact(a: Kept) -> bool:
    return _tight(a).low is ZERO


# --- what is kept --------------------------------------------------------------------------------
def _rounded(a: Kept) -> Expr:
    """As one number."""
    scaled, low = _times(a.scale, a.high), _times(a.scale, a.low)
    if a.more is ZERO:
        return _times(a.unit, plus(scaled, low))
    if low is ZERO:
        return _times(a.unit, call("fma", scaled, a.more, scaled))
    if a.rest is not ZERO:
        low = _times(low, Sum((ONE, a.rest)))
    return _times(a.unit, Sum((scaled, call("fma", scaled, a.more, low))))


def _tight(a: Kept) -> Kept:
    """As a sum of two numbers."""
    scale = _times(a.unit, a.scale)
    scaled, low = _times(scale, a.high), _times(scale, a.low)
    if a.rest is ZERO:
        return Kept(scaled, plus(low, _times(scaled, a.lack)))
    high = call("fma", scaled, a.more, scaled)
    rest = call("fma", scaled, a.more, minus(scaled, high))
    return Kept(high, plus(rest, _times(low, Sum((ONE, a.rest)))))


def _sum(args: Sequence[Expr], kept: Mapping[Expr, Kept]) -> Kept:
    first, second, *others = args
    if second is ONE:
        first, second = second, first
    if first is ONE and _at_most_one(second):
        total = _added_to_one(kept[second])
    else:
        total = _add(kept[first], kept[second])
    for other in others:
        total = _add(total, kept[other])
    return total


def _add(a: Kept, b: Kept) -> Kept:
    a, b = _tight(a), _tight(b)
    high, error = two_sum(a.high, b.high)
    return Kept(high, plus(error, plus(a.low, b.low)))


def _added_to_one(a: Kept) -> Kept:
    """1 + a, where a is not larger: nothing is lost of the difference from 1."""
    positive = isinstance(a.unit, Number) and a.unit.value > 0
    if not positive or a.high is not ONE or a.low is not ZERO:
        a = _tight(a)
        high, error = quick_two_sum(ONE, a.high)
        return Kept(high, plus(error, a.low))
    scale = _times(a.unit, a.scale)
    high = call("fma", scale, a.more, Sum((ONE, scale)))
    little = minus(scale, minus(high, ONE))
    return Kept(high, call("fma", scale, a.more, little))


def _multiply(a: Kept, b: Kept) -> Kept:
    high, twice = _times(a.high, b.high), a == b
    low = plus(_times(a.high, b.low), _times(a.low, b.high))
    lack = _times(TWO, a.lack) if twice else plus(a.lack, b.lack)
    rest = plus(a.rest, _times(b.rest, plus(ONE, a.rest)))
    return Kept(high, low, _times(a.scale, b.scale), rest, lack, _times(a.unit, b.unit))


def _multiply_exactly(a: Kept, b: Kept) -> Kept:
    """With what the product of the two leading numbers lacks."""
    found = _multiply(a, b)
    if a.high is ONE or b.high is ONE:
        return found
    # By an operation of its own, which no target takes together with a sum: there what is lacking
    # would be added twice.
    high = call("fma", a.high, b.high, ZERO)
    error = call("fma", a.high, b.high, _negative(high))
    return found._replace(high=high, low=plus(error, found.low))


def _divide(a: Kept, divisor: Number) -> Kept:
    """Exactly where the quotient is a number of the format: x/3 + 1/2 is 0 at −3/2."""
    if split_number(Fraction(divisor.value), _SIGNIFICAND).lo is not ZERO:
        return _multiply(a, _constant(1 / Fraction(divisor.value)))
    a = _tight(a)
    high = Quotient(a.high, divisor)
    rest = plus(call("fma", _negative(high), divisor, a.high), a.low)
    return Kept(high, _times(Number(rounded(1 / Fraction(divisor.value), _SIGNIFICAND)), rest))


def _reciprocal(bottom: Expr, kept: Mapping[Expr, Kept], multiply: _Multiply) -> Kept:
    powers: list[int] = []
    while isinstance(bottom, Power):
        value = rational_value(bottom.exponent)
        if value is None or value.denominator != 1 or not 0 < value <= _LARGEST_POWER:
            break
        # The reciprocal keeps more than the power does.
        powers.append(int(value))
        bottom = bottom.base
    found = _reciprocal_of_base(bottom, kept)
    for power in reversed(powers):
        found = _repeated(found, power, multiply)
    return found


def _reciprocal_of_base(bottom: Expr, kept: Mapping[Expr, Kept]) -> Kept:
    constant = _value(bottom)
    if constant:
        return _constant(1 / constant)
    high, low, *_ = _tight(kept[bottom])
    first = Quotient(ONE, high)
    rest = call("fma", _negative(high), first, ONE)
    if low is not ZERO:
        rest = minus(rest, _times(low, first))
    return Kept(first, lack=rest)


def _repeated(base: Kept, exponent: int, multiply: _Multiply) -> Kept:
    total = base
    for _ in range(exponent - 1):
        total = multiply(total, base)
    return total


def _power(base: Expr, exponent: Expr, kept: Mapping[Expr, Kept], multiply: _Multiply) -> Kept:
    value = rational_value(exponent)
    if value is not None and value.denominator == 1 and 0 < abs(Fraction(value)) <= _LARGEST_POWER:
        start = kept[base] if value > 0 else _reciprocal(base, kept, multiply)
        return _repeated(start, int(abs(Fraction(value))), multiply)
    return Kept(Power(_rounded(kept[base]), _rounded(kept[exponent])))


def _exp(argument: Kept, negative: bool) -> Kept:
    high, low, *_ = _tight(argument)
    kind = "decay" if negative else "exp"
    rest = call(f"{kind}_rest", high)
    if low is not ZERO:
        # Far out there may be no number for what an infinite argument lacks.
        inside = Comparison(("<",), (call("abs", high), _FAR_OUT))
        rest = plus(rest, _times(Piecewise((low, inside, ZERO)), Sum((ONE, rest))))
    unit = DECAY_UNIT if negative else ONE
    return Kept(ONE, scale=call(f"{kind}_power", high), rest=rest, unit=unit)


def _cases(args: list[Kept]) -> Kept:
    tight = [_tight(arg) for arg in args]
    conditions = range(1, len(args), 2)
    high = Piecewise(tuple([arg.high for arg in tight]))
    if all(arg.low is ZERO for arg in tight):
        return Kept(high)
    return Kept(
        high,
        Piecewise(tuple([arg.high if i in conditions else arg.low for i, arg in enumerate(tight)])),
    )


# --- sizes ---------------------------------------------------------------------------------------
def _at_most_one(node: Expr) -> bool:
    """Whether the size is no more than 1."""
    return all(_is_at_most_one(part) for part in postorder_through(node, inside=_sizes))


def _sizes(node: Expr) -> Sequence[Expr]:
    """The parts that are to be no more than 1 for ``node`` to be so."""
    match node:
        case Product(args):
            return args
        case Power(base, Number()):
            return (base,)
    return ()


def _is_at_most_one(node: Expr) -> bool:
    """The same, if the parts of a product or power are."""
    match node:
        case Number():
            return abs(Fraction(node.value)) <= 1
        case Call("exp", (argument,)):
            return _never_positive(argument)
        case Power(_, Number() as exponent):
            return exponent.value > 0
    return isinstance(node, Product)


def _never_positive(node: Expr) -> bool:
    """Whether it is a negative number times sizes and squares."""
    factors = node.args if isinstance(node, Product) else (node,)
    numbers = [factor.value for factor in factors if isinstance(factor, Number)]
    rest = [factor for factor in factors if not isinstance(factor, Number)]
    negative = sum(value < 0 for value in numbers) % 2 == 1
    return negative and all(_never_negative(factor) for factor in rest)


def _never_negative(node: Expr) -> bool:
    match node:
        case Call("abs"):
            return True
        case Power(_, Number() as exponent):
            return Fraction(exponent.value) % 2 == 0
    return False
