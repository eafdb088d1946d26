"""The road from a formula to its derivative: differentiate, rewrite, verify.

Each stage of a ``Derivation`` is worked out when it is first asked for and kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache, cached_property
from typing import TYPE_CHECKING

from chainrule.deriving.choices import FormName
from chainrule.deriving.problem import Problem, fresh_letter, names
from chainrule.deriving.stages import Stage, Stages
from chainrule.differentiate.derivation import Step, ordered
from chainrule.differentiate.inverse import inverse_rule
from chainrule.errors import InputError
from chainrule.expr.nodes import (
    ONE,
    Call,
    Expr,
    Quotient,
    Sum,
    Symbol,
    postorder,
    substitute,
)
from chainrule.parsing.definitions import definition
from chainrule.rewrite.cost import cost
from chainrule.rewrite.demands import demands
from chainrule.rewrite.everyday import negate_term
from chainrule.rewrite.output_form import OutputForm, output_form
from chainrule.verify.comparison import POINTS

if TYPE_CHECKING:
    from chainrule.rewrite.kinks import Kink
    from chainrule.verify.verdict import Verdict


class Derivation:
    """A formula and its derivative, with every step between them.

    The derivative is compared with the power series of the function when it is first asked
    for. Where the simplified one is wrong, the one that the rules give takes its place, with a
    ``FaultWarning``.

    Attributes:
        problem: what was asked.
    """

    def __init__(self, problem: Problem, *, verified: bool = True) -> None:
        """``verified``: whether derivatives are verified before they are handed out."""
        self.problem = problem
        self._stages = Stages(problem, named_slope, verified=verified)
        self._form_verdicts: dict[Step, Verdict] = {}

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
        return self._stages.by_rules(self._last_function, self.variable).derivative

    @property
    def _last_function(self) -> Expr:
        return self._earlier[-1].derivative if self.order > 1 else self.function

    @cached_property
    def _earlier(self) -> tuple[Stage, ...]:
        """The differentiations before the last one."""
        stages: list[Stage] = []
        function = self.function
        for variable in self.problem.variables[:-1]:
            stages.append(self._stages.sound(function, variable))
            function = stages[-1].derivative
        return tuple(stages)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """One for each differentiation, in order."""
        return (*self._earlier, self._stages.sound(self._last_function, self.variable))

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
            self._stages.tidier,
            self._holds,
        )

    def _holds(self, function: Expr, form: OutputForm) -> bool:
        """Whether the form, and every step to it, holds on the whole domain."""
        from chainrule.verify.check import verify_form

        verdicts = verify_form(function, form.steps, ranges=self.problem.ranges)
        self._form_verdicts |= verdicts
        return all(verdict.holds for verdict in verdicts.values())

    @property
    def case_by_case(self) -> Expr:
        """The derivative with a case for each of the function's, where it has cases."""
        return self.stages[-1].case_by_case

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
            self._stages.tidier,
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
        ranges = self.problem.ranges
        verdicts = verify_steps(self.function, others, ranges=ranges, points=points)
        verdicts |= self._form_verdicts
        if self._claim is not None:
            verdicts[self._claim] = self._stages.judge(self.stages[-1], points)
        return {step: verdicts[step] for step in self.steps}

    @property
    def verdict(self) -> Verdict:
        """The verdict on the derivative itself, or on the first step that is wrong."""
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
            ranges=self.problem.ranges,
        )

    @cached_property
    def _claim(self) -> Step | None:
        """The whole as one step, where it is one differentiation."""
        if self.order > 1:
            return None
        return Step("derivative", "whole", self.function, self.derivative, self.variable)

    @cached_property
    def inverse_claim(self) -> Step | None:
        """For arcsin and the like: the claim that its rule follows from that of its inverse.

        ``None`` for other functions, and if the claim turns out wrong: then nothing is said of it.
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
