"""Cutting short what is too large to be read, visibly: "…" stands for what is left out.

A formula is a graph that may unfold to something exponentially larger. Whatever is written
out goes through ``abridge`` first; it returns the very same expression if nothing is cut.
"""

from __future__ import annotations

from collections import Counter

from chainrule.expr.nodes import Expr, Product, Sum, Symbol, postorder

ELLIPSIS = Symbol("…")
LARGEST_FORMULA = 20_000
"""Nodes that a formula may have when it is written out on its own: some ten pages of LaTeX."""

# As 1 + 2 + 3 + … + 99 + 100 is written: a line or two of the beginning, and how it ends.
_FIRST_TERMS = 12
_LAST_TERMS = 2


def unfolded_size(expr: Expr) -> int:
    """How many nodes the expression has when written out, shared parts counted each time."""
    size: dict[Expr, int] = {}
    for node in postorder(expr):
        size[node] = 1 + sum(size[arg] for arg in node.args)
    return size[expr]


def abridge(expr: Expr, limit: int, depth: int | None = None) -> Expr:
    """The expression with at most about ``limit`` nodes and ``depth`` levels.

    First long sums and products lose their middle terms, then everything below the deepest
    level that fits is left out.
    """
    fits = _whole_levels(expr, limit, depth)
    if fits is None:
        return expr
    narrow = _narrowed(expr)
    fits = _whole_levels(narrow, limit, depth)
    return narrow if fits is None else _cut_below(narrow, fits)


def _whole_levels(expr: Expr, limit: int, depth: int | None) -> int | None:
    """How many levels from the root fit, ``None`` if all do."""
    level, total, levels = Counter({expr: 1}), 0, 0
    while level:
        total += level.total()
        if total > limit or (depth is not None and levels >= depth):
            return max(levels, 1)
        levels += 1
        below: Counter[Expr] = Counter()
        for node, times in level.items():
            for arg in node.args:
                below[arg] += times
        level = below
    return None


def _narrowed(expr: Expr) -> Expr:
    new: dict[Expr, Expr] = {}
    for node in postorder(expr):
        args = tuple(new[arg] for arg in node.args)
        if isinstance(node, Sum | Product) and len(args) > _FIRST_TERMS + _LAST_TERMS + 1:
            args = (*args[:_FIRST_TERMS], ELLIPSIS, *args[-_LAST_TERMS:])
        new[node] = node.with_args(args) if args != node.args else node
    return new[expr]


def _cut_below(expr: Expr, levels: int) -> Expr:
    """Everything ``levels`` below the root becomes "…"; letters and numbers stay."""
    layers: list[set[Expr]] = [{expr}]
    for _ in range(levels - 1):
        layers.append({arg for node in layers[-1] for arg in node.args})
    new: dict[Expr, Expr] = {node: (ELLIPSIS if node.args else node) for node in layers[-1]}
    for layer in reversed(layers[:-1]):
        new = {node: node.with_args(tuple(new[arg] for arg in node.args)) for node in layer}
    return new[expr]
