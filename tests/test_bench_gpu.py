"""bench/gpu as far as it goes without a GPU."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import gpu_tasks
from chainrule.floats.formats import format_named
from chainrule.floats.ulp import Truth, errors
from written import emulated, toolkit

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_truths_are_kept_to_the_thousandth_of_a_unit(dtype: str) -> None:
    from bench.gpu.cases import Data, pack, unpack

    form = format_named(dtype)
    rng = np.random.default_rng(1)
    high = rng.standard_normal(300) * np.exp2(rng.integers(-120, 120, 300))
    high[:3] = 0, np.inf, 5e-324
    with np.errstate(invalid="ignore"):
        low = np.where(np.isfinite(high), high * 2.0**-54 * rng.uniform(-1, 1, 300), 0)
    truth = Truth(high, low, np.sign(high).astype(np.int8), rng.random(300) < 0.9)
    x = rng.standard_normal(300).astype(form.dtype)
    special = np.array([np.nan, np.inf, 0, -0.0], form.dtype)
    data = Data(x, (truth, truth), special, (special, -special), np.array([0.0, 1.5]))
    found = unpack(pack(data, form), form)
    assert found.x.tobytes() == x.tobytes()
    assert found.kinks.tolist() == [0.0, 1.5]
    for one, other in zip(
        (found.special, *found.expected), (special, special, -special), strict=True
    ):
        assert one.dtype == form.dtype
        assert one.tobytes() == other.tobytes()
    for told in found.truths:
        assert np.array_equal(told.known, truth.known)
        assert np.array_equal(told.sign, truth.sign)
        results = form.rounded(high)
        off = errors(results, told, form) - errors(results, truth, form)
        assert np.abs(off[np.isfinite(off)]).max() < 1e-3


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_what_is_expected_in_sixteen_bits_is_kept(dtype: str) -> None:
    from bench.gpu.cases import Data, every_pattern, pack, unpack

    form = format_named(dtype)
    x = every_pattern(form)
    with np.errstate(all="ignore"):
        expected = (np.tanh(x.astype(np.float64)).astype(form.dtype), -x)
    found = unpack(pack(Data(x, (), x[:0], expected, np.empty(0)), form), form)
    assert found.x.tobytes() == x.tobytes()
    for one, other in zip(found.expected, expected, strict=True):
        assert one.tobytes() == other.tobytes()


def test_what_ends_badly_does_not_stop_the_others() -> None:
    from bench.gpu.pool import spread

    tasks = ["fail", "crash", 1, "hang", "break", *range(2, 9)]
    found = dict(spread(gpu_tasks.work, gpu_tasks.begin, tasks, processes=2, limit=3, seconds=60))
    assert set(found) == set(tasks)
    assert found["fail"]["error"] == "ValueError: it is wrong"
    assert found["crash"]["error"] == "the process ended, exit code 3"
    assert found["hang"]["error"] == "took longer than 3 s"
    assert "illegal memory access" in found["break"]["error"]
    assert [found[task]["found"] for task in (1, *range(2, 9))] == [1, *range(2, 9)]


def test_what_is_not_begun_in_time_is_told() -> None:
    from bench.gpu.pool import spread

    found = dict(
        spread(gpu_tasks.work, gpu_tasks.begin, ["hang", 1], processes=1, limit=30, seconds=1)
    )
    assert found["hang"] == found[1] == {"error": "no time was left"}
    found = dict(
        spread(gpu_tasks.work, gpu_tasks.cannot_begin, [1, 2], processes=2, limit=9, seconds=60)
    )
    why = "no process is left: ImportError: no module named torch"
    assert found == {1: {"error": why}, 2: {"error": why}}


def test_the_summary_names_what_is_off() -> None:
    from bench.gpu.summary import summary

    which = {"target": "cuda", "check": "", "not negated": 0, "double": True}
    exact = {"largest": 0.5, "faults": 0, "worst": 1.0, "first": {}, "special": 0}
    off = {**exact, "largest": 3.25, "worst": -2.5}
    same = {"count": 65536, "different": 0, "zeros": 0, "not_finite": 0, "steps": 0, "at": []}
    other = {**same, "different": 2, "steps": 1, "at": [[1.0, 2.0, 3.0]]}
    long = {**which, "dtype": "float32", "accuracy": "best"}
    short = {**which, "dtype": "bfloat16", "accuracy": "best"}
    text = summary(
        [
            {**long, "row": "silu", "function": exact, "gradient": off},
            {**long, "row": "elu", "error": "RuntimeError: it fails"},
            {**short, "row": "gelu", "function": other, "gradient": same},
            {**long, "row": "mish", "check": "vmap", "error": "AssertionError"},
        ]
    )
    assert text.splitlines() == [
        "cuda float32 best: 2 cases, 1 failed, gradient off 1, function off 0",
        "    elu: RuntimeError: it fails",
        "    silu gradient: 3.25 ULP at -2.5",
        "cuda bfloat16 best: 1 cases, 0 failed, gradient off 0, function off 1",
        "    gelu function: 2 of 65536 differ, by 1 at most, first [1.0, 2.0, 3.0]",
        "torch vmap: 1 rows, 1 failed",
        "    mish: AssertionError",
    ]


def test_what_is_as_far_off_elsewhere_is_left_out() -> None:
    from bench.gpu.summary import badness, unlike

    which = {"row": "siren", "dtype": "float64", "accuracy": "best"}

    def record(target: str, largest: float) -> dict[str, object]:
        found = {"largest": largest, "faults": 0}
        return {**which, "target": target, "function": found, "gradient": found}

    here, there = record("cuda", 205.0), record("triton", 204.0)
    assert [badness(one, "gradient") for one in unlike([here], [there])] == [0]
    assert [badness(one, "gradient") for one in unlike([there], [record("triton", 3.0)])] == [102]


@pytest.mark.slow
@pytest.mark.skipif(toolkit() is None, reason="pip install 'chainrule[dev]' brings nvcc, on Linux")
def test_from_plans_to_measurements(tmp_path: Path) -> None:
    """All of it on the CPU: what stands for the GPU is g++, Triton's interpreter, PyTorch, JAX."""
    pytest.importorskip("triton")
    pytest.importorskip("jax")
    from bench.gpu.cases import read_cases, write_cases
    from bench.gpu.prepare import prepare
    from bench.gpu.run import run
    from bench.gpu.summary import badness

    folder, out = tmp_path / "made", tmp_path / "out.json"
    prepare(folder, ["relu", "huber"], processes=2)
    cases = read_cases(folder)
    assert len(cases) == 2 * (5 + 5 + 2 + 4)
    files = {case.data: case.file for case in cases if case.target == "cuda"}
    assert all((folder / file).exists() for file in files.values())
    changed = []
    for case in cases:
        if case.target == "cuda":
            path = folder / f"files/cuda_{case.row}_{case.dtype}_{case.accuracy}.cu"
            case = replace(case, file=str(emulated(path).relative_to(folder)))
        changed.append(case)
    broken = replace(changed[0], function="none_of_the_file")
    write_cases(folder, [*changed, broken])
    with mock.patch.dict(os.environ, TRITON_INTERPRET="1"):
        text = run(folder, out, device="cpu", processes=2, seconds=900)
    records = json.loads(out.read_text(encoding="utf-8"))["records"]
    failed = [record for record in records if "error" in record]
    assert len(failed) == 1, failed
    assert "none_of_the_file" in failed[0]["error"]
    assert len([record for record in records if record["check"]]) == 2 * 6
    for record in records:
        if record["check"] or "error" in record:
            continue
        assert record["not negated"] == 0, record
        # XLA on a CPU takes subnormal numbers for 0, where ReLU has its kink.
        there = (record["target"], record["row"]) != ("jax", "relu")
        for kind in ("function", "gradient") if there else ():
            assert badness(record, kind) == 0, record
            assert record[kind].get("special", 0) == 0, record
    assert "cuda float32 best: 2 cases, 0 failed, gradient off 0, function off 0" in text


# --- the page -----------------------------------------------------------------------------------
def test_the_page_is_made_of_what_was_kept() -> None:
    from bench.gpu.page import DATA, MARK, PAGE, tables

    _, _, below = PAGE.read_text(encoding="utf-8").partition(MARK)
    data = json.loads(DATA.read_text(encoding="utf-8"))
    assert below == f"\n\n{tables(data)}", "run python -m bench.gpu report"


def test_a_page_tells_what_misses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.gpu import page as gpu_page

    monkeypatch.setattr(gpu_page, "PAGE", tmp_path / "gpu.md")
    monkeypatch.setattr(gpu_page, "DATA", tmp_path / "gpu.json")
    gpu_page.PAGE.write_text(f"# By hand\n\n{gpu_page.MARK}\n\nold", encoding="utf-8")
    which = {"dtype": "float32", "accuracy": "best", "check": ""}
    good = {"largest": 0.5, "faults": 0, "worst": 1.0, "first": {}, "special": 0}
    bad = {**good, "largest": 1234.5678, "faults": 1500, "special": 2}
    nothing = {"dtype": "", "accuracy": "", "target": "torch", "check": "vmap"}
    run = {
        "versions": {name: f"{name} 1" for name in gpu_page.VERSIONS},
        "records": [
            {**which, "target": "triton", "row": "elu", "function": good, "gradient": bad},
            {**which, "target": "cuda", "row": "elu", "function": good, "gradient": bad},
            {**which, "target": "jax", "row": "elu", "error": "RuntimeError"},
            {**nothing, "row": "elu"},
            {**nothing, "row": "silu", "error": "AssertionError"},
        ],
    }
    timed = {"name": "elu", "dtype": "float32", "title": "Triton"}
    speed = {
        "card": "A card",
        "size": 1 << 20,
        "rounds": 3,
        "triad float32": 2.0,
        "torch.add float32": 2.0,
        "rows": [
            {**timed, "ms": 3.0, "ulp": 0.49876, "faults": 7},
            {**timed, "title": "PyTorch", "error": "RuntimeError"},
        ],
    }
    measured = {"count": 4278190080, "largest": 0.5000074, "worst": 6.8, "misrounded": 101}
    measured |= {"not_finite": 0, "early_zeros": 3, "wrong_signs": 0}
    audit = {"audits": [{"target": "torch:made_elu.elu", "measured": measured}]}
    files = [tmp_path / name for name in ("run.json", "speed.json", "audit.json")]
    for path, content in zip(files, (run, speed, audit), strict=True):
        path.write_text(json.dumps(content), encoding="utf-8")
    gpu_page.write(files[0], files[1], files[2:])
    text = gpu_page.PAGE.read_text(encoding="utf-8")
    assert text.startswith(f"# By hand\n\n{gpu_page.MARK}\n\n## As promised")
    for line in (
        "| CUDA float32 `best` | 1 | 1 | 0 | 0 | 2 |",
        "| JAX float32 `best` | 1, 1 failed | 0 | 0 | 0 | 0 |",
        "- **CUDA and Triton float32 `best`, gradients: 1**: `elu` 1.23e+03 (1,500)",
        "| `elu` | 1.50 · 0.499 (7) | not measured |",
        "| ours, `elu` | 0.5000074 | 6.8 | 101 | 0 | 3 | 0 |",
    ):
        assert line in text.splitlines()
    assert "`vmap` 1 of 2." in text
    assert "old" not in text
