"""The forms of a derivative, and what each is worth when it is computed.

They are measured as ``code`` would compute them, the one first that it writes, and once more with
every operation rounded to the dtype, as in a chain of a framework's operations on its arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy.typing as npt

from chainrule.deriving.derivation import Derivation
from chainrule.expr.nodes import Expr, Symbol, substitute, symbols
from chainrule.floats.formats import Format
from chainrule.floats.measure import Measured, together
from chainrule.forms.candidate import Candidate
from chainrule.forms.choice.decision import decide, laboratories
from chainrule.forms.choice.laboratory import Laboratory, gradient_candidates, saved_by
from chainrule.forms.choice.selection import Asked, chosen_forms
from chainrule.forms.notes import how
from chainrule.forms.plan import asked_for
from chainrule.forms.sweeping import measured_by_sweep

Array = npt.NDArray[Any]
Sweeping = Callable[..., dict[str, Measured]]

OF_A_TEXTBOOK = ("as derived", "simplified", "by the output")


@dataclass(frozen=True, slots=True)
class ListedForm:
    """One way to compute the derivative.

    Attributes:
        name: "as derived", "simplified", "by the output", or how it was put together.
        expr: what is computed, with the output by the letter of the derivation.
        shown: the same as one would write it, and a polynomial by a name.
        saves: the letters that a backward pass needs from the forward pass, x or y or both.
        steps: about how many additions it takes as long as.
        measured: its errors.
    """

    name: str
    expr: Expr
    shown: Expr
    saves: tuple[Symbol, ...]
    steps: int
    measured: Measured

    def bytes_saved(self, fmt: Format) -> int:
        """Bytes kept from the forward pass for each element."""
        return len(self.saves) * fmt.bits // 8


@dataclass(frozen=True, slots=True)
class FormTable:
    """The forms of a derivative in one arithmetic, the best first.

    Attributes:
        fmt: the format of inputs and results.
        work: the format that operations are rounded to.
        how: from what ``code`` computes the gradient, and in which arithmetic, in the words of a
            file; empty if this is not its arithmetic, or it was not asked.
        rows: the forms; with ``how`` the first one is what ``code`` writes.
    """

    fmt: Format
    work: Format
    how: str
    rows: list[ListedForm]


def forms(
    derivation: Derivation,
    dtypes: Sequence[str],
    *,
    accuracy: str = "best",
    search: bool = True,
    exhaustive: bool = False,
    threads: int = 1,
    advance: Callable[[str, float], None] = lambda name, part: None,
) -> list[FormTable]:
    """The forms of a derivative, measured: for each dtype as ``code`` computes, and in itself.

    With ``search``, which takes some seconds, the best form that is known is among them. The inputs
    are all there are of a format of 16 bits, and of a longer one a sample, with the neighbours of
    roots, kinks and thresholds; or, if ``exhaustive``, all 2^32 of float32 and 10^8 of float64,
    which takes minutes: by ``threads``, and ``advance`` is told which is measured and what part of
    all is done. In the dtype itself a form by the output is given the correctly rounded output,
    which is the best that it can be given.

    Args:
        derivation: of the function.
        dtypes: names of ``floats.dtypes``.
        accuracy: "best" or "fast", as for ``plan``.

    Raises:
        InputError: a function that nobody defined, or that cannot be computed.
    """
    sweep = partial(measured_by_sweep, threads=threads, advance=advance) if exhaustive else None
    tables: list[FormTable] = []
    for dtype in dtypes:
        asked = asked_for(derivation, "numpy", dtype=dtype, accuracy=accuracy)
        written = _as_written(asked, search=search, sweep=sweep)
        tables.append(written)
        if written.work is not written.fmt:
            tables.append(_in_itself(asked, search=search, sweep=sweep))
    return tables


def _as_written(asked: Asked, search: bool, sweep: Sweeping | None) -> FormTable:
    """In the arithmetic of a file, what is written first."""
    if not search:
        outputs = partial(_computed, asked.derivation.function)
        return _table(asked, laboratories(asked), None, outputs, sweep)
    found = decide(asked)
    spec, chosen = replace(asked.spec, promoted=found.promoted), found.chosen
    outputs = partial(_computed, chosen.forward.expr)
    return _table(asked, chosen.labs, chosen.gradient, outputs, sweep, how(spec, chosen))


def _in_itself(asked: Asked, search: bool, sweep: Sweeping | None) -> FormTable:
    """With every operation rounded to the dtype."""
    fast = asked._replace(spec=replace(asked.spec, accuracy="fast"), save="input")
    labs: Sequence[Laboratory] = laboratories(fast, asked.spec.dtype)
    best = None
    if search:
        chosen = chosen_forms(fast, labs)
        labs, best = chosen.labs, chosen.gradient
    return _table(asked, labs, best, partial(_rounded, asked.derivation.function), sweep)


def _computed(function: Expr, lab: Laboratory) -> Array:
    """The outputs at the inputs, as the arithmetic has them."""
    return lab.values(function, {lab.variable: lab.inputs})[0]


def _rounded(function: Expr, lab: Laboratory) -> Array:
    """The correctly rounded outputs at the inputs."""
    return lab.fmt.rounded(lab.truth(function).high)


def _table(
    asked: Asked,
    labs: Sequence[Laboratory],
    best: Candidate | None,
    outputs: Callable[[Laboratory], Array],
    sweep: Sweeping | None,
    written: str = "",
) -> FormTable:
    """The forms as they are measured in laboratories.

    Args:
        asked: for what.
        labs: where they are measured, at all inputs if the format has 16 bits.
        best: the form that was found to be the best, if one was searched for.
        outputs: what a form by the output is given.
        sweep: measures at the inputs of a sweep instead, with the usual values of other letters.
        written: how ``best`` is computed by a file, if it is what one computes.
    """
    if labs[0].fmt.bits == 16:
        labs = [lab.at_all_inputs() for lab in labs]
    found, shown = _candidates(asked, labs[0], best)
    variable, output = asked.spec.variable, asked.spec.output
    known = [{variable: lab.inputs, output: outputs(lab)} for lab in labs]
    truths = [lab.truth(asked.derivation.derivative) for lab in labs]
    measured = []
    for one in found:
        parts = [
            lab.measured(one, truth, arrays)
            for lab, truth, arrays in zip(labs, truths, known, strict=True)
        ]
        errors = together([part.measured for part in parts if part.measured is not None])
        measured.append(replace(parts[0], measured=errors))
    if sweep is not None and labs[0].fmt.bits > 16:
        measured = _swept(asked, labs[0], measured, sweep)
    first = measured[:1] if written else []
    rest = sorted(measured[len(first) :], key=lambda one: one.rank(labs[0].allowed))
    rows = [_row(asked, one, shown[one.expr]) for one in (*first, *rest)]
    return FormTable(labs[0].fmt, labs[0].work, written, rows)


def _candidates(
    asked: Asked, lab: Laboratory, best: Candidate | None
) -> tuple[list[Candidate], dict[Expr, Expr]]:
    """The best form and those of a textbook, and each as one would write it."""
    found = [] if best is None else [best]
    shown = {one.expr: one.told or one.plain for one in found}
    for one in gradient_candidates(asked.derivation, asked.derivation.function, "auto", {}):
        if one.name in OF_A_TEXTBOOK:
            # What is written at kinks is no part of the formula.
            expr = asked.settled(one.expr, lab)
            if expr not in shown:
                saved = saved_by(expr, asked.spec.variable, asked.spec.output)
                found.append(replace(one, expr=expr, saved=saved))
            shown[expr] = one.expr
    return found, shown


def _swept(
    asked: Asked, lab: Laboratory, found: Sequence[Candidate], sweep: Sweeping
) -> list[Candidate]:
    """The forms, with their errors at the inputs of a sweep."""
    letters = (asked.spec.variable, asked.spec.output)
    programs = {one.name: lab.program(one.expr, letters) for one in found}
    errors = sweep(asked.derivation, programs, lab.fixed, lab.fmt, lab.work)
    return [replace(one, measured=errors[one.name]) for one in found]


def _row(asked: Asked, one: Candidate, shown: Expr) -> ListedForm:
    assert one.measured is not None
    output, letter = asked.spec.output, asked.derivation.output
    back: dict[Expr, Expr] = {output: letter}
    used = set(symbols(one.expr))
    return ListedForm(
        one.name,
        substitute(one.expr, back),
        substitute(shown, back),
        tuple(letter if saved is output else saved for saved in one.saved if saved in used),
        one.steps,
        one.measured,
    )
