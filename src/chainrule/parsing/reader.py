"""A formula, a name or a point, whatever notation it is typed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from chainrule.errors import InputError
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import Call, Comparison, Constant, Expr, Symbol, Unknown, symbols
from chainrule.parsing.formula import Formula, parse_text
from chainrule.parsing.lexer import simplify_characters
from chainrule.parsing.names import GREEK_WORDS, KEYWORDS, LOGIC, default_names
from chainrule.parsing.tokens import check_length


def parse(text: str, symbols: Iterable[str] = ()) -> Formula:
    r"""Read a formula in LaTeX, if it has a backslash or a dollar sign, or else in plain text.

    ``symbols`` are words to be read as one symbol each whatever the rules above say.

    >>> str(parse("1/(1+e^-x)").expr), str(parse(r"\frac{1}{1+e^{-x}}").expr)
    ('1/(1 + e^(-x))', '1/(1 + e^(-x))')

    Raises:
        InputError: the text is no formula; a condition such as ``x > 0`` is none.
    """
    check_length(text)
    if "\\" in text or text.lstrip().startswith("$"):
        from chainrule.parsing.latex import parse_latex

        formula = parse_latex(text, symbols, notes=[])
    else:
        formula = parse_text(text, symbols, notes=[])
    return equation_or_formula(formula, text)


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
