"""The command line: one function per command, no mathematics."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chainrule.dtypes import NAMES
from chainrule.errors import ChainruleError, InputError

if TYPE_CHECKING:
    from chainrule.document.blocks import Document

FORMATS = ("terminal", "text", "markdown", "latex", "json")
SYNTAXES = ("plain", "latex", "python", "sympy")
BAD_INPUT = 2
INTERRUPTED = 130

Command = TypeVar("Command", bound=Callable[..., Any])


class Group(click.Group):
    """A group that turns our own errors into a message and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ChainruleError as error:
            describe = error.describe() if isinstance(error, InputError) else str(error)
            click.echo(f"chainrule: {describe}", err=True)
            ctx.exit(BAD_INPUT)


def _examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_examples(
        "chainrule explain sigmoid",
        'chainrule explain "x^2 sin(3x)" --at 1',
        'chainrule diff "1/(1+e^-x)" --form output',
        'chainrule check "sin(x)^2" --answer "2 sin(x)"',
        "chainrule list gelu",
    ),
)
@click.version_option(package_name="chainrule", prog_name="chainrule")
def main() -> None:
    """Derivatives explained step by step, checked by machine."""


def _variable_options(command: Command) -> Command:
    command = click.option(
        "--wrt",
        metavar="X",
        help="Variable to differentiate by; several in turn as x,y; `all` for every one.",
    )(command)
    return click.option("--order", default=1, show_default=True, help="How often.")(command)


def _method_option(command: Command) -> Command:
    return click.option(
        "--method",
        type=click.Choice(["power", "quotient"]),
        default="power",
        show_default=True,
        help="How to take 1/u: as the power u^-1, or by the quotient rule.",
    )(command)


def _format_options(command: Command) -> Command:
    command = click.option(
        "--format",
        "format_",
        type=click.Choice(FORMATS),
        default=None,
        help="How to set it; a terminal gets `terminal`, anything else `text`.",
    )(command)
    return click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, writable=True, path_type=Path),
        help="File to write to; its ending chooses the format (.md, .tex, .json, .txt).",
    )(command)


@main.command(
    epilog=_examples(
        "chainrule explain silu",
        'chainrule explain "x sin(x)" --detail full',
        'chainrule explain "x^2 + y^2 = 1"',
        'chainrule explain "a e^(-b t)" --wrt t --order 2',
        r"chainrule explain '\frac{1}{1+e^{-x}}' --format markdown -o sigmoid.md",
    )
)
@click.argument("formula")
@_variable_options
@click.option("--at", metavar="VALUE", help="Point to try on a calculator: 5, or x=5,a=2.")
@click.option(
    "--detail",
    type=click.Choice(["brief", "normal", "full"]),
    default="normal",
    show_default=True,
    help="How much to say.",
)
@click.option(
    "--notation",
    type=click.Choice(["leibniz", "lagrange"]),
    default="leibniz",
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
@_method_option
@_format_options
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
    output: Path | None,
) -> None:
    """Walk through the derivative of FORMULA, or of a function of the catalogue by name.

    A dash reads the formula from standard input.
    """
    from chainrule import api
    from chainrule.document.telling import Style

    formula = _from_stdin(formula)
    chosen = _chosen_format(format_, output)
    style = Style(detail, notation)
    documents: list[Document] = []
    values: list[Any] = []
    for derivation in api.derivations(formula, wrt=wrt, order=order, method=method):
        if chosen == "json":
            values.append(derivation.to_dict())
        else:
            documents.append(api.document(derivation, style, at=at, dtypes=dtypes))
    if chosen == "json":
        import json

        whole = values[0] if len(values) == 1 else values
        _write(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", output)
    else:
        _print_documents(documents, chosen, output)


@main.command(
    epilog=_examples(
        'chainrule diff "x^x"',
        "chainrule diff tanh --form output",
        'chainrule diff "sqrt(1+x^2)" --syntax python',
        'chainrule diff "x^2 y^3" --wrt x,y',
        'chainrule diff "f(g(x))"',
    )
)
@click.argument("formula")
@_variable_options
@click.option(
    "--form",
    type=click.Choice(["simplified", "output", "raw"]),
    default="simplified",
    show_default=True,
    help="Simplified, by the function's own output y, or as the rules give it.",
)
@click.option(
    "--syntax",
    type=click.Choice(SYNTAXES),
    default="plain",
    show_default=True,
    help="How to write it; `python` is an expression over `from math import *`.",
)
@_method_option
def diff(formula: str, wrt: str | None, order: int, form: Any, syntax: str, method: str) -> None:
    """Print the derivative of FORMULA in one line."""
    from chainrule import api

    formula = _from_stdin(formula)
    found = list(api.derivations(formula, wrt=wrt, order=order, method=method))
    for derivation in found:
        line = api.written(derivation.form(form), syntax)
        label = f"{derivation.label}: " if len(found) > 1 else ""
        click.echo(f"{label}{line}")


@main.command(
    epilog=_examples(
        'chainrule check "e^(-x^2)" --answer "-2x e^(-x^2)"',
        'chainrule check "sin(x)^2" --answer "2 sin(x)"',
        "chainrule check --lines homework.txt",
    )
)
@click.argument("formula", required=False)
@click.option("--answer", metavar="FORMULA", help="Your derivative.")
@click.option(
    "--lines",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with a derivation, one step a line; the first that does not follow is named.",
)
@_variable_options
@_format_options
def check(
    formula: str | None,
    answer: str | None,
    lines: Path | None,
    wrt: str | None,
    order: int,
    format_: str | None,
    output: Path | None,
) -> None:
    """Check your own derivative of FORMULA. Exit status 0 if it is right, 1 if not."""
    from chainrule import api

    if lines is not None:
        right, document = api.check_lines(_read(lines))
    elif formula is not None and answer is not None:
        right, document = api.check(formula, answer, wrt=wrt, order=order)
    else:
        raise click.UsageError("give a FORMULA with --answer, or a file with --lines")
    _print_documents([document], _chosen_format(format_, output), output)
    sys.exit(0 if right else 1)


@main.command(
    epilog=_examples(
        "chainrule forms sigmoid",
        "chainrule forms silu --dtype bfloat16 --dtype float32",
        'chainrule forms "x/(1+e^(-a x))" --dtype all --format json',
        "chainrule forms mish --exhaustive",
    )
)
@click.argument("formula")
@click.option("--wrt", metavar="X", help="Variable to differentiate by.")
@click.option(
    "--dtype",
    "dtypes",
    type=click.Choice([*NAMES, "all"]),
    multiple=True,
    default=["float32"],
    show_default=True,
    help="Formats to measure in; may be given several times.",
)
@click.option(
    "--search/--no-search",
    default=True,
    show_default=True,
    help="Whether to search for a form that evaluates well, which takes some seconds.",
)
@click.option(
    "--exhaustive",
    is_flag=True,
    help="All 2^32 inputs of float32, and 10^8 of float64. Every form is evaluated by NumPy: "
    "some minutes for each.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
@_format_options
def forms(
    formula: str,
    wrt: str | None,
    dtypes: tuple[str, ...],
    search: bool,
    exhaustive: bool,
    quiet: bool,
    format_: str | None,
    output: Path | None,
) -> None:
    """Measure the forms of the derivative of FORMULA in floating point.

    Every input of a 16-bit format is tried, and of a longer one a sample over all bit patterns.
    Among the forms is one that was searched for because it evaluates well.
    """
    from chainrule import api

    chosen = NAMES if "all" in dtypes else dtypes
    formula = _from_stdin(formula)
    if exhaustive:
        from chainrule.audit.progress import showing

        with showing(quiet) as advance:
            document, data = api.forms(
                formula, dtypes=chosen, wrt=wrt, search=search, exhaustive=True, advance=advance
            )
    else:
        document, data = api.forms(formula, dtypes=chosen, wrt=wrt, search=search)
    setting = _chosen_format(format_, output)
    if setting == "json":
        import json

        _write(json.dumps(data, indent=2, ensure_ascii=False) + "\n", output)
    else:
        _print_documents([document], setting, output)


@main.command(
    epilog=_examples(
        "chainrule code silu --target numpy",
        "chainrule code gelu --target c --dtype bfloat16 -o gelu.c",
        'chainrule code "x tanh(x)" --target torch --accuracy fast',
    )
)
@click.argument("formula")
@click.option("--target", required=True, help="numpy, numba, c, cuda, jax, torch or triton.")
@click.option("--wrt", metavar="X", help="Variable of the gradient.")
@click.option(
    "--dtype",
    default="float32",
    show_default=True,
    help="What arrays hold: float32, float64, float16 or bfloat16.",
)
@click.option(
    "--save",
    default="auto",
    show_default=True,
    help="What the gradient is computed from: input, output, or auto for the better measured.",
)
@click.option(
    "--accuracy",
    default="best",
    show_default=True,
    help="`best` computes in double and rounds once, `fast` in the dtype itself.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="File to write to.",
)
def code(
    formula: str,
    target: str,
    wrt: str | None,
    dtype: str,
    save: str,
    accuracy: str,
    output: Path | None,
) -> None:
    """Write a file that computes FORMULA and its gradient."""
    from chainrule import api

    formula = _from_stdin(formula)
    text = api.code(formula, target, wrt, dtype=dtype, accuracy=accuracy, save=save)
    _write(text, output)


@main.command(
    epilog=_examples(
        "chainrule audit torch:nn.functional.silu",
        "chainrule audit jax:nn.gelu --dtype all --out gelu",
        "chainrule audit numpy:mypackage.mymodule:my_grad --against sigmoid --dtype bfloat16",
        "chainrule audit c:./libfoo.so:grad_f32 --against 'x/(1+e^-x)' --exhaustive",
        "chainrule audit --all torch --dtype all --format markdown",
    )
)
@click.argument("targets", metavar="[TARGET]...", nargs=-1)
@click.option(
    "--all",
    "frameworks",
    metavar="FRAMEWORK",
    multiple=True,
    help="Everything of torch, jax, onnxruntime or chainrule; may be given several times.",
)
@click.option(
    "--against",
    metavar="FORMULA",
    help="What it should compute: a formula, a name of the catalogue, or one with values of its "
    "parameters, elu(alpha=2). Known for torch, jax, onnxruntime and chainrule.",
)
@click.option(
    "--dtype",
    "dtypes",
    type=click.Choice([*NAMES, "all"]),
    multiple=True,
    default=["float32"],
    show_default=True,
    help="Formats to measure in; may be given several times.",
)
@click.option(
    "--kind",
    type=click.Choice(["gradient", "forward", "both"]),
    default="both",
    show_default=True,
    help="The gradient, the function itself, or both.",
)
@click.option(
    "--exhaustive",
    is_flag=True,
    help="All 2^32 inputs of float32, which takes about a minute; 10^8 of float64.",
)
@click.option(
    "--max-ulp",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="The largest error that passes.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for pictures (PNG, SVG), JSON and Parquet.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "markdown", "json"]),
    default=None,
    help="How to print the table; a terminal gets colour.",
)
@click.option("--resume", is_flag=True, help="Go on where an interrupted audit stopped.")
@click.option(
    "--threads", type=click.IntRange(min=1), help="How many; as many as there are processors."
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long one call of the target may take.",
)
@click.option(
    "--dask",
    "cluster",
    is_flag=False,
    flag_value="",
    metavar="[ADDRESS]",
    help="Run on a Dask cluster, or on an embedded local one; give it after the targets.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def audit(
    targets: tuple[str, ...],
    frameworks: tuple[str, ...],
    against: str | None,
    dtypes: tuple[str, ...],
    kind: Any,
    exhaustive: bool,
    max_ulp: float,
    out: Path | None,
    format_: str | None,
    resume: bool,
    threads: int | None,
    time_limit: float,
    cluster: str | None,
    quiet: bool,
) -> None:
    """Measure somebody's function and gradient in floating point.

    TARGET is torch:nn.functional.silu, jax:nn.gelu, numpy:package.module:my_grad,
    c:./libfoo.so:grad_f32, onnxruntime:Gelu or chainrule:gelu. It runs in a process of its own:
    one that crashes or hangs is told, and the rest goes on.

    Every input of a 16-bit format is tried, and of a longer one a sample over all bit patterns,
    with the neighbourhoods of roots and kinks. Exit status: 1 if a result is NaN, infinite, zero or
    of the wrong sign where it should not be, or the largest error passes --max-ulp; 2 if a target
    could not be audited to the end.
    """
    from chainrule import api
    from chainrule.errors import require

    if cluster and not re.fullmatch(r"\w+://.+|[\w.-]+:\d+", cluster):
        raise click.UsageError(f"{cluster!r} is no address; --dask stands after the targets")
    require("audit", numpy="NumPy")
    from chainrule.audit import progress
    from chainrule.audit.campaign import KINDS, Options

    options = Options(
        dtypes=NAMES if "all" in dtypes else dtypes,
        kinds=KINDS if kind == "both" else (kind,),
        against=against,
        exhaustive=exhaustive,
        threads=threads or 0,
        time_limit=time_limit,
        folder=out,
        resume=resume,
        cluster=cluster,
    )
    with progress.bar(quiet) as bar:
        try:
            document, data, status = api.audit(
                targets,
                options,
                frameworks=frameworks,
                max_ulp=max_ulp,
                out=out,
                watcher=progress.Bar(bar),
            )
        except KeyboardInterrupt:
            click.echo(
                "chainrule: interrupted; what is done is kept, and the same command with "
                "--resume goes on",
                err=True,
            )
            sys.exit(INTERRUPTED)
    setting = format_ or ("terminal" if sys.stdout.isatty() else "text")
    if setting == "json":
        import json

        _write(json.dumps(data, indent=2, ensure_ascii=False) + "\n", None)
    elif setting == "markdown":
        from chainrule.render.markdown import render

        _write(render(document, front_matter=False), None)
    else:
        _print_documents([document], setting, None)
    sys.exit(status)


@main.command("list", epilog=_examples("chainrule list", "chainrule list soft"))
@click.argument("word", required=False)
def list_(word: str | None) -> None:
    """List the functions of the catalogue, or those whose name or title has WORD in it."""
    from chainrule import api

    rows = list(api.listing(word))
    if not rows:
        raise InputError(f"no function has {word!r} in its name", hint="`chainrule list` shows all")
    width = max(len(row[0]) for row in rows)
    for name, formula, title in rows:
        click.echo(f"{name:<{width}}  {formula}")
        click.echo(f"{'':<{width}}  {title}")


@main.command(epilog=_examples("chainrule selftest", "chainrule selftest gelu silu"))
@click.argument("names", nargs=-1)
@click.option("--points", default=16, show_default=True, help="Points to check each claim at.")
def selftest(names: tuple[str, ...], points: int) -> None:
    """Derive and verify every function of the catalogue. Exit status 1 if a claim fails."""
    from chainrule import api

    failures = 0
    for name, passed, sentence in api.selftest(names, points=points):
        failures += not passed
        click.echo(f"{'ok  ' if passed else 'FAIL'} {name}: {sentence}")
    click.echo(f"{failures} failed" if failures else "every claim holds")
    sys.exit(1 if failures else 0)


@main.command(
    epilog="\b\nExamples:\n  chainrule completion bash >> ~/.bashrc\n"
    "  chainrule completion zsh >> ~/.zshrc"
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell."""
    from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

    kinds: dict[str, type[ShellComplete]]
    kinds = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
    click.echo(kinds[shell](main, {}, "chainrule", "_CHAINRULE_COMPLETE").source())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8 (byte {error.start + 1})") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _from_stdin(formula: str) -> str:
    """The formula, which is read from standard input if it is a dash."""
    return sys.stdin.read() if formula == "-" else formula


def _chosen_format(format_: str | None, output: Path | None) -> str:
    if format_ is not None:
        return format_
    if output is not None:
        by_ending = {".md": "markdown", ".tex": "latex", ".json": "json"}
        return by_ending.get(output.suffix, "text")
    return "terminal" if sys.stdout.isatty() else "text"


def _print_documents(documents: list[Document], format_: str, output: Path | None) -> None:
    if format_ == "terminal" and output is None:
        from rich.console import Console

        from chainrule.render.terminal import print_document

        console = Console(highlight=False)
        for document in documents:
            print_document(document, console)
        return
    from chainrule import api

    _write("\n".join(api.rendered(document, format_) for document in documents), output)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {output}: {error.strerror}") from error


if __name__ == "__main__":
    main()
