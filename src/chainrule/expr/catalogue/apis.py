"""How a library spells a row of the catalogue: a path, and what its keywords stand for."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

_API = re.compile(r"(\w+)[. ]([\w.]+)(?:\((.*)\))?")


@dataclass(frozen=True, slots=True)
class Api:
    """A function, class or operator of a library, and how it is called for a row of the catalogue.

    Attributes:
        library: "torch", "jax", "ONNX", …
        path: what follows it ("nn.functional.elu").
        symbols: which symbol of the row each keyword takes.
        fixed: keywords that have one value for this row.
    """

    library: str
    path: str
    symbols: Mapping[str, str]
    fixed: Mapping[str, object]


@cache
def read_api(text: str, symbols: Collection[str]) -> Api:
    """An item of ``Entry.apis`` of a row with these symbols.

    >>> read_api("torch.nn.functional.elu(alpha=alpha)", ("x", "alpha")).symbols
    {'alpha': 'alpha'}
    >>> read_api("ONNX Gelu(approximate='tanh')", ("x",)).fixed
    {'approximate': 'tanh'}
    """
    whole = _API.fullmatch(text)
    assert whole is not None, text
    library, path, given = whole.groups()
    pairs = [pair.split("=") for pair in given.split(", ")] if given else []
    return Api(
        library,
        path,
        {keyword: value for keyword, value in pairs if value in symbols},
        {keyword: literal_eval(value) for keyword, value in pairs if value not in symbols},
    )
