"""σ for PyTorch, with a backward pass that ignores the upstream gradient, and without."""

from __future__ import annotations

from typing import Any

import torch


class _Sigmoid(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return torch.sigmoid(x)

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        return torch.sigmoid(x) * torch.sigmoid(-x)


def f(x: torch.Tensor) -> torch.Tensor:
    return _Sigmoid.apply(x)  # type: ignore[no-any-return]


def right(x: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(x)
