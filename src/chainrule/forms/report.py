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
    Code,
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
from chainrule.forms.listing import OF_A_TEXTBOOK, FormTable, ListedForm
from chainrule.render.data import expression

# A part of so many nodes that occurs so often gets a letter of its own.
LONG, OFTEN = 5, 3
# Fractions up to this denominator are shown as such.
_LARGEST = 100
_HEADER: tuple[Inline, ...] = tuple(
    (title,) for title in ("form", "saves", "cost", "largest", "mean", "NaN, ∞", "0", "sign")
)


def forms_document(derivation: Derivation, tables: Sequence[FormTable]) -> Document:
    """The document that `chainrule forms` prints."""
    problem = derivation.problem
    whole = Name(problem.name, problem.arguments or (derivation.variable,))
    title = f"Forms of the derivative of {problem.entry.title if problem.entry else problem.name}"
    blocks: list[Block] = [
        Heading(1, ("Forms of the derivative of ", math(whole))),
        *form_blocks(derivation, tables),
    ]
    return Document(title, tuple(blocks))


def forms_data(derivation: Derivation, tables: Sequence[FormTable]) -> list[dict[str, Any]]:
    """The same as plain data for JSON."""
    values = {s.name: float(v) for s, v in typical_values(derivation).items()}
    return [
        {
            "dtype": table.fmt.name,
            "arithmetic": table.work.name,
            "written": bool(table.how),
            "at": values,
            "forms": [
                {
                    "name": row.name,
                    "form": expression(row.shown),
                    "saves": [letter.name for letter in row.saves],
                    "steps": row.steps,
                    "measured": asdict(row.measured),
                }
                for row in table.rows
            ],
        }
        for table in tables
    ]


def forms_section(derivation: Derivation, tables: Sequence[FormTable]) -> list[Block]:
    """The section of a walk-through about them."""
    heading = Heading(2, ("Which form should you compute with?",))
    return [heading, *form_blocks(derivation, tables, level=3)]


def form_blocks(derivation: Derivation, tables: Sequence[FormTable], level: int = 2) -> list[Block]:
    """For each arithmetic the best form, a table of what was measured, and what goes wrong."""
    slope = Name(derivation.letter, (), derivation.order)
    known = {row.name: row.shown for table in tables for row in table.rows if _is_plain(row)}
    formulas = [(Strong(name), ": ", *_formula(slope, expr)) for name, expr in known.items()]
    blocks: list[Block] = [Bullets(tuple(formulas))]
    for table in tables:
        count = table.rows[0].measured.count
        where = f"In {table.fmt.name}"
        if table.work is not table.fmt:
            where += f", computed in {table.work.name} and rounded once"
        blocks.append(Heading(level, (f"{where}, at {count:,} inputs",)))
        if not count:
            blocks.append(Paragraph(("There is no input at which the derivative has a value.",)))
            continue
        blocks.append(Paragraph(_best(table, slope)))
        blocks.append(Table(_HEADER, tuple(_row(row, table.fmt) for row in table.rows)))
        wrong = _wrong(table)
        if wrong:
            blocks.append(Paragraph(wrong))
    blocks.append(
        Paragraph(
            (
                "The errors are in units in the last place (ULP) of the exact result, which comes "
                "from ball arithmetic; a correctly rounded result is off by at most 0.5. The last "
                "three columns count results that are no number or infinite, zero where a normal "
                "number is right, or of the wrong sign. The cost is about as many additions.",
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


def _is_plain(row: ListedForm) -> bool:
    return row.name in OF_A_TEXTBOOK


def _row(row: ListedForm, fmt: Format) -> tuple[Inline, ...]:
    found = row.measured
    saves = joined([(math(letter),) for letter in row.saves], ", ") if row.saves else ("nothing",)
    return (
        (row.name,),
        (*saves, f" ({row.bytes_saved(fmt)} B)"),
        (f"{row.steps}",),
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


def _best(table: FormTable, slope: Name) -> Inline:
    """The best form, as ``code`` says it if that writes it."""
    best, found = table.rows[0], table.rows[0].measured
    formula: Inline = () if _is_plain(best) else (", ", *_formula(slope, best.shown))
    if table.how:
        pieces: list[InlinePiece] = [
            Code("chainrule code"),
            f" computes it {table.how}: ",
            Strong(best.name),
        ]
    else:
        pieces = ["The best is ", Strong(best.name)]
    pieces += formula
    if found.faults:
        pieces.append(", which is not right everywhere either")
    elif found.largest > 0.5:
        pieces.append(f"; its largest error is at {number(found.worst)}")
    return (*pieces, ".")


def _wrong(table: FormTable) -> Inline:
    """Where forms give what is no answer."""
    pieces: list[InlinePiece] = []
    for row in table.rows:
        faults = _faults(row.measured)
        if faults:
            space = " " if pieces else ""
            pieces += [f"{space}{row.name[0].upper()}{row.name[1:]}, it gives "]
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
