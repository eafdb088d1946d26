"""What is said about the forms of a derivative: a table for each format, and advice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from chainrule.deriving.derivation import Derivation
from chainrule.deriving.problem import fresh_letter
from chainrule.document.blocks import (
    Block,
    Bullets,
    Document,
    Heading,
    Inline,
    InlinePiece,
    Name,
    Paragraph,
    Strong,
    Table,
    math,
)
from chainrule.document.phrases import joined
from chainrule.expr.nodes import Expr, Number, Sum, Symbol, postorder, size, substitute, symbols
from chainrule.floats.formats import Format
from chainrule.floats.letters import typical_values
from chainrule.floats.measure import Measured
from chainrule.forms.listing import ListedForm, rank
from chainrule.render.data import expression

# A part of so many nodes that occurs so often gets a letter of its own.
LONG, OFTEN = 5, 3
# Fractions up to this denominator are shown as such.
_LARGEST = 100
_HEADER: tuple[Inline, ...] = tuple(
    (title,) for title in ("form", "saves", "cost", "largest", "mean", "NaN, ∞", "0", "sign")
)


def forms_document(
    derivation: Derivation, forms: Sequence[ListedForm], formats: Sequence[Format]
) -> Document:
    """The document that `chainrule forms` prints."""
    problem = derivation.problem
    whole = Name(problem.name, problem.arguments or (derivation.variable,))
    title = f"Forms of the derivative of {problem.entry.title if problem.entry else problem.name}"
    blocks: list[Block] = [
        Heading(1, ("Forms of the derivative of ", math(whole))),
        *form_blocks(derivation, forms, formats),
    ]
    return Document(title, tuple(blocks))


def forms_data(derivation: Derivation, forms: Sequence[ListedForm]) -> list[dict[str, Any]]:
    """The same as plain data for JSON."""
    values = {s.name: float(v) for s, v in typical_values(derivation).items()}
    return [
        {
            "name": form.name,
            "form": expression(form.expr),
            "saves": [letter.name for letter in form.saves],
            "operations": form.operations,
            "calls": form.calls,
            "at": values,
            "measured": {name: asdict(found) for name, found in form.measured.items()},
        }
        for form in forms
    ]


def forms_section(
    derivation: Derivation, forms: Sequence[ListedForm], formats: Sequence[Format]
) -> list[Block]:
    """The section of a walk-through about them."""
    heading = Heading(2, ("Which form should you compute with?",))
    return [heading, *form_blocks(derivation, forms, formats, level=3)]


def form_blocks(
    derivation: Derivation, forms: Sequence[ListedForm], formats: Sequence[Format], level: int = 2
) -> list[Block]:
    """The formulas, a table of what was measured for each format, and the best of them."""
    slope = Name(derivation.letter, (), derivation.order)
    rows: list[Inline] = [(Strong(form.name), ": ", *_formula(slope, form.expr)) for form in forms]
    blocks: list[Block] = [Bullets(tuple(rows))]
    for form in formats:
        ordered = sorted(forms, key=lambda row, form=form: rank(row, form))  # type: ignore[misc]
        count = ordered[0].measured[form.name].count
        blocks.append(Heading(level, (f"In {form.name}, at {count:,} inputs",)))
        blocks.append(Table(_HEADER, tuple(_row(row, form) for row in ordered)))
        blocks.append(Paragraph(_advice(ordered, form)))
    blocks.append(
        Paragraph(
            (
                "The errors are in units in the last place (ULP) of the exact result, which comes "
                "from ball arithmetic; a correctly rounded result is off by at most 0.5. The last "
                "three columns count results that are no number or infinite, zero where a normal "
                "number is right, or of the wrong sign. The cost is operations + calls.",
            )
        )
    )
    values = typical_values(derivation)
    if values:
        given = joined([(math(s, _value(v)),) for s, v in values.items()], ", ")
        blocks.append(
            Paragraph(("All this was measured with ", *given, ", and at no other values of these."))
        )
    return blocks


def _value(value: Fraction) -> Expr:
    return (
        Number(value) if value.denominator < _LARGEST else Number(Fraction(f"{float(value):.4g}"))
    )


def _formula(slope: Name, expr: Expr) -> Inline:
    """The formula, with a letter for a long part that comes again and again."""
    times = Counter(arg for node in postorder(expr) for arg in node.args)
    often = [
        node
        for node, count in times.items()
        if isinstance(node, Sum) and count >= OFTEN and size(node) >= LONG
    ]
    if not often:
        return (math(slope, expr),)
    part = max(often, key=lambda node: times[node] * size(node))
    letter = Symbol(fresh_letter(("t", "u", "v"), {s.name for s in symbols(expr)}))
    return (math(slope, substitute(expr, {part: letter})), " with ", math(letter, part))


def _row(row: ListedForm, form: Format) -> tuple[Inline, ...]:
    found = row.measured[form.name]
    saves = joined([(math(letter),) for letter in row.saves], ", ") if row.saves else ("nothing",)
    return (
        (row.name,),
        (*saves, f" ({row.bytes_saved(form)} B)"),
        (f"{row.operations} + {row.calls}",),
        (figure(found.largest),),
        (figure(found.mean),),
        (f"{found.not_finite:,}",),
        (f"{found.early_zeros:,}",),
        (f"{found.wrong_signs:,}",),
    )


def figure(value: float) -> str:
    """An error in ULP."""
    if value != value:
        return "—"
    return f"{value:.2f}" if value < 1000 else f"{value:.1e}"


def _advice(ordered: Sequence[ListedForm], form: Format) -> Inline:
    best = ordered[0]
    found = best.measured[form.name]
    if not found.count:
        return ("There is no input at which the derivative has a value.",)
    pieces: list[InlinePiece] = []
    if found.faults:
        pieces += ["None of them is right everywhere; the least wrong is ", Strong(best.name), "."]
    else:
        pieces += ["The best of them is ", Strong(best.name)]
        if found.largest > 0.5:
            pieces.append(f"; its largest error is at {number(found.worst)}")
        pieces.append(".")
    for row in ordered:
        faults = _faults(row.measured[form.name])
        if faults:
            pieces += [f" {row.name[0].upper()}{row.name[1:]}, it gives "]
            pieces += [*joined([(text,) for text in faults]), "."]
    return tuple(pieces)


def number(value: float, digits: int = 9) -> str:
    """An input, with a real minus sign."""
    return f"{value:.{digits}g}".replace("-", "−")


def _faults(found: Measured) -> list[str]:
    """ "0 at 17.5", one for each kind."""
    words = {
        "not finite": "no finite number at",
        "early zero": "0 at",
        "wrong sign": "the wrong sign at",
    }
    return [f"{words[kind]} {number(at)}" for kind, at in found.first.items()]
