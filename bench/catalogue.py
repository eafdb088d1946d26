"""Every function of the catalogue, derived by chainrule and by SymPy in turn.

Both start warm (modules loaded, formulas read) and from empty caches each time, and both get the
formula down to elementary functions. In the second comparison chainrule starts from the name,
and does more: it also finds the output form, and verifies.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles

import sympy
from sympy.core.cache import clear_cache

import chainrule
from chainrule.expr.catalogue import CATALOGUE, Entry
from chainrule.parsing.definitions import definition, expand_all
from chainrule.parsing.sympy_bridge import to_sympy
from measure import TimeLimitError, cpu_seconds, duration, table, time_limit

ROUNDS = 5
LONG = 1.0
"""What takes longer than this is measured once."""
LIMIT = 20.0
"""Seconds for one call of SymPy."""
SHOWN = 12
AIM = 20


def formula_caches() -> list[Callable[[], None]]:
    """What empties each cache of chainrule that is filled by working on a formula.

    The grammar and the catalogue as it was read stay: they are the program's own.
    """
    loaded = [module for name, module in sys.modules.items() if name.startswith("chainrule.")]
    values = {id(value): value for module in loaded for value in vars(module).values()}
    return [
        value.cache_clear
        for value in values.values()
        if hasattr(value, "cache_clear")
        and value.__module__.split(".")[1] not in ("parsing", "expr")
    ]


def forget() -> None:
    clear_cache()
    for clear in formula_caches():
        clear()


@dataclass(frozen=True)
class Row:
    """Seconds: medians of the rounds; ``sympy_*`` is infinite where the time limit struck."""

    name: str
    derive: float
    everything: float
    sympy_diff: float
    sympy_simplify: float

    @property
    def derive_ratio(self) -> float:
        return self.sympy_diff / self.derive

    @property
    def everything_ratio(self) -> float:
        return self.sympy_simplify / self.everything


def everything(entry: Entry) -> None:
    """Derive, simplify, look for the output form, verify."""
    derivation = chainrule.derive(entry.name)
    _ = derivation.derivative
    _ = derivation.output_form
    _ = derivation.verdict


def timed(work: Callable[[], object]) -> float:
    forget()
    try:
        with time_limit(LIMIT):
            return cpu_seconds(work)
    except TimeLimitError:
        return float("inf")


def measure(entry: Entry) -> Row:
    known = definition(entry.name)
    formula, variable = expand_all(known.expr), known.arguments[0]
    theirs = to_sympy(formula)
    symbol = next(s for s in theirs.free_symbols if s.name == variable.name)
    works: tuple[Callable[[], object], ...] = (
        lambda: chainrule.diff(formula, wrt=variable, form="raw", verify=False),
        lambda: everything(entry),
        lambda: sympy.diff(theirs, symbol),
        lambda: sympy.simplify(sympy.diff(theirs, symbol)),
    )
    times: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for measured, work in zip(times, works, strict=True):
            if not measured or measured[-1] < LONG:
                measured.append(timed(work))
    return Row(entry.name, *map(median, times))


def spread(ratios: list[float]) -> str:
    low, middle, high = quantiles(ratios, n=4)
    return f"{min(ratios):.3g} · {low:.3g} · **{middle:.3g}** · {high:.3g}"


def report() -> str:
    everything(CATALOGUE[0])
    rows = [measure(entry) for entry in CATALOGUE]
    stopped = [row.name for row in rows if row.sympy_simplify == float("inf")]
    overview = table(
        ["over the catalogue", "chainrule, median", "SymPy, median", "ratio: min · ¼ · median · ¾"],
        [
            [
                "derive; `sympy.diff`",
                duration(median(row.derive for row in rows)),
                duration(median(row.sympy_diff for row in rows)),
                spread([row.derive_ratio for row in rows]),
            ],
            [
                "derive, simplify, output form, verify; `sympy.simplify(sympy.diff)`",
                duration(median(row.everything for row in rows)),
                duration(median(row.sympy_simplify for row in rows)),
                spread([row.everything_ratio for row in rows]),
            ],
        ],
    )
    worst = table(
        ["function", "derive", "`sympy.diff`", "ratio", "everything", "`simplify(diff)`", "ratio"],
        [
            [
                f"`{row.name}`",
                duration(row.derive),
                duration(row.sympy_diff),
                f"{row.derive_ratio:.3g}",
                duration(row.everything),
                duration(row.sympy_simplify),
                f"{row.everything_ratio:.3g}",
            ]
            for row in sorted(rows, key=lambda row: row.everything_ratio)[:SHOWN]
        ],
    )
    return (
        f"{len(rows)} functions, processor time, medians of {ROUNDS} rounds (one round where it "
        f"takes over {LONG:.0f} s), caches emptied before each call. SymPy was stopped after "
        f"{LIMIT:.0f} s for {len(stopped)} of them{': ' if stopped else ''}"
        f"{', '.join(f'`{name}`' for name in stopped)}. The aim is a median ratio of {AIM} in both "
        f"comparisons.\n\n"
        f"{overview}\n\nThe {SHOWN} with the lowest ratio in the second comparison:\n\n{worst}\n"
    )


if __name__ == "__main__":
    print(report())
