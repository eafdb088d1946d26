"""Conditions of the catalogue: where they hold, formula, derivative, output form and kinks are
right; and each is needed. Special values are tried: 0, 1, −1, equal arguments, ends of ranges."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random

import mpmath
import pytest

import chainrule
from chainrule.deriving.derivation import Derivation
from chainrule.expr.catalogue import BY_NAME, CATALOGUE, Entry
from chainrule.expr.nodes import Expr, substitute
from chainrule.parsing.definitions import definition, expand_all
from chainrule.parsing.formula import parse_text
from chainrule.rewrite.demands import demands
from frameworks import draw
from real_values import Point

SPECIAL = ("0", "1", "-1", "2", "-1.7", "1/2")

rows = pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)


def settings(entry: Entry) -> Iterator[Point]:
    """One letter at a special value or at that of another letter, the others anywhere."""
    ends = {str(end) for pair in entry.bounds.values() for end in pair if end is not None}
    for name in entry.symbols:
        for value in (*SPECIAL, *sorted(ends), *(s for s in entry.symbols if s != name)):
            choose = Random(f"{entry.name} {name} {value}")
            values = {n: mpmath.mpf(draw(entry, n, choose)) for n in entry.symbols}
            if value in entry.symbols:
                values[name] = values[value]
            else:
                exact = Fraction(value)
                values[name] = mpmath.mpf(exact.numerator) / exact.denominator
            yield Point(values)


def holds(conditions: tuple[Expr, ...], at: Point) -> bool:
    return all(at.value(condition) for condition in conditions)


def slopes(function: Expr, at: Point, by: str) -> tuple[mpmath.mpf, mpmath.mpf] | None:
    """The slopes from the left and from the right, ``None`` at an end of the domain."""
    values = [at.moved(by, steps).value(function) for steps in (-1, 0, 1)]
    if None in values:
        return None
    before, here, after = values
    with mpmath.workdps(60):
        return (here - before) / at.step(by), (after - here) / at.step(by)


def close(one: mpmath.mpf, other: mpmath.mpf) -> bool:
    return bool(abs(one - other) <= 1e-9 * (1 + abs(one)))


def fault(entry: Entry, derivation: Derivation, at: Point) -> str:
    """What is not as it is said to be at a point, "" if all is."""
    known, by = definition(entry.name), derivation.variable.name
    function = expand_all(known.expr)
    if at.value(function) is None:
        return "the function has no value"
    if any(at.value(kink.at) is None for kink in derivation.kinks):
        return "a kink is nowhere"
    found = slopes(function, at, by)
    if found is None or not close(*found):
        return ""
    # Where an argument stands at a kink the derivative is said apart, next to it.
    if any(close(at.value(kink), at.letters[by]) for kink in known.kinks):
        return ""
    value = at.value(expand_all(derivation.derivative))
    if value is None or not close(value, found[1]):
        return "the derivative is wrong"
    form = derivation.output_form
    if form is not None:
        written = expand_all(substitute(form.expr, {form.output: known.expr}))
        # The walk-through says what the form demands.
        if all(
            at.value(expand_all(substitute(c, {form.output: known.expr})))
            for c in demands(form.expr)
        ):
            value = at.value(written)
            if value is None or not close(value, found[1]):
                return "the output form is wrong"
    return ""


def at_kinks(derivation: Derivation, function: Expr, at: Point) -> str:
    """A kink that is said to have no derivative, and has one, or the other way round."""
    by = derivation.variable.name
    for kink in derivation.kinks:
        there = Point({**at.letters, by: at.value(kink.at)})
        found = slopes(function, there, by)
        said = kink.exists
        if said is None and kink.condition is not None:
            said = close(*(there.value(side) for side in kink.condition.args))
        if found is not None and said is not None and said != close(*found):
            return f"at {kink.at} a derivative is said to exist: {said}"
    return ""


@rows
def test_all_is_right_where_the_conditions_hold(entry: Entry) -> None:
    known = definition(entry.name)
    derivation = chainrule.derive(entry.name)
    function = expand_all(known.expr)
    tried = 0
    for at in settings(entry):
        if holds(known.conditions, at):
            tried += 1
            assert not (found := fault(entry, derivation, at)), f"{found} at {at}"
            assert not (found := at_kinks(derivation, function, at)), f"{found} at {at}"
    assert tried


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        (row.name, condition)
        for row in CATALOGUE
        for condition in row.conditions
        if condition in row.domain or "!=" in condition
    ],
)
def test_conditions_on_arguments_are_needed(name: str, condition: str) -> None:
    entry = BY_NAME[name]
    known = definition(name)
    derivation = chainrule.derive(name)
    function = expand_all(known.expr)
    broken = parse_text(condition).expr
    others = tuple(c for c in known.conditions if c is not broken)
    faults = [
        fault(entry, derivation, at) or at_kinks(derivation, function, at)
        for at in settings(entry)
        if holds(others, at) and not at.value(broken)
    ]
    assert any(faults)


def test_bounds_and_values_of_letters() -> None:
    barron, tweedie, elu = BY_NAME["barron"], BY_NAME["tweedie"], BY_NAME["elu"]
    assert tweedie.bounds["q"] == (1, 2)
    assert tweedie.bounds["y"] == (0, None)
    assert elu.bounds == {"alpha": (0, None)}
    assert not barron.allows("alpha", 0)
    assert not barron.allows("alpha", 2)
    assert barron.allows("alpha", Fraction(1, 2))
    assert tweedie.allows("y", 0)
    assert not tweedie.allows("x", 0)
    assert not BY_NAME["soft_shrink"].allows("lambda", 0)


def test_conditions_are_told() -> None:
    page = chainrule.derive("barron").to_text().replace("\n", " ")
    assert "for α ≠ 0, α ≠ 2 and c > 0." in page
    assert "This form needs a ≠ 0." in chainrule.derive("a tanh(b x)", wrt="x").to_text()
    assert "This form needs" not in chainrule.derive("kl_divergence").to_text()
