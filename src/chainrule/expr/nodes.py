"""What a formula is: a graph of immutable, shared nodes.

Nodes are hash-consed: building the same node twice gives the same object, so equality is
identity, a dictionary keyed by nodes is a memo over the graph, and a subexpression that
occurs a thousand times is stored and differentiated once.

The bare constructors (``Sum((a, b))``) keep the shape they are given: that is what the parser
and a rule "as applied" need. The operators (``a + b``) and the functions ``add``,
``multiply``, … leave out what nobody writes: ``0 + a``, ``1·a``, ``a/1``, ``a^1``.

No algorithm here or elsewhere recurses over a formula: walk ``postorder`` with a memo.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import Any, ClassVar, Self, TypeVar
from weakref import ref
from zlib import crc32

Value = int | Fraction
"""An exact rational number; integers are always ``int``."""

Node = TypeVar("Node", bound="Expr")


class _NodeRef(ref["Expr"]):
    """A weak reference that knows its key, so that a dead node leaves the table."""

    __slots__ = ("key",)
    key: tuple[Any, ...]


_table: dict[tuple[Any, ...], _NodeRef] = {}


def _forget(reference: Any, table: dict[tuple[Any, ...], _NodeRef] = _table) -> None:
    key = reference.key
    if table.get(key) is reference:
        del table[key]


class Expr:
    """A node of the expression graph. ``args`` are its children, always nodes themselves."""

    __slots__ = ("__weakref__", "_order", "args")
    args: tuple[Expr, ...]
    _order: tuple[int, str, int]
    rank: ClassVar[int] = 9

    # --- arithmetic, for rules and identities written as formulas -------------------------
    def __add__(self, other: Expr | Value) -> Expr:
        return add(self, as_expr(other))

    def __radd__(self, other: Value) -> Expr:
        return add(as_expr(other), self)

    def __sub__(self, other: Expr | Value) -> Expr:
        return add(self, negate(as_expr(other)))

    def __rsub__(self, other: Value) -> Expr:
        return add(as_expr(other), negate(self))

    def __mul__(self, other: Expr | Value) -> Expr:
        return multiply(self, as_expr(other))

    def __rmul__(self, other: Value) -> Expr:
        return multiply(as_expr(other), self)

    def __truediv__(self, other: Expr | Value) -> Expr:
        return divide(self, as_expr(other))

    def __rtruediv__(self, other: Value) -> Expr:
        return divide(as_expr(other), self)

    def __pow__(self, other: Expr | Value) -> Expr:
        return power(self, as_expr(other))

    def __rpow__(self, other: Value) -> Expr:
        return power(as_expr(other), self)

    def __neg__(self) -> Expr:
        return negate(self)

    # --- display ---------------------------------------------------------------------------
    def __str__(self) -> str:
        from chainrule.expr.plain import to_text

        return to_text(self)

    def __repr__(self) -> str:
        return f"Expr({str(self)!r})"

    def _repr_latex_(self) -> str:
        from chainrule.render.notation import latex

        return f"${latex(self)}$"

    def with_args(self, args: tuple[Expr, ...]) -> Expr:
        """The same node over other children."""
        raise NotImplementedError

    def __reduce__(self) -> tuple[Callable[..., Expr], tuple[Any, ...]]:
        return _rebuild, (flatten(self),)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


def _intern(key: tuple[Any, ...], cls: type[Expr], args: tuple[Expr, ...]) -> Any:
    reference = _table.get(key)
    if reference is not None:
        node = reference()
        if node is not None:
            return node
    node = object.__new__(cls)
    node.args = args
    reference = _NodeRef(node, _forget)
    reference.key = key
    _table[key] = reference
    return node


class Number(Expr):
    """An exact rational. ``decimal`` says that it was written with a decimal point."""

    __slots__ = ("decimal", "value")
    __match_args__ = ("value",)
    value: Value
    decimal: bool
    rank = 0

    def __new__(cls, value: Value, decimal: bool = False) -> Number:
        if value.__class__ is int:
            decimal = False
        else:
            # Nothing but int and Fraction gets in: equal nodes are one, so a value of another
            # kind, a bool or an integer of some library, would be in every formula after it.
            if value.__class__ is not Fraction:
                value = Fraction(int(value.numerator), int(value.denominator))
            if value.denominator == 1:
                value, decimal = value.numerator, False
            else:
                decimal = decimal and _is_finite_decimal(value)
        node: Number = _intern((cls, value, decimal), cls, ())
        node.value = value
        node.decimal = decimal
        return node

    def with_args(self, args: tuple[Expr, ...]) -> Expr:
        return self


def _is_finite_decimal(value: Value) -> bool:
    denominator = value.denominator
    if denominator.bit_length() > 4000:
        return False
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    return denominator == 1


class Symbol(Expr):
    """A variable or a parameter. Greek letters go by their English names: ``alpha``."""

    __slots__ = ("name",)
    __match_args__ = ("name",)
    name: str
    rank = 2

    def __new__(cls, name: str) -> Symbol:
        node: Symbol = _intern((cls, name), cls, ())
        node.name = name
        return node

    def with_args(self, args: tuple[Expr, ...]) -> Expr:
        return self


class Constant(Expr):
    """A named number: ``e`` or ``pi``. (A power of e is a call of ``exp``.)"""

    __slots__ = ("name",)
    __match_args__ = ("name",)
    name: str
    rank = 1

    def __new__(cls, name: str) -> Constant:
        node: Constant = _intern((cls, name), cls, ())
        node.name = name
        return node

    def with_args(self, args: tuple[Expr, ...]) -> Expr:
        return self


class Sum(Expr):
    """Two or more terms; a difference is a sum with a term times −1."""

    __slots__ = ()
    __match_args__ = ("args",)
    rank = 6

    def __new__(cls, args: tuple[Expr, ...]) -> Sum:
        node: Sum = _intern((cls, args), cls, args)
        return node

    def with_args(self, args: tuple[Expr, ...]) -> Expr:
        return Sum(args)


class Product(Expr):
    """Two or more factors; ``−a`` is ``Product((Number(-1), a))``."""

    __slots__ = ()
    __match_args__ = ("args",)
    rank = 5

    def __new__(cls, args: tuple[Expr, ...]) -> Product:
        node: Product = _intern((cls, args), cls, args)
        return node

    def with_args(self, args: tuple[Expr, ...]) -> Expr:
        return Product(args)


class Quotient(Expr):
    """``args`` are numerator and denominator. Stays a quotient until a step rewrites it."""

    __slots__ = ()
    __match_args__ = ("numerator", "denominator")
    rank = 7

    def __new__(cls, numerator: Expr, denominator: Expr) -> Quotient:
        args = (numerator, denominator)
        node: Quotient = _intern((cls, args), cls, args)
        return node

    @property
    def numerator(self) -> Expr:
        return self.args[0]

    @property
    def denominator(self) -> Expr:
        return self.args[1]

    def with_args(self, args: tuple[Expr, ...]) -> Expr:
        return Quotient(*args)


class Power(Expr):
    """``args`` are base and exponent."""

    __slots__ = ()
    __match_args__ = ("base", "exponent")
    rank = 3

    def __new__(cls, base: Expr, exponent: Expr) -> Power:
        args = (base, exponent)
        node: Power = _intern((cls, args), cls, args)
        return node

    @property
    def base(self) -> Expr:
        return self.args[0]

    @property
    def exponent(self) -> Expr:
        return self.args[1]

    def with_args(self, args: tuple[Expr, ...]) -> Expr:
        return Power(*args)


class Call(Expr):
    """A known function (of the table of functions or of the catalogue) and its arguments."""

    __slots__ = ("name",)
    __match_args__ = ("name", "args")
    name: str
    rank = 4

    def __new__(cls, name: str, args: tuple[Expr, ...]) -> Call:
        node: Call = _intern((cls, name, args), cls, args)
        node.name = name
        return node

    def with_args(self, args: tuple[Expr, ...]) -> Expr:
        return Call(self.name, args)


class Unknown(Expr):
    """A function nobody defined, ``f(u, v)``, or a partial derivative of one.

    ``orders[i]`` counts how often it has been differentiated by its i-th argument:
    ``Unknown("f", (2,), (u,))`` is f''(u).
    """

    __slots__ = ("name", "orders")
    __match_args__ = ("name", "orders", "args")
    name: str
    orders: tuple[int, ...]
    rank = 4

    def __new__(cls, name: str, orders: tuple[int, ...], args: tuple[Expr, ...]) -> Unknown:
        node: Unknown = _intern((cls, name, orders, args), cls, args)
        node.name = name
        node.orders = orders
        return node

    def with_args(self, args: tuple[Expr, ...]) -> Expr:
        return Unknown(self.name, self.orders, args)


class Comparison(Expr):
    """A chain such as ``a < b <= c``: ``operators`` is one shorter than ``args``.

    Operators: ``<``, ``<=``, ``>``, ``>=``, ``==``, ``!=``.
    """

    __slots__ = ("operators",)
    __match_args__ = ("operators", "args")
    operators: tuple[str, ...]
    rank = 8

    def __new__(cls, operators: tuple[str, ...], args: tuple[Expr, ...]) -> Comparison:
        node: Comparison = _intern((cls, operators, args), cls, args)
        node.operators = operators
        return node

    def with_args(self, args: tuple[Expr, ...]) -> Expr:
        return Comparison(self.operators, args)


class Piecewise(Expr):
    """Cases tried in order: ``args`` is value, condition, value, condition, …, [otherwise].

    An even number of arguments has no "otherwise": outside its conditions the function is
    undefined.
    """

    __slots__ = ()
    __match_args__ = ("args",)
    rank = 8

    def __new__(cls, args: tuple[Expr, ...]) -> Piecewise:
        node: Piecewise = _intern((cls, args), cls, args)
        return node

    @property
    def branches(self) -> tuple[tuple[Expr, Expr], ...]:
        """Pairs (value, condition), the "otherwise" not among them."""
        return tuple(zip(self.args[0::2], self.args[1::2], strict=False))

    @property
    def otherwise(self) -> Expr | None:
        return self.args[-1] if len(self.args) % 2 else None

    @property
    def values(self) -> tuple[Expr, ...]:
        """Every value, that of "otherwise" last."""
        return self.args[0::2]

    def with_values(self, values: Sequence[Expr]) -> Piecewise:
        """The same conditions over other values."""
        args = list(self.args)
        args[0::2] = values
        return Piecewise(tuple(args))

    def with_args(self, args: tuple[Expr, ...]) -> Expr:
        return Piecewise(args)


ZERO = Number(0)
ONE = Number(1)
TWO = Number(2)
MINUS_ONE = Number(-1)
HALF = Number(Fraction(1, 2))
E = Constant("e")
PI = Constant("pi")


def as_expr(value: Expr | Value) -> Expr:
    """A node for an exact Python number; nodes pass through."""
    return value if isinstance(value, Expr) else Number(value)


# --- constructors that leave out what nobody writes ----------------------------------------
# A sum or product of more parts than this is left nested by add and multiply: copying it into
# the next one, and the next, would make the derivative of a deep formula quadratic in size.
LONGEST_JOINED = 24


def add(*terms: Expr) -> Expr:
    """The sum without zeros; nested sums are joined, but for long ones."""
    kept: list[Expr] = []
    for term in terms:
        if term is ZERO:
            continue
        if type(term) is Sum and len(term.args) <= LONGEST_JOINED:
            kept += term.args
        else:
            kept.append(term)
    if not kept:
        return ZERO
    return kept[0] if len(kept) == 1 else Sum(tuple(kept))


def multiply(*factors: Expr) -> Expr:
    """The product without ones, 0 if a factor is 0; nested products are joined, but for long ones.

    Numbers are multiplied together and stand in front.
    """
    numbers: list[Number] = []
    kept: list[Expr] = []
    for factor in factors:
        if factor is ONE:
            continue
        if type(factor) is Number:
            numbers.append(factor)
        elif type(factor) is Product and len(factor.args) <= LONGEST_JOINED:
            for part in factor.args:
                if type(part) is Number:
                    numbers.append(part)
                else:
                    kept.append(part)
        else:
            kept.append(factor)
    if numbers:
        number = numbers[0] if len(numbers) == 1 else _multiplied(numbers)
        if number is ZERO:
            return ZERO
        if number is not ONE:
            kept.insert(0, number)
    if not kept:
        return ONE
    return kept[0] if len(kept) == 1 else Product(tuple(kept))


def _multiplied(numbers: Sequence[Number]) -> Number:
    value = prod([number.value for number in numbers])
    return Number(value, any(number.decimal for number in numbers))


def negate(term: Expr) -> Expr:
    """−term, without a double sign."""
    return multiply(MINUS_ONE, term)


def divide(numerator: Expr, denominator: Expr) -> Expr:
    """The quotient; over 1 it is the numerator, and 0 over anything but 0 is 0."""
    if denominator is ONE:
        return numerator
    if numerator is ZERO and denominator is not ZERO:
        return ZERO
    return Quotient(numerator, denominator)


def power(base: Expr, exponent: Expr) -> Expr:
    """The power; exponent 1 gives the base, exponent 0 gives 1."""
    if exponent is ONE:
        return base
    if exponent is ZERO and base is not ZERO:
        return ONE
    return Power(base, exponent)


def call(name: str, *args: Expr | Value) -> Expr:
    """A known function of its arguments: ``call("exp", x)``."""
    return Call(name, tuple([as_expr(arg) for arg in args]))


def rational_value(node: Expr) -> Value | None:
    """The exact value of a number written as ``3``, ``1/2``, ``-1/2`` or ``0.5``."""
    match node:
        case Number(value):
            return value
        case Quotient(Number(top), Number(bottom)) if bottom != 0:
            return Fraction(top) / bottom
        case Product((Number(-1), Quotient(Number(top), Number(bottom)))) if bottom != 0:
            return -Fraction(top) / bottom
    return None


# --- walking the graph ----------------------------------------------------------------------
def postorder(*roots: Expr) -> list[Expr]:
    """Every distinct node below ``roots`` once, children before parents."""
    seen: set[Expr] = set()
    order: list[Expr] = []
    # The nodes that are being walked, outermost first, and what is left of the children of each.
    walked: list[Expr] = []
    left: list[Iterator[Expr]] = [iter(roots)]
    while left:
        for node in left[-1]:
            if node not in seen:
                seen.add(node)
                if node.args:
                    walked.append(node)
                    left.append(iter(node.args))
                    break
                order.append(node)
        else:
            left.pop()
            if walked:
                order.append(walked.pop())
    return order


def postorder_through(*roots: Expr, inside: Callable[[Expr], Sequence[Expr]]) -> list[Expr]:
    """The distinct nodes to which ``inside`` leads from ``roots``, children before parents.

    ``inside`` gives those children of a node that are to be looked at.
    """
    done: dict[Expr, None] = {}
    stack = list(reversed(roots))
    while stack:
        node = stack[-1]
        pending = [child for child in inside(node) if child not in done]
        if pending:
            stack += reversed(pending)
        else:
            done[stack.pop()] = None
    return list(done)


def unvisited(root: Expr, done: Container[Expr]) -> Iterator[Expr]:
    """The nodes below ``root`` that are not done, children before parents.

    Each is to be put into ``done`` before the next one is asked for.
    """
    stack = [root]
    while stack:
        node = stack[-1]
        if node in done:
            stack.pop()
            continue
        pending = [arg for arg in node.args if arg not in done]
        if pending:
            stack += reversed(pending)
        else:
            stack.pop()
            yield node


def transform(root: Expr, visit: Callable[[Expr], Expr]) -> Expr:
    """Rebuild the graph bottom-up; ``visit`` sees each node with its new children."""
    new: dict[Expr, Expr] = {}
    for node in postorder(root):
        args = node.args
        rebuilt = node
        if args:
            fresh = tuple([new[arg] for arg in args])
            if fresh != args:
                rebuilt = node.with_args(fresh)
        new[node] = visit(rebuilt)
    return new[root]


def substitute(root: Expr, mapping: Mapping[Node, Expr]) -> Expr:
    """Replace each node that is a key of ``mapping``; replacements are not searched again."""
    new: dict[Expr, Expr] = {}
    new.update((node, value) for node, value in mapping.items())
    stack = [root]
    while stack:
        node = stack[-1]
        if node in new:
            stack.pop()
            continue
        args = node.args
        pending = [arg for arg in args if arg not in new]
        if pending:
            stack += reversed(pending)
        else:
            stack.pop()
            fresh = tuple([new[arg] for arg in args])
            new[node] = node.with_args(fresh) if fresh != args else node
    return new[root]


def contains(root: Expr, wanted: Expr) -> bool:
    """Whether ``wanted`` is ``root`` or occurs below it."""
    seen = {root}
    stack = [root]
    while stack:
        node = stack.pop()
        if node is wanted:
            return True
        for arg in node.args:
            if arg not in seen:
                seen.add(arg)
                stack.append(arg)
    return False


def symbols(*roots: Expr) -> list[Symbol]:
    """The distinct symbols in the order in which they first occur."""
    return [node for node in postorder(*roots) if type(node) is Symbol]


def size(*roots: Expr) -> int:
    """How many distinct nodes the graph has."""
    return len(postorder(*roots))


def depends_on(root: Expr, variable: Symbol) -> bool:
    """Whether ``variable`` occurs in the formula."""
    return contains(root, variable)


def order_key(root: Expr) -> tuple[int, str, int]:
    """A key that sorts nodes the same way in every run: kind, name, then structure.

    Kept on the node, since sorting asks for it again and again.
    """
    try:
        return root._order
    except AttributeError:
        pass
    for node in postorder(root):
        if not hasattr(node, "_order"):
            own = _own_data(node)
            name = own[0] if own and type(own[0]) is str else ""
            inner = [arg._order for arg in node.args]
            node._order = (node.rank, name, crc32(repr((own, inner)).encode()))
    return root._order


# --- pickling without recursion ---------------------------------------------------------------
def flatten(root: Expr) -> list[tuple[Any, ...]]:
    """The graph as a list of rows (class, own data, indices of children)."""
    index: dict[Expr, int] = {}
    rows: list[tuple[Any, ...]] = []
    for node in postorder(root):
        index[node] = len(rows)
        children = tuple(index[arg] for arg in node.args)
        rows.append((type(node).__name__, _own_data(node), children))
    return rows


def _own_data(node: Expr) -> tuple[Any, ...]:
    """What a node holds besides its children."""
    match node:
        case Number():
            return (node.value, node.decimal)
        case Symbol() | Constant() | Call():
            return (node.name,)
        case Unknown():
            return (node.name, node.orders)
        case Comparison():
            return (node.operators,)
    return ()


def _rebuild(rows: Iterable[tuple[Any, ...]]) -> Expr:
    built: list[Expr] = []
    for kind, own, children in rows:
        args = tuple(built[child] for child in children)
        match kind:
            case "Number":
                built.append(Number(*own))
            case "Symbol":
                built.append(Symbol(*own))
            case "Constant":
                built.append(Constant(*own))
            case "Quotient":
                built.append(Quotient(*args))
            case "Power":
                built.append(Power(*args))
            case "Sum":
                built.append(Sum(args))
            case "Product":
                built.append(Product(args))
            case "Piecewise":
                built.append(Piecewise(args))
            case "Call":
                built.append(Call(own[0], args))
            case "Unknown":
                built.append(Unknown(own[0], own[1], args))
            case _:
                built.append(Comparison(own[0], args))
    return built[-1]
