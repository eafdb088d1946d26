"""The way in: from a function and its gradient to a file for a target."""

from __future__ import annotations

from importlib import import_module

from chainrule.expr.nodes import Expr
from chainrule.program.kernel_spec import KernelSpec
from chainrule.program.targets import target_named


def generate(target: str, forward: Expr, gradient: Expr, spec: KernelSpec) -> str:
    """The file that computes ``forward`` and, from what ``spec`` says is saved, ``gradient``.

    Raises:
        InputError: there is no such target, or it cannot compute one of the functions.
    """
    module = import_module(f"chainrule.codegen.{target_named(target).name}")
    text: str = module.write(forward, gradient, spec)
    return text
