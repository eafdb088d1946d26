"""The table of identities: how each rewriting is said, and those that are patterns.

``WORDS`` gives every identity its sentence. ``PATTERNS`` are the identities that are more
than arithmetic: a pattern with letters for anything, its replacement, and the condition
under which it is valid. Sources: DLMF 4.21 (trigonometric), 4.35 (hyperbolic).
"""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.expr.nodes import ONE, Call, Expr, Symbol, call, postorder
from chainrule.record import Record

WORDS: dict[str, str] = {
    # everyday rewriting
    "tidy": "tidy up",
    "add-numbers": "add the numbers",
    "multiply-numbers": "multiply the numbers",
    "order-factors": "put the factors in order",
    "drop-zero": "what cancels leaves nothing",
    "like-terms": "add like terms",
    "open-bracket": "open the bracket",
    "same-base": "gather powers of the same base",
    "add-exponents": "powers of e multiply by adding their exponents",
    "negative-power": "a negative power moves below the line",
    "two-signs": "two minus signs cancel",
    "fractions": "write it as one fraction",
    "power-of-power": "a power of a power multiplies the exponents",
    "exp-log": "e to the power of a logarithm undoes it",
    "inverse": "a function undoes its inverse",
    "root-of-square": "the root of a square is the absolute value",
    "root-of-power": "a root halves the exponent",
    "special-value": "a known value",
    "parity": "take the sign out of the function",
    "absolute-of-positive": "what is positive is its own absolute value",
    "same-cases": "all cases agree",
    # larger steps
    "factor-out": "take out the common factor",
    "common-denominator": "bring the terms over a common denominator",
    "cancel": "cancel what top and bottom share",
    "factor": "factor",
    "cases": "list the cases by intervals; a kink belongs to none of them",
    "expand": "multiply out",
    "inverse-function": "the slope of an inverse function",
    "divide-terms": "divide term by term",
}
"""What each identity is called in a walk-through; those of ``PATTERNS`` are added below."""


class Identity(Record):
    """``pattern`` equals ``replacement`` for every value of the letters u, v.

    Attributes:
        name: its identifier, a key of ``WORDS``.
        words: what it is called in a walk-through.
        pattern: the left side; the letters stand for any expression. A sum or a product
            matches a part of a larger one.
        replacement: the right side.
        needs: function names without which the pattern cannot occur.
    """

    name: str
    words: str
    pattern: Expr
    replacement: Expr
    needs: frozenset[str]


U = Symbol("u")
_sin, _cos = call("sin", U), call("cos", U)
_sinh, _cosh = call("sinh", U), call("cosh", U)


def identities(name: str, words: str, *sides: tuple[Expr, Expr]) -> Iterator[Identity]:
    """A row for each way to use an identity; what it needs is worked out."""
    for pattern, replacement in sides:
        needs = frozenset(node.name for node in postorder(pattern) if isinstance(node, Call))
        yield Identity(name, words, pattern, replacement, needs)


PATTERNS: tuple[Identity, ...] = (
    *identities(
        "pythagoras",
        "sin² + cos² = 1",
        (_sin**2 + _cos**2, ONE),
        (1 - _sin**2, _cos**2),
        (1 - _cos**2, _sin**2),
    ),
    *identities(
        "hyperbolic-pythagoras",
        "cosh² − sinh² = 1",
        (_cosh**2 - _sinh**2, ONE),
        (1 + _sinh**2, _cosh**2),
        (_cosh**2 - 1, _sinh**2),
    ),
    *identities("reciprocal-tangent", "1 + tan² = 1/cos²", (1 + call("tan", U) ** 2, 1 / _cos**2)),
    *identities(
        "quotient-tangent",
        "sine over cosine is the tangent",
        (_sin / _cos, call("tan", U)),
        (_sinh / _cosh, call("tanh", U)),
        (_cos * call("tan", U), _sin),
    ),
    *identities(
        "sign-and-size",
        "the sign over the absolute value is one over the number",
        (call("sign", U) / call("abs", U), 1 / U),
    ),
)
WORDS |= {row.name: row.words for row in PATTERNS}
