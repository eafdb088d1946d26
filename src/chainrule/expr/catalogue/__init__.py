"""The catalogue: named activations and losses, one row each.

Their derivatives are not stated but derived from their formulas; what is stated here, a test
compares with PyTorch and JAX. ``chainrule.parsing.definitions`` turns rows into expressions.
"""

from __future__ import annotations

from chainrule.expr.catalogue.classification import CLASSIFICATION_LOSSES
from chainrule.expr.catalogue.entry import Entry, Parameter
from chainrule.expr.catalogue.gates import GATES
from chainrule.expr.catalogue.rectifiers import RECTIFIERS
from chainrule.expr.catalogue.regression import REGRESSION_LOSSES
from chainrule.expr.catalogue.squashing import SQUASHING
from chainrule.expr.catalogue.waves import WAVES

__all__ = ["BY_NAME", "CATALOGUE", "GROUPS", "SPELLINGS", "Entry", "Parameter"]

GROUPS: dict[str, tuple[Entry, ...]] = {
    "Sigmoids, links, and what compresses or stretches": SQUASHING,
    "Rectifiers and their smooth kin": RECTIFIERS,
    "Gates": GATES,
    "Bumps and waves": WAVES,
    "Losses of a prediction": REGRESSION_LOSSES,
    "Losses of a probability, a logit or a margin": CLASSIFICATION_LOSSES,
}
"""The rows under headings, in the order in which they are shown."""

CATALOGUE: tuple[Entry, ...] = tuple(entry for group in GROUPS.values() for entry in group)

BY_NAME: dict[str, Entry] = {entry.name: entry for entry in CATALOGUE}
"""Rows by their own name."""

SPELLINGS: dict[str, str] = {
    spelling: entry.name for entry in CATALOGUE for spelling in entry.spellings
}
"""Every accepted spelling and the name it stands for."""
