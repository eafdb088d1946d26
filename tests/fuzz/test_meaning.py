"""A fuzzer of meaning: what is said about random formulas is true, by numbers.

`bench/fuzz.py` runs as many as one likes; docs/fuzzing.md says how many were run, and what they
found.
"""

from __future__ import annotations

from collections import Counter

import mpmath
import numpy as np
import pytest

from fuzz.formulas import number, symbol
from fuzz.formulas import call as tree_call
from fuzz.meaning import NAMED, Tally, checked
from fuzz.values import ROWS, Program, on_grid, slope

EVERYDAY, IN_CI = 2_000, 20_000
BATCH = 250


def _check(start: int) -> None:
    total = Tally()
    for seed in range(start, start + BATCH):
        total.add(checked(seed))
    assert not total.faults, "\n".join(map(str, total.faults))
    # Nearly every formula must have been judged, or nothing was tested.
    assert total.judged["simplified"] > 0.9 * BATCH
    assert total.judged["raw"] > 0.9 * BATCH
    assert total.judged["numpy"] > 0.3 * BATCH
    assert total.judged["python"] > 0.3 * BATCH
    assert total.judged["output"] > 0.08 * BATCH
    assert total.judged["second"] > 0.1 * BATCH
    assert total.judged["mixed"] > 0.05 * BATCH


@pytest.mark.parametrize("start", range(0, EVERYDAY, BATCH))
def test_what_is_said_about_random_formulas_is_true(start: int) -> None:
    _check(start)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(EVERYDAY, IN_CI, BATCH))
def test_what_is_said_about_more_random_formulas_is_true(start: int) -> None:
    _check(start)


# --- the fuzzer itself ---------------------------------------------------------------------------
POINTS = {"asec": 1.7, "acsc": -1.7, "acosh": 1.7, "acoth": -1.7, "gamma": 2.3, "lgamma": 2.3}


@pytest.mark.parametrize("name", ROWS)
def test_derivatives_that_are_carried_along_are_those_of_mpmath(name: str) -> None:
    program = Program.of_tree(tree_call(name, symbol("x")))
    for at in (POINTS.get(name, 0.37), POINTS.get(name, 0.81) * 1.01):
        grid = on_grid(program, {"x": np.array([at])}, ("x", "x"))
        point = {"x": mpmath.mpf(at * 1.0)}
        for found, by in ((grid.first, ["x"]), (grid.mixed, ["x", "x"])):
            assert float(found[0]) == pytest.approx(float(slope(program, point, by, 60)), rel=1e-9)


@pytest.mark.parametrize("name", ["atan2", "logb", "max", "min", "power", "over"])
def test_derivatives_of_functions_of_two_are_those_of_mpmath(name: str) -> None:
    from fuzz.formulas import Tree

    x, y = symbol("x"), symbol("y")
    kinds = {"power": "pow", "over": "div"}
    inner = tree_call("exp", Tree("mul", (x, y))), Tree("add", (x, Tree("pow", (y, number(2)))))
    tree = Tree(kinds[name], inner) if name in kinds else tree_call(name, *inner)
    program = Program.of_tree(tree)
    point = {"x": 0.7, "y": 1.3}
    values = {letter: np.array([value]) for letter, value in point.items()}
    exactly = {letter: mpmath.mpf(value) for letter, value in point.items()}
    for by in (("x", "y"), ("x", "x")):
        grid = on_grid(program, values, by)
        for found, wanted in ((grid.first, by[:1]), (grid.second, by[1:]), (grid.mixed, by)):
            right = float(slope(program, exactly, wanted, 60))
            assert float(found[0]) == pytest.approx(right, rel=1e-9)


def test_catalogue_is_in_the_formulas() -> None:
    seen: Counter[str] = Counter()
    from fuzz.formulas import formulas, walk

    for _, formula in formulas(0, 4_000, NAMED):
        seen.update({n.own for n in walk(formula.tree) if n.kind == "call"})
    assert len(seen.keys() & {name for name, _ in NAMED}) > 0.6 * len(NAMED)
    assert seen.keys() >= ROWS.keys()
