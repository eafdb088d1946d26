"""A formula, a name or a point, whatever notation it is typed in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress

from chainrule.errors import InputError
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import Call, Comparison, Constant, Expr, Symbol, Unknown, symbols
from chainrule.parsing.formula import Formula, parse_text
from chainrule.parsing.lexer import simplify_characters
from chainrule.parsing.names import GREEK_WORDS, KEYWORDS, LOGIC, default_names
from chainrule.parsing.tokens import check_length

_MAY_ASK = re.compile("deriv|differ|'\\s*[(]", re.IGNORECASE)
"""What a question in words has in it."""


def parse(text: str, symbols: Iterable[str] = ()) -> Formula:
    r"""Read a formula in LaTeX, if it has a backslash or a dollar sign, or else in plain text.

    ``symbols`` are words to be read as one symbol each whatever the rules above say.

    >>> str(parse("1/(1+e^-x)").expr), str(parse(r"\frac{1}{1+e^{-x}}").expr)
    ('1/(1 + e^(-x))', '1/(1 + e^(-x))')

    Raises:
        InputError: the text is no formula; a condition such as ``x > 0`` is none, and a derivative
            such as ``d/dx (x^2)`` is a question.
    """
    formula = parse_question(text, symbols)
    if formula.question is not None or formula.inner:
        raise InputError("this is a derivative, and a formula is wanted", text=text, position=0)
    return formula


def parse_question(text: str, symbols: Iterable[str] = ()) -> Formula:
    """Read a formula as ``parse`` does, or a question about one, such as ``d/dx (x^2)``.

    Raises:
        InputError: as for ``parse``.
    """
    check_length(text)
    source, order, by = text, 1, None
    if _MAY_ASK.search(text):
        from chainrule.parsing.derivatives import asked_in_words

        source, order, by = asked_in_words(text)
    if "\\" in source or source.lstrip().startswith("$"):
        from chainrule.parsing.latex import parse_latex

        formula = parse_latex(source, symbols, notes=[])
    else:
        formula = parse_text(source, symbols, notes=[])
    formula = _whole_derivative(equation_or_formula(formula, text))
    if source is not text:
        asked = formula.question or ()
        if by is not None:
            asked = (*asked, *[symbol_named(by, symbols)] * order)
        elif not asked and order > 1:
            raise InputError(
                "by which variable?", text=text, position=0, hint="say: with respect to x"
            )
        formula = formula.replaced(question=asked)
    return formula


def _whole_derivative(formula: Formula) -> Formula:
    """A formula that is nothing but a derivative, as a question about what it is of."""
    while formula.inner and formula.equals is None and formula.name is None:
        *others, last = formula.inner
        if formula.expr is not last.symbol:
            break
        question = (*(formula.question or ()), *last.by)
        formula = formula.replaced(expr=last.of, inner=tuple(others), question=question)
    return formula


def equation_or_formula(formula: Formula, text: str | None = None) -> Formula:
    """The formula, or of u == v the equation.

    Raises:
        InputError: it is another condition.
    """
    match formula.expr:
        case Comparison(("==",), (left, right)):
            return Formula(None, (), left, right, formula.notes)
        case Comparison():
            raise InputError("this is a condition, not a formula", text=text, position=0)
    return formula


def symbol_named(name: str, known: Iterable[str] = ()) -> Symbol:
    r"""The symbol that a formula has for a name from outside, however that is spelled.

    A word that a formula takes for a product of letters is one symbol here.

    Args:
        name: of a variable in Python or SymPy, or as one types it.
        known: names that are read as symbols whatever else they could mean.

    >>> [symbol_named(name).name for name in ("x_{1}", "θ", r"\theta", "lambda_", "dt")]
    ['x_1', 'theta', 'theta', 'lambda', 'dt']

    Raises:
        InputError: it is no name, or a formula takes it for a number or a function.
    """
    plain = simplify_characters(name.strip()).rstrip("_")
    known = frozenset(known)
    if name in known:
        return Symbol(name)
    functions = default_names().functions
    if plain not in known and functions.get(plain) in BY_NAME and plain not in GREEK_WORDS:
        raise InputError(f"`{name}` is a function and cannot be a variable")
    reading: Formula | None = None
    with suppress(InputError):
        reading = parse(plain, known)
    if reading is not None and reading.name is None and reading.equals is None:
        match reading.expr:
            case Symbol() as symbol:
                return symbol
            case Constant(constant):
                raise InputError(
                    f"a variable called {name} would be taken for the number {constant}",
                    hint="give it another name",
                )
    is_call = reading is not None and isinstance(reading.expr, (Call, Unknown))
    if not plain.isidentifier() or plain in KEYWORDS or plain in LOGIC or is_call:
        raise InputError(f"`{name}` is not a name that a variable can have")
    return Symbol(plain)


def point(text: str, main: Symbol) -> Mapping[Symbol, Expr]:
    """Values as typed: "5", or "x=5, a=1/2".

    Raises:
        InputError: a value that is no number.
    """
    values: dict[Symbol, Expr] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        symbol, number = (symbol_named(name), value) if equals else (main, part)
        read = parse(number)
        if read.equals is not None or symbols(read.expr):
            raise InputError(f"{number.strip()!r} is not a number", text=text)
        values[symbol] = read.expr
    return values
