"""When a file is refused, and that it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import chainrule
from chainrule.cli.main import main
from chainrule.errors import InaccurateError
from chainrule.floats.measure import Measured
from chainrule.forms.accuracy import accuracy_of
from chainrule.forms.choice import decision
from chainrule.forms.choice.assemble import Effort
from chainrule.forms.choice.laboratory import Laboratory
from chainrule.forms.choice.promises import FAR, promised, refusal
from chainrule.forms.choice.selection import Asked, Chosen
from chainrule.forms.choice.space import Space
from chainrule.forms.plan import plan

GOOD = Measured(100, 0.5, 1.0, 0.1, 0, 0, 0, {}, 0, 0)
BAD = [
    (Measured(100, 0.5, 1.0, 0.1, 1, 0, 0, {"not finite": 3.0}, 0, 0), "not finite", "x = 3"),
    (Measured(100, 0.5, 1.0, 0.1, 0, 2, 0, {"early zero": 4.0}, 0, 0), "is 0 where", "2 of 100"),
    (Measured(100, 0.5, 1.0, 0.1, 0, 0, 1, {"wrong sign": 5.0}, 0, 0), "the wrong sign", "x = 5"),
    (
        Measured(100, 1.01 * FAR * 2, 6.0, 0.1, 0, 0, 0, {}, 0, 0),
        "off by 32.3 ULP at x = 6",
        "2 are",
    ),
]


@pytest.mark.parametrize(("found", "said", "more"), BAD)
def test_refused(found: Measured, said: str, more: str) -> None:
    reason = refusal("the gradient", found, 2.0, lambda value: f"x = {value:g}")
    assert reason is not None
    assert said in reason
    assert more in reason


def test_not_refused() -> None:
    assert refusal("the gradient", GOOD, 0.51, str) is None
    # More than is promised, and not much: the header says so.
    assert refusal("the gradient", Measured(9, 3.77, 1.0, 1.0, 0, 0, 0, {}, 0, 0), 2.0, str) is None


@pytest.mark.parametrize(
    ("dtype", "best", "fast"),
    [
        ("bfloat16", 0.5, 0.51),
        ("float16", 0.5, 0.51),
        ("float32", 0.51, 2.0),
        ("float64", 2.0, 2.0),
    ],
)
def test_what_is_promised(dtype: str, best: float, fast: float) -> None:
    assert (promised(dtype, "best"), promised(dtype, "fast")) == (best, fast)


FAULT = "the gradient is off by 1e9 ULP at x = 3, where 2 are promised"


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every plan is that of ReLU, and says that it is bad."""
    made = plan(chainrule.derive("relu"), "numba")
    bad = made._replace(spec=replace(made.spec, faults=(FAULT,)))
    monkeypatch.setattr("chainrule.forms.plan.plan", lambda *_, **__: bad)


@pytest.mark.usefixtures("planted")
def test_command(tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    options = ("relu", "--target", "numpy", "-o", str(path))
    done = CliRunner().invoke(main, ["code", *options])
    assert done.exit_code == 1
    assert FAULT in done.stderr
    assert "--allow-bad" in done.stderr
    assert done.stdout == ""
    assert not path.exists()
    done = CliRunner().invoke(main, ["code", *options, "--allow-bad"])
    assert (done.exit_code, done.output) == (0, "")
    assert "def relu(" in path.read_text()


@pytest.mark.usefixtures("planted")
def test_from_python() -> None:
    with pytest.raises(InaccurateError, match="the gradient is off") as caught:
        chainrule.code("relu", "numpy")
    assert caught.value.faults == (FAULT,)
    with pytest.raises(chainrule.InaccurateError):
        chainrule.compile("relu")
    assert "def relu(" in chainrule.code("relu", "numpy", allow_bad=True)
    assert chainrule.compile("relu", allow_bad=True)(2.0) == 2.0


def test_a_bad_file_says_so() -> None:
    """(1 − p^q)/q next to p = 1, in float32 throughout."""
    made = plan(chainrule.derive("generalized_cross_entropy"), "numpy", accuracy="fast")
    [fault] = made.spec.faults
    assert fault.startswith("the function is off by 7")
    assert "at p = 1" in fault
    assert f"Not to be used where this matters: {fault}." in made.spec.notes


def test_a_good_file_has_no_faults() -> None:
    assert plan(chainrule.derive("silu"), "numpy").spec.faults == ()


@pytest.mark.parametrize("kept", [True, False])
def test_twice_the_precision_is_tried_where_a_promise_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    tried: list[str] = []
    best_forms = decision._best_forms

    def noted(
        asked: Asked, labs: Sequence[Laboratory], most: Effort
    ) -> tuple[Chosen, Space | None]:
        tried.append(asked.spec.accuracy)
        return best_forms(asked, labs, most)

    monkeypatch.setattr(decision, "_best_forms", noted)
    monkeypatch.setattr(decision, "promised", lambda *_: 2.0 if kept else 0.0)
    plan(chainrule.derive("x/3"), "numpy", dtype="float64", accuracy="fast")
    assert tried == (["fast"] if kept else ["fast", "best"])


@pytest.mark.slow
@pytest.mark.parametrize("formula", ["tanh(x)/x", "arctan(x)/x"])
def test_fast_in_float64_takes_twice_the_precision_for_want_of_a_form(formula: str) -> None:
    derivation = chainrule.derive(formula)
    made = plan(derivation, "numpy", dtype="float64", accuracy="fast")
    assert accuracy_of(derivation, made).largest <= promised("float64", "fast")
