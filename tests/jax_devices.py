"""What two devices do with a file for JAX: ``python jax_devices.py FILE``.

The function is named like the file, and takes one array or two. XLA_FLAGS must ask for two devices
of the host. An assertion that fails ends the process with its traceback.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from written import load

TALK = ("all-gather", "all-reduce", "all-to-all", "collective-permute", "reduce-scatter")
"""How devices exchange data, in HLO."""


def derived(function: Callable[..., Any]) -> list[Callable[..., Any]]:
    """The function, its gradient, and the derivative of that along the first argument."""

    def gradient(*arrays: Any) -> Any:
        return jax.grad(lambda *given: function(*given).sum())(*arrays)

    def second(x: Any, *others: Any) -> Any:
        return jax.jvp(lambda x: gradient(x, *others), (x,), (x,))[1]

    return [function, gradient, second]


def main(path: Path) -> None:
    function = getattr(load(path), path.stem)
    parameters = inspect.signature(function).parameters.values()
    count = sum(p.default is inspect.Parameter.empty for p in parameters)
    mesh = Mesh(np.array(jax.devices()), ("device",))
    assert mesh.size == 2
    x = jnp.linspace(-2.9, 3.1, 32, dtype=jnp.float32).reshape(4, 8)
    arrays = [x, 0.3 * x][:count]
    for each in derived(function):
        expected = jax.jit(each)(*arrays)
        for spec in (PartitionSpec("device"), PartitionSpec(None, "device")):
            sharding = NamedSharding(mesh, spec)
            placed = [jax.device_put(array, sharding) for array in arrays]
            # The compiler alone, and by a function for each shard.
            mapped = jax.shard_map(each, mesh=mesh, in_specs=(spec,) * count, out_specs=spec)
            for parallel in (each, mapped):
                compiled = jax.jit(parallel).lower(*placed).compile()
                assert not [word for word in TALK if word in compiled.as_text()]
                found = compiled(*placed)
                assert found.sharding.is_equivalent_to(sharding, found.ndim)
                assert np.array_equal(found, expected)
            assert each(*placed).sharding.is_equivalent_to(sharding, x.ndim)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
