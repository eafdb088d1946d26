"""How one differentiation is told: the parts named, each rule quoted where it is first used.

The graph of steps is walked from the outside in. No part is derived twice: the second time it is
referred back to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from chainrule.differentiate.derivation import Step
from chainrule.differentiate.rules import BY_NAME_OF_RULE
from chainrule.document.blocks import (
    Chain,
    Derivative,
    Display,
    Dots,
    Heading,
    Inline,
    InlinePiece,
    Name,
    Plus,
    Steps,
    Strong,
    Term,
    math,
)
from chainrule.document.phrases import joined
from chainrule.document.teller import LETTERS, Outer, Teller
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Call,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    call,
    substitute,
)

# Deeper parts are stated with their result only: a section 1.2.1.2.1.2.1 is read by nobody.
MAX_DEPTH = 6
# The parts of a product or a quotient are u and v wherever these are free.
PART_LETTERS = (*LETTERS[1:], "m")


class Section(NamedTuple):
    """A section, in which something is told.

    Attributes:
        number: its own, "" for the whole.
        depth: how many parts it is inside of.
    """

    number: str = ""
    depth: int = 0

    def part(self, i: int) -> Section:
        """The i-th section in it."""
        return Section(f"{self.number}.{i}" if self.number else str(i), self.depth + 1)

    @property
    def within(self) -> Section:
        """The same section, for a part without one of its own."""
        return Section(self.number, self.depth + 1)

    def heading(self, *title: InlinePiece) -> Heading:
        """What stands above it."""
        return Heading(3 if "." in self.number else 2, title, self.number)


WHOLE = Section()


def tell(teller: Teller, step: Step, name: str, section: Section = WHOLE) -> None:
    """Tell how the function called ``name`` is differentiated, ending with its derivative."""
    rule = BY_NAME_OF_RULE.get(step.rule)
    if section.depth > MAX_DEPTH:
        teller.say("In the same way as above one finds")
        teller.show(teller.slope(name), step.after)
    elif rule is None or not rule.chain:
        _BY_RULE.get(step.rule, _cases)(teller, step, name, section)
    elif len(step.premises) > 1:
        _several(teller, step, name)
    elif step.premises[0].before is teller.variable:
        _direct(teller, step, name)
    else:
        _composition(teller, step, name, section)


def _part(teller: Teller, step: Step, name: str, title: Inline, section: Section) -> Expr:
    """One part under its own heading, or a reference to where it has been told.

    Returns its derivative, as it should appear where the parts are put together.
    """
    seen = teller.told.get(step)
    if seen is not None:
        slope = math(teller.slope(name), step.after)
        teller.say(*title, f" was done in section {seen}: ", slope)
        return step.after
    teller.blocks.append(section.heading(*title))
    tell(teller, step, name, section)
    teller.told[step] = section.number
    return step.after


# --- the chain rule -------------------------------------------------------------------------------
def _direct(teller: Teller, step: Step, name: str) -> None:
    """A single function of the variable itself."""
    outer = teller.outer(step, teller.variable)
    _outer_rule(teller, step)
    teller.show_result(name, step, outer.applied)


def _outer_rule(teller: Teller, step: Step) -> None:
    """How the outer function is differentiated."""
    if step.rule == "elementary":
        teller.say(*teller.sentence(step))
    elif step.rule in ("named", "unknown"):
        teller.fold(step)
    else:
        teller.quote(step.rule)


def _several(teller: Teller, step: Step, name: str) -> None:
    teller.say(
        "Several arguments vary at once, so differentiate by one at a time, multiply each by "
        "the derivative of that argument, and add up."
    )
    teller.show_result(name, step, *([step.applied] if step.applied is not None else []))


def _composition(teller: Teller, step: Step, name: str, section: Section) -> None:
    inner = step.premises[0]
    letter = teller.letter(inner.before)
    outer = teller.outer(step, letter)
    again = "Chain rule" in teller.quoted
    if again:
        teller.say("Again a composition:")
    else:
        question: Inline = (
            (Strong("What kind of function is it?"), " ") if not section.depth else ()
        )
        teller.say(*question, "A composition. ", *_what_happens(teller, step), " Name the inside:")
    teller.blocks.append(
        Display(Chain((Name(name), outer.expr, letter, inner.before), ("=", ",", "=")))
    )
    if not again:
        teller.quote("elementary")
    teller.show(teller.slope(name), Dots(_two_slopes(teller, name, letter)))
    if section.depth == 0:
        x, m = math(teller.variable), math(letter)
        teller.say("So there are three things to do:")
        first = ("differentiate ", math(outer.expr), " with respect to ", m, ";")
        second = ("differentiate ", math(inner.before), " with respect to ", x, ";")
        teller.blocks.append(Steps((first, second, ("multiply.",))))
    _outer_section(teller, step, name, outer, letter, section.part(1))
    title = ("The inner function, ", math(inner.before))
    _part(teller, inner, letter.name, title, section.part(2))
    teller.blocks.append(section.part(3).heading("Multiply"))
    back = substitute(outer.slope, {letter: inner.before})
    signs = _is_negative(back) and _is_negative(inner.after)
    reasons = ("two-signs",) if signs else ()
    teller.show_result(name, step, Dots((back, inner.after)), reasons=reasons)


def _two_slopes(teller: Teller, name: str, letter: Symbol) -> tuple[Term, Term]:
    """Those of the outer and the inner function, in which dm cancels if it is written."""
    if teller.primed:
        return Name(name, (letter,), 1), Name(letter.name, (), 1)
    by = ((teller.variable.name, 1),)
    return (
        Derivative(name, ((letter.name, 1),), cancel_below=True),
        Derivative(letter.name, by, partial=teller.partial, cancel_above=True),
    )


def _outer_section(
    teller: Teller, step: Step, name: str, outer: Outer, letter: Symbol, section: Section
) -> None:
    teller.blocks.append(section.heading("The outer function, ", math(outer.expr)))
    _outer_rule(teller, step)
    back = substitute(outer.slope, {letter: step.premises[0].before})
    terms: list[Term] = [teller.slope(name, letter)]
    for expr in (outer.applied, outer.slope, back):
        if expr is not terms[-1]:
            terms.append(expr)
    teller.show(*terms)


def _what_happens(teller: Teller, step: Step) -> Inline:
    """What the outer function does, for somebody who has not seen a composition yet."""
    x = math(teller.variable)
    and_it: Inline = (", and that something depends on ", x, ".")
    match step.rule:
        case "reciprocal":
            return ("Something is raised to the power ", math(MINUS_ONE), *and_it)
        case "power" if step.before.args[1] is TWO:
            return ("Something is squared", *and_it)
        case "power":
            return ("Something is raised to the power ", math(step.before.args[1]), *and_it)
        case "exponential":
            return (math(step.before.args[0]), " is raised to a power that depends on ", x, ".")
        case "elementary":
            assert isinstance(step.before, Call)
            title = BY_NAME[step.before.name].title
            return (f"{title[0].upper()}{title[1:]} is taken of something", *and_it)
    return ("A function is taken of something", *and_it)


# --- the other rules ------------------------------------------------------------------------------
def _at_once(teller: Teller, step: Step, name: str, section: Section) -> None:
    teller.show(teller.slope(name), step.after)


def _sum(teller: Teller, step: Step, name: str, section: Section) -> None:
    teller.quote("sum")
    by_node = {premise.before: premise for premise in step.premises}
    written: list[Term] = []
    told = 0
    for term in step.before.args:
        premise = by_node.get(term)
        if premise is None:
            written.append(ZERO)
        elif not teller.is_easy(premise):
            told += 1
            letter = teller.letter(term)
            title: Inline = ("The term ", math(letter, term))
            written.append(_part(teller, premise, letter.name, title, section.part(told)))
        elif teller.weight(premise) == 0:
            written.append(premise.after)
        else:
            sentence, literal = teller.clause(premise)
            teller.say(*sentence)
            written.append(literal)
    if told:
        teller.blocks.append(section.part(told + 1).heading("Add up"))
    teller.show_result(name, step, Plus(tuple(written)))


def _multiple(teller: Teller, step: Step, name: str, section: Section) -> None:
    premise = step.premises[0]
    node = step.before
    if teller.weight(premise) == 0:
        teller.show(teller.slope(name), step.after)
        return
    if isinstance(node, Product) and node.args[0] is MINUS_ONE and len(node.args) == 2:
        teller.say("The minus sign stays in front.")
    else:
        teller.quote(step.rule)
    literal: Term
    if teller.is_easy(premise):
        sentence, literal = teller.clause(premise)
        teller.say(*sentence)
    else:
        letter = teller.letter(premise.before)
        teller.say("What is left to differentiate is ", math(letter, premise.before), ".")
        tell(teller, premise, letter.name, section.within)
        literal = premise.after
    if isinstance(node, Quotient):
        teller.show_result(name, step, Quotient(premise.after, node.args[1]))
    else:
        factors = (literal if a is premise.before else a for a in node.args)
        teller.show_result(name, step, Dots(tuple(factors)))


def _named_parts(
    teller: Teller, step: Step, parts: list[Expr], section: Section, words: str
) -> dict[Expr, Expr]:
    """Give each part a letter, say so, and differentiate each; the derivatives by part."""
    by_node = {premise.before: premise for premise in step.premises}
    named = [(teller.letter(part, PART_LETTERS), part) for part in parts]
    teller.say(f"{words} ", *joined((math(letter, part),) for letter, part in named), ".")
    teller.quote(step.rule)
    slopes: dict[Expr, Expr] = {}
    told = 0
    for letter, part in named:
        premise = by_node[part]
        if teller.is_easy(premise):
            if premise.rule == "named":
                teller.fold(premise)
            elif teller.weight(premise):
                sentence, _ = teller.clause(premise)
                teller.say(*sentence)
            teller.show(teller.slope(letter.name), premise.after)
            slopes[part] = premise.after
        else:
            told += 1
            title: Inline = ("The derivative of ", math(letter, part))
            slopes[part] = _part(teller, premise, letter.name, title, section.part(told))
    if told:
        teller.blocks.append(section.part(told + 1).heading("Put together"))
    return slopes


def _product(teller: Teller, step: Step, name: str, section: Section) -> None:
    dependent = {premise.before for premise in step.premises}
    factors = list(step.before.args)
    parts = [factor for factor in dict.fromkeys(factors) if factor in dependent]
    slopes = _named_parts(teller, step, parts, section, "A product, of")
    terms: list[Expr] = []
    for i, factor in enumerate(factors):
        if factor in dependent:
            row = [*factors]
            row[i] = slopes[factor]
            # In (x sin x)′ = 1·sin x + … the 1 says what became of x; not in 5·1 sin x + ….
            if slopes[factor] is ONE and i and not dependent.intersection(factors[:i]):
                del row[i]
            terms.append(Product(tuple(row)) if len(row) > 1 else row[0])
    teller.show_result(name, step, Sum(tuple(terms)) if len(terms) > 1 else terms[0])


def _quotient(teller: Teller, step: Step, name: str, section: Section) -> None:
    top, bottom = step.before.args
    dependent = {premise.before for premise in step.premises}
    parts = [part for part in dict.fromkeys((top, bottom)) if part in dependent]
    slopes = _named_parts(teller, step, parts, section, "A quotient, with")
    up, down = slopes.get(top, ZERO), slopes.get(bottom, ZERO)
    above = Sum((Product((up, bottom)), Product((MINUS_ONE, top, down))))
    teller.show_result(name, step, Quotient(above, Power(bottom, TWO)))


def _general_power(teller: Teller, step: Step, name: str, section: Section) -> None:
    base, exponent = step.before.args
    logarithm = call("log", base)
    teller.say("Both the base and the exponent depend on ", math(teller.variable), ".")
    teller.quote("general-power")
    teller.show(Name(name), call("exp", Product((exponent, logarithm))))
    for premise in step.premises:
        if not teller.is_easy(premise):
            letter = teller.letter(premise.before)
            teller.say("Here ", math(letter, premise.before), ":")
            tell(teller, premise, letter.name, section.within)
    slopes = {premise.before: premise.after for premise in step.premises}
    up, down = slopes.get(exponent, ZERO), slopes.get(base, ZERO)
    inside = Sum((Product((up, logarithm)), Product((exponent, Quotient(down, base)))))
    teller.show_result(name, step, Product((step.before, inside)))


def _cases(teller: Teller, step: Step, name: str, section: Section) -> None:
    teller.quote(step.rule)
    hard = [p for p in step.premises if not teller.is_easy(p)]
    what = "case" if isinstance(step.before, Piecewise) else "part"
    for i, premise in enumerate(hard, start=1):
        letter = teller.letter(premise.before)
        title: Inline = (f"The {what} ", math(letter, premise.before))
        _part(teller, premise, letter.name, title, section.part(i))
    for premise in step.premises:
        if premise not in hard and teller.weight(premise):
            sentence, _ = teller.clause(premise)
            teller.say(*sentence)
    teller.show_result(name, step)


def _is_negative(expr: Expr) -> bool:
    first = expr.args[0] if isinstance(expr, Product) else expr
    return isinstance(first, Number) and first.value < 0


_BY_RULE: dict[str, Callable[[Teller, Step, str, Section], None]] = {
    "variable": _at_once,
    "constant": _at_once,
    "sum": _sum,
    "constant-multiple": _multiple,
    "constant-divisor": _multiple,
    "product": _product,
    "quotient": _quotient,
    "general-power": _general_power,
}
"""The rules that are no chain rules; ``_cases`` serves for those that are not named."""
