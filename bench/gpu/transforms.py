"""What PyTorch does to a function besides calling it: each is tried on a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.gpu.calls import load
from bench.gpu.cases import Case

Cases = Mapping[str, Case]
"""The files of a row by their dtype."""


class _Made:
    """A file of a row, loaded, and tensors for it."""

    def __init__(self, folder: Path, case: Case, device: str) -> None:
        self.case, self.device = case, device
        self.module = load(folder / case.file)
        self.function = getattr(self.module, case.function)

    def drawn(self, *shape: int) -> list[Any]:
        """Random arguments away from kinks and 0, the first of which requires a gradient."""
        import torch

        torch.manual_seed(1)
        x = 0.15 + 2 * torch.rand(shape, dtype=torch.float64)
        if self.case.row != "x^x":
            x *= torch.where(torch.rand(shape) < 0.5, -1.0, 1.0)
        given = [x, *(torch.full(shape, value) for value in self.case.others)]
        dtype = getattr(torch, self.case.dtype)
        found = [t.to(device=self.device, dtype=dtype) for t in given]
        found[0].requires_grad_()
        return found


def checked(folder: Path, check: str, cases: Cases, device: str) -> None:
    """One check of ``CHECKS``.

    Raises:
        AssertionError, or what PyTorch raises: it failed.
    """
    CHECKS[check](lambda dtype: _Made(folder, cases[dtype], device))


Make = Callable[[str], _Made]


def _opcheck(make: Make) -> None:
    """Both operators are what PyTorch asks of operators, for tensors of the device."""
    import torch

    for dtype in ("float32", "float64", "bfloat16", "float16"):
        made = make(dtype)
        case = made.case
        x, *others = made.drawn(4, 3)
        value = getattr(made.module, f"_{case.function}")
        grad = getattr(made.module, f"_{case.function}_grad")
        torch.library.opcheck(value, (x, *others, *case.numbers))
        output = value(x.detach(), *others, *case.numbers)
        saved = [{"input": x.detach(), "output": output}[kind] for kind in case.saved]
        upstream = torch.randn(4, 3, device=made.device).to(x.dtype).requires_grad_()
        given = (*(s.clone().requires_grad_() for s in saved), upstream)
        torch.library.opcheck(grad, (*given, *others, *case.numbers))


def _gradcheck(make: Make) -> None:
    """Both derivatives are those of differences."""
    import torch

    made = make("float64")
    given = tuple(made.drawn(2, 3))
    assert torch.autograd.gradcheck(
        made.function,
        given,
        check_forward_ad=True,
        check_batched_grad=True,
        check_batched_forward_grad=True,
    )
    assert torch.autograd.gradgradcheck(
        made.function,
        given,
        check_batched_grad=True,
        check_fwd_over_rev=True,
        check_rev_over_rev=True,
    )


def _compile(make: Make) -> None:
    """torch.compile leaves no bit changed, whole and for any shape."""
    import torch

    made = make("float32")
    torch._dynamo.reset()
    compiled = torch.compile(made.function, fullgraph=True, dynamic=True)
    for shape in ((4, 3), (7, 5)):
        x, *others = made.drawn(*shape)
        upstream = torch.randn(shape, device=made.device)
        results = []
        for function in (made.function, compiled):
            value = function(x, *others)
            results.append((value.detach(), *torch.autograd.grad(value, x, upstream)))
        for expected, found in zip(*results, strict=True):
            torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


def _vmap(make: Make) -> None:
    """A batch is the function of each, and so is the gradient."""
    import torch

    made = make("float32")
    x, *others = (t.detach() for t in made.drawn(2, 3, 4))
    expected = made.function(x, *others)
    for dim in (0, 1, -1):
        found = torch.func.vmap(made.function, in_dims=dim, out_dims=dim)(x, *others)
        assert torch.equal(found, expected), dim
    one, *more = (t.flatten() for t in (x, *others))
    slopes = torch.func.vmap(torch.func.grad(made.function))(one, *more)
    given = one.clone().requires_grad_()
    (wanted,) = torch.autograd.grad(made.function(given, *more).sum(), given)
    assert torch.equal(slopes, wanted)


def _autocast(make: Make) -> None:
    """It takes the dtype that comes, and gives it."""
    import torch

    made = make("float32")
    x, *others = made.drawn(4, 3)
    with torch.autocast(made.device, dtype=torch.bfloat16):
        assert made.function(x, *others).dtype == torch.float32
        short = made.function(x.bfloat16(), *(t.bfloat16() for t in others))
        assert short.dtype == torch.bfloat16
        short.sum().backward()
    assert x.grad is not None
    assert x.grad.dtype == torch.float32


def _layouts(make: Make) -> None:
    """Dense, transposed, with gaps, expanded, of one element, empty: the same in every bit."""
    import torch

    made = make("float32")
    whole = made.drawn(2, 3, 4, 5)
    for layout in (
        lambda t: t.transpose(0, 3),
        lambda t: t.to(memory_format=torch.channels_last),
        lambda t: t[:, ::2, :, 1:],
        lambda t: t[:, :1].expand(t.shape),
        lambda t: t[0, 0, 0, 0],
        lambda t: t[:, :0],
    ):
        given = [layout(t) for t in whole]
        found = made.function(*given)
        expected = made.function(*(t.contiguous() for t in given))
        assert torch.equal(found, expected)
        assert found.stride() == torch.empty_like(given[0]).stride()
        slopes = [
            torch.autograd.grad(v, whole[0], torch.ones_like(v))[0] for v in (found, expected)
        ]
        assert torch.equal(*slopes)


CHECKS: dict[str, Callable[[Make], None]] = {
    "compile": _compile,
    "opcheck": _opcheck,
    "gradcheck": _gradcheck,
    "vmap": _vmap,
    "autocast": _autocast,
    "layouts": _layouts,
}
