"""Positions are the order of the numbers, in every format."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.floats.formats import FORMATS, Format
from chainrule.floats.inputs import stratified
from chainrule.floats.positions import at, consecutive, finite_count, input_at, positions

BY_FORMAT = pytest.mark.parametrize("form", FORMATS, ids=[form.name for form in FORMATS])


@BY_FORMAT
def test_positions_are_the_order_of_the_inputs(form: Format) -> None:
    count = finite_count(form)
    places = np.array([-count, -1000, -2, -1, 0, 1, 1000, count - 1])
    values = at(places, form)
    assert (positions(values, form) == places).all()
    assert [input_at(int(p), form) for p in places] == values.astype(np.float64).tolist()
    assert (np.diff(values.astype(np.float64)) >= 0).all()
    assert values.astype(np.float64)[-1] == form.largest
    for first, last in ((-count, -count + 9), (-9, -1), (0, 7), (count - 3, count - 1)):
        run = consecutive(first, last, form)
        assert (positions(run, form) == np.arange(first, last + 1)).all()


@BY_FORMAT
def test_there_and_back(form: Format) -> None:
    values = stratified(form, 500)
    # Not by np.sort, which with AVX-512 gives -0 twice for 0 and -0.
    values = values[np.argsort(values.astype(np.float64), kind="stable")]
    found = np.sort(positions(values, form))
    assert (np.diff(found) > 0).all()
    assert (at(found, form).astype(np.float64) == values.astype(np.float64)).all()


@BY_FORMAT
def test_neighbours_are_one_apart(form: Format) -> None:
    near = np.array([form.largest, -0.0, 0.0, form.smallest, -form.smallest]).astype(form.dtype)
    assert positions(near, form).tolist() == [finite_count(form) - 1, -1, 0, 1, -2]
    if form.name != "bfloat16":
        values = np.array([1.0, -1.0, form.smallest_normal]).astype(form.dtype)
        up = np.nextafter(values, np.array(np.inf, form.dtype))
        assert (positions(up, form) - positions(values, form)).tolist() == [1, 1, 1]
