"""The table of elementary functions: one row is all that chainrule knows about one.

A row's derivative is a formula in its argument ``u``, from which the sentence that a walk-through
quotes is made, unless there is something better to say. Sources: DLMF chapters 4 (elementary),
5 (gamma) and 7 (error functions).

Named activations and losses are not here but in the catalogue: their derivatives are derived
from their formulas, not stated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import TypedDict

from chainrule.expr.nodes import HALF, ONE, PI, ZERO, Comparison, Expr, Number, Piecewise, call
from chainrule.record import Record

Formula = Callable[..., Expr]
"""From argument nodes to a node."""


class Function(Record):
    """One elementary function.

    Attributes:
        name: its name in expressions and in formulas as typed.
        title: its name in a sentence ("the sine").
        derivatives: the partial derivative by each argument, as formulas of all arguments;
            ``None`` for an argument that takes whole numbers only.
        rule: the rule of differentiation in words; ``{slope}`` stands for the words that are made
            from the derivative (``document.sentences``).
        aliases: other spellings the parser accepts.
        inverse: name of the inverse function, on the branch where this one is inverted.
        inverse_range: values ``u`` for which ``inverse(f(u)) = u``, in words; "" if all.
        undoes: whether it is defined as the inverse of ``inverse``, so that its rule follows
            from that one's.
        domain: the condition on the arguments under which the function is defined.
        domain_words: the same in words.
        kinks: arguments ``u`` at which the derivative may not exist (``None`` in the tuple
            stands for "at every integer", as for floor).
        parity: "odd", "even" or "".
        monotone: "increasing" or "decreasing" throughout its domain, or "".
        arb: the method of ``flint.arb`` and ``flint.arb_series`` that evaluates it, "" if it
            is evaluated by its definition.
        definition: the function by more elementary ones.
        latex: command that sets the name, without its argument.
        text: name in Unicode text.
        python: a call over ``from math import *``, with ``{0}`` and ``{1}`` for the arguments;
            "" where the definition must stand in.
        sympy: name in SymPy's namespace, "" where the definition must stand in.
    """

    name: str
    title: str
    derivatives: tuple[Formula | None, ...]
    latex: str
    rule: str = "The derivative of {title} is {slope}."
    aliases: tuple[str, ...] = ()
    inverse: str = ""
    inverse_range: str = ""
    undoes: bool = False
    domain: Callable[..., Expr] | None = None
    domain_words: str = ""
    kinks: tuple[int | None, ...] = ()
    parity: str = ""
    monotone: str = ""
    arb: str = ""
    definition: Formula | None = None
    text: str = ""
    python: str = ""
    sympy: str = ""

    @property
    def arity(self) -> int:
        return len(self.derivatives)


def _greater(a: Expr, b: Expr) -> Expr:
    return Comparison((">",), (a, b))


def _positive(u: Expr) -> Expr:
    return _greater(u, ZERO)


def _inside_one(u: Expr) -> Expr:
    return Comparison(("<", "<"), (Number(-1), u, ONE))


def _outside_one(u: Expr) -> Expr:
    return _greater(call("abs", u), ONE)


class Spellings(TypedDict):
    """How a function is written in each notation; see ``Function``."""

    latex: str
    text: str
    python: str
    sympy: str


def _same(name: str) -> Spellings:
    """The spellings of a function that every system calls by the same name."""
    return {
        "latex": rf"\{name}",
        "text": name,
        "python": f"{name}({{0}})",
        "sympy": name,
    }


def _operator(name: str, *, python: str = "", sympy: str = "") -> Spellings:
    return {
        "latex": rf"\operatorname{{{name}}}",
        "text": name,
        "python": python,
        "sympy": sympy,
    }


FUNCTIONS: tuple[Function, ...] = (
    # --- exponentials, logarithms, roots (DLMF 4.2, 4.7) ---
    Function(
        name="exp",
        title="the exponential function",
        derivatives=(lambda u: call("exp", u),),
        rule="The exponential function is its own derivative.",
        inverse="log",
        monotone="increasing",
        arb="exp",
        latex=r"\exp",
        text="exp",
        python="exp({0})",
        sympy="exp",
    ),
    Function(
        name="expm1",
        title="the exponential function minus one",
        derivatives=(lambda u: call("exp", u),),
        rule="Subtracting 1 does not change a derivative, and the exponential is its own.",
        inverse="log1p",
        monotone="increasing",
        arb="expm1",
        definition=lambda u: call("exp", u) - 1,
        **_operator("expm1", python="expm1({0})"),
    ),
    Function(
        name="log",
        title="the natural logarithm",
        derivatives=(lambda u: 1 / u,),
        aliases=("ln",),
        inverse="exp",
        undoes=True,
        domain=_positive,
        domain_words="positive",
        monotone="increasing",
        arb="log",
        latex=r"\ln",
        text="ln",
        python="log({0})",
        sympy="log",
    ),
    Function(
        name="log1p",
        title="the natural logarithm of one plus the argument",
        derivatives=(lambda u: 1 / (1 + u),),
        inverse="expm1",
        domain=lambda u: _greater(u, Number(-1)),
        domain_words="greater than −1",
        monotone="increasing",
        arb="log1p",
        definition=lambda u: call("log", 1 + u),
        **_operator("log1p", python="log1p({0})"),
    ),
    Function(
        name="log2",
        title="the logarithm to base 2",
        derivatives=(lambda u: 1 / (u * call("log", 2)),),
        rule="A logarithm to base b is the natural one divided by ln b.",
        aliases=("lb",),
        domain=_positive,
        domain_words="positive",
        monotone="increasing",
        definition=lambda u: call("log", u) / call("log", 2),
        latex=r"\log_{2}",
        text="log₂",
        python="log2({0})",
    ),
    Function(
        name="log10",
        title="the logarithm to base 10",
        derivatives=(lambda u: 1 / (u * call("log", 10)),),
        rule="A logarithm to base b is the natural one divided by ln b.",
        aliases=("lg",),
        domain=_positive,
        domain_words="positive",
        monotone="increasing",
        definition=lambda u: call("log", u) / call("log", 10),
        latex=r"\log_{10}",
        text="log₁₀",
        python="log10({0})",
    ),
    Function(
        name="logb",
        title="the logarithm to another base",
        derivatives=(
            lambda u, b: 1 / (u * call("log", b)),
            lambda u, b: -call("log", u) / (b * call("log", b) ** 2),
        ),
        rule="A logarithm to base b is the natural one divided by ln b.",
        domain=lambda u, b: _positive(u),
        domain_words="positive",
        definition=lambda u, b: call("log", u) / call("log", b),
        latex=r"\log",
        text="log",
        python="log({0}, {1})",
    ),
    Function(
        name="sqrt",
        title="the square root",
        derivatives=(lambda u: 1 / (2 * call("sqrt", u)),),
        domain=_positive,
        domain_words="positive",
        monotone="increasing",
        arb="sqrt",
        latex=r"\sqrt",
        text="√",
        python="sqrt({0})",
        sympy="sqrt",
    ),
    Function(
        name="cbrt",
        title="the cube root",
        derivatives=(lambda u: 1 / (3 * call("cbrt", u) ** 2),),
        kinks=(0,),
        parity="odd",
        monotone="increasing",
        definition=lambda u: call("sign", u) * call("abs", u) ** Fraction(1, 3),
        latex=r"\sqrt[3]",
        text="∛",
        python="cbrt({0})",
    ),
    # --- trigonometric functions (DLMF 4.20) ---
    Function(
        name="sin",
        title="the sine",
        derivatives=(lambda u: call("cos", u),),
        inverse="asin",
        inverse_range="between −π/2 and π/2",
        parity="odd",
        arb="sin",
        **_same("sin"),
    ),
    Function(
        name="cos",
        title="the cosine",
        derivatives=(lambda u: -call("sin", u),),
        inverse="acos",
        inverse_range="between 0 and π",
        parity="even",
        arb="cos",
        **_same("cos"),
    ),
    Function(
        name="tan",
        title="the tangent",
        derivatives=(lambda u: 1 / call("cos", u) ** 2,),
        aliases=("tg",),
        inverse="atan",
        inverse_range="between −π/2 and π/2",
        parity="odd",
        arb="tan",
        **_same("tan"),
    ),
    Function(
        name="cot",
        title="the cotangent",
        derivatives=(lambda u: -1 / call("sin", u) ** 2,),
        aliases=("ctg",),
        inverse="acot",
        inverse_range="between −π/2 and π/2",
        parity="odd",
        arb="cot",
        definition=lambda u: call("cos", u) / call("sin", u),
        latex=r"\cot",
        text="cot",
        sympy="cot",
    ),
    Function(
        name="sec",
        title="the secant",
        derivatives=(lambda u: call("sec", u) * call("tan", u),),
        inverse="asec",
        inverse_range="between 0 and π",
        parity="even",
        arb="sec",
        definition=lambda u: 1 / call("cos", u),
        latex=r"\sec",
        text="sec",
        sympy="sec",
    ),
    Function(
        name="csc",
        title="the cosecant",
        derivatives=(lambda u: -call("csc", u) * call("cot", u),),
        aliases=("cosec",),
        inverse="acsc",
        inverse_range="between −π/2 and π/2",
        parity="odd",
        arb="csc",
        definition=lambda u: 1 / call("sin", u),
        latex=r"\csc",
        text="csc",
        sympy="csc",
    ),
    # --- inverse trigonometric functions (DLMF 4.24) ---
    Function(
        name="asin",
        title="the inverse sine",
        derivatives=(lambda u: 1 / call("sqrt", 1 - u**2),),
        aliases=("arcsin",),
        inverse="sin",
        undoes=True,
        domain=_inside_one,
        domain_words="between −1 and 1",
        parity="odd",
        monotone="increasing",
        arb="asin",
        latex=r"\arcsin",
        text="arcsin",
        python="asin({0})",
        sympy="asin",
    ),
    Function(
        name="acos",
        title="the inverse cosine",
        derivatives=(lambda u: -1 / call("sqrt", 1 - u**2),),
        aliases=("arccos",),
        inverse="cos",
        undoes=True,
        domain=_inside_one,
        domain_words="between −1 and 1",
        monotone="decreasing",
        arb="acos",
        latex=r"\arccos",
        text="arccos",
        python="acos({0})",
        sympy="acos",
    ),
    Function(
        name="atan",
        title="the inverse tangent",
        derivatives=(lambda u: 1 / (1 + u**2),),
        aliases=("arctan", "arctg"),
        inverse="tan",
        undoes=True,
        parity="odd",
        monotone="increasing",
        arb="atan",
        latex=r"\arctan",
        text="arctan",
        python="atan({0})",
        sympy="atan",
    ),
    Function(
        name="acot",
        title="the inverse cotangent",
        derivatives=(lambda u: -1 / (1 + u**2),),
        aliases=("arccot",),
        inverse="cot",
        undoes=True,
        kinks=(0,),
        parity="odd",
        definition=lambda u: call("atan", 1 / u),
        sympy="acot",
        latex=r"\operatorname{arccot}",
        text="arccot",
    ),
    Function(
        name="asec",
        title="the inverse secant",
        derivatives=(lambda u: 1 / (call("abs", u) * call("sqrt", u**2 - 1)),),
        aliases=("arcsec",),
        inverse="sec",
        undoes=True,
        domain=_outside_one,
        domain_words="less than −1 or greater than 1",
        definition=lambda u: call("acos", 1 / u),
        latex=r"\operatorname{arcsec}",
        text="arcsec",
        sympy="asec",
    ),
    Function(
        name="acsc",
        title="the inverse cosecant",
        derivatives=(lambda u: -1 / (call("abs", u) * call("sqrt", u**2 - 1)),),
        aliases=("arccsc",),
        inverse="csc",
        undoes=True,
        domain=_outside_one,
        domain_words="less than −1 or greater than 1",
        parity="odd",
        definition=lambda u: call("asin", 1 / u),
        latex=r"\operatorname{arccsc}",
        text="arccsc",
        sympy="acsc",
    ),
    Function(
        name="atan2",
        title="the angle of a point",
        derivatives=(
            lambda v, u: u / (u**2 + v**2),
            lambda v, u: -v / (u**2 + v**2),
        ),
        rule="The angle of the point (u, v) grows by u over u² + v² with v, and by −v over u² + v² "
        "with u.",
        aliases=("arctan2",),
        definition=lambda v, u: 2 * call("atan", v / (call("sqrt", u**2 + v**2) + u)),
        **_operator("atan2", python="atan2({0}, {1})", sympy="atan2"),
    ),
    # --- hyperbolic functions (DLMF 4.34) ---
    Function(
        name="sinh",
        title="the hyperbolic sine",
        derivatives=(lambda u: call("cosh", u),),
        inverse="asinh",
        parity="odd",
        monotone="increasing",
        arb="sinh",
        definition=lambda u: (call("exp", u) - call("exp", -u)) / 2,
        **_same("sinh"),
    ),
    Function(
        name="cosh",
        title="the hyperbolic cosine",
        derivatives=(lambda u: call("sinh", u),),
        inverse="acosh",
        inverse_range="not negative",
        parity="even",
        arb="cosh",
        definition=lambda u: (call("exp", u) + call("exp", -u)) / 2,
        **_same("cosh"),
    ),
    Function(
        name="tanh",
        title="the hyperbolic tangent",
        derivatives=(lambda u: 1 - call("tanh", u) ** 2,),
        inverse="atanh",
        parity="odd",
        monotone="increasing",
        arb="tanh",
        definition=lambda u: 1 - 2 / (call("exp", 2 * u) + 1),
        **_same("tanh"),
    ),
    Function(
        name="coth",
        title="the hyperbolic cotangent",
        derivatives=(lambda u: -1 / call("sinh", u) ** 2,),
        inverse="acoth",
        parity="odd",
        arb="coth",
        definition=lambda u: call("cosh", u) / call("sinh", u),
        latex=r"\coth",
        text="coth",
        sympy="coth",
    ),
    Function(
        name="sech",
        title="the hyperbolic secant",
        derivatives=(lambda u: -call("sech", u) * call("tanh", u),),
        inverse="asech",
        inverse_range="not negative",
        parity="even",
        arb="sech",
        definition=lambda u: 1 / call("cosh", u),
        latex=r"\operatorname{sech}",
        text="sech",
        sympy="sech",
    ),
    Function(
        name="csch",
        title="the hyperbolic cosecant",
        derivatives=(lambda u: -call("csch", u) * call("coth", u),),
        inverse="acsch",
        parity="odd",
        arb="csch",
        definition=lambda u: 1 / call("sinh", u),
        latex=r"\operatorname{csch}",
        text="csch",
        sympy="csch",
    ),
    # --- inverse hyperbolic functions (DLMF 4.38) ---
    Function(
        name="asinh",
        title="the inverse hyperbolic sine",
        derivatives=(lambda u: 1 / call("sqrt", u**2 + 1),),
        aliases=("arcsinh", "arsinh"),
        inverse="sinh",
        undoes=True,
        parity="odd",
        monotone="increasing",
        arb="asinh",
        definition=lambda u: call("log", u + call("sqrt", u**2 + 1)),
        latex=r"\operatorname{arsinh}",
        text="arsinh",
        python="asinh({0})",
        sympy="asinh",
    ),
    Function(
        name="acosh",
        title="the inverse hyperbolic cosine",
        derivatives=(lambda u: 1 / call("sqrt", u**2 - 1),),
        aliases=("arccosh", "arcosh"),
        inverse="cosh",
        undoes=True,
        domain=lambda u: _greater(u, ONE),
        domain_words="greater than 1",
        monotone="increasing",
        arb="acosh",
        definition=lambda u: call("log", u + call("sqrt", u**2 - 1)),
        latex=r"\operatorname{arcosh}",
        text="arcosh",
        python="acosh({0})",
        sympy="acosh",
    ),
    Function(
        name="atanh",
        title="the inverse hyperbolic tangent",
        derivatives=(lambda u: 1 / (1 - u**2),),
        aliases=("arctanh", "artanh"),
        inverse="tanh",
        undoes=True,
        domain=_inside_one,
        domain_words="between −1 and 1",
        parity="odd",
        monotone="increasing",
        arb="atanh",
        definition=lambda u: HALF * call("log", (1 + u) / (1 - u)),
        latex=r"\operatorname{artanh}",
        text="artanh",
        python="atanh({0})",
        sympy="atanh",
    ),
    Function(
        name="acoth",
        title="the inverse hyperbolic cotangent",
        derivatives=(lambda u: 1 / (1 - u**2),),
        aliases=("arccoth", "arcoth"),
        inverse="coth",
        undoes=True,
        domain=_outside_one,
        domain_words="less than −1 or greater than 1",
        parity="odd",
        definition=lambda u: call("atanh", 1 / u),
        latex=r"\operatorname{arcoth}",
        text="arcoth",
        sympy="acoth",
    ),
    Function(
        name="asech",
        title="the inverse hyperbolic secant",
        derivatives=(lambda u: -1 / (u * call("sqrt", 1 - u**2)),),
        aliases=("arcsech", "arsech"),
        inverse="sech",
        undoes=True,
        domain=lambda u: Comparison(("<", "<"), (ZERO, u, ONE)),
        domain_words="between 0 and 1",
        monotone="decreasing",
        definition=lambda u: call("acosh", 1 / u),
        latex=r"\operatorname{arsech}",
        text="arsech",
        sympy="asech",
    ),
    Function(
        name="acsch",
        title="the inverse hyperbolic cosecant",
        derivatives=(lambda u: -1 / (call("abs", u) * call("sqrt", 1 + u**2)),),
        aliases=("arccsch", "arcsch"),
        inverse="csch",
        undoes=True,
        parity="odd",
        definition=lambda u: call("asinh", 1 / u),
        latex=r"\operatorname{arcsch}",
        text="arcsch",
        sympy="acsch",
    ),
    # --- error function and the normal distribution (DLMF 7.2) ---
    Function(
        name="erf",
        title="the error function",
        derivatives=(lambda u: 2 / call("sqrt", PI) * call("exp", -(u**2)),),
        rule="The error function is an integral; its derivative is the integrand, {slope}.",
        inverse="erfinv",
        parity="odd",
        monotone="increasing",
        arb="erf",
        **_operator("erf", python="erf({0})", sympy="erf"),
    ),
    Function(
        name="erfc",
        title="the complementary error function",
        derivatives=(lambda u: -2 / call("sqrt", PI) * call("exp", -(u**2)),),
        rule="Since erfc is 1 − erf, its derivative is that of erf with the sign changed.",
        monotone="decreasing",
        arb="erfc",
        definition=lambda u: 1 - call("erf", u),
        **_operator("erfc", python="erfc({0})", sympy="erfc"),
    ),
    Function(
        name="erfinv",
        title="the inverse error function",
        derivatives=(lambda u: call("sqrt", PI) / 2 * call("exp", call("erfinv", u) ** 2),),
        rule="The derivative of an inverse function is one over the derivative of the function, "
        "taken at the inverse.",
        inverse="erf",
        undoes=True,
        domain=_inside_one,
        domain_words="between −1 and 1",
        parity="odd",
        monotone="increasing",
        arb="erfinv",
        latex=r"\operatorname{erf}^{-1}",
        text="erfinv",
        sympy="erfinv",
    ),
    Function(
        name="normpdf",
        title="the density of the standard normal distribution",
        derivatives=(lambda u: -u * call("normpdf", u),),
        rule="The normal density satisfies φ'(u) = −u φ(u).",
        aliases=("phi", "varphi", "norm_pdf"),
        parity="even",
        definition=lambda u: call("exp", -(u**2) / 2) / call("sqrt", 2 * PI),
        latex=r"\varphi",
        text="φ",
    ),
    Function(
        name="normcdf",
        title="the standard normal distribution function",
        derivatives=(lambda u: call("normpdf", u),),
        rule="The derivative of the normal distribution function is the normal density φ.",
        aliases=("Phi", "norm_cdf", "ndtr"),
        monotone="increasing",
        definition=lambda u: HALF * call("erfc", -u / call("sqrt", 2)),
        latex=r"\Phi",
        text="Φ",
    ),
    # --- the gamma function and its kin (DLMF 5.2, 5.15) ---
    Function(
        name="gamma",
        title="the gamma function",
        derivatives=(lambda u: call("gamma", u) * call("digamma", u),),
        aliases=("Gamma",),
        arb="gamma",
        latex=r"\Gamma",
        text="Γ",
        python="gamma({0})",
        sympy="gamma",
    ),
    Function(
        name="lgamma",
        title="the logarithm of the gamma function",
        derivatives=(lambda u: call("digamma", u),),
        aliases=("gammaln", "loggamma"),
        domain=_positive,
        domain_words="positive",
        arb="lgamma",
        latex=r"\ln\Gamma",
        text="lnΓ",
        python="lgamma({0})",
        sympy="loggamma",
    ),
    Function(
        name="digamma",
        title="the digamma function",
        derivatives=(lambda u: call("polygamma", 1, u),),
        rule="The derivative of the digamma function is the polygamma function of order 1.",
        aliases=("psi",),
        arb="digamma",
        latex=r"\psi",
        text="ψ",
        sympy="digamma",
    ),
    Function(
        name="polygamma",
        title="the polygamma function",
        derivatives=(None, lambda n, u: call("polygamma", n + 1, u)),
        rule="Differentiating a polygamma function raises its order by one.",
        arb="polygamma",
        latex=r"\psi",
        text="ψ",
        sympy="polygamma",
    ),
    # --- absolute value, sign, extremes, steps ---
    Function(
        name="abs",
        title="the absolute value",
        derivatives=(lambda u: call("sign", u),),
        rule="The absolute value has slope 1 where its argument is positive and −1 where it is "
        "negative: the sign of the argument.",
        kinks=(0,),
        parity="even",
        arb="__abs__",
        definition=lambda u: Piecewise((-u, Comparison(("<",), (u, ZERO)), u)),
        latex=r"\operatorname{abs}",
        text="abs",
        python="fabs({0})",
        sympy="Abs",
    ),
    Function(
        name="sign",
        title="the sign",
        derivatives=(lambda u: ZERO,),
        rule="The sign is constant on either side of 0, so its derivative is 0; at 0 it jumps.",
        aliases=("sgn", "signum"),
        kinks=(0,),
        parity="odd",
        monotone="increasing",
        arb="sgn",
        definition=lambda u: Piecewise(
            (ONE, _greater(u, ZERO), Number(-1), Comparison(("<",), (u, ZERO)), ZERO)
        ),
        **_operator("sign", sympy="sign"),
    ),
    Function(
        name="heaviside",
        title="the unit step",
        derivatives=(lambda u: ZERO,),
        rule="The step is constant on either side of 0, so its derivative is 0; at 0 it jumps.",
        aliases=("step", "unitstep"),
        kinks=(0,),
        monotone="increasing",
        definition=lambda u: Piecewise((ONE, Comparison((">=",), (u, ZERO)), ZERO)),
        latex=r"\operatorname{H}",
        text="H",
    ),
    Function(
        name="max",
        title="the larger of two",
        derivatives=(
            lambda u, v: call("heaviside", u - v),
            lambda u, v: call("heaviside", v - u),
        ),
        rule="The larger of two functions has the derivative of whichever is larger; where they "
        "meet it has a kink, unless their slopes agree.",
        aliases=("maximum", "fmax"),
        kinks=(0,),
        definition=lambda u, v: Piecewise((u, Comparison((">=",), (u, v)), v)),
        latex=r"\max",
        text="max",
        python="max({0}, {1})",
        sympy="Max",
    ),
    Function(
        name="min",
        title="the smaller of two",
        derivatives=(
            lambda u, v: call("heaviside", v - u),
            lambda u, v: call("heaviside", u - v),
        ),
        rule="The smaller of two functions has the derivative of whichever is smaller; where "
        "they meet it has a kink, unless their slopes agree.",
        aliases=("minimum", "fmin"),
        kinks=(0,),
        definition=lambda u, v: Piecewise((u, Comparison(("<=",), (u, v)), v)),
        latex=r"\min",
        text="min",
        python="min({0}, {1})",
        sympy="Min",
    ),
    Function(
        name="floor",
        title="the floor",
        derivatives=(lambda u: ZERO,),
        rule="The floor is constant between integers, so its derivative is 0; at every integer "
        "it jumps.",
        kinks=(None,),
        monotone="increasing",
        arb="floor",
        latex=r"\operatorname{floor}",
        text="floor",
        python="floor({0})",
        sympy="floor",
    ),
    Function(
        name="ceil",
        title="the ceiling",
        derivatives=(lambda u: ZERO,),
        rule="The ceiling is constant between integers, so its derivative is 0; at every "
        "integer it jumps.",
        aliases=("ceiling",),
        kinks=(None,),
        monotone="increasing",
        arb="ceil",
        latex=r"\operatorname{ceil}",
        text="ceil",
        python="ceil({0})",
        sympy="ceiling",
    ),
    Function(
        name="round",
        title="rounding to the nearest integer",
        derivatives=(lambda u: ZERO,),
        rule="Rounding is constant between its jumps, so its derivative is 0; halfway between "
        "integers it jumps.",
        aliases=("rint",),
        kinks=(None,),
        parity="odd",
        monotone="increasing",
        definition=lambda u: call("floor", u + HALF),
        **_operator("round", python="round({0})"),
    ),
    Function(
        name="trunc",
        title="rounding towards zero",
        derivatives=(lambda u: ZERO,),
        rule="Truncation is constant between integers, so its derivative is 0; at every integer "
        "but 0 it jumps.",
        aliases=("fix",),
        kinks=(None,),
        parity="odd",
        monotone="increasing",
        definition=lambda u: call("sign", u) * call("floor", call("abs", u)),
        **_operator("trunc", python="trunc({0})"),
    ),
)

BY_NAME: dict[str, Function] = {row.name: row for row in FUNCTIONS}
"""Rows by their own name."""


def spellings(rows: Iterable[Function] = FUNCTIONS) -> dict[str, str]:
    """Every accepted spelling and the name it stands for."""
    return {spelling: row.name for row in rows for spelling in (row.name, *row.aliases)}
