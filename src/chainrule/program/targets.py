"""The targets that code is written for, a table."""

from __future__ import annotations

from typing import Literal, NamedTuple

from chainrule.errors import InputError, nearest


class Target(NamedTuple):
    """What the search for a form has to know of a target.

    Attributes:
        name: as it is asked for, and of the module in ``codegen`` that writes it.
        ending: of its files.
        loops: its loops go over elements and call functions of one number, so that functions
            which are approximated in the loop itself are faster.
        device: it calls the functions of a library for many elements at a time, and has few
            units for float64.
        keeps_rests: it may compute in float32 by a formula of ``precise.float32``.
        second: its gradient is differentiated once more.
        kinks: the framework whose word counts where there is no derivative.
        also: what else people call it.
    """

    name: str
    ending: str = ".py"
    loops: bool = False
    device: bool = False
    keeps_rests: bool = False
    second: bool = False
    kinks: Literal["torch", "jax"] = "torch"
    also: tuple[str, ...] = ()


TARGETS = {
    row.name: row
    for row in (
        Target("numpy"),
        Target("numba", loops=True, keeps_rests=True),
        Target("c", ".c", loops=True, keeps_rests=True),
        Target("cuda", ".cu", device=True, keeps_rests=True),
        Target("jax", second=True, kinks="jax"),
        Target("torch", loops=True, second=True, also=("pytorch",)),
        Target("triton", device=True),
    )
}


ACCURACIES = ("best", "fast")
"""How results are computed: see ``kernel_spec.Accuracy``."""
SAVES = ("input", "output", "auto")
"""What a gradient is computed from, "auto" for the better of the two."""


def target_named(name: str) -> Target:
    """The target of this name.

    Raises:
        InputError: there is none.
    """
    row = TARGETS.get(name)
    if row is None:
        meant = {also: row.name for row in TARGETS.values() for also in (row.name, *row.also)}
        near = nearest(name, list(meant), 0.5)
        hint = f"did you mean {meant[near]}?" if near else f"choose from {', '.join(TARGETS)}"
        raise InputError(f"unknown target {name!r}", hint=hint)
    return row
