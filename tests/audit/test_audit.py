"""An audit finds what is wrong, survives what it audits, and goes on where it was stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner, Result

from chainrule.api import derive
from chainrule.audit.running.campaign import Options, outcomes
from chainrule.audit.running.child import Counted
from chainrule.audit.running.jobs import Job, job_for, truth_of
from chainrule.audit.running.runner import Child, Executor, Outcome
from chainrule.cli.main import main
from chainrule.errors import InputError
from chainrule.floats.formats import format_named
from chainrule.floats.positions import at, finite_count
from chainrule.sweep.tally import TALLY, Tallies, empty
from pace import few

DATA = Path(__file__).parents[1] / "data"
SCHEMA = Path(__file__).parents[2] / "docs" / "audit.schema.json"
COMMAND = [sys.executable, "-c", "from chainrule.cli.main import main; main(prog_name='chainrule')"]


@pytest.fixture(autouse=True)
def _beside_the_targets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Targets are imported from the current directory; what is done is kept apart."""
    monkeypatch.chdir(DATA)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def audited(*names: str, against: str = "sigmoid", **options: object) -> list[Outcome]:
    given = {"dtypes": ["bfloat16"], "kinds": ["gradient"], "threads": 2, **options}
    return list(outcomes(names, Options(against=against, **given)))  # type: ignore[arg-type]


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["audit", *args], catch_exceptions=False)


# --- what is wrong ------------------------------------------------------------------------------
PLANTED = {
    "early_zero": "sigmoid",
    "nan_tail": "sigmoid",
    "wrong_sign": "silu",
    "off_on_an_interval": "sigmoid",
    "wrong_kink": "relu6",
    "untaken": "{x < 1: x, else: sqrt(x)}",
    "minus_zero": "sigmoid",
}


def is_found(name: str, outcome: Outcome) -> bool:
    """Whether the audit says of a planted fault what it is, and where."""
    found = outcome.measured
    assert found is not None
    where = {witness.kind: witness.x for witness in outcome.witnesses}
    match name:
        case "early_zero":
            at_zero = found.early_zeros > 0 and 8.5 < where["early zero"] < 20
            return at_zero and not found.not_finite and not found.wrong_signs
        case "nan_tail":
            return found.not_finite > 0 and where["not finite"] < -88.7 and not found.early_zeros
        case "wrong_sign":
            return found.wrong_signs > 0 and abs(where["wrong sign"] + 1.2784645) < 2.0**-8
        case "off_on_an_interval":
            return found.largest > 30 and 1 <= found.worst < 1 + 2.0**-10 and not found.faults
        case "wrong_kink":
            return found.largest > 1e6 and 6 < found.worst < 6.0625
        case "untaken":
            # Of every format all that is not positive.
            whole = outcome.job.plan.exhaustive
            nothings = 1 + finite_count(outcome.job.fmt) if whole else 2_000_000
            return found.not_finite >= nothings and not found.faults - found.not_finite
        case "minus_zero":
            place = where.get("not finite", np.nan)
            return found.not_finite == 1 and place == 0 and bool(np.signbit(place))
    raise AssertionError(name)


@pytest.mark.parametrize(("name", "against"), PLANTED.items())
def test_every_planted_fault_is_found(name: str, against: str) -> None:
    for outcome in audited(
        f"numpy:planted:{name}", against=against, dtypes=["bfloat16", "float16"]
    ):
        assert is_found(name, outcome), outcome.measured
        assert not outcome.passes(1.0)


def test_what_is_right_passes() -> None:
    for outcome in audited("numpy:planted:right", dtypes=["bfloat16", "float16"]):
        assert outcome.passes(0.5001)
        assert outcome.measured is not None
        assert outcome.measured.count == {"bfloat16": 65_280, "float16": 63_488}[outcome.job.dtype]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "against"), PLANTED.items())
def test_the_sample_of_float32_finds_them_too(name: str, against: str) -> None:
    [outcome] = audited(f"numpy:planted:{name}", against=against, dtypes=["float32"])
    assert is_found(name, outcome), outcome.measured


@pytest.mark.slow
def test_no_4000_neighbours_are_left_out() -> None:
    [outcome] = audited("numpy:planted:neighbours", dtypes=["float32"])
    assert outcome.measured is not None
    assert 2 <= outcome.measured.wrong_signs <= 6
    assert {w.x for w in outcome.witnesses if w.kind == "wrong sign" and 3 <= w.x < 3.001}


def test_minus_zero_is_in_the_sample() -> None:
    [outcome] = audited("numpy:planted:minus_zero", dtypes=["float64"])
    assert is_found("minus_zero", outcome), outcome.measured


@pytest.mark.slow
def test_all_inputs_of_float32_find_the_interval() -> None:
    """The one that a sample may miss; a sample is part of all inputs, so they find the others."""
    name = "off_on_an_interval"
    [outcome] = audited(
        f"numpy:planted:{name}", against=PLANTED[name], dtypes=["float32"], exhaustive=True
    )
    assert outcome.measured is not None
    assert outcome.measured.count > 4_278_190_000
    assert is_found(name, outcome), outcome.measured


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_all_inputs_of_float32_fit_into_500_megabytes() -> None:
    """The command and its child, at their largest."""
    pytest.importorskip("torch")
    command = [*COMMAND, "audit", "torch:nn.functional.silu", "--kind", "gradient", "--exhaustive"]
    largest = 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            largest = max(largest, sum(map(_megabytes, _with_children(process.pid))))
            time.sleep(0.2)
    assert process.returncode == 1
    assert 200 < largest < 500


def _with_children(pid: int) -> Iterator[int]:
    yield pid
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    for child in listing.read_text().split() if listing.exists() else []:
        yield from _with_children(int(child))


def _megabytes(pid: int) -> float:
    """Memory of a process, in which what it shares with others is counted by part."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def test_a_line_prints_what_it_says() -> None:
    [outcome] = audited("numpy:planted:early_zero", dtypes=["float16"])
    assert {witness.kind for witness in outcome.witnesses} == {"largest error", "early zero"}
    for witness in outcome.witnesses:
        printed = subprocess.run(
            [sys.executable, "-c", witness.line], capture_output=True, text=True, check=True
        ).stdout
        assert float(printed) == witness.got == 0.0
        exact = np.exp(-witness.x) / (1 + np.exp(-witness.x)) ** 2
        assert float(witness.exact.rstrip("…")) == pytest.approx(exact, rel=1e-12)


def test_a_job_is_derived_once() -> None:
    job = job_for("numpy:planted:right", "float16", "gradient", against="sigmoid")
    again = job_for("numpy:planted:right", "float16", "gradient", against="sigmoid")
    assert truth_of(job) is truth_of(again)
    assert truth_of(replace(job, kind="forward"))[0] is derive("sigmoid").function


def test_the_largest_error_is_exact() -> None:
    """√x to half an ULP; the error at the worst input, in rational arithmetic."""
    from fractions import Fraction

    [outcome] = audited("chainrule:x^2", against="x^2", dtypes=["float16"], kinds=["forward"])
    assert outcome.measured is not None
    x = Fraction(outcome.measured.worst)
    got = Fraction(float(np.float16(float(x * x))))
    [worst] = [w for w in outcome.witnesses if w.kind == "largest error"]
    assert got == Fraction(worst.got)
    unit = Fraction(2) ** max(int(np.floor(np.log2(float(x * x)))) - 10, -24)
    assert float(abs(got - x * x) / unit) == outcome.measured.largest


# --- what does not do what it should --------------------------------------------------------------
BAD = {
    "raises": ("ZeroDivisionError: not today", "at 2.5", "numpy.full(64, 2.5, numpy.float16)"),
    "raises_always": ("ZeroDivisionError: never",),
    "other_shape": ("has shape (255,) for inputs of shape (256,)",),
    "other_dtype": ("has dtype float64 for inputs of dtype float16",),
    "no_array": ("no array but of type str",),
    "nan_everywhere": ("NaN everywhere",),
    "hangs": ("took more than 2 s at inputs from 2.5 to 2.6", "--time-limit"),
    "hangs_always": ("loading", "took more than 2 s"),
    "exits": ("ended its process with exit status 7", "2.5"),
    "crashes": ("ended its process by SIGSEGV", "reading what is not there"),
    "not_there": ("there is no misbehaving.not_there",),
}


def test_bad_targets_are_told_and_the_rest_goes_on() -> None:
    names = [f"numpy:misbehaving:{name}" for name in BAD]
    found = audited(
        *names, "numpy:no_such_module:f", "numpy:planted:right", dtypes=["float16"], time_limit=2.0
    )
    for outcome, (name, said) in zip(found, BAD.items(), strict=False):
        for text in said:
            assert text in (outcome.failure or ""), name
        assert not outcome.passes(1e9) or outcome.done < 1
    assert "there is no no_such_module" in (found[-2].failure or "")
    assert found[-1].failure is None
    assert found[-1].passes(1.0)


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (["numpy:planted:right", "--against", "sigmoid"], 0, "all 65,280"),
        (["numpy:planted:right", "--against", "sigmoid", "--max-ulp", "0.4"], 1, "0.50"),
        (["numpy:planted:nan_tail", "--against", "sigmoid"], 1, "no finite number: nan at"),
        (["numpy:planted:tail", "--against", "sigmoid"], 1, "bfloat16, wrong with 1 element; 3"),
        (["numpy:planted:upstream_squared", "--against", "sigmoid"], 1, "an upstream gradient of"),
        (["numpy:planted:upstream_taken", "--against", "sigmoid"], 0, "Not tried: arrays of more"),
        (["numpy:planted:right"], 2, "nobody knows what numpy:planted:right is to compute"),
        pytest.param(
            ["torch:nn.functional.sillu"],
            2,
            "did you mean torch:nn.functional.silu?",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["jax:nn.gelux"],
            2,
            "there is no jax.nn.gelux did you mean jax:nn.gelu?",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["onnxruntime:Gelux"], 2, "did you mean onnxruntime:Gelu?", marks=pytest.mark.slow
        ),
        (["chainrule:geluu"], 2, "did you mean gelu?"),
        (["numpy:planted:rihgt"], 2, "did you mean numpy:planted:right?"),
        (["c:./no_such_library.so:f"], 2, "there is no file ./no_such_library.so"),
        (["numpy:planted:right", "--against", "sigmiod"], 2, "did you mean sigmoid?"),
        (["numpy:planted:right", "--against", "eluu(alpha=2)"], 2, "did you mean `elu`?"),
        (["numpy:planted:right", "--against", "sigmoid("], 2, "never closed"),
        (["tensorflow:nn.silu"], 2, "unknown framework"),
        (["numpy:planted", "--against", "sigmoid"], 2, "names no function"),
        ([], 2, "there is nothing to audit"),
        (["--all", "numpy"], 2, "nothing that the catalogue knows"),
        (["--dask", "chainrule:gelu"], 2, "no address"),
        (["chainrule:gelu", "--dask=127.0.0.1:1"], 2, "no Dask scheduler"),
    ],
)
def test_exit_status(
    args: list[str], status: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chainrule.audit.running.cluster._CONNECTING", 1.0)
    result = run(*args, "--dtype", "bfloat16")
    assert result.exit_code == status
    assert said in " ".join(f"{result.stdout} {result.stderr}".split())
    assert "Traceback" not in result.stderr


def test_a_script_without_a_main_guard(tmp_path: Path) -> None:
    """Its child imports it, and starts none of its own; what Python says of that is not buried."""
    script = tmp_path / "script.py"
    script.write_text(
        "from chainrule.audit.running.campaign import Options, outcomes\n"
        "options = Options(dtypes=('bfloat16',), kinds=('gradient',))\n"
        "print([one.failure for one in outcomes(['chainrule:relu'], options)])\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert "ended its process with exit status 1" in done.stdout
    assert "if __name__ == '__main__':" in done.stdout + done.stderr
    assert "AttributeError" not in done.stdout + done.stderr


# --- what it leaves -------------------------------------------------------------------------------
def test_files(tmp_path: Path) -> None:
    import matplotlib.image
    import pyarrow.parquet

    out = tmp_path / "out"
    result = run(
        *("numpy:planted:early_zero", "--against", "sigmoid", "--dtype", "bfloat16"),
        *("--out", str(out), "--format", "json"),
    )
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert data == json.loads((out / "audit.json").read_text("utf-8"))
    jsonschema.validate(data, json.loads(SCHEMA.read_text("utf-8")))
    [audit] = data["audits"]
    measured = audit["measured"]
    assert (audit["formula"], audit["dtype"], audit["passes"]) == ("sigmoid", "bfloat16", False)
    assert measured["count"] == 65_280
    assert {w["kind"] for w in audit["witnesses"]} == {"largest error", "early zero"}
    assert audit["calls"]["inputs"] > 100
    assert "65,537 elements" in audit["calls"]["tried"]
    assert audit["calls"]["wrong"] == []
    assert "upstream gradients: it takes none" in audit["untried"]
    assert audit["versions"]["numpy"] == np.__version__

    base = "numpy-planted-early_zero.bfloat16.gradient"
    assert sorted(p.name for p in out.iterdir()) == sorted(
        ["audit.json", *(f"{base}.{ending}" for ending in ("parquet", "png", "svg"))]
    )
    table = pyarrow.parquet.read_table(out / f"{base}.parquet")
    columns = table.to_pydict()
    assert sum(columns["compared"]) == measured["count"]
    assert sum(columns["early_zero"]) == measured["early_zeros"] > 0
    assert max(v for v in columns["largest"] if v is not None) == pytest.approx(measured["largest"])
    assert json.loads(table.schema.metadata[b"chainrule"])["target"] == "numpy:planted:early_zero"
    pixels = matplotlib.image.imread(out / f"{base}.png")
    assert pixels.shape[:2] == (750, 1500)
    drawing = ElementTree.parse(out / f"{base}.svg").getroot()
    assert any("early_zero" in (text.text or "") for text in drawing.iter() if text.text)


@pytest.mark.parametrize(("name", "exact"), [("relu", True), ("sigmoid", False)])
def test_a_picture_without_errors_says_so(name: str, exact: bool) -> None:
    from chainrule.audit.picture import picture

    [outcome] = audited(f"chainrule:{name}", against=None)
    _, axes = picture(outcome, 1.0).axes
    assert any(text.get_text() == "no error" for text in axes.texts) is exact


def test_a_whole_framework_is_one_table() -> None:
    """Rows for each function and dtype, none of them too wide."""
    from chainrule.audit.report import audit_document
    from chainrule.render.markdown import render

    names = ("chainrule:sigmoid", "chainrule:elu(alpha=2)", "chainrule:selu")
    found = audited(*names, against=None)
    # None of the three is off by more than half an ULP, so that two are made so.
    assert all(one.passes(0.5) for one in found)
    found[:2] = [
        replace(one, measured=replace(one.measured, largest=0.6))  # type: ignore[type-var]
        for one in found[:2]
    ]
    text = render(audit_document(found, listing=True), front_matter=False)
    rows = [line for line in text.splitlines() if "| bfloat16 |" in line]
    assert [row.split("|")[1].strip() for row in rows] == ["`sigmoid`", "`elu(alpha=2)`"]
    assert "Correctly rounded at every input tried:** `selu`." in text
    assert "chainrule " in text.split("## chainrule")[1].split("###")[0]
    assert all(len(row) < 140 for row in rows)


# --- interrupted ----------------------------------------------------------------------------------
@pytest.fixture
def heard() -> Iterator[None]:
    """Processes that are started hear Ctrl-C; a shell has those in its background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("beside", few([[], ["numpy:planted:right"]], ["numpy:planted:right"]))
def test_an_interrupted_audit_goes_on(beside: list[str], tmp_path: Path) -> None:
    """Also one of several targets, which are audited side by side."""
    out = tmp_path / "out"
    command = [
        *(*COMMAND, "audit", "numpy:misbehaving:slow", *beside, "--against", "sigmoid"),
        *("--dtype", "float16", "--threads", "2", "--format", "json", "--out", str(out)),
    ]
    kept = out / "numpy-misbehaving-slow.float16.gradient.rows.npz"
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 120
        while not kept.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        # As a terminal does: to the command and to its child.
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130
    assert "--resume" in said
    assert "Traceback" not in said
    rows = np.load(kept)["rows"]
    done = int((rows["compared"] >= 0).sum())
    assert 0 < done < len(rows)

    other = run(
        *("numpy:misbehaving:slow", "--against", "tanh", "--dtype", "float16"),
        *("--out", str(out), "--resume"),
    )
    assert other.exit_code == 2
    assert "another audit: its formula was sigmoid, and is tanh now" in other.stderr

    resumed = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=True)
    audit, *others = json.loads(resumed.stdout)["audits"]
    assert [other["target"] for other in others] == beside
    assert not list(out.glob("*.npz"))
    [undisturbed] = audited("numpy:planted:right", dtypes=["float16"])
    assert undisturbed.measured is not None
    assert audit["measured"]["count"] == undisturbed.measured.count
    assert audit["measured"]["largest"] == undisturbed.measured.largest
    assert audit["measured"]["mean"] == undisturbed.measured.mean


def test_a_file_that_is_none(tmp_path: Path) -> None:
    kept = tmp_path / "numpy-planted-right.bfloat16.gradient.rows.npz"
    kept.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="holds no audit to go on with"):
        audited("numpy:planted:right", folder=tmp_path, resume=True)


# --- on a cluster ---------------------------------------------------------------------------------
def _rows(executor: Executor, job: Job, disturb: Iterator[None]) -> Tallies:
    rows = empty(job.plan.ranges())
    assert executor.begin(job) is not None
    for reply in executor.rows(job, range(len(rows))):
        next(disturb, None)
        if not isinstance(reply, Counted):
            rows[list(reply.indices)] = reply.rows
    return rows


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing() -> None:
    pytest.importorskip("distributed")
    from chainrule.audit.running.cluster import Cluster

    job = job_for("numpy:misbehaving:slow", "float16", "gradient", against="sigmoid")
    child = Child(2, 60.0)
    try:
        undisturbed = _rows(child, job, iter(()))
    finally:
        child.close()
    cluster = Cluster(None, 2, 60.0)

    def kill_one() -> Iterator[None]:
        before = set(cluster.client.run(os.getpid).values())
        os.kill(min(before), signal.SIGKILL)
        yield
        killed.append(min(before))

    killed: list[int] = []
    try:
        disturbed = _rows(cluster, job, kill_one())
        after = set(cluster.client.run(os.getpid).values())
    finally:
        cluster.close()
    assert killed
    assert not after & set(killed)
    assert disturbed.dtype == TALLY
    assert (disturbed == undisturbed).all()


# --- forms ----------------------------------------------------------------------------------------
def test_forms_by_a_sweep_are_measured_as_at_points() -> None:
    from chainrule.api import derive
    from chainrule.floats.evaluate import FUNCTIONS
    from chainrule.forms.listing import forms
    from chainrule.forms.sweeping import measured_by_sweep
    from chainrule.program.lower import lower

    fmt, derivation = format_named("bfloat16"), derive("sigmoid")
    letters = (derivation.variable, derivation.output)
    _, itself = forms(derivation, ["bfloat16"], search=False)
    programs = {row.name: lower([row.expr], letters, FUNCTIONS) for row in itself.rows}
    swept = measured_by_sweep(derivation, programs, {}, fmt, itself.work, threads=2)
    assert swept.keys() == {"as derived", "simplified", "by the output"}
    for row in itself.rows:
        there, here = row.measured, swept[row.name]
        for name in ("count", "largest", "worst", "not_finite", "early_zeros", "misrounded"):
            assert getattr(here, name) == getattr(there, name)


@pytest.mark.parametrize("name", ["sigmoid", "gelu", "sin(x)"])
def test_outputs_are_correctly_rounded(name: str) -> None:
    from chainrule.api import derive
    from chainrule.floats.truth import truth
    from chainrule.forms.sweeping import Outputs

    fmt, derivation = format_named("float32"), derive(name)
    outputs = Outputs(derivation.function, derivation.variable, {}, fmt)
    for start in (0x3F800000, 0x41000000, -0x41200000, -0x42B00000, 0x7F000000):
        values = at(np.arange(start, start + 2000), fmt)
        exact = truth(derivation.function, derivation.variable, values, {}).high
        assert (outputs(values) == exact.astype(np.float32)).all()
        assert (outputs(values[::3]) == exact[::3].astype(np.float32)).all()
