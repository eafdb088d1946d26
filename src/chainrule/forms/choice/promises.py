"""What a file promises of its results, and how far from that it is refused.

A file is refused where results are known to be no answer (NaN or infinite where the truth is not,
0 where it is a normal number, of the wrong sign), and where an error is known to be ``FAR`` times
as large as is promised. What misses the promise by less is written: its header has the figure, and
docs/results/accuracy.md lists it for the catalogue. Both hold for gradient and function.
"""

from __future__ import annotations

from collections.abc import Callable

from chainrule.floats.measure import Measured
from chainrule.program.kernel_spec import Accuracy

FAR = 16.0
"""Four bits more than are promised."""

_KINDS = {
    "not finite": "is not finite where it should be",
    "early zero": "is 0 where a normal number is right",
    "wrong sign": "has the wrong sign",
}


def promised(dtype: str, accuracy: Accuracy) -> float:
    """The largest error in ULP that a gradient is meant to have."""
    if dtype in ("bfloat16", "float16"):
        return 0.5 if accuracy == "best" else 0.51
    return 0.51 if (dtype, accuracy) == ("float32", "best") else 2.0


def refusal(
    what: str, found: Measured, allowed: float, named: Callable[[float], str]
) -> str | None:
    """Why a file with such results is refused, in words; ``None`` if it is not.

    Args:
        what: "the gradient" or "the function".
        found: its errors.
        allowed: the error in ULP that is promised.
        named: says an input as ``found`` has it.
    """
    counts = {
        "not finite": found.not_finite,
        "early zero": found.early_zeros,
        "wrong sign": found.wrong_signs,
    }
    said = [
        f"{_KINDS[kind]} at {count:,} of {found.count:,} inputs, {named(found.first[kind])} for one"
        for kind, count in counts.items()
        if count
    ]
    if found.largest > FAR * allowed:
        said.append(
            f"is off by {found.largest:.3g} ULP at {named(found.worst)}, where {allowed:g} are "
            "promised"
        )
    return f"{what} {', and '.join(said)}" if said else None
