"""The target Numba: NumPy ufuncs compiled when the module is imported, without a C compiler."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.codegen.python import (
    PYTHON_WORDS,
    bracketed,
    call_lines,
    define,
    number,
    signature,
    tuple_of,
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
    "select": Shape(
        "{1} if {0} else {2}", Level.CONDITIONAL, (Level.RELATION, Level.RELATION, Level.RELATION)
    ),
    "logical_and": Shape("{0} and {1}", Level.RELATION, (Level.RELATION, Level.RELATION)),
}
_RESERVED = PYTHON_WORDS | {"np", "math", "numba", "upstream", "out"}

DOUBLE = Language(
    shapes={**_SHAPES, "undefined": Shape("math.nan")},
    number=number,
    reserved=_RESERVED,
    chains=True,
)
# A literal is a float64 to Numba, and would draw the whole expression into float64.
SINGLE = Language(
    shapes={**_SHAPES, "undefined": Shape("np.float32(math.nan)")},
    number=lambda value: f"np.float32({number(value)})",
    reserved=_RESERVED,
    chains=True,
)


def write(forward: Expr, gradient: Expr, job: Job) -> str:
    """A module with NAME and NAME_grad."""
    language = DOUBLE if job.double else SINGLE
    named = language.named
    value = program(forward, (job.variable, *job.extra), language)
    slope = program(gradient, (*job.saved, *job.extra), language)
    value_lines = body(value, language, double=job.double)
    slope_lines = body(slope, language, double=job.double)
    imports = ["import numba", "import numpy as np"]
    if job.dtype == "bfloat16":
        imports.insert(0, "import ml_dtypes  # bfloat16 for NumPy")
    if any("math." in line for line in (*value_lines, *slope_lines)):
        imports = ["import math", "", *imports]
    dtype = "ml_dtypes.bfloat16" if job.dtype == "bfloat16" else f"np.{job.dtype}"
    title = f"{job.name} and its gradient for arrays of {job.dtype}, compiled by Numba."
    parts = [docstring(job, title) + "\n" + "\n".join(imports) + f"\n\nDTYPE = {dtype}\n"]
    first = [named(job.variable)]
    parts.append(_ufunc(job, "_value", first, value_lines, language))
    saved = [named(symbol) for symbol in job.saved]
    # The product is rounded once too.
    *before, last = slope_lines
    product = f"slope = {last.removeprefix('return ')}"
    lines = [*before, product, "return upstream * slope"]
    parts.append(_ufunc(job, "_grad", [*saved, "upstream"], lines, language))
    parts.append(define("_filled", ["ufunc", "arrays", "numbers", "out"], _FILLED))
    parts.append(_public(job, job.name, "_value", first, "The function", language))
    grad = (f"{job.name}_grad", "_grad", [*saved, "upstream"])
    parts.append(_public(job, *grad, "Upstream times the slope", language))
    return "\n\n".join(parts)


def _ufunc(
    job: Job, name: str, first: Sequence[str], lines: Sequence[str], language: Language
) -> str:
    """Arrays come and go in the dtype; what NumPy casts for Numba is 16 bits only."""
    work = "float64" if job.double else "float32"
    stored = work if job.short else job.dtype
    arrays = [*first, *(language.named(symbol) for symbol in job.others)]
    inputs = [stored] * len(arrays) + [work] * len(job.parameters)
    if stored != work:
        lines = [*(f"{array} = np.{work}({array})" for array in arrays), *lines]
    names = [*arrays, *(language.named(symbol) for symbol, _ in job.parameters)]
    types = f'["{stored}({", ".join(inputs)})"]'
    decorator = bracketed("@numba.vectorize(", [types], ")")
    return f"{decorator}\n{define(name, names, lines)}"


# Numba's loop takes the output to be without gaps if all inputs are (numba/np/ufunc/wrappers.py
# looks at the inputs only), and would write beside the elements that are meant.
_FILLED = [
    '"""The result in `out`, which Numba gets without gaps, as it must be."""',
    "shape = np.broadcast_shapes(*(array.shape for array in arrays))",
    "full = [a if a.ndim == 0 else np.broadcast_to(a, shape) for a in arrays]",
    'compact = [np.asarray(array, order="C") for array in full]',
    "gaps = out is None or not out.flags.c_contiguous",
    "result = np.empty(shape, DTYPE) if gaps else out",
    'with np.errstate(all="ignore"):',
    '    ufunc(*compact, *numbers, out=result, casting="unsafe")',
    "if out is None:",
    "    return result",
    "if gaps:",
    "    out[...] = result",
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
