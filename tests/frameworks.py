"""Functions of the catalogue in PyTorch and JAX, called as its rows say, and where to compare."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from typing import Any

from chainrule.audit.frameworks.target import TargetCall
from chainrule.audit.frameworks.torch import TENSORS, unreduced
from chainrule.expr.catalogue import CATALOGUE, Entry
from chainrule.expr.catalogue.apis import Api, read_api


def is_whole(entry: Entry, api: Api) -> bool:
    """Whether it takes every symbol that has more than one value."""
    given = set(api.symbols.values())
    fixed = {p.name for p in entry.parameters if ".." not in entry.range_of[p.name]}
    return set(entry.symbols[1:]) - fixed <= given


def called(entry: Entry, api: Api) -> Callable[..., Any]:
    """Takes the framework, then the arguments of the entry as arrays, its parameters as floats."""

    def call(framework: Any, x: Any, *others: Any) -> Any:
        at = dict(zip(entry.symbols, (x, *others), strict=True))
        found = reduce(getattr, api.path.split("."), framework)
        keywords = {key: at[symbol] for key, symbol in api.symbols.items()}
        if api.library == "torch":
            for key in keywords.keys() & TENSORS.keys():
                keywords[key] = framework.as_tensor(keywords[key], dtype=x.dtype)
            keywords |= unreduced(found, TargetCall(api.path)).keywords
        positional = [] if entry.symbols[0] in api.symbols.values() else [x]
        if isinstance(found, type):
            return found(**keywords, **api.fixed)(*positional)
        return found(*positional, **keywords, **api.fixed)

    return call


def _table(library: str) -> dict[str, Callable[..., Any]]:
    """The first function of the library for each row, or the first class where there is none."""
    table = {}
    for entry in CATALOGUE:
        found = [read_api(text, entry.symbols) for text in entry.apis]
        usable = [api for api in found if api.library == library and is_whole(entry, api)]
        usable.sort(key=lambda api: api.path.split(".")[-1][0].isupper())
        if usable:
            table[entry.name] = called(entry, usable[0])
    return table


TORCH = {
    **_table("torch"),
    "glu": lambda t, x, g: t.nn.functional.glu(t.stack([x, g]), dim=0)[0],
    "sinc": lambda t, x: t.sinc(x / t.pi),
}
JAX = {
    **_table("jax"),
    "glu": lambda j, x, g: j.nn.glu(j.numpy.stack([x, g]), axis=0)[0],
    "sinc": lambda j, x: j.numpy.sinc(x / j.numpy.pi),
}
"""By names of rows; the last two are not called with one array and keywords."""

POINTS = 25
DRAWS = 3
"""Sets of parameters; each comes with POINTS points."""
SINGLE = {"hard_sigmoid", "celu"}
"""PyTorch keeps their 1/6 and 1/α in single precision whatever the tensors are."""


def draw(entry: Entry, symbol: str, choose: random.Random) -> float:
    """A value of the symbol: inside its range, or one of its listed values."""
    span = entry.range_of[symbol]
    if ".." in span:
        low, high = (float(Fraction(end)) for end in span.split(".."))
        return low + (high - low) * choose.uniform(0.02, 0.98)
    return float(Fraction(choose.choice(span.split(","))))


def samples(entry: Entry) -> list[tuple[dict[str, list[float]], dict[str, float]]]:
    """Values of the arguments, and of the parameters, the same in every run."""
    choose = random.Random(entry.name)
    return [
        (
            {name: [draw(entry, name, choose) for _ in range(POINTS)] for name in entry.arguments},
            {p.name: draw(entry, p.name, choose) for p in entry.parameters},
        )
        for _ in range(DRAWS)
    ]
