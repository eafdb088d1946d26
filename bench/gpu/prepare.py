"""What can be made without a GPU: plans, files, inputs with their truths, compiled CUDA.

A row of the catalogue is a task; one that was interrupted starts anew, others are kept.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

import chainrule
from bench.gpu.cases import Array, Case, Data, as_case, every_pattern, pack, unpack, write_cases
from chainrule.codegen.generate import generate
from chainrule.deriving.derivation import Derivation
from chainrule.expr.catalogue import CATALOGUE
from chainrule.expr.nodes import Expr, Symbol
from chainrule.floats.evaluate import FUNCTIONS
from chainrule.floats.formats import Format, format_named
from chainrule.floats.inputs import stratified, usual
from chainrule.floats.letters import typical_values
from chainrule.floats.truth import truth
from chainrule.floats.ulp import Truth, nearest
from chainrule.forms.accuracy import hard_inputs, kink_inputs, work_format
from chainrule.forms.plan import Plan, plan
from chainrule.program.cases import explicit
from chainrule.program.kernel_spec import KernelSpec
from chainrule.program.lower import lower
from chainrule.program.targets import TARGETS

BEST = (("float32", "best"), ("float64", "best"), ("bfloat16", "best"), ("float16", "best"))
FAST = ("float32", "fast")
JAX = (("float32", "best"), ("bfloat16", "best"))
FOR_TORCH = (
    *("sigmoid", "tanh", "silu", "gelu", "softplus", "mish", "elu", "relu", "hard_swish"),
    *("leaky_relu", "huber", "x^x", "log_cosh", "prelu"),
)
TIMED = ("sigmoid", "silu", "gelu", "mish", "softplus", "tanh")
"""Rows that are timed: these are made in bfloat16 by "fast" too."""
CHUNK = 41
"""CUDA files that are compiled together, which takes less time than one by one."""
ARCHITECTURE = "90"
HEADERS = ("cuda_runtime.h", "cuda_fp16.h", "cuda_bf16.h", "math.h", "stddef.h", "stdint.h")
HEADERS += ("string.h",)
SPREAD, USUAL, HARD = 800, 700, 1500
"""How many inputs of a long format are spread over all bit patterns, of everyday size, hard."""


def prepare(folder: Path, rows: Iterable[str] | None = None, processes: int = 2) -> None:
    """Everything for the rows, the whole catalogue if none are named.

    A row that fails is told, and left out.
    """
    names = [entry.name for entry in CATALOGUE]
    tasks = [*names, *(row for row in FOR_TORCH if row not in names)] if rows is None else [*rows]
    for part in ("parts", "files", "data", "libraries"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    left = [row for row in tasks if not _part(folder, row).exists()]
    with ProcessPoolExecutor(processes) as pool:
        made = {pool.submit(prepared, folder, row): row for row in left}
        for count, future in enumerate(as_completed(made), 1):
            said = f": {future.exception()!r}" if future.exception() else ""
            print(f"{count} of {len(made)}: {made[future]}{said}", flush=True)
    cases = []
    for row in [row for row in tasks if _part(folder, row).exists()]:
        listed = json.loads(_part(folder, row).read_text(encoding="utf-8"))
        cases += [as_case(fields) for fields in listed]
    with ProcessPoolExecutor(processes) as pool:
        write_cases(folder, compiled(folder, cases, pool))


def stem(row: str) -> str:
    """A name for files."""
    return re.sub(r"\W", "_", row)


def _part(folder: Path, row: str) -> Path:
    return folder / "parts" / f"{stem(row)}.json"


# --- one row ------------------------------------------------------------------------------------
def prepared(folder: Path, row: str) -> None:
    """All files of a row, its data, and the list of both."""
    derivation = chainrule.derive(row)
    listed = any(entry.name == row for entry in CATALOGUE)
    values = _values(derivation)
    cases: list[Case] = []

    def written(made: Plan, targets: Sequence[str], data: str) -> None:
        cases.extend(_written(folder, row, target, made, values, data) for target in targets)

    for dtype, accuracy in BEST:
        made = plan(derivation, "triton", dtype=dtype, accuracy=accuracy)
        data = f"{stem(row)}_{dtype}"
        known = _data(derivation, made, values)
        _store(folder, data, known, made.spec)
        if listed:
            # Without loops of their own and in double these two have the same plan.
            written(made, ("triton", "cuda"), data)
        if row in FOR_TORCH:
            written(plan(derivation, "torch", dtype=dtype, accuracy=accuracy), ("torch",), data)
        if listed and (dtype, accuracy) in JAX:
            written(plan(derivation, "jax", dtype=dtype, accuracy=accuracy), ("jax",), data)
    fast = [FAST, ("bfloat16", "fast")] if row in TIMED else [FAST]
    for dtype, accuracy in fast if listed else []:
        made = plan(derivation, "cuda", dtype=dtype, accuracy=accuracy)
        plans: dict[str, Plan] = {"cuda": made, "triton": made}
        if made.spec.working != "library":
            # With an exponential of its own, which Triton has not.
            plans["triton"] = plan(derivation, "triton", dtype=dtype, accuracy=accuracy)
        for target, made in plans.items():
            data = f"{stem(row)}_{dtype}"
            if not made.spec.double and made.spec.parameters:
                # Parameters are float32 there.
                data += "_single"
                packed = (folder / "data" / f"{stem(row)}_{dtype}").read_bytes()
                known = unpack(packed, format_named(dtype))
                _store(folder, data, _again(derivation, made, values, known), made.spec)
            written(made, (target,), data)
    text = json.dumps([asdict(case) for case in cases])
    _part(folder, row).write_text(text, encoding="utf-8")


def _values(derivation: Derivation) -> dict[Symbol, Fraction]:
    """Numbers for all letters but the variable: those of arguments are numbers of every format."""
    arguments = derivation.problem.arguments
    rounded = format_named("bfloat16").dtype.type
    return {
        s: Fraction(float(rounded(float(v)))) if s in arguments else v
        for s, v in typical_values(derivation).items()
    }


def _written(
    folder: Path,
    row: str,
    target: str,
    made: Plan,
    values: dict[Symbol, Fraction],
    data: str,
) -> Case:
    spec = made.spec
    file = f"files/{target}_{stem(row)}_{spec.dtype}_{spec.accuracy}{TARGETS[target].ending}"
    (folder / file).write_text(generate(target, *made), encoding="utf-8")
    return Case(
        row=row,
        target=target,
        dtype=spec.dtype,
        accuracy=spec.accuracy,
        function=spec.name,
        file=file,
        saved=tuple("output" if s is spec.output else "input" for s in spec.saved),
        others=tuple(float(values[s]) for s in spec.others),
        numbers=tuple(float(v if v is not None else values[s]) for s, v in spec.parameters),
        double=spec.double,
        data=data,
    )


def _store(folder: Path, name: str, data: Data, spec: KernelSpec) -> None:
    (folder / "data" / name).write_bytes(pack(data, format_named(spec.dtype)))


# --- inputs and truths --------------------------------------------------------------------------
def _stored(values: dict[Symbol, Fraction], work: Format) -> dict[Symbol, Fraction]:
    return {s: Fraction(float(work.dtype.type(float(v)))) for s, v in values.items()}


def _truths(
    derivation: Derivation, x: Array, stored: dict[Symbol, Fraction], fmt: Format
) -> tuple[Truth, ...]:
    exprs: tuple[Expr, ...] = (derivation.function, derivation.derivative)
    return tuple(truth(expr, derivation.variable, x, stored, fmt) for expr in exprs)


def _data(derivation: Derivation, made: Plan, values: dict[Symbol, Fraction]) -> Data:
    """Inputs for a plan that computes in double, and what is true there."""
    spec, fmt, work = made.spec, format_named(made.spec.dtype), work_format(made)
    stored = _stored(values, work)
    letters = (spec.variable, *stored)
    fixed = [np.asarray(float(value), work.dtype) for value in stored.values()]
    kinks = np.array([float(v) for v in kink_inputs(derivation, letters, fixed, fmt, work)])
    if fmt.bits == 16:
        x = every_pattern(fmt)
        expected = _by_numpy(made, x, values)
        if values != typical_values(derivation):
            # With these numbers nobody has looked at all inputs.
            some = np.flatnonzero(np.isfinite(x.astype(np.float64)) & ~_at(x, kinks))
            exact = truth(derivation.derivative, spec.variable, x[some], stored, fmt)
            expected[1][some[exact.known]] = nearest(exact, fmt)[exact.known]
        return Data(x, (), x[:0], expected, kinks)
    exprs = (derivation.derivative, derivation.function)
    programs = [lower([explicit(e, FUNCTIONS)], letters, FUNCTIONS) for e in exprs]
    hard = hard_inputs(programs, fixed, fmt, work, SPREAD)
    x = np.unique(np.concatenate([stratified(fmt, SPREAD), usual(fmt, USUAL), _some(hard, HARD)]))
    x = x[~_at(x, kinks)]
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, *kinks], fmt.dtype)
    expected = _by_numpy(made, special, values)
    return Data(x, _truths(derivation, x, stored, fmt), special, expected, kinks)


def _again(derivation: Derivation, made: Plan, values: dict[Symbol, Fraction], known: Data) -> Data:
    """The same inputs, for a plan that has other numbers for the parameters."""
    fmt = format_named(made.spec.dtype)
    if fmt.bits == 16:
        return known
    stored = _stored(values, work_format(made))
    truths = _truths(derivation, known.x, stored, fmt)
    return Data(known.x, truths, known.special, known.expected, known.kinks)


def _at(x: Array, kinks: Array) -> Array:
    """Which inputs are kinks."""
    there: Array = np.isin(x.astype(np.float64), kinks)
    return there


def _some(values: Array, most: int) -> Array:
    """At most ``most`` of the values, evenly spread."""
    return values[np.linspace(0, len(values) - 1, min(most, len(values))).round().astype(int)]


def _by_numpy(made: Plan, x: Array, values: dict[Symbol, Fraction]) -> tuple[Array, Array]:
    """The function and the gradient as the file for NumPy computes them."""
    spec = made.spec
    module: dict[str, Any] = {"__name__": "made_for_numpy"}
    exec(compile(generate("numpy", *made), spec.name, "exec"), module)
    others = [np.full_like(x, float(values[s])) for s in spec.others]
    with np.errstate(all="ignore"):
        output = module[spec.name](x, *others)
        saved = [output if s is spec.output else x for s in spec.saved]
        slopes = module[f"{spec.name}_grad"](*saved, np.ones_like(x), *others)
    return np.array(output), np.array(slopes)


# --- CUDA ---------------------------------------------------------------------------------------
def toolkit() -> Path:
    """The folder of the CUDA toolkit that pip installs.

    Raises:
        SystemExit: it is not there.
    """
    spec = importlib.util.find_spec("nvidia")
    for place in (spec.submodule_search_locations or []) if spec is not None else []:
        if (Path(place) / "cu13/bin/nvcc").exists():
            return Path(place) / "cu13"
    raise SystemExit("pip install 'chainrule[dev]' brings nvcc, on Linux")


def compiled(folder: Path, cases: list[Case], pool: ProcessPoolExecutor) -> list[Case]:
    """The cases, those of CUDA with the shared library that their file has become a part of."""
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        if case.target == "cuda":
            groups.setdefault((case.dtype, case.accuracy), []).append(case)
    homes, made = {}, []
    for (dtype, accuracy), group in groups.items():
        for start in range(0, len(group), CHUNK):
            part = group[start : start + CHUNK]
            files = [folder / case.file for case in part]
            summed = crc32(b"".join(file.read_bytes() for file in files))
            library = f"libraries/{dtype}_{accuracy}_{summed:08x}.so"
            homes |= {case.file: library for case in part}
            made.append(pool.submit(compile_together, files, folder / library))
    for future in made:
        print(future.result(), flush=True)
    return [
        case if case.target != "cuda" else as_case({**asdict(case), "file": homes[case.file]})
        for case in cases
    ]


def compile_together(files: Sequence[Path], library: Path) -> str:
    """One shared library of several files, by nvcc, unless it is there."""
    if library.exists():
        return f"{library.name} is there"
    lines = [f"#include <{header}>" for header in HEADERS]
    for number, file in enumerate(files):
        # Files have functions of the same name.
        lines += [f"namespace file_{number} {{", f'#include "{file.resolve()}"', "}"]
    whole = library.with_suffix(".cu")
    whole.write_text("\n".join([*lines, ""]), encoding="utf-8")
    target, root = f"arch=compute_{ARCHITECTURE},code=sm_{ARCHITECTURE}", toolkit()
    # The runtime library comes along: what else is loaded there does not matter.
    options = ["-fmad=false", "-gencode", target, "-cudart", "static", "-Xcompiler", "-fPIC"]
    options += ["-shared", "-Xlinker", "-s", f"-L{root / 'lib'}"]
    partly = library.with_suffix(".part.so")
    subprocess.run([root / "bin/nvcc", *options, "-o", partly, whole], check=True)
    whole.unlink()
    partly.replace(library)
    return f"{library.name}: {len(files)} files, {library.stat().st_size:,} bytes"
