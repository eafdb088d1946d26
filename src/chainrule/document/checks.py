"""What was checked and how, in words; filled by verification."""

from __future__ import annotations

from chainrule.derivations import Derivation
from chainrule.document.blocks import Block


def checked_blocks(derivation: Derivation) -> list[Block]:
    """The last section of a walk-through."""
    return []
