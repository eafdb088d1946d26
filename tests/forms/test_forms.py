"""The forms of a derivative, measured: figures that others found, and what is said of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

import chainrule
from chainrule.cli.main import main
from chainrule.expr.nodes import substitute
from chainrule.forms.listing import FormTable, ListedForm, forms
from chainrule.forms.plan import plan


def listed(name: str, dtype: str, **options: Any) -> list[FormTable]:
    return forms(chainrule.derive(name), [dtype], **options)


def by_name(table: FormTable) -> dict[str, ListedForm]:
    return {row.name: row for row in table.rows}


def test_the_sigmoid_in_bfloat16() -> None:
    """Over all inputs, as counted elsewhere with NumPy and PyTorch."""
    _, itself = listed("sigmoid", "bfloat16", search=False)
    found = by_name(itself)
    derived = found["as derived"].measured
    assert (derived.not_finite, derived.early_zeros) == (15_566, 125)
    output = found["by the output"]
    assert output.measured.early_zeros == 487
    assert round(output.measured.largest, 1) == 255.8
    assert [letter.name for letter in output.saves] == ["sigma"]
    assert output.bytes_saved(itself.fmt) == 2


def test_an_exact_derivative_has_no_error() -> None:
    for table in listed("3x", "float32"):
        [row] = table.rows
        assert row.measured.largest == 0
        assert row.saves == ()


def test_parameters_have_their_defaults() -> None:
    _, itself = listed("elu", "float16", search=False)
    assert min(row.measured.largest for row in itself.rows) < 1


@pytest.mark.parametrize(
    ("name", "dtype", "accuracy"),
    [
        ("silu", "float32", "best"),
        ("sigmoid", "bfloat16", "best"),
        pytest.param("silu", "float32", "fast", marks=pytest.mark.slow),
        pytest.param("(1-cos(x))/x^2", "float32", "best", marks=pytest.mark.slow),
        pytest.param("x*y/(x+y)", "float64", "fast", marks=pytest.mark.slow),
    ],
)
def test_what_comes_first_is_what_is_written(name: str, dtype: str, accuracy: str) -> None:
    """By the same words, with the figure that stands in the file's header."""
    derivation = chainrule.derive(name, "x")
    first, *_ = forms(derivation, [dtype], accuracy=accuracy)
    made = plan(derivation, "numpy", dtype=dtype, accuracy=accuracy)
    best = first.rows[0]
    assert substitute(best.expr, {derivation.output: made.spec.output}) is made.gradient
    [note] = [note for note in made.spec.notes if "The gradient is computed" in note]
    assert f"computed {first.how}, as" in note
    assert f"({best.name})" in note
    if first.fmt.bits > 16:
        [measured] = [note for note in made.spec.notes if note.startswith("Measured in NumPy")]
        assert f"off by at most {best.measured.largest:.3g} ULP" in measured


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_command(dtype: str) -> None:
    result = CliRunner().invoke(main, ["forms", "tanh", "--no-search", "--dtype", dtype])
    assert result.exit_code == 0
    assert f"In {dtype}, computed in float64 and rounded once, at" in result.stdout
    assert f"In {dtype}, at" in result.stdout
    assert "by the output" in result.stdout


def test_json() -> None:
    result = CliRunner().invoke(
        main, ["forms", "x^2", "--no-search", "--dtype", "float16", "--format", "json"]
    )
    computed, itself = json.loads(result.stdout)
    assert (computed["dtype"], computed["arithmetic"]) == ("float16", "float64")
    assert (itself["dtype"], itself["arithmetic"]) == ("float16", "float16")
    [row] = itself["forms"]
    assert row["form"]["text"] == "2*x"
    assert row["measured"]["not_finite"] == 0


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
    written, itself = listed("sigmoid", "float32")
    for table in (written, itself):
        best, *others = table.rows
        assert best.measured.faults == 0
        assert best.measured.largest < 4
        assert all(row.measured.faults for row in others)
