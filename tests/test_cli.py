"""The command line as a person uses it: what it prints and how it exits."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from chainrule.cli.main import main

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


def test_json_follows_its_schema() -> None:
    schema = json.loads((ROOT / "docs" / "derivation.schema.json").read_text())
    for formula in ("sigmoid", "elu", "asin x", "x^2 sin(x)", "f(g(x))", "x^2 + y^2 = 1"):
        data = json.loads(run("explain", formula, "--format", "json").stdout)
        jsonschema.validate(data, schema)
        for step in data["steps"]:
            assert all(premise < step["number"] for premise in step["premises"])


@pytest.mark.parametrize(
    ("ending", "start"),
    [(".md", "---"), (".tex", "\\documentclass"), (".json", "{"), (".txt", "The derivative")],
)
def test_the_ending_of_the_file_chooses_the_format(tmp_path: Path, ending: str, start: str) -> None:
    path = tmp_path / f"walk{ending}"
    assert run("explain", "sigmoid", "-o", str(path)).exit_code == 0
    assert path.read_text(encoding="utf-8").startswith(start)


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


def test_what_has_no_data_is_no_json() -> None:
    result = run("check", "x^2", "--answer", "2x", "--format", "json")
    assert result.exit_code == 2
    assert "cannot be written as 'json'\nchoose from terminal, text, markdown" in result.stderr
