"""The target CUDA: C++ for nvcc, kernels and functions that launch them, in WebKit's layout."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.codegen.c import (
    LIBM,
    WORDS,
    comment,
    definitions,
    head,
    inner,
    languages,
    what_it_does,
    with_own,
)
from chainrule.codegen.source import Language, body, indented, programs
from chainrule.expr.nodes import Expr
from chainrule.program.kernel_spec import KernelSpec

_WORDS = """alignas alignof and and_eq asm bitand bitor bool catch char16_t char32_t class compl
concept const_cast constexpr decltype delete dynamic_cast explicit export false friend mutable
namespace new noexcept not not_eq nullptr operator or or_eq private protected public
reinterpret_cast requires static_assert static_cast template this thread_local throw true try
typeid typename using virtual wchar_t xor xor_eq step result stream blockIdx blockDim threadIdx
gridDim warpSize"""
_MATH = {**LIBM, "erfinv": "erfinv"}
_RESERVED = frozenset([*WORDS.split(), *_WORDS.split(), *_MATH.values()])

DOUBLE, SINGLE = languages(_MATH, _RESERVED)

# How an element is called, made a float, and made from a double or a float: rounded once. What
# makes a bfloat16 from a double takes care not to round twice where no instruction does it
# (cuda_bf16.hpp); for float16 there always is one.
_STORED = {
    "float64": ("double", "{}", "{}", "{}"),
    "float32": ("float", "{}", "(float)({})", "{}"),
    "float16": ("__half", "__half2float({})", "__double2half({})", "__float2half({})"),
    "bfloat16": (
        *("__nv_bfloat16", "__bfloat162float({})"),
        *("__double2bfloat16({})", "__float2bfloat16({})"),
    ),
}
_HEADER = {"float16": "cuda_fp16.h", "bfloat16": "cuda_bf16.h"}
# As wide as ``c.head`` writes.
_WIDTH = 88

_BLOCKS = """\
/* How many blocks of 256 threads are started for n elements. If that is not enough,
   each thread takes several. */
static unsigned {name}_blocks(size_t n)
{{
    const size_t wanted = n / 256 + (n % 256 != 0);
    return (unsigned)(wanted < 65536 ? wanted : 65536);
}}
"""


def write(forward: Expr, gradient: Expr, spec: KernelSpec) -> str:
    """A file with the kernels NAME_forward and NAME_grad, and functions that launch them."""
    language = with_own(DOUBLE if spec.double else SINGLE, spec)
    value, slope = programs(forward, gradient, spec, language)
    qualifiers = "static __device__ inline"
    needed = {name for lowered in (value, slope) for name, _ in lowered.code}
    own = definitions(needed, spec, language, qualifiers)
    title = (
        f"{spec.name} and its gradient for arrays of {spec.dtype}, in CUDA C++17. "
        "With nvcc -fmad=false sums and products are rounded one by one, as they were measured."
    )
    headers = [
        *([_HEADER[spec.dtype]] if spec.short else []),
        "cuda_runtime.h",
        "math.h",
        "stddef.h",
    ]
    headers += ["stdint.h", "string.h"] if own else []
    names = {"forward": f"{spec.name}_value", "grad": f"{spec.name}_slope"}
    firsts = {
        "forward": [language.named(spec.variable)],
        "grad": [language.named(symbol) for symbol in spec.saved],
    }
    parts = [comment(spec, title), "".join(f"#include <{header}>\n" for header in headers)]
    parts += own
    for kind, lowered in (("forward", value), ("grad", slope)):
        lines = body(lowered, language, double=spec.double)
        parts.append(inner(spec, names[kind], firsts[kind], lines, language, qualifiers))
    for kind in names:
        parts.append(_kernel(spec, kind, names[kind], firsts[kind], language))
    parts.append(_BLOCKS.format(name=spec.name))
    for kind in names:
        parts.append(_launch(spec, kind, firsts[kind], language))
    return "\n".join(parts)


def _taken(
    spec: KernelSpec, kind: str, first: Sequence[str], language: Language, restrict: str = ""
) -> list[str]:
    """The parameters of a kernel with their types."""
    element = _STORED[spec.dtype][0]
    others = [language.named(symbol) for symbol in spec.others]
    arrays = [*first, *(["upstream"] if kind == "grad" else []), *others]
    work = "double" if spec.double else "float"
    return [
        *(f"const {element}* {restrict}{array}" for array in arrays),
        *(f"{element}* {restrict}out", "size_t n"),
        *(f"{work} {language.named(symbol)}" for symbol, _ in spec.parameters),
    ]


def _kernel(
    spec: KernelSpec, kind: str, called: str, first: Sequence[str], language: Language
) -> str:
    _, read, from_double, from_float = _STORED[spec.dtype]
    written = from_double if spec.double else from_float
    arrays = [*first, *(language.named(symbol) for symbol in spec.others)]
    given = [read.format(f"{array}[i]") for array in arrays]
    given += [language.named(symbol) for symbol, _ in spec.parameters]
    result = f"{called}({', '.join(given)})"
    if kind == "grad":
        result = f"{read.format('upstream[i]')} * {result}"
    lines = [f"out[i] = {written.format(result)};"]
    if len(lines[0]) + 8 > _WIDTH:
        work = "double" if spec.double else "float"
        call = head(f"const {work} result = {called}", given, _WIDTH - 8)
        result = f"{read.format('upstream[i]')} * result" if kind == "grad" else "result"
        lines = [f"{call};", f"out[i] = {written.format(result)};"]
    loop = "for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step) {"
    whole = ["const size_t step = (size_t)gridDim.x * blockDim.x;", loop, indented(lines), "}"]
    top = head(
        f"__global__ void {spec.name}_{kind}", _taken(spec, kind, first, language, "__restrict__ ")
    )
    return f"{what_it_does(spec, language, kind == 'grad')}\n{top}\n{{\n{indented(whole)}\n}}\n"


def _launch(spec: KernelSpec, kind: str, first: Sequence[str], language: Language) -> str:
    """Nothing is started for no elements: a grid without blocks is an error."""
    taken = [*_taken(spec, kind, first, language), "cudaStream_t stream"]
    given = [name.rpartition(" ")[2] for name in taken[:-1]]
    name = f"{spec.name}_{kind}"
    call = f"{name}<<<{spec.name}_blocks(n), 256, 0, stream>>>"
    lines = [
        *("if (n == 0) {", "    return cudaSuccess;", "}"),
        f"{head(call, given, _WIDTH - 4)};",
        "return cudaGetLastError();",
    ]
    top = head(f'extern "C" cudaError_t {name}_launch', taken)
    return (
        f"/* Starts {name} on a stream; all pointers are to memory of the device. */\n"
        f"{top}\n{{\n{indented(lines)}\n}}\n"
    )
