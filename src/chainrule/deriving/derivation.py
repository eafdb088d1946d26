"""The road from a formula to its derivative: differentiate, rewrite, verify.

Each stage of a ``Derivation`` is worked out when it is first asked for and kept.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache, cached_property
from typing import TYPE_CHECKING

from chainrule.deriving.choices import FormName
from chainrule.deriving.problem import Problem, fresh_letter, names
from chainrule.differentiate.derivation import Step, ordered
from chainrule.differentiate.differentiate import differentiate
from chainrule.differentiate.inverse import inverse_rule
from chainrule.errors import FaultError, FaultWarning, InputError
from chainrule.expr.catalogue import Entry
from chainrule.expr.nodes import (
    ONE,
    Call,
    Expr,
    Piecewise,
    Quotient,
    Sum,
    Symbol,
    postorder,
    size,
    substitute,
)
from chainrule.parsing.definitions import definition
from chainrule.record import Record
from chainrule.rewrite.cases import REASON as CASES
from chainrule.rewrite.cases import has_steps, merge_cases
from chainrule.rewrite.cost import cost
from chainrule.rewrite.demands import demands
from chainrule.rewrite.normal_form import Tidier, negate_term
from chainrule.rewrite.output_form import OutputForm, output_form
from chainrule.rewrite.simplify import MAX_NODES, simplify

if TYPE_CHECKING:
    from chainrule.differentiate.rules import Rule
    from chainrule.rewrite.kinks import Kink
    from chainrule.verify.verdict import Verdict

# Larger derivatives are left as the rules give them; nobody reads them, and tidying a formula
# that is thousands of levels deep takes time that grows with the square of its depth.
MAX_TIDIED = 1_000
# At how many points a claim is compared unless told otherwise.
POINTS = 16


class Stage(Record):
    """One differentiation: of ``function`` by ``variable``, and the simplification after it.

    Attributes:
        discarded: what the simplification led to, where verification found it wrong; then
            the stage is what the rules give and nothing more.
    """

    function: Expr
    variable: Symbol
    step: Step
    rewriting: tuple[Step, ...]
    discarded: Expr | None = None

    @property
    def raw(self) -> Expr:
        """The derivative as the rules give it."""
        return self.step.after

    @property
    def derivative(self) -> Expr:
        """The derivative simplified."""
        return self.rewriting[-1].after if self.rewriting else self.step.after


class Derivation:
    """A formula and its derivative, with every step between them.

    The derivative is compared with the power series of the function when it is first asked
    for. Where the simplified one is wrong, the one that the rules give takes its place, with a
    ``FaultWarning``.

    Attributes:
        problem: what was asked.
        verified: whether derivatives are verified before they are handed out.
    """

    def __init__(self, problem: Problem, *, verified: bool = True) -> None:
        self.problem = problem
        self.verified = verified
        self._judged: dict[tuple[Expr, Symbol, Expr, int, bool], Verdict] = {}
        self._tidier = Tidier()
        self._form_verdicts: dict[Step, Verdict] = {}
        if problem.entry is not None:
            for name, (low, _) in problem.entry.bounds.items():
                if low is not None and low >= 0:
                    self._tidier.assume_positive(Symbol(name))

    def __repr__(self) -> str:
        return f"Derivation({str(self.function)!r}, by={self.variable.name!r})"

    @property
    def function(self) -> Expr:
        """The formula as it was given."""
        return self.problem.function

    @property
    def variable(self) -> Symbol:
        """The variable of the last differentiation."""
        return self.problem.variables[-1]

    @property
    def order(self) -> int:
        """How often it is differentiated."""
        return len(self.problem.variables)

    @cached_property
    def raw(self) -> Expr:
        """The derivative as the rules give it, before anything is tidied up.

        Raises:
            FaultError: it is wrong.
        """
        stage = self._by_rules(self._last_function, self.variable)
        if self.verified:
            self._require(stage)
        return stage.derivative

    @property
    def _last_function(self) -> Expr:
        return self._earlier[-1].derivative if self.order > 1 else self.function

    @cached_property
    def _earlier(self) -> tuple[Stage, ...]:
        """The differentiations before the last one."""
        stages: list[Stage] = []
        function = self.function
        for variable in self.problem.variables[:-1]:
            stages.append(self._sound_stage(function, variable))
            function = stages[-1].derivative
        return tuple(stages)

    def _by_rules(self, function: Expr, variable: Symbol) -> Stage:
        """The stage without any simplification."""
        step = self._differentiate(function, variable, tidy=False)
        return Stage(function, variable, step, ())

    def _sound_stage(self, function: Expr, variable: Symbol) -> Stage:
        """The stage; without its simplification, if that is wrong.

        Raises:
            FaultError: what the rules give is wrong too.
        """
        stage = self._stage(function, variable)
        if not self.verified:
            return stage
        found = self.judge(stage)
        if found.word != "wrong":
            return stage
        plain = self._by_rules(function, variable)
        self._require(plain)
        fault = FaultWarning(plain.derivative, stage.derivative, found.counterexample)
        warnings.warn(fault, stacklevel=2)
        return plain.replaced(discarded=stage.derivative)

    def _require(self, stage: Stage) -> None:
        found = self.judge(stage, joints=False)
        if found.word == "wrong":
            raise FaultError(stage.function, stage.derivative, found.counterexample)

    def judge(self, stage: Stage, points: int = POINTS, *, joints: bool = True) -> Verdict:
        """The derivative of a stage against the power series of what is differentiated.

        Args:
            stage: one differentiation.
            points: at how many points to compare.
            joints: whether it has to be the slope from both sides where cases meet, too. What
                the rules give has the slope of one of the cases there.
        """
        from chainrule.verify.check import derivative

        claim = stage.function, stage.variable, stage.derivative, points, joints
        if claim not in self._judged:
            found = derivative(
                stage.function,
                stage.derivative,
                {stage.variable: 1},
                ranges=_sample_ranges(self.problem.entry),
                points=points,
            )
            if joints and found.word != "wrong":
                found = self._at_joints(stage) or found
            self._judged[claim] = found
        return self._judged[claim]

    def _at_joints(self, stage: Stage) -> Verdict | None:
        """ "wrong", if where cases meet the derivative has a value that is not the slope."""
        if not any(isinstance(n, Piecewise) for n in postorder(stage.function, stage.derivative)):
            return None
        from chainrule.rewrite.kinks import joints
        from chainrule.rewrite.order import values_of_letters
        from chainrule.verify.one_sided import derivative_at, near

        both = stage.function, stage.derivative
        letters = values_of_letters(Sum(both), stage.variable, self.problem.defaults)
        points = joints(both, stage.variable, self.problem.defaults)
        for values in near(letters) if points else ():
            found = derivative_at(*both, stage.variable, points, values)
            if found is not None:
                return found
        return None

    def _differentiate(self, function: Expr, variable: Symbol, *, tidy: bool) -> Step:
        return differentiate(
            function,
            variable,
            named=named_slope,
            method=self.problem.method,
            tidy=self._tidier.explained if tidy else None,
            override=self._own_rules(function, variable),
        )

    def _own_rules(self, function: Expr, variable: Symbol) -> Mapping[Expr, Rule]:
        """Rules for the parts of the formula with a case that holds at single points only."""
        if not any(isinstance(node, Piecewise) for node in postorder(function)):
            return {}
        from chainrule.rewrite.single_points import single_point_rules

        return single_point_rules(function, variable, self.problem.defaults, self._tidier)

    def _stage(self, function: Expr, variable: Symbol) -> Stage:
        # In a formula of thousands of nodes nobody reads the parts; tidying each would be slow.
        step = self._differentiate(function, variable, tidy=size(function) <= MAX_NODES)
        if size(step.after) > MAX_TIDIED:
            return Stage(function, variable, step, ())
        rewriting = simplify(step.after, variable, self._tidier)
        result = rewriting[-1].after if rewriting else step.after
        # The function's cases too: x + {x = 0: 1, else: 0} has no derivative at 0.
        nodes = postorder(result, function)
        if len(nodes) <= MAX_NODES and (
            any(isinstance(node, Piecewise) for node in nodes) or has_steps(function, variable)
        ):
            merged = merge_cases(
                result, variable, self.problem.defaults, function, tidier=self._tidier
            )
            if merged is not result:
                rewriting.append(
                    Step("rewriting", CASES, result, merged, variable, reasons=(CASES,))
                )
        return Stage(function, variable, step, tuple(rewriting))

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """One for each differentiation, in order."""
        return (*self._earlier, self._sound_stage(self._last_function, self.variable))

    @property
    def derivative(self) -> Expr:
        """The simplified derivative, verified.

        Raises:
            FaultError: what the rules give is wrong.
        """
        return self.stages[-1].derivative

    @property
    def letter(self) -> str:
        """The one letter by which a walk-through calls the function: σ, or y for SiLU."""
        return self.output.name

    @cached_property
    def output(self) -> Symbol:
        """The symbol that stands for the function's value in the output form."""
        taken = names(self.function) | {argument.name for argument in self.problem.arguments}
        return Symbol(fresh_letter((self.problem.name, "y", "w", "z", "v"), taken))

    @cached_property
    def output_form(self) -> OutputForm | None:
        """The derivative by the function's own output, or ``None`` if none was found."""
        if len(set(self.problem.variables)) > 1:
            return None
        return output_form(
            self.function,
            self.case_by_case,
            self.variable,
            self.output,
            self._tidier,
            self._holds,
        )

    def _holds(self, function: Expr, form: OutputForm) -> bool:
        """Whether the form, and every step to it, holds on the whole domain."""
        from chainrule.verify.check import verify_form

        verdicts = verify_form(function, form.steps, ranges=_sample_ranges(self.problem.entry))
        self._form_verdicts |= verdicts
        return all(verdict.holds for verdict in verdicts.values())

    @property
    def case_by_case(self) -> Expr:
        """The derivative with a case for each of the function's, where it has cases."""
        rewriting = self.stages[-1].rewriting
        if isinstance(self.function, Piecewise) and rewriting and rewriting[-1].rule == CASES:
            step = rewriting[-1]
            same = isinstance(step.after, Piecewise) and len(step.after.values) == len(
                self.function.values
            )
            return step.after if same else step.before
        return self.derivative

    @cached_property
    def kinks(self) -> tuple[Kink, ...]:
        """Where the function switches, or its domain ends: does the derivative exist there?

        What is said of the limits from both sides was checked in balls beside the point; what
        was not found to be so is left out.
        """
        from chainrule.rewrite.kinks import kinks
        from chainrule.rewrite.order import values_of_letters

        if self.order > 1:
            return ()
        problem = self.problem
        found = kinks(
            self.function,
            self.variable,
            problem.defaults,
            named_slope,
            problem.entry,
            self._tidier,
        )
        if not found:
            return ()
        from chainrule.verify.one_sided import confirmed, near

        letters = values_of_letters(self.function, self.variable, problem.defaults)
        sets = near(letters)
        return tuple(confirmed(self.function, self.variable, kink, sets) for kink in found)

    def form(self, form: FormName = "simplified") -> Expr:
        """The derivative in one of its forms.

        Raises:
            InputError: there is no form by the function's own output.
        """
        if form == "raw":
            return self.raw
        if form == "simplified":
            return self.derivative
        if self.output_form is None:
            raise InputError(
                "the derivative has no form by the function's own output",
                hint="--form simplified always works",
            )
        return self.output_form.expr

    @property
    def label(self) -> str:
        """What is printed before the derivative where there are several: df/dx."""
        name = self.problem.name
        if self.order == 1:
            return f"d{name}/d{self.variable.name}"
        below = "".join(f"d{variable.name}" for variable in self.problem.variables)
        return f"d^{self.order}{name}/{below}"

    # --- verification ---------------------------------------------------------------------------
    @cached_property
    def verdicts(self) -> dict[Step, Verdict]:
        """What was verified of each of ``steps``, and how."""
        return self.verify()

    def verify(self, points: int = POINTS) -> dict[Step, Verdict]:
        """Verify every step: by algebra, else in ball arithmetic at ``points`` points.

        The steps to the output form were verified when it was found, on every piece of the
        domain.
        """
        from chainrule.verify.check import verify_steps

        form = self.output_form
        known = {self._claim, *(() if form is None else form.steps)}
        others = [step for step in self.steps if step not in known]
        ranges = _sample_ranges(self.problem.entry)
        verdicts = verify_steps(self.function, others, ranges=ranges, points=points)
        verdicts |= self._form_verdicts
        if self._claim is not None:
            verdicts[self._claim] = self.judge(self.stages[-1], points)
        return {step: verdicts[step] for step in self.steps}

    @property
    def verdict(self) -> Verdict:
        """The verdict on the derivative itself; that of a step instead, should one be wrong."""
        wrong = next((v for v in self.verdicts.values() if v.word == "wrong"), None)
        return wrong or self._whole_verdict

    @cached_property
    def _whole_verdict(self) -> Verdict:
        """The simplified derivative against the power series of the function itself."""
        from chainrule.verify.check import derivative

        if self._claim is not None:
            return self.verdicts[self._claim]
        return derivative(
            self.function,
            self.derivative,
            Counter(self.problem.variables),
            ranges=_sample_ranges(self.problem.entry),
        )

    @cached_property
    def _claim(self) -> Step | None:
        """The whole as one step, where it is one differentiation."""
        if self.order > 1:
            return None
        return Step("derivative", "whole", self.function, self.derivative, self.variable)

    @cached_property
    def inverse_claim(self) -> Step | None:
        """For arcsin and the like: that its rule follows from the rule of what it undoes.

        ``None`` for other functions, and if that turns out wrong: the page goes without it.
        """
        from chainrule.verify.check import verify_steps

        claim = inverse_rule(self.function, self.variable) if self.order == 1 else None
        if claim is None or verify_steps(self.function, [claim])[claim].word == "wrong":
            return None
        return claim

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step, each after those it rests on."""
        return tuple(self._all_steps())

    def _all_steps(self) -> Iterator[Step]:
        for stage in self.stages:
            yield from ordered(stage.step)
            yield from stage.rewriting
        if self.inverse_claim is not None:
            yield self.inverse_claim
        if self.output_form is not None:
            yield from self.output_form.steps
        if self._claim is not None:
            yield self._claim


def _sample_ranges(entry: Entry | None) -> dict[Symbol, tuple[Fraction, Fraction]]:
    """Where a catalogue function makes sense: its samples, and where its conditions hold."""
    if entry is None:
        return {}
    ranges = {}
    for name, (low, high) in entry.bounds.items():
        if low is not None:
            ranges[Symbol(name)] = (low + Fraction(1, 10), low + 4) if high is None else (low, high)
        elif high is not None:
            ranges[Symbol(name)] = high - 4, high - Fraction(1, 10)
    for name, text in entry.sample:
        start, dots, end = text.partition("..")
        if dots:
            ranges[Symbol(name)] = (Fraction(start), Fraction(end))
    return ranges


@cache
def _slope_template(name: str, index: int) -> tuple[tuple[Symbol, ...], Expr]:
    """The derivative of a catalogue function by its i-th symbol, in its own symbols.

    The function's own output is used where that takes less ink and holds on the whole domain: no
    division by x, as in gelu(x)/x, and nothing else that function and derivative do without.
    """
    known = definition(name)
    variable = known.symbols[index]
    derivation = Derivation(Problem(function=known.expr, variables=(variable,)))
    best = derivation.derivative
    form = derivation.output_form
    logistic = _with_logistic(best) if name != "sigmoid" else best
    if logistic is not best:
        return known.symbols, logistic
    if form is not None and not form.cases:
        by_itself = substitute(form.expr, {form.output: Call(name, known.symbols)})
        shorter = not form.needs_variable or cost(by_itself) < cost(best)
        if shorter and set(demands(by_itself)) <= set(demands(known.expr, best)):
            best = by_itself
    return known.symbols, best


def _with_logistic(expr: Expr) -> Expr:
    """With σ(u) for e^u/(1 + e^u) and 1/(1 + e^{-u}), where these make up the whole."""
    for node in postorder(expr):
        if isinstance(node, Call) and node.name == "exp":
            (u,) = node.args
            sums = [Sum((ONE, node)), Sum((node, ONE))]
            if any(expr is Quotient(node, total) for total in sums):
                return Call("sigmoid", (u,))
            if any(expr is Quotient(ONE, total) for total in sums):
                return Call("sigmoid", (negate_term(u),))
    return expr


def named_slope(name: str, index: int, args: tuple[Expr, ...]) -> Expr:
    """The derivative of a catalogue function by its i-th argument, at ``args``."""
    own, template = _slope_template(name, index)
    return substitute(template, dict(zip(own, args, strict=True)))
