"""Solving y = f(x) for inner parts of f: the outermost function is undone, one after another.

From y = 1/m follows m = 1/y, from m = 1 + e^{-x} follows e^{-x} = m − 1, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    ONE,
    Call,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    call,
    postorder,
    rational_value,
)
from chainrule.record import Record
from chainrule.rewrite.everyday import is_positive, negate_term
from chainrule.rewrite.normal_form import Tidier


class Solved(Record):
    """``inner``, a part of the function, equals ``value``, an expression in the output."""

    inner: Expr
    value: Expr


def dependents(root: Expr, variable: Symbol) -> set[Expr]:
    """The nodes below ``root`` that depend on the variable."""
    found: set[Expr] = set()
    for node in postorder(root):
        if node is variable or any(arg in found for arg in node.args):
            found.add(node)
    return found


def inner_parts(
    function: Expr, variable: Symbol, output: Symbol, tidier: Tidier
) -> Iterator[Solved]:
    """The inner parts of ``function`` in terms of ``output``, from the outside in.

    Ends where a function has no inverse, or where a part is not the only one that varies.
    The first one is the function itself.
    """
    varying = dependents(function, variable)
    inner: Expr = function
    value: Expr = output
    while True:
        solved = Solved(inner, value)
        yield solved
        undone = _undo(inner, value, varying)
        if undone is None:
            return
        inner, raw = undone
        if isinstance(solved.inner, Call):
            for name, partner in (("asin", "cos"), ("acos", "sin")):
                # The range of the inverse sine is where the cosine is positive.
                if solved.inner.name == name:
                    tidier.assume_positive(call(partner, value))
        value = tidier.tidy(raw)


def _undo(node: Expr, value: Expr, varying: set[Expr]) -> tuple[Expr, Expr] | None:
    """From node = value: its one varying argument, and what that equals."""
    parts = [arg for arg in node.args if arg in varying]
    if len(parts) != 1:
        return None
    (part,) = parts
    match node:
        case Sum(args):
            others = [negate_term(arg) for arg in args if arg is not part]
            return part, Sum((value, *others))
        case Product(args):
            others = [arg for arg in args if arg is not part]
            return part, Quotient(value, others[0] if len(others) == 1 else Product(tuple(others)))
        case Quotient(top, bottom):
            if part is top and part is not bottom:
                return part, Product((value, bottom))
            return part, Quotient(top, value)
        case Power(base, exponent):
            return _undo_power(base, exponent, value, part)
        case Call("sqrt"):
            return part, Power(value, Number(2))
        case Call(name):
            row = BY_NAME.get(name)
            if row is None or not row.inverse or row.inverse_range or len(node.args) != 1:
                return None
            return part, call(row.inverse, value)
    return None


def _undo_power(base: Expr, exponent: Expr, value: Expr, part: Expr) -> tuple[Expr, Expr] | None:
    if part is exponent:
        return part, Quotient(call("log", value), call("log", base))
    degree = rational_value(exponent)
    if degree is None or degree == 0:
        return None
    if degree == -1:
        return part, Quotient(ONE, value)
    if degree.__class__ is int and not is_positive(base):
        # An even power has two roots, and the odd root of a negative number is not the power with
        # exponent 1/n.
        return None
    return part, Power(value, Number(1 / Fraction(degree)))
