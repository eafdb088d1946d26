"""Slopes of catalogue functions that are put into larger derivations: they hold wherever the
function has a derivative. The truth is a difference quotient by mpmath."""

from __future__ import annotations

from random import Random

import mpmath
import pytest

import chainrule
from chainrule.deriving.derivation import named_slope
from chainrule.expr.catalogue import BY_NAME, CATALOGUE, Entry
from chainrule.parsing.definitions import definition, expand_all
from frameworks import draw
from real_values import Point

# "" is the value drawn.
SPECIAL = ("", "0", "1", "-1", "-30")


def smooth_slope(function: chainrule.Expr, at: Point, by: str) -> object:
    """The derivative by mpmath, ``None`` unless there is one from both sides."""
    before, here, after = (at.moved(by, steps).value(function) for steps in (-1, 0, 1))
    if before is None or here is None or after is None:
        return None
    with mpmath.workdps(60):
        left, right = ((b - a) / at.step(by) for a, b in ((before, here), (here, after)))
    return (left + right) / 2 if abs(left - right) <= 1e-9 * (1 + abs(left)) else None


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_slopes_hold_where_the_function_has_them(entry: Entry) -> None:
    known = definition(entry.name)
    function = expand_all(known.expr)
    for index, by in enumerate(known.symbols):
        slope = expand_all(named_slope(entry.name, index, known.symbols))
        plain = chainrule.diff(known.expr, by.name, verify=False)
        tested = 0
        for name in entry.symbols:
            for value in SPECIAL:
                choose = Random(entry.name + name + value)
                values = {n: mpmath.mpf(draw(entry, n, choose)) for n in entry.symbols}
                if value:
                    values[name] = mpmath.mpf(value)
                at = Point(values)
                truth = smooth_slope(function, at, by.name)
                # Where the formula by the rules has no value (sinc' at 0) no other needs one.
                if truth is None or at.value(expand_all(plain)) is None:
                    continue
                found = at.value(slope)
                assert found is not None, f"{slope} at {at}"
                assert abs(found - truth) <= 1e-12 * (1 + abs(truth)), f"{slope} at {at}"
                tested += 1
        assert tested


@pytest.mark.parametrize(
    ("formula", "slope_at_0"),
    [
        ("e^gelu(x)", "1/2"),
        ("e^quick_gelu(x)", "1/2"),
        ("sin(golu(x))", "e^(-1)"),
        ("e^fast_sigmoid(x, 2)", "1"),
        ("x + geglu(2, x)", "2"),
    ],
)
def test_every_step_is_defined_at_0(formula: str, slope_at_0: str) -> None:
    at = Point({"x": mpmath.mpf(0)})
    derivation = chainrule.derive(formula)
    wanted = at.value(chainrule.parse(slope_at_0))
    assert abs(at.value(expand_all(derivation.derivative)) - wanted) < 1e-30
    for step in derivation.stages[-1].step.premises:
        assert at.value(expand_all(step.after)) is not None, step.after


def test_the_output_is_used_where_that_holds_everywhere() -> None:
    assert str(named_slope("sigmoid", 0, definition("sigmoid").symbols)) == (
        "sigmoid(x)*(1 - sigmoid(x))"
    )
    used = [row.name for row in CATALOGUE if row.name in str(named_slope(row.name, 0, _own(row)))]
    assert len(used) > 15
    assert BY_NAME["gelu"].name not in used


def _own(row: Entry) -> tuple[chainrule.Expr, ...]:
    return definition(row.name).symbols
