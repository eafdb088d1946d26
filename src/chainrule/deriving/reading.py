"""What was asked, in whatever way it was asked: text, LaTeX, a name, a callable, SymPy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Union

from chainrule.deriving.choices import METHODS
from chainrule.deriving.problem import (
    Problem,
    choose_variable,
    fresh_letter,
    names,
)
from chainrule.errors import InputError
from chainrule.expr import catalogue
from chainrule.expr.nodes import Expr, Symbol, symbols
from chainrule.parsing.definitions import definition
from chainrule.parsing.formula import Formula
from chainrule.parsing.reader import equation_or_formula, parse

if TYPE_CHECKING:
    import sympy

Source = Union[str, Expr, Formula, "Callable[..., object]", "sympy.Basic"]
"""A formula in any of the ways it can be given."""

Name = Union[str, Symbol, "sympy.Symbol"]
"""A variable, however it is spelled: "x_{1}", "θ", SymPy's symbol."""

Wrt = Name | Sequence[Name] | None
MAX_ORDER = 12
"""A matter of taste: the twelfth derivative of f(g(x)) has 77 terms before it is multiplied out."""


def read(source: Source) -> tuple[Formula, catalogue.Entry | None]:
    """The formula, and the row of the catalogue if ``source`` is a name of one.

    Raises:
        InputError: it cannot be read.
        TypeError: it is none of these.
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
        return equation_or_formula(Formula(None, (), source)), None
    if _is_sympys(source):
        from chainrule.parsing.sympy_bridge import formula_of

        return formula_of(source), None
    if callable(source):
        from chainrule.parsing.tracing import trace

        expr, arguments = trace(source)
        return equation_or_formula(Formula(None, arguments, expr)), None
    raise TypeError(f"a formula is text, an Expr, a callable or a SymPy expression, not {source!r}")


def _is_sympys(source: object) -> bool:
    """Whether it is of a class of SymPy's, or of one derived from it, such as f(x)."""
    return any(str(cls.__module__).partition(".")[0] == "sympy" for cls in type(source).__mro__)


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
    taken = names(formula.expr) | {v.name for v in variables}
    return Problem(
        function=formula.expr,
        variables=variables,
        name=formula.name or fresh_letter(("f", "g", "h", "F", "y"), taken),
        arguments=arguments,
        method=method,
        entry=entry,
        defaults=definition(entry.name).defaults if entry is not None else {},
        notes=formula.notes,
    )


def _variables(formula: Formula, wrt: Wrt, order: int) -> tuple[Symbol, ...]:
    if wrt is None:
        return (choose_variable(formula.expr, formula.variables, None),) * order
    names: Iterable[object]
    if isinstance(wrt, str):
        # Commas between braces are part of a name.
        names = re.split(r",(?![^{}]*\})", wrt)
    elif isinstance(wrt, Iterable) and not _is_sympys(wrt):
        names = wrt
    else:
        names = (wrt,)
    found = tuple(variable(name, formula) for name in names)
    if not found:
        raise InputError("no variable was given")
    if len(found) > 1 and order != 1:
        raise InputError(
            "give either an order or several variables, not both",
            hint="x,x,y differentiates twice by x and once by y",
        )
    return found * order if len(found) == 1 else found


def variable(name: object, formula: Formula) -> Symbol:
    """The symbol of a formula that is meant by a name: text, a symbol of ours or of SymPy's.

    SymPy's symbols go by their names, whatever is assumed of them.

    Raises:
        InputError: it is no name of a variable.
    """
    if isinstance(name, Symbol):
        return name
    if _is_sympys(name):
        from chainrule.parsing.sympy_bridge import symbol_of

        return symbol_of(name)
    text = name.strip() if isinstance(name, str) else ""
    sides = (formula.expr,) if formula.equals is None else (formula.expr, formula.equals)
    known = [symbol.name for symbol in (*formula.variables, *symbols(*sides))]
    if text in known:
        return Symbol(text)
    expr = parse(text, known).expr if text else None
    if not isinstance(expr, Symbol):
        raise InputError(f"{name!r} is not the name of a variable")
    return expr


def every_variable(source: Source) -> tuple[Symbol, ...]:
    """Every letter of the formula, for all partial derivatives at once."""
    formula, _ = read(source)
    found: Iterable[Symbol] = (*formula.variables, *symbols(formula.expr))
    return tuple(dict.fromkeys(found))
