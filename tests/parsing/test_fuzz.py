"""Random text, mutated formulas and token soup: an expression or an InputError, nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from chainrule.errors import InputError
from chainrule.expr.catalogue import CATALOGUE
from chainrule.parsing.reader import parse
from pace import few

DATA = Path(__file__).parents[1] / "data"
TEXT_TOKENS = [*(DATA / "fuzz_text.txt").read_text("utf-8").splitlines(), " ", "\n", "\t", "\u200b"]
LATEX_TOKENS = [*(DATA / "fuzz_latex.txt").read_text("utf-8").splitlines(), " "]
SEEDS = [entry.formula for entry in CATALOGUE] + [
    r"\frac{1}{1+e^{-x}}",
    r"\begin{cases} x & x>0 \\ 0 & \text{otherwise} \end{cases}",
    "x if x > 0 else a*(exp(x)-1)",
    "f(x) = x^2 sin(x)",
    "x^2 + y^2 = 1",
]


def soup(rng: random.Random) -> str:
    tokens = TEXT_TOKENS if rng.random() < 0.5 else LATEX_TOKENS
    return rng.choice(["", " "]).join(rng.choices(tokens, k=rng.randrange(1, 25)))


def mutated(rng: random.Random) -> str:
    text = list(rng.choice(SEEDS))
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(text) + 1)
        match rng.randrange(4):
            case 0:
                text[at:at] = rng.choice(TEXT_TOKENS)
            case 1:
                del text[at : at + rng.randrange(1, 4)]
            case 2:
                text[at:at] = text[: rng.randrange(1, 6)]
            case _:
                text[at:at] = rng.choice(LATEX_TOKENS)
    return "".join(text)


def anything(rng: random.Random) -> str:
    points = (rng.randrange(0x20, rng.choice([0x7F, 0x3FF, 0x2FFF, 0x1F6FF])) for _ in range(20))
    return "".join(chr(point) for point in points if not 0xD800 <= point < 0xE000)


def strings(seed: int, count: int) -> Iterator[str]:
    rng = random.Random(seed)
    makers = [soup, mutated, mutated, anything]
    for i in range(count):
        yield makers[i % 4](rng)


def feed(seed: int, count: int) -> int:
    read = 0
    for text in strings(seed, count):
        with suppress(InputError):
            str(parse(text).expr)
            read += 1
    return read


@pytest.mark.parametrize("seed", few(range(4), 0))
def test_no_exception_but_our_own(seed: int) -> None:
    """Four times 30,000 strings, of which a good part are formulas."""
    assert feed(seed, 30_000) > 1_000


@pytest.mark.slow
def test_a_million_strings() -> None:
    assert feed(99, 1_000_000) > 50_000
