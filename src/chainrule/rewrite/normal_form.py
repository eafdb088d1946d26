"""The everyday rewriting: arithmetic, signs, brackets, like terms, powers of one base, fractions.

A ``Tidier`` rewrites bottom-up and notes which identities it used. It lives as long as one
derivation: a sum that comes up again with its terms in another order is recognised and keeps
the order in which it was first written.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Sequence
from fractions import Fraction

from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Call,
    Constant,
    E,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Value,
    negate,
    postorder,
    rational_value,
)
from chainrule.rewrite.cost import cost
from chainrule.rewrite.field_writer import FieldWriter
from chainrule.rewrite.monomial import (
    Exponent,
    Monomial,
    coefficient_and_rest,
    exact_root,
    number_power,
    scaled,
    split,
)
from chainrule.rewrite.rational import Field, Ratio, TooLargeError


class Tidier:
    """Rewrites expressions into the everyday form; see the module's docstring.

    Attributes:
        improvements: what ``simplify`` found to be the next rewritings of an expression, kept so
            that forms which meet in one expression go on together.
        costs: what ``cost`` found of the expressions met so far.
        kept: what later stages of the derivation found and want to find again, by their keys.
    """

    def __init__(self) -> None:
        self._reasons: list[str] = []
        self.improvements: dict[Expr, list[tuple[str, Expr]] | None] = {}
        self.costs: dict[Expr, float] = {}
        self.kept: dict[Hashable, object] = {}
        self._fractions: dict[Expr, tuple[FieldWriter, Ratio] | None] = {}
        self._positive: set[Expr] = set()
        self._done: dict[Expr, tuple[Expr, tuple[str, ...]]] = {}
        self._sums: dict[frozenset[Expr], Expr] = {}

    def assume_positive(self, expr: Expr) -> None:
        """From now on ``expr`` counts as not negative: |expr| is expr."""
        self._positive.add(expr)

    def copy(self) -> Tidier:
        """One that knows as much, and keeps to itself what is assumed from now on."""
        other = Tidier()
        other.costs = self.costs
        other._positive = set(self._positive)
        other._sums = dict(self._sums)
        return other

    def tidy(self, root: Expr) -> Expr:
        """The everyday form of an expression. Applying it twice changes nothing more."""
        done = self._done
        stack = [root]
        while stack:
            node = stack[-1]
            if node in done:
                stack.pop()
                continue
            pending = [arg for arg in node.args if arg not in done]
            if pending:
                stack += reversed(pending)
                continue
            stack.pop()
            self._visit(node)
        return done[root][0]

    def is_positive(self, expr: Expr) -> bool:
        """Whether the expression is not negative, given what is assumed."""
        return is_positive(expr, self._positive)

    def cost(self, expr: Expr) -> float:
        """What the expression costs, see ``cost``."""
        return cost(expr, self.costs)

    def fraction(self, expr: Expr) -> tuple[FieldWriter, Ratio]:
        """The expression as a rational function, and what writes it.

        Raises:
            TooLargeError: it would grow too large.
        """
        if expr not in self._fractions:
            # What raises stays marked as too large.
            self._fractions[expr] = None
            field = Field(expr)
            self._fractions[expr] = FieldWriter(field), field.ratio(expr)
        found = self._fractions[expr]
        if found is None:
            raise TooLargeError
        return found

    def explained(self, root: Expr) -> tuple[Expr, tuple[str, ...]]:
        """The everyday form, and the identities that led there."""
        self._reasons.clear()
        result = self.tidy(root)
        if result is not root:
            # In the order of the formula.
            for node in postorder(root):
                for reason in self._done.get(node, (node, ()))[1]:
                    self._note(reason)
        return result, tuple(self._reasons)

    def _visit(self, node: Expr) -> None:
        done = self._done
        outer, self._reasons = self._reasons, []
        fresh = tuple([done[arg][0] for arg in node.args])
        current = node if fresh == node.args else node.with_args(fresh)
        # One rewriting may make room for the next; each makes the expression smaller or more
        # regular, so that this ends, and the bound only guards against a mistake.
        for _ in range(12):
            after = self._once(current)
            if after is current:
                break
            current = after
        done[node] = (current, tuple(self._reasons))
        done.setdefault(current, (current, ()))
        self._reasons = outer

    def _note(self, reason: str) -> None:
        if reason not in self._reasons:
            self._reasons.append(reason)

    def _once(self, node: Expr) -> Expr:
        match node:
            case Sum(args):
                return self._sum(args)
            case Product() | Quotient():
                return self._product(node)
            case Power():
                return self._power(node)
            case Call():
                return self._call(node)
            case Piecewise():
                return self._piecewise(node)
        return node

    # --- sums ------------------------------------------------------------------------------
    def _sum(self, args: Sequence[Expr]) -> Expr:
        terms: list[Expr] = []
        for arg in args:
            terms += self._flat_terms(arg)
        numbers: dict[Expr, tuple[Value, bool]] = {}
        for term in terms:
            value, decimal, rest = coefficient_and_rest(term)
            seen = numbers.get(rest)
            if seen is None:
                numbers[rest] = (value, decimal)
            else:
                self._note("add-numbers" if rest is ONE else "like-terms")
                numbers[rest] = (seen[0] + value, seen[1] or decimal)
        kept: list[tuple[Value, bool, Expr]] = []
        for rest, (value, decimal) in numbers.items():
            if value == 0:
                if (rest is not ONE) or len(numbers) > 1:
                    self._note("drop-zero")
            else:
                kept.append((value, decimal, rest))
        if not kept:
            return ZERO
        if len(kept) > 1 and all(value < 0 for value, _, _ in kept):
            inner = self._ordered([scaled(-value, d, rest) for value, d, rest in kept])
            return Product((MINUS_ONE, inner))
        if kept[0][0] < 0:
            # An author begins a sum with a term that has no minus sign.
            first = next((i for i, row in enumerate(kept) if row[0] > 0), 0)
            kept.insert(0, kept.pop(first))
        rebuilt = [scaled(*row) for row in kept]
        return rebuilt[0] if len(rebuilt) == 1 else self._ordered(rebuilt)

    def _flat_terms(self, arg: Expr) -> list[Expr]:
        if type(arg) is Sum:
            return list(arg.args)
        if (
            type(arg) is Product
            and len(arg.args) == 2
            and arg.args[0] is MINUS_ONE
            and type(arg.args[1]) is Sum
        ):
            self._note("open-bracket")
            return [negate_term(term) for term in arg.args[1].args]
        return [arg]

    def _ordered(self, terms: list[Expr]) -> Expr:
        found = Sum(tuple(terms))
        return self._sums.setdefault(frozenset(terms), found)

    # --- products and fractions ------------------------------------------------------------
    def _product(self, node: Expr) -> Expr:
        if opened := self._opened(node):
            return opened
        monomial = self._gathered(node)
        result = monomial.build()
        if result is node:
            return node
        if monomial.merged:
            self._note("same-base")
        elif result is not node:
            self._note(_shape_reason(node))
        return result

    def _gathered(self, node: Expr) -> Monomial:
        """A product or a power by its bases, with one exponent each."""
        monomial = split(node)
        self._logarithms_upstairs(monomial)
        for base, exponent in monomial.powers.items():
            # e^x and e^{e^x} stay apart.
            self._add_exponents(exponent, apart=base is E)
        return monomial

    def _opened(self, node: Expr) -> Expr | None:
        """−(a − b) is b − a; −(a + b) stays."""
        if (
            type(node) is Product
            and len(node.args) == 2
            and node.args[0] is MINUS_ONE
            and type(node.args[1]) is Sum
        ):
            terms = node.args[1].args
            if any(coefficient_and_rest(term)[0] < 0 for term in terms):
                self._note("open-bracket")
                return self._sum([negate_term(term) for term in terms])
        return None

    def _logarithms_upstairs(self, monomial: Monomial) -> None:
        """e^{u + c ln v} = v^c e^u for a rational number c."""
        exponential = monomial.powers.get(E)
        if exponential is None:
            return
        for k, argument in list(exponential.terms):
            rest: list[Expr] = []
            for term in argument.args if type(argument) is Sum else (argument,):
                value, _, inner = coefficient_and_rest(term)
                if isinstance(inner, Call) and inner.name == "log":
                    monomial.raise_base(inner.args[0], k * value, None)
                    self._note("exp-log")
                else:
                    rest.append(term)
            if len(rest) < (len(argument.args) if type(argument) is Sum else 1):
                exponential.terms.remove((k, argument))
                if rest:
                    joined = rest[0] if len(rest) == 1 else Sum(tuple(rest))
                    exponential.terms.append((k, joined))

    def _add_exponents(self, exponent: Exponent, *, apart: bool) -> None:
        """The exponents of one base as one sum; ``apart`` only where something is collected."""
        if not exponent.terms:
            return
        parts = [scaled(k, False, u) for k, u in exponent.terms]
        if exponent.number:
            parts.append(Number(exponent.number))
        if apart and len(parts) == 1:
            return
        joined = self._sum(parts)
        collected = _count(joined) < sum(map(_count, parts))
        if collected and apart:
            self._note("add-exponents")
        if collected or not apart:
            value = rational_value(joined)
            exponent.number = value or 0
            exponent.terms = [(1, joined)] if value is None else []

    # --- powers ------------------------------------------------------------------------------
    def _power(self, node: Expr) -> Expr:
        base, exponent = node.args
        if base is E:
            return Call("exp", (exponent,))
        value = rational_value(exponent)
        if value is None:
            return ONE if base is ONE else node
        if value <= 0 and base is ZERO:
            return node
        if value == 0:
            return ONE
        if value.__class__ is int:
            result = self._gathered(node).build()
            if result is not node:
                self._note("power-of-power" if type(base) is Power else _shape_reason(node))
            return result
        if value > 0:
            if value == Fraction(1, 2):
                return self._root(base)
            if value.denominator == 2:
                root = self._root(base)
                if root is not Call("sqrt", (base,)):
                    return Power(root, Number(value.numerator))
            return number_power(base, value)
        result = Quotient(ONE, number_power(base, -value))
        self._note("negative-power")
        return result

    def _root(self, base: Expr) -> Expr:
        """√base, with whole squares taken out."""
        if isinstance(base, Number) and (root := exact_root(base.value)) is not None:
            self._note("root-of-square")
            return Number(root, base.decimal)
        if isinstance(base, Call) and base.name == "exp":
            self._note("root-of-power")
            return Call("exp", (scaled(Fraction(1, 2), False, base.args[0]),))
        if type(base) not in (Product, Quotient, Power):
            return Call("sqrt", (base,))
        monomial = split(base)
        outside = Monomial()
        root = exact_root(abs(Fraction(monomial.coefficient)))
        if root is not None and root != 1:
            outside.coefficient = root
            monomial.coefficient = 1 if monomial.coefficient > 0 else -1
        for inner, exponent in monomial.powers.items():
            number = exponent.number
            if not exponent.terms and number.__class__ is int and number % 2 == 0 and number:
                half = int(number) // 2
                signed = half % 2 and not self.is_positive(inner)
                outside.raise_base(Call("abs", (inner,)) if signed else inner, half, None)
                exponent.number = 0
        if outside.coefficient == 1 and not outside.powers:
            return Call("sqrt", (base,))
        self._note("root-of-square")
        remaining = monomial.build()
        if isinstance(remaining, Call) and remaining.name == "exp":
            outside.raise_base(self._root(remaining), 1, None)
        elif remaining is not ONE:
            outside.raise_base(remaining, Fraction(1, 2), None)
        return outside.build()

    # --- functions -----------------------------------------------------------------------------
    def _call(self, node: Call) -> Expr:
        name = node.name
        if name == "sqrt":
            return self._root(node.args[0])
        row = BY_NAME.get(name)
        if row is None or len(node.args) != 1:
            return node
        argument = node.args[0]
        special = next((value for at, value in row.values if at is argument), None)
        if special is not None:
            self._note("special-value")
            return special
        if isinstance(argument, Call):
            inner = BY_NAME.get(argument.name)
            if inner is not None and inner.inverse == name and not inner.inverse_range:
                self._note("inverse")
                return argument.args[0]
        if name == "exp":
            monomial = split(node)
            self._logarithms_upstairs(monomial)
            return monomial.build()
        if row.parity:
            value, _, _ = coefficient_and_rest(argument)
            if value < 0:
                self._note("parity")
                flipped = Call(name, (negate_term(argument),))
                return flipped if row.parity == "even" else negate(flipped)
        if name == "abs":
            return self._absolute(node)
        return node

    def _absolute(self, node: Call) -> Expr:
        argument = node.args[0]
        if isinstance(argument, Number):
            return Number(abs(Fraction(argument.value)), argument.decimal)
        if self.is_positive(argument):
            self._note("absolute-of-positive")
            return argument
        return node

    def _piecewise(self, node: Piecewise) -> Expr:
        values = node.values
        if node.otherwise is not None and all(value is values[0] for value in values):
            self._note("same-cases")
            return values[0]
        return node


def _count(expr: Expr) -> int:
    """How many terms a sum has."""
    if expr is ZERO:
        return 0
    if type(expr) is Product and expr.args[0] is MINUS_ONE and len(expr.args) == 2:
        expr = expr.args[1]
    return len(expr.args) if type(expr) is Sum else 1


def negate_term(term: Expr) -> Expr:
    """−term, with the sign where an author puts it."""
    value, decimal, rest = coefficient_and_rest(term)
    return scaled(-value, decimal, rest)


def is_positive(root: Expr, assumed: Container[Expr] = frozenset()) -> bool:
    """Whether the expression is certainly not negative, for all real values of its letters.

    What is in ``assumed`` counts as not negative.
    """
    stack = [root]
    while stack:
        node = stack.pop()
        match node:
            case Sum() | Product() | Quotient():
                stack += node.args
                continue
            case Number(value):
                positive = value >= 0
            case Call("log", (Sum(args),)) if any(
                isinstance(arg, Number) and arg.value >= 1 for arg in args
            ):
                stack += args
                continue
            case Call(name) if name in BY_NAME:
                positive = BY_NAME[name].never_negative
            case Call(name) if node not in assumed:
                # Most formulas call nothing of the catalogue, which takes long to import.
                from chainrule.parsing.definitions import expand, is_catalogue_name

                if is_catalogue_name(name):
                    stack.append(expand(node))
                    continue
                positive = False
            case Power(_, Number(value)):
                positive = value.__class__ is int and value % 2 == 0
            case _:
                positive = isinstance(node, Constant)
        if not positive and node not in assumed:
            return False
    return True


def _shape_reason(node: Expr) -> str:
    """Why a product, quotient or power was rewritten although no base met itself."""
    signs = 0
    negative_power = False
    numbers = 0
    for part in postorder(node):
        if type(part) is Power and (value := rational_value(part.args[1])) is not None:
            negative_power = negative_power or value < 0
    for factor in node.args:
        first = factor.args[0] if type(factor) is Product else factor
        if isinstance(first, Number):
            numbers += 1
            signs += first.value < 0
    if negative_power:
        return "negative-power"
    if signs > 1:
        return "two-signs"
    if type(node) is Quotient or any(type(arg) is Quotient for arg in node.args):
        return "fractions"
    return "multiply-numbers" if numbers > 1 else "order-factors"
