"""Forms over all letters of a formula: what was chosen at some values is measured at any.

Where the choice is no good there (see ``promises``), it is searched again among the forms that
hold for all letters: the candidates as they are, scaled (``rewrite.scaling``), by the sign of an
exponent, with 0 where the function is 0, and to twice the precision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from chainrule.expr.nodes import (
    ZERO,
    Call,
    Comparison,
    Expr,
    Piecewise,
    Power,
    Product,
    Symbol,
    call,
    postorder,
    size,
    symbols,
    transform,
)
from chainrule.forms.candidate import MAX_ASSEMBLED, Candidate
from chainrule.forms.candidates.mantissas import Mantissas
from chainrule.forms.candidates.overflow import halved
from chainrule.forms.candidates.regimes import by_sign_of_exponent, elementary
from chainrule.forms.candidates.rescaled import REACH, in_other_letters, rescaled
from chainrule.forms.candidates.shifting import Shifted
from chainrule.forms.choice.assemble import PRECISE_TERMS, guarded
from chainrule.forms.choice.laboratory import (
    forward_candidates,
    gradient_candidates,
    saved_by,
)
from chainrule.forms.choice.promises import promised, refusal
from chainrule.forms.choice.selection import Asked, Chosen, measured_in
from chainrule.forms.choice.space import POINTS, Space, around, drawn
from chainrule.precise.compensated import compensated
from chainrule.precise.scaled import lifted

# So often are more points taken around the worst ones, and is it searched again.
_ROUNDS, _SEARCHES = 2, 2
# So many of the best forms are tried to twice the precision.
_PRECISE = 2
# Letters next to the largest number are made smaller by the digits of the format and so many bits.
_SPARE = 8


class Everywhere(NamedTuple):
    """What was chosen, as it was measured over all letters.

    Attributes:
        space: the points.
        forward: the function.
        gradient: the gradient.
    """

    space: Space
    forward: Candidate
    gradient: Candidate


def free_letters(asked: Asked) -> tuple[Symbol, ...]:
    """The letters besides the variable for which nobody stated a value or a range."""
    if asked.derivation.problem.entry is not None:
        return ()
    used = set(symbols(asked.derivation.function))
    given = (*asked.spec.others, *(s for s, default in asked.spec.parameters if default is None))
    return tuple(s for s in given if s in used)


def over_all_letters(asked: Asked, chosen: Chosen) -> tuple[Chosen, Space | None]:
    """The forms that were chosen, or where they are no good for all letters better ones.

    And the points at which they were measured, those among them at which they are worst; ``None``
    if the variable is the only letter that is free.
    """
    free = free_letters(asked)
    if not free:
        return chosen, None
    letters = (asked.spec.variable, *free)
    fixed = {s: v for s, v in chosen.lab.fixed.items() if s not in free}
    lab = replace(chosen.lab, fixed=fixed, memory={})
    points = drawn(len(letters), POINTS, lab.fmt)
    function, slope = asked.derivation.function, asked.derivation.derivative
    space = Space(lab, asked.derivation, letters, points[:, :0])
    along = space.along_lines((slope, function, chosen.gradient.plain, chosen.forward.plain))
    space = space.also(np.concatenate([points, along], axis=1))
    search = partial(_searched, asked)
    space, forward = search(space, chosen.forward, function, {}, _forwards(asked, space))
    outputs = {asked.spec.output: forward.expr}
    others = _gradients(asked, space, chosen, forward)
    space, gradient = search(space, chosen.gradient, slope, outputs, others)
    if forward.expr is chosen.forward.expr and gradient.expr is chosen.gradient.expr:
        return chosen, space
    there = chosen._replace(
        forward=measured_in(chosen.labs, function, forward),
        gradient=measured_in(chosen.labs, slope, gradient, outputs),
    )
    return there, space


def measured_over(space: Space, asked: Asked, chosen: Chosen) -> Everywhere:
    """What was chosen, with its errors at the points of a space."""
    lab = replace(space.lab, working=chosen.lab.working)
    there = replace(space, lab=lab)
    outputs = {asked.spec.output: chosen.forward.expr}
    return Everywhere(
        space,
        there.measured(chosen.forward, asked.derivation.function, {}),
        there.measured(chosen.gradient, asked.derivation.derivative, outputs),
    )


def good_over(space: Space | None, asked: Asked, chosen: Chosen) -> bool:
    """Whether nothing of what was chosen is to be refused over all letters."""
    if space is None:
        return True
    found = measured_over(space, asked, chosen)
    allowed = promised(asked.spec.dtype, asked.spec.accuracy)
    return not any(
        one.measured and refusal("", one.measured, allowed, space.named)
        for one in (found.forward, found.gradient)
    )


def rank_over(space: Space | None, asked: Asked, chosen: Chosen) -> tuple[float, ...]:
    """Smaller is better: refused, results that are no answer at any letters, then at some."""
    faults = 0
    if space is not None:
        found = measured_over(space, asked, chosen)
        faults = sum(m.faults for c in (found.forward, found.gradient) if (m := c.measured))
    return (not good_over(space, asked, chosen), faults, *chosen.rank)


def _searched(
    asked: Asked,
    space: Space,
    best: Candidate,
    exact: Expr,
    outputs: Mapping[Symbol, Expr],
    others: Iterable[Candidate],
) -> tuple[Space, Candidate]:
    """The best of some candidates, and a space that has the points at which it is worst."""
    allowed = promised(asked.spec.dtype, asked.spec.accuracy)
    pool: list[Candidate] = []

    def ranked(candidates: Iterable[Candidate]) -> list[Candidate]:
        measured = [space.measured(one, exact, outputs) for one in candidates]
        return sorted(measured, key=lambda one: one.rank(allowed))

    for _ in range(_SEARCHES):
        for _ in range(_ROUNDS):
            space = space.also(around(space.worst(best, exact, outputs), space.lab.fmt))
        best = space.measured(best, exact, outputs)
        if best.good(allowed):
            break
        pool = pool or list(others)
        tried = ranked([best, *pool])
        precise = asked.spec.accuracy == "best" or space.lab.work is not space.lab.fmt
        if precise and not tried[0].good(allowed):
            tried += ranked(p for one in tried[:_PRECISE] for p in _precise(one, space))
        if outputs:
            tried += ranked(_settled_at_logarithms(asked, tried))
        found = min(tried, key=lambda one: one.rank(allowed))
        if found.expr is best.expr:
            break
        best = found
    return space, best


def _settled_at_logarithms(asked: Asked, found: Iterable[Candidate]) -> Iterator[Candidate]:
    """Gradients with 0 where a logarithm in them is one of 0 and the function stays finite.

    b^x·ln b is 0·∞ at b = 0, where b^x is 0 for all x > 0. Nothing is finite there for x < 0: times
    0 that is no number.
    """
    spec, function = asked.spec, asked.derivation.function
    slope = elementary(asked.derivation.derivative)
    of = [n.args[0] for n in postorder(slope) if isinstance(n, Call) and n.name == "log"]
    for one in found if of else ():
        value = spec.output if spec.output in one.saved else function
        args: list[Expr] = []
        for argument in of:
            args += [Product((ZERO, value)), Comparison(("==",), (argument, ZERO))]
        name = f"{one.name}, and 0 times the function where a logarithm is one of 0"
        yield replace(one, name=name, expr=Piecewise((*args, one.expr)))


def _forwards(asked: Asked, space: Space) -> Iterator[Candidate]:
    function, variable = asked.derivation.function, asked.spec.variable
    for one in forward_candidates(function, variable, asked.functions):
        yield from _versions(space, one)


def _gradients(
    asked: Asked, space: Space, chosen: Chosen, forward: Candidate
) -> Iterator[Candidate]:
    derivation, spec = asked.derivation, asked.spec
    found = gradient_candidates(derivation, forward.plain, asked.save, asked.gradients)
    for one in found:
        for each in _versions(space, one):
            expr = asked.settled(each.expr, chosen.lab)
            saved = saved_by(expr, spec.variable, spec.output)
            if asked.save != "input" or spec.output not in saved:
                yield replace(each, expr=expr, saved=saved)


def _versions(space: Space, one: Candidate) -> Iterator[Candidate]:
    """A candidate as it is, with scaled letters, and by the sign of an exponent."""
    yield one
    variable = space.letters[0]
    if size(one.expr) > MAX_ASSEMBLED or one.saved != (variable,):
        return
    plain = elementary(one.expr)
    yield from rescaled(one, plain, space.letters, space.lab.work)
    if (halves := halved(plain)) is not plain:
        yield replace(one, name=f"{one.name}, in halves", expr=halves)
    form = by_sign_of_exponent(plain, variable, {})
    if form is not None:
        yield replace(one, name=f"{one.name}, by the sign of the exponent", expr=form)
        assert isinstance(form, Piecewise)
        [(value, condition)], last = form.branches, form.otherwise
        if last is not None and (both := (halved(value), condition, halved(last))) != form.args:
            name = f"{one.name}, by the sign of the exponent, in halves"
            yield replace(one, name=name, expr=Piecewise(both))


def _precise(one: Candidate, space: Space) -> Iterator[Candidate]:
    """A candidate to twice the precision, and scaled then."""
    plain = elementary(one.plain)
    if size(plain) > MAX_ASSEMBLED or one.saved != space.letters[:1]:
        return
    digits = space.lab.work.precision
    terms = PRECISE_TERMS if digits == 53 else 0
    versions: list[Expr | None] = [compensated(plain, digits, terms)]
    natural = transform(plain, _by_exponential) if terms else plain
    if natural is not plain:
        versions.append(compensated(natural, digits, terms))
    if terms:
        versions += [lifted(natural, digits, terms, sign * 2 * digits) for sign in (1, -1)]
    forms = [guarded(version, one.expr) for version in versions if version is not None]
    reach, made = REACH[space.lab.work.bits], partial(_twice, digits=digits, terms=terms)
    for found in in_other_letters(natural, space.letters, reach):
        precise = made(found.expr)
        if isinstance(found, Mantissas):
            # Only the power of two, which comes last, may overflow, and does so rightly.
            forms.append(found._replace(expr=guarded(precise, found.expr)).written())
            continue
        if isinstance(found, Shifted):
            forms.append(guarded(found._replace(expr=precise).written(), one.expr))
            continue
        smaller, other = found.smaller(made, digits + _SPARE), one.expr
        if smaller is not None:
            other = guarded(found._replace(expr=smaller).written(reach), other)
        forms.append(guarded(found._replace(expr=precise).written(reach), other))
    name = f"{one.name}, to twice the precision"
    for form in forms:
        yield replace(one, name=name, expr=form, shown=one.plain)


def _twice(expr: Expr, *, digits: int, terms: int) -> Expr:
    return compensated(expr, digits, terms)


def _by_exponential(node: Expr) -> Expr:
    """A power whose exponent varies, b^x, as e^(x·ln b)."""
    if isinstance(node, Power) and symbols(node.args[1]):
        base, exponent = node.args
        return call("exp", Product((exponent, call("log", base))))
    return node
