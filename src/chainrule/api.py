"""What the package and the command line offer, in one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from chainrule.deriving.choices import FormName
from chainrule.deriving.implicit import letters_of_curve
from chainrule.deriving.reading import (
    Name,
    Source,
    Wrt,
    every_variable,
    make_problem,
    read,
    read_answer,
    variable,
)
from chainrule.document.blocks import Document, Heading
from chainrule.errors import InaccurateError, InputError, require
from chainrule.expr.nodes import Expr, Symbol
from chainrule.parsing.formula import Formula
from chainrule.parsing.reader import parse as read_formula
from chainrule.walkthrough import ExplicitWalkthrough, ImplicitWalkthrough, Walkthrough

if TYPE_CHECKING:
    from pathlib import Path

    from chainrule.audit.running.campaign import Options, Watcher
    from chainrule.codegen.kernel import Kernel
    from chainrule.document.style import Style
    from chainrule.forms.listing import FormTable
    from chainrule.render.formats import Syntax

_MEASURING = {"numpy": "NumPy", "scipy": "SciPy", "ml_dtypes": "ml_dtypes"}
"""What errors are measured with."""


def parse(text: str) -> Expr:
    """Read a formula, in plain text or LaTeX.

    >>> str(parse("2x sin^2 x"))
    '2*x*sin(x)^2'

    Raises:
        InputError: it cannot be read, or is an equation.
    """
    formula = read_formula(text)
    if formula.equals is not None:
        raise InputError("this is an equation, not a formula", text=text)
    return formula.expr


def derive(
    f: Source, wrt: Wrt = None, order: int = 1, *, method: str = "power", verify: bool = True
) -> ExplicitWalkthrough:
    """The derivative of ``f`` with every step that leads to it.

    Args:
        f: text ("1/(1+e^-x)"), LaTeX, a name of the catalogue ("gelu"), an ``Expr``, a Python
            callable that uses operators and NumPy, or a SymPy expression.
        wrt: the variable; several ("x,y" or a sequence) for a mixed derivative. Left out, it is
            the first argument of the function, or x, or the only letter.
        order: how often to differentiate.
        method: "power" takes 1/u as u^-1, "quotient" by the quotient rule.
        verify: whether the derivative is verified when it is first asked for.

    Raises:
        InputError: the formula cannot be read or the options make no sense.

    >>> str(derive("sigmoid").output_form.expr)
    'sigma*(1 - sigma)'
    """
    problem = make_problem(f, wrt=wrt, order=order, method=method)
    return ExplicitWalkthrough(problem, verified=verify)


def diff(
    f: Source,
    wrt: Wrt = None,
    order: int = 1,
    *,
    form: FormName = "simplified",
    method: str = "power",
    verify: bool = True,
) -> Expr:
    """The derivative of ``f`` as an expression. Arguments as for ``derive``.

    Args:
        form: "simplified", "raw" (as the rules give it), or "output" (by the function's own
            output, for which the result has a letter of its own).

    Raises:
        InputError: the formula cannot be read or the options make no sense.
        FaultError: with ``verify``, what the rules give is wrong. If only what it was
            simplified to is, there is a ``FaultWarning`` and the result is what the rules give.

    >>> str(diff("x^x"))
    'x^x*(ln(x) + 1)'
    """
    return derive(f, wrt, order, method=method, verify=verify).form(form)


def implicit(
    equation: Source, wrt: Name | None = None, of: Name | None = None, order: int = 1
) -> ImplicitWalkthrough:
    """The slope of the curve that an equation describes.

    Args:
        equation: text or LaTeX with an equals sign, "x^2 + y^2 = 1", or SymPy's ``Eq``.
        wrt: the variable, x unless told otherwise.
        of: the letter that is a function of it, y unless told otherwise.
        order: 1 for y′, 2 for y″.

    Raises:
        InputError: it is no equation in two letters, or does not determine ``of``.

    >>> str(implicit("x^2 + y^2 = 1").derivative)
    '-x/y'
    >>> str(implicit("x^2 + y^2 = 1", order=2).derivative)
    '-1/y^3'
    """
    formula = read(equation)[0]
    left, right = formula.expr, formula.equals
    if right is None and formula.name is not None and not formula.variables:
        # Read as a definition, but here x = f(y) is an equation like any other.
        left, right = Symbol(formula.name), left
    if right is None:
        raise InputError(
            "there is no equals sign in it", text=equation if isinstance(equation, str) else None
        )
    whole = Formula(None, (), left, right)
    x = None if wrt is None else variable(wrt, whole)
    y = None if of is None else variable(of, whole)
    letters = letters_of_curve(left, right, x, y)
    return ImplicitWalkthrough(left, right, *letters, order, formula.notes)


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


def gradient(f: Source) -> dict[str, Expr]:
    """All partial derivatives of ``f``, by the name of the variable.

    >>> {name: str(slope) for name, slope in gradient("x^2 y").items()}
    {'x': '2*x*y', 'y': 'x^2'}
    """
    return {v.name: diff(f, v) for v in every_variable(f)}


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


def code(
    f: Source,
    target: str,
    wrt: Wrt = None,
    *,
    dtype: str = "float32",
    accuracy: str = "best",
    save: str = "auto",
    allow_bad: bool = False,
) -> str:
    """A file that computes ``f`` and its gradient.

    Args:
        f: as for ``derive``.
        target: "numpy", "numba", "c", "cuda", "jax", "torch" or "triton".
        wrt: the variable of the gradient.
        dtype: what arrays hold: "float32", "float64", "float16" or "bfloat16".
        accuracy: "best" computes in double and rounds once, and where that is not enough to
            twice its precision; "fast" computes in the dtype itself where that is good to 2 ULP,
            else in double.
        save: what the gradient is computed from: "input", "output", or "auto" for the better.
        allow_bad: whether to write it although it is known to be wrong somewhere.

    Raises:
        InputError: an unknown option, or a function that the target cannot compute.
        InaccurateError: results are known to be wrong (see ``chainrule.forms.choice.promises``).
    """
    require("audit", **_MEASURING)
    from chainrule.codegen.generate import generate
    from chainrule.forms.plan import plan

    made = plan(derive(f, wrt), target, dtype=dtype, accuracy=accuracy, save=save)
    # First what the target cannot write at all.
    text = generate(target, *made)
    if made.spec.faults and not allow_bad:
        raise InaccurateError(made.spec.faults)
    return text


def compile(
    f: Source,
    wrt: Wrt = None,
    *,
    dtype: str = "float32",
    accuracy: str = "best",
    threads: int | None = None,
    allow_bad: bool = False,
) -> Kernel:
    """``f`` and its gradient as a kernel for NumPy arrays, compiled by Numba.

    Args:
        f: as for ``derive``.
        wrt: the variable of the gradient.
        dtype: as for ``code``.
        accuracy: as for ``code``.
        threads: how many at most for large arrays; as many as there are processors if left out.
        allow_bad: as for ``code``.

    Raises:
        MissingExtraError: Numba is missing.
        InputError: an option is unknown, or a function cannot be computed.
        InaccurateError: as for ``code``.
    """
    require("code", **_MEASURING, numba="Numba")
    from chainrule.codegen.kernel import Kernel
    from chainrule.forms.plan import plan

    made = plan(derive(f, wrt), "numba", dtype=dtype, accuracy=accuracy, save="input")
    kernel = Kernel(*made, threads)
    if made.spec.faults and not allow_bad:
        raise InaccurateError(made.spec.faults)
    return kernel


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
    require("audit", **_MEASURING)
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
    require("audit", **_MEASURING)
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
    require("audit", **_MEASURING)
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
