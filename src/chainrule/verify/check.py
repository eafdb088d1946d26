"""What was claimed, and whether it is so: first by algebra, else in balls at points.

Nothing here knows a rule of differentiation: a derivative is compared with the power series of
the function, an identity is proved in FLINT or compared at points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chainrule.differentiate.derivation import Step
from chainrule.expr.nodes import Expr, Symbol, size, substitute
from chainrule.verify.algebra import (
    MAX_NODES,
    prove,
    prove_with,
    shared_converter,
    signs_of_condition,
)
from chainrule.verify.comparison import POINTS, Claim, compare
from chainrule.verify.kernels import RingFullError
from chainrule.verify.points import Range
from chainrule.verify.ratio import TooLargeError, UndefinedError
from chainrule.verify.verdict import Verdict


def equal(
    a: Expr,
    b: Expr,
    *,
    variable: Symbol | None = None,
    condition: Expr | None = None,
    ranges: Mapping[Symbol, Range] | None = None,
    points: int = POINTS,
    where: Mapping[Symbol, Expr] | None = None,
) -> Verdict:
    """Whether two formulas are equal wherever both are defined.

    Args:
        variable: the one that takes values over the whole line.
        condition: they need to be equal only where it holds.
        ranges: where to look, for symbols that are not to go everywhere.
        points: at how many points to compare where algebra does not prove it.
        where: symbols that stand for formulas (the output y for f(x)).
    """
    given: dict[Expr, Expr] = dict(where or {})
    a, b = substitute(a, given), substitute(b, given)
    proof = prove(a, b, signs_of_condition(condition))
    if proof is not None:
        return Verdict("proved", proof=proof)
    [verdict] = compare(
        [Claim(a, b)], variable=variable, condition=condition, ranges=ranges, points=points
    )
    return verdict


def derivative(
    f: Expr,
    claimed: Expr,
    orders: Mapping[Symbol, int],
    *,
    condition: Expr | None = None,
    ranges: Mapping[Symbol, Range] | None = None,
    points: int = POINTS,
) -> Verdict:
    """Whether ``claimed`` is the partial derivative of ``f``, by the power series of ``f``."""
    by = tuple((symbol, order) for symbol, order in orders.items() if order)
    [verdict] = compare(
        [Claim(f, claimed, by)],
        variable=by[0][0] if by else None,
        condition=condition,
        ranges=ranges,
        points=points,
    )
    return verdict


def verify_steps(
    f: Expr,
    steps: Iterable[Step],
    *,
    condition: Expr | None = None,
    ranges: Mapping[Symbol, Range] | None = None,
    points: int = POINTS,
) -> dict[Step, Verdict]:
    """A verdict for every step of a derivation of ``f``.

    An ``output`` symbol stands for ``f``, in rewritings that follow a solving step too.
    """
    steps = list(steps)
    aliases: dict[Expr, Expr] = {step.output: f for step in steps if step.output is not None}
    verdicts: dict[Step, Verdict] = {}
    open_steps: list[Step] = []
    proofs = _prove_all(f, [step for step in steps if step.kind != "derivative"], aliases)
    for step in steps:
        verdict = proofs.get((step.before, step.after))
        if step.kind != "derivative" and verdict is not None:
            verdicts[step] = verdict
        else:
            open_steps.append(step)
    claims = [_claim(step) for step in open_steps]
    distinct = list(dict.fromkeys(claims))
    found = dict(
        zip(
            distinct,
            compare(
                distinct,
                variable=steps[0].variable if steps else None,
                aliases=aliases,
                condition=condition,
                ranges=ranges,
                points=points,
            ),
            strict=True,
        )
    )
    for step, claim in zip(open_steps, claims, strict=True):
        verdicts[step] = found[claim]
    return verdicts


def _claim(step: Step) -> Claim:
    if step.kind == "derivative":
        return Claim(step.before, step.after, ((step.variable, 1),))
    return Claim(step.before, step.after)


def _prove_all(
    f: Expr, steps: Sequence[Step], aliases: Mapping[Expr, Expr]
) -> dict[tuple[Expr, Expr], Verdict]:
    """Verdicts for the identities that algebra proves, by their sides."""
    sides = [side for step in steps for side in (step.before, step.after)]
    nodes = size(f, *sides)
    if not steps or nodes > MAX_NODES:
        return {}
    verdicts: dict[tuple[Expr, Expr], Verdict] = {}
    try:
        converter = shared_converter(nodes, aliases)
        for step in steps:
            proof = prove_with(converter, step.before, step.after)
            if proof is not None:
                verdicts[step.before, step.after] = Verdict("proved", proof=proof)
    except (RingFullError, TooLargeError, UndefinedError):
        pass
    for step in steps:
        pair = step.before, step.after
        if pair not in verdicts:
            proof = prove(*[substitute(side, dict(aliases)) for side in pair])
            if proof is not None:
                verdicts[pair] = Verdict("proved", proof=proof)
    return verdicts
