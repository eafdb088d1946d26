"""What it costs that a derivative is verified before it is handed out: ``diff`` with and without.

Both sides take turns on every function of the catalogue, from empty caches, and on large formulas,
where nothing is simplified.
"""

from __future__ import annotations

from statistics import median

import chainrule
from catalogue import ROUNDS, forget
from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.nodes import Expr, Product, Sum, Symbol, call
from chainrule.parsing.definitions import definition
from measure import cpu_seconds, duration, table

X = Symbol("x")
LARGE = 10_000


def nested() -> Expr:
    expr: Expr = X
    for _ in range(LARGE):
        expr = 1 / (1 + call("exp", -expr))
    return expr


def waves() -> list[Expr]:
    return [call("sin", k * X) for k in range(1, LARGE + 1)]


def seconds(formula: str | Expr, *, verify: bool) -> float:
    """Of one ``diff``; as the rules give it where the formula is a large one."""
    forget()
    large = isinstance(formula, Expr)
    return cpu_seconds(
        lambda: chainrule.diff(
            formula, wrt=X if large else None, form="raw" if large else "simplified", verify=verify
        )
    )


def compared(formula: str | Expr, rounds: int = ROUNDS) -> tuple[float, float]:
    """Seconds without and with verification, medians of rounds in which both take turns."""
    rows = [(seconds(formula, verify=False), seconds(formula, verify=True)) for _ in range(rounds)]
    return median(row[0] for row in rows), median(row[1] for row in rows)


def report() -> str:
    for entry in CATALOGUE:
        definition(entry.name)
    compared("sigmoid")
    rows = [compared(entry.name) for entry in CATALOGUE]
    found = [("the catalogue, median", median(r[0] for r in rows), median(r[1] for r in rows))]
    large = {"sigmoids nested": nested(), "factors": Product(tuple(waves()))}
    large["terms"] = Sum(tuple(waves()))
    found += [(f"{LARGE:,} {name}", *compared(formula, 3)) for name, formula in large.items()]
    return table(
        ["`diff` of", "not verified", "verified", "ratio"],
        [[name, duration(a), duration(b), f"{b / a:.2f}"] for name, a, b in found],
    )


if __name__ == "__main__":
    print(report())
