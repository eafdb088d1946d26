"""Equal expressions that round differently, by equality saturation (egglog).

A formula in a positive variable goes into an e-graph with everything already known to equal it;
the identities of ``float_identities`` are applied until nothing new comes, or the graph has
grown past a limit. What comes back is the graph itself: which of the many equal expressions is
the most accurate is a matter of measurement (``chainrule.audit``).

Equality saturation: Tate et al., POPL 2009; egglog: Zhang et al., PLDI 2023. That rewriting plus
measurement repairs formulas is the idea of Herbie (Panchekha et al., PLDI 2015).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    Call,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Value,
    postorder,
    rational_value,
)
from chainrule.forms.search import identities as table
from chainrule.parsing.formula import parse_text
from chainrule.program.library import NATIVE

# The graph is not grown past this many terms; what is in it by then is measured one by one.
MAX_TERMS = 5000
# A pass over a graph of more than this part of the limit is not begun: it could make millions.
_STARTED_BELOW = {
    "arranging": 0.25,
    "splitting": 0.25,
    "opening": 0.5,
    "functions": 0.5,
    "reducing": 0.5,
}
_ROUND = ("functions", "reducing", "reducing", "arranging", "reducing", "opening", "reducing")
_STEPS = ("reducing",) * 3 + ("functions", "reducing", "splitting", "reducing") + _ROUND * 4
# A whole power up to this one is a product in the graph.
_LARGEST_POWER = 6


class Term(NamedTuple):
    """One node of the graph: an operation on classes.

    Attributes:
        operation: "+", "*", "/", "^", a function's name, or "" for a leaf.
        args: numbers of classes.
        leaf: what a leaf stands for.
    """

    operation: str
    args: tuple[int, ...]
    leaf: Expr | None


@dataclass(frozen=True, slots=True)
class Saturated:
    """Classes of equal terms.

    Attributes:
        classes: the terms of each class.
        root: the class of the formula.
    """

    classes: tuple[tuple[Term, ...], ...]
    root: int


def saturate(
    seeds: Sequence[Expr],
    positive: Iterable[Symbol],
    *,
    split: bool = False,
    max_terms: int = MAX_TERMS,
) -> Saturated:
    """The graph of what equals ``seeds``, which equal each other.

    Args:
        seeds: expressions of elementary functions without switches; what is none of the
            functions of ``program.library.NATIVE`` is taken as a letter.
        positive: symbols that have positive values.
        split: whether exponentials are also taken in halves.
        max_terms: where to stop.
    """
    from egglog.bindings import EGraph

    writer = _Writer()
    names = [writer.add(seed) for seed in seeds]
    facts = [f"(positive {writer.add(symbol)})" for symbol in positive]
    lines = [*writer.lines, *facts]
    lines += [f"(union (Root) {name})" for name in names]
    graph = EGraph()
    graph.run_program(*graph.parse_program(_rules() + "\n".join(lines)))

    refused: set[str] = set() if split else {"splitting"}
    size = 0
    for step in _STEPS:
        if step in refused or size > max_terms * _STARTED_BELOW[step]:
            continue
        graph.run_program(*graph.parse_program(f"(push) (run {step} 1)"))
        after = _count(graph)
        if after <= max_terms:
            size = after
        else:
            # A pass that makes too much is taken back.
            graph.run_program(*graph.parse_program("(pop)"))
            refused.add(step)
    return _read(graph, writer.leaves)


def build(term: Term, args: Sequence[Expr]) -> Expr:
    """The expression of a term over expressions for its classes.

    Sums and products are joined on the left only: evaluation goes from left to right, so that
    nothing is reordered.
    """
    match term.operation:
        case "":
            assert term.leaf is not None
            return term.leaf
        case "+":
            first, second = args
            return Sum((*first.args, second) if type(first) is Sum else (first, second))
        case "*":
            return _product(*args)
        case "/":
            return Quotient(*args)
        case "^":
            return Power(*args)
    return Call(term.operation, tuple(args))


def _product(first: Expr, second: Expr) -> Expr:
    if first is second and type(first) is not Number:
        return Power(first, Number(2))
    if second is MINUS_ONE:
        first, second = second, first
    if first is MINUS_ONE:
        if type(second) is Product:
            negative = second.args[0] is MINUS_ONE
            rest = second.args[1:] if negative else (MINUS_ONE, *second.args)
            return rest[0] if len(rest) == 1 else Product(rest)
        return Product((MINUS_ONE, second))
    return Product((*first.args, second) if type(first) is Product else (first, second))


# --- into the graph -------------------------------------------------------------------------------
class _Writer:
    """Expressions as egglog definitions, each node once."""

    def __init__(self, letters: Iterable[str] = ()) -> None:
        self.lines: list[str] = []
        self.leaves: list[Expr] = []
        self._names: dict[Expr, str] = {Symbol(letter): letter for letter in letters}
        self._inline = bool(self._names)

    def add(self, root: Expr) -> str:
        names = self._names
        for node in postorder(root):
            if node not in names:
                names[node] = self._define(self._text(node))
        return names[root]

    def _define(self, text: str) -> str:
        if self._inline:
            return text
        name = f"$n{len(self.lines)}"
        self.lines.append(f"(let {name} {text})")
        return name

    def _text(self, node: Expr) -> str:
        names = self._names
        match node:
            case Number(value):
                return number_text(value)
            case Sum(args):
                return _chain("Add", [names[arg] for arg in args])
            case Product(args):
                return _chain("Mul", [names[arg] for arg in args])
            case Quotient(top, bottom):
                return f"(Div {names[top]} {names[bottom]})"
            case Power(base, exponent):
                return self._power(base, exponent)
            case Call(name, (argument,)) if name in NATIVE:
                return f"(f_{name} {names[argument]})"
        self.leaves.append(node)
        return f"(Leaf {len(self.leaves) - 1})"

    def _power(self, base: Expr, exponent: Expr) -> str:
        value = rational_value(exponent)
        if value is None or value.denominator > 2 or abs(value.numerator) > _LARGEST_POWER:
            return f"(Pow {self._names[base]} {self._names[exponent]})"
        name = self._names[base]
        if value.denominator == 2:
            name = self._define(f"(f_sqrt {name})")
        text = _squared(name, abs(value.numerator))
        return f"(Div {number_text(1)} {text})" if value < 0 else text


def _squared(name: str, exponent: int) -> str:
    if exponent == 1:
        return name
    half = _squared(name, exponent // 2)
    square = f"(Mul {half} {half})"
    return f"(Mul {square} {name})" if exponent % 2 else square


def _chain(operation: str, names: Sequence[str]) -> str:
    total = names[0]
    for name in names[1:]:
        total = f"({operation} {total} {name})"
    return total


def number_text(value: Value) -> str:
    return f"(Num (bigrat {_integer(value.numerator)} {_integer(value.denominator)}))"


def _integer(value: int) -> str:
    return f"(bigint {value})" if abs(value) < 1 << 62 else f'(from-string "{value}")'


# --- the rules ------------------------------------------------------------------------------------
_HEAD = """
(datatype M (Num BigRat) (Leaf i64) (Root) (Add M M) (Mul M M) (Div M M) (Pow M M) {functions})
(relation positive (M))
(relation nonzero (M))
(ruleset reducing) (ruleset arranging) (ruleset opening) (ruleset functions) (ruleset splitting)
(rewrite (Add a b) (Add b a) :ruleset reducing)
(rewrite (Mul a b) (Mul b a) :ruleset reducing)
(rewrite (Add (Num a) (Num b)) (Num (+ a b)) :ruleset reducing)
(rewrite (Mul (Num a) (Num b)) (Num (* a b)) :ruleset reducing)
(rewrite (Div (Num a) (Num b)) (Num (/ a b)) :when ((!= b {zero})) :ruleset reducing)
(rewrite (Div a (Num b)) (Mul (Num (/ {one} b)) a) :when ((!= b {zero})) :ruleset reducing)
(rule ((= e (Num a)) (> a {zero})) ((positive e)) :ruleset reducing)
(rule ((= e (Num a)) (!= a {zero})) ((nonzero e)) :ruleset reducing)
(rule ((positive e)) ((nonzero e)) :ruleset reducing)
(rule ((= e (Mul a a)) (nonzero a)) ((positive e)) :ruleset reducing)
(rewrite (Mul (Num a) (Mul (Num b) c)) (Mul (Num (* a b)) c) :ruleset reducing)
(rewrite (Add (Num a) (Add (Num b) c)) (Add (Num (+ a b)) c) :ruleset reducing)
(rewrite (Mul (Num a) (Div b c)) (Div (Mul (Num a) b) c) :ruleset reducing)
"""


@cache
def _rules() -> str:
    """The whole table as an egglog program."""
    head = _HEAD.format(
        functions=" ".join(f"(f_{name} M)" for name in sorted(NATIVE)),
        zero="(bigrat (bigint 0) (bigint 1))",
        one="(bigrat (bigint 1) (bigint 1))",
    )
    lines = [head]
    for ruleset, rows in (
        ("reducing", table.REDUCING),
        ("arranging", table.ARRANGING),
        ("opening", table.OPENING),
        ("functions", table.FUNCTIONS),
        ("splitting", table.SPLITTING),
    ):
        for row in rows:
            left, right = _pattern(row.left), _pattern(row.right)
            facts = [f"(positive {letter})" for letter in row.positive]
            facts += [f"(nonzero {letter})" for letter in row.nonzero]
            when = f":when ({' '.join(facts)})" if facts else ""
            keyword = "birewrite" if row.both else "rewrite"
            lines.append(f"({keyword} {left} {right} {when} :ruleset {ruleset})")
    for relation, rules in (("positive", table.POSITIVE), ("nonzero", table.NONZERO)):
        for formula, letters in rules:
            facts = [f"(= e {_pattern(formula)})"]
            facts += [f"({relation} {letter})" for letter in letters]
            lines.append(f"(rule ({' '.join(facts)}) (({relation} e)) :ruleset reducing)")
    return "\n".join(lines) + "\n"


def _pattern(formula: str) -> str:
    return _Writer(table.LETTERS).add(parse_text(formula).expr)


# --- out of the graph -----------------------------------------------------------------------------
def _count(graph: Any) -> int:
    """How many terms there are."""
    [sizes] = graph.run_program(*graph.parse_program("(print-size)"))
    return sum(count for name, count in sizes.sizes if name not in ("positive", "nonzero"))


_OPERATIONS = {"Add": "+", "Mul": "*", "Div": "/", "Pow": "^"}
_RATIO = re.compile(r"Ratio \{ numer: (-?\d+), denom: (\d+) \}")


def _read(graph: Any, leaves: Sequence[Expr]) -> Saturated:
    serialized = graph.serialize(
        [],
        max_functions=None,
        max_calls_per_function=None,
        include_temporary_functions=False,
    )
    nodes: Mapping[str, Any] = json.loads(serialized.to_json())["nodes"]
    numbers: dict[str, int] = {}
    classes: list[dict[Term, None]] = []
    root = -1

    def number_of(name: str) -> int:
        found = numbers.get(name)
        if found is None:
            found = numbers[name] = len(classes)
            classes.append({})
        return found

    for node in nodes.values():
        operation, children = node["op"], node["children"]
        if not node["eclass"].startswith("M-"):
            continue
        own = number_of(node["eclass"])
        if operation == "Root":
            root = own
        elif operation == "Num":
            classes[own][Term("", (), _number(nodes[children[0]]["op"]))] = None
        elif operation == "Leaf":
            classes[own][Term("", (), leaves[int(nodes[children[0]]["op"])])] = None
        else:
            args = tuple([number_of(nodes[child]["eclass"]) for child in children])
            if operation in ("Add", "Mul"):
                # Both orders are there, and they round alike.
                args = tuple(sorted(args))
            name = _OPERATIONS.get(operation) or operation.removeprefix("f_")
            classes[own][Term(name, args, None)] = None
    return Saturated(tuple(tuple(terms) for terms in classes), root)


def _number(text: str) -> Expr:
    found = _RATIO.fullmatch(text)
    assert found is not None
    value = Fraction(int(found[1]), int(found[2]))
    return ONE if value == 1 else Number(value)
