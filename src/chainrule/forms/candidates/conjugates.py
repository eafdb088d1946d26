"""Sums of a wave or a root and what it may cancel with, by their conjugates.

1 + sin u is 0 where sin u is −1, and there it changes so slowly that no digit of the sine tells by
how much. (1 + sin u)(1 − sin u) is cos² u, which has all its digits: a library knows where the
cosine vanishes. In general R + B sin u = ((R − B)(R + B) + (B cos u)²)/(R − B sin u).

Likewise √(x² + 1) − x is 1/(√(x² + 1) + x), and 1 − x/√(x² + 1) is that over √(x² + 1).
"""

from __future__ import annotations

from fractions import Fraction

from chainrule.expr.nodes import (
    TWO,
    ZERO,
    Call,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    add,
    depends_on,
    divide,
    multiply,
    negate,
    postorder,
    power,
    rational_value,
    transform,
)
from chainrule.forms.candidates.overflow import in_short
from chainrule.rewrite.cost import cost
from chainrule.rewrite.normal_form import Tidier

_OTHER = {"sin": "cos", "cos": "sin"}


def conjugated(root: Expr, variable: Symbol) -> Expr:
    """Sums of a constant, one wave and maybe more, where the wave has the opposite sign."""
    return transform(root, lambda node: _by_conjugate(node, variable))


def _by_conjugate(node: Expr, variable: Symbol) -> Expr:
    if not isinstance(node, Sum):
        return node
    found = [_wave(term) for term in node.args]
    waves = [wave for wave in found if wave is not None]
    others = [term for term, is_wave in zip(node.args, found, strict=True) if is_wave is None]
    if len(waves) != 1 or all(depends_on(term, variable) for term in others):
        return node
    tidy = Tidier().tidy
    rest = add(*others)
    size, wave = tidy(waves[0][0]), waves[0][1]
    term = tidy(multiply(size, wave))
    squares = tidy(multiply(tidy(add(rest, negate(size))), tidy(add(rest, size))))
    other = tidy(multiply(size, Call(_OTHER[wave.name], wave.args)))
    top = add(*([] if squares is ZERO else [squares]), power(other, Number(2)))
    opposite = Comparison(("<",), (tidy(multiply(rest, term)), ZERO))
    return Piecewise((Quotient(top, add(rest, negate(term))), opposite, node))


def roots_conjugated(root: Expr) -> Expr:
    """Sums of one term with a root, or two, and others without: T + R = (T² − R²)/(T − R).

    The result is not defined where T is R.
    """
    return transform(root, _root_conjugated)


def _root_conjugated(node: Expr) -> Expr:
    if not isinstance(node, Sum):
        return node
    rooted = [term for term in node.args if _has_root(term)]
    if not 1 <= len(rooted) <= 2:
        return node
    tidy = Tidier().tidy
    term = rooted[0]
    rest = add(*[other for other in node.args if other is not term])
    top = in_short(tidy(add(power(term, TWO), negate(power(rest, TWO)))))
    if _has_root(top):
        return node
    signs = (tidy, lambda side: tidy(negate(side)))
    forms = [Quotient(sign(top), sign(add(term, negate(rest)))) for sign in signs]
    return min(forms, key=cost)


def _has_root(root: Expr) -> bool:
    return any(
        (isinstance(node, Call) and node.name == "sqrt")
        or (isinstance(node, Power) and rational_value(node.exponent) == Fraction(1, 2))
        for node in postorder(root)
    )


def _wave(term: Expr) -> tuple[Expr, Call] | None:
    """B and sin u or cos u, for a term B sin u, B cos u or B sin u cos u."""
    divisors: list[Expr] = []
    while isinstance(term, Quotient):
        divisors.append(term.denominator)
        term = term.numerator
    factors = term.args if isinstance(term, Product) else (term,)
    waves = [f for f in factors if isinstance(f, Call) and f.name in _OTHER]
    size = multiply(*(f for f in factors if f not in waves))
    match waves:
        case [Call() as wave]:
            pass
        case [Call(first, u), Call(second, v)] if u == v and first != second:
            size, wave = multiply(Number(1) / 2, size), Call("sin", (multiply(Number(2), u[0]),))
        case _:
            return None
    for divisor in reversed(divisors):
        size = divide(size, divisor)
    return size, wave
