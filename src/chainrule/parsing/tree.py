"""Build the expression while the formula is read: one method for each alias of formula.lark.

A sum or a product in progress is a list (``Terms``, ``Factors``), so that ``a + b + c``
becomes one flat sum; brackets close it, and what was bracketed stays nested.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from chainrule.errors import InputError
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Call,
    Comparison,
    E,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    Unknown,
)
from chainrule.parsing.names import Names
from chainrule.parsing.operations import MANY, OPERATIONS, root
from chainrule.parsing.tokens import HIGHEST, FunctionName, Token


class Terms(list[Expr]):
    """A sum that may go on."""


class Factors(list[Expr]):
    """A product that may go on."""


class ParsedCases(list[Expr]):
    """value, condition, value, condition, …, [otherwise] of a function given by cases."""


class ParsedChain(NamedTuple):
    """Comparisons that may go on: a < b <= c."""

    operators: list[str]
    args: list[Expr]


class Arguments(list[Expr]):
    """What stands in the brackets of a call."""


class Equation(NamedTuple):
    """Two sides with = between them."""

    left: Expr
    right: Expr


class Head(NamedTuple):
    """A function before its argument: sin, sin², log₂, f'."""

    token: Token
    exponent: Expr | None = None
    base: Expr | None = None


class Inner(NamedTuple):
    """A derivative within a formula: the symbol that stands for it, and what it is of."""

    symbol: Symbol
    of: Expr
    by: tuple[Symbol, ...]
    typed: str


Part = Expr | Terms | Factors | ParsedCases | ParsedChain

_INVERSES = {row.name: row.inverse for row in BY_NAME.values() if row.inverse.startswith("a")}
_INVERSES |= {inverse: name for name, inverse in _INVERSES.items()} | {"erf": "erfinv"}
"""What f^-1 means for functions of which it is never the reciprocal."""


def close(part: Part) -> Expr:
    """The finished expression."""
    if isinstance(part, Expr):
        return part
    if type(part) is Terms:
        return Sum(tuple(part))
    if type(part) is Factors:
        return Product(tuple(part))
    if isinstance(part, ParsedChain):
        return Comparison(tuple(part.operators), tuple(part.args))
    return Piecewise(tuple(part))


def _variables(token: Token) -> tuple[Symbol, ...]:
    """By what a token differentiates."""
    return tuple(symbol for symbol, times in token.value.by for _ in range(times))


def negated(part: Part) -> Part:
    """−part. The sign goes to a numeral in front; before another sign it starts a new product."""
    match part:
        case Number(value) if value >= 0:
            return Number(-value, part.decimal)
        case Factors():
            first = part[0]
            if type(first) is Number:
                if first.value > 0:
                    part[0] = Number(-first.value, first.decimal)
                    return part
            else:
                part.insert(0, MINUS_ONE)
                return part
    return Factors((MINUS_ONE, close(part)))


class Builder:
    """What each reduction makes. ``text`` is quoted in errors."""

    def __init__(self, text: str, names: Names) -> None:
        self.text = text
        self.names = names
        self.derivatives: list[Inner] = []
        self._last_else = 0

    def error(self, message: str, position: int, hint: str | None = None) -> InputError:
        """The error, pointing at its place in the formula."""
        return InputError(message, text=self.text, position=position, hint=hint)

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

    # --- derivatives ------------------------------------------------------------------------------
    def differential(self, token: Token, part: Part) -> Part:
        return self._derivative(close(part), _variables(token), token)

    def _derivative_of(self, arguments: Arguments, token: Token) -> Part:
        """``D[u, x, y]`` or ``diff(u, x, 2)``: a number is how often by what stands before it."""
        by = list(_variables(token))
        for argument in arguments[1:]:
            match argument:
                case Symbol():
                    by.append(argument)
                case Number(int(times)) if by and 1 <= times <= HIGHEST:
                    by += [by[-1]] * (times - 1)
                case _:
                    raise self.error(
                        "a derivative is taken by variables",
                        token.start,
                        "write diff(x^2, x), or diff(x^2, x, 2) for the second one",
                    )
        return self._derivative(arguments[0], tuple(by), token)

    def _derivative(self, of: Expr, by: tuple[Symbol, ...], token: Token) -> Part:
        symbol = Symbol(f"derivative {len(self.derivatives) + 1}")
        self.derivatives.append(Inner(symbol, of, by, self._typed(token)))
        return symbol

    # --- functions --------------------------------------------------------------------------------
    def head(self, token: Token) -> Head:
        return Head(token)

    def head_order(self, token: Token, order: Token) -> Head:
        return Head(token._replace(value=token.value._replace(orders=order.value)))

    def head_power(self, token: Token, exponent: Part) -> Head:
        return Head(token, close(exponent))

    def head_base(self, token: Token, base: Part) -> Head:
        return Head(token, None, close(base))

    def head_base_power(self, token: Token, base: Part, exponent: Part) -> Head:
        return Head(token, close(exponent), close(base))

    def argument(self, part: Part) -> Arguments:
        return Arguments((close(part),))

    def next_argument(self, arguments: Arguments, part: Part) -> Arguments:
        arguments.append(close(part))
        return arguments

    def apply(self, head: Head, part: Part) -> Part:
        return self.call(head, Arguments((close(part),)))

    def call(self, head: Head, arguments: Arguments) -> Part:
        """``head`` applied to its arguments, then raised to its exponent: sin² x."""
        token, exponent, base = head
        name: FunctionName = token.value
        if name.by is not None:
            return self._derivative_of(arguments, token)
        if base is not None:
            self._check_count(token, arguments, 1, 1, "log_b(x)")
            arguments.append(base)
        if exponent is not None and exponent is MINUS_ONE and name.known:
            name = FunctionName(self._inverse(token))
            exponent = None
        if name.known:
            value = self._known(name, arguments, token)
        else:
            value = self._unknown(name, arguments, token)
        return value if exponent is None else Power(value, exponent)

    def _inverse(self, token: Token) -> str:
        name = token.value.name
        if name not in _INVERSES:
            typed = self._typed(token)
            raise self.error(
                f"`{typed}^-1` can mean the inverse function or a reciprocal",
                token.start,
                f"write 1/{typed}(x) for the reciprocal",
            )
        return _INVERSES[name]

    def _unknown(self, name: FunctionName, arguments: Arguments, token: Token) -> Expr:
        orders = name.orders or (0,)
        if len(orders) > 1 or not name.orders:
            orders += (0,) * (len(arguments) - len(orders))
        if len(orders) != len(arguments):
            raise self.error(
                f"{len(arguments)} arguments, but derivatives by {len(orders)}",
                token.start,
                f"write {name.name}^(1,0)(x, y) for the derivative by the first argument",
            )
        self._refuse_conditions(arguments, token)
        return Unknown(name.name, orders, tuple(arguments))

    def _known(self, name: FunctionName, arguments: Arguments, token: Token) -> Expr:
        if name.orders:
            if name.name != "digamma" or len(name.orders) != 1:
                raise self.error(
                    f"derivatives of `{self._typed(token)}` cannot be part of a formula",
                    token.start,
                    "write the derivative itself",
                )
            name = FunctionName("polygamma")
            arguments.insert(0, Number(token.value.orders[0]))
        operation = OPERATIONS.get(name.name)
        if operation is not None:
            self._check_count(token, arguments, operation.least, operation.most, operation.example)
            conditions = 1 if name.name == "where" else 0
            self._refuse_conditions(arguments[conditions:], token)
            if conditions and not isinstance(arguments[0], Comparison):
                raise self.error(
                    "the first argument of `where` is a condition",
                    token.start,
                    "where(x > 0, x, a*x)",
                )
            return operation.build(*arguments)
        return Call(name.name, self._with_defaults(name.name, arguments, token))

    def _with_defaults(self, name: str, arguments: Arguments, token: Token) -> tuple[Expr, ...]:
        """All arguments of a call; parameters may be left out or given by name."""
        signature = self.names.signature(name)
        assert signature is not None, name
        parameters = signature.parameters
        given = list(arguments)
        named: dict[str, Expr] = {}
        while given:
            match given[-1]:
                case Comparison(("==",), (Symbol(parameter), value)) if parameter in parameters:
                    if parameter in named:
                        raise self.error(f"`{parameter}` is given twice", token.start)
                    named[parameter] = value
                    given.pop()
                case _:
                    break
        least = len(signature.arguments)
        self._check_count(token, given, least, least + len(parameters), str(signature))
        self._refuse_conditions(given, token)
        for parameter in parameters[: len(given) - least]:
            if parameter in named:
                raise self.error(f"`{parameter}` is given twice", token.start)
        rest = zip(parameters, signature.defaults, strict=True)
        given += [named.get(p, default) for p, default in list(rest)[len(given) - least :]]
        return tuple(given)

    def _check_count(
        self, token: Token, arguments: Sequence[Expr], least: int, most: int, example: str
    ) -> None:
        if least <= len(arguments) <= most:
            return
        counts = f"{least}" if least == most else f"{least} to {most}"
        if most >= MANY:
            counts = f"{least} or more"
        plural = "" if counts == "1" else "s"
        raise self.error(
            f"`{self._typed(token)}` takes {counts} argument{plural}, not {len(arguments)}",
            token.start,
            f"it is called as {example}",
        )

    def _refuse_conditions(self, arguments: Sequence[Expr], token: Token) -> None:
        if any(isinstance(argument, Comparison) for argument in arguments):
            raise self.error(
                f"a condition cannot be an argument of `{self._typed(token)}`", token.start
            )

    def _typed(self, token: Token) -> str:
        return self.text[token.start : token.end]
