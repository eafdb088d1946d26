"""Gradients in float64 made of what is no normal number any more, in every language here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import chainrule
from chainrule.floats.measure import measure
from chainrule.floats.truth import truth
from chainrule.forms.plan import plan
from written import formatted, toolkit, write

HERE = ("numpy", "numba", "c", *(["cuda"] if toolkit() is not None else []))
FAR_BELOW = np.linspace(-744, -690, 400)
ROWS = [
    pytest.param("gelu", FAR_BELOW / 19.2, id="gelu", marks=pytest.mark.slow),
    pytest.param("smish", FAR_BELOW, id="smish", marks=pytest.mark.slow),
    pytest.param(
        "cosid", np.sort(10.0 ** np.random.default_rng(5).uniform(0, 300, 600)), id="cosid"
    ),
]


@pytest.mark.parametrize(("name", "values"), ROWS)
def test_the_gradient(name: str, values: npt.NDArray[np.float64], tmp_path: Path) -> None:
    derivation = chainrule.derive(name)
    made = plan(derivation, "numpy", dtype="float64", save="input")
    exact = truth(derivation.derivative, derivation.variable, values, {})
    for target in HERE:
        written = write(derivation, target, tmp_path, None, made)
        measured = measure(values, written.slopes(values), exact, written.fmt)
        assert measured.largest <= 2, (target, measured)
        assert not measured.faults, (target, measured)
        assert np.isnan(written.slopes(np.full(1, np.nan))).all(), target
    formatted(tmp_path)
