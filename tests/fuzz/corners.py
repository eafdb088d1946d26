"""What is said about the points at which a formula switches, and whether one was left out.

Difference quotients over steps of 10⁻²⁰ and 10⁻⁴⁰ decide, with the letters at the values at which
chainrule puts its points in order: 1, 2, … by the alphabet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import mpmath
import numpy as np

from chainrule.deriving.derivation import Derivation
from chainrule.expr.nodes import Expr, symbols
from chainrule.rewrite.intervals import EVERY_SWITCH, ROUNDING
from chainrule.rewrite.kinks import Kink
from chainrule.rewrite.line import Side
from chainrule.rewrite.simplify import MAX_NODES
from fuzz.values import STEPS, SWITCHES, Program, UndefinedError, UnknownError, exact, on_grid

DIGITS = 150
NEAR, NEARER = mpmath.mpf(10) ** -20, mpmath.mpf(10) ** -40
SMALL = mpmath.mpf(10) ** -6
GROWTH = 0.1
"""By how much at least ln(−ln t) and whatever else grows beyond all bounds does between the two."""
_OWN_VALUES = EVERY_SWITCH | ROUNDING
"""Functions that have a value at a kink by agreement, such as the sign of 0."""


def switches(program: Program) -> bool:
    """Whether anything in the formula switches."""
    return any(
        kind == "compare" or own in SWITCHES or own in STEPS or own in ("max", "min")
        for kind, _, own in program.rows
        if kind in ("compare", "call")
    )


def false_claims(program: Program, derivation: Derivation) -> Iterator[tuple[str, Any]]:
    """What is said about a kink and is not so, with the point."""
    letters = _letters(derivation)
    with mpmath.workdps(DIGITS):
        for kink in derivation.kinks:
            if kink.kind in ("switch", "edge"):
                at = _number(kink.at, letters)
                if at is not None and not _by_chance(kink, letters):
                    # Next to e^(1/x²) nothing can be said.
                    with suppress(UnknownError):
                        corner = _Corner(program, derivation.variable.name, letters, at)
                        for claim in _claims(kink, corner, derivation):
                            yield claim, at


def _letters(derivation: Derivation) -> dict[str, Any]:
    others = sorted(s.name for s in symbols(derivation.function) if s is not derivation.variable)
    return {name: mpmath.mpf(i) for i, name in enumerate(others, 1)}


def _number(expr: Expr, letters: Mapping[str, Any]) -> Any:
    try:
        return exact(Program.of_expr(expr), letters)
    except UndefinedError:
        return None


def _by_chance(kink: Kink, letters: Mapping[str, Any]) -> bool:
    """Whether the condition under which there is a derivative holds at these very values."""
    if kink.condition is None:
        return False
    sides = [_number(arg, letters) for arg in kink.condition.args]
    return None in sides or sides[0] == sides[1]


class _Corner:
    """The formula near a point, by one letter."""

    def __init__(self, program: Program, name: str, letters: Mapping[str, Any], at: Any) -> None:
        self._program, self._name, self._letters, self._at = program, name, letters, at
        # Next to a point that is rounded nobody knows what the formula is at the point.
        self.here = self.value(0) if at == float(at) else None
        self.certain = at == float(at)

    @property
    def exists(self) -> bool:
        """Whether the formula is defined anywhere around the point."""
        return any(self.value(step) is not None for step in (-NEAR, 0, NEAR))

    def value(self, step: Any) -> Any:
        """The formula's value so far from the point; ``None`` if there is none."""
        try:
            return exact(self._program, {**self._letters, self._name: self._at + step})
        except UnknownError:
            raise
        except UndefinedError:
            return None

    def slope(self, sign: int, step: Any) -> Any:
        """Of the formula on one side, by two points next to the corner."""
        near, far = self.value(sign * step), self.value(2 * sign * step)
        return None if near is None or far is None else (far - near) / (sign * step)

    def quotient(self, sign: int, step: Any) -> Any:
        """The difference quotient at the corner itself."""
        value = self.value(sign * step)
        return None if value is None or self.here is None else (value - self.here) / (sign * step)


def _tends(far: Any, near: Any, limit: Any) -> bool:
    """Whether two values, the second at the square of the step, go to the limit."""
    before, after = abs(far - limit), abs(near - limit)
    return bool(after <= SMALL * max(1, abs(limit)) or after < before * 0.75)


def _claims(kink: Kink, corner: _Corner, derivation: Derivation) -> Iterator[str]:
    if len(symbols(derivation.function)) > 1 and not corner.exists:
        # What is said is meant for letters at which the formula is defined somewhere there.
        return
    for sign, side in ((-1, kink.left), (1, kink.right)):
        if side is not None:
            yield from _of_side(side, sign, corner, derivation)
    if corner.here is None:
        if corner.certain and kink.exists is True:
            yield "a derivative exists where the function is undefined"
        return
    quotients = [corner.quotient(sign, step) for step in (NEAR, NEARER) for sign in (-1, 1)]
    if None in quotients:
        if kink.exists is True:
            yield "a derivative exists where the domain ends"
        return
    before, apart = abs(quotients[0] - quotients[1]), abs(quotients[2] - quotients[3])
    size = max(map(abs, quotients[2:]))
    if kink.exists is True and apart > SMALL * max(1, size) and apart > before / 2:
        yield "a derivative exists"
    settled = max(abs(quotients[0] - quotients[2]), abs(quotients[1] - quotients[3]))
    closing = apart <= max(SMALL * before, NEARER**2 * size)
    if kink.exists is False and closing and settled <= SMALL * size:
        yield "no derivative exists"
    if kink.exists is not None:
        yield from _of_derivative(kink.exists, quotients, corner, derivation)


def _of_side(side: Side, sign: int, corner: _Corner, derivation: Derivation) -> Iterator[str]:
    name = "left" if sign < 0 else "right"
    letters = _letters(derivation)
    values = [corner.value(sign * step) for step in (NEAR, NEARER)]
    if None in values:
        said = side.value is not None or side.slope is not None or side.infinite or side.grows
        if said and values[0] is values[1] is None:
            yield f"it is defined on the {name}"
        return
    if not side.defined:
        yield f"it is not defined on the {name}"
        return
    if side.value is not None:
        limit = _number(side.value, letters)
        if limit is None or not _tends(*values, limit):
            yield f"its limit from the {name} is {side.value}"
    if side.grows and (values[1] - values[0]) * side.grows < GROWTH:
        yield f"it grows beyond all bounds on the {name}"
    slopes = [corner.slope(sign, step) for step in (NEAR, NEARER)]
    if None in slopes:
        return
    if side.slope is not None:
        limit = _number(side.slope, letters)
        if limit is None or not _tends(*slopes, limit):
            yield f"its slope from the {name} is {side.slope}"
    if side.infinite and (slopes[1] - slopes[0]) * side.infinite < GROWTH:
        yield f"its slope is infinite on the {name}"


def _of_derivative(
    exists: bool, quotients: list[Any], corner: _Corner, derivation: Derivation
) -> Iterator[str]:
    """The derivative as a formula says the same at the point."""
    program = Program.of_expr(derivation.derivative)
    got = _Corner(program, corner._name, corner._letters, corner._at).here
    if got is None:
        return
    rows = [*program.rows, *Program.of_expr(derivation.function).rows]
    by_agreement = any(kind == "call" and own in _OWN_VALUES for kind, _, own in rows)
    if exists and not _tends(quotients[0], quotients[2], got):
        yield f"the derivative there is {mpmath.nstr(got, 8)}"
    if not exists and not by_agreement:
        yield f"there is none, and the formula gives {mpmath.nstr(got, 8)}"


# --- kinks that nobody spoke of ----------------------------------------------------------------
def left_out(program: Program, derivation: Derivation) -> Iterator[float]:
    """Places where the slope jumps, and that are none of the kinks that are told."""
    kinks = derivation.kinks
    told = [kink for kink in kinks if kink.kind in ("zeros", "integers")]
    if told or len(program.rows) > MAX_NODES:
        return
    letters = _letters(derivation)
    with mpmath.workdps(30):
        places = [_number(kink.at, letters) for kink in kinks]
    x = derivation.variable.name
    row = np.sort(
        np.concatenate([np.linspace(-4.03, 4.01, 60), np.geomspace(0.001, 1, 8), [12.1, -9.7]])
    )
    values = {name: np.full(row.shape, float(value)) for name, value in letters.items()}
    for low, high in _jumps(program, x, {**values, x: row}):
        if not any(place is not None and abs(place - low) < 1e-5 for place in places):
            # (−2)^k is defined where k is 1; nothing is said where it is for whole numbers only.
            near = {name: np.full(2, float(value) + 1 / 64) for name, value in letters.items()}
            there = on_grid(program, {**near, x: np.array([low, high])}).value
            if np.isfinite(there).all():
                yield (low + high) / 2


def _jumps(program: Program, x: str, values: dict[str, Any]) -> Iterator[tuple[float, float]]:
    from fuzz.meaning import narrowed

    low, high = narrowed(program, x, values, rounds=6, rows=1)
    if not low[x].size:
        return
    one, other = (on_grid(program, there, (x, x)) for there in (low, high))
    if one.first is None:
        return
    gap = np.abs(one.first - other.first)
    size = 1 + np.abs(one.first) + np.abs(other.first)
    real = np.isfinite(gap) & (gap > 1e-3 * size) & (size < 1e3)
    real &= np.abs(one.mixed) + np.abs(other.mixed) < 1e3 if one.mixed is not None else True
    yield from zip(low[x][real].tolist(), high[x][real].tolist(), strict=True)
