"""Formulas as people type them: ``parse_text``, and what reading LaTeX has in common with it.

How words are read. Known functions, ``e``, ``pi``, Greek letters (typed or in English) and
declared variables are what they are. Of other words, those with up to three letters are
products of their letters (``xy``), longer ones and those with digits or an underscore are one
symbol (``threshold``, ``x1``, ``w_ij``). A function may run into one letter: ``sinx``,
``xlnx``. ``f``, ``g``, ``h``, ``F``, ``G``, ``H`` before a bracket, and any letter with a
prime, are functions that nobody defined; other letters before a bracket are factors. σ, Φ, φ,
Γ and ψ are functions before a bracket (sigmoid, normal distribution and density, gamma,
digamma) and symbols elsewhere.

How signs are read. ``-x^2`` is −(x²), ``a^b^c`` is a^(b^c), and ``1/2x`` is (1/2)·x: a factor
without a sign binds like one with a sign. The argument of a function without brackets is the
factors that follow, up to a sign, another function or a bracket: ``sin 2x cos x``. ``log`` is
the natural logarithm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

from chainrule.errors import InputError
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import Expr, Symbol, Unknown, postorder, symbols
from chainrule.parsing.complaints import complaint
from chainrule.parsing.lexer import (
    TypedDefinition,
    find_definition,
    plain_tokens,
    simplify_characters,
)
from chainrule.parsing.names import CONSTANTS, GREEK, Names, default_names
from chainrule.parsing.parts import Equation, Inner, close
from chainrule.parsing.shift_reduce import UnexpectedTokenError
from chainrule.parsing.shift_reduce import parse as shift_reduce
from chainrule.parsing.tokens import Note, Token, check_length, settle, settle_functions
from chainrule.parsing.tree import Builder
from chainrule.parsing.words import Reader
from chainrule.record import Record


class Formula(Record):
    """A formula that was read.

    Attributes:
        name: what it is called where it was written as ``f(x) = …`` or ``y = …``; a symbol's
            name (``sigma``) or a word.
        variables: the variables declared by ``f(x, a) = …``.
        expr: the formula; of an equation, its left side.
        equals: the right side of an equation such as ``x^2 + y^2 = 1``.
        notes: what can be read in more than one way, and how it was read here.
        question: the variables by which it is to be differentiated, where the text says so: of
            ``d/dx (x^2)`` this is x², and the question is (x,). ``None`` if it does not.
        inner: derivatives within it, each with the symbol that stands for it.
    """

    name: str | None
    variables: tuple[Symbol, ...]
    expr: Expr
    equals: Expr | None = None
    notes: tuple[Note, ...] = ()
    question: tuple[Symbol, ...] | None = None
    inner: tuple[Inner, ...] = ()


Lexer = Callable[[str, Reader], list[Token]]


def parse_text(
    text: str,
    symbols: Iterable[str] = (),
    names: Names | None = None,
    notes: list[Note] | None = None,
) -> Formula:
    """Read a formula, or a condition, in plain text (see the module for what is what).

    ``notes`` is a list to which what is said about words is added; without it nothing is noted.

    Raises:
        InputError: with the position and what was expected there.
    """
    check_length(text)
    plain = simplify_characters(text)
    definition = find_definition(plain)
    reader = Reader(text, names or default_names(), frozenset(symbols), notes=notes)
    return read_formula(plain, definition, plain_tokens, reader)


def read_formula(
    source: str, definition: TypedDefinition | None, lexer: Lexer, reader: Reader
) -> Formula:
    """What plain text and LaTeX have in common. ``source`` is the text cleaned, of equal length."""
    text, names = reader.text, reader.names
    if not source.strip(" \t\n$"):
        raise InputError("there is no formula here", text=text, position=0)
    if definition is None:
        return _named(_read(source, 0, lexer, reader))
    for place, variable in enumerate(definition.variables):
        _check_variable(variable, definition.variables[:place], names, text)
    declared = frozenset([*reader.symbols, *definition.variables])
    sides = _read(source, definition.end, lexer, reader._replace(symbols=declared))
    variables = tuple(Symbol(variable) for variable in definition.variables)
    if sides.equals is not None:
        raise InputError("a definition has only one `=`", text=text, position=text.rfind("="))
    name = names.functions.get(definition.name, definition.name)
    if name in BY_NAME and not _defines(sides.expr, variables):
        # sin(y) = x says something about the sine, and tanh(x) = (e^x - … says what it is.
        return _read(source, 0, lexer, reader)
    if any(isinstance(n, Unknown) and n.name == definition.name for n in postorder(sides.expr)):
        raise InputError(
            f"`{definition.name}` is defined by itself", text=text, position=definition.end
        )
    return sides.replaced(name=definition.name, variables=variables)


def _read(source: str, start: int, lexer: Lexer, reader: Reader) -> Formula:
    text = reader.text
    # Blanks keep the offsets what they are in the text.
    tokens = lexer(" " * start + source[start:], reader)
    tokens, asked = _differentials(tokens, reader)
    tokens = settle_functions(settle(tokens, text), text, reader.symbols)
    builder = Builder(text, reader.names)
    try:
        sides = shift_reduce(tokens, builder)
    except UnexpectedTokenError as problem:
        raise complaint(problem, text, reader.names) from None
    left, right = sides if isinstance(sides, Equation) else (close(sides), None)
    formula = Formula(None, (), left, right, _notes(tokens, reader), asked)
    return formula.replaced(inner=tuple(builder.derivatives)) if builder.derivatives else formula


def _differentials(
    tokens: list[Token], reader: Reader
) -> tuple[list[Token], tuple[Symbol, ...] | None]:
    """``d/dx`` and its kind as one token; and by what all of the formula is to be differentiated,
    where that stands first and no bracket says how far it goes."""
    if "d" in reader.symbols or not any(map(_may_differentiate, tokens)):
        return tokens, None
    from chainrule.parsing.derivatives import differentials

    tokens = differentials(tokens, reader.text)
    first, *rest = tokens
    equation = any(token.kind == "EQUALS" for token in rest)
    if first.kind != "DIFFERENTIAL" or not rest or rest[0].kind == "OPEN" or equation:
        return tokens, None
    if reader.notes is not None and _has_several_terms(rest):
        typed = reader.text[first.start : first.end]
        reader.notes.append(
            Note(
                "derivative", f"{typed} …", "the derivative of all that follows", f"({typed} …) + …"
            )
        )
    return rest, tuple(symbol for symbol, times in first.value.by for _ in range(times))


def _has_several_terms(tokens: list[Token]) -> bool:
    depth = 0
    for before, token in pairwise(tokens):
        depth += (before.kind == "OPEN") - (before.kind == "CLOSE")
        if not depth and token.kind in ("PLUS", "MINUS") and before.kind not in ("CARET", "OVER"):
            return True
    return False


def _may_differentiate(token: Token) -> bool:
    return token.kind == "NAME" and token.value.name[0] in "dD"


def _notes(tokens: list[Token], reader: Reader) -> tuple[Note, ...]:
    if reader.notes is None:
        return ()
    from chainrule.parsing.notes import notes

    found = dict.fromkeys([*reader.notes, *notes(tokens, reader.text, reader.latex)])
    several = sum(note.kind == "index" for note in found) > 1
    return tuple(note for note in found if not (several and note.kind == "index"))


def _named(formula: Formula) -> Formula:
    """``y = formula`` names the formula, unless y occurs in it."""
    left, right = formula.expr, formula.equals
    within = any(inner.symbol is left for inner in formula.inner)
    if within or not isinstance(left, Symbol) or right is None or left in symbols(right):
        return formula
    return formula.replaced(name=left.name, expr=right, equals=None)


def _defines(expr: Expr, variables: tuple[Symbol, ...]) -> bool:
    found = set(symbols(expr))
    return bool(found) and found <= set(variables)


def _check_variable(variable: str, earlier: tuple[str, ...], names: Names, text: str) -> None:
    position = text.find("(")
    if variable in earlier:
        raise InputError(f"`{variable}` is declared twice", text=text, position=position)
    if variable in CONSTANTS:
        raise InputError(
            f"`{variable}` is a constant and cannot be a variable", text=text, position=position
        )
    if names.functions.get(variable) in BY_NAME and variable not in GREEK.values():
        raise InputError(
            f"`{variable}` is a function and cannot be a variable", text=text, position=position
        )
