"""Derivatives explained step by step, checked by machine.

>>> import chainrule
>>> str(chainrule.diff("1/(1+e^-x)"))
'e^(-x)/(1 + e^(-x))^2'
>>> str(chainrule.derive("sigmoid").output_form.expr)
'sigma*(1 - sigma)'

Everything is imported when it is first used, so that the command line starts fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.api import code, compile, derive, diff, gradient, implicit, parse
    from chainrule.codegen.kernel import Kernel
    from chainrule.errors import (
        ChainruleError,
        FaultError,
        FaultWarning,
        InaccurateError,
        InputError,
        MissingExtraError,
    )
    from chainrule.expr.nodes import Expr
    from chainrule.walkthrough import ExplicitWalkthrough as Derivation

__all__ = [
    "ChainruleError",
    "Derivation",
    "Expr",
    "FaultError",
    "FaultWarning",
    "InaccurateError",
    "InputError",
    "Kernel",
    "MissingExtraError",
    "code",
    "compile",
    "derive",
    "diff",
    "gradient",
    "implicit",
    "parse",
]

_HOMES = {
    "ChainruleError": "chainrule.errors",
    "Derivation": "chainrule.walkthrough:ExplicitWalkthrough",
    "Expr": "chainrule.expr.nodes",
    "FaultError": "chainrule.errors",
    "FaultWarning": "chainrule.errors",
    "InaccurateError": "chainrule.errors",
    "InputError": "chainrule.errors",
    "Kernel": "chainrule.codegen.kernel",
    "MissingExtraError": "chainrule.errors",
    "code": "chainrule.api",
    "compile": "chainrule.api",
    "derive": "chainrule.api",
    "diff": "chainrule.api",
    "gradient": "chainrule.api",
    "implicit": "chainrule.api",
    "parse": "chainrule.api",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    module, _, own = home.partition(":")
    return getattr(import_module(module), own or name)
