"""Expressions as a careful author would set them, in any notation.

``e^{-x}`` and not ``exp(-x)``; no ``1·x``, no ``+ -``, no brackets nobody needs. The walk is
a trampoline over generators: each one asks for the pieces of its children with ``yield``, so
that the code reads like recursion and no formula is too deep for it.
"""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from typing import TypeAlias, TypeVar

from chainrule.expr.nodes import (
    Call,
    Comparison,
    Constant,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Unknown,
    postorder,
)
from chainrule.expr.trampoline import run
from chainrule.render.abridge import ELLIPSIS, LARGEST_FORMULA, abridge
from chainrule.render.function_names import (
    DELIMITERS,
    EXPONENT_ON_NAME,
    ROOTS,
    WITHOUT_BRACKETS,
)
from chainrule.render.letters import decimal, digits
from chainrule.render.names import function_name, primed, symbol, without_defaults
from chainrule.render.setter import (
    Level,
    Mark,
    Piece,
    Setter,
    Shape,
    at_least,
    atom,
    bracketed,
    product,
    signed,
    total,
)

T = TypeVar("T")
Walk: TypeAlias = Generator[tuple[Expr, Setter[T]], Piece[T], Piece[T]]
"""Asks for a child set by a setter (in exponents and indices ``script``), gets the piece."""


def latex(expr: Expr, limit: int = LARGEST_FORMULA) -> str:
    """The expression in LaTeX (amsmath, and KaTeX's strict mode), without dollar signs.

    What would take more than ``limit`` nodes when written out is cut short with ``\\ldots``
    (``abridge`` tells whether it is).

    >>> from chainrule.expr.nodes import Symbol, call
    >>> latex(1 / (1 + call("exp", -Symbol("x"))))
    '\\\\frac{1}{1+e^{-x}}'
    """
    from chainrule.render.latex import LATEX

    return signed(typeset(abridge(expr, limit), LATEX), LATEX).text


def unicode(expr: Expr, limit: int = LARGEST_FORMULA) -> str:
    """The expression on one line of Unicode.

    >>> from chainrule.expr.nodes import Symbol, call
    >>> unicode(1 / (1 + call("exp", -Symbol("x"))))
    '1/(1 + e⁻ˣ)'
    """
    from chainrule.render.unicode import UNICODE

    return signed(typeset(abridge(expr, limit), UNICODE), UNICODE)


def typeset(expr: Expr, s: Setter[T]) -> Piece[T]:
    """The expression as a piece. The caller has seen to it that it is not too large."""
    return run(lambda request: _walk(*request), (expr, s))


def _walk(node: Expr, s: Setter[T]) -> Walk[T]:
    match node:
        case Number():
            return _number(node, s)
        case Symbol(name) | Constant(name):
            return _symbol(name, s)
        case Sum(args):
            return _sum(args, s)
        case Product(args):
            return _product(args, s)
        case Quotient(above, below):
            return _quotient(above, below, s)
        case Power(base, exponent):
            return _power(base, exponent, s)
        case Call(name, args):
            return _call(name, args, s)
        case Unknown(name, orders, args):
            return _unknown(name, orders, args, s)
        case Comparison(operators, args):
            return _comparison(operators, args, s)
        case Piecewise():
            return _piecewise(node, s)
        case _:
            raise TypeError(f"no notation for {type(node).__name__}")


# --- numbers and letters ----------------------------------------------------------------------
def _number(node: Number, s: Setter[T]) -> Walk[T]:
    """Integers, decimals as written, fractions."""
    yield from ()
    value = -node.value if node.value < 0 else node.value
    negative = node.value < 0
    if isinstance(value, int):
        return Piece(s.number(digits(value)), Level.ATOM, Shape.NUMBER, Shape.NUMBER, negative)
    if node.decimal:
        return _decimal(value, negative, s)
    above, below = s.number(digits(value.numerator)), s.number(digits(value.denominator))
    if s.stacked:
        body, level, shape = s.fraction(above, below), Level.FRACTION, Shape.COEFFICIENT
    else:
        body = s.row([above, s.token(Mark.SLASH), below])
        level, shape = Level.RATIO, Shape.NUMBER
    return Piece(body, level, shape, shape, negative, tall=shape is Shape.COEFFICIENT)


def _decimal(value: Fraction, negative: bool, s: Setter[T]) -> Piece[T]:
    mantissa, exponent = decimal(value)
    if not exponent:
        return Piece(s.number(mantissa), Level.ATOM, Shape.NUMBER, Shape.NUMBER, negative)
    figures = s.number(digits(abs(exponent)))
    signed_exponent = s.row([s.token(Mark.SIGN), figures]) if exponent < 0 else figures
    power_of_ten = s.raised(s.number("10"), signed_exponent)
    if mantissa == "1":
        return Piece(power_of_ten, Level.POWER, Shape.NUMBER, Shape.POWER, negative)
    body = s.row([s.number(mantissa), s.token(Mark.DOT), power_of_ten])
    return Piece(body, Level.PRODUCT, Shape.NUMBER, Shape.POWER, negative, joined=True)


def _symbol(name: str, s: Setter[T]) -> Walk[T]:
    yield from ()
    return symbol(name, s)


# --- sums, products, quotients, powers --------------------------------------------------------
def _sum(args: tuple[Expr, ...], s: Setter[T]) -> Walk[T]:
    terms = []
    for arg in args:
        terms.append((yield arg, s))
    return total(terms, s)


def _product(args: tuple[Expr, ...], s: Setter[T]) -> Walk[T]:
    """On one line, a numeric fraction in front becomes a numerator and a denominator."""
    first, rest = args[0], args[1:]
    match first:
        case Number(Fraction() as value) if rest and not first.decimal and (not s.stacked):
            above: Expr = Number(value.numerator)
            if abs(value.numerator) == 1:
                above = rest[0] if len(rest) == 1 else Product(rest)
                piece = yield from _ratio(above, Number(value.denominator), s)
                return _negated(piece, s) if value < 0 else piece
            return (yield from _ratio(Product((above, *rest)), Number(value.denominator), s))
        case Number(-1) if rest:
            return _negated((yield (rest[0] if len(rest) == 1 else Product(rest)), s), s)
        case Number(1) if rest:
            one = Piece(s.number("1"), Level.ATOM, Shape.NUMBER, Shape.FRACTION)
            factors = [one]
        case _:
            factors = [(yield first, s)]
    for arg in rest:
        factors.append((yield arg, s))
    return product(factors, s)


def _negated(piece: Piece[T], s: Setter[T]) -> Piece[T]:
    """Minus the piece, in brackets if it is a sum or has a sign already."""
    if piece.negative or piece.level <= Level.SUM or piece.first is Shape.CASES:
        piece = bracketed(piece, s)
    return piece.replaced(negative=True)


def _quotient(above: Expr, below: Expr, s: Setter[T]) -> Walk[T]:
    if not s.stacked:
        return (yield from _ratio(above, below, s))
    numerator = yield above, s
    denominator = yield below, s
    body = s.fraction(numerator.body, signed(denominator, s))
    fraction = Shape.FRACTION
    return Piece(body, Level.FRACTION, fraction, fraction, numerator.negative, tall=True)


def _ratio(above: Expr, below: Expr, s: Setter[T]) -> Walk[T]:
    """A fraction on one line."""
    numerator = yield above, s
    denominator = yield below, s
    negative = numerator.negative
    if numerator.level < Level.PRODUCT or numerator.first is Shape.CASES:
        numerator = bracketed(numerator.replaced(negative=False), s)
    denominator = at_least(denominator, Level.PREFIX, s)
    body = s.row([numerator.body, s.token(Mark.SLASH), denominator.body])
    tall = numerator.tall or denominator.tall
    return Piece(body, Level.RATIO, numerator.first, denominator.last, negative, tall)


def _power(base: Expr, exponent: Expr, s: Setter[T]) -> Walk[T]:
    match base, exponent:
        case _, Number(Fraction(numerator=1, denominator=degree)) if (
            degree > 3 and not exponent.decimal
        ):
            return (yield from _root(degree, base, s))
        case Call(name, (argument,)), Number(int(n)) if name in EXPONENT_ON_NAME and n > 1:
            raised = s.raised(function_name(name, s), s.number(digits(n)))
            return (yield from _applied(raised, (argument,), True, s))
    foot = at_least((yield base, s), Level.ATOM, s)
    top = signed((yield exponent, s.script), s)
    plain = isinstance(exponent, Number | Symbol) and not foot.tall
    if plain and isinstance(exponent, Number):
        plain = 0 <= exponent.value < 10 and isinstance(exponent.value, int)
    body = s.raised(foot.body, top)
    return Piece(body, Level.POWER, foot.first, Shape.POWER, tall=not plain)


def _root(degree: int, body: Expr, s: Setter[T]) -> Walk[T]:
    piece = yield body, s
    simple = piece.level == Level.ATOM and not piece.negative and not piece.tall
    root = s.root(degree, signed(piece, s), simple)
    return Piece(root, Level.POWER, Shape.ROOT, Shape.ROOT, tall=True)


# --- functions --------------------------------------------------------------------------------
def _call(name: str, args: tuple[Expr, ...], s: Setter[T]) -> Walk[T]:
    match name, args:
        case "exp", (argument,) if not isinstance(argument, Piecewise):
            top = signed((yield argument, s.script), s)
            body = s.raised(s.letter("e"), top)
            return Piece(body, Level.POWER, Shape.EXPONENTIAL, Shape.POWER, tall=True)
        case (("sqrt" | "cbrt"), (argument,)):
            return (yield from _root(ROOTS[name], argument, s))
        case (("abs" | "floor" | "ceil"), (argument,)):
            left, right = DELIMITERS[name]
            piece = yield argument, s
            tall = piece.tall or (name == "abs" and _has_bar(argument))
            body = s.enclosed(left, signed(piece, s), right, tall)
            return atom(body, Shape.BAR, tall=tall)
        case "logb", (argument, base):
            index = signed((yield base, s.script), s)
            log = s.lowered(function_name(name, s), index)
            return (yield from _applied(log, (argument,), True, s))
        case "polygamma", (Number(int(order)), argument) if order >= 0:
            psi = primed(function_name(name, s), order, s)
            return (yield from _applied(psi, (argument,), False, s))
        case (("max" | "min"), _):
            args = _flat(name, args)
    plain = name in WITHOUT_BRACKETS
    args = without_defaults(name, args)
    return (yield from _applied(function_name(name, s), args, plain, s))


def _applied(name: T, args: tuple[Expr, ...], plain: bool, s: Setter[T]) -> Walk[T]:
    """A function's name and its arguments; ``plain`` ones need no brackets if simple."""
    pieces = []
    for arg in args:
        pieces.append((yield arg, s))
    if plain and len(args) == 1 and _needs_no_brackets(args[0]):
        body = s.row([name, s.token(Mark.APPLY), pieces[0].body])
        return Piece(body, Level.PREFIX, Shape.PREFIX, Shape.PREFIX, tall=pieces[0].tall)
    row = [signed(pieces[0], s)] if pieces else []
    for piece in pieces[1:]:
        row += [s.token(Mark.COMMA), signed(piece, s)]
    tall = any(piece.tall for piece in pieces)
    body = s.row([name, s.enclosed("(", s.row(row), ")", tall)])
    if plain:
        # A power of it needs brackets: ln(x)² could be meant for ln(x²).
        return Piece(body, Level.POWER, Shape.PREFIX, Shape.CALL, tall=tall)
    return atom(body, Shape.CALL, tall=tall)


def _needs_no_brackets(argument: Expr) -> bool:
    match argument:
        case Symbol() | Constant() | Call("abs" | "sqrt" | "cbrt"):
            return argument is not ELLIPSIS
        case Number(value):
            return value >= 0 and (argument.decimal or isinstance(value, int))
        case _:
            return False


def _has_bar(argument: Expr) -> bool:
    return any(isinstance(node, Call) and node.name == "abs" for node in postorder(argument))


def _flat(name: str, args: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """max(max(a, b), c) is written max(a, b, c)."""
    while isinstance(args[0], Call) and args[0].name == name:
        args = (*args[0].args, *args[1:])
    return args


def _unknown(name: str, orders: tuple[int, ...], args: tuple[Expr, ...], s: Setter[T]) -> Walk[T]:
    """f'(x) with one argument, ∂₁f(u, v) with several."""
    letter = s.letter(name)
    if len(orders) == 1:
        name_ = primed(letter, orders[0], s)
        return (yield from _applied(name_, args, False, s)) if args else atom(name_, Shape.LETTER)
    operators = []
    for position, order in enumerate(orders, start=1):
        if order:
            partial = s.lowered(s.token(Mark.PARTIAL), s.number(str(position)))
            operators.append(s.raised(partial, s.number(str(order))) if order > 1 else partial)
    return (yield from _applied(s.row([*operators, letter]), args, False, s))


# --- relations and cases ----------------------------------------------------------------------
def _comparison(operators: tuple[str, ...], args: tuple[Expr, ...], s: Setter[T]) -> Walk[T]:
    first = yield args[0], s
    row, tall = [signed(first, s)], first.tall
    for operator, arg in zip(operators, args[1:], strict=True):
        piece = yield arg, s
        row += [s.relation(operator), signed(piece, s)]
        tall = tall or piece.tall
    return Piece(s.row(row), Level.RELATION, Shape.WORD, Shape.WORD, tall=tall)


def _piecewise(node: Piecewise, s: Setter[T]) -> Walk[T]:
    rows: list[tuple[T, T | None]] = []
    for value, condition in node.branches:
        body = signed((yield value, s), s)
        rows.append((body, signed((yield condition, s), s)))
    if node.otherwise is not None:
        rows.append((signed((yield node.otherwise, s), s), None))
    return Piece(s.cases(rows), Level.PRODUCT, Shape.CASES, Shape.CASES, tall=True)
