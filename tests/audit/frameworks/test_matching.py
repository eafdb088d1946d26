"""What the functions of a framework are measured against."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import chainrule
from chainrule.audit.frameworks.implementation import entry_for, reference, targets
from chainrule.audit.frameworks.matching import (
    ALWAYS_GIVEN,
    audited_at,
    by_api,
    domain_of,
    targets_of,
)
from chainrule.audit.frameworks.target import read_call, split
from chainrule.audit.frameworks.torch import TENSORS
from chainrule.errors import InputError
from chainrule.expr.catalogue import BY_NAME, CATALOGUE, Entry
from chainrule.expr.catalogue.apis import read_api


def single(value: float) -> Fraction:
    return Fraction(float(np.float32(value)))


ROWS = [
    ("torch:nn.functional.silu", "silu"),
    ("torch:nn.SiLU", "silu"),
    ("torch:sigmoid", "sigmoid"),
    ("torch:tanh", "tanh"),
    ("torch:nn.functional.gelu", "gelu"),
    ("torch:nn.GELU(approximate='none')", "gelu"),
    ("torch:nn.functional.gelu(approximate='tanh')", "gelu_tanh"),
    ("torch:nn.functional.gelu(approximate='sigmoid')", None),
    ("jax:nn.gelu", "gelu_tanh"),
    ("jax:nn.gelu(approximate=True)", "gelu_tanh"),
    ("jax:nn.gelu(approximate=False)", "gelu"),
    ("jax:numpy.tanh", "tanh"),
    ("jax:numpy.sinh", "sinh(x)"),
    ("jax:numpy.arctan", "atan(x)"),
    ("jax:numpy.log(base=2)", None),
    ("jax:nn.numpy", None),
    ("torch:sinh", "sinh(x)"),
    ("torch:special.ndtr", "normcdf(x)"),
    ("torch:atan2", None),
    ("torch:nn.functional.softplus", "softplus"),
    ("torch:nn.functional.softplus(beta=2)", "softplus_beta"),
    ("torch:nn.functional.softplus(beta=2, threshold=1000)", None),
    ("torch:nn.functional.elu(0.5)", None),
    ("torch:nn.functional.mse_loss(target=0.5)", "squared_error"),
    ("torch:nn.functional.mse_loss(target=0.5, reduction='none')", "squared_error"),
    ("torch:nn.functional.mse_loss(target=0.5, reduction='sum')", None),
    ("torch:nn.functional.mse_loss", None),
    ("torch:nn.functional.poisson_nll_loss(target=1)", "poisson_nll"),
    (
        "torch:nn.functional.poisson_nll_loss(target=1, log_input=False, eps=0.0)",
        "poisson_nll_rate",
    ),
    ("torch:nn.functional.poisson_nll_loss(target=1, log_input=False)", None),
    ("torch:nn.functional.glu", None),
    ("torch:my.module.silu", None),
    ("jax:scipy.special.rel_entr(p=0.25, q=x)", "kl_divergence"),
    ("jax:scipy.special.rel_entr(p=x, q=0.25)", None),
    ("onnxruntime:Gelu", "gelu"),
    ("onnxruntime:Gelu(approximate='tanh')", "gelu_tanh"),
    ("onnxruntime:Softplus", "softplus"),
    ("onnxruntime:Erf", "erf(x)"),
    ("numpy:package.module:my_grad", None),
    ("c:./libfoo.so:grad_f32", None),
    ("chainrule:gelu", "gelu"),
    ("chainrule:SiLU", "silu"),
    ("chainrule:sinh", "sinh(x)"),
    ("chainrule:elu(alpha=2, accuracy='fast')", "elu"),
    ("chainrule:x*sigmoid(2x)", "x*sigmoid(2x)"),
    ("chainrule:elu(2x, 3)", "elu(2x, 3)"),
]


@pytest.mark.parametrize(("target", "formula"), ROWS)
def test_the_row_of_a_target(target: str, formula: str | None) -> None:
    assert entry_for(target) == formula
    if formula is not None:
        chainrule.derive(formula)


THRESHOLD = {"theta": single(0.1), "v": 20}


@pytest.mark.parametrize(
    ("target", "dtype", "values"),
    [
        ("torch:nn.functional.elu", "float32", {"alpha": Fraction(1)}),
        ("torch:nn.functional.elu(alpha=0.3)", "bfloat16", {"alpha": single(0.3)}),
        ("torch:nn.functional.elu(alpha=0.3)", "float64", {"alpha": Fraction(0.3)}),
        ("torch:nn.functional.leaky_relu", "float32", {"alpha": single(0.01)}),
        ("torch:nn.functional.threshold(threshold=0.1, value=20)", "float16", THRESHOLD),
        ("torch:nn.functional.rrelu", "float32", {"a": Fraction(1, 8), "b": Fraction(1 / 3)}),
        ("jax:nn.leaky_relu", "float32", {"alpha": single(0.01)}),
        ("jax:nn.leaky_relu(negative_slope=0.3)", "bfloat16", {"alpha": Fraction(77, 256)}),
        ("onnxruntime:LeakyRelu", "float64", {"alpha": single(0.01)}),
        ("torch:nn.functional.hardtanh(min_val=-2)", "float32", {"a": Fraction(-2), "b": 1}),
        ("torch:nn.functional.l1_loss(target=0.3)", "bfloat16", {"y": Fraction(77, 256)}),
        ("torch:nn.functional.prelu(weight=0.3)", "bfloat16", {"a": Fraction(77, 256)}),
        ("torch:nn.PReLU(init=0.5)", "float32", {"a": Fraction(1, 2)}),
        ("jax:nn.squareplus(b=2)", "float32", {"b": Fraction(2)}),
        ("onnxruntime:Elu(alpha=0.3)", "float64", {"alpha": single(0.3)}),
        ("onnxruntime:Clip(min=-2, max=0.1)", "float64", {"a": -2, "b": Fraction(0.1)}),
        ("chainrule:elu(alpha=0.3)", "bfloat16", {"alpha": Fraction(0.3)}),
        ("chainrule:squared_error(y=0.3)", "bfloat16", {"y": Fraction(77, 256)}),
        ("chainrule:hard_shrink(lambda=0.25)", "float32", {"lambda": Fraction(1, 4)}),
        ("chainrule:threshold", "float32", {"theta": Fraction(1, 10), "v": 20}),
        ("chainrule:threshold(accuracy='fast')", "float32", THRESHOLD),
        # This one computes in double if it is fast, too.
        ("chainrule:swish(beta=0.3, accuracy='fast')", "float32", {"beta": Fraction(0.3)}),
    ],
)
def test_values_are_those_that_the_framework_holds(
    target: str, dtype: str, values: dict[str, Fraction]
) -> None:
    found = reference(target, dtype)
    assert found is not None
    assert found.values == values


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("chainrule:siluu", "no function called siluu"),
        ("chainrule:gelu(alpha=1)", "alpha=1 makes no sense here"),
        ("chainrule:elu(alpha='one')", "alpha='one' makes no sense here"),
        ("nothing:gelu", "unknown framework"),
    ],
)
def test_a_reference_that_cannot_be_had(target: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        reference(target, "float32")


# --- the rows themselves ------------------------------------------------------------------------
@pytest.mark.parametrize("entry", CATALOGUE, ids=[e.name for e in CATALOGUE])
def test_apis_can_be_read(entry: Entry) -> None:
    for text in entry.apis:
        api = read_api(text, entry.symbols)
        assert set(api.symbols.values()) <= set(entry.symbols)
        assert text.startswith((f"{api.library}.{api.path}", f"{api.library} {api.path}"))
    assert len(set(entry.apis)) == len(entry.apis)


@pytest.mark.parametrize(
    ("library", "framework", "least"),
    [("torch", "torch", 40), ("jax", "jax", 25), ("ONNX", "onnxruntime", 20)],
)
def test_every_target_is_matched_to_its_row(library: str, framework: str, least: int) -> None:
    found = targets_of(library, framework)
    assert len(found) == len(set(found)) >= least
    for target in found:
        call = read_call(split(target, [framework])[1])
        matched = by_api(library, call, lambda keyword, value: value)
        assert matched is not None, target
        entry = BY_NAME[matched.formula]
        usual = {p.name: Fraction(p.default) for p in entry.parameters}
        for symbol, value in matched.values.items():
            wanted = [usual[symbol]] if symbol in usual else audited_at(entry, symbol)
            assert value in [Fraction(float(v)) for v in wanted] + list(wanted)


def test_all_of_chainrule() -> None:
    found = targets("chainrule")
    assert {entry_for(target) for target in found} == set(BY_NAME)
    assert "chainrule:hinge(y=-1)" in found
    assert "chainrule:gaussian_nll(y=-3, v=1.125)" in found
    assert targets("numpy") == targets("c") == []


def test_values_of_other_arguments() -> None:
    assert audited_at(BY_NAME["hinge"], "y") == (-1, 1)
    assert audited_at(BY_NAME["squared_error"], "y") == (-3, 3)
    assert audited_at(BY_NAME["poisson_deviance"], "y") == (Fraction(13, 8), Fraction(9, 2))


def test_numbers_that_have_no_default_are_given() -> None:
    target = next(t for t in targets_of("torch", "torch") if "threshold" in t)
    assert target == "torch:nn.functional.threshold(threshold=0.1, value=20)"
    assert TENSORS.keys() & set(ALWAYS_GIVEN) == {"weight"}


def test_the_domain_of_a_row() -> None:
    domain = domain_of("binary_cross_entropy")
    assert domain is not None
    x = np.array([-1, 0, 0.5, 1, 2, np.nan, np.inf], np.float32)
    assert domain.contains(x).tolist() == [False, False, True, False, False, False, False]
    assert domain.contains(np.array(domain.typical)).all()
    assert domain_of("silu") is None
    assert domain_of("sinh(x)") is None
    assert domain_of("gaussian_nll") is None
