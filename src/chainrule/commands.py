"""What the commands say, for a command line or a page: documents, and the same as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from chainrule.api import MEASURING, derive, implicit
from chainrule.deriving.reading import every_variable, make_problem, read, read_answer
from chainrule.document.blocks import Document, Heading
from chainrule.errors import InputError, require
from chainrule.expr.nodes import Expr
from chainrule.walkthrough import ExplicitWalkthrough, Walkthrough

if TYPE_CHECKING:
    from pathlib import Path

    from chainrule.audit.running.campaign import Options, Watcher
    from chainrule.document.style import Style
    from chainrule.forms.listing import FormTable
    from chainrule.render.formats import Syntax


def derivations(f: str, *, wrt: str | None, order: int, method: str) -> Iterator[Walkthrough]:
    """One derivation, or with ``wrt="all"`` one for each letter of the formula.

    An equation has one implicit derivation.
    """
    formula, _ = read(f)
    if formula.equals is not None:
        yield implicit(f, wrt=wrt, order=order)
    elif wrt == "all":
        for variable in every_variable(f):
            yield derive(f, variable, order, method=method)
    else:
        yield derive(f, wrt, order, method=method)


def written(expr: Expr, syntax: Syntax) -> str:
    """An expression in one line of plain text, LaTeX, Python or SymPy."""
    match syntax:
        case "plain":
            return str(expr)
        case "latex":
            from chainrule.render.abridge import LARGEST_FORMULA, abridge
            from chainrule.render.notation import latex

            if abridge(expr, LARGEST_FORMULA) is not expr:
                raise InputError(
                    f"written out, the formula has more than {LARGEST_FORMULA:,} parts",
                    hint="from Python, `diff` gives the expression with its shared parts",
                )
            return latex(expr)
        case "python":
            from chainrule.render.code_syntax import python

            return python(expr)
        case "sympy":
            from chainrule.render.code_syntax import sympy

            return sympy(expr)


def listing(word: str | None) -> Iterator[tuple[str, str, str]]:
    """Name, formula and title of the catalogue's rows that have ``word`` in them."""
    from chainrule.expr.catalogue import CATALOGUE

    wanted = (word or "").lower()
    for entry in CATALOGUE:
        if any(wanted in text.lower() for text in (entry.title, *entry.spellings)):
            parameters = ", ".join(f"{p.name} = {p.default}" for p in entry.parameters)
            formula = f"{entry.formula}   ({parameters})" if parameters else entry.formula
            also = f"; also {', '.join(entry.aliases)}" if entry.aliases else ""
            where = f"; for {', '.join(entry.conditions)}" if entry.conditions else ""
            yield entry.name, formula, entry.title + also + where


def check(
    f: str, answer: str, *, wrt: str | None = None, order: int = 1
) -> tuple[bool, Document, dict[str, Any]]:
    """Whether ``answer`` is the derivative of ``f``; a document about it, and plain data.

    Raises:
        InputError: one of them cannot be read.
    """
    from dataclasses import replace

    from chainrule.check.answer import check_answer
    from chainrule.check.data import judgement_data
    from chainrule.check.report import judgement_document

    problem = make_problem(f, wrt=wrt, order=order)
    given = read_answer(answer, problem)
    judgement = check_answer(problem, given.expr)
    notes = given.notes
    if judgement.equal is False and notes:
        from chainrule.check.other_readings import right_reading

        if remark := right_reading(problem, answer, notes):
            judgement = replace(judgement, remarks=(*judgement.remarks, remark))
    document = judgement_document(judgement, problem, notes)
    return judgement.equal is True, document, judgement_data(judgement, problem, notes)


def check_lines(text: str) -> tuple[bool, Document, dict[str, Any]]:
    """Whether each line of a derivation follows; a document about it, and plain data.

    Raises:
        InputError: a line cannot be read.
    """
    from chainrule.check.data import lines_data
    from chainrule.check.lines import check_lines as judge
    from chainrule.check.report import lines_document

    lines = judge(text)
    right = all(line.follows is True for line in lines)
    return right, lines_document(lines), lines_data(lines)


def document(
    derivation: Walkthrough, style: Style, *, at: str | None = None, dtypes: Sequence[str] = ()
) -> Document:
    """The walk-through, with a section about the forms in floating point if ``dtypes`` has any.

    Raises:
        InputError: the forms cannot be computed, or what measuring needs is not installed.
    """
    whole = derivation.document(style, at=at)
    if not dtypes:
        return whole
    from chainrule.forms.report import forms_section

    section = forms_section(*_measured(derivation, dtypes))
    # Before the last section, which says what was checked.
    last = max(i for i, block in enumerate(whole.blocks) if isinstance(block, Heading))
    return Document(whole.title, (*whole.blocks[:last], *section, *whole.blocks[last:]))


def data(
    derivation: Walkthrough, *, at: str | None = None, dtypes: Sequence[str] = ()
) -> dict[str, Any]:
    """The same as plain data.

    Raises:
        InputError: as for ``document``.
    """
    whole = derivation.to_dict(at=at)
    if dtypes:
        from chainrule.forms.report import forms_data

        whole["forms"] = forms_data(*_measured(derivation, dtypes))
    return whole


def _measured(
    derivation: Walkthrough, dtypes: Sequence[str]
) -> tuple[ExplicitWalkthrough, Sequence[FormTable]]:
    """The forms of a derivative, measured in these dtypes."""
    if not isinstance(derivation, ExplicitWalkthrough):
        raise InputError("the slope of a curve has no forms to measure", hint="leave --forms out")
    require("audit", **MEASURING)
    from chainrule.forms.listing import forms as measured_forms

    return derivation, measured_forms(derivation, dtypes)


def forms(
    f: str,
    *,
    dtypes: Sequence[str],
    wrt: str | None = None,
    method: str = "power",
    accuracy: str = "best",
    search: bool = True,
    exhaustive: bool = False,
    threads: int | None = None,
    advance: Callable[[str, float], None] = lambda name, part: None,
) -> tuple[Document, list[dict[str, Any]]]:
    """The forms of the derivative of ``f``, measured, as a document and as plain data.

    Args:
        f: a formula or a name of the catalogue.
        dtypes: "bfloat16", "float16", "float32", "float64".
        accuracy: "best" or "fast", as for ``code``.
        search: whether to search for the form that ``code`` writes, for some seconds.
        exhaustive: all 2^32 inputs of float32, and 10^8 of float64, which takes minutes.
        threads: how many then work; as many as there are processors if left out.
        advance: is told then which form is measured and what part of all is done.

    Raises:
        InputError: it cannot be read or computed, or what measuring needs is not installed.
    """
    require("audit", **MEASURING)
    from chainrule.forms.listing import forms as measured_forms
    from chainrule.forms.report import forms_data, forms_document
    from chainrule.sweep.processors import processors

    if exhaustive:
        require("code", numba="Numba")

    derivation = derive(f, wrt, method=method)
    found = measured_forms(
        derivation,
        dtypes,
        accuracy=accuracy,
        search=search,
        exhaustive=exhaustive,
        threads=threads or processors(),
        advance=advance,
    )
    return forms_document(derivation, found), forms_data(derivation, found)


def audit(
    targets: Sequence[str],
    options: Options,
    *,
    frameworks: Sequence[str] = (),
    max_ulp: float = 1.0,
    out: Path | None = None,
    watcher: Watcher | None = None,
) -> tuple[Document, dict[str, Any], int]:
    """Measure somebody's functions and gradients over the inputs of floating-point formats.

    Args:
        targets: "torch:nn.functional.silu", "numpy:package.module:my_grad", …
        options: which dtypes, against what, with how many threads; see ``Options``.
        frameworks: "torch", "jax", "onnxruntime", "chainrule": everything of theirs.
        max_ulp: the largest error that passes.
        out: a folder for pictures, JSON and Parquet.
        watcher: is told how it goes.

    Returns:
        A document, the same as plain data, and an exit status: 0 if all is well; 1 if there is a
        fault or an error above ``max_ulp``; 2 if one of ``targets`` could not be audited to the
        end; 3 if what one was to be measured against came out wrong.

    Raises:
        InputError: nothing could be audited, or a file cannot be written.
        FaultError: nothing could, and what a target was to be measured against came out wrong.
        MissingExtraError: an optional library is not installed.
    """
    require("audit", **MEASURING)
    require("code", numba="Numba")
    if out is not None:
        require("plots", matplotlib="matplotlib", pyarrow="PyArrow")
    from chainrule.audit.report import audit_data, audit_document, exit_status
    from chainrule.audit.running.campaign import everything, outcomes

    names = [*targets, *everything(frameworks)]
    if not names:
        raise InputError("there is nothing to audit", hint="name a target, or --all torch")
    found = list(outcomes(names, options, watcher))
    if all(outcome.measured is None for outcome in found):
        for outcome in found:
            if outcome.fault is not None:
                raise outcome.fault
        said = dict.fromkeys(outcome.failure or "" for outcome in found)
        raise InputError("\n".join(said) or "the target has no such function")
    data = audit_data(found, max_ulp)
    if out is not None:
        from chainrule.audit.files import write_all

        write_all(found, data, out)
    listing = bool(frameworks)
    return audit_document(found, listing=listing), data, exit_status(found, targets, max_ulp)


def selftest(names: Iterable[str] = (), *, points: int = 16) -> Iterator[tuple[str, bool, str]]:
    """Derive and verify functions of the catalogue, all of them if none is named.

    Yields the name, whether every claim was proved or checked, and what was found.
    """
    from chainrule.expr.catalogue import CATALOGUE

    for name in names or [entry.name for entry in CATALOGUE]:
        derivation = derive(name)
        verdicts = derivation.verify(points)
        words = Counter(verdict.word for verdict in verdicts.values())
        bad = next((v for v in verdicts.values() if v.word == "wrong"), None)
        sentence = ", ".join(f"{count} {word}" for word, count in words.items())
        last = bad or list(verdicts.values())[-1]
        yield name, last.holds and bad is None, f"{sentence}; the derivative {last.sentence()}"
