"""Targets that compute on a device: where there is none, and what must not be mixed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from chainrule.audit.finding_pages import page
from chainrule.audit.frameworks.implementation import Array, load
from chainrule.audit.frameworks.matching import AuditedFormula
from chainrule.audit.running import state
from chainrule.audit.running.campaign import Options, outcomes
from chainrule.audit.running.child import Loaded
from chainrule.audit.running.jobs import job_for
from chainrule.cli.main import main
from chainrule.deriving.derivation import Derivation
from chainrule.deriving.reading import make_problem
from chainrule.errors import InputError
from chainrule.floats.formats import format_named
from chainrule.floats.inputs import stratified
from chainrule.sweep import tally

DATA = Path(__file__).parents[1] / "data"
PAGES = Path(__file__).parents[2] / "bench" / "pages"


@pytest.fixture(autouse=True)
def _beside_the_targets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(DATA)
    monkeypatch.syspath_prepend(DATA)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["audit", *args], catch_exceptions=False)


# --- where there is none --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("target", "device", "said"),
    [
        ("chainrule:gelu", "cuda", "chainrule has no devices"),
        ("numpy:planted:right", "cuda", "--device is for targets of torch and jax"),
        ("tensorflow:silu", "cuda", "unknown framework"),
        *(
            pytest.param(target, device, said, marks=pytest.mark.slow)
            for target, device, said in (
                ("torch:nn.functional.silu", "quda", "cannot compute on 'quda' here: Expected one"),
                ("torch:nn.functional.silu", "cuda:x", "Invalid device string: 'cuda:x'"),
                ("torch:nn.functional.silu", "cuda:99", "cannot compute on 'cuda:99' here"),
                ("torch:nn.functional.silu", "", "Device string must not be empty"),
                ("torch:nn.functional.silu", "meta", "no data! devices that it has: cpu"),
                ("torch:nn.functional.silu", "hpu", "cannot compute on 'hpu' here"),
                ("jax:nn.silu", "quda", "has no device 'quda' here devices that it has: cpu:0"),
                ("jax:nn.silu", "cpu:99", "has no device 'cpu:99'"),
                ("jax:nn.silu", "cpu:-1", "has no device 'cpu:-1'"),
                ("jax:nn.silu", "cpu:", "has no device 'cpu:'"),
                ("jax:nn.silu", "", "has no device ''"),
            )
        ),
    ],
)
def test_a_device_that_is_not_there(target: str, device: str, said: str) -> None:
    result = run(target, "--device", device, "--against", "silu", "--dtype", "bfloat16")
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert not result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_without_a_gpu_all_of_a_framework_is_refused_at_once(framework: str) -> None:
    if framework == "torch" and pytest.importorskip("torch").cuda.is_available():
        pytest.skip("there is one")
    if framework == "jax" and pytest.importorskip("jax").default_backend() == "gpu":
        pytest.skip("there is one")
    result = run("--all", framework, "--device", "cuda")
    assert result.exit_code == 2
    assert result.stderr.count("'cuda' here") == 1


# --- the same, elsewhere --------------------------------------------------------------------------
ON_THE_SECOND = """
import numpy as np, jax
from chainrule.audit.frameworks.implementation import load
from chainrule.floats.formats import format_named
from chainrule.floats.inputs import stratified

found, usual = load("jax:own_jax.act", "{dtype}", "cpu:1"), load("jax:nn.silu", "{dtype}")
import own_jax
x = stratified(format_named("{dtype}"), 4096)
for kind, function in found.functions().items():
    own_jax.seen.clear()
    result = function(x)
    jax.effects_barrier()
    assert own_jax.seen == {{jax.devices()[1]}}, own_jax.seen
    assert result.tobytes() == usual.functions()[kind](x).tobytes()
assert found.flushes == usual.flushes
print(found.reproduction(0.5))
"""
OWN_JAX = """
import jax

seen = set()

def look():
    seen.update(device for array in jax.live_arrays() for device in array.devices())

def act(x):
    jax.debug.callback(look)
    return jax.nn.silu(x)
"""


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float64"])
def test_jax_computes_on_the_device(
    dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("jax")
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=2")
    (tmp_path / "own_jax.py").write_text(OWN_JAX)

    def printed(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    line = printed(ON_THE_SECOND.format(dtype=dtype))
    assert "device=jax.devices('cpu')[1]" in line
    assert float(printed(line)) == pytest.approx(0.7399612, rel=1e-2)


@pytest.mark.slow
def test_the_child_and_its_files_tell_the_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("jax")
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=2")
    code = "from chainrule.cli.main import main; main(prog_name='chainrule')"
    out = tmp_path / "out"
    done = subprocess.run(
        [
            *(sys.executable, "-c", code, "audit", "jax:nn.silu", "--dtype", "float16"),
            *("--device", "cpu:1", "--kind", "gradient", "--format", "json", "--out", str(out)),
        ],
        capture_output=True,
        text=True,
    )
    [audit] = json.loads(done.stdout)["audits"]
    assert audit["device"] == "cpu:1"
    assert all("[1]" in witness["line"] for witness in audit["witnesses"])
    assert (out / "jax-nn.silu.float16.gradient.cpu-1.parquet").exists()


@pytest.mark.slow
def test_the_cpu_by_its_name_is_the_usual_one() -> None:
    pytest.importorskip("torch")
    named, usual = (load("torch:nn.Softplus", "float32", *d) for d in (("cpu",), ()))
    assert named.calls == usual.calls
    assert named.versions == usual.versions


@pytest.mark.slow
@pytest.mark.parametrize("target", ["nn.functional.prelu(weight=0.25)", "nn.PReLU", "nn.SiLU"])
def test_a_reproduction_names_the_device(target: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    found = load(f"torch:{target}", "bfloat16", "cpu:0")
    line = found.reproduction(-3.0)
    assert "device='cpu:0'" in line
    assert ("to('cpu:0', " in line) == (target.split("(")[0].split(".")[-1][0].isupper())
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True)
    assert found.gradient is not None
    assert float(done.stdout) == found.gradient(np.array([-3.0]).astype("bfloat16"))[0]


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "float64"])
@pytest.mark.parametrize("name", ["silu", "gelu", "prelu(weight=0.25)"])
def test_gradients_are_autograd_s_on_a_gpu(name: str, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    fmt = format_named(dtype)
    x = stratified(fmt, 4096)[:4096]
    t = torch.tensor(x.astype(np.float64), device="cuda").to(getattr(torch, dtype))
    t.requires_grad_()
    function = getattr(torch.nn.functional, name.partition("(")[0])
    y = function(t, t.new_tensor(0.25)) if "(" in name else function(t)
    y.backward(torch.ones_like(y))
    assert t.grad is not None
    found = load(f"torch:nn.functional.{name}", dtype, "cuda")
    assert found.gradient is not None
    assert found.versions["device"] == torch.cuda.get_device_name()
    slopes = t.grad.double().cpu().numpy().astype(fmt.dtype)
    assert found.gradient(x).tobytes() == slopes.tobytes()


OWN_TORCH = """
import torch

seen = []

def logarithm(x):
    seen.append(float(x.detach().min()))
    return torch.log(x)
"""


@pytest.mark.slow
def test_nothing_outside_the_domain_goes_to_a_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel that asserts what it is given ends all that its process can do on a GPU."""
    pytest.importorskip("torch")
    (tmp_path / "own_domain.py").write_text(OWN_TORCH)
    monkeypatch.chdir(tmp_path)
    known = AuditedFormula("binary_cross_entropy", {"y": Fraction(1, 4)})
    monkeypatch.setattr("chainrule.audit.frameworks.torch.reference", lambda rest, dtype: known)
    found = load("torch:own_domain.logarithm", "float32", "cpu:0")
    import own_domain

    assert found.forward is not None
    assert np.isnan(found.forward(np.array([-1.0, 2.0], np.float32))).all()
    assert min(own_domain.seen) > 0
    load("torch:own_domain.logarithm", "float32")
    assert min(own_domain.seen) < 0


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "float64"])
def test_ranges_that_are_evaluated_at_once_are_counted_apart(dtype: str) -> None:
    job = job_for("numpy:planted:early_zero", dtype, "gradient", against="sigmoid", sample=100_000)
    on_cpu, on_device = Loaded(job), Loaded(replace(job, device="cuda"))
    indices = range(len(on_cpu.sweep.ranges))
    calls: list[int] = []
    import planted

    def evaluate(values: Array) -> Array:
        calls.append(len(values))
        return planted.early_zero(values)

    apart = [on_cpu.count(evaluate, batch) for batch in on_cpu.batches(indices)]
    assert len(calls) == len(apart) == len(indices)
    calls.clear()
    together = [on_device.count(evaluate, batch) for batch in on_device.batches(indices)]
    assert len(calls) <= 3
    assert (np.concatenate(apart) == np.concatenate(together)).all()


# --- what must not be mixed -----------------------------------------------------------------------
def test_files_of_two_devices_are_two() -> None:
    job = job_for("torch:nn.functional.silu", "float32", "gradient")
    slugs = {replace(job, device=device).slug for device in ("cpu", "cuda", "cuda:1")}
    assert slugs == {job.slug, f"{job.slug}.cuda", f"{job.slug}.cuda-1"}
    assert job.slug == "torch-nn.functional.silu.float32.gradient"


def test_an_audit_of_another_device_is_not_gone_on_with(tmp_path: Path) -> None:
    job = job_for("torch:nn.functional.silu", "bfloat16", "gradient")
    on_gpu = replace(job, device="cuda")
    kept = tmp_path / "kept.npz"
    state.write(kept, tally.empty(job.plan.ranges()), {**on_gpu.data(), "versions": {}})
    with pytest.raises(InputError, match="its device was cuda, and is cpu now"):
        state.read(kept, {**job.data(), "versions": {}})


def test_several_targets_side_by_side_give_what_each_gives() -> None:
    names = [f"numpy:planted:{name}" for name in ("right", "early_zero", "wrong_sign", "right")]
    options = Options(dtypes=["bfloat16"], kinds=["gradient"], against="sigmoid", threads=3)
    together = list(outcomes(names, options))
    # Who is named twice is audited once.
    assert [one.job.target for one in together] == names[:3]
    for outcome, name in zip(together, names, strict=False):
        [alone] = outcomes([name], options)
        assert (alone.rows == outcome.rows).all()
        assert alone.witnesses == outcome.witnesses


# --- pages from files -----------------------------------------------------------------------------
def test_pages_are_made_again_from_what_was_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(PAGES)
    import audit_results

    options = Options(dtypes=["bfloat16"], kinds=["gradient"], against="sigmoid", threads=2)
    found = list(outcomes(["numpy:planted:early_zero", "numpy:planted:right"], options))
    audit_results.write(found, tmp_path / "a.json")
    (tmp_path / "elsewhere").mkdir()
    shutil.move(tmp_path / "a.json", tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    read = list(audit_results.read(tmp_path / "elsewhere"))
    assert [(o.job.slug, o.measured, o.witnesses, o.done) for o, _ in read] == [
        (o.job.slug, o.measured, o.witnesses, o.done) for o in found
    ]
    [[fault], none] = [faults for _, faults in read]
    assert not none
    text = page(fault.finding())
    exact = Derivation(make_problem("sigmoid")).derivative
    assert f"which is `{exact}`" in text
    assert "| result | `0.0` |" in text
    with pytest.raises(InputError, match="was not recorded"):
        fault.implementation.functions()["gradient"](np.array([3.25]).astype("bfloat16"))
