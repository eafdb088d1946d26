"""The relations that a comparison states, in tables: when they hold, and what they turn into."""

from __future__ import annotations

from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne
from typing import Any

HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne,
}  # fmt: skip
"""Whether two numbers are so related."""
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
"""a < b is b > a."""
NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
"""What holds where a < b does not."""
STRICT = {"<": "<", "<=": "<", ">": ">", ">=": ">"}
"""Those that have sides, without the equality."""
