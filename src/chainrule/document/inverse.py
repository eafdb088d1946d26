"""Where the rule for an inverse function comes from: y = arcsin x says that x = sin y."""

from __future__ import annotations

from chainrule.differentiate.inverse import TITLE, WORDS, slope_of_inverse
from chainrule.document.blocks import (
    Block,
    Display,
    InlinePiece,
    Paragraph,
    Quote,
    Term,
    equation,
    math,
)
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import ONE, Call, Symbol, call, divide, substitute
from chainrule.rewrite.normal_form import Tidier


def inverse_blocks(name: str, y: Symbol, x: Symbol, slopes: tuple[Term, Term]) -> list[Block]:
    """How the derivative of the function ``name``, y = ``name``(x), follows from its inverse's.

    Args:
        name: a row of the table of functions whose function undoes another.
        y: the letter for the value.
        x: the letter for the argument.
        slopes: dy/dx and dx/dy, as they are written.
    """
    row = BY_NAME[name]
    undone = call(row.inverse, y)
    own = row.derivatives[0]
    assert own is not None
    pieces: list[InlinePiece] = [
        "Where does that rule come from? ",
        math(y, Call(name, (x,))),
        " says the same as ",
        math(x, undone),
    ]
    branch = BY_NAME[row.inverse].inverse_range
    if branch:
        pieces += [", with ", math(y), f" {branch}"]
    pieces += [". Differentiate that with respect to ", math(y), ":"]
    tidy = Tidier().tidy
    slope = tidy(slope_of_inverse(name, y))
    terms: list[Term] = [slopes[0], tidy(divide(ONE, slope))]
    for term in (tidy(substitute(own(x), {x: undone})), tidy(own(x))):
        if term is not terms[-1]:
            terms.append(term)
    return [
        Paragraph(tuple(pieces)),
        Display(equation(slopes[1], slope)),
        Quote(TITLE, (WORDS,)),
        Display(equation(*terms), ("because ", math(undone, x))),
    ]
