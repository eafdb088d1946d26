"""Reading targets, and finding what they name."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from chainrule.audit.frameworks.target import (
    VARIABLE,
    Namespace,
    TargetCall,
    Typed,
    Word,
    callable_at,
    find,
    foreign,
    read_call,
    split,
    split_pair,
    written,
)
from chainrule.errors import InputError

KNOWN = ("torch", "jax", "onnxruntime", "c")


def test_a_framework_and_the_rest() -> None:
    assert split("torch:nn.functional.silu", KNOWN) == ("torch", "nn.functional.silu")
    assert split("c:./libfoo.so:grad", KNOWN) == ("c", "./libfoo.so:grad")


@pytest.mark.parametrize(
    ("target", "message", "hint"),
    [
        ("silu", "names no framework", "as in torch:nn.functional.silu"),
        ("trch:silu", "unknown framework 'trch'", "did you mean torch:silu?"),
        ("pytorch:silu", "unknown framework", "did you mean torch:silu?"),
        ("onnx:Gelu", "unknown framework", "did you mean onnxruntime:Gelu?"),
        ("mxnet:silu", "unknown framework", "choose from torch, jax, onnxruntime, c"),
        ("torch: ", "names no function", "as in torch:nn.functional.silu"),
    ],
)
def test_what_names_no_framework(target: str, message: str, hint: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        split(target, KNOWN)
    assert caught.value.hint == hint


def test_a_call() -> None:
    assert read_call("nn.functional.silu") == TargetCall("nn.functional.silu")
    call = read_call("f(2, [1, -2.5], x, lambda=0.5, approximate='tanh', lower=None)")
    assert call.positional == (2, [1, -2.5], VARIABLE)
    assert call.keywords == {"lambda": 0.5, "approximate": "tanh", "lower": None}
    assert call.has_variable
    assert not read_call("f(2)").has_variable


def test_words_and_types_of_c() -> None:
    call = read_call("f(x, n, float(0.5))", ("x", "n"), ("float",))
    assert call.positional == (Word("x"), Word("n"), Typed("float", 0.5))


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("f(__import__('os').system('true'))", "neither a number", 3),
        ("f(y)", "neither a number", 3),
        ("f(1 + g)", "neither a number", 3),
        ("f(", "no call", 2),
        ("f()()", "no name of a function", None),
        ("f + g", "no name of a function", None),
        ("f(**{'a': 1})", r"\*\* cannot be used", None),
    ],
)
def test_arguments_are_never_evaluated(text: str, message: str, column: int | None) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_call(text)
    assert caught.value.column == column


def test_a_call_is_written_as_it_was_read() -> None:
    call = read_call("elu(alpha=2, inplace=False)")
    assert written(call, "torch.elu") == "torch.elu(x, alpha=2, inplace=False)"
    assert written(read_call("f(0.5, q=x)"), "m.f") == "m.f(0.5, q=x)"
    assert written(call, "ELU", {"alpha": "two"}, variable="") == "ELU(alpha=two, inplace=False)"


def test_a_function_and_its_gradient() -> None:
    assert split_pair("grad(alpha=1, n=2)") == {"gradient": "grad(alpha=1, n=2)"}
    assert split_pair("f(a, b), g") == {"forward": "f(a, b)", "gradient": "g"}


# --- finding ------------------------------------------------------------------------------------
def test_a_path_below_a_package() -> None:
    found, module, name = find("path.join", Namespace("os"))
    assert (found.__name__, module, name) == ("join", "os.path", "join")
    found, module, name = find("abc.Mapping.get", Namespace("collections"))
    assert (module, name) == ("collections.abc", "Mapping.get")


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("path.jion", "there is no os.path.jion", "did you mean os:path.join?"),
        ("path.JOIN", "there is no os.path.JOIN", "did you mean os:path.join?"),
        ("pth.join", "there is no os.pth.join", "did you mean os:path.join?"),
        ("jion", "there is no os.jion", "did you mean os:path.join?"),
        ("sep.jion", "there is no os.sep.jion", "did you mean os:sep.join?"),
        ("path.zzz", "there is no os.path.zzz", None),
        # A module, and no function.
        ("path.genericpaht", "there is no os.path.genericpaht", None),
        ("path.join.deeper", "there is no os.path.join.deeper", None),
        ("zzz.f", "there is no os.zzz.f", "nor a module zzz to import"),
        ("decimal.Decimla", "there is no decimal.Decimla", "did you mean os:decimal.Decimal?"),
    ],
)
def test_a_path_that_leads_nowhere(path: str, message: str, hint: str | None) -> None:
    with pytest.raises(InputError, match=message) as caught:
        find(path, Namespace("os", ("path.join",), "os:{}".format))
    assert caught.value.hint == hint


def test_modules_of_the_user_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "own_package").mkdir()
    (tmp_path / "own_package" / "own_module.py").write_text("def act(x): return x\nPI = 3\n")
    found, module, name = callable_at("own_package.own_module.act", Namespace("math"))
    assert (found(7), module, name) == (7, "own_package.own_module", "act")
    assert callable_at("sin", Namespace("math"))[0] is math.sin
    with pytest.raises(InputError, match=r"own_module\.PI is no function but of type int"):
        callable_at("own_package.own_module.PI", Namespace())
    with pytest.raises(InputError, match=r"there is no no_package\.act"):
        callable_at("no_package.act", Namespace())


@pytest.mark.parametrize(
    ("source", "quoted"),
    [
        ("raise RuntimeError('first line\\nsecond line')", "RuntimeError: first line$"),
        ("import sys; sys.exit('bye')", "SystemExit: bye$"),
        ("def f(:", "SyntaxError: "),
        ("import module_that_nobody_has", "No module named 'module_that_nobody_has'"),
        ("raise ValueError", "ValueError$"),
    ],
)
def test_a_module_that_fails(
    source: str, quoted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "failing_module.py").write_text(source)
    with pytest.raises(InputError, match=f"failing_module cannot be imported: .*{quoted}"):
        callable_at("failing_module.f", Namespace())


def test_a_long_complaint_is_cut() -> None:
    with pytest.raises(InputError) as caught, foreign("it fails"):
        raise RuntimeError("x" * 1000)
    assert len(caught.value.message) < 400
    with pytest.raises(KeyboardInterrupt), foreign("it fails"):
        raise KeyboardInterrupt
