"""The target C: C99 and libm, functions over arrays, in the layout clang-format calls WebKit."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from chainrule.codegen.source import (
    INFIX,
    Language,
    Precedence,
    Spelling,
    body,
    calls,
    decimal,
    heading,
    indented,
    programs,
)
from chainrule.elementary.approximations import approximation, functions, stated_error
from chainrule.elementary.arithmetic import ARGUMENT
from chainrule.expr.nodes import Expr
from chainrule.program.inlining import called
from chainrule.program.kernel_spec import KernelSpec
from chainrule.program.library import EVERYWHERE
from chainrule.program.lower import lower

WORDS = """auto break case char const continue default do double else enum extern float for goto
if inline int long register restrict return short signed sizeof static struct switch typedef union
unsigned void volatile while n i out upstream main y0 y1 yn j0 j1 jn signgam"""
LIBM = {
    **{name: name for name in (*EVERYWHERE, "sqrt", "cbrt", "erf", "erfc", "lgamma")},
    **{name: name for name in ("floor", "ceil", "trunc", "fma")},
    **{"gamma": "tgamma", "abs": "fabs", "power": "pow"},
}
_COMPARED = (Precedence.RELATION, Precedence.RELATION)
SPELLINGS = {
    **INFIX,
    "select": Spelling(
        "{0} ? {1} : {2}", Precedence.CONDITIONAL, (*_COMPARED, Precedence.RELATION)
    ),
    "logical_and": Spelling("{0} && {1}", Precedence.RELATION, _COMPARED),
}
# The functions of libm are no names for values: a parameter would hide the function.
_RESERVED = frozenset(WORDS.split()) | frozenset(LIBM.values())


def _decimal(value: float) -> str | None:
    """The constant in decimal, where that is exact and short."""
    text = repr(value)
    return text if (value == int(value) and len(text) < 10) or value * 64 % 1 == 0 else None


def _hexadecimal(value: float) -> str:
    """0x1.8p+1: exact, and the same in every C library."""
    mantissa, exponent = value.hex().split("p")
    return f"{mantissa.rstrip('0').rstrip('.')}p{exponent}"


def number(value: float) -> str:
    """A constant: in decimal if that is exact and short, else in hexadecimal."""
    return _decimal(value) or _hexadecimal(value)


def languages(functions: Mapping[str, str], reserved: frozenset[str]) -> tuple[Language, Language]:
    """The spelling of double and of single arithmetic, with functions by their names in double."""
    single = {operation: f"{name}f" for operation, name in functions.items()}
    double = Language(
        spellings={**SPELLINGS, **calls(functions), "undefined": Spelling("(double)NAN")},
        number=number,
        statement="const double {name} = {text};",
        result="return {text};",
        reserved=reserved,
    )
    return double, replace(
        double,
        spellings={**SPELLINGS, **calls(single), "undefined": Spelling("NAN")},
        number=lambda value: number(value) + "f",
        statement="const float {name} = {text};",
    )


DOUBLE, SINGLE = languages(LIBM, _RESERVED)
_BY_BITS = ("scaled", "exponent")
_SCALED = """\
/* x times 2^n, by its bits, where `lifted` is n + {rounder}. */
{static} {real} scaled({real} x, {real} lifted)
{{
    {integer} bits, power;
    memcpy(&bits, &x, sizeof bits);
    memcpy(&power, &lifted, sizeof power);
    bits += power << {fraction};
    memcpy(&x, &bits, sizeof x);
    return x;
}}
"""
_EXPONENT = """\
/* The whole k for which x / 2^k is between the roots of 1/2 and of 2: by the bits of x. */
{static} {real} exponent({real} x)
{{
    {integer} bits;
    memcpy(&bits, &x, sizeof bits);
    bits = (bits + {past_root}) >> {fraction} | {two_to_fraction};
    memcpy(&x, &bits, sizeof x);
    return x - {bias};
}}
"""
# Of a format: 1.5·2^fraction as ``rounder``, and for ``exponent`` the pattern of 1 less that of √½,
# the pattern of 2^fraction, and that power with the bias of the format.
_LAYOUTS = {
    True: {
        **{"real": "double", "integer": "uint64_t", "fraction": 52, "rounder": "0x1.8p+52"},
        **{"past_root": "0x95F619980C433", "two_to_fraction": "0x4330000000000000"},
        **{"bias": "4503599627371519.0"},
    },
    False: {
        **{"real": "float", "integer": "uint32_t", "fraction": 23, "rounder": "0x1.8p+23"},
        **{"past_root": "0x4AFB0D", "two_to_fraction": "0x4B000000", "bias": "8388735.0f"},
    },
}
_PRAGMA = """\
#if defined(__GNUC__) && !defined(__clang__)
/* Nobody asks which exceptions a comparison raises: choices may become vector code. */
#pragma GCC optimize("no-trapping-math", "fp-contract={contract}")
#endif
"""
# Where nothing is approximated, a difference of two products may be exactly 0.
_FORMATS = {"float16": (11, -14), "bfloat16": (8, -126)}
"""Bits of the significand, and the exponent of the smallest normal number."""

_LOAD = """\
/* A number of 16 bits with {precision} bits of significand. */
static inline double load(uint16_t pattern)
{{
    const uint32_t sign = (uint32_t)(pattern & 0x8000) << 16;
    const uint32_t bits = sign | (uint32_t)(pattern & 0x7fff) << {shift};
    float value;
    memcpy(&value, &bits, sizeof value);
{rest}
}}
"""
# The exponent of a bfloat16 is that of a float; that of a float16 is shorter.
_REST = {
    "bfloat16": ["return value;"],
    "float16": [
        "if ((pattern & 0x7c00) == 0x7c00) {",
        "    return pattern & 0x3ff ? (double)NAN : (double)value * (double)INFINITY;",
        "}",
        "return value * 0x1p+112f;",
    ],
}
_STORE = """\
/* The nearest number of 16 bits, the even one of two; rounds once. */
static inline uint16_t store(double value)
{{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint16_t sign = (uint16_t)(bits >> 48 & 0x8000);
    const int exponent = (int)(bits >> 52 & 0x7ff) - 1023;
    const uint64_t significand = (bits & 0xfffffffffffff) | 0x10000000000000;
    if (value != value) {{
        return {nan:#x};
    }}
    const int below = exponent < {least} ? {least} - exponent : 0;
    const int shift = {dropped} + below;
    if (shift > 54) {{
        return sign;
    }}
    const uint64_t half = (uint64_t)1 << (shift - 1);
    const uint64_t rest = significand & (2 * half - 1);
    uint64_t rounded = significand >> shift;
    rounded += rest > half || (rest == half && (rounded & 1));
    if (!below) {{
        rounded += (uint64_t)(exponent + {lifted}) << {fraction};
    }}
    return sign | (uint16_t)(rounded < {infinity:#x} ? rounded : {infinity:#x});
}}
"""


def write(forward: Expr, gradient: Expr, spec: KernelSpec) -> str:
    """A file with NAME_forward and NAME_grad."""
    language = language_of(spec)
    value, slope = programs(forward, gradient, spec, language)
    title = (
        f"{spec.name} and its gradient for arrays of {spec.dtype}, in C99; link with -lm. "
        "Loops without functions of libm become vector code with -O3 -march=native."
    )
    first = [language.named(spec.variable)]
    saved = [language.named(symbol) for symbol in spec.saved]
    includes = ["#include <math.h>", "#include <stddef.h>"]
    parts = [comment(spec, title)]
    needed = {name for lowered in (value, slope) for name, _ in lowered.code}
    helpers = definitions(needed, spec, language)
    if spec.short or helpers:
        includes += ["#include <stdint.h>", "#include <string.h>"]
    parts += [
        "\n".join(includes) + "\n",
        _PRAGMA.format(contract="fast" if helpers else "off"),
        *helpers,
    ]
    if spec.short:
        parts.append(_sixteen_bits(spec.dtype))
    names = f"{spec.name}_value", f"{spec.name}_slope"
    parts.append(inner(spec, names[0], first, body(value, language, double=spec.double), language))
    parts.append(inner(spec, names[1], saved, body(slope, language, double=spec.double), language))
    parts.append(_loop(spec, f"{spec.name}_forward", names[0], first, language, upstream=False))
    parts.append(_loop(spec, f"{spec.name}_grad", names[1], saved, language, upstream=True))
    return "\n".join(parts)


def language_of(spec: KernelSpec) -> Language:
    """The spelling of a spec's arithmetic and of the functions that it calls."""
    return with_own(DOUBLE if spec.double else SINGLE, spec)


def with_own(plain: Language, spec: KernelSpec) -> Language:
    """The spelling with the functions that a file defines by itself."""
    own = calls({name: _own(name) for name in functions(spec.working)})
    spellings = {**plain.spellings, **own, **calls({name: name for name in _BY_BITS})}
    return replace(plain, spellings=spellings, reserved=plain.reserved | _OWN)


def _own(name: str) -> str:
    """The function of this file that has the name in libm: exp_ and the like."""
    return f"{name}_"


_OWN = frozenset([*_BY_BITS, *map(_own, functions("single")), *map(_own, LIBM)])


def definitions(
    operations: Set[str], spec: KernelSpec, language: Language, qualifiers: str = "static inline"
) -> list[str]:
    """Of approximated functions, and of the operations on bits they need, as far as they occur."""
    layout, found, needed = _LAYOUTS[spec.double], [], set(operations)
    layout = {**layout, "static": qualifiers}
    for name in called(operations, spec.working):
        lowered = lower([approximation(name, spec.working)], [ARGUMENT], language.functions)
        needed |= {operation for operation, _ in lowered.code}
        lines = body(lowered, language, double=spec.double)
        head = f"{qualifiers} {layout['real']} {_own(name)}({layout['real']} x)"
        above = f"/* {stated_error(name, spec.working)} */"
        found.append(f"{above}\n{head}\n{{\n{indented(lines)}\n}}\n")
    texts = {"scaled": _SCALED, "exponent": _EXPONENT}
    return [texts[name].format(**layout) for name in _BY_BITS if name in needed] + found


def comment(spec: KernelSpec, title: str) -> str:
    """The heading of the file."""
    lines = [line.replace("*/", "* /") for line in heading(spec, title, 80)]
    first, *rest = lines
    return "\n".join([f"/* {first}", *(f" * {line}".rstrip() for line in rest), " */"]) + "\n"


def _sixteen_bits(dtype: str) -> str:
    bits, least = _FORMATS[dtype]
    infinity = ((1 << (16 - bits)) - 1) << (bits - 1)
    load = _LOAD.format(precision=bits, shift=24 - bits, rest=indented(_REST[dtype]))
    store = _STORE.format(
        least=least,
        lifted=-least,
        dropped=53 - bits,
        fraction=bits - 1,
        infinity=infinity,
        nan=infinity | 1 << (bits - 2),
    )
    return f"{load}\n{store}"


def inner(
    spec: KernelSpec,
    name: str,
    first: Sequence[str],
    lines: Sequence[str],
    language: Language,
    qualifiers: str = "static inline",
) -> str:
    """The function of numbers that does the work."""
    work = "double" if spec.double else "float"
    taken = [*first, *(language.named(symbol) for symbol in spec.extra)]
    start = f"{qualifiers} {work} {name}"
    top = head(start, [f"{work} {parameter}" for parameter in taken])
    unused = [n for n in taken if not any(n in _words(line) for line in lines)]
    silenced = [f"(void){name};" for name in unused]
    return f"{top}\n{{\n{indented([*silenced, *lines])}\n}}\n"


def _words(line: str) -> set[str]:
    return set("".join(c if c.isalnum() or c == "_" else " " for c in line).split())


def _loop(
    spec: KernelSpec,
    name: str,
    called: str,
    first: Sequence[str],
    language: Language,
    *,
    upstream: bool,
) -> str:
    work = "double" if spec.double else "float"
    stored = "uint16_t" if spec.short else "double" if spec.dtype == "float64" else "float"
    others = [language.named(symbol) for symbol in spec.others]
    arrays = [*first, *(["upstream"] if upstream else []), *others]
    taken = [f"const {stored}* restrict {array}" for array in arrays]
    taken += [f"{stored}* restrict out", "size_t n"]
    taken += [f"{work} {language.named(symbol)}" for symbol, _ in spec.parameters]
    read = {array: _read(f"{array}[i]", stored, work) for array in arrays}
    values = [read[array] for array in (*first, *others)]
    values += [language.named(symbol) for symbol, _ in spec.parameters]
    result = f"{called}({', '.join(values)})"
    if upstream:
        result = f"{read['upstream']} * {result}"
    written = f"    out[i] = {_written(result, stored, work)};"
    lines = ["for (size_t i = 0; i < n; i++) {", written, "}"]
    top = head(f"void {name}", taken)
    return f"{what_it_does(spec, language, upstream)}\n{top}\n{{\n{indented(lines)}\n}}\n"


def what_it_does(spec: KernelSpec, language: Language, upstream: bool) -> str:
    """The comment over a function that goes over arrays."""
    what = "out = upstream times the slope" if upstream else "out = the function"
    known = [(language.named(s), d) for s, d in spec.parameters if d is not None]
    usual = "; usual: " + ", ".join(f"{n} = {decimal(d)}" for n, d in known) if known else ""
    lines = textwrap.wrap(f"{what}, for n elements{usual}.", 80)
    joined = "\n   ".join(lines)
    return f"/* {joined} */"


def _read(element: str, stored: str, work: str) -> str:
    if stored == "uint16_t":
        return f"load({element})" if work == "double" else f"(float)load({element})"
    return element


def _written(result: str, stored: str, work: str) -> str:
    if stored == "uint16_t":
        return f"store({result})"
    return f"(float)({result})" if (stored, work) == ("float", "double") else result


def head(start: str, parameters: Iterable[str], width: int = 88) -> str:
    """A name and what follows in brackets, in as many lines as it takes."""
    lines = [f"{start}("]
    for index, parameter in enumerate(parameters):
        room = len(lines[-1]) + len(parameter) + 3 <= width
        if index and not room:
            lines[-1] += ","
            lines.append(f"    {parameter}")
        else:
            lines[-1] += f", {parameter}" if index else parameter
    return "\n".join(lines) + ")"
