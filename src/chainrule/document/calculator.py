"""A value of the function with certified digits, for the reader to try on a calculator."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import cycle

from chainrule.deriving.derivation import Derivation
from chainrule.document.blocks import (
    Block,
    Chain,
    Digits,
    Emphasis,
    InlinePiece,
    Math,
    Name,
    Paragraph,
    math,
)
from chainrule.document.phrases import joined
from chainrule.errors import InputError
from chainrule.expr.nodes import Expr, Number, Symbol, Unknown, postorder, substitute, symbols
from chainrule.record import Record
from chainrule.verify.certified import decimal

# The first of these is taken at which the function has digits to compare, else the first at which
# it is defined.
POINTS = (5, 2, 1, Fraction(1, 2), 3, 10, Fraction(1, 10), -2)
# For letters that have no value of their own: primes, so that none is a power or a product of
# others.
LETTER_VALUES = (2, 3, 5, 7)
# As many as a double has, which is what calculators and programs show.
_DIGITS = 17


class ValueAt(Record):
    """The function at a point.

    Attributes:
        values: the variable's first, then that of every other letter.
        digits: of the function there; ``None`` where it is undefined, or so near to it that no
            digit is certain.
    """

    values: Mapping[Symbol, Expr]
    digits: Digits | None


def value_at(derivation: Derivation, at: Mapping[Symbol, Expr]) -> ValueAt | None:
    """The function at the point ``at``, or at a usual one; ``None`` if it has no value at these.

    Raises:
        InputError: ``at`` has a letter that is not in the formula.
    """
    problem = derivation.problem
    function, main = problem.function, problem.variables[0]
    letters = symbols(function)
    for symbol in at:
        if symbol not in (*letters, main):
            raise InputError(f"there is no {symbol.name} in the formula to have a value")
    values = {k: v for k, v in problem.defaults.items() if k in letters and k is not main}
    free = [s for s in letters if s is not main and s not in values]
    values |= {s: Number(v) for s, v in zip(free, cycle(LETTER_VALUES), strict=False)}
    if problem.entry is not None:
        values |= {s: Number(problem.entry.typical(s.name)) for s in free}
    values.update(at)
    found: ValueAt | None = None
    for point in [at[main]] if main in at else [Number(value) for value in POINTS]:
        digits = _digits_at(function, {**values, main: point})
        if digits is not None and (found is None or digits.more):
            found = ValueAt({main: point, **values}, digits)
            # Digits to compare are what we look for: ELU(−2) says more than ELU(5) = 5.
            if digits.more:
                break
    if found is None and main in at:
        return ValueAt({main: at[main], **values}, None)
    return found


def _digits_at(function: Expr, values: Mapping[Symbol, Expr]) -> Digits | None:
    filled = substitute(function, values)
    if symbols(filled) or any(isinstance(node, Unknown) for node in postorder(filled)):
        return None
    value = decimal(filled, {}, digits=_DIGITS)
    return None if value is None else Digits(value.text.rstrip("…"), not value.exact)


def to_try(derivation: Derivation, whole: Name, at: Mapping[Symbol, Expr]) -> list[Block]:
    """The paragraph about it, where there is something to try.

    Args:
        derivation: of which function.
        whole: the function as it is written, f(x).
        at: values for the variable and other letters.
    """
    main = derivation.problem.variables[0]
    found = value_at(derivation, at)
    if found is None:
        return []
    if found.digits is None:
        return [Paragraph(("At ", math(main, at[main]), " no value of the function was found."))]
    arguments = tuple(found.values.get(a, a) if isinstance(a, Symbol) else a for a in whole.args)
    rest = [(math(k, v),) for k, v in found.values.items() if k not in whole.args]
    pieces: list[InlinePiece] = [Emphasis("To try on a calculator:"), " "]
    pieces.append(Math(Chain((Name(whole.name, arguments), found.digits), ("=",))))
    if rest:
        pieces += [" for ", *joined(rest)]
    return [Paragraph((*pieces, "" if found.digits.more else "."))]
