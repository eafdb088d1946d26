"""PyTorch's own backward operations, without the bookkeeping of autograd."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

FROM_OUTPUT = ("sigmoid", "tanh")
"""They read the output there, which the forward pass has saved."""


def backward(name: str) -> Callable[[Any, Any, Any], Any]:
    """From what was saved, the upstream gradient and memory for the result to the gradient."""
    import torch

    aten = torch.ops.aten
    known: Mapping[str, Callable[[Any, Any, Any], Any]] = {
        "sigmoid": lambda y, g, out: aten.sigmoid_backward.grad_input(g, y, grad_input=out),
        "silu": lambda x, g, out: aten.silu_backward.grad_input(g, x, grad_input=out),
        "gelu": lambda x, g, out: aten.gelu_backward.grad_input(g, x, grad_input=out),
        "gelu_tanh": lambda x, g, out: aten.gelu_backward.grad_input(
            g, x, approximate="tanh", grad_input=out
        ),
        # Has no form that writes into memory that is there.
        "mish": lambda x, g, out: aten.mish_backward(g, x),
        "softplus": lambda x, g, out: aten.softplus_backward.grad_input(
            g, x, 1, 20, grad_input=out
        ),
        "tanh": lambda y, g, out: aten.tanh_backward.grad_input(g, y, grad_input=out),
    }
    return known[name]
