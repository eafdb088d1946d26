"""Other ways to call a target than a sweep does.

A sweep hands over arrays without gaps whose length is a multiple of a vector's, and an upstream
gradient of ones. A backward pass that ignores its upstream gradient, or squares it, is right for
ones; and one that is wrong for the last few elements of an array is never asked for them. So each
target is also called with arrays of other lengths, with gaps, and with other upstream gradients.

That is done at calm inputs, where such a call rounds as a sweep's does and nothing is about to
cancel, overflow or underflow: the target is accurate there and a little further left and right.
What comes out is compared with the exact value, times the upstream gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from chainrule.audit.frameworks.implementation import (
    LANES,
    Array,
    Computed,
    Implementation,
    checked,
)
from chainrule.audit.frameworks.target import foreign
from chainrule.errors import InputError
from chainrule.floats.error_free import two_product
from chainrule.floats.formats import Format
from chainrule.floats.inputs import stratified, usual
from chainrule.floats.positions import at, finite_count, positions
from chainrule.floats.ulp import Truth, errors

Exact = Callable[[Array], Truth]
"""From inputs to the values that are right."""
Draw = Callable[[np.random.Generator, int], npt.NDArray[np.float64]]

CANDIDATES = 200
"""Inputs of all sizes, and as many of everyday size, among which calm ones are looked for."""
CALM = 2.0
"""What is off by no more ULP there, and at the inputs next to it, is accurate."""
LIMIT = 16.0
"""In ULP, for a result times a power of two. With other numbers terms that cancel are rounded one
by one: then it is as many as half of the digits, which is less than any shorter format loses."""
# A calm value is 2^6 away from where numbers end: upstream gradients go up to 2^3 or down to 2^-3.
_ROOM = 6
_BLOCKS = 5
"""Candidates are computed in this many blocks: each has as many as a target is tried with."""
# Any number will do: the same calls are made each time.
_SEED = 3141


# --- the table ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Way:
    """A call.

    Attributes:
        name: in words.
        size: how many elements.
        upstream: draws the upstream gradient; of a function itself there is none.
        gaps: whether every other element of a longer array is given.
        shared: whether one upstream gradient, stored once, is that of all elements, as of a sum.
    """

    name: str
    size: int
    upstream: Draw
    gaps: bool = False
    shared: bool = False


def _signs(draw: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    return draw.choice([-1.0, 1.0], count)


def _powers(draw: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    """With these a result is scaled without being rounded."""
    return _signs(draw, count) * 2.0 ** draw.integers(-3, 4, count)


def _numbers(draw: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    return _signs(draw, count) * draw.uniform(0.25, 4.0, count)


def _zeros(draw: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    return np.zeros(count)


# None, one, fewer than a vector has, a few more, around a power of two, more than one thread takes.
SIZES = (0, 1, 3, 7, 17, 1023, 1025, 65_537)
COMPILED = (1, 17, 1025, 65_537)
"""For what is compiled anew for every length, which takes a tenth of a second."""
# More than a block of 1024, with a rest.
_MANY = 1025
WAYS = (
    *(Way(f"{size:,} element{'s' * (size != 1)}", size, _powers) for size in SIZES),
    Way("an array with gaps", _MANY, _powers, gaps=True),
    Way("one upstream gradient for all elements", _MANY, _powers, shared=True),
    Way("upstream gradients that are no powers of two", _MANY, _numbers),
    Way("an upstream gradient of 0", _MANY, _zeros),
)
"""All with upstream gradients of ±2^k, |k| ≤ 3, at random, but where others are named."""
UNTRIED = (
    "arrays of more than one dimension",
    f"lengths above {SIZES[-1]:,} that are no multiple of {LANES}",
    "subnormal numbers, infinities and NaN in such calls",
)
UNTRIED_GRADIENTS = (
    "upstream gradients above 8, infinite or NaN",
    "gradients of gradients, and by other arguments than x",
)


# --- what comes of it ---------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Wrong:
    """A call with results that are not right.

    Attributes:
        way: its name.
        count: how many results.
        said: the first of them, or why there are none.
    """

    way: str
    count: int
    said: str


@dataclass(frozen=True, slots=True)
class Called:
    """What came of the calls of a target.

    Attributes:
        inputs: how many calm inputs there are; with none nothing is called.
        tried: the names of the calls.
        untried: what cannot be tried with this target, or is never.
        wrong: the calls that gave something wrong.
        beyond: what it gives at ±∞ and NaN, as text; not judged.
    """

    inputs: int
    tried: tuple[str, ...]
    untried: tuple[str, ...]
    wrong: tuple[Wrong, ...]
    beyond: tuple[tuple[str, str], ...]


def called(implementation: Implementation, kind: Computed, exact: Exact) -> Called:
    """Call the function or its gradient in all ways that it takes."""
    bare = implementation.bare or implementation
    fmt, draw = implementation.format, np.random.default_rng(_SEED)
    beyond = tuple(_beyond(implementation, kind))
    untried = [*UNTRIED, *(UNTRIED_GRADIENTS if kind == "gradient" else ())]
    inputs = _calm(implementation.functions()[kind], fmt, exact)
    if not len(inputs):
        reason = (
            "other lengths and upstream gradients, as it is accurate at no input that was tried"
        )
        return Called(0, (), (reason, *untried), (), beyond)
    truth = exact(inputs)
    takes = kind == "gradient" and bare.backward is not None
    if kind == "gradient" and not takes:
        untried.insert(0, "upstream gradients: it takes none")
    if not bare.gaps:
        untried.insert(0, "arrays with gaps: none get to it")
    ways = [
        way
        for way in WAYS
        if (way.size in COMPILED or not bare.compiles)
        and (bare.gaps or not (way.gaps or way.shared))
        and (takes or not (way.shared or way.upstream is not _powers))
    ]
    wrong = [
        found for way in ways if (found := _wrong(bare, kind, way, inputs, truth, draw)) is not None
    ]
    names = tuple(way.name for way in ways)
    return Called(len(inputs), names, tuple(untried), tuple(wrong), beyond)


def _wrong(
    bare: Implementation,
    kind: Computed,
    way: Way,
    inputs: Array,
    truth: Truth,
    draw: np.random.Generator,
) -> Wrong | None:
    """What is wrong with a call."""
    fmt, takes = bare.format, kind == "gradient" and bare.backward is not None
    chosen = draw.integers(0, len(inputs), way.size)
    values, upstream = inputs[chosen], fmt.rounded(way.upstream(draw, way.size))
    if way.gaps:
        values, upstream = (np.repeat(array, 2)[::2] for array in (values, upstream))
    if way.shared:
        upstream = as_strided(upstream, strides=(0,))
    factors = upstream.astype(np.float64) if takes else np.ones(way.size)
    doing = f"the {kind} of {bare.label} in {bare.dtype} fails"
    try:
        with foreign(doing), np.errstate(all="ignore"):
            if takes:
                assert bare.backward is not None
                results = bare.backward(values, upstream)
            else:
                results = bare.functions()[kind](values)
        results = checked(bare, kind, values, results)
    except InputError as error:
        return Wrong(way.name, way.size, error.describe())
    there = _times(truth.at(chosen), factors)
    limit = LIMIT if way.upstream is not _numbers else max(2 * LIMIT, 2.0 ** (fmt.precision / 2))
    off = np.flatnonzero(~(errors(results, there, fmt) <= limit))
    if not len(off):
        return None
    first = int(off[0])
    given = f" and an upstream gradient of {float(upstream[first])!r}" if takes else ""
    said = (
        f"{float(results[first])!r} at {float(values[first])!r}{given}, element {first + 1:,} of "
        f"{way.size:,}, where {float(there.high[first]):.9g} is right"
    )
    return Wrong(way.name, len(off), said)


def _times(truth: Truth, factors: npt.NDArray[np.float64]) -> Truth:
    """The values times numbers of the format."""
    part, exponent = np.frexp(truth.high)
    high, rest = (np.ldexp(half, exponent) for half in two_product(part, factors))
    sign = truth.sign * np.sign(factors).astype(np.int8)
    return Truth(high, rest + truth.low * factors, sign, truth.known)


def _calm(function: Callable[[Array], Array], fmt: Format, exact: Exact) -> Array:
    """Inputs at which the target is accurate, and so it is next to them."""
    values = np.concatenate([stratified(fmt, CANDIDATES), usual(fmt, CANDIDATES)])
    places, size = positions(values, fmt), finite_count(fmt)
    # As far as half of a binade is wide.
    far = (1 << (fmt.precision - 2)) * np.array([[-1], [0], [1]])
    near = np.clip(places + far, -size, size - 1)
    around = at(near.ravel(), fmt)
    truth = exact(around)
    # Room for a factor of 8, and for what is multiplied by it on the way.
    high, room = np.abs(truth.high), 2.0**_ROOM
    inside = (truth.sign == 0) | (high >= fmt.smallest_normal * room)
    inside &= (high <= fmt.largest / room) & (np.abs(around.astype(float)) <= fmt.largest / room)
    results = np.concatenate([function(part) for part in np.array_split(around, _BLOCKS)])
    good = truth.known & inside & (errors(results, truth, fmt) <= CALM)
    # Next to a root terms cancel, times the upstream gradient otherwise than without it.
    signs = truth.sign.reshape(near.shape)
    alike = signs.max(axis=0) * signs.min(axis=0) >= 0
    found: Array = values[good.reshape(near.shape).all(axis=0) & alike]
    return found


def _beyond(implementation: Implementation, kind: Computed) -> Iterator[tuple[str, str]]:
    function = implementation.functions()[kind]
    for value in (np.inf, -np.inf, np.nan):
        given = implementation.format.rounded(np.array([value]))
        try:
            said = repr(float(function(given)[0]))
        except InputError:
            said = "fails"
        yield repr(value), said
