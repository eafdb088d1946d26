"""The target PyTorch: custom operators with fake kernels, two derivatives, and vmap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chainrule.codegen.lower import Lowered
from chainrule.codegen.python import (
    PYTHON_WORDS,
    bracketed,
    call_lines,
    define,
    parameters,
    together,
)
from chainrule.codegen.source import (
    INFIX,
    Job,
    Language,
    Level,
    Shape,
    body,
    calls,
    docstring,
    program,
)
from chainrule.expr.nodes import ZERO, Expr

_TORCH = {
    **{name: name for name in ("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt")},
    **{name: name for name in ("sin", "cos", "tan", "asin", "acos", "atan", "atan2")},
    **{name: name for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")},
    **{name: name for name in ("erf", "erfc", "erfinv", "lgamma", "digamma")},
    **{name: name for name in ("floor", "ceil", "trunc", "abs")},
    **{"power": "pow"},
}
# Not here: sign loses a NaN, maximum and minimum take no numbers; cases say it as well.

LANGUAGE = Language(
    shapes={
        **INFIX,
        **calls(_TORCH, "torch."),
        "select": Shape("torch.where({0}, {1}, {2})"),
        "undefined": Shape("torch.nan"),
        "logical_and": Shape("{0} & {1}", Level.RELATION, (Level.SUM, Level.SUM)),
    },
    number=repr,
    reserved=PYTHON_WORDS
    | {"math", "torch", "Tensor", "ctx", "inputs", "output", "upstream", "again"},
)
_MATH = ("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "tanh")
_MORE = ("sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "erf", "erfc")
_OF_NUMBERS = {
    **calls({name: name for name in (*_MATH, *_MORE, "lgamma", "floor", "ceil", "trunc")}, "math."),
    **calls({"abs": "fabs", "power": "pow", "atan2": "atan2"}, "math."),
    "select": Shape(
        "{1} if {0} else {2}", Level.CONDITIONAL, (Level.RELATION, Level.RELATION, Level.RELATION)
    ),
}
"""Operations of which no operand is a tensor."""

_VMAP = '''\
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
_WORK = {
    True: ["return tensor.double()"],
    False: [
        "short = tensor.dtype in (torch.float16, torch.bfloat16)",
        "return tensor.float() if short else tensor",
    ],
}


def write(forward: Expr, gradient: Expr, job: Job) -> str:
    """A module with NAME, which autograd differentiates twice."""
    named = LANGUAGE.named
    saved = [named(symbol) for symbol in job.saved]
    roots = {"_value": forward, "_slope": gradient}
    slots = {"_value": (job.variable,), "_slope": job.saved}
    curved = []
    for name, second in zip(saved, job.second, strict=True):
        if second is not ZERO:
            curved.append(name)
            roots[f"_slope_by_{name}"] = second
            slots[f"_slope_by_{name}"] = job.saved
    inner = []
    for name, root in roots.items():
        symbols = (*slots[name], *job.extra)
        lowered = program(root, symbols, LANGUAGE)
        arrays = len(slots[name]) + len(job.others)
        lowered, language = _with_numbers(lowered, arrays)
        lines = body(lowered, language, double=job.double)
        if lowered.outputs[0] < len(symbols):
            # An operator may not give back one of its inputs.
            lines[-1] += ".clone()"
        inner.append(define(name, [named(symbol) for symbol in symbols], lines))
    imports = ["import torch", "from torch import Tensor"]
    if any("math." in text for text in inner):
        imports = ["import math", "", *imports]
    title = docstring(job, f"{job.name} and its gradient for PyTorch, made for {job.dtype}.")
    parts = ["\n".join([title, *imports, ""]), *inner]
    parts.append(define("_work", ["tensor"], _WORK[job.double]))
    parts.append(_VMAP)
    other = [named(symbol) for symbol in job.others]
    first = [named(job.variable), *other]
    parts.append(_operator(job, job.name, "_value", [first[0]], upstream=False))
    parts.append(_operator(job, f"{job.name}_grad", "_slope", saved, upstream=True))
    for name in curved:
        inner_name = f"_slope_by_{name}"
        parts.append(_operator(job, f"{job.name}_grad_by_{name}", inner_name, saved, upstream=True))
    parts += [_rule(job, saved), _rule_of_gradient(job, saved, curved), _public(job, first)]
    return "\n\n".join(parts)


def _with_numbers(lowered: Lowered, arrays: int) -> tuple[Lowered, Language]:
    """What is computed of numbers alone is said in Python's own words: no tensor comes in.

    Most of PyTorch's functions take no numbers, and ``torch.where`` makes float32 of two.
    """
    count = len(lowered.inputs) + len(lowered.constants)
    plain = set(range(arrays, count))
    code = []
    shapes = dict(LANGUAGE.shapes)
    tensor = LANGUAGE.named(lowered.inputs[0])
    full = f"torch.full_like({tensor}, {{1}})"
    shapes["select numbers"] = Shape(f"torch.where({{0}}, {full}, {{2}})")
    shapes["atan2 by a number"] = Shape(f"torch.atan2({{0}}, {full})")
    shapes["atan2 of a number"] = Shape(f"torch.atan2(torch.full_like({tensor}, {{0}}), {{1}})")
    for number, instruction in enumerate(lowered.code, count):
        operation, operands = instruction
        if plain.issuperset(operands):
            plain.add(number)
            if operation in _OF_NUMBERS:
                operation = f"{operation} of numbers"
                shapes[operation] = _OF_NUMBERS[instruction.operation]
        elif operation == "select" and plain.issuperset(operands[1:]):
            operation = "select numbers"
        elif operation == "atan2" and not plain.isdisjoint(operands):
            operation = "atan2 by a number" if operands[1] in plain else "atan2 of a number"
        code.append(instruction._replace(operation=operation))
    return replace(lowered, code=tuple(code)), replace(LANGUAGE, shapes=shapes)


def _inputs(job: Job, first: Sequence[str]) -> list[str]:
    """Tensors and numbers in the order in which the operators take them."""
    other = [LANGUAGE.named(symbol) for symbol in job.others]
    return [*first, *other, *_numbers(job)]


def _unpacked(given: Sequence[str], used: Sequence[str]) -> list[str]:
    """What is used of the inputs, by its name."""
    if not set(given) & set(used):
        return []
    return [f"{together([n if n in used else f'_{n}' for n in given])} = inputs"]


def _numbers(job: Job) -> list[str]:
    return [LANGUAGE.named(symbol) for symbol, _ in job.parameters]


def _operator(job: Job, name: str, inner: str, first: Sequence[str], *, upstream: bool) -> str:
    """An operator, what it does to shapes, and to batches."""
    tensors = [*first, *(["upstream"] if upstream else [])]
    given = _inputs(job, tensors)
    typed = [f"{n}: {'float' if n in _numbers(job) else 'Tensor'}" for n in given]
    worked = [f"_work({n})" if n not in _numbers(job) else n for n in _inputs(job, first)]
    lines = call_lines(f"{'slope' if upstream else 'value'} = {inner}", worked)
    result = "_work(upstream) * slope" if upstream else "value"
    like = tensors[-1]
    lines.append(
        f"return ({result}).to({like}.dtype)" if upstream else f"return value.to({like}.dtype)"
    )
    fake = define("_", given, [f"return torch.empty_like({like})"])
    decorator = bracketed(
        "@torch.library.custom_op(", [f'"chainrule::{name}"', "mutates_args=()"], ")"
    )
    own = define(f"_{name}", typed, lines, "Tensor")
    return f"{decorator}\n{own}\n\n@_{name}.register_fake\n{fake}\n\n_batched(_{name})\n"


def _rule(job: Job, saved: Sequence[str]) -> str:
    """The backward pass of the function."""
    other = [LANGUAGE.named(symbol) for symbol in job.others]
    given = _inputs(job, [LANGUAGE.named(job.variable)])
    kept = [*saved, *other]
    # PyTorch gives the result by the name `output`.
    stored = ["output" if name == LANGUAGE.named(job.output) else name for name in kept]
    keep = [
        *_unpacked(given, [*kept, *_numbers(job)]),
        *call_lines("ctx.save_for_backward", stored),
    ]
    if job.parameters:
        keep.append(f"ctx.numbers = {together(_numbers(job))}")
    back = []
    if other:
        back += [
            f"if any(ctx.needs_input_grad[1:{1 + len(other)}]):",
            f'    raise NotImplementedError("only {LANGUAGE.named(job.variable)} has a gradient")',
        ]
    back.append(f"{together(kept)} = ctx.saved_tensors")
    numbers = ["*ctx.numbers"] if job.parameters else []
    back += call_lines(f"grad = _{job.name}_grad", [*saved, "upstream", *other, *numbers])
    back.append(f"return {', '.join(['grad', *['None'] * (len(given) - 1)])}")
    setup = define(f"_keep_{job.name}", ["ctx", "inputs", "output"], keep)
    backward = define(f"_backward_{job.name}", ["ctx", "upstream"], back)
    register = bracketed(
        f"_{job.name}.register_autograd(",
        [f"_backward_{job.name}", f"setup_context=_keep_{job.name}"],
        ")",
    )
    return f"{setup}\n\n{backward}\n\n{register}\n"


def _rule_of_gradient(job: Job, saved: Sequence[str], curved: Sequence[str]) -> str:
    """The backward pass of the backward pass."""
    other = [LANGUAGE.named(symbol) for symbol in job.others]
    name = f"{job.name}_grad"
    given = _inputs(job, [*saved, "upstream"])
    kept = [*saved, *(["upstream"] if curved else []), *other]
    keep = [*_unpacked(given, [*kept, *_numbers(job)]), *call_lines("ctx.save_for_backward", kept)]
    if job.parameters:
        keep.append(f"ctx.numbers = {together(_numbers(job))}")
    numbers = ["*ctx.numbers"] if job.parameters else []
    back = [f"{together(kept)} = ctx.saved_tensors"]
    for symbol in curved:
        parts = [*saved, "upstream * again", *other, *numbers]
        back += call_lines(f"by_{symbol} = _{name}_by_{symbol}", parts)
    back += call_lines(f"by_upstream = _{name}", [*saved, "again", *other, *numbers])
    found = [f"by_{s}" if s in curved else f"torch.zeros_like({s})" for s in saved]
    nothing = ["None"] * (len(given) - len(saved) - 1)
    back.append(f"return {', '.join([*found, 'by_upstream', *nothing])}")
    setup = define(f"_keep_{name}", ["ctx", "inputs", "output"], keep)
    backward = define(f"_backward_{name}", ["ctx", "again"], back)
    register = bracketed(
        f"_{name}.register_autograd(",
        [f"_backward_{name}", f"setup_context=_keep_{name}"],
        ")",
    )
    return f"{setup}\n\n{backward}\n\n{register}\n"


def _public(job: Job, first: Sequence[str]) -> str:
    given = [*(f"{n}: Tensor" for n in first), *parameters(job, LANGUAGE, annotated=True)]
    lines = ['"""The function, for a tensor of any shape and floating-point dtype."""']
    if len(first) > 1:
        lines.append(f"{', '.join(first)} = torch.broadcast_tensors({', '.join(first)})")
    lines += call_lines(f"return _{job.name}", [*first, *_numbers(job)])
    return define(job.name, given, lines, "Tensor")
