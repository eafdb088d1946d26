"""Pages about faults: what they print, and the exact values beside mpmath's."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

import chainrule
from chainrule.audit.finding_pages import file_name, page
from chainrule.audit.findings import LARGE_ERROR, Finding, finding
from chainrule.audit.frameworks.implementation import Implementation, load, reference
from chainrule.errors import InputError
from chainrule.floats.measure import Measured
from chainrule.forms.listing import ListedForm, forms

OWN = """
import numpy as np

def by_output(x):
    y = 1 / (1 + np.exp(-x))
    return y * (1 - y)

def textbook(x):
    with np.errstate(all="ignore"):
        return np.exp(-x) / (1 + np.exp(-x)) ** 2

def shifted(x):
    return (textbook(x) - np.exp(x.dtype.type(-12))).astype(x.dtype)

def silu_slope(x):
    with np.errstate(all="ignore"):
        s = 1 / (1 + np.exp(-x))
    return s + x * s * (1 - s)

def flat(x):
    return np.full_like(x, 0.25)
"""


def sigmoid_slope(x: Any) -> Any:
    return mpmath.exp(-x) / (1 + mpmath.exp(-x)) ** 2


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Implementation]:
    name = f"own_slopes_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return lambda function, dtype: load(f"numpy:{name}:{function}", dtype)


def named(found: Finding) -> str:
    """The name of its page."""
    own = found.implementation
    return file_name(own.label, own.dtype, found.kind, found.fault)


def agrees(found: Finding, slope: Callable[[Any], Any]) -> bool:
    """Whether the digits are those of mpmath: all 50, cut off and not rounded."""
    with mpmath.workdps(80):
        truth = slope(mpmath.mpf(found.at))
        return bool(
            0 <= abs(truth) - abs(mpmath.mpf(found.exact)) < abs(truth) * mpmath.mpf(10) ** -49
        )


def runs(found: Finding, folder: Path) -> None:
    """Whether the lines of the page print what the page says that they print."""
    text = page(found)
    block = re.search(r"```python\n(.*?)```\n\nprints `(.*?)`", text, re.DOTALL)
    assert block is not None
    done = subprocess.run(
        [sys.executable, "-c", block[1]], cwd=folder, capture_output=True, text=True
    )
    assert done.stdout.strip() == block[2], done.stderr


@pytest.mark.parametrize(
    ("function", "at", "fault", "round_at"),
    [
        ("by_output", 17.0312519, "early zero", 20.0),
        ("textbook", -88.8123, "not finite", -90.0),
        ("shifted", 12.3456, "wrong sign", 10.0),
        ("flat", 1.0 + 2**-20, LARGE_ERROR, 1.0),
    ],
)
def test_each_kind_of_fault(
    function: str,
    at: float,
    fault: str,
    round_at: float,
    own: Callable[[str, str], Implementation],
    tmp_path: Path,
) -> None:
    derivation = chainrule.derive("sigmoid")
    implementation = own(function, "float32")
    found = finding(implementation, derivation, at)
    assert found.fault == fault
    if fault != "wrong sign":
        assert found.at == round_at
    assert agrees(found, sigmoid_slope)
    assert np.float32(float(found.exact)) == np.float32(found.nearest)
    runs(found, tmp_path)
    assert named(found).endswith(f"-{function}-float32-{fault.replace(' ', '-')}.md")


def test_the_form_and_the_operation_that_lose_the_digits(
    own: Callable[[str, str], Implementation],
) -> None:
    found = finding(own("by_output", "float32"), chainrule.derive("sigmoid"), 17.5)
    assert found.loses is not None
    assert found.loses.formula == "sigma*(1 - sigma)"
    assert found.loses.lost is not None
    part, got, exact = found.loses.lost
    assert (part, got) == ("1 - sigma", 0.0)
    with mpmath.workdps(30):
        assert mpmath.mpf(exact) == pytest.approx(1 / (1 + mpmath.exp(found.at)), rel=1e-11)
    text = page(found)
    assert "`sigma*(1 - sigma)`, each operation rounded to float32, is `0.0` too" in text
    assert "The digits go at `1 - sigma`" in text
    assert "sigma is the output" in text


def test_an_underflow_is_found(own: Callable[[str, str], Implementation]) -> None:
    found = finding(own("silu_slope", "bfloat16"), chainrule.derive("silu"), -90.0)
    assert (found.fault, found.at) == ("early zero", -90.0)
    assert found.loses is not None
    assert found.loses.lost is not None
    part, got, exact = found.loses.lost
    assert (part, got) == ("sigmoid(x)", 0.0)
    assert float(exact) == pytest.approx(float(mpmath.exp(-90)), rel=1e-11)


def test_a_fault_that_no_form_has(own: Callable[[str, str], Implementation]) -> None:
    found = finding(own("flat", "float32"), chainrule.derive("sigmoid"), 1.5)
    assert found.loses is None
    assert found.keeps is None
    text = page(found)
    assert "Where it may come from" not in text
    assert re.match(
        r"# `.*:flat` in float32: the gradient is off by .* units in the last place", text
    )


def form(text: str, **figures: Any) -> ListedForm:
    measured = {"count": 1000, "largest": 2.5, "worst": 1.0, "mean": 0.3, "first": {}}
    counts = {"not_finite": 0, "early_zeros": 0, "wrong_signs": 0, "misrounded": 0, "senseless": 0}
    worth = Measured(**{**measured, **counts, **figures})
    expr = chainrule.parse(text)
    return ListedForm("rewritten", expr, expr, (), 1, worth)


def test_the_form_that_keeps_them(own: Callable[[str, str], Implementation]) -> None:
    implementation, derivation = own("by_output", "float32"), chainrule.derive("sigmoid")
    good = form("e^(-|x|)/(1 + e^(-|x|))^2")
    faulty = form("e^(-x)/(1 + e^(-x))^2", not_finite=3)
    found = finding(implementation, derivation, 17.5, forms=[faulty, good])
    assert found.keeps is not None
    assert found.keeps.formula == "e^(-|x|)/(1 + e^(-|x|))^2"
    assert found.kept is good.measured
    assert found.keeps.error < 1
    assert "over 1,000 inputs spread over all bit patterns it is off by at most 2.5 ULP" in page(
        found
    )
    # Without one, the first that is right in double.
    found = finding(implementation, derivation, 17.5, forms=[faulty])
    assert found.keeps is not None
    assert found.kept is None
    assert found.keeps.got == found.nearest
    assert "computed in float64 and rounded once, gives" in page(found)


def test_the_inputs_that_are_concerned(own: Callable[[str, str], Implementation]) -> None:
    measured = Measured(65280, 255.5, 3.5, 9.0, 0, 487, 0, {"early zero": 5.5}, 1234, 0)
    found = finding(
        own("by_output", "bfloat16"), chainrule.derive("sigmoid"), 9.0, measured=measured
    )
    assert (
        "Of 65,280 results that were compared, 487 are 0 where the exact value is a normal number; "
        "1,234 are finite, but not the nearest number; the largest error of a finite "
        "result is 256 ULP, at x = 3.5."
    ) in page(found)


def test_parameters_are_said(own: Callable[[str, str], Implementation]) -> None:
    derivation = chainrule.derive("elu")
    found = finding(own("flat", "float32"), derivation, -1.0, values={"alpha": Fraction(3, 2)})
    assert "x = -1.0, alpha = 1.5; it was computed in ball arithmetic" in page(found)
    assert agrees(found, lambda x: mpmath.mpf(1.5) * mpmath.exp(x))
    usual = finding(own("flat", "float32"), derivation, -1.0)
    assert usual.values == {"alpha": 1}
    assert agrees(usual, mpmath.exp)


def test_a_function_without_a_gradient() -> None:
    implementation = Implementation(
        "onnxruntime:Tanh", "float32", None, np.zeros_like, {}, {"forward": "print(0 * {x})"}
    )
    derivation = chainrule.derive("tanh")
    found = finding(implementation, derivation, 0.5123, kind="forward")
    assert (found.fault, found.at) == ("early zero", 0.5)
    assert agrees(found, mpmath.tanh)
    assert page(found).startswith("# `Tanh` in float32: the value is 0 where it should not be\n")
    assert named(found) == "Tanh-float32-forward-early-zero.md"
    with pytest.raises(InputError, match="onnxruntime:Tanh has no gradient"):
        finding(implementation, derivation, 0.5)


def test_the_operation_of_a_function_that_loses_the_digits() -> None:
    def naive(x: Any) -> Any:
        with np.errstate(over="ignore"):
            return np.log(1 + np.exp(x))

    calls = {"forward": "print({x})"}
    implementation = Implementation("numpy:own:naive", "float32", None, naive, {}, calls)  # type: ignore[arg-type]
    found = finding(implementation, chainrule.derive("ln(1 + e^x)"), 95.5, kind="forward")
    assert (found.fault, found.at) == ("not finite", 100.0)
    assert agrees(found, lambda x: mpmath.log1p(mpmath.exp(x)))
    assert found.loses is not None
    assert found.loses.lost is not None
    part, got, exact = found.loses.lost
    assert (part, got) == ("e^x", float("inf"))
    assert float(exact) == pytest.approx(np.exp(100.0))
    assert "rounded to float32, is `inf` too. The digits go at `e^x`" in page(found)
    other = finding(implementation, chainrule.derive("ln(1 + e^z)"), 95.5, kind="forward")
    assert "at the input as it is stored, z = 100.0; it was" in page(other)


def test_a_rounder_input_is_no_excuse(own: Callable[[str, str], Implementation]) -> None:
    # At −90, a number with fewer digits, what is lost is too small to be complained of.
    silu = chainrule.derive("silu")

    def zero(x: Any) -> Any:
        return np.zeros_like(x)

    implementation = Implementation("c:own:f", "float32", None, zero, {}, {"forward": "{x}"})
    for at, rounder in ((-88.8123, -89.0), (-89.6123, -89.6), (-90.6123, -90.0)):
        assert finding(implementation, silu, at, kind="forward").at == np.float32(rounder)


@pytest.mark.parametrize("at", [0.5, float("inf"), float("nan")])
def test_where_there_is_no_fault(at: float, own: Callable[[str, str], Implementation]) -> None:
    with pytest.raises(InputError, match="there is no"):
        finding(own("by_output", "float32"), chainrule.derive("sigmoid"), at)


FRAMEWORKS: list[tuple[str, str, float, str, Callable[[Any], Any]]] = [
    ("torch:sigmoid", "float32", 17.03125, "early zero", sigmoid_slope),
    (
        "torch:nn.functional.mish",
        "float32",
        -95.798,
        "wrong sign",
        lambda x: mpmath.diff(lambda t: t * mpmath.tanh(mpmath.log1p(mpmath.exp(t))), x, h=1e-35),
    ),
    ("torch:nn.functional.softsign", "float32", 5e7, "early zero", lambda x: 1 / (1 + x) ** 2),
    ("jax:nn.elu", "float32", -17.5, "early zero", mpmath.exp),
    ("jax:nn.elu", "float64", -20.0, LARGE_ERROR, mpmath.exp),
    ("jax:nn.soft_sign", "float32", 1e10, LARGE_ERROR, lambda x: 1 / (1 + x) ** 2),
]


@pytest.mark.slow
@pytest.mark.parametrize(("target", "dtype", "at", "fault", "slope"), FRAMEWORKS)
def test_faults_of_frameworks(
    target: str, dtype: str, at: float, fault: str, slope: Callable[[Any], Any], tmp_path: Path
) -> None:
    """Known ones; a version without them fails here, and its page is to be withdrawn."""
    claimed = reference(target, dtype)
    assert claimed is not None
    derivation = chainrule.derive(claimed.formula)
    *_, itself = forms(derivation, [dtype], search=False)
    found = finding(load(target, dtype), derivation, at, values=claimed.values, forms=itself.rows)
    assert found.fault == fault
    assert agrees(found, slope)
    runs(found, tmp_path)


FUNCTIONS: list[tuple[str, float, str, Callable[[Any], Any]]] = [
    (
        "torch:nn.functional.soft_margin_loss(target=1)",
        -88.75,
        "not finite",
        lambda x: mpmath.log1p(mpmath.exp(-x)),
    ),
    ("torch:nn.functional.tanhshrink", 1e-4, "early zero", lambda x: x - mpmath.tanh(x)),
    (
        "jax:nn.squareplus",
        -1e5,
        "early zero",
        lambda x: 2 / (mpmath.sqrt(x * x + 4) - x),
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("target", "at", "fault", "function"), FUNCTIONS)
def test_faults_of_functions_themselves(
    target: str, at: float, fault: str, function: Callable[[Any], Any], tmp_path: Path
) -> None:
    claimed = reference(target, "float32")
    assert claimed is not None
    implementation, derivation = load(target, "float32"), chainrule.derive(claimed.formula)
    found = finding(implementation, derivation, at, kind="forward", values=claimed.values)
    assert found.fault == fault
    assert agrees(found, function)
    runs(found, tmp_path)
    assert found.loses is not None
