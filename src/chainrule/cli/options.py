"""What the commands share: options, reading and printing."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from itertools import islice
from os.path import splitext
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chainrule.deriving.choices import METHODS
from chainrule.errors import InputError
from chainrule.render.formats import FORMATS, by_ending, endings, rendered

if TYPE_CHECKING:
    from chainrule.document.blocks import Document

BAD_INPUT = 2
"""Exit status of input that cannot be read: that of click for options."""
FAULT = 3
"""Exit status of something of ours that was found wrong: none that anything else has."""

Command = TypeVar("Command", bound=Callable[..., Any])


class FormulaCommand(click.Command):
    """A command that is given one formula, which may begin with a minus sign."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options, formulas, unknown = self._told_apart(args)
        if len(formulas) > 1 and not unknown:
            answers = any(parameter.name == "answer" for parameter in self.params)
            where = "; your derivative goes after --answer" if answers else ""
            together = f'chainrule {self.name} "{" ".join(formulas)}"'
            raise click.UsageError(
                f"one formula, not also {formulas[1]!r}{where}; "
                f"quotes keep a formula together: {together}",
                ctx,
            )
        return super().parse_args(ctx, [*options, *(["--", *formulas] if formulas else [])])

    def _told_apart(self, args: list[str]) -> tuple[list[str], list[str], bool]:
        """The options with their values, what else there is (-x^2 is no option), and whether an
        option is unknown."""
        known = {name: p for p in self.params if isinstance(p, click.Option) for name in p.opts}
        options: list[str] = []
        formulas: list[str] = []
        unknown = False
        rest = iter(args)
        for arg in rest:
            if arg == "--":
                return options, [*formulas, *rest], unknown
            option = known.get(arg)
            attached = arg[:2] in known and arg[:2] not in ("-h", "--")
            if option is not None:
                options.append(arg)
                if not option.is_flag:
                    options += list(islice(rest, 1))
            elif _OPTION.fullmatch(arg) or attached or arg == "-h":
                options.append(arg)
                unknown = unknown or arg.partition("=")[0] not in {*known, arg[:2], "--help"}
            else:
                formulas.append(arg)
        return options, formulas, unknown


_OPTION = re.compile(r"--[a-z][a-z-]+(=.*)?", re.DOTALL)


def examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def wrt_option(command: Command, more: str = "") -> Command:
    return click.option("--wrt", metavar="X", help=f"Variable to differentiate by{more}.")(command)


def variable_options(command: Command) -> Command:
    command = wrt_option(command, "; several in turn as x,y; `all` for every one")
    return click.option("--order", default=1, show_default=True, help="How often.")(command)


def method_option(command: Command) -> Command:
    return click.option(
        "--method",
        type=click.Choice(METHODS),
        default=METHODS[0],
        show_default=True,
        help="How to take 1/u: as the power u^-1, or by the quotient rule.",
    )(command)


def format_options(command: Command) -> Command:
    command = click.option(
        "--format",
        "format_",
        type=click.Choice(tuple(FORMATS)),
        default=None,
        help="How to set it; a terminal gets `terminal`, anything else `text`.",
    )(command)
    return output_option(command, f"; its ending chooses the format ({', '.join(endings())})")


def output_option(command: Command, more: str = "") -> Command:
    return click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, writable=True),
        help=f"File to write to{more}.",
    )(command)


def either(names: Iterable[str]) -> str:
    """ "a, b or c", for a text of help."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8 (byte {error.start + 1})") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def from_stdin(formula: str) -> str:
    """The formula, which is read from standard input if it is a dash."""
    return sys.stdin.read() if formula == "-" else formula


def chosen_format(format_: str | None, output: str | None) -> str:
    if format_ is not None:
        return format_
    if output is not None:
        return by_ending(splitext(output)[1])
    return "terminal" if sys.stdout.isatty() else "text"


def print_documents(documents: list[Document], format_: str, output: str | None) -> None:
    if format_ == "terminal" and output is None:
        from rich.console import Console

        from chainrule.render.terminal import print_document

        console = Console(highlight=False)
        for document in documents:
            print_document(document, console)
        return
    write_text("\n".join(rendered(document, format_) for document in documents), output)


def write_result(document: Document, data: Any, format_: str, output: str | None) -> None:
    """What a command found, as a document or as plain data."""
    if format_ == "json":
        write_data(data, output)
    else:
        print_documents([document], format_, output)


def write_data(data: Any, output: str | None) -> None:
    """Plain data as JSON."""
    import json

    write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", output)


def write_text(text: str, output: str | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    try:
        with open(output, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"cannot write {output}: {error.strerror}") from error
