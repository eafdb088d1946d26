"""σ for JAX, with a backward pass that ignores the upstream gradient, and without."""

from __future__ import annotations

import jax

right = jax.nn.sigmoid


@jax.custom_vjp
def f(x: jax.Array) -> jax.Array:
    return jax.nn.sigmoid(x)


f.defvjp(
    lambda x: (f(x), x),
    lambda x, upstream: (jax.nn.sigmoid(x) * jax.nn.sigmoid(-x),),
)
