"""What a file is to compute: arguments, format, accuracy, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from chainrule.elementary.arithmetic import Working
from chainrule.expr.nodes import Expr, Symbol

Accuracy = Literal["best", "fast"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSpec:
    """What a file is to compute, but for the expressions of the function and its gradient.

    Attributes:
        name: what its functions are called.
        variable: the gradient is by this one.
        output: stands for the value of the function.
        saved: what the gradient is computed from: the variable, the output, or both.
        others: arguments that are arrays too, and that no gradient is taken by.
        parameters: numbers, with the default of each; ``None`` where it must be given.
        dtype: what the arrays hold, a name of ``floats.dtypes.DTYPES``.
        accuracy: "best" computes in double and rounds once, "fast" in the dtype itself, which
            for 16 bits is float32, unless it is ``promoted``.
        promoted: whether "fast" computes in double too, for want of a form that is accurate
            enough in the dtype itself.
        second: the derivative of the gradient by each of ``saved``.
        working: whose elementary functions the targets that loop over elements call.
        library: the function and its gradient for those of a library, where they were chosen for
            others; they have the digits that a number of float64 asks for.
        notes: what a reader of the file should know, a paragraph each: the formula and its
            derivative, which form is used, what errors were measured.
        faults: why nobody should use it, a sentence each: where results are known to be wrong.
    """

    name: str
    variable: Symbol
    output: Symbol
    saved: tuple[Symbol, ...]
    others: tuple[Symbol, ...] = ()
    parameters: tuple[tuple[Symbol, Fraction | None], ...] = ()
    dtype: str = "float32"
    accuracy: Accuracy = "best"
    promoted: bool = False
    second: tuple[Expr, ...] = ()
    working: Working = "library"
    library: tuple[Expr, Expr] | None = None
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def double(self) -> bool:
        """Whether the arithmetic is that of float64."""
        return self.accuracy == "best" or self.promoted or self.dtype == "float64"

    @property
    def short(self) -> bool:
        """Whether the arrays hold numbers of 16 bits."""
        return self.dtype in ("float16", "bfloat16")

    @property
    def extra(self) -> tuple[Symbol, ...]:
        """What every function takes after its main argument."""
        return (*self.others, *(symbol for symbol, _ in self.parameters))
