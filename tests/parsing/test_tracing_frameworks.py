"""Functions made of PyTorch's and JAX's: followed and right, or refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import pytest

import chainrule
from chainrule.errors import InputError
from chainrule.expr.nodes import Expr
from chainrule.parsing.definitions import expand_all
from chainrule.parsing.tracing import trace
from oracle import evaluate

POINTS = (0.3, -0.7, 2.25)


def overridable() -> Iterator[tuple[str, Callable[..., Any]]]:
    """PyTorch's functions that hand over to what is no tensor of its."""
    torch = pytest.importorskip("torch")
    named = torch.overrides.get_testing_overrides()
    for module in (torch, torch.nn.functional, torch.special):
        for name in sorted(dir(module)):
            function = getattr(module, name)
            if not name.endswith("_") and callable(function) and function in named:
                yield f"{module.__name__}.{name}", function


@pytest.mark.slow
def test_every_function_of_pytorchs_is_followed_or_refused() -> None:
    """Of one number, and of one and another: the value is PyTorch's own."""
    followed = set()
    for name, function in overridable():
        for more in ((), (1.5,)):
            try:
                expr = of_one(function, more)
            except InputError:
                continue
            for point in POINTS:
                wanted = pytorchs(function, point, more)
                if wanted is not None:
                    got = value(expr, point)
                    if got is None and point < 0 and "gamma" in name:
                        continue  # ln|Γ| is that for positive numbers
                    assert got == pytest.approx(wanted, rel=1e-7, abs=1e-12), (name, point)
                    followed.add(name.rpartition(".")[2])
    names = "exp log sin tanh sigmoid erf sqrt rsqrt abs pow add sub mul div xlogy sinc clamp"
    more_names = "relu elu selu celu gelu silu mish softplus leaky_relu hardtanh logsigmoid relu6"
    assert followed >= {*names.split(), *more_names.split()}


def of_one(function: Callable[..., Any], more: tuple[float, ...]) -> Expr:
    return trace(lambda x: function(x, *more))[0]


def pytorchs(function: Callable[..., Any], point: float, more: tuple[float, ...]) -> float | None:
    """What PyTorch makes of it; some functions take no plain number beside a tensor."""
    import torch

    x, *others = (torch.tensor(u, dtype=torch.float64) for u in (point, *more))
    for arguments in ((x, *more), (x, *others)):
        try:
            found = function(*arguments).item()
        except (TypeError, RuntimeError, AttributeError, ValueError):
            continue
        return found if isinstance(found, float) and found == found else None  # no NaN
    return None


def value(expr: Expr, point: float) -> float | None:
    try:
        found = evaluate(expand_all(expr), {"x": mpmath.mpf(point)})
        return float(found) if not isinstance(found, mpmath.mpc) else None
    except (ValueError, ZeroDivisionError):
        return None


@pytest.mark.slow
def test_options_of_pytorchs_functions() -> None:
    functional = pytest.importorskip("torch").nn.functional
    tanh = trace(lambda x: functional.gelu(x, approximate="tanh"))[0]
    assert tanh is not trace(lambda x: functional.gelu(x))[0]
    assert str(trace(lambda x: functional.elu(x, alpha=0.5))[0]) == "elu(x, 0.5)"
    assert str(trace(lambda x, a: functional.elu(x, alpha=a))[0]) == "elu(x, a)"
    assert str(trace(lambda x: functional.relu(x, inplace=True))[0]) == "relu(x)"


@pytest.mark.slow
def test_conditions_tensors_and_modules() -> None:
    torch = pytest.importorskip("torch")
    shown = chainrule.diff(lambda x: torch.where(x > 1, x**2, torch.exp(x)))
    assert str(shown) == "{x > 1: 2*x, x < 1: e^x}"
    assert str(chainrule.diff(lambda x: torch.tensor(2.5) * x)) == "2.5"
    assert str(chainrule.diff(lambda x: torch.clamp(x, min=0) * 2)) == "{x < 0: 0, x > 0: 2}"
    module = torch.nn.SiLU()
    assert chainrule.diff(lambda x: module(x)) is chainrule.diff("silu(x)")


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda torch: lambda x: torch.sum(x),
        lambda torch: lambda x: torch.softmax(x, 0),
        lambda torch: lambda x: torch.nn.functional.dropout(x),
        lambda torch: lambda x: torch.nn.Linear(1, 1)(x),
        lambda torch: lambda x: torch.add(x, x, alpha=2),
        lambda torch: lambda x: torch.stack([x, x]),
        lambda torch: lambda x: torch.tensor([1.0, 2.0]) * x,
        lambda torch: lambda x: x.exp(),
        lambda torch: torch.sigmoid,
        lambda torch: torch.nn.SiLU(),
    ],
)
def test_what_pytorch_does_to_tensors_is_refused(make: Callable[[Any], Any]) -> None:
    with pytest.raises(InputError):
        chainrule.diff(make(pytest.importorskip("torch")))


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda jax: lambda x: jax.numpy.exp(x),
        lambda jax: lambda x: jax.numpy.where(x > 0, x, 0),
        lambda jax: lambda x: jax.nn.gelu(x),
        lambda jax: lambda x: jax.lax.exp(x),
        lambda jax: jax.nn.silu,
        lambda jax: jax.jit(lambda x: x * x),
        lambda jax: jax.grad(lambda x: x * x),
    ],
)
def test_functions_of_jax_are_refused_with_a_hint(make: Callable[[Any], Any]) -> None:
    with pytest.raises(InputError, match="for those of JAX write NumPy's"):
        chainrule.diff(make(pytest.importorskip("jax")))


def test_other_libraries() -> None:
    import sympy

    with pytest.raises(InputError, match="cannot be followed"):
        chainrule.diff(lambda x: mpmath.exp(x))
    with pytest.raises(InputError, match="functions of SymPy need a number"):
        chainrule.diff(lambda x: sympy.exp(x))
    numba = pytest.importorskip("numba")
    assert str(chainrule.diff(numba.njit(lambda x: x**2))) == "2*x"


def test_parameters_that_would_be_one() -> None:
    with pytest.raises(InputError, match="would both be x"):
        chainrule.diff(lambda x, x_: x * x_)
