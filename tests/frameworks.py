"""How PyTorch and JAX spell functions of the catalogue, and where to compare with them."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from chainrule.expr.catalogue import Entry

# Each takes the framework, then the arguments of the entry as arrays and its parameters as floats.
TORCH: dict[str, Callable[..., Any]] = {
    "identity": lambda t, x: t.nn.Identity()(x),
    "sigmoid": lambda t, x: t.sigmoid(x),
    "hard_sigmoid": lambda t, x: t.nn.functional.hardsigmoid(x),
    "tanh": lambda t, x: t.tanh(x),
    "hard_tanh": lambda t, x, a, b: t.nn.functional.hardtanh(x, a, b),
    "softsign": lambda t, x: t.nn.functional.softsign(x),
    "logit": lambda t, p: t.logit(p),
    "probit": lambda t, p: t.special.ndtri(p),
    "tanh_shrink": lambda t, x: t.nn.functional.tanhshrink(x),
    "relu": lambda t, x: t.relu(x),
    "relu6": lambda t, x: t.nn.functional.relu6(x),
    "leaky_relu": lambda t, x, alpha: t.nn.functional.leaky_relu(x, alpha),
    "prelu": lambda t, x, a: t.nn.functional.prelu(x, t.tensor(a, dtype=x.dtype)),
    "rrelu": lambda t, x, a, b: t.nn.functional.rrelu(x, a, b, training=False),
    "threshold": lambda t, x, theta, v: t.nn.functional.threshold(x, theta, v),
    "hard_shrink": lambda t, x, lamda: t.nn.functional.hardshrink(x, lamda),
    "soft_shrink": lambda t, x, lamda: t.nn.functional.softshrink(x, lamda),
    "elu": lambda t, x, alpha: t.nn.functional.elu(x, alpha),
    "selu": lambda t, x, lamda, alpha: t.nn.functional.selu(x),
    "celu": lambda t, x, alpha: t.nn.functional.celu(x, alpha),
    "exponential": lambda t, x: t.exp(x),
    "softplus": lambda t, x: t.nn.functional.softplus(x),
    "softplus_beta": lambda t, x, beta: t.nn.functional.softplus(x, beta),
    "log_sigmoid": lambda t, x: t.nn.functional.logsigmoid(x),
    "silu": lambda t, x: t.nn.functional.silu(x),
    "hard_swish": lambda t, x: t.nn.functional.hardswish(x),
    "gelu": lambda t, x: t.nn.functional.gelu(x),
    "gelu_tanh": lambda t, x: t.nn.functional.gelu(x, approximate="tanh"),
    "mish": lambda t, x: t.nn.functional.mish(x),
    "glu": lambda t, x, g: t.nn.functional.glu(t.stack([x, g]), dim=0)[0],
    "sinc": lambda t, x: t.sinc(x / t.pi),
    "entropy": lambda t, p: t.special.entr(p),
    "squared_error": lambda t, x, y: t.nn.functional.mse_loss(x, y, reduction="none"),
    "absolute_error": lambda t, x, y: t.nn.functional.l1_loss(x, y, reduction="none"),
    "huber": lambda t, x, y, delta: t.nn.functional.huber_loss(x, y, "none", delta),
    "smooth_l1": lambda t, x, y, beta: t.nn.functional.smooth_l1_loss(
        x, y, reduction="none", beta=beta
    ),
    "gaussian_nll": lambda t, x, y, v: t.nn.functional.gaussian_nll_loss(x, y, v, reduction="none"),
    "poisson_nll": lambda t, x, y: t.nn.functional.poisson_nll_loss(x, y, reduction="none"),
    "poisson_nll_rate": lambda t, x, y: t.nn.functional.poisson_nll_loss(
        x, y, log_input=False, eps=0.0, reduction="none"
    ),
    "binary_cross_entropy": lambda t, p, y: t.nn.functional.binary_cross_entropy(
        p, y, reduction="none"
    ),
    "bce_with_logits": lambda t, z, y: t.nn.functional.binary_cross_entropy_with_logits(
        z, y, reduction="none"
    ),
    "weighted_bce_with_logits": lambda t, z, y, w: t.nn.functional.binary_cross_entropy_with_logits(
        z, y, reduction="none", pos_weight=t.tensor(w, dtype=z.dtype)
    ),
    "soft_margin": lambda t, z, y: t.nn.functional.soft_margin_loss(z, y, reduction="none"),
    "hinge_embedding": lambda t, x, y, delta: t.nn.functional.hinge_embedding_loss(
        x, y, delta, reduction="none"
    ),
    "margin_ranking": lambda t, x_1, x_2, y, m: t.nn.functional.margin_ranking_loss(
        x_1, x_2, y, m, reduction="none"
    ),
    "kl_div": lambda t, x, y: t.nn.functional.kl_div(x, y, reduction="none"),
}

JAX: dict[str, Callable[..., Any]] = {
    "identity": lambda j, x: j.nn.identity(x),
    "sigmoid": lambda j, x: j.nn.sigmoid(x),
    "hard_sigmoid": lambda j, x: j.nn.hard_sigmoid(x),
    "sparse_sigmoid": lambda j, x: j.nn.sparse_sigmoid(x),
    "tanh": lambda j, x: j.nn.tanh(x),
    "softsign": lambda j, x: j.nn.soft_sign(x),
    "logit": lambda j, p: j.scipy.special.logit(p),
    "probit": lambda j, p: j.scipy.special.ndtri(p),
    "relu": lambda j, x: j.nn.relu(x),
    "relu6": lambda j, x: j.nn.relu6(x),
    "leaky_relu": lambda j, x, alpha: j.nn.leaky_relu(x, alpha),
    "elu": lambda j, x, alpha: j.nn.elu(x, alpha),
    "selu": lambda j, x, lamda, alpha: j.nn.selu(x),
    "celu": lambda j, x, alpha: j.nn.celu(x, alpha),
    "exponential": lambda j, x: j.numpy.exp(x),
    "softplus": lambda j, x: j.nn.softplus(x),
    "log_sigmoid": lambda j, x: j.nn.log_sigmoid(x),
    "log1mexp": lambda j, x: j.nn.log1mexp(x),
    "squareplus": lambda j, x, b: j.nn.squareplus(x, b),
    "sparse_plus": lambda j, x: j.nn.sparse_plus(x),
    "silu": lambda j, x: j.nn.silu(x),
    "hard_swish": lambda j, x: j.nn.hard_swish(x),
    "gelu": lambda j, x: j.nn.gelu(x, approximate=False),
    "gelu_tanh": lambda j, x: j.nn.gelu(x, approximate=True),
    "mish": lambda j, x: j.nn.mish(x),
    "glu": lambda j, x, g: j.nn.glu(j.numpy.stack([x, g]), axis=0)[0],
    "sinc": lambda j, x: j.numpy.sinc(x / j.numpy.pi),
    "entropy": lambda j, p: j.scipy.special.entr(p),
    "kl_divergence": lambda j, p, y: j.scipy.special.rel_entr(y, p),
}

POINTS = 25
DRAWS = 3
"""Sets of parameters; each comes with POINTS points."""
SINGLE = {"hard_sigmoid", "celu"}
"""PyTorch keeps their 1/6 and 1/α in single precision whatever the tensors are."""


def draw(entry: Entry, symbol: str, choose: random.Random) -> float:
    """A value of the symbol: inside its range, or one of its listed values."""
    span = entry.range_of[symbol]
    if ".." in span:
        low, high = (float(Fraction(end)) for end in span.split(".."))
        return low + (high - low) * choose.uniform(0.02, 0.98)
    return float(Fraction(choose.choice(span.split(","))))


def samples(entry: Entry) -> list[tuple[dict[str, list[float]], dict[str, float]]]:
    """Values of the arguments, and of the parameters, the same in every run."""
    choose = random.Random(entry.name)
    return [
        (
            {name: [draw(entry, name, choose) for _ in range(POINTS)] for name in entry.arguments},
            {p.name: draw(entry, p.name, choose) for p in entry.parameters},
        )
        for _ in range(DRAWS)
    ]
