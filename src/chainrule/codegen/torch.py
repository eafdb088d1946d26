"""The target PyTorch: custom operators with fake kernels, two derivatives, and vmap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from zlib import crc32

from chainrule.codegen import triton
from chainrule.codegen.numba import DOUBLE, scalars
from chainrule.codegen.python import (
    CHOICES,
    PYTHON_WORDS,
    bracketed,
    call_lines,
    define,
    of_arrays,
    parameters,
    together,
    tuple_of,
    unlike_extremes,
)
from chainrule.codegen.source import (
    Language,
    Spelling,
    body,
    calls,
    decimal,
    docstring,
    indented,
    program,
)
from chainrule.codegen.torch_sections import (
    BATCHED,
    DIFFERENTIATED,
    FLAT,
    compiled,
    sharded,
    titled,
    working,
)
from chainrule.errors import InputError
from chainrule.expr.nodes import ZERO, Expr
from chainrule.program.inlining import inlined
from chainrule.program.kernel_spec import KernelSpec
from chainrule.program.library import EVERYWHERE
from chainrule.program.lower import Lowered

_TORCH = {
    **{name: name for name in (*EVERYWHERE, "sqrt", "erf", "erfc", "erfinv", "lgamma", "digamma")},
    **{name: name for name in ("floor", "ceil", "trunc", "abs")},
    **{"power": "pow"},
}
# Not here: sign loses a NaN, maximum and minimum take no numbers; cases say it as well.

LANGUAGE = Language(
    spellings=of_arrays("torch", _TORCH),
    number=decimal,
    reserved=PYTHON_WORDS
    | {"math", "torch", "Tensor", "ctx", "inputs", "output", "dtype"}
    | {"value", "slope", "grad", "upstream", "again", "tangent", "product"},
)
_MATH = (*EVERYWHERE, "sqrt", "erf", "erfc", "lgamma", "floor", "ceil", "trunc")
_OF_NUMBERS = {
    **calls({**{name: name for name in _MATH}, "abs": "fabs", "power": "pow"}, "math."),
    "select": CHOICES["select"],
}
"""Operations of which no operand is a tensor."""


def write(forward: Expr, gradient: Expr, spec: KernelSpec, kernels: str | None = None) -> str:
    """A module with NAME: two operators, and what PyTorch has to know of them.

    Args:
        kernels: for CUDA tensors, see ``on_cuda``; those of the target Triton if left out. With
            none, "", PyTorch's own operations take them.
    """
    if kernels is None:
        kernels = _of_triton(forward, gradient, spec)
    named = LANGUAGE.named
    saved = [named(symbol) for symbol in spec.saved]
    value, slope = spec.library or (forward, gradient)
    roots = {"_value": value, "_slope": slope}
    slots = {"_value": (spec.variable,), "_slope": spec.saved}
    curved = []
    for name, second in zip(saved, spec.second, strict=True):
        if second is not ZERO:
            curved.append(name)
            roots[f"_slope_by_{name}"] = second
            slots[f"_slope_by_{name}"] = spec.saved
    inner = []
    for name, root in roots.items():
        symbols = (*slots[name], *spec.extra)
        lowered, language = _with_numbers(
            program(root, symbols, LANGUAGE), len(slots[name]) + len(spec.others)
        )
        lines = body(lowered, language, double=spec.double)
        inner.append(define(name, [named(symbol) for symbol in symbols], lines))
    cpu = _on_cpu(forward, gradient, spec)
    name = _registered(spec, inner)
    operators = [
        _operator(spec, kind, name, saved, compiled=bool(cpu)) for kind in ("value", "grad")
    ]
    sections = [
        *titled("by operations of PyTorch", [*inner, *working(spec.double)]),
        *titled("tensors as they lie in memory", [FLAT] if cpu or kernels else []),
        *titled("on the CPU", cpu),
        *titled("the operators", [BATCHED, *operators]),
        *titled("on CUDA", [on_cuda(spec, kernels)] if kernels else []),
        *titled(
            "their derivatives", [_rules(spec, saved), _rules_of_gradient(spec, saved, curved)]
        ),
        *titled("tensors in several places", [sharded(name)]),
        *titled("what to call", [*([DIFFERENTIATED] if spec.parameters else []), _public(spec)]),
    ]
    title = docstring(spec, f"{spec.name} and its gradient for PyTorch, made for {spec.dtype}.")
    optional = _imports_of(kernels) if kernels else []
    return "\n\n".join([_heading(title, sections, optional, compiled=bool(cpu)), *sections])


def _imports_of(kernels: str) -> list[str]:
    """What kernels of Triton need, where that is installed."""
    needed = [*triton.IMPORTS, *([triton.FROM_LIBDEVICE] if "libdevice." in kernels else [])]
    return [
        "try:",
        indented(needed),
        "except ImportError:  # PyTorch's own operations do the work",
        "    triton = None",
        "",
    ]


def _heading(
    title: str, sections: Sequence[str], optional: Sequence[str], *, compiled: bool
) -> str:
    """The docstring and the imports."""
    modules = [f"import {m}" for m in ("math", "os") if any(f"{m}." in s for s in sections)]
    names = ["from functools import cache, partial" if compiled else "from functools import cache"]
    if compiled:
        names = ["from concurrent.futures import ThreadPoolExecutor", *names]
    own = ["import torch", "from torch import Tensor", "", *optional]
    return "\n".join([title, *modules, *names, "", *own])


def _of_triton(forward: Expr, gradient: Expr, spec: KernelSpec) -> str:
    """The kernels for CUDA tensors; none if Triton lacks one of the functions.

    Triton calls those of a library too: the shorter of both forms is taken. There ``expm1`` takes
    several times as long as ``exp`` (mish with it: 1.7 triads on an H200, without 1.4).
    """
    choices = [(forward, gradient), *([spec.library] if spec.library is not None else [])]

    def operations(choice: tuple[Expr, Expr]) -> tuple[bool, int]:
        lowered = program(choice[1], (*spec.saved, *spec.extra), LANGUAGE)
        slow = any(operation == "expm1" for operation, _ in lowered.code)
        return slow, len(inlined(lowered, "short").code)

    try:
        return triton.part(*min(choices, key=operations), spec)
    except InputError:
        return ""


def _on_cpu(forward: Expr, gradient: Expr, spec: KernelSpec) -> list[str]:
    """The loops for the CPU; none if Numba lacks one of the functions."""
    try:
        found = scalars(forward, gradient, spec, ("value", "slope"), "each")
    except InputError:
        return []
    named = DOUBLE.named
    return compiled(
        found,
        ([named(spec.variable)], [named(symbol) for symbol in spec.saved]),
        [named(symbol) for symbol in spec.others],
        [named(symbol) for symbol, _ in spec.parameters],
        double=spec.double,
    )


def _with_numbers(lowered: Lowered, arrays: int) -> tuple[Lowered, Language]:
    """What is computed of numbers alone is said in Python's own words: no tensor comes in.

    Most of PyTorch's functions take no numbers, and ``torch.where`` makes float32 of two.
    """
    count = len(lowered.inputs) + len(lowered.constants)
    plain = set(range(arrays, count))
    code = []
    spellings = {**LANGUAGE.spellings, "select of numbers unless": CHOICES["select unless"]}
    tensor = LANGUAGE.named(lowered.inputs[0])
    full = f"torch.full_like({tensor}, {{1}})"
    spellings["select numbers"] = Spelling(f"torch.where({{0}}, {full}, {{2}})")
    spellings["atan2 by a number"] = Spelling(f"torch.atan2({{0}}, {full})")
    spellings["atan2 of a number"] = Spelling(
        f"torch.atan2(torch.full_like({tensor}, {{0}}), {{1}})"
    )
    for number, instruction in enumerate(lowered.code, count):
        operation, operands = instruction
        if plain.issuperset(operands):
            plain.add(number)
            if operation in _OF_NUMBERS:
                operation = f"{operation} of numbers"
                spellings[operation] = _OF_NUMBERS[instruction.operation]
        elif operation == "select" and plain.issuperset(operands[1:]):
            operation = "select numbers"
        elif operation == "atan2" and not plain.isdisjoint(operands):
            operation = "atan2 by a number" if operands[1] in plain else "atan2 of a number"
        code.append(instruction._replace(operation=operation))
    lowered = unlike_extremes(replace(lowered, code=tuple(code)), "select of numbers")
    return lowered, replace(LANGUAGE, spellings=spellings)


# --- the operators ------------------------------------------------------------------------------
def _numbers(spec: KernelSpec) -> list[str]:
    return [LANGUAGE.named(symbol) for symbol, _ in spec.parameters]


def _others(spec: KernelSpec) -> list[str]:
    return [LANGUAGE.named(symbol) for symbol in spec.others]


def _registered(spec: KernelSpec, inner: Sequence[str]) -> str:
    """A name for the operator that no other file has: PyTorch knows one operator of each name.

    A file for another formula or dtype would replace the operators of the first, unnoticed.
    """
    text = "\n".join([spec.dtype, spec.accuracy, *inner])
    return f"{spec.name}_{crc32(text.encode()):08x}"


def _operator(
    spec: KernelSpec, kind: str, registered: str, saved: Sequence[str], *, compiled: bool
) -> str:
    """An operator, what it does to shapes, and to batches."""
    others, numbers = _others(spec), _numbers(spec)
    grad = kind == "grad"
    name = f"{spec.name}_grad" if grad else spec.name
    first = list(saved) if grad else [LANGUAGE.named(spec.variable)]
    tensors = [*first, "upstream", *others] if grad else [*first, *others]
    lines = []
    if compiled:
        # The loops have no more digits than the file's dtype asks for.
        wide = "" if spec.dtype == "float64" else f" and {first[0]}.dtype is not torch.float64"
        parts = [f'"{kind}"', f"[{', '.join(tensors)}]"]
        parts += [f"[{', '.join(numbers)}]"] if numbers else []
        lines += [f"if {first[0]}.is_cpu{wide} and _compiled():"]
        lines += [f"    {line}" for line in call_lines("return _filled", parts, depth=2)]
    lines += _by_operations(spec, first, grad=grad)
    typed = [*(f"{n}: Tensor" for n in tensors), *(f"{n}: float" for n in numbers)]
    fake = define("_", [*tensors, *numbers], [f"return torch.empty_like({first[0]})"])
    full = f'"chainrule::{registered}{"_grad" if grad else ""}"'
    decorator = bracketed("@torch.library.custom_op(", [full, "mutates_args=()"], ")")
    own = define(f"_{name}", typed, lines, "Tensor")
    return f"{decorator}\n{own}\n\n@_{name}.register_fake\n{fake}\n\n_batched(_{name})\n"


def _by_operations(
    spec: KernelSpec, first: Sequence[str], *, grad: bool, depth: int = 1
) -> list[str]:
    """The work done by PyTorch's own operations."""
    worked = [*(f"_work({n})" for n in [*first, *_others(spec)]), *_numbers(spec)]
    lines = call_lines("slope = _slope" if grad else "value = _value", worked, depth=depth)
    result = "_work(upstream) * slope" if grad else "value"
    return [*lines, f"return _stored({result}, {first[0]})"]


def on_cuda(spec: KernelSpec, kernels: str) -> str:
    """The section that has kernels of Triton take CUDA tensors.

    Args:
        kernels: definitions that use ``triton`` and ``tl``, among them functions
            ``_value_on_cuda`` and ``_grad_on_cuda``: they take what the operators take, and give
            back a new tensor like the first.
    """
    others, numbers = _others(spec), _numbers(spec)
    saved = [LANGUAGE.named(symbol) for symbol in spec.saved]
    parts = [kernels]
    for kind, name, first in (
        ("value", spec.name, [LANGUAGE.named(spec.variable)]),
        ("grad", f"{spec.name}_grad", saved),
    ):
        register, own = f'_{name}.register_kernel("cuda")', f"_{kind}_on_cuda"
        if spec.double:
            parts.append(f"{register}({own})\n")
            continue
        # The kernels have no more digits than the file's dtype asks for.
        grad = kind == "grad"
        given = [*first, *(["upstream"] if grad else []), *others, *numbers]
        work = _by_operations(spec, first, grad=grad, depth=3)
        lines = [f"if {first[0]}.dtype is torch.float64:", indented(work)]
        lines += call_lines(f"return {own}", given, depth=2)
        parts.append(f"@{register}\n{define('_', given, lines, depth=1)}")
    inside = "\n".join(part.strip("\n") + "\n" for part in parts).replace("\n\n\n", "\n\n")
    return f"if triton is not None:\n\n{indented([inside])}\n"


# --- their derivatives --------------------------------------------------------------------------
def _keeping(spec: KernelSpec, given: Sequence[str], kept: Sequence[str], *more: str) -> list[str]:
    """The body of ``setup_context``: what is kept of inputs and output, both ways."""
    used = {*kept, *_numbers(spec)}
    lines = [f"{together([n if n in used else f'_{n}' for n in given])} = inputs"]
    # PyTorch gives the result by the name `output`.
    stored = ["output" if n == LANGUAGE.named(spec.output) and n not in given else n for n in kept]
    lines = [] if used.isdisjoint(given) else lines
    for way in ("backward", "forward"):
        lines += call_lines(f"ctx.save_for_{way}", stored)
    if spec.parameters:
        lines.append(f"ctx.numbers = {together(_numbers(spec))}")
    return [*lines, *more]


def _rules(spec: KernelSpec, saved: Sequence[str]) -> str:
    """How the function is differentiated, backward and forward."""
    others = _others(spec)
    given = [LANGUAGE.named(spec.variable), *others, *_numbers(spec)]
    kept = [*saved, *others]
    numbers = ["*ctx.numbers"] if spec.parameters else []
    refuse = f'    raise NotImplementedError("only {given[0]} has a gradient")'
    unpack = f"{together(kept)} = ctx.saved_tensors"
    # A tangent that is missing, and no 0, tells that nobody differentiates by this one.
    keep = _keeping(spec, given, kept, *(["ctx.set_materialize_grads(False)"] if others else []))
    back, ahead = [], []
    if others:
        back += [f"if any(ctx.needs_input_grad[1:{1 + len(others)}]):", refuse]
        back += ["if upstream is None:", f"    return {', '.join(['None'] * len(given))}"]
        ahead += [f"if {' or '.join(f'by_{n} is not None' for n in others)}:", refuse]
    for lines, by in ((back, "upstream"), (ahead, "tangent")):
        lines.append(unpack)
        start = "grad =" if lines is back else "return"
        lines += call_lines(f"{start} _times_slope", [*saved, by, *others, *numbers])
    back.append(f"return {', '.join(['grad', *['None'] * (len(given) - 1)])}")
    tangents = ["tangent", *(f"by_{n}" for n in others), *(["*_"] if numbers else [])]
    return _function(spec.name, given, (keep, back, ahead), "upstream", tangents)


def _rules_of_gradient(spec: KernelSpec, saved: Sequence[str], curved: Sequence[str]) -> str:
    """How the gradient is differentiated; beyond that PyTorch differentiates the formula."""
    others = _others(spec)
    given = [*saved, "upstream", *others, *_numbers(spec)]
    kept = [*saved, "upstream", *others] if curved else [*saved, *others]
    numbers = ["*ctx.numbers"] if spec.parameters else []
    back, ahead = [[f"{together(kept)} = ctx.saved_tensors"] for _ in range(2)]
    worked = [*(f"_work({n})" for n in [*saved, *others]), *numbers]
    for name in curved:
        for lines, by in ((back, "again"), (ahead, f"along_{name}")):
            lines += call_lines(f"slope = _slope_by_{name}", worked)
            lines.append(f"product = _work(upstream) * _work({by}) * slope")
            lines.append(f"by_{name} = product.to(upstream.dtype)")
    back += call_lines("by_upstream = _times_slope", [*saved, "again", *others, *numbers])
    ahead += call_lines("by_upstream = _times_slope", [*saved, "along_upstream", *others, *numbers])
    found = [f"by_{s}" if s in curved else f"torch.zeros_like({s})" for s in saved]
    nothing = ["None"] * (len(given) - len(saved) - 1)
    back.append(f"return {', '.join([*found, 'by_upstream', *nothing])}")
    ahead.append(f"return {' + '.join([*(f'by_{s}' for s in curved), 'by_upstream'])}")
    keep = _keeping(spec, given, kept)
    tangents = [f"along_{n}" if n in curved else f"_along_{n}" for n in saved]
    tangents += ["along_upstream", *(["*_"] if nothing else [])]
    text = _function(f"{spec.name}_grad", given, (keep, back, ahead), "again", tangents)
    lines = ['"""Upstream times the slope, to be differentiated again."""']
    lines += _choice(f"{spec.name}_grad", ["*args"])
    return f"{text}\n\n{define('_times_slope', ['*args'], lines)}"


def _function(
    name: str,
    given: Sequence[str],
    bodies: tuple[list[str], list[str], list[str]],
    upstream: str,
    tangents: Sequence[str],
) -> str:
    """The three rules, told to the operator and to a function for ``torch.func``."""
    keep, back, ahead = bodies
    texts = [
        define(f"_keep_{name}", ["ctx", "inputs", "output"], keep),
        define(f"_backward_{name}", ["ctx", upstream], back),
        define(f"_forward_{name}", ["ctx", *tangents], ahead),
    ]
    register = bracketed(
        f"_{name}.register_autograd(",
        [f"_backward_{name}", f"setup_context=_keep_{name}"],
        ")",
    )
    inside = [
        "generate_vmap_rule = True",
        f"setup_context = staticmethod(_keep_{name})",
        f"backward = staticmethod(_backward_{name})",
        f"jvp = staticmethod(_forward_{name})",
        "",
        "@staticmethod",
        define("forward", given, call_lines(f"return _{name}", given, depth=2), depth=1),
    ]
    texts += [f"{register}\n", f"class {_class(name)}(torch.autograd.Function):\n"]
    return "\n\n".join(texts) + indented(inside) + "\n"


def _class(name: str) -> str:
    return "_" + "".join(word.capitalize() for word in name.split("_"))


def _choice(name: str, given: Sequence[str]) -> list[str]:
    """An operator when compiling, for it takes no rules for ``torch.func``; else the function."""
    call = ", ".join(given)
    return [
        "if torch.compiler.is_compiling():",
        f"    return _{name}({call})",
        f"return {_class(name)}.apply({call})",
    ]


def _public(spec: KernelSpec) -> str:
    tensors = [LANGUAGE.named(spec.variable), *_others(spec)]
    given = [*(f"{n}: Tensor" for n in tensors), *parameters(spec, LANGUAGE, annotated=True)]
    lines = ['"""The function, for a tensor of any shape and floating-point dtype."""']
    x = tensors[0]
    for first, other in zip([f"{x}.dtype", *["dtype"] * len(tensors)], tensors[1:], strict=False):
        lines.append(f"dtype = torch.promote_types({first}, {other}.dtype)")
    if len(tensors) > 1:
        alike = [f"{n}.to(dtype)" for n in tensors]
        lines += call_lines(f"{', '.join(tensors)} = torch.broadcast_tensors", alike)
    lines.append(f"if not {x}.is_floating_point():")
    said = f'f"{spec.name} is for floating-point tensors, not {{{x}.dtype}}"'
    lines += [f"    {line}" for line in call_lines("raise TypeError", [said], depth=2)]
    numbers = _numbers(spec)
    if numbers:
        lines.append(f"if any(map(_differentiated, {tuple_of(numbers)})):")
        listed = " or ".join(numbers)
        refusal = [f'"only {x} has a gradient, not {listed}"']
        refused = call_lines("raise NotImplementedError", refusal, depth=2)
        lines += [f"    {line}" for line in refused]
    lines += [f'if hasattr({x}, "placements"):', "    _sharded()"]
    lines += _choice(spec.name, [*tensors, *numbers])
    return define(spec.name, given, lines, "Tensor")
