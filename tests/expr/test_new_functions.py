"""A function is one row of the table: made-up ones work everywhere without a second place."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

RUNS: tuple[tuple[tuple[str, ...], int, str], ...] = (
    (("explain", "x gudermannian(3x)"), 0, "of the Gudermannian is the hyperbolic secant."),
    (("explain", "gudermannian(x)", "--format", "latex"), 0, r"\operatorname{gudermannian}(x)"),
    (("diff", "gudermannian(x^2)"), 0, "2*x*sech(x^2)"),
    (("diff", r"\operatorname{gudermannian}(x^2)"), 0, "2*x*sech(x^2)"),
    (("diff", "gudermannian(-x)"), 0, "-sech(x)"),
    (("diff", "x*gudermannian(0)"), 0, "0"),
    (("check", "gudermannian(x^2)", "--answer", "2x*sech(x^2)"), 0, "Right"),
    (("check", "gudermannian(x^2)", "--answer", "sech(x^2)"), 1, "inner derivative"),
    (("explain", "versine(x)^2"), 0, "of the versed sine is the sine."),
    (("diff", "sqrt(versine(x)^2)", "--syntax", "python"), 0, "sin(x)"),
    (("diff", "x^2*versine(x)", "--syntax", "python", "--order", "2"), 0, "2*(1 - cos(x))"),
    (("check", "versine(x)", "--answer", "2sin(x/2)cos(x/2)"), 0, "Right"),
    (("explain", "hypotenuse(x, 3)"), 0, "grows by either leg over the hypotenuse"),
    (("diff", "hypotenuse(x, x^2)"), 0, "(x + 2*x^3)/hypotenuse(x, x^2)"),
    (("check", "hypotenuse(x, 1)", "--answer", "x/sqrt(x^2+1)"), 0, "Right"),
    (("check", "hypotenuse(x, 1)", "--answer", "x/(x^2+1)"), 1, "Not right"),
    (("explain", "logarithmic_odds(x)"), 0, "of the log-odds is one over u times 1 − u."),
    (("diff", "logarithmic_odds(x^2)"), 0, "2/(x*(1 - x^2))"),
    (("check", "logarithmic_odds(x)", "--answer", "1/x + 1/(1 - x)"), 0, "Right: proved"),
    (("diff", "coversine(x)"), 3, "coversine"),
    (("explain", "x coversine(x)"), 3, "coversine"),
)
CODE: dict[str, Any] = {
    "gudermannian(x)^2": lambda x: (2 * mpmath.atan(mpmath.tanh(x / 2))) ** 2,
    "hypotenuse(x, 1)": lambda x: mpmath.sqrt(x * x + 1),
    "x*logarithmic_odds(x)": lambda x: x * mpmath.log(x / (1 - x)),
}


@pytest.fixture(scope="module")
def results() -> list[tuple[int, str]]:
    commands = [*[run[0] for run in RUNS], *[("code", f, "--target", "numpy") for f in CODE]]
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("new_functions.py")],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
    )
    return [(status, output) for status, output in json.loads(done.stdout)]


@pytest.mark.parametrize("number", range(len(RUNS)), ids=[" ".join(run[0]) for run in RUNS])
def test_a_row_is_all_that_a_command_needs(number: int, results: list[tuple[int, str]]) -> None:
    _, status, said = RUNS[number]
    found, output = results[number]
    assert found == status, output
    # A terminal's lines are as long as it is wide.
    assert said in " ".join(output.split())


@pytest.mark.parametrize("number", range(len(CODE)), ids=list(CODE))
def test_code_computes_the_slope(number: int, results: list[tuple[int, str]]) -> None:
    status, source = results[len(RUNS) + number]
    assert status == 0
    module: dict[str, Any] = {}
    exec(compile(source, "written", "exec"), module)
    x = np.linspace(0.03, 0.97, 30, dtype=np.float32)
    found = module["f_grad"](x, np.float32(1))
    function = list(CODE.values())[number]
    for at, slope in zip(x, found, strict=True):
        right = mpmath.diff(function, mpmath.mpf(float(at)))
        assert abs(float(right) - float(slope)) <= float(np.spacing(abs(slope))) * 0.51
