"""Positions are the order of the numbers, in every format."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.floats.formats import FORMATS, Format
from chainrule.floats.inputs import stratified
from chainrule.floats.positions import at, consecutive, finite_count, input_at, positions

BY_FORMAT = pytest.mark.parametrize("fmt", FORMATS, ids=[fmt.name for fmt in FORMATS])


@BY_FORMAT
def test_positions_are_the_order_of_the_inputs(fmt: Format) -> None:
    count = finite_count(fmt)
    places = np.array([-count, -1000, -2, -1, 0, 1, 1000, count - 1])
    values = at(places, fmt)
    assert (positions(values, fmt) == places).all()
    assert [input_at(int(p), fmt) for p in places] == values.astype(np.float64).tolist()
    assert (np.diff(values.astype(np.float64)) >= 0).all()
    assert values.astype(np.float64)[-1] == fmt.largest
    for first, last in ((-count, -count + 9), (-9, -1), (0, 7), (count - 3, count - 1)):
        run = consecutive(first, last, fmt)
        assert (positions(run, fmt) == np.arange(first, last + 1)).all()


@BY_FORMAT
def test_there_and_back(fmt: Format) -> None:
    values = stratified(fmt, 500)
    # Not by np.sort, which with AVX-512 gives -0 twice for 0 and -0.
    values = values[np.argsort(values.astype(np.float64), kind="stable")]
    found = np.sort(positions(values, fmt))
    assert (np.diff(found) > 0).all()
    assert (at(found, fmt).astype(np.float64) == values.astype(np.float64)).all()


@BY_FORMAT
def test_neighbours_are_one_apart(fmt: Format) -> None:
    near = np.array([fmt.largest, -0.0, 0.0, fmt.smallest, -fmt.smallest]).astype(fmt.dtype)
    assert positions(near, fmt).tolist() == [finite_count(fmt) - 1, -1, 0, 1, -2]
    if fmt.name != "bfloat16":
        values = np.array([1.0, -1.0, fmt.smallest_normal]).astype(fmt.dtype)
        up = np.nextafter(values, np.array(np.inf, fmt.dtype))
        assert (positions(up, fmt) - positions(values, fmt)).tolist() == [1, 1, 1]
