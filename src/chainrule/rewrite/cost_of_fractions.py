"""A lower bound of the ink that a rational function takes, read off its polynomials.

Writing a form out and tidying it up takes far longer than counting what must be in it, and most
forms that ``simplify`` considers are no better than what is there already. The count is a lower
bound of ``cost``: exact for symbols, functions and exponentials in the usual case, and 0 ("any
cost is possible") where parts could meet in ways that only tidying finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from flint import fmpq

from chainrule.expr.nodes import ONE, Call, Constant, E, Expr, Number, Sum, Symbol, postorder
from chainrule.rewrite.cost import cost
from chainrule.rewrite.field_writer import Factor, FieldWriter, scaled_argument
from chainrule.rewrite.rational import Exponential, Ratio

SIGN = 0.75
"""What a minus sign takes: −1, and the product with it."""


class Ink:
    """Lower bounds of the cost of the forms of the rational functions of one field.

    Args:
        writer: of the field.
        letters: what letters stand for that are to be replaced in the result.
        costs: the costs of expressions that are known, see ``cost``.
    """

    def __init__(
        self, writer: FieldWriter, letters: Mapping[Expr, Expr], costs: dict[Expr, float]
    ) -> None:
        self._writer = writer
        field = writer.field
        self._costs = costs
        self._arguments: dict[tuple[int, int], float] = {}
        weights = [self._weight(kernel, letters) for kernel in field.kernels]
        self._weights = [weight or 0.0 for weight in weights]
        rests = [k.rest for k in field.kernels if isinstance(k, Exponential)]
        apart = len(rests) < 2 or not any(type(rest) is Sum for rest in rests)
        self._known = apart and None not in weights

    def _weight(self, kernel: Expr | Exponential, letters: Mapping[Expr, Expr]) -> float | None:
        """What the kernel takes at least; ``None`` if it may merge with others."""
        match kernel:
            case Exponential(rest):
                # Multiplied out, e^{(x + ln x)/2} has a root of x in it.
                opens = type(rest) is Sum and any(
                    type(node) is Call and node.name == "log" for node in postorder(rest)
                )
                return None if opens else 0.0
            case Symbol() if kernel in letters:
                # −(a − b) is b − a, with one sign less.
                return cost(letters[kernel], self._costs) - SIGN
            case Call("abs" | "sign" | "sqrt"):
                return None
            case Symbol() | Constant() | Call() if kernel is not E:
                return cost(kernel, self._costs)
        return None

    # --- forms ----------------------------------------------------------------------------------
    def expanded(self, ratio: Ratio) -> float:
        """Of the form with the numerator multiplied out."""
        if len(ratio.top) < 2:
            return self.factored(ratio)
        if not self._known:
            return 0.0
        scale, below = self._writer.denominator(ratio)
        powers = [0] * len(self._weights)
        divisors = self._pieces(below, -1, powers)
        return self._written(abs(scale), [(self._sum(ratio.top.terms()), 1), *divisors], powers)

    def factored(self, ratio: Ratio) -> float:
        """Of the form with numerator and denominator factored."""
        if not self._known or ratio.top.is_zero():
            return 0.0
        scale, above, below = self._writer.fraction(ratio)
        powers = [0] * len(self._weights)
        sums = [*self._pieces(above, 1, powers), *self._pieces(below, -1, powers)]
        if scale == -1 and [power for _, power in sums] == [1] and not any(powers):
            # −(a − b + c) opens its bracket.
            return self.expanded(ratio)
        return self._written(scale, sums, powers)

    def termwise(self, ratio: Ratio) -> float:
        """Of the form with every term of the numerator divided by the denominator."""
        if not self._known:
            return 0.0
        total = -1.0
        for (denominator, *shift), rows in self._writer.term_groups(ratio).items():
            total += 1.0
            if len(rows) == 1:
                ((raised, value),) = rows
                powers = [e + s for e, s in zip(raised, shift, strict=True)]
                # The sign may go before all of the terms.
                number = _fraction(value) / denominator
                total += self._written(abs(number) if any(powers) else number, [], powers)
            else:
                total += self._written(Fraction(1, denominator), [(self._sum(rows), 1)], shift)
        return total

    # --- parts ----------------------------------------------------------------------------------
    def _pieces(
        self, pieces: Iterable[Factor], sign: int, powers: list[int]
    ) -> list[tuple[float, int]]:
        """The sums among factors, with their exponents; kernels are counted in ``powers``."""
        sums: list[tuple[float, int]] = []
        for piece in pieces:
            if len(piece.poly) > 1:
                sums.append((self._sum(piece.poly.terms()), piece.exponent * sign))
                continue
            ((exponents, _),) = piece.poly.terms()
            for i, degree in enumerate(exponents):
                if degree:
                    powers[i] += int(degree) * piece.exponent * sign
        return sums

    def _sum(self, rows: Iterable[tuple[Sequence[int], fmpq]]) -> float:
        terms = [(exponents, _fraction(value)) for exponents, value in rows]
        if all(value < 0 for _, value in terms):
            # The one sign before the bracket may cancel with another.
            terms = [(exponents, -value) for exponents, value in terms]
        return sum(self._written(value, [], e) for e, value in terms) + len(terms) - 1

    def _written(
        self, value: Fraction, sums: Iterable[tuple[float, int]], powers: Sequence[int]
    ) -> float:
        """A number times powers of sums and of kernels, as ``Monomial.build`` writes it."""
        factors = [*sums]
        for i, degree in enumerate(powers):
            if degree:
                exponential = isinstance(self._writer.field.kernels[i], Exponential)
                weight = self._exponential(i, int(degree)) if exponential else self._weights[i]
                factors.append((weight, 1 if exponential else int(degree)))
        if not factors:
            return 0.5 if value == -1 else 1.0 + (value.denominator != 1)
        above = [w + 0.5 * (power != 1) for w, power in factors if power > 0]
        below = [w + 0.5 * (power != -1) for w, power in factors if power < 0]
        decimal = self._writer.field.decimal and Number(value, True).decimal
        if decimal:
            above.append(2.0)
        else:
            above += [1.0] * (abs(value.numerator) != 1)
            below += [1.0] * (value.denominator != 1)
        total = sum(above) + 0.25 * (len(above) - 1) if above else 1.0
        if below:
            total += 1.0 + sum(below) + 0.25 * (len(below) - 1)
        # A number other than −1 holds its sign itself, unless the sign stands before a fraction.
        signed = value < 0 and (bool(below) or (value.numerator == -1 and not decimal))
        return total + SIGN * signed

    def _exponential(self, position: int, degree: int) -> float:
        key = (position, degree)
        known = self._arguments.get(key)
        if known is None:
            kernel = self._writer.field.kernels[position]
            assert isinstance(kernel, Exponential)
            argument = scaled_argument(
                kernel.unit * degree, kernel.rest, self._writer.field.decimal
            )
            known = 1.0 if argument is ONE else 1.5 + cost(argument, self._costs)
            if type(argument) is Sum:
                # Signs may come together before a bracket.
                known -= SIGN * len(argument.args)
            self._arguments[key] = known
        return known


def _fraction(value: fmpq) -> Fraction:
    return Fraction(int(value.p), int(value.q))
