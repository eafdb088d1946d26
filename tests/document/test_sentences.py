"""What is said of a function is read back, word by word, and compared with the function's slope.

The slope is mpmath's numerical one. A sentence is of the usual form, which this grammar reads, or
it is one of ``SAID_OTHERWISE``, each with what it claims; there is no third way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import mpmath
import pytest

from chainrule.differentiate.rule import Rule
from chainrule.differentiate.rules import RULES
from chainrule.document.sentences import rule_in_words
from chainrule.expr.functions import BY_NAME, FUNCTIONS, Function
from chainrule.expr.nodes import Comparison, Expr, Number, Symbol, Unknown, substitute
from chainrule.parsing.formula import parse_text
from chainrule.rewrite.identities import PATTERNS, WORDS
from oracle import MPMATH, evaluate

POINTS = [mpmath.mpf(k) / 16 for k in (-37, -21, -9, -5, 3, 7, 11, 19, 29, 41)]
NOUNS = {row.title.removeprefix("the "): row.name for row in FUNCTIONS}
AFTER: dict[str, Callable[[Any], Any]] = {
    "minus": lambda value: -value,
    "one over": lambda value: 1 / value,
    "one minus": lambda value: 1 - value,
    "twice": lambda value: 2 * value,
}
"""What stands before a phrase, and does something to all of it."""
NUMERALS = {"one": 1, "two": 2, "three": 3}
rows = pytest.mark.parametrize("row", FUNCTIONS, ids=[row.name for row in FUNCTIONS])

Meaning = Callable[[Any], Any]


def read(phrase: str, own: str) -> Meaning:
    """What a phrase means as a function of u; it goes as far as it can to the right."""
    for word, after in AFTER.items():
        if phrase.startswith(f"{word} "):
            inner = read(phrase.removeprefix(f"{word} "), own)
            return lambda u, after=after, inner=inner: after(inner(u))
    if " times " in phrase:
        left, right = (read(part, own) for part in phrase.split(" times ", 1))
        return lambda u: left(u) * right(u)
    if phrase in NUMERALS:
        return lambda u: mpmath.mpf(NUMERALS[phrase])
    if phrase == "its argument":
        return lambda u: u
    if phrase == "its square":
        return lambda u: MPMATH[own](u) ** 2
    if squared := re.fullmatch("the squared (.*)", phrase):
        return lambda u: MPMATH[NOUNS[squared[1]]](u) ** 2
    if (noun := phrase.removeprefix("the ")) in NOUNS:
        return lambda u: MPMATH[NOUNS[noun]](u)
    if root := re.fullmatch("the root of (.*)", phrase):
        return lambda u: mpmath.sqrt(written(root[1])(u))
    if power := re.fullmatch("e to the power of (.*)", phrase):
        return lambda u: mpmath.exp(written(power[1])(u))
    return written(phrase)


def written(text: str) -> Meaning:
    """The same for what is in symbols."""
    text = text.replace("−", "-").replace("²", "^2").replace("√π", "sqrt(pi)")
    expr = parse_text(re.sub(r"\|u\|", "abs(u)", text)).expr
    return lambda u: evaluate(expr, {"u": u})


def slope(name: str, place: int = 0, rest: tuple[Any, ...] = ()) -> Meaning:
    """The derivative by one argument, by differences."""

    def of(u: Any) -> Any:
        args = [*rest[:place], u, *rest[place:]]
        return mpmath.diff(lambda t: MPMATH[name](*args[:place], t, *args[place + 1 :]), u)

    return of


def agree(one: Meaning, other: Meaning, domain: Callable[..., Expr] | None = None) -> bool:
    """Whether both are the same at a good many points of the domain."""
    compared = 0
    with mpmath.workdps(30):
        for u in POINTS:
            if domain is not None and not evaluate(domain(Symbol("u")), {"u": u}):
                continue
            left, right = one(u), other(u)
            compared += 1
            if abs(left - right) > mpmath.mpf(10) ** -15 * (1 + abs(left)):
                return False
    assert compared >= 2
    return True


def _by(name: str) -> Meaning:
    return lambda u: MPMATH[name](u)


def _steps(jumps: Callable[[int], bool], shift: float = 0) -> Callable[[str], bool]:
    """Constant everywhere, but for jumps where they are said to be."""

    def holds(name: str) -> bool:
        step = MPMATH[name]
        tiny = mpmath.mpf(10) ** -9
        there = [n for n in range(-3, 4) if step(n + shift + tiny) != step(n + shift - tiny)]
        constant = agree(slope(name), lambda u: mpmath.mpf(0))
        return constant and there == [n for n in range(-3, 4) if jumps(n)]

    return holds


def _extreme(larger: bool) -> Callable[[str], bool]:
    def holds(name: str) -> bool:
        followed = [
            (slope(name, 0, (mpmath.mpf(other),))(u), float((u > other) == larger))
            for other in (-0.3, 1.1)
            for u in POINTS
        ]
        return all(abs(got - wanted) < 1e-9 for got, wanted in followed)

    return holds


def _logarithm(name: str) -> bool:
    bases = {"log2": (2,), "log10": (10,), "logb": (0.3, 2.5)}[name]
    extra = 1 if name == "logb" else 0
    return all(
        agree(
            lambda u, b=b: MPMATH[name](u, *[b] * extra),
            lambda u, b=b: mpmath.log(u) / mpmath.log(b),
            BY_NAME["log"].domain,
        )
        for b in bases
    )


def _atan2(name: str) -> bool:
    by_v = all(
        agree(slope(name, 0, (u,)), lambda v, u=u: u / (u**2 + v**2)) for u in (-0.7, 0.4, 2.1)
    )
    by_u = all(
        agree(slope(name, 1, (v,)), lambda u, v=v: -v / (u**2 + v**2)) for v in (-0.7, 0.4, 2.1)
    )
    return by_v and by_u


def _places(*slopes: Callable[[Any, Any], Any]) -> Callable[[str], bool]:
    """The derivative by each of two arguments, where the second is positive."""

    def holds(name: str) -> bool:
        first, second = slopes
        some = [mpmath.mpf(value) for value in (0.4, 1.7)]
        inside = lambda u: Comparison((">",), (u, Number(0)))  # noqa: E731
        by_u = all(agree(slope(name, 0, (v,)), lambda u, v=v: first(u, v)) for v in some)
        by_v = all(agree(slope(name, 1, (u,)), lambda v, u=u: second(u, v), inside) for u in some)
        return by_u and by_v

    return holds


SAID_OTHERWISE: dict[str, Callable[[str], bool]] = {
    "The exponential function is its own derivative.": lambda f: agree(slope(f), _by(f)),
    "Subtracting 1 does not change a derivative, and the exponential is its own.": lambda f: (
        agree(_by(f), lambda u: mpmath.exp(u) - 1) and agree(slope(f), _by("exp"))
    ),
    "A logarithm to base b is the natural one divided by ln b.": _logarithm,
    "The angle of the point (u, v) grows by u over u² + v² with v, and by −v over u² + v² with "
    "u.": _atan2,
    "The logarithm of e^u + e^v grows with either argument by the share that its exponential has "
    "in the sum.": _places(
        lambda u, v: mpmath.exp(u) / (mpmath.exp(u) + mpmath.exp(v)),
        lambda u, v: mpmath.exp(v) / (mpmath.exp(u) + mpmath.exp(v)),
    ),
    "The product u ln v grows by ln v with u, and by u over v with v.": _places(
        lambda u, v: mpmath.log(v), lambda u, v: u / v
    ),
    "The product u ln(1 + v) grows by ln(1 + v) with u, and by u over 1 + v with v.": _places(
        lambda u, v: mpmath.log1p(v), lambda u, v: u / (1 + v)
    ),
    "The hypotenuse of the legs u and v grows with either leg by that leg over itself.": _places(
        lambda u, v: u / mpmath.hypot(u, v), lambda u, v: v / mpmath.hypot(u, v)
    ),
    "Since erfc is 1 − erf, its derivative is that of erf with the sign changed.": lambda f: (
        agree(_by(f), lambda u: 1 - mpmath.erf(u)) and agree(slope(f), lambda u: -slope("erf")(u))
    ),
    "The derivative of an inverse function is one over the derivative of the function, taken at "
    "the inverse.": lambda f: agree(
        slope(f), lambda u: 1 / slope(BY_NAME[f].inverse)(MPMATH[f](u)), BY_NAME[f].domain
    ),
    "The normal density satisfies φ'(u) = −u φ(u).": lambda f: (
        f == "normpdf" and agree(slope(f), lambda u: -u * MPMATH[f](u))
    ),
    "The derivative of the normal distribution function is the normal density φ.": lambda f: (
        f == "normcdf" and agree(slope(f), _by("normpdf"))
    ),
    "The derivative of the digamma function is the polygamma function of order 1.": lambda f: (
        f == "digamma" and agree(slope(f), lambda u: mpmath.polygamma(1, u))
    ),
    "Differentiating a polygamma function raises its order by one.": lambda f: all(
        agree(slope(f, 1, (n,)), lambda u, n=n: mpmath.polygamma(n + 1, u)) for n in (1, 2)
    ),
    "The absolute value has slope 1 where its argument is positive and −1 where it is negative: "
    "the sign of the argument.": lambda f: agree(
        slope(f), lambda u: mpmath.mpf(1 if u > 0 else -1)
    ),
    "The sign is constant on either side of 0, so its derivative is 0; at 0 it jumps.": _steps(
        lambda n: n == 0
    ),
    "The step is constant on either side of 0, so its derivative is 0; at 0 it jumps.": _steps(
        lambda n: n == 0
    ),
    "The larger of two functions has the derivative of whichever is larger; where they meet it "
    "has a kink, unless their slopes agree.": _extreme(larger=True),
    "The smaller of two functions has the derivative of whichever is smaller; where they meet it "
    "has a kink, unless their slopes agree.": _extreme(larger=False),
    "The floor is constant between integers, so its derivative is 0; at every integer it "
    "jumps.": _steps(lambda n: True),
    "The ceiling is constant between integers, so its derivative is 0; at every integer it "
    "jumps.": _steps(lambda n: True),
    "Rounding is constant between its jumps, so its derivative is 0; halfway between integers it "
    "jumps.": _steps(lambda n: True, 0.5),
    "Truncation is constant between integers, so its derivative is 0; at every integer but 0 it "
    "jumps.": _steps(lambda n: n != 0),
}
"""What else is said, and whether it is true of the function called so."""


def is_true(row: Function, sentence: str) -> bool:
    usual = re.fullmatch(r"The derivative of (the .*?) is ([^,]*)\.", sentence)
    integral = re.fullmatch(
        r"(The .*) is an integral; its derivative is the integrand, (.*)\.", sentence
    )
    claimed = SAID_OTHERWISE.get(sentence)
    if claimed is not None:
        return claimed(row.name)
    if usual is not None:
        named, said = usual[1] == row.title, usual[2]
    else:
        assert integral is not None, f"nobody has tested what this says: {sentence}"
        named, said = integral[1].lower() == row.title.lower(), integral[2]
    return named and agree(slope(row.name), read(said, row.name), row.domain)


@rows
def test_the_sentence_of_a_function_says_its_slope(row: Function) -> None:
    assert is_true(row, rule_in_words(row))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("cos", "The derivative of the cosine is the sine."),
        ("cos", "The derivative of the sine is the cosine."),
        ("tanh", "The derivative of the hyperbolic tangent is one minus the hyperbolic tangent."),
        ("asin", "The derivative of the inverse sine is one over the root of 1 + u²."),
        ("sqrt", "The derivative of the square root is one over the square root."),
        ("abs", "The exponential function is its own derivative."),
        ("trunc", rule_in_words(BY_NAME["floor"])),
        ("round", rule_in_words(BY_NAME["floor"])),
        ("erf", rule_in_words(BY_NAME["erf"]).replace("−u²", "u²")),
    ],
)
def test_a_false_sentence_is_noticed(name: str, sentence: str) -> None:
    assert not is_true(BY_NAME[name], sentence)


def test_a_sentence_that_nobody_tested_is_noticed() -> None:
    with pytest.raises(AssertionError, match="nobody has tested"):
        is_true(BY_NAME["exp"], "The exponential function is twice its own derivative.")


# --- rules and their statements -----------------------------------------------------------------
CHOSEN = {"u": "2 + sin(t)", "v": "t^2 + 3", "c": "1.75", "n": "2.5", "a": "1.25"}
"""What the letters of a statement stand for."""


def test_every_rule_with_an_outer_function_or_parts_has_a_statement() -> None:
    without = {rule.name for rule in RULES if rule.statement is None}
    assert without == {"extreme", "elementary", "named", "unknown", "piecewise", "single-point"}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.statement], ids=lambda r: r.name)
def test_the_statement_of_a_rule_is_true(rule: Rule) -> None:
    """Both sides with functions of t in place of u and v; of u itself, by the chain rule."""
    assert rule.statement is not None
    function, derivative = rule.statement
    formulas = {letter: parse_text(text).expr for letter, text in CHOSEN.items()}

    def at(expr: Expr, t: Any) -> Any:
        numbers = {Unknown(letter, (1,), ()): Symbol(f"d{letter}") for letter in "uv"}
        values = {letter: evaluate(formula, {"t": t}) for letter, formula in formulas.items()}
        for letter in "uv":
            values[f"d{letter}"] = mpmath.diff(
                lambda s, letter=letter: evaluate(formulas[letter], {"t": s}), t
            )
        return evaluate(substitute(expr, numbers), values)

    with mpmath.workdps(30):
        for t in map(mpmath.mpf, (-1.25, 0.375, 2.5)):
            inner = mpmath.diff(lambda s: evaluate(formulas["u"], {"t": s}), t) if rule.chain else 1
            got = mpmath.diff(lambda s: at(function, s), t)
            assert abs(got - at(derivative, t) * inner) < 1e-12


SAYS = {
    "Differentiate term by term; a constant term does not change, so its derivative is 0.": "sum",
    "A constant factor stays in front.": "constant-multiple",
    "Differentiate one factor at a time, leave the others as they are, and add up.": "product",
    "A constant divisor stays where it is.": "constant-divisor",
    "Bring the exponent down in front, then lower it by one.": "power",
    "The derivative of the top times the bottom, minus the top times the derivative of the "
    "bottom, all over the bottom squared.": "quotient",
    "A power with a constant base is its own derivative, but for the factor ln a.": "exponential",
    "Where base and exponent both vary, write the power as an exponential, u^v = e^(v ln u), and "
    "differentiate the exponent as a product.": "general-power",
}
"""The words of each statement. Whoever changes them reads the statement, too."""


def test_the_words_of_a_rule_go_with_its_statement() -> None:
    by_name = {rule.name: rule for rule in RULES}
    for rule in RULES:
        if rule.statement is not None:
            assert by_name[SAYS[rule.words]].statement == rule.statement


# --- identities and their words -------------------------------------------------------------------
CALLED = {
    "sine over cosine is the tangent": [
        ("sin(u)/cos(u)", "tan(u)"),
        ("sinh(u)/cosh(u)", "tanh(u)"),
    ],
    "the sign over the absolute value is one over the number": [("sign(u)/abs(u)", "1/u")],
}
"""What the names of patterns say that are in words; the others are equations."""


@pytest.mark.parametrize("name", dict.fromkeys(row.name for row in PATTERNS))
def test_the_name_of_an_identity_is_true(name: str) -> None:
    equations = CALLED.get(WORDS[name])
    if equations is None:
        (text,) = [re.sub(r"\b(\w+)²", r"\1(u)^2", WORDS[name].replace("−", "-"))]
        left, right = text.split(" = ")
        equations = [(left, right)]
    for sides in equations:
        left, right = (parse_text(side).expr for side in sides)
        assert agree(
            lambda u, e=left: evaluate(e, {"u": u}), lambda u, e=right: evaluate(e, {"u": u})
        )
