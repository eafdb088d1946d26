"""Files for JAX and PyTorch: errors of the functions of every other target's tests, and kinks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule
from chainrule.expr.nodes import symbols
from chainrule.floats.measure import measure
from chainrule.forms.choice.kink_values import convention
from chainrule.program.targets import TARGETS
from written import FUNCTIONS, OTHERS, Written, sample, truths, write

pytestmark = pytest.mark.slow

ROUNDED_ONCE = {"jax": 0.5001, "torch": 0.51}
"""Half an ULP, and the error of what is rounded: approximations in PyTorch's loops on the CPU."""


def check(
    written: Written, derivation: chainrule.Derivation, name: str, x: Any, most: float
) -> None:
    other = OTHERS.get(name)
    exact = truths(derivation, written.plan, x, other)
    tiny = written.fmt.smallest_normal
    for got, true in zip((written.forward(x), written.slopes(x)), exact, strict=True):
        # XLA takes subnormal numbers for 0, and gives 0 for them.
        normal = (np.abs(true.high) >= tiny) | (true.high == 0)
        kept = type(true)(true.high, true.low, true.sign, true.known & normal)
        measured = measure(x, got, kept, written.fmt)
        assert measured.largest <= most, measured
        assert not measured.faults, measured


def normal_inputs(written: Written) -> Any:
    x = sample(written.fmt, 600)
    # The smallest of these are subnormal in XLA before they are multiplied.
    return x[np.abs(x.astype(np.float64)) >= 2 * written.fmt.smallest_normal]


# --- PyTorch ------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", FUNCTIONS)
def test_torch_is_rounded_once(name: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    derivation = chainrule.derive(name)
    written = write(derivation, "torch", tmp_path, OTHERS.get(name))
    check(written, derivation, name, sample(written.fmt, 600), ROUNDED_ONCE["torch"])
    for kink in derivation.kinks:
        value = convention(kink, TARGETS["torch"])
        if value is not None and not symbols(value, kink.at):
            point = np.array([float(str(kink.at))], np.float32)
            assert written.slopes(point)[0] == np.float32(float(str(value)))


@pytest.mark.parametrize(
    "formula", ["x", "atan2(x, 2)", "atan2(2, x)", "{x > 1: 1, else: 2} + x", "e^(ln(3))*x"]
)
def test_torch_numbers_among_tensors(formula: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    derivation = chainrule.derive(formula)
    written = write(derivation, "torch", tmp_path)
    check(written, derivation, formula, sample(written.fmt, 100), ROUNDED_ONCE["torch"])
    t = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(written.module.f, (t,))


# --- JAX ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", FUNCTIONS)
def test_jax_is_rounded_once(name: str, tmp_path: Path) -> None:
    pytest.importorskip("jax")
    derivation = chainrule.derive(name)
    written = write(derivation, "jax", tmp_path, OTHERS.get(name))
    check(written, derivation, name, normal_inputs(written), ROUNDED_ONCE["jax"])
    for kink in derivation.kinks:
        value = convention(kink, TARGETS["jax"])
        if value is not None and not symbols(value, kink.at):
            point = np.array([float(str(kink.at))], np.float32)
            assert written.slopes(point)[0] == np.float32(float(str(value)))


def test_jax_parameters(tmp_path: Path) -> None:
    jax = pytest.importorskip("jax")
    leaky = write(chainrule.derive("leaky_relu"), "jax", tmp_path).module.leaky_relu
    assert leaky(-1.0) == np.float32(-0.01)
    by_alpha = jax.grad(lambda alpha: leaky(-3.0, alpha))(0.5)
    assert by_alpha == -3
    assert jax.jit(jax.grad(leaky))(-3.0, 0.25) == 0.25
