"""The germ of a formula beside a point, see ``germs``.

A function of the table that has no expansion of its own here is the integral of its derivative's
germ, with its value at the point.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from typing import Literal

from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    HALF,
    ONE,
    PI,
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
    call,
    depends_on,
    divide,
    multiply,
    postorder,
    rational_value,
    transform,
)
from chainrule.expr.relations import HOLDS
from chainrule.parsing.definitions import expand, is_catalogue_name
from chainrule.rewrite.germ_powers import exponential, inverse, logarithm, raised
from chainrule.rewrite.germs import LINEAR, UNIT, Germ, Germs, size
from chainrule.rewrite.order import Order, TooMuchWorkError, UndecidedError, UndefinedError

Direction = Literal[-1, 1]
Found = dict[Expr, Germ | Exception]
"""The germs of the parts of a formula, or why there is none."""

# Powers of t that are kept: more of them where fewer leave it open.
DEPTHS = (2, 3, 6, 10)

# Functions whose germ is found directly; all others are expanded by their definitions.
_OWN = frozenset(
    [
        *("abs", "sign", "heaviside", "max", "min", "floor", "ceil"),
        *("cbrt", "erf", "asinh", "sqrt", "atan2"),
    ]
)
_FAR: dict[str, Callable[[Germs, Germ, int], Germ]] = {
    "sin": lambda germs, u, sign: germs.bounded(),
    "cos": lambda germs, u, sign: germs.bounded(),
    "erf": lambda germs, u, sign: germs.plus(
        germs.constant(Number(sign)), germs.bounded(germs.negligible)
    ),
}
"""What a function is like where its argument grows beyond all bounds, with that sign."""


def expanded(function: Expr) -> Expr:
    """The formula in functions of which a germ can be found."""

    def visit(node: Expr) -> Expr:
        if not isinstance(node, Call) or node.name in _OWN:
            return node
        if is_catalogue_name(node.name):
            return expand(node)
        if node.name == "tan":
            return call("sin", *node.args) / call("cos", *node.args)
        row = BY_NAME[node.name]
        return node if row.definition is None else row.definition(*node.args)

    while (found := transform(function, visit)) is not function:
        function = found
    return function


class Expansion:
    """Germs of formulas at points, to one depth."""

    def __init__(self, order: Order, depth: int) -> None:
        self.order = order
        self.germs = Germs(order, depth)
        self._outer_germs: dict[tuple[str, Expr, Direction], Germ] = {}

    def germ(self, root: Expr, point: Expr, direction: Direction) -> Germ:
        """The germ of an expanded formula for x = point + direction·t.

        Raises:
            UndefinedError: the formula is not defined there.
            UndecidedError: its germ cannot be told.
        """
        found = self.start(point, direction)
        self.expand(root, found)
        return _given(found[root])

    def start(self, point: Expr, direction: Direction) -> Found:
        """What is known at first."""
        line = self.germs.made([(UNIT, point), (LINEAR, Number(direction))])
        return {self.order.variable: line}

    def expand(self, root: Expr, found: Found) -> None:
        """The germ of every part of a formula that is not yet among what was found."""
        for node in postorder(root):
            if node not in found and not isinstance(node, Comparison):
                found[node] = self.one(node, found)

    def one(self, node: Expr, found: Found) -> Germ | Exception:
        """The germ of a node, given those of its parts; or why there is none."""
        try:
            if not depends_on(node, self.order.variable):
                return self.germs.constant(node)
            if isinstance(node, Piecewise):
                return self._chosen(node, found)
            return self._applied(node, [_given(found[arg]) for arg in node.args])
        except TooMuchWorkError:
            raise
        except (UndecidedError, UndefinedError) as error:
            # A case that does not apply may be undefined.
            return error

    def _chosen(self, node: Piecewise, found: Found) -> Germ:
        for value, condition in node.branches:
            assert isinstance(condition, Comparison)
            args = [_given(found[arg]) for arg in condition.args]
            signs = [self._sign(a, b) for a, b in pairwise(args)]
            if all(HOLDS[op](s, 0) for op, s in zip(condition.operators, signs, strict=True)):
                return _given(found[value])
        if node.otherwise is None:
            raise UndefinedError
        return _given(found[node.otherwise])

    def _sign(self, a: Germ, b: Germ) -> int:
        """The sign of a − b beside the point."""
        return self.germs.leading_sign(self.germs.plus(a, self.germs.negative(b)))

    def _applied(self, node: Expr, args: list[Germ]) -> Germ:
        germs = self.germs
        match node:
            case Sum():
                return germs.total(args)
            case Product():
                return reduce(germs.product, args)
            case Quotient():
                return germs.product(args[0], inverse(germs, args[1]))
            case Power(_, exponent):
                if depends_on(exponent, self.order.variable):
                    return exponential(germs, germs.product(args[1], logarithm(germs, args[0])))
                number = rational_value(exponent)
                return raised(germs, args[0], exponent if number is None else Number(number))
            case Call("exp", _):
                return exponential(germs, args[0])
            case Call("log", _):
                return logarithm(germs, args[0])
            case Call("sqrt", _):
                return raised(germs, args[0], HALF)
            case Call("cbrt", _):
                sign = Number(germs.leading_sign(args[0]) or 1)
                size_ = germs.scaled(sign, args[0])
                return germs.scaled(sign, raised(germs, size_, Number(Fraction(1, 3))))
            case Call("abs", _):
                return germs.scaled(Number(germs.leading_sign(args[0])), args[0])
            case Call("sign", _):
                return germs.constant(Number(germs.leading_sign(args[0])))
            case Call("heaviside", _):
                return germs.constant(ONE if germs.leading_sign(args[0]) >= 0 else ZERO)
            case Call("max", (_, _)):
                return args[0] if self._sign(*args) >= 0 else args[1]
            case Call("min", (_, _)):
                return args[0] if self._sign(*args) <= 0 else args[1]
            case Call("floor" | "ceil" as name, _):
                return self._rounded(name, args[0])
            case Call("atan2", _):
                return _angle(self, *args)
            case Call(name, (_,)):
                return self.smooth(name, args[0])
        raise UndecidedError

    def _rounded(self, name: str, u: Germ) -> Germ:
        center, beside = self._center(u)
        value = self.order.number(center)
        if value is None or self.order.supposes(center):
            raise UndecidedError
        whole = value.floor().unique_fmpz()
        if whole is None:
            whole = value.mid().floor().unique_fmpz() if value.is_exact() else None
        if whole is None:
            raise UndecidedError
        below = int(whole)
        if self.order.simplified(center - below) is ZERO:
            # Beside an integer, on the side on which u is.
            side_ = self.germs.leading_sign(beside)
            below += (side_ < 0) * -1 if name == "floor" else (side_ > 0)
        elif name == "ceil":
            below += 1
        return self.germs.constant(Number(below))

    def _center(self, u: Germ) -> tuple[Expr, Germ]:
        """The limit of u, and what is left: u has to have one."""
        if u.exponent and self.germs.grows(u.exponent) < 0:
            return ZERO, u
        bound = u.bound
        if u.exponent or (bound is not None and size(bound) < size(UNIT)):
            raise UndecidedError
        center = u.terms.get(UNIT, ZERO)
        return center, Germ({m: c for m, c in u.terms.items() if m != UNIT}, u.error)

    def smooth(self, name: str, u: Germ) -> Germ:
        """A function of one argument with a derivative in the table, of u."""
        germs = self.germs
        far = (u.exponent and germs.grows(u.exponent) > 0) or (
            not u.exponent and u.leading is not None and size(u.leading) < size(UNIT)
        )
        if far:
            return self._far(name, u)
        center, delta = self._center(u)
        if not delta.vanishes():
            raise UndecidedError
        if delta.is_zero or not self._in_domain(name, center):
            value = call(name, center)
            known = self.order.number(center) is not None
            if known and self.order.number(value) is None:
                raise UndefinedError
            return germs.constant(self.order.simplified(value))
        if delta.exponent:
            # Smaller than every power of t; the next term of the function is, too.
            delta = germs.bounded(germs.negligible)
        if delta.leading is None:
            # u may lie on both sides, or on the point.
            for way in (-1, 1):
                outer = self._outer(name, center, 1 if way > 0 else -1)
                rest = [m for m in (*outer.terms, outer.error) if m is not None and m != UNIT]
                if any(size(m) < size(LINEAR) for m in rest):
                    raise UndecidedError
            assert delta.error is not None
            return germs.plus(germs.constant(call(name, center)), germs.bounded(delta.error))
        direction: Direction = 1 if germs.leading_sign(delta) > 0 else -1
        outer = self._outer(name, center, direction)
        distance = germs.scaled(Number(direction), delta)
        return self._composed(outer, distance)

    def _in_domain(self, name: str, center: Expr) -> bool:
        """Whether a function may be defined around a number, or on one side of it."""
        domain = BY_NAME[name].domain
        inside = None if domain is None else domain(center)
        if not isinstance(inside, Comparison):
            return True
        for operator, pair in zip(inside.operators, pairwise(inside.args), strict=True):
            with suppress(UndecidedError):
                sign = self.order.sign(pair[0] - pair[1])
                if sign and not HOLDS[operator](sign, 0):
                    return False
        return True

    def _far(self, name: str, u: Germ) -> Germ:
        germs, sign = self.germs, self.germs.leading_sign(u)
        if name in _FAR:
            return _FAR[name](germs, u, sign)
        if name == "atan":
            quarter = germs.constant(PI * HALF * Number(sign))
            return germs.plus(quarter, germs.negative(self.smooth(name, inverse(germs, u))))
        if name == "asinh":
            u = germs.scaled(Number(sign), u)
            root = raised(germs, germs.plus(germs.product(u, u), germs.constant(ONE)), HALF)
            return germs.scaled(Number(sign), logarithm(germs, germs.plus(u, root)))
        if not self._in_domain(name, Number(sign * 2**64)):
            raise UndefinedError
        raise UndecidedError

    def _outer(self, name: str, center: Expr, direction: Direction) -> Germ:
        """The germ of a function at a point of its own, worked out once."""
        found = self._outer_germs.get((name, center, direction))
        if found is None:
            found = self._integrated(name, center, direction)
            self._outer_germs[name, center, direction] = found
        return found

    def _integrated(self, name: str, center: Expr, direction: Direction) -> Germ:
        """The same as the integral of the germ of its derivative."""
        germs, order = self.germs, self.order
        value, variable = call(name, center), order.variable
        derive = BY_NAME[name].derivatives[0]
        if derive is None or order.number(value) is None:
            raise UndecidedError
        slope = expanded(derive(variable))
        start = germs.made([(UNIT, value)])
        if germs.depth == 1 and order.number(slope, center) is not None:
            # It is bounded near the point, being made of what is continuous there.
            return germs.made(start.terms.items(), LINEAR)
        inner = expansion(order, max(germs.depth - 1, 1)).germ(slope, center, direction)
        if inner.exponent or (inner.bound is not None and inner.bound[0] <= -1):
            raise UndecidedError
        terms = list(start.terms.items())
        for (p, q), coefficient in inner.terms.items():
            if q:
                raise UndecidedError
            terms.append(
                ((p + 1, 0), divide(multiply(Number(direction), coefficient), Number(p + 1)))
            )
        error = None if inner.error is None else (inner.error[0] + 1, inner.error[1])
        return germs.made(terms, error)

    def _composed(self, outer: Germ, distance: Germ) -> Germ:
        """A germ in s with s replaced by a germ that goes to 0 from above."""
        germs = self.germs
        parts = [germs.constant(outer.terms.get(UNIT, ZERO))]
        powered, reached = distance, 1
        for (p, q), coefficient in outer.terms.items():
            if q:
                raise UndecidedError
            if p.__class__ is not int or p < 0:
                parts.append(germs.scaled(coefficient, raised(germs, distance, Number(p))))
            elif p:
                for _ in range(p - reached):
                    powered = germs.product(powered, distance)
                reached = p
                parts.append(germs.scaled(coefficient, powered))
        if outer.error is not None:
            p, q = outer.error
            bound = distance.bound
            assert bound is not None
            if q or (bound[1] and p != int(p)):
                raise UndecidedError
            parts.append(germs.bounded((bound[0] * p, int(bound[1] * p))))
        return germs.total(parts)


def _angle(within: Expansion, v: Germ, u: Germ) -> Germ:
    """The angle of the point (u, v): also on the left half of the axis, where v is 0."""
    germs = within.germs
    right, up = germs.leading_sign(u), germs.leading_sign(v)
    if right > 0:
        return within.smooth("atan", germs.product(v, inverse(germs, u)))
    if not up:
        if not right:
            raise UndefinedError
        return germs.constant(PI)
    angle = within.smooth("atan", germs.product(u, inverse(germs, v)))
    return germs.plus(germs.constant(PI * HALF * Number(up)), germs.negative(angle))


def germ_beside(root: Expr, point: Expr, direction: Direction, order: Order) -> Germ:
    """The germ of an expanded formula, as deep as it takes to tell its value and its slope.

    Most parts of a formula are smooth at the point and need no more than that; what is divided by
    something that vanishes needs more, and what is in it.

    Raises:
        UndefinedError: the formula is not defined there.
        UndecidedError: its germ cannot be told.
    """
    least, *more = (expansion(order, depth) for depth in DEPTHS)
    found = least.start(point, direction)
    deeper = [(beside, beside.start(point, direction)) for beside in more]
    for node in postorder(root):
        if node in found or isinstance(node, Comparison):
            continue
        found[node] = least.one(node, found)
        for beside, germs in deeper:
            if _suffices(node, found):
                break
            beside.expand(node, germs)
            if not isinstance(germs[node], UndecidedError):
                found[node] = germs[node]
    return _given(found[root])


def _suffices(node: Expr, found: Found) -> bool:
    """Whether value and slope of a node are known, or are known not to be found."""
    match found[node]:
        case Germ() as germ:
            return bool(germ.exponent) or germ.error is None or size(germ.error) > size(LINEAR)
        case UndefinedError():
            return True
    parts = [arg for arg in node.args if not isinstance(arg, Comparison)]
    return any(isinstance(found[part], UndecidedError) for part in parts)


def expansion(order: Order, depth: int) -> Expansion:
    """The expansion of an order to a depth: the same one each time, since it remembers."""
    found = order.expansions.get(depth)
    if found is None:
        found = order.expansions[depth] = Expansion(order, depth)
    return found


def _given(found: Germ | Exception) -> Germ:
    if isinstance(found, Exception):
        raise found
    return found
