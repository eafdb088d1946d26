"""Forms for large arguments: what would overflow or underflow on the way is never formed.

1/(1 + x²) overflows on the way for x = 10^200, and its value 10^-400 is 0, which is right; but
x/(1 + x²) is 10^-200. With x² taken out of the sum and a quotient divided by one factor after
the other, what is formed is of the size of the result. Likewise x·e^{−x}, whose second factor
underflows before the product does, is (e^{−x/2}·x)·e^{−x/2}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from chainrule.expr.nodes import (
    HALF,
    MINUS_ONE,
    ONE,
    PI,
    ZERO,
    Call,
    Expr,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    add,
    depends_on,
    divide,
    multiply,
    negate,
    postorder,
    postorder_through,
    power,
    rational_value,
    transform,
)
from chainrule.rewrite.field_writer import FieldWriter
from chainrule.rewrite.normal_form import Tidier
from chainrule.rewrite.rational import Field, TooLargeError

# Each factor is a division of its own, which rounds: longer products are left as they are.
_MOST_FACTORS = 12
# Written out, a formula with shared parts can have 2^n factors for its n nodes.
_MOST_WRITTEN_OUT = 1000


def divided(root: Expr) -> Expr:
    """Quotients by products and powers as quotients by one factor after the other."""
    return transform(root, _divided)


def for_large(root: Expr, variable: Symbol) -> Expr:
    """The same, and a square that dominates a sum for large arguments is taken out of it.

    The result is not defined where the square is 0.
    """
    return divided(transform(root, lambda node: _square_out(node, variable)))


def scaled_for_large(root: Expr, variable: Symbol, scale: int) -> Expr:
    """``for_large`` of the formula times 2^scale, and that taken off at the end.

    For results that are hardly numbers of the format, where parts of them are less.
    """
    match root:
        case Product((first, Quotient(top, bottom))) if first is MINUS_ONE:
            negative = True
        case Quotient(top, bottom):
            negative = False
        case _:
            return root
    above = multiply(Number(2**scale), *_product(top))
    found = for_large(Quotient(above, bottom), variable)
    scaled = Product((Number(Fraction(1, 2**scale)), found))
    return negate(scaled) if negative else scaled


def large_apart(root: Expr, variable: Symbol) -> Expr:
    """``for_large``, and what was taken out of a sum is also taken out of roots and logarithms.

    √(1 + x²) is |x|·√(1 + 1/x²), and its logarithm ln|x| + ln(1 + 1/x²)/2.
    """
    return logarithms_apart(transform(for_large(root, variable), _out_of_root))


def _out_of_root(node: Expr) -> Expr:
    match node:
        case Power() | Call("sqrt"):
            factors = _factors(node)
            return Product(tuple(factors)) if len(factors) > 1 else node
    return node


def logarithms_apart(root: Expr) -> Expr:
    """ln(a/b) as ln|a| − ln|b|, where a/b would overflow or underflow; likewise of products."""
    return transform(root, _log_apart)


def _log_apart(node: Expr) -> Expr:
    match node:
        case Call("log", (Quotient() | Product() as argument,)):
            terms = _log_terms(argument)
            return add(*terms) if len(terms) <= _MOST_WRITTEN_OUT else node
    return node


def _log_terms(node: Expr) -> list[Expr]:
    """Terms of ln|node|; not all of them where they are too many."""
    terms: list[Expr] = []
    stack: list[tuple[Expr, bool]] = [(node, False)]
    while stack and len(terms) <= _MOST_WRITTEN_OUT:
        part, below = stack.pop()
        match part:
            case Product(args):
                stack += [(arg, below) for arg in reversed(args)]
                continue
            case Quotient(top, bottom):
                stack += [(bottom, not below), (top, below)]
                continue
            case Number():
                size: Expr = Number(abs(Fraction(part.value)))
            case _:
                size = Call("abs", (part,))
        if size is not ONE:
            logarithm = Call("log", (size,))
            terms.append(negate(logarithm) if below else logarithm)
    return terms


def terms_apart(root: Expr) -> Expr:
    """(a + b)/2 as a/2 + b/2, where a + b would overflow."""
    match root:
        case Quotient(Sum(args), Number() as bottom):
            return Sum(tuple([Quotient(arg, bottom) for arg in args]))
    return root


def inverted(root: Expr) -> Expr:
    """arctan u as π/2 − arctan(1/u) for positive u: what is next to π/2 cancels with it."""
    found = transform(root, _arctan_inverted)
    return root if found is root else in_short(found)


def _arctan_inverted(node: Expr) -> Expr:
    match node:
        case Call("atan", (argument,)):
            return add(multiply(HALF, PI), negate(Call("atan", (Quotient(ONE, argument),))))
    return node


def halved(root: Expr) -> Expr:
    """Products with an exponential or a power taken in halves, one in front and one at the end.

    Only the outermost ones: what is added to something larger may underflow.
    """
    match root:
        case Quotient(top, bottom):
            front, rest, end = _halves(top)
            if not end:
                return root
            return Product((Quotient(Product((*front, *rest)) if rest else front[0], bottom), *end))
        case Product():
            front, rest, end = _halves(root)
            return Product((*front, *rest, *end)) if end else root
    return root


def shrunk(root: Expr, variable: Symbol, scale: int) -> Expr:
    """Multiples c·x in sines and cosines as c·(x·2^−scale)·2^scale.

    What is rounded off c·x is told by numbers 2^27 times as large as the factors.
    """

    def visit(node: Expr) -> Expr:
        match node:
            case Call("sin" | "cos" as name, (Product(args),)) if variable in args:
                rest = [arg for arg in args if arg is not variable]
                small = Product((Number(Fraction(1, 2**scale)), variable))
                return Call(name, (Product((*rest, small, Number(2**scale))),))
        return node

    return transform(root, visit)


def joined(root: Expr) -> Expr:
    """Products of exponentials as one: e^x·e^{−e^x} is ∞·0 for large x, e^{x − e^x} is 0."""
    return transform(root, _joined)


def _joined(node: Expr) -> Expr:
    if not isinstance(node, Quotient):
        return _collected(node)
    top, bottom = node.args
    factors = _product(bottom)
    exponents = [_exponent(factor) for factor in factors]
    below = [u for u in exponents if u is not None]
    if not below:
        return node
    inverse = Call("exp", (negate(add(*below)),))
    terms = top.args if isinstance(top, Sum) else (top,)
    above = add(*(_collected(multiply(term, inverse)) for term in terms))
    return divide(
        above, multiply(*(f for f, u in zip(factors, exponents, strict=True) if u is None))
    )


def _exponent(node: Expr) -> Expr | None:
    """u, for e^u and its powers."""
    match node:
        case Call("exp", (u,)):
            return u
        case Power(Call("exp", (u,)), exponent):
            return multiply(exponent, u)
    return None


def without_growth(root: Expr, grows: Callable[[Expr], bool]) -> Expr:
    """Sums with an exponential that grows as that exponential times a sum of bounded terms.

    (1 + e^u)^p is e^{pu}·(1 + e^{−u})^p, which times e^{−pu} is no ∞·0. Exponentials in one
    product, above and below a fraction line, are joined.

    Args:
        root: the formula.
        grows: whether an exponent is positive where it counts.
    """

    def visit(node: Expr) -> Expr:
        match node:
            case Sum(args):
                found = [_exponent(factor) for arg in args for factor in _product(arg)]
                growing = [u for u in found if u is not None and grows(u)]
                if not growing:
                    return node
                u = growing[0]
                inverse = Call("exp", (negate(u),))
                rest = [_collected(multiply(arg, inverse)) for arg in args]
                return Product((Call("exp", (u,)), Sum(tuple(rest))))
            case Power(Product((Call("exp", (u,)), rest)), exponent):
                return Product((Call("exp", (multiply(exponent, u),)), Power(rest, exponent)))
            case Quotient(top, Product((Call("exp", (u,)), *rest))):
                below = multiply(*rest)
                return Quotient(_collected(multiply(top, Call("exp", (negate(u),)))), below)
        return _collected(node)

    return transform(root, visit)


def _product(node: Expr) -> tuple[Expr, ...]:
    return node.args if isinstance(node, Product) else (node,)


def _collected(node: Expr) -> Expr:
    """The exponentials of a product as one, in front; none where they cancel."""
    if not isinstance(node, Product):
        return node
    args = [factor for arg in node.args for factor in _product(arg)]
    found = [_exponent(arg) for arg in args]
    exponents = [exponent for exponent in found if exponent is not None]
    if not exponents:
        return node
    rest = [arg for arg, exponent in zip(args, found, strict=True) if exponent is None]
    total = exponents[0] if len(exponents) == 1 else in_short(add(*exponents))
    # In front: 0 times what overflows on its own is NaN.
    return multiply(*rest) if total is ZERO else multiply(Call("exp", (total,)), *rest)


def in_short(total: Expr) -> Expr:
    """As one factored fraction, with what cancels taken out of it; if it is large just tidied."""
    try:
        field = Field(total)
        found = FieldWriter(field).expression(field.ratio(total), factored=True)
    except TooLargeError:
        found = total
    return Tidier().tidy(found)


def _halves(node: Expr) -> tuple[list[Expr], list[Expr], list[Expr]]:
    """The first halves of exponentials and powers, the other factors, the second halves."""
    front: list[Expr] = []
    rest: list[Expr] = []
    for factor in _factors(node):
        if isinstance(factor, Call) and factor.name == "exp":
            front.append(Call("exp", (multiply(HALF, factor.args[0]),)))
        elif isinstance(factor, Power) and rational_value(factor.exponent) is None:
            front.append(Power(factor.base, multiply(HALF, factor.exponent)))
        else:
            rest.append(factor)
    if rest and rest[0] is MINUS_ONE:
        return [MINUS_ONE, *front], rest[1:], front
    return front, rest, front


def _factors(node: Expr) -> list[Expr]:
    """What a product is made of, with whole powers written out."""
    found: dict[Expr, list[Expr]] = {}
    for part in postorder_through(node, inside=_inside):
        factors = _written_out(part, found)
        found[part] = factors if len(factors) <= _MOST_WRITTEN_OUT else [part]
    return found[node]


def _inside(node: Expr) -> Sequence[Expr]:
    """The parts of whose factors those of ``node`` are made."""
    match node:
        case Product(args) | Call("sqrt", args):
            return args
        case Power(base, exponent):
            value = rational_value(exponent)
            whole = value is not None and value.denominator == 1 and 2 <= value <= 6
            halves = value is not None and value.denominator == 2 and 1 <= value.numerator <= 9
            return (base,) if whole or halves else ()
    return ()


def _written_out(node: Expr, found: Mapping[Expr, list[Expr]]) -> list[Expr]:
    """The factors of ``node``, from those of its parts."""
    inside = _inside(node)
    match node:
        case Product():
            return [factor for part in inside for factor in found[part]]
        case Call() if inside:
            return _rooted(found[inside[0]])
        case Power(base, exponent) if inside:
            value = rational_value(exponent)
            assert value is not None
            if value.denominator == 1:
                return found[base] * int(value)
            if value.numerator > 1 and len(found[base]) == 1:
                return [Power(base, HALF)] * value.numerator
            # √(u·u·v) to that power, with u taken out of the root.
            return _rooted(found[base]) * value.numerator
    return [node]


def _rooted(factors: list[Expr]) -> list[Expr]:
    """The square root of a product, squares taken out of it."""
    out: list[Expr] = []
    rest = list(factors)
    for factor in dict.fromkeys(factors):
        pairs = rest.count(factor) // 2
        if pairs and not isinstance(factor, Number):
            out += [Call("abs", (factor,))] * pairs
            for _ in range(2 * pairs):
                rest.remove(factor)
    inside = multiply(*rest) if rest else ONE
    return [*out, *([] if inside is ONE else [Call("sqrt", (inside,))])]


def _divided(node: Expr) -> Expr:
    if not isinstance(node, Quotient):
        return node
    top, bottom = node.args
    factors = _factors(bottom)
    if not 1 < len(factors) <= _MOST_FACTORS:
        return node
    above = _factors(top)
    for factor in tuple(factors):
        if factor in above:
            above.remove(factor)
            factors.remove(factor)
    above = above or [ONE]
    negative = above[0] is MINUS_ONE and len(above) > 1
    found = above[1] if negative else above[0]
    rest = above[2:] if negative else above[1:]
    # Factors above and below take turns, so that neither runs away.
    for i, factor in enumerate(factors):
        found = divide(found, factor)
        if i < len(rest):
            found = Product((found, rest[i]))
    for factor in rest[len(factors) :]:
        found = Product((found, factor))
    return Product((MINUS_ONE, found)) if negative else found


def _square_out(node: Expr, variable: Symbol) -> Expr:
    match node:
        case Power(Product((base, again, rest)), exponent) if (
            base is again and rational_value(exponent) is None
        ):
            # (u·u·v)^p of a p that is a letter; for others see _factors.
            size = Power(Call("abs", (base,)), multiply(Number(2), exponent))
            return Product((size, Power(rest, exponent)))
        case Sum():
            return _dominated(node, variable)
    return node


def _dominated(node: Sum, variable: Symbol) -> Expr:
    """A sum by its square, if it has one."""
    for term in node.args:
        base = _squared(term, variable)
        if base is None:
            continue
        rest = [_over_square(other, base) for other in node.args]
        return Product((base, base, Sum(tuple(rest))))
    return node


def _squared(term: Expr, variable: Symbol) -> Expr | None:
    """u, if the term is a multiple of u² and u depends on the variable and calls nothing."""
    parts = term.args if isinstance(term, (Product, Quotient)) else (term,)
    for part in parts[:1] if isinstance(term, Quotient) else parts:
        if isinstance(part, Power) and rational_value(part.exponent) == 2:
            base = part.base
            plain = not any(
                isinstance(inner, Call) and inner.name != "abs" for inner in postorder(base)
            )
            if plain and depends_on(base, variable):
                return base
    return None


def _over_square(term: Expr, base: Expr) -> Expr:
    square = power(base, Number(2))
    match term:
        case Power() if term is square:
            return ONE
        case Product(args) if square in args:
            kept = tuple([arg for arg in args if arg is not square])
            return kept[0] if len(kept) == 1 else Product(kept)
        case Product(args) if base in args:
            others = [arg for arg in args if arg is not base]
            return divide(multiply(*others, power(base, Number(args.count(base) - 1))), base)
        case Quotient(top, bottom) if top is square:
            return divide(ONE, bottom)
    return Quotient(Quotient(term, base), base)
