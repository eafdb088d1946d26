"""The target Numba: loops over arrays, compiled when the module is imported.

No C compiler is needed. The loops go over arrays without gaps, and call nothing but functions of
the same file that are compiled into them, so that LLVM makes vector code of them; what else
arrays are like is NumPy's affair (``numpy.nditer``).
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from chainrule.codegen.approximations import (
    ARGUMENT,
    PRIMITIVES,
    Working,
    approximation,
    functions,
    stated_error,
)
from chainrule.codegen.inlining import called, inlined, prepared
from chainrule.codegen.lower import Lowered, lower
from chainrule.codegen.python import (
    CHOICES,
    LONGEST,
    PYTHON_WORDS,
    bracketed,
    by_choices,
    call_lines,
    define,
    signature,
    single_number,
    tuple_of,
    unlike_extremes,
)
from chainrule.codegen.source import (
    INFIX,
    Job,
    Language,
    Level,
    Shape,
    body,
    calls,
    decimal,
    docstring,
    program,
)
from chainrule.expr.nodes import Expr

_MATH = {
    **{name: name for name in ("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt")},
    **{name: name for name in ("sin", "cos", "tan", "asin", "acos", "atan", "atan2")},
    **{name: name for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")},
    **{name: name for name in ("erf", "erfc", "gamma", "lgamma")},
    **{"abs": "fabs", "power": "pow"},
}
_NUMPY = {"cbrt": "cbrt", "floor": "floor", "ceil": "ceil", "trunc": "trunc"}
_NUMPY |= {"max": "maximum", "min": "minimum", "sign": "sign"}
"""math has no such functions in Numba, or gives integers, or loses a NaN."""

_SHAPES = {
    **INFIX,
    **calls(_MATH, "math."),
    **calls(_NUMPY, "np."),
    **CHOICES,
    "logical_and": Shape("{0} and {1}", Level.RELATION, (Level.RELATION, Level.RELATION)),
}
_RESERVED = PYTHON_WORDS | {"np", "math", "numba", "upstream", "out", "i"}

DOUBLE = Language(
    shapes={**_SHAPES, "undefined": Shape("math.nan")},
    number=decimal,
    reserved=_RESERVED,
    chains=True,
)
# A literal is a float64 to Numba, and would draw the whole expression into float64.
SINGLE = Language(
    shapes={**_SHAPES, "undefined": Shape("np.float32(math.nan)")},
    number=lambda value: f"np.float32({single_number(value)})",
    reserved=_RESERVED,
    chains=True,
)

# Where nothing is approximated, a difference of two products may be exactly 0.
_CONTRACTED = """\
# x/0 is infinite; a product and a sum may be rounded once, together.
OPTIONS = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True}
"""
_PLAIN = """\
# x/0 is infinite.
OPTIONS = {"error_model": "numpy", "nogil": True}
"""
_INLINE = """\
INLINE = {**OPTIONS, "forceinline": True}
"""
_TYPES = """\
WRITTEN = numba.types.Array(numba.from_dtype(np.dtype(STORED)), 1, "C")
READ = WRITTEN.copy(readonly=True)
"""
_SCALED = '''\
@numba.njit(**INLINE)
def _scaled(x, lifted):
    """x times 2^n, by its bits, where `lifted` is n + {rounder}."""
    bits = np.{real}(lifted).view(np.{integer}) << np.{integer}({fraction})
    return np.{integer}(np.{real}(x).view(np.{integer}) + bits).view(np.{real})
'''
_FMA = '''\
@numba.extending.intrinsic
def _fma(context, x, y, z):
    """x y + z, rounded once."""

    def instruction(context, builder, signature, args):
        return builder.fma(*args)

    return x(x, y, z), instruction
'''
# A loop of which each round waits for its own results leaves half of a processor idle: what comes
# next is further away than the processor looks ahead. LLVM is told to write several rounds into
# one. And a vector that lies across two lines of the cache is written and read again at half the
# speed; whether those on the stack do is a matter of what was called before.
_EACH = '''\
@numba.extending.intrinsic
def {each}(context, step, size, given):
    """step(i, *given) for every i below size, {count} vectors at a time.

    The stack begins where a whole vector does, and with it what is kept there.
    """
    from llvmlite import ir
    from numba.core import cgutils

    index = numba.types.intp
    called = step.get_call_type(context, (index, *given), {{}})

    def instruction(context, builder, signature, args):
        _, size, packed = args
        with builder.goto_entry_block():
            place = builder.alloca(ir.VectorType(ir.FloatType(), 8))
        nothing = ir.FunctionType(ir.VoidType(), [place.type])
        builder.asm(nothing, "", "r", [place], True)
        before = builder.block
        inside, after = map(builder.append_basic_block, ("inside", "after"))
        builder.cbranch(builder.icmp_signed(">", size, size.type(0)), inside, after)
        builder.position_at_end(inside)
        i = builder.phi(size.type)
        i.add_incoming(size.type(0), before)
        values = cgutils.unpack_tuple(builder, packed)
        context.get_function(step, called)(builder, (i, *values))
        following = builder.add(i, size.type(1), flags=["nsw"])
        i.add_incoming(following, builder.block)
        again = builder.icmp_signed("<", following, size)
        words = ["llvm.loop.interleave.count", ir.IntType(32)({count})]
        count = builder.module.add_metadata(words)
        hint = builder.module.add_metadata([count])
        hint.operands = (hint, count)
        builder.cbranch(again, inside, after).set_metadata("llvm.loop", hint)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return numba.types.void(step, index, given), instruction
'''
EACH = "each"
"""The name of the loop in ``scalars``."""
_MANY = 45
"""Operations; with more of them, four vectors at a time do not fit into the registers, of which a
vector of float64 takes two."""
_EXPONENT = '''\
@numba.njit(**INLINE)
def _exponent(x):
    """The whole k for which x / 2^k is between the roots of 1/2 and of 2: by the bits of x."""
    bits = np.u{integer}(np.{real}(x).view(np.u{integer}) + np.u{integer}({past_root}))
    biased = np.u{integer}(bits >> np.u{integer}({fraction}))
    number = np.u{integer}(biased | np.u{integer}({two_to_fraction}))
    return number.view(np.{real}) - {bias}
'''
# By way of float32 NumPy's bfloat16 would be rounded twice (S. Boldo and G. Melquiond, IEEE Trans.
# Comput. 57, 2008).
_ODD = '''\
@numba.njit(**INLINE)
def _odd(wide):
    """The float32 next to it, of two the one whose last bit is odd; it can be rounded again."""
    near = np.float32(wide)
    size, bits = abs(np.float64(near)), near.view(np.int32)
    step = np.int32(abs(wide) > size) - np.int32(abs(wide) < size)
    return np.int32(bits + step * (1 - (bits & 1))).view(np.float32)
'''
_LAYOUTS = {
    True: {
        **{"real": "float64", "integer": "int64", "fraction": 52},
        **{"rounder": "6755399441055744", "past_root": "0x95F619980C433"},
        **{"two_to_fraction": "0x4330000000000000", "bias": "4503599627371519.0"},
    },
    False: {
        **{"real": "float32", "integer": "int32", "fraction": 23},
        **{"rounder": "12582912", "past_root": "0x4AFB0D"},
        **{"two_to_fraction": "0x4B000000", "bias": "np.float32(8388735.0)"},
    },
}


def language_of(job: Job) -> Language:
    """The spelling of a job's arithmetic and of the functions that it calls."""
    plain = DOUBLE if job.double else SINGLE
    own = {name: name for name in (*functions(job.working), *PRIMITIVES)}
    return replace(plain, shapes={**plain.shapes, **calls(own, "_")})


def write(forward: Expr, gradient: Expr, job: Job) -> str:
    """A module with NAME and NAME_grad."""
    language = language_of(job)
    named = language.named
    value = prepared(program(forward, (job.variable, *job.extra), language), job.working)
    slope = prepared(program(gradient, (*job.saved, *job.extra), language), job.working)
    value_lines = body(_plain(value), language, double=job.double)
    slope_lines = body(_plain(slope), language, double=job.double)
    needed = {name for lowered in (value, slope) for name, _ in lowered.code}
    helpers = _helpers(needed, job.working, language, double=job.double)
    imports = ["import numba", "import numpy as np"]
    if job.dtype == "bfloat16":
        imports.insert(0, "import ml_dtypes  # bfloat16 for NumPy")
    if any("math." in line for line in (*value_lines, *slope_lines, *helpers)):
        imports = ["import math", "", *imports]
    dtype = "ml_dtypes.bfloat16" if job.dtype == "bfloat16" else f"np.{job.dtype}"
    title = f"{job.name} and its gradient for arrays of {job.dtype}, compiled by Numba."
    constants = f"DTYPE = {dtype}\nSTORED = np.{_stored(job)}\n"
    constants += (_CONTRACTED if helpers else _PLAIN) + _INLINE + _TYPES
    parts = [docstring(job, title) + "\n" + "\n".join(imports) + f"\n\n{constants}", *helpers]
    parts += [_each("_each", slope, job)] if helpers else []
    parts += [_ODD] if _by_odd(job) else []
    first = [named(job.variable)]
    saved = [named(symbol) for symbol in job.saved]
    for name, arrays, lines in (("_value", first, value_lines), ("_slope", saved, slope_lines)):
        taken = [*arrays, *(named(symbol) for symbol in job.extra)]
        parts.append(f"@numba.njit(**INLINE)\n{define(name, taken, lines)}")
    vectors = bool(helpers)
    parts += _loop(job, "_values", "_value", first, language, upstream=False, vectors=vectors)
    parts += _loop(job, "_gradients", "_slope", saved, language, upstream=True, vectors=vectors)
    parts.append(define("_plain", ["array", "shape"], _PLAIN_ARRAY))
    parts.append(define("_filled", ["loop", "arrays", "numbers", "out"], _FILLED))
    parts.append(_public(job, job.name, "_values", first, "The function", language))
    grad = (f"{job.name}_grad", "_gradients", [*saved, "upstream"])
    parts.append(_public(job, *grad, "Upstream times the slope", language))
    return "\n\n".join(parts)


def scalars(forward: Expr, gradient: Expr, job: Job, names: tuple[str, str]) -> list[str]:
    """``OPTIONS`` for Numba, and the function and its slope for single numbers.

    With approximated functions also ``each``, which has LLVM make vector code of a loop.

    They are in the job's arithmetic, use ``math``, ``numba`` and ``np``, and are compiled when
    they are first called.

    Raises:
        InputError: Numba lacks a function.
    """
    language = language_of(job)
    found, needed = [], set()
    for name, root, first in zip(
        names, (forward, gradient), ((job.variable,), job.saved), strict=True
    ):
        symbols = (*first, *job.extra)
        lowered = prepared(program(root, symbols, language), job.working)
        needed |= {operation for operation, _ in lowered.code}
        lines = body(_plain(lowered), language, double=job.double)
        given = [language.named(symbol) for symbol in symbols]
        found.append(f"@numba.njit(**INLINE)\n{define(name, given, lines)}")
    helpers = _helpers(needed, job.working, language, double=job.double)
    vectors = [_each(EACH, lowered, job)] if helpers else []
    return [(_CONTRACTED if helpers else _PLAIN) + _INLINE, *helpers, *vectors, *found]


def _each(name: str, slope: Lowered, job: Job) -> str:
    """The definition of a loop over vectors, several at a time, for a program of this length."""
    many = job.double and len(inlined(slope, job.working).code) > _MANY
    return _EACH.format(each=name, count=2 if many else 4)


def _plain(lowered: Lowered) -> Lowered:
    """The program without functions of NumPy for which there is a choice."""
    return unlike_extremes(by_choices(lowered))


def _helpers(
    operations: Set[str], working: Working, language: Language, *, double: bool
) -> list[str]:
    """The definitions of approximated functions, and of the operations on bits they need."""
    layout, found, needed = _LAYOUTS[double], [], set(operations)
    for name in called(operations, working):
        lowered = lower([approximation(name, working)], [ARGUMENT], language.functions)
        needed |= {operation for operation, _ in lowered.code}
        lines = body(_plain(lowered), language, double=double)
        lines.insert(0, f'"""{stated_error(name, working)}"""')
        found.append(f"@numba.njit(**INLINE)\n{define(f'_{name}', [ARGUMENT.name], lines)}")
    texts = {"scaled": _SCALED, "exponent": _EXPONENT, "fma": _FMA}
    return [texts[name].format(**layout) for name in PRIMITIVES if name in needed] + found


def _stored(job: Job) -> str:
    """What the loops read and write; NumPy converts it from 16 bits and to them."""
    if job.short:
        return "float32" if _by_odd(job) else _work(job)
    return job.dtype


def _by_odd(job: Job) -> bool:
    """Whether a result is rounded twice, the first time to odd."""
    return job.dtype == "bfloat16" and job.double


def _work(job: Job) -> str:
    return "float64" if job.double else "float32"


def _loop(
    job: Job,
    name: str,
    inner: str,
    first: Sequence[str],
    language: Language,
    *,
    upstream: bool,
    vectors: bool,
) -> list[str]:
    """The loop over arrays; what it does with an element is a function for ``_each``."""
    stored, work = _stored(job), _work(job)
    others = [language.named(symbol) for symbol in job.others]
    numbers = [language.named(symbol) for symbol, _ in job.parameters]
    arrays = [*first, *(["upstream"] if upstream else []), *others]
    read = {a: f"{a}[i]" if stored == work else f"np.{work}({a}[i])" for a in arrays}
    given = [*(read[a] for a in (*first, *others)), *numbers]
    # The product is rounded once too.
    times = f"{read['upstream']} * " if upstream else ""
    depth = 4 if vectors else 8
    if _by_odd(job):
        result = _odd_result(times, inner, given, depth)
    else:
        result = bracketed(f"out[i] = {times}{inner}(", given, ")", LONGEST - depth)
    element = result.splitlines()
    taken = [*arrays, "out", *numbers]
    types = ["READ"] * len(arrays) + ["WRITTEN"] + [f"numba.{work}"] * len(numbers)
    void = bracketed("numba.void(", types, ")", LONGEST - 5).replace("\n", "\n    ")
    decorator = bracketed("@numba.njit(", [void, "**OPTIONS"], ")")
    if not vectors:
        lines = ["for i in range(out.size):", *(f"    {line}" for line in element)]
        return [f"{decorator}\n{define(name, taken, lines)}"]
    at = f"{inner}_at"
    lines = call_lines("_each", [at, "out.size", tuple_of(taken)])
    return [
        f"@numba.njit(**INLINE)\n{define(at, ['i', *taken], element)}",
        f"{decorator}\n{define(name, taken, lines)}",
    ]


def _odd_result(times: str, inner: str, given: Sequence[str], depth: int) -> str:
    """The result as an odd float32, in the layout of the usual formatters."""
    called = f"{inner}({', '.join(given)})"
    if len(f"out[i] = _odd({times}{called})") <= LONGEST - depth:
        return f"out[i] = _odd({times}{called})"
    lines = [f"{times}{called}"]
    if len(lines[0]) > LONGEST - depth - 4:
        factor, sign, _ = times.rpartition("* ")
        last = bracketed(f"{sign}{inner}(", given, ")", LONGEST - depth - 4)
        lines = [*([factor.rstrip()] if factor else []), *last.splitlines()]
    return "\n".join(["out[i] = _odd(", *(f"    {line}" for line in lines), ")"])


_PLAIN_ARRAY = [
    '"""Whether a loop can go over the array as it is."""',
    "flags = array.flags",
    "return array.shape == shape and flags.c_contiguous and flags.aligned",
]
_FILLED = [
    '"""The result in `out`: a loop over the arrays, or over blocks without gaps."""',
    "shape = np.broadcast_shapes(*(array.shape for array in arrays))",
    "out = np.empty(shape, DTYPE) if out is None else out",
    "whole = [*arrays, out]",
    "apart = not any(np.may_share_memory(array, out) for array in arrays)",
    "if STORED is DTYPE and apart and all(_plain(array, shape) for array in whole):",
    "    loop(*(array.reshape(-1) for array in whole), *numbers)",
    "    return out",
    'flags = ["external_loop", "buffered", "zerosize_ok", "copy_if_overlap"]',
    'kinds = ["readonly"] * len(arrays) + ["writeonly"]',
    'use = [[kind, "contig", "aligned"] for kind in kinds]',
    "types = [STORED] * len(whole)",
    'options = {"casting": "unsafe", "buffersize": 8192}',
    "with np.nditer(whole, flags, use, types, **options) as blocks:",
    "    for block in blocks:",
    "        loop(*block, *numbers)",
    "return out",
]


def _public(
    job: Job, name: str, inner: str, first: Sequence[str], what: str, language: Language
) -> str:
    arrays = [*first, *(language.named(symbol) for symbol in job.others)]
    numbers = [language.named(symbol) for symbol, _ in job.parameters]
    lines = [f'"""{what}, into `out` if it is given."""']
    lines += [f"{array} = np.asarray({array}, DTYPE)" for array in arrays]
    given = [inner, tuple_of(arrays), tuple_of(numbers), "out"]
    lines += call_lines("return _filled", given)
    return define(name, [*signature(job, language, arrays), "out=None"], lines)
