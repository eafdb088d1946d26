"""Build the expression while the formula is read: one method for each alias of formula.lark.

A sum or a product in progress is a list (``Terms``, ``Factors``), so that ``a + b + c``
becomes one flat sum; brackets close it, and what was bracketed stays nested.
"""

from __future__ import annotations

from chainrule.expr.nodes import (
    ONE,
    ZERO,
    Call,
    E,
    Expr,
    Number,
    Power,
    Quotient,
    Sum,
)
from chainrule.parsing.calls import Calls
from chainrule.parsing.names import Names
from chainrule.parsing.operations import root
from chainrule.parsing.parts import (
    Arguments,
    Equation,
    Factors,
    ParsedCases,
    ParsedChain,
    Part,
    Terms,
    close,
    negated,
)
from chainrule.parsing.tokens import Token


class Builder(Calls):
    """What each reduction makes, but for calls."""

    def __init__(self, text: str, names: Names) -> None:
        super().__init__(text, names)
        self._last_else = 0

    def equation(self, left: Part, right: Part) -> Equation:
        return Equation(close(left), close(right))

    # --- sums and products ------------------------------------------------------------------
    def plus(self, left: Part, right: Part) -> Part:
        terms = left if type(left) is Terms else Terms((close(left),))
        terms.append(close(right))
        return terms

    def minus(self, left: Part, right: Part) -> Part:
        return self.plus(left, negated(right))

    def negative(self, part: Part) -> Part:
        return negated(part)

    def times(self, left: Part, right: Part) -> Part:
        factors = left if type(left) is Factors else Factors((close(left),))
        factors.append(close(right))
        return factors

    def times_token(self, left: Part, token: Token) -> Part:
        return self.times(left, token.value)

    def over(self, above: Part, sign: Token, below: Part) -> Part:
        return self._quotient(close(above), close(below), sign.start)

    def frac(self, command: Token, above: Part, below: Part) -> Part:
        return self._quotient(close(above), close(below), command.start)

    def fraction(self, token: Token) -> Part:
        above, below = token.value
        return Quotient(Number(above), Number(below))

    def _quotient(self, above: Expr, below: Expr, position: int) -> Expr:
        if below is ZERO:
            raise self.error("this divides by zero", position)
        return Quotient(above, below)

    # --- powers, roots, bars ------------------------------------------------------------------
    def power(self, base: Part, exponent: Part) -> Part:
        foot, top = close(base), close(exponent)
        return Call("exp", (top,)) if foot is E else Power(foot, top)

    def factorial(self, part: Part) -> Part:
        return Call("gamma", (Sum((close(part), ONE)),))

    def absolute(self, part: Part) -> Part:
        return Call("abs", (close(part),))

    def floor(self, part: Part) -> Part:
        return Call("floor", (close(part),))

    def ceil(self, part: Part) -> Part:
        return Call("ceil", (close(part),))

    def radical(self, token: Token, part: Part | Arguments) -> Part:
        if isinstance(part, Arguments):
            name = "sqrt" if token.value == 2 else "cbrt"
            self._check_count(token, part, 1, 1, f"{name}(x)")
            (part,) = part
        return root(Number(token.value), close(part))

    def root(self, _: Token, degree: Part, part: Part) -> Part:
        return root(close(degree), close(part))

    def bracket(self, part: Part) -> Part:
        return close(part)

    def token(self, token: Token) -> Part:
        part: Expr = token.value
        return part

    def negative_token(self, token: Token) -> Part:
        return negated(token.value)

    # --- conditions and cases -------------------------------------------------------------------
    def compare(self, left: Part, operator: Token, right: Part) -> Part:
        return ParsedChain([operator.value], [close(left), close(right)])

    def compare_on(self, chain: ParsedChain, operator: Token, right: Part) -> Part:
        chain.operators.append(operator.value)
        chain.args.append(close(right))
        return chain

    def if_else(self, value: Part, condition: Part, _: Token, other: Part) -> Part:
        rest = other if type(other) is ParsedCases else [close(other)]
        return ParsedCases([close(value), close(condition), *rest])

    def case(self, condition: Part, value: Part) -> Part:
        return ParsedCases((close(value), close(condition)))

    def case_value_first(self, value: Part, condition: Part) -> Part:
        return self.case(condition, value)

    def otherwise(self, token: Token, value: Part) -> Part:
        return self.value_otherwise(value, token)

    def value_otherwise(self, value: Part, token: Token) -> Part:
        self._last_else = token.start
        return ParsedCases((close(value),))

    def next_case(self, cases: ParsedCases, case: ParsedCases) -> Part:
        if len(cases) % 2:
            raise self.error("nothing may follow the case `else`", self._last_else)
        cases += case
        return cases

    def piecewise(self, cases: ParsedCases) -> Part:
        if len(cases) == 1:
            raise self.error("`else` needs a case before it", self._last_else)
        return close(cases)
