"""The targets by name, and the way in: from a function and its gradient to a file."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from chainrule.codegen.source import Job
from chainrule.errors import InputError, nearest
from chainrule.expr.nodes import Expr

TARGETS: dict[str, str] = {
    **{"numpy": ".py", "numba": ".py", "c": ".c", "cuda": ".cu"},
    **{"jax": ".py", "torch": ".py", "triton": ".py"},
}
"""Names, and how their files end. Each is a module here with a function ``write``."""


def known(target: str) -> str:
    """The target, if there is one of this name.

    Raises:
        InputError: there is none.
    """
    if target not in TARGETS:
        near = nearest(target, [*TARGETS, "pytorch"], 0.5)
        meant = near.removeprefix("py") if near else ""
        hint = f"did you mean {meant}?" if near else f"choose from {', '.join(TARGETS)}"
        raise InputError(f"unknown target {target!r}", hint=hint)
    return target


def _module(target: str) -> ModuleType:
    return import_module(f"chainrule.codegen.{known(target)}")


def generate(target: str, forward: Expr, gradient: Expr, job: Job) -> str:
    """The file that computes ``forward`` and, from what ``job`` says is saved, ``gradient``.

    Raises:
        InputError: there is no such target, or it cannot compute one of the functions.
    """
    text: str = _module(target).write(forward, gradient, job)
    return text
