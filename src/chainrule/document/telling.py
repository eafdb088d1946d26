"""How one differentiation is told: the parts named, each rule quoted where it is first used.

A ``Teller`` walks the graph of steps from the outside in. It never derives a part twice: the
second time it refers back. What a reader of the chosen detail sees at once is said in half a
sentence instead of a section.
"""

from __future__ import annotations

from collections.abc import Callable

from chainrule.differentiate.derivation import Step, ordered
from chainrule.differentiate.rules import BY_NAME_OF_RULE
from chainrule.document.blocks import (
    Block,
    Chain,
    Derivative,
    Display,
    Dots,
    Fold,
    Heading,
    Inline,
    InlinePiece,
    Name,
    Paragraph,
    Plus,
    Quote,
    Steps,
    Strong,
    Term,
    equation,
    math,
)
from chainrule.document.phrases import because, joined, look_alike
from chainrule.document.sentences import rule_in_words
from chainrule.document.style import Style
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
    postorder,
    substitute,
    symbols,
)
from chainrule.record import Record

# Deeper parts are stated with their result only.
MAX_DEPTH = 6
LETTERS = ("m", "u", "v", "w", "p", "q", "r", "s", "t", "k", "h", "g", "z", "b", "c", "d")
# The parts of a product or a quotient are u and v wherever these are free.
PART_LETTERS = (*LETTERS[1:], "m")


class Outer(Record):
    """The outer function of a composition, in the letter of its inner one.

    Attributes:
        expr: the function.
        applied: its derivative as the rule gives it.
        slope: its derivative tidied up.
    """

    expr: Expr
    applied: Term
    slope: Expr


class Teller:
    """Tells the derivation of one function into a list of blocks.

    Attributes:
        blocks: what has been told.
        letters: the letter given to each inner expression.
    """

    def __init__(
        self,
        variable: Symbol,
        taken: set[str],
        style: Style,
        *,
        tidy: Callable[[Expr], Expr],
        partial: bool = False,
        fold_named: Callable[[str, set[str]], tuple[Block, ...]] | None = None,
        quoted: set[str] | None = None,
    ) -> None:
        self.variable = variable
        self.style = style
        self.partial = partial
        self.blocks: list[Block] = []
        self.letters: dict[Expr, Symbol] = {}
        self._taken = set(taken)
        self._tidy = tidy
        self._told: dict[Step, str] = {}
        self._said: set[Expr] = set()
        self._quoted = quoted if quoted is not None else set()
        self._fold_named = fold_named

    # --- notation ----------------------------------------------------------------------------
    @property
    def primed(self) -> bool:
        """Whether derivatives are primes: with several arguments a prime would not say by which."""
        return self.style.notation == "lagrange" and not self.partial

    def slope(self, of: str, by: Symbol | None = None) -> Term:
        """The derivative of what is called ``of``: dσ/dx, or σ'."""
        by = by or self.variable
        if self.primed:
            return Name(of, (by,) if by is not self.variable else (), 1)
        return Derivative(of, ((by.name, 1),), partial=self.partial and by is self.variable)

    def _operator(self, expr: Expr) -> Derivative:
        """d/dx before an expression."""
        return Derivative(expr, ((self.variable.name, 1),), partial=self.partial)

    def letter(self, expr: Expr, letters: tuple[str, ...] = LETTERS) -> Symbol:
        """A letter of its own for a part, the same one every time."""
        known = self.letters.get(expr)
        if known is None:
            name = next((letter for letter in letters if letter not in self._taken), None)
            if name is None:
                name = next(f"m_{i}" for i in range(1, 10000) if f"m_{i}" not in self._taken)
            self._taken.add(name)
            known = self.letters[expr] = Symbol(name)
        return known

    def _say(self, *pieces: InlinePiece) -> None:
        self.blocks.append(Paragraph(pieces))

    def _show(self, *terms: Term, note: Inline = ()) -> None:
        self.blocks.append(Display(equation(*terms), note))

    def quote(self, rule: str) -> None:
        """Quote a rule the first time it is used."""
        row = BY_NAME_OF_RULE[rule]
        if row.title not in self._quoted:
            self._quoted.add(row.title)
            words: Inline = (row.words,)
            if row.statement is not None:
                before, after = row.statement
                # In letters of its own: by a variable called c the factor c is no constant.
                taken = {symbol.name for symbol in symbols(before, after)}
                by = self.variable.name if self.variable.name not in taken else "x"
                by = "u" if row.chain else by
                words = (f"{row.words[:-1]}: ", math(Derivative(before, ((by, 1),)), after), ".")
            self.blocks.append(Quote(row.title, words))

    # --- parts ----------------------------------------------------------------------------------
    def weight(self, step: Step) -> int:
        """How many steps below and with this one are more than linear."""
        return sum(not self._is_linear(part) for part in ordered(step))

    def _is_linear(self, step: Step) -> bool:
        return step.rule in ("variable", "constant", "constant-multiple", "constant-divisor") or (
            step.rule == "sum"
        )

    def _is_easy(self, step: Step) -> bool:
        limit = 0 if self.style.detail == "full" else 1
        return self.weight(step) <= limit

    def outer(self, step: Step, letter: Symbol) -> Outer:
        """The outer function of a chain-rule step with ``letter`` for its inner one."""
        from chainrule.deriving.derivation import named_slope

        rule, node = BY_NAME_OF_RULE[step.rule], step.before
        inner = step.premises[0].before
        expr = node.with_args(tuple(letter if arg is inner else arg for arg in node.args))
        slope = rule.slope(expr, letter, self.variable, named_slope)
        applied: Term = slope
        if rule.written is not None:
            expr, factors = rule.written(expr, letter)
            applied = Dots(factors)
        # A negative power stays one: that is how the rule for powers reads.
        kept = any(_is_negative_power(part, letter) for part in postorder(slope))
        return Outer(expr, applied, slope if kept else self._tidy(slope))

    def clause(self, step: Step) -> tuple[Inline, Term]:
        """An easy part in a sentence or two, and its derivative as it comes out of the rule."""
        node, after = step.before, step.after
        core = step
        while core.rule in ("constant-multiple", "constant-divisor", "sum"):
            core = next(p for p in core.premises if self.weight(p))
        literal: Term = after
        if step.rule == "constant-multiple" and core in step.premises:
            literal = node.with_args(
                tuple(core.after if arg is core.before else arg for arg in node.args)
            )
        if core.before in self._said:
            return ("As above, ", math(self._operator(core.before), core.after), "."), literal
        self._said.add(core.before)
        if not BY_NAME_OF_RULE[core.rule].chain or len(core.premises) != 1:
            return (math(self._operator(node), after), "."), literal
        inner = core.premises[0]
        if inner.before is self.variable:
            result = math(self._operator(core.before), core.after)
            if core.rule in ("named", "unknown"):
                return (result, "."), literal
            return (*self._sentence(core), " So ", result, "."), literal
        letter = self.letter(inner.before)
        outer = self.outer(core, letter)
        pieces: Inline = (
            math(core.before),
            " is a composition, ",
            math(outer.expr),
            " with ",
            math(letter, inner.before),
            ". ",
            *self._sentence(core),
            " And ",
            math(self.slope(letter.name), inner.after),
            ".",
        )
        return pieces, Dots((outer.applied, inner.after)) if core is step else literal

    def _sentence(self, step: Step) -> Inline:
        """The rule of the outer function, as a sentence with its full stop."""
        node = step.before
        match step.rule:
            case "elementary":
                assert isinstance(node, Call)
                return (rule_in_words(BY_NAME[node.name]),)
            case "named" | "unknown":
                letter = self.letter(step.premises[0].before)
                outer = self.outer(step, letter)
                by = ((letter.name, 1),)
                return ("Its derivative is ", math(Derivative(outer.expr, by), outer.slope), ".")
        return (BY_NAME_OF_RULE[step.rule].words,)

    def part(self, step: Step, name: str, title: Inline, number: str, depth: int) -> Expr:
        """One part under its own heading, or in half a sentence where it is easy.

        Returns its derivative, as it should appear where the parts are put together.
        """
        seen = self._told.get(step)
        if seen is not None:
            self._say(*title, f" was done in section {seen}: ", math(self.slope(name), step.after))
            return step.after
        self.blocks.append(Heading(3 if "." in number else 2, title, number))
        self.tell(step, name, number, depth)
        self._told[step] = number
        return step.after

    # --- the rules --------------------------------------------------------------------------------
    def tell(self, step: Step, name: str, number: str = "", depth: int = 0) -> None:
        """Tell how the function called ``name`` is differentiated, ending with its derivative."""
        rule = step.rule
        if depth > MAX_DEPTH:
            self._say("In the same way as above one finds")
            self._show(self.slope(name), step.after)
        elif BY_NAME_OF_RULE.get(rule) is not None and BY_NAME_OF_RULE[rule].chain:
            if len(step.premises) > 1:
                self._several(step, name)
            elif step.premises[0].before is self.variable:
                self._direct(step, name)
            else:
                self._composition(step, name, number, depth)
        else:
            self._by_rule(step, name, number, depth)

    def _by_rule(self, step: Step, name: str, number: str, depth: int) -> None:
        match step.rule:
            case "variable" | "constant":
                self._show(self.slope(name), step.after)
            case "sum":
                self._sum(step, name, number, depth)
            case "constant-multiple" | "constant-divisor":
                self._multiple(step, name, number, depth)
            case "product":
                self._product(step, name, number, depth)
            case "quotient":
                self._quotient(step, name, number, depth)
            case "general-power":
                self._general_power(step, name, number, depth)
            case _:
                self._cases(step, name, number, depth)

    def _direct(self, step: Step, name: str) -> None:
        """A single function of the variable itself."""
        outer = self.outer(step, self.variable)
        if step.rule in ("elementary", "named", "unknown"):
            self._say(*self._sentence(step)) if step.rule == "elementary" else None
            self._fold(step)
        else:
            self.quote(step.rule)
        self._show_result(name, step, outer.applied)

    def _show_result(
        self, name: str, step: Step, *written: Term, reasons: tuple[str, ...] = ()
    ) -> None:
        terms: list[Term] = [self.slope(name)]
        for term in (*written, step.after):
            if look_alike(term, terms[-1]):
                terms[-1] = term
            elif term != terms[-1] and not (term is not step.after and _same(term, step.after)):
                terms.append(term)
        self._show(*terms, note=because((*reasons, *step.reasons)) if len(terms) > 2 else ())

    def _several(self, step: Step, name: str) -> None:
        self._say(
            "Several arguments vary at once, so differentiate by one at a time, multiply each by "
            "the derivative of that argument, and add up."
        )
        self._show_result(name, step, *([step.applied] if step.applied is not None else []))

    def _composition(self, step: Step, name: str, number: str, depth: int) -> None:
        inner = step.premises[0]
        letter = self.letter(inner.before)
        outer = self.outer(step, letter)
        again = "Chain rule" in self._quoted
        if again:
            self._say("Again a composition:")
        else:
            question: Inline = (Strong("What kind of function is it?"), " ") if depth == 0 else ()
            self._say(*question, "A composition. ", *self._what_happens(step), " Name the inside:")
        self.blocks.append(
            Display(Chain((Name(name), outer.expr, letter, inner.before), ("=", ",", "=")))
        )
        if not again:
            self.quote("elementary")
        if self.primed:
            self._show(self.slope(name), Dots((Name(name, (letter,), 1), Name(letter.name, (), 1))))
        else:
            above = Derivative(name, ((letter.name, 1),), cancel_below=True)
            below = Derivative(
                letter.name,
                ((self.variable.name, 1),),
                partial=self.partial,
                cancel_above=True,
            )
            self._show(self.slope(name), Dots((above, below)))
        if depth == 0:
            self._plan(
                ("differentiate ", math(outer.expr), " with respect to ", math(letter), ";"),
                (
                    "differentiate ",
                    math(inner.before),
                    " with respect to ",
                    math(self.variable),
                    ";",
                ),
                ("multiply.",),
            )
        prefix = f"{number}." if number else ""
        self._outer_section(step, name, outer, letter, f"{prefix}1")
        self.part(
            inner,
            letter.name,
            ("The inner function, ", math(inner.before)),
            f"{prefix}2",
            depth + 1,
        )
        self.blocks.append(Heading(3 if prefix else 2, ("Multiply",), f"{prefix}3"))
        back = substitute(outer.slope, {letter: inner.before})
        signs = _is_negative(back) and _is_negative(inner.after)
        self._show_result(
            name,
            step,
            Dots((back, inner.after)),
            reasons=("two-signs",) if signs else (),
        )

    def _outer_section(
        self, step: Step, name: str, outer: Outer, letter: Symbol, number: str
    ) -> None:
        level = 3 if "." in number else 2
        self.blocks.append(Heading(level, ("The outer function, ", math(outer.expr)), number))
        if step.rule == "elementary":
            self._say(*self._sentence(step))
        elif step.rule in ("named", "unknown"):
            self._fold(step)
        else:
            self.quote(step.rule)
        back = substitute(outer.slope, {letter: step.premises[0].before})
        terms: list[Term] = [self.slope(name, letter)]
        for expr in (outer.applied, outer.slope, back):
            if expr is not terms[-1]:
                terms.append(expr)
        self._show(*terms)

    def _what_happens(self, step: Step) -> Inline:
        x = math(self.variable)
        match step.rule:
            case "reciprocal":
                return ("Something is raised to the power ", math(MINUS_ONE), *_and_it(x))
            case "power" if step.before.args[1] is TWO:
                return ("Something is squared", *_and_it(x))
            case "power":
                return ("Something is raised to the power ", math(step.before.args[1]), *_and_it(x))
            case "exponential":
                return (math(step.before.args[0]), " is raised to a power that depends on ", x, ".")
            case "elementary":
                assert isinstance(step.before, Call)
                title = BY_NAME[step.before.name].title
                return (f"{title[0].upper()}{title[1:]} is taken of something", *_and_it(x))
        return ("A function is taken of something", *_and_it(x))

    def _plan(self, *items: Inline) -> None:
        self._say("So there are ", f"{'three' if len(items) == 3 else len(items)} things to do:")
        self.blocks.append(Steps(items))

    def _fold(self, step: Step) -> None:
        node = step.before
        if step.rule == "named" and isinstance(node, Call) and self._fold_named is not None:
            if node.name in self._quoted:
                return
            self._quoted.add(node.name)
            blocks = self._fold_named(node.name, self._quoted)
            if blocks:
                name = math(node)
                self.blocks.append(Fold(("Where the derivative of ", name, " comes from"), blocks))

    def _sum(self, step: Step, name: str, number: str, depth: int) -> None:
        self.quote("sum")
        by_node = {premise.before: premise for premise in step.premises}
        written: list[Term] = []
        hard = [p for p in step.premises if not self._is_easy(p)]
        told = 0
        for term in step.before.args:
            premise = by_node.get(term)
            if premise is None:
                written.append(ZERO)
            elif premise in hard:
                told += 1
                letter = self.letter(term)
                title: Inline = ("The term ", math(letter, term))
                section = f"{number}.{told}" if number else str(told)
                written.append(self.part(premise, letter.name, title, section, depth + 1))
            elif self.weight(premise) == 0:
                written.append(premise.after)
            else:
                sentence, literal = self.clause(premise)
                self._say(*sentence)
                written.append(literal)
        if told:
            section = f"{number}.{told + 1}" if number else str(told + 1)
            self.blocks.append(Heading(3 if number else 2, ("Add up",), section))
        self._show_result(name, step, Plus(tuple(written)))

    def _multiple(self, step: Step, name: str, number: str, depth: int) -> None:
        premise = step.premises[0]
        node = step.before
        if self.weight(premise) == 0:
            self._show(self.slope(name), step.after)
            return
        if self._is_minus(node):
            self._say("The minus sign stays in front.")
        else:
            self.quote(step.rule)
        literal: Term
        if self._is_easy(premise):
            sentence, literal = self.clause(premise)
            self._say(*sentence)
        else:
            letter = self.letter(premise.before)
            self._say("What is left to differentiate is ", math(letter, premise.before), ".")
            self.tell(premise, letter.name, number, depth + 1)
            literal = premise.after
        if isinstance(node, Quotient):
            self._show_result(name, step, Quotient(premise.after, node.args[1]))
        else:
            factors = (literal if a is premise.before else a for a in node.args)
            self._show_result(name, step, Dots(tuple(factors)))

    @staticmethod
    def _is_minus(node: Expr) -> bool:
        return isinstance(node, Product) and node.args[0] is MINUS_ONE and len(node.args) == 2

    def _named_parts(
        self, step: Step, parts: list[Expr], number: str, depth: int, words: str
    ) -> dict[Expr, Expr]:
        """Give each part a letter, say so, and differentiate each; the derivatives by part."""
        by_node = {premise.before: premise for premise in step.premises}
        named = [(self.letter(part, PART_LETTERS), part) for part in parts]
        self._say(f"{words} ", *joined((math(letter, part),) for letter, part in named), ".")
        self.quote(step.rule)
        slopes: dict[Expr, Expr] = {}
        told = 0
        for letter, part in named:
            premise = by_node[part]
            if self._is_easy(premise):
                if premise.rule == "named":
                    self._fold(premise)
                elif self.weight(premise):
                    sentence, _ = self.clause(premise)
                    self._say(*sentence)
                self._show(self.slope(letter.name), premise.after)
                slopes[part] = premise.after
            else:
                told += 1
                section = f"{number}.{told}" if number else str(told)
                title: Inline = ("The derivative of ", math(letter, part))
                slopes[part] = self.part(premise, letter.name, title, section, depth + 1)
        if told:
            section = f"{number}.{told + 1}" if number else str(told + 1)
            self.blocks.append(Heading(3 if number else 2, ("Put together",), section))
        return slopes

    def _product(self, step: Step, name: str, number: str, depth: int) -> None:
        dependent = {premise.before for premise in step.premises}
        factors = list(step.before.args)
        parts = [factor for factor in dict.fromkeys(factors) if factor in dependent]
        slopes = self._named_parts(step, parts, number, depth, "A product, of")
        terms: list[Expr] = []
        for i, factor in enumerate(factors):
            if factor in dependent:
                row = [*factors]
                row[i] = slopes[factor]
                # In (x sin x)′ = 1·sin x + … the 1 says what became of x; not in 5·1 sin x + ….
                if slopes[factor] is ONE and i and not dependent.intersection(factors[:i]):
                    del row[i]
                terms.append(Product(tuple(row)) if len(row) > 1 else row[0])
        self._show_result(name, step, Sum(tuple(terms)) if len(terms) > 1 else terms[0])

    def _quotient(self, step: Step, name: str, number: str, depth: int) -> None:
        top, bottom = step.before.args
        dependent = {premise.before for premise in step.premises}
        parts = [part for part in dict.fromkeys((top, bottom)) if part in dependent]
        slopes = self._named_parts(step, parts, number, depth, "A quotient, with")
        up, down = slopes.get(top, ZERO), slopes.get(bottom, ZERO)
        written = Quotient(
            Sum((Product((up, bottom)), Product((MINUS_ONE, top, down)))),
            Power(bottom, Number(2)),
        )
        self._show_result(name, step, written)

    def _general_power(self, step: Step, name: str, number: str, depth: int) -> None:
        base, exponent = step.before.args
        self._say("Both the base and the exponent depend on ", math(self.variable), ".")
        self.quote("general-power")
        self._show(Name(name), call("exp", Product((exponent, call("log", base)))))
        for premise in step.premises:
            if not self._is_easy(premise):
                letter = self.letter(premise.before)
                self._say("Here ", math(letter, premise.before), ":")
                self.tell(premise, letter.name, number, depth + 1)
        by_node = {premise.before: premise.after for premise in step.premises}
        up, down = by_node.get(exponent, ZERO), by_node.get(base, ZERO)
        inside = Sum(
            (
                Product((up, call("log", base))),
                Product((exponent, Quotient(down, base))),
            )
        )
        self._show_result(name, step, Product((step.before, inside)))

    def _cases(self, step: Step, name: str, number: str, depth: int) -> None:
        self.quote(step.rule)
        hard = [p for p in step.premises if not self._is_easy(p)]
        for i, premise in enumerate(hard, start=1):
            letter = self.letter(premise.before)
            section = f"{number}.{i}" if number else str(i)
            title: Inline = ("The case ", math(letter, premise.before))
            if not isinstance(step.before, Piecewise):
                title = ("The part ", math(letter, premise.before))
            self.part(premise, letter.name, title, section, depth + 1)
        for premise in step.premises:
            if premise not in hard and self.weight(premise):
                sentence, _ = self.clause(premise)
                self._say(*sentence)
        self._show_result(name, step, *([step.applied] if step.applied is not None else []))


def _same(term: Term, result: Expr) -> bool:
    """Whether a product or sum spelled out looks like the result."""
    match term:
        case Dots(parts):
            kind: type[Expr] = Product
        case Plus(parts):
            kind = Sum
        case _:
            return term is result
    flat: list[Term] = []
    for part in parts:
        flat += part.args if isinstance(part, kind) else (part,)
    return type(result) is kind and tuple(flat) == result.args


def _is_negative(expr: Expr) -> bool:
    first = expr.args[0] if isinstance(expr, Product) else expr
    return isinstance(first, Number) and first.value < 0


def _is_negative_power(node: Expr, letter: Symbol) -> bool:
    match node:
        case Power(base, Number(value)):
            return base is letter and value < 0
    return False


def _and_it(x: InlinePiece) -> Inline:
    return (", and that something depends on ", x, ".")
