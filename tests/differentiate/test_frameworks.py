"""Our derivatives of catalogue functions beside the gradients of PyTorch and JAX in float64.

The frameworks compute with their own code, forward and backward; ours is evaluated by mpmath
with 30 digits. Points are random, so none is a kink.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import sympy

import chainrule
from chainrule.expr.catalogue import BY_NAME, Entry
from chainrule.parsing.sympy_bridge import to_sympy
from frameworks import JAX, SINGLE, TORCH, samples

pytestmark = pytest.mark.slow

BY_OTHERS = (("glu", "g"), ("gaussian_nll", "v"), ("squared_error", "y"), ("margin_ranking", "x_2"))
"""Arguments but the first."""

TOLERANCE = 1e-10


def our_derivative(entry: Entry, variable: str) -> Callable[..., Any]:
    """d/dvariable as a function of all symbols, evaluated by mpmath."""
    formula = chainrule.parse(f"{entry.name}({', '.join(entry.symbols)})")
    derivative = to_sympy(chainrule.diff(formula, variable))
    by_name = {symbol.name: symbol for symbol in derivative.free_symbols}
    order = [by_name.get(name, sympy.Dummy()) for name in entry.symbols]
    step = {"Heaviside": lambda u, at_zero: at_zero if u == 0 else mpmath.mpf(u > 0)}
    function: Callable[..., Any] = sympy.lambdify(order, derivative, [step, "mpmath"])
    return function


def check(
    entry: Entry, variable: str, gradient: Callable[..., list[float]], tolerance: float = TOLERANCE
) -> None:
    ours = our_derivative(entry, variable)
    for arguments, parameters in samples(entry):
        theirs = gradient(variable, arguments, parameters)
        for index, got in enumerate(theirs):
            point = [values[index] for values in arguments.values()]
            with mpmath.workdps(30):
                truth = ours(*map(mpmath.mpf, (*point, *parameters.values())))
            where = dict(zip(entry.symbols, (*point, *parameters.values()), strict=True))
            assert got == pytest.approx(float(truth), rel=tolerance, abs=tolerance), where


def cases(functions: dict[str, Callable[..., Any]]) -> list[tuple[str, str]]:
    firsts = [(name, BY_NAME[name].arguments[0]) for name in functions]
    return firsts + [(name, variable) for name, variable in BY_OTHERS if name in functions]


def test_enough_functions_are_compared() -> None:
    assert len(TORCH.keys() | JAX.keys()) >= 40


@pytest.mark.parametrize(("name", "variable"), cases(TORCH))
def test_gradients_of_pytorch(name: str, variable: str) -> None:
    torch = pytest.importorskip("torch")

    def gradient(
        by: str, arguments: dict[str, list[float]], parameters: dict[str, float]
    ) -> list[float]:
        tensors = {
            symbol: torch.tensor(values, dtype=torch.float64, requires_grad=symbol == by)
            for symbol, values in arguments.items()
        }
        TORCH[name](torch, *tensors.values(), *parameters.values()).sum().backward()
        found: list[float] = tensors[by].grad.tolist()
        return found

    check(BY_NAME[name], variable, gradient, 1e-7 if name in SINGLE else TOLERANCE)


@pytest.mark.parametrize(("name", "variable"), cases(JAX))
def test_gradients_of_jax(name: str, variable: str) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    position = BY_NAME[name].arguments.index(variable)

    def gradient(
        by: str, arguments: dict[str, list[float]], parameters: dict[str, float]
    ) -> list[float]:
        def total(*arrays: Any) -> Any:
            return JAX[name](jax, *arrays, *parameters.values()).sum()

        arrays = [jax.numpy.asarray(values) for values in arguments.values()]
        found: list[float] = jax.grad(total, argnums=position)(*arrays).tolist()
        return found

    check(BY_NAME[name], variable, gradient)
