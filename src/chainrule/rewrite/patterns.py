"""Finding the identities of the table in an expression, wherever they occur."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from chainrule.expr.nodes import (
    Call,
    Expr,
    Number,
    Product,
    Quotient,
    Sum,
    Symbol,
    Value,
    postorder,
    substitute,
    transform,
)
from chainrule.rewrite.identities import PATTERNS, Identity
from chainrule.rewrite.monomial import coefficient_and_rest, scaled, split

Binding = dict[Expr, Expr]


def apply_patterns(
    root: Expr, nodes: Iterable[Expr], accept: Callable[[Expr, Expr], Expr | None]
) -> tuple[str, Expr]:
    """The first identity that ``accept`` takes, with its name; ("", root) if there is none.

    ``nodes`` are those of ``root``.
    ``accept(before, after)`` returns the tidied expression if it wants it.
    """
    names = {node.name for node in nodes if isinstance(node, Call)}
    for identity in PATTERNS:
        if identity.needs <= names:
            after = apply_identity(root, identity)
            if after is not root and (accepted := accept(root, after)) is not None:
                return identity.name, accepted
    return "", root


def apply_identity(root: Expr, identity: Identity) -> Expr:
    """The expression with the identity used wherever its pattern occurs."""
    if not identity.needs <= {node.name for node in postorder(root) if isinstance(node, Call)}:
        # Of a long product each partial one would be taken apart, to find nothing.
        return root
    return transform(root, lambda node: _rewrite(node, identity))


def _rewrite(node: Expr, identity: Identity) -> Expr:
    binding: Binding = {}
    if _match(identity.pattern, node, binding):
        return substitute(identity.replacement, binding)
    if type(identity.pattern) is Sum:
        return _in_sum(node, identity) if type(node) is Sum else node
    if type(node) in (Product, Quotient):
        return _in_product(node, identity)
    return node


def _in_sum(node: Expr, identity: Identity) -> Expr:
    """k·p₁ + k·p₂ + rest, for a pattern p₁ + p₂ and any number k."""
    terms = [coefficient_and_rest(term) for term in node.args]
    first, *others = (coefficient_and_rest(term) for term in identity.pattern.args)
    # The first term of a pattern may be a bare number; bind on one that has the letter.
    if isinstance(first[2], Number):
        first, others = others[0], [first, *others[1:]]
    for value, _, rest in terms:
        binding: Binding = {}
        if not _match(first[2], rest, binding):
            continue
        factor = Fraction(value) / Fraction(first[0])
        wanted = [(factor * other, substitute(shape, binding)) for other, _, shape in others]
        present = {(Fraction(v), r) for v, _, r in terms}
        if all(row in present for row in wanted):
            used = {*wanted, (Fraction(value), rest)}
            kept = [row for row in terms if (Fraction(row[0]), row[2]) not in used]
            result = scaled(_plain(factor), False, substitute(identity.replacement, binding))
            remaining = [scaled(*row) for row in kept]
            return Sum((*remaining, result)) if remaining else result
    return node


def _in_product(node: Expr, identity: Identity) -> Expr:
    monomial = split(node)
    (lead, lead_power), *others = (
        (base, exponent.number) for base, exponent in split(identity.pattern).powers.items()
    )
    if lead_power == 0:
        # It begins with a power like e^u, whose exponent is no number.
        return node
    for base, exponent in list(monomial.powers.items()):
        binding: Binding = {}
        if exponent.terms or not _match(lead, base, binding):
            continue
        times = exponent.number // lead_power
        for shape, power in others:
            partner = monomial.powers.get(substitute(shape, binding))
            times = min(times, partner.number // power if partner and not partner.terms else 0)
        if times < 1:
            continue
        for shape, power in ((lead, lead_power), *others):
            monomial.powers[substitute(shape, binding)].number -= power * times
        monomial.raise_base(substitute(identity.replacement, binding), times, None)
        return monomial.build()
    return node


def _plain(value: Fraction) -> Value:
    return value.numerator if value.denominator == 1 else value


def _match(pattern: Expr, expr: Expr, binding: Binding) -> bool:
    """Whether ``expr`` is ``pattern`` with something in place of its letters.

    Recursion goes as deep as the pattern, which is one of our table's.
    """
    if isinstance(pattern, Symbol):
        return binding.setdefault(pattern, expr) is expr
    if type(pattern) is not type(expr) or len(pattern.args) != len(expr.args):
        return False
    if not pattern.args:
        return pattern is expr
    if isinstance(pattern, Call) and isinstance(expr, Call) and pattern.name != expr.name:
        return False
    return all(_match(p, e, binding) for p, e in zip(pattern.args, expr.args, strict=True))
