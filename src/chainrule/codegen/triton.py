"""The target Triton: kernels for tensors of PyTorch on a GPU, forward and fused backward.

In float64 a function is spelled as ``tl``'s, if it is there: ``tl.exp`` becomes a call of
libdevice. In float32 ``tl.exp`` and division are approximations, so libdevice's functions are
called and ``tl.div_rn``. Triton's interpreter (TRITON_INTERPRET=1) has no libdevice: a file brings
NumPy's functions for it. And it makes a bfloat16 by cutting bits off, and none from a float64: a
file rounds by itself, once. (Triton 3.7.1: ``runtime/interpreter.py``, and the assembly code that
comes out; ``tl.full`` is there because of ``to_tensor`` in ``language/semantic.py``.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from chainrule.codegen.python import (
    PYTHON_WORDS,
    bracketed,
    call_lines,
    define,
    signature,
)
from chainrule.codegen.source import (
    INFIX,
    Language,
    Precedence,
    Spelling,
    body,
    calls,
    decimal,
    docstring,
    indented,
    program,
)
from chainrule.expr.nodes import Expr, Symbol
from chainrule.program.kernel_spec import KernelSpec
from chainrule.program.library import EVERYWHERE, SPECIAL, UFUNCS
from chainrule.program.lower import Instruction, Lowered

_LIBDEVICE = {
    **{name: name for name in (*EVERYWHERE, "cbrt", "erf", "erfc", "erfinv", "lgamma", "trunc")},
    **{"gamma": "tgamma", "power": "pow"},
}
_EXACT = {"abs": "abs", "floor": "floor", "ceil": "ceil"}
_DOUBLE = {name: name for name in ("exp", "log", "log2", "sin", "cos", "erf", "sqrt")}
_RESERVED = PYTHON_WORDS | {"torch", "triton", "tl", "libdevice", "np", "float"}
_RESERVED |= {"upstream", "out", "n", "at", "mask", "result", "BLOCK", "DTYPE"}


def _spellings(work: str) -> dict[str, Spelling]:
    """What is spelled alike in both formats; a number is a float32 unless it is said otherwise."""
    typed = {i: f"tl.full([], {{{i}}}, {work})" for i in range(2)}
    found = {
        **INFIX,
        **calls(_LIBDEVICE, "libdevice."),
        **calls(_EXACT, "tl."),
        "select": Spelling("tl.where({0}, {1}, {2})"),
        "select numbers": Spelling(f"tl.where({{0}}, {typed[1]}, {{2}})"),
        "number": Spelling(typed[0]),
        "undefined": Spelling(f'tl.full([], float("nan"), {work})'),
        "logical_and": Spelling("{0} & {1}", Precedence.RELATION, (Precedence.SUM, Precedence.SUM)),
    }
    for operation in ("power", "atan2"):
        called = f"libdevice.{_LIBDEVICE[operation]}"
        found[f"{operation} of a number"] = Spelling(f"{called}({typed[0]}, {{1}})")
        found[f"{operation} by a number"] = Spelling(f"{called}({{0}}, {typed[1]})")
    return found


DOUBLE = Language(
    spellings={**_spellings("tl.float64"), **calls(_DOUBLE, "tl.")},
    number=decimal,
    reserved=_RESERVED,
)
# In float32 `/` and `tl.sqrt` are approximations too.
SINGLE = Language(
    spellings={
        **_spellings("tl.float32"),
        "divide": Spelling("tl.div_rn({0}, {1})"),
        "sqrt": Spelling("tl.sqrt_rn({0})"),
    },
    number=decimal,
    reserved=_RESERVED,
)

IMPORTS = ["import triton", "import triton.language as tl"]
FROM_LIBDEVICE = "from triton.language.extra import libdevice"
_HOST = [
    "def _host(function):",
    "    def of_tensors(*tensors):",
    "        largest = max(tensors, key=lambda tensor: tensor.handle.data.size)",
    "        data = function(*(tensor.handle.data for tensor in tensors))",
    "        return tl.tensor(TensorHandle(data, largest.dtype), largest.type)",
    "",
    "    return of_tensors",
    "",
]

_LOAD = ["return tl.load(pointer + at, mask=mask).to({work})"]
_STORE = ["tl.store(pointer + at, value.to(pointer.dtype.element_ty), mask=mask)"]
_LOAD_BITS = [
    "bits = tl.load(pointer + at, mask=mask).to(tl.int16, bitcast=True)",
    "bits = bits.to(tl.int32) << 16",
    "return bits.to(tl.float32, bitcast=True)",
]
_STORE_BITS = [
    "bits = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16",
    'bits = tl.where(tl.abs(value) <= float("inf"), bits, 0x7FC0).to(tl.int16)',
    "tl.store(pointer + at, bits.to(tl.bfloat16, bitcast=True), mask=mask)",
]
_SINGLE_BITS = ["bits = value.to(tl.int32, bitcast=True)"]
# What lies between two float32 becomes the odd one: it is then rounded as if it came directly.
_DOUBLE_BITS = [
    "near = value.to(tl.float32)",
    "wide = near.to(tl.float64)",
    "past = tl.abs(wide) > tl.abs(value)",
    "bits = near.to(tl.int32, bitcast=True) - past.to(tl.int32)",
    "bits = bits | (wide != value).to(tl.int32)",
]
_LAUNCHED = ["kernel", "tensors", "numbers"]
_BROADCAST = [
    '"""Runs a kernel over tensors that are broadcast together, for the first\'s dtype."""',
    "full = [tensor.contiguous() for tensor in torch.broadcast_tensors(*tensors)]",
    "out = torch.empty_like(full[0])",
    "full.append(out)",
]
_FLAT = [
    '"""Runs a kernel over tensors of one shape, for the dtype and layout of the first."""',
    "out, full = _flat(tensors)",
]
# An `if` block takes four of the usual 88 columns.
_WIDTH, _NESTED = 88, 84


class Root(NamedTuple):
    """What a kernel computes: an expression of some arrays, perhaps times the upstream gradient."""

    name: str
    expr: Expr
    slots: tuple[Symbol, ...]
    upstream: bool


def write(forward: Expr, gradient: Expr, spec: KernelSpec) -> str:
    """A module with NAME and NAME_grad, for tensors on a GPU."""
    language = DOUBLE if spec.double else SINGLE
    roots = _roots(forward, gradient, spec)
    title = f"{spec.name} and its gradient for PyTorch tensors of {spec.dtype}, by Triton on a GPU."
    programs = [_program(root, spec, language) for root in roots]
    used = _of_libdevice(programs, language)
    imports = ["import torch", *IMPORTS, *([FROM_LIBDEVICE] if used else [])]
    parts = [docstring(spec, title) + "\n" + "\n".join(imports) + "\n"]
    if used:
        parts[0] += "\n" + "\n".join(_stand_in(used)) + "\n"
    parts[0] += f"\nDTYPE = torch.{spec.dtype}\n"
    parts += _definitions(roots, programs, spec, [spec.dtype], _WIDTH)
    parts.append(define("_launch", _LAUNCHED, _launching(spec, _BROADCAST)))
    for root, what in zip(roots, ("The function", "Upstream times the slope"), strict=True):
        taken = _arrays(root, spec, language)
        lines = [f'"""{what}, for tensors of any shape."""']
        lines += [f"{array} = {array}.to(DTYPE)" for array in taken]
        lines += _launch(root, spec, language, _WIDTH)
        parts.append(define(root.name, signature(spec, language, taken), lines))
    return "\n\n".join(parts)


def part(forward: Expr, gradient: Expr, spec: KernelSpec) -> str:
    """The kernels for ``torch.write(..., kernels=...)``: for tensors of any dtype on one GPU.

    They stand in a block of a module that has ``torch``, ``triton``, ``tl``, ``libdevice`` and
    ``_flat`` (see ``torch_sections.FLAT``), and end with ``_value_on_cuda(variable, *others,
    *parameters)`` and ``_grad_on_cuda(*saved, upstream, *others, *parameters)``. Tensors have one
    shape; the result has the dtype and the layout of the first. With accuracy "fast" and a dtype
    other than float64 they compute in float32, also for tensors of float64.
    """
    language = DOUBLE if spec.double else SINGLE
    roots = _roots(forward, gradient, spec)
    programs = [_program(root, spec, language) for root in roots]
    parts = _definitions(roots, programs, spec, ["float32", "bfloat16"], _NESTED)
    parts.append(define("_launch", _LAUNCHED, _launching(spec, _FLAT)))
    numbers = [language.named(symbol) for symbol, _ in spec.parameters]
    for root, name in zip(roots, ("_value_on_cuda", "_grad_on_cuda"), strict=True):
        taken = [*_arrays(root, spec, language), *numbers]
        lines = _launch(root, spec, language, _NESTED)
        parts.append(define(name, taken, lines, width=_NESTED))
    return "\n".join(parts)


def _roots(forward: Expr, gradient: Expr, spec: KernelSpec) -> list[Root]:
    return [
        Root(spec.name, forward, (spec.variable,), False),
        Root(f"{spec.name}_grad", gradient, spec.saved, True),
    ]


def _program(root: Root, spec: KernelSpec, language: Language) -> Lowered:
    """The program of a root, in which numbers have a type where Triton would make them float32."""
    lowered = program(root.expr, (*root.slots, *spec.extra), language)
    first = len(lowered.inputs)
    numbers = range(first, first + len(lowered.constants))
    code = []
    for instruction in lowered.code:
        operation, operands = instruction
        if operation == "select" and all(operand in numbers for operand in operands[1:]):
            operation = "select numbers"
        elif operation in ("power", "atan2") and operands[0] in numbers:
            operation = f"{operation} of a number"
        elif operation in ("power", "atan2") and operands[1] in numbers:
            operation = f"{operation} by a number"
        code.append(instruction._replace(operation=operation))
    outputs = lowered.outputs
    if outputs[0] in numbers:
        code.append(Instruction("number", outputs))
        outputs = (numbers.stop + len(code) - 1,)
    return replace(lowered, code=tuple(code), outputs=outputs)


def _of_libdevice(programs: Sequence[Lowered], language: Language) -> list[str]:
    """The operations that are libdevice's functions, in the order of the table."""
    called = {operation.split(" ")[0] for p in programs for operation, _ in p.code}
    spellings = language.spellings
    return [n for n in _LIBDEVICE if n in called and spellings[n].template.startswith("libdevice.")]


def _stand_in(used: Sequence[str]) -> list[str]:
    """NumPy's functions in the place of libdevice's, for Triton's interpreter."""
    pairs = []
    for name in used:
        function = f"special.{SPECIAL[name]}" if name in SPECIAL else f"np.{UFUNCS[name]}"
        pairs.append(f"{_LIBDEVICE[name]}=_host({function})")
    lines = [
        *("from types import SimpleNamespace", ""),
        *(["import numpy as np"] if any(name not in SPECIAL for name in used) else []),
        *(["from scipy import special"] if any(name in SPECIAL for name in used) else []),
        *("from triton.runtime.interpreter import TensorHandle", ""),
        *_HOST,
        bracketed("libdevice = SimpleNamespace(", pairs, ")", _NESTED - 4),
    ]
    return [
        "if triton.knobs.runtime.interpret:",
        "    # The interpreter has no libdevice; functions of NumPy take its place there.",
        indented(lines),
    ]


def _definitions(
    roots: Sequence[Root],
    programs: Sequence[Lowered],
    spec: KernelSpec,
    dtypes: Sequence[str],
    width: int,
) -> list[str]:
    """Loads and stores, then for each root its formula and the kernel."""
    work = "tl.float64" if spec.double else "tl.float32"
    language = DOUBLE if spec.double else SINGLE
    usual = [line.format(work=work) for line in _LOAD]
    widened = [*_LOAD_BITS[:-1], _LOAD_BITS[-1] + (".to(tl.float64)" if spec.double else "")]
    bits = [*(_DOUBLE_BITS if spec.double else _SINGLE_BITS), *_STORE_BITS]
    stored = _by_dtype(_STORE, bits, dtypes)
    parts = [
        _jitted("_load", ["pointer", "at", "mask"], _by_dtype(usual, widened, dtypes)),
        _jitted("_store", ["pointer", "at", "value", "mask"], stored),
    ]
    for root, lowered in zip(roots, programs, strict=True):
        lines = body(lowered, language, double=spec.double)
        names = [language.named(symbol) for symbol in (*root.slots, *spec.extra)]
        parts.append(_jitted(f"_{root.name}_of_numbers", names, lines, width))
        parts.append(_kernel(root, spec, language, width))
    return parts


def _launching(spec: KernelSpec, first: Sequence[str]) -> list[str]:
    """The body of ``_launch``.

    Args:
        first: its lines for ``out``, and for the arguments ``full`` of a kernel: all tensors
            with their elements in one order, the last one ``out``'s.
    """
    lines = [
        *first,
        "n = out.numel()",
        "if n == 0:",
        "    return out",
        "# Sums and products are rounded one by one, as they were measured.",
        'options = {"BLOCK": 1024, "enable_fp_fusion": False}',
    ]
    if not spec.double:
        lines += [
            "if torch.version.hip is None:",
            "    # libdevice's functions keep subnormal numbers. AMD's compiler has no option.",
            '    options["enable_reflect_ftz"] = False',
        ]
    return [
        *lines,
        "with torch.cuda.device_of(out):",
        "    kernel[(triton.cdiv(n, 1024),)](*full, n, *numbers, **options)",
        "return out",
    ]


def _by_dtype(usual: Sequence[str], bits: Sequence[str], dtypes: Sequence[str]) -> list[str]:
    """What is done for dtypes of which some may be bfloat16; Triton takes one branch only."""
    if "bfloat16" not in dtypes:
        return list(usual)
    if len(dtypes) == 1:
        return list(bits)
    test = "if pointer.dtype.element_ty == tl.bfloat16:"
    return [test, indented(bits), "else:", indented(usual)]


def _jitted(name: str, parameters: Sequence[str], lines: Sequence[str], width: int = _WIDTH) -> str:
    return f"@triton.jit\n{define(name, parameters, lines, width=width)}"


def _arrays(root: Root, spec: KernelSpec, language: Language) -> list[str]:
    """The arrays that come in; the first has the dtype of the result."""
    named = language.named
    slots, others = map(named, root.slots), map(named, spec.others)
    return [*slots, *(["upstream"] if root.upstream else []), *others]


def _kernel(root: Root, spec: KernelSpec, language: Language, width: int) -> str:
    work = "tl.float64" if spec.double else "tl.float32"
    arrays = _arrays(root, spec, language)
    numbers = [language.named(symbol) for symbol, _ in spec.parameters]
    taken = [*arrays, "out", "n", *(f"{n}: {work}" for n in numbers), "BLOCK: tl.constexpr"]
    lines = [
        "at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)",
        "mask = at < n",
        *(f"{array} = _load({array}, at, mask)" for array in arrays),
        *(f"{number} = tl.full([], {number}, {work})" for number in numbers),
    ]
    given = [*(array for array in arrays if array != "upstream"), *numbers]
    lines += call_lines(f"result = _{root.name}_of_numbers", given, width)
    written = "upstream * result" if root.upstream else "result"
    lines.append(f"_store(out, at, {written}, mask)")
    return _jitted(f"_{root.name}_kernel", taken, lines, width)


def _launch(root: Root, spec: KernelSpec, language: Language, width: int) -> list[str]:
    """The last line of what launches a kernel."""
    arrays = _arrays(root, spec, language)
    numbers = [language.named(symbol) for symbol, _ in spec.parameters]
    given = [f"_{root.name}_kernel", f"[{', '.join(arrays)}]", f"[{', '.join(numbers)}]"]
    return call_lines("return _launch", given, width)
