"""Polynomials for where a prediction meets its target."""

from __future__ import annotations

from pathlib import Path

import mpmath
import numpy as np
import pytest

import chainrule
from chainrule.expr.nodes import Symbol
from chainrule.forms.candidates.near_targets import Meeting, meetings
from oracle import evaluate
from written import load

EXACT = {
    "poisson_deviance": lambda x, y: 2 * (y * mpmath.log(y / x) - y + x),
    "gamma_deviance": lambda x, y: 2 * (mpmath.log(x / y) + y / x - 1),
    "jensen_shannon": lambda x, y: (
        (x * mpmath.log(2 * x / (x + y)) + y * mpmath.log(2 * y / (x + y))) / 2
    ),
}


def found(formula: str) -> list[Meeting]:
    derivation = chainrule.derive(formula)
    letters = [s for s in derivation.problem.arguments if s is not derivation.variable]
    return list(meetings(derivation.function, derivation.variable, letters))


def test_the_polynomial_of_a_double_zero() -> None:
    """2(y ln(y/x) - y + x) is (x - y)^2/y and so on."""
    [meeting] = found("poisson_deviance")
    assert meeting.letter is Symbol("y")
    assert str(meeting.polynomial).startswith("1/y*(x - y)^2*(1 + (x - y)*(-2/(3*y) + ")
    assert str(meeting.near) == "|-2/(3*y)*(x - y)| <= 1/16384"


@pytest.mark.parametrize(
    "formula",
    ["L(x, y) = x*y", "L(x, y) = (x - y)^4", "L(x, y) = max(x, y)", "L(x, y) = e^(x - y)"],
)
def test_where_there_is_none(formula: str) -> None:
    """No zero, one that is flat, a formula with cases."""
    assert not found(formula)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("y", [0.3, 1.0, 5.5])
def test_the_polynomial_has_all_digits_of_float64(name: str, y: float) -> None:
    """As far as it says that it reaches."""
    [meeting] = found(name)
    letters = [s.name for s in chainrule.derive(name).problem.arguments]
    reached = 0.0
    with mpmath.workdps(80):
        for step in (s * 2.0**k for k in range(-50, 0) for s in (1, -1)):
            values = dict(zip(letters, (mpmath.mpf(y + step), mpmath.mpf(y)), strict=True))
            ratio, bound = (evaluate(side, values) for side in meeting.near.args)
            if ratio <= bound and y + step != y:
                exact = EXACT[name](*values.values())
                assert abs(evaluate(meeting.polynomial, values) / exact - 1) < 2.0**-53, step
                reached = max(reached, abs(step))
    assert reached > y * 2.0**-16


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("poisson_deviance", (0.3, 1.0, 1.575, 5.5)),
        ("gamma_deviance", (0.3, 1.0, 1.575, 5.5)),
        ("jensen_shannon", (0.1, 0.3, 0.8)),
    ],
)
def test_digits_next_to_the_target(name: str, targets: tuple[float, ...], tmp_path: Path) -> None:
    """In float64, also for targets that no form was measured at."""
    path = tmp_path / f"{name}.py"
    path.write_text(
        chainrule.code(name, target="numpy", dtype="float64", allow_bad=True), encoding="utf-8"
    )
    function = getattr(load(path), name)
    steps = np.array([0, *(s * 2**k for k in range(48) for s in (1, -1))])
    for y in targets:
        x = y + steps * np.spacing(y)
        values = function(x, np.full_like(x, y))
        assert values[0] == 0
        with mpmath.workdps(80):
            for at, value in zip(x[1:].tolist(), values[1:].tolist(), strict=True):
                exact = EXACT[name](mpmath.mpf(at), mpmath.mpf(y))
                assert abs(value - exact) < 2.6 * np.spacing(abs(value)), (at, y)
