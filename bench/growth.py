"""How time and memory grow with the formula: nested sigmoids, products, sums.

Every measurement is a process of its own: a crash, a RecursionError or a time limit of one is a
line in the table and touches no other. Called with arguments, this file is that process:
``growth.py ENGINE FAMILY N``.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from measure import duration, exponent, table

SIZES = (1, 3, 10, 30, 50, 100, 200, 400, 1000, 2000, 4000, 10_000)
LIMIT = 20.0
"""Seconds a process may take before it is stopped."""
MEMORY_LIMIT = 6 << 30
"""Bytes of address space for a process."""
FITTED_FROM = 100
"""The exponents are fitted from here on; below, fixed costs are what is measured."""
ENGINES = ("chainrule", "SymEngine", "SymPy")


# --- one measurement ----------------------------------------------------------------------------
@dataclass(frozen=True)
class Engine:
    """What a family needs to build its formulas with, and how a derivative is taken."""

    x: Any
    exp: Callable[[Any], Any]
    sin: Callable[[Any], Any]
    product: Callable[[list[Any]], Any]
    sum: Callable[[list[Any]], Any]
    diff: Callable[[Any], Any]
    forget: Callable[[], object]


def engine(name: str) -> Engine:
    match name:
        case "chainrule":
            import chainrule
            from chainrule.expr.nodes import Product, Sum, Symbol, call

            x = Symbol("x")
            return Engine(
                x,
                lambda u: call("exp", u),
                lambda u: call("sin", u),
                lambda factors: Product(tuple(factors)) if len(factors) > 1 else factors[0],
                lambda terms: Sum(tuple(terms)) if len(terms) > 1 else terms[0],
                # As the other engines, which verify nothing; what that takes, verifying.py says.
                lambda f: chainrule.diff(f, wrt=x, form="raw", verify=False),
                lambda: None,
            )
        case "SymEngine":
            import symengine

            x = symengine.Symbol("x")
            return Engine(
                x,
                symengine.exp,
                symengine.sin,
                lambda factors: symengine.Mul(*factors),
                lambda terms: symengine.Add(*terms),
                lambda f: symengine.diff(f, x),
                lambda: None,
            )
        case _:
            import sympy
            from sympy.core.cache import clear_cache

            x = sympy.Symbol("x")
            return Engine(
                x,
                sympy.exp,
                sympy.sin,
                lambda factors: sympy.Mul(*factors),
                lambda terms: sympy.Add(*terms),
                lambda f: sympy.diff(f, x),
                clear_cache,
            )


def nested_sigmoid(e: Engine, n: int) -> Any:
    u = e.x
    for _ in range(n):
        u = 1 / (1 + e.exp(-u))
    return u


def product(e: Engine, n: int) -> Any:
    return e.product([e.x + k for k in range(1, n + 1)])


def total(e: Engine, n: int) -> Any:
    return e.sum([e.sin(k * e.x) for k in range(1, n + 1)])


FAMILIES: dict[str, tuple[str, Callable[[Engine, int], Any]]] = {
    "sigmoid": ("sigmoid nested n deep", nested_sigmoid),
    "product": ("product of n factors, (x + 1)(x + 2)…(x + n)", product),
    "sum": ("sum of n terms, sin x + sin 2x + … + sin nx", total),
}


def measure_here(name: str, family: str, n: int) -> dict[str, float]:
    """Seconds (the best of up to five), and for chainrule the size and memory of the result."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    e = engine(name)
    build = FAMILIES[family][1]
    times: list[float] = []
    e.diff(build(e, 2))
    while len(times) < 5 and sum(times) < LIMIT / 4:
        e.forget()
        formula = build(e, n)
        e.forget()
        start = time.process_time()
        result = e.diff(formula)
        times.append(time.process_time() - start)
        del result
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found: dict[str, float] = {"seconds": min(times), "process": peak}
    if name == "chainrule":
        from chainrule.expr.nodes import size

        formula = build(e, n)
        tracemalloc.start()
        result = e.diff(formula)
        found["peak"] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        found["size"] = size(result)
    return found


# --- all of them --------------------------------------------------------------------------------
def measure(name: str, family: str, n: int) -> dict[str, float] | str:
    """The measurement, or how it failed."""
    command = [sys.executable, __file__, name, family, str(n)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return f"over {LIMIT:.0f} s"
    if done.returncode < 0:
        return f"crash ({signal.Signals(-done.returncode).name})"
    if done.returncode:
        return done.stderr.strip().splitlines()[-1].partition(":")[0]
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure_family(family: str) -> dict[str, dict[int, dict[str, float] | str]]:
    """Results by engine and n; the engines take turns, and one that failed is not asked again."""
    results: dict[str, dict[int, dict[str, float] | str]] = {name: {} for name in ENGINES}
    for n in SIZES:
        for name in ENGINES:
            failed = next((r for r in results[name].values() if isinstance(r, str)), None)
            results[name][n] = "—" if failed else measure(name, family, n)
    return results


def shown(result: dict[str, float] | str) -> str:
    return result if isinstance(result, str) else duration(result["seconds"])


def family_report(family: str) -> str:
    results = measure_family(family)
    ours = {n: r for n, r in results["chainrule"].items() if isinstance(r, dict)}
    rows = [
        [
            f"{n:,}",
            *(shown(results[name][n]) for name in ENGINES),
            f"{ours[n]['size']:,.0f}" if n in ours else "",
            f"{ours[n]['peak'] / 2**20:.3g} MiB" if n in ours else "",
        ]
        for n in SIZES
    ]
    header = ["n", *ENGINES, "distinct nodes of the result", "peak memory, chainrule"]
    fitted = [n for n in ours if n >= FITTED_FROM]
    sizes = [ours[n]["size"] for n in fitted]
    ratios = {
        n: other["seconds"] / ours[n]["seconds"]
        for n, other in results["SymEngine"].items()
        if n in ours and n >= 400 and isinstance(other, dict)
    }
    lines = [f"### A {FAMILIES[family][0]}", "", table(header, rows), ""]
    if len(fitted) > 1:
        time_power = exponent(sizes, [ours[n]["seconds"] for n in fitted])
        memory_power = exponent(sizes, [ours[n]["peak"] for n in fitted])
        size_power = exponent(fitted, sizes)
        lines.append(
            f"From n = {fitted[0]} to {fitted[-1]:,}: time ∝ size^{time_power:.2f}, memory ∝ "
            f"size^{memory_power:.2f}, where size, the number of distinct nodes of the result, "
            f"∝ n^{size_power:.2f}."
        )
    if ratios:
        lines.append(
            "Time of SymEngine over that of chainrule: "
            + ", ".join(f"{ratio:.3g} at n = {n:,}" for n, ratio in ratios.items())
            + "."
        )
    return "\n".join(lines) + "\n"


def report() -> str:
    intro = (
        "One process for each number, `diff --form raw` alone, processor time, the best of five. "
        "After a failure an engine is not asked for more (—). The limits for a process are "
        f"{LIMIT:.0f} s and {MEMORY_LIMIT >> 30} GiB. The aim is growth linear in the size of the "
        "result, and from n = 400 on to be as fast as SymEngine, which is written in C++. The sum "
        "is where that is out of reach: there SymEngine needs a microsecond for each term, which "
        "is what one new object takes in Python, and a term needs three.\n"
    )
    return "\n".join([intro, *map(family_report, FAMILIES)])


if __name__ == "__main__":
    match sys.argv[1:]:
        case [name, family, n]:
            print(json.dumps(measure_here(name, family, int(n))))
        case [family]:
            print(family_report(family))
        case _:
            print(report())
