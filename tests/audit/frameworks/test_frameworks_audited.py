"""PyTorch, JAX and ONNX Runtime through the audit, beside the same called by hand."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from chainrule.audit.frameworks.implementation import Array, load, reference, targets
from chainrule.errors import InputError
from chainrule.expr.catalogue import BY_NAME, CATALOGUE, Entry
from chainrule.expr.catalogue.apis import Api, read_api
from chainrule.floats.formats import FORMATS, format_named
from chainrule.floats.inputs import stratified
from chainrule.parsing.definitions import definition, expand_all
from oracle import evaluate

pytestmark = pytest.mark.slow

DTYPES = [fmt.name for fmt in FORMATS]
LIBRARIES = {"torch": "torch", "jax": "jax", "ONNX": "onnxruntime"}
SINGLE = ("hard_sigmoid", "celu")
"""PyTorch keeps their 1/6 and 1/α in single precision whatever the tensors are."""


def patterns(values: Array) -> list[int]:
    """The bits of each number; one number for all NaNs."""
    bits = values.view(f"uint{8 * values.dtype.itemsize}")
    found: list[int] = np.where(np.isnan(values.astype(np.float64)), 0, bits).tolist()
    return found


# --- every row, spelled as the catalogue says ---------------------------------------------------
def spelled() -> list[tuple[Entry, Api, str]]:
    """Each API that can be audited, called with a value for every symbol it takes."""
    found = []
    for entry in CATALOGUE:
        for text in entry.apis:
            api = read_api(text, entry.symbols)
            if api.library not in LIBRARIES or not set(entry.arguments[1:]) <= {
                *api.symbols.values()
            }:
                continue
            keywords = {key: repr(value) for key, value in api.fixed.items()}
            for key, symbol in api.symbols.items():
                first = symbol == entry.arguments[0]
                keywords[key] = "x" if first else repr(float(entry.typical(symbol)))
            given = ", ".join(f"{key}={value}" for key, value in keywords.items())
            found.append((entry, api, f"{LIBRARIES[api.library]}:{api.path}({given})"))
    return found


IN_USE = [row for row in spelled() if row[1].path not in ("Affine", "ScaledTanh")]
"""ONNX has given up two operators."""


@pytest.mark.parametrize(("entry", "api", "target"), IN_USE, ids=[row[2] for row in IN_USE])
def test_it_computes_its_row(entry: Entry, api: Api, target: str) -> None:
    dtype = "float32" if api.library == "ONNX" else "float64"
    loose = api.library == "ONNX" or entry.name in SINGLE
    found, claimed = load(target, dtype), reference(target, dtype)
    assert claimed is not None
    # A value of 1 makes a sharp softplus the plain one.
    assert BY_NAME[claimed.formula].formula == entry.formula or entry.parameters
    assert found.forward is not None
    variable, fmt = entry.arguments[0], format_named(dtype)
    low, _, high = entry.range_of[variable].partition("..")
    x = np.linspace(float(Fraction(low)), float(Fraction(high)), 41)[1:-1].astype(fmt.dtype)
    row = BY_NAME[claimed.formula]
    formula = expand_all(definition(row.name).expr)
    known = {name: mpmath.mpf(v.numerator) / v.denominator for name, v in claimed.values.items()}
    for at, got in zip(x.tolist(), found.forward(x).tolist(), strict=True):
        truth = evaluate(formula, known | {row.arguments[0]: mpmath.mpf(at)})
        tolerance = 1e-5 if loose else 1e-12
        assert got == pytest.approx(float(truth), rel=tolerance, abs=tolerance), at


def test_everything_can_be_listed() -> None:
    for library, framework in LIBRARIES.items():
        rows = {entry.name for entry, api, _ in IN_USE if api.library == library}
        listed = [reference(target, "float32") for target in targets(framework)]
        found = {one.formula for one in listed if one is not None}
        assert len(listed) >= 20
        assert None not in listed
        assert rows - found <= {"softplus_beta", "weighted_bce_with_logits"}


# --- PyTorch ------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["silu", "gelu", "logsigmoid"])
def test_gradients_are_autograd_s(name: str, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    fmt = format_named(dtype)
    values = stratified(fmt, 5000)
    function = getattr(torch.nn.functional, name)
    kind = getattr(torch, dtype)
    # Through float64, which holds every number of the other formats.
    x = torch.tensor(values.astype(np.float64)).to(kind)
    x = torch.cat([x, x[-1:].expand(8192 - len(x))]).requires_grad_()
    y = function(x)
    y.backward(torch.ones_like(y))
    assert x.grad is not None
    slopes = x.grad[: len(values)].to(torch.float64).numpy().astype(fmt.dtype)
    results = y.detach()[: len(values)].to(torch.float64).numpy().astype(fmt.dtype)
    found = load(f"torch:nn.functional.{name}", dtype)
    assert found.gradient is not None
    assert found.forward is not None
    assert patterns(found.gradient(values)) == patterns(slopes)
    assert patterns(found.forward(values)) == patterns(results)
    assert found.versions["torch"] == torch.__version__


def test_several_threads_at_a_time() -> None:
    found = load("torch:nn.functional.mish", "float32")
    assert found.gradient is not None
    x = stratified(format_named("float32"), 1 << 16)
    whole = patterns(found.gradient(x))
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(found.gradient, np.array_split(x, 64)))
    assert patterns(np.concatenate(parts)) == whole


def test_inputs_outside_the_domain_are_kept_from_it() -> None:
    found = load("torch:nn.functional.binary_cross_entropy(target=0.25)", "float64")
    assert found.gradient is not None
    x = np.array([-1.0, 0.5, 1.5, 0.125])
    slopes = found.gradient(x)
    assert np.isnan(slopes[[0, 2]]).all()
    assert slopes[[1, 3]] == pytest.approx([1.0, -0.25 / 0.125 + 0.75 / 0.875])


OWN = """
import torch

def act(x, sharpness=1.0):
    return torch.tanh(sharpness * x)

def detached(x):
    return torch.from_numpy(x.detach().numpy() * 2)

def constant(x):
    return torch.ones_like(x, requires_grad=True)

def number(x):
    return 1.0

class Act(torch.nn.Module):
    def __init__(self, power):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(3.0))
        self.power = power

    def forward(self, x):
        return self.scale * x**self.power
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"own_torch_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return name


def test_somebody_s_own_functions_and_modules(own: str, tmp_path: Path) -> None:
    x = np.linspace(-1, 1, 11)
    found = load(f"torch:{own}.act(sharpness=2)", "float64")
    assert found.gradient is not None
    assert found.gradient(x) == pytest.approx(2 / np.cosh(2 * x) ** 2)
    assert printed(found.reproduction(0.3), tmp_path) == found.gradient(np.array([0.3]))[0]
    found = load(f"torch:{own}.Act(2)", "float64")
    assert found.gradient is not None
    assert found.gradient(x) == pytest.approx(6 * x)
    assert printed(found.reproduction(0.3), tmp_path) == found.gradient(np.array([0.3]))[0]


@pytest.mark.parametrize(
    ("target", "message", "hint"),
    [
        (
            "torch:nn.functional.sillu",
            "there is no torch.nn.functional.sillu",
            "n torch:nn.functional.silu?",
        ),
        ("torch:sillu", "there is no torch.sillu", "did you mean torch:nn.functional.silu?"),
        ("torch:nn.functionl.silu", "no torch.nn.functionl", "mean torch:nn.functional.silu?"),
        ("torch:nn.functional", "is no function but of type module", ""),
        ("torch:sum", r"has shape \(\) for inputs of shape", ""),
        ("torch:argsort", "cannot be differentiated", ""),
        ("torch:isfinite", "cannot be differentiated", ""),
        ("torch:nn.functional.mse_loss", "TypeError: .*'target'", ""),
        ("torch:nn.functional.mse_loss(target=1, reduction='mean')", "adds the losses", ""),
        ("torch:nn.ELU(beta=1)", "nn.ELU cannot be made: TypeError", ""),
        ("torch:nn.functional.elu(alpha='a')", "fails: TypeError", ""),
        ("torch:{own}.detached", "cannot be differentiated", ""),
        ("torch:{own}.constant", "does not depend on its input", ""),
        ("torch:{own}.number", "is no tensor but of type float", ""),
        ("jax:nn.sillu", "there is no jax.nn.sillu", "did you mean jax:nn.silu?"),
        ("jax:nnn.gelu", "there is no jax.nnn.gelu", "did you mean jax:nn.gelu?"),
        ("jax:numpy.sum", r"gives shape \(\) for an input of shape", ""),
        ("jax:numpy.isfinite", "has dtype bool for inputs of dtype float32", ""),
        ("jax:nn.gelu(approx=True)", "TypeError: .*'approx'", ""),
        ("onnxruntime:Gelo", "ONNX has no operator Gelo", "did you mean onnxruntime:Gelu?"),
        ("onnxruntime:gelu", "ONNX has no operator gelu", "did you mean onnxruntime:Gelu?"),
        ("onnxruntime:Gelu(approx='tanh')", "Gelu has no argument approx", "it has approximate"),
        ("onnxruntime:Elu('a')", "arguments of Elu are given by name: alpha", ""),
        ("onnxruntime:PRelu", "PRelu has more inputs: slope", "PRelu(slope=1) gives"),
        ("onnxruntime:PRelu(slope='a')", "input slope of PRelu is a number, not 'a'", ""),
        ("onnxruntime:Gelu(approximate='none', x=1)", "Gelu has no argument x", ""),
        ("onnxruntime:IsNaN", "a model of IsNaN in float32 cannot be made", ""),
    ],
)
def test_what_cannot_be_audited(target: str, message: str, hint: str, own: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load(target.format(own=own), "float32")
    assert hint in (caught.value.hint or "")


def test_onnx_runtime_has_no_bfloat16() -> None:
    with pytest.raises(InputError, match="takes no bfloat16 from NumPy"):
        load("onnxruntime:Gelu", "bfloat16")


# --- JAX ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", DTYPES)
def test_who_takes_subnormal_numbers_for_0(dtype: str) -> None:
    pytest.importorskip("jax")
    # float16 is computed in float32, where its subnormal numbers are normal ones.
    assert load("jax:nn.relu", dtype).flushes is (dtype != "float16")
    assert not load("torch:nn.functional.relu", dtype).flushes


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["gelu", "soft_sign"])
def test_gradients_are_those_of_reverse_mode(name: str, dtype: str) -> None:
    jax = pytest.importorskip("jax")
    values = stratified(format_named(dtype), 4096)[:4096]
    found = load(f"jax:nn.{name}", dtype)
    assert found.gradient is not None
    assert found.forward is not None
    with jax.enable_x64(True):
        slope = jax.jit(jax.vmap(jax.grad(getattr(jax.nn, name))))
        results = np.asarray(jax.jit(getattr(jax.nn, name))(values))
        slopes = np.asarray(slope(values))
    assert patterns(found.gradient(values)) == patterns(slopes)
    assert patterns(found.forward(values)) == patterns(results)


def test_double_precision_changes_nothing_else() -> None:
    """In a process of its own, since the setting may be on in this one."""
    code = """
import jax, numpy as np
from chainrule.audit.frameworks.implementation import load
x = np.linspace(-20, 20, 4096).astype(np.float32)
single = load("jax:nn.elu", "float32")
before = single.gradient(x)
double = load("jax:nn.elu", "float64").gradient(np.array([-1.0]))
assert double.dtype == np.float64 and abs(double[0] - np.exp(-1.0)) < 1e-15, double[0]
after = load("jax:nn.elu", "float32").gradient(x)
assert (before == after).all() and (before == single.gradient(x)).all()
assert not jax.config.jax_enable_x64
jax.config.update("jax_enable_x64", True)
assert (before == load("jax:nn.elu", "float32").gradient(x)).all()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- reproductions ------------------------------------------------------------------------------
def printed(line: str, folder: Path) -> float:
    done = subprocess.run([sys.executable, "-c", line], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


REPRODUCED: list[tuple[str, str, float]] = [
    ("torch:nn.functional.gelu", "float32", -14.285714),
    ("torch:nn.functional.silu", "bfloat16", -88.5),
    ("torch:nn.GELU(approximate='tanh')", "float16", -5.0),
    ("torch:sigmoid", "float64", 40.0),
    ("torch:nn.functional.huber_loss(target=0.3, delta=2)", "bfloat16", 1.0),
    ("torch:nn.functional.prelu(weight=0.3)", "float16", -3.0),
    ("jax:nn.elu", "float32", -17.5),
    ("jax:nn.gelu(approximate=False)", "bfloat16", -6.0),
    ("jax:scipy.special.rel_entr(p=0.25, q=x)", "float64", 0.3),
    ("onnxruntime:Gelu", "float32", -5.5),
    ("onnxruntime:PRelu(slope=0.3)", "float16", -2.0),
    ("onnxruntime:Clip(min=-1, max=0.5)", "float64", 0.75),
]


@pytest.mark.parametrize(("target", "dtype", "x"), REPRODUCED)
def test_a_line_to_paste_prints_the_number(
    target: str, dtype: str, x: float, tmp_path: Path
) -> None:
    found = load(target, dtype)
    at = np.full(3, x, found.format.dtype)
    for kind, function in found.functions().items():
        line = found.reproduction(float(at[0]), kind)
        assert "\n" not in line
        assert printed(line, tmp_path) == float(function(at)[1]), line


@pytest.mark.parametrize("target", ["torch:nn.functional.gelu", "jax:nn.mish", "onnxruntime:Gelu"])
def test_the_place_in_a_block_does_not_matter(target: str) -> None:
    found: dict[Any, Any] = dict(load(target, "float32").functions())
    x = np.linspace(-15, 15, 1000).astype(np.float32)
    for function in found.values():
        whole = function(x)
        assert patterns(np.concatenate([function(part) for part in np.split(x, 8)])) == patterns(
            whole
        )
        for i in (0, 17, 333, 999):
            assert patterns(function(x[i : i + 1])) == patterns(whole[i : i + 1])
