"""SymPy expressions in and out. SymPy is imported when it is first needed.

SymPy has no quotient: a/b is a·b⁻¹ there and 1/b is b⁻¹, so on the way back every negative
constant exponent goes below a line. Apart from that a formula comes back as it went.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache, reduce
from importlib import import_module
from math import isfinite
from typing import Any

from chainrule.errors import InputError, MissingExtraError
from chainrule.expr.functions import BY_NAME
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
from chainrule.parsing.formula import Formula
from chainrule.parsing.names import GREEK_WORDS, default_names, spellings
from chainrule.parsing.reader import equation_or_formula, symbol_named
from chainrule.parsing.ufuncs import both, negated, raised, remainder, step

_RELATIONS = {
    "<": "StrictLessThan",
    "<=": "LessThan",
    ">": "StrictGreaterThan",
    ">=": "GreaterThan",
    "==": "Equality",
    "!=": "Unequality",
}
_OPERATORS = {name: operator for operator, name in _RELATIONS.items()}

CLASSES = {
    **{name: name for name in ("exp", "log", "sqrt", "erf", "erfc", "erfinv", "sign", "floor")},
    **{name: name for name in ("sin", "cos", "tan", "cot", "sec", "csc", "atan2")},
    **{name: name for name in ("asin", "acos", "atan", "acot", "asec", "acsc")},
    **{name: name for name in ("sinh", "cosh", "tanh", "coth", "sech", "csch")},
    **{name: name for name in ("asinh", "acosh", "atanh", "acoth", "asech", "acsch")},
    **{name: name for name in ("gamma", "digamma", "polygamma")},
    **{name: name for name in ("erfi", "Ei", "li", "Si", "Ci", "Shi", "Chi")},
    **{"fresnels": "fresnels", "fresnelc": "fresnelc", "lambertw": "LambertW"},
    **{"lgamma": "loggamma", "abs": "Abs", "max": "Max", "min": "Min", "ceil": "ceiling"},
}
"""Our functions and SymPy's names for them; others are written by their definitions."""

_FROM_NAME = spellings() | {theirs: name for name, theirs in CLASSES.items()}
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
            row = BY_NAME[name]
            if name not in CLASSES and row.definition is not None:
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
            return getattr(sympy, CLASSES[name])(*args, evaluate=evaluate)
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
def formula_of(source: Any) -> Formula:
    """What SymPy has, as a formula: an expression, ``Eq`` as an equation, ``Lambda`` with its
    variables, and a function such as ``sympy.sin`` of as many as it takes.

    Raises:
        InputError: as for ``from_sympy``, or it is a condition.
        MissingExtraError: SymPy is not installed.
    """
    sympy = _sympy()
    if isinstance(source, sympy.core.function.FunctionClass):
        places = sympy.symbols("x y z")
        if not isinstance(source.nargs, sympy.FiniteSet) or min(source.nargs) > len(places):
            raise InputError(f"{source} is a function of any number of arguments", hint="name them")
        places = places[: min(source.nargs)]
        source = sympy.Lambda(places, source(*places))
    if isinstance(source, sympy.Lambda):
        arguments = tuple(symbol_of(place) for place in source.signature)
        return equation_or_formula(Formula(None, arguments, from_sympy(source.expr)))
    if isinstance(source, sympy.Poly):
        source = source.as_expr()
    return equation_or_formula(Formula(None, (), from_sympy(source)))


def symbol_of(symbol: Any) -> Symbol:
    """The symbol of a formula that a symbol of SymPy's is.

    Raises:
        InputError: it is none, or its name has another meaning in a formula.
    """
    if not getattr(symbol, "is_Symbol", False):
        raise InputError(f"{_short(symbol)} is not a variable")
    return symbol_named("lambda" if symbol.name == "lamda" else symbol.name)


def from_sympy(expr: Any) -> Expr:
    """A SymPy expression or relation.

    Raises:
        InputError: it holds something that is no real function of chainrule's (a matrix,
            an integral, an imaginary or infinite number), or two symbols that would be one.
        MissingExtraError: SymPy is not installed.
    """
    sympy = _sympy()
    try:
        root = sympy.sympify(expr, strict=True)
    except sympy.SympifyError:
        raise InputError(f"{type(expr).__name__} is not an expression of SymPy's") from None
    if not isinstance(root, sympy.Basic):
        raise _unreadable(root)
    built: dict[int, Expr] = {}
    named: dict[Symbol, Any] = {}
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
            made = built[id(node)] = _expr_node(node, built)
            if isinstance(made, Symbol) and named.setdefault(made, node) != node:
                raise InputError(
                    f"two different symbols would both be {made.name}",
                    hint="give one of them another name",
                )
    return built[id(root)]


def _children(node: Any) -> Sequence[Any]:
    """What must be built before ``node``.

    Raises:
        InputError: nothing can be made of it.
    """
    match kind := _kind(node):
        case "Mul":
            return [arg.base if _goes_below(arg) else arg for arg in node.args]
        case "Pow" if _goes_below(node):
            return [node.base]
        case "Piecewise":
            return _cases(node)
        case "Derivative" | "Subs":
            return _derivative(node)[2]
    if kind not in _KINDS and kind not in _OPERATORS and kind not in _FROM_NAME:
        raise _unreadable(node)
    children: Sequence[Any] = node.args
    return children


_KINDS = frozenset(
    (
        *("number", "Symbol", "Exp1", "Pi", "Add", "Pow", "And", "Max", "Min", "undefined"),
        *("Heaviside", "frac", "Mod", "factorial", "polygamma"),
    )
)
"""What ``_expr_node`` makes something of, besides the functions that go by their names."""


def _expr_node(node: Any, built: dict[int, Expr]) -> Expr:
    args = tuple(built[id(child)] for child in _children(node))
    kind = _kind(node)
    if kind not in ("And", "Piecewise") and any(isinstance(arg, Comparison) for arg in args):
        raise _unreadable(node)
    match kind:
        case "number":
            return _number(node)
        case "Symbol":
            return symbol_of(node)
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
            if not all(isinstance(condition, Comparison) for condition in args[1::2]):
                raise _unreadable(node)
            return Piecewise(args) if len(args) > 1 else args[0]
        case "And":
            return reduce(both, args)
        case "Max" | "Min":
            return reduce(lambda left, right: Call(kind.lower(), (left, right)), args)
        case "Heaviside":
            return step(*args)
        case "frac":
            return Sum((args[0], negated(Call("floor", args))))
        case "Mod":
            return remainder(*args)
        case "factorial":
            return Call("gamma", (Sum((args[0], ONE)),))
        case "polygamma" if args[0] is ZERO:
            return Call("digamma", args[1:])
        case "undefined":
            return Unknown(_unknown_name(node), (0,) * len(args), args)
        case "Derivative" | "Subs":
            name, orders, _ = _derivative(node)
            return Unknown(name, orders, args)
        case _ if kind in _OPERATORS:
            return Comparison((_OPERATORS[kind],), args)
    name = _FROM_NAME.get(kind, "")
    if name not in BY_NAME or BY_NAME[name].arity != len(args):
        raise _unreadable(node)
    return Call(name, args)


def _kind(node: Any) -> str:
    """The name of the node's class; all numbers are one kind, and so are unknown functions."""
    if node.is_Number:
        return "number"
    if node.is_Symbol:
        return "Symbol"
    if isinstance(node, _undefined_function()):
        return "undefined"
    # Somebody's own class may be called like one of SymPy's and mean something else.
    own = not type(node).__module__.startswith("sympy.")
    return "" if own else type(node).__name__


@cache
def _undefined_function() -> Any:
    return import_module("sympy.core.function").AppliedUndef


def _number(node: Any) -> Number:
    if not node.is_finite:
        raise _unreadable(node)
    if node.is_Rational:
        return Number(Fraction(node.p, node.q))
    double = float(node)
    in_range = isfinite(double) and (double != 0 or node == 0)
    digits = repr(double) if node._prec <= 53 and in_range else str(node)
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
    if type(inner).__name__ != "Derivative" or _kind(inner.expr) != "undefined":
        raise _unreadable(node)
    applied = inner.expr
    counts = dict(inner.variable_count)
    if any(sum(arg.has(v) for arg in applied.args) != 1 for v in counts) or not all(
        count.is_Integer for count in counts.values()
    ):
        raise _unreadable(node)
    orders = tuple(int(counts.pop(arg, 0)) for arg in applied.args)
    if counts:
        raise _unreadable(node)
    return _unknown_name(applied), orders, [bound.get(arg, arg) for arg in applied.args]


def _unknown_name(applied: Any) -> str:
    """What an undefined function is called.

    Raises:
        InputError: as a function that is defined.
    """
    name: str = applied.func.__name__
    if default_names().functions.get(name) in BY_NAME and name not in GREEK_WORDS:
        raise InputError(f"a function called {name} would be taken for the one that is defined")
    return name


def _unreadable(node: Any) -> InputError:
    kind = type(node).__name__
    return InputError(
        f"SymPy's {kind} is no formula here: {_short(node)}",
        hint="`.doit()` works it out, if SymPy can" if kind in _UNEVALUATED else None,
    )


_UNEVALUATED = frozenset({"Integral", "Derivative", "Subs", "Limit", "Sum", "Product"})


def _short(node: Any, width: int = 60, most: int = 200) -> str:
    """The node as SymPy writes it, cut off; what is too large for SymPy to write is not written."""
    stack, seen = [node], 0
    while stack and seen <= most:
        stack += getattr(stack.pop(), "args", ())
        seen += 1
    if stack:
        return f"one of more than {most} parts"
    text = str(node)
    return text if len(text) <= width else f"{text[: width - 1]}…"
