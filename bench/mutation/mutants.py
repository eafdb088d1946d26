"""Which mutants there are: places in the source, and what may stand there instead.

The operators are those of cosmic-ray, and a few more for what it leaves alone: rows of tables,
names of functions and signs in formulas that are written as text, calls whose result nobody
takes, and limits (upper-case numbers), which one more or less would not change.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.operators.provider import OperatorProvider
from parso.python import tree

ROOT = Path(__file__).resolve().parents[2]
SCOPE = (
    *(f"{name}/*.py" for name in ("differentiate", "balls", "rewrite", "verify", "check")),
    *(f"forms/candidates/{name}.py" for name in ("conjugates", "overflow", "regimes", "respell")),
    *(f"forms/candidates/{name}.py" for name in ("scaling", "shifting", "signs")),
    *("forms/search/identities.py", "forms/search/saturation.py", "document/*.py"),
    *("expr/functions.py", "floats/ulp.py", "floats/measure.py", "floats/truth.py"),
    *("floats/formats.py", "floats/inputs.py", "floats/evaluate.py"),
)
"""Files of ``src/chainrule``: what decides what is true, what rewrites, what measures errors."""

LEFT_OUT = ("check/wrong_derivatives.py",)
"""A table of wrong derivatives: another wrong one is as good."""

FORMULAS = ("forms/search/identities.py", "forms/candidates/respell.py")
"""Tables whose rows are formulas as one types them."""

# Those of cosmic-ray; not such as put & for +, which is a TypeError whatever the tests are.
_THEIRS = re.compile(
    "AddNot|ReplaceTrueWithFalse|ReplaceFalseWithTrue|ReplaceAndWithOr|ReplaceOrWithAnd"
    "|ReplaceBreakWithContinue|ReplaceContinueWithBreak|NumberReplacer|ZeroIterationForLoop"
    "|ReplaceComparisonOperator_(Eq|NotEq|Lt|LtE|Gt|GtE)_(Eq|NotEq|Lt|LtE|Gt|GtE)"
    "|ReplaceComparisonOperator_(Is_IsNot|IsNot_Is|In_NotIn|NotIn_In)"
    "|ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|Mul_Add|Pow_Mul|FloorDiv_Mul)"
    "|ReplaceBinaryOperator_(FloorDiv_Add|Mod_FloorDiv|RShift_LShift|LShift_RShift)"
    "|ReplaceBinaryOperator_(BitOr_BitAnd|BitAnd_BitOr|BitXor_BitAnd)"
    "|ReplaceUnaryOperator_(USub_UAdd|Delete_Not|Delete_Invert)"
)
# Of two words that are neighbours here, one may stand for the other.
_WORDS = (
    *("exp", "log", "log1p", "expm1", "sqrt", "cbrt", "abs", "sign", "sinh", "cosh", "tanh"),
    *("coth", "sech", "csch", "sin", "cos", "tan", "cot", "sec", "csc", "erf", "erfc"),
    *("normcdf", "normpdf", "gamma", "lgamma", "odd", "even", "increasing", "decreasing"),
    *("u", "v", "proved", "wrong", "not checked", "checked", "<", "<=", ">", ">="),
)
_NEXT = dict(zip(_WORDS, (*_WORDS[1:], _WORDS[0]), strict=True))


class _Own(Operator):
    """An operator for one kind of node: ``options`` are the texts that may stand in its place."""

    def options(self, node: Any) -> Sequence[str]:
        raise NotImplementedError

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        for _ in self.options(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        first, found = node.get_first_leaf(), self.options(node)[index]
        return tree.Name(first.prefix + found, node.start_pos)

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


def _in_function(node: Any) -> bool:
    return parso.tree.search_ancestor(node, "funcdef") is not None


class OtherWord(_Own):
    """One name of a function, one fact, one verdict for another: ``"sin"`` for ``"cos"``."""

    def options(self, node: Any) -> Sequence[str]:
        if node.type != "string":
            return ()
        other = _NEXT.get(node.value.strip("\"'"))
        return () if other is None else (f'"{other}"',)


class OtherFormula(_Own):
    """A sign, a digit or a function in a formula that is written as text."""

    only = FORMULAS

    def options(self, node: Any) -> Sequence[str]:
        if node.type != "string" or node.value.startswith(('"""', "r'")) or _in_function(node):
            return ()
        text, found = node.value, []
        for match in re.finditer(r"[+\-*/]|\d+|[a-z]\w*(?=\()", text):
            old = match[0]
            new = {"+": "-", "-": "+", "*": "/", "/": "*"}.get(old) or _NEXT.get(old)
            new = str(int(old) + 1) if old.isdigit() else new
            if new:
                found.append(text[: match.start()] + new + text[match.end() :])
        return found


class DropRow(_Own):
    """A row of a table, or what is said about one by keyword, left out.

    Not from a table of what may be tried: with a row less, nothing becomes wrong.
    """

    never = FORMULAS

    def options(self, node: Any) -> Sequence[str]:
        if _in_function(node) or node.parent is None:
            return ()
        keyword = node.type == "argument" and node.children[1] == "="
        row = (
            node.parent.type in ("testlist_comp", "testlist_star_expr")
            and len(node.parent.children) > 3
        )
        return ("*()",) if row and node != "," else ("**{}",) if keyword else ()


class DropCall(_Own):
    """A call whose result nobody takes, left out."""

    def options(self, node: Any) -> Sequence[str]:
        statement = node.parent is not None and node.parent.type == "simple_stmt"
        called = node.type == "atom_expr" and str(node.children[-1].get_code())[:1] == "("
        return ("pass",) if statement and called and _in_function(node) else ()


class OtherLimit(_Own):
    """A limit that is next to none."""

    def options(self, node: Any) -> Sequence[str]:
        limit = node.type == "number" and node.value != "1" and _is_limit(node)
        return (" 1",) if limit else ()


def _is_limit(node: Any) -> bool:
    """Whether the node is a number that an upper-case name is given."""
    while node.parent is not None and node.parent.type in ("testlist_star_expr", "term", "power"):
        node = node.parent
    statement = node.parent
    if statement is None or statement.type != "expr_stmt" or _in_function(node):
        return False
    return all(name.value.isupper() for name in statement.get_defined_names())


OWN: dict[str, type[_Own]] = {
    row.__name__: row for row in (OtherWord, OtherFormula, DropRow, DropCall, OtherLimit)
}


def operators() -> dict[str, Any]:
    """Every operator by its name."""
    theirs = OperatorProvider()
    return {name: theirs[name] for name in theirs if _THEIRS.fullmatch(name)} | OWN


@dataclass(frozen=True)
class Place:
    """What can be changed at one place, as pairs of an operator and how often it applied before."""

    path: str
    start: tuple[int, int]
    choices: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Mutant:
    """One change.

    Attributes:
        path: the file, from ``src/chainrule``.
        line: where it begins.
        before, after: the lines that differ.
        source: the whole file afterwards.
    """

    path: str
    operator: str
    line: int
    before: str
    after: str
    source: str

    @property
    def key(self) -> str:
        return f"{self.path}\t{self.before}\t{self.after}"


def files() -> list[str]:
    top = ROOT / "src" / "chainrule"
    found = {path.relative_to(top) for pattern in SCOPE for path in top.glob(pattern)}
    left_out = {Path(path) for path in LEFT_OUT}
    return sorted(str(path) for path in found - left_out if path.name != "__init__.py")


def read(path: str) -> str:
    return (ROOT / "src" / "chainrule" / path).read_text("utf-8")


def places(path: str) -> list[Place]:
    """Every place of a file at which there is something to change, in the order of the file."""
    found: dict[tuple[int, int], list[tuple[str, int]]] = {}
    counts: dict[str, int] = {}
    rows = {name: row() for name, row in operators().items()}
    own = {name: row for name, row in rows.items() if name in OWN}
    for node in ast_nodes(parso.parse(read(path))):
        for name, operator in (own if _is_plain(node) else rows).items():
            for start, _ in operator.mutation_positions(node):
                number = counts[name] = counts.get(name, -1) + 1
                here = path in getattr(operator, "only", (path,))
                if here and path not in getattr(operator, "never", ()) and _runs(node, name):
                    found.setdefault(start, []).append((name, number))
    return [Place(path, start, tuple(found[start])) for start in sorted(found)]


def _is_plain(node: Any) -> bool:
    """Whether no operator of cosmic-ray has anything to do with the node; there are many."""
    if not isinstance(node, parso.tree.Leaf):
        return False
    punctuation = node.type == "operator" and node.value in "()[]{}.,:=->"
    return punctuation or node.type in ("name", "string", "newline", "endmarker")


def _runs(node: Any, operator: str) -> bool:
    """Whether the place is executed at all, and matters: no annotation, no import, no docstring."""
    if operator == "NumberReplacer" and _is_limit(node):
        return False
    child, parent = node, node.parent
    while parent is not None:
        match parent.type:
            case "annassign" if child is parent.children[1]:
                return False
            case "tfpdef" | "import_from" | "import_name" | "decorator":
                return False
            case "param" if child is not parent.default:
                return False
            case "funcdef" if child is parent.annotation:
                return False
            case "if_stmt" if parent.children[1].get_code().strip() == "TYPE_CHECKING":
                return False
        child, parent = parent, parent.parent
    return True


def mutated(place: Place, operator: str, number: int) -> Mutant | None:
    """The mutant, ``None`` if it is no Python or nothing changes."""
    before = read(place.path)
    after = mutate_code(before, operators()[operator](), number)
    if after is None or after == before:
        return None
    try:
        compile(after, place.path, "exec")
    except (SyntaxError, ValueError):
        return None
    old, new = before.splitlines(), after.splitlines()
    line = next((i for i, rows in enumerate(zip(old, new, strict=False)) if rows[0] != rows[1]), 0)
    back = 0
    while back < min(len(old), len(new)) - line - 1 and old[-1 - back] == new[-1 - back]:
        back += 1
    lines = [" ".join(map(str.strip, text[line : len(text) - back])) for text in (old, new)]
    return Mutant(place.path, operator, line + 1, *lines, after)


def drawn(count: int, seed: int) -> list[tuple[Place, str, int]]:
    """``count`` different places, each as likely as any other, with what to do there.

    Which ones depends on the text of their own lines: when something is changed elsewhere, those
    that were tried already are drawn again.
    """
    found = []
    for path in files():
        lines, seen = read(path).splitlines(), Counter[tuple[str, int]]()
        for place in places(path):
            row, column = place.start
            text = lines[row - 1]
            here = text.strip(), column - len(text) + len(text.lstrip())
            choose = random.Random(f"{seed} {path} {here} {seen[here]}")
            found.append((choose.random(), place, *choose.choice(place.choices)))
            seen[here] += 1
    return [(place, *what) for _, place, *what in sorted(found, key=lambda row: row[0])[:count]]
