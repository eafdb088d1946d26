"""Implicit differentiation: the slope of a curve that an equation in x and y describes.

Both sides are differentiated by x with y as an unknown function of x, and the equation is
solved for y′, which occurs in it to the first degree. A second derivative differentiates y′
once more and puts y′ in.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.deriving.choices import FormName
from chainrule.deriving.derivation import named_slope
from chainrule.differentiate.derivation import Step
from chainrule.differentiate.differentiate import differentiate
from chainrule.errors import FaultError, FaultWarning, InputError
from chainrule.expr.nodes import (
    ONE,
    ZERO,
    Expr,
    Sum,
    Symbol,
    Unknown,
    divide,
    negate,
    substitute,
    symbols,
)
from chainrule.parsing.tokens import Note
from chainrule.rewrite.cost import cost
from chainrule.rewrite.field_writer import FieldWriter
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.rational import Field, TooLargeError
from chainrule.rewrite.simplify import simplified

if TYPE_CHECKING:
    from chainrule.verify.verdict import Verdict

MAX_ORDER = 2
"""Textbooks ask for y″ and seldom for more; y‴ in terms of x and y fills a page."""


class ImplicitDerivation:
    """The slope y′ (and y″) of the curve ``left = right``.

    Attributes:
        left, right: the sides of the equation.
        x: the variable.
        y: the letter that is a function of it.
        order: 1 or 2.
        notes: what can be read in more than one way, and how it was read.

    Raises:
        InputError: y does not occur, or the equation does not determine it.
    """

    def __init__(
        self,
        left: Expr,
        right: Expr,
        x: Symbol,
        y: Symbol,
        order: int = 1,
        notes: tuple[Note, ...] = (),
    ) -> None:
        if not 1 <= order <= MAX_ORDER:
            raise InputError(f"the order of an implicit derivative is 1 or 2, not {order}")
        self.left, self.right, self.x, self.y, self.order = left, right, x, y, order
        self.notes = notes
        self._tidier = Tidier()
        self._judged: dict[tuple[Expr, ...], Verdict] = {}
        if self.by_y is ZERO:
            raise InputError(
                f"the equation does not determine {y.name}",
                hint=f"{y.name} drops out of it when it is differentiated",
            )

    def __repr__(self) -> str:
        return f"ImplicitDerivation({str(self.left)!r}, {str(self.right)!r})"

    @property
    def prime(self) -> Unknown:
        """y′, as it stands in the equations."""
        return Unknown(self.y.name, (1,), ())

    def along(self, expr: Expr) -> Expr:
        """The derivative of an expression along the curve, in x, y and y′."""
        function = Unknown(self.y.name, (0,), (self.x,))
        slope = Unknown(self.y.name, (1,), (self.x,))
        step = differentiate(
            substitute(expr, {self.y: function}),
            self.x,
            named=named_slope,
            tidy=self._tidier.explained,
        )
        return self._tidier.tidy(substitute(step.after, {function: self.y, slope: self.prime}))

    @cached_property
    def sides(self) -> tuple[Expr, Expr]:
        """Both sides differentiated."""
        return self.along(self.left), self.along(self.right)

    @cached_property
    def by_x(self) -> Expr:
        """The terms without y′ once everything is on the left: ∂F/∂x for F = left − right."""
        return self._simple(substitute(self._difference, {self.prime: ZERO}))

    @cached_property
    def by_y(self) -> Expr:
        """The factor of y′: ∂F/∂y."""
        whole = substitute(self._difference, {self.prime: ONE})
        return self._simple(Sum((whole, negate(self.by_x))))

    @property
    def _difference(self) -> Expr:
        left, right = self.sides
        return left if right is ZERO else Sum((left, negate(right)))

    def _simple(self, expr: Expr) -> Expr:
        return simplified(expr, self.x, self._tidier)

    @cached_property
    def slope(self) -> Expr:
        """y′ in x and y, verified.

        Raises:
            FaultError: it is wrong, and so is what it was simplified from.
        """
        return self._sound([self._simple(self.slope_raw), self.slope_raw])

    @property
    def slope_raw(self) -> Expr:
        """y′ as the equation is solved for it, before it is simplified."""
        return divide(negate(self.by_x), self.by_y)

    @cached_property
    def second_raw(self) -> Expr:
        """The derivative of y′ along the curve, with y′ put in, before it is simplified."""
        return substitute(self.along(self.slope), {self.prime: self.slope})

    @cached_property
    def second_simplified(self) -> Expr:
        """The same, simplified; verified as ``slope`` is."""
        return self._sound([self._simple(self.second_raw), self.second_raw], [self.slope])

    @cached_property
    def second(self) -> Expr:
        """y″ in x and y, shortened by the equation of the curve where that helps."""
        forms = [self._by_the_curve(self.second_simplified), self.second_simplified]
        return self._sound(forms, [self.slope])

    def _sound(self, forms: Sequence[Expr], lower: Sequence[Expr] = ()) -> Expr:
        """The first form that is not wrong; ``lower`` are the derivatives of lower orders."""
        wrong: list[Verdict] = []
        for form in forms:
            found = self._judge((*lower, form))
            if found.word == "wrong":
                wrong.append(found)
                continue
            if wrong:
                evidence = wrong[0].counterexample
                warnings.warn(FaultWarning(form, forms[0], evidence), stacklevel=2)
            return form
        raise FaultError(f"{self.left} = {self.right}", forms[-1], wrong[-1].counterexample)

    def _judge(self, claims: tuple[Expr, ...]) -> Verdict:
        from chainrule.verify.curves import implicit_derivative

        if claims not in self._judged:
            relation = Sum((self.left, negate(self.right)))
            self._judged[claims] = implicit_derivative(relation, self.x, self.y, claims)
        return self._judged[claims]

    def _by_the_curve(self, expr: Expr) -> Expr:
        """The numerator reduced by the equation: x² + y² becomes 1 on the unit circle."""
        relation = Sum((self.left, negate(self.right)))
        try:
            field = Field(expr, relation)
            ratio, curve = field.ratio(expr), field.ratio(relation)
            _, rest = divmod(ratio.top, curve.top)
            reduced = FieldWriter(field).expression(
                field.cancelled(rest, ratio.bottom), factored=True
            )
        except TooLargeError:
            return expr
        shorter = self._simple(reduced)
        return shorter if cost(shorter) < cost(expr) else expr

    @property
    def derivative(self) -> Expr:
        """The derivative asked for: y′, or y″ for order 2."""
        return self.slope if self.order == 1 else self.second

    def form(self, form: FormName = "simplified") -> Expr:
        """The derivative in one of its forms; only "simplified" and "raw" exist.

        Raises:
            InputError: for "output", which a curve does not have.
        """
        if form == "output":
            raise InputError("an implicit derivative has no form by the function's own output")
        if form == "simplified":
            return self.derivative
        if self.order == 1:
            return self._sound([self.slope_raw])
        return self._sound([self.second_raw], [self.slope])

    @property
    def label(self) -> str:
        """What is printed before the derivative where there are several."""
        return f"d{self.y.name}/d{self.x.name}"

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Claims about F = left − right: its two partial derivatives."""
        relation = self._tidier.tidy(Sum((self.left, negate(self.right))))
        return (
            Step("derivative", "implicit", relation, self.by_x, self.x),
            Step("derivative", "implicit", relation, self.by_y, self.y),
        )

    @cached_property
    def verdict(self) -> Verdict:
        """The claim compared with the power series of the curve at points proved to lie on it.

        That of a step instead, should one be wrong.
        """
        wrong = next((v for v in self.verdicts.values() if v.word == "wrong"), None)
        claims = (self.slope,) if self.order == 1 else (self.slope, self.second)
        return wrong or self._judge(claims)

    @cached_property
    def verdicts(self) -> dict[Step, Verdict]:
        """What was verified of each of ``steps``."""
        from chainrule.verify.check import verify_steps

        return verify_steps(self.steps[0].before, self.steps)


def letters_of_curve(
    left: Expr, right: Expr, x: Symbol | None = None, y: Symbol | None = None
) -> tuple[Symbol, Symbol]:
    """The variable of an equation and the letter that is a function of it.

    Raises:
        InputError: there is no second letter, or which one is meant cannot be told.
    """
    found = sorted(symbols(left, right), key=lambda symbol: symbol.name)
    names = [symbol.name for symbol in found]
    x = x or next((s for s in found if s.name == "x"), None)
    if x is None and found:
        x = next((s for s in found if s.name != "y"), found[0])
    others = [symbol for symbol in found if symbol is not x]
    if y is None and len(others) != 1:
        y = next((s for s in others if s.name == "y"), None)
    elif y is None:
        (y,) = others
    if x is None or y is None or y not in found:
        listed = ", ".join(names) or "none"
        raise InputError(
            "an implicit derivative needs an equation in two letters, such as x and y",
            hint=f"the letters of this one: {listed}",
        )
    return x, y
