"""C, or anything with its calling convention: `c:./libfoo.so:grad_f32`.

The function is taken to be

    void grad_f32(const float *x, float *out, size_t n);

with pointers to what the dtype of the audit is in C: `float`, `double`, or `uint16_t` for the bit
patterns of 16-bit formats. Other orders are spelled out, by the words x, upstream (an array of
ones), out and n, and by numbers, which are doubles unless they say otherwise: a file that
`chainrule code elu --target c` wrote is audited as

    c:./libelu.so:elu_grad(x, upstream, out, n, 1.0)        one of `--accuracy best`
    c:./libelu.so:elu_grad(x, upstream, out, n, float(1))   one of `--accuracy fast`

After a comma before the gradient may stand the function itself, with the same arguments:
`c:./libelu.so:elu_forward(x, out, n, 1.0),elu_grad(x, upstream, out, n, 1.0)`.

Nothing in a library says what its functions take. One that takes something else may give any
result or end the process.
"""

from __future__ import annotations

import ctypes
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.audit.frameworks.implementation import (
    LANES,
    Array,
    Backward,
    Computed,
    Implementation,
    imports,
    numpy_type,
    versions,
    with_ones,
)
from chainrule.audit.frameworks.matching import AuditedFormula
from chainrule.audit.frameworks.target import (
    TargetCall,
    Typed,
    Word,
    foreign,
    read_call,
    split_pair,
)
from chainrule.errors import InputError

WORDS = ("x", "upstream", "out", "n")
TYPES = {"float": ctypes.c_float, "double": ctypes.c_double, "int": ctypes.c_int}
USUAL = (Word("x"), Word("out"), Word("n"))


def load(target: str, rest: str, dtype: str) -> Implementation:
    """The target for blocks of ``dtype``. Errors as in ``implementation.load``.

    Raises:
        InputError: there is no such file, it is no library, or has no such function.
    """
    path, colon, names = rest.partition(":")
    if not colon or not names:
        raise InputError(
            f"{target} names no function in a library", hint="as in c:./libfoo.so:grad_f32"
        )
    file = Path(path)
    if not file.is_file():
        raise InputError(f"there is no file {path}")
    with foreign(f"{path} cannot be loaded"):
        library = ctypes.CDLL(str(file.resolve()))
    functions: dict[Computed, Any] = {}
    backward: Backward | None = None
    calls: dict[Computed, str] = {}
    for kind, text in split_pair(names).items():
        call = read_call(text, WORDS, TYPES)
        run = _function(library, call, path)
        functions[kind] = with_ones(run)
        if kind == "gradient" and Word("upstream") in call.positional:
            backward = run
        calls[kind] = _reproduction(str(file), call, dtype)
    digest = sha256(file.read_bytes()).hexdigest()[:16]
    return Implementation(
        label=target,
        dtype=dtype,
        gradient=functions.get("gradient"),
        forward=functions.get("forward"),
        versions=versions() | {file.name: f"sha256 {digest}…"},
        calls=calls,
        backward=backward,
    )


def reference(rest: str, dtype: str) -> AuditedFormula | None:
    """Nobody knows what a function of the user's is to compute."""
    return None


def targets() -> list[str]:
    """None: these are the user's."""
    return []


def _order(call: TargetCall) -> tuple[object, ...]:
    """The arguments in their order.

    Raises:
        InputError: one has a name, or the result is left out.
    """
    given = call.positional or USUAL
    if call.keywords or not {Word("x"), Word("out")} <= set(given):
        raise InputError(
            f"the arguments of {call.name} are x, out and perhaps n, upstream and numbers, "
            "in their order",
            hint=f"as in {call.name}(x, upstream, out, n, 1.0)",
        )
    return given


def _function(library: ctypes.CDLL, call: TargetCall, path: str) -> Any:
    order = _order(call)
    try:
        function = getattr(library, call.name)
    except AttributeError:
        raise InputError(
            f"{path} has no function {call.name}",
            hint=f'`nm -D {path}` lists what it has; in C++ it has to be extern "C"',
        ) from None
    function.restype = None
    numbers = {index: _number(value) for index, value in enumerate(order) if value not in _WORDS}

    def run(values: Array, upstream: Array) -> Array:
        out = np.empty_like(values)
        by_word: dict[object, Any] = {
            Word("x"): ctypes.c_void_p(values.ctypes.data),
            Word("upstream"): ctypes.c_void_p(upstream.ctypes.data),
            Word("out"): ctypes.c_void_p(out.ctypes.data),
            Word("n"): ctypes.c_size_t(len(values)),
        }
        function(*(numbers[i] if i in numbers else by_word[w] for i, w in enumerate(order)))
        return out

    return run


_WORDS = tuple(Word(word) for word in WORDS)


def _number(value: object) -> Any:
    kind, number = (value.type, value.value) if isinstance(value, Typed) else ("double", value)
    with foreign(f"{number!r} is no {kind}"):
        return TYPES[kind](int(number) if kind == "int" else float(number))  # type: ignore[call-overload,arg-type]


def _reproduction(path: str, call: TargetCall, dtype: str) -> str:
    texts = {
        Word("x"): "c_void_p(x.ctypes.data)",
        Word("upstream"): "c_void_p(numpy.ones_like(x).ctypes.data)",
        Word("out"): "c_void_p(out.ctypes.data)",
        Word("n"): f"c_size_t({LANES})",
    }
    given = []
    for value in _order(call):
        if isinstance(value, Word):
            given.append(texts[value])
        else:
            kind, number = (
                (value.type, value.value) if isinstance(value, Typed) else ("double", value)
            )
            given.append(f"c_{kind}({number!r})")
    library = path if "/" in path else f"./{path}"
    return (
        f"{imports(dtype, 'numpy')}; from ctypes import *; "
        f"x = numpy.full({LANES}, {{x}}, {numpy_type(dtype)}); out = numpy.empty_like(x); "
        f"f = CDLL({library!r})[{call.name!r}]; f.restype = None; "
        f"f({', '.join(given)}); print(float(out[0]))"
    )
