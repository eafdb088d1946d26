"""Kernels compiled in memory: shapes, strides, threads, and what they refuse."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np
import pytest

import chainrule
from chainrule.codegen.kernel import LEAST_SHARE


@pytest.fixture(scope="module")
def silu() -> chainrule.Kernel:
    return chainrule.compile("silu", threads=2)


@pytest.fixture(scope="module")
def leaky() -> chainrule.Kernel:
    return chainrule.compile("leaky_relu", dtype="float64")


def test_values(silu: chainrule.Kernel) -> None:
    x = np.linspace(-4, 4, 9, dtype=np.float32)
    wide = x.astype(np.float64)
    s = 1 / (1 + np.exp(-wide))
    assert (silu(x) == (wide * s).astype(np.float32)).all()
    slope = s * (1 + wide * (1 - s))
    assert (silu.grad(x, 1.0) == slope.astype(np.float32)).all()
    assert (silu.grad(x, 2.0) == (2 * slope).astype(np.float32)).all()


@pytest.mark.parametrize(
    "x",
    [
        np.float32(1.5),
        np.zeros((0, 3), np.float32),
        np.arange(24.0).reshape(2, 3, 4)[:, ::-1, ::2],
        np.asfortranarray(np.arange(15.0).reshape(3, 5)),
        np.broadcast_to(np.float32(2), (4, 6)),
        [1, 2, 3],
    ],
    ids=["scalar", "empty", "strides", "fortran", "broadcast", "list"],
)
def test_any_shape(silu: chainrule.Kernel, x: Any) -> None:
    flat = np.array(x, np.float32).ravel()
    assert silu(x).shape == np.shape(x)
    assert silu(x).ravel().tolist() == silu(flat).tolist()
    assert silu.grad(x, 1.0).ravel().tolist() == silu.grad(flat, np.ones_like(flat)).tolist()


def test_out(silu: chainrule.Kernel) -> None:
    x = np.linspace(-1, 1, 10, dtype=np.float32)
    whole = np.zeros((10, 2), np.float32)
    assert silu(x, out=whole[:, 1]) is not None
    assert (whole[:, 1] == silu(x)).all()
    assert not whole[:, 0].any()
    turned = np.zeros((2, 5), np.float32, order="F")
    assert (silu(x.reshape(2, 5), out=turned) == silu(x).reshape(2, 5)).all()
    wanted = silu(x)
    silu(x, out=x)
    assert (x == wanted).all()


def test_overlap(silu: chainrule.Kernel) -> None:
    x = np.linspace(-1, 1, 4 * LEAST_SHARE + 1, dtype=np.float32)
    wanted = silu(x[:-1].copy())
    silu(x[:-1], out=x[1:])
    assert (x[1:] == wanted).all()


def test_threads_give_the_same(silu: chainrule.Kernel) -> None:
    x = np.linspace(-9, 9, 6 * LEAST_SHARE, dtype=np.float32).reshape(3, 2, -1).transpose(2, 0, 1)
    one = chainrule.compile("silu", threads=1)
    assert (silu(x) == one(x)).all()
    assert (silu.grad(x, x) == one.grad(x, x)).all()


def test_parameters_and_arguments(leaky: chainrule.Kernel) -> None:
    assert leaky(-1.0) == -0.01
    assert leaky(-1.0, alpha=0.5) == -0.5
    assert leaky.grad([-1.0, 0.0, 1.0], 1.0, alpha=0.5).tolist() == [0.5, 0.5, 1.0]
    assert leaky.parameters == ("alpha",)
    huber = chainrule.compile("huber")
    assert huber([0.0, 3.0], 1.0).tolist() == [0.5, 1.5]
    assert huber.grad([0.0, 3.0], 1.0, 1.0).tolist() == [-1.0, 1.0]


def test_sixteen_bits() -> None:
    kernel = chainrule.compile("sigmoid", dtype="bfloat16", accuracy="fast")
    assert kernel(np.arange(3)).dtype == kernel.dtype
    assert kernel(0.0) == 0.5
    assert repr(kernel) == "Kernel('sigmoid', dtype='bfloat16')"


def test_refusals(leaky: chainrule.Kernel) -> None:
    with pytest.raises(chainrule.InputError, match="unknown parameter 'beta'"):
        leaky(1.0, beta=2.0)
    with pytest.raises(chainrule.InputError, match="`out` must have shape"):
        leaky([1.0, 2.0], out=np.zeros(3))
    with pytest.raises(chainrule.InputError, match="threads must be at least 1"):
        chainrule.compile("silu", threads=0)
    with pytest.raises(chainrule.InputError, match="takes 1 array"):
        leaky(1.0, 2.0)


def test_missing_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    found = sys.modules["importlib.util"].find_spec
    monkeypatch.setattr(
        "chainrule.errors.find_spec", lambda name: None if name == "numba" else found(name)
    )
    with pytest.raises(chainrule.MissingExtraError, match=r"Numba.*chainrule\[code\]"):
        chainrule.compile("silu")


def compiled_loop(kernel: chainrule.Kernel) -> Any:
    """Numba's dispatcher of the loop for the gradient."""
    return kernel._gradient.__globals__["_gradients"]  # type: ignore[attr-defined]


def test_what_is_kept_on_the_stack_is_aligned() -> None:
    """A vector across two lines of the cache is slow, and that depends on what was called."""
    [assembly] = compiled_loop(chainrule.compile("silu")).inspect_asm().values()
    if "%rsp" in assembly:
        assert "$-32, %rsp" in assembly or "$-64, %rsp" in assembly


@pytest.mark.parametrize(("name", "count"), [("sigmoid", 4), ("gelu", 2)])
def test_several_vectors_are_computed_at_a_time(name: str, count: int) -> None:
    """Else each waits for its own results. LLVM divides twice for a vector of float32."""
    [code] = compiled_loop(chainrule.compile(name)).inspect_llvm().values()
    assert "llvm.loop.isvectorized" in code
    inside = max(code.split("\n\n"), key=lambda block: block.count("fdiv"))
    divisions = re.findall(r"= fdiv (?:contract )?<(\d+) x double>", inside)
    assert len(divisions) == count
