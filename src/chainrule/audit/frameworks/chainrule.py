"""chainrule itself: `chainrule:gelu`, `chainrule:elu(alpha=2, accuracy='fast')`, a formula.

The kernels of ``chainrule.compile``, audited like everybody's. A letter of a formula that has no
value stands for 1, as in `chainrule forms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from chainrule.audit.frameworks.implementation import (
    LANES,
    Array,
    Implementation,
    imports,
    versions,
    with_ones,
)
from chainrule.audit.frameworks.matching import AuditedFormula, audited_at, to_dtype
from chainrule.audit.frameworks.target import read_call
from chainrule.codegen.numba import DOUBLE
from chainrule.deriving.derivation import Derivation
from chainrule.deriving.reading import make_problem
from chainrule.errors import InputError
from chainrule.expr.catalogue import CATALOGUE, SPELLINGS
from chainrule.expr.nodes import Symbol
from chainrule.floats.letters import typical_values
from chainrule.parsing.definitions import definition
from chainrule.parsing.names import spellings


def load(target: str, rest: str, dtype: str) -> Implementation:
    """A kernel for blocks of ``dtype``. Errors as in ``implementation.load``."""
    # As its users do: this framework's own function is what is audited.
    import chainrule

    formula, given = _read(rest)
    accuracy = str(given.get("accuracy", "best"))
    derivation = Derivation(make_problem(formula))
    # An audit is to tell what is wrong, and tells it of what nobody should use too.
    kernel = chainrule.compile(formula, dtype=dtype, accuracy=accuracy, threads=1, allow_bad=True)
    numbers = {symbol: float(v) for symbol, v in _values(derivation, given).items()}
    others = [s for s in derivation.problem.arguments if s is not derivation.variable]
    values = [numbers.pop(symbol) for symbol in others]
    keywords: dict[str, Any] = {DOUBLE.named(s): number for s, number in numbers.items()}

    def arrays(x: Array) -> list[Array]:
        return [np.full_like(x, value) for value in values]

    def forward(x: Array) -> Array:
        return kernel(x, *arrays(x), **keywords)

    def backward(x: Array, upstream: Array) -> Array:
        return kernel.grad(x, upstream, *arrays(x), **keywords)

    compiled = (
        f"chainrule.compile({formula!r}, dtype={dtype!r}, accuracy={accuracy!r}, allow_bad=True)"
    )
    start = (
        f"{imports(dtype, 'numpy', 'chainrule')}; k = {compiled}; "
        f"x = numpy.full({LANES}, {{x}}, k.dtype)"
    )
    more = "".join(f", numpy.full_like(x, {value!r})" for value in values)
    more += "".join(f", {name}={value!r}" for name, value in keywords.items())
    return Implementation(
        label=target,
        dtype=dtype,
        gradient=with_ones(backward),
        forward=forward,
        versions=versions("chainrule", "numba", "llvmlite"),
        calls={
            "gradient": f"{start}; print(float(k.grad(x, numpy.ones_like(x){more})[0]))",
            "forward": f"{start}; print(float(k(x{more})[0]))",
        },
        backward=backward,
        gaps=True,
    )


def reference(rest: str, dtype: str) -> AuditedFormula | None:
    """The formula itself.

    Arguments beside the variable are arrays of the dtype, parameters numbers of what is computed
    in, which may be float32 if it is to be fast.
    """
    formula, given = _read(rest)
    derivation = Derivation(make_problem(formula))
    values = _values(derivation, given)
    arrays = derivation.problem.arguments
    single = given.get("accuracy") == "fast" and _in_float32(derivation, dtype)
    held = {s: to_dtype(v, "float32") if single else v for s, v in values.items()}
    return AuditedFormula(
        formula,
        {s.name: to_dtype(values[s], dtype) if s in arrays else v for s, v in held.items()},
    )


def _in_float32(derivation: Derivation, dtype: str) -> bool:
    """Whether the kernel that is to be fast computes in float32."""
    if dtype == "float64":
        return False
    # Only this needs the search for forms, which takes a while to import.
    from chainrule.forms.plan import plan

    return not plan(derivation, "numba", dtype=dtype, accuracy="fast").spec.double


def targets() -> list[str]:
    """Every row of the catalogue; a loss at each of the values that it is audited at."""
    found = []
    for entry in CATALOGUE:
        given = [""]
        for symbol in entry.arguments[1:]:
            given = [
                f"{before}{', ' if before else ''}{symbol}={_decimal(value)}"
                for before in given
                for value in audited_at(entry, symbol)
            ]
        found += [
            f"chainrule:{entry.name}({text})" if text else f"chainrule:{entry.name}"
            for text in given
        ]
    return found


def _decimal(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else repr(float(value))


def _read(rest: str) -> tuple[str, Mapping[str, object]]:
    """A name of the catalogue with values for its symbols, or a formula as it stands."""
    name = rest.partition("(")[0].strip()
    if rest.isidentifier():
        # A row, or an elementary function; of anything else there is a complaint.
        known = spellings().get(rest) if rest not in SPELLINGS else None
        return (f"{known}(x)" if known else definition(rest).entry.name), {}
    if name not in SPELLINGS:
        return rest, {}
    try:
        call = read_call(rest)
    except InputError:
        # "sigmoid(x)^2" and "elu(2x, 3)" are formulas.
        return rest, {}
    if call.positional or call.name not in SPELLINGS:
        return rest, {}
    return SPELLINGS[call.name], call.keywords


def _values(derivation: Derivation, given: Mapping[str, object]) -> dict[Symbol, Fraction]:
    """A value for every letter but the variable.

    Raises:
        InputError: a value for a letter that there is not, or that is no number.
    """
    values = typical_values(derivation)
    by_name = {symbol.name: symbol for symbol in values}
    for name, value in given.items():
        if name == "accuracy":
            continue
        if name not in by_name or not isinstance(value, int | float):
            known = ", ".join([*by_name, "accuracy"])
            raise InputError(f"{name}={value!r} makes no sense here", hint=f"it takes {known}")
        values[by_name[name]] = Fraction(value)
    return values
