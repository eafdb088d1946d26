"""The commands that measure: forms, code, audit."""

from __future__ import annotations

import re
import sys
from functools import partial
from typing import Any

import click

from chainrule.cli.options import (
    FormulaCommand,
    chosen_format,
    either,
    examples,
    format_options,
    from_stdin,
    output_option,
    write_result,
    write_text,
    wrt_option,
)
from chainrule.floats.dtypes import NAMES
from chainrule.program.targets import ACCURACIES, SAVES, TARGETS
from chainrule.render.formats import FORMATS

INTERRUPTED = 130
"""Exit status of what Ctrl-C ended: 128 and the number of the signal, as shells have it."""
INACCURATE = 1
"""Exit status where results are known to be wrong, as of any check that fails."""


def _all_dtypes(context: click.Context, option: Any, given: tuple[str, ...]) -> tuple[str, ...]:
    return NAMES if "all" in given else given


def _address(context: click.Context, option: Any, given: str | None) -> str | None:
    """The address of a scheduler, "" for a local one. A target would be taken for one."""
    if given and not re.fullmatch(r"\w+://.+|[\w.-]+:\d+", given):
        raise click.UsageError(f"{given!r} is no address; --dask stands after the targets")
    return given


_dtypes_option = click.option(
    "--dtype",
    "dtypes",
    type=click.Choice([*NAMES, "all"]),
    callback=_all_dtypes,
    multiple=True,
    default=["float32"],
    show_default=True,
    help="Formats to measure in; may be given several times.",
)


@click.command(
    cls=FormulaCommand,
    epilog=examples(
        "chainrule forms sigmoid",
        "chainrule forms silu --dtype bfloat16 --dtype float32",
        'chainrule forms "x/(1+e^(-a x))" --dtype all --format json',
        "chainrule forms mish --exhaustive",
    ),
)
@click.argument("formula")
@wrt_option
@_dtypes_option
@click.option(
    "--accuracy",
    type=click.Choice(ACCURACIES),
    default="best",
    show_default=True,
    help="As for `code`, whose form comes first.",
)
@click.option(
    "--search/--no-search",
    default=True,
    show_default=True,
    help="Whether to search for the form that `code` writes, which takes some seconds.",
)
@click.option(
    "--exhaustive",
    is_flag=True,
    help="All 2^32 inputs of float32, and 10^8 of float64. Every form is evaluated by NumPy: "
    "some minutes for each.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
@format_options
def forms(
    formula: str,
    wrt: str | None,
    dtypes: tuple[str, ...],
    accuracy: str,
    search: bool,
    exhaustive: bool,
    quiet: bool,
    format_: str | None,
    output: str | None,
) -> None:
    """Measure the forms of the derivative of FORMULA in floating point.

    As `code` computes them, the one first that it writes, and with every operation rounded to the
    dtype. Every input of a 16-bit format is tried, and of a longer one a sample over all bit
    patterns with the neighbours of roots, kinks and thresholds.
    """
    from chainrule import commands

    setting = chosen_format(format_, output)
    measured = partial(
        commands.forms,
        from_stdin(formula),
        dtypes=dtypes,
        wrt=wrt,
        accuracy=accuracy,
        search=search,
    )
    if exhaustive:
        from chainrule.audit.progress import showing

        with showing(quiet) as advance:
            document, data = measured(exhaustive=True, advance=advance)
    else:
        document, data = measured()
    write_result(document, data, setting, output)


@click.command(
    cls=FormulaCommand,
    epilog=examples(
        "chainrule code silu --target numpy",
        "chainrule code gelu --target c --dtype bfloat16 -o gelu.c",
        'chainrule code "x tanh(x)" --target torch --accuracy fast',
    ),
)
@click.argument("formula")
@click.option("--target", required=True, help=f"{either(TARGETS)}.")
@wrt_option
@click.option(
    "--dtype",
    default="float32",
    show_default=True,
    help=f"What arrays hold: {either(NAMES)}.",
)
@click.option(
    "--save",
    default="auto",
    show_default=True,
    help=f"What the gradient is computed from: {either(SAVES)} for the better measured.",
)
@click.option(
    "--accuracy",
    default="best",
    show_default=True,
    help=f"{either(ACCURACIES)}: in double and rounded once, or in the dtype itself.",
)
@output_option
@click.option(
    "--allow-bad",
    is_flag=True,
    help="Write the file even if its results are known to be wrong somewhere.",
)
def code(
    formula: str,
    target: str,
    wrt: str | None,
    dtype: str,
    save: str,
    accuracy: str,
    output: str | None,
    allow_bad: bool,
) -> None:
    """Write a file that computes FORMULA and its gradient.

    Nothing is written if its results are known to be wrong somewhere (NaN, 0 or the wrong sign
    where there is a number, or an error far above what is promised): exit status 1, and what is
    wrong on standard error.
    """
    from chainrule import api
    from chainrule.errors import InaccurateError

    formula = from_stdin(formula)
    try:
        text = api.code(
            formula, target, wrt, dtype=dtype, accuracy=accuracy, save=save, allow_bad=allow_bad
        )
    except InaccurateError as error:
        click.echo(f"chainrule: {error}", err=True)
        sys.exit(INACCURATE)
    write_text(text, output)


@click.command(
    epilog=examples(
        "chainrule audit torch:nn.functional.silu",
        "chainrule audit jax:nn.gelu --dtype all --out gelu",
        "chainrule audit numpy:mypackage.mymodule:my_grad --against sigmoid --dtype bfloat16",
        "chainrule audit c:./libfoo.so:grad_f32 --against 'x/(1+e^-x)' --exhaustive",
        "chainrule audit --all torch --dtype all --format markdown",
        "chainrule audit torch:nn.functional.gelu --device cuda",
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
@_dtypes_option
@click.option(
    "--kind",
    type=click.Choice(["gradient", "forward", "both"]),
    default="both",
    show_default=True,
    help="The gradient, the function itself, or both.",
)
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    metavar="NAME",
    help="Where targets of torch and jax compute: cuda, cuda:1, …",
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
    type=click.Path(file_okay=False),
    help="Folder for pictures (PNG, SVG), JSON and Parquet.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(tuple(FORMATS)),
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
    callback=_address,
    help="Run on a Dask cluster, or on an embedded local one; give it after the targets.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def audit(
    targets: tuple[str, ...],
    frameworks: tuple[str, ...],
    kind: Any,
    max_ulp: float,
    out: str | None,
    format_: str | None,
    threads: int | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Measure somebody's function and gradient in floating point.

    TARGET is torch:nn.functional.silu, jax:nn.gelu, numpy:package.module:my_grad,
    c:./libfoo.so:grad_f32, onnxruntime:Gelu or chainrule:gelu. It runs in a process of its own:
    one that crashes or hangs is told, and the rest goes on.

    Every input of a 16-bit format is tried, and of a longer one a sample over all bit patterns,
    with the neighbourhoods of roots and kinks. Exit status: 1 if a result is NaN, infinite, zero or
    of the wrong sign where it should not be, the largest error passes --max-ulp, or arrays of other
    lengths or other upstream gradients give something wrong; 2 if a target could not be audited to
    the end.
    """
    from chainrule import commands
    from chainrule.errors import require

    require("audit", numpy="NumPy")
    from pathlib import Path

    from chainrule.audit import progress
    from chainrule.audit.running.campaign import KINDS, Options

    folder = Path(out) if out else None
    kinds = KINDS if kind == "both" else (kind,)
    with progress.bar(quiet) as bar:
        try:
            document, data, status = commands.audit(
                targets,
                Options(kinds=kinds, threads=threads or 0, folder=folder, **options),
                frameworks=frameworks,
                max_ulp=max_ulp,
                out=folder,
                watcher=progress.Bar(bar),
            )
        except KeyboardInterrupt:
            click.echo(
                "chainrule: interrupted; what is done is kept, and the same command with "
                "--resume goes on",
                err=True,
            )
            sys.exit(INTERRUPTED)
    setting = chosen_format(format_, None)
    if setting == "markdown":
        from chainrule.render.markdown import render

        write_text(render(document, front_matter=False), None)
    else:
        write_result(document, data, setting, None)
    sys.exit(status)
