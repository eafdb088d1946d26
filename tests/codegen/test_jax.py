"""Files for JAX: its transformations, every dtype, and arrays on two devices."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule
from chainrule.floats.inputs import every
from chainrule.floats.measure import measure
from written import OTHERS, load, sample, truths, write

jax = pytest.importorskip("jax")

pytestmark = pytest.mark.slow

CASES = [
    ("sigmoid", "input"),
    ("sigmoid", "output"),
    ("softplus", "output"),
    ("gelu", "input"),
    ("elu", "input"),
    ("huber", "input"),
]
PLAIN: dict[str, Callable[..., Any]] = {
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "elu": jax.nn.elu,
    "huber": lambda x, y: jax.numpy.where(abs(x - y) <= 1, (x - y) ** 2 / 2, abs(x - y) - 1 / 2),
}
"""The same functions by JAX itself."""


@pytest.fixture
def double() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(("name", "save"), CASES)
def test_transformations(name: str, save: str, tmp_path: Path) -> None:
    """Every way to differentiate, once and twice, under jit and vmap and without."""
    module = write(chainrule.derive(name), "jax", tmp_path, dtype="float64", save=save).module
    x = jax.numpy.linspace(-2.9, 3.1, 7)
    others = (0.3 * x.at[0].set(1),) if name in OTHERS else ()

    def total(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda x: (function(x, *others) ** 2).sum()

    for transformed in (
        lambda f: jax.vmap(jax.grad(f))(x, *others),
        lambda f: jax.vmap(jax.grad(jax.grad(f)))(x, *others),
        lambda f: jax.jit(jax.vmap(jax.grad(jax.grad(f))))(x, *others),
        lambda f: jax.jvp(lambda x: f(x, *others), (x,), (1 + x * x,))[1],
        lambda f: jax.linearize(lambda x: f(x, *others), x)[1](1 + x * x),
        lambda f: jax.jit(lambda x: jax.vjp(lambda x: f(x, *others), x)[1](x)[0])(x),
        lambda f: jax.hessian(total(f))(x),
        lambda f: jax.jacrev(jax.jacrev(total(f)))(x),
        lambda f: jax.grad(jax.checkpoint(total(f)))(x),
    ):
        found, expected = transformed(getattr(module, name)), transformed(PLAIN[name])
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", ["sigmoid", "gelu"])
def test_sixteen_bits(name: str, dtype: str, tmp_path: Path) -> None:
    """Every input there is, against arb; dtypes stay through all transformations."""
    derivation = chainrule.derive(name)
    written = write(derivation, "jax", tmp_path, dtype=dtype)
    function = getattr(written.module, name)
    x = np.arange(1 << 16, dtype=np.uint16).view(written.fmt.dtype)
    magnitude = np.abs(x.astype(np.float32))
    tiny = written.fmt.smallest_normal if dtype == "bfloat16" else 0
    # XLA takes subnormal numbers of float32, which those of bfloat16 are, for 0.
    x = x[np.isfinite(magnitude) & ((magnitude >= tiny) | (magnitude == 0))]
    exact = truths(derivation, written.plan, x, None)
    for compiled in (lambda f: f, jax.jit):
        results = compiled(function)(x), compiled(jax.vmap(jax.grad(function)))(x)
        for got, true in zip(results, exact, strict=True):
            normal = (np.abs(true.high) >= tiny) | (true.high == 0)
            kept = type(true)(true.high, true.low, true.sign, true.known & normal)
            assert got.dtype == written.fmt.dtype
            measured = measure(x, np.asarray(got), kept, written.fmt)
            assert measured.largest <= 0.5, measured
            assert not measured.faults, measured
    assert jax.vmap(jax.grad(jax.grad(function)))(x[:9]).dtype == written.fmt.dtype


@pytest.mark.parametrize(("name", "dtype"), [("smoothstep", "bfloat16"), ("xielu", "float16")])
def test_next_to_a_tie_of_sixteen_bits(name: str, dtype: str, tmp_path: Path) -> None:
    """At every input what NumPy has, which is compared with fractions elsewhere."""
    derivation = chainrule.derive(name)
    written = write(derivation, "jax", tmp_path, dtype=dtype)
    x = every(written.fmt)
    wanted = write(derivation, "numpy", tmp_path, None, written.plan).slopes(x).astype(float)
    # XLA takes subnormal numbers of float32 for 0, and gives 0 for them.
    tiny = written.fmt.smallest_normal if dtype == "bfloat16" else 0
    normal = (np.abs(x.astype(float)) >= tiny) & (np.abs(wanted) >= tiny)
    slope = jax.vmap(jax.grad(getattr(written.module, name)))
    for found in (slope(x), jax.jit(slope)(x)):
        assert np.array_equal(np.asarray(found).astype(float)[normal], wanted[normal])


def test_subnormal_numbers_of_float16_are_rounded_once(tmp_path: Path) -> None:
    """Also what is next to the middle of two of them by one double."""
    module = write(chainrule.derive("sigmoid"), "jax", tmp_path, dtype="float16").module
    wholes = np.arange(1, 1024, dtype=np.float64)
    middles = (wholes + 0.5) * 2.0**-24
    for toward, wanted in ((-np.inf, wholes), (np.inf, wholes + 1)):
        near = np.nextafter(middles, toward)
        for rounded in (module._rounded, jax.jit(module._rounded, static_argnums=0)):
            with jax.enable_x64(True):
                found = np.asarray(rounded(lambda value: value, jax.numpy.asarray(near)))
            assert np.array_equal(found.astype(np.float64), wanted * 2.0**-24)


@pytest.mark.parametrize(("dtype", "bits"), [("bfloat16", 8), ("float16", 11)])
def test_rounding_goes_one_way_only(dtype: str, bits: int, tmp_path: Path) -> None:
    """What lies next to the middle of two numbers of 16 bits goes to the nearer one."""
    module = write(chainrule.derive("sigmoid"), "jax", tmp_path, dtype=dtype).module
    wholes = np.arange(2 ** (bits - 1), 2**bits - 1, dtype=np.float64)
    for away, wanted in ((-(2.0**-25), wholes), (2.0**-25, wholes + 1)):
        middles = (wholes + 0.5 + away) * 2.0 ** (1 - bits)
        for rounded in (module._rounded, jax.jit(module._rounded, static_argnums=0)):
            with jax.enable_x64(True):
                found = np.asarray(rounded(lambda value: value, jax.numpy.asarray(middles)))
            assert np.array_equal(found.astype(np.float64), wanted * 2.0 ** (1 - bits))


def test_float64_has_to_be_allowed(tmp_path: Path) -> None:
    module = write(chainrule.derive("sigmoid"), "jax", tmp_path, dtype="float64").module
    with pytest.raises(TypeError, match="jax_enable_x64"):
        module.sigmoid(1.0)


@pytest.mark.parametrize("name", ["gelu", "elu", "huber"])
def test_two_devices(name: str, tmp_path: Path) -> None:
    """See jax_devices.py."""
    written = write(chainrule.derive(name), "jax", tmp_path)
    path = tmp_path / f"{name}.py"
    path.write_text(written.text, encoding="utf-8")
    script = Path(load.__code__.co_filename).with_name("jax_devices.py")
    done = subprocess.run(
        [sys.executable, script, path],
        env={**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["bce_with_logits", "weighted_bce_with_logits"])
def test_what_is_carried_along_survives_jit(name: str, tmp_path: Path) -> None:
    """XLA makes a of (a + c) - c, and with it the remainder 0."""
    derivation = chainrule.derive(name)
    made = write(derivation, "jax", tmp_path, Fraction(1, 2))
    assert "_kept(" in made.text
    function, fmt = getattr(made.module, name), made.fmt

    def slopes(x: Any) -> Any:
        _, back = jax.vjp(lambda x: function(x, *more), x)
        return back(jax.numpy.ones_like(x))[0]

    # On a processor XLA has no subnormal numbers.
    x = sample(fmt)
    _, slope = truths(derivation, made.plan, x, Fraction(1, 2))
    x = x[np.abs(slope.high) >= fmt.smallest_normal]
    more = [np.full_like(x, 0.5) for _ in made.plan.spec.others]
    _, slope = truths(derivation, made.plan, x, Fraction(1, 2))
    measured = measure(x, np.asarray(jax.jit(slopes)(x)), slope, fmt)
    assert measured.largest <= 0.51
    assert not measured.faults


def test_a_nan_stays_one_under_jit(tmp_path: Path) -> None:
    """XLA takes |x| >= 0 for true."""
    made = write(chainrule.derive("soft_shrink"), "jax", tmp_path)
    given = np.array([np.nan, 1, -3, 0], np.float32)
    found = np.asarray(jax.jit(made.module.soft_shrink)(given))
    assert np.array_equal(np.isnan(found), np.isnan(given))


BY_OTHERS: dict[str, tuple[float, Callable[..., Any]]] = {
    "elu": (1.0, lambda x, alpha: np.where(x > 0, 0, np.expm1(np.minimum(x, 0)))),
    "prelu": (0.25, lambda x, a: np.minimum(x, 0)),
    "celu": (1.5, lambda x, a: np.where(x > 0, 0, (1 - x / a) * np.exp(np.minimum(x / a, 0)) - 1)),
    "huber": (0.5, lambda x, y: -np.clip(x - y, -1, 1)),
}
"""A value of the letter that comes after x, and the derivative by it."""


@pytest.mark.parametrize("accuracy", ["best", "fast"])
@pytest.mark.parametrize("name", BY_OTHERS)
def test_by_other_letters(name: str, accuracy: str, tmp_path: Path) -> None:
    """Also where a branch that is not taken overflows: inf·0 is no number."""
    module = write(chainrule.derive(name), "jax", tmp_path, Fraction(1), accuracy=accuracy).module
    function = getattr(module, name)
    value, by = BY_OTHERS[name]
    x = np.array([-1000, -3, -0.5, 0.25, 2, 90, 1000], np.float32)
    wanted = by(x.astype(np.float64), value)
    slope = jax.grad(function, argnums=1)
    found = [slope(one, np.float32(value)) for one in x]
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)
    together = jax.grad(lambda at: function(x, at).sum())(np.float32(value))
    np.testing.assert_allclose(together, wanted.sum(), rtol=1e-5)
