"""The target Numba: loops over arrays, compiled when the module is imported.

No C compiler is needed. The loops go over arrays without gaps, and call nothing but functions of
the same file that are compiled into them, so that LLVM makes vector code of them; what else
arrays are like is NumPy's affair (``numpy.nditer``).
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from typing import NamedTuple

from chainrule.codegen import numba_sections as sections
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
    Language,
    Precedence,
    Spelling,
    body,
    calls,
    decimal,
    docstring,
    programs,
)
from chainrule.elementary.approximations import approximation, functions, stated_error
from chainrule.elementary.arithmetic import ARGUMENT, PRIMITIVES, Working
from chainrule.expr.nodes import Expr
from chainrule.program.inlining import called, inlined
from chainrule.program.kernel_spec import KernelSpec
from chainrule.program.library import EVERYWHERE
from chainrule.program.lower import Lowered, lower

_MATH = {
    **{name: name for name in (*EVERYWHERE, "sqrt", "erf", "erfc", "gamma", "lgamma")},
    **{"abs": "fabs", "power": "pow"},
}
_NUMPY = {"cbrt": "cbrt", "floor": "floor", "ceil": "ceil", "trunc": "trunc"}
_NUMPY |= {"max": "maximum", "min": "minimum", "sign": "sign"}
"""math has no such functions in Numba, or gives integers, or loses a NaN."""

_SPELLINGS = {
    **INFIX,
    **calls(_MATH, "math."),
    **calls(_NUMPY, "np."),
    **CHOICES,
    "logical_and": Spelling(
        "{0} and {1}", Precedence.RELATION, (Precedence.RELATION, Precedence.RELATION)
    ),
}
_RESERVED = PYTHON_WORDS | {"np", "math", "numba", "upstream", "out", "i"}

DOUBLE = Language(
    spellings={**_SPELLINGS, "undefined": Spelling("math.nan")},
    number=decimal,
    reserved=_RESERVED,
    chains=True,
)
# A literal is a float64 to Numba, and would draw the whole expression into float64.
SINGLE = Language(
    spellings={**_SPELLINGS, "undefined": Spelling("np.float32(math.nan)")},
    number=lambda value: f"np.float32({single_number(value)})",
    reserved=_RESERVED,
    chains=True,
)

_MANY = 45
"""Operations; with more of them, four vectors at a time do not fit into the registers, of which a
vector of float64 takes two."""


def language_of(spec: KernelSpec) -> Language:
    """The spelling of a spec's arithmetic and of the functions that it calls."""
    plain = DOUBLE if spec.double else SINGLE
    own = {name: name for name in (*functions(spec.working), *PRIMITIVES)}
    return replace(plain, spellings={**plain.spellings, **calls(own, "_")})


def write(forward: Expr, gradient: Expr, spec: KernelSpec) -> str:
    """A module with NAME and NAME_grad."""
    language = language_of(spec)
    made = scalars(forward, gradient, spec, ("_value", "_slope"), "_each")
    imports = ["import numba", "import numpy as np"]
    if spec.dtype == "bfloat16":
        imports.insert(0, "import ml_dtypes  # bfloat16 for NumPy")
    if any("math." in text for text in (*made.helpers, *made.functions)):
        imports = ["import math", "", *imports]
    dtype = "ml_dtypes.bfloat16" if spec.dtype == "bfloat16" else f"np.{spec.dtype}"
    title = f"{spec.name} and its gradient for arrays of {spec.dtype}, compiled by Numba."
    constants = f"DTYPE = {dtype}\nSTORED = np.{_stored(spec)}\n{made.options}{sections.TYPES}"
    head = docstring(spec, title) + "\n" + "\n".join(imports) + f"\n\n{constants}"
    odd = [sections.ODD.format(odd="_odd")] if _by_odd(spec) else []
    parts = [head, *made.helpers, *odd, *made.functions]
    first = [language.named(spec.variable)]
    saved = [language.named(symbol) for symbol in spec.saved]
    vectors = made.vectors
    parts += _loop(spec, "_values", "_value", first, language, upstream=False, vectors=vectors)
    parts += _loop(spec, "_gradients", "_slope", saved, language, upstream=True, vectors=vectors)
    parts.append(define("_plain", ["array", "shape"], sections.PLAIN_ARRAY))
    parts.append(define("_filled", ["loop", "arrays", "numbers", "out"], sections.FILLED))
    parts.append(_public(spec, spec.name, "_values", first, "The function", language))
    grad = (f"{spec.name}_grad", "_gradients", [*saved, "upstream"])
    parts.append(_public(spec, *grad, "Upstream times the slope", language))
    return "\n\n".join(parts)


class Scalars(NamedTuple):
    """A function and its slope for single numbers, by their definitions.

    Attributes:
        options: ``OPTIONS`` and ``INLINE`` for Numba.
        helpers: what they call; if there is any, ``each`` comes last, which has LLVM make vector
            code of a loop.
        functions: the function and its slope.
    """

    options: str
    helpers: list[str]
    functions: list[str]

    @property
    def vectors(self) -> bool:
        """Whether there is ``each``."""
        return bool(self.helpers)


def scalars(
    forward: Expr, gradient: Expr, spec: KernelSpec, names: tuple[str, str], each: str
) -> Scalars:
    """The function and its slope for single numbers.

    They are in the spec's arithmetic, use ``math``, ``numba`` and ``np``, and are compiled when
    they are first called.

    Raises:
        InputError: Numba lacks a function.
    """
    language = language_of(spec)
    both = programs(forward, gradient, spec, language)
    found = []
    for name, lowered in zip(names, both, strict=True):
        lines = body(_plain(lowered), language, double=spec.double)
        given = [language.named(symbol) for symbol in lowered.inputs]
        found.append(f"@numba.njit(**INLINE)\n{define(name, given, lines)}")
    needed = {operation for lowered in both for operation, _ in lowered.code}
    helpers = _helpers(needed, spec.working, language, double=spec.double)
    if not helpers:
        return Scalars(sections.PLAIN + sections.INLINE, helpers, found)
    # For a program of this length.
    many = spec.double and len(inlined(both[1], spec.working).code) > _MANY
    helpers.append(sections.EACH_TEXT.format(each=each, count=2 if many else 4))
    return Scalars(sections.CONTRACTED + sections.INLINE, helpers, found)


def _plain(lowered: Lowered) -> Lowered:
    """The program without functions of NumPy for which there is a choice."""
    return unlike_extremes(by_choices(lowered))


def _helpers(
    operations: Set[str], working: Working, language: Language, *, double: bool
) -> list[str]:
    """The definitions of approximated functions, and of the operations on bits they need."""
    layout, found, needed = sections.LAYOUTS[double], [], set(operations)
    for name in called(operations, working):
        lowered = lower([approximation(name, working)], [ARGUMENT], language.functions)
        needed |= {operation for operation, _ in lowered.code}
        lines = body(_plain(lowered), language, double=double)
        lines.insert(0, f'"""{stated_error(name, working)}"""')
        found.append(f"@numba.njit(**INLINE)\n{define(f'_{name}', [ARGUMENT.name], lines)}")
    texts = {"scaled": sections.SCALED, "exponent": sections.EXPONENT, "fma": sections.FMA}
    return [texts[name].format(**layout) for name in PRIMITIVES if name in needed] + found


def _stored(spec: KernelSpec) -> str:
    """What the loops read and write; NumPy converts it from 16 bits and to them."""
    if spec.short:
        return "float32" if _by_odd(spec) else _work(spec)
    return spec.dtype


def _by_odd(spec: KernelSpec) -> bool:
    """Whether a result is rounded twice, the first time to odd."""
    return spec.dtype == "bfloat16" and spec.double


def _work(spec: KernelSpec) -> str:
    return "float64" if spec.double else "float32"


def _loop(
    spec: KernelSpec,
    name: str,
    inner: str,
    first: Sequence[str],
    language: Language,
    *,
    upstream: bool,
    vectors: bool,
) -> list[str]:
    """The loop over arrays; what it does with an element is a function for ``_each``."""
    stored, work = _stored(spec), _work(spec)
    others = [language.named(symbol) for symbol in spec.others]
    numbers = [language.named(symbol) for symbol, _ in spec.parameters]
    arrays = [*first, *(["upstream"] if upstream else []), *others]
    read = {a: f"{a}[i]" if stored == work else f"np.{work}({a}[i])" for a in arrays}
    given = [*(read[a] for a in (*first, *others)), *numbers]
    # The product is rounded once too.
    times = f"{read['upstream']} * " if upstream else ""
    depth = 4 if vectors else 8
    if _by_odd(spec):
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


def _public(
    spec: KernelSpec, name: str, inner: str, first: Sequence[str], what: str, language: Language
) -> str:
    arrays = [*first, *(language.named(symbol) for symbol in spec.others)]
    numbers = [language.named(symbol) for symbol, _ in spec.parameters]
    lines = [f'"""{what}, into `out` if it is given."""']
    lines += [f"{array} = np.asarray({array}, DTYPE)" for array in arrays]
    given = [inner, tuple_of(arrays), tuple_of(numbers), "out"]
    lines += call_lines("return _filled", given)
    return define(name, [*signature(spec, language, arrays), "out=None"], lines)
