"""The walk-through of an implicit derivative."""

from __future__ import annotations

from chainrule.deriving.implicit import ImplicitDerivation
from chainrule.document.blocks import (
    Block,
    Boxed,
    Bullets,
    Derivative,
    Display,
    Document,
    Dots,
    Heading,
    Inline,
    Name,
    Paragraph,
    Plus,
    Quote,
    Strong,
    Term,
    equation,
    math,
)
from chainrule.document.checks import verdict_words
from chainrule.document.phrases import how_it_was_read
from chainrule.document.style import Style
from chainrule.expr.nodes import ZERO, Symbol


def narrate_implicit(derivation: ImplicitDerivation, style: Style | None = None) -> Document:
    """Both sides differentiated, y′ collected and solved for; for order 2 once more."""
    style = style or Style()
    x, y = derivation.x, derivation.y
    title = f"The slope of the curve {derivation.left} = {derivation.right}"
    blocks: list[Block] = [
        Heading(1, ("The slope of the curve ", math(derivation.left, derivation.right)))
    ]
    blocks += how_it_was_read(derivation.notes)
    if derivation.verdict.word == "wrong":
        blocks.append(
            Paragraph(
                (
                    Strong("This derivation is wrong. That is a bug of chainrule;"),
                    f" please report it: {derivation.verdict.counterexample}.",
                )
            )
        )
        return Document(title, tuple(blocks))
    slope = _slope(y, x, style)
    if style.detail != "brief":
        blocks += _by_hand(derivation, slope)
    raw = derivation.form("raw") if derivation.order == 1 else None
    terms: list[Term] = [slope]
    if raw is not None and raw is not derivation.slope and style.detail != "brief":
        terms.append(raw)
    blocks.append(Display(equation(*terms, Boxed(derivation.slope))))
    if derivation.order > 1:
        blocks += _second(derivation, style)
    blocks += [Heading(2, ("Checked",)), Bullets(_checks(derivation))]
    return Document(title, tuple(blocks))


def _by_hand(derivation: ImplicitDerivation, slope: Term) -> list[Block]:
    """What is differentiated, collected and solved for, as on paper."""
    x, y, prime = math(derivation.x), math(derivation.y), derivation.prime
    by = ((derivation.x.name, 1),)
    left, right = derivation.sides
    near: Inline = ("The equation ties ", y, " to ", x, ": near most points of the curve, ")
    rule: Inline = ("Differentiate both sides by ", x, "; wherever ", y, " occurs, the chain rule ")
    return [
        Paragraph((*near, y, " is a function of ", x, ", which need not be solved for.")),
        Quote(
            "Implicit differentiation",
            (*rule, "brings a factor ", math(slope), ". Then solve for it."),
        ),
        Heading(2, ("Differentiate both sides",), "1"),
        Display(equation(Derivative(derivation.left, by), Derivative(derivation.right, by))),
        Display(equation(left, right)),
        Heading(2, ("Collect what has ", math(prime)), "2"),
        Display(equation(Plus((derivation.by_x, Dots((derivation.by_y, prime)))), ZERO)),
        Heading(2, ("Solve for it",), "3"),
    ]


def _slope(y: Symbol, x: Symbol, style: Style) -> Term:
    if style.notation == "lagrange":
        return Name(y.name, (), 1)
    return Derivative(y.name, ((x.name, 1),))


def _second(derivation: ImplicitDerivation, style: Style) -> list[Block]:
    x, y = derivation.x, derivation.y
    second: Term = Name(y.name, (), 2)
    if style.notation == "leibniz":
        second = Derivative(y.name, ((x.name, 2),))
    blocks: list[Block] = [
        Heading(2, ("Once more",), "4"),
        Paragraph(("Differentiate the slope, again with ", math(y), " as a function:")),
        Display(equation(second, derivation.along(derivation.slope))),
        Paragraph(("Put the slope in and simplify:",)),
    ]
    terms: list[Term] = [second, derivation.second_raw]
    if derivation.second_simplified is not derivation.second_raw:
        terms.append(derivation.second_simplified)
    note: Inline = ()
    if derivation.second is not derivation.second_simplified:
        terms.append(derivation.second)
        note = ("on the curve ", math(derivation.left, derivation.right))
    terms[-1] = Boxed(derivation.second)
    blocks.append(Display(equation(*terms), note))
    return blocks


def _checks(derivation: ImplicitDerivation) -> tuple[Inline, ...]:
    found = derivation.verdict
    lie = ", each proved to lie on the curve" if found.word == "checked" else ""
    rows: list[Inline] = [("The result: ", *verdict_words(found), f"{lie}.")]
    for step in derivation.steps:
        words = verdict_words(derivation.verdicts[step])
        rows.append(
            (
                "The derivative of ",
                math(step.before),
                " by ",
                math(step.variable),
                ": ",
                *words,
                ".",
            )
        )
    return tuple(rows)
