"""What chainrule writes in Python, read back as a program of ``values.py``; nothing is run."""

from __future__ import annotations

import ast
from fractions import Fraction
from typing import Any

from fuzz.values import Program

NAMES = {
    **{"fabs": "abs", "absolute": "abs", "maximum": "max", "minimum": "min", "gammaln": "lgamma"},
    **{"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2"},
    **{"arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "ndtr": "normcdf"},
}
OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow",
    ast.BitAnd: "and",
}  # fmt: skip
RELATIONS: dict[type[ast.AST], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


class _Reader(ast.NodeVisitor):
    """Visits nodes, children first, and adds a row for each."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, tuple[int, ...], Any]] = []
        self.named: dict[str, int] = {}

    def row(self, kind: str, args: tuple[int, ...] = (), own: Any = None) -> int:
        self.rows.append((kind, args, own))
        return len(self.rows) - 1

    def visit_Constant(self, node: ast.Constant) -> int:
        return self.row("number", (), (Fraction(repr(node.value)), False))

    def visit_Name(self, node: ast.Name) -> int:
        if node.id in self.named:
            return self.named[node.id]
        if node.id == "nan":
            return self.row("undefined")
        if node.id in ("e", "pi"):
            return self.row("constant", (), node.id)
        return self.row("symbol", (), node.id.removesuffix("_"))

    def visit_Attribute(self, node: ast.Attribute) -> int:
        if node.attr == "nan":
            return self.row("undefined")
        return self.row("constant", (), node.attr)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> int:
        return self.row("neg", (self.visit(node.operand),))

    def visit_BinOp(self, node: ast.BinOp) -> int:
        args = self.visit(node.left), self.visit(node.right)
        return self.row(OPERATORS[type(node.op)], args)

    def visit_Compare(self, node: ast.Compare) -> int:
        args = (self.visit(node.left), *(self.visit(right) for right in node.comparators))
        return self.row("compare", args, tuple(RELATIONS[type(op)] for op in node.ops))

    def visit_IfExp(self, node: ast.IfExp) -> int:
        args = self.visit(node.body), self.visit(node.test), self.visit(node.orelse)
        return self.row("cases", args)

    def visit_Call(self, node: ast.Call) -> int:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id  # type: ignore[attr-defined]
        args = tuple([self.visit(arg) for arg in node.args])
        if name == "where":
            return self.row("cases", (args[1], args[0], args[2]))
        if name == "power":
            return self.row("pow", args)
        if name == "log" and len(args) == 2:
            name = "logb"
        return self.row("call", args, NAMES.get(name, name))


def expression(text: str) -> Program:
    """A Python expression, as `--syntax python` prints it."""
    reader = _Reader()
    reader.visit(ast.parse(text, mode="eval").body)
    return Program(reader.rows)


def statements(text: str) -> Program:
    """The lines of a function: assignments, and what is returned."""
    reader = _Reader()
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign):
            (target,) = statement.targets
            assert isinstance(target, ast.Name)
            reader.named[target.id] = reader.visit(statement.value)
        else:
            assert isinstance(statement, ast.Expr | ast.Return)
            assert statement.value is not None
            last = reader.visit(statement.value)
            reader.row("same", (last,))
    return Program(reader.rows)
