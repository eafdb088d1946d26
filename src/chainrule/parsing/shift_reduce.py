"""Run the LALR(1) tables: tokens in, whatever the builder makes of them out.

One loop and two stacks, so that brackets may be nested as deep as they like.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from chainrule.parsing.tables import ACTIONS, END, GOTOS, RULES, START
from chainrule.parsing.tokens import Token

UNITS = frozenset(
    number for number, (_, length, _, method) in enumerate(RULES) if length == 1 and not method
)
"""Rules such as ``sum: term``, which pass on what they are given: most of all reductions."""


class UnexpectedTokenError(Exception):
    """No formula goes on like this. ``expected`` are the terminals that could stand here."""

    def __init__(self, token: Token, previous: Token | None, expected: frozenset[str]) -> None:
        super().__init__(token.kind)
        self.token = token
        self.previous = previous
        self.expected = expected


def parse(tokens: Sequence[Token], builder: object) -> Any:
    """The value of ``start``. ``tokens`` end with $END.

    Raises:
        UnexpectedTokenError: where the formula stops making sense.
    """
    methods = [getattr(builder, method) if method else None for *_, method in RULES]
    states = [START]
    values: list[Any] = []
    for place, token in enumerate(tokens):
        kind = token.kind
        while True:
            action = ACTIONS[states[-1]].get(kind)
            if action is None:
                previous = tokens[place - 1] if place else None
                raise UnexpectedTokenError(token, previous, _expected(tokens[:place]))
            if action >= 0:
                states.append(action)
                values.append(token)
                break
            if ~action in UNITS:
                states[-1] = _after_units(states[-2], states[-1], kind)
            else:
                origin, length, kept, _ = RULES[~action]
                method = methods[~action]
                parts = values[-length:]
                value = parts[kept[0]] if method is None else method(*[parts[i] for i in kept])
                del values[-length:], states[-length:]
                values.append(value)
                states.append(GOTOS[states[-1]][origin])
            if states[-1] == END:
                return values[-1]
    raise AssertionError("the tokens do not end with $END")


@cache
def _after_units(below: int, top: int, kind: str) -> int:
    """The state that replaces ``top`` after all the unit rules that ``kind`` sets off."""
    while top != END:
        action = ACTIONS[top].get(kind, 0)
        if ~action not in UNITS:
            break
        top = GOTOS[below][RULES[~action][0]]
    return top


def _expected(tokens: Sequence[Token]) -> frozenset[str]:
    """The terminals that may follow ``tokens``, which begin a formula.

    LALR(1) tables may reduce before they notice an error, and so forget what else was possible;
    hence the states are found again.
    """
    states = [START]
    for token in tokens:
        while (action := ACTIONS[states[-1]][token.kind]) < 0:
            origin, length, _, _ = RULES[~action]
            del states[-length:]
            states.append(GOTOS[states[-1]][origin])
        states.append(action)
    return frozenset(kind for kind in ACTIONS[states[-1]] if _accepts(states, kind))


def _accepts(states: list[int], kind: str) -> bool:
    """Whether ``kind`` would be shifted, after all the reductions it sets off.

    ``top`` holds the states pushed since; below it the stack is as it was.
    """
    kept = len(states)
    top: list[int] = []
    while True:
        state = top[-1] if top else states[kept - 1]
        if state == END:
            return kind == "$END"
        action = ACTIONS[state].get(kind)
        if action is None or action >= 0:
            return action is not None
        origin, length, _, _ = RULES[~action]
        from_top = min(length, len(top))
        del top[len(top) - from_top :]
        kept -= length - from_top
        top.append(GOTOS[top[-1] if top else states[kept - 1]][origin])
