"""Formulas drawn by chance, for tests that ask the same of any formula.

``formulas(seed, count)`` gives text as one types it, so that a failure can be tried at once. It
holds every function of the table, several letters, roots, quotients of differences, powers of
powers and cases. Each formula is defined somewhere, by ``real_values``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from chainrule.expr.functions import FUNCTIONS
from chainrule.expr.nodes import Symbol, depends_on
from chainrule.parsing.definitions import expand_all
from chainrule.parsing.reader import parse
from real_values import places

X = Symbol("x")
LETTERS = ("x", "x", "x", "x", "a", "b", "y")
NAMED = ("sigmoid", "softplus", "silu", "gelu", "relu", "softsign", "mish")
COMPARISONS = ("<", "<=", ">", ">=")

# polygamma takes a whole number first.
ONE_ARGUMENT = tuple(row.name for row in FUNCTIONS if row.arity == 1)
TWO_ARGUMENTS = tuple(row.name for row in FUNCTIONS if row.arity == 2 and row.derivatives[0])

Draw = Callable[[], str]
Kind = Callable[[Random, Draw], str]


def _number(rng: Random) -> str:
    kinds = (
        lambda: str(rng.randint(1, 6)),
        lambda: f"({rng.randint(1, 5)}/{rng.randint(2, 5)})",
        lambda: f"{rng.randint(1, 39) / 10}",
        lambda: rng.choice(("e", "pi", "ln(2)", "sqrt(2)")),
    )
    return rng.choices(kinds, (5, 2, 1, 1))[0]()


def _leaf(rng: Random) -> str:
    return rng.choice(LETTERS) if rng.random() < 0.75 else _number(rng)


def _function(rng: Random, draw: Draw) -> str:
    return f"{rng.choice(ONE_ARGUMENT)}({draw()})"


def _functions_of_two(rng: Random, draw: Draw) -> str:
    name = rng.choice((*TWO_ARGUMENTS, "polygamma"))
    first = str(rng.randint(1, 2)) if name == "polygamma" else draw()
    return f"{name}({first}, {draw()})"


def _two(draw: Draw, between: str) -> str:
    """Two different parts: x − x and what is divided by it tell nothing."""
    one, other = draw(), draw()
    while other == one:
        other = draw()
    return f"{one}{between}{other}"


def _cases(rng: Random, draw: Draw) -> str:
    at = rng.choice(("0", "1", "-1", "2", "a", "1/2"))
    op = rng.choice(COMPARISONS)
    if rng.random() < 0.7:
        return f"{{x {op} {at}: {draw()}, else: {draw()}}}"
    return f"{{x < -1: {draw()}, x {op} 2: {draw()}, else: {draw()}}}"


KINDS: tuple[tuple[int, Kind], ...] = (
    (4, lambda rng, draw: f"({draw()} + {draw()})"),
    (4, lambda rng, draw: f"({_two(draw, ' - ')})"),
    (4, lambda rng, draw: f"({draw()})({draw()})"),
    (2, lambda rng, draw: f"{rng.randint(2, 7)}*({draw()})"),
    (1, lambda rng, draw: f"(-({draw()}))"),
    (1, lambda rng, draw: f"({draw()})({draw()})({draw()})"),
    (4, lambda rng, draw: f"({_two(draw, ')/(')})"),
    (2, lambda rng, draw: f"({draw()})/({_number(rng)})"),
    (3, lambda rng, draw: f"({_two(draw, ' - ')})/({_two(draw, ' - ')})"),
    (1, lambda rng, draw: f"({_number(rng)})/({_two(draw, ' - ')})"),
    (10, _function),
    (2, _functions_of_two),
    (1, lambda rng, draw: f"{rng.choice(NAMED)}({draw()})"),
    (3, lambda rng, draw: f"({draw()})^{rng.choice((2, 2, 3, 4, -1, -2, -3))}"),
    (2, lambda rng, draw: f"({draw()})^({rng.choice(('1/2', '3/2', '-1/2', '1/3', '2/3'))})"),
    (1, lambda rng, draw: f"(({draw()})^{rng.randint(2, 3)})^({rng.choice(('1/2', '2', 'a'))})"),
    (2, lambda rng, draw: f"e^({draw()})"),
    (1, lambda rng, draw: f"{rng.choice(('2', 'a', '10'))}^({draw()})"),
    (1, lambda rng, draw: f"({draw()})^({draw()})"),
    (3, lambda rng, draw: f"sqrt({draw()})"),
    (2, lambda rng, draw: f"|{draw()}|"),
    (2, _cases),
)
"""How often a kind is drawn, and how it is written with parts that ``draw`` gives."""

_WEIGHTS = [weight for weight, _ in KINDS]


def formula(rng: Random, depth: int) -> str:
    """One formula, not more than ``depth`` deep; it may be defined nowhere."""
    if depth == 0 or rng.random() < 0.08:
        return _leaf(rng)
    (_, kind) = rng.choices(KINDS, _WEIGHTS)[0]
    return kind(rng, lambda: formula(rng, depth - 1))


def formulas(seed: int, count: int, deepest: int = 4) -> Iterator[str]:
    """``count`` different formulas in x that are defined somewhere; the same for the same seed."""
    rng = Random(seed)
    seen: set[str] = set()
    while len(seen) < count:
        text = formula(rng, rng.randint(1, deepest))
        expr = parse(text).expr
        if text not in seen and depends_on(expr, X) and places(expand_all(expr), rng, 1, tries=12):
            seen.add(text)
            yield text
