"""Which formula a framework's function claims to compute.

For PyTorch, JAX and ONNX the catalogue says so (``Entry.apis``); a function under the name of an
elementary one (``jax:numpy.sinh``) stands for that one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.audit.frameworks.target import VARIABLE, Namespace, TargetCall
from chainrule.expr import functions
from chainrule.expr.catalogue import BY_NAME, CATALOGUE, Entry
from chainrule.expr.catalogue.apis import Api, read_api
from chainrule.expr.nodes import Symbol, symbols
from chainrule.floats.evaluate import FUNCTIONS, evaluate
from chainrule.floats.formats import format_named
from chainrule.parsing.definitions import definition
from chainrule.parsing.names import spellings
from chainrule.program.lower import lower

NEUTRAL = {"reduction": "none"}
"""Keywords that a call may have because it is elementwise anyway."""


@dataclass(frozen=True, slots=True)
class AuditedFormula:
    """What a function is measured against.

    Attributes:
        formula: a name of the catalogue, or a formula in x.
        values: a number for every symbol but the variable, as the framework holds it.
    """

    formula: str
    values: Mapping[str, Fraction] = field(default_factory=dict)


Rounding = Callable[[str, Fraction], Fraction]
"""From a keyword and its value to what the framework holds of it."""


def to_dtype(value: Fraction, dtype: str) -> Fraction:
    """The number rounded to the dtype, as an array of it holds it."""
    return Fraction(float(format_named(dtype).dtype.type(float(value))))


def by_api(library: str, call: TargetCall, rounding: Rounding) -> AuditedFormula | None:
    """The row of the catalogue that a call computes, with its values; ``None`` if none says so.

    Keywords that stand for a parameter may be left out; it has its default then. Those that must
    have a certain value may not, and a keyword that the row does not know makes it another
    function.
    """
    if any(value != VARIABLE for value in call.positional):
        return None
    for entry in CATALOGUE:
        for api in _apis(entry, library):
            values = _values(entry, api, call, rounding) if api.path == call.name else None
            if values is not None:
                return AuditedFormula(entry.name, values)
    return None


def elementary(call: TargetCall, name: str) -> AuditedFormula | None:
    """The elementary function of one argument that is called ``name``, if there is one."""
    own = spellings().get(name)
    if own is None or functions.BY_NAME[own].arity != 1 or call.positional or call.keywords:
        return None
    return AuditedFormula(f"{own}(x)")


def _apis(entry: Entry, library: str) -> Iterator[Api]:
    for text in entry.apis:
        api = read_api(text, entry.symbols)
        if api.library == library:
            yield api


def _values(
    entry: Entry, api: Api, call: TargetCall, rounding: Rounding
) -> Mapping[str, Fraction] | None:
    """The values of the row's symbols in a call; ``None`` where it is not this row's call."""
    variable, *others = entry.arguments
    given = {k: v for k, v in call.keywords.items() if k not in NEUTRAL or v != NEUTRAL[k]}
    if any(given.pop(keyword, None) != value for keyword, value in api.fixed.items()):
        return None
    keywords = {symbol: keyword for keyword, symbol in api.symbols.items()}
    values = {p.name: Fraction(p.default) for p in entry.parameters}
    # A default is a number of the framework's source, held as one that is given would be.
    values = {s: rounding(keywords[s], v) if s in keywords else v for s, v in values.items()}
    for keyword, value in given.items():
        symbol = api.symbols.get(keyword)
        if symbol is None or (symbol == variable) != (value == VARIABLE):
            return None
        if isinstance(value, int | float):
            values[symbol] = rounding(keyword, Fraction(value))
        elif symbol != variable:
            return None
    return values if values.keys() >= set(others) else None


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a function of one variable is defined.

    Attributes:
        contains: for an array of inputs, which are inside.
        typical: a number inside.
    """

    contains: Callable[[npt.NDArray[Any]], npt.NDArray[np.bool_]]
    typical: float


def domain_of(formula: str) -> Domain | None:
    """The domain of a row of the catalogue, ``None`` if it has none, or is no row.

    Of its conditions those on the first argument alone count.
    """
    entry = BY_NAME.get(formula)
    if entry is None:
        return None
    variable = entry.arguments[0]
    own = [c for c in definition(entry.name).conditions if [*symbols(c)] == [Symbol(variable)]]
    if not own:
        return None
    program = lower(own, [Symbol(variable)], FUNCTIONS)
    double = format_named("float64")

    def contains(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            inside = evaluate(program, [values.astype(np.float64)], double)
        every: npt.NDArray[np.bool_] = np.logical_and.reduce(inside)
        return every

    return Domain(contains, float(entry.typical(variable)))


def namespace(library: str, framework: str) -> Namespace:
    """Where the functions of a framework are; its package has the framework's name."""
    known = dict.fromkeys(api.path for entry in CATALOGUE for api in _apis(entry, library))
    return Namespace(framework, tuple(known), f"{framework}:{{}}".format)


# --- everything that a framework has ------------------------------------------------------------
def targets_of(library: str, framework: str) -> list[str]:
    """A target for every row of the catalogue that the library has, the first spelling of each.

    Functions go before the classes that call them. A loss has several targets: one for each of
    the values that its other arguments are audited at.
    """
    found = (target for entry in CATALOGUE for target in _of_entry(entry, library, framework))
    # At its default of 1, the sharpness of a softplus makes no other function.
    return list(dict.fromkeys(found))


def _of_entry(entry: Entry, library: str, framework: str) -> list[str]:
    variable, *others = entry.arguments
    usable = [a for a in _apis(entry, library) if set(others) <= set(a.symbols.values())]
    # A class starts with a capital letter; all operators of ONNX do.
    usable.sort(key=lambda api: api.path.split(".")[-1][0].isupper())
    if not usable:
        return []
    api = usable[0]
    found = []
    for chosen in product(*(audited_at(entry, symbol) for symbol in others)):
        symbols = dict(zip(others, chosen, strict=True))
        keywords = {k: repr(value) for k, value in api.fixed.items()}
        for keyword, symbol in api.symbols.items():
            if symbol == variable:
                keywords[keyword] = VARIABLE.name
            elif symbol in symbols:
                keywords[keyword] = _number(symbols[symbol])
            elif keyword in ALWAYS_GIVEN:
                keywords[keyword] = _number(Fraction(_default(entry, symbol)))
        given = ", ".join(f"{keyword}={value}" for keyword, value in keywords.items())
        found.append(f"{framework}:{api.path}({given})" if given else f"{framework}:{api.path}")
    return found


ALWAYS_GIVEN: Collection[str] = ("weight", "slope", "threshold", "value", "min", "max")
"""Keywords for parameters that frameworks have no default for."""


def _default(entry: Entry, symbol: str) -> str:
    return next(p.default for p in entry.parameters if p.name == symbol)


def audited_at(entry: Entry, symbol: str) -> tuple[Fraction, ...]:
    """The values that an argument beside the variable has in an audit.

    All that are listed, or two at a quarter and three quarters of the range, which are short
    enough for every dtype.
    """
    span = entry.range_of[symbol]
    low, dots, high = span.partition("..")
    if not dots:
        return tuple(Fraction(value.strip()) for value in span.split(","))
    start, width = Fraction(low), Fraction(high) - Fraction(low)
    return tuple(round((start + width * part) * 8) / Fraction(8) for part in QUARTERS)


QUARTERS = (Fraction(1, 4), Fraction(3, 4))
"""Where in its range a parameter is tried: inside, and not in the middle, which may be special."""


def _number(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else repr(float(value))
