"""A finding as a page in Markdown that can be sent to those whose function it is."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np

from chainrule.audit.findings import DIGITS, Finding
from chainrule.audit.frameworks.implementation import CPU, Computed

_TITLES = {
    "not finite": "is not finite where it should be",
    "early zero": "is 0 where it should not be",
    "wrong sign": "has the wrong sign",
}
_COUNTED = {
    "not finite": "NaN or infinite where the exact value rounds to a finite number",
    "early zero": "0 where the exact value is a normal number",
    "wrong sign": "of the wrong sign",
    "misrounded": "finite, but not the nearest number",
}
_LIBRARIES = {
    "torch": "PyTorch",
    "jax": "JAX",
    "onnxruntime": "ONNX Runtime",
    "chainrule": "chainrule",
}


def file_name(target: str, dtype: str, kind: Computed, fault: str) -> str:
    """A name for the page: "torch.nn.functional.gelu-float32-early-zero.md"."""
    function = _function(target).replace("/", "_").replace(" ", "")
    kept = "".join(c if c.isalnum() or c in "._=-" else "-" for c in function).strip("-.")
    of = "" if kind == "gradient" else "-forward"
    return f"{kept}-{dtype}{of}-{fault.replace(' ', '-')}.md"


def page(found: Finding) -> str:
    """The finding in Markdown."""
    dtype, device = found.implementation.dtype, found.implementation.device
    where = dtype if device == CPU else f"{dtype} on {device}"
    what = "gradient" if found.kind == "gradient" else "value"
    wrong = _TITLES.get(found.fault, f"is off by {_ulp(found.error)} units in the last place")
    parts = [
        f"# `{_function(found.implementation.label)}` in {where}: the {what} {wrong}",
        _versions(found),
        _reproduction(found),
        _numbers(found),
        _concerned(found),
        _why(found),
        _remedy(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _function(target: str) -> str:
    framework, _, rest = target.partition(":")
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
        f"{found.variable} = {found.at!r}{letters}; it was computed in ball arithmetic (Arb)."
    )


def _concerned(found: Finding) -> str:
    measured = found.measured
    if measured is None:
        return ""
    counts = {
        "not finite": measured.not_finite,
        "early zero": measured.early_zeros,
        "wrong sign": measured.wrong_signs,
        "misrounded": measured.misrounded,
    }
    some = [
        f"{count:,} {'is' if count == 1 else 'are'} {_COUNTED[kind]}"
        for kind, count in counts.items()
        if count
    ]
    largest = f"the largest error of a finite result is {_ulp(measured.largest)} ULP"
    some.append(f"{largest}, at {found.variable} = {measured.worst!r}")
    return f"Of {measured.count:,} results that were compared, {'; '.join(some)}."


def _why(found: Finding) -> str:
    loses = found.loses
    if loses is None:
        return ""
    text = (
        f"Where it may come from: `{loses.formula}`, each operation rounded to "
        f"{found.implementation.dtype}, is `{loses.got!r}` too."
        if loses.got == found.got or loses.got != loses.got
        else f"Where it may come from: `{loses.formula}`, each operation rounded to "
        f"{found.implementation.dtype}, has the same fault: it is `{loses.got!r}`."
    )
    if loses.lost is not None:
        part, got, exact = loses.lost
        text += f" The digits go at `{part}`, which comes out as `{got!r}` and is {exact}."
    return f"{text}{_letters(found, loses.formula)}"


def _letters(found: Finding, formula: str) -> str:
    """What the output's letter stands for, if the formula has it."""
    words = set(re.findall(r"\w+", formula))
    return f" ({found.output} is the output.)" if found.output in words else ""


def _remedy(found: Finding) -> str:
    value, measured = found.keeps, found.kept
    if value is None:
        return ""
    here = f"gives `{value.got!r}` here ({_ulp(value.error)} ULP)"
    letters = _letters(found, value.formula)
    if measured is None:
        return f"`{value.formula}`, computed in float64 and rounded once, {here}.{letters}"
    sampled = found.implementation.format.bits > 16
    over = "inputs spread over all bit patterns" if sampled else "inputs"
    return (
        f"A form without the fault, in the same arithmetic: `{value.formula}` {here}, and over "
        f"{measured.count:,} {over} it is off by at most {_ulp(measured.largest)} ULP, with no "
        f"zero, infinity or sign that is wrong.{letters}"
    )


def _ulp(error: float) -> str:
    if not np.isfinite(error):
        return "no finite number"
    return f"{error:.3g}" if error < 1e4 else f"{error:.1e}"


def _plain(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else repr(float(value))
