"""What every file for PyTorch has, whatever the function is: sections of text."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.codegen.numba import Scalars
from chainrule.codegen.numba_sections import ODD
from chainrule.codegen.python import LONGEST, call_lines, define, tuple_of
from chainrule.codegen.source import indented

_WORK = {
    True: ["return tensor.double()"],
    False: [
        "short = tensor.dtype in (torch.float16, torch.bfloat16)",
        "return tensor.float() if short else tensor",
    ],
}
_STORED = {
    True: [
        '"""The result in a tensor like another one, rounded once."""',
        "if like.dtype in (torch.float16, torch.bfloat16):",
        "    # By way of float32, and of its odd neighbour if it is between two: as Boldo and",
        "    # Melquiond have shown, the second rounding does no harm then.",
        "    near = wide.float()",
        "    size, bits = near.double().abs(), near.view(torch.int32)",
        "    step = (wide.abs() > size).int() - (wide.abs() < size).int()",
        "    wide = (bits + step * (1 - (bits & 1))).view(torch.float32)",
        "return torch.empty_like(like).copy_(wide)",
    ],
    False: [
        '"""The result in a tensor like another one."""',
        "return torch.empty_like(like).copy_(wide)",
    ],
}


def titled(title: str, sections: Sequence[str]) -> list[str]:
    """Sections that begin with a line of what they are for; none if there are none."""
    if not sections:
        return []
    first, *rest = sections
    return [f"# --- {title} ".ljust(LONGEST, "-") + f"\n{first}", *rest]


def working(double: bool) -> list[str]:
    """``_work`` and ``_stored``: into the format of the arithmetic, and out of it."""
    stored = define("_stored", ["wide", "like"], _STORED[double])
    return [define("_work", ["tensor"], _WORK[double]), stored]


# --- the CPU ------------------------------------------------------------------------------------
_COMPILED = '''\
@cache
def _compiled():
    """Fills tensors by loops that Numba compiles for their dtype; None without Numba."""
    try:
        import numba
        import numpy as np
    except ImportError:
        return None

'''
_FILL = '''\
def fill(name, numbers, part):
    """The last tensor of a part from the others, all of them flat."""
    loop = {"value": values, "grad": grads}[name]
    if part[-1].element_size() > 2:
        loop(False, *[tensor.numpy() for tensor in part], *numbers)
        return
    for block in zip(*[tensor.split(_BLOCK) for tensor in part]):
        work = [tensor.float() for tensor in block]
        loop(True, *[tensor.numpy() for tensor in work], *numbers)
        block[-1].copy_(work[-1])

return fill
'''
FLAT = '''\
def _flat(tensors):
    """A new tensor like the first, and all in one dimension, in its order: it comes last."""
    out = torch.empty_like(tensors[0])
    order = sorted(range(out.ndim), key=out.stride, reverse=True)
    flat = [t.detach().permute(order).reshape(-1).contiguous() for t in tensors]
    return out, [*flat, out.permute(order).view(-1)]
'''
_FILLED = '''\
_SHARE = 1 << 15  # A thread has no fewer elements,
_BLOCK = 1 << 13  # and takes so many of 16 bits at once.


@cache
def _pool(process, threads):
    """Threads of this process: those of its parent are not there after a fork."""
    return ThreadPoolExecutor(threads)


def _filled(name, tensors, numbers=()):
    """What the compiled loops give, in the layout of the first tensor."""
    out, flat = _flat(tensors)
    threads = max(1, min(torch.get_num_threads(), out.numel() // _SHARE))
    parts = zip(*[tensor.tensor_split(threads) for tensor in flat])
    run = partial(_compiled(), name, numbers)
    if threads == 1:
        run(*parts)
    else:
        list(_pool(os.getpid(), threads).map(run, parts))
    return out
'''


def compiled(
    scalars: Scalars,
    taken: tuple[Sequence[str], Sequence[str]],
    others: Sequence[str],
    numbers: Sequence[str],
    *,
    double: bool,
) -> list[str]:
    """``_compiled`` and ``_filled``: tensors of the CPU by way of NumPy, dense ones without a copy.

    Args:
        scalars: ``value``, ``slope`` and ``each``.
        taken: what each of them takes first.
        others: the arguments that both take after it.
        numbers: the parameters, which come last.
        double: whether the arithmetic is that of float64.
    """
    work = "np.float64" if double else "np.float32"
    loops = []
    for name, inner, first in zip(("values", "grads"), ("value", "slope"), taken, strict=True):
        upstream = ["upstream"] if inner == "slope" else []
        called = [*(f"{work}({array}[i])" for array in (*first, *others)), *numbers]
        depth = 2 if scalars.vectors else 3
        lines = call_lines(f"result = {inner}", called, depth=depth)
        lines += [f"result *= {work}({array}[i])" for array in upstream]
        lines += [f"out[i] = {'odd(result) if short else ' if double else ''}result"]
        given = ["short", *first, *upstream, *others, "out", *numbers]
        if scalars.vectors:
            at = f"{inner}_at"
            element = define(at, ["i", *given], lines, depth=1)
            loops.append(f"@numba.njit(**INLINE)\n{element}")
            lines = call_lines("each", [at, "out.size", tuple_of(given)], depth=2)
        else:
            lines = ["for i in range(out.size):", *(f"    {line}" for line in lines)]
        loops.append(f"@numba.njit(**OPTIONS)\n{define(name, given, lines, depth=1)}")
    odd = [ODD.format(odd="odd")] if double else []
    inside = "\n".join([scalars.options, *scalars.helpers, *scalars.functions, *odd, *loops, _FILL])
    return [f"{_COMPILED}{indented([inside])}\n", _FILLED]


DIFFERENTIATED = '''\
def _differentiated(number):
    """Whether a number is a tensor that somebody asks for a derivative by, either way."""
    if not isinstance(number, Tensor):
        return False
    dual = torch.autograd.forward_ad.unpack_dual(number)
    return number.requires_grad and torch.is_grad_enabled() or dual.tangent is not None
'''


# --- batches, and tensors in several places -----------------------------------------------------
BATCHED = '''\
def _batched(op):
    """Lets vmap through: the dimension of the batch comes first in every tensor."""

    def rule(info, in_dims, *args):
        moved = []
        for arg, dim in zip(args, in_dims):
            if isinstance(arg, Tensor) and dim is None:
                arg = arg.expand(info.batch_size, *arg.shape)
            elif isinstance(arg, Tensor):
                arg = arg.movedim(dim, 0)
            moved.append(arg)
        return op(*moved), 0

    op.register_vmap(rule)
'''
_SHARDED = '''\
@cache
def _register_sharding():
    """Tells DTensor that elements go each by itself: shards stay where they are."""
    from torch.distributed.tensor import Replicate, Shard
    from torch.distributed.tensor.experimental import register_sharding

    def rule(*args):
        ways = [Replicate(), *(Shard(dim) for dim in range(args[0].ndim))]
        tensors = [hasattr(arg, "ndim") for arg in args]
        return [([way], [way if t else None for t in tensors]) for way in ways]

    ops = torch.ops.chainrule
    register_sharding(ops.NAME.default)(rule)
    register_sharding(ops.NAME_grad.default)(rule)


@torch.compiler.assume_constant_result
def _sharded():
    _register_sharding()
'''


def sharded(name: str) -> str:
    """``_sharded``: what DTensor has to know. Its import takes long: not before it is used."""
    return _SHARDED.replace("NAME", name)
