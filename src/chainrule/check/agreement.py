"""Whether two expressions are equal: algebra and balls."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.expr.nodes import Expr, Symbol, symbols
from chainrule.verify.algebra import prove_equal
from chainrule.verify.balls import compile_balls, precision
from chainrule.verify.points import grid
from chainrule.verify.verdict import Verdict


def agreement(left: Expr, right: Expr) -> Verdict:
    if prove_equal(left, right):
        return Verdict("proved", reason="by algebra")
    program = compile_balls([left, right])
    n = 0
    with precision(128):
        for point in grid(len(program.symbols))[:40]:
            a, b = program.run(point.balls)
            if a.is_finite() and b.is_finite():
                if not a.overlaps(b):
                    return Verdict("wrong")
                n += 1
    return (
        Verdict("checked", points=n, digits=30) if n else Verdict("not checked", reason="no point")
    )


def derivative_agreement(function: Expr, claimed: Expr, variables: Sequence[Symbol]) -> Verdict:
    from chainrule.check.compare import against_function

    v = against_function(function, variables, claimed)
    letters = list(dict.fromkeys([*variables, *symbols(function, claimed)]))
    n = 0
    for p in grid(len(letters))[:40]:
        a, b = v(dict(zip(letters, p.values, strict=True)), 128)
        if a.is_finite() and b.is_finite():
            if not a.overlaps(b):
                return Verdict("wrong")
            n += 1
    return (
        Verdict("checked", points=n, digits=30) if n else Verdict("not checked", reason="no point")
    )
