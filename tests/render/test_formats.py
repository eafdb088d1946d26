"""Documents in every format: what is said arrives, and nothing breaks the format."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

import chainrule
from chainrule.document.blocks import Display, Document, Heading, Paragraph, equation, math
from chainrule.errors import InputError
from chainrule.expr.nodes import Expr, Symbol, call
from chainrule.render import latex_document, markdown, terminal, text
from chainrule.render.layout import width
from chainrule.walkthrough import Walkthrough
from sample_documents import EVERYTHING, SIGMOID

DOCUMENTS = pytest.mark.parametrize("document", [SIGMOID, EVERYTHING], ids=["sigmoid", "all"])


def huge() -> Expr:
    expr: Expr = Symbol("x")
    for _ in range(300):
        expr = expr * call("sin", expr)
    return expr


# --- text and terminal --------------------------------------------------------------------------
@DOCUMENTS
@pytest.mark.parametrize("columns", [60, 80, 120])
def test_text_fits(document: Document, columns: int) -> None:
    assert max(map(width, text.render(document, columns).splitlines())) <= columns


def test_text_of_the_sigmoid_reads_like_the_article() -> None:
    shown = text.render(SIGMOID)
    assert shown.startswith(
        "The derivative of σ(x) = 1/(1 + e⁻ˣ)\n════════════════════════════════════\n"
    )
    assert "│ Chain rule. The derivative of a composition" in shown
    assert "1. differentiate m⁻¹ with respect to m;\n" in shown
    assert "1. The outer function, m⁻¹\n" in shown
    assert "    dσ                            e⁻ˣ\n" in shown
    assert "σ(5) = 0.99330714907571514…" in shown
    assert "    ── = −1 · m⁻¹⁻¹ = −m⁻² = −(1 + e⁻ˣ)⁻²\n" in shown


def test_no_escape_sequences_without_a_terminal() -> None:
    assert "\x1b" not in text.render(SIGMOID)
    out = io.StringIO()
    terminal.print_document(SIGMOID, Console(file=out, width=80))
    assert out.getvalue() == text.render(SIGMOID, 80)


def test_colour_on_a_terminal_only_as_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[36m│ " in terminal.render(SIGMOID)
    assert re.sub(r"\x1b\[[0-9;]*m", "", terminal.render(SIGMOID)) == text.render(SIGMOID)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", terminal.render(SIGMOID))


def test_what_is_too_large_is_cut_short_and_it_says_so() -> None:
    document = Document("Huge", (Heading(1, ("Huge",)), Display(equation(huge()))))
    shown = text.render(document)
    assert "…" in shown
    assert "in full, the formula would have more than 10^" in " ".join(shown.split())
    assert r"\ldots" in markdown.render(document)
    assert "left out" not in text.render(SIGMOID)


# --- Markdown -------------------------------------------------------------------------------------
def test_front_matter() -> None:
    head = markdown.render(EVERYTHING).split("---\n")[1]
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    assert fields["layout"] == "post"
    assert fields["math"] == "true"
    assert json.loads(fields["title"]) == EVERYTHING.title
    assert markdown.render(SIGMOID, front_matter=False).startswith("# The derivative of $")


def inline_math(source: str) -> list[str]:
    outside = re.sub(r"^\$\$\n.*?\n\$\$$", "", source, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"(?<!\\)\$(.+?)(?<!\\)\$", outside)


@DOCUMENTS
def test_inline_math_has_nothing_that_markdown_takes_for_its_own(document: Document) -> None:
    formulas = inline_math(markdown.render(document))
    assert formulas
    for formula in formulas:
        assert not re.search(r"[|<>*']|\\\\|\\_|(?<![0-9A-Za-z])_(?! )", formula), formula


@DOCUMENTS
def test_displays_stand_alone(document: Document) -> None:
    lines = markdown.render(document).splitlines()
    marks = [i for i, line in enumerate(lines) if "$$" in line]
    assert len(marks) % 2 == 0
    for start, end in zip(marks[::2], marks[1::2], strict=True):
        assert lines[start] == lines[end] == "$$"
        assert [*lines, ""][start - 1] == [*lines, ""][end + 1] == ""
        assert "" not in lines[start:end]


def test_plain_text_is_escaped() -> None:
    document = Document("", (Paragraph(("a|b *c* <d> snake_case $5 [x](y)",)),))
    assert markdown.render(document, front_matter=False) == (
        "a\\|b \\*c\\* \\<d\\> snake\\_case \\$5 \\[x\\](y)\n"
    )


def test_a_paragraph_is_never_a_list_or_a_heading() -> None:
    for start in ("- a", "+ a", "# a", "1. a"):
        document = Document("", (Paragraph((start,)),))
        assert markdown.render(document, front_matter=False).startswith("\\")


# --- LaTeX --------------------------------------------------------------------------------------
@DOCUMENTS
def test_latex_document_is_ascii_but_for_what_was_said(document: Document) -> None:
    source = latex_document.render(document)
    assert source.isascii()
    assert source.startswith(r"\documentclass")
    for name in set(re.findall(r"\\begin\{(\w+)\}", source)):
        assert source.count(rf"\begin{{{name}}}") == source.count(rf"\end{{{name}}}")


def test_special_characters_in_words() -> None:
    document = Document("", (Paragraph(("100% of $5 & #1_a {b} ~c ^d \\e", math(Symbol("x")))),))
    assert (
        r"100\% of \$5 \& \#1\_a \{b\} \textasciitilde{}c \textasciicircum{}d "
        r"\textbackslash{}e$x$" in latex_document.render(document)
    )


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
@DOCUMENTS
def test_latex_document_compiles(document: Document, tmp_path: Path) -> None:
    (tmp_path / "document.tex").write_text(latex_document.render(document), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


# --- by name ------------------------------------------------------------------------------------
@pytest.mark.parametrize("walk", [chainrule.derive("x^2"), chainrule.implicit("x^2 + y^2 = 1")])
def test_a_walk_through_in_a_format_by_its_name(walk: Walkthrough) -> None:
    assert walk.to("json") == walk.to_json()
    assert walk.to("text") == walk.to_text()
    assert walk.to("markdown") == walk.to_markdown()
    assert walk.to("latex") == walk.to_latex()
    with pytest.raises(InputError, match="'markdow'") as caught:
        walk.to("markdow")
    assert caught.value.hint == "did you mean markdown?"


def test_the_public_name_is_of_what_derive_returns() -> None:
    walk = chainrule.derive("x^2")
    assert type(walk) is chainrule.Derivation
    assert "The derivative of f(x) = x²" in walk.to_text()
