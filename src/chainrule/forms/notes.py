"""What a file says of itself: its formula, the form that it computes, what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chainrule.floats.measure import Measured
from chainrule.forms.choice.correct_rounding import Settled
from chainrule.forms.choice.decision import Decision
from chainrule.forms.choice.everywhere import Everywhere
from chainrule.forms.choice.kink_values import convention, measured_for
from chainrule.forms.choice.selection import Asked, Chosen
from chainrule.program.kernel_spec import KernelSpec
from chainrule.program.targets import Target
from chainrule.rewrite.kinks import Kink


def notes(
    asked: Asked, spec: KernelSpec, decided: Decision, faults: Sequence[str]
) -> tuple[str, ...]:
    """The notes of a spec.

    Args:
        asked: what was asked for.
        spec: what is written, but for the notes.
        decided: the forms, and what was measured of them.
        faults: as in a ``KernelSpec``.
    """
    derivation, chosen = asked.derivation, decided.chosen
    variable = spec.variable.name
    given = ", ".join(symbol.name for symbol in (spec.variable, *spec.extra))
    lines = [
        f"{spec.name}({given}) = {derivation.function}",
        f"d/d{variable} = {derivation.derivative}",
        f"The gradient is computed {how(spec, chosen)}, as "
        f"{chosen.gradient.told or chosen.gradient.plain} ({chosen.gradient.name}).",
        _measured(chosen) + (_rounding(decided.rounding) if decided.rounding else ""),
    ]
    if decided.everywhere is not None:
        lines.append(_over_all_letters(decided.everywhere, chosen.lab.fmt.name))
    if faults:
        lines.append(f"Not to be used where this matters: {'; '.join(faults)}.")
    lines += _at_kinks(derivation.kinks, variable, asked.target)
    return tuple(lines)


def how(spec: KernelSpec, chosen: Chosen) -> str:
    """From what a gradient is computed, and in which arithmetic."""
    lab = chosen.lab
    source = " and ".join(symbol.name for symbol in chosen.gradient.saved)
    once = " and rounded once" if lab.fmt is not lab.work else ""
    if spec.promoted:
        once += f" (no form was found that is accurate enough in {_native(spec)})"
    return f"from {source}, in {lab.work.name}{once}"


def _native(spec: KernelSpec) -> str:
    """The format in which "fast" computes if it can."""
    return "float32" if spec.short else spec.dtype


def _measured(chosen: Chosen) -> str:
    fmt, where = chosen.lab.fmt, _values(chosen)
    forward, gradient = chosen.forward.measured, chosen.gradient.measured
    assert forward is not None
    assert gradient is not None
    return (
        f"Measured in NumPy{where}: the gradient {_errors(gradient)} at "
        f"{gradient.count} inputs of {fmt.name}, its roots, kinks and thresholds "
        f"among them; the function {_errors(forward)} at {forward.count}."
    )


def _values(chosen: Chosen) -> str:
    """At which values of the other letters it was measured: " with a = 2, y = 0, 1/2 in turn"."""
    found = []
    for symbol in chosen.lab.fixed:
        rows = dict.fromkeys(f"{float(lab.fixed[symbol]):.4g}" for lab in chosen.labs)
        found.append(f"{symbol.name} = {', '.join(rows)}{' in turn' if len(rows) > 1 else ''}")
    return f" with {', '.join(found)}" if found else ""


def _over_all_letters(found: Everywhere, form: str) -> str:
    space, parts = found.space, []
    for what, candidate in (("the gradient", found.gradient), ("the function", found.forward)):
        measured = candidate.measured
        assert measured is not None
        most = f" ({space.named(measured.worst)})" if measured.largest > 0.5 else ""
        parts.append(f"{what} {_errors(measured)}{most} at {measured.count}")
    letters = ", ".join(s.name for s in space.letters)
    return (
        f"Measured over all letters, at points ({letters}) of {form} spread over all bit patterns, "
        "at the ends of the format, next to each other, and around the worst: "
        f"{'; '.join(parts)} of them."
    )


def _rounding(found: Settled) -> str:
    """What was found of the gradient at all inputs of a format of 16 bits."""
    name, rows = found.chosen.lab.fmt.name, len(found.chosen.labs)
    values = f", for each of {rows} choices of the other letters" if rows > 1 else ""
    if rows == 1:
        values = _values(found.chosen)
    if found.misrounded:
        return (
            f" At {found.misrounded} of all {found.inputs} inputs{values} the gradient is not the "
            f"nearest number of {name}."
        )
    how = (
        f"the {found.compared} next to the middle of two numbers of {name} were compared with "
        "the exact ones"
        if found.compared
        else f"none lies next to the middle of two numbers of {name} without being exact"
    )
    return (
        f" The gradient is correctly rounded at all {found.inputs} inputs{values}: of its values, "
        f"{how}."
    )


def _errors(measured: Measured) -> str:
    text = f"is off by at most {measured.largest:.3g} ULP (mean {measured.mean:.2g})"
    counts = {
        "not finite": measured.not_finite,
        "0 too early": measured.early_zeros,
        "of the wrong sign": measured.wrong_signs,
    }
    bad = [f"{count} are {words}" for words, count in counts.items() if count]
    return text + (f", but {' and '.join(bad)}" if bad else "")


def _at_kinks(kinks: Iterable[Kink], variable: str, target: Target) -> list[str]:
    found = []
    for kink in kinks:
        value = convention(kink, target)
        if kink.removable or value is None or kink.kind in ("zeros", "integers"):
            continue
        measured = measured_for(kink, target)
        whose = "JAX" if measured is not None and measured is kink.jax else "PyTorch"
        as_in = f", as in {whose}" if measured is not None else ""
        found.append(f"at {variable} = {kink.at} it is {value}{as_in}")
    return [f"Where there is no derivative, the gradient is chosen: {'; '.join(found)}."] * bool(
        found
    )
