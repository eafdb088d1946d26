"""The forms of a derivative, measured: figures that others found, and what is said of them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import chainrule
from chainrule.cli.main import main
from chainrule.floats.formats import format_named
from chainrule.forms.listing import forms


def test_the_sigmoid_in_bfloat16() -> None:
    """Over all inputs, as counted elsewhere with NumPy and PyTorch."""
    form = format_named("bfloat16")
    found = {row.name: row for row in forms(chainrule.derive("sigmoid"), [form], search=False)}
    derived = found["as derived"].measured["bfloat16"]
    assert (derived.not_finite, derived.early_zeros) == (15_566, 125)
    output = found["by the output"]
    assert output.measured["bfloat16"].early_zeros == 487
    assert round(output.measured["bfloat16"].largest, 1) == 255.8
    assert [letter.name for letter in output.saves] == ["sigma"]
    assert output.bytes_saved(form) == 2
    assert (output.operations, output.calls) == (2, 0)


def test_an_exact_derivative_has_no_error() -> None:
    [row] = forms(chainrule.derive("3x"), [format_named("float32")], sample=1_000)
    assert row.measured["float32"].largest == 0
    assert row.saves == ()


def test_parameters_have_their_defaults() -> None:
    rows = forms(chainrule.derive("elu"), [format_named("float16")], search=False)
    assert min(row.measured["float16"].largest for row in rows) < 1


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_command(dtype: str) -> None:
    result = CliRunner().invoke(main, ["forms", "tanh", "--no-search", "--dtype", dtype])
    assert result.exit_code == 0
    assert f"In {dtype}, at" in result.stdout
    assert "by the output" in result.stdout


def test_json() -> None:
    result = CliRunner().invoke(
        main, ["forms", "x^2", "--no-search", "--dtype", "float16", "--format", "json"]
    )
    [row] = json.loads(result.stdout)
    assert row["form"]["text"] == "2*x"
    assert row["measured"]["float16"]["not_finite"] == 0


def test_what_cannot_be_computed_is_told() -> None:
    result = CliRunner().invoke(main, ["forms", "f(x)^2"])
    assert result.exit_code == 2
    assert "cannot be computed" in result.stderr


def test_the_section_of_a_walk_through() -> None:
    result = CliRunner().invoke(main, ["explain", "x^2", "--forms", "float16"])
    assert result.exit_code == 0
    told = result.stdout
    assert told.index("Which form should you compute with?") < told.index("Checked")


def test_a_form_without_faults_is_found() -> None:
    """Neither the simplified derivative of the sigmoid nor σ(1 − σ) is right everywhere."""
    form = format_named("float32")
    best, *others = forms(chainrule.derive("sigmoid"), [form], sample=20_000)
    assert best.name == "rewritten"
    assert best.measured["float32"].faults == 0
    assert best.measured["float32"].largest < 4
    assert all(row.measured["float32"].faults for row in others)
