"""Recognising slips: differentiate with each one, and compare with the answer.

Candidates are compared at a few points in ball arithmetic first, all of them in one program;
what is left is proved or checked like any other claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flint import arb

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.check.model import Attempt, ResultSlip, RuleSlip, Slip, SlipClaim, SlipContext, fill
from chainrule.check.slips import SLIPS
from chainrule.deriving.choices import METHODS
from chainrule.deriving.derivation import named_slope
from chainrule.differentiate.derivation import Step, ordered
from chainrule.differentiate.differentiate import differentiate
from chainrule.differentiate.rule import Context, Rule
from chainrule.differentiate.rules import BY_NAME_OF_RULE
from chainrule.expr.nodes import (
    Call,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Symbol,
    rational_value,
    size,
    transform,
)
from chainrule.parsing.definitions import expand_all
from chainrule.rewrite.normal_form import Tidier
from chainrule.verify.points import grid

# Slips are looked for in formulas that a person would differentiate by hand: a page of them.
MAX_NODES = 150
# A bound on time. Short formulas have some hundred candidates, one of five factors has 1,300.
MAX_CANDIDATES = 3000
# Nearly every wrong candidate is out at the first point; one that agrees at four is compared like
# any claim, with more bits.
SCREENING_BITS = 96
SCREENING_POINTS = 4


@dataclass(frozen=True, slots=True)
class SlipCandidate:
    """A claim, with the place of its slip in the table.

    Slips made with the formula as it was given come before those made with a formula rewritten
    first.
    """

    rewritten: bool
    order: int
    claim: SlipClaim
    everywhere: bool = False

    @property
    def slip(self) -> Slip:
        row = SLIPS[self.order]
        terms = self.claim.terms
        sentence = row.sentence
        if isinstance(row, RuleSlip) and row.alone and terms.get("inner") is terms.get("variable"):
            sentence = row.alone
        if self.everywhere:
            sentence += ", and likewise at the other places"
        return Slip(row.name, fill(sentence, terms))


def recognise(
    answer: Expr,
    right: Sequence[Expr],
    variable: Symbol,
    function: Expr | None,
    agree: Callable[[Expr, Expr], bool],
) -> Slip | None:
    """The first slip that leads to ``answer``, ``None`` if none of the table does.

    Args:
        answer: the wrong expression.
        right: what it should equal, simplified, and other forms that someone may have had.
        variable: the variable of differentiation.
        function: what was to be differentiated, ``None`` if it was only to be rewritten.
        agree: whether two expressions are equal; asked for those that passed the screening.
    """
    if size(answer, right[0], *([function] if function else [])) > 2 * MAX_NODES:
        return None
    found: list[SlipCandidate] = []
    for candidate in _candidates(answer, right, variable, function):
        found.append(candidate)
        if len(found) >= MAX_CANDIDATES:
            break
    found.sort(key=lambda candidate: (candidate.rewritten, candidate.order))
    for candidate in _screened(found):
        if agree(candidate.claim.left, candidate.claim.right):
            return candidate.slip
    return None


def _candidates(
    answer: Expr, right: Sequence[Expr], variable: Symbol, function: Expr | None
) -> Iterator[SlipCandidate]:
    rule_slips = [(i, row) for i, row in enumerate(SLIPS) if isinstance(row, RuleSlip)]
    forms = list(right)
    if function is not None:
        for i, (reading, method) in enumerate(_readings(function)):
            walk = _Walk(reading, variable, method)
            forms.append(walk.raw)
            for order, row in rule_slips:
                for after, terms, everywhere in walk.with_slip(row):
                    claim = SlipClaim(answer, after, {"variable": variable, **terms})
                    yield SlipCandidate(i >= len(METHODS), order, claim, everywhere)
    tidier = Tidier()
    forms += [tidier.tidy(form) for form in forms]
    case = SlipContext(
        answer=answer,
        forms=tuple(dict.fromkeys(forms)),
        function=function,
        variable=variable,
        derivative=lambda expr: _slope(expr, variable),
    )
    for order, slip in enumerate(SLIPS):
        if isinstance(slip, ResultSlip):
            for claim in slip.claims(case):
                yield SlipCandidate(False, order, claim)


def _slope(expr: Expr, variable: Symbol) -> Expr:
    return differentiate(expr, variable, named=named_slope).after


# --- the formula as different people read it ----------------------------------------------------
def _readings(function: Expr) -> list[tuple[Expr, str]]:
    """Formula and method, for each way in which a person may go about it."""
    shapes = [function, transform(function, _root_as_power), expand_all(function)]
    shapes.append(transform(function, _quotient_as_product))
    return [(shape, method) for shape in dict.fromkeys(shapes) for method in METHODS]


def _root_as_power(node: Expr) -> Expr:
    match node:
        case Call("sqrt", (u,)):
            return Power(u, Quotient(Number(1), Number(2)))
        case Call("cbrt", (u,)):
            return Power(u, Quotient(Number(1), Number(3)))
    return node


def _quotient_as_product(node: Expr) -> Expr:
    match node:
        case Quotient(top, Power(base, exponent)) if (n := rational_value(exponent)) is not None:
            below: Expr = Power(base, Number(-n))
        case Quotient(top, bottom) if rational_value(node) is None:
            below = Power(bottom, Number(-1))
        case _:
            return node
    return below if top is Number(1) else Product((top, below))


# --- differentiating with a slip -----------------------------------------------------------------
class _Walk:
    """The differentiation of a formula, to be repeated with slips."""

    def __init__(self, function: Expr, variable: Symbol, method: str) -> None:
        self._function, self._variable, self._method = function, variable, method
        tidy = Tidier().explained
        step = differentiate(function, variable, named=named_slope, method=method, tidy=tidy)
        steps: dict[Expr, Step] = {each.before: each for each in ordered(step)}
        if variable not in steps:
            steps = {}
        self._right = Context(variable, named_slope, method, steps)
        self.raw = self._again({})

    def _again(self, override: dict[Expr, Rule]) -> Expr:
        return differentiate(
            self._function,
            self._variable,
            named=named_slope,
            method=self._method,
            override=override,
        ).after

    def with_slip(self, row: RuleSlip) -> Iterator[tuple[Expr, Mapping[str, Expr], bool]]:
        """The derivative with the slip at each place where it can be made, then at all of them.

        With the terms of its sentence, and whether it is made at all places.
        """
        places = [node for node, step in self._right.steps.items() if step.rule in row.rules]
        everywhere: dict[Expr, Rule] = {}
        first: Attempt | None = None
        for node in reversed(places):
            rule = BY_NAME_OF_RULE[self._right.steps[node].rule]
            for i, attempt in enumerate(row.distort(node, self._right)):
                override = {node: _distorted(rule, row, i)}
                yield self._again(override), attempt.terms, False
                everywhere.setdefault(node, override[node])
                first = first or attempt
        if first is not None and len(everywhere) > 1:
            yield self._again(everywhere), first.terms, True


def _distorted(rule: Rule, row: RuleSlip, i: int) -> Rule:
    """The rule with the i-th way of making the slip; itself where that cannot be made."""

    def derive(node: Expr, context: Context) -> Expr:
        right = rule.derive(node, context)
        # A distortion may look at the right derivative of its node, as for a lost sign.
        context.steps[node] = Step("derivative", rule.name, node, right, context.variable)
        for k, attempt in enumerate(row.distort(node, context)):
            if k == i:
                return attempt.after
        return right

    return rule.replaced(derive=derive, applies=lambda node, context: True)


# --- screening -----------------------------------------------------------------------------------
def _screened(candidates: Sequence[SlipCandidate]) -> Iterator[SlipCandidate]:
    """Those whose two sides agree at the few points tried, wherever both are defined."""
    roots = [side for row in candidates for side in (row.claim.left, row.claim.right)]
    program = compile_balls(roots)
    rows = range(len(candidates))
    agreed = [0] * len(candidates)
    alive = set(rows)
    with precision(SCREENING_BITS):
        for point in grid(len(program.symbols))[:40]:
            if not program.symbols and any(agreed):
                break
            values = program.run(point.balls)
            for k in list(alive):
                left, right = values[2 * k], values[2 * k + 1]
                if not (_is_number(left) and _is_number(right)):
                    continue
                if left.overlaps(right):
                    agreed[k] += 1
                else:
                    alive.discard(k)
            if all(agreed[k] >= SCREENING_POINTS for k in alive):
                break
    for k in rows:
        if k in alive and agreed[k]:
            yield candidates[k]


def _is_number(value: object) -> bool:
    return isinstance(value, arb) and value.is_finite()
