"""What PyTorch's functions of one number mean as expressions: as NumPy's, or as the catalogue says.

The catalogue's rows name the functions of PyTorch that they are, with the keywords for their
parameters (``Entry.apis``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chainrule.errors import InputError
from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.catalogue.apis import read_api
from chainrule.expr.nodes import ONE, Call, Expr, Quotient
from chainrule.parsing.ufuncs import apply as apply_ufunc
from chainrule.parsing.ufuncs import sinc

_NUMPY_NAMES = {
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "neg": "negative",
    "clamp_min": "maximum",
    "clamp_max": "minimum",
    "special_xlogy": "xlogy",
    "special_xlog1py": "xlog1py",
    "special_ndtr": "normcdf",
}

_SHAPES: dict[str, Callable[[Expr], Expr]] = {
    "rsqrt": lambda x: Quotient(ONE, Call("sqrt", (x,))),
    # Like NumPy's, sin(πx)/(πx); the catalogue's has no π.
    "sinc": sinc,
    "special_sinc": sinc,
}


def apply(name: str, args: tuple[Expr, ...], options: Mapping[str, Expr | str]) -> Expr:
    """The function ``name`` of PyTorch of its arguments.

    Args:
        name: without its module.
        args: what is given by position.
        options: what is given by keyword; a text is a mode, as in ``approximate="tanh"``.

    Raises:
        InputError: it is none of one number, or has an option that no row has.
    """
    for entry in CATALOGUE if len(args) == 1 else ():
        for text in entry.apis:
            api = read_api(text, entry.symbols)
            if (api.library, api.path) != ("torch", f"nn.functional.{name}"):
                continue
            fixed = {key: value for key, value in options.items() if key not in api.symbols}
            if len(entry.arguments) == 1 and fixed == api.fixed:
                given = {symbol: options.get(key) for key, symbol in api.symbols.items()}
                values = [(given.get(p.name), p.value) for p in entry.parameters]
                parameters = [u if isinstance(u, Expr) else default for u, default in values]
                return Call(entry.name, (*args, *parameters))
    if options:
        raise InputError(f"PyTorch's {name} cannot be followed with {', '.join(options)}")
    shape = _SHAPES.get(name)
    if shape is not None and len(args) == 1:
        return shape(*args)
    return apply_ufunc(_NUMPY_NAMES.get(name, name), args)
