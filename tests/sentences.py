"""The sentences of documents: each has to have its row in ``docs/claims.md``, and to be true.

``faults`` reads the words of a document as ``displayed`` reads its mathematics.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import mpmath

from chainrule.deriving.derivation import Derivation
from chainrule.differentiate.inverse import TITLE, WORDS
from chainrule.differentiate.rules import RULES
from chainrule.document.blocks import (
    Block,
    Boxed,
    Bullets,
    Display,
    Document,
    Fold,
    Heading,
    Inline,
    Math,
    Paragraph,
    Quote,
    Steps,
)
from chainrule.document.phrases import NUMERALS
from chainrule.document.sentences import rule_in_words
from chainrule.expr.functions import FUNCTIONS
from chainrule.expr.nodes import (
    Comparison,
    Expr,
    Number,
    Power,
    Symbol,
    contains,
    postorder,
    symbols,
)
from chainrule.parsing.definitions import expand_all
from chainrule.rewrite.identities import WORDS as REASONS
from chainrule.verify.verdict import Verdict
from oracle import evaluate

PAGE = Path(__file__).parents[1] / "docs" / "claims.md"


@cache
def rows() -> dict[str, re.Pattern[str]]:
    """The rows of the page, and how their sentences are recognised."""
    found = re.findall(r"^\| `(.*?)` \| ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(found) == len(set(found)) > 50
    return {row: _pattern(row) for row in found}


def _pattern(row: str) -> re.Pattern[str]:
    match row:
        case "(the rule of a function)":
            rules = [*map(rule_in_words, FUNCTIONS), *(rule.words for rule in RULES)]
            any_rule = "|".join(map(re.escape, rules))
            return re.compile(rf"({any_rule})( So …\.)?")
        case "(a quoted rule)":
            quoted = [(rule.title, rule.words) for rule in RULES] + [(TITLE, WORDS)]
            any_quote = "|".join(
                rf"{re.escape(title)}: {re.escape(words[:-1])}(: …)?\." for title, words in quoted
            )
            by = "Implicit differentiation: Differentiate both sides by …; wherever … occurs, "
            by += "the chain rule brings a factor …. Then solve for it."
            return re.compile(f"{any_quote}|{re.escape(by)}")
        case "(a reason)":
            any_reason = "|".join(map(re.escape, REASONS.values()))
            return re.compile(rf"({any_reason})(; ({any_reason}))*")
    for written, meant in _TOKENS.items():
        row = re.sub(written, meant, row)
    return re.compile(row)


# In the page: mathematics, words, what may be left out.
_TOKENS = {
    r"([.?+()*|])": r"\\\1",
    r"\[": "(?:",
    r"\]": ")?",
    "…": "…(?:(?:, …)*(?:,? and …)?)",
    "⟨.*?⟩": ".+?",
}


def row_of(sentence: str) -> str | None:
    """The row that a sentence belongs to."""
    return next((row for row, kind in rows().items() if kind.fullmatch(sentence)), None)


@dataclass
class Said:
    """A sentence where it stands.

    Attributes:
        text: with … for mathematics.
        math: that mathematics.
        after: the blocks that follow.
        before: the blocks that came before.
        folded: whether it is about a function of the catalogue within another one's document.
    """

    text: str
    math: list[Math]
    before: Sequence[Block]
    after: Sequence[Block]
    folded: bool


def said(blocks: Sequence[Block], folded: bool = False) -> Iterator[Said]:
    """All sentences of a document, in order."""
    for i, block in enumerate(blocks):
        inlines: Sequence[Inline] = ()
        prefix = ""
        match block:
            case Heading(_, inline) | Paragraph(inline):
                inlines = [inline]
            case Quote(name, inline):
                inlines, prefix = [inline], f"{name}: "
            case Display(_, note):
                inlines = [note] if note else []
            case Steps(items) | Bullets(items):
                inlines = items
            case Fold(title, inside):
                inlines = [title]
        for inline in inlines:
            chains = [piece for piece in inline if isinstance(piece, Math)]
            yield Said(prefix + _words(inline), chains, blocks[:i], blocks[i + 1 :], folded)
        if isinstance(block, Fold):
            yield from said(inside, folded=True)


def _words(inline: Inline) -> str:
    parts = ("…" if isinstance(p, Math) else p if isinstance(p, str) else p.text for p in inline)
    return "".join(parts)


def faults(document: Document, derivation: Derivation | None = None) -> list[str]:
    """Sentences without a row, and those that are not so."""
    found: list[str] = []
    for sentence in said(document.blocks):
        row = row_of(sentence.text)
        reader = None if row is None else _reader(row)
        if row is None:
            found.append(f"has no row: {sentence.text}")
        elif reader is not None and derivation is not None and not reader(sentence, derivation):
            found.append(f"is not so: {sentence.text} ({sentence.math})")
    return found


# --- readers --------------------------------------------------------------------------------------
def _letters(chains: Sequence[Math]) -> list[Symbol]:
    terms = [term for chain in chains for term in chain.chain.terms]
    return [term for term in terms if isinstance(term, Symbol)]


def _form(sentence: Said) -> Expr:
    """What is framed next."""
    for block in sentence.after:
        if isinstance(block, Display) and isinstance(block.chain.terms[-1], Boxed):
            term = block.chain.terms[-1].term
            assert isinstance(term, Expr)
            return term
    for block in reversed(sentence.before):
        if isinstance(block, Display) and isinstance(block.chain.terms[-1], Boxed):
            term = block.chain.terms[-1].term
            assert isinstance(term, Expr)
            return term
    raise AssertionError(sentence.text)


def _last_function(derivation: Derivation) -> Expr:
    return derivation.stages[-1].function


def _absent(sentence: Said, derivation: Derivation) -> bool:
    (x,) = _letters(sentence.math)[:1]
    return x is derivation.variable and not contains(_last_function(derivation), x)


def _in_conditions(sentence: Said, derivation: Derivation) -> bool:
    """Whether x is reached through comparisons, and no other way."""
    (x,) = _letters(sentence.math)[:1]
    stack, outside = [_last_function(derivation)], True
    while stack:
        node = stack.pop()
        outside = outside and node is not x
        if not isinstance(node, Comparison):
            stack += node.args
    return outside and contains(_last_function(derivation), x)


def _done_before(sentence: Said, derivation: Derivation) -> bool:
    """Whether the section is there, and about the same part."""
    found = re.search(r"was done in section ([\d.]+): ", sentence.text)
    assert found is not None
    own = sentence.math[0].chain.terms[-1]
    return any(
        isinstance(block, Heading)
        and block.number == found[1]
        and any(isinstance(p, Math) and p.chain.terms[-1] is own for p in block.inline)
        for block in sentence.before
    )


def _both_depend(sentence: Said, derivation: Derivation) -> bool:
    (x,) = _letters(sentence.math)
    parts = postorder(*(stage.function for stage in derivation.stages))
    return any(isinstance(p, Power) and all(contains(arg, x) for arg in p.args) for p in parts)


def _nothing_but(sentence: Said, derivation: Derivation) -> bool:
    return set(_letters(sentence.math)) == set(symbols(_form(sentence)))


def _still_needed(sentence: Said, derivation: Derivation) -> bool:
    x, *kept = _letters(sentence.math[: 1 + sentence.text.partition(".")[0].count("…")])
    form = set(symbols(_form(sentence)))
    known = set() if sentence.folded else set(derivation.problem.defaults)
    return x in form and set(kept) <= form and form - set(kept) <= (known or form - {x})


def _needs(sentence: Said, derivation: Derivation) -> bool:
    """Whether the form has no value where a letter is what it must not be, and one elsewhere."""
    form = expand_all(_form(sentence))
    conditions = [term for chain in sentence.math for term in chain.chain.terms]
    for condition in conditions:
        if not isinstance(condition, Comparison) or not set(symbols(condition)) <= set(
            symbols(form)
        ):
            return False
        match condition:
            case Comparison(("!=",), (Symbol(name), Number(value))):
                at = mpmath.mpf(value.numerator) / value.denominator
                # In cases, one of them needs it.
                signs = [{s.name: mpmath.mpf(k) / 4 for s in symbols(form)} for k in (1, -1)]
                if all(_has_value(form, {**values, name: at}) for values in signs):
                    return False
                if not any(_has_value(form, values) for values in signs):
                    return False
    return True


def _has_value(expr: Expr, values: Mapping[str, Any]) -> bool:
    try:
        return bool(mpmath.isfinite(evaluate(expr, values)))
    except ZeroDivisionError:
        return False


def _costs(sentence: Said, derivation: Derivation) -> bool:
    """What is kept; what it costs is counted elsewhere."""
    form = set(symbols(_form(sentence)))
    kept = set(_letters(sentence.math))
    if sentence.folded:
        return kept < form
    output = derivation.output
    return form - kept - {output} <= set(derivation.problem.defaults) and output in form


def _checked(sentence: Said, derivation: Derivation) -> bool:
    """Whether what is said of several verdicts is so of each."""
    lead, _, rest = sentence.text.rstrip(".").partition(": ")
    number, _, noun = lead.partition(" ")
    own = [step for step in derivation.steps if step.rule != "whole"]
    groups = {"rule": [], "rewriting": [], "step": []}  # type: dict[str, list[Verdict]]
    for step in own:
        solving = step.kind == "solving" or step.output is not None
        key = "step" if solving else "rule" if step.kind == "derivative" else "rewriting"
        groups[key].append(derivation.verdicts[step])
    verdicts = groups[next(key for key in groups if noun.startswith(key))]
    if _number(number) != len(verdicts):
        return False
    clauses = [match.groups() for match in _CLAUSE.finditer(rest)]
    for count, clause in clauses:
        so = sum(_is_so(clause, verdict) for verdict in verdicts)
        if so < (_number(count) if count else len(verdicts)):
            return False
    return all(any(_is_so(clause, verdict) for _, clause in clauses) for verdict in verdicts)


_VERDICT = r"(?:proved|checked|not checked)\b"
_CLAUSE = re.compile(rf"(?:(\w+) )?({_VERDICT}.*?)(?=(?:,| and) (?:\w+ )?{_VERDICT}|$)")


def _number(word: str) -> int:
    return NUMERALS.index(word.lower()) if word.lower() in NUMERALS else int(word)


def _is_so(words: str, verdict: Verdict) -> bool:
    """Whether a verdict says what the words say, or more."""
    words = words.replace("−", "-")
    if "not checked" in words:
        return verdict.word == "not checked" and verdict.reason in words
    if "proved" in words:
        return verdict.word == "proved"
    points, digits = (re.search(rf"(\d+) {noun}s?", words) for noun in ("point", "digit"))
    assert points is not None, words
    assert digits is not None
    if verdict.word != "checked" or verdict.points < int(points[1]):
        return False
    if verdict.digits < int(digits[1]) or (verdict.reason and verdict.reason not in words):
        return False
    if found := re.search(r"between (\S+) and (\S+)", words):
        return verdict.interval == (found[1], found[2])
    if found := re.search(r"from (\S+) or less to (\S+) or more", words):
        assert verdict.interval is not None
        low, high = map(float, verdict.interval)
        return low <= float(found[1]) and float(found[2]) <= high
    return True


def _itself(sentence: Said, derivation: Derivation) -> bool:
    return _is_so(sentence.text, derivation.verdict)


Reader = Callable[[Said, Derivation], bool]
READERS: dict[str, Reader] = {
    "… does not occur in the formula": _absent,
    "… occurs in conditions only": _in_conditions,
    "The inner function, … was done": _done_before,
    "The term … was done": _done_before,
    "The case … was done": _done_before,
    "The part … was done": _done_before,
    "The derivative of … was done": _done_before,
    "Both the base and the exponent": _both_depend,
    "The result can be written with nothing but": _nothing_but,
    "Here … is still needed": _still_needed,
    "This form needs": _needs,
    "In backpropagation this means": _costs,
    "The derivative itself": _itself,
    "⟨number⟩ rule applications": _checked,
    "⟨number⟩ rewriting": _checked,
    "⟨number⟩ step": _checked,
}
"""By the beginning of a row: whether the sentence is so."""


def _reader(row: str) -> Reader | None:
    return next((reader for start, reader in READERS.items() if row.startswith(start)), None)
