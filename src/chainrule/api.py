"""What the package offers, in one place: formulas in, derivatives and code out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.deriving.choices import FormName
from chainrule.deriving.implicit import letters_of_curve
from chainrule.deriving.reading import (
    Name,
    Source,
    Wrt,
    every_variable,
    make_problem,
    read,
    variable,
)
from chainrule.errors import InaccurateError, InputError, require
from chainrule.expr.nodes import Expr, Symbol
from chainrule.parsing.formula import Formula
from chainrule.parsing.reader import parse as read_formula
from chainrule.walkthrough import ExplicitWalkthrough, ImplicitWalkthrough

if TYPE_CHECKING:
    from chainrule.codegen.kernel import Kernel

MEASURING = {"numpy": "NumPy", "scipy": "SciPy", "ml_dtypes": "ml_dtypes"}
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


def gradient(f: Source) -> dict[str, Expr]:
    """All partial derivatives of ``f``, by the name of the variable.

    >>> {name: str(slope) for name, slope in gradient("x^2 y").items()}
    {'x': '2*x*y', 'y': 'x^2'}
    """
    return {v.name: diff(f, v) for v in every_variable(f)}


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
    require("audit", **MEASURING)
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
    require("code", **MEASURING, numba="Numba")
    from chainrule.codegen.kernel import Kernel
    from chainrule.forms.plan import plan

    made = plan(derive(f, wrt), "numba", dtype=dtype, accuracy=accuracy, save="input")
    kernel = Kernel(*made, threads)
    if made.spec.faults and not allow_bad:
        raise InaccurateError(made.spec.faults)
    return kernel
