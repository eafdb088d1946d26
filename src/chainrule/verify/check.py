"""Whether claims hold: by algebra first, else in balls at points.

Nothing here knows a rule of differentiation: a derivative is compared with the power series of
the function, an identity is proved in FLINT or compared at points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from chainrule.differentiate.derivation import Step
from chainrule.expr.nodes import Expr, Piecewise, Symbol, postorder, size, substitute
from chainrule.verify.algebra import (
    MAX_NODES,
    Proof,
    prove,
    prove_with,
    shared_converter,
    signs_of_condition,
)
from chainrule.verify.comparison import LESS_DEFINED, POINTS, Claim, compare
from chainrule.verify.generators import RingFullError
from chainrule.verify.pieces import defined_as_far
from chainrule.verify.points import Range
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
    given: dict[Expr, Expr] = dict((where or {}).items())
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
    everywhere: bool = False,
) -> dict[Step, Verdict]:
    """A verdict for every step of a derivation of ``f``.

    What a rule gives before it is tidied up (``applied``) is shown, and so it is claimed too.

    An ``output`` symbol stands for ``f``, in rewritings that follow a solving step too. Where
    ``f`` is piecewise and a step is not, the step is about one of the cases, and the symbol
    stands for the value of that one. For ``everywhere`` see ``compare``.
    """
    steps = list(steps)
    look = partial(
        _compare_each,
        variable=steps[0].variable if steps else None,
        ranges=ranges,
        points=points,
        everywhere=everywhere,
    )
    output = next((step.output for step in steps if step.output is not None), None)
    proofs = _prove_all(f, [step for step in steps if step.kind != "derivative"], output)
    claims = {step: _claim(step) for step in steps if _sides(step) not in proofs}
    shown = {
        step: Claim(claims[step].left, step.applied, claims[step].orders)
        for step in steps
        if step.applied is not None and step.applied is not step.after
    }
    distinct = list(dict.fromkeys([*claims.values(), *shown.values()]))
    with_output = _holding(output, [side for c in distinct for side in (c.left, c.right)])
    plain: list[Claim] = []
    involved: list[Claim] = []
    for claim in distinct:
        meant = claim.left in with_output or claim.right in with_output
        (involved if meant else plain).append(claim)
    found = look(plain, {}, condition)
    if output is not None:
        alike = [c for c in involved if len(_meanings(f, c.left, c.right)) == 1]
        found |= look(alike, {output: f}, condition)
        for claim in involved:
            if claim in found:
                continue
            for value, case in _meanings(f, claim.left, claim.right):
                found |= look([claim], {output: value}, condition if case is None else case)
                if found[claim].holds:
                    break
    verdicts = {
        step: found[claims[step]] if step in claims else proofs[_sides(step)] for step in steps
    }
    wrong = {step: found[claim] for step, claim in shown.items() if found[claim].word == "wrong"}
    return verdicts | wrong


def verify_form(
    f: Expr, steps: Sequence[Step], *, ranges: Mapping[Symbol, Range] | None = None
) -> dict[Step, Verdict]:
    """A verdict for each step to a form of f' by the output of ``f``; the last claims the form.

    A step that algebra does not prove is compared on every piece of the domain, and the form
    has to have values wherever f' has.
    """
    verdicts = verify_steps(f, steps, ranges=ranges, everywhere=True)
    form = steps[-1]
    if verdicts[form].holds and form.output is not None:
        stands: dict[Expr, Expr] = {form.output: f}
        if not defined_as_far(form.before, form.after, form.variable, stands, ranges or {}):
            verdicts[form] = Verdict("not checked", reason=LESS_DEFINED)
    return verdicts


def _holding(symbol: Symbol | None, roots: Iterable[Expr]) -> set[Expr]:
    """The nodes in which the symbol occurs."""
    if symbol is None:
        return set()
    found: set[Expr] = {symbol}
    for node in postorder(*roots):
        if not found.isdisjoint(node.args):
            found.add(node)
    return found


# Nodes that are gone through in attempts to prove steps one by one; the rest is compared at points.
_MAX_EFFORT = 3_000

Meaning = tuple[Expr, Expr | None]
"""What the output symbol can stand for, and under which condition."""


def _meanings(f: Expr, *sides: Expr) -> list[Meaning]:
    if not isinstance(f, Piecewise) or any(type(n) is Piecewise for n in postorder(*sides)):
        return [(f, None)]
    cases: list[Meaning] = list(f.branches)
    return cases if f.otherwise is None else [*cases, (f.otherwise, None)]


def _compare_each(
    claims: Sequence[Claim],
    aliases: Mapping[Any, Expr],
    condition: Expr | None,
    *,
    variable: Symbol | None,
    ranges: Mapping[Symbol, Range] | None,
    points: int,
    everywhere: bool,
) -> dict[Claim, Verdict]:
    found = compare(
        claims,
        variable=variable,
        aliases=aliases,
        condition=condition,
        ranges=ranges,
        points=points,
        everywhere=everywhere,
    )
    return dict(zip(claims, found, strict=True))


def _claim(step: Step) -> Claim:
    if step.kind == "derivative":
        return Claim(step.before, step.after, ((step.variable, 1),))
    return Claim(step.before, step.after)


Sides = tuple[str, Expr, Expr]


def _sides(step: Step) -> Sides:
    return step.kind, step.before, step.after


def _prove_all(f: Expr, steps: Sequence[Step], output: Symbol | None) -> dict[Sides, Verdict]:
    """Verdicts for the identities that algebra proves.

    Generators are shared between all of them at first; what is not proved so is tried alone,
    with what its own domain implies.
    """
    nodes = size(f, *[side for step in steps for side in (step.before, step.after)])
    if not steps or nodes > MAX_NODES:
        return {}
    proofs: dict[Sides, Proof] = {}
    aliases: dict[Expr, Expr] = {}
    if output is not None and not isinstance(f, Piecewise):
        aliases[output] = f
    with suppress(RingFullError):
        converter = shared_converter(nodes, aliases)
        for step in steps:
            proof = prove_with(converter, step.before, step.after)
            if proof is not None:
                proofs[_sides(step)] = proof
    effort = _MAX_EFFORT
    for step in steps:
        if _sides(step) in proofs:
            continue
        for value, case in _meanings(f, step.before, step.after):
            given: dict[Expr, Expr] = {} if output is None else {output: value}
            before, after = substitute(step.before, given), substitute(step.after, given)
            effort -= size(before, after)
            if effort < 0:
                # What is left is compared at points, which takes less.
                break
            proof = prove(before, after, signs_of_condition(case))
            if proof is not None:
                proofs[_sides(step)] = proof
                break
    return {sides: Verdict("proved", proof=proof) for sides, proof in proofs.items()}
