"""What can be chosen of a derivation: tables that are read before anything is derived."""

from __future__ import annotations

from typing import Literal, get_args

Method = Literal["power", "quotient"]
"""How 1/u is taken: as the power u^-1, or by the quotient rule."""
FormName = Literal["simplified", "output", "raw"]
"""The derivative simplified, by the function's own output, or as the rules give it."""

METHODS: tuple[Method, ...] = get_args(Method)
FORMS: tuple[FormName, ...] = get_args(FormName)
