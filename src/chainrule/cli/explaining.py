"""The commands that explain: explain, diff, check."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli.options import (
    FAULT,
    FormulaCommand,
    chosen_format,
    examples,
    format_options,
    from_stdin,
    method_option,
    print_documents,
    read,
    variable_options,
    write_data,
    write_result,
)
from chainrule.deriving.choices import FORMS
from chainrule.document.style import DETAILS, NOTATIONS, Style
from chainrule.floats.dtypes import NAMES
from chainrule.render.formats import SYNTAXES

if TYPE_CHECKING:
    from chainrule.document.blocks import Document


@click.command(
    cls=FormulaCommand,
    epilog=examples(
        "chainrule explain silu",
        'chainrule explain "x sin(x)" --detail full',
        'chainrule explain "x^2 + y^2 = 1"',
        'chainrule explain "a e^(-b t)" --wrt t --order 2',
        r"chainrule explain '\frac{1}{1+e^{-x}}' --format markdown -o sigmoid.md",
    ),
)
@click.argument("formula")
@variable_options
@click.option("--at", metavar="VALUE", help="Point to try on a calculator: 5, or x=5,a=2.")
@click.option(
    "--detail",
    type=click.Choice(DETAILS),
    default=Style().detail,
    show_default=True,
    help="How much to say.",
)
@click.option(
    "--notation",
    type=click.Choice(NOTATIONS),
    default=Style().notation,
    show_default=True,
    help="df/dx or f'(x).",
)
@click.option(
    "--forms",
    "dtypes",
    type=click.Choice(NAMES),
    multiple=True,
    help="Add a section on which form to compute with in this format.",
)
@method_option
@format_options
def explain(
    formula: str,
    wrt: str | None,
    order: int,
    at: str | None,
    detail: Any,
    notation: Any,
    dtypes: tuple[str, ...],
    method: str,
    format_: str | None,
    output: str | None,
) -> None:
    """Walk through the derivative of FORMULA, or of a function of the catalogue by name.

    A dash reads the formula from standard input.
    """
    from chainrule import commands

    formula = from_stdin(formula)
    chosen = chosen_format(format_, output)
    style = Style(detail, notation)
    documents: list[Document] = []
    values: list[Any] = []
    faulty = False
    for derivation in commands.derivations(formula, wrt=wrt, order=order, method=method):
        if chosen == "json":
            values.append(commands.data(derivation, at=at, dtypes=dtypes))
        else:
            documents.append(commands.document(derivation, style, at=at, dtypes=dtypes))
        faulty = faulty or derivation.verdict.word == "wrong"
    if chosen == "json":
        write_data(values[0] if len(values) == 1 else values, output)
    else:
        print_documents(documents, chosen, output)
    sys.exit(FAULT if faulty else 0)


@click.command(
    cls=FormulaCommand,
    epilog=examples(
        'chainrule diff "x^x"',
        "chainrule diff tanh --form output",
        'chainrule diff "sqrt(1+x^2)" --syntax python',
        'chainrule diff "x^2 y^3" --wrt x,y',
        'chainrule diff "f(g(x))"',
    ),
)
@click.argument("formula")
@variable_options
@click.option(
    "--form",
    type=click.Choice(FORMS),
    default=FORMS[0],
    show_default=True,
    help="Simplified, by the function's own output y, or as the rules give it.",
)
@click.option(
    "--syntax",
    type=click.Choice(SYNTAXES),
    default=SYNTAXES[0],
    show_default=True,
    help="How to write it; `python` is an expression over `from math import *`.",
)
@method_option
def diff(formula: str, wrt: str | None, order: int, form: Any, syntax: Any, method: str) -> None:
    """Print the derivative of FORMULA in one line."""
    from chainrule import commands

    formula = from_stdin(formula)
    found = list(commands.derivations(formula, wrt=wrt, order=order, method=method))
    for derivation in found:
        line = commands.written(derivation.form(form), syntax)
        label = f"{derivation.label}: " if len(found) > 1 else ""
        click.echo(f"{label}{line}")


@click.command(
    cls=FormulaCommand,
    epilog=examples(
        'chainrule check "e^(-x^2)" --answer "-2x e^(-x^2)"',
        'chainrule check "sin(x)^2" --answer "2 sin(x)"',
        "chainrule check --lines homework.txt",
    ),
)
@click.argument("formula", required=False)
@click.option("--answer", metavar="FORMULA", help="Your derivative.")
@click.option(
    "--lines",
    type=click.Path(exists=True, dir_okay=False),
    help="A file with a derivation, one step a line; the first that does not follow is named.",
)
@variable_options
@format_options
def check(
    formula: str | None,
    answer: str | None,
    lines: str | None,
    wrt: str | None,
    order: int,
    format_: str | None,
    output: str | None,
) -> None:
    """Check your own derivative of FORMULA. Exit status 0 if it is right, 1 if not."""
    from chainrule import commands

    setting = chosen_format(format_, output)
    if lines is not None:
        if formula is not None or answer is not None or wrt is not None or order != 1:
            raise click.UsageError("--lines stands alone: the file says what is differentiated")
        right, document, data = commands.check_lines(read(lines))
    elif formula is not None and answer is not None:
        right, document, data = commands.check(from_stdin(formula), answer, wrt=wrt, order=order)
    else:
        raise click.UsageError("give a FORMULA with --answer, or a file with --lines")
    write_result(document, data, setting, output)
    sys.exit(0 if right else 1)
