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
from chainrule.expr.nodes import Expr, Symbol, substitute, symbols
from chainrule.parsing.definitions import definition
from chainrule.parsing.formula import Formula
from chainrule.parsing.reader import equation_or_formula, parse, parse_question, symbol_named
from chainrule.parsing.tokens import Note

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
        return _asked(source), None
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


def _asked(text: str) -> Formula:
    """The formula that a text asks about."""
    if _MAY_BE_LABELLED.match(text):
        from chainrule.parsing.derivatives import label

        named = label(text)
        if named is not None:
            formula = parse_question(named.formula)
            if formula.question is None:
                raise InputError(
                    f"`{named.typed} = …` says what a derivative is, not what is differentiated",
                    text=text,
                    position=0,
                    hint="give the function, f(x) = …; an answer of your own goes to check",
                )
            return differentiated_within(formula, text)
    return differentiated_within(parse_question(text), text)


_MAY_BE_LABELLED = re.compile(r"[^=]*['’′″/}][^=]*=(?!=)")
"""What a text begins with that says it is a derivative."""


def read_answer(text: str, problem: Problem) -> Formula:
    """Somebody's derivative, with or without ``f'(x) =`` or ``dy/dx =`` before it.

    Raises:
        InputError: it cannot be read, or is the derivative by another variable, or of another
            order, by its own words.
    """
    if _MAY_BE_LABELLED.match(text):
        from chainrule.parsing.derivatives import label

        if (named := label(text)) is not None:
            if named.by is not None and symbol_named(named.by) not in problem.variables:
                asked = problem.variables[0].name
                raise InputError(
                    f"the answer is by {named.by}, and the question by {asked}",
                    text=text,
                    position=0,
                    hint=f"ask with --wrt {named.by}",
                )
            if named.order != len(problem.variables):
                raise InputError(
                    f"the answer is of order {named.order}, the question of order "
                    f"{len(problem.variables)}",
                    text=text,
                    position=0,
                    hint=f"ask with --order {named.order}",
                )
            text = named.formula
    formula = parse_question(text)
    if formula.question is not None:
        # The derivative of something is what it is.
        variables = formula.question or (choose_variable(formula.expr, (), None),)
        _check_order(len(variables))
        slope = _slope(formula.expr, variables)
        formula = formula.replaced(expr=slope, question=None)
    return differentiated_within(formula, text)


def differentiated_within(formula: Formula, text: str) -> Formula:
    """The formula with the derivatives that stand within it taken, and a note for each."""
    if not formula.inner:
        return formula
    if formula.equals is not None:
        raise InputError(
            "this is an equation with a derivative in it",
            text=text,
            position=0,
            hint="give the function that is differentiated; a line of yours goes to check --lines",
        )
    taken = sum(max(1, len(inner.by)) for inner in formula.inner)
    if taken > MAX_ORDER:
        raise InputError(
            f"there are {taken:,} derivatives within this formula; at most {MAX_ORDER} are taken",
            text=text,
            position=0,
        )
    values: dict[Expr, Expr] = {}
    found = list(formula.notes)
    for inner in formula.inner:
        of = substitute(inner.of, values)
        values[inner.symbol] = _slope(of, inner.by or (choose_variable(of, (), None),))
        typed = inner.typed if len(inner.typed) > 1 else f"d/d{inner.by[0].name}"
        found.append(Note("derivative", f"{typed} ({of})", str(values[inner.symbol]), ""))
    whole = substitute(formula.expr, values)
    return formula.replaced(expr=whole, inner=(), notes=tuple(found))


def _slope(of: Expr, by: tuple[Symbol, ...]) -> Expr:
    from chainrule.deriving.derivation import Derivation

    return Derivation(Problem(function=of, variables=by)).form("simplified")


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
    _check_order(order)
    variables = _variables(formula, wrt, order)
    if formula.question is not None:
        variables = _agreed(formula, variables, wrt, order)
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


def _check_order(order: int) -> None:
    if not 1 <= order <= MAX_ORDER:
        raise InputError(f"the order must be between 1 and {MAX_ORDER}, not {order:,}")


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


def _agreed(
    formula: Formula, variables: tuple[Symbol, ...], wrt: Wrt, order: int
) -> tuple[Symbol, ...]:
    """The variables that the text and the options ask for.

    Raises:
        InputError: they ask for different ones.
    """
    asked = formula.question
    if not asked:
        return variables
    _check_order(len(asked))
    by = ", ".join(symbol.name for symbol in asked)
    if wrt is not None and set(variables) != set(asked):
        other = ", ".join(symbol.name for symbol in dict.fromkeys(variables))
        raise InputError(
            f"the formula says that it is differentiated by {by}, and the option by {other}",
            hint="leave one of them out",
        )
    if order != 1 and order != len(asked):
        raise InputError(
            f"the formula asks for order {len(asked)}, and the option for order {order}",
            hint="leave one of them out",
        )
    return asked


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
