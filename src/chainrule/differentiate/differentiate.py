"""The walk over a formula that applies one rule to each distinct subexpression."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chainrule.differentiate.derivation import Step
from chainrule.differentiate.rule import Context, NamedDerivative, Rule
from chainrule.differentiate.rules import BY_KIND
from chainrule.expr.nodes import ONE, ZERO, Comparison, Expr, Symbol, postorder

Tidy = Callable[[Expr], tuple[Expr, tuple[str, ...]]]
"""Tidies an expression up and names the identities it used."""


def differentiate(
    expr: Expr,
    variable: Symbol,
    *,
    named: NamedDerivative,
    method: str = "power",
    tidy: Tidy | None = None,
    override: Mapping[Expr, Rule] | None = None,
) -> Step:
    """The derivative of ``expr`` by ``variable`` as a step, resting on those of its parts.

    Each distinct subexpression is differentiated once. A subexpression that does not depend
    on the variable has no step of its own.

    Args:
        expr: any formula.
        variable: the symbol to differentiate by; every other symbol is constant.
        named: gives the derivatives of catalogue functions.
        method: "power" takes c/u as c·u⁻¹, "quotient" by the quotient rule.
        tidy: if given, each derivative is tidied up before others build on it, as on paper.
        override: rules to apply to certain nodes in place of the one that fits, right or not;
            ``check`` finds slips with it.

    Raises:
        InputError: a function that cannot be differentiated by that argument.
    """
    context = Context(variable, named, method)
    steps = context.steps
    for node in postorder(expr):
        args = node.args
        if not args:
            if node is variable:
                steps[node] = Step("derivative", "variable", node, ONE, variable)
            continue
        kind = type(node)
        if kind is Comparison:
            continue
        premises = tuple([steps[arg] for arg in args if arg in steps])
        if premises:
            own = override.get(node) if override else None
            for rule in BY_KIND[kind] if own is None else (own,):
                if rule.applies(node, context):
                    after = rule.derive(node, context)
                    step = Step("derivative", rule.name, node, after, variable, premises)
                    if tidy is not None:
                        step.applied = after
                        step.after, step.reasons = tidy(after)
                    steps[node] = step
                    break
    found = steps.get(expr)
    return found or Step("derivative", "constant", expr, ZERO, variable)
