"""Comparing an answer with the truth at simple points: 0, 1, 2, −1, 1/2, …

The truth about a derivative is the power series of the function (Arb), not what the rules say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from flint import arb

from chainrule.balls.arithmetic import compile_balls, precision
from chainrule.balls.program import ball
from chainrule.check.model import fill, plain
from chainrule.document import blocks
from chainrule.document.blocks import Chain, Inline, Math, Term
from chainrule.expr.nodes import Expr, Number, Symbol, symbols
from chainrule.verify.certified import ELLIPSIS, CertifiedDigits, decimal
from chainrule.verify.points import grid
from chainrule.verify.series import compile_series, derivatives

Env = Mapping[Symbol, Fraction]
Outcome = Literal["same", "different", "answer undefined"]


def _fractions(text: str) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, text.split()))


_VALUES = _fractions("0 1 2 -1 1/2 3 -2 -1/2 1/4 3/2 4 5 -3 1/3 3/4 -1/4 -3/4 10 -5 100 -10")
# Values for the other letters: two first, since 1 hides powers, and 1 and 2 hide each other.
_OTHERS = _fractions("2 3 5 7 1/2 1/3")
# 128, as in `verify`, and half as many again to lose where something cancels.
BITS = 192
# A difference of 10^-600 is still seen here; tried where none was seen before.
CLOSE_BITS = 2048
# Digits that a difference is shown with at most: five lines of a terminal.
LONGEST = 400


@dataclass(frozen=True, slots=True)
class Difference:
    """The simplest point found at which an answer is not what it should be.

    Attributes:
        point: the value of each letter.
        expected: the right value, in decimals all of which are certain.
        answer: that of the answer, ``None`` where it is not defined.
    """

    point: tuple[tuple[Symbol, Fraction], ...]
    expected: CertifiedDigits
    answer: CertifiedDigits | None

    @property
    def sentence(self) -> Inline:
        """In words, without a capital and a full stop."""
        terms: dict[str, Term | Math] = {"expected": as_term(self.expected)}
        what = "your answer is not defined"
        if self.answer is not None:
            what = "your answer is {answer}"
            terms["answer"] = as_term(self.answer)
        if self.point:
            terms["point"] = self.where
            what = "at {point} " + what
        return fill(what + ", and the right value is {expected}", terms)

    @property
    def where(self) -> Math:
        """x = 1, a = 2."""
        terms = [term for letter, value in self.point for term in (letter, Number(value))]
        return Math(Chain(tuple(terms), ("=", *(",", "=") * (len(self.point) - 1))))

    def __str__(self) -> str:
        return plain(self.sentence)


@dataclass(frozen=True, slots=True)
class ComparedPoints:
    """What came out at one point."""

    env: Env
    outcome: Outcome
    bits: int = 0
    """To how many bits both sides agree for certain."""


Values = Callable[[Env, int], tuple[arb, arb]]
"""The right value and the answer's at a point, computed with a given number of bits."""


def against_function(function: Expr, variables: Sequence[Symbol], answer: Expr) -> Values:
    """The answer against the derivative of ``function`` by ``variables``, from power series."""
    orders = Counter(variables)
    truth, given = compile_series([function]), compile_balls([answer])

    def values(env: Env, bits: int) -> tuple[arb, arb]:
        expected = derivatives(truth, orders, env, bits)[0]
        with precision(bits):
            return expected, _ball(given.run([ball(env[symbol]) for symbol in given.symbols])[0])

    return values


def against_expression(right: Expr, function: Expr, answer: Expr) -> Values:
    """The answer against an expression that it should equal where ``function`` is defined."""
    program = compile_balls([right, function, answer])

    def values(env: Env, bits: int) -> tuple[arb, arb]:
        with precision(bits):
            values = program.run([ball(env[symbol]) for symbol in program.symbols])
        expected, domain, given = map(_ball, values)
        return (expected if domain.is_finite() else arb.nan()), given

    return values


def _ball(value: object) -> arb:
    return value if isinstance(value, arb) else arb.nan()


def simple_points(
    letters: Sequence[Symbol], variable: Symbol, defaults: Mapping[Symbol, Fraction]
) -> Iterator[Env]:
    """Points in the order in which a person would try them, then some that are less tidy."""
    others = [letter for letter in letters if letter is not variable]
    for turn in range(3 if others else 1):
        rest = {
            letter: defaults[letter]
            if turn == 0 and letter in defaults
            else _OTHERS[(i + turn) % len(_OTHERS)]
            for i, letter in enumerate(others)
        }
        for value in _VALUES:
            yield {variable: value, **rest}
    if others:
        yield {letter: Fraction(1) for letter in (variable, *others)}
    for point in grid(1 + len(others))[:32]:
        yield dict(zip((variable, *others), [Fraction(v) for v in point.values], strict=True))


def compare(values: Values, points: Iterator[Env], bits: int = BITS) -> list[ComparedPoints]:
    """What came out at each point at which the right value exists."""
    samples: list[ComparedPoints] = []
    for env in points:
        expected, given = values(env, bits)
        if not expected.is_finite():
            continue
        if not given.is_finite():
            samples.append(ComparedPoints(env, "answer undefined"))
        else:
            outcome: Outcome = "same" if expected.overlaps(given) else "different"
            agreed = min(expected.rel_accuracy_bits(), given.rel_accuracy_bits())
            samples.append(ComparedPoints(env, outcome, int(agreed)))
    return samples


def difference(sample: ComparedPoints, right: Expr, answer: Expr) -> Difference | None:
    """Both values in decimals, with as many digits as it takes to see that they differ."""
    digits = 6
    while digits <= LONGEST:
        expected = decimal(right, sample.env, digits)
        if expected is None:
            return None
        given = decimal(answer, sample.env, digits)
        if given is None or _number(given) != _number(expected):
            used = symbols(right, answer)
            point = tuple((letter, value) for letter, value in sample.env.items() if letter in used)
            return Difference(point, expected, given)
        digits *= 2
    return None


def as_term(digits: CertifiedDigits) -> blocks.Digits:
    """For a document."""
    return blocks.Digits(digits.text.rstrip(ELLIPSIS), more=not digits.exact)


def _number(digits: CertifiedDigits) -> Fraction:
    """The digits, whether or not they are the whole number."""
    return Fraction(digits.text.rstrip(ELLIPSIS))


def boundary(samples: Sequence[ComparedPoints], variable: Symbol) -> tuple[Fraction, bool] | None:
    """A number t such that the answer is right on one side of it and wrong on the other.

    The flag says whether it is right above t.
    """
    right = [s.env[variable] for s in samples if s.outcome == "same"]
    wrong = [s.env[variable] for s in samples if s.outcome == "different"]
    if len(right) < 4 or len(wrong) < 4:
        return None
    if max(wrong) <= min(right):
        return _simplest(max(wrong), min(right)), True
    if max(right) <= min(wrong):
        return _simplest(max(right), min(wrong)), False
    return None


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """The number between the two that a person would name: one of those tried, or the middle."""
    inside = [value for value in _VALUES if low <= value <= high]
    return inside[0] if inside else (low + high) / 2
