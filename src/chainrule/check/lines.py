"""A whole derivation, line by line: which is the first line that does not follow?

The first line is the function; those after it rewrite it, introduce names, or claim a
derivative; each expression is judged against the one before it that claims the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from chainrule.check.answer import Judgement, check_answer, check_rewriting, own_name_replaced
from chainrule.check.model import fill
from chainrule.check.statements import Label, Statement, StatementSide, read, statements
from chainrule.deriving.derivation import Derivation, named_slope
from chainrule.deriving.problem import Problem, choose_variable
from chainrule.differentiate.differentiate import differentiate
from chainrule.document.blocks import Inline
from chainrule.errors import InputError
from chainrule.expr.nodes import Expr, Symbol, depends_on, substitute, symbols
from chainrule.parsing.names import spellings

Claim = Literal["function", "name", "rewriting", "derivative"]
Subject = tuple[str, int, str | None]
"""What an expression is said to equal: a name, how often differentiated, by what."""


@dataclass(frozen=True, slots=True)
class LineJudgement:
    """What is to be said about one line.

    Attributes:
        number: of the line, from 1.
        text: the line without its comment.
        claim: what the line does: state the function, introduce a name, rewrite what was
            there, or claim a derivative.
        follows: whether it follows; ``None`` if that could not be told.
        judgement: of the first expression in it that does not follow, or of the last one;
            ``None`` where there was nothing to judge.
        note: why it could not be told.
    """

    number: int
    text: str
    claim: Claim
    follows: bool | None
    judgement: Judgement | None = None
    note: Inline = ()


def check_lines(text: str) -> list[LineJudgement]:
    """Judge a derivation, one statement per line; see the module for what a line can be.

    >>> rows = check_lines("f(x) = sin(x^2)\\nf'(x) = cos(x^2)\\n= cos(x^2)")
    >>> [(row.number, row.follows) for row in rows]
    [(1, True), (2, False), (3, True)]
    >>> str(rows[1].judgement.slip)
    'the inner derivative of sin(x^2), which is 2*x, was forgotten'

    Raises:
        InputError: a line cannot be read, with its number; there is no line.
    """
    lines = statements(text)
    if not lines:
        raise InputError("there is no derivation here", text=text, position=0)
    reader = _Reader(text, lines)
    return list(reader.judged())


def first_failure(judged: Sequence[LineJudgement]) -> LineJudgement | None:
    """The first line that does not follow."""
    return next((line for line in judged if line.follows is False), None)


class _CannotTellError(Exception):
    """A line says something that cannot be judged; the message says why."""

    def __init__(self, reason: Inline) -> None:
        self.reason = reason
        super().__init__()


@dataclass(slots=True)
class _Claimed:
    """The last expression that was claimed for a subject."""

    expr: Expr
    right: bool


@dataclass(slots=True)
class _State:
    problem: Problem
    subject: Subject
    names: dict[str, Expr] = field(default_factory=dict)
    by_names: dict[str, Expr] = field(default_factory=dict)
    """The function written with a name, as stated: y = u^3."""
    parts: dict[str, Expr] = field(default_factory=dict)
    """Expressions that lines differentiate by themselves, by their text: d/dx (x^2)."""
    last: dict[Subject, _Claimed] = field(default_factory=dict)


class _Reader:
    """Goes through the lines of one derivation."""

    def __init__(self, text: str, lines: list[Statement]) -> None:
        self._text = text
        self._first, *self._rest = lines
        self._state = self._function(self._first)

    # --- the first line ------------------------------------------------------------------------
    def _function(self, line: Statement) -> _State:
        label, sides = _labelled(line)
        if line.continues or line.let or (label is not None and label.order):
            raise InputError(
                "the first line must be the function",
                text=self._text,
                position=line.sides[0].start,
                hint="write it as f(x) = … or as a formula alone",
            )
        function = read(sides[0], self._text, ()).expr
        if label is None and len(sides) > 1:
            raise InputError(
                "the first line must be one function, not an equation",
                text=self._text,
                position=sides[1].start,
            )
        arguments = tuple(Symbol(name) for name in (label.args if label else ()))
        variable = self._variable(label, function, arguments)
        name = label.name if label else "f"
        problem = Problem(function=function, variables=(variable,), name=name, arguments=arguments)
        subject: Subject = (name, 0, None)
        return _State(problem, subject, last={subject: _Claimed(function, True)})

    def _variable(
        self, label: Label | None, function: Expr, arguments: tuple[Symbol, ...]
    ) -> Symbol:
        """The first argument, or the letter by which a later line differentiates."""
        own = {symbol.name for symbol in symbols(function)}
        for line in self._rest:
            for side in line.sides:
                by = side.by or (side.label.by if side.label else None)
                if by in own and not arguments:
                    return Symbol(by)
        return choose_variable(function, arguments, None)

    # --- every line ----------------------------------------------------------------------------
    def judged(self) -> Iterator[LineJudgement]:
        first = self._first
        _, sides = _labelled(first)
        yield self._line(first, "function", sides[1:], self._state.subject)
        for line in self._rest:
            label, sides = _labelled(line, self._is_subject)
            left = line.sides[0]
            if left.operand is not None and not line.continues and len(sides) > 1:
                self._state.subject = self._part(left.operand, left.by)
                yield self._line(line, "derivative", sides[1:], self._state.subject, labelled=True)
            elif label is None:
                claim: Claim = "rewriting" if self._state.subject[1] == 0 else "derivative"
                yield self._line(line, claim, sides, self._state.subject)
            elif self._introduces(line, label):
                yield self._name(line, label, sides)
            else:
                subject = self._subject(line, label)
                self._state.subject = subject
                claim = "derivative" if subject[1] else "rewriting"
                yield self._line(line, claim, sides, subject, labelled=True)

    def _is_subject(self, label: Label) -> bool:
        """Whether this is a label, and not an expression that looks like one: cos(x) = …"""
        own = self._state.problem
        taken = {symbol.name for symbol in (*symbols(own.function), *own.variables)}
        if label.order == 0 and not self._names_function(label):
            return label.name not in spellings() and label.name not in taken
        return True

    def _names_function(self, label: Label) -> bool:
        own = self._state.problem
        return label.name in (own.name, "y", "f") and label.name not in self._state.names

    def _introduces(self, line: Statement, label: Label) -> bool:
        return label.order == 0 and (line.let or not self._names_function(label))

    def _subject(self, line: Statement, label: Label) -> Subject:
        if self._names_function(label):
            name = self._state.problem.name
        elif label.name in self._state.names:
            name = label.name
        else:
            raise InputError(
                f"no line above says what `{label.name}` is",
                text=self._text,
                position=line.sides[0].start,
                hint=f"say so first: let {label.name} = …",
            )
        by = label.by if label.by in self._state.names else None
        return name, label.order, by

    def _name(
        self, line: Statement, label: Label, sides: tuple[StatementSide, ...]
    ) -> LineJudgement:
        """A line that introduces a name, or says again what it is."""
        subject: Subject = (label.name, 0, None)
        known = self._state.names.get(label.name)
        if known is None:
            self._state.names[label.name] = self._meaning(sides[0])
            self._state.last[subject] = _Claimed(self._state.names[label.name], True)
            sides = sides[1:]
        return self._line(line, "name", sides, subject)

    def _part(self, operand: StatementSide, by: str | None) -> Subject:
        """What d/dx of an expression is about: the function, or that expression alone."""
        problem = self._state.problem
        expr = self._meaning(operand)
        if expr is problem.function:
            return problem.name, 1, None
        if by != problem.variables[0].name:
            raise InputError(
                f"the derivative here is by {problem.variables[0].name}",
                text=self._text,
                position=operand.start,
            )
        self._state.parts[operand.text] = expr
        return operand.text, 1, None

    def _line(
        self,
        line: Statement,
        claim: Claim,
        sides: tuple[StatementSide, ...],
        subject: Subject,
        labelled: bool = False,
    ) -> LineJudgement:
        """Judge the expressions of a line, one after the other."""
        judgement: Judgement | None = None
        follows: bool | None = True
        note: Inline = ()
        for side in sides:
            try:
                expr = self._meaning(side)
                if not labelled and claim != "name" and claim != "function":
                    subject = self._turned(subject, expr)
                    claim = "derivative" if subject[1] else claim
                judgement = self._judge(subject, side, expr)
            except _CannotTellError as reason:
                follows, note = None, reason.reason
                break
            follows = judgement.equal
            if follows is False:
                break
        return LineJudgement(line.number, line.text, claim, follows, judgement, note)

    def _turned(self, subject: Subject, expr: Expr) -> Subject:
        """From rewriting the function to its derivative, which only the meaning gives away."""
        name, order, _ = subject
        if name != self._state.problem.name or order:
            return subject
        before = self._state.last[subject].expr
        if check_rewriting(self._state.problem, before, expr).equal:
            return subject
        self._state.subject = (name, 1, None)
        return self._state.subject

    def _judge(self, subject: Subject, side: StatementSide, expr: Expr) -> Judgement:
        state = self._state
        before = state.last.get(subject)
        name, order, by = subject
        if before is None:
            judgement = self._as_derivative(name, order, by, side, expr)
        else:
            judgement = check_rewriting(state.problem, before.expr, expr)
            if not before.right and order and not judgement.equal:
                # A line may put right what the line before it had wrong.
                anew = self._as_derivative(name, order, by, side, expr)
                judgement = anew if anew.equal else judgement
        right = judgement.equal is not False and (before is None or before.right)
        state.last[subject] = _Claimed(expr, right)
        if name == state.problem.name and order == 0:
            self._remember_by_names(side)
        return judgement

    def _remember_by_names(self, side: StatementSide) -> None:
        expr = read(side, self._text, self._state.names).expr
        for name in self._state.names:
            if depends_on(expr, Symbol(name)):
                self._state.by_names[name] = expr

    def _as_derivative(
        self, name: str, order: int, by: str | None, side: StatementSide, expr: Expr
    ) -> Judgement:
        problem = self._state.problem
        variable = problem.variables[0]
        if by is not None:
            outer = self._outer(name, by)
            asked = problem.replaced(function=outer, variables=(Symbol(by),) * order, name="")
            answer = read(side, self._text, self._state.names).expr
            if not depends_on(answer, variable):
                return check_answer(asked, answer)
            right = self._with_names(Derivation(asked).derivative)
            return check_rewriting(problem, right, expr)
        function = self._state.parts.get(name) or self._state.names.get(name, problem.function)
        return check_answer(
            problem.replaced(function=function, variables=(variable,) * order), expr
        )

    # --- what an expression means ----------------------------------------------------------------
    def _meaning(self, side: StatementSide) -> Expr:
        """The expression with everything that has a name written out."""
        variables: list[Symbol] = []
        while side.operand is not None:
            variables.append(Symbol(side.by or "x"))
            side = side.operand
        reading = read(side, self._text, [*self._state.names, self._state.problem.name, "y"])
        mapping: dict[Expr, Expr] = {
            symbol: self._derivative_of(name, by)
            for symbol, (name, by) in reading.derivatives.items()
        }
        expr = substitute(reading.expr, mapping) if mapping else reading.expr
        expr = own_name_replaced(self._state.problem, self._with_names(expr))
        for variable in reversed(variables):
            expr = differentiate(expr, variable, named=named_slope).after
        return expr

    def _with_names(self, expr: Expr) -> Expr:
        mapping: dict[Expr, Expr] = {Symbol(n): value for n, value in self._state.names.items()}
        return substitute(expr, mapping) if mapping else expr

    def _derivative_of(self, name: str, by: str | None) -> Expr:
        """What du/dx, dy/du or u' stands for in an expression."""
        problem = self._state.problem
        if by is not None and by in self._state.names:
            asked = Problem(function=self._outer(name, by), variables=(Symbol(by),))
        else:
            function = self._state.names.get(name, problem.function)
            asked = Problem(function=function, variables=problem.variables[:1])
        return self._with_names(Derivation(asked).derivative)

    def _outer(self, name: str, by: str) -> Expr:
        """The function, or a name, written with the name ``by``."""
        problem = self._state.problem
        inner = self._state.names[by]
        if name in self._state.names:
            found = substitute(self._state.names[name], {inner: Symbol(by)})
        else:
            stated = self._state.by_names.get(by)
            found = stated or substitute(problem.function, {inner: Symbol(by)})
        if depends_on(found, problem.variables[0]):
            raise _CannotTellError(
                fill("no line says how it is written with {letter} alone", {"letter": Symbol(by)})
            )
        return found


def _labelled(
    line: Statement, is_subject: Callable[[Label], bool] = lambda label: True
) -> tuple[Label | None, tuple[StatementSide, ...]]:
    """The label in front, if there is one, and the expressions behind it."""
    sides = line.sides
    first = sides[0].label
    if first is None or line.continues or len(sides) < 2 or not is_subject(first):
        return None, sides
    rest = sides[1:]
    # y' = dy/dx = …: a second label for the same thing says nothing.
    while len(rest) > 1 and rest[0].label is not None and rest[0].label.order:
        rest = rest[1:]
    return first, rest
