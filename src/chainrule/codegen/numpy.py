"""The target NumPy: functions of arrays of any shape."""

from __future__ import annotations

from chainrule.codegen.python import (
    PYTHON_WORDS,
    arguments,
    define,
    of_arrays,
    signature,
)
from chainrule.codegen.source import (
    Language,
    body,
    calls,
    decimal,
    docstring,
    programs,
)
from chainrule.expr.nodes import Expr
from chainrule.program.kernel_spec import KernelSpec
from chainrule.program.library import SPECIAL, UFUNCS

LANGUAGE = Language(
    spellings={**of_arrays("np", UFUNCS), **calls(SPECIAL, "special.")},
    number=decimal,
    reserved=PYTHON_WORDS | {"np", "special", "upstream", "ml_dtypes"},
)


def write(forward: Expr, gradient: Expr, spec: KernelSpec) -> str:
    """A module with NAME and NAME_grad."""
    named = LANGUAGE.named
    value, slope = programs(forward, gradient, spec, LANGUAGE)
    called = {name for p in (value, slope) for name, _ in p.code}
    imports = ["import numpy as np"]
    if called & SPECIAL.keys():
        imports.append("from scipy import special  # these functions are not in NumPy")
    if spec.dtype == "bfloat16":
        imports.insert(0, "import ml_dtypes  # bfloat16 for NumPy")
    dtype = "ml_dtypes.bfloat16" if spec.dtype == "bfloat16" else f"np.{spec.dtype}"
    work = "np.float64" if spec.double else "np.float32"
    title = docstring(spec, f"{spec.name} and its gradient for NumPy arrays of {spec.dtype}.")
    parts = ["\n".join([title, *imports, "", f"DTYPE = {dtype}", f"WORK = {work}", ""])]
    inner = [named(symbol) for symbol in (spec.variable, *spec.extra)]
    parts.append(define("_value", inner, body(value, LANGUAGE, double=spec.double)))
    kept = [named(symbol) for symbol in (*spec.saved, *spec.extra)]
    parts.append(define("_slope", kept, body(slope, LANGUAGE, double=spec.double)))
    if spec.dtype == "bfloat16" and spec.double:
        parts.append(define("_rounded", ["result"], _ROUNDED))
    parts.append(_public(spec, spec.name, "_value", [named(spec.variable)], "the function"))
    saved = [named(symbol) for symbol in spec.saved]
    parts.append(_public(spec, f"{spec.name}_grad", "_slope", saved, "upstream times the slope"))
    return "\n\n".join(parts)


# ml_dtypes takes float64 to bfloat16 by way of float32, which would round twice. Of the two
# float32 around a number the one with an odd last bit is taken: then the second rounding is right.
_ROUNDED = [
    '"""As float32, with an odd last bit where it is not exact: to be rounded once more."""',
    "single = np.asarray(result, np.float32)",
    "rest = np.asarray(result) - single",
    "even = single.view(np.uint32) & 1 == 0",
    "toward = np.where(rest > 0, np.float32(np.inf), np.float32(-np.inf))",
    "return np.where((rest != 0) & even, np.nextafter(single, toward), single)",
]


def _public(spec: KernelSpec, name: str, inner: str, first: list[str], what: str) -> str:
    others = [LANGUAGE.named(symbol) for symbol in spec.others]
    gradient = inner == "_slope"
    arrays = [*first, *(["upstream"] if gradient else []), *others]
    lines = [f'"""{what[0].upper()}{what[1:]}, rounded once to DTYPE."""'] if spec.double else []
    lines = lines or [f'"""{what[0].upper()}{what[1:]}."""']
    lines += [f"{array} = np.asarray(np.asarray({array}, DTYPE), WORK)" for array in arrays]
    numbers = [LANGUAGE.named(symbol) for symbol, _ in spec.parameters]
    # A float32 would have its own products rounded, and its square underflow.
    lines += [f"{number} = np.asarray({number}, WORK)" for number in numbers]
    called = f"{inner}({', '.join(arguments(spec, LANGUAGE, first))})"
    lines += ['with np.errstate(all="ignore"):']
    lines += [f"    result = upstream * {called}" if gradient else f"    result = {called}"]
    whole = "_rounded(result)" if spec.dtype == "bfloat16" and spec.double else "result"
    lines += [f"    return np.asarray({whole}, DTYPE)"]
    return define(name, signature(spec, LANGUAGE, arrays), lines)
