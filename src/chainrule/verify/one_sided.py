"""Limits from one side, and slopes at points where formulas meet, checked in balls beside them.

The function itself is evaluated at distances 2⁻¹⁶, 2⁻³², 2⁻⁶⁴ and 2⁻¹²⁸ from the point. No rule
of differentiation and no expansion has a part in it: a slope is compared with difference
quotients. That is a check to many digits, or, where a limit is approached as slowly as 1/ln x,
of how the distance to it shrinks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from flint import arb

from chainrule.balls.arithmetic import compile_balls, evaluate, precision
from chainrule.balls.program import Coordinate, ball
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import Call, Expr, Number, Symbol, postorder
from chainrule.rewrite.expansion import Direction
from chainrule.rewrite.kinks import Kink
from chainrule.rewrite.line import NOWHERE, UNKNOWN, Side
from chainrule.verify.certified import ball_decimal
from chainrule.verify.verdict import Counterexample, Verdict

# A limit is looked at from 2^-16, 2^-32, …: each distance is the square of the one before, so that
# ln doubles from one to the next.
EXPONENTS = (16, 32, 64, 128)
# Enough for what cancels in the tenth power of the least distance.
_BITS = 2048
# What is left at the least distance where a limit is approached like a root or faster, and the
# factor by which the distance shrinks from one to the next where it is not: 1/ln x halves it, and
# 1/√(ln x) takes 0.71 of it. What grows like √(ln x) rises by 1.41 times as much each time.
_CLOSE = 2.0**-30
_SHRINKS, _GROWS = 0.75, 1.4

Letters = Mapping[Symbol, Coordinate]


@dataclass(frozen=True, slots=True)
class Beside:
    """A function beside a point, for one set of values of its letters.

    Attributes:
        function: any formula.
        variable: its variable.
        point: where; it may hold letters.
        letters: their values.
    """

    function: Expr
    variable: Symbol
    point: Expr
    letters: Letters

    def value(self, expr: Expr) -> arb | None:
        """An expression without the variable."""
        return evaluate(expr, self.letters, _BITS)

    def here(self) -> arb | None:
        """The function at the point; ``None`` too where a ball cannot decide a condition."""
        at = _exact(self.point, self.letters)
        return (
            None
            if at is None
            else evaluate(self.function, {**self.letters, self.variable: at}, _BITS)
        )

    def there(self, direction: Direction) -> list[arb | None]:
        """The function at each of the distances."""
        program = compile_balls([self.function])
        at: Coordinate | None = _exact(self.point, self.letters)
        if at is None:
            at = self.value(self.point)
        if at is None:
            return [None] * len(EXPONENTS)
        found: list[arb | None] = []
        with precision(_BITS):
            for exponent in EXPONENTS:
                x = ball(at) + direction * arb(2) ** -exponent
                known = {**self.letters, self.variable: x}
                value = program.run([ball(known[symbol]) for symbol in program.symbols])[0]
                found.append(value if type(value) is arb and value.is_finite() else None)
        return found

    def confirmed(self, side: Side, direction: Direction) -> Side:
        """The part of what is claimed of one side that was confirmed."""
        values = self.there(direction)
        if not side.defined:
            return NOWHERE if all(value is None for value in values) else UNKNOWN
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return UNKNOWN
        with precision(_BITS):
            if side.grows:
                return side if _grow(known, side.grows) else UNKNOWN
            limit = None if side.value is None else self.value(side.value)
            if limit is None or not _tend(known, limit):
                return UNKNOWN
            return self._with_slope(side, quotients(known, limit, direction))

    def _with_slope(self, side: Side, found: Sequence[arb]) -> Side:
        if side.infinite:
            holds = _grow(found, side.infinite)
        else:
            slope = None if side.slope is None else self.value(side.slope)
            holds = slope is not None and _tend(found, slope)
        return side if holds else side.replaced(slope=None, infinite=0)


def quotients(values: Sequence[arb], start: arb, direction: Direction) -> list[arb]:
    """Difference quotients with the value ``start`` at the point."""
    pairs = zip(values, EXPONENTS, strict=True)
    return [direction * (value - start) * arb(2) ** exponent for value, exponent in pairs]


def _exact(point: Expr, letters: Letters) -> Fraction | None:
    from chainrule.verify.exact import rational_value

    return rational_value(point, letters)


def _tend(values: Sequence[arb], limit: arb) -> bool:
    """Whether values at ever smaller distances are seen to go to a limit."""
    distances = [abs(value - limit).upper() for value in values]
    scale = max(arb(1), abs(limit).upper())
    if distances[-1] <= _CLOSE * scale:
        return True
    return all(later <= _SHRINKS * earlier for earlier, later in pairwise(distances))


def _grow(values: Sequence[arb], sign: int) -> bool:
    """Whether they are seen to grow beyond all bounds, with a sign.

    Not the values have to grow by a factor but what is between them, so that it does not matter
    what else there is: 1/√x − 1000 is negative at first.
    """
    rises = [sign * (later - earlier) for earlier, later in pairwise(values)]
    return bool(rises[0] > 0) and all(b > _GROWS * a for a, b in pairwise(rises))


# --- kinks ----------------------------------------------------------------------------------------
def confirmed(function: Expr, variable: Symbol, kink: Kink, letters: Iterable[Letters]) -> Kink:
    """A kink with only those of its claims that were confirmed.

    Args:
        function: the function that has it.
        variable: the variable.
        kink: what is claimed of it.
        letters: sets of values of all other letters; a claim has to hold for each of them.
    """
    if kink.left is None or kink.right is None:
        return kink
    left, right = kink.left, kink.right
    fits = True
    for values in letters:
        beside = Beside(function, variable, kink.at, values)
        left, right = beside.confirmed(left, -1), beside.confirmed(right, 1)
        fits = fits and _value_fits(beside, kink)
    if fits and left == kink.left and right == kink.right:
        return kink
    edge = kink.kind == "edge" and fits and left.defined == kink.left.defined
    if edge and right.defined == kink.right.defined:
        return kink.replaced(left=left, right=right, jump=False)
    return kink.replaced(
        kind="switch", left=left, right=right, jump=False, exists=None, condition=None
    )


def _value_fits(beside: Beside, kink: Kink) -> bool:
    """Whether the function has the value that is claimed of it at the point."""
    found = beside.here()
    if kink.here is None:
        return found is None
    claimed = beside.value(kink.here)
    if claimed is None:
        return False
    # Where the point is irrational, no ball decides which case applies.
    return found is None or bool(found.overlaps(claimed))


# --- derivatives ----------------------------------------------------------------------------------
def derivative_at(
    function: Expr, claimed: Expr, variable: Symbol, points: Iterable[Expr], letters: Letters
) -> Verdict | None:
    """Whether a derivative that has a value where cases meet is the slope there, from both sides.

    Returns:
        "wrong" with the first point at which it is not; ``None`` if no such point is found.
    """
    for point in points:
        at = _exact(point, letters)
        if at is None:
            continue
        slope = evaluate(claimed, {**letters, variable: at}, _BITS)
        if slope is None or _jumps(claimed, {**letters, variable: at}):
            continue
        beside = Beside(function, variable, point, letters)
        found = _contradiction(beside, slope)
        if found is not None:
            where = {symbol.name: str(value) for symbol, value in letters.items()}
            where |= {variable.name: str(at)}
            return Verdict("wrong", counterexample=Counterexample(where, *found))
    return None


def _jumps(root: Expr, env: Letters) -> bool:
    """Whether a function jumps there whose value at the jump is a convention."""
    for node in postorder(root):
        if isinstance(node, Call) and node.name in BY_NAME and BY_NAME[node.name].jumps:
            inside = evaluate(node.args[0], env, _BITS)
            if inside is None or inside.contains_integer():
                return True
    return False


def _contradiction(beside: Beside, slope: arb) -> tuple[str, str] | None:
    """The difference quotient and what it should be, where it tends to something else."""
    here = beside.here()
    if here is None:
        return None
    ways: tuple[Direction, Direction] = (-1, 1)
    for direction in ways:
        known = [value for value in beside.there(direction) if value is not None]
        if len(known) < len(EXPONENTS):
            # Beside the end of a domain, or where balls cannot decide.
            continue
        with precision(_BITS):
            found = quotients(known, here, direction)
            if not _tend(found, slope):
                return ball_decimal(found[-1], 15), ball_decimal(slope, 15)
    return None


def near(letters: Mapping[Symbol, Expr]) -> list[Letters]:
    """The values of letters, where they are rational, and values near them."""
    usual = {s: Fraction(v.value) for s, v in letters.items() if isinstance(v, Number)}
    if len(usual) < len(letters):
        return []
    if not usual:
        return [{}]
    return [usual, {s: v * Fraction(9, 8) + Fraction(1, 64) for s, v in usual.items()}]
