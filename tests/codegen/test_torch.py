"""Files for PyTorch, with everything that PyTorch does to a function."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import chainrule
import torch_processes
from chainrule.codegen import torch as target
from chainrule.floats.inputs import every
from chainrule.floats.measure import measure
from chainrule.forms.plan import plan
from written import OTHERS, Written, load, sample, truths, write

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow

CASES = [
    ("sigmoid", "input"),
    ("sigmoid", "output"),
    ("softplus", "output"),
    ("gelu", "input"),
    ("mish", "input"),
    ("elu", "input"),
    ("leaky_relu", "input"),
    ("huber", "input"),
]
DTYPES = ("float32", "float64", "bfloat16", "float16")
PLAIN: dict[str, Callable[..., Any]] = {
    "sigmoid": torch.sigmoid,
    "softplus": torch.nn.functional.softplus,
    "gelu": torch.nn.functional.gelu,
    "mish": torch.nn.functional.mish,
    "elu": torch.nn.functional.elu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "huber": lambda x, y: torch.where(abs(x - y) <= 1, (x - y) ** 2 / 2, abs(x - y) - 1 / 2),
}
"""The same functions by PyTorch itself; its huber_loss has no derivatives forward."""


@dataclass(frozen=True)
class Made:
    """A file that has been loaded, and the parts of it that are tested."""

    name: str
    written: Written

    @property
    def module(self) -> ModuleType:
        module: ModuleType = self.written.module
        return module

    @property
    def function(self) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(self.module, self.written.plan.spec.name)
        return function

    @property
    def tensors(self) -> int:
        return 1 + len(self.written.plan.spec.others)

    @property
    def numbers(self) -> list[float]:
        return [float(value) for _, value in self.written.plan.spec.parameters if value is not None]

    def drawn(self, *shape: int, dtype: Any, seed: int = 1) -> list[Any]:
        """Random arguments, away from kinks; the first requires a gradient."""
        torch.manual_seed(seed)
        found = [(3 * torch.randn(shape, dtype=torch.float64)).to(dtype)]
        found[0].requires_grad_()
        return found + [torch.randn(shape, dtype=torch.float64).to(dtype)] * (self.tensors - 1)


_made: dict[tuple[str, ...], Made] = {}


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Made]:
    """Writes and loads a file; one that was made before is taken again."""
    folder = tmp_path_factory.mktemp("torch")

    def made(name: str, dtype: str = "float32", save: str = "input", **more: str) -> Made:
        key = (name, dtype, save, *more.values())
        if key not in _made:
            derivation = chainrule.derive(name)
            options = {"dtype": dtype, "save": save, **more}
            written = write(derivation, "torch", folder, OTHERS.get(name), **options)
            _made[key] = Made(name, written)
        return _made[key]

    return made


def same(found: Any, expected: Any) -> None:
    """Equal in every bit, with NaN equal to NaN; the same dtype, shape and strides."""
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert found.stride() == expected.stride()
    torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


# --- operators ----------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "save"), CASES)
def test_operators_are_what_pytorch_asks_for(
    name: str, save: str, dtype: str, make: Callable[..., Made]
) -> None:
    made = make(name, dtype, save)
    x, *others = made.drawn(4, 3, dtype=getattr(torch, dtype))
    value = getattr(made.module, f"_{name}")
    grad = getattr(made.module, f"_{name}_grad")
    torch.library.opcheck(value, (x, *others, *made.numbers))
    upstream = torch.randn(4, 3).to(x.dtype)
    saved = value(x.detach(), *others, *made.numbers) if save == "output" else x.detach()
    above = [upstream.clone().requires_grad_()]
    if dtype == "float32":
        # Gradients come in any layout: as of a sum, or transposed.
        above += [upstream[:1].expand(4, 3), upstream.T.clone().T]
    for each in above:
        given = (saved.clone().requires_grad_(), each, *others, *made.numbers)
        torch.library.opcheck(grad, given)


@pytest.mark.parametrize(("name", "save"), CASES)
def test_derivatives_are_those_of_differences(
    name: str, save: str, make: Callable[..., Made]
) -> None:
    made = make(name, "float64", save)
    given = tuple(made.drawn(2, 3, dtype=torch.float64))
    options: dict[str, Any] = {"check_batched_grad": True}
    assert torch.autograd.gradcheck(
        made.function, given, check_forward_ad=True, check_batched_forward_grad=True, **options
    )
    assert torch.autograd.gradgradcheck(
        made.function, given, check_fwd_over_rev=True, check_rev_over_rev=True, **options
    )


def test_second_derivative_that_is_zero(make: Callable[..., Made]) -> None:
    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    (grad,) = torch.autograd.grad(make("relu").function(x).sum(), x, create_graph=True)
    assert torch.equal(torch.autograd.grad(grad.sum(), x)[0], torch.zeros(2))


@pytest.mark.parametrize("name", ["sigmoid", "elu", "huber"])
def test_compile(name: str, make: Callable[..., Made]) -> None:
    made = make(name)
    torch._dynamo.reset()
    compiled = torch.compile(made.function, fullgraph=True, dynamic=True)
    for shape in ((4, 3), (7, 5), (2, 9)):
        x, *others = made.drawn(*shape, dtype=torch.float32)
        expected = made.function(x, *others)
        found = compiled(x, *others)
        same(found.detach(), expected.detach())
        for value in (expected, found):
            (grad,) = torch.autograd.grad(value.square().sum(), x)
            same(grad, torch.autograd.grad(made.function(x, *others).square().sum(), x)[0])


def test_compile_of_a_model(make: Callable[..., Made]) -> None:
    function = make("mish", "bfloat16").function
    torch.manual_seed(2)
    model = torch_processes.Model(function).bfloat16()
    x = torch.randn(5, 6).bfloat16()
    expected = torch_processes.gradients(model, x)
    model.zero_grad()
    found = torch_processes.gradients(torch.compile(model, fullgraph=True), x)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0.02, atol=0.02)


# --- torch.func ---------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "save"), CASES)
def test_vmap(name: str, save: str, make: Callable[..., Made]) -> None:
    made = make(name, save=save)
    x, *others = (t.detach() for t in made.drawn(2, 3, 4, dtype=torch.float32))
    expected = made.function(x, *others)
    vmap = torch.func.vmap
    for dim in (0, 1, 2, -1):
        found = vmap(made.function, in_dims=dim, out_dims=dim)(x, *others)
        assert torch.equal(found, expected)
    nested = vmap(vmap(made.function, in_dims=1, out_dims=1), in_dims=2, out_dims=2)
    assert torch.equal(nested(x, *others), expected)
    if others:
        one = vmap(made.function, in_dims=(0, None))(x, others[0][0])
        assert torch.equal(one, made.function(x, others[0][:1]))
        one = vmap(made.function, in_dims=(None, 1), out_dims=1)(x[:, 0], others[0])
        assert torch.equal(one, made.function(x[:, :1], others[0]))


@pytest.mark.parametrize(("name", "save"), CASES)
def test_transformations(name: str, save: str, make: Callable[..., Made]) -> None:
    """torch.func, both ways and both ways twice, against PyTorch's function of this name."""
    from torch.func import grad, hessian, jacfwd, jacrev, jvp, vmap

    made = make(name, "float64", save)
    x, *others = (t.detach() for t in made.drawn(6, dtype=torch.float64))

    def total(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda x: (function(x, *others) ** 2).sum()

    for transformed in (
        lambda f: grad(total(f))(x),
        lambda f: jvp(lambda x: f(x, *others), (x,), (x.cos(),))[1],
        lambda f: vmap(grad(f))(x, *others),
        lambda f: vmap(grad(grad(f)))(x, *others),
        lambda f: hessian(total(f))(x),
        lambda f: jacrev(jacrev(total(f)))(x),
        lambda f: jacfwd(jacfwd(total(f)))(x),
    ):
        expected = transformed(PLAIN[name])
        torch.testing.assert_close(transformed(made.function), expected, rtol=1e-9, atol=1e-11)


def test_gradients_of_each_sample(make: Callable[..., Made]) -> None:
    weights, batch = torch.randn(4, 3), torch.randn(5, 4)

    def loss(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda w, x: function(x @ w).sum()

    found, expected = (
        torch.func.vmap(torch.func.grad(loss(f)), (None, 0))(weights, batch)
        for f in (make("gelu").function, PLAIN["gelu"])
    )
    torch.testing.assert_close(found, expected)


# --- dtypes -------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["sigmoid", "elu"])
def test_autocast(name: str, make: Callable[..., Made]) -> None:
    """As PyTorch's own functions of elements it takes the dtype that comes, and gives it."""
    function = make(name).function
    torch.manual_seed(3)
    model, x = torch_processes.Model(function), torch.randn(8, 6)
    exact = [g.clone() for g in torch_processes.gradients(model, x)]
    model.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inner = model.first(x)
        assert inner.dtype == function(inner).dtype == torch.bfloat16
        assert function(x).dtype == torch.float32
        found = torch_processes.gradients(model, x)
    for one, other in zip(found, exact, strict=True):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one, other, rtol=0.05, atol=0.02)


def test_dtypes_meet_as_in_pytorch(make: Callable[..., Made]) -> None:
    huber = make("huber").function
    x = torch.tensor([1.0, -2.0]).bfloat16().requires_grad_()
    for y in (torch.tensor([0.3, 0.1]), torch.tensor([0, 1])):
        found = huber(x, y)
        assert found.dtype == (x - y).dtype
        (grad,) = torch.autograd.grad(found.sum(), x)
        assert grad.dtype == torch.bfloat16
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert huber(x, torch.tensor([0.3, 0.1])).dtype == torch.float32


def test_what_is_refused(make: Callable[..., Made]) -> None:
    with pytest.raises(TypeError, match=r"sigmoid is for floating-point tensors, not torch.int64"):
        make("sigmoid").function(torch.arange(3))
    huber = make("huber").function
    x, y = torch.ones(3), torch.ones(3, requires_grad=True)
    with pytest.raises(NotImplementedError, match="only x has a gradient"):
        huber(x, y).sum().backward()
    with pytest.raises(NotImplementedError, match="only x has a gradient"):
        torch.func.jvp(lambda y: huber(x, y), (x,), (x,))
    with pytest.raises(NotImplementedError, match="only x has a gradient"):
        torch.func.grad(lambda y: huber(x, y).sum())(x)


def test_two_files_of_one_name(make: Callable[..., Made]) -> None:
    """PyTorch knows operators by name, but each file has its own."""
    files = [make("sigmoid", save=save) for save in ("input", "output")]
    x = torch.tensor([-3.0, 0.5], requires_grad=True)
    for made in files:
        (grad,) = torch.autograd.grad(made.function(x).sum(), x)
        torch.testing.assert_close(grad, torch.sigmoid(x) * torch.sigmoid(-x))


# --- on the CPU ---------------------------------------------------------------------------------
LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "dense": lambda t: t,
    "transposed": lambda t: t.transpose(0, 3),
    "channels last": lambda t: t.to(memory_format=torch.channels_last),
    "with gaps": lambda t: t[:, ::2, :, 1:],
    "expanded": lambda t: t[:, :1].expand(t.shape),
    "overlapping": lambda t: t.unfold(2, 2, 1),
    "one dimension": lambda t: t.reshape(-1)[3::2],
    "one element": lambda t: t[0, 0, 0, 0],
    "empty": lambda t: t[:, :0],
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["gelu", "elu", "huber"])
def test_layouts(name: str, dtype: str, make: Callable[..., Made]) -> None:
    made = make(name, dtype)
    whole = made.drawn(2, 3, 4, 5, dtype=getattr(torch, dtype))
    upstream = torch.randn(2, 3, 4, 5).to(whole[0].dtype)
    for layout in LAYOUTS.values():
        given = [layout(t) for t in whole]
        dense = [t.contiguous() for t in given]
        found, expected = made.function(*given), made.function(*dense)
        assert found.stride() == torch.empty_like(given[0]).stride()
        same(found.detach().contiguous(), expected.detach())
        for above in (layout(upstream), torch.ones((), dtype=found.dtype).expand(found.shape)):
            (grad,) = torch.autograd.grad(found, whole[0], above, retain_graph=True)
            (wanted,) = torch.autograd.grad(expected, whole[0], above, retain_graph=True)
            assert torch.equal(grad, wanted)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "save"), [("gelu", "input"), ("softplus", "output"), ("mish", "input")]
)
def test_threads_and_no_numba(
    name: str, save: str, dtype: str, make: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads do not matter, and PyTorch's own operations are as good as the loops."""
    made = make(name, dtype, save)
    written = made.written
    x = sample(written.fmt, 600)
    x = x[: len(x) // 3 * 3].reshape(3, -1)
    many = np.tile(x, (1, 1 + (1 << 17) // x.size))

    def both(x: Any) -> list[Any]:
        return [written.forward(x), written.slopes(x)]

    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = both(many)
        torch.set_num_threads(3)
        together = both(many)
    finally:
        torch.set_num_threads(threads)
    compiled = both(x)
    for one, several, few in zip(alone, together, compiled, strict=True):
        assert one.tobytes() == several.tobytes()
        assert one[:, : x.shape[1]].tobytes() == few.tobytes()
    monkeypatch.setattr(made.module, "_compiled", lambda: None)
    plain = both(x)
    if dtype == "float64":
        for one, other in zip(compiled, plain, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)
        return
    exact = truths(chainrule.derive(name), written.plan, x.ravel(), None)
    # An output that was rounded moves the gradient by at most one more ULP.
    most = (0.51, 1.51 if save == "output" else 0.51)
    for found in (compiled, plain):
        for got, true, allowed in zip(found, exact, most, strict=True):
            measured = measure(x.ravel(), got.ravel(), true, written.fmt)
            assert measured.largest <= allowed, measured
            assert not measured.faults, measured


def _in_a_fork(function: Callable[..., Any], x: Any, answer: Any) -> None:
    # Not by PyTorch: its own threads do not outlive a fork.
    answer.put(float(function(x).numpy().sum(dtype=np.float64)))


def test_fork(make: Callable[..., Made]) -> None:
    """A child does not wait for the threads of its parent."""
    function, x = make("elu").function, torch.randn(1 << 18)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        wanted = float(function(x).numpy().sum(dtype=np.float64))
        context = multiprocessing.get_context("fork")
        answer = context.Queue()
        child = context.Process(target=_in_a_fork, args=(function, x, answer), daemon=True)
        child.start()
        assert answer.get(timeout=60) == wanted
        child.join(timeout=60)
        assert child.exitcode == 0
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("numba", [True, False], ids=["compiled", "without Numba"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", ["sigmoid", "gelu", "x/3"])
def test_sixteen_bits_are_rounded_once(
    name: str, dtype: str, numba: bool, make: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every input there is, against arb."""
    made = make(name, dtype)
    written = made.written
    if not numba:
        monkeypatch.setattr(made.module, "_compiled", lambda: None)
    x = np.arange(1 << 16, dtype=np.uint16).view(written.fmt.dtype)
    x = x[np.isfinite(x.astype(np.float32))]
    exact = truths(chainrule.derive(name), written.plan, x, None)
    for got, true in zip((written.forward(x), written.slopes(x)), exact, strict=True):
        measured = measure(x, got, true, written.fmt)
        assert measured.largest <= 0.5, measured
        assert not measured.faults, measured


@pytest.mark.parametrize("numba", [True, False], ids=["compiled", "without Numba"])
@pytest.mark.parametrize(("name", "dtype"), [("smoothstep", "bfloat16"), ("xielu", "float16")])
def test_next_to_a_tie_of_sixteen_bits(
    name: str, dtype: str, numba: bool, make: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every input what NumPy has, which is compared with fractions elsewhere."""
    made = make(name, dtype)
    written = made.written
    if not numba:
        monkeypatch.setattr(made.module, "_compiled", lambda: None)
    plain = chainrule.derive(name)
    path = Path(written.module.__file__ or "").parent
    x = every(written.fmt)
    wanted = write(plain, "numpy", path, None, written.plan).slopes(x).astype(float)
    assert np.array_equal(written.slopes(x).astype(float), wanted)
    torch._dynamo.reset()
    values = torch.from_numpy(x.astype(np.float32)).to(getattr(torch, dtype)).requires_grad_()
    torch.compile(made.function, fullgraph=True)(values).sum().backward()
    assert values.grad is not None
    assert np.array_equal(values.grad.double().numpy(), wanted)


# --- other devices, other processes -------------------------------------------------------------
KERNELS = """\
def _value_on_cuda(x, alpha):
    return torch.full_like(x, alpha)


def _grad_on_cuda(x, upstream, alpha):
    return upstream * tl.float64(alpha)
"""


def test_kernels_for_cuda_have_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With kernels in the file PyTorch knows who takes CUDA tensors, if there is Triton."""
    text = target.write(*plan(chainrule.derive("elu"), "torch"), kernels=KERNELS)
    path = tmp_path / "elu_on_cuda.py"
    path.write_text(text, encoding="utf-8")
    for command in (["check"], ["format", "--check"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, "--isolated", path], check=True)
    language = ModuleType("triton.language")
    with_triton = {"triton": ModuleType("triton"), "triton.language": language}
    vars(with_triton["triton"])["language"] = language
    for modules, there in ((with_triton, True), (dict.fromkeys(with_triton), False)):
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)
        made = load(path)
        for operator in (made._elu, made._elu_grad):
            name = operator._qualname
            assert torch._C._dispatch_has_kernel_for_dispatch_key(name, "CUDA") is there
        torch.testing.assert_close(made.elu(torch.ones(2)), torch.ones(2))


@pytest.mark.parametrize("name", ["gelu", "huber"])
def test_two_processes(name: str, tmp_path: Path) -> None:
    """DistributedDataParallel, FSDP2, DTensor: see torch_processes.py."""
    path = tmp_path / f"{name}.py"
    text = target.write(*plan(chainrule.derive(name), "torch"))
    path.write_text(text, encoding="utf-8")
    command = [sys.executable, torch_processes.__file__]
    started = [
        subprocess.Popen(
            [*command, str(rank), str(tmp_path / "store"), str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(torch_processes.PROCESSES)
    ]
    try:
        said = [process.communicate(timeout=300)[0] for process in started]
    finally:
        for process in started:
            process.kill()
    for process, text in zip(started, said, strict=True):
        assert process.returncode == 0, text


@pytest.mark.parametrize("name", ["gelu", "silu", "mish", "tanh"])
def test_float64_by_a_file_for_float32(name: str, tmp_path: Path) -> None:
    """Loops have the digits of float32 only; tensors of float64 do not go through them."""
    derivation = chainrule.derive(name)
    made = write(derivation, "torch", tmp_path)
    assert made.plan.spec.working == "short"
    x = np.linspace(-6, 6, 1001)
    given = torch.from_numpy(x).requires_grad_()
    y = getattr(made.module, name)(given)
    y.sum().backward()
    values, slopes = truths(derivation, made.plan, x, None)
    np.testing.assert_allclose(y.detach().numpy(), values.high, rtol=1e-14)
    np.testing.assert_allclose(given.grad.numpy(), slopes.high, rtol=1e-14, atol=1e-15)


# --- what has no gradient -----------------------------------------------------------------------
def test_a_number_that_is_to_be_trained_is_refused(make: Callable[..., Made]) -> None:
    """Backward, forward and by ``torch.func``, compiled or not: it would be a number, and stay."""
    elu = make("elu").function
    x, alpha = torch.tensor([-1.0, 2.0], requires_grad=True), torch.tensor(0.5)
    asking = {
        "backward": lambda: elu(x, torch.nn.Parameter(alpha)),
        "beside no gradient": lambda: elu(x.detach(), torch.nn.Parameter(alpha)),
        "grad": lambda: torch.func.grad(lambda a: elu(x, a).sum())(alpha),
        "jvp": lambda: torch.func.jvp(lambda a: elu(x, a), (alpha,), (alpha,)),
        "compiled": lambda: torch.compile(elu)(x, torch.nn.Parameter(alpha)),
    }
    for way, ask in asking.items():
        with pytest.raises(NotImplementedError, match="only x has a gradient, not alpha"):
            pytest.fail(f"{way} gave {ask()}")
    expected = elu(x, 0.5)
    same(elu(x, alpha), expected)
    with torch.no_grad():
        same(elu(x, torch.nn.Parameter(alpha)), expected.detach())
