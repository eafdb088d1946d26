"""Rows of the catalogue as expressions: each is read once, when it is first needed."""

from __future__ import annotations

from functools import cache

from chainrule.errors import InputError, nearest
from chainrule.expr import catalogue, functions
from chainrule.expr.catalogue import Entry
from chainrule.expr.nodes import Call, Expr, Symbol, postorder, substitute, transform
from chainrule.record import Record


class Definition(Record):
    """A row of the catalogue, read.

    Attributes:
        entry: the row.
        arguments: the main arguments; derivatives are taken by the first.
        parameters: the parameters, in the order in which a call gives them.
        defaults: the value of each parameter that is not given.
        expr: the formula, in the arguments and parameters.
        conditions: those on arguments and parameters under which formula and derivative hold.
        kinks: where the function or its first two derivatives jump, see ``Entry.kinks``.
    """

    entry: Entry
    arguments: tuple[Symbol, ...]
    parameters: tuple[Symbol, ...]
    defaults: dict[Symbol, Expr]
    expr: Expr
    conditions: tuple[Expr, ...]
    kinks: tuple[Expr, ...]

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Arguments and parameters in the order in which a call gives them."""
        return self.arguments + self.parameters


def is_catalogue_name(name: str) -> bool:
    """Whether a call of ``name`` stands for a formula of the catalogue.

    A name that is also an elementary function (``tanh``) stands for that one in a call.
    """
    return name in catalogue.BY_NAME and name not in functions.BY_NAME


@cache
def definition(name: str) -> Definition:
    """The row called ``name`` (or spelled so) as expressions.

    Raises:
        InputError: no row has this name.
    """
    # The parser needs the catalogue to read calls, so it is imported when it is needed.
    from chainrule.parsing.formula import parse_text

    own_name = catalogue.SPELLINGS.get(name)
    if own_name is None:
        near = nearest(name, catalogue.SPELLINGS)
        raise InputError(
            f"the catalogue has no function called {name}",
            hint=f"did you mean {near}?" if near else "`chainrule list` shows all of them",
        )
    entry = catalogue.BY_NAME[own_name]
    parameters = {Symbol(parameter.name): parameter for parameter in entry.parameters}
    return Definition(
        entry=entry,
        arguments=tuple(Symbol(argument) for argument in entry.arguments),
        parameters=tuple(parameters),
        defaults={symbol: parameter.value for symbol, parameter in parameters.items()},
        expr=parse_text(entry.formula).expr,
        conditions=tuple(parse_text(text).expr for text in entry.conditions),
        kinks=tuple(parse_text(kink).expr for kink in entry.kinks),
    )


def expand(call: Call) -> Expr:
    """The formula that a call of a catalogue function stands for.

    Parameters that the call leaves out have their defaults. The result may call other
    functions of the catalogue.

    Raises:
        InputError: too few or too many arguments.
    """
    return _filled(call, definition(call.name), definition(call.name).expr)


def expand_all(expr: Expr) -> Expr:
    """``expr`` with every call of a catalogue function replaced by its formula, down to
    elementary functions."""
    return transform(expr, _expand_whole)


def _expand_whole(node: Expr) -> Expr:
    match node:
        case Call(name) if is_catalogue_name(name):
            return _filled(node, definition(name), _elementary(name))
    return node


@cache
def _elementary(name: str) -> Expr:
    """A row's formula down to elementary functions. Rows that call rows go a few deep."""
    formula = definition(name).expr
    for node in postorder(formula):
        if type(node) is Call and is_catalogue_name(node.name):
            return expand_all(formula)
    return formula


def _filled(call: Call, known: Definition, formula: Expr) -> Expr:
    least, most = len(known.arguments), len(known.symbols)
    if not least <= len(call.args) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        signature = f"{call.name}({', '.join(symbol.name for symbol in known.symbols)})"
        raise InputError(
            f"{call.name} takes {wanted} argument{'' if most == 1 else 's'}, not {len(call.args)}",
            hint=f"it is called as {signature}",
        )
    mapping: dict[Expr, Expr] = dict(known.defaults.items())
    mapping.update(zip(known.symbols, call.args, strict=False))
    return substitute(formula, mapping)
