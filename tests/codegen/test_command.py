"""The command `chainrule code`: files written, and bad input refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from chainrule.cli.main import main


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["code", *arguments])
    return done.exit_code, done.output


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "relu.c"
    assert run("relu", "--target", "c", "-o", str(path)) == (0, "")
    assert "relu_forward" in path.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("silu", "--target", "pytorh"), "did you mean torch?"),
        (("silu", "--target", "fortran"), "choose from numpy, numba, c, cuda, jax, torch, triton"),
        (("silu", "--target", "c", "--dtype", "float31"), "did you mean float32?"),
        (("silu", "--target", "c", "--accuracy", "exact"), "choose from best, fast"),
        (("silu", "--target", "c", "--save", "outputs"), "did you mean output?"),
        (("relu", "--target", "c", "--save", "output"), "no form by the function's own output"),
        (("f(x)", "--target", "c"), "`f` is not defined"),
        (
            ("erfinv(x)", "--target", "c"),
            "the inverse error function cannot be computed by this target",
        ),
        (("digamma(x)", "--target", "c"), "the polygamma function cannot be computed"),
        (("7", "--target", "c"), "does not depend on x"),
        (("1e400 x", "--target", "c"), "is no number that float64 has"),
        (("silou", "--target", "c"), "silou"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], message: str) -> None:
    status, output = run(*arguments)
    assert status == 2 or "silou" in arguments
    assert message in output
