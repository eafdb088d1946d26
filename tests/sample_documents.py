"""The walk-through of the sigmoid, written out by hand as a document."""

from __future__ import annotations

from chainrule.document.blocks import (
    At,
    Boxed,
    Bullets,
    Chain,
    Code,
    Derivative,
    Digits,
    Display,
    Document,
    Dots,
    Emphasis,
    Fold,
    Heading,
    Math,
    Name,
    Paragraph,
    Plus,
    Quote,
    Steps,
    Strong,
    Table,
    Words,
    equation,
    math,
)
from chainrule.expr.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Comparison,
    Expr,
    Number,
    Piecewise,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    call,
)

x, m, n, u, sigma = map(Symbol, ("x", "m", "n", "u", "sigma"))
exp_minus_x = call("exp", -x)
inner = Sum((ONE, exp_minus_x))


def d(of: str | Expr, by: str, order: int = 1) -> Derivative:
    return Derivative(of, ((by, order),))


SIGMOID = Document(
    "The derivative of the sigmoid",
    (
        Heading(1, ("The derivative of ", math(Name("sigma", (x,)), Quotient(ONE, inner)))),
        Paragraph(
            (
                Emphasis("To try on a calculator:"),
                " ",
                math(Name("sigma", (Number(5),)), Digits("0.99330714907571514")),
            )
        ),
        Paragraph(("Written as a power, the function is easier to take apart:",)),
        Display(equation(Name("sigma", (x,)), Power(inner, MINUS_ONE))),
        Paragraph(
            (
                Strong("What kind of function is it?"),
                " A composition. Something is raised to the power ",
                math(MINUS_ONE),
                ", and that something depends on ",
                math(x),
                ". Name it:",
            )
        ),
        Display(Chain((sigma, Power(m, MINUS_ONE), m, inner), ("=", ",", "="))),
        Quote(
            "Chain rule",
            (
                "The derivative of a composition is the derivative of the outer function with "
                "respect to the inner one, times the derivative of the inner one.",
            ),
        ),
        Display(
            equation(
                d("sigma", "x"),
                Dots(
                    (
                        Derivative("sigma", (("m", 1),), cancel_below=True),
                        Derivative("m", (("x", 1),), cancel_above=True),
                    )
                ),
            )
        ),
        Paragraph(("So there are three things to do:",)),
        Steps(
            (
                ("differentiate ", math(Power(m, MINUS_ONE)), " with respect to ", math(m), ";"),
                ("differentiate ", math(inner), " with respect to ", math(x), ";"),
                ("multiply.",),
            )
        ),
        Heading(2, ("The outer function, ", math(Power(m, MINUS_ONE))), "1"),
        Quote(
            "Power rule",
            (
                "Bring the exponent down in front, then lower it by one: ",
                math(d(Power(m, n), "m"), Product((n, Power(m, n - 1)))),
                ".",
            ),
        ),
        Display(
            equation(
                d("sigma", "m"),
                Dots((MINUS_ONE, Power(m, Sum((MINUS_ONE, MINUS_ONE))))),
                -Power(m, Number(-2)),
                -Power(inner, Number(-2)),
            )
        ),
        Heading(2, ("The inner function, ", math(inner)), "2"),
        Quote(
            "Sum rule",
            (
                "Differentiate term by term. A constant does not change, so its derivative is ",
                math(ZERO),
                ".",
            ),
        ),
        Paragraph(
            (
                math(exp_minus_x),
                " is again a composition: ",
                math(call("exp", u)),
                " with ",
                math(u, -x),
                ". The exponential is its own derivative, and ",
                math(d("u", "x"), MINUS_ONE),
                ", so",
            )
        ),
        Display(
            equation(d("m", "x"), Plus((ZERO, Dots((call("exp", u), MINUS_ONE)))), -exp_minus_x)
        ),
        Heading(2, ("Multiply",), "3"),
        Display(
            equation(
                d("sigma", "x"),
                Product((-Power(inner, Number(-2)), -exp_minus_x)),
                Quotient(exp_minus_x, Power(inner, Number(2))),
            ),
            ("two minus signs cancel; the negative power moves below the line",),
        ),
        Heading(2, ("By the function itself",)),
        Paragraph(
            (
                "The result can be written with nothing but ",
                math(sigma),
                ". From ",
                math(sigma, 1 / m),
                " we get ",
                math(m, 1 / sigma),
                ", and from ",
                math(m, inner),
                " we get ",
                math(exp_minus_x, 1 / sigma - 1),
                ". Substituting both:",
            )
        ),
        Display(
            equation(
                d("sigma", "x"),
                Quotient(exp_minus_x, m**2),
                sigma**2 * (1 / sigma - 1),
                Boxed(sigma * (1 - sigma)),
            )
        ),
        Paragraph(
            (
                "In backpropagation this means: keep the output of the forward pass, and its "
                "derivative costs one subtraction and one multiplication.",
            )
        ),
        Table(
            (("form",), ("keep",), ("worst error",), ("fails",)),
            (
                (
                    (math(Quotient(exp_minus_x, Power(inner, Number(2)))),),
                    (math(x),),
                    ("all digits",),
                    (
                        math(ZERO),
                        " for ",
                        Math(Chain((x, Number(-44)), ("<",))),
                        ", where the square overflows; NaN for ",
                        Math(Chain((x, Number(-88)), ("<",))),
                        ", where ",
                        math(exp_minus_x),
                        " does",
                    ),
                ),
                (
                    (math(call("sigmoid", x) * call("sigmoid", -x)),),
                    (math(x),),
                    ("a few ULP",),
                    ("nowhere",),
                ),
            ),
        ),
        Display(
            equation(At(d("sigma", "x"), "x", Number(5)), Digits("0.0066480566707901")),
        ),
        Paragraph(
            (
                Strong("Checked."),
                " Steps 1 to 3 and the last form: ",
                Emphasis("proved"),
                " as identities between rational functions of ",
                math(exp_minus_x),
                ". Try ",
                Code("chainrule explain sigmoid"),
                ".",
            )
        ),
    ),
)

relu = Piecewise((x, Comparison((">",), (x, ZERO)), Product((Symbol("alpha"), call("exp", x) - 1))))

EVERYTHING = Document(
    "Every kind of block | and *term* <here>",
    (
        Heading(1, ("Every kind of block",)),
        Heading(3, ("A third level with ", math(relu)), "1.1"),
        Paragraph(("a|b, a<b, snake_case, *stars*, 100% & $5, #1, {x}, u′ = −√u, φ'(u), σ², x₁.",)),
        Paragraph(("- not a list, and ", math(call("abs", x)), " and ", math(call("abs", x)))),
        Display(Chain((Name("f", (x,), 1), relu), ("=",))),
        Display(Chain((Name("f", (x,), 2), Name("SiLU", (x,)), Name("hard_shrink")), ("≠", "≈"))),
        Display(
            equation(
                Derivative("f", (("x", 2), ("beta", 1)), partial=True),
                Derivative(relu, (("x", 2),)),
                Words("undefined"),
            )
        ),
        Display(
            Chain(
                (
                    Plus((Dots((d("u", "x"), Symbol("v"))), Dots((u, d("v", "x"))))),
                    Symbol("x_1") ** 2,
                    Symbol("loss_max") - 1,
                    Digits("-1.5", more=False),
                ),
                ("⟹", "≤", ":="),
            ),
            ("a reason with ", math(x), " in it"),
        ),
        Bullets((("one",), ("two ", math(Quotient(x, Number(2)))))),
        Fold(
            ("More about ", math(sigma)),
            (
                Paragraph(("Inside.",)),
                Display(equation(sigma, 1 / inner)),
                Steps((("first",), ("second",))),
            ),
        ),
        Display(
            equation(
                Name("f", (x,)),
                Sum(tuple(call("sin", Product((Number(k), x))) / k for k in range(1, 20))),
                Product(tuple(Power(x + k, Number(k)) for k in range(2, 20))),
            )
        ),
    ),
)
