"""The walk-through of a derivation: what is said, in which order.

The shape is that of an article a person would write: the function and a value to try, the
rewriting that prepares the work, what kind of function it is, the parts one after the other,
the simplification, the form by the function's own output, and what was checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from chainrule.deriving.derivation import Derivation
from chainrule.deriving.problem import Problem, fresh_letter, names
from chainrule.deriving.stages import Stage
from chainrule.differentiate.derivation import Step
from chainrule.document.blocks import (
    Block,
    Boxed,
    Bullets,
    Derivative,
    Display,
    Document,
    Heading,
    Inline,
    InlinePiece,
    Math,
    Name,
    Paragraph,
    Term,
    equation,
    math,
)
from chainrule.document.calculator import to_try
from chainrule.document.checks import checked_blocks, failure_blocks
from chainrule.document.inverse import inverse_blocks
from chainrule.document.kinks import kink_blocks, where_it_divides
from chainrule.document.phrases import because, how_it_was_read, joined, look_alike, operations
from chainrule.document.style import Style
from chainrule.document.teller import Teller
from chainrule.document.telling import tell
from chainrule.errors import InputError
from chainrule.expr.catalogue import Entry
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    Call,
    Comparison,
    Expr,
    Piecewise,
    Power,
    Product,
    Symbol,
    depends_on,
    postorder,
    size,
    symbols,
)
from chainrule.expr.relations import MIRRORED
from chainrule.parsing.definitions import definition, expand_all
from chainrule.rewrite.demands import demands
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.output_form import OutputForm

# Each part may get a step of its own; a walk through more of them is pages that nobody reads.
MAX_TOLD = 150
# Characters of a formula that a heading has room for, beside what stands before it on a line of 80.
LONGEST_IN_HEADING = 36


def narrate(
    derivation: Derivation, style: Style | None = None, at: Mapping[Symbol, Expr] | None = None
) -> Document:
    """The walk-through of a derivation.

    Args:
        derivation: what to tell.
        style: how much to say and in whose notation.
        at: values for the variable and other letters, for the calculator example.

    Raises:
        InputError: the formula is too large for anybody to read a walk-through of it.
    """
    style = style or Style()
    problem = derivation.problem
    nodes = size(expand_all(problem.function))
    if nodes > MAX_TOLD:
        raise InputError(
            f"the formula has {nodes:,} parts; a walk-through is written for up to {MAX_TOLD:,}",
            hint="`chainrule diff --form raw` gives the derivative",
        )
    arguments = problem.arguments or (problem.variables[0],)
    whole = Name(problem.name, arguments)
    blocks = _title(whole, problem.function)
    if problem.entry is not None:
        blocks.append(Paragraph(_introduction(problem)))
    blocks += how_it_was_read(problem.notes)
    if derivation.letter != problem.name:
        blocks.append(Paragraph(("Write ", math(Name(derivation.letter), whole), " for short.")))
    if derivation.verdict.word == "wrong":
        blocks += failure_blocks(derivation)
        return Document(f"The derivative of {_plain_title(problem)}", tuple(blocks))
    blocks += to_try(derivation, whole, at or {})
    for i, stage in enumerate(derivation.stages, start=1):
        blocks += _stage(derivation, stage, i, style)
    if derivation.order > 1:
        blocks.append(Paragraph(("All in all:",)))
        blocks.append(Display(equation(_whole_slope(derivation, style), derivation.derivative)))
    blocks += kink_blocks(derivation)
    blocks += _by_itself(derivation)
    blocks += checked_blocks(derivation)
    return Document(f"The derivative of {_plain_title(problem)}", tuple(blocks))


def _title(whole: Name, function: Expr) -> list[Block]:
    """A heading with the formula, or before it if it is a large one."""
    large = any(isinstance(node, Piecewise) for node in postorder(function))
    if large or len(str(function)) > LONGEST_IN_HEADING:
        return [Heading(1, ("The derivative of ", math(whole))), Display(equation(whole, function))]
    return [Heading(1, ("The derivative of ", math(whole, function)))]


def _whole_slope(derivation: Derivation, style: Style) -> Term:
    """The derivative of the whole: d²f/dx², ∂²f/∂x∂y, or f″."""
    problem = derivation.problem
    if style.notation == "lagrange" and not problem.partial:
        return Name(derivation.letter, (), derivation.order)
    counts = Counter(reversed(problem.variables))
    by = tuple((variable.name, count) for variable, count in counts.items())
    return Derivative(derivation.letter, by, partial=problem.partial)


def _plain_title(problem: Problem) -> str:
    if problem.entry is not None:
        return problem.entry.title
    return f"{problem.name}({problem.variables[0].name}) = {problem.function}"


def _introduction(problem: Problem) -> Inline:
    entry = problem.entry
    assert entry is not None
    pieces: list[InlinePiece] = [f"This is the {entry.title}"]
    if entry.parameters:
        rows: list[Inline] = [(math(Symbol(p.name), p.value),) for p in entry.parameters]
        pieces += [", usually with ", *joined(rows)]
    if conditions := _conditions(entry):
        pieces += [", for ", *joined((math(condition),) for condition in conditions)]
    pieces.append(".")
    return tuple(pieces)


def _conditions(entry: Entry) -> list[Expr]:
    """Under which the formula of a row makes sense, each once: b > a is a < b."""
    found: list[Expr] = []
    for condition in definition(entry.name).conditions:
        turned = condition
        if isinstance(condition, Comparison) and len(condition.args) == 2:
            opposite = MIRRORED[condition.operators[0]]
            turned = Comparison((opposite,), condition.args[::-1])
        if condition not in found and turned not in found:
            found.append(condition)
    return found


def _stage(derivation: Derivation, stage: Stage, number: int, style: Style) -> list[Block]:
    """One differentiation, from the look at the function to the simplified derivative."""
    problem = derivation.problem
    blocks: list[Block] = []
    name = derivation.letter
    if derivation.order > 1:
        ordinal = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth")
        title = f"{ordinal[number - 1]} derivative" if number <= 6 else f"Derivative {number}"
        blocks.append(Heading(2, (title,)))
        if number > 1:
            own = {derivation.letter, problem.name, *(v.name for v in problem.variables)}
            name = fresh_letter(("g", "h", "w"), names(stage.function) | own)
            blocks.append(Paragraph(("Now differentiate ", math(Name(name), stage.function), ".")))
    teller = make_teller(derivation, stage, style)
    if stage.step.rule == "constant":
        words = (
            " does not occur in the formula, so nothing changes when it does: the derivative is "
        )
        if depends_on(stage.function, stage.variable):
            words = (
                " occurs in conditions only, so nothing changes when it does, but where one of "
                "them ceases to hold: between such points the derivative is "
            )
        blocks.append(Paragraph((math(stage.variable), words, math(stage.step.after), ".")))
        return blocks + _simplified(teller.slope(name), stage.rewriting)
    if style.detail == "brief":
        terms: list[Term] = [teller.slope(name), stage.step.applied or stage.step.after]
        if stage.step.after is not terms[-1]:
            terms.append(stage.step.after)
        blocks.append(Display(equation(*terms)))
    else:
        blocks += _prepared(stage, Name(name, problem.arguments or (stage.variable,)))
        tell(teller, stage.step, name)
        blocks += teller.blocks
        blocks += _inverse(derivation, teller, name)
    blocks += _simplified(teller.slope(name), stage.rewriting)
    if stage.discarded is not None:
        blocks.append(
            Paragraph(
                (
                    "It can be simplified, but what chainrule simplified it to is wrong, and is "
                    "left out. That is a bug of chainrule; please report it.",
                )
            )
        )
    return blocks


def _inverse(derivation: Derivation, teller: Teller, name: str) -> list[Block]:
    """For arcsin x and the like, at full length for arcsin of anything: why the rule is so."""
    function = derivation.function
    if derivation.inverse_claim is None or not isinstance(function, Call):
        return []
    argument = function.args[0]
    if argument is derivation.variable:
        inner = derivation.variable
    elif teller.style.detail == "full":
        inner = teller.letter(argument)
    else:
        return []
    value = Symbol(name)
    slopes = teller.slope(name, inner), teller.slope(inner.name, value)
    return inverse_blocks(function.name, value, inner, slopes)


def make_teller(
    derivation: Derivation, stage: Stage, style: Style, quoted: set[str] | None = None
) -> Teller:
    """A teller for one differentiation, which names nothing by a letter already in use."""
    problem = derivation.problem
    nested = quoted is not None
    taken = names(stage.function) | {derivation.letter, "e", "f"}
    taken |= {argument.name for argument in problem.arguments} | {derivation.output.name}
    return Teller(
        stage.variable,
        taken,
        style,
        tidy=Tidier().tidy,
        partial=problem.partial,
        fold_named=None if nested else lambda name, said: _named_walk(name, style, said),
        quoted=quoted,
    )


def _named_walk(name: str, style: Style, quoted: set[str]) -> tuple[Block, ...]:
    """The walk for a function of the catalogue, as it is told inside another walk."""
    if style.detail == "brief":
        return ()
    known = definition(name)
    derivation = Derivation(
        Problem(
            function=known.expr,
            variables=known.arguments[:1],
            name=known.entry.letter,
            arguments=known.arguments,
            entry=known.entry,
            defaults=known.defaults,
        )
    )
    stage = derivation.stages[0]
    teller = make_teller(derivation, stage, style, quoted)
    whole = Name(known.entry.letter, known.arguments)
    letter = derivation.letter
    written = (whole,) if letter == known.entry.letter else (Name(letter), whole)
    blocks: list[Block] = [Display(equation(*written, known.expr))]
    if _conditions(known.entry):
        blocks.append(Paragraph(_introduction(derivation.problem)))
    blocks += _prepared(stage, whole)
    tell(teller, stage.step, letter)
    blocks += teller.blocks
    blocks += _simplified(teller.slope(letter), stage.rewriting)
    blocks += _by_itself(derivation)
    return tuple(said for block in blocks for said in _without_heading(block))


def _without_heading(block: Block) -> tuple[Block, ...]:
    """A block as it stands in a fold: of a heading only the letter that it introduces is kept."""
    if not isinstance(block, Heading):
        return (block,)
    names = any(isinstance(piece, Math) and piece.chain.relations for piece in block.inline)
    return (Paragraph((*block.inline, ":")),) if names else ()


def _prepared(stage: Stage, whole: Name) -> list[Block]:
    """A reciprocal is written as a power before it is differentiated."""
    node = stage.function
    if stage.step.rule != "reciprocal":
        return []
    top, bottom = node.args
    power = Power(bottom, MINUS_ONE)
    written = power if top is ONE else Product((top, power))
    return [
        Paragraph(("Written as a power, the function is easier to take apart:",)),
        Display(equation(whole, written)),
    ]


def _simplified(slope: Term, rewriting: tuple[Step, ...]) -> list[Block]:
    """The simplification, one named rewriting at a time."""
    if not rewriting:
        return []
    blocks: list[Block] = [
        Display(equation(slope, step.before, step.after), because(step.reasons))
        for step in rewriting
        if not look_alike(step.before, step.after)
    ]
    return [Heading(2, ("Simplify",)), *blocks] if blocks else []


def _by_itself(derivation: Derivation) -> list[Block]:
    """The output form and how it was found."""
    form = derivation.output_form
    if form is None:
        return []
    output = form.output
    blocks: list[Block] = [Heading(2, ("By the function itself",))]
    if form.cases:
        return blocks + _case_forms(derivation, form) + _needed(derivation, form)
    pieces: list[InlinePiece] = []
    others = [s for s in symbols(form.expr) if s not in (output, derivation.variable)]
    if form.needs_variable:
        pieces.append("The result can be written with the function's own value")
    else:
        used = joined((math(letter),) for letter in (output, *others))
        pieces += ["The result can be written with nothing but ", *used]
    blocks.append(Paragraph((*pieces, ".")))
    blocks += _found(derivation, form) + _needed(derivation, form)
    # Parameters do not change from one input to the next, so nothing is kept of them.
    kept: list[Inline] = [(math(s),) for s in others if s not in derivation.problem.defaults]
    if form.needs_variable:
        x = math(derivation.variable)
        keep = joined([(x,), (math(output),), *kept])
        words: Inline = ("Here ", x, " is still needed: a backward pass in this form keeps ", *keep)
        blocks.append(Paragraph((*words, ".", *where_it_divides(derivation, form))))
    elif derivation.order == 1:
        keep = joined([("the output of the forward pass",), *kept])
        cost = operations(form.expr) or "nothing more"
        words = ("In backpropagation this means: keep ", *keep)
        blocks.append(Paragraph((*words, f", and the derivative costs {cost}.")))
    return blocks


def _primed(derivation: Derivation) -> Term:
    """y′, as long as that says by what."""
    return _whole_slope(derivation, Style(notation="lagrange"))


def _needed(derivation: Derivation, form: OutputForm) -> list[Block]:
    """What the form demands of other letters and the derivative does not: that a is not 0."""
    entry = derivation.problem.entry
    known = set(demands(derivation.function, derivation.derivative))
    rows: list[Inline] = []
    for condition in demands(form.expr):
        letters = set(symbols(condition))
        if condition in known or letters & {derivation.variable, form.output}:
            continue
        if entry is None or entry.allows(str(condition.args[0]), 0):
            rows.append((math(condition),))
    return [Paragraph(("This form needs ", *joined(rows), "."))] if rows else []


def _found(derivation: Derivation, form: OutputForm) -> list[Block]:
    """How the inner parts were solved for, and the substitution."""
    function, derivative = derivation.function, derivation.derivative
    blocks: list[Block] = []
    terms: list[Term] = [_primed(derivation), derivative]
    if form.relation is not None:
        left = _eliminated(function, form, derivative, derivation.letter)
        blocks.append(Paragraph(("Eliminate ", *left, ". So")))
        terms.pop()
    elif form.solved:
        blocks.append(Paragraph(("From ", *_solved_for(function, form), ". Substituting:")))
    start = form.rewriting[0].before if form.rewriting else form.expr
    for expr in (start, *(step.after for step in form.rewriting)):
        if expr is not terms[-1]:
            terms.append(expr)
    terms[-1] = Boxed(terms[-1])
    reasons = tuple(reason for step in form.rewriting for reason in step.reasons)
    blocks.append(Display(equation(*terms), because(dict.fromkeys(reasons))))
    return blocks


def _solved_for(function: Expr, form: OutputForm) -> list[InlinePiece]:
    """ "y = 1/m follows m = 1/y, and from that …" """
    pieces: list[InlinePiece] = [math(form.output, function)]
    for i, step in enumerate(form.solved):
        pieces += [", and from that " if i else " follows ", math(step.before, step.after)]
    return pieces


def _eliminated(function: Expr, form: OutputForm, derivative: Expr, name: str) -> list[InlinePiece]:
    """What is left of y = f(x) and y' = f'(x) without x."""
    assert form.relation is not None
    slope = Name(name, (), 1)
    return [
        math(form.solved[0].variable),
        " between ",
        math(form.output, function),
        " and ",
        math(slope, derivative),
        ", by a resultant, and what is left is ",
        math(*form.relation),
    ]


def _case_forms(derivation: Derivation, form: OutputForm) -> list[Block]:
    """The output form of each case that has one."""
    function, derivative = derivation.function, derivation.case_by_case
    assert isinstance(function, Piecewise)
    assert isinstance(derivative, Piecewise)
    conditions = [*(condition for _, condition in function.branches), None]
    slope_name = _primed(derivation)
    rows: list[Inline] = []
    for case, value, slope, condition in zip(
        form.cases, function.values, derivative.values, conditions, strict=False
    ):
        where: Inline = ("otherwise",) if condition is None else ("where ", math(condition))
        if case is None:
            rows.append((*where, ": ", math(slope_name, slope)))
            continue
        pieces: list[InlinePiece] = [*where, ": "]
        if case.relation is not None:
            pieces += ["eliminate ", *_eliminated(value, case, slope, derivation.letter)]
            rows.append((*pieces, ", so ", math(slope_name, case.expr)))
        else:
            pieces += ["from ", *_solved_for(value, case)]
            rows.append((*pieces, ", so ", math(slope_name, slope, case.expr)))
    return [Bullets(tuple(rows)), Display(equation(slope_name, Boxed(form.expr)))]
