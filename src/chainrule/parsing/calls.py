"""Build calls while a formula is read: functions, their arguments and defaults, derivatives."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.errors import InputError
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import MINUS_ONE, Call, Comparison, Expr, Number, Power, Symbol, Unknown
from chainrule.parsing.names import Names
from chainrule.parsing.operations import MANY, OPERATIONS
from chainrule.parsing.parts import Arguments, Head, Inner, Part, close, variables_of
from chainrule.parsing.tokens import HIGHEST, FunctionName, Token

_INVERSES = {row.name: row.inverse for row in BY_NAME.values() if row.inverse.startswith("a")}
_INVERSES |= {inverse: name for name, inverse in _INVERSES.items()} | {"erf": "erfinv"}
"""What f^-1 means for functions of which it is never the reciprocal."""


class Calls:
    """What each reduction of a call makes. ``text`` is quoted in errors."""

    def __init__(self, text: str, names: Names) -> None:
        self.text = text
        self.names = names
        self.derivatives: list[Inner] = []

    def error(self, message: str, position: int, hint: str | None = None) -> InputError:
        """The error, pointing at its place in the formula."""
        return InputError(message, text=self.text, position=position, hint=hint)

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
            conditions = 1 if name.name in ("where", "ifelse") else 0
            self._refuse_conditions(arguments[conditions:], token)
            if conditions and not isinstance(arguments[0], Comparison):
                raise self.error(
                    f"the first argument of `{self._typed(token)}` is a condition",
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

    # --- derivatives ------------------------------------------------------------------------------
    def differential(self, token: Token, part: Part) -> Part:
        return self._derivative(close(part), variables_of(token), token)

    def _derivative_of(self, arguments: Arguments, token: Token) -> Part:
        """``D[u, x, y]`` or ``diff(u, x, 2)``: a number is how often by what stands before it."""
        by = list(variables_of(token))
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
