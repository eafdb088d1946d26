"""What differentiating operation by operation gives at a kink, worked out by hand."""

from __future__ import annotations

import pytest

import chainrule

# The formula, and for each of its kinks the point and the slope there: the sign of 0 is 0, a tie
# is shared, a case is the one that holds, and 1/0 and 0·∞ are those of floating point.
BY_HAND = [
    ("|x|", "0: 0"),
    ("|x - 2| + |x + 1|", "-1: -1, 2: 1"),
    ("x*|x|", "0: 0"),
    ("max(x, 3*x)", "0: 2"),
    ("min(x, 3*x)", "0: 2"),
    ("max(0, x)", "0: 1/2"),
    ("min(max(0, x), 6)", "0: 1/2, 6: 1/2"),
    ("max(x^2, x)", "0: 1/2, 1: 3/2"),
    ("max(x, 2*x, 5*x)", "0: 13/4"),
    ("{x > 1: x^2, else: 3*x}", "1: 3"),
    ("{x >= 1: x^2, else: 3*x}", "1: 2"),
    ("heaviside(x)*x", "0: 1"),
    ("sqrt(|x|)", "0: nan"),
    ("x*sqrt(|x|)", "0: nan"),
    ("cbrt(x)*x", "0: nan"),
    ("1/(1 + 1/cbrt(x))", "0: nan"),
    ("cbrt(x)", "0: inf"),
    ("-cbrt(x - 1)", "1: -inf"),
    ("cbrt(x) + |x - 3|", "0: inf, 3: 1/(3*cbrt(3)^2)"),
    ("sqrt(x)", "0: inf"),
    ("-sqrt(x)", "0: -inf"),
    ("-2*sqrt(1 - x)", "1: inf"),
    ("arcsin(x)", "-1: inf, 1: inf"),
]


@pytest.mark.parametrize(("formula", "slopes"), BY_HAND)
def test_operation_by_operation(formula: str, slopes: str) -> None:
    kinks = chainrule.derive(formula).kinks
    assert ", ".join(f"{kink.at}: {kink.composed}" for kink in kinks) == slopes
