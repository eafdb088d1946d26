"""Random formulas, as a tree of their own and as text in the ways people type it.

Nothing of chainrule is used here but the names of its tables: what a formula means is said by
``values.py``, whether chainrule reads the text as that is a part of what is tested.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


class Tree:
    """A node: what it is, its arguments, and what it holds besides (a number, a name)."""

    __slots__ = ("args", "kind", "own")

    def __init__(self, kind: str, args: tuple[Tree, ...] = (), own: Any = None) -> None:
        self.kind = kind
        self.args = args
        self.own = own


def walk(root: Tree) -> list[Tree]:
    """Every distinct node once, children first."""
    seen: set[int] = set()
    order: list[Tree] = []
    stack: list[tuple[Tree, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack += [(arg, False) for arg in node.args]
    return order


def number(value: Fraction | int, decimal: bool = False) -> Tree:
    return Tree("number", (), (Fraction(value), decimal))


def symbol(name: str) -> Tree:
    return Tree("symbol", (), name)


def call(name: str, *args: Tree) -> Tree:
    return Tree("call", args, name)


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula to be differentiated.

    Attributes:
        tree: what it means.
        text: how it is typed.
        variable: the letter to differentiate by.
        letters: all letters in it, the variable first.
    """

    tree: Tree
    text: str
    variable: str
    letters: tuple[str, ...]


# --- what formulas are made of ------------------------------------------------------------------
VARIABLES = ("x",) * 12 + ("t", "y", "u", "x_1", "theta")
LETTERS = ("a", "b", "k", "n", "y", "t", "x_0", "x_1", "alpha", "mu", "m", "lambda")

COMMON = ("exp", "log", "sin", "cos", "sqrt", "tan", "tanh", "atan", "abs", "sinh", "cosh")
RARE = (
    *("expm1", "log1p", "log2", "log10", "cbrt", "cot", "sec", "csc", "asin", "acos", "acot"),
    *("asec", "acsc", "coth", "sech", "csch", "asinh", "acosh", "atanh", "acoth", "asech"),
    *("acsch", "erf", "erfc", "erfinv", "normpdf", "normcdf", "gamma", "lgamma", "digamma"),
    *("sign", "heaviside", "floor", "ceil", "round", "trunc"),
)
TWO = ("max", "min", "max", "min", "atan2", "logb")
INSIDE_ONE = frozenset({"asin", "acos", "atanh", "erfinv", "asech"})
OUTSIDE_ONE = frozenset({"acosh", "asec", "acsc", "acoth"})
POSITIVE = frozenset({"log", "log2", "log10", "sqrt", "lgamma", "gamma", "digamma"})
OPERATORS = ("<", "<=", ">", ">=")


class Maker:
    """Makes trees of about so many nodes.

    Args:
        rng: where chance comes from.
        variable: the letter that occurs most.
        others: further letters, often none.
        catalogue: names of functions of the catalogue and how many arguments each takes.
    """

    def __init__(
        self,
        rng: random.Random,
        variable: str,
        others: Sequence[str],
        catalogue: Sequence[tuple[str, int]],
    ) -> None:
        self._rng = rng
        self._x = symbol(variable)
        self._others = [symbol(name) for name in others]
        self._catalogue = catalogue
        self._made: list[Tree] = []

    def tree(self, size: int) -> Tree:
        rng = self._rng
        if size <= 1:
            return self._leaf()
        if self._made and rng.random() < 0.08:
            return rng.choice(self._made)  # what occurs twice
        kinds = [kind for kind in _KINDS if kind[1] <= size]
        [(_, _, _, make)] = rng.choices(kinds, [kind[2] for kind in kinds])
        made: Tree = make(self, size)
        self._made.append(made)
        return made

    def _leaf(self) -> Tree:
        chance = self._rng.random()
        if chance < 0.62:
            return self._x
        if chance < 0.78 and self._others:
            return self._rng.choice(self._others)
        return self.constant()

    def _varying(self, size: int) -> Tree:
        """A tree with a letter in it, nearly always."""
        for _ in range(4):
            made = self.tree(size)
            if any(node.kind == "symbol" for node in walk(made)):
                return made
        return made

    def constant(self) -> Tree:
        rng = self._rng
        match rng.randrange(12):
            case 0:
                return number(Fraction(rng.randint(1, 9), rng.randint(2, 9)))
            case 1:
                return number(Fraction(rng.randint(1, 99), 10), True)
            case 2:
                return number(Fraction(rng.choice([44715, 1702, 79788, 5, 125, 1]), 10**5), True)
            case 3:
                return number(rng.randint(10, 100))
            case 4:
                return Tree("constant", (), rng.choice(["e", "pi"]))
            case 5:
                return number(-rng.randint(1, 5))
            case _:
                return number(rng.randint(1, 6))

    def exponent(self) -> Tree:
        rng = self._rng
        match rng.randrange(10):
            case 0 | 1:
                return number(
                    Fraction(rng.choice([1, 1, 2, 3, 5, -1, -2, -3]), rng.choice([2, 3, 4]))
                )
            case 2:
                return number(Fraction(rng.choice([5, 15, 25, -5, -15, 3, 7]), 10), True)
            case 3 | 4:
                return number(-rng.randint(1, 4))
            case 5 if self._others:
                return rng.choice(self._others)
            case _:
                return number(rng.choice([2, 2, 2, 3, 3, 4, 5, 6]))

    def split(self, size: int, parts: int) -> list[Tree]:
        """So many trees that have about ``size`` nodes together."""
        rng = self._rng
        shares = [rng.random() + 0.15 for _ in range(parts)]
        total = sum(shares)
        return [self.tree(max(1, round(size * share / total))) for share in shares]

    # --- kinds -----------------------------------------------------------------------------------
    def _sum(self, size: int) -> Tree:
        return Tree("add", tuple(self.split(size - 1, self._rng.choice([2, 2, 3]))))

    def _difference(self, size: int) -> Tree:
        return Tree("sub", tuple(self.split(size - 1, 2)))

    def _long_sum(self, size: int) -> Tree:
        parts = [self._signed(part) for part in self.split(size - 1, self._rng.randint(4, 9))]
        return Tree("add", tuple(parts))

    def _signed(self, part: Tree) -> Tree:
        return Tree("neg", (part,)) if self._rng.random() < 0.3 else part

    def _product(self, size: int) -> Tree:
        return Tree("mul", tuple(self.split(size - 1, self._rng.choice([2, 2, 3]))))

    def _long_product(self, size: int) -> Tree:
        return Tree("mul", tuple(self.split(size - 1, self._rng.randint(5, 9))))

    def _quotient(self, size: int) -> Tree:
        return Tree("div", tuple(self.split(size - 1, 2)))

    def _differences(self, size: int) -> Tree:
        """(1 − x)/(1 − a), (x₁ − x)/(x₁ − x₀)."""
        rng = self._rng
        first = self.constant() if rng.random() < 0.5 else self._leaf()
        x = self._x if rng.random() < 0.6 else self.tree(max(1, size - 5))
        last = rng.choice([*self._others, self.constant(), self._x])
        above = (first, x) if rng.random() < 0.6 else (x, first)
        below = (first, last) if rng.random() < 0.6 else (last, first)
        return Tree("div", (Tree("sub", above), Tree("sub", below)))

    def _power(self, size: int) -> Tree:
        return Tree("pow", (self._varying(size - 2), self.exponent()))

    def _free_power(self, size: int) -> Tree:
        return Tree("pow", tuple(self.split(size - 1, 2)))

    def _exponential(self, size: int) -> Tree:
        base = self._rng.choice([number(2), number(10), number(Fraction(1, 2)), self.constant()])
        return Tree("pow", (base, self._varying(size - 2)))

    def _nested_power(self, size: int) -> Tree:
        inner = Tree("pow", (self._varying(size - 4), self.exponent()))
        return Tree("pow", (inner, self.exponent()))

    def _common(self, size: int) -> Tree:
        return self._call(self._rng.choice(COMMON), size)

    def _rare(self, size: int) -> Tree:
        return self._call(self._rng.choice(RARE), size)

    def _call(self, name: str, size: int) -> Tree:
        rng = self._rng
        inner = self._varying(size - 1)
        if rng.random() < 0.5:
            if name in INSIDE_ONE:
                inner = rng.choice(
                    [
                        call("sin", inner),
                        call("tanh", inner),
                        Tree("div", (self._x, number(rng.randint(2, 4)))),
                        call("sqrt", Tree("sub", (number(1), self._x))),
                    ]
                )
            elif name in OUTSIDE_ONE:
                inner = Tree("add", (number(1), Tree("pow", (inner, number(2)))))
            elif name in POSITIVE:
                square = Tree("pow", (inner, number(2)))
                inner = rng.choice([Tree("add", (square, number(1))), call("abs", inner), square])
        return call(name, inner)

    def _two(self, size: int) -> Tree:
        name = self._rng.choice(TWO)
        first, second = self.split(size - 1, 2)
        if name == "logb":
            second = self._rng.choice([number(3), number(7), *self._others])
        return call(name, first, second)

    def _root(self, size: int) -> Tree:
        """The root of a sum, of a square, of a quotient."""
        rng = self._rng
        inner = self._varying(max(1, size - 4))
        square = Tree("pow", (inner, number(2)))
        one = self.constant()
        under = rng.choice(
            [
                Tree("add", (square, one)),
                Tree("sub", (one, square)),
                square,
                Tree("sub", (one, inner)),
                Tree("div", (Tree("sub", (one, inner)), Tree("add", (one, inner)))),
            ]
        )
        return call(rng.choice(["sqrt", "sqrt", "sqrt", "cbrt"]), under)

    def _polynomial(self, size: int) -> Tree:
        terms = []
        for degree in range(self._rng.randint(1, 4), -1, -1):
            if self._rng.random() < 0.3:
                continue
            power = Tree("pow", (self._x, number(degree))) if degree > 1 else self._x
            scaled = Tree("mul", (self.constant(), power)) if degree else self.constant()
            terms.append(self._signed(scaled if self._rng.random() < 0.7 or not degree else power))
        if len(terms) < 2:
            return self._x
        return Tree("add", tuple(terms))

    def _negative(self, size: int) -> Tree:
        return Tree("neg", (self.tree(size - 1),))

    def _cases(self, size: int) -> Tree:
        rng = self._rng
        count = rng.choice([1, 1, 2, 2, 3])
        places = sorted(rng.sample(range(-4, 5), count))
        args: list[Tree] = []
        for place, value in zip(places, self.split(size - 3 * count, count), strict=True):
            args += [value, self._condition(place)]
        if rng.random() < 0.85:
            args.append(self.tree(max(1, size // (count + 1))))
        return Tree("cases", tuple(args))

    def _condition(self, place: int) -> Tree:
        rng = self._rng
        limit: Tree = number(place)
        match rng.randrange(8):
            case 0 if self._others:
                limit = rng.choice(self._others)
            case 1:
                limit = number(Fraction(place, 2), True)
            case 2:
                operators = (rng.choice(["<", "<="]), rng.choice(["<", "<="]))
                return Tree("compare", (number(place - 2), self._x, limit), operators)
            case 3:
                return Tree("compare", (self._x, limit), (rng.choice(["==", "!="]),))
            case 4:
                return Tree("compare", (self.tree(3), limit), (rng.choice(OPERATORS),))
        operator = rng.choice(["<", "<=", "<", "<=", ">", ">="])
        return Tree("compare", (self._x, limit), (operator,))

    def _named(self, size: int) -> Tree:
        name, arity = self._rng.choice(self._catalogue)
        return call(name, *self.split(size - 1, arity))


_KINDS: tuple[tuple[str, int, float, Callable[[Maker, int], Tree]], ...] = (
    ("sum", 3, 13, Maker._sum),
    ("difference", 3, 8, Maker._difference),
    ("long sum", 10, 4, Maker._long_sum),
    ("product", 3, 13, Maker._product),
    ("long product", 12, 3, Maker._long_product),
    ("quotient", 3, 11, Maker._quotient),
    ("differences", 5, 4, Maker._differences),
    ("power", 3, 10, Maker._power),
    ("free power", 4, 3, Maker._free_power),
    ("exponential", 3, 2, Maker._exponential),
    ("nested power", 5, 3, Maker._nested_power),
    ("common", 2, 14, Maker._common),
    ("rare", 2, 8, Maker._rare),
    ("two", 3, 4, Maker._two),
    ("root", 4, 4, Maker._root),
    ("polynomial", 4, 4, Maker._polynomial),
    ("negative", 2, 2, Maker._negative),
    ("cases", 8, 5, Maker._cases),
    ("named", 3, 3, Maker._named),
)
"""Name, least size, weight, and how it is made."""


def make(seed: int, catalogue: Sequence[tuple[str, int]]) -> Formula:
    """The formula of this seed; the same in every run."""
    rng = random.Random(seed)
    for _ in range(100):
        variable = rng.choice(VARIABLES)
        count = rng.choices([0, 1, 2, 3], [45, 30, 17, 8])[0]
        others = rng.sample([name for name in LETTERS if name != variable], count)
        low, high = rng.choices([(2, 6), (6, 14), (14, 40)], [48, 40, 12])[0]
        tree = Maker(rng, variable, others, catalogue).tree(rng.randint(low, high))
        names = {node.own for node in walk(tree) if node.kind == "symbol"}
        if variable in names:
            letters = (variable, *sorted(names - {variable}))
            return Formula(tree, typed(tree, rng), variable, letters)
    raise AssertionError(f"seed {seed} makes nothing")


# --- as people type it --------------------------------------------------------------------------
SUM, TERM, FACTOR, ATOM = range(4)
"""How tightly a piece of text holds together."""

SPELLINGS = {
    "log": ("ln", "ln", "log"),
    "asin": ("arcsin", "asin"),
    "acos": ("arccos", "acos"),
    "atan": ("arctan", "atan"),
    "asinh": ("arsinh", "asinh", "arcsinh"),
    "acosh": ("arcosh", "acosh"),
    "atanh": ("artanh", "atanh"),
    "normcdf": ("normcdf", "Φ"),
    "sign": ("sign", "sgn"),
    "max": ("max", "maximum"),
    "lgamma": ("lgamma", "gammaln"),
}
TO_A_POWER = frozenset({"sin", "cos", "tan", "tanh", "log", "sinh", "cosh"})
SYMBOLS = {"alpha": ("alpha", "α"), "mu": ("mu", "μ"), "theta": ("theta", "θ"), "lambda": ("λ",)}
RELATIONS = {"<=": ("<=", "≤"), ">=": (">=", "≥"), "!=": ("!=", "≠"), "==": ("==", "=")}


def typed(root: Tree, rng: random.Random) -> str:
    """One of the ways to type it: with and without signs of multiplication, brackets, …"""
    pieces: dict[int, tuple[str, int]] = {}
    for node in walk(root):
        pieces[id(node)] = _piece(node, [pieces[id(arg)] for arg in node.args], rng)
    return pieces[id(root)][0]


def _within(piece: tuple[str, int], level: int) -> str:
    text, own = piece
    return text if own >= level and not (level > SUM and text.startswith("-")) else f"({text})"


def _piece(node: Tree, args: list[tuple[str, int]], rng: random.Random) -> tuple[str, int]:
    match node.kind:
        case "number":
            return _number(*node.own)
        case "symbol":
            return rng.choice(SYMBOLS.get(node.own, (node.own,))), ATOM
        case "constant":
            return (rng.choice(["pi", "π"]) if node.own == "pi" else "e"), ATOM
        case "add":
            return _sum(args), SUM
        case "sub":
            return f"{_within(args[0], SUM)} {rng.choice('--−')} {_within(args[1], TERM)}", SUM
        case "neg":
            return f"-{_within(args[0], TERM)}", SUM
        case "mul":
            return _product(node, args, rng), TERM
        case "div":
            bar = rng.choice(["/", "/", " / "])
            return f"{_within(args[0], TERM)}{bar}{_within(args[1], FACTOR)}", TERM
        case "pow":
            return _power(node, args, rng)
        case "compare":
            text = _within(args[0], SUM)
            for operator, arg in zip(node.own, args[1:], strict=True):
                text += f" {rng.choice(RELATIONS.get(operator, (operator,)))} {_within(arg, SUM)}"
            return text, SUM
        case "cases":
            return _cases(args, rng), ATOM
    return _call(node, args, rng)


def _number(value: Fraction, decimal: bool) -> tuple[str, int]:
    if value.denominator == 1:
        return str(value), ATOM if value >= 0 else SUM
    if decimal:
        digits = f"{float(value):.10f}".rstrip("0")
        return digits, ATOM if value >= 0 else SUM
    return str(value), TERM if value >= 0 else SUM


def _sum(args: Sequence[tuple[str, int]]) -> str:
    text = _within(args[0], SUM)
    for arg in args[1:]:
        # A term with a sign in front is subtracted, but for a sum that begins with one.
        signed = arg[0].startswith("-") and _one_term(arg[0])
        text += f" - {arg[0][1:]}" if signed else f" + {_within(arg, TERM)}"
    return text


def _one_term(text: str) -> bool:
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter in "({") - (letter in ")}")
        if depth == 0 and place and letter in "+-−":
            return False
    return "|" not in text


def _product(node: Tree, args: Sequence[tuple[str, int]], rng: random.Random) -> str:
    explicit = rng.random() < 0.4
    text = _within(args[0], TERM)
    for i, arg in enumerate(args[1:]):
        following = _within(arg, FACTOR)
        before = node.args[i]
        beside = not explicit and not following[0].isdigit() and following[0] != "|"
        if i == 0 and args[0][1] == TERM:
            beside = False
        if not beside:
            text += rng.choice(["*", "*", " * ", "·"]) + following
        elif (before.kind == "number" and args[i][1] == ATOM and following[0] != "e") or (
            text.endswith(")") and following.startswith("(") and before.kind != "call"
        ):
            text += following
        elif following[0].isalpha() and not (text.endswith("|") or before.kind == "cases"):
            text += " " + following
        else:
            text += "*" + following
    return text


def _power(node: Tree, args: list[tuple[str, int]], rng: random.Random) -> tuple[str, int]:
    base, exponent = node.args
    if (
        base.kind == "call"
        and base.own in TO_A_POWER
        and exponent.kind == "number"
        and exponent.own[0] in (2, 3)
        and args[0][0].endswith(")")
        and rng.random() < 0.5
    ):
        head, _, rest = args[0][0].partition("(")
        return f"{head}^{args[1][0]}({rest}", FACTOR
    sign = rng.choice(["^", "^", "^", "**"])
    foot = _within(args[0], ATOM)
    top, level = args[1]
    if level == ATOM and not top.endswith((")", "|")):
        return f"{foot}{sign}{top}", FACTOR
    if exponent.kind == "number" and exponent.own[0].denominator == 1:
        return f"{foot}{sign}{rng.choice([top, f'({top})'])}", FACTOR
    return f"{foot}{sign}({top})", FACTOR


def _cases(args: Sequence[tuple[str, int]], rng: random.Random) -> str:
    pairs = list(zip(args[0::2], args[1::2], strict=False))
    last = args[-1][0] if len(args) % 2 else ""
    if len(pairs) == 1 and last and rng.random() < 0.4:
        (value, condition) = pairs[0]
        return f"({value[0]} if {condition[0]} else {last})"
    parts = [f"{condition[0]}: {value[0]}" for value, condition in pairs]
    if last:
        parts.append(f"else: {last}")
    return "{" + ", ".join(parts) + "}"


def _call(node: Tree, args: Sequence[tuple[str, int]], rng: random.Random) -> tuple[str, int]:
    name, inner = node.own, args[0][0]
    if name == "abs" and "|" not in inner and rng.random() < 0.7:
        return f"|{inner}|", ATOM
    if name == "exp" and rng.random() < 0.6:
        simple = args[0][1] == ATOM and not inner.endswith((")", "|"))
        return (f"e^{inner}" if simple else f"e^({inner})"), FACTOR
    if name == "sqrt" and rng.random() < 0.3:
        return f"√({inner})", ATOM
    if name in ("floor", "ceil") and rng.random() < 0.3:
        return (f"⌊{inner}⌋" if name == "floor" else f"⌈{inner}⌉"), ATOM
    spelled = rng.choice(SPELLINGS.get(name, (name,)))
    return f"{spelled}({', '.join(text for text, _ in args)})", ATOM


def formulas(
    start: int, count: int, catalogue: Sequence[tuple[str, int]]
) -> Iterator[tuple[int, Formula]]:
    """Seeds and their formulas."""
    for seed in range(start, start + count):
        yield seed, make(seed, catalogue)
