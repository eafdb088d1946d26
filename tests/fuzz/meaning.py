"""Whether what chainrule says about a formula is true, at points all over its domain.

Values are compared in float64 first, at some hundred points; where they differ, mpmath decides
with many digits. A fault is what is wrong there too.
"""

from __future__ import annotations

import random
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

import chainrule
from chainrule.codegen.numpy import LANGUAGE
from chainrule.codegen.source import body, program
from chainrule.deriving.derivation import Derivation
from chainrule.errors import FaultError, FaultWarning, InputError
from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.nodes import Expr, symbols
from chainrule.parsing.definitions import is_catalogue_name
from chainrule.render.code_syntax import python
from fuzz.corners import false_claims, left_out, switches
from fuzz.formulas import Formula, make
from fuzz.source import expression, statements
from fuzz.values import (
    Array,
    ImpreciseError,
    Program,
    UndefinedError,
    UnknownError,
    exact,
    on_grid,
    slope,
)

NAMED = [(row.name, len(row.arguments)) for row in CATALOGUE if is_catalogue_name(row.name)]
"""Functions of the catalogue that a formula may call, with how many arguments."""

DIGITS = 60
CLOSE = 1e-7
"""Relative, for float64; what differs by more is looked at again."""
EQUAL = mpmath.mpf(10) ** -12
"""Relative, for mpmath."""
TINY = mpmath.mpf(10) ** -30
"""Where a slope is less, its function has become flat, and its output no digits to tell from."""
UNDEFINED = "undefined"
LOOKED_AT = 8
"""Points at which mpmath decides, of those where float64 differs."""
SOURCE = ("python", "numpy")
"""Claims whose numbers are float64."""
FEWEST = 6
"""Points that a formula must be defined at for the comparison to mean something."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong: which claim, of which formula, where, and what is right."""

    claim: str
    text: str
    variable: str
    said: str
    where: str
    got: str
    right: str

    def __str__(self) -> str:
        return (
            f"{self.claim}: {self.text!r} by {self.variable}: {self.said}\n"
            f"    at {self.where}: {self.got}, right is {self.right}"
        )


@dataclass(slots=True)
class Tally:
    """What was looked at.

    Attributes:
        faults: what is wrong.
        missing: what has no value where there is one; that is no false claim.
        judged: how many claims of each kind were compared with numbers.
        doubted: of these, how many float64 could not settle.
        apart: formulas without a claim that could be judged, by reason.
    """

    faults: list[Fault] = field(default_factory=list)
    missing: list[Fault] = field(default_factory=list)
    judged: Counter[str] = field(default_factory=Counter)
    doubted: Counter[str] = field(default_factory=Counter)
    apart: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        self.faults += other.faults
        self.missing += other.missing
        self.judged += other.judged
        self.doubted += other.doubted
        self.apart += other.apart


# --- points -------------------------------------------------------------------------------------
ROWS = 6
"""Choices of the other letters, each with a row of values of the variable."""
_SPECIAL = np.array([-2, -1, -0.5, 0, 0.5, 1, 2], float)


def points(formula: Formula, rng: np.random.Generator, wide: bool = False) -> dict[str, Array]:
    """Values of all letters: some hundred points, in rows of growing values of the variable."""
    scale = 10.0 ** rng.uniform(-4 if wide else -3, 5 if wide else 2, (ROWS, 8))
    row = np.concatenate(
        [
            rng.uniform(-1, 1, (ROWS, 11)),
            rng.uniform(-4, 4, (ROWS, 11)),
            rng.uniform(0, 1, (ROWS, 4)),
            rng.uniform(1, 12, (ROWS, 3)),
            rng.integers(-5, 6, (ROWS, 3)) + rng.uniform(-0.02, 0.02, (ROWS, 3)),
            scale * rng.choice([-1, 1], (ROWS, 8)),
        ],
        axis=1,
    )
    row.sort(axis=1)
    values = {formula.variable: row.ravel()}
    for letter in formula.letters[1:]:
        size = rng.uniform(0.2, 3.2, ROWS)
        size[-1] = rng.uniform(0.05, 1)
        sign = rng.choice([-1, 1], ROWS)
        sign[:2] = 1
        values[letter] = np.repeat(sign * size, row.shape[1])
    return values


def narrowed(
    program: Program, variable: str, values: Mapping[str, Array], rounds: int, rows: int = ROWS
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Pairs of neighbouring points between which the formula switches or its domain ends.

    Args:
        rounds: each makes the gap 20 times smaller.

    Returns:
        The left ones and the right ones.
    """
    low, high = _gaps(program, variable, values, rows)
    for _ in range(rounds):
        if not low[variable].size:
            break
        part = np.linspace(0, 1, 21)
        finer = {name: np.repeat(low[name], 21) for name in low}
        gap = np.repeat(high[variable] - low[variable], 21)
        finer[variable] = finer[variable] + np.tile(part, low[variable].size) * gap
        low, high = _gaps(program, variable, finer, low[variable].size)
    return low, high


_GAPS = 16


def _gaps(
    program: Program, variable: str, values: Mapping[str, Array], rows: int
) -> tuple[dict[str, Array], dict[str, Array]]:
    grid = on_grid(program, values, paths=True)
    way = np.where(np.isfinite(grid.value), grid.switches, -1).reshape(rows, -1)
    changes = np.zeros(way.shape, bool)
    changes[:, :-1] = way[:, :-1] != way[:, 1:]
    places = np.flatnonzero(changes)
    if places.size > _GAPS:
        places = places[:: -(-places.size // _GAPS)]
    low = {name: array[places] for name, array in values.items()}
    return low, {name: array[places + 1] for name, array in values.items()}


# --- one formula --------------------------------------------------------------------------------
class Case:
    """A formula with the points at which claims about it are judged."""

    def __init__(self, formula: Formula, seed: int, other: str | None = None) -> None:
        self.formula = formula
        self.tally = Tally()
        self.program = Program.of_tree(formula.tree)
        self.by = (formula.variable, other or formula.variable)
        self._rng = np.random.default_rng(seed)
        self.values = points(formula, self._rng)
        self.grid = on_grid(self.program, self.values, self.by)
        if np.isfinite(self.grid.value).sum() < 5 * FEWEST:
            self.values = points(formula, self._rng, wide=True)
            self.grid = on_grid(self.program, self.values, self.by)
        self.defined = int(np.isfinite(self.grid.value).sum())

    def fault(self, claim: str, said: str, where: str, got: str) -> None:
        """Notes a fault that is no wrong number."""
        text, variable = self.formula.text, self.formula.variable
        self.tally.faults.append(Fault(claim, text, variable, said, where, got, ""))

    def near_ends(self, rounds: int) -> None:
        """Adds points next to where the formula switches or its domain ends."""
        low, high = narrowed(self.program, self.by[0], self.values, rounds)
        if low[self.by[0]].size:
            self.values = {
                name: np.concatenate([array, low[name], high[name]])
                for name, array in self.values.items()
            }
            self.grid = on_grid(self.program, self.values, self.by)

    # --- comparing -----------------------------------------------------------------------------
    def judge(
        self,
        claim: str,
        said: Program,
        shown: str,
        right: Array,
        truth: Callable[[Mapping[str, Any], int], Any],
        output: str | None = None,
    ) -> bool:
        """Whether ``said`` has the values ``right``; else a fault is noted.

        Args:
            claim: the kind of claim, for the tally.
            shown: what was said, for the fault.
            right: in float64, nan where it is unknown or undefined.
            truth: the same for one point, with so many digits.
            output: the letter that stands for the formula's value.
        """
        values = self.values
        if output is not None:
            values = {**values, output: self.grid.value}
        got = on_grid(said, values).value
        known = np.isfinite(right)
        if known.sum() < FEWEST:
            self.tally.apart["few points"] += 1
            return True
        self.tally.judged[claim] += 1
        close = np.abs(got - right) <= CLOSE * (np.abs(got) + np.abs(right)) + 1e-100
        doubtful = np.flatnonzero(known & ~close)
        if not doubtful.size:
            return True
        self.tally.doubted[claim] += 1
        for index in self._chosen(doubtful, got, right):
            point = {name: mpmath.mpf(float(array[index])) for name, array in self.values.items()}
            fault = self._decided(claim, said, shown, point, truth, output)
            if fault is not None:
                self.note(fault)
                return False
        return True

    def note(self, fault: Fault) -> None:
        """A fault, or a value that is missing."""
        missing = fault.got == UNDEFINED
        (self.tally.missing if missing else self.tally.faults).append(fault)

    def _chosen(self, doubtful: Array, got: Array, right: Array) -> list[int]:
        """Points for mpmath, from as many regions as there are."""
        if doubtful.size <= LOOKED_AT:
            return [int(i) for i in doubtful]
        there = {name: array[doubtful] for name, array in self.values.items()}
        signs = on_grid(self.program, there, paths=True).signs
        apart = np.abs(got - right)[doubtful] / (np.abs(got) + np.abs(right))[doubtful]
        # Where digits are lost the difference is small or as large as can be.
        order = np.argsort(np.abs(np.nan_to_num(apart, nan=0.5) - 0.3), kind="stable")
        first: dict[int, int] = {}
        for i in order:
            first.setdefault(int(signs[i]), int(doubtful[i]))
        chosen = list(first.values())[: LOOKED_AT - 2]
        rest = [int(doubtful[i]) for i in order if int(doubtful[i]) not in chosen]
        return chosen + rest[: LOOKED_AT - len(chosen)]

    def _decided(
        self,
        claim: str,
        said: Program,
        shown: str,
        point: Mapping[str, Any],
        truth: Callable[[Mapping[str, Any], int], Any],
        output: str | None,
    ) -> Fault | None:
        """The fault at a point, if it is one with many more digits too."""
        sure = False
        for digits in (DIGITS, 3 * DIGITS, 12 * DIGITS):
            with mpmath.workdps(digits):
                try:
                    right = truth(point, digits)
                except ImpreciseError as error:
                    right = _Rough(error.value, 10**6 * error.error, True)
                except UndefinedError:
                    if sure:
                        break
                    return None
                values = dict(point)
                try:
                    if output is not None:
                        values[output] = exact(self.program, point)
                    got = exact(said, values)
                except UnknownError:
                    if sure:
                        break
                    return None
                except UndefinedError:
                    got = None
                    if isinstance(right, _Rough) and not right.continuous:
                        return None
                if got is not None and _equal(got, right):
                    return None
                if got is None and output is not None and abs(right) < TINY:
                    return None
                # Where a slope is 10^40 the steps of 180 digits are too long for the next one;
                # what grows like a factorial has no value with 720.
                sure = digits > DIGITS and not isinstance(right, _Rough)
        if got is not None and claim in SOURCE and self._rounded(said, values, got, right):
            return None
        formula = self.formula
        where = ", ".join(f"{name} = {mpmath.nstr(v, 8)}" for name, v in point.items())
        value = UNDEFINED if got is None else mpmath.nstr(got, 12)
        right = mpmath.nstr(right.value if isinstance(right, _Rough) else right, 12)
        return Fault(claim, formula.text, formula.variable, shown, where, value, right)

    def _rounded(self, said: Program, values: Mapping[str, Any], got: Any, right: Any) -> bool:
        """Whether the difference may come from numbers rounded to float64."""
        with mpmath.workdps(3 * DIGITS):
            # Terms that cancel may have numbers that do, where all are moved together.
            for signs in ((-1,), (1,), (-1, 1), (1, 1, -1)):
                factors = [1 + Fraction(sign, 10**15) for sign in signs]
                try:
                    moved = exact(said.with_numbers(factors), values)
                except UndefinedError:
                    return True
                if abs(moved - got) * 100 > abs(got - right):
                    return True
        return False

    # --- truths --------------------------------------------------------------------------------
    def value(self, point: Mapping[str, Any], digits: int) -> Any:
        """The formula's value."""
        return exact(self.program, point)

    def first(self, point: Mapping[str, Any], digits: int) -> Any:
        """Its derivative by the variable."""
        return slope(self.program, point, self.by[:1], digits)

    def second(self, point: Mapping[str, Any], digits: int) -> Any:
        """Its derivative by the second letter."""
        return slope(self.program, point, self.by[1:], digits)

    def mixed(self, point: Mapping[str, Any], digits: int) -> Any:
        """Its derivative by both."""
        return slope(self.program, point, self.by, digits)

    # --- special points ------------------------------------------------------------------------
    def at_special(self, claim: str, said: Program, shown: str) -> None:
        """At −2, −1, … 2: the derivative there, if any, is what the formula has.

        Where the formula is smooth the derivative must be defined; where the formula has a hole it
        must be the limit, if it is defined.
        """
        x = self.by[0]
        there = {name: np.full(_SPECIAL.shape, array[0]) for name, array in self.values.items()}
        there[x] = _SPECIAL
        right = on_grid(self.program, there, self.by)
        got = on_grid(said, there).value
        assert right.first is None or right.first.shape == got.shape
        known = np.zeros(got.shape) if right.first is None else right.first
        close = np.abs(got - known) <= CLOSE * (np.abs(got) + np.abs(known)) + 1e-100
        odd = ~close & (np.isfinite(got) | np.isfinite(known))
        if not odd.any():
            return
        for index in np.flatnonzero(odd):
            point = {name: mpmath.mpf(float(array[index])) for name, array in there.items()}
            fault = self._decided(claim, said, shown, point, self._limit, None)
            if fault is not None:
                self.note(fault)
                return

    def _limit(self, point: Mapping[str, Any], digits: int) -> Any:
        """The derivative at the point, or its limit there from both sides."""
        try:
            exact(self.program, point)
            return self.first(point, digits)
        except UndefinedError:
            pass
        limits, values = [], []
        for power in (4, 5):
            for sign in (-1, 1):
                near = dict(point)
                near[self.by[0]] += sign * mpmath.mpf(10) ** (-digits // power)
                limits.append(self.first(near, 4 * digits))
                values.append(exact(self.program, near))
        error = mpmath.mpf(10) ** (-digits // 7)
        if max(limits) - min(limits) > error * max(1, *map(abs, limits)):
            raise UndefinedError
        try:
            gap = max(abs(value - exact(self.program, point)) for value in values)
        except UndefinedError:
            gap = mpmath.inf
        continuous = gap <= error * max(1, *map(abs, values))
        return _Rough(sum(limits) / 4, error * max(1, *map(abs, limits)), continuous)


class _Rough:
    """A limit that is known to some digits only, and whether the function is continuous there."""

    def __init__(self, value: Any, error: Any, continuous: bool) -> None:
        self.value, self.error, self.continuous = value, error, continuous

    def __abs__(self) -> Any:
        return abs(self.value)


def _equal(got: Any, right: Any) -> bool:
    if isinstance(right, _Rough):
        return bool(abs(got - right.value) <= right.error)
    return bool(abs(got - right) <= EQUAL * (abs(got) + abs(right)) + EQUAL**2)


# --- everything about one formula ---------------------------------------------------------------
SOMETIMES = {
    **{"near ends": 0.3, "output": 0.5, "python": 0.5, "numpy": 0.5, "second": 0.2, "other": 0.3},
    "verified": 0.3,
}
"""How often what takes time is looked at."""


def check(seed: int, formula: Formula, every: bool = False) -> Tally:
    """All claims about a formula.

    Args:
        seed: decides about points, and about what is looked at only sometimes.
        every: look at everything.
    """
    rng = random.Random(f"claims {seed}")
    wanted = {name for name, part in SOMETIMES.items() if rng.random() < part or every}
    others = formula.letters[1:]
    other = rng.choice(others) if others and "other" in wanted else None
    case = Case(formula, seed, other)
    try:
        _claims(case, wanted, other)
    except InputError as error:
        case.tally.faults.append(_raised(formula, "refused", error))
    except FaultError as error:
        case.tally.faults.append(_raised(formula, "wrong and said so", error))
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        case.tally.faults.append(_raised(formula, "crash", error))
    return case.tally


def checked(seed: int) -> Tally:
    """All claims about the formula of a seed."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        # What is left out because it is wrong is noted as a fault.
        warnings.simplefilter("ignore", FaultWarning)
        return check(seed, make(seed, NAMED))


def _raised(formula: Formula, claim: str, error: Exception) -> Fault:
    lines = traceback.format_tb(error.__traceback__)[-3:]
    said = "".join([repr(error), *lines])
    return Fault(claim, formula.text, formula.variable, said, "", "", "")


def _claims(case: Case, wanted: set[str], other: str | None) -> None:
    formula = case.formula
    if case.defined < FEWEST:
        case.tally.apart["hardly defined anywhere"] += 1
        chainrule.diff(formula.text, formula.variable)
        return
    if "near ends" in wanted:
        case.near_ends(rounds=2)
    derivation = chainrule.derive(formula.text, formula.variable, verify="verified" in wanted)
    read = Program.of_expr(derivation.function)
    if not case.judge("parsed", read, str(derivation.function), case.grid.value, case.value):
        return
    _derivative(case, derivation, wanted)
    if "second" in wanted and other is None:
        twice = chainrule.derive(formula.text, formula.variable, 2, verify=False)
        _form(case, "second", twice.derivative, _or_zero(case.grid.mixed, case), case.mixed)
    if other is not None:
        partial = chainrule.diff(formula.text, other, verify=False)
        _form(case, "partial", partial, _or_zero(case.grid.second, case), case.second)
        twice = chainrule.derive(formula.text, [formula.variable, other], verify=False)
        _form(case, "mixed", twice.derivative, _or_zero(case.grid.mixed, case), case.mixed)


def _or_zero(part: Array, case: Case) -> Array:
    """A derivative, 0 where it is ``None``, unknown where the formula itself is."""
    return case.grid.value * 0 if part is None else part


def _form(
    case: Case, claim: str, expr: Expr, right: Array, truth: Any, output: str | None = None
) -> bool:
    return case.judge(claim, Program.of_expr(expr), str(expr), right, truth, output)


def _derivative(case: Case, derivation: Derivation, wanted: set[str]) -> None:
    right = _or_zero(case.grid.first, case)
    simplified = derivation.derivative
    stage = derivation.stages[-1]
    for claim, expr in (("simplified", simplified), ("rules", stage.raw), ("raw", derivation.raw)):
        _form(case, claim, expr, right, case.first)
    case.at_special("special point", Program.of_expr(simplified), str(simplified))
    if stage.discarded is not None:
        case.fault("discarded", str(stage.discarded), "", "verification says it is wrong")
    if switches(case.program):
        _corners(case, derivation)
    output = derivation.output_form if "output" in wanted else None
    if output is not None:
        _form(case, "output", output.expr, right, case.first, output.output.name)
    for claim, write, read in (("python", python, expression), ("numpy", _numpy, statements)):
        if claim in wanted:
            try:
                text = write(simplified)
            except InputError:
                # A function that is not there, a number that float64 has not.
                case.tally.apart[f"not in {claim}"] += 1
            else:
                case.judge(claim, read(text), text, right, case.first)


def _corners(case: Case, derivation: Derivation) -> None:
    case.tally.judged["kinks"] += len(derivation.kinks)
    said = str(derivation.derivative)
    for claim, at in false_claims(case.program, derivation):
        case.fault("kink", said, f"x = {mpmath.nstr(at, 8)}", claim)
    for place in left_out(case.program, derivation):
        case.fault("kink left out", said, f"x = {place}", "")


def _numpy(expr: Expr) -> str:
    """What `code --target numpy` writes for an expression, the lines of a function."""
    return "\n".join(body(program(expr, symbols(expr), LANGUAGE), LANGUAGE, double=True))
