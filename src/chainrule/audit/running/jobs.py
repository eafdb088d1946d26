"""What an audit consists of: one job for each target, dtype and kind of result, as plain data.

A job goes to other processes and machines; what it stands for is built there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule.audit.frameworks.implementation import (
    CPU,
    Array,
    Computed,
    Implementation,
    reference,
)
from chainrule.deriving.derivation import Derivation
from chainrule.deriving.reading import make_problem
from chainrule.errors import InputError
from chainrule.expr.nodes import Expr, Symbol
from chainrule.floats.domain import within_domain
from chainrule.floats.formats import Format, format_named
from chainrule.floats.positions import at
from chainrule.floats.truth import truth
from chainrule.floats.ulp import Truth, errors
from chainrule.sweep import tally
from chainrule.sweep.sweep import CHUNK, CHUNK_OF_DEVICE, Evaluate, Sweep, SweepPlan, plan
from chainrule.sweep.tally import Tallies
from chainrule.verify.certified import decimal

SAMPLE = 4_000_000
"""About how many inputs of a long format are tried: enough for a reference to be worth making, with
which the neighbourhoods of roots and kinks are tried too."""
DIGITS = 20
"""Of an exact value."""
# Digits of an exponent that is too long to be read as a size.
_LONG_EXPONENT = 9


@dataclass(frozen=True, slots=True)
class Job:
    """Somebody's function or gradient in one dtype, against a formula.

    Attributes:
        target, dtype, kind: whose, in which format, and which of the two.
        formula: a formula or a name of the catalogue, the function that the target claims to be.
        values: a number for every symbol but the variable.
        exhaustive, sample: see ``sweep.plan``.
        device: where it is computed.
    """

    target: str
    dtype: str
    kind: Computed
    formula: str
    values: tuple[tuple[str, Fraction], ...]
    exhaustive: bool = False
    sample: int = SAMPLE
    device: str = CPU

    @property
    def fmt(self) -> Format:
        return format_named(self.dtype)

    @property
    def plan(self) -> SweepPlan:
        return plan(self.fmt, exhaustive=self.exhaustive, sample=self.sample)

    @property
    def slug(self) -> str:
        """A name for its files."""
        safe = _safe(self.target)[:80]
        there = "" if self.device == CPU else f".{_safe(self.device)}"
        return f"{safe}.{self.dtype}.{self.kind}{there}"

    def data(self) -> dict[str, Any]:
        """What must be the same for a sweep to be gone on with, as plain data."""
        return {
            "target": self.target,
            "dtype": self.dtype,
            "kind": self.kind,
            "device": self.device,
            "formula": self.formula,
            "values": {name: str(value) for name, value in self.values},
            "step": self.plan.step,
        }


def _safe(text: str) -> str:
    """As much of it as may stand in the name of a file."""
    return re.sub(r"[^A-Za-z0-9.=_-]+", "-", text).strip("-")


class UnknownTargetError(InputError):
    """Nobody knows what a target is to compute; it may not even exist."""


def job_for(
    target: str,
    dtype: str,
    kind: Computed,
    *,
    against: str | None = None,
    exhaustive: bool = False,
    sample: int = SAMPLE,
    device: str = CPU,
) -> Job:
    """The job for a target.

    Args:
        against: a formula, a name of the catalogue, or a name with values ("elu(alpha=2)"), where
            the target is not to be taken by its name.

    Raises:
        InputError: the target or the formula cannot be read.
        UnknownTargetError: nobody knows what the target is to compute.
    """
    known = reference(f"chainrule:{against}" if against else target, dtype)
    if known is None:
        raise UnknownTargetError(
            f"nobody knows what {target} is to compute",
            hint="say so with --against, a formula or a name that `chainrule list` shows",
        )
    values = tuple(sorted(known.values.items()))
    return Job(target, dtype, kind, known.formula, values, exhaustive, sample, device)


@lru_cache(maxsize=4)
def truth_of(job: Job) -> tuple[Expr, Symbol, Mapping[Symbol, Fraction]]:
    """The exact function or derivative, its variable, and the numbers for other symbols.

    Derived once for all that a process does with a job.

    Raises:
        InputError: the formula cannot be read, or a symbol has no number.
    """
    derivation = Derivation(make_problem(job.formula))
    values = {Symbol(name): value for name, value in job.values}
    expr, variable = derivation.function, derivation.variable
    if job.kind == "gradient":
        slope = derivation.derivative
        expr = within_domain(slope, derivation.function, variable, values, job.fmt)
    return expr, variable, values


def sweep_of(job: Job) -> Sweep:
    """The comparison with the exact values."""
    chunk = CHUNK if job.device == CPU else CHUNK_OF_DEVICE
    return Sweep(*truth_of(job), job.plan, chunk=chunk)


def exact(job: Job, values: Array) -> Truth:
    """The exact values at inputs, by ball arithmetic."""
    expr, variable, parameters = truth_of(job)
    return truth(expr, variable, values, parameters)


def function_of(implementation: Implementation, kind: Computed) -> Evaluate | None:
    """The function or its gradient, if there is one."""
    return implementation.gradient if kind == "gradient" else implementation.forward


# --- where a fault is ---------------------------------------------------------------------------
LARGEST = "largest error"


@dataclass(frozen=True, slots=True)
class Witness:
    """An input that shows a fault: what comes out, and what should.

    Attributes:
        kind: ``LARGEST``, or one of ``tally.KINDS``.
        x: the input.
        got: the result, evaluated again.
        exact: the exact value to ``DIGITS`` digits, cut off.
        error: of the result in ULP, by ball arithmetic; infinite for no number.
        line: Python that prints the result.
    """

    kind: str
    x: float
    got: float
    exact: str
    error: float
    line: str


def found_at(job: Job, implementation: Implementation, kind: str, place: int) -> Witness:
    """What comes out at the input at a position."""
    evaluate = function_of(implementation, job.kind)
    assert evaluate is not None
    expr, variable, parameters = truth_of(job)
    values = at(np.array([place], np.int64), job.fmt)
    results = evaluate(values)
    x = float(values[0])
    [off] = errors(results, truth(expr, variable, values, parameters), job.fmt).tolist()
    digits = decimal(expr, {**parameters, variable: Fraction(x)}, digits=DIGITS)
    exact = _short(digits.text) if digits else "not defined"
    line = implementation.reproduction(x, job.kind)
    return Witness(kind, x, float(results[0]), exact, off, line)


def _short(text: str) -> str:
    """e^(-10^38) has an exponent that nobody wants to read."""
    _, e, exponent = text.rstrip("…").partition("e")
    if not e or len(exponent) < _LONG_EXPONENT:
        return text
    sign = "-" if text.startswith("-") else ""
    minus = exponent[0] == "-"
    power = len(exponent) - 1 - minus
    return f"about {sign}10^({'-' if minus else ''}10^{power})"


def places_to_look_at(rows: Tallies) -> list[tuple[str, int]]:
    """The worst input, and for each kind of fault one in the range that is nearest to 0.

    That is where an overflow or an underflow begins, which says more than where it ends.
    """
    found = [(LARGEST, int(tally.merged(rows)["worst"]))]
    for index, kind in enumerate(tally.KINDS):
        places = rows["where"][:, index]
        found.append((kind, int(places[np.argmin(np.where(places < 0, -1 - places, places))])))
    return [(kind, place) for kind, place in found if place != tally.NOWHERE]


def narrowed(evaluate: Callable[[Array], Array], values: Array) -> tuple[Array, InputError] | None:
    """As few of the inputs as still make it fail, by halving, and how; ``None`` if none do."""
    failure: InputError | None = None
    while True:
        half = len(values) // 2
        for part in (values[:half], values[half:]) if failure else (values,):
            try:
                evaluate(part)
            except InputError as error:
                values, failure = part, error
                break
        else:
            return (values, failure) if failure else None
        if len(values) == 1:
            return values, failure
