"""The texts of a file for Numba that do not depend on the function."""

from __future__ import annotations

# Where nothing is approximated, a difference of two products may be exactly 0.
CONTRACTED = """\
# x/0 is infinite; a product and a sum may be rounded once, together.
OPTIONS = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True}
"""
PLAIN = """\
# x/0 is infinite.
OPTIONS = {"error_model": "numpy", "nogil": True}
"""
INLINE = """\
INLINE = {**OPTIONS, "forceinline": True}
"""
TYPES = """\
WRITTEN = numba.types.Array(numba.from_dtype(np.dtype(STORED)), 1, "C")
READ = WRITTEN.copy(readonly=True)
"""
SCALED = '''\
@numba.njit(**INLINE)
def _scaled(x, lifted):
    """x times 2^n, by its bits, where `lifted` is n + {rounder}."""
    bits = np.{real}(lifted).view(np.{integer}) << np.{integer}({fraction})
    return np.{integer}(np.{real}(x).view(np.{integer}) + bits).view(np.{real})
'''
FMA = '''\
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
EACH_TEXT = '''\
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
EXPONENT = '''\
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
ODD = '''\
@numba.njit(**INLINE)
def {odd}(wide):
    """The float32 next to it, of two the odd one: it can be rounded again."""
    near = np.float32(wide)
    size, bits = abs(np.float64(near)), near.view(np.int32)
    step = np.int32(abs(wide) > size) - np.int32(abs(wide) < size)
    return np.int32(bits + step * (1 - (bits & 1))).view(np.float32)
'''
# The same numbers as those of ``c``.
LAYOUTS = {
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


PLAIN_ARRAY = [
    '"""Whether a loop can go over the array as it is."""',
    "flags = array.flags",
    "return array.shape == shape and flags.c_contiguous and flags.aligned",
]
FILLED = [
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
