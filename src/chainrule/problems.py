"""What was asked, from whatever it was asked with: text, LaTeX, a name, a callable, SymPy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Union

from chainrule.derivations import METHODS, Problem, choose_variable, fresh_letter
from chainrule.errors import InputError
from chainrule.expr import catalogue
from chainrule.expr.nodes import Expr, Symbol, symbols
from chainrule.parsing.definitions import definition
from chainrule.parsing.formula import Formula, parse

if TYPE_CHECKING:
    import sympy

Source = Union[str, Expr, Formula, "Callable[..., object]", "sympy.Expr"]
"""A formula in any of the ways it can be given."""

Wrt = str | Symbol | Sequence[str | Symbol] | None
MAX_ORDER = 12


def read(source: Source) -> tuple[Formula, catalogue.Entry | None]:
    """The formula, and the row of the catalogue if ``source`` is a name of one.

    Raises:
        InputError: it cannot be read.
        TypeError: it is of no kind that is understood.
    """
    if isinstance(source, str):
        name = catalogue.SPELLINGS.get(source.strip())
        if name is not None and len(source.strip()) != 1:
            known = definition(name)
            return Formula(known.entry.letter, known.arguments, known.expr), known.entry
        return parse(source), None
    if isinstance(source, Formula):
        return source, None
    if isinstance(source, Expr):
        return Formula(None, (), source), None
    if type(source).__module__.split(".")[0] == "sympy":
        from chainrule.parsing.sympy_bridge import from_sympy

        return Formula(None, (), from_sympy(source)), None
    if callable(source):
        from chainrule.parsing.tracing import trace

        expr, arguments = trace(source)
        return Formula(None, arguments, expr), None
    raise TypeError(f"a formula is text, an Expr, a callable or a SymPy expression, not {source!r}")


def make_problem(
    source: Source, *, wrt: Wrt = None, order: int = 1, method: str = "power"
) -> Problem:
    """The problem to differentiate ``source``.

    Args:
        source: the formula or the name of a catalogue function.
        wrt: the variable, or several to differentiate by in turn ("x,y" or a sequence).
        order: how often, where ``wrt`` is a single variable.
        method: "power" or "quotient" for quotients with a constant numerator.

    Raises:
        InputError: the formula cannot be read, is an equation, or the options make no sense.
    """
    formula, entry = read(source)
    if formula.equals is not None:
        raise InputError(
            "this is an equation, not a function",
            hint="its implicit derivative is found by `chainrule explain` and `chainrule.implicit`",
        )
    if method not in METHODS:
        raise InputError(f"unknown method {method!r}", hint=f"choose from {', '.join(METHODS)}")
    if not 1 <= order <= MAX_ORDER:
        raise InputError(f"the order must be between 1 and {MAX_ORDER}, not {order}")
    variables = _variables(formula, wrt, order)
    arguments = formula.variables or tuple(dict.fromkeys(variables))
    taken = {symbol.name for symbol in symbols(formula.expr)} | {v.name for v in variables}
    return Problem(
        function=formula.expr,
        variables=variables,
        name=formula.name or fresh_letter(("f", "g", "h", "F", "y"), taken),
        arguments=arguments,
        method=method,
        entry=entry,
        defaults=definition(entry.name).defaults if entry is not None else {},
        bare_log=formula.bare_log,
    )


def _variables(formula: Formula, wrt: Wrt, order: int) -> tuple[Symbol, ...]:
    names = [name.strip() for name in wrt.split(",")] if isinstance(wrt, str) else wrt
    if names is None or isinstance(names, Symbol):
        given = names.name if isinstance(names, Symbol) else None
        return (choose_variable(formula.expr, formula.variables, given),) * order
    found = tuple(_symbol(name) for name in names)
    if not found:
        raise InputError("no variable was given")
    if len(found) > 1 and order != 1:
        raise InputError(
            "give either an order or several variables, not both",
            hint="x,x,y differentiates twice by x and once by y",
        )
    return found * order if len(found) == 1 else found


def _symbol(name: str | Symbol) -> Symbol:
    if isinstance(name, Symbol):
        return name
    expr = parse(name).expr if name else None
    if not isinstance(expr, Symbol):
        raise InputError(f"{name!r} is not the name of a variable")
    return expr


def every_variable(source: Source) -> tuple[Symbol, ...]:
    """Every letter of the formula, for all partial derivatives at once."""
    formula, _ = read(source)
    found: Iterable[Symbol] = (*formula.variables, *symbols(formula.expr))
    return tuple(dict.fromkeys(found))
