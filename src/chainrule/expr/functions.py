"""The table of elementary functions: one row is all that chainrule knows about one.

The first line of a row is the function and its derivative, a formula in its argument ``u``, from
which the sentence that a walk-through quotes is made, unless there is something better to say.
Sources: DLMF chapters 4 (elementary), 5 (gamma) and 7 (error functions).

How a function is spelled stands with the notation that spells it, where that is not by its name:
``parsing.names`` (other names it is read by), ``render.function_names`` (LaTeX and text),
``render.code_syntax`` (Python), ``parsing.sympy_bridge`` (SymPy).

Named activations and losses are not here but in the catalogue: their derivatives are derived
from their formulas, not stated.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from chainrule.expr.nodes import (
    HALF,
    MINUS_ONE,
    ONE,
    PI,
    TWO,
    ZERO,
    Comparison,
    E,
    Expr,
    Number,
    Piecewise,
    Value,
    call,
)
from chainrule.record import Record

Formula = Callable[..., Expr]
"""From argument nodes to a node."""


class Function(Record):
    """One elementary function.

    Attributes:
        name: its name in expressions and in formulas as typed.
        derivatives: the partial derivative by each argument, as formulas of all arguments;
            ``None`` for an argument that takes whole numbers only.
        title: its name in a sentence ("the sine").
        rule: the rule of differentiation in words; ``{slope}`` stands for the words that are made
            from the derivative (``document.sentences``).
        definition: the function by more elementary ones.
        inverse: name of the inverse function, on the branch where this one is inverted.
        inverse_range: values ``u`` for which ``inverse(f(u)) = u``, in words; "" if all.
        undoes: whether it is defined as the inverse of ``inverse``, so that its rule follows
            from that one's.
        domain: the condition on the arguments under which the function is defined.
        kinks: arguments ``u`` at which the derivative may not exist (``None`` in the tuple
            stands for "at every integer", as for floor).
        parity: "odd", "even" or "".
        monotone: "increasing" or "decreasing" throughout its domain, or "".
        never_negative: whether no value is below 0.
        like_argument: whether f(u) = u + O(u²) near 0, so that its value is as small as u.
        values: pairs of an argument and the value there, those that everybody knows.
        step: the value at a rational number, of a function that is constant between its kinks and
            jumps there.
        arb: the method of ``flint.arb`` and ``flint.arb_series`` that evaluates it, "" if it
            is evaluated by its definition.
    """

    name: str
    derivatives: tuple[Formula | None, ...]
    title: str
    rule: str = "The derivative of {title} is {slope}."
    definition: Formula | None = None
    inverse: str = ""
    inverse_range: str = ""
    undoes: bool = False
    domain: Formula | None = None
    kinks: tuple[int | None, ...] = ()
    parity: str = ""
    monotone: str = ""
    never_negative: bool = False
    like_argument: bool = False
    values: tuple[tuple[Expr, Expr], ...] = ()
    step: Callable[[Value], int] | None = None
    arb: str = ""

    @property
    def arity(self) -> int:
        return len(self.derivatives)

    @property
    def jumps(self) -> bool:
        """Whether it is constant between its kinks, so that its value jumps there."""
        return self.step is not None


def _of(name: str) -> Formula:
    return lambda *args: call(name, *args)


# What the formulas below call.
exp, log, sqrt, cbrt, abs_ = map(_of, ("exp", "log", "sqrt", "cbrt", "abs"))
sign, step, floor = map(_of, ("sign", "heaviside", "floor"))
sin, cos, tan, cot, sec, csc = map(_of, ("sin", "cos", "tan", "cot", "sec", "csc"))
asin, acos, atan, asinh, acosh, atanh = map(
    _of, ("asin", "acos", "atan", "asinh", "acosh", "atanh")
)
sinh, cosh, tanh, coth, sech, csch = map(_of, ("sinh", "cosh", "tanh", "coth", "sech", "csch"))
erf, erfc, erfinv, normpdf = map(_of, ("erf", "erfc", "erfinv", "normpdf"))
erfcinv, erfcx, lambertw, hypot = map(_of, ("erfcinv", "erfcx", "lambertw", "hypot"))
sinpi, cospi, sind, cosd = map(_of, ("sinpi", "cospi", "sind", "cosd"))
exp10, log1p = map(_of, ("exp10", "log1p"))
gamma, digamma, polygamma = map(_of, ("gamma", "digamma", "polygamma"))


def _less(*args: Expr) -> Expr:
    return Comparison(("<",) * (len(args) - 1), args)


def _greater(a: Expr, b: Expr) -> Expr:
    return Comparison((">",), (a, b))


def _positive(u: Expr) -> Expr:
    return _greater(u, ZERO)


def _inside_one(u: Expr) -> Expr:
    return _less(MINUS_ONE, u, ONE)


def _outside_one(u: Expr) -> Expr:
    return _greater(abs_(u), ONE)


_ZERO_AT_ZERO = ((ZERO, ZERO),)

# fmt: off
FUNCTIONS: tuple[Function, ...] = (
    # --- exponentials, logarithms, roots (DLMF 4.2, 4.7) ---
    Function("exp",        (lambda u: exp(u),),
        title="the exponential function",
        rule="The exponential function is its own derivative.",
        inverse="log", monotone="increasing", never_negative=True,
        values=((ZERO, ONE), (ONE, E)), arb="exp"),
    Function("expm1",      (lambda u: exp(u),),
        title="the exponential function minus one",
        rule="Subtracting 1 does not change a derivative, and the exponential is its own.",
        definition=lambda u: exp(u) - 1,
        inverse="log1p", monotone="increasing", like_argument=True, values=_ZERO_AT_ZERO,
        arb="expm1"),
    Function("exp10",      (lambda u: log(10) * exp10(u),),
        title="the power of ten",
        rule="The derivative of the power of ten is ln(10) exp10(u).",
        definition=lambda u: Number(10)**u,
        monotone="increasing", never_negative=True, values=((ZERO, ONE),)),
    Function("log",        (lambda u: 1 / u,),
        title="the natural logarithm",
        inverse="exp", undoes=True, domain=_positive, monotone="increasing",
        values=((ONE, ZERO), (E, ONE)), arb="log"),
    Function("log1p",      (lambda u: 1 / (1 + u),),
        title="the natural logarithm of one plus the argument",
        definition=lambda u: log(1 + u),
        inverse="expm1", domain=lambda u: _greater(u, MINUS_ONE), monotone="increasing",
        like_argument=True, values=_ZERO_AT_ZERO, arb="log1p"),
    Function("log2",       (lambda u: 1 / (u * log(2)),),
        title="the logarithm to base 2",
        rule="A logarithm to base b is the natural one divided by ln b.",
        definition=lambda u: log(u) / log(2),
        domain=_positive, monotone="increasing"),
    Function("log10",      (lambda u: 1 / (u * log(10)),),
        title="the logarithm to base 10",
        rule="A logarithm to base b is the natural one divided by ln b.",
        definition=lambda u: log(u) / log(10),
        domain=_positive, monotone="increasing"),
    Function("logb",       (lambda u, b: 1 / (u * log(b)), lambda u, b: -log(u) / (b * log(b)**2)),
        title="the logarithm to another base",
        rule="A logarithm to base b is the natural one divided by ln b.",
        definition=lambda u, b: log(u) / log(b),
        domain=lambda u, b: _positive(u)),
    Function("logaddexp",  (lambda u, v: 1 / (1 + exp(v - u)), lambda u, v: 1 / (1 + exp(u - v))),
        title="the logarithm of a sum of exponentials",
        rule="The logarithm of e^u + e^v grows with either argument by the share that its "
             "exponential has in the sum.",
        definition=lambda u, v: log(exp(u) + exp(v))),
    Function("xlogy",      (lambda u, v: log(v), lambda u, v: u / v),
        title="the product of a number and a logarithm",
        rule="The product u ln v grows by ln v with u, and by u over v with v.",
        definition=lambda u, v: u * log(v),
        domain=lambda u, v: _positive(v)),
    Function("xlog1py",    (lambda u, v: log1p(v), lambda u, v: u / (1 + v)),
        title="the product of a number and the logarithm of one plus another",
        rule="The product u ln(1 + v) grows by ln(1 + v) with u, and by u over 1 + v with v.",
        definition=lambda u, v: u * log(1 + v),
        domain=lambda u, v: _greater(v, MINUS_ONE)),
    Function("sqrt",       (lambda u: 1 / (2 * sqrt(u)),),
        title="the square root",
        domain=_positive, monotone="increasing", never_negative=True,
        values=((ZERO, ZERO), (ONE, ONE)), arb="sqrt"),
    Function("cbrt",       (lambda u: 1 / (3 * cbrt(u)**2),),
        title="the cube root",
        definition=lambda u: sign(u) * abs_(u)**Fraction(1, 3),
        kinks=(0,), parity="odd", monotone="increasing"),
    Function("hypot",      (lambda u, v: u / hypot(u, v), lambda u, v: v / hypot(u, v)),
        title="the hypotenuse",
        rule="The hypotenuse of the legs u and v grows with either leg by that leg over itself.",
        definition=lambda u, v: sqrt(u**2 + v**2)),
    # --- trigonometric functions (DLMF 4.20) ---
    Function("sin",        (lambda u: cos(u),),
        title="the sine",
        inverse="asin", inverse_range="between −π/2 and π/2", parity="odd", like_argument=True,
        values=((ZERO, ZERO), (PI, ZERO), (PI / 2, ONE)), arb="sin"),
    Function("cos",        (lambda u: -sin(u),),
        title="the cosine",
        inverse="acos", inverse_range="between 0 and π", parity="even",
        values=((ZERO, ONE), (PI, MINUS_ONE), (PI / 2, ZERO)), arb="cos"),
    Function("tan",        (lambda u: 1 / cos(u)**2,),
        title="the tangent",
        inverse="atan", inverse_range="between −π/2 and π/2", parity="odd", like_argument=True,
        values=_ZERO_AT_ZERO, arb="tan"),
    Function("cot",        (lambda u: -1 / sin(u)**2,),
        title="the cotangent",
        definition=lambda u: cos(u) / sin(u),
        inverse="acot", inverse_range="between −π/2 and π/2", parity="odd", arb="cot"),
    Function("sec",        (lambda u: sec(u) * tan(u),),
        title="the secant",
        definition=lambda u: 1 / cos(u),
        inverse="asec", inverse_range="between 0 and π", parity="even", arb="sec"),
    Function("csc",        (lambda u: -csc(u) * cot(u),),
        title="the cosecant",
        definition=lambda u: 1 / sin(u),
        inverse="acsc", inverse_range="between −π/2 and π/2", parity="odd", arb="csc"),
    Function("sinpi",      (lambda u: PI * cospi(u),),
        title="the sine of π times the argument",
        rule="The derivative of the sine of π times the argument is π cospi(u).",
        definition=lambda u: sin(PI * u),
        parity="odd", values=_ZERO_AT_ZERO, arb="sin_pi"),
    Function("cospi",      (lambda u: -PI * sinpi(u),),
        title="the cosine of π times the argument",
        rule="The derivative of the cosine of π times the argument is −π sinpi(u).",
        definition=lambda u: cos(PI * u),
        parity="even", values=((ZERO, ONE),), arb="cos_pi"),
    Function("tanpi",      (lambda u: PI / cospi(u)**2,),
        title="the tangent of π times the argument",
        rule="The derivative of the tangent of π times the argument is π/cospi(u)².",
        definition=lambda u: tan(PI * u),
        parity="odd", values=_ZERO_AT_ZERO),
    Function("sind",       (lambda u: PI / 180 * cosd(u),),
        title="the sine of an angle in degrees",
        rule="The derivative of the sine of an angle in degrees is π/180 cosd(u).",
        definition=lambda u: sin(PI * u / 180),
        parity="odd", values=_ZERO_AT_ZERO),
    Function("cosd",       (lambda u: -PI / 180 * sind(u),),
        title="the cosine of an angle in degrees",
        rule="The derivative of the cosine of an angle in degrees is −π/180 sind(u).",
        definition=lambda u: cos(PI * u / 180),
        parity="even", values=((ZERO, ONE),)),
    Function("tand",       (lambda u: PI / (180 * cosd(u)**2),),
        title="the tangent of an angle in degrees",
        rule="The derivative of the tangent of an angle in degrees is π/(180 cosd(u)²).",
        definition=lambda u: tan(PI * u / 180),
        parity="odd", values=_ZERO_AT_ZERO),
    # --- inverse trigonometric functions (DLMF 4.24) ---
    Function("asin",       (lambda u: 1 / sqrt(1 - u**2),),
        title="the inverse sine",
        inverse="sin", undoes=True, domain=_inside_one, parity="odd", monotone="increasing",
        like_argument=True, values=_ZERO_AT_ZERO, arb="asin"),
    Function("acos",       (lambda u: -1 / sqrt(1 - u**2),),
        title="the inverse cosine",
        inverse="cos", undoes=True, domain=_inside_one, monotone="decreasing",
        never_negative=True, arb="acos"),
    Function("atan",       (lambda u: 1 / (1 + u**2),),
        title="the inverse tangent",
        inverse="tan", undoes=True, parity="odd", monotone="increasing", like_argument=True,
        values=_ZERO_AT_ZERO, arb="atan"),
    Function("acot",       (lambda u: -1 / (1 + u**2),),
        title="the inverse cotangent",
        definition=lambda u: atan(1 / u),
        inverse="cot", undoes=True, kinks=(0,), parity="odd"),
    Function("asec",       (lambda u: 1 / (abs_(u) * sqrt(u**2 - 1)),),
        title="the inverse secant",
        definition=lambda u: acos(1 / u),
        inverse="sec", undoes=True, domain=_outside_one, never_negative=True),
    Function("acsc",       (lambda u: -1 / (abs_(u) * sqrt(u**2 - 1)),),
        title="the inverse cosecant",
        definition=lambda u: asin(1 / u),
        inverse="csc", undoes=True, domain=_outside_one, parity="odd"),
    Function("asind",      (lambda u: 180 / (PI * sqrt(1 - u**2)),),
        title="the inverse sine in degrees",
        rule="The derivative of the inverse sine in degrees is 180/(π √(1 − u²)).",
        definition=lambda u: 180 * asin(u) / PI,
        domain=_inside_one, parity="odd", monotone="increasing", values=_ZERO_AT_ZERO),
    Function("acosd",      (lambda u: -180 / (PI * sqrt(1 - u**2)),),
        title="the inverse cosine in degrees",
        rule="The derivative of the inverse cosine in degrees is −180/(π √(1 − u²)).",
        definition=lambda u: 180 * acos(u) / PI,
        domain=_inside_one, monotone="decreasing", never_negative=True),
    Function("atand",      (lambda u: 180 / (PI * (1 + u**2)),),
        title="the inverse tangent in degrees",
        rule="The derivative of the inverse tangent in degrees is 180/(π (1 + u²)).",
        definition=lambda u: 180 * atan(u) / PI,
        parity="odd", monotone="increasing", values=_ZERO_AT_ZERO),
    Function("atan2",      (lambda v, u: u / (u**2 + v**2), lambda v, u: -v / (u**2 + v**2)),
        title="the angle of a point",
        rule="The angle of the point (u, v) grows by u over u² + v² with v, and by −v over "
             "u² + v² with u.",
        definition=lambda v, u: 2 * atan(v / (sqrt(u**2 + v**2) + u))),
    # --- hyperbolic functions (DLMF 4.34) ---
    Function("sinh",       (lambda u: cosh(u),),
        title="the hyperbolic sine",
        definition=lambda u: (exp(u) - exp(-u)) / 2,
        inverse="asinh", parity="odd", monotone="increasing", like_argument=True,
        values=_ZERO_AT_ZERO, arb="sinh"),
    Function("cosh",       (lambda u: sinh(u),),
        title="the hyperbolic cosine",
        definition=lambda u: (exp(u) + exp(-u)) / 2,
        inverse="acosh", inverse_range="not negative", parity="even", never_negative=True,
        values=((ZERO, ONE),), arb="cosh"),
    Function("tanh",       (lambda u: 1 - tanh(u)**2,),
        title="the hyperbolic tangent",
        definition=lambda u: 1 - 2 / (exp(2 * u) + 1),
        inverse="atanh", parity="odd", monotone="increasing", like_argument=True,
        values=_ZERO_AT_ZERO, arb="tanh"),
    Function("coth",       (lambda u: -1 / sinh(u)**2,),
        title="the hyperbolic cotangent",
        definition=lambda u: cosh(u) / sinh(u),
        inverse="acoth", parity="odd", arb="coth"),
    Function("sech",       (lambda u: -sech(u) * tanh(u),),
        title="the hyperbolic secant",
        definition=lambda u: 1 / cosh(u),
        inverse="asech", inverse_range="not negative", parity="even", never_negative=True,
        values=((ZERO, ONE),), arb="sech"),
    Function("csch",       (lambda u: -csch(u) * coth(u),),
        title="the hyperbolic cosecant",
        definition=lambda u: 1 / sinh(u),
        inverse="acsch", parity="odd", arb="csch"),
    # --- inverse hyperbolic functions (DLMF 4.38) ---
    Function("asinh",      (lambda u: 1 / sqrt(u**2 + 1),),
        title="the inverse hyperbolic sine",
        definition=lambda u: log(u + sqrt(u**2 + 1)),
        inverse="sinh", undoes=True, parity="odd", monotone="increasing", like_argument=True,
        values=_ZERO_AT_ZERO, arb="asinh"),
    Function("acosh",      (lambda u: 1 / sqrt(u**2 - 1),),
        title="the inverse hyperbolic cosine",
        definition=lambda u: log(u + sqrt(u**2 - 1)),
        inverse="cosh", undoes=True, domain=lambda u: _greater(u, ONE), monotone="increasing",
        never_negative=True, arb="acosh"),
    Function("atanh",      (lambda u: 1 / (1 - u**2),),
        title="the inverse hyperbolic tangent",
        definition=lambda u: HALF * log((1 + u) / (1 - u)),
        inverse="tanh", undoes=True, domain=_inside_one, parity="odd", monotone="increasing",
        like_argument=True, values=_ZERO_AT_ZERO, arb="atanh"),
    Function("acoth",      (lambda u: 1 / (1 - u**2),),
        title="the inverse hyperbolic cotangent",
        definition=lambda u: atanh(1 / u),
        inverse="coth", undoes=True, domain=_outside_one, parity="odd"),
    Function("asech",      (lambda u: -1 / (u * sqrt(1 - u**2)),),
        title="the inverse hyperbolic secant",
        definition=lambda u: acosh(1 / u),
        inverse="sech", undoes=True, domain=lambda u: _less(ZERO, u, ONE), monotone="decreasing",
        never_negative=True),
    Function("acsch",      (lambda u: -1 / (abs_(u) * sqrt(1 + u**2)),),
        title="the inverse hyperbolic cosecant",
        definition=lambda u: asinh(1 / u),
        inverse="csch", undoes=True, parity="odd"),
    # --- error function and the normal distribution (DLMF 7.2) ---
    Function("erf",        (lambda u: 2 / sqrt(PI) * exp(-(u**2)),),
        title="the error function",
        rule="The error function is an integral; its derivative is the integrand, {slope}.",
        inverse="erfinv", parity="odd", monotone="increasing", values=_ZERO_AT_ZERO, arb="erf"),
    Function("erfc",       (lambda u: -2 / sqrt(PI) * exp(-(u**2)),),
        title="the complementary error function",
        rule="Since erfc is 1 − erf, its derivative is that of erf with the sign changed.",
        definition=lambda u: 1 - erf(u),
        monotone="decreasing", never_negative=True, values=((ZERO, ONE),), arb="erfc"),
    Function("erfinv",     (lambda u: sqrt(PI) / 2 * exp(erfinv(u)**2),),
        title="the inverse error function",
        rule="The derivative of an inverse function is one over the derivative of the function, "
             "taken at the inverse.",
        inverse="erf", undoes=True, domain=_inside_one, parity="odd", monotone="increasing",
        arb="erfinv"),
    Function("erfcinv",    (lambda u: -sqrt(PI) / 2 * exp(erfcinv(u)**2),),
        title="the inverse complementary error function",
        rule="The derivative of the inverse complementary error function is −√π/2 "
             "e^(erfcinv(u)²).",
        definition=lambda u: erfinv(1 - u),
        domain=lambda u: _less(ZERO, u, TWO), monotone="decreasing", values=((ONE, ZERO),)),
    Function("erfcx",      (lambda u: 2 * u * erfcx(u) - 2 / sqrt(PI),),
        title="the scaled complementary error function",
        rule="The derivative of the scaled complementary error function is 2 u erfcx(u) − 2/√π.",
        definition=lambda u: exp(u**2) * erfc(u),
        monotone="decreasing", never_negative=True, values=((ZERO, ONE),)),
    Function("erfi",       (lambda u: 2 / sqrt(PI) * exp(u**2),),
        title="the imaginary error function",
        rule="The imaginary error function is an integral; its derivative is the integrand, "
             "2/√π e^(u²).",
        parity="odd", monotone="increasing", values=_ZERO_AT_ZERO, arb="erfi"),
    Function("normpdf",    (lambda u: -u * normpdf(u),),
        title="the density of the standard normal distribution",
        rule="The normal density satisfies φ'(u) = −u φ(u).",
        definition=lambda u: exp(-(u**2) / 2) / sqrt(2 * PI),
        parity="even", never_negative=True),
    Function("normcdf",    (lambda u: normpdf(u),),
        title="the standard normal distribution function",
        rule="The derivative of the normal distribution function is the normal density φ.",
        definition=lambda u: HALF * erfc(-u / sqrt(2)),
        monotone="increasing", never_negative=True, values=((ZERO, HALF),)),
    # --- integrals without a closed form (DLMF 6.2, 7.2) ---
    Function("Ei",         (lambda u: exp(u) / u,),
        title="the exponential integral",
        rule="The exponential integral is an integral; its derivative is the integrand, e^u/u.",
        arb="ei"),
    Function("li",         (lambda u: 1 / log(u),),
        title="the logarithmic integral",
        rule="The logarithmic integral is an integral; its derivative is the integrand, 1/ln(u).",
        definition=lambda u: call("Ei", log(u)),
        domain=_positive, arb="li"),
    Function("Si",         (lambda u: sin(u) / u,),
        title="the sine integral",
        rule="The sine integral is an integral; its derivative is the integrand, sin(u)/u.",
        parity="odd", like_argument=True, values=_ZERO_AT_ZERO, arb="si"),
    Function("Ci",         (lambda u: cos(u) / u,),
        title="the cosine integral",
        rule="The cosine integral is an integral; its derivative is the integrand, cos(u)/u.",
        domain=_positive, arb="ci"),
    Function("Shi",        (lambda u: sinh(u) / u,),
        title="the hyperbolic sine integral",
        rule="The hyperbolic sine integral is an integral; its derivative is the integrand, "
             "sinh(u)/u.",
        parity="odd", monotone="increasing", like_argument=True, values=_ZERO_AT_ZERO, arb="shi"),
    Function("Chi",        (lambda u: cosh(u) / u,),
        title="the hyperbolic cosine integral",
        rule="The hyperbolic cosine integral is an integral; its derivative is the integrand, "
             "cosh(u)/u.",
        domain=_positive, monotone="increasing", arb="chi"),
    Function("fresnels",   (lambda u: sin(PI * u**2 / 2),),
        title="the Fresnel sine integral",
        rule="The Fresnel sine integral is an integral; its derivative is the integrand, "
             "sin(π u²/2).",
        parity="odd", values=_ZERO_AT_ZERO, arb="fresnel_s"),
    Function("fresnelc",   (lambda u: cos(PI * u**2 / 2),),
        title="the Fresnel cosine integral",
        rule="The Fresnel cosine integral is an integral; its derivative is the integrand, "
             "cos(π u²/2).",
        parity="odd", like_argument=True, values=_ZERO_AT_ZERO, arb="fresnel_c"),
    # --- the inverse of w e^w (DLMF 4.13) ---
    Function("lambertw",   (lambda u: exp(-lambertw(u)) / (1 + lambertw(u)),),
        title="the Lambert W function",
        rule="The derivative of the Lambert W function is e^(−lambertw(u))/(1 + lambertw(u)).",
        domain=lambda u: _greater(u, -exp(MINUS_ONE)), monotone="increasing", like_argument=True,
        values=_ZERO_AT_ZERO, arb="lambertw"),
    # --- the gamma function and its kin (DLMF 5.2, 5.15) ---
    Function("gamma",      (lambda u: gamma(u) * digamma(u),),
        title="the gamma function",
        values=((ONE, ONE),), arb="gamma"),
    Function("lgamma",     (lambda u: digamma(u),),
        title="the logarithm of the gamma function",
        domain=_positive, values=((ONE, ZERO),), arb="lgamma"),
    Function("digamma",    (lambda u: polygamma(1, u),),
        title="the digamma function",
        rule="The derivative of the digamma function is the polygamma function of order 1.",
        arb="digamma"),
    Function("polygamma",  (None, lambda n, u: polygamma(n + 1, u)),
        title="the polygamma function",
        rule="Differentiating a polygamma function raises its order by one.",
        arb="polygamma"),
    # --- absolute value, sign, extremes, steps ---
    Function("abs",        (lambda u: sign(u),),
        title="the absolute value",
        rule="The absolute value has slope 1 where its argument is positive and −1 where it is "
             "negative: the sign of the argument.",
        definition=lambda u: Piecewise((-u, _less(u, ZERO), u)),
        kinks=(0,), parity="even", never_negative=True, values=_ZERO_AT_ZERO, arb="__abs__"),
    Function("sign",       (lambda u: ZERO,),
        title="the sign",
        rule="The sign is constant on either side of 0, so its derivative is 0; at 0 it jumps.",
        definition=lambda u: Piecewise((ONE, _positive(u), MINUS_ONE, _less(u, ZERO), ZERO)),
        kinks=(0,), parity="odd", monotone="increasing", values=_ZERO_AT_ZERO,
        step=lambda u: (u > 0) - (u < 0), arb="sgn"),
    Function("heaviside",  (lambda u: ZERO,),
        title="the unit step",
        rule="The step is constant on either side of 0, so its derivative is 0; at 0 it jumps.",
        definition=lambda u: Piecewise((ONE, Comparison((">=",), (u, ZERO)), ZERO)),
        kinks=(0,), monotone="increasing", never_negative=True, step=lambda u: int(u >= 0)),
    Function("max",        (lambda u, v: step(u - v), lambda u, v: step(v - u)),
        title="the larger of two",
        rule="The larger of two functions has the derivative of whichever is larger; where they "
             "meet it has a kink, unless their slopes agree.",
        definition=lambda u, v: Piecewise((u, Comparison((">=",), (u, v)), v)),
        kinks=(0,)),
    Function("min",        (lambda u, v: step(v - u), lambda u, v: step(u - v)),
        title="the smaller of two",
        rule="The smaller of two functions has the derivative of whichever is smaller; where "
             "they meet it has a kink, unless their slopes agree.",
        definition=lambda u, v: Piecewise((u, Comparison(("<=",), (u, v)), v)),
        kinks=(0,)),
    Function("floor",      (lambda u: ZERO,),
        title="the floor",
        rule="The floor is constant between integers, so its derivative is 0; at every integer "
             "it jumps.",
        kinks=(None,), monotone="increasing", step=math.floor, arb="floor"),
    Function("ceil",       (lambda u: ZERO,),
        title="the ceiling",
        rule="The ceiling is constant between integers, so its derivative is 0; at every "
             "integer it jumps.",
        kinks=(None,), monotone="increasing", step=math.ceil, arb="ceil"),
    Function("round",      (lambda u: ZERO,),
        title="rounding to the nearest integer",
        rule="Rounding is constant between its jumps, so its derivative is 0; halfway between "
             "integers it jumps.",
        definition=lambda u: floor(u + HALF),
        kinks=(None,), parity="odd", monotone="increasing",
        step=lambda u: math.floor(u + Fraction(1, 2))),
    Function("trunc",      (lambda u: ZERO,),
        title="rounding towards zero",
        rule="Truncation is constant between integers, so its derivative is 0; at every integer "
             "but 0 it jumps.",
        definition=lambda u: sign(u) * floor(abs_(u)),
        kinks=(None,), parity="odd", monotone="increasing", step=math.trunc),
)
# fmt: on

BY_NAME: dict[str, Function] = {row.name: row for row in FUNCTIONS}
"""Rows by their own name."""

STEPS = frozenset(row.name for row in FUNCTIONS if row.jumps)
"""Functions that are constant between jumps."""
