"""Recursion without a stack that could overflow.

A walk is a generator that yields a request for each child and is sent the child's answer; its
return value answers its own request. It reads like recursion, and no formula is too deep.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar, cast

Request = TypeVar("Request")
Answer = TypeVar("Answer")


def run(walk: Callable[[Request], Generator[Request, Answer, Answer]], start: Request) -> Answer:
    """The answer to ``start``; ``walk`` makes the generator for a request."""
    stack = [walk(start)]
    answer: Answer | None = None
    while True:
        try:
            # A generator that has just been made is sent None, as Python asks.
            request = stack[-1].send(cast(Answer, answer))
        except StopIteration as finished:
            stack.pop()
            answer = cast(Answer, finished.value)
            if not stack:
                return answer
        else:
            stack.append(walk(request))
            answer = None
