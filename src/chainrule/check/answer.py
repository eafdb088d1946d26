"""Is this the derivative? ``check_answer`` says so, how it knows, and what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from chainrule.check.compare import (
    CLOSE_BITS,
    ComparedPoints,
    Difference,
    Env,
    Values,
    against_expression,
    against_function,
    as_term,
    boundary,
    compare,
    difference,
    simple_points,
)
from chainrule.check.model import Slip, fill
from chainrule.check.recognise import recognise
from chainrule.deriving.derivation import Derivation
from chainrule.deriving.problem import Problem
from chainrule.document.blocks import Chain, Inline, Math
from chainrule.expr.nodes import (
    ONE,
    ZERO,
    Expr,
    Number,
    Quotient,
    Symbol,
    Unknown,
    depends_on,
    negate,
    postorder,
    rational_value,
    size,
    substitute,
    symbols,
)
from chainrule.rewrite.simplify import MAX_NODES, simplified
from chainrule.verify.algebra import prove
from chainrule.verify.check import derivative, equal
from chainrule.verify.verdict import Counterexample, Verdict


@dataclass(frozen=True, slots=True)
class Relation:
    """How a wrong answer relates to the right one: right times, or plus, a constant."""

    kind: Literal["factor", "offset"]
    value: Expr

    @property
    def sentence(self) -> Inline:
        """In words, without a capital and a full stop."""
        if self.kind == "factor":
            return fill("it is off by the factor {value}", {"value": self.value})
        return fill("it is off by the constant {value}", {"value": self.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is to be said about an answer.

    Attributes:
        answer: the answer, the function's own name in it replaced by the function.
        right: what it should equal, simplified.
        equal: whether it does wherever both are defined; ``None`` if that could not be told.
        verdict: how that is known.
        counterexample: the simplest point found at which it does not.
        slip: the slip that leads to this answer.
        relation: where no slip does: the constant by which it is off.
        remarks: what else there is to say: other letters, a domain that is too small.
    """

    answer: Expr
    right: Expr
    equal: bool | None
    verdict: Verdict
    counterexample: Difference | None = None
    slip: Slip | None = None
    relation: Relation | None = None
    remarks: tuple[Inline, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Whether an answer equals what it should.

    Attributes:
        problem: where it comes from.
        answer: the answer.
        right: what it should equal.
        forms: that, and other forms of it in which someone may have had it.
        function: what was to be differentiated last, ``None`` if it was only to be rewritten.
        values: the right value and the answer's at a point.
        verify: proves or checks that they are equal.
    """

    problem: Problem
    answer: Expr
    right: Expr
    forms: tuple[Expr, ...]
    function: Expr | None
    values: Values
    verify: Callable[[], Verdict]

    @property
    def variable(self) -> Symbol:
        return self.problem.variables[-1]

    @property
    def known(self) -> list[Symbol]:
        """The letters of the function, the variable first."""
        own = symbols(self.problem.function, self.right)
        return list(dict.fromkeys([self.variable, *self.problem.variables, *own]))

    @property
    def foreign(self) -> list[Symbol]:
        """The letters that only the answer has."""
        return [symbol for symbol in symbols(self.answer) if symbol not in self.known]

    def points(self) -> Iterator[Env]:
        defaults = {
            symbol: Fraction(value)
            for symbol, default in self.problem.defaults.items()
            if (value := rational_value(default)) is not None
        }
        return simple_points([*self.known, *self.foreign], self.variable, defaults)


def check_answer(problem: Problem, answer: Expr) -> Judgement:
    """Judge ``answer`` as the derivative that ``problem`` asks for.

    The function's own name may occur in the answer: σ(1 − σ) for the sigmoid.

    Raises:
        InputError: the function cannot be differentiated.
    """
    answer = own_name_replaced(problem, answer)
    stage = Derivation(problem).stages[-1]
    right = stage.derivative

    def verify() -> Verdict:
        proof = prove(answer, right)
        if proof is not None:
            return Verdict("proved", proof=proof)
        return derivative(problem.function, answer, Counter(problem.variables))

    return _judged(
        _Question(
            problem=problem,
            answer=answer,
            right=right,
            forms=(right, stage.raw, *(step.after for step in stage.rewriting)),
            function=stage.function,
            values=against_function(problem.function, problem.variables, answer),
            verify=verify,
        )
    )


def check_rewriting(problem: Problem, before: Expr, after: Expr) -> Judgement:
    """Judge whether ``after`` equals ``before`` where the function is defined."""
    return _judged(
        _Question(
            problem=problem,
            answer=after,
            right=before,
            forms=(before,),
            function=None,
            values=against_expression(before, problem.function, after),
            verify=lambda: equal(after, before),
        )
    )


def own_name_replaced(problem: Problem, answer: Expr) -> Expr:
    """The answer with the function in place of its name: y, f(x), σ."""
    own = set(symbols(problem.function)) | set(problem.variables)
    variable = problem.variables[0]
    mapping: dict[Expr, Expr] = {}
    for node in postorder(answer):
        match node:
            case Symbol(name) if name in (problem.name, "y") and node not in own:
                mapping[node] = problem.function
            case Unknown(problem.name, (0,), (argument,)):
                mapping[node] = substitute(problem.function, {variable: argument})
    return substitute(answer, mapping) if mapping else answer


def _judged(question: _Question) -> Judgement:
    samples = compare(question.values, question.points())
    wrong = _first(samples, "different")
    undefined = _first(samples, "answer undefined")
    if wrong is not None or (undefined is not None and _first(samples, "same") is None):
        return _refuted(question, samples, wrong or undefined)  # type: ignore[arg-type]
    verdict = question.verify()
    if verdict.word != "proved":
        closer = compare(question.values, question.points(), CLOSE_BITS)
        if (wrong := _first(closer, "different")) is not None:
            return _refuted(question, closer, wrong)
        if not verdict.holds:
            verdict = _by_samples(samples, question.variable) or verdict
    remarks = [_foreign_letter(symbol) for symbol in question.foreign]
    if undefined is not None and (gap := difference(undefined, question.right, question.answer)):
        remarks.append(_undefined(gap))
    return Judgement(
        answer=question.answer,
        right=question.right,
        equal=True if verdict.holds else None,
        verdict=verdict,
        remarks=tuple(remarks),
    )


def _refuted(
    question: _Question, samples: list[ComparedPoints], wrong: ComparedPoints
) -> Judgement:
    answer, right, variable = question.answer, question.right, question.variable
    gap = difference(wrong, right, answer)
    slip = recognise(
        answer, question.forms, variable, question.function, lambda a, b: equal(a, b).holds
    )
    relation = None
    if slip is None and not question.foreign:
        relation = constant_relation(answer, right, variable)
    remarks = [_foreign_letter(symbol) for symbol in question.foreign]
    if (side := boundary(samples, variable)) is not None:
        remarks.append(_one_side(variable, *side))
    return Judgement(
        answer=answer,
        right=right,
        equal=False,
        verdict=Verdict("wrong", counterexample=_as_evidence(gap)),
        counterexample=gap,
        slip=slip,
        relation=relation,
        remarks=tuple(remarks),
    )


def _by_samples(samples: list[ComparedPoints], variable: Symbol) -> Verdict | None:
    """A verdict from the points at which the answer was compared, all in the domain."""
    same = [sample for sample in samples if sample.outcome == "same"]
    digits = int(min((sample.bits for sample in same), default=0) * 0.30103)
    if len(same) < 4 or digits < 15:
        return None
    values = sorted(sample.env[variable] for sample in same)
    interval = str(values[0]), str(values[-1])
    return Verdict("checked", len(same), min(digits, 30), interval, variable.name)


def _first(samples: list[ComparedPoints], outcome: str) -> ComparedPoints | None:
    return next((sample for sample in samples if sample.outcome == outcome), None)


def _as_evidence(gap: Difference | None) -> Counterexample | None:
    if gap is None:
        return None
    point = {symbol.name: str(value) for symbol, value in gap.point}
    answer = "undefined" if gap.answer is None else str(gap.answer)
    return Counterexample(point, answer, str(gap.expected))


# --- off by a constant -----------------------------------------------------------------------
def constant_relation(answer: Expr, right: Expr, variable: Symbol) -> Relation | None:
    """The constant factor or constant by which the answer is off, if there is one."""
    if size(answer, right) > MAX_NODES:
        return None
    if right is not ZERO:
        factor = simplified(Quotient(answer, right), variable)
        if factor not in (ZERO, ONE) and _worth_saying(factor, variable):
            return Relation("factor", factor)
    offset = simplified(answer + negate(right), variable)
    if offset is not ZERO and _worth_saying(offset, variable):
        return Relation("offset", offset)
    return None


def _worth_saying(constant: Expr, variable: Symbol) -> bool:
    if depends_on(constant, variable):
        return False
    return len(str(constant)) <= 12


# --- remarks --------------------------------------------------------------------------------------
def _foreign_letter(symbol: Symbol) -> Inline:
    return fill(
        "your answer has a letter {letter} that the function does not have", {"letter": symbol}
    )


def _undefined(gap: Difference) -> Inline:
    value = as_term(gap.expected)
    if not gap.point:
        return fill("your answer is not defined; the right value is {value}", {"value": value})
    template = "your answer is not defined at {point}, where the right value is {value}"
    return fill(template, {"point": gap.where, "value": value})


def _one_side(variable: Symbol, at: Fraction, above: bool) -> Inline:
    right, wrong = (">", "<") if above else ("<", ">")
    terms = (variable, Number(at))
    return fill(
        "at the points tried it is right where {right}, and wrong where {wrong}",
        {"right": Math(Chain(terms, (right,))), "wrong": Math(Chain(terms, (wrong,)))},
    )
