"""What two processes do with a file for PyTorch: ``python torch_processes.py RANK STORE FILE``.

Each result is compared with what one process has for the whole; an assertion that fails ends the
process with its traceback. The function is named like the file, and takes one tensor, or two.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh

PROCESSES = 2
ROUNDING = {"rtol": 1e-5, "atol": 1e-6}


def load(path: Path) -> Callable[..., Tensor]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    function: Callable[..., Tensor] = getattr(module, path.stem)
    return function


class Model(nn.Module):
    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.first = nn.Linear(6, 16)
        self.second = nn.Linear(16, 4)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.second(self.function(self.first(x)))
        return found


def gradients(model: nn.Module, x: Tensor) -> list[Tensor]:
    model(x).square().mean().backward()
    return [p.grad for p in model.parameters() if p.grad is not None]


def data_parallel(function: Callable[..., Tensor], rank: int) -> None:
    """DistributedDataParallel and FSDP2: each process has half of the batch."""
    from torch.distributed.fsdp import fully_shard
    from torch.distributed.tensor import DTensor
    from torch.nn.parallel import DistributedDataParallel

    torch.manual_seed(3)
    model = Model(function)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    batch = torch.randn(8, 6)
    mine = batch.chunk(PROCESSES)[rank]
    whole = gradients(model, batch)
    for wrap in (DistributedDataParallel, fully_shard):
        fresh = Model(function)
        fresh.load_state_dict(state)
        parts = gradients(wrap(fresh), mine)
        assert len(parts) == len(whole)
        for part, expected in zip(parts, whole, strict=True):
            full = part.full_tensor() if isinstance(part, DTensor) else part
            torch.testing.assert_close(full, expected, **ROUNDING)


def sharded(function: Callable[..., Tensor], count: int) -> None:
    """DTensor: the placements stay, and every bit is what one process computes."""
    from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor

    mesh = init_device_mesh("cpu", (PROCESSES,))
    torch.manual_seed(4)
    for shape in ((4, 6), (5, 3)):
        whole = [torch.randn(shape).requires_grad_(i == 0) for i in range(count)]
        upstream = torch.randn(shape)
        value = function(*whole)
        (grad,) = torch.autograd.grad(value, whole[0], upstream, create_graph=True)
        (second,) = torch.autograd.grad(grad.square().sum(), whole[0])
        for placement in (Shard(0), Shard(1), Replicate()):
            parts = [
                distribute_tensor(t.detach(), mesh, [placement]).requires_grad_(t.requires_grad)
                for t in whole
            ]
            found = function(*parts)
            assert found.placements == (placement,)
            assert torch.equal(found.full_tensor(), value)
            above = distribute_tensor(upstream, mesh, [placement])
            (found,) = torch.autograd.grad(found, parts[0], above, create_graph=True)
            assert found.placements == (placement,)
            assert torch.equal(found.full_tensor(), grad)
            (found,) = torch.autograd.grad(found.square().sum(), parts[0])
            torch.testing.assert_close(found.full_tensor(), second, **ROUNDING)
        # A sum that is still to be taken: it is, before the function is.
        halves = [DTensor.from_local(t.detach() / PROCESSES, mesh, [Partial()]) for t in whole]
        found = function(*halves)
        assert found.placements[0] != Partial()
        assert torch.equal(found.full_tensor(), value)


def compiled(function: Callable[..., Tensor], count: int) -> None:
    """torch.compile of shards, forward and backward."""
    from torch.distributed.tensor import Shard, distribute_tensor

    mesh = init_device_mesh("cpu", (PROCESSES,))
    torch.manual_seed(5)
    whole = [torch.randn(4, 6) for _ in range(count)]
    parts = [distribute_tensor(t, mesh, [Shard(0)]) for t in whole]
    parts[0].requires_grad_()
    whole[0].requires_grad_()
    function(*whole).sum().backward()
    torch.compile(function, backend="aot_eager", fullgraph=True)(*parts).sum().backward()
    grad: Any = parts[0].grad
    assert torch.equal(grad.full_tensor(), whole[0].grad)


def main(rank: int, store: str, path: Path) -> None:
    dist.init_process_group(
        "gloo",
        init_method=f"file://{store}",
        rank=rank,
        world_size=PROCESSES,
        timeout=timedelta(seconds=120),
    )
    torch.set_num_threads(1)
    function = load(path)
    kinds = [p.annotation for p in inspect.signature(function).parameters.values()]
    count = sum(kind is Tensor for kind in kinds)
    # The compiler comes first: it has to tell DTensor of the operators as well.
    compiled(function, count)
    sharded(function, count)
    if count == 1:
        data_parallel(function, rank)
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
