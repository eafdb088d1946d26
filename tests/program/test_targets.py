"""The traits of targets are those of the files that are written for them."""

from __future__ import annotations

import pytest

import chainrule
from chainrule.codegen.generate import generate
from chainrule.errors import InputError
from chainrule.expr.nodes import ONE, Number, Symbol
from chainrule.forms.choice.kink_values import convention
from chainrule.program.kernel_spec import KernelSpec
from chainrule.program.targets import TARGETS, target_named

X, Y = Symbol("x"), Symbol("y")


def file_for(name: str) -> str:
    spec = KernelSpec(name="f", variable=X, output=Y, saved=(X,), second=(Number(2),))
    return generate(name, X * X, 2 * X, spec)


@pytest.mark.parametrize("name", TARGETS)
def test_traits_are_those_of_the_file(name: str) -> None:
    text, target = file_for(name), TARGETS[name]
    # A file for PyTorch has loops by Numba for the CPU, and kernels for a GPU besides.
    on_device = "__global__" in text or ("@triton.jit" in text and "numba" not in text)
    assert target.device == on_device
    assert target.loops == ("numba" in text or ("for (" in text and not on_device))
    assert (target.kinks == "jax") == ("import jax" in text)
    plain = KernelSpec(name="f", variable=X, output=Y, saved=(X,), second=(ONE,))
    # What is differentiated once more is another file with another second derivative.
    assert target.second == (generate(name, X * X, 2 * X, plain) != text)


@pytest.mark.parametrize("name", TARGETS)
def test_a_kink_gets_the_word_of_its_framework(name: str) -> None:
    """PyTorch 2.13 returns 0 for |x| at 0, JAX 0.10 returns 1."""
    (kink,) = chainrule.derive("|x|").kinks
    wanted = 1 if name == "jax" else 0
    assert convention(kink, TARGETS[name]) == Number(wanted)


@pytest.mark.parametrize(("typed", "meant"), [("pytorch", "torch"), ("nump", "numpy")])
def test_a_name_that_is_nearly_one(typed: str, meant: str) -> None:
    with pytest.raises(InputError) as caught:
        target_named(typed)
    assert caught.value.hint == f"did you mean {meant}?"
