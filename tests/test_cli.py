"""The command line as a person uses it: what it prints and how it exits."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from click.testing import CliRunner, Result

import chainrule
from chainrule.cli.main import main
from chainrule.deriving.choices import FORMS, METHODS
from chainrule.document.style import DETAILS, NOTATIONS
from chainrule.floats.dtypes import NAMES
from chainrule.program.targets import ACCURACIES, SAVES, TARGETS
from chainrule.render import formats

ROOT = Path(__file__).parents[1]


def run(*args: str) -> Result:
    return CliRunner().invoke(main, list(args), catch_exceptions=False)


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["x^x"], "x^x*(ln(x) + 1)"),
        (["tanh", "--form", "output"], "1 - y^2"),
        (["1/(1+e^-x)", "--form", "output"], "f*(1 - f)"),
        (["x^3", "--order", "2"], "6*x"),
        (["x^2 y^3", "--wrt", "x,y"], "6*x*y^2"),
        (["f(g(x))"], "f'(g(x))*g'(x)"),
        (["a^2 x", "--wrt", "a"], "2*a*x"),
        (["x^2 + 1", "--wrt", "t"], "0"),
        ([r"\frac{1}{1+e^{-x}}", "--form", "output"], "f*(1 - f)"),
        (["sin^2 x", "--syntax", "latex"], r"2\cos x\sin x"),
    ],
)
def test_diff_prints_one_line(args: list[str], line: str) -> None:
    result = run("diff", *args)
    assert result.exit_code == 0
    assert result.stdout == line + "\n"


def test_all_partial_derivatives() -> None:
    assert run("diff", "x^2 y", "--wrt", "all").stdout == "df/dx: 2*x*y\ndf/dy: x^2\n"


def test_python_syntax_runs() -> None:
    line = run("diff", "gelu", "--syntax", "python").stdout
    names = {name: getattr(math, name) for name in dir(math) if not name.startswith("_")}
    at_one = eval(line, {"__builtins__": {}}, {**names, "x": 1.0})
    assert at_one == pytest.approx(1.0833154705876864, rel=1e-12)


def test_sympy_syntax_is_read_back() -> None:
    sympy = pytest.importorskip("sympy")
    line = run("diff", "softplus", "--syntax", "sympy").stdout
    x = sympy.Symbol("x")
    truth = sympy.diff(sympy.log(1 + sympy.exp(x)), x)
    assert sympy.simplify(sympy.sympify(line) - truth) == 0


@pytest.mark.parametrize(
    ("answer", "status"), [("2 sin(x) cos(x)", 0), ("sin(2x)", 0), ("2 sin(x)", 1)]
)
def test_check_exit_status(answer: str, status: int) -> None:
    assert run("check", "sin(x)^2", "--answer", answer).exit_code == status


def test_an_answer_without_its_option() -> None:
    result = run("check", "x^2", "2x")
    assert result.exit_code == 2
    assert "'2x'" in result.output
    assert "--answer" in result.output


def test_check_lines(tmp_path: Path) -> None:
    page = tmp_path / "homework.txt"
    page.write_text("f(x) = sin(x)^2\nf'(x) = 2 sin(x) cos(x)\n= sin(2x)\n")
    assert run("check", "--lines", str(page)).exit_code == 0
    page.write_text("f(x) = sin(x)^2\nf'(x) = 2 sin(x) cos(x)\n= sin(x)\n")
    result = run("check", "--lines", str(page))
    assert result.exit_code == 1
    assert "Line 3" in result.stdout


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("", "there is no formula"),
        ("sin(x", "never closed"),
        ("tahn(x)", "did you mean"),
        ("1/0", "zero"),
        ("x +", "expected"),
        ("x" * 2_000_000, "at most 100,000"),
    ],
)
def test_bad_input_is_told_and_exits_with_2(formula: str, said: str) -> None:
    result = run("explain", formula)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def schema() -> Any:
    return json.loads((ROOT / "docs" / "derivation.schema.json").read_text())


def printed(*args: str, status: int = 0) -> Any:
    """What a command prints as JSON, which follows the schema."""
    result = run(*args, "--format", "json")
    assert result.exit_code == status, result.output
    data = json.loads(result.stdout)
    jsonschema.validate(data, schema())
    return data


@pytest.mark.parametrize(
    "formula", ["sigmoid", "elu", "asin x", "x^2 sin(x)", "f(g(x))", "x^2 + y^2 = 1"]
)
def test_json_follows_its_schema(formula: str) -> None:
    data = printed("explain", formula)
    assert "at" not in data
    assert "forms" not in data
    for step in data["steps"]:
        assert all(premise < step["number"] for premise in step["premises"])


@pytest.mark.parametrize(
    ("formula", "at", "point", "value", "exact"),
    [
        ("sigmoid", "5", {"x": "5"}, "0.99330714907571514", False),
        ("a x^2", "x=1/2,a=3", {"x": "1/2", "a": "3"}, "0.75", True),
        ("a x^2", "a=3", {"x": "5", "a": "3"}, "75", True),
        ("ln x", "-1", {"x": "-1"}, None, False),
    ],
)
def test_json_has_the_value_that_was_asked_for(
    formula: str, at: str, point: dict[str, str], value: str | None, exact: bool
) -> None:
    found = printed("explain", formula, "--at", at)["at"]
    assert {letter: number["text"] for letter, number in found["point"].items()} == point
    assert (found["value"], found["exact"]) == (value, exact)


def test_json_has_no_value_where_there_is_none() -> None:
    assert printed("explain", "ln(a) x", "--at", "a=-1")["at"] is None


def test_json_has_the_forms_that_were_asked_for() -> None:
    data = printed("explain", "x^3", "--forms", "float16", "--at", "2")
    assert data["at"]["value"] == "8"
    assert [table["arithmetic"] for table in data["forms"]] == ["float64", "float16"]
    for table in data["forms"]:
        assert table["dtype"] == "float16"
        assert table["forms"][0]["measured"]["count"] > 60_000
    alone = json.loads(run("forms", "x^3", "--dtype", "float16", "--format", "json").stdout)
    assert alone == data["forms"]


@pytest.mark.parametrize("format_", ["text", "json"])
@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("x^2 + y^2 = 1", "--at", "1"), "no value at a point"),
        (("x^2 + y^2 = 1", "--forms", "float32"), "no forms to measure"),
        (("x^2", "--at", "z=1"), "no z in the formula"),
        (("x^2", "--at", "one"), "is not a number"),
    ],
)
def test_what_cannot_be_had_is_not_left_out_silently(
    format_: str, args: tuple[str, ...], said: str
) -> None:
    result = run("explain", *args, "--format", format_)
    assert result.exit_code == 2
    assert said in result.stderr


def test_the_variable_has_one_value_in_what_is_tried() -> None:
    # Of beta, which has a default, too: the value is the one at the point that is named.
    text = run("explain", "swish", "--wrt", "beta").stdout
    data = printed("explain", "swish", "--wrt", "beta", "--at", "5")["at"]
    x, beta = (float(data["point"][name]["text"]) for name in ("x", "beta"))
    assert beta == 5
    assert float(data["value"]) == pytest.approx(x / (1 + math.exp(-beta * x)), rel=1e-14)
    assert f"for β = {beta:.0f}" in text
    assert data["value"][:8] in text


@pytest.mark.parametrize(
    ("formula", "answer", "right", "slip", "relation"),
    [
        ("sin(x)^2", "sin(2x)", True, None, None),
        ("sin(2x)", "cos(2x)", False, "inner", None),
        ("x^2", "14x", False, None, "factor"),
        ("x^2", "1/(x-1)", False, None, None),
        ("x^2", "2t", False, None, None),
    ],
)
def test_answers_as_json(
    formula: str, answer: str, right: bool, slip: str | None, relation: str | None
) -> None:
    data = printed("check", formula, "--answer", answer, status=0 if right else 1)
    assert data["right"] is right
    assert data["variables"] == ["x"]
    assert (data["slip"] is None) == (slip is None)
    assert slip is None or slip in data["slip"]["sentence"]
    assert (data["relation"] and data["relation"]["kind"]) == relation
    if not right:
        assert data["counterexample"]["answer"] != data["counterexample"]["expected"]


def test_lines_as_json(tmp_path: Path) -> None:
    page = tmp_path / "homework.txt"
    page.write_text("f(x) = sin(x)^2\nf'(x) = 2 sin(x) cos(x)\n= sin(x)\n")
    data = printed("check", "--lines", str(page), status=1)
    assert data["first_failure"] == 3
    assert [line["follows"] for line in data["lines"]] == [True, True, False]
    assert data["lines"][2]["judgement"]["answer"]["text"] == "sin(x)"
    for args in (("x^2",), ("--answer", "2x"), ("--wrt", "t"), ("--order", "2")):
        assert run("check", "--lines", str(page), *args).exit_code == 2


@pytest.mark.parametrize("formula", ["sigmoid", "arctan(θ)"])
def test_json_is_what_python_gives_with_letters_as_they_are(formula: str) -> None:
    printed = run("explain", formula, "--format", "json").stdout
    assert printed == chainrule.derive(formula).to_json() + "\n"
    assert printed.isascii() == formula.isascii()
    assert "\\u" not in printed


@pytest.mark.parametrize(
    ("ending", "start"),
    [
        *((".md", "---"), (".tex", "\\documentclass"), (".json", "{"), (".txt", "The derivative")),
        *((".MD", "---"), ("", "The derivative")),
    ],
)
def test_the_ending_of_the_file_chooses_the_format(tmp_path: Path, ending: str, start: str) -> None:
    path = tmp_path / f"walk{ending}"
    assert run("explain", "sigmoid", "-o", str(path)).exit_code == 0
    assert path.read_text(encoding="utf-8").startswith(start)


@pytest.mark.parametrize("ending", [".docx", ".html", ".mdx", ".m"])
@pytest.mark.parametrize(
    "command", [("explain", "x"), ("check", "x", "--answer", "1"), ("forms", "x", "--no-search")]
)
def test_an_ending_that_means_no_format(
    tmp_path: Path, ending: str, command: tuple[str, ...]
) -> None:
    path = tmp_path / f"walk{ending}"
    result = run(*command, "-o", str(path))
    assert result.exit_code == 2
    assert repr(ending) in result.stderr
    for known in formats.endings():
        assert known in result.stderr
    assert not path.exists()


def test_any_ending_will_do_with_a_format(tmp_path: Path) -> None:
    path = tmp_path / "walk.docx"
    assert run("explain", "x", "-o", str(path), "--format", "text").exit_code == 0
    assert path.read_text(encoding="utf-8").startswith("The derivative")


def test_choices_are_those_of_the_tables() -> None:
    commands = main.commands
    tables: dict[tuple[str, str], Sequence[str]] = {
        ("explain", "method"): METHODS,
        ("explain", "detail"): DETAILS,
        ("explain", "notation"): NOTATIONS,
        ("explain", "dtypes"): NAMES,
        ("diff", "form"): FORMS,
        ("diff", "syntax"): formats.SYNTAXES,
        ("audit", "format_"): tuple(formats.FORMATS),
    }
    for (command, name), choices in tables.items():
        [option] = [p for p in commands[command].params if p.name == name]
        assert isinstance(option.type, click.Choice)
        assert tuple(option.type.choices) == tuple(choices)
        assert (
            option.default is None
            or option.multiple
            or option.default == choices[0]
            or (name == "detail" and option.default in choices)
        )
    said = " ".join(run("code", "--help").stdout.split())
    for words in (*TARGETS, *NAMES, *SAVES, *ACCURACIES):
        assert words in said


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    result = run("explain", "x", "-o", str(tmp_path / "no" / "such" / "folder.md"))
    assert result.exit_code == 2
    assert "cannot write" in result.stderr


def test_list_and_selftest() -> None:
    assert "gelu" in run("list", "gelu").stdout
    assert run("list", "no such thing").exit_code == 2
    result = run("selftest", "sigmoid", "relu")
    assert result.exit_code == 0
    assert "ok   sigmoid" in result.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    assert "_CHAINRULE_COMPLETE" in run("completion", shell).stdout


@pytest.mark.parametrize(
    "command", ["explain", "diff", "check", "forms", "audit", "list", "selftest"]
)
def test_help_teaches_by_example(command: str) -> None:
    text = run(command, "--help").stdout
    assert f"chainrule {command}" in text.split("Examples:")[1]


def test_a_file_that_is_no_text_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_bytes(b"f = x^2\nf' = \xff2x\n")
    result = run("check", "--lines", str(tmp_path / "lines.txt"))
    assert result.exit_code == 2
    assert "no text in UTF-8 (byte 14)" in result.stderr


def test_as_a_module() -> None:
    command = [sys.executable, "-m", "chainrule", "diff", "x^2"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "2*x\n"
