"""One differentiation: by the rules, simplified, and judged before it is handed on."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chainrule.deriving.problem import Problem
from chainrule.differentiate.derivation import Step
from chainrule.differentiate.differentiate import differentiate
from chainrule.errors import FaultError, FaultWarning
from chainrule.expr.nodes import Expr, Piecewise, Sum, Symbol, postorder, size
from chainrule.record import Record
from chainrule.rewrite.cases import REASON as CASES
from chainrule.rewrite.cases import merge_cases
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.simplify import MAX_NODES, simplify
from chainrule.rewrite.steps import steps_in
from chainrule.verify.comparison import POINTS

if TYPE_CHECKING:
    from chainrule.differentiate.rule import NamedDerivative, Rule
    from chainrule.verify.verdict import Verdict

# Larger derivatives are left as the rules give them; nobody reads them, and tidying a formula
# that is thousands of levels deep takes time that grows with the square of its depth.
MAX_TIDIED = 1_000


class Stage(Record):
    """One differentiation: of ``function`` by ``variable``, and the simplification after it.

    Attributes:
        discarded: what the simplification led to, where verification found it wrong; then
            the stage is what the rules give and nothing more.
    """

    function: Expr
    variable: Symbol
    step: Step
    rewriting: tuple[Step, ...] = ()
    discarded: Expr | None = None

    @property
    def raw(self) -> Expr:
        """The derivative as the rules give it."""
        return self.step.after

    @property
    def derivative(self) -> Expr:
        """The derivative simplified."""
        return self.rewriting[-1].after if self.rewriting else self.raw

    @property
    def case_by_case(self) -> Expr:
        """The derivative with a case for each of the function's, where it has cases."""
        last = self.rewriting[-1] if self.rewriting else None
        if not isinstance(self.function, Piecewise) or last is None or last.rule != CASES:
            return self.derivative
        count = len(self.function.values)
        same = isinstance(last.after, Piecewise) and len(last.after.values) == count
        return last.after if same else last.before


class Stages:
    """Makes the stages of one problem, and remembers what was found of each.

    Attributes:
        tidier: what is known of the letters; rewriting after the stages goes on with it.
    """

    def __init__(self, problem: Problem, named: NamedDerivative, *, verified: bool) -> None:
        """``named`` gives the slopes of catalogue functions; ``verified``: see ``sound``."""
        self._problem = problem
        self._named = named
        self._verified = verified
        self._judged: dict[tuple[Expr, Symbol, Expr, int, bool], Verdict] = {}
        self.tidier = Tidier()
        if problem.entry is not None:
            for name, (low, _) in problem.entry.bounds.items():
                if low is not None and low >= 0:
                    self.tidier.assume_positive(Symbol(name))

    # --- making -----------------------------------------------------------------------------
    def sound(self, function: Expr, variable: Symbol) -> Stage:
        """The stage; without its simplification, if that is wrong.

        Raises:
            FaultError: what the rules give is wrong too. Never, if nothing is verified.
        """
        stage = self._simplified(function, variable)
        if not self._verified:
            return stage
        found = self.judge(stage)
        if found.word != "wrong":
            return stage
        plain = self.by_rules(function, variable)
        fault = FaultWarning(plain.derivative, stage.derivative, found.counterexample)
        warnings.warn(fault, stacklevel=2)
        return plain.replaced(discarded=stage.derivative)

    def by_rules(self, function: Expr, variable: Symbol) -> Stage:
        """The stage without any simplification.

        Raises:
            FaultError: it is wrong. Never, if nothing is verified.
        """
        stage = Stage(function, variable, self._differentiate(function, variable, tidy=False))
        if self._verified:
            found = self.judge(stage, joints=False)
            if found.word == "wrong":
                raise FaultError(stage.function, stage.derivative, found.counterexample)
        return stage

    def _simplified(self, function: Expr, variable: Symbol) -> Stage:
        # In a formula of thousands of nodes nobody reads the parts; tidying each would be slow.
        step = self._differentiate(function, variable, tidy=size(function) <= MAX_NODES)
        if size(step.after) > MAX_TIDIED:
            return Stage(function, variable, step)
        rewriting = simplify(step.after, variable, self.tidier)
        result = rewriting[-1].after if rewriting else step.after
        # The function's cases too: x + {x = 0: 1, else: 0} has no derivative at 0.
        nodes = postorder(result, function)
        if len(nodes) <= MAX_NODES and (
            any(isinstance(node, Piecewise) for node in nodes) or steps_in(result, variable)
        ):
            defaults = self._problem.defaults
            merged = merge_cases(result, variable, defaults, function, tidier=self.tidier)
            if merged is not result:
                rewriting.append(
                    Step("rewriting", CASES, result, merged, variable, reasons=(CASES,))
                )
        return Stage(function, variable, step, tuple(rewriting))

    def _differentiate(self, function: Expr, variable: Symbol, *, tidy: bool) -> Step:
        return differentiate(
            function,
            variable,
            named=self._named,
            method=self._problem.method,
            tidy=self.tidier.explained if tidy else None,
            override=self._own_rules(function, variable),
        )

    def _own_rules(self, function: Expr, variable: Symbol) -> Mapping[Expr, Rule]:
        """Rules for the parts of the formula with a case that holds at single points only."""
        if not any(isinstance(node, Piecewise) for node in postorder(function)):
            return {}
        from chainrule.rewrite.single_points import single_point_rules

        return single_point_rules(function, variable, self._problem.defaults, self.tidier)

    # --- judging ----------------------------------------------------------------------------
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
                ranges=self._problem.ranges,
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

        both, defaults = (stage.function, stage.derivative), self._problem.defaults
        letters = values_of_letters(Sum(both), stage.variable, defaults)
        points = joints(both, stage.variable, defaults)
        for values in near(letters) if points else ():
            found = derivative_at(*both, stage.variable, points, values)
            if found is not None:
                return found
        return None
