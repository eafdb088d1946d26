"""SymPy expressions in and out. SymPy is imported when it is first needed.

SymPy has no quotient: a/b is a·b⁻¹ there and 1/b is b⁻¹, so on the way back every negative
constant exponent goes below a line. Apart from that a formula comes back as it went.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache, reduce
from importlib import import_module
from typing import Any

from chainrule.errors import InputError, MissingExtraError
from chainrule.expr import functions
from chainrule.expr.nodes import (
    HALF,
    ONE,
    PI,
    ZERO,
    Call,
    Comparison,
    Constant,
    E,
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
    transform,
)
from chainrule.parsing.definitions import expand_all
from chainrule.parsing.ufuncs import both, negated, raised, step

_RELATIONS = {
    "<": "StrictLessThan",
    "<=": "LessThan",
    ">": "StrictGreaterThan",
    ">=": "GreaterThan",
    "==": "Equality",
    "!=": "Unequality",
}
_OPERATORS = {name: operator for operator, name in _RELATIONS.items()}

_FROM_NAME = functions.spellings() | {
    row.sympy: row.name for row in functions.FUNCTIONS if row.sympy
}
"""SymPy's class names (also those of ``sympy.codegen.cfunctions``) and our functions."""


def _sympy() -> Any:
    try:
        import sympy
    except ImportError:
        raise MissingExtraError("SymPy", "sympy") from None
    return sympy


# --- to SymPy -----------------------------------------------------------------------------------
def to_sympy(expr: Expr, *, evaluate: bool = False) -> Any:
    """The same formula as a SymPy expression.

    Functions of the catalogue, and elementary ones that SymPy lacks, are written out by their
    definitions; decimals become exact rationals.

    Args:
        expr: the formula.
        evaluate: let SymPy rewrite each part as it is built, as its operators do. Otherwise the
            shape is kept, at any depth; evaluating, SymPy ends in RecursionError on deep ones.

    Raises:
        MissingExtraError: SymPy is not installed.
    """
    sympy = _sympy()
    root = transform(expand_all(expr), _by_definition)
    built: dict[Expr, Any] = {}
    for node in postorder(root):
        built[node] = _sympy_node(sympy, node, [built[arg] for arg in node.args], evaluate)
    return built[root]


def _by_definition(node: Expr) -> Expr:
    """A call of a function that SymPy lacks, by functions that it has."""
    match node:
        case Call(name, args):
            row = functions.BY_NAME[name]
            if not row.sympy and row.definition is not None:
                return row.definition(*args)
    return node


def _sympy_node(sympy: Any, node: Expr, args: list[Any], evaluate: bool) -> Any:
    match node:
        case Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Symbol(name):
            return sympy.Symbol(name)
        case Constant(name):
            return sympy.pi if name == "pi" else sympy.E
        case Sum():
            return sympy.Add(*args, evaluate=evaluate)
        case Product():
            return sympy.Mul(*args, evaluate=evaluate)
        case Quotient(numerator, Number(below)) if type(numerator) is Number and below:
            return args[0] / args[1]
        case Quotient(numerator):
            reciprocal = sympy.Pow(args[1], -1, evaluate=evaluate)
            if numerator is ONE:
                return reciprocal
            return sympy.Mul(args[0], reciprocal, evaluate=evaluate)
        case Power():
            return sympy.Pow(*args, evaluate=evaluate)
        case Call(name):
            return getattr(sympy, functions.BY_NAME[name].sympy)(*args, evaluate=evaluate)
        case Unknown(name, orders):
            return _sympy_unknown(sympy, sympy.Function(name), orders, args)
        case Comparison(operators):
            relations = [
                getattr(sympy, _RELATIONS[operator])(left, right, evaluate=evaluate)
                for operator, left, right in zip(operators, args, args[1:], strict=False)
            ]
            return relations[0] if len(relations) == 1 else sympy.And(*relations, evaluate=evaluate)
        case Piecewise():
            pairs = list(zip(args[0::2], args[1::2], strict=False))
            if len(args) % 2:
                pairs.append((args[-1], sympy.true))
            return sympy.Piecewise(*pairs, evaluate=evaluate)
    raise AssertionError(type(node))


def _sympy_unknown(sympy: Any, function: Any, orders: tuple[int, ...], args: list[Any]) -> Any:
    """f(u), its derivative where u is a variable, or else its derivative taken at u."""
    if not any(orders):
        return function(*args)
    if all(arg.is_Symbol for arg in args) and len(set(args)) == len(args):
        return sympy.Derivative(function(*args), *zip(args, orders, strict=True))
    places = [sympy.Dummy(f"xi_{number}") for number in range(1, len(args) + 1)]
    derivative = sympy.Derivative(function(*places), *zip(places, orders, strict=True))
    return sympy.Subs(derivative, places, args)


# --- from SymPy ---------------------------------------------------------------------------------
def from_sympy(expr: Any) -> Expr:
    """A SymPy expression, relation or anything that ``sympify`` turns into one.

    Raises:
        InputError: it holds something that is no real function of chainrule's (a matrix,
            an integral, an imaginary or infinite number).
        MissingExtraError: SymPy is not installed.
    """
    root = _sympy().sympify(expr)
    built: dict[int, Expr] = {}
    stack = [root]
    while stack:
        # By identity: comparing deep SymPy expressions for equality would recurse.
        node = stack[-1]
        pending = [child for child in _children(node) if id(child) not in built]
        if pending:
            stack += pending
            continue
        stack.pop()
        if id(node) not in built:
            built[id(node)] = _expr_node(node, built)
    return built[id(root)]


def _children(node: Any) -> Sequence[Any]:
    """What must be built before ``node``."""
    children: Sequence[Any] = node.args
    match _kind(node):
        case "Mul":
            children = [arg.base if _goes_below(arg) else arg for arg in node.args]
        case "Pow" if _goes_below(node):
            children = [node.base]
        case "Piecewise":
            children = _cases(node)
        case "Derivative" | "Subs":
            children = _derivative(node)[2]
    return children


def _expr_node(node: Any, built: dict[int, Expr]) -> Expr:
    args = tuple(built[id(child)] for child in _children(node))
    kind = _kind(node)
    match kind:
        case "number":
            return _number(node)
        case "Symbol" | "Dummy":
            return Symbol("lambda" if node.name == "lamda" else node.name)
        case "Exp1":
            return E
        case "Pi":
            return PI
        case "Add":
            return Sum(args)
        case "Mul":
            return _quotient(node.args, args)
        case "Pow" if _goes_below(node):
            return _quotient([node], args)
        case "Pow":
            return _power(*args)
        case "Piecewise":
            return Piecewise(args) if len(args) > 1 else args[0]
        case "And":
            return reduce(both, args)
        case "Max" | "Min":
            return reduce(lambda left, right: Call(kind.lower(), (left, right)), args)
        case "Heaviside":
            return step(*args)
        case "frac":
            return Sum((args[0], negated(Call("floor", args))))
        case "polygamma" if args[0] is ZERO:
            return Call("digamma", args[1:])
        case "undefined":
            return Unknown(node.func.__name__, (0,) * len(args), args)
        case "Derivative" | "Subs":
            name, orders, _ = _derivative(node)
            return Unknown(name, orders, args)
        case _ if kind in _OPERATORS:
            return Comparison((_OPERATORS[kind],), args)
    name = _FROM_NAME.get(kind, "")
    if name not in functions.BY_NAME or functions.BY_NAME[name].arity != len(args):
        raise _unreadable(node)
    return Call(name, args)


def _kind(node: Any) -> str:
    """The name of the node's class; all numbers are one kind, and so are unknown functions."""
    if node.is_Number:
        return "number"
    if isinstance(node, _undefined_function()):
        return "undefined"
    return type(node).__name__


@cache
def _undefined_function() -> Any:
    return import_module("sympy.core.function").AppliedUndef


def _number(node: Any) -> Number:
    if not node.is_finite:
        raise _unreadable(node)
    if node.is_Rational:
        return Number(Fraction(node.p, node.q))
    digits = repr(float(node)) if node._prec <= 53 else str(node)
    return Number(Fraction(digits), decimal=True)


def _goes_below(node: Any) -> bool:
    """Whether the node is a power with a negative number for an exponent."""
    return bool(node.is_Pow and node.exp.is_Number and node.exp.is_negative)


def _quotient(factors: Sequence[Any], args: Sequence[Expr]) -> Expr:
    """The product of SymPy's ``factors``; ``args`` are they, or their bases if they go below."""
    above: list[Expr] = []
    below: list[Expr] = []
    for factor, arg in zip(factors, args, strict=True):
        if _goes_below(factor):
            below.append(_power(arg, _number(-factor.exp)))
        elif factor.is_Rational and not factor.is_Integer:
            above += [Number(factor.p)] if factor.p != 1 else []
            below.append(Number(factor.q))
        else:
            above.append(arg)
    return Quotient(_product(above), _product(below)) if below else _product(above)


def _product(factors: Sequence[Expr]) -> Expr:
    if not factors:
        return ONE
    return factors[0] if len(factors) == 1 else Product(tuple(factors))


def _power(base: Expr, exponent: Expr) -> Expr:
    if exponent is ONE:
        return base
    return Call("sqrt", (base,)) if exponent is HALF else raised(base, exponent)


def _cases(node: Any) -> list[Any]:
    """value, condition, …, [otherwise] of a ``Piecewise``; alternatives become cases."""
    parts: list[Any] = []
    for value, condition in node.args:
        match type(condition).__name__:
            case "BooleanTrue":
                return [*parts, value]
            case "Or":
                parts += [part for either in condition.args for part in (value, either)]
            case _:
                parts += [value, condition]
    return parts


def _derivative(node: Any) -> tuple[str, tuple[int, ...], list[Any]]:
    """Name, orders and arguments of a derivative of an unknown function."""
    inner, bound = node, {}
    if type(node).__name__ == "Subs":
        inner, bound = node.expr, dict(zip(node.variables, node.point, strict=True))
    applied = inner.expr
    if type(inner).__name__ != "Derivative" or _kind(applied) != "undefined":
        raise _unreadable(node, "`.doit()` works it out")
    counts = dict(inner.variable_count)
    if any(sum(arg.has(v) for arg in applied.args) != 1 for v in counts) or not all(
        count.is_Integer for count in counts.values()
    ):
        raise _unreadable(node, "`.doit()` works it out")
    orders = tuple(int(counts.pop(arg, 0)) for arg in applied.args)
    if counts:
        raise _unreadable(node, "`.doit()` works it out")
    return applied.func.__name__, orders, [bound.get(arg, arg) for arg in applied.args]


def _unreadable(node: Any, hint: str | None = None) -> InputError:
    text = str(node)
    shown = text if len(text) <= 60 else f"{text[:59]}…"
    return InputError(f"SymPy's {type(node).__name__} is no formula here: {shown}", hint=hint)
