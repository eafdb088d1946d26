"""The memory triad o = a·x + g in Triton: what moves the same bytes as a gradient does."""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl


@triton.jit  # type: ignore[untyped-decorator]
def _kernel(x, g, out, n, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def]  # noqa: N803
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    mask = at < n
    result = 1.5 * tl.load(x + at, mask=mask).to(tl.float32)
    result += tl.load(g + at, mask=mask).to(tl.float32)
    tl.store(out + at, result.to(out.dtype.element_ty), mask=mask)


def triad(x: Any, g: Any, out: Any) -> Any:
    """1.5 x + g in ``out``, for tensors of one dimension."""
    n = out.numel()
    with torch.cuda.device_of(out):
        _kernel[(triton.cdiv(n, 1024),)](x, g, out, n, BLOCK=1024)
    return out
