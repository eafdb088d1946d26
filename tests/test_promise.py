"""What chainrule promises: nothing that was verified to be wrong is given as right.

For each stage a fault is planted, and what comes out is read: the page, the exit status, the
verdict, ``diff``, ``check`` and ``code``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

import chainrule
from chainrule.audit.report import exit_status
from chainrule.audit.running.jobs import Job
from chainrule.audit.running.runner import failed
from chainrule.cli.main import main
from chainrule.deriving import implicit as curves
from chainrule.deriving import stages
from chainrule.differentiate import rule, rules
from chainrule.differentiate.derivation import Step
from chainrule.expr.nodes import Call, Expr, Power, Product, Quotient, Sum, Symbol, add, call
from chainrule.rewrite import everyday
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.simplify import simplify
from chainrule.verify.verdict import Counterexample, Verdict


def run(*args: str) -> Result:
    return CliRunner().invoke(main, list(args), catch_exceptions=False)


def plant_rule(monkeypatch: pytest.MonkeyPatch, name: str, wrong: Callable[..., Expr]) -> None:
    """Let a rule of differentiation give something else."""
    for kind, found in rules.BY_KIND.items():
        replaced = tuple(r.replaced(derive=wrong) if r.name == name else r for r in found)
        monkeypatch.setitem(rules.BY_KIND, kind, replaced)


@pytest.fixture
def wrong_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """(u + v + …)′ = u′ + 2v′ + …."""

    def weighted(node: Expr, context: rule.Context) -> Expr:
        return add(*(k * context.derivative(u) for k, u in enumerate(node.args, start=1)))

    plant_rule(monkeypatch, "sum", weighted)


@pytest.fixture
def wrong_tidying(monkeypatch: pytest.MonkeyPatch) -> None:
    """−1/(a − b) becomes b − a, as it once did."""
    usual = everyday.ONCE[Product]

    def product(known: everyday.Known, node: Expr) -> Expr:
        if len(node.args) == 2 and type(node.args[1]) is Sum and str(node.args[0]) == "-1":
            turned = tuple(everyday.negate_term(term) for term in node.args[1].args)
            return everyday.ONCE[Sum](known, Sum(turned))
        return usual(known, node)

    for kind in (Product, Quotient):
        monkeypatch.setitem(everyday.ONCE, kind, product)


# --- a rule ------------------------------------------------
@pytest.mark.usefixtures("wrong_sum")
class TestRule:
    """What the rules give is wrong: there is nothing to fall back to."""

    def test_no_derivative_is_handed_out(self) -> None:
        derivation = chainrule.derive("x^3 + x^2")
        for ask in (lambda: derivation.derivative, lambda: derivation.raw):
            with pytest.raises(chainrule.FaultError, match=r"please report: .* wrong at x = 1"):
                ask()
        for form in ("simplified", "raw", "output"):
            with pytest.raises(chainrule.FaultError):
                chainrule.diff("x^3 + x^2", form=form)  # type: ignore[arg-type]
        with pytest.raises(chainrule.FaultError):
            chainrule.gradient("x^3 + x y")
        with pytest.raises(chainrule.FaultError):
            chainrule.diff("x^3 + x^2", order=2)

    def test_unless_it_is_asked_for(self) -> None:
        assert str(chainrule.diff("x^3 + x^2", verify=False)) == "x*(3*x + 4)"

    @pytest.mark.parametrize(
        "command",
        [
            ["diff", "x^3 + x^2"],
            ["diff", "x^3 + x^2", "--form", "raw"],
            ["diff", "x^3 + x y", "--wrt", "all"],
            ["diff", "x^2 + y^2 = 1"],
            ["explain", "x^3 + x^2"],
            ["explain", "x^3 + x^2", "--format", "json"],
            ["explain", "x^2 + x y^3 = 1"],
            ["check", "x^3 + x^2", "--answer", "3x^2"],
            ["code", "x^3 + x^2", "--target", "numpy"],
            ["forms", "x^3 + x^2"],
        ],
    )
    def test_every_command_ends_with_status_3(self, command: list[str]) -> None:
        result = run(*command)
        assert result.exit_code == 3
        assert result.stderr.startswith("chainrule: a fault of chainrule, please report: ")
        assert "wrong at " in result.stderr
        assert not result.stdout
        assert result.stderr.count("\n") == 1

    def test_a_kernel_is_not_compiled(self) -> None:
        with pytest.raises(chainrule.FaultError):
            chainrule.compile("x^3 + x^2")

    def test_nobody_else_is_measured_against_it(self) -> None:
        against = ["--against", "x^3 + x^2", "--dtype", "float32", "--kind", "gradient"]
        result = run("audit", "numpy:numpy:square", *against)
        assert result.exit_code == 3
        assert result.stderr.startswith("chainrule: a fault of chainrule, please report: ")
        assert not result.stdout


def test_an_audit_of_which_one_truth_is_wrong_has_status_3() -> None:
    """Though the others were measured, and where nobody named that target."""
    job = Job("torch:square", "float32", "gradient", "x^2", ())
    fault = chainrule.FaultError("x^2", "3*x", "at x = 1: 2 against 3")
    other = failed(job, "there is no such function")
    assert exit_status([other], [], 1.0) == 0
    assert exit_status([other, failed(job, str(fault), fault)], [], 1.0) == 3


# --- a rewriting ------------------------------------------------
@pytest.mark.usefixtures("wrong_tidying")
class TestRewriting:
    """What the simplification leads to is wrong; what the rules give holds."""

    def test_the_rules_stand_in(self) -> None:
        with pytest.warns(chainrule.FaultWarning, match="was simplified to a - 1, which is wrong"):
            found = chainrule.diff("(1-x)/(1-a)", "x")
        assert str(found) == "-1/(1 - a)"

    def test_diff_says_so(self) -> None:
        result = run("diff", "(1-x)/(1-a)", "--wrt", "x")
        assert result.exit_code == 0
        assert result.stdout == "-1/(1 - a)\n"
        assert result.stderr.startswith("chainrule: a fault of chainrule, please report: ")

    def test_the_page_says_so(self) -> None:
        result = run("explain", "(1-x)/(1-a)", "--wrt", "x")
        assert result.exit_code == 0
        assert "what chainrule simplified it to is wrong" in result.stdout
        assert "The derivative itself: checked" in " ".join(result.stdout.split())
        assert "a − 1" not in result.stdout

    @pytest.mark.filterwarnings("ignore::chainrule.errors.FaultWarning")
    def test_answers_are_judged_by_what_holds(self) -> None:
        right = run("check", "(1-x)/(1-a)", "--wrt", "x", "--answer", "1/(a-1)")
        wrong = run("check", "(1-x)/(1-a)", "--wrt", "x", "--answer", "a-1")
        assert (right.exit_code, wrong.exit_code) == (0, 1)

    def test_so_is_code(self) -> None:
        result = run("code", "(1-x)/(1-a)", "--wrt", "x", "--target", "numpy")
        assert result.exit_code == 0
        assert "which is wrong" in result.stderr
        assert "d/dx = -1/(1 - a)" in result.stdout

    def test_at_every_order(self) -> None:
        with pytest.warns(chainrule.FaultWarning):
            assert str(chainrule.diff("y*(1-x)/(1-a)", "y,x")) == "-1/(1 - a)"


def test_a_wrong_step_on_the_way_ends_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two wrong rewritings of which the second undoes the first: the derivative is right."""

    def detour(expr: Expr, variable: Symbol, tidier: Tidier | None = None) -> list[Step]:
        steps = simplify(expr, variable, tidier)
        end = steps[-1].after if steps else expr
        there = Step("rewriting", "expand", end, end + 1, variable, reasons=("expand",))
        back = Step("rewriting", "cancel", end + 1, end, variable, reasons=("cancel",))
        return [*steps, there, back]

    monkeypatch.setattr(stages, "simplify", detour)
    derivation = chainrule.derive("x sin x")
    assert derivation.steps[-1].rule == "whole"
    assert derivation.verdicts[derivation.steps[-1]].holds
    assert derivation.verdict.word == "wrong"
    result = run("explain", "x sin x")
    assert result.exit_code == 3
    assert "A step of this derivation is wrong" in result.stdout
    assert "expand" in result.stdout
    data = run("explain", "x sin x", "--format", "json")
    assert data.exit_code == 3
    assert json.loads(data.stdout)["verdict"]["word"] == "wrong"
    assert run("selftest", "gelu").exit_code == 1


def test_what_a_rule_gives_before_it_is_tidied_up_is_claimed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is shown, so a wrong one is noticed, though what it was tidied up into is right."""
    usual = stages.differentiate

    def shown_wrong(*args: object, **options: object) -> Step:
        step = usual(*args, **options)  # type: ignore[arg-type]
        step.applied = step.after + 1
        return step

    monkeypatch.setattr(stages, "differentiate", shown_wrong)
    assert chainrule.derive("x sin x").verdict.word == "wrong"
    assert run("explain", "x sin x").exit_code == 3


# --- curves ------------------------------------------------
def test_a_curve_falls_back_to_what_was_not_simplified(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = curves.simplified

    def wrong(expr: Expr, variable: Symbol, tidier: Tidier | None = None) -> Expr:
        found = usual(expr, variable, tidier)
        return found + 1 if str(found) == "-x/y" else found

    monkeypatch.setattr(curves, "simplified", wrong)
    with pytest.warns(chainrule.FaultWarning, match="wrong"):
        assert str(chainrule.implicit("x^2 + y^2 = 1").derivative) == "-2*x/(2*y)"
    result = run("diff", "x^2 + y^2 = 1")
    assert (result.exit_code, result.stdout) == (0, "-2*x/(2*y)\n")


def test_a_wrong_side_of_an_equation_ends_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        curves.ImplicitDerivation, "by_x", property(lambda self: 3 * self.x), raising=True
    )
    derivation = chainrule.implicit("x^2 + y^2 = 1")
    with pytest.raises(chainrule.FaultError):
        _ = derivation.derivative


def test_a_wrong_step_ends_the_page_of_a_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    derivation = chainrule.implicit("x^2 + y^2 = 1")
    verdicts = derivation.verdicts
    wrong = Verdict("wrong", counterexample=Counterexample({"x": "1"}, "2", "3"))
    [step, *_] = verdicts
    planted = {**verdicts, step: wrong}
    monkeypatch.setattr(curves.ImplicitDerivation, "verdicts", property(lambda _: planted))
    page = " ".join(chainrule.implicit("x^2 + y^2 = 1").to_text().split())
    assert "This derivation is wrong. That is a bug of chainrule; please report it:" in page
    assert "Checked" not in page


# --- the kind: a node is what its class says ------------------------------------------------
@pytest.mark.parametrize(
    ("formula", "variable", "derivative"),
    [
        ("(1-x)/(1-a)", "x", "1/(a - 1)"),
        ("(x_1-x)/(x_1-x_0)", "x", "-1/(x_1 - x_0)"),
        ("arccot(sqrt(1-x))", "x", "1/(2*(2 - x)*sqrt(1 - x))"),
        ("cot(arcsin(sqrt(1-x)))", "x", "1/(2*sqrt(x)*(1 - x)^(3/2))"),
        ("(1-x)^x", "x", "(1 - x)^x*(ln(1 - x) - x/(1 - x))"),
    ],
)
def test_minus_one_over_a_difference(formula: str, variable: str, derivative: str) -> None:
    assert str(chainrule.diff(formula, variable)) == derivative


def test_minus_one_and_a_sum_in_every_kind_of_node() -> None:
    """−1 and a − b in a product may be opened; as base and exponent or over each other, not."""
    a, b = Symbol("a"), Symbol("b")
    difference = Sum((a, Product((chainrule.parse("-1"), b))))
    minus = chainrule.parse("-1")
    kinds: list[Expr] = [minus / difference, Power(minus, difference), Power(difference, minus)]
    kinds += [Call("logb", (difference, difference)), call("max", minus, difference)]
    for node in kinds:
        assert chainrule.derive(node, "a", verify=False).function is node
        tidied = Tidier().tidy(node)
        assert re.search(r"[/^(]", str(tidied)), str(tidied)
