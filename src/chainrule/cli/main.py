"""The command line: the group of commands, and those that look things up."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli.explaining import check, diff, explain
from chainrule.cli.measuring import audit, code, forms
from chainrule.cli.options import BAD_INPUT, FAULT, examples
from chainrule.errors import ChainruleError, FaultError, FaultWarning, InputError

if TYPE_CHECKING:
    pass


def _show(usual: Callable[..., None], message: Warning | str, *args: Any) -> None:
    """Our own warnings as messages of ours, others as usual."""
    if isinstance(message, FaultWarning):
        click.echo(f"chainrule: {message}", err=True)
    else:
        usual(message, *args)


class Group(click.Group):
    """A group that turns our own errors into a message and exit status 2, or 3 for our faults."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always", FaultWarning)
                warnings.showwarning = partial(_show, warnings.showwarning)
                return super().invoke(ctx)
        except FaultError as error:
            click.echo(f"chainrule: {error}", err=True)
            ctx.exit(FAULT)
        except ChainruleError as error:
            describe = error.describe() if isinstance(error, InputError) else str(error)
            click.echo(f"chainrule: {describe}", err=True)
            ctx.exit(BAD_INPUT)


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
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


@main.command("list", epilog=examples("chainrule list", "chainrule list soft"))
@click.argument("word", required=False)
def list_(word: str | None) -> None:
    """List the functions of the catalogue, or those whose name or title has WORD in it."""
    from chainrule import commands

    rows = list(commands.listing(word))
    if not rows:
        raise InputError(f"no function has {word!r} in its name", hint="`chainrule list` shows all")
    width = max(len(row[0]) for row in rows)
    for name, formula, title in rows:
        click.echo(f"{name:<{width}}  {formula}")
        click.echo(f"{'':<{width}}  {title}")


@main.command(epilog=examples("chainrule selftest", "chainrule selftest gelu silu"))
@click.argument("names", nargs=-1)
@click.option("--points", default=16, show_default=True, help="Points to check each claim at.")
def selftest(names: tuple[str, ...], points: int) -> None:
    """Derive and verify every function of the catalogue. Exit status 1 if a claim fails."""
    from chainrule import commands

    failures = 0
    for name, passed, sentence in commands.selftest(names, points=points):
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


for command in (explain, diff, check, forms, code, audit):
    main.add_command(command)

if __name__ == "__main__":
    main()
