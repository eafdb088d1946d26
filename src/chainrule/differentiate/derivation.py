"""The record of a derivation: a graph of steps over the graph of expressions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from chainrule.expr.nodes import Expr, Symbol

StepKind = Literal["derivative", "rewriting", "solving"]


# Not frozen, for speed: one is made for every node of a formula. Nothing changes it later.
class Step:
    """A claim, with the rule that makes it.

    What is claimed depends on ``kind``:

    * ``derivative``: d/d``variable`` of ``before`` is ``after``;
    * ``rewriting``: ``before`` equals ``after`` wherever both are defined;
    * ``solving``: ``before`` equals ``after`` once ``output`` in it stands for the function.

    Attributes:
        kind: see above.
        rule: identifier of the rule or identity (``power``, ``chain``, ``cancel``).
        before: left side of the claim.
        after: right side of the claim.
        variable: the variable of differentiation.
        premises: the steps this one rests on.
        output: for ``solving``, the symbol that stands for the function's own value.
        reasons: the identities used, in the order in which they were: for ``rewriting`` from
            ``before`` to ``after``, for ``derivative`` from ``applied`` to ``after``.
        applied: what the rule gives before it is tidied up into ``after``; ``None`` if that is
            the same.
    """

    __slots__ = (
        *("kind", "rule", "before", "after", "variable"),
        *("premises", "output", "reasons", "applied"),
    )

    def __init__(
        self,
        kind: StepKind,
        rule: str,
        before: Expr,
        after: Expr,
        variable: Symbol,
        premises: tuple[Step, ...] = (),
        output: Symbol | None = None,
        reasons: tuple[str, ...] = (),
        applied: Expr | None = None,
    ) -> None:
        self.kind: StepKind = kind
        self.rule = rule
        self.before = before
        self.after = after
        self.variable = variable
        self.premises = premises
        self.output = output
        self.reasons = reasons
        self.applied = applied


def ordered(*roots: Step) -> Iterator[Step]:
    """Every step below ``roots`` once, premises before what rests on them."""
    done: set[Step] = set()
    stack = list(reversed(roots))
    while stack:
        step = stack[-1]
        pending = [p for p in reversed(step.premises) if p not in done]
        if pending and step not in done:
            stack += pending
            continue
        stack.pop()
        if step not in done:
            done.add(step)
            yield step
