"""Files for JAX and PyTorch: errors, and everything the two do with a function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule
from chainrule.audit.measure import measure
from chainrule.expr.nodes import symbols
from written import FUNCTIONS, OTHERS, Written, sample, truths, write

pytestmark = pytest.mark.slow

ROUNDED_ONCE = 0.5001
SMOOTH = ("sigmoid", "silu", "gelu", "mish", "elu", "huber")


def check(written: Written, derivation: chainrule.Derivation, name: str, x: Any) -> None:
    other = OTHERS.get(name)
    exact = truths(derivation, written.plan, x, other)
    tiny = written.form.smallest_normal
    for got, true in zip((written.forward(x), written.slopes(x)), exact, strict=True):
        # XLA takes subnormal numbers for 0, and gives 0 for them.
        normal = (np.abs(true.high) >= tiny) | (true.high == 0)
        kept = type(true)(true.high, true.low, true.sign, true.known & normal)
        measured = measure(x, got, kept, written.form)
        assert measured.largest <= ROUNDED_ONCE, measured
        assert not measured.faults, measured


def normal_inputs(written: Written) -> Any:
    x = sample(written.form, 600)
    # The smallest of these are subnormal in XLA before they are multiplied.
    return x[np.abs(x.astype(np.float64)) >= 2 * written.form.smallest_normal]


# --- PyTorch ------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", FUNCTIONS)
def test_torch_is_rounded_once(name: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    derivation = chainrule.derive(name)
    written = write(derivation, "torch", tmp_path, OTHERS.get(name))
    check(written, derivation, name, sample(written.form, 600))
    for kink in derivation.kinks:
        if isinstance(kink.torch, chainrule.Expr) and not symbols(kink.torch, kink.at):
            point = np.array([float(str(kink.at))], np.float32)
            assert written.slopes(point)[0] == np.float32(float(str(kink.torch)))


@pytest.mark.parametrize("save", ["input", "output"])
@pytest.mark.parametrize("name", SMOOTH)
def test_torch_operators(name: str, save: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    derivation = chainrule.derive(name)
    if save == "output" and derivation.output_form is None:
        return
    module = write(derivation, "torch", tmp_path, dtype="float64", save=save).module
    function = getattr(module, name)
    torch.manual_seed(1)
    x = (3 * torch.randn(4, 3, dtype=torch.float64)).requires_grad_()
    more = (torch.randn(3, dtype=torch.float64),) if name in OTHERS else ()
    assert torch.autograd.gradcheck(function, (x, *more))
    assert torch.autograd.gradgradcheck(function, (x, *more))
    operator = getattr(module, f"_{name}")
    full = tuple(t.expand(4, 3).contiguous() for t in more)
    numbers = tuple(float(v) for _, v in _parameters(derivation))
    torch.library.opcheck(operator, (x, *full, *numbers))
    # By each row at once, as row by row.
    rows = torch.func.vmap(function, in_dims=(0, *(None for _ in more)))(x.detach(), *more)
    assert torch.equal(rows, function(x.detach(), *more))
    compiled = torch.compile(function, backend="aot_eager", fullgraph=True)
    compiled(x, *more).sum().backward()
    once = x.grad.clone()
    x.grad = None
    function(x, *more).sum().backward()
    assert torch.equal(once, x.grad)


def _parameters(derivation: chainrule.Derivation) -> list[Any]:
    defaults: list[Any] = list(derivation.problem.defaults.items())
    return [(symbol, number.value) for symbol, number in defaults]


def test_torch_says_that_there_is_one_gradient_only(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    module = write(chainrule.derive("huber"), "torch", tmp_path).module
    x, y = torch.ones(3), torch.ones(3, requires_grad=True)
    with pytest.raises(NotImplementedError, match="only x has a gradient"):
        module.huber(x, y).sum().backward()


@pytest.mark.parametrize(
    "formula", ["x", "atan2(x, 2)", "atan2(2, x)", "{x > 1: 1, else: 2} + x", "e^(ln(3))*x"]
)
def test_torch_numbers_among_tensors(formula: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    derivation = chainrule.derive(formula)
    written = write(derivation, "torch", tmp_path)
    check(written, derivation, formula, sample(written.form, 100))
    t = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(written.module.f, (t,))


def test_torch_short_formats(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    derivation = chainrule.derive("mish")
    for dtype in ("bfloat16", "float16"):
        written = write(derivation, "torch", tmp_path, dtype=dtype)
        x = sample(written.form, 300)
        exact = truths(derivation, written.plan, x, None)
        for got, true in zip((written.forward(x), written.slopes(x)), exact, strict=True):
            # PyTorch goes from float64 by way of float32, and rounds twice.
            assert measure(x, got, true, written.form).largest <= 0.501


# --- JAX ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", FUNCTIONS)
def test_jax_is_rounded_once(name: str, tmp_path: Path) -> None:
    pytest.importorskip("jax")
    derivation = chainrule.derive(name)
    written = write(derivation, "jax", tmp_path, OTHERS.get(name))
    check(written, derivation, name, normal_inputs(written))
    for kink in derivation.kinks:
        if isinstance(kink.jax, chainrule.Expr) and not symbols(kink.jax, kink.at):
            point = np.array([float(str(kink.at))], np.float32)
            assert written.slopes(point)[0] == np.float32(float(str(kink.jax)))


@pytest.mark.parametrize("save", ["input", "output"])
@pytest.mark.parametrize("name", SMOOTH)
def test_jax_transformations(name: str, save: str, tmp_path: Path) -> None:
    jax = pytest.importorskip("jax")
    derivation = chainrule.derive(name)
    if save == "output" and derivation.output_form is None:
        return
    module = write(derivation, "jax", tmp_path, save=save).module
    more = (0.25,) if name in OTHERS else ()

    def function(x: Any) -> Any:
        return getattr(module, name)(x, *more)

    x = jax.numpy.linspace(-2.9, 3.1, 13, dtype=jax.numpy.float32)
    second = chainrule.derive(chainrule.diff(derivation.function, "x"), "x").derivative
    fixed = dict(derivation.problem.defaults)
    fixed |= {chainrule.parse("y"): chainrule.parse("1/4")} if more else {}
    wanted = [_value(second, fixed, float(v)) for v in x]
    slope = jax.grad(function)
    for found in (
        jax.vmap(jax.grad(slope))(x),
        jax.jit(jax.vmap(jax.grad(slope)))(x),
        jax.vmap(jax.jit(jax.jacfwd(slope)))(x),
    ):
        assert found.dtype == jax.numpy.float32
        assert np.allclose(found, wanted, rtol=1e-5, atol=1e-6)
    assert np.array_equal(jax.jit(function)(x), function(x))
    assert np.array_equal(jax.vmap(function)(x), function(x))
    total = jax.grad(lambda x: function(x).sum())(x)
    assert np.array_equal(total, jax.jit(jax.vmap(slope))(x))


def _value(expr: chainrule.Expr, fixed: dict[Any, Any], x: float) -> float:
    from fractions import Fraction

    from chainrule.expr.nodes import Number, substitute
    from chainrule.verify.balls import compile_balls

    whole = substitute(expr, {**fixed, chainrule.parse("x"): Number(Fraction(x))})
    [ball] = compile_balls([whole]).run([])
    return float(ball)


def test_jax_parameters(tmp_path: Path) -> None:
    jax = pytest.importorskip("jax")
    leaky = write(chainrule.derive("leaky_relu"), "jax", tmp_path).module.leaky_relu
    assert leaky(-1.0) == np.float32(-0.01)
    by_alpha = jax.grad(lambda alpha: leaky(-3.0, alpha))(0.5)
    assert by_alpha == -3
    assert jax.jit(jax.grad(leaky))(-3.0, 0.25) == 0.25
