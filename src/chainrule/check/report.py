"""Judgements as documents, for any format to set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chainrule.check.answer import Judgement
from chainrule.check.lines import LineJudgement, first_failure
from chainrule.deriving.problem import Problem
from chainrule.document.blocks import (
    Block,
    Code,
    Derivative,
    Display,
    Document,
    Heading,
    Inline,
    Paragraph,
    Strong,
    Table,
    equation,
)
from chainrule.document.checks import verdict_words
from chainrule.document.phrases import how_it_was_read
from chainrule.expr.nodes import symbols
from chainrule.parsing.tokens import Note

_FOLLOWS = {True: "follows", False: "does not follow", None: "not decided"}


def judgement_document(
    judgement: Judgement, problem: Problem, answer: Sequence[Note] = ()
) -> Document:
    """What is to be said about an answer to ``problem``.

    ``answer`` is what could have been read in another way in it.
    """
    title = "Is this the derivative?"
    notes = how_it_was_read((*problem.notes, *answer))
    blocks: list[Block] = [Heading(1, (title,)), *notes, *findings(judgement)]
    if judgement.equal is not True:
        blocks += [
            Paragraph(("The derivative is",)),
            Display(equation(_asked(problem), judgement.right)),
        ]
    return Document(title, tuple(blocks))


def lines_document(lines: Sequence[LineJudgement]) -> Document:
    """What is to be said about a derivation: all its lines, then the first that fails."""
    title = "Does every line follow?"
    rows = tuple(
        ((str(line.number),), (Code(line.text),), (_FOLLOWS[line.follows],)) for line in lines
    )
    blocks: list[Block] = [
        Heading(1, (title,)),
        Table((("line",), ("statement",), ("",)), rows),
    ]
    for line in lines:
        if line.follows is None:
            reason = line.note
            if line.judgement is not None and not reason:
                reason = verdict_words(line.judgement.verdict)
            blocks.append(_sentence((f"line {line.number} was not decided: ", *reason)))
    failed = first_failure(lines)
    if failed is None or failed.judgement is None:
        blocks.append(Paragraph((Strong("No line is wrong."),)))
        return Document(title, tuple(blocks))
    blocks.append(Paragraph((Strong(f"Line {failed.number} is the first that does not follow."),)))
    blocks += findings(failed.judgement)
    blocks += [
        Paragraph(("It should equal",)),
        Display(equation(failed.judgement.right)),
    ]
    return Document(title, tuple(blocks))


def findings(judgement: Judgement) -> list[Block]:
    """The judgement, its evidence and its reasons, one paragraph each."""
    remarks = [_sentence(remark) for remark in judgement.remarks]
    match judgement.equal:
        case True:
            return [
                Paragraph((Strong("Right:"), " ", *verdict_words(judgement.verdict), ".")),
                *remarks,
            ]
        case None:
            return [
                Paragraph((Strong("Not decided:"), " ", *verdict_words(judgement.verdict), ".")),
                *remarks,
            ]
    blocks: list[Block] = [Paragraph((Strong("Not right."),))]
    if judgement.counterexample is not None:
        blocks = [
            Paragraph(
                (Strong("Not right."), " ", *_capital(judgement.counterexample.sentence), ".")
            )
        ]
    if judgement.slip is not None:
        blocks.append(_sentence(judgement.slip.sentence))
    if judgement.relation is not None:
        blocks.append(_sentence(judgement.relation.sentence))
    return blocks + remarks


def _sentence(inline: Inline) -> Paragraph:
    return Paragraph((*_capital(inline), "."))


def _capital(inline: Inline) -> Inline:
    first = inline[0]
    if isinstance(first, str):
        return (first[:1].upper() + first[1:], *inline[1:])
    return inline


def _asked(problem: Problem) -> Derivative:
    by = tuple((symbol.name, count) for symbol, count in Counter(problem.variables).items())
    others = set(symbols(problem.function)) - set(problem.variables)
    partial = len(by) > 1 or bool(others & set(problem.arguments))
    return Derivative(problem.function, by, partial=partial)
