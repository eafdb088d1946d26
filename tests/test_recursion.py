"""No function calls itself over formulas: a walk over the syntax trees of src finds those that do.

``tests/test_depth.py`` runs deep formulas; here a new function is found that no formula there
reaches.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "chainrule"
FORMULAS = ("Expr", "Sum", "Product", "Quotient", "Power", "Piecewise", "Call", "Step", "Term")

ALLOWED = {
    "program.cases.explicit.visit": "functions are defined by others, a few deep",
    "program.lower._Builder": "what a sum subtracts, of parts that have their values",
    "document.sentences": "slopes in the table of functions",
    "document.telling": "down to MAX_DEPTH, and what is easy",
    "parsing.definitions": "rows of the catalogue call rows, a few deep",
    "render.display._fitted": "a frame has no frame in it",
    "render.excerpt._term": "the narrative puts terms into terms, a few deep",
    "render.terms.set_term": "the same; formulas in them are set by a trampoline",
    "rewrite.output_form": "cases in cases, of MAX_NODES nodes in all",
    "rewrite.patterns._match": "patterns of the table of identities",
    "rewrite.simplify": "cases in cases, of MAX_NODES nodes in all",
    "rewrite.everyday._root": "once more, of an exponential alone",
    "verify.algebra": "_MAX_CASES cases",
    "verify.convert.Converter": "what decides on a case, of parts that have been converted",
}
"""Functions that go round in a circle, or what holds them, and why that has an end soon."""


class Module:
    """The functions of a module, by name with those of the classes and functions around them.

    Attributes:
        name: without ``chainrule.``.
        functions: path of each, and its syntax tree.
        classes: their paths.
        imported: what names from other modules of chainrule stand for.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.functions: dict[str, ast.FunctionDef] = {}
        self.classes: set[str] = set()
        self.imported: dict[str, str] = {}
        tree = ast.parse(text)
        self._collect(tree, name)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("chainrule."):
                module = (node.module or "").removeprefix("chainrule.")
                for alias in node.names:
                    self.imported[alias.asname or alias.name] = f"{module}.{alias.name}"

    def _collect(self, node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                path = f"{prefix}.{child.name}"
                if isinstance(child, ast.FunctionDef):
                    self.functions[path] = child
                else:
                    self.classes.add(path)
                self._collect(child, path)
            else:
                self._collect(child, prefix)

    def named_in(self, path: str, known: set[str]) -> Iterator[str]:
        """Functions of chainrule that the one at ``path`` names: to call them or hand them on."""
        around = path.split(".")
        for node in ast.walk(self.functions[path]):
            match node:
                case ast.Name(name, ast.Load()):
                    # Inside out; what a class has is reached by ``self`` only.
                    scopes = [".".join(around[:end]) for end in range(len(around), 0, -1)]
                    seen = [f"{scope}.{name}" for scope in scopes if scope not in self.classes]
                    yield from [path for path in seen if path in known][:1]
                    if self.imported.get(name) in known:
                        yield self.imported[name]
                case ast.Attribute(ast.Name("self"), name):
                    method = ".".join([*around[:-1], name])
                    if method in known:
                        yield method


def takes_formulas(function: ast.FunctionDef) -> bool:
    arguments = [*function.args.args, *function.args.kwonlyargs, function.args.vararg]
    words = " ".join(ast.unparse(a.annotation) for a in arguments if a and a.annotation)
    return any(word in words.replace("[", " ").replace(",", " ").split() for word in FORMULAS)


def circles(modules: list[Module]) -> set[str]:
    """Functions over formulas that come round to themselves, where all on the way are known."""
    functions = {path: module for module in modules for path in module.functions}
    known = set(functions)
    named = {path: set(module.named_in(path, known)) for path, module in functions.items()}
    found = set()
    for path, module in functions.items():
        if not takes_formulas(module.functions[path]):
            continue
        reached, stack = set(), list(named[path])
        while stack:
            other = stack.pop()
            if other not in reached:
                reached.add(other)
                stack += named[other]
        if path in reached:
            found.add(path)
    return found


def modules_of_chainrule() -> list[Module]:
    return [
        Module(".".join(path.relative_to(SOURCE).with_suffix("").parts), path.read_text("utf-8"))
        for path in sorted(SOURCE.rglob("*.py"))
    ]


def test_only_those_go_round_that_have_a_reason() -> None:
    used = set()
    for path in circles(modules_of_chainrule()):
        reasons = [key for key in ALLOWED if f"{path}.".startswith(f"{key}.")]
        assert reasons, f"{path} calls itself over formulas: walk postorder, or say why it may"
        used.update(reasons)
    assert used == ALLOWED.keys()


def test_circles_are_noticed() -> None:
    planted = """
from chainrule.expr.nodes import Expr
def depth(root: Expr) -> int:
    return 1 + max(map(depth, root.args), default=0)
def _even(root: Expr) -> bool:
    return all(_odd(arg) for arg in root.args)
def _odd(root: Expr) -> bool:
    return not _even(root)
class Walker:
    def visit(self, node: Expr) -> None:
        for arg in node.args:
            self.visit(arg)
def outer(root: Expr) -> Expr:
    def inner(node: Expr) -> Expr:
        return node.with_args(tuple(inner(arg) for arg in node.args))
    return inner(root)
def flat(root: Expr) -> int:
    return len(root.args)
"""
    found = circles([Module("planted", planted)])
    assert found == {
        *("planted.depth", "planted._even", "planted._odd"),
        *("planted.Walker.visit", "planted.outer.inner"),
    }


def test_the_limit_of_recursion_is_left_alone() -> None:
    for path in SOURCE.rglob("*.py"):
        assert "setrecursionlimit" not in path.read_text("utf-8"), path
