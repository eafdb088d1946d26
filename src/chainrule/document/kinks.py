"""What is said about the points where a function switches or its domain ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from chainrule.deriving.derivation import Derivation
from chainrule.document.blocks import (
    Block,
    Bullets,
    Heading,
    Inline,
    InlinePiece,
    Name,
    Paragraph,
    math,
)
from chainrule.document.phrases import joined
from chainrule.expr.nodes import (
    ZERO,
    Expr,
    Power,
    Quotient,
    Symbol,
    postorder,
    rational_value,
    substitute,
    symbols,
)
from chainrule.rewrite.output_form import OutputForm

if TYPE_CHECKING:
    from chainrule.rewrite.frameworks import Returned
    from chainrule.rewrite.kinks import Kink
    from chainrule.rewrite.line import Side
    from chainrule.rewrite.order import Order

# Catalogue rows and typed formulas have at most a handful; more are not a reader's business.
MAX_KINKS = 8


def kink_blocks(derivation: Derivation) -> list[Block]:
    """A section on the points at which the derivative may not exist; empty if there is none."""
    found = derivation.kinks
    if not found:
        return []
    x = derivation.variable
    rows = [_sentence(kink, x) for kink in found[:MAX_KINKS]]
    blocks: list[Block] = [Heading(2, ("At the kinks",))]
    if all(kink.removable for kink in found):
        blocks = [Heading(2, ("Where the formula switches",))]
    if supposed := found[0].supposed:
        blocks.append(
            Paragraph(("This holds for ", *joined((c,) for c in map(math, supposed)), "."))
        )
    if len(rows) == 1:
        blocks.append(Paragraph(rows[0]))
    else:
        blocks.append(Bullets(tuple(rows)))
    return blocks


def _sentence(kink: Kink, x: Expr) -> Inline:
    if kink.kind == "integers":
        return (
            "Wherever ",
            math(kink.at),
            " is a point at which the rounding jumps, "
            + ("the function has no derivative" if kink.jump else "the formula switches"),
            *_frameworks(kink),
            ".",
        )
    if kink.kind == "zeros":
        return (
            "Where ",
            math(kink.at, ZERO),
            ", the formula switches: compare the slopes from both sides there.",
        )
    where: Inline = ("At ", math(x, kink.at))
    if kink.kind == "edge":
        return (*where, " the domain ends, and there is no derivative", *_frameworks(kink), ".")
    if not kink.defined:
        return (*where, " the function is not defined", *_frameworks(kink), ".")
    if kink.jump and kink.condition is None:
        return (*where, " the function jumps and has no derivative", *_frameworks(kink), ".")
    assert kink.left is not None
    assert kink.right is not None
    slopes: Inline = (
        " the slope from the left is ",
        *_slope(kink.left),
        " and from the right ",
        *_slope(kink.right),
    )
    if kink.removable:
        return (*where, *slopes, ": the derivative exists", *_frameworks(kink), ".")
    if kink.condition is not None:
        return (
            *where,
            *slopes,
            ": the derivative exists only if ",
            math(kink.condition),
            *_frameworks(kink),
            ".",
        )
    if kink.exists is None and not any(s.slope or s.infinite for s in (kink.left, kink.right)):
        return (
            *where,
            " the formula switches; the slopes there are not known",
            *_frameworks(kink),
            ".",
        )
    if kink.exists is None:
        return (*where, *slopes, *_frameworks(kink), ".")
    return (*where, *slopes, ": there is no derivative", *_frameworks(kink), ".")


def _slope(side: Side) -> Inline:
    if side.infinite:
        return ("infinite",) if side.infinite > 0 else ("minus infinity",)
    return ("unknown",) if side.slope is None else (math(side.slope),)


def _frameworks(kink: Kink) -> Inline:
    """What was measured of frameworks, if it is not the derivative."""
    rows = [("PyTorch", kink.torch), ("JAX", kink.jax)]
    found = [(name, row) for name, row in rows if row is not None and not _is_right(kink, row)]
    named = [f"{name} {row.version}" for name, row in found]
    values = [_returned(row) for _, row in found]
    match found:
        case []:
            return ()
        case [(_, first), (_, second)] if first.value == second.value:
            return (f"; {named[0]} and {named[1]} return ", *values[0])
        case [_, _]:
            return (f"; {named[0]} returns ", *values[0], f", {named[1]} ", *values[1])
    return (f"; {named[0]} returns ", *values[0])


def _is_right(kink: Kink, row: Returned) -> bool:
    return kink.removable and kink.left is not None and row.value == kink.left.slope


def _returned(row: Returned) -> tuple[InlinePiece, ...]:
    value = row.value
    return (value,) if isinstance(value, str) else (math(value),)


# --- where a form divides by 0 --------------------------------------------------------------------
def where_it_divides(derivation: Derivation, form: OutputForm) -> Inline:
    """The points at which an output form divides by 0 and the function does not, and its slopes.

    Empty for a function of several letters. A slope is that of the function from both sides; it
    is said if difference quotients agree.
    """
    function, x = derivation.function, derivation.variable
    if derivation.order > 1 or set(symbols(function)) - {x} or not _divisors(form.expr, x):
        return ()
    from chainrule.rewrite.limits import joint
    from chainrule.rewrite.order import Order
    from chainrule.verify.one_sided import Beside

    order = Order(x)
    pieces: Inline = ()
    for point in _zeros(form.expr, order):
        found = joint(function, function, function, point, order)
        output = found.left.value if found.here is None else found.here
        ends = {x: point, form.output: output} if output is not None else {x: point}
        if output is None or order.number(substitute(form.expr, ends)) is not None:
            continue
        slope, beside = found.left.slope, Beside(function, x, point, {})
        smooth = slope is not None and found.turn is ZERO and found.left.value is found.right.value
        smooth = smooth and beside.confirmed(found.left, -1) == found.left
        smooth = smooth and beside.confirmed(found.right, 1) == found.right
        at: Inline = (" At ", math(x, point), " it divides by 0")
        derived = Name(derivation.letter, (point,), 1)
        if found.here is None and smooth and slope is not None:
            value = math(Name(derivation.letter, (point,)), output)
            pieces += (*at, ", as the function does; with ", value, " filled in, ")
            pieces += (math(derived, slope), ".")
        elif found.here is not None and smooth and found.jumps[0] is ZERO and slope is not None:
            pieces += (*at, "; there ", math(derived, slope), ".")
        elif found.here is not None:
            pieces += (*at, ".")
    return pieces


def _divisors(expr: Expr, x: Symbol) -> list[Expr]:
    """What the formula divides by, where that depends on the variable alone."""
    found = []
    for node in postorder(expr):
        match node:
            case Quotient(_, below):
                found.append(below)
            case Power(base, exponent) if (rational_value(exponent) or 0) < 0:
                found.append(base)
    return [below for below in found if symbols(below) == [x]]


def _zeros(expr: Expr, order: Order) -> Iterator[Expr]:
    """The points at which one of the divisors is 0, each once."""
    from chainrule.rewrite.order import UndecidedError

    seen: set[Expr] = set()
    for below in _divisors(expr, order.variable):
        with suppress(UndecidedError):
            for zero in order.zeros(below)[0]:
                if zero not in seen:
                    seen.add(zero)
                    yield zero
