"""The target JAX: a function with its own derivative, under jit, vmap and grad, twice."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.codegen.python import (
    PYTHON_WORDS,
    arguments,
    call_lines,
    define,
    of_arrays,
    signature,
    together,
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
from chainrule.expr.nodes import ZERO, Expr
from chainrule.program.kernel_spec import KernelSpec
from chainrule.program.library import SPECIAL, UFUNCS
from chainrule.program.lower import Emit, Instruction, Lowered, rewritten

LANGUAGE = Language(
    spellings={
        **of_arrays("jnp", UFUNCS),
        **calls(SPECIAL, "special."),
        "kept": Spelling("_kept({0})"),
    },
    number=decimal,
    reserved=PYTHON_WORDS | {"jax", "jnp", "special", "primals", "tangents"},
)

_SUMS = ("add", "subtract")
_WIDE = [
    '"""The function `inner` in float64, rounded once."""',
    "with jax.enable_x64(True):",
    "    wide = [jnp.asarray(array, jnp.float64) for array in arrays]",
]
# Bits of exponent and fraction; the exponents of the smallest normal and of the smallest number.
_NARROWED = {
    dtype: [
        "    value = jnp.asarray(inner(*wide), jnp.float64)",
        "    # XLA by itself rounds twice, the first time to float32.",
        f"    normal = jax.lax.reduce_precision(value, {digits})",
        f"    # Subnormal numbers are the multiples of 2^-{least}.",
        f"    small = jnp.abs(value) < 2.0**-{normal}",
        f"    value = jnp.where(small, jnp.rint(value * 2.0**{least}) * 2.0**-{least}, normal)",
        "    return jnp.asarray(value, DTYPE)",
    ]
    for dtype, digits, normal, least in (
        ("bfloat16", "8, 7", 126, 133),
        ("float16", "5, 10", 14, 24),
    )
}
_SINGLE = [
    '"""The function `inner` in WORK."""',
    "work = [jnp.asarray(array, WORK) for array in arrays]",
    "return jnp.asarray(inner(*work), DTYPE)",
]


_KEPT = [
    '"""A sum, which XLA would take for one of its terms where the other is taken off."""',
    "return jax.lax.optimization_barrier(total)",
]


def _kept(lowered: Lowered) -> Lowered:
    """The program with sums marked from which one of their own terms is taken off again.

    Under ``jit`` XLA makes a of (a + c) − c, and what is rounded off is lost (seen in the programs
    that JAX 0.10 and 0.11 compile). On a GPU it drops ``reduce_precision`` to 52 bits too.
    """
    first, marked = lowered.first, set()
    for operation, operands in lowered.code:
        for value, other in (operands, operands[::-1]) if operation in _SUMS else ():
            if value >= first:
                made = lowered.code[value - first]
                if made.operation in _SUMS and other in made.operands:
                    marked.add(value)

    def visit(number: int, instruction: Instruction, given: Sequence[int], emit: Emit) -> int:
        value = emit(instruction.operation, *given)
        return emit("kept", value) if number in marked else value

    return rewritten(lowered, visit)


def _rounded(spec: KernelSpec) -> list[str]:
    if not spec.double:
        return _SINGLE
    return [*_WIDE, *_NARROWED.get(spec.dtype, ["    return jnp.asarray(inner(*wide), DTYPE)"])]


def write(forward: Expr, gradient: Expr, spec: KernelSpec) -> str:
    """A module with NAME, which has a derivative of its own, and that one too."""
    named = LANGUAGE.named
    first, saved = [named(spec.variable)], [named(symbol) for symbol in spec.saved]
    roots = {"_value": forward, "_slope": gradient}
    slots = {"_value": (spec.variable,), "_slope": spec.saved}
    curved = [(name, second) for name, second in zip(saved, spec.second, strict=True)]
    curved = [(name, second) for name, second in curved if second is not ZERO]
    for name, second in curved:
        roots[f"_slope_by_{name}"] = second
        slots[f"_slope_by_{name}"] = spec.saved
    programs = {n: _kept(program(r, (*slots[n], *spec.extra), LANGUAGE)) for n, r in roots.items()}
    called = {name for p in programs.values() for name, _ in p.code}
    imports = ["import jax", "import jax.numpy as jnp"]
    if called & SPECIAL.keys():
        imports.append("from jax.scipy import special")
    title = docstring(spec, f"{spec.name} and its gradient for JAX arrays of {spec.dtype}.")
    constants = [f"DTYPE = jnp.{spec.dtype}"]
    if not spec.double:
        constants.append("WORK = jnp.float32")
    parts = ["\n".join([title, *imports, "", *constants, ""])]
    if "kept" in called:
        parts.append(define("_kept", ["total"], _KEPT))
    for name, lowered in programs.items():
        given = [named(symbol) for symbol in (*slots[name], *spec.extra)]
        parts.append(define(name, given, body(lowered, LANGUAGE, double=spec.double)))
    parts.append(define("_rounded", ["inner", "*arrays"], _rounded(spec)))
    parts.append(_function(spec, first))
    parts.append(_slope(spec, saved))
    parts.append(_rule_of_function(spec, first, saved))
    parts.append(_rule_of_slope(spec, saved, [name for name, _ in curved]))
    return "\n\n".join(parts)


def _function(spec: KernelSpec, first: Sequence[str]) -> str:
    others = [LANGUAGE.named(symbol) for symbol in spec.others]
    given = signature(spec, LANGUAGE, [*first, *others])
    lines = ['"""The function, for an array of any shape."""']
    arrays = [*first, *others]
    lines += [f"{array} = jnp.asarray({array}, DTYPE)" for array in arrays]
    if spec.dtype == "float64":
        lines += [
            f"if {first[0]}.dtype != DTYPE:",
            "    raise TypeError(\"for float64, set jax.config.update('jax_enable_x64', True)\")",
        ]
    numbers = [LANGUAGE.named(symbol) for symbol, _ in spec.parameters]
    if spec.double and numbers:
        lines.append("with jax.enable_x64(True):  # float32 would round the parameters")
        lines += [f"    {number} = jnp.asarray({number}, jnp.float64)" for number in numbers]
    lines += call_lines(f"return _{spec.name}", arguments(spec, LANGUAGE, first))
    inner = call_lines("return _rounded", ["_value", *arguments(spec, LANGUAGE, first)])
    own = define(f"_{spec.name}", arguments(spec, LANGUAGE, first), inner)
    return define(spec.name, given, lines) + f"\n\n@jax.custom_jvp\n{own}"


def _slope(spec: KernelSpec, saved: Sequence[str]) -> str:
    given = arguments(spec, LANGUAGE, saved)
    lines = call_lines("return _rounded", ["_slope", *given])
    return "@jax.custom_jvp\n" + define(f"_{spec.name}_slope", given, lines)


def _rule_of_function(spec: KernelSpec, first: Sequence[str], saved: Sequence[str]) -> str:
    """By the variable it is the slope, by others what JAX makes of the formula."""
    output = LANGUAGE.named(spec.output)
    given = arguments(spec, LANGUAGE, first)
    lines = [f"{together(given)} = primals"]
    lines += call_lines(f"{output} = _{spec.name}", given)
    slope = arguments(spec, LANGUAGE, saved)
    lines += call_lines(f"slope = _{spec.name}_slope", slope)
    lines.append("tangent = slope * tangents[0]")
    lines += _by_others(spec, first, "_value", 1)
    lines.append(f"return {output}, tangent")
    rule = define(f"_{spec.name}_jvp", ["primals", "tangents"], lines)
    return f"@_{spec.name}.defjvp\n{rule}"


def _by_others(spec: KernelSpec, first: Sequence[str], inner: str, start: int) -> list[str]:
    """Terms for the letters that are neither the variable nor the output.

    Each slope is JAX's own, forward: there a branch that is not taken has no part in it. Backward,
    elu by its alpha would be inf·0 at x = 1000.
    """
    lines = []
    extra = [LANGUAGE.named(symbol) for symbol in spec.extra]
    for index, letter in enumerate(extra, start):
        given = ", ".join([inner, *first, *extra])
        function = f"lambda {letter}: _rounded({given})"
        depth = 2 if spec.double else 1
        term = call_lines(
            f"_, by_{letter} = jax.jvp",
            [function, f"({letter},)", f"(jnp.ones_like({letter}),)"],
            depth=depth,
        )
        term.append(f"tangent += jnp.asarray(by_{letter} * tangents[{index}], DTYPE)")
        lines += ["with jax.enable_x64(True):", indented(term)] if spec.double else term
    return lines


def _rule_of_slope(spec: KernelSpec, saved: Sequence[str], curved: Sequence[str]) -> str:
    given = arguments(spec, LANGUAGE, saved)
    lines = [f"{together(given)} = primals"]
    lines += call_lines(f"slope = _{spec.name}_slope", given)
    terms = []
    for name in curved:
        lines += call_lines(f"by_{name} = _rounded", [f"_slope_by_{name}", *given])
        terms.append(f"by_{name} * tangents[{list(saved).index(name)}]")
    lines.append(f"tangent = {' + '.join(terms) if terms else 'jnp.zeros_like(slope)'}")
    lines += _by_others(spec, saved, "_slope", len(saved))
    lines.append("return slope, tangent")
    rule = define(f"_{spec.name}_slope_jvp", ["primals", "tangents"], lines)
    return f"@_{spec.name}_slope.defjvp\n{rule}"
