"""The derivative by the function's own output: f' = Q(f), or else f' = Q(x, f).

It is found, not looked up: y = f(x) is solved for inner parts of f (``solve``), and they are
replaced in f'. Where that leaves the variable behind, f and f' are seen as rational functions
of one transcendental part, which is eliminated between y = f and f'.

Solving chooses a branch, which can be the wrong one on a part of the domain: of y = (√x − 3)²,
√x − 3 is √y or −√y. So a form is handed out only if the caller, who can verify it, says that
it holds everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice
from math import gcd
from operator import itemgetter

from flint import fmpq_mpoly

from chainrule.differentiate.derivation import Step
from chainrule.expr.nodes import (
    Call,
    Expr,
    Piecewise,
    Product,
    Quotient,
    Symbol,
    Unknown,
    call,
    depends_on,
    postorder,
    size,
    substitute,
)
from chainrule.record import Record
from chainrule.rewrite.cost_of_fractions import Ink
from chainrule.rewrite.elimination import eliminate, two_valued
from chainrule.rewrite.field_writer import FieldWriter
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.rational import (
    MAX_TERMS,
    Exponential,
    Field,
    Ratio,
    TooLargeError,
    polynomial_power,
)
from chainrule.rewrite.simplify import MAX_NODES, simplify
from chainrule.rewrite.solve import Solved, dependents, inner_parts

# Inverse functions that nobody has at hand: a form that needs them helps no one.
UNWELCOME = frozenset({"erfinv", "acosh", "asech", "acoth", "acsch"})

# A form that keeps the variable and is this many times as long to begin with will not become short.
HOPELESS = 2.0
# y (1 − y) says more than y − y², though it takes a little more ink.
FACTOR_TOLERANCE = 1.5
# Further inside, what stands for a part is no shorter than the part.
MAX_LEVELS = 10
# The largest formula, in nodes, for which resultants are tried: of a larger one nothing comes out
# that is shorter than the derivative.
MAX_ELIMINATED = 80
_SLOPE = Symbol(" slope")


class OutputForm(Record):
    """f' written with the function's output.

    Attributes:
        claim: that f' is the form, in which ``output`` stands for f(x).
        output: that symbol.
        needs_variable: whether the variable is still in it.
        solved: what was solved for, as steps of kind ``solving``.
        rewriting: how the form was reached from f' once those parts were replaced.
        cases: for a piecewise function, one form (or ``None``) for each case.
        relation: where x was eliminated by a resultant, the sides of the equation that is left
            between the output and y' (an unknown function without arguments).
    """

    claim: Step
    output: Symbol
    needs_variable: bool
    solved: tuple[Step, ...] = ()
    rewriting: tuple[Step, ...] = ()
    cases: tuple[OutputForm | None, ...] = ()
    relation: tuple[Expr, Expr] | None = None

    @property
    def expr(self) -> Expr:
        """The form itself."""
        return self.claim.after

    @property
    def steps(self) -> tuple[Step, ...]:
        """All that is claimed, the form last."""
        return (*self.solved, *self.rewriting, self.claim)


Holds = Callable[[Expr, OutputForm], bool]
"""Whether the derivative of a function (or of one of its cases) is such a form everywhere."""


def output_form(
    function: Expr,
    derivative: Expr,
    variable: Symbol,
    output: Symbol,
    tidier: Tidier,
    holds: Holds,
) -> OutputForm | None:
    """The derivative by the function's own output, or ``None`` if none was found that holds.

    A form that keeps the variable is returned only if it takes less ink than ``derivative`` or
    is free of the transcendental parts of the function.
    """
    if size(function, derivative) > MAX_NODES:
        return None
    if isinstance(function, Piecewise):
        return _case_by_case(function, derivative, variable, output, tidier, holds)
    if not depends_on(derivative, variable):
        return None
    if tidier.is_positive(function):
        tidier.assume_positive(output)
    with_variable: list[tuple[tuple[bool, float], OutputForm]] = []
    seen: set[Expr] = set()
    bound = HOPELESS * tidier.cost(derivative) + 10
    for solving, candidate in _candidates(function, derivative, variable, output, tidier):
        replaced = tidier.tidy(candidate)
        if replaced in seen or (tidier.cost(replaced) > bound and depends_on(replaced, variable)):
            continue
        seen.add(replaced)
        form = _finish(candidate, derivative, variable, output, tidier)
        nodes = postorder(form.expr)
        if output not in nodes or any(
            isinstance(node, Call) and node.name in UNWELCOME for node in nodes
        ):
            continue
        if not form.needs_variable:
            form = _with_solved(form, solving(), variable)
            if holds(function, form):
                return form
        elif _welcome(form.expr, derivative, variable, tidier):
            key = _transcendental(form.expr, variable), tidier.cost(form.expr)
            with_variable.append((key, _with_solved(form, solving(), variable)))
    without = _by_resultant(function, derivative, variable, output, tidier)
    ranked = [form for _, form in sorted(with_variable, key=itemgetter(0))]
    return next((form for form in chain(without, ranked) if holds(function, form)), None)


def _by_resultant(
    function: Expr, derivative: Expr, variable: Symbol, output: Symbol, tidier: Tidier
) -> Iterator[OutputForm]:
    """The forms that are left when the variable is eliminated between a part of f and f'."""
    if size(function, derivative) > MAX_ELIMINATED or two_valued(function, derivative, variable):
        return
    bound = HOPELESS * tidier.cost(derivative) + 10
    value, slope = Symbol(" value"), Unknown(output.name, (1,), ())
    levels = list(islice(inner_parts(function, variable, output, tidier), MAX_LEVELS))
    for level in reversed(levels):
        found = eliminate(level.inner, derivative, variable, value, _SLOPE, tidier)
        if found is None or tidier.cost(found.solution) > bound:
            continue
        back: dict[Expr, Expr] = {value: level.value}
        left, right = (tidier.tidy(substitute(side, back)) for side in (found.left, found.right))
        start = tidier.tidy(substitute(found.solution, back))
        rewriting = simplify(start, variable, tidier)
        expr = rewriting[-1].after if rewriting else start
        relates = substitute(left, {_SLOPE: derivative})
        solved = Step("solving", "eliminate", relates, right, variable, output=output)
        relation = substitute(left, {_SLOPE: slope}), right
        claim = _claim(derivative, expr, variable, output)
        yield OutputForm(claim, output, False, (solved,), tuple(rewriting), relation=relation)


def _claim(derivative: Expr, expr: Expr, variable: Symbol, output: Symbol) -> Step:
    return Step("rewriting", "output-form", derivative, expr, variable, output=output)


def _with_solved(form: OutputForm, solved: tuple[Solved, ...], variable: Symbol) -> OutputForm:
    steps = (
        Step("solving", "solve", row.inner, row.value, variable, output=form.output)
        for row in solved
    )
    return form.replaced(solved=tuple(steps))


def _welcome(expr: Expr, derivative: Expr, variable: Symbol, tidier: Tidier) -> bool:
    allowed = 0.0 if _transcendental(expr, variable) else 3.0
    return tidier.cost(expr) < tidier.cost(derivative) + allowed


def _transcendental(expr: Expr, variable: Symbol) -> bool:
    """Whether a function, other than |x| and sign x, is still taken of the variable."""
    return any(
        isinstance(node, Call) and node.name not in ("abs", "sign")
        for node in dependents(expr, variable)
    )


def _finish(
    replaced: Expr, derivative: Expr, variable: Symbol, output: Symbol, tidier: Tidier
) -> OutputForm:
    rewriting = simplify(replaced, variable, tidier)
    expr = rewriting[-1].after if rewriting else replaced
    factored = _factored(expr, tidier)
    if factored is not expr and tidier.cost(factored) <= tidier.cost(expr) + FACTOR_TOLERANCE:
        rewriting.append(Step("rewriting", "factor", expr, factored, variable, reasons=("factor",)))
        expr = factored
    # What leads back to where it was is not worth telling.
    rewriting = rewriting[: next((i for i, s in enumerate(rewriting) if s.before is expr), None)]
    claim = _claim(derivative, expr, variable, output)
    return OutputForm(claim, output, depends_on(expr, variable), rewriting=tuple(rewriting))


def _factored(expr: Expr, tidier: Tidier) -> Expr:
    """The factored form, or ``expr`` itself where that is certain to cost too much."""
    try:
        writer, ratio = tidier.fraction(expr)
    except TooLargeError:
        return expr
    if Ink(writer, {}, tidier.costs).factored(ratio) > tidier.cost(expr) + FACTOR_TOLERANCE:
        return expr
    return tidier.tidy(writer.expression(ratio, factored=True))


Solving = Callable[[], tuple[Solved, ...]]
"""Gives what is solved for; it is not called for the many candidates that are given up."""


def _candidates(
    function: Expr, derivative: Expr, variable: Symbol, output: Symbol, tidier: Tidier
) -> Iterator[tuple[Solving, Expr]]:
    """Ways to bring the output into the derivative: what is solved for, and the result."""
    derivative = _related(function, derivative)
    levels: list[Solved] = []
    seen: set[Expr] = {derivative}
    for solved in islice(inner_parts(function, variable, output, tidier), MAX_LEVELS):
        levels.append(solved)
        if solved.inner is variable and len(levels) > 1 and solved.value is output:
            break
        replaced = substitute(derivative, {row.inner: row.value for row in levels})
        if replaced not in seen and output in (symbols := set(postorder(replaced))):
            seen.add(replaced)
            occurring = set(postorder(derivative))
            used = tuple(row for row in levels if row.inner in occurring)
            # With the variable left it has to be a simpler one: −2xy² for 1/(1 + x²).
            if (
                variable not in symbols
                or len(levels) == 1
                or not _transcendental(replaced, variable)
                or tidier.cost(replaced) < tidier.cost(derivative)
            ):
                yield partial(_needed, list(levels), used), replaced
    for level in list(levels):
        absolute = _absolute(level.inner, tidier)
        if absolute is not None:
            size_ = call("abs", level.value)
            for part in inner_parts(absolute, variable, output, tidier):
                value = tidier.tidy(substitute(part.value, {output: size_}))
                levels.append(Solved(part.inner, value))
    for solved in reversed(levels):
        yield from _eliminations(solved, derivative, variable, tidier)


def _related(function: Expr, derivative: Expr) -> Expr:
    """The derivative with squares of one function written by the one that ``function`` has.

    1/cos² is 1 + tan² beside a tangent, cosh is √(1 + sinh²) beside a hyperbolic sine.
    """
    mapping: dict[Expr, Expr] = {}
    for node in postorder(function):
        if isinstance(node, Call) and node.name in RELATIVES:
            mapping |= dict(RELATIVES[node.name](node))
    return substitute(derivative, mapping) if mapping else derivative


def _square(name: str, node: Call) -> Expr:
    return call(name, *node.args) ** 2


RELATIVES: dict[str, Callable[[Call], list[tuple[Expr, Expr]]]] = {
    "tan": lambda f: [(_square("cos", f), 1 / (1 + f**2))],
    "cot": lambda f: [(_square("sin", f), 1 / (1 + f**2))],
    "coth": lambda f: [(_square("sinh", f), 1 / (f**2 - 1))],
    "sinh": lambda f: [(call("cosh", *f.args), call("sqrt", 1 + f**2))],
}
"""Pythagorean relations by which a function's derivative is written with the function."""


def _needed(levels: list[Solved], used: tuple[Solved, ...]) -> tuple[Solved, ...]:
    """The levels on the way to the innermost one used, without the function itself."""
    if not used:
        return ()
    last = levels.index(used[-1])
    return tuple(levels[1 : last + 1])


def _absolute(function: Expr, tidier: Tidier) -> Expr | None:
    """|f| for a product or quotient whose parts have known signs, else ``None``."""
    if not any(isinstance(node, Call) and node.name == "abs" for node in postorder(function)):
        return None
    match function:
        case Quotient(top, bottom) if tidier.is_positive(bottom):
            return Quotient(tidier.tidy(call("abs", top)), bottom)
        case Product(args):
            sizes = (a if tidier.is_positive(a) else call("abs", a) for a in args)
            return tidier.tidy(Product(tuple(s for s in sizes if not _is_sign(s))))
    return None


def _is_sign(size: Expr) -> bool:
    """|sign u|, which is 1 where it matters."""
    inner = size.args[0] if size.args else size
    return isinstance(inner, Call) and inner.name == "sign"


def _eliminations(
    level: Solved, derivative: Expr, variable: Symbol, tidier: Tidier
) -> Iterator[tuple[Solving, Expr]]:
    """Eliminate one kernel between level.inner = level.value and the derivative.

    It is enough that level.inner is a fraction of degree one in a power of the kernel.
    """
    stand_in = Symbol(" value")
    try:
        field = Field(level.inner, derivative, stand_in)
        relation, target = field.ratio(level.inner), field.ratio(derivative)
    except TooLargeError:
        return
    value = field.ratio(stand_in).top
    for position, kernel in enumerate(field.kernels):
        expr = kernel.rest if isinstance(kernel, Exponential) else kernel
        if expr is stand_in or not depends_on(expr, variable):
            continue
        step = _common_step(position, relation)
        if step == 0 or _common_step(position, target) % step:
            continue
        pair = _solve_linear(field, position, step, relation, value)
        if pair is None:
            continue
        top, bottom = pair
        try:
            ratio = _substitute_kernel(field, position, step, target, top, bottom)
        except TooLargeError:
            continue
        result = FieldWriter(field).expression(ratio, factored=True)
        known = {stand_in: level.value}
        part = FieldWriter(field).kernel_power(position, step)
        solving = partial(_eliminated, part, field, top, bottom, known, tidier)
        yield solving, substitute(result, known)


def _eliminated(
    part: Expr,
    field: Field,
    top: fmpq_mpoly,
    bottom: fmpq_mpoly,
    known: dict[Symbol, Expr],
    tidier: Tidier,
) -> tuple[Solved]:
    """The part that was eliminated, and the fraction that it equals."""
    found = FieldWriter(field).expression(field.cancelled(top, bottom), factored=True)
    return (Solved(part, tidier.tidy(substitute(found, known))),)


def _common_step(position: int, ratio: Ratio) -> int:
    """The largest d such that only powers of kernel^d occur; 0 if the kernel does not."""
    return gcd(*(int(e[position]) for p in (ratio.top, ratio.bottom) for e in p.monoms()))


def _solve_linear(
    field: Field, position: int, step: int, ratio: Ratio, value: fmpq_mpoly
) -> tuple[fmpq_mpoly, fmpq_mpoly] | None:
    """K = kernel^step from (a + bK)/(c + dK) = value, as numerator and denominator."""
    above = field.by_powers(position, ratio.top)
    below = field.by_powers(position, ratio.bottom)
    if max(above, default=0) > step or max(below, default=0) > step:
        return None
    zero = field.context.constant(0)
    a, b = above.get(0, zero), above.get(step, zero)
    c, d = below.get(0, zero), below.get(step, zero)
    top, bottom = a - value * c, value * d - b
    if bottom.is_zero() or top.is_zero():
        return None
    return top, bottom


def _substitute_kernel(
    field: Field, position: int, step: int, target: Ratio, top: fmpq_mpoly, bottom: fmpq_mpoly
) -> Ratio:
    """The target with kernel^step replaced by top/bottom, in lowest terms."""
    above = field.by_powers(position, target.top)
    below = field.by_powers(position, target.bottom)
    highest = max([*above, *below]) // step
    if highest > 12:
        raise TooLargeError

    def homogeneous(rows: dict[int, fmpq_mpoly]) -> fmpq_mpoly:
        total = field.context.constant(0)
        for degree, coefficient in rows.items():
            times = degree // step
            factors = polynomial_power(top, times), polynomial_power(bottom, highest - times)
            if len(coefficient) * len(factors[0]) * len(factors[1]) > 100 * MAX_TERMS:
                raise TooLargeError
            total = total + coefficient * factors[0] * factors[1]
            if len(total) > MAX_TERMS:
                raise TooLargeError
        return total

    denominator = homogeneous(below)
    if denominator.is_zero():
        raise TooLargeError
    return field.cancelled(homogeneous(above), denominator)


def _case_by_case(
    function: Piecewise,
    derivative: Expr,
    variable: Symbol,
    output: Symbol,
    tidier: Tidier,
    holds: Holds,
) -> OutputForm | None:
    """One form for each case; a case without one keeps the derivative as it is."""
    if not isinstance(derivative, Piecewise) or len(derivative.values) != len(function.values):
        return None
    forms = tuple(
        # What is known of the output in one case is not known in another.
        output_form(part, slope, variable, output, tidier.copy(), holds)
        for part, slope in zip(function.values, derivative.values, strict=True)
    )
    if not any(forms):
        return None
    values = [
        slope if form is None else form.expr
        for form, slope in zip(forms, derivative.values, strict=True)
    ]
    expr = derivative.with_values(values)
    needs = any(depends_on(value, variable) for value in values)
    solved = tuple(step for form in forms if form for step in form.solved)
    rewriting = tuple(step for form in forms if form for step in form.rewriting)
    claim = _claim(derivative, expr, variable, output)
    form = OutputForm(claim, output, needs, solved, rewriting, forms)
    return form if holds(function, form) else None
