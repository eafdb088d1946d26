"""Files for Triton: their kernels in Triton's interpreter, and compiled for a GPU without one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import chainrule
from chainrule.codegen import torch
from chainrule.codegen.generate import generate
from chainrule.codegen.triton import part
from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.nodes import symbols
from chainrule.floats.dtypes import NAMES
from chainrule.floats.formats import format_named
from chainrule.floats.inputs import every
from chainrule.floats.measure import measure
from chainrule.forms.choice.kink_values import convention
from chainrule.forms.plan import plan
from chainrule.program.targets import TARGETS
from written import (
    FUNCTIONS,
    OTHERS,
    TIES,
    formatted,
    interpreted,
    load,
    sample,
    truths,
    write,
)

ROUNDED_ONCE = 0.5001
STORED = {"float32": "fp32", "float64": "fp64", "float16": "fp16", "bfloat16": "bf16"}


@pytest.mark.parametrize("name", ["silu", "gelu", "huber", "x^x"])
def test_files_are_tidy(name: str, tmp_path: Path) -> None:
    made = plan(chainrule.derive(name), "triton")
    for dtype in NAMES:
        for accuracy in ("best", "fast"):
            spec = replace(made.spec, dtype=dtype, accuracy=accuracy)
            text = generate("triton", made.forward, made.gradient, spec)
            (tmp_path / f"{dtype}_{accuracy}.py").write_text(text, encoding="utf-8")
            kernels = part(made.forward, made.gradient, spec)
            seconds = (made.gradient,) * len(spec.saved)
            whole_job = replace(spec, second=seconds)
            whole = torch.write(made.forward, made.gradient, whole_job, kernels=kernels)
            (tmp_path / f"part_{dtype}_{accuracy}.py").write_text(whole, encoding="utf-8")
    formatted(tmp_path)


def test_numbers_among_themselves_have_a_type() -> None:
    """Triton would make float32 of them, also where the rest is float64."""
    step = generate("triton", *plan(chainrule.derive("{pi < 4: 0.1, else: 0.2} x"), "triton"))
    assert " < 4.0, tl.full([], 0.1, tl.float64), 0.2)" in step
    power = generate("triton", *plan(chainrule.derive("1.1^x"), "triton"))
    assert "libdevice.pow(tl.full([], 1.1, tl.float64), x)" in power


def test_in_float32_nothing_is_approximate() -> None:
    made = plan(chainrule.derive("sqrt(e^x)/(1 + x^2)"), "triton", accuracy="fast")
    spec = replace(made.spec, promoted=False)
    text = generate("triton", made.forward, made.gradient, spec)
    assert "tl.exp(" not in text
    assert "tl.sqrt(" not in text
    assert "libdevice.exp(" in text
    assert "tl.div_rn(" in text
    assert 'options["enable_reflect_ftz"] = False' in text


def test_what_libdevice_has_not() -> None:
    with pytest.raises(chainrule.InputError, match="polygamma function cannot be computed"):
        generate("triton", *plan(chainrule.derive("digamma(x)"), "triton"))


# --- in the interpreter ---------------------------------------------------------------------------
def check(name: str, other: Fraction | None, folder: Path, most: float, **options: str) -> None:
    pytest.importorskip("triton")
    derivation = chainrule.derive(name)
    written = write(derivation, "triton", folder, other, **options)
    x = sample(written.fmt, 500)
    exact = truths(derivation, written.plan, x, other)
    for got, true in zip((written.forward(x), written.slopes(x)), exact, strict=True):
        assert got.dtype == written.fmt.dtype
        measured = measure(x, got, true, written.fmt)
        assert measured.largest <= most, measured
        assert not measured.faults, measured
    nan = np.full(1, np.nan, written.fmt.dtype)
    assert np.isnan(written.forward(nan)).all()
    assert np.isnan(written.slopes(nan)).all()
    for kink in derivation.kinks:
        value = convention(kink, TARGETS["triton"])
        if other is None and value is not None and not symbols(value):
            point = np.array([float(str(kink.at))], written.fmt.dtype)
            assert written.slopes(point)[0] == written.fmt.dtype.type(float(str(value)))


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_rounded_once(name: str, tmp_path: Path) -> None:
    check(name, OTHERS.get(name), tmp_path, ROUNDED_ONCE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "dtype", "accuracy", "most"),
    [
        ("sigmoid", "float64", "best", 4.0),
        ("softplus", "float64", "best", 4.0),
        ("gelu", "float16", "best", ROUNDED_ONCE),
        ("mish", "bfloat16", "best", ROUNDED_ONCE),
        ("selu", "bfloat16", "best", ROUNDED_ONCE),
        ("softplus", "float32", "fast", 2.0),
        ("elu", "float16", "fast", 1.75),
        ("elu", "bfloat16", "fast", 1.75),
        ("atan2(x, 3)", "float32", "best", ROUNDED_ONCE),
        ("cbrt(x) + asin(x) + 1.1^x", "float32", "best", ROUNDED_ONCE),
        ("x {x > 1: 0.1, else: 0.2}", "float32", "best", ROUNDED_ONCE),
        ("x^2 {pi < 4: 0.1, else: 0.2}", "float32", "best", ROUNDED_ONCE),
    ],
)
def test_formats(name: str, dtype: str, accuracy: str, most: float, tmp_path: Path) -> None:
    check(name, None, tmp_path, most, dtype=dtype, accuracy=accuracy, save="input")


@pytest.mark.slow
@pytest.mark.parametrize("accuracy", ["best", "fast"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_all_numbers_of_sixteen_bits(dtype: str, accuracy: str, tmp_path: Path) -> None:
    pytest.importorskip("triton")
    derivation = chainrule.derive("x/3")
    written = write(derivation, "triton", tmp_path, dtype=dtype, accuracy=accuracy)
    x = np.arange(1 << 16, dtype=np.uint16).view(written.fmt.dtype)
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64 if accuracy == "best" else np.float32)
        wanted = (wide / type(wide[0])(3)).astype(written.fmt.dtype)
    got = written.forward(x)
    assert np.array_equal(got.astype(np.float64), wanted.astype(np.float64), equal_nan=True)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dtype"), [("smoothstep", "bfloat16"), ("xielu", "float16")])
def test_next_to_a_tie_of_sixteen_bits(name: str, dtype: str, tmp_path: Path) -> None:
    """At every input what NumPy has, which is compared with fractions elsewhere."""
    pytest.importorskip("triton")
    derivation = chainrule.derive(name)
    made = plan(derivation, "triton", dtype=dtype)
    written, wanted = (write(derivation, t, tmp_path, None, made) for t in ("triton", "numpy"))
    x = every(written.fmt)
    assert np.array_equal(written.slopes(x).astype(float), wanted.slopes(x).astype(float))


@pytest.mark.slow
@pytest.mark.parametrize(("formula", "dtype", "wanted"), TIES)
def test_not_by_way_of_float32(formula: str, dtype: str, wanted: float, tmp_path: Path) -> None:
    pytest.importorskip("triton")
    written = write(chainrule.derive(formula), "triton", tmp_path, dtype=dtype)
    x = np.array([1, -1], written.fmt.dtype)
    assert written.forward(x).astype(float).tolist() == [wanted, -wanted]


@pytest.mark.slow
def test_saved_output(tmp_path: Path) -> None:
    pytest.importorskip("triton")
    derivation = chainrule.derive("softplus")
    written = write(derivation, "triton", tmp_path, save="output")
    assert [symbol.name for symbol in written.plan.spec.saved] == ["y"]
    x = sample(written.fmt, 300)
    exact = truths(derivation, written.plan, x, None)[1]
    assert measure(x, written.slopes(x), exact, written.fmt).largest < 2


@pytest.mark.slow
def test_shapes_and_parameters(tmp_path: Path) -> None:
    pytest.importorskip("triton")
    text = generate("triton", *plan(chainrule.derive("huber"), "triton"))
    path = tmp_path / "huber.py"
    path.write_text(text, encoding="utf-8")
    x = np.arange(12, dtype=np.float32).reshape(3, 4).T
    y = np.array([[1], [2], [3], [4]], np.float32)
    found = interpreted(path, "huber", [x, y], delta=2.0)
    far = np.abs(x - y)
    assert np.array_equal(found, np.where(far <= 2, far**2 / 2, 2 * (far - 1)))
    up = np.float32(3) * np.ones((), np.float32)
    slopes = interpreted(path, "huber_grad", [x, np.asarray(up), y], delta=2.0)
    assert np.array_equal(slopes, 3 * np.clip(x - y, -2, 2))
    # A parameter that float32 has not is not rounded to it.
    exact = interpreted(path, "huber", [np.full(1, 9, np.float32), y[:1, 0]], delta=0.1)
    assert exact[0] == np.float32(0.1 * (8 - 0.1 / 2))
    empty = interpreted(path, "huber", [np.empty((0, 3), np.float32), np.ones(3, np.float32)])
    assert empty.shape == (0, 3)


@pytest.mark.slow
def test_a_case_that_a_parameter_decides(tmp_path: Path) -> None:
    pytest.importorskip("triton")
    made = plan(chainrule.derive("x {a > 1: 0.1, else: 0.2}", "x"), "triton")
    path = tmp_path / "decided.py"
    path.write_text(generate("triton", *made), encoding="utf-8")
    x = np.array([-3, 0, 7], np.float32)
    for a, factor in ((1.5, 0.1), (1, 0.2), (-2.0, 0.2)):
        wanted = (factor * x.astype(np.float64)).astype(np.float32)
        assert np.array_equal(interpreted(path, "f", [x], a=a), wanted)


@pytest.mark.slow
def test_the_kernels_in_a_file_for_torch(tmp_path: Path) -> None:
    """They take tensors of any dtype, and keep to the layout of the first."""
    pytest.importorskip("triton")
    derivation = chainrule.derive("{x > 0: x, else: alpha x e^x}", "x")
    forward, gradient, spec = plan(derivation, "torch", save="input")
    path = tmp_path / "embedding.py"
    kernels = part(forward, gradient, spec)
    path.write_text(torch.write(forward, gradient, spec, kernels=kernels), encoding="utf-8")
    for name in NAMES:
        fmt = format_named(name)
        x = np.linspace(-4, 4, 33).astype(fmt.dtype).reshape(3, 11)
        up = np.linspace(1, 2, 33).astype(fmt.dtype).reshape(11, 3).T
        wide = x.astype(np.float64)
        slope = np.where(wide > 0, 1, 0.3 * (1 + wide) * np.exp(wide))
        for launch, arrays, wanted in (
            ("_value_on_cuda", [x], np.where(wide > 0, wide, 0.3 * wide * np.exp(wide))),
            ("_grad_on_cuda", [x, up], up * slope),
            ("_value_on_cuda", [up], up.astype(np.float64)),
            ("_grad_on_cuda", [up, x], wide),
        ):
            got = interpreted(path, launch, arrays, alpha=0.3)
            assert got.dtype == fmt.dtype
            assert got.strides == arrays[0].strides
            spacing = 2.0 ** (1 - fmt.precision)
            assert np.allclose(got.astype(float), wanted, rtol=2 * spacing, atol=1e-9)


@pytest.mark.slow
def test_the_whole_catalogue_in_the_interpreter(tmp_path: Path) -> None:
    """As good as the same forms in NumPy, and rounded once where those are."""
    pytest.importorskip("triton")
    for entry in CATALOGUE:
        derivation = chainrule.derive(entry.name)
        other = Fraction(1, 4) if len(derivation.problem.arguments) > 1 else None
        written = write(derivation, "triton", tmp_path, other)
        usual = write(derivation, "numpy", tmp_path, other, written.plan)
        x = sample(written.fmt, 60)
        exact = truths(derivation, written.plan, x, other)
        found = (written.forward(x), written.slopes(x))
        wanted = (usual.forward(x), usual.slopes(x))
        for got, plain, true in zip(found, wanted, exact, strict=True):
            measured, reached = (measure(x, y, true, written.fmt) for y in (got, plain))
            assert measured.largest <= max(ROUNDED_ONCE, 1.01 * reached.largest), entry.name
            assert measured.faults <= reached.faults, entry.name
    formatted(tmp_path)


# --- for a GPU ------------------------------------------------------------------------------------
def assembled(module: Any, name: str, stored: str) -> str:
    """The assembly code of a kernel for compute capability 8.0."""
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource, compile

    kernel = getattr(module, f"_{name}_kernel")
    signature = {
        p.name: "constexpr" if p.is_constexpr else p.annotation_type or f"*{stored}"
        for p in kernel.params
    }
    signature["n"] = "i32"
    source = ASTSource(kernel, signature=signature, constexprs={"BLOCK": 1024})
    compiled = compile(source, target=GPUTarget("cuda", 80, 32))
    assert compiled.asm["cubin"]
    text: str = compiled.asm["ptx"]
    return text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "dtype", "accuracy"),
    [
        ("gelu", "float32", "best"),
        ("huber", "bfloat16", "best"),
        ("leaky_relu", "float16", "best"),
        ("x^x", "float64", "best"),
        ("mish", "float32", "fast"),
        ("elu", "bfloat16", "fast"),
        ("x {a > 1: 0.1, else: atan2(x, 3)} + {pi < 4: 0.1, else: 0.2} x", "float32", "best"),
    ],
)
def test_it_compiles_for_a_gpu(
    name: str, dtype: str, accuracy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("triton")
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "cache"))
    made = plan(chainrule.derive(name, "x"), "triton", dtype=dtype)
    spec = replace(made.spec, accuracy=accuracy)
    path = tmp_path / "compiled_for_a_gpu.py"
    path.write_text(generate("triton", made.forward, made.gradient, spec), encoding="utf-8")
    module = load(path)
    for kernel in (spec.name, f"{spec.name}_grad"):
        text = assembled(module, kernel, STORED[dtype])
        assert f".entry _{kernel}_kernel" in text
        assert (".f64" in text) == spec.double


@pytest.mark.slow
@pytest.mark.parametrize("formula", ["x/10", "x {pi < 4: 0.1, else: 0.2}", "0.1^x"])
def test_a_constant_is_not_a_float32(
    formula: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("triton")
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "constant.py"
    path.write_text(generate("triton", *plan(chainrule.derive(formula), "triton")), "utf-8")
    text = assembled(load(path), "f_grad", "fp32")
    tenth, as_float32 = "0d3FB999999999999A", "0d3FB99999A0000000"
    assert tenth in text
    assert as_float32 not in text


@pytest.mark.slow
def test_all_of_a_launch_but_its_last_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensors and numbers come in as they would on a GPU, and what is to run there is compiled."""
    pytest.importorskip("triton")
    import torch
    from triton.backends.compiler import GPUTarget
    from triton.runtime import driver
    from triton.runtime.jit import JITFunction

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "cache"))
    card = SimpleNamespace(
        get_current_target=lambda: GPUTarget("cuda", 80, 32),
        get_current_device=lambda: 0,
        get_current_stream=lambda device: 0,
    )
    monkeypatch.setattr(driver, "_active", card)
    run, made = JITFunction.run, []

    def without_launch(kernel: Any, *args: Any, warmup: bool, **options: Any) -> None:
        made.append(run(kernel, *args, warmup=True, **options))

    monkeypatch.setattr(JITFunction, "run", without_launch)
    x = torch.linspace(-3, 3, 6).reshape(2, 3)
    for accuracy in ("best", "fast"):
        planned = plan(chainrule.derive("huber"), "triton", dtype="bfloat16")
        spec = replace(planned.spec, accuracy=accuracy)
        path = tmp_path / f"launched_{accuracy}.py"
        path.write_text(generate("triton", planned.forward, planned.gradient, spec), "utf-8")
        slopes = load(path).huber_grad(x.T, x.T, x[0, 0], delta=2)
        assert slopes.shape == (3, 2)
        assert slopes.dtype == torch.bfloat16
    best, fast = made
    arrays = dict.fromkeys(["upstream", "x", "y", "out"], "*bf16")
    more = {"n": "i32", "BLOCK": "constexpr"}
    assert best.src.signature == {**arrays, "delta": "fp64", **more}
    assert fast.src.signature == {**arrays, "delta": "fp32", **more}
    assert not best.metadata.enable_fp_fusion
    assert not fast.metadata.enable_reflect_ftz
