"""What is kept while one differentiation is told: letters, what was said, and the blocks.

What a reader of the chosen detail sees at once is said in half a sentence instead of a section.
"""

from __future__ import annotations

from collections.abc import Callable

from chainrule.differentiate.derivation import Step, ordered
from chainrule.differentiate.rules import BY_NAME_OF_RULE
from chainrule.document.blocks import (
    Block,
    Derivative,
    Display,
    Dots,
    Fold,
    Inline,
    InlinePiece,
    Name,
    Paragraph,
    Plus,
    Quote,
    Term,
    equation,
    math,
)
from chainrule.document.phrases import because, look_alike
from chainrule.document.sentences import rule_in_words
from chainrule.document.style import Style
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import (
    Call,
    Expr,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    postorder,
    symbols,
)
from chainrule.record import Record

LETTERS = ("m", "u", "v", "w", "p", "q", "r", "s", "t", "k", "h", "g", "z", "b", "c", "d")
_LINEAR = frozenset({"variable", "constant", "constant-multiple", "constant-divisor", "sum"})


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
    """Says things about the derivation of one function, and remembers what it said.

    Attributes:
        blocks: what has been told.
        letters: the letter given to each inner expression.
        told: the numbers of the sections of parts that have one.
        quoted: titles of rules and names of functions that were explained.
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
        self.told: dict[Step, str] = {}
        self._taken = set(taken)
        self._tidy = tidy
        self._said: set[Expr] = set()
        self.quoted = quoted if quoted is not None else set()
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

    def operator(self, expr: Expr) -> Derivative:
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

    def say(self, *pieces: InlinePiece) -> None:
        """A paragraph."""
        self.blocks.append(Paragraph(pieces))

    def show(self, *terms: Term, note: Inline = ()) -> None:
        """Terms that are equal, displayed."""
        self.blocks.append(Display(equation(*terms), note))

    def quote(self, rule: str) -> None:
        """Quote a rule the first time it is used."""
        row = BY_NAME_OF_RULE[rule]
        if row.title not in self.quoted:
            self.quoted.add(row.title)
            words: Inline = (row.words,)
            if row.statement is not None:
                before, after = row.statement
                # In letters of its own: by a variable called c the factor c is no constant.
                taken = {symbol.name for symbol in symbols(before, after)}
                by = self.variable.name if self.variable.name not in taken else "x"
                by = "u" if row.chain else by
                words = (f"{row.words[:-1]}: ", math(Derivative(before, ((by, 1),)), after), ".")
            self.blocks.append(Quote(row.title, words))

    def show_result(
        self, name: str, step: Step, *written: Term, reasons: tuple[str, ...] = ()
    ) -> None:
        """The derivative of what is called ``name``, as the rule gives it and tidied up."""
        terms: list[Term] = [self.slope(name)]
        for term in (*written, step.after):
            if look_alike(term, terms[-1]):
                terms[-1] = term
            elif term != terms[-1] and not (term is not step.after and _same(term, step.after)):
                terms.append(term)
        self.show(*terms, note=because((*reasons, *step.reasons)) if len(terms) > 2 else ())

    def fold(self, step: Step) -> None:
        """Where the derivative of a function of the catalogue comes from, folded away, once."""
        node = step.before
        if step.rule == "named" and isinstance(node, Call) and self._fold_named is not None:
            if node.name in self.quoted:
                return
            self.quoted.add(node.name)
            blocks = self._fold_named(node.name, self.quoted)
            if blocks:
                name = math(node)
                self.blocks.append(Fold(("Where the derivative of ", name, " comes from"), blocks))

    # --- parts ----------------------------------------------------------------------------------
    def weight(self, step: Step) -> int:
        """How many steps, from this one down, are more than sums and constant multiples."""
        return sum(part.rule not in _LINEAR for part in ordered(step))

    def is_easy(self, step: Step) -> bool:
        """Whether a reader sees the derivative in half a sentence."""
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
            return ("As above, ", math(self.operator(core.before), core.after), "."), literal
        self._said.add(core.before)
        if not BY_NAME_OF_RULE[core.rule].chain or len(core.premises) != 1:
            return (math(self.operator(node), after), "."), literal
        inner = core.premises[0]
        if inner.before is self.variable:
            result = math(self.operator(core.before), core.after)
            if core.rule in ("named", "unknown"):
                return (result, "."), literal
            return (*self.sentence(core), " So ", result, "."), literal
        letter = self.letter(inner.before)
        outer = self.outer(core, letter)
        pieces: Inline = (
            math(core.before),
            " is a composition, ",
            math(outer.expr),
            " with ",
            math(letter, inner.before),
            ". ",
            *self.sentence(core),
            " And ",
            math(self.slope(letter.name), inner.after),
            ".",
        )
        return pieces, Dots((outer.applied, inner.after)) if core is step else literal

    def sentence(self, step: Step) -> Inline:
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


def _is_negative_power(node: Expr, letter: Symbol) -> bool:
    match node:
        case Power(base, Number(value)):
            return base is letter and value < 0
    return False
