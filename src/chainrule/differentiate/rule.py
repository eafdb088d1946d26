"""What a rule of differentiation is: when it applies to a node, what the derivative of the node is,
given those of its parts, and how it is quoted.
"""

from __future__ import annotations

from collections.abc import Callable

from chainrule.differentiate.derivation import Step
from chainrule.expr.nodes import ONE, ZERO, Expr, Symbol
from chainrule.record import Record

NamedDerivative = Callable[[str, int, tuple[Expr, ...]], Expr]
"""The derivative of a catalogue function by its i-th argument, at the given arguments."""


class Context:
    """What a rule may look at: the variable, and the steps of the parts done so far.

    A node without a step does not depend on the variable.
    """

    __slots__ = ("method", "named", "steps", "variable")

    def __init__(
        self,
        variable: Symbol,
        named: NamedDerivative,
        method: str = "power",
        steps: dict[Expr, Step] | None = None,
    ) -> None:
        self.variable = variable
        self.named = named
        self.method = method
        self.steps = {} if steps is None else steps

    def derivative(self, node: Expr) -> Expr:
        step = self.steps.get(node)
        return ZERO if step is None else step.after


class Rule(Record):
    """One rule of differentiation.

    Attributes:
        name: its identifier.
        title: its name in a sentence.
        words: the rule in words, as quoted.
        kinds: the node classes it can apply to.
        derive: the derivative of the node.
        applies: whether it applies to a node of these classes.
        statement: the function and its derivative, with c, n, a for constants; by u itself
            where the rule has an outer function of u, else with u', v' for the derivatives of
            parts; ``None`` where the words say it all.
        chain: whether the rule has an outer function of one inner part.
        written: of an outer function in a letter, how it is written before it is differentiated,
            and the factors of its slope as the rule is quoted; ``None`` where that is the
            function itself and what ``derive`` gives.
    """

    name: str
    title: str
    words: str
    kinds: tuple[type[Expr], ...]
    derive: Callable[[Expr, Context], Expr]
    applies: Callable[[Expr, Context], bool] = lambda node, context: True
    statement: tuple[Expr, Expr] | None = None
    chain: bool = False
    written: Callable[[Expr, Symbol], tuple[Expr, tuple[Expr, ...]]] | None = None

    def slope(self, node: Expr, inner: Expr, variable: Symbol, named: NamedDerivative) -> Expr:
        """The derivative of the outer function of ``node``, taken at its inner part."""
        own = Step("derivative", "variable", inner, ONE, variable)
        return self.derive(node, Context(variable, named, steps={inner: own}))
