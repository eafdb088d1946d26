"""Nodes: equal ones are one, their values are plain Python numbers, graphs may be deep."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction

import flint
import numpy as np
import pytest

from chainrule.expr.nodes import MINUS_ONE, ONE, TWO, Number, Symbol, call, postorder, size

x = Symbol("x")


def test_equal_nodes_are_one() -> None:
    assert 2 * x + call("sin", x) is 2 * Symbol("x") + call("sin", Symbol("x"))
    assert Number(Fraction(4, 2)) is TWO
    assert Number(Fraction(1, 2)) is not Number(Fraction(1, 2), decimal=True)


@pytest.mark.parametrize("one", [True, flint.fmpz(1), flint.fmpq(1), np.int64(1), Fraction(1)])
def test_a_number_holds_python_numbers_only(one: int) -> None:
    """Whatever it is asked with: the node for 1 is in every formula that has a 1 in it."""
    assert Number(one) is ONE
    assert type(ONE.value) is int
    half = Number(flint.fmpq(1, 2))
    assert type(half.value) is Fraction
    assert half is Number(Fraction(1, 2))


def test_minus_one_stays_an_integer() -> None:
    assert Number(flint.fmpz(-1)) is MINUS_ONE
    assert type(MINUS_ONE.value) is int


def test_copies_and_pickles_are_the_node_itself() -> None:
    u = call("exp", -x) / (1 + x)
    assert copy.deepcopy(u) is u
    assert pickle.loads(pickle.dumps(u)) is u


def test_deep_graphs_need_no_recursion() -> None:
    u = x
    for _ in range(20_000):
        u = call("sin", u + 1)
    assert size(u) == 40_002
    assert postorder(u)[-1] is u
    assert pickle.loads(pickle.dumps(u)) is u
