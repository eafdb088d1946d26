"""The reference of a sweep keeps to its bound, and a sweep counts what there is to count."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from chainrule.api import derive, parse
from chainrule.expr.nodes import Symbol
from chainrule.floats.domain import within_domain
from chainrule.floats.formats import Format, format_named
from chainrule.floats.inputs import every
from chainrule.floats.letters import typical_values
from chainrule.floats.measure import measure
from chainrule.floats.positions import at, finite_count, positions
from chainrule.floats.ulp import spacing
from chainrule.sweep import tally
from chainrule.sweep.cutting import DOUBLE, SINGLE
from chainrule.sweep.pieces import PieceKind
from chainrule.sweep.reference import Reference, reference
from chainrule.sweep.sweep import Sweep, SweepPlan, plan

SINGLES, BFLOATS = format_named("float32"), format_named("bfloat16")


def _reference(name: str, fmt: Format) -> Reference:
    derivation = derive(name)
    values = typical_values(derivation)
    return reference(derivation.derivative, derivation.variable, values, fmt)


@pytest.fixture(scope="module")
def sigmoid() -> Reference:
    return _reference("sigmoid", SINGLES)


@pytest.mark.parametrize("name", ["sigmoid", "gelu", "mish", "softsign", "softplus", "elu"])
def test_the_bound_holds(name: str) -> None:
    _bound_holds(_reference(name, SINGLES), SINGLE)


@pytest.mark.parametrize(
    ("formula", "jumps"),
    [
        ("{x < 0: 0, 0 < x < 6: 1, x > 6: 0}", [0.0, 6.0]),
        ("floor(x)", [1.0, 3.0, -2.0]),
        ("heaviside(x - 5)", [5.0]),
        ("sign(x + 7) e^x", [-7.0]),
    ],
)
def test_a_jump_is_where_it_is(formula: str, jumps: list[float]) -> None:
    """Its slope is 0 on both sides, from which nothing follows for the other one."""
    found = reference(parse(formula), Symbol("x"), {}, SINGLES)
    for jump in jumps:
        [place] = positions(np.array([jump], np.float32), SINGLES).tolist()
        steps = 1 << np.arange(22, dtype=np.int64)
        places = np.concatenate([place - steps, [place], place + steps])
        here, exact = found.truth(places), found.exact(at(places, SINGLES))
        assert (here.known == exact.known).all()
        assert np.allclose(here.high[exact.known], exact.high[exact.known], rtol=1e-12, atol=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sigmoid", "gelu", "tanh", "hardswish"])
def test_the_bound_holds_in_float64(name: str) -> None:
    _bound_holds(_reference(name, format_named("float64")), DOUBLE)


def _bound_holds(found: Reference, bits: int) -> None:
    """At random inputs of every interval; ball arithmetic is the truth."""
    pieces, fmt = found.pieces, found.fmt
    # All inputs are in one interval.
    assert (pieces.first[1:] == pieces.last[:-1] + 1).all()
    assert (pieces.first[0], pieces.last[-1]) == (-finite_count(fmt), finite_count(fmt) - 1)
    chosen = np.random.default_rng(1)
    index = chosen.integers(0, len(pieces), 2000)
    width = (pieces.last - pieces.first)[index]
    places = pieces.first[index] + (chosen.random(len(index)) * width).astype(np.int64)
    truth, exact = found.truth(places), found.exact(at(places, fmt))
    known = truth.known & (np.abs(exact.high) < fmt.overflow)
    # Balls lose e^(10^161); intervals do not.
    assert exact.known[known & (np.abs(at(places, fmt).astype(np.float64)) < 1e30)].all()
    known &= exact.known
    assert known.mean() > 0.9
    with np.errstate(over="ignore", invalid="ignore"):
        off = (truth.high - exact.high) + (truth.low - exact.low)
        off = np.abs(off) / spacing(exact.high, fmt)
    normal = known & (np.abs(exact.high) > 2.0**-1000)
    assert off[normal].max() <= 2.0**-bits
    # Below that a float64 has not the bits: its reference is one of the two next numbers.
    assert off[known].max() <= 1
    assert (truth.sign[known] * exact.sign[known] >= 0).all()


def test_the_values_are_those_of_mpmath(sigmoid: Reference) -> None:
    values = np.float32([-100.5, -17.0, -1.0, -1e-3, 0.0, 2.5, 16.7, 88.9])
    truth = sigmoid.truth(positions(values, SINGLES))
    with mpmath.workdps(60):
        for value, high in zip(values.tolist(), truth.high.tolist(), strict=True):
            exact = mpmath.diff(lambda x: 1 / (1 + mpmath.exp(-x)), mpmath.mpf(value))
            assert abs(high / exact - 1) < 2.0**-40


def test_where_there_is_no_value() -> None:
    found = reference(parse("ln x"), Symbol("x"), {}, BFLOATS)
    values = np.array([-5.0, -1e-30, 3.0]).astype(BFLOATS.dtype)
    assert found.truth(positions(values, BFLOATS)).known.tolist() == [False, False, True]


@pytest.mark.slow
def test_what_changes_too_quickly_is_left_to_balls() -> None:
    found = reference(parse("sin x"), Symbol("x"), {}, SINGLES)
    values = np.float32([1e30, 1.0])
    assert found.kinds(positions(values, SINGLES)).tolist() == [
        PieceKind.WILD,
        PieceKind.POLYNOMIAL,
    ]


# --- counting ---------------------------------------------------------------------------------
def _sweep(name: str, chosen: SweepPlan, given: Reference | None = None) -> Sweep:
    derivation = derive(name)
    values = typical_values(derivation)
    return Sweep(derivation.derivative, derivation.variable, values, chosen, given)


def _faulty(x: np.ndarray) -> np.ndarray:
    """σ′ with one fault of each kind, and one interval that is off."""
    size = np.exp(-np.abs(x.astype(np.float64)))
    slope = size / (1 + size) ** 2
    slope = np.where((x > 16.7) & (x < 17), 0.0, slope)
    slope = np.where(x < -80, np.nan, slope)
    slope = np.where((x > 3) & (x < 3.001), -slope, slope)
    slope = np.where((x > 2) & (x < 2 + 2.0**-10), slope * 1.01, slope)
    return slope.astype(x.dtype)


@pytest.mark.parametrize(("low", "high"), [(2.0, 2.01), (16.0, 18.0), (-81.0, -79.0), (3.0, 3.01)])
def test_the_compiled_loop_counts_as_the_plain_one_does(
    sigmoid: Reference, low: float, high: float
) -> None:
    first, last = positions(np.float32([low, high]), SINGLES).tolist()
    first, last = sorted((first, last))
    last = min(last, first + 300_000)
    sweep = _sweep("sigmoid", SweepPlan(SINGLES, 1), sigmoid)
    row = sweep.count(_faulty, first, last)
    places = np.arange(first, last + 1)
    plain = tally.empty(np.array([[first, last]]))[0]
    tally.count(plain, places, _faulty(at(places, SINGLES)), sigmoid.truth(places), SINGLES)
    for name in ("compared", "finite", "worst"):
        assert row[name] == plain[name], name
    assert row["faults"].tolist() == plain["faults"].tolist()
    assert row["where"].tolist() == plain["where"].tolist()
    assert row["largest"] == pytest.approx(plain["largest"], rel=1e-6)
    assert row["total"] == pytest.approx(plain["total"], rel=1e-6)
    # The plain one takes the reference for the truth, the other asks ball arithmetic when in doubt.
    assert abs(int(row["misrounded"]) - int(plain["misrounded"])) <= 3


def test_all_of_16_bits_are_measured_as_before() -> None:
    sweep = _sweep("sigmoid", plan(BFLOATS))
    rows = np.array([sweep.count(_faulty, *ends) for ends in sweep.ranges.tolist()])
    found = tally.measured(rows, BFLOATS)
    values = every(BFLOATS)
    derivation = derive("sigmoid")
    truth = _reference("sigmoid", BFLOATS).exact(values)
    assert derivation.derivative is sweep._expr
    whole = measure(values, _faulty(values), truth, BFLOATS)
    assert (found.count, found.faults) == (whole.count, whole.faults)
    assert found.faults > 0
    assert found.largest == whole.largest
    assert found.mean == pytest.approx(whole.mean)
    assert set(found.first) == set(whole.first)


@pytest.mark.parametrize(("name", "sample", "step"), [("float32", 4_000_000, 1 << 10)])
def test_one_input_of_every_so_many_neighbours(name: str, sample: int, step: int) -> None:
    """So that no 4,000 neighbours of float32 are left out, for one."""
    chosen = plan(format_named(name), sample=sample)
    assert chosen.step == step
    ranges = chosen.ranges().tolist()
    places = np.concatenate([chosen.places(*ends) for ends in ranges])
    assert np.array_equal(places // step, np.arange(-len(places) // 2, len(places) // 2))
    assert len(places) == 2 * finite_count(chosen.fmt) // step
    # They are drawn anywhere among their neighbours, and are the same ones in every run.
    assert len(np.unique(places % step)) == step
    assert np.array_equal(chosen.places(*ranges[7]), chosen.places(*ranges[7]))


def test_a_range_that_is_no_multiple_of_the_step() -> None:
    chosen = SweepPlan(SINGLES, 1000)
    places = chosen.places(-2_500, -1)
    assert ((places >= [-2_500, -1_500, -500]) & (places <= [-1_501, -501, -1])).all()


def test_ranges_cover_all_inputs() -> None:
    for name in ("bfloat16", "float16", "float32", "float64"):
        fmt = format_named(name)
        ranges = plan(fmt).ranges()
        assert (ranges[1:, 0] == ranges[:-1, 1] + 1).all()
        assert (ranges[0, 0], ranges[-1, 1]) == (-finite_count(fmt), finite_count(fmt) - 1)


def test_parts_come_to_the_whole(sigmoid: Reference) -> None:
    sweep = _sweep("sigmoid", SweepPlan(SINGLES, 4099), sigmoid)
    rows = tally.empty(sweep.ranges)
    chosen = range(400, 600)
    for i in chosen:
        rows[i] = sweep.count(_faulty, *sweep.ranges[i].tolist())
    total = tally.merged(rows)
    done = rows[rows["compared"] >= 0]
    assert len(done) == len(chosen)
    assert total["compared"] == done["compared"].sum()
    assert total["largest"] == done["largest"].max()
    assert (rows["compared"] >= 0).sum() == len(chosen)


@pytest.mark.parametrize(
    ("formula", "inside", "outside"),
    [
        ("ln x", 2.0, -2.0),
        ("x ln(1/x)", 3.0, -3.0),
        ("arcsin x", 0.5, 2.0),
        ("sigmoid(x)", 1.0, None),
        ("{x < 1: x, else: sqrt(x)}", -2.0, None),
        ("{x < 1: x, else: ln(x)}", 0.0, None),
        ("{x <= 1: x^2, else: arccosh(x)}", 0.5, None),
        ("{x > 0: x ln x, else: x^3}", -3.0, None),
        ("{x < -1: {x > -2: ln(-x), else: x}, else: sqrt(1 - x)}", -3.0, 2.0),
        ("ln({x < 1: x, else: sqrt(x)})", 2.0, -2.0),
        ("{ln(x) > 1: x^2, else: x}", 2.0, -2.0),
        ("sqrt(x) + {x < 1: x, else: arccosh(x)}", 0.5, -2.0),
    ],
)
def test_a_slope_is_none_where_the_function_is_not(
    formula: str, inside: float, outside: float | None
) -> None:
    derivation = derive(formula)
    slope, function = derivation.derivative, derivation.function
    guarded = within_domain(slope, function, derivation.variable, {}, BFLOATS)
    assert (guarded is slope) == (outside is None)
    found = reference(guarded, derivation.variable, {}, BFLOATS)
    values = np.array([inside, inside if outside is None else outside]).astype(BFLOATS.dtype)
    known = found.truth(positions(values, BFLOATS)).known.tolist()
    assert known == [True, outside is None]
    assert found.exact(values).known.tolist() == known


def test_what_vanishes_faster_than_any_exponent() -> None:
    """The slope of GELU by tanh is below 2^(−10^9) far out, and 1 on the other side."""
    found = _reference("gelu_tanh", BFLOATS)
    truth = found.truth(positions(np.array([-1e30, 1e30]).astype(BFLOATS.dtype), BFLOATS))
    assert truth.known.all()
    assert abs(truth.high[0]) < 2.0**-180
    assert truth.high[1] == 1
