"""What a relation turns into says the same, tried on numbers."""

from __future__ import annotations

from itertools import product

import pytest

from chainrule.expr.relations import HOLDS, MIRRORED, NEGATED, STRICT

PAIRS = list(product((-1, 0, 2), repeat=2))


@pytest.mark.parametrize("relation", HOLDS)
def test_mirrored_and_negated(relation: str) -> None:
    for a, b in PAIRS:
        holds = HOLDS[relation](a, b)
        assert HOLDS[MIRRORED[relation]](b, a) == holds
        assert HOLDS[NEGATED[relation]](a, b) != holds


@pytest.mark.parametrize("relation", STRICT)
def test_strict(relation: str) -> None:
    for a, b in PAIRS:
        assert HOLDS[STRICT[relation]](a, b) == (HOLDS[relation](a, b) and a != b)
