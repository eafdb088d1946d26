"""Judgements as plain data for JSON; ``docs/json.md`` and the schema beside it document it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.check.answer import Judgement
from chainrule.check.lines import LineJudgement, first_failure
from chainrule.check.model import plain
from chainrule.deriving.problem import Problem
from chainrule.parsing.tokens import Note
from chainrule.render.data import expression, readings_data, verdict

SCHEMA = "chainrule/check/1"
LINES_SCHEMA = "chainrule/lines/1"


def judgement_data(
    judgement: Judgement, problem: Problem, answer: Sequence[Note] = ()
) -> dict[str, Any]:
    """What is to be said about an answer to ``problem``, after the schema ``SCHEMA``.

    ``answer`` is what could have been read in another way in it.
    """
    return {
        "schema": SCHEMA,
        "formula": expression(problem.function),
        "variables": [variable.name for variable in problem.variables],
        "readings": readings_data((*problem.notes, *answer)),
        **_judged(judgement),
    }


def lines_data(lines: Sequence[LineJudgement]) -> dict[str, Any]:
    """What is to be said about a derivation, after the schema ``LINES_SCHEMA``."""
    failed = first_failure(lines)
    return {
        "schema": LINES_SCHEMA,
        "first_failure": None if failed is None else failed.number,
        "lines": [
            {
                "number": line.number,
                "text": line.text,
                "claim": line.claim,
                "follows": line.follows,
                "note": plain(line.note),
                "judgement": None if line.judgement is None else _judged(line.judgement),
            }
            for line in lines
        ],
    }


def _judged(judgement: Judgement) -> dict[str, Any]:
    found, slip, relation = judgement.counterexample, judgement.slip, judgement.relation
    return {
        "answer": expression(judgement.answer),
        "expected": expression(judgement.right),
        "right": judgement.equal,
        "verdict": verdict(judgement.verdict),
        "counterexample": None
        if found is None
        else {
            "point": {letter.name: str(value) for letter, value in found.point},
            "answer": None if found.answer is None else found.answer.text,
            "expected": found.expected.text,
        },
        "slip": None if slip is None else {"name": slip.name, "sentence": plain(slip.sentence)},
        "relation": None
        if relation is None
        else {"kind": relation.kind, "value": expression(relation.value)},
        "remarks": [plain(remark) for remark in judgement.remarks],
    }
