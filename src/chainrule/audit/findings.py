"""A fault of somebody's gradient as a page that can be sent to them as it is.

The page holds a few lines to paste and what they print, the exact value to 50 digits, how many
inputs are concerned, and where the derivative's forms tell, which of them loses the digits, at
which operation, and which keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.audit.evaluate import FUNCTIONS, evaluate
from chainrule.audit.formats import Format
from chainrule.audit.forms import Form
from chainrule.audit.frameworks.implementation import Implementation, Kind
from chainrule.audit.measure import Measured
from chainrule.audit.truth import truth
from chainrule.audit.ulp import Truth, errors, faults
from chainrule.codegen.lower import lower
from chainrule.derivations import Derivation
from chainrule.errors import InputError
from chainrule.expr.nodes import Comparison, Expr, Symbol, postorder, substitute
from chainrule.verify.certified import decimal

Array = npt.NDArray[Any]

DIGITS = 50
LARGE_ERROR = "large error"
"""The kind of fault that is none of those of ``ulp.faults``: a number, but not the right one."""
LOST = 1000.0
"""An operation off by so many ULP from operands that are not has lost the digits."""
FINE = 1.0
"""What a form is off by at most that keeps them."""

_TITLES = {
    "not finite": "is not finite where it should be",
    "early zero": "is 0 where it should not be",
    "wrong sign": "has the wrong sign",
    LARGE_ERROR: "loses digits",
}
_COUNTED = {
    "not finite": "NaN or infinite where the exact value rounds to a finite number",
    "early zero": "0 where the exact value is a normal number",
    "wrong sign": "of the wrong sign",
}
_LIBRARIES = {
    "torch": "PyTorch",
    "jax": "JAX",
    "onnxruntime": "ONNX Runtime",
    "chainrule": "chainrule",
}


@dataclass(frozen=True, slots=True)
class Value:
    """What a formula is worth at the input, computed in the dtype.

    Attributes:
        name: of the form.
        formula: as text.
        got: the result.
        error: in ULP.
        fault: the kind of its fault, "" if there is none.
        lost: the first operation that loses digits its operands still have, with what it gives
            and should give, as text; ``None`` if no single one does.
    """

    name: str
    formula: str
    got: float
    error: float
    fault: str
    lost: tuple[str, float, str] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, with all that its page says.

    Attributes:
        implementation: whose.
        kind: whether of the gradient or of the function itself.
        fault: "not finite", "early zero", "wrong sign" or ``LARGE_ERROR``.
        at: the input.
        got: what comes out there.
        exact: what should, to 50 digits.
        nearest: the number of the dtype that is nearest to it.
        error: in ULP.
        function: the formula of the function.
        derivative: that of its derivative.
        values: of the letters beside the variable.
        measured: over how many inputs, and what was found there; ``None`` if it was not.
        loses: a form of the derivative with the same fault at this input.
        keeps: a form that has none, and what it is off by at most over many inputs.
    """

    implementation: Implementation
    kind: Kind
    fault: str
    at: float
    got: float
    exact: str
    nearest: float
    error: float
    function: str
    derivative: str
    values: Mapping[str, Fraction]
    measured: Measured | None
    loses: Value | None
    keeps: tuple[Value, Measured] | None


def finding(
    implementation: Implementation,
    derivation: Derivation,
    at: float,
    *,
    kind: Kind = "gradient",
    values: Mapping[str, Fraction] | None = None,
    measured: Measured | None = None,
    forms: list[Form] | None = None,
) -> Finding:
    """What is wrong at an input, or at a rounder number near it with the same fault.

    Args:
        implementation: whose function it is.
        derivation: of what it should compute.
        at: where a fault was found.
        kind: which of its functions.
        values: numbers for the letters beside the variable, as ``Reference.values``.
        measured: what was found over all inputs.
        forms: those of the derivative, measured in this dtype, the best first.

    Raises:
        InputError: there is no such function, no exact value, or no fault at this input.
    """
    case = _Case(derivation, implementation.format, values or {})
    function = implementation.functions().get(kind)
    if function is None:
        raise InputError(f"{implementation.label} has no {kind}")
    expr = derivation.derivative if kind == "gradient" else derivation.function
    point, result, exact = case.judge(expr, function, at)
    fault = _fault(result, exact, case.form)
    if not fault:
        raise InputError(f"there is no fault of {implementation.label} at {at!r}")
    for digits in range(1, 9):
        try:
            nearby = case.judge(expr, function, float(f"{at:.{digits}g}"))
        except InputError:
            continue
        if _fault(nearby[1], nearby[2], case.form) == fault and _alike(nearby, exact, result, case):
            point, result, exact = nearby
            break
    there = {derivation.variable: Fraction(float(point[0])), **case.parameters}
    digits_of = decimal(expr, there, digits=DIGITS)
    assert digits_of is not None
    loses, keeps = None, None
    if kind == "gradient":
        loses = case.loses(point, fault)
        keeps = case.keeps(point, forms or [])
    with np.errstate(over="ignore"):
        nearest = exact.high.astype(case.form.dtype)
    return Finding(
        implementation=implementation,
        kind=kind,
        fault=fault,
        at=float(point[0]),
        got=float(result[0]),
        exact=digits_of.text,
        nearest=float(nearest[0]),
        error=float(errors(result, exact, case.form)[0]),
        function=str(derivation.function),
        derivative=str(derivation.derivative),
        values={symbol.name: value for symbol, value in case.parameters.items()},
        measured=measured,
        loses=loses,
        keeps=keeps,
    )


Judged = tuple[Array, Array, Truth]


def _fault(result: Array, exact: Truth, form: Format) -> str:
    off = errors(result, exact, form)
    kinds = faults(result, off, exact, form)
    named = next((kind for kind, where in kinds.items() if where[0]), "")
    return named or (LARGE_ERROR if off[0] > FINE else "")


def _alike(nearby: Judged, exact: Truth, result: Array, case: _Case) -> bool:
    """Whether a rounder input shows the fault about as well."""
    first, second = errors(result, exact, case.form)[0], errors(nearby[1], nearby[2], case.form)[0]
    return bool(second >= first / 2)


class _Case:
    """A derivation in one format, with numbers for all letters but the variable."""

    def __init__(
        self, derivation: Derivation, form: Format, values: Mapping[str, Fraction]
    ) -> None:
        self.derivation, self.form = derivation, form
        self.parameters = {Symbol(name): value for name, value in values.items()}

    def exact(self, expr: Expr, point: Array) -> Truth:
        whole = substitute(expr, {self.derivation.output: self.derivation.function})
        return truth(whole, self.derivation.variable, point, self.parameters)

    def judge(self, expr: Expr, function: Any, at: float) -> Judged:
        """The input in the format, the result there, and the exact value.

        Raises:
            InputError: there is none.
        """
        with np.errstate(over="ignore"):
            point = np.full(1, at).astype(self.form.dtype)
        exact = self.exact(expr, point)
        if not exact.known[0] or not np.isfinite(point.astype(np.float64)[0]):
            raise InputError(f"there is no exact value at {at!r}")
        return point, function(point), exact

    def value(self, name: str, expr: Expr, point: Array) -> Value:
        """A form, computed in the format; what it needs saved is as good as can be."""
        got, exact = self._compute(expr, point), self.exact(expr, point)
        fault = _fault(got, exact, self.form)
        error = float(errors(got, exact, self.form)[0])
        return Value(name, str(expr), float(got[0]), error, fault)

    def _compute(self, expr: Expr, point: Array) -> Array:
        variable, output = self.derivation.variable, self.derivation.output
        with np.errstate(over="ignore"):
            saved = self.exact(self.derivation.function, point).high.astype(self.form.dtype)
        numbers = [np.asarray(float(v)).astype(self.form.dtype) for v in self.parameters.values()]
        program = lower([expr], (variable, output, *self.parameters), FUNCTIONS)
        [found] = evaluate(program, [point, saved, *numbers], self.form)
        return np.array(found)

    def loses(self, point: Array, fault: str) -> Value | None:
        """The first of the textbook's forms that has the same fault, with where it comes from."""
        stage, output_form = self.derivation.stages[-1], self.derivation.output_form
        candidates = {"as derived": stage.raw, "simplified": self.derivation.derivative}
        if output_form is not None:
            candidates["by the output"] = output_form.expr
        for name, expr in candidates.items():
            found = self.value(name, expr, point)
            if found.fault == fault:
                lost = self._lost(expr, point)
                return Value(name, str(expr), found.got, found.error, fault, lost)
        return None

    def _lost(self, expr: Expr, point: Array) -> tuple[str, float, str] | None:
        fine: dict[Expr, bool] = {}
        for node in postorder(expr):
            if isinstance(node, Comparison):
                fine[node] = True
                continue
            exact = self.exact(node, point)
            got = self._compute(node, point)
            off = errors(got, exact, self.form)[0]
            fine[node] = bool(off < LOST)
            # What has no value is in a branch that is not taken.
            if not fine[node] and exact.known[0] and all(fine[arg] for arg in node.args):
                there = {self.derivation.variable: Fraction(float(point[0])), **self.parameters}
                whole = substitute(node, {self.derivation.output: self.derivation.function})
                digits = decimal(whole, there, digits=12)
                if digits is not None:
                    return str(node), float(got[0]), digits.text
        return None

    def keeps(self, point: Array, forms: list[Form]) -> tuple[Value, Measured] | None:
        """The best form that is right here and has no fault anywhere."""
        for form in forms:
            measured = form.measured[self.form.name]
            found = self.value(form.name, form.expr, point)
            if not measured.faults and found.error <= FINE:
                return found, measured
        return None


# --- the page -----------------------------------------------------------------------------------
def file_name(found: Finding) -> str:
    """A name for the page: "torch.nn.functional.gelu-float32-early-zero.md"."""
    function = _function(found).replace("/", "_").replace(" ", "")
    kept = "".join(c if c.isalnum() or c in "._=-" else "-" for c in function).strip("-.")
    of = "" if found.kind == "gradient" else "-forward"
    return f"{kept}-{found.implementation.dtype}{of}-{found.fault.replace(' ', '-')}.md"


def page(found: Finding) -> str:
    """The finding in Markdown."""
    dtype = found.implementation.dtype
    what = "gradient" if found.kind == "gradient" else "value"
    parts = [
        f"# `{_function(found)}` in {dtype}: the {what} {_TITLES[found.fault]}",
        _versions(found),
        _reproduction(found),
        _numbers(found),
        _concerned(found),
        *_why(found),
        *_remedy(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _function(found: Finding) -> str:
    framework, _, rest = found.implementation.label.partition(":")
    return f"{framework}.{rest}" if framework in ("torch", "jax") else rest


def _versions(found: Finding) -> str:
    framework = found.implementation.label.partition(":")[0]
    versions = dict(found.implementation.versions)
    first = versions.pop(framework, "")
    named = [f"{_LIBRARIES.get(framework, framework)} {first}"] if first else []
    return ", ".join([*named, *(f"{name} {version}" for name, version in versions.items())]) + "."


def _reproduction(found: Finding) -> str:
    lines = found.implementation.reproduction(found.at, found.kind).replace("; ", "\n")
    return f"```python\n{lines}\n```\n\nprints `{found.got!r}`."


def _numbers(found: Finding) -> str:
    letters = "".join(f", {name} = {_plain(value)}" for name, value in found.values.items())
    slope = found.kind == "gradient"
    of = f"the derivative of `{found.function}`" if slope else f"`{found.function}`"
    rows = [
        ("result", f"`{found.got!r}`"),
        (f"exact value to {DIGITS} digits", f"`{found.exact}`"),
        (f"nearest {found.implementation.dtype}", f"`{found.nearest!r}`"),
        ("error in units in the last place", _ulp(found.error)),
    ]
    table = "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])
    formula = f", which is `{found.derivative}`" if slope else ""
    return (
        f"{table}\n\nThe exact value is that of {of}{formula}, at the input as it is stored, "
        f"x = {found.at!r}{letters}; it was computed in ball arithmetic (Arb)."
    )


def _concerned(found: Finding) -> str:
    measured = found.measured
    if measured is None:
        return ""
    counts = {
        "not finite": measured.not_finite,
        "early zero": measured.early_zeros,
        "wrong sign": measured.wrong_signs,
    }
    some = [f"{count:,} are {_COUNTED[kind]}" for kind, count in counts.items() if count]
    if measured.misrounded:
        some.append(f"{measured.misrounded:,} are not the nearest number")
    largest = f"the largest error of a finite result is {_ulp(measured.largest)} ULP"
    some.append(f"{largest}, at x = {measured.worst!r}")
    return f"Of {measured.count:,} inputs that were compared, {'; '.join(some)}."


def _why(found: Finding) -> list[str]:
    loses = found.loses
    if loses is None:
        return []
    text = (
        f"Where it may come from: computed as `{loses.formula}`, each operation rounded to "
        f"{found.implementation.dtype}, the result is `{loses.got!r}`."
    )
    if loses.lost is not None:
        part, got, exact = loses.lost
        text += f" The digits go at `{part}`: it comes out as `{got!r}`, and is {exact}"
        text += "" if exact.endswith("…") else "."
    return [text]


def _remedy(found: Finding) -> list[str]:
    if found.keeps is None:
        return []
    value, measured = found.keeps
    return [
        f"A form that keeps them, in the same arithmetic: `{value.formula}` gives "
        f"`{value.got!r}` here ({_ulp(value.error)} ULP), and over {measured.count:,} inputs "
        f"spread over all bit patterns it is off by at most {_ulp(measured.largest)} ULP, "
        "without a zero, an infinity or a sign that is wrong."
    ]


def _ulp(error: float) -> str:
    if not np.isfinite(error):
        return "no finite number"
    return f"{error:.3g}" if error < 1e4 else f"{error:.1e}"


def _plain(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else repr(float(value))
