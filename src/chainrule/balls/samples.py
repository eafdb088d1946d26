"""Functions to stand in for unknown ones.

An identity such as ``f(g(x))' = f'(g(x)) g'(x)`` holds for every f, so it is tested with one
that has no special properties: sums of products of ``exp(sin(a u + b))``, positive,
analytic everywhere, with ``a`` and ``b`` from the function's name. Their derivatives come
from Arb's power series.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from zlib import crc32

from flint import arb, arb_series, ctx


@lru_cache(maxsize=1024)
def _scale_and_shift(name: str, argument: int, term: int) -> tuple[int, int]:
    """Numerators over 64 and 32."""
    seed = crc32(f"{name}:{argument}:{term}".encode())
    return 33 + seed % 31, (seed >> 8) % 61 + 3


def _part(name: str, argument: int, term: int, u: arb_series) -> arb_series:
    scale, shift = _scale_and_shift(name, argument, term)
    return ((u * (arb(scale) / 64)) + arb(shift) / 32).sin().exp()


def _terms(orders: tuple[int, ...]) -> int:
    return 1 if len(orders) == 1 else 2


def value(name: str, orders: tuple[int, ...]) -> Callable[[list[arb]], arb]:
    """The partial derivative of order ``orders[i]`` by argument i, as a function of balls."""

    def evaluate(args: list[arb]) -> arb:
        before = ctx.cap
        total = arb(0)
        try:
            for term in range(_terms(orders)):
                product = arb(1)
                for i, (order, u) in enumerate(zip(orders, args, strict=True)):
                    ctx.cap = order + 1
                    part = _part(name, i, term, arb_series([u, 1]))
                    product *= part[order] * arb.fac_ui(order)
                total += product
        finally:
            ctx.cap = before
        return total

    return evaluate


def outer_series(name: str, i: int, term: int, order: int, center: arb) -> arb_series:
    """The ``order``-th derivative of the i-th factor of a term, expanded around ``center``."""
    before = ctx.cap
    ctx.cap = before + order
    try:
        part = _part(name, i, term, arb_series([center, 1]))
        for _ in range(order):
            part = part.derivative()
    finally:
        ctx.cap = before
    return part


def series(
    name: str, orders: tuple[int, ...], compose: Callable[[arb_series, arb_series], arb_series]
) -> Callable[[list[arb_series]], arb_series]:
    """The same for power series; ``compose(outer, u)`` puts ``u − u[0]`` into ``outer``."""

    def evaluate(args: list[arb_series]) -> arb_series:
        total = arb_series([0])
        for term in range(_terms(orders)):
            product = arb_series([1])
            for i, (order, u) in enumerate(zip(orders, args, strict=True)):
                product = product * compose(outer_series(name, i, term, order, u[0]), u)
            total = total + product
        return total

    return evaluate
