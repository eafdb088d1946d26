"""A fuzzer of meaning: what is said about random formulas is true, by numbers.

`bench/fuzz.py` runs as many as one likes; docs/fuzzing.md says how many were run, and what they
found.
"""

from __future__ import annotations

from collections import Counter

import mpmath
import numpy as np
import pytest

import chainrule
from fuzz.formulas import Tree, call, formulas, make, number, symbol, walk
from fuzz.meaning import FEWEST, NAMED, Tally, checked
from fuzz.planted import KINDS, case_of, differs, noticed, planted
from fuzz.source import expression
from fuzz.values import ROWS, Program, on_grid, slope

EVERYDAY, IN_CI = 1_000, 20_000
BATCH = 250


def _check(start: int) -> None:
    total = Tally()
    for seed in range(start, start + BATCH):
        total.add(checked(seed))
    assert not total.faults, "\n".join(map(str, total.faults))
    # max(u, v) where the two touch at a place that cannot be written down, and the like.
    assert len(total.missing) < BATCH / 20, "\n".join(map(str, total.missing))
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
    program = Program.of_tree(call(name, symbol("x")))
    for at in (POINTS.get(name, 0.37), POINTS.get(name, 0.81) * 1.01):
        grid = on_grid(program, {"x": np.array([at])}, ("x", "x"))
        point = {"x": mpmath.mpf(at * 1.0)}
        for found, by in ((grid.first, ["x"]), (grid.mixed, ["x", "x"])):
            assert float(found[0]) == pytest.approx(float(slope(program, point, by, 60)), rel=1e-9)


@pytest.mark.parametrize("name", ["atan2", "logb", "max", "min", "power", "over"])
def test_derivatives_of_functions_of_two_are_those_of_mpmath(name: str) -> None:
    x, y = symbol("x"), symbol("y")
    kinds = {"power": "pow", "over": "div"}
    inner = call("exp", Tree("mul", (x, y))), Tree("add", (x, Tree("pow", (y, number(2)))))
    tree = Tree(kinds[name], inner) if name in kinds else call(name, *inner)
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
    for _, formula in formulas(0, 4_000, NAMED):
        seen.update({n.own for n in walk(formula.tree) if n.kind == "call"})
    assert len(seen.keys() & {name for name, _ in NAMED}) > 0.6 * len(NAMED)
    assert seen.keys() >= ROWS.keys()


def test_the_same_seed_makes_the_same_formula() -> None:
    assert make(7, NAMED).text == make(7, NAMED).text
    assert len({make(seed, NAMED).text for seed in range(200)}) > 180


def test_source_is_read_as_python_reads_it() -> None:
    text = "-x**2/3*y if x < 1 <= y else max(x, 2**-y)/(x - 1)"
    for x, y in ((0.3, 1.7), (2.5, 0.4), (1.5, -2.5)):
        there = {"x": np.array([x]), "y": np.array([y])}
        right = -(x**2) / 3 * y if x < 1 <= y else max(x, 2**-y) / (x - 1)
        assert on_grid(expression(text), there).value[0] == pytest.approx(right)


# --- planted faults ------------------------------------------------------------------------------
def test_planted_faults_are_noticed() -> None:
    """Every one that makes a difference at any of another thousand points."""
    found: Counter[str] = Counter()
    for seed in range(500_000, 500_080):
        for kind, case, derivative, wrong in planted(seed):
            if case.defined < FEWEST:
                continue
            if noticed(case, wrong):
                found[kind] += 1
            else:
                assert not differs(case, derivative, wrong), f"{kind}: {case.formula.text}: {wrong}"
    assert found.keys() == KINDS.keys()
    assert sum(found.values()) > 250


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("(1-x)/(1-a)", "a - 1"),
        ("sqrt(x^2)", "1"),
        ("|x - 3|", "sign(x)"),
        ("ln(cosh(x))", "1 - 2e^(-2x)"),
        ("arcsin(x)", "1/sqrt(x^2 - 1)"),
        ("cbrt(x)", "x^(-2/3)/3"),
        ("{x < -1: x^2, x < 1: x, else: x^3}", "{x < -1: 2x, else: 3x^2}"),
        ("0.79788 x + x^2", "0.7979 + 2x"),
        ("x^a", "x^(a - 1)"),
        ("(x^2)^(3/2)", "3x^2"),
        ("atan2(x, y)", "1/(x^2 + y^2)"),
    ],
)
def test_classic_slips_are_noticed(text: str, wrong: str) -> None:
    """Among them what is right on a part of the domain only, or nearly right."""
    case = case_of(text)
    assert noticed(case, chainrule.parse(wrong))
    assert not noticed(case, chainrule.diff(text, "x"))


def test_slopes_that_change_fast_are_no_fault() -> None:
    """f″ is 10⁸⁰, so that differences have to be those of points 10⁻⁴⁵ apart."""
    case = case_of("sin(cosh((6x^4 + x^2 + 3x)^2.5)/(ln(x^2) + x)^2)")
    case.values = {"x": np.array([0.82452783 + i / 10**9 for i in range(10)])}
    case.grid = on_grid(case.program, case.values, case.by)
    twice = chainrule.derive(case.formula.text, "x", 2, verify=False).derivative
    for said, faults in ((twice, 0), (twice * chainrule.parse("1 + 10^(-11)"), 1)):
        case.judge("second", Program.of_expr(said), "", case.grid.mixed + 1e90, case.mixed)
        assert len(case.tally.faults) == faults


def test_numbers_that_are_rounded_are_no_fault() -> None:
    """Terms of 10⁻⁵ that cancel to 10⁻²¹: in the 17 digits of 9/49 something is lost."""
    case = case_of("(x x)^(-1) atan2(x x, 3/7)")
    case.values = {"x": np.array([0.0024256956 + i / 10**9 for i in range(10)])}
    case.grid = on_grid(case.program, case.values, case.by)
    text = "(6*x**2/(7*({} + x**4)) - 2*atan2(x**2, 0.42857142857142855))/x**3"
    for digits, faults in (("0.1836734693877551", 0), ("0.18367346938", 1)):
        said = text.format(digits)
        case.judge("python", expression(said), said, case.grid.first, case.first)
        assert len(case.tally.faults) == faults
